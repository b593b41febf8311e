//! What a file is, by its first bytes: names lie, and junk must not reach another program.

use std::fs::File;
use std::io::{self, Read, Seek};

/// Bytes that are looked at: three packets of a transport stream with time stamps.
const HEAD_BYTES: u64 = 192 * 4;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// Windows Media.
    Asf,
    /// AMR of telephones.
    Amr,
    /// Dolby Digital without a container.
    Ac3,
    /// AVI.
    Avi,
    /// Flash video.
    Flv,
    /// A transport stream of broadcasting and cameras.
    MpegTs,
    /// A program stream of DVDs and cameras.
    MpegPs,
    /// Monkey's Audio, WavPack, True Audio, Musepack, Sun's and others, by name.
    Other(&'static str),
    /// One that the decoder library may read: MP4, Matroska, Ogg, WAVE, AIFF, CAF, FLAC, MPEG audio.
    Known,
    Unknown,
}

impl Container {
    /// What the file begins with.
    pub(super) fn of(file: &mut File) -> io::Result<Self> {
        let mut head = Vec::new();
        file.take(HEAD_BYTES).read_to_end(&mut head)?;
        file.rewind()?;
        Ok(Self::of_head(&head))
    }

    fn of_head(head: &[u8]) -> Self {
        let is = |at: usize, bytes: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(bytes));
        let is_ts = |first: usize, step: usize| (0..3).all(|n| is(first + n * step, &[0x47]));
        match () {
            _ if is(0, &[0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11]) => Self::Asf,
            _ if is(0, b"#!AMR") => Self::Amr,
            _ if is(0, &[0x0b, 0x77]) => Self::Ac3,
            _ if is(0, b"RIFF") && is(8, b"AVI ") => Self::Avi,
            _ if is(0, b"FLV\x01") => Self::Flv,
            _ if is(0, &[0, 0, 1, 0xba]) => Self::MpegPs,
            _ if is_ts(0, 188) || is_ts(4, 192) => Self::MpegTs,
            _ if is(0, b"MAC ") => Self::Other("Monkey's Audio"),
            _ if is(0, b"wvpk") => Self::Other("WavPack"),
            _ if is(0, b"TTA1") => Self::Other("True Audio"),
            _ if is(0, b"MPCK") || is(0, b"MP+") => Self::Other("Musepack"),
            _ if is(0, b".snd") => Self::Other("a Sun audio file"),
            _ if is(0, b"Creative Voice File") => Self::Other("a Creative voice file"),
            _ if is(0, b"caff") || is(0, b"fLaC") || is(0, b"OggS") => Self::Known,
            _ if is(0, b"RIFF") || is(0, b"RF64") || is(0, b"FORM") => Self::Known,
            _ if is(0, &[0x1a, 0x45, 0xdf, 0xa3]) || is(0, b"ID3") => Self::Known,
            _ if is(4, b"ftyp") || is(4, b"moov") || is(4, b"mdat") || is(4, b"wide") => Self::Known,
            // MPEG audio with or without ADTS.
            _ if is(0, &[0xff]) && head.get(1).is_some_and(|byte| byte & 0xe0 == 0xe0) => Self::Known,
            _ => Self::Unknown,
        }
    }

    /// Its name, if nothing here reads it.
    pub(super) fn foreign(self) -> Option<&'static str> {
        Some(match self {
            Self::Asf => "Windows Media",
            Self::Amr => "AMR",
            Self::Ac3 => "Dolby Digital",
            Self::Avi => "an AVI file",
            Self::Flv => "a Flash video",
            Self::MpegTs => "an MPEG transport stream",
            Self::MpegPs => "an MPEG program stream",
            Self::Other(name) => name,
            Self::Known | Self::Unknown => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_stream_is_no_mp3() {
        let mut head = vec![0xff; 188 * 3];
        (0..3).for_each(|n| head[n * 188] = 0x47);
        assert_eq!(Container::of_head(&head), Container::MpegTs);
        assert_eq!(Container::of_head(&[0xff; 600]), Container::Known);
        assert_eq!(Container::of_head(b"#EXTM3U\nhttp://x/"), Container::Unknown);
        assert_eq!(Container::of_head(b""), Container::Unknown);
    }
}

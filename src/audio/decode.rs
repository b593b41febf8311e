//! Sound files as streams of interleaved `f32` frames, in constant memory: WAV, FLAC, MP3, M4A and MP4, Ogg,
//! and the sound of MKV, as far as their codecs are FLAC, PCM, ALAC, MP3, AAC (LC) or Vorbis.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use symphonia::core::audio::GenericAudioBufferRef as Buffer;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::units::TimeBase;

use crate::base::format::DeviceFormat;
use crate::base::units::{Frames, SampleFormat, SampleRate};

/// Rates that make sense for recorded sound.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=768_000;
/// More channels than this are no recording of a meeting but a broken header.
const CHANNELS_MAX: usize = 64;
/// A WAV header that claims this much, in a smaller file, was never brought up to date (sox writes
/// 0x7ffff000).
const STREAMED_BYTES: u64 = 0x7fff_0000;

/// Codecs that lose something: what they hold has no depth of its own, and their containers count time to a
/// packet or so.
const LOSSY: [AudioCodecId; 3] = [CODEC_ID_AAC, CODEC_ID_MP3, CODEC_ID_VORBIS];
/// So many seconds may lack of a lossy file, at its end or by its time stamps, without a word: encoders pad,
/// containers round.
const LOSSY_SLACK_S: f64 = 0.5;

/// Why a sound file can't be read, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The system can't read it.
    #[error("can't read {}: {error}", path.display())]
    Unreadable {
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is not a sound file that is understood.
    #[error("{} is not a sound file that hansard understands ({reason}); WAV, FLAC, MP3, M4A, MP4, Ogg and MKV are, with other codecs than Opus: convert it, for example with ffmpeg -i FILE out.wav", path.display())]
    Unknown {
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is no sound in it.
    #[error("{} holds no sound: it is empty", path.display())]
    Empty { path: PathBuf },
    /// A pipe, a device or a folder: sound is read twice, first to see what it is.
    #[error("{} is not a regular file: save the sound to a WAV or FLAC file first", path.display())]
    NotAFile { path: PathBuf },
    /// It is broken in its middle, or cut off.
    #[error("{} is broken after {at_s:.3} s: {reason}", path.display())]
    Broken {
        path: PathBuf,
        /// Seconds that could be read.
        at_s: f64,
        /// Seconds that it says to hold beyond them, where it says so.
        missing_s: Option<f64>,
        /// What is wrong.
        reason: String,
    },
}

/// A sound file that is being read.
pub struct SoundFile {
    path: PathBuf,
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    format: DeviceFormat,
    length: Option<Frames>,
    /// Decoded samples that have not been handed out, from `at` on.
    decoded: Vec<f32>,
    at: usize,
    /// It was packed with a loss.
    lossy: bool,
    /// Unit of the packets' time stamps; `None` if they count frames.
    time_base: Option<TimeBase>,
    /// Frames decoded so far.
    frames: Frames,
    /// Time stamp of the first packet.
    origin: Option<i64>,
    /// What is wrong, to be told once all that came before it has been handed out.
    failed: Option<DecodeError>,
}

impl SoundFile {
    /// Opens a file and decodes its first packet, so that what it holds is known.
    pub fn open(path: &Path) -> Result<Self, DecodeError> {
        let unreadable = |error| DecodeError::Unreadable { path: path.into(), error };
        let unknown = |reason: String| DecodeError::Unknown { path: path.into(), reason };
        // Asked before it is opened: opening a pipe waits for its other end.
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(DecodeError::NotAFile { path: path.into() });
        }
        if metadata.len() == 0 {
            return Err(DecodeError::Empty { path: path.into() });
        }
        let file = File::open(path).map_err(unreadable)?;
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
            hint.with_extension(extension);
        }
        let stream = MediaSourceStream::new(Box::new(file), Default::default());
        let reader = symphonia::default::get_probe()
            .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|error| unknown(error.to_string()))?;
        let track = reader.default_track(TrackType::Audio).ok_or_else(|| unknown("no sound track".into()))?;
        let params = track
            .codec_params
            .as_ref()
            .and_then(|params| params.audio())
            .ok_or_else(|| unknown("no sound track".into()))?;
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(params, &AudioDecoderOptions::default())
            .map_err(|error| unknown(error.to_string()))?;
        let bits = params.bits_per_sample;
        let (is_flac, lossy) = (params.codec == CODEC_ID_FLAC, LOSSY.contains(&params.codec));
        // Without a header of its encoder the length of an MP3 file is a guess of the reader's.
        let guessed = params.codec == CODEC_ID_MP3 && track.delay.is_none();
        let length = track.num_frames.filter(|_| !guessed).map(Frames);
        let (track, time_base) = (track.id, track.time_base.filter(|_| lossy));
        let mut sound = Self {
            path: path.into(),
            reader,
            decoder,
            track,
            format: DeviceFormat { rate: SampleRate(0), channels: 0, format: SampleFormat::S16 },
            length,
            decoded: Vec::new(),
            at: 0,
            lossy,
            time_base,
            frames: Frames(0),
            origin: None,
            failed: None,
        };
        match sound.decode_packet(bits) {
            Ok(true) => {
                if !is_flac && !lossy && sound.is_streamed(metadata.len()) {
                    sound.length = None;
                }
                Ok(sound)
            }
            Ok(false) => Err(DecodeError::Empty { path: path.into() }),
            Err(DecodeError::Broken { reason, .. }) => Err(unknown(reason)),
            Err(error) => Err(error),
        }
    }

    /// What it delivers; stored exactly: 16 bit as 16 bit, up to 24 as 24, floats as floats. What was packed
    /// with a loss is stored with 16 bit.
    pub fn format(&self) -> DeviceFormat {
        self.format
    }

    /// How long its header says it is; `None` where it does not know.
    pub fn length(&self) -> Option<Frames> {
        self.length
    }

    /// Whether the header holds the huge length that programs put there who write into a pipe and can't come
    /// back to it (ffmpeg, sox, arecord: 2 or 4 GiB less a little).
    fn is_streamed(&self, file_bytes: u64) -> bool {
        let frame = u64::from(self.format.channels) * self.format.format.bytes();
        let claimed = self.length.map_or(0, |length| length.0.saturating_mul(frame));
        claimed >= STREAMED_BYTES && claimed > file_bytes
    }

    /// Appends up to `frames` frames to `out`; fewer only at the end, which is 0.
    ///
    /// # Errors
    /// The file is broken or cut off here. All frames before that have been handed out.
    pub fn read(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<usize, DecodeError> {
        let channels = usize::from(self.format.channels);
        let mut done = 0;
        while done < frames {
            if self.at == self.decoded.len() && !self.refill(done == 0)? {
                break;
            }
            let n = (self.decoded.len() - self.at).min((frames - done) * channels);
            out.extend_from_slice(&self.decoded[self.at..self.at + n]);
            self.at += n;
            done += n / channels;
        }
        Ok(done)
    }

    /// Decodes what comes next; false at the end. An error is told only where `may_fail`, else the next time.
    fn refill(&mut self, may_fail: bool) -> Result<bool, DecodeError> {
        if self.failed.is_none() {
            match self.decode_packet(None) {
                Ok(more) => return Ok(more),
                Err(error) => self.failed = Some(error),
            }
        }
        match self.failed.take() {
            Some(error) if may_fail => Err(error),
            failed => {
                self.failed = failed;
                Ok(false)
            }
        }
    }

    /// Decodes the next packet with sound; false at the end. `bits`: bits of a sample, for the first packet.
    fn decode_packet(&mut self, bits: Option<u32>) -> Result<bool, DecodeError> {
        self.decoded.clear();
        self.at = 0;
        loop {
            let packet = match self.reader.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return self.ended(),
                Err(SymphoniaError::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return self.ended();
                }
                Err(error) => return Err(self.broken(error.to_string())),
            };
            if packet.track_id != self.track {
                continue;
            }
            // The reader passes over what it can't make sense of; the time stamps tell.
            let origin = *self.origin.get_or_insert(packet.pts.get());
            if self.is_ahead(packet.pts.get().saturating_sub(origin)) {
                return Err(self.broken("a part of it is damaged; ffmpeg may be able to mend it".into()));
            }
            let (format, copied) = match self.decoder.decode(&packet) {
                Ok(buffer) => (describe(&buffer, bits, self.lossy), copy(&buffer, &mut self.decoded)),
                Err(error) => return Err(self.broken(error.to_string())),
            };
            if copied == 0 {
                continue;
            }
            if self.format.channels == 0 {
                self.format = format;
                if !RATES.contains(&format.rate.0)
                    || format.channels == 0
                    || usize::from(format.channels) > CHANNELS_MAX
                {
                    return Err(self.broken(format!("{} channels at {}", format.channels, format.rate)));
                }
            } else if (format.rate, format.channels) != (self.format.rate, self.format.channels) {
                return Err(self.broken("its rate or its channels change".into()));
            }
            self.frames += Frames((copied / usize::from(format.channels)) as u64);
            return Ok(true);
        }
    }

    /// Whether a time stamp so far after the first one lies ahead of what was decoded.
    fn is_ahead(&self, stamp: i64) -> bool {
        let Some(base) = self.time_base else { return stamp.max(0) as u64 > self.frames.0 };
        let stamp_s = stamp as f64 * f64::from(base.numer.get()) / f64::from(base.denom.get());
        self.frames.0 > 0 && stamp_s > self.frames.seconds(self.format.rate) + LOSSY_SLACK_S
    }

    /// There is nothing more: an error if there should be.
    fn ended(&self) -> Result<bool, DecodeError> {
        let slack =
            if self.lossy { Frames::from_seconds(LOSSY_SLACK_S, self.format.rate) } else { Frames(0) };
        if self.frames.0 > 0 && self.length.is_some_and(|length| self.frames + slack < length) {
            return Err(self.broken("it is cut off".into()));
        }
        Ok(false)
    }

    fn broken(&self, reason: String) -> DecodeError {
        let rate = SampleRate(self.format.rate.0.max(1));
        let missing = self.length.map(|length| length.saturating_sub(self.frames));
        DecodeError::Broken {
            path: self.path.clone(),
            at_s: self.frames.seconds(rate),
            missing_s: missing.map(|frames| frames.seconds(rate)),
            reason,
        }
    }
}

fn describe(buffer: &Buffer<'_>, bits: Option<u32>, lossy: bool) -> DeviceFormat {
    let format = match buffer {
        _ if lossy => SampleFormat::S16,
        Buffer::F32(_) | Buffer::F64(_) => SampleFormat::F32,
        Buffer::U8(_) | Buffer::S8(_) | Buffer::U16(_) | Buffer::S16(_) => SampleFormat::S16,
        // FLAC decodes into 32 bits whatever it holds.
        _ if bits.is_some_and(|bits| bits <= 16) => SampleFormat::S16,
        _ => SampleFormat::S24,
    };
    let spec = buffer.spec();
    DeviceFormat {
        rate: SampleRate(spec.rate()),
        channels: u16::try_from(spec.channels().count()).unwrap_or(u16::MAX),
        format,
    }
}

fn copy(buffer: &Buffer<'_>, out: &mut Vec<f32>) -> usize {
    out.resize(buffer.samples_interleaved(), 0.0);
    buffer.copy_to_slice_interleaved(&mut out[..]);
    out.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wave() -> Vec<u8> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        (0..4_000).for_each(|n| writer.write_sample(n as i16).unwrap());
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    /// All that can be read, and why not more.
    fn read(bytes: &[u8]) -> (usize, Option<DecodeError>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut sound = match SoundFile::open(file.path()) {
            Ok(sound) => sound,
            Err(error) => return (0, Some(error)),
        };
        let (mut out, mut frames) = (Vec::new(), 0);
        loop {
            match sound.read(333, &mut out) {
                Ok(0) => return (frames, None),
                Ok(n) => frames += n,
                Err(error) => return (frames, Some(error)),
            }
            assert_eq!(out.len(), frames * usize::from(sound.format().channels));
        }
    }

    #[test]
    fn what_comes_before_the_break_is_handed_out_first() {
        let whole = wave();
        assert!(matches!(read(&whole), (2_000, None)));
        let (frames, error) = read(&whole[..44 + 4 * 1_500]);
        assert_eq!(frames, 1_500);
        let Some(DecodeError::Broken { at_s, missing_s: Some(missing_s), .. }) = error else {
            panic!("{error:?}")
        };
        assert!((at_s - 1_500.0 / 16e3).abs() < 1e-9 && (missing_s - 500.0 / 16e3).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn no_damage_does_more_than_an_error(
            patches in prop::collection::vec((0usize..60, any::<u8>()), 1..6), length in 0usize..=8_044,
        ) {
            let mut bytes = wave();
            for (at, byte) in patches {
                bytes[at] = byte;
            }
            bytes.truncate(length);
            // It neither panics nor hangs, and no header makes sound out of nothing.
            let (frames, _) = read(&bytes);
            prop_assert!(frames <= length);
        }
    }
}

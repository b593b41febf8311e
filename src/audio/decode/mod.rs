//! Sound files as streams of interleaved `f32` frames, in constant memory, on the file's own timeline.
//!
//! Plain WAVE files are read here (`wave`); containers of packets through the decoder library (`packets`);
//! what neither knows through FFmpeg, where it is installed (`outside`). What a header says of lengths is a
//! hint; what is missing in the middle is missing at its place and nowhere else.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use symphonia::core::io::MediaSourceStream;

use crate::base::cause::GapCause;
use crate::base::format::DeviceFormat;
use crate::base::units::{Frames, SampleRate};

mod clusters;
mod codecs;
mod container;
mod edits;
mod outside;
mod packets;
mod recorded;
mod section;
mod wave;

use container::Container;
use outside::Outside;
use packets::{JOINED, Packets};
pub use recorded::{Recorded, recorded};
use section::Section;
use wave::Wave;

/// Rates that make sense for recorded sound.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=768_000;
/// More channels than this are no recording of a meeting but a broken header.
const CHANNELS_MAX: usize = 64;

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
    #[error("{} is not a sound file that hansard understands ({reason}); {}", path.display(), advice(path))]
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

/// What makes a file of it that is understood.
fn advice(path: &Path) -> String {
    let name = path.display().to_string();
    let name = if name.contains(|c: char| c.is_whitespace() || c == '\'') { "FILE".into() } else { name };
    format!("where FFmpeg knows it, this converts it: ffmpeg -i {name} out.wav")
}

/// One of the sound tracks of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundTrack {
    /// Short name of how it is packed, where it is known.
    pub codec: Option<String>,
    /// How many channels it has, where its header says so.
    pub channels: Option<u16>,
    /// Code of its language, where one is given.
    pub language: Option<String>,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// So many frames of sound were appended.
    Sound(usize),
    /// There is no sound for so many frames, and why.
    Missing(usize, GapCause),
    /// There is nothing more.
    End,
}

/// What a decoder has next.
enum Next {
    /// Sound was appended.
    Sound,
    /// Frames that are missing here.
    Missing(Frames, GapCause),
    End,
}

enum Decoder {
    Wave(Wave<io::BufReader<File>>),
    Packets(Box<Packets>),
    Outside(Box<Outside>),
}

/// A sound file that is being read.
pub struct SoundFile {
    path: PathBuf,
    decoder: Decoder,
    format: DeviceFormat,
    /// Parts of it that are read later, from byte to byte.
    parts: VecDeque<(u64, u64)>,
    /// Decoded samples that have not been handed out, from `at` on.
    decoded: Vec<f32>,
    at: usize,
    /// Frames that are missing before those.
    gap: Option<(Frames, GapCause)>,
    /// Frames handed over by the decoder so far, those that are missing included.
    frames: Frames,
    /// The decoder has come to its end, and what lacks there has been told.
    over: bool,
    /// What is wrong, to be told once all that came before it has been handed out.
    failed: Option<DecodeError>,
    remarks: Vec<String>,
}

/// Whether a file's sound can be recorded.
fn check(format: DeviceFormat) -> Result<(), String> {
    let (rate, channels) = (format.rate, usize::from(format.channels));
    if RATES.contains(&rate.0) && (1..=CHANNELS_MAX).contains(&channels) {
        return Ok(());
    }
    Err(format!("{channels} channels at {rate}"))
}

impl SoundFile {
    /// Opens a file and decodes its first packet, so that what it holds is known.
    ///
    /// # Errors
    /// It can't be read, or holds no sound that is understood.
    pub fn open(path: &Path) -> Result<Self, DecodeError> {
        Self::open_track(path, None)
    }

    /// The same of one of the file's sound tracks, from 1; without a number, the one that players take.
    ///
    /// # Errors
    /// As for [`Self::open`]; and there is no such track.
    pub fn open_track(path: &Path, track: Option<u16>) -> Result<Self, DecodeError> {
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
        let file = || File::open(path).map_err(unreadable);
        if let Some(wave) = Wave::open(file()?, metadata.len()).map_err(unreadable)? {
            if track.is_some_and(|track| track != 1) {
                return Err(unknown("a WAVE file has one sound track; its channels are #1, #2, …".into()));
            }
            let (format, remarks) = (wave.format, wave.remarks.clone());
            check(format).map_err(unknown)?;
            return Self::begin(path, Decoder::Wave(wave), format, remarks);
        }
        let container = Container::of(&mut file()?).map_err(unreadable)?;
        let ours = match container.foreign() {
            Some(kind) => Err(format!("it is {kind}")),
            None => Self::open_packets(path, file()?, metadata.len(), track),
        };
        let reason = match ours {
            Ok(sound) => return Ok(sound),
            Err(reason) => reason,
        };
        match container {
            Container::Unknown => Err(unknown(reason)),
            _ => Self::open_outside(path, track, reason),
        }
    }

    fn open_packets(path: &Path, mut file: File, bytes: u64, track: Option<u16>) -> Result<Self, String> {
        let index = edits::read(&mut file, bytes).map_err(|error| error.to_string())?;
        if index.is_missing {
            return Err(edits::NO_INDEX.into());
        }
        let mut parts = VecDeque::from(section::parts(&mut file, bytes).map_err(|error| error.to_string())?);
        let (from, to) = parts.pop_front().unwrap_or((0, bytes));
        let section = Section::new(file, from, to).map_err(|error| error.to_string())?;
        let unread = section.unread();
        let stream = MediaSourceStream::new(Box::new(section), Default::default());
        let name = path.extension().and_then(|name| name.to_str());
        let mut packets = Packets::open(stream, name, track, &index.edits)?;
        packets.watch(unread, clusters::Clusters::open(path, bytes));
        let format = packets.format;
        let decoder = Decoder::Packets(Box::new(packets));
        match Self::begin(path, decoder, format, Vec::new()) {
            Ok(mut sound) => {
                sound.parts = parts;
                Ok(sound)
            }
            Err(DecodeError::Broken { reason, .. }) => Err(reason),
            Err(DecodeError::Empty { .. }) => Err("no sound could be decoded".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What nothing here decodes; `reason` says why.
    fn open_outside(path: &Path, track: Option<u16>, reason: String) -> Result<Self, DecodeError> {
        let unknown = |reason: String| DecodeError::Unknown { path: path.into(), reason };
        let outside = match Outside::open(path, track) {
            Ok(outside) => outside,
            Err(outside::Refusal::NotInstalled) => return Err(unknown(reason)),
            Err(outside::Refusal::Failed(why)) => return Err(unknown(format!("{reason}; FFmpeg: {why}"))),
        };
        check(outside.format()).map_err(unknown)?;
        let format = outside.format();
        let remark = format!("it is read through FFmpeg ({reason})");
        Self::begin(path, Decoder::Outside(Box::new(outside)), format, vec![remark])
    }

    /// Decodes the first of it.
    fn begin(
        path: &Path,
        decoder: Decoder,
        format: DeviceFormat,
        remarks: Vec<String>,
    ) -> Result<Self, DecodeError> {
        let mut sound = Self {
            path: path.into(),
            decoder,
            format,
            parts: VecDeque::new(),
            decoded: Vec::new(),
            at: 0,
            gap: None,
            frames: Frames(0),
            over: false,
            failed: None,
            remarks,
        };
        // A file may begin with a gap; what it delivers is known by its first sound.
        let mut before: Option<(Frames, GapCause)> = None;
        while sound.decoded.is_empty() {
            if !sound.decode()? {
                return Err(DecodeError::Empty { path: path.into() });
            }
            if let Some((frames, cause)) = sound.gap.take() {
                before = Some((before.map_or(frames, |(sum, _)| sum + frames), cause));
            }
        }
        sound.gap = before;
        if let Decoder::Packets(packets) = &sound.decoder {
            sound.format = packets.format;
        }
        Ok(sound)
    }

    /// What it delivers; stored exactly: 16 bit as 16 bit, up to 24 as 24, floats as floats. What was packed
    /// with a loss is stored with 16 bit.
    pub fn format(&self) -> DeviceFormat {
        self.format
    }

    /// How long it is; `None` where that is only known at its end.
    pub fn length(&self) -> Option<Frames> {
        match &self.decoder {
            Decoder::Wave(wave) => wave.length.map(|length| length + wave.missing),
            Decoder::Packets(packets) => packets.length,
            Decoder::Outside(_) => None,
        }
    }

    /// The sound tracks that it has.
    pub fn tracks(&self) -> &[SoundTrack] {
        match &self.decoder {
            Decoder::Packets(packets) => &packets.tracks,
            _ => &[],
        }
    }

    /// Takes what was found on the way that whoever relies on it should know: a header that was wrong, a
    /// file that another one was joined to.
    pub fn take_remarks(&mut self) -> Vec<String> {
        if let Decoder::Packets(packets) = &mut self.decoder {
            self.remarks.append(&mut packets.remarks);
        }
        std::mem::take(&mut self.remarks)
    }

    /// Appends up to `frames` frames to `out`, or says how many are missing here.
    ///
    /// # Errors
    /// The file is broken or cut off here. All frames before that have been handed out.
    pub fn read(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<Read, DecodeError> {
        let channels = usize::from(self.format.channels);
        let mut done = 0;
        while done < frames {
            if let Some((missing, cause)) = self.gap {
                if done > 0 {
                    break;
                }
                let now = missing.0.min(frames as u64);
                self.gap = Some((missing - Frames(now), cause)).filter(|(rest, _)| rest.0 > 0);
                return Ok(Read::Missing(now as usize, cause));
            } else if self.at < self.decoded.len() {
                let n = (self.decoded.len() - self.at).min((frames - done) * channels);
                out.extend_from_slice(&self.decoded[self.at..self.at + n]);
                self.at += n;
                done += n / channels;
            } else if done > 0 && self.failed.is_some() {
                break;
            } else if let Some(error) = self.failed.take() {
                return Err(error);
            } else {
                match self.decode() {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => self.failed = Some(error),
                }
            }
        }
        Ok(if done == 0 { Read::End } else { Read::Sound(done) })
    }

    /// Decodes what comes next; false at the end.
    fn decode(&mut self) -> Result<bool, DecodeError> {
        self.decoded.clear();
        self.at = 0;
        if self.over {
            return Ok(false);
        }
        let next = match &mut self.decoder {
            Decoder::Wave(wave) => wave.next(&mut self.decoded).map(more).map_err(|error| error.to_string()),
            Decoder::Outside(outside) => outside.next(&mut self.decoded).map(more),
            Decoder::Packets(packets) => packets.next(&mut self.decoded),
        };
        let channels = match &self.decoder {
            Decoder::Packets(packets) => usize::from(packets.format.channels.max(1)),
            _ => usize::from(self.format.channels),
        };
        match next {
            Ok(Next::Sound) if channels != usize::from(self.format.channels.max(1)) && self.frames.0 > 0 => {
                self.decoded.clear();
                self.parts.clear();
                return Err(self.broken("what is joined to it has other channels".into(), None));
            }
            Ok(Next::Sound) => self.frames += Frames((self.decoded.len() / channels) as u64),
            Ok(Next::Missing(frames, cause)) => {
                self.frames += frames;
                self.gap = Some((frames, cause));
            }
            Ok(Next::End) if !self.parts.is_empty() => {
                self.open_next_part().map_err(|reason| self.broken(reason, None))?;
                return self.decode();
            }
            Ok(Next::End) => {
                let missing = match &self.decoder {
                    Decoder::Wave(wave) => Some(wave.missing).filter(|missing| missing.0 > 0),
                    Decoder::Packets(packets) => packets.missing(),
                    Decoder::Outside(_) => None,
                };
                self.over = true;
                return match missing.filter(|_| self.frames.0 > 0) {
                    Some(missing) => Err(self.broken("it is cut off".into(), Some(missing))),
                    None => Ok(false),
                };
            }
            Err(reason) => {
                let missing = match &self.decoder {
                    Decoder::Packets(packets) => packets.missing(),
                    _ => None,
                };
                return Err(self.broken(reason, missing));
            }
        }
        Ok(true)
    }

    /// What was joined to it is of the same kind, or it ends here.
    fn open_next_part(&mut self) -> Result<(), String> {
        let Some((from, to)) = self.parts.pop_front() else { return Ok(()) };
        let file = File::open(&self.path).and_then(|file| Section::new(file, from, to));
        let stream =
            MediaSourceStream::new(Box::new(file.map_err(|error| error.to_string())?), Default::default());
        let mut next = Packets::open(stream, None, None, &HashMap::new())?;
        let rate = next.format.rate;
        if rate != self.format.rate {
            return Err(format!("what is joined to it has another rate, {rate}"));
        }
        if let Decoder::Packets(packets) = &mut self.decoder {
            next.remarks.append(&mut packets.remarks);
        }
        next.remarks.push(JOINED.into());
        self.decoder = Decoder::Packets(Box::new(next));
        Ok(())
    }

    fn broken(&self, reason: String, missing: Option<Frames>) -> DecodeError {
        let rate = SampleRate(self.format.rate.0.max(1));
        DecodeError::Broken {
            path: self.path.clone(),
            at_s: self.frames.seconds(rate),
            missing_s: missing.map(|frames| frames.seconds(rate)),
            reason,
        }
    }
}

fn more(is_sound: bool) -> Next {
    if is_sound { Next::Sound } else { Next::End }
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
                Ok(Read::End) => return (frames, None),
                Ok(Read::Sound(n)) => frames += n,
                Ok(Read::Missing(..)) => {}
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
            // It neither panics nor hangs, and no header makes sound out of nothing. A codec for speech
            // may make 60 frames of each byte (G.723.1).
            let (frames, _) = read(&bytes);
            prop_assert!(frames <= 100 * length);
        }
    }
}

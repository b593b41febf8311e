//! What one person sounds like, from the lines of a session or from a sound file: what enrolment stores.
//!
//! Promises: memory is bounded by [`LISTENED_S`] seconds of sound. Refuses to guess: where several people
//! speak, or too little is said, there is no voice but an error that says so.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::voices::{TrackVoices, VoicesError};
use crate::audio::decode::{DecodeError, Read, SoundFile};
use crate::audio::mono;
use crate::audio::resample::{ResampleError, Resampler};
use crate::base::text::length;
use crate::base::units::SampleRate;
use crate::base::utterance::Utterance;
use crate::session::shared::TrackShared;
use crate::speakers::cluster::{self, NOBODY};
use crate::speakers::networks::{Embedding, NetworkError, WINDOW};
use crate::speakers::pieces::{self, Piece};
use crate::speakers::worker::Ear;

/// Seconds of speech without which a voice is not known well enough.
pub const SECONDS_MIN: f64 = 10.0;
/// Seconds of a file that are listened to: far more than a voice needs, and 40 MB.
pub const LISTENED_S: u64 = 600;
/// A file, or a track that is said to be one person's, holds one person if this part of its speech is of one
/// voice.
const OF_FILE: f64 = 0.9;
/// Lines of one voice also hold what others said beside it.
const OF_LINES: f64 = 0.67;
/// Frames that are decoded at once: some tens of milliseconds at any rate.
const FRAMES: usize = 4_800;

/// What one person sounds like.
#[derive(Debug, Clone, PartialEq)]
pub struct Sounds {
    /// Seconds of speech that it was taken from.
    pub seconds: f64,
    /// The direction of the voice.
    pub centre: Embedding,
    /// The file goes on after what was listened to.
    pub is_part: bool,
}

/// Why somebody can't be enrolled with it, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The file can't be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Its rate can't be worked with.
    #[error(transparent)]
    Resample(#[from] ResampleError),
    /// The networks don't run.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A track can't be heard.
    #[error(transparent)]
    Voices(#[from] VoicesError),
    /// A channel that the file hasn't got.
    #[error("{} has no channel {channel}: it has {has}", path.display())]
    Channel { path: PathBuf, channel: u16, has: u16 },
    /// Several people speak.
    #[error("{what} holds several voices ({}): give sound in which one person speaks alone", told(seconds))]
    Several {
        /// What was heard.
        what: String,
        /// How long each of them speaks.
        seconds: Vec<f64>,
    },
    /// Too little is said.
    #[error(
        "{what} holds {} s of speech of one person: at least {SECONDS_MIN:.0} s are needed, and 20 to 30 s are better",
        seconds.floor()
    )]
    TooLittle {
        /// What was heard.
        what: String,
        /// How long that person speaks.
        seconds: f64,
    },
}

impl EnrolError {
    /// Whether the machine failed rather than the input being wrong.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Network(_) | Self::Voices(_))
    }
}

fn told(seconds: &[f64]) -> String {
    seconds.iter().map(|seconds| length(*seconds)).collect::<Vec<_>>().join(", ")
}

/// Which lines somebody is to be known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// Those of one voice of a track, beside which others speak.
    OfVoice,
    /// All of a track that is one person's.
    OfTrack,
}

/// The voice that says `lines`, all of one track of the session in `dir`; `what` they are, for an error.
///
/// # Errors
/// See [`EnrolError`].
pub fn of_lines(
    ear: &mut dyn Ear,
    dir: &Path,
    track: &Arc<TrackShared>,
    (which, lines): (Lines, &[Utterance]),
    what: String,
) -> Result<Sounds, EnrolError> {
    let mut voices = TrackVoices::new(dir.to_owned(), Arc::clone(track), None);
    voices.hear(ear, lines, &|| false)?;
    // Others speak around these lines.
    voices.keep_only(lines);
    let voices = voices.found().voices;
    let voices = voices.into_iter().map(|voice| (voice.entry.seconds, voice.centre)).collect();
    let part = if which == Lines::OfTrack { OF_FILE } else { OF_LINES };
    one(voices, part, what)
}

/// The voice in a file, or in one channel or one sound track of it, both from 1.
///
/// # Errors
/// See [`EnrolError`].
pub fn of_file(
    ear: &mut dyn Ear,
    path: &Path,
    channel: Option<u16>,
    sound_track: Option<u16>,
) -> Result<Sounds, EnrolError> {
    let (sound, is_part) = listen(path, channel, sound_track)?;
    let voices = cluster::voices(&pieces_of(ear, &sound)?, None, NOBODY);
    let voices = voices.seconds.into_iter().zip(voices.centres).collect();
    let sounds = one(voices, OF_FILE, path.display().to_string())?;
    Ok(Sounds { is_part, ..sounds })
}

/// The pieces of all voices in a sound, 16 kHz mono.
///
/// # Errors
/// The networks fail.
pub fn pieces_of(ear: &mut dyn Ear, sound: &[f32]) -> Result<Vec<Piece>, NetworkError> {
    let starts = pieces::windows(sound.len() as u64);
    let mut found = Vec::new();
    for (at, start) in starts.iter().enumerate() {
        let from = *start as usize;
        let window = &sound[from..sound.len().min(from + WINDOW)];
        found.extend(ear.hear(window, *start, &pieces::middle(&starts, at))?);
    }
    Ok(found)
}

/// The one voice of several that has nearly all of the speech.
fn one(mut voices: Vec<(f64, Embedding)>, part: f64, what: String) -> Result<Sounds, EnrolError> {
    voices.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all: f64 = voices.iter().map(|voice| voice.0).sum();
    let seconds = voices.first().map_or(0.0, |voice| voice.0);
    if voices.len() > 1 && seconds < part * all {
        return Err(EnrolError::Several { what, seconds: voices.iter().map(|voice| voice.0).collect() });
    }
    match voices.into_iter().next() {
        Some((seconds, centre)) if seconds >= SECONDS_MIN => Ok(Sounds { seconds, centre, is_part: false }),
        _ => Err(EnrolError::TooLittle { what, seconds }),
    }
}

/// The sound of a file at 16 kHz, and whether there is more of it. What is missing in it is left out: the
/// networks take silence that no microphone makes for a voice.
fn listen(
    path: &Path,
    channel: Option<u16>,
    sound_track: Option<u16>,
) -> Result<(Vec<f32>, bool), EnrolError> {
    let mut file = SoundFile::open_track(path, sound_track)?;
    let format = file.format();
    if let Some(channel) = channel.filter(|channel| !(1..=format.channels).contains(channel)) {
        return Err(EnrolError::Channel { path: path.to_owned(), channel, has: format.channels });
    }
    let most = (LISTENED_S * u64::from(SampleRate::HZ_16000.0)) as usize;
    let mut resampler = Resampler::new(format.rate, SampleRate::HZ_16000)?;
    let (mut frames, mut single, mut sound) = (Vec::new(), Vec::new(), Vec::new());
    while sound.len() < most {
        frames.clear();
        single.clear();
        match file.read(FRAMES, &mut frames)? {
            Read::Sound(_) => match channel {
                Some(channel) => {
                    let own = frames.iter().skip(usize::from(channel) - 1);
                    single.extend(own.step_by(usize::from(format.channels)));
                }
                None => mono::downmix(&frames, format.channels, &mut single),
            },
            Read::Missing(..) => continue,
            Read::End => {
                resampler.finish(&mut sound)?;
                return Ok((sound, false));
            }
        }
        resampler.push(&single, &mut sound)?;
    }
    sound.truncate(most);
    Ok((sound, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakers::networks::DIMENSIONS;

    #[test]
    fn one_voice_is_taken_where_it_has_nearly_all_and_enough() {
        let heard = |seconds: &[f64]| {
            let voices = seconds.iter().map(|s| (*s, Box::new([*s as f32; DIMENSIONS]))).collect();
            one(voices, OF_FILE, "it".into()).map(|sounds| sounds.seconds).map_err(|e| e.to_string())
        };
        assert_eq!(heard(&[10.0]), Ok(10.0));
        assert_eq!(heard(&[2.0, 20.0]), Ok(20.0));
        assert!(heard(&[5.0, 20.0]).unwrap_err().contains("holds several voices (20 s, 5.0 s)"));
        assert!(heard(&[9.9]).unwrap_err().contains("holds 9 s of speech of one person"));
        assert!(heard(&[]).unwrap_err().contains("20 to 30 s are better"));
    }

    #[test]
    fn a_channel_that_is_not_there_and_silence_are_told() {
        let file = tempfile::Builder::new().suffix(".wav").tempfile().unwrap();
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 44_100,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(file.path(), spec).unwrap();
        (0..88_200).for_each(|n| writer.write_sample(if n % 2 == 0 { 1_000_i16 } else { 0 }).unwrap());
        writer.finalize().unwrap();
        assert!(listen(file.path(), Some(3), None).unwrap_err().to_string().contains("it has 2"));
        let (left, right) = (listen(file.path(), Some(1), None), listen(file.path(), Some(2), None));
        let loud = |(sound, _): &(Vec<f32>, bool)| sound.iter().filter(|s| s.abs() > 0.01).count();
        let (left, right) = (left.unwrap(), right.unwrap());
        assert_eq!((left.0.len(), left.1), (16_000, false));
        assert!(loud(&left) > 15_000 && loud(&right) == 0);
    }
}

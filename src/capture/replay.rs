//! A sound file as a source: paced like a device for rehearsals, or as fast as there is room.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::drain::Timeline;
use super::feed::{self, Epoch, Fed, Feed, Pace};
use super::source::{BrokenOff, Opened, Plug, Source, SourceError};
use crate::audio::decode::{DecodeError, Read, SoundFile};
use crate::clock::MonoNs;

/// A sound file.
#[derive(Debug)]
pub struct Replay {
    path: PathBuf,
    /// Which of its sound tracks, from 1; `None`: the one that players take.
    track: Option<u16>,
    pace: Pace,
    epoch: OnceLock<MonoNs>,
    channels: u16,
}

impl Replay {
    /// Makes sure that the file can be read.
    pub fn new(path: PathBuf, track: Option<u16>, pace: Pace) -> Result<Self, DecodeError> {
        let channels = SoundFile::open_track(&path, track)?.format().channels;
        Ok(Self { path, track, pace, epoch: OnceLock::new(), channels })
    }

    /// Channels of the file.
    pub fn channels(&self) -> u16 {
        self.channels
    }
}

impl Source for Replay {
    fn label(&self) -> String {
        format!("file:{}", self.path.display())
    }

    fn timeline(&self) -> Timeline {
        self.pace.timeline()
    }

    fn buffer_ms(&self) -> u64 {
        20
    }

    fn open(&self, plug: &Plug) -> Result<Opened, SourceError> {
        let file =
            SoundFile::open_track(&self.path, self.track).map_err(|error| SourceError(error.to_string()))?;
        let format = file.format();
        let epoch = Epoch::now(&self.epoch, &plug.clock);
        feed::start(Box::new(FileFeed(file)), format, self.pace, epoch, plug, self.label())
    }
}

struct FileFeed(SoundFile);

impl Feed for FileFeed {
    fn next(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<Fed, BrokenOff> {
        let read = self.0.read(frames, out).map_err(|error| {
            let missing_s = match &error {
                DecodeError::Broken { missing_s, .. } => *missing_s,
                _ => None,
            };
            BrokenOff { reason: error.to_string(), missing_s }
        })?;
        Ok(match read {
            Read::Sound(frames) => Fed::Sound(frames),
            Read::Missing(frames, cause) => Fed::Missing(frames, cause),
            Read::End => Fed::Nothing,
        })
    }

    fn notes(&mut self) -> Vec<String> {
        self.0.take_remarks()
    }
}

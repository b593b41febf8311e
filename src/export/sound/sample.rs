//! How one voice sounds: some seconds of a track in which nobody else speaks, as they were recorded.
//!
//! Promise: nothing of a hidden passage, and no line that is withheld, is ever heard in it.

use std::io::{self, Seek, Write};

use super::file::{Container, SoundFile};
use super::{BLOCK, SoundError};
use crate::base::units::{Frames, SampleFormat};
use crate::base::utterance::Utterance;
use crate::session::manifest::TakeEntry;
use crate::session::reading::Session;
use crate::session::tail::SpanReader;
use crate::session::voices::{Sample, parts};
use crate::session::wav::{CHANNELS, Layout, OnDisk, RATES};

/// Seconds that are enough to know somebody by.
const SECONDS_MAX: f64 = 15.0;

/// A stretch of a take.
#[derive(Debug, Clone)]
pub struct Place {
    take: TakeEntry,
    from: Frames,
    to: Frames,
}

impl Place {
    /// Session seconds from … to: where it lies in the sound of all tracks, too.
    pub fn span(&self) -> (f64, f64) {
        (self.take.time_of(self.from), self.take.time_of(self.to))
    }
}

/// Where a voice can be heard alone: there where `sample` says, else in the longest of its lines. `None`
/// where it says nothing that is shown.
pub fn place(session: &Session, voice: &str, sample: Option<Sample>) -> Option<Place> {
    let track = parts(voice).map(|(track, _)| track)?;
    let of_sample = sample.and_then(|sample| placed(session, track, sample.take, sample.from, sample.to));
    of_sample.or_else(|| {
        let is_its = |line: &&Utterance| line.voice.as_deref() == Some(voice) && line.is_shown();
        let lines = session.utterances.iter().filter(is_its);
        let places =
            lines.filter_map(|line| placed(session, &line.track, line.take, line.from_frame, line.to_frame));
        places.max_by_key(|place| place.to.saturating_sub(place.from))
    })
}

fn placed(session: &Session, track: &str, take: u32, from: Frames, to: Frames) -> Option<Place> {
    let take = session.manifest.takes.iter().find(|entry| entry.track == track && entry.take == take)?;
    let most = Frames::from_seconds(SECONDS_MAX, take.rate);
    let to = to.min(from + most);
    let (start, end) = (take.time_of(from), take.time_of(to));
    let is_hidden = session.amendments.passages.iter().any(|hidden| start < hidden.to && end > hidden.from);
    let is_foreign = take.foreign.iter().any(|(first, last)| from < *last && to > *first);
    (from < to && !is_hidden && !is_foreign).then(|| Place { take: take.clone(), from, to })
}

/// Writes it as a WAV file of the take's own rate and channels.
///
/// # Errors
/// The take can't be read, or `to` can't be written.
pub fn write(session: &Session, place: &Place, to: impl Write + Seek) -> Result<(), SoundError> {
    let take = &place.take;
    if !RATES.contains(&take.rate.0) || !CHANNELS.contains(&take.channels) {
        return Err(SoundError::Layout { file: take.file.clone(), channels: take.channels, rate: take.rate });
    }
    let path = session.take_path(take)?;
    let Some(on_disk) = OnDisk::open(&path)? else { return Err(SoundError::Missing { path }) };
    // A file that was cut is read to its end.
    let end = place.to.min(on_disk.frames(&Layout::of(take), take.data_offset)).max(place.from);
    if end == place.from {
        return Err(SoundError::Silent);
    }
    let layout = Layout { rate: take.rate, channels: take.channels, format: SampleFormat::S16 };
    let failed = |error: io::Error| SoundError::of_take(take, error.into());
    let mut reader = SpanReader::open(&session.dir, take).map_err(failed)?;
    let mut file = SoundFile::begin(Container::Wav, layout, (end - place.from).0, to).map_err(failed)?;
    let (mut at, mut samples) = (place.from, Vec::new());
    while at < end {
        let next = end.min(at + Frames(BLOCK as u64));
        samples.clear();
        reader.read(at, next, &mut samples).map_err(failed)?;
        file.write(&samples).map_err(failed)?;
        at = next;
    }
    file.finish().map(drop).map_err(failed)
}

//! What is heard when: the takes of each track, laid onto the session's time in frames of the output. Of the
//! tracks nothing is read but the files' lengths; of the journal, where silence stands in them for what is
//! missing: that stays exact silence, without the ringing that a resampler has beside an edge.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::SoundError;
use crate::audio::align::{MapPiece, Placed, stretches};
use crate::base::units::{Frames, SampleFormat, SampleRate};
use crate::care::replay::{self, Replay};
use crate::session::manifest::{SourceEntry, TakeEntry};
use crate::session::reading::Session;
use crate::session::wav::{CHANNELS, Layout, OnDisk, RATES};

/// All tracks of a session at one rate, from session second 0 to the end of the longest one.
#[derive(Debug)]
pub struct Timeline {
    /// Frames a second.
    pub rate: SampleRate,
    /// The frame that every track begins at, counted from session second 0.
    pub start: u64,
    /// Length of every track from there, in frames. It is even, so that no file of odd samples has an odd
    /// number of bytes.
    pub frames: u64,
    /// In the session's order.
    pub tracks: Vec<TrackPlan>,
    /// The session's folder.
    pub dir: PathBuf,
}

/// One track.
#[derive(Debug)]
pub struct TrackPlan {
    pub track: String,
    /// The person's or the place's name.
    pub name: String,
    /// As many as the take with the most.
    pub channels: u16,
    /// The deepest of its takes.
    pub format: SampleFormat,
    /// What sounds, in order and apart from one another; between them there is silence.
    pub spans: Vec<PlacedSound>,
}

/// A stretch of a take at its place.
#[derive(Debug)]
pub struct PlacedSound {
    /// Where, in frames of the output.
    pub out: Range<u64>,
    pub placed: Placed,
    /// Of which take.
    pub take: Arc<TakeEntry>,
}

impl Timeline {
    /// The whole session at `rate`.
    pub fn new(session: &Session, rate: SampleRate) -> Result<Self, SoundError> {
        // As far as the journal is whole: without it, what stands in the files is heard as it stands there.
        let journal = replay::scan(&session.dir)?.replay;
        let tracks = session.manifest.sources.iter().map(|source| track(session, &journal, source, rate));
        let tracks = tracks.collect::<Result<Vec<_>, _>>()?;
        let end = tracks.iter().filter_map(|track| track.spans.last()).map(|span| span.out.end).max();
        let frames = end.unwrap_or(0).next_multiple_of(2);
        Ok(Self { rate, start: 0, frames, tracks, dir: session.dir.clone() })
    }

    /// Only what lies between two session seconds.
    pub fn part(self, from: f64, to: f64) -> Self {
        let frame = |at: f64| (at * f64::from(self.rate.0)).round().max(0.0) as u64;
        let start = frame(from).min(self.frames);
        let frames = frame(to).clamp(start, self.frames) - start;
        Self { start, frames: frames.next_multiple_of(2), ..self }
    }

    /// How long that is.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.rate.0)
    }
}

fn track(
    session: &Session,
    journal: &Replay,
    source: &SourceEntry,
    rate: SampleRate,
) -> Result<TrackPlan, SoundError> {
    let takes = session.manifest.takes.iter().filter(|take| take.track == source.track);
    let (mut channels, mut format, mut spans) = (1, SampleFormat::S16, Vec::new());
    for take in takes {
        let frames = frames_of(session, take)?;
        let shared = Arc::new(take.clone());
        channels = channels.max(take.channels);
        if take.format.bytes() > format.bytes() {
            format = take.format;
        }
        for stretch in stretches(&pieces(take), frames, &left_out(session, journal, take)) {
            if let Some(piece) = stretch.impossible(take.rate) {
                return Err(SoundError::Clock {
                    file: take.file.clone(),
                    nominal: take.rate,
                    rate: piece.rate,
                });
            }
            let placed = stretch.place(take.rate, rate);
            spans.push(PlacedSound { out: placed.out.clone(), placed, take: shared.clone() });
        }
    }
    Ok(TrackPlan {
        track: source.track.clone(),
        name: source.name.clone(),
        channels,
        format,
        spans: apart(spans),
    })
}

/// What of a take is not heard, in order: silence that stands for what is missing, another device's sound,
/// and the passages that people hid.
fn left_out(session: &Session, journal: &Replay, take: &TakeEntry) -> Vec<(Frames, Frames)> {
    let hidden = session.amendments.passages.iter().map(|passage| {
        // A frame more on both sides: what is hidden is hidden.
        let (from, to) = (take.clock.frame_at(passage.from), take.clock.frame_at(passage.to));
        (from.saturating_sub(Frames(1)), to + Frames(1))
    });
    let silences = journal.take(&take.track, take.take).map_or(&[][..], |record| &record.silences);
    let mut spans: Vec<(Frames, Frames)> =
        take.foreign.iter().chain(silences).copied().chain(hidden).collect();
    spans.sort();
    spans
}

/// The clock of a take, piece by piece.
fn pieces(take: &TakeEntry) -> Vec<MapPiece> {
    take.clock
        .pieces()
        .iter()
        .map(|piece| MapPiece { from: piece.from, at: piece.at, rate: piece.rate })
        .collect()
}

/// The frames that a take's file holds: a recorder that was killed left more in it than the manifest knows
/// of.
fn frames_of(session: &Session, take: &TakeEntry) -> Result<Frames, SoundError> {
    if !RATES.contains(&take.rate.0) || !CHANNELS.contains(&take.channels) {
        return Err(SoundError::Layout { file: take.file.clone(), channels: take.channels, rate: take.rate });
    }
    let path = session.take_path(take)?;
    match OnDisk::open(&path)? {
        Some(file) => Ok(file.frames(&Layout::of(take), take.data_offset)),
        None => Err(SoundError::Missing { path }),
    }
}

/// Where two overlap, as clocks are only known so well, the later one is heard.
fn apart(mut spans: Vec<PlacedSound>) -> Vec<PlacedSound> {
    spans.sort_by_key(|span| span.out.start);
    for n in 1..spans.len() {
        let next = spans[n].out.start;
        let out = &mut spans[n - 1].out;
        out.end = out.end.min(next);
    }
    spans.retain(|span| !span.out.is_empty());
    spans
}

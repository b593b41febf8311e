//! How loud the tracks of a session were, read back from their files: evidence for who spoke where.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::tail::SpanReader;
use super::track::{TakeShared, TrackShared};
use crate::audio::mono;
use crate::audio::units::Frames;
use crate::speech::bleed::Levels;

/// Length of a window in seconds.
const WINDOW_S: f64 = 0.010;
/// Nobody needs more at once; a longer span is answered with "nothing is known".
const SPAN_S_MAX: f64 = 120.0;

/// Levels of written tracks.
pub struct TrackLevels {
    dir: PathBuf,
    tracks: Vec<Arc<TrackShared>>,
    readers: RefCell<HashMap<String, SpanReader>>,
}

impl TrackLevels {
    /// The levels of `tracks`, whose files lie in the session `dir`.
    pub fn new(dir: PathBuf, tracks: Vec<Arc<TrackShared>>) -> Self {
        Self { dir, tracks, readers: RefCell::default() }
    }

    /// Puts the windows of one take that lie in the span into `envelope`.
    fn add_take(
        &self,
        take: &TakeShared,
        from_s: f64,
        to_s: f64,
        envelope: &mut [f32],
    ) -> std::io::Result<()> {
        let (clock, rate) = (take.clock(), f64::from(take.entry.rate.0));
        let frame_at = |s: f64| Frames(((s - clock.offset) * clock.rate).round().max(0.0) as u64);
        let (from, to) = (frame_at(from_s), frame_at(to_s).min(take.written()));
        if from >= to {
            return Ok(());
        }
        let mut readers = self.readers.borrow_mut();
        let file = &take.entry.file;
        if !readers.contains_key(file) {
            readers.insert(file.clone(), SpanReader::open(&self.dir, &take.entry)?);
        }
        let Some(reader) = readers.get_mut(file) else { return Ok(()) };
        let (mut interleaved, mut sound) = (Vec::new(), Vec::new());
        reader.read(from, to, &mut interleaved)?;
        take.leave_out_foreign(from, &mut interleaved);
        mono::downmix(&interleaved, reader.channels(), &mut sound);
        let window = (rate * WINDOW_S).max(1.0);
        let first = ((clock.time_of(from) - from_s) / WINDOW_S).round().max(0.0) as usize;
        let count = (sound.len() as f64 / window).round() as usize;
        for n in 0..count {
            let (a, b) = ((n as f64 * window) as usize, ((n + 1) as f64 * window) as usize);
            let Some(slot) = envelope.get_mut(first + n) else { break };
            let part = &sound[a.min(sound.len())..b.min(sound.len())];
            if !part.is_empty() {
                *slot = (part.iter().map(|s| s * s).sum::<f32>() / part.len() as f32).sqrt();
            }
        }
        Ok(())
    }
}

impl Levels for TrackLevels {
    fn envelope(&self, track: &str, from_s: f64, to_s: f64) -> Vec<f32> {
        let span = to_s - from_s;
        let Some(track) = self.tracks.iter().find(|t| t.track == track) else { return Vec::new() };
        if !(0.0..=SPAN_S_MAX).contains(&span) {
            return Vec::new();
        }
        let mut envelope = vec![0.0; (span / WINDOW_S).round() as usize];
        for take in track.takes() {
            if let Err(error) = self.add_take(&take, from_s, to_s, &mut envelope) {
                tracing::warn!(%error, "can't read a level back");
                return Vec::new();
            }
        }
        envelope
    }
}

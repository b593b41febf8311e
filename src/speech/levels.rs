//! How loud the tracks of a session were, read back from their files: evidence for who spoke where.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::audio::mono;
use crate::session::shared::{TakeShared, TrackShared};
use crate::session::tail::SpanReader;
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
        let clock = take.clock();
        let (from, to) = (clock.frame_at(from_s), clock.frame_at(to_s).min(take.written()));
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
        let place = |n: usize| {
            let frame = clock.frame_at(from_s + n as f64 * WINDOW_S);
            (frame.saturating_sub(from).0 as usize).min(sound.len())
        };
        for (n, slot) in envelope.iter_mut().enumerate() {
            let part = &sound[place(n)..place(n + 1)];
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

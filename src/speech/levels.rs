//! How loud the tracks of a session were at session seconds: evidence for who spoke where.
//!
//! Each track's own envelope ([`Envelope`](crate::session::levels::Envelope)) lies on the grid of its frames.
//! What is asked for lies anywhere: a window that is asked for has the mean power of the frames in it, so its
//! level lies between those of the two windows of the grid that it overlaps. Where the grids agree it is the
//! same value.

use std::path::PathBuf;
use std::sync::Arc;

use crate::audio::level::{self, WINDOW_S};
use crate::session::shared::{TakeShared, TrackShared};
use crate::speech::bleed::Levels;

/// Nobody needs more at once; a longer span is answered with "nothing is known".
const SPAN_S_MAX: f64 = 120.0;

/// Levels of written tracks.
pub struct TrackLevels {
    dir: PathBuf,
    tracks: Vec<Arc<TrackShared>>,
}

impl TrackLevels {
    /// The levels of `tracks`, whose files lie in the session `dir`.
    pub fn new(dir: PathBuf, tracks: Vec<Arc<TrackShared>>) -> Self {
        Self { dir, tracks }
    }

    /// Puts the part of one take that lies in the span from `from_s` on into `envelope`.
    fn add_take(
        &self,
        track: &TrackShared,
        take: &TakeShared,
        from_s: f64,
        envelope: &mut [f32],
    ) -> std::io::Result<()> {
        let (clock, rate, written) = (take.clock(), take.entry.rate, take.written());
        let frame_at = |n: usize| clock.frame_at(from_s + n as f64 * WINDOW_S).min(written);
        let (from, to) = (frame_at(0), frame_at(envelope.len()));
        if from >= to {
            return Ok(());
        }
        let (first, last) = (level::window_of(from, rate), level::windows_in(to, rate));
        let mut windows = Vec::with_capacity((last - first) as usize);
        track.read_levels(&self.dir, take, first..last, &mut windows)?;
        let (mut at, mut window, mut window_end) = (from, first, level::first_frame(first + 1, rate));
        for (n, slot) in envelope.iter_mut().enumerate() {
            let (begin, end) = (at, frame_at(n + 1));
            let mut energy = 0.0;
            while at < end {
                let to = end.min(window_end);
                let rms = windows.get((window - first) as usize).map_or(0.0, |window| window.rms());
                energy += rms * rms * (to - at).0 as f32;
                at = to;
                if at == window_end {
                    window += 1;
                    window_end = level::first_frame(window + 1, rate);
                }
            }
            if begin < end {
                *slot = (energy / (end - begin).0 as f32).sqrt();
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
            if let Err(error) = self.add_take(track, &take, from_s, &mut envelope) {
                tracing::warn!(%error, "can't read a level back");
                return Vec::new();
            }
        }
        envelope
    }
}

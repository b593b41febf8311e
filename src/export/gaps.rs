//! When sound is missing, as the journal tells it: the manifest has only sums. Pure.

use super::account::Lost;
use crate::base::text;
use crate::care::replay::Replay;
use crate::session::account::is_unknown;
use crate::session::manifest::{GapCause, SourceEntry, SourceKind};

/// Neighbours that lie no further apart than so many seconds are one: a device that is gone is missed again
/// and again.
const APART_S: f64 = 0.5;

/// Sound that is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// Name of the track in files.
    pub track: String,
    /// Display name of the track's person.
    pub who: String,
    /// Session seconds.
    pub at: f64,
    /// How long, in seconds.
    pub seconds: f64,
    pub cause: GapCause,
    /// Kind of the track's source.
    pub kind: SourceKind,
}

impl Gap {
    /// Whether it is a loss.
    pub fn is_lost(&self) -> bool {
        self.cause.is_loss(self.kind, self.seconds)
    }

    /// Whether nobody knows how long it is.
    pub fn is_unknown(&self) -> bool {
        is_unknown(self.cause, self.kind, self.seconds)
    }

    /// How long it is.
    pub fn amount(&self) -> Lost {
        let seconds = if self.is_unknown() { 0.0 } else { self.seconds };
        Lost { seconds, unknown: self.is_unknown() }
    }

    /// Session second of its end.
    pub fn end(&self) -> f64 {
        self.at + self.seconds
    }
}

/// All gaps of `sources`, by time, neighbours of one cause in one. Of a damaged journal those that can be
/// read: the account says what they come to.
pub fn of(replay: &Replay, sources: &[SourceEntry]) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = sources.iter().flat_map(|source| of_track(replay, source)).collect();
    gaps.sort_by(|a, b| a.at.total_cmp(&b.at));
    gaps
}

fn of_track(replay: &Replay, source: &SourceEntry) -> Vec<Gap> {
    let mut of_track: Vec<Gap> = replay
        .gaps(&source.track)
        .iter()
        .map(|gap| Gap {
            track: source.track.clone(),
            who: text::name(&source.name),
            at: gap.at.max(0.0),
            seconds: gap.frames.seconds(gap.rate),
            cause: gap.cause,
            kind: source.kind,
        })
        .collect();
    of_track.sort_by(|a, b| a.at.total_cmp(&b.at));
    let mut gaps: Vec<Gap> = Vec::new();
    for gap in of_track {
        match gaps.last_mut() {
            Some(last) if last.cause == gap.cause && gap.at - last.end() <= APART_S => {
                last.seconds = last.seconds.max(gap.end() - last.at);
            }
            _ => gaps.push(gap),
        }
    }
    gaps
}

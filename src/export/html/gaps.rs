//! When sound is missing, as the journal tells it: the manifest has only sums.

use crate::base::text;
use crate::care::replay;
use crate::export::turns::Meeting;
use crate::session::manifest::{GapCause, SourceKind};

/// Sound that is missing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gap {
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
}

/// All gaps, by time. A session without a journal, or with a damaged one, has those that can be read: the
/// account says what they come to.
pub(super) fn of(meeting: &Meeting) -> Vec<Gap> {
    let Ok(scan) = replay::scan(&meeting.session.dir) else { return Vec::new() };
    let sources = &meeting.session.manifest.sources;
    let mut gaps: Vec<Gap> = sources
        .iter()
        .flat_map(|source| {
            scan.replay.gaps(&source.track).iter().map(|gap| Gap {
                who: text::name(&source.name),
                at: gap.at.max(0.0),
                seconds: gap.frames.seconds(gap.rate),
                cause: gap.cause,
                kind: source.kind,
            })
        })
        .collect();
    gaps.sort_by(|a, b| a.at.total_cmp(&b.at));
    gaps
}

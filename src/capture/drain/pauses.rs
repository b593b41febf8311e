//! When nothing is to be recorded, and what a gap is made of: what was paused, what the computer slept
//! through or our process was stopped in, the rest.

use super::Timeline;
use crate::clock::{SessionClock, pauses};
use crate::session::manifest::GapCause;

pub(super) struct Pauses {
    clock: SessionClock,
}

impl Pauses {
    pub(super) fn of(clock: SessionClock) -> Self {
        Self { clock }
    }

    /// The pauses so far, from which session second to which; a source without a clock has none.
    pub(super) fn spans(&self, timeline: Timeline) -> Vec<(f64, f64)> {
        match timeline {
            Timeline::Clocked => self.clock.pauses().spans(),
            Timeline::Counted => Vec::new(),
        }
    }

    /// Whether session second `at` lies in a pause.
    pub(super) fn covers(&self, at: f64, timeline: Timeline) -> bool {
        pauses::at(at, &self.spans(timeline)).0
    }

    /// Parts of a gap by cause, in order, in seconds.
    pub(super) fn causes(&self, from: f64, seconds: f64, cause: GapCause) -> Vec<(f64, GapCause)> {
        pauses::causes(from, seconds, cause, &self.clock.pauses().spans(), &self.clock.outages())
    }
}

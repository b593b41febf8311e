//! What is missing: see the module above for how that is decided.

use super::{Current, Drain, LATE_S, PATIENCE_MS, PAUSE_PERIODS, SHRINKING_S, Timeline};
use crate::base::units::Frames;
use crate::session::manifest::GapCause;

impl Drain {
    /// Whether the front stamp may be forwarded now; inserts the gap before it where one is decided.
    pub(super) fn decide(&mut self, current: &mut Current) -> bool {
        if current.pending.is_empty() {
            return false;
        }
        if current.cleared > 0 || current.opening.timeline == Timeline::Counted {
            return true;
        }
        let deficits = current.deficits(&self.clock);
        if let Some(on_time) = deficits.iter().rposition(|late| *late < LATE_S) {
            // Everything up to a stamp that is on time was late at most.
            current.cleared = on_time + 1;
            current.suspect_ms = 0.0;
            return true;
        }
        let smallest = deficits.iter().copied().fold(f64::INFINITY, f64::min);
        let early = deficits[..deficits.len().div_ceil(2)].iter().copied().fold(f64::INFINITY, f64::min);
        let gone = current.producer_gone();
        let hold = self.hold_ms as f64;
        let patient = current.suspect_ms < (4.0 * hold).max(PATIENCE_MS);
        let steady = current.steady_ms(PAUSE_PERIODS * hold);
        if gone && current.ends_in_burst(&deficits, smallest) {
            // It ended in the middle of a burst: what had come was late, what had not is missing after it.
            current.cleared = current.pending.len();
            return true;
        }
        let waiting = steady < hold || (early - smallest > SHRINKING_S && steady < 4.0 * hold);
        if waiting && patient && !gone {
            return false;
        }
        current.suspect_ms = 0.0;
        // Up to the last stamp that is on time again; if more went missing after it, that is another gap.
        let on_time = deficits.iter().rposition(|late| *late - smallest < LATE_S).unwrap_or(0);
        current.cleared = on_time + 1;
        let frames = Frames((smallest * current.model.line().piece_of(current.frames).rate).round() as u64);
        self.gap(current, frames, GapCause::Stall);
        true
    }
}

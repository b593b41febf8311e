//! A stream that is open and delivers nothing.

use crate::clock::MonoNs;

/// More than this between two steps does not count as waiting, in seconds.
const STEP_S_MAX: f64 = 0.5;

/// How long an open stream has delivered nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Silence {
    /// Frames that it had delivered, when that was looked at, and for how long they have been that many.
    frames: u64,
    looked_at: MonoNs,
    pub(super) seconds: f64,
}

impl Silence {
    /// What it has delivered in all, at this instant.
    pub(super) fn look(&mut self, frames: u64, now: MonoNs) {
        let step = now.seconds_since(self.looked_at).clamp(0.0, STEP_S_MAX);
        self.seconds = if frames == self.frames { self.seconds + step } else { 0.0 };
        (self.frames, self.looked_at) = (frames, now);
    }
}

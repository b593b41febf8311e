//! The thread of a drain: how often it wakes up.

use std::time::Duration;

use crate::capture::drain::{Drain, Step, Timeline};
use crate::clock::SessionClock;

/// The drains of devices wake up this often, all at the same moments; nothing in the callback wakes them. A
/// killed process loses what two of these steps bring, and a line on the screen is late by one.
pub const DRAIN_EVERY: Duration = Duration::from_millis(40);
/// The same where the source waits for room: it is read as fast as this lets it.
const EVERY_AT_FULL_SPEED: Duration = Duration::from_millis(10);

/// How often the drain of such a source wakes up.
pub fn drain_period(timeline: Timeline) -> Duration {
    match timeline {
        Timeline::Clocked => DRAIN_EVERY,
        Timeline::Counted => EVERY_AT_FULL_SPEED,
    }
}

/// Steps `drain` until it has finished.
pub(super) fn run(mut drain: Drain, clock: &SessionClock, every: Duration) {
    loop {
        clock.beat();
        match drain.step(clock.mono()) {
            Step::Busy => {}
            // Many that wake up together cost less than the same number one by one.
            Step::Idle | Step::Blocked => std::thread::sleep(clock.mono().until_next(every)),
            Step::Finished => return,
        }
    }
}

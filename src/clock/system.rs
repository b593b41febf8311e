//! The real clock. The callback reads it, so it keeps the callback's rules: on Linux both readings come from
//! the vDSO.

#![deny(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]

use std::time::Duration;

use super::{Clock, MonoNs};

/// Two clocks are read one after the other; with less than this between them they count as read at once.
const AT_ONCE: Duration = Duration::from_micros(100);
/// So often it is tried.
const TRIES: usize = 10;

/// The machine's monotonic clock, counting on during suspend where the system offers that.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> MonoNs {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let id = rustix::time::ClockId::Boottime;
        // macOS counts suspend in CLOCK_MONOTONIC already.
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let id = rustix::time::ClockId::Monotonic;
        let t = rustix::time::clock_gettime(id);
        MonoNs(t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64)
    }

    /// On Linux one clock counts suspend and another does not. Elsewhere it is not known.
    fn suspended(&self) -> Duration {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            // A thread that is held up between two readings would take that for a sleep: the tightest of some
            // tries counts.
            let mut best = (Duration::MAX, Duration::ZERO);
            for _ in 0..TRIES {
                let before = self.now();
                let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
                let apart = Duration::from_nanos(self.now().0 - before.0);
                let awake = t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64;
                if apart < best.0 {
                    best = (apart, Duration::from_nanos(before.0.saturating_sub(awake)));
                }
                if apart < AT_ONCE {
                    break;
                }
            }
            best.1
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Duration::ZERO
    }
}

//! The real clock. The callback reads it, so it keeps the callback's rules: on Linux both readings come from
//! the vDSO.

#![deny(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]

use std::time::Duration;
#[cfg(not(unix))]
use std::time::Instant;

use super::{Clock, MonoNs};

/// Two clocks are read one after the other; with less than this between them they count as read at once.
#[cfg(any(target_os = "linux", target_os = "android"))]
const AT_ONCE: Duration = Duration::from_micros(100);
/// So often it is tried.
#[cfg(any(target_os = "linux", target_os = "android"))]
const TRIES: usize = 10;

/// The machine's monotonic clock, counting on during suspend where the system offers that.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[cfg(unix)]
    fn now(&self) -> MonoNs {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let id = rustix::time::ClockId::Boottime;
        // macOS counts suspend in CLOCK_MONOTONIC already.
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let id = rustix::time::ClockId::Monotonic;
        let t = rustix::time::clock_gettime(id);
        MonoNs(t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64)
    }

    /// The performance counter, suspend included. It has no zero that can be asked for: the first reading is
    /// ours, which the session makes long before there is a callback.
    #[cfg(not(unix))]
    #[allow(clippy::disallowed_types)] // Set once, it is read without a lock.
    fn now(&self) -> MonoNs {
        static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        let since = ORIGIN.get_or_init(Instant::now).elapsed();
        MonoNs(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
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

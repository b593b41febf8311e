//! The real clock. The callback reads it, so it keeps the callback's rules: on Linux both readings come from the vDSO.

#![deny(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]

use super::{Clock, MonoNs};

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
}

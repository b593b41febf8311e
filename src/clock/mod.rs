//! Time: the one door to the clock, and the model that maps frames to session time.
//!
//! All stamps come from one monotonic clock of ours, suspend included. What a backend says of time is never mixed
//! in: instants of two streams may not share an origin.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use crate::audio::units::SessionNs;

pub mod model;
pub mod slip;

/// Nanoseconds on our monotonic clock; the origin means nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonoNs(pub u64);

impl MonoNs {
    /// `self - earlier` in seconds; negative where `earlier` is later.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.0 as f64 - earlier.0 as f64) * 1e-9
    }

    /// This instant `ms` milliseconds later.
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0 + ms * 1_000_000)
    }
}

/// The only door to the clock: one real, one scripted implementation.
pub trait Clock: Send + Sync {
    /// Now. Realtime-safe: no lock, no allocation, no system call where the platform has a vDSO.
    fn now(&self) -> MonoNs;
    /// The clock on the wall, which anybody may set: for people to read, never to reckon with.
    fn utc(&self) -> Timestamp {
        Timestamp::now()
    }
}

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

/// A clock that a test sets.
#[derive(Debug, Default, Clone)]
pub struct ScriptedClock(Arc<AtomicU64>);

impl ScriptedClock {
    /// Sets the time; it may only go forward.
    pub fn set(&self, now: MonoNs) {
        self.0.fetch_max(now.0, Ordering::SeqCst);
    }
}

impl Clock for ScriptedClock {
    fn now(&self) -> MonoNs {
        MonoNs(self.0.load(Ordering::SeqCst))
    }

    fn utc(&self) -> Timestamp {
        Timestamp::from_nanosecond(self.now().0.into()).unwrap_or_default()
    }
}

/// The clock of one session: a clock and the instant that is session time 0.
#[derive(Clone)]
pub struct SessionClock {
    clock: Arc<dyn Clock>,
    start: MonoNs,
}

impl SessionClock {
    /// A session that starts now.
    pub fn start_now(clock: Arc<dyn Clock>) -> Self {
        let start = clock.now();
        Self { clock, start }
    }

    /// Now on the monotonic clock. Realtime-safe.
    pub fn mono(&self) -> MonoNs {
        self.clock.now()
    }

    /// Now in session time.
    pub fn now(&self) -> SessionNs {
        SessionNs(self.clock.now().0.saturating_sub(self.start.0))
    }

    /// The clock on the wall.
    pub fn utc(&self) -> Timestamp {
        self.clock.utc()
    }

    /// The session second of an instant; negative before the start.
    pub fn seconds_of(&self, at: MonoNs) -> f64 {
        at.seconds_since(self.start)
    }
}

impl std::fmt::Debug for SessionClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionClock").field("start", &self.start).finish_non_exhaustive()
    }
}

//! Time: the one door to the clock, and the model that maps frames to session time.
//!
//! All stamps come from one monotonic clock of ours, suspend included. What a backend says of time is never
//! mixed in: instants of two streams may not share an origin.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::base::cause::GapCause;
use crate::base::units::SessionNs;

pub mod bend;
pub mod envelope;
pub mod glance;
pub mod model;
pub mod pauses;
pub mod shape;
#[cfg(test)]
mod simulated;
pub mod sleep;
pub mod slip;
mod system;
pub mod trouble;

use pauses::Pauses;
use sleep::{Outage, Sleeps};
pub use system::SystemClock;

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

    /// How long it is until the next whole multiple of `every`: who sleeps for so long wakes up together with
    /// all others that do.
    pub fn until_next(self, every: Duration) -> Duration {
        let every = (every.as_nanos() as u64).max(1);
        Duration::from_nanos(every - self.0 % every)
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
    /// How much of the time that [`Clock::now`] has counted the machine spent suspended. Zero where that
    /// can't be told.
    fn suspended(&self) -> Duration {
        Duration::ZERO
    }
    /// Whether it goes on by itself. The time of a script stands still and then leaps, which is no stop of
    /// our process.
    fn goes_on(&self) -> bool {
        true
    }
}

/// A clock that a test sets.
#[derive(Debug, Default, Clone)]
pub struct ScriptedClock(Arc<Script>);

#[derive(Debug, Default)]
struct Script {
    now: AtomicU64,
    suspended: AtomicU64,
    /// What the clock on the wall was set forward by, in nanoseconds.
    stepped: AtomicI64,
}

impl ScriptedClock {
    /// Sets the time; it may only go forward.
    pub fn set(&self, now: MonoNs) {
        self.0.now.fetch_max(now.0, Ordering::SeqCst);
    }

    /// The machine sleeps for so long: time goes on, and nothing else does.
    pub fn suspend(&self, length: Duration) {
        // In this order: a look in between sees the sleep, and places it where it began.
        self.0.suspended.fetch_add(length.as_nanos() as u64, Ordering::SeqCst);
        self.0.now.fetch_add(length.as_nanos() as u64, Ordering::SeqCst);
    }

    /// Somebody sets the clock on the wall, forward or back.
    pub fn step_wall(&self, seconds: f64) {
        self.0.stepped.fetch_add((seconds * 1e9) as i64, Ordering::SeqCst);
    }
}

impl Clock for ScriptedClock {
    fn now(&self) -> MonoNs {
        MonoNs(self.0.now.load(Ordering::SeqCst))
    }

    fn utc(&self) -> Timestamp {
        let ns = i128::from(self.now().0) + i128::from(self.0.stepped.load(Ordering::SeqCst));
        Timestamp::from_nanosecond(ns).unwrap_or_default()
    }

    fn suspended(&self) -> Duration {
        Duration::from_nanos(self.0.suspended.load(Ordering::SeqCst))
    }

    fn goes_on(&self) -> bool {
        false
    }
}

/// The clock of one session: a clock and the instant that is session time 0.
#[derive(Clone)]
pub struct SessionClock {
    clock: Arc<dyn Clock>,
    start: MonoNs,
    /// Never touched by [`SessionClock::mono`], which callbacks call.
    sleeps: Arc<Mutex<Sleeps>>,
    pauses: Arc<Pauses>,
}

impl SessionClock {
    /// A session that starts now.
    pub fn start_now(clock: Arc<dyn Clock>) -> Self {
        let start = clock.now();
        let sleeps = Sleeps::new(start, clock.suspended());
        Self { clock, start, sleeps: Arc::new(Mutex::new(sleeps)), pauses: Arc::default() }
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

    /// Looks whether the machine has slept since the last look. To be called often: a sleep is known to lie
    /// between two looks.
    pub fn look(&self) {
        let (now, suspended) = (self.clock.now(), self.clock.suspended());
        self.sleeps().look(now, suspended);
    }

    /// The process runs: to be told every few milliseconds by the threads that take sound in. A stop of the
    /// process is known to lie between two beats.
    pub fn beat(&self) {
        if !self.clock.goes_on() {
            return;
        }
        let (now, suspended) = (self.clock.now(), self.clock.suspended());
        self.sleeps().beat(now, suspended);
    }

    /// The sleeps of the machine and the stops of the process that were found so far.
    pub fn outages(&self) -> Vec<Outage> {
        let sleeps = self.sleeps();
        let outage = |&(from, to, cause): &(MonoNs, MonoNs, _)| Outage {
            from: self.seconds_of(from),
            to: self.seconds_of(to),
            cause,
        };
        sleeps.found().iter().map(outage).collect()
    }

    /// Whether our process was stopped and has been running again for less than `seconds`.
    pub fn was_just_stopped(&self, seconds: f64) -> bool {
        self.beat();
        let now = self.now().seconds();
        let just = |outage: &Outage| outage.cause == GapCause::Suspended && now - outage.to < seconds;
        self.outages().iter().any(just)
    }

    /// What the user paused.
    pub fn pauses(&self) -> &Pauses {
        &self.pauses
    }

    /// Seconds between two instants in which the machine was awake and our process ran: what a device that is
    /// waited for has had. Looks first.
    pub fn awake_between(&self, from: MonoNs, to: MonoNs) -> f64 {
        self.look();
        let (from_s, to_s) = (self.seconds_of(from), self.seconds_of(to));
        let (mut awake, mut at) = (to_s - from_s, from_s);
        for outage in self.outages() {
            let (begun, over) = (outage.from.max(at), outage.to.min(to_s));
            awake -= (over - begun).max(0.0);
            at = at.max(over);
        }
        awake
    }

    fn sleeps(&self) -> std::sync::MutexGuard<'_, Sleeps> {
        self.sleeps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for SessionClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionClock").field("start", &self.start).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_the_next_multiple_meets_all_others_there() {
        let every = Duration::from_millis(40);
        for now in [0, 1, 39_999_999, 40_000_000, 40_000_001, 123_456_789_012] {
            let wait = MonoNs(now).until_next(every);
            assert!(!wait.is_zero() && wait <= every, "{now}");
            assert_eq!((now + wait.as_nanos() as u64) % every.as_nanos() as u64, 0, "{now}");
        }
    }
}

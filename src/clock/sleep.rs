//! Sleeps of the machine and steps of the clock on the wall: what happens to time from outside. Pure.
//!
//! Session time counts a suspend, so no sound moves; the sound that is missing for it is nobody's fault and
//! gets a cause of its own.

use std::time::Duration;

use jiff::Timestamp;

use super::{MonoNs, SessionClock};
use crate::base::cause::GapCause;

/// Shortest sleep; less than this is the time between reading the two clocks.
const SLEEP_MIN: Duration = Duration::from_millis(100);
/// So much missing sound on either side of a sleep belongs to it: programs are frozen before the machine's
/// clock stops and thawed after it goes on again, and devices need a moment too. Linux gives programs 20 s to
/// freeze and usually needs well under one.
const EDGE_S: f64 = 1.0;
/// A clock on the wall that moved by more than this between two looks was set.
const STEP_S: f64 = 1.0;
/// It is compared with session time only where both were read within this.
const AT_ONCE_S: f64 = 0.1;

/// The sleeps of a session.
#[derive(Debug)]
pub struct Sleeps {
    looked_at: MonoNs,
    suspended: Duration,
    spans: Vec<(MonoNs, MonoNs)>,
}

impl Sleeps {
    /// None yet.
    pub fn new(now: MonoNs, suspended: Duration) -> Self {
        Self { looked_at: now, suspended, spans: Vec::new() }
    }

    /// `suspended` is how long the machine has slept in all, `now` counts that.
    pub fn look(&mut self, now: MonoNs, suspended: Duration) {
        let slept = suspended.saturating_sub(self.suspended);
        if slept >= SLEEP_MIN {
            // It lies somewhere between the two looks, which were hardly further apart than it is long.
            let to = MonoNs(self.looked_at.0 + slept.as_nanos() as u64);
            self.spans.push((self.looked_at, to));
            self.suspended = suspended;
        }
        self.looked_at = self.looked_at.max(now);
    }

    /// From and to, in order.
    pub fn spans(&self) -> &[(MonoNs, MonoNs)] {
        &self.spans
    }
}

/// Parts of the gap of `seconds` from session second `from` on, in order: what lies in a sleep is a suspend,
/// the rest keeps its cause. Only sound that nobody delivered can be missing for a sleep.
pub fn parts(from: f64, seconds: f64, cause: GapCause, sleeps: &[(f64, f64)]) -> Vec<(f64, GapCause)> {
    let end = from + seconds;
    let mut parts: Vec<(f64, GapCause)> = Vec::new();
    let mut at = from;
    let mut add = |until: f64, cause: GapCause, at: &mut f64| {
        if until > *at {
            match parts.last_mut().filter(|(_, last)| *last == cause) {
                Some((length, _)) => *length += until - *at,
                None => parts.push((until - *at, cause)),
            }
            *at = until;
        }
    };
    let unexplained = matches!(cause, GapCause::Stall | GapCause::DeviceLost | GapCause::NotStarted);
    let within = sleeps.iter().filter(|(begun, over)| unexplained && *begun < end && *over > from);
    for (begun, over) in within {
        add((begun - EDGE_S).clamp(at, end), cause, &mut at);
        add((over + EDGE_S).clamp(at, end), GapCause::Suspend, &mut at);
    }
    add(end, cause, &mut at);
    parts
}

/// What happened to time from outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeEvent {
    /// The computer slept. Session time went on.
    Suspended {
        /// Session second at which it fell asleep.
        from: f64,
        /// For how long.
        seconds: f64,
    },
    /// The clock on the wall was set. Session time did not notice.
    ClockStepped {
        /// By how much it went forward.
        seconds: f64,
    },
}

/// Tells each sleep and each step of the clock on the wall once.
#[derive(Debug, Default)]
pub struct SleepWatch {
    told: usize,
    last: Option<(f64, Timestamp)>,
}

impl SleepWatch {
    /// What has happened to time since the last step. To be called each second or so.
    pub fn step(&mut self, clock: &SessionClock) -> Vec<TimeEvent> {
        clock.look();
        let sleeps = clock.slept();
        let news = sleeps.iter().skip(self.told);
        let mut events: Vec<TimeEvent> =
            news.map(|(from, to)| TimeEvent::Suspended { from: *from, seconds: to - from }).collect();
        self.told = sleeps.len();
        let (before, utc) = (clock.now().seconds(), clock.utc());
        let at = clock.now().seconds();
        if at - before > AT_ONCE_S {
            // Held up between the two readings: the next look is as good.
            return events;
        }
        if let Some((last_at, last_utc)) = self.last.replace((at, utc)) {
            let stepped = utc.duration_since(last_utc).as_secs_f64() - (at - last_at);
            if stepped.abs() > STEP_S {
                events.push(TimeEvent::ClockStepped { seconds: stepped });
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::{Clock as _, ScriptedClock, SystemClock};

    #[test]
    fn a_gap_is_split_where_the_machine_slept() {
        use GapCause::{DeviceLost, Overrun, Stall, Suspend};
        let sleeps = [(100.0, 160.0), (300.0, 330.0)];
        let split = |from, to, cause| parts(from, to - from, cause, &sleeps);
        assert_eq!(split(100.2, 160.3, Stall), [(60.3_f64 - 0.2, Suspend)].map(near));
        assert_eq!(split(90.0, 170.0, Stall), [(9.0, Stall), (62.0, Suspend), (9.0, Stall)]);
        assert_eq!(split(150.0, 310.0, DeviceLost), [(11.0, Suspend), (138.0, DeviceLost), (11.0, Suspend)]);
        assert_eq!(split(170.0, 180.0, Stall), [(10.0, Stall)]);
        assert_eq!(
            split(120.0, 121.0, Overrun),
            [(1.0, Overrun)],
            "what was delivered is not missing for a sleep"
        );
    }

    /// The difference of two session seconds, as it is computed.
    fn near((_, cause): (f64, GapCause)) -> (f64, GapCause) {
        (160.3 - 100.2, cause)
    }

    #[test]
    fn a_sleep_and_a_set_clock_are_told_once() {
        let clock = ScriptedClock::default();
        clock.set(MonoNs(5_000_000_000));
        let session = SessionClock::start_now(Arc::new(clock.clone()));
        let mut watch = SleepWatch::default();
        assert_eq!(watch.step(&session), []);
        clock.set(MonoNs(7_000_000_000));
        assert_eq!(watch.step(&session), []);
        clock.suspend(Duration::from_secs(30));
        session.look();
        assert_eq!(watch.step(&session), [TimeEvent::Suspended { from: 2.0, seconds: 30.0 }]);
        clock.step_wall(-3_600.0);
        assert_eq!(watch.step(&session), [TimeEvent::ClockStepped { seconds: -3_600.0 }]);
        clock.step_wall(0.5);
        assert_eq!(watch.step(&session), [], "half a second is nothing");
        assert_eq!(watch.step(&session), []);
    }

    #[test]
    fn the_machine_does_not_sleep_while_it_tests() {
        let (before, started) = (SystemClock.suspended(), SystemClock.now());
        let after = SystemClock.suspended();
        // One that really was suspended in between is forgiven.
        let took = SystemClock.now().seconds_since(started);
        assert!(after.abs_diff(before) < SLEEP_MIN || took > 1.0, "{before:?} {after:?}");
        assert!(before.as_nanos() <= u128::from(started.0));
    }
}

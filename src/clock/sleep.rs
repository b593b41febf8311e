//! Sleeps of the machine, stops of our process and steps of the clock on the wall: what happens to time from
//! outside. Pure.
//!
//! Session time counts both, so no sound moves. The sound that is missing for a sleep is nobody's fault; the
//! sound that is missing while our process was stopped (SIGSTOP, a frozen container) is a loss. Each has a
//! cause of its own. A stop is noticed by a beat: threads that wake up every few milliseconds had none of
//! them run for a second in which the machine was awake.

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
/// A beat that was missed for so long is a stop of the process: a busy machine makes a thread wait for less.
const STOP_MIN: Duration = Duration::from_secs(1);
/// So much missing sound after a stop belongs to it, in seconds: the sound server may have given us up
/// meanwhile, and the device is opened again.
const STOP_EDGE_S: f64 = 3.0;
/// A clock on the wall that moved by more than this between two looks was set.
const STEP_S: f64 = 1.0;
/// It is compared with session time only where both were read within this.
const AT_ONCE_S: f64 = 0.1;

/// The sleeps and stops of a session.
#[derive(Debug)]
pub struct Sleeps {
    looked_at: MonoNs,
    suspended: Duration,
    /// The last beat, and how long the machine had slept by then.
    beat: Option<(MonoNs, Duration)>,
    found: Vec<(MonoNs, MonoNs, GapCause)>,
}

impl Sleeps {
    /// None yet.
    pub fn new(now: MonoNs, suspended: Duration) -> Self {
        Self { looked_at: now, suspended, beat: None, found: Vec::new() }
    }

    /// `suspended` is how long the machine has slept in all, `now` counts that.
    pub fn look(&mut self, now: MonoNs, suspended: Duration) {
        let slept = suspended.saturating_sub(self.suspended);
        if slept >= SLEEP_MIN {
            // It lies somewhere between the two looks, which were hardly further apart than it is long.
            let to = MonoNs(self.looked_at.0 + slept.as_nanos() as u64);
            self.found.push((self.looked_at, to, GapCause::Suspend));
            self.suspended = suspended;
        }
        self.looked_at = self.looked_at.max(now);
    }

    /// The process runs; to be told every few milliseconds by whichever of its threads. `now` may be older
    /// than what another thread has told meanwhile.
    pub fn beat(&mut self, now: MonoNs, suspended: Duration) {
        self.look(now, suspended);
        let (last, slept_by_then) = *self.beat.get_or_insert((now, suspended));
        if now < last {
            return;
        }
        let slept = suspended.saturating_sub(slept_by_then);
        if Duration::from_nanos(now.0 - last.0).saturating_sub(slept) >= STOP_MIN {
            self.found.push((last, now, GapCause::Suspended));
        }
        self.beat = Some((now, suspended));
    }

    /// From when to when the machine slept (`suspend`) or the process did not run (`suspended`), in the order
    /// in which it was found.
    pub fn found(&self) -> &[(MonoNs, MonoNs, GapCause)] {
        &self.found
    }
}

/// A span of session time in which nobody could take sound in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outage {
    /// Session second.
    pub from: f64,
    /// Session second.
    pub to: f64,
    /// Why: `suspend` or `suspended`.
    pub cause: GapCause,
}

impl Outage {
    /// What else can be the reason for missing sound that this explains better.
    fn explains(&self, cause: GapCause) -> bool {
        match cause {
            GapCause::Stall | GapCause::DeviceLost | GapCause::NotStarted | GapCause::Restart => true,
            // What had waited for us was too much at once.
            GapCause::Overrun => self.cause == GapCause::Suspended,
            _ => false,
        }
    }

    /// From when to when sound can be missing for it.
    fn reach(&self) -> (f64, f64) {
        let after = if self.cause == GapCause::Suspended { STOP_EDGE_S } else { EDGE_S };
        (self.from - EDGE_S, self.to + after)
    }
}

/// Parts of the gap of `seconds` from session second `from` on, in order: what lies in an outage is missing
/// for that, the rest keeps its cause. Only sound that nobody delivered can be missing for a sleep.
pub fn parts(from: f64, seconds: f64, cause: GapCause, outages: &[Outage]) -> Vec<(f64, GapCause)> {
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
    let within = |outage: &&Outage| outage.explains(cause) && outage.from < end && outage.to > from;
    for outage in outages.iter().filter(within) {
        let (begun, over) = outage.reach();
        add(begun.clamp(at, end), cause, &mut at);
        add(over.clamp(at, end), outage.cause, &mut at);
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
    /// Our process was stopped, or nothing let it run. Session time went on.
    Stopped {
        /// Session second at which it last ran.
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

/// Tells each sleep, each stop and each step of the clock on the wall once.
#[derive(Debug, Default)]
pub struct SleepWatch {
    told: usize,
    last: Option<(f64, Timestamp)>,
}

impl SleepWatch {
    /// What has happened to time since the last step. To be called each second or so.
    pub fn step(&mut self, clock: &SessionClock) -> Vec<TimeEvent> {
        clock.look();
        let outages = clock.outages();
        let news = outages.iter().skip(self.told);
        let event = |Outage { from, to, cause }| match cause {
            GapCause::Suspended => TimeEvent::Stopped { from, seconds: to - from },
            _ => TimeEvent::Suspended { from, seconds: to - from },
        };
        let mut events: Vec<TimeEvent> = news.copied().map(event).collect();
        self.told = outages.len();
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
    use crate::clock::{Clock, ScriptedClock, SystemClock};

    #[test]
    fn a_gap_is_split_where_the_machine_slept() {
        use GapCause::{DeviceLost, Overrun, Stall, Suspend};
        let sleeps = [(100.0, 160.0), (300.0, 330.0)].map(|(from, to)| Outage { from, to, cause: Suspend });
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
    fn what_is_missing_for_a_stop_is_told_from_the_rest() {
        use GapCause::{DeviceLost, Foreign, Overrun, Stall, Suspend, Suspended};
        let outages = [
            Outage { from: 100.0, to: 113.0, cause: Suspended },
            Outage { from: 104.0, to: 110.0, cause: Suspend },
        ];
        let split = |from, to, cause| parts(from, to - from, cause, &outages);
        assert_eq!(split(100.0, 113.0, Stall), [(13.0, Suspended)], "the stop has the first word");
        assert_eq!(split(90.0, 120.0, DeviceLost), [(9.0, DeviceLost), (17.0, Suspended), (4.0, DeviceLost)]);
        assert_eq!(split(112.0, 113.0, Overrun), [(1.0, Suspended)]);
        assert_eq!(split(100.0, 113.0, Foreign), [(13.0, Foreign)]);
        assert_eq!(split(120.0, 121.0, Stall), [(1.0, Stall)]);
    }

    /// As a script says, and yet a clock as any other.
    #[derive(Clone, Default)]
    struct Going(ScriptedClock);

    impl Clock for Going {
        fn now(&self) -> MonoNs {
            self.0.now()
        }

        fn utc(&self) -> Timestamp {
            self.0.utc()
        }

        fn suspended(&self) -> Duration {
            self.0.suspended()
        }
    }

    #[test]
    fn a_stop_is_a_beat_that_was_missed_while_the_machine_was_awake() {
        let clock = ScriptedClock::default();
        let session = SessionClock::start_now(Arc::new(Going(clock.clone())));
        let mut watch = SleepWatch::default();
        // Before the first beat nobody can tell.
        clock.set(MonoNs(3_000_000_000));
        session.beat();
        clock.set(MonoNs(3_990_000_000));
        session.beat();
        assert_eq!(watch.step(&session), [], "a busy machine");
        clock.set(MonoNs(17_000_000_000));
        session.look();
        assert_eq!(watch.step(&session), [], "only beats count");
        session.beat();
        session.beat();
        assert_eq!(watch.step(&session), [TimeEvent::Stopped { from: 3.99, seconds: 17.0 - 3.99 }]);
        clock.suspend(Duration::from_secs(30));
        clock.set(MonoNs(47_500_000_000));
        session.beat();
        let slept = TimeEvent::Suspended { from: 17.0, seconds: 30.0 };
        assert_eq!(watch.step(&session), [slept], "a machine that sleeps stops everybody");
        let between = session.awake_between(MonoNs(0), MonoNs(47_500_000_000));
        assert!((between - 4.49).abs() < 1e-9, "{between}");
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

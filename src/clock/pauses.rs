//! When the user paused: spans of session time in which nothing is to be recorded, on any track; and the same
//! of one track that is muted. Pure.

use std::sync::{Mutex, PoisonError};

use super::sleep::{self, Outage};
use crate::base::cause::GapCause;

/// The pauses of a session, or the spans in which a track is muted.
#[derive(Debug, Default)]
pub struct Pauses(Mutex<Vec<(f64, f64)>>);

impl Pauses {
    /// A pause begins at session second `at`; `None` if there is one already: then since when.
    ///
    /// # Errors
    /// The second since which there is a pause.
    pub fn begin(&self, at: f64) -> Result<(), f64> {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match spans.last() {
            Some((from, to)) if to.is_infinite() => Err(*from),
            _ => {
                spans.push((at, f64::INFINITY));
                Ok(())
            }
        }
    }

    /// The pause ends at session second `at`. Returns its beginning, or `None` if there is no pause.
    pub fn end(&self, at: f64) -> Option<f64> {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, to) = spans.last_mut().filter(|(_, to)| to.is_infinite())?;
        *to = at.max(*from);
        Some(*from)
    }

    /// Whether it is paused at this moment.
    pub fn is_going_on(&self) -> bool {
        self.since().is_some()
    }

    /// Session second since which there is a pause.
    pub fn since(&self) -> Option<f64> {
        let spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.last().filter(|(_, to)| to.is_infinite()).map(|(from, _)| *from)
    }

    /// From and to, in order; of one that goes on, to infinity.
    pub fn spans(&self) -> Vec<(f64, f64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Parts of the gap of `seconds` from session second `from` on, in order: what lies in a pause was not
/// wanted, whatever else would have been the cause; the rest keeps its cause.
pub fn parts(from: f64, seconds: f64, cause: GapCause, pauses: &[(f64, f64)]) -> Vec<(f64, GapCause)> {
    let part = |(seconds, within)| (seconds, if within { GapCause::Paused } else { cause });
    split(from, seconds, pauses).into_iter().map(part).collect()
}

/// Lengths of the parts of `seconds` from session second `from` on, in order, and whether each lies in one of
/// these spans.
pub fn split(from: f64, seconds: f64, spans: &[(f64, f64)]) -> Vec<(f64, bool)> {
    let end = from + seconds;
    let (mut parts, mut at) = (Vec::new(), from);
    for (begun, over) in spans.iter().filter(|(begun, over)| *begun < end && *over > from) {
        let (begun, over) = (begun.max(at), over.min(end));
        if begun > at {
            parts.push((begun - at, false));
        }
        if over > begun {
            parts.push((over - begun, true));
            at = over;
        }
    }
    if end > at {
        parts.push((end - at, false));
    }
    parts
}

/// The same, and of what was not paused, the parts that are missing because nobody could take sound in.
pub fn causes(
    mut from: f64,
    seconds: f64,
    cause: GapCause,
    pauses: &[(f64, f64)],
    outages: &[Outage],
) -> Vec<(f64, GapCause)> {
    let mut causes = Vec::new();
    for (seconds, cause) in parts(from, seconds, cause, pauses) {
        match cause {
            GapCause::Paused => causes.push((seconds, cause)),
            cause => causes.extend(sleep::parts(from, seconds, cause, outages)),
        }
        from += seconds;
    }
    causes
}

/// The parts of such a gap of a track that was muted in these spans: what is missing then was not wanted,
/// whatever else would have been the cause. What is paused, or after a source's end, keeps its cause.
pub fn muted(from: f64, seconds: f64, cause: GapCause, mutes: &[(f64, f64)]) -> Vec<(f64, GapCause)> {
    let mutes = if matches!(cause, GapCause::Paused | GapCause::Ended) { &[] } else { mutes };
    let part = |(seconds, within)| (seconds, if within { GapCause::Muted } else { cause });
    split(from, seconds, mutes).into_iter().map(part).collect()
}

/// How what is to be placed at session second `at` stands to the pauses: whether it lies in one, and until
/// when that holds.
pub fn at(at: f64, pauses: &[(f64, f64)]) -> (bool, f64) {
    match pauses.iter().find(|(_, to)| at < *to) {
        Some((from, to)) if *from <= at => (true, *to),
        Some((from, _)) => (false, *from),
        None => (false, f64::INFINITY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_begins_once_and_ends_once() {
        let pauses = Pauses::default();
        assert_eq!(pauses.end(1.0), None);
        assert_eq!(pauses.begin(2.0), Ok(()));
        assert_eq!(pauses.begin(3.0), Err(2.0));
        assert_eq!(pauses.spans(), [(2.0, f64::INFINITY)]);
        assert_eq!(pauses.end(4.0), Some(2.0));
        assert_eq!(pauses.end(5.0), None);
        assert_eq!(pauses.begin(6.0), Ok(()));
        assert_eq!(pauses.spans(), [(2.0, 4.0), (6.0, f64::INFINITY)]);
    }

    #[test]
    fn a_gap_is_split_where_it_was_paused() {
        use GapCause::{Overrun, Paused, Stall};
        let pauses = [(10.0, 20.0), (30.0, f64::INFINITY)];
        let split = |from: f64, to: f64, cause| parts(from, to - from, cause, &pauses);
        assert_eq!(split(5.0, 8.0, Stall), [(3.0, Stall)]);
        assert_eq!(split(5.0, 12.0, Stall), [(5.0, Stall), (2.0, Paused)]);
        assert_eq!(split(12.0, 18.0, Overrun), [(6.0, Paused)]);
        assert_eq!(split(18.0, 35.0, Stall), [(2.0, Paused), (10.0, Stall), (5.0, Paused)]);
        assert_eq!(split(20.0, 30.0, Stall), [(10.0, Stall)]);
        assert_eq!(split(10.0, 20.0, Stall), [(10.0, Paused)]);
    }

    #[test]
    fn what_is_missing_of_a_muted_track_was_not_wanted() {
        use GapCause::{DeviceLost, Ended, Muted, Paused};
        let mutes = [(10.0, 20.0)];
        let split = |from: f64, to: f64, cause| muted(from, to - from, cause, &mutes);
        assert_eq!(split(8.0, 22.0, DeviceLost), [(2.0, DeviceLost), (10.0, Muted), (2.0, DeviceLost)]);
        assert_eq!(split(8.0, 22.0, Paused), [(14.0, Paused)]);
        assert_eq!(split(8.0, 22.0, Ended), [(14.0, Ended)]);
        assert_eq!(split(0.0, 5.0, DeviceLost), [(5.0, DeviceLost)]);
    }

    #[test]
    fn a_moment_is_in_a_pause_or_before_the_next() {
        let pauses = [(10.0, 20.0), (20.0, 25.0)];
        assert_eq!(at(9.0, &pauses), (false, 10.0));
        assert_eq!(at(10.0, &pauses), (true, 20.0));
        assert_eq!(at(20.0, &pauses), (true, 25.0));
        assert_eq!(at(25.0, &pauses), (false, f64::INFINITY));
        assert_eq!(at(3.0, &[]), (false, f64::INFINITY));
    }
}

//! Takes: where they begin and end, and what is missing before, in and after them.

use super::{Current, Drain, Item, LATE_S, SILENCE_MAX_S, Timeline};
use crate::base::units::Frames;
use crate::clock::model::TakeClock;
use crate::session::manifest::GapCause;

impl Drain {
    /// Places the opening's first frame on the session's timeline and begins its take, unless that is paused.
    pub(super) fn start_take(&mut self, current: &mut Current) {
        current.started = true;
        self.counted = current.opening.timeline == Timeline::Counted;
        let start = match current.opening.timeline {
            Timeline::Counted => self.end_s,
            Timeline::Clocked => current.start_estimate(&self.clock).max(self.end_s),
        };
        current.take_begins(start);
        self.missing.push((self.end_s, current.opening.cause_before));
        if !self.is_paused(current) {
            self.ensure_take(current);
        }
    }

    /// Begins the take that has been waiting for its first sound, and accounts for the time before it.
    pub(super) fn ensure_take(&mut self, current: &mut Current) {
        let Some((from, _)) = self.missing.first().copied() else { return };
        let rate = current.opening.format.rate;
        let start = self.missing.iter().map(|(from, _)| *from).fold(current.place_s(), f64::max);
        let within = !self.any_take && start - from <= SILENCE_MAX_S;
        if !self.any_take && !within {
            self.outbox.push_back(Item::Rate(rate));
        }
        self.any_take = true;
        let before = if within {
            std::mem::take(&mut self.missing)
        } else {
            self.tell_missing(start);
            Vec::new()
        };
        let offset = if within { from } else { start };
        self.outbox.push_back(Item::TakeStart { format: current.opening.format, offset });
        current.take_begins(offset);
        // The first take begins with the session, so that any editor lines the tracks up unaided.
        let mut until = 0.0;
        for (seconds, cause) in lengths(&before, start) {
            until += seconds;
            let frames = Frames::from_seconds(until, rate).saturating_sub(current.frames);
            self.silence(current, frames, cause);
        }
    }

    /// Tells what is missing outside of takes, up to session second `until`, by cause.
    fn tell_missing(&mut self, until: f64) {
        let missing = std::mem::take(&mut self.missing);
        let Some((from, _)) = missing.first().copied() else { return };
        let (mut at, mut told): (f64, Vec<(f64, GapCause)>) = (from, Vec::new());
        for (seconds, cause) in lengths(&missing, until) {
            for (seconds, cause) in self.causes(at, seconds, cause) {
                match told.last_mut() {
                    Some((whole, same)) if *same == cause => *whole += seconds,
                    _ => told.push((seconds, cause)),
                }
                at += seconds;
            }
        }
        let mut at = from;
        for (seconds, cause) in told {
            self.outbox.push_back(Item::Absent { from: at, seconds, cause });
            at += seconds;
        }
    }

    /// Silence at the current place, by cause.
    pub(super) fn silence(&mut self, current: &mut Current, frames: Frames, cause: GapCause) {
        let rate = current.opening.format.rate;
        let parts = self.causes(current.place_s(), frames.seconds(rate), cause);
        let (mut placed, mut seconds, count) = (Frames(0), 0.0, parts.len());
        for (n, (length, part)) in parts.into_iter().enumerate() {
            seconds += length;
            // The last part takes what rounding leaves.
            let until = if n + 1 == count { frames } else { Frames::from_seconds(seconds, rate).min(frames) };
            self.place_silence(current, until.saturating_sub(placed), part);
            placed = until;
        }
        // What found no room in our ring is counted: nothing is unknown about it. What else is missing is
        // only known as well as stamps tell.
        if frames.0 > 0 && cause != GapCause::Overrun && self.missing.is_empty() {
            current.model.gap(current.frames);
        }
    }

    /// `frames` are missing at the current place: silence, or the end of the take.
    pub(super) fn gap(&mut self, current: &mut Current, frames: Frames, cause: GapCause) {
        let seconds = frames.seconds(current.opening.format.rate);
        if seconds <= SILENCE_MAX_S || !self.missing.is_empty() {
            self.silence(current, frames, cause);
            return;
        }
        let from = self.end_take(current);
        current.take_begins(from + seconds);
        self.missing.push((from, cause));
        if !self.is_paused(current) {
            self.ensure_take(current);
        }
    }

    /// Ends the take and returns the session second of its end.
    fn end_take(&mut self, current: &mut Current) -> f64 {
        self.settle_pause(current);
        current.emit_block(&mut self.outbox);
        let end = current.end_s();
        let clock = current.model.finish();
        self.close_take(current, clock, current.frames);
        end
    }

    /// Ends the take after `frames`, with what is known of its clock.
    pub(super) fn close_take(&mut self, current: &mut Current, clock: TakeClock, frames: Frames) {
        current.tell_foreign(true, &mut self.outbox);
        let span = clock.span(frames);
        let TakeClock { fit, slips, tail_deficit, .. } = clock;
        self.outbox.push_back(Item::Clock(fit));
        current.tell_observations(true, &mut self.outbox);
        self.outbox.push_back(Item::TakeEnd { slips, tail_deficit, span });
    }

    pub(super) fn end_opening(&mut self, current: &mut Current) {
        if !current.started {
            return;
        }
        // What was lost after the last stamp: there was no room for another one.
        let unsaid = Frames(current.opening.tap.meter.lost().saturating_sub(current.lost_known));
        self.status.add_overrun(unsaid);
        let seconds = unsaid.seconds(current.opening.format.rate);
        if self.missing.is_empty() && seconds > SILENCE_MAX_S {
            let from = self.end_take(current);
            self.missing.push((from, GapCause::Overrun));
            self.end_s = from + seconds;
            return;
        }
        self.silence(current, unsaid, GapCause::Overrun);
        self.end_s = match self.missing.last() {
            None => self.end_take(current),
            Some((last, _)) => current.place_s().max(*last),
        };
    }

    /// Accounts for the time between the last take and the end of the recording.
    pub(super) fn end_timeline(&mut self) {
        let broken_off = self.status.broken_off();
        if let Some(seconds) = broken_off.filter(|_| self.counted) {
            self.outbox.push_back(Item::Absent { from: self.end_s, seconds, cause: GapCause::DeviceLost });
        }
        self.tell_missing(self.end_s);
        let Some(stop_at) = self.status.stop_at().filter(|_| !self.counted) else { return };
        let cause = if self.status.ended() {
            GapCause::Ended
        } else if !self.any_take {
            GapCause::NotStarted
        } else if self.status.is_lost() {
            GapCause::DeviceLost
        } else {
            GapCause::Stall
        };
        let seconds = (stop_at - self.end_s).max(broken_off.unwrap_or(0.0));
        let parts = self.causes(self.end_s, seconds, cause);
        let wanted: f64 = parts.iter().filter(|part| part.1 != GapCause::Paused).map(|part| part.0).sum();
        // A device in good order was stopped a moment before its next delivery: that is no gap.
        let is_gap = wanted > LATE_S || broken_off.is_some();
        let mut from = self.end_s;
        for (seconds, cause) in parts {
            if is_gap || cause == GapCause::Paused {
                self.outbox.push_back(Item::Absent { from, seconds, cause });
            }
            from += seconds;
        }
    }
}

/// How long each of these was, of which one ends where the next begins and the last at `until`.
fn lengths(spans: &[(f64, GapCause)], until: f64) -> impl Iterator<Item = (f64, GapCause)> {
    let ends = spans.iter().skip(1).map(|(from, _)| *from).chain([until]);
    spans.iter().zip(ends).map(|((from, cause), to)| ((to - from).max(0.0), *cause))
}

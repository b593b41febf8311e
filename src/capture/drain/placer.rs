//! Puts every frame at its place: into the take that goes on, into silence, or between takes.
//!
//! A gap of up to 10 s is silence, a longer one ends the take. What is missing is accounted for by its cause
//! up to [`Placer::accounted_s`], without a hole.

use std::collections::VecDeque;

use super::missing::{Missing, absent};
use super::pauses::Pauses;
use super::stamps::Stamps;
use super::take::Take;
use super::{DrainStatus, Item, LATE_S, SILENCE_MAX_S, Timeline};
use crate::base::units::Frames;
use crate::clock::{MonoNs, SessionClock, pauses};
use crate::session::manifest::GapCause;

pub(super) struct Placer {
    pauses: Pauses,
    missing: Missing,
    /// Session second up to which the timeline is accounted for; within a take, up to the take's begin.
    accounted_s: f64,
    any_take: bool,
    /// The last opening was of a source without a clock: session time says nothing of what is missing.
    counted: bool,
    /// What is handed on, until there is room for it in the queue.
    pub(super) outbox: VecDeque<Item>,
}

impl Placer {
    pub(super) fn new(clock: SessionClock) -> Self {
        Self {
            pauses: Pauses::of(clock),
            missing: Missing::default(),
            accounted_s: 0.0,
            any_take: false,
            counted: false,
            outbox: VecDeque::new(),
        }
    }

    /// Whether a take goes on.
    pub(super) fn is_within_take(&self) -> bool {
        self.missing.is_empty()
    }

    /// Places an opening's first frame on the session's timeline, by its stamps, and begins its take, unless
    /// that is paused. Before it, sound was missing for `cause_before`.
    pub(super) fn start(
        &mut self,
        take: &mut Take,
        stamps: &Stamps,
        cause_before: GapCause,
        clock: &SessionClock,
    ) {
        self.counted = take.timeline() == Timeline::Counted;
        let start = match take.timeline() {
            Timeline::Counted => self.accounted_s,
            Timeline::Clocked => stamps.start_estimate(clock).max(self.accounted_s),
        };
        take.begin(start);
        self.missing.begin(self.accounted_s, cause_before);
        if !self.is_paused(take) {
            self.ensure_take(take);
        }
    }

    /// Whether the next frame lies in a pause.
    fn is_paused(&self, take: &Take) -> bool {
        self.pauses.covers(take.place_s(), take.timeline())
    }

    /// Begins the take that has been waiting for its first sound, and accounts for the time before it.
    fn ensure_take(&mut self, take: &mut Take) {
        let Some(from) = self.missing.since() else { return };
        let start = self.missing.end_s(take.place_s());
        let within = !self.any_take && start - from <= SILENCE_MAX_S;
        if !self.any_take && !within {
            self.outbox.push_back(Item::Rate(take.rate()));
        }
        self.any_take = true;
        let before = if within {
            self.missing.take_lengths(start)
        } else {
            self.outbox.extend(self.missing.take_items(start, &self.pauses));
            Vec::new()
        };
        let offset = if within { from } else { start };
        self.outbox.push_back(Item::TakeStart { format: take.format(), offset });
        take.begin(offset);
        // The first take begins with the session, so that any editor lines the tracks up unaided.
        let mut until = 0.0;
        for (seconds, cause) in before {
            until += seconds;
            let frames = Frames::from_seconds(until, take.rate()).saturating_sub(take.frames());
            self.silence(take, frames, cause);
        }
    }

    /// Moves `frames` frames, which came at `at`, out of the ring: into blocks what is wanted, nowhere what
    /// is paused.
    pub(super) fn sound(&mut self, take: &mut Take, stamps: &mut Stamps, at: MonoNs, frames: Frames) {
        let spans = self.pauses.spans(take.timeline());
        let mut left = frames;
        while left.0 > 0 {
            let place = take.place_s();
            let (paused, until) = pauses::at(place, &spans);
            let room = take.room_until(until, place);
            // Whatever rounding says: one frame at least, so that this ends.
            let part = Frames((room.min(left.0 as f64) as u64).max(1));
            if paused {
                stamps.drop_samples(part);
                self.pause(take, part);
            } else {
                self.ensure_take(take);
                take.settle_held(&mut self.outbox);
                let read = |frames, block: &mut Vec<f32>| stamps.take_samples(frames, block);
                take.take_frames(at, part, read, &mut self.outbox);
            }
            left = left - part;
        }
    }

    /// The next `frames` frames are paused.
    fn pause(&mut self, take: &mut Take, frames: Frames) {
        if !self.is_within_take() {
            self.missing.pause(take.place_s());
            take.pass(frames);
        } else if take.hold(frames, &mut self.outbox) > SILENCE_MAX_S {
            let from = take.end_before_held(&mut self.outbox);
            self.missing.begin(from, GapCause::Paused);
        }
    }

    /// Silence at the current place, by cause.
    pub(super) fn silence(&mut self, take: &mut Take, frames: Frames, cause: GapCause) {
        let rate = take.rate();
        let parts = self.pauses.causes(take.place_s(), frames.seconds(rate), cause);
        let (mut placed, mut seconds, count) = (Frames(0), 0.0, parts.len());
        for (n, (length, part)) in parts.into_iter().enumerate() {
            seconds += length;
            // The last part takes what rounding leaves.
            let until = if n + 1 == count { frames } else { Frames::from_seconds(seconds, rate).min(frames) };
            self.place_silence(take, until.saturating_sub(placed), part);
            placed = until;
        }
        // What found no room in our ring is counted, and so is what a file lacks: nothing is unknown about
        // it. What else is missing is only known as well as stamps tell.
        let is_counted = matches!(cause, GapCause::Overrun | GapCause::Damaged | GapCause::Unrecorded);
        if frames.0 > 0 && !is_counted && self.is_within_take() {
            take.observe_gap();
        }
    }

    /// Missing frames at the current place for one cause.
    fn place_silence(&mut self, take: &mut Take, frames: Frames, cause: GapCause) {
        if frames.0 == 0 {
            return;
        }
        if cause == GapCause::Paused {
            self.pause(take, frames);
        } else if self.is_within_take() {
            take.settle_held(&mut self.outbox);
            take.silence(frames, cause, &mut self.outbox);
        } else {
            self.missing.begin(take.place_s(), cause);
            take.pass(frames);
        }
    }

    /// `frames` are missing at the current place: silence, or the end of the take.
    pub(super) fn gap(&mut self, take: &mut Take, frames: Frames, cause: GapCause) {
        if frames.0 == 0 {
            return;
        }
        let seconds = frames.seconds(take.rate());
        if seconds <= SILENCE_MAX_S || !self.is_within_take() {
            self.silence(take, frames, cause);
            return;
        }
        let from = take.end(&mut self.outbox);
        take.begin(from + seconds);
        self.missing.begin(from, cause);
        if !self.is_paused(take) {
            self.ensure_take(take);
        }
    }

    /// Ends an opening, after whose last stamp these frames were lost.
    pub(super) fn end_opening(&mut self, take: &mut Take, unsaid: Frames) {
        let seconds = unsaid.seconds(take.rate());
        if self.is_within_take() && seconds > SILENCE_MAX_S {
            let from = take.end(&mut self.outbox);
            self.missing.begin(from, GapCause::Overrun);
            self.accounted_s = from + seconds;
            return;
        }
        self.silence(take, unsaid, GapCause::Overrun);
        self.accounted_s = match self.missing.last_s() {
            None => take.end(&mut self.outbox),
            Some(last) => take.place_s().max(last),
        };
    }

    /// After a panic: the take is over where it stands, and what comes next begins another one.
    pub(super) fn break_off(&mut self, take: &mut Take) {
        let end = match self.missing.last_s() {
            None => {
                take.break_off(&mut self.outbox);
                take.end_s()
            }
            Some(last) => take.place_s().max(last),
        };
        self.accounted_s = self.accounted_s.max(end);
    }

    /// Accounts for the time between the last take and the end of the recording.
    pub(super) fn end_timeline(&mut self, status: &DrainStatus) {
        let broken_off = status.broken_off();
        let from = self.accounted_s;
        if let Some(seconds) = broken_off.filter(|_| self.counted) {
            self.outbox.push_back(Item::Absent { from, seconds, cause: GapCause::DeviceLost });
        }
        self.outbox.extend(self.missing.take_items(from, &self.pauses));
        let Some(stop_at) = status.stop_at().filter(|_| !self.counted) else { return };
        let cause = if status.ended() {
            GapCause::Ended
        } else if !self.any_take {
            GapCause::NotStarted
        } else if status.is_lost() {
            GapCause::DeviceLost
        } else {
            GapCause::Stall
        };
        let seconds = (stop_at - from).max(broken_off.unwrap_or(0.0));
        let parts = self.pauses.causes(from, seconds, cause);
        let wanted: f64 = parts.iter().filter(|part| part.1 != GapCause::Paused).map(|part| part.0).sum();
        // A device in good order was stopped a moment before its next delivery: that is not a gap.
        let is_gap = wanted > LATE_S || broken_off.is_some();
        let paused = |item: &Item| matches!(item, Item::Absent { cause: GapCause::Paused, .. });
        self.outbox.extend(absent(from, parts).into_iter().filter(|item| is_gap || paused(item)));
    }
}

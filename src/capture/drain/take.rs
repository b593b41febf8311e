//! The take that goes on: where its frames stand, its clock, the block in hand.
//!
//! Between two takes it says where the next frame would stand. What it hands on goes into an outbox, in
//! order.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{BLOCK_MS, CLOCK_EVERY_S, Item, LATE_S, Opening, Timeline, UNVOUCHED_MAX};
use crate::base::format::DeviceFormat;
use crate::base::units::{Frames, SampleRate};
use crate::capture::rt::SinkMeter;
use crate::clock::MonoNs;
use crate::clock::model::{ClockModel, TakeClock};
use crate::session::manifest::{ClockFit, GapCause};

pub(super) struct Take {
    format: DeviceFormat,
    timeline: Timeline,
    meter: Arc<SinkMeter>,
    model: ClockModel,
    /// Frames placed in the take, silence included.
    frames: Frames,
    block: Vec<f32>,
    /// Sound of this take that nobody has vouched for yet: when it came, from which frame to which.
    unvouched: VecDeque<(MonoNs, Frames, Frames)>,
    foreign_told: bool,
    clock_due: Frames,
    /// Frames at the end of what has been placed that are paused and have not been handed on yet.
    held: Frames,
    /// The clock that pauses go by: as it was known before the burst that is being handed on, of which all is
    /// late but the end.
    placed_by: ClockFit,
}

impl Take {
    pub(super) fn of(opening: &Opening) -> Self {
        let rate = opening.format.rate;
        Self {
            format: opening.format,
            timeline: opening.timeline,
            meter: Arc::clone(&opening.tap.meter),
            model: ClockModel::new(rate),
            frames: Frames(0),
            block: Vec::new(),
            unvouched: VecDeque::new(),
            foreign_told: false,
            clock_due: Frames(0),
            held: Frames(0),
            placed_by: ClockFit::nominal(0.0, rate),
        }
    }

    pub(super) fn format(&self) -> DeviceFormat {
        self.format
    }

    pub(super) fn rate(&self) -> SampleRate {
        self.format.rate
    }

    pub(super) fn timeline(&self) -> Timeline {
        self.timeline
    }

    /// Frames placed so far.
    pub(super) fn frames(&self) -> Frames {
        self.frames
    }

    /// The next frame is the first one of a take that begins at session second `offset`.
    pub(super) fn begin(&mut self, offset: f64) {
        self.model = ClockModel::starting_at(self.format.rate, offset);
        self.placed_by = self.model.line().clone();
        self.frames = Frames(0);
        self.clock_due = Frames(0);
        self.unvouched.clear();
    }

    /// Session second of the next frame as pauses see it: a burst in hand does not move it.
    pub(super) fn place_s(&self) -> f64 {
        self.placed_by.time_of(self.frames)
    }

    /// Session second of the end of what has been placed.
    pub(super) fn end_s(&self) -> f64 {
        self.model.line().time_of(self.frames)
    }

    /// Frames that are due until session second `until`, of a place at `place_s`.
    pub(super) fn room_until(&self, until: f64, place_s: f64) -> f64 {
        ((until - place_s) * self.model.line().rate).ceil()
    }

    /// How late a stamp of session second `at` is, `frames` behind what has been placed, in seconds.
    pub(super) fn deficit(&self, frames: Frames, at: f64) -> f64 {
        at - self.model.line().time_of(self.frames + frames) - self.model.recent_lateness().min(LATE_S)
    }

    /// Frames that the device delivers in `seconds` from here on.
    pub(super) fn frames_in(&self, seconds: f64) -> Frames {
        Frames((seconds * self.model.line().piece_of(self.frames).rate).round() as u64)
    }

    /// What has been placed was delivered by session second `at`; `in_burst` means that the stamp that is on
    /// time is still to come, and there is nothing to learn but how late this one is.
    pub(super) fn observe(&mut self, at: f64, in_burst: bool) {
        if self.timeline == Timeline::Clocked && !(in_burst && self.deficit(Frames(0), at) >= LATE_S) {
            self.model.observe(self.frames, at);
        }
        if !in_burst {
            self.placed_by = self.model.line().clone();
        }
    }

    /// What went missing here is only known as well as stamps tell.
    pub(super) fn observe_gap(&mut self) {
        self.model.gap(self.frames);
    }

    /// Moves `frames` frames, which came at `at`, into blocks. `read` appends frames from the ring and
    /// returns how many.
    pub(super) fn take_frames(
        &mut self,
        at: MonoNs,
        frames: Frames,
        mut read: impl FnMut(Frames, &mut Vec<f32>) -> Frames,
        outbox: &mut VecDeque<Item>,
    ) {
        self.remember(at, frames);
        let channels = usize::from(self.format.channels);
        let block_max = Frames((u64::from(self.format.rate.0) * BLOCK_MS / 1000).max(1));
        let mut left = frames;
        while left.0 > 0 {
            let in_hand = Frames((self.block.len() / channels) as u64);
            let wanted = left.min(block_max.saturating_sub(in_hand).max(Frames(1)));
            let taken = read(wanted, &mut self.block);
            if taken.0 == 0 {
                break;
            }
            left = left - taken;
            self.frames += taken;
            if in_hand + taken >= block_max {
                self.emit_block(outbox);
            }
        }
    }

    /// The next `frames` frames of sound came at `at`; whose sound they are is not known before the next look
    /// at the device.
    fn remember(&mut self, at: MonoNs, frames: Frames) {
        let vouched_at = self.meter.vouched_at();
        while self.unvouched.front().is_some_and(|(at, ..)| *at <= vouched_at) {
            self.unvouched.pop_front();
        }
        if self.timeline == Timeline::Clocked && at > vouched_at && frames.0 > 0 {
            if self.unvouched.len() >= UNVOUCHED_MAX {
                self.unvouched.pop_front();
            }
            self.unvouched.push_back((at, self.frames, self.frames + frames));
        }
    }

    /// Frames pass that are not handed on: what is missing between takes, and what is paused there.
    pub(super) fn pass(&mut self, frames: Frames) {
        self.frames += frames;
    }

    /// Frames pass that are paused: they are held back until it is known whether they are silence or the
    /// take's end. How long that has been going on, in seconds.
    pub(super) fn hold(&mut self, frames: Frames, outbox: &mut VecDeque<Item>) -> f64 {
        if self.held.0 == 0 {
            self.emit_block(outbox);
        }
        self.held += frames;
        self.frames += frames;
        self.held.seconds(self.format.rate)
    }

    /// What is held back becomes silence.
    pub(super) fn settle_held(&mut self, outbox: &mut VecDeque<Item>) {
        let held = std::mem::take(&mut self.held);
        // It has its place already.
        self.frames = self.frames - held;
        self.silence(held, GapCause::Paused, outbox);
    }

    /// Missing frames become silence.
    pub(super) fn silence(&mut self, frames: Frames, cause: GapCause, outbox: &mut VecDeque<Item>) {
        if frames.0 > 0 {
            self.emit_block(outbox);
            self.frames += frames;
            outbox.push_back(Item::Silence { frames, cause });
        }
    }

    /// Hands on the block in hand.
    pub(super) fn emit_block(&mut self, outbox: &mut VecDeque<Item>) {
        let channels = usize::from(self.format.channels);
        assert!(self.block.len().is_multiple_of(channels), "a block holds whole frames");
        if !self.block.is_empty() {
            outbox.push_back(Item::Sound(std::mem::take(&mut self.block)));
        }
    }

    /// Hands on which frames of the take are another device's: what there is as soon as it is known, and what
    /// comes until the device is closed when the take `ends`. Whether there were any.
    pub(super) fn tell_foreign(&mut self, ends: bool, outbox: &mut VecDeque<Item>) -> bool {
        let due = ends || !self.foreign_told;
        if !due || self.unvouched.is_empty() || !self.meter.is_foreign() {
            return false;
        }
        self.foreign_told = true;
        self.emit_block(outbox);
        let vouched_at = self.meter.vouched_at();
        let mut spans: Vec<(Frames, Frames)> = Vec::new();
        for (_, from, to) in self.unvouched.drain(..).filter(|(at, ..)| *at > vouched_at) {
            match spans.last_mut().filter(|(_, end)| *end == from) {
                Some((_, end)) => *end = to,
                None => spans.push((from, to)),
            }
        }
        for (from, to) in &spans {
            outbox.push_back(Item::Foreign { from: *from, frames: *to - *from });
        }
        !spans.is_empty()
    }

    /// Hands on the clock, and what it was measured by, where that is due.
    pub(super) fn tell_clock_when_due(&mut self, outbox: &mut VecDeque<Item>) {
        if self.frames >= self.clock_due {
            self.clock_due = self.frames + Frames(u64::from(self.format.rate.0) * CLOCK_EVERY_S);
            self.emit_block(outbox);
            outbox.push_back(Item::Clock(self.model.line().clone()));
            self.tell_observations(false, outbox);
        }
    }

    fn tell_observations(&mut self, ends: bool, outbox: &mut VecDeque<Item>) {
        let observations = self.model.take_observations(ends);
        if !observations.is_empty() {
            self.emit_block(outbox);
            outbox.push_back(Item::Observed(observations));
        }
    }

    /// Ends the take here and returns the session second of its end.
    pub(super) fn end(&mut self, outbox: &mut VecDeque<Item>) -> f64 {
        self.settle_held(outbox);
        self.emit_block(outbox);
        let end = self.end_s();
        let clock = self.model.finish();
        self.close(clock, self.frames, outbox);
        end
    }

    /// Ends the take where what is held back began, and returns the session second of that.
    pub(super) fn end_before_held(&mut self, outbox: &mut VecDeque<Item>) -> f64 {
        let sound = self.frames - std::mem::take(&mut self.held);
        // What was delivered since then tells of the same clock, but not of this take.
        let mut clock = self.model.finish();
        clock.end_at(sound);
        let from = self.placed_by.time_of(sound);
        self.close(clock, sound, outbox);
        // Nobody asks any more whose sound it is.
        self.unvouched.clear();
        from
    }

    /// Ends the take after `frames`, with what is known of its clock.
    fn close(&mut self, clock: TakeClock, frames: Frames, outbox: &mut VecDeque<Item>) {
        self.tell_foreign(true, outbox);
        let span = clock.span(frames);
        let TakeClock { fit, slips, tail_deficit, .. } = clock;
        outbox.push_back(Item::Clock(fit));
        self.tell_observations(true, outbox);
        outbox.push_back(Item::TakeEnd { slips, tail_deficit, span });
    }

    /// After a panic: ends the take with what was in order, and trusts nothing else of it.
    pub(super) fn break_off(&mut self, outbox: &mut VecDeque<Item>) {
        let channels = usize::from(self.format.channels);
        self.block.truncate(self.block.len() / channels * channels);
        self.settle_held(outbox);
        self.emit_block(outbox);
        outbox.push_back(Item::TakeEnd { slips: Vec::new(), tail_deficit: 0.0, span: None });
    }
}

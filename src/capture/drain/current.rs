//! The opening that is being drained: where its frames stand, and what its stamps say.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use super::{BLOCK_MS, BURST_MS, Item, LATE_S, Opening, SHRINKING_S, Timeline, UNVOUCHED_MAX};
use crate::base::units::Frames;
use crate::capture::rt::Stamp;
use crate::clock::model::ClockModel;
use crate::clock::{MonoNs, SessionClock};
use crate::session::manifest::{ClockFit, GapCause};

pub(super) struct Current {
    pub(super) opening: Opening,
    /// Stamps whose samples are still in the ring.
    pub(super) pending: VecDeque<Stamp>,
    pub(super) model: ClockModel,
    /// Frames placed in the take, silence included.
    pub(super) frames: Frames,
    /// Frames lost in the rings that have been accounted for.
    pub(super) lost_known: u64,
    /// Stamps at the front that were found to be merely late, or decided on.
    pub(super) cleared: usize,
    /// For how long the drain has been looking at a suspect stamp, in milliseconds.
    pub(super) suspect_ms: f64,
    pub(super) started: bool,
    /// A callback was given up in its middle: what follows it in the rings has lost its place.
    pub(super) cut: bool,
    block: Vec<f32>,
    /// Sound of this take that nobody has vouched for yet: when it came, from which frame to which.
    unvouched: VecDeque<(MonoNs, Frames, Frames)>,
    foreign_told: bool,
    pub(super) clock_due: Frames,
    /// Frames at the end of what has been placed that are paused and have not been handed on yet.
    pub(super) paused: Frames,
    /// The clock that pauses go by: as it was known before the burst that is being handed on, of which all is
    /// late but the end.
    pub(super) placed_by: ClockFit,
}

impl Current {
    pub(super) fn new(opening: Opening) -> Self {
        Self {
            model: ClockModel::new(opening.format.rate),
            placed_by: ClockFit::nominal(0.0, opening.format.rate),
            opening,
            pending: VecDeque::new(),
            frames: Frames(0),
            lost_known: 0,
            cleared: 0,
            suspect_ms: 0.0,
            started: false,
            cut: false,
            block: Vec::new(),
            unvouched: VecDeque::new(),
            foreign_told: false,
            clock_due: Frames(0),
            paused: Frames(0),
        }
    }

    pub(super) fn collect(&mut self) {
        while let Ok(stamp) = self.opening.tap.stamps.pop() {
            self.pending.push_back(stamp);
        }
    }

    pub(super) fn producer_gone(&self) -> bool {
        self.opening.tap.samples.is_abandoned() || self.opening.abandoned.load(Ordering::Acquire)
    }

    /// The producer is gone and both rings are empty. The order of the reads matters: gone first.
    pub(super) fn is_over(&self) -> bool {
        self.cut || (self.producer_gone() && self.pending.is_empty() && self.opening.tap.stamps.is_empty())
    }

    /// Whether the first stamps, collected for `after_ms`, can tell where the opening starts.
    pub(super) fn settled(&self, now: MonoNs, after_ms: u64) -> bool {
        self.opening.timeline == Timeline::Counted
            || self.producer_gone()
            || self.pending.front().is_some_and(|first| now >= first.at.plus_ms(after_ms))
    }

    /// Frames that the device had delivered after each pending stamp, the lost ones included, since what has
    /// been placed.
    fn delivered(&self) -> impl Iterator<Item = (Frames, MonoNs)> {
        let mut pushed = 0;
        self.pending.iter().map(move |stamp| {
            pushed += u64::from(stamp.pushed);
            // The running total also holds what was lost between two stamps, when there was no room for one.
            (Frames(pushed + stamp.lost_after.saturating_sub(self.lost_known)), stamp.at)
        })
    }

    /// Session second of the opening's first frame: the least late of the first stamps tells.
    pub(super) fn start_estimate(&self, clock: &SessionClock) -> f64 {
        let rate = self.opening.format.rate;
        let starts = self.delivered().map(|(frames, at)| clock.seconds_of(at) - frames.seconds(rate));
        starts.fold(f64::INFINITY, f64::min).max(0.0)
    }

    pub(super) fn take_begins(&mut self, offset: f64) {
        self.model = ClockModel::starting_at(self.opening.format.rate, offset);
        self.placed_by = self.fit();
        self.frames = Frames(0);
        self.clock_due = Frames(0);
        self.unvouched.clear();
    }

    /// The take is over: its sound is nobody's matter any more.
    pub(super) fn forget_unvouched(&mut self) {
        self.unvouched.clear();
    }

    /// The next `frames` frames of sound came at `at`; whose sound they are is not known before the next look
    /// at the device.
    pub(super) fn remember(&mut self, at: MonoNs, frames: Frames) {
        let vouched_at = self.opening.tap.meter.vouched_at();
        while self.unvouched.front().is_some_and(|(at, ..)| *at <= vouched_at) {
            self.unvouched.pop_front();
        }
        if self.opening.timeline == Timeline::Clocked && at > vouched_at && frames.0 > 0 {
            if self.unvouched.len() >= UNVOUCHED_MAX {
                self.unvouched.pop_front();
            }
            self.unvouched.push_back((at, self.frames, self.frames + frames));
        }
    }

    /// Hands on which frames of the take are another device's: what there is as soon as it is known, and what
    /// comes until the device is closed when the take ends. Whether there were any.
    pub(super) fn tell_foreign(&mut self, ends: bool, outbox: &mut VecDeque<Item>) -> bool {
        let due = ends || !self.foreign_told;
        if !due || self.unvouched.is_empty() || !self.opening.tap.meter.is_foreign() {
            return false;
        }
        self.foreign_told = true;
        self.emit_block(outbox);
        let vouched_at = self.opening.tap.meter.vouched_at();
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

    /// How late each pending stamp is, in seconds, against the fitted clock and what it was last seen to be
    /// off.
    pub(super) fn deficits(&self, clock: &SessionClock) -> Vec<f64> {
        self.delivered().map(|(frames, at)| self.deficit(frames, clock.seconds_of(at))).collect()
    }

    /// The same of a stamp of session second `at`, `frames` behind what has been placed.
    pub(super) fn deficit(&self, frames: Frames, at: f64) -> f64 {
        at - self.model.line().time_of(self.frames + frames) - self.model.recent_lateness().min(LATE_S)
    }

    /// For how long deliveries have come without a pause longer than `pause_ms`, in milliseconds. A burst
    /// ends a pause; how late its last frame is nobody knows before the next delivery.
    pub(super) fn steady_ms(&self, pause_ms: f64) -> f64 {
        let mut steady = 0.0;
        for (before, after) in self.pending.iter().zip(self.pending.iter().skip(1)) {
            let pause = after.at.seconds_since(before.at) * 1e3;
            steady = if pause > pause_ms { 0.0 } else { steady + pause };
        }
        steady
    }

    /// Whether the last deliveries came in a burst that was still catching up: clearly less late than all
    /// before it.
    pub(super) fn ends_in_burst(&self, deficits: &[f64], smallest: f64) -> bool {
        let Some((last, first)) = self.pending.back().zip(deficits.first()) else { return false };
        let in_burst = |stamp: &Stamp| last.at.seconds_since(stamp.at) * 1e3 <= BURST_MS;
        if self.pending.iter().rev().nth(1).is_none_or(|stamp| !in_burst(stamp)) {
            return false;
        }
        let before = self.pending.iter().zip(deficits).filter(|(stamp, _)| !in_burst(stamp));
        let before = before.map(|(_, late)| *late).reduce(f64::min).unwrap_or(*first);
        before - smallest > SHRINKING_S.max(before / 4.0)
    }

    pub(super) fn silence(&mut self, frames: Frames, cause: GapCause, outbox: &mut VecDeque<Item>) {
        if frames.0 > 0 {
            self.emit_block(outbox);
            self.frames += frames;
            outbox.push_back(Item::Silence { frames, cause });
        }
    }

    /// Moves `frames` frames from the ring into blocks.
    pub(super) fn take_frames(&mut self, frames: Frames, outbox: &mut VecDeque<Item>) {
        let channels = usize::from(self.opening.format.channels);
        let block_max = (u64::from(self.opening.format.rate.0) * BLOCK_MS / 1000).max(1) as usize * channels;
        let mut left = frames.0 as usize * channels;
        while left > 0 {
            let n = left.min(block_max.saturating_sub(self.block.len()).max(channels));
            let Ok(chunk) = self.opening.tap.samples.read_chunk(n) else { break };
            let (a, b) = chunk.as_slices();
            self.block.extend_from_slice(a);
            self.block.extend_from_slice(b);
            chunk.commit_all();
            left -= n;
            self.frames += Frames((n / channels) as u64);
            if self.block.len() >= block_max {
                self.emit_block(outbox);
            }
        }
    }

    /// Takes `frames` frames out of the ring that nobody wants.
    pub(super) fn drop_frames(&mut self, frames: Frames) {
        let samples = frames.0 as usize * usize::from(self.opening.format.channels);
        if let Ok(chunk) = self.opening.tap.samples.read_chunk(samples) {
            chunk.commit_all();
        }
    }

    pub(super) fn emit_block(&mut self, outbox: &mut VecDeque<Item>) {
        if !self.block.is_empty() {
            outbox.push_back(Item::Sound(std::mem::take(&mut self.block)));
        }
    }

    /// Hands on what the clock was measured by.
    pub(super) fn tell_observations(&mut self, ends: bool, outbox: &mut VecDeque<Item>) {
        let observations = self.model.take_observations(ends);
        if !observations.is_empty() {
            self.emit_block(outbox);
            outbox.push_back(Item::Observed(observations));
        }
    }

    pub(super) fn fit(&self) -> ClockFit {
        self.model.line().clone()
    }

    /// The same as pauses see it: a burst in hand does not move it.
    pub(super) fn place_s(&self) -> f64 {
        self.placed_by.time_of(self.frames)
    }

    /// Session second of the end of what has been placed.
    pub(super) fn end_s(&self) -> f64 {
        self.model.line().time_of(self.frames)
    }
}

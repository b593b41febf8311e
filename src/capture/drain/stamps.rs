//! The far ends of one opening's rings, and what its stamps say of sound that is late or missing.
//!
//! A stamp stays here until its samples have been placed. How it is decided whether sound is missing stands
//! in the module above; here it is a function of the stamps and of the take's clock.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use super::take::Take;
use super::{BURST_MS, LATE_S, Opening, PATIENCE_MS, PAUSE_PERIODS, SHRINKING_S, Timeline};
use crate::base::units::Frames;
use crate::capture::rt::Stamp;
use crate::clock::{MonoNs, SessionClock};

pub(super) struct Stamps {
    opening: Opening,
    /// Stamps whose samples are still in the ring.
    pending: VecDeque<Stamp>,
    /// Frames of the first one that have left the ring.
    taken: Frames,
    /// Frames lost in the rings that have been accounted for.
    lost_known: u64,
    /// Stamps at the front that were found to be merely late, or decided on.
    cleared: usize,
    /// For how long the drain has been looking at a suspect stamp, in milliseconds.
    suspect_ms: f64,
    /// A callback was given up in its middle: what follows it in the rings has lost its place.
    cut: bool,
}

/// What may happen to the front stamp.
pub(super) enum Verdict {
    Wait,
    /// It may be placed.
    Forward,
    /// So may it, but these frames are missing before it.
    Missing(Frames),
}

/// The front stamp with its samples.
pub(super) struct Front {
    pub(super) stamp: Stamp,
    /// Frames of it that are in the ring.
    pub(super) present: Frames,
    /// Frames that its callback had announced and never delivered.
    pub(super) cut_off: Frames,
}

impl Stamps {
    pub(super) fn new(opening: Opening) -> Self {
        Self {
            opening,
            pending: VecDeque::new(),
            taken: Frames(0),
            lost_known: 0,
            cleared: 0,
            suspect_ms: 0.0,
            cut: false,
        }
    }

    pub(super) fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Stamps whose samples are still in the ring.
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    fn channels(&self) -> usize {
        usize::from(self.opening.format.channels)
    }

    /// Takes what the callback has left since the last time.
    pub(super) fn collect(&mut self) {
        while let Ok(stamp) = self.opening.tap.stamps.pop() {
            self.pending.push_back(stamp);
        }
    }

    fn producer_gone(&self) -> bool {
        self.opening.tap.samples.is_abandoned() || self.opening.abandoned.load(Ordering::Acquire)
    }

    /// The producer is gone and both rings are empty. The order of the reads matters: gone first.
    pub(super) fn is_over(&self) -> bool {
        self.cut || (self.producer_gone() && self.pending.is_empty() && self.opening.tap.stamps.is_empty())
    }

    /// Whether the first stamps, collected for `after_ms`, can tell where the opening starts.
    pub(super) fn can_start(&self, now: MonoNs, after_ms: u64) -> bool {
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

    /// Session second of the first pending frame: the least late of the stamps tells.
    pub(super) fn start_estimate(&self, clock: &SessionClock) -> f64 {
        let rate = self.opening.format.rate;
        let starts = self.delivered().map(|(frames, at)| clock.seconds_of(at) - frames.seconds(rate));
        starts.fold(f64::INFINITY, f64::min).max(0.0)
    }

    /// The drain looks again after `ms`.
    pub(super) fn waited(&mut self, ms: f64) {
        if self.pending.len() > self.cleared {
            self.suspect_ms += ms;
        }
    }

    /// Whether the front stamp may be placed now. A deficit that has lasted `hold_ms` is missing sound.
    pub(super) fn verdict(&mut self, take: &Take, clock: &SessionClock, hold_ms: u64) -> Verdict {
        if self.pending.is_empty() {
            return Verdict::Wait;
        }
        if self.cleared > 0 || self.opening.timeline == Timeline::Counted {
            return Verdict::Forward;
        }
        // How late each stamp is, in seconds, against the fitted clock and what it was last seen to be off.
        let deficits: Vec<f64> =
            self.delivered().map(|(frames, at)| take.deficit(frames, clock.seconds_of(at))).collect();
        if let Some(on_time) = deficits.iter().rposition(|late| *late < LATE_S) {
            // Everything up to a stamp that is on time was merely late.
            self.cleared = on_time + 1;
            self.suspect_ms = 0.0;
            return Verdict::Forward;
        }
        let least = |deficits: &[f64]| deficits.iter().copied().fold(f64::INFINITY, f64::min);
        let (smallest, early) = (least(&deficits), least(&deficits[..deficits.len().div_ceil(2)]));
        let gone = self.producer_gone();
        let hold = hold_ms as f64;
        let patient = self.suspect_ms < (4.0 * hold).max(PATIENCE_MS);
        let steady = self.steady_ms(PAUSE_PERIODS * hold);
        if gone && self.ends_in_burst(&deficits, smallest) {
            // It ended in the middle of a burst: what had come was late, what had not is missing after it.
            self.cleared = self.pending.len();
            return Verdict::Forward;
        }
        let waiting = steady < hold || (early - smallest > SHRINKING_S && steady < 4.0 * hold);
        if waiting && patient && !gone {
            return Verdict::Wait;
        }
        self.suspect_ms = 0.0;
        // Up to the last stamp that is on time again; if more went missing after it, that is another gap.
        let on_time = deficits.iter().rposition(|late| *late - smallest < LATE_S).unwrap_or(0);
        self.cleared = on_time + 1;
        Verdict::Missing(take.frames_in(smallest))
    }

    /// For how long deliveries have come without a pause longer than `pause_ms`, in milliseconds. A burst
    /// ends a pause; how late its last frame is nobody knows before the next delivery.
    fn steady_ms(&self, pause_ms: f64) -> f64 {
        let mut steady = 0.0;
        for (before, after) in self.pending.iter().zip(self.pending.iter().skip(1)) {
            let pause = after.at.seconds_since(before.at) * 1e3;
            steady = if pause > pause_ms { 0.0 } else { steady + pause };
        }
        steady
    }

    /// Whether the last deliveries came in a burst that was still catching up: clearly less late than all
    /// before it.
    fn ends_in_burst(&self, deficits: &[f64], smallest: f64) -> bool {
        let Some((last, first)) = self.pending.back().zip(deficits.first()) else { return false };
        let in_burst = |stamp: &Stamp| last.at.seconds_since(stamp.at) * 1e3 <= BURST_MS;
        if self.pending.iter().rev().nth(1).is_none_or(|stamp| !in_burst(stamp)) {
            return false;
        }
        let before = self.pending.iter().zip(deficits).filter(|(stamp, _)| !in_burst(stamp));
        let before = before.map(|(_, late)| *late).reduce(f64::min).unwrap_or(*first);
        before - smallest > SHRINKING_S.max(before / 4.0)
    }

    /// The front stamp, once its samples are there; `None` while they are still being copied into the ring.
    pub(super) fn front(&self) -> Option<Front> {
        let stamp = self.pending.front().copied()?;
        let wanted = Frames(u64::from(stamp.pushed));
        // Gone first: what is in the ring after that is all there will be.
        let gone = self.producer_gone();
        let present = Frames((self.opening.tap.samples.slots() / self.channels()) as u64).min(wanted);
        let cut_off = wanted - present;
        (gone || cut_off.0 == 0).then_some(Front { stamp, present, cut_off })
    }

    /// Moves frames of the front stamp from the ring to the end of `block`; how many.
    pub(super) fn take_samples(&mut self, frames: Frames, block: &mut Vec<f32>) -> Frames {
        let samples = frames.0 as usize * self.channels();
        let Ok(chunk) = self.opening.tap.samples.read_chunk(samples) else { return Frames(0) };
        let (a, b) = chunk.as_slices();
        block.extend_from_slice(a);
        block.extend_from_slice(b);
        chunk.commit_all();
        self.taken += frames;
        frames
    }

    /// Takes frames of the front stamp out of the ring that nobody wants.
    pub(super) fn drop_samples(&mut self, frames: Frames) {
        let samples = frames.0 as usize * self.channels();
        if let Ok(chunk) = self.opening.tap.samples.read_chunk(samples) {
            chunk.commit_all();
            self.taken += frames;
        }
    }

    /// What the callback counted as lost up to `total` and is not accounted for: from now on it is.
    pub(super) fn newly_lost(&mut self, total: u64) -> Frames {
        let frames = Frames(total.saturating_sub(self.lost_known));
        self.lost_known += frames.0;
        frames
    }

    /// The same of all that was lost so far, after the last stamp too: there was no room for another one.
    pub(super) fn lost_unsaid(&mut self) -> Frames {
        self.newly_lost(self.opening.tap.meter.lost())
    }

    /// The front stamp has been placed; `cut` means that its callback died in its middle. Whether another one
    /// of its burst follows.
    pub(super) fn pop(&mut self, cut: bool) -> bool {
        self.pending.pop_front();
        self.taken = Frames(0);
        self.cut |= cut;
        self.cleared = self.cleared.saturating_sub(1);
        self.cleared > 0
    }

    /// After a panic: what was in hand is given up, and the rings are where the next stamp begins.
    pub(super) fn give_up_front(&mut self) {
        if let Some(stamp) = self.pending.front() {
            let rest = Frames(u64::from(stamp.pushed)).saturating_sub(self.taken);
            let present = Frames((self.opening.tap.samples.slots() / self.channels()) as u64);
            let cut = rest > present;
            self.drop_samples(rest.min(present));
            self.pop(cut);
        }
        self.cleared = 0;
        self.suspect_ms = 0.0;
    }
}

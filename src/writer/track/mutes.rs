//! A track that is muted: its frames go on, as exact silence, and what had been said in them is nowhere.
//!
//! To the frame by the take's clock. What is missing while it is muted was not wanted, whatever else would
//! have been the cause; what is paused, or after a source's end, keeps its cause. The journal is told of what
//! was muted when that ends and with each commit, not with each block.

use std::sync::Arc;

use super::{Report, Track};
use crate::base::units::Frames;
use crate::clock::pauses;
use crate::session::journal::Event;
use crate::session::manifest::{ClockFit, GapCause};
use crate::writer::device_take::DeviceTake;

/// What of the device's take was muted.
#[derive(Default)]
pub(super) struct Mutes {
    /// Frames of the device's take from … to, in order.
    ranges: Vec<(Frames, Frames)>,
    /// What the journal has not been told of.
    untold: Option<Untold>,
}

struct Untold {
    /// Take and frame of the file, if it is in one.
    place: Option<(u32, Frames)>,
    /// Session second.
    at: f64,
    frames: Frames,
}

impl Mutes {
    /// Frames that are muted and not in the ledger yet.
    pub(super) fn untold(&self) -> Frames {
        self.untold.as_ref().map_or(Frames(0), |untold| untold.frames)
    }

    fn add(&mut self, from: Frames, to: Frames) {
        match self.ranges.last_mut().filter(|(_, end)| *end == from) {
            Some((_, end)) => *end = to,
            None => self.ranges.push((from, to)),
        }
    }

    /// Parts of frames `from` to `to` that were not muted.
    pub(super) fn without(&self, from: Frames, to: Frames) -> Vec<(Frames, Frames)> {
        let (mut parts, mut at) = (Vec::new(), from);
        for (begun, over) in self.ranges.iter().filter(|(begun, over)| *begun < to && *over > from) {
            if *begun > at {
                parts.push((at, *begun));
            }
            at = at.max(*over);
        }
        if at < to {
            parts.push((at, to));
        }
        parts
    }
}

impl Track {
    /// The session seconds in which it is muted.
    fn muted(&self) -> Vec<(f64, f64)> {
        self.plan.shared.mutes().spans()
    }

    /// Whether it is muted at session second `at`.
    pub(in crate::writer) fn is_muted(&self, at: f64) -> bool {
        pauses::at(at, &self.muted()).0
    }

    /// Parts of what this track has not dealt with of the take so far: each one's end, and whether it is
    /// muted.
    pub(super) fn parts(&self, take: &DeviceTake) -> Vec<(Frames, bool)> {
        frames_of(self.seen, take.frames, &take.clock, &self.muted())
    }

    /// Puts silence in the place of frames up to `end`.
    pub(super) fn write_muted(&mut self, end: Frames, take: &DeviceTake) -> Vec<Report> {
        let (from, frames) = (self.seen, end.saturating_sub(self.seen));
        // Without a file what was not muted ends here.
        let unwritten = if self.file.is_none() { self.count_unwritten() } else { None };
        self.seen = end;
        self.mutes.add(from, end);
        match &mut self.mutes.untold {
            Some(untold) => untold.frames += frames,
            None => {
                let (place, at) = (self.place_of(from), take.clock.time_of(from));
                self.mutes.untold = Some(Untold { place, at, frames });
            }
        }
        let mut reports: Vec<Report> = unwritten.map(Report::Line).into_iter().collect();
        reports.extend(self.write_silence(frames, take));
        reports
    }

    /// Counts as a gap what was muted since that was last done.
    pub(in crate::writer) fn count_muted(&mut self) -> Option<Event> {
        let Untold { place, at, frames } = self.mutes.untold.take()?;
        Some(self.gap(place, at, frames, GapCause::Muted))
    }

    /// Counts a gap of `frames` from session second `at` on, by what was muted of it. `first` is its first
    /// frame in the device's take, if it lies in one.
    pub(super) fn gaps(
        &mut self,
        first: Option<Frames>,
        at: f64,
        frames: Frames,
        cause: GapCause,
    ) -> Vec<Event> {
        let mut lines: Vec<Event> = self.count_muted().into_iter().collect();
        let rate = self.ledger.rate();
        let parts = pauses::muted(at, frames.seconds(rate), cause, &self.muted());
        let (mut placed, mut seconds, count) = (Frames(0), 0.0, parts.len());
        for (n, (length, cause)) in parts.into_iter().enumerate() {
            let from = at + seconds;
            seconds += length;
            // The last part takes what rounding leaves.
            let until = if n + 1 == count { frames } else { Frames::from_seconds(seconds, rate).min(frames) };
            let part = until.saturating_sub(placed);
            if part.0 > 0 {
                let place = first.and_then(|first| self.place_of(first + placed));
                lines.push(self.gap(place, from, part, cause));
            }
            placed = until;
        }
        lines
    }

    /// Frames of the device's take turn out to be another device's sound: those that stand in the current
    /// file stay there and count as missing from now on. Where it was muted stands silence of ours.
    pub(in crate::writer) fn mark_foreign(
        &mut self,
        from: Frames,
        frames: Frames,
        take: &DeviceTake,
    ) -> Vec<Event> {
        let Some(shared) = self.file.as_ref().map(|file| Arc::clone(file.shared())) else {
            return Vec::new();
        };
        let (from, to) = (from.max(self.base), (from + frames).min(self.seen));
        let parts = self.mutes.without(from, to);
        let mark = |(from, to): (Frames, Frames)| {
            shared.add_foreign(from - self.base, to - self.base);
            self.ledger.take_back(to - from);
            self.gap(self.place_of(from), take.clock.time_of(from), to - from, GapCause::Foreign)
        };
        parts.into_iter().map(mark).collect()
    }
}

/// Parts of the frames `from` to `to`, each by its end, and whether it lies in one of these spans of session
/// seconds.
fn frames_of(from: Frames, to: Frames, clock: &ClockFit, spans: &[(f64, f64)]) -> Vec<(Frames, bool)> {
    let frames = to.saturating_sub(from).0;
    if spans.is_empty() || frames == 0 {
        return vec![(to, false)];
    }
    let begin = clock.time_of(from);
    let per_second = frames as f64 / (clock.time_of(to) - begin).max(f64::MIN_POSITIVE);
    let (mut parts, mut at) = (Vec::new(), 0);
    while at < frames {
        let (within, until) = pauses::at(begin + at as f64 / per_second, spans);
        // The first frame that does not stand before that moment; one at least, so that this ends.
        let end = ((until - begin) * per_second).ceil().clamp(0.0, frames as f64) as u64;
        at = end.max(at + 1);
        parts.push((from + Frames(at), within));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::SampleRate;

    #[test]
    fn a_block_is_parted_at_the_frame() {
        let clock = ClockFit::nominal(2.0, SampleRate(1_000));
        let parts = |spans: &[(f64, f64)]| frames_of(Frames(100), Frames(200), &clock, spans);
        let of = |parts: &[(u64, bool)]| -> Vec<(Frames, bool)> {
            parts.iter().map(|(end, muted)| (Frames(*end), *muted)).collect()
        };
        assert_eq!(parts(&[]), of(&[(200, false)]));
        assert_eq!(parts(&[(2.1505, 2.1605)]), of(&[(151, false), (161, true), (200, false)]));
        assert_eq!(parts(&[(0.0, f64::INFINITY)]), of(&[(200, true)]));
        assert_eq!(parts(&[(0.0, 2.05), (2.2, 9.0)]), of(&[(200, false)]));
        assert_eq!(parts(&[(2.0, 2.1205), (2.1305, 3.0)]), of(&[(121, true), (131, false), (200, true)]));
    }

    #[test]
    fn what_was_muted_is_cut_out() {
        let mut mutes = Mutes::default();
        mutes.add(Frames(10), Frames(20));
        mutes.add(Frames(20), Frames(25));
        mutes.add(Frames(40), Frames(50));
        let without = |from, to| -> Vec<(u64, u64)> {
            mutes.without(Frames(from), Frames(to)).iter().map(|(from, to)| (from.0, to.0)).collect()
        };
        assert_eq!(without(0, 60), [(0, 10), (25, 40), (50, 60)]);
        assert_eq!(without(12, 22), []);
        assert_eq!(without(15, 45), [(25, 40)]);
    }
}

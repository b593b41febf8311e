//! Pauses: what of the sound is kept, what becomes of the time in which nothing is.

use super::{Current, Drain, SILENCE_MAX_S, Timeline};
use crate::base::units::Frames;
use crate::clock::{MonoNs, pauses, sleep};
use crate::session::manifest::GapCause;

impl Drain {
    /// Whether the place that the drain has reached lies in a pause.
    pub(super) fn is_paused(&self, current: &Current) -> bool {
        current.opening.timeline == Timeline::Clocked
            && pauses::at(current.place_s(), &self.clock.pauses().spans()).0
    }

    /// Parts of a gap by cause: what was paused, what the machine slept through, the rest.
    pub(super) fn causes(&self, mut from: f64, seconds: f64, cause: GapCause) -> Vec<(f64, GapCause)> {
        let slept = self.clock.slept();
        let mut causes = Vec::new();
        for (seconds, cause) in pauses::parts(from, seconds, cause, &self.clock.pauses().spans()) {
            match cause {
                GapCause::Paused => causes.push((seconds, cause)),
                cause => causes.extend(sleep::parts(from, seconds, cause, &slept)),
            }
            from += seconds;
        }
        causes
    }

    /// Moves `frames` frames, which came at `at`, out of the ring: into blocks what is wanted, nowhere what
    /// is paused.
    pub(super) fn take_frames(&mut self, current: &mut Current, at: MonoNs, frames: Frames) {
        let pauses = match current.opening.timeline {
            Timeline::Clocked => self.clock.pauses().spans(),
            Timeline::Counted => Vec::new(),
        };
        let mut left = frames;
        while left.0 > 0 {
            let place = current.place_s();
            let (paused, until) = pauses::at(place, &pauses);
            let room = ((until - place) * current.model.line().rate).ceil();
            // Whatever rounding says: one frame at least, so that this ends.
            let part = Frames((room.min(left.0 as f64) as u64).max(1));
            if paused {
                current.drop_frames(part);
                self.pause(current, part);
            } else {
                self.ensure_take(current);
                self.settle_pause(current);
                current.remember(at, part);
                current.take_frames(part, &mut self.outbox);
            }
            left = left - part;
        }
    }

    /// Missing frames at the current place for one cause.
    pub(super) fn place_silence(&mut self, current: &mut Current, frames: Frames, cause: GapCause) {
        if frames.0 == 0 {
            return;
        }
        if cause == GapCause::Paused {
            self.pause(current, frames);
        } else if self.missing.is_empty() {
            self.settle_pause(current);
            current.silence(frames, cause, &mut self.outbox);
        } else {
            self.missing.push((current.place_s(), cause));
            current.frames += frames;
        }
    }

    /// The next `frames` frames are paused. They are held back until it is known whether they are silence or
    /// the take's end.
    fn pause(&mut self, current: &mut Current, frames: Frames) {
        if let Some((_, cause)) = self.missing.last() {
            // There was sound again, though nobody wanted it: whatever had been the cause before is over.
            if *cause != GapCause::Paused {
                self.missing.push((current.place_s(), GapCause::Paused));
            }
            current.frames += frames;
            return;
        }
        if current.paused.0 == 0 {
            current.emit_block(&mut self.outbox);
        }
        current.paused += frames;
        current.frames += frames;
        if current.paused.seconds(current.opening.format.rate) <= SILENCE_MAX_S {
            return;
        }
        let sound = current.frames - std::mem::take(&mut current.paused);
        // What was delivered since then tells of the same clock, but not of this take.
        let mut clock = current.model.finish();
        clock.end_at(sound);
        let from = current.placed_by.time_of(sound);
        self.close_take(current, clock, sound);
        current.forget_unvouched();
        self.missing.push((from, GapCause::Paused));
    }

    /// What is held back as paused becomes silence.
    pub(super) fn settle_pause(&mut self, current: &mut Current) {
        let frames = std::mem::take(&mut current.paused);
        if frames.0 > 0 {
            // It has its place already.
            current.frames = current.frames - frames;
            current.silence(frames, GapCause::Paused, &mut self.outbox);
        }
    }
}

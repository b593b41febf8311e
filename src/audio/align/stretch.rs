//! The parts of a take that are one sound each, and where they lie on session time. Pure; no sound is
//! touched.

use std::ops::Range;
use std::sync::Arc;

use crate::base::units::{Frames, SampleRate};

/// Furthest that a measured rate may be from the nominal one. No device is; a map that says so is damaged.
const CLOCK_MAX: f64 = 0.02;
/// Pieces of a map that lie further apart than this (in seconds) are apart: there is silence between them.
/// What is less is the uncertainty of the map; it is caught up by speed.
const JUMP_S: f64 = 0.001;
/// A stretch is copied if no frame is put further off by that than this, in frames (here: 21 µs).
const COPY_WITHIN: f64 = 1.0;

/// A part of a take on which its clock is a line: frame `from + n` begins at session second `at + n / rate`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapPiece {
    /// Its first frame.
    pub from: Frames,
    /// Session second at which that one begins.
    pub at: f64,
    /// Measured frames per second of session time.
    pub rate: f64,
}

impl MapPiece {
    /// Session second of a place in the take, as this piece has it.
    pub(super) fn time_of(&self, frame: f64) -> f64 {
        self.at + (frame - self.from.0 as f64) / self.rate
    }

    /// The place in the take at a session second, as this piece has it.
    fn place_at(&self, at: f64) -> f64 {
        self.from.0 as f64 + (at - self.at) * self.rate
    }
}

/// A part of a take that is one sound without a break.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    pub(super) from: Frames,
    pub(super) to: Frames,
    /// At least one, in order; the first begins at `from` or before. Shared, since a take may have many
    /// stretches.
    pieces: Arc<[MapPiece]>,
}

/// The stretches of a take of `frames` frames, in order. `pieces` are its clock, in order, the first from
/// frame 0; `left_out` (in order) is not heard.
pub fn stretches(pieces: &[MapPiece], frames: Frames, left_out: &[(Frames, Frames)]) -> Vec<Stretch> {
    let mut all = Vec::new();
    let mut run: Vec<MapPiece> = Vec::new();
    let joins =
        |last: &MapPiece, next: &MapPiece| (next.at - last.time_of(next.from.0 as f64)).abs() < JUMP_S;
    let begins = pieces.iter().filter(|piece| piece.from < frames);
    let mut close = |run: &mut Vec<MapPiece>, end: Frames| {
        let Some(first) = run.first() else { return };
        let (mut from, pieces) = (first.from, Arc::<[MapPiece]>::from(run.as_slice()));
        for &(a, b) in left_out.iter().chain([&(end, end)]) {
            let to = a.clamp(from, end);
            if to > from {
                all.push(Stretch { from, to, pieces: pieces.clone() });
            }
            from = b.clamp(from, end);
        }
        run.clear();
    };
    for piece in begins {
        if run.last().is_some_and(|last| !joins(last, piece)) {
            close(&mut run, piece.from);
        }
        run.push(*piece);
    }
    close(&mut run, frames);
    all
}

impl Stretch {
    /// The place in the take at a session second; outside of the stretch its clock goes on.
    pub(super) fn place_at(&self, at: f64) -> f64 {
        self.piece_at(at).place_at(at)
    }

    pub(super) fn piece_at(&self, at: f64) -> &MapPiece {
        let after = self.pieces.partition_point(|piece| piece.at <= at);
        &self.pieces[after.saturating_sub(1)]
    }

    pub(super) fn time_of(&self, frame: Frames) -> f64 {
        let after = self.pieces.partition_point(|piece| piece.from <= frame);
        self.pieces[after.saturating_sub(1)].time_of(frame.0 as f64)
    }

    /// The first piece whose rate no device at `nominal` has.
    pub fn impossible(&self, nominal: SampleRate) -> Option<&MapPiece> {
        let share = |piece: &MapPiece| piece.rate / f64::from(nominal.0) - 1.0;
        self.pieces.iter().find(|piece| share(piece).abs() > CLOCK_MAX)
    }

    /// Where the stretch of a take at `from` lies at `to`, from session second 0 on.
    pub fn place(self, from: SampleRate, to: SampleRate) -> Placed {
        let frame = |at: f64| (at * f64::from(to.0)).ceil().max(0.0) as u64;
        let shift = if from == to { self.shift(to) } else { None };
        let out = match shift {
            Some(shift) => {
                let frame = |f: Frames| (f.0 as i64).saturating_sub(shift).max(0) as u64;
                frame(self.from)..frame(self.to)
            }
            None => frame(self.time_of(self.from))..frame(self.end()),
        };
        Placed { stretch: self, shift, out, to }
    }

    /// Session second at which the last frame ends.
    fn end(&self) -> f64 {
        let last = self.pieces.partition_point(|piece| piece.from < self.to).max(1) - 1;
        self.pieces[last].time_of(self.to.0 as f64)
    }

    /// By how many frames the take's positions are ahead of those of the output, if that is one number all
    /// along.
    fn shift(&self, to: SampleRate) -> Option<i64> {
        let rate = f64::from(to.0);
        let ahead = |frame: Frames| frame.0 as f64 - self.time_of(frame) * rate;
        let bends =
            self.pieces.iter().map(|piece| piece.from).filter(|bend| (self.from..self.to).contains(bend));
        let inner = [self.from].into_iter().chain(bends).map(ahead);
        let (low, high) = inner
            .chain([self.to.0 as f64 - self.end() * rate])
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        (high - low <= COPY_WITHIN).then(|| ((low + high) / 2.0).round() as i64)
    }
}

/// A stretch and the frames that it becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    pub(super) stretch: Stretch,
    /// Some: it is copied; the take's frame `k + shift` is frame `k`.
    pub(super) shift: Option<i64>,
    /// Frames of the output, from session second 0.
    pub out: Range<u64>,
    pub(super) to: SampleRate,
}

impl Placed {
    /// Whether its samples come out as they are.
    pub fn is_copied(&self) -> bool {
        self.shift.is_some()
    }
}

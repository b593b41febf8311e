//! Frames of a take against session time: one map, which everything that turns a frame into a time asks.
//!
//! It is a list of pieces, in order. Within a piece time runs on evenly; a new piece begins after sound went
//! missing (how much did is only known as well as stamps tell) and where the device's rate changed for good.
//! Most takes have one.

use serde::{Deserialize, Serialize};

use crate::base::units::{Frames, SampleRate};

/// Most pieces that a take may have: one a minute for a whole day, and half as many again.
pub const PIECES_MAX: usize = 2_048;

/// A stretch of a take on which the clock is a line: frame `from + n` begins at session second `at + n /
/// rate`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClockPiece {
    /// Its first frame.
    pub from: Frames,
    /// Session second at which that one begins.
    pub at: f64,
    /// Measured frames per second of session time.
    pub rate: f64,
}

impl ClockPiece {
    /// Session seconds of a frame's start, as this piece has it; also before its beginning and after its end.
    pub fn time_of(&self, frame: Frames) -> f64 {
        self.at + (frame.0 as f64 - self.from.0 as f64) / self.rate
    }
}

/// The clock of a take: the map, and how well it is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClockFit {
    /// Session seconds of frame 0.
    pub offset: f64,
    /// Measured frames per second of session time, over the whole take.
    pub rate: f64,
    /// That against the nominal rate, in parts per million.
    pub ppm: f64,
    /// How far observations lie from the map, in milliseconds (median of the lower envelope's distance).
    pub residual_ms: f64,
    /// Observations that went into the fit; 0: nominal rate, no measurement.
    pub points: u64,
    /// The pieces in order, the first one from frame 0; empty means one piece, `offset + frame / rate`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<ClockPiece>,
}

impl ClockFit {
    /// A line at the nominal rate, before anything was measured.
    pub fn nominal(offset: f64, rate: SampleRate) -> Self {
        Self { offset, rate: f64::from(rate.0), ppm: 0.0, residual_ms: 0.0, points: 0, pieces: Vec::new() }
    }

    /// The line, where the map is one.
    fn line(&self) -> ClockPiece {
        ClockPiece { from: Frames(0), at: self.offset, rate: self.rate }
    }

    /// All pieces in order, at least one. The first begins at frame 0.
    pub fn pieces(&self) -> Vec<ClockPiece> {
        if self.pieces.is_empty() { vec![self.line()] } else { self.pieces.clone() }
    }

    /// The piece that a frame lies in.
    pub fn piece_of(&self, frame: Frames) -> ClockPiece {
        let after = self.pieces.partition_point(|piece| piece.from <= frame);
        self.pieces.get(after.saturating_sub(1)).copied().unwrap_or_else(|| self.line())
    }

    /// Session seconds of a frame's start.
    pub fn time_of(&self, frame: Frames) -> f64 {
        self.piece_of(frame).time_of(frame)
    }

    /// The frame that is played at session second `at`: frame 0 before the take. Where sound went missing
    /// between two pieces it is the first one after that.
    pub fn frame_at(&self, at: f64) -> Frames {
        let after = self.pieces.partition_point(|piece| piece.at <= at);
        let piece = self.pieces.get(after.saturating_sub(1)).copied().unwrap_or_else(|| self.line());
        let frame = Frames((piece.from.0 as f64 + (at - piece.at) * piece.rate).round().max(0.0) as u64);
        self.pieces.get(after).map_or(frame, |next| frame.min(next.from))
    }

    /// The same map for a file that begins `base` frames into the take.
    pub fn from_frame(&self, base: Frames) -> Self {
        if base.0 == 0 {
            return self.clone();
        }
        let offset = self.time_of(base);
        let later = self.pieces.iter().filter(|piece| piece.from > base);
        let mut pieces: Vec<ClockPiece> =
            later.map(|piece| ClockPiece { from: piece.from - base, ..*piece }).collect();
        let rate = self.piece_of(base).rate;
        if !self.pieces.is_empty() {
            pieces.insert(0, ClockPiece { from: Frames(0), at: offset, rate });
        }
        Self { offset, pieces, ..self.clone() }
    }

    /// Whether it can be computed with: its pieces are in order, in frames and in time.
    pub fn is_sane(&self, is_time: impl Fn(f64) -> bool) -> bool {
        let rate = |rate: f64| (1.0..1e7).contains(&rate);
        let piece = |piece: &ClockPiece| is_time(piece.at) && rate(piece.rate) && piece.from.0 < 1 << 40;
        let in_order = |pair: &[ClockPiece]| pair[0].from < pair[1].from && pair[0].at <= pair[1].at;
        [self.offset, self.ppm, self.residual_ms].into_iter().all(&is_time)
            && rate(self.rate)
            && self.pieces.len() <= PIECES_MAX
            && self.pieces.first().is_none_or(|first| first.from.0 == 0)
            && self.pieces.iter().all(piece)
            && self.pieces.windows(2).all(in_order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> ClockFit {
        let piece = |from, at, rate| ClockPiece { from: Frames(from), at, rate };
        // 0.5 s went missing before frame 1000; from 2000 on it runs at half the rate.
        let pieces = vec![piece(0, 1.0, 1_000.0), piece(1_000, 2.5, 1_000.0), piece(2_000, 3.5, 500.0)];
        ClockFit { pieces, ..ClockFit::nominal(1.0, SampleRate(1_000)) }
    }

    #[test]
    fn every_frame_has_the_time_of_its_piece() {
        let map = map();
        for (frame, at) in [(0, 1.0), (999, 1.999), (1_000, 2.5), (1_999, 3.499), (2_000, 3.5), (2_500, 4.5)]
        {
            assert!((map.time_of(Frames(frame)) - at).abs() < 1e-9, "{frame}");
            assert_eq!(map.frame_at(at), Frames(frame));
        }
        assert_eq!(map.frame_at(-1.0), Frames(0));
        assert_eq!(map.frame_at(2.2), Frames(1_000), "it is missing");
        let one = ClockFit::nominal(1.0, SampleRate(1_000));
        assert_eq!((one.time_of(Frames(500)), one.frame_at(1.5), one.pieces().len()), (1.5, Frames(500), 1));
    }

    #[test]
    fn a_part_of_a_take_has_the_same_times() {
        let map = map();
        for base in [0, 1, 999, 1_000, 1_500, 2_000, 5_000] {
            let part = map.from_frame(Frames(base));
            assert!(part.is_sane(f64::is_finite), "{part:?}");
            for frame in base..base + 2_000 {
                let (is, should) = (part.time_of(Frames(frame - base)), map.time_of(Frames(frame)));
                assert!((is - should).abs() < 1e-9, "{base} {frame}: {is} {should}");
            }
        }
    }
}

//! The clock model of one take: observations (frames so far, session time) → the map from frames to session
//! time, and how well it is known.
//!
//! A stamp can only be late: a device delivers frame *n* at its true time or afterwards, never before. So the
//! truth is the lower envelope of the stamps. Observations are thinned to the least late one per bucket of
//! time, which bounds memory for ever.
//!
//! While the take goes on ([`ClockModel::line`]) a line goes under the points of the current piece
//! ([`super::envelope`]): nominal at first, measured as soon as the points can tell. After a gap it goes on
//! with another height; where the last seconds leave it on a slope of their own, the rate has changed, and a
//! new piece begins where the two lines meet. Now and then, and once the take is over
//! ([`ClockModel::finish`]), the whole of it is looked at ([`super::shape`]): that is where steps are found
//! too.

use std::collections::VecDeque;

use super::envelope::{FittedLine, Point, known_slope, low, slope_error, thinned};
use super::shape::{self, Cut, Part};
use crate::base::clock_map::{ClockFit, ClockPiece, PIECES_MAX};
use crate::base::units::{Frames, SampleRate};

/// First width of a bucket in seconds; it doubles whenever [`BUCKETS_MAX`] are full, so memory is bounded for
/// ever.
const BUCKET_S: f64 = 1.0;
/// Most buckets that are kept: a second each for the first hour, 32 s each after a day.
const BUCKETS_MAX: usize = 4_096;
/// Gaps that begin a piece of their own; of more, every second one is forgotten.
const GAPS_MAX: usize = PIECES_MAX / 2;
/// The last seconds, a point each: they tell a change of the rate before wide buckets do.
const RECENT_MAX: usize = 64;
/// Of those the last ones tell whether the line still holds: their middle one is compared.
const STRAY_POINTS: usize = 8;
/// What lies this far from the line does not belong to it any more, in seconds …
const STRAY_S: f64 = 0.004;
/// … and this many times as far as the points of the envelope scatter …
const STRAY_SCATTERS: f64 = 4.0;
/// … but for what lies further off than this: points after a step scatter too.
const STRAY_S_MAX: f64 = 0.012;
/// A change of the rate by less than this can wait until the whole take is looked at.
const BEND_MIN: f64 = 40e-6;
/// Points of the last seconds that tell a new rate.
const BEND_POINTS: usize = 24;
/// Seconds after a gap for which the height goes on as it was, unless stamps are earlier.
const SETTLE_S: f64 = 10.0;
/// With fewer points than this each one may move the line.
const FEW: usize = 10;
/// Minimum number of buckets after which the whole of a take is looked at again.
const AGAIN: usize = 32;
/// Points under which the line of the current piece goes.
const LINE_POINTS: usize = 64;
/// Observations are handed on in groups of …
const OBSERVED: usize = 30;
/// … or once the first of them is so old, in seconds.
const OBSERVED_S: f64 = 300.0;

/// Sound that went missing in one small piece, which nobody saw go; nothing stands for it in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slip {
    /// It is missing before about this frame of the take (known to a bucket: a second in takes of up to an
    /// hour).
    pub at: Frames,
    /// How many frames.
    pub frames: Frames,
}

/// What is known of a take's clock once the take is over.
#[derive(Debug, Clone, PartialEq)]
pub struct TakeClock {
    pub fit: ClockFit,
    /// Steps that the observations show, in order.
    pub slips: Vec<Slip>,
    /// How much later, in seconds, the last stamps are than frames and slips account for.
    pub tail_deficit: f64,
    /// How much later the last stamps are than the map, in seconds.
    late: f64,
}

impl TakeClock {
    /// The take has only its first `frames` frames, though more were delivered on the same clock: that is why
    /// none are missing at its end.
    pub fn end_at(&mut self, frames: Frames) {
        self.slips.retain(|slip| slip.at < frames);
        self.fit.pieces.retain(|piece| piece.from < frames);
        self.tail_deficit = 0.0;
    }

    /// From which session second to which the take was delivered, as its stamps tell; `frames` are all of the
    /// take. None without any stamp: position is all that is known then.
    pub fn span(&self, frames: Frames) -> Option<(f64, f64)> {
        (self.fit.points > 0).then(|| (self.fit.offset, self.fit.time_of(frames) + self.late))
    }
}

/// Estimates one take's clock from stamps. Pure; O(1) per observation but for the first of a bucket, bounded
/// memory.
#[derive(Debug, Clone)]
pub struct ClockModel {
    rate: SampleRate,
    bucket_s: f64,
    buckets: Vec<Point>,
    bucket_end_s: f64,
    points: u64,
    /// Nominal seconds at which sound begins again after some was missing.
    gaps: Vec<f64>,
    /// A point a second of the current piece.
    recent: VecDeque<Point>,
    recent_end_s: f64,
    /// Pieces that are over.
    past: Vec<ClockPiece>,
    current: Current,
    /// So many buckets there were when the whole take was last looked at.
    looked_at: usize,
    /// The map as of the last bucket.
    line: ClockFit,
    /// Observations up to this nominal second have been handed on.
    handed_s: f64,
    /// The map is wanted while the take goes on.
    follows: bool,
}

/// The piece that goes on.
#[derive(Debug, Clone, Copy)]
struct Current {
    /// Nominal second at which it begins, and how late the piece before it is there, if there is one.
    from_s: f64,
    continues: Option<f64>,
    /// The line, and whether its slope was measured.
    line: FittedLine,
    scatter: f64,
}

impl ClockModel {
    /// A model without observations for a device that says it runs at `rate`.
    pub fn new(rate: SampleRate) -> Self {
        Self::starting_at(rate, 0.0)
    }

    /// A model without observations for a take whose frame 0 is held to be at session second `offset`.
    pub fn starting_at(rate: SampleRate, offset: f64) -> Self {
        let line = FittedLine { offset, slope: 0.0 };
        Self {
            rate,
            bucket_s: BUCKET_S,
            buckets: Vec::new(),
            bucket_end_s: f64::NEG_INFINITY,
            points: 0,
            gaps: Vec::new(),
            recent: VecDeque::new(),
            recent_end_s: f64::NEG_INFINITY,
            past: Vec::new(),
            current: Current { from_s: 0.0, continues: None, line, scatter: 0.0 },
            looked_at: AGAIN,
            line: ClockFit::nominal(offset, rate),
            handed_s: f64::NEG_INFINITY,
            follows: true,
        }
    }

    /// The same for a take that is over: only [`ClockModel::finish`] tells its map, and nothing is fitted
    /// before that. What it observes was thinned already: without a slope to go by nobody could choose well
    /// among it, so all of it is kept while there is room.
    pub fn in_retrospect(rate: SampleRate, offset: f64) -> Self {
        Self { follows: false, bucket_s: 0.0, ..Self::starting_at(rate, offset) }
    }

    /// The first `frames` frames of the take had been delivered at session second `at`.
    pub fn observe(&mut self, frames: Frames, at: f64) {
        let nominal_s = frames.seconds(self.rate);
        let point = Point { nominal_s, lateness_s: at - nominal_s };
        self.points += 1;
        let moved = self.keep(point);
        if !self.follows {
            return;
        }
        let second = self.keep_recent(point);
        if moved {
            self.follow();
        } else if second && self.has_strayed() && self.bend() {
            self.draw();
            self.publish();
        }
    }

    /// Sound is missing before frame `frames`, and something stands for it: how long it truly was only the
    /// stamps that follow tell.
    pub fn gap(&mut self, frames: Frames) {
        let from_s = frames.seconds(self.rate);
        if self.buckets.is_empty() || self.gaps.last().is_some_and(|last| *last >= from_s) {
            return;
        }
        if self.gaps.len() == GAPS_MAX {
            let mut n = 0;
            self.gaps.retain(|_| (n += 1, n % 2 == 0).1);
        }
        self.gaps.push(from_s);
        self.bucket_end_s = f64::NEG_INFINITY;
        self.begin_piece(from_s, self.current.line.slope);
        self.publish();
    }

    /// The map as of the last bucket; the nominal line before the first. Free.
    pub fn line(&self) -> &ClockFit {
        &self.line
    }

    /// How far above the line the least late of the last two seconds lies, in seconds, never below 0: what is
    /// late by less than this says nothing about missing sound (a rate that is not known yet, a step that
    /// came before).
    pub fn recent_lateness(&self) -> f64 {
        let late = self.recent.iter().rev().take(2).map(|p| self.height(p));
        late.reduce(f64::min).unwrap_or(0.0).max(0.0)
    }

    /// The observations that have not been handed on yet, thinned to the least late one per bucket: frames
    /// and session second. As long as they are few, none, unless the take `ends`. Fed to another model, with
    /// its gaps, they give the same map.
    pub fn take_observations(&mut self, ends: bool) -> Vec<(Frames, f64)> {
        let closed = self.buckets.len().saturating_sub(usize::from(!ends));
        let from = self.buckets.partition_point(|p| p.nominal_s <= self.handed_s).min(closed);
        let news = &self.buckets[from..closed];
        let Some((first, last)) = news.first().zip(news.last()) else { return Vec::new() };
        if !ends && news.len() < OBSERVED && last.nominal_s - first.nominal_s < OBSERVED_S {
            return Vec::new();
        }
        self.handed_s = last.nominal_s;
        news.iter()
            .map(|p| (Frames::from_seconds(p.nominal_s, self.rate), p.nominal_s + p.lateness_s))
            .collect()
    }

    /// What the whole take says.
    pub fn finish(&self) -> TakeClock {
        let Some((parts, scatter)) = shape::of(&self.buckets, &self.gaps) else {
            return TakeClock { fit: self.line.clone(), slips: Vec::new(), tail_deficit: 0.0, late: 0.0 };
        };
        let fit = self.fit(self.pieces(&parts), scatter);
        let jump = |pair: &[Part]| pair[1].line.at(pair[1].from_s) - pair[0].line.at(pair[1].from_s);
        let mut slips = Vec::new();
        let mut unexplained = 0.0;
        for pair in parts.windows(2) {
            let frames = Frames((jump(pair) * fit.rate).round().max(0.0) as u64);
            if pair[1].after == Cut::Slip && frames.0 > 0 {
                slips.push(Slip { at: self.frame(pair[1].from_s), frames });
            } else {
                unexplained += jump(pair);
            }
        }
        let late = parts.last().map_or(0.0, |last| {
            let above = |p: &Point| p.above(last.line.slope, last.line.offset);
            self.buckets.iter().rev().take(2).map(above).reduce(f64::min).unwrap_or(0.0)
        });
        TakeClock { fit, slips, tail_deficit: unexplained + late, late }
    }

    fn frame(&self, nominal_s: f64) -> Frames {
        Frames::from_seconds(nominal_s, self.rate)
    }

    fn height(&self, point: &Point) -> f64 {
        point.above(self.current.line.slope, self.current.line.offset)
    }

    /// Puts a point into its bucket; whether the line may move for it.
    fn keep(&mut self, point: Point) -> bool {
        let few = self.buckets.len() <= FEW;
        let height = self.height(&point);
        let last_height = self.buckets.last().map(|last| self.height(last));
        match self.buckets.last_mut() {
            Some(last) if point.nominal_s < self.bucket_end_s => {
                if last_height.is_some_and(|last| height > last) {
                    return false;
                }
                *last = point;
                few
            }
            _ => {
                if self.buckets.len() == BUCKETS_MAX {
                    self.merge_pairs();
                }
                self.buckets.push(point);
                self.bucket_end_s = point.nominal_s + self.bucket_s;
                true
            }
        }
    }

    /// The same for the last seconds; whether a new second began.
    fn keep_recent(&mut self, point: Point) -> bool {
        let height = self.height(&point);
        let last_height = self.recent.back().map(|last| self.height(last));
        match self.recent.back_mut() {
            Some(last) if point.nominal_s < self.recent_end_s => {
                if last_height.is_some_and(|last| height < last) {
                    *last = point;
                }
                false
            }
            _ => {
                if self.recent.len() == RECENT_MAX {
                    self.recent.pop_front();
                }
                self.recent.push_back(point);
                self.recent_end_s = point.nominal_s + BUCKET_S;
                true
            }
        }
    }

    /// Doubles the width of a bucket: of each two neighbours the less late one stays.
    fn merge_pairs(&mut self) {
        self.bucket_s = 2.0 * self.bucket_s.max(BUCKET_S);
        if !self.follows {
            // What is least late of two depends on the slope.
            self.draw();
        }
        let line = self.current.line;
        self.buckets = thinned(&self.buckets, self.buckets.len() / 2, |p| p.above(line.slope, 0.0));
        self.looked_at = self.buckets.len() / 2;
    }

    /// The line goes after the last points.
    fn follow(&mut self) {
        if self.buckets.len() >= 2 * self.looked_at {
            self.look_back();
        }
        // One point of many does not move the line.
        let own = self.buckets.len() - self.buckets.partition_point(|p| p.nominal_s <= self.current.from_s);
        if own.is_multiple_of(1 + own / LINE_POINTS) {
            self.draw();
        }
        if self.has_strayed() {
            if !self.bend() && self.buckets.len() >= self.looked_at + AGAIN {
                self.look_back();
            }
            self.draw();
        }
        self.publish();
    }

    /// Points of the current piece.
    fn own_points(&self) -> Vec<Point> {
        let from_s = self.current.from_s;
        let own = &self.buckets[self.buckets.partition_point(|p| p.nominal_s <= from_s)..];
        if own.len() >= LINE_POINTS / 2 || self.bucket_s <= BUCKET_S {
            return own.to_vec();
        }
        // Young, and buckets are wide by now.
        self.recent.iter().filter(|p| p.nominal_s > from_s).copied().collect()
    }

    /// Draws the line of the current piece anew.
    fn draw(&mut self) {
        let own = self.own_points();
        let Some((first, last)) = own.first().zip(own.last()) else { return };
        let slope = known_slope(&own).unwrap_or(self.current.line.slope);
        let thin = thinned(&own, LINE_POINTS, |p| p.above(slope, 0.0));
        let mut offset = low(thin.iter().map(|p| p.above(slope, 0.0)).collect());
        if let Some(lateness_s) =
            self.current.continues.filter(|_| last.nominal_s - first.nominal_s < SETTLE_S)
        {
            offset = offset.min(lateness_s - slope * self.current.from_s);
        }
        let mut distances: Vec<f64> = thin.iter().map(|p| p.above(slope, offset).abs()).collect();
        let middle = distances.len() / 2;
        self.current.scatter = *distances.select_nth_unstable_by(middle, f64::total_cmp).1;
        self.current.line = FittedLine { offset, slope };
    }

    /// Whether the last seconds do not belong to the line any more.
    fn has_strayed(&self) -> bool {
        if self.recent.len() < STRAY_POINTS {
            return false;
        }
        let mut last: Vec<f64> =
            self.recent.iter().rev().take(STRAY_POINTS).map(|p| self.height(p)).collect();
        last.sort_by(f64::total_cmp);
        last[STRAY_POINTS / 2].abs() > (STRAY_SCATTERS * self.current.scatter).clamp(STRAY_S, STRAY_S_MAX)
    }

    /// Where the last seconds have a slope of their own and meet the line, the rate has changed: a new piece
    /// begins there.
    fn bend(&mut self) -> bool {
        let last: Vec<Point> =
            self.recent.iter().skip(self.recent.len().saturating_sub(BEND_POINTS)).copied().collect();
        // Only the end of it is on the new slope at first.
        for from in [0, last.len() / 2] {
            let Some(slope) = known_slope(&last[from..]) else { continue };
            let (old, new) = (self.current.line, FittedLine::under(&last[from..], slope));
            let at = (new.offset - old.offset) / (old.slope - new.slope);
            let end = last[last.len() - 1].nominal_s;
            let begin = self.recent[0].nominal_s.max(self.current.from_s);
            let sure = BEND_MIN + 2.0 * slope_error(&last[from..], slope);
            if (new.slope - old.slope).abs() > sure && at > begin && at < end {
                self.begin_piece(at, slope);
                return true;
            }
        }
        false
    }

    /// The current piece is over at nominal second `from_s`, and another one begins there.
    fn begin_piece(&mut self, from_s: f64, slope: f64) {
        let old = self.current;
        if self.past.len() + 1 < PIECES_MAX {
            self.past.push(self.piece(old.from_s, old.line));
        }
        let lateness_s = old.line.at(from_s);
        let line = FittedLine { offset: lateness_s - slope * from_s, slope };
        self.current = Current { from_s, continues: Some(lateness_s), line, scatter: old.scatter };
        self.recent.retain(|p| p.nominal_s > from_s);
    }

    /// Looks at the whole take again.
    fn look_back(&mut self) {
        self.looked_at = self.buckets.len();
        let Some((parts, _)) = shape::of(&self.buckets, &self.gaps) else { return };
        let Some(last) = parts.last() else { return };
        let mut pieces = self.pieces(&parts);
        pieces.pop();
        self.past = pieces;
        let line = last.line;
        let continues = (last.after != Cut::Start).then(|| line.at(last.from_s));
        self.current = Current { from_s: last.from_s, continues, line, ..self.current };
    }

    fn piece(&self, from_s: f64, line: FittedLine) -> ClockPiece {
        // time = nominal + lateness, so a second of session time holds rate / (1 + slope) frames.
        let rate = f64::from(self.rate.0) / (1.0 + line.slope);
        ClockPiece { from: self.frame(from_s), at: from_s + line.at(from_s), rate }
    }

    fn pieces(&self, parts: &[Part]) -> Vec<ClockPiece> {
        let mut pieces: Vec<ClockPiece> = Vec::new();
        for part in parts {
            push(&mut pieces, self.piece(part.from_s, part.line));
        }
        pieces
    }

    fn publish(&mut self) {
        let mut pieces = Vec::with_capacity(self.past.len() + 1);
        let current = self.piece(self.current.from_s, self.current.line);
        self.past.iter().chain([&current]).for_each(|piece| push(&mut pieces, *piece));
        self.line = self.fit(pieces, self.current.scatter);
    }

    /// The map of these pieces, with what there is to say about it.
    fn fit(&self, mut pieces: Vec<ClockPiece>, scatter: f64) -> ClockFit {
        let first = pieces[0];
        let end = self.frame(self.buckets.last().map_or(0.0, |p| p.nominal_s));
        let ends =
            pieces.iter().skip(1).map(|next| next.from).chain([end.max(pieces[pieces.len() - 1].from)]);
        let frames = |piece: &ClockPiece, to: Frames| to.saturating_sub(piece.from).0 as f64;
        let (all, seconds) = pieces.iter().zip(ends).fold((0.0, 0.0), |(all, seconds), (piece, to)| {
            (all + frames(piece, to), seconds + frames(piece, to) / piece.rate)
        });
        let rate = if pieces.len() > 1 && seconds > 0.0 { all / seconds } else { first.rate };
        if pieces.len() == 1 {
            pieces.clear();
        }
        ClockFit {
            offset: first.at,
            rate,
            ppm: (rate / f64::from(self.rate.0) - 1.0) * 1e6,
            residual_ms: scatter * 1e3,
            points: self.points,
            pieces,
        }
    }
}

/// Appends a piece to those before it: in order, and none going back in time.
fn push(pieces: &mut Vec<ClockPiece>, piece: ClockPiece) {
    match pieces.last_mut() {
        Some(last) if last.from >= piece.from => *last = ClockPiece { from: last.from, ..piece },
        Some(last) => {
            let at = piece.at.max(last.at);
            pieces.push(ClockPiece { at, ..piece });
        }
        None => pieces.push(piece),
    }
}

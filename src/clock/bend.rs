//! Bends: places where a device's rate changed for good. The envelope of a stretch without a step is cut into
//! short parts, each with a line of its own, and the two neighbours that one line explains best become one,
//! again and again, until every cut that is left explains more than the points scatter (bottom-up
//! segmentation: Keogh, Chu, Hart and Pazzani 2001; Theil-Sen lines). So several bends do not hide each
//! other, as they do in a search for the one best cut of the whole. A bend is where the two lines meet, so it
//! is known better than to a bucket; a cut whose lines do not meet is none.
//!
//! A slow drift, as a crystal that warms up has, becomes a few straight pieces that leave less than
//! `TENT_MIN_S`.

use super::envelope::{FittedLine, Point, median, slope_under, thinned};
use super::slip::SLIP_MIN_S;

/// Minimum seconds of a part …
const SIDE_S: f64 = 20.0;
/// … and points.
const SIDE_POINTS: usize = 8;
/// Maximum number of parts in the beginning.
const PARTS_MAX: usize = 128;
/// Points that tell how far those of a part scatter: each the least late of its stretch.
const POINTS_MAX: usize = 128;
/// Minimum shift in seconds that makes a bend: half of what the map may be off.
const TENT_MIN_S: f64 = 0.000_4;
/// And it stands out from what the points scatter by this factor …
const TENT_SCATTER: f64 = 0.5;
/// … and more where few points tell: this is divided by the root of their number.
const TENT_FEW: f64 = 8.0;
/// The lines meet: they part at the cut by this share at most of what the bend moves.
const JUMP: f64 = 1.0 / 3.0;
/// Distance from its line, in scatters, beyond which all points count the same (a burst says nothing of the
/// rate); but never nearer than …
const LATE_SCATTERS: f64 = 6.0;
/// … this, in seconds.
const LATE_S: f64 = 0.005;
/// A part that explains itself better than its neighbours do by less than this share of what it does not
/// explain stands for a bend alone.
const SPAN: f64 = 0.25;
/// Maximum rounds of moving cuts to where their lines meet; mostly none moves the third time.
const ROUNDS_MAX: usize = 4;

/// The lines under `points`, each from its nominal second on, in order; at least one, and each meets the
/// next. Where a step stands between two lines, the later one is lowered to meet the other; `level`: there is
/// no step, and what looks like one is late for another reason.
pub fn lines(points: &[Point], level: bool) -> Vec<(f64, FittedLine)> {
    let Some((first, last)) = points.first().zip(points.last()) else {
        return vec![(0.0, FittedLine { offset: 0.0, slope: 0.0 })];
    };
    let mut parts = Parts::of(points, level);
    for _ in 0..ROUNDS_MAX {
        parts.merge();
        if !(parts.span() | parts.place()) {
            break;
        }
    }
    parts.merge();
    let mut lines = vec![(first.nominal_s, parts.parts[0].line)];
    let mut stepped = 0.0;
    for (n, cut) in parts.cuts.iter().enumerate() {
        let (a, b) = (&parts.parts[n], &parts.parts[n + 1]);
        let at = if let Some(Joint::Bend(at)) = cut.joint {
            at
        } else {
            let at = points[b.from].nominal_s;
            stepped += b.line.at(at) - a.line.at(at);
            at
        };
        // Where three lines meet near one place they may do so in another order.
        lines.push((at.max(lines[n].0), FittedLine { offset: b.line.offset - stepped, ..b.line }));
    }
    join(lines, last.nominal_s)
}

/// Neighbouring points with one line under them.
struct Part {
    /// Indices of its first point and of the one after its last.
    from: usize,
    to: usize,
    line: FittedLine,
    /// How far its points lie from the line: half of them less; and how many told.
    noise: f64,
    told: usize,
    /// What the line does not explain, in seconds, summed over the points.
    misfit: f64,
}

/// What lies between two parts.
struct Cut {
    joint: Option<Joint>,
    /// How much worse one line explains both.
    rise: f64,
}

/// Why there are two parts.
enum Joint {
    /// The rate changed, at the nominal second at which the lines meet.
    Bend(f64),
    /// The second does not begin where the first one ends, by more than they scatter.
    Step,
}

struct Parts<'a> {
    points: &'a [Point],
    /// Fewest points of a part.
    side: usize,
    /// What a point can add to the misfit at most.
    most: f64,
    /// There is no step.
    level: bool,
    parts: Vec<Part>,
    cuts: Vec<Cut>,
}

impl<'a> Parts<'a> {
    /// The shortest parts.
    fn of(points: &'a [Point], level: bool) -> Self {
        let spacing =
            (points[points.len() - 1].nominal_s - points[0].nominal_s) / (points.len() - 1).max(1) as f64;
        let side = ((SIDE_S / spacing.max(1e-3)).ceil() as usize).max(SIDE_POINTS);
        let length = side.max(points.len().div_ceil(PARTS_MAX));
        let count = (points.len() / length).max(1);
        let mut all = Self { points, side, most: f64::INFINITY, level, parts: Vec::new(), cuts: Vec::new() };
        let ends = (1..count).map(|n| n * length).chain([points.len()]);
        let ranges: Vec<(usize, usize)> = (0..count).map(|n| n * length).zip(ends).collect();
        all.parts = ranges.iter().map(|&(from, to)| all.part(from, to)).collect();
        all.most = LATE_S.max(LATE_SCATTERS * median(all.parts.iter().map(|part| part.noise).collect()));
        all.parts = ranges.iter().map(|&(from, to)| all.part(from, to)).collect();
        all.cuts = (1..count).map(|n| all.cut(n)).collect();
        all
    }

    fn part(&self, from: usize, to: usize) -> Part {
        let points = &self.points[from..to];
        let slope = slope_under(points);
        let thin = thinned(points, POINTS_MAX, |p| p.above(slope, 0.0));
        let distances = |points: &[Point], middle: f64| -> Vec<f64> {
            points.iter().map(|p| (p.above(slope, 0.0) - middle).abs()).collect()
        };
        let middle = |points: &[Point]| median(points.iter().map(|p| p.above(slope, 0.0)).collect());
        let noise = median(distances(&thin, middle(&thin))).max(1e-5);
        let misfit = distances(points, middle(points)).iter().map(|d| d.min(self.most)).sum();
        Part { from, to, line: FittedLine::under(&thin, slope), noise, told: thin.len(), misfit }
    }

    /// The cut before part `n`.
    fn cut(&self, n: usize) -> Cut {
        let (a, b) = (&self.parts[n - 1], &self.parts[n]);
        let both = self.part(a.from, b.to);
        Cut { joint: self.joint(a, b), rise: both.misfit - a.misfit - b.misfit }
    }

    /// What two neighbours show between them.
    fn joint(&self, a: &Part, b: &Part) -> Option<Joint> {
        let second = |index: usize| self.points[index].nominal_s;
        let few = a.told.min(b.told) as f64;
        let least = a.noise.max(b.noise) * (TENT_SCATTER + TENT_FEW / few.sqrt());
        let jump = b.line.at(second(b.from)) - a.line.at(second(b.from));
        if let Some((at, tent)) = self.tent(a, b)
            && tent > least.max(TENT_MIN_S)
            && jump.abs() < JUMP * tent
        {
            return Some(Joint::Bend(at));
        }
        (!self.level && jump.abs() > least.max(SLIP_MIN_S)).then_some(Joint::Step)
    }

    /// Where within two neighbours their lines meet, and how far a line from end to end would be from there.
    fn tent(&self, a: &Part, b: &Part) -> Option<(f64, f64)> {
        let at = (b.line.offset - a.line.offset) / (a.line.slope - b.line.slope);
        let (da, db) = (at - self.points[a.from].nominal_s, self.points[b.to - 1].nominal_s - at);
        let within = at.is_finite() && da > 0.0 && db > 0.0;
        within.then(|| (at, (b.line.slope - a.line.slope).abs() * da * db / (da + db)))
    }

    /// Merges neighbours, those first that one line explains best, until each cut shows something.
    fn merge(&mut self) {
        let weakest = |cuts: &[Cut]| {
            let weak = cuts.iter().enumerate().filter(|(_, cut)| cut.joint.is_none());
            weak.min_by(|a, b| a.1.rise.total_cmp(&b.1.rise)).map(|(n, _)| n)
        };
        while let Some(n) = weakest(&self.cuts) {
            self.parts[n] = self.part(self.parts[n].from, self.parts[n + 1].to);
            self.parts.remove(n + 1);
            self.cuts.remove(n);
            for n in [n, n + 1].into_iter().filter(|n| (1..self.parts.len()).contains(n)) {
                self.cuts[n - 1] = self.cut(n);
            }
        }
    }

    /// Takes a part away where its neighbours, each up to some point of it, explain it as well: it only stood
    /// for a bend or a step within it. Whether there was any.
    fn span(&mut self) -> bool {
        let before = self.parts.len();
        let mut n = 1;
        while n + 1 < self.parts.len() {
            let (a, b, c) = (&self.parts[n - 1], &self.parts[n], &self.parts[n + 1]);
            let index = self.handover(a, b, c);
            let two = (self.part(a.from, index), self.part(index, c.to));
            if two.0.misfit + two.1.misfit <= a.misfit + (1.0 + SPAN) * b.misfit + c.misfit {
                (self.parts[n - 1], self.parts[n + 1]) = two;
                self.parts.remove(n);
                self.cuts.remove(n);
                for n in [n - 1, n, n + 1].into_iter().filter(|n| (1..self.parts.len()).contains(n)) {
                    self.cuts[n - 1] = self.cut(n);
                }
            } else {
                n += 1;
            }
        }
        self.parts.len() < before
    }

    /// The point of `b` from which on the line of `c` explains it better than that of `a`.
    fn handover(&self, a: &Part, b: &Part, c: &Part) -> usize {
        let off = |p: &Point, line: FittedLine| p.above(line.slope, line.offset).abs().min(self.most);
        let points = &self.points[b.from..b.to];
        let (mut best, mut cost) = (b.from, points.iter().map(|p| off(p, c.line)).sum::<f64>());
        let mut least = cost;
        for (n, p) in points.iter().enumerate() {
            cost += off(p, a.line) - off(p, c.line);
            if cost < least {
                (best, least) = (b.from + n + 1, cost);
            }
        }
        best
    }

    /// Moves each cut to where its lines meet; whether any moved.
    fn place(&mut self) -> bool {
        let mut moved = false;
        for n in 1..self.parts.len() {
            let (from, old, to) = (self.parts[n - 1].from, self.parts[n].from, self.parts[n].to);
            let Some(Joint::Bend(at)) = self.cuts[n - 1].joint else { continue };
            let index = self.points.partition_point(|p| p.nominal_s < at);
            if to - from < 2 * self.side || index == old {
                continue;
            }
            let index = index.clamp(from + self.side, to - self.side);
            moved |= index != old;
            self.parts[n - 1] = self.part(from, index);
            self.parts[n] = self.part(index, to);
        }
        for n in 1..self.parts.len() {
            self.cuts[n - 1] = self.cut(n);
        }
        moved
    }
}

/// Makes each line begin where the one before it ends, up to nominal second `end`.
fn join(lines: Vec<(f64, FittedLine)>, end: f64) -> Vec<(f64, FittedLine)> {
    let mut heights = Vec::new();
    for (n, (from, line)) in lines.iter().enumerate() {
        let before = n.checked_sub(1).map_or(line.at(*from), |n| lines[n].1.at(*from));
        heights.push((*from, (before + line.at(*from)) / 2.0));
    }
    if let Some((_, last)) = lines.last() {
        heights.push((end, last.at(end)));
    }
    let joined = |pair: &[(f64, f64)], old: &FittedLine| {
        let ((from, height), (to, next)) = (pair[0], pair[1]);
        let slope = if to > from { (next - height) / (to - from) } else { old.slope };
        (from, FittedLine { offset: height - slope * from, slope })
    };
    lines.iter().zip(heights.windows(2)).map(|((_, old), pair)| joined(pair, old)).collect()
}

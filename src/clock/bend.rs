//! Bends: places where a device's rate changed for good. The envelope of a stretch without a step is cut in two where two lines explain it
//! best, and each part again, as long as that explains more than the points scatter (binary segmentation: Vostrikova 1981;
//! Theil-Sen lines instead of means). A bend is where the two lines meet, so it is known better than to a bucket.
//!
//! A slow drift, as a crystal that warms up has, becomes a few straight pieces that leave less than `TENT_MIN_S`.

use super::envelope::{Line, Point, median, slope_under, thinned};

/// Seconds on both sides of a bend, at least …
const SIDE_S: f64 = 20.0;
/// … and points.
const SIDE_POINTS: usize = 8;
/// Points that are looked at at once; more are thinned.
const POINTS_MAX: usize = 256;
/// Places at which a cut is tried.
const PLACES: usize = 24;
/// A bend that moves nothing by more than this is none, in seconds: half of what the map may be off.
const TENT_MIN_S: f64 = 0.000_4;
/// And it stands out from what the points scatter by this factor …
const TENT_SCATTER: f64 = 1.0;
/// … and more where few points tell: this is divided by the root of their number.
const TENT_FEW: f64 = 12.0;
/// Cuts within cuts.
const DEPTH_MAX: usize = 5;
/// So many scatters from its line a point is as far as any other, a burst says nothing of the rate; but never nearer than …
const LATE_SCATTERS: f64 = 6.0;
/// … so many seconds.
const LATE_S: f64 = 0.005;

/// The lines under `points`, each from its nominal second on, in order; at least one, and each meets the next.
pub fn lines(points: &[Point]) -> Vec<(f64, Line)> {
    let from = points.first().map_or(0.0, |p| p.nominal_s);
    let mut lines = vec![(from, line(points))];
    split(points, DEPTH_MAX, &mut lines);
    join(lines, points.last().map_or(from, |p| p.nominal_s))
}

fn line(points: &[Point]) -> Line {
    Line::under(points, slope_under(points))
}

/// Puts what becomes of the last line in `lines`, which is that of `points`, in its place.
fn split(points: &[Point], depth: usize, lines: &mut Vec<(f64, Line)>) {
    let Some(cut) = (depth > 0).then(|| best_cut(points).or_else(|| cut_near_an_end(points))).flatten()
    else {
        return;
    };
    let (before, after) = points.split_at(cut.index);
    if let Some(last) = lines.last_mut() {
        last.1 = cut.before;
    }
    split(before, depth - 1, lines);
    lines.push((cut.at, cut.after));
    split(after, depth - 1, lines);
}

/// Where a stretch is cut.
struct Cut {
    /// The first point after it.
    index: usize,
    /// Nominal second at which the two lines meet.
    at: f64,
    before: Line,
    after: Line,
}

/// What is too near an end to be seen in thinned points.
fn cut_near_an_end(points: &[Point]) -> Option<Cut> {
    let inner = points.len().checked_sub(POINTS_MAX).filter(|inner| *inner > 0)?;
    let last = best_cut(&points[inner..]).map(|cut| Cut { index: inner + cut.index, ..cut });
    last.or_else(|| best_cut(&points[..POINTS_MAX]))
}

fn best_cut(points: &[Point]) -> Option<Cut> {
    let slope = slope_under(points);
    let thin = thinned(points, POINTS_MAX, |p| p.above(slope, 0.0));
    let side = side_of(&thin)?;
    let scatter = scatter(&thin, slope);
    let every = (thin.len() - 2 * side).div_ceil(PLACES).max(1);
    let cost = |k: usize| {
        let (before, after) = thin.split_at(k);
        misfit(before, slope_under(before), scatter) + misfit(after, slope_under(after), scatter)
    };
    let place = |k: &usize| (cost(*k), *k);
    let (_, mut k) =
        (side..=thin.len() - side).step_by(every).map(|k| place(&k)).min_by(|a, b| a.0.total_cmp(&b.0))?;
    // Where the lines meet is a better place than the one that was tried.
    for _ in 0..3 {
        let Some(at) = meet(&thin, k) else { break };
        k = thin.partition_point(|p| p.nominal_s < at).clamp(side, thin.len() - side);
    }
    let at = meet(&thin, k)?;
    let (before, after) = thin.split_at(k);
    let (a, b) = (line(before), line(after));
    let (ends, noise) =
        ((thin[0].nominal_s, thin[thin.len() - 1].nominal_s), noise(before, a).max(noise(after, b)));
    if at <= ends.0 || at >= ends.1 {
        return None;
    }
    let (da, db) = (at - ends.0, ends.1 - at);
    let tent = (b.slope - a.slope).abs() * da * db / (da + db);
    let jump = (a.at(thin[k].nominal_s) - b.at(thin[k].nominal_s)).abs();
    let few = k.min(thin.len() - k) as f64;
    let least = TENT_MIN_S.max(noise * (TENT_SCATTER + TENT_FEW / few.sqrt()));
    let stands_out = tent > least && jump < tent / 3.0;
    let index = points.partition_point(|p| p.nominal_s < at);
    (stands_out && index > 0 && index < points.len()).then_some(Cut { index, at, before: a, after: b })
}

/// Nominal second at which the lines before and after point `k` meet.
fn meet(points: &[Point], k: usize) -> Option<f64> {
    let (before, after) = points.split_at(k);
    let (a, b) = (line(before), line(after));
    let at = (b.offset - a.offset) / (a.slope - b.slope);
    at.is_finite().then_some(at)
}

/// Points on a side of a bend; none where there are not enough for two.
fn side_of(points: &[Point]) -> Option<usize> {
    let (first, last) = points.first().zip(points.last())?;
    let spacing = (last.nominal_s - first.nominal_s) / (points.len() - 1).max(1) as f64;
    if spacing <= 0.0 {
        return None;
    }
    let side = ((SIDE_S / spacing).ceil() as usize).max(SIDE_POINTS);
    (points.len() >= 2 * side).then_some(side)
}

/// How far points lie from a line of that slope through their middle: half of them less.
fn scatter(points: &[Point], slope: f64) -> f64 {
    let middle = median(points.iter().map(|p| p.above(slope, 0.0)).collect());
    median(points.iter().map(|p| (p.above(slope, 0.0) - middle).abs()).collect()).max(1e-5)
}

fn noise(points: &[Point], line: Line) -> f64 {
    scatter(points, line.slope)
}

/// How badly a line of that slope explains the points.
fn misfit(points: &[Point], slope: f64, scatter: f64) -> f64 {
    let middle = median(points.iter().map(|p| p.above(slope, 0.0)).collect());
    let most = LATE_S.max(LATE_SCATTERS * scatter);
    points.iter().map(|p| (p.above(slope, 0.0) - middle).abs().min(most)).sum()
}

/// Makes each line begin where the one before it ends, up to nominal second `end`.
fn join(lines: Vec<(f64, Line)>, end: f64) -> Vec<(f64, Line)> {
    let mut heights = Vec::new();
    for (n, (from, line)) in lines.iter().enumerate() {
        let before = n.checked_sub(1).map_or(line.at(*from), |n| lines[n].1.at(*from));
        heights.push((*from, (before + line.at(*from)) / 2.0));
    }
    if let Some((_, last)) = lines.last() {
        heights.push((end, last.at(end)));
    }
    let joined = |pair: &[(f64, f64)], old: &Line| {
        let ((from, height), (to, next)) = (pair[0], pair[1]);
        let slope = if to > from { (next - height) / (to - from) } else { old.slope };
        (from, Line { offset: height - slope * from, slope })
    };
    lines.iter().zip(heights.windows(2)).map(|((_, old), pair)| joined(pair, old)).collect()
}

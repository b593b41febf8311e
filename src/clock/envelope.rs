//! Lines under stamps. A stamp can only be late, so the truth is the lower envelope of what was observed: a
//! robust slope (the median of the slopes between distant points: Theil 1950, Sen 1968), and as height a low
//! quantile of what lies above it. Pure.

/// No clock of a working device is further from nominal, in parts per million; beyond it the measurement is
/// held to be wrong.
pub const PPM_MAX: f64 = 5_000.0;
/// The envelope: this share of the points may lie below the line.
const QUANTILE: f64 = 0.1;
/// With fewer points than this the lowest one is the envelope.
const QUANTILE_FROM: usize = 10;
/// A slope is fitted to this many points at most, each the least late of its stretch: pairs of them bound the
/// time that it takes.
const SLOPE_POINTS: usize = 128;
/// A slope from fewer seconds than this is not trusted, whatever its points look like …
const SPAN_MIN_S: f64 = 5.0;
/// … nor one from fewer points.
const POINTS_MIN: usize = 6;
/// From here on it is trusted in any case: a crystal within ±100 ppm would be off by 3 ms by then.
const SPAN_SURE_S: f64 = 30.0;
/// In between it is, where its points spread by so little that it can't be wrong by more than this …
const SLOPE_ERROR_MAX: f64 = 60e-6;
/// … or, from this many seconds on, …
const SPAN_ROUGH_S: f64 = 15.0;
/// … by more than this: the worst devices would be off by 15 ms by then, a line through their points by less.
const SLOPE_ERROR_ROUGH: f64 = 600e-6;

/// One thinned observation: after `nominal_s` seconds' worth of frames it was `lateness_s` later than nominal
/// time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Frames of the take until then, in seconds at the nominal rate.
    pub nominal_s: f64,
    /// Session second of the stamp less `nominal_s`.
    pub lateness_s: f64,
}

impl Point {
    /// How far above a line through `offset` at 0 it lies.
    pub fn above(&self, slope: f64, offset: f64) -> f64 {
        self.lateness_s - slope * self.nominal_s - offset
    }
}

/// `lateness = offset + slope × nominal`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FittedLine {
    /// Seconds of lateness at 0.
    pub offset: f64,
    /// Seconds of lateness per nominal second.
    pub slope: f64,
}

impl FittedLine {
    /// Lateness after `nominal_s`.
    pub fn at(&self, nominal_s: f64) -> f64 {
        self.offset + self.slope * nominal_s
    }

    /// The line under `points` with this slope.
    pub fn under(points: &[Point], slope: f64) -> Self {
        Self { offset: low(points.iter().map(|p| p.above(slope, 0.0)).collect()), slope }
    }
}

/// A low quantile: the least late of few, and not the very least of many.
pub fn low(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let n = if values.len() < QUANTILE_FROM { 0 } else { (values.len() as f64 * QUANTILE) as usize };
    *values.select_nth_unstable_by(n, f64::total_cmp).1
}

/// The slope under `points`, where it is known: they are long enough, or spread little enough.
pub fn known_slope(points: &[Point]) -> Option<f64> {
    let (first, last) = points.first().zip(points.last())?;
    let span = last.nominal_s - first.nominal_s;
    if span < SPAN_MIN_S || points.len() < POINTS_MIN {
        return None;
    }
    let slope = slope_under(points);
    if span >= SPAN_SURE_S {
        return Some(slope);
    }
    let allowed = if span < SPAN_ROUGH_S { SLOPE_ERROR_MAX } else { SLOPE_ERROR_ROUGH };
    (slope_error(points, slope) < allowed).then_some(slope)
}

/// By how much the slope under `points` may be wrong at worst: what three quarters of them spread, over their
/// length.
pub fn slope_error(points: &[Point], slope: f64) -> f64 {
    let Some((first, last)) = points.first().zip(points.last()) else { return f64::INFINITY };
    let mut above: Vec<f64> = points.iter().map(|p| p.above(slope, 0.0)).collect();
    above.sort_by(f64::total_cmp);
    (above[above.len() * 3 / 4] - above[0]) / (last.nominal_s - first.nominal_s).max(1e-3)
}

/// The slope under `points`, however well they tell.
pub fn slope_under(points: &[Point]) -> f64 {
    if points.len() <= SLOPE_POINTS {
        return theil_sen(points);
    }
    // What is the least late of a stretch depends on the slope: once roughly, once well.
    let rough = theil_sen(&thinned(points, SLOPE_POINTS, |p| p.lateness_s));
    theil_sen(&thinned(points, SLOPE_POINTS, |p| p.above(rough, 0.0)))
}

/// At most `most` points, of each stretch the one for which `height` is least.
pub fn thinned(points: &[Point], most: usize, height: impl Fn(&Point) -> f64) -> Vec<Point> {
    let of = points.len().div_ceil(most.max(1)).max(1);
    let least = |chunk: &[Point]| chunk.iter().min_by(|a, b| height(a).total_cmp(&height(b))).copied();
    points.chunks(of).filter_map(least).collect()
}

/// Median slope (seconds of lateness per nominal second) over pairs of points at least a third of all apart.
pub fn theil_sen(points: &[Point]) -> f64 {
    median_slope([points])
}

/// Like [`theil_sen`], over the pairs of several stretches; no pair joins two of them.
pub fn median_slope<'a>(stretches: impl IntoIterator<Item = &'a [Point]>) -> f64 {
    let mut slopes: Vec<f64> = Vec::new();
    for points in stretches {
        let apart = (points.len() / 3).max(1);
        for (i, a) in points.iter().enumerate() {
            for b in points.iter().skip(i + apart) {
                let span = b.nominal_s - a.nominal_s;
                if span > 0.0 {
                    slopes.push((b.lateness_s - a.lateness_s) / span);
                }
            }
        }
    }
    if slopes.is_empty() {
        return 0.0;
    }
    let middle = slopes.len() / 2;
    let (_, median, _) = slopes.select_nth_unstable_by(middle, f64::total_cmp);
    median.clamp(-PPM_MAX * 1e-6, PPM_MAX * 1e-6)
}

/// Middle of `values`; 0 of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

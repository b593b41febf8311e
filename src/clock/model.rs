//! The clock model of one take: observations (frames so far, session time) → rate, offset, residual.
//!
//! A stamp can only be late: a device delivers frame *n* at its true time or afterwards, never before. So the truth
//! is the lower envelope of the stamps. Observations are thinned to the least late one per bucket of time; a line
//! goes under them: its slope is the median of the slopes between distant buckets (Theil 1950, Sen 1968), its height a low quantile.
//! Until `SLOPE_MIN_SPAN_S` have been observed the nominal rate is used: a crystal is within ±100 ppm (5 ms
//! in 50 s), while a slope from a short span would be worse than that.
//!
//! When the take is over, [`ClockModel::finish`] also looks for steps in the envelope: sound that went missing in pieces too
//! small to be seen while it was recorded ([`super::slip`]).

use super::slip;
use crate::audio::units::{Frames, SampleRate};
use crate::clock::map::{ClockFit, ClockPiece};

/// Seconds of observation before the measured slope is trusted.
const SLOPE_MIN_SPAN_S: f64 = 30.0;
/// First width of a bucket in seconds; it doubles whenever [`BUCKETS_MAX`] are full, so memory is bounded for ever.
const BUCKET_S: f64 = 1.0;
/// Most buckets that are kept. A fit looks at pairs, so this also bounds its time.
const BUCKETS_MAX: usize = 256;
/// No clock of a working device is further from nominal; beyond it the measurement is held to be wrong.
const PPM_MAX: f64 = 5_000.0;
/// The envelope: this share of the buckets' minima may lie below the line.
const ENVELOPE_QUANTILE: f64 = 0.1;
/// With fewer buckets than this the lowest one is the envelope.
const ENVELOPE_FROM: usize = 10;

/// One thinned observation: after `nominal_s` seconds' worth of frames it was `lateness_s` later than nominal time.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Frames of the take until then, in seconds at the nominal rate.
    pub nominal_s: f64,
    /// Session second of the stamp less `nominal_s`.
    pub lateness_s: f64,
}

/// Sound that went missing in one small piece, which nobody saw go; nothing stands for it in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slip {
    /// It is missing before about this frame of the take (known to a bucket: a second in short takes).
    pub at: Frames,
    /// How many frames.
    pub frames: Frames,
}

/// What is known of a take's clock once the take is over.
#[derive(Debug, Clone, PartialEq)]
pub struct TakeClock {
    /// The map, with a piece from each slip on.
    pub fit: ClockFit,
    /// Steps that the observations show, in order.
    pub slips: Vec<Slip>,
    /// How much later, in seconds, the last stamps are than frames and slips account for.
    pub tail_deficit: f64,
    /// Session second of frame 0, as the stamps before the first slip tell.
    pub since: f64,
}

impl TakeClock {
    /// From which session second to which the take was delivered, as its stamps tell; `frames` are all of the take. None
    /// without any stamp: position is all that is known then.
    pub fn span(&self, frames: Frames) -> Option<(f64, f64)> {
        let slipped: u64 = self.slips.iter().map(|slip| slip.frames.0).sum();
        let until = self.since + (frames.0 + slipped) as f64 / self.fit.rate + self.tail_deficit;
        (self.fit.points > 0).then_some((self.since, until))
    }
}

/// Estimates one take's clock from stamps. Pure; O(1) per observation, bounded memory.
#[derive(Debug, Clone)]
pub struct ClockModel {
    rate: SampleRate,
    bucket_s: f64,
    buckets: Vec<Point>,
    bucket_end_s: f64,
    points: u64,
    /// The line as of the last bucket.
    line: ClockFit,
}

impl ClockModel {
    /// A model without observations for a device that says it runs at `rate`.
    pub fn new(rate: SampleRate) -> Self {
        Self::starting_at(rate, 0.0)
    }

    /// A model without observations for a take whose frame 0 is held to be at session second `offset`.
    pub fn starting_at(rate: SampleRate, offset: f64) -> Self {
        Self {
            rate,
            bucket_s: BUCKET_S,
            buckets: Vec::new(),
            bucket_end_s: f64::NEG_INFINITY,
            points: 0,
            line: ClockFit::nominal(offset, rate),
        }
    }

    /// The first `frames` frames of the take had been delivered at session second `at`.
    pub fn observe(&mut self, frames: Frames, at: f64) {
        let nominal_s = frames.seconds(self.rate);
        let point = Point { nominal_s, lateness_s: at - nominal_s };
        self.points += 1;
        match self.buckets.last_mut() {
            Some(last) if nominal_s < self.bucket_end_s => {
                if point.lateness_s > last.lateness_s {
                    return;
                }
                *last = point;
                if self.buckets.len() > ENVELOPE_FROM {
                    // One bucket more or less does not move the line: it is drawn anew with the next one.
                    return;
                }
            }
            _ => {
                if self.buckets.len() == BUCKETS_MAX {
                    self.merge_pairs();
                }
                self.buckets.push(point);
                self.bucket_end_s = nominal_s + self.bucket_s;
            }
        }
        self.line = self.fit();
    }

    /// The line under the observations as of the last bucket; the nominal one before the first. Free.
    pub fn line(&self) -> &ClockFit {
        &self.line
    }

    /// How far above the line the least late of the last two buckets lies, in seconds, never below 0: what is late by
    /// less than this says nothing about missing sound (a rate that is not known yet, a step that came before).
    pub fn recent_lateness(&self) -> f64 {
        let slope = f64::from(self.rate.0) / self.line.rate - 1.0;
        last_above(&self.buckets, slope, self.line.offset).max(0.0)
    }

    /// What the whole take says.
    pub fn finish(&self) -> TakeClock {
        let steps = slip::steps(&self.buckets);
        let mut level = self.buckets.clone();
        for step in &steps {
            level[step.index..].iter_mut().for_each(|p| p.lateness_s -= step.seconds);
        }
        let mut fit = self.fit_to(&level);
        let slope = f64::from(self.rate.0) / fit.rate - 1.0;
        let tail_deficit = last_above(&level, slope, fit.offset);
        let since = fit.offset;
        let slips: Vec<Slip> = steps
            .iter()
            .map(|step| {
                let at = (self.buckets[step.index - 1].nominal_s + self.buckets[step.index].nominal_s) / 2.0;
                let frames = Frames((step.seconds * fit.rate).round() as u64);
                Slip { at: Frames::from_seconds(at, self.rate), frames }
            })
            .collect();
        fit.pieces = pieces(&fit, &slips);
        TakeClock { fit, slips, tail_deficit, since }
    }

    /// Draws the line under all observations.
    fn fit(&self) -> ClockFit {
        self.fit_to(&self.buckets)
    }

    fn fit_to(&self, points: &[Point]) -> ClockFit {
        let Some((first, last)) = points.first().zip(points.last()) else {
            return self.line.clone();
        };
        let slope =
            if last.nominal_s - first.nominal_s >= SLOPE_MIN_SPAN_S { theil_sen(points) } else { 0.0 };
        let mut offsets: Vec<f64> = points.iter().map(|p| p.lateness_s - slope * p.nominal_s).collect();
        offsets.sort_by(f64::total_cmp);
        let offset = if points.len() < ENVELOPE_FROM {
            offsets[0]
        } else {
            offsets[(offsets.len() as f64 * ENVELOPE_QUANTILE) as usize]
        };
        let mut distances: Vec<f64> = offsets.iter().map(|o| (o - offset).abs()).collect();
        distances.sort_by(f64::total_cmp);
        // time = offset + nominal·(1 + slope), so a second of session time holds rate/(1 + slope) frames.
        let rate = f64::from(self.rate.0) / (1.0 + slope);
        ClockFit {
            offset,
            rate,
            ppm: (rate / f64::from(self.rate.0) - 1.0) * 1e6,
            residual_ms: distances[distances.len() / 2] * 1e3,
            points: self.points,
            pieces: Vec::new(),
        }
    }

    /// Doubles the width of a bucket: of each two neighbours the less late one stays.
    fn merge_pairs(&mut self) {
        self.bucket_s *= 2.0;
        self.buckets = self
            .buckets
            .chunks(2)
            .map(|pair| *pair.iter().min_by(|a, b| a.lateness_s.total_cmp(&b.lateness_s)).unwrap_or(&pair[0]))
            .collect();
    }
}

/// The line, with a piece from each slip on; none without one.
fn pieces(line: &ClockFit, slips: &[Slip]) -> Vec<ClockPiece> {
    if slips.is_empty() {
        return Vec::new();
    }
    let mut pieces = line.pieces();
    let mut slipped = 0.0;
    for slip in slips {
        slipped += slip.frames.0 as f64 / line.rate;
        pieces.push(ClockPiece { from: slip.at, at: line.time_of(slip.at) + slipped, rate: line.rate });
    }
    pieces
}

/// How far above a line the least late of the last two points lies, in seconds.
fn last_above(points: &[Point], slope: f64, offset: f64) -> f64 {
    let above = |p: &Point| p.lateness_s - slope * p.nominal_s - offset;
    points.iter().rev().take(2).map(above).reduce(f64::min).unwrap_or(0.0)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Stamps of a device that runs `ppm` fast, each up to `jitter_s` late by a rule that looks random.
    fn observed(ppm: f64, seconds: u64, jitter_s: f64, seed: u64) -> ClockModel {
        let rate = SampleRate(48_000);
        let mut model = ClockModel::new(rate);
        let mut state = seed | 1;
        for block in 1..=seconds * 100 {
            let frames = Frames(block * 480);
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let late = (state >> 33) as f64 / (1u64 << 31) as f64 * jitter_s;
            model.observe(frames, 1.5 + frames.seconds(rate) / (1.0 + ppm * 1e-6) + late);
        }
        model
    }

    proptest! {
        #[test]
        fn finds_rate_and_offset_under_late_jitter(ppm in -900.0..900.0f64, seconds in 60u64..400, seed: u64) {
            let fit = observed(ppm, seconds, 0.004, seed).fit();
            prop_assert!((fit.ppm - ppm).abs() < 3.0, "ppm {} instead of {ppm}", fit.ppm);
            let end = Frames(seconds * 48_000);
            let truth = 1.5 + end.seconds(SampleRate(48_000)) / (1.0 + ppm * 1e-6);
            prop_assert!((fit.time_of(end) - truth).abs() < 0.001, "{} instead of {truth}", fit.time_of(end));
        }

        #[test]
        fn a_late_burst_does_not_move_the_line(ppm in -500.0..500.0f64, seed: u64) {
            let mut model = observed(ppm, 120, 0.002, seed);
            let before = model.fit();
            let rate = SampleRate(48_000);
            for block in 12_001..12_200u64 {
                // Everything of two seconds arrives at their end.
                let frames = Frames(block * 480);
                model.observe(frames, 1.5 + Frames(12_200 * 480).seconds(rate) / (1.0 + ppm * 1e-6));
            }
            let after = model.fit();
            prop_assert!((after.time_of(Frames(5_760_000)) - before.time_of(Frames(5_760_000))).abs() < 0.001);
        }
    }

    #[test]
    fn memory_is_bounded_over_a_day() {
        let rate = SampleRate(48_000);
        let mut model = ClockModel::new(rate);
        for second in 0..86_400u64 {
            model.observe(Frames(second * 48_000), second as f64 * (1.0 - 100e-6));
        }
        assert!(model.buckets.len() <= BUCKETS_MAX);
        assert!((model.fit().ppm - 100.0).abs() < 0.1, "{}", model.fit().ppm);
    }
}

//! What a few seconds of observations tell of a device's rate, and how sure that is. The clock of a take is
//! measured over minutes ([`super::model`]); here the question is what a short look at a device is worth.
//! Pure.

use super::envelope::{Point, median, slope_under};
use crate::base::units::{Frames, SampleRate};

/// With fewer points, or …
const POINTS_MIN: usize = 4;
/// … fewer seconds, nothing is told.
const SPAN_MIN_S: f64 = 3.0;
/// The true rate lies within what the points spread over their length, and this many times as much divided by
/// the number of points above three: few points may lie on a line by chance. Found on 6000 simulated looks,
/// of which it held in all but two.
const FEW: f64 = 12.0;
/// Spread that is reckoned with at least, in seconds: a scheduler's.
const SPREAD_MIN_S: f64 = 0.000_05;

/// A rate, and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Glance {
    /// Against the nominal rate, in parts per million.
    pub ppm: f64,
    /// The truth hardly ever lies further from it than this.
    pub uncertain_ppm: f64,
    /// How far the observations lie from that rate, in milliseconds (median).
    pub residual_ms: f64,
}

/// The rate that `observations` tell: that many frames had been delivered by that session second, the least
/// late of each second. None: they are too few.
pub fn glance(observations: &[(Frames, f64)], nominal: SampleRate) -> Option<Glance> {
    let point = |&(frames, at): &(Frames, f64)| {
        let nominal_s = frames.seconds(nominal);
        Point { nominal_s, lateness_s: at - nominal_s }
    };
    let points: Vec<Point> = observations.iter().map(point).collect();
    let (first, last) = points.first().zip(points.last())?;
    if points.len() < POINTS_MIN || last.nominal_s - first.nominal_s < SPAN_MIN_S {
        return None;
    }
    let slope = slope_under(&points);
    let heights: Vec<f64> = points.iter().map(|p| p.above(slope, 0.0)).collect();
    let low = heights.iter().copied().fold(f64::INFINITY, f64::min);
    let high = heights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let spread_s = (high - low) * (1.0 + FEW / (points.len() - 3) as f64);
    let uncertain_ppm = spread_s.max(SPREAD_MIN_S) / (last.nominal_s - first.nominal_s) * 1e6;
    let residual_ms = median(heights.iter().map(|h| (h - low) * 1e3).collect());
    Some(Glance { ppm: (1.0 / (1.0 + slope) - 1.0) * 1e6, uncertain_ppm, residual_ms })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use crate::clock::model::ClockModel;

    /// What a model keeps of a device that delivers every `period` seconds, up to `jitter` late.
    fn look(ppm: f64, seconds: f64, period: f64, jitter: f64, seed: u64) -> Option<Glance> {
        let rate = SampleRate::HZ_48000;
        let mut model = ClockModel::new(rate);
        let mut random = Random::at(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for n in 1..=(seconds / period) as u64 {
            let at = n as f64 * period;
            let frames = at * f64::from(rate.0) * (1.0 + ppm * 1e-6);
            model.observe(Frames(frames as u64), at + random.unit() * jitter);
        }
        glance(&model.take_observations(true), rate)
    }

    #[test]
    fn the_truth_lies_within_what_is_promised() {
        let (mut known, mut beyond) = (0, 0);
        for seed in 0..2_000 {
            let ppm = f64::from(seed % 400 - 200) * 6.0;
            let seconds = 5.0 + f64::from(seed % 7) * 4.0;
            let period = [0.005, 0.01, 0.1, 0.25][seed as usize % 4];
            let jitter = [0.0005, 0.004, 0.02][seed as usize % 3];
            let Some(found) = look(ppm, seconds, period, jitter, seed as u64) else { continue };
            known += 1;
            if (found.ppm - ppm).abs() > found.uncertain_ppm {
                println!("seed {seed}: {found:?} instead of {ppm}");
                beyond += 1;
            }
        }
        assert!(known > 1_900 && beyond <= 4, "{beyond} of {known}");
        let calm = look(-200.0, 6.0, 0.005, 0.0005, 1).unwrap();
        assert!(calm.uncertain_ppm < 150.0, "{calm:?}");
        assert_eq!(look(0.0, 2.5, 0.01, 0.004, 1), None, "too short");
    }
}

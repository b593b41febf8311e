//! Slips: small steps in the lower envelope of a take's stamps. Sound that a driver or a server lost without
//! a word, in pieces too small to be told from jitter while it is recorded, makes every later stamp later
//! than its frames account for, for good.
//!
//! Jitter only ever makes stamps late, and not all of them for half a minute; so a slip is only believed
//! where the *least* late stamps of `SIDE_S` or more after it all lie above the *usual* ones before it, by
//! much more than either side spreads, and where none ever comes back. What is in doubt is not a slip: it
//! stays in the account as unexplained.

use super::envelope::{Point, median, median_slope, thinned};

/// Smallest step that is believed. The promise is 5 ms; the rest is what the buckets' minima scatter.
pub const SLIP_MIN_S: f64 = 0.004;
/// Both sides of a slip are at least this long, in seconds…
const SIDE_S: f64 = 20.0;
/// … and at least this many points.
const SIDE_POINTS: usize = 8;
/// A slip is this many times as high as either side spreads (upper quartile above the minimum).
const SPREADS: f64 = 3.0;
/// How far to both sides a stamp that contradicts is looked for, in sides.
const MEMORY_SIDES: usize = 10;
/// Most slips that are looked for in one stretch; a device that loses more has other troubles.
const SLIPS_MAX: usize = 16;
/// So many points are looked at one by one; of more …
const POINTS: usize = 256;
/// … the least late of each stretch of up to this many seconds: steps stand out better from those.
const STRETCH_S: f64 = 4.0;

/// One step: from this point on everything is later.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Index of the first point after it; never 0.
    pub index: usize,
    /// How much later.
    pub seconds: f64,
}

impl Step {
    /// The nominal second that it is held to be at: between the last point before it and the first one after.
    pub fn at_s(&self, points: &[Point]) -> f64 {
        (points[self.index - 1].nominal_s + points[self.index].nominal_s) / 2.0
    }
}

/// The steps in `points` (minima of buckets of time, in order of time), in order.
pub fn steps(points: &[Point]) -> Vec<Step> {
    let Some((first, last)) = points.first().zip(points.last()) else { return Vec::new() };
    let spacing = (last.nominal_s - first.nominal_s) / (points.len() - 1).max(1) as f64;
    let stretch = (STRETCH_S / spacing.max(1e-3)).ceil() as usize;
    let of = points.len().div_ceil(POINTS).next_power_of_two().min(stretch.max(1));
    if of == 1 {
        return coarse_steps(points);
    }
    let apart = SIDE_POINTS * of;
    let slope = typical_slope(points, apart);
    let coarse = thinned(points, points.len().div_ceil(of), |p| p.above(slope, 0.0));
    let found = coarse_steps(&coarse);
    found.iter().filter_map(|step| placed(points, &coarse, step)).collect()
}

/// A step that was found between two of the coarse points, among all points.
fn placed(points: &[Point], coarse: &[Point], step: &Step) -> Option<Step> {
    let near = SIDE_POINTS;
    let (from, to) = (step.index.saturating_sub(near), (step.index + near).min(coarse.len()));
    let slope = median_slope([&coarse[from..step.index], &coarse[step.index..to]]);
    let before = lowest(&flattened(&coarse[from..step.index], slope));
    let place = |p: &Point| points.partition_point(|other| other.nominal_s < p.nominal_s);
    let (first, last) = (place(&coarse[step.index - 1]), place(&coarse[step.index]));
    let below = |p: &Point| p.above(slope, before) < step.seconds / 2.0;
    let index = (first..=last).rev().find(|i| below(&points[*i])).unwrap_or(first) + 1;
    (index < points.len()).then_some(Step { index, ..*step })
}

/// Median slope between points that lie so far apart: few such pairs join both sides of any step.
fn typical_slope(points: &[Point], apart: usize) -> f64 {
    let pairs = points.iter().zip(points.get(apart..).unwrap_or_default());
    let rising = pairs.filter(|(a, b)| b.nominal_s > a.nominal_s);
    median(rising.map(|(a, b)| (b.lateness_s - a.lateness_s) / (b.nominal_s - a.nominal_s)).collect())
}

fn coarse_steps(points: &[Point]) -> Vec<Step> {
    let mut level = points.to_vec();
    let mut found: Vec<Step> = Vec::new();
    let mut refuted = vec![false; points.len()];
    let side = side_points(points);
    for _ in 0..2 * SLIPS_MAX {
        if points.len() < 2 * side || found.len() == SLIPS_MAX {
            break;
        }
        let Some(candidate) = best_candidate(&level, side, &refuted) else { break };
        if let Some((step, first)) = examine(&level, candidate, side) {
            level[step.index].lateness_s -= first;
            level[step.index + 1..].iter_mut().for_each(|p| p.lateness_s -= step.seconds);
            found.push(step);
        } else {
            let around = candidate.saturating_sub(side / 4)..(candidate + side / 4 + 1).min(points.len());
            refuted[around].fill(true);
        }
    }
    found.sort_by_key(|step| step.index);
    found
}

/// Points that make up `SIDE_S` and are not fewer than [`SIDE_POINTS`].
fn side_points(points: &[Point]) -> usize {
    let Some((first, last)) = points.first().zip(points.last()) else { return SIDE_POINTS };
    let spacing = (last.nominal_s - first.nominal_s) / (points.len() - 1).max(1) as f64;
    if spacing > 0.0 { ((SIDE_S / spacing).ceil() as usize).max(SIDE_POINTS) } else { SIDE_POINTS }
}

/// Where the least late point after stands highest above the usual one before.
fn best_candidate(points: &[Point], side: usize, refuted: &[bool]) -> Option<usize> {
    // Pairs so close together that few of them join both sides of any step; of the neighbourhood alone, as
    // rates change.
    let apart = (side / 4).max(1);
    let slopes: Vec<f64> = (0..=points.len() / side)
        .map(|block| {
            let middle = block * side;
            let (from, to) = (middle.saturating_sub(4 * side), (middle + 4 * side).min(points.len()));
            typical_slope(&points[from..to], apart)
        })
        .collect();
    let rise = |k: usize| -> f64 {
        let flat = flattened(&points[k - side..k + side], slopes[k / side]);
        lowest(&flat[side..]) - upper_quartile(&flat[..side])
    };
    (side..=points.len() - side)
        .filter(|&k| !refuted[k.min(refuted.len() - 1)])
        .map(|k| (k, rise(k)))
        .filter(|(_, step)| *step > SLIP_MIN_S / 2.0)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(k, _)| k)
}

/// Places the step near `candidate` exactly and judges it; also how much later its first point is. That one
/// can lie in between: it stands for a stretch of time in which the step happened.
fn examine(points: &[Point], candidate: usize, side: usize) -> Option<(Step, f64)> {
    let far = 4 * side;
    let (from, to) = (candidate.saturating_sub(far), (candidate + far).min(points.len()));
    // The candidate may lie some points past the step: those belong to neither side.
    let margin = side / 4;
    let slope = median_slope([&points[from..candidate - margin], &points[candidate..to]]);
    let flat = flattened(points, slope);
    let middle =
        (lowest(&flat[candidate - side..candidate]) + lowest(&flat[candidate..candidate + side])) / 2.0;
    let index = (candidate - side..candidate + side).rev().find(|&i| flat[i] < middle)? + 1;
    if index < side || index + side > points.len() {
        return None;
    }
    let (before, after) = (&flat[index - side..index], &flat[index + 1..index + side]);
    let seconds = lowest(after) - lowest(before);
    let spread = (upper_quartile(before) - lowest(before)).max(upper_quartile(after) - lowest(after));
    let half = lowest(before) + seconds / 2.0;
    let later = &flat[index + 1..(index + MEMORY_SIDES * side).min(flat.len())];
    let earlier = &flat[index.saturating_sub(MEMORY_SIDES * side)..index];
    let comes_back = lowest(later) < half;
    // As late before, for a whole side: then this is a device that takes turns, and nothing is missing.
    let was_there = earlier.chunks_exact(side).any(|stretch| lowest(stretch) > half);
    (seconds >= SLIP_MIN_S && seconds >= SPREADS * spread && !comes_back && !was_there)
        .then(|| (Step { index, seconds }, (flat[index] - lowest(before)).min(seconds)))
}

fn flattened(points: &[Point], slope: f64) -> Vec<f64> {
    points.iter().map(|p| p.lateness_s - slope * p.nominal_s).collect()
}

fn lowest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn upper_quartile(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() * 3 / 4]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::base::random::Random;
    use crate::base::units::{Frames, SampleRate};
    use crate::clock::model::{ClockModel, TakeClock};

    /// A device and what its machine does to its stamps.
    #[derive(Debug, Clone)]
    struct Device {
        ppm: f64,
        seconds: f64,
        /// Seconds of sound in a delivery.
        period: f64,
        /// Each delivery is up to this late.
        jitter: f64,
        /// Of a hundred deliveries this many are held up for up to 0.3 s, and what follows waits behind them.
        pauses: f64,
        /// From this share of the take on the machine is busy: three times the jitter and the pauses.
        busy_from: f64,
        /// Second, and how much is lost there.
        losses: Vec<(f64, f64)>,
        seed: u64,
    }

    impl Device {
        fn finish(&self) -> TakeClock {
            let rate = SampleRate(48_000);
            let true_rate = 48_000.0 * (1.0 + self.ppm * 1e-6);
            let mut model = ClockModel::new(rate);
            let mut random = Random::at(self.seed | 1);
            let (mut free_at, mut losses) = (0.0f64, self.losses.iter().peekable());
            let (mut made, mut lost) = (0.0, 0.0);
            while made < self.seconds {
                made += self.period;
                if let Some((_, seconds)) = losses.next_if(|(at, _)| *at < made) {
                    lost += seconds;
                }
                let busy = if made > self.busy_from * self.seconds { 3.0 } else { 1.0 };
                let pause =
                    if random.unit() * 100.0 < self.pauses * busy { random.unit() * 0.3 } else { 0.0 };
                free_at = free_at.max(made) + pause;
                let at = free_at.max(made + random.unit() * self.jitter * busy);
                model.observe(Frames(((made - lost) * true_rate) as u64), 0.7 + at);
            }
            model.finish()
        }
    }

    fn device() -> impl Strategy<Value = Device> {
        let machine = prop_oneof![
            // A sound card's callbacks, calm or busy.
            (Just(0.01), 0.0..0.008f64, 0.0..4.0f64),
            // PulseAudio: bursts of half a second.
            (Just(0.5), 0.0..0.06f64, 0.0..10.0f64),
            (0.02..0.2f64, 0.0..0.03f64, 0.0..8.0f64),
        ];
        let busy_from = prop_oneof![Just(2.0), 0.1..0.9f64];
        (-300.0..300.0f64, 15.0..900.0f64, machine, busy_from, any::<u64>()).prop_map(
            |(ppm, seconds, (period, jitter, pauses), busy_from, seed)| Device {
                ppm,
                seconds,
                period,
                jitter,
                // A machine that is held up for longer than it runs loses sound: that is for the ring to
                // count.
                pauses: f64::min(pauses, period * 100.0),
                busy_from,
                losses: Vec::new(),
                seed,
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn jitter_never_makes_a_slip(device in device()) {
            let clock = device.finish();
            prop_assert_eq!(clock.slips, vec![]);
        }

        #[test]
        fn finds_what_a_calm_device_loses(
            ppm in -300.0..300.0f64, before in 30.0..400.0f64, after in 30.0..400.0f64, lost in 0.005..0.06f64, seed: u64,
        ) {
            let losses = vec![(before, lost)];
            let device = Device {
                ppm, seconds: before + after, period: 0.01, jitter: 0.004, pauses: 0.5, busy_from: 2.0, losses, seed,
            };
            let clock = device.finish();
            prop_assert_eq!(clock.slips.len(), 1, "{:?}", clock);
            let slip = clock.slips[0];
            prop_assert!((slip.frames.0 as f64 / 48_000.0 - lost).abs() < 0.001, "{slip:?} instead of {lost}");
            let width = if device.seconds > 512.0 { 4.0 } else if device.seconds > 256.0 { 2.0 } else { 1.0 };
            prop_assert!((slip.at.0 as f64 / 48_000.0 - before).abs() <= 1.0 + width, "{slip:?} instead of {before}");
            prop_assert!((clock.fit.ppm - ppm).abs() < 25.0, "{} instead of {ppm} ppm", clock.fit.ppm);
            prop_assert!(clock.tail_deficit.abs() < 0.002, "{}", clock.tail_deficit);
        }
    }

    #[test]
    fn finds_losses_in_bursts_and_one_after_the_other() {
        let calm = Device {
            ppm: 80.0,
            seconds: 300.0,
            period: 0.5,
            jitter: 0.004,
            pauses: 0.0,
            busy_from: 2.0,
            losses: vec![(70.0, 0.030), (150.0, 0.012), (230.0, 0.055)],
            seed: 7,
        };
        let clock = calm.finish();
        let found: Vec<f64> = clock.slips.iter().map(|slip| slip.frames.0 as f64 / 48.0).collect();
        assert_eq!(found.len(), 3, "{clock:?}");
        for (found, lost) in found.iter().zip([30.0, 12.0, 55.0]) {
            assert!((found - lost).abs() < 3.0, "{found} ms instead of {lost}");
        }
        // Everything that is missing is named: nothing stays unexplained.
        assert!(clock.tail_deficit.abs() < 0.004, "{}", clock.tail_deficit);
    }

    /// The second in which the step happened has one stamp before it, and that one is late.
    #[test]
    fn finds_a_step_whose_first_point_lies_in_between() {
        let device = Device {
            ppm: -178.193_527_547_887_14,
            seconds: 112.015_819_288_384_17,
            period: 0.01,
            jitter: 0.004,
            pauses: 0.5,
            busy_from: 2.0,
            losses: vec![(67.015_819_288_384_17, 0.040_487_981_802_154_91)],
            seed: 11_761_339_722_089_114_180,
        };
        let clock = device.finish();
        assert_eq!(clock.slips.len(), 1, "{clock:?}");
        assert!(clock.slips[0].frames.0.abs_diff(1_943) < 48, "{clock:?}");
    }

    #[test]
    fn a_latency_that_goes_and_comes_is_no_slip() {
        let rate = SampleRate(48_000);
        let mut model = ClockModel::new(rate);
        for block in 0..30_000u64 {
            let frames = Frames(block * 480);
            // Another client asks the server for less latency during the second of five minutes.
            let latency = if (6_000..12_000).contains(&block) { 0.01 } else { 0.04 };
            model.observe(frames, frames.seconds(rate) + latency);
        }
        assert_eq!(model.finish().slips, vec![]);
    }
}

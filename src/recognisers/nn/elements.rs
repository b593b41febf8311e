//! What is done to each number of a row. Written so that a compiler makes vectors of it, without instructions
//! that only some processors have: the results are the same everywhere.

/// Numbers that are worked on at once.
const LANES: usize = 16;

/// 1.5 · 2²³: added to a number of less than 2²² and taken away again, it leaves the nearest whole one.
const ROUNDING: f32 = 12_582_912.0;

/// e to the power of `x`, to 2 units in the last place between −87 and 88; beyond them the value there.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUNDING;
    let power = shifted - ROUNDING;
    // ln 2 in two parts, so that what is left of x is exact.
    let r = x - power * 0.693_359_4 + power * 2.121_944_4e-4;
    let p = 1.378_059_4e-3 * r + 8.373_124_5e-3;
    let p = p * r + 4.166_953_6e-2;
    let p = p * r + 1.666_647_2e-1;
    let p = p * r + 4.999_998_5e-1;
    let p = (p * r + 1.0) * r + 1.0;
    // The whole number stands in the low bits of the sum; as an exponent it is 2 to that power.
    f32::from_bits((shifted.to_bits() << 23).wrapping_add(p.to_bits()))
}

/// The error function, to 1.5e-7 (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26).
#[inline(always)]
fn erf(x: f32) -> f32 {
    let positive = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * positive);
    let p = 1.061_405_4 * t - 1.453_152_1;
    let p = p * t + 1.421_413_8;
    let p = p * t - 0.284_496_72;
    let p = (p * t + 0.254_829_6) * t;
    (1.0 - p * exp(-positive * positive)).copysign(x)
}

/// Gaussian error linear unit, the exact one.
pub fn gelu(row: &mut [f32]) {
    each(row, |x| 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)));
}

/// x · sigmoid(x).
pub fn silu(row: &mut [f32]) {
    each(row, |x| x / (1.0 + exp(-x)));
}

#[inline(always)]
fn each(row: &mut [f32], f: impl Fn(f32) -> f32) {
    let (chunks, rest) = row.as_chunks_mut::<LANES>();
    for chunk in chunks {
        *chunk = chunk.map(&f);
    }
    for x in rest {
        *x = f(*x);
    }
}

/// The sum, the same whatever the processor.
pub fn sum(row: &[f32]) -> f32 {
    fold(row, 0.0, |a, b| a + b)
}

/// The greatest number; −∞ of none.
pub fn greatest(row: &[f32]) -> f32 {
    fold(row, f32::NEG_INFINITY, |a, b| if b > a { b } else { a })
}

/// The least number; ∞ of none.
pub fn least(row: &[f32]) -> f32 {
    fold(row, f32::INFINITY, |a, b| if b < a { b } else { a })
}

/// The nearest whole number, of one below 2²².
#[inline(always)]
pub fn nearest(x: f32) -> i32 {
    (x + ROUNDING).to_bits().wrapping_sub(ROUNDING.to_bits()).cast_signed()
}

#[inline(always)]
fn fold(row: &[f32], start: f32, f: impl Fn(f32, f32) -> f32) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [start; LANES];
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, *x);
        }
    }
    lanes.iter().chain(rest).copied().fold(start, &f)
}

/// a · b.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    sum(&lanes) + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// `out += factor · row`.
pub fn add_scaled(out: &mut [f32], row: &[f32], factor: f32) {
    for (out, x) in out.iter_mut().zip(row) {
        *out += factor * x;
    }
}

/// e to the power of each number less the greatest; gives the sum, by which they are to be divided for their
/// softmax.
pub fn exps(row: &mut [f32]) -> f32 {
    let most = greatest(row);
    each(row, |x| exp(x - most));
    sum(row)
}

/// Makes probabilities of a row.
pub fn softmax(row: &mut [f32]) {
    let share = 1.0 / exps(row);
    each(row, |x| x * share);
}

/// A norm of rows: mean 0 and variance 1, then a weight and an offset for each number.
#[derive(Debug, Clone, PartialEq)]
pub struct Norm {
    weight: Vec<f32>,
    offset: Option<Vec<f32>>,
}

/// What is added to the variance.
const EPSILON: f32 = 1e-5;

impl Norm {
    /// `offset` is as long as `weight`.
    pub fn new(weight: Vec<f32>, offset: Option<Vec<f32>>) -> Self {
        assert!(offset.as_ref().is_none_or(|offset| offset.len() == weight.len()));
        Self { weight, offset }
    }

    /// Norms every row of `rows` into `out`.
    pub fn apply(&self, rows: &[f32], out: &mut [f32]) {
        let width = self.weight.len();
        for (row, out) in rows.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let mean = sum(row) / width as f32;
            for (out, x) in out.iter_mut().zip(row) {
                *out = x - mean;
            }
            let scale = 1.0 / (dot(out, out) / width as f32 + EPSILON).sqrt();
            match &self.offset {
                Some(offset) => {
                    for ((out, weight), offset) in out.iter_mut().zip(&self.weight).zip(offset) {
                        *out = *out * scale * weight + offset;
                    }
                }
                None => {
                    for (out, weight) in out.iter_mut().zip(&self.weight) {
                        *out = *out * scale * weight;
                    }
                }
            }
        }
    }
}

/// How a row was rounded: `x ≈ scale · (q − zero)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rounded {
    /// Between two neighbours.
    pub scale: f32,
    /// The number that stands for 0.
    pub zero: i32,
}

/// Rounds a row to 8 bits, of which it takes all that there are.
pub fn round(row: &[f32], out: &mut [u8]) -> Rounded {
    let (least, most) = (least(row).min(0.0), greatest(row).max(0.0));
    let scale = ((most - least) / 255.0).max(f32::MIN_POSITIVE);
    let (inverse, zero) = (1.0 / scale, (-least / scale).clamp(0.0, 255.0) + ROUNDING - ROUNDING);
    let shift = zero + ROUNDING;
    let one = |x: f32| ((x * inverse + shift).to_bits() & 0x1ff).min(255) as u8;
    let (chunks, rest) = row.as_chunks::<LANES>();
    let (out_chunks, out_rest) = out.as_chunks_mut::<LANES>();
    for (chunk, out) in chunks.iter().zip(out_chunks) {
        *out = chunk.map(one);
    }
    for (x, out) in rest.iter().zip(out_rest) {
        *out = one(*x);
    }
    Rounded { scale, zero: zero as i32 }
}

#[cfg(test)]
mod tests {
    use super::super::tests::noise;
    use super::*;

    #[test]
    fn elements_are_as_in_a_book() {
        for i in -8_000..=8_000 {
            let x = i as f32 / 100.0;
            let right = f64::from(x).exp();
            assert!((f64::from(exp(x)) / right - 1.0).abs() < 3e-7, "exp {x}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 2e-38);
        // Values of the tables in Abramowitz and Stegun.
        for (x, right) in
            [(0.0, 0.0), (0.5, 0.520_499_9), (1.0, 0.842_700_8), (2.0, 0.995_322_3), (-1.0, -0.842_700_8)]
        {
            assert!((erf(x) - right).abs() < 5e-7, "erf {x} is {}", erf(x));
        }
        let mut row = vec![1.0, -1.0];
        silu(&mut row);
        assert!((row[0] - 0.731_058_6).abs() < 1e-6 && (row[1] + 0.268_941_4).abs() < 1e-6);
    }

    #[test]
    fn a_softmax_sums_to_one_and_forgets_what_is_impossible() {
        let mut row: Vec<f32> = noise(37, 3).iter().map(|x| x * 20.0).collect();
        row[5] = f32::NEG_INFINITY;
        softmax(&mut row);
        assert!((sum(&row) - 1.0).abs() < 1e-5);
        assert!(row[5] < 1e-30);
    }

    #[test]
    fn a_norm_leaves_mean_zero_and_variance_one() {
        let rows: Vec<f32> = noise(3 * 50, 4).iter().map(|x| x * 9.0 + 100.0).collect();
        let mut out = vec![0.0; rows.len()];
        Norm::new(vec![2.0; 50], Some(vec![1.0; 50])).apply(&rows, &mut out);
        for row in out.chunks(50) {
            let mean = sum(row) / 50.0;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 50.0;
            assert!((mean - 1.0).abs() < 1e-4 && (variance - 4.0).abs() < 1e-2, "{mean} {variance}");
        }
    }

    #[test]
    fn rounding_keeps_zero_and_both_ends() {
        for seed in 0..50 {
            let shift = (seed as f32 - 25.0) / 10.0;
            let row: Vec<f32> = noise(45, seed).iter().map(|x| (x + shift) * 3.0).collect();
            let mut out = vec![0; row.len()];
            let Rounded { scale, zero } = round(&row, &mut out);
            for (x, q) in row.iter().zip(&out) {
                let back = scale * (i32::from(*q) - zero) as f32;
                assert!((back - x).abs() <= scale * 1.01, "{x} became {back} in steps of {scale}");
            }
        }
        let mut out = [9; 3];
        assert_eq!(round(&[0.0; 3], &mut out).zero, 0);
        assert_eq!(out, [0; 3]);
    }
}

//! Products with weights: 7-bit weights, 8-bit rows, sums in 32 bits.

use rten_gemm::{GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::Matrix;

use super::elements::{self, Rounded};
use super::{Kernels, View};

/// The greatest weight; see the module's comment.
const WEIGHT_MAX: f32 = 64.0;
/// Rows that are multiplied at once: what comes of them stays in the processor's cache until it is used.
const ROWS: usize = 64;
/// Up to so many rows are multiplied one by one where weights aren't packed.
const FEW: usize = 4;

/// What weights are laid out for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// Many rows at once: an encoder.
    Many,
    /// One row at a time: a decoder. Many rows work too, more slowly.
    One,
}

/// What is done with the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// They take the place of what was there.
    Store,
    /// They are added to what was there.
    Add,
    /// They take the place of what was there, after [`elements::gelu`].
    Gelu,
    /// The same with [`elements::silu`].
    Silu,
}

enum Weights {
    Packed(PackedBMatrix<i8>),
    /// An output's weights follow one another.
    Rows(Vec<i8>),
}

/// A layer: `rows · weights + bias`.
pub struct Linear {
    inputs: usize,
    weights: Weights,
    /// Of each output.
    scales: Vec<f32>,
    /// The sum of each output's weights.
    sums: Vec<i32>,
    bias: Vec<f32>,
}

/// What a product needs while it runs; kept, so that nothing is allocated again.
#[derive(Default)]
pub struct Scratch {
    rows: Vec<u8>,
    rounded: Vec<Rounded>,
    sums: Vec<i32>,
}

impl Linear {
    /// Rounds weights: those of an output, `inputs` many, follow one another. Without `bias` it is 0.
    pub fn new(
        kernels: &Kernels,
        weights: &[f32],
        inputs: usize,
        bias: Option<Vec<f32>>,
        serves: Serves,
    ) -> Self {
        let outputs = weights.len() / inputs;
        assert!(weights.len() == outputs * inputs);
        let bias = bias.unwrap_or_else(|| vec![0.0; outputs]);
        let row = |output: usize, out: &mut [f32]| out.copy_from_slice(&weights[output * inputs..][..inputs]);
        Self::of_rows(kernels, row, inputs, bias, serves)
    }

    /// [`Linear::new`] of weights that come output by output: `row` is asked for those of each. There are as
    /// many outputs as numbers in `bias`.
    pub fn of_rows(
        kernels: &Kernels,
        mut row: impl FnMut(usize, &mut [f32]),
        inputs: usize,
        bias: Vec<f32>,
        serves: Serves,
    ) -> Self {
        let outputs = bias.len();
        assert!(outputs > 0 && inputs > 0);
        let mut whole = vec![0_i8; outputs * inputs];
        let (mut scales, mut sums) = (Vec::with_capacity(outputs), Vec::with_capacity(outputs));
        let mut weights = vec![0.0; inputs];
        for (output, whole) in whole.chunks_exact_mut(inputs).enumerate() {
            row(output, &mut weights);
            let (scale, sum) = round_weights(&weights, whole);
            scales.push(scale);
            sums.push(sum);
        }
        let weights = match serves {
            Serves::Many => Weights::Packed(kernels.whole.prepack_b(columns(&whole, inputs))),
            Serves::One => Weights::Rows(whole),
        };
        Self { inputs, weights, scales, sums, bias }
    }

    /// How many numbers come out of a row.
    pub fn outputs(&self) -> usize {
        self.scales.len()
    }

    /// The weights of one output, as they were rounded; for embeddings, which are both. `out` is as long as
    /// the inputs. Not where weights serve many rows.
    pub fn weights_of(&self, output: usize, out: &mut [f32]) {
        let Weights::Rows(whole) = &self.weights else {
            panic!("packed weights can't be read");
        };
        let scale = self.scales[output];
        for (out, weight) in out.iter_mut().zip(&whole[output * self.inputs..][..self.inputs]) {
            *out = scale * f32::from(*weight);
        }
    }

    /// Multiplies each row. `out` has a row of outputs for each.
    pub fn apply(
        &self,
        kernels: &Kernels,
        rows: View<'_, f32>,
        out: &mut [f32],
        then: Then,
        scratch: &mut Scratch,
    ) {
        assert!(rows.columns == self.inputs && rows.column_stride == 1);
        assert_eq!(out.len(), rows.rows * self.outputs());
        let at_once = match self.weights {
            Weights::Rows(_) if rows.rows <= FEW => 1,
            // Unpacked weights are packed for each block.
            Weights::Rows(_) => rows.rows,
            Weights::Packed(_) => ROWS,
        };
        for (block, out) in out.chunks_mut(at_once * self.outputs()).enumerate() {
            let first = block * at_once;
            let count = out.len() / self.outputs();
            self.block(kernels, rows, first..first + count, scratch);
            for (i, out) in out.chunks_exact_mut(self.outputs()).enumerate() {
                let sums = &scratch.sums[i * self.outputs()..][..self.outputs()];
                self.finish(sums, scratch.rounded[i], out, then);
            }
        }
    }

    /// The products of some rows, as whole numbers.
    fn block(
        &self,
        kernels: &Kernels,
        rows: View<'_, f32>,
        which: std::ops::Range<usize>,
        scratch: &mut Scratch,
    ) {
        let count = which.len();
        scratch.rows.resize(count * self.inputs, 0);
        scratch.rounded.clear();
        for (i, whole) in which.zip(scratch.rows.chunks_exact_mut(self.inputs)) {
            let row = &rows.data[i * rows.row_stride..][..self.inputs];
            scratch.rounded.push(elements::round(row, whole));
        }
        scratch.sums.resize(count * self.outputs(), 0);
        let a = GemmInputA::Unpacked(View::dense(&scratch.rows, self.inputs).matrix());
        let b = match &self.weights {
            Weights::Packed(packed) => GemmInputB::Packed(packed),
            Weights::Rows(whole) => GemmInputB::Unpacked(columns(whole, self.inputs)),
        };
        kernels
            .whole
            .gemm(&mut scratch.sums, a, b, GemmOptions::default())
            .expect("the sizes of a product fit each other");
    }

    /// From whole numbers to what they stand for.
    fn finish(&self, sums: &[i32], rounded: Rounded, out: &mut [f32], then: Then) {
        let Rounded { scale, zero } = rounded;
        let each = sums.iter().zip(&self.sums).zip(self.scales.iter().zip(&self.bias));
        let value = |((sum, weights), (of_output, bias)): ((&i32, &i32), (&f32, &f32))| {
            (sum - zero * weights) as f32 * (scale * of_output) + bias
        };
        if then == Then::Add {
            for (out, numbers) in out.iter_mut().zip(each) {
                *out += value(numbers);
            }
        } else {
            for (out, numbers) in out.iter_mut().zip(each) {
                *out = value(numbers);
            }
        }
        match then {
            Then::Store | Then::Add => {}
            Then::Gelu => elements::gelu(out),
            Then::Silu => elements::silu(out),
        }
    }
}

/// Weights of outputs that follow one another, as a matrix with a column for each.
fn columns(whole: &[i8], inputs: usize) -> Matrix<'_, i8> {
    View::dense(whole, inputs).turned().matrix()
}

/// Rounds the weights of an output; gives their scale and their sum.
fn round_weights(row: &[f32], whole: &mut [i8]) -> (f32, i32) {
    let most = elements::greatest(row).max(-elements::least(row));
    let scale = (most / WEIGHT_MAX).max(f32::MIN_POSITIVE);
    let inverse = 1.0 / scale;
    for (x, whole) in row.iter().zip(&mut *whole) {
        *whole = elements::nearest(x * inverse) as i8;
    }
    (scale, whole.iter().map(|weight| i32::from(*weight)).sum())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{farthest, noise, plainly};
    use super::*;

    /// What AVX2 makes of it: pairs are added in 16 bits, where too much is cut.
    fn in_sixteen_bits(row: &[u8], weights: &[i8]) -> i32 {
        row.chunks(2)
            .zip(weights.chunks(2))
            .map(|(row, weights)| {
                let pair: i32 = row.iter().zip(weights).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
                pair.clamp(i32::from(i16::MIN), i32::from(i16::MAX))
            })
            .sum()
    }

    /// Rows whose numbers are all as great as they get, against weights that are, too.
    fn extremes(count: usize, inputs: usize) -> Vec<f32> {
        (0..count * inputs).map(|i| if i.is_multiple_of(inputs) { -0.001 } else { 1.0 }).collect()
    }

    #[test]
    fn no_processor_cuts_a_sum() {
        let kernels = Kernels::default();
        let (inputs, outputs) = (96, 40);
        for weights in [vec![1.0; inputs * outputs], vec![-1.0; inputs * outputs], noise(inputs * outputs, 5)]
        {
            for serves in [Serves::Many, Serves::One] {
                let linear = Linear::new(&kernels, &weights, inputs, None, serves);
                for count in [1, 3, 9] {
                    let rows = extremes(count, inputs);
                    let mut scratch = Scratch::default();
                    linear.block(&kernels, View::dense(&rows, inputs), 0..count, &mut scratch);
                    let mut whole = vec![0; weights.len()];
                    for (row, whole) in weights.chunks(inputs).zip(whole.chunks_mut(inputs)) {
                        round_weights(row, whole);
                    }
                    let expected: Vec<i32> = scratch
                        .rows
                        .chunks(inputs)
                        .flat_map(|row| {
                            whole.chunks(inputs).map(move |weights| in_sixteen_bits(row, weights))
                        })
                        .collect();
                    assert_eq!(scratch.sums, expected, "{serves:?}, {count} rows");
                }
            }
        }
    }

    #[test]
    fn a_layer_is_what_it_is_plainly_within_its_rounding() {
        let kernels = Kernels::default();
        let (inputs, outputs, count) = (130, 70, 150);
        let (weights, bias) = (noise(inputs * outputs, 6), noise(outputs, 7));
        let rows = noise(inputs * count, 8);
        let view = View::dense(&rows, inputs);
        let mut right = plainly(view, View::dense(&weights, inputs).turned());
        for (i, x) in right.iter_mut().enumerate() {
            *x += bias[i % outputs];
        }
        for serves in [Serves::Many, Serves::One] {
            let linear = Linear::new(&kernels, &weights, inputs, Some(bias.clone()), serves);
            let (mut out, mut scratch) = (vec![1.0; right.len()], Scratch::default());
            linear.apply(&kernels, view, &mut out, Then::Store, &mut scratch);
            // The results have a deviation of 3.8, and the rounding of 7 bits is worth some hundredths.
            assert!(farthest(&out, &right) < 0.25, "{}", farthest(&out, &right));
            let mut more = vec![1.0; right.len()];
            linear.apply(&kernels, view, &mut more, Then::Add, &mut scratch);
            assert!(more.iter().zip(&out).all(|(more, out)| (more - out - 1.0).abs() < 1e-5));
            // Row by row, the same to the last bit.
            let mut one = vec![0.0; outputs];
            for (i, row) in rows.chunks(inputs).enumerate() {
                linear.apply(&kernels, View::dense(row, inputs), &mut one, Then::Store, &mut scratch);
                assert_eq!(one, out[i * outputs..][..outputs], "row {i}, {serves:?}");
            }
        }
    }
}

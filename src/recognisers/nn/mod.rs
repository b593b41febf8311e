//! What neural recognisers are made of: products of matrices, and the few operations between them.
//!
//! Weights are whole numbers of 7 bits, one scale to an output ([`Linear`]); what they are multiplied with is
//! rounded to 8 bits row by row, while it runs. The kernel is chosen by the processor's features when the
//! program starts. **7 bits and not 8**, as a processor with AVX2 alone adds pairs of products in 16
//! bits: 2 · 255 · 127 doesn't fit there and is cut without a word, which damages the text; 2 · 255 · 64
//! fits. So the products of whole numbers are the same on every processor.
//!
//! | module | what it holds |
//! |---|---|
//! | [`linear`] | products with weights |
//! | [`attention`] | attention of many rows, and of one row over what was kept |
//! | [`elements`] | softmax, norms, activations, rounding: row by row |
//! | [`rotary`] | positions that turn queries and keys |
//!
//! All matrices are dense, row by row; a row is a moment or a token. Sizes are checked where a thing is made;
//! a wrong size afterwards is a mistake of the program and panics.

pub mod attention;
pub mod elements;
pub mod linear;
pub mod rotary;

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::Matrix;

pub use linear::{Linear, Serves, Then};

/// The kernels of this machine.
#[derive(Default)]
pub struct Kernels {
    float: GemmExecutor,
    whole: GemmExecutor<u8, i8, i32>,
}

impl Kernels {
    /// For a network that goes from one thread to another, which kernels of its own could not. They are some
    /// bytes, and stay until the process ends.
    pub fn for_good() -> &'static Self {
        Box::leak(Box::default())
    }
}

/// A matrix in some numbers: `rows` × `columns`, and how far it is from one row and from one column to the
/// next.
#[derive(Debug, Clone, Copy)]
pub struct View<'a, T> {
    /// At least as many as the strides reach.
    pub data: &'a [T],
    pub rows: usize,
    pub columns: usize,
    /// Numbers from a row to the next.
    pub row_stride: usize,
    /// Numbers from a column to the next.
    pub column_stride: usize,
}

impl<'a, T> View<'a, T> {
    /// Rows that follow one another.
    pub fn dense(data: &'a [T], columns: usize) -> Self {
        let rows = data.len().checked_div(columns).unwrap_or(0);
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Mirrored: rows become columns.
    pub fn turned(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    fn matrix(self) -> Matrix<'a, T> {
        Matrix::from_slice_with_strides(
            [self.rows, self.columns],
            self.data,
            [self.row_stride, self.column_stride],
        )
        .expect("a view reaches no farther than its numbers")
    }
}

/// A right-hand matrix that is used more than once.
pub struct Packed(PackedBMatrix<f32>);

impl Kernels {
    /// The names of the kernels: for whole numbers, for fractions.
    pub fn names(&self) -> (&str, &str) {
        (self.whole.kernel_name(), self.float.kernel_name())
    }

    /// Packs a right-hand matrix.
    pub fn pack(&self, b: View<'_, f32>) -> Packed {
        Packed(self.float.prepack_b(b.matrix()))
    }

    /// `out = factor · a · b`.
    pub fn product(&self, out: &mut [f32], a: View<'_, f32>, b: View<'_, f32>, factor: f32) {
        self.multiply(out, a, GemmInputB::Unpacked(b.matrix()), factor);
    }

    /// [`Kernels::product`] with a matrix that was packed.
    pub fn product_packed(&self, out: &mut [f32], a: View<'_, f32>, b: &Packed, factor: f32) {
        self.multiply(out, a, GemmInputB::Packed(&b.0), factor);
    }

    fn multiply(&self, out: &mut [f32], a: View<'_, f32>, b: GemmInputB<'_, f32>, factor: f32) {
        let how = GemmOptions { alpha: factor, ..GemmOptions::default() };
        self.float
            .gemm(out, GemmInputA::Unpacked(a.matrix()), b, how)
            .expect("the sizes of a product fit each other");
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Numbers between −1 and 1 that are the same in each run.
    pub fn noise(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    /// `a · b`, the plain way.
    pub fn plainly(a: View<'_, f32>, b: View<'_, f32>) -> Vec<f32> {
        let at = |m: View<'_, f32>, r: usize, c: usize| m.data[r * m.row_stride + c * m.column_stride];
        (0..a.rows)
            .flat_map(|r| {
                (0..b.columns).map(move |c| {
                    (0..a.columns).map(|k| f64::from(at(a, r, k)) * f64::from(at(b, k, c))).sum::<f64>()
                        as f32
                })
            })
            .collect()
    }

    /// The greatest difference.
    pub fn farthest(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_product_is_what_it_is_plainly() {
        let kernels = Kernels::default();
        let (a, b) = (noise(7 * 40, 1), noise(40 * 33, 2));
        let (a, b) = (View::dense(&a, 40), View::dense(&b, 33));
        let mut out = vec![0.0; 7 * 33];
        kernels.product(&mut out, a, b, 1.0);
        assert!(farthest(&out, &plainly(a, b)) < 1e-4);
        // Rows of a that overlap, as in a convolution, and b mirrored.
        let strided = View { row_stride: 20, rows: 13, ..a };
        let turned = View::dense(b.data, 40).turned();
        let mut out = vec![0.0; 13 * 33];
        kernels.product_packed(&mut out, strided, &kernels.pack(turned), 0.5);
        let plain: Vec<f32> = plainly(strided, turned).iter().map(|x| x * 0.5).collect();
        assert!(farthest(&out, &plain) < 1e-4);
    }
}

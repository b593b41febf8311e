//! Reads the numbers of a model whose structure was checked ([`super::ggml`]): tensor by tensor, as
//! fractions, however they are stored.

use std::collections::HashMap;

use super::arch::{Dimensions, Quantisation};

/// What a ggml file holds.
#[derive(Debug)]
pub struct Contents {
    /// As its header says.
    pub dimensions: Dimensions,
    /// How much each of the spectrum's bins counts for each mel band, band by band.
    pub filters: Vec<f32>,
    /// The bytes of each ordinary token.
    pub vocabulary: Vec<Vec<u8>>,
    pub(super) tensors: HashMap<String, (Quantisation, Vec<u8>)>,
}

impl Contents {
    /// Whether a tensor is there and was not taken.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// A model all of whose weights are 0, with the 256 bytes for words.
    #[cfg(test)]
    pub fn of_zeros(dimensions: Dimensions) -> Self {
        let zeros = |tensor: &super::arch::Tensor| {
            let bytes = vec![0; tensor.elements() as usize * 4];
            (tensor.name.clone(), (Quantisation::F32, bytes))
        };
        Self {
            dimensions,
            filters: vec![0.0; (dimensions.mels * super::arch::FFT_BINS) as usize],
            vocabulary: (0..=255).map(|byte| vec![byte]).collect(),
            tensors: dimensions.tensors().iter().map(zeros).collect(),
        }
    }

    /// Takes a tensor out. Each can be taken once; one that isn't there is empty.
    pub fn take(&mut self, name: &str) -> Tensor {
        let (stored, bytes) = self.tensors.remove(name).unwrap_or((Quantisation::F32, Vec::new()));
        Tensor { stored, bytes }
    }
}

/// A tensor's numbers, as they are stored.
#[derive(Debug)]
pub struct Tensor {
    stored: Quantisation,
    bytes: Vec<u8>,
}

impl Tensor {
    /// All numbers, the innermost dimension first.
    pub fn numbers(&self) -> Vec<f32> {
        let (per_block, block) = (self.stored.bytes(32).unwrap_or(32), 32);
        // Only numbers that are stored alone don't fill blocks.
        let count = self.bytes.len() as u64 * block / per_block.max(1);
        let mut out = vec![0.0; count as usize];
        unpack(self.stored, &self.bytes, &mut out);
        out
    }

    /// The numbers of a row, which is as long as `out` and fills whole blocks.
    pub fn row(&self, index: usize, out: &mut [f32]) {
        let bytes = self.stored.bytes(out.len() as u64).unwrap_or(0) as usize;
        unpack(self.stored, &self.bytes[index * bytes..][..bytes], out);
    }

    /// How many rows of `width` numbers there are.
    pub fn rows(&self, width: usize) -> usize {
        let bytes = self.stored.bytes(width as u64).unwrap_or(0) as usize;
        self.bytes.len().checked_div(bytes).unwrap_or(0)
    }
}

/// Whether numbers that are stored so can be read here.
pub fn readable(stored: Quantisation) -> bool {
    use Quantisation as Q;
    matches!(stored, Q::F32 | Q::F16 | Q::Q4_0 | Q::Q4_1 | Q::Q5_0 | Q::Q5_1 | Q::Q8_0)
}

/// What ggml-quants.c says of a block of 32: a scale in half precision, for some forms a least value, for
/// some the fifth bits of all, then the numbers; in the forms below 8 bits a byte holds the numbers i and
/// i + 16.
fn unpack(stored: Quantisation, bytes: &[u8], out: &mut [f32]) {
    match stored {
        Quantisation::F32 => each(bytes, out, |b: &[u8; 4]| [f32::from_le_bytes(*b)]),
        Quantisation::F16 => each(bytes, out, |b: &[u8; 2]| [half(*b)]),
        Quantisation::Q8_0 => each(bytes, out, |b: &[u8; 34]| of_bytes(half([b[0], b[1]]), &b[2..])),
        Quantisation::Q4_0 => {
            each(bytes, out, |b: &[u8; 18]| of_nibbles(half([b[0], b[1]]), 0.0, 0, -8, &b[2..]));
        }
        Quantisation::Q4_1 => {
            each(bytes, out, |b: &[u8; 20]| of_nibbles(half([b[0], b[1]]), half([b[2], b[3]]), 0, 0, &b[4..]))
        }
        Quantisation::Q5_0 => each(bytes, out, |b: &[u8; 22]| {
            let fifth = u32::from_le_bytes([b[2], b[3], b[4], b[5]]);
            of_nibbles(half([b[0], b[1]]), 0.0, fifth, -16, &b[6..])
        }),
        Quantisation::Q5_1 => each(bytes, out, |b: &[u8; 24]| {
            let fifth = u32::from_le_bytes([b[4], b[5], b[6], b[7]]);
            of_nibbles(half([b[0], b[1]]), half([b[2], b[3]]), fifth, 0, &b[8..])
        }),
        _ => {}
    }
}

/// Block by block.
#[inline(always)]
fn each<const BYTES: usize, const NUMBERS: usize>(
    bytes: &[u8],
    out: &mut [f32],
    of: impl Fn(&[u8; BYTES]) -> [f32; NUMBERS],
) {
    for (bytes, out) in bytes.as_chunks::<BYTES>().0.iter().zip(out.as_chunks_mut::<NUMBERS>().0) {
        *out = of(bytes);
    }
}

fn half(bytes: [u8; 2]) -> f32 {
    half::f16::from_le_bytes(bytes).to_f32()
}

fn of_bytes(scale: f32, bytes: &[u8]) -> [f32; 32] {
    let mut out = [0.0; 32];
    for (out, byte) in out.iter_mut().zip(bytes) {
        *out = scale * f32::from(byte.cast_signed());
    }
    out
}

fn of_nibbles(scale: f32, least: f32, fifth: u32, shift: i32, bytes: &[u8]) -> [f32; 32] {
    let mut out = [0.0; 32];
    for (i, byte) in bytes.iter().enumerate() {
        let bit = |i: usize| ((fifth >> i) & 1) << 4;
        let low = u32::from(byte & 15) | bit(i);
        let high = u32::from(byte >> 4) | bit(i + 16);
        out[i] = scale * (low.cast_signed() + shift) as f32 + least;
        out[i + 16] = scale * (high.cast_signed() + shift) as f32 + least;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with scale 0.5 and, where it has one, least value −2: number i is i.
    fn block(head: &[f32], fifth: Option<u32>, nibble: impl Fn(u32) -> u32) -> Vec<u8> {
        let mut bytes: Vec<u8> = head.iter().flat_map(|x| half::f16::from_f32(*x).to_le_bytes()).collect();
        bytes.extend(fifth.into_iter().flat_map(u32::to_le_bytes));
        bytes.extend((0..16).map(|i| ((nibble(i) & 15) | ((nibble(i + 16) & 15) << 4)) as u8));
        bytes
    }

    fn unpack(stored: Quantisation, bytes: &[u8]) -> Vec<f32> {
        let tensor = Tensor { stored, bytes: bytes.to_vec() };
        let numbers = tensor.numbers();
        assert_eq!(tensor.rows(numbers.len()), 1);
        let mut row = vec![0.0; numbers.len()];
        tensor.row(0, &mut row);
        assert_eq!(row, numbers);
        numbers
    }

    #[test]
    fn every_form_is_read_as_ggml_writes_it() {
        let ramp = |scale: f32, from: f32| (0..32).map(|i| scale * (i as f32 + from)).collect::<Vec<f32>>();
        let mut eight: Vec<u8> = half::f16::from_f32(0.5).to_le_bytes().to_vec();
        eight.extend((0..32).map(|i: i8| (i - 16).cast_unsigned()));
        assert_eq!(unpack(Quantisation::Q8_0, &eight), ramp(0.5, -16.0));
        let upper = 0xffff_0000;
        assert_eq!(unpack(Quantisation::Q5_0, &block(&[0.5], Some(upper), |i| i)), ramp(0.5, -16.0));
        assert_eq!(unpack(Quantisation::Q5_1, &block(&[0.5, -2.0], Some(upper), |i| i)), ramp(0.5, -4.0));
        let halves =
            |scale: f32, from: i32| (0..32).map(|i| scale * (i / 2 + from) as f32).collect::<Vec<f32>>();
        assert_eq!(unpack(Quantisation::Q4_0, &block(&[0.5], None, |i| i / 2)), halves(0.5, -8));
        assert_eq!(unpack(Quantisation::Q4_1, &block(&[0.5, -2.0], None, |i| i / 2)), halves(0.5, -4));
        assert_eq!(unpack(Quantisation::F16, &[0, 0x3c, 0, 0xc0]), [1.0, -2.0]);
        assert_eq!(unpack(Quantisation::F32, &1.5_f32.to_le_bytes()), [1.5]);
    }
}

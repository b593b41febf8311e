//! Silero VAD 6.2 (MIT, Silero Team, <https://github.com/snakers4/silero-vad>) with its weights compiled in:
//! a spectrum, four convolutions, an LSTM and one neuron per window of 32 ms, some 200 times faster than real
//! time on one core.
//!
//! The weights are whisper.cpp's file of them, unchanged (`for-tests-silero-v6.2.0-ggml.bin`, SHA-256
//! 2aa269b785ee…; the licence lies beside it). whisper.cpp's own code for them forgets everything at each
//! call, so sound that comes in pieces can't be given to it, and it pads each window with its own reflection;
//! here a window comes with the 64 samples before it, as the network was trained (`utils_vad.py`:
//! `context_size_samples`).

use std::sync::LazyLock;

use half::f16;

use super::Vad;

const WINDOW: usize = 512;
/// Samples of the window before, in front of each window.
const CONTEXT: usize = 64;
/// What is reflected behind it.
const PAD: usize = 64;
/// Of the spectrum: samples, the step between two, frequencies.
const FFT: usize = 256;
const HOP: usize = 128;
const BINS: usize = FFT / 2 + 1;
/// Spectra of a window: the convolutions halve them twice.
const FRAMES: usize = (CONTEXT + WINDOW + PAD - FFT) / HOP + 1;
const KERNEL: usize = 3;
const HIDDEN: usize = 128;
const GATES: usize = 4 * HIDDEN;

static FILE: &[u8; 885_098] = include_bytes!("silero-v6.2.0.bin");
static NETWORK: LazyLock<Network> = LazyLock::new(Network::read);

/// The detector of one sound.
pub struct Silero {
    context: [f32; CONTEXT],
    hidden: [f32; HIDDEN],
    cell: [f32; HIDDEN],
}

impl Default for Silero {
    fn default() -> Self {
        Self { context: [0.0; CONTEXT], hidden: [0.0; HIDDEN], cell: [0.0; HIDDEN] }
    }
}

impl Vad for Silero {
    fn window(&self) -> usize {
        WINDOW
    }

    fn probability(&mut self, window: &[f32]) -> f32 {
        let mut sound = [0.0; CONTEXT + WINDOW + PAD];
        sound[..CONTEXT].copy_from_slice(&self.context);
        for (clean, &sample) in sound[CONTEXT..CONTEXT + WINDOW].iter_mut().zip(window) {
            // A NaN would stay in its memory.
            *clean = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        }
        let end = CONTEXT + WINDOW;
        for i in 0..PAD {
            sound[end + i] = sound[end - 2 - i];
        }
        self.context.copy_from_slice(&sound[end - CONTEXT..end]);

        let net = &*NETWORK;
        let encoded = net.encoder.iter().fold(net.spectra(&sound), |frames, layer| layer.apply(&frames));
        let mut gates = net.gates_bias;
        net.from_input.add(&encoded[0], &mut gates);
        net.from_hidden.add(&self.hidden, &mut gates);
        let mut sum = net.last_bias;
        for i in 0..HIDDEN {
            let [input, forget, candidate, output] = [0, 1, 2, 3].map(|gate| gates[gate * HIDDEN + i]);
            self.cell[i] = sigmoid(forget) * self.cell[i] + sigmoid(input) * candidate.tanh();
            self.hidden[i] = sigmoid(output) * self.cell[i].tanh();
            sum += self.hidden[i].max(0.0) * net.last[i];
        }
        sigmoid(sum)
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn another(&self) -> Option<Box<dyn Vad>> {
        Some(Box::<Self>::default())
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

struct Network {
    /// Real parts, then imaginary ones, of each frequency: a window function and a Fourier transform.
    basis: Matrix,
    encoder: [Convolution; 4],
    from_input: Matrix,
    from_hidden: Matrix,
    gates_bias: [f32; GATES],
    last: [f32; HIDDEN],
    last_bias: f32,
}

impl Network {
    fn read() -> Self {
        let layer = |i: usize, inputs: usize, outputs: usize, stride: usize| {
            let name = |part: &str| format!("_model.encoder.{i}.reparam_conv.{part}");
            let weights = halves(&name("weight"), outputs * inputs * KERNEL);
            Convolution {
                weights: Matrix::new(&weights, inputs * KERNEL),
                bias: floats(&name("bias"), outputs),
                inputs,
                stride,
            }
        };
        let rnn = |name: &str, values: usize| floats(&format!("_model.decoder.rnn.{name}"), values);
        let biases = [rnn("bias_ih", GATES), rnn("bias_hh", GATES)];
        let last = halves("_model.decoder.decoder.2.weight", HIDDEN);
        Self {
            basis: Matrix::new(&halves("_model.stft.forward_basis_buffer", 2 * BINS * FFT), FFT),
            encoder: [
                layer(0, BINS, 128, 1),
                layer(1, 128, 64, 2),
                layer(2, 64, 64, 2),
                layer(3, 64, HIDDEN, 1),
            ],
            from_input: Matrix::new(&rnn("weight_ih", GATES * HIDDEN), HIDDEN),
            from_hidden: Matrix::new(&rnn("weight_hh", GATES * HIDDEN), HIDDEN),
            gates_bias: std::array::from_fn(|i| biases[0][i] + biases[1][i]),
            last: std::array::from_fn(|i| last[i]),
            last_bias: floats("_model.decoder.decoder.2.bias", 1)[0],
        }
    }

    /// The magnitudes of each frequency, spectrum by spectrum.
    fn spectra(&self, sound: &[f32]) -> Vec<Vec<f32>> {
        (0..FRAMES)
            .map(|frame| {
                let mut parts = [0.0; 2 * BINS];
                self.basis.add(&sound[frame * HOP..][..FFT], &mut parts);
                (0..BINS).map(|bin| (parts[bin].powi(2) + parts[BINS + bin].powi(2)).sqrt()).collect()
            })
            .collect()
    }
}

/// One-dimensional, over time, a zero before and behind; then what is negative becomes 0.
struct Convolution {
    /// A row's columns are input by input, the kernel of each.
    weights: Matrix,
    bias: Vec<f32>,
    inputs: usize,
    stride: usize,
}

impl Convolution {
    fn apply(&self, frames: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let mut patch = vec![0.0; self.inputs * KERNEL];
        (0..frames.len())
            .step_by(self.stride)
            .map(|at| {
                for (i, value) in patch.iter_mut().enumerate() {
                    let (input, k) = (i / KERNEL, i % KERNEL);
                    *value = (at + k)
                        .checked_sub(1)
                        .and_then(|at| frames.get(at))
                        .map_or(0.0, |frame| frame[input]);
                }
                let mut sums = self.bias.clone();
                self.weights.add(&patch, &mut sums);
                sums.iter_mut().for_each(|sum| *sum = sum.max(0.0));
                sums
            })
            .collect()
    }
}

/// Column by column, so that the innermost loop runs over neighbours and needs no sum across.
struct Matrix {
    columns: Vec<f32>,
    rows: usize,
}

impl Matrix {
    /// From its rows of `width` values.
    fn new(rows: &[f32], width: usize) -> Self {
        let height = rows.len() / width;
        let columns =
            (0..width).flat_map(|column| (0..height).map(move |row| rows[row * width + column])).collect();
        Self { columns, rows: height }
    }

    /// Adds its product with `vector` to `sums`.
    fn add(&self, vector: &[f32], sums: &mut [f32]) {
        for (column, &x) in self.columns.chunks_exact(self.rows).zip(vector) {
            for (sum, &weight) in sums.iter_mut().zip(column) {
                *sum += weight * x;
            }
        }
    }
}

/// The bytes of the tensor of that name, which follow it in the file. A name that isn't there gives the end
/// of the file; the test of the names would notice.
fn tensor(name: &str) -> &'static [u8] {
    let at = FILE.windows(name.len()).position(|bytes| bytes == name.as_bytes());
    &FILE[at.map_or(FILE.len(), |at| at + name.len())..]
}

fn floats(name: &str, values: usize) -> Vec<f32> {
    let (bytes, _) = tensor(name).as_chunks::<4>();
    bytes.iter().take(values).map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

fn halves(name: &str, values: usize) -> Vec<f32> {
    let (bytes, _) = tensor(name).as_chunks::<2>();
    bytes.iter().take(values).map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENSORS: usize = 15;

    #[test]
    fn all_weights_are_found() {
        // Magic, "silero-16k", 6.2.0, a window of 512 with 64 before it.
        assert_eq!(&FILE[..4], b"lmgg");
        let number = |at: usize| i32::from_le_bytes([FILE[at], FILE[at + 1], FILE[at + 2], FILE[at + 3]]);
        assert_eq!((number(30), number(34)), (WINDOW as i32, CONTEXT as i32));
        let names = FILE.windows(7).filter(|bytes| bytes == b"_model.").count();
        assert_eq!(names, TENSORS);
        let net = &*NETWORK;
        let layers =
            net.encoder.iter().map(|layer| layer.weights.columns.len() + layer.bias.len()).sum::<usize>();
        let matrices = net.basis.columns.len() + net.from_input.columns.len() + net.from_hidden.columns.len();
        // Each weight once; the two biases of the gates are added up, and a file has 2 bytes of each half.
        assert_eq!(
            layers + matrices + GATES + HIDDEN + 1,
            128 * 387
                + 128
                + 64 * 384
                + 64
                + 64 * 192
                + 64
                + 128 * 192
                + 128
                + 258 * 256
                + 2 * 512 * 128
                + 512
                + 129
        );
    }

    /// A second like speech: pulses at 120 Hz through three resonators, four syllables.
    fn vowels() -> Vec<f32> {
        let mut sound: Vec<f64> = (0..16_000).map(|i| if i % 133 == 0 { 1.0 } else { 0.0 }).collect();
        for (hertz, width) in [(700.0, 90.0), (1_220.0, 110.0), (2_600.0, 160.0)] {
            let turn = std::f64::consts::TAU * hertz / 16_000.0;
            let shrink = (-std::f64::consts::PI * width / 16_000.0_f64).exp();
            let (mut last, mut before) = (0.0, 0.0);
            for sample in &mut sound {
                let next = *sample + 2.0 * shrink * turn.cos() * last - shrink * shrink * before;
                (before, last) = (last, next);
                *sample = next;
            }
        }
        let peak = sound.iter().fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
        let syllable = |i: usize| 0.5 - 0.5 * (std::f64::consts::TAU * 4.0 * i as f64 / 16_000.0).cos();
        sound.iter().enumerate().map(|(i, sample)| (sample / peak * 0.3 * syllable(i)) as f32).collect()
    }

    /// The expected ones were computed with the same file in another program (NumPy, double precision).
    #[test]
    fn the_network_computes_what_it_was_trained_to() {
        let expected = [
            0.0144, 0.6464, 0.6868, 0.6365, 0.4443, 0.3367, 0.5032, 0.3946, 0.2518, 0.1073, 0.0994, 0.0609,
            0.0328, 0.0318, 0.0496, 0.0544, 0.0529, 0.0192, 0.0222, 0.0074, 0.0066, 0.008, 0.0205, 0.024,
            0.0246, 0.0133, 0.008, 0.0107, 0.0065, 0.0087, 0.012,
        ];
        let mut silero = Silero::default();
        let mut hear = |sound: &[f32]| -> Vec<f32> {
            sound.chunks_exact(WINDOW).map(|window| silero.probability(window)).collect()
        };
        let heard = hear(&vowels());
        for (i, (heard, expected)) in heard.iter().zip(expected).enumerate() {
            assert!((heard - expected).abs() < 2e-3, "window {i}: {heard} instead of {expected}");
        }
        assert_eq!(heard.len(), expected.len());
        assert_ne!(hear(&vowels()), heard, "it has a memory");
        silero.reset();
        assert_eq!(
            vowels().chunks_exact(WINDOW).map(|window| silero.probability(window)).collect::<Vec<_>>(),
            heard
        );
    }

    #[test]
    fn what_is_no_sound_leaves_no_trace() {
        let mut silero = Silero::default();
        let bad = [f32::NAN, f32::INFINITY, -9e30, 0.5].repeat(WINDOW / 4);
        assert!((0.0..=1.0).contains(&silero.probability(&bad)));
        let after: Vec<f32> =
            vowels().chunks_exact(WINDOW).map(|window| silero.probability(window)).collect();
        assert!(after.iter().all(|probability| (0.0..=1.0).contains(probability)), "{after:?}");
    }
}

//! Moonshine's network: three convolutions over the sound itself, an encoder whose cost follows the length of
//! the sound, and a decoder that writes token by token.
//!
//! After "Moonshine: Speech Recognition for Live Transcription and Voice Commands" (arXiv 2410.15608) and the
//! published weights. Heads are turned by position in their first 32 numbers of 52.

use crate::models::moonshine::folder::Stored;
use crate::models::moonshine::{Dimensions, KERNELS, STRIDES};
use crate::recognisers::nn::attention::{self, Kept};
use crate::recognisers::nn::elements::{self, Norm};
use crate::recognisers::nn::linear::Scratch;
use crate::recognisers::nn::rotary::Rotary;
use crate::recognisers::nn::{Kernels, Linear, Packed, Serves, Then, View};

/// Samples from a frame of the encoder to the next: 24 ms.
pub const FRAME_SAMPLES: usize = STRIDES[0] * STRIDES[1] * STRIDES[2];
/// Samples that the first frame looks at; shorter sound has none.
pub const SAMPLES_MIN: usize = KERNELS[0] + STRIDES[0] * (KERNELS[1] - 1 + STRIDES[1] * (KERNELS[2] - 1));
/// Tokens that the decoder writes at most (`max_position_embeddings` of the published model).
pub const TOKENS_MAX: usize = 194;
/// Frames of the longest sound: 30 s are 1,249.
const FRAMES_MAX: usize = 1_280;
/// How much slower the slowest pair of a head turns than the first.
const ROTARY_BASE: f32 = 10_000.0;

/// The network, ready to run. The kernels that run it can't go from one thread to another, so they are given
/// each time.
pub struct Network {
    dimensions: Dimensions,
    rotary: Rotary,
    front: Front,
    encoder: Vec<EncoderLayer>,
    encoder_norm: Norm,
    /// Each token's numbers; what the decoder says is compared with them.
    embedding: Linear,
    decoder: Vec<DecoderLayer>,
    decoder_norm: Norm,
}

struct Front {
    first: Packed,
    norm: (Vec<f32>, Vec<f32>),
    second: Linear,
    third: Linear,
}

struct EncoderLayer {
    norm: Norm,
    /// Queries, keys and values side by side.
    heads: Linear,
    out: Linear,
    inner_norm: Norm,
    inner: [Linear; 2],
}

struct DecoderLayer {
    norm: Norm,
    heads: Linear,
    out: Linear,
    sound_norm: Norm,
    sound_query: Linear,
    /// Keys and values of the encoder's frames, side by side.
    sound: Linear,
    sound_out: Linear,
    inner_norm: Norm,
    inner: [Linear; 2],
}

/// Takes the layers out of the weights.
struct Builder<'a> {
    kernels: &'a Kernels,
    stored: &'a Stored<'a>,
    width: usize,
}

impl Builder<'_> {
    fn norm(&self, name: &str) -> Result<Norm, String> {
        Ok(Norm::new(self.stored.plain(&format!("{name}.weight"), self.width)?, None))
    }

    /// Matrices of `outputs` × `inputs`, one below the other, without a bias.
    fn joined(&self, names: &[String], inputs: usize, serves: Serves) -> Result<Linear, String> {
        let mut values = Vec::new();
        for name in names {
            values.extend(self.stored.matrix(&format!("{name}.weight"), self.width, inputs)?.values());
        }
        Ok(Linear::new(self.kernels, &values, inputs, None, serves))
    }

    fn linear(&self, name: &str, outputs: usize, inputs: usize, serves: Serves) -> Result<Linear, String> {
        let values = self.stored.matrix(&format!("{name}.weight"), outputs, inputs)?.values();
        let bias = self.stored.plain(&format!("{name}.bias"), outputs)?;
        Ok(Linear::new(self.kernels, &values, inputs, Some(bias), serves))
    }

    fn attention(&self, name: &str, parts: &[&str], serves: Serves) -> Result<Linear, String> {
        let names: Vec<String> = parts.iter().map(|part| format!("{name}.{part}_proj")).collect();
        self.joined(&names, self.width, serves)
    }
}

impl Network {
    /// Takes the weights.
    ///
    /// # Errors
    /// One is missing, or of another shape than the dimensions want; says so.
    pub fn new(dimensions: Dimensions, stored: &Stored<'_>) -> Result<Self, String> {
        let kernels = Kernels::default();
        let Dimensions { width, inner, .. } = dimensions;
        let builder = Builder { kernels: &kernels, stored, width };
        let conv = |name: &str| format!("model.encoder.{name}");
        let first = stored.plain(&conv("conv1.weight"), width * KERNELS[0])?;
        let front = Front {
            first: kernels.pack(View::dense(&first, KERNELS[0]).turned()),
            norm: (
                stored.plain(&conv("groupnorm.weight"), width)?,
                stored.plain(&conv("groupnorm.bias"), width)?,
            ),
            second: builder.linear(&conv("conv2"), 2 * width, KERNELS[1] * width, Serves::Many)?,
            third: builder.linear(&conv("conv3"), width, KERNELS[2] * 2 * width, Serves::Many)?,
        };
        let encoder = (0..dimensions.encoder_layers)
            .map(|layer| {
                let name = |part: &str| format!("model.encoder.layers.{layer}.{part}");
                Ok(EncoderLayer {
                    norm: builder.norm(&name("input_layernorm"))?,
                    heads: builder.attention(&name("self_attn"), &["q", "k", "v"], Serves::Many)?,
                    out: builder.attention(&name("self_attn"), &["o"], Serves::Many)?,
                    inner_norm: builder.norm(&name("post_attention_layernorm"))?,
                    inner: [
                        builder.linear(&name("mlp.fc1"), inner, width, Serves::Many)?,
                        builder.linear(&name("mlp.fc2"), width, inner, Serves::Many)?,
                    ],
                })
            })
            .collect::<Result<_, String>>()?;
        let decoder = (0..dimensions.decoder_layers)
            .map(|layer| {
                let name = |part: &str| format!("model.decoder.layers.{layer}.{part}");
                Ok(DecoderLayer {
                    norm: builder.norm(&name("input_layernorm"))?,
                    heads: builder.attention(&name("self_attn"), &["q", "k", "v"], Serves::One)?,
                    out: builder.attention(&name("self_attn"), &["o"], Serves::One)?,
                    sound_norm: builder.norm(&name("post_attention_layernorm"))?,
                    sound_query: builder.attention(&name("encoder_attn"), &["q"], Serves::One)?,
                    sound: builder.attention(&name("encoder_attn"), &["k", "v"], Serves::Many)?,
                    sound_out: builder.attention(&name("encoder_attn"), &["o"], Serves::One)?,
                    inner_norm: builder.norm(&name("final_layernorm"))?,
                    inner: [
                        builder.linear(&name("mlp.fc1"), 2 * inner, width, Serves::One)?,
                        builder.linear(&name("mlp.fc2"), width, inner, Serves::One)?,
                    ],
                })
            })
            .collect::<Result<_, String>>()?;
        let words = stored.matrix("model.decoder.embed_tokens.weight", dimensions.vocabulary, width)?;
        let embedding = Linear::new(&kernels, &words.values(), width, None, Serves::One);
        let (encoder_norm, decoder_norm) =
            (builder.norm("model.encoder.layer_norm")?, builder.norm("model.decoder.norm")?);
        let rotary = Rotary::new(dimensions.rotary, ROTARY_BASE, FRAMES_MAX);
        Ok(Self { dimensions, rotary, front, encoder, encoder_norm, embedding, decoder, decoder_norm })
    }

    /// What the encoder makes of sound (16 kHz): a row for each frame. Sound of fewer than [`SAMPLES_MIN`]
    /// samples has none; what lies beyond 30 s is not heard.
    pub fn encode(&self, kernels: &Kernels, samples: &[f32]) -> Vec<f32> {
        let Dimensions { width, heads, .. } = self.dimensions;
        let mut scratch = Scratch::default();
        let mut rows = self.hear(kernels, samples, &mut scratch);
        let count = rows.len() / width;
        let mut normed = vec![0.0; rows.len()];
        let mut asked = vec![0.0; 3 * rows.len()];
        let mut heard = vec![0.0; rows.len()];
        let mut inner = vec![0.0; count * self.dimensions.inner];
        let mut attending = attention::Scratch::new(width, heads);
        for layer in &self.encoder {
            layer.norm.apply(&rows, &mut normed);
            let mut apply = |linear: &Linear, from: &[f32], columns: usize, to: &mut [f32], then: Then| {
                linear.apply(kernels, View::dense(from, columns), to, then, &mut scratch);
            };
            apply(&layer.heads, &normed, width, &mut asked, Then::Store);
            for (position, row) in asked.chunks_exact_mut(3 * width).enumerate() {
                self.rotary.turn(&mut row[..2 * width], width / heads, position);
            }
            attention::all(kernels, &asked, heads, &mut heard, &mut attending);
            apply(&layer.out, &heard, width, &mut rows, Then::Add);
            layer.inner_norm.apply(&rows, &mut normed);
            apply(&layer.inner[0], &normed, width, &mut inner, Then::Gelu);
            apply(&layer.inner[1], &inner, self.dimensions.inner, &mut rows, Then::Add);
        }
        self.encoder_norm.apply(&rows, &mut normed);
        normed
    }

    /// The three convolutions.
    fn hear(&self, kernels: &Kernels, samples: &[f32], scratch: &mut Scratch) -> Vec<f32> {
        let width = self.dimensions.width;
        let longest = SAMPLES_MIN + (FRAMES_MAX - 1) * FRAME_SAMPLES;
        let samples = &samples[..samples.len().min(longest)];
        if samples.len() < SAMPLES_MIN {
            return Vec::new();
        }
        let windows = |data, length: usize, which: usize, columns: usize| View {
            data,
            rows: (length - KERNELS[which]) / STRIDES[which] + 1,
            columns: KERNELS[which] * columns,
            row_stride: STRIDES[which] * columns,
            column_stride: 1,
        };
        let sound = windows(samples, samples.len(), 0, 1);
        let mut first = vec![0.0; sound.rows * width];
        kernels.product_packed(&mut first, sound, &self.front.first, 1.0);
        first.iter_mut().for_each(|x| *x = tanh(*x));
        let (weight, offset) = &self.front.norm;
        norm_together(&mut first, weight, offset);
        let view = windows(&first, sound.rows, 1, width);
        let mut second = vec![0.0; view.rows * 2 * width];
        self.front.second.apply(kernels, view, &mut second, Then::Gelu, scratch);
        let view = windows(&second, view.rows, 2, 2 * width);
        let mut third = vec![0.0; view.rows * width];
        self.front.third.apply(kernels, view, &mut third, Then::Gelu, scratch);
        third
    }

    /// A decoder that listens to these frames, as [`Network::encode`] gave them.
    pub fn writer<'a>(&'a self, kernels: &'a Kernels, frames: &[f32]) -> Writer<'a> {
        let Dimensions { width, heads, .. } = self.dimensions;
        let mut scratch = Scratch::default();
        let mut both = vec![0.0; 2 * frames.len()];
        let count = frames.len() / width;
        let sound = self.decoder.iter().map(|layer| {
            let mut kept = Kept::new(heads, width / heads, count);
            layer.sound.apply(kernels, View::dense(frames, width), &mut both, Then::Store, &mut scratch);
            for row in both.chunks_exact(2 * width) {
                kept.push(&row[..width], &row[width..]);
            }
            kept
        });
        let sound = sound.collect();
        let written = self.decoder.iter().map(|_| Kept::new(heads, width / heads, TOKENS_MAX)).collect();
        Writer {
            network: self,
            kernels,
            sound,
            written,
            scratch,
            row: vec![0.0; width],
            normed: vec![0.0; width],
            asked: vec![0.0; 3 * width],
            heard: vec![0.0; width],
            inner: vec![0.0; 2 * self.dimensions.inner],
            weights: Vec::new(),
            scores: vec![0.0; self.dimensions.vocabulary],
        }
    }
}

/// The hyperbolic tangent, to 3e-7 of it or better: the first layer's numbers are small where it is quiet,
/// and are compared with one another.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let square = x * x;
    let series = x * (1.0 + square * (-1.0 / 3.0 + square * (2.0 / 15.0 - square * (17.0 / 315.0))));
    let whole = 1.0 - 2.0 / (elements::exp(2.0 * x) + 1.0);
    if square < 0.01 { series } else { whole }
}

/// Mean 0 and variance 1 over all rows and columns together, then a weight and an offset for each column.
fn norm_together(rows: &mut [f32], weight: &[f32], offset: &[f32]) {
    // Row by row in f32, over all rows in f64: there are hundreds of thousands of numbers.
    let width = weight.len();
    let count = rows.len() as f64;
    let mean = rows.chunks_exact(width).map(|row| f64::from(elements::sum(row))).sum::<f64>() / count;
    let mean = mean as f32;
    let mut squares = 0.0;
    for row in rows.chunks_exact_mut(width) {
        row.iter_mut().for_each(|x| *x -= mean);
        squares += f64::from(elements::dot(row, row));
    }
    let scale = (1.0 / (squares / count + 1e-5).sqrt()) as f32;
    for row in rows.chunks_exact_mut(width) {
        for ((x, weight), offset) in row.iter_mut().zip(weight).zip(offset) {
            *x = *x * scale * weight + offset;
        }
    }
}

/// Writes tokens, one after the other.
pub struct Writer<'a> {
    network: &'a Network,
    kernels: &'a Kernels,
    /// Keys and values of the sound, for each layer.
    sound: Vec<Kept>,
    /// Those of the tokens so far.
    written: Vec<Kept>,
    scratch: Scratch,
    row: Vec<f32>,
    normed: Vec<f32>,
    asked: Vec<f32>,
    heard: Vec<f32>,
    inner: Vec<f32>,
    weights: Vec<f32>,
    scores: Vec<f32>,
}

impl Writer<'_> {
    /// How many tokens it has taken; at most [`TOKENS_MAX`].
    pub fn written(&self) -> usize {
        self.written.first().map_or(0, Kept::rows)
    }

    /// Takes the next token and gives a score for each that may follow. `attended` is told how much each
    /// layer's heads listened to each frame: layer, head, weights.
    pub fn step(&mut self, token: usize, mut attended: impl FnMut(usize, usize, &[f32])) -> &mut [f32] {
        let network = self.network;
        let Dimensions { width, heads, inner, .. } = network.dimensions;
        let (kernels, position) = (self.kernels, self.written());
        network.embedding.weights_of(token, &mut self.row);
        for (at, layer) in network.decoder.iter().enumerate() {
            let scratch = &mut self.scratch;
            let mut apply = |linear: &Linear, from: &[f32], to: &mut [f32], then: Then| {
                linear.apply(kernels, View::dense(from, from.len()), to, then, scratch);
            };
            layer.norm.apply(&self.row, &mut self.normed);
            apply(&layer.heads, &self.normed, &mut self.asked, Then::Store);
            network.rotary.turn(&mut self.asked[..2 * width], width / heads, position);
            let (query, rest) = self.asked.split_at(width);
            let (key, value) = rest.split_at(width);
            self.written[at].push(key, value);
            attention::one(kernels, query, &self.written[at], &mut self.heard, &mut self.weights, |_, _| {});
            apply(&layer.out, &self.heard, &mut self.row, Then::Add);
            layer.sound_norm.apply(&self.row, &mut self.normed);
            apply(&layer.sound_query, &self.normed, &mut self.asked[..width], Then::Store);
            let query = &self.asked[..width];
            attention::one(
                kernels,
                query,
                &self.sound[at],
                &mut self.heard,
                &mut self.weights,
                |head, weights| {
                    attended(at, head, weights);
                },
            );
            apply(&layer.sound_out, &self.heard, &mut self.row, Then::Add);
            layer.inner_norm.apply(&self.row, &mut self.normed);
            apply(&layer.inner[0], &self.normed, &mut self.inner, Then::Store);
            let (values, gates) = self.inner.split_at_mut(inner);
            elements::silu(gates);
            values.iter_mut().zip(&*gates).for_each(|(value, gate)| *value *= gate);
            apply(&layer.inner[1], values, &mut self.row, Then::Add);
        }
        network.decoder_norm.apply(&self.row, &mut self.normed);
        let row = View::dense(&self.normed, width);
        network.embedding.apply(kernels, row, &mut self.scores, Then::Store, &mut self.scratch);
        &mut self.scores
    }
}

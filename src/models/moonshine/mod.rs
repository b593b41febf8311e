//! Moonshine base, a recogniser of English (MIT, <https://github.com/moonshine-ai/moonshine>): what it
//! consists of, and the folder `moonshine-base` that it is kept in.
//!
//! The folder holds the weights (`weights.safetensors`), the tokens (`tokens.bin`) and a list of both with
//! their lengths and hashes (`model.json`). It gets its name only when all of it is written. Matrices are
//! stored in whole numbers of 7 bits with a scale for each row: on processors without VNNI products of 8 bits
//! saturate and damage the text. What comes before and between them is stored in f32.
//!
//! | module | what it holds |
//! |---|---|
//! | [`folder`] | the folder: written, looked at, read |
//! | [`tokens`] | its tokens |
//! | [`sources`] | its weights in the files of other programs |
//! | [`import`], [`pull`] | how such files, at hand or published, become the folder |

pub mod folder;
pub mod import;
pub mod pull;
pub mod sources;
pub mod tokens;

pub use folder::{Weights, inspect, is_unchanged};

/// The model's name, and its folder's.
pub const NAME: &str = "moonshine-base";
/// What folders of this family are called.
pub const PREFIX: &str = "moonshine-";
/// The greatest whole number, to both sides of 0: that of the recognisers' products.
const LEVELS: f32 = 64.0;

/// Sizes of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimensions {
    /// Numbers that a moment or a token is described by.
    pub width: usize,
    /// Attention heads, which share the width.
    pub heads: usize,
    pub encoder_layers: usize,
    pub decoder_layers: usize,
    /// Numbers in the middle of a layer.
    pub inner: usize,
    /// Tokens, the special ones included.
    pub vocabulary: usize,
    /// Numbers of a head that are turned by the position.
    pub rotary: usize,
}

impl Dimensions {
    /// Those of Moonshine base.
    pub const BASE: Self = Self {
        width: 416,
        heads: 8,
        encoder_layers: 8,
        decoder_layers: 8,
        inner: 1664,
        vocabulary: 32_768,
        rotary: 32,
    };

    /// All tensors, in the order in which they are stored.
    pub fn tensors(&self) -> Vec<Tensor> {
        let &Self { width, inner, .. } = self;
        let mut all = Vec::new();
        let mut add = |name: &str, shape: &[usize], form: Form| {
            all.push(Tensor { name: format!("model.{name}"), shape: shape.to_vec(), form });
        };
        let vector = Form::Plain;
        add("encoder.conv1.weight", &[width, 1, KERNELS[0]], Form::Plain);
        add("encoder.groupnorm.weight", &[width], vector);
        add("encoder.groupnorm.bias", &[width], vector);
        add("encoder.conv2.weight", &[2 * width, width, KERNELS[1]], Form::Convolution);
        add("encoder.conv2.bias", &[2 * width], vector);
        add("encoder.conv3.weight", &[width, 2 * width, KERNELS[2]], Form::Convolution);
        add("encoder.conv3.bias", &[width], vector);
        for layer in 0..self.encoder_layers {
            let mut add = |name: &str, shape: &[usize], form| {
                add(&format!("encoder.layers.{layer}.{name}"), shape, form)
            };
            add("input_layernorm.weight", &[width], vector);
            for name in ["q", "k", "v", "o"] {
                add(&format!("self_attn.{name}_proj.weight"), &[width, width], Form::Matrix);
            }
            add("post_attention_layernorm.weight", &[width], vector);
            add("mlp.fc1.weight", &[inner, width], Form::Matrix);
            add("mlp.fc1.bias", &[inner], vector);
            add("mlp.fc2.weight", &[width, inner], Form::Matrix);
            add("mlp.fc2.bias", &[width], vector);
        }
        add("encoder.layer_norm.weight", &[width], vector);
        add("decoder.embed_tokens.weight", &[self.vocabulary, width], Form::Matrix);
        for layer in 0..self.decoder_layers {
            let mut add = |name: &str, shape: &[usize], form| {
                add(&format!("decoder.layers.{layer}.{name}"), shape, form)
            };
            for (norm, attention) in
                [("input_layernorm", "self_attn"), ("post_attention_layernorm", "encoder_attn")]
            {
                add(&format!("{norm}.weight"), &[width], vector);
                for name in ["q", "k", "v", "o"] {
                    add(&format!("{attention}.{name}_proj.weight"), &[width, width], Form::Matrix);
                }
            }
            add("final_layernorm.weight", &[width], vector);
            add("mlp.fc1.weight", &[2 * inner, width], Form::Matrix);
            add("mlp.fc1.bias", &[2 * inner], vector);
            add("mlp.fc2.weight", &[width, inner], Form::Matrix);
            add("mlp.fc2.bias", &[width], vector);
        }
        add("decoder.norm.weight", &[width], vector);
        all
    }
}

/// Moments that the three convolutions look at.
pub const KERNELS: [usize; 3] = [127, 7, 3];
/// Steps of the three convolutions.
pub const STRIDES: [usize; 3] = [64, 3, 2];

/// How a tensor is stored here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As fractions of 32 bits.
    Plain,
    /// In whole numbers, with a scale for each row.
    Matrix,
    /// As a matrix of the rows `[output][moment][input]`, so that a stretch of the input is one row of it.
    Convolution,
}

/// A tensor of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// As Hugging Face's model has it.
    pub name: String,
    /// As Hugging Face's model has it.
    pub shape: Vec<usize>,
    /// As it is stored here.
    pub form: Form,
}

/// A matrix in whole numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// −64 to 64, row by row.
    pub values: Vec<i8>,
    /// What a number of each row stands for.
    pub scales: Vec<f32>,
}

impl Matrix {
    /// Rounds the rows of an array, whose outermost dimension counts them.
    pub fn rounded(values: &[f32], rows: usize) -> Self {
        let columns = values.len() / rows.max(1);
        let mut matrix = Self { values: Vec::with_capacity(values.len()), scales: Vec::with_capacity(rows) };
        for row in values.chunks_exact(columns.max(1)) {
            let most = row.iter().fold(0_f32, |most, x| most.max(x.abs()));
            let scale = (most / LEVELS).max(f32::MIN_POSITIVE);
            let whole = |x: &f32| (x / scale).round_ties_even().clamp(-LEVELS, LEVELS) as i8;
            matrix.values.extend(row.iter().map(whole));
            matrix.scales.push(scale);
        }
        matrix
    }

    /// What it stands for.
    pub fn values(&self) -> Vec<f32> {
        let columns = self.values.len() / self.scales.len().max(1);
        let mut values = Vec::with_capacity(self.values.len());
        for (row, scale) in self.values.chunks_exact(columns.max(1)).zip(&self.scales) {
            values.extend(row.iter().map(|x| f32::from(*x) * scale));
        }
        values
    }
}

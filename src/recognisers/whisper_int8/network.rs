//! Whisper's network: an encoder that hears a stretch of sound at once, and a decoder that asks it and what
//! it has written so far for the next token.

use crate::models::arch::Dimensions;
use crate::models::weights::Contents;
use crate::recognisers::nn::attention::{self, Kept};
use crate::recognisers::nn::elements::Norm;
use crate::recognisers::nn::linear::Scratch;
use crate::recognisers::nn::{Kernels, Linear, Serves, Then, View};

/// Moments that a convolution looks at.
const REACH: usize = 3;

/// A layer of either side.
struct Block {
    attention_norm: Norm,
    /// Queries, keys and values side by side.
    asks: Linear,
    hears: Linear,
    /// Of the decoder.
    cross: Option<Cross>,
    thought_norm: Norm,
    widens: Linear,
    narrows: Linear,
}

/// How a layer of the decoder listens to the encoder.
struct Cross {
    norm: Norm,
    asks: Linear,
    hears: Linear,
    /// Keys and values of what the encoder heard, side by side.
    offers: Linear,
}

/// The weights.
pub struct Network {
    kernels: &'static Kernels,
    state: usize,
    heads: usize,
    bands: usize,
    convolutions: [Linear; 2],
    audio_positions: Vec<f32>,
    encoder: Vec<Block>,
    encoder_norm: Norm,
    /// What stands for each token, which also tells how much the decoder's thought is like it.
    tokens: Linear,
    text_positions: Vec<f32>,
    decoder: Vec<Block>,
    decoder_norm: Norm,
}

/// What the encoder heard, as the decoder's layers ask for it, and what was decoded so far.
pub struct Heard {
    /// For each layer: what the encoder offers.
    offers: Vec<Kept>,
    /// For each layer: the tokens so far.
    texts: Vec<Kept>,
}

impl Heard {
    /// Tokens that were decoded.
    pub fn tokens(&self) -> usize {
        self.texts.first().map_or(0, Kept::rows)
    }

    /// Forgets the tokens.
    pub fn forget(&mut self) {
        self.texts.iter_mut().for_each(|text| text.truncate(0));
    }
}

/// Numbers that come and go, kept so that nothing is allocated again.
#[derive(Default)]
pub struct Desk {
    linear: Scratch,
    attention: Vec<f32>,
    normed: Vec<f32>,
    wide: Vec<f32>,
    heard: Vec<f32>,
}

impl Network {
    /// Rounds the weights of a model.
    pub fn new(contents: &mut Contents) -> Self {
        let kernels = Kernels::for_good();
        let Dimensions { audio_state, audio_head, audio_layer, text_layer, mels, .. } = contents.dimensions;
        let (state, bands) = (audio_state as usize, mels as usize);
        let mut take = Taker { contents, kernels };
        let convolutions =
            [take.convolution("encoder.conv1", bands), take.convolution("encoder.conv2", state)];
        let encoder: Vec<Block> = (0..audio_layer)
            .map(|i| take.block(&format!("encoder.blocks.{i}"), state, Serves::Many))
            .collect();
        let decoder: Vec<Block> =
            (0..text_layer).map(|i| take.block(&format!("decoder.blocks.{i}"), state, Serves::One)).collect();
        let tokens = take.contents.take("decoder.token_embedding.weight");
        let none = vec![0.0; tokens.rows(state)];
        let row = |token: usize, out: &mut [f32]| tokens.row(token, out);
        let tokens = Linear::of_rows(kernels, row, state, none, Serves::One);
        Self {
            state,
            heads: audio_head as usize,
            bands,
            convolutions,
            audio_positions: contents.take("encoder.positional_embedding").numbers(),
            encoder,
            encoder_norm: norm(contents, "encoder.ln_post"),
            tokens,
            text_positions: contents.take("decoder.positional_embedding").numbers(),
            decoder,
            decoder_norm: norm(contents, "decoder.ln"),
            kernels,
        }
    }

    /// How many tokens there are.
    pub fn vocabulary(&self) -> usize {
        self.tokens.outputs()
    }

    /// Hears sound: `bands` has a row for each moment of 10 ms, two to each of the encoder's frames.
    pub fn hear(&self, bands: &[f32], desk: &mut Desk) -> Heard {
        let offered = self.encode(bands, desk);
        let frames = offered.len() / self.state;
        let width = self.state / self.heads;
        let mut both = vec![0.0; frames * 2 * self.state];
        let offers = self.decoder.iter().filter_map(|block| block.cross.as_ref()).map(|cross| {
            let rows = View::dense(&offered, self.state);
            cross.offers.apply(self.kernels, rows, &mut both, Then::Store, &mut desk.linear);
            let mut kept = Kept::new(self.heads, width, frames);
            for row in both.chunks_exact(2 * self.state) {
                let (keys, values) = row.split_at(self.state);
                kept.push(keys, values);
            }
            kept
        });
        let room = self.text_positions.len() / self.state;
        let text = || Kept::new(self.heads, width, room);
        Heard { offers: offers.collect(), texts: self.decoder.iter().map(|_| text()).collect() }
    }

    /// The encoder's frames.
    pub fn encode(&self, bands: &[f32], desk: &mut Desk) -> Vec<f32> {
        let (state, kernels) = (self.state, self.kernels);
        let moments = bands.len() / self.bands;
        // A row of nothing before and behind: the rows of a convolution are rows of this that overlap.
        let mut sound = vec![0.0; (moments + 2) * self.bands];
        sound[self.bands..(moments + 1) * self.bands].copy_from_slice(bands);
        let around = |data, rows, width, step| View {
            data,
            rows,
            columns: REACH * width,
            row_stride: step * width,
            column_stride: 1,
        };
        let mut first = vec![0.0; (moments + 2) * state];
        let out = &mut first[state..(moments + 1) * state];
        let rows = around(&sound, moments, self.bands, 1);
        self.convolutions[0].apply(kernels, rows, out, Then::Gelu, &mut desk.linear);
        let frames = moments / 2;
        let mut x = vec![0.0; frames * state];
        let rows = around(&first, frames, state, 2);
        self.convolutions[1].apply(kernels, rows, &mut x, Then::Gelu, &mut desk.linear);
        for (x, position) in x.iter_mut().zip(&self.audio_positions) {
            *x += position;
        }
        let mut scratch = attention::Scratch::new(state, self.heads);
        desk.normed.resize(x.len(), 0.0);
        desk.heard.resize(x.len(), 0.0);
        for block in &self.encoder {
            block.attention_norm.apply(&x, &mut desk.normed);
            desk.wide.resize(frames * 3 * state, 0.0);
            let rows = View::dense(&desk.normed, state);
            block.asks.apply(kernels, rows, &mut desk.wide, Then::Store, &mut desk.linear);
            attention::all(kernels, &desk.wide, self.heads, &mut desk.heard, &mut scratch);
            let rows = View::dense(&desk.heard, state);
            block.hears.apply(kernels, rows, &mut x, Then::Add, &mut desk.linear);
            self.think(block, &mut x, desk);
        }
        self.encoder_norm.apply(&x, &mut desk.normed);
        desk.normed.clone()
    }

    /// The part of a layer that looks at each row alone.
    fn think(&self, block: &Block, x: &mut [f32], desk: &mut Desk) {
        let kernels = self.kernels;
        block.thought_norm.apply(x, &mut desk.normed);
        desk.wide.resize(x.len() / self.state * block.widens.outputs(), 0.0);
        let rows = View::dense(&desk.normed, self.state);
        block.widens.apply(kernels, rows, &mut desk.wide, Then::Gelu, &mut desk.linear);
        let rows = View::dense(&desk.wide, block.widens.outputs());
        block.narrows.apply(kernels, rows, x, Then::Add, &mut desk.linear);
    }

    /// Decodes more tokens. `logits` takes what is likely after the last one; `attention` is told, for the
    /// last one, how much a layer's head listened to each frame.
    pub fn decode(
        &self,
        heard: &mut Heard,
        tokens: &[u32],
        logits: &mut Vec<f32>,
        desk: &mut Desk,
        mut attention: impl FnMut(usize, usize, &[f32]),
    ) {
        let (state, kernels, count) = (self.state, self.kernels, tokens.len());
        let from = heard.tokens();
        let mut x = vec![0.0; count * state];
        for (i, (row, token)) in x.chunks_exact_mut(state).zip(tokens).enumerate() {
            self.tokens.weights_of(*token as usize, row);
            for (x, position) in row.iter_mut().zip(&self.text_positions[(from + i) * state..]) {
                *x += position;
            }
        }
        desk.normed.resize(count * state, 0.0);
        desk.heard.resize(count * state, 0.0);
        for (layer, block) in self.decoder.iter().enumerate() {
            block.attention_norm.apply(&x, &mut desk.normed);
            desk.wide.resize(count * 3 * state, 0.0);
            let rows = View::dense(&desk.normed, state);
            block.asks.apply(kernels, rows, &mut desk.wide, Then::Store, &mut desk.linear);
            // A token hears those before it and itself.
            let text = &mut heard.texts[layer];
            for (row, out) in desk.wide.chunks_exact(3 * state).zip(desk.heard.chunks_exact_mut(state)) {
                text.push(&row[state..2 * state], &row[2 * state..]);
                attention::one(kernels, &row[..state], text, out, &mut desk.attention, |_, _| {});
            }
            let rows = View::dense(&desk.heard, state);
            block.hears.apply(kernels, rows, &mut x, Then::Add, &mut desk.linear);
            if let Some(cross) = &block.cross {
                cross.norm.apply(&x, &mut desk.normed);
                desk.wide.resize(count * state, 0.0);
                let rows = View::dense(&desk.normed, state);
                cross.asks.apply(kernels, rows, &mut desk.wide, Then::Store, &mut desk.linear);
                let asking = desk.wide.chunks_exact(state).zip(desk.heard.chunks_exact_mut(state));
                for (i, (query, out)) in asking.enumerate() {
                    let last = i + 1 == count;
                    let offers = &heard.offers[layer];
                    attention::one(kernels, query, offers, out, &mut desk.attention, |head, weights| {
                        if last {
                            attention(layer, head, weights);
                        }
                    });
                }
                let rows = View::dense(&desk.heard, state);
                cross.hears.apply(kernels, rows, &mut x, Then::Add, &mut desk.linear);
            }
            self.think(block, &mut x, desk);
        }
        desk.normed.resize(state, 0.0);
        self.decoder_norm.apply(&x[(count - 1) * state..], &mut desk.normed);
        logits.resize(self.vocabulary(), 0.0);
        let row = View::dense(&desk.normed, state);
        self.tokens.apply(kernels, row, logits, Then::Store, &mut desk.linear);
    }
}

/// Takes weights out of a model.
struct Taker<'a> {
    contents: &'a mut Contents,
    kernels: &'a Kernels,
}

impl Taker<'_> {
    /// Layers side by side, as one; a bias that isn't there is 0.
    fn linear(&mut self, names: &[&str], inputs: usize, serves: Serves) -> Linear {
        let (mut weights, mut bias, mut from) = (Vec::new(), Vec::new(), Vec::new());
        for (layer, name) in names.iter().enumerate() {
            let own = self.contents.take(&format!("{name}.weight"));
            let rows = own.rows(inputs);
            from.extend((0..rows).map(|row| (layer, row)));
            bias.extend(self.contents.take(&format!("{name}.bias")).numbers());
            bias.resize(from.len(), 0.0);
            weights.push(own);
        }
        let row = |output: usize, out: &mut [f32]| {
            let (layer, row) = from[output];
            weights[layer].row(row, out);
        };
        Linear::of_rows(self.kernels, row, inputs, bias, serves)
    }

    fn convolution(&mut self, name: &str, channels: usize) -> Linear {
        let weights = self.contents.take(&format!("{name}.weight")).numbers();
        let bias = self.contents.take(&format!("{name}.bias")).numbers();
        // Stored channel by channel; a row of sound has all channels of a moment side by side.
        let mut turned = vec![0.0; weights.len()];
        let width = REACH * channels;
        for (own, turned) in weights.chunks_exact(width).zip(turned.chunks_exact_mut(width)) {
            for channel in 0..channels {
                for moment in 0..REACH {
                    turned[moment * channels + channel] = own[channel * REACH + moment];
                }
            }
        }
        Linear::new(self.kernels, &turned, width, Some(bias), Serves::Many)
    }

    fn block(&mut self, name: &str, state: usize, serves: Serves) -> Block {
        let of = |part: &str| format!("{name}.{part}");
        let [query, key, value] = ["query", "key", "value"].map(|part| of(&format!("attn.{part}")));
        let cross = self.contents.has(&of("cross_attn.query.weight"));
        let cross = cross.then(|| Cross {
            norm: norm(self.contents, &of("cross_attn_ln")),
            asks: self.linear(&[&of("cross_attn.query")], state, serves),
            hears: self.linear(&[&of("cross_attn.out")], state, serves),
            offers: self.linear(&[&of("cross_attn.key"), &of("cross_attn.value")], state, Serves::Many),
        });
        Block {
            attention_norm: norm(self.contents, &of("attn_ln")),
            asks: self.linear(&[&query, &key, &value], state, serves),
            hears: self.linear(&[&of("attn.out")], state, serves),
            cross,
            thought_norm: norm(self.contents, &of("mlp_ln")),
            widens: self.linear(&[&of("mlp.0")], state, serves),
            narrows: self.linear(&[&of("mlp.2")], 4 * state, serves),
        }
    }
}

fn norm(contents: &mut Contents, name: &str) -> Norm {
    let mut numbers = |part: &str| contents.take(&format!("{name}.{part}")).numbers();
    Norm::new(numbers("weight"), Some(numbers("bias")))
}

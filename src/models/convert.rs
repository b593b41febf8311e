//! CTranslate2 → ggml: the file that whisper.cpp's own converter would make of the same weights (only the
//! order of its tensors is this program's). Goes from tensor to tensor in blocks of rows, so memory stays at
//! a few megabytes however large the model.

use std::io::{Read, Seek, Write};

use half::f16;

use super::arch::{Dimensions, FFT_BINS, HEAD, Quantisation, Role, Tensor, VOCAB_MULTILINGUAL};
use super::ct2::{Model, Type, Variable, widen};
use super::{Progress, ggml};

/// Numbers per q8_0 block.
const Q8_BLOCK: usize = 32;

/// Numbers that are converted at once, about: 4 MB as f32.
const AT_ONCE: u64 = 1 << 20;

/// What a model can be stored as by this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Half precision, as faster-whisper's models come.
    F16,
    /// Eight bits: half the size, faster, no measurable loss.
    Q8_0,
}

impl Target {
    /// As ggml calls it.
    pub fn quantisation(self) -> Quantisation {
        match self {
            Self::F16 => Quantisation::F16,
            Self::Q8_0 => Quantisation::Q8_0,
        }
    }
}

/// Why a conversion failed: the source is wrong (in words), or the result can't be written.
#[derive(Debug)]
pub enum Failure {
    /// The model to convert can't be.
    Source(String),
    /// The output can't be written.
    Output(std::io::Error),
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Source(why)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

/// The dimensions of a CTranslate2 model, told by the shapes of its variables.
pub fn dimensions<R: Read + Seek>(model: &Model<R>, target: Target) -> Result<Dimensions, String> {
    let shape = |name: &str, rank: usize| {
        let variable = model.get(name)?;
        match variable.shape.len() == rank {
            true => Ok(&variable.shape),
            false => {
                Err(format!("model.bin: {name} is {:?}, it should have {rank} dimensions", variable.shape))
            }
        }
    };
    let layers = |side: &str| {
        let mut layers = 0;
        while model.has(&format!("{side}/layer_{layers}/self_attention/linear_0/weight")) {
            layers += 1;
        }
        layers
    };
    let embeddings = shape("decoder/embeddings/weight", 2)?;
    let (vocab, state) = (embeddings[0], embeddings[1]);
    if !state.is_multiple_of(HEAD) {
        return Err(format!(
            "model.bin: its {state} columns are not heads of {HEAD}, so it is not a Whisper model"
        ));
    }
    let dimensions = Dimensions {
        vocab,
        audio_ctx: shape("encoder/position_encodings/encodings", 2)?[0],
        audio_state: state,
        audio_head: state / HEAD,
        audio_layer: layers("encoder"),
        text_ctx: shape("decoder/position_encodings/encodings", 2)?[0],
        text_state: state,
        text_head: state / HEAD,
        text_layer: layers("decoder"),
        mels: shape("encoder/conv1/weight", 3)?[1],
        ftype: target.quantisation().ftype(),
    };
    dimensions.check().map(|()| dimensions)
}

/// How many of a vocabulary's tokens a ggml file lists; whisper.cpp names the special ones itself.
pub fn listed_tokens(vocab: u32) -> usize {
    // A multilingual file keeps ids 0 to 50256, whose last is the empty string; an English-only one 0 to
    // 50255, and the published ones add the literal `<|endoftext|>`.
    if vocab >= VOCAB_MULTILINGUAL { 50_257 } else { 50_256 }
}

/// Writes the whole ggml file. `tokens` are the vocabulary's entries as bytes, [`listed_tokens`] of them at
/// least.
pub fn write<R: Read + Seek, W: Write>(
    model: &mut Model<R>,
    dimensions: &Dimensions,
    tokens: &[Vec<u8>],
    target: Target,
    out: &mut W,
    progress: &mut dyn Progress,
) -> Result<(), Failure> {
    head(dimensions, tokens, out)?;
    let tensors = dimensions.tensors();
    let bytes =
        |tensor: &Tensor| tensor.stored_as(target.quantisation()).bytes(tensor.elements()).unwrap_or(0);
    let total = tensors.iter().map(bytes).sum();
    let mut done = 0;
    for tensor in &tensors {
        tensor_header(tensor, target.quantisation(), out)?;
        write_tensor(model, tensor, target, out)?;
        done += bytes(tensor);
        progress.at(done, Some(total));
    }
    Ok(())
}

fn head(dimensions: &Dimensions, tokens: &[Vec<u8>], out: &mut impl Write) -> Result<(), Failure> {
    let mut numbers = vec![ggml::MAGIC];
    numbers.extend(dimensions.header());
    numbers.extend([dimensions.mels, FFT_BINS]);
    put_numbers(out, &numbers)?;
    for weight in mel_filters(dimensions.mels) {
        out.write_all(&weight.to_le_bytes())?;
    }
    let listed = listed_tokens(dimensions.vocab);
    let tokens = tokens.get(..listed).ok_or_else(|| {
        format!("the vocabulary has {} tokens, {listed} are needed: it is cut off", tokens.len())
    })?;
    let endoftext: &[u8] = b"<|endoftext|>";
    let added = if dimensions.multilingual() { None } else { Some(endoftext) };
    put_numbers(out, &[listed as u32 + added.is_some() as u32])?;
    for token in tokens.iter().map(Vec::as_slice).chain(added) {
        put_numbers(out, &[token.len() as u32])?;
        out.write_all(token)?;
    }
    Ok(())
}

fn put_numbers(out: &mut impl Write, numbers: &[u32]) -> std::io::Result<()> {
    numbers.iter().try_for_each(|number| out.write_all(&number.to_le_bytes()))
}

fn tensor_header(tensor: &Tensor, model: Quantisation, out: &mut impl Write) -> std::io::Result<()> {
    let type_id = tensor.stored_as(model).type_id();
    put_numbers(out, &[tensor.shape.len() as u32, tensor.name.len() as u32, type_id])?;
    put_numbers(out, &tensor.shape)?;
    out.write_all(tensor.name.as_bytes())
}

/// A part of a variable: CTranslate2 fuses query, key and value into one.
struct TensorPlace {
    name: String,
    /// Which of how many equal parts along the outermost dimension.
    part: (u64, u64),
}

/// ggml's name of a layer within a block, CTranslate2's, and the part of it.
const BLOCK: &[(&str, &str, (u64, u64))] = &[
    ("attn.query", "self_attention/linear_0", (0, 3)),
    ("attn.key", "self_attention/linear_0", (1, 3)),
    ("attn.value", "self_attention/linear_0", (2, 3)),
    ("attn.out", "self_attention/linear_1", (0, 1)),
    ("attn_ln", "self_attention/layer_norm", (0, 1)),
    ("cross_attn.query", "attention/linear_0", (0, 1)),
    ("cross_attn.key", "attention/linear_1", (0, 2)),
    ("cross_attn.value", "attention/linear_1", (1, 2)),
    ("cross_attn.out", "attention/linear_2", (0, 1)),
    ("cross_attn_ln", "attention/layer_norm", (0, 1)),
    ("mlp.0", "ffn/linear_0", (0, 1)),
    ("mlp.2", "ffn/linear_1", (0, 1)),
    ("mlp_ln", "ffn/layer_norm", (0, 1)),
];

/// The same outside of the blocks, by whole names.
const OUTSIDE: &[(&str, &str)] = &[
    ("encoder.positional_embedding", "encoder/position_encodings/encodings"),
    ("encoder.conv1.weight", "encoder/conv1/weight"),
    ("encoder.conv1.bias", "encoder/conv1/bias"),
    ("encoder.conv2.weight", "encoder/conv2/weight"),
    ("encoder.conv2.bias", "encoder/conv2/bias"),
    ("encoder.ln_post.weight", "encoder/layer_norm/gamma"),
    ("encoder.ln_post.bias", "encoder/layer_norm/beta"),
    ("decoder.positional_embedding", "decoder/position_encodings/encodings"),
    ("decoder.token_embedding.weight", "decoder/embeddings/weight"),
    ("decoder.ln.weight", "decoder/layer_norm/gamma"),
    ("decoder.ln.bias", "decoder/layer_norm/beta"),
];

/// Where CTranslate2 keeps a tensor.
fn place(tensor: &str) -> Option<TensorPlace> {
    if let Some((_, name)) = OUTSIDE.iter().find(|(ggml, _)| *ggml == tensor) {
        return Some(TensorPlace { name: (*name).to_owned(), part: (0, 1) });
    }
    let (side, in_blocks) = tensor.split_once(".blocks.")?;
    let (layer, in_block) = in_blocks.split_once('.')?;
    let (module, what) = in_block.rsplit_once('.')?;
    let (_, name, part) = BLOCK.iter().find(|(ggml, ..)| *ggml == module)?;
    let what = match (name.ends_with("layer_norm"), what) {
        (true, "weight") => "gamma",
        (true, _) => "beta",
        (false, what) => what,
    };
    Some(TensorPlace { name: format!("{side}/layer_{layer}/{name}/{what}"), part: *part })
}

fn write_tensor<R: Read + Seek>(
    model: &mut Model<R>,
    tensor: &Tensor,
    target: Target,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let place =
        place(&tensor.name).ok_or_else(|| format!("no rule says where {} comes from", tensor.name))?;
    let variable = model.get(&place.name)?.clone();
    let (part, parts) = place.part;
    let elements = tensor.elements();
    check_shape(&place, &variable, tensor)?;
    if place.name.ends_with("linear_0/weight") || place.name.ends_with("linear_1/weight") {
        check_key_bias(model, &place, parts)?;
    }
    let scale = Scale::of(model, &place.name, &variable)?;
    let stored_as = tensor.stored_as(target.quantisation());
    let row = variable.row();
    let (mut at, end) = (part * elements, (part + 1) * elements);
    let (mut raw, mut encoded) = (Vec::new(), Vec::new());
    while at < end {
        // Whole rows, so that a scale per row is easy to find; a row of a sane model is short.
        let count = (AT_ONCE / row).max(1).saturating_mul(row).min(end - at);
        model.read_raw(&variable, at, count, &mut raw)?;
        if variable.kind == Type::F16 && stored_as == Quantisation::F16 {
            out.write_all(&raw)?;
        } else {
            let mut values = widen(variable.kind, &raw);
            scale.apply(&mut values, at / row, row)?;
            encoded.clear();
            encode(&values, stored_as, &mut encoded);
            out.write_all(&encoded)?;
        }
        at += count;
    }
    Ok(())
}

fn check_shape(place: &TensorPlace, variable: &Variable, tensor: &Tensor) -> Result<(), String> {
    let mut expected: Vec<u64> = tensor.shape.iter().rev().map(|&n| u64::from(n)).collect();
    if tensor.role == Role::Full && expected.last() == Some(&1) {
        expected.pop(); // ggml has the biases of convolutions as a column
    }
    expected[0] *= place.part.1;
    match variable.shape.iter().map(|&n| u64::from(n)).eq(expected.iter().copied()) {
        true => Ok(()),
        false => Err(format!("model.bin: {} is {:?}, not {expected:?}", place.name, variable.shape)),
    }
}

/// Whisper's key projection has no bias: the fused layers have zeros there, and ggml has no place for others.
fn check_key_bias<R: Read + Seek>(
    model: &mut Model<R>,
    place: &TensorPlace,
    parts: u64,
) -> Result<(), String> {
    let key = match parts {
        3 => 1,
        2 => 0,
        _ => return Ok(()),
    };
    let name = place.name.replace("/weight", "/bias");
    let variable = model.get(&name)?.clone();
    let per_part = variable.elements() / parts;
    match model.read(&variable, key * per_part, per_part)?.iter().all(|&value| value == 0.0) {
        true => Ok(()),
        false => Err(format!("model.bin: {name} gives keys a bias, which no Whisper model has")),
    }
}

/// What stored integers are divided by.
enum Scale {
    /// They are no integers.
    None,
    /// One for all (int16).
    One(f32),
    /// One for each step of the outermost dimension (int8).
    Rows(Vec<f32>),
}

impl Scale {
    fn of<R: Read + Seek>(model: &mut Model<R>, name: &str, variable: &Variable) -> Result<Self, String> {
        if !matches!(variable.kind, Type::I8 | Type::I16 | Type::I32) {
            return Ok(Self::None);
        }
        let name = format!("{name}_scale");
        let scale = model.get(&name)?.clone();
        let rows = u64::from(variable.shape.first().copied().unwrap_or(1));
        let values = match scale.elements() {
            n if n == 1 || n == rows => model.read(&scale, 0, n)?,
            n => return Err(format!("model.bin: {name} has {n} numbers for {rows} rows")),
        };
        if values.iter().any(|scale| !scale.is_normal()) {
            return Err(format!("model.bin: {name} has a scale that nothing can be divided by"));
        }
        Ok(match values[..] {
            [one] => Self::One(one),
            _ => Self::Rows(values),
        })
    }

    /// Divides whole rows, the first of which is `first_row`.
    fn apply(&self, values: &mut [f32], first_row: u64, row: u64) -> Result<(), String> {
        match self {
            Self::None => {}
            Self::One(scale) => values.iter_mut().for_each(|value| *value /= scale),
            Self::Rows(scales) => {
                let scales = scales.iter().skip(first_row as usize);
                for (row, scale) in values.chunks_mut(row as usize).zip(scales) {
                    row.iter_mut().for_each(|value| *value /= scale);
                }
            }
        }
        Ok(())
    }
}

/// Appends `values` as `to` stores them; of the quantised types only q8_0, for others see [`Target`].
fn encode(values: &[f32], to: Quantisation, out: &mut Vec<u8>) {
    match to {
        Quantisation::F32 => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Quantisation::Q8_0 => values.chunks(Q8_BLOCK).for_each(|block| encode_q8(block, out)),
        _ => out.extend(values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes())),
    }
}

/// One q8_0 block as ggml's reference makes it: the scale `largest / 127` as f16, then each value / scale,
/// halves rounded away from zero. Values pass through f16 first, so that the result is that of quantising the
/// f16 file.
fn encode_q8(block: &[f32], out: &mut Vec<u8>) {
    let mut values = [0.0f32; Q8_BLOCK];
    for (value, &given) in values.iter_mut().zip(block) {
        *value = f16::from_f32(given).to_f32();
    }
    let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let scale = largest / 127.0;
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    out.extend(f16::from_f32(scale).to_le_bytes());
    out.extend(values.iter().map(|value| (value * inverse).round() as i8 as u8));
}

/// Slaney's mel filters for 16 kHz and 400-point spectra, band by band, as librosa computes them: in f64,
/// rounded to f32 before and after the area normalisation.
pub fn mel_filters(mels: u32) -> Vec<f32> {
    const LINEAR_HZ: f64 = 200.0 / 3.0; // per mel, up to 1000 Hz
    let corner = 1000.0 / LINEAR_HZ;
    let step = 6.4f64.ln() / 27.0; // logarithmic above
    let hertz = |mel: f64| {
        if mel >= corner { 1000.0 * (step * (mel - corner)).exp() } else { LINEAR_HZ * mel }
    };
    let top = corner + (8000.0f64 / 1000.0).ln() / step;
    let spacing = top / f64::from(mels + 1);
    let edges: Vec<f64> =
        (0..mels + 2).map(|i| hertz(if i == mels + 1 { top } else { f64::from(i) * spacing })).collect();
    let bin = 1.0 / (400.0 * (1.0 / 16_000.0));
    let mut weights = Vec::with_capacity(mels as usize * FFT_BINS as usize);
    for edge in edges.windows(3) {
        let area = 2.0 / (edge[2] - edge[0]);
        for i in 0..FFT_BINS {
            let frequency = f64::from(i) * bin;
            let rising = -(edge[0] - frequency) / (edge[1] - edge[0]);
            let falling = (edge[2] - frequency) / (edge[2] - edge[1]);
            let weight = rising.min(falling).max(0.0) as f32;
            // + 0.0 makes a negative zero positive, as in the published files.
            weights.push((f64::from(weight) * area) as f32 + 0.0);
        }
    }
    weights
}

/// GPT-2's letters for bytes: printable Latin-1 stands for itself, the others for 256 and up, in order.
fn byte_of(letter: char) -> Option<u8> {
    let itself = |byte: u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let code = letter as u32;
    if itself(code) {
        return u8::try_from(code).ok();
    }
    let nth = code.checked_sub(256)?;
    let byte = (0..256).filter(|&byte| !itself(byte)).nth(nth as usize)?;
    u8::try_from(byte).ok()
}

/// The tokens of `vocabulary.json` (a list) as bytes, `limit` at most.
pub fn tokens_of_json(text: &str, limit: usize) -> Result<Vec<Vec<u8>>, String> {
    let list: Vec<String> =
        serde_json::from_str(text).map_err(|e| format!("vocabulary.json is not a list of tokens: {e}"))?;
    list.iter().take(limit).enumerate().map(|(id, token)| token_bytes(id, token)).collect()
}

/// The tokens of `vocabulary.txt` (one a line; an empty line is the empty token) as bytes, `limit` at most.
pub fn tokens_of_text(text: &str, limit: usize) -> Result<Vec<Vec<u8>>, String> {
    text.split('\n').take(limit).enumerate().map(|(id, token)| token_bytes(id, token)).collect()
}

fn token_bytes(id: usize, token: &str) -> Result<Vec<u8>, String> {
    token
        .chars()
        .map(byte_of)
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(|| format!("the vocabulary's token {id} ({token:?}) is not in GPT-2's alphabet"))
}

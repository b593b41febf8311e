//! A faster-whisper model of a few columns, made by formula, and a reader of ggml files: both written from
//! the formats' descriptions, not from the code under test.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// Columns: one head.
pub const STATE: usize = 64;
pub const AUDIO_CTX: usize = 12;
pub const TEXT_CTX: usize = 7;
pub const MELS: usize = 80;

/// How the weights are stored in `model.bin`.
#[derive(Clone, Copy, PartialEq)]
pub enum Stored {
    F32,
    F16,
    /// With a scale per row: 64 for even rows, 128 for odd ones.
    I8,
}

#[derive(Clone, Copy)]
pub struct Shape {
    pub layers: usize,
    pub vocab: usize,
    pub stored: Stored,
}

/// The number in 1/256ths that stands at `index` of variable `name`. Every block of 32 holds 127/128 as its
/// largest, so q8_0's scale is exactly 1/128; 2.5/128 and -2.5/128 lie halfway between two steps. All of them
/// are exact in f16.
pub fn number(name: &str, index: usize) -> i32 {
    let seed: usize = name.bytes().map(usize::from).sum();
    match index % 32 {
        0 => 254,
        1 => 5,
        2 => -5,
        _ => 2 * ((index * 7 + seed) % 255) as i32 - 254,
    }
}

/// An int8 as it is stored at `index`.
pub fn stored_i8(name: &str, index: usize) -> i8 {
    (number(name, index) / 2) as i8
}

/// The number at `index` as f32.
pub fn value(name: &str, index: usize) -> f32 {
    number(name, index) as f32 / 256.0
}

/// IEEE half precision of a multiple of 1/256 below 1 in magnitude, by hand.
pub fn half_of(number_256: i32) -> u16 {
    if number_256 == 0 {
        return 0;
    }
    let magnitude = number_256.unsigned_abs();
    let exponent = magnitude.ilog2();
    let fraction = (magnitude << (10 - exponent)) & 0x3ff;
    let sign = if number_256 < 0 { 0x8000 } else { 0 };
    // 2^exponent / 256 has the biased exponent 15 + exponent - 8.
    (sign | ((exponent + 7) << 10) | fraction) as u16
}

fn text(name: &str) -> Vec<u8> {
    let mut bytes = (name.len() as u16 + 1).to_le_bytes().to_vec();
    bytes.extend(name.as_bytes());
    bytes.push(0);
    bytes
}

struct Builder {
    stored: Stored,
    count: u32,
    bytes: Vec<u8>,
}

impl Builder {
    fn put(&mut self, name: &str, shape: &[usize], type_id: u8, data: &[u8]) {
        self.bytes.extend(text(name));
        self.bytes.push(shape.len() as u8);
        shape.iter().for_each(|&n| self.bytes.extend((n as u32).to_le_bytes()));
        self.bytes.push(type_id);
        self.bytes.extend((data.len() as u32).to_le_bytes());
        self.bytes.extend(data);
        self.count += 1;
    }

    /// Biases and norms: halves in an f16 model, else f32. Numbers for which `zero` holds are 0.
    fn plain(&mut self, name: &str, shape: &[usize], zero: impl Fn(usize) -> bool) {
        let numbers = (0..shape.iter().product()).map(|i| if zero(i) { 0 } else { number(name, i) });
        if self.stored == Stored::F16 {
            let data: Vec<u8> = numbers.flat_map(|n| half_of(n).to_le_bytes()).collect();
            self.put(name, shape, 4, &data);
        } else {
            let data: Vec<u8> = numbers.flat_map(|n| (n as f32 / 256.0).to_le_bytes()).collect();
            self.put(name, shape, 0, &data);
        }
    }

    fn weight(&mut self, name: &str, shape: &[usize]) {
        if self.stored != Stored::I8 {
            return self.plain(name, shape, |_| false);
        }
        let data: Vec<u8> = (0..shape.iter().product()).map(|i| stored_i8(name, i) as u8).collect();
        self.put(name, shape, 1, &data);
        let scales: Vec<u8> = (0..shape[0]).flat_map(|row| i8_scale(row).to_le_bytes()).collect();
        self.put(&format!("{name}_scale"), &[shape[0]], 0, &scales);
    }

    fn norm(&mut self, name: &str) {
        self.plain(&format!("{name}/gamma"), &[STATE], |_| false);
        self.plain(&format!("{name}/beta"), &[STATE], |_| false);
    }

    /// `key` says which part of the bias belongs to the keys, and is zero.
    fn linear(&mut self, name: &str, out: usize, inner: usize, key: Option<usize>) {
        self.weight(&format!("{name}/weight"), &[out, inner]);
        self.plain(&format!("{name}/bias"), &[out], |i| key == Some(i / STATE));
    }

    fn layer(&mut self, side: &str, layer: usize) {
        let at = format!("{side}/layer_{layer}");
        self.linear(&format!("{at}/self_attention/linear_0"), 3 * STATE, STATE, Some(1));
        self.linear(&format!("{at}/self_attention/linear_1"), STATE, STATE, None);
        self.norm(&format!("{at}/self_attention/layer_norm"));
        if side == "decoder" {
            self.linear(&format!("{at}/attention/linear_0"), STATE, STATE, None);
            self.linear(&format!("{at}/attention/linear_1"), 2 * STATE, STATE, Some(0));
            self.linear(&format!("{at}/attention/linear_2"), STATE, STATE, None);
            self.norm(&format!("{at}/attention/layer_norm"));
        }
        self.linear(&format!("{at}/ffn/linear_0"), 4 * STATE, STATE, None);
        self.linear(&format!("{at}/ffn/linear_1"), STATE, 4 * STATE, None);
        self.norm(&format!("{at}/ffn/layer_norm"));
    }
}

/// What an int8 of that row is divided by.
pub fn i8_scale(row: usize) -> f32 {
    if row.is_multiple_of(2) { 64.0 } else { 128.0 }
}

/// The bytes of `model.bin`.
pub fn model_bin(shape: Shape) -> Vec<u8> {
    let mut builder = Builder { stored: shape.stored, count: 0, bytes: Vec::new() };
    builder.weight("decoder/embeddings/weight", &[shape.vocab, STATE]);
    builder.plain("decoder/position_encodings/encodings", &[TEXT_CTX, STATE], |_| false);
    builder.plain("encoder/position_encodings/encodings", &[AUDIO_CTX, STATE], |_| false);
    for (name, channels) in [("encoder/conv1", MELS), ("encoder/conv2", STATE)] {
        builder.weight(&format!("{name}/weight"), &[STATE, channels, 3]);
        builder.plain(&format!("{name}/bias"), &[STATE], |_| false);
    }
    for side in ["encoder", "decoder"] {
        (0..shape.layers).for_each(|layer| builder.layer(side, layer));
        builder.norm(&format!("{side}/layer_norm"));
    }
    let mut bytes = 6u32.to_le_bytes().to_vec();
    bytes.extend(text("WhisperSpec"));
    bytes.extend(3u32.to_le_bytes());
    bytes.extend(builder.count.to_le_bytes());
    bytes.extend(builder.bytes);
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(text("decoder/projection/weight"));
    bytes.extend(text("decoder/embeddings/weight"));
    bytes
}

/// A vocabulary in GPT-2's letters: token 5 is a newline, 6 an "é", 7 the byte 0xa0, 50256 nothing.
pub fn vocabulary(vocab: usize) -> Vec<String> {
    (0..vocab)
        .map(|id| match id {
            5 => "Ċ".into(),
            6 => "Ã©".into(),
            7 => "ł".into(),
            50_256 => String::new(),
            id => format!("Ġw{id}"),
        })
        .collect()
}

/// A whole faster-whisper folder.
pub fn folder(at: &Path, shape: Shape) {
    fs::create_dir_all(at).unwrap();
    fs::write(at.join("model.bin"), model_bin(shape)).unwrap();
    fs::write(at.join("vocabulary.txt"), vocabulary(shape.vocab).join("\n") + "\n").unwrap();
}

/// A ggml file, taken apart.
pub struct Ggml {
    pub header: Vec<u32>,
    pub filters: Vec<f32>,
    pub tokens: Vec<Vec<u8>>,
    /// Dimensions (innermost first), type and data by name.
    pub tensors: HashMap<String, (Vec<u32>, u32, Vec<u8>)>,
}

impl Ggml {
    pub fn read(path: &Path) -> Self {
        let file = fs::read(path).unwrap();
        let mut rest = &file[..];
        let mut take = |n: usize| {
            let (taken, left) = rest.split_at(n);
            rest = left;
            taken.to_vec()
        };
        let number = |bytes: Vec<u8>| u32::from_le_bytes(bytes.try_into().unwrap());
        assert_eq!(take(4), b"lmgg");
        let header: Vec<u32> = (0..11).map(|_| number(take(4))).collect();
        let filters = number(take(4)) * number(take(4));
        let filters = (0..filters).map(|_| f32::from_bits(number(take(4)))).collect();
        let tokens = (0..number(take(4)))
            .map(|_| {
                let bytes = number(take(4));
                take(bytes as usize)
            })
            .collect();
        let mut tensors = HashMap::new();
        let head = file.len() - rest.len();
        let mut at = head;
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        while at < file.len() {
            let (dims, name_bytes, type_id) = (word(at) as usize, word(at + 4) as usize, word(at + 8));
            let shape: Vec<u32> = (0..dims).map(|i| word(at + 12 + 4 * i)).collect();
            at += 12 + 4 * dims;
            let name = String::from_utf8(file[at..at + name_bytes].to_vec()).unwrap();
            at += name_bytes;
            let elements: usize = shape.iter().map(|&n| n as usize).product();
            let bytes = match type_id {
                0 => elements * 4,
                1 => elements * 2,
                8 => elements / 32 * 34,
                other => panic!("type {other}"),
            };
            tensors.insert(name, (shape, type_id, file[at..at + bytes].to_vec()));
            at += bytes;
        }
        Self { header, filters, tokens, tensors }
    }
}

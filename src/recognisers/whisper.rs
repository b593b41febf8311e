//! Whisper models: files in ggml format. Who computes one, in the child process, is decided by [`load`]
//! alone.

use std::path::Path;
use std::sync::Arc;

use crate::config::WhisperEngine;
use crate::models::{self, ggml, weights};
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
        WhisperEngine::Auto => {
            let other = cfg!(feature = "whisper");
            // Built without optimisation, as for tests, it is many times slower than whisper.cpp, which is
            // always optimised.
            let quick = !cfg!(debug_assertions) && multiplies_whole_numbers();
            !other || (quick && can_read(path))
        }
    };
    if own {
        let recognizer = WhisperInt8::load(path, threads, language)?;
        let facts = recognizer.facts().clone();
        return Ok((Box::new(recognizer), facts));
    }
    by_whisper_cpp(path, threads, language)
}

/// Whether this processor has the instructions that its products were measured with.
#[cfg(target_arch = "x86_64")]
fn multiplies_whole_numbers() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn multiplies_whole_numbers() -> bool {
    false
}

/// Forms of weights that it can't read, and files that are none, are left to whisper.cpp and what it says.
fn can_read(path: &Path) -> bool {
    let stored = ggml::check(path).ok().and_then(|(dimensions, _)| dimensions.quantisation().ok());
    stored.is_some_and(weights::readable)
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

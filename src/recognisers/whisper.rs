//! Whisper as an engine: a model file in ggml format, run by a child process of this program
//! ([`super::worker`]), so that nothing that happens to it touches the recording. Who computes it in there is
//! decided by [`load`] alone.

use std::path::Path;
use std::sync::Arc;

use crate::base::languages::LANGUAGES;
use crate::config::WhisperEngine;
use crate::models::store::Family;
use crate::models::{self, ModelInfo};
use crate::recognisers::engine::{
    Asked, Cost, Engine, EngineError, Facts, Fit, Gives, Kind, Languages, Opening,
};
use crate::recognisers::moonshine::engine::Moonshine;
use crate::recognisers::protocol::{ModelFacts, REQUEST_S_MAX};
use crate::recognisers::recognizer::{Recognizer, RecognizerError};
use crate::recognisers::whisper_int8::WhisperInt8;
use crate::recognisers::worker::{WorkerOptions, WorkerRecognizer};

/// Takes every model that no other kind took: the names of files are the user's.
pub const KIND: Kind = Kind { prefix: "", find };

/// A Whisper model.
#[derive(Debug)]
pub struct Whisper {
    model: ModelInfo,
    facts: Facts,
}

fn find(asked: &Asked<'_>) -> Result<Arc<dyn Engine>, EngineError> {
    let model = models::resolve(asked.models, Some(asked.model), Some(asked.language))?;
    Ok(local(model))
}

/// The engine of a model on this computer.
pub fn local(model: ModelInfo) -> Arc<dyn Engine> {
    match model.family {
        Family::Whisper => Arc::new(Whisper::new(model)),
        Family::Moonshine => Arc::new(Moonshine::new(model)),
    }
}

impl Whisper {
    /// The engine of a model file that was found whole.
    pub fn new(model: ModelInfo) -> Self {
        let known = LANGUAGES.iter().take(model.languages);
        let facts = Facts {
            name: model.name.clone(),
            languages: match model.multilingual {
                true => Languages::Only(known.map(|(code, _)| (*code).to_owned()).collect()),
                false => Languages::English,
            },
            longest_s: REQUEST_S_MAX,
            // On the safe side: two recognisers of base-q8_0 (82 MB) and the program together took 504 MB in
            // the accuracy suite.
            cost: Cost::Here { bytes: model.bytes * 2 + 100_000_000 },
            fit: Fit::Growing,
            gives: Gives { spoken: model.multilingual, ..Gives::ALL },
        };
        Self { model, facts }
    }
}

impl Engine for Whisper {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn open(&self, how: &Opening) -> Box<dyn Recognizer> {
        Box::new(WorkerRecognizer::new(WorkerOptions {
            threads: how.threads,
            niceness: how.niceness,
            request_limit: how.request_limit,
            whisper: how.whisper,
            ..WorkerOptions::new(&self.model.path)
        }))
    }

    fn file(&self) -> Option<&ModelInfo> {
        Some(&self.model)
    }
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

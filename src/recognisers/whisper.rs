//! Whisper as an engine: a model file in ggml format, run by a child process of this program
//! ([`super::worker`]), so that nothing that happens to whisper.cpp touches the recording.

use std::sync::Arc;

use crate::base::languages::LANGUAGES;
use crate::models::store::Family;
use crate::models::{self, ModelInfo};
use crate::recognisers::engine::{
    Asked, Cost, Engine, EngineError, Facts, Fit, Gives, Kind, Languages, Opening,
};
use crate::recognisers::moonshine::engine::Moonshine;
use crate::recognisers::protocol::REQUEST_S_MAX;
use crate::recognisers::recognizer::Recognizer;
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
            ..WorkerOptions::new(&self.model.path)
        }))
    }

    fn file(&self) -> Option<&ModelInfo> {
        Some(&self.model)
    }
}

//! A model on this computer as an engine: a file or a folder, run by a child process of this program
//! ([`super::worker`]), so that nothing that happens to it touches the recording.

use std::sync::Arc;

use crate::base::languages::LANGUAGES;
use crate::models::ModelInfo;
use crate::models::store::Family;
use crate::recognisers::engine::{Cost, Engine, Facts, Fit, Gives, Languages, Opening};
use crate::recognisers::protocol::REQUEST_S_MAX;
use crate::recognisers::recognizer::Recognizer;
use crate::recognisers::worker::{WorkerOptions, WorkerRecognizer};

/// A Whisper or Moonshine model.
#[derive(Debug)]
struct Local {
    model: ModelInfo,
    facts: Facts,
}

/// The engine of a model that was found whole.
pub fn engine(model: ModelInfo) -> Arc<dyn Engine> {
    let (languages, bytes, gives) = match model.family {
        Family::Whisper => (
            languages(&model),
            // On the safe side: two recognisers of base-q8_0 (82 MB) and the program together took 504 MB in
            // the accuracy suite.
            model.bytes * 2 + 100_000_000,
            Gives { spoken: model.multilingual, ..Gives::ALL },
        ),
        Family::Moonshine => (
            Languages::English,
            // The weights twice while they are loaded, and what it computes with.
            model.bytes + 150_000_000,
            Gives { no_speech_prob: false, avg_logprob: true, word_probs: true, spoken: false },
        ),
    };
    let facts = Facts {
        name: model.name.clone(),
        languages,
        longest_s: REQUEST_S_MAX,
        cost: Cost::Here { bytes },
        fit: Fit::Growing,
        gives,
    };
    Arc::new(Local { model, facts })
}

fn languages(model: &ModelInfo) -> Languages {
    if !model.multilingual {
        return Languages::English;
    }
    let known = LANGUAGES.iter().take(model.languages);
    Languages::Only(known.map(|(code, _)| (*code).to_owned()).collect())
}

impl Engine for Local {
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

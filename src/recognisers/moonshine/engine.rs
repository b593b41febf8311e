//! Moonshine as an engine: a folder, run by a child process of this program ([`crate::recognisers::worker`]).

use crate::models::ModelInfo;
use crate::recognisers::engine::{Cost, Engine, Facts, Fit, Gives, Languages, Opening};
use crate::recognisers::protocol::REQUEST_S_MAX;
use crate::recognisers::recognizer::Recognizer;
use crate::recognisers::worker::{WorkerOptions, WorkerRecognizer};

/// Bytes that a recogniser takes: the weights twice while they are loaded, and what it computes with.
const MORE_BYTES: u64 = 150_000_000;

/// A Moonshine model.
#[derive(Debug)]
pub struct Moonshine {
    model: ModelInfo,
    facts: Facts,
}

impl Moonshine {
    /// The engine of a model's folder that was found whole.
    pub fn new(model: ModelInfo) -> Self {
        let facts = Facts {
            name: model.name.clone(),
            languages: Languages::English,
            longest_s: REQUEST_S_MAX,
            cost: Cost::Here { bytes: model.bytes + MORE_BYTES },
            fit: Fit::Growing,
            gives: Gives { no_speech_prob: false, avg_logprob: true, word_probs: true, spoken: false },
        };
        Self { model, facts }
    }
}

impl Engine for Moonshine {
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

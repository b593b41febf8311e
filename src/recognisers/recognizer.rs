//! What is asked of a recogniser and what it answers.

use serde::{Deserialize, Serialize};

use crate::base::utterance;

/// Turns a stretch of speech into words.
pub trait Recognizer: Send {
    /// Recognises one segment. It blocks, for seconds; it may fail, and the next request may then succeed.
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError>;
    /// Name of the model.
    fn model(&self) -> &str;
    /// What people should know since it was asked last, a line each.
    fn notices(&mut self) -> Vec<String> {
        Vec::new()
    }
    /// Gets ready, which may block for as long as a model takes to load. Without it the first request does.
    fn prepare(&mut self) -> Result<(), RecognizerError> {
        Ok(())
    }
}

/// Something to recognise.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// 16 kHz, mono, ±1.0; at most as long as its engine takes
    /// ([`Facts::longest_s`](super::engine::Facts)).
    pub samples: Vec<f32>,
    /// ISO 639-1 code of the language to write down; `None` if the recogniser detects it, from this sound
    /// alone.
    pub language: Option<String>,
    /// How certain that language is.
    pub certainty: Certainty,
    /// Text that came before, or names and terms to expect.
    pub prompt: Option<String>,
    /// Where in the samples speech was detected, in seconds: words begin no earlier than its start.
    pub speech: Option<(f64, f64)>,
}

/// How certain the language of a request is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Certainty {
    /// Somebody said so.
    #[default]
    Told,
    /// Little was heard of it.
    Guessed,
    /// Enough was heard of it.
    Found,
}

impl Request {
    /// Length of the sound in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / 16_000.0
    }
}

/// What a recogniser understood.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hypothesis {
    /// The words as a sentence, trimmed; may be empty.
    pub text: String,
    /// The words with their times.
    pub words: Vec<Word>,
    /// Nobody told when the words were said: their times are a guess, by their lengths.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guessed_times: bool,
    /// ISO 639-1 code of the language it is written in.
    pub language: String,
    /// The language that the sound is likeliest in, and how likely among all, 0..1. `None` means that the
    /// model knows but one, or doesn't tell.
    #[serde(default)]
    pub spoken: Option<(String, f32)>,
    /// The recogniser's own opinion that nobody spoke, 0..1. `None` means that it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_speech_prob: Option<f64>,
    /// Mean log probability (natural) of the tokens; 0 without any. `None` means that it isn't told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avg_logprob: Option<f64>,
    /// Seconds of sound it was made from.
    pub audio_s: f64,
}

/// A word with its time in the request's samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// As it stands in the sentence, with its punctuation, without the space before.
    pub text: String,
    /// Seconds from the request's first sample.
    pub start: f64,
    /// Seconds from the request's first sample; never before `start`, never after the next word's `start`.
    pub end: f64,
    /// Probability, 0..1. `None` means that it isn't told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
}

impl Word {
    /// The same word in session time, the request's first sample being at `origin` session seconds. In the
    /// transcript a probability that isn't told is 0, as readers expect a number.
    pub fn placed(&self, origin: f64) -> utterance::Word {
        utterance::Word {
            text: self.text.clone(),
            start: origin + self.start,
            end: origin + self.end,
            p: self.p.unwrap_or(0.0),
        }
    }
}

impl Hypothesis {
    /// Geometric mean of the words' probabilities, 0..1. `None` means that there are no words, or that one
    /// has no probability.
    pub fn confidence(&self) -> Option<f64> {
        if self.words.is_empty() {
            return None;
        }
        // A floor, so that one impossible word doesn't take the logarithm out of bounds.
        let sum: Option<f64> = self.words.iter().map(|word| Some(word.p?.clamp(1e-6, 1.0).ln())).sum();
        Some((sum? / self.words.len() as f64).exp())
    }
}

/// Why there are no words.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RecognizerError {
    /// The model can't be used, now or later.
    #[error(
        "the model {model} can't be used: {reason}; get it again (`hansard models pull`) or choose another (`--model`)"
    )]
    ModelUnusable {
        /// Its file or name.
        model: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The model doesn't know that language.
    #[error(
        "the model {model} doesn't know the language {language:?}; {}",
        if *multilingual { "name another language (`--language`)" } else { "use a multilingual one (without `.en` in its name)" }
    )]
    Language {
        /// Name of the model.
        model: String,
        /// What was asked for.
        language: String,
        /// Whether the model knows more than English.
        multilingual: bool,
    },
    /// The request itself can't be served.
    #[error("this sound can't be recognised: {reason}")]
    Request {
        /// What is wrong with it.
        reason: String,
    },
    /// The recogniser worked and gave up.
    #[error("the recogniser failed on this segment: {reason}")]
    Failed {
        /// What it says.
        reason: String,
    },
    /// The recogniser's process couldn't be started.
    #[error("the recogniser's process can't be started ({program}): {reason}")]
    Start {
        program: String,
        /// What the system says.
        reason: String,
    },
    /// The recogniser's process ended while it was needed.
    #[error("the recogniser's process ended unexpectedly ({detail})")]
    Crashed {
        /// Exit status and its last words.
        detail: String,
    },
    /// The recogniser took too long, and its process was ended.
    #[error(
        "the recogniser took longer than {limit_s:.0} s over a segment and was stopped; the machine may be too slow for this model"
    )]
    TimedOut {
        /// Limit that was passed, in seconds.
        limit_s: f64,
    },
    /// The server does not want what it is asked for.
    #[error(
        "the transcription server {server} refuses ({reason}); see transcribe.url, transcribe.url_model and the key, or \
         choose a local model (`--model`)"
    )]
    Refused {
        /// Its host and port.
        server: String,
        /// What it says.
        reason: String,
    },
    /// The server was waited for in vain.
    #[error("the transcription server {server} makes no text: {reason}")]
    Away {
        /// Its host and port.
        server: String,
        /// What is wrong.
        reason: String,
    },
    /// The recogniser's process said something that makes no sense.
    #[error(
        "the recogniser's process gave an answer that makes no sense ({detail}); if hansard was just updated, start it again"
    )]
    Junk {
        /// What was wrong.
        detail: String,
    },
}

impl RecognizerError {
    /// Whether asking again with another segment is pointless too.
    pub fn is_permanent(&self) -> bool {
        matches!(
            self,
            Self::ModelUnusable { .. }
                | Self::Language { .. }
                | Self::Start { .. }
                | Self::Refused { .. }
                | Self::Away { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_is_a_geometric_mean() {
        let of = |ps: &[Option<f64>]| {
            let word = |p: &Option<f64>| Word { text: "a".into(), start: 0.0, end: 0.1, p: *p };
            Hypothesis { words: ps.iter().map(word).collect(), ..Hypothesis::default() }.confidence()
        };
        assert!((of(&[Some(1.0), Some(0.25)]).unwrap() - 0.5).abs() < 1e-9);
        assert_eq!((of(&[]), of(&[Some(1.0), None])), (None, None));
    }
}

//! What turns sound into words, whoever does it: Whisper in a child process, or a script in tests.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::utterance;

/// Longest sound of one request, in seconds. Whisper hears 30 s at once; what is longer has to be cut by the
/// caller.
pub const REQUEST_S_MAX: f64 = 30.0;

/// Turns a stretch of speech into words.
pub trait Recognizer: Send {
    /// Recognises one segment. It blocks, for seconds; it may fail, and the next request may then succeed.
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError>;
    /// Name of the model.
    fn model(&self) -> &str;
}

/// Something to recognise.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// 16 kHz, mono, ±1.0; at most [`REQUEST_S_MAX`].
    pub samples: Vec<f32>,
    /// ISO 639-1 code of the language to write down; none: the recogniser finds out, from this sound alone.
    pub language: Option<String>,
    /// Text that came before, or names and terms to expect.
    pub prompt: Option<String>,
    /// Where in the samples speech was detected, in seconds: words begin no earlier than its start.
    pub speech: Option<(f64, f64)>,
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
    /// ISO 639-1 code of the language it is written in.
    pub language: String,
    /// The language that the sound is likeliest in, and how likely among all, 0..1; none: the model knows but
    /// one.
    #[serde(default)]
    pub spoken: Option<(String, f32)>,
    /// The recogniser's own opinion that nobody spoke, 0..1.
    pub no_speech_prob: f64,
    /// Mean log probability (natural) of the tokens; 0 without any.
    pub avg_logprob: f64,
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
    /// Probability, 0..1.
    pub p: f64,
}

impl Word {
    /// The same word in session time, the request's first sample being at `origin` session seconds.
    pub fn placed(&self, origin: f64) -> utterance::Word {
        utterance::Word {
            text: self.text.clone(),
            start: origin + self.start,
            end: origin + self.end,
            p: self.p,
        }
    }
}

impl Hypothesis {
    /// Geometric mean of the words' probabilities, 0..1; 0 without any.
    pub fn confidence(&self) -> f64 {
        if self.words.is_empty() {
            return 0.0;
        }
        // A floor, so that one impossible word doesn't take the logarithm out of bounds.
        let sum: f64 = self.words.iter().map(|word| word.p.clamp(1e-6, 1.0).ln()).sum();
        (sum / self.words.len() as f64).exp()
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
        "the model {model} doesn't know the language {language:?}; use a multilingual one (without `.en` in its name)"
    )]
    Language {
        /// Name of the model.
        model: String,
        /// What was asked for.
        language: String,
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
        /// The program.
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
        matches!(self, Self::ModelUnusable { .. } | Self::Language { .. } | Self::Start { .. })
    }
}

/// One step of a [`ScriptedRecognizer`].
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Understands this; the words are spread evenly over the speech.
    Say(String),
    /// Gives exactly this.
    Give(Box<Hypothesis>),
    /// Fails.
    Fail(RecognizerError),
    /// Sits there for so long, then fails as a time-out does.
    Hang(Duration),
    /// Panics with this message.
    Panic(String),
}

/// Follows a script, a step per request, and repeats the last step: for tests and simulations of what calls a
/// recogniser.
#[derive(Debug, Clone)]
pub struct ScriptedRecognizer {
    steps: VecDeque<Step>,
    /// Everything that was asked, in order.
    pub requests: Vec<Request>,
}

impl ScriptedRecognizer {
    /// A recogniser that takes these steps.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), requests: Vec::new() }
    }
}

impl Recognizer for ScriptedRecognizer {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        self.requests.push(request.clone());
        let step = if self.steps.len() > 1 { self.steps.pop_front() } else { self.steps.front().cloned() };
        match step {
            Some(Step::Say(text)) => Ok(spoken(&text, request)),
            Some(Step::Give(hypothesis)) => Ok(*hypothesis),
            Some(Step::Fail(error)) => Err(error),
            Some(Step::Hang(time)) => {
                std::thread::sleep(time);
                Err(RecognizerError::TimedOut { limit_s: time.as_secs_f64() })
            }
            Some(Step::Panic(message)) => panic!("{message}"),
            None => Ok(spoken("", request)),
        }
    }

    fn model(&self) -> &str {
        "scripted"
    }
}

/// `text`, its words spread evenly over the request's speech.
fn spoken(text: &str, request: &Request) -> Hypothesis {
    let (from, to) = request.speech.unwrap_or((0.0, request.seconds()));
    let words: Vec<&str> = text.split_whitespace().collect();
    let each = (to - from) / words.len().max(1) as f64;
    let at = |i: usize| from + each * i as f64;
    Hypothesis {
        text: words.join(" "),
        words: words
            .iter()
            .enumerate()
            .map(|(i, word)| Word { text: (*word).to_owned(), start: at(i), end: at(i + 1), p: 0.9 })
            .collect(),
        spoken: None,
        language: request.language.clone().unwrap_or_else(|| "en".to_owned()),
        no_speech_prob: 0.0,
        avg_logprob: -0.1,
        audio_s: request.seconds(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_followed_and_its_last_step_stays() {
        let error = RecognizerError::Crashed { detail: "signal 6".into() };
        let mut recognizer =
            ScriptedRecognizer::new([Step::Fail(error.clone()), Step::Say("one two".into())]);
        let request = Request { samples: vec![0.0; 16_000], speech: Some((0.2, 0.8)), ..Request::default() };
        assert_eq!(recognizer.recognize(&request), Err(error));
        for _ in 0..2 {
            let hypothesis = recognizer.recognize(&request).unwrap();
            assert_eq!(hypothesis.text, "one two");
            assert_eq!((hypothesis.words[0].start, hypothesis.words[1].end), (0.2, 0.8));
            assert!((hypothesis.confidence() - 0.9).abs() < 1e-9);
        }
        assert_eq!(recognizer.requests.len(), 3);
    }

    #[test]
    fn confidence_is_a_geometric_mean() {
        let word = |p| Word { text: "a".into(), start: 0.0, end: 0.1, p };
        let hypothesis = Hypothesis { words: vec![word(1.0), word(0.25)], ..Hypothesis::default() };
        assert!((hypothesis.confidence() - 0.5).abs() < 1e-9);
        assert_eq!(Hypothesis::default().confidence(), 0.0);
    }
}

//! A recogniser by script: for tests and simulations of what calls one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::recognisers::engine::{Engine, Facts, Opening};
use crate::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError, Request, Word};

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

/// Follows a script, a step per request, and repeats the last step.
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
            .map(|(i, word)| Word { text: (*word).to_owned(), start: at(i), end: at(i + 1), p: Some(0.9) })
            .collect(),
        spoken: None,
        language: request.language.clone().unwrap_or_else(|| "en".to_owned()),
        no_speech_prob: Some(0.0),
        avg_logprob: Some(-0.1),
        audio_s: request.seconds(),
        ..Hypothesis::default()
    }
}

/// An engine by script, with any facts: those that it opens follow one script together.
#[derive(Debug)]
pub struct Scripted {
    facts: Facts,
    script: Arc<Mutex<ScriptedRecognizer>>,
}

impl Scripted {
    /// An engine with these facts, whose recognisers take these steps.
    pub fn new(facts: Facts, steps: impl IntoIterator<Item = Step>) -> Self {
        Self { facts, script: Arc::new(Mutex::new(ScriptedRecognizer::new(steps))) }
    }
}

impl Engine for Scripted {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn open(&self, _how: &Opening) -> Box<dyn Recognizer> {
        Box::new(Shared { name: self.facts.name.clone(), script: Arc::clone(&self.script) })
    }
}

struct Shared {
    name: String,
    script: Arc<Mutex<ScriptedRecognizer>>,
}

impl Recognizer for Shared {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).recognize(request)
    }

    fn model(&self) -> &str {
        &self.name
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
            assert!((hypothesis.confidence().unwrap() - 0.9).abs() < 1e-9);
        }
        assert_eq!(recognizer.requests.len(), 3);
    }
}

//! The model `auto`: Moonshine where English is spoken, a multilingual Whisper model elsewhere.
//!
//! Where nobody said which language is spoken, Whisper hears a track until English is certain. From then on
//! Moonshine writes it down, and Whisper is only asked what Moonshine is unsure of: whether that is another
//! language. Each line carries the model that wrote it. Either model is loaded when it is first asked.

use std::sync::Arc;

use crate::models::{self, ModelError, store::Family};
use crate::recognisers::engine::{Asked, Cost, Engine, EngineError, Facts, Gives, Kind, Opening};
use crate::recognisers::recognizer::{Certainty, Hypothesis, Recognizer, RecognizerError, Request};
use crate::recognisers::{local, whisper};

/// Takes what the user leaves open.
pub const KIND: Kind = Kind { prefix: "auto", find };

/// English that was found out is doubted where the mean log probability of the text is below this …
const DOUBT_LOGPROB: f64 = -0.6;
/// … and enough is heard to tell a language by: what is shorter belongs to what was spoken before …
const DOUBT_S_MIN: f64 = 2.0;
/// … and another language is believed from this probability on.
const OTHER_P_MIN: f32 = 0.5;

fn find(asked: &Asked<'_>) -> Result<Arc<dyn Engine>, EngineError> {
    let general = (whisper::KIND.find)(asked)?;
    if asked.model != "auto" || asked.language == "en" {
        return Ok(general);
    }
    // All that is not certain to be English may be: then the best for English is at hand, too.
    let english = match models::resolve(asked.models, None, Some("en")) {
        Ok(model) => model,
        Err(ModelError::NoneInstalled { .. }) => return Ok(general),
        Err(error) => return Err(error.into()),
    };
    let one_is_enough = english.family != Family::Moonshine || english.name == general.facts().name;
    Ok(if one_is_enough { general } else { Arc::new(Both::new(local::engine(english), general)) })
}

/// Two engines, of which one knows English alone.
#[derive(Debug)]
pub struct Both {
    english: Arc<dyn Engine>,
    general: Arc<dyn Engine>,
    facts: Facts,
}

impl Both {
    /// `english` for English, `general` for all else that it knows.
    pub fn new(english: Arc<dyn Engine>, general: Arc<dyn Engine>) -> Self {
        let (a, b) = (english.facts(), general.facts());
        let facts = Facts {
            name: format!("{} and {}", a.name, b.name),
            languages: b.languages.clone(),
            longest_s: a.longest_s.min(b.longest_s),
            cost: match (a.cost, b.cost) {
                (Cost::Here { bytes: a }, Cost::Here { bytes: b }) => Cost::Here { bytes: a + b },
                (_, other) => other,
            },
            fit: a.fit.min(b.fit),
            gives: Gives {
                no_speech_prob: a.gives.no_speech_prob && b.gives.no_speech_prob,
                avg_logprob: a.gives.avg_logprob && b.gives.avg_logprob,
                word_probs: a.gives.word_probs && b.gives.word_probs,
                spoken: b.gives.spoken,
            },
        };
        Self { english, general, facts }
    }
}

impl Engine for Both {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn open(&self, how: &Opening) -> Box<dyn Recognizer> {
        Box::new(Either {
            english: Some(self.english.open(how)),
            general: self.general.open(how),
            last: self.general.facts().name.clone(),
        })
    }
}

/// A recogniser of each.
struct Either {
    /// `None` means that it can't be used.
    english: Option<Box<dyn Recognizer>>,
    general: Box<dyn Recognizer>,
    /// Name of the model that wrote the last text.
    last: String,
}

impl Either {
    fn ask_general(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        self.general.model().clone_into(&mut self.last);
        self.general.recognize(request)
    }

    /// Whether English, as it was found out, may be another language here.
    fn is_doubtful(request: &Request, hypothesis: &Hypothesis) -> bool {
        request.certainty != Certainty::Told
            && hypothesis.audio_s >= DOUBT_S_MIN
            && hypothesis.avg_logprob.is_some_and(|logprob| logprob < DOUBT_LOGPROB)
    }
}

impl Recognizer for Either {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        let english = request.language.as_deref() == Some("en") && request.certainty != Certainty::Guessed;
        let Some(recognizer) = self.english.as_mut().filter(|_| english) else {
            return self.ask_general(request);
        };
        recognizer.model().clone_into(&mut self.last);
        match recognizer.recognize(request) {
            Ok(hypothesis) if Self::is_doubtful(request, &hypothesis) => {
                let english = std::mem::take(&mut self.last);
                let open = Request { language: None, ..request.clone() };
                let other = self.ask_general(&open).inspect_err(|error| {
                    tracing::warn!(%error, "whether it is English could not be asked");
                });
                match other {
                    Ok(other) if is_other_language(&other) => Ok(other),
                    _ => {
                        self.last = english;
                        Ok(hypothesis)
                    }
                }
            }
            Err(error) if error.is_permanent() => {
                tracing::warn!(model = %self.last, %error, "the other model writes English, too");
                self.english = None;
                self.ask_general(request)
            }
            answer => answer,
        }
    }

    fn model(&self) -> &str {
        &self.last
    }
}

fn is_other_language(hypothesis: &Hypothesis) -> bool {
    hypothesis.spoken.as_ref().is_some_and(|(spoken, p)| spoken != "en" && *p >= OTHER_P_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recognisers::engine::{Fit, Languages};
    use crate::recognisers::scripted::{Scripted, Step};
    use std::time::Duration;

    fn engine(name: &str, steps: impl IntoIterator<Item = Step>) -> Arc<dyn Engine> {
        let facts = Facts {
            name: name.into(),
            languages: Languages::All,
            longest_s: 30.0,
            cost: Cost::Here { bytes: 10 },
            fit: Fit::Growing,
            gives: Gives::ALL,
        };
        Arc::new(Scripted::new(facts, steps))
    }

    fn said(text: &str, avg_logprob: f64, spoken: Option<(&str, f32)>) -> Step {
        Step::Give(Box::new(Hypothesis {
            text: text.into(),
            avg_logprob: Some(avg_logprob),
            spoken: spoken.map(|(language, p)| (language.into(), p)),
            audio_s: 5.0,
            ..Hypothesis::default()
        }))
    }

    fn open(english: Arc<dyn Engine>, general: Arc<dyn Engine>) -> Box<dyn Recognizer> {
        let how = Opening {
            threads: 1,
            niceness: 0,
            request_limit: Duration::from_secs(1),
            whisper: crate::config::WhisperEngine::Auto,
        };
        Both::new(english, general).open(&how)
    }

    fn asked(language: Option<&str>, certainty: Certainty) -> Request {
        Request {
            samples: vec![0.0; 80_000],
            language: language.map(str::to_owned),
            certainty,
            ..Request::default()
        }
    }

    #[test]
    fn each_writes_its_language_and_says_so() {
        let mut both = open(
            engine("moonshine", [said("good morning", -0.1, None)]),
            engine("whisper", [said("guten Morgen", -0.1, Some(("de", 0.9)))]),
        );
        let mut told = |language: Option<&str>, certainty| {
            let text = both.recognize(&asked(language, certainty)).unwrap().text;
            (text, both.model().to_owned())
        };
        let (english, german) =
            (("good morning".into(), "moonshine".into()), ("guten Morgen".into(), "whisper".into()));
        assert_eq!(told(None, Certainty::Told), german);
        assert_eq!(told(Some("de"), Certainty::Found), german);
        assert_eq!(told(Some("en"), Certainty::Guessed), german, "not certain yet");
        assert_eq!(told(Some("en"), Certainty::Found), english);
        assert_eq!(told(Some("en"), Certainty::Told), english);
    }

    #[test]
    fn english_that_makes_little_sense_is_doubted_unless_it_was_told() {
        let german = || engine("whisper", [said("guten Morgen", -0.2, Some(("de", 0.9)))]);
        let odd = || engine("moonshine", [said("good and more gone", -1.5, None)]);
        let mut both = open(odd(), german());
        assert_eq!(both.recognize(&asked(Some("en"), Certainty::Found)).unwrap().text, "guten Morgen");
        assert_eq!(both.model(), "whisper");
        assert_eq!(both.recognize(&asked(Some("en"), Certainty::Told)).unwrap().text, "good and more gone");
        assert_eq!(both.model(), "moonshine");
        let mumbled = engine("whisper", [said("good in the morning", -1.2, Some(("en", 0.9)))]);
        let mut both = open(odd(), mumbled);
        assert_eq!(both.recognize(&asked(Some("en"), Certainty::Found)).unwrap().text, "good and more gone");
        assert_eq!(both.model(), "moonshine");
    }

    #[test]
    fn one_that_cannot_be_used_is_replaced_by_the_other() {
        let broken = RecognizerError::ModelUnusable { model: "m".into(), reason: "cut off".into() };
        let mut both =
            open(engine("moonshine", [Step::Fail(broken)]), engine("whisper", [said("good", -0.1, None)]));
        for _ in 0..2 {
            assert_eq!(both.recognize(&asked(Some("en"), Certainty::Told)).unwrap().text, "good");
            assert_eq!(both.model(), "whisper");
        }
    }
}

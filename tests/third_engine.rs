//! A recogniser that nobody has written yet: made up here, with a limit of its own and without any evidence.
//! What it needs of the program is a line in the list of engines.
//!
//! Its words go the whole way on a recording of speech, which is absent in some checkouts: then this says so
//! and passes, unless `HANSARD_TEST_ALL=1`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::support::live::{start_with, until};
use crate::support::sound;
use crate::support::speech::Speech;
use hansard::actors::transcriber::Outcome;
use hansard::base::units::Frames;
use hansard::capture::feed::Pace;
use hansard::config::Config;
use hansard::models::ModelError;
use hansard::recognisers::engine::{
    self, Asked, Cost, Engine, EngineError, Facts, Fit, Gives, Kind, Languages, Opening,
};
use hansard::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError, Request};
use hansard::recognisers::whisper;
use hansard::session::journal::Event;
use hansard::session::reading::Session;
use hansard::speech::gates;
use hansard::speech::work::Pass;

/// Longest request, in seconds.
const LONGEST_S: f64 = 10.0;
/// The list with one line more.
const KINDS: [Kind; 2] = [Kind { prefix: "parrot:", find }, whisper::KIND];

fn find(asked: &Asked<'_>) -> Result<Arc<dyn Engine>, EngineError> {
    let facts = Facts {
        name: asked.model.to_owned(),
        languages: Languages::Only(vec!["en".into(), "fr".into()]),
        longest_s: LONGEST_S,
        cost: Cost::Elsewhere { at_once: 3 },
        fit: Fit::Live,
        gives: Gives::NOTHING,
    };
    Ok(Arc::new(Parrot { facts, asked: Arc::default() }))
}

/// Says a sentence and a loop in turn, without times and without saying how sure it is.
#[derive(Debug, Clone)]
struct Parrot {
    facts: Facts,
    /// Requests so far.
    asked: Arc<Mutex<usize>>,
}

impl Engine for Parrot {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn open(&self, how: &Opening) -> Box<dyn Recognizer> {
        assert!(how.threads > 0);
        Box::new(self.clone())
    }
}

impl Recognizer for Parrot {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        if request.seconds() > LONGEST_S {
            return Err(RecognizerError::Request { reason: format!("{} s are too long", request.seconds()) });
        }
        let mut asked = self.asked.lock().unwrap();
        *asked += 1;
        let loops = asked.is_multiple_of(2);
        let text = if loops { "pieces of eight ".repeat(6) } else { "Polly wants a cracker.".into() };
        let language = request.language.clone().unwrap_or_else(|| "en".into());
        Ok(Hypothesis { text, language, audio_s: request.seconds(), ..Hypothesis::default() })
    }

    fn model(&self) -> &str {
        &self.facts.name
    }
}

fn asked<'a>(model: &'a str, language: &'a str, models: &'a Path) -> Asked<'a> {
    Asked { model, language, models }
}

#[test]
fn a_model_goes_to_the_engine_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let found = engine::find(&KINDS, &asked("parrot:green", "fr", folder.path())).unwrap();
    assert_eq!(found.facts().name, "parrot:green");
    assert!(found.file().is_none());
    let refused = engine::find(&KINDS, &asked("parrot:green", "de", folder.path())).err();
    assert!(matches!(refused, Some(EngineError::Language { .. })), "{refused:?}");
    let whisper = engine::find(&KINDS, &asked("auto", "auto", folder.path())).err();
    assert!(
        matches!(whisper, Some(EngineError::Model(ModelError::NoneInstalled { .. }))),
        "it takes what the others left: {whisper:?}"
    );
    let nobody = engine::find(&KINDS[..1], &asked("base", "auto", folder.path())).err();
    assert!(matches!(nobody, Some(EngineError::Unknown { .. })), "{nobody:?}");
}

/// Speech without a long pause, longer than one request, and how long it lasts; `None` means that nobody can
/// speak here.
fn speech(folder: &Path) -> Option<(String, f64)> {
    let speech = Speech::new("a third engine")?;
    let (spec, samples) = sound::read_pcm(&speech.file);
    let twice = folder.join("twice.wav");
    sound::pcm(&twice, spec.sample_rate, spec.channels, spec.bits_per_sample, &samples.repeat(2));
    let seconds = 2.0 * samples.len() as f64 / f64::from(spec.sample_rate);
    Some((format!("Jack=file:{}", twice.display()), seconds))
}

#[tokio::test(flavor = "multi_thread")]
async fn its_words_reach_the_transcript_with_no_evidence_but_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let Some((source, seconds)) = speech(folder.path()) else { return };
    // No pause ends a segment: only the engine's limit does.
    let settings = folder.path().join("settings.toml");
    std::fs::write(&settings, "[segment]\nendpoint_ms = 5000\n[transcribe]\nlanguage = \"fr\"\n").unwrap();
    let config = Config::load(Some(&settings)).unwrap();
    for pass in [Pass::Plain, Pass::Long] {
        let parrot = engine::find(&KINDS, &asked("parrot:green", "fr", folder.path())).unwrap();
        let text = (parrot, Some(pass));
        let run = start_with(Pace::Max { limit: None }, &[&source], config.clone(), text).await;
        let tracks = run.recording.tracks.clone();
        until("all of the speech", || {
            let takes = tracks[0].takes();
            takes
                .first()
                .is_some_and(|take| take.written() > Frames::from_seconds(seconds - 0.5, take.entry.rate))
        })
        .await;
        let (_, outcome) = run.finish().await;
        assert_eq!(outcome, Outcome::Complete);
        let failed = |event: &Event| matches!(event, Event::SegmentFailed { .. });
        assert!(!run.heard.events.lock().unwrap().iter().any(failed), "no request is too long");
        let said = Session::open(&run.recording.dir).unwrap().utterances;
        assert!(said.len() >= 3, "{said:?}");
        for utterance in &said {
            assert!(utterance.end - utterance.start <= LONGEST_S, "{utterance:?}");
            assert_eq!((utterance.model.as_str(), utterance.language.as_str()), ("parrot:green", "fr"));
            let evidence = utterance.evidence.unwrap();
            assert_eq!((evidence.no_speech_prob, evidence.avg_logprob), (None, None));
            assert!(evidence.speech_prob > 0.0, "the detector's is there");
            let withheld = utterance.text.starts_with("pieces").then_some(gates::REPETITION);
            assert_eq!(utterance.withheld.as_deref(), withheld, "{utterance:?}");
        }
        assert!(said.iter().any(|utterance| utterance.is_shown()));
    }
}

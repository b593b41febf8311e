//! No text comes of another device's sound, whenever it becomes known: before it was heard, while it is being
//! recognised, after it was written. Words from before it stay.
//!
//! A real session with all its actors on speech that flite makes; where flite is absent this says so and
//! passes, unless `HANSARD_TEST_ALL=1`.

use std::sync::{Arc, Mutex};

use crate::support::live::{Run, start_at, until};
use crate::support::speech::Speech;
use hansard::actors::transcriber::{MakeRecognizer, Outcome};
use hansard::base::units::Frames;
use hansard::base::utterance::Utterance;
use hansard::capture::feed::Pace;
use hansard::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError, Request};
use hansard::recognisers::scripted::{ScriptedRecognizer, Step};
use hansard::revise::FOREIGN;
use hansard::session::reading::Session;
use hansard::session::shared::TakeShared;

/// In the middle of the first words of the speech, in seconds.
const MOVED_AT: f64 = 1.3;

/// Says six words to whatever it is given, but not before it may.
#[derive(Clone, Default)]
struct Gated {
    /// Seconds of each request.
    asked: Arc<Mutex<Vec<f64>>>,
    /// Held by the test for as long as no answer is wanted.
    gate: Arc<tokio::sync::Mutex<()>>,
}

impl Gated {
    fn make(&self) -> MakeRecognizer {
        let gated = self.clone();
        Arc::new(move || Box::new(gated.clone()) as Box<dyn Recognizer>)
    }

    fn asked(&self) -> Vec<f64> {
        self.asked.lock().unwrap().clone()
    }
}

impl Recognizer for Gated {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        self.asked.lock().unwrap().push(request.seconds());
        drop(self.gate.blocking_lock());
        ScriptedRecognizer::new([Step::Say("one two three four five six".into())]).recognize(request)
    }

    fn model(&self) -> &str {
        "gated"
    }
}

/// From second `from` on the take is another device's sound.
fn move_stream(run: &Run, from: f64) -> Arc<TakeShared> {
    let take = run.recording.tracks[0].takes()[0].clone();
    let rate = take.entry.rate;
    take.add_foreign(Frames::from_seconds(from, rate), Frames::from_seconds(3_600.0, rate));
    take
}

fn utterances(run: &Run) -> Vec<Utterance> {
    Session::open(&run.recording.dir).unwrap().utterances
}

fn assert_nothing_foreign_is_shown(utterances: &[Utterance], from: f64) {
    for utterance in utterances.iter().filter(|u| u.is_shown()) {
        assert!(utterance.words.iter().all(|word| (word.start + word.end) / 2.0 < from), "{utterance:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn known_before_it_is_heard() {
    let Some(speech) = Speech::new("known_before_it_is_heard") else { return };
    let gated = Gated::default();
    let run = start_at(Pace::Real, &[&speech.source()], gated.make()).await;
    until("a take", || !run.recording.tracks[0].takes().is_empty()).await;
    let take = move_stream(&run, 0.0);
    until("speech", || take.written() > Frames::from_seconds(4.0, take.entry.rate)).await;
    let (_, outcome) = run.finish().await;
    assert_eq!(outcome, Outcome::Complete);
    assert_eq!((gated.asked(), utterances(&run)), (vec![], vec![]), "there was nothing to be heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn known_while_it_is_recognised() {
    let Some(speech) = Speech::new("known_while_it_is_recognised") else { return };
    let gated = Gated::default();
    let closed = gated.gate.lock().await;
    let run = start_at(Pace::Max { limit: None }, &[&speech.source()], gated.make()).await;
    until("a request", || gated.asked().len() == 1).await;
    move_stream(&run, MOVED_AT);
    drop(closed);
    let (_, outcome) = run.finish().await;
    assert_eq!(outcome, Outcome::Complete);
    let asked = gated.asked();
    assert!(asked.len() == 2 && asked[1] < asked[0], "once more, and only what is its own: {asked:?}");
    let utterances = utterances(&run);
    assert!(utterances.len() == 1 && utterances[0].is_shown(), "{utterances:?}");
    assert!(utterances[0].end <= MOVED_AT + 0.001, "{utterances:?}");
    assert_nothing_foreign_is_shown(&utterances, MOVED_AT);
}

#[tokio::test(flavor = "multi_thread")]
async fn known_after_it_was_written() {
    let Some(speech) = Speech::new("known_after_it_was_written") else { return };
    let gated = Gated::default();
    let run = start_at(Pace::Max { limit: None }, &[&speech.source()], gated.make()).await;
    until("all of its lines", || run.heard.lines.lock().unwrap().len() >= 3).await;
    let before = utterances_written(&run).await;
    assert!(before.iter().any(|u| u.start < MOVED_AT && u.end > MOVED_AT), "{before:?}");
    move_stream(&run, MOVED_AT);
    until("a correction", || {
        Session::open(&run.recording.dir).is_ok_and(|s| s.utterances.iter().any(|u| u.rev > 0))
    })
    .await;
    let (_, outcome) = run.finish().await;
    assert_eq!(outcome, Outcome::Complete);
    let after = utterances(&run);
    assert_nothing_foreign_is_shown(&after, MOVED_AT);
    let shown: Vec<&Utterance> = after.iter().filter(|u| u.is_shown()).collect();
    assert!(shown.len() == 1 && shown[0].rev == 1 && shown[0].text.starts_with("one"), "{after:?}");
    // Nothing is taken out: every word is still there, with its reason.
    let words = |utterances: &[Utterance]| utterances.iter().map(|u| u.words.len()).sum::<usize>();
    assert_eq!(words(&after), words(&before));
    assert!(
        after.iter().filter(|u| !u.is_shown()).all(|u| u.withheld.as_deref() == Some(FOREIGN)),
        "{after:?}"
    );
}

/// The transcript once all that was shown is in it.
async fn utterances_written(run: &Run) -> Vec<Utterance> {
    let shown = run.heard.lines.lock().unwrap().len();
    until("the transcript", || {
        Session::open(&run.recording.dir).is_ok_and(|session| session.utterances.len() >= shown)
    })
    .await;
    utterances(run)
}

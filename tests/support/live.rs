//! A session with all its actors, in this process: what the tests of supervision and of the recogniser's
//! faults share.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hansard::actors::Role;
use hansard::actors::transcriber::{MakeRecognizer, Outcome};
use hansard::base::units::SampleFormat;
use hansard::base::utterance::Utterance;
use hansard::capture::feed::Pace;
use hansard::capture::synth;
use hansard::config::Config;
use hansard::engine::plan::{Plan, TextPlan, Wish};
use hansard::engine::{Ended, Engine, Why};
use hansard::live::{News, Subscription};
use hansard::recognisers;
use hansard::recognisers::engine::{Cost, Facts, Fit, Gives, Languages, Opening};
use hansard::recognisers::recognizer::Recognizer;
use hansard::recording::Recording;
use hansard::session::journal::Event;
use hansard::session::manifest::{GapCause, Manifest};
use hansard::speech::work::Pass;
use hansard::writer::Closed;

/// What happened, as the terminal would have heard it.
#[derive(Default)]
pub struct Heard {
    pub lines: Mutex<Vec<Utterance>>,
    pub events: Mutex<Vec<Event>>,
}

impl Heard {
    /// Hears on a thread of its own until the news are over.
    fn listen(mut news: Subscription) -> Arc<Self> {
        let heard = Arc::new(Self::default());
        let hears = Arc::clone(&heard);
        std::thread::spawn(move || {
            while let Some(news) = news.wait() {
                match news {
                    News::Line(line) if line.utterance.is_shown() => {
                        hears.lines.lock().unwrap().push(line.utterance.clone());
                    }
                    News::Event(line) => hears.events.lock().unwrap().push(line.event.clone()),
                    _ => {}
                }
            }
        });
        heard
    }

    pub fn failures_of(&self, actor: &str) -> usize {
        let events = self.events.lock().unwrap();
        events
            .iter()
            .filter(|e| matches!(e, Event::ActorFailed { actor: a, .. } if a.starts_with(actor)))
            .count()
    }
}

/// A running session in a folder of its own.
pub struct Run {
    _folder: tempfile::TempDir,
    pub recording: Arc<Recording>,
    pub heard: Arc<Heard>,
    engine: tokio::sync::Mutex<Option<Engine>>,
}

/// Any recogniser, as an engine that can do everything.
pub struct Made {
    pub facts: Facts,
    pub make: MakeRecognizer,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl recognisers::engine::Engine for Made {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn open(&self, _how: &Opening) -> Box<dyn Recognizer> {
        (self.make)()
    }
}

/// What an engine says of itself that can do everything.
pub fn facts() -> Facts {
    Facts {
        name: "made".into(),
        languages: Languages::All,
        longest_s: 30.0,
        cost: Cost::Elsewhere { at_once: 1 },
        fit: Fit::Live,
        gives: Gives::ALL,
    }
}

/// Starts the recorder with all its actors on these sources.
pub async fn start_at(pace: Pace, wanted: &[&str], make: MakeRecognizer) -> Run {
    let facts = facts();
    let mut config = Config::load(None).unwrap();
    // The pauses of the known recording last 0.5 s and more, or 0.3 s and less: where it is cut doesn't
    // hang on a window.
    for (key, value) in [("segment.endpoint_ms", "420"), ("transcribe.denoise", "vad")] {
        config.set(key, value, "test").unwrap();
    }
    start_with(pace, wanted, config, (Arc::new(Made { facts, make }), None)).await
}

/// The same with any settings, engine and way of working.
pub async fn start_with(
    pace: Pace,
    wanted: &[&str],
    mut config: Config,
    (engine, pass): (Arc<dyn recognisers::engine::Engine>, Option<Pass>),
) -> Run {
    let folder = tempfile::tempdir().unwrap();
    config.paths.recordings = folder.path().to_owned();
    let sources = wanted.iter().map(|s| s.parse().unwrap()).collect();
    let wish = Wish { title: Some("actors".into()), pace, text: false, ..Wish::new(sources) };
    let mut plan = Plan::new(&wish, &config).unwrap();
    plan.text = TextPlan::With(engine);
    plan.pass = pass.unwrap_or(plan.pass);
    // The engine has threads of its own, and waits for them where no other runtime may be held up.
    let engine = tokio::task::spawn_blocking(move || Engine::start(plan, &config).unwrap()).await.unwrap();
    let heard = Heard::listen(engine.follow());
    let recording = Arc::clone(engine.recording());
    Run { _folder: folder, recording, heard, engine: tokio::sync::Mutex::new(Some(engine)) }
}

impl Drop for Run {
    fn drop(&mut self) {
        let engine = self.engine.get_mut().take();
        std::thread::spawn(move || drop(engine)).join().expect("the engine ends");
    }
}

impl Run {
    /// Has an actor panic now.
    pub async fn crash(&self, role: Role) {
        self.engine.lock().await.as_ref().unwrap().crash(role, Duration::ZERO);
    }

    pub async fn finish(&self) -> (Closed, Outcome) {
        let ended = self.end().await;
        assert!(!ended.recorder_failed);
        (ended.closed.expect("the disk answers"), ended.outcome)
    }

    /// Waits until the recorder has failed, and sees it through its end.
    pub async fn fails(&self) -> Ended {
        let mut engine = self.engine.lock().await;
        let engine = engine.as_mut().unwrap();
        let why = engine.until_end(std::future::pending).await;
        engine.finish(why, std::future::pending).await
    }

    async fn end(&self) -> Ended {
        let mut engine = self.engine.lock().await;
        let engine = engine.as_mut().unwrap();
        engine.finish(Why::Over, std::future::pending).await
    }

    pub fn manifest(&self) -> Manifest {
        serde_json::from_slice(&std::fs::read(self.recording.dir.join("session.json")).unwrap()).unwrap()
    }

    /// Every frame of every take is the coded one of its place: after the silence at the start, no frame is
    /// missing, doubled or altered. Between takes of a track nothing but what `between` allows is missing.
    /// Returns the frames of sound.
    pub fn check_sound(&self, takes_max: usize) -> Vec<u64> {
        let manifest = self.manifest();
        let mut sound = Vec::new();
        for source in &manifest.sources {
            let takes: Vec<_> = manifest.takes.iter().filter(|t| t.track == source.track).collect();
            assert!((1..=takes_max).contains(&takes.len()), "{} has {} takes", source.track, takes.len());
            let mut next: Option<u64> = None;
            let mut frames = 0;
            for take in takes {
                let (first, count) = check_take(&self.recording.dir.join(&take.file), take.channels);
                if let Some(next) = next {
                    assert!(first >= next, "{} has frames twice", take.file);
                }
                next = Some(first + count);
                frames += count;
            }
            sound.push(frames);
        }
        sound
    }
}

/// The number of the first coded frame of a file, and how many follow it, all in order.
pub fn check_take(path: &Path, channels: u16) -> (u64, u64) {
    let mut reader = hound::WavReader::open(path).unwrap();
    let samples: Vec<i32> = reader.samples::<i32>().map(Result::unwrap).collect();
    let channels = usize::from(channels);
    let as_written = |n: u64, channel: u16| (synth::code(n, channel, SampleFormat::S24) * 8_388_608.0) as i32;
    let lead = samples.chunks(channels).take_while(|frame| frame.iter().all(|s| *s == 0)).count();
    let first = (samples[lead * channels] + 8_388_608 - 1) as u64;
    let mut count = 0;
    for (frame, n) in samples[lead * channels..].chunks(channels).zip(first..) {
        for (channel, sample) in frame.iter().enumerate() {
            assert_eq!(*sample, as_written(n, channel as u16), "frame {n} of {}", path.display());
        }
        count += 1;
    }
    (first, count)
}

pub fn no_losses(closed: &Closed) {
    for track in &closed.account {
        assert_eq!(track.lost.0, 0, "{track:?}");
        assert!(track.gaps.iter().all(|gap| gap.cause == GapCause::NotStarted), "{track:?}");
    }
}

/// Lets sound come in for a while: what this waits for is time itself.
pub async fn record_for(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

pub async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1_500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain for: {what}");
}

/// Where text stands: the seconds of all shown utterances, in order.
pub fn spoken(run: &Run) -> Vec<(f64, f64)> {
    let session = hansard::session::reading::Session::open(&run.recording.dir).unwrap();
    session.utterances.iter().filter(|u| u.is_shown()).map(|u| (u.start, u.end)).collect()
}

//! Supervision is really there: whichever actor panics, what is recorded is not touched.
//!
//! Real threads, real files, position-coded sources at their true pace; the actors are told to panic while sound comes in.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hansard::actors::recorder::{self, Message, Recorder};
use hansard::actors::transcriber::{self, Outcome, Patience};
use hansard::actors::{Listener, Role, SessionView};
use hansard::audio::segment::SegmentSettings;
use hansard::audio::units::SampleFormat;
use hansard::capture::device::Backend;
use hansard::capture::feed::Pace;
use hansard::capture::synth;
use hansard::cli::spec::SourceSpec;
use hansard::clock::{SessionClock, SystemClock};
use hansard::config::Denoise;
use hansard::plan::{self, SourceOptions};
use hansard::recording::Recording;
use hansard::session::disk::SystemDisk;
use hansard::session::journal::Event;
use hansard::session::manifest::{GapCause, Manifest};
use hansard::session::writer::Closed;
use hansard::speech::analysis::Analysis;
use hansard::speech::recognizer::{Recognizer, ScriptedRecognizer, Step};
use hansard::speech::transcript::Utterance;
use ractor::Actor;
use tokio::sync::oneshot;

/// What happened, as the terminal would have heard it.
#[derive(Default)]
struct Heard {
    lines: Mutex<Vec<Utterance>>,
    events: Mutex<Vec<Event>>,
}

impl Listener for Heard {
    fn line(&self, utterance: &Utterance) {
        self.lines.lock().unwrap().push(utterance.clone());
    }

    fn notice(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
    }
}

impl Heard {
    fn failures_of(&self, actor: &str) -> usize {
        let events = self.events.lock().unwrap();
        events
            .iter()
            .filter(|e| matches!(e, Event::ActorFailed { actor: a, .. } if a.starts_with(actor)))
            .count()
    }
}

/// A running session in a folder of its own.
struct Run {
    _folder: tempfile::TempDir,
    recording: Arc<Recording>,
    actor: ractor::ActorRef<Message>,
    handle: tokio::task::JoinHandle<()>,
    heard: Arc<Heard>,
}

const SOURCES: [&str; 2] =
    ["Alice=synth:coded,secs=0", "Bob=synth:coded,secs=0,rate=44100,channels=2,block=1-3000"];

async fn start(sources: &[&str], make: fn() -> ScriptedRecognizer) -> Run {
    start_at(Pace::Real, sources, make).await
}

async fn start_at(pace: Pace, sources: &[&str], make: fn() -> ScriptedRecognizer) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let specs: Vec<SourceSpec> = sources.iter().map(|s| s.parse().unwrap()).collect();
    let options = SourceOptions { backend: Backend::new("auto"), buffer_ms: 500, pace, format: None };
    let planned = plan::plan(&specs, &options).unwrap();
    let clock = SessionClock::start_now(Arc::new(SystemClock));
    let (dir, manifest) =
        plan::new_session(folder.path(), Some("actors"), planned.sources, &jiff::Zoned::now()).unwrap();
    let recording = Recording::start(Arc::new(SystemDisk), &dir, clock, manifest, planned.devices).unwrap();
    let heard = Arc::new(Heard::default());
    let session = SessionView {
        dir,
        tracks: recording.tracks.clone(),
        sink: recording.clone(),
        listener: heard.clone(),
    };
    let transcriber = transcriber::Arguments {
        analysis: Arc::new(Mutex::new(Analysis::new(recording.tracks.len()))),
        session,
        make: Arc::new(move || Box::new(make()) as Box<dyn Recognizer>),
        settings: SegmentSettings::default(),
        denoise: Denoise::Vad,
        language: None,
    };
    let (ended, _) = oneshot::channel();
    let arguments = recorder::Arguments {
        recording: recording.clone(),
        transcriber: Some(transcriber),
        listener: heard.clone(),
        ended,
    };
    let (actor, handle) = Actor::spawn(None, Recorder, arguments).await.unwrap();
    Run { _folder: folder, recording, actor, handle, heard }
}

impl Run {
    async fn finish(&self) -> (Closed, Outcome) {
        let patience = Patience { idle: Duration::from_secs(20), total: Duration::from_secs(30) };
        let (closed, tracks_closed) = oneshot::channel();
        let (done, all_done) = oneshot::channel();
        self.actor.cast(Message::Finish { patience, closed, done }).unwrap();
        let closed = tracks_closed.await.unwrap().expect("the disk answers");
        let outcome = all_done.await.unwrap();
        self.end_writer().await;
        (closed, outcome)
    }

    async fn end_writer(&self) {
        let recording = self.recording.clone();
        tokio::task::spawn_blocking(move || recording.finish()).await.unwrap();
        self.actor.stop(None);
    }

    fn manifest(&self) -> Manifest {
        serde_json::from_slice(&std::fs::read(self.recording.dir.join("session.json")).unwrap()).unwrap()
    }

    /// Every frame of every take is the coded one of its place: after the silence at the start, no frame is missing,
    /// doubled or altered. Between takes of a track nothing but what `between` allows is missing. Returns the frames of sound.
    fn check_sound(&self, takes_max: usize) -> Vec<u64> {
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
fn check_take(path: &Path, channels: u16) -> (u64, u64) {
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

fn no_losses(closed: &Closed) {
    for track in &closed.account {
        assert_eq!(track.lost.0, 0, "{track:?}");
        assert!(track.gaps.iter().all(|gap| gap.cause == GapCause::NotStarted), "{track:?}");
    }
}

/// Lets sound come in for a while: what this waits for is time itself.
async fn record_for(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain for: {what}");
}

fn says_hello() -> ScriptedRecognizer {
    ScriptedRecognizer::new([Step::Say("hello there".into())])
}

async fn a_panic_costs_no_sound(role: Role, name: &str) {
    let run = start(&SOURCES, says_hello).await;
    record_for(800).await;
    run.actor.cast(Message::Crash(role)).unwrap();
    until("the failure to be noticed", || run.heard.failures_of(name) > 0).await;
    record_for(800).await;
    let (closed, outcome) = run.finish().await;
    assert_eq!(outcome, Outcome::Complete);
    no_losses(&closed);
    for (frames, rate) in run.check_sound(1).into_iter().zip([48_000.0, 44_100.0]) {
        assert!(frames as f64 / rate > 1.5, "{frames} frames at {rate}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_device_capture_costs_no_sound() {
    a_panic_costs_no_sound(Role::DeviceCapture, "device capture").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_transcriber_costs_no_sound() {
    a_panic_costs_no_sound(Role::Transcriber, "transcriber").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_denoiser_costs_no_sound() {
    a_panic_costs_no_sound(Role::Denoiser, "denoiser").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_segmenter_costs_no_sound() {
    a_panic_costs_no_sound(Role::Segmenter, "segmenter").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_writers_actor_costs_no_sound() {
    a_panic_costs_no_sound(Role::Writer, "writer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_writers_thread_at_most_starts_new_takes() {
    let run = start(&SOURCES, says_hello).await;
    record_for(800).await;
    run.recording.tell_writer(hansard::session::writer::Control::Crash);
    record_for(800).await;
    let (closed, _) = run.finish().await;
    for (frames, rate) in run.check_sound(2).into_iter().zip([48_000.0, 44_100.0]) {
        assert!(frames as f64 / rate > 1.3, "{frames} frames at {rate}");
    }
    // What had not been flushed is a gap with a name, and the account balances.
    for track in &closed.account {
        let gaps: u64 = track.gaps.iter().map(|gap| gap.frames.0).sum();
        assert_eq!(track.expected.0 as i64, (track.written.0 + gaps) as i64 + track.unexplained, "{track:?}");
        assert!(track.lost.0 < 12_000, "a quarter of a second at most: {track:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_recorder_leaves_a_data_plane_that_closes_in_order() {
    let run = start(&SOURCES, says_hello).await;
    record_for(800).await;
    run.actor.cast(Message::Crash(Role::Recorder)).unwrap();
    run.handle.await.unwrap();
    let recording = run.recording.clone();
    let closed = tokio::task::spawn_blocking(move || recording.close_at_once(Duration::from_secs(5)))
        .await
        .unwrap()
        .expect("the disk answers");
    no_losses(&closed);
    let manifest: Manifest =
        serde_json::from_slice(&std::fs::read(run.recording.dir.join("session.json")).unwrap()).unwrap();
    assert_eq!(manifest.state, hansard::session::manifest::State::Closed);
    for take in &manifest.takes {
        let (_, count) = check_take(&run.recording.dir.join(&take.file), take.channels);
        assert!(count as f64 / f64::from(take.rate.0) > 0.7);
    }
}

/// Where text stands: the seconds of all shown utterances, in order.
fn spoken(run: &Run) -> Vec<(f64, f64)> {
    let session = hansard::session::read::Session::open(&run.recording.dir).unwrap();
    session.utterances.iter().filter(|u| u.is_shown()).map(|u| (u.start, u.end)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn panics_on_the_analysis_side_cost_no_text_and_double_none() {
    let speech = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/speech/jfk/jfk.wav");
    if !speech.is_file() {
        println!("skipped: there is no ../shared/speech/jfk/jfk.wav");
        return;
    }
    let source = format!("Jack=file:{}", speech.display());
    let calm = start_at(Pace::Max { limit: None }, &[&source], says_hello).await;
    until("the file to end", || calm.recording.is_ended()).await;
    calm.finish().await;
    let expected = spoken(&calm);
    assert!(expected.len() >= 2, "{expected:?}");

    let shaken = start(&[&source], says_hello).await;
    for role in [Role::Denoiser, Role::Segmenter, Role::Transcriber, Role::Denoiser] {
        record_for(2_000).await;
        shaken.actor.cast(Message::Crash(role)).unwrap();
    }
    until("the file to end", || shaken.recording.is_ended()).await;
    let (closed, outcome) = shaken.finish().await;
    assert_eq!(outcome, Outcome::Complete);
    assert_eq!(closed.account[0].lost.0, 0);
    let heard = spoken(&shaken);
    let both = |a: (f64, f64), b: (f64, f64)| (a.1.min(b.1) - a.0.max(b.0)).max(0.0);
    for &line in &expected {
        let covered: f64 = heard.iter().map(|h| both(line, *h)).sum();
        assert!(covered > 0.7 * (line.1 - line.0), "{line:?} is missing in {heard:?}");
    }
    for (n, line) in heard.iter().enumerate() {
        let doubled: f64 = heard[..n].iter().map(|h| both(*line, *h)).sum();
        assert!(doubled < 0.1, "{line:?} is there twice in {heard:?}");
    }
}

/// The same as a user meets it: the real program ends with code 3, and every file is closed.
#[test]
fn a_panic_in_the_recorder_ends_the_program_with_code_3_and_closed_files() {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_hansard"))
        .args(["record", "--no-transcribe", "--for", "60s", "--source", "Alice=synth:coded,secs=0"])
        .env("HANSARD_RECORDINGS", folder.path())
        .env("HANSARD_TEST_CRASH", "recorder")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("closing all files"), "{said}");
    let dir = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let manifest: Manifest =
        serde_json::from_slice(&std::fs::read(dir.join("session.json")).unwrap()).unwrap();
    assert_eq!(manifest.state, hansard::session::manifest::State::Closed);
    let (_, count) = check_take(&dir.join("tracks/alice.wav"), 1);
    assert!(count > 40_000, "{count} frames of more than a second");
}

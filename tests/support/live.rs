//! A session with all its actors, in this process: what the tests of supervision and of the recogniser's
//! faults share.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hansard::actors::recorder::{self, Message, Recorder};
use hansard::actors::transcriber::{self, MakeRecognizer, Outcome, Patience};
use hansard::audio::segment::SegmentSettings;
use hansard::base::units::SampleFormat;
use hansard::base::utterance::Utterance;
use hansard::capture::device::Backend;
use hansard::capture::feed::Pace;
use hansard::capture::synth;
use hansard::clock::{SessionClock, SystemClock};
use hansard::config::Denoise;
use hansard::engine::plan::{self, SourceOptions};
use hansard::engine::spec::SourceSpec;
use hansard::live::{News, SessionView, Subscription};
use hansard::recording::Recording;
use hansard::session::disk::SystemDisk;
use hansard::session::journal::Event;
use hansard::session::manifest::{GapCause, Manifest, SourceEntry};
use hansard::speech::analysis::Analysis;
use hansard::speech::listen::Hints;
use hansard::speech::work::Pass;
use hansard::writer::Closed;
use ractor::Actor;
use tokio::sync::oneshot;

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
    pub actor: ractor::ActorRef<Message>,
    pub handle: tokio::task::JoinHandle<()>,
    pub heard: Arc<Heard>,
}

/// Starts the recorder with all its actors on these sources.
pub async fn start_at(pace: Pace, wanted: &[&str], make: MakeRecognizer) -> Run {
    start_with(pace, wanted, |session, analysis, _| transcriber::Arguments {
        analysis: Arc::new(Mutex::new(analysis)),
        session,
        make,
        recognizers: 1,
        pass: if pace == Pace::Real { Pass::Live } else { Pass::Plain },
        longest_s: 30.0,
        partials: None,
        // The pauses of the known recording last 0.5 s and more, or 0.3 s and less: where it is cut doesn't
        // hang on a window.
        settings: SegmentSettings { endpoint_ms: 420, ..SegmentSettings::default() },
        denoise: Denoise::Vad,
        hints: Hints::default(),
    })
    .await
}

/// The same with any text work.
pub async fn start_with(
    pace: Pace,
    wanted: &[&str],
    text: impl FnOnce(SessionView, Analysis, &[SourceEntry]) -> transcriber::Arguments,
) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let specs: Vec<SourceSpec> = wanted.iter().map(|s| s.parse().unwrap()).collect();
    let options = SourceOptions { backend: Backend::new("auto"), buffer_ms: 500, pace, format: None };
    let (devices, sources) = plan::look_up(&specs, &options).unwrap();
    let entries = sources.clone();
    let clock = SessionClock::start_now(Arc::new(SystemClock));
    let (dir, manifest) =
        plan::new_session(folder.path(), Some("actors"), sources, &jiff::Zoned::now()).unwrap();
    let recording = Recording::start(Arc::new(SystemDisk), &dir, clock, manifest, devices).unwrap();
    let heard = Heard::listen(recording.news.subscribe());
    let session = SessionView {
        dir,
        tracks: recording.tracks.clone(),
        sink: recording.clone(),
        news: recording.news.clone(),
    };
    let transcriber = text(session, Analysis::new(recording.tracks.len()), &entries);
    let (ended, _) = oneshot::channel();
    let arguments =
        recorder::Arguments { recording: recording.clone(), transcriber: Some(transcriber), ended };
    let (actor, handle) = Actor::spawn(None, Recorder, arguments).await.unwrap();
    Run { _folder: folder, recording, actor, handle, heard }
}

impl Run {
    pub async fn finish(&self) -> (Closed, Outcome) {
        let patience = Patience { idle: Duration::from_secs(20), total: Duration::from_secs(30) };
        let (closed, tracks_closed) = oneshot::channel();
        let (done, all_done) = oneshot::channel();
        self.actor.cast(Message::Finish { patience, closed, done }).unwrap();
        let closed = tracks_closed.await.unwrap().expect("the disk answers");
        let outcome = all_done.await.unwrap();
        self.end_writer().await;
        (closed, outcome)
    }

    pub async fn end_writer(&self) {
        let recording = self.recording.clone();
        tokio::task::spawn_blocking(move || recording.finish()).await.unwrap();
        self.actor.stop(None);
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

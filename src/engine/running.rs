//! A running recording: its actors, and the way to them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ractor::{Actor, ActorRef};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::lack::Lack;
use super::plan::{self, Plan, TextPlan};
use super::text::{self, Wanted};
use super::{Ended, EngineError, Why};
use crate::actors::recorder::{self, Message, Recorder};
use crate::actors::transcriber;
use crate::base::cause::Alarm;
use crate::base::filesystem;
use crate::clock::{SessionClock, SystemClock};
use crate::config::Config;
use crate::control::{Request, Response};
use crate::live::{Bus, Cursor, SessionView, Subscription};
use crate::power::Power;
use crate::recording::Recording;
use crate::recording::reminders::Intervals;
use crate::session::amend::described;
use crate::session::disk::SystemDisk;
use crate::session::folder::Folder;
use crate::session::journal::Event;
use crate::session::lock::{LockError, SessionLock};
use crate::session::manifest::{SourceEntry, SourceKind};
use crate::session::texted::NOT_ASKED;
use crate::speech::analysis::Analysis;
use crate::speech::work::Pass;

/// Threads that actors run on; what may block for long runs on others.
const WORKERS: usize = 4;
/// Power is looked at this often.
const POWER_EVERY: Duration = Duration::from_secs(1);
/// Blocking work that is left at the end (a recogniser that hangs) keeps us no longer than this.
const SHUTDOWN: Duration = Duration::from_secs(2);
/// The last news are offered to those who follow for this long, then dropped.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A running recording. Dropped before it is finished, its files are closed as after a crash: what was
/// recorded is on the disk, `recover` mends the rest.
pub struct Engine {
    pub(super) recording: Arc<Recording>,
    pub(super) actor: ActorRef<Message>,
    pub(super) actor_over: JoinHandle<()>,
    /// Told why the recording should end. `None` means that all sources have come to their own end.
    pub(super) ended: oneshot::Receiver<Option<String>>,
    pub(super) finish_timeout: Duration,
    /// Why its text can't be made now.
    pub(super) text_later: Option<String>,
    /// End of the time that was asked for, where sources don't count it themselves.
    limit: Option<Duration>,
    started: Instant,
    /// The file system can't lock: other programs don't notice that the session is in use.
    unlocked: Option<LockError>,
    _lock: Option<SessionLock>,
    power: JoinHandle<()>,
    /// Plays what tells people that they are recorded.
    chime: Option<std::thread::JoinHandle<()>>,
    runtime: Option<Runtime>,
}

/// That nobody's voice is recorded is an alarm for as long as it is so; what is played may be nothing.
fn lack_event(Lack { kind, text, advice }: Lack) -> Event {
    let text = format!("{text}; {advice}");
    match kind {
        SourceKind::Loopback => Event::DeviceNotice { source: "loopback".into(), notice: text },
        _ => Event::Alarm { alarm: Alarm::NoMicrophone, track: None, on: true, text, at: None },
    }
}

impl Engine {
    /// Makes the session's folder and begins to record what is planned. Text is made with `config`'s
    /// settings.
    ///
    /// # Errors
    /// Nothing is recorded then.
    pub fn start(plan: Plan, config: &Config) -> Result<Self, EngineError> {
        let Plan {
            title,
            details,
            announce,
            chime,
            devices,
            sources,
            text,
            limit,
            counted,
            pass,
            partials,
            lacks,
            begun,
        } = plan;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_all()
            .build()
            .map_err(|error| EngineError::Threads(error.to_string()))?;
        let clock = SessionClock::start_now(Arc::new(SystemClock));
        let (dir, manifest) = plan::new_session(&config.paths.recordings, title.as_deref(), sources, begun)?;
        let (lock, unlocked) = lock(&dir)?;
        let sources = manifest.sources.clone();
        let recording = Recording::start(Arc::new(SystemDisk), &dir, clock, manifest, devices)
            .map_err(|error| EngineError::Files { dir, error })?;
        described(&details).into_iter().for_each(|event| recording.note(event));
        if let Some(text) = announce {
            recording.note(Event::Announced { at: recording.clock.now().seconds(), text });
        }
        lacks.into_iter().for_each(|lack| recording.note(lack_event(lack)));
        let text_later = match &text {
            TextPlan::Later(reason) => Some(reason.clone()),
            TextPlan::Unwanted | TextPlan::With(_) => None,
        };
        // At once: a recorder that dies must not leave a session that looks as if nobody had spoken.
        match &text {
            TextPlan::Later(reason) => recording.note(Event::TextPending { reason: reason.clone() }),
            TextPlan::Unwanted => recording.note(Event::TextPending { reason: NOT_ASKED.into() }),
            TextPlan::With(_) => {}
        }
        let transcriber = transcriber(config, text, &sources, (pass, partials), &recording)?;
        let (told, ended) = oneshot::channel();
        let remind =
            Intervals { silent_s: config.remind.silent_after_s, paused_s: config.remind.paused_after_s };
        let recording_too = recording.clone();
        let arguments = recorder::Arguments { recording: recording_too, transcriber, ended: told, remind };
        let (actor, actor_over) = runtime
            .block_on(Actor::spawn(None, Recorder, arguments))
            .map_err(|error| EngineError::Threads(error.to_string()))?;
        // Here and not in its task: a process that is being started must not be hit by a key that stops us
        // all.
        let power = Power::new(config.record.stay_awake && !counted);
        let chime = chime.and_then(|backend| super::chime::begin(backend, &recording));
        let power = runtime.spawn(look_after_power(Arc::clone(&recording), power));
        Ok(Self {
            recording,
            actor,
            actor_over,
            ended,
            finish_timeout: Duration::from_secs_f64(config.record.finish_timeout_s),
            text_later,
            limit: limit.filter(|_| !counted),
            started: Instant::now(),
            unlocked,
            _lock: lock,
            power,
            chime,
            runtime: Some(runtime),
        })
    }

    /// The session's folder, wherever people move it.
    pub fn folder(&self) -> Arc<Folder> {
        Arc::clone(&self.recording.folder)
    }

    /// Whether the file system of the session's folder can make a new file's name survive a power cut.
    pub fn keeps_names(&self) -> bool {
        filesystem::sync_dir(&self.recording.dir).unwrap_or(true)
    }

    /// Why other programs don't notice that the session is in use, if they don't.
    pub fn unlocked(&self) -> Option<&LockError> {
        self.unlocked.as_ref()
    }

    /// Where its news is published.
    pub fn news(&self) -> &Bus {
        &self.recording.news
    }

    /// The news from the recording's first moment on.
    pub fn follow(&self) -> Subscription {
        self.recording.news.subscribe_since(Cursor::default())
    }

    /// The session's clock.
    pub fn clock(&self) -> &SessionClock {
        &self.recording.clock
    }

    /// A way to ask it, for other threads.
    pub fn asker(&self) -> Asker {
        Asker { actor: self.actor.clone(), recording: Arc::clone(&self.recording) }
    }

    /// Asks it: status, mark, pause, resume, mute, unmute, stop. To be called outside of async code; there is
    /// [`Engine::asker`].
    pub fn ask(&self, request: Request) -> Response {
        let asker = self.asker();
        match &self.runtime {
            Some(runtime) => runtime.block_on(asker.ask(request)),
            None => gone(),
        }
    }

    /// Stores silence in the place of the source of that name (a person's, or a track's in files) from this
    /// moment on, until [`Engine::unmute`].
    pub fn mute(&self, name: &str) -> Response {
        self.ask(Request::Mute { name: name.into() })
    }

    /// Stores that source's sound again.
    pub fn unmute(&self, name: &str) -> Response {
        self.ask(Request::Unmute { name: name.into() })
    }

    /// Waits until it should end: its sources or its time are over, somebody asked, or `interrupt` says why.
    pub async fn until_end(&mut self, mut interrupt: impl AsyncFnMut() -> String) -> Why {
        let time = async {
            match self.limit {
                Some(limit) => tokio::time::sleep(limit.saturating_sub(self.started.elapsed())).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = time => Why::Over,
            // Its other end also goes when the recorder dies; that is another branch's matter.
            Ok(reason) = &mut self.ended => reason.map_or(Why::Over, Why::Asked),
            reason = interrupt() => Why::Asked(reason),
            _ = &mut self.actor_over => Why::Failed,
        }
    }

    /// Waits until it should end by itself, and finishes it. For programs that have nothing else to do.
    pub fn wait(mut self) -> Ended {
        self.conduct(async |engine| engine.until_end(never).await)
    }

    /// Ends it now, and finishes it.
    pub fn end(mut self) -> Ended {
        self.conduct(async |_| Why::Asked("it was ended".into()))
    }

    fn conduct(&mut self, why: impl AsyncFnOnce(&mut Self) -> Why) -> Ended {
        let Some(runtime) = self.runtime.take() else { return Ended::failed() };
        let ended = runtime.block_on(async {
            let why = why(self).await;
            self.finish(why, never).await
        });
        runtime.shutdown_timeout(SHUTDOWN);
        ended
    }

    /// Runs async code on the engine's threads, for a program that has none of its own.
    pub fn block_on<T>(&mut self, work: impl AsyncFnOnce(&mut Self) -> T) -> Option<T> {
        let runtime = self.runtime.take()?;
        let result = runtime.block_on(work(self));
        self.runtime = Some(runtime);
        Some(result)
    }

    /// For tests: the data plane.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    pub fn recording(&self) -> &Arc<Recording> {
        &self.recording
    }

    /// For tests: an actor panics after this long.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    pub fn crash(&self, role: crate::actors::Role, after: Duration) {
        let _within = self.runtime.as_ref().map(Runtime::enter);
        drop(self.actor.send_after(after, move || Message::Crash(role)));
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.power.abort();
        // The last news were published by now; who is too slow for them does without.
        self.recording.news.end(LAST_WORDS);
        // One that is not over plays on for a moment, or the sound system hangs: it ends with the process.
        let chime = self.chime.take().filter(std::thread::JoinHandle::is_finished);
        if chime.is_some_and(|chime| chime.join().is_err()) {
            tracing::error!("the thread of the chime panicked");
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(SHUTDOWN);
        }
    }
}

/// A way to ask a running recording.
#[derive(Clone)]
pub struct Asker {
    actor: ActorRef<Message>,
    recording: Arc<Recording>,
}

impl Asker {
    /// Asks: status, mark, pause, resume, mute, unmute, stop.
    pub async fn ask(&self, request: Request) -> Response {
        let (reply, answer) = oneshot::channel();
        if self.actor.cast(Message::Asked(request, reply)).is_err() {
            return gone();
        }
        answer.await.unwrap_or_else(|_| gone())
    }

    /// Session second since which it is paused.
    pub fn paused_since(&self) -> Option<f64> {
        self.recording.paused_since()
    }
}

fn gone() -> Response {
    Response::Refused { error: "the recording has just ended".into() }
}

async fn never() -> String {
    std::future::pending().await
}

/// The folder is new, so nobody else has it: a file system that can't lock does not stop a recording.
fn lock(dir: &Path) -> Result<(Option<SessionLock>, Option<LockError>), EngineError> {
    match SessionLock::take(dir) {
        Ok(lock) => Ok((Some(lock), None)),
        Err(error @ LockError::InUse(_)) => Err(EngineError::InUse(error)),
        Err(error) => Ok((None, Some(error))),
    }
}

/// What the transcriber is started with, if text is made.
fn transcriber(
    config: &Config,
    text: TextPlan,
    sources: &[SourceEntry],
    (pass, partials): (Pass, bool),
    recording: &Arc<Recording>,
) -> Result<Option<transcriber::Arguments>, EngineError> {
    let TextPlan::With(engine) = text else { return Ok(None) };
    let session = SessionView {
        dir: recording.dir.clone(),
        tracks: recording.tracks.clone(),
        sink: recording.clone(),
        news: recording.news.clone(),
    };
    let analysis = Analysis::new(recording.tracks.len());
    let wanted = Wanted { engine: &engine, sources, pass, partials };
    Ok(Some(text::arguments(config, &wanted, session, analysis)?))
}

/// Keeps the computer awake and watches the battery, as long as the recording runs.
async fn look_after_power(recording: Arc<Recording>, mut power: Power) {
    let mut every = tokio::time::interval(POWER_EVERY);
    loop {
        every.tick().await;
        for event in power.look(Instant::now()) {
            recording.note(event);
        }
    }
}

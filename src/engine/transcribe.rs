//! The text of a session that is over: made anew, gone on with, or once more over long stretches.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr};

use super::recorded::{Problem, minutes};
use super::text::{self, Choice, TextError, Wanted};
use super::voices;
use crate::actors::transcriber::{self, Outcome, Patience, Transcriber};
use crate::care::offline::{self, OfflineError, OfflineSink, Past};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::live::{Bus, News, Progress, SessionSink as _, SessionView};
use crate::recognisers::engine::Engine;
use crate::session::disk::SystemDisk;
use crate::session::final_pass::FinalPass;
use crate::session::journal::Event;
use crate::session::lock::{LockError, SessionLock};
use crate::session::manifest::SourceEntry;
use crate::session::read::{self, ReadError};
use crate::session::reading::Session;
use crate::session::shared::TrackShared;
use crate::session::voices::clear_old_vectors;
use crate::speech::analysis::Analysis;
use crate::speech::work::Pass;

/// Progress is published this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);
/// How far a final pass is is written down at each such part of it.
const PASS_STEP: f64 = 0.01;
/// Threads that actors run on; beside them there are two for each recogniser that is waited for: one that
/// computes lends its place to another. Each thread has memory of its own, which it keeps: 24 of them took 48
/// MB for half an hour where these take 34.
const WORKERS: usize = 2;
/// Time after which an idle thread ends.
const IDLE_THREAD: Duration = Duration::from_secs(2);
/// Blocking work that is left at the end (a recogniser that hangs) keeps us no longer than this.
const SHUTDOWN: Duration = Duration::from_secs(2);
/// The last news are offered to those who follow for this long, then dropped.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Why a session's text can't be made.
#[derive(Debug, thiserror::Error)]
pub enum TranscribeError {
    /// Somebody else works on the session.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The session can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The text work can't begin.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// There can be no text as it was asked for.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The session's files can't be written to their end.
    #[error("can't write to {}: {error}; make room, then go on with hansard transcribe --resume", dir.display())]
    Write {
        /// The session's folder.
        dir: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The machine has no room for our threads.
    #[error("can't start the threads of the text work: {0}; close other programs and try again")]
    Threads(String),
}

impl TranscribeError {
    /// Whether the machine failed rather than the input being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Lock(_) | Self::Text(_) => false,
            Self::Read(error) => error.is_failure(),
            Self::Offline(error) => error.is_failure(),
            Self::Write { .. } | Self::Threads(_) => true,
        }
    }
}

/// How a session's text is made.
#[derive(Debug, Clone)]
pub struct How {
    pub engine: Arc<dyn Engine>,
    /// The session's sources, with the languages that are to be told.
    pub sources: Vec<SourceEntry>,
    /// Segment by segment, or over long stretches.
    pub pass: Pass,
    /// It goes on where it was interrupted.
    pub resume: bool,
    /// It is the final pass, by the model of this name: how far it is stands in the session.
    pub final_model: Option<String>,
}

/// Whether a final pass by this model was begun over the session in `dir` and can be gone on with.
///
/// # Errors
/// The journal can't be read.
pub fn final_pass_stands(dir: &Path, model: &str) -> Result<bool, TranscribeError> {
    let Some(pass) = FinalPass::read(dir).filter(|pass| pass.model == model) else { return Ok(false) };
    Ok(Past::read(dir)?.begun_at() == pass.begun_at)
}

/// What came of it.
#[derive(Debug)]
pub struct Transcribed {
    /// Why it is not finished. `None` means that it is.
    pub pending: Option<String>,
    /// What went wrong with times and minutes; the text is there all the same.
    pub problems: Vec<Problem>,
}

/// Makes the text of the session in `dir` and its minutes. `begun` is told where the news is published before
/// there is any; `interrupt` says why it is to stop, which leaves the rest for later.
///
/// # Errors
/// Nothing was begun, or the disk refused what was made.
pub fn transcribe(
    dir: &Path,
    config: &Config,
    how: &How,
    begun: impl FnOnce(&Bus),
    mut interrupt: impl AsyncFnMut() -> String,
) -> Result<Transcribed, TranscribeError> {
    let lock = SessionLock::take(dir)?;
    let session = Session::open(dir)?;
    let tracks = offline::tracks(&session)?;
    let ends: Vec<f64> = tracks.iter().map(|track| end_of(track)).collect();
    let past = Past::read(dir)?;
    let mut analysis = Analysis::new(tracks.len());
    if how.resume {
        resume(&session, &past, &mut analysis);
    }
    let sink = Arc::new(OfflineSink::open(&SystemDisk, Arc::new(SystemClock), &session, past, how.resume)?);
    let passing = passing(dir, how, &session, &past);
    tracks.iter().for_each(|track| track.complete_levels(&SystemDisk, dir));
    // It may take an hour: from here on people may correct the session between two of our lines.
    let shared = Arc::new(lock.share(dir)?);
    sink.share(dir, &shared)?;
    begun(sink.news());
    let news = sink.news().clone();
    let view =
        SessionView { dir: dir.into(), tracks: tracks.clone(), sink: sink.clone(), news: news.clone() };
    let wanted = Wanted { engine: &how.engine, sources: &how.sources, pass: how.pass, partials: false };
    let arguments = text::arguments(config, &wanted, view, analysis)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(arguments.recognizers + WORKERS)
        .thread_keep_alive(IDLE_THREAD)
        .enable_all()
        .build()
        .map_err(|error| TranscribeError::Threads(error.to_string()))?;
    let analysis = Arc::clone(&arguments.analysis);
    let meter = Meter { analysis, ends, news: news.clone(), passing: passing.map(|pass| (dir.into(), pass)) };
    let outcome = runtime.block_on(work(arguments, meter, &mut interrupt));
    runtime.shutdown_timeout(SHUTDOWN);
    let pending = match outcome.map_err(|error| TranscribeError::Threads(error.to_string()))? {
        Outcome::Complete => {
            sink.replace_rest();
            FinalPass::remove(&SystemDisk, dir);
            None
        }
        Outcome::Pending(reason) => {
            sink.note(Event::TextPending { reason: reason.clone() });
            Some(reason)
        }
    };
    let mut problems = Vec::new();
    if pending.is_none() {
        let limits = how.sources.iter().map(|source| text::voices(config, source)).collect();
        let voices = voices::tell_apart(dir, &tracks, &sink, limits, &config.paths.voices, interrupt);
        problems.extend(voices.map(Problem::Voices));
    }
    let finished = sink.finish();
    news.end(LAST_WORDS);
    finished.map_err(|error| TranscribeError::Write { dir: dir.into(), error })?;
    voices_kept(dir, config);
    // What somebody corrects now, they renew after us.
    let _turn = shared.turn()?;
    problems.extend(minutes(dir, config));
    Ok(Transcribed { pending, problems })
}

/// The text of a recording that is over, once more over long stretches. `None` means that it is finished;
/// else why it is not.
pub(super) fn final_pass(
    dir: &Path,
    config: &Config,
    begun: impl FnOnce(&Bus),
    interrupt: impl AsyncFnMut() -> String,
) -> Result<Option<String>, TranscribeError> {
    let sources = read::read_manifest(dir)?.sources;
    let languages = sources.iter().map(|source| source.language.as_deref());
    let engine = match text::choose_engine(config, Pass::Long, languages)? {
        Choice::Use(engine) => engine,
        Choice::Later(reason) => return Ok(Some(reason)),
    };
    let how = How { engine, sources, pass: Pass::Long, resume: false, final_model: None };
    let done = transcribe(dir, config, &how, begun, interrupt)?;
    for problem in &done.problems {
        tracing::warn!(%problem, "after the final pass");
    }
    Ok(done.pending)
}

/// The voices of a recording that is over and whose text is made. `None` means that they are told apart; else
/// why they are not.
pub(super) fn voices_of(
    dir: &Path,
    config: &Config,
    interrupt: impl AsyncFnMut() -> String,
) -> Result<Option<String>, TranscribeError> {
    let lock = SessionLock::take(dir)?;
    let session = Session::open(dir)?;
    let (tracks, past) = (offline::tracks(&session)?, Past::read(dir)?);
    let sink = Arc::new(OfflineSink::open(&SystemDisk, Arc::new(SystemClock), &session, past, true)?);
    let limits = session.manifest.sources.iter().map(|source| text::voices(config, source)).collect();
    drop(session);
    let shared = Arc::new(lock.share(dir)?);
    sink.share(dir, &shared)?;
    let pending = voices::tell_apart(dir, &tracks, &sink, limits, &config.paths.voices, interrupt);
    let finished = sink.finish();
    finished.map_err(|error| TranscribeError::Write { dir: dir.into(), error })?;
    voices_kept(dir, config);
    Ok(pending)
}

/// What voices sound like is kept as long as the settings say, of this session and of those beside it.
fn voices_kept(dir: &Path, config: &Config) {
    let days = config.voices.keep_vectors_days;
    for recordings in dir.parent().into_iter().chain([config.paths.recordings.as_path()]) {
        clear_old_vectors(&SystemDisk, recordings, days);
    }
}

/// Each track goes on after the last utterance of the text that was begun last.
fn resume(session: &Session, past: &Past, analysis: &mut Analysis) {
    for (index, source) in session.manifest.sources.iter().enumerate() {
        let of_track = past.current(session).filter(|utterance| utterance.track == source.track);
        let Some((take, frame)) = of_track.map(|utterance| (utterance.take, utterance.to_frame)).max() else {
            continue;
        };
        let takes = session.manifest.takes.iter().filter(|entry| entry.track == source.track);
        if let Some(position) = takes.map(|entry| entry.take).position(|number| number == take) {
            analysis.begin_at(index, position, frame);
        }
    }
}

/// What stands in the session of the final pass that begins, or goes on; a text that begins anew ends any
/// other.
fn passing(dir: &Path, how: &How, session: &Session, past: &Past) -> Option<FinalPass> {
    let Some(model) = &how.final_model else {
        if !how.resume {
            FinalPass::remove(&SystemDisk, dir);
        }
        return None;
    };
    let begun_at = if how.resume { past.begun_at() } else { session.history.len() as u64 };
    let done = FinalPass::read(dir).filter(|_| how.resume).map_or(0.0, |pass| pass.done);
    let pass = FinalPass { model: model.clone(), begun_at, pid: std::process::id(), done };
    note(dir, &pass);
    Some(pass)
}

fn note(dir: &Path, pass: &FinalPass) {
    if let Err(error) = pass.write(&SystemDisk, dir) {
        // It only costs that it begins anew after an interruption.
        tracing::warn!(%error, "how far the final pass is can't be written down");
    }
}

/// Session second at which a track's sound ends.
fn end_of(track: &TrackShared) -> f64 {
    let takes = track.takes();
    takes.iter().map(|take| take.clock().time_of(take.written())).fold(0.0, f64::max)
}

/// Publishes how far the text is.
struct Meter {
    analysis: Arc<Mutex<Analysis>>,
    /// Session second at which each track ends.
    ends: Vec<f64>,
    news: Bus,
    /// The final pass that it is, of the session in that folder.
    passing: Option<(PathBuf, FinalPass)>,
}

impl Meter {
    fn publish(&mut self) {
        let analysis = self.analysis.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = self.ends.iter().enumerate();
        let done_s: f64 = ends.map(|(track, end)| analysis.text_until(track).clamp(0.0, *end)).sum();
        drop(analysis);
        let total_s: f64 = self.ends.iter().sum();
        self.news.publish(News::Progress(Progress { done_s, total_s }));
        let done = done_s / total_s.max(1e-9);
        if let Some((dir, pass)) = &mut self.passing
            && done >= pass.done + PASS_STEP
        {
            pass.done = done;
            note(dir, pass);
        }
    }
}

async fn work(
    arguments: transcriber::Arguments,
    mut meter: Meter,
    mut interrupt: impl AsyncFnMut() -> String,
) -> Result<Outcome, ActorProcessingErr> {
    let mut every = tokio::time::interval(PROGRESS_EVERY);
    let (actor, handle) = Actor::spawn(None, Transcriber, arguments).await?;
    let finished = actor.call(|reply| transcriber::Message::Finish(Patience::WITH_PROGRESS, reply), None);
    tokio::pin!(finished, handle);
    let outcome = loop {
        tokio::select! {
            answer = &mut finished => break match answer {
                Ok(ractor::rpc::CallResult::Success(outcome)) => outcome,
                _ => Outcome::Pending("the transcriber failed".into()),
            },
            reason = interrupt() => break Outcome::Pending(reason),
            _ = &mut handle => break Outcome::Pending("the transcriber failed".into()),
            _ = every.tick() => meter.publish(),
        }
    };
    actor.stop(None);
    Ok(outcome)
}

//! `hansard record`: from the devices to the minutes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::ValueEnum;
use jiff::Zoned;
use ractor::{Actor, ActorRef};
use tokio::sync::oneshot;

use super::devices::quietly;
use super::signals::Signals;
use super::text::{Languages, Terminal, clock, quoted, say, text_error};
use super::{Exit, transcribe, wrong_use};
use crate::actors::recorder::{self, Recorder};
use crate::actors::transcriber::{Outcome, Patience};
use crate::actors::{Role, recorder::Message};
use crate::base::duration;
use crate::base::units::SampleFormat;
use crate::capture::device::Backend;
use crate::capture::feed::Pace;
use crate::clock::{SessionClock, SystemClock};
use crate::config::{Config, TrackFormat};
use crate::control;
use crate::engine::plan::{self, PlanError, SourceOptions};
use crate::engine::spec::{SourceSpec, SpecKind, settle_names};
use crate::engine::text::{self, Choice, Wanted};
use crate::live::{Listener as _, SessionView};
use crate::models::ModelInfo;
use crate::power::Power;
use crate::recording::Recording;
use crate::session::disk::SystemDisk;
use crate::session::journal::Event;
use crate::session::lock::{LockError, SessionLock};
use crate::session::manifest::{SourceEntry, SourceKind, TrackAccount};
use crate::speech::analysis::Analysis;
use crate::speech::work::Pass;
use crate::writer::Closed;

#[cfg(unix)]
mod keys;
mod report;
mod status;

use report::report;
use status::Status;

/// No recording takes longer; a timer wants a number.
const NO_LIMIT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Power is looked at this often.
const POWER_EVERY: Duration = Duration::from_secs(1);
/// What a recording has to be safe in after a second Ctrl-C.
const AT_ONCE: Duration = Duration::from_secs(5);

/// How files and scripts are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PaceArg {
    /// Like devices, at their rate
    Real,
    /// As fast as the machine can
    Max,
}

/// Arguments of `record`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Title of the meeting
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    /// What to record: NAME=mic or NAME=mic:ID, the same with loopback, NAME=file:PATH or NAME=synth:SCRIPT;
    /// a #N behind it takes one channel. Without any: those in the config, else the default microphone and
    /// loopback
    #[arg(long = "source", value_name = "NAME=SPEC")]
    sources: Vec<SourceSpec>,
    /// Stop after this long: 90s, 45m, 1h30m, 00:12:30
    #[arg(long = "for", value_name = "DUR", value_parser = duration::parse)]
    duration: Option<Duration>,
    /// Folder of the recordings
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How file and synth sources are delivered
    #[arg(long, value_enum, default_value = "real")]
    pace: PaceArg,
    /// Record only; `hansard transcribe` makes the text later
    #[arg(long)]
    no_transcribe: bool,
    /// Model to transcribe with, by name or path [default: the best one installed]
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// Language that is spoken (de, en, fr, …), of all or, as NAME=L, of one source [default: found out]
    #[arg(long, value_name = "L")]
    language: Vec<String>,
    /// Names and terms that will be said, with commas between them
    #[arg(long, value_name = "WORDS")]
    vocabulary: Option<String>,
    /// Lines of text and the end's report as JSON, an object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, mut config: Config) -> anyhow::Result<Exit> {
    for (key, value, flag) in [
        ("transcribe.model", &args.model, "--model"),
        ("transcribe.vocabulary", &args.vocabulary, "--vocabulary"),
    ] {
        if let Some(value) = value {
            config.set(key, value, flag)?;
        }
    }
    let languages = Languages::read(&args.language, &mut config)?;
    if let Some(out) = &args.out {
        config.paths.recordings.clone_from(out);
    }
    let pace = match args.pace {
        PaceArg::Max => Pace::Max { limit: args.duration },
        PaceArg::Real => Pace::Real,
    };
    let options = source_options(&config, pace);
    let mut specs = specs(&args.sources, &config, &options)?;
    languages.apply(specs.iter_mut().map(|spec| (spec.name.as_str(), &mut spec.language)))?;
    let request = Request {
        title: args.title.clone(),
        specs,
        options,
        duration: args.duration,
        transcribe: !args.no_transcribe && config.record.transcribe,
        json: args.json,
    };
    record(&request, &config)
}

/// What to record, in full.
pub(super) struct Request {
    pub(super) title: Option<String>,
    pub(super) specs: Vec<SourceSpec>,
    pub(super) options: SourceOptions,
    pub(super) duration: Option<Duration>,
    pub(super) transcribe: bool,
    pub(super) json: bool,
}

impl Request {
    /// Whether all sources count their own frames and end by themselves after the time that was asked for.
    fn is_limited(&self) -> bool {
        matches!(self.options.pace, Pace::Max { limit: Some(_) }) && self.is_counted()
    }

    /// The languages of the sources, where they have one of their own.
    fn languages(&self) -> impl Iterator<Item = Option<&str>> {
        self.specs.iter().map(|spec| spec.language.as_deref())
    }

    /// Whether all sources are files and scripts that wait for us: what is missed can be had again.
    fn is_counted(&self) -> bool {
        let counted = |spec: &SourceSpec| matches!(spec.kind, SpecKind::File(_) | SpecKind::Synth(_));
        matches!(self.options.pace, Pace::Max { .. }) && self.specs.iter().all(counted)
    }
}

pub(super) fn source_options(config: &Config, pace: Pace) -> SourceOptions {
    SourceOptions {
        backend: Backend::new(&config.audio.host),
        buffer_ms: u64::from(config.audio.buffer_ms),
        pace,
        format: match config.tracks.format {
            TrackFormat::Auto => None,
            TrackFormat::S16 => Some(SampleFormat::S16),
            TrackFormat::S24 => Some(SampleFormat::S24),
            TrackFormat::F32 => Some(SampleFormat::F32),
        },
    }
}

/// The sources of the command line, else of the config, else the defaults that are there.
pub(super) fn specs(
    wanted: &[SourceSpec],
    config: &Config,
    options: &SourceOptions,
) -> anyhow::Result<Vec<SourceSpec>> {
    let specs = if !wanted.is_empty() {
        wanted.to_vec()
    } else if !config.sources.is_empty() {
        let from_config = |source: &crate::config::Source| {
            SourceSpec::from_parts(&source.name, &source.spec)
                .map(|spec| SourceSpec { language: source.language.clone(), ..spec })
                .map_err(|error| wrong_use(format!("{}: source {:?}: {error}", source.origin, source.name)))
        };
        config.sources.iter().map(from_config).collect::<anyhow::Result<_>>()?
    } else {
        defaults(options)?
    };
    settle_names(specs).map_err(|error| wrong_use(error.to_string()))
}

fn defaults(options: &SourceOptions) -> anyhow::Result<Vec<SourceSpec>> {
    let devices = quietly(|| options.backend.devices()).map_err(|error| wrong_use(error.to_string()))?;
    let mut specs = Vec::new();
    for (kind, name, spec) in [(SourceKind::Mic, "Me", "mic"), (SourceKind::Loopback, "Others", "loopback")] {
        if devices.iter().any(|device| device.kind == kind && device.default) {
            specs.push(SourceSpec::from_parts(name, spec)?);
        }
    }
    if specs.is_empty() {
        return Err(wrong_use(
            "there is neither a default microphone nor a default loopback; hansard devices lists what there is, \
             --source names what to record",
        ));
    }
    Ok(specs)
}

/// Sound files that have become a session.
pub(super) struct Imported {
    pub(super) dir: PathBuf,
    /// Whether something of them is lost, or the whole has failed.
    pub(super) exit: Exit,
    pub(super) account: Vec<TrackAccount>,
    pub(super) errors: Vec<String>,
}

/// Makes a session of sound files, without text. What is interrupted before they are read to their end has
/// failed, which is said.
pub(super) fn import(request: &Request, config: &Config) -> anyhow::Result<Imported> {
    let (dir, ended) = conclude(request, config)?;
    let asked = ended.asked;
    let (mut exit, account, errors) = report::judge(&dir, &ended);
    if asked {
        say(format_args!(
            "the sound was not read to its end; give the same command again ({} can be removed)",
            quoted(&dir)
        ));
        exit = Exit::Failed;
    }
    Ok(Imported { dir, exit, account, errors })
}

/// Records and transcribes; the exit code says how it went.
fn record(request: &Request, config: &Config) -> anyhow::Result<Exit> {
    let (dir, mut ended) = conclude(request, config)?;
    if config.transcribe.final_pass && request.transcribe && ended.outcome == Outcome::Complete {
        match transcribe::final_pass(&dir, config) {
            Ok(None) => {}
            Ok(Some(reason)) => ended.outcome = Outcome::Pending(format!("the final pass: {reason}")),
            // The recording and its text are there all the same.
            Err(error) => say(format_args!("there was no final pass: {error:#}")),
        }
    }
    Ok(report(request, config, &dir, &ended))
}

/// Records and transcribes: the session, and how it ended.
fn conclude(request: &Request, config: &Config) -> anyhow::Result<(PathBuf, Ended)> {
    let plan = quietly(|| plan::plan(&request.specs, &request.options)).map_err(input_error)?;
    let text = planned_text(request, config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .context("can't start the runtime")?;
    // Before there is a session: from its first moment on it ends in order.
    let signals = {
        let _within = runtime.enter();
        Signals::new().context("can't take signals over")?
    };
    let now = Zoned::now();
    let clock = SessionClock::start_now(Arc::new(SystemClock));
    let (dir, manifest) =
        plan::new_session(&config.paths.recordings, request.title.as_deref(), plan.sources, &now)
            .map_err(input_error)?;
    let _lock = lock(&dir)?;
    let sources = manifest.sources.clone();
    let recording = Recording::start(Arc::new(SystemDisk), &dir, clock, manifest, plan.devices)
        .with_context(|| format!("can't record into {}", dir.display()))?;
    say(format_args!("recording into {}", dir.display()));
    let _mending = super::recover::mend_beside(&config.paths.recordings);
    let ended = runtime.block_on(conduct(request, config, (text, &sources), &recording, signals));
    // Blocking work that is left (a recogniser that hangs) must not keep us.
    runtime.shutdown_timeout(Duration::from_secs(2));
    Ok((dir, ended?))
}

/// The folder is new, so nobody else has it: a file system that can't lock is no reason not to record.
fn lock(dir: &Path) -> anyhow::Result<Option<SessionLock>> {
    match SessionLock::take(dir) {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::InUse(name)) => Err(wrong_use(LockError::InUse(name).to_string())),
        Err(error) => {
            say(format_args!("{error}; other commands will not notice that it is in use"));
            Ok(None)
        }
    }
}

/// What becomes of the text.
enum Text {
    /// It is made with this model.
    With(ModelInfo),
    /// Nobody wants it.
    Unwanted,
    /// It can't be made now, for this reason.
    Later(String),
}

fn planned_text(request: &Request, config: &Config) -> anyhow::Result<Text> {
    if !request.transcribe {
        return Ok(Text::Unwanted);
    }
    Ok(match text::choose_model(config, request.languages()).map_err(text_error)? {
        Choice::Use(model) => Text::With(model),
        Choice::None(reason) => {
            say(&reason);
            say("the recording runs without text; `hansard transcribe` makes it later");
            Text::Later(reason)
        }
    })
}

fn input_error(error: PlanError) -> anyhow::Error {
    wrong_use(error.to_string())
}

/// How a recording ended.
struct Ended {
    closed: Option<Closed>,
    outcome: Outcome,
    recorder_failed: bool,
    /// Somebody ended it, or it had to end, before its sources did.
    asked: bool,
}

/// Starts the actors and waits for the end, whoever brings it about.
async fn conduct(
    request: &Request,
    config: &Config,
    (text, sources): (Text, &[SourceEntry]),
    recording: &Arc<Recording>,
    mut signals: Signals,
) -> anyhow::Result<Ended> {
    let listener = Arc::new(Terminal::new(request.json));
    let (ended, mut sources_ended) = oneshot::channel();
    let transcriber = match &text {
        Text::Unwanted | Text::Later(_) => None,
        Text::With(model) => {
            let session = SessionView {
                dir: recording.dir.clone(),
                tracks: recording.tracks.clone(),
                sink: recording.clone(),
                listener: listener.clone(),
            };
            let analysis = Analysis::new(recording.tracks.len());
            let pass = if request.is_counted() { Pass::Plain } else { Pass::Live };
            let wanted = Wanted { model, sources, pass, partials: listener.shows_partials() };
            Some(text::arguments(config, &wanted, session, analysis).map_err(text_error)?)
        }
    };
    let analysis = transcriber.as_ref().map(|arguments| Arc::clone(&arguments.analysis));
    let told = listener.clone();
    let arguments = recorder::Arguments { recording: recording.clone(), transcriber, listener, ended };
    let (actor, mut handle) =
        Actor::spawn(None, Recorder, arguments).await.context("can't start the recorder")?;

    let mut status = Status::new(recording.clone(), analysis);
    let mut every = tokio::time::interval(Duration::from_secs_f64(config.record.status_every_s));
    every.tick().await;
    let mut power = Power::new(config.record.stay_awake && !request.is_counted());
    let mut power_every = tokio::time::interval(POWER_EVERY);
    rehearse_crash(&actor);
    // Where all sources count their own frames they end by themselves: the length is one of sound, not of
    // work.
    let wait = request.duration.filter(|_| !request.is_limited());
    let until = tokio::time::sleep(wait.unwrap_or(NO_LIMIT));
    tokio::pin!(until);
    let mut asked = false;
    #[cfg(unix)]
    let mut keys = keys::Keys::new(recording.clock.clone());
    #[cfg(unix)]
    if keys.is_some() {
        say(keys::HELP);
    }
    loop {
        let pressed = async {
            #[cfg(unix)]
            if let Some(keys) = &mut keys {
                return request_of(keys.next().await, recording);
            }
            std::future::pending().await
        };
        tokio::select! {
            request = pressed => ask(&actor, request),
            _ = every.tick() => status.print(),
            _ = power_every.tick() => {
                for event in power.look(Instant::now()) {
                    told.notice(&event);
                    recording.note(event);
                }
            }
            () = &mut until => break,
            // Its other end also goes when the recorder dies; that is another branch's matter.
            Ok(reason) = &mut sources_ended => {
                asked = reason.is_some();
                if let Some(reason) = reason {
                    say(format_args!("{reason}: finishing"));
                }
                break;
            }
            signal = signals.next() => {
                asked = true;
                say(format_args!("{signal}: finishing"));
                break;
            }
            _ = &mut handle => return Ok(recorder_died(recording).await),
        }
    }
    // The terminal is the user's own again while the text is finished.
    #[cfg(unix)]
    if let Some(keys) = keys {
        keys.end().into_iter().for_each(|deed| ask(&actor, request_of(deed, recording)));
    }
    let limit = Duration::from_secs_f64(config.record.finish_timeout_s);
    let patience = if asked { Patience { idle: limit, total: limit } } else { Patience::WITH_PROGRESS };
    if let Text::Later(reason) = &text {
        recording.note(Event::TextPending { reason: reason.clone() });
    }
    let mut ended = finish(&actor, &mut handle, recording, patience, &mut signals).await?;
    ended.asked = asked;
    actor.stop(None);
    if let (Text::Later(reason), Outcome::Complete) = (text, &ended.outcome) {
        ended.outcome = Outcome::Pending(reason);
    }
    Ok(ended)
}

/// What a key asks for.
#[cfg(unix)]
fn request_of(deed: keys::Deed, recording: &Recording) -> control::Request {
    match deed {
        keys::Deed::Mark { kind, text, at } => control::Request::Mark { text, kind, at: Some(at) },
        keys::Deed::Pause if recording.paused_since().is_some() => control::Request::Resume,
        keys::Deed::Pause => control::Request::Pause,
    }
}

/// Asks the recorder, as any other command would, and tells what it has to say that is not told anyhow.
fn ask(actor: &ActorRef<Message>, request: control::Request) {
    let (reply, answer) = oneshot::channel();
    if actor.cast(Message::Asked(request, reply)).is_err() {
        // It is dead: that is another branch's matter.
        return;
    }
    tokio::spawn(async move {
        match answer.await {
            Ok(control::Response::Marked(mark)) => {
                say(format_args!("marked {} {}: {}", clock(mark.at), mark.kind.title(), mark.text));
            }
            Ok(control::Response::Refused { error }) => say(error),
            _ => {}
        }
    });
}

/// For the tests: `HANSARD_TEST_CRASH` names an actor that panics a second after the start.
fn rehearse_crash(actor: &ActorRef<Message>) {
    let role = match std::env::var("HANSARD_TEST_CRASH").as_deref() {
        Ok("recorder") => Role::Recorder,
        Ok("writer") => Role::Writer,
        Ok("device_capture") => Role::DeviceCapture,
        Ok("control") => Role::Control,
        Ok("transcriber") => Role::Transcriber,
        Ok("denoiser") => Role::Denoiser,
        Ok("segmenter") => Role::Segmenter,
        _ => return,
    };
    drop(actor.send_after(Duration::from_secs(1), move || Message::Crash(role)));
}

/// Takes the session through its end; a second signal shortens it.
async fn finish(
    actor: &ActorRef<Message>,
    handle: &mut tokio::task::JoinHandle<()>,
    recording: &Arc<Recording>,
    patience: Patience,
    signals: &mut Signals,
) -> anyhow::Result<Ended> {
    let (closed, mut tracks_closed) = oneshot::channel();
    let (done, mut all_done) = oneshot::channel();
    if actor.cast(Message::Finish { patience, closed, done }).is_err() {
        return Ok(recorder_died(recording).await);
    }
    let closed = tokio::select! {
        Ok(closed) = &mut tracks_closed => closed,
        _ = &mut *handle => return Ok(recorder_died(recording).await),
        signal = signals.next() => {
            say(format_args!("{signal} again: closing the files at once"));
            let closed = close_at_once(recording).await;
            let outcome = Outcome::Pending("it was ended before the text was made".into());
            return Ok(Ended { closed, outcome, recorder_failed: false, asked: true });
        }
    };
    say("the recording is safe");
    let outcome = tokio::select! {
        outcome = &mut all_done => outcome.unwrap_or(Outcome::Pending("the recorder ended".into())),
        _ = &mut *handle => Outcome::Pending("the recorder failed after the recording was closed".into()),
        signal = signals.next() => {
            let reason = format!("{signal}: the text is left for hansard transcribe");
            recording.note(Event::TextPending { reason: reason.clone() });
            Outcome::Pending(reason)
        }
    };
    let finishing = recording.clone();
    if !tokio::task::spawn_blocking(move || finishing.finish()).await.context("the writer's end")? {
        say("the disk does not answer any more: text may be missing, which hansard transcribe makes again");
    }
    Ok(Ended { closed, outcome, recorder_failed: false, asked: false })
}

/// The root is dead: its children went with it, the data plane did not. Everything is closed in order.
async fn recorder_died(recording: &Arc<Recording>) -> Ended {
    say("the recorder failed; closing all files");
    let closed = close_at_once(recording).await;
    Ended {
        closed,
        outcome: Outcome::Pending("the recorder failed".into()),
        recorder_failed: true,
        asked: false,
    }
}

async fn close_at_once(recording: &Arc<Recording>) -> Option<Closed> {
    let recording = recording.clone();
    tokio::task::spawn_blocking(move || recording.close_at_once(AT_ONCE)).await.unwrap_or(None)
}

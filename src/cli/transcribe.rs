//! `hansard transcribe`: a session again, or sound files that become one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ractor::Actor;

use super::progress::Progress;
use super::record::{self, Imported, Request};
use super::signals::Signals;
use super::text::{Languages, Terminal, print_result, quoted, say, text_error};
use super::{Exit, show, wrong_use};
use crate::actors::transcriber::{self, Outcome, Patience, Transcriber};
use crate::base::utterance::Utterance;
use crate::capture::feed::Pace;
use crate::care::offline::{self, OfflineError, OfflineSink, Past};
use crate::care::times;
use crate::config::Config;
use crate::engine::spec::{SourceSpec, settle_names};
use crate::engine::text::{self, Choice, Wanted};
use crate::export;
use crate::live::{Listener, SessionSink as _, SessionView};
use crate::models::ModelInfo;
use crate::session::disk::SystemDisk;
use crate::session::journal::Event;
use crate::session::lock::SessionLock;
use crate::session::manifest::{SourceEntry, State};
use crate::session::read;
use crate::session::reading::Session;
use crate::session::shared::TrackShared;
use crate::speech::analysis::Analysis;
use crate::speech::work::Pass;

/// The progress is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Threads that actors run on; beside them there is one for each recogniser that is waited for, and so many
/// once more: whoever computes lends its place to another one. Each thread has memory of its own, which it
/// keeps: 24 of them took 48 MB for half an hour where these take 34.
const WORKERS: usize = 2;
/// A thread that has had nothing to do for so long ends.
const IDLE_THREAD: Duration = Duration::from_secs(2);

/// Arguments of `transcribe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A session (its path, its id, or `last`), or sound files: one of all, or one a speaker
    #[arg(required = true, value_name = "S|FILE")]
    inputs: Vec<PathBuf>,
    /// Folder of the recordings, for the session that the files become
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Title of that session [default: the first file's name]
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    /// Model to transcribe with, by name or path [default: the best one installed]
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// Language that is spoken (de, en, fr, …), of all or, as NAME=L, of one source [default: found out]
    #[arg(long, value_name = "L")]
    language: Vec<String>,
    /// Names and terms that will be said, with commas between them
    #[arg(long, value_name = "WORDS")]
    vocabulary: Option<String>,
    /// Recognise over stretches of up to 28 s instead of segment by segment, as the final pass after a
    /// recording does
    #[arg(long)]
    long: bool,
    /// Go on where the text of the session ends, instead of doing it again
    #[arg(long)]
    resume: bool,
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
    if args.inputs.iter().any(|input| input.is_file()) || args.inputs.len() > 1 {
        return transcribe_files(args, &config, &languages);
    }
    if args.title.is_some() {
        return Err(wrong_use(
            "--title is for sound files that become a session; this session has its title",
        ));
    }
    let name = args.inputs[0].to_string_lossy();
    let dir = read::resolve(&config.paths.recordings, &name)
        .map_err(|error| wrong_use(format!("{name} is neither a sound file nor a session: {error}")))?;
    transcribe_session(&dir, args, &config, &languages, None)
}

/// Sound files become a session: a recording of them at full speed, and then its text, which can be
/// interrupted and gone on with.
fn transcribe_files(args: &Args, config: &Config, languages: &Languages) -> anyhow::Result<Exit> {
    if args.resume {
        return Err(wrong_use("--resume goes on with a session; sound files become a new one"));
    }
    let specs = args.inputs.iter().map(|path| SourceSpec::of_file(path)).collect();
    let mut specs = settle_names(specs).map_err(|error| wrong_use(error.to_string()))?;
    languages.apply(specs.iter_mut().map(|spec| (spec.name.as_str(), &mut spec.language)))?;
    // Recording without text would be no answer here: no model is an error before anything is made.
    if let Choice::None(reason) =
        text::choose_model(config, specs.iter().map(|spec| spec.language.as_deref())).map_err(text_error)?
    {
        return Err(wrong_use(reason));
    }
    let title = args.title.clone().or_else(|| specs.first().map(|spec| spec.name.clone()));
    let request = Request {
        title,
        specs,
        options: record::source_options(config, Pace::Max { limit: None }),
        duration: None,
        transcribe: false,
        json: args.json,
    };
    let imported = record::import(&request, config)?;
    if imported.exit == Exit::Failed {
        if args.json {
            let (dir, account, errors) = (&imported.dir, &imported.account, &imported.errors);
            let pending = "the sound could not be read in";
            print_result(serde_json::json!({
                "session": dir.to_string_lossy(), "account": account, "errors": errors, "text_pending": pending,
            }));
        }
        return Ok(Exit::Failed);
    }
    let exit = transcribe_session(&imported.dir, args, config, languages, Some(&imported))?;
    Ok(if exit == Exit::Well { imported.exit } else { exit })
}

fn transcribe_session(
    dir: &Path,
    args: &Args,
    config: &Config,
    languages: &Languages,
    imported: Option<&Imported>,
) -> anyhow::Result<Exit> {
    // Nothing is put into a folder that is no session, not even a lock.
    let mut sources = read::read_manifest(dir).map_err(show::exit)?.sources;
    languages.apply(sources.iter_mut().map(|source| (source.name.as_str(), &mut source.language)))?;
    let model = match text::choose_model(config, sources.iter().map(|source| source.language.as_deref()))
        .map_err(text_error)?
    {
        Choice::Use(model) => model,
        Choice::None(reason) => return Err(wrong_use(reason)),
    };
    let terminal = Terminal::new(args.json);
    let pass = if args.long || config.transcribe.final_pass { Pass::Long } else { Pass::Plain };
    let how = How { model: &model, sources: &sources, pass, resume: args.resume };
    let pending = make_text(dir, config, &how, Some(terminal))?;
    if let Some(reason) = &pending {
        let dir = quoted(dir);
        say(format_args!("not finished ({reason}); go on with: hansard transcribe --resume {dir}"));
    }
    if args.json {
        let mut report = serde_json::json!({ "session": dir.to_string_lossy(), "text_pending": pending });
        if let Some(imported) = imported {
            report["account"] = serde_json::json!(imported.account);
            report["errors"] = serde_json::json!(imported.errors);
        }
        print_result(report);
    } else {
        print_result(dir.display());
    }
    Ok(if pending.is_some() { Exit::Failed } else { Exit::Well })
}

/// How a session's text is made.
struct How<'a> {
    model: &'a ModelInfo,
    sources: &'a [SourceEntry],
    pass: Pass,
    /// It goes on where it was interrupted.
    resume: bool,
}

/// The text of a recording that is over, once more over long stretches. None: it is finished; else why it is
/// not. Lines are not printed again: the minutes have them.
pub(super) fn final_pass(dir: &Path, config: &Config) -> anyhow::Result<Option<String>> {
    let sources = read::read_manifest(dir).map_err(show::exit)?.sources;
    let Choice::Use(model) =
        text::choose_model(config, sources.iter().map(|source| source.language.as_deref()))
            .map_err(text_error)?
    else {
        return Ok(Some("there is no model".into()));
    };
    say("the text is made once more, over longer stretches; Ctrl-C leaves it as it is");
    make_text(dir, config, &How { model: &model, sources: &sources, pass: Pass::Long, resume: false }, None)
}

/// Makes the text of a session and its minutes; none: it is finished, else why it is not.
fn make_text(
    dir: &Path,
    config: &Config,
    how: &How<'_>,
    terminal: Option<Terminal>,
) -> anyhow::Result<Option<String>> {
    let _lock = SessionLock::take(dir).map_err(|error| wrong_use(error.to_string()))?;
    let session = Session::open(dir).map_err(show::exit)?;
    if session.manifest.state == State::Recording {
        say(
            "this session was not finished in order; its text is made as far as its sound goes; hansard recover mends it",
        );
    }
    let tracks = offline::tracks(&session).map_err(exit)?;
    let ends: Vec<f64> = tracks.iter().map(|track| end_of(track)).collect();
    let past = Past::read(dir).map_err(exit)?;
    let mut analysis = Analysis::new(tracks.len());
    if how.resume {
        resume(&session, past, &mut analysis);
    }
    let sink = Arc::new(OfflineSink::open(&session, past, how.resume).map_err(exit)?);
    let listener = Arc::new(Numbered { terminal, sink: sink.clone() });
    let view = SessionView { dir: dir.into(), tracks, sink: sink.clone(), listener };
    let wanted = Wanted { model: how.model, sources: how.sources, pass: how.pass, partials: false };
    let arguments = text::arguments(config, &wanted, view, analysis).map_err(text_error)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(arguments.recognizers + WORKERS)
        .thread_keep_alive(IDLE_THREAD)
        .enable_all()
        .build()?;
    let progress = Progress::new(Arc::clone(&arguments.analysis), ends);
    let outcome = runtime.block_on(work(arguments, progress));
    runtime.shutdown_timeout(Duration::from_secs(2));
    let pending = match outcome? {
        Outcome::Complete => {
            sink.replace_rest(&session.latest());
            None
        }
        Outcome::Pending(reason) => {
            sink.note(Event::TextPending { reason: reason.clone() });
            Some(reason)
        }
    };
    sink.finish().with_context(|| format!("can't write to {}", dir.display()))?;
    if let Err(error) = times::settle(&SystemDisk, dir) {
        say(format_args!("the transcript keeps times that are not those of its frames: {error}"));
    }
    if let Err(error) = export::write_minutes(dir, config.minutes.paragraph_pause_s, u64::MAX) {
        say(format_args!("the minutes were not written: {error}"));
    }
    Ok(pending)
}

/// Wrong input is 1, a failing machine 3.
pub(super) fn exit(error: OfflineError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}

/// Shows utterances with the revision that they have in the transcript, if somebody wants to see them.
struct Numbered {
    terminal: Option<Terminal>,
    sink: Arc<OfflineSink>,
}

impl Listener for Numbered {
    fn line(&self, utterance: &Utterance) {
        if let Some(terminal) = &self.terminal {
            let rev = self.sink.revision(&utterance.id);
            terminal.line(&Utterance { rev, ..utterance.clone() });
        }
    }

    fn notice(&self, event: &Event) {
        if let Some(terminal) = &self.terminal {
            terminal.notice(event);
        }
    }
}

/// Each track goes on after the last utterance of the text that was begun last.
fn resume(session: &Session, past: Past, analysis: &mut Analysis) {
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

/// Session second at which a track's sound ends.
fn end_of(track: &TrackShared) -> f64 {
    let takes = track.takes();
    takes.iter().map(|take| take.clock().time_of(take.written())).fold(0.0, f64::max)
}

async fn work(arguments: transcriber::Arguments, mut progress: Progress) -> anyhow::Result<Outcome> {
    let mut signals = Signals::new().context("can't take signals over")?;
    let mut every = tokio::time::interval(LOOK_EVERY);
    let (actor, handle) =
        Actor::spawn(None, Transcriber, arguments).await.context("can't start the transcriber")?;
    let finished = actor.call(|reply| transcriber::Message::Finish(Patience::WITH_PROGRESS, reply), None);
    tokio::pin!(finished, handle);
    let outcome = loop {
        tokio::select! {
            answer = &mut finished => break match answer {
                Ok(ractor::rpc::CallResult::Success(outcome)) => outcome,
                _ => Outcome::Pending("the transcriber failed".into()),
            },
            signal = signals.next() => break Outcome::Pending(signal.into()),
            _ = &mut handle => break Outcome::Pending("the transcriber failed".into()),
            _ = every.tick() => progress.look(),
        }
    };
    actor.stop(None);
    Ok(outcome)
}

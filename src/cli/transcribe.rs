//! `hansard transcribe`: a session again, or sound files that become one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ractor::Actor;

use super::record::{self, Request};
use super::spec::{SourceSpec, SpecKind, settle_names};
use super::text::{self, Choice, Terminal, say};
use super::{Exit, wrong_use};
use crate::actors::transcriber::{self, Outcome, Patience, Transcriber};
use crate::actors::{SessionSink as _, SessionView};
use crate::capture::feed::Pace;
use crate::config::Config;
use crate::export;
use crate::session::journal::Event;
use crate::session::lock::SessionLock;
use crate::session::offline::{self, OfflineSink};
use crate::session::read::{self, Session};
use crate::speech::analysis::Analysis;

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
    /// Language that is spoken (de, en, fr, …) [default: found out]
    #[arg(long, value_name = "L")]
    language: Option<String>,
    /// Go on where the text of the session ends, instead of doing it again
    #[arg(long)]
    resume: bool,
    /// Lines of text and the end's report as JSON, an object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, mut config: Config) -> anyhow::Result<Exit> {
    for (key, value, flag) in
        [("transcribe.model", &args.model, "--model"), ("transcribe.language", &args.language, "--language")]
    {
        if let Some(value) = value {
            config.set(key, value, flag)?;
        }
    }
    if let Some(out) = &args.out {
        config.paths.recordings.clone_from(out);
    }
    if args.inputs.iter().any(|input| input.is_file()) || args.inputs.len() > 1 {
        return transcribe_files(args, &config);
    }
    let name = args.inputs[0].to_string_lossy();
    let dir = read::resolve(&config.paths.recordings, &name)
        .map_err(|error| wrong_use(format!("{name} is neither a sound file nor a session: {error}")))?;
    transcribe_session(&dir, args, &config)
}

/// Sound files become a session: a recording of them at full speed.
fn transcribe_files(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    if args.resume {
        return Err(wrong_use("--resume goes on with a session; sound files become a new one"));
    }
    // Recording without text would be no answer here: no model is an error before anything is made.
    if let Choice::None(reason) = text::choose_model(config)? {
        return Err(wrong_use(reason));
    }
    let specs = args.inputs.iter().map(|path| file_spec(path)).collect();
    let specs = settle_names(specs).map_err(|error| wrong_use(error.to_string()))?;
    let title = args.title.clone().or_else(|| specs.first().map(|spec| spec.name.clone()));
    let request = Request {
        title,
        specs,
        options: record::source_options(config, Pace::Max),
        duration: None,
        transcribe: true,
        json: args.json,
    };
    record::record(&request, config)
}

fn file_spec(path: &Path) -> SourceSpec {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    SourceSpec {
        name: if name.trim().is_empty() { "track".into() } else { name },
        derived: true,
        kind: SpecKind::File(path.into()),
        channel: None,
        text: format!("file:{}", path.display()),
    }
}

fn transcribe_session(dir: &Path, args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let model = match text::choose_model(config)? {
        Choice::Use(model) => model,
        Choice::None(reason) => return Err(wrong_use(reason)),
    };
    let _lock = SessionLock::take(dir).map_err(|error| wrong_use(error.to_string()))?;
    let session = Session::open(dir).map_err(|error| wrong_use(error.to_string()))?;
    let tracks = offline::tracks(&session).with_context(|| format!("can't read {}", dir.display()))?;
    let sink =
        Arc::new(OfflineSink::open(&session).with_context(|| format!("can't write to {}", dir.display()))?);
    let mut analysis = Analysis::new(tracks.len());
    if args.resume {
        resume(&session, &mut analysis);
    }
    let listener = Arc::new(Terminal::new(args.json));
    let view = SessionView { dir: dir.into(), tracks, sink: sink.clone(), listener };
    let arguments = text::arguments(config, &model, view, analysis)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
    let outcome = runtime.block_on(work(arguments));
    runtime.shutdown_timeout(Duration::from_secs(2));
    finish(dir, args, &session, &sink, outcome?)
}

/// Each track goes on after its last utterance.
fn resume(session: &Session, analysis: &mut Analysis) {
    for (index, source) in session.manifest.sources.iter().enumerate() {
        let last = session
            .utterances
            .iter()
            .filter(|utterance| utterance.track == source.track)
            .map(|utterance| (utterance.take, utterance.to_frame))
            .max();
        let Some((take, frame)) = last else { continue };
        let takes = session.manifest.takes.iter().filter(|entry| entry.track == source.track);
        if let Some(position) = takes.map(|entry| entry.take).position(|number| number == take) {
            analysis.begin_at(index, position, frame);
        }
    }
}

async fn work(arguments: transcriber::Arguments) -> anyhow::Result<Outcome> {
    let (actor, handle) =
        Actor::spawn(None, Transcriber, arguments).await.context("can't start the transcriber")?;
    let patience = Patience { idle: Duration::from_secs(300), total: Duration::from_secs(30 * 24 * 3600) };
    let finished = actor.call(|reply| transcriber::Message::Finish(patience, reply), None);
    let outcome = tokio::select! {
        answer = finished => match answer {
            Ok(ractor::rpc::CallResult::Success(outcome)) => outcome,
            _ => Outcome::Pending("the transcriber failed".into()),
        },
        _ = tokio::signal::ctrl_c() => Outcome::Pending("Ctrl-C".into()),
        _ = handle => Outcome::Pending("the transcriber failed".into()),
    };
    actor.stop(None);
    Ok(outcome)
}

fn finish(
    dir: &Path,
    args: &Args,
    before: &Session,
    sink: &OfflineSink,
    outcome: Outcome,
) -> anyhow::Result<Exit> {
    match &outcome {
        Outcome::Complete if !args.resume => sink.replace_rest(&before.utterances),
        Outcome::Complete => {}
        Outcome::Pending(reason) => sink.note(Event::TextPending { reason: reason.clone() }),
    }
    sink.finish().with_context(|| format!("can't write to {}", dir.display()))?;
    if let Err(error) = export::write_minutes(dir) {
        say(&format!("the minutes were not written: {error}"));
    }
    let pending = match outcome {
        Outcome::Complete => None,
        Outcome::Pending(reason) => Some(reason),
    };
    if let Some(reason) = &pending {
        say(&format!("not finished ({reason}); go on with: hansard transcribe --resume {}", dir.display()));
    }
    if args.json {
        println!("{}", serde_json::json!({ "session": dir, "text_pending": pending }));
    } else {
        println!("{}", dir.display());
    }
    Ok(if pending.is_some() { Exit::Failed } else { Exit::Well })
}

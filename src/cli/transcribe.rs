//! `hansard transcribe`: a session again, or sound files that become one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ractor::Actor;

use super::record::{self, Request};
use super::signals::Signals;
use super::spec::{SourceSpec, settle_names};
use super::text::{self, Choice, Languages, Terminal, Wanted, print_result, quoted, say};
use super::{Exit, show, wrong_use};
use crate::actors::transcriber::{self, Outcome, Patience, Transcriber};
use crate::actors::{Listener, SessionSink as _, SessionView};
use crate::capture::feed::Pace;
use crate::config::Config;
use crate::export;
use crate::session::disk::SystemDisk;
use crate::session::journal::Event;
use crate::session::lock::SessionLock;
use crate::session::manifest::State;
use crate::session::offline::{self, OfflineError, OfflineSink, Past};
use crate::session::read::{self, Session};
use crate::session::times;
use crate::speech::analysis::Analysis;
use crate::speech::transcript::Utterance;

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
    transcribe_session(&dir, args, &config, &languages)
}

/// Sound files become a session: a recording of them at full speed.
fn transcribe_files(args: &Args, config: &Config, languages: &Languages) -> anyhow::Result<Exit> {
    if args.resume {
        return Err(wrong_use("--resume goes on with a session; sound files become a new one"));
    }
    let specs = args.inputs.iter().map(|path| SourceSpec::of_file(path)).collect();
    let mut specs = settle_names(specs).map_err(|error| wrong_use(error.to_string()))?;
    languages.apply(specs.iter_mut().map(|spec| (spec.name.as_str(), &mut spec.language)))?;
    // Recording without text would be no answer here: no model is an error before anything is made.
    if let Choice::None(reason) =
        text::choose_model(config, specs.iter().map(|spec| spec.language.as_deref()))?
    {
        return Err(wrong_use(reason));
    }
    let title = args.title.clone().or_else(|| specs.first().map(|spec| spec.name.clone()));
    let request = Request {
        title,
        specs,
        options: record::source_options(config, Pace::Max { limit: None }),
        duration: None,
        transcribe: true,
        needs_text: true,
        json: args.json,
    };
    record::record(&request, config)
}

fn transcribe_session(
    dir: &Path,
    args: &Args,
    config: &Config,
    languages: &Languages,
) -> anyhow::Result<Exit> {
    // Nothing is put into a folder that is no session, not even a lock.
    let mut sources = read::read_manifest(dir).map_err(show::exit)?.sources;
    languages.apply(sources.iter_mut().map(|source| (source.name.as_str(), &mut source.language)))?;
    let model = match text::choose_model(config, sources.iter().map(|source| source.language.as_deref()))? {
        Choice::Use(model) => model,
        Choice::None(reason) => return Err(wrong_use(reason)),
    };
    let _lock = SessionLock::take(dir).map_err(|error| wrong_use(error.to_string()))?;
    let session = Session::open(dir).map_err(show::exit)?;
    if session.manifest.state == State::Recording {
        say(
            "this session was not finished in order; its text is made as far as its sound goes; hansard recover mends it",
        );
    }
    let tracks = offline::tracks(&session).map_err(exit)?;
    let past = Past::read(dir).map_err(exit)?;
    let mut analysis = Analysis::new(tracks.len());
    if args.resume {
        resume(&session, past, &mut analysis);
    }
    let sink = Arc::new(OfflineSink::open(&session, past, args.resume).map_err(exit)?);
    let listener = Arc::new(Numbered { terminal: Terminal::new(args.json), sink: sink.clone() });
    let view = SessionView { dir: dir.into(), tracks, sink: sink.clone(), listener };
    let wanted = Wanted { model: &model, sources: &sources, live: false, partials: false };
    let arguments = text::arguments(config, &wanted, view, analysis)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
    let outcome = runtime.block_on(work(arguments));
    runtime.shutdown_timeout(Duration::from_secs(2));
    finish(dir, args, config, &session, &sink, outcome?)
}

/// Wrong input is 1, a failing machine 3.
pub(super) fn exit(error: OfflineError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}

/// Shows utterances with the revision that they have in the transcript.
struct Numbered {
    terminal: Terminal,
    sink: Arc<OfflineSink>,
}

impl Listener for Numbered {
    fn line(&self, utterance: &Utterance) {
        let rev = self.sink.revision(&utterance.id);
        self.terminal.line(&Utterance { rev, ..utterance.clone() });
    }

    fn notice(&self, event: &Event) {
        self.terminal.notice(event);
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

async fn work(arguments: transcriber::Arguments) -> anyhow::Result<Outcome> {
    let mut signals = Signals::new().context("can't take signals over")?;
    let (actor, handle) =
        Actor::spawn(None, Transcriber, arguments).await.context("can't start the transcriber")?;
    let finished = actor.call(|reply| transcriber::Message::Finish(Patience::WITH_PROGRESS, reply), None);
    let outcome = tokio::select! {
        answer = finished => match answer {
            Ok(ractor::rpc::CallResult::Success(outcome)) => outcome,
            _ => Outcome::Pending("the transcriber failed".into()),
        },
        signal = signals.next() => Outcome::Pending(signal.into()),
        _ = handle => Outcome::Pending("the transcriber failed".into()),
    };
    actor.stop(None);
    Ok(outcome)
}

fn finish(
    dir: &Path,
    args: &Args,
    config: &Config,
    before: &Session,
    sink: &OfflineSink,
    outcome: Outcome,
) -> anyhow::Result<Exit> {
    match &outcome {
        Outcome::Complete => sink.replace_rest(&before.latest()),
        Outcome::Pending(reason) => sink.note(Event::TextPending { reason: reason.clone() }),
    }
    sink.finish().with_context(|| format!("can't write to {}", dir.display()))?;
    if let Err(error) = times::settle(&SystemDisk, dir) {
        say(format_args!("the transcript keeps times that are not those of its frames: {error}"));
    }
    if let Err(error) = export::write_minutes(dir, config.minutes.paragraph_pause_s, u64::MAX) {
        say(format_args!("the minutes were not written: {error}"));
    }
    let pending = match outcome {
        Outcome::Complete => None,
        Outcome::Pending(reason) => Some(reason),
    };
    if let Some(reason) = &pending {
        let dir = quoted(dir);
        say(format_args!("not finished ({reason}); go on with: hansard transcribe --resume {dir}"));
    }
    if args.json {
        print_result(serde_json::json!({ "session": dir.to_string_lossy(), "text_pending": pending }));
    } else {
        print_result(dir.display());
    }
    Ok(if pending.is_some() { Exit::Failed } else { Exit::Well })
}

//! `hansard mark TEXT`: marks a moment of a finished session.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use super::text::print_result;
use super::{Exit, say, show, wrong_use};
use crate::actors::SessionSink as _;
use crate::config::Config;
use crate::export::{self, Format};
use crate::session::duration;
use crate::session::journal::Event;
use crate::session::lock::SessionLock;
use crate::session::mark::{self, Mark, MarkKind};
use crate::session::offline::{OfflineSink, Past};
use crate::session::read::{self, Session};

/// A mark may lie so many seconds behind the last sound: the end is told by a clock that rounds.
const AFTER_END_S: f64 = 1.0;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to write down; "Decision: …", "Action: …", "Question: …" and "Note: …" say the kind
    #[arg(value_name = "TEXT")]
    text: String,
    /// What it is [default: what the text begins with, else a note]
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Option<MarkKind>,
    /// The moment, from the session's start: 00:12:30, 12m30s
    #[arg(long, value_name = "TIME", value_parser = duration::position)]
    at: Option<Duration>,
    /// The session: a path, an id or `last`
    #[arg(long, value_name = "S")]
    session: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let (kind, text) = mark::parse(&args.text, args.kind).map_err(|error| wrong_use(error.to_string()))?;
    let Some(name) = &args.session else {
        return Err(wrong_use("which session? --session last, or its path or id"));
    };
    let Some(at) = args.at else {
        return Err(wrong_use(
            "that session is not being recorded: say where the mark belongs with --at 00:12:30",
        ));
    };
    let dir = read::resolve(&config.paths.recordings, name).map_err(show::exit)?;
    let mark = append(&dir, at.as_secs_f64(), kind, text)?;
    refresh_minutes(&dir, config);
    told(&mark, args.json)
}

/// Appends to the journal of a session that nobody is recording.
fn append(dir: &Path, at: f64, kind: MarkKind, text: String) -> anyhow::Result<Mark> {
    // Nothing is put into a folder that is no session, not even a lock.
    read::read_manifest(dir).map_err(show::exit)?;
    let _lock = SessionLock::take(dir).map_err(|error| wrong_use(error.to_string()))?;
    let session = Session::open(dir).map_err(show::exit)?;
    let duration = session.manifest.duration;
    if at > duration + AFTER_END_S {
        let length = export::text::clock(duration, true);
        return Err(wrong_use(format!("the session ends at {length}; --at has to lie before that")));
    }
    let past = Past::read(dir).map_err(super::transcribe::exit)?;
    let sink = OfflineSink::open(&session, past, true).map_err(super::transcribe::exit)?;
    let mark = Mark { id: mark::id(session.amendments.marks_made + 1), at, kind, text };
    sink.note(Event::Mark { id: mark.id.clone(), at, mark: kind, text: mark.text.clone(), withdrawn: false });
    sink.finish().with_context(|| format!("can't write to {}", dir.display()))?;
    Ok(mark)
}

/// What was marked, to whoever asked for it.
fn told(mark: &Mark, json: bool) -> anyhow::Result<Exit> {
    if json {
        print_result(serde_json::to_string(mark)?);
    } else {
        let at = export::text::clock(mark.at, true);
        print_result(format_args!("{} {at} {}: {}", mark.id, mark.kind.title(), mark.text));
    }
    Ok(Exit::Well)
}

/// Minutes that lie in the session are brought up to date, unless a person has changed them: then they are told of it.
pub(super) fn refresh_minutes(dir: &Path, config: &Config) {
    if dir.join(Format::Md.file_name()).exists()
        && let Err(error) = export::write_minutes(dir, config.minutes.paragraph_pause_s, u64::MAX)
    {
        say(format_args!("the minutes were not written again: {error}"));
    }
}

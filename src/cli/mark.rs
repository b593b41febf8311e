//! `hansard mark TEXT`: marks a moment, of the recording that is running or of a session that is over.

use std::sync::Arc;
use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};

use super::console::print_result;
#[cfg(unix)]
use super::control;
use super::named::one_of;
use super::text::quoted;
use super::{Exit, say, show, wrong_use};
use crate::base::duration;
use crate::base::text::{clock, timer};
use crate::care::apply::{self, ApplyError};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
#[cfg(unix)]
use crate::control::{
    Request, Response,
    folder::{self, Running},
};
use crate::session::amend::Amendments;
use crate::session::disk::SystemDisk;
use crate::session::mark::{self, Mark, MarkKind};
use crate::session::read;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to write down; "Decision: …", "Action: …", "Question: …" and "Note: …" say the kind
    #[arg(value_name = "TEXT")]
    text: String,
    /// Kind of mark [default: what the text begins with, else a note]
    #[arg(long, value_parser = kinds(), value_name = "KIND")]
    kind: Option<MarkKind>,
    /// The moment, from the session's start, as it is shown: 12:30 (minutes and seconds), 1:02:30, 12m30s
    /// [default: now, if it is recording]
    #[arg(long, value_name = "TIME", value_parser = duration::position)]
    at: Option<Duration>,
    /// The session: a part of its name, its number in `list`, `last`, `last~1`, a path [default: the only
    /// one that is recording]
    #[arg(long, value_name = "S")]
    session: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

fn kinds() -> impl TypedValueParser<Value = MarkKind> {
    let named = |kind: MarkKind| (PossibleValue::new(kind.name()).help(kind.about()), kind);
    one_of(MarkKind::ALL.map(named).into())
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let (kind, text) = mark::parse(&args.text, args.kind).map_err(|error| wrong_use(error.to_string()))?;
    #[cfg(unix)]
    if let Some(recorder) = recorder(args, config)? {
        return mark_live(recorder, args);
    }
    let Some(name) = &args.session else {
        return Err(wrong_use(if cfg!(unix) {
            "which session? --session last, or its path or id"
        } else {
            "a running recorder can't be reached by other commands on this system yet: when it has ended, give \
             --session last --at 12:30"
        }));
    };
    let dir = read::resolve(&config.paths.recordings, name).map_err(show::exit)?;
    let Some(at) = args.at else {
        return Err(wrong_use(
            "that session is not being recorded: say where the mark belongs with --at 12:30",
        ));
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mark = apply::mark(&SystemDisk, &clock, &dir, at.as_secs_f64(), kind, text).map_err(exit)?;
    super::export::renew(&dir, config, false);
    if let Some(passage) = Amendments::read(&dir).ok().as_ref().and_then(|added| added.hides(mark.at)) {
        let (from, to) = (timer(passage.from), timer(passage.to));
        let (dir, id) = (quoted(&dir), &passage.id);
        say(format_args!(
            "that moment is hidden ({from} to {to}): the mark is kept and shown nowhere, until hansard edit {dir} restore {id}"
        ));
    }
    told(&mark, args.json)
}

/// The recorder to tell; `None` if the named session is over.
#[cfg(unix)]
fn recorder(args: &Args, config: &Config) -> anyhow::Result<Option<Running>> {
    match &args.session {
        None => control::recorder(None, config).map(Some),
        Some(name) => {
            let dir = read::resolve(&config.paths.recordings, name).map_err(show::exit)?;
            Ok(folder::find(&dir))
        }
    }
}

/// Marks a moment of what is being recorded.
#[cfg(unix)]
fn mark_live(recorder: Running, args: &Args) -> anyhow::Result<Exit> {
    let at = args.at.map(|at| at.as_secs_f64());
    match control::ask_of(recorder, &Request::Mark { text: args.text.clone(), kind: args.kind, at })? {
        Response::Marked(mark) => told(&mark, args.json),
        other => Err(anyhow::anyhow!("the recorder answers something else: {other:?}")),
    }
}

/// Wrong input is 1, a failing machine 3.
pub(super) fn exit(error: ApplyError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}

/// Tells the user what was marked.
fn told(mark: &Mark, json: bool) -> anyhow::Result<Exit> {
    if json {
        print_result(serde_json::to_string(mark)?);
    } else {
        let at = clock(mark.at, true);
        print_result(format_args!("{} {at} {}: {}", mark.id, mark.kind.title(), mark.text));
    }
    Ok(Exit::Well)
}

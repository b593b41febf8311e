//! `hansard edit S …`: corrections of a session that is over. What was there stays: `hansard show --history`
//! lists it.

use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;

use super::console::print_result;
use super::mark::refresh_minutes;
use super::{Exit, show, transcribe, wrong_use};
use crate::base::text::{clean, clock};
use crate::base::utterance::Edited;
use crate::care::edit::{self, Change, Edit};
use crate::care::offline::{OfflineSink, Past};
use crate::config::Config;
use crate::live::SessionSink as _;
use crate::session::journal::Event;
use crate::session::lock::SessionLock;
use crate::session::read;
use crate::session::reading::Session;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session: a path, an id or `last`
    #[arg(value_name = "S")]
    session: String,
    /// What to correct
    #[command(subcommand)]
    what: Edit,
    /// As JSON
    #[arg(long, global = true)]
    json: bool,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let dir = read::resolve(&config.paths.recordings, &args.session).map_err(show::exit)?;
    let change = carry_out(&dir, &args.what)?;
    refresh_minutes(&dir, config);
    if args.json {
        print_result(match &change {
            Change::Event(event) => serde_json::to_string(event)?,
            Change::Utterance(line) => serde_json::to_string(line)?,
        });
    } else {
        print_result(told(&change));
    }
    Ok(Exit::Well)
}

/// Appends the correction, under the session's lock.
fn carry_out(dir: &Path, edit: &Edit) -> anyhow::Result<Change> {
    // Nothing is put into a folder that is not a session, not even a lock.
    read::read_manifest(dir).map_err(show::exit)?;
    let _lock = SessionLock::take(dir).map_err(|error| wrong_use(error.to_string()))?;
    let session = Session::open(dir).map_err(show::exit)?;
    let past = Past::read(dir).map_err(transcribe::exit)?;
    let edited = Edited { utc: Timestamp::now(), journal: past.lines() };
    let change = edit::plan(&session, edit, edited).map_err(|error| wrong_use(error.to_string()))?;
    let sink = OfflineSink::open(&session, past, true).map_err(transcribe::exit)?;
    match &change {
        Change::Event(event) => sink.note(event.clone()),
        Change::Utterance(line) => sink.write_edited(line),
    }
    sink.finish().with_context(|| format!("can't write to {}", dir.display()))?;
    Ok(change)
}

/// What was done, to a person.
fn told(change: &Change) -> String {
    match change {
        Change::Event(Event::Renamed { from, to }) => format!("{} is {} now", clean(from), clean(to)),
        Change::Event(Event::Hidden { id, from, to, shown }) => {
            let what = if *shown { "shown again" } else { "hidden" };
            format!("{id}: {} to {} is {what}", clock(*from, true), clock(*to, true))
        }
        Change::Event(Event::Mark { id, .. }) => format!("{id} is taken back"),
        Change::Event(_) => String::new(),
        Change::Utterance(line) => {
            let held = if line.is_shown() { "" } else { " [withheld]" };
            format!("{} rev {}: {}: {}{held}", line.id, line.rev, clean(&line.speaker), clean(&line.text))
        }
    }
}

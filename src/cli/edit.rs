//! `hansard edit S …`: corrections of a session that is over. What was there stays: `hansard show --history` lists it.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use jiff::Timestamp;

use super::mark::refresh_minutes;
use super::text::print_result;
use super::{Exit, show, transcribe, wrong_use};
use crate::actors::SessionSink as _;
use crate::config::Config;
use crate::export::text::{clean, clock};
use crate::session::duration;
use crate::session::edit::{self, Change, Edit};
use crate::session::journal::Event;
use crate::session::lock::SessionLock;
use crate::session::offline::{OfflineSink, Past};
use crate::session::read::{self, Session};
use crate::speech::transcript::Edited;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session: a path, an id or `last`
    #[arg(value_name = "S")]
    session: String,
    /// What to correct
    #[command(subcommand)]
    what: What,
    /// As JSON
    #[arg(long, global = true)]
    json: bool,
}

/// What can be corrected. Ids are those of `hansard show S --ids`.
#[derive(Debug, Subcommand)]
enum What {
    /// Give a speaker another name, in all that was and will be transcribed
    Rename {
        /// As it stands
        old: String,
        /// As it is to stand
        new: String,
    },
    /// Make one speaker of two: what FROM said stands under INTO
    Merge {
        /// Who goes
        from: String,
        /// Who stays
        into: String,
    },
    /// Correct the words of a line
    Line {
        /// The line
        id: String,
        /// What was said
        text: String,
    },
    /// Say who said a line
    Speaker {
        /// The line
        id: String,
        /// Who
        name: String,
    },
    /// Keep a line out of the minutes
    Withhold {
        /// The line
        id: String,
    },
    /// Put a line that was withheld, or an echo, into the minutes; or show a hidden passage again
    Restore {
        /// The line or the passage
        id: String,
    },
    /// Hide a passage: no export shows what was said there, or marked
    Hide {
        /// Its beginning, from the session's start: 00:12:30, 12m30s
        #[arg(long, value_name = "TIME", value_parser = duration::position)]
        from: Duration,
        /// Its end
        #[arg(long, value_name = "TIME", value_parser = duration::position)]
        to: Duration,
    },
    /// Take a mark back
    Unmark {
        /// The mark
        id: String,
    },
}

impl What {
    fn edit(&self) -> Edit {
        match self {
            Self::Rename { old, new } => Edit::Rename { old: old.clone(), new: new.clone() },
            Self::Merge { from, into } => Edit::Merge { from: from.clone(), into: into.clone() },
            Self::Line { id, text } => Edit::Line { id: id.clone(), text: text.clone() },
            Self::Speaker { id, name } => Edit::Speaker { id: id.clone(), name: name.clone() },
            Self::Withhold { id } => Edit::Withhold { id: id.clone() },
            Self::Restore { id } => Edit::Restore { id: id.clone() },
            Self::Hide { from, to } => Edit::Hide { from: from.as_secs_f64(), to: to.as_secs_f64() },
            Self::Unmark { id } => Edit::Unmark { id: id.clone() },
        }
    }
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let dir = read::resolve(&config.paths.recordings, &args.session).map_err(show::exit)?;
    let change = carry_out(&dir, &args.what.edit())?;
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

/// Appends what has to be, under the session's lock.
fn carry_out(dir: &Path, edit: &Edit) -> anyhow::Result<Change> {
    // Nothing is put into a folder that is no session, not even a lock.
    read::read_manifest(dir).map_err(show::exit)?;
    let _lock = SessionLock::take(dir).map_err(|error| wrong_use(error.to_string()))?;
    let session = Session::open(dir).map_err(show::exit)?;
    let past = Past::read(dir).map_err(transcribe::exit)?;
    let edited = Edited { utc: Timestamp::now(), journal: past.lines() };
    let change = edit::plan(&session, edit, edited).map_err(|error| wrong_use(error.to_string()))?;
    let sink = OfflineSink::open(&session, past, true).map_err(transcribe::exit)?;
    match &change {
        Change::Event(event) => sink.note(event.clone()),
        Change::Utterance(line) => sink.write_edited((**line).clone()),
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

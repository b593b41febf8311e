//! `hansard edit S …`: corrections of a session, also of one that is being recorded. What was there stays:
//! `hansard show --history` lists it.

use std::path::{Path, PathBuf};

use super::console::{print_result, say};
use super::{Exit, export, rm, show, wrong_use};
use crate::base::duration;
use crate::base::text::{clean, clock, count};
use crate::base::utterance::Utterance;
use crate::care::edit::{self, Change, Edit};
use crate::config::Config;
use crate::engine::split::{self, Split};
use crate::session::amend::Amendments;
use crate::session::details::Detail;
use crate::session::journal::Event;
use crate::session::read;

mod carry;
#[cfg(unix)]
mod naming;
mod page;
mod replacing;

#[cfg(unix)]
pub(super) use naming::naming;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session: a part of its name, its number in `list`, `last`, `last~1`, a path
    #[arg(value_name = "S")]
    session: String,
    /// What to correct; without it the text opens in your editor (VISUAL, EDITOR), a line for each utterance
    #[command(subcommand)]
    what: Option<What>,
    /// Take up a page that was edited before, instead of opening an editor
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// Only say what would be corrected
    #[arg(long, global = true)]
    dry_run: bool,
    /// As JSON
    #[arg(long, global = true)]
    json: bool,
}

/// What is to be corrected. Ids are those of `hansard show S --ids`; a line also goes by the time at which it
/// begins, 12:30.
#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Give a speaker another name, in all that was and will be transcribed
    Rename {
        /// As it stands
        old: String,
        /// As it is to stand; nobody else may have it
        new: String,
    },
    /// Say whose a voice is, in all that was and will be transcribed
    Name {
        /// What it is called now, "Voice 2", or its id in hansard voices S
        voice: String,
        /// Whose it is
        name: String,
    },
    /// Make one speaker of two: what FROM said stands under INTO
    Merge {
        /// Who goes
        from: String,
        /// Who stays
        into: String,
    },
    /// Make two of a voice that is two people's; the one who is heard first keeps its name. A later
    /// `transcribe` hears all voices anew
    Split {
        /// What it is called now, "Voice 2", or its number or id in hansard voices S
        voice: String,
    },
    /// Put one word, or several, in place of others, wherever they stand; lists the places where there are
    /// several, until --all says so
    Replace(replacing::Args),
    /// Correct the words of a line
    Line {
        /// The line, by its id or the time at which it begins
        id: String,
        /// What was said
        text: String,
    },
    /// Say who said a line; the other lines of a voice that nobody has named learn from it
    Speaker {
        /// The line, by its id or the time at which it begins
        id: String,
        /// Who
        name: String,
    },
    /// Keep a line out of the minutes
    Withhold {
        /// The line, by its id or the time at which it begins
        id: String,
    },
    /// Put a line that was withheld, or an echo, into the minutes; or show a hidden passage again
    Restore {
        /// The line or the passage
        id: String,
    },
    /// Hide a passage: no export shows what was said there, or marked
    Hide {
        /// Its beginning, from the session's start, as it is shown: 12:30 (minutes and seconds), 1:02:30,
        /// 12m30s
        #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
        from: f64,
        /// Its end
        #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
        to: f64,
    },
    /// Take a mark back
    Unmark {
        /// The mark
        id: String,
    },
    /// Give the meeting another title; its folder and its id stay
    Title {
        /// As it is to stand
        title: String,
    },
    /// Say where the meeting was; "" takes it away
    Place {
        /// As it is to stand
        place: String,
    },
    /// Say who was there; this list replaces the one before
    Present {
        /// Names, also several in one with ; between them; "" takes all away
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Say who had sent word that they would not come
    Excused {
        /// Names, also several in one with ; between them; "" takes all away
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Say who was asked to come
    Invited {
        /// Names, also several in one with ; between them; "" takes all away
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Say that those who were there agreed to be recorded, and how
    Consent {
        /// A sentence; "" takes it away
        text: String,
    },
    /// Say what the meeting was to be about
    Agenda {
        /// Its points in order, also several in one with ; between them; "" takes all away
        #[arg(required = true, value_name = "POINT")]
        points: Vec<String>,
    },
}

impl What {
    /// The verb, where it must not stand.
    const fn name(&self) -> &'static str {
        match self {
            Self::Replace(_) => "replace",
            Self::Split { .. } => "split",
            _ => "a verb",
        }
    }
}

impl From<&What> for Edit {
    fn from(what: &What) -> Self {
        match what.clone() {
            What::Rename { old, new } => Self::Rename { old, new },
            What::Name { voice, name } => Self::Name { voice, name },
            What::Merge { from, into } => Self::Merge { from, into },
            What::Split { .. } | What::Replace(_) => unreachable!("handled before"),
            What::Line { id, text } => Self::Line { id, text },
            What::Speaker { id, name } => Self::Speaker { id, name },
            What::Withhold { id } => Self::Withhold { id },
            What::Restore { id } => Self::Restore { id },
            What::Hide { from, to } => Self::Hide { from, to },
            What::Unmark { id } => Self::Unmark { id },
            What::Title { title } => Self::Describe { detail: Detail::Title, written: vec![title] },
            What::Place { place } => Self::Describe { detail: Detail::Place, written: vec![place] },
            What::Present { names } => Self::Describe { detail: Detail::Present, written: names },
            What::Excused { names } => Self::Describe { detail: Detail::Excused, written: names },
            What::Invited { names } => Self::Describe { detail: Detail::Invited, written: names },
            What::Consent { text } => Self::Describe { detail: Detail::Consent, written: vec![text] },
            What::Agenda { points } => Self::Describe { detail: Detail::Agenda, written: points },
        }
    }
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let dir = read::resolve(&config.paths.recordings, &args.session).map_err(show::exit)?;
    let what = match &args.what {
        Some(what) if args.text.is_some() => {
            return Err(wrong_use(format!(
                "--text takes up a page that was edited: it goes without {}",
                what.name()
            )));
        }
        Some(What::Split { .. }) if args.dry_run => {
            return Err(wrong_use("voices are heard again to split one: that has no --dry-run"));
        }
        Some(What::Split { voice }) => return split(&dir, voice, args.json, config),
        Some(What::Replace(replacing)) => {
            let (exit, changed) = replacing::replace(&dir, replacing, args.dry_run, args.json)?;
            return Ok(done(exit, changed, &dir, config));
        }
        None => {
            let how = page::How { file: args.text.as_deref(), dry_run: args.dry_run, json: args.json };
            let (exit, changed) = page::edit(&dir, &how)?;
            return Ok(done(exit, changed, &dir, config));
        }
        Some(what) => what,
    };
    let marked = Amendments::read(&dir).map(|added| added.marks).unwrap_or_default();
    let edit = Edit::from(what);
    let (changes, ()) =
        carry::correct(&dir, args.dry_run, |session, edited| Ok((edit::plan(session, &edit, edited)?, ())))?;
    match args.dry_run {
        true => say("only tried: nothing was changed"),
        false => {
            let is_hiding = |change: &Change| matches!(change, Change::Event(Event::Hidden { .. }));
            brought_up(&dir, config, changes.iter().any(is_hiding));
        }
    }
    if let [Change::Event(Event::Hidden { id, from, to, shown: false })] = &changes[..] {
        let hidden = marked.iter().filter(|mark| (*from..=*to).contains(&mark.at)).count() as u64;
        if hidden > 0 {
            say(format_args!("{} in it is hidden too, until {id} is restored", count(hidden, "mark")));
        }
    }
    tell(what, args.json, &changes)
}

fn done(exit: Exit, changed: bool, dir: &Path, config: &Config) -> Exit {
    if changed {
        brought_up(dir, config, false);
    }
    exit
}

/// What was made of a session that was corrected is brought up to date; what the search knows of it may be
/// what must not be found any more. `sound` says that what is to be heard has changed, too.
fn brought_up(dir: &Path, config: &Config, sound: bool) {
    export::renew(dir, config, sound);
    rm::forget_in_index(config, &[dir.to_owned()]);
}

fn tell(what: &What, json: bool, changes: &[Change]) -> anyhow::Result<Exit> {
    if !json {
        print_result(told(what, changes));
        return Ok(Exit::Well);
    }
    for change in changes {
        print_result(match change {
            Change::Event(event) => serde_json::to_string(event)?,
            Change::Utterance(line) => serde_json::to_string(line)?,
        });
    }
    Ok(Exit::Well)
}

fn split(dir: &Path, voice: &str, json: bool, config: &Config) -> anyhow::Result<Exit> {
    let split = split::split(dir, voice).map_err(|error| match error.is_failure() {
        true => error.into(),
        false => wrong_use(error.to_string()),
    })?;
    export::renew(dir, config, false);
    let Split { kept, new, lines } = &split;
    if json {
        print_result(serde_json::json!({ "kept": kept, "new": new, "lines": lines }));
    } else {
        let lines = count(*lines as u64, "line");
        print_result(format!("{} is two voices now: {kept} and {new}, who says {lines}", clean(voice)));
    }
    Ok(Exit::Well)
}

/// What was done, to a person.
fn told(what: &What, changes: &[Change]) -> String {
    let is_now = |old: &str, new: &str| format!("{} is {} now", clean(old), clean(new));
    match what {
        What::Rename { old, new } => return is_now(old, new),
        What::Name { voice, name } => return is_now(voice, name),
        What::Merge { from, into } => return is_now(from, into),
        _ => {}
    }
    match (changes.first(), what) {
        (None, _) => String::new(),
        // What the line has of it may be no more than the number of a voice.
        (Some(Change::Utterance(line)), What::Speaker { name, .. }) => {
            let line = Utterance { speaker: name.clone(), ..(**line).clone() };
            one_told(&Change::Utterance(Box::new(line)))
        }
        (Some(change), _) => one_told(change),
    }
}

fn one_told(change: &Change) -> String {
    match change {
        Change::Event(Event::Hidden { id, from, to, shown }) => {
            let what = if *shown { "shown again" } else { "hidden" };
            format!("{id}: {} to {} is {what}", clock(*from, true), clock(*to, true))
        }
        Change::Event(Event::Mark { id, .. }) => format!("{id} is taken back"),
        Change::Event(Event::Described { detail, lines }) if lines.is_empty() => {
            format!("{}: nothing", detail.name())
        }
        Change::Event(Event::Described { detail, lines }) => {
            format!("{}: {}", detail.name(), lines.join("; "))
        }
        Change::Event(_) => String::new(),
        Change::Utterance(line) => {
            let held = if line.is_shown() { "" } else { " [withheld]" };
            format!("{} rev {}: {}: {}{held}", line.id, line.rev, clean(&line.speaker), clean(&line.text))
        }
    }
}

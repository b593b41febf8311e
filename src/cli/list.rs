//! `hansard list`: the sessions, oldest first, so that `last` stands above the prompt; each with a number by
//! which other verbs know it, 1 being the last.

use std::io::{self, Write as _};

use serde::Serialize;

use super::{Exit, rm, say, show};
use crate::base::text::{clean, clock, count, fit, name};
use crate::config::Config;
use crate::export::account;
use crate::session::amend::{self, Amendments};
use crate::session::erased::Part;
use crate::session::final_pass::FinalPass;
use crate::session::lock::SessionLock;
use crate::session::manifest::State;
use crate::session::read::{Found, TRANSCRIPT, is_ambiguous, list, wall};
use crate::session::texted::Texted;

/// Columns of a line, unless an id or a title alone is longer.
const COLUMNS: usize = 80;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What lies in the trash, instead
    #[arg(long)]
    trash: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    /// By which other verbs know it until there is a newer session.
    number: usize,
    id: String,
    path: String,
    title: String,
    /// Local time of the meeting with its offset.
    start: String,
    start_utc: String,
    duration_s: f64,
    people: Vec<String>,
    state: State,
    /// `None` means that nobody knows how much.
    lost_s: Option<f64>,
    /// The text has not been made, or not to its end.
    text_pending: bool,
    /// The final pass that has begun and is not complete.
    final_pass: Option<Passing>,
}

/// A final pass.
#[derive(Serialize)]
struct Passing {
    #[serde(flatten)]
    pass: FinalPass,
    running: bool,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    if args.trash {
        return rm::list_trash(&config.paths.recordings, config.retention.trash, args.json);
    }
    let listing = list(&config.paths.recordings).map_err(show::exit)?;
    for (_, error) in &listing.unreadable {
        say(error);
    }
    let mut out = io::stdout().lock();
    if args.json {
        let rows: Vec<Row> = numbered(&listing.sessions).map(|(number, found)| row(number, found)).collect();
        serde_json::to_writer_pretty(&mut out, &rows)?;
        writeln!(out)?;
        return Ok(Exit::Well);
    }
    if listing.sessions.is_empty() {
        let dir = config.paths.recordings.display();
        say(format_args!("no sessions in {dir} yet; `hansard record` makes one"));
    }
    if let Some(earlier) = config.earlier_recordings() {
        let sessions = list(&earlier).map_or(0, |listing| listing.sessions.len());
        if sessions > 0 {
            say(format_args!(
                "{} in {}, where recordings went before: name them by their path, or move them here",
                count(sessions as u64, "session"),
                earlier.display()
            ));
        }
    }
    for (number, found) in numbered(&listing.sessions) {
        let manifest = &found.manifest;
        let start = wall(&manifest.start, 0.0);
        let format = if is_ambiguous(&start) { "%Y-%m-%d %H:%M %:z" } else { "%Y-%m-%d %H:%M" };
        let start = start.strftime(format).to_string();
        let title = fit(&name(&title(found)), COLUMNS - 33);
        writeln!(out, "{number:>3}  {start}  {:>8}  {title}", clock(manifest.duration, true))?;
        // The id is for copying: it is never cut; names give way.
        let mut line = format!("    {}", clean(&manifest.id));
        let notes = notes(found);
        let room = COLUMNS.saturating_sub(line.chars().count() + notes.chars().count() + 2).max(12);
        let people = fit(&row(number, found).people.join(", "), room);
        line.push_str(&format!("  {people}{notes}"));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(Exit::Well)
}

/// What a reader must know beside the names.
fn notes(found: &Found) -> String {
    let mut notes = String::new();
    if found.manifest.state == State::Recording {
        notes +=
            if SessionLock::is_held(&found.dir) { " · in use" } else { " · not finished: hansard recover" };
    }
    let lost = account::lost(&found.manifest);
    if lost.is_any() {
        notes += &format!(" · {lost} lost");
    }
    if is_sound_removed(found) {
        notes += " · sound removed";
    }
    if is_pending(found) {
        notes += " · text not made yet";
    }
    if let Some(Passing { pass, running }) = passing(found) {
        let stopped = if running { "" } else { ", stopped" };
        notes += &format!(" · final pass: {}{stopped}", clean(&pass.told()));
    }
    notes
}

/// The sessions with their numbers, as they are listed.
fn numbered(sessions: &[Found]) -> impl Iterator<Item = (usize, &Found)> {
    sessions.iter().enumerate().map(|(place, found)| (sessions.len() - place, found))
}

fn row(number: usize, found: &Found) -> Row {
    let manifest = &found.manifest;
    let mut people: Vec<String> = Vec::new();
    for source in &manifest.sources {
        let name = name(&source.name);
        if !people.contains(&name) {
            people.push(name);
        }
    }
    Row {
        number,
        id: manifest.id.clone(),
        path: found.dir.display().to_string(),
        title: title(found),
        start: wall(&manifest.start, 0.0).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        start_utc: manifest.start.utc.to_string(),
        duration_s: manifest.duration,
        people,
        state: manifest.state,
        lost_s: account::lost(manifest).known(),
        text_pending: is_pending(found),
        final_pass: passing(found),
    }
}

fn passing(found: &Found) -> Option<Passing> {
    let pass = FinalPass::read(&found.dir)?;
    Some(Passing { pass, running: FinalPass::is_running(&found.dir) })
}

/// The title that counts.
fn title(found: &Found) -> String {
    amend::title(&found.dir).unwrap_or_else(|| found.manifest.title.clone())
}

/// Whether the sound was removed. The journal is only asked where no track has a file.
fn is_sound_removed(found: &Found) -> bool {
    let has_file = found.manifest.takes.iter().any(|take| found.dir.join(&take.file).is_file());
    let is_erased = || Amendments::read(&found.dir).is_ok_and(|added| added.erased(Part::Sound).is_some());
    !has_file && is_erased()
}

/// Whether there is text that has not been made.
fn is_pending(found: &Found) -> bool {
    let lines = std::fs::metadata(found.dir.join(TRANSCRIPT)).is_ok_and(|data| data.len() > 0);
    !Texted::is_made(&found.dir, lines)
}

//! `hansard verify S`: whether the files are what the journal says, in words for the person who keeps the
//! minutes.

use std::io::{self, Write};

use serde::Serialize;

use super::{Exit, show, wrong_use};
use crate::base::text::{clean, clock, grouped, length, name, wrap};
use crate::care::replay::{self, ReplayError};
use crate::care::verify::{Problem, Report, Standing, TakeReport, TrackReport, Wrong, verify};
use crate::config::Config;
use crate::export::{account, pending};
use crate::session::amend::Amendments;
use crate::session::erased::Part;
use crate::session::read::resolve;
use crate::session::reading::Session;

/// Columns of a line.
const COLUMNS: usize = 80;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session: a part of its name, its number in `list`, `last`, `last~1`, a path
    #[arg(value_name = "S")]
    session: String,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// That text has not been made yet, and how it is made.
    text_pending: Option<String>,
    exit: u8,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let dir = resolve(&config.paths.recordings, &args.session).map_err(show::exit)?;
    let report = verify(&dir).map_err(exit)?;
    let exit = verdict(&report);
    // A session that can't be read otherwise has been found wrong by now.
    let session = Session::open(&dir).ok();
    let text_pending = session.as_ref().and_then(pending::of).map(|pending| pending.text());
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &Json { report: &report, text_pending, exit: exit as u8 })?;
        writeln!(out)?;
    } else {
        print(&mut out, &report)?;
        for line in text_pending.iter().flat_map(|text| wrap(text, COLUMNS)) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(exit)
}

/// Wrong input is 1, a failing machine 3.
pub(super) fn exit(error: ReplayError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}

fn verdict(report: &Report) -> Exit {
    if !report.problems.is_empty() {
        Exit::Failed
    } else if report.has_losses() {
        Exit::Losses
    } else {
        Exit::Well
    }
}

fn print(out: &mut impl Write, report: &Report) -> io::Result<()> {
    writeln!(out, "{} ({})", name(&report.title), clean(&report.id))?;
    match report.state {
        Standing::Closed => {}
        Standing::Recording => {
            writeln!(out, "Being recorded at this moment: what is committed was checked.")?
        }
        Standing::Dirty => {
            writeln!(out, "Not finished in order: its recorder died. What is committed was checked;")?;
            writeln!(out, "hansard recover {} mends it.", report.session.display())?;
        }
    }
    writeln!(out)?;
    let mut lines = report.manifest.as_ref().map(account::lines).unwrap_or_default();
    if let (Some(manifest), Ok(scan)) = (&report.manifest, replay::scan(&report.session)) {
        account::add_silences(&mut lines, &scan.replay, manifest.duration);
    }
    for (track, line) in report.tracks.iter().zip(&lines) {
        let wrong = report.problems.iter().any(|problem| problem.track.as_deref() == Some(&track.track));
        let is_removed = track.takes.iter().any(|take| take.removed.is_some());
        let verdict = match (wrong, track.account.lost.0 > 0) {
            (true, _) => "NOT AS RECORDED",
            (false, _) if is_removed => "sound removed",
            (false, true) => "as recorded, with losses",
            (false, false) => "as recorded",
        };
        writeln!(out, "{}: {verdict}; {}", name(&track.name), coverage(track))?;
        for clause in line.losses.iter().chain(&line.absences) {
            indented(out, &clause.to_string())?;
        }
        for (from, to) in &track.unexplained {
            indented(out, &format!("sound is missing without a word between {} and {}", at(*from), at(*to)))?;
        }
        let basis = if track.clocked { "" } else { " (this source has no clock: expected is what it gave)" };
        indented(out, &format!("{}{basis}", line.equation()))?;
        for take in &track.takes {
            indented(out, &measured(take))?;
        }
    }
    for problem in &report.problems {
        writeln!(out, "\n{}", describe(problem))?;
    }
    writeln!(out)?;
    if let Some(day) = report.sound_removed() {
        let by = Amendments::read(&report.session).ok();
        let by = by.as_ref().and_then(|added| added.erased(Part::Sound)).map(|erased| clean(&erased.by));
        let text = format!(
            "The sound was removed on {day} ({}): what it was can't be checked any more. The account is the journal's.",
            by.unwrap_or_default()
        );
        for line in wrap(&text, COLUMNS) {
            writeln!(out, "{line}")?;
        }
    }
    for line in wrap(conclusion(report), COLUMNS) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// `00:12:30 checked` and what could not be.
fn coverage(track: &TrackReport) -> String {
    let seconds = |frames: fn(&TakeReport) -> u64| -> f64 {
        track.takes.iter().map(|take| frames(take) as f64 / f64::from(take.rate.0)).sum()
    };
    let checked = seconds(|take| take.checked.0);
    let mut text = format!("{} checked", length(checked));
    let unchecked = seconds(|take| take.unchecked.0);
    if unchecked > 0.0 {
        text += &format!(", {} after the last commit unchecked", length(unchecked));
    }
    if track.takes.len() != 1 {
        text += &format!(", {} takes", track.takes.len());
    }
    text
}

/// `tracks/alice.wav: from 00:00:00, clock +12.3 ppm, residual 0.12 ms`
fn measured(take: &TakeReport) -> String {
    let clock = match take.clock.points {
        0 => "clock not measured".to_owned(),
        _ => format!("clock {:+.1} ppm, residual {:.2} ms", take.clock.ppm, take.clock.residual_ms),
    };
    let trouble = take.warning.as_ref().map(|text| format!("; WARNING: it {text}")).unwrap_or_default();
    let open = if take.open { ", not ended" } else { "" };
    format!("{}: from {} to {}{open}, {clock}{trouble}", clean(&take.file), at(take.start), at(take.end))
}

/// What is wrong, where, and what to do.
fn describe(problem: &Problem) -> String {
    let mut text = format!("{}: {}", clean(&problem.file), clean(&problem.text));
    if let Some((from, to)) = problem.seconds {
        text += &format!("\n  from {} to {} of the session", at(from), at(to));
    }
    if let Some((from, to)) = problem.frames {
        text += &format!(" (frames {} to {} of the file)", grouped(from.0), grouped(to.0));
    }
    let advice = match problem.wrong {
        Wrong::Missing | Wrong::Truncated | Wrong::Altered => "  If there is a copy of it, put it back.",
        Wrong::Lengthened => "  What was recorded is whole; players may play the rest too.",
        Wrong::Header => {
            "  The sound itself is checked apart from it; hansard recover writes the header anew."
        }
        Wrong::NotAFile | Wrong::Unreadable | Wrong::Account | Wrong::Manifest => return text,
    };
    format!("{text}\n{advice}")
}

fn conclusion(report: &Report) -> &'static str {
    if report.sound_removed().is_some() && report.problems.is_empty() {
        return "All else is what the journal says.";
    }
    match (verdict(report), report.state) {
        (Exit::Failed, _) => "The files are not what the journal says.",
        (Exit::Losses, _) => "The files are what the journal says. Sound is missing, as named above.",
        (_, Standing::Closed) => "The files are what the journal says, and nothing is lost.",
        _ => "So far the files are what the journal says, and nothing is lost.",
    }
}

/// Session time to a hundredth of a second.
fn at(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    format!("{}.{:02}", clock(seconds.floor(), true), ((seconds.fract()) * 100.0) as u64)
}

fn indented(out: &mut impl Write, text: &str) -> io::Result<()> {
    for (n, line) in wrap(text, COLUMNS - 6).iter().enumerate() {
        writeln!(out, "{:indent$}{line}", "", indent = if n == 0 { 2 } else { 6 })?;
    }
    Ok(())
}

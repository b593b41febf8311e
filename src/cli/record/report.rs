//! What `record` says at its end, in three lines: what was recorded, whether anything is missing (a line more
//! for each loss), where the minutes are. And the exit code. `show` and `verify` have the details.

use std::io::IsTerminal as _;
use std::path::Path;

use crate::base::text::{clock, count};
use crate::care::replay;
use crate::cli::Exit;
use crate::cli::console::{print_result, say};
use crate::cli::text::quoted;
use crate::engine::{Ended, Recorded};
use crate::export;
use crate::export::account::{AccountLine, Clause};
use crate::session::manifest::{GapCause, Manifest, SourceKind, TrackAccount};
use crate::session::read::read_manifest;
use crate::session::texted::NOT_ASKED;

/// File of the minutes in a session.
const MINUTES: &str = "minutes.md";

/// What a person, or a script with `--json`, is told at the end. `recorded` is what became of the text, if
/// any was wanted; `last` whether the session can be called so.
pub(super) fn report(
    dir: &Path,
    ended: &Ended,
    recorded: Option<&Recorded>,
    (json, last): (bool, bool),
) -> Exit {
    for problem in recorded.into_iter().flat_map(|recorded| &recorded.problems) {
        say(problem);
    }
    let (exit, account, errors) = judge(dir, ended, "recorded");
    let pending = recorded.map_or(Some(NOT_ASKED), |recorded| recorded.pending.as_deref());
    if let Some(reason) = pending {
        let resume =
            if recorded.is_some_and(|recorded| recorded.final_pass) { "--resume --long " } else { "" };
        say(format_args!(
            "text is pending ({reason}); make it with: hansard transcribe {resume}{}",
            quoted(dir)
        ));
    } else {
        say_minutes(dir, &if last { "last".to_owned() } else { quoted(dir) });
    }
    if json {
        let duration = ended.closed.as_ref().map(|closed| closed.duration);
        print_result(serde_json::json!({
            "session": dir.to_string_lossy(), "duration": duration, "account": account, "errors": errors,
            "text_pending": pending, "exit": exit as u8,
        }));
    } else {
        print_place(dir);
    }
    exit
}

/// Where the minutes are, and how they are opened; `session` is how it can be called.
pub(in crate::cli) fn say_minutes(dir: &Path, session: &str) {
    let minutes = dir.join(MINUTES);
    if !minutes.is_file() {
        return;
    }
    say(format_args!(
        "minutes: {} · read them: hansard show {session} · as a page with sound: hansard export {session} --format html",
        minutes.display()
    ));
}

/// The session's folder, for scripts: a person at a terminal has just read where it is.
pub(in crate::cli) fn print_place(dir: &Path) {
    if !std::io::stdout().is_terminal() {
        print_result(dir.display());
    }
}

/// Says what was captured (`done` to it) and what was not; how that went, where every frame is, and what went
/// wrong.
pub(super) fn judge(dir: &Path, ended: &Ended, done: &str) -> (Exit, serde_json::Value, Vec<String>) {
    let account = ended.closed.as_ref().map(|closed| closed.account.clone()).unwrap_or_default();
    let errors = ended.closed.as_ref().map(|closed| closed.errors.clone()).unwrap_or_default();
    for error in &errors {
        say(error);
    }
    let duration = ended.closed.as_ref().map(|closed| closed.duration);
    let told = captured(dir, &account, (duration, !errors.is_empty()), done);
    let lost = account.iter().any(|track| track.lost.0 > 0);
    let exit = if ended.recorder_failed || ended.closed.is_none() || told.is_none() {
        Exit::Failed
    } else if lost || !errors.is_empty() {
        Exit::Losses
    } else {
        Exit::Well
    };
    (exit, told.unwrap_or_else(|| serde_json::json!(account)), errors)
}

/// The account in lines. Gives it as JSON, unless the session can't be read.
fn captured(
    dir: &Path,
    account: &[TrackAccount],
    (duration, trouble): (Option<f64>, bool),
    done: &str,
) -> Option<serde_json::Value> {
    match read_manifest(dir) {
        Ok(manifest) => {
            let duration = duration.unwrap_or(manifest.duration);
            let manifest = Manifest { account: account.to_vec(), ..manifest };
            let mut lines = export::account::lines(&manifest);
            if let Ok(scan) = replay::scan(dir) {
                export::account::add_silences(&mut lines, &scan.replay, duration);
            }
            told(&manifest, &lines, (duration, trouble), done).iter().for_each(say);
            Some(export::account::json(&manifest))
        }
        // The disk is gone or full: then without the names and the rates that stand there.
        Err(error) => {
            say(error);
            for track in account {
                let (written, expected, lost) = (track.written, track.expected, track.lost);
                say(format_args!("{}: {written} of {expected} frames captured, {lost} LOST", track.track));
            }
            None
        }
    }
}

/// `recorded 0:41:20 of Weekly sync from 3 sources: Alice, Bob, Remote`, whether it is complete, and a line
/// for each loss. `trouble` has been told above.
fn told(
    manifest: &Manifest,
    lines: &[AccountLine],
    (duration, trouble): (f64, bool),
    done: &str,
) -> Vec<String> {
    let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
    let title = crate::base::text::name(&manifest.title);
    let is_file = |source: &crate::session::manifest::SourceEntry| source.kind == SourceKind::File;
    let what = if manifest.sources.iter().all(is_file) { "file" } else { "source" };
    let mut out = vec![format!(
        "{done} {} of {title} from {}: {}",
        clock(duration, true),
        count(names.len() as u64, what),
        names.join(", ")
    )];
    let lost = lines.iter().filter(|line| line.lost.is_any());
    let lost: Vec<String> = lost.map(|line| format!("{} LOST of {}", line.lost, line.name)).collect();
    let mut complete = match (lost.is_empty(), trouble) {
        (true, false) => "complete: nothing was lost".to_owned(),
        (true, true) => "nothing of what was recorded is lost, but there was trouble: see above".to_owned(),
        (false, _) => format!("NOT COMPLETE: {}", lost.join(", ")),
    };
    for (clause, names) in absences(lines) {
        complete += &format!("; {}: {clause}", names.join(", "));
    }
    out.push(complete);
    for line in lines {
        out.extend(line.losses.iter().map(|clause| format!("{}: {clause}", line.name)));
    }
    out
}

/// What is not there without being lost, and of whom; without what is so in every recording: that devices
/// begin a moment late, and that some sources end before others.
fn absences(lines: &[AccountLine]) -> Vec<(String, Vec<&str>)> {
    let is_usual = |clause: &&Clause| {
        matches!(clause, Clause::Missing { why: Some((GapCause::NotStarted | GapCause::Ended, _)), .. })
    };
    let mut all: Vec<(String, Vec<&str>)> = Vec::new();
    for line in lines {
        for clause in line.absences.iter().filter(|clause| !is_usual(clause)) {
            let clause = clause.to_string();
            match all.iter_mut().find(|(known, _)| *known == clause) {
                Some((_, names)) => names.push(&line.name),
                None => all.push((clause, vec![&line.name])),
            }
        }
    }
    all
}

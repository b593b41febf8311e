//! What `record` says at its end: what was captured, what was not, and the exit code.

use std::path::Path;

use crate::care::replay;
use crate::cli::Exit;
use crate::cli::console::{print_result, say};
use crate::cli::text::quoted;
use crate::engine::{Ended, Recorded};
use crate::export;
use crate::export::account::AccountLine;
use crate::session::manifest::{Manifest, TrackAccount};
use crate::session::read::read_manifest;
use crate::session::texted::NOT_ASKED;

/// What a person, or a script with `--json`, is told at the end. `recorded` is what became of the text, if
/// any was wanted.
pub(super) fn report(dir: &Path, ended: &Ended, recorded: Option<&Recorded>, json: bool) -> Exit {
    for problem in recorded.into_iter().flat_map(|recorded| &recorded.problems) {
        say(problem);
    }
    let pending = recorded.map_or(Some(NOT_ASKED), |recorded| recorded.pending.as_deref());
    if let Some(reason) = pending {
        let resume =
            if recorded.is_some_and(|recorded| recorded.final_pass) { "--resume --long " } else { "" };
        say(format_args!(
            "text is pending ({reason}); make it with: hansard transcribe {resume}{}",
            quoted(dir)
        ));
    }
    let (exit, account, errors) = judge(dir, ended);
    if json {
        let duration = ended.closed.as_ref().map(|closed| closed.duration);
        print_result(serde_json::json!({
            "session": dir.to_string_lossy(), "duration": duration, "account": account, "errors": errors,
            "text_pending": pending, "exit": exit as u8,
        }));
    } else {
        print_result(dir.display());
    }
    exit
}

/// Says what was captured and what was not; how that went, where every frame is, and what went wrong.
pub(super) fn judge(dir: &Path, ended: &Ended) -> (Exit, serde_json::Value, Vec<String>) {
    let account = ended.closed.as_ref().map(|closed| closed.account.clone()).unwrap_or_default();
    let errors = ended.closed.as_ref().map(|closed| closed.errors.clone()).unwrap_or_default();
    for error in &errors {
        say(error);
    }
    let told = captured(dir, &account);
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

/// A line per track. Gives the account as JSON, unless the session can't be read.
fn captured(dir: &Path, account: &[TrackAccount]) -> Option<serde_json::Value> {
    match read_manifest(dir) {
        Ok(manifest) => {
            let manifest = Manifest { account: account.to_vec(), ..manifest };
            let mut lines = export::account::lines(&manifest);
            if let Ok(scan) = replay::scan(dir) {
                export::account::add_silences(&mut lines, &scan.replay, manifest.duration);
            }
            lines.iter().for_each(|line| say(captured_line(line)));
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

/// `Alice: 00:12:30 captured, nothing missing`
fn captured_line(line: &AccountLine) -> String {
    let mut out = format!("{}: {} captured", line.name, crate::base::text::clock(line.written_s, true));
    if line.losses.is_empty() && line.absences.is_empty() && !line.lost.is_any() {
        return out + ", nothing missing";
    }
    if line.lost.is_any() {
        out += &format!("; {} LOST", line.lost);
    }
    for clause in line.losses.iter().chain(&line.absences) {
        out += &format!("; {clause}");
    }
    out
}

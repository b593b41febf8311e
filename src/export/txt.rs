//! The minutes as plain text of 80 columns, without any marks.

use std::fmt::Write as _;

use super::account;
use super::text::{length, wrap};
use super::turns::Meeting;
use crate::session::manifest::State;

/// Columns of a line.
const COLUMNS: usize = 80;
/// Spaces before what was said.
const INDENT: &str = "    ";

/// The whole document.
pub fn render(meeting: &Meeting) -> String {
    let manifest = &meeting.session.manifest;
    let mut out = String::new();
    for line in wrap(&meeting.title(), COLUMNS) {
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out, "{}, {}", meeting.when(), length(manifest.duration));
    if manifest.state == State::Recording {
        let _ = writeln!(out, "This recording was not finished in order, or is still going on.");
    }
    for line in account::lines(manifest) {
        for loss in &line.losses {
            let _ = writeln!(out, "{}: {loss}", line.name);
        }
    }
    if meeting.turns.is_empty() {
        let _ = write!(out, "\n{}\n", Meeting::NOTHING_SAID);
    }
    for turn in &meeting.turns {
        let (into, day) = (meeting.clock(turn.start), meeting.time_of_day(turn.start));
        let _ = write!(out, "\n[{into}] {day}  {}\n", turn.speaker);
        for line in wrap(&turn.text(), COLUMNS - INDENT.len()) {
            let _ = writeln!(out, "{INDENT}{line}");
        }
    }
    out
}

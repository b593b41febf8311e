//! What somebody marked: in a section of its own, and at its place.

use std::fmt::Write as _;

use super::{escape, said, time_link};
use crate::export::turns::Meeting;
use crate::session::mark::{Mark, MarkKind};

/// What was marked within the selection, by time.
pub(super) fn of<'a>(meeting: &Meeting<'a>) -> Vec<&'a Mark> {
    meeting.session.marks().iter().filter(|mark| meeting.selection.covers(mark.at)).collect()
}

/// The section, by kind; nothing where nothing was marked.
pub(super) fn section(meeting: &Meeting) -> String {
    let marks = of(meeting);
    let mut kinds = String::new();
    for kind in MarkKind::ALL {
        let of_kind: Vec<&&Mark> = marks.iter().filter(|mark| mark.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let words = &meeting.words.marks;
        let title = if of_kind.len() > 1 { (words.many)(kind) } else { (words.one)(kind) };
        let _ = writeln!(kinds, "<dt>{}</dt>\n<dd><ul>", escape(title));
        for mark in of_kind {
            let time = time_link(meeting, mark.at);
            let _ = writeln!(kinds, "<li>{time} <span dir=\"auto\">{}</span></li>", said(&mark.text));
        }
        kinds.push_str("</ul></dd>\n");
    }
    if kinds.is_empty() {
        return kinds;
    }
    format!(
        "<section class=\"marks\" aria-labelledby=\"h-marks\">\n<h2 id=\"h-marks\">{}</h2>\n<dl>\n{kinds}</dl>\n</section>",
        escape(meeting.words.marks.heading)
    )
}

/// One mark between turns.
pub(super) fn here(meeting: &Meeting, mark: &Mark) -> String {
    format!(
        "<div class=\"mark-here\"><p class=\"who\"><b>{}</b> {}</p><div class=\"mark-text\" dir=\"auto\">{}</div></div>\n",
        escape((meeting.words.marks.one)(mark.kind)),
        time_link(meeting, mark.at),
        said(&mark.text)
    )
}

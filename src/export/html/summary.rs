//! What a model made of the text: each item with a time that leads to its words and their sound.

use std::fmt::Write as _;

use super::{escape, time_link};
use crate::export::minutes::summary::{heading, notes, quote, whose};
use crate::export::turns::Meeting;
use crate::session::summary::Kind;

/// The section, by kind; nothing where there is no summary of what is shown.
pub(super) fn section(meeting: &Meeting) -> String {
    let Some(summary) = &meeting.summary else { return String::new() };
    let mut kinds = String::new();
    for kind in Kind::ALL {
        let mut items = meeting.items().filter(|item| item.kind == kind).peekable();
        if items.peek().is_none() {
            continue;
        }
        let _ = writeln!(kinds, "<dt>{}</dt>\n<dd><ul>", escape(heading(meeting, kind)));
        for item in items {
            let time = time_link(meeting, item.lines.first().map_or(0.0, |place| place.start));
            let told = escape(&format!("{}{}", item.text, whose(meeting, item)));
            let quote =
                quote(meeting, item).map(|quote| format!("<q>{}</q>", escape(&quote))).unwrap_or_default();
            let changed =
                item.changed.then(|| format!(" <em>({})</em>", escape(meeting.words.summary.corrected)));
            let changed = changed.unwrap_or_default();
            let _ = writeln!(kinds, "<li>{time} <span dir=\"auto\">{told}{changed}{quote}</span></li>");
        }
        kinds.push_str("</ul></dd>\n");
    }
    if kinds.is_empty() && meeting.selection.is_part() {
        return kinds;
    }
    let list = if kinds.is_empty() { kinds } else { format!("<dl>\n{kinds}</dl>\n") };
    let notes: String = notes(meeting, summary)
        .iter()
        .map(|note| format!("<p class=\"by\">{}</p>\n", escape(note)))
        .collect();
    format!(
        "<section class=\"marks summary\" aria-labelledby=\"h-summary\">\n<h2 id=\"h-summary\">{}</h2>\n{notes}{list}</section>",
        escape(meeting.words.summary.heading)
    )
}

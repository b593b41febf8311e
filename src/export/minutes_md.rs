//! The minutes, in Markdown: to be read as plain text and rendered alike.
//!
//! Whatever people called themselves or said comes out as those very characters: see [`escape`]. A turn is one line, because some
//! renderers take a line's end for a break.

use std::fmt::Write as _;

use super::account;
use super::text::{self, grouped, length, pad, pad_left};
use super::turns::{Meeting, Person};
use crate::session::manifest::State;

/// Columns up to which a table's cells are lined up; a longer one sticks out alone.
const CELL_MAX: usize = 50;

/// The whole document.
pub fn render(meeting: &Meeting) -> String {
    let mut out = format!("# {}\n\n", escape(&meeting.title()));
    head(&mut out, meeting);
    who(&mut out, meeting);
    recording(&mut out, meeting);
    minutes(&mut out, meeting);
    foot(&mut out, meeting);
    out
}

// Writing into a String can't fail; `let _` says so at each place.

fn head(out: &mut String, meeting: &Meeting) {
    let manifest = &meeting.session.manifest;
    let _ = write!(out, "{} · {}\n\n", escape(&meeting.when()), length(manifest.duration));
    if manifest.state == State::Recording {
        out.push_str("**This recording was not finished in order, or is still going on.**\n\n");
    }
}

fn who(out: &mut String, meeting: &Meeting) {
    out.push_str("## Who was there\n\n");
    let all: f64 = meeting.people.iter().map(|person| person.talking_s).sum();
    let share = |person: &Person| match all > 0.0 {
        true => format!("{:.0} %", 100.0 * person.talking_s / all),
        false => "–".to_owned(),
    };
    let sources = &meeting.session.manifest.sources;
    let heard_on = |person: &Person| {
        let of_them = sources.iter().filter(|source| text::name(&source.name) == person.name);
        of_them.map(account::recorded_from).collect::<Vec<_>>().join(" and ")
    };
    let rows = meeting.people.iter().map(|person| {
        vec![
            escape(&person.name),
            length(person.talking_s),
            share(person),
            person.turns.to_string(),
            escape(&heard_on(person)),
        ]
    });
    table(out, &["Speaker", "Talking time", "Share", "Turns", "Recorded from"], "lrrrl", rows.collect());
}

fn recording(out: &mut String, meeting: &Meeting) {
    let lines = account::lines(&meeting.session.manifest);
    if lines.is_empty() {
        return;
    }
    out.push_str("## What was recorded\n\n");
    // Losses first: they are what a reader must not miss.
    for line in &lines {
        for loss in &line.losses {
            let _ = writeln!(out, "- **{}: {}**", escape(&line.name), escape(loss));
        }
    }
    for line in &lines {
        for absence in &line.absences {
            let _ = writeln!(out, "- {}: {}", escape(&line.name), escape(absence));
        }
    }
    if lines.iter().all(|line| line.losses.is_empty()) {
        out.push_str(if lines.iter().all(|line| line.absences.is_empty()) { "" } else { "\n" });
        out.push_str("Nothing was lost.\n");
    }
    out.push('\n');
    let rows = lines.iter().map(|line| {
        vec![
            escape(&line.name),
            grouped(line.expected.0),
            grouped(line.written.0),
            grouped(line.gaps.0),
            length(line.lost_s),
            line.unexplained.to_string(),
        ]
    });
    table(
        out,
        &["Track", "Frames expected", "= written", "+ in gaps", "Lost", "Unexplained"],
        "lrrrrr",
        rows.collect(),
    );
}

fn minutes(out: &mut String, meeting: &Meeting) {
    out.push_str("## Minutes\n\n");
    if meeting.turns.is_empty() {
        let _ = writeln!(out, "*{}*\n", Meeting::NOTHING_SAID);
    }
    for turn in &meeting.turns {
        let (into, day) = (meeting.clock(turn.start), meeting.time_of_day(turn.start));
        let _ = write!(out, "**{}** · {into} · {day}\n\n", escape(&turn.speaker));
        let _ = write!(out, "{}\n\n", escape(&turn.text()));
    }
}

fn foot(out: &mut String, meeting: &Meeting) {
    let id = text::clean(&meeting.session.manifest.id);
    let mut notes = Vec::new();
    let by: Vec<String> =
        meeting.recognised_by().into_iter().map(|(model, lang)| format!("{model} ({lang})")).collect();
    if !by.is_empty() {
        notes.push(format!("Transcribed by {}.", by.join(", ")));
    }
    let hidden: Vec<String> = [
        (meeting.hidden.echoes, "echo of another track", "echoes of other tracks"),
        (
            meeting.hidden.withheld,
            "utterance without enough evidence of speech",
            "utterances without enough evidence of speech",
        ),
    ]
    .into_iter()
    .filter(|(n, ..)| *n > 0)
    .map(|(n, one, many)| format!("{n} {}", if n == 1 { one } else { many }))
    .collect();
    if !hidden.is_empty() {
        notes.push(format!("Left out, but kept in the transcript: {}.", hidden.join(", ")));
    }
    notes.push(format!("Written by Hansard from the session {id}."));
    let _ = write!(out, "---\n\n*{}*\n", escape(&notes.join(" ")));
}

/// A table whose columns line up in plain text too. `align`: `l` or `r` per column. Cells come escaped.
fn table(out: &mut String, head: &[&str], align: &str, rows: Vec<Vec<String>>) {
    let rows: Vec<Vec<String>> =
        std::iter::once(head.iter().map(|cell| (*cell).to_owned()).collect()).chain(rows).collect();
    let widest = |i: usize| rows.iter().map(|row| text::columns(&row[i])).max().unwrap_or(0);
    let columns: Vec<usize> = (0..head.len()).map(|i| widest(i).clamp(3, CELL_MAX)).collect();
    for (n, row) in rows.iter().enumerate() {
        for ((cell, side), width) in row.iter().zip(align.chars()).zip(&columns) {
            let cell = if side == 'r' { pad_left(cell, *width) } else { pad(cell, *width) };
            let _ = write!(out, "| {cell} ");
        }
        out.push_str("|\n");
        if n == 0 {
            for (side, width) in align.chars().zip(&columns) {
                let dashes = "-".repeat(*width);
                let _ = if side == 'r' { write!(out, "|-{dashes}:") } else { write!(out, "|-{dashes}-") };
            }
            out.push_str("|\n");
        }
    }
    out.push('\n');
}

/// One line of text so that CommonMark and its common extensions (tables, strikethrough, maths, highlights, tags,
/// superscripts, attributes) show these very characters. Only what can mean something is escaped, so that prose stays
/// prose in plain text.
pub fn escape(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    for (at, c) in line.char_indices() {
        let (before, after) = (&line[..at], &line[at + c.len_utf8()..]);
        let special = match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '$' | '^' | '{' | '}' => true,
            '&' => is_entity(after),
            '=' => after.starts_with('=') || before.ends_with('='),
            // List marks, rules and definitions count at the line's start only.
            ':' => at == 0,
            '-' | '+' => at == 0 && !after.starts_with(char::is_alphanumeric),
            '.' | ')' => {
                at > 0 && before.bytes().all(|b| b.is_ascii_digit()) && !after.starts_with(|next| next != ' ')
            }
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Whether this makes an `&` one of `&amp;`, `&#35;` and the like, which would be shown as what they stand for.
fn is_entity(after: &str) -> bool {
    after.split_once(';').is_some_and(|(name, _)| {
        let name = name.strip_prefix('#').unwrap_or(name);
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

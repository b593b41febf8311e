//! The minutes as plain text of 80 columns, without any marks.

use std::fmt::Write as _;

use super::minutes::{Block, Head, Inline, document};
use super::turns::Meeting;
use crate::base::text::{self, pad, pad_left, wrap};

/// Columns of a line.
const COLUMNS: usize = 80;
/// Spaces before what was said.
const INDENT: &str = "    ";
/// Columns of a table's cell; a longer one ends in `…`.
const CELL_MAX: usize = 34;

/// The whole document.
pub fn render(meeting: &Meeting, evidence: bool) -> String {
    let mut out = String::new();
    let mut in_list = false;
    for block in document(meeting, evidence) {
        let is_item = matches!(block, Block::Item(_) | Block::Task(_));
        // A turn's first paragraph stands right under its head, an item right under the one before.
        let follows = matches!(block, Block::Said(None, _)) || (in_list && is_item);
        if !(out.is_empty() || follows) {
            out.push('\n');
        }
        in_list = is_item;
        put(&mut out, &block);
    }
    out
}

// Writing into a String can't fail; `let _` says so at each place.
fn put(out: &mut String, block: &Block) {
    match block {
        Block::Heading(level, text) => heading(out, *level, text),
        Block::Text(spans) => wrapped(out, "", "", &line(spans)),
        Block::Item(spans) | Block::Task(spans) => wrapped(out, "- ", "  ", &line(spans)),
        Block::Turn(head) => wrapped(out, "", INDENT, &turn(head)),
        Block::Said(time, spans) => {
            let time = time.as_ref().map(|time| format!("[{time}] ")).unwrap_or_default();
            wrapped(out, INDENT, INDENT, &(time + &line(spans)));
        }
        Block::Mark(mark) => {
            let day = mark.day.as_ref().map(|day| format!(" {day}")).unwrap_or_default();
            let text = format!("{} [{}]{day}  {}", mark.kind, mark.into, mark.text);
            wrapped(out, ">>> ", "    ", &text);
        }
        Block::Notice(text) => wrapped(out, "", " ", &format!("[{text}]")),
        Block::Code(lines) => out.extend(lines.iter().map(|line| format!("{line}\n"))),
        Block::Table(head, align, rows) => table(out, head, align, rows),
    }
}

fn heading(out: &mut String, level: u8, text: &str) {
    let lines = wrap(text, COLUMNS);
    let longest = lines.iter().map(|line| text::columns(line)).max().unwrap_or(0);
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out, "{}", if level == 1 { "=" } else { "-" }.repeat(longest));
}

/// `[00:36] 13:10:02  Alice`
fn turn(head: &Head) -> String {
    let notes: String = head.notes.iter().map(|note| format!(" ({note})")).collect();
    let day = head.day.as_ref().map(|day| format!(" {day}")).unwrap_or_default();
    format!("[{}]{day}  {}{notes}", head.into, head.speaker)
}

fn line(spans: &[Inline]) -> String {
    spans.iter().map(Inline::text).collect()
}

fn wrapped(out: &mut String, first: &str, rest: &str, text: &str) {
    for (n, line) in wrap(text, COLUMNS - rest.len()).iter().enumerate() {
        let _ = writeln!(out, "{}{line}", if n == 0 { first } else { rest });
    }
}

fn table(out: &mut String, head: &[&str], align: &str, rows: &[Vec<String>]) {
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(&head)
        .chain(rows)
        .map(|row| row.iter().map(|cell| text::fit(cell, CELL_MAX)).collect())
        .collect();
    let widest = |i: usize| rows.iter().map(|row| text::columns(&row[i])).max().unwrap_or(0);
    let columns: Vec<usize> = (0..head.len()).map(widest).collect();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(align.chars())
            .zip(&columns)
            .map(|((cell, side), width)| if side == 'r' { pad_left(cell, *width) } else { pad(cell, *width) })
            .collect();
        let _ = writeln!(out, "{}", cells.join("  ").trim_end());
    }
}

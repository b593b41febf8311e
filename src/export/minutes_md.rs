//! The minutes, in Markdown: to be read as plain text and rendered alike.
//!
//! Whatever people called themselves or said comes out as those very characters: see [`escape`]. A turn is
//! one line, because some renderers take a line's end for a break.
//!
//! What was marked leads to its place in the text, and from there back to the heading, whose anchor every
//! renderer makes by itself. The place has an empty `<a id>`: Markdown has no anchors of its own, and a
//! renderer that lets no HTML through only loses the jump.
//!
//! With front matter it is a note for Obsidian and its like: see `front_matter`.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use super::front_matter;
use super::minutes::{Block, Head, Inline, document};
use super::turns::Meeting;
use crate::base::text::{self, pad, pad_left};
use crate::session::read::open_plain;

/// Columns up to which a table's cells are lined up; a longer one sticks out alone.
const CELL_MAX: usize = 50;

/// The whole document; with front matter, actions can be ticked.
pub fn render(meeting: &Meeting, evidence: bool, with_front_matter: bool) -> String {
    let mut out = if with_front_matter { front_matter::render(meeting) } else { String::new() };
    let mut in_list = false;
    for block in document(meeting, evidence) {
        let is_item = matches!(block, Block::Item(_) | Block::Task(_));
        if in_list && !is_item {
            out.push('\n');
        }
        in_list = is_item;
        match &block {
            Block::Task(spans) if with_front_matter => {
                let _ = writeln!(out, "- [ ] {}", line(spans));
            }
            block => put(&mut out, block, meeting.words.marks.heading),
        }
    }
    // One end of line, not two.
    out.truncate(out.trim_end().len());
    out + "\n"
}

/// Whether the file that lies there begins with front matter.
pub(super) fn has_front_matter(path: &Path) -> bool {
    let Ok(Some(file)) = open_plain(path, u64::MAX) else { return false };
    let mut first = [0; front_matter::RULE.len()];
    let mut file = file.take(first.len() as u64);
    file.read_exact(&mut first).is_ok() && first == *front_matter::RULE.as_bytes()
}

// Writing into a String can't fail; `let _` says so at each place.
fn put(out: &mut String, block: &Block, marked: &str) {
    let _ = match block {
        Block::Heading(level, text) => write!(out, "{} {}\n\n", "#".repeat((*level).into()), escape(text)),
        Block::Text(spans) => write!(out, "{}\n\n", line(spans)),
        Block::Item(spans) | Block::Task(spans) => writeln!(out, "- {}", line(spans)),
        Block::Turn(head) => write!(out, "{}\n\n", turn(head)),
        Block::Said(None, spans) => write!(out, "{}\n\n", line(spans)),
        Block::Said(Some(time), spans) => write!(out, "*{time}* · {}\n\n", line(spans)),
        Block::Mark(mark) => {
            let (kind, into, day, text) = (mark.kind, &mark.into, of_day(&mark.day), escape(&mark.text));
            let (anchor, back) = (&mark.anchor, marked.to_lowercase().replace(' ', "-"));
            write!(out, "> **{kind}** · [{into}](#{back}){day} · {text}<a id=\"{anchor}\"></a>\n\n")
        }
        // Brackets alone lead nowhere: no name is defined in the document.
        Block::Notice(text) => write!(out, "*[{}]*\n\n", escape_at(text, false)),
        Block::Code(lines) => write!(out, "```\n{}\n```\n\n", lines.join("\n")),
        Block::Table(head, align, rows) => {
            table(out, head, align, rows);
            Ok(())
        }
    };
}

fn of_day(day: &Option<String>) -> String {
    day.as_ref().map(|day| format!(" · {day}")).unwrap_or_default()
}

/// `**Alice** · 00:36 · 13:10:02`
fn turn(head: &Head) -> String {
    let mut out = format!("**{}** · {}{}", escape(&head.speaker), head.into, of_day(&head.day));
    for note in &head.notes {
        let _ = write!(out, " · *{}*", escape(note));
    }
    out
}

/// Spans on one line, which they begin.
fn line(spans: &[Inline]) -> String {
    let mut out = String::new();
    for span in spans {
        let text = escape_at(span.text(), out.is_empty());
        out += &match span {
            Inline::Plain(_) => text,
            Inline::Link(_, to) => format!("[{text}](#{to})"),
            Inline::Anchor(name) => format!("<a id=\"{name}\"></a>"),
            Inline::Strong(_) => format!("**{text}**"),
            Inline::Aside(_) => format!("*{text}*"),
            Inline::Code(text) => format!("`{text}`"),
        };
    }
    out
}

/// A table whose columns line up in plain text too. `align`: `l` or `r` per column.
fn table(out: &mut String, head: &[&str], align: &str, rows: &[Vec<String>]) {
    let escaped = rows.iter().map(|row| row.iter().map(|cell| escape(cell)).collect());
    let rows: Vec<Vec<String>> =
        std::iter::once(head.iter().map(|cell| (*cell).to_owned()).collect()).chain(escaped).collect();
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

/// One line of text so that CommonMark and its common extensions (tables, strikethrough, maths, highlights,
/// tags, superscripts, attributes) show these very characters. Only what can mean something is escaped, so
/// that prose stays prose in plain text.
pub fn escape(line: &str) -> String {
    escape_at(line, true)
}

/// The same for text that begins a line, or doesn't.
fn escape_at(line: &str, begins: bool) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    for (at, c) in line.char_indices() {
        let (before, after) = (&line[..at], &line[at + c.len_utf8()..]);
        let special = match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '$' | '^' | '{' | '}' => true,
            '&' => is_entity(after),
            '=' => after.starts_with('=') || before.ends_with('='),
            // List marks, rules and definitions count at the line's start only.
            ':' => begins && at == 0,
            '-' | '+' => begins && at == 0 && !after.starts_with(char::is_alphanumeric),
            '.' | ')' => {
                begins
                    && at > 0
                    && before.bytes().all(|b| b.is_ascii_digit())
                    && !after.starts_with(|next| next != ' ')
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

/// Whether this makes an `&` one of `&amp;`, `&#35;` and the like, which would be shown as what they stand
/// for.
fn is_entity(after: &str) -> bool {
    after.split_once(';').is_some_and(|(name, _)| {
        let name = name.strip_prefix('#').unwrap_or(name);
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

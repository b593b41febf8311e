//! The parts of the document that all minutes share, drawn as HTML.

use std::fmt::Write as _;

use super::escape;
use crate::export::minutes::{Block, Inline};
use crate::export::turns::Meeting;

/// Blocks under a heading as a section of their own, of this class; nothing where there are none.
pub(super) fn section(meeting: &Meeting, class: &str, blocks: &[Block]) -> String {
    let Some((Block::Heading(_, heading), rest)) = blocks.split_first() else {
        return render(meeting, blocks);
    };
    format!(
        "<section class=\"{class}\" aria-labelledby=\"h-{class}\">\n<h2 id=\"h-{class}\">{}</h2>\n{}</section>",
        escape(heading),
        render(meeting, rest)
    )
}

/// Blocks one after the other. Turns and marks are not among them: they are more than text here.
pub(super) fn render(meeting: &Meeting, blocks: &[Block]) -> String {
    let mut out = String::new();
    let mut listed = false;
    for block in blocks {
        let item = matches!(block, Block::Item(_) | Block::Task(_));
        match (listed, item) {
            (false, true) => out.push_str("<ul>\n"),
            (true, false) => out.push_str("</ul>\n"),
            _ => {}
        }
        listed = item;
        let _ = match block {
            Block::Heading(level, text) => writeln!(out, "<h{level}>{}</h{level}>", escape(text)),
            Block::Text(spans) | Block::Said(_, spans) => writeln!(out, "<p>{}</p>", self::spans(spans)),
            Block::Item(spans) | Block::Task(spans) => writeln!(out, "<li>{}</li>", self::spans(spans)),
            Block::Table(head, align, rows) => {
                table(&mut out, meeting.words.page.table, head, align, rows);
                Ok(())
            }
            Block::Code(lines) => writeln!(out, "<pre>{}</pre>", escape(&lines.join("\n"))),
            Block::Turn(head) => writeln!(out, "<p>{}</p>", escape(&head.speaker)),
            Block::Notice(text) => writeln!(out, "<p class=\"missing\">[{}]</p>", escape(text)),
            Block::Mark(mark) => writeln!(out, "<p>{}</p>", escape(&mark.text)),
        };
    }
    if listed {
        out.push_str("</ul>\n");
    }
    out
}

fn spans(spans: &[Inline]) -> String {
    let tell = |span: &Inline| match span {
        Inline::Plain(text) | Inline::Link(text, _) => escape(text),
        Inline::Strong(text) => format!("<strong>{}</strong>", escape(text)),
        Inline::Code(text) => format!("<code>{}</code>", escape(text)),
        Inline::Aside(text) => format!("<em>{}</em>", escape(text)),
        Inline::Anchor(_) => String::new(),
    };
    spans.iter().map(tell).collect()
}

/// A table that scrolls by itself where the page is too narrow for it; the first column names its rows.
fn table(out: &mut String, label: &str, head: &[&str], align: &str, rows: &[Vec<String>]) {
    let _ = write!(
        out,
        "<div class=\"scroll\" role=\"region\" aria-label=\"{}\" tabindex=\"0\"><table>\n<thead><tr>",
        escape(label)
    );
    let side = |column: usize| if align.chars().nth(column) == Some('r') { " class=\"n\"" } else { "" };
    for (column, cell) in head.iter().enumerate() {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", side(column), escape(cell));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let cell = escape(cell);
            let _ = match column {
                0 => write!(out, "<th scope=\"row\"><bdi>{cell}</bdi></th>"),
                _ => write!(out, "<td{}>{cell}</td>", side(column)),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

//! The minutes as a Word document (Office Open XML, the part of it that every word processor has): styles,
//! tables, bookmarks, page numbers.
//!
//! Nothing in it depends on the moment or the machine: the same meeting gives the same bytes. No macro, no
//! link out of the document, no field but page numbers.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;

use super::minutes::{Block, Head, Inline, Marked, document};
use super::turns::Meeting;
use crate::base::text;

const STYLES: &str = include_str!("docx/styles.xml");
const NUMBERING: &str = include_str!("docx/numbering.xml");
const CONTENT_TYPES: &str = include_str!("docx/content_types.xml");
const RELS: &str = include_str!("docx/rels.xml");
const DOCUMENT_RELS: &str = include_str!("docx/document_rels.xml");

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
const NAMESPACES: &str = r#"xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships""#;
/// The bookmark of the list of marks. Those of the marks have numbers from 1 on.
const MARKS: &str = "marks";
/// Numbers of bookmarks from here on are those of what was said; below it are marks.
const SAID_FROM: usize = 1_000_000;
/// Between the margins, in twentieths of a point.
const TEXT_WIDTH: usize = 9638;
/// A4 with margins of 2 cm, in twentieths of a point, and the footer on it.
const SECTION: &str = r#"<w:sectPr><w:footerReference w:type="default" r:id="rId3"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr>"#;

/// The whole file.
pub fn render(meeting: &Meeting, evidence: bool) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let parts = [
        ("[Content_Types].xml", CONTENT_TYPES),
        ("_rels/.rels", RELS),
        ("docProps/core.xml", &properties(meeting)),
        ("word/document.xml", &body(meeting, evidence)),
        ("word/_rels/document.xml.rels", DOCUMENT_RELS),
        ("word/styles.xml", &STYLES.replace("{{language}}", meeting.words.tag)),
        ("word/numbering.xml", NUMBERING),
        ("word/footer1.xml", &footer(meeting)),
    ];
    for (name, text) in parts {
        zip.start_file(name, SimpleFileOptions::DEFAULT)?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

fn body(meeting: &Meeting, evidence: bool) -> String {
    let mut out = format!("{XML}<w:document {NAMESPACES}><w:body>");
    for block in document(meeting, evidence) {
        put(&mut out, &block, meeting.words.marks.heading);
    }
    out + SECTION + "</w:body></w:document>"
}

fn put(out: &mut String, block: &Block, marked_heading: &str) {
    match block {
        Block::Heading(1, text) => paragraph(out, "Title", &run("", text), text),
        Block::Heading(level, text) => {
            let runs =
                if text == marked_heading { bookmark(0, MARKS, &run("", text)) } else { run("", text) };
            paragraph(out, &format!("Heading{}", level - 1), &runs, text);
        }
        Block::Text(spans) => paragraph(out, "Normal", &runs(spans), &all(spans)),
        Block::Item(spans) | Block::Task(spans) => paragraph(out, "ListBullet", &runs(spans), &all(spans)),
        Block::Turn(head) => paragraph(out, "Turn", &turn(head), &head.speaker),
        Block::Said(time, spans) => {
            let time = time.as_ref().map(|time| run("Time", &format!("{time}  "))).unwrap_or_default();
            paragraph(out, "Said", &(time + &runs(spans)), &all(spans));
        }
        Block::Mark(mark) => paragraph(out, "Mark", &marked(mark), &mark.text),
        Block::Notice(text) => paragraph(out, "Notice", &run("", &format!("[{text}]")), text),
        Block::Code(lines) => lines.iter().for_each(|line| paragraph(out, "Code", &run("", line), "")),
        Block::Table(head, align, rows) => table(out, head, align, rows),
    }
}

/// A mark in its place, which is a bookmark; its time leads back to the list of them.
fn marked(mark: &Marked) -> String {
    let kind = run("Strong", mark.kind) + &run("Time", "  ");
    let times = link(MARKS, &run("Time", &mark.into)) + &run("Time", &format!("{}  ", of_day(&mark.day)));
    bookmark(number_of(&mark.anchor), &mark.anchor, &(kind + &times + &run("", &mark.text)))
}

/// The number at a name's end.
fn number_of(anchor: &str) -> usize {
    anchor.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0)
}

fn bookmark(id: usize, name: &str, runs: &str) -> String {
    format!(r#"<w:bookmarkStart w:id="{id}" w:name="{name}"/>{runs}<w:bookmarkEnd w:id="{id}"/>"#)
}

fn link(to: &str, runs: &str) -> String {
    format!(r#"<w:hyperlink w:anchor="{to}" w:history="1">{runs}</w:hyperlink>"#)
}

fn of_day(day: &Option<String>) -> String {
    day.as_ref().map(|day| format!("  ·  {day}")).unwrap_or_default()
}

fn turn(head: &Head) -> String {
    let times = format!("  {}{}", head.into, of_day(&head.day));
    let notes: String = head.notes.iter().map(|note| format!("  ·  {note}")).collect();
    run("Speaker", &head.speaker) + &run("Time", &times) + &run("Aside", &notes)
}

fn all(spans: &[Inline]) -> String {
    spans.iter().map(Inline::text).collect()
}

fn runs(spans: &[Inline]) -> String {
    let one = |span: &Inline| match span {
        Inline::Plain(text) => run("", text),
        Inline::Strong(text) => run("Strong", text),
        Inline::Aside(text) => run("Aside", text),
        Inline::Code(text) => run("Command", text),
        Inline::Link(text, to) => link(to, &run("Hyperlink", text)),
        Inline::Anchor(name) => bookmark(SAID_FROM + number_of(name), name, ""),
    };
    spans.iter().map(one).collect()
}

/// Text in a character style.
fn run(style: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let style = match style {
        "" => String::new(),
        style => format!(r#"<w:rPr><w:rStyle w:val="{style}"/></w:rPr>"#),
    };
    format!(r#"<w:r>{style}<w:t xml:space="preserve">{}</w:t></w:r>"#, escape(text))
}

// Writing into a String can't fail; `let _` says so at each place.
/// A paragraph of these runs; `said` tells in which direction it is read.
fn paragraph(out: &mut String, style: &str, runs: &str, said: &str) {
    let direction = if is_right_to_left(said) { "<w:bidi/>" } else { "" };
    let _ = write!(out, r#"<w:p><w:pPr><w:pStyle w:val="{style}"/>{direction}</w:pPr>{runs}</w:p>"#);
}

/// The first letter decides, as everywhere.
fn is_right_to_left(text: &str) -> bool {
    let first = text.chars().find(|c| c.is_alphabetic());
    first.is_some_and(
        |c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'),
    )
}

fn table(out: &mut String, head: &[&str], align: &str, rows: &[Vec<String>]) {
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&head).chain(rows).collect();
    let widths = widths(&all);
    out.push_str(r#"<w:tbl><w:tblPr><w:tblStyle w:val="Figures"/>"#);
    let _ = write!(out, r#"<w:tblW w:w="{TEXT_WIDTH}" w:type="dxa"/><w:tblLayout w:type="fixed"/>"#);
    out.push_str(r#"<w:tblLook w:val="0020" w:firstRow="1"/></w:tblPr><w:tblGrid>"#);
    for width in &widths {
        let _ = write!(out, r#"<w:gridCol w:w="{width}"/>"#);
    }
    out.push_str("</w:tblGrid>");
    for (n, row) in all.into_iter().enumerate() {
        // A row stays on its page, and the first one stands on each.
        let header = if n == 0 { "<w:tblHeader/>" } else { "" };
        let _ = write!(out, "<w:tr><w:trPr><w:cantSplit/>{header}</w:trPr>");
        for ((cell, side), width) in row.iter().zip(align.chars()).zip(&widths) {
            let side = if side == 'r' { "right" } else { "left" };
            let _ = write!(
                out,
                r#"<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="Cell"/><w:jc w:val="{side}"/></w:pPr>{}</w:p></w:tc>"#,
                run("", cell)
            );
        }
        out.push_str("</w:tr>");
    }
    out.push_str("</w:tbl>");
}

/// Widths of columns, in twentieths of a point, by their longest cells.
fn widths(rows: &[&Vec<String>]) -> Vec<usize> {
    let columns = rows.first().map_or(0, |row| row.len());
    let longest =
        |n: usize| rows.iter().map(|row| text::columns(&row[n])).max().unwrap_or(0).clamp(6, 36) + 2;
    let longest: Vec<usize> = (0..columns).map(longest).collect();
    let sum = longest.iter().sum::<usize>().max(1);
    longest.into_iter().map(|width| TEXT_WIDTH * width / sum).collect()
}

/// Title and page number.
fn footer(meeting: &Meeting) -> String {
    let field =
        |name: &str| format!(r#"<w:fldSimple w:instr=" {name} "><w:r><w:t>1</w:t></w:r></w:fldSimple>"#);
    let title = run("", &meeting.title());
    let (page, pages) = (field("PAGE"), field("NUMPAGES"));
    let of = run("", " / ");
    format!(
        r#"{XML}<w:ftr {NAMESPACES}><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>{title}<w:r><w:tab/></w:r>{page}{of}{pages}</w:p></w:ftr>"#
    )
}

/// What file managers show of it. The meeting's start is its date: it stays the same whenever it is written.
fn properties(meeting: &Meeting) -> String {
    let start = meeting.session.manifest.start.utc.strftime("%Y-%m-%dT%H:%M:%SZ");
    let (title, language) = (escape(&meeting.title()), meeting.words.tag);
    format!(
        r#"{XML}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>{title}</dc:title><dc:creator>Hansard</dc:creator><dc:language>{language}</dc:language><dcterms:created xsi:type="dcterms:W3CDTF">{start}</dcterms:created></cp:coreProperties>"#
    )
}

/// For text between tags. What XML can't hold at all (control characters, U+FFFE, U+FFFF) is gone by then.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

//! The minutes as a PDF of A4 pages: text that can be searched and copied, headings that viewers list beside
//! the pages, a number on each page, links from the list of marks to their places.
//!
//! The letters are those of `fonts`. What has no letter in any font of this computer stands as a box; that
//! is said at the top of the document, and [`missing`] says it to whoever makes one. The same meeting gives
//! the same bytes on the same computer: another one may have other fonts.

mod fonts;
mod lines;
mod sheet;

use krilla::metadata::{DateTime, Metadata};

use super::minutes::{Block, Head, Inline, Marked, document};
use super::turns::Meeting;
use super::wording::{ENGLISH, Wording};
use crate::base::text;
use fonts::Fonts;
use lines::{Ink, Span};
use sheet::{Shape, Sheet, WIDTH};

/// Sizes of the headings, in points, by level from 1.
const HEADINGS: [f32; 3] = [20.0, 14.0, 11.5];
/// What is said stands so far from the margin.
const SAID: f32 = 14.0;
/// Size of tables.
const CELL: f32 = 8.5;
/// Missing characters that are named one by one.
const NAMED: usize = 8;

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// Our own fonts can't be read: this program was not built as it should be.
    #[error("the fonts in this program are damaged")]
    Fonts,
    /// What the library says.
    #[error("{0}")]
    Library(String),
}

/// The whole file.
pub fn render(meeting: &Meeting, evidence: bool) -> Result<Vec<u8>, PdfError> {
    let blocks = document(meeting, evidence);
    // One of the computer's fonts may be broken in a way that shows only when it is put in. Ours are not.
    written(meeting, &blocks, true).or_else(|_| written(meeting, &blocks, false))
}

/// That characters stand as boxes, which, and what to do; `None` if all of them have a font.
pub fn missing(meeting: &Meeting, evidence: bool) -> Option<String> {
    let mut fonts = Fonts::new(true)?;
    let blocks = document(meeting, evidence);
    let missing = missing_of(&mut fonts, &blocks, &ENGLISH)?;
    Some(format!(
        "{missing} With a font for them (on Debian fonts-noto-core or fonts-noto-cjk) a new export shows them."
    ))
}

/// That characters stand as boxes, in the words of a document.
fn missing_of(fonts: &mut Fonts, blocks: &[Block], words: &Wording) -> Option<String> {
    for text in blocks.iter().flat_map(texts) {
        fonts.parts(text, false);
    }
    let missing = &fonts.missing;
    if missing.is_empty() {
        return None;
    }
    let mut named: Vec<String> =
        missing.iter().take(NAMED).map(|c| format!("{c} (U+{:04X})", u32::from(*c))).collect();
    if missing.len() > NAMED {
        named.push("…".to_owned());
    }
    Some((words.about.no_font)(missing.len(), &named.join(", ")))
}

/// All texts of a block.
fn texts(block: &Block) -> Vec<&str> {
    match block {
        Block::Heading(_, text) | Block::Notice(text) => vec![text.as_str()],
        Block::Text(spans) | Block::Item(spans) | Block::Task(spans) | Block::Said(_, spans) => {
            spans.iter().map(Inline::text).collect()
        }
        Block::Table(_, _, rows) => rows.iter().flatten().map(String::as_str).collect(),
        Block::Turn(head) => std::iter::once(&head.speaker).chain(&head.notes).map(String::as_str).collect(),
        Block::Mark(mark) => vec![mark.text.as_str()],
        Block::Code(lines) => lines.iter().map(String::as_str).collect(),
    }
}

fn written(meeting: &Meeting, blocks: &[Block], with_system: bool) -> Result<Vec<u8>, PdfError> {
    let mut fonts = Fonts::new(with_system).ok_or(PdfError::Fonts)?;
    let mut sheet = Sheet::new();
    let missing = missing_of(&mut fonts, blocks, meeting.words);
    for (n, block) in blocks.iter().enumerate() {
        put(&mut sheet, &mut fonts, block);
        if let (0, Some(missing)) = (n, &missing) {
            let spans = [Span::new(missing.clone(), true, Ink::Black)];
            sheet.paragraph(&mut fonts, &spans, Shape::default(), None);
        }
    }
    let title = meeting.title();
    let written = sheet.write(&mut fonts, &title, metadata(meeting));
    written.map_err(|error| PdfError::Library(format!("{error:?}")))
}

/// What viewers and file managers show of it. The meeting's start is its date: it stays the same whenever it
/// is written.
fn metadata(meeting: &Meeting) -> Metadata {
    let start = meeting.session.wall(0.0);
    let part = |n: i8| n.unsigned_abs();
    let offset = start.offset().seconds();
    let date = DateTime::new(start.year().unsigned_abs())
        .month(part(start.month()))
        .day(part(start.day()))
        .hour(part(start.hour()))
        .minute(part(start.minute()))
        .second(part(start.second()))
        .utc_offset_hour((offset / 3600) as i8)
        .utc_offset_minute((offset.unsigned_abs() / 60 % 60) as u8);
    let metadata = Metadata::new().title(meeting.title()).creator("Hansard".to_owned()).creation_date(date);
    metadata.language(meeting.words.language.code().to_owned())
}

fn put(sheet: &mut Sheet, fonts: &mut Fonts, block: &Block) {
    let body = Shape::default();
    match block {
        Block::Heading(level, text) => {
            let size = HEADINGS[usize::from(*level).clamp(1, HEADINGS.len()) - 1];
            let shape = Shape { size, before: size, needs: size + 50.0, ..body };
            sheet.heading(fonts, *level, text, shape);
        }
        Block::Text(spans) => sheet.paragraph(fonts, &inline(spans), body, None),
        Block::Item(spans) | Block::Task(spans) => {
            let mut all = vec![Span::new("• ", false, Ink::Grey)];
            all.extend(inline(spans));
            sheet.paragraph(fonts, &all, Shape { left: SAID, before: 2.0, ..body }, None);
        }
        Block::Turn(head) => {
            sheet.paragraph(fonts, &turn(head), Shape { before: 10.0, needs: 45.0, ..body }, None)
        }
        Block::Said(time, spans) => {
            let time = time.as_ref().map(|time| Span::new(format!("{time}  "), false, Ink::Grey));
            let all: Vec<Span> = time.into_iter().chain(inline(spans)).collect();
            let anchor = spans.iter().find_map(|span| match span {
                Inline::Anchor(name) => Some(name.as_str()),
                _ => None,
            });
            sheet.paragraph(fonts, &all, Shape { left: SAID, before: 3.0, ..body }, anchor);
        }
        Block::Mark(mark) => {
            let shape = Shape { left: SAID, before: 10.0, bar: true, ..body };
            sheet.paragraph(fonts, &marked(mark), shape, Some(&mark.anchor));
        }
        Block::Notice(text) => {
            let spans = [Span::new(format!("[{text}]"), false, Ink::Grey)];
            sheet.paragraph(fonts, &spans, Shape { before: 10.0, ..body }, None);
        }
        Block::Code(lines) => {
            for line in lines {
                let spans = [Span::new(line.clone(), false, Ink::Black)];
                sheet.paragraph(fonts, &spans, Shape { size: 7.5, before: 2.0, ..body }, None);
            }
        }
        Block::Table(head, align, rows) => table(sheet, fonts, head, align, rows),
    }
}

fn inline(spans: &[Inline]) -> Vec<Span> {
    let one = |span: &Inline| match span {
        Inline::Plain(text) => Span::new(text.clone(), false, Ink::Black),
        Inline::Strong(text) | Inline::Code(text) => Span::new(text.clone(), true, Ink::Black),
        Inline::Aside(text) => Span::new(text.clone(), false, Ink::Grey),
        Inline::Link(text, to) => {
            Span { link: Some(to.clone()), ..Span::new(text.clone(), false, Ink::Blue) }
        }
        Inline::Anchor(_) => Span::new(String::new(), false, Ink::Black),
    };
    spans.iter().filter(|span| !matches!(span, Inline::Anchor(_))).map(one).collect()
}

fn of_day(day: &Option<String>) -> String {
    day.as_ref().map(|day| format!(" · {day}")).unwrap_or_default()
}

fn turn(head: &Head) -> Vec<Span> {
    let notes: String = head.notes.iter().map(|note| format!(" · {note}")).collect();
    let times = format!("  {}{}{notes}", head.into, of_day(&head.day));
    vec![Span::new(head.speaker.clone(), true, Ink::Black), Span::new(times, false, Ink::Grey)]
}

fn marked(mark: &Marked) -> Vec<Span> {
    let times = format!("  {}{}  ", mark.into, of_day(&mark.day));
    vec![
        Span::new(mark.kind, true, Ink::Black),
        Span::new(times, false, Ink::Grey),
        Span::new(mark.text.clone(), false, Ink::Black),
    ]
}

/// A table; columns are as wide as their longest cells, in proportion.
fn table(sheet: &mut Sheet, fonts: &mut Fonts, head: &[&str], align: &str, rows: &[Vec<String>]) {
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let longest = |n: usize| {
        let cells = std::iter::once(&head).chain(rows).filter_map(|row| row.get(n));
        cells.map(|cell| text::columns(cell)).max().unwrap_or(0).clamp(6, 36) + 2
    };
    let longest: Vec<usize> = (0..head.len()).map(longest).collect();
    let sum = longest.iter().sum::<usize>().max(1) as f32;
    for (n, row) in std::iter::once(&head).chain(rows).enumerate() {
        let cells = row.iter().zip(align.chars()).zip(&longest).map(|((cell, side), longest)| {
            (Span::new(cell.clone(), n == 0, Ink::Black), WIDTH * *longest as f32 / sum, side == 'r')
        });
        let cells: Vec<(Span, f32, bool)> = cells.collect();
        sheet.row(fonts, &cells, CELL, n == 0);
    }
}

//! From a paragraph to lines: broken where [`breakable`] allows it, each line's runs in the order in which
//! they are seen, whichever way they are read.

use std::ops::Range;

use krilla::text::KrillaGlyph;
use unicode_bidi::BidiInfo;
use unicode_segmentation::UnicodeSegmentation as _;

use super::fonts::Fonts;
use crate::base::text::breakable;

/// How a stretch of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// What was said.
    Black,
    /// What stands apart: times, remarks.
    Grey,
    /// What leads somewhere.
    Blue,
}

/// A stretch of text of one look.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub text: String,
    pub bold: bool,
    pub ink: Ink,
    /// The place in the document to which it leads.
    pub link: Option<String>,
}

impl Span {
    /// It leads nowhere.
    pub fn new(text: impl Into<String>, bold: bool, ink: Ink) -> Self {
        Self { text: text.into(), bold, ink, link: None }
    }
}

/// A piece of a line in one font and one look.
pub(super) struct Run {
    /// Points from the line's beginning.
    pub x: f32,
    /// Points.
    pub width: f32,
    pub face: usize,
    pub glyphs: Vec<KrillaGlyph>,
    pub text: String,
    pub ink: Ink,
    pub link: Option<String>,
}

/// A line.
pub(super) struct Line {
    pub runs: Vec<Run>,
    /// Points.
    pub width: f32,
    /// Whether the paragraph is read from right to left.
    pub right_to_left: bool,
}

/// A paragraph while it is broken.
struct Text<'f> {
    fonts: &'f mut Fonts,
    text: String,
    /// Where each look stands in the text.
    spans: Vec<(Range<usize>, Span)>,
    /// Points.
    size: f32,
}

/// The lines of a paragraph, none wider than `width` points but for a single character. Nothing for an empty
/// one.
pub(super) fn lines(fonts: &mut Fonts, spans: &[Span], size: f32, width: f32) -> Vec<Line> {
    let mut text = String::new();
    let place = |span: &Span| {
        let from = text.len();
        text.push_str(&span.text);
        (from..text.len(), span.clone())
    };
    let spans: Vec<(Range<usize>, Span)> = spans.iter().map(place).collect();
    let mut text = Text { fonts, text, spans, size };
    let ranges = text.broken(width);
    text.drawn(&ranges)
}

impl Text<'_> {
    /// Greedily: as much on each line as it holds.
    fn broken(&mut self, width: f32) -> Vec<Range<usize>> {
        let mut lines: Vec<Range<usize>> = Vec::new();
        let mut used = 0.0;
        for (unit, spaced) in self.units(width) {
            let wide = self.measure(unit.clone());
            if let Some(line) = lines.last_mut() {
                let space = if spaced { self.measure(line.end..unit.start) } else { 0.0 };
                if used + space + wide <= width {
                    line.end = unit.end;
                    used += space + wide;
                    continue;
                }
            }
            lines.push(unit);
            used = wide;
        }
        lines
    }

    /// What is not parted, and whether a space stands before it.
    fn units(&mut self, width: f32) -> Vec<(Range<usize>, bool)> {
        let text = self.text.clone();
        let mut units = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            // A slice of the text: its place is the difference of their addresses.
            let from = word.as_ptr() as usize - text.as_ptr() as usize;
            let mut at = from;
            for part in breakable(word) {
                let range = at..at + part.len();
                at = range.end;
                if self.measure(range.clone()) <= width {
                    units.push((range.clone(), range.start == from));
                    continue;
                }
                // Longer than a line: between any two characters.
                let graphemes = part.grapheme_indices(true);
                units.extend(graphemes.map(|(n, grapheme)| {
                    let start = range.start + n;
                    (start..start + grapheme.len(), start == from)
                }));
            }
        }
        units
    }

    /// Points that a piece of the text takes.
    fn measure(&mut self, range: Range<usize>) -> f32 {
        let parts = self.parts(range);
        let wide = |(part, face, _): (Range<usize>, usize, usize)| self.fonts.width(face, &self.text[part]);
        parts.into_iter().map(wide).sum::<f32>() * self.size
    }

    /// A piece of the text by look and font: where, which font, which span.
    fn parts(&mut self, range: Range<usize>) -> Vec<(Range<usize>, usize, usize)> {
        let mut out = Vec::new();
        for (n, (place, span)) in self.spans.iter().enumerate() {
            let (from, to) = (place.start.max(range.start), place.end.min(range.end));
            if from < to {
                let parts = self.fonts.parts(&self.text[from..to], span.bold);
                out.extend(
                    parts.into_iter().map(|(part, face)| (from + part.start..from + part.end, face, n)),
                );
            }
        }
        out
    }

    fn drawn(&mut self, ranges: &[Range<usize>]) -> Vec<Line> {
        let text = self.text.clone();
        let bidi = BidiInfo::new(&text, None);
        let Some(paragraph) = bidi.paragraphs.first() else { return Vec::new() };
        let right_to_left = paragraph.level.is_rtl();
        let mut lines = Vec::new();
        for range in ranges {
            let (levels, runs) = match bidi.has_rtl() {
                true => bidi.visual_runs(paragraph, range.clone()),
                false => (Vec::new(), vec![range.clone()]),
            };
            let mut line = Line { runs: Vec::new(), width: 0.0, right_to_left };
            for run in runs {
                let backwards = levels.get(run.start).is_some_and(|level| level.is_rtl());
                let mut parts = self.parts(run);
                if backwards {
                    parts.reverse();
                }
                for (part, face, span) in parts {
                    line.add(self.run(&text[part], face, span, backwards));
                }
            }
            lines.push(line);
        }
        lines
    }

    fn run(&self, text: &str, face: usize, span: usize, right_to_left: bool) -> Run {
        let (glyphs, ems) = self.fonts.shape(face, text, right_to_left);
        let look = &self.spans[span].1;
        Run {
            x: 0.0,
            width: ems * self.size,
            face,
            glyphs,
            text: text.to_owned(),
            ink: look.ink,
            link: look.link.clone(),
        }
    }
}

impl Line {
    fn add(&mut self, run: Run) {
        let x = self.width;
        self.width += run.width;
        self.runs.push(Run { x, ..run });
    }
}

//! The text: a line an utterance, with marks, pauses and losses where they belong, and below it what is being
//! said.

use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::{Paint, bold, dim, reversed};
use crate::base::text::{clock, fit, pad, wrap};
use crate::tui::page::{Page, TIME};
use crate::tui::transcript::{Entry, Foot, Growing, What};

/// Rows of a line that grows: its last ones.
const GROWING_ROWS: usize = 3;
/// Colours of those who speak, in the order in which they are heard. Red is for what is wrong.
const COLOURS: [Color; 8] = [
    Color::Cyan,
    Color::Green,
    Color::Magenta,
    Color::Yellow,
    Color::Blue,
    Color::LightCyan,
    Color::LightGreen,
    Color::LightMagenta,
];

impl Paint<'_> {
    /// The lines of the page, from its top.
    pub(super) fn talk(&self, page: &Page) -> Vec<Line<'static>> {
        let transcript = &self.view.transcript;
        let entries = transcript.entries();
        let mut lines: Vec<Line<'static>> = Vec::new();
        if transcript.foot().is_none() {
            for line in transcript.growing() {
                lines.extend(self.growing(page, line));
            }
            lines.drain(..lines.len().saturating_sub(page.rows / 2 + 1));
        }
        lines.reverse();
        let foot = transcript.foot().or_else(|| Some(Foot { entry: entries.len().checked_sub(1)?, cut: 0 }));
        if let Some(Foot { entry, cut }) = foot {
            let mut cut = cut;
            for index in (0..=entry.min(entries.len().saturating_sub(1))).rev() {
                let found = transcript.search.as_ref().and_then(|search| search.found) == Some(index);
                let mut rows = self.entry(page, &entries[index], found);
                rows.truncate(rows.len().saturating_sub(cut));
                cut = 0;
                lines.extend(rows.into_iter().rev());
                if lines.len() >= page.rows {
                    break;
                }
            }
        }
        lines.truncate(page.rows);
        lines.reverse();
        if lines.is_empty() {
            let makes_text = self
                .view
                .status
                .as_ref()
                .is_some_and(|status| status.tracks.iter().any(|t| t.text_lag.is_some()));
            let says = if makes_text { " Nothing has been said yet." } else { "" };
            lines.push(Line::styled(says, dim()));
        }
        lines
    }

    fn entry(&self, page: &Page, entry: &Entry, found: bool) -> Vec<Line<'static>> {
        let style = match &entry.what {
            What::Said { .. } => Style::new(),
            What::Mark { .. } => bold(),
            What::Missing { lost: true, .. } | What::Happened { alarm: true, .. } => {
                self.coloured(bold(), Color::Red)
            }
            What::Missing { .. } => bold(),
            What::Happened { .. } => dim(),
        };
        let line = |(n, part): (usize, String)| {
            let time = if n == 0 { clock(entry.at, true) } else { String::new() };
            let sign = if found && n == 0 { ">" } else { " " };
            let mut spans = vec![
                Span::styled(sign, reversed_if(found && n == 0)),
                Span::styled(pad(&time, TIME - 1), dim()),
            ];
            if let What::Said { name, .. } = &entry.what {
                let style = self.speaker(name);
                let name = if n == 0 { fit(name, page.name) } else { String::new() };
                spans.push(Span::styled(pad(&name, page.name), style));
                spans.push(Span::raw("  "));
            } else if n > 0 {
                spans.push(Span::raw("  "));
            }
            self.with_matches(part, style, &mut spans);
            Line::from(spans)
        };
        page.parts(entry).into_iter().enumerate().map(line).collect()
    }

    /// The words, and among them in reverse what is looked for.
    fn with_matches(&self, part: String, style: Style, spans: &mut Vec<Span<'static>>) {
        let needle = self.view.transcript.search.as_ref().map_or("", |search| search.needle.as_str());
        let lower = part.to_lowercase();
        // Letters whose small ones are longer would shift what is found.
        if needle.is_empty() || lower.len() != part.len() {
            spans.push(Span::styled(part, style));
            return;
        }
        let mut done = 0;
        for (at, _) in lower.match_indices(needle) {
            let end = at + needle.len();
            if let (Some(before), Some(found)) = (part.get(done..at), part.get(at..end)) {
                spans.push(Span::styled(before.to_owned(), style));
                spans.push(Span::styled(found.to_owned(), reversed()));
                done = end;
            }
        }
        spans.push(Span::styled(part.get(done..).unwrap_or_default().to_owned(), style));
    }

    fn growing(&self, page: &Page, line: &Growing) -> Vec<Line<'static>> {
        let parts = wrap(&format!("{} …", line.text), page.text);
        let skipped = parts.len().saturating_sub(GROWING_ROWS);
        let name = fit(&line.name, page.name);
        let style = self.speaker(&line.name);
        let row = |(n, part): (usize, String)| {
            let (time, name) =
                if n == 0 { (clock(line.at, true), name.as_str()) } else { (String::new(), "") };
            Line::from(vec![
                Span::styled(format!(" {}", pad(&time, TIME - 1)), dim()),
                Span::styled(format!("{}  ", pad(name, page.name)), style.patch(dim())),
                Span::styled(part, dim()),
            ])
        };
        parts.into_iter().skip(skipped).enumerate().map(row).collect()
    }

    fn speaker(&self, name: &str) -> Style {
        let place = self.view.transcript.speakers().iter().position(|speaker| speaker == name);
        self.coloured(bold(), COLOURS[place.unwrap_or(0) % COLOURS.len()])
    }
}

fn reversed_if(yes: bool) -> Style {
    if yes { reversed() } else { Style::new() }
}

//! A table for spreadsheets, as RFC 4180 has it: comma, double quotes, CRLF, UTF-8 without a mark at its
//! start; a row an utterance, or a word. What was marked and what a reader must know at its place has rows of
//! its own, between them: the column `kind` tells them apart.
//!
//! A text that a spreadsheet would take for a formula (it begins with `=`, `+`, `-` or `@`) gets an
//! apostrophe before it, which is how one tells a spreadsheet that it is text.

use super::evidence::Evidence;
use super::order::Entry;
use super::timing::{TimedWord, words};
use super::turns::{Meeting, hidden_because};
use crate::base::text;
use crate::base::utterance::Utterance;

const COLUMNS: [&str; 11] =
    ["start", "end", "time", "speaker", "text", "confidence", "language", "id", "track", "withheld", "kind"];
const EVIDENCE: [&str; 6] = ["take", "from_frame", "to_frame", "file", "model", "sha256"];

/// The whole document, with a row of names at its top.
pub fn render(meeting: &Meeting, by_word: bool, evidence: bool) -> String {
    let mut out = String::new();
    let more: &[&str] = if evidence { &EVIDENCE } else { &[] };
    row(&mut out, COLUMNS.iter().chain(more).map(|name| (*name).to_owned()));
    for entry in meeting.lines() {
        let said = match entry {
            Entry::Said(said) => said,
            Entry::Mark(_, mark) => {
                let text = text::clean(&mark.text);
                let ours = Ours {
                    from: mark.at,
                    to: mark.at,
                    text,
                    id: &mark.id,
                    kind: mark.kind.name(),
                    ..Ours::default()
                };
                row(&mut out, ours.cells(meeting, more.len()));
                continue;
            }
            Entry::Notice(told) => {
                let (who, tracks) = (told.who.join(", "), told.tracks.join(", "));
                let (text, kind) = (format!("[{}]", told.what()), told.kind.name());
                let ours = Ours { from: told.from, to: told.to, who, text, tracks, kind, id: "" };
                row(&mut out, ours.cells(meeting, more.len()));
                continue;
            }
        };
        let evidence = if evidence { columns(&meeting.evidence(said)) } else { Vec::new() };
        let mut put =
            |part: TimedWord| row(&mut out, cells(meeting, said, &part).into_iter().chain(evidence.clone()));
        if by_word {
            words(said).into_iter().for_each(put);
        } else {
            let (start, end) = (said.start.max(0.0), said.end.max(said.start).max(0.0));
            put(TimedWord { text: text::clean(&said.text), start, end, p: said.confidence });
        }
    }
    out
}

/// A row of what nobody said.
#[derive(Default)]
struct Ours<'a> {
    /// Session seconds.
    from: f64,
    /// Session seconds.
    to: f64,
    who: String,
    text: String,
    id: &'a str,
    tracks: String,
    kind: &'static str,
}

impl Ours<'_> {
    fn cells(self, meeting: &Meeting, more: usize) -> impl Iterator<Item = String> {
        let time = time(meeting, self.from);
        let (who, text, id) = (harmless(self.who), harmless(self.text), harmless(text::clean(self.id)));
        let (tracks, none) = (harmless(text::clean(&self.tracks)), String::new);
        let cells = vec![
            format!("{:.3}", self.from),
            format!("{:.3}", self.to),
            time,
            who,
            text,
            none(),
            none(),
            id,
            tracks,
            none(),
            self.kind.to_owned(),
        ];
        cells.into_iter().chain(std::iter::repeat_n(String::new(), more))
    }
}

fn time(meeting: &Meeting, seconds: f64) -> String {
    if !meeting.session.manifest.start.clock_known {
        return String::new();
    }
    meeting.session.wall(seconds).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

fn cells(meeting: &Meeting, said: &Utterance, part: &TimedWord) -> Vec<String> {
    vec![
        format!("{:.3}", part.start),
        format!("{:.3}", part.end),
        time(meeting, part.start),
        harmless(text::name(&said.speaker)),
        harmless(part.text.clone()),
        format!("{:.3}", part.p),
        harmless(text::clean(&said.language)),
        harmless(text::clean(&said.id)),
        harmless(text::clean(&said.track)),
        harmless(hidden_because(said).unwrap_or_default()),
        "said".to_owned(),
    ]
}

fn columns(evidence: &Evidence) -> Vec<String> {
    vec![
        evidence.take.to_string(),
        evidence.from_frame.to_string(),
        evidence.to_frame.to_string(),
        harmless(text::clean(evidence.file.unwrap_or_default())),
        harmless(text::clean(evidence.model)),
        evidence.sha256.unwrap_or_default().to_owned(),
    ]
}

/// Whatever a spreadsheet does with text, it does not compute it.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) { format!("'{text}") } else { text }
}

fn row(out: &mut String, cells: impl Iterator<Item = String>) {
    for (n, cell) in cells.enumerate() {
        if n > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ') {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

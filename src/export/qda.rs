//! Plain text for programs of qualitative analysis (MAXQDA, ATLAS.ti, QualCoder, f4): paragraphs, each with a
//! stamp at its beginning, `#00:03:40-5#` (tenths of a second of the session), then the speaker's name and a
//! colon, then what was said. An empty line parts paragraphs. Nothing else stands in it: those programs
//! take every word for data.
//!
//! What was marked and what a reader must know at its place are paragraphs between brackets, without a
//! speaker.

use std::fmt::Write as _;

use super::order::Entry;
use super::turns::{Meeting, Paragraph, Turn, TurnPart};
use crate::base::text;

/// The whole document.
pub fn render(meeting: &Meeting) -> String {
    let mut out = String::new();
    if let Some(nothing) = meeting.nothing_said() {
        put(&mut out, 0.0, &format!("[{nothing}]"));
    }
    for entry in meeting.entries() {
        match entry {
            Entry::Said(turn) => turn.paragraphs.iter().for_each(|part| said(&mut out, turn, part)),
            Entry::Mark(_, mark) => {
                let text = text::clean(&mark.text);
                put(&mut out, mark.at, &format!("[{}: {text}]", mark.kind.title()));
            }
            Entry::Notice(told) => {
                put(&mut out, told.from, &format!("[{} {}]", told.when(meeting.long), told.what()))
            }
        }
    }
    // One end of line at the end, not two.
    out.truncate(out.trim_end().len());
    out + "\n"
}

fn said(out: &mut String, turn: &Turn, part: &Paragraph) {
    let piece = |piece: &TurnPart| match piece.interjection {
        true => format!("({}: {})", text::name(&piece.utterance.speaker), piece.text()),
        false => piece.text(),
    };
    let words: Vec<String> = part.pieces.iter().map(piece).collect();
    let why = turn.withheld.as_ref().map(|why| format!("[{why}] ")).unwrap_or_default();
    // The first colon ends the name.
    let who = turn.speaker.replace(':', " –");
    put(out, part.start, &format!("{who}: {why}{}", words.join(" ")));
}

fn put(out: &mut String, seconds: f64, text: &str) {
    // By way of whole milliseconds: 4.1 s is 41 tenths.
    let tenths = (seconds.max(0.0) * 1000.0).round() as u64 / 100;
    let s = tenths / 10;
    let stamp = format!("{:02}:{:02}:{:02}-{}", s / 3600, s / 60 % 60, s % 60, tenths % 10);
    let _ = write!(out, "#{stamp}# {text}\n\n");
}

//! STM, a line an utterance with its words, as the NIST's tools and MeetEval read it.

use std::fmt::Write as _;

use super::fields::{Fields, each_said, seconds, span};
use super::turns::Meeting;
use crate::base::text;

/// The whole document; empty if nothing was said, and nothing must be known.
pub fn render(meeting: &Meeting) -> String {
    let fields = Fields::new(meeting);
    let mut out = String::new();
    each_said(meeting, &mut out, |out, said| {
        let (start, end) = span(said.start, said.end);
        let (start, end, who) = (seconds(start), seconds(end), fields.speaker(said));
        let words = defuse(&text::clean(&said.text));
        let _ = writeln!(out, "{} 1 {who} {start} {end} {words}", fields.session);
    });
    out
}

/// A `<…>` before the words would be taken for a label, and braces on their own for alternatives: an
/// invisible word joiner (U+2060) keeps the tools from it.
fn defuse(words: &str) -> String {
    let joined = |word: &str| match word {
        "{" | "}" => format!("{word}\u{2060}"),
        _ => word.to_owned(),
    };
    let out = words.split(' ').map(joined).collect::<Vec<_>>().join(" ");
    if out.starts_with('<') { format!("\u{2060}{out}") } else { out }
}

//! RTTM, who spoke when, as the NIST's Rich Transcription evaluations define it: a line for each stretch in
//! which somebody speaks without a break ([`speaking`](super::speaking)), several at once where several
//! speak at once. A comment says for whom lines of text stand in for that.

use std::fmt::Write as _;

use super::fields::{Fields, comment, seconds, span};
use super::order::{Entry, in_order};
use super::turns::Meeting;

/// The whole document; empty if nobody spoke, and nothing must be known.
pub fn render(meeting: &Meeting) -> String {
    let fields = Fields::new(meeting);
    let people = meeting.speaking.people();
    let mut out = String::new();
    if !meeting.speaking.by_lines.is_empty() {
        let names: Vec<&str> = meeting.speaking.by_lines.iter().map(String::as_str).collect();
        let _ = writeln!(
            out,
            ";; from the first word to the last of each line, as no voices were told apart there: {}",
            names.join(", ")
        );
    }
    let spoken = people.iter().map(|span| (span.start, span));
    for entry in in_order(&meeting.notices, meeting.marks(), spoken) {
        match entry {
            Entry::Said(spoken) => {
                let (start, end) = span(spoken.start, spoken.end);
                let (from, long, who) = (seconds(start), seconds(end - start), fields.name(&spoken.who));
                let _ = writeln!(out, "SPEAKER {} 1 {from} {long} <NA> <NA> {who} <NA> <NA>", fields.session);
            }
            Entry::Notice(told) => out.push_str(&comment(told)),
            Entry::Mark(..) => {}
        }
    }
    out
}

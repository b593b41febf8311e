//! RTTM, who spoke when: a line an utterance, from its first word to its last, as the NIST's Rich
//! Transcription evaluations define it.

use std::fmt::Write as _;

use super::fields::{Fields, comment, seconds, span};
use super::order::Entry;
use super::timing::spoken;
use super::turns::Meeting;

/// The whole document; empty if nothing was said, and nothing must be known.
pub fn render(meeting: &Meeting) -> String {
    let fields = Fields::new(meeting);
    let mut out = String::new();
    for entry in meeting.lines() {
        let said = match entry {
            Entry::Said(said) => said,
            Entry::Notice(told) => {
                out.push_str(&comment(told));
                continue;
            }
            Entry::Mark(..) => continue,
        };
        let (start, end) = spoken(said);
        let (start, end) = span(start, end);
        let (from, long, who) = (seconds(start), seconds(end - start), fields.speaker(said));
        let _ = writeln!(out, "SPEAKER {} 1 {from} {long} <NA> <NA> {who} <NA> <NA>", fields.session);
    }
    out
}

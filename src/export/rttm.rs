//! RTTM, who spoke when: a line an utterance, from its first word to its last, as the NIST's Rich
//! Transcription evaluations define it.

use std::fmt::Write as _;

use super::fields::{Fields, each_said, seconds, span};
use super::timing::spoken;
use super::turns::Meeting;

/// The whole document; empty if nothing was said, and nothing must be known.
pub fn render(meeting: &Meeting) -> String {
    let fields = Fields::new(meeting);
    let mut out = String::new();
    each_said(meeting, &mut out, |out, said| {
        let (start, end) = spoken(said);
        let (start, end) = span(start, end);
        let (from, long, who) = (seconds(start), seconds(end - start), fields.speaker(said));
        let _ = writeln!(out, "SPEAKER {} 1 {from} {long} <NA> <NA> {who} <NA> <NA>", fields.session);
    });
    out
}

//! CTM, a line a word, as the NIST's tools read it. The format knows no speakers: the channel is the track's
//! number, from 1, in the order in which the user named the tracks; comments at the top say whose each is.

use std::fmt::Write as _;

use super::fields::{Fields, each_said, seconds, span};
use super::timing::words;
use super::turns::Meeting;
use crate::base::text;

/// The whole document.
pub fn render(meeting: &Meeting) -> String {
    let fields = Fields::new(meeting);
    let sources = &meeting.session.manifest.sources;
    let mut out = String::new();
    for (n, source) in sources.iter().enumerate() {
        let _ = writeln!(out, ";; channel {} is {}", n + 1, text::name(&source.name));
    }
    each_said(meeting, &mut out, |out, said| {
        // A track that no source names comes after all that are named.
        let channel = 1 + sources.iter().take_while(|source| source.track != said.track).count();
        for word in words(said) {
            let (start, end) = span(word.start, word.end);
            let (from, long, p) = (seconds(start), seconds(end - start), word.p.clamp(0.0, 1.0));
            let _ = writeln!(out, "{} {channel} {from} {long} {} {p:.3}", fields.session, word.text);
        }
    });
    out
}

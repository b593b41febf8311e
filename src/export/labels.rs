//! A label track for Audacity: seconds, a tab, seconds, a tab, text. Frame 0 of each first take is second 0
//! of the session, so the labels lie right beside the imported tracks.

use std::fmt::Write as _;

use super::timing::{spoken, words};
use super::turns::Meeting;
use crate::base::text;
use crate::session::mark::Mark;

/// The whole document; a label an utterance, or a word, a mark and a notice.
pub fn render(meeting: &Meeting, by_word: bool) -> String {
    let wording = meeting.words;
    let mut labels: Vec<(f64, f64, String)> = Vec::new();
    for said in &meeting.said {
        let name = text::name(&said.speaker);
        let why = meeting.why_hidden(said).map(|why| format!(" [{why}]")).unwrap_or_default();
        if by_word {
            labels.extend(
                words(said)
                    .into_iter()
                    .map(|word| (word.start, word.end, format!("{name}: {}{why}", word.text))),
            );
        } else {
            let (start, end) = spoken(said);
            labels.push((start, end, format!("{name}: {}{why}", text::clean(&said.text))));
        }
    }
    let mark = |mark: &Mark| {
        let (kind, colon) = ((wording.marks.one)(mark.kind), wording.colon);
        (mark.at, mark.at, format!("{kind}{colon}{}", text::clean(&mark.text)))
    };
    labels.extend(meeting.marks().map(mark));
    labels
        .extend(meeting.notices.iter().map(|told| (told.from, told.to, format!("[{}]", told.told(wording)))));
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out = String::new();
    for (start, end, text) in labels {
        let start = start.max(0.0);
        let _ = writeln!(out, "{start:.6}\t{:.6}\t{text}", end.max(start));
    }
    out
}

//! What the line formats of speech research (RTTM, CTM, STM) have in common: fields parted by spaces, so that
//! no field may hold one, and seconds with three decimals.

use std::collections::{HashMap, HashSet};

use super::notices::Notice;
use super::order::Entry;
use super::turns::Meeting;
use crate::base::text;
use crate::base::utterance::Utterance;

/// The names in a meeting's lines.
pub(super) struct Fields {
    /// Of the recording.
    pub session: String,
    speakers: HashMap<String, String>,
}

impl Fields {
    /// Names of different people stay different: where two come down to one, the later one gets `_2`, `_3` …
    pub fn new(meeting: &Meeting) -> Self {
        let mut taken = HashSet::new();
        let mut speakers = HashMap::new();
        let of_people = meeting.people.iter().map(|person| person.name.clone());
        let of_lines = meeting.said.iter().map(|said| text::name(&said.speaker));
        let of_voices = meeting.speaking.people().into_iter().map(|span| span.who);
        for name in of_people.chain(of_lines).chain(of_voices) {
            if speakers.contains_key(&name) {
                continue;
            }
            let first = field(&name);
            let mut candidate = first.clone();
            for n in 2u32.. {
                if taken.insert(candidate.clone()) {
                    break;
                }
                candidate = format!("{first}_{n}");
            }
            speakers.insert(name, candidate);
        }
        Self { session: field(&text::name(&meeting.session.manifest.id)), speakers }
    }

    /// Who said it, as a field.
    pub fn speaker(&self, said: &Utterance) -> &str {
        self.name(&text::name(&said.speaker))
    }

    /// A display name as a field.
    pub fn name(&self, name: &str) -> &str {
        self.speakers.get(name).map_or("unknown", String::as_str)
    }
}

/// Hands on what was said, line by line; what a reader must know between stands there as a comment.
pub(super) fn each_said(meeting: &Meeting, out: &mut String, mut tell: impl FnMut(&mut String, &Utterance)) {
    for entry in meeting.lines() {
        match entry {
            Entry::Said(said) => tell(out, said),
            Entry::Notice(told) => out.push_str(&comment(told)),
            Entry::Mark(..) => {}
        }
    }
}

/// What a reader must know at its place, as a comment: all three formats pass over a line that begins so.
pub(super) fn comment(notice: &Notice) -> String {
    let (from, to) = span(notice.from, notice.to);
    format!(";; {} to {} {}\n", seconds(from), seconds(to), notice.what())
}

/// Without spaces; and `;` begins a comment where it begins a line.
fn field(name: &str) -> String {
    name.replace([' ', ';'], "_")
}

/// Seconds of a span, in thousandths, never empty: a word without length has no place in a score.
pub(super) fn span(start: f64, end: f64) -> (u64, u64) {
    let millis = |seconds: f64| (seconds.max(0.0) * 1000.0).round() as u64;
    (millis(start), millis(end).max(millis(start) + 1))
}

/// Thousandths as `12.345`.
pub(super) fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

//! Tiers, as the programs of phonetics (ELAN, Praat) have them: on one tier nothing may lie on anything else,
//! and nothing may be without length. Pure.
//!
//! Promise: every utterance that was selected is on exactly one tier of its speaker; where two of them lie on
//! each other (two tracks, one name), the later one goes to a further tier, `Alice (2)`. Times are in whole
//! milliseconds of the session.

use std::collections::{HashMap, HashSet};

use super::notices::Notice;
use super::timing::{TimedWord, words};
use super::turns::{Meeting, hidden_because};
use crate::base::text;
use crate::base::utterance::Utterance;
use crate::session::mark::Mark;

/// A mark has no length; on a tier it gets this one (milliseconds), so that it can be seen and clicked.
const MARK_MS: u64 = 1000;

/// A time beyond this is no time of a meeting, but of a damaged file; whole milliseconds of it are exact.
const SECONDS_MAX: f64 = 1e9;

/// A stretch of a tier.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub from_ms: u64,
    /// Later than `from_ms`.
    pub to_ms: u64,
    /// On one line.
    pub text: String,
}

/// What is told of one speaker, or by us.
#[derive(Debug, Default)]
pub(super) struct Tier {
    /// No other tier has it.
    pub name: String,
    /// Whose words they are; `None` for marks and notices.
    pub speaker: Option<String>,
    /// By time, none on another.
    pub spans: Vec<Span>,
    /// Name of the tier of the words.
    pub words_name: String,
    /// Its words, each within one of the spans, by time, none on another.
    pub words: Vec<Span>,
}

/// All that a meeting's tiers hold.
#[derive(Debug)]
pub(super) struct Tiers {
    /// In the order of the people, each speaker's own after each other.
    pub speakers: Vec<Tier>,
    /// What was marked.
    pub marks: Vec<Tier>,
    /// What a reader must know at its place.
    pub notices: Vec<Tier>,
    /// The end of all of it, at least 1.
    pub end_ms: u64,
}

impl Tiers {
    /// Those of what was selected.
    pub fn of(meeting: &Meeting) -> Self {
        let mut taken = HashSet::new();
        let mark = |mark: &Mark| {
            let at = millis(mark.at);
            let text = format!("{}: {}", mark.kind.title(), text::clean(&mark.text));
            Span { from_ms: at, to_ms: at.saturating_add(MARK_MS), text }
        };
        let told = |told: &Notice| {
            let from_ms = millis(told.from);
            Span {
                from_ms,
                to_ms: millis(told.to).max(from_ms.saturating_add(1)),
                text: format!("[{}]", told.what()),
            }
        };
        let speakers = speakers(meeting, &mut taken);
        let marks = ours("Marks", meeting.marks().map(mark), &mut taken);
        let notices = ours("Notices", meeting.notices.iter().map(told), &mut taken);
        let all = speakers.iter().chain(&marks).chain(&notices);
        let last = all.flat_map(|tier| &tier.spans).map(|span| span.to_ms).max().unwrap_or(0);
        let end_ms = millis(meeting.session.manifest.duration).max(last).max(1);
        Self { speakers, marks, notices, end_ms }
    }
}

/// Seconds in thousandths, not before the meeting.
fn millis(seconds: f64) -> u64 {
    (seconds.clamp(0.0, SECONDS_MAX) * 1000.0).round() as u64
}

fn speakers(meeting: &Meeting, taken: &mut HashSet<String>) -> Vec<Tier> {
    let mut of: HashMap<String, Vec<Tier>> = HashMap::new();
    let mut order: Vec<String> = meeting.people.iter().map(|person| person.name.clone()).collect();
    let mut said: Vec<(Span, Vec<Span>, String)> = meeting.said.iter().filter_map(|u| spoken(u)).collect();
    said.sort_by_key(|(span, ..)| span.from_ms);
    for (span, words, speaker) in said {
        let tiers = of.entry(speaker.clone()).or_default();
        let at = free(tiers, &span).unwrap_or(tiers.len());
        if at == tiers.len() {
            tiers.push(Tier { speaker: Some(speaker.clone()), ..Tier::default() });
        }
        tiers[at].spans.push(span);
        tiers[at].words.extend(words);
        if !order.contains(&speaker) {
            order.push(speaker);
        }
    }
    let mut out: Vec<Tier> = order.into_iter().filter_map(|speaker| of.remove(&speaker)).flatten().collect();
    // The names of speakers come first: a tier of words gives way to them.
    for tier in &mut out {
        tier.name = unique(tier.speaker.as_deref().unwrap_or_default(), taken);
    }
    for tier in &mut out {
        tier.words_name = unique(&format!("{} – words", tier.name), taken);
    }
    out
}

fn ours(name: &str, spans: impl Iterator<Item = Span>, taken: &mut HashSet<String>) -> Vec<Tier> {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_by_key(|span| (span.from_ms, span.to_ms));
    let mut tiers: Vec<Tier> = Vec::new();
    for span in spans {
        match free(&tiers, &span) {
            Some(at) => tiers[at].spans.push(span),
            None => tiers.push(Tier { spans: vec![span], ..Tier::default() }),
        }
    }
    for tier in &mut tiers {
        tier.name = unique(name, taken);
    }
    tiers
}

/// The first tier that has room for it.
fn free(tiers: &[Tier], span: &Span) -> Option<usize> {
    tiers.iter().position(|tier| tier.spans.last().is_none_or(|last| last.to_ms <= span.from_ms))
}

/// A name that no other tier has: the second one gets ` (2)`.
fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    let mut candidate = name.to_owned();
    for n in 2u32.. {
        if taken.insert(candidate.clone()) {
            break;
        }
        candidate = format!("{name} ({n})");
    }
    candidate
}

/// An utterance from its first word to its last, and its words; `None` if it has none.
fn spoken(said: &Utterance) -> Option<(Span, Vec<Span>, String)> {
    let words = words(said);
    let (first, last) = (words.first()?, words.last()?);
    let from_ms = millis(first.start);
    let to_ms = millis(last.end).max(from_ms.saturating_add(1));
    let why = hidden_because(said).map(|why| format!(" [{why}]")).unwrap_or_default();
    let text = format!("{}{why}", text::clean(&said.text));
    let words = apart(&words, from_ms, to_ms);
    Some((Span { from_ms, to_ms, text }, words, text::name(&said.speaker)))
}

/// Words one after the other within a span. Each ends where the next begins, at the latest; one for which no
/// millisecond is left stands with the word before it.
fn apart(words: &[TimedWord], from_ms: u64, to_ms: u64) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    let mut reached = from_ms;
    for (n, word) in words.iter().enumerate() {
        let from = millis(word.start).max(reached);
        let next = words.get(n + 1).map_or(to_ms, |next| millis(next.start).min(to_ms));
        if let Some(last) = out.last_mut()
            && from >= to_ms
        {
            last.text = format!("{} {}", last.text, word.text);
            continue;
        }
        let to = millis(word.end).min(next).max(from.saturating_add(1)).min(to_ms);
        out.push(Span { from_ms: from, to_ms: to, text: word.text.clone() });
        reached = to;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_without_length_stand_apart_or_with_the_word_before() {
        let word = |text: &str, start: f64, end: f64| TimedWord { text: text.into(), start, end, p: 1.0 };
        let words =
            [word("a", 1.0, 1.5), word("b", 1.2, 1.2), word("c", 1.2, 1.202), word("d", 1.202, 1.202)];
        let apart = apart(&words, 1000, 1202);
        let told: Vec<(u64, u64, &str)> =
            apart.iter().map(|span| (span.from_ms, span.to_ms, span.text.as_str())).collect();
        assert_eq!(told, [(1000, 1200, "a"), (1200, 1201, "b"), (1201, 1202, "c d")]);
    }
}

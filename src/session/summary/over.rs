//! A summary as it stands now: laid over its session, each time somebody reads it.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{By, Cited, Item, Kind, Summary, fingerprint, hex, lines_of, number};
use crate::base::text::clean;
use crate::base::utterance::Utterance;
use crate::session::reading::Session;

impl Summary {
    /// What stands of it now.
    pub fn over(&self, session: &Session) -> Shown {
        let lines = lines_of(session);
        let now: HashMap<&str, &Utterance> = lines.iter().map(|line| (line.id.as_str(), *line)).collect();
        let cited: HashMap<&str, &Cited> = self.lines.iter().map(|line| (line.id.as_str(), line)).collect();
        let people = self.people_now(&now);
        let mut items = Vec::new();
        for item in &self.items {
            let Some(changed) = stands(item, session, &now, &cited) else { continue };
            let line = |id: &String| now.get(id.as_str()).map(|line| (line.start, *line));
            let mut of: Vec<(f64, &Utterance)> = item.lines.iter().filter_map(line).collect();
            of.sort_by(|a, b| a.0.total_cmp(&b.0));
            // Whose words are quoted is who is named beside them.
            let quote = folded(&item.quote);
            if let Some(at) = of.iter().position(|(_, line)| folded(&line.text).contains(&quote)) {
                of[..=at].rotate_right(1);
            }
            items.push(ShownItem {
                kind: item.kind,
                text: people.told(&item.text),
                owner: item.owner.as_deref().map(|owner| people.told(owner)),
                due: item.due.as_deref().map(clean),
                quote: clean(&item.quote),
                lines: of.iter().map(|(start, line)| Place::of(*start, line)).collect(),
                changed,
            });
        }
        Shown {
            utc: self.utc,
            by: self.by.clean(),
            language: clean(&self.of.language),
            gone: self.items.len() - items.len() + self.misfits,
            items,
            said: self.counts.said,
            left_out: self.counts.left_out,
            parts: self.counts.parts,
            unread: self.counts.unread,
            stale: Stale {
                text: !self.of.shown.is_empty() && fingerprint(&lines) != self.of.shown,
                names: people.changed,
            },
        }
    }

    fn people_now(&self, now: &HashMap<&str, &Utterance>) -> People {
        let mut people = People::default();
        for (n, person) in self.people.iter().enumerate() {
            let called = now.get(person.line.as_str()).map(|line| clean(&line.speaker));
            match (&person.name, called) {
                (Some(then), Some(name)) => {
                    people.changed |= *then != name;
                    people.names.push((then.clone(), name));
                }
                (Some(_), None) => {}
                (None, name) => people.names.push((number(n), name.unwrap_or_else(|| "…".to_owned()))),
            }
        }
        people
    }
}

/// Names, and what they are now.
#[derive(Default)]
struct People {
    names: Vec<(String, String)>,
    changed: bool,
}

impl People {
    fn told(&self, text: &str) -> String {
        clean(&replaced(text, &self.names))
    }
}

/// `text` with each of the words replaced, all at once, the longest first. A word counts only where it stands
/// alone, or in a script without spaces.
pub(super) fn replaced(text: &str, words: &[(String, String)]) -> String {
    let mut words: Vec<&(String, String)> = words.iter().filter(|(from, _)| !from.is_empty()).collect();
    words.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    let joins = |a: Option<char>, b: Option<char>| match (a, b) {
        (Some(a), Some(b)) => a.is_alphanumeric() && b.is_alphanumeric() && !(is_dense(a) || is_dense(b)),
        _ => false,
    };
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(c) = text[at..].chars().next() {
        let before = text[..at].chars().next_back();
        let stands = |from: &str| {
            text[at..].starts_with(from)
                && !joins(before, from.chars().next())
                && !joins(from.chars().next_back(), text[at + from.len()..].chars().next())
        };
        if let Some((from, to)) = words.iter().find(|(from, _)| stands(from)) {
            out += to;
            at += from.len();
        } else {
            out.push(c);
            at += c.len_utf8();
        }
    }
    out
}

/// Scripts that write no spaces.
fn is_dense(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether an item may be shown; then, whether a line that it cites reads differently since.
fn stands(
    item: &Item,
    session: &Session,
    now: &HashMap<&str, &Utterance>,
    cited: &HashMap<&str, &Cited>,
) -> Option<bool> {
    let mut changed = false;
    let mut texts = String::new();
    if item.lines.is_empty() {
        return None;
    }
    for id in &item.lines {
        let (line, then) = (now.get(id.as_str())?, cited.get(id.as_str()));
        texts += &line.text;
        texts.push(' ');
        if then.is_some_and(|then| hex(&Sha256::digest(&line.text)) != then.text) {
            changed = true;
            let passages = &session.amendments.passages;
            if passages.iter().any(|passage| passage.from <= line.end && passage.to >= line.start) {
                return None;
            }
        }
    }
    let quote = folded(&item.quote);
    (!quote.is_empty() && folded(&texts).contains(&quote)).then_some(changed)
}

/// Letters and digits alone, small.
fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A summary as it stands now, for people and programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// When it was made.
    pub utc: Timestamp,
    pub by: By,
    /// ISO 639-1 code of the language that was spoken most.
    pub language: String,
    /// In the order of the meeting.
    pub items: Vec<ShownItem>,
    /// Sentences that the model gave.
    pub said: usize,
    /// Those of them that were left out: they are not in the transcript.
    pub left_out: usize,
    /// Parts that the text was cut into.
    pub parts: usize,
    /// Parts that nothing is told of: no answer could be read.
    pub unread: usize,
    /// Items that are not shown any more: what they cite is hidden or gone.
    pub gone: usize,
    pub stale: Stale,
}

impl Shown {
    /// The items of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &ShownItem> {
        self.items.iter().filter(move |item| item.kind == kind)
    }
}

/// What was changed since a summary was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// Lines: corrected, hidden, or more of them.
    pub text: bool,
    /// What people are called. Names in the summary are those that count now.
    pub names: bool,
}

impl Stale {
    /// Whether anything was.
    pub fn is_any(self) -> bool {
        self.text || self.names
    }
}

/// An item as it stands now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownItem {
    pub kind: Kind,
    pub text: String,
    pub owner: Option<String>,
    pub due: Option<String>,
    pub quote: String,
    /// The one that is quoted first, the others by time; never empty.
    pub lines: Vec<Place>,
    /// A line that it cites was corrected since.
    pub changed: bool,
}

/// A line that an item leads to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Of the line, in the session.
    pub id: String,
    /// Session seconds.
    pub start: f64,
    /// Session seconds.
    pub end: f64,
    pub speaker: String,
}

impl Place {
    fn of(start: f64, line: &Utterance) -> Self {
        Self { id: line.id.clone(), start, end: line.end, speaker: clean(&line.speaker) }
    }
}

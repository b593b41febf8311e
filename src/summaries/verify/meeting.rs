//! A meeting made ready: each line taken apart once, so that a hundred sentences about it cost little. Pure.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use super::Said;
use super::facts::{Fact, What, facts, run_together};
use super::tables::people::{BOTH, TITLES};
use super::text::{Gap, Text, fold};
use super::tongue::{Tongue, is_instead};

/// What was said in a meeting, who was there and who can be spoken of.
#[derive(Debug)]
pub struct Meeting {
    pub(super) lines: Vec<Line>,
    numbers: HashMap<u32, usize>,
    pub(super) people: Vec<Person>,
    pub(super) date: Option<Date>,
    pub(super) tongue: Tongue,
    /// Words that stand without a capital in any line.
    pub(super) common: HashSet<String>,
    /// Two people speak in it and no more.
    pub(super) of_two: bool,
}

/// A line.
#[derive(Debug)]
pub(super) struct Line {
    pub number: u32,
    pub speaker: String,
    pub speaker_words: Vec<String>,
    /// As it was said.
    pub raw: String,
    pub text: Text,
    pub stems: Vec<String>,
    pub facts: Vec<Fact>,
    /// Further ways to read its facts.
    pub more: Vec<What>,
    /// With single spaces, without signs, in small letters.
    pub literal: String,
}

/// Somebody who was there, or who was spoken of as invited.
#[derive(Debug)]
pub(super) struct Person {
    /// Folded, without titles.
    pub words: Vec<String>,
    pub name: String,
}

impl Meeting {
    /// `lines` are those that stand in the minutes, in their order; `people` are the names of all who
    /// spoke, were invited or can be addressed; `date` is the day of the meeting where it is;
    /// `language` is an ISO 639-1 code.
    pub fn new(lines: &[Said], people: &[&str], date: impl Into<Option<Date>>, language: &str) -> Self {
        let tongue = Tongue::new(language);
        let mut seen = HashSet::new();
        let names = people.iter().copied().chain(lines.iter().map(|line| line.speaker));
        let people = names.filter(|name| seen.insert(fold(name))).map(Person::new).collect();
        let lines: Vec<Line> = lines.iter().map(|said| Line::new(said, &tongue)).collect();
        let numbers = lines.iter().enumerate().map(|(at, line)| (line.number, at)).collect();
        let small = lines.iter().flat_map(|line| &line.text.words).filter(|word| !word.capital);
        let common = small.map(|word| word.fold.clone()).collect();
        let speakers: HashSet<&str> = lines.iter().map(|line| line.speaker.as_str()).collect();
        let of_two = speakers.len() == 2;
        Self { numbers, people, date: date.into(), tongue, common, of_two, lines }
    }

    /// Where a line stands.
    pub(super) fn at(&self, number: u32) -> Option<usize> {
        self.numbers.get(&number).copied()
    }
}

impl Line {
    fn new(said: &Said, tongue: &Tongue) -> Self {
        let text = tongue.read(said.text);
        let mut found = facts(&text, &tongue.language);
        deny(&mut found, &text, tongue);
        take_back(&mut found, &text, tongue);
        Self {
            number: said.number,
            speaker: fold(said.speaker),
            speaker_words: words_of(said.speaker),
            raw: said.text.to_owned(),
            stems: text.words.iter().map(|word| tongue.stem(&word.fold)).collect(),
            more: run_together(&found, &text.words),
            facts: found,
            literal: literal(said.text),
            text,
        }
    }
}

/// Marks what is denied: "half past seven, not seven"; "ten instead of twelve".
pub(super) fn deny(facts: &mut [Fact], text: &Text, tongue: &Tongue) {
    let words = &text.words;
    for fact in facts.iter_mut().filter(|fact| fact.binds_or_day()) {
        let Some(before) = fact.words.start.checked_sub(1) else { continue };
        let not = tongue.not.has(&words[before].fold)
            && words[before].gap == Gap::Break
            && words[fact.words.start].gap == Gap::Space
            && !words[before].first;
        fact.denied = not || (before.saturating_sub(1)..=before).any(|at| is_instead(&words[at].fold));
    }
}

/// Takes out what the one who speaks takes back: "by Tuesday. No wait, Wednesday".
fn take_back(facts: &mut Vec<Fact>, text: &Text, tongue: &Tongue) {
    let words = &text.words;
    for at in 1..words.len() {
        let parted = words[at].first || words[at].gap == Gap::Break;
        let length = tongue.corrects.at(words, at);
        if length == 0 || !parted {
            continue;
        }
        let sentence = words[at].sentence;
        // "I mean" is often only a pause: the other one follows at once.
        let weak = words[at].fold == "i" || words[at].fold == "halt";
        if weak && !facts.iter().any(|fact| (at + length..=at + length + 1).contains(&fact.words.start)) {
            continue;
        }
        let instead = |wrong: &Fact| {
            facts.iter().any(|fact| {
                fact.words.start >= at + length
                    && words[fact.words.start].sentence <= sentence + 1
                    && fact.competes(wrong)
                    && !fact.is_same(wrong)
            })
        };
        let wrong = facts.iter().rfind(|fact| {
            fact.words.end <= at
                && (!weak || fact.words.end + 2 >= at)
                && words[fact.words.start].sentence + 1 >= sentence
                && instead(fact)
        });
        if let Some(wrong) = wrong.cloned() {
            facts.retain(|fact| !fact.is_same(&wrong));
        }
    }
}

impl Person {
    fn new(name: &str) -> Self {
        let words = words_of(name);
        let own: Vec<String> = words.iter().filter(|word| !is_title(word)).cloned().collect();
        Self { words: if own.is_empty() { words } else { own }, name: name.to_owned() }
    }
}

/// A name's words, folded.
pub(super) fn words_of(name: &str) -> Vec<String> {
    let words =
        name.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '\u{300}'..='\u{36f}'));
    words.map(|word| fold(word).replace(['\'', '’'], "")).filter(|word| !word.is_empty()).collect()
}

/// Mr, Frau, Monsieur.
pub(super) fn is_title(word: &str) -> bool {
    TITLES.split_whitespace().any(|title| title == word)
}

/// Whether a word can be a name and another word.
pub(super) fn is_both(word: &str) -> bool {
    BOTH.split_whitespace().any(|name| name == word)
}

/// In small letters, words parted by single spaces, without signs; where words are not parted, each
/// character is one.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(' ');
    for c in text.chars() {
        if super::spaceless::is_alone(c) {
            if !out.ends_with(' ') {
                out.push(' ');
            }
            out.push(c);
            out.push(' ');
        } else if c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}') {
            out.extend(c.to_lowercase());
        } else if !matches!(c, '\'' | '’' | '‘' | '\u{ad}' | '\u{200b}'..='\u{200d}') && !out.ends_with(' ')
        {
            out.push(' ');
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

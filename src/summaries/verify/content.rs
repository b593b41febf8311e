//! Which words of a sentence say something of their own, and which of them are verbs. Pure.

use super::Reason;
use super::cited::Cited;
use super::names::Mention;
use super::text::{Gap, Text};
use super::tongue::Tongue;

/// Before a verb in English.
#[rustfmt::skip]
const BEFORE_VERBS: &[&str] = &[
    "will", "shall", "would", "can", "to", "is", "are", "was", "were", "be", "been", "being", "has", "have", "had", "not",
    "must", "should", "also", "ll",
];

/// Which words of a sentence say something of their own: no names, numbers, stop words, words of reports.
pub(super) fn content(text: &Text, mentions: &[Mention], facts: &[bool], tongue: &Tongue) -> Vec<bool> {
    let words = &text.words;
    let mut content: Vec<bool> = words
        .iter()
        .enumerate()
        .map(|(at, word)| {
            let letters =
                word.fold.chars().any(char::is_alphabetic) && (word.fold.len() > 1 || !word.fold.is_ascii());
            letters && !facts[at] && !tongue.stop.has(&word.fold) && !super::meeting::is_title(&word.fold)
        })
        .collect();
    for mention in mentions {
        content[mention.words.clone()].fill(false);
    }
    for at in 0..words.len() {
        for phrases in [&tongue.report, &tongue.opinion, &tongue.asked, &tongue.maybe, &tongue.not] {
            let length = phrases.at(words, at);
            content[at..at + length].fill(false);
        }
    }
    // "It is 28,000" says what it costs.
    for clause in &text.clauses {
        let measures = clause.clone().filter(|at| measures(&words[*at].fold));
        if facts[clause.clone()].contains(&true) {
            measures.for_each(|at| content[at] = false);
        }
    }
    content
}

/// Verbs that say no more than the number beside them.
#[rustfmt::skip]
const MEASURES: &[&str] = &[
    "cost", "costs", "costing", "lasts", "lasted", "kostet", "kosten", "kostete", "dauert", "dauern", "dauerte", "gab", "betragt",
    "coute", "coutent", "coutait", "dure", "durent",
];

/// Whether a word says no more than the number beside it.
pub(super) fn measures(word: &str) -> bool {
    MEASURES.contains(&word)
}

/// Whether a word stands where a verb does, as far as a language shows it.
pub(super) fn is_verb(text: &Text, at: usize, mentions: &[Mention], tongue: &Tongue) -> bool {
    match tongue.language.as_str() {
        "en" => is_english_verb(text, at, mentions),
        // A noun has a capital.
        "de" => !text.words[at].capital && !text.words[at].first,
        _ => false,
    }
}

/// Whether an English word stands where a verb does: it begins the sentence, follows whom it tells of, or
/// stands behind a word that verbs follow.
fn is_english_verb(text: &Text, at: usize, mentions: &[Mention]) -> bool {
    let word = &text.words[at];
    let Some(before) = at.checked_sub(1).map(|before| &text.words[before]) else { return true };
    let named = mentions.iter().any(|mention| mention.words.end == at) && !before.possessive;
    word.gap != Gap::Joined && (named || BEFORE_VERBS.contains(&before.fold.as_str()))
}
/// In a language whose words are not known every word must have been said, and nothing of a sentence may
/// be left out: what is left out may be its "not".
pub(super) fn check_literal(
    text: &Text,
    mentions: &[Mention],
    facts: &[bool],
    cited: &Cited,
    quoted: &[usize],
) -> Result<(), Reason> {
    let named = |at: usize| mentions.iter().any(|mention| mention.words.contains(&at));
    for (at, word) in text.words.iter().enumerate() {
        let said = named(at) || facts[at] || cited.words().any(|said| is_form(&word.fold, &said.fold));
        if !said {
            return Err(Reason::Words(word.raw.clone()));
        }
    }
    let whole = quoted.iter().any(|n| {
        cited.spoken[*n]
            .words()
            .iter()
            .all(|said| text.words.iter().any(|word| is_form(&word.fold, &said.fold)))
    });
    let left_out = quoted.first().and_then(|n| cited.spoken[*n].words().first()).map(|word| word.raw.clone());
    if whole { Ok(()) } else { Err(Reason::Words(left_out.unwrap_or_default())) }
}

/// The same word, or the same with another short ending.
fn is_form(one: &str, other: &str) -> bool {
    let shared = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let (one_length, other_length) = (one.chars().count(), other.chars().count());
    let longer = one_length.max(other_length);
    one == other || (shared >= 5 && shared + 3 > longer && one_length.abs_diff(other_length) <= 2)
}

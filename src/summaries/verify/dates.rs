//! Days, months and times as they are named. Pure.

use super::tables::dates::{DAYS, Days, OWN_ONLY};
use super::text::{Gap, Word};

/// What a word says of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Day {
    /// From Monday, 1.
    Weekday(i8),
    /// From January, 1.
    Month(i8),
    /// Another word that must have been said, by the first of its synonyms.
    Other(&'static str),
}

fn has(synonyms: &str, word: &str) -> bool {
    synonyms.split('|').any(|name| name == word)
}

fn of_table(word: &str, days: &Days) -> Option<Day> {
    let numbered = |names: &[&str]| {
        names.iter().position(|names| has(names, word)).and_then(|at| i8::try_from(at + 1).ok())
    };
    if let Some(day) = numbered(&days.weekdays) {
        return Some(Day::Weekday(day));
    }
    if let Some(month) = numbered(&days.months) {
        return Some(Day::Month(month));
    }
    let other = days.others.iter().find(|names| has(names, word))?;
    Some(Day::Other(other.split('|').next().unwrap_or(other)))
}

/// What a word says of a day in the language, or in another one, where it can be nothing else.
pub(super) fn of(word: &str, language: &str) -> Option<Day> {
    let own = DAYS.iter().find(|days| days.language == language).and_then(|days| of_table(word, days));
    own.or_else(|| {
        (word.len() > 2 && !OWN_ONLY.contains(&word))
            .then(|| {
                DAYS.iter().filter(|days| days.language != language).find_map(|days| of_table(word, days))
            })
            .flatten()
    })
}

/// Words that say which day, week or year, each beside one; the first of synonyms is the key.
#[rustfmt::skip]
const WHICH: &[(&str, &[&str])] = &[
    ("en", &["next|coming|following", "last|previous|past", "this"]),
    ("de", &[
        "nachste|nachsten|nachster|nachstes|nachstem|kommende|kommenden|kommender|kommendes",
        "letzte|letzten|letzter|letztes|letztem|vorige|vorigen|voriges|vergangene|vergangenen|vergangenes",
        "diese|diesen|dieser|dieses|diesem",
    ]),
    ("fr", &["prochain|prochaine", "dernier|derniere|passe|passee", "ce|cet|cette"]),
];

/// Whether a word says which day, week or year it is that stands beside it: next week, la semaine prochaine.
pub(super) fn which(words: &[Word], at: usize, language: &str) -> Option<&'static str> {
    let (_, keys) = WHICH.iter().find(|(own, _)| *own == language)?;
    let key = keys.iter().find(|key| has(key, &words[at].fold))?;
    let names = |at: Option<usize>| {
        let word = at.and_then(|at| words.get(at));
        word.is_some_and(|word| {
            word.gap != Gap::Break
                && DAYS.iter().any(|days| days.language == language && of_table(&word.fold, days).is_some())
        })
    };
    let before = language == "fr" && !matches!(words[at].fold.as_str(), "ce" | "cet" | "cette");
    let beside = if before { at.checked_sub(1) } else { Some(at + 1) };
    names(beside).then(|| key.split('|').next().unwrap_or(key))
}

/// Whether a word for a day says which one, counted from today.
pub(super) fn is_relative(key: &str) -> bool {
    DAYS.iter().any(|days| days.relative.iter().any(|(word, _)| *word == key))
}

/// Whether a word is for a part of any day.
pub(super) fn is_part(key: &str) -> bool {
    const PARTS: &[&str] = &[
        "morning",
        "afternoon",
        "evening",
        "night",
        "vormittag",
        "nachmittag",
        "mittag",
        "abend",
        "nacht",
        "matin",
        "midi",
        "soir",
        "nuit",
    ];
    PARTS.contains(&key)
}

/// Whether a word is for a part of the year.
pub(super) fn is_season(key: &str) -> bool {
    const SEASONS: &[&str] = &[
        "spring",
        "summer",
        "autumn",
        "winter",
        "fruhling",
        "sommer",
        "herbst",
        "printemps",
        "ete",
        "automne",
        "hiver",
    ];
    SEASONS.contains(&key)
}

/// Whether a word is a month in any language.
pub(super) fn is_month(word: &str) -> bool {
    DAYS.iter().any(|days| days.months.iter().any(|names| has(names, word)))
}

/// Whether half an hour is said of the hour that comes.
pub(super) fn half_is_to(language: &str) -> bool {
    DAYS.iter().any(|days| days.language == language && days.half_is_to)
}

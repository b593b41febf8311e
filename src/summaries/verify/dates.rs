//! Days, months and times as they are named, and the one case in which a day is computed: from the meeting's
//! date, and only where there is no other way to understand what was said. Pure.

use jiff::civil::Date;

use super::facts::{Fact, What};
use super::tables::dates::{DAYS, Days, OWN_ONLY};

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
    let numbered = |names: &[&str]| names.iter().position(|names| has(names, word)).and_then(|at| i8::try_from(at + 1).ok());
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
            .then(|| DAYS.iter().filter(|days| days.language != language).find_map(|days| of_table(word, days)))
            .flatten()
    })
}

/// Whether a word is a month in any language.
pub(super) fn is_month(word: &str) -> bool {
    DAYS.iter().any(|days| days.months.iter().any(|names| has(names, word)))
}

/// Whether half an hour is said of the hour that comes.
pub(super) fn half_is_to(language: &str) -> bool {
    DAYS.iter().any(|days| days.language == language && days.half_is_to)
}

/// A day that was said, as a date: today, tomorrow, the 1st of December, in three days, in two weeks.
pub(super) fn computed(facts: &[Fact], words: &[super::text::Word], language: &str, meeting: Date) -> Vec<Date> {
    let mut found = Vec::new();
    let relative = DAYS.iter().filter(|days| days.language == language).flat_map(|days| days.relative);
    for (word, days) in relative {
        if words.iter().any(|spoken| spoken.fold == *word && !(language == "de" && spoken.capital && !spoken.first)) {
            found.extend(meeting.checked_add(jiff::Span::new().days(*days)).ok());
        }
    }
    // A month and a day that stand beside each other, of this year or the next: what is due lies ahead.
    for pair in facts.windows(2) {
        let (number, month) = match (&pair[0].what[..], &pair[1].what[..]) {
            ([What::Number(number)], [What::Month(month)]) | ([What::Month(month)], [What::Number(number)]) => {
                (number, *month)
            }
            _ => continue,
        };
        if pair[1].words.start > pair[0].words.end + 1 {
            continue;
        }
        let Ok(day) = number.value.parse::<i8>() else { continue };
        let years = [meeting.year(), meeting.year().saturating_add(1)];
        found.extend(years.iter().filter_map(|year| Date::new(*year, month, day).ok()).find(|date| *date >= meeting));
    }
    found
}

/// `2026-12-01` as it stands in an answer.
pub(super) fn iso(text: &str) -> Option<Date> {
    let text = text.trim();
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

//! The one case in which a day is computed: from the meeting's date, and only where there is no other way to
//! understand what was said. Pure.

use jiff::civil::Date;

use super::facts::{Fact, What};
use super::tables::dates::DAYS;
use super::text::Word;

/// A day that was said, as a date: today, tomorrow, the 1st of December, in three days, in two weeks.
pub(super) fn computed(facts: &[Fact], words: &[Word], language: &str, meeting: Date) -> Vec<Date> {
    let mut found = Vec::new();
    let relative = DAYS.iter().filter(|days| days.language == language).flat_map(|days| days.relative);
    for (word, days) in relative {
        if words
            .iter()
            .any(|spoken| spoken.fold == *word && !(language == "de" && spoken.capital && !spoken.first))
        {
            found.extend(meeting.checked_add(jiff::Span::new().days(*days)).ok());
        }
    }
    // A month and a day that stand beside each other, of this year or the next: what is due lies ahead.
    for pair in facts.windows(2) {
        let (number, month) = match (&pair[0].what[..], &pair[1].what[..]) {
            ([What::Number(number)], [What::Month(month)])
            | ([What::Month(month)], [What::Number(number)]) => (number, *month),
            _ => continue,
        };
        if pair[1].words.start > pair[0].words.end + 1 {
            continue;
        }
        let Ok(day) = number.value.parse::<i8>() else { continue };
        let years = [meeting.year(), meeting.year().saturating_add(1)];
        found.extend(
            years.iter().filter_map(|year| Date::new(*year, month, day).ok()).find(|date| *date >= meeting),
        );
    }
    found
}

/// `2026-12-01` as it stands in an answer.
pub(super) fn iso(text: &str) -> Option<Date> {
    let text = text.trim();
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

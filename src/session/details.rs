//! What people say of a meeting as such: its title, where it was, who was there, what it was about. It stands
//! in the journal, where a later line about the same replaces an earlier one. Pure.

use serde::{Deserialize, Serialize};

use crate::base::text::clean;

/// Characters of a line: a title, a name with an office, a point of the agenda.
const LINE_MAX: usize = 500;
/// Lines about one thing: a large assembly.
const LINES_MAX: usize = 1_000;

/// What can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// What the meeting is called.
    Title,
    /// Where it was.
    Place,
    /// Who was there.
    Present,
    /// Who had said that they would not be.
    Excused,
    /// Who was asked to come, whether they came or not.
    Invited,
    /// That those who were there agreed to be recorded, and how.
    Consent,
    /// What it was to be about, point by point.
    Agenda,
}

impl Detail {
    /// All of them, in the order in which a head tells them.
    pub const ALL: [Self; 7] =
        [Self::Title, Self::Place, Self::Present, Self::Excused, Self::Invited, Self::Consent, Self::Agenda];

    /// The name that stands in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Place => "place",
            Self::Present => "present",
            Self::Excused => "excused",
            Self::Invited => "invited",
            Self::Consent => "consent",
            Self::Agenda => "agenda",
        }
    }

    /// Whether it is one thing and not a list.
    const fn is_one(self) -> bool {
        matches!(self, Self::Title | Self::Place | Self::Consent)
    }
}

/// What was said; empty where nothing was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// `None` means that of the manifest.
    pub title: Option<String>,
    pub place: Option<String>,
    pub present: Vec<String>,
    pub excused: Vec<String>,
    pub invited: Vec<String>,
    pub consent: Option<String>,
    pub agenda: Vec<String>,
}

/// Why it can't be said so, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetailError {
    /// A meeting has one.
    #[error("a title needs letters")]
    NoTitle,
    /// There are too many characters.
    #[error("a line of {0} has at most {LINE_MAX} characters; this one has {1}")]
    TooLong(&'static str, usize),
    /// There are too many lines.
    #[error("{0} takes at most {LINES_MAX} lines")]
    TooMany(&'static str),
}

/// What somebody wrote, as it is to stand: several in one are parted by `;` or a line's end, but for a title,
/// a place and a consent. None takes away what was said before.
///
/// # Errors
/// There is no title, or too much.
pub fn read(detail: Detail, written: &[String]) -> Result<Vec<String>, DetailError> {
    let parted = |text: &String| -> Vec<String> {
        match detail.is_one() {
            true => vec![clean(text)],
            false => text.split([';', '\n']).map(clean).collect(),
        }
    };
    let mut lines: Vec<String> = written.iter().flat_map(parted).filter(|line| !line.is_empty()).collect();
    if detail.is_one() && lines.len() > 1 {
        lines = vec![lines.join(" ")];
    }
    if detail == Detail::Title && lines.is_empty() {
        return Err(DetailError::NoTitle);
    }
    if lines.len() > LINES_MAX {
        return Err(DetailError::TooMany(detail.name()));
    }
    match lines.iter().map(|line| line.chars().count()).find(|count| *count > LINE_MAX) {
        Some(count) => Err(DetailError::TooLong(detail.name(), count)),
        None => Ok(lines),
    }
}

impl Details {
    /// What was said of one thing.
    pub fn of(&self, detail: Detail) -> &[String] {
        match detail {
            Detail::Title => self.title.as_slice(),
            Detail::Place => self.place.as_slice(),
            Detail::Present => &self.present,
            Detail::Excused => &self.excused,
            Detail::Invited => &self.invited,
            Detail::Consent => self.consent.as_slice(),
            Detail::Agenda => &self.agenda,
        }
    }

    /// Takes in what is said of one thing; it replaces what was said of it.
    pub fn set(&mut self, detail: Detail, lines: Vec<String>) {
        let lines: Vec<String> = lines.into_iter().filter(|line| !clean(line).is_empty()).collect();
        match detail {
            Detail::Title => self.title = lines.into_iter().next(),
            Detail::Place => self.place = lines.into_iter().next(),
            Detail::Present => self.present = lines,
            Detail::Excused => self.excused = lines,
            Detail::Invited => self.invited = lines,
            Detail::Consent => self.consent = lines.into_iter().next(),
            Detail::Agenda => self.agenda = lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_becomes_lines() {
        let of = |detail, written: &[&str]| {
            read(detail, &written.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
        };
        let people = of(Detail::Present, &["Meier, Anna; Bob \u{202e}Smith", "", " Carol\nDan "]).unwrap();
        assert_eq!(people, ["Meier, Anna", "Bob Smith", "Carol", "Dan"]);
        assert_eq!(of(Detail::Title, &["Budget;", "once more"]).unwrap(), ["Budget; once more"]);
        assert_eq!(of(Detail::Title, &[" \u{1b}"]), Err(DetailError::NoTitle));
        assert_eq!(of(Detail::Place, &[""]).unwrap(), [""; 0]);
        assert!(matches!(of(Detail::Agenda, &[&"x".repeat(501)]), Err(DetailError::TooLong("agenda", 501))));
        assert!(matches!(of(Detail::Agenda, &[&"x;".repeat(1001)]), Err(DetailError::TooMany("agenda"))));
    }
}

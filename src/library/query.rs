//! What is looked for. What people type is words and never syntax of the index; the one rule of what is a
//! hit stands here, for the index and for those who read without one. Pure.

use std::ops::Range;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::words::{Token, tokens};

/// Characters of a query: longer than any sentence that somebody looks for.
const CHARS_MAX: usize = 1_000;
/// Words of a query.
const WORDS_MAX: usize = 64;

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What somebody said.
    Line,
    /// What somebody marked.
    Mark,
    /// A sentence of a summary, by a language model.
    Summary,
}

/// In which order hits come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// The newest moment first.
    #[default]
    Newest,
    /// Lines in which the words weigh most first: short ones that say them often.
    Best,
}

/// Why it can't be looked for, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// There is nothing to look for.
    #[error("there is no word to look for in {0:?}: give letters or digits")]
    NoWords(String),
    /// There is too much.
    #[error("a search has at most {CHARS_MAX} characters and {WORDS_MAX} words")]
    TooLong,
}

/// What is looked for: every term must stand in a line.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub(super) terms: Vec<Term>,
    pub(super) speaker: Option<Term>,
    /// First day of the sessions, by their local start.
    pub from: Option<Date>,
    /// Last day.
    pub to: Option<Date>,
    /// Name of the one session's folder.
    pub session: Option<String>,
    /// `None` means what people said and marked, without what a model made of it.
    pub kind: Option<Kind>,
    pub sort: Sort,
    /// Most hits.
    pub limit: usize,
}

/// Words that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    words: Vec<String>,
    /// The last one may go on.
    prefix: bool,
}

impl Query {
    /// What these arguments look for: each is a word, or a phrase if it has spaces; within one that has
    /// quotes, what they enclose is a phrase, and the rest are words. A word that ends in `*` may go on.
    ///
    /// # Errors
    /// There is nothing to look for, or too much.
    pub fn of_arguments<T: AsRef<str>>(arguments: &[T]) -> Result<Self, QueryError> {
        let mut terms = Vec::new();
        for argument in arguments {
            let argument = argument.as_ref();
            match argument.contains(['"', '“', '”', '„']) {
                true => terms.extend(quoted(argument)),
                false => terms.push(Term::new(argument)),
            }
        }
        let typed = arguments.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ");
        Self::new(&typed, terms)
    }

    /// What one line of text looks for: words, and phrases in quotes.
    ///
    /// # Errors
    /// As [`Query::of_arguments`].
    pub fn of_text(text: &str) -> Result<Self, QueryError> {
        Self::new(text, quoted(text))
    }

    fn new(typed: &str, terms: Vec<Term>) -> Result<Self, QueryError> {
        let terms: Vec<Term> = terms.into_iter().filter(|term| !term.words.is_empty()).collect();
        let words: usize = terms.iter().map(|term| term.words.len()).sum();
        // Scripts without spaces have a word per character.
        if typed.chars().count() > CHARS_MAX || words > WORDS_MAX {
            return Err(QueryError::TooLong);
        }
        if terms.is_empty() {
            return Err(QueryError::NoWords(typed.to_owned()));
        }
        Ok(Self { terms, limit: 20, ..Self::default() })
    }

    /// Only what somebody said whose name has these words, the last of which may be its beginning.
    ///
    /// # Errors
    /// As [`Query::of_arguments`].
    pub fn by_speaker(mut self, name: &str) -> Result<Self, QueryError> {
        let mut term = Term::new(name);
        if term.words.is_empty() {
            return Err(QueryError::NoWords(name.to_owned()));
        }
        if name.chars().count() > CHARS_MAX || term.words.len() > WORDS_MAX {
            return Err(QueryError::TooLong);
        }
        term.prefix = true;
        self.speaker = Some(term);
        Ok(self)
    }

    /// The same for the index.
    pub(super) fn expression(&self) -> String {
        let terms = self.terms.iter().map(|term| format!("text : {}", term.expression()));
        let speaker = self.speaker.iter().map(|term| format!("speaker : {}", term.expression()));
        terms.chain(speaker).collect::<Vec<_>>().join(" AND ")
    }

    /// Where the terms stand in a text that has all of them, in bytes, in order.
    pub(super) fn marks(&self, text: &str) -> Option<Vec<Range<usize>>> {
        let words = tokens(text);
        let mut marks = Vec::new();
        for term in &self.terms {
            let before = marks.len();
            marks.extend(
                term.places(&words).map(|at| words[at.start].range.start..words[at.end - 1].range.end),
            );
            if marks.len() == before {
                return None;
            }
        }
        marks.sort_by_key(|range| (range.start, range.end));
        let mut apart: Vec<Range<usize>> = Vec::new();
        for range in marks {
            match apart.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => apart.push(range),
            }
        }
        Some(apart)
    }

    /// Whether somebody of that name is meant.
    pub(super) fn is_said_by(&self, name: &str) -> bool {
        self.speaker.as_ref().is_none_or(|term| term.places(&tokens(name)).next().is_some())
    }

    /// Whether that kind of thing is meant.
    pub(super) fn is_kind(&self, kind: Kind) -> bool {
        self.kind.map_or(kind != Kind::Summary, |wanted| wanted == kind)
    }

    /// Whether a session of that day and in that folder is meant.
    pub(super) fn is_of(&self, day: Date, folder: &str) -> bool {
        self.from.is_none_or(|from| day >= from)
            && self.to.is_none_or(|to| day <= to)
            && self.session.as_deref().is_none_or(|session| session == folder)
    }
}

impl Term {
    fn new(text: &str) -> Self {
        let prefix = text.trim_end().ends_with('*');
        Self { words: tokens(text).into_iter().map(|token| token.text).collect(), prefix }
    }

    /// In quotes, so that nothing in it has a meaning; words have no quotes in them.
    fn expression(&self) -> String {
        format!("\"{}\"{}", self.words.join(" "), if self.prefix { " *" } else { "" })
    }

    /// Which of the words it is.
    fn places(&self, words: &[Token]) -> impl Iterator<Item = Range<usize>> {
        let fits = |window: &[Token]| {
            window.iter().zip(&self.words).enumerate().all(|(n, (token, wanted))| {
                token.text == *wanted
                    || (self.prefix && n + 1 == self.words.len() && token.text.starts_with(wanted.as_str()))
            })
        };
        let length = self.words.len();
        words
            .windows(length.max(1))
            .enumerate()
            .filter(move |(_, window)| fits(window))
            .map(move |(at, _)| at..at + length)
    }
}

/// Phrases in quotes and the words around them; a quote that is not closed goes to the end.
fn quoted(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    for (n, part) in text.split(['"', '“', '”', '„']).enumerate() {
        match n % 2 {
            0 => terms.extend(part.split_whitespace().map(Term::new)),
            _ => terms.push(Term::new(part)),
        }
    }
    // `"some phra"*` is a phrase that may go on.
    for at in 1..terms.len() {
        if terms[at].words.is_empty() && terms[at].prefix {
            terms[at - 1].prefix = true;
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(arguments: &[&str], text: &str) -> Option<String> {
        let query = Query::of_arguments(arguments).unwrap();
        let mut out = text.to_owned();
        for range in query.marks(text)?.into_iter().rev() {
            out.insert(range.end, '>');
            out.insert(range.start, '<');
        }
        Some(out)
    }

    #[test]
    fn words_phrases_and_beginnings() {
        for (query, text, found) in [
            (&["budget"][..], "The Budget, the budget.", Some("The <Budget>, the <budget>.")),
            (&["budget", "cut"], "we cut the budget", Some("we <cut> the <budget>")),
            (&["budget", "cut"], "we keep the budget", None),
            (&["the budget"], "the old budget, the budget", Some("the old budget, <the budget>")),
            (&["\"the budget\" cut"], "cut the budget", Some("<cut> <the budget>")),
            (&["wort*"], "Wortwahl, Antwort", Some("<Wortwahl>, Antwort")),
            (&["\"we wan\"*"], "we wanted", Some("<we wanted>")),
            (&["bud*get"], "bud get", Some("<bud get>")),
            (&["zoe"], "Zoë and Zoe\u{308}", Some("<Zoë> and <Zoe\u{308}>")),
            (&["議"], "会議は", Some("会<議>は")),
            (&["会議"], "今日の会議は", Some("今日の<会議>は")),
            (&["会議"], "議会は", None),
            (&["ประ"], "การประชุม", Some("การ<ประ>ชุม")),
            (&["OR", "NOT"], "or", None),
            (&["a\" OR text:\"b"], "a or text b", Some("<a> <or text> <b>")),
        ] {
            assert_eq!(marked(query, text).as_deref(), found, "{query:?} in {text:?}");
        }
    }

    #[test]
    fn what_has_no_words_or_too_many_is_refused() {
        for empty in ["", "  ", "\"\"", "*", "!?"] {
            assert_eq!(Query::of_text(empty).unwrap_err(), QueryError::NoWords(empty.into()));
        }
        assert_eq!(Query::of_text(&"x".repeat(1_001)).unwrap_err(), QueryError::TooLong);
        assert_eq!(Query::of_text(&"x ".repeat(65)).unwrap_err(), QueryError::TooLong);
        assert!(Query::of_text(&"x ".repeat(64)).is_ok());
    }

    #[test]
    fn a_speaker_is_known_by_a_part_of_the_name() {
        let query = |name| Query::of_text("x").unwrap().by_speaker(name).unwrap();
        assert!(query("ali").is_said_by("Alice Müller"));
        assert!(query("mull").is_said_by("Alice Müller"));
        assert!(!query("lice").is_said_by("Alice Müller"));
        assert!(query("小").is_said_by("王小明"));
        assert!(Query::of_text("x").unwrap().by_speaker("?").is_err());
    }
}

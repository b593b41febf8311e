//! Marks: what somebody in the meeting wanted to find again, a decision above all, with the moment that it
//! belongs to.
//!
//! A mark stands in the journal, where its id counts once: a later line of the same id replaces it. Pure.

use serde::{Deserialize, Serialize};

use crate::base::text::clean;

/// Characters of a mark's text: a long paragraph.
pub const TEXT_MAX: usize = 2_000;

/// What is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// Something was decided.
    Decision,
    /// Somebody is to do something.
    Action,
    /// Something is left open.
    Question,
    /// Anything else.
    Note,
}

impl MarkKind {
    /// All of them, in the order in which minutes list them.
    pub const ALL: [Self; 4] = [Self::Decision, Self::Action, Self::Question, Self::Note];

    /// The name that stands in files and flags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Action => "action",
            Self::Question => "question",
            Self::Note => "note",
        }
    }

    /// What is marked so, for a list of kinds.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Decision => "Something was decided",
            Self::Action => "Somebody is to do something",
            Self::Question => "Something is left open",
            Self::Note => "Anything else",
        }
    }

    /// The name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Decision => "Decision",
            Self::Action => "Action",
            Self::Question => "Question",
            Self::Note => "Note",
        }
    }
}

/// A mark as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Identity within the session: `mark-1`.
    pub id: String,
    /// Session seconds.
    pub at: f64,
    /// What it marks.
    pub kind: MarkKind,
    /// On one line, never empty.
    pub text: String,
}

/// Why a text can't be a mark, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    /// There are no words.
    #[error("a mark needs words, such as \"Decision: we meet on Fridays\"")]
    Empty,
    /// There are too many.
    #[error("a mark has at most {TEXT_MAX} characters; this one has {0}")]
    TooLong(usize),
}

/// The id of a session's `n`-th mark, from 1.
pub fn id(n: usize) -> String {
    format!("mark-{n}")
}

/// Kind and text of what somebody wrote: a kind's name before a colon (`Decision: …`, in any case) is the
/// kind, and goes; a `kind` that was given counts more. Anything else is a note.
///
/// # Errors
/// No words, or too many.
pub fn parse(written: &str, kind: Option<MarkKind>) -> Result<(MarkKind, String), MarkError> {
    let text = clean(written);
    let named = text.split_once(':').and_then(|(word, rest)| {
        let found = MarkKind::ALL.into_iter().find(|kind| word.trim().eq_ignore_ascii_case(kind.name()))?;
        Some((found, rest.trim()))
    });
    let (kind, text) = match (kind, named) {
        (None, Some((named, rest))) => (named, rest.to_owned()),
        // Said twice is said once; another word stays a part of the text.
        (Some(kind), Some((named, rest))) if kind == named => (kind, rest.to_owned()),
        (kind, _) => (kind.unwrap_or(MarkKind::Note), text),
    };
    match text.chars().count() {
        0 => Err(MarkError::Empty),
        count if count > TEXT_MAX => Err(MarkError::TooLong(count)),
        _ => Ok((kind, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_before_a_colon_is_the_kind() {
        use MarkKind::{Action, Decision, Note, Question};
        for (written, given, kind, text) in [
            ("Decision: we meet on Fridays", None, Decision, "we meet on Fridays"),
            ("  aCtIoN :Bob calls\tthe landlord ", None, Action, "Bob calls the landlord"),
            ("question: who pays?", None, Question, "who pays?"),
            ("Note: 3:1 in favour", None, Note, "3:1 in favour"),
            ("the vote was 3:1", None, Note, "the vote was 3:1"),
            ("Decisions: none", None, Note, "Decisions: none"),
            ("Decision: again", Some(Decision), Decision, "again"),
            ("Decision: is it one?", Some(Question), Question, "Decision: is it one?"),
            ("plain", Some(Action), Action, "plain"),
            // What drives terminals or turns text around is not for documents.
            ("Decision: \u{1b}[2J\u{202e}yes\nno", None, Decision, "[2Jyes no"),
        ] {
            assert_eq!(parse(written, given), Ok((kind, text.to_owned())), "{written:?}");
        }
        for empty in ["", " \n", "Decision:", "action : ", "\u{202e}"] {
            assert_eq!(parse(empty, None), Err(MarkError::Empty), "{empty:?}");
        }
        let long = "ä".repeat(TEXT_MAX);
        assert!(parse(&long, None).is_ok());
        assert_eq!(parse(&(long + "ä"), None), Err(MarkError::TooLong(TEXT_MAX + 1)));
    }
}

//! Why a sentence is left out of a summary, for those who read it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a sentence says that its lines do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason", content = "what")]
pub enum Reason {
    /// It says nothing that can be looked for.
    Empty,
    /// It names no line.
    NoLines,
    /// This line does not stand in the minutes.
    NoSuchLine(u32),
    /// The quote is empty, or a word or two that say nothing.
    NoQuote,
    /// The quote is not in the lines.
    Quote,
    /// A number nobody said there.
    Number(String),
    /// A day, month, time or season nobody said there.
    Date(String),
    /// A name nobody said there, or what may be one.
    Name(String),
    /// Money or another unit nobody said there.
    Unit(String),
    /// Too few of its words were said there; one that was not.
    Words(String),
    /// The lines say the opposite.
    Opposite,
    /// A number or name stands with something else than in the lines.
    Mixed(String),
    /// It was only asked.
    Asked,
    /// It was only proposed, or said with a maybe.
    Unsure,
    /// Nobody asked that.
    NotAsked,
    /// Somebody else said that or does it.
    Who(String),
    /// The one who is to do it neither said it nor was asked to by name.
    Owner(String),
    /// The day by which it is due was not said there.
    Due(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it says nothing that can be looked up"),
            Self::NoLines => f.write_str("it names no line that says it"),
            Self::NoSuchLine(line) => write!(f, "line {line} is not in the minutes"),
            Self::NoQuote => f.write_str("it has no quote"),
            Self::Quote => f.write_str("the quote is not in the lines that it names"),
            Self::Number(number) => write!(f, "says {number}, which nobody said in these lines"),
            Self::Date(date) => write!(f, "says {date}, which nobody said in these lines"),
            Self::Name(name) => write!(f, "names {name}, whom or which nobody named in these lines"),
            Self::Unit(unit) => write!(f, "says {unit}, which these lines do not"),
            Self::Words(word) => write!(f, "too few of its words are in these lines; {word} is not"),
            Self::Opposite => f.write_str("the lines say the opposite"),
            Self::Mixed(what) => write!(f, "{what} belongs to something else in these lines"),
            Self::Asked => f.write_str("it was asked, not said"),
            Self::Unsure => f.write_str("it was proposed or said with a maybe, not stated"),
            Self::NotAsked => f.write_str("nobody asked that in these lines"),
            Self::Who(name) => write!(f, "these lines do not say that of {name}"),
            Self::Owner(name) => write!(f, "{name} neither said it nor was asked by name"),
            Self::Due(due) => write!(f, "due {due}, which nobody said in these lines"),
        }
    }
}

impl std::error::Error for Reason {}

/// How a reason that was written down ends or begins, and its kind in a word.
const KINDS: [(&str, &str); 15] = [
    ("it says nothing", "empty"),
    ("it names ", "lines"),
    ("is not in the minutes", "lines"),
    ("it has no quote", "quote"),
    ("the quote is not in", "quote"),
    ("too few of its words", "words"),
    ("the lines say the opposite", "opposite"),
    ("belongs to something else in these lines", "mixed"),
    ("it was asked, not said", "asked"),
    ("it was proposed or said", "unsure"),
    ("nobody asked that", "not_asked"),
    ("these lines do not say that of", "who"),
    ("neither said it nor was asked by name", "owner"),
    ("whom or which nobody named in these lines", "name"),
    ("which these lines do not", "unit"),
];

/// The kind of a reason that was written down, without the words that it has of the model: they may be what
/// somebody has hidden since. `other` where it is none of these.
pub fn kind_of(written: &str) -> &'static str {
    let is = |part: &str| written.starts_with(part) || written.ends_with(part);
    if let Some((_, kind)) = KINDS.iter().find(|(part, _)| is(part)) {
        return kind;
    }
    match written.ends_with("which nobody said in these lines") {
        true if written.starts_with("due ") => "due",
        true => "number",
        false => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_reason_is_told_by_its_kind_alone() {
        let word = || "x".to_owned();
        for (reason, kind) in [
            (Reason::Empty, "empty"),
            (Reason::NoLines, "lines"),
            (Reason::NoSuchLine(7), "lines"),
            (Reason::NoQuote, "quote"),
            (Reason::Quote, "quote"),
            (Reason::Number(word()), "number"),
            (Reason::Date(word()), "number"),
            (Reason::Name(word()), "name"),
            (Reason::Unit(word()), "unit"),
            (Reason::Words(word()), "words"),
            (Reason::Opposite, "opposite"),
            (Reason::Mixed(word()), "mixed"),
            (Reason::Asked, "asked"),
            (Reason::Unsure, "unsure"),
            (Reason::NotAsked, "not_asked"),
            (Reason::Who(word()), "who"),
            (Reason::Owner(word()), "owner"),
            (Reason::Due(word()), "due"),
        ] {
            assert_eq!(kind_of(&reason.to_string()), kind, "{reason}");
        }
        assert_eq!(kind_of("anything else"), "other");
    }
}

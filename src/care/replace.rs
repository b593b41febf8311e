//! One word, or several, for others, wherever they stand in a session: in lines, in names of speakers, in
//! marks, in the title and the like. Pure.
//!
//! Promises: whole words unless it is asked otherwise; what stands around them stays; nothing that is hidden
//! or withheld is looked at.

use crate::base::text::clean;
use crate::base::utterance::Utterance;
use crate::session::details::Detail;
use crate::session::reading::Session;

/// What is to be replaced, and how it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacing {
    /// What stands there.
    pub old: String,
    /// What is to stand there.
    pub new: String,
    /// Capitals and small letters are told apart.
    pub exact: bool,
    /// Also within words.
    pub within: bool,
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A line, by its id.
    Line(String),
    /// The name of a speaker.
    Speaker(String),
    /// A mark, by its id.
    Mark(String),
    /// What was said of the meeting.
    Detail(Detail),
}

/// A place in which it stands, once or several times.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Hit {
    pub place: Place,
    /// Session second; `None` where it has none.
    pub at: Option<f64>,
    /// How often it stands there.
    pub times: usize,
    /// What stands there now.
    pub before: String,
    /// What would stand there.
    pub after: String,
}

impl Replacing {
    /// All places, lines first, by time.
    pub fn find(&self, session: &Session) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut look = |place: Place, at: Option<f64>, before: &str| {
            let before = clean(before);
            let (after, times) = self.replaced(&before);
            if times > 0 && after != before {
                hits.push(Hit { place, at, times, before, after });
            }
        };
        let has_passages = !session.amendments.passages.is_empty();
        // What is shown of a line of which a part is hidden must not become all of it.
        let is_whole = |line: &Utterance| {
            !has_passages || session.written(&line.id).is_some_and(|written| written.text == line.text)
        };
        for line in session.utterances.iter().filter(|line| line.is_shown() && is_whole(line)) {
            look(Place::Line(line.id.clone()), Some(line.start), &line.text);
        }
        for name in super::edit::speakers(session) {
            look(Place::Speaker(name.clone()), None, &name);
        }
        for mark in session.marks() {
            look(Place::Mark(mark.id.clone()), Some(mark.at), &mark.text);
        }
        look(Place::Detail(Detail::Title), None, &session.manifest.title);
        for detail in Detail::ALL.into_iter().filter(|detail| *detail != Detail::Title) {
            look(Place::Detail(detail), None, &session.amendments.details.of(detail).join("; "));
        }
        hits
    }

    /// A text with it replaced, and how often it stood there.
    pub fn replaced(&self, text: &str) -> (String, usize) {
        let old = clean(&self.old);
        let (mut out, mut times, mut rest, mut before) = (String::new(), 0, text, None);
        while let Some(c) = rest.chars().next() {
            match self.matched(rest, &old, before) {
                Some(length) if length > 0 => {
                    let found = &rest[..length];
                    out += &self.new_for(found, &old);
                    (times, before) = (times + 1, found.chars().last());
                    rest = &rest[length..];
                }
                _ => {
                    out.push(c);
                    before = Some(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
        (out, times)
    }

    /// How many bytes of `text` are the words that are looked for, if it begins with them.
    fn matched(&self, text: &str, old: &str, before: Option<char>) -> Option<usize> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let begins = old.chars().next()?;
        if !self.within && is_word(begins) && before.is_some_and(is_word) {
            return None;
        }
        let mut chars = text.char_indices().peekable();
        for wanted in old.chars() {
            let (_, c) = chars.next()?;
            if wanted.is_whitespace() && c.is_whitespace() {
                while chars.peek().is_some_and(|(_, c)| c.is_whitespace()) {
                    chars.next();
                }
                continue;
            }
            let same = c == wanted || (!self.exact && c.to_lowercase().eq(wanted.to_lowercase()));
            if !same {
                return None;
            }
        }
        let (length, after) = chars.peek().map_or((text.len(), None), |(at, c)| (*at, Some(*c)));
        let ends = old.chars().last()?;
        let cut = !self.within && is_word(ends) && after.is_some_and(is_word);
        (!cut).then_some(length)
    }

    /// What stands in the place of `found`. Where somebody looked for small letters and a sentence begins
    /// with them, it begins with a capital still.
    fn new_for(&self, found: &str, old: &str) -> String {
        let new = clean(&self.new);
        let first = |text: &str| text.chars().next();
        let raised =
            first(found).is_some_and(char::is_uppercase) && first(old).is_some_and(char::is_lowercase);
        match (raised, first(&new)) {
            (true, Some(c)) => c.to_uppercase().chain(new.chars().skip(1)).collect(),
            _ => new,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_found_and_what_is_around_them_stays() {
        let replaced = |old: &str, new: &str, text: &str| {
            let replacing = Replacing { old: old.into(), new: new.into(), exact: false, within: false };
            replacing.replaced(text)
        };
        assert_eq!(
            replaced("Gareem", "Karim", "Gareem, gareem's and Gareems."),
            ("Karim, Karim's and Gareems.".into(), 2)
        );
        assert_eq!(
            replaced("acme logistic", "Acme Logistics", "At ACME  logistic. Acme logistics."),
            ("At Acme Logistics. Acme logistics.".into(), 1)
        );
        assert_eq!(replaced("its", "it's", "Its late; its dark."), ("It's late; it's dark.".into(), 2));
        assert_eq!(replaced("Über", "Uber", "über uns, Überlegung"), ("Uber uns, Überlegung".into(), 1));
        assert_eq!(replaced("C++", "Rust", "C++ and C++."), ("Rust and Rust.".into(), 2));
        assert_eq!(replaced("王", "李", "王小明"), ("王小明".into(), 0));
        assert_eq!(replaced("", "x", "nothing"), ("nothing".into(), 0));
        let within = Replacing { old: "王".into(), new: "李".into(), exact: true, within: true };
        assert_eq!(within.replaced("王小明, 王"), ("李小明, 李".into(), 2));
        let exact = Replacing { old: "bob".into(), new: "Rob".into(), exact: true, within: false };
        assert_eq!(exact.replaced("Bob and bob"), ("Bob and Rob".into(), 1));
    }
}

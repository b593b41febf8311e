//! The line that is being typed, and what single letters mean while none is. Pure.
//!
//! A letter that somebody types by mistake may begin a mark, which Esc gives up; it never stops the
//! recording. So only `P` pauses, and only if a `y` follows it after a moment: nobody's "Py…" is an answer.

use unicode_segmentation::UnicodeSegmentation as _;

use super::{Action, ESCAPE};
use crate::base::text::columns;
use crate::session::mark::{MarkKind, TEXT_MAX};

/// Where the next letter comes.
const CURSOR: &str = "_";
/// Beside a line without words.
const HINT: &str = "  (Enter saves it, Esc cancels)";
/// What a mark says that was set without words.
const WORDLESS: &str = "marked";
/// What `P` asks, and from when to when after it a `y` is the answer, in seconds.
const ASKS: &str = "Pause the recording? y pauses, any other key goes on recording ";
const ANSWER_S: (f64, f64) = (0.4, 10.0);
/// What is said to a `p`.
const PAUSES: &str = "P (upper case) pauses the recording";
const RESUMES: &str = "the recording is PAUSED: P (upper case) goes on with it";
/// What is said where the question was not answered with a `y`.
const NOT_PAUSED: &str = "not paused: the recording goes on";

/// The line that is being typed, if one is.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// What it is going to be, since when, and its words so far.
    typing: Option<(Option<MarkKind>, f64, String)>,
    /// When it was asked whether to pause, until that is answered.
    asked_at: Option<f64>,
    /// Bytes of a character that is not complete.
    partial: Vec<u8>,
}

impl Line {
    /// Takes what was typed at session second `now` in one go; nothing is typed, too. `is_paused` tells
    /// whether the recording is.
    pub(super) fn feed(&mut self, bytes: &[u8], now: f64, is_paused: bool) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.asked_at.is_some_and(|at| now - at > ANSWER_S.1) {
            self.asked_at = None;
            actions.push(Action::Say(NOT_PAUSED));
        }
        self.partial.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.partial);
        let mut rest = bytes.as_slice();
        while let Some(&first) = rest.first() {
            if first == ESCAPE {
                rest = self.escape(rest);
                actions.extend(self.asked_at.take().map(|_| Action::Say(NOT_PAUSED)));
                continue;
            }
            let length = match first {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            if rest.len() < length {
                self.partial = rest.to_vec();
                break;
            }
            // What is not a character is ignored.
            if let Some(key) = std::str::from_utf8(&rest[..length]).ok().and_then(|text| text.chars().next())
            {
                actions.extend(self.press(key, now, is_paused));
            }
            rest = &rest[length..];
        }
        actions
    }

    /// Escape gives the line up; with a bracket behind it in one go it is a key such as an arrow, which does
    /// nothing.
    fn escape<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match bytes.get(1) {
            Some(b'[' | b'O') => {
                let end = bytes[2..].iter().position(|byte| (0x40..=0x7e).contains(byte));
                end.map_or(&[], |end| &bytes[end + 3..])
            }
            _ => {
                self.typing = None;
                &bytes[1..]
            }
        }
    }

    fn press(&mut self, key: char, now: f64, is_paused: bool) -> Option<Action> {
        if let Some(at) = self.asked_at.take() {
            let answers = key.eq_ignore_ascii_case(&'y') && now - at >= ANSWER_S.0;
            return Some(if answers { Action::Pause } else { Action::Say(NOT_PAUSED) });
        }
        let Some((kind, at, text)) = &mut self.typing else { return self.begin(key, now, is_paused) };
        match key {
            '\r' | '\n' => {
                let (kind, at) = (*kind, *at);
                let words = match text.trim() {
                    // A moment may be worth a mark before anybody has words for it.
                    "" => WORDLESS.to_owned(),
                    words => words.to_owned(),
                };
                self.typing = None;
                return Some(Action::Mark { kind, text: words, at });
            }
            // Backspace, and what some terminals send for it.
            '\u{7f}' | '\u{8}' => {
                let last = text.graphemes(true).next_back().map_or(0, str::len);
                text.truncate(text.len() - last);
            }
            // Ctrl-U and Ctrl-W.
            '\u{15}' => text.clear(),
            '\u{17}' => {
                let words = text.trim_end();
                text.truncate(words.rfind(char::is_whitespace).map_or(0, |space| space + 1));
            }
            // Between the key and the words.
            ' ' if text.is_empty() => {}
            key if !key.is_control() && text.chars().count() < TEXT_MAX => text.push(key),
            _ => {}
        }
        None
    }

    fn begin(&mut self, key: char, now: f64, is_paused: bool) -> Option<Action> {
        let kind = match key.to_ascii_lowercase() {
            'd' => Some(MarkKind::Decision),
            'a' => Some(MarkKind::Action),
            'q' => Some(MarkKind::Question),
            'n' => Some(MarkKind::Note),
            'm' => None,
            'p' if key == 'P' && is_paused => return Some(Action::Resume),
            'p' if key == 'P' => {
                self.asked_at = Some(now);
                return None;
            }
            'p' => return Some(Action::Say(if is_paused { RESUMES } else { PAUSES })),
            _ => return None,
        };
        self.typing = Some((kind, now, String::new()));
        None
    }

    /// Nothing more comes: the words that stand there are a mark.
    pub(super) fn end(&mut self) -> Option<Action> {
        let (kind, at, text) = self.typing.take()?;
        let text = text.trim().to_owned();
        (!text.is_empty()).then_some(Action::Mark { kind, text, at })
    }

    /// The last line of a terminal of that many columns: the question, or the kind and the end of the words
    /// if not all of them fit; `None` if nobody types.
    pub(super) fn prompt(&self, width: usize) -> Option<String> {
        if self.asked_at.is_some() {
            let room = width.saturating_sub(CURSOR.len() + 1);
            return Some(ASKS.chars().take(room).chain(CURSOR.chars()).collect());
        }
        let (kind, _, text) = self.typing.as_ref()?;
        let kind = format!("{}: ", kind.map_or("Mark", MarkKind::title));
        let room = width.saturating_sub(kind.len() + CURSOR.len() + 1);
        let hint = if text.is_empty() && HINT.len() <= room { HINT } else { "" };
        let mut shown = text.as_str();
        while columns(shown) > room {
            let first = shown.graphemes(true).next().map_or(shown.len(), str::len);
            shown = &shown[first..];
        }
        Some(kind + shown + CURSOR + hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(kind: MarkKind, text: &str, at: f64) -> Action {
        Action::Mark { kind: Some(kind), text: text.into(), at }
    }

    #[test]
    fn a_mark_is_typed_at_leisure_and_lies_where_its_key_was_pressed() {
        let mut line = Line::default();
        assert_eq!(line.feed(b"xyz\r\n", 1.0, false), [], "these mean nothing");
        assert_eq!(line.feed(b"d", 2.0, false), []);
        assert_eq!(line.prompt(80).unwrap(), format!("Decision: _{HINT}"));
        assert_eq!(line.prompt(20).unwrap(), "Decision: _");
        assert_eq!(line.feed("we pay n\u{f6}".as_bytes(), 3.0, false), []);
        assert_eq!(line.feed("\u{7f}ine pd".as_bytes(), 4.0, false), [], "letters are letters now");
        assert_eq!(line.feed(b"\x7f\x7f\x7f", 4.0, false), []);
        assert_eq!(line.prompt(80).unwrap(), "Decision: we pay nine_");
        assert_eq!(line.prompt(20).unwrap(), "Decision: pay nine_");
        assert_eq!(line.feed(b"\r", 9.0, false), [mark(MarkKind::Decision, "we pay nine", 2.0)]);
        assert_eq!(line.prompt(80), None);
        assert_eq!(line.feed(b"a x\ry", 10.0, false), [mark(MarkKind::Action, "x", 10.0)]);
    }

    #[test]
    fn what_is_given_up_is_no_mark_and_no_bytes_break_it() {
        let mut line = Line::default();
        assert_eq!(line.feed(b"q why", 1.0, false), []);
        assert_eq!(line.feed(b"\x1b[A\x1bOP\x1b[1;5C", 1.0, false), [], "arrows");
        assert_eq!(line.prompt(80).unwrap(), "Question: why_");
        assert_eq!(line.feed(b"\x1b", 1.0, false), []);
        assert_eq!(line.prompt(80), None);
        assert_eq!(line.feed(b"dx\x1bax\r", 1.0, false), [mark(MarkKind::Action, "x", 1.0)], "in one go");
        assert_eq!(line.feed(b"n  \r", 2.0, false), [mark(MarkKind::Note, WORDLESS, 2.0)]);
        assert_eq!(line.feed(b"\x1a\x1c\x03", 2.0, false), [], "signals' keys");
        // A character that comes in two pieces.
        assert_eq!(line.feed(b"n\xf0\x9f", 3.0, false), []);
        assert_eq!(
            line.feed(b"\x8e\x89\xff\xc3x one two\x17\r", 3.0, false),
            [mark(MarkKind::Note, "\u{1f389} one", 3.0)]
        );
        assert_eq!(line.feed(b"nabc\x15\x1b[", 4.0, false), []);
        assert_eq!(line.prompt(3).unwrap(), "Note: _");
        assert_eq!(line.end(), None, "there are no words");
        assert_eq!(line.feed(b"m left ", 5.0, false), []);
        assert_eq!(line.end(), Some(Action::Mark { kind: None, text: "left".into(), at: 5.0 }));
        assert_eq!((line.end(), line.prompt(80)), (None, None));
    }

    #[test]
    fn no_letter_pauses_by_mistake() {
        let said = |actions: Vec<Action>| actions.iter().all(|action| matches!(action, Action::Say(_)));
        let mut line = Line::default();
        for text in ["help", "p", "Python", "PPy", "Py", "P\ry", "P\x1by", "Py\x1b"] {
            assert!(said(line.feed(text.as_bytes(), 1.0, false)), "{text}");
            line.feed(b"\x1b", 1.0, false);
        }
        assert_eq!(line.feed(b"P", 2.0, false), []);
        assert!(line.prompt(100).unwrap().starts_with("Pause the recording? y pauses"));
        assert_eq!(line.prompt(20).unwrap().len(), 19);
        assert_eq!(line.feed(b"", 11.0, false), []);
        assert_eq!(line.feed(b"y", 11.5, false), [Action::Pause]);
        assert_eq!((line.prompt(80), line.end()), (None, None));
        // Nobody answers.
        assert_eq!(line.feed(b"P", 20.0, false), []);
        assert_eq!(line.feed(b"", 30.1, false), [Action::Say(NOT_PAUSED)]);
        assert_eq!(line.prompt(80), None);
        assert_eq!(line.feed(b"y", 31.0, false), []);
        // To go on needs no question.
        assert_eq!(line.feed(b"p", 40.0, true), [Action::Say(RESUMES)]);
        assert_eq!(line.feed(b"P", 41.0, true), [Action::Resume]);
    }
}

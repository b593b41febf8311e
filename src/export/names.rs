//! What exports are called that are made for sending: `2026-11-28 Weekly sync.html`.
//!
//! Promises: any file system takes such a name, whatever a meeting is called; it has at most
//! [`NAME_BYTES_MAX`] bytes. A name that something else has is left to it: then it is `… -2.html`. All files
//! of one export have one name but for its end, so that a page finds its sound.

use unicode_segmentation::UnicodeSegmentation as _;

use super::ExportError;
use super::save::Target;
use crate::base::text;
use crate::session::reading::Session;

/// Most bytes of such a name: half of what file systems take, as mail and archives add to it.
pub const NAME_BYTES_MAX: usize = 120;
/// Of them, for a number and the longest end.
const AFTER_BYTES: usize = 12;
/// More meetings of one name on one day are nobody's.
const NUMBER_MAX: u32 = 9_999;

/// The name without an end: the day of the meeting, and what it is called.
pub fn stem(session: &Session, title: &str) -> String {
    let day = session.wall(0.0).strftime("%Y-%m-%d").to_string();
    format!("{day} {}", safe(title, NAME_BYTES_MAX - AFTER_BYTES - day.len() - 1))
}

/// The `n`th name of a meeting, from 1.
fn numbered(stem: &str, n: u32) -> String {
    if n == 1 { stem.to_owned() } else { format!("{stem}-{n}") }
}

/// The first name under which all files can be written: nothing is there, or this session's export.
/// `targets` gives the files' places under a name.
pub fn free(
    stem: &str,
    targets: impl Fn(&str) -> Result<Vec<Target>, ExportError>,
) -> Result<String, ExportError> {
    for n in 1..=NUMBER_MAX {
        let name = numbered(stem, n);
        if targets(&name)?.iter().all(Target::is_free) {
            return Ok(name);
        }
    }
    Err(ExportError::Taken { name: stem.to_owned() })
}

/// A title as a part of a file's name, of at most so many bytes: without what Windows or a shell takes for
/// something else, or what turns the direction of what follows, and cut between letters.
fn safe(title: &str, bytes_max: usize) -> String {
    let mut out = String::new();
    let mut rest = title.chars().filter(|c| !is_invisible(*c)).peekable();
    while let Some(c) = rest.next() {
        match c {
            ':' if rest.peek().is_none_or(|next| next.is_whitespace()) => {}
            '/' | '\\' | '|' | ':' => out.push('-'),
            '"' | '<' | '>' | '?' | '*' => {}
            c => out.push(c),
        }
    }
    let cleaned = text::clean(&out);
    let mut name = String::new();
    for letter in cleaned.graphemes(true) {
        if name.len() + letter.len() > bytes_max {
            break;
        }
        name.push_str(letter);
    }
    // Windows drops what ends in these, and a dot would hide it.
    let name = name.trim_matches(|c: char| c == '.' || c == '-' || c.is_whitespace());
    if name.is_empty() { "meeting".to_owned() } else { name.to_owned() }
}

/// Marks of direction, and characters that nobody sees: two names that look alike would be two files.
fn is_invisible(c: char) -> bool {
    c.is_control() && !c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_title_makes_a_name_that_any_file_system_takes() {
        for (title, name) in [
            ("Weekly sync", "Weekly sync"),
            ("Re: Budget 10/12 <draft>?", "Re Budget 10-12 draft"),
            ("12:30 C:\\temp|x", "12-30 C--temp-x"),
            ("../../etc/passwd", "etc-passwd"),
            (" .hidden. ", "hidden"),
            ("a\u{202e}gpj.exe\0\u{7}\n b", "agpj.exe b"),
            ("\u{200b}\u{200f}", "meeting"),
            ("...", "meeting"),
            ("会議、第2回", "会議、第2回"),
        ] {
            assert_eq!(safe(title, 80), name, "{title:?}");
        }
        // Between letters, however many characters they are made of.
        assert_eq!(safe("e\u{301}e\u{301}", 5), "e\u{301}");
        let family = "👨‍👩‍👧";
        assert_eq!(safe(&format!("x{family}{family}"), family.len() * 2), format!("x{family}"));
        assert!(safe(&"長".repeat(500), 97).len() <= 97);
        assert_eq!(safe(&format!("{} .x", "a".repeat(10)), 12), "a".repeat(10));
    }

    #[test]
    fn further_names_have_a_number() {
        assert_eq!([numbered("a", 1), numbered("a", 2)], ["a", "a-2"]);
    }
}

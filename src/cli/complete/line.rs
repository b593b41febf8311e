//! A command line as a shell reads it: words, quotes, backslashes. Pure.

/// What was typed up to the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The words without their quotes; the last one, which may be empty, is where the cursor is.
    pub(super) words: Vec<String>,
    /// Bytes of the last word that bash leaves as they are: up to the last character that breaks words, or to
    /// a quote that is still open.
    kept: usize,
    /// A quote is still open.
    quoted: bool,
}

impl Line {
    /// Reads a line of a shell that takes words apart at `breaks`, too.
    pub(super) fn read(line: &str, breaks: &str) -> Self {
        let (mut words, mut word, mut begun) = (Vec::new(), String::new(), false);
        let (mut broken, mut quote, mut quoted) = (0, None, 0);
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match (quote, c) {
                (Some(open), _) if c == open => quote = None,
                (Some('"') | None, '\\') => {
                    begun = true;
                    word.extend(chars.next());
                }
                (Some(_), _) => word.push(c),
                (None, '\'' | '"') => {
                    (begun, quote, quoted) = (true, Some(c), word.len());
                }
                (None, ' ' | '\t' | '\n') => {
                    if std::mem::take(&mut begun) {
                        words.push(std::mem::take(&mut word));
                    }
                    broken = 0;
                }
                (None, _) => {
                    begun = true;
                    word.push(c);
                    if breaks.contains(c) {
                        broken = word.len();
                    }
                }
            }
        }
        words.push(word);
        let kept = if quote.is_some() { quoted } else { broken };
        Self { words, kept, quoted: quote.is_some() }
    }

    /// The word at the cursor.
    pub(super) fn last(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }

    /// What bash puts in place of what it took for the word, to make it `value`.
    pub(super) fn rest_for_bash(&self, value: &str) -> Option<String> {
        let rest = value.strip_prefix(self.last().get(..self.kept)?)?;
        if self.quoted {
            return Some(rest.to_owned());
        }
        let mut escaped = String::with_capacity(rest.len());
        for c in rest.chars() {
            if !c.is_alphanumeric() && !"_-./=:@,+%#".contains(c) {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        Some(escaped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bash's own.
    const BREAKS: &str = " \t\n\"'><=;|&(:";

    #[test]
    fn words_are_those_of_the_shell() {
        for (line, words) in [
            ("hansard ", &["hansard", ""][..]),
            ("hansard  sh", &["hansard", "sh"]),
            (r"hansard edit last rename Ann\ B", &["hansard", "edit", "last", "rename", "Ann B"]),
            (
                "hansard edit last rename 'Ann B' \"Mc\\\"D",
                &["hansard", "edit", "last", "rename", "Ann B", "Mc\"D"],
            ),
            ("hansard show ''", &["hansard", "show", ""]),
            ("hansard show '", &["hansard", "show", ""]),
            ("hansard show \\", &["hansard", "show", ""]),
        ] {
            assert_eq!(Line::read(line, BREAKS).words, words, "{line}");
        }
    }

    #[test]
    fn bash_replaces_what_stands_behind_its_breaks_and_quotes() {
        for (line, value, rest) in [
            ("hansard show 2026", "2026-11-29", "2026-11-29"),
            ("hansard record --source Ann=mi", "Ann=mic:", "mic:"),
            ("hansard record --source Ann=mic:al", "Ann=mic:alsa_in.usb", "alsa_in.usb"),
            ("hansard record --source Ann\\ B=mic:", "Ann B=mic:x y", "x\\ y"),
            ("hansard record --source 'Ann B=mi", "Ann B=mic:x", "Ann B=mic:x"),
            ("hansard record --source 'Ann B'=mi", "Ann B=mic:", "mic:"),
            ("hansard edit last rename An", "Ann B", "Ann\\ B"),
            ("hansard edit last rename 'Ann", "Ann B", "Ann B"),
            ("hansard edit last rename 'An'n", "Ann B", "Ann\\ B"),
        ] {
            assert_eq!(Line::read(line, BREAKS).rest_for_bash(value).as_deref(), Some(rest), "{line}");
        }
    }
}

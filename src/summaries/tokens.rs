//! How many tokens a text has for a model whose vocabulary nobody told: from below and from above. Pure.
//!
//! Vocabularies differ, scripts differ more: an English word is one to two tokens, a Chinese character a half
//! to two. What is sent is cut by the upper bound, so that it fits; what a server says that it took in is
//! held against the lower one, so that no honest server is suspected.

/// Bounds of a number of tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tokens {
    /// Hardly less: a word is rarely less than a token.
    pub least: f64,
    /// Hardly more.
    pub most: f64,
}

impl std::ops::Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { least: self.least + other.least, most: self.most + other.most }
    }
}

impl std::iter::Sum for Tokens {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| sum + one)
    }
}

/// The bounds for a text.
pub fn of(text: &str) -> Tokens {
    let (mut tokens, mut in_word) = (Tokens::default(), false);
    for c in text.chars() {
        let (least, most, is_word) = cost(c);
        let begins = is_word && !in_word;
        tokens.most += most;
        tokens.least += if is_word { f64::from(u8::from(begins)) * WORD } else { least };
        in_word = is_word;
    }
    tokens
}

/// Tokens of a word at least, in scripts with spaces: a few words in common use share one.
const WORD: f64 = 0.9;

/// The least and the most that a character costs, and whether it is part of a word in a script with spaces,
/// whose least is counted by words.
fn cost(c: char) -> (f64, f64, bool) {
    match c {
        c if c.is_whitespace() => (0.0, 0.4, false),
        // Three in one, or one by one.
        c if c.is_ascii_digit() => (0.33, 1.0, false),
        c if c.is_ascii_alphabetic() => (0.0, 0.37, true),
        c if c.is_ascii() => (0.3, 1.0, false),
        // Latin with accents, Greek, Cyrillic, Armenian, Hebrew, Arabic.
        '\u{80}'..='\u{7ff}' => (0.0, 1.0, true),
        // Scripts of India, South-East Asia and Ethiopia: pieces of characters, where a model hardly knows
        // them.
        '\u{800}'..='\u{1fff}' => (0.2, 2.0, false),
        // Punctuation.
        '\u{2000}'..='\u{2fff}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' => (0.3, 1.5, false),
        // Chinese, Japanese, Korean.
        '\u{3040}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' => (0.35, 2.0, false),
        '\u{20000}'..='\u{3ffff}' => (0.5, 4.0, false),
        _ => (0.3, 4.0, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a vocabulary of 49,152 tokens makes of it (SmolLM2's), as llama.cpp's server counts.
    #[test]
    fn what_a_small_vocabulary_makes_of_it_lies_within_the_bounds() {
        for (text, count) in [
            ("We will send the offer to Berlin on Friday, and nobody has to wait for the budget.", 19.0),
            (
                "Wir schicken das Angebot am Freitag nach Berlin, und niemand muss auf das Budget warten.",
                28.0,
            ),
            ("Мы отправим предложение в пятницу.", 26.0),
            ("私たちは金曜日に提案書を送ります。", 30.0),
            ("[12] Alice: 1250 or 47.5?", 18.0),
        ] {
            let bounds = of(text);
            assert!((bounds.least..=bounds.most).contains(&count), "{text}: {count}, {bounds:?}");
            assert!(bounds.most < 8.0 * bounds.least, "they say something: {text}, {bounds:?}");
        }
    }
}

//! Whisper's tokens: from text to tokens and back, those with a meaning of their own, and those that are
//! never written.

use std::collections::HashMap;

use crate::base::languages::LANGUAGES;
use crate::models::arch::VOCAB_MULTILINGUAL;

/// Signs that stand for sounds and for who speaks, not for words. OpenAI's tokenizer lists them.
const NO_SPEECH: [&str; 46] = [
    "\"", "#", "(", ")", "*", "+", "/", ":", ";", "<", "=", ">", "@", "[", "\\", "]", "^", "_", "`", "{",
    "|", "}", "~", "「", "」", "『", "』", "<<", ">>", "<<<", ">>>", "--", "---", "-(", "-[", "('", "(\"",
    "((", "))", "(((", ")))", "[[", "]]", "{{", "}}", "♪♪",
];
/// More of them, of which each part is one.
const NOTES: [&str; 8] = ["♪♪♪", "♩", "♪", "♫", "♬", "♭", "♮", "♯"];

/// A model's tokens.
pub struct Tokens {
    /// The bytes of the ordinary ones.
    words: Vec<Vec<u8>>,
    ids: HashMap<Vec<u8>, u32>,
    languages: u32,
    multilingual: bool,
    /// Never written.
    never: Vec<u32>,
    /// Ends the text.
    pub end: u32,
    /// Starts a transcript; the languages follow it.
    pub start: u32,
    /// Writes what is said, in its own language. Only multilingual models are told.
    pub transcribe: u32,
    /// What was said before follows.
    pub before: u32,
    /// Nobody speaks.
    pub nobody: u32,
    /// The time 0; later ones follow, in steps of 20 ms.
    pub zero: u32,
}

impl Tokens {
    /// Of the words in a model's file and its number of tokens.
    pub fn new(words: Vec<Vec<u8>>, count: u32) -> Self {
        let multilingual = count >= VOCAB_MULTILINGUAL;
        let languages = if multilingual { 99 + (count - VOCAB_MULTILINGUAL).min(1) } else { 99 };
        // English models have no token less than these.
        let end = if multilingual { 50_257 } else { 50_256 };
        let start = end + 1;
        let after = start + 1 + languages;
        // English models count two languages less between them.
        let translate = if multilingual { after } else { 50_357 };
        let mut ids = HashMap::with_capacity(words.len());
        for (id, word) in (0..end).zip(&words) {
            ids.entry(word.clone()).or_insert(id);
        }
        let mut tokens = Self {
            words,
            ids,
            languages,
            multilingual,
            never: Vec::new(),
            end,
            start,
            transcribe: translate + 1,
            before: translate + 3,
            nobody: translate + 4,
            zero: translate + 6,
        };
        tokens.never = tokens.never_written();
        tokens
    }

    /// No times, tasks, languages, and signs that aren't speech; a hyphen or an apostrophe may stand within a
    /// word, but not at its start.
    fn never_written(&self) -> Vec<u32> {
        let special = self.end + 1..self.zero;
        let signs = NO_SPEECH.iter().chain(&NOTES).flat_map(|sign| [(*sign).to_owned(), format!(" {sign}")]);
        let signs = signs.chain([" -".to_owned(), " '".to_owned()]);
        special.chain(signs.filter_map(|sign| self.ids.get(sign.as_bytes()).copied())).collect()
    }

    /// Tokens that are never written.
    pub fn never(&self) -> &[u32] {
        &self.never
    }

    /// What no text begins with: its end, and a space alone.
    pub fn never_first(&self) -> impl Iterator<Item = u32> {
        self.ids.get(b" ".as_slice()).copied().into_iter().chain([self.end])
    }

    /// The bytes of a token; none of those with a meaning of their own.
    pub fn bytes(&self, token: u32) -> &[u8] {
        if token >= self.end { &[] } else { self.words.get(token as usize).map_or(&[], Vec::as_slice) }
    }

    /// The token of a language, if it is known.
    pub fn language(&self, code: &str) -> Option<u32> {
        let known = self.languages().position(|(known, _)| known == code)?;
        Some(self.start + 1 + known as u32)
    }

    /// The languages that are known, and their tokens.
    pub fn languages(&self) -> impl Iterator<Item = (&'static str, u32)> {
        let count = if self.multilingual { self.languages as usize } else { 1 };
        LANGUAGES.iter().take(count).map(|(code, _)| *code).zip(self.start + 1..)
    }

    /// What a transcript begins with.
    pub fn opening(&self, language: &str) -> Vec<u32> {
        match self.language(language) {
            Some(language) if self.multilingual => vec![self.start, language, self.transcribe],
            _ => vec![self.start],
        }
    }

    /// Text as tokens: words first, and of each the pairs that are joined in the order in which they were
    /// learnt, which is that of their tokens.
    pub fn of_text(&self, text: &str) -> Vec<u32> {
        let mut tokens = Vec::new();
        for word in words(text) {
            let mut parts: Vec<&[u8]> = word.as_bytes().chunks(1).collect();
            let mut at: Vec<usize> = (0..=word.len()).collect();
            while let Some((_, i)) = (0..parts.len().saturating_sub(1))
                .filter_map(|i| Some((self.ids.get(&word.as_bytes()[at[i]..at[i + 2]])?, i)))
                .min()
            {
                parts[i] = &word.as_bytes()[at[i]..at[i + 2]];
                parts.remove(i + 1);
                at.remove(i + 1);
            }
            tokens.extend(parts.iter().filter_map(|part| self.ids.get(*part)));
        }
        tokens
    }
}

/// The words of a text as GPT-2 parts them: letters, digits or other signs, each with a space before it; what
/// follows an apostrophe; and what is left of spaces.
fn words(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_whitespace() => 0,
        c if c.is_alphabetic() => 1,
        c if c.is_numeric() => 2,
        _ => 3,
    };
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let short =
            ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].into_iter().find(|end| rest.starts_with(end));
        let run = |from: &str| {
            let of = from.chars().next().map(kind);
            from.find(|c| Some(kind(c)) != of).unwrap_or(from.len())
        };
        let length = if let Some(short) = short {
            short.len()
        } else if first == ' ' && rest[1..].chars().next().is_some_and(|next| kind(next) != 0) {
            1 + run(&rest[1..])
        } else if kind(first) == 0 {
            // The last space belongs to the word behind it.
            let spaces = run(rest);
            let last = rest[..spaces].char_indices().next_back().map_or(0, |(at, _)| at);
            if spaces < rest.len() && last > 0 { last } else { spaces }
        } else {
            run(rest)
        };
        let (word, behind) = rest.split_at(length);
        words.push(word);
        rest = behind;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_parted_as_gpt_2_parts_it() {
        assert_eq!(
            words("Hello, it's 42  o'clock"),
            ["Hello", ",", " it", "'s", " 42", " ", " o", "'", "clock"]
        );
        assert_eq!(words("  Grüße\n"), [" ", " Grüße", "\n"]);
        assert_eq!(words(""), Vec::<&str>::new());
    }

    #[test]
    fn pairs_are_joined_in_the_order_in_which_they_were_learnt() {
        let mut list: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
        list.extend(["he", "ll", "llo", "hell", " he"].map(|word| word.as_bytes().to_vec()));
        let tokens = Tokens::new(list, 51_865);
        let text = |text: &str| -> Vec<String> {
            let bytes = |id: &u32| String::from_utf8_lossy(tokens.bytes(*id)).into_owned();
            tokens.of_text(text).iter().map(bytes).collect()
        };
        assert_eq!(text("hello"), ["he", "llo"]);
        assert_eq!(text(" hell"), [" ", "hell"], "' he' was learnt after 'hell'");
        assert_eq!(text("hey"), ["he", "y"]);
    }

    #[test]
    fn special_tokens_stand_where_each_kind_of_model_has_them() {
        let english = Tokens::new(Vec::new(), 51_864);
        assert_eq!(
            (english.end, english.start, english.nobody, english.zero),
            (50_256, 50_257, 50_361, 50_363)
        );
        assert_eq!(english.opening("en"), [50_257]);
        let many = Tokens::new(Vec::new(), 51_865);
        assert_eq!((many.end, many.nobody, many.zero), (50_257, 50_362, 50_364));
        assert_eq!(many.opening("de"), [50_258, 50_261, 50_359]);
        let newest = Tokens::new(Vec::new(), 51_866);
        assert_eq!((newest.transcribe, newest.zero), (50_360, 50_365));
        assert_eq!(newest.opening("yue")[1], 50_358);
        assert_eq!((many.language("yue"), english.language("de")), (None, None));
    }
}

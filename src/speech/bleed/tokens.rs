//! Utterances as tokens: words that can be compared across tracks, whatever their case, marks and script.

use super::WORD_SHIFT_S;
use crate::base::utterance::Utterance;

/// A normalised word, or a character of a script that writes no spaces.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) text: String,
    /// Index of the word it belongs to.
    pub(super) word: usize,
    pub(super) start: f64,
    pub(super) end: f64,
}

/// Tokens of the words; of the text, spread evenly, where the recogniser gave no words.
pub(super) fn tokens(utterance: &Utterance) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut add = |text: &str, word: usize, start: f64, end: f64| {
        for text in normalised(text) {
            tokens.push(Token { text, word, start, end });
        }
    };
    if utterance.words.is_empty() {
        let texts: Vec<&str> = utterance.text.split_whitespace().collect();
        let step = (utterance.end - utterance.start).max(0.0) / texts.len().max(1) as f64;
        for (i, text) in texts.iter().enumerate() {
            let start = utterance.start + step * i as f64;
            add(text, i, start, start + step);
        }
    } else {
        for (i, word) in utterance.words.iter().enumerate() {
            add(&word.text, i, word.start, word.end);
        }
    }
    tokens
}

/// Lower case, letters and digits only; apostrophes vanish, other marks part.
fn normalised(word: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut run = String::new();
    for c in word.chars().filter(|c| !matches!(c, '\'' | '’')).flat_map(char::to_lowercase) {
        let alone = ('\u{2e80}'..='\u{9fff}').contains(&c) || ('\u{20000}'..='\u{3ffff}').contains(&c);
        if (alone || !c.is_alphanumeric()) && !run.is_empty() {
            tokens.push(std::mem::take(&mut run));
        }
        if alone {
            tokens.push(c.to_string());
        } else if c.is_alphanumeric() {
            run.push(c);
        }
    }
    if !run.is_empty() {
        tokens.push(run);
    }
    tokens
}

/// Equal, or one misheard letter apart in a long word.
fn alike(a: &str, b: &str) -> bool {
    a == b || (a.len() >= 5 && b.len() >= 5 && strsim::normalized_levenshtein(a, b) >= 0.8)
}

/// The longest common subsequence of tokens that lie close in time; of equally long ones the one closest in
/// time. Pairs of indices, ascending.
pub(super) fn common(a: &[Token], b: &[Token]) -> Vec<(usize, usize)> {
    let worth = |x: &Token, y: &Token| -> i64 {
        let apart = (x.start - y.start).abs();
        if apart <= WORD_SHIFT_S && alike(&x.text, &y.text) { 1_000_000 - (apart * 100.0) as i64 } else { 0 }
    };
    let width = b.len() + 1;
    let mut best = vec![0i64; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            let pair = worth(&a[i], &b[j]);
            let taken = if pair > 0 { pair + best[(i + 1) * width + j + 1] } else { 0 };
            best[i * width + j] = taken.max(best[(i + 1) * width + j]).max(best[i * width + j + 1]);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        let here = best[i * width + j];
        if here == best[(i + 1) * width + j] {
            i += 1;
        } else if here == best[i * width + j + 1] {
            j += 1;
        } else {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        }
    }
    pairs
}

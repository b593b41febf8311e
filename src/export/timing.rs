//! The words of an utterance's text with their times. The text is what counts: where the recogniser's words
//! don't spell it (a person corrected it, or a model gave none), times are spread over it by its letters.
//! Pure.

use crate::base::text;
use crate::base::utterance::Utterance;

/// A word of the text as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedWord {
    /// Without spaces, with its punctuation.
    pub text: String,
    /// Session seconds; never before the word before it.
    pub start: f64,
    /// Session seconds; not before its start.
    pub end: f64,
    /// Probability, 0..1; of the whole utterance where nothing is known of the word.
    pub p: f64,
}

/// All words of an utterance, in order; joined by single spaces they are its text.
pub fn words(utterance: &Utterance) -> Vec<TimedWord> {
    let text = text::clean(&utterance.text);
    let (from, to) = bounds(utterance);
    let mut letters = letters(utterance, &text).into_iter();
    let mut reached = from;
    let mut words = Vec::new();
    for token in text.split(' ').filter(|token| !token.is_empty()) {
        let times: Vec<LetterTime> = letters.by_ref().take(token.chars().count()).collect();
        let (Some(first), Some(last)) = (times.first(), times.last()) else { break };
        let start = first.start.clamp(reached, to.max(reached));
        let end = last.end.clamp(start, to.max(start));
        let p = times.iter().map(|letter| letter.p).fold(1.0, f64::min);
        reached = start;
        words.push(TimedWord { text: token.to_owned(), start, end, p });
    }
    words
}

/// From the first word to the last, in session seconds; an utterance reaches a little further on both sides.
pub fn spoken(utterance: &Utterance) -> (f64, f64) {
    let start = utterance.words.first().map_or(utterance.start, |word| word.start.max(utterance.start));
    let end = utterance.words.last().map_or(utterance.end, |word| word.end.min(utterance.end));
    if start < end { (start, end) } else { (utterance.start, utterance.end.max(utterance.start)) }
}

/// Where an utterance's words may lie: its ends, put in order, not before the meeting.
pub(super) fn bounds(utterance: &Utterance) -> (f64, f64) {
    (utterance.start.max(0.0), utterance.end.max(utterance.start).max(0.0))
}

/// When a letter was spoken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LetterTime {
    /// Number of the word it belongs to.
    pub word: usize,
    /// Session seconds: its share of that word, in which letters are held to be evenly spoken.
    pub start: f64,
    /// Session seconds.
    pub end: f64,
    /// Probability of that word.
    pub p: f64,
}

/// The time of each letter (no spaces) of `text`, which is the utterance's, cleaned.
pub(super) fn letters(utterance: &Utterance, text: &str) -> Vec<LetterTime> {
    by_words(utterance, text).unwrap_or_else(|| spread(utterance, text))
}

/// By the words' times; none unless the words spell the text exactly.
fn by_words(utterance: &Utterance, text: &str) -> Option<Vec<LetterTime>> {
    let mut letters = text.chars().filter(|c| *c != ' ');
    let mut times = Vec::new();
    for (word, said) in utterance.words.iter().enumerate() {
        let spelt: Vec<char> = text::clean(&said.text).chars().filter(|c| *c != ' ').collect();
        let at = |n: usize| match n {
            // To the bit, at its ends.
            n if n == spelt.len() => said.end,
            n => said.start + (said.end - said.start) * n as f64 / spelt.len() as f64,
        };
        for (n, c) in spelt.iter().enumerate() {
            if letters.next() != Some(*c) {
                return None;
            }
            times.push(LetterTime { word, start: at(n), end: at(n + 1), p: said.p });
        }
    }
    letters.next().is_none().then_some(times)
}

/// In proportion to letters; a word (between spaces) is one piece.
fn spread(utterance: &Utterance, text: &str) -> Vec<LetterTime> {
    let (from, to) = bounds(utterance);
    let all = text.chars().filter(|c| *c != ' ').count().max(1) as f64;
    let at = |n: usize| from + (to - from) * n as f64 / all;
    let mut times = Vec::new();
    for (word, token) in text.split(' ').enumerate() {
        for _ in token.chars() {
            let n = times.len();
            times.push(LetterTime { word, start: at(n), end: at(n + 1), p: utterance.confidence });
        }
    }
    times
}

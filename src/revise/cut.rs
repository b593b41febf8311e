//! Cutting utterances: which of their words lie in a stretch of time, and a line with some of its words.

use crate::base::units::Frames;
use crate::base::utterance::{Utterance, joined, part_of};

/// Shortest time that a word is taken to last, in seconds: some recognisers give words no length.
const WORD_S_MIN: f64 = 1e-3;

/// Which words at the edge of a stretch lie in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// All that touch it. For what must not be told (a hidden passage) or is told already (a person's line):
    /// a word too few is the lesser evil.
    Touched,
    /// Those whose middle lies in it. For what is to be divided between two, each of which has a right to
    /// its words (the device's own sound and another's): a word is where most of it is.
    Middle,
}

/// How an utterance lies to stretches of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Division {
    /// Nothing of it lies there.
    Outside,
    /// All of it does.
    Inside,
    /// Some words do; indices, ascending.
    Both {
        /// Those that do.
        inside: Vec<usize>,
        /// Those that don't.
        outside: Vec<usize>,
    },
}

/// Which words of an utterance lie in `spans` (session seconds). There is one rule for words at an edge,
/// whose only choice is [`Edge`]: a word lies inside as a whole or not at all, since half a word can be
/// guessed. Where the recogniser gave no words the utterance is one word, as nobody knows what was said when.
pub fn divide(utterance: &Utterance, spans: &[(f64, f64)], edge: Edge) -> Division {
    let is_inside = |start: f64, end: f64| {
        let middle = (start + end) / 2.0;
        let end = end.max(start + WORD_S_MIN);
        spans.iter().any(|(from, to)| match edge {
            Edge::Touched => start < *to && end > *from,
            Edge::Middle => (*from..*to).contains(&middle),
        })
    };
    let words = &utterance.words;
    if words.is_empty() {
        let inside = is_inside(utterance.start, utterance.end);
        return if inside { Division::Inside } else { Division::Outside };
    }
    let (inside, outside): (Vec<usize>, Vec<usize>) =
        (0..words.len()).partition(|n| is_inside(words[*n].start, words[*n].end));
    match (inside.is_empty(), outside.is_empty()) {
        (true, _) => Division::Outside,
        (_, true) => Division::Inside,
        _ => Division::Both { inside, outside },
    }
}

/// The utterance with those of its words (ascending indices), unchanged if that is none or all of them. An
/// end that is cut gets the time of its word, one that stays keeps its own. Its confidence is that of the
/// words that stay. Where words are left out between others, the one before them ends with `sign`.
pub fn part(utterance: &Utterance, keep: &[usize], sign: Option<&str>) -> Utterance {
    let (Some(&first), Some(&last)) = (keep.first(), keep.last()) else { return utterance.clone() };
    let all = &utterance.words;
    if keep.len() == all.len() {
        return utterance.clone();
    }
    let (begin, until) = (utterance.start, utterance.end.max(utterance.start));
    let start = if first == 0 { begin } else { all[first].start.clamp(begin, until) };
    let end = if last + 1 == all.len() { until } else { all[last].end.clamp(start, until) };
    let mut words = Vec::with_capacity(keep.len());
    let mut texts = Vec::new();
    for run in keep.chunk_by(|a, b| a + 1 == *b) {
        let (from, to) = (run[0], run[0] + run.len());
        words.extend_from_slice(&all[from..to]);
        let mut text = text_of(utterance, from..to);
        if let Some(sign) = sign.filter(|_| to <= last)
            && let Some(word) = words.last_mut()
        {
            word.text = format!("{} {sign}", word.text);
            text = format!("{text} {sign}");
        }
        texts.push(text);
    }
    let certainty: f64 = words.iter().map(|word| word.p.max(1e-9).ln()).sum();
    Utterance {
        from_frame: frame(utterance, start),
        to_frame: frame(utterance, end),
        start,
        end,
        text: texts.join(" "),
        confidence: (certainty / words.len() as f64).exp(),
        words,
        ..utterance.clone()
    }
}

/// The frame of a session second within an utterance, whose frames and seconds are one line.
fn frame(utterance: &Utterance, second: f64) -> Frames {
    let (from, to) = (utterance.from_frame, utterance.to_frame.max(utterance.from_frame));
    let part = (second - utterance.start) / (utterance.end - utterance.start);
    if part.is_nan() || part <= 0.0 {
        return from;
    }
    (from + Frames(((to - from).0 as f64 * part).round() as u64)).min(to)
}

/// What the sentence says with these words in a row. The sentence is only cut where it is nothing but its
/// words: nothing of what lies outside of them may come along.
fn text_of(utterance: &Utterance, run: std::ops::Range<usize>) -> String {
    let words = || utterance.words.iter().map(|word| word.text.as_str());
    let letters = |c: &char| !c.is_whitespace();
    let is_whole = utterance.text.chars().filter(letters).eq(words().flat_map(str::chars).filter(letters));
    if is_whole { part_of(&utterance.text, words(), run) } else { joined(&utterance.words[run]) }
}

/// What readers see of a line of which a passage (session seconds) is hidden: `None` means nothing. It is
/// laid over the line when it is read and is not a revision of it, so its confidence stays that of the line.
pub fn without(utterance: &Utterance, hidden: &[(f64, f64)], sign: &str) -> Option<Utterance> {
    match divide(utterance, hidden, Edge::Touched) {
        Division::Outside => Some(utterance.clone()),
        Division::Inside => None,
        Division::Both { outside, .. } => {
            let confidence = utterance.confidence;
            Some(Utterance { confidence, ..part(utterance, &outside, Some(sign)) })
        }
    }
}

/// The utterance with these times (session seconds), its words in between.
pub fn retimed(utterance: &Utterance, start: f64, end: f64) -> Utterance {
    let mut utterance = utterance.clone();
    if (utterance.start, utterance.end) == (start, end) {
        return utterance;
    }
    let old = utterance.end - utterance.start;
    let scale = if old > 0.0 { (end - start) / old } else { 1.0 };
    let at = |second: f64| start + (second - utterance.start) * scale;
    for word in &mut utterance.words {
        (word.start, word.end) = (at(word.start), at(word.end));
    }
    (utterance.start, utterance.end) = (start, end);
    utterance
}

//! What captions are made of: words, and pieces of words that no line could hold. Pure.

use super::Rules;
use crate::base::text::{self, pieces, room};
use crate::base::utterance::Utterance;
use crate::export::timing::{LetterTime, bounds, letters};

/// What isn't parted: a word or a piece of one, with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Atom {
    pub text: String,
    pub start: f64,
    pub end: f64,
    /// What it has before it.
    pub joint: Joint,
}

/// What stands between an atom and the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// It is a label, and the first.
    Label,
    /// A space, or nothing of the utterance.
    Space,
    /// Nothing, but the recogniser held it to be another word.
    Word,
    /// Nothing, in a script that writes no spaces.
    Dense,
    /// Nothing: a word that was too long.
    Torn,
}

impl Joint {
    /// How bad it is to break a line here.
    pub fn torn(self) -> usize {
        match self {
            Self::Label | Self::Space => 0,
            Self::Word => 2,
            Self::Dense => 8,
            // Only where nothing else is possible.
            Self::Torn => 1000,
        }
    }

    /// Whether a word begins here whose time is known.
    pub fn begins_word(self) -> bool {
        matches!(self, Self::Space | Self::Word)
    }
}

impl Atom {
    /// An atom that is not a word of the utterance.
    pub fn label(text: &str, at: f64) -> Self {
        Self { text: text.to_owned(), start: at, end: at, joint: Joint::Label }
    }

    /// Whether a space stands before it.
    pub fn spaced(&self) -> bool {
        self.joint == Joint::Space
    }
}

/// The words of an utterance's text with their times; see [`parts`] for what is parted.
pub fn atoms(utterance: &Utterance, rules: &Rules) -> Vec<Atom> {
    let text = text::clean(&utterance.text);
    let (from, to) = bounds(utterance);
    let mut letters = letters(utterance, &text).into_iter();
    let mut atoms: Vec<Atom> = Vec::new();
    let mut reached = from;
    for token in text.split(' ').filter(|token| !token.is_empty()) {
        let timed: Vec<Letter> = token.chars().zip(letters.by_ref()).collect();
        for (part, joint) in parts(&timed, rules.word_max()) {
            let (Some((_, first)), Some((_, last))) = (part.first(), part.last()) else { continue };
            let start = first.start.clamp(reached, to.max(reached));
            let end = last.end.clamp(start, to.max(start));
            reached = start;
            atoms.push(Atom { text: text_of(part), start, end, joint });
        }
    }
    atoms
}

/// A letter and when it was spoken.
type Letter = (char, LetterTime);

fn text_of(part: &[Letter]) -> String {
    part.iter().map(|(c, _)| *c).collect()
}

/// A token whole if it fits a line and is of a script that writes spaces. Else beside wide characters and
/// between the recogniser's words, and what still doesn't fit by graphemes.
fn parts(token: &[Letter], max: usize) -> Vec<(&[Letter], Joint)> {
    let text = text_of(token);
    let dense = text::breakable(&text);
    if dense.len() == 1 && text::room(&text) <= max {
        return vec![(token, Joint::Space)];
    }
    let mut out: Vec<(&[Letter], Joint)> = Vec::new();
    let mut rest = token;
    for dense in dense {
        let piece = head(&mut rest, dense);
        let whole = room(dense) <= max;
        for (n, word) in piece.chunk_by(|a, b| whole || a.1.word == b.1.word).enumerate() {
            let mut left = word;
            for (m, text) in pieces(&text_of(word), max).iter().enumerate() {
                let part = head(&mut left, text);
                let other = out.last().and_then(|(last, _)| last.last()).zip(part.first());
                let joint = match other {
                    None => Joint::Space,
                    Some((last, first)) if last.1.word != first.1.word => Joint::Word,
                    Some(_) if n == 0 && m == 0 => Joint::Dense,
                    Some(_) => Joint::Torn,
                };
                out.push((part, joint));
            }
        }
    }
    out
}

/// Takes as many letters from the front of `rest` as `text` has.
fn head<'a>(rest: &mut &'a [Letter], text: &str) -> &'a [Letter] {
    let (head, tail) = rest.split_at(text.chars().count().min(rest.len()));
    *rest = tail;
    head
}

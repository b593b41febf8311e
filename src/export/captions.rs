//! From utterances to captions, for the subtitle formats: at most two lines of 42 characters and 7 s each, broken where sentences,
//! clauses or pauses are, timed by words. Pure.

use super::text::{self, fit, pieces, room};
use super::turns::{Meeting, spoken};
use crate::speech::transcript::Utterance;

/// Characters (or columns, if that is more) of a line: the BBC's and Netflix' guides say 37 to 42.
pub const LINE_MAX: usize = 42;
/// Seconds a caption stands at most.
pub const CAPTION_S_MAX: f64 = 7.0;
/// Seconds it should stand at least, if the next one leaves room.
const CAPTION_S_MIN: f64 = 1.2;
/// A silence this long (seconds) is never within a caption.
const SILENCE_S: f64 = 1.5;
/// Utterances before and after one that are looked at for others who speak at the same time.
const NEAR: usize = 64;
/// Columns that a speaker's name may take of the first line.
const NAME_MAX: usize = 20;

/// One caption.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    /// Milliseconds into the meeting.
    pub start_ms: u64,
    /// Later than the start.
    pub end_ms: u64,
    /// Who speaks.
    pub speaker: String,
    /// One or two; not escaped.
    pub lines: Vec<String>,
}

/// How a format tells who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The format has a place for it.
    Apart,
    /// In the text, `Alice: …`, wherever the speaker changes or two speak at once.
    Within,
}

/// All captions by start. An empty transcript gives one that says so.
pub fn captions(meeting: &Meeting, names: Names) -> Vec<Caption> {
    let said = &meeting.said;
    let mut captions = Vec::new();
    for (i, utterance) in said.iter().enumerate() {
        let speaker = text::name(&utterance.speaker);
        let name = Atom::name(&speaker, utterance.start);
        let changes = i == 0 || text::name(&said[i - 1].speaker) != speaker;
        let others = others(said, i);
        // Told at the start, and again where somebody else spoke at the same time or since the last caption.
        let label = |part: &[Atom], first: bool| {
            let (from, to) = (part.first()?.start, part.last()?.end);
            let since = (from - CAPTION_S_MAX).max(utterance.start);
            let between = || others.iter().any(|(start, end)| *start < to && (*end > from || *start > since));
            (names == Names::Within && ((first && changes) || between())).then_some(&name)
        };
        let next = said[i + 1..].iter().find(|next| next.speaker == utterance.speaker).map(|next| next.start);
        captions.extend(of_utterance(utterance, &speaker, label, next));
    }
    if captions.is_empty() {
        let lines = vec![format!("[{}]", Meeting::NOTHING_SAID)];
        captions.push(Caption { start_ms: 0, end_ms: 5000, speaker: "Hansard".to_owned(), lines });
    }
    captions.sort_by_key(|caption| (caption.start_ms, caption.end_ms));
    captions
}

/// When others speak during an utterance, in session seconds. `said` is in order of start.
fn others(said: &[&Utterance], i: usize) -> Vec<(f64, f64)> {
    let this = said[i];
    // Utterances are bounded by the recogniser's window: whatever meets this one stands near it.
    let later = said[i + 1..].iter().take(NEAR).take_while(|other| other.start < this.end);
    let earlier = said[..i].iter().rev().take(NEAR);
    let meets = |(start, end): &(f64, f64)| *start < this.end && this.start < *end;
    later
        .chain(earlier)
        .filter(|other| other.speaker != this.speaker)
        .map(|other| spoken(other))
        .filter(meets)
        .collect()
}

/// What isn't parted: a word or a piece of one, with its time.
#[derive(Debug, Clone, PartialEq)]
struct Atom {
    text: String,
    start: f64,
    end: f64,
    /// Whether a space stands before it.
    spaced: bool,
}

impl Atom {
    fn name(speaker: &str, at: f64) -> Self {
        Self { text: format!("{}:", fit(speaker, NAME_MAX)), start: at, end: at, spaced: false }
    }
}

fn of_utterance<'a>(
    utterance: &Utterance,
    speaker: &str,
    label: impl Fn(&[Atom], bool) -> Option<&'a Atom>,
    next: Option<f64>,
) -> Vec<Caption> {
    let atoms = atoms(utterance);
    let breaks = breaks(&atoms, &label);
    let mut captions = Vec::new();
    for (n, (from, to)) in breaks.iter().copied().enumerate() {
        let (Some(first), Some(last)) = (atoms.get(from), atoms.get(to - 1)) else { continue };
        // Stays up long enough to be read, but not into what the same person says next.
        let follows =
            breaks.get(n + 1).and_then(|(from, _)| atoms.get(*from)).map(|atom| atom.start).or(next);
        let longer = (first.start + CAPTION_S_MIN).min(follows.unwrap_or(f64::INFINITY));
        let end = last.end.max(longer).min(first.start + CAPTION_S_MAX);
        let start_ms = (first.start * 1000.0).round() as u64;
        let end_ms = ((end * 1000.0).round() as u64).max(start_ms + 1);
        let lines =
            layout(&labelled(&atoms[from..to], label(&atoms[from..to], from == 0))).unwrap_or_default();
        captions.push(Caption { start_ms, end_ms, speaker: speaker.to_owned(), lines });
    }
    captions
}

fn labelled(atoms: &[Atom], label: Option<&Atom>) -> Vec<Atom> {
    let mut all: Vec<Atom> = label.into_iter().chain(atoms).cloned().collect();
    if let (Some(_), Some(first)) = (label, all.get_mut(1)) {
        first.spaced = true;
    }
    all
}

/// The cheapest way to part atoms into captions, as ranges: dynamic programming from the end. A single atom always fits.
fn breaks<'a>(atoms: &[Atom], label: &impl Fn(&[Atom], bool) -> Option<&'a Atom>) -> Vec<(usize, usize)> {
    let n = atoms.len();
    let mut best: Vec<(f64, usize)> = vec![(f64::INFINITY, 0); n];
    let rest = |best: &[(f64, usize)], to: usize| best.get(to).map_or(0.0, |(cost, _)| *cost);
    for from in (0..n).rev() {
        for to in from + 1..=n {
            let part = &atoms[from..to];
            let single = to == from + 1;
            let silent = to >= from + 2 && atoms[to - 1].start - atoms[to - 2].end > SILENCE_S;
            let too_long = part[part.len() - 1].end - part[0].start > CAPTION_S_MAX;
            // Everything longer breaks the same limit.
            if !single && (silent || too_long || !fits(label(part, from == 0), part)) {
                break;
            }
            let total = cost(part, to == n) + rest(&best, to);
            if total < best[from].0 {
                best[from] = (total, to);
            }
        }
    }
    let mut ranges = Vec::new();
    let mut from = 0;
    while from < n {
        let to = best[from].1.max(from + 1);
        ranges.push((from, to));
        from = to;
    }
    ranges
}

/// What a caption costs a reader: another one to take in, torn sentences, scraps, flashes.
fn cost(part: &[Atom], is_last: bool) -> f64 {
    let (first, last) = (&part[0], &part[part.len() - 1]);
    let letters: usize = part.iter().map(|atom| room(&atom.text) + usize::from(atom.spaced)).sum();
    let torn = if is_last { 0.0 } else { f64::from(torn(&last.text)) };
    let pauses: f64 = part.windows(2).map(|pair| (pair[1].start - pair[0].end - 0.4).max(0.0) * 10.0).sum();
    let scrap = if letters < 15 { 5.0 } else { 0.0 };
    let flash = if last.end - first.start < 1.0 { 3.0 } else { 0.0 };
    10.0 + torn + pauses + scrap + flash
}

/// Whether two lines hold it, the first one filled as far as it goes. Adding up the atoms can only overrate a line, so that
/// [`layout`] finds a way wherever this says so; it costs no memory, and is asked for every possible caption.
fn fits(label: Option<&Atom>, part: &[Atom]) -> bool {
    let (mut line, mut filled) = (1, label.map_or(0, |name| room(&name.text) + 1));
    for (n, atom) in part.iter().enumerate() {
        let wide = room(&atom.text);
        let space = usize::from(atom.spaced && n > 0);
        if filled + space + wide <= LINE_MAX {
            filled += space + wide;
        } else {
            (line, filled) = (line + 1, wide);
        }
    }
    line <= 2
}

/// How bad it is to break after this.
fn torn(text: &str) -> u8 {
    match text.chars().next_back() {
        Some('.' | '!' | '?' | '…' | '。' | '！' | '？') => 0,
        Some(',' | ';' | ':' | '–' | '—' | '，' | '、') => 4,
        _ => 9,
    }
}

/// One line, or two that are as even as can be without tearing clauses, the lower one rather longer; none if
/// they don't fit.
fn layout(atoms: &[Atom]) -> Option<Vec<String>> {
    let line = |atoms: &[Atom]| -> String {
        let mut out = String::new();
        for (i, atom) in atoms.iter().enumerate() {
            if atom.spaced && i > 0 {
                out.push(' ');
            }
            out.push_str(&atom.text);
        }
        out
    };
    let whole = line(atoms);
    if room(&whole) <= LINE_MAX {
        return Some(vec![whole]);
    }
    if whole.chars().count() > 2 * LINE_MAX + 1 {
        return None;
    }
    (1..atoms.len())
        .map(|at| (line(&atoms[..at]), line(&atoms[at..]), atoms[at].spaced))
        .filter(|(upper, lower, _)| room(upper) <= LINE_MAX && room(lower) <= LINE_MAX)
        .min_by_key(|(upper, lower, spaced)| {
            let uneven = room(upper).abs_diff(room(lower)) + if room(upper) > room(lower) { 4 } else { 0 };
            (!spaced, uneven + 2 * torn(upper) as usize)
        })
        .map(|(upper, lower, _)| vec![upper, lower])
}

/// The words of an utterance's text with the times of its words. The text is what counts: where the words don't spell it, times
/// are spread over it by its letters. What is wider than a line is parted, first where words meet, then between graphemes.
fn atoms(utterance: &Utterance) -> Vec<Atom> {
    let text = text::clean(&utterance.text);
    let (from, to) = (utterance.start.max(0.0), utterance.end.max(utterance.start).max(0.0));
    let times = letter_times(utterance, &text).unwrap_or_else(|| spread(&text, from, to));
    let mut letters = times.into_iter();
    let mut atoms: Vec<Atom> = Vec::new();
    let mut reached = from;
    for token in text.split(' ').filter(|token| !token.is_empty()) {
        let timed: Vec<(char, LetterTime)> = token.chars().zip(letters.by_ref()).collect();
        for (n, part) in parts(&timed).into_iter().enumerate() {
            let (Some((_, first)), Some((_, last))) = (part.first(), part.last()) else { continue };
            let start = first.start.clamp(reached, to.max(reached));
            let end = last.end.clamp(start, to.max(start));
            reached = start;
            atoms.push(Atom { text: part.iter().map(|(c, _)| *c).collect(), start, end, spaced: n == 0 });
        }
    }
    atoms
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct LetterTime {
    word: usize,
    start: f64,
    end: f64,
}

/// A token whole if it fits a line; else by words (scripts without spaces), and what still doesn't fit by graphemes.
fn parts(token: &[(char, LetterTime)]) -> Vec<&[(char, LetterTime)]> {
    let text = |part: &[(char, LetterTime)]| part.iter().map(|(c, _)| *c).collect::<String>();
    if room(&text(token)) <= LINE_MAX {
        return vec![token];
    }
    let mut out = Vec::new();
    for word in token.chunk_by(|a, b| a.1.word == b.1.word) {
        let mut rest = word;
        for piece in pieces(&text(word), LINE_MAX) {
            let (head, tail) = rest.split_at(piece.chars().count().min(rest.len()));
            out.push(head);
            rest = tail;
        }
    }
    out
}

/// The time of each letter (no spaces) of `text` by the words' times; none unless the words spell the text exactly.
fn letter_times(utterance: &Utterance, text: &str) -> Option<Vec<LetterTime>> {
    let mut letters = text.chars().filter(|c| *c != ' ');
    let mut times = Vec::new();
    for (word, said) in utterance.words.iter().enumerate() {
        for c in text::clean(&said.text).chars().filter(|c| *c != ' ') {
            if letters.next() != Some(c) {
                return None;
            }
            times.push(LetterTime { word, start: said.start, end: said.end });
        }
    }
    (letters.next().is_none()).then_some(times)
}

/// Times in proportion to letters; a word (between spaces) is one piece.
fn spread(text: &str, from: f64, to: f64) -> Vec<LetterTime> {
    let all = text.chars().filter(|c| *c != ' ').count().max(1) as f64;
    let at = |n: usize| from + (to - from) * n as f64 / all;
    let mut times = Vec::new();
    for (word, token) in text.split(' ').enumerate() {
        for _ in token.chars() {
            let n = times.len();
            times.push(LetterTime { word, start: at(n), end: at(n + 1) });
        }
    }
    times
}

/// `01:02:03,456` with the given separator.
pub fn timestamp(ms: u64, separator: char) -> String {
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{h:02}:{m:02}:{s:02}{separator}{:03}", ms % 1000)
}

//! Who speaks when, and whose each word is. Pure.

use std::ops::Range;

use super::cluster::Voices;
use super::pieces::Piece;

/// Pieces of a voice with less than this between them, in seconds, are one turn.
const JOINED_S: f64 = 0.05;
/// Least seconds that a word is taken to last: some recognisers give words no length.
const WORD_S_MIN: f64 = 0.1;
/// A word that nobody's turn holds goes to a turn within so many seconds.
const NEAR_S: f64 = 2.0;
/// Two turns share a word about equally where their parts of it differ by less, in seconds.
const EQUAL_S: f64 = 1e-3;
/// Seconds of a turn below which a single word of it stays with the words around it: word times wander by
/// more.
const ALONE_S: f64 = 0.5;

/// One voice speaks without a break.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Second where it begins.
    pub start: f64,
    /// Second where it ends.
    pub end: f64,
    /// Which voice.
    pub voice: usize,
}

/// The turns of pieces whose voices are known, by start; `time` gives each piece's times in those of the words.
pub fn turns(pieces: &[Piece], voices: &Voices, time: impl Fn(&Piece) -> (f64, f64)) -> Vec<Turn> {
    let known = pieces.iter().zip(&voices.of);
    let mut all: Vec<Turn> = known
        .filter_map(|(piece, voice)| {
            let (start, end) = time(piece);
            Some(Turn { start, end, voice: (*voice)? })
        })
        .collect();
    all.sort_by(|a, b| a.voice.cmp(&b.voice).then(a.start.total_cmp(&b.start)));
    let mut turns: Vec<Turn> = Vec::new();
    for turn in all {
        match turns.last_mut() {
            Some(last) if last.voice == turn.voice && turn.start - last.end < JOINED_S => {
                last.end = last.end.max(turn.end);
            }
            _ => turns.push(turn),
        }
    }
    turns.sort_by(|a, b| a.start.total_cmp(&b.start));
    turns
}

/// The words of a line as runs of one voice each: which words, which voice. Empty where no voice is near.
///
/// A word is the voice's that has most of it, else that of the nearest turn; of equals that of the word before.
/// Single words do not leave their neighbours for less than [`ALONE_S`] of a turn.
pub fn runs(words: &[(f64, f64)], turns: &[Turn]) -> Vec<(Range<usize>, usize)> {
    let mut of: Vec<Option<(usize, f64)>> = Vec::with_capacity(words.len());
    for word in words {
        let before = of.last().copied().flatten().map(|(voice, _)| voice);
        of.push(whose(*word, turns, before));
    }
    for at in 1..of.len().saturating_sub(1) {
        let neighbours = of[at - 1].zip(of[at + 1]);
        if let (Some((own, long)), Some(((left, _), (right, _)))) = (of[at], neighbours)
            && left == right
            && own != left
            && long < ALONE_S
        {
            of[at] = Some((left, long));
        }
    }
    let mut runs: Vec<(Range<usize>, usize)> = Vec::new();
    for (at, voice) in of.iter().enumerate() {
        let Some((voice, _)) = voice else { continue };
        match runs.last_mut() {
            Some((run, last)) if last == voice => run.end = at + 1,
            _ => {
                let from = runs.last().map_or(0, |(run, _)| run.end);
                runs.push((from..at + 1, *voice));
            }
        }
    }
    if let Some((run, _)) = runs.last_mut() {
        run.end = words.len();
    }
    runs
}

/// Whose a word is, and how long that voice's turn there lasts.
fn whose((start, end): (f64, f64), turns: &[Turn], before: Option<usize>) -> Option<(usize, f64)> {
    let widen = ((WORD_S_MIN - (end - start)) / 2.0).max(0.0);
    let (start, end) = (start - widen, end + widen);
    let first = turns.partition_point(|turn| turn.start < end);
    let shared = |turn: &Turn| end.min(turn.end) - start.max(turn.start);
    let mut parts: Vec<(usize, f64, f64)> = Vec::new();
    for turn in turns[..first].iter().filter(|turn| shared(turn) > 0.0) {
        let long = turn.end - turn.start;
        match parts.iter_mut().find(|part| part.0 == turn.voice) {
            Some(part) => (part.1, part.2) = (part.1 + shared(turn), part.2.max(long)),
            None => parts.push((turn.voice, shared(turn), long)),
        }
    }
    let most = parts.iter().map(|part| part.1).fold(0.0, f64::max);
    let best: Vec<&(usize, f64, f64)> = parts.iter().filter(|part| part.1 > most - EQUAL_S).collect();
    let same = best.iter().find(|part| Some(part.0) == before);
    if let Some(part) = same.or(best.first()) {
        return Some((part.0, part.2));
    }
    let away = |turn: &Turn| (turn.start - end).max(start - turn.end);
    let nearest = turns.iter().min_by(|a, b| away(a).total_cmp(&away(b)))?;
    if away(nearest) < NEAR_S {
        return Some((nearest.voice, nearest.end - nearest.start));
    }
    before.map(|voice| (voice, 0.0))
}

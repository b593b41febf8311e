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

/// Words, and seconds, over which a change of voice moves to the end of a sentence: people seldom take over
/// within one, and the times of words around a change are the least certain.
const MOVED_WORDS: usize = 2;
const MOVED_S: f64 = 0.6;

/// When a word was said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spoken {
    /// Second where it begins.
    pub start: f64,
    /// Second where it ends.
    pub end: f64,
    /// Whether a sentence ends with it.
    pub ends_sentence: bool,
}

/// One voice speaks without a break.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Second where it begins.
    pub start: f64,
    /// Second where it ends.
    pub end: f64,
    /// Index among the voices of its track.
    pub voice: usize,
}

/// The turns of pieces whose voices are known, by start; `time` gives each piece's times in those of the
/// words.
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
/// A word is the voice's that has most of it, else that of the nearest turn; of equals that of the word
/// before. Single words do not leave their neighbours for less than half a second of a turn.
pub fn runs(words: &[Spoken], turns: &[Turn]) -> Vec<(Range<usize>, usize)> {
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
    for change in 1..runs.len() {
        let (least, most) = (runs[change - 1].0.start + 1, runs[change].0.end);
        let at = to_sentence_end(words, runs[change].0.start, least..most);
        (runs[change - 1].0.end, runs[change].0.start) = (at, at);
    }
    runs
}

/// The place of a change of voice before word `at`, moved to the nearest end of a sentence among `allowed`.
fn to_sentence_end(words: &[Spoken], at: usize, allowed: Range<usize>) -> usize {
    let away = |place: &usize| (words[*place].start - words[at].start).abs();
    let places = (0..=MOVED_WORDS).flat_map(|by| [at.checked_sub(by), Some(at + by)]).flatten();
    let mut places = places.filter(|place| allowed.contains(place));
    places.find(|place| words[place - 1].ends_sentence && away(place) <= MOVED_S).unwrap_or(at)
}

/// Whose a word is, and how long that voice's turn there lasts.
fn whose(Spoken { start, end, .. }: Spoken, turns: &[Turn], before: Option<usize>) -> Option<(usize, f64)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of 0.4 s, one each half second; a sentence ends where a word has a full stop.
    fn words(text: &str) -> Vec<Spoken> {
        let word = |(n, text): (usize, &str)| {
            let start = n as f64 * 0.5;
            Spoken { start, end: start + 0.4, ends_sentence: text.ends_with('.') }
        };
        text.split(' ').enumerate().map(word).collect()
    }

    fn turn(start: f64, end: f64, voice: usize) -> Turn {
        Turn { start, end, voice }
    }

    #[test]
    fn each_word_goes_to_the_voice_that_has_most_of_it() {
        let words = words("a b c d e f");
        let both = [turn(0.0, 1.45, 0), turn(1.45, 3.0, 1)];
        assert_eq!(runs(&words, &both), [(0..3, 0), (3..6, 1)]);
        // The others speak at the same time, longer within the word; far from all turns there is no voice.
        assert_eq!(runs(&words[..1], &[turn(0.0, 0.1, 0), turn(0.05, 0.5, 1)]), [(0..1, 1)]);
        assert_eq!(runs(&words, &[turn(30.0, 31.0, 0)]), []);
        assert_eq!(runs(&words, &[]), []);
        // Words that no turn holds go to the nearest one, and no word is left out.
        assert_eq!(runs(&words, &[turn(0.0, 0.4, 0), turn(2.6, 3.0, 1)]), [(0..3, 0), (3..6, 1)]);
    }

    #[test]
    fn a_change_moves_to_the_end_of_a_sentence_that_is_near() {
        let said = words("we meet at nine. good so we do");
        // By the turns it comes one word late, or two words early.
        for at in [1.45, 2.45] {
            let changed = runs(&said, &[turn(0.0, at, 0), turn(at, 4.0, 1)]);
            assert_eq!(changed, [(0..4, 0), (4..8, 1)], "at {at}");
        }
        // Too far away it stays.
        assert_eq!(runs(&said, &[turn(0.0, 0.45, 0), turn(0.45, 4.0, 1)]), [(0..1, 0), (1..8, 1)]);
    }

    #[test]
    fn one_word_of_a_glimpse_stays_with_its_neighbours_and_a_short_answer_does_not() {
        let said = words("so we go yes then home");
        let glimpse = [turn(0.0, 1.5, 0), turn(1.5, 1.9, 1), turn(1.9, 3.0, 0)];
        assert_eq!(runs(&said, &glimpse), [(0..6, 0)]);
        let answer = [turn(0.0, 1.4, 0), turn(1.4, 2.0, 1), turn(2.0, 3.0, 0)];
        assert_eq!(runs(&said, &answer), [(0..3, 0), (3..4, 1), (4..6, 0)]);
    }
}

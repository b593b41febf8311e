//! What a transcript is worth, given who really said what and when.

use super::meeting::Phrase;
use super::words::{Edits, align, common, words};

/// Share of a line's words that must be one person's for the line to be held to be theirs.
const SHARE: f64 = 0.5;
/// How much more of a line must be somebody else's than the named person's before it is called wrong.
const MORE: f64 = 0.25;
/// So many words of somebody else's in a line are no coincidence.
const OTHERS_WORDS: usize = 3;
/// A line is compared with what was said this close to it, in seconds.
const NEAR_SECONDS: f64 = 1.0;
/// A word this near to a phrase's edge (0: the first or last itself) still marks the edge: one word may be
/// misheard.
const EDGE_WORDS: usize = 1;

/// A line of the minutes; seconds as in the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub who: String,
    pub text: String,
    pub start: f64,
    pub end: f64,
    /// When it was printed, if it was.
    pub arrived: Option<f64>,
}

/// Whose line it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It stands under the person who said it.
    Right,
    /// Part of it is another's words: a turn that the recorder has not parted from the next one.
    Mixed { also_by: String },
    /// Somebody else said it, and nobody else has it.
    Wrong { said_by: String },
    /// Somebody else said it and has a line for it: an echo.
    Echo { said_by: String },
    /// The same person has it twice.
    Twice,
    /// Nobody said it.
    Invented,
}

/// The worth of a transcript.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// By person, in order of their first word: name, edits, lines.
    pub people: Vec<(String, Edits, usize)>,
    /// Edits of all together, every word under the wrong person counting as an error.
    pub total: Edits,
    /// One per line.
    pub verdicts: Vec<Verdict>,
    /// Seconds from the end of what a line says to its arrival, for each right line that was printed.
    pub delays: Vec<f64>,
    /// Start of a line minus start of the phrase that it begins with, for each right line.
    pub starts: Vec<f64>,
    /// Right lines that begin within a phrase, so that no true start is known for them.
    pub begun_within: usize,
}

/// Scores lines (in order of time) against the truth (in order of time).
pub fn score(truth: &[Phrase], lines: &[Line]) -> Score {
    let mut score = Score { verdicts: verdicts(truth, lines), ..Score::default() };
    let mut names: Vec<&str> = Vec::new();
    for name in truth.iter().map(|p| p.who.as_str()).chain(lines.iter().map(|l| l.who.as_str())) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let edits = score_person(name, truth, lines, &mut score);
        score.people.push((name.to_owned(), edits, lines.iter().filter(|l| l.who == name).count()));
        score.total = score.total.plus(edits);
    }
    score
}

/// A word with where it comes from: the index of its phrase or line, its place in it, and how many that has.
struct Placed {
    word: String,
    of: usize,
    place: usize,
    length: usize,
}

fn place<'a>(texts: impl Iterator<Item = (usize, &'a str)>) -> Vec<Placed> {
    texts
        .flat_map(|(of, text)| {
            let words = words(text);
            let length = words.len();
            words.into_iter().enumerate().map(move |(place, word)| Placed { word, of, place, length })
        })
        .collect()
}

fn score_person(name: &str, truth: &[Phrase], lines: &[Line], score: &mut Score) -> Edits {
    let said =
        place(truth.iter().enumerate().filter(|(_, p)| p.who == name).map(|(n, p)| (n, p.text.as_str())));
    let own = lines.iter().enumerate().filter(|(_, l)| l.who == name);
    let written = place(own.clone().map(|(n, l)| (n, l.text.as_str())));
    let plain = |placed: &[Placed]| -> Vec<String> { placed.iter().map(|p| p.word.clone()).collect() };
    let (edits, stands_for) = align(&plain(&said), &plain(&written));
    for (n, line) in own.filter(|(n, _)| score.verdicts[*n] == Verdict::Right) {
        let matches = || {
            written
                .iter()
                .zip(&stands_for)
                .filter(|(w, _)| w.of == n)
                .filter_map(|(w, s)| Some((w, &said[(*s)?])))
        };
        let begins = matches().find(|(w, s)| w.place <= EDGE_WORDS && s.place <= EDGE_WORDS);
        match begins {
            Some((_, first)) => score.starts.push(line.start - truth[first.of].start),
            None => score.begun_within += 1,
        }
        let mut ends = matches()
            .filter(|(w, s)| w.place + 1 + EDGE_WORDS >= w.length && s.place + 1 + EDGE_WORDS >= s.length);
        let end = ends.next_back().map_or(line.end, |(_, last)| truth[last.of].end);
        score.delays.extend(line.arrived.map(|arrived| arrived - end));
    }
    edits
}

fn verdicts(truth: &[Phrase], lines: &[Line]) -> Vec<Verdict> {
    let texts: Vec<Vec<String>> = lines.iter().map(|line| words(&line.text)).collect();
    (0..lines.len()).map(|n| verdict(truth, lines, &texts, n)).collect()
}

fn verdict(truth: &[Phrase], lines: &[Line], texts: &[Vec<String>], n: usize) -> Verdict {
    let (line, text) = (&lines[n], &texts[n]);
    if text.is_empty() {
        return Verdict::Invented;
    }
    let share = |others: &[String]| common(text, others) as f64 / text.len() as f64;
    // What a person said near the line, and how much of the line that is.
    let said_near = |who: &str| -> Vec<String> {
        let phrases = truth.iter().filter(|p| p.who == who && is_near(line, p.start, p.end));
        phrases.flat_map(|p| words(&p.text)).collect()
    };
    let near = |who: &str| share(&said_near(who));
    let own = near(&line.who);
    let others = truth.iter().filter(|p| p.who != line.who).map(|p| (near(&p.who), p.who.as_str()));
    let best = others.max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((other, said_by)) = best.filter(|(other, _)| *other >= SHARE && *other > own + MORE) {
        let theirs =
            lines.iter().zip(texts).filter(|(l, _)| l.who == said_by && is_near(line, l.start, l.end));
        let written: Vec<String> = theirs.flat_map(|(_, t)| t.iter().cloned()).collect();
        let said_by = said_by.to_owned();
        // Most of what the other person has in it stands under their name as well.
        return if share(&written) >= other * SHARE {
            Verdict::Echo { said_by }
        } else {
            Verdict::Wrong { said_by }
        };
    }
    let twice = lines[..n].iter().zip(texts).any(|(l, t)| {
        let overlap = l.end.min(line.end) - l.start.max(line.start);
        l.who == line.who && overlap > SHARE * (line.end - line.start) && share(t) > 1.0 - MORE
    });
    if twice {
        return Verdict::Twice;
    }
    if own <= MORE {
        return Verdict::Invented;
    }
    // Of the words that are not the person's own: does somebody else have most of them?
    let (_, stands_for) = align(&said_near(&line.who), text);
    let rest: Vec<String> =
        text.iter().zip(&stands_for).filter(|(_, own)| own.is_none()).map(|(word, _)| word.clone()).collect();
    let also = truth
        .iter()
        .filter(|p| p.who != line.who)
        .map(|p| (common(&rest, &said_near(&p.who)), p.who.as_str()));
    match also.max_by_key(|(count, _)| *count) {
        Some((count, who)) if count >= OTHERS_WORDS && count as f64 >= rest.len() as f64 * SHARE => {
            Verdict::Mixed { also_by: who.to_owned() }
        }
        _ => Verdict::Right,
    }
}

fn is_near(line: &Line, start: f64, end: f64) -> bool {
    start < line.end + NEAR_SECONDS && end > line.start - NEAR_SECONDS
}

/// The phrase that a line just printed most likely ends with: of the person's phrases begun by `now`, the
/// latest of those that have most in common with it.
pub fn heard<'a>(truth: &'a [Phrase], who: &str, text: &str, now: f64) -> Option<&'a Phrase> {
    let text = words(text);
    let candidates = truth.iter().filter(|p| p.who == who && p.start < now);
    let shares = candidates.map(|p| (common(&text, &words(&p.text)), p)).filter(|(share, _)| *share > 0);
    // The last of equals wins.
    shares.max_by_key(|(share, _)| *share).map(|(_, phrase)| phrase)
}

/// The value that `share` (0..1) of the values do not exceed (nearest rank); none of no values.
pub fn percentile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

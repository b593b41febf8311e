//! Whether a clause is made of one place of a meeting: a line, what its speaker says next to it, and the
//! question or the answer to it. Words of two places, put together, may say what nobody said. Pure.

use super::Reason;
use super::cited::{Cited, Said, Spoken};
use super::facts::Fact;
use super::names::shown;
use super::text::{Gap, Text};

/// How far before a line it may stand what the line is about.
const BEFORE: usize = 4;
/// So many words of a clause may be what the line is about.
const ABOUT_MAX: usize = 1;
/// So many where the line says "it".
const MEANT_MAX: usize = 2;

/// What stands for something that was named before, in all languages.
#[rustfmt::skip]
const MEANT: &[&str] = &[
    "it", "its", "them", "they", "their", "him", "his", "he", "her", "she", "that", "those", "there", "one", "ones",
    "es", "ihn", "ihm", "ihr", "er", "sie", "das", "den", "dem", "dort", "da", "dafur", "davon", "damit", "daruber",
    "dazu", "dabei", "dagegen", "die", "le", "la", "les", "l", "lui", "il", "elle", "leur", "ca", "cela", "y", "en",
    "lo", "los", "las", "eso", "ello", "ci", "ne", "gli", "dat", "het", "hem", "haar", "ze", "hij", "daar", "er",
];

/// Checks that what each clause of a sentence takes from the lines is of one place.
pub(super) fn check(
    text: &Text,
    content: &[bool],
    stems: &[String],
    facts: &[Fact],
    cited: &Cited,
    usable: &dyn Fn(&Spoken) -> bool,
) -> Result<(), Reason> {
    if cited.lines.len() < 2 {
        return Ok(());
    }
    let tongue = &cited.meeting.tongue;
    let says = |line: usize, at: usize| {
        cited.meeting.lines[line].stems.iter().any(|said| tongue.alike(&stems[at], said))
    };
    let holds =
        |line: usize, fact: &Fact| cited.meeting.lines[line].facts.iter().any(|other| fact.is_same(other));
    for clause in &text.clauses {
        let said = |test: &dyn Fn(usize) -> bool| cited.lines.iter().any(|line| test(*line));
        let words: Vec<usize> =
            clause.clone().filter(|at| content[*at] && said(&|line| says(line, *at))).collect();
        let told: Vec<&Fact> = facts
            .iter()
            .filter(|fact| clause.contains(&fact.words.start) && said(&|line| holds(line, fact)))
            .collect();
        // The place that lacks least, and what it lacks.
        let mut least: Option<Vec<usize>> = None;
        for anchor in &cited.lines {
            let place = place(*anchor, cited, usable);
            let foreign = told.iter().find(|fact| !place.iter().any(|line| holds(*line, fact)));
            let mut lacks: Vec<usize> = foreign.map(|fact| fact.words.start).into_iter().collect();
            let other: Vec<usize> =
                words.iter().copied().filter(|at| !place.iter().any(|line| says(*line, *at))).collect();
            let most = if means_before(*anchor, cited) { MEANT_MAX } else { ABOUT_MAX };
            let meant = other.len() <= most
                && other
                    .iter()
                    .all(|at| (anchor.saturating_sub(BEFORE)..*anchor).any(|line| says(line, *at)));
            if !meant {
                lacks.extend(other);
            }
            if least.as_ref().is_none_or(|least| lacks.len() < least.len()) {
                least = Some(lacks);
            }
        }
        if let Some(at) = least.and_then(|lacks| lacks.first().copied()) {
            return Err(Reason::Mixed(shown(&text.words[at..=at])));
        }
    }
    Ok(())
}

/// Whether a line speaks of something that was named before.
fn means_before(line: usize, cited: &Cited) -> bool {
    cited.meeting.lines[line].text.words.iter().any(|word| MEANT.contains(&word.fold.as_str()))
}

/// The cited lines that say something together with this one.
fn place(anchor: usize, cited: &Cited, usable: &dyn Fn(&Spoken) -> bool) -> Vec<usize> {
    let mut place = vec![anchor];
    let mut at = 0;
    while at < place.len() {
        let line = place[at];
        for other in &cited.lines {
            if !place.contains(other) && are_joined(line.min(*other), line.max(*other), cited, usable) {
                place.push(*other);
            }
        }
        at += 1;
    }
    place
}

/// Whether a line goes on in the next one, or is answered there.
fn are_joined(one: usize, next: usize, cited: &Cited, usable: &dyn Fn(&Spoken) -> bool) -> bool {
    let (first, second) = (&cited.meeting.lines[one], &cited.meeting.lines[next]);
    if first.speaker == second.speaker {
        return next == one + 1;
    }
    let open = |spoken: &&Spoken| {
        spoken.at == one && (spoken.said != Said::Stated || (spoken.agreed && usable(spoken)))
    };
    let asks = cited.spoken.iter().any(|spoken| open(&spoken));
    let tongue = &cited.meeting.tongue;
    let start = |words: &[super::text::Word]| {
        (0..words.len()).find(|at| tongue.filler.at(words, *at) == 0).unwrap_or(0)
    };
    let words = &second.text.words;
    let at = start(words);
    let replies = tongue.yes.at(words, at) > 0 || tongue.no.at(words, at) > 0;
    let called = first.text.words.iter().any(|word| second.speaker_words.contains(&word.fold));
    // An answer may come after another one.
    let near = next == one + 1
        || (next == one + 2 && cited.meeting.lines[one + 1].text.words.len() <= SHORT)
        || (next <= one + 2 && called);
    // "That's …": it speaks of the line before.
    let takes_up =
        next == one + 1 && words.get(at).is_some_and(|word| TAKES_UP.contains(&word.fold.as_str()));
    near && (asks || replies || called || takes_up)
        && words.first().is_none_or(|word| word.gap != Gap::Joined)
}

/// A line that begins with these speaks of the one before.
const TAKES_UP: &[&str] = &["that", "which", "thats", "das", "ce", "c", "ca", "cela", "eso", "dat"];

/// Words of a line that only says yes.
const SHORT: usize = 4;

//! The one road of revisions: all changes to lines that are there (echoes, another device's sound, better
//! clocks, later passes, people) are proposed here. Only this module raises `rev` and cuts utterances. Pure.
//!
//! Promises: a revision that changes something has the next number, one that changes nothing does not exist;
//! words stay in order and a line's frames and seconds stay one line; ids stay unique; nothing is destroyed,
//! as the revision before stays in the transcript. **What a person wrote is never overwritten by a machine**,
//! only by a person: a machine may only move its times, which the clocks tell.
//!
//! Words at the edge of a stretch of time follow one rule, [`cut::divide`], which says why it is as it is.

use std::ops::Range;

use crate::base::units::Frames;
use crate::base::utterance::{Edited, Utterance, Word, id};

pub mod cut;
pub mod pass;

use cut::{Division, Edge};

/// Why words of another device's sound do not stand in the minutes.
pub const FOREIGN: &str = "foreign";

/// Seconds by which the same clock may tell one frame twice: frames are whole, words are cut at seconds.
const CLOCK_S: f64 = 1e-3;

/// Whose proposal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// Something that this program found out.
    Machine,
    /// A person, at that moment.
    Person(Edited),
}

/// What is to become of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Proposal {
    /// It was said on its own track: it is not, or no more, held to be an echo.
    Own,
    /// It is only the echo of that utterance on another track.
    Echo {
        /// Id of the other one.
        of: String,
    },
    /// Only these of its words are its own (indices); those before and after them were overheard.
    Trim {
        /// The words that stay.
        keep: Range<usize>,
    },
    /// What lies in these stretches (session seconds) is another device's sound: those words become an
    /// utterance of their own that is withheld.
    Foreign {
        /// From and to, in order.
        spans: Vec<(f64, f64)>,
    },
    /// The clock of its take tells other times for its frames (session seconds).
    Retime {
        /// Of its first frame.
        start: f64,
        /// Of its end.
        end: f64,
    },
    /// It does not stand in the minutes.
    Withhold {
        /// Why it does not.
        reason: String,
    },
    /// It does stand in the minutes, whatever was held against it.
    Restore,
    /// Other words were said.
    Text {
        /// As a sentence.
        text: String,
        /// The words with their times.
        words: Vec<Word>,
    },
    /// These voices of its track said it: runs of its words (indices, in order, all of them), each with the
    /// id of its voice. Every run but the first becomes a line of its own.
    Voices {
        /// Which words, whose.
        runs: Vec<(Range<usize>, String)>,
    },
    /// These words were said, and they are several lines: runs of them (indices, in order, all of them).
    /// Every run but the first becomes a line of its own.
    Split {
        /// As a sentence.
        text: String,
        /// The words with their times.
        words: Vec<Word>,
        /// Which of them.
        runs: Vec<Range<usize>>,
    },
    /// These words were said, its own and those of the line behind it, which goes up to here.
    Join {
        /// As a sentence.
        text: String,
        /// The words with their times.
        words: Vec<Word>,
        /// One past the last frame.
        to_frame: Frames,
        /// The same as session second.
        end: f64,
    },
    /// Somebody else said it.
    Speaker {
        /// Name of that person.
        name: String,
    },
    /// It is again as it was: what an earlier revision of it says, with its words and its stretch of time.
    Back {
        /// That revision.
        to: Box<Utterance>,
    },
}

/// What is to be written of a proposal: the line's next revision, then what was cut off it, as new lines.
/// Nothing, if nothing changes or if the proposal has no right to change it.
pub fn revise(line: &Utterance, proposal: &Proposal, by: Author) -> Vec<Utterance> {
    let by_machine = by == Author::Machine;
    if by_machine && line.edited.is_some() && !matches!(proposal, Proposal::Retime { .. }) {
        return Vec::new();
    }
    let (changed, cut_off) = carried_out(line, proposal);
    if changed == *line {
        return Vec::new();
    }
    let edited = match by {
        Author::Machine => line.edited,
        Author::Person(edited) => Some(edited),
    };
    let mut written = vec![Utterance { rev: line.rev.saturating_add(1), edited, ..changed }];
    // What a person cut off is a person's as well.
    written.extend(cut_off.into_iter().map(|line| Utterance { edited, ..line }));
    written
}

/// The line as the proposal wants it, under its old number, and what is cut off it.
fn carried_out(line: &Utterance, proposal: &Proposal) -> (Utterance, Vec<Utterance>) {
    let line = line.clone();
    let changed = match proposal {
        Proposal::Own => Utterance { bleed_of: None, ..line },
        Proposal::Echo { of } => Utterance { bleed_of: Some(of.clone()), ..line },
        Proposal::Trim { keep } => {
            let keep: Vec<usize> = keep.clone().filter(|word| *word < line.words.len()).collect();
            if keep.is_empty() {
                return (line, Vec::new());
            }
            // What is left is its own.
            Utterance { bleed_of: None, ..cut::part(&line, &keep, None) }
        }
        Proposal::Foreign { spans } => return without_foreign(line, spans),
        Proposal::Retime { start, end } => cut::retimed(&line, *start, *end),
        Proposal::Withhold { reason } => Utterance { withheld: Some(reason.clone()), ..line },
        Proposal::Restore => Utterance { withheld: None, bleed_of: None, ..line },
        Proposal::Text { text, words } => Utterance { text: text.clone(), words: words.clone(), ..line },
        Proposal::Voices { runs } => {
            let runs = runs.iter().map(|(run, voice)| (run.clone(), Some(voice.clone())));
            return in_parts(line, runs);
        }
        Proposal::Split { text, words, runs } => {
            let line = Utterance { text: text.clone(), words: words.clone(), ..line };
            return in_parts(line, runs.iter().map(|run| (run.clone(), None)));
        }
        Proposal::Join { text, words, to_frame, end } => {
            let (text, words, to_frame) = (text.clone(), words.clone(), (*to_frame).max(line.to_frame));
            Utterance { text, words, to_frame, end: end.max(line.end), ..line }
        }
        Proposal::Speaker { name } => Utterance { speaker: name.clone(), ..line },
        Proposal::Back { to } => again(&line, to),
    };
    (changed, Vec::new())
}

/// A line as an earlier revision of it was. Its frames stay what they were then; its seconds are those that
/// the clock tells of them now, as it told them of the line.
fn again(line: &Utterance, was: &Utterance) -> Utterance {
    let frames = line.to_frame.0.saturating_sub(line.from_frame.0) as f64;
    let each = if frames > 0.0 { (line.end - line.start) / frames } else { 0.0 };
    let second = |frame: Frames| line.start + (frame.0 as f64 - line.from_frame.0 as f64) * each;
    let (start, end) = (second(was.from_frame), second(was.to_frame));
    let is_same_clock = (start - was.start).abs() < CLOCK_S && (end - was.end).abs() < CLOCK_S;
    let was = if is_same_clock || each == 0.0 { was.clone() } else { cut::retimed(was, start, end) };
    Utterance { id: line.id.clone(), rev: line.rev, edited: line.edited, ..was }
}

/// The id keeps the first run; each other one begins a line with its own first frame. A run may have a voice
/// of its own.
fn in_parts(
    line: Utterance,
    runs: impl Iterator<Item = (Range<usize>, Option<String>)>,
) -> (Utterance, Vec<Utterance>) {
    let part = |(run, voice): (Range<usize>, Option<String>)| {
        let keep: Vec<usize> = run.filter(|word| *word < line.words.len()).collect();
        Utterance { voice: voice.or_else(|| line.voice.clone()), ..cut::part(&line, &keep, None) }
    };
    let mut parts = runs.map(part);
    let Some(first) = parts.next() else { return (line.clone(), Vec::new()) };
    let mut from = first.from_frame;
    let others = parts.map(|part| {
        // Words without a length may begin where the ones before them did: ids never repeat within a line.
        from = part.from_frame.max(from + Frames(1));
        Utterance { id: id(&part.track, part.take, from), rev: 0, ..part }
    });
    let others = others.collect();
    (first, others)
}

/// A word belongs to the sound that holds its middle: the times of words wander by some hundredths of a
/// second, and no word of the device's own must go for that.
fn without_foreign(line: Utterance, spans: &[(f64, f64)]) -> (Utterance, Vec<Utterance>) {
    let withheld = Some(FOREIGN.to_owned());
    match cut::divide(&line, spans, Edge::Middle) {
        Division::Outside => (line, Vec::new()),
        Division::Inside => (Utterance { withheld, ..line }, Vec::new()),
        Division::Both { inside, outside } => {
            let others = cut::part(&line, &inside, None);
            // It may begin where the line began that keeps the name.
            let id = format!("{}-{FOREIGN}", id(&others.track, others.take, others.from_frame));
            let others = Utterance { id, rev: 0, withheld, ..others };
            (cut::part(&line, &outside, None), vec![others])
        }
    }
}

#[cfg(test)]
mod tests;

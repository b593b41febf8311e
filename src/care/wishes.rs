//! What is to be appended for what a person corrected on a whole page ([`sheet`](super::sheet)), or by
//! replacing words. Pure. Each line goes the one road of revisions; one that can't be corrected so is told
//! and keeps none of the others.

use std::collections::HashSet;

use super::edit::{self, Change, EditError, TEXT_MAX, as_a_person, realigned, spoken_by};
use super::replace::{Hit, Place};
use super::sheet::{Complaint, Part, Wish, WishKind};
use crate::base::text::clean;
use crate::base::utterance::{Edited, Utterance, Word, id};
use crate::revise::{Author, Proposal, revise};
use crate::session::details;
use crate::session::journal::Event;
use crate::session::reading::Session;

/// How much was corrected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Lines with other words.
    pub text: usize,
    /// Lines that somebody else said.
    pub speakers: usize,
    /// Lines that do not stand in the minutes any more.
    pub withheld: usize,
    /// Lines that became several.
    pub split: usize,
    /// Lines that two became.
    pub joined: usize,
    /// Names, marks and what was said of the meeting.
    pub others: usize,
}

/// What is to be appended.
#[derive(Debug, Default)]
pub struct Planned {
    pub changes: Vec<Change>,
    pub tally: Tally,
    /// What is not done, and why.
    pub complaints: Vec<Complaint>,
}

/// Plans all wishes of a page; `edited` says when.
pub fn plan(session: &Session, wishes: &[Wish], edited: Edited) -> Planned {
    let mut planned = Planned::default();
    let mut taken: HashSet<String> = session.history.iter().map(|line| line.id.clone()).collect();
    for wish in wishes {
        let mut tally = planned.tally;
        match one(session, wish, edited, &mut tally, &mut taken) {
            Ok(lines) => {
                planned.tally = tally;
                planned.changes.extend(lines.into_iter().map(|line| Change::Utterance(Box::new(line))));
            }
            Err(EditError::Same) => {}
            Err(error) => {
                planned.complaints.push(Complaint { number: wish.number, why: error.to_string() });
            }
        }
    }
    planned
}

/// Plans what was found to be replaced.
///
/// # Errors
/// It can't stand there; nothing is to be appended then.
pub fn replace(session: &Session, hits: &[Hit], edited: Edited) -> Result<Planned, EditError> {
    let mut planned = Planned::default();
    for hit in hits {
        let changes = match &hit.place {
            Place::Line(id) => {
                planned.tally.text += 1;
                edit::plan(session, &edit::Edit::Line { id: id.clone(), text: hit.after.clone() }, edited)?
            }
            Place::Speaker(old) => {
                planned.tally.others += 1;
                // Where there is somebody of that name, they are one.
                let new = hit.after.clone();
                let is_there = edit::speakers(session).iter().any(|name| clean(name) == new);
                let edit = match is_there {
                    true => edit::Edit::Merge { from: old.clone(), into: new },
                    false => edit::Edit::Rename { old: old.clone(), new },
                };
                edit::plan(session, &edit, edited)?
            }
            Place::Mark(id) => {
                planned.tally.others += 1;
                let mark = session.marks().iter().find(|mark| mark.id == *id);
                let mark = mark.ok_or_else(|| EditError::NoMark(id.clone()))?;
                let (id, at, text) = (mark.id.clone(), mark.at, hit.after.clone());
                vec![Change::Event(Event::Mark { id, at, mark: mark.kind, text, withdrawn: false })]
            }
            Place::Detail(detail) => {
                planned.tally.others += 1;
                let lines = details::read(*detail, std::slice::from_ref(&hit.after))?;
                vec![Change::Event(Event::Described { detail: *detail, lines })]
            }
        };
        planned.changes.extend(changes);
    }
    Ok(planned)
}

/// What is to be written of a line that becomes several.
///
/// # Errors
/// It can't; nothing is to be appended then.
pub(super) fn split(
    session: &Session,
    id: &str,
    parts: &[Part],
    edited: Edited,
) -> Result<Vec<Utterance>, EditError> {
    let line = as_a_person(session, id)?;
    let mut taken: HashSet<String> = session.history.iter().map(|line| line.id.clone()).collect();
    in_parts(session, line, parts, edited, &mut Tally::default(), &mut taken)
}

/// What is to be written of a wish, in this order: what comes to stand before what is shortened for it.
fn one(
    session: &Session,
    wish: &Wish,
    edited: Edited,
    tally: &mut Tally,
    taken: &mut HashSet<String>,
) -> Result<Vec<Utterance>, EditError> {
    let line = as_a_person(session, &wish.id)?;
    let by = Author::Person(edited);
    match &wish.kind {
        WishKind::Withhold => {
            tally.withheld += 1;
            let revised = revise(&line, &Proposal::Withhold { reason: edit::BY_HAND.into() }, by);
            if revised.is_empty() { Err(EditError::Same) } else { Ok(revised) }
        }
        WishKind::Join { speaker, text, with } => {
            let next = as_a_person(session, with)?;
            let text = checked(text)?;
            let old: Vec<Word> = line.words.iter().chain(&next.words).cloned().collect();
            let words = realigned(&old, &text, (line.start, next.end));
            let join = Proposal::Join { text, words, to_frame: next.to_frame, end: next.end };
            let mut written = revise(&line, &join, by);
            let last = written.last().cloned().ok_or(EditError::Same)?;
            said(session, last, speaker.as_deref(), edited, tally, &mut written)?;
            written.extend(revise(&next, &Proposal::Withhold { reason: edit::BY_HAND.into() }, by));
            tally.joined += 1;
            Ok(written)
        }
        WishKind::Parts(parts) => in_parts(session, line, parts, edited, tally, taken),
    }
}

fn in_parts(
    session: &Session,
    line: Utterance,
    parts: &[Part],
    edited: Edited,
    tally: &mut Tally,
    taken: &mut HashSet<String>,
) -> Result<Vec<Utterance>, EditError> {
    let by = Author::Person(edited);
    let text = checked(&parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(" "))?;
    let is_other_text = text != clean(&line.text);
    if let [part] = parts {
        let mut written = Vec::new();
        let mut last = line.clone();
        if is_other_text {
            let words = realigned(&line.words, &text, (line.start, line.end));
            written = revise(&line, &Proposal::Text { text, words }, by);
            last = written.last().cloned().ok_or(EditError::Same)?;
            tally.text += 1;
        }
        said(session, last, part.speaker.as_deref(), edited, tally, &mut written)?;
        return if written.is_empty() { Err(EditError::Same) } else { Ok(written) };
    }
    let words = realigned(&line.words, &text, (line.start, line.end));
    let mut at = 0;
    let runs = parts.iter().map(|part| {
        let from = at;
        at += part.text.split_whitespace().count();
        from..at
    });
    let split = Proposal::Split { text, words, runs: runs.collect() };
    let revised = revise(&line, &split, by);
    let (first, others) = revised.split_first().ok_or(EditError::Same)?;
    let mut written = Vec::new();
    for (mut other, part) in others.iter().cloned().zip(&parts[1..]) {
        // Another line may begin in that very frame.
        let mut from = other.from_frame;
        while !taken.insert(other.id.clone()) {
            from.0 += 1;
            other.id = id(&other.track, other.take, from);
        }
        written.push(other.clone());
        said(session, other, part.speaker.as_deref(), edited, tally, &mut written)?;
    }
    written.push(first.clone());
    said(session, first.clone(), parts[0].speaker.as_deref(), edited, tally, &mut written)?;
    tally.split += 1;
    tally.text += usize::from(is_other_text);
    Ok(written)
}

/// Adds who said a line, if that is somebody else.
fn said(
    session: &Session,
    line: Utterance,
    speaker: Option<&str>,
    edited: Edited,
    tally: &mut Tally,
    written: &mut Vec<Utterance>,
) -> Result<(), EditError> {
    let Some(speaker) = speaker else { return Ok(()) };
    let shown = session.names.of_line(&line).unwrap_or(&line.speaker).to_owned();
    match spoken_by(session, (&line, shown.as_str()), edit::name(speaker)?, edited) {
        Ok(line) => {
            tally.speakers += 1;
            written.push(line);
            Ok(())
        }
        Err(EditError::Same) => Ok(()),
        Err(error) => Err(error),
    }
}

fn checked(text: &str) -> Result<String, EditError> {
    let text = clean(text);
    match text.chars().count() {
        0 => Err(EditError::NoWords),
        count if count > TEXT_MAX => Err(EditError::TooLong(TEXT_MAX)),
        _ => Ok(text),
    }
}

//! Corrections of lines, one or many at once, each with the revision that was seen; and what takes them back.
//! Pure.
//!
//! Promises: all of them are planned or none; what somebody else wrote meanwhile is never written over, it is
//! named; a line that is partly hidden keeps its words. What takes a correction back is a correction itself:
//! a line goes back to the revision before, one that came to be goes out of the minutes.

use std::collections::HashSet;

use super::edit::{self, Change, Edit, EditError, TEXT_MAX, as_a_person, line, realigned};
use super::sheet::Part;
use super::wishes;
use crate::base::text::clean;
use crate::base::utterance::{Edited, Utterance, Word};
use crate::revise::{Author, Proposal, revise};
use crate::session::reading::Session;

/// What a person wants of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct LineEdit {
    /// Id of the line.
    pub id: String,
    /// The revision that was seen; `None` means whichever.
    pub seen: Option<u32>,
    /// What is to become of it.
    pub kind: LineKind,
}

/// What is to become of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum LineKind {
    /// Other words were said.
    Text(String),
    /// Somebody else said it.
    Speaker(String),
    /// It stays out of the minutes.
    Withhold,
    /// It is shown again.
    Restore,
    /// It is several lines.
    Split(Vec<Part>),
    /// It and one behind it, which goes, are one.
    Join {
        /// Id of the one that goes.
        with: String,
        /// The revision of that one that was seen; `None` means whichever.
        seen: Option<u32>,
    },
    /// It is again as that revision of it was.
    Back(u32),
}

/// Lines that have another revision by now than the one that was seen.
pub fn stale(session: &Session, edits: &[LineEdit]) -> Vec<String> {
    let mut stale = Vec::new();
    let mut look = |id: &str, seen: Option<u32>| {
        let is_other = |seen| line(session, id).is_ok_and(|(written, _)| written.rev != seen);
        if seen.is_some_and(is_other) && !stale.iter().any(|known| known == id) {
            stale.push(id.to_owned());
        }
    };
    for edit in edits {
        look(&edit.id, edit.seen);
        if let LineKind::Join { with, seen } = &edit.kind {
            look(with, *seen);
        }
    }
    stale
}

/// What is to be appended; `edited` says when.
///
/// # Errors
/// One of them can't be, or somebody else was quicker ([`stale`] names the lines); nothing is to be appended
/// then.
pub fn plan(session: &Session, edits: &[LineEdit], edited: Edited) -> Result<Vec<Change>, EditError> {
    let mut touched = HashSet::new();
    for edit in edits {
        let with = match &edit.kind {
            LineKind::Join { with, .. } => Some(with),
            _ => None,
        };
        for id in std::iter::once(&edit.id).chain(with) {
            line(session, id)?;
            if !touched.insert(id.as_str()) {
                return Err(EditError::Twice(id.clone()));
            }
        }
    }
    if !stale(session, edits).is_empty() {
        return Err(EditError::Changed);
    }
    let mut changes = Vec::new();
    for edit in edits {
        changes.extend(one(session, edit, edited)?);
    }
    Ok(changes)
}

fn one(session: &Session, edit: &LineEdit, edited: Edited) -> Result<Vec<Change>, EditError> {
    let id = edit.id.clone();
    let written = match &edit.kind {
        LineKind::Speaker(name) => {
            return edit::plan(session, &Edit::Speaker { id, name: name.clone() }, edited);
        }
        LineKind::Withhold => return edit::plan(session, &Edit::Withhold { id }, edited),
        LineKind::Restore => return edit::plan(session, &Edit::Restore { id }, edited),
        LineKind::Text(text) => {
            whole(session, &id)?;
            return edit::plan(session, &Edit::Line { id, text: text.clone() }, edited);
        }
        LineKind::Split(parts) => {
            whole(session, &id)?;
            let cleaned = |part: &Part| Part { text: clean(&part.text), ..part.clone() };
            let parts: Vec<Part> = parts.iter().map(cleaned).collect();
            if parts.iter().any(|part| part.text.is_empty()) {
                return Err(EditError::NoWords);
            }
            wishes::split(session, &id, &parts, edited)?
        }
        LineKind::Join { with, .. } => join(session, &id, with, edited)?,
        LineKind::Back(to) => back(session, &id, *to, edited)?,
    };
    Ok(written.into_iter().map(|line| Change::Utterance(Box::new(line))).collect())
}

/// Of a line of which a part is hidden, nobody sees all words: whoever wrote them anew would lose those.
fn whole(session: &Session, id: &str) -> Result<(), EditError> {
    let (written, shown) = line(session, id)?;
    let passages = &session.amendments.passages;
    let hidden = passages.iter().find(|passage| written.start < passage.to && written.end > passage.from);
    match hidden {
        Some(passage) if written.text != shown.text || shown.withheld != written.withheld => {
            Err(EditError::Hidden(passage.id.clone()))
        }
        _ => Ok(()),
    }
}

/// The words of both become one line's, each with its time; the other line goes.
fn join(session: &Session, id: &str, with: &str, edited: Edited) -> Result<Vec<Utterance>, EditError> {
    whole(session, id)?;
    whole(session, with)?;
    let (line, next) = (as_a_person(session, id)?, as_a_person(session, with)?);
    let is_behind = (next.track == line.track && next.take == line.take) && next.start >= line.start;
    if !is_behind || line.id == next.id || !line.is_shown() || !next.is_shown() {
        return Err(EditError::NotJoined);
    }
    let text = clean(&format!("{} {}", line.text, next.text));
    if text.chars().count() > TEXT_MAX {
        return Err(EditError::TooLong(TEXT_MAX));
    }
    let (start, end) = (line.start, next.end.max(line.end));
    let words: Vec<Word> = match line.words.is_empty() || next.words.is_empty() {
        true => realigned(&[line.words.as_slice(), &next.words].concat(), &text, (start, end)),
        false => line.words.iter().chain(&next.words).cloned().collect(),
    };
    let by = Author::Person(edited);
    let mut written = revise(&line, &Proposal::Join { text, words, to_frame: next.to_frame, end }, by);
    written.extend(revise(&next, &Proposal::Withhold { reason: edit::BY_HAND.into() }, by));
    Ok(written)
}

/// A line as a revision of it was, under the name that it has now.
fn back(session: &Session, id: &str, to: u32, edited: Edited) -> Result<Vec<Utterance>, EditError> {
    whole(session, id)?;
    let now = as_a_person(session, id)?;
    let was = session.history.iter().rfind(|line| line.id == now.id && line.rev == to);
    let was = was.ok_or(EditError::NoRevision(to))?;
    let named = match session.names.of_line(was) {
        Some(_) => was.clone(),
        None => Utterance {
            speaker: session.amendments.name_of_line(was),
            named: session.names.by_a_person(was),
            ..was.clone()
        },
    };
    let revised = revise(&now, &Proposal::Back { to: Box::new(named) }, Author::Person(edited));
    if revised.is_empty() { Err(EditError::Same) } else { Ok(revised) }
}

/// What takes these changes back, as long as nobody writes a further revision of their lines.
pub fn undo(changes: &[Change]) -> Vec<LineEdit> {
    let mut all: Vec<(&str, u32, u32)> = Vec::new();
    for change in changes {
        let Change::Utterance(line) = change else { continue };
        match all.iter_mut().find(|(id, ..)| *id == line.id) {
            Some((_, first, last)) => (*first, *last) = ((*first).min(line.rev), (*last).max(line.rev)),
            None => all.push((&line.id, line.rev, line.rev)),
        }
    }
    let undone = |(id, first, last): (&str, u32, u32)| LineEdit {
        id: id.to_owned(),
        seen: Some(last),
        kind: first.checked_sub(1).map_or(LineKind::Withhold, LineKind::Back),
    };
    all.into_iter().map(undone).collect()
}

//! Text that has not been made yet, in words: where it is missing nobody may take it for silence.

use super::wording::{ENGLISH, Wording};
use crate::base::text;
use crate::session::erased::Part;
use crate::session::lock::SessionLock;
use crate::session::manifest::{Manifest, State};
use crate::session::reading::Session;
use crate::session::texted::Pending;

/// A sentence or two, with the command that goes on; formats set it apart where they can.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingText {
    /// What to type; `None` while the text is being made anyway, or can't be made any more.
    pub command: Option<String>,
    /// The day on which the text was removed that there was.
    removed: Option<String>,
    /// Whether a part of the text is there.
    pub is_part: bool,
    /// Up to which session second the text of whom stands; `None` means its end. Empty unless a part of it is
    /// there.
    until: Vec<(String, Option<f64>)>,
    long: bool,
}

impl PendingText {
    /// What stands before the command.
    pub fn before(&self, words: &Wording) -> String {
        match (&self.removed, &self.command, self.is_part) {
            (Some(day), ..) => (words.pending.removed)(day),
            (None, None, _) => words.pending.running.to_owned(),
            (None, Some(_), true) => words.pending.part.to_owned(),
            (None, Some(_), false) => words.pending.none.to_owned(),
        }
    }

    /// What stands after it: `– it stands up to 12:20 (Alice), 11:58 (Bob)`, or nothing.
    pub fn after(&self, words: &Wording) -> String {
        if self.until.is_empty() {
            return String::new();
        }
        let of_track = |(name, until): &(String, Option<f64>)| {
            (words.pending.of)(&reached(*until, self.long, words), name)
        };
        let each: Vec<String> = self.until.iter().map(of_track).collect();
        (words.pending.until)(&each.join(", "))
    }

    /// The whole of it, for a terminal.
    pub fn text(&self) -> String {
        self.told(&ENGLISH)
    }

    /// The whole of it.
    pub fn told(&self, words: &Wording) -> String {
        let (before, after) = (self.before(words), self.after(words));
        let parts = [Some(before.as_str()), self.command.as_deref(), Some(after.as_str())];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// The command that makes a session's text, or what is missing of it.
pub fn command(manifest: &Manifest, pending: &Pending) -> String {
    let resume = if pending.is_part() { "--resume " } else { "" };
    format!("hansard transcribe {resume}{}", session_word(manifest))
}

/// The session's id as a word of a command.
pub fn session_word(manifest: &Manifest) -> String {
    let id = text::clean(&manifest.id);
    let plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
    // Whoever wrote such a name into a session does not write our reader's command line.
    if !id.is_empty() && id.chars().all(plain) { id } else { "SESSION".to_owned() }
}

/// What is pending of a session's text; `None` if nothing is.
pub fn of(session: &Session) -> Option<PendingText> {
    if let Some(erased) = session.amendments.erased(Part::Text) {
        let (removed, long) = (Some(erased.day()), session.manifest.duration >= 3600.0);
        return Some(PendingText { command: None, removed, is_part: false, until: Vec::new(), long });
    }
    let pending = session.pending()?;
    let manifest = &session.manifest;
    let is_part = pending.is_part();
    let running = manifest.state == State::Recording && SessionLock::is_held(&session.dir);
    let command = (!running).then(|| command(manifest, &pending));
    let of_track = |(track, until): &(String, Option<f64>)| {
        let source = manifest.sources.iter().find(|source| source.track == *track);
        (text::name(source.map_or(track, |source| &source.name)), *until)
    };
    let until = pending.until.iter().filter(|_| is_part).map(of_track).collect();
    Some(PendingText { command, removed: None, is_part, until, long: manifest.duration >= 3600.0 })
}

/// Up to when a text stands, `12:20` or `the end`.
fn reached(until: Option<f64>, long: bool, words: &Wording) -> String {
    until.map_or_else(|| words.pending.end.to_owned(), |until| text::clock(until, long))
}

/// Up to when the text of these tracks stands, which are one person's: the earliest counts.
pub fn until_of(session: &Session, tracks: &[String], long: bool, words: &Wording) -> String {
    let Some(pending) = session.pending() else { return reached(None, long, words) };
    let of_them = pending.until.iter().filter(|(track, _)| tracks.contains(track)).map(|(_, until)| *until);
    let earliest = of_them.reduce(|a, b| match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    });
    reached(earliest.flatten(), long, words)
}

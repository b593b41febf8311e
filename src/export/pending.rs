//! Text that has not been made yet, in words: where it is missing nobody may take it for silence.

use crate::base::text;
use crate::session::lock::SessionLock;
use crate::session::manifest::{Manifest, State};
use crate::session::reading::Session;
use crate::session::texted::Pending;

/// A sentence or two, with the command that goes on; formats set it apart where they can.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingText {
    /// What stands before the command.
    pub before: String,
    /// What to type; `None` while the text is being made anyway.
    pub command: Option<String>,
    /// What stands after the command.
    pub after: String,
    /// Whether a part of the text is there.
    pub is_part: bool,
}

impl PendingText {
    /// The whole of it.
    pub fn text(&self) -> String {
        let parts = [Some(self.before.as_str()), self.command.as_deref(), Some(self.after.as_str())];
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
    let pending = session.pending()?;
    let manifest = &session.manifest;
    let is_part = pending.is_part();
    if manifest.state == State::Recording && SessionLock::is_held(&session.dir) {
        let before =
            "This meeting is being recorded at this moment; its text is not complete yet.".to_owned();
        return Some(PendingText { before, command: None, after: until(manifest, &pending), is_part });
    }
    let before = match is_part {
        true => "The text of this meeting has not been made to its end yet:",
        false => "The text of this meeting has not been made yet:",
    };
    let (command, after) = (Some(command(manifest, &pending)), until(manifest, &pending));
    Some(PendingText { before: before.to_owned(), command, after, is_part })
}

/// `– it stands up to 12:20 (Alice), 11:58 (Bob)`
fn until(manifest: &Manifest, pending: &Pending) -> String {
    if !pending.is_part() {
        return String::new();
    }
    let long = manifest.duration >= 3600.0;
    let of_track = |(track, until): &(String, Option<f64>)| {
        let source = manifest.sources.iter().find(|source| source.track == *track);
        let name = text::name(source.map_or(track, |source| &source.name));
        format!("{} ({name})", reached(*until, long))
    };
    let each: Vec<String> = pending.until.iter().map(of_track).collect();
    format!("– it stands up to {}", each.join(", "))
}

/// Up to when a text stands, `12:20` or `the end`.
fn reached(until: Option<f64>, long: bool) -> String {
    until.map_or_else(|| "the end".to_owned(), |until| text::clock(until, long))
}

/// Up to when the text of these tracks stands, which are one person's: the earliest counts.
pub fn until_of(session: &Session, tracks: &[String], long: bool) -> String {
    let Some(pending) = session.pending() else { return reached(None, long) };
    let of_them = pending.until.iter().filter(|(track, _)| tracks.contains(track)).map(|(_, until)| *until);
    let earliest = of_them.reduce(|a, b| match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    });
    reached(earliest.flatten(), long)
}

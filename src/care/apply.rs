//! Corrections and marks, put into a session that is over: under its lock, or in a turn that work on its text
//! leaves them, appended, on the disk before it is said that they are there.
//!
//! Promises: after a power cut at any moment the session is as it was or as it was to be; nothing is put into
//! a folder that is not a session, not even a lock.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::text::clock as clock_text;
use crate::base::utterance::Edited;
use crate::care::edit::{self, Change, Edit, EditError};
use crate::care::offline::{OfflineError, OfflineSink, Past};
use crate::clock::Clock;
use crate::live::SessionSink as _;
use crate::session::disk::Disk;
use crate::session::journal::Event;
use crate::session::lock::{LockError, SessionLock};
use crate::session::mark::{self, Mark, MarkKind};
use crate::session::read::{self, ReadError};
use crate::session::reading::Session;

/// Seconds that a mark may lie behind the last sound: the end is told by a clock that rounds.
const AFTER_END_S: f64 = 1.0;

/// Why nothing was changed, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The session can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is in use.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Its files can't be opened.
    #[error(transparent)]
    Open(#[from] OfflineError),
    /// What is wanted can't be.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// There is no such moment.
    #[error("the session ends at {0}; --at must be before that")]
    AfterEnd(String),
    /// The disk refused.
    #[error("can't write to {}: {error}", dir.display())]
    Write {
        /// The session's folder.
        dir: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl ApplyError {
    /// Whether the machine failed rather than the request being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Read(error) => error.is_failure(),
            Self::Open(error) => error.is_failure(),
            Self::Lock(_) | Self::Edit(_) | Self::AfterEnd(_) => false,
            Self::Write { .. } => true,
        }
    }
}

/// Corrects the session in `dir`; gives what was appended.
///
/// # Errors
/// It can't be read, is in use, can't be corrected so, or its disk refused.
pub fn edit(
    disk: &dyn Disk,
    clock: &Arc<dyn Clock>,
    dir: &Path,
    edit: &Edit,
) -> Result<Vec<Change>, ApplyError> {
    append(disk, clock, dir, |session, past| {
        let edited = Edited { utc: clock.utc(), journal: past.lines() };
        let changes = edit::plan(session, edit, edited)?;
        Ok((changes.clone(), changes))
    })
}

/// Corrects the session in `dir` as `plan` says, which is asked once the session is ours; gives what was
/// appended, and what `plan` says beside it.
///
/// # Errors
/// As those of [`edit()`].
pub fn edit_with<T>(
    disk: &dyn Disk,
    clock: &Arc<dyn Clock>,
    dir: &Path,
    plan: impl FnOnce(&Session, Edited) -> Result<(Vec<Change>, T), EditError>,
) -> Result<(Vec<Change>, T), ApplyError> {
    append(disk, clock, dir, |session, past| {
        let (changes, beside) = plan(session, Edited { utc: clock.utc(), journal: past.lines() })?;
        Ok((changes.clone(), (changes, beside)))
    })
}

/// Marks a moment (session seconds) of the session in `dir`.
///
/// # Errors
/// It can't be read, is in use, has no such moment, or its disk refused.
pub fn mark(
    disk: &dyn Disk,
    clock: &Arc<dyn Clock>,
    dir: &Path,
    at: f64,
    kind: MarkKind,
    text: String,
) -> Result<Mark, ApplyError> {
    append(disk, clock, dir, |session, _| {
        let duration = session.manifest.duration;
        if at > duration + AFTER_END_S {
            return Err(ApplyError::AfterEnd(clock_text(duration, true)));
        }
        let mark = Mark { id: mark::id(session.amendments.marks_made + 1), at, kind, text };
        let (id, text) = (mark.id.clone(), mark.text.clone());
        Ok((vec![Change::Event(Event::Mark { id, at, mark: kind, text, withdrawn: false })], mark))
    })
}

/// Appends what `change` says, under the session's lock.
fn append<T>(
    disk: &dyn Disk,
    clock: &Arc<dyn Clock>,
    dir: &Path,
    change: impl FnOnce(&Session, Past) -> Result<(Vec<Change>, T), ApplyError>,
) -> Result<T, ApplyError> {
    read::read_manifest(dir)?;
    let _lock = SessionLock::turn(dir)?;
    let session = Session::open(dir)?;
    let past = Past::read(dir)?;
    let (changes, made) = change(&session, past)?;
    let sink = OfflineSink::open(disk, Arc::clone(clock), &session, past, true)?;
    for change in changes {
        match change {
            Change::Event(event) => sink.note(event),
            Change::Utterance(line) => sink.write_edited(&line),
        }
    }
    sink.finish().map_err(|error| ApplyError::Write { dir: dir.to_owned(), error })?;
    Ok(made)
}

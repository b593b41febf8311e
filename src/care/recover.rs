//! Mending a session whose recorder died: the tracks become playable to their last frame, what was found
//! after the last commit is vouched for, the account is drawn up, `session.json` is written anew.
//!
//! Promises: nothing is deleted but the rest of a line or of a frame that was torn in its middle; nothing
//! outside of the session is written; the length on the disk counts, never the header's; a second run changes
//! no byte, and one that was itself killed is carried on. A journal that is damaged in its middle is left as
//! it is: the tracks are made playable, and no more is guessed.
//!
//! First everything is read and a plan is made, then it is carried out: files, journal, manifest, in this
//! order.

use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::base::units::SessionNs;
use crate::clock::Clock;
use crate::session::disk::Disk;
use crate::session::journal::{Journal, RecoveredTake};
use crate::session::lock::{LockError, SessionLock};
use crate::session::manifest::{Manifest, TrackAccount};
use crate::session::read::{JOURNAL, MANIFEST, ReadError};

mod find;
mod plan;

use plan::{Cut, Plan};

/// Why a session can't be mended, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// Somebody has it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Something in it can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It holds nothing to mend.
    #[error("{} is not a session: neither a journal nor a {MANIFEST} nor a track is in it", dir.display())]
    NotASession { dir: PathBuf },
    /// The disk refused. What was mended by then stays; another run goes on.
    #[error("can't mend {}: {error}; see to the disk, then run `hansard recover` again", path.display())]
    Write {
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// What was found can't be told in a journal: a mistake of ours.
    #[error("can't mend {}: what was found in it makes no session ({what}); its tracks are playable", dir.display())]
    Contradiction {
        dir: PathBuf,
        /// What does not fit.
        what: String,
    },
}

impl RecoverError {
    /// Whether the machine failed rather than the input being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Lock(LockError::InUse(_)) | Self::NotASession { .. } => false,
            Self::Lock(LockError::Io(..)) | Self::Write { .. } | Self::Contradiction { .. } => true,
            Self::Read(error) => error.is_failure(),
        }
    }
}

/// What was mended, or would be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recovered {
    /// The session's folder.
    pub session: PathBuf,
    /// Whether there was anything to mend.
    pub changed: bool,
    /// Takes whose end nobody had written: what was vouched for, and what was found after that.
    pub takes: Vec<RecoveredTake>,
    /// Where every frame went; empty where the journal can't be trusted.
    pub account: Vec<TrackAccount>,
    /// What is lost, a clause each.
    pub losses: Vec<String>,
    /// What else a person should know, a clause each.
    pub notes: Vec<String>,
    /// Why the session could not be mended further than its tracks.
    pub damage: Option<String>,
    /// As `session.json` stands now.
    #[serde(skip)]
    pub manifest: Option<Manifest>,
}

impl Recovered {
    /// Whether sound is lost.
    pub fn has_losses(&self) -> bool {
        !self.losses.is_empty() || self.account.iter().any(|track| track.lost.0 > 0)
    }
}

/// Whether anything in the session is to be mended, as far as a quick look tells: its journal does not end,
/// or its manifest is not there or says that it was not finished.
pub fn is_dirty(dir: &Path) -> bool {
    let closed = crate::session::read::read_manifest(dir)
        .is_ok_and(|m| m.state == crate::session::manifest::State::Closed);
    !closed && find::looks_like_a_session(dir)
}

/// Mends the session in `dir`; with `dry_run` it is only said what would be done, and nothing is written.
///
/// # Errors
/// It is in use or no session; something in it can't be read; the disk refused.
pub fn recover(
    disk: &dyn Disk,
    clock: &dyn Clock,
    dir: &Path,
    dry_run: bool,
) -> Result<Recovered, RecoverError> {
    // Nothing is put into a folder that is not a session, not even a lock.
    if !find::looks_like_a_session(dir) {
        return Err(RecoverError::NotASession { dir: dir.to_owned() });
    }
    let _lock = match dry_run {
        false => Some(SessionLock::take(dir)?),
        true if SessionLock::is_held(dir) => return Err(LockError::InUse(dir.display().to_string()).into()),
        true => None,
    };
    let plan = Plan::make(dir)?;
    if !dry_run {
        carry_out(disk, clock, dir, &plan)?;
    }
    Ok(plan.report)
}

fn carry_out(disk: &dyn Disk, clock: &dyn Clock, dir: &Path, plan: &Plan) -> Result<(), RecoverError> {
    let mut refused = None;
    for mend in &plan.files {
        let path = dir.join(&mend.file);
        // A file that can't be mended must not keep the others from it.
        if let Err(error) = mend.carry_out(disk, &path) {
            tracing::warn!(file = %path.display(), %error, "a track can't be mended");
            refused.get_or_insert(RecoverError::Write { path, error });
        }
    }
    if let Some(error) = refused {
        return Err(error);
    }
    for cut in &plan.cuts {
        cut.carry_out(disk, dir).map_err(|error| RecoverError::Write { path: dir.join(cut.file), error })?;
    }
    let journal = dir.join(JOURNAL);
    plan.write_journal(disk, clock, dir).map_err(|error| RecoverError::Write { path: journal, error })?;
    if let Some(bytes) = &plan.manifest {
        let path = dir.join(MANIFEST);
        disk.replace(&path, bytes).map_err(|error| RecoverError::Write { path, error })?;
    }
    Ok(())
}

/// What is to be done to a take's file.
#[derive(Debug, Default)]
struct FileMend {
    /// The file, relative to the session.
    file: String,
    /// Bytes that it is to begin with.
    head: Option<Vec<u8>>,
    /// Bytes that it is to have: a last frame was torn.
    length: Option<u64>,
}

impl FileMend {
    fn carry_out(&self, disk: &dyn Disk, path: &Path) -> io::Result<()> {
        let mut file = disk.mend(path)?;
        if let Some(length) = self.length {
            file.set_len(length)?;
        }
        if let Some(head) = &self.head {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(head)?;
            file.flush()?;
        }
        file.sync_data()
    }
}

impl Cut {
    fn carry_out(&self, disk: &dyn Disk, dir: &Path) -> io::Result<()> {
        if let Some((copy, bytes)) = &self.aside {
            let mut file = disk.create(&dir.join(copy))?;
            file.write_all(bytes)?;
            file.sync_data()?;
            disk.sync_dir(dir)?;
        }
        let mut file = disk.mend(&dir.join(self.file))?;
        file.set_len(self.length)?;
        file.sync_data()
    }
}

impl Plan {
    /// Appends what was found.
    fn write_journal(&self, disk: &dyn Disk, clock: &dyn Clock, dir: &Path) -> io::Result<()> {
        let path = dir.join(JOURNAL);
        if self.events.is_empty() {
            return Ok(());
        }
        let mut journal = if self.journal_exists {
            Journal::resume(disk, &path, self.next_seq)?
        } else {
            Journal::create(disk, &path)?
        };
        for event in &self.events {
            journal.append(SessionNs(self.at_ns), clock.utc(), event.clone())?;
        }
        journal.sync()?;
        disk.sync_dir(dir)
    }
}

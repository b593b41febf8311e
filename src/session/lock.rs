//! "In use": a lock on the session's folder that ends with the process that holds it. Only its holder
//! appends.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// The lock's file. It stays behind; what counts is whether a process holds the lock.
const FILE: &str = ".lock";

/// The session is ours as long as this lives.
#[derive(Debug)]
pub struct SessionLock {
    _file: File,
}

/// Why a session can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("{0} is in use: it is being recorded or transcribed at this moment")]
    InUse(String),
    /// The system can't lock.
    #[error("can't lock {0}: {1}")]
    Io(String, io::Error),
}

impl SessionLock {
    /// Whether another process has the session in `dir`. Leaves nothing behind; without a lock's file nobody
    /// has it.
    pub fn is_held(dir: &Path) -> bool {
        let path = dir.join(FILE);
        let is_file = std::fs::symlink_metadata(&path).is_ok_and(|data| data.is_file());
        let Some(file) = is_file.then(|| File::open(&path).ok()).flatten() else { return false };
        matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))
    }

    /// Takes the session in `dir`, at once or not at all.
    pub fn take(dir: &Path) -> Result<Self, LockError> {
        let name = dir.display().to_string();
        let path = dir.join(FILE);
        let file = open(&path).map_err(|error| LockError::Io(path.display().to_string(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(LockError::InUse(name)),
            Err(std::fs::TryLockError::Error(error)) => Err(LockError::Io(name, error)),
        }
    }
}

/// Whatever lies in its place: a link is not followed out of the session, a pipe is not waited for.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok(file)
}

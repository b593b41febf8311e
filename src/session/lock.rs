//! "In use": a lock on the session's folder that ends with the process that holds it. Only its holder appends.

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
    /// Takes the session in `dir`, at once or not at all.
    pub fn take(dir: &Path) -> Result<Self, LockError> {
        let name = dir.display().to_string();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(dir.join(FILE)).map_err(|error| LockError::Io(name.clone(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(LockError::InUse(name)),
            Err(std::fs::TryLockError::Error(error)) => Err(LockError::Io(name, error)),
        }
    }
}

//! What not every file system can do. Network shares, FUSE, FAT and others lack syncs of folders, locks,
//! permissions or links; that is no reason not to record there. The rule of what counts as lacking, rather
//! than as an error, stands here alone.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Whether the system says that this file system has no such operation; anything else is an error.
pub fn is_lacking(error: &io::Error) -> bool {
    #[cfg(unix)]
    if let Some(errno) = rustix::io::Errno::from_io_error(error) {
        use rustix::io::Errno;
        return [Errno::INVAL, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS, Errno::NOLCK, Errno::NOTTY]
            .contains(&errno);
    }
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

/// Whether it is refused to a file system's user whatever the rights: links and permissions on FAT and some
/// network shares.
pub fn is_refused(error: &io::Error) -> bool {
    is_lacking(error) || error.kind() == ErrorKind::PermissionDenied
}

/// Makes folders that only the user may enter, where rights are something that the system has.
pub fn private_folder() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no rights to be set"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Makes the names in a folder durable. Whether that is promised: a file system that can't sync a folder
/// keeps its names by its own rules.
///
/// # Errors
/// The folder is not there, or the disk refuses.
pub fn sync_dir(dir: &Path) -> io::Result<bool> {
    // Elsewhere a folder can't be opened, and a rename is as durable as it gets.
    if !cfg!(unix) {
        return Ok(true);
    }
    match File::open(dir)?.sync_all() {
        Ok(()) => Ok(true),
        Err(error) if is_lacking(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What came of asking for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locked {
    /// It is ours, as long as the file is open.
    Ours,
    /// Another process has it.
    Theirs,
    /// This file system has no locks.
    Lacking,
}

/// Asks for the lock of a file.
///
/// # Errors
/// Of the system.
pub fn try_lock(file: &File) -> io::Result<Locked> {
    match file.try_lock() {
        Ok(()) => Ok(Locked::Ours),
        Err(TryLockError::WouldBlock) => Ok(Locked::Theirs),
        Err(TryLockError::Error(error)) if is_lacking(&error) => Ok(Locked::Lacking),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_lacking_is_told_from_an_error() {
        let of = |errno: rustix::io::Errno| io::Error::from(errno);
        use rustix::io::Errno;
        for errno in [Errno::INVAL, Errno::OPNOTSUPP, Errno::NOSYS, Errno::NOLCK] {
            assert!(is_lacking(&of(errno)) && is_refused(&of(errno)), "{errno}");
        }
        for errno in [Errno::IO, Errno::NOSPC, Errno::NOENT, Errno::ROFS] {
            assert!(!is_lacking(&of(errno)) && !is_refused(&of(errno)), "{errno}");
        }
        assert!(is_refused(&of(Errno::PERM)) && !is_lacking(&of(Errno::PERM)));
        let dir = tempfile::tempdir().unwrap();
        assert!(sync_dir(dir.path()).unwrap());
        assert!(sync_dir(&dir.path().join("none")).is_err());
    }
}

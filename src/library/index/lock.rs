//! Whose turn it is with the index, and whether the file is as it was left.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::IndexError;
use crate::base::filesystem::{Locked, try_lock};

pub(super) const FILE: &str = "search-v1.sqlite";
/// Held during each step; it also says how the file looked when we were last done with it.
const LOCK: &str = "search-v1.lock";
/// What the lock's file says while the index is being written.
pub(super) const WRITING: &str = "writing";
/// What SQLite may put beside its file.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];
/// A step of another search takes a second or two.
pub(super) const TURN: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_millis(5);

/// The turn of one process; it ends with this.
pub(super) struct Lock {
    file: File,
    /// Where the index lies.
    pub folder: PathBuf,
}

impl Lock {
    /// Waits for its turn, not for long.
    pub fn take(cache: &Path) -> Result<Self, IndexError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(cache).map_err(|error| IndexError::Io { path: cache.to_owned(), error })?;
        // SQLite follows no link on the way to its file, and a folder may well be one.
        let folder =
            cache.canonicalize().map_err(|error| IndexError::Io { path: cache.to_owned(), error })?;
        let path = folder.join(LOCK);
        let failed = |error| IndexError::Io { path: path.clone(), error };
        let file = private().truncate(false).open(&path).map_err(failed)?;
        let until = Instant::now() + TURN;
        while let Locked::Theirs = try_lock(&file).map_err(failed)? {
            if Instant::now() >= until {
                return Err(IndexError::Busy);
            }
            std::thread::sleep(AGAIN);
        }
        Ok(Self { file, folder })
    }

    /// What was noted at the end of the last turn.
    pub fn says(&mut self) -> String {
        let mut text = String::new();
        // What can't be read says nothing, which is a doubt.
        let read = self.file.rewind().and_then(|()| (&self.file).take(200).read_to_string(&mut text));
        read.map(|_| text).unwrap_or_default()
    }

    /// Notes how the index looks.
    pub fn say(&mut self, text: &str) -> Result<(), IndexError> {
        let written = self.file.set_len(0).and_then(|()| self.file.rewind());
        let written = written.and_then(|()| self.file.write_all(text.as_bytes()));
        written.map_err(|error| IndexError::Io { path: self.folder.join(LOCK), error })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "the search's lock is given back by closing its file alone");
        }
    }
}

/// A file of the user's alone, never through a link.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options
}

/// How the file looks from outside; `None` where there is none.
pub(super) fn look(file: &Path) -> Option<String> {
    let data = std::fs::symlink_metadata(file).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Some(format!("{} {} {} {}", data.size(), data.mtime(), data.mtime_nsec(), data.ino()))
    }
    #[cfg(not(unix))]
    {
        Some(format!("{} {:?}", data.len(), data.modified().ok()))
    }
}

/// Removes the index and all that SQLite may have put beside it.
pub(super) fn discard(folder: &Path) -> Result<(), IndexError> {
    for end in BESIDE.into_iter().chain([""]) {
        let path = folder.join(format!("{FILE}{end}"));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(IndexError::Io { path, error });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes the index in this folder, if there is one.
///
/// # Errors
/// It can't be removed.
pub fn remove(cache: &Path) -> Result<(), IndexError> {
    if !cache.join(FILE).exists() && BESIDE.iter().all(|end| !cache.join(format!("{FILE}{end}")).exists()) {
        return Ok(());
    }
    match Lock::take(cache) {
        Ok(lock) => discard(&lock.folder),
        // Without a turn as well: what is to be erased does not wait.
        Err(_) => discard(cache),
    }
}

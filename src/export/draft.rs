//! Exports too long to be held in memory: written beside their place, and put there whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::ExportError;
use super::evidence::sha256;
use super::save::{remember, sync_folder};

/// A file that is being written beside its place, as `.NAME.part`, and has it when it is whole. Dropped
/// before that, it is gone; one that a kill left is written over by the next. Its lock keeps two from writing
/// one.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    part: PathBuf,
    real: PathBuf,
    memory: PathBuf,
    key: String,
    file: File,
    kept: bool,
}

impl Draft {
    /// Begins a file for `real`, which users know as `path` and the memory in the folder `memory` as `key`.
    pub(super) fn begin(path: &Path, real: &Path, memory: &Path, key: &str) -> Result<Self, ExportError> {
        let name = real.file_name().unwrap_or_default().to_string_lossy();
        let part = real.with_file_name(format!(".{name}.part"));
        let file = open_part(&part).map_err(|source| ExportError::Write { path: path.to_owned(), source })?;
        Ok(Self {
            path: path.to_owned(),
            part,
            real: real.to_owned(),
            memory: memory.to_owned(),
            key: key.to_owned(),
            file: file.ok_or_else(|| ExportError::Busy { path: path.to_owned() })?,
            kept: false,
        })
    }

    /// Puts the file, which is whole, in its place, whatever is there, and remembers it. Gives the path.
    pub fn keep(mut self) -> Result<PathBuf, ExportError> {
        let done = self.file.sync_all().and_then(|()| sha256(File::open(&self.part)?)).and_then(|hash| {
            fs::rename(&self.part, &self.real)?;
            self.kept = true;
            sync_folder(&self.real)?;
            Ok(hash)
        });
        let hash = done.map_err(|source| ExportError::Write { path: self.path.clone(), source })?;
        remember(&self.memory, &self.key, hash);
        Ok(std::mem::take(&mut self.path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = fs::remove_file(&self.part)
        {
            tracing::warn!("can't remove {}: {error}", self.part.display());
        }
    }
}

impl io::Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl io::Seek for Draft {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Opens a part's file for us alone, empty. None: another process writes it.
fn open_part(part: &Path) -> io::Result<Option<File>> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    loop {
        let file = options.open(part)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other(format!("{} is not a regular file", part.display())));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        // Its owner may have finished between our opening and our locking it: then it stands elsewhere by
        // now.
        if is_at(&file, part)? {
            file.set_len(0)?;
            return Ok(Some(file));
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let ours = file.metadata()?;
    Ok(fs::symlink_metadata(path).is_ok_and(|data| (data.dev(), data.ino()) == (ours.dev(), ours.ino())))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

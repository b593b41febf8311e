//! Exports too long to be held in memory: written beside their place, and put there whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::ExportError;
use super::evidence::sha256;
use super::memory::remember;
use crate::base::filesystem::{self, Locked};
use crate::session::disk::{Disk, DiskFile};

/// A file that is being written beside its place, as `.NAME.part`, and has it when it is whole. Dropped
/// before that, it is gone; one that a kill left is written over by the next. Its lock keeps two from writing
/// one.
pub struct Draft<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
    part: PathBuf,
    real: PathBuf,
    memory: PathBuf,
    key: String,
    of: Option<String>,
    file: Box<dyn DiskFile>,
    /// Holds the lock on the part.
    _lock: File,
    kept: bool,
}

impl<'a> Draft<'a> {
    /// Begins a file for `real`, which users know as `path` and the memory in the folder `memory` as `key`,
    /// of the session `of` if that is not its folder.
    pub(super) fn begin(
        disk: &'a dyn Disk,
        path: &Path,
        real: &Path,
        memory: &Path,
        key: &str,
        of: Option<&str>,
    ) -> Result<Self, ExportError> {
        let name = real.file_name().unwrap_or_default().to_string_lossy();
        let part = real.with_file_name(format!(".{name}.part"));
        let failed = |source| ExportError::Write { path: path.to_owned(), source };
        let lock = lock_part(&part).map_err(failed)?;
        let lock = lock.ok_or_else(|| ExportError::Busy { path: path.to_owned() })?;
        Ok(Self {
            disk,
            file: disk.open_empty(&part).map_err(failed)?,
            _lock: lock,
            path: path.to_owned(),
            part,
            real: real.to_owned(),
            memory: memory.to_owned(),
            key: key.to_owned(),
            of: of.map(str::to_owned),
            kept: false,
        })
    }

    /// Puts the file, which is whole, in its place, whatever is there, and remembers it. Gives the path.
    pub fn keep(mut self) -> Result<PathBuf, ExportError> {
        let done = self.file.sync_data().and_then(|()| sha256(File::open(&self.part)?)).and_then(|hash| {
            self.disk.rename(&self.part, &self.real)?;
            self.kept = true;
            self.disk.sync_dir(self.real.parent().unwrap_or(Path::new(".")))?;
            Ok(hash)
        });
        let hash = done.map_err(|source| ExportError::Write { path: self.path.clone(), source })?;
        remember(self.disk, &self.memory, &self.key, self.of.as_deref(), hash);
        Ok(std::mem::take(&mut self.path))
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = self.disk.remove(&self.part)
        {
            tracing::warn!("can't remove {}: {error}", self.part.display());
        }
    }
}

impl io::Write for Draft<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl io::Seek for Draft<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Takes the lock on a part's file, which is made if it is not there. `None` means that another process
/// writes it.
fn lock_part(part: &Path) -> io::Result<Option<File>> {
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
        // Without locks nothing keeps two exports of one name apart, as with any other program's files.
        if filesystem::try_lock(&file)? == Locked::Theirs {
            return Ok(None);
        }
        // Its owner may have finished between our opening and our locking it: then it stands elsewhere by
        // now.
        if is_at(&file, part)? {
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

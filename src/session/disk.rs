//! The one door to the disk: everything that a recording writes goes through [`Disk`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::folder::Folder;
use crate::base::filesystem;

/// A file that is being written.
pub trait DiskFile: Write + Seek + Send {
    /// Returns when what was written is on the disk (fdatasync).
    fn sync_data(&mut self) -> io::Result<()>;
    /// Another handle of the same file, so that one thread can sync it while another one writes it.
    fn second(&self) -> io::Result<Box<dyn DiskFile>> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this disk opens a file once"))
    }
    /// Cuts the file to this many bytes; for mending, never while a recording runs.
    fn set_len(&mut self, _bytes: u64) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this disk can't cut a file"))
    }
}

/// A handle of a file that somebody else writes, to sync it with.
pub type SyncHandle = Arc<Mutex<Box<dyn DiskFile>>>;

/// Another handle of `file`, to sync it with.
pub fn handle_of(file: &dyn DiskFile) -> io::Result<SyncHandle> {
    Ok(Arc::new(Mutex::new(file.second()?)))
}

/// The operations that a recording needs of a file system: one real, one scripted implementation.
pub trait Disk: Send + Sync {
    /// A new file, 0600; an error if there is one already.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// A file to go on with at its end, made if there is none, 0600.
    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// An empty file, 0600; what was there under this name is gone.
    fn open_empty(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name in the same folder; what had that name before is gone.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// A file that is there, to be mended in place.
    fn mend(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.append(path)
    }
    /// Removes a file that was created and into which nothing could be put.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// A session's folder, which people may move while it is written; of a scripted disk nobody does.
    fn folder(&self, dir: &Path) -> Folder {
        Folder::fixed(dir)
    }
    /// Makes the names in a folder durable, as far as its file system can.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Replaces a file by `bytes` so that at any moment, a power cut's included, either the old or the new
    /// one is there, whole.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let beside = beside(path);
        let mut file = self.open_empty(&beside)?;
        file.write_all(bytes)?;
        // Before the rename: else the new name might stand for a file whose bytes never came.
        file.sync_data()?;
        drop(file);
        self.rename(&beside, path)?;
        self.sync_dir(path.parent().unwrap_or(Path::new(".")))
    }
    /// Bytes that we may still write to where `dir` lies, if that can be told.
    fn available(&self, _dir: &Path) -> io::Result<Option<u64>> {
        Ok(None)
    }
}

/// The machine's file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDisk;

impl DiskFile for File {
    fn sync_data(&mut self) -> io::Result<()> {
        Self::sync_data(self)
    }

    fn second(&self) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(self.try_clone()?))
    }

    fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        Self::set_len(self, bytes)
    }
}

impl Disk for SystemDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(private(OpenOptions::new().write(true).create_new(true)).open(path)?))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        // Not the system's append mode: a line that was torn by an error is written again at its place.
        let mut file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
        file.seek(io::SeekFrom::End(0))?;
        Ok(Box::new(file))
    }

    fn open_empty(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(private(OpenOptions::new().write(true).create(true).truncate(true)).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        filesystem::sync_dir(dir).map(drop)
    }

    fn folder(&self, dir: &Path) -> Folder {
        Folder::hold(dir)
    }

    #[cfg(unix)]
    fn available(&self, dir: &Path) -> io::Result<Option<u64>> {
        let disk = rustix::fs::statvfs(dir)?;
        Ok(Some(disk.f_bavail.saturating_mul(disk.f_frsize)))
    }
}

/// Files are the user's alone, as far as the file system can. Whatever lies in a file's place: a link is not
/// followed out of the session, a pipe is not waited for.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    options
}

/// The name under which a replacement is written: hidden, in the same folder, unique to this process.
pub(super) fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

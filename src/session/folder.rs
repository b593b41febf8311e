//! A session's folder, wherever people move it while it is being recorded.
//!
//! Open files go on wherever they lie. New ones are made through a handle of the folder itself, which the
//! system resolves to where it lies now ([`Folder::work`]), so that a renamed folder, or one that a program
//! that synchronises moved away, stays one session. Where the system has no such handles, the path is what it
//! was at first.

use std::fs::File;
use std::path::{Path, PathBuf};

/// A session's folder.
#[derive(Debug)]
pub struct Folder {
    /// Where it was made.
    made: PathBuf,
    /// What leads to it.
    work: PathBuf,
    /// Keeps `work` alive; `None` means that this is the path.
    handle: Option<File>,
}

impl Folder {
    /// The folder at `dir`, at whatever path it will lie.
    pub fn hold(dir: &Path) -> Self {
        Self::held(dir).unwrap_or_else(|| Self::fixed(dir))
    }

    /// The folder at `dir`, which nobody moves.
    pub fn fixed(dir: &Path) -> Self {
        Self { made: dir.to_owned(), work: dir.to_owned(), handle: None }
    }

    #[cfg(target_os = "linux")]
    fn held(dir: &Path) -> Option<Self> {
        use std::os::fd::AsRawFd as _;
        use std::os::unix::fs::MetadataExt as _;
        let handle = File::open(dir).ok()?;
        let work = PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd()));
        // Without /proc there is no way through it.
        let (own, there) = (handle.metadata().ok()?, std::fs::metadata(&work).ok()?);
        let is_it = (own.dev(), own.ino()) == (there.dev(), there.ino());
        is_it.then(|| Self { made: dir.to_owned(), work, handle: Some(handle) })
    }

    #[cfg(not(target_os = "linux"))]
    fn held(_: &Path) -> Option<Self> {
        None
    }

    /// A path to work with, for this process alone and as long as this lives: it leads to the folder wherever
    /// that lies. Nothing to show to people.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// Where it lies at this moment; where it was made if nobody can tell, or if it is gone.
    pub fn path(&self) -> PathBuf {
        self.now().unwrap_or_else(|| self.made.clone())
    }

    /// Where it lies at this moment; `None` if it is gone. Of one that nobody moves only its disk can tell.
    pub fn now(&self) -> Option<PathBuf> {
        let Some(handle) = &self.handle else { return Some(self.made.clone()) };
        let path = std::fs::read_link(&self.work).ok()?;
        if is_removed(handle) || !path.is_dir() {
            return None;
        }
        // By the name that people gave, as long as that leads here.
        Some(if leads_to(&self.made, handle) { self.made.clone() } else { path })
    }
}

#[cfg(unix)]
fn is_removed(handle: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    handle.metadata().is_ok_and(|data| data.nlink() == 0)
}

#[cfg(not(unix))]
fn is_removed(_: &File) -> bool {
    false
}

#[cfg(unix)]
fn leads_to(path: &Path, handle: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |data: std::fs::Metadata| (data.dev(), data.ino());
    std::fs::metadata(path).is_ok_and(|there| handle.metadata().is_ok_and(|own| id(own) == id(there)))
}

#[cfg(not(unix))]
fn leads_to(path: &Path, _: &File) -> bool {
    path.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_followed_until_it_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("b (deleted)"));
        std::fs::create_dir(&a).unwrap();
        let (held, fixed) = (Folder::hold(&a), Folder::fixed(&a));
        assert_eq!((held.now(), fixed.now()), (Some(a.clone()), Some(a.clone())));
        std::fs::rename(&a, &b).unwrap();
        assert_eq!((fixed.now(), fixed.path()), (Some(a.clone()), a.clone()));
        if cfg!(target_os = "linux") {
            let real = b.canonicalize().unwrap();
            assert_eq!(held.now(), Some(real.clone()));
            std::fs::write(held.work().join("x"), "y").unwrap();
            assert_eq!(std::fs::read_to_string(b.join("x")).unwrap(), "y");
            // Another one in its old place is not it.
            std::fs::create_dir(&a).unwrap();
            assert_eq!(held.path(), real);
            std::fs::remove_dir_all(&b).unwrap();
            assert_eq!((held.now(), held.path()), (None, a.clone()));
            assert!(std::fs::write(held.work().join("x"), "y").is_err());
        }
    }
}

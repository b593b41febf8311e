//! Sessions that people remove. They go to a folder beside the one that they lay in, `.trash`, under the
//! moment of their removal and their own name, and come back from there; or they are erased for good.
//!
//! Promises: nothing that is in use is removed; nothing that is not a session; a removal is one rename, so a
//! session is here or there as a whole; nothing is ever copied to another disk. What is erased is taken
//! out of the listing first, so that no half a session is left where sessions are looked for.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::base::filesystem::private_folder;
use crate::session::amend;
use crate::session::lock::{LockError, SessionLock};
use crate::session::read::{JOURNAL, MANIFEST, ReadError, read_manifest};
use crate::session::voices::VECTORS;

/// The folder, beside the sessions.
pub const TRASH: &str = ".trash";
/// How a moment stands in a folder's name: as UTC, so that names sort, without what file systems refuse.
const MOMENT: &str = "%Y-%m-%dT%H%M%SZ";
/// Characters of it.
const MOMENT_LENGTH: usize = 18;
/// Sessions of one name that lie in one place.
const SAME_NAME_MAX: u32 = 9999;

/// A session in the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trashed {
    /// Where it lies.
    pub dir: PathBuf,
    /// Name of its folder before.
    pub name: String,
    /// Its title, as people gave it last.
    pub title: String,
    /// When it was removed.
    pub removed: Timestamp,
}

/// Why a session was not removed, or did not come back.
#[derive(Debug, thiserror::Error)]
pub enum TrashError {
    /// It is in use, or nobody can tell.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The trash can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Some other folder.
    #[error("{} is not a session, and is left as it is", .0.display())]
    NotASession(PathBuf),
    /// What is named is not the folder itself.
    #[error("{} is a symbolic link: name the folder that it leads to", .0.display())]
    Link(PathBuf),
    /// A rename can't reach it.
    #[error(
        "{} lies on another disk than {}, and nothing is copied there: move it yourself, or `hansard rm --now` erases it",
        dir.display(), trash.display()
    )]
    OtherDisk {
        dir: PathBuf,
        /// The trash folder.
        trash: PathBuf,
    },
    /// Too many of one name.
    #[error("{SAME_NAME_MAX} sessions are named {0} there already")]
    Full(String),
    /// The system refuses.
    #[error("can't {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl TrashError {
    /// Whether the machine failed rather than the request being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Read(error) => error.is_failure(),
            Self::Io { source, .. } => source.kind() != io::ErrorKind::PermissionDenied,
            Self::Lock(_) | Self::NotASession(_) | Self::Link(_) | Self::OtherDisk { .. } | Self::Full(_) => {
                false
            }
        }
    }
}

/// The trash of the folder that a session lies in.
pub fn beside(dir: &Path) -> Result<PathBuf, TrashError> {
    let real = fs::canonicalize(dir).map_err(io_error("find", dir))?;
    let parent = real.parent().ok_or_else(|| TrashError::NotASession(dir.to_owned()))?;
    Ok(parent.join(TRASH))
}

/// Moves the session in `dir` to the trash beside it; gives where it lies there. What its voices sound like
/// is erased at once: it can be heard again.
///
/// # Errors
/// It is in use, is none, or can't be moved; it is where it was then.
pub fn remove(dir: &Path, now: Timestamp) -> Result<Trashed, TrashError> {
    check(dir)?;
    let _lock = SessionLock::take(dir)?;
    let title = title(dir);
    let (trash, name) = (beside(dir)?, name_of(dir)?);
    let there = moved(dir, &trash, &format!("{}_{name}", now.strftime(MOMENT)), || private(&trash))?;
    if let Err(error) = fs::remove_file(there.join(VECTORS))
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "what voices sound like lies in the trash until that is emptied");
    }
    Ok(Trashed { dir: there, name, title, removed: now })
}

/// Erases the session in `dir`, which lies anywhere.
///
/// # Errors
/// It is in use, is none, or can't be erased as a whole.
pub fn erase(dir: &Path, now: Timestamp) -> Result<(), TrashError> {
    check(dir)?;
    let lock = SessionLock::take(dir)?;
    let trash = beside(dir)?;
    let is_there = trash.parent().and_then(Path::file_name).is_some_and(|parent| parent == TRASH);
    let gone = if is_there {
        dir.to_owned()
    } else {
        let name = format!("{}_{}", now.strftime(MOMENT), name_of(dir)?);
        // On another disk, or where nothing can be moved, it is erased where it lies.
        moved(dir, &trash, &name, || private(&trash)).unwrap_or_else(|_| dir.to_owned())
    };
    let erased = fs::remove_dir_all(&gone).map_err(io_error("erase all of", &gone));
    drop(lock);
    // Left if anything else lies in it.
    if let Err(error) = fs::remove_dir(if is_there { trash.parent().unwrap_or(&trash) } else { &trash }) {
        tracing::debug!(%error, "the trash stays");
    }
    erased
}

/// What lies in the trash of the folder `recordings`, by the moment of removal, latest last. Folders that
/// nobody removed are passed over.
///
/// # Errors
/// It can't be read.
pub fn list(recordings: &Path) -> Result<Vec<Trashed>, TrashError> {
    let trash = recordings.join(TRASH);
    let entries = match fs::read_dir(&trash) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(TrashError::Io { what: "read", path: trash, source }),
    };
    let mut all = Vec::new();
    for entry in entries {
        let dir = entry.map_err(io_error("read", &trash))?.path();
        let Some((removed, name)) = dir.file_name().and_then(|name| parted(name.to_str()?)) else { continue };
        if dir.is_symlink() || !is_session(&dir) {
            continue;
        }
        let title = title(&dir);
        all.push(Trashed { name, title, removed, dir });
    }
    all.sort_by(|a, b| (a.removed, &a.name).cmp(&(b.removed, &b.name)));
    Ok(all)
}

/// Puts a session back into `recordings`, under its old name, or with a number behind it where that is taken;
/// gives its folder.
///
/// # Errors
/// It is in use, or can't be moved.
pub fn bring_back(trashed: &Trashed, recordings: &Path) -> Result<PathBuf, TrashError> {
    let _lock = SessionLock::take(&trashed.dir)?;
    moved(&trashed.dir, recordings, &trashed.name, || Ok(()))
}

fn title(dir: &Path) -> String {
    amend::title(dir).or_else(|| Some(read_manifest(dir).ok()?.title)).unwrap_or_default()
}

/// The moment and the name of a folder in the trash.
fn parted(name: &str) -> Option<(Timestamp, String)> {
    let (moment, name) = (name.get(..MOMENT_LENGTH)?, name.get(MOMENT_LENGTH..)?.strip_prefix('_')?);
    let at = DateTime::strptime(MOMENT, moment).ok()?;
    let removed = at.to_zoned(TimeZone::UTC).ok()?.timestamp();
    (!name.is_empty()).then(|| (removed, name.to_owned()))
}

/// Renames `dir` to a free name in `folder`, which `make` makes.
fn moved(
    dir: &Path,
    folder: &Path,
    name: &str,
    make: impl FnOnce() -> Result<(), TrashError>,
) -> Result<PathBuf, TrashError> {
    make()?;
    for n in 1..=SAME_NAME_MAX {
        let there = folder.join(if n == 1 { name.to_owned() } else { format!("{name}-{n}") });
        // A rename replaces an empty folder: nobody makes one here but who moves sessions, too.
        if there.symlink_metadata().is_ok() {
            continue;
        }
        return match fs::rename(dir, &there) {
            Ok(()) => {
                [Some(folder), dir.parent()].into_iter().flatten().for_each(sync);
                Ok(there)
            }
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                Err(TrashError::OtherDisk { dir: dir.to_owned(), trash: folder.to_owned() })
            }
            Err(source) => Err(TrashError::Io { what: "move", path: dir.to_owned(), source }),
        };
    }
    Err(TrashError::Full(name.to_owned()))
}

/// That it is a session, and the very folder.
fn check(dir: &Path) -> Result<(), TrashError> {
    // `a/` leads to what the link `a` leads to.
    let plain: PathBuf = dir.components().collect();
    if plain.is_symlink() {
        return Err(TrashError::Link(dir.to_owned()));
    }
    if is_session(dir) { Ok(()) } else { Err(TrashError::NotASession(dir.to_owned())) }
}

fn is_session(dir: &Path) -> bool {
    dir.is_dir() && [MANIFEST, JOURNAL].iter().any(|file| dir.join(file).is_file())
}

fn name_of(dir: &Path) -> Result<String, TrashError> {
    let real = fs::canonicalize(dir).map_err(io_error("find", dir))?;
    let name = real.file_name().map(|name| name.to_string_lossy().into_owned());
    name.ok_or_else(|| TrashError::NotASession(dir.to_owned()))
}

fn private(trash: &Path) -> Result<(), TrashError> {
    match private_folder().create(trash) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !trash.is_symlink() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(TrashError::Link(trash.to_owned())).inspect_err(|_| tracing::debug!(%error, "a link"))
        }
        made => made.map_err(io_error("make", trash)),
    }
}

/// After a power cut the folder is where it was told to be. Where folders can't be synced it is as it is.
fn sync(folder: &Path) {
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::debug!(%error, "a folder is not synced");
    }
}

fn io_error<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> TrashError + 'a {
    move |source| TrashError::Io { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(folder: &Path, name: &str) -> PathBuf {
        let dir = folder.join(name);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(JOURNAL), name).unwrap();
        fs::write(dir.join(VECTORS), "what voices sound like").unwrap();
        dir
    }

    #[test]
    fn what_is_removed_comes_back_and_what_is_erased_does_not() {
        let root = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-29T23:21:10Z".parse().unwrap();
        let first = session(root.path(), "a_b");
        let gone = remove(&first, now).unwrap();
        assert!(gone.dir.ends_with(".trash/2026-11-29T232110Z_a_b") && !first.exists());
        assert!(!gone.dir.join(VECTORS).exists());
        // Another one of that name, in the same second.
        let second = remove(&session(root.path(), "a_b"), now).unwrap();
        assert!(second.dir.ends_with("2026-11-29T232110Z_a_b-2"));
        let names: Vec<String> = list(root.path()).unwrap().into_iter().map(|gone| gone.name).collect();
        assert_eq!(names, ["a_b", "a_b-2"]);
        assert_eq!(bring_back(&gone, root.path()).unwrap(), first);
        assert_eq!(bring_back(&second, root.path()).unwrap(), root.path().join("a_b-2"), "it is taken");
        erase(&first, now).unwrap();
        let again = remove(&root.path().join("a_b-2"), now).unwrap();
        erase(&again.dir, now).unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0, "the empty trash goes, too");
    }

    #[test]
    fn what_is_in_use_or_is_none_stays() {
        let root = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let other = root.path().join("other");
        fs::create_dir(&other).unwrap();
        assert!(matches!(remove(&other, now), Err(TrashError::NotASession(_))));
        assert!(matches!(erase(&other, now), Err(TrashError::NotASession(_))));
        let dir = session(root.path(), "s");
        let lock = SessionLock::take(&dir).unwrap();
        assert!(matches!(remove(&dir, now), Err(TrashError::Lock(_))));
        assert!(matches!(erase(&dir, now), Err(TrashError::Lock(_))));
        drop(lock);
        #[cfg(unix)]
        {
            let link = root.path().join("link");
            std::os::unix::fs::symlink(&dir, &link).unwrap();
            assert!(matches!(remove(&link, now), Err(TrashError::Link(_))));
            assert!(matches!(erase(&link.join(""), now), Err(TrashError::Link(_))));
        }
        assert!(dir.join(JOURNAL).is_file() && other.is_dir());
    }
}

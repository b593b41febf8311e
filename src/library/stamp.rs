//! Whether a session is as it was: what the system says of the files that make up what is shown of it.
//!
//! Size, both times and the file's own number are compared: who changes a file can set back one of its times,
//! but not the other. A file that changed so lately that it may change again within the same tick of the
//! system's clock is not believed: its session is read again the next time.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

#[cfg(unix)]
use rustix::fs::Stat;

use crate::session::read::{JOURNAL, MANIFEST, TRANSCRIPT};
use crate::session::summary::SUMMARY;
use crate::session::voices::VOICES;

/// What is shown is made of these.
const FILES: [&str; 5] = [MANIFEST, TRANSCRIPT, JOURNAL, VOICES, SUMMARY];
/// Characters of the longest of these names.
const FILE_NAME_MAX: usize = 24;
/// Bytes that a file's stamp has.
const STAMP_BYTES: usize = 49;
/// The coarsest clock of a file system that is in use (FAT) ticks every two seconds.
const TICK: Duration = Duration::from_secs(2);
/// Folders for which another thread is worth its while.
const FOLDERS_PER_THREAD: usize = 500;
/// More threads than this only wait for each other in the system.
const THREADS_MAX: usize = 8;

/// A folder that may be a session, and how its files looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamped {
    /// Name of the folder in the folder of recordings.
    pub folder: String,
    pub stamp: Vec<u8>,
    /// It changed so lately that the same stamp does not mean the same files.
    pub fresh: bool,
}

/// What lies in a folder of recordings.
#[derive(Debug, Default)]
pub(super) struct Folders {
    pub stamped: Vec<Stamped>,
    /// Folders that are passed over, and why.
    pub passed: Vec<(String, String)>,
}

/// Looks at every folder in `recordings`; one that is not there holds none.
///
/// # Errors
/// It can't be read.
pub(super) fn look(recordings: &Path) -> io::Result<Folders> {
    let entries = match std::fs::read_dir(recordings) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Folders::default()),
        Err(error) => return Err(error),
    };
    let mut folders = Folders::default();
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = match entry.file_name().into_string() {
            Ok(name) => name,
            Err(name) => {
                let why = "its name is not text (UTF-8)".to_owned();
                folders.passed.push((name.to_string_lossy().into_owned(), why));
                continue;
            }
        };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            names.push(name);
        } else if kind.is_symlink() && recordings.join(&name).join(MANIFEST).exists() {
            let why = "it is a link: only what lies in the folder of recordings is searched".to_owned();
            folders.passed.push((name, why));
        }
    }
    names.sort_unstable();
    let now = SystemTime::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let threads = threads.min(names.len() / FOLDERS_PER_THREAD + 1);
    let share = names.len().div_ceil(threads).max(1);
    let root = Root::open(recordings)?;
    let stamp_all = |names: &[String]| -> Vec<Stamped> {
        names.iter().filter_map(|name| stamp(&root, name, now)).collect()
    };
    folders.stamped = std::thread::scope(|scope| {
        let stamp_all = &stamp_all;
        let others: Vec<_> =
            names.chunks(share).skip(1).map(|part| scope.spawn(move || stamp_all(part))).collect();
        let mut all = names.chunks(share).next().map(stamp_all).unwrap_or_default();
        for other in others {
            match other.join() {
                Ok(stamped) => all.extend(stamped),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    Ok(folders)
}

/// `None` where it is no session at all.
fn stamp(root: &Root, name: &str, now: SystemTime) -> Option<Stamped> {
    let mut path = String::with_capacity(name.len() + FILE_NAME_MAX);
    path.push_str(name);
    path.push('/');
    let (mut stamp, mut fresh, mut is_session) =
        (Vec::with_capacity(FILES.len() * STAMP_BYTES), false, false);
    for file in FILES {
        path.truncate(name.len() + 1);
        path.push_str(file);
        let Some(data) = root.look_at(&path) else {
            stamp.push(0);
            continue;
        };
        is_session |= file == MANIFEST || file == JOURNAL;
        stamp.push(1);
        // A time that lies ahead is as good as none.
        let age = changed(&data, &mut stamp).and_then(|at| now.duration_since(at).ok());
        fresh |= age.is_none_or(|age| age < TICK);
    }
    is_session.then(|| Stamped { folder: name.to_owned(), stamp, fresh })
}

/// The folder of recordings. What lies in it is looked at from there: the way to it, which is the same for
/// all, costs the system a third of the whole.
#[cfg(unix)]
struct Root(std::os::fd::OwnedFd);

#[cfg(unix)]
impl Root {
    fn open(recordings: &Path) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::open(recordings, flags, Mode::empty())?))
    }

    fn look_at(&self, path: &str) -> Option<Stat> {
        rustix::fs::statat(&self.0, path, rustix::fs::AtFlags::SYMLINK_NOFOLLOW).ok()
    }
}

/// Adds what the system says of a file; when it changed last, by the later of its times.
#[cfg(unix)]
#[allow(clippy::unnecessary_cast, clippy::cast_lossless, reason = "systems have other types for them")]
fn changed(data: &Stat, stamp: &mut Vec<u8>) -> Option<SystemTime> {
    let modified = (data.st_mtime as i64, data.st_mtime_nsec as i64);
    let altered = (data.st_ctime as i64, data.st_ctime_nsec as i64);
    for number in [modified.0, modified.1, altered.0, altered.1, data.st_size as i64, data.st_ino as i64] {
        stamp.extend_from_slice(&number.to_le_bytes());
    }
    let (seconds, nanos) = modified.max(altered);
    let since = Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanos).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(not(unix))]
struct Root(std::path::PathBuf);

#[cfg(not(unix))]
impl Root {
    fn open(recordings: &Path) -> io::Result<Self> {
        Ok(Self(recordings.to_owned()))
    }

    fn look_at(&self, path: &str) -> Option<std::fs::Metadata> {
        std::fs::symlink_metadata(self.0.join(path)).ok()
    }
}

#[cfg(not(unix))]
fn changed(data: &std::fs::Metadata, stamp: &mut Vec<u8>) -> Option<SystemTime> {
    let at = data.modified().ok()?;
    let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    stamp.extend_from_slice(&since.as_nanos().to_le_bytes());
    stamp.extend_from_slice(&data.len().to_le_bytes());
    Some(at)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_session_that_changed_looks_different_or_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let session = dir.path().join("s");
        fs::create_dir(&session).unwrap();
        let root = Root::open(dir.path()).unwrap();
        let (now, later) = (SystemTime::now(), SystemTime::now() + 10 * TICK);
        assert_eq!(stamp(&root, "s", now), None, "a folder of something else");
        fs::write(session.join(MANIFEST), "{}").unwrap();
        fs::write(session.join(TRANSCRIPT), "one\n").unwrap();
        assert!(stamp(&root, "s", now).unwrap().fresh);
        let first = stamp(&root, "s", later).unwrap();
        assert!(!first.fresh);
        assert_eq!(stamp(&root, "s", later).unwrap(), first);
        fs::write(session.join(TRANSCRIPT), "one\ntwo\n").unwrap();
        let longer = stamp(&root, "s", later).unwrap();
        fs::write(session.join("new"), "six\ntwo\n").unwrap();
        fs::rename(session.join("new"), session.join(TRANSCRIPT)).unwrap();
        let replaced = stamp(&root, "s", later).unwrap();
        fs::write(session.join(VOICES), "").unwrap();
        let more = stamp(&root, "s", later).unwrap();
        let all = [&first, &longer, &replaced, &more];
        for (n, one) in all.iter().enumerate() {
            assert!(all[n + 1..].iter().all(|other| other.stamp != one.stamp), "{n}");
        }
    }
}

//! "In use": a lock on the session's folder that ends with the process that holds it. Only its holder
//! appends.
//!
//! Work that takes long ([`LongWork`]) keeps others away by a lock of its own, and has the session's only
//! for each of its lines: between two of them a person's correction is let in ([`SessionLock::turn`]).
//!
//! Where the file system has no locks, the holder's name stands in the lock's file instead, and counts as
//! long as that process runs on this machine; long work then keeps the session to itself.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::base::filesystem::{self, Locked};

/// The lock's file. It stays behind; what counts is whether a process holds the lock.
const FILE: &str = ".lock";
/// The same of work that takes long.
const WORK: &str = ".work.lock";
/// Who has a turn is done in a moment; it is waited for so long …
const TURN_WITHIN: Duration = Duration::from_secs(30);
/// … and looked for this often.
const TURN_EVERY: Duration = Duration::from_millis(10);
/// More than a holder's name has.
const NAME_BYTES_MAX: u64 = 1_000;

/// The session is ours as long as this lives.
#[derive(Debug)]
pub struct SessionLock {
    file: File,
    /// It is our name that stands in it.
    by_name: bool,
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
    /// Whether another process has the session in `dir`, be it for work that takes long. Leaves nothing
    /// behind; without a lock's file nobody has it.
    pub fn is_held(dir: &Path) -> bool {
        [FILE, WORK].iter().any(|file| is_file_held(&dir.join(file)))
    }

    /// Takes the session in `dir`, at once or not at all.
    ///
    /// # Errors
    /// Another process has it, or the system can't lock.
    pub fn take(dir: &Path) -> Result<Self, LockError> {
        let lock = Self::take_file(dir, FILE)?;
        match is_file_held(&dir.join(WORK)) {
            true => Err(LockError::InUse(dir.display().to_string())),
            false => Ok(lock),
        }
    }

    /// The same to append what a person wants, which work that takes long lets in: that is waited for as
    /// long as it has a turn of its own. The holder appends to what stands in the files, and to nothing that
    /// it has read before.
    ///
    /// # Errors
    /// Another process has it to itself, or the system can't lock.
    pub fn turn(dir: &Path) -> Result<Self, LockError> {
        Self::wait_for(dir, FILE, || is_file_held(&dir.join(WORK)))
    }

    /// For work on the session in `dir` that takes long: from now on others may have turns.
    ///
    /// # Errors
    /// The system can't lock.
    pub fn share(self, dir: &Path) -> Result<LongWork, LockError> {
        if self.by_name {
            // Two who write names can't take turns without a moment at which both think that it is theirs.
            return Ok(LongWork { dir: dir.to_owned(), lock: self, is_shared: false });
        }
        // Nobody else has it for longer than a look takes.
        let lock = Self::wait_for(dir, WORK, || true)?;
        Ok(LongWork { dir: dir.to_owned(), lock, is_shared: true })
    }

    /// Takes the lock of that file, which is waited for while that is worth it.
    fn wait_for(dir: &Path, file: &str, is_worth_it: impl Fn() -> bool) -> Result<Self, LockError> {
        let until = Instant::now() + TURN_WITHIN;
        loop {
            match Self::take_file(dir, file) {
                Err(LockError::InUse(_)) if is_worth_it() && Instant::now() < until => {
                    std::thread::sleep(TURN_EVERY);
                }
                taken => return taken,
            }
        }
    }

    fn take_file(dir: &Path, file: &str) -> Result<Self, LockError> {
        let name = dir.display().to_string();
        let path = dir.join(file);
        let mut file = open(&path).map_err(|error| LockError::Io(path.display().to_string(), error))?;
        match filesystem::try_lock(&file).map_err(|error| LockError::Io(name.clone(), error))? {
            Locked::Theirs => Err(LockError::InUse(name)),
            _ if is_held_by_name(&file) => Err(LockError::InUse(name)),
            Locked::Ours => Ok(Self { file, by_name: false }),
            Locked::Lacking => {
                write_name(&mut file).map_err(|error| LockError::Io(path.display().to_string(), error))?;
                Ok(Self { file, by_name: true })
            }
        }
    }
}

/// Work on a session that takes long. As long as this lives nobody else begins such work, nor has the session
/// to themselves; corrections are let in between its turns.
#[derive(Debug)]
pub struct LongWork {
    dir: PathBuf,
    /// That of long work, or the session's where turns can't be taken.
    #[expect(dead_code, reason = "it is held")]
    lock: SessionLock,
    is_shared: bool,
}

impl LongWork {
    /// Whether others have turns.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// A turn of ours, which ends with what is returned.
    ///
    /// # Errors
    /// Somebody else does not end theirs, or the system can't lock.
    pub fn turn(&self) -> Result<Option<SessionLock>, LockError> {
        self.is_shared.then(|| SessionLock::turn(&self.dir)).transpose()
    }
}

impl Drop for SessionLock {
    fn drop(&mut self) {
        if self.by_name
            && let Err(error) = self.file.set_len(0)
        {
            tracing::debug!(%error, "the name of a process that is over stays in a lock's file");
        }
        if !self.by_name {
            release(&self.file);
        }
    }
}

/// Whether another process has the lock of this file.
fn is_file_held(path: &Path) -> bool {
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|data| data.is_file());
    let Some(file) = is_file.then(|| File::open(path).ok()).flatten() else { return false };
    match file.try_lock_shared() {
        Ok(()) => {
            let held = is_held_by_name(&file);
            release(&file);
            held
        }
        Err(std::fs::TryLockError::WouldBlock) => true,
        Err(std::fs::TryLockError::Error(_)) => is_held_by_name(&file),
    }
}

/// Gives a lock back. To close its file is not enough: a process that another thread starts at this moment
/// has the file, and the lock with it, until it becomes its own program.
fn release(file: &File) {
    if let Err(error) = file.unlock() {
        tracing::debug!(%error, "a lock is given back by closing its file alone");
    }
}

/// Puts our name into a lock's file.
fn write_name(file: &mut File) -> io::Result<()> {
    let Some(name) = name_of(std::process::id()) else { return Ok(()) };
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(name.as_bytes())
}

/// Whether the process whose name stands in a lock's file, if any, runs.
fn is_held_by_name(mut file: &File) -> bool {
    let mut name = String::new();
    if file.rewind().is_err() || file.take(NAME_BYTES_MAX).read_to_string(&mut name).is_err() {
        return false;
    }
    let id = name.split_whitespace().next().and_then(|id| id.parse().ok());
    id.and_then(name_of).is_some_and(|its| its == name)
}

/// What tells a process from all others: its number, when it began, and on which machine, since that was
/// started. `None` where it does not run, or the system does not tell.
fn name_of(id: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // Fields are counted from behind the program's name, which may hold anything; the 22nd is the start.
    let (_, fields) = stat.rsplit_once(')')?;
    let began = fields.split_whitespace().nth(19)?;
    let machine = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(format!("{id} {began} {}", machine.trim()))
}

/// Whatever lies in its place: a link is not followed out of the session, a pipe is not waited for.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_lock_ends_with_its_owner_though_a_child_has_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let lock = SessionLock::take(dir.path()).unwrap();
        // What a process has that was started a moment ago.
        let inherited = lock.file.try_clone().unwrap();
        assert!(SessionLock::is_held(dir.path()));
        drop(lock);
        assert!(!SessionLock::is_held(dir.path()));
        drop(SessionLock::take(dir.path()).unwrap());
        drop(inherited);
    }

    #[test]
    fn long_work_lets_others_have_turns_and_keeps_everybody_else_away() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let work = SessionLock::take(dir).unwrap().share(dir).unwrap();
        assert!(work.is_shared() && SessionLock::is_held(dir));
        assert!(matches!(SessionLock::take(dir), Err(LockError::InUse(_))));
        // One at a time.
        let theirs = SessionLock::turn(dir).unwrap();
        let (told, is_ours) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let turn = work.turn().unwrap();
                told.send(turn.is_some()).unwrap();
            });
            assert!(is_ours.try_recv().is_err(), "it is somebody else's turn");
            drop(theirs);
            assert!(is_ours.recv().unwrap());
        });
        assert!(matches!(SessionLock::take(dir), Err(LockError::InUse(_))));
        drop(work);
        assert!(!SessionLock::is_held(dir));
        drop(SessionLock::take(dir).unwrap());
        // Who has it to themselves gives no turns, and is not waited for.
        let whole = SessionLock::take(dir).unwrap();
        assert!(matches!(SessionLock::turn(dir), Err(LockError::InUse(_))));
        drop(whole);
    }

    #[test]
    fn a_name_holds_as_long_as_its_process_runs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        assert!(!SessionLock::is_held(dir.path()));
        let parent = std::os::unix::process::parent_id();
        let Some(name) = name_of(parent) else { return };
        std::fs::write(&path, &name).unwrap();
        assert!(SessionLock::is_held(dir.path()));
        assert!(matches!(SessionLock::take(dir.path()), Err(LockError::InUse(_))));
        for over in [name.replacen(' ', " 1", 1), name.clone() + "x", "junk".into(), String::new()] {
            std::fs::write(&path, &over).unwrap();
            assert!(!SessionLock::is_held(dir.path()), "{over}");
            drop(SessionLock::take(dir.path()).unwrap());
        }
    }
}

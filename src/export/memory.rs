//! Which files are exports that nobody has changed: a SHA-256 of what was written, kept in `.exports.json`.
//! For files in a session's folder that is in that folder, so that the knowledge moves with it; for all
//! others in the recordings folder, by absolute path. Lost knowledge errs on the safe side: the file counts
//! as the user's.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::evidence::sha256;
use super::{Elsewhere, Made};
use crate::base::filesystem::{self, Locked};
use crate::session::disk::Disk;
use crate::session::read::open_plain;

/// The file that remembers.
pub(super) const MEMORY: &str = ".exports.json";
/// An entry has about 150 bytes.
const MEMORY_BYTES_MAX: u64 = 16 << 20;

/// Another process that writes into the same memory is waited for so long, and looked for this often.
const LOCKED_FOR: Duration = Duration::from_secs(2);
const LOCKED_EVERY: Duration = Duration::from_millis(2);

/// What is remembered in one folder.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    /// SHA-256 (hexadecimal) by file name, or by absolute path for files elsewhere.
    pub(super) files: BTreeMap<String, String>,
    /// How each was made, where it can be made the same way again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    how: BTreeMap<String, Vec<String>>,
    /// Id of the session that each is of, for files elsewhere.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) sessions: BTreeMap<String, String>,
    /// Those that are behind their session, and why, as [`Why`](super::behind::Why) is written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) behind: BTreeMap<String, String>,
}

impl Memory {
    /// A memory that is gone or garbled remembers nothing.
    pub(super) fn load(folder: &Path) -> Self {
        let read = || -> Option<Self> {
            let mut bytes = Vec::new();
            open_plain(&folder.join(MEMORY), MEMORY_BYTES_MAX)
                .ok()??
                .take(MEMORY_BYTES_MAX)
                .read_to_end(&mut bytes)
                .ok()?;
            serde_json::from_slice(&bytes).ok()
        };
        read().unwrap_or_default()
    }

    fn save(&mut self, disk: &dyn Disk, folder: &Path) -> io::Result<()> {
        // Of one elsewhere it is told that it is gone, before it is forgotten.
        self.files.retain(|file, _| self.sessions.contains_key(file) || folder.join(file).exists());
        self.how.retain(|file, _| self.files.contains_key(file));
        self.sessions.retain(|file, _| self.files.contains_key(file));
        self.behind.retain(|file, _| folder.join(file).exists());
        disk.replace(&folder.join(MEMORY), &serde_json::to_vec_pretty(self)?)
    }
}

/// Changes what is remembered in a folder, one after the other, so that nothing that another thread or
/// process notes at the same moment is lost. Nothing is written if `change` says that nothing is new.
pub(super) fn change(
    disk: &dyn Disk,
    folder: &Path,
    change: impl FnOnce(&mut Memory) -> bool,
) -> io::Result<()> {
    let _turn = in_turn(folder);
    let mut known = Memory::load(folder);
    if change(&mut known) { known.save(disk, folder) } else { Ok(()) }
}

/// The right to write into a memory, until it is dropped.
fn in_turn(folder: &Path) -> (MutexGuard<'static, ()>, Option<File>) {
    static HERE: Mutex<()> = Mutex::new(());
    let here = HERE.lock().unwrap_or_else(PoisonError::into_inner);
    // Other processes are kept out by a lock on the folder itself, where the system has that.
    let Ok(lock) = File::open(folder) else { return (here, None) };
    let until = Instant::now() + LOCKED_FOR;
    while matches!(filesystem::try_lock(&lock), Ok(Locked::Theirs)) && Instant::now() < until {
        std::thread::sleep(LOCKED_EVERY);
    }
    (here, Some(lock))
}

/// Whether a file with this hash is an export, known in the folder `memory` as `key`.
pub(super) fn remembers(memory: &Path, key: &str, hash: &str) -> bool {
    Memory::load(memory).files.get(key).is_some_and(|known| known == hash)
}

/// Whether something was written there for this session, whatever became of it; `None` means that the folder
/// is the session's own.
pub(super) fn is_of(memory: &Path, key: &str, session: Option<&str>) -> bool {
    let known = Memory::load(memory);
    match session {
        None => known.files.contains_key(key),
        Some(id) => known.sessions.get(key).is_some_and(|of| of == id),
    }
}

/// Remembers a file that is written by now, of this session if it lies elsewhere: failing to only means that
/// the next export will ask for `--force`.
pub(super) fn remember(disk: &dyn Disk, memory: &Path, key: &str, session: Option<&str>, hash: String) {
    let noted = change(disk, memory, |known| {
        known.files.insert(key.to_owned(), hash);
        known.how.remove(key);
        known.behind.remove(key);
        match session {
            Some(id) => drop(known.sessions.insert(key.to_owned(), id.to_owned())),
            None => drop(known.sessions.remove(key)),
        }
        true
    });
    if let Err(error) = noted {
        tracing::warn!("can't note in {} that {key} is an export: {error}", memory.display());
    }
}

/// Remembers how a file that is remembered was made.
pub(super) fn remember_how(disk: &dyn Disk, memory: &Path, key: &str, how: Vec<String>) {
    let noted = change(disk, memory, |known| {
        known.how.insert(key.to_owned(), how);
        true
    });
    if let Err(error) = noted {
        tracing::warn!("can't note in {} how {key} was made: {error}", memory.display());
    }
}

/// The exports that are remembered in a folder and still there, with what is known of them: those that are
/// `wanted`, as each has to be read.
pub(super) fn made_how(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<Made> {
    let Memory { files, mut how, .. } = Memory::load(folder);
    let made = |(file, hash): (String, String)| {
        let path = folder.join(&file);
        path.exists().then(|| Made { untouched: is_as_written(&path, &hash), how: how.remove(&file), path })
    };
    files.into_iter().filter(|(file, _)| wanted(file)).filter_map(made).collect()
}

fn is_as_written(file: &Path, hash: &str) -> bool {
    let plain = open_plain(file, u64::MAX).ok().flatten();
    plain.and_then(|file| sha256(file).ok()).is_some_and(|present| present == hash)
}

/// The exports of the session with this id that lie outside of it, as the folder `memory` remembers them, and
/// those that are not there any more; those that are `wanted`, as each has to be read.
pub(super) fn elsewhere(memory: &Path, id: &str, wanted: impl Fn(&str) -> bool) -> Elsewhere {
    let Memory { files, mut how, sessions, .. } = Memory::load(memory);
    let mut all = Elsewhere::default();
    let is_ours = |file: &str| sessions.get(file).is_some_and(|of| of == id) && wanted(file);
    for (file, hash) in files.into_iter().filter(|(file, _)| is_ours(file)) {
        let path = memory.join(&file);
        if path.exists() {
            all.there.push(Made { untouched: is_as_written(&path, &hash), how: how.remove(&file), path });
        } else {
            all.gone.push(path);
        }
    }
    all
}

/// Forgets the exports of a session that lie outside of it: all, or those that are not there any more.
pub(super) fn forget(disk: &dyn Disk, memory: &Path, id: &str, gone_alone: bool) {
    let forgotten = change(disk, memory, |known| {
        let before = known.files.len();
        let Memory { files, sessions, behind, .. } = known;
        files.retain(|file, _| {
            sessions.get(file).is_none_or(|of| of != id) || (gone_alone && memory.join(file).exists())
        });
        behind.retain(|file, _| files.contains_key(file));
        known.files.len() < before
    });
    if let Err(error) = forgotten {
        tracing::warn!("can't forget in {} what was exported of {id}: {error}", memory.display());
    }
}

/// The exports that are remembered in a folder and still there.
pub(super) fn made(folder: &Path) -> Vec<PathBuf> {
    let files = Memory::load(folder).files.into_keys().map(|file| folder.join(file));
    files.filter(|file| file.exists()).collect()
}

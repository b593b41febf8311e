//! Which files are exports that nobody has changed: a SHA-256 of what was written, kept in `.exports.json`.
//! For files in a session's folder that is in that folder, so that the knowledge moves with it; for all
//! others in the recordings folder, by absolute path. Lost knowledge errs on the safe side: the file counts
//! as the user's.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::evidence::sha256;
use super::{Elsewhere, Made};
use crate::session::disk::Disk;
use crate::session::read::open_plain;

/// The file that remembers.
pub(super) const MEMORY: &str = ".exports.json";
/// An entry has about 150 bytes.
const MEMORY_BYTES_MAX: u64 = 16 << 20;

/// What is remembered in one folder.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// SHA-256 (hexadecimal) by file name, or by absolute path for files elsewhere.
    files: BTreeMap<String, String>,
    /// How each was made, where it can be made the same way again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    how: BTreeMap<String, Vec<String>>,
    /// Id of the session that each is of, for files elsewhere.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sessions: BTreeMap<String, String>,
}

impl Memory {
    /// A memory that is gone or garbled remembers nothing.
    fn load(folder: &Path) -> Self {
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
        self.files.retain(|file, _| folder.join(file).exists());
        self.how.retain(|file, _| self.files.contains_key(file));
        self.sessions.retain(|file, _| self.files.contains_key(file));
        disk.replace(&folder.join(MEMORY), &serde_json::to_vec_pretty(self)?)
    }
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
    let mut known = Memory::load(memory);
    known.files.insert(key.to_owned(), hash);
    known.how.remove(key);
    match session {
        Some(id) => drop(known.sessions.insert(key.to_owned(), id.to_owned())),
        None => drop(known.sessions.remove(key)),
    }
    if let Err(error) = known.save(disk, memory) {
        tracing::warn!("can't note in {} that {key} is an export: {error}", memory.display());
    }
}

/// Remembers how a file that is remembered was made.
pub(super) fn remember_how(disk: &dyn Disk, memory: &Path, key: &str, how: Vec<String>) {
    let mut known = Memory::load(memory);
    known.how.insert(key.to_owned(), how);
    if let Err(error) = known.save(disk, memory) {
        tracing::warn!("can't note in {} how {key} was made: {error}", memory.display());
    }
}

/// The exports that are remembered in a folder and still there, with what is known of them.
pub(super) fn made_how(folder: &Path) -> Vec<Made> {
    let Memory { files, mut how, .. } = Memory::load(folder);
    let made = |(file, hash): (String, String)| {
        let path = folder.join(&file);
        path.exists().then(|| Made { untouched: is_as_written(&path, &hash), how: how.remove(&file), path })
    };
    files.into_iter().filter_map(made).collect()
}

fn is_as_written(file: &Path, hash: &str) -> bool {
    let plain = open_plain(file, u64::MAX).ok().flatten();
    plain.and_then(|file| sha256(file).ok()).is_some_and(|present| present == hash)
}

/// The exports of the session with this id that lie outside of it, as the folder `memory` remembers them, and
/// those that are not there any more.
pub(super) fn elsewhere(memory: &Path, id: &str) -> Elsewhere {
    let Memory { files, mut how, sessions } = Memory::load(memory);
    let mut all = Elsewhere::default();
    for (file, hash) in files.into_iter().filter(|(file, _)| sessions.get(file).is_some_and(|of| of == id)) {
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
    let mut known = Memory::load(memory);
    let before = known.files.len();
    let Memory { files, sessions, .. } = &mut known;
    files.retain(|file, _| {
        sessions.get(file).is_none_or(|of| of != id) || (gone_alone && memory.join(file).exists())
    });
    if known.files.len() < before
        && let Err(error) = known.save(disk, memory)
    {
        tracing::warn!("can't forget in {} what was exported of {id}: {error}", memory.display());
    }
}

/// The exports that are remembered in a folder and still there.
pub(super) fn made(folder: &Path) -> Vec<PathBuf> {
    let files = Memory::load(folder).files.into_keys().map(|file| folder.join(file));
    files.filter(|file| file.exists()).collect()
}

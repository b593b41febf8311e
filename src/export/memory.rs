//! Which files are exports that nobody has changed: a SHA-256 of what was written, kept in `.exports.json`.
//! For files in a session's folder that is in that folder, so that the knowledge moves with it; for all
//! others in the recordings folder, by absolute path. Lost knowledge errs on the safe side: the file counts
//! as the user's.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::evidence::sha256;
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
        disk.replace(&folder.join(MEMORY), &serde_json::to_vec_pretty(self)?)
    }
}

/// Whether a file with this hash is an export, known in the folder `memory` as `key`.
pub(super) fn remembers(memory: &Path, key: &str, hash: &str) -> bool {
    Memory::load(memory).files.get(key).is_some_and(|known| known == hash)
}

/// Remembers a file that is written by now: failing to only means that the next export will ask for
/// `--force`.
pub(super) fn remember(disk: &dyn Disk, memory: &Path, key: &str, hash: String) {
    let mut known = Memory::load(memory);
    known.files.insert(key.to_owned(), hash);
    if let Err(error) = known.save(disk, memory) {
        tracing::warn!("can't note in {} that {key} is an export: {error}", memory.display());
    }
}

/// The same, each with whether its bytes are those that were written.
pub(super) fn made_and_untouched(folder: &Path) -> Vec<(PathBuf, bool)> {
    let is_as_written = |file: &Path, hash: &str| {
        let plain = open_plain(file, u64::MAX).ok().flatten();
        plain.and_then(|file| sha256(file).ok()).is_some_and(|present| present == hash)
    };
    let files = Memory::load(folder).files.into_iter().map(|(file, hash)| (folder.join(file), hash));
    files
        .filter(|(file, _)| file.exists())
        .map(|(file, hash)| {
            let untouched = is_as_written(&file, &hash);
            (file, untouched)
        })
        .collect()
}

/// The exports that are remembered in a folder and still there.
pub(super) fn made(folder: &Path) -> Vec<PathBuf> {
    let files = Memory::load(folder).files.into_keys().map(|file| folder.join(file));
    files.filter(|file| file.exists()).collect()
}

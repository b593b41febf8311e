//! The final pass over a session: its text is being made once more by a larger model, or was until somebody
//! stopped it. A file of the session's, derived: without it the pass begins anew.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::lock::SessionLock;

/// The file. It is there from the beginning of a pass until it is complete.
pub const FILE: &str = ".final.json";
/// More is no such file.
const BYTES_MAX: u64 = 64 << 10;

/// A pass that has begun and is not complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinalPass {
    pub model: String,
    /// Lines that the transcript had when it began: a text that was begun since is another one.
    pub begun_at: u64,
    /// The process that works, or worked, on it.
    pub pid: u32,
    /// Part of the sound that is text, 0..=1.
    pub done: f64,
}

impl FinalPass {
    /// The one of the session in `dir`, if there is one; a file that can't be understood is none.
    pub fn read(dir: &Path) -> Option<Self> {
        let path = dir.join(FILE);
        let data = fs::symlink_metadata(&path).ok()?;
        if !data.is_file() || data.len() > BYTES_MAX {
            return None;
        }
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Writes it down.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn write(&self, disk: &dyn Disk, dir: &Path) -> io::Result<()> {
        disk.replace(&dir.join(FILE), &serde_json::to_vec(self)?)
    }

    /// It is complete, or given up.
    pub fn remove(disk: &dyn Disk, dir: &Path) {
        let path = dir.join(FILE);
        if path.exists()
            && let Err(error) = disk.remove(&path)
        {
            tracing::warn!(%error, path = %path.display(), "can't be removed");
        }
    }

    /// Whether somebody works on it at this moment.
    pub fn is_running(dir: &Path) -> bool {
        SessionLock::is_held(dir)
    }

    /// `small.en, 42 %`
    pub fn told(&self) -> String {
        format!("{}, {:.0} %", self.model, (self.done.clamp(0.0, 1.0) * 100.0).floor())
    }
}

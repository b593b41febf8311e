//! What became of the files of a watched folder, a line each time, so that no file is done twice and a
//! half-done one is done again, whatever ended the process in between.
//!
//! `.watched-KEY.jsonl` in the folder of the recordings, KEY from the watched folder's path. Only its holder
//! appends to it (a lock). A line is on the disk before what follows from it; a torn last line counts as not
//! written. Contents are told by their SHA-256, across all folders that are watched for these recordings.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::arrivals::Found;
use crate::base::filesystem::{Locked, private_folder, sync_dir, try_lock};
use crate::cli::wrong_use;

/// Beginning and end of the files' names.
const PREFIX: &str = ".watched-";
const END: &str = ".jsonl";
/// Hex digits of a folder's key.
const KEY_DIGITS: usize = 16;
/// A line has some 400 bytes and a file up to three: room for 50 000 files.
const STATE_BYTES_MAX: u64 = 64 << 20;
/// How much of a file is read at once for its SHA-256.
const READ_BYTES: usize = 1 << 20;

/// How far a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(super) enum What {
    /// Its session is begun.
    Begun { session: PathBuf },
    /// All of its sound is in the session; text is missing.
    ReadIn { session: PathBuf },
    /// Its minutes are there.
    Done { session: PathBuf },
    /// It can't be made minutes of, for this reason.
    Failed { error: String },
    /// It is no sound.
    PassedOver,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Name in the folder.
    pub(super) name: String,
    /// Hex.
    pub(super) sha256: String,
    bytes: u64,
    /// Milliseconds since 1970.
    modified_ms: u64,
    #[serde(flatten)]
    pub(super) what: What,
}

/// All that is known, and the file that keeps it.
#[derive(Debug)]
pub(super) struct State {
    path: PathBuf,
    file: File,
    /// The last line of each name.
    by_name: HashMap<String, Line>,
    /// Sessions of contents that are done, and the name that they were done under.
    done: HashMap<String, (String, PathBuf)>,
}

impl State {
    /// Reads what is known of `folder`, and keeps everybody else from watching it for these recordings.
    pub(super) fn open(recordings: &Path, folder: &Path) -> anyhow::Result<Self> {
        let made = private_folder().recursive(true).create(recordings);
        made.with_context(|| format!("can't make {}", recordings.display()))?;
        let key = hex(Sha256::digest(folder.as_os_str().as_encoded_bytes()).as_slice());
        let path = recordings.join(format!("{PREFIX}{}{END}", &key[..KEY_DIGITS]));
        let failed = || format!("can't keep what is done in {}", path.display());
        let mut options = File::options();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).with_context(failed)?;
        if try_lock(&file).with_context(failed)? == Locked::Theirs {
            let folder = folder.display();
            return Err(wrong_use(format!("another hansard watches {folder} already: one is enough")));
        }
        let mut state = Self {
            path: path.clone(),
            file: file.try_clone().with_context(failed)?,
            by_name: HashMap::new(),
            done: HashMap::new(),
        };
        for line in read(&mut file, &path)? {
            state.note(line);
        }
        // A torn line is ended, so that the next one is not part of it.
        if !ends_a_line(&path).with_context(failed)? {
            state.file.write_all(b"\n").with_context(failed)?;
        }
        state.read_others(recordings)?;
        // A file system that can't sync a folder keeps its names by its own rules.
        sync_dir(recordings).with_context(failed)?;
        Ok(state)
    }

    /// Contents that are done in other folders.
    fn read_others(&mut self, recordings: &Path) -> anyhow::Result<()> {
        let entries =
            std::fs::read_dir(recordings).with_context(|| format!("can't list {}", recordings.display()))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path == self.path {
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !(name.starts_with(PREFIX) && name.ends_with(END)) {
                continue;
            }
            // What another folder's file holds saves work; without it a file is done a second time.
            let lines = File::open(&path).map_err(anyhow::Error::from).and_then(|mut f| read(&mut f, &path));
            match lines {
                Ok(lines) => lines.into_iter().for_each(|line| self.note_done(&line)),
                Err(error) => tracing::warn!(%error, "can't be read"),
            }
        }
        Ok(())
    }

    fn note_done(&mut self, line: &Line) {
        if let What::Done { session } = &line.what {
            self.done.entry(line.sha256.clone()).or_insert_with(|| (line.name.clone(), session.clone()));
        }
    }

    fn note(&mut self, line: Line) {
        self.note_done(&line);
        self.by_name.insert(line.name.clone(), line);
    }

    /// What is known of a file that lies there as it did.
    pub(super) fn known(&self, found: &Found) -> Option<&Line> {
        let line = self.by_name.get(&found.name())?;
        (line.bytes == found.bytes && line.modified_ms == modified_ms(found)).then_some(line)
    }

    /// What was last known under this file's name, if its content is still the same.
    pub(super) fn of_content(&self, found: &Found, sha256: &str) -> Option<&Line> {
        self.by_name.get(&found.name()).filter(|line| line.sha256 == sha256)
    }

    /// The name under which this content was done, and its session.
    pub(super) fn done_as(&self, sha256: &str) -> Option<&(String, PathBuf)> {
        self.done.get(sha256)
    }

    /// Files that failed and have not changed since.
    pub(super) fn failed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_name.values().filter_map(|line| match &line.what {
            What::Failed { error } => Some((line.name.as_str(), error.as_str())),
            _ => None,
        })
    }

    /// Writes down how far a file is.
    pub(super) fn write(&mut self, found: &Found, sha256: &str, what: What) -> anyhow::Result<()> {
        let line = Line {
            name: found.name(),
            sha256: sha256.to_owned(),
            bytes: found.bytes,
            modified_ms: modified_ms(found),
            what,
        };
        let text = serde_json::to_string(&line)? + "\n";
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("can't write to {}", self.path.display()))?;
        self.note(line);
        Ok(())
    }
}

/// All lines that are whole.
fn read(file: &mut File, path: &Path) -> anyhow::Result<Vec<Line>> {
    let failed = || format!("can't read {}", path.display());
    let bytes = file.metadata().with_context(failed)?.len();
    if bytes > STATE_BYTES_MAX {
        let path = path.display();
        return Err(wrong_use(format!(
            "{path} is larger than {STATE_BYTES_MAX} bytes; move it away together with the files that are done"
        )));
    }
    let mut lines = Vec::new();
    for line in BufReader::new(file.take(STATE_BYTES_MAX)).split(b'\n') {
        let line = line.with_context(failed)?;
        match serde_json::from_slice::<Line>(&line) {
            Ok(line) => lines.push(line),
            // Torn by a power cut; what it told is done again.
            Err(error) if !line.is_empty() => {
                tracing::warn!(%error, path = %path.display(), "a line is torn")
            }
            Err(_) => {}
        }
    }
    Ok(lines)
}

fn ends_a_line(path: &Path) -> std::io::Result<bool> {
    let bytes = std::fs::read(path)?;
    Ok(bytes.last().is_none_or(|last| *last == b'\n'))
}

/// SHA-256 of a file's content, hex; `stop` ends it early with `None`.
pub(super) fn sha256(path: &Path, mut stop: impl FnMut() -> bool) -> std::io::Result<Option<String>> {
    let (mut file, mut digest, mut bytes) = (File::open(path)?, Sha256::new(), vec![0; READ_BYTES]);
    loop {
        if stop() {
            return Ok(None);
        }
        match file.read(&mut bytes)? {
            0 => return Ok(Some(hex(digest.finalize().as_slice()))),
            count => digest.update(&bytes[..count]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn modified_ms(found: &Found) -> u64 {
    let since: Result<_, std::time::SystemTimeError> = found.modified.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_known_again_and_a_torn_line_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("in");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a.wav"), b"sound").unwrap();
        let found = Found::at(&folder.join("a.wav")).unwrap();
        let sha = sha256(&found.path, || false).unwrap().unwrap();
        let recordings = dir.path().join("recordings");
        let session = recordings.join("s");
        let mut state = State::open(&recordings, &folder).unwrap();
        assert!(State::open(&recordings, &folder).is_err(), "one at a time");
        assert_eq!(state.known(&found), None);
        state.write(&found, &sha, What::Begun { session: session.clone() }).unwrap();
        let path = state.path.clone();
        drop(state);
        // Killed while it wrote.
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, whole.clone() + &whole[..whole.len() / 2]).unwrap();
        let mut state = State::open(&recordings, &folder).unwrap();
        assert_eq!(state.known(&found).unwrap().what, What::Begun { session: session.clone() });
        assert_eq!(state.done_as(&sha), None);
        state.write(&found, &sha, What::Done { session: session.clone() }).unwrap();
        drop(state);
        let state = State::open(&recordings, &folder).unwrap();
        assert_eq!(state.known(&found).unwrap().what, What::Done { session: session.clone() });
        // Another folder's files of the same content are done, too.
        let other = State::open(&recordings, dir.path()).unwrap();
        assert_eq!(other.done_as(&sha), Some(&("a.wav".to_owned(), session)));
        let later =
            Found { modified: std::time::SystemTime::now() + std::time::Duration::from_secs(9), ..found };
        assert_eq!(state.known(&later), None, "it has changed");
    }
}

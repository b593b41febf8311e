//! What is kept for how long, as `[retention]` says: what is due is looked up, told, and erased for good.
//!
//! Promises: off unless the user set it; never of a session that is in use or was not finished in order;
//! nothing that a person changed by hand; the journal of a session that stays says what was erased, before it
//! is. Refuses to guess: an age counts from when a session was made (of an imported file: from the import),
//! an export's from when it was written, a removal's from that moment.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::care::offline::{OfflineError, OfflineSink, Past};
use crate::care::trash::{self, TrashError};
use crate::clock::SystemClock;
use crate::config::{Config, Retention};
use crate::export;
use crate::live::SessionSink as _;
use crate::session::disk::SystemDisk;
use crate::session::erased::Part;
use crate::session::journal::Event;
use crate::session::lock::{LockError, SessionLock};
use crate::session::manifest::{Manifest, State};
use crate::session::read::{self, ReadError, TRANSCRIPT};
use crate::session::reading::Session;
use crate::session::summary::SUMMARY;
use crate::session::texted::Texted;
use crate::session::voices::{self, VECTORS, Voices};

/// The search's index, in the user's cache, with what its database keeps beside it.
const INDEX: [&str; 4] =
    ["search-v1.sqlite", "search-v1.sqlite-wal", "search-v1.sqlite-shm", "search-v1.sqlite-journal"];
/// Folder of the tracks.
const TRACKS: &str = "tracks";
/// How the names of sound files end.
const SOUND: [&str; 6] = ["wav", "flac", "opus", "ogg", "mp3", "m4a"];
/// A page that has its sound inside has it within so many bytes.
const PAGE_BYTES_MAX: u64 = 256 << 20;

/// What is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Sound,
    Text,
    Voices,
    Exports,
    /// A session in the trash.
    Trash,
    /// The search's index.
    Index,
}

impl What {
    /// Its key in `[retention]`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Text => "text",
            Self::Voices => "voices",
            Self::Exports => "exports",
            Self::Trash => "trash",
            Self::Index => "index",
        }
    }

    const fn part(self) -> Option<Part> {
        match self {
            Self::Sound => Some(Part::Sound),
            Self::Text => Some(Part::Text),
            Self::Voices => Some(Part::Voices),
            Self::Exports => Some(Part::Exports),
            Self::Trash | Self::Index => None,
        }
    }
}

/// Something that is due.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Due {
    pub what: What,
    /// The session's folder, or where the index lies.
    pub path: PathBuf,
    /// The session's title; empty for the index.
    pub title: String,
    /// The days that were set.
    pub days: u32,
    /// The files that go; of a session in the trash the folder.
    pub files: Vec<PathBuf>,
    pub bytes: u64,
    /// Files that would have to go and stay, because a person changed them.
    pub left: Vec<PathBuf>,
    /// It is sound of which the text has not been made, and never can be then.
    pub is_untexted: bool,
}

/// Why something that is due stays.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Open(#[from] OfflineError),
    #[error(transparent)]
    Trash(#[from] TrashError),
    /// The system refuses.
    #[error("can't erase {}: {error}", path.display())]
    Io {
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl RetentionError {
    /// Whether it is only that somebody works with the session at this moment.
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Lock(LockError::InUse(_)) | Self::Trash(TrashError::Lock(LockError::InUse(_))))
    }
}

/// All that is due at `now`.
///
/// # Errors
/// The recordings can't be listed.
pub fn due(config: &Config, now: Timestamp) -> Result<Vec<Due>, RetentionError> {
    let (rules, recordings) = (config.retention, &config.paths.recordings);
    let mut due = Vec::new();
    if rules == Retention::default() {
        return Ok(due);
    }
    for found in read::list(recordings)?.sessions {
        if found.manifest.state == State::Closed && !SessionLock::is_held(&found.dir) {
            due.extend(of_session(&found.dir, &found.manifest, &rules, now));
        }
    }
    if rules.trash > 0 {
        let old = trash::list(recordings)?.into_iter().filter(|gone| is_over(gone.removed, rules.trash, now));
        due.extend(old.map(|gone| Due {
            what: What::Trash,
            title: gone.title,
            days: rules.trash,
            bytes: bytes_below(&gone.dir),
            files: vec![gone.dir.clone()],
            path: gone.dir,
            left: Vec::new(),
            is_untexted: false,
        }));
    }
    let index = index(config.cache()).filter(|_| rules.index > 0);
    if let Some((folder, files)) = index
        && files.iter().any(|file| written(file).is_some_and(|at| is_over(at, rules.index, now)))
    {
        let (days, title, bytes) = (rules.index, String::new(), bytes_of(&files));
        let (what, path, left, is_untexted) = (What::Index, folder, Vec::new(), false);
        due.push(Due { what, path, title, days, files, bytes, left, is_untexted });
    }
    Ok(due)
}

/// Erases what is due, if it still is. What is of a session is journalled there.
///
/// # Errors
/// It is in use, or the system refuses; what was erased until then is gone.
pub fn carry_out(due: &Due, now: Timestamp) -> Result<(), RetentionError> {
    let Some(part) = due.what.part() else {
        return match due.what {
            What::Trash => {
                let id = read::read_manifest(&due.path).map(|manifest| manifest.id);
                trash::erase(&due.path, now)?;
                // It lay in a folder of its own, beside the sessions.
                if let (Ok(id), Some(recordings)) = (id, due.path.parent().and_then(Path::parent)) {
                    export::forget_elsewhere(&SystemDisk, recordings, &id);
                }
                Ok(())
            }
            _ => erase_files(&due.files),
        };
    };
    let _lock = SessionLock::take(&due.path)?;
    let (session, past) = (Session::open(&due.path)?, Past::read(&due.path)?);
    let by = format!("retention.{} = {}", due.what.name(), due.days);
    let event = Event::Erased { part, by, files: due.files.len() as u64, bytes: due.bytes };
    let sink = OfflineSink::open(&SystemDisk, Arc::new(SystemClock), &session, past, true)?;
    sink.note(event);
    sink.finish().map_err(|error| RetentionError::Io { path: due.path.clone(), error })?;
    drop(sink);
    if due.what == What::Voices {
        erase_voices(&due.path)?;
    }
    erase_files(&due.files)
}

/// What is due of a session.
fn of_session(dir: &Path, manifest: &Manifest, rules: &Retention, now: Timestamp) -> Vec<Due> {
    let made = manifest.start.made();
    let ended = made.checked_add(SignedDuration::from_secs_f64(manifest.duration.max(0.0))).unwrap_or(made);
    let is_due = |days: u32| days > 0 && is_over(ended, days, now);
    let exports = if rules.exports > 0 || is_due(rules.sound) || is_due(rules.text) {
        export::made_how(dir)
    } else {
        Vec::new()
    };
    let untouched = |wanted: &dyn Fn(&Path) -> bool| -> (Vec<PathBuf>, Vec<PathBuf>) {
        let wanted = exports.iter().filter(|made| wanted(&made.path));
        let (own, left): (Vec<_>, Vec<_>) = wanted.partition(|made| made.untouched);
        let paths = |files: Vec<&export::Made>| files.into_iter().map(|made| made.path.clone()).collect();
        (paths(own), paths(left))
    };
    let mut all = Vec::new();
    let mut add = |what, days, files: Vec<PathBuf>, left| {
        if !files.is_empty() {
            let (path, title, bytes) = (dir.to_owned(), manifest.title.clone(), bytes_of(&files));
            let has_lines = fs::metadata(dir.join(TRANSCRIPT)).is_ok_and(|data| data.len() > 0);
            let is_untexted = what == What::Sound && !Texted::is_made(dir, has_lines);
            all.push(Due { what, path, title, days, files, bytes, left, is_untexted });
        }
    };
    if is_due(rules.sound) {
        let (exported, left) = untouched(&is_sound);
        add(What::Sound, rules.sound, [files_in(&dir.join(TRACKS)), exported].concat(), left);
    }
    if is_due(rules.text) {
        let (exported, left) = untouched(&|file| !is_sound(file));
        let own = [TRANSCRIPT, SUMMARY].map(|name| dir.join(name)).into_iter();
        let own: Vec<PathBuf> = own.filter(|file| is_there(file)).collect();
        add(What::Text, rules.text, [own, exported].concat(), left);
    }
    if is_due(rules.voices) {
        let vectors = Some(dir.join(VECTORS)).filter(|file| is_there(file));
        let has_prints = || Voices::read(dir).is_ok_and(|all| all.entries.iter().any(|v| v.print.is_some()));
        if vectors.is_some() || has_prints() {
            add(What::Voices, rules.voices, vec![dir.join(voices::VOICES)], Vec::new());
        }
    }
    if rules.exports > 0 {
        let is_old = |file: &Path| written(file).is_some_and(|at| is_over(at, rules.exports, now));
        let (files, left) = untouched(&is_old);
        add(What::Exports, rules.exports, files, left);
    }
    // What goes with the one need not go with the other.
    let mut seen: Vec<PathBuf> = Vec::new();
    for due in &mut all {
        due.files.retain(|file| !seen.contains(file));
        seen.extend(due.files.iter().cloned());
        due.bytes = bytes_of(&due.files);
    }
    all.retain(|due| !due.files.is_empty());
    all
}

/// Erases whom the voices are like and what they sound like. That there are voices, and when each speaks,
/// stays.
fn erase_voices(dir: &Path) -> Result<(), RetentionError> {
    let failed = |error| RetentionError::Io { path: dir.join(voices::VOICES), error };
    let mut all = Voices::read(dir)?;
    if all.entries.iter().any(|voice| voice.print.is_some()) {
        all.entries.iter_mut().for_each(|voice| voice.print = None);
        Voices::write(&SystemDisk, dir, &all).map_err(failed)?;
    }
    voices::clear_vectors(&SystemDisk, dir).map(drop).map_err(failed)
}

fn erase_files(files: &[PathBuf]) -> Result<(), RetentionError> {
    for path in files.iter().filter(|path| path.file_name().is_none_or(|name| name != voices::VOICES)) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(RetentionError::Io { path: path.clone(), error });
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_over(since: Timestamp, days: u32, now: Timestamp) -> bool {
    now.duration_since(since) >= SignedDuration::from_hours(24 * i64::from(days))
}

/// Where the search's index lies, and the files of it that are there; `None` where there are none.
fn index(cache: Option<&Path>) -> Option<(PathBuf, Vec<PathBuf>)> {
    let cache = cache?;
    let files = INDEX.iter().map(|name| cache.join(name)).filter(|file| is_there(file));
    let files: Vec<PathBuf> = files.collect();
    (!files.is_empty()).then(|| (cache.to_owned(), files))
}

/// Whether a file holds sound, by its name; a page, by whether it has its sound inside.
fn is_sound(file: &Path) -> bool {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    if SOUND.contains(&ending.as_str()) {
        return true;
    }
    let has_sound = || -> io::Result<bool> {
        let mut bytes = Vec::new();
        fs::File::open(file)?.take(PAGE_BYTES_MAX).read_to_end(&mut bytes)?;
        let mark = b"data:audio";
        Ok(bytes.windows(mark.len()).any(|window| window == mark))
    };
    ending == "html" && has_sound().unwrap_or(false)
}

fn is_there(file: &Path) -> bool {
    fs::symlink_metadata(file).is_ok_and(|data| data.is_file())
}

/// The plain files in a folder.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|file| is_there(file)).collect();
    files.sort();
    files
}

fn bytes_of(files: &[PathBuf]) -> u64 {
    files.iter().filter_map(|file| fs::symlink_metadata(file).ok()).map(|data| data.len()).sum()
}

/// Bytes of all files below a folder; links are not followed.
pub fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |path: PathBuf| match fs::symlink_metadata(&path) {
        Ok(data) if data.is_dir() => bytes_below(&path),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.map(|entry| of(entry.path())).sum()
}

fn written(file: &Path) -> Option<Timestamp> {
    let at: SystemTime = fs::symlink_metadata(file).ok()?.modified().ok()?;
    Timestamp::try_from(at).ok()
}

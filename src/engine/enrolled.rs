//! People who are known by their voices: taken from a session or a file, recognised later (`voices`), and
//! forgotten: everywhere, or told where not.
//!
//! Promises: what is forgotten leaves no name and no direction behind in any session that could be changed,
//! and what could not be is listed. Refuses to write a name anywhere but to the folder of enrolled people
//! and, as a print, to `voices.jsonl`.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::base::text::clean;
use crate::base::utterance::Utterance;
use crate::care::offline::{self, OfflineError};
use crate::care::trash;
use crate::config::Config;
use crate::export::{self, ExportError, Format};
use crate::session::disk::{Disk as _, SystemDisk};
use crate::session::lock::{LockError, SessionLock};
use crate::session::read::{self, ReadError};
use crate::session::reading::Session;
use crate::session::voices::{self, VOICES, Voices};
use crate::speakers::enrolled::{self, EnrolledError};
use crate::speakers::worker::Ear;
use crate::speech::enrol::{self, EnrolError, Lines, Sounds};

/// Most bytes of an export that are looked through for a name.
const LOOKED_THROUGH_MAX: u64 = 64 << 20;

/// Why a voice of a session can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// Its tracks can't be heard.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// It is no voice to enrol.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// The track isn't there.
    #[error("the session has no track {0:?}")]
    NoTrack(String),
    /// Nobody said a word there, or it is no text yet.
    #[error(
        "the session has no line of {0:?}: hansard transcribe makes text of it, or give its file, tracks/{0}.wav"
    )]
    NoLines(String),
}

impl VoiceError {
    /// Whether the machine failed rather than the input being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Offline(error) => error.is_failure(),
            Self::Enrol(error) => error.is_failure(),
            Self::NoTrack(_) | Self::NoLines(_) => false,
        }
    }
}

/// What a voice of a session sounds like, or the one person of a track, by its name. It is heard again, so
/// that a session without a file of directions does as well.
///
/// # Errors
/// See [`VoiceError`].
pub fn of_session(ear: &mut dyn Ear, session: &Session, voice: &str) -> Result<Sounds, VoiceError> {
    let track = voices::parts(voice).map_or(voice, |(track, _)| track);
    let tracks = offline::tracks(session)?;
    let shared = tracks.iter().find(|shared| shared.track == track);
    let shared = shared.ok_or_else(|| VoiceError::NoTrack(track.to_owned()))?;
    let lines = lines_of(session, voice, track);
    if lines.is_empty() {
        return Err(VoiceError::NoLines(track.to_owned()));
    }
    let (which, what) = if voice == track { (Lines::OfTrack, "track") } else { (Lines::OfVoice, "voice") };
    let what = format!("{what} {voice} of {}", session.manifest.id);
    Ok(enrol::of_lines(ear, &session.dir, shared, (which, &lines), what)?)
}

/// The lines that a voice says. On a track of one voice the lines have none, and are all its.
fn lines_of(session: &Session, voice: &str, track: &str) -> Vec<Utterance> {
    let names = &session.names;
    let shown_as = names.of(voice).map(|name| name.shown_as.as_str());
    let of_track = names.voices().filter(|(id, _)| voices::parts(id).is_some_and(|(of, _)| of == track));
    let is_alone = of_track.count() < 2;
    let is_its = |line: &&Utterance| match line.voice.as_deref() {
        Some(own) => own == voice || names.of(own).map(|name| name.shown_as.as_str()) == shown_as,
        None => is_alone,
    };
    let on_track = session.utterances.iter().filter(|line| line.track == track && line.is_shown());
    // Where a person said of a line who said it, that may be somebody else.
    let by_a_person =
        |line: &&Utterance| session.written(&line.id).is_some_and(|line| names.by_a_person(line));
    on_track.filter(is_its).filter(|line| !by_a_person(line)).cloned().collect()
}

/// What was forgotten, and what was not.
#[derive(Debug, Default, Serialize)]
pub struct Forgotten {
    /// People whose files are gone.
    pub people: usize,
    /// Sessions that were changed.
    pub sessions: Vec<Erased>,
    /// What may still tell of that person, and what to do about it.
    pub left: Vec<Left>,
}

/// A session that was changed.
#[derive(Debug, Serialize)]
pub struct Erased {
    /// The folder of it.
    pub session: PathBuf,
    /// Voices that bore a print of that person.
    pub voices: usize,
    /// Its minutes were written anew.
    pub minutes: bool,
}

/// Something that may still tell of somebody.
#[derive(Debug, Serialize)]
pub struct Left {
    /// The file, or the session's folder.
    pub path: PathBuf,
    /// Why, and what to do.
    pub why: String,
}

impl Forgotten {
    /// Whether there was anything to forget.
    pub fn is_nothing(&self) -> bool {
        self.people == 0 && self.sessions.is_empty()
    }

    fn leaves(&mut self, path: &Path, why: impl Into<String>) {
        self.left.push(Left { path: path.to_owned(), why: why.into() });
    }
}

/// Forgets somebody: the person's file, then every print in the sessions of the recordings folder, and the
/// directions of those voices.
///
/// # Errors
/// The folder of enrolled people, or that of the recordings, can't be read or changed; nothing that was found
/// until then is told.
pub fn forget(config: &Config, name: &str) -> Result<Forgotten, ForgetError> {
    let (name, recordings) = (clean(name), &config.paths.recordings);
    let listing = read::list(recordings)?;
    let ids = enrolled::remove(&config.paths.voices, &name)?;
    let mut done = Forgotten { people: ids.len(), ..Forgotten::default() };
    for error in enrolled::Enrolled::read(&config.paths.voices)?.broken {
        done.leaves(&config.paths.voices, format!("{error}: nobody can tell whose it was"));
    }
    let mut any_was_named = false;
    // What lies in the trash may come back.
    let trashed: Vec<PathBuf> = match trash::list(recordings) {
        Ok(trashed) => trashed.into_iter().map(|gone| gone.dir).collect(),
        Err(error) => {
            done.leaves(
                &recordings.join(trash::TRASH),
                format!("{error}: what lies there was not looked at"),
            );
            Vec::new()
        }
    };
    let sessions = listing.sessions.iter().map(|found| &found.dir).chain(&trashed);
    for dir in sessions.chain(listing.unreadable.iter().map(|(dir, _)| dir)) {
        let gone = match erase(dir, &ids, &name) {
            Ok(gone) => gone,
            Err(error) => {
                done.leaves(dir, format!("{error}; when that is settled, say hansard voices forget again"));
                continue;
            }
        };
        // That name may be a word of any meeting: only where somebody was known by it exports tell of them.
        if gone.voices > 0 {
            any_was_named |= gone.was_named;
            let minutes = exports(dir, config, &name, gone.was_named, &mut done);
            done.sessions.push(Erased { session: dir.clone(), voices: gone.voices, minutes });
        }
    }
    if any_was_named {
        for file in export::made(recordings).iter().filter(|file| may_carry(file, &name, true)) {
            done.leaves(file, "this export may carry the name: delete it, or export again");
        }
    }
    Ok(done)
}

/// Why nobody can be forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// The recordings can't be listed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The folder of enrolled people can't be changed.
    #[error(transparent)]
    Enrolled(#[from] EnrolledError),
}

impl ForgetError {
    /// Whether the machine failed rather than the input being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Read(error) => error.is_failure(),
            Self::Enrolled(error) => error.is_failure(),
        }
    }
}

/// Why a session still tells of somebody.
#[derive(Debug, thiserror::Error)]
enum EraseError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("its voices can't be written: {0}")]
    Write(#[from] io::Error),
}

/// What was erased from a session.
#[derive(Default)]
struct Gone {
    /// Voices that bore a print of that person.
    voices: usize,
    /// One of them was called by that name.
    was_named: bool,
}

/// Erases the prints of somebody from the session in `dir`.
fn erase(dir: &Path, ids: &[String], name: &str) -> Result<Gone, EraseError> {
    if !holds(dir, ids, name)? {
        return Ok(Gone::default());
    }
    // What is read before the lock is had may be replaced by its holder.
    let _lock = SessionLock::take(dir)?;
    let mut all = Voices::read(dir)?;
    let (mut gone, mut voices) = (Gone::default(), HashSet::new());
    for entry in &mut all.entries {
        let is_theirs = |print: &voices::Print| ids.contains(&print.person) || clean(&print.name) == name;
        if let Some(print) = entry.print.take_if(|print| is_theirs(print)) {
            gone.was_named |= print.sure;
            voices.insert(entry.id.clone());
        }
    }
    gone.voices = voices.len();
    // Lines that were passed over go as well: they may hold anything.
    Voices::write(&SystemDisk, dir, &all)?;
    voices::forget_vectors(&SystemDisk, dir, &voices)?;
    for entry in fs::read_dir(dir)?.flatten() {
        // What a crash left of a file that was being replaced.
        let file = entry.file_name().to_string_lossy().into_owned();
        if file.starts_with(&format!(".{VOICES}.")) || file.starts_with(&format!(".{}.", voices::VECTORS)) {
            SystemDisk.remove(&entry.path())?;
        }
    }
    SystemDisk.sync_dir(dir)?;
    Ok(gone)
}

/// Whether a session's file of voices, or what a crash left of it, has anything of somebody.
fn holds(dir: &Path, ids: &[String], name: &str) -> Result<bool, EraseError> {
    let is_theirs = |print: &voices::Print| ids.contains(&print.person) || clean(&print.name) == name;
    let prints = Voices::read(dir)?.entries.into_iter().filter_map(|entry| entry.print);
    if prints.into_iter().any(|print| is_theirs(&print)) {
        return Ok(true);
    }
    let names = [name.to_owned()];
    let parts = || ids.iter().chain(&names).map(String::as_str);
    let files = fs::read_dir(dir)?.flatten().filter(|entry| {
        let file = entry.file_name().to_string_lossy().into_owned();
        file == VOICES || file.starts_with(&format!(".{VOICES}."))
    });
    Ok(files.into_iter().any(|entry| contains(&entry.path(), parts()).unwrap_or(true)))
}

/// Whether a file has one of these in it; `None` where nobody can tell.
fn contains<'a>(path: &Path, parts: impl Iterator<Item = &'a str>) -> Option<bool> {
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LOOKED_THROUGH_MAX).read_to_end(&mut bytes).ok()?;
    let has = |part: &str| bytes.windows(part.len().max(1)).any(|window| window == part.as_bytes());
    let found = parts.into_iter().any(has);
    (found || (bytes.len() as u64) < LOOKED_THROUGH_MAX).then_some(found)
}

/// Writes the minutes of a session anew, and tells which of its exports may still carry the name.
fn exports(dir: &Path, config: &Config, name: &str, was_named: bool, done: &mut Forgotten) -> bool {
    let minutes = dir.join(Format::Md.file_name());
    let mut files: Vec<PathBuf> = export::made(dir).into_iter().filter(|file| *file != minutes).collect();
    files.retain(|file| was_named || may_carry(file, name, false));
    let is_in_minutes = minutes.exists() && (was_named || may_carry(&minutes, name, false));
    if files.is_empty() && !is_in_minutes {
        return false;
    }
    // That name may be theirs by what people wrote: then it stays in what is exported.
    let session = Session::open(dir).ok();
    let is_written = session.is_some_and(|session| {
        session.utterances.iter().any(|line| line.speaker == name)
            || session.names.voices().any(|(_, voice)| voice.name == name)
            || session.manifest.sources.iter().any(|source| source.name == name)
    });
    if !is_written {
        for file in &files {
            done.leaves(file, "this export may carry the name: delete it, or export again");
        }
    }
    if !is_in_minutes || (is_written && !was_named) {
        return false;
    }
    match export::write_minutes(
        &SystemDisk,
        dir,
        config.minutes.paragraph_pause_s,
        config.export.language_in_force(),
    ) {
        Ok(_) => true,
        Err(ExportError::Edited { .. }) => {
            done.leaves(
                &minutes,
                "these minutes were changed by hand and may carry the name: look through them",
            );
            false
        }
        Err(error) => {
            done.leaves(&minutes, format!("they may carry the name and were not written again: {error}"));
            false
        }
    }
}

/// Whether a name may stand in an export; `packed` counts what nobody can look into.
fn may_carry(path: &Path, name: &str, packed: bool) -> bool {
    match path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).as_deref() {
        Some("wav" | "flac") => false,
        Some("docx" | "pdf") => packed,
        _ => contains(path, as_written(name).iter().map(String::as_str)).unwrap_or(packed),
    }
}

/// How a name stands in exports: as it is, and as the formats with marks of their own write it.
fn as_written(name: &str) -> [String; 5] {
    let page = export::html::escape(name);
    let xml = page.replace("&#39;", "'");
    let json = serde_json::Value::from(name).to_string();
    [name.to_owned(), page, xml, json.trim_matches('"').to_owned(), export::minutes_md::escape(name)]
}

/// Deletes what the voices of a session sound like; whether there was anything.
///
/// # Errors
/// Another process has the session, or the disk refuses.
pub fn clear(dir: &Path) -> Result<bool, ClearError> {
    let _lock = SessionLock::take(dir)?;
    Ok(voices::clear_vectors(&SystemDisk, dir)?)
}

/// Why what voices sound like can't be deleted.
#[derive(Debug, thiserror::Error)]
pub enum ClearError {
    /// Another process has the session.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The disk refuses.
    #[error("can't delete what the voices of the session sound like: {0}")]
    Disk(#[from] io::Error),
}

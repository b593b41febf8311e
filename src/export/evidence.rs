//! What a line of the minutes rests on: track, take and frames of its sound, and a SHA-256 of each track's
//! file, so that it can be relied on later. The hash is that of the file as it lies there, as `sha256sum`
//! computes it.

use std::io::Read as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::base::text;
use crate::base::units::Frames;
use crate::base::utterance::Utterance;
use crate::session::lock::SessionLock;
use crate::session::manifest::{State, TakeEntry};
use crate::session::read::{ReadError, open_plain};
use crate::session::reading::Session;

/// Bytes of sound that are hashed before somebody wonders: two to four seconds without, one second with a
/// processor's help. That is an hour of four tracks of 24 bits at 48 kHz.
pub const UNNOTICED_MAX: u64 = 2 << 30;

/// What a WAV file can hold; nobody waits for more.
const FILE_MAX: u64 = u32::MAX as u64;

/// One file of a track.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackFile {
    /// The track's name in files.
    pub track: String,
    /// Take of that track.
    pub take: u32,
    /// Path, relative to the session's folder.
    pub file: String,
    /// Bytes, if it is there.
    pub bytes: u64,
    /// What is known of its contents.
    pub fingerprint: Fingerprint,
}

/// What is known of a file's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fingerprint {
    /// SHA-256 of the whole file, hexadecimal.
    Sha256(String),
    /// It is still being written.
    Growing,
    /// It was left for later, so that nobody must wait.
    NotYet,
    /// It can't be read, and why.
    Unreadable(String),
}

impl Fingerprint {
    /// The hash, where there is one.
    pub fn sha256(&self) -> Option<&str> {
        match self {
            Self::Sha256(hex) => Some(hex),
            _ => None,
        }
    }
}

/// Bytes that the files of all tracks have.
pub fn total_bytes(session: &Session) -> u64 {
    session.manifest.takes.iter().map(|take| size(session, take).unwrap_or(0)).fold(0, u64::saturating_add)
}

/// All files of all tracks with their hashes, as many at once as there are cores. If they have more than
/// `max` bytes in all, none is read.
pub fn track_files(session: &Session, max: u64) -> Vec<TrackFile> {
    let growing = session.manifest.state == State::Recording && SessionLock::is_held(&session.dir);
    let put_off = total_bytes(session) > max;
    let takes = &session.manifest.takes;
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(takes.len())));
    let work = || {
        while let Some((at, take)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| takes.get(at).map(|take| (at, take)))
        {
            let fingerprint = match () {
                () if growing => Fingerprint::Growing,
                () if put_off => Fingerprint::NotYet,
                () => hash(session, take).map_or_else(Fingerprint::Unreadable, Fingerprint::Sha256),
            };
            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, fingerprint));
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(takes.len());
    thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    let file = |(take, (_, fingerprint)): (&TakeEntry, (usize, Fingerprint))| TrackFile {
        track: take.track.clone(),
        take: take.take,
        file: take.file.clone(),
        bytes: size(session, take).unwrap_or(0),
        fingerprint,
    };
    takes.iter().zip(done).map(file).collect()
}

fn size(session: &Session, take: &TakeEntry) -> Option<u64> {
    session.take_path(take).ok()?.metadata().ok().map(|data| data.len())
}

/// The hash, or why there is none.
fn hash(session: &Session, take: &TakeEntry) -> Result<String, String> {
    let plain = |error: ReadError| match error {
        ReadError::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    };
    let path = session.take_path(take).map_err(plain)?;
    let file = open_plain(&path, FILE_MAX).map_err(plain)?.ok_or_else(|| "it is not there".to_owned())?;
    sha256(file).map_err(|error| error.to_string())
}

/// SHA-256 of a file from where it stands to its end, hexadecimal.
pub(super) fn sha256(mut file: std::fs::File) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut block = vec![0; 256 << 10];
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            return Ok(hex(hash.finalize().as_slice()));
        }
        hash.update(&block[..read]);
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What one utterance rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence<'a> {
    /// Track it was heard on.
    pub track: &'a str,
    /// Take of that track.
    pub take: u32,
    /// The take's file, relative to the session's folder; `None` if the session does not name one.
    pub file: Option<&'a str>,
    /// First frame in that file's sound.
    pub from_frame: Frames,
    /// One past its last frame.
    pub to_frame: Frames,
    /// Frames a second, as the file's header states them.
    pub rate: Option<u32>,
    /// Model that heard it.
    pub model: &'a str,
    /// Geometric mean of the words' probabilities, 0..1.
    pub confidence: f64,
    /// SHA-256 of the file.
    pub sha256: Option<&'a str>,
    /// When a person wrote this revision of the text; `None` if it is as it was heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited: Option<Timestamp>,
}

impl<'a> Evidence<'a> {
    pub(super) fn of(session: &'a Session, files: &'a [TrackFile], said: &'a Utterance) -> Self {
        let is_its = |track: &str, take: u32| track == said.track && take == said.take;
        let take = session.manifest.takes.iter().find(|take| is_its(&take.track, take.take));
        let known = files.iter().find(|file| is_its(&file.track, file.take));
        Self {
            track: &said.track,
            take: said.take,
            file: take.map(|take| take.file.as_str()),
            from_frame: said.from_frame,
            to_frame: said.to_frame,
            rate: take.map(|take| take.rate.0),
            model: &said.model,
            confidence: said.confidence,
            sha256: known.and_then(|file| file.fingerprint.sha256()),
            edited: said.edited.map(|edited| edited.utc),
        }
    }
}

/// The name of a file as people may see it.
pub fn shown(file: &str) -> String {
    text::clean(Path::new(file).to_string_lossy().as_ref())
}

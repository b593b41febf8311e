//! Reading a session back: manifest and transcript, for every verb that shows or exports something.
//!
//! Promises: no panic and no hang on any folder, wherever it comes from; memory is bounded by the limits
//! below; no file outside the session's folder is named by it (links are not followed, `..` and absolute
//! paths are refused). Forgives what a crash leaves: a torn last line of the transcript, a transcript that
//! isn't there. Refuses the rest with a message that names the file, the line and what can be done. Nothing
//! here writes.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Zoned};
use serde::Deserialize;

use super::manifest::{FORMAT, Manifest, Start};

mod find;

pub use find::{Found, Listing, list, of_part, resolve};

/// File of the manifest.
pub const MANIFEST: &str = "session.json";
/// File of the transcript.
pub const TRANSCRIPT: &str = "transcript.jsonl";
/// File of the journal.
pub const JOURNAL: &str = "events.jsonl";

/// A take's entry has about 400 bytes; a device that reopens every 5 s for a day makes 17 000 of them (7 MB).
const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// A segment has at most 28 s; its words and their times fit 100 times into this. So does the longest line of
/// a journal: one `closed` line for thousands of tracks.
pub(crate) const LINE_BYTES_MAX: u64 = 1 << 20;
/// A week of eight tracks has some 400 MB of journal.
pub(crate) const JOURNAL_BYTES_MAX: u64 = 4 << 30;
/// Ten years in seconds: beyond it a time is garbage, and arithmetic on it would be too.
const SECONDS_MAX: f64 = 10.0 * 366.0 * 86_400.0;

/// Why a session can't be read, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing goes by that name.
    #[error("there is no session {name:?} in {}{}; `hansard list` shows what there is", dir.display(), hint(near))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The recordings folder.
        dir: PathBuf,
        /// The most similar id.
        near: Option<String>,
    },
    /// Two folders hold a session of the same id.
    #[error("several folders hold the session {name:?} ({} and {}); give the path", one.display(), other.display())]
    Ambiguous { name: String, one: PathBuf, other: PathBuf },
    /// A part of a name that several sessions have.
    #[error(
        "several sessions have {part:?} in their names: {}; give more of it, or the number in `hansard list`",
        some(ids)
    )]
    Several {
        /// What was asked for.
        part: String,
        /// The ids of those sessions, the newest first.
        ids: Vec<String>,
    },
    /// `last~N` beyond the first one.
    #[error("there is no {name}: there are {count} sessions here; `hansard list` shows them")]
    TooFarBack {
        /// What was asked for.
        name: String,
        /// How many sessions there are.
        count: usize,
    },
    /// `last` of nothing.
    #[error("there is no session in {} yet; `hansard record` makes one", dir.display())]
    Empty {
        /// The recordings folder.
        dir: PathBuf,
    },
    /// A folder without a manifest.
    #[error("{} is not a session: it has no {MANIFEST}", dir.display())]
    NotASession { dir: PathBuf },
    /// A session that lost its manifest.
    #[error(
        "{} has lost its {MANIFEST}; the sound in tracks/ and the journal {JOURNAL} are there: `hansard recover {}` rebuilds it",
        dir.display(),
        dir.display()
    )]
    NoManifest { dir: PathBuf },
    /// Never followed.
    #[error("{} is a symbolic link, which is not followed inside a session; put the file itself there", path.display())]
    Link { path: PathBuf },
    /// A folder, a pipe or a device in a file's place.
    #[error("{} is not a regular file", path.display())]
    NotAFile { path: PathBuf },
    /// More than any recording makes.
    #[error("{} is larger than {limit} bytes, which no recording makes; it is not read", path.display())]
    TooLarge {
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// Some other program's file.
    #[error("{} was not written by Hansard: it has no format number ({source})", path.display())]
    Foreign {
        path: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// Another version's file.
    #[error(
        "{} has format {found}; this version of Hansard reads format {FORMAT}: use the version that recorded it, or a newer one",
        path.display()
    )]
    Format {
        path: PathBuf,
        /// The number in it.
        found: u64,
    },
    /// Our format, but not in order.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        path: PathBuf,
        /// What and where.
        what: String,
    },
    /// The system's own error.
    #[error("can't read {}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The first of many names.
fn some(ids: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown = ids.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn hint(near: &Option<String>) -> String {
    near.as_ref().map(|id| format!(" (did you mean {id:?}?)")).unwrap_or_default()
}

impl ReadError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }

    /// Whether the machine failed rather than the input being wrong.
    pub fn is_failure(&self) -> bool {
        use io::ErrorKind::{InvalidInput, NotADirectory, NotFound, PermissionDenied};
        matches!(self, Self::Io { source, .. }
            if !matches!(source.kind(), NotFound | NotADirectory | PermissionDenied | InvalidInput))
    }
}

/// Path of a file inside the session in `dir`, checked not to lead out of it through a link.
pub(crate) fn inside(dir: &Path, file: &str) -> Result<PathBuf, ReadError> {
    let mut path = dir.to_owned();
    for part in Path::new(file).components() {
        path.push(part);
        if path.is_symlink() {
            return Err(ReadError::Link { path });
        }
    }
    Ok(path)
}

/// How the clock on the wall read `seconds` after `start`. The zone's rules count where they are known here
/// and agree with the offset that was noted, so that a night in which the clocks change comes out right; else
/// the offset alone.
pub fn wall(start: &Start, seconds: f64) -> Zoned {
    let offset = parse_offset(&start.offset).unwrap_or(Offset::UTC);
    let zone = start
        .zone
        .as_deref()
        .and_then(|name| TimeZone::get(name).ok())
        .filter(|zone| zone.to_offset(start.utc) == offset)
        .unwrap_or_else(|| TimeZone::fixed(offset));
    let millis = (seconds.clamp(-SECONDS_MAX, SECONDS_MAX) * 1000.0).round() as i64;
    let at = start.utc.checked_add(SignedDuration::from_millis(millis)).unwrap_or(start.utc);
    at.to_zoned(zone)
}

/// Whether the clock on the wall shows this time twice that day, or never: only with its offset it says when
/// it was.
pub fn is_ambiguous(at: &Zoned) -> bool {
    at.time_zone().to_ambiguous_zoned(at.datetime()).is_ambiguous()
}

/// `+01:00`, `-03:30`, `Z`.
fn parse_offset(text: &str) -> Option<Offset> {
    if text == "Z" {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two_digits = |part: &str| {
        (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<i32>().ok())
            .flatten()
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes).filter(|m| *m < 60)?);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// Opens a regular file inside a session. Links are refused, and opening can't block on a pipe somebody put
/// there.
pub(crate) fn open_plain(path: &Path, limit: u64) -> Result<Option<File>, ReadError> {
    let data = match fs::symlink_metadata(path) {
        Ok(data) => data,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ReadError::io(path, error)),
    };
    if data.is_symlink() {
        return Err(ReadError::Link { path: path.to_owned() });
    }
    if !data.is_file() {
        return Err(ReadError::NotAFile { path: path.to_owned() });
    }
    if data.len() > limit {
        return Err(ReadError::TooLarge { path: path.to_owned(), limit });
    }
    File::open(path).map(Some).map_err(|error| ReadError::io(path, error))
}

/// The manifest of the session in `dir`, checked.
pub fn read_manifest(dir: &Path) -> Result<Manifest, ReadError> {
    /// Read before anything else: a newer format may differ in everything but this.
    #[derive(Deserialize)]
    struct Head {
        format: u64,
    }
    let path = dir.join(MANIFEST);
    let Some(file) = open_plain(&path, MANIFEST_BYTES_MAX)? else {
        let dir = dir.to_owned();
        return Err(match dir.join(JOURNAL).exists() {
            true => ReadError::NoManifest { dir },
            false => ReadError::NotASession { dir },
        });
    };
    let mut bytes = Vec::new();
    file.take(MANIFEST_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| ReadError::io(&path, error))?;
    let head: Head =
        serde_json::from_slice(&bytes).map_err(|source| ReadError::Foreign { path: path.clone(), source })?;
    if head.format != u64::from(FORMAT) {
        return Err(ReadError::Format { path, found: head.format });
    }
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| ReadError::damaged(&path, error.to_string()))?;
    check_manifest(&manifest).map_err(|what| ReadError::damaged(&path, what))?;
    Ok(manifest)
}

/// Every path stays inside the folder, every number can be computed with.
pub(crate) fn check_manifest(manifest: &Manifest) -> Result<(), String> {
    if !is_time(manifest.duration) || manifest.duration < 0.0 {
        return Err(format!("a duration of {} s", manifest.duration));
    }
    if parse_offset(&manifest.start.offset).is_none() {
        return Err(format!("{:?} is not an offset from UTC such as +01:00", manifest.start.offset));
    }
    for source in &manifest.sources {
        if !is_plain_name(&source.track) {
            return Err(format!("{:?} can't be the name of a track", source.track));
        }
    }
    for take in &manifest.takes {
        let inside = Path::new(&take.file).components().all(|part| matches!(part, Component::Normal(_)));
        if take.file.is_empty() || !inside {
            return Err(format!(
                "take {} of {:?} lies outside the session: {:?}",
                take.take, take.track, take.file
            ));
        }
        if take.rate.0 == 0 || !is_time(take.offset) || !take.clock.is_sane(is_time) {
            return Err(format!("take {} of {:?} has an impossible rate or offset", take.take, take.track));
        }
        if take.foreign.iter().any(|(from, to)| from > to) {
            return Err(format!(
                "take {} of {:?} has a stretch that ends before it begins",
                take.take, take.track
            ));
        }
    }
    Ok(())
}

pub(crate) fn is_time(seconds: f64) -> bool {
    seconds.is_finite() && seconds.abs() <= SECONDS_MAX
}

pub(crate) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\', '\0']) && name != "." && name != ".."
}

//! Which sessions there are, and which one a user means.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::{Manifest, ReadError, read_manifest};
use crate::session::amend;

/// A session in a listing: the transcript has not been read.
#[derive(Debug, Clone)]
pub struct Found {
    pub dir: PathBuf,
    /// `session.json`.
    pub manifest: Manifest,
}

/// What a recordings folder holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// In the order in which they were made, oldest first; of equal times by id. An import of an old file is
    /// made when it is imported.
    pub sessions: Vec<Found>,
    /// Folders that look like sessions but can't be read, and why.
    pub unreadable: Vec<(PathBuf, ReadError)>,
}

/// All sessions in a recordings folder. A folder that doesn't exist holds none; folders of other things are
/// passed over.
pub fn list(recordings: &Path) -> Result<Listing, ReadError> {
    let entries = match fs::read_dir(recordings) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Listing::default()),
        Err(error) => return Err(ReadError::io(recordings, error)),
    };
    let mut listing = Listing::default();
    for entry in entries {
        let dir = entry.map_err(|error| ReadError::io(recordings, error))?.path();
        if !dir.is_dir() {
            continue;
        }
        match read_manifest(&dir) {
            Ok(manifest) => listing.sessions.push(Found { dir, manifest }),
            Err(ReadError::NotASession { .. }) => {}
            Err(error) => listing.unreadable.push((dir, error)),
        }
    }
    listing.sessions.sort_by(|a, b| {
        (a.manifest.start.made(), &a.manifest.id, &a.dir).cmp(&(
            b.manifest.start.made(),
            &b.manifest.id,
            &b.dir,
        ))
    });
    listing.unreadable.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(listing)
}

/// The folder of the session that a user means by `s`. What has a `/` in it is a path. A bare name is, in
/// this order: a folder in `recordings` or an id; `last` (the one made last) and `last~1` (the one
/// before); the number that `hansard list` shows (1 is the last one); a session of that path; a part of an
/// id or a title, but no number, that only one session has.
///
/// # Errors
/// No session is meant by it, or several are.
pub fn resolve(recordings: &Path, s: &str) -> Result<PathBuf, ReadError> {
    let path = Path::new(s);
    let is_name = path.components().count() == 1
        && matches!(path.components().next(), Some(Component::Normal(name)) if name == path.as_os_str());
    if !is_name {
        return match path.metadata() {
            Ok(data) if data.is_dir() => Ok(path.to_owned()),
            Ok(_) => Err(ReadError::NotASession { dir: path.to_owned() }),
            Err(_) if s.is_empty() => {
                Err(ReadError::Unknown { name: String::new(), dir: recordings.to_owned(), near: None })
            }
            Err(error) => Err(ReadError::io(path, error)),
        };
    }
    let folder = recordings.join(s);
    if s != LAST && folder.is_dir() {
        return Ok(folder);
    }
    let sessions = list(recordings)?.sessions;
    let mut of_that_id = sessions.iter().filter(|found| found.manifest.id == s);
    match (of_that_id.next(), of_that_id.next()) {
        (Some(one), None) => return Ok(one.dir.clone()),
        (Some(one), Some(other)) => {
            return Err(ReadError::Ambiguous {
                name: s.to_owned(),
                one: one.dir.clone(),
                other: other.dir.clone(),
            });
        }
        (None, _) => {}
    }
    if let Some(back) = back(s) {
        return match sessions.len().checked_sub(back + 1) {
            Some(place) => Ok(sessions[place].dir.clone()),
            None if sessions.is_empty() => Err(ReadError::Empty { dir: recordings.to_owned() }),
            None => Err(ReadError::TooFarBack { name: s.to_owned(), count: sessions.len() }),
        };
    }
    let number = s.parse::<usize>().ok();
    let place = number.and_then(|number| sessions.len().checked_sub(number));
    if let Some(place) = place.filter(|place| *place < sessions.len()) {
        return Ok(sessions[place].dir.clone());
    }
    if path.join(super::MANIFEST).is_file() || path.join(super::JOURNAL).is_file() {
        return Ok(path.to_owned());
    }
    // A number that no session has is not looked for in the digits of their dates and times.
    let meant = if number.is_some() { Vec::new() } else { of_part(&sessions, s) };
    match &meant[..] {
        [one] => Ok(one.dir.clone()),
        [] if path.is_dir() => Ok(path.to_owned()),
        [] => Err(ReadError::Unknown {
            name: s.to_owned(),
            dir: recordings.to_owned(),
            near: nearest(s, sessions.iter().map(|found| found.manifest.id.as_str())),
        }),
        several => Err(ReadError::Several {
            part: s.to_owned(),
            ids: several.iter().rev().map(|found| found.manifest.id.clone()).collect(),
        }),
    }
}

/// The session made last.
const LAST: &str = "last";

/// How many sessions before the last one `last` (0) or `last~2` (2) means; `None` if it is something else.
fn back(s: &str) -> Option<usize> {
    match s.strip_prefix(LAST)? {
        "" => Some(0),
        rest => rest.strip_prefix('~')?.parse().ok(),
    }
}

/// The sessions that have `part` in their ids, the names of their folders or their titles, in any case. Where
/// none has, titles that people gave later are looked at, for which journals are read.
pub fn of_part<'a>(sessions: &'a [Found], part: &str) -> Vec<&'a Found> {
    let part = part.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&part);
    let is_meant = |found: &&Found| {
        let folder = found.dir.file_name().map(|name| name.to_string_lossy());
        has(&found.manifest.id) || folder.is_some_and(|name| has(&name)) || has(&found.manifest.title)
    };
    let meant: Vec<&Found> = sessions.iter().filter(is_meant).collect();
    if !meant.is_empty() {
        return meant;
    }
    sessions.iter().filter(|found| amend::title(&found.dir).is_some_and(|title| has(&title))).collect()
}

/// The most similar name, if one is similar at all; a part of a name counts as similar.
fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let likeness = |name: &str| {
        let part = if wanted.len() >= 3 && name.contains(wanted) { 1.0 } else { 0.0 };
        strsim::jaro_winkler(wanted, name).max(part)
    };
    names
        .map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}

//! Which sessions there are, and which one a user means.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::{Manifest, ReadError, read_manifest};

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

/// The folder of the session that a user means by `s`: `last` (the one made last), an id or a folder's name
/// in `recordings`, or a path. What has a `/` in it is always a path; a bare name is looked up in
/// `recordings` first.
pub fn resolve(recordings: &Path, s: &str) -> Result<PathBuf, ReadError> {
    if s == "last" {
        let found = list(recordings)?.sessions.pop();
        return found.map(|found| found.dir).ok_or_else(|| ReadError::Empty { dir: recordings.to_owned() });
    }
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
    if folder.is_dir() {
        return Ok(folder);
    }
    let sessions = list(recordings)?.sessions;
    let mut of_that_id = sessions.iter().filter(|found| found.manifest.id == s);
    match (of_that_id.next(), of_that_id.next()) {
        (Some(one), None) => Ok(one.dir.clone()),
        (Some(one), Some(other)) => {
            Err(ReadError::Ambiguous { name: s.to_owned(), one: one.dir.clone(), other: other.dir.clone() })
        }
        (None, _) if path.is_dir() => Ok(path.to_owned()),
        (None, _) => Err(ReadError::Unknown {
            name: s.to_owned(),
            dir: recordings.to_owned(),
            near: nearest(s, sessions.iter().map(|found| found.manifest.id.as_str())),
        }),
    }
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

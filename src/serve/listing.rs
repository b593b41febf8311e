//! The list of sessions as the page looks at it again and again: a session is read anew only when the system
//! says that its manifest or its journal has changed. Nothing of it is kept on the disk.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::Date;

use super::problem::Problem;
use super::sessions::{Row, row};
use crate::session::lock::SessionLock;
use crate::session::manifest::State;
use crate::session::read::{self, Found, JOURNAL, MANIFEST, ReadError, wall};

/// What changed so lately may change again within the same tick of a file system's clock: it is not believed.
const TICK: Duration = Duration::from_secs(2);

/// What was read of each folder.
#[derive(Default)]
pub(super) struct Shelf(Mutex<HashMap<PathBuf, Known>>);

struct Known {
    stamp: Vec<(u64, SystemTime)>,
    listed: Listed,
}

/// What a folder is.
#[derive(Clone)]
enum Listed {
    Session(Box<Entry>),
    Other,
    Unreadable(String),
}

/// A session of the list.
#[derive(Clone)]
pub(super) struct Entry {
    made: Timestamp,
    id: String,
    /// Nobody has written that it is over.
    goes_on: bool,
    /// Local day of the meeting.
    pub day: Date,
    pub row: Row,
    /// What a search in the list looks at, in small letters.
    pub text: String,
}

/// What lies in the folder of recordings.
#[derive(Default)]
pub(super) struct Listing {
    /// The newest first.
    pub sessions: Vec<Entry>,
    pub unreadable: Vec<String>,
}

impl Shelf {
    /// The sessions as they are now.
    pub(super) fn look(&self, recordings: &Path) -> Result<Listing, Problem> {
        let mut listing = Listing::default();
        let entries = match std::fs::read_dir(recordings) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(listing),
            Err(error) => return Err(unreadable(recordings, &error)),
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut there = HashSet::new();
        for entry in entries {
            let dir = entry.map_err(|error| unreadable(recordings, &error))?.path();
            if !dir.is_dir() {
                continue;
            }
            match listed(&mut known, &dir) {
                Listed::Session(entry) => listing.sessions.push(*entry),
                Listed::Unreadable(why) => listing.unreadable.push(why),
                Listed::Other => {}
            }
            there.insert(dir);
        }
        known.retain(|dir, _| there.contains(dir));
        drop(known);
        for entry in &mut listing.sessions {
            // Whether somebody has it no file's time tells.
            let in_use = SessionLock::is_held(&recordings.join(&entry.row.id));
            entry.row.unfinished = entry.goes_on && !in_use;
            entry.row.in_use = in_use;
        }
        listing.sessions.sort_by(|a, b| (b.made, &b.id, &b.row.id).cmp(&(a.made, &a.id, &a.row.id)));
        listing.unreadable.sort();
        Ok(listing)
    }
}

fn unreadable(recordings: &Path, error: &std::io::Error) -> Problem {
    Problem::failed(format!("can't read {}: {error}", recordings.display()))
}

fn listed(known: &mut HashMap<PathBuf, Known>, dir: &Path) -> Listed {
    let now = SystemTime::now();
    let mut is_fresh = false;
    let stamp = [MANIFEST, JOURNAL].map(|file| {
        let Ok(data) = std::fs::metadata(dir.join(file)) else { return (0, SystemTime::UNIX_EPOCH) };
        let changed = data.modified().unwrap_or(now);
        is_fresh |= now.duration_since(changed).is_ok_and(|age| age < TICK) || changed > now;
        (data.len(), changed)
    });
    if let Some(known) = known.get(dir).filter(|known| known.stamp == stamp) {
        return known.listed.clone();
    }
    let listed = match read::read_manifest(dir) {
        Ok(manifest) => {
            let (made, id, day) =
                (manifest.start.made(), manifest.id.clone(), wall(&manifest.start, 0.0).date());
            let goes_on = manifest.state == State::Recording;
            let row = row(&Found { dir: dir.to_owned(), manifest });
            let text = format!("{} {} {}", row.title, row.people.join(" "), row.id).to_lowercase();
            Listed::Session(Box::new(Entry { made, id, goes_on, day, row, text }))
        }
        Err(ReadError::NotASession { .. }) => Listed::Other,
        Err(error) => Listed::Unreadable(error.to_string()),
    };
    if is_fresh {
        known.remove(dir);
    } else {
        known.insert(dir.to_owned(), Known { stamp: stamp.to_vec(), listed: listed.clone() });
    }
    listed
}

//! Which files of a folder have arrived: those that have stopped changing. By looking again and again, which
//! works on network folders, too, and needs nothing of the system.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A file that has not been written to for so long had arrived before anybody looked.
const OLD: Duration = Duration::from_secs(60);
/// Ends of names that programs give to files that are not whole yet.
const PARTIAL: [&str; 7] = ["part", "partial", "crdownload", "download", "tmp", "temp", "filepart"];

/// A file as it lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// When it was written to last.
    pub(super) modified: SystemTime,
}

impl Found {
    /// As it lies there now.
    pub(super) fn at(path: &Path) -> std::io::Result<Self> {
        let data = path.metadata()?;
        Ok(Self { path: path.into(), bytes: data.len(), modified: data.modified()? })
    }

    /// Its name in the folder.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// What was seen at the last look.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    seen: HashMap<OsString, Found>,
}

/// What a look shows.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Files that are whole, the oldest first.
    pub(super) arrived: Vec<Found>,
    /// Files that still grow, or are empty.
    pub(super) growing: Vec<Found>,
}

impl Arrivals {
    /// Looks at the folder: what has not changed since the last look, or not for a long time, has arrived.
    ///
    /// # Errors
    /// The folder can't be read.
    pub(super) fn look(&mut self, folder: &Path) -> std::io::Result<Look> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            // One that is gone again, or can't be seen, is looked at the next time.
            let is_file = || path.metadata().is_ok_and(|data| data.is_file());
            if path.file_name().is_some_and(|name| !is_unfinished(name)) && is_file() {
                files.extend(Found::at(&path));
            }
        }
        Ok(self.sort(files, SystemTime::now()))
    }

    fn sort(&mut self, files: Vec<Found>, now: SystemTime) -> Look {
        let mut look = Look::default();
        let mut seen = HashMap::new();
        for file in files {
            let key = file.path.file_name().unwrap_or_default().to_owned();
            let is_old = now.duration_since(file.modified).is_ok_and(|age| age >= OLD);
            let is_whole = file.bytes > 0 && (is_old || self.seen.get(&key) == Some(&file));
            seen.insert(key, file.clone());
            let place = if is_whole { &mut look.arrived } else { &mut look.growing };
            place.push(file);
        }
        self.seen = seen;
        look.arrived.sort_by(|a, b| (a.modified, &a.path).cmp(&(b.modified, &b.path)));
        look
    }
}

/// Whether a file of that name is hidden, a backup, or still being written by the program that named it so.
fn is_unfinished(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    let end = name.rsplit_once('.').map(|(_, end)| end);
    name.starts_with(['.', '~']) || name.ends_with('~') || end.is_some_and(|end| PARTIAL.contains(&end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: u64, age_s: u64, now: SystemTime) -> Found {
        Found { path: Path::new("/f").join(name), bytes, modified: now - Duration::from_secs(age_s) }
    }

    #[test]
    fn a_file_has_arrived_once_it_has_stopped_changing() {
        let now = SystemTime::now();
        let mut arrivals = Arrivals::default();
        let names = |found: &[Found]| found.iter().map(Found::name).collect::<Vec<_>>();
        let look = arrivals.sort(vec![file("new", 5, 1, now), file("old", 5, 90, now)], now);
        assert_eq!((names(&look.arrived), names(&look.growing)), (vec!["old".into()], vec!["new".into()]));
        // It has grown, then it has not.
        for (bytes, arrived) in [(9, false), (9, true)] {
            let look = arrivals.sort(vec![file("new", bytes, 1, now)], now);
            assert_eq!(look.arrived.len() == 1, arrived);
        }
        // An empty one never has; a clock that runs behind another makes nothing old.
        let ahead = Found { modified: now + Duration::from_secs(3_600), ..file("ahead", 5, 0, now) };
        for _ in 0..2 {
            let look = arrivals.sort(vec![file("empty", 0, 90, now)], now);
            assert_eq!(names(&look.growing), ["empty"]);
        }
        assert_eq!(arrivals.sort(vec![ahead.clone()], now).arrived, []);
        assert_eq!(arrivals.sort(vec![ahead], now).arrived.len(), 1);
    }

    #[test]
    fn what_is_being_written_is_known_by_its_name() {
        for name in [".a.wav", "a.wav.part", "A.CRDOWNLOAD", "a.wav~", "~$a.wav", "a.tmp"] {
            assert!(is_unfinished(OsStr::new(name)), "{name}");
        }
        for name in ["a.wav", "part", "a.part.wav", "tmp.opus"] {
            assert!(!is_unfinished(OsStr::new(name)), "{name}");
        }
    }
}

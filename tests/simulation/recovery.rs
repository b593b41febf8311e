//! What must be true of a crash's remains once they have been mended.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hansard::base::units::Frames;
use hansard::care::recover::{RecoverError, Recovered, recover};
use hansard::care::verify::verify;
use hansard::clock::SystemClock;
use hansard::session::disk::SystemDisk;
use hansard::session::manifest::{Manifest, State, TakeEntry};

use super::world::{Moment, Ran};
use crate::simulation::disk::Crash;
use crate::support::session::{journal, read_manifest};

/// Mending is total, deletes nothing, keeps what was promised, and is done after one time.
pub fn check(ran: &Ran, dir: &Path, moment: &Moment) {
    let before = files(dir);
    let recovered = match recover(&SystemDisk, &SystemClock, dir, false) {
        Ok(recovered) => recovered,
        Err(RecoverError::NotASession { .. }) if moment.takes.iter().all(Vec::is_empty) => return,
        Err(error) => panic!("it can't be mended: {error}"),
    };
    let after = files(dir);
    for (file, bytes) in &before {
        let left = after.get(file).unwrap_or_else(|| panic!("{} was deleted", file.display()));
        let is_track = file.starts_with("tracks");
        assert!(!is_track || left.len() + 256 > bytes.len(), "{} was cut", file.display());
    }
    if let Some(damage) = &recovered.damage {
        // Then no more than playable tracks is promised; what was durable is in them all the same.
        assert!(moment.point.crash == Crash::PowerCut, "a kill damages no journal: {damage}");
    } else {
        check_session(ran, dir, moment, &recovered);
    }
    let again = recover(&SystemDisk, &SystemClock, dir, false)
        .unwrap_or_else(|error| panic!("the second time: {error}"));
    assert!(!again.changed, "the second time it changes something: {again:?}");
    assert!(files(dir) == after, "the second time other bytes come out");
}

fn check_session(ran: &Ran, dir: &Path, moment: &Moment, recovered: &Recovered) {
    let manifest = read_manifest(dir);
    assert_eq!(manifest.state, State::Closed);
    for (entry, durable) in moment.takes.iter().flatten() {
        check_take(ran, dir, &manifest, entry, *durable, moment.point.crash);
    }
    for take in &manifest.takes {
        let wav = hound::WavReader::open(dir.join(&take.file));
        let wav = wav.unwrap_or_else(|error| panic!("{} does not open: {error}", take.file));
        assert!(u64::from(wav.duration()) >= take.frames.0, "{} is shorter than it is said to be", take.file);
    }
    // Its numbers have no holes, its lines are whole.
    assert!(!journal(dir).is_empty());
    let report = verify(dir).unwrap_or_else(|error| panic!("what was mended can't be verified: {error}"));
    assert!(report.problems.is_empty(), "what was mended is not well: {:?}\n{recovered:?}", report.problems);
}

/// What had been durable stands in the session, as it was written; after a kill, what had been written.
fn check_take(ran: &Ran, dir: &Path, manifest: &Manifest, entry: &TakeEntry, durable: Frames, crash: Crash) {
    let promised = if crash == Crash::Kill { entry.frames } else { durable };
    let Some(mended) = manifest.takes.iter().find(|take| take.file == entry.file) else {
        assert_eq!(promised, Frames(0), "{} is not in the mended session", entry.file);
        return;
    };
    assert!(mended.frames >= promised, "{} of {promised} frames of {} are left", mended.frames, entry.file);
    let frame = u64::from(entry.channels) * entry.format.bytes();
    let span = entry.data_offset as usize..(entry.data_offset + promised.0 * frame) as usize;
    let read = |dir: &Path| fs::read(dir.join(&entry.file)).expect("a track's file");
    assert!(read(dir)[span.clone()] == read(&ran.dir)[span], "{} was altered", entry.file);
}

/// All files below a folder, but for hidden ones: the lock, a half-made manifest.
pub fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')) {
                let bytes = fs::read(&entry).expect("a file");
                files.insert(entry.strip_prefix(dir).expect("it lies there").to_owned(), bytes);
            }
        }
    }
    files
}

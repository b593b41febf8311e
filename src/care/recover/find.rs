//! What lies in a session's folder that its journal does not name.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::base::units::{Frames, SampleRate};
use crate::care::replay::{Replay, Started};
use crate::session::manifest::{ClockFit, Manifest, SourceEntry, SourceKind, Start, TakeEntry};
use crate::session::names::{SLUG_MAX, slug};
use crate::session::read::{JOURNAL, MANIFEST};
use crate::session::wav::{Layout, OnDisk};

/// More takes than a recorder makes in a day of a device that comes and goes; files beyond them are somebody
/// else's.
const FILES_MAX: usize = 100_000;

/// Whether a folder has anything of a session in it.
pub(super) fn looks_like_a_session(dir: &Path) -> bool {
    let there = |name: &str| fs::symlink_metadata(dir.join(name)).is_ok();
    there(JOURNAL) || there(MANIFEST) || !track_files(dir).is_empty()
}

/// Names of the files in `tracks/` that could be takes, in order: `alice.wav`, `alice.2.wav` …
fn track_files(dir: &Path) -> Vec<String> {
    let tracks = dir.join("tracks");
    // A link would lead out of the session.
    if !fs::symlink_metadata(&tracks).is_ok_and(|data| data.is_dir()) {
        return Vec::new();
    }
    let Ok(entries) = fs::read_dir(tracks) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| take_of(name).is_some()).take(FILES_MAX).collect();
    names.sort_by_key(|name| take_of(name));
    names
}

/// Track and number of the take that a file's name states.
fn take_of(name: &str) -> Option<(String, u32)> {
    let stem = name.strip_suffix(".wav")?;
    let (track, number) = match stem.split_once('.') {
        None => (stem, 1),
        // Only as a recorder writes them: not `alice.02.wav`, not `alice.1.wav`.
        Some((track, number)) => {
            let n: u32 = number.parse().ok().filter(|n| *n > 1)?;
            (track, Some(n).filter(|n| n.to_string() == number)?)
        }
    };
    (track.len() <= SLUG_MAX && slug(track) == track).then(|| (track.to_owned(), number))
}

/// Takes whose beginning never reached the journal, with what their own headers say; and files that say
/// nothing.
pub(super) fn strays(dir: &Path, replay: &Replay) -> (Vec<TakeEntry>, Vec<String>) {
    let known: HashSet<&str> = replay.takes.iter().map(|take| take.entry.file.as_str()).collect();
    let (mut takes, mut silent) = (Vec::new(), Vec::new());
    for name in track_files(dir) {
        let file = format!("tracks/{name}");
        let Some((track, take)) = take_of(&name).filter(|_| !known.contains(file.as_str())) else { continue };
        if !replay.sources().iter().any(|source| source.track == track) {
            continue;
        }
        let layout = match OnDisk::open(&dir.join(&file)) {
            Ok(Some(disk)) => Layout::read(&disk.head),
            Ok(None) | Err(_) => None,
        };
        match layout {
            Some((layout, data_offset)) => takes.push(entry(replay, &track, take, file, layout, data_offset)),
            None => silent.push(file),
        }
    }
    (takes, silent)
}

/// A take that the journal lost the beginning of. The first one begins with the session; a later one not
/// before the take before it ended, nor before the journal's last line, which a commit made durable up to a
/// second earlier.
fn entry(
    replay: &Replay,
    track: &str,
    take: u32,
    file: String,
    layout: Layout,
    data_offset: u64,
) -> TakeEntry {
    let before = replay.of_track(track).last().map(|take| take.clock.time_of(take.frames()));
    let offset = before.map_or(0.0, |end| end.max(replay.last_s));
    TakeEntry {
        track: track.to_owned(),
        take,
        file,
        rate: layout.rate,
        channels: layout.channels,
        format: layout.format,
        data_offset,
        frames: Frames(0),
        offset,
        clock: ClockFit::nominal(offset, layout.rate),
        foreign: Vec::new(),
    }
}

/// The beginning of a session whose journal has none: as its manifest tells it, else as its folder does.
pub(super) fn started(dir: &Path, manifest: Option<&Manifest>) -> Started {
    if let Some(manifest) = manifest {
        return Started {
            id: manifest.id.clone(),
            title: manifest.title.clone(),
            start: manifest.start.clone(),
            sources: manifest.sources.clone(),
        };
    }
    let name = dir.canonicalize().ok().and_then(|dir| Some(dir.file_name()?.to_string_lossy().into_owned()));
    let name = name.unwrap_or_else(|| "session".into());
    let mut tracks: Vec<String> = track_files(dir).iter().filter_map(|file| Some(take_of(file)?.0)).collect();
    tracks.dedup();
    let source = |track: String| SourceEntry {
        name: track.clone(),
        track,
        // What it was nobody knows any more; a loss of it must be reported.
        kind: SourceKind::Mic,
        spec: String::new(),
        device: None,
        device_name: None,
        channel: None,
        language: None,
        speakers: None,
    };
    Started {
        id: name.clone(),
        title: name,
        start: Start {
            utc: made_at(dir),
            zone: None,
            offset: "+00:00".into(),
            clock_known: true,
            made: None,
        },
        sources: tracks.into_iter().map(source).collect(),
    }
}

/// When a session's folder was made, as near as its files tell: the earliest change of any of them.
fn made_at(dir: &Path) -> jiff::Timestamp {
    let files = track_files(dir).into_iter().map(|name| dir.join("tracks").join(name));
    let changed = files.chain([dir.to_owned(), dir.join(JOURNAL)]).filter_map(|path| {
        let time = fs::symlink_metadata(path).and_then(|data| data.modified()).ok()?;
        jiff::Timestamp::try_from(time).ok()
    });
    changed.min().unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// The rate at which a track counts.
pub(super) fn rate_of(replay: &Replay, track: &str) -> SampleRate {
    replay.of_track(track).last().map_or(SampleRate::HZ_48000, |take| take.entry.rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_takes_by_their_names() {
        for (name, take) in [
            ("alice.wav", Some(("alice", 1))),
            ("alice-2.13.wav", Some(("alice-2", 13))),
            ("alice.1.wav", None),
            ("alice.02.wav", None),
            ("alice.-2.wav", None),
            ("alice.2.3.wav", None),
            (".wav", None),
            ("..wav", None),
            ("Alice.wav", None),
            ("alice.WAV", None),
            ("alice.txt", None),
            ("alice.99999999999.wav", None),
        ] {
            assert_eq!(take_of(name), take.map(|(track, n)| (track.to_owned(), n)), "{name}");
        }
    }
}

//! `voices.jsonl`: the voices that were told apart in a session, a voice a line, and behind them lines of
//! when each speaks, `{"voice", "turns"}`. It may be written anew at any time and holds nothing that a person
//! said of them: names that people gave are in the journal ([`amend`](super::amend)).
//!
//! Promises: bounded memory, no panic on any file. A file that isn't there has no voices; a line that can't
//! be understood, or that contradicts itself or one before it, is passed over: its voice goes by its number
//! then, and by the times of its lines. No vector stands here: what a voice sounds like is nobody's business
//! who reads a transcript.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::lines::LineReader;
use super::read::{ReadError, is_plain_name, is_time};
use crate::base::units::Frames;

/// File of the voices.
pub const VOICES: &str = "voices.jsonl";
/// File of what the voices sound like: a line `{"id", "centroid"}` for each. It is derived from the sound,
/// may be deleted at any time, and is for the user alone.
pub const VECTORS: &str = "voices.vectors";
/// A voice has some 300 bytes.
const VOICES_BYTES_MAX: u64 = 16 << 20;
/// More than anybody can tell apart.
const VOICES_MAX: usize = 10_000;
/// Turns on one line of the file: some 16 bytes each.
const TURNS_A_LINE: usize = 4_000;

/// The voices of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Voices {
    /// In the order of the file; ids are unique.
    pub entries: Vec<VoiceEntry>,
    /// By id, when each of them speaks: from and to in session seconds, by start. Several may speak at once.
    /// None for a voice of which only its lines are known.
    pub turns: BTreeMap<String, Vec<(f64, f64)>>,
}

/// A line of turns.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TurnsLine<'a> {
    voice: Cow<'a, str>,
    /// From and to in thousandths of session seconds.
    turns: Vec<(u64, u64)>,
}

/// Replaces what the voices of the session in `dir` sound like: the id and the direction of each.
///
/// # Errors
/// The disk refused.
pub fn write_vectors<'a>(
    disk: &dyn Disk,
    dir: &Path,
    vectors: impl Iterator<Item = (&'a str, &'a [f32])>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    for (id, centroid) in vectors {
        serde_json::to_writer(&mut bytes, &Vector { id: id.into(), centroid: centroid.into() })?;
        bytes.push(b'\n');
    }
    disk.replace(&dir.join(VECTORS), &bytes)
}

/// Deletes what the voices of the session in `dir` sound like; whether there was such a file.
///
/// # Errors
/// The disk refused.
pub fn clear_vectors(disk: &dyn Disk, dir: &Path) -> io::Result<bool> {
    match disk.remove(&dir.join(VECTORS)) {
        Ok(()) => disk.sync_dir(dir).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Deletes what the voices sound like of all sessions in `recordings` of which that was written more than so
/// many days ago. A folder that can't be looked into is passed over.
pub fn clear_old_vectors(disk: &dyn Disk, recordings: &Path, days: u32) {
    let Ok(folders) = std::fs::read_dir(recordings) else { return };
    let kept = Duration::from_secs(u64::from(days) * 24 * 3600);
    for dir in folders.filter_map(|folder| Some(folder.ok()?.path())) {
        let written = std::fs::symlink_metadata(dir.join(VECTORS)).and_then(|file| file.modified());
        let is_old = |written: SystemTime| written.elapsed().is_ok_and(|age| age >= kept);
        if written.is_ok_and(is_old)
            && let Err(error) = clear_vectors(disk, &dir)
        {
            tracing::warn!(%error, dir = %dir.display(), "what voices sound like is kept beyond its time");
        }
    }
}

/// Deletes what some voices of the session in `dir` sound like, by their ids. Where the file can't be
/// understood all of it goes: it can be made anew.
///
/// # Errors
/// The disk refused.
pub fn forget_vectors(disk: &dyn Disk, dir: &Path, ids: &HashSet<String>) -> io::Result<()> {
    let mut kept = Vec::new();
    let Ok(lines) = LineReader::open(&dir.join(VECTORS), VOICES_BYTES_MAX) else {
        return clear_vectors(disk, dir).map(drop);
    };
    let Some(mut lines) = lines else { return Ok(()) };
    while let Ok(Some(line)) = lines.next_line() {
        let vector = serde_json::from_slice::<Vector<'_>>(line.bytes);
        kept.extend(vector.ok().filter(|vector| !ids.contains(vector.id.as_ref())).map(|vector| Vector {
            id: vector.id.into_owned().into(),
            centroid: vector.centroid.into_owned().into(),
        }));
    }
    write_vectors(disk, dir, kept.iter().map(|vector| (vector.id.as_ref(), vector.centroid.as_ref())))
}

/// A line of the file of what voices sound like.
#[derive(Serialize, Deserialize)]
struct Vector<'a> {
    id: Cow<'a, str>,
    centroid: Cow<'a, [f32]>,
}

/// One voice of one track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoiceEntry {
    /// Identity within the session, as [`id`] gives it.
    pub id: String,
    /// Track it is heard on.
    pub track: String,
    /// From 1 within the track.
    pub number: u32,
    /// Seconds that it speaks.
    pub seconds: f64,
    /// Session seconds at which it is first heard.
    pub first: f64,
    /// Where it can be heard alone; `None` where no such place was found.
    #[serde(default)]
    pub sample: Option<Sample>,
    /// Id of the voice of another track that is the same person; `None` where none is.
    #[serde(default)]
    pub linked: Option<String>,
    /// Whom of those who are enrolled it is held to be; `None` where it is like none of them.
    #[serde(default)]
    pub print: Option<Print>,
}

/// A stretch of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Take of the voice's track.
    pub take: u32,
    /// First frame in that take.
    pub from: Frames,
    /// One past its last frame.
    pub to: Frames,
}

/// That a voice is like somebody who is enrolled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Print {
    /// Name of that person.
    pub name: String,
    /// Their id among those who are enrolled.
    pub person: String,
    /// How like they are, up to 1.
    pub cosine: f64,
    /// Like enough to call the voice by that name.
    pub sure: bool,
}

/// Identity of the `number`-th voice of a track, from 1.
pub fn id(track: &str, number: u32) -> String {
    format!("{track}#{number}")
}

/// Track and number of a voice's id; `None` where it is none.
pub fn parts(id: &str) -> Option<(&str, u32)> {
    let (track, number) = id.rsplit_once('#')?;
    let number = number.parse().ok().filter(|number| *number > 0)?;
    (is_plain_name(track) && self::id(track, number) == id).then_some((track, number))
}

impl Voices {
    /// Reads the voices of the session in `dir`.
    ///
    /// # Errors
    /// The file is there and can't be read, or has more voices than there can be.
    pub fn read(dir: &Path) -> Result<Self, ReadError> {
        let path = dir.join(VOICES);
        let (mut entries, mut seen) = (Vec::new(), HashSet::new());
        let mut turns: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        let Some(mut lines) = LineReader::open(&path, VOICES_BYTES_MAX)? else { return Ok(Self::default()) };
        while let Some(line) = lines.next_line()? {
            if let Ok(line) = serde_json::from_slice::<TurnsLine<'_>>(line.bytes) {
                turns.entry(line.voice.clone().into_owned()).or_default().extend(line.sane());
                continue;
            }
            let Ok(entry) = serde_json::from_slice::<VoiceEntry>(line.bytes) else { continue };
            if !entry.is_sane() || !seen.insert(entry.id.clone()) {
                continue;
            }
            if entries.len() == VOICES_MAX {
                return Err(ReadError::damaged(
                    &path,
                    format!(
                        "more than {VOICES_MAX} voices; without that file the session is read without them"
                    ),
                ));
            }
            entries.push(entry);
        }
        turns.retain(|voice, turns| seen.contains(voice) && !turns.is_empty());
        turns.values_mut().for_each(|turns| turns.sort_by(|a, b| a.0.total_cmp(&b.0)));
        Ok(Self { entries, turns })
    }

    /// Replaces the voices of the session in `dir`: at any moment the old ones or the new ones are there.
    ///
    /// # Errors
    /// The disk refused.
    pub fn write(disk: &dyn Disk, dir: &Path, voices: &Self) -> io::Result<()> {
        let mut bytes = Vec::new();
        for entry in &voices.entries {
            serde_json::to_writer(&mut bytes, entry)?;
            bytes.push(b'\n');
        }
        let millis = |seconds: f64| (seconds.max(0.0) * 1000.0).round() as u64;
        for (voice, turns) in &voices.turns {
            for turns in turns.chunks(TURNS_A_LINE) {
                let turns = turns.iter().map(|(from, to)| (millis(*from), millis(*to))).collect();
                serde_json::to_writer(&mut bytes, &TurnsLine { voice: voice.into(), turns })?;
                bytes.push(b'\n');
            }
        }
        disk.replace(&dir.join(VOICES), &bytes)
    }

    /// The voice of that id.
    pub fn get(&self, id: &str) -> Option<&VoiceEntry> {
        self.entries.iter().find(|entry| entry.id == id)
    }
}

impl TurnsLine<'_> {
    /// Those that are stretches of a session, in seconds.
    fn sane(&self) -> impl Iterator<Item = (f64, f64)> {
        let seconds = |millis: u64| millis as f64 / 1000.0;
        let turns = self.turns.iter().map(move |(from, to)| (seconds(*from), seconds(*to)));
        turns.filter(|(from, to)| from < to && is_time(*to))
    }
}

impl VoiceEntry {
    /// Whether it can be computed with and agrees with itself.
    fn is_sane(&self) -> bool {
        parts(&self.id) == Some((&self.track, self.number))
            && is_time(self.seconds)
            && self.seconds >= 0.0
            && is_time(self.first)
            && self.sample.is_none_or(|sample| sample.from < sample.to)
            && self.print.as_ref().is_none_or(|print| print.cosine.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::disk::SystemDisk;

    fn voice(track: &str, number: u32) -> VoiceEntry {
        VoiceEntry {
            id: id(track, number),
            track: track.into(),
            number,
            seconds: 83.2,
            first: 4.1,
            sample: Some(Sample { take: 1, from: Frames(48_000), to: Frames(240_000) }),
            linked: None,
            print: Some(Print { name: "Carol".into(), person: "carol".into(), cosine: 0.61, sure: true }),
        }
    }

    #[test]
    fn what_is_written_is_read_and_is_the_users_alone() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Voices::read(dir.path()).unwrap(), Voices::default());
        let linked =
            VoiceEntry { linked: Some(id("room", 1)), sample: None, print: None, ..voice("call", 2) };
        let old = Voices { entries: vec![voice("old", 1)], ..Voices::default() };
        let many = (0..TURNS_A_LINE + 7).map(|n| (n as f64, n as f64 + 1.5)).collect();
        let turns = BTreeMap::from([(id("room", 1), many), (id("call", 2), vec![(0.25, 3.0)])]);
        let voices = Voices { entries: vec![voice("room", 1), linked], turns };
        Voices::write(&SystemDisk, dir.path(), &old).unwrap();
        Voices::write(&SystemDisk, dir.path(), &voices).unwrap();
        assert_eq!(Voices::read(dir.path()).unwrap(), voices);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(dir.path().join(VOICES)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn what_voices_sound_like_is_kept_for_its_days() {
        let recordings = tempfile::tempdir().unwrap();
        let dirs = ["old", "new"].map(|name| recordings.path().join(name));
        for dir in &dirs {
            std::fs::create_dir(dir).unwrap();
            write_vectors(&SystemDisk, dir, [("room#1", &[0.5_f32, 0.25][..])].into_iter()).unwrap();
        }
        let ago = SystemTime::now() - Duration::from_secs(31 * 24 * 3600);
        std::fs::File::open(dirs[0].join(VECTORS)).unwrap().set_modified(ago).unwrap();
        clear_old_vectors(&SystemDisk, recordings.path(), 30);
        assert_eq!(dirs.each_ref().map(|dir| dir.join(VECTORS).exists()), [false, true]);
        clear_old_vectors(&SystemDisk, recordings.path(), 0);
        assert!(!dirs[1].join(VECTORS).exists());
        clear_old_vectors(&SystemDisk, &recordings.path().join("nowhere"), 0);
    }

    #[test]
    fn what_is_no_voice_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let good = serde_json::to_string(&voice("room", 1)).unwrap();
        let lines = [
            good.replace("83.2", "-1"),
            good.replace("83.2", "1e300"),
            good.replace("\"room\"", "\"other\""),
            good.replace("room#1", "room#01"),
            good.replace("room", "../room"),
            good.replace("240000", "48000"),
            good.replace('}', ""),
            "[".repeat(100_000),
            // What other versions add is no reason to pass it over; the first of an id counts.
            good.replace("\"track\"", "\"centroid\":[0.1],\"track\""),
            good.replace("Carol", "Mallory"),
            "{\"voice\":\"room#1\",\"turns\":[[5000,4000],[9000,9500],[1,18446744073709551615],[250,750]]}"
                .into(),
            "{\"voice\":\"room#1\",\"turns\":[[-1,2]]}".into(),
            "{\"voice\":\"nobody#1\",\"turns\":[[1,2]]}".into(),
            "{\"id\":\"room#2\",\"track\":\"room\",\"number\":2,\"seconds\":1,\"first\":0}".into(),
            good[..20].into(),
        ];
        std::fs::write(dir.path().join(VOICES), lines.join("\n")).unwrap();
        let read = Voices::read(dir.path()).unwrap();
        assert_eq!(read.entries.len(), 2);
        assert_eq!(read.turns, BTreeMap::from([(id("room", 1), vec![(0.25, 0.75), (9.0, 9.5)])]));
        assert_eq!((&read.entries[0], read.entries[1].number), (&voice("room", 1), 2));
        assert_eq!(read.get("room#2").map(|entry| &entry.sample), Some(&None));
    }

    #[test]
    fn ids_are_taken_apart_as_they_are_put_together() {
        assert_eq!(parts("room#12"), Some(("room", 12)));
        for none in
            ["room", "room#", "room#0", "room#-1", "room#1x", "room#+1", "#1", "a/b#1", "room#99999999999"]
        {
            assert_eq!(parts(none), None, "{none}");
        }
    }
}

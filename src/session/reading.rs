//! A session as a whole: the manifest, the transcript, and what people added to them, as every verb that
//! shows or exports something sees it. Promises and refuses what [`read`](super::read) does.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::Zoned;

use super::amend::Amendments;
use super::lines::LineReader;
use super::manifest::{Manifest, SourceEntry, TakeEntry};
use super::mark::Mark;
use super::people::Names;
use super::read::{LINE_BYTES_MAX, ReadError, TRANSCRIPT, inside, is_time, read_manifest, wall};
use super::texted::{Pending, Texted};
use super::times;
use super::voices::Voices;
use crate::base::units::SampleRate;
use crate::base::utterance::Utterance;

/// A day of eight people who never stop makes about 200 MB with all word times.
const TRANSCRIPT_BYTES_MAX: u64 = 512 << 20;

/// A session as it lies on disk at the moment of reading.
#[derive(Debug, Clone)]
pub struct Session {
    pub dir: PathBuf,
    /// `session.json`.
    pub manifest: Manifest,
    /// The last revision of each utterance, by start, under its display name and without the passages that
    /// people hid; withheld ones and echoes are among them. None of these names may be written to the
    /// session: [`Session::latest`] has what stands there.
    pub utterances: Vec<Utterance>,
    /// All revisions in the order they were written.
    pub history: Vec<Utterance>,
    /// The transcript's last line was torn by a crash and left out.
    pub torn_tail: bool,
    /// What people added. The title and the names in `manifest` are those that they gave.
    pub amendments: Amendments,
    /// How far the text is made.
    pub texted: Texted,
    /// The voices that were told apart.
    pub voices: Voices,
    /// What they are called.
    pub names: Names,
    /// Names of the sources as they were recorded.
    recorded_names: Vec<String>,
}

impl Session {
    /// Reads manifest and transcript of the session in `dir`. Times of utterances are those that the clocks
    /// in the manifest say.
    pub fn open(dir: &Path) -> Result<Self, ReadError> {
        Self::open_as_of(dir, usize::MAX, u64::MAX)
    }

    /// The same with the first `lines` of the transcript and the first `journal` lines of what people added:
    /// as it was then, but for times and voices, which are as they are told now.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_as_of(dir: &Path, lines: usize, journal: u64) -> Result<Self, ReadError> {
        let mut manifest = read_manifest(dir)?;
        let (mut history, torn_tail) = read_transcript(&dir.join(TRANSCRIPT))?;
        history.truncate(lines);
        let (amendments, texted) = (Amendments::read_until(dir, journal)?, Texted::read(dir)?);
        let voices = Voices::read(dir)?;
        let lines = latest(&history);
        let names = Names::new(&manifest.sources, &voices, &amendments, &lines);
        let shown = |line: &Utterance| {
            let amended = amendments.amended(line);
            let speaker = names.of_line(line).map(str::to_owned);
            Utterance { speaker: speaker.unwrap_or(amended.speaker), ..amended }
        };
        let mut utterances: Vec<Utterance> = lines.iter().map(shown).collect();
        times::derive(&manifest, &mut utterances);
        utterances.sort_by(by_time);
        let recorded_names = manifest.sources.iter().map(|source| source.name.clone()).collect();
        for source in &mut manifest.sources {
            source.name = amendments.name_of(&source.name, 0);
        }
        if let Some(title) = &amendments.details.title {
            manifest.title.clone_from(title);
        }
        let dir = dir.to_owned();
        Ok(Self {
            dir,
            manifest,
            utterances,
            history,
            torn_tail,
            amendments,
            texted,
            voices,
            names,
            recorded_names,
        })
    }

    /// The last revision of each utterance as it was written, by start.
    pub fn latest(&self) -> Vec<Utterance> {
        latest(&self.history)
    }

    /// The last revision of an utterance as it was written.
    pub fn written(&self, id: &str) -> Option<&Utterance> {
        self.history.iter().filter(|line| line.id == id).max_by_key(|line| line.rev)
    }

    /// The name of a source as it was recorded, which a text that is made now is written under.
    pub fn recorded_name<'a>(&'a self, source: &'a SourceEntry) -> &'a str {
        let place = self.manifest.sources.iter().position(|other| other.track == source.track);
        place.and_then(|place| self.recorded_names.get(place)).map_or(&source.name, String::as_str)
    }

    /// What of the text has not been made yet; `None` means that all of it is.
    pub fn pending(&self) -> Option<Pending> {
        let tracks = self.manifest.sources.iter().map(|source| source.track.as_str());
        self.texted.pending(tracks, &self.utterances)
    }

    /// What somebody marked, by time.
    pub fn marks(&self) -> &[Mark] {
        &self.amendments.marks
    }

    /// The source that a track was recorded from.
    pub fn source(&self, track: &str) -> Option<&SourceEntry> {
        self.manifest.sources.iter().find(|source| source.track == track)
    }

    /// Nominal rate of a track's first take.
    pub fn rate(&self, track: &str) -> Option<SampleRate> {
        self.manifest.takes.iter().find(|take| take.track == track).map(|take| take.rate)
    }

    /// Path of a take's file, checked not to lead out of the session through a link.
    pub fn take_path(&self, take: &TakeEntry) -> Result<PathBuf, ReadError> {
        inside(&self.dir, &take.file)
    }

    /// How the clock on the wall read at a session time (seconds), in the zone of the meeting.
    pub fn wall(&self, seconds: f64) -> Zoned {
        wall(&self.manifest.start, seconds)
    }
}

/// Number (from 1) and first byte of the transcript's first line that a power cut left as it does: pages that
/// were never written are zeros.
pub(crate) fn transcript_hole(path: &Path) -> Result<Option<(u64, u64)>, ReadError> {
    let Some(mut lines) = LineReader::open(path, TRANSCRIPT_BYTES_MAX)? else { return Ok(None) };
    while let Some(line) = lines.next_line()? {
        if line.bytes.contains(&0) {
            return Ok(Some((line.number, line.at)));
        }
    }
    Ok(None)
}

/// All lines, and whether the last one was torn. A file that isn't there has none.
fn read_transcript(path: &Path) -> Result<(Vec<Utterance>, bool), ReadError> {
    let mut utterances = Vec::new();
    let Some(mut lines) = LineReader::open(path, TRANSCRIPT_BYTES_MAX)? else {
        return Ok((utterances, false));
    };
    while let Some(line) = lines.next_line()? {
        let number = line.number;
        if line.is_too_long() {
            let what = format!("line {number} is longer than {LINE_BYTES_MAX} bytes");
            return Err(ReadError::damaged(path, what));
        }
        if line.bytes.trim_ascii().is_empty() {
            continue;
        }
        match parse_line(line.bytes) {
            Ok(utterance) => utterances.push(utterance),
            // Only what a crash can leave is forgiven: a line without its end.
            Err(_) if !line.has_end() => return Ok((utterances, true)),
            Err(what) => {
                let what =
                    format!("line {number}: {what}; the other lines are readable once that one is taken out");
                return Err(ReadError::damaged(path, what));
            }
        }
    }
    Ok((utterances, false))
}

fn parse_line(line: &[u8]) -> Result<Utterance, String> {
    let utterance: Utterance = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let words = utterance.words.iter().flat_map(|word| [word.start, word.end]);
    match [utterance.start, utterance.end].into_iter().chain(words).find(|time| !is_time(*time)) {
        Some(time) => Err(format!("{time} s is not a time in a session")),
        None => Ok(utterance),
    }
}

/// The highest revision of each id (of equal ones the one written last), by start, then end, then id.
fn latest(history: &[Utterance]) -> Vec<Utterance> {
    let mut last: HashMap<&str, &Utterance> = HashMap::new();
    for utterance in history {
        let slot = last.entry(&utterance.id).or_insert(utterance);
        if utterance.rev >= slot.rev {
            *slot = utterance;
        }
    }
    let mut utterances: Vec<Utterance> = last.into_values().cloned().collect();
    utterances.sort_by(by_time);
    utterances
}

fn by_time(a: &Utterance, b: &Utterance) -> std::cmp::Ordering {
    a.start.total_cmp(&b.start).then(a.end.total_cmp(&b.end)).then_with(|| a.id.cmp(&b.id))
}

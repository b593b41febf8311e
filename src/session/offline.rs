//! A finished session as the analysis side sees it: tracks that have stopped growing, and files to append to.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::{Disk, DiskFile, SystemDisk};
use super::journal::{Event, Journal, Line};
use super::read::Session;
use super::track::{TakeShared, TrackShared};
use crate::actors::SessionSink;
use crate::audio::units::SessionNs;
use crate::speech::transcript::Utterance;

/// The tracks of a session, as far as their files go: a file that is shorter than the manifest says is read to its end.
pub fn tracks(session: &Session) -> io::Result<Vec<Arc<TrackShared>>> {
    let mut tracks = Vec::new();
    for source in &session.manifest.sources {
        let track = Arc::new(TrackShared::new(&source.track, &source.name, source.kind));
        for take in session.manifest.takes.iter().filter(|take| take.track == source.track) {
            let mut entry = take.clone();
            let frame = u64::from(entry.channels.max(1)) * entry.format.bytes();
            let path = session.take_path(take).map_err(io::Error::other)?;
            let bytes = std::fs::metadata(&path)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?
                .len();
            let there = bytes.saturating_sub(entry.data_offset) / frame;
            // A recorder that was killed left more in the file than the manifest knows of.
            entry.frames.0 = there;
            let shared = Arc::new(TakeShared::new(entry));
            shared.close();
            track.add_take(shared);
        }
        track.set_finished();
        tracks.push(track);
    }
    Ok(tracks)
}

/// Appends to the journal and the transcript of a finished session. Ids that are there already get the next revision.
pub struct OfflineSink {
    inner: Mutex<Inner>,
}

struct Inner {
    journal: Journal,
    transcript: Box<dyn DiskFile>,
    revisions: HashMap<String, u32>,
    /// Ids that were written by this run.
    written: HashMap<String, u32>,
    error: Option<io::Error>,
}

impl OfflineSink {
    /// Opens the files of `session`, whose lock is held.
    pub fn open(session: &Session) -> io::Result<Self> {
        let disk = SystemDisk;
        let seq = next_seq(&session.dir.join("events.jsonl"))?;
        let revisions = session.utterances.iter().map(|u| (u.id.clone(), u.rev + 1)).collect();
        let mut transcript = disk.append(&session.dir.join("transcript.jsonl"))?;
        // Whatever the last line was, the next one begins on its own.
        if !ends_with_newline(&session.dir.join("transcript.jsonl"))? {
            transcript.write_all(b"\n")?;
        }
        Ok(Self {
            inner: Mutex::new(Inner {
                journal: Journal::resume(&disk, &session.dir.join("events.jsonl"), seq)?,
                transcript,
                revisions,
                written: HashMap::new(),
                error: None,
            }),
        })
    }

    /// What stood in the minutes before and was not found again is withheld as "replaced"; it stays in the transcript.
    pub fn replace_rest(&self, before: &[Utterance]) {
        for old in before {
            let again = self.inner().written.contains_key(&old.id);
            if !again && old.withheld.as_deref() != Some("replaced") {
                let mut replaced = old.clone();
                replaced.withheld = Some("replaced".into());
                self.write_utterance(replaced);
            }
        }
    }

    /// Syncs everything; the first error that there was.
    pub fn finish(&self) -> io::Result<()> {
        let mut inner = self.inner();
        if let Some(error) = inner.error.take() {
            return Err(error);
        }
        inner.transcript.sync_data()?;
        inner.journal.sync()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionSink for OfflineSink {
    fn write_utterance(&self, mut utterance: Utterance) {
        let mut inner = self.inner();
        let next = inner.revisions.get(&utterance.id).copied().unwrap_or(0);
        utterance.rev = next;
        inner.revisions.insert(utterance.id.clone(), next + 1);
        inner.written.insert(utterance.id.clone(), next);
        let result = serde_json::to_vec(&utterance).map_err(io::Error::other).and_then(|mut line| {
            line.push(b'\n');
            inner.transcript.write_all(&line)
        });
        if let Err(error) = result {
            inner.error.get_or_insert(error);
        }
    }

    fn note(&self, event: Event) {
        let mut inner = self.inner();
        // After the recording there is no session time; the wall clock in the line tells when.
        if let Err(error) = inner.journal.append(SessionNs(0), event) {
            inner.error.get_or_insert(error);
        }
    }
}

/// The number of the next line; a torn last line counts as none.
fn next_seq(path: &Path) -> io::Result<u64> {
    let mut next = 0;
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        if let Ok(line) = serde_json::from_slice::<Line>(&line?) {
            next = line.seq + 1;
        }
    }
    Ok(next)
}

fn ends_with_newline(path: &Path) -> io::Result<bool> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = File::open(path)?;
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}

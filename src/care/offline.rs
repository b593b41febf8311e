//! A finished session as the analysis side sees it: tracks that have stopped growing, and files to append to.
//!
//! Promises: nothing outside the session's folder is written, wherever it comes from; no line that was
//! written before is lost, but for one that a crash tore. The caller holds the session's lock, or shares it
//! as long work does: then each line is written in a turn, after what others wrote in theirs was read.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::units::SessionNs;
use crate::base::utterance::Utterance;
use crate::clock::Clock;
use crate::live::{Bus, News, SessionSink, TranscriptLine};
use crate::revise::pass::{Pass, REPLACED};
use crate::session::disk::{Disk, DiskFile, SystemDisk};
use crate::session::erased::Part;
use crate::session::journal::{Event, Journal, Line, OnLine};
use crate::session::line_tail::LineTail;
use crate::session::lines::LineReader;
use crate::session::lock::{LongWork, SessionLock};
use crate::session::read::{self, JOURNAL, JOURNAL_BYTES_MAX, LINE_BYTES_MAX, ReadError, TRANSCRIPT};
use crate::session::reading::Session;
use crate::session::shared::{TakeShared, TrackShared};
use crate::session::wav::{CHANNELS, RATES};

/// Why the text work can't begin, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// Something of the session can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A track's file is not there, or is something else.
    #[error("the track {} can't be read ({error}); without it nothing is done, so that no text is lost", path.display())]
    Track {
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The sound is not kept any more.
    #[error(
        "the sound of this session was removed on {day} ({by}): what was made of it stays, nothing can be heard again"
    )]
    SoundRemoved {
        day: String,
        /// What wanted it.
        by: String,
    },
    /// The manifest holds what no recorder writes.
    #[error("session.json is damaged: take {take} of {track:?} has {channels} channel(s) at {rate} Hz")]
    Impossible { track: String, take: u32, channels: u16, rate: u32 },
    /// A file of the session can't be written.
    #[error("can't write {}: {error}", path.display())]
    Write {
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl OfflineError {
    /// Whether the machine failed rather than the input being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Read(error) => error.is_failure(),
            Self::Write { error, .. } => error.kind() != io::ErrorKind::PermissionDenied,
            Self::Track { .. } | Self::SoundRemoved { .. } | Self::Impossible { .. } => false,
        }
    }
}

/// The tracks of a session, as far as their files go: a file that is shorter than the manifest says is read
/// to its end, and a recorder that was killed left more in it than the manifest knows of.
pub fn tracks(session: &Session) -> Result<Vec<Arc<TrackShared>>, OfflineError> {
    let mut tracks = Vec::new();
    for source in &session.manifest.sources {
        let track = Arc::new(TrackShared::new(&source.track, session.recorded_name(source), source.kind));
        for take in session.manifest.takes.iter().filter(|take| take.track == source.track) {
            let mut entry = take.clone();
            if !RATES.contains(&entry.rate.0) || !CHANNELS.contains(&entry.channels) {
                let (track, take) = (entry.track, entry.take);
                let (channels, rate) = (entry.channels, entry.rate.0);
                return Err(OfflineError::Impossible { track, take, channels, rate });
            }
            let path = session.take_path(take)?;
            let bytes =
                sound_file_bytes(&path).map_err(|error| match session.amendments.erased(Part::Sound) {
                    Some(erased) => OfflineError::SoundRemoved { day: erased.day(), by: erased.by.clone() },
                    None => OfflineError::Track { path, error },
                })?;
            let frame = u64::from(entry.channels) * entry.format.bytes();
            entry.frames.0 = bytes.saturating_sub(entry.data_offset) / frame;
            let shared = Arc::new(TakeShared::new(entry));
            shared.close();
            track.add_take(shared);
        }
        track.set_finished();
        tracks.push(track);
    }
    Ok(tracks)
}

fn sound_file_bytes(path: &Path) -> io::Result<u64> {
    let data = std::fs::symlink_metadata(path)?;
    if data.is_file() { Ok(data.len()) } else { Err(io::Error::other("it is not a regular file")) }
}

/// What the journal says of the text work so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Number of the next line.
    next_seq: u64,
    /// Lines of the transcript that are older than the latest beginning of the text.
    begun_at: usize,
}

impl Past {
    /// Reads the journal in `dir`. One that is missing says nothing; a line that can't be understood is
    /// passed over.
    pub fn read(dir: &Path) -> Result<Self, OfflineError> {
        let mut past = Self::default();
        let Some(mut lines) = LineReader::open(&dir.join(JOURNAL), JOURNAL_BYTES_MAX)? else {
            return Ok(past);
        };
        while let Some(line) = lines.next_line()? {
            let Ok(line) = serde_json::from_slice::<Line>(line.bytes) else { continue };
            past.next_seq = line.seq.saturating_add(1);
            if let Event::TextBegun { lines } = line.event {
                past.begun_at = lines as usize;
            }
        }
        Ok(past)
    }

    /// Lines that the journal has.
    pub fn lines(&self) -> u64 {
        self.next_seq
    }

    /// Lines that the transcript had when its text was begun last.
    pub fn begun_at(&self) -> u64 {
        self.begun_at as u64
    }

    /// The utterances of the text that was begun last: those that a continuation goes on after.
    pub fn current<'a>(&self, session: &'a Session) -> impl Iterator<Item = &'a Utterance> + use<'a> {
        let lines = session.history.iter().skip(self.begun_at);
        lines.filter(|line| line.withheld.as_deref() != Some(REPLACED) && line.edited.is_none())
    }
}

/// Appends to the journal and the transcript of a finished session. Ids that are there already get the next
/// revision.
pub struct OfflineSink {
    inner: Mutex<Inner>,
    /// Where its lines are published.
    news: Bus,
    /// Lines that the transcript had.
    lines_before: u64,
}

struct Inner {
    clock: Arc<dyn Clock>,
    journal: Journal,
    transcript: Box<dyn DiskFile>,
    pass: Pass,
    news: Bus,
    /// `None` as long as the session is ours alone.
    shared: Option<Shared>,
    error: Option<io::Error>,
}

/// What is known of the files that others append to, too.
struct Shared {
    work: Arc<LongWork>,
    dir: PathBuf,
    /// What was not read yet of the journal and of the transcript.
    events: LineTail,
    lines: LineTail,
    /// Lines of the transcript that the session had.
    before: u64,
    /// Lines that people wrote and of which the text work does not know yet.
    corrected: Vec<Utterance>,
}

/// So many lines of a file are read at once.
const LINES_AT_ONCE: usize = 1_000;

impl OfflineSink {
    /// Opens the files of `session`, whose lock is held. With `resume` the text goes on, else it begins anew,
    /// which is journalled.
    pub fn open(
        disk: &dyn Disk,
        clock: Arc<dyn Clock>,
        session: &Session,
        past: Past,
        resume: bool,
    ) -> Result<Self, OfflineError> {
        let (journal, transcript) = (session.dir.join(JOURNAL), session.dir.join(TRANSCRIPT));
        let write = |path: &Path, error| OfflineError::Write { path: path.into(), error };
        mend_end(disk, &journal, |line| serde_json::from_slice::<Line>(line).is_ok())?;
        mend_end(disk, &transcript, |line| serde_json::from_slice::<Utterance>(line).is_ok())?;
        let current =
            if resume { past.current(session).map(|u| u.id.clone()).collect() } else { HashSet::new() };
        let news = Bus::new(&session.dir);
        let mut inner = Inner {
            clock,
            journal: Journal::resume(disk, &journal, past.next_seq)
                .map_err(|error| write(&journal, error))?,
            transcript: disk.append(&transcript).map_err(|error| write(&transcript, error))?,
            pass: Pass::new(session.latest(), current),
            news: news.clone(),
            shared: None,
            error: None,
        };
        if !resume {
            let begun = Event::TextBegun { lines: session.history.len() as u64 };
            let noted = inner.note(begun).and_then(|()| inner.journal.sync());
            noted.map_err(|error| write(&journal, error))?;
        }
        inner.journal.tell(publishing(&news));
        Ok(Self { inner: Mutex::new(inner), news, lines_before: session.history.len() as u64 })
    }

    /// From now on others append, too, in turns that `work` gives; until now the session was ours.
    ///
    /// # Errors
    /// Its files can't be read.
    pub fn share(&self, dir: &Path, work: &Arc<LongWork>) -> Result<(), OfflineError> {
        if !work.is_shared() {
            return Ok(());
        }
        let mut shared = Shared {
            work: Arc::clone(work),
            dir: dir.to_owned(),
            events: LineTail::new(dir.join(JOURNAL), 0),
            lines: LineTail::new(dir.join(TRANSCRIPT), 0),
            before: self.lines_before,
            corrected: Vec::new(),
        };
        for tail in [&mut shared.events, &mut shared.lines] {
            while !tail.read(LINES_AT_ONCE)?.is_empty() {}
        }
        self.inner().shared = Some(shared);
        Ok(())
    }

    /// Where its lines are published.
    pub fn news(&self) -> &Bus {
        &self.news
    }

    /// Appends a revision that a person wrote, as it is.
    pub fn write_edited(&self, utterance: &Utterance) {
        self.inner().in_turn(|inner| inner.append(utterance));
    }

    /// Appends and publishes a revision of a line that is there, or what was cut off one; not where a person
    /// has written meanwhile.
    pub fn write_revision(&self, revised: Utterance) {
        let mut written = Vec::new();
        self.inner().in_turn(|inner| {
            written = inner.pass.revised(revised);
            written.iter().for_each(|line| inner.append(line));
        });
        written.into_iter().for_each(|line| self.publish_utterance(line, 0));
    }

    /// The text is complete: what stood there before and was not found again is withheld; it stays in the
    /// transcript.
    pub fn replace_rest(&self) {
        self.inner().in_turn(|inner| {
            for utterance in inner.pass.replaced() {
                inner.append(&utterance);
            }
        });
    }

    /// The revision of an utterance that was written last.
    pub fn revision(&self, id: &str) -> u32 {
        self.inner().pass.revision(id)
    }

    /// Syncs everything; the first error that there was.
    pub fn finish(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.in_turn(|_| ());
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

/// Tells of each line of a journal.
fn publishing(news: &Bus) -> OnLine {
    let news = news.clone();
    Box::new(move |line| news.publish(News::Event(Arc::new(line))))
}

impl Inner {
    /// Does `write`, where the session is shared in a turn of ours and after what others have written.
    fn in_turn(&mut self, write: impl FnOnce(&mut Self)) {
        let work = self.shared.as_ref().map(|shared| Arc::clone(&shared.work));
        let turn = match work.as_ref().map(|work| work.turn()).transpose() {
            Ok(turn) => turn.flatten(),
            Err(error) => return self.failed(io::Error::other(error)),
        };
        // What the disk refused of ours stands torn at the end: who opens the files next mends that, and
        // nothing of ours is put at its place any more.
        if self.shared.is_some() && self.error.is_some() {
            return;
        }
        if let Err(error) = self.take_in() {
            return self.failed(error);
        }
        write(self);
        drop::<Option<SessionLock>>(turn);
    }

    /// Takes in what others have written since our last turn.
    fn take_in(&mut self) -> io::Result<()> {
        let Some(shared) = &mut self.shared else { return Ok(()) };
        let (mut events, mut lines) = (Vec::new(), Vec::new());
        read_on(&mut shared.events, &mut events)?;
        read_on(&mut shared.lines, &mut lines)?;
        events.retain(|line: &Line| line.seq >= self.journal.next_seq());
        let mut made = Vec::new();
        let mut theirs = Vec::new();
        for line in lines {
            if let Some(ours) = self.pass.meanwhile(Utterance::clone(&line)) {
                made.extend(ours);
                theirs.push(line);
            }
        }
        if events.is_empty() && theirs.is_empty() {
            return Ok(());
        }
        let (journal, transcript) = (shared.dir.join(JOURNAL), shared.dir.join(TRANSCRIPT));
        let next = events.iter().map(|line| line.seq.saturating_add(1)).max();
        let next = next.unwrap_or_else(|| self.journal.next_seq());
        // Ours goes on behind theirs.
        self.journal.sync()?;
        self.journal = Journal::resume(&SystemDisk, &journal, next)?;
        self.journal.tell(publishing(&self.news));
        self.transcript = SystemDisk.append(&transcript)?;
        let until = shared.before;
        shared.corrected.extend(theirs.iter().cloned());
        events.into_iter().for_each(|line| self.news.publish(News::Event(Arc::new(line))));
        for utterance in theirs {
            self.news.publish(News::Line(Arc::new(TranscriptLine { utterance, until })));
        }
        made.iter().for_each(|line| self.append(line));
        Ok(())
    }

    fn failed(&mut self, error: io::Error) {
        self.error.get_or_insert(error);
    }

    /// After the recording there is no session time; the wall clock in the line tells when.
    fn note(&mut self, event: Event) -> io::Result<()> {
        self.journal.append(SessionNs(0), self.clock.utc(), event)
    }

    /// Appends an utterance.
    fn append(&mut self, utterance: &Utterance) {
        let result = serde_json::to_vec(utterance).map_err(io::Error::other).and_then(|mut line| {
            line.push(b'\n');
            self.transcript.write_all(&line)
        });
        if let Err(error) = result {
            self.failed(error);
        }
    }
}

/// Reads what has come to a file of lines; what can't be understood is passed over.
fn read_on<T: serde::de::DeserializeOwned>(tail: &mut LineTail, lines: &mut Vec<T>) -> io::Result<()> {
    loop {
        let read = tail.read(LINES_AT_ONCE).map_err(io::Error::other)?;
        if read.is_empty() {
            return Ok(());
        }
        lines.extend(read.iter().filter_map(|(_, line)| serde_json::from_slice(line).ok()));
    }
}

impl SessionSink for OfflineSink {
    fn identify(&self, found: Utterance) -> Utterance {
        self.inner().pass.identify(found)
    }

    fn write_utterance(&self, utterance: Utterance) {
        self.inner().in_turn(|inner| {
            for utterance in inner.pass.found(utterance) {
                inner.append(&utterance);
            }
        });
    }

    fn publish_utterance(&self, utterance: Utterance, _until: u64) {
        let inner = self.inner();
        if inner.pass.is_a_persons(&utterance) {
            return;
        }
        let rev = inner.pass.revision(&utterance.id);
        drop(inner);
        let utterance = Utterance { rev, ..utterance };
        // Who reads on from the files reads all that was made in this pass: it knows what it was given.
        let line = TranscriptLine { utterance, until: self.lines_before };
        self.news.publish(News::Line(Arc::new(line)));
    }

    fn note(&self, event: Event) {
        self.inner().in_turn(|inner| {
            if let Err(error) = inner.note(event) {
                inner.failed(error);
            }
        });
    }

    fn corrected(&self) -> Vec<Utterance> {
        self.inner().shared.as_mut().map(|shared| std::mem::take(&mut shared.corrected)).unwrap_or_default()
    }
}

/// Makes a file of lines end with the end of a line, so that the next one stands on its own: a last line that
/// a crash tore is cut off (readers pass over it as long as it is the last one, and only so long), one that
/// merely lacks its end gets it.
fn mend_end(disk: &dyn Disk, path: &Path, is_whole: impl Fn(&[u8]) -> bool) -> Result<(), OfflineError> {
    let Some(mut file) = read::open_plain(path, u64::MAX)? else { return Ok(()) };
    let mended = last_line(&mut file).and_then(|(at, line)| {
        if line.is_empty() {
            return Ok(());
        }
        let mut file = disk.mend(path)?;
        if is_whole(&line) {
            file.seek(SeekFrom::End(0))?;
            file.write_all(b"\n")?;
        } else {
            file.set_len(at)?;
        }
        file.sync_data()
    });
    mended.map_err(|error| OfflineError::Write { path: path.into(), error })
}

/// Where the last line begins that has no end, and what stands there, at most [`LINE_BYTES_MAX`].
fn last_line(file: &mut File) -> io::Result<(u64, Vec<u8>)> {
    let length = file.seek(SeekFrom::End(0))?;
    let from = length.saturating_sub(LINE_BYTES_MAX);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(LINE_BYTES_MAX).read_to_end(&mut bytes)?;
    let begin = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
    Ok((from + begin as u64, bytes.split_off(begin)))
}

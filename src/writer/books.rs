//! What the writer writes down: the journal and the transcript, and which frames the journal vouches for.
//!
//! Every line of the journal passes [`Books::note`], every line of the transcript
//! [`Books::append_utterance`]. A frame is durable once the line that vouches for it is on the disk, and not
//! before. What the disk refuses is told once.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::track::Report;
use crate::base::units::Frames;
use crate::base::utterance::Utterance;
use crate::clock::SessionClock;
use crate::live::{Bus, News};
use crate::session::disk::{Disk, SyncHandle};
use crate::session::journal::{Event, Journal, Span};
use crate::session::lines::LineFile;
use crate::session::shared::TakeShared;

const JOURNAL: &str = "events.jsonl";
const TRANSCRIPT: &str = "transcript.jsonl";

/// Errors of the disk that are told at the end.
const ERRORS_MAX: usize = 100;

pub(super) struct Books {
    disk: Arc<dyn Disk>,
    clock: SessionClock,
    journal: Journal,
    /// Where the transcript is, and its file once there is a line for it.
    transcript_at: PathBuf,
    transcript: Option<LineFile>,
    /// Spans that are on the disk and of which the journal does not know yet.
    saved: Vec<(Arc<TakeShared>, Span)>,
    /// Frames for which the journal vouches with lines that are not known to be on the disk.
    vouched: Vec<(Arc<TakeShared>, Frames)>,
    /// So many of these, from the first on, become durable with the sync that is on its way.
    syncing: usize,
    errors: Vec<String>,
    /// Lines that a person wrote: no machine that did not know of it yet writes over them.
    by_people: HashSet<String>,
    /// A take began or ended since this was asked last.
    manifest_due: bool,
    /// Where its lines are published once they are handed to the disk.
    news: Bus,
}

impl Books {
    /// Creates the journal in `dir`, with its first line on the disk.
    pub(super) fn create(
        disk: Arc<dyn Disk>,
        dir: &Path,
        clock: SessionClock,
        started: Event,
    ) -> io::Result<Self> {
        let mut journal = Journal::create(&*disk, &dir.join(JOURNAL))?;
        let news = Bus::new(dir);
        let published = news.clone();
        journal.tell(Box::new(move |line| published.publish(News::Event(Arc::new(line)))));
        journal.append(clock.now(), clock.utc(), started)?;
        journal.sync()?;
        Ok(Self {
            disk,
            clock,
            journal,
            transcript_at: dir.join(TRANSCRIPT),
            transcript: None,
            saved: Vec::new(),
            vouched: Vec::new(),
            syncing: 0,
            errors: Vec::new(),
            by_people: HashSet::new(),
            manifest_due: false,
            news,
        })
    }

    /// Where its lines are published.
    pub(super) fn news(&self) -> &Bus {
        &self.news
    }

    /// Writes a line of the journal.
    pub(super) fn note(&mut self, event: Event) {
        self.manifest_due |= matches!(event, Event::TakeStarted(_) | Event::TakeEnded { .. });
        if let Err(error) = self.journal.append(self.clock.now(), self.clock.utc(), event) {
            self.refused(JOURNAL, &error);
        }
    }

    /// Number of the journal's next line. All before it are in the file, unless the disk refused them.
    pub(super) fn next_seq(&self) -> u64 {
        self.journal.next_seq()
    }

    /// Writes a line of the transcript. What a person wrote stands: a revision that was made without
    /// knowing of it comes too late.
    pub(super) fn append_utterance(&mut self, utterance: &Utterance) {
        if utterance.edited.is_some() {
            self.by_people.insert(utterance.id.clone());
        } else if self.by_people.contains(&utterance.id) {
            return;
        }
        if let Err(error) = self.try_append_utterance(utterance) {
            self.refused(TRANSCRIPT, &error);
        }
    }

    fn try_append_utterance(&mut self, utterance: &Utterance) -> io::Result<()> {
        let line = serde_json::to_vec(utterance)?;
        let transcript = match &mut self.transcript {
            Some(transcript) => transcript,
            None => self.transcript.insert(LineFile::new(self.disk.append(&self.transcript_at)?)?),
        };
        transcript.keep(&line)?;
        transcript.write_out()
    }

    /// Enters the reports of a track, in order.
    pub(super) fn enter(&mut self, reports: Vec<Report>) {
        for report in reports {
            match report {
                Report::Line(event) => self.note(event),
                Report::Saved(take, spans) => self.note_spans(&take, spans),
                Report::Refused(file, error) => self.refused(&file, &error),
                Report::Ended(file) => {
                    let name = file.shared().entry.file.clone();
                    // The header is valid and synced already; this writes the same one again.
                    if let Err(error) = file.close() {
                        self.refused(&name, &error);
                    }
                }
            }
        }
    }

    /// The disk refused something: it is journalled, logged, and told at the end, once: a full disk refuses
    /// every second.
    pub(super) fn refused(&mut self, file: &str, error: &io::Error) {
        if !self.remember(format!("the disk refused to write {file}: {error}")) {
            return;
        }
        tracing::info!(file, %error, "the disk refused to write");
        let event = Event::WriteError { file: file.into(), error: error.to_string() };
        if file == JOURNAL {
            self.news.publish(News::Unwritten(Arc::new(event)));
        } else {
            self.note(event);
        }
    }

    /// Remembers an error for the end; whether it is new.
    pub(super) fn remember(&mut self, error: String) -> bool {
        let new = !self.errors.contains(&error) && self.errors.len() < ERRORS_MAX;
        if new {
            self.errors.push(error);
        }
        new
    }

    /// Errors of the disk so far.
    pub(super) fn errors(&self) -> Vec<String> {
        self.errors.clone()
    }

    /// Whether a take began or ended since this was asked last: then the manifest is out of date.
    pub(super) fn manifest_is_due(&mut self) -> bool {
        std::mem::take(&mut self.manifest_due)
    }

    /// A span of a take is on the disk; [`Books::note_saved`] tells the journal.
    pub(super) fn save(&mut self, take: &Arc<TakeShared>, span: Span) {
        assert!(span.from < span.to && span.to <= take.written(), "only what was written is vouched for");
        self.saved.push((Arc::clone(take), span));
    }

    /// Tells the journal what was saved. To be called before anything else is noted of those takes.
    pub(super) fn note_saved(&mut self) {
        if self.saved.is_empty() {
            return;
        }
        let saved = std::mem::take(&mut self.saved);
        self.vouched.extend(saved.iter().map(|(take, span)| (Arc::clone(take), span.to)));
        self.note(Event::Commit { spans: saved.into_iter().map(|(_, span)| span).collect() });
    }

    /// Tells the journal what was saved of one take, after all that was saved before; a line for each span,
    /// since a line has one a take.
    fn note_spans(&mut self, take: &Arc<TakeShared>, spans: Vec<Span>) {
        self.note_saved();
        for span in spans {
            self.save(take, span);
            self.note_saved();
        }
    }

    /// The journal's lines are about to be synced elsewhere; `None` means that all are on the disk, or that
    /// the disk refuses.
    pub(super) fn begin_sync(&mut self) -> Option<SyncHandle> {
        match self.journal.begin_sync() {
            Ok(handle) => {
                self.syncing = self.vouched.len();
                handle
            }
            Err(error) => {
                self.refused(JOURNAL, &error);
                None
            }
        }
    }

    /// What came of that sync. With the journal's lines on the disk, what they vouch for is durable.
    pub(super) fn end_sync(&mut self, synced: io::Result<()>) {
        let syncing = std::mem::take(&mut self.syncing);
        match self.journal.end_sync(synced) {
            Ok(()) => self.vouched.drain(..syncing).for_each(|(take, to)| take.set_durable(to)),
            Err(error) => self.refused(JOURNAL, &error),
        }
    }

    /// Returns when the journal's lines are on the disk. Nothing else may be on its way.
    pub(super) fn sync(&mut self) {
        match self.journal.sync() {
            Ok(()) => self.vouched.drain(..).for_each(|(take, to)| take.set_durable(to)),
            Err(error) => self.refused(JOURNAL, &error),
        }
    }

    /// The transcript's lines are about to be synced elsewhere; `None` as above.
    pub(super) fn begin_transcript_sync(&mut self) -> Option<SyncHandle> {
        match self.transcript.as_mut()?.begin_sync() {
            Ok(handle) => handle,
            Err(error) => {
                self.refused(TRANSCRIPT, &error);
                None
            }
        }
    }

    /// What came of that sync.
    pub(super) fn end_transcript_sync(&mut self, synced: io::Result<()>) {
        if let Some(transcript) = &mut self.transcript
            && let Err(error) = transcript.end_sync(synced)
        {
            self.refused(TRANSCRIPT, &error);
        }
    }
}

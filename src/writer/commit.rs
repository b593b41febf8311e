//! What makes things durable: the group commit, the end of all tracks, the transcript's lines, the manifest.
//!
//! A commit is on its way for as long as the disk needs; sound is written meanwhile. First the files are
//! synced, then one line of the journal vouches for all of them, then the journal is synced. One commit at a
//! time.

use std::io;
use std::sync::Arc;

use super::{Closed, Writer};
use crate::base::units::Frames;
use crate::base::utterance::Utterance;
use crate::capture::drain::QUEUE_ITEMS;
use crate::clock::MonoNs;
use crate::session::disk::SyncHandle;
use crate::session::journal::{Event, Span};
use crate::session::lines::LineFile;
use crate::session::manifest::{GapCause, State};
use crate::session::shared::TakeShared;
use crate::writer::syncs::{Answer, Job};

/// The manifest's file.
pub(super) const MANIFEST: &str = "session.json";

/// A group commit that the disk has not answered.
pub(super) struct Commit {
    /// Since when.
    pub(super) since: MonoNs,
    stage: Stage,
}

enum Stage {
    /// These files are being synced, and after them the transcript.
    Files { takes: Vec<Staked>, transcript: bool },
    /// The journal's lines are, among them those that vouch for the first so many of [`Writer::vouched`].
    Journal { vouched: usize },
}

/// A take that is being synced.
struct Staked {
    device: usize,
    track: usize,
    take: Arc<TakeShared>,
}

impl Writer {
    /// Begins a group commit, unless one is on its way.
    pub(super) fn commit(&mut self, now: MonoNs) {
        if self.commit.is_some() {
            return;
        }
        self.publish_missing();
        let (mut takes, mut handles) = (Vec::new(), Vec::new());
        for device in 0..self.devices.len() {
            for track in 0..self.devices[device].tracks.len() {
                if let Some((take, handle)) = self.stake(device, track) {
                    takes.push(Staked { device, track, take });
                    handles.push(handle);
                }
            }
        }
        let transcript = match self.transcript.as_mut().map(LineFile::stake) {
            Some(Ok(handle)) => handle,
            Some(Err(error)) => {
                self.refused("transcript.jsonl", &error);
                None
            }
            None => None,
        };
        let stage = Stage::Files { takes, transcript: transcript.is_some() };
        handles.extend(transcript);
        self.commit = Some(Commit { since: now, stage });
        self.syncs.submit(Job::Sync(handles));
    }

    /// What one file holds goes into the commit.
    fn stake(&mut self, device: usize, track: usize) -> Option<(Arc<TakeShared>, SyncHandle)> {
        let file = self.devices[device].tracks[track].file.as_mut()?;
        if let Err(error) = file.flush() {
            self.give_up(device, track, &error, GapCause::WriteError);
            return None;
        }
        Some((Arc::clone(file.shared()), file.stake()?))
    }

    /// Does what is to be done once the disk has answered.
    pub(super) fn take_answers(&mut self) {
        while let Some(answer) = self.syncs.poll() {
            self.take_answer(answer);
        }
    }

    /// Waits until the disk has answered everything that it was asked.
    pub(super) fn settle(&mut self) {
        while let Some(answer) = self.syncs.wait() {
            self.take_answer(answer);
        }
    }

    fn take_answer(&mut self, answer: Answer) {
        match answer {
            Answer::Synced(results) => match self.commit.take() {
                Some(Commit { since, stage: Stage::Files { takes, transcript } }) => {
                    self.files_synced(takes, transcript, results);
                    self.commit_journal(since);
                }
                Some(Commit { stage: Stage::Journal { vouched }, .. }) => {
                    let settled = self.journal.settle(results.into_iter().collect());
                    self.journal_synced(vouched, settled);
                }
                None => tracing::error!("the disk answered what nobody had asked"),
            },
            Answer::Replaced(replaced) => {
                self.replacing = false;
                if let Err(error) = replaced {
                    self.refused(MANIFEST, &error);
                }
                if self.manifest_due {
                    self.save_manifest();
                }
            }
        }
    }

    fn files_synced(&mut self, takes: Vec<Staked>, transcript: bool, results: Vec<io::Result<()>>) {
        let mut results = results.into_iter();
        for (Staked { device, track, take }, synced) in takes.into_iter().zip(&mut results) {
            // A file that was closed or given up meanwhile was committed then.
            let file = self.devices[device].tracks[track].file.as_mut();
            let Some(file) = file.filter(|file| Arc::ptr_eq(file.shared(), &take)) else { continue };
            match file.settle(synced) {
                Ok(span) => self.saved.extend(span.map(|span| (take, span))),
                Err(error) => self.give_up(device, track, &error, GapCause::WriteError),
            }
        }
        if let (true, Some(synced), Some(lines)) = (transcript, results.next(), &mut self.transcript)
            && let Err(error) = lines.settle(synced)
        {
            self.refused("transcript.jsonl", &error);
        }
        self.note_saved();
    }

    /// The commit's second half: the journal's lines.
    fn commit_journal(&mut self, since: MonoNs) {
        match self.journal.stake() {
            Ok(Some(handle)) => {
                let stage = Stage::Journal { vouched: self.vouched.len() };
                self.commit = Some(Commit { since, stage });
                self.syncs.submit(Job::Sync(vec![handle]));
            }
            Ok(None) => {}
            Err(error) => self.refused("events.jsonl", &error),
        }
    }

    /// Tells the journal what was saved; before anything else is said of those takes.
    fn note_saved(&mut self) {
        if self.saved.is_empty() {
            return;
        }
        let saved = std::mem::take(&mut self.saved);
        self.vouched.extend(saved.iter().map(|(take, span)| (Arc::clone(take), span.to)));
        self.note(Event::Commit { spans: saved.into_iter().map(|(_, span)| span).collect() });
    }

    /// Tells the journal what was saved of one take, after all that was saved before; a line for each span,
    /// since a line has one a take.
    pub(super) fn note_spans(&mut self, take: &Arc<TakeShared>, spans: Vec<Span>) {
        self.note_saved();
        for span in spans {
            self.saved.push((Arc::clone(take), span));
            self.note_saved();
        }
    }

    /// Returns when the journal's lines are on the disk. Nothing else may be on its way.
    fn sync_journal(&mut self) {
        let synced = self.journal.sync();
        self.journal_synced(self.vouched.len(), synced);
    }

    /// With the journal's lines on the disk, what they vouch for is durable.
    fn journal_synced(&mut self, vouched: usize, synced: io::Result<()>) {
        match synced {
            Ok(()) => self.vouched.drain(..vouched).for_each(|(take, to)| take.set_durable(to)),
            Err(error) => self.refused("events.jsonl", &error),
        }
    }

    /// For the status line.
    pub(super) fn publish_missing(&self) {
        for out in self.tracks() {
            let account = out.account();
            let missing: Frames = account.gaps.iter().fold(Frames(0), |sum, gap| sum + gap.frames);
            let rate = out.ledger.rate();
            out.plan.shared.set_missing(missing.seconds(rate), account.lost.seconds(rate));
        }
    }

    /// Has the manifest brought up to date on the disk; while that is going on, once more afterwards.
    pub(super) fn save_manifest(&mut self) {
        self.manifest_due = self.replacing;
        if self.replacing {
            return;
        }
        match self.manifest_bytes() {
            Ok(bytes) => {
                self.replacing = true;
                self.syncs.submit(Job::Replace(self.dir.join(MANIFEST), bytes));
            }
            Err(error) => self.refused(MANIFEST, &error),
        }
    }

    pub(super) fn close_tracks(&mut self) -> Closed {
        let now = self.clock.mono();
        for device in 0..self.devices.len() {
            // What the drains had handed over when this was asked; a drain that goes on is not waited for.
            self.take_items(device, now, QUEUE_ITEMS);
            for track in 0..self.devices[device].tracks.len() {
                self.close_file(device, track);
                self.settle_unwritten(device, track);
                self.devices[device].tracks[track].plan.shared.set_finished();
            }
        }
        // The journal's last sync comes after all others.
        self.settle();
        let account = self.account();
        let duration = self.duration();
        // Who is in a hurry (a second Ctrl-C) asks again: what was closed already is not news.
        if self.manifest.state != State::Closed {
            self.note(Event::Closed { duration, account: account.clone() });
            self.sync_journal();
            self.manifest.state = State::Closed;
            self.save_manifest();
            self.settle();
        }
        Closed { account, duration, errors: self.errors.clone() }
    }

    pub(super) fn append_utterance(&mut self, utterance: &Utterance) -> io::Result<()> {
        let line = serde_json::to_vec(utterance)?;
        if self.transcript.is_none() {
            self.transcript = Some(LineFile::new(self.disk.append(&self.dir.join("transcript.jsonl"))?)?);
        }
        if let Some(transcript) = &mut self.transcript {
            transcript.keep(&line)?;
            transcript.write_out()?;
        }
        Ok(())
    }
}

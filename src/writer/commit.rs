//! The group commit: a state machine over the syncs that are on their way.
//!
//! First the files are synced, then one line of the journal vouches for all of them, then the journal is
//! synced. One commit at a time; it is on its way for as long as the disk needs, and sound is written
//! meanwhile.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::books::Books;
use super::device::Device;
use crate::clock::MonoNs;
use crate::session::shared::TakeShared;
use crate::writer::syncs::{Answer, DiskJob, Syncs};

pub(super) struct Commit {
    syncs: Syncs,
    /// Since when the disk has been asked, and for what.
    on_its_way: Option<(MonoNs, Stage)>,
}

enum Stage {
    /// These files are being synced, and after them the transcript.
    Files { takes: Vec<Arc<TakeShared>>, transcript: bool },
    /// The journal's lines are.
    Journal,
}

impl Commit {
    pub(super) fn new(syncs: Syncs) -> Self {
        Self { syncs, on_its_way: None }
    }

    /// Since when a commit has been on its way.
    pub(super) fn since(&self) -> Option<MonoNs> {
        self.on_its_way.as_ref().map(|(since, _)| *since)
    }

    /// Begins a group commit, unless one is on its way.
    pub(super) fn begin(&mut self, devices: &mut [Device], books: &mut Books, now: MonoNs) {
        if self.on_its_way.is_some() {
            return;
        }
        let (mut takes, mut handles) = (Vec::new(), Vec::new());
        for device in devices {
            for (take, handle) in device.begin_sync(books) {
                takes.push(take);
                handles.push(handle);
            }
        }
        let transcript = books.begin_transcript_sync();
        let stage = Stage::Files { takes, transcript: transcript.is_some() };
        handles.extend(transcript);
        self.on_its_way = Some((now, stage));
        self.syncs.submit(DiskJob::Sync(handles));
    }

    /// Has a file replaced, after all that was asked before.
    pub(super) fn replace(&mut self, path: PathBuf, bytes: Vec<u8>) {
        self.syncs.submit(DiskJob::Replace(path, bytes));
    }

    /// The disk's next answer, if it is there.
    pub(super) fn poll(&mut self) -> Option<Answer> {
        self.syncs.poll()
    }

    /// The disk's next answer, however long it takes; `None` means that all is answered.
    pub(super) fn wait(&mut self) -> Option<Answer> {
        self.syncs.wait()
    }

    /// The files or the journal have been synced: the commit's next step.
    pub(super) fn advance(
        &mut self,
        results: Vec<io::Result<()>>,
        devices: &mut [Device],
        books: &mut Books,
    ) {
        match self.on_its_way.take() {
            Some((since, Stage::Files { takes, transcript })) => {
                assert!(results.len() == takes.len() + usize::from(transcript), "an answer for each file");
                files_synced(&takes, results, devices, books);
                if let Some(journal) = books.begin_sync() {
                    self.on_its_way = Some((since, Stage::Journal));
                    self.syncs.submit(DiskJob::Sync(vec![journal]));
                }
            }
            Some((_, Stage::Journal)) => books.end_sync(results.into_iter().collect()),
            None => tracing::error!("the disk answered what nobody had asked"),
        }
    }
}

/// `results` of these files, and after them of the transcript if it was synced.
fn files_synced(
    takes: &[Arc<TakeShared>],
    results: Vec<io::Result<()>>,
    devices: &mut [Device],
    books: &mut Books,
) {
    let mut results = results.into_iter();
    for (take, synced) in takes.iter().zip(&mut results) {
        let device = devices.iter_mut().find(|device| device.is_writing(take));
        // A file that was closed or given up meanwhile was committed then.
        if let Some(device) = device {
            device.end_sync(take, synced, books);
        }
    }
    if let Some(synced) = results.next() {
        books.end_transcript_sync(synced);
    }
    books.note_saved();
}

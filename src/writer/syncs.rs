//! What waits for the disk: syncs and replaced files, on a thread of their own.
//!
//! A sync returns when the disk has everything, and a busy disk may need half a minute for that. Meanwhile
//! the writer goes on: what it writes is with the system, where no crash of ours can take it, and what
//! listens can read it back. So a disk that hangs costs no sound; until it answers, only a power cut could.
//!
//! Jobs are done in the order in which they were given, each is answered once, and an answer is an error
//! where nobody knows. Without the thread ([`Syncs::here`]) a job is done when its answer is asked for.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use crate::session::disk::{Disk, SyncHandle};

/// Something that takes as long as the disk needs.
pub enum DiskJob {
    /// Sync these files, one after the other.
    Sync(Vec<SyncHandle>),
    /// Replace a file by these bytes ([`Disk::replace`]).
    Replace(PathBuf, Vec<u8>),
}

/// What came of a job.
#[derive(Debug)]
pub enum Answer {
    /// Of each file, in order.
    Synced(Vec<io::Result<()>>),
    /// Of the file that was replaced.
    Replaced(io::Result<()>),
}

/// Takes jobs and hands back their answers, in order.
pub struct Syncs {
    place: Runner,
    /// What is not answered yet.
    open: VecDeque<Shape>,
}

enum Runner {
    Thread { jobs: Sender<DiskJob>, answers: Receiver<Answer> },
    Here { disk: Arc<dyn Disk>, jobs: VecDeque<DiskJob>, hangs: Arc<AtomicBool> },
}

/// As much of a job as its answer must match.
#[derive(Clone, Copy)]
enum Shape {
    Sync(usize),
    Replace,
}

impl Syncs {
    /// Jobs are done when their answers are asked for, without a thread. While `hangs` is true, none of them
    /// has an answer yet: a disk that hangs, for a world without threads.
    pub fn here(disk: Arc<dyn Disk>, hangs: Arc<AtomicBool>) -> Self {
        Self { place: Runner::Here { disk, jobs: VecDeque::new(), hangs }, open: VecDeque::new() }
    }

    /// Jobs are done by a thread, which ends when this is dropped and the last job is done.
    pub fn on_thread(disk: Arc<dyn Disk>) -> io::Result<(Self, JoinHandle<()>)> {
        let (jobs, to_do) = mpsc::channel();
        let (done, answers) = mpsc::channel();
        let work = move || {
            for job in to_do {
                if done.send(run(&*disk, job)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("syncs".into()).spawn(work)?;
        Ok((Self { place: Runner::Thread { jobs, answers }, open: VecDeque::new() }, thread))
    }

    /// Has a job done.
    pub fn submit(&mut self, job: DiskJob) {
        self.open.push_back(match &job {
            DiskJob::Sync(files) => Shape::Sync(files.len()),
            DiskJob::Replace(..) => Shape::Replace,
        });
        match &mut self.place {
            // A thread that is gone is seen when its answer is asked for.
            Runner::Thread { jobs, .. } => drop(jobs.send(job)),
            Runner::Here { jobs, .. } => jobs.push_back(job),
        }
    }

    /// The next answer, if it is there.
    pub fn poll(&mut self) -> Option<Answer> {
        let shape = *self.open.front()?;
        let answer = match &mut self.place {
            Runner::Thread { answers, .. } => match answers.try_recv() {
                Ok(answer) => answer,
                Err(mpsc::TryRecvError::Empty) => return None,
                Err(mpsc::TryRecvError::Disconnected) => unknown(shape),
            },
            Runner::Here { hangs, .. } if hangs.load(Ordering::Acquire) => return None,
            Runner::Here { disk, jobs, .. } => run(&**disk, jobs.pop_front()?),
        };
        self.open.pop_front();
        Some(answer)
    }

    /// The next answer, however long it takes; `None` means that all jobs are answered.
    pub fn wait(&mut self) -> Option<Answer> {
        let shape = self.open.pop_front()?;
        Some(match &mut self.place {
            Runner::Thread { answers, .. } => answers.recv().unwrap_or_else(|_| unknown(shape)),
            Runner::Here { disk, jobs, .. } => {
                jobs.pop_front().map_or_else(|| unknown(shape), |job| run(&**disk, job))
            }
        })
    }
}

fn run(disk: &dyn Disk, job: DiskJob) -> Answer {
    match job {
        DiskJob::Sync(files) => Answer::Synced(files.iter().map(sync).collect()),
        DiskJob::Replace(path, bytes) => Answer::Replaced(disk.replace(&path, &bytes)),
    }
}

fn sync(file: &SyncHandle) -> io::Result<()> {
    file.lock().unwrap_or_else(PoisonError::into_inner).sync_data()
}

/// The answer to a job of which nobody knows whether it was done.
fn unknown(shape: Shape) -> Answer {
    let gone = || Err(io::Error::other("the thread that waits for the disk is gone"));
    match shape {
        Shape::Sync(files) => Answer::Synced((0..files).map(|_| gone()).collect()),
        Shape::Replace => Answer::Replaced(gone()),
    }
}

//! Exports of a session that was corrected here are brought up to date: its minutes at once, all others when
//! nobody has corrected it for some seconds, as they may take as long, on a thread of their own, one session
//! after the other. What stays behind is told.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use utoipa::ToSchema;

use crate::export::behind::{self, Behind, Exports, Why};
use crate::export::pending::session_word;
use crate::session::disk::SystemDisk;
use crate::session::manifest::Manifest;
use crate::session::read::read_manifest;

/// Nobody corrects a session any more who has not for so long.
const REST: Duration = Duration::from_secs(5);

/// How exports are made again as they were made: whoever starts a server knows the commands.
pub trait Renew: Send + Sync {
    /// The folder that knows the exports that lie outside of sessions.
    fn recordings(&self) -> &Path;

    /// Brings the minutes in the session's folder up to date, at once; says why not.
    fn minutes(&self, exports: &Exports<'_>) -> Option<String>;

    /// Brings all others up to date that are due, and notes why any are not. That may take a while.
    fn others(&self, exports: &Exports<'_>);
}

/// The exports that wait for being brought up to date.
pub(super) struct Renewals {
    by: Arc<dyn Renew>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    told: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// Folders of sessions, and when their turn comes.
    due: HashMap<PathBuf, Instant>,
    /// The one that is worked on.
    now: Option<PathBuf>,
    /// The thread is there.
    works: bool,
    /// Nobody corrects anything any more.
    ends: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until nothing is due.
    fn work(&self, by: &dyn Renew) {
        let mut waiting = self.lock();
        loop {
            let next = waiting.due.iter().min_by_key(|(_, at)| **at).map(|(dir, at)| (dir.clone(), *at));
            let Some((dir, at)) = next else { break };
            let left = at.saturating_duration_since(Instant::now());
            if !left.is_zero() && !waiting.ends {
                waiting = self.told.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            waiting.due.remove(&dir);
            waiting.now = Some(dir.clone());
            drop(waiting);
            let renewed = || read_manifest(&dir).map(|manifest| by.others(&exports(by, &dir, &manifest)));
            match catch_unwind(AssertUnwindSafe(renewed)) {
                Ok(Ok(())) => {}
                // Whoever removed it wants no exports of it either.
                Ok(Err(error)) => tracing::debug!(%error, "a session is gone whose exports were due"),
                Err(_) => tracing::error!("exports of {} were not brought up to date", dir.display()),
            }
            waiting = self.lock();
            waiting.now = None;
        }
        waiting.works = false;
        self.told.notify_all();
    }
}

fn exports<'a>(by: &'a dyn Renew, dir: &'a Path, manifest: &'a Manifest) -> Exports<'a> {
    Exports { dir, recordings: by.recordings(), id: &manifest.id }
}

impl Renewals {
    pub(super) fn new(by: Arc<dyn Renew>) -> Self {
        Self { by, shared: Arc::default() }
    }

    /// The session in `dir` was corrected; `sound` says that what is to be heard of it has changed, too.
    /// Gives what is known to stay behind, in a sentence or two.
    pub(super) fn corrected(&self, dir: &Path, sound: bool) -> Option<String> {
        let manifest = read_manifest(dir).ok()?;
        let exports = exports(&*self.by, dir, &manifest);
        exports.corrected(&SystemDisk, sound);
        let minutes = self.by.minutes(&exports);
        let behind = exports.behind();
        // Also what could not be written again the last time, or was changed by hand then.
        if behind.iter().any(|one| one.why != Why::Sound) {
            self.wait(dir);
        }
        let known: Vec<Behind> =
            behind.into_iter().filter(|one| one.why != Why::Due && !is_minutes(dir, one)).collect();
        let told = minutes.into_iter().chain(behind::told(&known, &session_word(&manifest)));
        Some(told.collect::<Vec<_>>().join(". ")).filter(|told| !told.is_empty())
    }

    fn wait(&self, dir: &Path) {
        let mut waiting = self.shared.lock();
        waiting.due.insert(dir.to_owned(), Instant::now() + REST);
        if waiting.works {
            self.shared.told.notify_all();
            return;
        }
        let (by, shared) = (Arc::clone(&self.by), Arc::clone(&self.shared));
        let thread = std::thread::Builder::new().name("exports".into()).spawn(move || shared.work(&*by));
        match thread {
            Ok(_) => waiting.works = true,
            Err(error) => tracing::error!(%error, "no thread to bring exports up to date"),
        }
    }

    /// What is behind of a session, but for what will be written again in a moment.
    pub(super) fn stale(&self, dir: &Path, manifest: &Manifest) -> Vec<StaleEntry> {
        let waits = {
            let waiting = self.shared.lock();
            waiting.works && (waiting.due.contains_key(dir) || waiting.now.as_deref() == Some(dir))
        };
        let session = session_word(manifest);
        let behind = exports(&*self.by, dir, manifest).behind().into_iter();
        behind.filter(|one| !(waits && one.why == Why::Due)).map(|one| entry(dir, &one, &session)).collect()
    }

    /// Changes whenever it may be that others are behind.
    pub(super) fn stamp(&self, dir: &Path) -> Stamp {
        Exports { dir, recordings: self.by.recordings(), id: "" }.stamp()
    }

    pub(super) fn rest(&self) -> Rest {
        Rest(Arc::clone(&self.shared))
    }
}

fn is_minutes(dir: &Path, one: &Behind) -> bool {
    one.path == dir.join(crate::export::Format::Md.file_name())
}

/// When it was written what is known of exports.
pub(super) type Stamp = [Option<(u64, SystemTime)>; 2];

/// What is left to be done when a server has ended.
pub struct Rest(Arc<Shared>);

impl Rest {
    /// Exports are not up to date yet.
    pub fn is_due(&self) -> bool {
        self.0.lock().works
    }

    /// Brings them up to date, and waits until they are.
    pub fn finish(self) {
        let mut waiting = self.0.lock();
        waiting.ends = true;
        self.0.told.notify_all();
        while waiting.works {
            waiting = self.0.told.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// An export that was not written again after the session was corrected.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct StaleEntry {
    /// Its name in the session's folder, or where else it lies.
    file: String,
    /// by_hand (a person changed it), elsewhere (it lies outside of the session's folder, and may have been
    /// sent), sound_inside (it takes as long to make as before), sound (of what was hidden since, or is shown
    /// again), unknown (how it was made), failed, due (nobody has yet)
    why: &'static str,
    /// Why it failed, in a sentence.
    detail: Option<String>,
    /// The command that writes it again; null where it has to be exported anew.
    command: Option<String>,
}

fn entry(dir: &Path, Behind { path, elsewhere, why }: &Behind, session: &str) -> StaleEntry {
    let shown = if *elsewhere { path } else { path.strip_prefix(dir).unwrap_or(path) };
    let renew = |force: &str| Some(format!("hansard export {session} --renew{force}"));
    StaleEntry {
        file: shown.display().to_string(),
        why: why.name(),
        detail: Some(why).filter(|why| matches!(why, Why::Failed(_))).map(Why::to_string),
        command: match why {
            Why::ByHand => renew(" --force"),
            Why::Unknown | Why::Sound => None,
            Why::Due | Why::SoundInside | Why::Elsewhere | Why::Failed(_) => renew(""),
        },
    }
}

//! What others may know of a track and its takes while they grow.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::audio::level::Window;
use crate::base::cause::Condition;
use crate::base::units::Frames;
use crate::clock::pauses::Pauses;
use crate::session::disk::Disk;
use crate::session::levels::{self, Envelope};
use crate::session::manifest::{ClockFit, SourceKind, TakeEntry};

/// What everybody may know of a track while it grows.
#[derive(Debug)]
pub struct TrackShared {
    /// Slug.
    pub track: String,
    /// Display name.
    pub name: String,
    /// Kind of source.
    pub kind: SourceKind,
    takes: Mutex<Vec<Arc<TakeShared>>>,
    finished: AtomicBool,
    /// The source came to its own end.
    ended: AtomicBool,
    /// Milliseconds that are missing, and those of them that are losses, as of the last commit.
    missing_ms: AtomicU64,
    lost_ms: AtomicU64,
    condition: Mutex<Condition>,
    mutes: Pauses,
    envelope: Arc<Envelope>,
}

impl TrackShared {
    /// A track without takes.
    pub fn new(track: &str, name: &str, kind: SourceKind) -> Self {
        Self {
            track: track.into(),
            name: name.into(),
            kind,
            takes: Mutex::default(),
            finished: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            missing_ms: AtomicU64::new(0),
            lost_ms: AtomicU64::new(0),
            condition: Mutex::default(),
            mutes: Pauses::default(),
            envelope: Arc::default(),
        }
    }

    /// How loud it is, for who writes it; others call [`TrackShared::read_levels`].
    pub fn envelope(&self) -> &Arc<Envelope> {
        &self.envelope
    }

    /// Appends windows of one of its takes to `out`, up to what of it is written; the session is in `dir`.
    /// Another device's sound is silent.
    ///
    /// # Errors
    /// The take's sound can't be read back, where it is needed.
    pub fn read_levels(
        &self,
        dir: &Path,
        take: &TakeShared,
        windows: Range<u64>,
        out: &mut Vec<Window>,
    ) -> io::Result<()> {
        self.envelope.read(dir, &take.entry, take.written(), &take.foreign(), windows, out)
    }

    /// Makes its levels file in the session `dir` whole, if it is not. Only who holds the session's lock may
    /// do so; nothing grows any more. An error costs only that file.
    pub fn complete_levels(&self, disk: &dyn Disk, dir: &Path) {
        let takes = self.takes();
        let entries = takes.iter().map(|take| TakeEntry { frames: take.written(), ..take.entry.clone() });
        levels::complete(disk, dir, &self.track, &entries.collect::<Vec<_>>());
    }

    /// The takes so far.
    pub fn takes(&self) -> Vec<Arc<TakeShared>> {
        self.takes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A take that has begun.
    pub fn add_take(&self, take: Arc<TakeShared>) {
        self.takes.lock().unwrap_or_else(PoisonError::into_inner).push(take);
    }

    /// How much is missing so far, and how much of it is lost, in seconds.
    pub fn set_missing(&self, missing_s: f64, lost_s: f64) {
        self.missing_ms.store((missing_s * 1e3) as u64, Ordering::Relaxed);
        self.lost_ms.store((lost_s * 1e3) as u64, Ordering::Relaxed);
    }

    /// Seconds that are missing so far, and seconds of them that are lost.
    pub fn missing(&self) -> (f64, f64) {
        let seconds = |ms: &AtomicU64| ms.load(Ordering::Relaxed) as f64 / 1e3;
        (seconds(&self.missing_ms), seconds(&self.lost_ms))
    }

    /// What the system does to its sound now, as far as that is known.
    pub fn set_condition(&self, condition: Condition) {
        *self.condition.lock().unwrap_or_else(PoisonError::into_inner) = condition;
    }

    /// What the system does to its sound now.
    pub fn condition(&self) -> Condition {
        self.condition.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When it is muted: what comes then is stored as silence.
    pub fn mutes(&self) -> &Pauses {
        &self.mutes
    }

    /// Session second since which it is muted.
    pub fn muted_since(&self) -> Option<f64> {
        self.mutes.since()
    }

    /// The source came to its own end: silence is expected from now on.
    pub fn set_ended(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Whether the source came to its own end.
    pub fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Nothing will be added any more.
    pub fn set_finished(&self) {
        self.finished.store(true, Ordering::Release);
    }

    /// Whether nothing will be added any more.
    pub fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}

/// What everybody may know of a take while it grows.
#[derive(Debug)]
pub struct TakeShared {
    /// The facts as of its start; `frames` and `clock` are below.
    pub entry: TakeEntry,
    written: AtomicU64,
    durable: AtomicU64,
    /// Frames that count, once that is less than what can be read: the disk refused to vouch for the rest.
    kept: AtomicU64,
    closed: AtomicBool,
    clock: Mutex<Arc<ClockFit>>,
    /// What is another device's sound, in order.
    foreign: Mutex<Vec<(Frames, Frames)>>,
}

impl TakeShared {
    /// A take of which `entry.frames` frames can be read.
    pub fn new(entry: TakeEntry) -> Self {
        Self {
            written: AtomicU64::new(entry.frames.0),
            durable: AtomicU64::new(entry.frames.0),
            kept: AtomicU64::new(u64::MAX),
            closed: AtomicBool::new(false),
            clock: Mutex::new(Arc::new(entry.clock.clone())),
            foreign: Mutex::new(entry.foreign.clone()),
            entry,
        }
    }

    /// Frames that can be read back.
    pub fn written(&self) -> Frames {
        Frames(self.written.load(Ordering::Acquire))
    }

    /// The frames up to `to` can be read back. Only the writer of the take says so.
    pub fn set_written(&self, to: Frames) {
        self.written.store(to.0, Ordering::Release);
    }

    /// Only the frames up to `to` count, whatever more can be read: the disk refused to vouch for the rest.
    pub fn set_kept(&self, to: Frames) {
        self.kept.store(to.0, Ordering::Release);
    }

    /// Frames that survive a power cut.
    pub fn durable(&self) -> Frames {
        Frames(self.durable.load(Ordering::Acquire))
    }

    /// Whether it will not grow any more. Read this before `written`.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The journal says that the frames up to `to` are safe.
    pub fn set_durable(&self, to: Frames) {
        self.durable.fetch_max(to.0, Ordering::AcqRel);
    }

    /// It will not grow any more.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// The clock as measured so far.
    pub fn clock(&self) -> Arc<ClockFit> {
        Arc::clone(&self.clock.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The clock was measured anew.
    pub fn set_clock(&self, fit: ClockFit) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(fit);
    }

    /// The entry as of now, for the manifest.
    pub fn entry_now(&self) -> TakeEntry {
        let frames = self.written().min(Frames(self.kept.load(Ordering::Acquire)));
        TakeEntry { frames, clock: (*self.clock()).clone(), foreign: self.foreign(), ..self.entry.clone() }
    }

    /// The frames up to `to`, from `from` on, are another device's sound.
    pub fn add_foreign(&self, from: Frames, to: Frames) {
        let mut foreign = self.foreign.lock().unwrap_or_else(PoisonError::into_inner);
        match foreign.last_mut().filter(|(_, end)| *end == from) {
            Some((_, end)) => *end = to,
            None => foreign.push((from, to)),
        }
    }

    /// What is another device's sound, as far as is known, in order: from and to.
    pub fn foreign(&self) -> Vec<(Frames, Frames)> {
        self.foreign.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Listeners hear silence instead of another device's sound. `interleaved` begins with frame
    /// `from`.
    pub fn leave_out_foreign(&self, from: Frames, interleaved: &mut [f32]) {
        let channels = usize::from(self.entry.channels.max(1));
        let frames = interleaved.len() / channels;
        let place = |frame: Frames| (frame.saturating_sub(from).0 as usize).min(frames) * channels;
        for (begin, end) in self.foreign() {
            interleaved[place(begin)..place(end)].fill(0.0);
        }
    }
}

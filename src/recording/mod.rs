//! A recording: the data plane of one session. Lanes, the writer's thread, what they share. No actor is
//! needed for it to go on: actors steer it, and when one of them dies it does not notice.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use crate::base::units::SampleFormat;
use crate::base::utterance::Utterance;
use crate::capture::drain::Timeline;
use crate::capture::lane::{DRAIN_EVERY, Lane, drain_period};
use crate::capture::source::Source;
use crate::clock::{MonoNs, SessionClock, sleep};
use crate::live::{Bus, SessionSink, TranscriptLine};
use crate::session::disk::Disk;
use crate::session::folder::Folder;
use crate::session::journal::Event;
use crate::session::manifest::{Manifest, SourceEntry};
use crate::session::mark::{self, Mark, MarkKind};
use crate::session::shared::TrackShared;
use crate::writer::syncs::Syncs;
use crate::writer::{Closed, Control, DevicePlan, Limits, Room, SessionPlan, TrackPlan, Writer};

pub mod mutes;
pub mod reminders;

/// The writer looks for something to do this long after the drains have: by then they have handed over what
/// there is.
const WRITER_AFTER: Duration = Duration::from_millis(10);
/// Between two looks at what is about to end.
const ENDING_EVERY: Duration = Duration::from_millis(10);

/// The disk has this long to take what is left at the very end.
const FINISH_DEADLINE: Duration = Duration::from_secs(30);

/// Panics in a row while the writer leaves its files behind; after that the rest stays as it is.
const PANICS_MAX: usize = 100;

/// Why a recording can't be paused or go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PauseError {
    /// Its sources have no time of their own.
    #[error("this recording reads its sources at full speed: there is nothing to pause")]
    AtFullSpeed,
    /// It is over.
    #[error("the recording is ending: it can't be paused or go on any more")]
    Ending,
}

/// One device and the tracks that it feeds.
pub struct DeviceSpec {
    pub source: Arc<dyn Source>,
    pub tracks: Vec<SourceEntry>,
    /// How they are stored; `None` means as deep as the device.
    pub format: Option<SampleFormat>,
}

/// The data plane of a session.
pub struct Recording {
    /// What leads to the session's folder wherever people move it; not to be shown to them.
    pub dir: PathBuf,
    /// The folder itself.
    pub folder: Arc<Folder>,
    /// The session's clock.
    pub clock: SessionClock,
    /// One per device.
    pub lanes: Vec<Arc<Lane>>,
    /// One per track, in the user's order.
    pub tracks: Vec<Arc<TrackShared>>,
    /// Lane of each of these tracks.
    lane_of: Vec<usize>,
    control: Sender<Control>,
    /// The writer's thread, which sleeps when there is nothing to do.
    writer: Thread,
    /// Id and title of the session.
    pub name: (String, String),
    /// Session second at which the end was asked for.
    stopped_at: OnceLock<f64>,
    /// Marks so far.
    marks: AtomicUsize,
    /// Names that were given since.
    given: mutes::Given,
    room: Arc<Room>,
    /// Sees what happens to time from outside.
    time: Mutex<sleep::SleepWatch>,
    /// Where all that happens is published.
    pub news: Bus,
    /// The writer, and the thread that waits for the disk in its place, which ends with it.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Recording {
    /// Creates the session's files in `dir` (which exists) and starts all threads; the lanes open their
    /// devices when they are stepped.
    pub fn start(
        disk: Arc<dyn Disk>,
        dir: &Path,
        clock: SessionClock,
        manifest: Manifest,
        devices: Vec<DeviceSpec>,
    ) -> io::Result<Arc<Self>> {
        let mut lanes = Vec::new();
        let mut plans = Vec::new();
        let mut tracks = Vec::new();
        let periods = devices.iter().map(|device| drain_period(device.source.timeline()));
        let every = periods.min().unwrap_or(DRAIN_EVERY);
        for device in devices {
            let (lane, queue) = Lane::start(device.source, clock.clone())?;
            let mut plan = DevicePlan { queue, tracks: Vec::new() };
            for entry in device.tracks {
                let shared = Arc::new(TrackShared::new(&entry.track, &entry.name, entry.kind));
                tracks.push((Arc::clone(&shared), lanes.len()));
                plan.tracks.push(TrackPlan { shared, channel: entry.channel, format: device.format });
            }
            plans.push(plan);
            lanes.push(lane);
        }
        tracks.sort_by_key(|(track, _)| manifest.sources.iter().position(|s| s.track == track.track));
        let (tracks, lane_of) = tracks.into_iter().unzip();
        let name = (manifest.id.clone(), manifest.title.clone());
        let (control, orders) = mpsc::channel();
        let (syncs, syncing) = Syncs::on_thread(Arc::clone(&disk))?;
        let limits = Limits::default();
        let plan = SessionPlan { dir: dir.into(), clock: clock.clone(), manifest, devices: plans, limits };
        let writer = Writer::create(disk, syncs, plan, orders)?;
        let news = writer.news().clone();
        let (room, folder) = (writer.room(), writer.folder());
        let writer_clock = clock.clone();
        let thread = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || run_writer(writer, &writer_clock, every))?;
        let writer = thread.thread().clone();
        Ok(Arc::new(Self {
            dir: folder.work().to_owned(),
            folder,
            clock,
            lanes,
            tracks,
            lane_of,
            control,
            writer,
            name,
            stopped_at: OnceLock::new(),
            marks: AtomicUsize::new(0),
            given: mutes::Given::default(),
            room,
            time: Mutex::default(),
            news,
            threads: Mutex::new(vec![thread, syncing]),
        }))
    }

    /// Hands the writer something to do: a small message, never sound. A finished writer does not take it.
    pub fn tell_writer(&self, control: Control) {
        if self.control.send(control).is_err() {
            tracing::debug!("the writer has finished already");
        }
        self.writer.unpark();
    }

    /// A line for the journal.
    pub fn note(&self, event: Event) {
        self.given.hear(&event);
        self.tell_writer(Control::Journal(event));
    }

    /// A line for the transcript.
    pub fn write_utterance(&self, utterance: Utterance) {
        self.tell_writer(Control::Utterance(Box::new(utterance)));
    }

    /// A line that a person wrote: for the transcript, and news.
    pub fn write_edited(&self, utterance: Utterance) {
        self.write_utterance(utterance.clone());
        SessionSink::publish_utterance(self, utterance, 0);
    }

    /// `tell` hears when all that was handed to the writer is in its file, with the number of the journal's
    /// next line. It is called on the writer's thread and must not wait.
    pub fn when_written(&self, tell: impl FnOnce(u64) + Send + 'static) {
        self.tell_writer(Control::Written(Box::new(tell)));
    }

    /// The tracks that a lane feeds, with their index.
    pub fn tracks_of(&self, lane: usize) -> impl Iterator<Item = (usize, &Arc<TrackShared>)> {
        self.tracks.iter().enumerate().filter(move |(index, _)| self.lane_of[*index] == lane)
    }

    /// Looks after one lane; what happened goes to the journal.
    pub fn step_lane(&self, index: usize) {
        let Some(lane) = self.lanes.get(index) else { return };
        let mut events = lane.step(self.clock.mono());
        // What is not known now is as it was.
        if let Some(condition) = lane.condition() {
            self.tracks_of(index).for_each(|(_, track)| track.set_condition(condition.clone()));
        }
        // The first one to notice tells it.
        let time = self.time.lock().unwrap_or_else(PoisonError::into_inner).step(&self.clock);
        events.extend(time.into_iter().map(Event::from));
        for event in events {
            if matches!(event, Event::SourceEnded { .. } | Event::SourceBroken { .. }) {
                self.tracks_of(index).for_each(|(_, track)| track.set_ended());
            }
            self.note(event);
        }
    }

    /// Seconds of recording for which the disk has room; `None` means that it is not known yet.
    pub fn room_s(&self) -> Option<f64> {
        self.room.seconds()
    }

    /// Marks so far.
    pub fn marks(&self) -> usize {
        self.marks.load(Ordering::Relaxed)
    }

    /// Marks session second `at`; `None` means now, or the end where that has come.
    pub fn mark(&self, at: Option<f64>, kind: MarkKind, text: String) -> Mark {
        let now = || self.stopped_at().unwrap_or_else(|| self.clock.now().seconds());
        let at = at.unwrap_or_else(now);
        let id = mark::id(self.marks.fetch_add(1, Ordering::Relaxed) + 1);
        let mark = Mark { id: id.clone(), at, kind, text: text.clone() };
        self.note(Event::Mark { id, at, mark: kind, text, withdrawn: false });
        mark
    }

    /// A mark is this from now on.
    pub fn remark(&self, mark: Mark) -> Mark {
        let Mark { id, at, kind, text } = mark.clone();
        self.note(Event::Mark { id, at, mark: kind, text, withdrawn: false });
        mark
    }

    /// From now on nothing is recorded. Returns since when, and whether it was paused already.
    ///
    /// # Errors
    /// There is nothing that could be paused.
    pub fn pause(&self) -> Result<(f64, bool), PauseError> {
        if self.stopped_at().is_some() {
            return Err(PauseError::Ending);
        }
        if self.lanes.iter().any(|lane| lane.timeline() == Timeline::Counted) {
            return Err(PauseError::AtFullSpeed);
        }
        let at = self.clock.now().seconds();
        match self.clock.pauses().begin(at) {
            Ok(()) => {
                self.note(Event::Paused { at });
                Ok((at, false))
            }
            Err(since) => Ok((since, true)),
        }
    }

    /// It goes on. Returns now, and since when it was paused. `None` means that it was not.
    ///
    /// # Errors
    /// It has ended.
    pub fn resume(&self) -> Result<(f64, Option<f64>), PauseError> {
        if self.stopped_at().is_some() {
            return Err(PauseError::Ending);
        }
        let at = self.clock.now().seconds();
        let Some(since) = self.clock.pauses().end(at) else { return Ok((at, None)) };
        self.note(Event::Resumed { at });
        Ok((at, Some(since)))
    }

    /// Session second since which it is paused.
    pub fn paused_since(&self) -> Option<f64> {
        self.clock.pauses().since()
    }

    /// Session second at which the end was asked for.
    pub fn stopped_at(&self) -> Option<f64> {
        self.stopped_at.get().copied()
    }

    /// Recording ends now, on all lanes.
    pub fn stop(&self) {
        let at = self.clock.now().seconds();
        if self.stopped_at.set(at).is_ok() {
            self.note(Event::Stopped { at });
        }
        for lane in &self.lanes {
            lane.stop();
        }
    }

    /// Whether every lane is closed and everything it had is with the writer.
    pub fn is_drained(&self) -> bool {
        // All of them are asked, whatever the first one says: each lane joins its own thread.
        let drained: Vec<bool> = self.lanes.iter().map(|lane| lane.is_drained()).collect();
        drained.into_iter().all(|drained| drained)
    }

    /// Whether every source has come to its own end.
    pub fn is_ended(&self) -> bool {
        self.lanes.iter().all(|lane| lane.is_ended())
    }

    /// Closes, syncs and journals all tracks; the recording is safe then. None if the disk does not answer in
    /// time.
    pub fn close_tracks(&self, timeout: Duration) -> Option<Closed> {
        let (reply, answer) = mpsc::channel();
        self.tell_writer(Control::CloseTracks(reply));
        answer.recv_timeout(timeout).ok()
    }

    /// Syncs what is left and ends the writer's thread; false if the disk did not let it end in time.
    pub fn finish(&self) -> bool {
        self.finish_within(FINISH_DEADLINE)
    }

    fn finish_within(&self, timeout: Duration) -> bool {
        self.tell_writer(Control::Finish);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + timeout;
        while threads.iter().any(|thread| !thread.is_finished()) {
            if Instant::now() >= deadline {
                tracing::error!("the disk does not answer; what was not written yet is lost");
                return false;
            }
            std::thread::sleep(ENDING_EVERY);
        }
        for thread in threads.drain(..) {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if thread.join().is_err() {
                tracing::error!(name, "a thread panicked");
            }
        }
        true
    }

    /// Stops, drains, closes: everything that makes the recording safe, without any actor. For the end of a
    /// Recorder that panicked, and for a second Ctrl-C.
    pub fn close_at_once(&self, timeout: Duration) -> Option<Closed> {
        self.stop();
        let deadline = self.clock.mono().plus_ms(timeout.as_millis() as u64);
        while !self.is_drained() && self.clock.mono() < deadline {
            for lane in 0..self.lanes.len() {
                self.step_lane(lane);
            }
            std::thread::sleep(ENDING_EVERY);
        }
        let closed = self.close_tracks(timeout);
        self.finish_within(timeout);
        closed
    }
}

/// The writer's thread: a panic in a step costs the open files their end, nothing else; the tracks go on in
/// new takes.
fn run_writer(mut writer: Writer, clock: &SessionClock, drained_every: Duration) {
    loop {
        match guarded_step(&mut writer, clock.mono()) {
            Some(true) => {}
            // Ends early where somebody has something for it.
            Some(false) => std::thread::park_timeout(until_drained(clock.mono(), drained_every)),
            None => return,
        }
    }
}

/// How long it is until the drains, which wake up `every` so often, have something for the writer.
fn until_drained(now: MonoNs, every: Duration) -> Duration {
    let after = WRITER_AFTER.min(every / 2);
    MonoNs(now.0 + (every - after).as_nanos() as u64).until_next(every)
}

/// One step of the writer; after a panic in it every track goes on in a new take.
pub fn guarded_step(writer: &mut Writer, now: MonoNs) -> Option<bool> {
    let panic = match catch_unwind(AssertUnwindSafe(|| writer.step(now))) {
        Ok(done) => return done,
        Err(panic) => panic,
    };
    let reason = panic_text(&*panic);
    tracing::error!(reason, "the writer panicked; every track goes on in a new take");
    for _ in 0..PANICS_MAX {
        // A file that panics again while it is closed is given up the next time.
        if catch_unwind(AssertUnwindSafe(|| writer.start_new_takes(&reason))).is_ok() {
            break;
        }
    }
    Some(true)
}

/// The text of a panic.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic".into())
}

impl SessionSink for Recording {
    fn write_utterance(&self, utterance: Utterance) {
        Self::write_utterance(self, utterance);
    }

    fn publish_utterance(&self, utterance: Utterance, until: u64) {
        self.tell_writer(Control::Publish(Box::new(TranscriptLine { utterance, until })));
    }

    fn note(&self, event: Event) {
        Self::note(self, event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writer_looks_soon_after_the_drains() {
        let every = DRAIN_EVERY;
        for now in [0, 9_999_999, 10_000_000, 39_000_000, 40_000_000, 123_456_789_012] {
            let wait = until_drained(MonoNs(now), every);
            assert!(!wait.is_zero() && wait <= every, "{now}");
            let at = Duration::from_nanos(now) + wait;
            assert_eq!(at.as_nanos() % every.as_nanos(), WRITER_AFTER.as_nanos(), "{now}");
        }
    }
}

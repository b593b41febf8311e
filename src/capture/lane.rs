//! A lane: one device's way from its stream to the writer's queue. It outlives the actor that steers it: the
//! stream, the rings and the drain's thread go on while that actor is dead or restarted, so its death costs
//! no sound.
//!
//! [`Lane::step`] is its whole policy: open, watch, reopen after a loss (0.25 s doubling to 5 s) for the life
//! of the session, close. A thread that hangs in the backend may be given up, and that is told.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rtrb::{Consumer, RingBuffer};

use super::drain::{Drain, DrainStatus, Item, Opening, QUEUE_ITEMS, Timeline};
use super::rt::{BackendTrouble, SinkMeter};
use super::source::{BrokenOff, Plug, Source};
use super::stream::{OpenDevice, StreamThread};
use crate::base::cause::Condition;
use crate::clock::{MonoNs, SessionClock};
use crate::session::journal::Event;
use crate::session::manifest::GapCause;

mod pace;
mod silence;

pub use pace::{DRAIN_EVERY, drain_period};
use silence::Silence;

/// First pause before a lost device is tried again; it doubles.
const RETRY_MS: u64 = 250;
/// Longest pause.
const RETRY_MS_MAX: u64 = 5_000;
/// A device that has not delivered this long after it was opened is named, once.
const SLOW_OPEN_S: f64 = 5.0;
/// A stream that delivers nothing for so long, in seconds, while the system says that its device does, is
/// opened anew: PipeWire was seen to forget one.
const FORGOTTEN_S: f64 = 5.0;
/// After stop was asked, sound up to that moment is waited for this long beyond the buffer's period.
const TAIL_S: f64 = 0.5;
/// Steps of which the levels are kept: about a second of a device that is open.
const LEVELS: usize = 10;
/// What is told where the sound system lost sound on its own.
pub const XRUN: &str = "the sound system reports an xrun";
/// Why a device is closed that nobody closed; within so many seconds of a stop of our process, the sound
/// system's client took that for an error.
const GONE: &str = "the device or the sound server is gone";
const STOPPED: &str = "its stream broke off when the recorder's process was stopped";
const BROKEN_BY_STOP_S: f64 = 3.0;
/// A stream that has not closed in this time is given up.
const CLOSE_S: f64 = 2.0;

/// What the status line shows of a lane.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LaneView {
    /// SPEC of the device.
    pub label: String,
    /// It delivers sound.
    pub open: bool,
    /// It came to its own end.
    pub ended: bool,
    /// Peak of |sample| since the last look.
    pub peak: f32,
    /// Peak of |sample| in about the last second, however often it is looked at.
    pub level: f32,
    /// Session second up to which its sound has been placed.
    pub position: f64,
    /// Frames lost in full rings.
    pub overrun: u64,
    /// Why it is not open.
    pub trouble: Option<String>,
}

/// One device's way to the writer.
pub struct Lane {
    source: Arc<dyn Source>,
    clock: SessionClock,
    status: Arc<DrainStatus>,
    control: Mutex<LaneControl>,
}

struct LaneControl {
    openings: Option<Sender<Opening>>,
    state: State,
    attempts: u32,
    was_open: bool,
    stopping: bool,
    trouble: Option<String>,
    /// Peak since somebody looked, and of each of the last steps.
    peak: f32,
    levels: VecDeque<f32>,
    silence: Silence,
    drain: Option<JoinHandle<()>>,
}

enum State {
    Waiting { until: MonoNs },
    Opening { job: StreamThread, since: MonoNs, named: bool },
    Open { job: StreamThread, opened: OpenDevice },
    Closing { job: StreamThread, since: MonoNs },
    Ended,
    Stopped,
}

impl Lane {
    /// A lane with its drain's thread running; the queue's far end is the writer's.
    pub fn start(
        source: Arc<dyn Source>,
        clock: SessionClock,
    ) -> std::io::Result<(Arc<Self>, Consumer<Item>)> {
        let (openings, to_drain) = mpsc::channel();
        let (queue, from_drain) = RingBuffer::new(QUEUE_ITEMS);
        let status = Arc::new(DrainStatus::default());
        let drain = Drain::new(to_drain, queue, clock.clone(), Arc::clone(&status), source.buffer_ms());
        let (drain_clock, every) = (clock.clone(), drain_period(source.timeline()));
        let thread = std::thread::Builder::new()
            .name("drain".into())
            .spawn(move || pace::run(drain, &drain_clock, every))?;
        let control = LaneControl {
            openings: Some(openings),
            state: State::Waiting { until: MonoNs(0) },
            attempts: 0,
            was_open: false,
            stopping: false,
            trouble: None,
            peak: 0.0,
            levels: VecDeque::new(),
            silence: Silence::default(),
            drain: Some(thread),
        };
        let lane = Self { source, clock, status, control: Mutex::new(control) };
        Ok((Arc::new(lane), from_drain))
    }

    /// SPEC of the device.
    pub fn label(&self) -> String {
        self.source.label()
    }

    /// How its frames relate to time.
    pub fn timeline(&self) -> Timeline {
        self.source.timeline()
    }

    /// Looks after the device; what happened is for the journal. To be called some times a second.
    pub fn step(&self, now: MonoNs) -> Vec<Event> {
        let mut events = Vec::new();
        let mut control = self.control();
        control.take_level();
        let state = std::mem::replace(&mut control.state, State::Stopped);
        control.state = self.next_state(&mut control, state, now, &mut events);
        events
    }

    /// Recording ends now: what was delivered until now is still taken, then the device is closed. `step`
    /// carries it out.
    pub fn stop(&self) {
        let mut control = self.control();
        if !control.stopping {
            control.stopping = true;
            self.status.set_stop_at(self.clock.now().seconds());
        }
    }

    /// Whether it is open and nothing else is under way: a step will not wait for anything, and none is due
    /// soon.
    pub fn is_steady(&self) -> bool {
        let control = self.control();
        match &control.state {
            State::Open { opened, .. } => !control.stopping && !opened.meter.ended(),
            _ => false,
        }
    }

    /// Whether the device is closed and the drain has handed everything over.
    pub fn is_drained(&self) -> bool {
        let mut control = self.control();
        if !matches!(control.state, State::Stopped) {
            return false;
        }
        match &control.drain {
            Some(thread) if !thread.is_finished() => false,
            _ => {
                if control.drain.take().is_some_and(|thread| thread.join().is_err()) {
                    tracing::error!(source = self.label(), "a drain's thread panicked");
                }
                true
            }
        }
    }

    /// Whether the source has come to its own end.
    pub fn is_ended(&self) -> bool {
        matches!(self.control().state, State::Ended)
    }

    /// Session second up to which its sound has been placed.
    pub fn position(&self) -> f64 {
        self.status.position()
    }

    /// What the system does to its sound, while it is open.
    pub fn condition(&self) -> Option<Condition> {
        let open = matches!(self.control().state, State::Open { .. });
        open.then(|| self.source.condition()).flatten()
    }

    /// For the status line, whose peak begins anew with each look.
    pub fn view(&self) -> LaneView {
        let view = self.look();
        self.control().peak = 0.0;
        view
    }

    /// The same for anybody else.
    pub fn look(&self) -> LaneView {
        let mut control = self.control();
        control.take_peak();
        let open = matches!(control.state, State::Open { .. });
        LaneView {
            label: self.label(),
            open,
            ended: matches!(control.state, State::Ended),
            peak: control.peak,
            level: control.levels.iter().copied().fold(0.0, f32::max),
            position: self.status.position(),
            overrun: self.status.overrun().0,
            trouble: control.trouble.clone(),
        }
    }

    /// What the callbacks of the device leave to look at, while it is open.
    pub fn meter(&self) -> Option<Arc<SinkMeter>> {
        match &self.control().state {
            State::Open { opened, .. } => Some(Arc::clone(&opened.meter)),
            _ => None,
        }
    }

    fn control(&self) -> std::sync::MutexGuard<'_, LaneControl> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_state(
        &self,
        control: &mut LaneControl,
        state: State,
        now: MonoNs,
        events: &mut Vec<Event>,
    ) -> State {
        match state {
            State::Waiting { .. } | State::Ended if control.stopping => self.close_for_good(control),
            State::Waiting { until } if now >= until => self.begin_opening(control, now, events),
            State::Opening { job, since, named } => {
                self.watch_opening(control, job, since, named, now, events)
            }
            State::Open { job, opened } => self.watch_open(control, job, opened, now, events),
            State::Closing { job, since } => self.watch_closing(control, job, since, now, events),
            State::Waiting { .. } | State::Ended | State::Stopped => state,
        }
    }

    fn begin_opening(&self, control: &mut LaneControl, now: MonoNs, events: &mut Vec<Event>) -> State {
        control.attempts += 1;
        let Some(openings) = control.openings.clone() else { return State::Stopped };
        let plug = Plug {
            openings,
            clock: self.clock.clone(),
            cause_before: if control.was_open { GapCause::DeviceLost } else { GapCause::NotStarted },
            abandoned: Arc::new(AtomicBool::new(false)),
        };
        match StreamThread::start(Arc::clone(&self.source), plug) {
            Ok(job) => State::Opening { job, since: now, named: false },
            Err(error) => self.lost(control, now, format!("can't start a thread: {error}"), events),
        }
    }

    fn watch_opening(
        &self,
        control: &mut LaneControl,
        mut job: StreamThread,
        since: MonoNs,
        named: bool,
        now: MonoNs,
        events: &mut Vec<Event>,
    ) -> State {
        match job.opened() {
            Ok(Ok(facts)) => {
                control.trouble = None;
                control.was_open = true;
                self.status.set_lost(false);
                let (source, attempts) = (self.label(), std::mem::take(&mut control.attempts));
                events.push(Event::DeviceOpened { source, device: facts.id, name: facts.name, attempts });
                State::Open { job, opened: facts.device }
            }
            Ok(Err(reason)) => {
                job.join();
                self.lost(control, now, reason, events)
            }
            Err(TryRecvError::Disconnected) => {
                job.join();
                self.lost(control, now, "the thread that opens it panicked".into(), events)
            }
            Err(TryRecvError::Empty) if control.stopping => {
                job.close();
                State::Closing { job, since: now }
            }
            Err(TryRecvError::Empty) => {
                let slow = !named && self.clock.awake_between(since, now) > SLOW_OPEN_S;
                if slow {
                    let notice = "it was opened and delivers nothing yet".to_owned();
                    control.trouble = Some(notice.clone());
                    events.push(self.notice(notice));
                }
                State::Opening { job, since, named: named || slow }
            }
        }
    }

    fn watch_open(
        &self,
        control: &mut LaneControl,
        mut job: StreamThread,
        opened: OpenDevice,
        now: MonoNs,
        events: &mut Vec<Event>,
    ) -> State {
        events.extend(opened.failure.take_notes().into_iter().map(|notice| self.notice(notice)));
        let trouble = opened.meter.take_trouble();
        for (bit, notice) in [
            (BackendTrouble::Xrun, XRUN),
            (BackendTrouble::RealtimeDenied, "the system refused realtime priority"),
            (BackendTrouble::Other, "the sound system reports an error"),
        ] {
            if trouble & bit as u32 != 0 {
                events.push(self.notice(notice.into()));
            }
        }
        if trouble & BackendTrouble::Moved as u32 != 0 {
            job.close();
            let to = opened.moved_to.get().map_or("another device", String::as_str);
            let reason = format!("the sound system moved its stream to {to}");
            return self.give_back(control, job, now, &reason, events);
        }
        if trouble & BackendTrouble::Gone as u32 != 0 {
            job.close();
            let stopped = self.clock.was_just_stopped(BROKEN_BY_STOP_S);
            return self.give_back(control, job, now, if stopped { STOPPED } else { GONE }, events);
        }
        if trouble & BackendTrouble::Superseded as u32 != 0 {
            job.close();
            return self.give_back(control, job, now, "another device is the system's default now", events);
        }
        control.silence.look(opened.meter.frames(), now);
        if control.silence.seconds > FORGOTTEN_S && self.source.condition().is_some_and(|c| c.running) {
            control.silence = Silence::default();
            job.close();
            let reason = "it delivers nothing, although the sound system says that it does";
            return self.give_back(control, job, now, reason, events);
        }
        if opened.meter.ended() {
            return self.source_ended(control, job, &opened, now, events);
        }
        if control.stopping && self.tail_is_in(now) {
            job.close();
            return State::Closing { job, since: now };
        }
        State::Open { job, opened }
    }

    /// A finite source has delivered its last frame (or a device's feed has died).
    fn source_ended(
        &self,
        control: &mut LaneControl,
        mut job: StreamThread,
        opened: &OpenDevice,
        now: MonoNs,
        events: &mut Vec<Event>,
    ) -> State {
        job.close();
        events.extend(opened.failure.take_notes().into_iter().map(|notice| self.notice(notice)));
        if let Some(BrokenOff { reason, missing_s }) = opened.failure.take() {
            events.push(Event::SourceBroken { source: self.label(), reason: reason.clone() });
            control.trouble = Some(reason);
            self.status.set_broken_off(missing_s);
        } else {
            events.push(Event::SourceEnded { source: self.label() });
            self.status.set_ended();
        }
        if control.stopping {
            return State::Closing { job, since: now };
        }
        job.join();
        State::Ended
    }

    fn notice(&self, notice: String) -> Event {
        Event::DeviceNotice { source: self.label(), notice }
    }

    /// Whether everything up to the moment of stop has been placed, or has had its time to arrive.
    fn tail_is_in(&self, now: MonoNs) -> bool {
        let Some(stop_at) = self.status.stop_at() else { return true };
        let waited = self.clock.seconds_of(now) - stop_at;
        self.source.timeline() == Timeline::Counted
            || self.status.position() >= stop_at
            || waited > self.source.buffer_ms() as f64 / 1e3 + TAIL_S
    }

    fn watch_closing(
        &self,
        control: &mut LaneControl,
        job: StreamThread,
        since: MonoNs,
        now: MonoNs,
        events: &mut Vec<Event>,
    ) -> State {
        if job.is_finished() {
            job.join();
        } else if self.clock.awake_between(since, now) > CLOSE_S {
            self.abandon(job, "closing the device", events);
        } else {
            return State::Closing { job, since };
        }
        if control.stopping {
            return self.close_for_good(control);
        }
        State::Waiting { until: now }
    }

    /// The device is gone while its stream is still held by the thread: let it go, then try again.
    fn give_back(
        &self,
        control: &mut LaneControl,
        job: StreamThread,
        now: MonoNs,
        reason: &str,
        events: &mut Vec<Event>,
    ) -> State {
        events.push(Event::DeviceLost { source: self.label(), reason: reason.into() });
        control.trouble = Some(reason.into());
        control.attempts = 0;
        self.status.set_lost(true);
        State::Closing { job, since: now }
    }

    /// It could not be opened: once more after a pause.
    fn lost(&self, control: &mut LaneControl, now: MonoNs, reason: String, events: &mut Vec<Event>) -> State {
        // The same reason again and again is one event.
        if control.trouble.as_deref() != Some(&reason) {
            events.push(Event::DeviceLost { source: self.label(), reason: reason.clone() });
        }
        control.trouble = Some(reason);
        self.status.set_lost(control.was_open);
        let doublings = control.attempts.saturating_sub(1).min(8);
        State::Waiting { until: now.plus_ms((RETRY_MS << doublings).min(RETRY_MS_MAX)) }
    }

    fn abandon(&self, job: StreamThread, doing: &str, events: &mut Vec<Event>) {
        job.abandon();
        events.push(Event::ThreadAbandoned { source: self.label(), doing: doing.into() });
    }

    fn close_for_good(&self, control: &mut LaneControl) -> State {
        control.openings = None;
        self.status.close();
        State::Stopped
    }
}

impl LaneControl {
    /// A step begins.
    fn take_level(&mut self) {
        if self.levels.len() == LEVELS {
            self.levels.pop_front();
        }
        self.levels.push_back(0.0);
        self.take_peak();
    }

    /// Reads the meter: nobody else does, so nobody takes a peak away from anybody.
    fn take_peak(&mut self) {
        let State::Open { opened, .. } = &self.state else { return };
        let peak = opened.meter.take_peak();
        self.peak = self.peak.max(peak);
        if let Some(level) = self.levels.back_mut() {
            *level = level.max(peak);
        }
    }
}

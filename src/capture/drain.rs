//! The drain: one per device, a `step` that a thread calls every 10 ms. It empties the rings, puts every frame at its place
//! in the take, and decides what sound is missing.
//!
//! # How missing sound is decided
//! A stamp tells when a frame was delivered; the clock model tells when it was due. Data that is merely late catches up: the
//! last stamp of a burst is on time again, or the next one is. Only where deliveries have come steadily for a buffer period, *all*
//! with a deficit, and it does not shrink, is sound missing, and the smallest deficit is how much. Until then the stamps are held
//! back (their samples stay in the ring). A device that delivers nothing at all is decided on when it delivers again, or at stop:
//! never by time-out. A burst that is cut off in its middle was late; the rest is missing after it.
//!
//! What is missing because the computer slept is told from the rest. What another device delivered is told afterwards: that
//! the stream was moved to it is only noticed some time later.
//!
//! A pause is a span of session time: frames that fall into it by the take's clock are counted and dropped, to the frame, whenever they were
//! handed over; sound that is missing in it is missing for it. Up to 10 s are silence, a longer one ends the take.
//!
//! What was lost in a full ring is a number in the stamps and becomes exactly that much silence, exactly there.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, TryRecvError};

use rtrb::Producer;

use super::DeviceFormat;
use super::rt::CaptureTap;
use crate::audio::units::{Frames, SampleRate};
use crate::clock::model::{Slip, TakeClock};
use crate::clock::{MonoNs, SessionClock};
use crate::session::manifest::{ClockFit, GapCause};

mod current;
mod paused;
mod status;

use current::Current;
pub use status::DrainStatus;

/// Items between a drain and the writer: 1.3 s when each holds what one step found, 12 s of sound in blocks of `BLOCK_MS` once
/// the writer is behind.
pub const QUEUE_ITEMS: usize = 128;
/// Longest block of sound in the queue.
const BLOCK_MS: u64 = 100;
/// A frame this late is suspect. OBS smooths below the same figure (libobs/obs-source.c, `TS_SMOOTHING_THRESHOLD`).
const LATE_S: f64 = 0.070;
/// A deficit that still shrinks by more than this is data catching up.
const SHRINKING_S: f64 = 0.020;
/// Deliveries within so many milliseconds are one burst.
const BURST_MS: f64 = 20.0;
/// Deliveries that are further apart than this many buffer periods are not steady: jitter makes a regular pause longer than one.
const PAUSE_PERIODS: f64 = 1.5;
/// Stamps that stay too few to decide on are held back this long at most, in milliseconds: longer than any burst is late, shorter than
/// the ring is deep.
const PATIENCE_MS: f64 = 5_000.0;
/// More than this between two steps does not count as waiting, in milliseconds.
const STEP_MS_MAX: f64 = 50.0;
/// Longest silence that is written; a longer gap ends the take (no hours of zeros on the disk).
const SILENCE_MAX_S: f64 = 10.0;
/// The first stamps of an opening are collected for a buffer period and this before its start is settled: the first delivery may
/// have been late, the next one tells.
const SETTLE_MS: u64 = 50;
/// Deliveries that are remembered until the device is vouched for, which happens some times a second; as many as the ring of stamps holds.
const UNVOUCHED_MAX: usize = 8_192;
/// How often the fitted line is handed on, in seconds of sound.
const CLOCK_EVERY_S: u64 = 1;

/// How frames relate to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeline {
    /// The device has a clock of its own, which is measured.
    Clocked,
    /// The source waits for room (a file at full speed): position is all there is, nothing is ever missing.
    Counted,
}

/// One opening of the device, handed to the drain before its stream plays.
#[derive(Debug)]
pub struct Opening {
    /// The rings' far ends.
    pub tap: CaptureTap,
    /// What the device delivers.
    pub format: DeviceFormat,
    /// How frames relate to time.
    pub timeline: Timeline,
    /// Why there was nothing before it.
    pub cause_before: GapCause,
    /// The thread that holds the stream was given up: treat the producer as gone.
    pub abandoned: Arc<AtomicBool>,
}

/// What the writer gets, in order.
#[derive(Debug, PartialEq)]
pub enum Item {
    /// A new take begins; its frame 0 is at session second `offset`.
    TakeStart {
        /// What the device delivers.
        format: DeviceFormat,
        /// Session seconds.
        offset: f64,
    },
    /// Interleaved whole frames.
    Sound(Vec<f32>),
    /// Missing frames within the take, to be written as exact silence.
    Silence {
        /// How many.
        frames: Frames,
        /// Why.
        cause: GapCause,
    },
    /// What the first take, which is about to begin, has as its rate: what is missing before it is counted in its frames.
    Rate(SampleRate),
    /// Missing time outside of takes; nothing is written.
    Absent {
        /// Session second at which it began.
        from: f64,
        /// How long.
        seconds: f64,
        /// Why.
        cause: GapCause,
    },
    /// Frames of the take that were handed over as sound and are another device's. They lie before what comes next.
    Foreign {
        /// The first of them in the take.
        from: Frames,
        /// How many.
        frames: Frames,
    },
    /// The measured clock of the take that is going on.
    Clock(ClockFit),
    /// What it was measured by, thinned: so many frames of the take had been delivered by that session second.
    Observed(Vec<(Frames, f64)>),
    /// The take is over.
    TakeEnd {
        /// Small steps that its stamps show: sound that went missing unseen. Nothing stands for it in the take.
        slips: Vec<Slip>,
        /// How much later, in seconds, its last stamps are than its frames and slips account for.
        tail_deficit: f64,
        /// From which session second to which its frames were delivered, as its stamps tell; none without a clock.
        span: Option<(f64, f64)>,
    },
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Something moved.
    Busy,
    /// Nothing to do now.
    Idle,
    /// The queue is full; nothing upstream was touched.
    Blocked,
    /// Stop was asked, the producer is gone, everything is empty.
    Finished,
}

/// The drain of one device.
pub struct Drain {
    openings: Receiver<Opening>,
    queue: Producer<Item>,
    clock: SessionClock,
    status: Arc<DrainStatus>,
    /// How long a deficit must last before it is held to be missing sound.
    hold_ms: u64,
    current: Option<Current>,
    stepped_at: MonoNs,
    /// Session second up to which the timeline is accounted for.
    end_s: f64,
    any_take: bool,
    /// The last opening was of a source without a clock: session time says nothing of what is missing.
    counted: bool,
    finished: bool,
    /// What did not fit into the queue; the rings are not touched while it holds something.
    outbox: VecDeque<Item>,
}

impl Drain {
    /// A drain that takes openings from `openings` and feeds `queue`. `buffer_ms` is the device's buffer period.
    pub fn new(
        openings: Receiver<Opening>,
        queue: Producer<Item>,
        clock: SessionClock,
        status: Arc<DrainStatus>,
        buffer_ms: u64,
    ) -> Self {
        Self {
            openings,
            queue,
            clock,
            status,
            hold_ms: buffer_ms.max(200),
            current: None,
            stepped_at: MonoNs(0),
            end_s: 0.0,
            any_take: false,
            counted: false,
            finished: false,
            outbox: VecDeque::new(),
        }
    }

    /// Moves what there is. Never blocks.
    pub fn step(&mut self, now: MonoNs) -> Step {
        if self.finished && self.outbox.is_empty() {
            return Step::Finished;
        }
        self.clock.look();
        if !self.flush() {
            return Step::Blocked;
        }
        if self.finished {
            return Step::Finished;
        }
        let Some(mut current) = self.current.take() else { return self.next_opening() };
        if current.pending.len() > current.cleared {
            // Time in which the drain did not run is no time in which nothing came.
            current.suspect_ms += (now.seconds_since(self.stepped_at) * 1e3).clamp(0.0, STEP_MS_MAX);
        }
        self.stepped_at = now;
        let moved = self.drain_current(&mut current, now);
        let over = current.is_over();
        if over {
            self.end_opening(&mut current);
        } else {
            self.current = Some(current);
        }
        self.flush();
        if moved || over { Step::Busy } else { Step::Idle }
    }

    /// Items that wait for room in the queue, and stamps whose samples are still in the ring: what it holds in memory.
    #[doc(hidden)]
    pub fn holds(&self) -> (usize, usize) {
        (self.outbox.len(), self.current.as_ref().map_or(0, |current| current.pending.len()))
    }

    /// Hands the outbox to the queue; false while the queue is full.
    fn flush(&mut self) -> bool {
        while let Some(item) = self.outbox.pop_front() {
            if let Err(rtrb::PushError::Full(item)) = self.queue.push(item) {
                self.outbox.push_front(item);
                return false;
            }
        }
        true
    }

    fn next_opening(&mut self) -> Step {
        // `closed` is read first: an opening that was sent before it must still be seen.
        let closed = self.status.is_closed();
        match self.openings.try_recv() {
            Ok(opening) => {
                self.current = Some(Current::new(opening));
                Step::Busy
            }
            Err(TryRecvError::Empty) if !closed => Step::Idle,
            Err(_) => {
                self.end_timeline();
                self.finished = true;
                self.flush();
                Step::Busy
            }
        }
    }

    fn drain_current(&mut self, current: &mut Current, now: MonoNs) -> bool {
        current.collect();
        if current.pending.is_empty() {
            return current.tell_foreign(false, &mut self.outbox);
        }
        if !current.started {
            if !current.settled(now, self.hold_ms + SETTLE_MS) {
                return false;
            }
            self.start_take(current);
        }
        let mut moved = false;
        while self.outbox.is_empty() && self.decide(current) {
            if !self.forward_front(current) {
                break;
            }
            moved = true;
        }
        current.emit_block(&mut self.outbox);
        current.tell_foreign(false, &mut self.outbox) || moved
    }

    /// Places the opening's first frame on the session's timeline and begins its take, unless that is paused.
    fn start_take(&mut self, current: &mut Current) {
        current.started = true;
        self.counted = current.opening.timeline == Timeline::Counted;
        let start = match current.opening.timeline {
            Timeline::Counted => self.end_s,
            Timeline::Clocked => current.start_estimate(&self.clock).max(self.end_s),
        };
        current.take_begins(start);
        current.waiting = Some((self.end_s, current.opening.cause_before));
        if !self.is_paused(current) {
            self.ensure_take(current);
        }
    }

    /// Begins the take that has been waiting for its first sound, and accounts for the time before it.
    fn ensure_take(&mut self, current: &mut Current) {
        let Some((from, cause)) = current.waiting.take() else { return };
        let rate = current.opening.format.rate;
        let start = current.place_s().max(from);
        let missing = start - from;
        let within = !self.any_take && missing <= SILENCE_MAX_S;
        if !self.any_take && !within {
            self.outbox.push_back(Item::Rate(rate));
        }
        self.any_take = true;
        let offset = if within { from } else { start };
        if !within && Frames::from_seconds(missing, rate).0 > 0 {
            self.absent(from, missing, cause);
        }
        self.outbox.push_back(Item::TakeStart { format: current.opening.format, offset });
        current.take_begins(offset);
        if within {
            // The first take begins with the session, so that any editor lines the tracks up unaided.
            self.silence(current, Frames::from_seconds(missing, rate), cause);
        }
    }

    /// Missing time outside of takes, by cause.
    fn absent(&mut self, mut from: f64, seconds: f64, cause: GapCause) {
        for (seconds, cause) in self.causes(from, seconds, cause) {
            self.outbox.push_back(Item::Absent { from, seconds, cause });
            from += seconds;
        }
    }

    /// Silence at the current place, by cause.
    fn silence(&mut self, current: &mut Current, frames: Frames, cause: GapCause) {
        let rate = current.opening.format.rate;
        let parts = self.causes(current.place_s(), frames.seconds(rate), cause);
        let (mut placed, mut seconds, count) = (Frames(0), 0.0, parts.len());
        for (n, (length, cause)) in parts.into_iter().enumerate() {
            seconds += length;
            // The last part takes what rounding leaves.
            let until = if n + 1 == count { frames } else { Frames::from_seconds(seconds, rate).min(frames) };
            self.place_silence(current, until.saturating_sub(placed), cause);
            placed = until;
        }
    }

    /// Whether the front stamp may be forwarded now; inserts the gap before it where one is decided.
    fn decide(&mut self, current: &mut Current) -> bool {
        if current.pending.is_empty() {
            return false;
        }
        if current.cleared > 0 || current.opening.timeline == Timeline::Counted {
            return true;
        }
        let deficits = current.deficits(&self.clock);
        if let Some(on_time) = deficits.iter().rposition(|late| *late < LATE_S) {
            // Everything up to a stamp that is on time was late at most.
            current.cleared = on_time + 1;
            current.suspect_ms = 0.0;
            return true;
        }
        let smallest = deficits.iter().copied().fold(f64::INFINITY, f64::min);
        let early = deficits[..deficits.len().div_ceil(2)].iter().copied().fold(f64::INFINITY, f64::min);
        let gone = current.producer_gone();
        let hold = self.hold_ms as f64;
        let patient = current.suspect_ms < (4.0 * hold).max(PATIENCE_MS);
        let steady = current.steady_ms(PAUSE_PERIODS * hold);
        if gone && current.ends_in_burst(&deficits, smallest) {
            // It ended in the middle of a burst: what had come was late, what had not is missing after it.
            current.cleared = current.pending.len();
            return true;
        }
        let waiting = steady < hold || (early - smallest > SHRINKING_S && steady < 4.0 * hold);
        if waiting && patient && !gone {
            return false;
        }
        current.suspect_ms = 0.0;
        // Up to the last stamp that is on time again; if more went missing after it, that is another gap.
        let on_time = deficits.iter().rposition(|late| *late - smallest < LATE_S).unwrap_or(0);
        current.cleared = on_time + 1;
        let frames = Frames((smallest * current.model.line().piece_of(current.frames).rate).round() as u64);
        self.gap(current, frames, GapCause::Stall);
        true
    }

    /// `frames` are missing at the current place: silence, or the end of the take.
    fn gap(&mut self, current: &mut Current, frames: Frames, cause: GapCause) {
        let seconds = frames.seconds(current.opening.format.rate);
        if seconds <= SILENCE_MAX_S || current.waiting.is_some() {
            self.silence(current, frames, cause);
            return;
        }
        let from = self.end_take(current);
        current.take_begins(from + seconds);
        current.waiting = Some((from, cause));
        if !self.is_paused(current) {
            self.ensure_take(current);
        }
    }

    /// Ends the take and returns the session second of its end.
    fn end_take(&mut self, current: &mut Current) -> f64 {
        self.settle_pause(current);
        current.emit_block(&mut self.outbox);
        let end = current.end_s();
        let clock = current.model.finish();
        self.close_take(current, clock, current.frames);
        end
    }

    /// Ends the take after `frames`, with what is known of its clock.
    fn close_take(&mut self, current: &mut Current, clock: TakeClock, frames: Frames) {
        current.tell_foreign(true, &mut self.outbox);
        let span = clock.span(frames);
        let TakeClock { fit, slips, tail_deficit, .. } = clock;
        self.outbox.push_back(Item::Clock(fit));
        current.tell_observations(true, &mut self.outbox);
        self.outbox.push_back(Item::TakeEnd { slips, tail_deficit, span });
    }

    /// Forwards the front stamp with its samples; false while they are still being copied into the ring.
    fn forward_front(&mut self, current: &mut Current) -> bool {
        let Some(stamp) = current.pending.front().copied() else { return false };
        let channels = usize::from(current.opening.format.channels);
        let wanted = Frames(u64::from(stamp.pushed));
        // Gone first: what is in the ring after that is all there will be.
        let gone = current.producer_gone();
        let present = Frames((current.opening.tap.samples.slots() / channels) as u64).min(wanted);
        if present < wanted && !gone {
            return false;
        }
        self.lost(current, stamp.lost_before);
        self.take_frames(current, stamp.at, present);
        if present < wanted {
            // Its callback died half way: what it had announced and not delivered is lost.
            self.silence(current, wanted - present, GapCause::Overrun);
            current.cut = true;
        }
        self.lost(current, stamp.lost_after);
        current.pending.pop_front();
        current.cleared = current.cleared.saturating_sub(1);
        if current.opening.timeline == Timeline::Clocked {
            current.model.observe(current.frames, self.clock.seconds_of(stamp.at));
        }
        if current.cleared > 0 {
            // In the middle of a burst the model knows only how late it is: the stamp that is on time is still to come.
            return true;
        }
        current.placed_by = current.fit();
        self.status.set_position(current.end_s());
        if current.waiting.is_none() && current.frames >= current.clock_due {
            current.clock_due =
                current.frames + Frames(u64::from(current.opening.format.rate.0) * CLOCK_EVERY_S);
            current.emit_block(&mut self.outbox);
            self.outbox.push_back(Item::Clock(current.fit()));
            current.tell_observations(false, &mut self.outbox);
        }
        true
    }

    /// Makes silence of what the callback counted as lost up to `total`.
    fn lost(&mut self, current: &mut Current, total: u64) {
        let frames = Frames(total.saturating_sub(current.lost_known));
        if frames.0 == 0 {
            return;
        }
        current.lost_known = total;
        self.status.add_overrun(frames);
        self.gap(current, frames, GapCause::Overrun);
    }

    fn end_opening(&mut self, current: &mut Current) {
        if !current.started {
            return;
        }
        if let Some((from, _)) = current.waiting {
            // Its last take is over; what comes after this opening accounts for the time since.
            self.end_s = from;
            return;
        }
        // What was lost after the last stamp: there was no room for another one.
        let unsaid = Frames(current.opening.tap.meter.lost().saturating_sub(current.lost_known));
        let seconds = unsaid.seconds(current.opening.format.rate);
        self.status.add_overrun(unsaid);
        if seconds <= SILENCE_MAX_S {
            self.silence(current, unsaid, GapCause::Overrun);
            if let Some((from, _)) = current.waiting {
                self.end_s = from;
                return;
            }
            self.end_s = self.end_take(current);
        } else {
            let from = self.end_take(current);
            self.absent(from, seconds, GapCause::Overrun);
            self.end_s = from + seconds;
        }
    }

    /// Accounts for the time between the last take and the end of the recording.
    fn end_timeline(&mut self) {
        if let Some(seconds) = self.status.broken_off().filter(|_| self.counted) {
            self.outbox.push_back(Item::Absent { from: self.end_s, seconds, cause: GapCause::DeviceLost });
        }
        let Some(stop_at) = self.status.stop_at().filter(|_| !self.counted) else { return };
        let cause = if self.status.ended() {
            GapCause::Ended
        } else if !self.any_take {
            GapCause::NotStarted
        } else if self.status.is_lost() {
            GapCause::DeviceLost
        } else {
            GapCause::Stall
        };
        // A device in good order was stopped a moment before its next delivery: that is no gap.
        let seconds = (stop_at - self.end_s).max(self.status.broken_off().unwrap_or(0.0));
        if seconds > LATE_S || self.status.broken_off().is_some() {
            self.absent(self.end_s, seconds, cause);
        }
    }
}

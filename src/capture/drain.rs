//! The drain: one per device, a `step` that a thread calls every 10 ms. It empties the rings, puts every
//! frame at its place in the take, and decides what sound is missing.
//!
//! # How missing sound is decided
//! A stamp tells when a frame was delivered; the clock model tells when it was due. Data that is merely late
//! catches up: the last stamp of a burst is on time again, or the next one is. Only where deliveries have
//! come steadily for a buffer period, *all* with a deficit, and it does not shrink, is sound missing, and the
//! smallest deficit is how much. Until then the stamps are held back (their samples stay in the ring). A
//! device that delivers nothing at all is decided on when it delivers again, or at stop: never by time-out. A
//! burst that is cut off in its middle was late; the rest is missing after it.
//!
//! What is missing because the computer slept is told from the rest. What another device delivered is told
//! afterwards: that the stream was moved to it is only noticed some time later.
//!
//! A pause is a span of session time: frames that fall into it by the take's clock are counted and dropped,
//! to the frame, whenever they were handed over; sound that is missing in it is missing for it. Up to 10 s
//! are silence, a longer one ends the take.
//!
//! What was lost in a full ring is a number in the stamps and becomes exactly that much silence, exactly
//! there.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, TryRecvError};

use rtrb::Producer;

use super::rt::CaptureTap;
use crate::base::format::DeviceFormat;
use crate::base::units::{Frames, SampleRate};
use crate::clock::model::Slip;
use crate::clock::{MonoNs, SessionClock};
use crate::session::manifest::{ClockFit, GapCause};

mod current;
mod decide;
mod paused;
mod status;
mod takes;

use current::Current;
pub use status::DrainStatus;

/// Items between a drain and the writer: 1.3 s when each holds what one step found, 12 s of sound in blocks
/// of `BLOCK_MS` once the writer is behind.
pub const QUEUE_ITEMS: usize = 128;
/// Longest block of sound in the queue.
const BLOCK_MS: u64 = 100;
/// A frame this late is suspect. OBS smooths below the same figure (libobs/obs-source.c,
/// `TS_SMOOTHING_THRESHOLD`).
const LATE_S: f64 = 0.070;
/// A deficit that still shrinks by more than this is data catching up.
const SHRINKING_S: f64 = 0.020;
/// Deliveries within so many milliseconds are one burst.
const BURST_MS: f64 = 20.0;
/// Deliveries that are further apart than this many buffer periods are not steady: jitter makes a regular
/// pause longer than one.
const PAUSE_PERIODS: f64 = 1.5;
/// Stamps that stay too few to decide on are held back this long at most, in milliseconds: longer than any
/// burst is late, shorter than the ring is deep.
const PATIENCE_MS: f64 = 5_000.0;
/// More than this between two steps does not count as waiting, in milliseconds.
const STEP_MS_MAX: f64 = 50.0;
/// Longest silence that is written; a longer gap ends the take (no hours of zeros on the disk).
const SILENCE_MAX_S: f64 = 10.0;
/// The first stamps of an opening are collected for a buffer period and this before its start is settled: the
/// first delivery may have been late, the next one tells.
const SETTLE_MS: u64 = 50;
/// Deliveries that are remembered until the device is vouched for, which happens some times a second; as many
/// as the ring of stamps holds.
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
    /// What the first take, which is about to begin, has as its rate: what is missing before it is counted in
    /// its frames.
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
    /// Frames of the take that were handed over as sound and are another device's. They lie before what comes
    /// next.
    Foreign {
        /// The first of them in the take.
        from: Frames,
        /// How many.
        frames: Frames,
    },
    /// The measured clock of the take that is going on.
    Clock(ClockFit),
    /// What it was measured by, thinned: so many frames of the take had been delivered by that session
    /// second.
    Observed(Vec<(Frames, f64)>),
    /// The take is over.
    TakeEnd {
        /// Small steps that its stamps show: sound that went missing unseen. Nothing stands for it in the
        /// take.
        slips: Vec<Slip>,
        /// How much later, in seconds, its last stamps are than its frames and slips account for.
        tail_deficit: f64,
        /// From which session second to which its frames were delivered, as its stamps tell; none without a
        /// clock.
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
    /// No take goes on: what has been missing since the last one ended, each from its session second up to
    /// the next one's. Empty within a take.
    missing: Vec<(f64, GapCause)>,
    any_take: bool,
    /// The last opening was of a source without a clock: session time says nothing of what is missing.
    counted: bool,
    finished: bool,
    /// What did not fit into the queue; the rings are not touched while it holds something.
    outbox: VecDeque<Item>,
}

impl Drain {
    /// A drain that takes openings from `openings` and feeds `queue`. `buffer_ms` is the device's buffer
    /// period.
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
            missing: Vec::new(),
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

    /// Items that wait for room in the queue, and stamps whose samples are still in the ring: what it holds
    /// in memory.
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
        // In the middle of a burst there is nothing to learn but how late it is: the stamp that is on time is
        // still to come.
        let in_burst = current.cleared > 0;
        let at = self.clock.seconds_of(stamp.at);
        if current.opening.timeline == Timeline::Clocked
            && !(in_burst && current.deficit(Frames(0), at) >= LATE_S)
        {
            current.model.observe(current.frames, at);
        }
        if in_burst {
            return true;
        }
        current.placed_by = current.fit();
        self.status.set_position(current.end_s());
        if self.missing.is_empty() && current.frames >= current.clock_due {
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
}

//! The drain: one per device, a `step` that a thread calls 25 times a second. It empties the rings, puts
//! every frame at its place in the take, and decides what sound is missing.
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
//!
//! A panic ends the take, not the recording: what was in hand is missing for the cause `restart`, and what is
//! in the rings goes on in a new take.

use std::panic::{AssertUnwindSafe, catch_unwind};
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

mod missing;
mod pauses;
mod placer;
mod stamps;
mod status;
mod take;

use placer::Placer;
use stamps::{Stamps, Verdict};
pub use status::DrainStatus;
use take::Take;

/// Items between a drain and the writer: 5 s when each holds what one step found, 12 s of sound in blocks
/// of `BLOCK_MS` once the writer is behind.
pub const QUEUE_ITEMS: usize = 128;
/// Longest block of sound in the queue.
const BLOCK_MS: u64 = 100;
/// A frame this late is suspect. OBS smooths below the same figure (libobs/obs-source.c,
/// `TS_SMOOTHING_THRESHOLD`).
const LATE_S: f64 = 0.070;
/// A deficit that still shrinks by more than this is data catching up.
const SHRINKING_S: f64 = 0.020;
/// Deliveries within this many milliseconds are one burst.
const BURST_MS: f64 = 20.0;
/// Deliveries that are further apart than this many buffer periods are not steady: jitter makes a regular
/// pause longer than one.
const PAUSE_PERIODS: f64 = 1.5;
/// Stamps that stay too few to decide on are held back up to this long, in milliseconds: longer than any
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
    Silence { frames: Frames, cause: GapCause },
    /// What the first take, which is about to begin, has as its rate: what is missing before it is counted in
    /// its frames.
    Rate(SampleRate),
    /// Missing time outside of takes; nothing is written.
    Absent {
        /// Session second at which it began.
        from: f64,
        seconds: f64,
        cause: GapCause,
    },
    /// Frames of the take that were handed over as sound and are another device's. They lie before what comes
    /// next.
    Foreign {
        /// The first of them in the take.
        from: Frames,
        frames: Frames,
    },
    /// The measured clock of the take that is going on.
    Clock(ClockFit),
    /// What it was measured by, thinned: frames of the take, and the session second by which they had been
    /// delivered.
    Observed(Vec<(Frames, f64)>),
    /// The take is over.
    TakeEnd {
        /// Small steps that its stamps show: sound that went missing unseen. Nothing stands for it in the
        /// take.
        slips: Vec<Slip>,
        /// How much later, in seconds, its last stamps are than its frames and slips account for.
        tail_deficit: f64,
        /// From which session second to which its frames were delivered, as its stamps tell; `None` without a
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
    placer: Placer,
    finished: bool,
}

/// The opening that is being drained.
struct Current {
    stamps: Stamps,
    take: Take,
    started: bool,
    /// Why there was nothing before it.
    cause_before: GapCause,
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
            placer: Placer::new(clock.clone()),
            clock,
            status,
            hold_ms: buffer_ms.max(200),
            current: None,
            stepped_at: MonoNs(0),
            finished: false,
        }
    }

    /// Moves what there is. Never blocks. A panic ends the take.
    pub fn step(&mut self, now: MonoNs) -> Step {
        let step = catch_unwind(AssertUnwindSafe(|| self.try_step(now))).unwrap_or_else(|_| {
            tracing::error!("a drain panicked; its device goes on in a new take");
            if catch_unwind(AssertUnwindSafe(|| self.start_new_take())).is_err() {
                tracing::error!(
                    "a drain panicked again; what its device delivers is lost until it is reopened"
                );
                self.current = None;
            }
            Step::Idle
        });
        let stamps = self.current.as_ref().map_or(0, |current| current.stamps.len());
        self.status.set_held(self.placer.outbox.len(), stamps);
        step
    }

    fn try_step(&mut self, now: MonoNs) -> Step {
        if self.finished && self.placer.outbox.is_empty() {
            return Step::Finished;
        }
        self.clock.look();
        if !self.flush() {
            return Step::Blocked;
        }
        if self.finished {
            return Step::Finished;
        }
        let Some(current) = &mut self.current else { return self.next_opening() };
        // Time in which the drain did not run does not count as waiting.
        current.stamps.waited((now.seconds_since(self.stepped_at) * 1e3).clamp(0.0, STEP_MS_MAX));
        self.stepped_at = now;
        let moved = current.drain(&mut self.placer, &self.status, &self.clock, self.hold_ms, now);
        let over = current.stamps.is_over();
        if over {
            current.end(&mut self.placer, &self.status);
            self.current = None;
        }
        self.flush();
        if moved || over { Step::Busy } else { Step::Idle }
    }

    /// After a panic: the take ends, and what is in the rings goes on in another one.
    fn start_new_take(&mut self) {
        if let Some(current) = &mut self.current {
            current.restart(&mut self.placer);
        }
    }

    /// Hands the outbox to the queue; false while the queue is full.
    fn flush(&mut self) -> bool {
        while let Some(item) = self.placer.outbox.pop_front() {
            if let Err(rtrb::PushError::Full(item)) = self.queue.push(item) {
                self.placer.outbox.push_front(item);
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
                self.placer.end_timeline(&self.status);
                self.finished = true;
                self.flush();
                Step::Busy
            }
        }
    }
}

impl Current {
    fn new(opening: Opening) -> Self {
        Self {
            take: Take::of(&opening),
            cause_before: opening.cause_before,
            stamps: Stamps::new(opening),
            started: false,
        }
    }

    /// Places what there is, as long as the outbox is empty. Whether anything moved.
    fn drain(
        &mut self,
        placer: &mut Placer,
        status: &DrainStatus,
        clock: &SessionClock,
        hold_ms: u64,
        now: MonoNs,
    ) -> bool {
        self.stamps.collect();
        if self.stamps.is_empty() {
            return self.take.tell_foreign(false, &mut placer.outbox);
        }
        if !self.started {
            if !self.stamps.can_start(now, hold_ms + SETTLE_MS) {
                return false;
            }
            self.started = true;
            placer.start(&mut self.take, &self.stamps, self.cause_before, clock);
        }
        let mut moved = false;
        while placer.outbox.is_empty() {
            match self.stamps.verdict(&self.take, clock, hold_ms) {
                Verdict::Wait => break,
                Verdict::Forward => {}
                Verdict::Missing(frames) => placer.gap(&mut self.take, frames, GapCause::Stall),
            }
            if !self.forward(placer, status, clock) {
                break;
            }
            moved = true;
        }
        self.take.emit_block(&mut placer.outbox);
        self.take.tell_foreign(false, &mut placer.outbox) || moved
    }

    /// Places the front stamp with its samples; false while they are still being copied into the ring.
    fn forward(&mut self, placer: &mut Placer, status: &DrainStatus, clock: &SessionClock) -> bool {
        let Some(front) = self.stamps.front() else { return false };
        let stamp = front.stamp;
        self.lost(stamp.lost_before, GapCause::Overrun, placer, status);
        placer.sound(&mut self.take, &mut self.stamps, stamp.at, front.present);
        if front.cut_off.0 > 0 {
            // Its callback died half way: what it had announced and not delivered is lost.
            placer.silence(&mut self.take, front.cut_off, GapCause::Overrun);
        }
        self.lost(stamp.lost_after, stamp.cause, placer, status);
        let in_burst = self.stamps.pop(front.cut_off.0 > 0);
        self.take.observe(clock.seconds_of(stamp.at), in_burst);
        if !in_burst {
            status.set_position(self.take.end_s());
            if placer.is_within_take() {
                self.take.tell_clock_when_due(&mut placer.outbox);
            }
        }
        true
    }

    /// Makes a gap of what the callback counted as lost up to `total`.
    fn lost(&mut self, total: u64, cause: GapCause, placer: &mut Placer, status: &DrainStatus) {
        let frames = self.stamps.newly_lost(total);
        if cause == GapCause::Overrun {
            status.add_overrun(frames);
        }
        placer.gap(&mut self.take, frames, cause);
    }

    /// The opening is over.
    fn end(&mut self, placer: &mut Placer, status: &DrainStatus) {
        if self.started {
            let unsaid = self.stamps.lost_unsaid();
            status.add_overrun(unsaid);
            placer.end_opening(&mut self.take, unsaid);
        }
    }

    /// After a panic: gives up what was in hand; what follows is treated like another opening.
    fn restart(&mut self, placer: &mut Placer) {
        self.stamps.give_up_front();
        if std::mem::take(&mut self.started) {
            placer.break_off(&mut self.take);
            self.take = Take::of(self.stamps.opening());
            self.cause_before = GapCause::Restart;
        }
    }
}

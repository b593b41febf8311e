//! The drain: one per device, a `step` that a thread calls every 10 ms. It empties the rings, puts every frame at its place
//! in the take, and decides what sound is missing.
//!
//! # How missing sound is decided
//! A stamp tells when a frame was delivered; the clock model tells when it was due. Data that is merely late catches up: the
//! last stamp of a burst is on time again. Only where the deficit of *all* stamps has lasted a buffer period, and
//! does not shrink, is sound missing, and the smallest deficit is how much. Until then the stamps are held back (their samples
//! stay in the ring). A device that delivers nothing at all is decided on when it delivers again, or at stop: never by time-out.
//!
//! What was lost in a full ring is a number in the stamps and becomes exactly that much silence, exactly there.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};

use rtrb::Producer;

use super::DeviceFormat;
use super::rt::{CaptureTap, Stamp};
use crate::audio::units::Frames;
use crate::clock::model::ClockModel;
use crate::clock::{MonoNs, SessionClock};
use crate::session::manifest::{ClockFit, GapCause};

/// Items between a drain and the writer. With blocks of at most [`BLOCK_MS`] this is 12 s of sound.
pub const QUEUE_ITEMS: usize = 128;
/// Longest block of sound in the queue.
const BLOCK_MS: u64 = 100;
/// A frame this late is suspect. OBS smooths below the same figure (libobs/obs-source.c, `TS_SMOOTHING_THRESHOLD`).
const LATE_S: f64 = 0.070;
/// A deficit that still shrinks by more than this is data catching up.
const SHRINKING_S: f64 = 0.020;
/// Longest silence that is written; a longer gap ends the take (no hours of zeros on the disk).
const SILENCE_MAX_S: f64 = 10.0;
/// How long the first stamps of an opening are collected before its start is settled: the first burst is then whole.
const SETTLE_MS: u64 = 100;
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
    /// Missing time outside of takes; nothing is written.
    Absent {
        /// Session second at which it began.
        from: f64,
        /// How long.
        seconds: f64,
        /// Why.
        cause: GapCause,
    },
    /// The measured clock of the take that is going on.
    Clock(ClockFit),
    /// The take is over.
    TakeEnd {
        /// How much later, in seconds, its last stamps are than its frames account for: sound that is missing
        /// without anybody having seen it go.
        tail_deficit: f64,
    },
}

/// What the lane and the status line may know of a drain; all atomic.
#[derive(Debug, Default)]
pub struct DrainStatus {
    /// Session second up to which sound has been placed, as bits of an `f64`.
    position: AtomicU64,
    /// Frames lost in full rings, all openings.
    overrun: AtomicU64,
    /// Session second at which recording is to end, as bits of an `f64`; 0: not yet.
    stop_at: AtomicU64,
    /// Nothing more will be opened.
    closed: AtomicBool,
    /// Why there is nothing at the end, as the index of a [`GapCause`] would: true = the source had ended.
    ended: AtomicBool,
    /// The device is gone at the moment.
    lost: AtomicBool,
}

impl DrainStatus {
    /// Session second up to which sound has been placed.
    pub fn position(&self) -> f64 {
        f64::from_bits(self.position.load(Ordering::Acquire))
    }

    /// Frames lost in full rings.
    pub fn overrun(&self) -> Frames {
        Frames(self.overrun.load(Ordering::Relaxed))
    }

    /// Recording ends at this session second: what is missing up to there is a gap, after it nothing is.
    pub fn set_stop_at(&self, seconds: f64) {
        self.stop_at.store(seconds.max(f64::MIN_POSITIVE).to_bits(), Ordering::Release);
    }

    /// Where recording is to end, once that is known.
    pub fn stop_at(&self) -> Option<f64> {
        Some(f64::from_bits(self.stop_at.load(Ordering::Acquire))).filter(|s| *s > 0.0)
    }

    /// Nothing more will be opened: the drain ends when all is empty.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// The source came to its own end.
    pub fn set_ended(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Whether the source came to its own end.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// The device is gone (true) or there (false).
    pub fn set_lost(&self, lost: bool) {
        self.lost.store(lost, Ordering::Release);
    }
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
    /// Session second up to which the timeline is accounted for.
    end_s: f64,
    any_take: bool,
    finished: bool,
    /// What did not fit into the queue; the rings are not touched while it holds something.
    outbox: VecDeque<Item>,
}

/// The opening that is being drained.
struct Current {
    opening: Opening,
    /// Stamps whose samples are still in the ring.
    pending: VecDeque<Stamp>,
    model: ClockModel,
    /// Frames placed in the take, silence included.
    frames: Frames,
    /// Frames lost in the rings that have been accounted for.
    lost_known: u64,
    /// Stamps at the front that were found to be merely late, or decided on.
    cleared: usize,
    /// Since when the front stamp is suspect.
    suspect_since: Option<MonoNs>,
    started: bool,
    block: Vec<f32>,
    clock_due: Frames,
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
            end_s: 0.0,
            any_take: false,
            finished: false,
            outbox: VecDeque::new(),
        }
    }

    /// Moves what there is. Never blocks.
    pub fn step(&mut self, now: MonoNs) -> Step {
        if self.finished && self.outbox.is_empty() {
            return Step::Finished;
        }
        if !self.flush() {
            return Step::Blocked;
        }
        if self.finished {
            return Step::Finished;
        }
        let Some(mut current) = self.current.take() else { return self.next_opening() };
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
        let closed = self.status.closed.load(Ordering::Acquire);
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
            return false;
        }
        if !current.started {
            if !current.settled(now) {
                return false;
            }
            self.start_take(current);
        }
        let mut moved = false;
        while self.outbox.is_empty() && self.decide(current, now) {
            if !self.forward_front(current) {
                break;
            }
            moved = true;
        }
        self.emit_block(current);
        moved
    }

    /// Places the opening's first frame on the session's timeline and begins its take.
    fn start_take(&mut self, current: &mut Current) {
        current.started = true;
        let start = match current.opening.timeline {
            Timeline::Counted => self.end_s,
            Timeline::Clocked => current.start_estimate(&self.clock).max(self.end_s),
        };
        let rate = current.opening.format.rate;
        let missing = start - self.end_s;
        let cause = current.opening.cause_before;
        let within = !self.any_take && missing <= SILENCE_MAX_S;
        self.any_take = true;
        let offset = if within { self.end_s } else { start };
        if !within && missing > 0.0 {
            self.outbox.push_back(Item::Absent { from: self.end_s, seconds: missing, cause });
        }
        self.outbox.push_back(Item::TakeStart { format: current.opening.format, offset });
        current.take_begins(offset);
        if within {
            // The first take begins with the session, so that any editor lines the tracks up unaided.
            current.silence(Frames::from_seconds(missing, rate), cause, &mut self.outbox);
        }
    }

    /// Whether the front stamp may be forwarded now; inserts the gap before it where one is decided.
    fn decide(&mut self, current: &mut Current, now: MonoNs) -> bool {
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
            current.suspect_since = None;
            return true;
        }
        let since = *current.suspect_since.get_or_insert(now);
        let smallest = deficits.iter().copied().fold(f64::INFINITY, f64::min);
        let early = deficits[..deficits.len().div_ceil(2)].iter().copied().fold(f64::INFINITY, f64::min);
        let held = now.seconds_since(since) * 1e3;
        let shrinking = early - smallest > SHRINKING_S && held < 4.0 * self.hold_ms as f64;
        if (held < self.hold_ms as f64 || shrinking) && !current.producer_gone() {
            return false;
        }
        current.suspect_since = None;
        current.cleared = current.pending.len();
        self.gap(current, smallest, GapCause::Stall);
        true
    }

    /// `seconds` are missing at the current place: silence, or the end of the take.
    fn gap(&mut self, current: &mut Current, seconds: f64, cause: GapCause) {
        let rate = current.opening.format.rate;
        if seconds <= SILENCE_MAX_S {
            current.silence(Frames::from_seconds(seconds, rate), cause, &mut self.outbox);
            return;
        }
        let from = current.end_s();
        self.emit_block(current);
        self.outbox.push_back(Item::Clock(current.fit()));
        self.outbox.push_back(Item::TakeEnd { tail_deficit: current.model.tail_deficit() });
        self.outbox.push_back(Item::Absent { from, seconds, cause });
        self.outbox.push_back(Item::TakeStart { format: current.opening.format, offset: from + seconds });
        current.take_begins(from + seconds);
    }

    /// Forwards the front stamp with its samples; false while they are still being copied into the ring.
    fn forward_front(&mut self, current: &mut Current) -> bool {
        let Some(stamp) = current.pending.front().copied() else { return false };
        let channels = usize::from(current.opening.format.channels);
        let wanted = stamp.pushed as usize * channels;
        let present = current.opening.tap.samples.slots().min(wanted);
        if present < wanted && !current.producer_gone() {
            return false;
        }
        self.lost(current, stamp.lost_before);
        current.take_samples(present, &mut self.outbox);
        if present < wanted {
            // Its callback died half way: what it had announced and not delivered is lost.
            let missing = Frames(((wanted - present) / channels) as u64);
            current.silence(missing, GapCause::Overrun, &mut self.outbox);
        }
        self.lost(current, stamp.lost_after);
        current.pending.pop_front();
        current.cleared = current.cleared.saturating_sub(1);
        if current.opening.timeline == Timeline::Clocked {
            current.model.observe(current.frames, self.clock.seconds_of(stamp.at));
        }
        self.status.position.store(current.end_s().to_bits(), Ordering::Release);
        if current.frames >= current.clock_due {
            current.clock_due = current.frames + Frames(u64::from(current.opening.format.rate.0) * CLOCK_EVERY_S);
            self.emit_block(current);
            self.outbox.push_back(Item::Clock(current.fit()));
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
        self.status.overrun.fetch_add(frames.0, Ordering::Relaxed);
        self.gap(current, frames.seconds(current.opening.format.rate), GapCause::Overrun);
    }

    fn emit_block(&mut self, current: &mut Current) {
        current.emit_block(&mut self.outbox);
    }

    fn end_opening(&mut self, current: &mut Current) {
        if current.started {
            self.emit_block(current);
            self.outbox.push_back(Item::Clock(current.fit()));
            self.outbox.push_back(Item::TakeEnd { tail_deficit: current.model.tail_deficit() });
            self.end_s = current.end_s();
        }
    }

    /// Accounts for the time between the last take and the end of the recording.
    fn end_timeline(&mut self) {
        let Some(stop_at) = self.status.stop_at() else { return };
        let cause = if self.status.ended() {
            GapCause::Ended
        } else if !self.any_take {
            GapCause::NotStarted
        } else if self.status.lost.load(Ordering::Acquire) {
            GapCause::DeviceLost
        } else {
            GapCause::Stall
        };
        // A device in good order was stopped a moment before its next delivery: that is no gap.
        let seconds = stop_at - self.end_s;
        if seconds > LATE_S {
            self.outbox.push_back(Item::Absent { from: self.end_s, seconds, cause });
        }
    }
}

impl Current {
    fn new(opening: Opening) -> Self {
        Self {
            model: ClockModel::new(opening.format.rate),
            opening,
            pending: VecDeque::new(),
            frames: Frames(0),
            lost_known: 0,
            cleared: 0,
            suspect_since: None,
            started: false,
            block: Vec::new(),
            clock_due: Frames(0),
        }
    }

    fn collect(&mut self) {
        while let Ok(stamp) = self.opening.tap.stamps.pop() {
            self.pending.push_back(stamp);
        }
    }

    fn producer_gone(&self) -> bool {
        self.opening.tap.samples.is_abandoned() || self.opening.abandoned.load(Ordering::Acquire)
    }

    /// The producer is gone and both rings are empty. The order of the reads matters: gone first.
    fn is_over(&self) -> bool {
        self.producer_gone() && self.pending.is_empty() && self.opening.tap.stamps.is_empty()
    }

    fn settled(&self, now: MonoNs) -> bool {
        self.opening.timeline == Timeline::Counted
            || self.producer_gone()
            || self.pending.front().is_some_and(|first| now >= first.at.plus_ms(SETTLE_MS))
    }

    /// Session second of the opening's first frame: the least late of the first stamps tells.
    fn start_estimate(&self, clock: &SessionClock) -> f64 {
        let rate = self.opening.format.rate;
        let mut delivered = Frames(0);
        let mut start = f64::INFINITY;
        for stamp in &self.pending {
            delivered = delivered + Frames(u64::from(stamp.pushed) + stamp.lost_after - stamp.lost_before);
            start = start.min(clock.seconds_of(stamp.at) - delivered.seconds(rate));
        }
        start.max(0.0)
    }

    fn take_begins(&mut self, offset: f64) {
        self.model = ClockModel::starting_at(self.opening.format.rate, offset);
        self.frames = Frames(0);
        self.clock_due = Frames(0);
    }

    /// How late each pending stamp is against the fitted clock, in seconds.
    fn deficits(&self, clock: &SessionClock) -> Vec<f64> {
        let mut position = self.frames;
        self.pending
            .iter()
            .map(|stamp| {
                position = position + Frames(u64::from(stamp.pushed) + stamp.lost_after - stamp.lost_before);
                clock.seconds_of(stamp.at) - self.model.line().time_of(position)
            })
            .collect()
    }

    fn silence(&mut self, frames: Frames, cause: GapCause, outbox: &mut VecDeque<Item>) {
        if frames.0 > 0 {
            self.emit_block(outbox);
            self.frames += frames;
            outbox.push_back(Item::Silence { frames, cause });
        }
    }

    /// Moves `count` samples from the ring into the block.
    fn take_samples(&mut self, count: usize, outbox: &mut VecDeque<Item>) {
        let channels = usize::from(self.opening.format.channels);
        let block_max = (u64::from(self.opening.format.rate.0) * BLOCK_MS / 1000).max(1) as usize * channels;
        let mut left = count;
        while left > 0 {
            let n = left.min(block_max.saturating_sub(self.block.len()).max(channels));
            let Ok(chunk) = self.opening.tap.samples.read_chunk(n) else { break };
            let (a, b) = chunk.as_slices();
            self.block.extend_from_slice(a);
            self.block.extend_from_slice(b);
            chunk.commit_all();
            left -= n;
            self.frames += Frames((n / channels) as u64);
            if self.block.len() >= block_max {
                self.emit_block(outbox);
            }
        }
    }

    fn emit_block(&mut self, outbox: &mut VecDeque<Item>) {
        if !self.block.is_empty() {
            outbox.push_back(Item::Sound(std::mem::take(&mut self.block)));
        }
    }

    fn fit(&self) -> ClockFit {
        *self.model.line()
    }

    /// Session second of the end of what has been placed.
    fn end_s(&self) -> f64 {
        self.model.line().time_of(self.frames)
    }
}

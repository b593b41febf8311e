//! The realtime side: the only code that runs in an audio callback.
//!
//! Promises: no allocation, no lock, no system call, no log, no unbounded loop, no scratch buffer of a fixed
//! size (callbacks of 6 to 12,308 samples were seen). Nothing is dropped without being counted: what does not
//! fit into the ring is a number in the next stamp, from which the drain makes exactly that much silence at
//! exactly that place.
//!
//! A callback reads the clock after its buffer, pushes a [`Stamp`], copies the frames that fit, and adds to
//! counters.
//!
//! `tests/rt_safety.rs` runs [`on_data`] and [`on_error`] where any system call and any allocation is death.

#![deny(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use cpal::{ErrorKind, FromSample, InputCallbackInfo};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::base::cause::GapCause;
use crate::base::units::{Frames, SampleRate};
use crate::clock::{MonoNs, SessionClock};

/// Depth of the samples ring in seconds: it must cover an fsync stall, a page-cache throttle, a swap-in.
pub const RING_S: u32 = 10;
/// Stamps for [`RING_S`] at callbacks of 64 frames at 48 kHz and more; smaller ones run out of stamps and are
/// counted as overrun only when the drain has not run for as long.
const STAMPS: usize = 8_192;

/// What one callback brought, taken after its buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Frames of this callback that are in the samples ring.
    pub pushed: u32,
    /// Frames lost in all, before this callback's first frame.
    pub lost_before: u64,
    /// Frames lost in all, after this callback's last frame.
    pub lost_after: u64,
    /// Our monotonic clock, after the buffer.
    pub at: MonoNs,
    /// What the backend holds to be the age of the buffer's first frame, in ns. For the journal only.
    pub latency_ns: u32,
    /// Why frames were lost between `lost_before` and `lost_after`.
    pub cause: GapCause,
}

/// What the callback leaves for others to look at. All of it is atomic.
#[derive(Debug, Default)]
pub struct SinkMeter {
    /// Peak of |sample| since it was last taken, as bits of an `f32` (which order like the numbers they are).
    peak: AtomicU32,
    /// Callbacks so far.
    callbacks: AtomicU64,
    /// Frames delivered so far, lost ones included.
    frames: AtomicU64,
    /// Frames lost so far because a ring was full.
    lost: AtomicU64,
    /// When the last callback was, in ns of our clock; 0: none yet.
    last_at: AtomicU64,
    /// The longest time between two callbacks, in ns.
    longest: AtomicU64,
    /// What the backend held to be the age of the first frame of the last buffer, in ns.
    latency: AtomicU32,
    /// Errors that the backend reported, as a set of bits of [`BackendTrouble`].
    trouble: AtomicU32,
    /// The source has come to its end (files, scripts).
    ended: AtomicBool,
    /// When the device was last seen to be the one that was opened, in ns of our clock; 0: not yet.
    vouched_at: AtomicU64,
    /// What came after that is another device's sound.
    foreign: AtomicBool,
}

/// What a backend's error callback can say, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum BackendTrouble {
    /// The device or the server is gone; the stream is dead.
    Gone = 1,
    /// The backend lost sound on its own.
    Xrun = 2,
    /// The system refused realtime priority.
    RealtimeDenied = 4,
    /// Anything else.
    Other = 8,
    /// The device delivers, but another one is to be recorded now.
    Superseded = 16,
    /// The system moved the stream to another device.
    Moved = 32,
}

impl SinkMeter {
    /// The highest |sample| since the last call.
    pub fn take_peak(&self) -> f32 {
        f32::from_bits(self.peak.swap(0, Ordering::Relaxed))
    }

    /// Callbacks so far.
    pub fn callbacks(&self) -> u64 {
        self.callbacks.load(Ordering::Relaxed)
    }

    /// Frames delivered so far, those included that were lost in a full ring.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Frames lost so far because a ring was full.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// When the last callback was.
    pub fn last_at(&self) -> Option<MonoNs> {
        Some(MonoNs(self.last_at.load(Ordering::Relaxed))).filter(|at| at.0 > 0)
    }

    /// The longest time between two callbacks so far, in seconds.
    pub fn longest_pause(&self) -> f64 {
        self.longest.load(Ordering::Relaxed) as f64 * 1e-9
    }

    /// How old the backend held the first frame of the last buffer to be, in seconds; 0 where it does not
    /// say.
    pub fn latency(&self) -> f64 {
        f64::from(self.latency.load(Ordering::Relaxed)) * 1e-9
    }

    /// Takes the trouble that was reported since the last call, as a set of bits.
    pub fn take_trouble(&self) -> u32 {
        self.trouble.swap(0, Ordering::Relaxed)
    }

    /// The error callback's whole work. Realtime-safe.
    pub fn report(&self, trouble: BackendTrouble) {
        self.trouble.fetch_or(trouble as u32, Ordering::Relaxed);
    }

    /// The device was seen to be the one that was opened, at this instant: what came before it is its own
    /// sound.
    pub fn vouch(&self, at: MonoNs) {
        self.vouched_at.fetch_max(at.0, Ordering::AcqRel);
    }

    /// Up to when the sound is known to be the device's own.
    pub fn vouched_at(&self) -> MonoNs {
        MonoNs(self.vouched_at.load(Ordering::Acquire))
    }

    /// The device is gone and the stream went on: what came since it was last vouched for is another device's
    /// sound.
    pub fn set_foreign(&self) {
        self.foreign.store(true, Ordering::Release);
    }

    /// Whether what came since the device was last vouched for is another device's sound.
    pub fn is_foreign(&self) -> bool {
        self.foreign.load(Ordering::Acquire)
    }

    /// A finite source says that it has come to its end.
    pub fn set_ended(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Whether a finite source has come to its end.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

/// The producing half: lives in the callback.
#[derive(Debug)]
pub struct CaptureSink {
    samples: Producer<f32>,
    stamps: Producer<Stamp>,
    channels: usize,
    /// Frames without sound so far, for whatever reason.
    lost: u64,
    /// Of those, the ones that a source did not have.
    absent: u64,
    meter: Arc<SinkMeter>,
}

/// The consuming half: lives in the drain.
#[derive(Debug)]
pub struct CaptureTap {
    /// Interleaved samples, ±1.0.
    pub samples: Consumer<f32>,
    /// What the callbacks said of them.
    pub stamps: Consumer<Stamp>,
    /// What the callback leaves for others to look at.
    pub meter: Arc<SinkMeter>,
}

impl CaptureSink {
    /// A pair of rings of [`RING_S`] seconds for `channels` at `rate`.
    pub fn pair(channels: u16, rate: SampleRate) -> (Self, CaptureTap) {
        Self::pair_with(channels, rate.0 as usize * RING_S as usize, STAMPS)
    }

    /// A pair of rings for `frames` frames and `stamps` stamps.
    pub fn pair_with(channels: u16, frames: usize, stamps: usize) -> (Self, CaptureTap) {
        let channels = usize::from(channels.max(1));
        let (samples, samples_out) = RingBuffer::new(frames * channels);
        let (stamps, stamps_out) = RingBuffer::new(stamps);
        let meter = Arc::new(SinkMeter::default());
        let tap = CaptureTap { samples: samples_out, stamps: stamps_out, meter: Arc::clone(&meter) };
        (Self { samples, stamps, channels, lost: 0, absent: 0, meter }, tap)
    }

    /// Takes over one callback's buffer of interleaved frames. `now` is our clock after the buffer.
    ///
    /// The stamp goes first, so that no sample is ever in the ring without one; without room for it the
    /// frames count as lost. Realtime-safe.
    pub fn push<T>(&mut self, interleaved: &[T], now: MonoNs, latency_ns: u32)
    where
        T: Copy,
        f32: FromSample<T>,
    {
        let frames = interleaved.len() / self.channels;
        if frames == 0 {
            return;
        }
        let room = self.free_frames();
        let fits = if self.stamps.slots() > 0 { frames.min(room) } else { 0 };
        let lost_before = self.lost;
        let lost_after = lost_before + (frames - fits) as u64;
        let cause = GapCause::Overrun;
        let stamp = Stamp { pushed: fits as u32, lost_before, lost_after, at: now, latency_ns, cause };
        self.lost = lost_after;
        if self.stamps.push(stamp).is_ok() {
            self.copy(&interleaved[..fits * self.channels]);
        }
        self.meter.callbacks.fetch_add(1, Ordering::Relaxed);
        self.meter.frames.fetch_add(frames as u64, Ordering::Relaxed);
        self.meter.lost.store(self.lost - self.absent, Ordering::Relaxed);
        self.meter.latency.store(latency_ns, Ordering::Relaxed);
        let before = self.meter.last_at.swap(now.0, Ordering::Relaxed);
        if before > 0 {
            self.meter.longest.fetch_max(now.0.saturating_sub(before), Ordering::Relaxed);
        }
    }

    /// The source has no sound for so many frames, for this cause; a source that can wait has made sure that
    /// there is room for a stamp.
    pub fn miss(&mut self, frames: Frames, cause: GapCause, now: MonoNs) {
        let lost_before = self.lost;
        self.lost += frames.0;
        self.absent += frames.0;
        let stamp = Stamp { pushed: 0, lost_before, lost_after: self.lost, at: now, latency_ns: 0, cause };
        if self.stamps.push(stamp).is_err() {
            // The next stamp tells how many; then they are lost in our ring.
            self.absent -= frames.0;
        }
        self.meter.callbacks.fetch_add(1, Ordering::Relaxed);
        self.meter.frames.fetch_add(frames.0, Ordering::Relaxed);
        self.meter.last_at.store(now.0, Ordering::Relaxed);
    }

    /// Copies whole frames that are known to fit; the peak falls off on the way.
    fn copy<T>(&mut self, samples: &[T])
    where
        T: Copy,
        f32: FromSample<T>,
    {
        // The chunk can only be refused if the ring had become fuller, and only we fill it.
        let Ok(chunk) = self.samples.write_chunk_uninit(samples.len()) else { return };
        let mut peak = 0.0f32;
        chunk.fill_from_iter(samples.iter().map(|&sample| {
            let value = f32::from_sample_(sample);
            peak = peak.max(value.abs());
            value
        }));
        self.meter.peak.fetch_max(peak.to_bits(), Ordering::Relaxed);
    }

    /// Frames that would fit now. A source that can wait (a file) asks before it pushes.
    pub fn free_frames(&mut self) -> usize {
        self.samples.slots() / self.channels
    }

    /// Whether a stamp would fit now.
    pub fn has_stamp_room(&mut self) -> bool {
        self.stamps.slots() > 0
    }

    /// What others may look at.
    pub fn meter(&self) -> &Arc<SinkMeter> {
        &self.meter
    }
}

/// All that a backend's data callback does.
pub fn on_data<T>(mut sink: CaptureSink, clock: SessionClock) -> impl FnMut(&[T], &InputCallbackInfo) + Send
where
    T: Copy,
    f32: FromSample<T>,
{
    move |samples, info| {
        let stamp = info.timestamp();
        let latency = stamp.callback.saturating_duration_since(stamp.capture);
        sink.push(samples, clock.mono(), u32::try_from(latency.as_nanos()).unwrap_or(u32::MAX));
    }
}

/// All that a backend's error callback does. The errors of audio threads carry no text; where another one
/// does, it was allocated on the same thread a moment before, and is freed here.
pub fn on_error(meter: Arc<SinkMeter>) -> impl FnMut(cpal::Error) + Send {
    move |error| meter.report(trouble(error.kind()))
}

fn trouble(kind: ErrorKind) -> BackendTrouble {
    match kind {
        ErrorKind::Xrun => BackendTrouble::Xrun,
        ErrorKind::RealtimeDenied => BackendTrouble::RealtimeDenied,
        ErrorKind::DeviceNotAvailable
        | ErrorKind::StreamInvalidated
        | ErrorKind::DeviceChanged
        | ErrorKind::HostUnavailable
        | ErrorKind::BackendError => BackendTrouble::Gone,
        _ => BackendTrouble::Other,
    }
}

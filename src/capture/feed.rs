//! Sources that make their own sound: a thread that delivers what a feed gives, paced like a device or as
//! fast as there is room.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use super::drain::Timeline;
use super::rt::{BackendTrouble, CaptureSink};
use super::source::{BrokenOff, Failure, Opened, Plug, SourceError};
use crate::base::cause::GapCause;
use crate::base::format::DeviceFormat;
use crate::base::units::{Frames, SampleRate};
use crate::clock::{MonoNs, SessionClock};

/// A paced feed wakes up this often.
const WAKE_MS: u64 = 2;
/// Frames a callback at full speed.
const BULK_FRAMES: usize = 4_800;

/// Makes sound.
pub trait Feed: Send {
    /// Appends up to `frames` frames to `out` and says how many, or that it has none for so many.
    fn next(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<Fed, BrokenOff>;

    /// What was odd about it since the last call.
    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// A device's faults: what happens to the delivery `at` seconds after the device was first started.
    fn delivery(&mut self, _at: f64) -> Delivery {
        Delivery::OnTime
    }

    /// Passes over frames that the device had and did not deliver.
    fn skip(&mut self, _frames: u64) {}

    /// Frames of the next callback.
    fn block(&mut self, rate: u32) -> usize {
        (rate / 100) as usize
    }

    /// Frames a second that the device really makes.
    fn true_rate(&self, nominal: f64) -> f64 {
        nominal
    }
}

/// What a feed gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fed {
    /// So many frames of sound.
    Sound(usize),
    /// It has no sound for so many frames, and why.
    Missing(usize, GapCause),
    /// It has ended.
    Nothing,
}

/// What becomes of a device's sound at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It is delivered.
    OnTime,
    /// It is delivered later, in a burst.
    Late,
    /// It is lost without a word.
    Lost,
    /// The device is gone.
    Gone,
}

/// How a feed is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Like a device, at its rate.
    Real,
    /// As fast as there is room.
    Max {
        /// Ends after so much sound.
        limit: Option<Duration>,
    },
}

impl Pace {
    /// How frames relate to time.
    pub fn timeline(self) -> Timeline {
        match self {
            Self::Real => Timeline::Clocked,
            Self::Max { .. } => Timeline::Counted,
        }
    }
}

/// A running feed; dropping it stops and joins its thread.
struct Running {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a feed's thread panicked");
        }
    }
}

/// When a device was first started and when it was opened this time, on our clock: a device that is opened
/// again goes on where its own clock stands by now.
#[derive(Debug, Clone, Copy)]
pub struct Epoch {
    first: MonoNs,
    opened: MonoNs,
}

impl Epoch {
    /// An opening now; `first` is set by the first one.
    pub fn now(first: &OnceLock<MonoNs>, clock: &SessionClock) -> Self {
        let opened = clock.mono();
        Self { first: *first.get_or_init(|| opened), opened }
    }

    /// Seconds from the first opening to this one.
    pub fn age_s(self) -> f64 {
        self.opened.seconds_since(self.first).max(0.0)
    }
}

/// How a feed came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// There is nothing more.
    Ended,
    /// The device went away; it may come back.
    Gone,
    /// It was told to stop.
    Stopped,
}

/// Starts delivering.
pub fn start(
    feed: Box<dyn Feed>,
    format: DeviceFormat,
    pace: Pace,
    epoch: Epoch,
    plug: &Plug,
    name: String,
) -> Result<Opened, SourceError> {
    let sink = plug.sink(format, pace.timeline())?;
    let meter = Arc::clone(sink.meter());
    let failure = Failure::default();
    let stop = Arc::new(AtomicBool::new(false));
    let runner = Runner {
        feed,
        sink,
        rate: format.rate.0,
        clock: plug.clock.clone(),
        stop: Arc::clone(&stop),
        buffer: Vec::new(),
        notes: failure.clone(),
    };
    let told = failure.clone();
    let thread = std::thread::Builder::new()
        .name("feed".into())
        .spawn(move || {
            let meter = Arc::clone(runner.sink.meter());
            let result = catch_unwind(AssertUnwindSafe(move || match pace {
                Pace::Real => runner.run_paced(epoch),
                Pace::Max { limit } => runner.run_at_full_speed(limit),
            }));
            match result {
                // One or the other: a device that is gone has not come to its end.
                Ok(Ok(End::Gone)) => meter.report(BackendTrouble::Gone),
                Ok(Ok(End::Ended | End::Stopped)) => meter.set_ended(),
                Ok(Err(broken)) => {
                    told.set(broken);
                    meter.set_ended();
                }
                Err(_) => {
                    let reason = "the thread that delivers it panicked".into();
                    told.set(BrokenOff { reason, missing_s: None });
                    meter.set_ended();
                }
            }
        })
        .map_err(|error| SourceError(format!("can't start a thread: {error}")))?;
    let stream = Box::new(Running { stop, thread: Some(thread) });
    Ok(Opened { stream, device: None, name: Some(name), meter, failure })
}

struct Runner {
    feed: Box<dyn Feed>,
    sink: CaptureSink,
    rate: u32,
    clock: SessionClock,
    stop: Arc<AtomicBool>,
    buffer: Vec<f32>,
    notes: Failure,
}

impl Runner {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Hands on what comes next, up to `frames` frames, and says how many; `None` at the end.
    fn deliver(&mut self, frames: usize) -> Result<Option<usize>, BrokenOff> {
        self.buffer.clear();
        let fed = self.feed.next(frames, &mut self.buffer);
        self.notes.note(self.feed.notes());
        let now = self.clock.mono();
        Ok(match fed? {
            Fed::Nothing => None,
            Fed::Sound(frames) => {
                self.sink.push(&self.buffer, now, 0);
                Some(frames)
            }
            Fed::Missing(frames, cause) => {
                self.sink.miss(Frames(frames as u64), cause, now);
                Some(frames)
            }
        })
    }

    /// Delivers as fast as there is room; every frame up to the limit, none is ever lost.
    fn run_at_full_speed(mut self, limit: Option<Duration>) -> Result<End, BrokenOff> {
        let rate = SampleRate(self.rate);
        let mut left =
            limit.map_or(usize::MAX, |limit| Frames::from_seconds(limit.as_secs_f64(), rate).0 as usize);
        while !self.stopped() {
            let room = self.sink.free_frames().min(BULK_FRAMES).min(left);
            if left == 0 {
                return Ok(End::Ended);
            }
            if room == 0 || !self.sink.has_stamp_room() {
                std::thread::sleep(Duration::from_millis(WAKE_MS));
                continue;
            }
            let Some(frames) = self.deliver(room)? else { return Ok(End::Ended) };
            left -= frames;
        }
        Ok(End::Stopped)
    }

    /// Delivers what a device started at `epoch` would have delivered by now.
    fn run_paced(mut self, epoch: Epoch) -> Result<End, BrokenOff> {
        let rate = self.feed.true_rate(f64::from(self.rate));
        let mut made = (epoch.age_s() * rate) as u64;
        self.feed.skip(made);
        let mut block = self.feed.block(self.rate);
        while !self.stopped() {
            let at = self.clock.mono().seconds_since(epoch.first).max(0.0);
            let due = (at * rate) as u64;
            match self.feed.delivery(at) {
                Delivery::Gone => return Ok(End::Gone),
                Delivery::Late => {}
                Delivery::Lost => {
                    self.feed.skip(due.saturating_sub(made));
                    made = made.max(due);
                }
                Delivery::OnTime => {
                    while made + block as u64 <= due {
                        let Some(frames) = self.deliver(block)? else { return Ok(End::Ended) };
                        made += frames as u64;
                        block = self.feed.block(self.rate);
                    }
                }
            }
            std::thread::sleep(Duration::from_millis(WAKE_MS));
        }
        Ok(End::Stopped)
    }
}

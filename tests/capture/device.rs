//! A device by script, on a scripted clock: it pushes coded frames into a `CaptureSink`, a `Drain` is stepped
//! every 10 ms, and what truly happened is written down beside it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Sender};

use hansard::base::format::DeviceFormat;
use hansard::base::units::{SampleFormat, SampleRate};
use hansard::capture::drain::{Drain, DrainStatus, Item, Opening, QUEUE_ITEMS, Step, Timeline};
use hansard::capture::rt::CaptureSink;
use hansard::capture::synth::code;
use hansard::clock::{MonoNs, ScriptedClock, SessionClock};
use hansard::session::manifest::GapCause;
use rtrb::{Consumer, RingBuffer};

use hansard::base::random::Random;

/// Session second 0 on the scripted clock.
const ORIGIN_NS: u64 = 7_000_000_000;
/// The drain's thread wakes up this often.
const TICK_S: f64 = 0.01;
/// With buffers from here on a held-back delivery and the next one can be a whole period apart.
const LONG_BUFFER_MS: u64 = 150;
/// Sound may go missing after a delivery that was not later than this beside jitter: else nobody can tell
/// late from lost.
const ON_TIME_S: f64 = 0.001;

/// Stamps that a drain may hold whose device is in good order: those of the last tick…
const HELD_MAX: usize = 4;
/// …and no more than one where a callback takes longer than this, in seconds.
const LONG_CALLBACK_S: f64 = 0.05;
/// Around a busy disk everything must come to rest.
const BUSY_BEFORE_S: f64 = 0.3;
const BUSY_AFTER_S: f64 = 1.0;

/// What happens to the device, one after the other.
#[derive(Debug, Clone, Copy)]
pub enum Op {
    /// All is well for that many seconds.
    Play(f64),
    /// Sound is held back for that many seconds, then delivered in a burst.
    Late(f64),
    /// So many seconds of sound are lost without a word.
    Stall(f64),
    /// The device is gone for that many seconds, then opened again.
    Gone(f64),
    /// Nobody steps the drain for that many seconds; sound goes on.
    DrainSleeps(f64),
    /// The writer takes nothing for that many seconds; sound goes on.
    WriterSleeps(f64),
}

#[derive(Debug, Clone)]
pub struct Script {
    pub rate: u32,
    pub channels: u16,
    pub ppm: f64,
    /// Least and most frames of a callback.
    pub callback: (u64, u64),
    /// Each callback is up to this late.
    pub jitter_s: f64,
    /// Frames and stamps of small rings; `None` means the real ones.
    pub rings: Option<(usize, usize)>,
    /// Session second at which the device first delivers.
    pub start_s: f64,
    pub ops: Vec<Op>,
    /// Stop comes after this share of the script.
    pub stop: f64,
    /// Spans of time in which the disk is busy: nothing goes missing then that nobody could tell from what is
    /// late.
    pub busy: Vec<(f64, f64)>,
    pub seed: u64,
}

/// What truly became of the device's sound, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Truth {
    /// The device was opened; its first frame.
    Opened { first: u64 },
    /// These frames went into the ring.
    Sound { from: u64, to: u64 },
    /// So many frames found no room.
    Overrun(u64),
    /// So many frames were never delivered.
    Stall(u64),
}

pub struct Outcome {
    pub script: Script,
    pub items: Vec<Item>,
    pub truth: Vec<Truth>,
    /// Session second at which stop was asked.
    pub stop_s: f64,
}

impl Script {
    pub fn format(&self) -> DeviceFormat {
        DeviceFormat { rate: SampleRate(self.rate), channels: self.channels, format: SampleFormat::S24 }
    }

    pub fn true_rate(&self) -> f64 {
        f64::from(self.rate) * (1.0 + self.ppm * 1e-6)
    }

    /// Session second at which frame `n` of the device's life begins.
    pub fn time_of(&self, n: u64) -> f64 {
        self.start_s + n as f64 / self.true_rate()
    }

    fn frame_at(&self, s: f64) -> u64 {
        ((s - self.start_s) * self.true_rate()).ceil().max(0.0) as u64
    }

    /// Whether a delivery of all frames before `to` was on time.
    fn is_on_time(&self, to: u64, at: f64) -> bool {
        at - self.time_of(to) <= ON_TIME_S + self.jitter_s
    }

    pub fn buffer_ms(&self) -> u64 {
        self.callback.1 * 1000 / u64::from(self.rate) + 1
    }
}

/// Whether deliveries have been on time for a while. Only then does everybody agree on what is late and what
/// is lost.
#[derive(Debug, Default)]
struct Calm {
    upset_at: f64,
    /// The first delivery on time some ticks after it was last upset, and the last one.
    first: Option<f64>,
    last: f64,
}

impl Calm {
    fn upset(&mut self, at: f64) {
        (self.upset_at, self.first) = (at, None);
    }

    fn delivered(&mut self, at: f64, on_time: bool) {
        if !on_time {
            self.upset(at);
        } else if at > self.upset_at + 3.0 * TICK_S {
            self.first.get_or_insert(at);
        }
        self.last = at;
    }

    fn is(&self) -> bool {
        self.first.is_some_and(|first| self.last > first + 3.0 * TICK_S)
    }
}

/// One delivery or one closing, in the order of time.
#[derive(Debug, Clone, Copy)]
enum Event {
    Open,
    Callback { from: u64, to: u64 },
    Close,
}

/// Everything that will happen, and when.
#[derive(Default)]
struct Plan {
    events: Vec<(f64, Event)>,
    drain_sleeps: Vec<(f64, f64)>,
    writer_sleeps: Vec<(f64, f64)>,
    end_s: f64,
}

/// Lays the script out in time.
struct Planner<'a> {
    script: &'a Script,
    random: Random,
    plan: Plan,
    /// Next frame, and now.
    frame: u64,
    now: f64,
    last_at: f64,
    calm: Calm,
}

impl Planner<'_> {
    fn run(mut self) -> Plan {
        self.plan.events.push((self.now, Event::Open));
        for op in &self.script.ops {
            match *op {
                Op::Play(s) => self.play(s, 0.0),
                Op::Late(s) => {
                    // Deliveries that are all late, period for period, are what lost sound looks like.
                    if self.script.buffer_ms() > LONG_BUFFER_MS {
                        self.catch_up();
                    }
                    self.play(s, self.now + s);
                }
                Op::Stall(s) => {
                    self.catch_up();
                    self.frame += (s * self.script.true_rate()) as u64;
                    self.now = self.script.time_of(self.frame);
                }
                Op::Gone(s) => self.gone(s),
                Op::DrainSleeps(s) => {
                    self.plan.drain_sleeps.push((self.now, self.now + s));
                    self.play(s, 0.0);
                    self.calm.upset(self.now);
                }
                Op::WriterSleeps(s) => {
                    self.plan.writer_sleeps.push((self.now, self.now + s));
                    self.play(s, 0.0);
                    self.calm.upset(self.now);
                }
            }
        }
        // Whatever was under way comes to its end, if stop does not come first.
        let rest = self.script.callback.1 as f64 / self.script.true_rate() + 1.0;
        self.play(rest, 0.0);
        self.plan.end_s = self.now;
        self.plan
    }

    /// Callbacks of `seconds`, none of them before `held_until`.
    fn play(&mut self, seconds: f64, held_until: f64) {
        let until = self.now + seconds;
        loop {
            let to = self.frame + self.random.between(self.script.callback);
            let due = self.script.time_of(to);
            if due > until {
                break;
            }
            let late = self.random.unit() * self.script.jitter_s;
            self.last_at = (due + late).max(held_until).max(self.last_at);
            self.plan.events.push((self.last_at, Event::Callback { from: self.frame, to }));
            self.calm.delivered(self.last_at, self.script.is_on_time(to, self.last_at));
            self.frame = to;
        }
        self.now = until;
    }

    /// Plays on until deliveries are on time, and had room for their stamps however small the ring is.
    fn catch_up(&mut self) {
        while !self.calm.is() || self.is_busy() {
            self.play(0.05, 0.0);
        }
    }

    fn is_busy(&self) -> bool {
        self.script
            .busy
            .iter()
            .any(|(from, to)| (from - BUSY_BEFORE_S..to + BUSY_AFTER_S).contains(&self.now))
    }

    fn gone(&mut self, seconds: f64) {
        self.catch_up();
        self.now = self.now.max(self.last_at);
        self.plan.events.push((self.now, Event::Close));
        self.now += seconds;
        self.frame = self.script.frame_at(self.now);
        self.plan.events.push((self.now, Event::Open));
        // A device needs a moment before anything can be said of it.
        self.play(0.3 + 2.0 * self.script.callback.1 as f64 / self.script.true_rate(), 0.0);
    }
}

/// A device and its drain, with time handed to them.
pub struct Device {
    pub script: Script,
    clock: ScriptedClock,
    pub status: Arc<DrainStatus>,
    drain: Drain,
    openings: Option<Sender<Opening>>,
    sink: Option<CaptureSink>,
    opened_before: bool,
    next: u64,
    /// Of the deliveries whose stamps found room.
    calm: Calm,
    /// When sound came again after some was missing.
    missed_s: f64,
    /// Session second at which the drain last held something back.
    held_s: f64,
    plan: Plan,
    /// Events of the plan that have happened.
    happened: usize,
    pub truth: Vec<Truth>,
    stop_s: Option<f64>,
}

/// A device whose day is over.
pub struct Past {
    pub script: Script,
    pub truth: Vec<Truth>,
}

fn within(windows: &[(f64, f64)], s: f64) -> bool {
    windows.iter().any(|(from, to)| (*from..*to).contains(&s))
}

/// A session second on the scripted clock.
pub fn mono(s: f64) -> MonoNs {
    MonoNs(ORIGIN_NS + (s * 1e9) as u64)
}

/// A clock at the session's start.
pub fn clock() -> (ScriptedClock, SessionClock) {
    let clock = ScriptedClock::default();
    clock.set(MonoNs(ORIGIN_NS));
    (clock.clone(), SessionClock::start_now(Arc::new(clock)))
}

impl Device {
    /// The device by `script`, and the far end of its drain's queue.
    pub fn new(script: &Script, clock: &ScriptedClock, session: &SessionClock) -> (Self, Consumer<Item>) {
        let planner = Planner {
            random: Random::new(script.seed),
            plan: Plan::default(),
            frame: 0,
            now: script.start_s,
            last_at: 0.0,
            calm: Calm::default(),
            script,
        };
        let (openings, to_drain) = mpsc::channel();
        let (queue_in, queue) = RingBuffer::new(QUEUE_ITEMS);
        let status = Arc::new(DrainStatus::default());
        let drain = Drain::new(to_drain, queue_in, session.clone(), Arc::clone(&status), script.buffer_ms());
        let device = Self {
            clock: clock.clone(),
            status,
            drain,
            openings: Some(openings),
            sink: None,
            opened_before: false,
            next: 0,
            calm: Calm::default(),
            missed_s: 0.0,
            held_s: 0.0,
            plan: planner.run(),
            happened: 0,
            truth: Vec::new(),
            stop_s: None,
            script: script.clone(),
        };
        (device, queue)
    }

    /// What truly became of it.
    pub fn into_past(self) -> Past {
        Past { script: self.script, truth: self.truth }
    }

    /// Session second at which the script is over.
    pub fn end_s(&self) -> f64 {
        self.plan.end_s
    }

    /// What happens to the device up to `now`.
    pub fn happen_until(&mut self, now: f64) {
        while let Some((at, event)) =
            self.plan.events.get(self.happened).copied().filter(|(at, _)| *at <= now)
        {
            self.happened += 1;
            self.clock.set(mono(at));
            self.happen(event, at);
        }
        self.clock.set(mono(now));
    }

    /// Recording ends at this second.
    pub fn stop(&mut self, stop_s: f64) {
        self.stop_s = Some(stop_s);
        self.status.set_stop_at(stop_s);
    }

    /// One step of the drain, unless nobody steps it just now.
    pub fn step(&mut self, now: f64) -> Step {
        if within(&self.plan.drain_sleeps, now) {
            return Step::Idle;
        }
        if self.holds_back() {
            self.held_s = now;
        }
        self.drain.step(mono(now))
    }

    /// Whether the drain can't tell yet where what was delivered belongs.
    fn holds_back(&self) -> bool {
        let is_long = self.script.callback.1 as f64 > LONG_CALLBACK_S * f64::from(self.script.rate);
        self.status.held().1 > if is_long { 1 } else { HELD_MAX }
    }

    /// What the drain holds in memory: items, stamps.
    pub fn holds(&self) -> (usize, usize) {
        self.status.held()
    }

    /// Since which session second deliveries have been in good order; infinity: they are not, or nobody takes
    /// them, or the drain holds them back as it can't tell yet whether they are late.
    pub fn calm_since(&self, now: f64) -> f64 {
        if self.holds_back() {
            return f64::INFINITY;
        }
        let slept = self.plan.drain_sleeps.iter().chain(&self.plan.writer_sleeps);
        let slept = slept.filter(|(from, _)| *from <= now).map(|(_, to)| *to).fold(0.0, f64::max);
        let calm = self.calm.first.filter(|_| self.calm.is() && self.sink.is_some() && slept <= now);
        calm.map_or(f64::INFINITY, |first| first.max(slept).max(self.missed_s).max(self.held_s))
    }

    /// Whether the writer is not to take anything from this device just now.
    pub fn writer_sleeps(&self, now: f64) -> bool {
        within(&self.plan.writer_sleeps, now)
    }

    /// What a lane does after stop: the tail is waited for, but not for ever.
    pub fn may_close(&self, now: f64) -> bool {
        let Some(stop_s) = self.stop_s else { return false };
        let patience = self.script.buffer_ms() as f64 / 1e3 + 0.5;
        let waited = self.status.position() >= stop_s || now - stop_s > patience;
        waited && (self.calm.is() || self.happened == self.plan.events.len())
    }

    /// No more openings, no more sound.
    pub fn close(&mut self) {
        self.sink = None;
        self.openings = None;
        self.status.close();
    }

    fn happen(&mut self, event: Event, at: f64) {
        match event {
            Event::Open => self.open(),
            Event::Close => {
                self.sink = None;
                self.status.set_lost(true);
            }
            Event::Callback { from, to } => self.deliver(from, to, at),
        }
    }

    fn open(&mut self) {
        let Some(openings) = &self.openings else { return };
        let format = self.script.format();
        let (sink, tap) = match self.script.rings {
            Some((frames, stamps)) => CaptureSink::pair_with(format.channels, frames, stamps),
            None => CaptureSink::pair(format.channels, format.rate),
        };
        let opening = Opening {
            tap,
            format,
            timeline: Timeline::Clocked,
            cause_before: if self.opened_before { GapCause::DeviceLost } else { GapCause::NotStarted },
            abandoned: Arc::new(AtomicBool::new(false)),
        };
        self.opened_before = true;
        self.status.set_lost(false);
        openings.send(opening).expect("the drain lives");
        self.sink = Some(sink);
        self.next = u64::MAX;
        self.calm = Calm::default();
    }

    fn deliver(&mut self, from: u64, to: u64, at: f64) {
        let Some(sink) = &mut self.sink else { return };
        if self.next == u64::MAX {
            self.truth.push(Truth::Opened { first: from });
        } else if from > self.next {
            self.truth.push(Truth::Stall(from - self.next));
            self.missed_s = at;
        }
        self.next = to;
        let format = self.script.format();
        let samples: Vec<f32> =
            (from..to).flat_map(|n| (0..format.channels).map(move |c| code(n, c, format.format))).collect();
        let room = if sink.has_stamp_room() { sink.free_frames() as u64 } else { 0 };
        let fits = room.min(to - from);
        if sink.has_stamp_room() {
            self.calm.delivered(at, self.script.is_on_time(to, at));
        }
        sink.push(&samples, mono(at), 0);
        if fits > 0 {
            self.truth.push(Truth::Sound { from, to: from + fits });
        }
        if fits < to - from {
            self.truth.push(Truth::Overrun(to - from - fits));
            self.missed_s = at;
        }
    }
}

/// One device alone: what its drain hands over.
pub fn run(script: &Script) -> Outcome {
    let (clock, session) = clock();
    let (mut device, mut queue) = Device::new(script, &clock, &session);
    let stop_s = (device.end_s() * script.stop).max(0.02);
    let mut items = Vec::new();
    let (mut now, mut closed) = (0.0, false);
    loop {
        now += TICK_S;
        device.happen_until(now);
        if now >= stop_s && device.stop_s.is_none() {
            device.stop(stop_s);
        }
        let writer_sleeps = !closed && device.writer_sleeps(now);
        // Like the drain's thread: on and on while there is something to do.
        loop {
            let step = device.step(now);
            while let Some(item) = (!writer_sleeps).then(|| queue.pop().ok()).flatten() {
                items.push(item);
            }
            match step {
                Step::Busy => {}
                Step::Idle | Step::Blocked => break,
                Step::Finished => {
                    return Outcome { script: script.clone(), items, truth: device.truth, stop_s };
                }
            }
        }
        if !closed && device.may_close(now) {
            closed = true;
            device.close();
        }
        assert!(now < stop_s + 1_000.0, "the drain does not finish");
    }
}

//! A device by script, on a scripted clock: it pushes coded frames into a `CaptureSink`, a `Drain` is stepped every 10 ms, and what truly
//! happened is written down beside it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Sender};

use hansard::audio::units::{SampleFormat, SampleRate};
use hansard::capture::DeviceFormat;
use hansard::capture::drain::{Drain, DrainStatus, Item, Opening, QUEUE_ITEMS, Step, Timeline};
use hansard::capture::rt::CaptureSink;
use hansard::capture::synth::code;
use hansard::clock::{MonoNs, ScriptedClock, SessionClock};
use hansard::session::manifest::GapCause;
use rtrb::{Consumer, RingBuffer};

/// Session second 0 on the scripted clock.
const ORIGIN_NS: u64 = 7_000_000_000;
/// The drain's thread wakes up this often.
const TICK_S: f64 = 0.01;
/// With buffers from here on a held-back delivery and the next one can be a whole period apart.
const LONG_BUFFER_MS: u64 = 150;
/// Sound may go missing after a delivery that was not later than this beside jitter: else nobody can tell late from lost.
const ON_TIME_S: f64 = 0.001;

/// What happens to the device, one after the other.
#[derive(Debug, Clone, Copy)]
pub enum Op {
    /// All is well for so many seconds.
    Play(f64),
    /// Sound is held back for so many seconds, then delivered in a burst.
    Late(f64),
    /// So many seconds of sound are lost without a word.
    Stall(f64),
    /// The device is gone for so many seconds, then opened again.
    Gone(f64),
    /// Nobody steps the drain for so many seconds; sound goes on.
    DrainSleeps(f64),
    /// The writer takes nothing for so many seconds; sound goes on.
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
    /// Frames and stamps of small rings; none: the real ones.
    pub rings: Option<(usize, usize)>,
    /// Session second at which the device first delivers.
    pub start_s: f64,
    pub ops: Vec<Op>,
    /// Stop comes after this share of the script.
    pub stop: f64,
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

/// Whether deliveries have been on time for a while. Only then does everybody agree on what is late and what is lost.
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

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// From 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }

    pub fn between(&mut self, (low, high): (u64, u64)) -> u64 {
        low + (self.unit() * (high - low + 1) as f64) as u64
    }
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
        while !self.calm.is() {
            self.play(0.05, 0.0);
        }
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

/// The running simulation.
struct World {
    script: Script,
    clock: ScriptedClock,
    status: Arc<DrainStatus>,
    drain: Drain,
    openings: Option<Sender<Opening>>,
    queue: Consumer<Item>,
    sink: Option<CaptureSink>,
    opened_before: bool,
    next: u64,
    /// Of the deliveries whose stamps found room.
    calm: Calm,
    out: Outcome,
}

pub fn run(script: &Script) -> Outcome {
    let planner = Planner {
        random: Random::new(script.seed),
        plan: Plan::default(),
        frame: 0,
        now: script.start_s,
        last_at: 0.0,
        calm: Calm::default(),
        script,
    };
    let plan = planner.run();
    World::new(script).run(&plan)
}

fn within(windows: &[(f64, f64)], s: f64) -> bool {
    windows.iter().any(|(from, to)| (*from..*to).contains(&s))
}

fn mono(s: f64) -> MonoNs {
    MonoNs(ORIGIN_NS + (s * 1e9) as u64)
}

impl World {
    fn new(script: &Script) -> Self {
        let clock = ScriptedClock::default();
        clock.set(MonoNs(ORIGIN_NS));
        let session = SessionClock::start_now(Arc::new(clock.clone()));
        let (openings, to_drain) = mpsc::channel();
        let (queue_in, queue) = RingBuffer::new(QUEUE_ITEMS);
        let status = Arc::new(DrainStatus::default());
        let drain = Drain::new(to_drain, queue_in, session, Arc::clone(&status), script.buffer_ms());
        Self {
            clock,
            status,
            drain,
            openings: Some(openings),
            queue,
            sink: None,
            opened_before: false,
            next: 0,
            calm: Calm::default(),
            out: Outcome { script: script.clone(), items: Vec::new(), truth: Vec::new(), stop_s: 0.0 },
            script: script.clone(),
        }
    }

    fn run(mut self, plan: &Plan) -> Outcome {
        let stop_s = (plan.end_s * self.script.stop).max(0.02);
        let patience = self.script.buffer_ms() as f64 / 1e3 + 0.5;
        let mut events = plan.events.iter().peekable();
        let mut now = 0.0;
        loop {
            now += TICK_S;
            while let Some((at, event)) = events.next_if(|(at, _)| *at <= now) {
                self.clock.set(mono(*at));
                self.happen(*event, *at);
            }
            self.clock.set(mono(now));
            if now >= stop_s && self.status.stop_at().is_none() {
                self.status.set_stop_at(stop_s);
            }
            let writer_sleeps = within(&plan.writer_sleeps, now);
            // Like the drain's thread: on and on while there is something to do.
            while !within(&plan.drain_sleeps, now) && self.drain.step(mono(now)) == Step::Busy {
                if !writer_sleeps {
                    self.take_items();
                }
            }
            if !writer_sleeps {
                self.take_items();
            }
            // What a lane does: the tail is waited for, but not for ever.
            let waited = self.status.position() >= stop_s || now - stop_s > patience;
            if now >= stop_s && waited && (self.calm.is() || events.peek().is_none()) {
                break;
            }
        }
        self.out.stop_s = stop_s;
        self.finish(now)
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
        if let Some(openings) = &self.openings {
            openings.send(opening).expect("the drain lives");
        }
        self.sink = Some(sink);
        self.next = u64::MAX;
    }

    fn deliver(&mut self, from: u64, to: u64, at: f64) {
        let Some(sink) = &mut self.sink else { return };
        let truth = &mut self.out.truth;
        if self.next == u64::MAX {
            truth.push(Truth::Opened { first: from });
        } else if from > self.next {
            truth.push(Truth::Stall(from - self.next));
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
            truth.push(Truth::Sound { from, to: from + fits });
        }
        if fits < to - from {
            truth.push(Truth::Overrun(to - from - fits));
        }
    }

    fn take_items(&mut self) {
        while let Ok(item) = self.queue.pop() {
            self.out.items.push(item);
        }
    }

    fn finish(mut self, mut now: f64) -> Outcome {
        self.sink = None;
        self.openings = None;
        self.status.close();
        for _ in 0..100_000 {
            now += TICK_S;
            self.clock.set(mono(now));
            let step = self.drain.step(mono(now));
            self.take_items();
            if step == Step::Finished {
                return self.out;
            }
        }
        panic!("the drain does not finish");
    }
}

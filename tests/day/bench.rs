//! Devices that deliver as long as anybody likes, without a plan that grows with the day.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Sender};

use hansard::base::format::DeviceFormat;
use hansard::base::units::{SampleFormat, SampleRate};
use hansard::capture::drain::{Drain, DrainStatus, Opening, QUEUE_ITEMS, Step, Timeline};
use hansard::capture::rt::CaptureSink;
use hansard::capture::synth::code;
use hansard::clock::{MonoNs, ScriptedClock, SessionClock};
use hansard::recording::guarded_step;
use hansard::session::disk::Disk;
use hansard::session::manifest::{GapCause, SourceKind, TrackAccount};
use hansard::session::shared::TrackShared;
use hansard::writer::syncs::Syncs;
use hansard::writer::{Control, DevicePlan, Limits, SessionPlan, TrackPlan, Writer};
use rtrb::RingBuffer;

use super::disk::{FileFacts, PassingDisk};
use crate::support::session::{manifest, source};

/// Session second 0 on the scripted clock.
const ORIGIN_NS: u64 = 1_000_000_000;
/// The threads wake up this often.
const TICK_S: f64 = 0.01;
/// Seconds after which the same troubles come again.
const TROUBLE_EVERY_S: f64 = 1_200.0;
/// Within that time: when sound is held back, when it is lost without a word, and for how long.
const LATE_S: (f64, f64) = (300.0, 302.0);
const STALL_S: (f64, f64) = (600.0, 600.8);
/// A device goes this often, the first time after [`GONE_AT_S`], and stays away so long.
const GONE_EVERY_S: f64 = 14_400.0;
const GONE_AT_S: f64 = 900.0;
const GONE_S: f64 = 3.0;

#[derive(Clone)]
pub struct DeviceScript {
    pub name: &'static str,
    pub rate: u32,
    pub channels: u16,
    pub format: SampleFormat,
    pub ppm: f64,
    /// Frames of a callback.
    pub callback: u64,
    pub jitter_s: f64,
    /// Whether it is ever late, stalls, or goes.
    pub troubled: bool,
}

/// What became of a track.
pub struct Done {
    pub account: TrackAccount,
    pub rate: f64,
    /// Frames that were pushed, and frames of sound that the files hold.
    pub delivered: u64,
    pub found: u64,
    pub files: Vec<FileFacts>,
}

struct Device {
    script: DeviceScript,
    status: Arc<DrainStatus>,
    drain: Drain,
    openings: Option<Sender<Opening>>,
    sink: Option<CaptureSink>,
    buffer: Vec<f32>,
    frame: u64,
    delivered: u64,
    opened_before: bool,
}

pub struct Bench {
    clock: ScriptedClock,
    now: f64,
    disk: PassingDisk,
    devices: Vec<Device>,
    writer: Writer,
    control: Sender<Control>,
}

fn mono(s: f64) -> MonoNs {
    MonoNs(ORIGIN_NS + (s * 1e9) as u64)
}

impl Bench {
    /// A session of these devices, a track each; files end before they have `limit` bytes instead of the real
    /// limit.
    pub fn new(scripts: &[DeviceScript], limit: Option<u64>) -> Self {
        let clock = ScriptedClock::default();
        clock.set(MonoNs(ORIGIN_NS));
        let session = SessionClock::start_now(Arc::new(clock.clone()));
        let formats = scripts.iter().map(|s| (s.name.to_owned(), (s.format, s.channels))).collect();
        let disk = PassingDisk::new(formats);
        let (mut devices, mut plans, mut sources) = (vec![], vec![], vec![]);
        for script in scripts {
            let (device, plan) = Device::new(script.clone(), &session);
            devices.push(device);
            plans.push(plan);
            sources.push(source(script.name, None));
        }
        let (control, orders) = mpsc::channel();
        let on: Arc<dyn Disk> = Arc::new(disk.clone());
        let syncs = Syncs::here(Arc::clone(&on), Arc::default());
        let plan = SessionPlan {
            dir: PathBuf::from("session"),
            clock: session,
            manifest: manifest(sources),
            devices: plans,
            limits: limit.map_or_else(Limits::default, |take_bytes| Limits { take_bytes }),
        };
        let writer = Writer::create(on, syncs, plan, orders).expect("a writer");
        Self { clock, now: 0.0, disk, devices, writer, control }
    }

    pub fn run_until(&mut self, to_s: f64) {
        while self.now < to_s {
            self.now += TICK_S;
            self.clock.set(mono(self.now));
            for device in &mut self.devices {
                device.happen_until(self.now);
                while device.drain.step(mono(self.now)) == Step::Busy {}
            }
            while guarded_step(&mut self.writer, mono(self.now)) == Some(true) {}
        }
    }

    /// Stop, drain, close.
    pub fn close(mut self) -> Vec<Done> {
        for device in &mut self.devices {
            device.status.set_stop_at(self.now);
            device.sink = None;
            device.openings = None;
            device.status.close();
            while device.drain.step(mono(self.now)) != Step::Finished {
                guarded_step(&mut self.writer, mono(self.now));
            }
        }
        let (reply, answer) = mpsc::channel();
        while guarded_step(&mut self.writer, mono(self.now)) == Some(true) {}
        self.control.send(Control::CloseTracks(reply)).expect("the writer lives");
        guarded_step(&mut self.writer, mono(self.now));
        let closed = answer.try_recv().expect("an answer");
        assert!(closed.errors.is_empty(), "{:?}", closed.errors);
        let account = closed.account.into_iter();
        let done = self.devices.iter().zip(account).map(|(device, account)| {
            let files = self.disk.files(device.script.name);
            let sound: u64 = files.iter().map(|file| file.sound).sum();
            Done {
                account,
                rate: f64::from(device.script.rate) * (1.0 + device.script.ppm * 1e-6),
                delivered: device.delivered,
                found: sound / u64::from(device.script.channels),
                files,
            }
        });
        done.collect()
    }
}

/// Whether `now` lies in a window that comes again periodically; and where in its period it does.
fn within((from, to): (f64, f64), every_s: f64, now: f64) -> bool {
    (from..to).contains(&now.rem_euclid(every_s))
}

impl Device {
    fn new(script: DeviceScript, session: &SessionClock) -> (Self, DevicePlan) {
        let (openings, to_drain) = mpsc::channel();
        let (queue_in, queue) = RingBuffer::new(QUEUE_ITEMS);
        let status = Arc::new(DrainStatus::default());
        let drain = Drain::new(to_drain, queue_in, session.clone(), Arc::clone(&status), 200);
        let shared = Arc::new(TrackShared::new(script.name, script.name, SourceKind::Mic));
        let plan = DevicePlan { queue, tracks: vec![TrackPlan { shared, channel: None, format: None }] };
        let device = Self {
            script,
            status,
            drain,
            openings: Some(openings),
            sink: None,
            buffer: Vec::new(),
            frame: 0,
            delivered: 0,
            opened_before: false,
        };
        (device, plan)
    }

    fn true_rate(&self) -> f64 {
        f64::from(self.script.rate) * (1.0 + self.script.ppm * 1e-6)
    }

    /// All callbacks that are due by `now`.
    fn happen_until(&mut self, now: f64) {
        let troubled = self.script.troubled;
        if troubled && within((GONE_AT_S, GONE_AT_S + GONE_S), GONE_EVERY_S, now) {
            self.sink = None;
            self.status.set_lost(true);
            self.frame = (now * self.true_rate()) as u64;
            return;
        }
        if self.sink.is_none() {
            self.open();
        }
        if troubled && within(LATE_S, TROUBLE_EVERY_S, now) {
            return;
        }
        loop {
            let to = self.frame + self.script.callback;
            // It looks random and is the same every time.
            let late = (to.wrapping_mul(2_654_435_761) % 1_000) as f64 / 1_000.0 * self.script.jitter_s;
            let due = to as f64 / self.true_rate() + late;
            if due > now {
                return;
            }
            if !(troubled && within(STALL_S, TROUBLE_EVERY_S, due)) {
                // What was held back comes now, the rest when it is due.
                let at = if now - due > 2.0 * TICK_S { now } else { due };
                self.deliver(to, at);
            }
            self.frame = to;
        }
    }

    fn deliver(&mut self, to: u64, at: f64) {
        let Some(sink) = &mut self.sink else { return };
        let (channels, format) = (self.script.channels, self.script.format);
        self.buffer.clear();
        for n in self.frame..to {
            self.buffer.extend((0..channels).map(|channel| code(n, channel, format)));
        }
        assert!(sink.free_frames() as u64 >= to - self.frame, "nothing may be lost in the ring here");
        sink.push(&self.buffer, mono(at), 0);
        self.delivered += to - self.frame;
    }

    fn open(&mut self) {
        let Some(openings) = &self.openings else { return };
        let DeviceScript { rate, channels, format, .. } = self.script;
        let format = DeviceFormat { rate: SampleRate(rate), channels, format };
        let (sink, tap) = CaptureSink::pair(channels, format.rate);
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
    }
}

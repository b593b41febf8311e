//! A writer with real files whose time and devices are scripted.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Sender};

use hansard::base::format::DeviceFormat;
use hansard::base::units::{Frames, SampleFormat, SampleRate};
use hansard::capture::drain::{Item, QUEUE_ITEMS};
use hansard::capture::synth::code;
use hansard::clock::{MonoNs, ScriptedClock, SessionClock};
use hansard::recording::guarded_step;
use hansard::session::disk::Disk;
use hansard::session::manifest::{GapCause, SourceKind};
use hansard::session::shared::TrackShared;
use hansard::writer::syncs::Syncs;
use hansard::writer::{Closed, Control, DevicePlan, Limits, SessionPlan, TrackPlan, Writer};
use rtrb::{Producer, RingBuffer};
use tempfile::TempDir;

use crate::support::session::{manifest, source};

/// A track: its name, and the device's channel (from 1) it takes.
pub type Track = (&'static str, Option<u16>);

pub struct Device {
    pub format: DeviceFormat,
    pub queue: Producer<Item>,
    /// Frames of session time so far.
    pub at: u64,
    /// Frames handed over: sound, and missing ones.
    pub sound: u64,
    pub missing: u64,
}

pub struct Bench {
    // Held for its drop.
    _folder: TempDir,
    pub dir: PathBuf,
    pub clock: ScriptedClock,
    pub now_ms: u64,
    pub writer: Writer,
    /// While it is true, no sync has an answer.
    pub hangs: Arc<AtomicBool>,
    pub control: Sender<Control>,
    pub devices: Vec<Device>,
    pub tracks: Vec<Arc<TrackShared>>,
}

pub fn format(rate: u32, channels: u16, format: SampleFormat) -> DeviceFormat {
    DeviceFormat { rate: SampleRate(rate), channels, format }
}

impl Bench {
    pub fn new(disk: impl Disk + 'static, devices: &[(DeviceFormat, &[Track])]) -> Self {
        crate::support::session::quiet_panics();
        let folder = TempDir::new().expect("a folder");
        let dir = folder.path().to_owned();
        fs::create_dir(dir.join("tracks")).expect("a folder");
        let clock = ScriptedClock::default();
        clock.set(MonoNs(1_000_000));
        let session = SessionClock::start_now(Arc::new(clock.clone()));
        let (control, orders) = mpsc::channel();
        let (mut plans, mut sources, mut inputs, mut shared) = (vec![], vec![], vec![], vec![]);
        for (format, tracks) in devices {
            let (queue, from_drain) = RingBuffer::new(QUEUE_ITEMS);
            inputs.push(Device { format: *format, queue, at: 0, sound: 0, missing: 0 });
            let tracks = tracks.iter().map(|(name, channel)| {
                sources.push(source(name, *channel));
                let track = Arc::new(TrackShared::new(name, name, SourceKind::Mic));
                shared.push(Arc::clone(&track));
                TrackPlan { shared: track, channel: *channel, format: None }
            });
            plans.push(DevicePlan { queue: from_drain, tracks: tracks.collect() });
        }
        let disk: Arc<dyn Disk> = Arc::new(disk);
        let hangs = Arc::new(AtomicBool::new(false));
        let syncs = Syncs::here(Arc::clone(&disk), Arc::clone(&hangs));
        let plan = SessionPlan {
            dir: dir.clone(),
            clock: session,
            manifest: manifest(sources),
            devices: plans,
            limits: Limits::default(),
        };
        let writer = Writer::create(disk, syncs, plan, orders).expect("a writer");
        Self {
            _folder: folder,
            dir,
            clock,
            now_ms: 1,
            writer,
            hangs,
            control,
            devices: inputs,
            tracks: shared,
        }
    }

    pub fn push(&mut self, device: usize, item: Item) {
        if self.devices[device].queue.is_full() {
            self.step(10);
        }
        self.devices[device].queue.push(item).expect("room in the queue");
    }

    pub fn start(&mut self, device: usize) {
        let Device { format, at, .. } = self.devices[device];
        let offset = at as f64 / f64::from(format.rate.0);
        self.push(device, Item::TakeStart { format, offset });
    }

    pub fn sound(&mut self, device: usize, frames: u64) {
        let Device { format, at, .. } = self.devices[device];
        let samples =
            (at..at + frames).flat_map(|n| (0..format.channels).map(move |c| code(n, c, format.format)));
        self.push(device, Item::Sound(samples.collect()));
        self.devices[device].at += frames;
        self.devices[device].sound += frames;
    }

    pub fn silence(&mut self, device: usize, frames: u64, cause: GapCause) {
        self.push(device, Item::Silence { frames: Frames(frames), cause });
        self.devices[device].at += frames;
        self.devices[device].missing += frames;
    }

    pub fn absent(&mut self, device: usize, frames: u64, cause: GapCause) {
        let Device { format, at, .. } = self.devices[device];
        let rate = f64::from(format.rate.0);
        self.push(device, Item::Absent { from: at as f64 / rate, seconds: frames as f64 / rate, cause });
        self.devices[device].at += frames;
        self.devices[device].missing += frames;
    }

    pub fn end(&mut self, device: usize) {
        self.push(device, Item::TakeEnd { slips: vec![], tail_deficit: 0.0, span: None });
    }

    /// What the writer's thread does, panics included.
    pub fn step(&mut self, ms: u64) {
        self.now_ms += ms;
        let now = MonoNs(self.now_ms * 1_000_000);
        self.clock.set(now);
        guarded_step(&mut self.writer, now);
    }

    pub fn close(&mut self) -> Closed {
        let (reply, answer) = mpsc::channel();
        self.control.send(Control::CloseTracks(reply)).expect("the writer lives");
        self.step(10);
        let closed = answer.try_recv().expect("an answer");
        self.control.send(Control::Finish).expect("the writer lives");
        for _ in 0..3 {
            self.step(10);
        }
        closed
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.join("tracks").join(file)
    }
}

/// Coded frames of some channels.
pub fn coded(from: u64, to: u64, channels: &[u16], format: SampleFormat) -> Vec<f32> {
    (from..to).flat_map(|n| channels.iter().map(move |c| code(n, *c, format))).collect()
}

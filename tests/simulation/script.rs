//! From a seed to a bad day: devices, a disk that is slow and refuses, a writer that panics, and moments to
//! crash at.

use std::io::ErrorKind;

use hansard::base::units::SampleFormat;

use crate::capture::device::{Op as Deed, Script};
use crate::simulation::disk::{Crash, Fault, Op};
use hansard::base::random::Random;

/// Samples of one device, all channels: bounds a run's time.
const SAMPLES_MAX: f64 = 250_000.0;
/// The first seed on whose day somebody may pause, if it is odd.
const PAUSED_FROM: u64 = 300;
/// Before the end the disk is well again and the writer is left alone, so that the account can be drawn up;
/// in seconds.
const CALM_END_S: f64 = 2.5;

/// A day by script.
#[derive(Debug, Clone)]
pub struct Storm {
    pub seed: u64,
    pub devices: Vec<DeviceScript>,
    /// From when to when the disk is busy: an operation that begins in such a time ends with it.
    pub busy: Vec<(f64, f64)>,
    /// From when to when the disk answers no group commit.
    pub hangs: Vec<(f64, f64)>,
    pub faults: Vec<Fault>,
    /// Session seconds at which the writer is told to panic.
    pub panics: Vec<f64>,
    /// Moments at which it might all have ended.
    pub crashes: Vec<CrashPoint>,
    /// So long before the end nothing goes wrong any more, in seconds; none: it does up to the last.
    pub calm_end_s: Option<f64>,
    /// Files end before they have so many bytes.
    pub take_bytes_max: Option<u64>,
    /// The tracks are listened to while they grow.
    pub listened: bool,
    /// A line for the transcript each so many seconds.
    pub text_every_s: Option<f64>,
    /// When the user pauses and resumes, in session seconds.
    pub pauses: Vec<(f64, f64)>,
    /// All that goes wrong concerns this device; the others must not notice.
    pub victim: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct DeviceScript {
    pub script: Script,
    pub tracks: Vec<TrackScript>,
}

#[derive(Debug, Clone)]
pub struct TrackScript {
    pub name: String,
    /// The device's channel (from 1) that it takes; none: all.
    pub channel: Option<u16>,
    pub format: Option<SampleFormat>,
}

/// The `skip`-th operation on the disk after session second `at`.
#[derive(Debug, Clone, Copy)]
pub struct CrashPoint {
    pub at: f64,
    pub skip: u64,
    pub crash: Crash,
    pub seed: u64,
}

impl Storm {
    /// The day of a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut kind = random.fork();
        let victim = kind.chance(0.25);
        let calm = kind.chance(0.25);
        let (disturbed, busy) =
            if calm || victim { (calm == victim, vec![]) } else { (true, busy(&mut kind)) };
        let count = if victim { 2 } else { *kind.pick(&[1, 1, 2, 2, 3]) };
        let devices: Vec<DeviceScript> = (0..count)
            .map(|index| device(index, victim && index > 0, calm && !victim, &busy, random.fork()))
            .collect();
        let mut storm = Self {
            seed,
            busy,
            hangs: Vec::new(),
            faults: Vec::new(),
            panics: Vec::new(),
            calm_end_s: Some(CALM_END_S),
            crashes: (0..3).map(|_| crash_point(&mut kind)).collect(),
            take_bytes_max: kind.chance(0.3).then(|| kind.between((300_000, 600_000))),
            listened: false,
            text_every_s: None,
            pauses: Vec::new(),
            victim: victim.then_some(0),
            devices,
        };
        storm.listened = kind.chance(0.35);
        storm.text_every_s = (!storm.listened && kind.chance(0.5)).then_some(0.7);
        if disturbed || victim {
            storm.faults = faults(&storm, &mut random.fork());
        }
        if disturbed && !victim {
            storm.panics = (0..kind.below(3)).map(|_| kind.range(0.1, 12.0)).collect();
            // A panic within a write, while that of another one unwinds, would end any process.
            if kind.chance(0.2) {
                let at = kind.below(200) as u32;
                let error = ErrorKind::Other;
                storm.faults.push(Fault {
                    file: "tracks/".into(),
                    op: Op::PanicInWrite,
                    at,
                    times: 1,
                    error,
                });
            }
        }
        let mut disk = random.fork();
        storm.hangs = (0..disk.below(3)).map(|_| hang(&mut disk)).collect();
        // Last, so that the other days stay what they are.
        if seed >= PAUSED_FROM && seed % 2 == 1 && kind.chance(0.6) {
            storm.pauses = pauses(&mut kind);
        }
        storm
    }

    /// A short session of two tracks in which a device stalls, and goes and comes back; it lasts `seconds`.
    pub fn short(seconds: f64) -> Self {
        let device = |name: &str, ppm, start_s, ops| DeviceScript {
            script: Script {
                rate: 8_000,
                channels: 1,
                ppm,
                callback: (40, 160),
                jitter_s: 0.002,
                rings: None,
                start_s,
                ops,
                stop: 1.0,
                busy: vec![],
                seed: 7,
            },
            tracks: vec![TrackScript { name: name.into(), channel: None, format: None }],
        };
        let ops =
            vec![Deed::Play(1.3), Deed::Stall(0.3), Deed::Play(0.9), Deed::Gone(0.3), Deed::Play(seconds)];
        Self {
            seed: 1,
            devices: vec![device("a", 40.0, 0.2, ops), device("b", -40.0, 0.05, vec![Deed::Play(seconds)])],
            busy: vec![],
            hangs: vec![],
            faults: vec![],
            panics: vec![],
            crashes: vec![],
            calm_end_s: None,
            take_bytes_max: None,
            listened: false,
            text_every_s: Some(0.4),
            pauses: vec![],
            victim: None,
        }
    }

    /// The same day, on which nothing is wrong with the victim and its files.
    pub fn without_trouble(&self) -> Self {
        let mut day = Self { faults: Vec::new(), ..self.clone() };
        if let Some(victim) = self.victim {
            let script = &mut day.devices[victim].script;
            script.ops = vec![Deed::Play(120.0)];
            script.rings = None;
        }
        day
    }

    /// Seconds between two session seconds that were not paused.
    pub fn wanted_s(&self, from: f64, to: f64) -> f64 {
        let paused = self.pauses.iter().map(|(begun, over)| (over.min(to) - begun.max(from)).max(0.0));
        ((to - from) - paused.sum::<f64>()).max(0.0)
    }

    /// All tracks, with their device.
    pub fn tracks(&self) -> impl Iterator<Item = (usize, &TrackScript)> {
        self.devices
            .iter()
            .enumerate()
            .flat_map(|(index, device)| device.tracks.iter().map(move |t| (index, t)))
    }
}

fn hang(random: &mut Random) -> (f64, f64) {
    let from = random.range(0.0, 12.0);
    (from, from + random.pick(&[0.2, 1.5, 5.0, 15.0]) * random.range(0.5, 1.0))
}

/// Shorter and longer than what is written as silence, one right after the other, one that is never resumed.
fn pauses(random: &mut Random) -> Vec<(f64, f64)> {
    let (mut pauses, mut now) = (Vec::new(), 0.0);
    for _ in 0..random.between((1, 3)) {
        let from = now + *random.pick(&[0.0, 0.05, 1.0, 4.0, 8.0]) * random.range(0.3, 1.0);
        let seconds = *random.pick(&[0.005, 0.3, 2.0, 9.9, 11.0, 14.0]) * random.range(0.9, 1.0);
        now = if random.chance(0.15) { f64::INFINITY } else { from + seconds };
        pauses.push((from, now));
        if now.is_infinite() {
            break;
        }
    }
    pauses
}

fn busy(random: &mut Random) -> Vec<(f64, f64)> {
    let mut windows: Vec<(f64, f64)> = Vec::new();
    for _ in 0..random.below(3) {
        let from = random.range(0.2, 12.0);
        let seconds = *random.pick(&[0.05, 0.3, 1.0, 1.8, 3.0]) * random.range(0.5, 1.0);
        windows.push((from, from + seconds));
    }
    windows
}

fn device(
    index: usize,
    bystander: bool,
    calm: bool,
    busy: &[(f64, f64)],
    mut random: Random,
) -> DeviceScript {
    let rate = *random.pick(&[8_000, 8_000, 8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000]);
    let channels = *random.pick(&[1, 1, 1, 2, 3]) as u16;
    let callback = match random.below(5) {
        0 => (8, 64),
        1 => (6, 2_000),
        2 => (u64::from(rate) / 4, u64::from(rate) / 4),
        3 => (1, 4_000),
        _ => (u64::from(rate) / 100, u64::from(rate) / 100),
    };
    let mut budget = SAMPLES_MAX / f64::from(rate) / f64::from(channels);
    // A device needs a moment before anything can be said of it.
    let first = 0.5 + 2.0 * callback.1 as f64 / f64::from(rate);
    let mut ops = vec![Deed::Play(first)];
    for _ in 0..random.between((2, 8)) {
        let op = match random.below(if calm || bystander { 3 } else { 11 }) {
            0..=2 => Deed::Play(random.range(0.3, 4.0)),
            3 | 4 => Deed::Late(random.range(0.05, 2.0)),
            5 => Deed::Stall(random.range(0.1, 1.0)),
            6 => Deed::Stall(random.range(1.0, 9.0)),
            7 | 8 => Deed::Gone(random.range(0.2, 3.0)),
            9 => Deed::DrainSleeps(random.range(0.1, 3.0)),
            _ => Deed::Stall(random.range(10.2, 12.0)),
        };
        if let Deed::Play(s) | Deed::Late(s) | Deed::DrainSleeps(s) = op {
            budget -= s;
        }
        if budget > 0.0 {
            ops.push(op);
        }
    }
    let rings = match random.below(if bystander { 3 } else { 5 }) {
        0..=2 => None,
        3 => Some(((random.range(0.1, 1.5) * f64::from(rate)) as usize, random.between((4, 40)) as usize)),
        _ => {
            Some(((random.range(2.0, 5.0) * f64::from(rate)) as usize, random.between((200, 4_000)) as usize))
        }
    };
    let script = Script {
        rate,
        channels,
        ppm: random.range(-1_000.0, 1_000.0),
        callback,
        jitter_s: random.range(0.0, 0.004),
        rings: rings.filter(|_| !calm),
        start_s: random.range(0.0, 1.5),
        ops,
        stop: 1.0,
        busy: busy.to_vec(),
        seed: random.seed(),
    };
    DeviceScript { tracks: tracks(index, channels, &mut random), script }
}

/// The device as one track, or each of its channels, or both.
fn tracks(index: usize, channels: u16, random: &mut Random) -> Vec<TrackScript> {
    let name = char::from(b'a' + index as u8);
    let format = |random: &mut Random| *random.pick(&[None, None, Some(SampleFormat::F32)]);
    let mut tracks = Vec::new();
    let how = if channels > 1 { random.below(3) } else { 0 };
    if how != 1 {
        tracks.push(TrackScript { name: format!("{name}-all"), channel: None, format: format(random) });
    }
    if how > 0 {
        tracks.extend((1..=channels).map(|channel| TrackScript {
            name: format!("{name}-{channel}"),
            channel: Some(channel),
            format: format(random),
        }));
    }
    tracks
}

fn faults(storm: &Storm, random: &mut Random) -> Vec<Fault> {
    let mut faults = Vec::new();
    for _ in 0..random.below(5) {
        let track = random.pick(&storm.devices[0].tracks).name.clone();
        let file = match (storm.victim, random.below(8)) {
            (Some(_), _) | (None, 0..=3) => format!("tracks/{track}."),
            (None, 4) => "tracks".into(),
            (None, 5) => "session.json".into(),
            (None, 6) => "transcript.jsonl".into(),
            (None, _) => "events.jsonl".into(),
        };
        let op = *random.pick(&[
            Op::Create,
            Op::Write,
            Op::Write,
            Op::ShortWrite,
            Op::Sync,
            Op::Rename,
            Op::SyncDir,
            Op::Grow,
            Op::Any,
        ]);
        let error = *random.pick(&[ErrorKind::StorageFull, ErrorKind::Other]);
        // The very first operations make the journal and the manifest, without which nothing is recorded.
        let at = if op == Op::Create { random.below(4) } else { random.between((5, 150)) } as u32;
        let at = if file.starts_with("tracks") { at } else { at + 5 };
        faults.push(Fault { file, op, at, times: random.between((1, 6)) as u32, error });
    }
    faults
}

fn crash_point(random: &mut Random) -> CrashPoint {
    CrashPoint {
        at: random.range(-0.5, 12.0),
        skip: random.below(12),
        crash: if random.chance(0.35) { Crash::Kill } else { Crash::PowerCut },
        seed: random.seed(),
    }
}

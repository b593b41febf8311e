//! How fast sound is exported: `cargo bench --bench export` writes a session of speech-like sound and exports
//! its one track in several ways, each in a process of its own, reading and writing included. It prints how
//! much faster than real time that was, per second of a core's time and by the clock, and the most memory
//! that was in use. The last rows are the first ones again, four times as long: memory stays.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use hansard::base::random::Random;
use hansard::base::units::{Frames, SampleFormat, SampleRate};
use hansard::export::save::Target;
use hansard::export::sound::file::Container;
use hansard::export::sound::{SoundRequest, Tracks, write_mix};
use hansard::session::disk::SystemDisk;
use hansard::session::manifest::{
    ClockFit, FORMAT, Manifest, SourceEntry, SourceKind, Start, State, TakeEntry,
};
use hansard::session::reading::Session;
use hansard::session::wav::Layout;

/// Minutes of sound.
const MINUTES: u64 = 20;
/// What /proc counts time in: 100 ticks a second on every Linux that one meets.
const TICKS: f64 = 100.0;
const RATE: SampleRate = SampleRate::HZ_48000;

/// Name; kind of file, or the mix; depth; denoised; ppm of the device.
type Case = (&'static str, Option<Container>, Option<SampleFormat>, bool, f64);

const CASES: [Case; 7] = [
    ("wav, 16 bit", Some(Container::Wav), Some(SampleFormat::S16), false, 137.0),
    ("flac, 16 bit", Some(Container::Flac), Some(SampleFormat::S16), false, 137.0),
    ("wav, 32 bit float", Some(Container::Wav), Some(SampleFormat::F32), false, 137.0),
    ("wav, a true clock", Some(Container::Wav), None, false, 0.0),
    ("flac, a true clock", Some(Container::Flac), None, false, 0.0),
    ("wav, denoised", Some(Container::Wav), None, true, 137.0),
    ("the mix, 16 kHz", None, None, false, 137.0),
];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, case, dir] = &args[..]
        && let Ok(case) = case.parse::<usize>()
    {
        return export(CASES[case], Path::new(dir));
    }
    println!("one track of {MINUTES} minutes        x real time, of a core   by the clock   peak memory");
    for (minutes, cases) in [(MINUTES, 0..CASES.len()), (4 * MINUTES, 0..2)] {
        for case in cases {
            let root = tempfile::tempdir().expect("a folder");
            write_session(root.path(), minutes * 60, CASES[case].4);
            if minutes > MINUTES {
                print!("{minutes} min: ");
            }
            let this = std::env::current_exe().expect("a path of this program");
            let status =
                Command::new(this).arg(case.to_string()).arg(root.path()).status().expect("it starts");
            assert!(status.success(), "{}", CASES[case].0);
        }
    }
}

fn export((name, container, depth, denoise, _): Case, dir: &Path) {
    let session = Session::open(dir).expect("a session");
    let watch = |_| ControlFlow::Continue(());
    let (begun, cpu) = (Instant::now(), cpu_s());
    let seconds = match container {
        Some(container) => {
            let request = SoundRequest { container, rate: RATE, depth, denoise, span: (0.0, f64::INFINITY) };
            let tracks = Tracks::plan(&session, request, |_| true).expect("a plan");
            let targets: Vec<Target> =
                tracks.names().iter().map(|name| Target::in_session(dir, name)).collect();
            tracks.write(&SystemDisk, &targets, &watch).expect("it is written");
            tracks.seconds()
        }
        None => {
            let target = Target::in_session(dir, "mix.flac");
            write_mix(&SystemDisk, &session, &target, SampleRate::HZ_16000, &watch).expect("it is written");
            session.manifest.duration
        }
    };
    let (core, clock) = (seconds / (cpu_s() - cpu), seconds / begun.elapsed().as_secs_f64());
    println!("{name:<20} {core:>28.0} {clock:>14.0} {:>10.1} MB", peak_mb());
}

fn cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    [11, 12].iter().filter_map(|n| fields.get(*n)?.parse::<f64>().ok()).sum::<f64>() / TICKS
}

fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kb = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"));
    kb.and_then(|kb| kb.trim().parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// A session of one track whose device runs `ppm` fast.
fn write_session(dir: &Path, seconds: u64, ppm: f64) {
    fs::create_dir(dir.join("tracks")).expect("a folder");
    let frames = seconds * u64::from(RATE.0);
    let rate = f64::from(RATE.0) * (1.0 + ppm * 1e-6);
    let clock = ClockFit { rate, ppm, points: 1, ..ClockFit::nominal(0.0, RATE) };
    let take = TakeEntry {
        track: "ada".into(),
        take: 1,
        file: "tracks/ada.wav".into(),
        rate: RATE,
        channels: 1,
        format: SampleFormat::S16,
        data_offset: 44,
        frames: Frames(frames),
        offset: 0.0,
        clock,
        foreign: Vec::new(),
    };
    let source = SourceEntry {
        track: "ada".into(),
        name: "Ada".into(),
        kind: SourceKind::Mic,
        spec: "mic".into(),
        device: None,
        device_name: None,
        channel: None,
        language: None,
        speakers: None,
    };
    let manifest = Manifest {
        format: FORMAT,
        id: "bench".into(),
        title: "Bench".into(),
        start: Start {
            utc: "2026-03-14T08:30:00Z".parse().expect("a time"),
            zone: None,
            offset: "+00:00".into(),
            clock_known: true,
            made: None,
        },
        state: State::Closed,
        duration: seconds as f64,
        sources: vec![source],
        account: Vec::new(),
        takes: vec![take.clone()],
    };
    fs::write(dir.join("session.json"), serde_json::to_vec(&manifest).expect("JSON")).expect("written");
    let mut file = BufWriter::new(File::create(dir.join(&take.file)).expect("a file"));
    file.write_all(&Layout::of(&take).header(frames * 2).expect("a header")).expect("written");
    // Noise through a low pass, in syllables, with pauses: about as hard to pack as speech.
    let (mut random, mut low) = (Random::at(1), 0.0_f64);
    for n in 0..frames {
        low = low * 0.93 + (random.unit() - 0.5) * 0.07;
        let at = n as f64 / f64::from(RATE.0);
        let loud = (at * 12.0).sin().max(0.0) * f64::from(u8::from(at % 7.0 < 5.0)) + 0.003;
        file.write_all(&((low * loud * 60_000.0) as i16).to_le_bytes()).expect("written");
    }
    file.flush().expect("written");
}

//! `export --tracks`: every frame at its place, and what happens to files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hansard::base::random::Random;
use hansard::base::units::{Frames, SampleFormat, SampleRate, SessionNs};
use hansard::session::journal::{Event, Line};
use hansard::session::manifest::{ClockFit, ClockPiece, GapCause};
use hansard::session::wav::Layout;

use super::devices::{Device, clicks, entry, heard, samples, session};
use super::sessions::{expect, hansard};

pub(super) const RATE: u32 = 48_000;

/// A session of one mono take with those samples, as its recorder measured its clock to be `rate`.
pub(super) fn one_take(root: &Path, layout: Layout, bytes: &[u8], clock: ClockFit) -> PathBuf {
    let device = Device::steady(layout.rate.0, 0.0, 0.0, 1.0);
    let mut take = entry("ada", 1, &device, clock);
    take.frames = Frames(bytes.len() as u64 / layout.frame_bytes());
    take.channels = layout.channels;
    take.format = layout.format;
    let header = layout.header(bytes.len() as u64).unwrap();
    take.data_offset = header.len() as u64;
    let dir = session(root, vec![take]);
    fs::write(dir.join("tracks/ada.wav"), [&header, bytes].concat()).unwrap();
    dir
}

pub(super) fn layout(format: SampleFormat, channels: u16) -> Layout {
    Layout { rate: SampleRate(RATE), channels, format }
}

#[test]
fn a_true_clock_leaves_every_sample_as_it_was() {
    let mut random = Random::at(3);
    for (format, channels, kinds) in [
        (SampleFormat::S16, 1, &["wav", "flac"][..]),
        (SampleFormat::S24, 2, &["wav", "flac"]),
        (SampleFormat::F32, 1, &["wav"]),
    ] {
        let layout = layout(format, channels);
        let frames = 100_002;
        let mut bytes: Vec<u8> =
            (0..frames * layout.frame_bytes()).map(|_| (random.unit() * 256.0) as u8).collect();
        if format == SampleFormat::F32 {
            bytes = (0..frames).flat_map(|_| (random.unit() as f32 - 0.5).to_le_bytes()).collect();
        }
        for kind in kinds {
            let root = tempfile::tempdir().unwrap();
            let dir = one_take(root.path(), layout, &bytes, ClockFit::nominal(0.0, SampleRate(RATE)));
            expect(0, hansard(root.path(), &["export", "last", "--tracks", kind]));
            let file = dir.join(format!("aligned/ada.{kind}"));
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::metadata(dir.join("aligned")).unwrap().permissions().mode() & 0o777, 0o700);
            let raw = fs::read(dir.join("tracks/ada.wav")).unwrap();
            match *kind {
                "wav" => assert!(fs::read(file).unwrap() == raw, "{format:?}: not even the header differs"),
                _ => assert!(unflac(&file) == raw[raw.len() - bytes.len()..], "{format:?} in FLAC"),
            }
        }
    }
}

/// The samples of a FLAC file, as WAV would hold them; its own checksum is looked at.
pub(super) fn unflac(path: &Path) -> Vec<u8> {
    use std::io::Read as _;
    let mut reader = flac_codec::decode::verify(path).map(|sum| {
        assert_eq!(sum, flac_codec::decode::Verified::MD5Match, "{}", path.display());
        let file = std::io::BufReader::new(fs::File::open(path).unwrap());
        flac_codec::decode::FlacByteReader::endian(file, flac_codec::byteorder::LittleEndian).unwrap()
    });
    let mut bytes = Vec::new();
    reader.as_mut().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// A tone of 1 kHz at -1 dBFS, of a device that is `ppm` fast.
fn tone(rate: f64, frames: u64) -> impl Iterator<Item = f64> {
    (0..frames).map(move |n| (std::f64::consts::TAU * 1_000.0 * n as f64 / rate).sin() * 10_f64.powf(-0.05))
}

#[test]
fn the_correction_does_not_spoil_a_tone() {
    let (ppm, frames) = (137.0, 480_000);
    let measured = f64::from(RATE) * (1.0 + ppm * 1e-6);
    for (bits, rate, least) in [
        ("32f", RATE, 120.0),
        ("24", RATE, 120.0),
        ("16", RATE, 90.0),
        ("32f", 96_000, 120.0),
        ("32f", 44_100, 120.0),
        ("32f", 16_000, 120.0),
        ("32f", 8_000, 120.0),
    ] {
        let root = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = tone(measured, frames).flat_map(|x| (x as f32).to_le_bytes()).collect();
        let clock = ClockFit { rate: measured, ppm, ..ClockFit::nominal(0.0, SampleRate(RATE)) };
        let dir = one_take(root.path(), layout(SampleFormat::F32, 1), &bytes, clock);
        let rate_arg = rate.to_string();
        let args = ["export", "last", "--tracks", "wav", "--bits", bits, "--rate", &rate_arg];
        expect(0, hansard(root.path(), &args));
        let out = samples(&dir.join("aligned/ada.wav"));
        let (mut signal, mut noise) = (0.0, 0.0);
        // But for the ends, where the tone begins and breaks off.
        let sound = out.iter().zip(tone(f64::from(rate), out.len() as u64));
        for (x, ideal) in sound.take(out.len() - 200).skip(200) {
            signal += ideal * ideal;
            noise += (f64::from(*x) - ideal).powi(2);
        }
        let db = 10.0 * (signal / noise).log10();
        println!("{bits} bits at {rate} Hz: {db:.1} dB");
        assert!(db >= least, "{bits} bits at {rate} Hz: {db:.1} dB");
    }
}

#[test]
fn what_is_missing_within_a_take_is_exact_silence_up_to_its_edges() {
    let root = tempfile::tempdir().unwrap();
    // Loud up to the frame before it, and from the frame after it: 0.3 s of a tone are missing, for which
    // zeros stand in the file.
    let (from, to) = (60_000_usize, 74_400_usize);
    let measured = 48_010.0;
    let bytes: Vec<u8> = tone(measured, 144_000)
        .enumerate()
        .flat_map(|(n, x)| if (from..to).contains(&n) { 0 } else { (x * 30_000.0) as i16 }.to_le_bytes())
        .collect();
    let piece = |from: u64, at| ClockPiece { from: Frames(from), at, rate: measured };
    let pieces = vec![piece(0, 0.0), piece(to as u64, to as f64 / measured + 0.002)];
    let clock = ClockFit { rate: measured, ppm: 208.3, pieces, ..ClockFit::nominal(0.0, SampleRate(RATE)) };
    let dir = one_take(root.path(), layout(SampleFormat::S16, 1), &bytes, clock.clone());
    let manifest = hansard::session::read::read_manifest(&dir).unwrap();
    let (id, title, start, utc) = (manifest.id, manifest.title, manifest.start.clone(), manifest.start.utc);
    let events = [
        Event::Started { format: manifest.format, id, title, start, sources: manifest.sources },
        Event::TakeStarted(manifest.takes[0].clone()),
        Event::Gap {
            track: "ada".into(),
            take: Some(1),
            from_frame: Some(Frames(from as u64)),
            at: from as f64 / measured,
            frames: Frames((to - from) as u64),
            cause: GapCause::Stall,
        },
    ];
    let line = |(seq, event)| {
        let line = Line { seq, session_ns: SessionNs(0), utc, event };
        serde_json::to_string(&line).unwrap() + "\n"
    };
    let journal: String = (0..).zip(events).map(line).collect();
    fs::write(dir.join("events.jsonl"), journal).unwrap();
    for rate in [48_000, 16_000] {
        let args =
            ["export", "last", "--tracks", "wav", "--bits", "32f", "--force", "--rate", &rate.to_string()];
        expect(0, hansard(root.path(), &args));
        let sound = samples(&dir.join("aligned/ada.wav"));
        let frame = |at: f64| (at * f64::from(rate)).ceil() as usize;
        let silent =
            frame(clock.time_of(Frames(from as u64 - 1)) + 1.0 / measured)..frame(clock.pieces[1].at);
        assert!(sound[silent.clone()].iter().all(|x| *x == 0.0), "{rate}: it rings into the gap");
        let loud = |near: &[f32]| near.iter().any(|x| x.abs() > 0.5);
        let period = rate as usize / 1_000;
        assert!(loud(&sound[silent.start - period..silent.start]), "{rate}: it is cut short before the gap");
        assert!(loud(&sound[silent.end..silent.end + period]), "{rate}: it begins late after the gap");
    }
}

#[test]
fn a_lost_device_and_another_rate_leave_silence_between_and_no_shift() {
    let root = tempfile::tempdir().unwrap();
    let clicks = clicks(60.0);
    // The device is lost at 20 s and comes back at 33.3 s, at another rate and on another clock; its last
    // half second was another's sound.
    let first = Device::steady(44_100, 250.0, 0.2, 20.0);
    let second = Device::steady(48_000, -120.0, 33.3, 60.0);
    let steady = Device::steady(48_000, 10.0, 0.0, 60.0);
    let mut takes =
        vec![entry("ada", 1, &first, first.true_clock()), entry("ada", 2, &second, second.true_clock())];
    takes[0].foreign = vec![(Frames(first.frame_at(15.5) as u64), Frames(first.frames()))];
    takes.push(entry("bob", 1, &steady, steady.true_clock()));
    let dir = session(root.path(), takes);
    for (file, device) in [("ada", &first), ("ada.2", &second), ("bob", &steady)] {
        device.write(&dir.join(format!("tracks/{file}.wav")), &clicks);
    }
    for rate in [48_000, 44_100, 16_000] {
        expect(
            0,
            hansard(
                root.path(),
                &["export", "last", "--tracks", "wav", "--rate", &rate.to_string(), "--force"],
            ),
        );
        let [ada, bob] = ["ada", "bob"].map(|track| samples(&dir.join(format!("aligned/{track}.wav"))));
        assert_eq!(ada.len(), bob.len());
        let frame = |at: f64| (at * f64::from(rate)) as usize;
        assert!(
            ada[frame(15.501)..frame(33.299)].iter().all(|x| *x == 0.0),
            "what was not recorded is silent"
        );
        let mut most = 0.0_f64;
        for at in &clicks {
            let bob = heard(&bob, rate, *at).unwrap();
            most = most.max((bob - at).abs());
            match heard(&ada, rate, *at) {
                Some(ada) => most = most.max((ada - at).abs()),
                None => assert!((15.4..33.4).contains(at), "the click at {at} s is gone"),
            }
        }
        println!("{rate} Hz: clicks are {:.4} ms off at most", most * 1e3);
        assert!(most < 0.05e-3, "{most}");
    }
}

/// A session that takes a while: an hour of silence that takes no room.
pub(super) fn long(root: &Path, seconds: u64, channels: u16) -> PathBuf {
    let clock = ClockFit { rate: 48_010.0, ppm: 208.3, ..ClockFit::nominal(0.0, SampleRate(RATE)) };
    let layout = layout(SampleFormat::S16, channels);
    let dir = one_take(root, layout, &[], clock);
    let file = fs::OpenOptions::new().write(true).open(dir.join("tracks/ada.wav")).unwrap();
    file.set_len(44 + seconds * u64::from(RATE) * layout.frame_bytes()).unwrap();
    dir
}

fn export(root: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_hansard"))
        .args(["export", "last", "--tracks", "wav"])
        .env("HANSARD_RECORDINGS", root)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_interrupted_export_leaves_nothing_under_a_files_name() {
    let root = tempfile::tempdir().unwrap();
    let dir = long(root.path(), 5 * 3_600, 1);
    let part = dir.join("aligned/.ada.wav.part");
    let grown = || fs::metadata(&part).is_ok_and(|data| data.len() > 1 << 20);

    let interrupted = export(root.path());
    wait_for("a part grows", grown);
    let busy = hansard(root.path(), &["export", "last", "--tracks", "wav"]);
    assert!(String::from_utf8_lossy(&busy.stderr).contains("another export"), "{busy:?}");
    assert_eq!(busy.status.code(), Some(1));
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&interrupted),
        rustix::process::Signal::INT,
    )
    .unwrap();
    let ended = interrupted.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("interrupted"), "{ended:?}");
    assert_eq!(fs::read_dir(dir.join("aligned")).unwrap().count(), 0, "nothing stays");

    let mut killed = export(root.path());
    wait_for("a part grows", grown);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!dir.join("aligned/ada.wav").exists() && part.exists());
    // What the kill left is written over by the next, and gone with it.
    let file = fs::OpenOptions::new().write(true).open(dir.join("tracks/ada.wav")).unwrap();
    file.set_len(44 + 96_000).unwrap();
    expect(0, hansard(root.path(), &["export", "last", "--tracks", "wav"]));
    assert!(dir.join("aligned/ada.wav").exists() && !part.exists());
}

#[test]
fn what_somebody_put_there_stays_and_what_can_not_be_is_said_beforehand() {
    let root = tempfile::tempdir().unwrap();
    let dir = long(root.path(), 2, 1);
    let said = |args: &[&str]| {
        let all = [&["export", "last", "--tracks"], args].concat();
        let output = hansard(root.path(), &all);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for _ in 0..2 {
        assert_eq!(said(&["wav"]).0, Some(0), "its own file is replaced");
    }
    fs::write(dir.join("aligned/ada.wav"), "mine").unwrap();
    let (code, why) = said(&["wav"]);
    assert!(code == Some(1) && why.contains("--force"), "{why}");
    assert_eq!(fs::read(dir.join("aligned/ada.wav")).unwrap(), b"mine");
    assert_eq!(said(&["wav", "--force"]).0, Some(0));

    // A folder of the user's, which is made; a file or stdout is none.
    let out = root.path().join("new/folder");
    assert_eq!(said(&["flac", "--output", out.to_str().unwrap()]).0, Some(0));
    assert!(out.join("ada.flac").exists());
    for place in ["-", out.join("ada.flac").to_str().unwrap()] {
        let (code, why) = said(&["wav", "--output", place]);
        assert!(code == Some(1) && why.contains("folder"), "{why}");
    }
    assert_eq!(said(&["flac", "--bits", "32f"]).0, Some(1));
    assert_eq!(
        hansard(root.path(), &["export", "last", "--rate", "16000"]).status.code(),
        Some(1),
        "without --tracks"
    );

    // 13 hours of 16 bits at 48 kHz.
    fs::remove_dir_all(&dir).unwrap();
    let dir = long(root.path(), 13 * 3_600, 1);
    let (code, why) = said(&["wav"]);
    assert!(code == Some(1) && why.contains("4 GiB") && why.contains("--tracks flac"), "{why}");
    assert!(!dir.join("aligned").join("ada.wav").exists());
}

#[test]
fn a_part_of_one_speaker_lies_where_it_lies_in_the_whole() {
    let root = tempfile::tempdir().unwrap();
    let clicks = clicks(40.0);
    let [ada, bob] = [150.0, -80.0].map(|ppm| Device::steady(RATE, ppm, 0.4, 40.0));
    let takes = [("ada", &ada), ("bob", &bob)];
    let dir = session(
        root.path(),
        takes.map(|(track, device)| entry(track, 1, device, device.true_clock())).to_vec(),
    );
    for (track, device) in takes {
        device.write(&dir.join(format!("tracks/{track}.wav")), &clicks);
    }
    let part = root.path().join("part");
    let args =
        ["export", "last", "--tracks", "wav", "--speaker", "bob", "--from", "12s", "--to", "31s", "--output"];
    let paths = expect(0, hansard(root.path(), &[&args[..], &[part.to_str().unwrap()]].concat()));
    assert_eq!(paths.trim_end(), part.join("bob.wav").to_str().unwrap(), "nobody else");
    let sound = samples(&part.join("bob.wav"));
    assert_eq!(sound.len(), 19 * RATE as usize);
    for at in clicks.iter().filter(|at| (12.1..30.9).contains(*at)) {
        let heard = heard(&sound, RATE, at - 12.0).unwrap();
        assert!((heard - (at - 12.0)).abs() < 1e-4, "{at}: {heard}");
    }
}

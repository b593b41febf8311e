//! A whole recording with its real threads: scripts in, files out.

use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hansard::base::units::{Frames, SampleFormat};
use hansard::capture::drain::Timeline;
use hansard::capture::feed::Pace;
use hansard::capture::source::{Opened, Plug, Source, SourceError};
use hansard::capture::synth::{Synth, code};
use hansard::clock::{MonoNs, ScriptedClock, SessionClock, SystemClock};
use hansard::live::{News, Subscription};
use hansard::recording::{DeviceSpec, Recording};
use hansard::session::disk::{Disk, DiskFile, SystemDisk};
use hansard::session::journal::Event;
use hansard::session::manifest::{GapCause, SourceEntry};
use hansard::writer::Closed;
use tempfile::TempDir;

use super::wav;
use crate::support::session::{accounted, journal, manifest, source, takes};

/// A finished recording.
pub struct Recorded {
    // Held for its drop.
    _folder: TempDir,
    pub dir: PathBuf,
    pub closed: Closed,
    pub events: Vec<Event>,
}

impl Recorded {
    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.join("tracks").join(file)
    }
}

/// Records sources until all have ended.
pub fn record(devices: Vec<(Arc<dyn Source>, Vec<SourceEntry>)>) -> Recorded {
    let folder = TempDir::new().expect("a folder");
    let dir = folder.path().to_owned();
    fs::create_dir(dir.join("tracks")).expect("a folder");
    let sources = devices.iter().flat_map(|(_, tracks)| tracks.clone()).collect();
    let devices =
        devices.into_iter().map(|(source, tracks)| DeviceSpec { source, tracks, format: None }).collect();
    let clock = SessionClock::start_now(Arc::new(SystemClock));
    let recording = Recording::start(Arc::new(SystemDisk), &dir, clock, manifest(sources), devices);
    let recording = recording.expect("a recording");
    let mut news = recording.news.subscribe();
    let deadline = Instant::now() + Duration::from_secs(60);
    let step_until = |done: &dyn Fn() -> bool| {
        while !done() {
            assert!(Instant::now() < deadline, "it does not come to its end");
            (0..recording.lanes.len()).for_each(|lane| recording.step_lane(lane));
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    step_until(&|| recording.is_ended());
    recording.stop();
    step_until(&|| recording.is_drained());
    let closed = recording.close_tracks(Duration::from_secs(30)).expect("the disk answers");
    recording.finish();
    let events = events(&mut news);
    Recorded { _folder: folder, dir, closed, events }
}

pub const FULL_SPEED: Pace = Pace::Max { limit: None };

fn synth(script: &str, pace: Pace) -> Arc<dyn Source> {
    Arc::new(Synth::new(script, pace).expect("a script"))
}

fn coded(frames: u64, channels: &[u16], format: SampleFormat) -> Vec<f32> {
    (0..frames).flat_map(|n| channels.iter().map(move |c| code(n, *c, format))).collect()
}

/// What has been published of events.
fn events(news: &mut Subscription) -> Vec<Event> {
    let all = std::iter::from_fn(|| news.try_next());
    let event = |news| if let News::Event(line) = news { Some(line.event.clone()) } else { None };
    all.filter_map(event).collect()
}

#[test]
fn at_full_speed_the_files_equal_the_sources_from_the_first_frame_on() {
    let recorded = record(vec![
        (
            synth("coded,secs=30,rate=48000,channels=4,block=1-4096", FULL_SPEED),
            vec![source("one", Some(1)), source("four", Some(4)), source("all", None)],
        ),
        (synth("coded,secs=61.003,rate=8000,bits=16", FULL_SPEED), vec![source("low", None)]),
        (synth("coded,secs=5,rate=44100,bits=32", FULL_SPEED), vec![source("float", None)]),
    ]);
    for (file, frames, channels, format) in [
        ("one.wav", 1_440_000, &[0u16][..], SampleFormat::S24),
        ("four.wav", 1_440_000, &[3], SampleFormat::S24),
        ("all.wav", 1_440_000, &[0, 1, 2, 3], SampleFormat::S24),
        ("low.wav", 488_024, &[0], SampleFormat::S16),
        ("float.wav", 220_500, &[0], SampleFormat::F32),
    ] {
        let (_, samples) = wav::read(&recorded.path(file));
        assert_eq!(wav::difference(&samples, &coded(frames, channels, format)), None, "{file}");
    }
    for account in &recorded.closed.account {
        assert!(account.gaps.is_empty() && account.lost == Frames(0), "{account:?}");
    }
    assert_eq!(takes(&recorded.dir, &journal(&recorded.dir)).len(), 5);
    let ended = recorded.events.iter().filter(|event| matches!(event, Event::SourceEnded { .. })).count();
    assert_eq!(ended, 3, "{:?}", recorded.events);
}

/// The numbers of the coded frames in a track's files, in order; silence is left out.
fn numbers(recorded: &Recorded, format: SampleFormat) -> Vec<u64> {
    let takes = takes(&recorded.dir, &journal(&recorded.dir));
    let samples = takes.iter().flat_map(|take| &take.samples).filter(|sample| **sample != 0.0);
    let half = if format == SampleFormat::S16 { 32_768.0 } else { 8_388_608.0 };
    samples.map(|sample| (f64::from(*sample) * half + half) as u64 - 1).collect()
}

#[test]
fn a_bad_day_in_real_time() {
    let script = "coded,rate=16000,secs=4,block=40-400,stall=0.8:0.4,late=1.7:0.5,gone=2.8:0.5";
    let recorded = record(vec![
        (synth(script, Pace::Real), vec![source("bad", None)]),
        (synth("coded,rate=8000,bits=16,secs=4.2", Pace::Real), vec![source("good", None)]),
    ]);
    let bad = &recorded.closed.account[0];
    let gap_ms = |cause: GapCause| -> u64 {
        bad.gaps.iter().filter(|gap| gap.cause == cause).map(|gap| gap.frames.0 / 16).sum()
    };
    // A loaded machine may make the device itself late, never early: hence the room above.
    assert!((360..900).contains(&gap_ms(GapCause::Stall)), "{bad:?}");
    assert!((360..1_500).contains(&gap_ms(GapCause::DeviceLost)), "{bad:?}");
    assert_eq!(gap_ms(GapCause::Overrun), 0);
    let good = &recorded.closed.account[1];
    assert!(
        good.gaps.iter().all(|gap| matches!(gap.cause, GapCause::NotStarted | GapCause::Ended)),
        "{good:?}"
    );
    assert_eq!(good.written.0, 33_600, "another device's bad day is nothing to it: {good:?}");
    accounted(bad);

    // Nothing is twice, nothing is out of order, and only what the script took away is missing.
    let frames = numbers(&recorded, SampleFormat::S24);
    let bad_frames: Vec<u64> = frames[..bad.written.0 as usize].to_vec();
    let holes: Vec<(u64, u64)> = bad_frames
        .windows(2)
        .filter(|pair| pair[1] != pair[0] + 1)
        .map(|pair| (pair[0] + 1, pair[1]))
        .collect();
    assert_eq!(bad_frames[0], 0, "from the first frame on");
    assert_eq!(holes.len(), 2, "the stall and the loss, but not what was only late: {holes:?}");
    for ((from, to), (at, length)) in holes.iter().zip([(0.8, 0.4), (2.8, 0.5)]) {
        let (from, length_is) = (*from as f64 / 16e3, (to - from) as f64 / 16e3);
        assert!((from - at).abs() < 0.3 && length_is > length - 0.06, "{holes:?}");
    }
    // The silence in the file is as long as what is missing there.
    let stall = holes[0].1 - holes[0].0;
    assert!(
        gap_ms(GapCause::Stall).abs_diff(stall / 16) <= 20,
        "{} ms for {stall} frames",
        gap_ms(GapCause::Stall)
    );
    let lost = recorded.events.iter().filter(|event| matches!(event, Event::DeviceLost { .. })).count();
    assert!(lost >= 1, "{:?}", recorded.events);
}

/// A disk whose syncs hang for as long as `stuck` is locked.
struct StuckDisk(Arc<Mutex<()>>);

struct StuckFile(Box<dyn DiskFile>, Arc<Mutex<()>>);

impl Disk for StuckDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(StuckFile(SystemDisk.create(path)?, Arc::clone(&self.0))))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        SystemDisk.append(path)
    }

    fn open_empty(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        SystemDisk.open_empty(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        SystemDisk.sync_dir(dir)
    }
}

impl Write for StuckFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for StuckFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl DiskFile for StuckFile {
    fn sync_data(&mut self) -> io::Result<()> {
        drop(self.1.lock().expect("no panic"));
        self.0.sync_data()
    }

    fn second(&self) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(Self(self.0.second()?, Arc::clone(&self.1))))
    }
}

#[test]
fn a_disk_that_hangs_costs_no_sound_and_does_not_hang_the_end() {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("tracks")).expect("a folder");
    let clock = SessionClock::start_now(Arc::new(SystemClock));
    let device = DeviceSpec {
        source: synth("coded,secs=0", Pace::Real),
        tracks: vec![source("a", None)],
        format: None,
    };
    let stuck = Arc::new(Mutex::new(()));
    let disk = Arc::new(StuckDisk(Arc::clone(&stuck)));
    let recording =
        Recording::start(disk, folder.path(), clock, manifest(vec![source("a", None)]), vec![device]);
    let recording = recording.expect("a recording");
    let track = folder.path().join("tracks/a.wav");
    let grows_by = |more: u64| {
        let length = || fs::metadata(&track).map_or(0, |file| file.len());
        let (from, started) = (length(), Instant::now());
        while length() < from + more {
            assert!(started.elapsed() < Duration::from_secs(60), "nothing is recorded");
            recording.step_lane(0);
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    grows_by(20_000);
    let hang = stuck.lock().expect("no panic");
    let durable = recording.tracks[0].takes()[0].durable();
    // Three seconds and more, in which three commits are due: sound is written all the same.
    grows_by(3 * 48_000 * 3);
    assert_eq!(recording.tracks[0].takes()[0].durable(), durable, "nothing is said to be safe that isn't");
    let started = Instant::now();
    assert!(recording.close_at_once(Duration::from_millis(300)).is_none(), "nobody can say that it is safe");
    // Three waits of 0.3 s, on a machine that may be busy; a sync that hangs would take for ever.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    drop(hang);
    assert!(recording.finish(), "once the disk answers all is written");
    let closed = journal(folder.path()).iter().any(|line| matches!(line.event, Event::Closed { .. }));
    assert!(closed, "what was asked for is done");
}

/// A device that is never there.
struct Absent;

impl Source for Absent {
    fn label(&self) -> String {
        "mic:absent".into()
    }

    fn timeline(&self) -> Timeline {
        Timeline::Clocked
    }

    fn buffer_ms(&self) -> u64 {
        500
    }

    fn open(&self, _plug: &Plug) -> Result<Opened, SourceError> {
        Err(SourceError("it is not there".into()))
    }
}

#[test]
fn a_sleep_and_a_set_clock_are_journalled_once_however_many_devices_there_are() {
    let folder = TempDir::new().expect("a folder");
    let dir = folder.path();
    fs::create_dir(dir.join("tracks")).expect("a folder");
    let clock = ScriptedClock::default();
    clock.set(MonoNs(1_000_000_000));
    let session = SessionClock::start_now(Arc::new(clock.clone()));
    let device =
        |name: &str| DeviceSpec { source: Arc::new(Absent), tracks: vec![source(name, None)], format: None };
    let sources = vec![source("alice", None), source("bob", None)];
    let devices = vec![device("alice"), device("bob")];
    let recording = Recording::start(Arc::new(SystemDisk), dir, session, manifest(sources), devices);
    let recording = recording.expect("a recording");
    let step = || (0..2).for_each(|lane| recording.step_lane(lane));
    let mut news = recording.news.subscribe();
    step();
    clock.set(MonoNs(11_000_000_000));
    step();
    clock.suspend(Duration::from_secs(30));
    clock.step_wall(3_600.0);
    step();
    clock.set(MonoNs(44_000_000_000));
    step();
    recording.stop();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !recording.is_drained() {
        assert!(Instant::now() < deadline, "it does not come to its end");
        step();
        std::thread::sleep(Duration::from_millis(5));
    }
    let closed = recording.close_tracks(Duration::from_secs(30)).expect("the disk answers");
    recording.finish();
    let told = events(&mut news);

    let of_time = |event: &&Event| matches!(event, Event::Suspended { .. } | Event::ClockStepped { .. });
    let slept = Event::Suspended { from: 10.0, seconds: 30.0 };
    assert_eq!(
        told.iter().filter(of_time).collect::<Vec<_>>(),
        [&slept, &Event::ClockStepped { seconds: 3_600.0 }]
    );
    let lines = journal(dir);
    assert_eq!(lines.iter().map(|line| &line.event).filter(of_time).count(), 2);
    // Of 43 seconds without a device it slept 30, and a second on either side goes with them.
    for account in &closed.account {
        let gaps: Vec<(GapCause, u64, bool)> =
            account.gaps.iter().map(|gap| (gap.cause, gap.frames.0 / 480, gap.loss)).collect();
        assert_eq!(
            gaps,
            [(GapCause::NotStarted, 1_100, true), (GapCause::Suspend, 3_200, false)],
            "{account:?}"
        );
    }
}

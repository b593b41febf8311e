//! How loud a track is: measured as it is written, kept beside it, and never believed against the sound.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use hansard::audio::level::{self, Meter, WINDOW_S, Window};
use hansard::audio::mono;
use hansard::base::random::Random;
use hansard::base::units::{Frames, SampleFormat};
use hansard::capture::drain::Item;
use hansard::care::offline;
use hansard::session::disk::{Disk, SystemDisk};
use hansard::session::levels::{BLOCK_BYTES, BLOCK_WINDOWS};
use hansard::session::manifest::GapCause;
use hansard::session::reading::Session;
use hansard::session::shared::{TakeShared, TrackShared};
use hansard::session::tail::SpanReader;
use hansard::speech::bleed::Levels as _;
use hansard::speech::levels::TrackLevels;
use proptest::prelude::*;

use super::bench::{Bench, format};
use crate::simulation::disk::{Fault, Op, SimDisk};

const RATE: u32 = 11_025;
const FILE: &str = "a.levels";

/// Syllables of any loudness with silence between them, on two channels.
fn speech(bench: &mut Bench, frames: u64, random: &mut Random) {
    let mut left = frames;
    while left > 0 {
        let block = left.min(1_100);
        let loud = if random.chance(0.3) { 0.0 } else { random.range(-90.0, 0.0) };
        let gain = if loud == 0.0 { 0.0 } else { 10f64.powf(loud / 20.0) };
        let sample = |_| (random.range(-1.0, 1.0) * gain) as f32;
        let samples: Vec<f32> = (0..block * 2).map(sample).collect();
        bench.push(0, Item::Sound(samples));
        bench.step(100);
        left -= block;
    }
}

/// What the sound of a take holds, measured in one go.
fn measured(dir: &Path, take: &TakeShared) -> Vec<Window> {
    let (entry, mut samples) = (&take.entry, Vec::new());
    let mut sound = SpanReader::open(dir, entry).unwrap();
    sound.read(Frames(0), take.written(), &mut samples).unwrap();
    let mut meter = Meter::new(entry.rate, entry.channels, 0);
    let mut windows: Vec<Window> = samples.into_iter().filter_map(|sample| meter.push(sample)).collect();
    windows.extend(meter.open());
    windows
}

fn read(dir: &Path, track: &TrackShared, take: &TakeShared) -> Vec<Window> {
    let mut windows = Vec::new();
    track.read_levels(dir, take, 0..u64::MAX, &mut windows).unwrap();
    windows
}

/// A session of two takes, 25 s and 12 s long; each is over by now.
fn recorded(disk: impl Disk + 'static, seed: u64) -> Bench {
    let mut bench = Bench::new(disk, &[(format(RATE, 2, SampleFormat::S16), &[("a", None)])]);
    let mut random = Random::new(seed);
    for seconds in [25, 12] {
        bench.start(0);
        speech(&mut bench, u64::from(RATE) * seconds / 2, &mut random);
        let track = Arc::clone(&bench.tracks[0]);
        let take = track.takes().last().cloned().unwrap();
        assert_eq!(read(&bench.dir, &track, &take), measured(&bench.dir, &take), "while it grows");
        bench.push(0, Item::Silence { frames: Frames(777), cause: GapCause::Stall });
        speech(&mut bench, u64::from(RATE) * seconds / 2, &mut random);
        bench.end(0);
        bench.step(10);
    }
    bench
}

/// The tracks of a session that is over, of which nothing is in memory yet.
fn tracks(bench: &Bench) -> Vec<Arc<TrackShared>> {
    offline::tracks(&Session::open(&bench.dir).unwrap()).unwrap()
}

fn is_as_measured(bench: &Bench) -> bool {
    let tracks = tracks(bench);
    tracks[0].takes().iter().all(|take| read(&bench.dir, &tracks[0], take) == measured(&bench.dir, take))
}

#[test]
fn the_levels_of_a_track_are_kept_and_measured_again_where_they_are_missing() {
    let mut bench = recorded(SystemDisk, 1);
    bench.close();
    let path = bench.path(FILE);
    let kept = fs::read(&path).unwrap();
    let windows =
        tracks(&bench)[0].takes().into_iter().map(|take| level::windows_in(take.written(), take.entry.rate));
    let blocks: u64 = windows.map(|windows| windows.div_ceil(BLOCK_WINDOWS)).sum();
    assert_eq!(kept.len(), blocks as usize * BLOCK_BYTES);
    assert!(is_as_measured(&bench));
    let complete = || tracks(&bench)[0].complete_levels(&SystemDisk, &bench.dir);
    complete();
    assert_eq!(fs::read(&path).unwrap(), kept, "there was nothing to do");
    fs::remove_file(&path).unwrap();
    assert!(is_as_measured(&bench));
    assert!(!path.exists(), "reading writes nothing");
    complete();
    assert_eq!(fs::read(&path).unwrap(), kept, "made again, to the byte");
    fs::write(&path, &kept[..kept.len() - 1]).unwrap();
    complete();
    assert_eq!(fs::read(&path).unwrap(), kept, "its end was torn off");
    let names: Vec<_> =
        fs::read_dir(bench.dir.join("tracks")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "nothing is left lying about: {names:?}");
}

#[test]
fn levels_of_other_sound_are_not_believed() {
    let (mut bench, mut other) = (recorded(SystemDisk, 2), recorded(SystemDisk, 3));
    bench.close();
    other.close();
    fs::copy(other.path(FILE), bench.path(FILE)).unwrap();
    assert!(is_as_measured(&bench));
    tracks(&bench)[0].complete_levels(&SystemDisk, &bench.dir);
    assert!(fs::read(bench.path(FILE)).unwrap() != fs::read(other.path(FILE)).unwrap());
    #[cfg(unix)]
    {
        fs::remove_file(bench.path(FILE)).unwrap();
        std::os::unix::fs::symlink(other.path(FILE), bench.path(FILE)).unwrap();
        let before = fs::read(other.path(FILE)).unwrap();
        assert!(is_as_measured(&bench));
        tracks(&bench)[0].complete_levels(&SystemDisk, &bench.dir);
        assert_eq!(fs::read(other.path(FILE)).unwrap(), before, "a link is not followed out of the session");
    }
}

#[test]
fn a_levels_file_that_can_not_be_written_costs_the_recording_nothing() {
    for (op, at) in [(Op::Create, 0), (Op::Write, 0), (Op::Write, 1), (Op::ShortWrite, 0)] {
        let fault = Fault { file: FILE.into(), op, at, times: u32::MAX, error: ErrorKind::StorageFull };
        let disk = SimDisk::new(&[fault], 1);
        let mut bench = recorded(disk.clone(), 4);
        let closed = bench.close();
        assert!(disk.struck()[0] > 0, "the fault struck");
        assert!(closed.errors.is_empty(), "{:?}", closed.errors);
        assert!(
            closed.account.iter().all(|account| account.gaps.iter().all(|gap| gap.cause == GapCause::Stall))
        );
        assert!(is_as_measured(&bench), "{op:?} {at}");
    }
}

/// As it was before levels were kept: each window of what was asked for is decoded and mixed down.
fn decoded(dir: &Path, take: &TakeShared, from_s: f64, windows: usize) -> Vec<f32> {
    let clock = take.clock();
    let place = |n: usize| clock.frame_at(from_s + n as f64 * WINDOW_S).min(take.written());
    let mut sound = SpanReader::open(dir, &take.entry).unwrap();
    let level = |n: usize| {
        let (mut interleaved, mut mixed) = (Vec::new(), Vec::new());
        sound.read(place(n), place(n + 1), &mut interleaved).unwrap();
        mono::downmix(&interleaved, take.entry.channels, &mut mixed);
        (mixed.iter().map(|s| s * s).sum::<f32>() / mixed.len().max(1) as f32).sqrt()
    };
    (0..windows).map(level).collect()
}

#[test]
fn what_is_asked_for_has_the_level_of_the_sound() {
    let mut bench = Bench::new(SystemDisk, &[(format(48_000, 1, SampleFormat::S16), &[("a", None)])]);
    bench.start(0);
    let mut random = Random::new(5);
    for _ in 0..200 {
        let gain = 10f64.powf(random.range(-70.0, 0.0) / 20.0);
        let samples: Vec<f32> = (0..4_800).map(|_| (random.range(-1.0, 1.0) * gain) as f32).collect();
        bench.push(0, Item::Sound(samples));
        bench.step(100);
    }
    let take = bench.tracks[0].takes()[0].clone();
    let levels = TrackLevels::new(bench.dir.clone(), bench.tracks.clone());
    let grid = decoded(&bench.dir, &take, 0.0, 2_000);
    let bound = |level: f32| level / 4_096.0 + 1e-7;
    let known = levels.envelope("a", 0.0, 19.9);
    for (n, (known, should)) in known.iter().zip(&grid).enumerate() {
        assert!((known - should).abs() <= bound(*should), "window {n}: {known} is not {should}");
    }
    // Between the windows of the grid: between their levels.
    for from_s in [0.0025, 1.005, 9.9999, 12.34567] {
        let known = levels.envelope("a", from_s, from_s + 5.0);
        let first = (from_s / WINDOW_S) as usize;
        for (n, known) in known.iter().enumerate() {
            let (a, b) = (grid[first + n], grid[first + n + 1]);
            let (low, high) = (a.min(b), a.max(b));
            assert!(
                *known >= low - bound(low) && *known <= high + bound(high),
                "{from_s} {n}: {known}, {a}, {b}"
            );
        }
    }
    assert_eq!(levels.envelope("a", -0.5, 0.5)[..50], [0.0; 50], "nothing is known of before");
    assert!(levels.envelope("b", 0.0, 1.0).is_empty());
    take.add_foreign(Frames(48_000), Frames(96_000));
    let silent = levels.envelope("a", 1.0, 2.0);
    assert!(silent.iter().all(|level| *level == 0.0), "another device's sound is silent");
    assert!(levels.envelope("a", 2.0, 2.1).iter().all(|level| *level > 0.0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever lies in the file.
    #[test]
    fn a_damaged_levels_file_is_never_believed(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
        cut in prop::option::of(any::<prop::sample::Index>()),
        tail in prop::collection::vec(any::<u8>(), 0..5_000),
    ) {
        let mut bench = recorded(SystemDisk, 6);
        bench.close();
        let mut bytes = fs::read(bench.path(FILE)).unwrap();
        for (index, byte) in flips {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(tail);
        fs::write(bench.path(FILE), bytes).unwrap();
        prop_assert!(is_as_measured(&bench));
        tracks(&bench)[0].complete_levels(&SystemDisk, &bench.dir);
        prop_assert!(is_as_measured(&bench));
    }
}

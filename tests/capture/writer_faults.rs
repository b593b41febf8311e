//! What a disk that refuses or hangs, and a panic, may cost: `Writer::step` with faults by script.

use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hansard::base::cause::Alarm;
use hansard::base::units::SampleFormat;
use hansard::capture::drain::Item;
use hansard::live::News;
use hansard::session::disk::SystemDisk;
use hansard::session::journal::Event;
use hansard::session::manifest::GapCause;
use hansard::writer::Closed;
use proptest::prelude::*;

use super::bench::{Bench, Track, coded, format};
use super::wav;
use crate::simulation::disk::{Fault, Op, SimDisk};
use crate::support::session::{accounted, coded_frames, journal, takes};

#[test]
fn a_disk_that_hangs_in_its_syncs_costs_no_sound() {
    let mut bench = Bench::new(SystemDisk, &[(format(8_000, 1, SampleFormat::S16), &[("a", None)])]);
    let mut news = bench.writer.news().subscribe();
    let mut alarms = || -> Vec<(Alarm, bool)> {
        let alarm = |news| match news {
            News::Event(line) => match line.event {
                Event::Alarm { alarm, on, .. } => Some((alarm, on)),
                _ => None,
            },
            _ => None,
        };
        std::iter::from_fn(|| news.try_next()).filter_map(alarm).collect()
    };
    let minute = |bench: &mut Bench| {
        for _ in 0..600 {
            bench.sound(0, 800);
            bench.step(100);
        }
    };
    bench.start(0);
    minute(&mut bench);
    let track = Arc::clone(&bench.tracks[0]);
    let durable = track.takes()[0].durable();
    bench.hangs.store(true, Ordering::Release);
    minute(&mut bench);
    // Everything is in the file, where no crash of ours can take it; nobody says that it is safe from a power
    // cut.
    let (_, samples) = wav::read(&bench.path("a.wav"));
    assert_eq!(wav::difference(&samples, &coded(0, 960_000, &[0], SampleFormat::S16)), None);
    assert_eq!(track.takes()[0].durable(), durable);
    assert_eq!(alarms(), [(Alarm::DiskSlow, true)]);
    bench.hangs.store(false, Ordering::Release);
    bench.step(1_000);
    bench.step(1_000);
    assert_eq!((track.takes()[0].durable().0, alarms()), (960_000, vec![(Alarm::DiskSlow, false)]));
    bench.end(0);
    let closed = bench.close();
    assert_eq!((closed.account[0].written.0, closed.account[0].lost.0), (960_000, 0));
}

/// One track's file is refused; the other tracks do not notice, and the refused one goes on in a new take.
fn one_refusal(fault: Fault) -> (Bench, Closed) {
    let disk = SimDisk::new(&[fault], 1);
    let tracks: [Track; 2] = [("bad", Some(1)), ("good", Some(2))];
    let mut bench = Bench::new(
        disk.clone(),
        &[
            (format(48_000, 2, SampleFormat::S16), &tracks),
            (format(8_000, 1, SampleFormat::S24), &[("other", None)]),
        ],
    );
    bench.start(0);
    bench.start(1);
    for _ in 0..50 {
        bench.sound(0, 4_800);
        bench.sound(1, 800);
        bench.step(100);
    }
    bench.end(0);
    bench.end(1);
    let closed = bench.close();
    assert!(disk.struck()[0] > 0, "the fault struck");
    assert_eq!((closed.account[1].written.0, closed.account[1].gaps.len()), (240_000, 0));
    assert_eq!((closed.account[2].written.0, closed.account[2].gaps.len()), (40_000, 0));
    let takes = takes(&bench.dir, &journal(&bench.dir));
    let written = takes
        .iter()
        .filter(|take| take.entry.track == "bad")
        .map(|take| coded_frames(take, &[0]))
        .sum::<u64>();
    assert_eq!(closed.account[0].written.0, written, "what counts as written is there");
    assert_eq!(accounted(&closed.account[0]), 240_000, "every frame is accounted for");
    (bench, closed)
}

#[test]
fn a_full_disk_costs_a_track_what_did_not_fit_and_a_new_take() {
    // The file is given up, and its successor is tried each second.
    let fault = Fault { file: "bad".into(), op: Op::Write, at: 40, times: 5, error: ErrorKind::StorageFull };
    let (bench, closed) = one_refusal(fault);
    let bad = &closed.account[0];
    assert_eq!(bad.gaps.len(), 1, "{bad:?}");
    assert_eq!((bad.gaps[0].cause, bad.gaps[0].count, bad.gaps[0].loss), (GapCause::WriteError, 1, true));
    // All refusals after the first one hit files that hold nothing yet: none of them stays.
    let files = fs::read_dir(bench.dir.join("tracks")).expect("a folder").flatten().map(|f| f.file_name());
    let mut files: Vec<_> = files.filter(|name| name.to_string_lossy().ends_with(".wav")).collect();
    files.sort();
    assert_eq!(files, ["bad.2.wav", "bad.wav", "good.wav", "other.wav"]);
    assert!(!closed.errors.is_empty());
}

#[test]
fn sound_that_the_disk_does_not_vouch_for_is_not_counted_as_written() {
    let fault = Fault { file: "bad".into(), op: Op::Sync, at: 2, times: 1, error: ErrorKind::Other };
    let (_bench, closed) = one_refusal(fault);
    let bad = &closed.account[0];
    assert_eq!(bad.gaps[0].cause, GapCause::WriteError);
    // A commit's worth: what had been written since the last one that went well.
    let second = 48_000;
    assert!((second / 2..=2 * second).contains(&bad.lost.0), "{bad:?}");
}

#[test]
fn a_failed_assertion_costs_new_takes_and_nothing_else() {
    let mut bench = Bench::new(
        SystemDisk,
        &[
            (format(48_000, 2, SampleFormat::S16), &[("a", Some(1)), ("b", Some(2))]),
            (format(8_000, 1, SampleFormat::S24), &[("c", None)]),
        ],
    );
    bench.start(0);
    bench.start(1);
    for block in 0..30 {
        bench.sound(0, 1_000);
        bench.sound(1, 700);
        if block % 10 == 5 {
            bench.push(0, half_a_frame());
        }
        bench.step(20);
    }
    bench.end(0);
    bench.end(1);
    let closed = bench.close();
    for account in &closed.account {
        assert!(account.gaps.is_empty() && account.lost.0 == 0, "{account:?}");
    }
    let takes = takes(&bench.dir, &journal(&bench.dir));
    assert_eq!(takes.len(), 3 * 4);
    let sound = |track: &str, channel: u16| -> u64 {
        takes.iter().filter(|t| t.entry.track == track).map(|t| coded_frames(t, &[channel])).sum()
    };
    assert_eq!((sound("a", 0), sound("b", 1), sound("c", 0)), (30_000, 30_000, 21_000));
}

/// What no drain hands over: the writer's assertion fails on it.
fn half_a_frame() -> Item {
    Item::Sound(vec![0.5])
}

fn fault() -> impl Strategy<Value = Fault> {
    let file = prop_oneof![
        4 => Just("a.wav"), 2 => Just("tracks/a"), 3 => Just("b."), 3 => Just("events.jsonl"),
        1 => Just("session.json"),
    ];
    let op = prop_oneof![
        1 => Just(Op::Create), 4 => Just(Op::Write), 1 => Just(Op::ShortWrite), 3 => Just(Op::Sync), 1 => Just(Op::Rename),
        1 => Just(Op::SyncDir), 1 => Just(Op::PanicInWrite),
    ];
    let error = prop_oneof![Just(ErrorKind::StorageFull), Just(ErrorKind::Other)];
    // The first operations make the journal itself, without which nothing is recorded.
    (file, op, 3..80u32, 1..6u32, error).prop_map(|(file, op, at, times, error)| {
        let (file, times) = if op == Op::PanicInWrite { ("tracks/", 1) } else { (file, times) };
        Fault { file: file.into(), op, at, times, error }
    })
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Sound(usize, u64),
    Silence(usize, u64),
    NewTake(usize, u64),
    Step(u64),
    HalfAFrame,
}

fn deed() -> impl Strategy<Value = Deed> {
    let device = 0..2usize;
    prop_oneof![
        12 => (device.clone(), 1..5_000u64).prop_map(|(d, n)| Deed::Sound(d, n)),
        2 => (device.clone(), 1..9_000u64).prop_map(|(d, n)| Deed::Silence(d, n)),
        1 => (device, 1..200_000u64).prop_map(|(d, n)| Deed::NewTake(d, n)),
        8 => (1..700u64).prop_map(Deed::Step),
        1 => Just(Deed::HalfAFrame),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 100, ..ProptestConfig::default() })]

    /// Whatever the disk refuses: each frame is in a file, vouched for, at its place, or in a gap with a
    /// cause.
    #[test]
    fn every_frame_is_written_or_missing(
        mut faults in prop::collection::vec(fault(), 0..5), deeds in prop::collection::vec(deed(), 20..200),
    ) {
        // A second panic while the first one unwinds would end any process.
        let mut panics = false;
        faults.retain(|fault| fault.op != Op::PanicInWrite || !std::mem::replace(&mut panics, true));
        let mut bench = Bench::new(SimDisk::new(&faults, 1), &[
            (format(8_000, 2, SampleFormat::S16), &[("a", Some(2)), ("both", None)]),
            (format(11_025, 1, SampleFormat::S24), &[("b", None)]),
        ]);
        bench.start(0);
        bench.start(1);
        for deed in deeds {
            match deed {
                Deed::Sound(device, frames) => bench.sound(device, frames),
                Deed::Silence(device, frames) => bench.silence(device, frames, GapCause::Stall),
                Deed::NewTake(device, frames) => {
                    bench.end(device);
                    bench.absent(device, frames, GapCause::DeviceLost);
                    bench.start(device);
                }
                Deed::Step(ms) => bench.step(ms),
                Deed::HalfAFrame => bench.push(0, half_a_frame()),
            }
        }
        // Faults that are left would strike the end itself; the disk is well again by then.
        bench.step(10);
        bench.step(2_000);
        for _ in 0..40 {
            bench.sound(0, 100);
            bench.sound(1, 100);
            bench.step(1_100);
        }
        bench.end(0);
        bench.end(1);
        let closed = bench.close();
        let takes = takes(&bench.dir, &journal(&bench.dir));
        for (account, device, channels) in [
            (&closed.account[0], 0, &[1u16][..]), (&closed.account[1], 0, &[0, 1]), (&closed.account[2], 1, &[0]),
        ] {
            let device = &bench.devices[device];
            prop_assert_eq!(accounted(account), device.sound + device.missing, "{:?}", account);
            let mine = takes.iter().filter(|take| take.entry.track == account.track);
            prop_assert_eq!(mine.map(|take| coded_frames(take, channels)).sum::<u64>(), account.written.0);
            let spared = !account.track.starts_with(['a', 'b']) || account.track == "both";
            if spared && !panics {
                prop_assert_eq!(account.written.0, device.sound, "{:?}", account);
            }
        }
    }
}

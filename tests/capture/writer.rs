//! `Writer::step` with real files: exact tracks, a true journal, and what a refusing disk may cost.

use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hansard::base::cause::Alarm;
use hansard::base::units::{Frames, SampleFormat, SampleRate};
use hansard::capture::drain::{Item, QUEUE_ITEMS};
use hansard::clock::model::Slip;
use hansard::live::News;
use hansard::session::disk::SystemDisk;
use hansard::session::journal::Event;
use hansard::session::manifest::{GapCause, State, TakeEntry};
use hansard::session::shared::TakeShared;
use hansard::session::tail::SpanReader;
use hansard::writer::Closed;
use proptest::prelude::*;

use super::bench::{Bench, Track, coded, format};
use super::wav;
use crate::simulation::disk::{Fault, Op, SimDisk};
use crate::support::session::{accounted, coded_frames, journal, read_manifest, takes};

#[test]
fn channels_of_a_device_become_tracks_and_are_readable_at_any_moment() {
    let tracks: [Track; 3] = [("left", Some(1)), ("third", Some(3)), ("all", None)];
    let mut bench = Bench::new(SystemDisk, &[(format(48_000, 3, SampleFormat::S24), &tracks)]);
    bench.start(0);
    for block in 1..=30u64 {
        bench.sound(0, 4_000);
        bench.step(83);
        for track in &bench.tracks {
            // A reader that opens the file now reads whole frames of what was delivered, all but the last
            // tenth of a second.
            let (spec, samples) = wav::read(&bench.path(&format!("{}.wav", track.track)));
            let frames = samples.len() as u64 / u64::from(spec.channels);
            assert!(frames + 4_800 >= block * 4_000, "{frames} of {} frames can be read", block * 4_000);
            let take = &track.takes()[0];
            assert!(take.written().0 <= frames && take.durable() <= take.written());
        }
        // Committed each second, so at most that and a step's worth is not durable.
        let durable = bench.tracks[0].takes()[0].durable().0;
        assert!(
            durable + 48_000 + 8_000 >= block * 4_000,
            "{durable} of {} frames are durable",
            block * 4_000
        );
    }
    bench.end(0);
    let closed = bench.close();
    for (name, channels) in [("left", &[0u16][..]), ("third", &[2]), ("all", &[0, 1, 2])] {
        let (spec, samples) = wav::read(&bench.path(&format!("{name}.wav")));
        assert_eq!(
            (spec.channels, spec.sample_rate, spec.bits_per_sample),
            (channels.len() as u16, 48_000, 24)
        );
        let should = coded(0, 120_000, channels, SampleFormat::S24);
        assert_eq!(wav::difference(&samples, &should), None, "{name}");
    }
    assert!(closed.errors.is_empty());
    assert!(closed.account.iter().all(|a| a.written.0 == 120_000 && a.lost.0 == 0 && a.gaps.is_empty()));
    assert!(bench.tracks.iter().all(|t| t.is_finished() && t.takes()[0].durable().0 == 120_000));
}

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn samples_come_back_bit_by_bit(
        s16 in prop::collection::vec(any::<i16>(), 1..2_000),
        s24 in prop::collection::vec(-8_388_608..8_388_608i32, 1..2_000),
        floats in prop::collection::vec(-1.0..=1.0f32, 1..2_000),
    ) {
        let devices = [SampleFormat::S16, SampleFormat::S24, SampleFormat::F32].map(|f| format(44_100, 1, f));
        let names: [&[Track]; 3] = [&[("a", None)], &[("b", None)], &[("c", None)]];
        let mut bench = Bench::new(SystemDisk, &[0, 1, 2].map(|i| (devices[i], names[i])));
        let inputs = [
            s16.iter().map(|v| f32::from(*v) / 32_768.0).collect(),
            s24.iter().map(|v| *v as f32 / 8_388_608.0).collect(),
            floats,
        ];
        for (device, samples) in inputs.iter().enumerate() {
            bench.start(device);
            bench.push(device, Item::Sound(samples.clone()));
            bench.end(device);
        }
        bench.close();
        for (file, should) in ["a.wav", "b.wav", "c.wav"].iter().zip(&inputs) {
            let (_, samples) = wav::read(&bench.path(file));
            prop_assert_eq!(wav::difference(&samples, should), None, "{}", file);
        }
    }
}

#[test]
fn what_is_too_loud_for_the_format_is_clipped_not_wrapped() {
    let mut bench = Bench::new(SystemDisk, &[(format(8_000, 1, SampleFormat::S16), &[("a", None)])]);
    bench.start(0);
    bench.push(0, Item::Sound(vec![1.0, 1.5, -1.0, -2.0, f32::NAN]));
    bench.end(0);
    bench.close();
    let (_, samples) = wav::read(&bench.path("a.wav"));
    assert_eq!(samples, [32_767.0 / 32_768.0, 32_767.0 / 32_768.0, -1.0, -1.0, 0.0]);
}

#[test]
fn a_long_gap_ends_the_take_and_everything_is_journalled() {
    let mut bench = Bench::new(SystemDisk, &[(format(8_000, 2, SampleFormat::S16), &[("mic", Some(2))])]);
    bench.start(0);
    bench.silence(0, 4_000, GapCause::NotStarted);
    bench.sound(0, 8_000);
    bench.silence(0, 800, GapCause::Overrun);
    bench.sound(0, 8_000);
    bench.push(
        0,
        Item::TakeEnd {
            slips: vec![Slip { at: Frames(12_000), frames: Frames(80) }],
            tail_deficit: 0.0,
            span: None,
        },
    );
    bench.absent(0, 100_000, GapCause::Stall);
    bench.start(0);
    bench.sound(0, 4_000);
    bench.end(0);
    let closed = bench.close();

    let lines = journal(&bench.dir);
    let takes = takes(&bench.dir, &lines);
    assert_eq!(takes.len(), 2);
    assert_eq!((takes[0].entry.file.as_str(), takes[0].entry.offset), ("tracks/mic.wav", 0.0));
    assert_eq!(
        (takes[1].entry.file.as_str(), takes[1].entry.offset),
        ("tracks/mic.2.wav", 120_800.0 / 8_000.0)
    );
    assert_eq!(takes.iter().map(|take| coded_frames(take, &[1])).sum::<u64>(), 20_000);
    let gaps: Vec<_> = lines
        .iter()
        .filter_map(|line| match &line.event {
            Event::Gap { take, from_frame, frames, cause, .. } => {
                Some((*cause, *take, *from_frame, frames.0))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        gaps,
        [
            (GapCause::NotStarted, Some(1), Some(Frames(0)), 4_000),
            (GapCause::Overrun, Some(1), Some(Frames(12_000)), 800),
            (GapCause::Slip, Some(1), Some(Frames(12_000)), 80),
            (GapCause::Stall, None, None, 100_000),
        ]
    );
    let account = &closed.account[0];
    assert_eq!((account.written.0, accounted(account)), (20_000, 124_880));
    // Overrun, slip and a microphone's stall; half a second before the start is none.
    assert_eq!(account.lost.0, 800 + 80 + 100_000);
    let manifest = read_manifest(&bench.dir);
    assert_eq!((manifest.state, manifest.takes.len()), (State::Closed, 2));
    assert_eq!(manifest.account, closed.account);
    assert!(
        matches!(&lines.last().expect("lines").event, Event::Closed { account, .. } if *account == closed.account)
    );
}

#[test]
fn all_that_waits_is_taken_before_the_tracks_are_closed() {
    let mut bench = Bench::new(SystemDisk, &[(format(8_000, 1, SampleFormat::S16), &[("mic", None)])]);
    bench.start(0);
    for _ in 0..QUEUE_ITEMS - 2 {
        bench.sound(0, 80);
    }
    bench.end(0);
    let closed = bench.close();
    assert_eq!(closed.account[0].written.0, 80 * (QUEUE_ITEMS as u64 - 2));
    // A device that goes on afterwards opens nothing any more.
    bench.start(0);
    bench.sound(0, 80);
    bench.step(10);
    assert!(!bench.path("mic.2.wav").exists());
}

#[test]
fn a_device_that_comes_back_with_fewer_channels_costs_only_the_track_that_lost_its_own() {
    let tracks: [Track; 2] = [("near", Some(1)), ("far", Some(2))];
    let mut bench = Bench::new(SystemDisk, &[(format(8_000, 2, SampleFormat::S16), &tracks)]);
    bench.start(0);
    bench.sound(0, 8_000);
    bench.end(0);
    bench.devices[0].format.channels = 1;
    bench.start(0);
    for _ in 0..10 {
        bench.sound(0, 800);
    }
    bench.end(0);
    let closed = bench.close();
    assert_eq!((closed.account[0].written.0, closed.account[0].gaps.len()), (16_000, 0));
    let far = &closed.account[1];
    assert_eq!((far.written.0, far.lost.0, accounted(far)), (8_000, 8_000, 16_000));
    assert_eq!((far.gaps[0].cause, far.gaps[0].count), (GapCause::DeviceLost, 1));
    let sound: Vec<u64> =
        takes(&bench.dir, &journal(&bench.dir)).iter().map(|t| t.samples.len() as u64).collect();
    assert_eq!(sound, [8_000, 8_000, 8_000]);
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
fn a_name_that_is_taken_is_left_alone() {
    let mut bench = Bench::new(SystemDisk, &[(format(8_000, 1, SampleFormat::S16), &[("mic", None)])]);
    fs::write(bench.path("mic.wav"), "somebody's").expect("a file");
    bench.start(0);
    bench.sound(0, 8_000);
    bench.step(10);
    bench.end(0);
    let closed = bench.close();
    assert_eq!(closed.account[0].written.0, 8_000, "{:?}", closed);
    assert_eq!(fs::read(bench.path("mic.wav")).expect("a file"), b"somebody's");
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

#[test]
fn another_devices_sound_stays_in_the_file_and_counts_as_missing() {
    let tracks: [Track; 2] = [("left", Some(1)), ("both", None)];
    let mut bench = Bench::new(SystemDisk, &[(format(8_000, 2, SampleFormat::S16), &tracks)]);
    bench.start(0);
    bench.sound(0, 8_000);
    bench.step(1_000);
    bench.silence(0, 400, GapCause::Stall);
    bench.sound(0, 1_600);
    for (from, frames) in [(8_400, 800), (9_200, 800)] {
        bench.push(0, Item::Foreign { from: Frames(from), frames: Frames(frames) });
    }
    bench.end(0);
    bench.start(0);
    bench.sound(0, 800);
    bench.end(0);
    let closed = bench.close();
    for account in &closed.account {
        assert_eq!((account.expected, account.written), (Frames(10_800), Frames(8_800)), "{account:?}");
        let foreign = account.gaps.iter().find(|gap| gap.cause == GapCause::Foreign).expect("a gap");
        assert_eq!((foreign.frames, foreign.loss), (Frames(1_600), true));
    }
    let manifest = read_manifest(&bench.dir);
    let foreign: Vec<_> = manifest.takes.iter().map(|take| take.foreign.clone()).collect();
    let spans = vec![(Frames(8_400), Frames(10_000))];
    assert_eq!(foreign, [spans.clone(), vec![], spans, vec![]]);
    let gaps: Vec<Event> = journal(&bench.dir)
        .into_iter()
        .map(|line| line.event)
        .filter(|event| matches!(event, Event::Gap { cause: GapCause::Foreign, .. }))
        .collect();
    assert_eq!(gaps.len(), 4, "two for each track: {gaps:?}");
    // As raw evidence it is there to be heard; a listener for words hears nothing.
    let take = &bench.tracks[0].takes()[0];
    let mut reader = SpanReader::open(&bench.dir, &take.entry).expect("a file");
    let mut sound = Vec::new();
    reader.read(Frames(8_300), Frames(8_500), &mut sound).expect("sound");
    assert_eq!(sound[100..], coded(8_400, 8_500, &[0], SampleFormat::S16));
    take.leave_out_foreign(Frames(8_300), &mut sound);
    assert!(sound.iter().all(|sample| *sample == 0.0));
    let again: TakeEntry =
        serde_json::from_str(&serde_json::to_string(&take.entry_now()).expect("json")).expect("json");
    assert_eq!(TakeShared::new(again).foreign(), take.foreign());
}

#[test]
fn what_is_missing_before_the_first_take_is_counted_in_its_frames() {
    let mut bench = Bench::new(SystemDisk, &[(format(8_000, 1, SampleFormat::S16), &[("a", None)])]);
    bench.push(0, Item::Rate(SampleRate(8_000)));
    bench.absent(0, 12 * 8_000, GapCause::NotStarted);
    bench.start(0);
    bench.sound(0, 8_000);
    bench.end(0);
    let closed = bench.close();
    let account = &closed.account[0];
    assert_eq!((account.expected, account.written), (Frames(13 * 8_000), Frames(8_000)), "{account:?}");
    let replay = hansard::care::replay::read(&bench.dir).expect("a journal");
    let gap = &replay.tracks["a"].gaps[0];
    assert_eq!((gap.frames, gap.rate), (Frames(12 * 8_000), SampleRate(8_000)));
}

/// Frames that are muted, by the journal, merged: from … to in the first file, or seconds outside of one.
fn muted(bench: &Bench, of: &str) -> (Vec<(u64, u64)>, u64) {
    let (mut inside, mut outside): (Vec<(u64, u64)>, u64) = (Vec::new(), 0);
    for line in journal(&bench.dir) {
        let Event::Gap { track, from_frame, frames, cause: GapCause::Muted, .. } = line.event else {
            continue;
        };
        match from_frame.map(|from| from.0) {
            _ if track != of => {}
            None => outside += frames.0,
            Some(from) if inside.last().is_some_and(|(_, to)| *to == from) => {
                inside.last_mut().expect("one").1 += frames.0;
            }
            Some(from) => inside.push((from, from + frames.0)),
        }
    }
    (inside, outside)
}

#[test]
fn a_muted_track_holds_silence_to_the_frame_and_the_other_one_never_notices() {
    let tracks: [Track; 2] = [("left", Some(1)), ("right", Some(2))];
    let mut bench = Bench::new(SystemDisk, &[(format(8_000, 2, SampleFormat::S16), &tracks)]);
    let left = Arc::clone(&bench.tracks[0]);
    bench.start(0);
    // Muted from frame 5,020 on, in the middle of a block, and up to 93,020.
    for block in 1..=150u64 {
        if block == 51 {
            left.mutes().begin(5_020.0 / 8_000.0).expect("it is not muted");
        }
        bench.sound(0, 100);
        bench.step(12);
    }
    for _ in 0..78 {
        bench.sound(0, 1_000);
        bench.step(125);
    }
    left.mutes().end(93_020.0 / 8_000.0).expect("it is muted");
    bench.sound(0, 7_000);
    bench.step(875);
    // A pause keeps its cause, a stall while it is muted was not wanted.
    left.mutes().begin(100_000.0 / 8_000.0).expect("it is not muted");
    bench.silence(0, 400, GapCause::Paused);
    bench.silence(0, 400, GapCause::Stall);
    bench.end(0);
    bench.absent(0, 16_000, GapCause::DeviceLost);
    left.mutes().end(108_800.0 / 8_000.0).expect("it is muted");
    bench.step(10);
    let closed = bench.close();
    let sound = |from, to| coded(from, to, &[0], SampleFormat::S16);
    let silence = |frames: usize| vec![0.0; frames];
    let (_, samples) = wav::read(&bench.path("left.wav"));
    let should = [sound(0, 5_020), silence(88_000), sound(93_020, 100_000), silence(800)].concat();
    assert_eq!(wav::difference(&samples, &should), None);
    let (_, samples) = wav::read(&bench.path("right.wav"));
    let should = [coded(0, 100_000, &[1], SampleFormat::S16), silence(800)].concat();
    assert_eq!(wav::difference(&samples, &should), None, "the other one");
    assert_eq!(muted(&bench, "left"), (vec![(5_020, 93_020), (100_400, 100_800)], 8_000));
    assert_eq!(muted(&bench, "right"), (vec![], 0));
    let [left, right] = closed.account.as_slice() else { panic!("two") };
    let by_cause = |account: &hansard::session::manifest::TrackAccount| -> Vec<(GapCause, u64, bool)> {
        account.gaps.iter().map(|gap| (gap.cause, gap.frames.0, gap.loss)).collect()
    };
    assert_eq!((left.written.0, left.expected.0), (12_000, 116_800), "{left:?}");
    use GapCause::{DeviceLost, Muted, Paused, Stall};
    assert_eq!(by_cause(left), [(DeviceLost, 8_000, true), (Paused, 400, false), (Muted, 96_400, false)]);
    assert_eq!(by_cause(right), [(Stall, 400, true), (DeviceLost, 16_000, true), (Paused, 400, false)]);
    assert!(closed.account.iter().all(|account| accounted(account) == account.expected.0));
    // As long as it was muted it was no dead microphone.
    let is_alarm = |event: &Event| matches!(event, Event::Alarm { alarm: Alarm::Zeros | Alarm::Quiet, .. });
    assert!(!journal(&bench.dir).iter().any(|line| is_alarm(&line.event)));
}

#[test]
fn a_muted_track_without_a_file_and_with_another_devices_sound_is_accounted_for() {
    let mut bench = Bench::new(SystemDisk, &[(format(8_000, 1, SampleFormat::S16), &[("a", None)])]);
    let track = Arc::clone(&bench.tracks[0]);
    bench.start(0);
    track.mutes().begin(0.1).expect("it is not muted");
    track.mutes().end(0.2).expect("it is muted");
    bench.sound(0, 4_000);
    bench.push(0, Item::Foreign { from: Frames(400), frames: Frames(2_000) });
    bench.end(0);
    let closed = bench.close();
    let account = &closed.account[0];
    let frames = |cause| account.gaps.iter().find(|gap| gap.cause == cause).expect("a gap").frames.0;
    assert_eq!((frames(GapCause::Muted), frames(GapCause::Foreign)), (800, 1_200));
    assert_eq!((account.written.0, account.expected.0), (2_000, 4_000));
    let foreign: Vec<_> = read_manifest(&bench.dir).takes.iter().map(|take| take.foreign.clone()).collect();
    assert_eq!(foreign, [[(Frames(400), Frames(800)), (Frames(1_600), Frames(2_400))]]);
}

//! `Writer::step` with real files: exact tracks and a true journal.

use std::fs;

use hansard::base::units::{Frames, SampleFormat};
use hansard::capture::drain::{Item, QUEUE_ITEMS};
use hansard::clock::model::Slip;
use hansard::session::disk::SystemDisk;
use hansard::session::journal::Event;
use hansard::session::manifest::{GapCause, State};
use proptest::prelude::*;

use super::bench::{Bench, Track, coded, format};
use super::wav;
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

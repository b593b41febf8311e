//! What a track holds in place of sound that is not to be in it, or was not there: muted, another device's,
//! before its first take.

use std::sync::Arc;

use hansard::base::cause::Alarm;
use hansard::base::units::{Frames, SampleFormat, SampleRate};
use hansard::capture::drain::Item;
use hansard::session::disk::SystemDisk;
use hansard::session::journal::Event;
use hansard::session::manifest::{GapCause, TakeEntry};
use hansard::session::shared::TakeShared;
use hansard::session::tail::SpanReader;

use super::bench::{Bench, Track, coded, format};
use super::wav;
use crate::support::session::{accounted, journal, read_manifest};

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

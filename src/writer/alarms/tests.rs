use super::*;

const BLOCK_S: f64 = 0.1;

/// Feeds `seconds` of what `sample` gives for the sample's number, 800 a block.
fn feed(alarms: &mut TrackAlarms, from: f64, seconds: f64, sample: impl Fn(usize) -> f32) -> f64 {
    let blocks = (seconds / BLOCK_S).round() as usize;
    for n in 0..blocks {
        let at = from + n as f64 * BLOCK_S;
        alarms.hear((0..800).map(|i| sample(n * 800 + i)), 1, (at, at + BLOCK_S), at + BLOCK_S);
        alarms.look(at + BLOCK_S, false);
    }
    from + blocks as f64 * BLOCK_S
}

fn said(alarms: &mut TrackAlarms) -> Vec<(Alarm, bool)> {
    alarms.take_changes().into_iter().map(|change| (change.alarm, change.on)).collect()
}

/// The quietest thing a 16-bit converter gives: a least significant bit now and then.
fn dither(n: usize) -> f32 {
    if n.is_multiple_of(700) { 1.0 / 32_768.0 } else { 0.0 }
}

#[test]
fn zeros_are_said_within_ten_seconds_once_and_again_when_they_end() {
    let mut mic = TrackAlarms::new(SourceKind::Mic);
    let at = feed(&mut mic, 0.0, 20.0, dither);
    assert_eq!(said(&mut mic), [], "a quiet room is not an alarm");
    let at = feed(&mut mic, at, 8.4, |_| 0.0);
    assert_eq!(said(&mut mic), []);
    let at = feed(&mut mic, at, 1.0, |_| 0.0);
    assert_eq!(said(&mut mic), [(Alarm::Zeros, true)]);
    let at = feed(&mut mic, at, 60.0, |_| 0.0);
    assert_eq!(said(&mut mic), [], "once is enough");
    feed(&mut mic, at, 1.0, dither);
    assert_eq!(said(&mut mic), [(Alarm::Zeros, false)]);
}

#[test]
fn a_loopback_may_be_silent_and_may_deliver_nothing() {
    let mut loopback = TrackAlarms::new(SourceKind::Loopback);
    let at = feed(&mut loopback, 0.0, 60.0, |_| 0.0);
    loopback.look(at + 600.0, false);
    assert_eq!(said(&mut loopback), []);
}

#[test]
fn a_loopback_of_zeros_while_a_program_plays_is_an_alarm() {
    let played = |silenced| Condition { silenced, running: true, players: vec!["Meet".into()] };
    let mut loopback = TrackAlarms::new(SourceKind::Loopback);
    let at = feed(&mut loopback, 0.0, 60.0, |_| 0.0);
    loopback.heed(at, &played(true));
    let at = feed(&mut loopback, at, 8.4, |_| 0.0);
    assert_eq!(said(&mut loopback), [], "it has only begun to play");
    let at = feed(&mut loopback, at, 1.0, |_| 0.0);
    let [alarm] = &loopback.take_changes()[..] else { panic!("one alarm") };
    assert_eq!((alarm.alarm, alarm.on), (Alarm::Zeros, true));
    assert!(alarm.text.contains("while Meet plays: the loudspeaker is muted"), "{}", alarm.text);
    let at = feed(&mut loopback, at, 1.0, dither);
    assert_eq!(said(&mut loopback), [(Alarm::Zeros, false)]);
    let at = feed(&mut loopback, at, 9.0, |_| 0.0);
    assert_eq!(said(&mut loopback), [(Alarm::Zeros, true)]);
    loopback.heed(at, &Condition::default());
    assert_eq!(said(&mut loopback), [(Alarm::Zeros, false)], "the meeting is over");
    loopback.heed(at, &played(false));
    let at = feed(&mut loopback, at, 20.0, dither);
    feed(&mut loopback, at, 60.0, |_| 0.0);
    assert_eq!(said(&mut loopback), [], "who has been heard is silent for a while");
    // Not a sample of what is played has ever come.
    let mut elsewhere = TrackAlarms::new(SourceKind::Loopback);
    elsewhere.heed(0.0, &played(false));
    feed(&mut elsewhere, 0.0, 9.0, |_| 0.0);
    assert_eq!(said(&mut elsewhere), [(Alarm::Zeros, true)]);
}

#[test]
fn a_source_that_delivers_nothing_is_said_unless_it_has_ended() {
    let mut mic = TrackAlarms::new(SourceKind::Mic);
    mic.look(8.4, false);
    assert_eq!(said(&mut mic), []);
    mic.look(8.5, false);
    mic.look(10.0, false);
    assert_eq!(said(&mut mic), [(Alarm::NoSound, true)]);
    let at = feed(&mut mic, 12.0, 1.0, dither);
    assert_eq!(said(&mut mic), [(Alarm::NoSound, false)]);
    mic.look(at + 60.0, true);
    assert_eq!(said(&mut mic), [], "what has ended is not missed");
}

#[test]
fn clipping_is_said_and_a_single_door_is_not() {
    let mut mic = TrackAlarms::new(SourceKind::Mic);
    let at = feed(&mut mic, 0.0, 30.0, |n| if n == 4_000 { 1.0 } else { 0.2 });
    let at = feed(&mut mic, at, 0.1, |n| if n < 4 { 1.0 } else { 0.2 });
    let at = feed(&mut mic, at, 30.0, |_| 0.2);
    assert_eq!(said(&mut mic), []);
    let at = feed(&mut mic, at, 2.0, |n| if n % 400 < 9 { -1.0 } else { 0.2 });
    let at = feed(&mut mic, at, 29.0, |_| 0.2);
    assert_eq!(said(&mut mic), [(Alarm::Clipping, true)]);
    feed(&mut mic, at, 2.0, |_| 0.2);
    assert_eq!(said(&mut mic), [(Alarm::Clipping, false)]);
}

#[test]
fn a_side_that_stays_quiet_while_others_speak_is_hinted_at() {
    let speech = |n: usize| if n % 16_000 < 8_000 { 0.1 } else { 0.0001 };
    let (mut alice, mut bob) = (TrackAlarms::new(SourceKind::Mic), TrackAlarms::new(SourceKind::Loopback));
    let mut hints = Vec::new();
    for second in 0..200 {
        feed(&mut alice, f64::from(second), 1.0, speech);
        feed(&mut bob, f64::from(second), 1.0, dither);
        compare(&mut [&mut alice, &mut bob]);
        hints.extend(said(&mut bob).into_iter().map(|hint| (second, hint)));
    }
    let [(179..=181, (Alarm::Quiet, true))] = hints[..] else { panic!("{hints:?}") };
    assert_eq!(said(&mut alice), []);
    feed(&mut bob, 200.0, 1.0, speech);
    compare(&mut [&mut alice, &mut bob]);
    assert_eq!(said(&mut bob), [(Alarm::Quiet, false)]);
    // Nobody speaks: nothing is missing.
    for second in 201..500 {
        feed(&mut alice, f64::from(second), 1.0, dither);
        feed(&mut bob, f64::from(second), 1.0, dither);
        compare(&mut [&mut alice, &mut bob]);
    }
    assert_eq!((said(&mut alice), said(&mut bob)), (vec![], vec![]));
}

#[test]
fn a_clock_that_no_device_has_is_said_once() {
    let rate = crate::base::units::SampleRate::HZ_48000;
    let fit = |ppm: f64, residual_ms| ClockFit {
        rate: 48_000.0 * (1.0 + ppm * 1e-6),
        ppm,
        residual_ms,
        points: 900,
        ..ClockFit::nominal(0.0, rate)
    };
    let mut mic = TrackAlarms::new(SourceKind::Mic);
    mic.judge_clock(&fit(1_350.0, 0.1), 59.0);
    mic.judge_clock(&fit(-999.0, 19.0), 300.0);
    assert_eq!(said(&mut mic), []);
    mic.judge_clock(&fit(1_350.0, 0.1), 61.0);
    mic.judge_clock(&fit(1_351.0, 0.1), 62.0);
    assert_eq!(said(&mut mic), [(Alarm::Clock, true)]);
    mic.judge_clock(&fit(900.0, 0.1), 63.0);
    assert_eq!(said(&mut mic), [(Alarm::Clock, false)]);
    mic.judge_clock(&fit(10.0, 21.0), 64.0);
    assert_eq!(said(&mut mic), [(Alarm::Clock, true)]);
    assert_eq!(clock_trouble(&ClockFit::nominal(0.0, rate), 900.0), None, "it was not measured");
}

#[test]
fn a_disk_that_fills_up_is_said_twice_and_then_ends_the_recording() {
    let mut space = SpaceAlarm::default();
    let per_second = 200_000;
    let with = |space: &mut SpaceAlarm, seconds: u64| {
        space.look(SPACE_STOP_BYTES + seconds * per_second, per_second)
    };
    assert_eq!(with(&mut space, 601), Space::Same);
    let Space::Changed(first) = with(&mut space, 599) else { panic!("no warning") };
    assert!(first.on && first.text.contains("9 minutes"), "{}", first.text);
    assert_eq!(with(&mut space, 300), Space::Same);
    let Space::Changed(last) = with(&mut space, 119) else { panic!("no last warning") };
    assert!(last.on && last.text.contains("114 seconds"), "{}", last.text);
    assert_eq!(with(&mut space, 6), Space::Same);
    assert_eq!(with(&mut space, 4), Space::Full);
    assert_eq!(with(&mut space, 0), Space::Same);
    let mut space = SpaceAlarm::default();
    assert!(matches!(with(&mut space, 60), Space::Changed(change) if change.on));
    assert_eq!(with(&mut space, 700), Space::Same);
    assert!(matches!(with(&mut space, 800), Space::Changed(change) if !change.on));
}

#[test]
fn only_a_microphone_that_was_never_heard_lacks_a_macs_permission() {
    assert!(is_withheld(SourceKind::Mic, false));
    assert!(!is_withheld(SourceKind::Mic, true), "it was heard: now it is muted");
    for kind in [SourceKind::Loopback, SourceKind::File, SourceKind::Synth] {
        assert!(!is_withheld(kind, false), "{kind:?}");
    }
    assert!(WITHHELD.contains("Privacy & Security > Microphone"));

    let mut mic = TrackAlarms::new(SourceKind::Mic);
    feed(&mut mic, 0.0, 9.0, |_| 0.0);
    let text = mic.take_changes().remove(0).text;
    assert_eq!(text.contains("System Settings"), cfg!(target_os = "macos"), "{text}");
}

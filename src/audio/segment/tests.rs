use proptest::prelude::*;

use super::super::vad::ScriptedVad;
use super::*;

/// 10 ms at 16 kHz.
const WINDOW: u64 = 160;

/// Holds all that is louder than −40 dBFS to be speech.
struct Deaf;

impl Vad for Deaf {
    fn window(&self) -> usize {
        WINDOW as usize
    }

    fn probability(&mut self, window: &[f32]) -> f32 {
        let power: f32 = window.iter().map(|sample| sample * sample).sum();
        if power / window.len() as f32 > 1e-4 { 0.9 } else { 0.0 }
    }

    fn reset(&mut self) {}

    fn another(&self) -> Option<Box<dyn Vad>> {
        Some(Box::new(Self))
    }
}

/// Three seconds of a voice of that level after one of silence, twice.
fn voice(level: f32) -> Vec<f32> {
    let floor = level / 100.0;
    let second = |level: f32| (0..16_000).map(move |i| if i % 2 == 0 { level } else { -level });
    (0..8).flat_map(|n| second(if n % 4 == 0 { floor } else { level })).collect()
}

fn segments_of(sound: &[f32], piece: usize) -> Vec<Segment> {
    let rate = SampleRate::HZ_16000;
    let mut segmenter = Segmenter::new(SegmentSettings::default(), Box::new(Deaf), rate, Frames(0));
    let mut segments = Vec::new();
    for (n, samples) in sound.chunks(piece).enumerate() {
        let (from, samples) = (Frames((n * piece) as u64), samples.to_vec());
        segments.extend(segmenter.push(&MonoBlock { from, samples }));
    }
    segments.extend(segmenter.finish());
    segments
}

#[test]
fn quiet_speech_is_heard_and_known_to_be_quiet() {
    let told = |level: f32| -> Vec<(bool, bool)> {
        segments_of(&voice(level), 8_000).iter().map(|found| (found.raised, found.faint)).collect()
    };
    assert_eq!(told(0.1), [(false, false); 2], "−20 dBFS is as speech is");
    assert_eq!(told(0.001), [(true, true); 2], "−60 dBFS: the detector alone hears nothing");
    // Somebody near and loud was heard: what is quiet now is somebody far away.
    let after: Vec<f32> = voice(0.1).into_iter().chain(voice(0.001)).collect();
    assert_eq!(segments_of(&after, 8_000).len(), 2);
    let steady = vec![0.001; 160_000];
    assert_eq!(segments_of(&steady, 8_000), [], "what keeps its level is no voice");
}

#[test]
fn quiet_speech_is_found_the_same_however_fast_it_is_heard() {
    let sound = voice(0.002);
    let whole = segments_of(&sound, sound.len());
    assert!(whole.len() == 2 && whole[0].raised, "{whole:?}");
    for piece in [160, 777, 8_000] {
        assert_eq!(segments_of(&sound, piece), whole, "in pieces of {piece}");
    }
}

fn segmenter(script: &[(f32, usize)], rate: u32) -> Segmenter {
    let script: Vec<f32> = script.iter().flat_map(|&(p, n)| std::iter::repeat_n(p, n)).collect();
    let vad = ScriptedVad::new(WINDOW as usize, script);
    Segmenter::new(SegmentSettings::default(), Box::new(vad), SampleRate(rate), Frames(0))
}

fn sound(from: u64, windows: usize) -> MonoBlock {
    MonoBlock { from: Frames(from), samples: vec![0.1; windows * WINDOW as usize] }
}

/// Runs a script of (probability, windows of 10 ms) and gives the segments in milliseconds.
fn run(script: &[(f32, usize)]) -> Vec<(u64, u64)> {
    let mut segmenter = segmenter(script, 16_000);
    let windows = script.iter().map(|s| s.1).sum();
    let mut segments = segmenter.push(&sound(0, windows));
    segments.extend(segmenter.finish());
    segments.iter().map(|s| (s.from.0 / 16, s.to.0 / 16)).collect()
}

#[test]
fn speech_is_taken_with_its_rolls() {
    assert_eq!(run(&[(0.1, 100), (0.9, 50), (0.1, 100)]), [(700, 1_700)]);
}

#[test]
fn a_short_pause_does_not_split_and_a_long_one_does() {
    assert_eq!(run(&[(0.0, 50), (0.9, 50), (0.0, 59), (0.9, 50), (0.0, 70)]), [(200, 2_290)]);
    assert_eq!(run(&[(0.0, 50), (0.9, 50), (0.0, 61), (0.9, 50), (0.0, 70)]), [(200, 1_200), (1_310, 2_310)]);
}

#[test]
fn a_click_is_no_speech_and_hysteresis_holds() {
    assert_eq!(run(&[(0.0, 50), (0.9, 20), (0.0, 100)]), []);
    // 0.4 alone never begins a segment, but carries one on.
    assert_eq!(run(&[(0.4, 200)]), []);
    assert_eq!(run(&[(0.0, 50), (0.6, 5), (0.4, 40), (0.0, 100)]), [(200, 1_150)]);
}

#[test]
fn rolls_stay_within_the_take_and_apart() {
    // Speech from the first window to the last; then two stretches whose rolls would touch after a long
    // one.
    assert_eq!(run(&[(0.9, 100)]), [(0, 1_000)]);
    let long = run(&[(0.9, 1_600), (0.0, 21), (0.9, 100), (0.0, 80)]);
    assert_eq!(long, [(0, 16_200), (16_200, 17_410)]);
}

#[test]
fn endless_speech_is_cut_where_it_is_quietest() {
    let segments = run(&[(0.9, 1_800), (0.7, 10), (0.9, 1_500), (0.0, 100)]);
    assert_eq!(segments.len(), 2);
    assert!((18_000..18_100).contains(&segments[0].1), "{segments:?}");
    assert_eq!(segments[1], (segments[0].1, 33_300));
    // Without any dip it is still cut in time, and the syllable after the last cut isn't thrown away.
    let segments = run(&[(0.9, 2_801), (0.0, 100)]);
    assert!(segments.iter().all(|(from, to)| to - from <= 28_000));
    assert_eq!(segments.last().map(|s| s.1), Some(28_210));
}

#[test]
fn evidence_is_the_mean_of_the_speech_alone() {
    let mut segmenter = segmenter(&[(0.0, 50), (0.8, 30), (0.6, 30), (0.0, 100)], 16_000);
    let segment = segmenter.push(&sound(0, 210))[0];
    assert!((segment.speech - 0.7).abs() < 0.01, "{segment:?}");
    assert_eq!((segment.onset, segment.offset), (Frames(50 * WINDOW), Frames(110 * WINDOW)));
}

#[test]
fn zeros_end_speech_and_hide_nothing_after_them() {
    let vad = ScriptedVad::new(WINDOW as usize, vec![0.9; 200]);
    let mut segmenter =
        Segmenter::new(SegmentSettings::default(), Box::new(vad), SampleRate(48_000), Frames(0));
    let mut segments = segmenter.push(&sound(0, 100));
    segments.extend(segmenter.push(&MonoBlock { from: Frames(16_000), samples: vec![0.0; 16_000] }));
    assert_eq!(segments.len(), 1);
    assert_eq!((segments[0].to, segmenter.open_since()), (Frames(3 * 19_200), None));
    segments.extend(segmenter.push(&sound(32_000, 100)));
    assert_eq!(segmenter.open_since(), Some(Frames(3 * (32_000 - 4_800))));
    segments.extend(segmenter.finish());
    assert_eq!(segments.len(), 2);
}

#[test]
fn what_a_silence_will_end_is_known_before_it_does() {
    let mut segmenter = segmenter(&[(0.0, 50), (0.9, 60), (0.0, 200)], 48_000);
    assert_eq!(segmenter.push(&sound(0, 60)), []);
    assert_eq!(segmenter.growing(), None, "too short to be speech");
    segmenter.push(&sound(60 * WINDOW, 70));
    assert!(segmenter.growing().is_some_and(|growing| !growing.settled), "its post-roll is still to come");
    segmenter.push(&sound(130 * WINDOW, 5));
    let growing = segmenter.growing().unwrap();
    assert!(growing.settled);
    assert_eq!(segmenter.push(&sound(135 * WINDOW, 100)), [growing.segment]);
}

#[test]
fn a_hole_closes_what_was_open() {
    let mut segmenter = segmenter(&[(0.9, 200)], 16_000);
    assert!(segmenter.push(&sound(0, 100)).is_empty());
    let segments = segmenter.push(&sound(80_000, 100));
    assert_eq!(segments.len(), 1);
    assert_eq!(segments[0].to, Frames(16_000));
    assert_eq!(segmenter.finish()[0].from, Frames(80_000));
}

#[test]
fn settings_that_contradict_are_refused() {
    let good = SegmentSettings::default();
    assert_eq!(good.check(), Ok(()));
    assert!(SegmentSettings { offset: 0.6, ..good }.check().is_err());
    assert!(SegmentSettings { onset: f32::NAN, ..good }.check().is_err());
    assert!(SegmentSettings { max_ms: 1_000, target_ms: 500, ..good }.check().is_err());
    assert!(SegmentSettings { late_endpoint_ms: 0, ..good }.check().is_err());
}

proptest! {
    /// Whatever the detector says: segments are ordered, apart and bounded, hold all speech that lasted,
    /// and an analysis that resumes at `decided_until` finds the rest.
    #[test]
    fn segments_hold_their_promises(
        runs in prop::collection::vec((0.0_f32..1.0, 1_usize..400), 1..40),
        piece in 1_usize..700,
        rate in prop::sample::select(vec![8_000_u32, 16_000, 44_100, 48_000]),
    ) {
        let windows: usize = runs.iter().map(|r| r.1).sum();
        let total = windows * WINDOW as usize;
        let mut segmenter = segmenter(&runs, rate);
        let (mut segments, mut known, mut settled) = (Vec::new(), 0, None::<Segment>);
        let mut at = 0;
        while at < total {
            let n = piece.min(total - at);
            segments.extend(segmenter.push(&MonoBlock { from: Frames(at as u64), samples: vec![0.1; n] }));
            at += n;
            let given = segments.last().map_or(Frames(0), |s: &Segment| s.to);
            prop_assert!(segmenter.decided_until() >= given);
            prop_assert!(segmenter.open_since().is_none_or(|open| open == segmenter.decided_until()));
            // What was said to come of a silence came of it, unless there was more to it.
            if let (Some(said), Some(found)) = (settled, segments.get(known)) {
                let cut = found.to > said.to;
                prop_assert!(*found == said || found.offset != said.offset || cut, "{said:?} became {found:?}");
            }
            known = segments.len();
            settled = segmenter.growing().filter(|growing| growing.settled).map(|growing| growing.segment);
        }
        segments.extend(segmenter.finish());
        let rate = SampleRate(rate);
        let (end, max) = (Frames(total as u64).rescale(SampleRate::HZ_16000, rate), Frames::from_seconds(28.0, rate));
        for s in &segments {
            prop_assert!(s.from <= s.onset && s.onset <= s.offset && s.offset <= s.to && s.to <= end, "{s:?}");
            prop_assert!(s.to - s.from <= max + Frames(1) && s.from < s.to, "{s:?}");
            prop_assert!((0.0..=1.0).contains(&s.speech));
        }
        for pair in segments.windows(2) {
            prop_assert!(pair[0].to <= pair[1].from, "{pair:?}");
        }
        let mut start = 0_u64;
        for (probability, n) in runs {
            let span = n as u64 * WINDOW;
            if probability >= 0.5 && span >= 4_000 {
                for position in [start, start + span / 2, start + span - 1] {
                    let frame = Frames(position).rescale(SampleRate::HZ_16000, rate);
                    let inside = segments.iter().any(|s| s.from <= frame && frame <= s.to);
                    prop_assert!(inside, "speech at {frame} in no segment: {segments:?}");
                }
            }
            start += span;
        }
    }
}

//! Every frame at its place, every gap with its cause, whatever the device does.

use hansard::base::units::Frames;
use hansard::capture::drain::Item;
use hansard::capture::synth::code;
use hansard::session::manifest::{ClockFit, GapCause};
use proptest::prelude::*;

use crate::capture::device::{Op, Outcome, Script, Truth, run};

/// What a gap may be off, and what a frame's time may.
const TOLERANCE_S: f64 = 0.020;
/// A deficit from which on the drain holds sound to be missing.
const LATE_S: f64 = 0.070;
/// Samples of one simulated device: bounds a case's time.
const SAMPLES_MAX: f64 = 2.0e6;

/// A run of sound without a gap in it, and what is missing before it.
#[derive(Debug, Default, Clone, PartialEq)]
struct Run {
    from: u64,
    to: u64,
    overrun: u64,
    /// Seconds by cause.
    stall_s: f64,
    lost_s: f64,
    not_started_s: f64,
    /// Place of its first frame: the take, counted from 0, and the frame in it.
    take: usize,
    place: u64,
}

/// What the truth says should come out.
fn expected(out: &Outcome) -> Vec<Run> {
    let script = &out.script;
    let mut runs: Vec<Run> = Vec::new();
    let mut gap = Run::default();
    let mut end: Option<u64> = None;
    for truth in &out.truth {
        match *truth {
            Truth::Opened { first } => match end {
                None => gap.not_started_s = script.time_of(first),
                Some(end) => gap.lost_s += script.time_of(first) - script.time_of(end),
            },
            Truth::Stall(frames) => {
                gap.stall_s += frames as f64 / script.true_rate();
                end = end.map(|end| end + frames);
            }
            Truth::Overrun(frames) => {
                gap.overrun += frames;
                end = end.map(|end| end + frames);
            }
            Truth::Sound { from, to } => {
                end = Some(to);
                match runs.last_mut() {
                    Some(run) if gap == Run::default() && run.to == from => run.to = to,
                    _ => runs.push(Run { from, to, ..std::mem::take(&mut gap) }),
                }
            }
        }
    }
    runs
}

/// What came out, read by the frames that the truth says should.
struct Read {
    runs: Vec<Run>,
    /// What is missing after the last run.
    tail: Run,
    clocks: Vec<ClockFit>,
    offsets: Vec<f64>,
    slips: usize,
    tail_deficits: Vec<f64>,
}

fn read(out: &Outcome, expected: &[Run]) -> Result<Read, TestCaseError> {
    let mut wanted = expected.iter().flat_map(|run| run.from..run.to);
    let mut read = Read {
        runs: vec![],
        tail: Run::default(),
        clocks: vec![],
        offsets: vec![],
        slips: 0,
        tail_deficits: vec![],
    };
    let (mut place, mut last, mut open) = (0u64, None::<u64>, false);
    let rate = f64::from(out.script.rate);
    let channels = usize::from(out.script.channels);
    for item in &out.items {
        match item {
            Item::TakeStart { offset, .. } => {
                prop_assert!(!open, "a take within a take");
                open = true;
                place = 0;
                read.offsets.push(*offset);
                read.clocks.push(ClockFit::nominal(*offset, out.script.format().rate));
                last = None;
            }
            Item::Sound(samples) => {
                prop_assert!(open && samples.len() % channels == 0);
                for frame in samples.chunks(channels) {
                    let Some(n) = wanted.next() else {
                        return Err(TestCaseError::fail("more sound than there was"));
                    };
                    for (channel, sample) in frame.iter().enumerate() {
                        let coded = code(n, channel as u16, out.script.format().format);
                        prop_assert!(
                            *sample == coded,
                            "frame {n} of channel {channel} is {sample}, not {coded}"
                        );
                    }
                    match (last, read.runs.last_mut()) {
                        (Some(before), Some(run)) if before + 1 == n && read.tail == Run::default() => {
                            run.to = n + 1
                        }
                        _ => {
                            let take = read.offsets.len() - 1;
                            read.runs.push(Run {
                                from: n,
                                to: n + 1,
                                take,
                                place,
                                ..std::mem::take(&mut read.tail)
                            });
                        }
                    }
                    last = Some(n);
                    place += 1;
                }
            }
            Item::Silence { frames, cause } => {
                prop_assert!(open);
                add(&mut read.tail, *cause, frames.0 as f64 / rate, frames.0)?;
                place += frames.0;
            }
            Item::Rate(rate) => prop_assert_eq!(*rate, out.script.format().rate),
            Item::Absent { seconds, cause, .. } => {
                prop_assert!(!open, "time outside of takes, within a take");
                add(&mut read.tail, *cause, *seconds, (*seconds * rate).round() as u64)?;
            }
            Item::Foreign { .. } => return Err(TestCaseError::fail("nobody moved the stream")),
            Item::Clock(fit) => *read.clocks.last_mut().expect("a take") = fit.clone(),
            Item::Observed(_) => prop_assert!(open),
            Item::TakeEnd { slips, tail_deficit, .. } => {
                prop_assert!(open);
                open = false;
                read.slips += slips.len();
                read.tail_deficits.push(*tail_deficit);
            }
        }
    }
    prop_assert!(!open, "a take was not ended");
    prop_assert!(wanted.next().is_none(), "sound at the end is missing");
    Ok(read)
}

fn add(run: &mut Run, cause: GapCause, seconds: f64, frames: u64) -> Result<(), TestCaseError> {
    match cause {
        GapCause::Overrun => run.overrun += frames,
        GapCause::Stall => run.stall_s += seconds,
        GapCause::DeviceLost => run.lost_s += seconds,
        GapCause::NotStarted => run.not_started_s += seconds,
        other => return Err(TestCaseError::fail(format!("nothing of that kind happened: {other:?}"))),
    }
    Ok(())
}

fn check(out: &Outcome) -> Result<(), TestCaseError> {
    let expected = expected(out);
    let read = read(out, &expected)?;
    let script = &out.script;
    let bounds = |runs: &[Run]| runs.iter().map(|run| (run.from, run.to)).collect::<Vec<_>>();
    // The right gaps and no others, each exactly where sound is missing.
    prop_assert_eq!(
        bounds(&read.runs),
        bounds(&expected),
        "gaps at other places: {:?} {:?}",
        &read.runs,
        &expected
    );
    // A slow or fast crystal is not known before half a minute.
    let drift = |s: f64| script.ppm.abs() * 1e-6 * s.min(30.0);
    for (run, wanted) in read.runs.iter().zip(&expected) {
        prop_assert_eq!(run.overrun, wanted.overrun, "{:?} {:?}", run, wanted);
        for (what, is, should) in [
            ("stall", run.stall_s, wanted.stall_s),
            ("lost", run.lost_s, wanted.lost_s),
            ("not started", run.not_started_s, wanted.not_started_s),
        ] {
            let off = (is - should).abs();
            let allowed =
                if should == 0.0 && (what, wanted.from) != ("not started", 0) { 0.0 } else { TOLERANCE_S };
            prop_assert!(
                off <= allowed + if what == "lost" { drift(30.0) } else { 0.0 },
                "{what}: {is} s, not {should} s"
            );
        }
        let clock = &read.clocks[run.take];
        for (place, frame) in [(run.place, run.from), (run.place + run.to - run.from, run.to)] {
            let (is, should) = (clock.time_of(Frames(place)), script.time_of(frame));
            prop_assert!(
                (is - should).abs() <= TOLERANCE_S + drift(should),
                "frame {frame} is at {is} s, not {should} s ({clock:?})"
            );
        }
    }
    check_end(out, &read, &expected)
}

/// What is missing up to the moment of stop is said, and nothing else is.
fn check_end(out: &Outcome, read: &Read, expected: &[Run]) -> Result<(), TestCaseError> {
    let script = &out.script;
    let mut tail_overrun = 0;
    let mut end = expected.last().map_or(0, |run| run.to);
    for truth in out.truth.iter().rev() {
        match truth {
            Truth::Overrun(frames) => tail_overrun += frames,
            Truth::Stall(frames) => end += frames,
            _ => break,
        }
    }
    prop_assert_eq!(read.tail.overrun, tail_overrun);
    let missing = out.stop_s - if expected.is_empty() { 0.0 } else { script.time_of(end + tail_overrun) };
    let said = read.tail.stall_s + read.tail.lost_s + read.tail.not_started_s;
    let stalled_at_end = if end > expected.last().map_or(0, |run| run.to) { f64::INFINITY } else { 0.0 };
    let off = TOLERANCE_S + script.ppm.abs() * 1e-6 * 30.0;
    if missing > LATE_S + off {
        prop_assert!((said - missing).abs() <= off + stalled_at_end, "{said} s at the end, not {missing} s");
    } else if missing < LATE_S - off {
        prop_assert!(said <= stalled_at_end, "{said} s are said to be missing at the end, {missing} s are");
    }
    prop_assert_eq!(read.slips, 0);
    for deficit in &read.tail_deficits {
        prop_assert!(deficit.abs() <= off, "{deficit} s stay unexplained");
    }
    Ok(())
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0.05..4.0f64).prop_map(Op::Play),
        3 => (0.05..2.0f64).prop_map(Op::Late),
        3 => (0.1..1.0f64).prop_map(Op::Stall),
        1 => (1.0..9.0f64).prop_map(Op::Stall),
        1 => (10.2..14.0f64).prop_map(Op::Stall),
        2 => (0.2..3.0f64).prop_map(Op::Gone),
        1 => (0.1..4.0f64).prop_map(Op::DrainSleeps),
        1 => (0.1..4.0f64).prop_map(Op::WriterSleeps),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    let rate = prop_oneof![Just(8_000u32), Just(16_000), Just(44_100), Just(48_000)];
    let callback = prop_oneof![
        Just((480, 480)),
        Just((1, 64)),
        Just((6, 2_000)),
        Just((1, 12_308)),
        Just((12_000, 12_000)),
    ];
    let rings = prop_oneof![
        3 => Just(None),
        1 => (0.02..1.5f64, 1..40usize).prop_map(Some),
        1 => (2.0..5.0f64, 200..4_000usize).prop_map(Some),
    ];
    let start = prop_oneof![4 => 0.0..1.5f64, 1 => 9.0..12.0f64];
    let stop = prop_oneof![1 => Just(1.0), 1 => 0.0..1.0f64];
    let device = (rate, 1..=6u16, -1000.0..1000.0f64, callback, 0.0..0.004f64, rings);
    (device, start, prop::collection::vec(op(), 1..12), stop, any::<u64>()).prop_map(
        |((rate, channels, ppm, callback, jitter_s, rings), start_s, mut ops, stop, seed)| {
            // A device needs a moment before anything can be said of it.
            ops.insert(0, Op::Play(0.5 + 2.0 * callback.1 as f64 / f64::from(rate)));
            let mut budget = SAMPLES_MAX / f64::from(rate) / f64::from(channels);
            ops.retain(|op| {
                if let Op::Play(s) | Op::Late(s) | Op::DrainSleeps(s) | Op::WriterSleeps(s) = op {
                    budget -= s;
                }
                budget > 0.0
            });
            let rings = rings.map(|(s, stamps)| ((s * f64::from(rate)) as usize, stamps));
            Script { rate, channels, ppm, callback, jitter_s, rings, start_s, ops, stop, busy: vec![], seed }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_frame_is_at_its_place_and_every_gap_has_its_cause(script in script()) {
        check(&run(&script))?;
    }
}

fn long(ppm: f64, ops: Vec<Op>, seed: u64) -> Script {
    Script {
        rate: 8_000,
        channels: 1,
        ppm,
        callback: (40, 200),
        jitter_s: 0.004,
        rings: None,
        start_s: 0.3,
        ops,
        stop: 1.0,
        busy: vec![],
        seed,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 0, ..ProptestConfig::default() })]

    /// Minutes of a bad crystal on a busy machine: the rate is found, no slip is, and nothing stays
    /// unexplained.
    #[test]
    fn a_crystal_far_off_is_measured(
        ppm in -1000.0..1000.0f64,
        parts in prop::collection::vec((40.0..90.0f64, prop_oneof![
            (0.1..2.0f64).prop_map(Op::Late), (0.1..9.0f64).prop_map(Op::Stall),
        ]), 2..4),
        seed: u64,
    ) {
        let mut ops: Vec<Op> = parts.into_iter().flat_map(|(s, op)| [Op::Play(s), op]).collect();
        ops.push(Op::Play(60.0));
        let out = run(&long(ppm, ops, seed));
        check(&out)?;
        let fit = out.items.iter().rev().find_map(|item| match item {
            Item::Clock(fit) => Some(fit.clone()),
            _ => None,
        });
        let fit = fit.expect("a measured clock");
        prop_assert!((fit.ppm - ppm).abs() < 15.0, "{} ppm instead of {ppm}", fit.ppm);
    }
}

/// A machine that stood still for a third of the time hands all of that over at once, which says nothing of
/// the device's clock.
#[test]
fn what_comes_late_leaves_the_clock_as_it_was() {
    let out = run(&long(40.0, vec![Op::Play(12.0), Op::Late(8.5), Op::Play(4.0)], 5));
    let fit = out.items.iter().rev().find_map(|item| match item {
        Item::Clock(fit) => Some(fit.clone()),
        _ => None,
    });
    let fit = fit.expect("a measured clock");
    let before = (out.script.start_s * 8_000.0).round() as u64;
    for n in [0, 50_000, 100_000, 190_000] {
        let off = fit.time_of(Frames(before + n)) - out.script.time_of(n);
        assert!(off.abs() < 0.005, "frame {n} is {:.1} ms off: {fit:?}", off * 1e3);
    }
}

/// 30 ms that vanish without a word are too little to be told from jitter at the time; at the end of the take
/// they are named.
#[test]
fn a_small_loss_is_named_when_the_take_is_over() {
    let script = long(120.0, vec![Op::Play(60.0), Op::Stall(0.030), Op::Play(70.0)], 3);
    let out = run(&script);
    let slips: Vec<_> = out
        .items
        .iter()
        .filter_map(|item| match item {
            Item::TakeEnd { slips, .. } => Some(slips.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(slips.len(), 1, "{slips:?}");
    assert!((slips[0].frames.0 as f64 / 8_000.0 - 0.030).abs() < 0.002, "{slips:?}");
    assert!((slips[0].at.0 as f64 / 8_000.0 - 60.3).abs() < 2.0, "{slips:?}");
}

//! What must be true of a day that is over, whatever happened on it.

use std::collections::BTreeMap;
use std::fs;

use hansard::base::units::Frames;
use hansard::capture::drain::QUEUE_ITEMS;
use hansard::care::verify::{Problem, Wrong, verify};
use hansard::session::journal::{Event, Line};
use hansard::session::manifest::{GapCause, State, TrackAccount};

use super::script::TrackScript;
use super::world::Ran;
use crate::capture::device::{Op, Past, Truth};
use crate::simulation::disk::Op as DiskOp;
use crate::support::session::{Take, accounted, journal, read_manifest, takes};

/// A sample after a gap stands this near to its true time.
const NEAR_S: f64 = 0.020;
/// A crystal's rate is not known before half a minute: until then the nominal one holds.
const RATE_KNOWN_S: f64 = 30.0;
/// At stop what is missing is told from what is merely not there yet only from here on.
const TAIL_S: f64 = 0.070;
/// Most items that a drain keeps out of the queue: those of one callback, and the end of a take. The longest
/// callback here is of 4000 frames.
const OUTBOX_MAX: usize = 16;
/// Most stamps held back: the ring's worth at each of the steps that a decision takes, less what it takes of
/// them; never the day's.
const STAMPS_MAX: usize = 8_192;

/// Half the range of a 24-bit sample.
const HALF: f64 = 8_388_608.0;

pub fn check(ran: &Ran) {
    check_tracks(ran);
    let manifest = read_manifest(&ran.dir);
    assert_eq!(manifest.state, State::Closed);
    assert_eq!(manifest.account, ran.closed.account);
    check_told(ran);
    let report = verify(&ran.dir).unwrap_or_else(|error| panic!("it can't be verified: {error}"));
    // Before a track's first file the journal does not tell at which rate its gaps are counted, and so not
    // always whether they are losses.
    let fileless = |track: &str| !ran.closed.errors.is_empty() && has_early_gap(&journal(&ran.dir), track);
    let known =
        |problem: &Problem| problem.wrong == Wrong::Account && problem.track.as_deref().is_some_and(fileless);
    let problems: Vec<&Problem> = report.problems.iter().filter(|problem| !known(problem)).collect();
    assert!(problems.is_empty(), "verify holds something to be wrong: {problems:?}");
}

/// The tracks' files, the journal and the account.
pub fn check_tracks(ran: &Ran) {
    let lines = journal(&ran.dir);
    let takes = takes(&ran.dir, &lines);
    for (index, track) in ran.storm.tracks() {
        let mine: Vec<&Take> = takes.iter().filter(|take| take.entry.track == track.name).collect();
        let device = &ran.devices[index];
        let account = ran.closed.account.iter().find(|account| account.track == track.name);
        let account = account.unwrap_or_else(|| panic!("no account of {}", track.name));
        let found = sounds(&mine, &lines, device, track);
        check_losses(&found, account, &lines, index, ran);
        check_pauses(&found, account, index, ran);
        check_total(account, index, ran);
        if ran.storm.victim.is_some_and(|victim| victim != index) {
            assert!(account.lost.0 == 0, "{account:?} of a device that nothing was wrong with");
        }
    }
    assert!(ran.most.0 <= OUTBOX_MAX && ran.most.1 <= STAMPS_MAX, "{:?} items and stamps are held", ran.most);
    const { assert!(QUEUE_ITEMS <= 128) };
}

/// Whether a track has a gap before its first file.
fn has_early_gap(lines: &[Line], track: &str) -> bool {
    let of_track = lines.iter().find_map(|line| match &line.event {
        Event::Gap { track: name, .. } if name == track => Some(true),
        Event::TakeStarted(entry) if entry.track == track => Some(false),
        _ => None,
    });
    of_track == Some(true)
}

/// The user is told of what was refused, and of nothing on a day on which nothing was.
fn check_told(ran: &Ran) {
    let struck = ran.struck.iter().filter(|struck| **struck > 0).count();
    let (told, errors) = (ran.told > 0, &ran.closed.errors);
    assert!(told || !ran.refused, "the disk refused something, and nobody is told");
    assert!(!told || struck + ran.storm.panics.len() > 0, "nothing was wrong: {errors:?}");
}

/// Frames `from..to` of the device's life.
pub type Span = (u64, u64);

/// The stretches of sound in a track's files, in the device's own frames; panics where a frame is neither
/// sound in its place nor silence that the journal names.
fn sounds(takes: &[&Take], lines: &[Line], device: &Past, track: &TrackScript) -> Vec<Span> {
    let channels: Vec<u16> = match track.channel {
        Some(channel) => vec![channel - 1],
        None => (0..device.script.channels).collect(),
    };
    let truth = true_sound(&device.truth);
    let mut found: Vec<Span> = Vec::new();
    for take in takes {
        let silent = silences(lines, take);
        let name = &take.entry.file;
        let mut begins = true;
        for (k, frame) in take.samples.chunks(channels.len()).enumerate() {
            let k = k as u64;
            if silent.iter().any(|(from, to)| (*from..*to).contains(&k)) {
                assert!(frame.iter().all(|sample| *sample == 0.0), "{name} frame {k}: sound within a gap");
                begins = true;
                continue;
            }
            let n =
                number(frame, &channels).unwrap_or_else(|| panic!("{name} frame {k}: {frame:?} is nobody's"));
            match found.last_mut() {
                Some((_, to)) if !begins => {
                    assert_eq!(n, *to, "{name} frame {k}: a hole or a repetition in the sound");
                    *to += 1;
                }
                last => {
                    assert!(
                        last.is_none_or(|(_, to)| n >= *to),
                        "{name} frame {k}: frame {n} is there twice"
                    );
                    found.push((n, n + 1));
                }
            }
            if begins {
                check_time(device, take, k, n);
            }
            begins = false;
        }
        if let Some((_, to)) = found.last().filter(|_| !begins) {
            check_time(device, take, take.samples.len() as u64 / channels.len() as u64, *to);
        }
    }
    for (from, to) in &found {
        let is_true = truth.iter().any(|(a, b)| a <= from && to <= b);
        assert!(is_true, "{}: frames {from}..{to} are in one piece and were not: {truth:?}", track.name);
    }
    found
}

/// Where silence stands in a take, as the journal has it.
fn silences(lines: &[Line], take: &Take) -> Vec<Span> {
    let gaps = lines.iter().filter_map(|line| match &line.event {
        Event::Gap { track, take: Some(number), from_frame: Some(from), frames, cause, .. }
            if (track, number) == (&take.entry.track, &take.entry.take) && *cause != GapCause::Slip =>
        {
            Some((from.0, from.0 + frames.0))
        }
        _ => None,
    });
    gaps.collect()
}

/// The number that a frame carries in all its channels.
fn number(frame: &[f32], channels: &[u16]) -> Option<u64> {
    let of = |sample: f32, channel: u16| {
        let value = f64::from(sample) * HALF + HALF - 1.0 - 1_000.0 * f64::from(channel);
        (value >= 0.0 && value.fract() == 0.0).then_some(value as u64)
    };
    let n = of(frame[0], channels[0])?;
    let all = frame.iter().zip(channels).all(|(sample, channel)| of(*sample, *channel) == Some(n));
    all.then_some(n)
}

fn check_time(device: &Past, take: &Take, frame: u64, n: u64) {
    let (is, should) = (take.entry.clock.time_of(Frames(frame)), device.script.time_of(n));
    let off = is - should;
    assert!(
        off.abs() <= NEAR_S + drift(device),
        "{} frame {frame} is {:.1} ms from its true time {should:.3} s",
        take.entry.file,
        off * 1e3
    );
}

fn drift(device: &Past) -> f64 {
    device.script.ppm.abs() * 1e-6 * RATE_KNOWN_S
}

/// What truly went into the ring, in pieces.
pub fn true_sound(truth: &[Truth]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for truth in truth {
        if let Truth::Sound { from, to } = *truth {
            match spans.last_mut() {
                Some(last) if last.1 == from => last.1 = to,
                _ => spans.push((from, to)),
            }
        }
    }
    spans
}

pub fn length(spans: &[Span]) -> u64 {
    spans.iter().map(|(from, to)| to - from).sum()
}

/// Frames by cause, as an account has them.
fn by_cause(account: &TrackAccount) -> BTreeMap<GapCause, u64> {
    let mut causes = BTreeMap::new();
    for gap in &account.gaps {
        *causes.entry(gap.cause).or_default() += gap.frames.0;
    }
    causes
}

/// Whether a panic hit one track of a device in the middle of a block: then the silence of its other tracks
/// is missing because of the restart too, whatever its cause was.
fn panicked_in_write(ran: &Ran) -> bool {
    ran.storm
        .faults
        .iter()
        .zip(&ran.struck)
        .any(|(fault, struck)| fault.op == DiskOp::PanicInWrite && *struck > 0)
}

/// Every frame that went into the ring is in a file or in a gap; every gap is in the journal and in the
/// account.
fn check_losses(found: &[Span], account: &TrackAccount, lines: &[Line], index: usize, ran: &Ran) {
    let (device, blurred) = (&ran.devices[index], panicked_in_write(ran));
    let causes = by_cause(account);
    let of = |cause| causes.get(&cause).copied().unwrap_or_default();
    let (there, truly) = (length(found), length(&true_sound(&device.truth)));
    assert_eq!(account.written.0, there, "frames of sound in the files: {account:?}");
    let refused = of(GapCause::WriteError) + of(GapCause::Restart);
    // What is paused is sound that was not wanted, or that would have been missing anyhow. At the end it is
    // counted by the clock, up to the moment of stop.
    let paused = of(GapCause::Paused);
    let rate = f64::from(device.script.rate);
    let rest_s = (ran.closed_s[index] - ran.stop_s).max(0.0) + NEAR_S + drift(device);
    let unwanted = match paused {
        0 => 0,
        frames => (frames as f64 / counted_at(account, index, ran) * rate + rest_s * rate) as u64,
    };
    let explained = there + refused + unwanted >= truly && (blurred || there + refused <= truly);
    assert!(
        explained,
        "{truly} frames of sound are not what is there and what is said to be missing: {account:?}"
    );
    let overrun: u64 =
        device.truth.iter().map(|t| if let Truth::Overrun(frames) = t { *frames } else { 0 }).sum();
    let fewer = (blurred || paused > 0) && of(GapCause::Overrun) < overrun;
    let explained = of(GapCause::Overrun) == overrun || fewer;
    assert!(explained, "{overrun} frames, what found no room in the ring: {account:?}");
    let mut journalled: BTreeMap<GapCause, u64> = BTreeMap::new();
    for line in lines {
        if let Event::Gap { track, frames, cause, .. } = &line.event
            && *track == account.track
        {
            *journalled.entry(*cause).or_default() += frames.0;
        }
    }
    assert_eq!(journalled, causes, "each loss is in the journal: {account:?}");
    accounted(account);
}

/// Frames a second at which a track counts: without any file it can't be the device's.
fn counted_at(account: &TrackAccount, index: usize, ran: &Ran) -> f64 {
    let track = ran.tracks.iter().find(|track| track.track == account.track).expect("a track");
    let causes = by_cause(account);
    let has_begun = [GapCause::WriteError, GapCause::Restart].iter().any(|cause| causes.contains_key(cause));
    let rate = if track.takes().is_empty() && !has_begun { 48_000 } else { ran.devices[index].script.rate };
    f64::from(rate)
}

/// Where sound went missing, what is held back and comes after it is held to have come on time: so much may
/// be older than it is placed.
fn untold_s(device: &Past) -> f64 {
    let ops = &device.script.ops;
    let late = ops.iter().map(|op| if let Op::Late(seconds) = op { *seconds } else { 0.0 });
    if ops.iter().any(|op| matches!(op, Op::Stall(_) | Op::Gone(_))) { late.fold(0.0, f64::max) } else { 0.0 }
}

/// Nothing of a pause is stored, and no more is missing for it than it was long.
fn check_pauses(found: &[Span], account: &TrackAccount, index: usize, ran: &Ran) {
    let device = &ran.devices[index];
    let near = NEAR_S + drift(device);
    // Who would have resumed only after the end never did.
    let ends = |to: f64| if to < ran.stop_s { to } else { f64::INFINITY };
    let begun = ran.storm.pauses.iter().filter(|(from, _)| *from < ran.stop_s);
    let pauses = || begun.clone().map(|(from, to)| (*from, ends(*to)));
    for (begun, over) in pauses() {
        for (from, to) in found {
            let (from, to) = (device.script.time_of(*from), device.script.time_of(*to));
            let stored = to.min(over - near - untold_s(device)) - from.max(begun + near);
            assert!(stored <= 0.0, "{stored:.3} s of the pause at {begun:.3} s are stored: {account:?}");
        }
    }
    // Until the device is closed its sound is taken, though stop was asked for.
    let end = ran.closed_s[index].max(ran.stop_s);
    let most: f64 = pauses().map(|(from, to)| to.min(end) - from + near).sum();
    let paused = by_cause(account).get(&GapCause::Paused).copied().unwrap_or_default();
    let paused_s = paused as f64 / counted_at(account, index, ran);
    assert!(paused_s <= most, "{paused_s:.3} s are missing for {most:.3} s of pauses: {account:?}");
}

/// What is expected comes down to session time × rate.
fn check_total(account: &TrackAccount, index: usize, ran: &Ran) {
    let device = &ran.devices[index];
    let expected_s = account.expected.0 as f64 / counted_at(account, index, ran);
    let off = expected_s - ran.stop_s;
    let near = TAIL_S + NEAR_S + drift(device);
    // Until the device is closed its sound is taken, though stop was asked for.
    let closed = ran.closed_s[index] - ran.stop_s;
    assert!(
        off >= -near && off <= near + closed,
        "{expected_s:.3} s are accounted for of {:.3} s: {account:?}",
        ran.stop_s
    );
}

/// On a day on which one device and its files alone had trouble, the others' files are what they would have
/// been without.
pub fn check_others_untouched(ran: &Ran, without: &Ran, victim: usize) {
    for (index, track) in ran.storm.tracks() {
        if index == victim {
            continue;
        }
        assert!(
            is_same(ran, without, &track.name),
            "{} is another one because of a device beside it",
            track.name
        );
    }
}

/// Whether a track is the same on two days: its files, bit by bit, and its account.
pub fn is_same(one: &Ran, other: &Ran, track: &str) -> bool {
    let files = |ran: &Ran| -> Vec<Vec<u8>> {
        let shared = ran.tracks.iter().find(|shared| shared.track == track).expect("a track");
        shared.takes().iter().map(|take| fs::read(ran.dir.join(&take.entry.file)).expect("a file")).collect()
    };
    let account = |ran: &Ran| ran.closed.account.iter().find(|a| a.track == track).cloned();
    files(one) == files(other) && account(one) == account(other)
}

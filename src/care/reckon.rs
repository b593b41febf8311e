//! The account of a track, drawn up anew from the journal: what was to be expected comes from session time
//! and the measured rate, what is there from the committed spans, what is missing from the gaps.
//!
//! The session is laid out from 0 to the moment of stop: a take covers the time from its first to its last
//! frame *as the device's stamps tell*, whatever was written; the time outside of takes must be covered by
//! gaps. Each stretch is balanced for itself, so that a loss in one can't hide behind a surplus in another. A
//! source that waits for room (a file at full speed) has no time of its own: its expected frames are those
//! that it gave.

use std::collections::BTreeMap;

use crate::base::units::{Frames, SampleRate};
use crate::care::replay::{GapRecord, Replay, TakeRecord, manifest_of};
use crate::session::account::TOLERANCE_MS;
use crate::session::manifest::{
    GapCause, GapSum, Manifest, SourceEntry, SourceKind, State, TakeEntry, TrackAccount,
};

/// Outside of takes so much more may be uncovered: a device in good order is stopped up to so long before its
/// next delivery (`LATE_S` of the drain).
const OUTSIDE_MS: f64 = TOLERANCE_MS + 70.0;
/// After the last frame of a recorder that was killed: what it may have had in hand. Beyond this it is a gap.
pub const IN_HAND_MS: f64 = 200.0;

/// Seconds that may be left over of a track with so many takes although nothing is missing: a little at each
/// beginning and each end of a take.
pub fn rounding_s(takes: usize) -> f64 {
    (TOLERANCE_MS * takes as f64 + OUTSIDE_MS * (takes + 1) as f64) / 1e3
}

/// A stretch of the session whose frames don't add up, beyond what jitter explains.
#[derive(Debug, Clone, PartialEq)]
pub struct Unexplained {
    /// Session second of its beginning.
    pub from: f64,
    /// Session second of its end.
    pub to: f64,
    /// Frames that are missing without a word.
    pub frames: Frames,
}

/// A track's account as the journal's lines give it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reckoning {
    pub account: TrackAccount,
    /// Whether what was expected comes from time; else the source has position only.
    pub clocked: bool,
    /// Stretches that don't add up.
    pub unexplained: Vec<Unexplained>,
    /// Session second up to which the track has sound or gaps.
    pub covered_until: f64,
}

/// `session.json` as the journal tells it; `None` means that the session has no start.
pub fn manifest(replay: &Replay) -> Option<Manifest> {
    let started = replay.started.as_ref()?;
    let of_source = |source: &SourceEntry| replay.of_track(&source.track).map(TakeRecord::entry_now);
    let takes: Vec<TakeEntry> = started.sources.iter().flat_map(of_source).collect();
    let manifest = manifest_of(started);
    Some(match &replay.closed {
        Some((duration, account)) => Manifest {
            state: State::Closed,
            duration: *duration,
            takes,
            account: account.clone(),
            ..manifest
        },
        None => Manifest {
            duration: takes.iter().map(|take| take.time_of(take.frames)).fold(0.0, f64::max),
            account: started.sources.iter().map(|source| reckon(replay, source).account).collect(),
            takes,
            ..manifest
        },
    })
}

/// Draws up the account of one track.
pub fn reckon(replay: &Replay, source: &SourceEntry) -> Reckoning {
    let takes: Vec<&TakeRecord> = replay.of_track(&source.track).collect();
    let gaps = replay.gaps(&source.track);
    let clocked = is_clocked(&takes, gaps, source.kind);
    let mut balance = Balance { outer: outer_seconds(gaps, takes.len()), ..Balance::default() };
    for (index, take) in takes.iter().enumerate() {
        balance.outside(index, take_span(take).0, take.entry.rate, OUTSIDE_MS);
        balance.take(take);
    }
    let rate = takes.last().map_or(SampleRate::HZ_48000, |take| take.entry.rate);
    let covered_until = balance.end + balance.covered_by(takes.len());
    // Only once all is told: while a recording ends, the end of its tracks is still on its way.
    let all_ended = takes.iter().all(|take| take.ended.is_some());
    let is_over = replay.closed.is_some() || (replay.recoveries > 0 && all_ended);
    let tolerance = if replay.recoveries > 0 { IN_HAND_MS + TOLERANCE_MS } else { OUTSIDE_MS };
    if let Some(stop) = replay.stopped_at.or(replay.recorded_until).filter(|_| is_over) {
        balance.outside(takes.len(), stop, rate, tolerance);
    }
    let sound = |take: &&TakeRecord| take.frames().saturating_sub(take.silent(take.frames())).0;
    let written = takes.iter().map(sound).fold(0, u64::saturating_add);
    let sums = sums(gaps, source.kind);
    let missing: u64 = sums.iter().map(|sum| sum.frames.0).fold(0, u64::saturating_add);
    let explained = written.saturating_add(missing);
    let (unexplained, stretches) = if clocked { balance.result() } else { (0, Vec::new()) };
    let lost = sums.iter().filter(|sum| sum.loss).map(|sum| sum.frames.0).fold(0, u64::saturating_add);
    let silent_loss = stretches.iter().map(|stretch| stretch.frames.0).fold(0, u64::saturating_add);
    let account = TrackAccount {
        track: source.track.clone(),
        expected: Frames(explained.saturating_add_signed(unexplained)),
        written: Frames(written),
        gaps: sums,
        lost: Frames(lost.saturating_add(silent_loss)),
        unexplained,
    };
    Reckoning { account, clocked, unexplained: stretches, covered_until }
}

/// A track without takes had a device that never came, unless it is a file that nobody read.
fn is_clocked(takes: &[&TakeRecord], gaps: &[GapRecord], kind: SourceKind) -> bool {
    match takes {
        [] => matches!(kind, SourceKind::Mic | SourceKind::Loopback) || !gaps.is_empty(),
        takes => takes.iter().any(|take| take.is_clocked()),
    }
}

/// From when to when a take was delivered.
fn take_span(take: &TakeRecord) -> (f64, f64) {
    let end = take.ended;
    let since = end.and_then(|end| end.since).unwrap_or(take.clock.offset);
    let until = end.and_then(|end| end.until).unwrap_or_else(|| take.clock.time_of(take.frames()));
    (since, until)
}

/// The session's time, stretch by stretch.
#[derive(Debug, Default)]
struct Balance {
    /// Session second up to which it is balanced.
    end: f64,
    stretches: Vec<Stretch>,
    /// Seconds of the gaps that lie outside of files, by the number of takes before them.
    outer: Vec<f64>,
    /// Seconds of silence that were to stand in a file that did not keep them.
    carried: f64,
}

/// A part of it.
#[derive(Debug)]
struct Stretch {
    from: f64,
    to: f64,
    /// Seconds that nothing explains; less than 0: there is more than was to be expected.
    missing: f64,
    rate: SampleRate,
    tolerance: f64,
}

impl Balance {
    /// Seconds after `index` takes that gaps outside of files explain.
    fn covered_by(&self, index: usize) -> f64 {
        self.outer.get(index).copied().unwrap_or(0.0) + self.carried
    }

    /// Time outside of takes up to session second `to`, after `index` takes.
    fn outside(&mut self, index: usize, to: f64, rate: SampleRate, tolerance_ms: f64) {
        let missing = to - self.end - self.covered_by(index);
        self.carried = 0.0;
        let from = std::mem::replace(&mut self.end, to);
        self.stretches.push(Stretch { from, to, missing, rate, tolerance: tolerance_ms / 1e3 });
    }

    fn take(&mut self, take: &TakeRecord) {
        let (from, to) = take_span(take);
        let (frames, rate) = (take.frames(), take.entry.rate);
        let explained = (frames.0 as f64 + take.slips.0 as f64) / take.clock.rate;
        let tolerance = TOLERANCE_MS / 1e3;
        self.stretches.push(Stretch { from, to, missing: to - from - explained, rate, tolerance });
        let all = take.silent(Frames(u64::MAX));
        self.carried = all.saturating_sub(take.silent(frames)).seconds(rate);
        self.end = to;
    }

    /// Frames that nothing explains, and where they are more than jitter.
    fn result(&self) -> (i64, Vec<Unexplained>) {
        let frames = |stretch: &Stretch| (stretch.missing * f64::from(stretch.rate.0)).round() as i64;
        let beyond = self.stretches.iter().filter(|stretch| stretch.missing > stretch.tolerance);
        let beyond = beyond.map(|stretch| Unexplained {
            from: stretch.from,
            to: stretch.to,
            frames: Frames(frames(stretch).max(0) as u64),
        });
        (self.stretches.iter().map(frames).fold(0, i64::saturating_add), beyond.collect())
    }
}

/// Seconds of the gaps that lie outside of files, by the number of takes before them, up to `takes`.
fn outer_seconds(gaps: &[GapRecord], takes: usize) -> Vec<f64> {
    let mut seconds = vec![0.0; takes + 1];
    for gap in gaps.iter().filter(|gap| gap.take.is_none() && gap.cause != GapCause::Slip) {
        if let Some(sum) = seconds.get_mut(gap.after) {
            *sum += gap.frames.seconds(gap.rate);
        }
    }
    seconds
}

/// Gaps by cause, as a recorder's ledger adds them up.
fn sums(gaps: &[GapRecord], kind: SourceKind) -> Vec<GapSum> {
    let mut sums: BTreeMap<(GapCause, bool), (u64, Frames)> = BTreeMap::new();
    for gap in gaps {
        let loss = gap.cause.is_loss(kind, gap.frames.seconds(gap.rate));
        let sum = sums.entry((gap.cause, loss)).or_default();
        sum.0 += 1;
        sum.1 = Frames(sum.1.0.saturating_add(gap.frames.0));
    }
    sums.into_iter().map(|((cause, loss), (count, frames))| GapSum { cause, count, frames, loss }).collect()
}

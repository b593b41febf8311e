//! The account of a track: where every frame went.

use std::collections::BTreeMap;

use super::manifest::{GapCause, GapSum, SourceKind, TrackAccount};
use crate::base::units::{Frames, SampleRate};

/// How far `expected` may lie from `written + gaps` before it is said: what jitter leaves at the end of a
/// take.
pub const TOLERANCE_MS: f64 = 50.0;

/// What stands in the account for a loss of which nobody knows how long it was, in seconds: a file that broke
/// off may have had any length. It counts as a loss, and its amount is called unknown.
pub const UNKNOWN_S: f64 = 0.001;
/// Half a frame of the lowest rate.
const ROUNDING_S: f64 = 0.000_1;

/// Whether `seconds` that are missing for `cause` of a source of `kind` stand for an unknown amount.
pub fn is_unknown(cause: GapCause, kind: SourceKind, seconds: f64) -> bool {
    let breaks_off = cause == GapCause::DeviceLost && matches!(kind, SourceKind::File | SourceKind::Synth);
    breaks_off && seconds <= UNKNOWN_S + ROUNDING_S
}

/// Adds up one track while it is recorded.
#[derive(Debug, Clone)]
pub struct Ledger {
    kind: SourceKind,
    rate: SampleRate,
    written: Frames,
    gaps: BTreeMap<(GapCause, bool), (u64, Frames)>,
    unexplained: i64,
}

impl Ledger {
    /// An empty account of a track of this kind.
    pub fn new(kind: SourceKind) -> Self {
        Self { kind, rate: SampleRate::HZ_48000, written: Frames(0), gaps: BTreeMap::new(), unexplained: 0 }
    }

    /// Frames are counted at this rate from now on; a track without any take counts at 48 kHz.
    pub fn set_rate(&mut self, rate: SampleRate) {
        self.rate = rate;
    }

    /// Frames a second at which this track counts.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Frames of sound went into a file.
    pub fn add_written(&mut self, frames: Frames) {
        self.written += frames;
    }

    /// Frames that were counted as written never reached the disk.
    pub fn take_back(&mut self, frames: Frames) {
        self.written = self.written.saturating_sub(frames);
    }

    /// Frames are missing.
    pub fn add_gap(&mut self, cause: GapCause, frames: Frames) {
        let loss = cause.is_loss(self.kind, frames.seconds(self.rate));
        let sum = self.gaps.entry((cause, loss)).or_default();
        sum.0 += 1;
        sum.1 += frames;
    }

    /// The clock says that the take's end is this many seconds later than its frames do.
    pub fn add_tail_deficit(&mut self, seconds: f64) {
        self.unexplained += (seconds * f64::from(self.rate.0)).round() as i64;
    }

    /// Frames of sound so far.
    pub fn written(&self) -> Frames {
        self.written
    }

    /// The account as it stands.
    pub fn account(&self, track: &str) -> TrackAccount {
        let gaps: Vec<GapSum> = self
            .gaps
            .iter()
            .map(|(&(cause, loss), &(count, frames))| GapSum { cause, count, frames, loss })
            .collect();
        let missing: u64 = gaps.iter().map(|gap| gap.frames.0).sum();
        let tolerance = (TOLERANCE_MS / 1e3 * f64::from(self.rate.0)) as i64;
        let expected = (self.written.0 + missing).saturating_add_signed(self.unexplained);
        let unexplained_loss = if self.unexplained > tolerance { self.unexplained as u64 } else { 0 };
        let lost = gaps.iter().filter(|gap| gap.loss).map(|gap| gap.frames.0).sum::<u64>() + unexplained_loss;
        TrackAccount {
            track: track.into(),
            expected: Frames(expected),
            written: self.written,
            gaps,
            lost: Frames(lost),
            unexplained: self.unexplained,
        }
    }
}

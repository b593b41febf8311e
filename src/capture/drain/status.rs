//! What the lane and the status line may know of a drain, and tell it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::base::units::Frames;
use crate::session::account::UNKNOWN_S;

/// What the lane and the status line may know of a drain; all atomic.
#[derive(Debug, Default)]
pub struct DrainStatus {
    /// Session second up to which sound has been placed, as bits of an `f64`.
    position: AtomicU64,
    /// Frames lost in full rings, all openings.
    overrun: AtomicU64,
    /// Session second at which recording is to end, as bits of an `f64`; 0: not yet.
    stop_at: AtomicU64,
    /// Nothing more will be opened.
    closed: AtomicBool,
    /// Why there is nothing at the end: true = the source had ended.
    ended: AtomicBool,
    /// The device is gone at the moment.
    lost: AtomicBool,
    /// Seconds that are missing at least since the source broke off, as bits of an `f64`; 0: it did not.
    broken_off: AtomicU64,
    /// What the drain holds in memory: items, stamps.
    held: (AtomicUsize, AtomicUsize),
}

impl DrainStatus {
    /// Session second up to which sound has been placed.
    pub fn position(&self) -> f64 {
        f64::from_bits(self.position.load(Ordering::Acquire))
    }

    /// What the drain holds in memory: items that wait for room in the queue, and stamps whose samples are
    /// still in the ring.
    pub fn held(&self) -> (usize, usize) {
        (self.held.0.load(Ordering::Relaxed), self.held.1.load(Ordering::Relaxed))
    }

    pub(super) fn set_held(&self, items: usize, stamps: usize) {
        self.held.0.store(items, Ordering::Relaxed);
        self.held.1.store(stamps, Ordering::Relaxed);
    }

    /// Frames lost in full rings.
    pub fn overrun(&self) -> Frames {
        Frames(self.overrun.load(Ordering::Relaxed))
    }

    /// Recording ends at this session second: what is missing up to there is a gap, after it nothing is.
    pub fn set_stop_at(&self, seconds: f64) {
        self.stop_at.store(seconds.max(f64::MIN_POSITIVE).to_bits(), Ordering::Release);
    }

    /// Where recording is to end, once that is known.
    pub fn stop_at(&self) -> Option<f64> {
        Some(f64::from_bits(self.stop_at.load(Ordering::Acquire))).filter(|s| *s > 0.0)
    }

    /// Nothing more will be opened: the drain ends when all is empty.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// The source came to its own end.
    pub fn set_ended(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Whether the source came to its own end.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Whether nothing more will be opened.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn set_position(&self, seconds: f64) {
        self.position.store(seconds.to_bits(), Ordering::Release);
    }

    pub(super) fn add_overrun(&self, frames: Frames) {
        self.overrun.fetch_add(frames.0, Ordering::Relaxed);
    }

    /// Whether the device is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// A finite source broke off, this many seconds before its end, as far as is known.
    pub fn set_broken_off(&self, missing_s: Option<f64>) {
        let missing_s = missing_s.unwrap_or(0.0).max(UNKNOWN_S);
        self.broken_off.store(missing_s.to_bits(), Ordering::Release);
        self.set_lost(true);
    }

    /// Seconds that a source which broke off leaves missing.
    pub(super) fn broken_off(&self) -> Option<f64> {
        Some(f64::from_bits(self.broken_off.load(Ordering::Acquire))).filter(|s| *s > 0.0)
    }

    /// The device is gone (true) or there (false).
    pub fn set_lost(&self, lost: bool) {
        self.lost.store(lost, Ordering::Release);
    }
}

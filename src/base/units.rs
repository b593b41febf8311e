//! Units of sound and time. No bare `u64` sample count crosses a module's edge.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// A number of frames, or a frame's position within its take. A frame is one sample per channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Frames(pub u64);

impl Frames {
    /// How long this many frames last at `rate`, in seconds.
    pub fn seconds(self, rate: SampleRate) -> f64 {
        self.0 as f64 / f64::from(rate.0)
    }

    /// The frames that `seconds` hold at `rate`, rounded to the nearest; negative time gives 0.
    pub fn from_seconds(seconds: f64, rate: SampleRate) -> Self {
        Self((seconds * f64::from(rate.0)).round().max(0.0) as u64)
    }

    /// This position at another rate, rounded to the nearest frame (exact in integers).
    pub fn rescale(self, from: SampleRate, to: SampleRate) -> Self {
        let (n, from, to) = (u128::from(self.0), u128::from(from.0), u128::from(to.0));
        Self(((n * to + from / 2) / from) as u64)
    }

    /// `self - other`, or `None` below zero.
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Frames {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Frames {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Frames {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Frames a second, as a device or a file states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SampleRate(pub u32);

impl SampleRate {
    /// What Whisper and the voice activity detectors work at.
    pub const HZ_16000: Self = Self(16_000);
    /// What nnnoiseless works at.
    pub const HZ_48000: Self = Self(48_000);
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.0)
    }
}

/// Nanoseconds since the session's start, on our own monotonic (boot-time) clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionNs(pub u64);

impl SessionNs {
    /// The same in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 * 1e-9
    }
}

/// How a track's samples are stored: no shallower than what the device gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleFormat {
    /// 16-bit integers.
    S16,
    /// 24-bit integers.
    S24,
    /// 32-bit floats, ±1.0 full scale.
    F32,
}

impl SampleFormat {
    /// Bytes of one sample of one channel.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::S16 => 2,
            Self::S24 => 3,
            Self::F32 => 4,
        }
    }
}

//! Whether a recording would work, found by trying: every source is opened as `record` opens it, the
//! disk is written to, the recogniser is put to work. Nothing is kept.
//!
//! | module | what it finds out |
//! |---|---|
//! | [`sound`] | sources: level, rate, clock, latency, what is lost on the way |
//! | [`threads`] | with which priority the sound system's threads run here |
//! | [`disk`] | room, speed |
//! | [`text`] | model, and whether text keeps up |
//! | [`voices`] | whether several people share a microphone |
//!
//! Each of them measures and judges; what it found wrong is a [`Finding`], with what to do next.

use serde::Serialize;

pub mod disk;
pub mod sound;
pub mod text;
pub mod threads;
pub mod voices;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know; no sound is lost for it.
    Hint,
    /// A recording would lose sound.
    Loss,
    /// `record` would refuse to start.
    Refusal,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The source's name, or the part of the machine.
    pub about: String,
    /// What is wrong.
    pub text: String,
    /// What to do next.
    pub advice: String,
}

impl Finding {
    /// A finding.
    pub fn new(
        severity: Severity,
        about: impl Into<String>,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { severity, about: about.into(), text: text.into(), advice: advice.into() }
    }
}

/// A level of samples within ±1.0, in dBFS; `None` for digital silence.
fn dbfs(level: f64) -> Option<f64> {
    (level > 0.0).then(|| 20.0 * level.log10())
}

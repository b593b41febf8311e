//! What was erased of a session while the rest of it stays: by the user's settings, or by hand. The journal
//! says so, so that nobody takes it for damage.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A part of a session that can be erased on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The tracks, how loud they are, and sound that was exported into the session.
    Sound,
    /// The transcript, and documents that were made of it.
    Text,
    /// Whom voices are like, and what they sound like.
    Voices,
    /// What was exported into the session.
    Exports,
}

impl Part {
    /// Its name in settings and in what is told.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Text => "text",
            Self::Voices => "voices",
            Self::Exports => "exports",
        }
    }
}

/// That a part was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// What of it is gone.
    pub part: Part,
    /// When, by the clock on the wall.
    pub at: Timestamp,
    /// What wanted it: `retention.sound = 30`.
    pub by: String,
}

impl Erased {
    /// The day, as documents name it.
    pub fn day(&self) -> String {
        self.at.strftime("%Y-%m-%d").to_string()
    }
}

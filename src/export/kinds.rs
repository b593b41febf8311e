//! What accounts and notices tell of, before any words.

/// How much sound was lost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lost {
    /// Seconds that are known.
    pub seconds: f64,
    /// Beside them an amount that nobody knows.
    pub unknown: bool,
}

impl Lost {
    /// Whether anything was lost.
    pub fn is_any(&self) -> bool {
        self.unknown || self.seconds > 0.0
    }

    /// Seconds in all, if that is known.
    pub fn known(&self) -> Option<f64> {
        (!self.unknown).then_some(self.seconds)
    }
}

/// What a notice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// There is no sound.
    NotRecorded,
    /// The user had paused the recording.
    Paused,
    /// The user had muted these tracks.
    Muted,
    /// People hid what was said.
    Hidden,
    /// There is nothing but digital silence where something should be heard.
    Silent,
    /// What is said is far too quiet.
    TooQuiet,
    /// The recogniser failed in it, and passed it over.
    NotTranscribed,
    /// What was said has not been made into text yet.
    TextPending,
}

impl NoticeKind {
    /// The name that stands in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotRecorded => "not_recorded",
            Self::Paused => "paused",
            Self::Muted => "muted",
            Self::Hidden => "hidden",
            Self::Silent => "silent",
            Self::TooQuiet => "too_quiet",
            Self::NotTranscribed => "not_transcribed",
            Self::TextPending => "text_pending",
        }
    }
}

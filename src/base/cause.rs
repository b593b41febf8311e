//! What a track is recorded from, why sound of it may be missing, and what may be wrong with it: the names
//! that stand in files.

use serde::{Deserialize, Serialize};

/// What kind of thing a track was recorded from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A microphone or another input.
    Mic,
    /// What the computer plays.
    Loopback,
    /// A sound file.
    File,
    /// The synthetic source.
    Synth,
}

/// Why sound is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// The device started later than the session.
    NotStarted,
    /// The device delivered nothing for a while.
    Stall,
    /// A small step that only the fitted clock can see.
    Slip,
    /// Our ring was full.
    Overrun,
    /// The device was gone.
    DeviceLost,
    /// Another device's sound was delivered.
    Foreign,
    /// The recorder or a part of it was restarted.
    Restart,
    /// The computer slept.
    Suspend,
    /// The recorder's process was stopped.
    Suspended,
    /// The user paused.
    Paused,
    /// The user muted.
    Muted,
    /// The disk refused.
    WriteError,
    /// The source had ended.
    Ended,
    /// A place of a file that can't be decoded.
    Damaged,
    /// The file leaves this time out: whoever recorded it had paused, or began later than the picture.
    Unrecorded,
}

impl GapCause {
    /// The name that stands in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::Stall => "stall",
            Self::Slip => "slip",
            Self::Overrun => "overrun",
            Self::DeviceLost => "device_lost",
            Self::Foreign => "foreign",
            Self::Restart => "restart",
            Self::Suspend => "suspend",
            Self::Suspended => "suspended",
            Self::Paused => "paused",
            Self::Muted => "muted",
            Self::WriteError => "write_error",
            Self::Ended => "ended",
            Self::Damaged => "damaged",
            Self::Unrecorded => "unrecorded",
        }
    }

    /// Whether missing `seconds` of a source of `kind` for this cause is a loss, which the exit code tells.
    /// A loopback that stalls was playing nothing; a device may take up to two seconds to start.
    pub fn is_loss(self, kind: SourceKind, seconds: f64) -> bool {
        match self {
            Self::Overrun
            | Self::Slip
            | Self::DeviceLost
            | Self::Foreign
            | Self::Restart
            | Self::Suspended
            | Self::WriteError
            | Self::Damaged => true,
            Self::Stall => kind != SourceKind::Loopback,
            Self::NotStarted => seconds >= 2.0,
            Self::Suspend | Self::Paused | Self::Muted | Self::Ended | Self::Unrecorded => false,
        }
    }
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// The source delivers, and every sample is exactly zero.
    Zeros,
    /// The source delivers nothing.
    NoSound,
    /// Samples at full scale in a row: what was louder is gone.
    Clipping,
    /// A hint: quiet for minutes while the others speak.
    Quiet,
    /// Somebody speaks, and far too quietly to be understood for sure.
    TooQuiet,
    /// The disk is about to be full.
    DiskSpace,
    /// The disk takes long to say that it has what was written.
    DiskSlow,
    /// The battery is about to be empty.
    Battery,
    /// Somebody speaks while the recording is paused.
    PausedSpeech,
    /// The device's clock is far from its rate, or its deliveries tell no clock.
    Clock,
    /// Nobody chose what to record, and there is no default microphone.
    NoMicrophone,
}

/// What the system does to a device's sound before it is captured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// It is muted, or its volume is zero.
    pub silenced: bool,
    /// The system says that it delivers.
    pub running: bool,
    /// Programs that play to it at the moment, where what is played is recorded.
    pub players: Vec<String>,
}

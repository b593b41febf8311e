//! How a recording goes, as the socket answers it and as news tell it.

use serde::{Deserialize, Serialize};

use crate::base::cause::Alarm;

/// What a recorder is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Sound is stored.
    Recording,
    /// Nothing is stored until it is resumed.
    Paused,
    /// The end was asked for, and the tracks are being closed.
    Ending,
    /// The recording is safe; text is still being made.
    Finishing,
}

/// How a recording goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Id of the session.
    pub session: String,
    pub path: String,
    pub title: String,
    /// The recorder's process.
    pub pid: u32,
    /// What it is doing.
    pub doing: Doing,
    /// Session seconds from its start to now.
    pub elapsed: f64,
    /// Session second since which it is paused.
    pub paused_since: Option<f64>,
    /// For how many seconds it has been paused.
    #[serde(default)]
    pub paused_for: Option<f64>,
    /// Seconds of recording that the disk has room for, as things are. `None` means that it is not known yet.
    pub disk_seconds: Option<f64>,
    /// The other computer that what is said is sent to, which makes the text; `None` means that it stays
    /// here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_to: Option<String>,
    /// Marks so far.
    pub marks: usize,
    /// What is wrong and concerns no track.
    pub alarms: Vec<Trouble>,
    /// In the user's order.
    pub tracks: Vec<TrackStatus>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    pub alarm: Alarm,
    /// For people.
    pub text: String,
}

/// How one track goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackStatus {
    pub track: String,
    /// Whose it is, as they are called now.
    pub name: String,
    /// Whom it hears, of those whose voices somebody has named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// Its device, as SPEC says.
    pub source: String,
    /// What the device is doing.
    pub device: Device,
    /// Why it is not open.
    pub trouble: Option<String>,
    /// Session second since which it is muted: silence is stored in its place.
    #[serde(default)]
    pub muted_since: Option<f64>,
    /// Highest level of the last second, in dBFS. `None` means exactly nothing, not open, or muted.
    pub level_dbfs: Option<f64>,
    /// Seconds that can be read back, silence for short gaps included.
    pub written: f64,
    /// Seconds of them that survive a power cut.
    pub durable: f64,
    /// Seconds that are missing.
    pub gaps: f64,
    /// Seconds of them that are losses.
    pub lost: f64,
    /// How many seconds the text is behind. `None` means that none is being made.
    pub text_lag: Option<f64>,
    /// What is wrong with it.
    pub alarms: Vec<Trouble>,
}

/// What a device is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// It is not open yet, or not any more; it is tried again.
    Opening,
    Open,
    /// It came to its own end.
    Ended,
}

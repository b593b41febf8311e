//! How a running recorder is steered from outside: a socket of its own, one line of JSON each way.
//!
//! Promises: only the user who records reaches it ([`folder`]); whatever comes in costs bounded memory and
//! time and never the recording ([`server`]). It is control plane: a recorder that can't have a socket
//! records all the same.

use serde::{Deserialize, Serialize};

use crate::base::cause::Alarm;
use crate::session::mark::{Mark, MarkKind};

#[cfg(unix)]
pub mod client;
#[cfg(unix)]
pub mod folder;
#[cfg(unix)]
pub mod server;

/// Longest line that is read, in bytes: a mark's text four times over, whatever JSON makes of its characters.
pub const LINE_BYTES_MAX: u64 = 64 * 1024;

/// What a recorder is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// Its status.
    Status,
    /// Mark a moment.
    Mark {
        /// What to write down; a kind's name before a colon is its kind.
        text: String,
        /// What it is, if not what the text says.
        #[serde(default)]
        kind: Option<MarkKind>,
        /// Session second; `None` means now.
        #[serde(default)]
        at: Option<f64>,
    },
    /// Record nothing until it is resumed.
    Pause,
    /// Go on.
    Resume,
    /// End the recording; answered when it is safe.
    Stop,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Response {
    /// Its status.
    Status(Box<Status>),
    /// It was marked.
    Marked(Mark),
    /// It is paused.
    Paused {
        /// Since which session second.
        at: f64,
        /// It was before.
        already: bool,
    },
    /// It is being recorded.
    Resumed {
        /// Session second of now.
        at: f64,
        /// Session second since which it had been paused; `None` if it was not.
        since: Option<f64>,
    },
    /// The recording has ended and is safe.
    Stopped {
        /// Whether all tracks were closed; else the disk did not answer in time.
        closed: bool,
    },
    /// That can't be.
    Refused {
        /// Why, and what to do.
        error: String,
    },
}

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
    /// Its folder.
    pub path: String,
    /// Its title.
    pub title: String,
    /// The recorder's process.
    pub pid: u32,
    /// What it is doing.
    pub doing: Doing,
    /// Session seconds from its start to now.
    pub elapsed: f64,
    /// Session second since which it is paused.
    pub paused_since: Option<f64>,
    /// Seconds for which the disk has room, as things are; `None` if not known yet.
    pub disk_seconds: Option<f64>,
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
    /// What.
    pub alarm: Alarm,
    /// For people.
    pub text: String,
}

/// How one track goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackStatus {
    /// The track.
    pub track: String,
    /// Whose it is.
    pub name: String,
    /// Its device, as SPEC says.
    pub source: String,
    /// What the device is doing.
    pub device: Device,
    /// Why it is not open.
    pub trouble: Option<String>,
    /// Highest level of the last second, in dBFS; `None` if exactly silent, or not open.
    pub level_dbfs: Option<f64>,
    /// Seconds that can be read back, silence for short gaps included.
    pub written: f64,
    /// Seconds of them that survive a power cut.
    pub durable: f64,
    /// Seconds that are missing.
    pub gaps: f64,
    /// Seconds of them that are losses.
    pub lost: f64,
    /// How many seconds the text is behind; `None` if no text is being made.
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
    /// It delivers.
    Open,
    /// It came to its own end.
    Ended,
}

//! The one place where news of a session is published: what is said, what happens, how it goes.
//!
//! Promises: a line of the journal or of the transcript is handed to the disk before it is told; publishing
//! never waits for anybody; a subscriber that can't keep up is told so and reads on from the files, so it
//! misses nothing of what lasts ([`Subscription`]). Growing lines, levels and status are ephemeral: who
//! misses one gets the next. Refuses: to steer anything. A subscriber is never on a control path.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::utterance::Utterance;
use crate::session::journal::{Event, Line};
use crate::session::naming::Naming;
use crate::session::voices;

mod bus;
mod json;
mod notice;
mod status;
mod view;

pub use bus::{Bus, NEWS_WAITING, StandingAlarm, Subscription};
pub use json::{JsonLines, Wanted};
pub use notice::{Notice, Urgency};
pub use status::{Device, Doing, Status, TrackStatus, Trouble};
pub use view::{SessionSink, SessionView};

/// What a line's speaker is called; where no names are known, the source's name with the number of the voice.
pub fn display_name(names: Option<&Naming>, line: &Utterance) -> String {
    match (names, line.voice.as_deref().and_then(voices::parts)) {
        (Some(names), _) => names.of_line(line),
        (None, Some((_, number))) => format!("{}, voice {number}", line.speaker),
        (None, None) => line.speaker.clone(),
    }
}

/// Something new.
#[derive(Debug, Clone)]
pub enum News {
    /// A line of the journal.
    Event(Arc<Line>),
    /// Something that happened and that the disk refused to write down.
    Unwritten(Arc<Event>),
    /// A revision of an utterance, judged: it stands in the transcript.
    Line(Arc<TranscriptLine>),
    /// What is known so far of an utterance that is still being spoken, under the id that the finished one
    /// will have. Without text it is retracted: no line comes of it.
    Partial(Arc<Utterance>),
    /// How loud the tracks are, [`LEVELS_A_SECOND`] times a second.
    Levels(Arc<Levels>),
    /// How the recording goes, [`STATUS_A_SECOND`] times a second.
    Status(Arc<Status>),
    /// How far the text of a finished session is.
    Progress(Progress),
    /// Where the recording is on its way to its end.
    Stage(Stage),
    /// This subscriber was too slow: this many news were dropped for it. What lasts of them follows, read
    /// from the files.
    Lagged(u64),
    /// There will be no more.
    Over,
}

/// Levels are published this often a second: meters look alive, and a second of them is a kilobyte a track.
pub const LEVELS_A_SECOND: u32 = 10;

/// What a level's RMS is taken over, in seconds: about the ear's own time, so a meter of it neither flickers
/// nor lags.
pub const LOUDNESS_S: f64 = 0.3;

/// Status is published this often a second: as often as the settings can want it shown.
pub const STATUS_A_SECOND: u32 = 2;

/// An utterance with its place in the transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct TranscriptLine {
    pub utterance: Utterance,
    /// A subscriber that has seen this one has seen all lines of the transcript before this number (from 0);
    /// later ones may be repeated to them, none is missed. A [`Cursor`] takes it.
    pub until: u64,
}

/// A place in the news that last: where a subscriber goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// Lines of the journal that were seen: the next one has this number.
    pub seq: u64,
    /// Lines of the transcript that were seen.
    pub line: u64,
}

/// How loud the tracks are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// Session seconds.
    pub at: f64,
    /// In the user's order.
    pub tracks: Vec<TrackLevel>,
}

/// How loud one track is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackLevel {
    pub track: String,
    /// Highest sample of the last second, in dBFS. `None` means exact silence, a device that is not
    /// open, or a track that is muted.
    pub peak_dbfs: Option<f64>,
    /// How loud it was on the whole for the last [`LOUDNESS_S`], in dBFS (RMS; a full-scale sine has -3).
    /// `None` as above, and before anything is written.
    #[serde(default)]
    pub rms_dbfs: Option<f64>,
}

/// How far the text of a finished session is, in seconds of sound of all tracks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What is text, or known to hold none.
    pub done_s: f64,
    /// All of it.
    pub total_s: f64,
}

/// Where a recording is on its way to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// It is being ended, for this reason. `None` means that its sources or its time are over.
    Finishing(Option<String>),
    /// All tracks are closed and on the disk.
    Safe,
    /// Somebody is in a hurry: the files are closed at once.
    AtOnce(String),
    /// The Recorder failed; its files are being closed.
    RecorderFailed,
    /// The disk does not take what is left of the text.
    DiskSilent,
}

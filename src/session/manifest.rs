//! `session.json`: what a session is made of. It can be rebuilt from the journal; it is replaced atomically.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::base::cause::{GapCause, SourceKind};
pub use crate::base::clock_map::{ClockFit, ClockPiece};
use crate::base::units::{Frames, SampleFormat, SampleRate};

/// The format number that this version reads and writes.
pub const FORMAT: u32 = 1;

/// The whole of `session.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format number, [`FORMAT`].
    pub format: u32,
    /// Identity of the session, unique among the user's sessions: the folder's first name.
    pub id: String,
    /// Title as the user gave it, or "meeting".
    pub title: String,
    /// When frame 0 of every track's first take was.
    pub start: Start,
    /// Whether the recording was finished in order.
    pub state: State,
    /// Seconds from the start to the end of the longest track, as far as is known.
    pub duration: f64,
    /// One per track, in the order the user named them.
    pub sources: Vec<SourceEntry>,
    /// All takes: track by track, each in the order they were opened.
    pub takes: Vec<TakeEntry>,
    /// One per track.
    pub account: Vec<TrackAccount>,
}

/// When a session started: the instant, and how the clock on the wall read there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    pub utc: Timestamp,
    /// IANA name of the local zone, where it is known.
    pub zone: Option<String>,
    /// Offset of the local clock from UTC at that instant, `+01:00`.
    pub offset: String,
    /// Whether the time of day is known; of some files that became a session only the day is.
    #[serde(default = "known", skip_serializing_if = "is_known")]
    pub clock_known: bool,
    /// When the session was made, where that was not its start: files were recorded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Timestamp>,
}

impl Start {
    /// When the session was made.
    pub fn made(&self) -> Timestamp {
        self.made.unwrap_or(self.utc)
    }
}

fn known() -> bool {
    true
}

fn is_known(known: &bool) -> bool {
    *known
}

/// Whether a recording was finished in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is being recorded, or its recorder was killed.
    Recording,
    /// All tracks were closed.
    Closed,
}

/// Where a track's sound came from, and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceEntry {
    /// The track's name: a slug without dots, unique in the session.
    pub track: String,
    /// The person's or the place's name, as the user wrote it.
    pub name: String,
    /// Kind of source.
    pub kind: SourceKind,
    /// SPEC as the user or the config gave it.
    pub spec: String,
    /// Stable id of the device, where there is one.
    pub device: Option<String>,
    /// The device's name for people.
    pub device_name: Option<String>,
    /// The one channel (from 1) that was taken of the device; `None` means all of them.
    pub channel: Option<u16>,
    /// Code of the language that is spoken there, where the user named one for this source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Most voices that are told apart there, where it was said for this source; 1 tells none apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speakers: Option<u32>,
}

/// One uninterrupted opening of one device in one format: one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TakeEntry {
    /// The track it belongs to.
    pub track: String,
    /// From 1 within the track.
    pub take: u32,
    /// Path of the file, relative to the session's folder.
    pub file: String,
    /// Nominal rate, as the file's header states it.
    pub rate: SampleRate,
    /// Channels in the file.
    pub channels: u16,
    /// How samples are stored.
    pub format: SampleFormat,
    /// Bytes before the first sample.
    pub data_offset: u64,
    /// Frames in the file that are known to be durable: sound, and silence that stands for short gaps.
    pub frames: Frames,
    /// Session seconds of frame 0, as known when the take began; `clock` knows better.
    pub offset: f64,
    /// Frames against session time.
    pub clock: ClockFit,
    /// Stretches (from, to) of the file that are another device's sound, in order. They are kept, count as
    /// missing, and are never made into text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<(Frames, Frames)>,
}

impl TakeEntry {
    /// Session seconds of a frame's start.
    pub fn time_of(&self, frame: Frames) -> f64 {
        self.clock.time_of(frame)
    }
}

/// Where the frames of one track went: `expected = written + gaps`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackAccount {
    pub track: String,
    /// Frames from session time × measured rate.
    pub expected: Frames,
    /// Frames of sound in the files.
    pub written: Frames,
    /// Missing frames by cause.
    pub gaps: Vec<GapSum>,
    /// Missing frames that are losses.
    pub lost: Frames,
    /// `expected - written - gaps`, in frames; what rounding and the clock's residual leave.
    pub unexplained: i64,
}

/// Missing frames of one cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GapSum {
    pub cause: GapCause,
    /// How many gaps.
    pub count: u64,
    /// How many frames in all.
    pub frames: Frames,
    /// Whether they are losses.
    pub loss: bool,
}

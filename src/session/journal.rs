//! `events.jsonl`: the append-only journal. A line follows the durability of what it describes, and the
//! manifest can be rebuilt from it. It is data with a schema; the log is something else.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::details::Detail;
use super::disk::{Disk, SyncHandle};
use super::erased::Part;
use super::lines::LineFile;
use super::manifest::{ClockFit, GapCause, SourceEntry, Start, TakeEntry, TrackAccount};
use super::mark::MarkKind;
use crate::base::cause::Alarm;
use crate::base::units::{Frames, SessionNs};
use crate::clock::sleep::TimeEvent;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// From 0, without holes.
    pub seq: u64,
    /// Session time.
    pub session_ns: SessionNs,
    /// The wall clock.
    pub utc: Timestamp,
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum Event {
    /// The session began.
    Started {
        /// Format number of the session.
        format: u32,
        id: String,
        title: String,
        start: Start,
        sources: Vec<SourceEntry>,
    },
    /// A device was opened and delivers.
    DeviceOpened {
        /// Which device, as its first track's SPEC says.
        source: String,
        /// Stable id.
        device: Option<String>,
        /// The device's name for people.
        name: Option<String>,
        /// How often it had been tried since it was last there.
        attempts: u32,
    },
    /// A device was lost, or would not open.
    DeviceLost {
        source: String,
        /// Why, as far as is known.
        reason: String,
    },
    /// A finite source came to its end.
    SourceEnded { source: String },
    /// A finite source broke off before its end; it is not tried again.
    SourceBroken { source: String, reason: String },
    /// The backend said something that is not a loss in itself.
    DeviceNotice {
        source: String,
        /// What it said.
        notice: String,
    },
    /// A thread that hangs in the backend was given up.
    ThreadAbandoned {
        source: String,
        /// What it was doing.
        doing: String,
    },
    /// A take began: its file is there.
    TakeStarted(TakeEntry),
    /// Frames are missing. Within a take they stand in the file as silence from `from_frame` on. For a slip
    /// nothing stands there: it was found when the take was over, and lies near `from_frame`. What is
    /// `foreign` stands there as it came.
    Gap {
        track: String,
        /// The take that it lies in; `None` if between takes.
        take: Option<u32>,
        /// First missing frame within the take.
        from_frame: Option<Frames>,
        /// Session second at which it began.
        at: f64,
        /// How many frames.
        frames: Frames,
        cause: GapCause,
    },
    /// These spans are on the disk.
    Commit {
        /// One per track that grew.
        spans: Vec<Span>,
    },
    /// The measured clock of a take.
    Clock {
        track: String,
        take: u32,
        /// The map as of now.
        fit: ClockFit,
    },
    /// What the clock of a take was measured by, since the last such line: that many frames had been
    /// delivered by that session second. Thinned to the least late stamp of each bucket of time (a second,
    /// doubled whenever there are 4096: 14 000 points in a day). With the take's gaps they give its map
    /// again.
    Observed {
        track: String,
        take: u32,
        /// Frame of the file and session second, in order.
        points: Vec<(Frames, f64)>,
    },
    /// A take is over; its file is closed.
    TakeEnded {
        track: String,
        take: u32,
        /// Frames in its file.
        frames: Frames,
        clock: ClockFit,
        /// Session second of frame 0 as the device's stamps tell; `None` if they say no more than `clock`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<f64>,
        /// Session second at which its last frame was delivered, as the device's stamps tell, whatever was
        /// written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<f64>,
        /// The file was given up after an error: more may stand in it than these frames, which nobody vouches
        /// for.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        given_up: bool,
    },
    /// The computer slept. Session time went on.
    Suspended {
        /// Session second at which it fell asleep.
        from: f64,
        /// For how long.
        seconds: f64,
    },
    /// The recorder's process was stopped, or nothing let it run. Session time went on.
    ProcessStopped {
        /// Session second at which it last ran.
        from: f64,
        /// For how long.
        seconds: f64,
    },
    /// Somebody set the clock on the wall. Session time did not notice.
    ClockStepped {
        /// By how much it went forward.
        seconds: f64,
    },
    /// The disk refused something.
    WriteError {
        /// The file, relative to the session.
        file: String,
        /// What the system said.
        error: String,
    },
    /// Something is wrong that a person may be able to mend, or is not wrong any more.
    Alarm {
        alarm: Alarm,
        /// The track that it is about; `None` means the machine.
        track: Option<String>,
        /// It began (true) or ended (false).
        on: bool,
        /// For people.
        text: String,
        /// Session second since which it has been so, or up to which it was; `None` means that of the line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<f64>,
    },
    /// The system keeps the computer from falling asleep (or refuses to, or does not any more).
    SleepInhibited {
        /// Whether it does.
        held: bool,
        detail: Option<String>,
    },
    /// The session's folder was moved while it was being recorded; it goes on there.
    FolderMoved { to: String },
    /// Something that people may have forgotten.
    Reminder {
        /// For people.
        text: String,
    },
    /// The recorder ends the recording by itself.
    Ending { reason: String },
    /// An actor ended in a way that it should not.
    ActorFailed {
        actor: String,
        /// What it died of.
        reason: String,
        /// Whether another was started in its place.
        restarted: bool,
    },
    /// Text work went wrong on a segment.
    SegmentFailed {
        track: String,
        take: u32,
        /// First frame.
        from: Frames,
        /// One past the last frame.
        to: Frames,
        /// What was wrong.
        reason: String,
        /// It will not be tried again.
        skipped: bool,
    },
    /// The text is made from the start again; what is there already counts until it is complete.
    TextBegun {
        /// Lines that the transcript has at this moment.
        lines: u64,
    },
    /// Speech was looked for up to here, and what was found is text.
    TextReached {
        /// One per track.
        tracks: Vec<TrackReached>,
        /// All of them to their ends: where there is no line, nobody was heard to speak.
        complete: bool,
    },
    /// The text has fallen behind what is said: lines come later until it has caught up.
    TextBehind {
        /// By how much.
        seconds: f64,
    },
    /// The text has caught up with what is said.
    TextCaughtUp,
    /// What is being spoken is not shown any more before it is finished.
    PartialsOff { reason: String },
    /// From here on what is said is sent to another computer, which makes the text.
    TextSent {
        /// The computer's name.
        host: String,
    },
    /// The text is sent to another computer, which makes a summary of it.
    TextSummarised {
        /// That computer's name.
        host: String,
    },
    /// The recogniser says something about how text is made.
    TextNotice {
        /// For people.
        notice: String,
    },
    /// Text is pending; `hansard transcribe` does it.
    TextPending { reason: String },
    /// Voices are not told apart, for this reason: each track stands under one name.
    VoicesPending { reason: String },
    /// The user paused: nothing is recorded, on any track.
    Paused {
        /// Since which session second.
        at: f64,
    },
    /// It goes on.
    Resumed {
        /// From which session second on.
        at: f64,
    },
    /// The user muted a track: silence is stored in its place.
    Muted {
        track: String,
        /// Since which session second.
        at: f64,
    },
    /// The track is heard again.
    Unmuted {
        track: String,
        /// From which session second on.
        at: f64,
    },
    /// There is no way for other commands to steer this recording.
    NoControl { reason: String },
    /// A speaker has another name from here on, in all that was and will be transcribed.
    Renamed {
        /// As it stood.
        from: String,
        /// As it stands.
        to: String,
    },
    /// A person gave a voice a name, for all lines that are and will be its.
    VoiceNamed {
        /// Id of the voice, `TRACK#2`.
        voice: String,
        /// As the person wrote it; never one that comes from a voice print.
        name: String,
    },
    /// A person said that two voices are one: the first is shown as the second from here on, whatever that
    /// will be called.
    VoiceMerged {
        /// Id of the voice that goes.
        from: String,
        /// Id of the voice that stays.
        into: String,
    },
    /// A passage is hidden: no export shows what was said there. A later line of the same id replaces this
    /// one.
    Hidden {
        /// Identity within the session.
        id: String,
        /// Session seconds.
        from: f64,
        /// Session seconds.
        to: f64,
        /// It is shown again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        shown: bool,
    },
    /// Somebody said something of the meeting as such. A later line about the same replaces this one.
    Described {
        detail: Detail,
        /// A line each; none takes it away.
        lines: Vec<String>,
    },
    /// Those who are there were told that they are recorded: this was shown to be read out.
    Announced {
        /// Session seconds.
        at: f64,
        text: String,
    },
    /// A sound was played to those who are there, to go with that, or could not be.
    Chimed {
        /// Session second at which it began.
        at: f64,
        /// What it was played through.
        device: Option<String>,
        /// Why it was not played. `None` means that it was.
        error: Option<String>,
    },
    /// Somebody marked a moment. A later line of the same id replaces this one.
    Mark {
        /// Identity within the session.
        id: String,
        /// Session seconds.
        at: f64,
        /// What is marked.
        mark: MarkKind,
        /// In whose words.
        text: String,
        /// It was taken back: it stands nowhere but here.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        withdrawn: bool,
    },
    /// A part of the session is erased for good. Written before it is, so that no crash makes it look like
    /// damage.
    Erased {
        part: Part,
        /// What wanted it, as a setting is written.
        by: String,
        /// How many files.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// All sources were told to stop: nothing after this session second was to be recorded.
    Stopped {
        /// Session seconds.
        at: f64,
    },
    /// The recorder had died; the session is being mended.
    Recovered {
        /// The takes that were still open.
        takes: Vec<RecoveredTake>,
        /// Session second up to which the session was being recorded at least; `None` where no source had a
        /// clock.
        until: Option<f64>,
    },
    /// All tracks are closed and durable: the recording is safe.
    Closed {
        /// Seconds from the start to the end.
        duration: f64,
        /// Where every frame went.
        account: Vec<TrackAccount>,
    },
}

impl Event {
    /// Whether it only serves to account for frames and clocks: nobody who follows a recording needs it.
    pub fn is_bookkeeping(&self) -> bool {
        matches!(
            self,
            Self::Commit { .. } | Self::Observed { .. } | Self::Clock { .. } | Self::TextReached { .. }
        )
    }
}

impl From<TimeEvent> for Event {
    fn from(event: TimeEvent) -> Self {
        match event {
            TimeEvent::Suspended { from, seconds } => Self::Suspended { from, seconds },
            TimeEvent::Stopped { from, seconds } => Self::ProcessStopped { from, seconds },
            TimeEvent::ClockStepped { seconds } => Self::ClockStepped { seconds },
        }
    }
}

/// How far a track is text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackReached {
    pub track: String,
    /// Session second; `None` means the track's end.
    pub until: Option<f64>,
}

/// A take whose recorder died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveredTake {
    pub track: String,
    pub take: u32,
    /// Frames that the journal vouched for.
    pub committed: Frames,
    /// Frames that were found in the file after them.
    pub found: Frames,
}

/// A span of a track that is on the disk, with its checksum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    pub track: String,
    pub take: u32,
    /// First frame.
    pub from: Frames,
    /// One past the last frame.
    pub to: Frames,
    /// CRC-32 (IEEE) of the span's bytes in the file.
    pub crc: u32,
}

/// Told of each line once it has been handed to the disk.
pub type OnLine = Box<dyn Fn(Line) + Send>;

/// Appends to the journal.
pub struct Journal {
    lines: LineFile,
    seq: u64,
    on_line: Option<OnLine>,
}

impl Journal {
    /// Opens the journal of a new session.
    pub fn create(disk: &dyn Disk, path: &Path) -> io::Result<Self> {
        Ok(Self { lines: LineFile::new(disk.create(path)?)?, seq: 0, on_line: None })
    }

    /// Opens the journal of a finished session; its next line has number `seq`.
    pub fn resume(disk: &dyn Disk, path: &Path, seq: u64) -> io::Result<Self> {
        Ok(Self { lines: LineFile::new(disk.append(path)?)?, seq, on_line: None })
    }

    /// Appends one line with the time on the wall, which the clock tells; [`Journal::sync`] makes it durable.
    /// After an error of the disk the line is kept and written later, at its place.
    pub fn append(&mut self, session_ns: SessionNs, utc: Timestamp, event: Event) -> io::Result<()> {
        let line = Line { seq: self.seq, session_ns, utc, event };
        self.lines.keep(&serde_json::to_vec(&line)?)?;
        self.seq += 1;
        let written = self.lines.write_out();
        // A line that the disk refused is kept and written later, at its place.
        if let Some(on_line) = &self.on_line {
            on_line(line);
        }
        written
    }

    /// The number of the next line.
    pub fn next_seq(&self) -> u64 {
        self.seq
    }

    /// From now on `on_line` is told of each line.
    pub fn tell(&mut self, on_line: OnLine) {
        self.on_line = Some(on_line);
    }

    /// Returns when all lines are on the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        self.lines.sync()
    }

    /// [`LineFile::begin_sync`].
    pub fn begin_sync(&mut self) -> io::Result<Option<SyncHandle>> {
        self.lines.begin_sync()
    }

    /// [`LineFile::end_sync`].
    pub fn end_sync(&mut self, synced: io::Result<()>) -> io::Result<()> {
        self.lines.end_sync(synced)
    }
}

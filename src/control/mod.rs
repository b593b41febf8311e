//! How a running recorder is steered from outside: a socket of its own, one line of JSON each way.
//!
//! Promises: only the user who records reaches it ([`folder`]); whatever comes in costs bounded memory and
//! time and never the recording ([`server`]). It is control plane: a recorder that can't have a socket
//! records all the same.

use serde::{Deserialize, Serialize};

use crate::base::utterance::Utterance;
use crate::live::{Cursor, Status, Wanted};
use crate::session::journal::Event;
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
    /// Write a mark anew: its words, its kind or its moment.
    Remark(Mark),
    /// Say what people are called: lines of the journal of the kinds `renamed`, `voice_named` and
    /// `voice_merged`.
    Name {
        /// What is to be written, in order.
        events: Vec<Event>,
    },
    /// Correct what was recorded until now: lines of the journal (names, hidden passages, marks, what is said
    /// of the meeting) and revisions of lines that a person wrote.
    Edit {
        /// What is to be journalled, in order.
        #[serde(default)]
        events: Vec<Event>,
        /// What is to be appended to the transcript, in order.
        #[serde(default)]
        lines: Vec<Utterance>,
        /// The journal had so many lines when this was planned.
        seen: u64,
    },
    /// Record nothing until it is resumed.
    Pause,
    /// Go on.
    Resume,
    /// Store silence in the place of this source, until it is unmuted.
    Mute {
        /// Whose it is, then or by now, or the track's name in files; or any part of these that no other
        /// source has.
        name: String,
    },
    /// Store that source's sound again.
    Unmute {
        /// As for muting.
        name: String,
    },
    /// End the recording; answered when it is safe.
    Stop,
    /// Tell the news as they come, a line each, until somebody hangs up or the recorder ends.
    Follow(Follow),
}

/// What somebody who follows a recording wants to hear.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Follow {
    /// Go on after this place. `None` means from now on.
    #[serde(default)]
    pub since: Option<Since>,
    /// What is told beside utterances; events, unless it is said otherwise.
    #[serde(flatten)]
    pub wanted: Wanted,
}

/// A place in the news.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Since {
    /// Number of the journal's next line; the transcript is told from its beginning.
    Seq(u64),
    /// As a status line gives it.
    Cursor(Cursor),
}

impl From<Since> for Cursor {
    fn from(since: Since) -> Self {
        match since {
            Since::Seq(seq) => Self { seq, line: 0 },
            Since::Cursor(cursor) => cursor,
        }
    }
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Response {
    Status(Box<Status>),
    /// It was marked.
    Marked(Mark),
    /// They are called so.
    Named,
    /// It is corrected, and stands in the session's files.
    Edited {
        /// Lines that the journal has now.
        seen: u64,
    },
    /// Somebody else corrected something since it was planned: nothing was changed; read the session again.
    Stale,
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
    /// Silence is stored in that source's place.
    Muted {
        /// Its track's name in files.
        track: String,
        /// Whose it is.
        name: String,
        /// Since which session second.
        at: f64,
        /// It was before.
        already: bool,
    },
    /// That source is heard.
    Unmuted {
        /// Its track's name in files.
        track: String,
        /// Whose it is.
        name: String,
        /// Session second of now.
        at: f64,
        /// Session second since which it had been muted; `None` if it was not.
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

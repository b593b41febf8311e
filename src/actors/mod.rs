//! The control plane: ractor actors that own lifecycle, policy and state. Sound never goes through a mailbox.
//!
//! ```text
//! Recorder (root: session state, policy)
//! ├── Writer             started first, finished last; steers the disk thread
//! ├── DeviceCapture × N  one per device, independent; steers its lane
//! ├── Control            listens at the socket through which other commands steer it
//! └── Transcriber        owns the recogniser; may be absent or degraded without anyone upstream noticing
//!     └── per track: Denoiser ─▶ Segmenter   one block in flight
//! ```
//! What must not die with an actor stands outside of it: lanes and the writer's thread in a
//! [`Recording`](crate::recording::Recording), the progress of the text work in an
//! [`Analysis`](crate::speech::analysis::Analysis). An actor that is started again goes on from there.

use std::sync::Arc;

use crate::session::journal::Event;
use crate::speech::transcript::Utterance;

pub mod children;
#[cfg(unix)]
pub mod control;
pub mod denoiser;
pub mod device_capture;
pub mod recorder;
pub mod segmenter;
pub mod transcriber;
pub mod writer;

/// Whoever wants to hear what happens: the terminal, a test. Calls must return at once.
pub trait Listener: Send + Sync {
    /// A line of text is finished.
    fn line(&self, utterance: &Utterance);
    /// What is shown of a line that is still being spoken, under the id that the finished one will have; without text: nothing any more,
    /// and no line will come of it.
    fn partial(&self, _growing: &Utterance) {}
    /// Something happened that the user should know.
    fn notice(&self, event: &Event);
}

/// Where lines of a session go: the writer while it is recorded, its files afterwards.
pub trait SessionSink: Send + Sync {
    /// A line for the transcript.
    fn write_utterance(&self, utterance: Utterance);
    /// A new utterance under the id that it is to have, where there is text already; without text where a person's own line stands.
    fn settle_identity(&self, utterance: Utterance) -> Utterance {
        utterance
    }
    /// A line for the journal.
    fn note(&self, event: Event);
}

impl SessionSink for crate::recording::Recording {
    fn write_utterance(&self, utterance: Utterance) {
        Self::write_utterance(self, utterance);
    }

    fn note(&self, event: Event) {
        Self::note(self, event);
    }
}

/// The actors by kind; tests tell one of them to panic by this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The root.
    Recorder,
    /// The writer's actor.
    Writer,
    /// The first device's.
    DeviceCapture,
    /// The one that listens at the socket.
    Control,
    /// The transcriber.
    Transcriber,
    /// The first track's denoiser.
    Denoiser,
    /// The first track's segmenter.
    Segmenter,
}

/// What the analysis side needs to know of a session.
#[derive(Clone)]
pub struct SessionView {
    /// The session's folder.
    pub dir: std::path::PathBuf,
    /// Its tracks.
    pub tracks: Vec<Arc<crate::session::track::TrackShared>>,
    /// Where lines go.
    pub sink: Arc<dyn SessionSink>,
    /// Who wants to hear of them.
    pub listener: Arc<dyn Listener>,
}

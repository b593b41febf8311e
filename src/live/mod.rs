//! Where news of a session goes.

use std::sync::Arc;

use crate::base::utterance::Utterance;
use crate::session::journal::Event;

/// Whoever wants to hear what happens: the terminal, a test. Calls must return at once.
pub trait Listener: Send + Sync {
    /// A line of text is finished.
    fn line(&self, utterance: &Utterance);
    /// What is shown of a line that is still being spoken, under the id that the finished one will have;
    /// without text: nothing any more, and no line will come of it.
    fn partial(&self, _growing: &Utterance) {}
    /// Something happened that the user should know.
    fn notice(&self, event: &Event);
}

/// Where lines of a session go: the writer while it is recorded, its files afterwards.
pub trait SessionSink: Send + Sync {
    /// A line for the transcript.
    fn write_utterance(&self, utterance: Utterance);
    /// A new utterance under the id that it is to have, where there is text already; without text where a
    /// person's own line stands.
    fn settle_identity(&self, utterance: Utterance) -> Utterance {
        utterance
    }
    /// A line for the journal.
    fn note(&self, event: Event);
}

/// What the analysis side needs to know of a session.
#[derive(Clone)]
pub struct SessionView {
    /// The session's folder.
    pub dir: std::path::PathBuf,
    /// Its tracks.
    pub tracks: Vec<Arc<crate::session::shared::TrackShared>>,
    /// Where lines go.
    pub sink: Arc<dyn SessionSink>,
    /// Who wants to hear of them.
    pub listener: Arc<dyn Listener>,
}

//! What the analysis side needs to know of a session, and where its lines go.

use std::path::PathBuf;
use std::sync::Arc;

use super::Bus;
use crate::base::utterance::Utterance;
use crate::session::journal::Event;
use crate::session::shared::TrackShared;

/// Where lines of a session go: the writer while it is recorded, its files afterwards. Each publishes what it
/// has written.
pub trait SessionSink: Send + Sync {
    /// A line for the transcript.
    fn write_utterance(&self, utterance: Utterance);
    /// An utterance that was written before has been judged: it is published. `until` is the number of lines
    /// handed over by [`Self::write_utterance`] before which all have been published.
    fn publish_utterance(&self, utterance: Utterance, until: u64);
    /// A new utterance under the id that it is to have, where there is text already; without text where a
    /// person's own line stands.
    fn identify(&self, utterance: Utterance) -> Utterance {
        utterance
    }
    /// A line for the journal.
    fn note(&self, event: Event);
    /// Lines that people corrected while these are written, of those that this was not asked for yet.
    fn corrected(&self) -> Vec<Utterance> {
        Vec::new()
    }
}

/// What the analysis side needs to know of a session.
#[derive(Clone)]
pub struct SessionView {
    /// The session's folder.
    pub dir: PathBuf,
    pub tracks: Vec<Arc<TrackShared>>,
    /// Where lines go.
    pub sink: Arc<dyn SessionSink>,
    /// Where news of growing lines is published.
    pub news: Bus,
}

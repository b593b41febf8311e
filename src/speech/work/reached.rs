//! How far the text is, for the journal: whoever reads a session whose text was interrupted must be able to
//! tell silence from text that has not been made.

use std::time::Duration;

use super::{Work, locked};
use crate::session::journal::{Event, TrackReached};

/// It is journalled so often at most: whoever dies meanwhile has told most of it.
const EVERY: Duration = Duration::from_secs(10);

/// What was journalled last, and when.
pub(super) type Reached = Option<(Duration, Event)>;

impl Work {
    /// Journals how far the text is, if that is new; `all` is whether the work is over.
    pub(super) fn tell_reached(&mut self, all: bool, now: Duration) {
        if !all && self.reached.as_ref().is_some_and(|(at, _)| now < *at + EVERY) {
            return;
        }
        let reached = self.reached_now(all);
        if self.reached.as_ref().is_none_or(|(_, told)| *told != reached) {
            self.note(reached.clone());
        }
        self.reached = Some((now, reached));
    }

    fn reached_now(&self, all: bool) -> Event {
        let analysis = locked(&self.analysis);
        let until = |index| Some(analysis.text_until(index)).filter(|until| until.is_finite());
        let names = self.session.tracks.iter().map(|track| track.track.clone());
        let tracks = names.enumerate().map(|(index, track)| TrackReached { track, until: until(index) });
        Event::TextReached {
            tracks: tracks.collect(),
            complete: all && analysis.is_done() && self.unusable.is_none(),
        }
    }
}

//! Which part of a session is told. Pure.

use super::timing::spoken;
use crate::base::text;
use crate::base::utterance::Utterance;

/// Which part of a session is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Display names; empty means everybody.
    pub speakers: Vec<String>,
    /// Session seconds; what is spoken in any part of `from..to` counts.
    pub from: f64,
    /// Session seconds, later than `from`.
    pub to: f64,
    /// What was held back and what is another track's echo, too, with the reason.
    pub withheld: bool,
}

impl Default for Selection {
    fn default() -> Self {
        Self { speakers: Vec::new(), from: 0.0, to: f64::INFINITY, withheld: false }
    }
}

impl Selection {
    /// Whether something is left out by it.
    pub fn is_part(&self) -> bool {
        !self.speakers.is_empty() || self.from > 0.0 || self.to.is_finite()
    }

    /// Whether a session second lies in it.
    pub fn covers(&self, seconds: f64) -> bool {
        self.from <= seconds && seconds < self.to
    }

    /// Whether a part of an utterance lies in it.
    pub fn takes(&self, utterance: &Utterance) -> bool {
        let (start, end) = spoken(utterance);
        // What has no length is where it starts.
        let inside = self.covers(start) || (start < self.to && end > self.from);
        let name = || text::name(&utterance.speaker);
        inside && (self.speakers.is_empty() || self.speakers.contains(&name()))
    }
}

//! Passages that are hidden at this moment, while their session still grows: for whoever shows lines as they
//! come. Pure.
//!
//! Promises: what is left of a line is what a reading of the session would give now
//! ([`Amendments::amended`](super::amend::Amendments::amended)), before the recorder has written anything
//! else.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::amend::LEFT_OUT;
use super::journal::Event;
use super::read::is_time;
use crate::base::utterance::Utterance;
use crate::revise::cut;

/// The passages, by id, in session seconds.
#[derive(Debug, Clone, Default)]
pub struct Hiding(BTreeMap<String, (f64, f64)>);

impl Hiding {
    /// Takes in what happened; whether other passages are hidden now.
    pub fn hear(&mut self, event: &Event) -> bool {
        match event {
            Event::Hidden { id, shown: true, .. } => self.0.remove(id).is_some(),
            Event::Hidden { id, from, to, shown: false } if is_time(*from) && is_time(*to) => {
                self.0.insert(id.clone(), (*from, *to)) != Some((*from, *to))
            }
            _ => false,
        }
    }

    /// Whether a moment is hidden.
    pub fn hides(&self, at: f64) -> bool {
        self.0.values().any(|(from, to)| (*from..=*to).contains(&at))
    }

    /// Whether any part of a stretch is hidden.
    pub fn touches(&self, start: f64, end: f64) -> bool {
        self.0.values().any(|(from, to)| start < *to && end > *from)
    }

    /// What may be shown of a line; `None` means nothing.
    pub fn left_of<'a>(&self, line: &'a Utterance) -> Option<Cow<'a, Utterance>> {
        if self.0.is_empty() {
            return Some(Cow::Borrowed(line));
        }
        let spans: Vec<(f64, f64)> = self.0.values().copied().collect();
        cut::without(line, &spans, LEFT_OUT).map(Cow::Owned)
    }
}

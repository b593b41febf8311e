//! What is missing between takes: since when, and why.

use super::Item;
use super::pauses::Pauses;
use crate::session::manifest::GapCause;

/// What has been missing since the last take ended, each from its session second up to the next one's. Empty
/// within a take.
#[derive(Default)]
pub(super) struct Missing {
    spans: Vec<(f64, GapCause)>,
}

impl Missing {
    /// A take goes on: nothing is missing outside of it.
    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Since when there has been no take.
    pub(super) fn since(&self) -> Option<f64> {
        self.spans.first().map(|(from, _)| *from)
    }

    /// From session second `from` on, sound is missing for `cause`.
    pub(super) fn begin(&mut self, from: f64, cause: GapCause) {
        self.spans.push((from, cause));
    }

    /// From `from` on nothing is recorded; there was sound again, though nobody wanted it: what had been the
    /// cause before is over.
    pub(super) fn pause(&mut self, from: f64) {
        if self.spans.last().is_some_and(|(_, cause)| *cause != GapCause::Paused) {
            self.begin(from, GapCause::Paused);
        }
    }

    /// Where the last of these causes began.
    pub(super) fn last_s(&self) -> Option<f64> {
        self.spans.last().map(|(from, _)| *from)
    }

    /// Session second at which a take may begin whose first frame stands at `place_s`: after all of this.
    pub(super) fn end_s(&self, place_s: f64) -> f64 {
        self.spans.iter().map(|(from, _)| *from).fold(place_s, f64::max)
    }

    /// How long each of these was, in seconds, up to session second `until`; a take begins with them.
    pub(super) fn take_lengths(&mut self, until: f64) -> Vec<(f64, GapCause)> {
        lengths(&std::mem::take(&mut self.spans), until)
    }

    /// The same outside of takes, by cause, those told apart that `pauses` knows of.
    pub(super) fn take_items(&mut self, until: f64, pauses: &Pauses) -> Vec<Item> {
        let Some(from) = self.since() else { return Vec::new() };
        let (mut at, mut told): (f64, Vec<(f64, GapCause)>) = (from, Vec::new());
        for (seconds, cause) in self.take_lengths(until) {
            for (seconds, cause) in pauses.causes(at, seconds, cause) {
                match told.last_mut() {
                    Some((whole, same)) if *same == cause => *whole += seconds,
                    _ => told.push((seconds, cause)),
                }
                at += seconds;
            }
        }
        absent(from, told)
    }
}

/// Items for parts of a time that is missing from session second `from` on.
pub(super) fn absent(mut from: f64, parts: Vec<(f64, GapCause)>) -> Vec<Item> {
    let item = |(seconds, cause)| {
        let item = Item::Absent { from, seconds, cause };
        from += seconds;
        item
    };
    parts.into_iter().map(item).collect()
}

/// How long each of these was, of which one ends where the next begins and the last at `until`.
fn lengths(spans: &[(f64, GapCause)], until: f64) -> Vec<(f64, GapCause)> {
    let ends = spans.iter().skip(1).map(|(from, _)| *from).chain([until]);
    spans.iter().zip(ends).map(|((from, cause), to)| ((to - from).max(0.0), *cause)).collect()
}

//! The one order of time in which every format tells a meeting: what was said, what was marked, and what a
//! reader must know at its place. Pure.
//!
//! Promise: nothing that begins after a mark or a notice stands before it. A turn is parted for that, an
//! utterance is not: what somebody was saying at that moment stands whole before it.

use super::notices::Notice;
use crate::session::mark::Mark;

/// One thing after the other.
#[derive(Debug)]
pub enum Entry<'m, T> {
    /// What was said: a turn, or an utterance.
    Said(T),
    /// The number of a mark, from 0, and the mark.
    Mark(usize, &'m Mark),
    Notice(&'m Notice),
}

/// Moments that part what was said before from what was said after them, in order.
#[derive(Debug, Default)]
pub struct Breaks(Vec<f64>);

impl Breaks {
    /// At these session seconds.
    pub fn new(mut at: Vec<f64>) -> Self {
        at.sort_by(f64::total_cmp);
        Self(at)
    }

    /// Whether one lies between a beginning and a later one.
    pub fn part(&self, before: f64, after: f64) -> bool {
        let next = self.0.partition_point(|at| *at <= before);
        self.0.get(next).is_some_and(|at| *at <= after)
    }
}

/// All marks and notices, each by time, with what was said (each with its beginning, by that) between them.
pub fn in_order<'m, T>(
    notices: &'m [Notice],
    marks: impl Iterator<Item = &'m Mark>,
    said: impl Iterator<Item = (f64, T)>,
) -> Vec<Entry<'m, T>> {
    let mut between: Vec<(f64, Entry<T>)> =
        notices.iter().map(|notice| (notice.from, Entry::Notice(notice))).collect();
    between.extend(marks.enumerate().map(|(n, mark)| (mark.at, Entry::Mark(n, mark))));
    between.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut between = between.into_iter().peekable();
    let mut out = Vec::new();
    for (start, said) in said {
        while let Some((_, entry)) = between.next_if(|(at, _)| *at <= start) {
            out.push(entry);
        }
        out.push(Entry::Said(said));
    }
    out.extend(between.map(|(_, entry)| entry));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_break_parts_what_begins_before_it_from_what_begins_at_it_or_later() {
        let breaks = Breaks::new(vec![44.0, 10.0]);
        assert!(breaks.part(30.0, 48.0) && breaks.part(30.0, 44.0) && breaks.part(9.9, 10.0));
        assert!(!breaks.part(44.0, 48.0) && !breaks.part(10.0, 43.9) && !Breaks::default().part(0.0, 1e9));
    }
}

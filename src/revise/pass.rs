//! A later pass over a session that has text already: under which id and number what it finds is written, and
//! what it leaves alone.
//!
//! Promises: what a person wrote stands, by its id and by its place, before the pass and while it goes on;
//! two finds never share an id; what a pass does not find again is withheld, not lost.

use std::collections::{HashMap, HashSet};

use super::cut::{self, Division, Edge};
use super::{Author, Proposal, revise};
use crate::base::utterance::{Utterance, id};

/// Why what a later pass finds is withheld where a person has written.
pub const EDITED: &str = "edited";
/// Why an utterance is withheld that was there before and was not found again.
pub const REPLACED: &str = "replaced";

/// The text of a session while a pass goes over it.
#[derive(Debug, Default)]
pub struct Pass {
    /// The text that was there, as it stood: the last revision of each id.
    before: Vec<Utterance>,
    /// Ids that belong to the text that is being made.
    current: HashSet<String>,
    /// Next revision of each id.
    next: HashMap<String, u32>,
    /// Lines that a person wrote: their ids, and by track where they are (session seconds).
    edited: HashSet<String>,
    places: HashMap<String, Vec<(f64, f64)>>,
    /// The same of those that were written while the pass went on.
    meanwhile: HashMap<String, Vec<(f64, f64)>>,
    /// What the pass has written: the last revision of each id.
    made: HashMap<String, Utterance>,
}

impl Pass {
    /// A pass over the text that stands in `before` (the last revision of each id). The ids in `current`
    /// belong to the text that is being made already: it goes on after them.
    pub fn new(before: Vec<Utterance>, current: HashSet<String>) -> Self {
        let mut pass = Self { current, ..Self::default() };
        for line in &before {
            pass.next.insert(line.id.clone(), line.rev.saturating_add(1));
            if line.edited.is_some() {
                pass.places.entry(line.track.clone()).or_default().push((line.start, line.end));
                pass.edited.insert(line.id.clone());
            }
        }
        pass.before = before;
        pass
    }

    /// A line that stands in the transcript and may be somebody else's; `None` means that it is this pass's
    /// own. Gives what is to be written of what the pass had made already, where a person wrote at its place.
    pub fn meanwhile(&mut self, line: Utterance) -> Option<Vec<Utterance>> {
        if self.next.get(&line.id).is_some_and(|next| line.rev < *next) {
            return None;
        }
        self.next.insert(line.id.clone(), line.rev.saturating_add(1));
        self.made.remove(&line.id);
        match self.before.iter_mut().find(|old| old.id == line.id) {
            Some(old) => *old = line.clone(),
            None => self.before.push(line.clone()),
        }
        if line.edited.is_none() {
            return Some(Vec::new());
        }
        let place = (line.start, line.end);
        for places in [&mut self.places, &mut self.meanwhile] {
            places.entry(line.track.clone()).or_default().push(place);
        }
        self.edited.insert(line.id.clone());
        // Lines of one pass lie beside each other; those of another one may lie across.
        if self.current.contains(&line.id) {
            return Some(Vec::new());
        }
        let lies_there = |made: &&Utterance| made.track == line.track && made.is_shown();
        let mut there: Vec<Utterance> = self.made.values().filter(lies_there).cloned().collect();
        let current = self.before.iter().filter(|old| self.current.contains(&old.id));
        there.extend(current.filter(|old| !self.made.contains_key(&old.id)).filter(lies_there).cloned());
        there.retain(|made| cut::divide(made, &[place], Edge::Touched) != Division::Outside);
        there.sort_by(|a, b| a.start.total_cmp(&b.start));
        Some(there.into_iter().flat_map(|made| self.found(made)).collect())
    }

    /// Whether what a machine would write in this line's place is not wanted any more.
    pub fn is_a_persons(&self, line: &Utterance) -> bool {
        line.edited.is_none() && self.edited.contains(&line.id)
    }

    /// What was found, under the id that it is to have: that of the line that lies where most of it does, so
    /// that what refers to it goes on doing so; each line gives its id once. The ids of older versions name
    /// other frames of the same sound ([`id`]): there the place alone tells.
    pub fn identify(&self, mut found: Utterance) -> Utterance {
        let is_taken = |id: &str| self.current.contains(id);
        if self.before.iter().any(|old| old.id == found.id) && !is_taken(&found.id) {
            return found;
        }
        let overlap = |old: &Utterance| {
            found.to_frame.min(old.to_frame).saturating_sub(found.from_frame.max(old.from_frame)).0
        };
        let is_free = |old: &&Utterance| {
            (&old.track, old.take) == (&found.track, found.take)
                && !is_taken(&old.id)
                && !self.edited.contains(&old.id)
                && old.withheld.as_deref() != Some(REPLACED)
                && overlap(old) > 0
        };
        if let Some(old) = self.before.iter().filter(is_free).max_by_key(|old| overlap(old)) {
            found.id = old.id.clone();
        } else if is_taken(&found.id) {
            // Another find has the line that once had this id.
            let own = found.id.clone();
            let free =
                (2u32..).map(|n| format!("{own}-{n}")).find(|id| !is_taken(id) && !self.edited.contains(id));
            found.id = free.unwrap_or(own);
        }
        found
    }

    /// What is to be written of what was found, or of a revision of it: nothing where a person wrote that
    /// very line; where they wrote others at its place, all of it withheld, and then the words that lie
    /// outside of those.
    pub fn found(&mut self, found: Utterance) -> Vec<Utterance> {
        self.current.insert(found.id.clone());
        let none = Vec::new();
        let places = self.places.get(&found.track).unwrap_or(&none);
        if self.edited.contains(&found.id) {
            // Of a line that was cut before it was edited a person wrote the first part only.
            let Division::Both { outside, .. } = cut::divide(&found, places, Edge::Touched) else {
                return Vec::new();
            };
            let rest = cut::part(&found, &outside, None);
            let own = id(&rest.track, rest.take, rest.from_frame);
            let rest = self.identify(Utterance { id: own, ..rest });
            self.current.insert(rest.id.clone());
            return vec![self.number(rest)];
        }
        let held = |found: &Utterance| Utterance { withheld: Some(EDITED.into()), ..found.clone() };
        let lines = match cut::divide(&found, places, Edge::Touched) {
            Division::Outside => vec![found],
            Division::Inside => vec![held(&found)],
            Division::Both { outside, .. } => vec![held(&found), cut::part(&found, &outside, None)],
        };
        lines.into_iter().map(|line| self.number(line)).collect()
    }

    /// The text is complete: what is to be written of what was there before and was not found again.
    pub fn replaced(&mut self) -> Vec<Utterance> {
        let withhold = Proposal::Withhold { reason: REPLACED.into() };
        let gone = self.before.iter().filter(|old| !self.current.contains(&old.id));
        let gone: Vec<Utterance> = gone.flat_map(|old| revise(old, &withhold, Author::Machine)).collect();
        gone.into_iter().map(|line| self.number(line)).collect()
    }

    /// A line of the text that is being made, under the next number: what is to be written of a revision of
    /// it, or of what was cut off one. Nothing where a person has written meanwhile.
    pub fn revised(&mut self, line: Utterance) -> Vec<Utterance> {
        if self.is_a_persons(&line) {
            return Vec::new();
        }
        let is_new = !self.next.contains_key(&line.id);
        if is_new && self.meanwhile.contains_key(&line.track) {
            return self.found(line);
        }
        self.current.insert(line.id.clone());
        vec![self.number(line)]
    }

    /// A line as the next revision of its id.
    fn number(&mut self, line: Utterance) -> Utterance {
        let next = self.next.entry(line.id.clone()).or_default();
        let rev = *next;
        *next = next.saturating_add(1);
        let line = Utterance { rev, ..line };
        self.made.insert(line.id.clone(), line.clone());
        line
    }

    /// The revision of an utterance that was written last.
    pub fn revision(&self, id: &str) -> u32 {
        self.next.get(id).map_or(0, |next| next.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Frames;
    use crate::base::utterance::{Edited, Word};

    /// A line of track `a` with a word each second.
    fn line(id: &str, from_s: u64, text: &str) -> Utterance {
        let word = |(n, text): (usize, &str)| {
            let start = from_s as f64 + n as f64;
            Word { text: text.into(), start, end: start + 0.9, p: 0.9 }
        };
        let words: Vec<Word> = text.split(' ').enumerate().map(word).collect();
        let end = from_s + words.len() as u64;
        Utterance {
            id: id.into(),
            track: "a".into(),
            take: 1,
            from_frame: Frames(from_s * 1000),
            to_frame: Frames(end * 1000),
            start: from_s as f64,
            end: end as f64,
            text: text.into(),
            words,
            ..Utterance::default()
        }
    }

    fn by_person(line: Utterance) -> Utterance {
        let edited = Edited { utc: "2026-03-14T08:30:00Z".parse().unwrap(), journal: 1 };
        Utterance { edited: Some(edited), ..line }
    }

    fn pass(before: &[Utterance]) -> Pass {
        Pass::new(before.to_vec(), HashSet::new())
    }

    #[test]
    fn finds_get_the_ids_of_older_versions_by_their_place() {
        // The segment began 0.3 s before its speech: that was the id.
        let old = [line("a-1-9700", 10, "we meet at nine"), line("a-1-19700", 20, "yes")];
        let mut pass = pass(&old);
        let first = pass.identify(line(&id("a", 1, Frames(10_000)), 10, "we meet at nine"));
        assert_eq!(first.id, "a-1-9700");
        assert_eq!(pass.found(first).iter().map(|line| line.rev).collect::<Vec<_>>(), [1]);
        let other = pass.identify(line("a-1-30000", 30, "elsewhere"));
        assert_eq!(other.id, "a-1-30000");
        assert_eq!(pass.found(other)[0].rev, 0);
        let gone = pass.replaced();
        assert_eq!(
            gone.iter().map(|line| (line.id.as_str(), line.rev)).collect::<Vec<_>>(),
            [("a-1-19700", 1)]
        );
        assert_eq!(gone[0].withheld.as_deref(), Some(REPLACED));
    }

    #[test]
    fn two_finds_never_share_an_id() {
        // The first find takes the line's id by its place; then one comes that has it by its own frame.
        let mut pass = pass(&[line("a-1-10000", 8, "we meet at nine then")]);
        let ids: Vec<String> = [line("a-1-8000", 8, "we meet"), line("a-1-10000", 20, "at nine")]
            .into_iter()
            .map(|found| {
                let found = pass.identify(found);
                assert_eq!(pass.found(found.clone()).len(), 1);
                found.id
            })
            .collect();
        assert_eq!(ids, ["a-1-10000", "a-1-10000-2"]);
    }

    #[test]
    fn what_a_person_wrote_stands() {
        let mut pass =
            pass(&[by_person(line("mine", 10, "we meet at nine")), line("theirs", 13, "nine sharp")]);
        assert_eq!(pass.found(line("mine", 10, "we meat at nine")), []);
        let lines = pass.found(line("new", 12, "at nine yes no"));
        let texts: Vec<_> =
            lines.iter().map(|line| (line.rev, line.withheld.as_deref(), &*line.text)).collect();
        assert_eq!(texts, [(0, Some(EDITED), "at nine yes no"), (1, None, "yes no")]);
        let gone: Vec<String> = pass.replaced().into_iter().map(|line| line.id).collect();
        assert_eq!(gone, ["theirs"], "a person's line is not replaced");
    }

    #[test]
    fn what_a_person_writes_meanwhile_stands_too() {
        let mut pass = pass(&[line("old", 10, "we meet at nine"), line("across", 20, "nine sharp")]);
        let found = pass.identify(line("a-1-10000", 10, "we meat at nine"));
        let made = pass.found(found).remove(0);
        assert_eq!((pass.meanwhile(made.clone()), made.rev), (None, 1), "it is its own");
        // A line that it has made: no judgement of the machine comes after it, nor what is cut off it.
        let mine = by_person(Utterance { rev: 2, ..made.clone() });
        assert_eq!(pass.meanwhile(mine.clone()), Some(Vec::new()));
        assert!(pass.is_a_persons(&made) && !pass.is_a_persons(&mine));
        assert_eq!(pass.found(Utterance { withheld: Some("echo".into()), ..made.clone() }), []);
        assert_eq!(pass.revised(made), []);
        let cut = pass.revised(line("a-1-12000", 12, "at nine"));
        assert_eq!(cut.iter().map(|line| line.withheld.as_deref()).collect::<Vec<_>>(), [Some(EDITED)]);
        // One that was there before, across which it has made another one by then.
        pass.found(line("new", 19, "at nine sharp yes"));
        let theirs = by_person(Utterance { rev: 1, ..line("across", 20, "nine o'clock") });
        let lines = pass.meanwhile(theirs).unwrap();
        let texts: Vec<_> =
            lines.iter().map(|line| (line.rev, line.withheld.as_deref(), &*line.text)).collect();
        assert_eq!(texts, [(1, Some(EDITED), "at nine sharp yes"), (2, None, "at yes")]);
        assert_eq!(pass.replaced(), []);
    }

    #[test]
    fn what_was_cut_off_an_edited_line_is_not_lost_with_it() {
        // One utterance of two people was cut; a person wrote the first part, then all is heard once more.
        let mut pass = pass(&[by_person(line("a-1-10000", 10, "we meet")), line("a-1-12000", 12, "at nine")]);
        let whole = pass.identify(line("a-1-10000", 10, "we meat at nine"));
        let lines = pass.found(whole);
        let found: Vec<_> = lines.iter().map(|line| (&*line.id, line.rev, &*line.text)).collect();
        assert_eq!(found, [("a-1-12000", 1, "at nine")]);
        assert_eq!(pass.replaced(), []);
    }
}

//! What was said and what happened, in the order of the meeting, and the place in it that is looked at. Pure.

use std::collections::BTreeMap;

use crate::base::text::clean;
use crate::base::utterance::Utterance;
use crate::session::mark::MarkKind;

/// Lines that are kept to be scrolled through: ten hours of talk. Older ones stand in the transcript's file.
const ENTRIES_MAX: usize = 10_000;

/// Something in the meeting.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// Identity: a later one of the same id replaces it.
    pub(super) id: String,
    /// Session second at which it stands.
    pub(super) at: f64,
    pub(super) what: What,
}

/// What it is. All texts are safe for a terminal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Said {
        /// As it stands in the transcript.
        line: Box<Utterance>,
        name: String,
        /// What of it is shown.
        text: String,
    },
    Mark {
        kind: MarkKind,
        text: String,
    },
    /// Nothing is recorded here, or something of it is missing.
    Missing {
        text: String,
        lost: bool,
    },
    Happened {
        text: String,
        alarm: bool,
    },
}

impl Entry {
    /// All its words, as they are searched.
    fn words(&self) -> String {
        match &self.what {
            What::Said { name, text, .. } => format!("{name} {text}"),
            What::Mark { kind, text } => format!("{} {text}", kind.title()),
            What::Missing { text, .. } | What::Happened { text, .. } => text.clone(),
        }
    }
}

/// Seconds that a line lasts.
fn seconds(line: &Utterance) -> f64 {
    (line.end - line.start).max(0.0)
}

/// A line that still grows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Growing {
    pub(super) id: String,
    pub(super) at: f64,
    /// Up to where it has been heard.
    pub(super) until: f64,
    pub(super) name: String,
    pub(super) text: String,
}

/// The line at the foot of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foot {
    pub(super) entry: usize,
    /// So many of its lines are below the page.
    pub(super) cut: usize,
}

/// A search that goes on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Search {
    /// In lower case.
    pub(super) needle: String,
    /// The entry that was found.
    pub(super) found: Option<usize>,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Transcript {
    entries: Vec<Entry>,
    /// What is not to be seen as long as a passage is hidden.
    aside: Vec<Entry>,
    growing: BTreeMap<String, Growing>,
    /// Who has spoken, in the order in which they were heard first.
    speakers: Vec<String>,
    /// `None` follows what is said.
    foot: Option<Foot>,
    pub(super) search: Option<Search>,
    /// Seconds of speech by track.
    talk: BTreeMap<String, f64>,
}

impl Transcript {
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Lines that grow, the oldest first.
    pub(super) fn growing(&self) -> Vec<&Growing> {
        let mut growing: Vec<_> = self.growing.values().collect();
        growing.sort_by(|a, b| a.at.total_cmp(&b.at));
        growing
    }

    /// Who has spoken.
    pub(super) fn speakers(&self) -> &[String] {
        &self.speakers
    }

    /// Seconds that were spoken on a track.
    pub(super) fn talk(&self, track: &str) -> Option<f64> {
        self.talk.get(track).copied()
    }

    pub(super) fn foot(&self) -> Option<Foot> {
        self.foot
    }

    /// Puts something where it belongs, in the place of what had its id.
    pub(super) fn put(&mut self, entry: Entry) {
        let before = self.entries.iter().rposition(|before| before.id == entry.id);
        let stays = before.filter(|index| self.entries[*index].at == entry.at);
        match (before, stays) {
            (Some(index), Some(_)) => self.forget_talk(index),
            (Some(index), None) => self.take_out(index),
            _ => {}
        }
        self.aside.retain(|aside| aside.id != entry.id);
        if let What::Said { line, name, .. } = &entry.what {
            *self.talk.entry(line.track.clone()).or_default() += seconds(line);
            self.growing.retain(|_, growing| growing.id != entry.id);
            if !self.speakers.contains(name) {
                self.speakers.push(name.clone());
            }
        }
        if let Some(index) = stays {
            self.entries[index] = entry;
            return;
        }
        if self.entries.len() >= ENTRIES_MAX {
            self.take_out(0);
        }
        let index = self.entries.partition_point(|before| before.at <= entry.at);
        self.entries.insert(index, entry);
        self.moved(index, 1);
    }

    /// Keeps something that is not to be seen now.
    pub(super) fn put_aside(&mut self, entry: Entry) {
        self.remove(&entry.id);
        if self.aside.len() >= ENTRIES_MAX {
            self.aside.remove(0);
        }
        self.aside.push(entry);
    }

    /// All that is there, seen or not.
    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().chain(&self.aside)
    }

    /// It stands nowhere any more.
    pub(super) fn remove(&mut self, id: &str) {
        self.aside.retain(|aside| aside.id != id);
        if let Some(index) = self.entries.iter().rposition(|entry| entry.id == id) {
            self.take_out(index);
        }
    }

    fn forget_talk(&mut self, index: usize) {
        if let What::Said { line, .. } = &self.entries[index].what
            && let Some(talk) = self.talk.get_mut(&line.track)
        {
            *talk = (*talk - seconds(line)).max(0.0);
        }
    }

    fn take_out(&mut self, index: usize) {
        // What has scrolled out of memory was said all the same.
        if self.entries.len() < ENTRIES_MAX {
            self.forget_talk(index);
        }
        self.entries.remove(index);
        self.moved(index, -1);
    }

    /// Keeps the page where it is: entries from `index` on have moved.
    fn moved(&mut self, index: usize, by: isize) {
        let last = self.entries.len().saturating_sub(1);
        let follow = |at: usize| match by {
            1 if at >= index => at + 1,
            -1 if at > index || at > last => at.saturating_sub(1),
            _ => at,
        };
        if let Some(foot) = &mut self.foot {
            foot.entry = follow(foot.entry);
        }
        if let Some(Search { found: Some(found), .. }) = &mut self.search {
            *found = follow(*found);
        }
        if self.entries.is_empty() {
            self.foot = None;
        }
    }

    /// A line grows, or is retracted.
    pub(super) fn grow(&mut self, track: &str, line: Growing) {
        let is_finished = || self.entries.iter().rev().take(64).any(|entry| entry.id == line.id);
        if line.text.is_empty() || is_finished() {
            self.growing.remove(track);
        } else {
            self.growing.insert(track.to_owned(), line);
        }
    }

    /// Lines that grow are retracted where they are of such a kind.
    pub(super) fn retract(&mut self, is_meant: impl Fn(&Growing) -> bool) {
        self.growing.retain(|_, line| !is_meant(line));
    }

    /// What each of them is called now.
    pub(super) fn rename(&mut self, to: &str, is_meant: impl Fn(Option<&str>, &str) -> bool) {
        let to = clean(to);
        let mut before = None;
        for entry in self.entries.iter_mut().chain(&mut self.aside) {
            if let What::Said { line, name, .. } = &mut entry.what
                && is_meant(line.voice.as_deref(), name)
                && *name != to
            {
                before.get_or_insert_with(|| name.clone());
                name.clone_from(&to);
            }
        }
        for line in self.growing.values_mut().filter(|line| is_meant(None, &line.name)) {
            line.name.clone_from(&to);
        }
        // The colour goes with the person.
        if let Some(before) = before {
            let is_left =
                self.entries.iter().any(|e| matches!(&e.what, What::Said { name, .. } if *name == before));
            match self.speakers.iter().position(|name| *name == before) {
                Some(at) if !is_left && !self.speakers.contains(&to) => self.speakers[at] = to,
                Some(at) if !is_left => drop(self.speakers.remove(at)),
                _ if !self.speakers.contains(&to) => self.speakers.push(to),
                _ => {}
            }
        }
    }

    /// The voice of whoever is called so.
    pub(super) fn voice_of(&self, called: &str) -> Option<String> {
        self.entries.iter().rev().find_map(|entry| match &entry.what {
            What::Said { line, name, .. } if name == called => Some(line.voice.clone()),
            _ => None,
        })?
    }

    /// Merges one voice into another one.
    pub(super) fn merge(&mut self, from: &str, into: &str) {
        let of_into = self.entries.iter().rev().find_map(|entry| match &entry.what {
            What::Said { line, name, .. } if line.voice.as_deref() == Some(into) => Some(name.clone()),
            _ => None,
        });
        if let Some(name) = of_into {
            self.rename(&name, |voice, _| voice == Some(from));
        }
        for entry in self.entries.iter_mut().chain(&mut self.aside) {
            if let What::Said { line, .. } = &mut entry.what
                && line.voice.as_deref() == Some(from)
            {
                line.voice = Some(into.to_owned());
            }
        }
    }

    /// Moves the page by so many lines (up is negative). `height` tells how many lines an entry has, `page`
    /// how many the page has.
    pub(super) fn scroll(&mut self, lines: isize, page: usize, height: impl Fn(&Entry) -> usize) {
        let Some(last) = self.entries.len().checked_sub(1) else { return };
        let mut foot = self.foot.unwrap_or(Foot { entry: last, cut: 0 });
        if lines < 0 {
            let top = self.top(page, &height);
            for _ in 0..lines.unsigned_abs() {
                if (foot.entry, std::cmp::Reverse(foot.cut)) <= (top.entry, std::cmp::Reverse(top.cut)) {
                    break;
                }
                foot.cut += 1;
                if foot.cut >= height(&self.entries[foot.entry]).max(1) {
                    foot = Foot { entry: foot.entry.saturating_sub(1), cut: 0 };
                }
            }
        } else {
            for _ in 0..lines {
                if foot.cut > 0 {
                    foot.cut -= 1;
                } else if foot.entry < last {
                    foot.entry += 1;
                    foot.cut = height(&self.entries[foot.entry]).saturating_sub(1);
                }
            }
        }
        // At its end it follows again.
        self.foot = (foot != Foot { entry: last, cut: 0 }).then_some(foot);
    }

    /// The foot of the first page.
    fn top(&self, page: usize, height: impl Fn(&Entry) -> usize) -> Foot {
        let mut room = page.max(1);
        for (index, entry) in self.entries.iter().enumerate() {
            let lines = height(entry).max(1);
            if lines >= room {
                return Foot { entry: index, cut: lines - room };
            }
            room -= lines;
        }
        Foot { entry: self.entries.len().saturating_sub(1), cut: 0 }
    }

    /// To the beginning.
    pub(super) fn home(&mut self, page: usize, height: impl Fn(&Entry) -> usize) {
        let Some(last) = self.entries.len().checked_sub(1) else { return };
        let top = self.top(page, height);
        self.foot = (top != Foot { entry: last, cut: 0 }).then_some(top);
    }

    /// To what is said now, from now on.
    pub(super) fn follow(&mut self) {
        self.foot = None;
    }

    /// Entries below the page.
    pub(super) fn below(&self) -> usize {
        self.foot.map_or(0, |foot| self.entries.len().saturating_sub(foot.entry + 1))
    }

    /// Looks for this from the end on.
    pub(super) fn look_for(&mut self, needle: &str) {
        self.search = Some(Search { needle: needle.to_lowercase(), found: None });
        self.find(false);
    }

    /// To the next entry that has it: later in the meeting, or earlier. Gives whether there is one.
    pub(super) fn find(&mut self, later: bool) -> bool {
        let Some(search) = &self.search else { return false };
        let has = |index: &usize| self.entries[*index].words().to_lowercase().contains(&search.needle);
        let end = self.entries.len();
        let found = match (later, search.found) {
            (false, from) => (0..from.unwrap_or(end).min(end)).rev().find(has),
            (true, from) => (from.map_or(0, |from| from + 1)..end).find(has),
        };
        let Some(found) = found else { return false };
        self.foot = (found + 1 < end).then_some(Foot { entry: found, cut: 0 });
        if let Some(search) = &mut self.search {
            search.found = Some(found);
        }
        true
    }

    /// How many entries have what is looked for, and which of them (from 1, the latest first) is shown.
    pub(super) fn matches(&self) -> (usize, Option<usize>) {
        let Some(search) = &self.search else { return (0, None) };
        let has = |entry: &Entry| entry.words().to_lowercase().contains(&search.needle);
        let found: Vec<usize> =
            self.entries.iter().enumerate().filter(|(_, entry)| has(entry)).map(|(index, _)| index).collect();
        let place = found.iter().rev().position(|index| Some(*index) == search.found);
        (found.len(), place.map(|place| place + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(id: &str, at: f64, text: &str) -> Entry {
        let (track, voice) = ("a".into(), Some("a#1".into()));
        let line = Utterance { track, voice, start: at, end: at + 2.0, ..Utterance::default() };
        let what = What::Said { line: Box::new(line), name: "Ann".into(), text: text.into() };
        Entry { id: id.into(), at, what }
    }

    fn ids(transcript: &Transcript) -> Vec<&str> {
        transcript.entries().iter().map(|entry| &*entry.id).collect()
    }

    #[test]
    fn a_page_stays_where_it_is_while_lines_come_and_go() {
        let mut all = Transcript::default();
        (0..10).for_each(|n| all.put(said(&n.to_string(), f64::from(n), "x")));
        all.scroll(-3, 4, |_| 1);
        assert_eq!(all.foot(), Some(Foot { entry: 6, cut: 0 }));
        // One that was late, one that turned out to be an echo, one at the end.
        all.put(said("late", 1.5, "x"));
        assert_eq!(all.entries()[all.foot().unwrap().entry].id, "6");
        all.remove("0");
        all.put(said("end", 20.0, "x"));
        assert_eq!(all.entries()[all.foot().unwrap().entry].id, "6");
        assert_eq!(all.below(), 4);
        // No further than the first page, and at the end it follows.
        all.scroll(-100, 4, |_| 1);
        assert_eq!(all.foot(), Some(Foot { entry: 3, cut: 0 }));
        all.scroll(100, 4, |_| 1);
        assert_eq!(all.foot(), None);
        all.home(4, |_| 3);
        assert_eq!(all.foot(), Some(Foot { entry: 1, cut: 2 }));
        assert_eq!(all.talk("a"), Some(22.0));
    }

    #[test]
    fn what_is_looked_for_is_found_both_ways() {
        let mut all = Transcript::default();
        for (n, text) in ["Fish", "meat", "more fish", "bread"].into_iter().enumerate() {
            all.put(said(&n.to_string(), n as f64, text));
        }
        all.look_for("FISH");
        assert_eq!((all.matches(), all.foot().map(|foot| foot.entry)), ((2, Some(1)), Some(2)));
        assert!(all.find(false) && !all.find(false));
        assert_eq!((all.matches(), all.foot().map(|foot| foot.entry)), ((2, Some(2)), Some(0)));
        assert!(all.find(true) && !all.find(true));
        all.look_for("Ann bread");
        assert_eq!((all.matches(), all.foot()), ((1, Some(1)), None), "the last one is at the end");
    }

    #[test]
    fn names_and_revisions_hold_for_what_stands_there() {
        let mut all = Transcript::default();
        all.put(said("1", 0.0, "one"));
        all.put(said("1", 0.0, "won"));
        assert_eq!((ids(&all), all.talk("a")), (vec!["1"], Some(2.0)));
        all.rename("Ann\u{1b}[2J Weiss", |voice, _| voice == Some("a#1"));
        assert_eq!(all.speakers(), ["Ann[2J Weiss"]);
        let growing = |text: &str| Growing {
            id: "2".into(),
            at: 3.0,
            until: 4.0,
            name: "Bob".into(),
            text: text.into(),
        };
        all.grow("b", growing("so it"));
        all.grow("b", growing("so it goes"));
        assert_eq!(all.growing().len(), 1);
        all.grow("b", growing(""));
        assert!(all.growing().is_empty());
    }
}

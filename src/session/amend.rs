//! What people added to a session after the fact or beside the sound: marks, other names, hidden passages,
//! its title and who was there; read from the journal, where it was appended.
//!
//! Nothing is changed by it on the disk: it is laid over what was recorded when a session is read, so it
//! holds for text that is made later as well. Promises: bounded memory, no panic on any journal. A line that
//! can't be understood is passed over: `verify` is the one to judge the journal.

use std::collections::HashMap;
use std::path::Path;

use super::details::{Detail, Details};
use super::erased::{Erased, Part};
use super::journal::{Event, Line};
use super::lines::LineReader;
use super::mark::Mark;
use super::read::{JOURNAL, JOURNAL_BYTES_MAX, ReadError, is_time};
use crate::base::utterance::Utterance;
use crate::revise::cut;

/// More than anybody adds to a meeting.
const ADDED_MAX: usize = 100_000;
/// Why an utterance is withheld that lies in a hidden passage.
pub const HIDDEN: &str = "hidden";
/// A line's kind stands within so many bytes.
const KIND_WITHIN: usize = 200;
/// What stands where hidden words stood between others.
pub(super) const LEFT_OUT: &str = "[…]";

/// What people added.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amendments {
    /// The marks that stand, by session time; those in a hidden passage do not.
    pub marks: Vec<Mark>,
    /// Marks that there ever were, those that were taken back among them.
    pub marks_made: usize,
    /// Passages that are hidden, by their beginning.
    pub passages: Vec<Passage>,
    /// Passages that ever were hidden.
    pub passages_made: usize,
    /// What was said of the meeting as such.
    pub details: Details,
    /// What was erased, in the order in which it was.
    pub erased: Vec<Erased>,
    /// Session second at which people were first told that they are recorded.
    pub announced: Option<f64>,
    /// Other names, in the order in which they were given.
    renames: Vec<Rename>,
    /// What was said of voices, in that order, with the number of its line in the journal.
    voices: Vec<(u64, VoiceChange)>,
}

/// What a person said of a voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoiceChange {
    /// Whose it is.
    Named {
        /// Id of the voice.
        voice: String,
        /// That person's name.
        name: String,
    },
    /// That it is another one.
    Merged {
        /// Id of the voice that goes.
        from: String,
        /// Id of the voice that stays.
        into: String,
    },
}

/// A passage that no export shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Identity within the session: `hide-1`.
    pub id: String,
    /// Session seconds.
    pub from: f64,
    /// Session seconds.
    pub to: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct Rename {
    /// Number of its line in the journal.
    seq: u64,
    from: String,
    to: String,
}

/// How a journal writes the kinds of lines that matter here; only those are parsed.
const KINDS: [&[u8]; 8] = [
    br#""kind":"announced""#,
    br#""kind":"mark""#,
    br#""kind":"renamed""#,
    br#""kind":"hidden""#,
    br#""kind":"voice_"#,
    br#""kind":"described""#,
    br#""kind":"erased""#,
    br#""kind":"text_begun""#,
];

impl Amendments {
    /// Reads the journal of the session in `dir`; one that is missing says nothing.
    ///
    /// # Errors
    /// It is there and can't be read.
    pub fn read(dir: &Path) -> Result<Self, ReadError> {
        Self::read_until(dir, u64::MAX)
    }

    /// The same of the journal's first lines only, up to that number.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_until(dir: &Path, until: u64) -> Result<Self, ReadError> {
        let path = dir.join(JOURNAL);
        let mut gathered = Gathered::default();
        let Some(mut lines) = LineReader::open(&path, JOURNAL_BYTES_MAX)? else { return Ok(Self::default()) };
        while let Some(line) = lines.next_line()? {
            if !KINDS.iter().any(|kind| contains(line.bytes, kind)) {
                continue;
            }
            if let Ok(line) = serde_json::from_slice::<Line>(line.bytes)
                && line.seq < until
                && !gathered.take(line)
            {
                return Err(ReadError::Damaged {
                    path,
                    what: format!("people are said to have added more than {ADDED_MAX} things to it"),
                });
            }
        }
        Ok(gathered.into_amendments())
    }

    /// Takes in what a further line of the journal says of names; whether it says anything new of them.
    pub fn hear(&mut self, line: &Line) -> bool {
        let renamed = self.renames.last().map(|rename| rename.seq);
        if renamed.max(self.voices.last().map(|change| change.0)).is_some_and(|last| line.seq <= last) {
            return false;
        }
        match &line.event {
            Event::Renamed { from, to } => {
                self.renames.push(Rename { seq: line.seq, from: from.clone(), to: to.clone() });
            }
            Event::VoiceNamed { voice, name } => {
                let (voice, name) = (voice.clone(), name.clone());
                self.voices.push((line.seq, VoiceChange::Named { voice, name }));
            }
            Event::VoiceMerged { from, into } => {
                let (from, into) = (from.clone(), into.clone());
                self.voices.push((line.seq, VoiceChange::Merged { from, into }));
            }
            _ => return false,
        }
        true
    }

    /// What `name` is called now. Of a name that was written by a person only what was said after the
    /// journal's line `since` holds.
    pub fn name_of(&self, name: &str, since: u64) -> String {
        let later = self.renames.iter().filter(|rename| rename.seq >= since);
        later.fold(name.to_owned(), |name, rename| if rename.from == name { rename.to.clone() } else { name })
    }

    /// All that `name` was called in turn, itself first.
    pub fn names_in_turn(&self, name: &str) -> Vec<String> {
        let mut names = vec![name.to_owned()];
        for rename in &self.renames {
            if names.last() == Some(&rename.from) {
                names.push(rename.to.clone());
            }
        }
        names
    }

    /// What the name that a line was written under is called now.
    pub fn name_of_line(&self, line: &Utterance) -> String {
        self.name_of(&line.speaker, line.edited.map_or(0, |edited| edited.journal))
    }

    /// What was said of voices, in order, each with the number of its line in the journal.
    pub fn voice_changes(&self) -> impl Iterator<Item = &(u64, VoiceChange)> {
        self.voices.iter()
    }

    /// All names that were given: what each was, and what it became.
    pub fn renames(&self) -> impl Iterator<Item = (&str, &str)> {
        self.renames.iter().map(|rename| (rename.from.as_str(), rename.to.as_str()))
    }

    /// That a part was erased, and not made again since; the last time counts.
    pub fn erased(&self, part: Part) -> Option<&Erased> {
        self.erased.iter().rfind(|erased| erased.part == part)
    }

    /// The passage that hides a moment.
    pub fn hides(&self, at: f64) -> Option<&Passage> {
        self.passages.iter().find(|passage| (passage.from..=passage.to).contains(&at))
    }

    /// An utterance as it stands in the minutes: under the name that counts, without what is hidden.
    pub fn amended(&self, utterance: &Utterance) -> Utterance {
        let speaker = self.name_of_line(utterance);
        let spans: Vec<(f64, f64)> = self.passages.iter().map(|passage| (passage.from, passage.to)).collect();
        match cut::without(utterance, &spans, LEFT_OUT) {
            Some(rest) => Utterance { speaker, ..rest },
            None => Utterance { speaker, withheld: Some(HIDDEN.into()), ..utterance.clone() },
        }
    }
}

/// What is said of a meeting as such, as the journal has it.
pub fn described(details: &Details) -> Vec<Event> {
    let event = |detail| Event::Described { detail, lines: details.of(detail).to_vec() };
    Detail::ALL.into_iter().filter(|detail| !details.of(*detail).is_empty()).map(event).collect()
}

/// The title that people gave the session in `dir` after it had begun, for a look at many sessions; `None`
/// where there is none, or its journal can't be read.
pub fn title(dir: &Path) -> Option<String> {
    let kind = br#""kind":"described""#;
    let mut title = None;
    let mut lines = LineReader::open(&dir.join(JOURNAL), JOURNAL_BYTES_MAX).ok()??;
    while let Ok(Some(line)) = lines.next_line() {
        if contains(&line.bytes[..line.bytes.len().min(KIND_WITHIN)], kind)
            && let Ok(Line { event: Event::Described { detail: Detail::Title, lines }, .. }) =
                serde_json::from_slice(line.bytes)
        {
            title = lines.into_iter().next();
        }
    }
    title
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}

/// What was read so far.
#[derive(Default)]
struct Gathered {
    lines: usize,
    /// By id; `None` means taken back.
    marks: HashMap<String, Option<Mark>>,
    passages: HashMap<String, Option<Passage>>,
    details: Details,
    erased: Vec<Erased>,
    announced: Option<f64>,
    renames: Vec<Rename>,
    voices: Vec<(u64, VoiceChange)>,
}

impl Gathered {
    /// Takes a line in; false once there are too many.
    fn take(&mut self, line: Line) -> bool {
        match line.event {
            Event::Mark { id, at, mark, text, withdrawn } if is_time(at) => {
                let mark = Mark { id: id.clone(), at, kind: mark, text };
                self.marks.insert(id, Some(mark).filter(|_| !withdrawn));
            }
            Event::Hidden { id, from, to, shown } if is_time(from) && is_time(to) => {
                let passage = Passage { id: id.clone(), from, to };
                self.passages.insert(id, Some(passage).filter(|_| !shown));
            }
            Event::Described { detail, lines } => self.details.set(detail, lines),
            Event::Erased { part, by, .. } => self.erased.push(Erased { part, at: line.utc, by }),
            // The text is made anew.
            Event::TextBegun { .. } => self.erased.retain(|erased| erased.part != Part::Text),
            Event::Announced { at, .. } => {
                self.announced.get_or_insert(at);
            }
            Event::Renamed { from, to } => self.renames.push(Rename { seq: line.seq, from, to }),
            Event::VoiceNamed { voice, name } => {
                self.voices.push((line.seq, VoiceChange::Named { voice, name }));
            }
            Event::VoiceMerged { from, into } => {
                self.voices.push((line.seq, VoiceChange::Merged { from, into }));
            }
            _ => return true,
        }
        self.lines += 1;
        self.lines <= ADDED_MAX
    }

    fn into_amendments(self) -> Amendments {
        let (marks_made, passages_made) = (self.marks.len(), self.passages.len());
        let mut passages: Vec<Passage> = self.passages.into_values().flatten().collect();
        passages.sort_by(|a, b| a.from.total_cmp(&b.from).then_with(|| a.id.cmp(&b.id)));
        let mut marks: Vec<Mark> = self.marks.into_values().flatten().collect();
        marks.sort_by(|a, b| a.at.total_cmp(&b.at).then_with(|| a.id.cmp(&b.id)));
        let mut amendments = Amendments {
            marks: Vec::new(),
            marks_made,
            passages,
            passages_made,
            details: self.details,
            erased: self.erased,
            announced: self.announced,
            renames: self.renames,
            voices: self.voices,
        };
        marks.retain(|mark| amendments.hides(mark.at).is_none());
        amendments.marks = marks;
        amendments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::utterance::{Word, joined};

    fn said(words: &[(&str, f64)]) -> Utterance {
        let words: Vec<Word> = words
            .iter()
            .map(|(text, start)| Word { text: (*text).into(), start: *start, end: start + 0.9, p: 0.9 })
            .collect();
        Utterance {
            id: "alice-1-0".into(),
            track: "alice".into(),
            speaker: "Alice".into(),
            take: 1,
            from_frame: crate::base::units::Frames(0),
            to_frame: crate::base::units::Frames(0),
            start: words.first().map_or(10.0, |word| word.start),
            end: words.last().map_or(13.0, |word| word.end),
            text: joined(&words),
            words,
            confidence: 0.9,
            language: "en".into(),
            model: "scripted".into(),
            is_final: true,
            ..Utterance::default()
        }
    }

    #[test]
    fn what_is_hidden_is_held_back_and_not_destroyed() {
        let all = said(&[("we", 10.0), ("pay", 11.0), ("nine", 12.0), ("euros", 13.0)]);
        let amended = |from, to| {
            let passages = vec![Passage { id: "hide-1".into(), from, to }];
            Amendments { passages, ..Amendments::default() }.amended(&all)
        };
        let part = amended(12.0, 12.1);
        assert_eq!((part.text.as_str(), part.rev, part.confidence), ("we pay […] euros", 0, all.confidence));
        let hidden = amended(9.0, 20.0);
        assert_eq!((hidden.text.as_str(), hidden.withheld.as_deref()), (all.text.as_str(), Some(HIDDEN)));
    }

    #[test]
    fn names_are_given_in_order_and_only_to_what_was_there() {
        let rename = |seq, from: &str, to: &str| Rename { seq, from: from.into(), to: to.into() };
        // Two who had been taken for each other.
        let renames = vec![rename(5, "Alice", "X"), rename(6, "Bob", "Alice"), rename(7, "X", "Bob")];
        let amendments = Amendments { renames, ..Amendments::default() };
        assert_eq!(amendments.name_of("Alice", 0), "Bob");
        assert_eq!(amendments.name_of("Bob", 0), "Alice");
        assert_eq!(amendments.name_of("Alice", 8), "Alice", "a person wrote it when all that was known");
        assert_eq!(amendments.name_of("Carol", 0), "Carol");
    }
}

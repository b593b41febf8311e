//! What a line's speaker is called at this moment, while its session still grows: the display names of
//! [`people`](super::people), kept up with what is told of lines, of voices and of the journal. For whoever
//! shows lines as they come. Pure but for its beginning, which reads the session.
//!
//! Promises: the names are those that a reading of the session would give now, with what is known of voices
//! beside it; a line told twice, or late, changes nothing; memory grows by some bytes a line. Refuses to
//! write anything: a name that comes from a voice print is for showing alone.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::amend::Amendments;
use super::journal;
use super::manifest::SourceEntry;
use super::people::{Names, VoiceName};
use super::read::ReadError;
use super::reading::Session;
use super::voices::{VoiceEntry, Voices};
use crate::base::utterance::Utterance;
use crate::revise::pass::REPLACED;

/// The names of a session that grows.
#[derive(Debug, Clone, Default)]
pub struct Naming {
    /// As they were recorded.
    sources: Vec<SourceEntry>,
    amendments: Amendments,
    /// What is known of voices.
    known: Vec<VoiceEntry>,
    /// By id of a line, the revision that counts and its voice.
    lines: HashMap<String, (u32, Option<String>)>,
    /// How many lines each voice has.
    counts: BTreeMap<String, usize>,
    /// By id, lines that a person wrote: they may teach.
    edited: BTreeMap<String, Utterance>,
    names: Names,
}

impl Naming {
    /// The names of the session in `dir` as it stands.
    ///
    /// # Errors
    /// It can't be read.
    pub fn open(dir: &Path) -> Result<Self, ReadError> {
        let session = Session::open(dir)?;
        let recorded = |source: &SourceEntry| SourceEntry {
            name: session.recorded_name(source).to_owned(),
            ..source.clone()
        };
        let mut naming = Self {
            sources: session.manifest.sources.iter().map(recorded).collect(),
            amendments: session.amendments.clone(),
            known: session.voices.entries.clone(),
            ..Self::default()
        };
        for line in &session.history {
            naming.count(line);
        }
        naming.refresh();
        Ok(naming)
    }

    /// A line was said or revised.
    pub fn line(&mut self, line: &Utterance) {
        if self.count(line) {
            self.refresh();
        }
    }

    /// Something was written to the journal.
    pub fn event(&mut self, line: &journal::Line) {
        if self.amendments.hear(line) {
            self.refresh();
        }
    }

    /// This is known of the voices that are heard, whether they have lines yet or not.
    pub fn voices(&mut self, known: &[VoiceEntry]) {
        if self.known != known {
            self.known = known.to_vec();
            self.refresh();
        }
    }

    /// What a line's speaker is called.
    pub fn of_line(&self, line: &Utterance) -> String {
        let by_voice = self.names.of_line(line).map(str::to_owned);
        by_voice.unwrap_or_else(|| self.amendments.name_of_line(line))
    }

    /// What a voice is called that has a line.
    pub fn of_voice(&self, voice: &str) -> Option<&VoiceName> {
        self.names.of(voice)
    }

    /// Counts a line to its voice; whether that may change names.
    fn count(&mut self, line: &Utterance) -> bool {
        let last = self.lines.get(&line.id);
        if last.is_some_and(|(rev, _)| *rev > line.rev) {
            return false;
        }
        let told = line.voice.clone().filter(|_| line.withheld.as_deref() != Some(REPLACED));
        let before = last.and_then(|(_, voice)| voice.clone());
        self.lines.insert(line.id.clone(), (line.rev, told.clone()));
        let mut changed = line.edited.is_some();
        if line.edited.is_some() {
            self.edited.insert(line.id.clone(), line.clone());
        } else {
            changed |= self.edited.remove(&line.id).is_some();
        }
        if before == told {
            return changed;
        }
        if let Some(voice) = before
            && let Some(count) = self.counts.get_mut(&voice)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.counts.remove(&voice);
                changed = true;
            }
        }
        if let Some(voice) = told {
            let count = self.counts.entry(voice).or_default();
            *count += 1;
            changed |= *count == 1;
        }
        changed
    }

    fn refresh(&mut self) {
        // A voice without a word is nobody yet, unless it is the one voice of a track, whose lines don't say
        // so.
        let of_track = |track: &str| self.known.iter().filter(move |entry| entry.track == track).count();
        let is_told = |entry: &&VoiceEntry| {
            let other = |voice: &String| super::voices::parts(voice).is_some_and(|(on, _)| on == entry.track);
            let is_alone = || of_track(&entry.track) == 1 && !self.counts.keys().any(other);
            self.counts.contains_key(&entry.id) || is_alone()
        };
        let entries = self.known.iter().filter(is_told).cloned().collect();
        let said = |voice: &String| Utterance { voice: Some(voice.clone()), ..Utterance::default() };
        let lines: Vec<Utterance> =
            self.edited.values().cloned().chain(self.counts.keys().map(said)).collect();
        self.names =
            Names::new(&self.sources, &Voices { entries, ..Voices::default() }, &self.amendments, &lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::SessionNs;
    use crate::session::journal::Event;
    use crate::session::voices::{Print, id};

    fn said(id: &str, rev: u32, voice: Option<u32>) -> Utterance {
        Utterance {
            id: id.into(),
            rev,
            track: "room".into(),
            speaker: "Room".into(),
            voice: voice.map(|number| super::super::voices::id("room", number)),
            ..Utterance::default()
        }
    }

    fn entry(number: u32, print: Option<(&str, bool)>) -> VoiceEntry {
        let print = print.map(|(name, sure)| Print {
            name: name.into(),
            person: name.to_lowercase(),
            cosine: 0.6,
            sure,
        });
        let (track, id) = ("room".to_owned(), id("room", number));
        VoiceEntry { id, track, number, seconds: 9.0, first: 0.0, sample: None, linked: None, print }
    }

    fn event(seq: u64, event: Event) -> journal::Line {
        let utc = "2026-03-14T08:30:00Z".parse().unwrap();
        journal::Line { seq, session_ns: SessionNs(seq), utc, event }
    }

    #[test]
    fn names_follow_what_is_told() {
        let source = serde_json::json!({"track": "room", "name": "Room", "kind": "mic", "spec": "mic",
            "device": null, "device_name": null, "channel": null});
        let sources = vec![serde_json::from_value(source).unwrap()];
        let mut naming = Naming { sources, ..Naming::default() };
        naming.refresh();
        let (first, second) = (said("u1", 0, None), said("u2", 1, Some(2)));
        naming.line(&first);
        assert_eq!(naming.of_line(&first), "Room");
        // One voice is the source; of two each has a number.
        let first = said("u1", 1, Some(1));
        naming.line(&first);
        assert_eq!(naming.of_line(&first), "Room");
        naming.line(&second);
        assert_eq!([&first, &second].map(|line| naming.of_line(line)), ["Room, voice 1", "Room, voice 2"]);
        // What is heard without a word is nobody, however like somebody it is.
        naming.voices(&[entry(1, Some(("Ann", true))), entry(2, Some(("Bob", false))), entry(3, None)]);
        assert_eq!([&first, &second].map(|line| naming.of_line(line)), ["Ann", "Room, voice 2"]);
        assert_eq!(naming.of_voice("room#3"), None);
        let named = Event::VoiceNamed { voice: "room#2".into(), name: "Carol".into() };
        naming.event(&event(7, named));
        assert_eq!(naming.of_line(&second), "Carol");
        // Told twice, as after a lag: once.
        for seq in [8, 9, 8] {
            let (from, to) = if seq == 8 { ("Carol", "Dan") } else { ("Dan", "Carol") };
            naming.event(&event(seq, Event::Renamed { from: from.into(), to: to.into() }));
        }
        assert_eq!(naming.of_line(&second), "Carol");
        // The voice is gone: the other one is alone again, and an old revision changes nothing.
        naming.line(&said("u2", 2, Some(1)));
        naming.line(&second);
        assert_eq!(naming.of_line(&said("u2", 2, Some(1))), "Room");
    }
}

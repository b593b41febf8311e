//! What people are called: the display names of a session's voices and lines. This is the one place where
//! they are made, each time a session is read: what stands on disk is the source's name and the voice's id. A
//! name that comes from a voice print is personal: nobody agreed to its standing in a journal, a transcript
//! or a log, so none of them ever has it. Pure.
//!
//! A line is called by the first of these that there is:
//!
//! 1. whom a person said it was, of that very line;
//! 2. the name that a person gave its voice, or the voice that a person merged it into;
//! 3. the name of somebody who is enrolled and certainly has that voice, unless it is the one voice of a
//!    source that has a name: who named the source knew who sat there;
//! 4. what lines teach: see `Plan::learn`;
//! 5. the source's name, where its track has one voice; else "NAME, voice 2", and "Voice 2" where the source
//!    is a file that nobody named.
//!
//! Voices that are linked are one person: they share 2 to 5, and 5 is that of the voice they are linked to. A
//! person who gave them different names is right. A line without a voice goes by its own name, as ever, but
//! for those of a file that nobody named and that has one voice: once it is known whose that is, they are
//! that person's.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use serde::Serialize;

use super::amend::{Amendments, VoiceChange};
use super::manifest::{SourceEntry, SourceKind};
use super::voices::{Voices, id, parts};
use crate::base::text::clean;
use crate::base::utterance::Utterance;
use crate::revise::pass::REPLACED;

/// Why a voice is called as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedBy {
    /// A person gave it that name.
    Person,
    /// It is certainly the voice of somebody who is enrolled.
    Print,
    /// A person said so of lines of it.
    Taught,
    /// It is the only one of its source.
    Source,
    /// Nobody knows: it has a number.
    Number,
}

/// What a voice is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceName {
    /// The display name.
    pub name: String,
    /// Where the name comes from.
    pub by: NamedBy,
    /// Id of the voice as which it is shown, its own unless a person merged it into another.
    pub shown_as: String,
    /// Id of the voice that stands for that person, of all that are linked.
    pub person: String,
}

/// The names of a session's voices.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// By id, in the order of the sources.
    voices: Vec<(String, VoiceName)>,
    places: HashMap<String, usize>,
    /// By track, what its source was called from the beginning on.
    sources: HashMap<String, Vec<String>>,
    /// By track of one known voice whose source has no name of its own, that voice: its lines have none.
    alone: HashMap<String, String>,
}

/// Which of many are one, each under the one that stands for them all.
#[derive(Default)]
struct Joined(HashMap<String, String>);

impl Joined {
    /// The one that stands for it. Ends, as only what stands for itself is ever joined to another.
    fn top<'a>(&'a self, mut of: &'a str) -> &'a str {
        while let Some(up) = self.0.get(of) {
            of = up;
        }
        of
    }

    /// The same, and the way there is short from now on: no file can make it long.
    fn find(&mut self, of: &str) -> String {
        let top = self.top(of).to_owned();
        let mut at = of.to_owned();
        while let Some(up) = self.0.get_mut(&at).filter(|up| **up != top) {
            at = std::mem::replace(up, top.clone());
        }
        top
    }

    /// From now on `into` stands for all that `from` stood for.
    fn join(&mut self, from: &str, into: &str) {
        let (from, into) = (self.find(from), self.find(into));
        if from != into {
            self.0.insert(from, into);
        }
    }
}

impl Names {
    /// The names of all voices that the files or the lines (the last revision of each) know. `sources` are as
    /// they were recorded.
    pub fn new(
        sources: &[SourceEntry],
        voices: &Voices,
        amendments: &Amendments,
        lines: &[Utterance],
    ) -> Self {
        let called = |source: &SourceEntry| (source.track.clone(), amendments.names_in_turn(&source.name));
        let mut names = Self { sources: sources.iter().map(called).collect(), ..Self::default() };
        let ids = ids(sources, voices, lines);
        if ids.is_empty() {
            return names;
        }
        let mut plan = Plan::new(&ids, voices, amendments);
        plan.learn(lines, |line| names.by_a_person(line).then(|| amendments.name_of_line(line)));
        let numbered = plan.numbered(sources, amendments);
        let is_named = |source: &&SourceEntry| !is_unnamed_file(source, &amendments.name_of(&source.name, 0));
        plan.named = sources.iter().filter(is_named).map(|source| source.track.as_str()).collect();
        for (place, own) in ids.iter().enumerate() {
            let (shown_as, person) = (plan.merged.top(own).to_owned(), plan.person(own).to_owned());
            let (name, by) = plan.name(&shown_as, &numbered);
            let track = parts(own).map_or("", |(track, _)| track);
            let is_one = ids.iter().filter(|id| parts(id).is_some_and(|(of, _)| of == track)).count() == 1;
            if is_one && !plan.named.contains(track) && matches!(by, NamedBy::Person | NamedBy::Print) {
                names.alone.insert(track.to_owned(), own.clone());
            }
            names.places.insert(own.clone(), place);
            names.voices.push((own.clone(), VoiceName { name, by, shown_as, person }));
        }
        names
    }

    /// What a voice is called.
    pub fn of(&self, voice: &str) -> Option<&VoiceName> {
        self.places.get(voice).map(|place| &self.voices[*place].1)
    }

    /// All voices with their names, by source and number.
    pub fn voices(&self) -> impl Iterator<Item = (&str, &VoiceName)> {
        self.voices.iter().map(|(id, name)| (id.as_str(), name))
    }

    /// The name that a line's voice gives it; `None` where it has no voice, or where a person said of that
    /// very line who said it.
    pub fn of_line(&self, line: &Utterance) -> Option<&str> {
        let name = self.of(self.voice_of(line)?)?;
        (!self.by_a_person(line)).then_some(name.name.as_str())
    }

    /// The voice that a line is told by: its own, or the one voice of a file that nobody named.
    pub fn voice_of<'a>(&'a self, line: &'a Utterance) -> Option<&'a str> {
        line.voice.as_deref().or_else(|| self.alone.get(&line.track).map(String::as_str))
    }

    /// Whether a person said who said this line. Whoever corrects its words leaves the source's name as it
    /// was.
    pub fn by_a_person(&self, line: &Utterance) -> bool {
        let called = self.sources.get(&line.track);
        let is_source = called.is_some_and(|names| names.contains(&line.speaker));
        line.edited.is_some() && (line.named || !is_source)
    }
}

/// All voices that there are, by source and number.
fn ids(sources: &[SourceEntry], voices: &Voices, lines: &[Utterance]) -> Vec<String> {
    let place = |track: &str| sources.iter().position(|source| source.track == track);
    let of_lines = lines.iter().filter(|line| line.withheld.as_deref() != Some(REPLACED));
    let all = voices.entries.iter().map(|entry| entry.id.as_str());
    let all = all.chain(of_lines.filter_map(|line| line.voice.as_deref()));
    let ordered: BTreeSet<(usize, &str, u32)> = all
        .filter_map(parts)
        .map(|(track, number)| (place(track).unwrap_or(usize::MAX), track, number))
        .collect();
    ordered.into_iter().map(|(_, track, number)| id(track, number)).collect()
}

/// What names are made of.
struct Plan<'a> {
    ids: &'a [String],
    /// What people merged.
    merged: Joined,
    /// People: voices that are one by a merger or by a link, of those that stand for mergers.
    people: Joined,
    /// By voice that stands for a merger, the name that a person gave it, and when.
    given: HashMap<String, (u64, String)>,
    /// By person, the latest such name of any of their voices.
    given_any: HashMap<String, (u64, String)>,
    /// By person, whom they certainly are of those who are enrolled.
    prints: HashMap<String, (f64, String)>,
    /// By person, what lines teach.
    taught: HashMap<String, String>,
    /// By track, the people that are heard on it.
    heard: BTreeMap<&'a str, HashSet<String>>,
    /// Tracks whose sources have names of their own.
    named: HashSet<&'a str>,
}

impl<'a> Plan<'a> {
    fn new(ids: &'a [String], voices: &Voices, amendments: &Amendments) -> Self {
        let (mut merged, mut given) = (Joined::default(), HashMap::new());
        for (seq, change) in amendments.voice_changes() {
            match change {
                VoiceChange::Named { voice, name } => {
                    given.insert(merged.find(voice), (*seq, amendments.name_of(name, *seq)));
                }
                VoiceChange::Merged { from, into } => merged.join(from, into),
            }
        }
        // The ways are short: each is walked for each voice.
        ids.iter().for_each(|id| drop(merged.find(id)));
        let known: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let mut people = Joined::default();
        for entry in &voices.entries {
            if let Some(linked) = entry.linked.as_deref().filter(|linked| known.contains(linked)) {
                people.join(merged.top(&entry.id), merged.top(linked));
            }
        }
        let mut plan = Self {
            ids,
            merged,
            people,
            given,
            given_any: HashMap::new(),
            prints: HashMap::new(),
            taught: HashMap::new(),
            heard: BTreeMap::new(),
            named: HashSet::new(),
        };
        plan.gather(voices);
        plan
    }

    /// Who somebody is.
    fn person<'b>(&'b self, voice: &'b str) -> &'b str {
        self.people.top(self.merged.top(voice))
    }

    fn gather(&mut self, voices: &Voices) {
        for voice in self.ids {
            let person = self.person(voice).to_owned();
            if let Some((seq, name)) = self.given.get(self.merged.top(voice))
                && self.given_any.get(&person).is_none_or(|(last, _)| last < seq)
            {
                self.given_any.insert(person.clone(), (*seq, name.clone()));
            }
            if let Some((track, _)) = parts(voice) {
                self.heard.entry(track).or_default().insert(person);
            }
        }
        for entry in &voices.entries {
            let Some(print) = entry.print.as_ref().filter(|print| print.sure) else { continue };
            let (person, name) = (self.person(&entry.id).to_owned(), clean(&print.name));
            let is_better = self.prints.get(&person).is_none_or(|(cosine, _)| *cosine < print.cosine);
            if is_better && !name.is_empty() {
                self.prints.insert(person, (print.cosine, name));
            }
        }
    }

    /// How lines teach: when a person said of a line whose voice nobody has named, on a track that has
    /// several voices, who said it, then that is who the voice is, if all that people said of lines of that
    /// voice is the same. Where they contradict each other nothing is learned; a line of which a person said
    /// something keeps what was said. On a track of one voice a correction is about somebody who came to the
    /// microphone, and teaches nothing.
    fn learn(&mut self, lines: &[Utterance], said: impl Fn(&Utterance) -> Option<String>) {
        let mut answers: HashMap<String, BTreeSet<String>> = HashMap::new();
        for line in lines {
            let Some((voice, name)) = line.voice.as_deref().zip(said(line)) else { continue };
            if parts(voice).is_some_and(|(track, _)| self.has_several(track)) {
                answers.entry(self.person(voice).to_owned()).or_default().insert(name);
            }
        }
        for (person, names) in answers {
            if let (1, Some(name)) = (names.len(), names.into_iter().next()) {
                self.taught.insert(person, name);
            }
        }
    }

    fn has_several(&self, track: &str) -> bool {
        self.heard.get(track).is_some_and(|people| people.len() > 1)
    }

    /// What voices are called of which nothing is known, by their track; `None` means by their number alone.
    fn numbered(&self, sources: &[SourceEntry], amendments: &Amendments) -> HashMap<String, Option<String>> {
        let named = |source: &SourceEntry| {
            let name = amendments.name_of(&source.name, 0);
            let alone = self.has_several(&source.track) && is_unnamed_file(source, &name);
            (source.track.clone(), Some(name).filter(|_| !alone))
        };
        let mut names: HashMap<String, Option<String>> = sources.iter().map(named).collect();
        // "Voice 1" of two files would be two people of one name.
        if names.values().filter(|name| name.is_none()).count() > 1 {
            for source in sources {
                names.insert(source.track.clone(), Some(amendments.name_of(&source.name, 0)));
            }
        }
        names
    }

    /// What the voice is called that stands for a merger.
    fn name(&self, voice: &str, numbered: &HashMap<String, Option<String>>) -> (String, NamedBy) {
        let person = self.person(voice);
        if let Some((_, name)) = self.given.get(voice).or_else(|| self.given_any.get(person)) {
            return (name.clone(), NamedBy::Person);
        }
        let (track, number) = parts(person).unwrap_or((person, 1));
        let is_settled = self.named.contains(track) && !self.has_several(track);
        if let Some((_, name)) = self.prints.get(person).filter(|_| !is_settled) {
            return (name.clone(), NamedBy::Print);
        }
        if let Some(name) = self.taught.get(person) {
            return (name.clone(), NamedBy::Taught);
        }
        let name = numbered.get(track).cloned().unwrap_or_else(|| Some(track.to_owned()));
        match name {
            Some(name) if !self.has_several(track) => (name, NamedBy::Source),
            Some(name) => (format!("{name}, voice {number}"), NamedBy::Number),
            None => (format!("Voice {number}"), NamedBy::Number),
        }
    }
}

/// Whether a source is a file that goes by the file's own name, with a number or a channel behind it.
fn is_unnamed_file(source: &SourceEntry, name: &str) -> bool {
    if source.kind != SourceKind::File {
        return false;
    }
    let path = source.spec.strip_prefix("file:").unwrap_or(&source.spec);
    let stem = Path::new(path).file_stem().map(|stem| clean(&stem.to_string_lossy())).unwrap_or_default();
    let name = clean(name);
    let rest = name.strip_prefix(stem.as_str()).map(|rest| rest.strip_prefix(" track").unwrap_or(rest));
    !stem.is_empty() && rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || " ()".contains(c)))
}

//! Who is meant by a display name: a voice, a source, a person whom somebody wrote down, or several of these.
//! So what a new name is to be written as. Pure.
//!
//! Promise: no name that comes from a voice print is among what is to be written, unless a source or a person
//! has it too.

use crate::base::utterance::Utterance;
use crate::session::journal::Event;
use crate::session::people::{NamedBy, VoiceName};
use crate::session::reading::Session;

/// All that goes by one name.
pub(super) struct Called<'a> {
    name: String,
    voices: Vec<&'a VoiceName>,
    /// A source has that name, or a line on which a person wrote it.
    is_written: bool,
    /// One voice is meant, whatever it is linked to.
    is_one: bool,
}

impl<'a> Called<'a> {
    /// What is called so now.
    pub(super) fn new(session: &'a Session, name: &str) -> Self {
        let voices = session.names.voices().map(|(_, voice)| voice);
        let is_source = session.manifest.sources.iter().any(|source| source.name == name);
        // What a line is called by its voice is no name of its own.
        let own = |line: &Utterance| session.names.of_line(line).is_none();
        let called = |line: &Utterance| session.amendments.name_of_line(line) == name;
        let is_line = || session.latest().iter().any(|line| own(line) && called(line));
        Self {
            name: name.to_owned(),
            voices: voices.filter(|voice| voice.name == name && voice.by != NamedBy::Source).collect(),
            is_written: is_source || is_line(),
            is_one: false,
        }
    }

    /// One voice alone, by its id.
    pub(super) fn voice(session: &'a Session, id: &str) -> Option<Self> {
        let voice = session.names.of(id)?;
        Some(Self { name: id.to_owned(), voices: vec![voice], is_written: false, is_one: true })
    }

    /// Whether a person gave it that name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let mut voices = self.voices.iter();
        match voices.next() {
            Some(_) => self.voices.iter().all(|voice| voice.name == name && voice.by == NamedBy::Person),
            None => self.name == name,
        }
    }

    /// What is to be written so that all of it is called `name`.
    pub(super) fn renamed(&self, name: String) -> Vec<Event> {
        let is_name = |voice: &VoiceName| matches!(voice.by, NamedBy::Person | NamedBy::Taught);
        // A name that a person wrote is another name from here on; who has none, or one that must not be
        // written down, is given it.
        let other =
            self.is_written || self.voices.iter().any(|voice| voice.name == self.name && is_name(voice));
        let unnamed = self.voices.iter().filter(|voice| voice.name != self.name || !is_name(voice));
        let mut events: Vec<Event> = Vec::new();
        for voice in unnamed {
            let voice = if self.is_one { &voice.shown_as } else { &voice.person };
            let event = Event::VoiceNamed { voice: voice.clone(), name: name.clone() };
            if !events.contains(&event) {
                events.push(event);
            }
        }
        events.extend(other.then(|| Event::Renamed { from: self.name.clone(), to: name }));
        events
    }

    /// What is to be written so that all of it is shown as `into`; `None` where that has no name that could
    /// be written.
    pub(super) fn merged(&self, into: &Self) -> Option<Vec<Event>> {
        let is_name = |voice: &&VoiceName| matches!(voice.by, NamedBy::Person | NamedBy::Taught);
        let mut events: Vec<Event> = Vec::new();
        for voice in &self.voices {
            let event = match into.voices.first() {
                Some(stays) => {
                    Event::VoiceMerged { from: voice.shown_as.clone(), into: stays.shown_as.clone() }
                }
                None => Event::VoiceNamed { voice: voice.person.clone(), name: into.name.clone() },
            };
            if !events.contains(&event) {
                events.push(event);
            }
        }
        if self.is_written {
            let has_name = into.is_written || into.voices.iter().any(is_name);
            if !has_name {
                return None;
            }
            events.push(Event::Renamed { from: self.name.clone(), to: into.name.clone() });
        }
        Some(events)
    }
}

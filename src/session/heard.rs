//! The voices of a session as people are told of them: numbered, with their names, and how much each is
//! heard. What `hansard voices` lists, and what its numbers mean elsewhere.

use std::collections::HashMap;

use serde::Serialize;

use super::people::NamedBy;
use super::reading::Session;
use super::voices::{Sample, parts};
use crate::base::text::clean;

/// A voice, told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Heard {
    /// From 1, by source and then by the voice's own number.
    pub number: usize,
    /// Its id in the session.
    pub id: String,
    /// Track that it is heard on.
    pub track: String,
    /// The display name.
    pub name: String,
    /// Why it is called so.
    pub named_by: NamedBy,
    /// Who it may be of those who are enrolled; `None` where nobody is like it, or where it is known who it
    /// is.
    pub perhaps: Option<String>,
    /// Id of the voice as which it is shown, where a person merged it into that one.
    pub merged_into: Option<String>,
    /// Id of the voice of another track that is the same person.
    pub linked: Option<String>,
    /// Seconds that it speaks.
    pub seconds: f64,
    /// Session seconds at which it is first heard.
    pub first: f64,
    /// Lines that it says in the minutes.
    pub lines: usize,
    /// Where it can be heard alone.
    #[serde(skip)]
    pub sample: Option<Sample>,
}

impl Heard {
    /// Whether somebody can still say who it is.
    pub fn is_unknown(&self) -> bool {
        self.named_by == NamedBy::Number
    }
}

/// All voices of a session. Of one that stands in no file of voices, what its lines tell.
pub fn voices(session: &Session) -> Vec<Heard> {
    if session.names.voices().next().is_none() {
        return Vec::new();
    }
    let mut told: HashMap<&str, Told> = HashMap::new();
    let lines = session.latest();
    let names = &session.names;
    // The lines of a track of one voice say nothing of it.
    let only = |track: &str| {
        let mut own = names.voices().filter(|(id, _)| parts(id).is_some_and(|(of, _)| of == track));
        own.next().filter(|_| own.next().is_none()).map(|(id, _)| id)
    };
    for line in lines.iter().filter(|line| line.is_shown() && !names.by_a_person(line)) {
        let Some(voice) = names.voice_of(line).or_else(|| only(&line.track)) else { continue };
        let told = told.entry(voice).or_insert(Told { lines: 0, seconds: 0.0, first: line.start });
        told.lines += 1;
        told.seconds += (line.end - line.start).max(0.0);
        told.first = told.first.min(line.start);
    }
    let voice = |(place, (id, name)): (usize, (&str, &super::people::VoiceName))| {
        let (entry, told) = (session.voices.get(id), told.get(id));
        let print = entry.and_then(|entry| entry.print.as_ref());
        let perhaps = print.filter(|print| !print.sure && name.by == NamedBy::Number);
        Heard {
            number: place + 1,
            id: id.to_owned(),
            track: parts(id).map_or(id, |(track, _)| track).to_owned(),
            name: name.name.clone(),
            named_by: name.by,
            perhaps: perhaps.map(|print| clean(&print.name)).filter(|name| !name.is_empty()),
            merged_into: Some(name.shown_as.clone()).filter(|shown| shown != id),
            linked: entry.and_then(|entry| entry.linked.clone()),
            seconds: entry.map(|entry| entry.seconds).or(told.map(|told| told.seconds)).unwrap_or_default(),
            first: entry.map(|entry| entry.first).or(told.map(|told| told.first)).unwrap_or_default(),
            lines: told.map_or(0, |told| told.lines),
            sample: entry.and_then(|entry| entry.sample),
        }
    };
    session.names.voices().enumerate().map(voice).collect()
}

/// The voice that somebody means by its number, its id or its name.
pub fn find<'a>(voices: &'a [Heard], asked: &str) -> Option<&'a Heard> {
    let number = asked.parse::<usize>().ok();
    let by_number = voices.iter().find(|voice| Some(voice.number) == number);
    let by_id = || voices.iter().find(|voice| voice.id == asked);
    by_number.or_else(by_id).or_else(|| voices.iter().find(|voice| clean(&voice.name) == clean(asked)))
}

/// What lines tell of a voice.
struct Told {
    lines: usize,
    seconds: f64,
    first: f64,
}

//! Who was there: the people who speak, by their display names, each once, and the sources that nobody spoke
//! to. A source whose words are all those of voices is a place; its people stand in its stead. Pure.

use std::collections::{HashMap, HashSet};

use super::floor::Turn;
use super::selection::Selection;
use super::sound::sample;
use super::timing::spoken;
use crate::base::text;
use crate::base::utterance::Utterance;
use crate::session::heard::{self, Heard};
use crate::session::reading::Session;

/// Somebody who was there, or a place that was listened to.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Display name.
    pub name: String,
    /// Seconds in which they spoke, within the selection; overlapping utterances count once.
    pub talking_s: f64,
    /// Turns they took.
    pub turns: usize,
    /// The tracks that they are heard on, in the order of the sources.
    pub tracks: Vec<String>,
    /// It is a voice that nobody has named.
    pub unknown: Option<Unknown>,
}

/// A voice that nobody has named.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// Who it may be of those who are enrolled.
    pub perhaps: Option<String>,
    /// Session seconds from … to where it can be heard alone, within the selection; the stretch that
    /// `hansard voices S --play` plays. `None` where there is none.
    pub sample: Option<(f64, f64)>,
}

/// Which names are heard on which tracks as voices.
pub(super) fn heard(session: &Session) -> Vec<(String, String)> {
    let is_voiced = |said: &&Utterance| session.names.voice_of(said).is_some() && said.is_shown();
    let voiced = session.utterances.iter().filter(is_voiced);
    let pairs = voiced.map(|said| (text::name(&said.speaker), said.track.clone()));
    let mut seen = HashSet::new();
    pairs.filter(|pair| seen.insert(pair.clone())).collect()
}

/// Everybody, with how long they spoke of what was selected.
pub(super) fn of(
    session: &Session,
    selection: &Selection,
    said: &[&Utterance],
    turns: &[Turn],
) -> Vec<Person> {
    let mut spans: HashMap<String, Vec<(f64, f64)>> = HashMap::new();
    for utterance in said {
        let (start, end) = spoken(utterance);
        let part = (start.max(selection.from), end.min(selection.to));
        spans.entry(text::name(&utterance.speaker)).or_default().push(part);
    }
    let (voices, heard) = (heard::voices(session), heard(session));
    let mut names = of_sources(session, &voices, &heard, |name| spans.contains_key(name));
    names.extend(said.iter().map(|utterance| text::name(&utterance.speaker)));
    let mut seen = HashSet::new();
    let asked = |name: &String| selection.speakers.is_empty() || selection.speakers.contains(name);
    names.retain(|name| asked(name) && seen.insert(name.clone()));
    let turns_of = |name: &str| turns.iter().filter(|turn| turn.speaker == name && !turn.continued).count();
    let tracks_of = |name: &String| {
        let own = |track: &String| heard.iter().any(|(who, on)| who == name && on == track);
        let sources = session.manifest.sources.iter();
        let theirs = sources.filter(|source| text::name(&source.name) == *name || own(&source.track));
        theirs.map(|source| source.track.clone()).collect()
    };
    let unknown_of = |name: &String| {
        let theirs = voices.iter().filter(|voice| text::name(&voice.name) == *name);
        let theirs: Vec<&Heard> = theirs.collect();
        let perhaps = theirs.iter().find_map(|voice| voice.perhaps.clone());
        let is_told =
            |span: &(f64, f64)| span.0 < span.1 && selection.covers(span.0) && span.1 <= selection.to;
        let place = |voice: &&Heard| Some(sample::place(session, &voice.id, voice.sample)?.span());
        let sample = || theirs.iter().find_map(place).filter(is_told);
        theirs.first().filter(|voice| voice.is_unknown()).map(|_| Unknown { perhaps, sample: sample() })
    };
    let person = |name: String| Person {
        talking_s: union(spans.get(&name).cloned().unwrap_or_default()),
        turns: turns_of(&name),
        tracks: tracks_of(&name),
        unknown: unknown_of(&name),
        name,
    };
    names.into_iter().map(person).collect()
}

/// Who is heard on each source, or the source itself.
fn of_sources(
    session: &Session,
    voices: &[Heard],
    heard: &[(String, String)],
    is_said: impl Fn(&str) -> bool,
) -> Vec<String> {
    let shown =
        session.utterances.iter().filter(|said| said.is_shown() && !text::clean(&said.text).is_empty());
    let speaking: HashSet<String> = shown.map(|said| text::name(&said.speaker)).collect();
    let mut names = Vec::new();
    for source in &session.manifest.sources {
        let name = text::name(&source.name);
        let is_place = heard.iter().any(|(_, track)| *track == source.track) && !speaking.contains(&name);
        names.extend((!is_place).then_some(name));
        let of_track = voices.iter().filter(|voice| voice.track == source.track);
        names.extend(of_track.map(|voice| text::name(&voice.name)).filter(|name| is_said(name)));
    }
    names
}

/// Seconds covered by at least one span.
fn union(mut spans: Vec<(f64, f64)>) -> f64 {
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut sum, mut reached) = (0.0, f64::NEG_INFINITY);
    for (start, end) in spans {
        sum += (end - start.max(reached)).max(0.0);
        reached = reached.max(end);
    }
    sum
}

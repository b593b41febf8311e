//! The one core that feeds every format: from utterances to turns by speaker.
//!
//! Promise: every utterance that stands in the minutes is in exactly one turn, in order of start; no word is lost or doubled on the
//! way. Pure.

use std::collections::{HashMap, HashSet};

use super::text;
use crate::session::read::Session;
use crate::speech::transcript::Utterance;

/// What another person puts in up to these words and seconds ("mm-hm", "yes, exactly") doesn't interrupt a turn.
const ASIDE_WORDS: usize = 3;
const ASIDE_S: f64 = 2.0;
/// After this long (seconds) the next utterance begins a new turn, so that even a lecture has a time every so often.
const TURN_S: f64 = 90.0;

/// A session as its exports tell it.
#[derive(Debug)]
pub struct Meeting<'a> {
    /// What it is made of.
    pub session: &'a Session,
    /// What stands in the minutes, by start.
    pub said: Vec<&'a Utterance>,
    /// The same, by speaker's turn, by start.
    pub turns: Vec<Turn<'a>>,
    /// Everybody with a source or a word, sources first, in the order the user named them.
    pub people: Vec<Person>,
    /// What was left out.
    pub hidden: Hidden,
    /// Whether it lasted an hour: times are told with hours then.
    pub long: bool,
}

/// What one person said until somebody else took over.
#[derive(Debug)]
pub struct Turn<'a> {
    /// Display name.
    pub speaker: String,
    /// Session seconds.
    pub start: f64,
    /// Session seconds.
    pub end: f64,
    /// At least one.
    pub parts: Vec<&'a Utterance>,
}

impl Turn<'_> {
    /// All its words, on one line.
    pub fn text(&self) -> String {
        self.parts.iter().map(|part| text::clean(&part.text)).collect::<Vec<_>>().join(" ")
    }
}

/// Somebody who was there, or a place that was listened to.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Display name.
    pub name: String,
    /// Seconds in which they spoke; overlapping utterances count once.
    pub talking_s: f64,
    /// Turns they took.
    pub turns: usize,
}

/// Utterances that are in the transcript but not in the minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Held back for a reason.
    pub withheld: usize,
    /// Echoes of other tracks.
    pub echoes: usize,
}

impl<'a> Meeting<'a> {
    /// Gathers a session.
    pub fn new(session: &'a Session, paragraph_pause_s: f64) -> Self {
        let shown = |u: &&Utterance| u.is_shown() && !text::clean(&u.text).is_empty();
        let said: Vec<&Utterance> = session.utterances.iter().filter(shown).collect();
        let turns = turns(&said, paragraph_pause_s);
        let hidden = Hidden {
            withheld: session.utterances.iter().filter(|u| u.withheld.is_some()).count(),
            echoes: session
                .utterances
                .iter()
                .filter(|u| u.withheld.is_none() && u.bleed_of.is_some())
                .count(),
        };
        let people = people(session, &said, &turns);
        let end = said.iter().map(|u| u.end).fold(session.manifest.duration, f64::max);
        Self { session, said, turns, people, hidden, long: end >= 3600.0 }
    }

    /// The title on one line.
    pub fn title(&self) -> String {
        text::name(&self.session.manifest.title)
    }

    /// Time into the meeting.
    pub fn clock(&self, seconds: f64) -> String {
        text::clock(seconds, self.long)
    }

    /// Time of day.
    pub fn time_of_day(&self, seconds: f64) -> String {
        self.session.wall(seconds).strftime("%H:%M:%S").to_string()
    }

    /// `2026-03-14, 09:30–10:12 (+01:00, Europe/Vienna)`.
    pub fn when(&self) -> String {
        let manifest = &self.session.manifest;
        let (start, end) = (self.session.wall(0.0), self.session.wall(manifest.duration));
        let to = if start.date() == end.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
        let zone =
            manifest.start.zone.as_deref().map(|zone| format!(", {}", text::clean(zone))).unwrap_or_default();
        format!(
            "{}, {}–{} ({}{zone})",
            start.strftime("%Y-%m-%d"),
            start.strftime("%H:%M"),
            end.strftime(to),
            start.strftime("%:z")
        )
    }

    /// Why there is no text, for formats that have to say so.
    pub const NOTHING_SAID: &'static str = "No speech was transcribed.";

    /// Models and languages of what was said, each once, in order of appearance.
    pub fn recognised_by(&self) -> Vec<(String, String)> {
        let mut seen = HashSet::new();
        let by = self.said.iter().map(|u| (text::clean(&u.model), text::clean(&u.language)));
        by.filter(|by| seen.insert(by.clone())).collect()
    }
}

/// Joins utterances, which must be in order of start.
fn turns<'a>(said: &[&'a Utterance], pause_s: f64) -> Vec<Turn<'a>> {
    let mut turns: Vec<Turn> = Vec::new();
    // Per speaker the turn that is still open. Whoever says something of substance closes those of all others.
    let mut open: HashMap<String, usize> = HashMap::new();
    for &utterance in said {
        let speaker = text::name(&utterance.speaker);
        let end = utterance.end.max(utterance.start);
        if !is_aside(utterance) {
            open.retain(|other, _| *other == speaker);
        }
        let goes_on = |turn: &Turn| utterance.start - turn.end <= pause_s && end - turn.start <= TURN_S;
        match open.get(&speaker).map(|i| &mut turns[*i]) {
            Some(turn) if goes_on(turn) => {
                turn.parts.push(utterance);
                turn.end = turn.end.max(end);
            }
            _ => {
                open.insert(speaker.clone(), turns.len());
                turns.push(Turn { speaker, start: utterance.start, end, parts: vec![utterance] });
            }
        }
    }
    turns
}

/// Too little to take the floor.
fn is_aside(utterance: &Utterance) -> bool {
    let words = utterance.text.split_whitespace().count();
    // Scripts without spaces: about two characters make a word.
    let letters = utterance.text.chars().count();
    words <= ASIDE_WORDS && letters <= 10 * ASIDE_WORDS && utterance.end - utterance.start <= ASIDE_S
}

fn people(session: &Session, said: &[&Utterance], turns: &[Turn]) -> Vec<Person> {
    let mut seen = HashSet::new();
    let sources = session.manifest.sources.iter().map(|source| text::name(&source.name));
    let speakers = said.iter().map(|u| text::name(&u.speaker));
    let names: Vec<String> = sources.chain(speakers).filter(|name| seen.insert(name.clone())).collect();
    let mut spans: HashMap<String, Vec<(f64, f64)>> = HashMap::new();
    for utterance in said {
        spans.entry(text::name(&utterance.speaker)).or_default().push(spoken(utterance));
    }
    let turns_of = |name: &str| turns.iter().filter(|turn| turn.speaker == name).count();
    names
        .into_iter()
        .map(|name| {
            let talking_s = union(spans.remove(&name).unwrap_or_default());
            Person { talking_s, turns: turns_of(&name), name }
        })
        .collect()
}

/// From the first word to the last, in session seconds; an utterance reaches a little further on both sides.
pub fn spoken(utterance: &Utterance) -> (f64, f64) {
    let start = utterance.words.first().map_or(utterance.start, |word| word.start.max(utterance.start));
    let end = utterance.words.last().map_or(utterance.end, |word| word.end.min(utterance.end));
    if start < end { (start, end) } else { (utterance.start, utterance.end.max(utterance.start)) }
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

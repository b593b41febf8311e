//! Who spoke when, overlaps included: the turns of the voices that were told apart on a track, under the
//! names that people have now. Where a track has no such turns, what stands in for them is the times of its
//! lines, each from its first word to its last, which leave out what was not written down. Pure.
//!
//! Promises: whoever said a line that is told speaks at its time; what people corrected (a name, a merger, a
//! split, who said a line, a passage that is hidden) holds here, too.

use std::collections::{BTreeMap, BTreeSet};

use super::selection::Selection;
use super::timing::spoken;
use crate::base::text;
use crate::base::utterance::Utterance;
use crate::session::reading::Session;
use crate::session::voices::parts;

/// Speaking at once for this long (seconds) is worth telling; less is a quick reply.
pub const OVERLAP_S: f64 = 0.5;
/// A line begins within so many seconds of its speaker's turn, or it goes on with that: the times of words
/// and of voices are made by different networks.
const NEAR_S: f64 = 1.0;
/// What is left of a turn beside a line that a person gave to somebody else goes with the line where it is
/// shorter than this, in seconds: voices begin before words. So far beside a line others speak with it, too.
const REST_S: f64 = 0.5;

/// Somebody speaks without a break.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Display name.
    pub who: String,
    /// Track that it is heard on.
    pub track: String,
    /// Session seconds.
    pub start: f64,
    /// Session seconds, later than `start`.
    pub end: f64,
}

/// Who spoke when.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Speaking {
    /// By start; what one person says on one track never overlaps itself.
    spans: Vec<Span>,
    /// The longest of them, in seconds.
    longest: f64,
    /// Those for whose tracks the times of lines stand in, by name.
    pub by_lines: BTreeSet<String>,
}

impl Speaking {
    /// Who spoke when within a selection. `said` are the lines that are told.
    pub fn of(session: &Session, selection: &Selection, said: &[&Utterance]) -> Self {
        let mut of_track: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
        for (voice, turns) in &session.voices.turns {
            let (Some((track, _)), Some(name)) = (parts(voice), session.names.of(voice)) else { continue };
            let who = text::name(&name.name);
            let span = |(start, end): &(f64, f64)| Span {
                who: who.clone(),
                track: track.to_owned(),
                start: *start,
                end: *end,
            };
            of_track.entry(track).or_default().extend(turns.iter().map(span));
        }
        for line in
            session.utterances.iter().filter(|line| line.is_shown() && session.names.by_a_person(line))
        {
            if let Some(spans) = of_track.get_mut(line.track.as_str()) {
                correct(spans, line, session);
            }
        }
        let hidden = session.amendments.passages.iter().map(|passage| (passage.from, passage.to));
        let left = of_track.iter().flat_map(|(track, spans)| {
            // What a track of one voice overhears is held to be that voice's.
            let is_one = spans.iter().all(|span| span.who == spans[0].who);
            let is_echo = |line: &&Utterance| is_one && line.track == *track && line.bleed_of.is_some();
            let echoes = session.utterances.iter().filter(is_echo);
            without(spans, hidden.clone().chain(echoes.map(spoken)).collect())
        });
        let spans = joined(left.collect());
        let known = Self { longest: longest(&spans), spans, by_lines: BTreeSet::new() };
        let mut by_lines = BTreeSet::new();
        let mut added = Vec::new();
        for line in said {
            let (span, has_turns) = (Span::of(line), of_track.contains_key(line.track.as_str()));
            if !has_turns {
                by_lines.insert(span.who.clone());
            }
            if !has_turns || !known.around(&span).any(|other| other.is_by(&span)) {
                added.push(span);
            }
        }
        let asked = |span: &Span| selection.speakers.is_empty() || selection.speakers.contains(&span.who);
        let cut = |span: Span| Span {
            start: span.start.max(selection.from),
            end: span.end.min(selection.to.max(selection.from)),
            ..span
        };
        let all = known.spans.into_iter().chain(added).filter(asked).map(cut);
        let spans = joined(all.filter(|span| span.start < span.end).collect());
        Self { longest: longest(&spans), spans, by_lines }
    }

    /// Who speaks when in the whole meeting, on whatever tracks they are heard: nobody speaks beside
    /// themselves. By start.
    pub fn people(&self) -> Vec<Span> {
        joined(self.spans.iter().map(|span| Span { track: String::new(), ..span.clone() }).collect())
    }

    /// Who of the same track was still speaking when the speaker of a line began.
    pub fn still_spoke(&self, line: &Utterance) -> Option<&str> {
        let this = Span::of(line);
        let own = self.around(&this).find(|span| span.is_by(&this))?;
        if (own.start - this.start).abs() > NEAR_S {
            return None;
        }
        let others = self.around(own).filter(|other| other.track == own.track && other.who != own.who);
        let still = others.filter(|other| other.start < own.start && other.shared(own) >= OVERLAP_S);
        still.max_by(|a, b| a.end.total_cmp(&b.end)).map(|other| other.who.as_str())
    }

    /// Where somebody else speaks while the speaker of a line does, on any track, by start.
    pub fn beside(&self, line: &Utterance) -> Vec<Span> {
        let this = Span::of(line);
        let wide = Span { start: this.start - REST_S, end: this.end + REST_S, ..this };
        let at_once = |own: &Span| {
            let others = self.around(own).filter(|other| other.who != own.who);
            let both = others.map(|other| other.within(own)).filter(|both| both.shared(&wide) > 0.0);
            both.filter(|both| both.end - both.start >= OVERLAP_S).collect::<Vec<_>>()
        };
        let own = self.around(&wide).filter(|span| span.is_by(&wide));
        // On several tracks it is one thing that is said.
        let all = own.flat_map(at_once).map(|span| Span { track: String::new(), ..span });
        joined(all.collect())
    }

    /// Spans that share time with one.
    fn around<'a>(&'a self, span: &Span) -> impl Iterator<Item = &'a Span> + use<'a> {
        let (start, end) = (span.start, span.end);
        let first = self.spans.partition_point(|other| other.start < start - self.longest);
        let near = self.spans[first..].iter().take_while(move |other| other.start < end);
        near.filter(move |other| other.end > start)
    }
}

impl Span {
    /// When a line was said.
    fn of(line: &Utterance) -> Self {
        let (start, end) = spoken(line);
        // What has no length would share its time with nothing.
        let end = end.max(start + 1e-3);
        Self { who: text::name(&line.speaker), track: line.track.clone(), start, end }
    }

    fn is_by(&self, other: &Self) -> bool {
        self.who == other.who && self.track == other.track
    }

    /// Seconds that two have in common.
    fn shared(&self, other: &Self) -> f64 {
        self.end.min(other.end) - self.start.max(other.start)
    }

    fn within(&self, other: &Self) -> Self {
        Self { start: self.start.max(other.start), end: self.end.min(other.end), ..self.clone() }
    }
}

/// A person said who said a line: what its voice says at that time is theirs.
fn correct(spans: &mut Vec<Span>, line: &Utterance, session: &Session) {
    let voice = session.names.voice_of(line).and_then(|voice| session.names.of(voice));
    let held = voice.map(|voice| text::name(&voice.name));
    let this = Span::of(line);
    if held.as_ref() == Some(&this.who) {
        return;
    }
    let is_meant =
        |span: &Span| span.shared(&this) > 0.0 && held.as_ref().is_none_or(|held| *held == span.who);
    let (meant, others): (Vec<Span>, Vec<Span>) = std::mem::take(spans).into_iter().partition(is_meant);
    *spans = others;
    for span in meant {
        let from = if this.start - span.start < REST_S { span.start } else { this.start };
        let to = if span.end - this.end < REST_S { span.end } else { this.end };
        spans.extend(without(std::slice::from_ref(&span), vec![(from, to)]));
        spans.push(Span { who: this.who.clone(), start: from, end: to, ..span });
    }
}

/// What is left of some spans outside of some stretches (from and to).
fn without(spans: &[Span], mut stretches: Vec<(f64, f64)>) -> Vec<Span> {
    stretches.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut apart: Vec<(f64, f64)> = Vec::with_capacity(stretches.len());
    for (from, to) in stretches {
        match apart.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => apart.push((from, to)),
        }
    }
    let mut left = Vec::with_capacity(spans.len());
    for span in spans {
        let mut start = span.start;
        let first = apart.partition_point(|stretch| stretch.1 <= span.start);
        for (from, to) in apart[first..].iter().take_while(|stretch| stretch.0 < span.end) {
            left.push(Span { start, end: *from, ..span.clone() });
            start = start.max(*to);
        }
        left.push(Span { start, ..span.clone() });
    }
    left.retain(|part| part.start < part.end);
    left
}

/// The same, each person's spans of a track in one where they overlap or touch; by start.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    let by = |span: &Span| (span.track.clone(), span.who.clone());
    spans.sort_by(|a, b| by(a).cmp(&by(b)).then(a.start.total_cmp(&b.start)));
    let mut all: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match all.last_mut() {
            Some(last) if last.is_by(&span) && span.start <= last.end => last.end = last.end.max(span.end),
            _ => all.push(span),
        }
    }
    all.sort_by(|a, b| a.start.total_cmp(&b.start).then(a.end.total_cmp(&b.end)));
    all
}

fn longest(spans: &[Span]) -> f64 {
    spans.iter().map(|span| span.end - span.start).fold(0.0, f64::max)
}

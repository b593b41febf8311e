//! The minutes as a document, before any format: what stands in them, in which order and in which words.
//! Markdown, plain text and Word are drawn from the same blocks, so that they never say different things.
//! Pure.
//!
//! Order: title, when, whether anything is missing, where, by whom and about what it was; who was there; what
//! was marked; what a model made of it; what was said; how the document came about; what was recorded and
//! with what. Frames and fingerprints come after that, where evidence is asked for. Texts are on one line and
//! not escaped: that is each format's own business. All words are those of the meeting's [`Wording`].

use std::collections::HashMap;

use super::account::{self, AccountLine};
use super::evidence::{self, Fingerprint};
use super::order::Entry;
use super::turns::{Meeting, Paragraph, Person, Turn};
use super::wording::Wording;
use crate::base::utterance::Utterance;
use crate::base::{languages, text};
use crate::session::manifest::SourceEntry;
use crate::session::mark::{Mark, MarkKind};

mod head;
pub(super) mod summary;

pub(super) use head::lead;

/// What a mark's anchor begins with; its number follows, from 1.
pub const ANCHOR: &str = "mark_";

/// A piece of the document.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// 1 is the title.
    Heading(u8, String),
    Text(Vec<Inline>),
    /// An item of a list.
    Item(Vec<Inline>),
    /// One that somebody is to do.
    Task(Vec<Inline>),
    /// A table; the second is `l` or `r` per column.
    Table(Vec<&'static str>, &'static str, Vec<Vec<String>>),
    /// Somebody takes the floor.
    Turn(Head),
    /// A paragraph of what is said; all but a turn's first have a time.
    Said(Option<String>, Vec<Inline>),
    /// What somebody marked, at its place.
    Mark(Marked),
    /// What a reader must know at its place; formats put it between brackets.
    Notice(String),
    /// Lines to be copied as they are.
    Code(Vec<String>),
}

/// A mark, told.
#[derive(Debug, Clone, PartialEq)]
pub struct Marked {
    /// Name of its place, to which [`Inline::Link`] leads: letters, digits and underscores.
    pub anchor: String,
    /// `Decision`
    pub kind: &'static str,
    /// Time into the meeting.
    pub into: String,
    /// Time of day, where it is known.
    pub day: Option<String>,
    /// In whose words.
    pub text: String,
}

/// Who takes the floor, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Display name.
    pub speaker: String,
    /// Time into the meeting.
    pub into: String,
    /// Time of day, where it is known.
    pub day: Option<String>,
    /// What else is to be known: that others still spoke, that it is withheld.
    pub notes: Vec<String>,
}

/// A stretch of text of one kind. Stretches follow each other without a space.
#[derive(Debug, Clone, PartialEq)]
pub enum Inline {
    /// As it is.
    Plain(String),
    /// To be seen at once.
    Strong(String),
    /// Set apart: what somebody else put in, remarks of ours.
    Aside(String),
    /// To be typed as it is.
    Code(String),
    /// Leads to the place of that name in the document, where the format can do that.
    Link(String, String),
    /// A place of that name, to which [`Inline::Link`] leads.
    Anchor(String),
}

impl Inline {
    /// The text without its kind.
    pub fn text(&self) -> &str {
        match self {
            Self::Plain(text)
            | Self::Strong(text)
            | Self::Aside(text)
            | Self::Code(text)
            | Self::Link(text, _) => text,
            Self::Anchor(_) => "",
        }
    }
}

fn plain(text: impl Into<String>) -> Vec<Inline> {
    vec![Inline::Plain(text.into())]
}

/// The whole document; with `evidence` it ends in where the sound of each line is.
pub fn document(meeting: &Meeting, evidence: bool) -> Vec<Block> {
    let mut out = vec![Block::Heading(1, meeting.title())];
    out.extend(lead(meeting));
    out.extend(who(meeting));
    out.extend(marks(meeting));
    let anchors = summary::anchors(meeting);
    out.extend(summary::section(meeting, &anchors));
    out.extend(minutes(meeting, &anchors));
    out.extend(made(meeting));
    out.extend(recorded(meeting));
    if evidence {
        out.extend(frames(meeting));
        out.extend(sources(meeting));
        out.extend(files(meeting));
    }
    out
}

/// Who was heard. Nothing where nobody was.
fn who(meeting: &Meeting) -> Vec<Block> {
    let words = &meeting.words.who;
    let heading = Block::Heading(2, words.heading.to_owned());
    let name = |person: &Person| meeting.called(&person.name).to_owned();
    // Who spoke for how long is not known before all is text.
    if let Some(pending) = &meeting.pending {
        let part = pending.is_part;
        let row = |person: &Person| {
            let until = part.then(|| meeting.text_until(person));
            std::iter::once(name(person)).chain(until).collect()
        };
        let rows = meeting.heard().map(row).collect();
        let (head, align) = match part {
            true => (vec![words.speaker, words.text_up_to], "lr"),
            false => (vec![words.speaker], "l"),
        };
        return vec![heading, Block::Table(head, align, rows)];
    }
    let row = |person: &Person| {
        let time = (meeting.words.length)(person.talking_s);
        vec![name(person), time, share(meeting, person), person.turns.to_string()]
    };
    let rows: Vec<Vec<String>> = meeting.heard().map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let head = vec![words.speaker, words.talking_time, words.share, words.turns];
    vec![heading, Block::Table(head, "lrrr", rows)]
}

/// How much of what was said somebody said, in percent.
pub(super) fn share(meeting: &Meeting, person: &Person) -> String {
    let all: f64 = meeting.people.iter().map(|person| person.talking_s).sum();
    match all > 0.0 {
        true => (meeting.words.who.percent)(&format!("{:.0}", 100.0 * person.talking_s / all)),
        false => "–".to_owned(),
    }
}

/// All that was marked, by kind, each with its time, which leads to its place.
fn marks(meeting: &Meeting) -> Vec<Block> {
    let mut out = Vec::new();
    for kind in MarkKind::ALL {
        let of_kind = meeting.marks().enumerate().filter(|(_, mark)| mark.kind == kind);
        let items: Vec<Block> = of_kind
            .map(|(n, mark)| {
                let Marked { anchor, into, text, .. } = marked(meeting, n, mark);
                let spans = vec![Inline::Link(into, anchor), Inline::Plain(format!(" · {text}"))];
                if kind == MarkKind::Action { Block::Task(spans) } else { Block::Item(spans) }
            })
            .collect();
        if !items.is_empty() {
            out.push(Block::Heading(3, (meeting.words.marks.many)(kind).to_owned()));
            out.extend(items);
        }
    }
    if !out.is_empty() {
        out.insert(0, Block::Heading(2, meeting.words.marks.heading.to_owned()));
    }
    out
}

fn marked(meeting: &Meeting, n: usize, mark: &Mark) -> Marked {
    Marked {
        anchor: format!("{ANCHOR}{}", n + 1),
        kind: (meeting.words.marks.one)(mark.kind),
        into: meeting.clock(mark.at),
        day: meeting.time_of_day(mark.at),
        text: text::clean(&mark.text),
    }
}

/// What was said, with what was marked and what must be known at its place.
fn minutes(meeting: &Meeting, anchors: &HashMap<String, String>) -> Vec<Block> {
    let mut out = vec![Block::Heading(2, meeting.words.said.heading.to_owned())];
    if let Some(nothing) = meeting.nothing_said() {
        out.push(Block::Text(vec![Inline::Aside(nothing.to_owned())]));
    }
    for entry in meeting.entries() {
        match entry {
            Entry::Notice(notice) => {
                let (when, what) = (notice.when(meeting.long), notice.brief(meeting.words));
                out.push(Block::Notice(format!("{when} {what}")));
            }
            Entry::Mark(n, mark) => out.push(Block::Mark(marked(meeting, n, mark))),
            Entry::Said(turn) => {
                out.push(Block::Turn(head(meeting, turn)));
                out.extend(turn.paragraphs.iter().enumerate().map(|(n, paragraph)| {
                    let time = (n > 0).then(|| meeting.clock(paragraph.start));
                    Block::Said(time, spans(meeting, paragraph, anchors))
                }));
            }
        }
    }
    out
}

fn head(meeting: &Meeting, turn: &Turn) -> Head {
    let over = turn.over.iter().map(|other| (meeting.words.said.still_spoke)(meeting.called(other)));
    Head {
        speaker: meeting.called(&turn.speaker).to_owned(),
        into: meeting.clock(turn.start),
        day: meeting.time_of_day(turn.start),
        notes: over.chain(meeting.withheld(turn)).collect(),
    }
}

/// What is said, with what others put in at its place. Spaces between spans belong to the plain ones.
fn spans(meeting: &Meeting, paragraph: &Paragraph, anchors: &HashMap<String, String>) -> Vec<Inline> {
    let anchor = paragraph.pieces.iter().find_map(|piece| anchors.get(&piece.utterance.id));
    let mut out: Vec<Inline> = anchor.cloned().map(Inline::Anchor).into_iter().collect();
    for (n, piece) in paragraph.pieces.iter().enumerate() {
        if n > 0 {
            out.push(Inline::Plain(" ".to_owned()));
        }
        out.push(match piece.interjection {
            true => {
                let name = text::name(&piece.utterance.speaker);
                Inline::Aside(format!("({}{}{})", meeting.called(&name), meeting.words.colon, piece.text()))
            }
            false => Inline::Plain(piece.text()),
        });
    }
    joined(out)
}

/// How the text came about, and what of it was left out.
pub(super) fn made(meeting: &Meeting) -> Vec<Block> {
    let (words, about) = (meeting.words, &meeting.words.about);
    let mut notes = Vec::new();
    let told = |(model, language): (String, String)| match language.as_str() {
        languages::UNKNOWN => model,
        language => format!("{model} ({language})"),
    };
    let by: Vec<String> = meeting.recognised_by().into_iter().map(told).collect();
    if !by.is_empty() {
        notes.push((about.transcribed_by)(&by.join(", ")));
    }
    let sent_to = &meeting.session.texted.sent_to;
    if !sent_to.is_empty() {
        let hosts: Vec<String> = sent_to.iter().map(|host| text::name(host)).collect();
        notes.push((about.sent_to)(&(words.list)(&hosts)));
    }
    let count =
        |n: usize, told: fn(u64, &str) -> String| (n > 0).then(|| told(n as u64, &words.grouped(n as u64)));
    let summarised_by = &meeting.session.texted.summarised_by;
    if !summarised_by.is_empty() {
        let hosts: Vec<String> = summarised_by.iter().map(|host| text::name(host)).collect();
        notes.push((about.summarised_by)(&(words.list)(&hosts)));
    }
    let hidden = meeting.hidden;
    let hidden = [count(hidden.echoes, about.echoes), count(hidden.withheld, about.without_evidence)];
    let hidden: Vec<String> = hidden.into_iter().flatten().collect();
    if !hidden.is_empty() {
        let told = if meeting.selection.withheld { about.marked_withheld } else { about.left_out };
        notes.push(told(&hidden.join(", ")));
    }
    let edited = meeting.said.iter().filter(|said| said.edited.is_some()).count();
    notes.extend(count(edited, about.corrected));
    notes.extend(meeting.zone().map(|zone| (about.zone)(&zone)));
    let id = text::clean(&meeting.session.manifest.id);
    notes.push((about.written)(env!("CARGO_PKG_VERSION"), &id));
    vec![Block::Heading(2, about.heading.to_owned()), Block::Text(plain(notes.join(words.space)))]
}

/// What became of each track's sound, that all of it is there or what is missing of which, and what it was
/// recorded with.
pub(super) fn recorded(meeting: &Meeting) -> Vec<Block> {
    let (lines, words) = (&meeting.accounts, meeting.words);
    if lines.is_empty() {
        return Vec::new();
    }
    let mut out = vec![Block::Heading(2, words.account.heading.to_owned())];
    let all = lines.iter().all(|line| line.losses.is_empty() && line.absences.is_empty());
    // That something is complete is only said where that is known.
    if all && !meeting.complete.is_warning() {
        let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
        out.push(Block::Text(plain((words.account.complete)(&names.join(", ")))));
    } else {
        out.extend(lines.iter().map(|line| Block::Item(in_words(meeting, line))));
        if lines.iter().all(|line| line.losses.is_empty()) && !meeting.complete.is_warning() {
            out.push(Block::Text(plain(words.account.nothing_lost)));
        }
    }
    let from = |source: &SourceEntry| {
        format!("{} ({})", text::name(&source.name), account::recorded_from_in(words, source))
    };
    let from: Vec<String> = meeting.session.manifest.sources.iter().map(from).collect();
    if !from.is_empty() {
        let from = from.join(words.semicolon);
        let sources = format!("{}{}{from}{}", words.account.sources, words.colon, words.stop);
        out.push(Block::Text(plain(sources)));
    }
    out
}

/// The same in frames: what is there and what is missing add up to what was to be expected.
pub(super) fn frames(meeting: &Meeting) -> Vec<Block> {
    let (lines, words) = (&meeting.accounts, meeting.words);
    if lines.is_empty() {
        return Vec::new();
    }
    let row = |line: &AccountLine| {
        vec![
            line.name.clone(),
            words.grouped(line.expected.0),
            words.grouped(line.written.0),
            words.grouped(line.gaps.0),
            words.lost(line.lost),
            line.unexplained.to_string(),
        ]
    };
    let evidence = &words.evidence;
    let is_rounding = lines.iter().all(|line| line.is_rounding);
    let rest = if is_rounding { evidence.rounding } else { evidence.difference };
    let head = vec![evidence.track, evidence.expected, evidence.written, evidence.gaps, evidence.lost, rest];
    let table = Block::Table(head, "lrrrrr", lines.iter().map(row).collect());
    vec![Block::Heading(2, evidence.frames.to_owned()), table]
}

/// `Alice: 12 min 30 s recorded, in 2 takes; 2.1 s lost: device was unplugged.`
fn in_words(meeting: &Meeting, line: &AccountLine) -> Vec<Inline> {
    let words = meeting.words;
    let takes = &meeting.session.manifest.takes;
    let takes = takes.iter().filter(|take| text::clean(&take.track) == line.track).count();
    let mut spans = plain((words.account.recorded)(&line.name, &(words.length)(line.written_s), takes));
    if line.losses.is_empty() && line.absences.is_empty() {
        spans.extend(plain(words.account.nothing_missing));
    }
    for loss in &line.losses {
        spans.extend([Inline::Plain(words.semicolon.to_owned()), Inline::Strong(loss.told(words))]);
    }
    let absent = line.absences.iter().map(|absence| format!("{}{}", words.semicolon, absence.told(words)));
    spans.extend(absent.map(Inline::Plain));
    spans.extend(plain(words.stop));
    joined(spans)
}

/// Neighbours of plain text in one.
fn joined(spans: Vec<Inline>) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::new();
    for span in spans {
        match (out.last_mut(), span) {
            (Some(Inline::Plain(text)), Inline::Plain(more)) => text.push_str(&more),
            (_, span) => out.push(span),
        }
    }
    out
}

/// Where each line comes from: its samples, and who heard what in them.
fn sources(meeting: &Meeting) -> Vec<Block> {
    let (words, told) = (meeting.words, &meeting.words.evidence);
    let row = |line: &&Utterance| {
        let proof = meeting.evidence(line);
        let file = proof.file.map_or_else(|| (told.take)(proof.track, proof.take), evidence::shown);
        let frames = frames_of(words, proof.from_frame.0, proof.to_frame.0);
        let confidence = words.number(&format!("{:.2}", proof.confidence));
        let model = if proof.edited.is_some() { told.by_hand.to_owned() } else { text::clean(proof.model) };
        let name = text::name(&line.speaker);
        let name = meeting.called(&name).to_owned();
        vec![meeting.clock(line.start), name, file, frames, confidence, model]
    };
    let rows: Vec<Vec<String>> = meeting.said.iter().map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let head = vec![told.from, words.who.speaker, told.file, told.frames_of, told.confidence, told.model];
    vec![Block::Heading(2, told.lines.to_owned()), Block::Table(head, "rllrrl", rows)]
}

/// From which frame up to which.
pub(super) fn frames_of(words: &Wording, from: u64, to: u64) -> String {
    format!("{}–{}", words.grouped(from), words.grouped(to))
}

/// The files of the tracks, by which they can be relied on later.
pub(super) fn files(meeting: &Meeting) -> Vec<Block> {
    if meeting.files.is_empty() {
        return Vec::new();
    }
    let (words, evidence) = (meeting.words, &meeting.words.evidence);
    let mut out = vec![Block::Heading(2, evidence.fingerprints.to_owned())];
    let (mut sums, mut others) = (Vec::new(), Vec::new());
    let mut put_off = 0;
    for file in &meeting.files {
        let name = evidence::shown(&file.file);
        match &file.fingerprint {
            Fingerprint::Sha256(hex) => sums.push(format!("{hex}  {name}")),
            Fingerprint::Growing => others.push(format!("{name}{}{}", words.colon, evidence.growing)),
            Fingerprint::NotYet => put_off += 1,
            Fingerprint::Unreadable(why) => {
                others.push(format!("{name}{}{}", words.colon, text::clean(why)));
            }
        }
    }
    if !sums.is_empty() {
        out.push(Block::Text(plain(evidence.sha256)));
        out.push(Block::Code(sums));
    }
    if put_off > 0 {
        let bytes = meeting.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
        out.push(Block::Text(plain((evidence.put_off)(&words.number(&size(bytes))))));
    }
    out.extend(others.into_iter().map(|line| Block::Item(plain(line))));
    out
}

/// `6.1 GB`, `12.0 MB`.
pub fn size(bytes: u64) -> String {
    match bytes as f64 {
        n if n >= 1e9 => format!("{:.1} GB", n / 1e9),
        n => format!("{:.1} MB", n / 1e6),
    }
}

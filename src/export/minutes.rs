//! The minutes as a document, before any format: what stands in them, in which order and in which words.
//! Markdown, plain text and Word are drawn from the same blocks, so that they never say different things.
//! Pure.
//!
//! Order: title, when, what a reader must not miss; who was there; what was marked; the minutes; how they
//! came about; what was recorded. Frames and fingerprints come after that, where evidence is asked for. Texts
//! are on one line and not escaped: that is each format's own business.

use super::account::{self, AccountLine};
use super::evidence::{self, Fingerprint};
use super::order::Entry;
use super::pending::PendingText;
use super::turns::{Meeting, Paragraph, Person, Turn};
use crate::base::text::{self, grouped, length};
use crate::base::utterance::Utterance;
use crate::session::manifest::{Manifest, State};
use crate::session::mark::{Mark, MarkKind};

/// The heading over what was marked, to which each mark leads back.
pub const MARKED: &str = "What was marked";

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
    out.extend(minutes(meeting));
    out.extend(made(meeting));
    out.extend(recorded(meeting));
    if evidence {
        out.extend(frames(meeting));
        out.extend(sources(meeting));
        out.extend(files(meeting));
    }
    out
}

/// When it was, and what a reader must know before he reads on.
pub(super) fn lead(meeting: &Meeting) -> Vec<Block> {
    let manifest = &meeting.session.manifest;
    let mut out = vec![Block::Text(plain(format!("{} · {}", meeting.when(), length(manifest.duration))))];
    let mut warn = |text: String| out.push(Block::Text(vec![Inline::Strong(text)]));
    if let Some(part) = part(meeting) {
        warn(part);
    }
    if let Some(PendingText { before, command, after, .. }) = &meeting.pending {
        let mut spans = vec![Inline::Strong(before.clone())];
        if let Some(command) = command {
            spans.extend([Inline::Plain(" ".to_owned()), Inline::Code(command.clone())]);
        }
        if !after.is_empty() {
            spans.push(Inline::Plain(format!(" {after}")));
        }
        out.push(Block::Text(spans));
    }
    let mut warn = |text: String| out.push(Block::Text(vec![Inline::Strong(text)]));
    if manifest.state == State::Recording {
        warn("This recording was not finished in order, or is still going on.".to_owned());
    }
    let lost: Vec<String> = meeting
        .accounts
        .iter()
        .filter(|line| line.lost.is_any())
        .map(|line| format!("{} of {}", line.lost, line.name))
        .collect();
    if !lost.is_empty() {
        warn(format!("Sound was lost: {}. The last part of these minutes says why.", lost.join(", ")));
    }
    out
}

/// That it is only a part, and which.
fn part(meeting: &Meeting) -> Option<String> {
    let selection = &meeting.selection;
    if !selection.is_part() {
        return None;
    }
    let mut what = String::from("These minutes are a part of the meeting");
    let (from, to) = (meeting.clock(selection.from), meeting.clock(selection.to.min(1e9)));
    match (selection.from > 0.0, selection.to.is_finite()) {
        (true, true) => what += &format!(": from {from} to {to}"),
        (true, false) => what += &format!(": from {from} on"),
        (false, true) => what += &format!(": up to {to}"),
        (false, false) => {}
    }
    if !selection.speakers.is_empty() {
        what += &format!("; only what {} said", selection.speakers.join(", "));
    }
    Some(what + ".")
}

fn who(meeting: &Meeting) -> Vec<Block> {
    let heading = Block::Heading(2, "Who was there".to_owned());
    let all: f64 = meeting.people.iter().map(|person| person.talking_s).sum();
    let share = |person: &Person| match all > 0.0 {
        true => format!("{:.0} %", 100.0 * person.talking_s / all),
        false => "–".to_owned(),
    };
    let sources = &meeting.session.manifest.sources;
    let heard_on = |person: &Person| {
        let of_them = sources.iter().filter(|source| person.tracks.contains(&source.track));
        of_them.map(account::recorded_from).collect::<Vec<_>>().join(" and ")
    };
    // Who spoke for how long is not known before all is text.
    if let Some(pending) = &meeting.pending {
        let part = pending.is_part;
        let until = |person: &Person| part.then(|| meeting.text_until(person));
        let row = |person: &Person| {
            let name = std::iter::once(person.name.clone());
            name.chain(until(person)).chain([heard_on(person)]).collect()
        };
        let rows = meeting.people.iter().map(row).collect();
        let (head, align) = match part {
            true => (vec!["Speaker", "Text up to", "Recorded from"], "lrl"),
            false => (vec!["Speaker", "Recorded from"], "ll"),
        };
        return vec![heading, Block::Table(head, align, rows)];
    }
    let row = |person: &Person| {
        let (time, turns) = (length(person.talking_s), person.turns.to_string());
        vec![person.name.clone(), time, share(person), turns, heard_on(person)]
    };
    let head = vec!["Speaker", "Talking time", "Share", "Turns", "Recorded from"];
    let rows = meeting.people.iter().map(row).collect();
    vec![heading, Block::Table(head, "lrrrl", rows)]
}

/// All that was marked, by kind, each with its time, which leads to its place.
fn marks(meeting: &Meeting) -> Vec<Block> {
    let mut out = Vec::new();
    for (kind, plural) in MarkKind::ALL.into_iter().zip(["Decisions", "Actions", "Questions", "Notes"]) {
        let of_kind = meeting.marks().enumerate().filter(|(_, mark)| mark.kind == kind);
        let items: Vec<Block> = of_kind
            .map(|(n, mark)| {
                let Marked { anchor, into, text, .. } = marked(meeting, n, mark);
                Block::Item(vec![Inline::Link(into, anchor), Inline::Plain(format!(" · {text}"))])
            })
            .collect();
        if !items.is_empty() {
            out.push(Block::Heading(3, plural.to_owned()));
            out.extend(items);
        }
    }
    if !out.is_empty() {
        out.insert(0, Block::Heading(2, MARKED.to_owned()));
    }
    out
}

fn marked(meeting: &Meeting, n: usize, mark: &Mark) -> Marked {
    Marked {
        anchor: format!("{ANCHOR}{}", n + 1),
        kind: mark.kind.title(),
        into: meeting.clock(mark.at),
        day: meeting.time_of_day(mark.at),
        text: text::clean(&mark.text),
    }
}

/// What was said, with what was marked and what must be known at its place.
fn minutes(meeting: &Meeting) -> Vec<Block> {
    let mut out = vec![Block::Heading(2, "Minutes".to_owned())];
    if let Some(nothing) = meeting.nothing_said() {
        out.push(Block::Text(vec![Inline::Aside(nothing.to_owned())]));
    }
    for entry in meeting.entries() {
        match entry {
            Entry::Notice(notice) => {
                let (when, what) = (notice.when(meeting.long), notice.brief());
                out.push(Block::Notice(format!("{when} {what}")));
            }
            Entry::Mark(n, mark) => out.push(Block::Mark(marked(meeting, n, mark))),
            Entry::Said(turn) => {
                out.push(Block::Turn(head(meeting, turn)));
                out.extend(turn.paragraphs.iter().enumerate().map(|(n, paragraph)| {
                    let time = (n > 0).then(|| meeting.clock(paragraph.start));
                    Block::Said(time, spans(paragraph))
                }));
            }
        }
    }
    out
}

fn head(meeting: &Meeting, turn: &Turn) -> Head {
    let over = turn.over.iter().map(|other| format!("while {other} still spoke"));
    Head {
        speaker: turn.speaker.clone(),
        into: meeting.clock(turn.start),
        day: meeting.time_of_day(turn.start),
        notes: over.chain(turn.withheld.clone()).collect(),
    }
}

/// What is said, with what others put in at its place. Spaces between spans belong to the plain ones.
fn spans(paragraph: &Paragraph) -> Vec<Inline> {
    let mut out = Vec::new();
    for piece in &paragraph.pieces {
        if !out.is_empty() {
            out.push(Inline::Plain(" ".to_owned()));
        }
        out.push(match piece.interjection {
            true => Inline::Aside(format!("({}: {})", text::name(&piece.utterance.speaker), piece.text())),
            false => Inline::Plain(piece.text()),
        });
    }
    joined(out)
}

/// How the text came about, and what of it was left out.
pub(super) fn made(meeting: &Meeting) -> Vec<Block> {
    let mut notes = Vec::new();
    let by: Vec<String> =
        meeting.recognised_by().into_iter().map(|(model, lang)| format!("{model} ({lang})")).collect();
    if !by.is_empty() {
        notes.push(format!("Transcribed by {}.", by.join(", ")));
    }
    let hidden: Vec<String> = [
        (meeting.hidden.echoes, "echo of another track", "echoes of other tracks"),
        (
            meeting.hidden.withheld,
            "utterance without enough evidence of speech",
            "utterances without enough evidence of speech",
        ),
    ]
    .into_iter()
    .filter(|(n, ..)| *n > 0)
    .map(|(n, one, many)| format!("{n} {}", if n == 1 { one } else { many }))
    .collect();
    if !hidden.is_empty() {
        let what = if meeting.selection.withheld {
            "Marked as withheld"
        } else {
            "Left out, but kept in the transcript"
        };
        notes.push(format!("{what}: {}.", hidden.join(", ")));
    }
    let edited = meeting.said.iter().filter(|said| said.edited.is_some()).count() as u64;
    if edited > 0 {
        notes.push(format!("Corrected by hand: {}.", text::count(edited, "utterance")));
    }
    let id = text::clean(&meeting.session.manifest.id);
    notes.push(format!("Written by Hansard {} from the session {id}.", env!("CARGO_PKG_VERSION")));
    let heading = Block::Heading(2, "About these minutes".to_owned());
    vec![heading, Block::Text(plain(notes.join(" ")))]
}

/// What became of each track's sound: that all of it is there, or what is missing of which.
pub(super) fn recorded(meeting: &Meeting) -> Vec<Block> {
    let lines = &meeting.accounts;
    if lines.is_empty() {
        return Vec::new();
    }
    let mut out = vec![Block::Heading(2, "What was recorded".to_owned())];
    if lines.iter().all(|line| line.losses.is_empty() && line.absences.is_empty()) {
        let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
        let names = names.join(", ");
        out.push(Block::Text(plain(format!("The recording is complete: nothing is missing ({names})."))));
        return out;
    }
    out.extend(lines.iter().map(|line| Block::Item(in_words(&meeting.session.manifest, line))));
    if lines.iter().all(|line| line.losses.is_empty()) {
        out.push(Block::Text(plain("Nothing was lost.")));
    }
    out
}

/// The same in frames: what is there and what is missing add up to what was to be expected.
pub(super) fn frames(meeting: &Meeting) -> Vec<Block> {
    let lines = &meeting.accounts;
    if lines.is_empty() {
        return Vec::new();
    }
    let row = |line: &AccountLine| {
        vec![
            line.name.clone(),
            grouped(line.expected.0),
            grouped(line.written.0),
            grouped(line.gaps.0),
            line.lost.to_string(),
            line.unexplained.to_string(),
        ]
    };
    let rest = if lines.iter().all(|line| line.is_rounding) { "+ rounding" } else { "Unexplained" };
    let head = vec!["Track", "Frames expected", "= written", "+ in gaps", "Of it lost", rest];
    let table = Block::Table(head, "lrrrrr", lines.iter().map(row).collect());
    vec![Block::Heading(2, "The account in frames".to_owned()), table]
}

/// `Alice: 12 min 30 s recorded, in 2 takes; 2.1 s lost: device was unplugged.`
fn in_words(manifest: &Manifest, line: &AccountLine) -> Vec<Inline> {
    let takes = manifest.takes.iter().filter(|take| text::clean(&take.track) == line.track).count();
    let takes = if takes > 1 { format!(", in {takes} takes") } else { String::new() };
    let mut spans = plain(format!("{}: {} recorded{takes}", line.name, length(line.written_s)));
    if line.losses.is_empty() && line.absences.is_empty() {
        spans.extend(plain(", nothing missing"));
    }
    for loss in &line.losses {
        spans.extend([Inline::Plain("; ".to_owned()), Inline::Strong(loss.clone())]);
    }
    spans.extend(line.absences.iter().map(|absence| Inline::Plain(format!("; {absence}"))));
    spans.extend(plain("."));
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
    let row = |line: &&Utterance| {
        let proof = meeting.evidence(line);
        let file =
            proof.file.map_or_else(|| format!("{}, take {}", proof.track, proof.take), evidence::shown);
        let frames = format!("{}–{}", grouped(proof.from_frame.0), grouped(proof.to_frame.0));
        let confidence = format!("{:.2}", proof.confidence);
        let model = if proof.edited.is_some() { "by hand".to_owned() } else { text::clean(proof.model) };
        vec![meeting.clock(line.start), text::name(&line.speaker), file, frames, confidence, model]
    };
    let rows: Vec<Vec<String>> = meeting.said.iter().map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let head = vec!["From", "Speaker", "File", "Frames", "Confidence", "Model"];
    vec![Block::Heading(2, "Where each line comes from".to_owned()), Block::Table(head, "rllrrl", rows)]
}

/// The files of the tracks, by which they can be relied on later.
pub(super) fn files(meeting: &Meeting) -> Vec<Block> {
    if meeting.files.is_empty() {
        return Vec::new();
    }
    let mut out = vec![Block::Heading(2, "Fingerprints".to_owned())];
    let (mut sums, mut others) = (Vec::new(), Vec::new());
    let mut put_off = 0;
    for file in &meeting.files {
        let name = evidence::shown(&file.file);
        match &file.fingerprint {
            Fingerprint::Sha256(hex) => sums.push(format!("{hex}  {name}")),
            Fingerprint::Growing => others.push(format!("{name}: it is still being written")),
            Fingerprint::NotYet => put_off += 1,
            Fingerprint::Unreadable(why) => others.push(format!("{name}: {}", text::clean(why))),
        }
    }
    if !sums.is_empty() {
        out.push(Block::Text(plain(
            "SHA-256 of each track's file as it was when these minutes were written. In the session's folder, sha256sum --check \
             holds the files against these lines:",
        )));
        out.push(Block::Code(sums));
    }
    if put_off > 0 {
        out.push(Block::Text(plain(format!(
            "The tracks' SHA-256 were left out: {} of sound were to be read.",
            size(meeting.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add)),
        ))));
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

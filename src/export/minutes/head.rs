//! What stands above everything else: when it was, whether anything is missing, and what people said of the
//! meeting as such.

use super::{Block, Inline, plain};
use crate::base::text;
use crate::export::pending::session_word;
use crate::export::turns::Meeting;
use crate::session::manifest::State;

/// When it was, whether anything is missing, and what else stands in the head of minutes.
pub(in crate::export) fn lead(meeting: &Meeting) -> Vec<Block> {
    let words = meeting.words;
    let long = (words.length)(meeting.session.manifest.duration);
    let when = format!("{} · {} · {long}", words.head.minutes, meeting.held());
    let mut out = vec![Block::Text(plain(when))];
    if let Some(part) = part(meeting) {
        out.push(Block::Text(vec![Inline::Strong(part)]));
    }
    out.push(complete(meeting));
    if let Some(pending) = &meeting.pending {
        let mut spans = vec![Inline::Strong(pending.before(words))];
        if let Some(command) = &pending.command {
            spans.extend([Inline::Plain(" ".to_owned()), Inline::Code(command.clone())]);
        }
        let after = pending.after(words);
        if !after.is_empty() {
            spans.push(Inline::Plain(format!(" {after}")));
        }
        out.push(Block::Text(spans));
    }
    out.extend(details(meeting));
    out
}

/// The one sentence about completeness.
fn complete(meeting: &Meeting) -> Block {
    let (complete, words) = (&meeting.complete, meeting.words);
    let told = complete.told(words);
    if !complete.is_warning() {
        return Block::Text(plain(told));
    }
    let mut spans = vec![Inline::Strong(told)];
    // Of what goes on or was not mended the session's other sentence tells what to do.
    if complete.is_unknown() && meeting.session.manifest.state != State::Recording {
        let command = format!("hansard verify {}", session_word(&meeting.session.manifest));
        spans.push(Inline::Plain(format!(" {} ", words.complete.verify)));
        spans.push(Inline::Code(command));
        spans.push(Inline::Plain(words.stop.to_owned()));
    }
    Block::Text(spans)
}

/// What people said of the meeting as such.
fn details(meeting: &Meeting) -> Vec<Block> {
    let (details, words) = (&meeting.session.amendments.details, meeting.words);
    let head = &words.head;
    let label = |label: &str| Inline::Strong(format!("{label}{}", words.colon.trim_end()));
    let space = &words.colon[words.colon.trim_end().len()..];
    let named = [
        (head.place, details.place.as_slice()),
        (head.present, details.present.as_slice()),
        (head.excused, details.excused.as_slice()),
        (head.invited, details.invited.as_slice()),
    ];
    let mut out = Vec::new();
    for (name, lines) in named.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        let lines: Vec<String> = lines.iter().map(|line| text::clean(line)).collect();
        let list = lines.join(words.semicolon);
        out.push(Block::Item(vec![label(name), Inline::Plain(format!("{space}{list}"))]));
    }
    if let Some(consent) = &details.consent {
        let consent = text::clean(consent);
        out.push(Block::Item(vec![label(head.consent), Inline::Plain(format!("{space}{consent}"))]));
    }
    if let Some(at) = meeting.session.amendments.announced {
        let day = meeting.time_of_day(at).map(|day| format!(" ({day})")).unwrap_or_default();
        let when = format!("{space}{}{day}", meeting.clock(at));
        out.push(Block::Item(vec![label(head.announced), Inline::Plain(when)]));
    }
    if !details.agenda.is_empty() {
        out.push(Block::Heading(2, head.agenda.to_owned()));
        let point =
            |(n, line): (usize, &String)| Block::Item(plain(format!("{} · {}", n + 1, text::clean(line))));
        out.extend(details.agenda.iter().enumerate().map(point));
    }
    out
}

/// That it is only a part, and which.
fn part(meeting: &Meeting) -> Option<String> {
    let selection = &meeting.selection;
    if !selection.is_part() {
        return None;
    }
    let from = (selection.from > 0.0).then(|| meeting.clock(selection.from));
    let to = selection.to.is_finite().then(|| meeting.clock(selection.to));
    let speakers =
        || selection.speakers.iter().map(|name| meeting.called(name)).collect::<Vec<_>>().join(", ");
    let who = (!selection.speakers.is_empty()).then(speakers);
    Some((meeting.words.head.part)(from.as_deref(), to.as_deref(), who.as_deref()))
}

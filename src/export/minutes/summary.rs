//! What a model made of the text, as it stands now: who made it, what was left out, and each item with its
//! time, which leads to the words that it rests on.

use std::collections::HashMap;

use super::{Block, Inline, plain};
use crate::base::text;
use crate::export::turns::Meeting;
use crate::session::mark::MarkKind;
use crate::session::summary::{Kind, Shown, ShownItem};

/// What the anchor of a paragraph begins with that an item leads to; its number follows, from 1.
pub(in crate::export) const SAID: &str = "said_";

/// By the id of a line that an item leads to, the anchor of the paragraph that it stands in.
pub(super) fn anchors(meeting: &Meeting) -> HashMap<String, String> {
    let mut wanted: Vec<&str> =
        meeting.items().filter_map(|item| Some(item.lines.first()?.id.as_str())).collect();
    wanted.sort_unstable();
    let (mut out, mut number) = (HashMap::new(), 0);
    for paragraph in meeting.turns.iter().flat_map(|turn| &turn.paragraphs) {
        let ids = paragraph.pieces.iter().map(|piece| piece.utterance.id.as_str());
        let mut ids = ids.filter(|id| wanted.binary_search(id).is_ok()).peekable();
        if ids.peek().is_some() {
            number += 1;
        }
        for id in ids {
            out.entry(id.to_owned()).or_insert_with(|| format!("{SAID}{number}"));
        }
    }
    out
}

/// The section; nothing where there is no summary, or none of the part that was asked for.
pub(super) fn section(meeting: &Meeting, anchors: &HashMap<String, String>) -> Vec<Block> {
    let Some(summary) = &meeting.summary else { return Vec::new() };
    let mut out: Vec<Block> =
        notes(meeting, summary).into_iter().map(|note| Block::Text(plain(note))).collect();
    for kind in Kind::ALL {
        let mut items = meeting.items().filter(|item| item.kind == kind).peekable();
        if items.peek().is_some() {
            out.push(Block::Heading(3, heading(meeting, kind).to_owned()));
        }
        for item in items {
            let spans = spans(meeting, item, anchors);
            out.push(if kind == Kind::Action { Block::Task(spans) } else { Block::Item(spans) });
        }
    }
    if meeting.selection.is_part() && meeting.items().next().is_none() {
        return Vec::new();
    }
    out.insert(0, Block::Heading(2, meeting.words.summary.heading.to_owned()));
    out
}

/// What items of a kind are called.
pub(in crate::export) fn heading(meeting: &Meeting, kind: Kind) -> &'static str {
    match kind {
        Kind::Topic => meeting.words.summary.topics,
        Kind::Decision => (meeting.words.marks.many)(MarkKind::Decision),
        Kind::Action => (meeting.words.marks.many)(MarkKind::Action),
        Kind::Question => (meeting.words.marks.many)(MarkKind::Question),
    }
}

/// Who made it, and what a reader must know of it.
pub(in crate::export) fn notes(meeting: &Meeting, summary: &Shown) -> Vec<String> {
    let words = &meeting.words.summary;
    let model = text::name(&summary.by.model);
    let mut notes = vec![match summary.by.here {
        true => (words.made_by)(&model),
        false => (words.made_at)(&model, &text::name(&summary.by.host)),
    }];
    if summary.items.is_empty() && summary.gone == 0 {
        notes.push(words.nothing.to_owned());
    }
    if summary.stale.is_any() {
        notes.push(words.stale.to_owned());
    }
    let number = |n: usize| meeting.words.grouped(n as u64);
    if summary.left_out > 0 {
        notes.push((words.left_out)(summary.left_out, &number(summary.left_out), &number(summary.said)));
    }
    if summary.unread > 0 {
        notes.push((words.unread)(summary.unread, &number(summary.unread), &number(summary.parts)));
    }
    if summary.gone > 0 {
        notes.push((words.gone)(summary.gone, &number(summary.gone)));
    }
    // One paragraph: each is a short sentence.
    vec![notes.join(meeting.words.space)]
}

/// `00:36 · We go. (Bob, on Friday) “let us go”`
fn spans(meeting: &Meeting, item: &ShownItem, anchors: &HashMap<String, String>) -> Vec<Inline> {
    let place = item.lines.first();
    let time = meeting.clock(place.map_or(0.0, |place| place.start));
    let anchor = place.and_then(|place| anchors.get(&place.id));
    let time = match anchor {
        Some(anchor) => Inline::Link(time, anchor.clone()),
        None => Inline::Plain(time),
    };
    let mut out = vec![time, Inline::Plain(format!(" · {}{}", item.text, whose(meeting, item)))];
    if let Some(quote) = quote(meeting, item) {
        out.extend([Inline::Plain(" ".to_owned()), Inline::Aside(quote)]);
    }
    if item.changed {
        out.push(Inline::Plain(format!(" ({})", meeting.words.summary.corrected)));
    }
    out
}

/// Who is to do it and until when, between brackets; empty where neither is known.
pub(in crate::export) fn whose(meeting: &Meeting, item: &ShownItem) -> String {
    let owner = item.owner.as_deref().map(|owner| meeting.called(owner));
    let known: Vec<&str> = owner.into_iter().chain(item.due.as_deref()).collect();
    if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) }
}

/// What a decision or an action rests on, with who said it.
pub(in crate::export) fn quote(meeting: &Meeting, item: &ShownItem) -> Option<String> {
    if !matches!(item.kind, Kind::Decision | Kind::Action) {
        return None;
    }
    let speaker = item.lines.first().map_or("", |place| place.speaker.as_str());
    let speaker = meeting.called(speaker);
    Some(format!("{speaker}{}{}", meeting.words.colon, (meeting.words.summary.quoted)(&item.quote)))
}

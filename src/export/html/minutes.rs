//! What was said, turn by turn, with what was marked and what is missing at its place.

use std::fmt::Write as _;

use super::words::{TimedLine, Timer};
use super::{colour, escape, language, marks, name, number, place, said, time_link};
use crate::base::text;
use crate::export::Options;
use crate::export::minutes::frames_of;
use crate::export::notices::Notice;
use crate::export::order::Entry;
use crate::export::turns::{Meeting, Paragraph, Turn, TurnPart};

/// All turns as HTML, and the times of their lines, in order.
pub(super) fn render(meeting: &Meeting, options: &Options) -> (String, Vec<TimedLine>) {
    let mut out = String::new();
    if let Some(nothing) = meeting.nothing_said() {
        let _ = writeln!(out, "<p class=\"nothing\">{}</p>", escape(nothing));
    }
    let (mut timer, mut lines) = (Timer::default(), Vec::new());
    let mut linked = None;
    for entry in meeting.entries() {
        match entry {
            Entry::Notice(notice) => out.push_str(&self::notice(meeting, notice)),
            Entry::Mark(_, mark) => out.push_str(&marks::here(meeting, mark)),
            Entry::Said(turn) => {
                // A place that two turns share is the first one's.
                let here = Some(place(turn.start)).filter(|here| linked.as_ref() != Some(here));
                self::turn(&mut out, meeting, options, turn, here.as_deref(), &mut |piece| {
                    lines.push(timer.line(piece))
                });
                linked = here.or(linked);
            }
        }
    }
    (out, lines)
}

fn turn<'a>(
    out: &mut String,
    meeting: &Meeting,
    options: &Options,
    turn: &Turn<'a>,
    id: Option<&str>,
    take: &mut impl FnMut(&TurnPart<'a>),
) {
    let left_out = if turn.withheld.is_some() { " left-out" } else { "" };
    let id = id.map(|id| format!(" id=\"{id}\"")).unwrap_or_default();
    let (colour, number) = (colour(meeting, &turn.speaker), number(meeting, &turn.speaker));
    let _ = writeln!(out, "<div class=\"turn {colour}{left_out}\"{id}{number}>");
    let _ = write!(
        out,
        "<p class=\"who\"><b>{}</b> {}",
        name(meeting.called(&turn.speaker)),
        time_link(meeting, turn.start)
    );
    if let Some(day) = meeting.time_of_day(turn.start) {
        let _ = write!(out, "<span class=\"time\"><span class=\"dot\"> · </span>{day}</span>");
    }
    if let Some(over) = &turn.over {
        let told = (meeting.words.said.still_spoke)(&name(meeting.called(over)));
        let _ = write!(out, " <span class=\"together\">{told}</span>");
    }
    out.push_str("</p>\n<div class=\"text\">\n");
    if let Some(reason) = meeting.withheld(turn) {
        let _ = writeln!(out, "<p class=\"why\">{}</p>", escape(&reason));
    }
    for (n, part) in turn.paragraphs.iter().enumerate() {
        paragraph(out, meeting, part, n > 0, take);
    }
    if options.evidence {
        evidence(out, meeting, turn);
    }
    out.push_str("</div>\n</div>\n");
}

fn paragraph<'a>(
    out: &mut String,
    meeting: &Meeting,
    part: &Paragraph<'a>,
    timed: bool,
    take: &mut impl FnMut(&TurnPart<'a>),
) {
    let spoken = part.pieces.iter().find_map(|piece| language(&piece.utterance.language));
    let spoken = spoken.map(|code| format!(" lang=\"{code}\"")).unwrap_or_default();
    let _ = write!(out, "<p class=\"said\"{spoken} dir=\"auto\">");
    if timed {
        // In the margin, where the turn's own time stands.
        let _ = write!(out, "<span class=\"later\">{}</span>", time_link(meeting, part.start));
    }
    for (n, piece) in part.pieces.iter().enumerate() {
        out.push_str(if n > 0 { " " } else { "" });
        let line = format!("<span class=\"l\">{}</span>", escape(&piece.text()));
        if piece.interjection {
            let who = &text::name(&piece.utterance.speaker);
            let (colour, number) = (colour(meeting, who), number(meeting, who));
            let _ = write!(
                out,
                "<span class=\"put-in {colour}\"{number}>({}{}{line})</span>",
                name(meeting.called(who)),
                escape(meeting.words.colon)
            );
        } else {
            out.push_str(&line);
        }
        take(piece);
    }
    out.push_str("</p>\n");
}

/// Where each line of a turn comes from.
fn evidence(out: &mut String, meeting: &Meeting, turn: &Turn) {
    let (words, heads) = (meeting.words, &meeting.words.evidence);
    let _ = writeln!(
        out,
        "<details class=\"evidence\"><summary>{}</summary><div class=\"scroll\"><table>\n<tr><th>{}</th><th>{}</th>\
         <th class=\"n\">{}</th><th class=\"n\">{}</th><th>{}</th></tr>",
        escape(heads.where_from),
        escape(heads.line),
        escape(heads.file),
        escape(heads.frames_of),
        escape(heads.confidence),
        escape(heads.model)
    );
    let mut told = None;
    for piece in turn.pieces() {
        let line = piece.utterance;
        if told.replace(&line.id) == Some(&line.id) {
            continue;
        }
        let proof = meeting.evidence(line);
        let file = proof.file.map_or_else(|| (heads.take)(proof.track, proof.take), str::to_owned);
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{} ({})</td></tr>",
            said(&(heads.revision)(&line.id, line.rev)),
            said(&file),
            frames_of(words, proof.from_frame.0, proof.to_frame.0),
            words.number(&format!("{:.2}", proof.confidence)),
            said(proof.model),
            said(&line.language)
        );
    }
    out.push_str("</table></div></details>\n");
}

/// What a reader must know at its place: `[00:49–01:03 Bob not recorded: device was unplugged]`.
fn notice(meeting: &Meeting, notice: &Notice) -> String {
    let lost = if notice.lost { " lost" } else { "" };
    let day = meeting.time_of_day(notice.from).unwrap_or_default();
    let (when, what) = (notice.when(meeting.long), escape(&notice.brief(meeting.words)));
    let time = format!("<a class=\"time\" href=\"#{}\" title=\"{day}\">{when}</a>", place(notice.from));
    format!("<p class=\"missing {}{lost}\">[{time} {what}]</p>\n", notice.kind.name())
}

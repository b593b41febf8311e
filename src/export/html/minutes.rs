//! What was said, turn by turn, with what was marked and what is missing at its place.

use std::fmt::Write as _;

use super::gaps::Gap;
use super::words::{TimedLine, Timer};
use super::{colour, escape, language, marks, name, place, said, time_link};
use crate::base::text::{self, grouped, length};
use crate::export::Options;
use crate::export::account::reason;
use crate::export::turns::{Meeting, Paragraph, Turn, TurnPart};
use crate::session::manifest::GapCause;

/// Missing sound shorter than this many seconds is told in the account alone: nobody misses a word in it.
const TOLD_S: f64 = 1.0;
/// Tracks miss sound together when it began within this many seconds.
const TOGETHER_S: f64 = 1.0;

/// All turns as HTML, and the times of their lines, in order.
pub(super) fn render(meeting: &Meeting, options: &Options, gaps: &[Gap]) -> (String, Vec<TimedLine>) {
    let mut out = String::new();
    if meeting.turns.is_empty() {
        let _ = writeln!(out, "<p class=\"nothing\">{}</p>", Meeting::NOTHING_SAID);
    }
    let mut between = between(meeting, gaps).into_iter().peekable();
    let (mut timer, mut lines) = (Timer::default(), Vec::new());
    let mut linked = None;
    for turn in &meeting.turns {
        while let Some((_, html)) = between.next_if(|(at, _)| *at <= turn.start) {
            out.push_str(&html);
        }
        // A place that two turns share is the first one's.
        let here = Some(place(turn.start)).filter(|here| linked.as_ref() != Some(here));
        self::turn(&mut out, meeting, options, turn, here.as_deref(), &mut |piece| {
            lines.push(timer.line(piece))
        });
        linked = here.or(linked);
    }
    between.for_each(|(_, html)| out.push_str(&html));
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
    let _ = writeln!(out, "<div class=\"turn {}{left_out}\"{id}>", colour(meeting, &turn.speaker));
    let _ = write!(
        out,
        "<p class=\"who\"><b>{}</b> {}<span class=\"time\"><span class=\"dot\"> · </span>{}</span>",
        name(&turn.speaker),
        time_link(meeting, turn.start),
        meeting.time_of_day(turn.start)
    );
    if let Some(over) = &turn.over {
        let _ = write!(out, " <span class=\"together\">while {} still spoke</span>", name(over));
    }
    out.push_str("</p>\n<div class=\"text\">\n");
    if let Some(reason) = &turn.withheld {
        let _ = writeln!(out, "<p class=\"why\">{}</p>", escape(reason));
    }
    for part in &turn.paragraphs {
        paragraph(out, meeting, part, take);
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
    take: &mut impl FnMut(&TurnPart<'a>),
) {
    let spoken = part.pieces.iter().find_map(|piece| language(&piece.utterance.language));
    let spoken = spoken.map(|code| format!(" lang=\"{code}\"")).unwrap_or_default();
    let _ = write!(out, "<p class=\"said\"{spoken} dir=\"auto\">");
    for (n, piece) in part.pieces.iter().enumerate() {
        out.push_str(if n > 0 { " " } else { "" });
        let line = format!("<span class=\"l\">{}</span>", escape(&piece.text()));
        if piece.interjection {
            let who = &text::name(&piece.utterance.speaker);
            let _ =
                write!(out, "<span class=\"put-in {}\">({}: {line})</span>", colour(meeting, who), name(who));
        } else {
            out.push_str(&line);
        }
        take(piece);
    }
    out.push_str("</p>\n");
}

/// Where each line of a turn comes from.
fn evidence(out: &mut String, meeting: &Meeting, turn: &Turn) {
    out.push_str(
        "<details class=\"evidence\"><summary>Where this comes from</summary><div class=\"scroll\"><table>\n",
    );
    out.push_str("<tr><th>Line</th><th>File</th><th class=\"n\">Frames</th><th class=\"n\">Confidence</th><th>Model</th></tr>\n");
    let mut told = None;
    for piece in turn.pieces() {
        let line = piece.utterance;
        if told.replace(&line.id) == Some(&line.id) {
            continue;
        }
        let proof = meeting.evidence(line);
        let file = proof.file.map_or_else(|| format!("{}, take {}", proof.track, proof.take), str::to_owned);
        let _ = writeln!(
            out,
            "<tr><td>{}, revision {}</td><td>{}</td><td class=\"n\">{}–{}</td><td class=\"n\">{:.2}</td><td>{} ({})</td></tr>",
            said(&line.id),
            line.rev,
            said(&file),
            grouped(proof.from_frame.0),
            grouped(proof.to_frame.0),
            proof.confidence,
            said(proof.model),
            said(&line.language)
        );
    }
    out.push_str("</table></div></details>\n");
}

/// What stands between turns, by session seconds: marks, and sound that is missing.
fn between(meeting: &Meeting, gaps: &[Gap]) -> Vec<(f64, String)> {
    let mut all: Vec<(f64, String)> =
        marks::of(meeting).into_iter().map(|mark| (mark.at, marks::here(meeting, mark))).collect();
    all.extend(missing(meeting, gaps));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// Sound that somebody may miss, told once for all tracks that miss it together.
fn missing(meeting: &Meeting, gaps: &[Gap]) -> Vec<(f64, String)> {
    let told = |gap: &&Gap| {
        let known = matches!(gap.cause, GapCause::Paused | GapCause::Suspend | GapCause::Muted);
        gap.seconds >= TOLD_S && (gap.is_lost() || known) && meeting.selection.covers(gap.at)
    };
    let mut together: Vec<Vec<&Gap>> = Vec::new();
    for gap in gaps.iter().filter(told) {
        let same = |group: &&mut Vec<&Gap>| group[0].cause == gap.cause && gap.at - group[0].at <= TOGETHER_S;
        match together.iter_mut().rev().take(8).find(same) {
            Some(group) => group.push(gap),
            None => together.push(vec![gap]),
        }
    }
    let tell = |group: Vec<&Gap>| {
        let first = group[0];
        let long = group.iter().map(|gap| gap.seconds).fold(0.0, f64::max);
        let all = group.len() == meeting.session.manifest.sources.len() && group.len() > 1;
        let mut names: Vec<String> = group.iter().map(|gap| name(&gap.who)).collect();
        names.dedup();
        let who = if all { String::new() } else { format!("{}: ", names.join(", ")) };
        let lost = if first.is_lost() { " lost" } else { "" };
        let why = reason(first.cause, first.kind);
        let time = time_link(meeting, first.at);
        (first.at, format!("<p class=\"missing{lost}\">{time} {who}{} missing: {why}</p>\n", length(long)))
    };
    together.into_iter().map(tell).collect()
}

//! A picture of who spoke when: a lane for each person, over an axis of session time, with marks and with
//! what is missing.
//!
//! It is SVG without a script: lengths along the time are percentages, those across it are `rem`, so that it
//! fits any width and the table of people beside it.

use std::fmt::Write as _;

use super::words::duration;
use super::{colour, escape, marks, place, said};
use crate::base::text;
use crate::export::gaps::Gap;
use crate::export::timing::spoken;
use crate::export::turns::{Meeting, Person};

/// `rem` above the lanes, for marks; the height of a table's head.
const TOP: f64 = 2.0;
/// `rem` of a lane; the height of a table's row.
const LANE: f64 = 2.0;
/// `rem` below the lanes, for the axis.
const BOTTOM: f64 = 1.5;
/// `rem` of what is drawn in a lane.
const BAR: f64 = 0.75;
/// Units along a lane. The script counts places of matches in thousandths.
const UNITS: f64 = 10_000.0;
/// Units that the shortest utterance takes, so that it can be seen; whatever is nearer together is drawn as
/// one.
const UNITS_MIN: f64 = 12.0;
/// Labels on the axis: what a phone has room for.
const LABELS_MAX: f64 = 6.0;
/// Seconds between labels.
const STEPS: [f64; 14] =
    [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0];
/// Shorter gaps (seconds) are drawn only if they are losses.
const GAP_S: f64 = 0.5;

/// The picture.
pub(super) fn render(meeting: &Meeting) -> String {
    let lanes = meeting.heard().count() as f64;
    let bottom = TOP + LANE * lanes;
    let height = bottom + BOTTOM;
    let mut out = format!(
        "<svg id=\"timeline\" class=\"timeline\" height=\"{height}rem\" role=\"group\" aria-label=\"{}\">\n\
         <defs><pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
         <line class=\"hatch\" y2=\"5\"/></pattern><pattern id=\"hatch-lost\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><line class=\"hatch lost\" y2=\"5\"/></pattern></defs>\n<g aria-hidden=\"true\">\n",
        escape(meeting.words.page.when)
    );
    axis(&mut out, meeting, bottom, height);
    for (n, person) in meeting.heard().enumerate() {
        lane(&mut out, meeting, person, TOP + LANE * n as f64);
    }
    let _ = writeln!(
        out,
        "<svg y=\"{}rem\" width=\"100%\" height=\".5rem\" viewBox=\"0 0 1000 1\" preserveAspectRatio=\"none\"><path id=\"hits\"/></svg>\n</g>",
        bottom - 0.25
    );
    for mark in marks::of(meeting) {
        let _ = writeln!(
            out,
            "<a class=\"mark\" href=\"#{}\" aria-label=\"{told}\"><title>{told}</title>\
             <svg x=\"{:.3}%\" overflow=\"visible\"><line y1=\"1.25rem\" y2=\"{bottom}rem\"/><path d=\"M0 7l6 6-6 6-6-6z\"/></svg></a>",
            place(mark.at),
            percent(meeting, mark.at),
            told = (meeting.words.page.mark_at)(
                &escape((meeting.words.marks.one)(mark.kind)),
                &meeting.clock(mark.at),
                &said(&mark.text)
            ),
        );
    }
    let _ = writeln!(
        out,
        "<g aria-hidden=\"true\"><line id=\"head\" y1=\"{}rem\" y2=\"{bottom}rem\" visibility=\"hidden\"/>\
         <g id=\"point\" visibility=\"hidden\"><line y1=\"1.25rem\" y2=\"{bottom}rem\"/><text y=\"1rem\"></text></g></g>\n</svg>",
        TOP - 0.25
    );
    out
}

/// Percent of the width.
fn percent(meeting: &Meeting, seconds: f64) -> f64 {
    (100.0 * seconds / duration(meeting)).clamp(0.0, 100.0)
}

fn axis(out: &mut String, meeting: &Meeting, bottom: f64, height: f64) {
    let whole = duration(meeting);
    let step = STEPS.into_iter().find(|step| whole / step <= LABELS_MAX);
    // Days: a label every few hours.
    let step = step.unwrap_or_else(|| (whole / LABELS_MAX / 3600.0).ceil() * 3600.0);
    for n in 0..=(whole / step) as u32 {
        let at = f64::from(n) * step;
        let x = percent(meeting, at);
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{x:.3}%\" x2=\"{x:.3}%\" y1=\"{TOP}rem\" y2=\"{bottom}rem\"/>"
        );
        // The last one would stick out.
        let anchor = if n == 0 { "start" } else { "middle" };
        if x < 96.0 {
            let label = meeting.clock(at);
            let y = height - 0.4;
            let _ =
                write!(out, "<text x=\"{x:.3}%\" y=\"{y:.2}rem\" text-anchor=\"{anchor}\">{label}</text>");
        }
    }
    out.push('\n');
}

fn lane(out: &mut String, meeting: &Meeting, person: &Person, top: f64) {
    let (middle, bar) = (top + LANE / 2.0, top + (LANE - BAR) / 2.0);
    let _ = writeln!(
        out,
        "<text class=\"lane\" y=\"{:.2}rem\">{}</text><g class=\"row {}\"><line class=\"rail\" x2=\"100%\" y1=\"{middle}rem\" y2=\"{middle}rem\"/>\
         <svg y=\"{bar}rem\" width=\"100%\" height=\"{BAR}rem\" viewBox=\"0 0 {UNITS} 1\" preserveAspectRatio=\"none\">\
         <path class=\"talk\" d=\"{}\"/></svg>",
        top + 0.6,
        escape(&text::fit(meeting.called(&person.name), 32)),
        colour(meeting, &person.name),
        talk(meeting, person)
    );
    let words = meeting.words;
    let theirs = |gap: &&Gap| person.tracks.contains(&gap.track) && (gap.is_lost() || gap.seconds >= GAP_S);
    for gap in meeting.gaps.iter().filter(theirs) {
        let (from, to) = (percent(meeting, gap.at), percent(meeting, gap.at + gap.seconds));
        let _ = writeln!(
            out,
            "<rect class=\"gap{}\" x=\"{from:.3}%\" width=\"{:.3}%\" y=\"{bar}rem\" height=\"{BAR}rem\"><title>{}</title></rect>",
            if gap.is_lost() { " lost" } else { "" },
            (to - from).max(0.3),
            escape(&(words.page.missing)(&words.lost(gap.amount()), (words.reason)(gap.cause, gap.kind)))
        );
    }
    out.push_str("</g>\n");
}

/// When a person spoke, as a path of bars.
fn talk(meeting: &Meeting, person: &Person) -> String {
    let whole = duration(meeting);
    let mut bars: Vec<(f64, f64)> = Vec::new();
    let theirs =
        meeting.said.iter().filter(|said| said.is_shown() && text::name(&said.speaker) == person.name);
    for said in theirs {
        let (start, end) = spoken(said);
        let from = (start / whole * UNITS).clamp(0.0, UNITS);
        let to = (end / whole * UNITS).clamp(from, UNITS).max(from + UNITS_MIN);
        match bars.last_mut() {
            Some((_, last)) if from - *last < UNITS_MIN / 2.0 => *last = last.max(to),
            _ => bars.push((from, to)),
        }
    }
    bars.iter().map(|(from, to)| format!("M{from:.0} 0h{:.0}v1H{from:.0}z", to - from)).collect()
}

//! Praat's TextGrid, in its long text form: for each speaker a tier of utterances and one of words; what was
//! marked as points; what a reader must know at its place on a tier of its own. Second 0 is the session's.

use std::fmt::Write as _;

use super::fields::seconds;
use super::tiers::{Span, Tiers};
use super::turns::Meeting;

/// The whole document. Praat reads no grid without a tier: where there is nothing to tell, one is empty.
pub fn render(meeting: &Meeting) -> String {
    let tiers = Tiers::of(meeting);
    let mut of_intervals: Vec<(&str, &[Span])> = Vec::new();
    for tier in &tiers.speakers {
        of_intervals.extend([(tier.name.as_str(), &*tier.spans), (tier.words_name.as_str(), &*tier.words)]);
    }
    of_intervals.extend(tiers.notices.iter().map(|tier| (tier.name.as_str(), &*tier.spans)));
    let of_points = points(&tiers);
    if of_intervals.is_empty() && of_points.is_empty() {
        of_intervals.push(("Notices", &[]));
    }
    let end = seconds(tiers.end_ms);
    let size = of_intervals.len() + usize::from(!of_points.is_empty());
    let mut out = format!(
        "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax = {end}\ntiers? <exists>\n\
         size = {size}\nitem []:\n"
    );
    for (n, (name, spans)) in of_intervals.iter().enumerate() {
        let intervals = intervals(spans, tiers.end_ms);
        head(&mut out, n + 1, "IntervalTier", name, &end);
        let _ = writeln!(out, "        intervals: size = {}", intervals.len());
        for (n, span) in intervals.iter().enumerate() {
            let (from, to, text) = (seconds(span.from_ms), seconds(span.to_ms), quoted(&span.text));
            let _ = write!(
                out,
                "        intervals [{}]:\n            xmin = {from}\n            xmax = {to}\n            text = {text}\n",
                n + 1
            );
        }
    }
    if !of_points.is_empty() {
        let name = tiers.marks.first().map_or("Marks", |tier| tier.name.as_str());
        head(&mut out, size, "TextTier", name, &end);
        let _ = writeln!(out, "        points: size = {}", of_points.len());
        for (n, (at, text)) in of_points.iter().enumerate() {
            let (at, text) = (seconds(*at), quoted(text));
            let _ = write!(
                out,
                "        points [{}]:\n            number = {at}\n            mark = {text}\n",
                n + 1
            );
        }
    }
    out
}

fn head(out: &mut String, n: usize, class: &str, name: &str, end: &str) {
    let name = quoted(name);
    let _ = write!(
        out,
        "    item [{n}]:\n        class = \"{class}\"\n        name = {name}\n        xmin = 0\n        xmax = {end}\n"
    );
}

/// The marks of all their tiers by time. Praat has no two points at one moment: the later one moves on by a
/// millisecond.
fn points(tiers: &Tiers) -> Vec<(u64, &str)> {
    let spans = tiers.marks.iter().flat_map(|tier| &tier.spans);
    let mut points: Vec<(u64, &str)> = spans.map(|span| (span.from_ms, span.text.as_str())).collect();
    points.sort_by_key(|(at, _)| *at);
    let mut free = 0;
    for (at, _) in &mut points {
        *at = free.max(*at);
        free = at.saturating_add(1);
    }
    points
}

/// A tier is whole from its beginning to its end: what is between the spans is empty.
fn intervals(spans: &[Span], end_ms: u64) -> Vec<Span> {
    let mut out = Vec::new();
    let mut reached = 0;
    let silence = |from_ms, to_ms| Span { from_ms, to_ms, text: String::new() };
    for span in spans {
        if span.from_ms > reached {
            out.push(silence(reached, span.from_ms));
        }
        out.push(span.clone());
        reached = span.to_ms;
    }
    if reached < end_ms {
        out.push(silence(reached, end_ms));
    }
    out
}

/// A quotation mark within is doubled.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

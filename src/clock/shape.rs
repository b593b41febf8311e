//! The shape of a take's clock: its observations, cut where sound went missing, where a step shows that some
//! did without a word ([`super::slip`]), and where the rate changed ([`super::bend`]). Pure; it sees the
//! whole take at once.
//!
//! Each part between two cuts has a height of its own, the lower envelope of its points; parts that are too
//! short to tell a rate have that of the part before them (or after, or of all short ones together).

use super::bend;
use super::envelope::{FittedLine, Point, known_slope, low, median, median_slope, thinned};
use super::slip::{self, Step};

/// Points that tell the height of a part: each the least late of its stretch.
const HEIGHT_POINTS: usize = 64;
/// Seconds that parts too short to tell a rate must have together to tell one.
const TOGETHER_S: f64 = 30.0;

/// A part of a take on which lateness is a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Nominal second from which on it holds.
    pub from_s: f64,
    /// The line, over nominal seconds of the whole take.
    pub line: FittedLine,
    /// What it begins after.
    pub after: Cut,
}

/// What lies between two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing: it is the first one.
    Start,
    /// Sound is missing, and something stands for it in the file.
    Gap,
    /// Sound is missing, and nothing stands for it.
    Slip,
    /// The rate changed.
    Bend,
}

/// The parts under `points` (in order of time), and how far the points of their envelope lie from them in
/// seconds (median). `gaps` are the nominal seconds at which sound begins again after some was missing, in
/// order. None without any point.
pub fn of(points: &[Point], gaps: &[f64]) -> Option<(Vec<Part>, f64)> {
    let first = points.first()?;
    let mut cuts = vec![(0.0, Cut::Start)];
    cuts.extend(gaps.iter().filter(|at| **at > first.nominal_s).map(|at| (*at, Cut::Gap)));
    let sections = sections(points, &cuts);
    let slopes = slopes(&sections);
    let mut parts: Vec<Part> = Vec::new();
    let mut distances = Vec::new();
    for (section, slope) in sections.iter().zip(slopes) {
        add_section(section, slope, &mut parts, &mut distances);
    }
    Some((parts, median(distances)))
}

/// Points between two cuts.
struct Section<'a> {
    from_s: f64,
    after: Cut,
    points: &'a [Point],
}

/// A section without any point says nothing of its own: it is left to the one before it.
fn sections<'a>(points: &'a [Point], cuts: &[(f64, Cut)]) -> Vec<Section<'a>> {
    let mut sections = Vec::new();
    for (n, (from_s, after)) in cuts.iter().enumerate() {
        let begin = points.partition_point(|p| p.nominal_s <= *from_s && n > 0);
        let end =
            cuts.get(n + 1).map_or(points.len(), |(to, _)| points.partition_point(|p| p.nominal_s <= *to));
        if begin < end {
            sections.push(Section { from_s: *from_s, after: *after, points: &points[begin..end] });
        }
    }
    sections
}

/// The slope of each section: its own if that is known, else the nearest before it that is, else the first
/// one after.
fn slopes(sections: &[Section]) -> Vec<f64> {
    let known: Vec<Option<f64>> = sections.iter().map(|section| known_slope(section.points)).collect();
    let seconds = |s: &Section| s.points[s.points.len() - 1].nominal_s - s.points[0].nominal_s;
    let first = known.iter().flatten().next().copied().unwrap_or_else(|| {
        let all: f64 = sections.iter().map(seconds).sum();
        if all >= TOGETHER_S { median_slope(sections.iter().map(|section| section.points)) } else { 0.0 }
    });
    known
        .into_iter()
        .scan(first, |last, slope| {
            *last = slope.unwrap_or(*last);
            Some(*last)
        })
        .collect()
}

/// Looks for slips and bends in a section, and adds the parts that they make of it.
fn add_section(section: &Section, slope: f64, parts: &mut Vec<Part>, distances: &mut Vec<f64>) {
    let mut steps = slip::steps(section.points);
    let mut lines = lines(section, slope, &steps, false);
    let height =
        |lines: &[(f64, FittedLine)], p: &Point| p.lateness_s - line_of(lines, p.nominal_s).at(p.nominal_s);
    if lines.len() > 1 {
        // A step near a bend stands out once that is known, and the bend once that is.
        let flat = section.points.iter().map(|p| Point { lateness_s: height(&lines, p), ..*p });
        steps = slip::steps(&flat.collect::<Vec<_>>());
        lines = self::lines(section, slope, &steps, true);
    }
    let height = |p: &Point| height(&lines, p);
    let mut from = 0;
    let mut from_s = section.from_s;
    let mut after = section.after;
    let ends = steps.iter().map(|step| (step.index, step.at_s(section.points)));
    for (end, end_s) in ends.chain([(section.points.len(), f64::INFINITY)]) {
        let stretch = thinned(&section.points[from..end], HEIGHT_POINTS, height);
        let own = low(stretch.iter().map(height).collect());
        distances.extend(stretch.iter().map(|p| (height(p) - own).abs()));
        for (n, (bend_s, line)) in lines.iter().enumerate() {
            let until = lines.get(n + 1).map_or(f64::INFINITY, |(next, _)| *next);
            let begin = if n == 0 { from_s } else { bend_s.max(from_s) };
            if begin >= until || begin >= end_s || (n > 0 && *bend_s >= end_s) {
                continue;
            }
            let line = FittedLine { offset: line.offset + own, ..*line };
            let cut = if begin > from_s { Cut::Bend } else { after };
            parts.push(Part { from_s: begin, line, after: cut });
        }
        (from, from_s, after) = (end, end_s, Cut::Slip);
    }
}

/// The lines under a section; `all` of its steps are known, or those that show while bends are not.
fn lines(section: &Section, slope: f64, steps: &[Step], all: bool) -> Vec<(f64, FittedLine)> {
    let mut level = section.points.to_vec();
    for step in steps {
        level[step.index..].iter_mut().for_each(|p| p.lateness_s -= step.seconds);
    }
    match known_slope(&level) {
        Some(_) => bend::lines(&level, all),
        None => vec![(section.from_s, FittedLine::under(&level, slope))],
    }
}

fn line_of(lines: &[(f64, FittedLine)], nominal_s: f64) -> FittedLine {
    let after = lines.partition_point(|(from, _)| *from <= nominal_s);
    lines[after.saturating_sub(1)].1
}

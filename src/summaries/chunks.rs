//! A long meeting in parts that a model takes in, cut where people paused. Pure.
//!
//! Promises: each line stands in exactly one part, parts follow each other, and none is larger than was asked
//! but one of a single line.

use std::ops::Range;

use super::Line;
use super::tokens::{self, Tokens};

/// Of a part, the share at its end in which the longest pause is looked for.
const END_SHARE: f64 = 0.35;

/// What a line costs as it is sent.
pub fn cost(line: &Line) -> Tokens {
    tokens::of(&super::prompt::line(line))
}

/// What these lines cost.
pub fn cost_of(lines: &[Line]) -> Tokens {
    lines.iter().map(cost).sum()
}

/// Cuts all of `lines` into parts of at most `most` tokens.
pub fn parts(lines: &[Line], most: f64) -> Vec<Range<usize>> {
    let costs: Vec<f64> = lines.iter().map(|line| cost(line).most).collect();
    let mut out = Vec::new();
    let mut from = 0;
    while from < lines.len() {
        let (mut to, mut sum) = (from, 0.0);
        while to < lines.len() && (to == from || sum + costs[to] <= most) {
            sum += costs[to];
            to += 1;
        }
        if to < lines.len() {
            let first = to - (((to - from) as f64 * END_SHARE) as usize).min(to - from - 1);
            to = longest_pause(lines, first..to + 1).unwrap_or(to);
        }
        out.push(from..to);
        from = to;
    }
    out
}

/// Cuts a part in two, about in its middle; `None` where it is a single line.
pub fn halves(lines: &[Line], part: &Range<usize>) -> Option<[Range<usize>; 2]> {
    let length = part.len();
    if length < 2 {
        return None;
    }
    let room = length / 6;
    let middle = part.start + length / 2;
    let from = (middle - room).max(part.start + 1);
    let to = (middle + room + 1).min(part.end);
    let at = longest_pause(lines, from..to).unwrap_or(middle);
    Some([part.start..at, at..part.end])
}

/// The line among these before which the pause is the longest; of equal ones the last.
fn longest_pause(lines: &[Line], among: Range<usize>) -> Option<usize> {
    let pause =
        |n: usize| lines[n].start - lines[..n].iter().rev().take(8).map(|l| l.end).fold(0.0, f64::max);
    among.filter(|n| *n > 0 && *n < lines.len()).max_by(|a, b| pause(*a).total_cmp(&pause(*b)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(pauses: &[f64]) -> Vec<Line> {
        let mut at = 0.0;
        let line = |(n, pause): (usize, &f64)| {
            let start = at + pause;
            at = start + 2.0;
            let (id, speaker) = (format!("a-1-{n}"), "Ann".to_owned());
            Line { number: n as u32 + 1, id, speaker, text: "one two three four".into(), start, end: at }
        };
        pauses.iter().enumerate().map(line).collect()
    }

    #[test]
    fn a_part_ends_at_the_longest_pause_near_its_end() {
        let mut pauses = vec![0.5; 30];
        pauses[2] = 60.0;
        pauses[8] = 9.0;
        let lines = lines(&pauses);
        let one = cost(&lines[0]).most;
        let parts = parts(&lines, one * 10.5);
        assert_eq!(parts[0], 0..8, "not at the longer one, which is far from its end");
        assert_eq!(halves(&lines, &(0..18)), Some([0..8, 8..18]));
        assert_eq!(halves(&lines, &(3..4)), None);
        assert_eq!(halves(&lines, &(3..5)), Some([3..4, 4..5]));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_large(
            pauses in prop::collection::vec(-3.0..30.0_f64, 0..80), most in 1.0..400.0_f64,
        ) {
            let lines = lines(&pauses);
            let mut at = 0;
            for part in parts(&lines, most) {
                prop_assert_eq!(part.start, at);
                prop_assert!(part.end > part.start);
                prop_assert!(part.len() == 1 || cost_of(&lines[part.clone()]).most <= most + 1e-6);
                if let Some([a, b]) = halves(&lines, &part) {
                    prop_assert!((a.start, b.end) == (part.start, part.end) && a.end == b.start);
                    prop_assert!(!a.is_empty() && !b.is_empty());
                }
                at = part.end;
            }
            prop_assert_eq!(at, lines.len());
        }
    }
}

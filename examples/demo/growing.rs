//! What was shown of lines while they were still being spoken: how soon, and how much of it changed.

use hansard::base::utterance::{Utterance, Word};

use crate::stage::words::{align, words};

/// What became of the words that were shown early.
#[derive(Debug, Default)]
pub struct Early {
    /// How many were shown.
    pub shown: usize,
    /// Those that do not stand in the finished line, or whose line never came.
    pub changed: usize,
    /// Seconds from a word's end, as the finished line has it, to its first appearance.
    pub delays: Vec<f64>,
}

/// `printed`: all that was printed, with the session second; what is not final was shown early.
pub fn early(printed: &[(f64, Utterance)]) -> Early {
    let mut early = Early::default();
    let mut ids: Vec<&str> =
        printed.iter().filter(|(_, u)| !u.is_final).map(|(_, u)| u.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let of_id = || printed.iter().filter(|(_, u)| u.id == id);
        // Words are only ever added: the n-th is there since the first line that has that many. A line
        // without any takes all back.
        let Some((_, last)) = of_id().rfind(|(_, u)| !u.is_final && !u.text.is_empty()) else {
            continue;
        };
        let since: Vec<f64> = (0..last.words.len())
            .filter_map(|n| of_id().find(|(_, u)| !u.is_final && u.words.len() > n).map(|(at, _)| *at))
            .collect();
        let shown = spelled(&last.words);
        let finished = of_id().find(|(_, u)| u.is_final).map(|(_, u)| spelled(&u.words)).unwrap_or_default();
        let plain = |placed: &[(String, usize, f64)]| placed.iter().map(|p| p.0.clone()).collect::<Vec<_>>();
        let (_, stands_for) = align(&plain(&finished), &plain(&shown));
        early.shown += shown.len();
        for ((text, word, _), stands_for) in shown.iter().zip(stands_for) {
            match stands_for.filter(|at| finished[*at].0 == *text) {
                Some(at) => early.delays.push(since[*word] - finished[at].2),
                None => early.changed += 1,
            }
        }
    }
    early
}

/// Words as they are compared, each with the index of the word it comes from and its end.
fn spelled(of: &[Word]) -> Vec<(String, usize, f64)> {
    let each = of.iter().enumerate();
    each.flat_map(|(n, word)| words(&word.text).into_iter().map(move |text| (text, n, word.end))).collect()
}

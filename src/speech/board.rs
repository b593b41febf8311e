//! What was said lately, on all tracks: utterances wait here until the other tracks have had their say about the same
//! seconds; then it is judged which of them is only the echo of another. Pure but for the levels that it asks for.

use std::time::Duration;

use super::bleed::{self, Levels, Verdict};
use super::transcript::Utterance;

/// Utterances this much apart have nothing to do with each other.
const REACH_S: f64 = 0.5;
/// What ended so long before the latest one is forgotten: nothing that overlaps it can still come, except after a long lag.
const KEEP_S: f64 = 180.0;
/// An utterance is not held back longer than this for the sake of a track that lags.
pub const HOLD_MAX: Duration = Duration::from_millis(1_500);

/// An utterance on the board.
struct Entry {
    utterance: Utterance,
    since: Duration,
    settled: bool,
}

/// The board.
#[derive(Default)]
pub struct Board {
    entries: Vec<Entry>,
}

/// What the board decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The utterance as it stands now.
    pub utterance: Utterance,
    /// It was changed and has a new revision, to be written.
    pub revised: bool,
    /// It is settled for the first time: to be shown.
    pub fresh: bool,
}

impl Board {
    /// Puts an utterance up; `now` is any clock that goes forward.
    pub fn put(&mut self, utterance: Utterance, now: Duration) {
        self.entries.retain(|entry| !entry.settled || entry.utterance.end > utterance.end - KEEP_S);
        self.entries.push(Entry { utterance, since: now, settled: false });
    }

    /// Settles what can be: `is_open(track, from, to)` tells whether another track may still say something there. With `all`
    /// nothing is waited for.
    pub fn settle(
        &mut self,
        now: Duration,
        all: bool,
        is_open: impl Fn(&str, f64, f64) -> bool,
        levels: &dyn Levels,
    ) -> Vec<Settled> {
        let ready = |entry: &Entry| {
            let u = &entry.utterance;
            !entry.settled
                && (all
                    || now.saturating_sub(entry.since) >= HOLD_MAX
                    || !is_open(&u.track, u.start - REACH_S, u.end + REACH_S))
        };
        let ready: Vec<bool> = self.entries.iter().map(ready).collect();
        if !ready.contains(&true) {
            return Vec::new();
        }
        let utterances: Vec<&Utterance> = self.entries.iter().map(|entry| &entry.utterance).collect();
        let verdicts = bleed::judge_all(&utterances, levels);
        let mut settled = Vec::new();
        for (entry, ready) in self.entries.iter_mut().zip(ready) {
            // What is still open may look different when its other half is there.
            if !ready && !entry.settled {
                continue;
            }
            let verdict = verdicts.get(&entry.utterance.id).unwrap_or(&Verdict::Own);
            let revised = bleed::revised(&entry.utterance, verdict);
            let is_revised = revised.is_some();
            entry.utterance = revised.unwrap_or_else(|| entry.utterance.clone());
            let fresh = !entry.settled;
            entry.settled = true;
            if fresh || is_revised {
                settled.push(Settled { utterance: entry.utterance.clone(), revised: is_revised, fresh });
            }
        }
        settled.sort_by(|a, b| a.utterance.start.total_cmp(&b.utterance.start));
        settled
    }
}

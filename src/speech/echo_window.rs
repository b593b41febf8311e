//! What was said lately, on all tracks: utterances wait here until the other tracks have had their say about
//! the same seconds; then it is judged which of them is only the echo of another. What is judged is proposed
//! to [`revise`](crate::revise). Pure but for the levels that it asks for.

use std::time::Duration;

use super::bleed::{self, Levels, Verdict};
use crate::base::utterance::Utterance;
use crate::revise::{Author, Proposal, revise};

/// Utterances this much apart have nothing to do with each other.
const REACH_S: f64 = 0.5;
/// What ended so long before the latest one is forgotten: nothing that overlaps it can still come, except
/// after a long lag.
const KEEP_S: f64 = 180.0;
/// An utterance is not held back longer than this for the sake of a track that lags. Where two speak at once
/// the other's words come a few tenths of a second later; an echo that is shown by then is taken back.
pub const HOLD_MAX: Duration = Duration::from_millis(600);

/// An utterance in the window.
struct Entry {
    utterance: Utterance,
    since: Duration,
    judged: bool,
}

/// The utterances of the last minutes.
#[derive(Default)]
pub struct EchoWindow {
    entries: Vec<Entry>,
}

/// An utterance that was judged, where that is news.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The utterance as it stands now.
    pub utterance: Utterance,
    /// It was changed and has a new revision, to be written.
    pub revised: bool,
    /// It was judged for the first time: to be shown.
    pub first: bool,
}

impl EchoWindow {
    /// Takes an utterance in; `now` is any clock that goes forward.
    pub fn put(&mut self, utterance: Utterance, now: Duration) {
        self.entries.retain(|entry| !entry.judged || entry.utterance.end > utterance.end - KEEP_S);
        self.entries.push(Entry { utterance, since: now, judged: false });
    }

    /// A person corrected a line: from now on it stands so. One that does not stand in the minutes any more
    /// leaves the window.
    pub fn correct(&mut self, line: &Utterance) {
        for entry in self.entries.iter_mut().filter(|entry| entry.utterance.id == line.id) {
            entry.utterance = line.clone();
        }
        self.entries.retain(|entry| entry.utterance.withheld.is_none());
    }

    /// Revises utterances: `proposal` says what is proposed of each, if anything. All that is to be written
    /// of it is returned. What is withheld by it leaves the window.
    pub fn revise(&mut self, proposal: impl Fn(&Utterance) -> Option<Proposal>) -> Vec<Utterance> {
        let mut changed = Vec::new();
        for entry in &mut self.entries {
            let Some(proposal) = proposal(&entry.utterance) else { continue };
            let revised = revise(&entry.utterance, &proposal, Author::Machine);
            if let Some(first) = revised.first() {
                entry.utterance = first.clone();
            }
            changed.extend(revised);
        }
        self.entries.retain(|entry| entry.utterance.withheld.is_none());
        changed
    }

    /// Lines that are judged and shown.
    pub fn shown(&self) -> impl Iterator<Item = &Utterance> {
        self.entries.iter().filter(|entry| entry.judged && entry.utterance.is_shown()).map(|e| &e.utterance)
    }

    /// Revises lines that are judged and shown, as [`Self::revise`] does; what is cut off one stays here,
    /// too.
    pub fn cut(&mut self, proposal: impl Fn(&Utterance) -> Option<Proposal>) -> Vec<Utterance> {
        let (mut changed, mut cut_off) = (Vec::new(), Vec::new());
        for entry in self.entries.iter_mut().filter(|entry| entry.judged && entry.utterance.is_shown()) {
            let Some(proposal) = proposal(&entry.utterance) else { continue };
            let mut revised = revise(&entry.utterance, &proposal, Author::Machine).into_iter();
            let Some(first) = revised.next() else { continue };
            entry.utterance = first.clone();
            for utterance in revised {
                changed.push(utterance.clone());
                cut_off.push(Entry { utterance, since: entry.since, judged: true });
            }
            // Last: a machine that dies before it has words twice, and loses none.
            changed.push(first);
        }
        self.entries.extend(cut_off);
        changed
    }

    /// Judges what can be: `is_open(utterance, from, to)` tells whether another track may still say
    /// something there of which the utterance could be an echo. With `all` nothing is waited for.
    pub fn judge(
        &mut self,
        now: Duration,
        all: bool,
        is_open: impl Fn(&Utterance, f64, f64) -> bool,
        levels: &dyn Levels,
    ) -> Vec<Judged> {
        let ready = |entry: &Entry| {
            let u = &entry.utterance;
            !entry.judged
                && (all
                    || now.saturating_sub(entry.since) >= HOLD_MAX
                    || !is_open(u, u.start - REACH_S, u.end + REACH_S))
        };
        let ready: Vec<bool> = self.entries.iter().map(ready).collect();
        if !ready.contains(&true) {
            return Vec::new();
        }
        let utterances: Vec<&Utterance> = self.entries.iter().map(|entry| &entry.utterance).collect();
        let verdicts = bleed::judge_all(&utterances, levels);
        let mut judged = Vec::new();
        for (entry, ready) in self.entries.iter_mut().zip(ready) {
            // What is still open may look different when its other half is there.
            if !ready && !entry.judged {
                continue;
            }
            let verdict = verdicts.get(&entry.utterance.id).unwrap_or(&Verdict::Own);
            let revision = revise(&entry.utterance, &verdict.proposal(), Author::Machine).into_iter().next();
            let revised = revision.is_some();
            if let Some(revision) = revision {
                entry.utterance = revision;
            }
            let first = !std::mem::replace(&mut entry.judged, true);
            if first || revised {
                judged.push(Judged { utterance: entry.utterance.clone(), revised, first });
            }
        }
        judged.sort_by(|a, b| a.utterance.start.total_cmp(&b.utterance.start));
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Frames;
    use crate::base::utterance::Word;

    /// Bob's microphone has Alice 15 dB below her own.
    struct Room;

    impl Levels for Room {
        fn envelope(&self, track: &str, from_s: f64, to_s: f64) -> Vec<f32> {
            let level = |n: usize| 0.1 + 0.08 * ((n as f32 * 0.37).sin() * (n as f32 * 0.11).cos());
            let gain = if track == "alice" { 1.0 } else { 0.178 };
            let first = (from_s * 100.0).round().max(0.0) as usize;
            (0..((to_s - from_s) * 100.0).round() as usize).map(|n| gain * level(first + n)).collect()
        }
    }

    fn said(track: &str, start: f64, text: &str) -> Utterance {
        let words: Vec<Word> = text
            .split_whitespace()
            .enumerate()
            .map(|(n, word)| {
                let start = start + n as f64 * 0.4;
                Word { text: word.into(), start, end: start + 0.35, p: 0.9 }
            })
            .collect();
        Utterance {
            id: format!("{track}-{start}"),
            track: track.into(),
            speaker: track.into(),
            take: 1,
            from_frame: Frames((start * 48_000.0) as u64),
            to_frame: Frames(((start + words.len() as f64 * 0.4) * 48_000.0) as u64),
            start,
            end: start + words.len() as f64 * 0.4,
            text: text.into(),
            words,
            confidence: 0.9,
            language: "en".into(),
            model: "scripted".into(),
            is_final: true,
            ..Utterance::default()
        }
    }

    const LINE: &str = "we will meet again on friday at nine in the morning";

    #[test]
    fn an_echo_that_comes_first_is_held_back_and_then_known() {
        let mut window = EchoWindow::default();
        window.put(said("bob", 1.02, LINE), Duration::ZERO);
        let open = |said: &Utterance, _: f64, _: f64| said.track == "bob";
        assert!(
            window.judge(Duration::from_millis(100), false, open, &Room).is_empty(),
            "Alice is still to come"
        );
        window.put(said("alice", 1.0, LINE), Duration::from_millis(200));
        let judged = window.judge(Duration::from_millis(300), false, |_, _, _| false, &Room);
        let of = |track: &str| judged.iter().find(|s| s.utterance.track == track).unwrap();
        assert!(of("alice").first && of("alice").utterance.is_shown());
        assert_eq!(of("bob").utterance.bleed_of.as_deref(), Some("alice-1"));
        assert_eq!((of("bob").revised, of("bob").utterance.rev), (true, 1));
        assert!(window.judge(Duration::from_secs(9), true, |_, _, _| false, &Room).is_empty(), "said once");
    }

    #[test]
    fn what_a_person_corrected_is_judged_no_more() {
        let mut window = EchoWindow::default();
        window.put(said("alice", 1.0, LINE), Duration::ZERO);
        window.put(said("bob", 1.02, LINE), Duration::ZERO);
        let edited = crate::base::utterance::Edited { utc: jiff::Timestamp::UNIX_EPOCH, journal: 3 };
        let ours = Utterance { rev: 1, edited: Some(edited), ..said("bob", 1.02, "he said so himself") };
        window.correct(&ours);
        let judged = window.judge(HOLD_MAX, true, |_, _, _| false, &Room);
        let bob = judged.iter().find(|judged| judged.utterance.track == "bob").unwrap();
        assert_eq!((&bob.utterance, bob.revised), (&ours, false));
        let withheld = Utterance { rev: 2, withheld: Some("by hand".into()), ..ours };
        window.correct(&withheld);
        assert_eq!(window.shown().count(), 1, "it is out of the window");
    }

    #[test]
    fn nothing_is_held_back_for_ever() {
        let mut window = EchoWindow::default();
        window.put(said("alice", 1.0, LINE), Duration::ZERO);
        assert!(window.judge(HOLD_MAX / 2, false, |_, _, _| true, &Room).is_empty());
        let judged = window.judge(HOLD_MAX, false, |_, _, _| true, &Room);
        assert_eq!(judged.len(), 1);
        // What comes late still turns out to be an echo of what has been shown.
        window.put(said("bob", 1.02, LINE), HOLD_MAX);
        let judged = window.judge(HOLD_MAX * 2, true, |_, _, _| true, &Room);
        assert_eq!(judged.len(), 1);
        assert_eq!(judged[0].utterance.bleed_of.as_deref(), Some("alice-1"));
    }
}

//! Alarms as they are shown: those that stand, and what happened once. Each can be put aside; one that
//! persists comes back. Pure.

use std::collections::HashMap;

use crate::base::cause::Alarm;
use crate::base::text::{clean, timer};
use crate::live::Status;

/// One that was put aside comes back after so many seconds, if it still holds.
const ASIDE_S: f64 = 60.0;
/// What happened once and nobody has put aside yet, at most.
const STRUCK_MAX: usize = 8;

/// What identifies one that stands: the track (`None`: the machine), and what is wrong.
type Key = (Option<String>, Alarm);

/// All of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Alarms {
    standing: Vec<(Key, String)>,
    /// Until when they are aside.
    aside: HashMap<Key, f64>,
    struck: Vec<String>,
}

impl Alarms {
    /// These stand now.
    pub(super) fn hear(&mut self, status: &Status) {
        self.standing.clear();
        for trouble in &status.alarms {
            self.standing.push(((None, trouble.alarm), clean(&trouble.text)));
        }
        for track in &status.tracks {
            for trouble in &track.alarms {
                self.standing.push(((Some(track.track.clone()), trouble.alarm), clean(&trouble.text)));
            }
        }
        // One that is over and begins again is a new one.
        let standing = &self.standing;
        self.aside.retain(|key, _| standing.iter().any(|(other, _)| other == key));
    }

    /// Something happened at that session second that somebody should see.
    pub(super) fn strike(&mut self, at: f64, text: &str) {
        if self.struck.len() == STRUCK_MAX {
            self.struck.remove(0);
        }
        self.struck.push(format!("{}: {}", timer(at), clean(text.trim_start_matches("ALARM: "))));
    }

    /// Those to be shown, the gravest first.
    pub(super) fn shown(&self, now: f64) -> Vec<&str> {
        let is_aside = |key: &Key| self.aside.get(key).is_some_and(|until| now < *until);
        let mut standing: Vec<_> = self.standing.iter().filter(|(key, _)| !is_aside(key)).collect();
        standing.sort_by_key(|((_, alarm), _)| is_hint(*alarm));
        self.struck
            .iter()
            .map(String::as_str)
            .chain(standing.into_iter().map(|(_, text)| text.as_str()))
            .collect()
    }

    /// How many are aside and still hold.
    pub(super) fn aside(&self, now: f64) -> usize {
        self.aside.values().filter(|until| now < **until).count()
    }

    /// All that are shown are put aside; whether there were any.
    pub(super) fn put_aside(&mut self, now: f64) -> bool {
        let any = !self.shown(now).is_empty();
        self.struck.clear();
        self.aside.extend(self.standing.iter().map(|(key, _)| (key.clone(), now + ASIDE_S)));
        any
    }

    /// Whether something is wrong with a track, put aside or not.
    pub(super) fn has(&self, track: &str) -> bool {
        self.standing.iter().any(|((of, alarm), _)| of.as_deref() == Some(track) && !is_hint(*alarm))
    }
}

/// Something may be wrong, or nothing is.
fn is_hint(alarm: Alarm) -> bool {
    matches!(alarm, Alarm::Quiet | Alarm::TooQuiet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::tests::status;

    #[test]
    fn one_that_persists_comes_back_and_one_that_begins_again_is_new() {
        let (calm, mut wrong) = (status(), status());
        let trouble = crate::live::Trouble { alarm: Alarm::Zeros, text: "Bob is\u{1b}[2J silent".into() };
        wrong.tracks[1].alarms.push(trouble);
        let mut alarms = Alarms::default();
        alarms.hear(&wrong);
        assert_eq!(alarms.shown(0.0), ["Bob is[2J silent"]);
        assert!(alarms.put_aside(0.0) && !alarms.put_aside(0.0));
        assert_eq!((alarms.shown(59.0).len(), alarms.aside(59.0), alarms.has("bob")), (0, 1, true));
        assert_eq!(alarms.shown(61.0).len(), 1);
        alarms.put_aside(61.0);
        alarms.hear(&calm);
        alarms.hear(&wrong);
        assert_eq!(alarms.shown(62.0).len(), 1);
        alarms.strike(3.0, "ALARM: the disk refused");
        assert_eq!(alarms.shown(62.0)[0], "00:00:03: the disk refused");
        alarms.put_aside(62.0);
        assert!(alarms.shown(62.0).is_empty());
    }
}

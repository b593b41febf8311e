//! Voices while a recording runs: which lines are to be heard, and what becomes of them.

use super::Work;
use crate::base::utterance::Utterance;
use crate::speech::voices::Found;

impl Work {
    /// Whether the text has fallen behind what is said.
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// The lines of the last minutes that are shown.
    pub fn recent(&self) -> Vec<Utterance> {
        self.window.shown().cloned().collect()
    }

    /// The voices of a track are told apart as far as they were heard: its lines of the last minutes are
    /// given to them.
    pub fn take_voices(&mut self, track: &str, found: &Found) {
        let told_apart = self.window.shown().any(|line| line.track == track && line.voice.is_some());
        // A track of one voice says nothing of it in its lines.
        if found.voices.len() < 2 && !told_apart {
            return;
        }
        let of_line = |line: &Utterance| if line.track == track { found.proposal(line) } else { None };
        for revised in self.window.cut(of_line) {
            self.write(revised.clone());
            self.publish(revised);
        }
    }
}

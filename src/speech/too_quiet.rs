//! Speech that is far too quiet: somebody can mend that while it goes on, and whoever reads the text must
//! know of it. Pure.
//!
//! Only what was found to be speech counts, so a quiet room says nothing. What another track has louder at
//! that moment does not count: it is somebody else's voice from afar.

use crate::base::cause::SourceKind;

/// Speech below this level (dBFS, mean power from its first word to its last) is too quiet. A speech that was
/// understood whole at −47 dBFS lost a third of its words at −57; in real meetings, headsets and a far
/// microphone, it lies between −30 and −45 (`docs/accuracy.md`).
const TOO_QUIET_DB: f32 = -50.0;
/// Another track that is so much louder (dB) has the speaker.
const THEIRS_DB: f32 = 6.0;
/// So many seconds of quiet speech are told. A remark from afar is shorter; a speaker is worth the half
/// minute that they take.
const TOLD_S: f64 = 20.0;
/// A track that ends sooner is told of if it has so much, and that is most of its speech.
const SHORT_S: f64 = 3.0;
/// Seconds of quiet speech that are remembered: what was said aloud since takes twice its length from them.
const MEMORY_S: f64 = 30.0;

/// It began or ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Told {
    /// Speech has been too quiet since session second `since`; `level_db` (dBFS) is that of the last.
    Quiet { since: f64, level_db: f32 },
    /// It is loud enough from session second `from` on.
    Enough { from: f64 },
}

/// What is known of one track.
#[derive(Debug, Default)]
pub struct TooQuiet {
    /// Seconds of quiet speech, less those of loud speech; and of all speech.
    quiet_s: f64,
    all_s: f64,
    /// Session second of the first quiet speech of these, and the level of the last.
    since: Option<f64>,
    level_db: f32,
    told: bool,
}

impl TooQuiet {
    /// There was speech from session second `from` to `to`, of mean power `own`; `others` is that of the
    /// other tracks in the meantime (RMS, 1.0 is full scale).
    pub fn hear(&mut self, (from, to): (f64, f64), own: f32, others: &[f32]) -> Option<Told> {
        let seconds = to - from;
        let louder = is_theirs(own, others);
        // What has no sound at all is none: it was not measured, or is a gap.
        if seconds <= 0.0 || own <= 0.0 || louder {
            return None;
        }
        self.all_s += seconds;
        if db(own) < TOO_QUIET_DB {
            self.quiet_s = (self.quiet_s + seconds).min(MEMORY_S);
            self.since.get_or_insert(from);
            self.level_db = db(own);
            return (self.quiet_s >= TOLD_S).then(|| self.tell()).flatten();
        }
        self.quiet_s = (self.quiet_s - 2.0 * seconds).max(0.0);
        if self.quiet_s > 0.0 {
            return None;
        }
        self.since = None;
        std::mem::take(&mut self.told).then_some(Told::Enough { from })
    }

    /// The track is over.
    pub fn end(&mut self) -> Option<Told> {
        (self.quiet_s >= SHORT_S && 2.0 * self.quiet_s > self.all_s).then(|| self.tell()).flatten()
    }

    fn tell(&mut self) -> Option<Told> {
        let since = self.since.filter(|_| !self.told)?;
        self.told = true;
        Some(Told::Quiet { since, level_db: self.level_db })
    }
}

/// Whether what a track has of a voice is that of another one, which has it louder. Levels are RMS.
pub fn is_theirs(own: f32, others: &[f32]) -> bool {
    others.iter().any(|other| db(*other) > db(own) + THEIRS_DB)
}

/// What people are told of a track of that kind, after its name.
pub fn text(told: Told, kind: SourceKind) -> String {
    let Told::Quiet { level_db, .. } = told else { return "is loud enough again".to_owned() };
    let mend = match kind {
        SourceKind::Mic => "raise its input level in the system's sound settings, or move closer to it",
        SourceKind::Loopback => "turn up the program that plays it",
        SourceKind::File | SourceKind::Synth => {
            "words may come back if it is recorded again with a higher input level, or from closer"
        }
    };
    format!("is very quiet, and words may be missing: speech in it has {level_db:.0} dBFS; {mend}")
}

/// dBFS.
fn db(rms: f32) -> f32 {
    20.0 * rms.max(1e-9).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RMS of that level.
    fn rms(db: f32) -> f32 {
        10f32.powf(db / 20.0)
    }

    /// Speaks for 4 s at each of these levels, 5 s apart; what was told, with the number of the line.
    fn told(levels: &[f32]) -> Vec<(usize, Told)> {
        let mut quiet = TooQuiet::default();
        let lines = levels.iter().enumerate();
        let at = |n: usize| (5.0 * n as f64, 5.0 * n as f64 + 4.0);
        let told: Vec<(usize, Told)> =
            lines.filter_map(|(n, level)| Some((n, quiet.hear(at(n), rms(*level), &[])?))).collect();
        told.into_iter().chain(quiet.end().map(|told| (levels.len(), told))).collect()
    }

    #[test]
    fn a_quiet_speaker_is_told_of_once_and_again_when_it_is_over() {
        let mut levels = vec![-57.0; 10];
        let began = (4, Told::Quiet { since: 0.0, level_db: rms_db(-57.0) });
        assert_eq!(told(&levels), [began]);
        levels.extend([-25.0; 6]);
        // 30 s are remembered, of which each loud line takes 8.
        assert_eq!(told(&levels), [began, (13, Told::Enough { from: 65.0 })]);
        levels.extend([-60.0; 5]);
        let again = (20, Told::Quiet { since: 80.0, level_db: rms_db(-60.0) });
        assert_eq!(told(&levels), [began, (13, Told::Enough { from: 65.0 }), again]);
    }

    fn rms_db(level: f32) -> f32 {
        db(rms(level))
    }

    #[test]
    fn who_speaks_as_in_real_meetings_is_not_too_quiet() {
        assert_eq!(told(&[-45.0; 50]), []);
        let remarks = [[-30.0, -55.0]; 50].concat();
        assert_eq!(told(&remarks), [], "somebody far away now and then");
        assert_eq!(told(&[]), []);
    }

    #[test]
    fn a_short_track_is_judged_at_its_end() {
        assert_eq!(told(&[-57.0]), [(1, Told::Quiet { since: 0.0, level_db: rms_db(-57.0) })]);
        assert_eq!(told(&[-57.0, -30.0]), []);
    }

    #[test]
    fn a_voice_that_another_track_has_louder_is_not_its_own() {
        let mut quiet = TooQuiet::default();
        for n in 0..20 {
            let at = (5.0 * f64::from(n), 5.0 * f64::from(n) + 4.0);
            assert_eq!(quiet.hear(at, rms(-57.0), &[rms(-90.0), rms(-30.0)]), None);
            assert_eq!(quiet.hear(at, 0.0, &[]), None, "nothing was measured");
        }
        assert_eq!(quiet.end(), None);
    }

    #[test]
    fn it_says_what_to_do() {
        let told = Told::Quiet { since: 0.0, level_db: -57.3 };
        let text = text(told, SourceKind::Mic);
        assert!(text.contains("−57 dBFS") || text.contains("-57 dBFS"), "{text}");
        assert!(text.contains("raise its input level") && text.contains("move closer"), "{text}");
    }
}

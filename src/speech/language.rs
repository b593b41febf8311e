//! Which language is spoken on a track, where nobody said so. It needn't be found out anew from each word:
//! one is kept until another one is heard for long enough. Segments are judged in the order of their lines,
//! by whichever recogniser, and when. A recogniser that doesn't tell which language is spoken is left to find
//! out each time.

use crate::recognisers::recognizer::{Certainty, Hypothesis};

/// Another language is believed in sound of at least this length; shorter answers are taken for the language
/// before …
const SWITCH_S_MIN: f64 = 2.0;
/// … and if it is so likely, among all languages.
const SWITCH_P_MIN: f32 = 0.5;

/// A language is certain when so much was heard of it, in seconds, one segment after the other.
const CERTAIN_S: f64 = 6.0;

/// Follows the language of one track.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LanguageTracker {
    language: Option<String>,
    /// Seconds that were heard of it, with that probability, since another one was heard.
    heard_s: f64,
}

impl LanguageTracker {
    /// What to tell the recogniser; `None` means that it finds out.
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// How certain it is.
    pub fn certainty(&self) -> Certainty {
        if self.heard_s >= CERTAIN_S { Certainty::Found } else { Certainty::Guessed }
    }

    /// Takes the next segment of the track. Whether it was written down in the right language.
    pub fn take(&mut self, hypothesis: &Hypothesis) -> bool {
        let Some((spoken, p)) = &hypothesis.spoken else { return true };
        let likely = *p >= SWITCH_P_MIN;
        let Some(language) = &mut self.language else {
            // Something must be known.
            self.language = Some(hypothesis.language.clone());
            self.heard_s = if likely && *spoken == hypothesis.language { hypothesis.audio_s } else { 0.0 };
            return true;
        };
        let another = language != spoken;
        if likely && another {
            self.heard_s = 0.0;
        }
        if likely && (!another || hypothesis.audio_s >= SWITCH_S_MIN) {
            self.heard_s += hypothesis.audio_s;
            language.clone_from(spoken);
        }
        *language == hypothesis.language
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_language_is_believed_where_enough_is_heard_of_it() {
        let mut tracker = LanguageTracker::default();
        let mut take = |language: &str, spoken: &str, p: f32, audio_s: f64| {
            let spoken = Some((spoken.to_owned(), p));
            let heard = tracker.take(&Hypothesis {
                language: language.into(),
                spoken,
                audio_s,
                ..Hypothesis::default()
            });
            (heard, tracker.language().map(str::to_owned).unwrap_or_default())
        };
        assert_eq!(take("de", "de", 0.4, 0.5), (true, "de".into()), "something must be known");
        assert_eq!(take("de", "en", 0.9, 1.0), (true, "de".into()), "too short to tell");
        assert_eq!(take("de", "en", 0.4, 5.0), (true, "de".into()), "too unlikely");
        assert_eq!(take("de", "en", 0.6, 5.0), (false, "en".into()));
        assert_eq!(take("de", "de", 0.3, 0.8), (false, "en".into()), "it was asked before that was known");
        assert_eq!(take("en", "en", 0.9, 5.0), (true, "en".into()));
    }

    #[test]
    fn a_language_is_certain_when_enough_was_heard_of_it() {
        let mut tracker = LanguageTracker::default();
        let mut take = |spoken: &str, p: f32, audio_s: f64| {
            let spoken = Some((spoken.to_owned(), p));
            tracker.take(&Hypothesis { language: "en".into(), spoken, audio_s, ..Hypothesis::default() });
            tracker.certainty()
        };
        assert_eq!(take("en", 0.9, 2.0), Certainty::Guessed);
        assert_eq!(take("en", 0.3, 9.0), Certainty::Guessed, "too unlikely");
        assert_eq!(take("en", 0.9, 4.0), Certainty::Found);
        assert_eq!(take("de", 0.9, 1.0), Certainty::Guessed, "another one was heard");
        assert_eq!(take("en", 0.9, 5.0), Certainty::Guessed);
        assert_eq!(take("en", 0.9, 1.0), Certainty::Found);
        assert_eq!(take("de", 0.9, 7.0), Certainty::Found, "of German");
    }

    #[test]
    fn nothing_is_told_a_recogniser_that_tells_nothing() {
        let mut tracker = LanguageTracker::default();
        assert!(tracker.take(&Hypothesis { language: "de".into(), audio_s: 9.0, ..Hypothesis::default() }));
        assert_eq!(tracker.language(), None);
    }
}

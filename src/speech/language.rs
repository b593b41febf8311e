//! Which language is spoken on a track, where nobody said so. It needn't be found out anew from each word:
//! one is kept until enough is heard of another. Segments are judged in the order of their lines, whoever
//! recognised them, and when.

use crate::recognisers::recognizer::Hypothesis;

/// Another language is believed in sound of at least this length; shorter answers are taken for the language
/// before …
const SWITCH_S_MIN: f64 = 2.0;
/// … and if it is so likely, among all languages.
const SWITCH_P_MIN: f32 = 0.5;

/// Listens to one track.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LanguageEar {
    language: Option<String>,
}

impl LanguageEar {
    /// What to tell the recogniser; none: it is to find out.
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// Hears the next segment of the track; whether it was written down in the right language.
    pub fn hears(&mut self, hypothesis: &Hypothesis) -> bool {
        let Some(language) = &mut self.language else {
            // Something has to be known.
            self.language = Some(hypothesis.language.clone());
            return true;
        };
        let Some((spoken, p)) = &hypothesis.spoken else { return true };
        if hypothesis.audio_s >= SWITCH_S_MIN && *p >= SWITCH_P_MIN {
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
        let mut ear = LanguageEar::default();
        let mut hears = |language: &str, spoken: &str, p: f32, audio_s: f64| {
            let spoken = Some((spoken.to_owned(), p));
            let heard = ear.hears(&Hypothesis {
                language: language.into(),
                spoken,
                audio_s,
                ..Hypothesis::default()
            });
            (heard, ear.language().map(str::to_owned).unwrap_or_default())
        };
        assert_eq!(hears("de", "de", 0.4, 0.5), (true, "de".into()), "something has to be known");
        assert_eq!(hears("de", "en", 0.9, 1.0), (true, "de".into()), "too short to tell");
        assert_eq!(hears("de", "en", 0.4, 5.0), (true, "de".into()), "too unlikely");
        assert_eq!(hears("de", "en", 0.6, 5.0), (false, "en".into()));
        assert_eq!(hears("de", "de", 0.3, 0.8), (false, "en".into()), "it was asked before that was known");
        assert_eq!(hears("en", "en", 0.9, 5.0), (true, "en".into()));
    }
}

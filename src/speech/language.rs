//! Which language a track speaks. Finding out costs as much as recognising does (Whisper has to encode the sound once more), so a
//! track whose language is clear is believed for a while.

/// So many segments in a row of one language make it clear.
const AGREEING: u32 = 2;
/// Shorter sound says little about its language.
const SECONDS_MIN: f64 = 2.0;
/// Words that are this unsure may be words of another language: listen anew.
const CONFIDENCE_MIN: f64 = 0.4;
/// After so many segments it is found out again all the same: people change.
const BELIEVED_FOR: u32 = 30;

/// What is known of one track's language.
#[derive(Debug, Clone, Default)]
pub struct LanguageMemory {
    language: Option<String>,
    agreed: u32,
    used: u32,
}

impl LanguageMemory {
    /// The language to tell the recogniser; none: it is to find out.
    pub fn known(&self) -> Option<String> {
        let clear = self.agreed >= AGREEING && self.used < BELIEVED_FOR;
        self.language.clone().filter(|_| clear)
    }

    /// A segment of `seconds` was recognised; `told` says whether the language had been given.
    pub fn learn(&mut self, language: &str, told: bool, seconds: f64, confidence: f64) {
        if told {
            self.used += 1;
            if confidence < CONFIDENCE_MIN && seconds >= SECONDS_MIN {
                self.agreed = 0;
            }
            return;
        }
        if seconds < SECONDS_MIN || language.is_empty() {
            return;
        }
        if self.language.as_deref() == Some(language) {
            self.agreed += 1;
        } else {
            self.language = Some(language.to_owned());
            self.agreed = 1;
        }
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_believed_when_two_segments_agree_and_doubted_when_words_are_unsure() {
        let mut memory = LanguageMemory::default();
        memory.learn("en", false, 1.0, 0.9);
        memory.learn("de", false, 4.0, 0.9);
        memory.learn("en", false, 4.0, 0.9);
        assert_eq!(memory.known(), None);
        memory.learn("en", false, 4.0, 0.9);
        assert_eq!(memory.known().as_deref(), Some("en"));
        memory.learn("en", true, 4.0, 0.2);
        assert_eq!(memory.known(), None, "unsure words: listen anew");
        memory.learn("de", false, 4.0, 0.9);
        memory.learn("de", false, 4.0, 0.9);
        assert_eq!(memory.known().as_deref(), Some("de"));
        for _ in 0..BELIEVED_FOR {
            memory.learn("de", true, 4.0, 0.9);
        }
        assert_eq!(memory.known(), None, "after a while it is found out again");
    }
}

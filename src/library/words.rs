//! The words of a text as they are looked for: case and accents folded, and where a script writes no spaces
//! between words (Chinese, Japanese, Thai, Korean with its endings), each character for itself, so that any
//! part of a run is found. Pure: the index, the query and the marks in a hit are all made by this.

use std::ops::Range;

/// Bytes of the longest word that is told apart; of a longer one only the beginning counts.
const WORD_BYTES_MAX: usize = 128;

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Folded; never empty, no spaces, no ASCII but letters and digits.
    pub text: String,
    /// Its bytes in the text.
    pub range: Range<usize>,
}

/// All words of a text, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    // Whether the last token still grows.
    let mut open = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        match kind(c) {
            Kind::Between => open = false,
            Kind::Silent => {
                if let Some(last) = tokens.last_mut().filter(|_| open) {
                    last.range.end = end;
                }
            }
            Kind::Alone => {
                tokens.push(Token { text: c.to_string(), range: at..end });
                // A mark that stands on it belongs to it, a letter does not.
                open = false;
            }
            Kind::Letter => {
                if !open {
                    tokens.push(Token { text: String::new(), range: at..end });
                }
                open = true;
                if let Some(last) = tokens.last_mut() {
                    last.range.end = end;
                    if last.text.len() < WORD_BYTES_MAX {
                        fold(c, &mut last.text);
                    }
                }
            }
        }
    }
    tokens.retain(|token| !token.text.is_empty());
    tokens
}

/// The words of a text with a space between them, as the index is given them.
pub(super) fn joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for token in tokens(text) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&token.text);
    }
    out
}

enum Kind {
    /// It parts words.
    Between,
    /// It parts nothing and counts for nothing: accents, points of vowels, joiners.
    Silent,
    /// A word of its own.
    Alone,
    Letter,
}

fn kind(c: char) -> Kind {
    match c {
        '\0'..='\x7f' if c.is_ascii_alphanumeric() => Kind::Letter,
        '\0'..='\x7f' => Kind::Between,
        // Combining accents; points of Hebrew and Arabic; what only stretches or joins.
        '\u{300}'..='\u{36f}'
        | '\u{591}'..='\u{5bd}'
        | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}'
        | '\u{640}'
        | '\u{64b}'..='\u{65f}'
        | '\u{670}'
        | '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}'
        // Signs of Indic scripts that are no letters by themselves: nukta and virama.
        | '\u{93c}' | '\u{94d}' | '\u{9bc}' | '\u{9cd}' | '\u{a3c}' | '\u{a4d}' | '\u{abc}' | '\u{acd}'
        | '\u{b3c}' | '\u{b4d}' | '\u{bcd}' | '\u{c4d}' | '\u{cbc}' | '\u{ccd}' | '\u{d4d}' | '\u{dca}' => {
            Kind::Silent
        }
        _ if is_alone(c) => Kind::Alone,
        _ if c.is_alphanumeric() => Kind::Letter,
        _ => Kind::Between,
    }
}

/// Whether it is of a script whose words are not parted by spaces, or carry their endings without one.
fn is_alone(c: char) -> bool {
    matches!(c,
        // Thai, Lao, Burmese, Khmer; their signs for vowels and tones are characters too.
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' | '\u{e81}'..='\u{ecd}' | '\u{edc}'..='\u{edf}'
        | '\u{1000}'..='\u{103f}' | '\u{1050}'..='\u{109d}' | '\u{1780}'..='\u{17d3}'
        // Korean.
        | '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}'
        // Chinese and Japanese.
        | '\u{2e80}'..='\u{2fd5}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309f}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{3105}'..='\u{312f}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{323af}')
}

/// A letter without case and accent.
fn fold(c: char, out: &mut String) {
    let plain = match c {
        '\0'..='\x7f' => c.to_ascii_lowercase(),
        'ά' | 'Ά' => 'α',
        'έ' | 'Έ' => 'ε',
        'ή' | 'Ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' | 'Ί' | 'Ϊ' => 'ι',
        'ό' | 'Ό' => 'ο',
        'ύ' | 'ϋ' | 'ΰ' | 'Ύ' | 'Ϋ' => 'υ',
        'ώ' | 'Ώ' => 'ω',
        'ς' => 'σ',
        'ё' | 'Ё' => 'е',
        'أ' | 'إ' | 'آ' => 'ا',
        // Latin letters with accents, and those of full width.
        '\u{aa}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{ff10}'..='\u{ff5a}' => {
            let latin = deunicode::deunicode_char(c).unwrap_or_default();
            out.extend(latin.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
            return;
        }
        _ => {
            out.extend(c.to_lowercase().filter(|c| !matches!(kind(*c), Kind::Silent)));
            return;
        }
    };
    out.push(plain);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_accents_and_forms_are_folded() {
        for (text, words) in [
            ("Straße, GROẞ: Ærø!", "strasse gross aero"),
            ("Zoë Zoe\u{308} NAÏVE naïve", "zoe zoe naive naive"),
            ("Việt Nam", "viet nam"),
            ("İstanbul ISPARTA ısı", "istanbul isparta isi"),
            ("ΑΘΉΝΑ Αθήνας", "αθηνα αθηνασ"),
            ("Ёлка ЕЛКА", "елка елка"),
            ("don't don’t e-mail 3.5", "don t don t e mail 3 5"),
            ("ＡＢＣ１２", "abc12"),
            ("مُحَمَّد محمد", "محمد محمد"),
            ("שָׁלוֹם", "שלום"),
            ("हिन्दी", "हिनदी"),
            ("a\u{ad}b", "ab"),
            ("«»…—", ""),
            ("🎤 🎉", ""),
        ] {
            assert_eq!(joined(text), words, "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_taken_apart() {
        for (text, words) in [
            ("会議は東京で", "会 議 は 東 京 で"),
            ("我们Budget2027讨论", "我 们 budget2027 讨 论"),
            ("ประชุม", "ป ร ะ ช ุ ม"),
            ("회의를", "회 의 를"),
        ] {
            assert_eq!(joined(text), words, "{text}");
        }
    }

    proptest! {
        #[test]
        fn words_stand_where_they_are_said_to_stand(text in any::<String>()) {
            let mut at = 0;
            for token in tokens(&text) {
                prop_assert!(token.range.start >= at && token.range.end > token.range.start);
                prop_assert!(text.get(token.range.clone()).is_some());
                at = token.range.end;
                // Nothing in a word has a meaning to the index, and folding is done with once.
                prop_assert!(!token.text.is_empty());
                prop_assert!(token.text.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric()));
            }
        }
    }
}

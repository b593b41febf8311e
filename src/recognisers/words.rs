//! From a recogniser's tokens to words with times.
//!
//! A token is a few bytes: a word may be several, and so may a single character. Words are put together here,
//! annotations of sounds (`[music]`) are left out, and times are made to hold: within the sound, in order,
//! the first word no earlier than speech was detected.

use crate::recognisers::recognizer::Word;

/// Languages that are written without spaces: there every token that ends on a whole character is a word.
const WITHOUT_SPACES: [&str; 7] = ["zh", "yue", "ja", "th", "lo", "my", "km"];
/// An annotation such as "(upbeat music playing)" is short; what is longer between brackets is text.
const ANNOTATION_WORDS_MAX: usize = 5;
/// What opens an annotation, and what closes it.
const BRACKETS: [(char, char); 5] = [('[', ']'), ('(', ')'), ('*', '*'), ('（', '）'), ('【', '】')];
/// Starts closer together than this come from one wrong time, not from a mouth.
const SAME_START_S: f64 = 0.005;
/// No three words are begun within so short a time; where they seem to be, all times are given up.
const THREE_WORDS_S_MIN: f64 = 0.06;
/// Whisper writes these around singing; they aren't spoken.
const NOTES: [char; 4] = ['♪', '♫', '♩', '♬'];

/// A piece of text as a recogniser gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Part of UTF-8 text, with the space before a word.
    pub bytes: Vec<u8>,
    /// Seconds from the first sample; may be wrong.
    pub start: f64,
    /// See `start`.
    pub end: f64,
    /// Probability, 0..1.
    pub p: f64,
}

/// A word that is being put together.
struct Draft {
    bytes: Vec<u8>,
    start: f64,
    end: f64,
    p_sum: f64,
    tokens: u32,
}

/// Puts tokens together. `audio_s` is the length of the sound, `speech` where in it speech was detected.
/// Gives the sentence and its words.
pub fn assemble(
    tokens: &[Token],
    language: &str,
    audio_s: f64,
    speech: Option<(f64, f64)>,
) -> (String, Vec<Word>) {
    let spaced = !WITHOUT_SPACES.contains(&language);
    let mut words: Vec<(bool, Word)> = attach_punctuation(drafts(tokens, spaced));
    drop_annotations(&mut words);
    let mut text = String::new();
    for (space, word) in &words {
        if *space && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&word.text);
    }
    let mut words: Vec<Word> = words.into_iter().map(|(_, word)| word).collect();
    fit_times(&mut words, audio_s, speech);
    (text, words)
}

/// Cuts the tokens into words, still as bytes.
fn drafts(tokens: &[Token], spaced: bool) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for token in tokens.iter().filter(|token| !token.bytes.is_empty()) {
        let begins = match drafts.last() {
            None => true,
            Some(_) if token.bytes.starts_with(b" ") => true,
            Some(last) => !spaced && std::str::from_utf8(&last.bytes).is_ok(),
        };
        if begins {
            drafts.push(Draft {
                bytes: Vec::new(),
                start: token.start,
                end: token.end,
                p_sum: 0.0,
                tokens: 0,
            });
        }
        if let Some(draft) = drafts.last_mut() {
            draft.bytes.extend_from_slice(&token.bytes);
            draft.end = token.end;
            draft.p_sum += token.p;
            draft.tokens += 1;
        }
    }
    drafts
}

/// Makes text of bytes. Punctuation that stands alone goes to the word before it, or the one after it where
/// there is none. Each word says whether a space stands before it.
fn attach_punctuation(drafts: Vec<Draft>) -> Vec<(bool, Word)> {
    let mut words: Vec<(bool, Word)> = Vec::new();
    let mut held = String::new();
    for draft in drafts {
        let raw = String::from_utf8_lossy(&draft.bytes);
        let space = raw.starts_with(char::is_whitespace);
        let text = raw.trim().trim_matches(NOTES).trim();
        if text.is_empty() {
            continue;
        }
        let bare = !text.chars().any(char::is_alphanumeric)
            && !text.contains(|c| BRACKETS.iter().any(|b| b.0 == c || b.1 == c));
        if bare {
            let target = words.last_mut().map_or(&mut held, |(_, word)| &mut word.text);
            if space && !target.is_empty() {
                target.push(' ');
            }
            target.push_str(text);
            continue;
        }
        let mut whole = std::mem::take(&mut held);
        if space && !whole.is_empty() {
            whole.push(' ');
        }
        whole.push_str(text);
        let p = (draft.p_sum / f64::from(draft.tokens.max(1))).clamp(0.0, 1.0);
        words.push((space, Word { text: whole, start: draft.start, end: draft.end, p: Some(p) }));
    }
    words
}

/// Leaves out "[…]", "(…)" and "*…*" where they are short and close again.
fn drop_annotations(words: &mut Vec<(bool, Word)>) {
    let mut i = 0;
    while i < words.len() {
        let opened = BRACKETS.iter().find(|(open, _)| words[i].1.text.starts_with(*open));
        let closed = opened.and_then(|(open, close)| {
            let last = words.len().min(i + ANNOTATION_WORDS_MAX);
            (i..last).find(|&j| {
                let text = words[j].1.text.trim_end_matches(['.', ',', '!', '?', '。']);
                text.ends_with(*close) && (j > i || text.chars().count() > 1 || open != close)
            })
        });
        match closed {
            Some(j) => drop(words.drain(i..=j)),
            None => i += 1,
        }
    }
}

/// Makes the times hold: within the sound, in order, none before speech was detected.
///
/// Whisper likes to say that the first word begins at 0.0, where the sound before the speech begins. The
/// detector's onset is within 0.1 s of the truth, so it is the lower bound for all words. Words that are thus
/// pushed together share the time up to the next one.
fn fit_times(words: &mut [Word], audio_s: f64, speech: Option<(f64, f64)>) {
    let (from, to) = speech.unwrap_or((0.0, audio_s));
    let from = from.clamp(0.0, audio_s);
    let to = to.clamp(from, audio_s);
    let mut previous = from;
    for word in words.iter_mut() {
        let start = if word.start.is_finite() { word.start } else { previous };
        word.start = start.clamp(previous, audio_s);
        previous = word.start;
    }
    share_starts(words, audio_s);
    if words.windows(3).any(|three| three[2].start - three[0].start < THREE_WORDS_S_MIN) {
        spread(words, from, to);
    }
    let mut next = audio_s;
    for word in words.iter_mut().rev() {
        let end = if word.end.is_finite() { word.end } else { next };
        word.end = end.clamp(word.start, next);
        next = word.start;
    }
}

/// Where several words start at one time, spreads their starts up to the next word's.
fn share_starts(words: &mut [Word], audio_s: f64) {
    let mut first = 0;
    while first < words.len() {
        let start = words[first].start;
        let same = words[first..].iter().take_while(|word| word.start - start < SAME_START_S).count();
        let until = words.get(first + same).map_or(audio_s, |word| word.start);
        for (i, word) in words[first..first + same].iter_mut().enumerate().skip(1) {
            word.start = start + (until - start) * i as f64 / same as f64;
        }
        first += same;
    }
}

/// Spreads all words over the speech by their length.
fn spread(words: &mut [Word], from: f64, to: f64) {
    let length = |word: &Word| word.text.chars().count() as f64 + 1.0;
    let per_char = (to - from) / words.iter().map(length).sum::<f64>();
    let mut at = from;
    for word in words {
        word.start = at;
        at += length(word) * per_char;
        word.end = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(bytes: &[u8], start: f64, end: f64) -> Token {
        Token { bytes: bytes.to_vec(), start, end, p: 0.8 }
    }

    fn tokens(texts: &[&str]) -> Vec<Token> {
        let at = |i: usize| i as f64 * 0.1;
        texts.iter().enumerate().map(|(i, text)| token(text.as_bytes(), at(i), at(i + 1))).collect()
    }

    fn told(texts: &[&str], language: &str) -> (String, Vec<String>) {
        let (text, words) = assemble(&tokens(texts), language, 10.0, None);
        (text, words.into_iter().map(|word| word.text).collect())
    }

    #[test]
    fn pieces_and_punctuation_become_words() {
        let (text, words) = told(&[" Good", " mor", "ning", ",", " every", "one", ".", " -", " Yes"], "en");
        assert_eq!(text, "Good morning, everyone. - Yes");
        assert_eq!(words, ["Good", "morning,", "everyone. -", "Yes"]);
        assert_eq!(told(&[" -", " Yes", "?"], "en"), ("- Yes?".into(), vec!["- Yes?".into()]));
        assert_eq!(told(&[" ...", " ", ""], "en").1, Vec::<String>::new());
    }

    #[test]
    fn a_character_cut_between_tokens_is_whole_again() {
        let parts: Vec<Token> = [&b" caf\xc3"[..], b"\xa9", b" na", b"\xc3\xaf", b"ve"]
            .iter()
            .enumerate()
            .map(|(i, bytes)| token(bytes, i as f64, i as f64 + 1.0))
            .collect();
        let (text, words) = assemble(&parts, "fr", 10.0, None);
        assert_eq!(text, "café naïve");
        assert_eq!((words[0].start, words[0].end, words[1].end), (0.0, 2.0, 5.0));
        let (text, words) = assemble(
            &[token(b"\xe4\xbd", 0.0, 0.1), token(b"\xa0", 0.1, 0.2), token("好".as_bytes(), 0.2, 0.4)],
            "zh",
            1.0,
            None,
        );
        assert_eq!((text.as_str(), words.len()), ("你好", 2));
    }

    #[test]
    fn annotations_are_left_out_and_spoken_text_is_not() {
        assert_eq!(told(&[" [", "BL", "ANK", "_", "AUDIO", "]"], "en").0, "");
        assert_eq!(told(&[" (", "up", "beat", " music", ")", " Hello"], "en").0, "Hello");
        assert_eq!(told(&[" ♪", " la", " la", " ♪"], "en").0, "la la");
        assert_eq!(told(&[" *", "clears", " throat", "*", " So", "."], "en").0, "So.");
        let long = [" (", "as", " I", " have", " said", " many", " times", " before", ")"];
        assert_eq!(told(&long, "en").0, "(as I have said many times before)");
        assert_eq!(told(&[" (", "never", " closed"], "en").0, "(never closed");
    }

    #[test]
    fn times_are_made_to_hold() {
        let wild = [
            token(b" one", 0.0, 9.0),
            token(b" two", f64::NAN, 0.1),
            token(b" three", 7.0, 99.0),
            token(b" four", 3.0, 2.0),
        ];
        let (_, words) = assemble(&wild, "en", 5.0, Some((0.3, 4.0)));
        let times: Vec<(f64, f64)> = words.iter().map(|word| (word.start, word.end)).collect();
        assert_eq!(times[0].0, 0.3);
        for pair in times.windows(2) {
            assert!(pair[0].0 <= pair[0].1 && pair[0].1 <= pair[1].0, "{times:?}");
        }
        assert!(times.iter().all(|t| (0.3..=5.0).contains(&t.0) && t.1 <= 5.0), "{times:?}");

        // Two words before the onset share the time to the third.
        let early = [token(b" My", 0.0, 0.1), token(b" name", 0.1, 0.2), token(b" is", 0.9, 1.0)];
        let (_, words) = assemble(&early, "en", 5.0, Some((0.3, 1.0)));
        assert!(words.iter().zip([0.3, 0.6, 0.9]).all(|(word, start)| (word.start - start).abs() < 1e-9));
        // All at once at the end: nothing can be believed but where speech was.
        let late = [
            token(b" go", 1.9, 2.0),
            token(b" back", 2.0, 2.0),
            token(b" to", 2.0, 2.0),
            token(b" it", 2.0, 2.0),
        ];
        let (_, words) = assemble(&late, "en", 2.0, Some((0.2, 1.8)));
        assert!((words[0].start - 0.2).abs() < 1e-9 && (words[3].end - 1.8).abs() < 1e-9);
        assert!(words.windows(2).all(|pair| pair[1].start - pair[0].start > 0.1));
    }
}

//! What is withheld from the minutes, and why. Recognisers invent text where nobody speaks and fall into
//! loops; a verdict keeps such text out of the minutes but not out of the transcript, where its name stands
//! beside it.
//!
//! Each verdict names the evidence that it needs of the recogniser; without it that verdict is not given, and
//! nothing is made up in its place. What needs none rests on the text and on the detector of speech.
//!
//! All bounds are on the safe side: text that somebody spoke must not be withheld for being short, fast or
//! unclear. They were set on some recordings and checked on others (`./dev accuracy gates`).

use crate::audio::segment::Segment;
use crate::base::units::SampleRate;
use crate::base::utterance::Evidence;
use crate::recognisers::engine::Gives;
use crate::recognisers::recognizer::Hypothesis;

/// Nothing in the segment was like speech.
pub const NO_SPEECH_EVIDENCE: &str = "no_speech_evidence";
/// The recogniser itself holds that nobody spoke. Needs the probability that nobody spoke and the mean log
/// probability.
pub const NO_SPEECH: &str = "no_speech";
/// The text goes round in a loop. Needs nothing; with both probabilities it is found in shorter loops.
pub const REPETITION: &str = "repetition";
/// More words than a mouth can speak in that time.
pub const TOO_FAST: &str = "too_fast";
/// Far fewer words than a mouth speaks in that time: tones that were taken for a voice.
pub const TOO_SLOW: &str = "too_slow";
/// A phrase that Whisper says when it hears nothing, and little speech was heard. Needs nothing; with both
/// probabilities it is found where more speech was heard, too.
pub const STOCK_PHRASE: &str = "stock_phrase";

/// Mean probability below which there was no speech. Speech has 0.67 and more with Silero, from afar, in
/// noise and in meetings too; so this takes only what is certain.
const EVIDENCE_MIN: f32 = 0.25;
/// The same for what had to be raised before the detector heard anything: noise and far voices are raised
/// with it.
const FAINT_EVIDENCE_MIN: f32 = 0.7;
/// Whisper's own rule (openai/whisper `transcribe.py`): nobody spoke if that is more likely than 0.6 and the
/// mean log probability of the text is below this …
const LOGPROB_MIN: f64 = -1.0;
/// … which is the corner of ours: the less sure it is of the words, the less speaks against a speaker. Over
/// music Whisper has been seen to be half in doubt about the speaker (0.33 to 0.55) and to guess at the words
/// (−1.9 to −4.4); speech that was understood at all, in any noise, stays below 1.7.
const DOUBT_MAX: f64 = 2.0 * 0.6 - LOGPROB_MIN;
/// Half of it is enough against text that Whisper also makes by itself: loops and stock phrases.
const DOUBT_HALF: f64 = DOUBT_MAX / 2.0;
/// Nobody speaks more words a second for long: an auctioneer has 7.
const WORDS_PER_S_MAX: f64 = 10.0;
/// Nor more characters a second: fast English has 25.
const CHARS_PER_S_MAX: f64 = 60.0;
/// Too few words for a rate.
const RATE_WORDS_MIN: usize = 5;
/// Minimum repetitions of a letter that are not a "nooo" any more, but what a tone sounds like …
const SAME_LETTERS: usize = 10;
/// … and where there is doubt.
const SAME_LETTERS_DOUBTFUL: usize = 5;
/// Minimum rounds of a syllable of two or three letters within one word, which nobody laughs …
const SAME_SYLLABLES: usize = 10;
/// … of a longer one …
const SAME_PARTS: usize = 5;
/// … and where there is doubt. ("Hahaha" has three.)
const SAME_SYLLABLES_DOUBTFUL: usize = 5;
/// See [`SAME_SYLLABLES_DOUBTFUL`].
const SAME_PARTS_DOUBTFUL: usize = 3;
/// No language writes longer words; the longest that German law has known had 67 letters.
const WORD_LETTERS_MAX: usize = 100;
/// Seconds of speech without a pause that would end the segment, from which on a minimum rate holds …
const SLOW_S_MIN: f64 = 8.0;
/// … of this many words a second; slow dictation has 1.
const WORDS_PER_S_MIN: f64 = 0.35;
/// A stock phrase is believed from this evidence on, which all speech has …
const STOCK_EVIDENCE: f64 = 0.5;
/// … and if the words fill the speech: nobody takes this many seconds over one.
const STOCK_S_PER_WORD: f64 = 1.5;

/// What Whisper says most often over noise (the head of the list in arXiv 2501.11378, "bag of
/// hallucinations").
const STOCK_PHRASES: [&str; 10] = [
    "thank you",
    "thanks for watching",
    "thank you for watching",
    "thank you very much",
    "you",
    "bye",
    "bye bye",
    "please subscribe",
    "subtitles by the amara org community",
    "the end",
];

/// Whether a segment is not even worth recognising: the verdict that any text of it would get.
pub fn unheard(segment: &Segment) -> Option<&'static str> {
    let least = if segment.faint { FAINT_EVIDENCE_MIN } else { EVIDENCE_MIN };
    (segment.speech < least).then_some(NO_SPEECH_EVIDENCE)
}

/// What speaks for and against what was understood of a segment; `rate` is its take's. Rounded to three
/// places: enough to see why, and always a number that can be written.
pub fn evidence(hypothesis: &Hypothesis, segment: &Segment, rate: SampleRate) -> Evidence {
    let short = |value: f64| if value.is_finite() { (value * 1e3).round() / 1e3 } else { 0.0 };
    Evidence {
        speech_prob: short(segment.speech.into()),
        speech_s: short(segment.offset.saturating_sub(segment.onset).seconds(rate)),
        no_speech_prob: hypothesis.no_speech_prob.map(short),
        avg_logprob: hypothesis.avg_logprob.map(short),
    }
}

/// Verdicts that are never given on text with this evidence alone.
pub fn never_given(gives: Gives) -> Vec<&'static str> {
    if gives.no_speech_prob && gives.avg_logprob { Vec::new() } else { vec![NO_SPEECH] }
}

/// Why the text doesn't stand in the minutes. `None` means that it does.
pub fn verdict(hypothesis: &Hypothesis, evidence: &Evidence) -> Option<&'static str> {
    if evidence.speech_prob < f64::from(EVIDENCE_MIN) {
        return Some(NO_SPEECH_EVIDENCE);
    }
    let unsure = evidence.avg_logprob.is_some_and(|logprob| logprob < LOGPROB_MIN);
    if unsure && is_doubted(evidence, DOUBT_MAX) {
        return Some(NO_SPEECH);
    }
    let plain = plain_words(&hypothesis.text);
    let doubtful = is_doubted(evidence, DOUBT_HALF);
    if is_loop(&plain, doubtful) || plain.iter().any(|word| is_drawn_out(word, doubtful)) {
        return Some(REPETITION);
    }
    if is_too_fast(&plain, hypothesis.audio_s) {
        return Some(TOO_FAST);
    }
    if STOCK_PHRASES.contains(&plain.join(" ").as_str()) && is_weak(evidence, plain.len()) {
        return Some(STOCK_PHRASE);
    }
    is_too_slow(&plain, evidence.speech_s).then_some(TOO_SLOW)
}

/// Whether the recogniser has more than `most` against its own text: that nobody spoke, and that these are
/// not the words. One that doesn't tell both has nothing against it.
fn is_doubted(evidence: &Evidence, most: f64) -> bool {
    let both = evidence.no_speech_prob.zip(evidence.avg_logprob);
    both.is_some_and(|(no_speech_prob, avg_logprob)| 2.0 * no_speech_prob - avg_logprob > most)
}

/// Whether little speaks for a few words that Whisper also says by itself.
fn is_weak(evidence: &Evidence, words: usize) -> bool {
    evidence.speech_prob < STOCK_EVIDENCE
        || is_doubted(evidence, DOUBT_HALF)
        || evidence.speech_s > STOCK_S_PER_WORD * words as f64
}

/// The words in lower case without punctuation. Text that is written without spaces counts by character.
fn plain_words(text: &str) -> Vec<String> {
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let is_dense = |c: char| matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}');
    if text.chars().filter(|&c| is_dense(c)).count() * 2 > text.chars().count() {
        return words.iter().flat_map(|word| word.chars().map(String::from)).collect();
    }
    words
}

/// Whether some phrase is said over and over in a row. People do repeat: "no, no, no, no", "very, very,
/// very"; so a single word needs 10 in a row, and a longer phrase 5 rounds, or 4 from eight words on; where
/// there is doubt a phrase needs 3. (Whisper's own test is a zlib compression ratio of 2.4, which such loops
/// exceed; counting them needs no compressor and names the reason.)
fn is_loop(words: &[String], doubtful: bool) -> bool {
    (1..=words.len() / 3).any(|period| {
        let rounds = match period {
            1 => 10,
            _ if doubtful => 3,
            2..=7 => 5,
            _ => 4,
        };
        let mut same = 0;
        (period..words.len()).any(|i| {
            same = if words[i] == words[i - period] { same + 1 } else { 0 };
            same >= period * (rounds - 1)
        })
    })
}

/// Whether a word goes round in itself as no language writes it ("oooooooooo", "hahahahaha…"), or never ends.
/// Digits may: somebody may read out a long number.
fn is_drawn_out(word: &str, doubtful: bool) -> bool {
    let letters: Vec<char> = word.chars().take(WORD_LETTERS_MAX + 1).collect();
    letters.len() > WORD_LETTERS_MAX
        || (1..=letters.len() / 3).any(|period| {
            let rounds = match (period, doubtful) {
                (1, false) => SAME_LETTERS,
                (1, true) => SAME_LETTERS_DOUBTFUL,
                (2 | 3, false) => SAME_SYLLABLES,
                (2 | 3, true) => SAME_SYLLABLES_DOUBTFUL,
                (_, false) => SAME_PARTS,
                (_, true) => SAME_PARTS_DOUBTFUL,
            };
            let mut same = 0;
            (period..letters.len()).any(|i| {
                let goes_on = letters[i] == letters[i - period] && letters[i].is_alphabetic();
                same = if goes_on { same + 1 } else { 0 };
                same >= period * (rounds - 1)
            })
        })
}

fn is_too_fast(words: &[String], audio_s: f64) -> bool {
    let chars: usize = words.iter().map(|word| word.chars().count()).sum();
    let dense = words.iter().all(|word| word.chars().count() == 1);
    let words_max = if dense { CHARS_PER_S_MAX } else { WORDS_PER_S_MAX };
    words.len() >= RATE_WORDS_MIN
        && (words.len() as f64 > words_max * audio_s || chars as f64 > CHARS_PER_S_MAX * audio_s)
}

fn is_too_slow(words: &[String], speech_s: f64) -> bool {
    !words.is_empty() && speech_s >= SLOW_S_MIN && (words.len() as f64) < WORDS_PER_S_MIN * speech_s
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Frames;

    const RATE: SampleRate = SampleRate::HZ_16000;

    /// The verdict on a text of that many seconds of sound, all of it speech of that probability.
    fn judged(hypothesis: &Hypothesis, speech: f32) -> Option<&'static str> {
        let (from, to) = (Frames(0), Frames::from_seconds(hypothesis.audio_s, RATE));
        let segment = Segment { from, to, onset: from, offset: to, speech, raised: false, faint: false };
        verdict(hypothesis, &evidence(hypothesis, &segment, RATE))
    }

    fn said(text: &str, audio_s: f64) -> Hypothesis {
        let (no_speech_prob, avg_logprob) = (Some(0.0), Some(-0.3));
        Hypothesis { text: text.into(), no_speech_prob, avg_logprob, audio_s, ..Hypothesis::default() }
    }

    #[test]
    fn real_speech_passes() {
        for text in [
            "No, no, no, no. No!",
            "Nooooo, hmmmm.",
            "We want it. We want it. We want it.",
            "It is very, very, very, very good.",
            "one two three one two three one two three one two four",
            "We agreed that the mobile app ships first, and the desktop version follows in January.",
            "",
            "哈哈哈哈哈",
        ] {
            assert_eq!(judged(&said(text, 6.0), 0.7), None, "{text}");
        }
        let unsure = Hypothesis { no_speech_prob: Some(0.9), avg_logprob: Some(-0.5), ..said("Yes.", 1.0) };
        assert_eq!(judged(&unsure, 0.5), None);
        assert_eq!(judged(&said("Thank you.", 1.2), 0.7), None);
        assert_eq!(judged(&said("Hm. So.", 6.0), 0.7), None, "somebody thinks");
        assert_eq!(judged(&said("One. Two. Three. Four.", 9.0), 0.7), None, "somebody dictates");
        let noisy =
            Hypothesis { no_speech_prob: Some(0.11), avg_logprob: Some(-1.3), ..said("Until you do.", 2.0) };
        assert_eq!(judged(&noisy, 0.8), None);
    }

    #[test]
    fn each_gate_has_its_name() {
        assert_eq!(judged(&said("Hello there", 3.0), 0.1), Some(NO_SPEECH_EVIDENCE));
        let nobody =
            Hypothesis { no_speech_prob: Some(0.7), avg_logprob: Some(-1.2), ..said("I'm sorry", 3.0) };
        assert_eq!(judged(&nobody, 0.6), Some(NO_SPEECH));
        for text in ["I think so. ".repeat(5), "the ".repeat(10), "我不知道".repeat(5), "Ooo".repeat(9)] {
            assert_eq!(judged(&said(&text, 20.0), 0.8), Some(REPETITION), "{text}");
        }
        let tone = Hypothesis { no_speech_prob: Some(0.25), avg_logprob: Some(-1.6), ..said("BOOOOO", 1.5) };
        assert_eq!(judged(&tone, 0.8), Some(REPETITION));
        let thrice = Hypothesis {
            no_speech_prob: Some(0.5),
            avg_logprob: Some(-0.8),
            ..said(&"I'm not a fan. ".repeat(3), 7.0)
        };
        assert_eq!(judged(&thrice, 0.9), Some(REPETITION));
        let flood = "that is what they all would have said about it at once in such a hurry today";
        assert_eq!(judged(&said(flood, 1.0), 0.8), Some(TOO_FAST));
        let ringing =
            Hypothesis { no_speech_prob: Some(0.35), avg_logprob: Some(-2.1), ..said("I'm sorry.", 2.1) };
        assert_eq!(judged(&ringing, 0.9), Some(NO_SPEECH), "however sure the detector is");
        assert_eq!(judged(&said("Thank you.", 1.0), 0.45), Some(STOCK_PHRASE));
        assert_eq!(judged(&said("Thank you.", 8.0), 0.8), Some(STOCK_PHRASE), "over eight seconds");
        let unsure = Hypothesis { avg_logprob: Some(-1.2), ..said("Thank you.", 1.0) };
        assert_eq!(judged(&unsure, 0.8), Some(STOCK_PHRASE));
        assert_eq!(judged(&said("I'm, I'm, thank you.", 20.0), 0.8), Some(TOO_SLOW));
    }

    #[test]
    fn a_loop_within_one_word_is_a_loop() {
        for text in [
            format!("So {}.", "ha".repeat(150)),
            format!("{}!", "Ha".repeat(10)),
            "ooh".repeat(60),
            "blah".repeat(5),
            format!("Well, {} then", "verantwortungs".repeat(5)),
            "あ".repeat(300),
            format!("so wie {} und das ist alles was wir gesagt haben", "あ".repeat(12)),
            "\u{1780}\u{17b6}".repeat(90),
            (0..120).map(|n| char::from(b'a' + (n * n % 26) as u8)).collect(),
        ] {
            assert_eq!(judged(&said(&text, 20.0), 0.8), Some(REPETITION), "{text}");
        }
        for text in [
            "Hahahahaha.",
            "Mississippi",
            "blablabla",
            "101010101010101010101010",
            "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
        ] {
            assert_eq!(judged(&said(text, 6.0), 0.8), None, "{text}");
        }
        let doubted = Hypothesis { no_speech_prob: Some(0.25), avg_logprob: Some(-1.6), ..said("", 6.0) };
        for (text, looped) in [("hahahahaha", true), ("hahaha", false), ("gobblegobblegobble", true)] {
            let verdict = judged(&Hypothesis { text: text.into(), ..doubted.clone() }, 0.8);
            assert_eq!(verdict, looped.then_some(REPETITION), "{text}");
        }
    }

    #[test]
    fn no_verdict_is_given_on_evidence_that_is_absent() {
        let bare =
            |text: &str, audio_s: f64| Hypothesis { text: text.into(), audio_s, ..Hypothesis::default() };
        assert_eq!(judged(&bare("I'm sorry", 3.0), 0.6), None);
        let half = Hypothesis { no_speech_prob: Some(0.99), ..bare("I'm sorry.", 2.1) };
        assert_eq!(judged(&half, 0.9), None, "half of the evidence is none");
        assert_eq!(judged(&bare(&"I'm not a fan. ".repeat(3), 7.0), 0.9), None, "nobody is in doubt");
        // What the text and the detector alone say is said all the same.
        assert_eq!(judged(&bare("Hello there", 3.0), 0.1), Some(NO_SPEECH_EVIDENCE));
        assert_eq!(judged(&bare(&"I think so. ".repeat(5), 20.0), 0.8), Some(REPETITION));
        assert_eq!(judged(&bare("Thank you.", 8.0), 0.8), Some(STOCK_PHRASE));
        assert_eq!(judged(&bare("I'm, I'm, thank you.", 20.0), 0.8), Some(TOO_SLOW));
        assert_eq!((never_given(Gives::NOTHING), never_given(Gives::ALL)), (vec![NO_SPEECH], vec![]));
        let segment = Segment {
            from: Frames(0),
            to: Frames(16_000),
            onset: Frames(0),
            offset: Frames(16_000),
            speech: 0.5,
            raised: false,
            faint: false,
        };
        let written = serde_json::to_string(&evidence(&bare("Yes.", 1.0), &segment, RATE)).unwrap();
        assert_eq!(written, r#"{"speech_prob":0.5,"speech_s":1.0}"#);
        assert_eq!(serde_json::from_str::<Evidence>(&written).unwrap().avg_logprob, None);
    }
}

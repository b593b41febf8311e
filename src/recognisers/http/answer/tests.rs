use proptest::prelude::*;
use serde_json::json;

use super::*;

fn request(seconds: f64) -> Request {
    let samples = vec![0.0; (seconds * 16_000.0) as usize];
    Request { samples, speech: Some((0.5, seconds - 0.5)), ..Request::default() }
}

fn heard(answer: &Value) -> Hypothesis {
    read(answer.to_string().as_bytes(), &request(4.0)).unwrap()
}

fn words(hypothesis: &Hypothesis) -> Vec<(&str, f64, f64)> {
    hypothesis.words.iter().map(|word| (word.text.as_str(), word.start, word.end)).collect()
}

#[test]
fn words_stand_at_the_top_or_inside_segments_or_are_pieces() {
    let top = heard(&json!({
        "language": "english", "duration": "4.0", "text": " Good morning, everyone.",
        "words": [
            {"word": "Good", "start": 0.6, "end": 0.9},
            {"word": "morning", "start": "0.9", "end": "1.2"},
            {"word": "everyone", "start": 1.4, "end": 2.0},
        ],
    }));
    let told = [("Good", 0.6, 0.9), ("morning,", 0.9, 1.2), ("everyone.", 1.4, 2.0)];
    assert_eq!((words(&top), top.language.as_str(), top.guessed_times), (told.to_vec(), "en", false));
    assert_eq!(top.text, "Good morning, everyone.");
    let pieces = heard(&json!({
        "text": " Good morning, everyone.", "language": "en",
        "segments": [
            {"text": " Good morning,", "avg_logprob": -0.2, "no_speech_prob": 0.1, "words": [
                {"word": " Good", "start": 0.6, "end": 0.9, "probability": 0.9},
                {"word": " mor", "start": 0.9, "end": 1.0, "probability": 0.8},
                {"word": "ning,", "start": 1.0, "end": 1.2, "probability": 0.7},
            ]},
            {"text": " everyone.", "avg_logprob": -0.2, "no_speech_prob": 0.1, "words": [
                {"word": " everyone.", "start": 1.4, "end": 2.0, "probability": 0.6},
            ]},
        ],
    }));
    assert_eq!((words(&pieces), pieces.guessed_times), (told.to_vec(), false));
    assert_eq!(pieces.words[1].p, Some(0.7), "a word is as sure as its least sure piece");
    assert!((pieces.avg_logprob.unwrap() + 0.2).abs() < 1e-9);
    assert!((pieces.no_speech_prob.unwrap() - 0.1).abs() < 1e-9);
    let dense = heard(&json!({"text": "你好。", "language": "zh",
        "words": [{"word": "你", "start": 0.5, "end": 1.0}, {"word": "好。", "start": 1.0, "end": 2.0}]}));
    assert_eq!(words(&dense), [("你", 0.5, 1.0), ("好。", 1.0, 2.0)]);
}

#[test]
fn times_that_nobody_told_are_guessed_and_that_is_marked() {
    let bare = heard(&json!({"text": " ab cd "}));
    assert_eq!((words(&bare), bare.guessed_times), (vec![("ab", 0.5, 2.0), ("cd", 2.0, 3.5)], true));
    assert_eq!((bare.language.as_str(), bare.avg_logprob, bare.no_speech_prob), ("und", None, None));
    // Times of segments alone; numbers as text, placeholders for what is not known.
    let segments = heard(&json!({"text": "ab cd ef", "duration": "4", "language": "de", "segments": [
        {"id": 0, "start": "0.0", "end": "1.0", "text": " ab", "avg_logprob": -1.0, "no_speech_prob": -1.0},
        {"id": 1, "start": 2.0, "end": 99.0, "text": " cd ef", "avg_logprob": -1.0, "no_speech_prob": -1.0},
    ]}));
    let told = vec![("ab", 0.0, 1.0), ("cd", 2.0, 3.0), ("ef", 3.0, 4.0)];
    assert_eq!((words(&segments), segments.guessed_times), (told, true));
    assert_eq!((segments.avg_logprob, segments.no_speech_prob), (None, None), "a placeholder is no evidence");
    let silence = heard(&json!({"text": " ", "segments": []}));
    assert_eq!((silence.text.as_str(), silence.words.len(), silence.guessed_times), ("", 0, false));
}

#[test]
fn times_that_can_not_be_are_mended_or_guessed_anew() {
    let wild = heard(&json!({"text": "a b c", "words": [
        {"word": "a", "start": -0.2, "end": 99.0}, {"word": "b", "start": 3.0, "end": 1.0}, {"word": "c", "start": 1.0, "end": 2.0},
    ]}));
    assert_eq!(
        (words(&wild), wild.guessed_times),
        (vec![("a", 0.0, 3.0), ("b", 3.0, 3.0), ("c", 3.0, 3.0)], false)
    );
    let milliseconds = json!({"text": "a b", "words": [
        {"word": "a", "start": 500, "end": 900}, {"word": "b", "start": 900, "end": 1500}]});
    assert!(heard(&milliseconds).guessed_times, "those are no seconds");
    let missing = json!({"text": "a b", "words": [{"word": "a", "start": null, "end": 1.0}, {"word": "b"}]});
    assert!(heard(&missing).guessed_times);
    let nan = br#"{"text": "a \"NaN\" b", "words": [{"word": "a", "start": NaN, "end": Infinity}], "duration": -Infinity}"#;
    let nan = read(nan, &request(4.0)).unwrap();
    assert_eq!((nan.text.as_str(), nan.guessed_times), ("a \"NaN\" b", true));
}

#[test]
fn hostile_text_is_cleaned_or_refused() {
    let text = heard(
        &json!({"text": "\u{1b}[2J a\u{0}b\r\n\u{202e}c", "words": [{"word": "\u{7}x", "start": 0, "end": 1}]}),
    );
    assert!(!text.text.chars().any(char::is_control) && !text.text.contains('\u{202e}'), "{:?}", text.text);
    assert_eq!(text.words[0].text, "x");
    let long = json!({"text": "x".repeat(20_000)}).to_string();
    assert!(read(long.as_bytes(), &request(4.0)).unwrap_err().contains("20000 characters"));
    for junk in [&b""[..], b"<html>", b"[]", b"7", b"{}", b"{\"text\": 7}", b"\xff\xfe", b"{\"text\": \"cut"]
    {
        assert!(read(junk, &request(4.0)).is_err(), "{junk:?}");
    }
    let refused = read(br#"{"error": {"message": "no"}}"#, &request(4.0));
    assert_eq!(refused.unwrap_err(), "no", "also with a status that says that all is well");
}

proptest! {
    #[test]
    fn whatever_comes_words_hold(
        starts in prop::collection::vec((-1e3..1e3_f64, -1e3..1e3_f64), 0..20),
        text in "\\PC{0,80}",
    ) {
        let words: Vec<Value> =
            starts.iter().map(|(start, end)| json!({"word": "w", "start": start, "end": end})).collect();
        let answer = json!({"text": text, "words": words}).to_string();
        if let Ok(heard) = read(answer.as_bytes(), &request(4.0)) {
            let times: Vec<f64> = heard.words.iter().flat_map(|word| [word.start, word.end]).collect();
            prop_assert!(times.iter().all(|time| (0.0..=4.001).contains(time)), "{times:?}");
            prop_assert!(heard.words.windows(2).all(|two| two[0].start <= two[1].start));
        }
    }

    #[test]
    fn junk_never_panics(junk in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&junk, &request(1.5));
    }
}

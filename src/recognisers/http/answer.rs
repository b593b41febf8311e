//! What servers answer, in all the dialects that are about: where the words stand, if there are any, how
//! numbers are written, how errors are. Pure.
//!
//! Promises: what comes in is never believed before it is checked: text is bounded and without control
//! characters, times lie in the sound, and evidence that is absent, impossible or a mere placeholder is
//! absent. Times that nobody told are guessed, and the answer says that they were.

use serde_json::Value;

use crate::base::{languages, text};
use crate::recognisers::recognizer::{Hypothesis, Request, Word};
use crate::servers::answer::{complaint_in, parse};

/// Nobody says more characters a second, in any language …
const CHARS_PER_S_MAX: f64 = 100.0;
/// … and a short sound may hold this many more.
const CHARS_MORE: f64 = 1000.0;
/// A time so much behind the sound's end, in seconds, may still be a rounding.
const BEYOND_S: f64 = 0.5;
/// What some servers write where they know nothing.
const PLACEHOLDER: f64 = -1.0;

/// Reads what a server understood of a request.
///
/// # Errors
/// It makes no sense: why.
pub fn read(body: &[u8], request: &Request) -> Result<Hypothesis, String> {
    let answer = parse(body).ok_or("it is not JSON")?;
    if !answer.is_object() {
        return Err("it is not an object".into());
    }
    if let Some(complaint) = complaint_in(&answer) {
        return Err(complaint);
    }
    let audio_s = request.seconds();
    let segments = answer.get("segments").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let told = match answer.get("text").and_then(Value::as_str) {
        Some(told) => told.to_owned(),
        None if answer.get("segments").is_some() => {
            segments.iter().filter_map(|segment| segment.get("text")?.as_str()).collect::<Vec<_>>().join(" ")
        }
        None => return Err("it holds no text".into()),
    };
    let said = text::clean(&told);
    if said.chars().count() as f64 > CHARS_MORE + CHARS_PER_S_MAX * audio_s {
        return Err(format!("{} characters for {audio_s:.1} s of sound", said.chars().count()));
    }
    let (words, guessed_times) = words(&answer, segments, &said, request);
    let language = answer.get("language").and_then(Value::as_str).and_then(languages::code);
    let language = language.map(str::to_owned).or_else(|| request.language.clone());
    Ok(Hypothesis {
        text: said,
        words,
        guessed_times,
        language: language.unwrap_or_else(|| languages::UNKNOWN.to_owned()),
        no_speech_prob: mean(segments, "no_speech_prob", |p| (0.0..=1.0).contains(&p)),
        avg_logprob: mean(segments, "avg_logprob", |p| p <= 0.0 && p != PLACEHOLDER),
        audio_s,
        ..Hypothesis::default()
    })
}

/// A finite number, written as one or as text.
fn number(value: &Value, name: &str) -> Option<f64> {
    let number = match value.get(name)? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// The mean of what all segments say, by the length of their texts; `None` if one says nothing that can be
/// true.
fn mean(segments: &[Value], name: &str, can_be: impl Fn(f64) -> bool) -> Option<f64> {
    let (mut sum, mut weight) = (0.0, 0.0);
    for segment in segments {
        let length = segment.get("text").and_then(Value::as_str).map_or(0, str::len) as f64 + 1.0;
        sum += number(segment, name).filter(|told| can_be(*told))? * length;
        weight += length;
    }
    (weight > 0.0).then(|| sum / weight)
}

/// The words with their times, and whether those are guessed.
fn words(answer: &Value, segments: &[Value], said: &str, request: &Request) -> (Vec<Word>, bool) {
    if said.is_empty() {
        return (Vec::new(), false);
    }
    let audio_s = request.seconds();
    let top = answer.get("words").and_then(Value::as_array).filter(|words| !words.is_empty());
    let inside = || {
        let of = |segment: &Value| segment.get("words").and_then(Value::as_array).cloned();
        segments.iter().map(of).collect::<Option<Vec<_>>>().map(|words| words.concat())
    };
    let told = top.cloned().or_else(inside).and_then(|words| timed(&words, audio_s));
    if let Some(words) = told.filter(|words| !words.is_empty()) {
        return (as_written(words, said), false);
    }
    if let Some(words) = in_segments(segments, said, audio_s) {
        return (words, true);
    }
    let (from, to) = request.speech.unwrap_or((0.0, audio_s));
    (spread(said, from, to), true)
}

/// Words as a server tells them. `None` if one has no time, or most lie beyond the sound.
fn timed(words: &[Value], audio_s: f64) -> Option<Vec<Word>> {
    let mut out = Vec::with_capacity(words.len());
    for word in words {
        let told = word.get("word").or_else(|| word.get("text"))?.as_str()?;
        let text = text::clean(told);
        let (start, end) = (number(word, "start")?, number(word, "end")?);
        let p = ["probability", "p", "score"].iter().find_map(|name| number(word, name));
        if !text.is_empty() {
            out.push(Word { text, start, end, p: p.filter(|p| (0.0..=1.0).contains(p)) });
        }
    }
    let can_be = |word: &&Word| word.start >= -BEYOND_S && word.start <= audio_s + BEYOND_S;
    if out.iter().filter(can_be).count() * 2 < out.len() {
        return None;
    }
    for word in &mut out {
        word.start = word.start.clamp(0.0, audio_s);
        word.end = word.end.clamp(word.start, audio_s);
    }
    // In a line the words' order counts, not that of their times.
    let mut latest = 0.0_f64;
    for word in &mut out {
        word.start = word.start.max(latest);
        word.end = word.end.max(word.start);
        latest = word.start;
    }
    let mut next = audio_s;
    for word in out.iter_mut().rev() {
        word.end = word.end.clamp(word.start, next.max(word.start));
        next = word.start;
    }
    Some(out)
}

/// The words as they stand in the text, with its punctuation: some servers leave that out, some tell pieces
/// of words. Where letters differ, the words stay as they were told.
fn as_written(words: Vec<Word>, said: &str) -> Vec<Word> {
    let letters = |text: &str| -> Vec<char> {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let of_words: Vec<(char, usize)> = words
        .iter()
        .enumerate()
        .flat_map(|(n, word)| letters(&word.text).into_iter().map(move |letter| (letter, n)))
        .collect();
    let tokens = parts(said);
    let same = of_words.iter().map(|(letter, _)| *letter).eq(letters(said));
    if !same {
        return words;
    }
    let (mut out, mut at): (Vec<Word>, usize) = (Vec::with_capacity(tokens.len()), 0);
    for token in tokens {
        let length = letters(token).len();
        let own = &of_words[at..at + length];
        at += length;
        match (own.first(), own.last()) {
            (Some((_, first)), Some((_, last))) => {
                let ps = words[*first..=*last].iter().map(|word| word.p);
                let p = ps.reduce(|a, b| a.zip(b).map(|(a, b)| a.min(b))).flatten();
                let (start, end) = (words[*first].start, words[*last].end);
                out.push(Word { text: token.to_owned(), start, end, p });
            }
            // A dash by itself belongs to the word before it.
            _ => match out.last_mut() {
                Some(before) => {
                    before.text.push(' ');
                    before.text.push_str(token);
                }
                None => {
                    let start = words.first().map_or(0.0, |word| word.start);
                    out.push(Word { text: token.to_owned(), start, end: start, p: None });
                }
            },
        }
    }
    out
}

/// The text of each segment spread over its time. `None` if segments have no times that can be, or other
/// text.
fn in_segments(segments: &[Value], said: &str, audio_s: f64) -> Option<Vec<Word>> {
    let (mut out, mut whole, mut until) = (Vec::new(), Vec::new(), 0.0);
    for segment in segments {
        let said = text::clean(segment.get("text")?.as_str()?);
        if said.is_empty() {
            continue;
        }
        let (start, end) = (number(segment, "start")?, number(segment, "end")?.min(audio_s));
        if start < until || end <= start {
            return None;
        }
        until = end;
        out.extend(spread(&said, start, end));
        whole.push(said);
    }
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    (!out.is_empty() && squeezed(&whole.concat()) == squeezed(said)).then_some(out)
}

/// The words of a text, where it has no spaces its characters.
fn parts(said: &str) -> Vec<&str> {
    said.split_whitespace().flat_map(text::breakable).collect()
}

/// The words of a text over a time, by their lengths.
fn spread(said: &str, from: f64, to: f64) -> Vec<Word> {
    let parts = parts(said);
    let length = |part: &str| part.chars().count() as f64 + 1.0;
    let per_char = (to - from).max(0.0) / parts.iter().map(|part| length(part)).sum::<f64>().max(1.0);
    let mut at = from;
    let word = |part: &str| {
        let start = at;
        at += length(part) * per_char;
        Word { text: part.to_owned(), start, end: at, p: None }
    };
    parts.into_iter().map(word).collect()
}

#[cfg(test)]
mod tests;

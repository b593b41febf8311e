//! The JSON of Whisper (`openai-whisper`) and of WhisperX, which most editors and tools of others read: the
//! same segments, but Whisper's words begin with their space and have a `probability`; WhisperX' have a
//! `score`, and segments and words have a `speaker`.
//!
//! Keys of Whisper's that tell how its decoder went (`temperature`, `compression_ratio`) are left out: nobody
//! knows them here. A list of segments has no place for what nobody said: the key `hansard`, which others
//! pass over, has the session, what was marked and what must be known at its place. A segment that does not
//! stand in the minutes says why in its own text, too: who reads only that must not take it for said.

use serde::Serialize;

use super::seglst::{Between, to_millis};
use super::timing::{TimedWord, words};
use super::turns::{Meeting, hidden_because};
use crate::base::text;
use crate::base::utterance::Utterance;

/// Whose keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `openai-whisper`'s.
    Whisper,
    /// WhisperX'.
    WhisperX,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    segments: Vec<Segment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    word_segments: Option<Vec<Word>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    hansard: Ours<'a>,
}

/// What the format has no key for.
#[derive(Serialize)]
struct Ours<'a> {
    session_id: &'a str,
    title: String,
    /// With its offset.
    start: String,
    marks: Vec<Between<'a>>,
    notices: Vec<Between<'a>>,
}

#[derive(Serialize)]
struct Segment<'a> {
    id: usize,
    /// Where it begins, in hundredths of a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    seek: Option<u64>,
    start: f64,
    end: f64,
    text: String,
    /// The model's tokens, which nobody kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<[u32; 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_logprob: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_speech_prob: Option<f64>,
    words: Vec<Word>,
    speaker: String,
    language: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<String>,
}

#[derive(Clone, Serialize)]
struct Word {
    word: String,
    start: f64,
    end: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speaker: Option<String>,
}

/// The whole document.
pub fn render(meeting: &Meeting, dialect: Dialect) -> Result<String, serde_json::Error> {
    let said = meeting.said.iter().enumerate();
    let segments: Vec<Segment> = said.map(|(n, said)| segment(n, said, dialect)).collect();
    let is_x = dialect == Dialect::WhisperX;
    let manifest = &meeting.session.manifest;
    let document = Document {
        text: (!is_x).then(|| segments.iter().map(|segment| segment.text.as_str()).collect()),
        word_segments: is_x
            .then(|| segments.iter().flat_map(|segment| segment.words.iter().cloned()).collect()),
        segments,
        // For all of them, the one that was spoken longest; each segment has its own, too.
        language: meeting.language(),
        hansard: Ours {
            session_id: &manifest.id,
            title: meeting.title(),
            start: meeting.session.wall(0.0).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            marks: meeting.marks().map(Between::mark).collect(),
            notices: meeting.notices.iter().map(Between::notice).collect(),
        },
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn segment(n: usize, said: &Utterance, dialect: Dialect) -> Segment<'_> {
    let is_x = dialect == Dialect::WhisperX;
    let speaker = text::name(&said.speaker);
    let space = if is_x { "" } else { " " };
    let known = |p: f64| (p > 0.0).then(|| to_millis(p.min(1.0)));
    let word = |word: TimedWord| Word {
        word: format!("{space}{}", word.text),
        start: to_millis(word.start),
        end: to_millis(word.end),
        probability: if is_x { None } else { known(word.p) },
        score: if is_x { known(word.p) } else { None },
        speaker: is_x.then(|| speaker.clone()),
    };
    let (start, end) = (to_millis(said.start.max(0.0)), to_millis(said.end));
    let why = hidden_because(said);
    let before = why.as_ref().map(|why| format!("[{why}] ")).unwrap_or_default();
    Segment {
        id: n,
        seek: (!is_x).then(|| (start * 100.0).round() as u64),
        start,
        end: end.max(start),
        text: format!("{space}{before}{}", text::clean(&said.text)),
        tokens: (!is_x).then_some([]),
        avg_logprob: said.evidence.and_then(|evidence| evidence.avg_logprob),
        no_speech_prob: said.evidence.and_then(|evidence| evidence.no_speech_prob),
        words: words(said).into_iter().map(word).collect(),
        speaker: speaker.clone(),
        language: &said.language,
        withheld: why,
    }
}

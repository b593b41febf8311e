//! The transcript as SegLST, the segment list that MeetEval reads: an array of objects with `session_id`,
//! `speaker`, `start_time`, `end_time` (seconds) and `words`; MeetEval passes over the keys that are ours.
//! Without the array, an object a line, it is JSON Lines.
//!
//! `overlap` says who else spoke during a segment for half a second and more, and when.
//!
//! A list of segments has no place for what nobody said: each segment has `before`, what was marked and what
//! must be known before it, in order; the last one has `after`. The first one has `summary`: what a model
//! made of the text, where there is that.

use serde::Serialize;

use super::evidence::Evidence;
use super::notices::Notice;
use super::order::Entry;
use super::speaking::Span;
use super::turns::Meeting;
use crate::base::text;
use crate::base::utterance::Utterance;
use crate::session::mark::Mark;
use crate::session::summary::Shown;

#[derive(Serialize)]
struct Segment<'a> {
    session_id: &'a str,
    speaker: String,
    start_time: f64,
    end_time: f64,
    words: String,
    id: &'a str,
    track: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice: Option<&'a str>,
    confidence: f64,
    language: &'a str,
    model: &'a str,
    #[serde(rename = "final")]
    is_final: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bleed_of: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence<'a>>,
    word_times: Vec<WordTime<'a>>,
    /// Who else spoke meanwhile.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overlap: Vec<Overlap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Shown>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    before: Vec<Between<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after: Vec<Between<'a>>,
}

/// What stands between segments.
#[derive(Serialize)]
pub(super) struct Between<'a> {
    kind: &'static str,
    start_time: f64,
    end_time: f64,
    /// Names of the people it is about; none means all of them.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    speakers: &'a [String],
    text: String,
}

impl<'a> Between<'a> {
    pub(super) fn mark(mark: &Mark) -> Self {
        let (at, text) = (to_millis(mark.at), text::clean(&mark.text));
        Self { kind: mark.kind.name(), start_time: at, end_time: at, speakers: &[], text }
    }

    pub(super) fn notice(told: &'a Notice) -> Self {
        let (start_time, end_time) = (to_millis(told.from), to_millis(told.to));
        Self { kind: told.kind.name(), start_time, end_time, speakers: &told.who, text: told.what() }
    }
}

/// Somebody else speaks, too.
#[derive(Serialize)]
struct Overlap {
    speaker: String,
    start_time: f64,
    end_time: f64,
}

#[derive(Serialize)]
struct WordTime<'a> {
    text: &'a str,
    start: f64,
    end: f64,
    p: f64,
}

/// The whole document; `[]` if nothing was said.
pub fn render(meeting: &Meeting, evidence: bool) -> Result<String, serde_json::Error> {
    let lines = lines(meeting, evidence)?;
    if lines.is_empty() {
        return Ok("[]\n".to_owned());
    }
    // A segment a line: small, and good to read through with line tools.
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

/// The same objects, one a line; nothing if nothing was said.
pub fn render_lines(meeting: &Meeting, evidence: bool) -> Result<String, serde_json::Error> {
    Ok(lines(meeting, evidence)?.into_iter().map(|line| line + "\n").collect())
}

fn lines(meeting: &Meeting, evidence: bool) -> Result<Vec<String>, serde_json::Error> {
    let (mut segments, mut between): (Vec<Segment>, Vec<Between>) = Default::default();
    for entry in meeting.lines() {
        match entry {
            Entry::Said(said) => {
                let before = std::mem::take(&mut between);
                segments.push(Segment { before, ..segment(meeting, said, evidence) });
            }
            Entry::Mark(_, mark) => between.push(Between::mark(mark)),
            Entry::Notice(told) => between.push(Between::notice(told)),
        }
    }
    if let (Some(first), Some(summary)) = (segments.first_mut(), &meeting.summary) {
        first.summary = Some(Shown { items: meeting.items().cloned().collect(), ..summary.clone() });
    }
    if let Some(last) = segments.last_mut() {
        last.after = between;
    }
    segments.iter().map(serde_json::to_string).collect()
}

fn segment<'a>(meeting: &'a Meeting, said: &'a Utterance, evidence: bool) -> Segment<'a> {
    let start_time = to_millis(said.start.max(0.0));
    let word_time = |word: &'a crate::base::utterance::Word| WordTime {
        text: &word.text,
        start: to_millis(word.start),
        end: to_millis(word.end),
        p: word.p,
    };
    let overlap = |span: Span| Overlap {
        speaker: span.who,
        start_time: to_millis(span.start),
        end_time: to_millis(span.end),
    };
    Segment {
        session_id: &meeting.session.manifest.id,
        speaker: text::name(&said.speaker),
        start_time,
        // A segment without length has no place for its words in a time-constrained score.
        end_time: to_millis(said.end).max(to_millis(start_time + 0.001)),
        words: text::clean(&said.text),
        id: &said.id,
        track: &said.track,
        voice: said.voice.as_deref(),
        confidence: said.confidence,
        language: &said.language,
        model: &said.model,
        is_final: said.is_final,
        withheld: said.withheld.as_deref(),
        bleed_of: said.bleed_of.as_deref(),
        evidence: evidence.then(|| meeting.evidence(said)),
        word_times: said.words.iter().map(word_time).collect(),
        overlap: meeting.speaking.beside(said).into_iter().map(overlap).collect(),
        summary: None,
        before: Vec::new(),
        after: Vec::new(),
    }
}

/// Seconds to the thousandth.
pub(super) fn to_millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

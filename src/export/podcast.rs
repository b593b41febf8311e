//! What podcast players read (Podcasting 2.0): the transcript, as captions with their speakers, or word by
//! word; and chapters, which are the marks. Second 0 is the session's, so they belong to sound of the whole
//! session.
//!
//! What a reader must know at its place is a segment of ours, as it is a caption in WebVTT. Chapters have no
//! place for it, nor for what was said.

use serde::Serialize;

use super::captions::{Caption, Names, OURS, Rules, captions};
use super::seglst::to_millis;
use super::timing::words;
use super::turns::{Meeting, hidden_because};
use crate::base::text;

#[derive(Serialize)]
struct Transcript {
    version: &'static str,
    segments: Vec<Segment>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Segment {
    speaker: String,
    start_time: f64,
    end_time: f64,
    body: String,
}

#[derive(Serialize)]
struct Chapters {
    version: &'static str,
    title: String,
    chapters: Vec<Chapter>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chapter {
    start_time: f64,
    title: String,
}

/// The whole transcript; segments are captions by these rules, or single words.
pub fn render(meeting: &Meeting, rules: &Rules, by_word: bool) -> Result<String, serde_json::Error> {
    let segments = if by_word { by_words(meeting) } else { by_captions(meeting, rules) };
    Ok(serde_json::to_string_pretty(&Transcript { version: "1.0.0", segments })? + "\n")
}

fn by_captions(meeting: &Meeting, rules: &Rules) -> Vec<Segment> {
    let captions = captions(meeting, Names::Apart, rules);
    let segment = |caption: Caption| Segment {
        start_time: to_millis(caption.start_ms as f64 / 1000.0),
        end_time: to_millis(caption.end_ms as f64 / 1000.0),
        body: caption.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(" "),
        speaker: caption.speaker,
    };
    captions.into_iter().map(segment).collect()
}

fn by_words(meeting: &Meeting) -> Vec<Segment> {
    let ours = meeting.notices.iter().map(|told| Segment {
        speaker: OURS.to_owned(),
        start_time: to_millis(told.from),
        end_time: to_millis(told.to),
        body: format!("[{}]", told.what()),
    });
    let mut segments: Vec<Segment> = ours.collect();
    for said in &meeting.said {
        let why = hidden_because(said).map(|why| format!("[{why}] ")).unwrap_or_default();
        segments.extend(words(said).into_iter().map(|word| Segment {
            speaker: text::name(&said.speaker),
            start_time: to_millis(word.start),
            end_time: to_millis(word.end),
            body: format!("{why}{}", word.text),
        }));
    }
    segments.sort_by(|a, b| a.start_time.total_cmp(&b.start_time));
    segments
}

/// The marks as chapters; before the first of them the meeting's title.
pub fn chapters(meeting: &Meeting) -> Result<String, serde_json::Error> {
    let mut chapters: Vec<Chapter> = meeting
        .marks()
        .map(|mark| Chapter {
            start_time: to_millis(mark.at.max(0.0)),
            title: format!("{}: {}", mark.kind.title(), text::clean(&mark.text)),
        })
        .collect();
    chapters.sort_by(|a, b| a.start_time.total_cmp(&b.start_time));
    let start_time = to_millis(meeting.selection.from);
    if chapters.first().is_none_or(|first| first.start_time > start_time) {
        chapters.insert(0, Chapter { start_time, title: meeting.title() });
    }
    let document = Chapters { version: "1.2.0", title: meeting.title(), chapters };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

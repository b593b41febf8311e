//! The transcript as SegLST, the segment list that MeetEval reads: an array of objects with `session_id`, `speaker`, `start_time`,
//! `end_time` (seconds) and `words`; MeetEval passes over the keys that are ours.

use serde::Serialize;

use super::text;
use super::turns::Meeting;

#[derive(Serialize)]
struct Segment<'a> {
    session_id: &'a str,
    speaker: String,
    start_time: f64,
    end_time: f64,
    words: String,
    id: &'a str,
    track: &'a str,
    confidence: f64,
    language: &'a str,
    model: &'a str,
    #[serde(rename = "final")]
    is_final: bool,
    word_times: Vec<WordTime<'a>>,
}

#[derive(Serialize)]
struct WordTime<'a> {
    text: &'a str,
    start: f64,
    end: f64,
    p: f64,
}

/// The whole document; `[]` if nothing was said.
pub fn render(meeting: &Meeting) -> Result<String, serde_json::Error> {
    let segments: Vec<Segment> = meeting
        .said
        .iter()
        .map(|said| {
            let start_time = to_millis(said.start.max(0.0));
            Segment {
                session_id: &meeting.session.manifest.id,
                speaker: text::name(&said.speaker),
                start_time,
                // A segment without length has no place for its words in a time-constrained score.
                end_time: to_millis(said.end).max(to_millis(start_time + 0.001)),
                words: text::clean(&said.text),
                id: &said.id,
                track: &said.track,
                confidence: said.confidence,
                language: &said.language,
                model: &said.model,
                is_final: said.is_final,
                word_times: said
                    .words
                    .iter()
                    .map(|w| WordTime {
                        text: &w.text,
                        start: to_millis(w.start),
                        end: to_millis(w.end),
                        p: w.p,
                    })
                    .collect(),
            }
        })
        .collect();
    if segments.is_empty() {
        return Ok("[]\n".to_owned());
    }
    // A segment a line: small, and good to read through with line tools.
    let lines = segments.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

fn to_millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

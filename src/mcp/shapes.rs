//! The shape of what tools take and give; the comments are what an assistant reads of them.

use rmcp::schemars;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Nothing is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListSessions {
    /// Only sessions whose title or id has this in it
    pub query: Option<String>,
    /// First day, as 2026-03-14
    pub from: Option<String>,
    /// Last day, as 2026-03-14
    pub to: Option<String>,
    /// Most sessions: 1 to 100, 20 if nothing is said
    #[serde(default, deserialize_with = "number")]
    pub limit: Option<u32>,
    /// Where to go on, from next_cursor of the answer before
    pub cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Sessions {
    /// The newest first
    pub sessions: Vec<SessionRow>,
    /// Sessions that fit, in this answer or not
    pub total: usize,
    /// Give this as cursor for the rest; null if there is none
    pub next_cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SessionRow {
    /// Id, to be given to the other tools
    pub session: String,
    pub title: String,
    /// Local start with its offset
    pub start: String,
    pub duration_s: f64,
    /// Who speaks in it; the sources' names where there is no text
    pub people: Vec<String>,
    /// It is being recorded, or was not finished in order
    pub open: bool,
    /// There is sound of which no text has been made
    pub text_pending: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    /// Words that must all stand in one line; "a phrase" in quotes; a beginning as budg*
    pub query: String,
    /// Only what this person said: a name, or its beginning
    pub speaker: Option<String>,
    /// "line": only what was said; "mark": only what was written down; "summary": sentences that a language
    /// model made of it. Lines and marks if nothing is said
    pub kind: Option<HitKind>,
    /// First day, as 2026-03-14
    pub from: Option<String>,
    /// Last day, as 2026-03-14
    pub to: Option<String>,
    /// Most hits: 1 to 100, 20 if nothing is said
    #[serde(default, deserialize_with = "number")]
    pub limit: Option<u32>,
}

/// What can be searched for
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum HitKind {
    Line,
    Mark,
    Summary,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Hits {
    /// The newest first
    pub hits: Vec<HitRow>,
    /// There are more: narrow it down, or raise the limit
    pub more: bool,
    /// Sessions that were searched
    pub sessions: usize,
    /// What could not be searched, and why
    pub notes: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HitRow {
    pub session: String,
    pub title: String,
    /// Id of the line or the mark; of a summary's sentence the id of the line that it rests on
    pub id: String,
    /// "line": it was said; "mark": somebody in the meeting wrote it down; "summary": a language model did
    pub kind: &'static str,
    /// "decision", "action", "question" or "topic"; null for all but a summary's sentences
    pub summary: Option<&'static str>,
    /// Who said it; null for all but lines
    pub speaker: Option<String>,
    /// Local time with its offset
    pub time: String,
    /// Seconds from the session's start
    pub start_s: f64,
    pub text: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetTranscript {
    /// Id of the session, or "last"
    pub session: String,
    /// Begin at this place from the session's start, as 00:12:30 or 12m30s
    pub from: Option<String>,
    /// End at this place
    pub to: Option<String>,
    /// Only what this person said: a name, or a part of it
    pub speaker: Option<String>,
    /// Where to go on, from next_cursor of the answer before
    pub cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Transcript {
    pub session: String,
    pub title: String,
    pub lines: Vec<Line>,
    /// Give this as cursor for the rest; null if there is none
    pub next_cursor: Option<String>,
    /// There is sound of which no text has been made: silence here proves nothing
    pub text_pending: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Line {
    pub id: String,
    /// Local time with its offset
    pub time: String,
    /// Seconds from the session's start
    pub start_s: f64,
    pub end_s: f64,
    pub speaker: String,
    pub text: String,
    /// The text is longer than what is given here
    pub cut: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetMinutes {
    /// Id of the session, or "last"
    pub session: String,
    /// Where to go on, from next_cursor of the answer before
    pub cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Minutes {
    pub session: String,
    pub title: String,
    pub markdown: String,
    /// Give this as cursor for the rest; null if there is none
    pub next_cursor: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetSummary {
    /// Id of the session, or "last"
    pub session: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Summary {
    pub session: String,
    pub title: String,
    /// Whether there is one
    pub present: bool,
    pub items: Vec<SummaryItem>,
    /// Sentences that are not given, as the lines that they cite do not say them, or are not shown any more
    pub left_out: usize,
    /// What to know or to do
    pub note: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SummaryItem {
    /// topic, decision, action or question
    pub kind: String,
    pub text: String,
    pub owner: Option<String>,
    pub due: Option<String>,
    /// Literally from one of the lines
    pub quote: String,
    /// Ids of the lines that it is about
    pub lines: Vec<String>,
}

/// A number, also where it comes as a text, as some clients send it.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Sent {
        Number(u32),
        Text(String),
    }
    match Option::<Sent>::deserialize(from)? {
        None => Ok(None),
        Some(Sent::Number(number)) => Ok(Some(number)),
        Some(Sent::Text(text)) => text.trim().parse().map(Some).map_err(D::Error::custom),
    }
}

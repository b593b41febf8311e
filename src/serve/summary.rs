//! What a language model made of a session's text, as it stands now.
//!
//! Promises: what rests on lines that are hidden, withheld or gone is not among it; of what was left out only
//! the kinds of the reasons are told, for its words may be those that somebody has hidden since. Refuses to
//! ask any model: that is `summarize`'s.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path as UrlPath, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::{App, blocking, revision};
use crate::session::reading::Session;
use crate::session::summary::{Place, Shown, ShownItem, Summary};
use crate::summaries::judge::reason_kind;

/// A summary as it stands now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SummaryEntry {
    /// When it was made.
    #[schema(format = DateTime)]
    utc: String,
    /// What the server calls its model.
    model: String,
    /// The computer that was sent the text.
    host: String,
    /// That was this very computer.
    here: bool,
    /// Name of the template.
    template: String,
    /// ISO 639-1 code of the language that was spoken most; empty where it is not known.
    language: String,
    /// In the order of the meeting.
    items: Vec<ItemEntry>,
    /// Sentences that the model gave.
    said: usize,
    /// Those of them that were left out: they are not in the transcript.
    left_out: usize,
    /// Why, and how many of them each; of very many not all.
    reasons: Vec<ReasonEntry>,
    /// Parts that the text was cut into.
    parts: usize,
    /// Parts of which no answer could be used.
    unread: usize,
    /// Items that are not shown any more: what they rest on was hidden or changed.
    gone: usize,
    /// The text or its names were changed since.
    stale: bool,
    /// Changes with whatever is written to the session.
    revision: String,
}

/// One thing that the summary says.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ItemEntry {
    /// `decision`, `action`, `question` or `topic`.
    kind: String,
    text: String,
    /// Who is to do it.
    owner: Option<String>,
    /// Until when, in the words of the meeting.
    due: Option<String>,
    /// What was said, literally.
    quote: String,
    /// The one that is quoted first, the others by time; never empty.
    lines: Vec<PlaceEntry>,
    /// A line that it rests on was corrected since.
    changed: bool,
}

/// A line that an item leads to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlaceEntry {
    id: String,
    start: f64,
    end: f64,
    speaker: String,
}

/// Why sentences were left out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReasonEntry {
    /// A word, such as `quote` or `number`.
    reason: String,
    count: usize,
}

impl From<Place> for PlaceEntry {
    fn from(place: Place) -> Self {
        Self { id: place.id, start: place.start, end: place.end, speaker: place.speaker }
    }
}

impl From<ShownItem> for ItemEntry {
    fn from(item: ShownItem) -> Self {
        Self {
            kind: item.kind.name().to_owned(),
            text: item.text,
            owner: item.owner,
            due: item.due,
            quote: item.quote,
            lines: item.lines.into_iter().map(PlaceEntry::from).collect(),
            changed: item.changed,
        }
    }
}

/// What a language model made of a session's text
///
/// As it stands now: what rests on a line that is hidden, withheld or gone is not among it.
/// `POST` makes it, and `hansard summarize`.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/summary", params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = SummaryEntry),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "It is another version's, or damaged")))]
pub(super) async fn summary(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
) -> Result<Json<SummaryEntry>, Problem> {
    blocking(move || {
        let dir = app.dir(&id)?;
        let revision = revision(&dir);
        let none =
            || Problem::not_found(format!("this session has no summary; `hansard summarize {id}` makes one"));
        let summary = Summary::read(&dir)?.ok_or_else(none)?;
        let shown = summary.over(&Session::open(&dir)?);
        Ok(Json(entry(shown, reasons(&summary), revision)))
    })
    .await
}

fn entry(shown: Shown, reasons: Vec<ReasonEntry>, revision: String) -> SummaryEntry {
    SummaryEntry {
        utc: shown.utc.to_string(),
        stale: shown.stale.is_any(),
        model: shown.by.model,
        host: shown.by.host,
        here: shown.by.here,
        template: shown.by.template,
        language: shown.language,
        items: shown.items.into_iter().map(ItemEntry::from).collect(),
        said: shown.said,
        left_out: shown.left_out,
        reasons,
        parts: shown.parts,
        unread: shown.unread,
        gone: shown.gone,
        revision,
    }
}

/// The most frequent first.
fn reasons(summary: &Summary) -> Vec<ReasonEntry> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &summary.left_out {
        *counts.entry(reason_kind(one)).or_default() += 1;
    }
    let mut reasons: Vec<ReasonEntry> =
        counts.into_iter().map(|(reason, count)| ReasonEntry { reason: reason.to_owned(), count }).collect();
    reasons.sort_by_key(|one| std::cmp::Reverse(one.count));
    reasons
}

//! Everything that was said in all sessions, searched as `hansard search` does it.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::{App, blocking};
use crate::library::{self, Kind, Sort};

/// Hits at once.
const HITS_MAX: usize = 500;

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchQuery {
    /// Words that stand in a line, in any order; in double quotes a phrase; a word that ends in `*` may go on
    #[param(max_length = 1000)]
    q: String,
    /// Only what was said by somebody whose name has these words
    #[serde(default)]
    #[param(max_length = 200)]
    speaker: Option<String>,
    /// In sessions not before this date, such as 2026-11-01
    #[serde(default)]
    #[param(value_type = Option<String>, format = Date)]
    from: Option<jiff::civil::Date>,
    /// In sessions not after this date
    #[serde(default)]
    #[param(value_type = Option<String>, format = Date)]
    to: Option<jiff::civil::Date>,
    /// line, mark or summary; lines and marks without it
    #[serde(default)]
    kind: Option<HitKind>,
    /// newest first, or those first in which the words weigh most
    #[serde(default)]
    sort: HitOrder,
    /// At most this many
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// What can be found.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum HitKind {
    /// What somebody said.
    Line,
    /// What somebody marked.
    Mark,
    /// A sentence of a summary, which a language model wrote.
    Summary,
}

/// In which order hits come.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum HitOrder {
    #[default]
    Newest,
    Best,
}

/// A place where the words stand.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HitEntry {
    /// The session's id in addresses.
    folder: String,
    title: String,
    kind: HitKind,
    /// Id of the line or the mark; of a summary's sentence the id of the line that it leads to.
    id: String,
    /// Who said it; null for all but lines.
    speaker: Option<String>,
    /// decision, action, question, note; null for all but marks.
    mark: Option<String>,
    /// decision, action, question, topic; null for all but a summary's sentences.
    summary: Option<String>,
    /// Session seconds.
    start: f64,
    end: f64,
    /// Local time with its offset.
    at: String,
    text: String,
    /// Where the words stand in the text: from and to, in code points.
    marks: Vec<(usize, usize)>,
    /// The line in the page.
    page: String,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Found {
    hits: Vec<HitEntry>,
    /// There are more.
    more: bool,
    /// Sessions that were searched.
    sessions: usize,
    /// Those of them in which sound has no text yet.
    without_text: usize,
    /// Sessions that can't be read, and why.
    passed: Vec<String>,
}

/// Search in everything that was said and marked, or in summaries
#[utoipa::path(get, path = "/api/v1/search", params(SearchQuery),
    responses((status = 200, body = Found), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn search(
    State(app): State<App>,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Result<Json<Found>, Problem> {
    let Query(asked) = query.map_err(Problem::bad)?;
    let limit = asked.limit.unwrap_or(50);
    if !(1..=HITS_MAX).contains(&limit) {
        return Err(Problem::bad(format!("limit must be 1 to {HITS_MAX}")));
    }
    let mut query = library::Query::of_text(&asked.q).map_err(Problem::bad)?;
    if let Some(speaker) = &asked.speaker {
        query = query.by_speaker(speaker).map_err(Problem::bad)?;
    }
    (query.from, query.to, query.limit) = (asked.from, asked.to, limit);
    query.kind = asked.kind.map(|kind| match kind {
        HitKind::Line => Kind::Line,
        HitKind::Mark => Kind::Mark,
        HitKind::Summary => Kind::Summary,
    });
    query.sort = match asked.sort {
        HitOrder::Newest => Sort::Newest,
        HitOrder::Best => Sort::Best,
    };
    blocking(move || {
        let config = &app.config;
        let answer = library::search(&config.paths.recordings, config.cache(), &query, &mut |_| {})
            .map_err(Problem::failed)?;
        let hit = |hit: library::Hit| HitEntry {
            page: format!("/#/session/{}/{}", super::percent(&hit.folder), super::percent(&hit.id)),
            folder: hit.folder,
            title: hit.title,
            kind: match hit.kind {
                Kind::Line => HitKind::Line,
                Kind::Mark => HitKind::Mark,
                Kind::Summary => HitKind::Summary,
            },
            id: hit.id,
            speaker: hit.speaker,
            mark: hit.mark.map(|kind| kind.name().to_owned()),
            summary: hit.summary.map(|kind| kind.name().to_owned()),
            start: hit.start,
            end: hit.end,
            at: hit.at,
            text: hit.text,
            marks: hit.marks,
        };
        Ok(Json(Found {
            hits: answer.hits.into_iter().map(hit).collect(),
            more: answer.more,
            sessions: answer.sessions,
            without_text: answer.without_text,
            passed: answer.passed.iter().map(|passed| format!("{}: {}", passed.folder, passed.why)).collect(),
        }))
    })
    .await
}

//! What is changed of a session but for its lines: people, passages, marks, the meeting's head. All of it is
//! a correction as `hansard edit` makes it, appended under the session's lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path as UrlPath, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use super::sessions::MarkEntry;
use super::{App, blocking, follow, revision};
use crate::care::apply;
use crate::care::edit::{self, Change, Edit};
use crate::care::trash::{self, TrashError};
use crate::clock::{Clock, SystemClock};
use crate::engine::correct::{correct, patiently};
use crate::session::details::Detail;
use crate::session::disk::SystemDisk;
use crate::session::journal::Event;
use crate::session::mark::{self, MarkKind};
use crate::session::reading::Session;

/// Corrections of this server come one after the other: those that wait for the session's lock would else
/// come in whichever order.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Waits for its turn among the corrections of this server.
pub(super) fn in_turn() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What people are to be called.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum PeopleEdit {
    /// A speaker gets another name.
    Rename {
        old: String,
        #[schema(max_length = 200)]
        new: String,
    },
    /// A voice gets a name, also that of somebody who is there.
    Name {
        /// What it is called now, or its id.
        voice: String,
        #[schema(max_length = 200)]
        name: String,
    },
    /// Two speakers become one.
    Merge {
        /// The speaker whose name goes.
        from: String,
        /// The speaker whose name stays.
        into: String,
    },
}

/// A passage.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HideEdit {
    /// Session seconds.
    from: f64,
    to: f64,
}

/// Something that is said of the meeting as such.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DetailEdit {
    /// title, place, present, excused, invited, agenda
    detail: String,
    /// As it is to stand; empty takes it away. A list has an entry each.
    lines: Vec<String>,
}

/// Something to be marked.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkEdit {
    /// A kind's name before a colon is its kind.
    #[schema(min_length = 1, max_length = 1000)]
    text: String,
    /// decision, action, question, note
    #[serde(default)]
    kind: Option<String>,
    /// Session second; of a running recording, null means now
    #[serde(default)]
    at: Option<f64>,
}

/// What came of a correction.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Edited {
    revision: String,
    /// What was appended to the journal.
    #[schema(value_type = Vec<Object>)]
    events: Vec<serde_json::Value>,
    /// What could not be brought up to date by it, in a sentence.
    remark: Option<String>,
}

/// What was marked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Marked {
    #[serde(flatten)]
    mark: MarkEntry,
    /// What could not be brought up to date by it, in a sentence.
    remark: Option<String>,
}

/// A number that arithmetic can be done with.
fn second(at: f64) -> Result<f64, Problem> {
    if at.is_finite() && at >= 0.0 {
        Ok(at)
    } else {
        Err(Problem::bad("a time is a number of seconds from 0 on"))
    }
}

pub(super) fn body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Problem> {
    body.map(|Json(body)| body).map_err(|error| Problem::new(error.status(), error.body_text()))
}

/// Say what people are called; also while it is recorded
#[utoipa::path(post, path = "/api/v1/sessions/{id}/people", request_body = PeopleEdit,
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = Edited), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn people(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
    edit: Result<Json<PeopleEdit>, JsonRejection>,
) -> Result<Json<Edited>, Problem> {
    let edit = match body(edit)? {
        PeopleEdit::Rename { old, new } => Edit::Rename { old, new },
        PeopleEdit::Name { voice, name } => Edit::Name { voice, name },
        PeopleEdit::Merge { from, into } => Edit::Merge { from, into },
    };
    one(app, id, edit).await
}

/// Hide a passage: no export shows what was said in it, or marked
#[utoipa::path(post, path = "/api/v1/sessions/{id}/passages", request_body = HideEdit,
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = Edited), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn hide(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
    edit: Result<Json<HideEdit>, JsonRejection>,
) -> Result<Json<Edited>, Problem> {
    let HideEdit { from, to } = body(edit)?;
    one(app, id, Edit::Hide { from: second(from)?, to: second(to)? }).await
}

/// Show a hidden passage again
#[utoipa::path(delete, path = "/api/v1/sessions/{id}/passages/{passage}",
    params(("id" = String, Path, description = "The session's id"), ("passage" = String, Path, description = "The passage's id")),
    responses((status = 200, body = Edited), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show(
    State(app): State<App>,
    UrlPath((id, passage)): UrlPath<(String, String)>,
) -> Result<Json<Edited>, Problem> {
    let known = {
        let (app, id, passage) = (app.clone(), id.clone(), passage.clone());
        blocking(move || {
            let session = Session::open(&app.dir(&id)?)?;
            Ok(session.amendments.passages.iter().any(|one| one.id == passage))
        })
        .await?
    };
    if !known {
        return Err(Problem::not_found(format!("there is no hidden passage {passage:?} in this session")));
    }
    one(app, id, Edit::Restore { id: passage }).await
}

/// Give the meeting another title, place, people or agenda
#[utoipa::path(put, path = "/api/v1/sessions/{id}/details", request_body = DetailEdit,
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = Edited), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn describe(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
    edit: Result<Json<DetailEdit>, JsonRejection>,
) -> Result<Json<Edited>, Problem> {
    let DetailEdit { detail, lines } = body(edit)?;
    let known = Detail::ALL.into_iter().find(|known| known.name() == detail);
    let detail = known.ok_or_else(|| {
        let names = Detail::ALL.map(Detail::name).join(", ");
        Problem::bad(format!("{detail:?} is not said of a meeting; these are: {names}"))
    })?;
    one(app, id, Edit::Describe { detail, written: lines }).await
}

/// Mark a moment: of a running recording now, or at any second
#[utoipa::path(post, path = "/api/v1/sessions/{id}/marks", request_body = MarkEdit,
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = Marked), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn mark(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
    edit: Result<Json<MarkEdit>, JsonRejection>,
) -> Result<Json<Marked>, Problem> {
    let MarkEdit { text, kind, at } = body(edit)?;
    let kind = kind.map(|name| {
        let known = MarkKind::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| {
            Problem::bad(format!("{name:?} is no kind of mark; these are: decision, action, question, note"))
        })
    });
    let (kind, at) = (kind.transpose()?, at.map(second).transpose()?);
    let unprocessable =
        |error: mark::MarkError| Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, error);
    let (parsed, words) = mark::parse(&text, kind).map_err(unprocessable)?;
    blocking(move || {
        let dir = app.dir(&id)?;
        if let Some(mark) = follow::mark(&dir, &text, kind, at)? {
            return Ok(Json(Marked { mark: MarkEntry::from(&mark), remark: None }));
        }
        let at =
            at.ok_or_else(|| Problem::bad("that session is not being recorded: say at which second (`at`)"))?;
        let _turn = in_turn();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mark = patiently(|| Ok(apply::mark(&SystemDisk, &clock, &dir, at, parsed, words.clone())?))?;
        let remark = app.renewals.corrected(&dir, false);
        Ok(Json(Marked { mark: MarkEntry::from(&mark), remark }))
    })
    .await
}

/// Take a mark back
#[utoipa::path(delete, path = "/api/v1/sessions/{id}/marks/{mark}",
    params(("id" = String, Path, description = "The session's id"), ("mark" = String, Path, description = "The mark's id")),
    responses((status = 200, body = Edited), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn unmark(
    State(app): State<App>,
    UrlPath((id, mark)): UrlPath<(String, String)>,
) -> Result<Json<Edited>, Problem> {
    one(app, id, Edit::Unmark { id: mark }).await
}

/// A session in the trash.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Removed {
    /// What it was called.
    name: String,
    /// The command that brings it back.
    back: String,
}

/// Move a session to the trash; `hansard recover --trash` brings it back
#[utoipa::path(delete, path = "/api/v1/sessions/{id}",
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = Removed), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "In use", content_type = "application/problem+json")))]
pub(super) async fn remove(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
) -> Result<Json<Removed>, Problem> {
    blocking(move || {
        let dir = app.dir(&id)?;
        let removed = trash::remove(&dir, SystemClock.utc()).map_err(|error| match error {
            TrashError::Lock(error) => Problem::conflict(error),
            error if error.is_failure() => Problem::failed(error),
            error => Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, error),
        })?;
        let back = format!("hansard recover --trash {}", removed.name);
        Ok(Json(Removed { name: removed.name, back }))
    })
    .await
}

async fn one(app: App, id: String, edit: Edit) -> Result<Json<Edited>, Problem> {
    blocking(move || {
        let dir = app.dir(&id)?;
        let _turn = in_turn();
        let plan = |session: &Session, edited| Ok((edit::plan(session, &edit, edited)?, ()));
        let (changes, ()) = patiently(|| correct(&dir, false, plan))?;
        let is_hiding = |change: &Change| matches!(change, Change::Event(Event::Hidden { .. }));
        let remark = app.renewals.corrected(&dir, changes.iter().any(is_hiding));
        let events = changes.iter().filter_map(|change| match change {
            Change::Event(event) => serde_json::to_value(event).ok(),
            Change::Utterance(_) => None,
        });
        Ok(Json(Edited { revision: revision(&dir), events: events.collect(), remark }))
    })
    .await
}

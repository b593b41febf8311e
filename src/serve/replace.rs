//! Find and replace over a session, as one correction: what it would do is shown first, and is done as a
//! whole or not at all.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path as UrlPath, State};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::edits::{body, in_turn};
use super::lines::{Corrected, is_edit, told};
use super::problem::Problem;
use super::{App, blocking, revision};
use crate::base::text::clean;
use crate::care::edit::{self, Edit, EditError};
use crate::care::replace::{Hit, Place, Replacing};
use crate::care::wishes;
use crate::engine::correct::{correct, patiently};
use crate::session::reading::Session;

/// What is to be replaced by what.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replace {
    /// What stands there.
    #[schema(min_length = 1, max_length = 1000)]
    old: String,
    /// What is to stand there; nothing takes it out.
    #[schema(max_length = 1000)]
    new: String,
    /// Capitals and small letters are told apart.
    #[serde(default)]
    exact: bool,
    /// Also within words.
    #[serde(default)]
    within: bool,
    /// Also in names of people, in marks, in the title and the like; else in lines alone.
    #[serde(default)]
    everywhere: bool,
    /// `seen` of `…/replace/preview`: if it would do something else by now, nothing is changed.
    #[serde(default)]
    seen: Option<String>,
}

/// What would be replaced.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Preview {
    /// Lines first, by time.
    hits: Vec<Replaced>,
    /// Stands for exactly these changes.
    seen: String,
}

/// A place in which it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replaced {
    /// line, speaker, mark or detail
    kind: String,
    /// Id of the line or the mark, the name of the speaker, what it says of the meeting.
    id: String,
    /// Session second.
    at: Option<f64>,
    /// How often it stands there.
    times: usize,
    before: String,
    after: String,
    /// A line without words: it is kept out of the minutes as it is. Anything else can't be without.
    empty: bool,
}

impl Replace {
    fn find(&self, session: &Session) -> Vec<Hit> {
        let replacing = Replacing {
            old: self.old.clone(),
            new: self.new.clone(),
            exact: self.exact,
            within: self.within,
        };
        let mut hits = replacing.find(session);
        for hit in &mut hits {
            // What was taken out leaves two spaces.
            hit.after = clean(&hit.after);
        }
        hits.retain(|hit| self.everywhere || matches!(hit.place, Place::Line(_)));
        hits
    }

    fn checked(self) -> Result<Self, Problem> {
        let long = |text: &str| text.chars().count() > 1_000;
        match clean(&self.old).is_empty() {
            true => Err(Problem::bad("what is to be replaced? `old` has no letters")),
            false if long(&self.old) || long(&self.new) => {
                Err(Problem::bad("`old` and `new` have at most 1000 characters"))
            }
            false => Ok(self),
        }
    }
}

fn seen(hits: &[Hit]) -> String {
    let text = serde_json::to_vec(hits).unwrap_or_default();
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn is_empty(hit: &Hit) -> bool {
    !hit.after.chars().any(char::is_alphanumeric)
}

fn row(hit: &Hit) -> Replaced {
    let (kind, id) = match &hit.place {
        Place::Line(id) => ("line", id.clone()),
        Place::Speaker(name) => ("speaker", clean(name)),
        Place::Mark(id) => ("mark", id.clone()),
        Place::Detail(detail) => ("detail", detail.name().to_owned()),
    };
    let (before, after) = (hit.before.clone(), hit.after.clone());
    Replaced { kind: kind.into(), id, at: hit.at, times: hit.times, before, after, empty: is_empty(hit) }
}

/// What find and replace would do
#[utoipa::path(post, path = "/api/v1/sessions/{id}/replace/preview", request_body = Replace,
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = Preview), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn preview(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
    wanted: Result<Json<Replace>, JsonRejection>,
) -> Result<Json<Preview>, Problem> {
    let wanted = body(wanted)?.checked()?;
    blocking(move || {
        let session = Session::open(&app.dir(&id)?)?;
        let hits = wanted.find(&session);
        Ok(Json(Preview { seen: seen(&hits), hits: hits.iter().map(row).collect() }))
    })
    .await
}

/// Find and replace in the whole session: all of it, or nothing
///
/// A line that would have no words is kept out of the minutes instead. `undo` is of lines alone.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/replace", request_body = Replace,
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = Corrected), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "In use, or it would do something else than was seen", content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn replace(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
    wanted: Result<Json<Replace>, JsonRejection>,
) -> Result<Json<Corrected>, Problem> {
    let wanted = body(wanted)?.checked()?;
    blocking(move || {
        let dir = app.dir(&id)?;
        let _turn = in_turn();
        let plan = |session: &Session, edited| {
            let hits = wanted.find(session);
            if wanted.seen.as_ref().is_some_and(|then| *then != seen(&hits)) {
                return Err(EditError::Changed);
            }
            let of_line = |hit: &Hit| match &hit.place {
                Place::Line(id) if is_empty(hit) => Some(id.clone()),
                _ => None,
            };
            let (gone, stay): (Vec<Hit>, Vec<Hit>) = hits.into_iter().partition(|hit| of_line(hit).is_some());
            let mut changes = wishes::replace(session, &stay, edited)?.changes;
            for id in gone.iter().filter_map(of_line) {
                changes.extend(edit::plan(session, &Edit::Withhold { id }, edited)?);
            }
            Ok((changes, revision(&dir)))
        };
        let (changes, before) = match patiently(|| correct(&dir, false, plan)) {
            Err(error) if is_edit(&error, |edit| *edit == EditError::Changed) => {
                return Err(Problem::conflict(error));
            }
            done => done?,
        };
        told(&app, &dir, before, &changes)
    })
    .await
}

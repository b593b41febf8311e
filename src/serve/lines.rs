//! Lines that are corrected: one, or many at once, each with the revision that was seen. Who would write over
//! what somebody else wrote meanwhile is told what stands there now, and nothing is changed.

use std::path::Path;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path as UrlPath, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::edits::{body, in_turn};
use super::line::{Line, Shown};
use super::problem::Problem;
use super::{App, blocking, revision};
use crate::care::edit::{Change, EditError};
use crate::care::lines::{self, LineEdit, LineKind};
use crate::care::sheet;
use crate::engine::correct::{CorrectError, correct, patiently};
use crate::session::reading::Session;

/// Lines that are corrected in one request: more than six hours have.
const AT_ONCE_MAX: usize = 20_000;

/// What a line is to become. `rev` is the revision that was seen: if it is another now, nothing is changed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum LineChange {
    /// Other words were said.
    Text {
        #[schema(max_length = 10000)]
        text: String,
        #[serde(default)]
        rev: Option<u32>,
    },
    /// Somebody else said it.
    Speaker {
        #[schema(max_length = 200)]
        name: String,
        #[serde(default)]
        rev: Option<u32>,
    },
    /// It stays out of the minutes.
    Withhold {
        #[serde(default)]
        rev: Option<u32>,
    },
    /// It is shown again.
    Restore {
        #[serde(default)]
        rev: Option<u32>,
    },
    /// It is several lines.
    Split {
        #[schema(min_items = 2, max_items = 100)]
        parts: Vec<Part>,
        #[serde(default)]
        rev: Option<u32>,
    },
    /// It and one behind it on the same track are one: the words of both, each with its time. The other one
    /// goes out of the minutes.
    Join {
        /// Id of the other one.
        with: String,
        /// The revision of the other one that was seen.
        #[serde(default)]
        with_rev: Option<u32>,
        #[serde(default)]
        rev: Option<u32>,
    },
    /// It is again as that revision of it was.
    Back {
        to: u32,
        #[serde(default)]
        rev: Option<u32>,
    },
}

/// A part of a line.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    #[schema(max_length = 10000)]
    text: String,
    /// Who said it; null means whoever said the line.
    #[serde(default)]
    #[schema(max_length = 200)]
    speaker: Option<String>,
}

/// What one of several lines is to become.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneChange {
    /// Id of the line.
    line: String,
    change: LineChange,
}

/// What several lines are to become: all of it, or nothing if one can't.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    /// At most 20,000, and 2 MiB in all.
    #[schema(min_items = 1)]
    edits: Vec<OneChange>,
}

/// What came of corrections of lines.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Corrected {
    /// What the session had when this was planned: another one than the page knows means that somebody else
    /// came before.
    before: String,
    revision: String,
    /// The lines that were corrected or that came to be, as they stand now.
    lines: Vec<Line>,
    /// What takes it back, as `edits` of `POST …/lines`.
    undo: Vec<OneChange>,
    /// What could not be brought up to date by it, in a sentence.
    remark: Option<String>,
}

impl From<OneChange> for LineEdit {
    fn from(OneChange { line: id, change }: OneChange) -> Self {
        let (kind, seen) = match change {
            LineChange::Text { text, rev } => (LineKind::Text(text), rev),
            LineChange::Speaker { name, rev } => (LineKind::Speaker(name), rev),
            LineChange::Withhold { rev } => (LineKind::Withhold, rev),
            LineChange::Restore { rev } => (LineKind::Restore, rev),
            LineChange::Split { parts, rev } => {
                let part = |Part { text, speaker }| sheet::Part { text, speaker };
                (LineKind::Split(parts.into_iter().map(part).collect()), rev)
            }
            LineChange::Join { with, with_rev, rev } => (LineKind::Join { with, seen: with_rev }, rev),
            LineChange::Back { to, rev } => (LineKind::Back(to), rev),
        };
        Self { id, seen, kind }
    }
}

/// What takes changes back. Only what [`lines::undo`] gives comes here.
fn undo_of(changes: &[Change]) -> Vec<OneChange> {
    let undone = lines::undo(changes).into_iter().map(|LineEdit { id, seen: rev, kind }| OneChange {
        line: id,
        change: match kind {
            LineKind::Back(to) => LineChange::Back { to, rev },
            _ => LineChange::Withhold { rev },
        },
    });
    undone.collect()
}

/// Correct a line
#[utoipa::path(post, path = "/api/v1/sessions/{id}/lines/{line}", request_body = LineChange,
    params(("id" = String, Path, description = "The session's id"), ("line" = String, Path, description = "The line's id")),
    responses((status = 200, body = Corrected), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "In use, or changed since: `lines` has what stands there now", content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn line(
    State(app): State<App>,
    UrlPath((id, line)): UrlPath<(String, String)>,
    change: Result<Json<LineChange>, JsonRejection>,
) -> Result<Json<Corrected>, Problem> {
    let change = body(change)?;
    blocking(move || corrected(&app, &id, vec![OneChange { line, change }.into()])).await
}

/// Correct several lines at once: all of them, or none
#[utoipa::path(post, path = "/api/v1/sessions/{id}/lines", request_body = Changes,
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = Corrected), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "In use, or changed since: `lines` has what stands there now", content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn lines(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
    changes: Result<Json<Changes>, JsonRejection>,
) -> Result<Json<Corrected>, Problem> {
    let Changes { edits } = body(changes)?;
    if !(1..=AT_ONCE_MAX).contains(&edits.len()) {
        return Err(Problem::bad(format!("edits are 1 to {AT_ONCE_MAX}")));
    }
    blocking(move || corrected(&app, &id, edits.into_iter().map(LineEdit::from).collect())).await
}

fn corrected(app: &App, id: &str, edits: Vec<LineEdit>) -> Result<Json<Corrected>, Problem> {
    let dir = app.dir(id)?;
    let _turn = in_turn();
    let plan = |session: &Session, edited| Ok((lines::plan(session, &edits, edited)?, revision(&dir)));
    let (changes, before) = match patiently(|| correct(&dir, false, plan)) {
        Err(error) if is_edit(&error, |edit| *edit == EditError::Changed) => {
            let session = Session::open(&dir)?;
            let stale = lines::stale(&session, &edits);
            return Err(meanwhile(&session, &stale));
        }
        Err(error) if is_edit(&error, |edit| matches!(edit, EditError::NoLine(_))) => {
            return Err(Problem::not_found(error));
        }
        done => done?,
    };
    told(app, &dir, before, &changes)
}

/// Whether it was refused for that reason.
pub(super) fn is_edit(error: &CorrectError, is: impl Fn(&EditError) -> bool) -> bool {
    use crate::care::apply::ApplyError;
    match error {
        CorrectError::Edit(edit) | CorrectError::Apply(ApplyError::Edit(edit)) => is(edit),
        _ => false,
    }
}

/// What stands there now that somebody else was quicker. Hidden words are not among it.
fn meanwhile(session: &Session, stale: &[String]) -> Problem {
    let shown = Shown::new(session);
    let stale = session.utterances.iter().filter(|line| stale.contains(&line.id));
    let lines: Vec<Line> = stale.filter_map(|line| shown.line(line, true)).collect();
    let stands = match &lines[..] {
        [line] => format!("it has revision {} now; nothing was changed", line.rev),
        _ => "nothing was changed".to_owned(),
    };
    let told =
        format!("somebody has changed that line meanwhile: {stands}. `lines` has what stands there now");
    Problem { lines, ..Problem::conflict(told) }
}

/// What was written, as it stands now.
pub(super) fn told(
    app: &App,
    dir: &Path,
    before: String,
    changes: &[Change],
) -> Result<Json<Corrected>, Problem> {
    let remark = app.renewals.corrected(dir, false);
    let session = Session::open(dir)?;
    let undo = undo_of(changes);
    let ids: std::collections::HashSet<&str> = undo.iter().map(|one| one.line.as_str()).collect();
    let written = session.utterances.iter().filter(|line| ids.contains(line.id.as_str()));
    let shown = Shown::new(&session);
    let lines = written.filter_map(|line| shown.line(line, true)).collect();
    Ok(Json(Corrected { before, revision: revision(dir), lines, undo, remark }))
}

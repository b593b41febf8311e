//! Summaries that are made because somebody asks for one here, as `hansard summarize` makes them.
//!
//! Promises: without a server in the settings there are none; another computer gets nothing unless who asks
//! has named it; a template is one of those that come with the program or that of the settings, never a path
//! of the request's. One at a time is made of a session; all end with this server, and none is half written.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::edits::body;
use super::problem::Problem;
use super::{App, blocking};
use crate::engine::summary::{Plan, SummarizeError};
use crate::library;
use crate::summaries::{Progress, templates};

/// Summaries that are made at once, of different sessions: a chat server answers few at a time.
const AT_ONCE_MAX: usize = 4;
/// Sessions of which it is remembered how the last summary ended.
const REMEMBERED_MAX: usize = 200;
/// So long the end of one that was given up is waited for.
const END_PATIENCE: Duration = Duration::from_secs(2);

/// How summaries are made here.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SummaryWay {
    /// The computer that gets all that stands in the minutes; null: no summary can be made.
    host: Option<String>,
    /// That is this very computer.
    here: bool,
    /// Why none can be made.
    problem: Option<String>,
    /// Those that a request may name.
    templates: Vec<TemplateEntry>,
    /// Name of the one that is taken where a request names none.
    template: String,
}

/// What a summary looks for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TemplateEntry {
    name: String,
    /// In a line.
    about: String,
}

/// What summary is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SummaryWish {
    /// Name of a template; that of the settings without it.
    #[serde(default)]
    #[schema(max_length = 100)]
    template: Option<String>,
    /// The computer that all that was said may be sent to. To be named where it is another one than this.
    #[serde(default)]
    #[schema(max_length = 300)]
    host: Option<String>,
}

/// Where the making of a summary stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum JobState {
    Running,
    /// It is there: `…/summary`.
    Done,
    /// There is none, or still the old one.
    Failed,
    /// Somebody gave it up; the old one, if there was one, is still there.
    Cancelled,
}

/// A summary that is made, or how it ended.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct JobEntry {
    state: JobState,
    /// Name of the template.
    template: String,
    /// The computer that gets what was said.
    host: String,
    /// That is this very computer.
    here: bool,
    /// The part that is asked for now, from 1; 0: none yet.
    part: usize,
    /// Parts, as far as is known; 0: not yet.
    parts: usize,
    /// Why it failed.
    reason: Option<String>,
}

/// One of them.
struct Job {
    entry: JobEntry,
    /// The higher, the later.
    number: u64,
    stop: Arc<AtomicBool>,
}

/// All of them, the last one of each session.
#[derive(Clone, Default)]
pub(super) struct Jobs(Arc<(Mutex<HashMap<PathBuf, Job>>, Condvar)>);

impl Jobs {
    fn all(&self) -> MutexGuard<'_, HashMap<PathBuf, Job>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, dir: &Path) -> Option<JobEntry> {
        self.all().get(dir).map(|job| job.entry.clone())
    }

    /// Whether one is being made of that session.
    pub fn is_running(&self, dir: &Path) -> bool {
        self.of(dir).is_some_and(|entry| entry.state == JobState::Running)
    }

    /// Begins one, unless the session has one or there are too many.
    fn begin(&self, dir: &Path, entry: JobEntry) -> Result<Work, Problem> {
        let mut all = self.all();
        let is_running = |job: &Job| job.entry.state == JobState::Running;
        if all.get(dir).is_some_and(is_running) {
            return Err(Problem::conflict("a summary of this session is being made already"));
        }
        if all.values().filter(|job| is_running(job)).count() >= AT_ONCE_MAX {
            return Err(Problem::conflict(format!(
                "{AT_ONCE_MAX} summaries are being made already: wait for one of them"
            )));
        }
        if all.len() >= REMEMBERED_MAX {
            let ended = all.iter().filter(|(_, job)| !is_running(job));
            if let Some(oldest) = ended.min_by_key(|(_, job)| job.number).map(|(dir, _)| dir.clone()) {
                all.remove(&oldest);
            }
        }
        let number = all.values().map(|job| job.number).max().unwrap_or(0) + 1;
        let stop = Arc::new(AtomicBool::new(false));
        all.insert(dir.to_owned(), Job { entry, number, stop: Arc::clone(&stop) });
        Ok(Work { jobs: self.clone(), dir: dir.to_owned(), stop })
    }

    /// Gives up that of a session, and waits for its end; how it stands then. `None` means that there is
    /// none.
    fn cancel(&self, dir: &Path) -> Option<JobEntry> {
        self.all().get(dir)?.stop.store(true, Ordering::SeqCst);
        self.wait(|all| all.get(dir).is_none_or(|job| job.entry.state != JobState::Running));
        self.of(dir)
    }

    /// Gives up all, and waits for their end.
    pub fn end(&self) {
        self.all().values().for_each(|job| job.stop.store(true, Ordering::SeqCst));
        self.wait(|all| all.values().all(|job| job.entry.state != JobState::Running));
    }

    fn wait(&self, is_over: impl Fn(&HashMap<PathBuf, Job>) -> bool) {
        let limit = Instant::now() + END_PATIENCE;
        let mut all = self.all();
        while !is_over(&all) {
            let left = limit.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            all = self.0.1.wait_timeout(all, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The making of one. Whatever becomes of its thread, it is not left as running.
struct Work {
    jobs: Jobs,
    dir: PathBuf,
    stop: Arc<AtomicBool>,
}

impl Work {
    fn set(&self, set: impl FnOnce(&mut JobEntry)) {
        if let Some(job) = self.jobs.all().get_mut(&self.dir) {
            set(&mut job.entry);
        }
    }

    fn make(self, app: &App, plan: &Plan) {
        let mut told = |Progress { part, parts, .. }: Progress| {
            self.set(|entry| (entry.part, entry.parts) = (part, parts));
        };
        let made = plan.make(&self.dir, &mut told, &|| self.stop.load(Ordering::SeqCst));
        if made.is_ok() {
            renewed(app, &self.dir);
        }
        self.set(|entry| match made {
            Ok(_) => entry.state = JobState::Done,
            Err(error) if error.is_cancelled() => entry.state = JobState::Cancelled,
            Err(error) => (entry.state, entry.reason) = (JobState::Failed, Some(error.to_string())),
        });
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.set(|entry| {
            if entry.state == JobState::Running {
                (entry.state, entry.reason) = (JobState::Failed, Some("it could not be made".to_owned()));
            }
        });
        self.jobs.0.1.notify_all();
    }
}

/// What rests on a summary: the minutes, and what the search knows of the old one.
fn renewed(app: &App, dir: &Path) {
    if let Some(remark) = app.renewals.corrected(dir, false) {
        tracing::warn!(remark);
    }
    let config = &app.config;
    if let Err(error) = library::forget(&config.paths.recordings, config.cache(), &[dir.to_owned()]) {
        tracing::warn!(%error);
    }
}

/// How summaries are made here: by which server, and with which templates
#[utoipa::path(get, path = "/api/v1/summaries", responses((status = 200, body = SummaryWay)))]
pub(super) async fn way(State(app): State<App>) -> Result<Json<SummaryWay>, Problem> {
    blocking(move || {
        let templates = templates::own()
            .into_iter()
            .map(|template| TemplateEntry { name: template.name, about: template.about });
        let plan = Plan::new(&app.config);
        let (host, problem) = match &plan {
            Ok(plan) => (Some(plan.address().host().to_owned()), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Ok(Json(SummaryWay {
            here: plan.as_ref().is_ok_and(|plan| plan.sends_to().is_none()),
            host,
            problem,
            templates: templates.collect(),
            template: plan.as_ref().map(|plan| plan.template().to_owned()).unwrap_or_default(),
        }))
    })
    .await
}

/// Have a summary made of a session's text
///
/// Answers at once; `GET …/summary/job` tells how far it is. Everything that stands in the minutes goes to
/// the chat server of the settings; another computer (`GET /api/v1/summaries` tells) must be named by `host`.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/summary", request_body = SummaryWish,
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 202, body = JobEntry), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "In use, or one is being made", content_type = "application/problem+json"),
        (status = 422, body = Problem, description = "No server, no such template, no text, or another computer is not named",
            content_type = "application/problem+json")))]
pub(super) async fn start(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
    wish: Result<Json<SummaryWish>, JsonRejection>,
) -> Result<(StatusCode, Json<JobEntry>), Problem> {
    let wish = body(wish)?;
    blocking(move || {
        let dir = app.dir(&id)?;
        let plan = plan(&app, &wish)?;
        plan.check(&dir)?;
        let entry = JobEntry {
            state: JobState::Running,
            template: plan.template().to_owned(),
            host: plan.address().host().to_owned(),
            here: plan.sends_to().is_none(),
            part: 0,
            parts: 0,
            reason: None,
        };
        let work = app.jobs.begin(&dir, entry.clone())?;
        // Not one of the runtime's: those are waited for when it ends.
        let thread = std::thread::Builder::new().name("summary".into());
        thread.spawn(move || work.make(&app, &plan)).map_err(Problem::failed)?;
        Ok((StatusCode::ACCEPTED, Json(entry)))
    })
    .await
}

fn plan(app: &App, wish: &SummaryWish) -> Result<Plan, Problem> {
    let unprocessable = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    let mut config = app.config.clone();
    if let Some(name) = &wish.template {
        let names = templates::names();
        if !names.contains(name) && *name != config.summary.template {
            return Err(unprocessable(format!("there is no template {name:?}: take {}", names.join(", "))));
        }
        config.summary.template.clone_from(name);
    }
    let plan = Plan::new(&config)?;
    let host = plan.address().host();
    match &wish.host {
        None if plan.sends_to().is_some() => Err(unprocessable(format!(
            "everything that stands in the minutes would be sent to {host}, another computer: name it (`host`) if that \
             is wanted"
        ))),
        Some(named) if named != host => {
            Err(unprocessable(format!("the chat server is at {host} and not at {named}; nothing was sent")))
        }
        _ => Ok(plan),
    }
}

fn none() -> Problem {
    Problem::not_found("no summary of this session was asked for here since this server was started")
}

/// How far the summary is that was asked for, or how it ended
#[utoipa::path(get, path = "/api/v1/sessions/{id}/summary/job",
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = JobEntry), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn job(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
) -> Result<Json<JobEntry>, Problem> {
    blocking(move || app.jobs.of(&app.dir(&id)?).map(Json).ok_or_else(none)).await
}

/// Give up the summary that is being made; the old one stays
#[utoipa::path(delete, path = "/api/v1/sessions/{id}/summary/job",
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = JobEntry), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn cancel(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
) -> Result<Json<JobEntry>, Problem> {
    blocking(move || app.jobs.cancel(&app.dir(&id)?).map(Json).ok_or_else(none)).await
}

impl From<SummarizeError> for Problem {
    fn from(error: SummarizeError) -> Self {
        match error {
            SummarizeError::Read(error) => error.into(),
            SummarizeError::Recorded | SummarizeError::Lock(_) => Self::conflict(error),
            error if error.is_failure() => Self::failed(error),
            error => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error),
        }
    }
}

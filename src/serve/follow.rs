//! What happens at this moment: the news of a running recording, and that a session or the list has changed.
//!
//! A recorder serves few followers. So all pages that look at one recording share one; each page has one
//! websocket, since a browser opens only six connections to a server.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path as UrlPath, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::renewal::{StaleEntry, Stamp};
use super::sound::Items;
use super::{App, blocking, revision};
use crate::session::mark::{Mark, MarkKind};
use crate::session::read::read_manifest;

/// News that wait for a page: a minute of everything. Whoever is slower is told so and reads anew.
const WAITING: usize = 1_024;
/// Changes of files are looked for this often: another editor's are seen within a second.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// A page that takes nothing for so long is gone.
const PAGE_LIMIT: Duration = Duration::from_secs(20);

/// The recordings that are followed, by their folder: what they tell goes to all who look.
#[derive(Default)]
pub(super) struct Hub {
    followed: Arc<Mutex<HashMap<PathBuf, broadcast::Sender<Utf8Bytes>>>>,
}

impl Hub {
    /// What a recording tells from now on; `None` means that it is not being recorded.
    fn subscribe(&self, dir: &Path) -> Option<broadcast::Receiver<Utf8Bytes>> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = followed.get(dir) {
            return Some(sender.subscribe());
        }
        let (sender, receiver) = broadcast::channel(WAITING);
        let (all, of, to) = (Arc::clone(&self.followed), dir.to_owned(), sender.clone());
        let told = recorder::follow(dir, None)?;
        followed.insert(dir.to_owned(), sender);
        // It ends with the recording, or when the last page has gone.
        let thread = std::thread::Builder::new().name("follow".into()).spawn(move || {
            for line in told {
                if to.send(line.into()).is_err() {
                    break;
                }
            }
            all.lock().unwrap_or_else(PoisonError::into_inner).remove(&of);
        });
        match thread {
            Ok(_) => Some(receiver),
            Err(error) => {
                tracing::error!(%error, "no thread to follow a recording");
                followed.remove(dir);
                None
            }
        }
    }
}

/// Which news are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct NewsQuery {
    /// The session's id
    #[serde(default)]
    session: Option<String>,
}

/// For a page: one websocket, with JSON in each message. Of a session that is being recorded it has the lines
/// of `record --json`, with events, status and levels; else, and of the list without a session,
/// `{"kind":"changed","revision":…}` whenever something was written; and of any session
/// `{"kind":"stale","stale":[…]}`, with what `GET …/sessions/{id}` has there, whenever that is another.
pub(super) async fn socket(
    State(app): State<App>,
    query: Result<Query<NewsQuery>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(Problem::bad)?;
    let upgrade = upgrade.map_err(Problem::bad)?;
    let dir = match query.session {
        Some(id) => {
            let app = app.clone();
            Some(blocking(move || app.dir(&id)).await?)
        }
        None => None,
    };
    // Pages have nothing to say here.
    Ok(upgrade.max_message_size(4_096).on_upgrade(move |socket| tell(app, dir, socket)))
}

async fn tell(app: App, dir: Option<PathBuf>, mut socket: WebSocket) {
    let (mut live, mut known) = (None::<broadcast::Receiver<Utf8Bytes>>, String::new());
    let mut stale = Stale::default();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let messages = tokio::select! {
            told = next(&mut live) => match told {
                Ok(line) => vec![line],
                Err(broadcast::error::RecvError::Lagged(missed)) => vec![format!("{{\"kind\":\"lagged\",\"missed\":{missed}}}").into()],
                Err(broadcast::error::RecvError::Closed) => {
                    live = None;
                    vec!["{\"kind\":\"over\"}".into()]
                }
            },
            _ = look.tick() => {
                if let (None, Some(dir)) = (&live, &dir) {
                    let (app, dir) = (app.clone(), dir.clone());
                    live = tokio::task::spawn_blocking(move || app.follow.subscribe(&dir)).await.ok().flatten();
                }
                let (app, dir, before) = (app.clone(), dir.clone(), std::mem::take(&mut stale));
                let looked = tokio::task::spawn_blocking(move || match dir {
                    Some(dir) => (revision(&dir), before.look(&app, &dir)),
                    None => (state_of_all(&app.config.paths.recordings), (before, None)),
                });
                let (now, told) = looked.await.unwrap_or_default();
                stale = told.0;
                // A recording that is told of line by line changes all the time.
                let is_told = live.is_some() || now == known;
                known.clone_from(&now);
                let changed = (!is_told).then(|| serde_json::json!({ "kind": "changed", "revision": now }).to_string().into());
                changed.into_iter().chain(told.1).collect()
            }
            said = socket.recv() => match said {
                None | Some(Err(_) | Ok(Message::Close(_))) => return,
                Some(Ok(_)) => Vec::new(),
            },
        };
        for message in messages {
            let sent = tokio::time::timeout(PAGE_LIMIT, socket.send(Message::Text(message))).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    }
}

/// What a page knows of exports that are behind.
#[derive(Default)]
struct Stale {
    stamp: Stamp,
    told: Vec<StaleEntry>,
}

impl Stale {
    /// Looks again; what a page is to be told, if anything has changed.
    fn look(mut self, app: &App, dir: &Path) -> (Self, Option<Utf8Bytes>) {
        let stamp = app.renewals.stamp(dir);
        if self.stamp == stamp {
            return (self, None);
        }
        self.stamp = stamp;
        let Ok(manifest) = read_manifest(dir) else { return (self, None) };
        let now = app.renewals.stale(dir, &manifest);
        if now == self.told {
            return (self, None);
        }
        let message = serde_json::json!({ "kind": "stale", "stale": now }).to_string().into();
        self.told = now;
        (self, Some(message))
    }
}

/// The next news; none ever comes of what is not followed.
async fn next(
    live: &mut Option<broadcast::Receiver<Utf8Bytes>>,
) -> Result<Utf8Bytes, broadcast::error::RecvError> {
    match live {
        Some(live) => live.recv().await,
        None => std::future::pending().await,
    }
}

/// How the folder of the recordings stands: its entries and what their manifests were written at.
fn state_of_all(recordings: &Path) -> String {
    use std::hash::{Hash as _, Hasher as _};
    let mut hasher = std::hash::DefaultHasher::new();
    let entries = std::fs::read_dir(recordings).into_iter().flatten().flatten();
    let mut all: Vec<_> = entries
        .filter_map(|entry| {
            let manifest = entry.path().join(crate::session::read::MANIFEST).metadata().ok()?;
            Some((entry.file_name(), manifest.modified().ok()))
        })
        .collect();
    all.sort();
    all.hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

/// A recording that is running.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Live {
    /// Its status, as `hansard status --json` has it.
    #[schema(value_type = Object)]
    status: serde_json::Value,
    /// The session's id here; null if it lies in another folder.
    session: Option<String>,
}

/// The recordings that are running
#[utoipa::path(get, path = "/api/v1/live", responses((status = 200, body = Vec<Live>)))]
pub(super) async fn live(State(app): State<App>) -> Result<Json<Vec<Live>>, Problem> {
    blocking(move || {
        let of = |status: crate::live::Status| {
            let path = PathBuf::from(&status.path);
            let here = path.parent().and_then(|parent| parent.canonicalize().ok())
                == app.config.paths.recordings.canonicalize().ok();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            Live { status: serde_json::to_value(&status).unwrap_or_default(), session: name.filter(|_| here) }
        };
        Ok(Json(recorder::all().into_iter().map(of).collect()))
    })
    .await
}

/// What a recorder is to do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Steer {
    /// The session's id; may be left out while only one is recording.
    #[serde(default)]
    session: Option<String>,
    /// The source to be muted or heard again, by its name or its track's.
    #[serde(default)]
    source: Option<String>,
}

/// Pause, resume or stop a recording, mute or unmute a source of it
#[utoipa::path(post, path = "/api/v1/live/{action}", request_body = Steer,
    params(("action" = String, Path, description = "pause, resume, stop, mute or unmute")),
    responses((status = 200, body = Object, description = "What the recorder answers"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn steer(
    State(app): State<App>,
    UrlPath(action): UrlPath<String>,
    steer: Result<Json<Steer>, JsonRejection>,
) -> Result<Json<serde_json::Value>, Problem> {
    let Json(steer) = steer.map_err(|error| Problem::new(error.status(), error.body_text()))?;
    blocking(move || {
        let dir = steer.session.map(|id| app.dir(&id)).transpose()?;
        recorder::steer(&action, dir.as_deref(), steer.source).map(Json)
    })
    .await
}

/// For scripts: news of a recording as server-sent events, from the beginning or after `Last-Event-ID`
///
/// Each event's data is a line of `record --json`; lines of the journal carry their number as `id`. It ends
/// with the recording.
#[utoipa::path(get, path = "/api/v1/events", params(NewsQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The last line of the journal that was seen")),
    responses((status = 200, content_type = "text/event-stream", description = "The news"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, description = "It is not being recorded", content_type = "application/problem+json")))]
pub(super) async fn events(
    State(app): State<App>,
    query: Result<Query<NewsQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(Problem::bad)?;
    let last = headers
        .get("last-event-id")
        .map(|value| value.to_str().ok().and_then(|value| value.parse::<u64>().ok()));
    let since = match last {
        None => 0,
        Some(last) => {
            last.ok_or_else(|| Problem::bad("Last-Event-ID is the number of a line"))?.saturating_add(1)
        }
    };
    let told = blocking(move || {
        let dir = match query.session {
            Some(id) => app.dir(&id)?,
            None => recorder::only()?,
        };
        let told = recorder::follow(&dir, Some(since));
        told.ok_or_else(|| Problem::conflict("that session is not being recorded at this moment"))
    })
    .await?;
    let (send, receive) = mpsc::channel::<Result<SseEvent, Infallible>>(WAITING);
    let thread = std::thread::Builder::new().name("events".into()).spawn(move || {
        for line in told {
            let number = serde_json::from_str::<Numbered>(&line).ok().and_then(|line| line.seq);
            let event = SseEvent::default().data(line);
            let event = number.into_iter().fold(event, |event, number| event.id(number.to_string()));
            if send.blocking_send(Ok(event)).is_err() {
                break;
            }
        }
    });
    thread.map_err(|error| Problem::new(StatusCode::SERVICE_UNAVAILABLE, error))?;
    Ok(Sse::new(Items(receive)).keep_alive(KeepAlive::default()).into_response())
}

#[derive(Deserialize)]
struct Numbered {
    seq: Option<u64>,
}

/// Marks a moment of a session that is being recorded; `None` means that it is not.
pub(super) fn mark(
    dir: &Path,
    text: &str,
    kind: Option<MarkKind>,
    at: Option<f64>,
) -> Result<Option<Mark>, Problem> {
    recorder::mark(dir, text, kind, at)
}

/// A running recorder, through its socket.
#[cfg(unix)]
mod recorder {
    use super::*;
    use crate::control::client::{AskError, ask, ask_patiently, follow as follow_socket};
    use crate::control::folder::{self, Running};
    use crate::control::{Follow, Request, Response, Since};
    use crate::live::{Status, Wanted};

    /// The lines that it tells, from now on or from a line of the journal on.
    pub(super) fn follow(
        dir: &Path,
        since: Option<u64>,
    ) -> Option<impl Iterator<Item = String> + Send + use<>> {
        let wanted = Wanted { events: true, status: true, levels: since.is_none() };
        let running = folder::find(dir)?;
        let told = follow_socket(running, Follow { since: since.map(Since::Seq), wanted }).ok()?;
        Some(told.map_while(|line| {
            line.inspect_err(|error| tracing::warn!(%error, "a recording is not followed any more")).ok()
        }))
    }

    pub(super) fn all() -> Vec<Status> {
        let status = |running| match ask(running, &Request::Status) {
            Ok(Response::Status(status)) => Some(*status),
            _ => None,
        };
        folder::find_all().into_iter().filter_map(status).collect()
    }

    pub(super) fn only() -> Result<PathBuf, Problem> {
        let mut all = all();
        match (all.pop(), all.is_empty()) {
            (Some(one), true) => Ok(one.path.into()),
            (None, _) => Err(Problem::conflict("no recording is running")),
            _ => Err(Problem::bad("several recordings are running: say which one (`session`)")),
        }
    }

    fn asked(running: Running, request: &Request) -> Result<Response, Problem> {
        match ask_patiently(running, request) {
            Ok(Response::Refused { error }) => Err(Problem::conflict(error)),
            Ok(response) => Ok(response),
            Err(error @ AskError::HungUp) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, error)),
            Err(error) => Err(Problem::failed(error)),
        }
    }

    pub(super) fn steer(
        action: &str,
        dir: Option<&Path>,
        source: Option<String>,
    ) -> Result<serde_json::Value, Problem> {
        let source = || source.ok_or_else(|| Problem::bad("which source? (`source`)"));
        let request = match action {
            "pause" => Request::Pause,
            "resume" => Request::Resume,
            "stop" => Request::Stop,
            "mute" => Request::Mute { name: source()? },
            "unmute" => Request::Unmute { name: source()? },
            other => {
                return Err(Problem::not_found(format!(
                    "{other:?} can't be asked of a recording; these can: pause, resume, stop, mute, unmute"
                )));
            }
        };
        let dir = match dir {
            Some(dir) => dir.to_owned(),
            None => only()?,
        };
        let running = folder::find(&dir);
        let running =
            running.ok_or_else(|| Problem::conflict("that session is not being recorded at this moment"))?;
        serde_json::to_value(asked(running, &request)?).map_err(Problem::failed)
    }

    pub(super) fn mark(
        dir: &Path,
        text: &str,
        kind: Option<MarkKind>,
        at: Option<f64>,
    ) -> Result<Option<Mark>, Problem> {
        let Some(running) = folder::find(dir) else { return Ok(None) };
        match asked(running, &Request::Mark { text: text.to_owned(), kind, at })? {
            Response::Marked(mark) => Ok(Some(mark)),
            other => Err(Problem::failed(format!("the recorder answers something else: {other:?}"))),
        }
    }
}

/// A running recorder has no socket on this system yet: there is nothing to follow or to ask.
#[cfg(not(unix))]
mod recorder {
    use super::*;
    use crate::live::Status;

    const NOT_HERE: &str = "a running recorder can't be reached on this system yet";

    pub(super) fn follow(_: &Path, _: Option<u64>) -> Option<std::vec::IntoIter<String>> {
        None
    }

    pub(super) fn all() -> Vec<Status> {
        Vec::new()
    }

    pub(super) fn only() -> Result<PathBuf, Problem> {
        Err(Problem::conflict(NOT_HERE))
    }

    pub(super) fn steer(_: &str, _: Option<&Path>, _: Option<String>) -> Result<serde_json::Value, Problem> {
        Err(Problem::conflict(NOT_HERE))
    }

    pub(super) fn mark(
        _: &Path,
        _: &str,
        _: Option<MarkKind>,
        _: Option<f64>,
    ) -> Result<Option<Mark>, Problem> {
        Ok(None)
    }
}

//! The page and the HTTP API of the sessions, on this machine alone: watch, listen, correct.
//!
//! Promises: it listens at 127.0.0.1 only, and answers only who has the token (`guard`); it reads sessions
//! as every verb does and changes them by the one road of corrections, under the session's lock, so that two
//! editors lose nothing; no name in a request becomes a path. A running recording is asked through its socket
//! and never waits for a page.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::response::IntoResponse as _;
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::guard::Token;
use self::problem::Problem;
use self::renewal::Renewals;
pub use self::renewal::{Renew, Rest};
use crate::config::Config;
use crate::session::read::{self, ReadError};
use crate::session::summary::SUMMARY;
use crate::session::voices::VOICES;

mod edits;
mod exports;
mod follow;
mod guard;
mod line;
mod lines;
mod listing;
mod page;
mod problem;
mod renewal;
mod replace;
mod search;
mod sessions;
mod sound;
mod summarize;
mod summary;

/// Bytes of the longest request: what takes back the corrections of all lines of six hours.
const BODY_MAX: usize = 2 << 20;
/// Bytes of the token before it is written in hexadecimal.
const TOKEN_BYTES: usize = 24;

/// Why there is no page, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(
        "can't listen at 127.0.0.1:{port}: {error}; choose another port with --port, or 0 for any that is free"
    )]
    Listen {
        port: u16,
        /// What the system says.
        error: io::Error,
    },
    #[error("can't make a token: {0}")]
    Token(io::Error),
}

/// What all requests share.
#[derive(Clone)]
struct App(Arc<Inner>);

struct Inner {
    config: Config,
    token: Token,
    port: u16,
    /// What the server is called by those who may ask it.
    hosts: Vec<String>,
    follow: follow::Hub,
    shelf: listing::Shelf,
    renewals: Renewals,
    jobs: summarize::Jobs,
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    /// Cookies don't tell ports apart, and two servers may run.
    fn cookie(&self) -> String {
        format!("hansard-{}", self.port)
    }

    /// The folder of a session by its id, or by its folder's name: only what a listing of the recordings has.
    fn dir(&self, id: &str) -> Result<PathBuf, Problem> {
        let recordings = &self.config.paths.recordings;
        let plain = !id.is_empty() && id != "." && id != ".." && !id.contains(['/', '\\', '\0']);
        let named = plain.then(|| recordings.join(id)).filter(|dir| read::read_manifest(dir).is_ok());
        if let Some(dir) = named {
            return Ok(dir);
        }
        let mut found = read::list(recordings)?.sessions.into_iter().filter(|found| found.manifest.id == id);
        let unknown = || {
            let near = None;
            Problem::from(ReadError::Unknown { name: id.to_owned(), dir: recordings.clone(), near })
        };
        let one = found.next().ok_or_else(unknown)?;
        match found.next() {
            None => Ok(one.dir),
            Some(other) => Err(Problem::conflict(ReadError::Ambiguous {
                name: id.to_owned(),
                one: one.dir,
                other: other.dir,
            })),
        }
    }
}

/// A server that is ready.
pub struct Server {
    listener: TcpListener,
    app: App,
    token: String,
}

impl Server {
    /// Listens at this port of 127.0.0.1; at any that is free for 0. Exports of what is corrected are brought
    /// up to date by `renew`.
    ///
    /// # Errors
    /// The port is taken, or there is no randomness for a token.
    pub async fn bind(config: &Config, port: u16, renew: Arc<dyn Renew>) -> Result<Self, ServeError> {
        let listen = |error| ServeError::Listen { port, error };
        let listener =
            TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let token = token()?;
        let hosts = ["127.0.0.1", "localhost"].map(|host| format!("{host}:{port}")).into();
        let app = App(Arc::new(Inner {
            config: config.clone(),
            token: Token::new(&token),
            port,
            hosts,
            follow: follow::Hub::default(),
            shelf: listing::Shelf::default(),
            renewals: Renewals::new(renew),
            jobs: summarize::Jobs::default(),
        }));
        Ok(Self { listener, app, token })
    }

    /// The address for a browser, with the token; of the list, or of one session.
    pub fn address(&self, session: Option<&str>) -> String {
        let session = session.map(|session| format!("&session={}", percent(session))).unwrap_or_default();
        format!("http://127.0.0.1:{}/?token={}{session}", self.app.port, self.token)
    }

    /// The port that it listens at.
    pub fn port(&self) -> u16 {
        self.app.port
    }

    /// For scripts: `Authorization: Bearer …`.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Answers until `end` is over; requests that are being answered then are hung up on, and summaries that
    /// are being made are given up. Gives what is left to be done.
    ///
    /// # Errors
    /// The system doesn't take connections any more.
    pub async fn run(self, end: impl Future<Output = ()> + Send) -> io::Result<Rest> {
        let (rest, jobs) = (self.app.renewals.rest(), self.app.jobs.clone());
        let router = router(self.app);
        let served = tokio::select! {
            served = async { axum::serve(self.listener, router).await } => served,
            () = end => Ok(()),
        };
        // What it waits for is short, and a panic of it costs nothing.
        let _ = tokio::task::spawn_blocking(move || jobs.end()).await;
        served.map(|()| rest)
    }
}

/// Characters of an id that an address has no place for, as `%..`.
fn percent(id: &str) -> String {
    let mut out = String::new();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn token() -> Result<String, ServeError> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| ServeError::Token(io::Error::other(error.to_string())))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What the API's document says of itself.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hansard",
        description = "Sessions on this machine: read, listen, correct, follow. Ask with `Authorization: Bearer TOKEN`; \
                       `hansard serve` prints the token. Times are seconds from the session's start. Errors are \
                       `application/problem+json`.",
    ),
    components(schemas(Problem, search::HitKind, search::HitOrder)),
    security(("token" = [])),
    modifiers(&Security)
)]
struct Document;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let token = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document.components.get_or_insert_default().add_security_scheme("token", token);
    }
}

/// What any request may be answered, wherever it goes: that it may not ask, or that its body is none.
fn answered(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
    let problem = |what: &str| {
        let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
        let content = ContentBuilder::new().schema(Some(schema)).build();
        ResponseBuilder::new().description(what).content("application/problem+json", content).build()
    };
    let always = [
        ("400", "The address or a value in it can't be"),
        ("401", "The token is missing, or not this server's"),
        ("403", "Another site's page asks"),
        ("421", "Another host is asked for"),
        ("500", "The machine fails"),
    ];
    let with_body = [
        ("413", "The body is too long"),
        ("415", "The body is no application/json"),
        ("422", "The body has not this form, or what it wants can't be"),
    ];
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let body = operation.request_body.is_some();
            let more = with_body.iter().filter(|_| body);
            for (status, what) in always.iter().chain(more) {
                let responses = &mut operation.responses.responses;
                responses.entry((*status).to_owned()).or_insert_with(|| RefOr::T(problem(what)));
            }
        }
    }
    document
}

fn router(app: App) -> Router {
    let (api, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::one, edits::remove))
        .routes(routes!(sessions::transcript))
        .routes(routes!(sessions::history, lines::line))
        .routes(routes!(lines::lines))
        .routes(routes!(replace::preview))
        .routes(routes!(replace::replace))
        .routes(routes!(summary::summary, summarize::start))
        .routes(routes!(summarize::job, summarize::cancel))
        .routes(routes!(summarize::way))
        .routes(routes!(edits::people))
        .routes(routes!(edits::hide))
        .routes(routes!(edits::show))
        .routes(routes!(edits::describe))
        .routes(routes!(edits::mark))
        .routes(routes!(edits::unmark))
        .routes(routes!(search::search))
        .routes(routes!(exports::export))
        .routes(routes!(sound::audio))
        .routes(routes!(sound::peaks))
        .routes(routes!(follow::live))
        .routes(routes!(follow::steer))
        .routes(routes!(follow::events))
        .split_for_parts();
    let document = Arc::new(answered(document));
    let api = api
        .route("/api/v1/openapi.json", axum::routing::get(move || async move { Json((*document).clone()) }))
        .route("/api/v1/ws", axum::routing::get(follow::socket))
        .route(
            "/api/{*rest}",
            axum::routing::any(async || Problem::not_found("there is no such address here")),
        );
    Router::new()
        .merge(api)
        .merge(page::routes())
        .fallback(async || Problem::not_found("there is no such page here").into_response())
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

/// Files are read and sound is made on threads that may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Problem::failed(error)))
}

/// How a session stands on the disk: it changes with everything that is written to it.
fn revision(dir: &Path) -> String {
    let of = |file: &str| {
        let data = std::fs::metadata(dir.join(file)).ok();
        let modified = data.as_ref().and_then(|data| data.modified().ok());
        let since =
            modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
        format!("{:x}.{:x}", data.map_or(0, |data| data.len()), since.as_nanos())
    };
    let files = [read::MANIFEST, read::TRANSCRIPT, read::JOURNAL, VOICES, SUMMARY];
    files.map(of).join("-")
}

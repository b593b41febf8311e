//! Who may ask: only what runs on this machine, knows the token, and was not sent by another site's page.
//!
//! A page of any site can make a browser send requests to this machine. So a request must name this server as
//! its host (against DNS names that point here), must not come from another origin, and must carry the token:
//! as `Authorization: Bearer`, or in the cookie that the address with the token sets.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use super::App;
use super::problem::Problem;

/// What the browser must keep to: nothing from elsewhere, no script in the page, in nobody's frame.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      object-src 'none'; style-src 'self' 'unsafe-inline'; media-src 'self' blob:; img-src 'self' data:";

/// The token, which only the user's terminal has shown.
#[derive(Clone)]
pub(super) struct Token {
    hash: [u8; 32],
}

impl Token {
    pub(super) fn new(token: &str) -> Self {
        Self { hash: Sha256::digest(token).into() }
    }

    /// Hashes are compared, so that the time that it takes tells nothing of the token.
    fn is(&self, given: &str) -> bool {
        <[u8; 32]>::from(Sha256::digest(given)) == self.hash
    }
}

/// Lets through what may ask, and tells the browser what to keep to.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = match check(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(refused) => *refused,
    };
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn check(app: &App, request: &Request) -> Result<(), Box<Response>> {
    let refuse = |status, detail: &str| Err(Box::new(Problem::new(status, detail).into_response()));
    let headers = request.headers();
    let host = text(headers, &header::HOST).unwrap_or_default();
    if !app.hosts.iter().any(|own| host.eq_ignore_ascii_case(own)) {
        return refuse(
            StatusCode::MISDIRECTED_REQUEST,
            "this server answers at 127.0.0.1 only; use the address that hansard printed",
        );
    }
    let origin = text(headers, &header::ORIGIN);
    let is_own = origin.is_none_or(|origin| {
        origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(host))
    });
    let from = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if !is_own || from.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return refuse(StatusCode::FORBIDDEN, "another site's page may not ask this server");
    }
    if let Some(token) = token_in(request.uri().query()) {
        // Only the page's own address takes it; elsewhere it would end up in places that are kept.
        if request.uri().path() == "/" && app.token.is(&token) {
            return Err(Box::new(welcome(app, request.uri().query(), &token)));
        }
        return refuse(StatusCode::UNAUTHORIZED, WRONG_TOKEN);
    }
    let bearer = text(headers, &header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    let name = app.cookie();
    let cookie = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies =
        cookie.flat_map(|cookies| cookies.split(';')).filter_map(|one| one.trim().split_once('='));
    let known = bearer.is_some_and(|token| app.token.is(token))
        || cookies.any(|(key, value)| key == name && app.token.is(value));
    if known { Ok(()) } else { refuse(StatusCode::UNAUTHORIZED, WRONG_TOKEN) }
}

const WRONG_TOKEN: &str = "the token is missing or not this server's: open the address that hansard printed, with its \
                           ?token=…, or send it as Authorization: Bearer; each start has a new one";

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn token_in(query: Option<&str>) -> Option<String> {
    query?.split('&').find_map(|part| part.strip_prefix("token=")).map(str::to_owned)
}

/// Sets the cookie and goes on to the page, so that the token leaves the address bar. A redirect would lose
/// the cookie where the address was followed from another program.
fn welcome(app: &App, query: Option<&str>, token: &str) -> Response {
    let session = query.and_then(|query| query.split('&').find_map(|part| part.strip_prefix("session=")));
    let plain = session.filter(|session| {
        session.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.%".contains(&byte))
    });
    let to = plain.map_or_else(|| "/".to_owned(), |session| format!("/#/session/{session}"));
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url={to}\"><title>Hansard</title>\
         <p><a href=\"{to}\">Hansard</a>"
    );
    let cookie = format!("{}={token}; HttpOnly; SameSite=Strict; Path=/", app.cookie());
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()), (header::SET_COOKIE, cookie)], page)
        .into_response()
}

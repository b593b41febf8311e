//! The page itself: a few files that are compiled in. No build step, nothing from elsewhere.

use axum::Router;
use axum::extract::Path as UrlPath;
use axum::http::header;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;

use super::App;
use super::problem::Problem;
use crate::export::html::{PLAYER, SHARED, STYLE};

const INDEX: &str = include_str!("page/index.html");

/// Scripts and style, by name. The exported page's style is the base of both, and they share modules.
const ASSETS: [(&str, &str, &str); 22] = [
    ("app.js", JS, include_str!("page/app.js")),
    ("common.js", JS, include_str!("page/common.js")),
    ("de.js", JS, include_str!("page/de.js")),
    ("drafts.js", JS, include_str!("page/drafts.js")),
    ("editor.js", JS, include_str!("page/editor.js")),
    ("en.js", JS, include_str!("page/en.js")),
    ("list.js", JS, include_str!("page/list.js")),
    ("live.js", JS, include_str!("page/live.js")),
    ("panels.js", JS, include_str!("page/panels.js")),
    ("past.js", JS, include_str!("page/past.js")),
    ("replace.js", JS, include_str!("page/replace.js")),
    ("session.js", JS, include_str!("page/session.js")),
    ("sound.js", JS, include_str!("page/sound.js")),
    ("stale.js", JS, include_str!("page/stale.js")),
    ("summary.js", JS, include_str!("page/summary.js")),
    ("text.js", JS, include_str!("page/text.js")),
    ("theme.js", JS, include_str!("page/theme.js")),
    ("words.js", JS, include_str!("page/words.js")),
    ("shared.js", JS, SHARED),
    ("player.js", JS, PLAYER),
    ("page.css", CSS, STYLE),
    ("style.css", CSS, include_str!("page/style.css")),
];
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(async || Html(INDEX)))
        .route("/assets/{name}", get(asset))
        // Browsers ask for it by themselves.
        .route("/favicon.ico", get(async || axum::http::StatusCode::NO_CONTENT))
}

async fn asset(UrlPath(name): UrlPath<String>) -> Result<Response, Problem> {
    let found = ASSETS.iter().find(|(known, ..)| *known == name);
    let (_, kind, text) = found.ok_or_else(|| Problem::not_found(format!("there is no {name:?} here")))?;
    Ok(([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "no-cache")], *text).into_response())
}

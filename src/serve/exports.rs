//! A session in any of the formats, made when it is asked for.

use axum::extract::{Path as UrlPath, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::problem::Problem;
use super::{App, blocking, percent};
use crate::export::evidence::track_files;
use crate::export::turns::Meeting;
use crate::export::{Format, Options};
use crate::session::reading::Session;

/// Bytes of sound up to which fingerprints are made for a page that waits: some seconds of reading.
const FINGERPRINTS_MAX: u64 = 512 << 20;

/// A session as a file: md, txt, html, docx, pdf, srt, vtt, json and the other formats of `hansard export`
#[utoipa::path(get, path = "/api/v1/sessions/{id}/export/{format}",
    params(("id" = String, Path, description = "The session's id"), ("format" = String, Path, description = "Name of the format")),
    responses((status = 200, content_type = "application/octet-stream", description = "The file"),
        (status = 404, body = crate::serve::problem::Problem, content_type = "application/problem+json")))]
pub(super) async fn export(
    State(app): State<App>,
    UrlPath((id, format)): UrlPath<(String, String)>,
) -> Result<Response, Problem> {
    let known = Format::ALL.into_iter().find(|known| known.name() == format);
    let format = known.ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        Problem::not_found(format!("there is no format {format:?}; there are: {}", names.join(", ")))
    })?;
    let (bytes, name) = blocking(move || {
        let session = Session::open(&app.dir(&id)?)?;
        let mut meeting = Meeting::new(&session, app.config.minutes.paragraph_pause_s)
            .in_language(app.config.export.language_in_force());
        let options = Options::default();
        if format.tells_files(&options) {
            meeting = meeting.with_files(track_files(&session, FINGERPRINTS_MAX));
        }
        let bytes = format.render(&meeting, &options)?;
        Ok((bytes, format.file_name()))
    })
    .await?;
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("pdf") => "application/pdf",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("vtt") => "text/vtt; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    };
    let disposition = format!("attachment; filename*=UTF-8''{}", percent(name));
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes)
        .into_response())
}

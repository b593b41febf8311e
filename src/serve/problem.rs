//! What goes wrong with a request, as `application/problem+json` (RFC 9457): what it is, and what to do.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::line::Line;
use crate::care::apply::ApplyError;
use crate::engine::correct::CorrectError;
use crate::export::ExportError;
use crate::export::sound::SoundError;
use crate::session::read::ReadError;

/// Why a request was not answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What kind of thing it is, in a few words.
    pub title: String,
    /// What is wrong with this request, and what to do.
    pub detail: String,
    /// Lines that somebody else has changed, as they stand now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) lines: Vec<Line>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl ToString) -> Self {
        let title = status.canonical_reason().unwrap_or("Error").to_owned();
        Self { status: status.as_u16(), title, detail: detail.to_string(), lines: Vec::new() }
    }

    /// The request itself can't be.
    pub(super) fn bad(detail: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn not_found(detail: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// It was right when it was thought of; meanwhile something has changed.
    pub(super) fn conflict(detail: impl ToString) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    pub(super) fn failed(detail: impl ToString) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unknown { .. } | ReadError::Empty { .. } => Self::not_found(error),
            error if error.is_failure() => Self::failed(error),
            // The session is there, and can't be shown as it is.
            error => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error),
        }
    }
}

impl From<ApplyError> for Problem {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Read(error) => error.into(),
            ApplyError::Lock(error) => Self::conflict(error),
            error if error.is_failure() => Self::failed(error),
            error => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error),
        }
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Read(error) => error.into(),
            error => Self::failed(error),
        }
    }
}

impl From<SoundError> for Problem {
    fn from(error: SoundError) -> Self {
        match error {
            SoundError::Read(error) => error.into(),
            SoundError::Missing { .. } | SoundError::Silent => Self::not_found(error),
            error if error.is_failure() => Self::failed(error),
            error => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error),
        }
    }
}

impl From<CorrectError> for Problem {
    fn from(error: CorrectError) -> Self {
        match error {
            CorrectError::Read(error) => error.into(),
            CorrectError::Apply(error) => error.into(),
            CorrectError::Ended | CorrectError::Partly | CorrectError::Crowded => Self::conflict(error),
            error if error.is_failure() => Self::failed(error),
            error => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error),
        }
    }
}

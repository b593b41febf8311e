//! What there is: the sessions, one of them, its text, a line's history.

use std::path::Path;

use axum::Json;
use axum::extract::{Path as UrlPath, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::line::{Line, Shown};
use super::problem::Problem;
use super::renewal::StaleEntry;
use super::{App, blocking, revision};
use crate::base::text::clean;
use crate::base::utterance::Utterance;
use crate::care::edit::speakers;
use crate::export::notices::Notice;
use crate::export::turns::Meeting;
use crate::session::amend;
use crate::session::details::Detail;
use crate::session::lock::SessionLock;
use crate::session::manifest::State as Recorded;
use crate::session::mark::Mark;
use crate::session::people::NamedBy;
use crate::session::read::{Found, wall};
use crate::session::reading::Session;
use crate::session::summary::Summary;

/// Entries of a list at once.
const LIST_MAX: usize = 500;
/// Characters of what is looked for in the list.
const QUERY_MAX: usize = 500;
/// Lines of a transcript at once: six hours of quick talk, without their words.
const LINES_MAX: usize = 20_000;

/// Which sessions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Words that stand in title, people or id
    #[serde(default)]
    #[param(max_length = 500)]
    query: Option<String>,
    /// Not before this date, such as 2026-11-01
    #[serde(default)]
    #[param(value_type = Option<String>, format = Date)]
    from: Option<jiff::civil::Date>,
    /// Not after this date
    #[serde(default)]
    #[param(value_type = Option<String>, format = Date)]
    to: Option<jiff::civil::Date>,
    /// At most this many
    #[serde(default)]
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// `next` of the answer before
    #[serde(default)]
    #[param(minimum = 0)]
    cursor: Option<usize>,
}

/// A session in the list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Row {
    /// Name of its folder: what other addresses call it.
    pub id: String,
    pub title: String,
    /// Local time of the meeting, with its offset.
    start: String,
    duration_s: f64,
    /// Names of the sources.
    pub people: Vec<String>,
    /// It is being recorded, or worked on.
    pub in_use: bool,
    /// It was not finished in order; `hansard recover` mends it.
    pub unfinished: bool,
}

/// Sessions, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List {
    sessions: Vec<Row>,
    /// Cursor of those that follow; null at the end.
    next: Option<usize>,
    /// How many there are in all that are wanted.
    total: usize,
    /// Folders that look like sessions and can't be read, and why.
    unreadable: Vec<String>,
}

pub(super) fn row(found: &Found) -> Row {
    let manifest = &found.manifest;
    let in_use = SessionLock::is_held(&found.dir);
    let mut people: Vec<String> = Vec::new();
    for source in &manifest.sources {
        let name = clean(&source.name);
        if !people.contains(&name) {
            people.push(name);
        }
    }
    let title = amend::title(&found.dir).unwrap_or_else(|| manifest.title.clone());
    Row {
        id: folder(&found.dir),
        title: clean(&title),
        start: wall(&manifest.start, 0.0).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        duration_s: manifest.duration,
        people,
        in_use,
        unfinished: manifest.state == Recorded::Recording && !in_use,
    }
}

fn folder(dir: &Path) -> String {
    dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The sessions, the newest first
#[utoipa::path(get, path = "/api/v1/sessions", params(ListQuery),
    responses((status = 200, body = List), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<App>,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<List>, Problem> {
    let Query(query) = query.map_err(Problem::bad)?;
    let limit = query.limit.unwrap_or(100);
    if !(1..=LIST_MAX).contains(&limit) {
        return Err(Problem::bad(format!("limit must be 1 to {LIST_MAX}")));
    }
    if query.query.as_ref().is_some_and(|text| text.chars().count() > QUERY_MAX) {
        return Err(Problem::bad(format!("query has at most {QUERY_MAX} characters")));
    }
    blocking(move || {
        let listing = app.shelf.look(&app.config.paths.recordings)?;
        let words: Vec<String> =
            query.query.iter().flat_map(|text| text.split_whitespace()).map(str::to_lowercase).collect();
        let wanted = listing.sessions.into_iter().filter(|entry| {
            query.from.is_none_or(|from| entry.day >= from)
                && query.to.is_none_or(|to| entry.day <= to)
                && words.iter().all(|word| entry.text.contains(word))
        });
        let wanted: Vec<Row> = wanted.map(|entry| entry.row).collect();
        let (total, from) = (wanted.len(), query.cursor.unwrap_or(0));
        let sessions: Vec<Row> = wanted.into_iter().skip(from).take(limit).collect();
        let until = from.saturating_add(sessions.len());
        let unreadable = listing.unreadable;
        Ok(Json(List { sessions, next: (until < total).then_some(until), total, unreadable }))
    })
    .await
}

/// A session as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct One {
    #[serde(flatten)]
    row: Row,
    /// Changes with whatever is written to the session.
    revision: String,
    /// Place, who was present, excused and invited, agenda: by the names that `PUT …/details` takes.
    #[schema(value_type = Object)]
    details: serde_json::Map<String, serde_json::Value>,
    tracks: Vec<Track>,
    /// Everybody who may have said something, by the names that are shown.
    speakers: Vec<String>,
    voices: Vec<Voice>,
    marks: Vec<MarkEntry>,
    passages: Vec<PassageEntry>,
    /// A language model has made a summary: `…/summary`.
    summary: bool,
    /// One is being made, because somebody asked for it here: `…/summary/job`.
    summarising: bool,
    gaps: Vec<GapEntry>,
    /// Whether anything is missing, in a sentence, in the meeting's language.
    account: String,
    /// Something is missing, or nobody knows.
    warning: bool,
    /// What of the text is not made yet, in a sentence.
    pending: Option<String>,
    /// Exports that are older than its last correction, and why. What is written again in a moment is not
    /// among them.
    stale: Vec<StaleEntry>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Track {
    /// Its name in the session's files.
    track: String,
    /// The person's or the place's.
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Voice {
    /// TRACK#n
    id: String,
    name: String,
    /// Nobody has said whose it is.
    unknown: bool,
    /// The name is a guess, by the sound of the voice.
    guessed: bool,
    seconds: f64,
    /// Session seconds of a piece where it speaks alone.
    sample: Option<(f64, f64)>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MarkEntry {
    id: String,
    at: f64,
    /// decision, action, question, note
    kind: String,
    text: String,
}

impl From<&Mark> for MarkEntry {
    fn from(mark: &Mark) -> Self {
        Self { id: mark.id.clone(), at: mark.at, kind: mark.kind.name().into(), text: clean(&mark.text) }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PassageEntry {
    id: String,
    from: f64,
    to: f64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GapEntry {
    from: f64,
    to: f64,
    /// What was not recorded, and why, in the meeting's language.
    text: String,
}

/// One session
#[utoipa::path(get, path = "/api/v1/sessions/{id}", params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, body = One), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn one(State(app): State<App>, UrlPath(id): UrlPath<String>) -> Result<Json<One>, Problem> {
    blocking(move || {
        let dir = app.dir(&id)?;
        let revision = revision(&dir);
        let session = Session::open(&dir)?;
        let meeting = Meeting::new(&session, app.config.minutes.paragraph_pause_s)
            .in_language(app.config.export.language_in_force());
        let stale = app.renewals.stale(&dir, &session.manifest);
        let is_summarised = app.jobs.is_running(&dir);
        Ok(Json(whole(&session, &meeting, (revision, stale, is_summarised))))
    })
    .await
}

fn whole(
    session: &Session,
    meeting: &Meeting,
    (revision, stale, summarising): (String, Vec<StaleEntry>, bool),
) -> One {
    let found = Found { dir: session.dir.clone(), manifest: session.manifest.clone() };
    let details = Detail::ALL.iter().filter(|detail| **detail != Detail::Title).map(|detail| {
        let lines = session.amendments.details.of(*detail).iter().map(|line| clean(line)).collect::<Vec<_>>();
        (detail.name().to_owned(), lines.into())
    });
    let tracks = session.manifest.sources.iter();
    let voices = session.names.voices().map(|(id, voice)| {
        let entry = session.voices.get(id);
        let sample = entry.and_then(|entry| {
            let sample = entry.sample.as_ref()?;
            let takes = session.manifest.takes.iter();
            let take =
                takes.into_iter().find(|take| take.track == entry.track && take.take == sample.take)?;
            Some((take.clock.time_of(sample.from), take.clock.time_of(sample.to)))
        });
        Voice {
            id: id.to_owned(),
            name: clean(&voice.name),
            unknown: voice.by == NamedBy::Number,
            guessed: voice.by == NamedBy::Print,
            seconds: entry.map_or(0.0, |entry| entry.seconds),
            sample,
        }
    });
    let gap =
        |notice: &Notice| GapEntry { from: notice.from, to: notice.to, text: notice.told(meeting.words) };
    One {
        details: details.collect(),
        tracks: tracks
            .map(|source| Track { track: source.track.clone(), name: clean(&source.name) })
            .collect(),
        speakers: speakers(session).iter().map(|name| clean(name)).collect(),
        voices: voices.collect(),
        marks: session
            .marks()
            .iter()
            .filter(|mark| session.amendments.hides(mark.at).is_none())
            .map(MarkEntry::from)
            .collect(),
        passages: session
            .amendments
            .passages
            .iter()
            .map(|passage| PassageEntry { id: passage.id.clone(), from: passage.from, to: passage.to })
            .collect(),
        summary: Summary::is_there(&session.dir),
        summarising,
        gaps: meeting.notices.iter().map(gap).collect(),
        account: meeting.complete.told(meeting.words),
        warning: meeting.complete.is_warning() || meeting.complete.is_unknown(),
        pending: meeting.pending.as_ref().map(|pending| pending.told(meeting.words)),
        row: row(&found),
        revision,
        stale,
    }
}

/// Which lines are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TextQuery {
    /// Lines that end after this session second
    #[serde(default)]
    from: Option<f64>,
    /// Lines that begin before this session second
    #[serde(default)]
    to: Option<f64>,
    /// Only of this speaker
    #[serde(default)]
    speaker: Option<String>,
    /// Those that are withheld, and echoes, too
    #[serde(default)]
    withheld: bool,
    /// With the times of single words
    #[serde(default)]
    words: bool,
    /// At most this many
    #[serde(default)]
    #[param(minimum = 1, maximum = 20000)]
    limit: Option<usize>,
    /// `next` of the answer before
    #[serde(default)]
    #[param(minimum = 0)]
    cursor: Option<usize>,
}

/// Lines, by time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Text {
    lines: Vec<Line>,
    next: Option<usize>,
    revision: String,
}

/// What was said, by time
///
/// Text of hidden passages is never among it: a line that one cuts is told without the words in it, as in
/// every export.
#[utoipa::path(get, path = "/api/v1/sessions/{id}/transcript", params(("id" = String, Path, description = "The session's id"), TextQuery),
    responses((status = 200, body = Text), (status = 400, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn transcript(
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
    query: Result<Query<TextQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Text>, Problem> {
    let Query(query) = query.map_err(Problem::bad)?;
    let limit = query.limit.unwrap_or(LINES_MAX);
    if !(1..=LINES_MAX).contains(&limit) {
        return Err(Problem::bad(format!("limit must be 1 to {LINES_MAX}")));
    }
    blocking(move || {
        let dir = app.dir(&id)?;
        let revision = revision(&dir);
        let session = Session::open(&dir)?;
        let shown = Shown::new(&session);
        let wanted = session.utterances.iter().filter(|line| {
            (query.withheld || line.is_shown())
                && shown.is_shown(line)
                && query.from.is_none_or(|from| line.end > from)
                && query.to.is_none_or(|to| line.start < to)
                && query.speaker.as_ref().is_none_or(|speaker| clean(&line.speaker) == clean(speaker))
        });
        let from = query.cursor.unwrap_or(0);
        let mut wanted = wanted.skip(from);
        let lines = wanted.by_ref().take(limit).filter_map(|line| shown.line(line, query.words));
        let lines: Vec<Line> = lines.collect();
        let next = wanted.next().map(|_| from + lines.len());
        Ok(Json(Text { lines, next, revision }))
    })
    .await
}

/// All revisions of a line, the oldest first
#[utoipa::path(get, path = "/api/v1/sessions/{id}/lines/{line}",
    params(("id" = String, Path, description = "The session's id"), ("line" = String, Path, description = "The line's id")),
    responses((status = 200, body = Vec<Line>), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn history(
    State(app): State<App>,
    UrlPath((id, line)): UrlPath<(String, String)>,
) -> Result<Json<Vec<Line>>, Problem> {
    blocking(move || {
        let session = Session::open(&app.dir(&id)?)?;
        let now = session.utterances.iter().find(|shown| shown.id == line);
        let now =
            now.ok_or_else(|| Problem::not_found(format!("there is no line {line:?} in this session")))?;
        let shown = Shown::new(&session);
        if !shown.is_shown(now) {
            return Err(Problem::not_found("that line lies in a hidden passage"));
        }
        let mut all: Vec<&Utterance> = session.history.iter().filter(|one| one.id == line).collect();
        all.sort_by_key(|one| one.rev);
        Ok(Json(all.into_iter().filter_map(|one| shown.revision(one)).collect()))
    })
    .await
}

//! What the tools do. Nothing here knows the protocol.
//!
//! Promises. Sessions are named by id, never by path, and lie in the folder of recordings. Hidden and
//! withheld lines are never given. An answer has a limit, and says where the rest begins.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Serialize;

use super::shapes::{
    GetMinutes, GetSummary, GetTranscript, HitKind, HitRow, Hits, Line, ListSessions, Minutes, Search,
    SessionRow, Sessions, Summary, SummaryItem, Transcript,
};
use crate::base::duration;
use crate::base::languages::DocumentLanguage;
use crate::base::text::{clean, fit, name};
use crate::base::utterance::Utterance;
use crate::export::turns::Meeting;
use crate::export::{Format, Options};
use crate::library::{self, Hit, Kind, Query};
use crate::session::amend;
use crate::session::manifest::State;
use crate::session::read::{self, Found, ReadError, wall};
use crate::session::reading::Session;

/// Bytes of an answer as JSON. On the wire it stands there once more as a text in quotes, where a quote takes
/// two bytes for each of its own; what a client gets is to stay below 64 KB whatever people say.
const ANSWER_BYTES_MAX: usize = 21_000;
/// Bytes of minutes in one answer.
const MINUTES_BYTES_MAX: usize = 20_000;
/// Bytes of one line's text.
const TEXT_BYTES_MAX: usize = 8_000;
/// Bytes of the minutes as a resource in JSON; it has no cursor.
const RESOURCE_BYTES_MAX: usize = 60_000;
/// Sessions or hits in one answer.
const LIMIT_MAX: u32 = 100;
const LIMIT: u32 = 20;
/// People of a session in a list.
const PEOPLE_MAX: usize = 30;
/// Columns of a name that is said back.
const NAME_MAX: usize = 80;
/// Columns of a name or an id in an answer.
const CALLED_MAX: usize = 200;

/// What is asked of all tools.
pub(super) struct Desk {
    pub recordings: PathBuf,
    /// Folder of the search's index.
    pub cache: Option<PathBuf>,
    /// As settings have it.
    pub paragraph_pause_s: f64,
    /// As settings have it.
    pub language: Option<DocumentLanguage>,
}

impl Desk {
    /// Sessions, the newest first.
    pub fn list_sessions(&self, asked: ListSessions) -> Result<Sessions, String> {
        let (from, to) = (day(asked.from.as_deref())?, day(asked.to.as_deref())?);
        let limit = limit(asked.limit)?;
        let skip: usize = match &asked.cursor {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| foreign_cursor())?,
        };
        let listing = read::list(&self.recordings).map_err(|error| self.told(&error))?;
        let wanted = asked.query.map(|query| clean(&query).to_lowercase());
        let fits = |found: &Found| {
            let day = wall(&found.manifest.start, 0.0).date();
            from.is_none_or(|from| day >= from)
                && to.is_none_or(|to| day <= to)
                && wanted.as_ref().is_none_or(|wanted| {
                    found.manifest.id.to_lowercase().contains(wanted)
                        || title(found).to_lowercase().contains(wanted)
                })
                && self.is_inside(&found.dir)
        };
        let mut sessions: Vec<Found> = listing.sessions.into_iter().filter(fits).collect();
        sessions.sort_by(|a, b| (b.manifest.start.utc, &b.dir).cmp(&(a.manifest.start.utc, &a.dir)));
        let total = sessions.len();
        let mut rows = Vec::new();
        let mut bytes = 0;
        for found in sessions.iter().skip(skip).take(limit) {
            let row = session_row(found);
            bytes += length(&row);
            if bytes > ANSWER_BYTES_MAX && !rows.is_empty() {
                break;
            }
            rows.push(row);
        }
        let next = skip.saturating_add(rows.len());
        Ok(Sessions {
            next_cursor: (next < total && !rows.is_empty()).then(|| next.to_string()),
            sessions: rows,
            total,
        })
    }

    /// Lines and marks, or sentences of summaries, that have the words.
    pub fn search(&self, asked: &Search) -> Result<Hits, String> {
        let mut query = Query::of_text(&asked.query).map_err(|error| error.to_string())?;
        if let Some(speaker) = &asked.speaker {
            query = query.by_speaker(speaker).map_err(|error| error.to_string())?;
        }
        (query.from, query.to) = (day(asked.from.as_deref())?, day(asked.to.as_deref())?);
        query.limit = limit(asked.limit)?;
        query.kind = asked.kind.map(|kind| match kind {
            HitKind::Line => Kind::Line,
            HitKind::Mark => Kind::Mark,
            HitKind::Summary => Kind::Summary,
        });
        let answer = library::search(&self.recordings, self.cache.as_deref(), &query, &mut |_| {})
            .map_err(|_| "the recordings can't be read".to_owned())?;
        let mut notes: Vec<String> = answer
            .passed
            .iter()
            .map(|passed| format!("not searched: {}", fit(&clean(&passed.folder), NAME_MAX)))
            .take(limit(None)?)
            .collect();
        if answer.without_text > 0 {
            notes.push(format!("{} of these sessions have sound without text yet", answer.without_text));
        }
        let mut hits = Hits { hits: Vec::new(), more: answer.more, sessions: answer.sessions, notes };
        let mut bytes = length(&hits);
        for hit in answer.hits {
            let row = HitRow::from(hit);
            bytes += length(&row);
            if bytes > ANSWER_BYTES_MAX {
                hits.more = true;
                break;
            }
            hits.hits.push(row);
        }
        Ok(hits)
    }

    /// Lines of a session.
    pub fn get_transcript(&self, asked: &GetTranscript) -> Result<Transcript, String> {
        let (from, to) = (place(asked.from.as_deref())?, place(asked.to.as_deref())?);
        let session = self.open(&asked.session)?;
        let speaker = asked.speaker.as_ref().map(|speaker| clean(speaker).to_lowercase());
        let fits = |line: &&Utterance| {
            line.is_shown()
                && from.is_none_or(|from| line.end > from)
                && to.is_none_or(|to| line.start < to)
                && speaker
                    .as_ref()
                    .is_none_or(|speaker| line.speaker.to_lowercase().contains(speaker.as_str()))
        };
        let mut lines = session.utterances.iter().filter(fits).peekable();
        if let Some(cursor) = &asked.cursor {
            while lines.next_if(|line| called(&line.id) != *cursor).is_some() {}
            if lines.peek().is_none() {
                return Err(foreign_cursor());
            }
        }
        let mut given = Transcript {
            session: called(&session.manifest.id),
            title: called(&session.manifest.title),
            lines: Vec::new(),
            next_cursor: None,
            text_pending: session.pending().is_some(),
        };
        let mut bytes = length(&given);
        for line in lines {
            let (text, cut) = cut(&clean(&line.text));
            let row = Line {
                id: called(&line.id),
                time: session.wall(line.start).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
                start_s: rounded(line.start),
                end_s: rounded(line.end),
                speaker: called(&line.speaker),
                text,
                cut,
            };
            bytes += length(&row) + 1;
            if bytes > ANSWER_BYTES_MAX && !given.lines.is_empty() {
                given.next_cursor = Some(row.id);
                break;
            }
            given.lines.push(row);
        }
        Ok(given)
    }

    /// The minutes of a session, or the rest of them.
    pub fn get_minutes(&self, asked: &GetMinutes) -> Result<Minutes, String> {
        let session = self.open(&asked.session)?;
        let text = self.markdown(&session)?;
        // A place, and how long the whole was when it was told.
        let at = match &asked.cursor {
            None => 0,
            Some(cursor) => {
                let (at, of) = cursor.split_once('/').ok_or_else(foreign_cursor)?;
                let at = at.parse().map_err(|_| foreign_cursor())?;
                if of != text.len().to_string() || text.get(at..).is_none_or(str::is_empty) {
                    return Err(foreign_cursor());
                }
                at
            }
        };
        let markdown = bounded(&text[at..], MINUTES_BYTES_MAX, ANSWER_BYTES_MAX).to_owned();
        let next = at + markdown.len();
        Ok(Minutes {
            session: called(&session.manifest.id),
            title: called(&session.manifest.title),
            next_cursor: (next < text.len()).then(|| format!("{next}/{}", text.len())),
            markdown,
        })
    }

    /// The minutes in one piece; what is cut off is said at the end.
    pub fn minutes_resource(&self, session: &str) -> Result<String, String> {
        let session = self.open(session)?;
        let text = self.markdown(&session)?;
        let beginning = bounded(&text, RESOURCE_BYTES_MAX, RESOURCE_BYTES_MAX);
        Ok(match beginning.len() == text.len() {
            true => text,
            false => format!("{beginning}\n\n*Cut here: the tool get_minutes gives the rest.*\n"),
        })
    }

    /// A summary, as far as the lines that it cites stand as it cites them.
    pub fn get_summary(&self, asked: &GetSummary) -> Result<Summary, String> {
        let session = self.open(&asked.session)?;
        let mut summary = Summary {
            session: called(&session.manifest.id),
            title: called(&session.manifest.title),
            present: false,
            items: Vec::new(),
            left_out: 0,
            note:
                "no summary of this session has been made; get_minutes and get_transcript have what was said"
                    .into(),
        };
        let unreadable = |why| format!("summary.json of this session can't be read: {why}");
        let read = crate::session::summary::Summary::read(&session.dir);
        let Some(made) = read.map_err(|error| unreadable(self.told(&error)))? else { return Ok(summary) };
        let shown = made.over(&session);
        summary.present = true;
        summary.left_out = shown.left_out + shown.gone;
        summary.note = match shown.stale.is_any() {
            true => {
                "each item cites the lines that it is about; the transcript or its names were changed since"
            }
            false => "each item cites the lines that it is about",
        }
        .into();
        let mut bytes = length(&summary);
        for item in shown.items {
            let item = SummaryItem {
                kind: item.kind.name().to_owned(),
                text: item.text,
                owner: item.owner,
                due: item.due,
                quote: item.quote,
                lines: item.lines.into_iter().map(|line| line.id).collect(),
            };
            if bytes + length(&item) <= ANSWER_BYTES_MAX {
                bytes += length(&item);
                summary.items.push(item);
            } else {
                summary.left_out += 1;
            }
        }
        Ok(summary)
    }

    /// Resources: the minutes of the newest sessions, each with its title.
    pub fn newest(&self) -> Vec<(String, String)> {
        let mut sessions = read::list(&self.recordings).unwrap_or_default().sessions;
        sessions.sort_by_key(|found| std::cmp::Reverse(found.manifest.start.utc));
        let inside = sessions.iter().filter(|found| self.is_inside(&found.dir));
        inside
            .take(limit(None).unwrap_or(1))
            .map(|found| (folder(&found.dir), called(&title(found))))
            .collect()
    }

    fn markdown(&self, session: &Session) -> Result<String, String> {
        let meeting = Meeting::new(session, self.paragraph_pause_s).in_language(self.language);
        let bytes = Format::Md.render(&meeting, &Options::default()).map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }

    /// The folder of a session, by its id or its folder's name alone.
    pub fn find(&self, asked: &str) -> Result<PathBuf, String> {
        let unknown = || {
            let shown = fit(&clean(asked), NAME_MAX);
            format!("there is no session {shown:?}; list_sessions tells which there are")
        };
        let is_name = !asked.is_empty()
            && asked.len() <= 255
            && !asked.contains(['/', '\\', '\0', ':'])
            && !asked.starts_with('.');
        if !is_name {
            return Err(unknown());
        }
        if asked == "last" {
            let sessions = read::list(&self.recordings).map_err(|error| self.told(&error))?.sessions;
            let newest = sessions.into_iter().rev().map(|found| found.dir).find(|dir| self.is_inside(dir));
            return newest.ok_or_else(unknown);
        }
        match read::resolve(&self.recordings, asked) {
            Ok(dir) if self.is_inside(&dir) => Ok(dir),
            Ok(_) | Err(ReadError::Unknown { .. } | ReadError::Empty { .. }) => Err(unknown()),
            Err(error) => Err(self.told(&error)),
        }
    }

    fn open(&self, asked: &str) -> Result<Session, String> {
        let dir = self.find(asked)?;
        Session::open(&dir).map_err(|error| self.told(&error))
    }

    /// Whether a folder really lies in that of the recordings: no link leads out of it.
    fn is_inside(&self, dir: &Path) -> bool {
        let whole = |path: &Path| path.canonicalize().ok();
        whole(dir).is_some_and(|dir| dir.parent().map(Path::to_owned) == whole(&self.recordings))
    }

    /// An error without the paths of this computer.
    fn told(&self, error: &ReadError) -> String {
        clean(&error.to_string().replace(&self.recordings.display().to_string(), "the recordings"))
    }
}

impl From<Hit> for HitRow {
    fn from(hit: Hit) -> Self {
        Self {
            session: called(&hit.session),
            title: called(&hit.title),
            id: called(&hit.id),
            kind: match hit.kind {
                Kind::Line => "line",
                Kind::Mark => "mark",
                Kind::Summary => "summary",
            },
            summary: hit.summary.map(|kind| kind.name()),
            speaker: hit.speaker.as_deref().map(called),
            time: hit.at,
            start_s: rounded(hit.start),
            text: cut(&hit.text).0,
        }
    }
}

fn session_row(found: &Found) -> SessionRow {
    let manifest = &found.manifest;
    // One that can't be read is named all the same: asking for its lines says why.
    let session = Session::open(&found.dir).ok();
    let mut people: Vec<String> = Vec::new();
    if let Some(session) = &session {
        let spoken = session.utterances.iter().filter(|line| line.is_shown()).map(|line| &line.speaker);
        let sources = session.manifest.sources.iter().map(|source| &source.name);
        let any = session.utterances.iter().any(Utterance::is_shown);
        let names: Vec<&String> = if any { spoken.collect() } else { sources.collect() };
        for person in names.into_iter().map(|person| called(person)) {
            if !people.contains(&person) && people.len() < PEOPLE_MAX {
                people.push(person);
            }
        }
    }
    SessionRow {
        session: folder(&found.dir),
        title: called(session.as_ref().map_or(&manifest.title, |session| &session.manifest.title)),
        start: wall(&manifest.start, 0.0).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        duration_s: rounded(manifest.duration),
        people,
        open: manifest.state == State::Recording,
        text_pending: session.is_none_or(|session| session.pending().is_some()),
    }
}

/// The title that counts.
fn title(found: &Found) -> String {
    amend::title(&found.dir).unwrap_or_else(|| found.manifest.title.clone())
}

fn folder(dir: &Path) -> String {
    dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn day(text: Option<&str>) -> Result<Option<Date>, String> {
    let read = |text: &str| {
        text.parse::<Date>()
            .map_err(|_| format!("{:?} is no day: write it as 2026-03-14", fit(&clean(text), NAME_MAX)))
    };
    text.map(read).transpose()
}

fn place(text: Option<&str>) -> Result<Option<f64>, String> {
    let read =
        |text: &str| duration::position(text).map(|at| at.as_secs_f64()).map_err(|error| error.to_string());
    text.map(read).transpose()
}

fn limit(asked: Option<u32>) -> Result<usize, String> {
    match asked.unwrap_or(LIMIT) {
        limit @ 1..=LIMIT_MAX => Ok(limit as usize),
        _ => Err(format!("limit is a number from 1 to {LIMIT_MAX}")),
    }
}

fn foreign_cursor() -> String {
    "that cursor is not one of this session as it is now: ask again without one".to_owned()
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// A text of bounded length, and whether it was longer.
fn cut(text: &str) -> (String, bool) {
    match text.len() <= TEXT_BYTES_MAX {
        true => (text.to_owned(), false),
        false => (format!("{} …", head(text, TEXT_BYTES_MAX).trim_end()), true),
    }
}

/// The beginning of a text, cut at a line's end where there is one in its second half, else between
/// characters.
fn head(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = text.floor_char_boundary(max);
    match text[..end].rfind('\n') {
        Some(line) if line >= max / 2 => &text[..=line],
        _ => &text[..end],
    }
}

/// The beginning of a text that has at most `max` bytes, and `in_json` as JSON.
fn bounded(text: &str, max: usize, in_json: usize) -> &str {
    let mut beginning = head(text, max);
    while length(&beginning) > in_json {
        beginning = head(text, beginning.len() * 3 / 4);
    }
    beginning
}

/// A name or an id, on one line and not too long.
fn called(text: &str) -> String {
    fit(&name(text), CALLED_MAX)
}

/// Bytes of it as JSON.
fn length(of: &impl Serialize) -> usize {
    serde_json::to_vec(of).map_or(0, |json| json.len())
}

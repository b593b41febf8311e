//! A recording that runs, for assistants: how it goes, and, where that was allowed, marks and pauses.

use rmcp::schemars;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tools::Desk;
use crate::session::mark::MarkKind;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Recordings {
    /// Empty if nothing is being recorded
    recordings: Vec<Recording>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Recording {
    /// Id of the session
    session: String,
    title: String,
    /// recording, paused, ending, or finishing: safe, and text is still being made
    doing: String,
    /// Seconds from its start to now
    elapsed_s: f64,
    marks: usize,
    tracks: Vec<Track>,
    /// What is wrong, in words
    alarms: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Track {
    name: String,
    /// Seconds that are stored
    written_s: f64,
    /// Seconds that are lost
    lost_s: f64,
    /// Seconds by which the text is behind; null if none is being made
    text_lag_s: Option<f64>,
}

/// Which recording is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Id of the session; not needed if only one is being recorded
    session: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkMoment {
    /// What to write down
    text: String,
    /// What it is: decision, action, question or note (if nothing is said)
    kind: Option<String>,
    /// Id of the session; not needed if only one is being recorded
    session: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Done {
    /// What was done
    done: String,
}

impl MarkMoment {
    fn kind(&self) -> Result<Option<MarkKind>, String> {
        let Some(asked) = &self.kind else { return Ok(None) };
        let found = MarkKind::ALL.into_iter().find(|kind| kind.name() == asked);
        found.map(Some).ok_or_else(|| "kind is decision, action, question or note".to_owned())
    }
}

#[cfg(unix)]
mod asked {
    use super::{Desk, Done, MarkMoment, Recording, Recordings, Track, Which};
    use crate::base::text::{clean, clock, length, name};
    use crate::control::client::ask;
    use crate::control::folder::{self, Running};
    use crate::control::{Request, Response};
    use crate::live::{Doing, Status};

    /// How the recordings go that run.
    pub fn status() -> Result<Recordings, String> {
        let mut recordings = Vec::new();
        for running in folder::find_all() {
            // One that does not answer is told of as well, by the others' silence about it nobody would know.
            match ask(running, &Request::Status) {
                Ok(Response::Status(status)) => recordings.push(recording(&status)),
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(Recordings { recordings })
    }

    fn recording(status: &Status) -> Recording {
        let doing = match status.doing {
            Doing::Recording => "recording",
            Doing::Paused => "paused",
            Doing::Ending => "ending",
            Doing::Finishing => "finishing",
        };
        let own = status.alarms.iter().map(|trouble| clean(&trouble.text));
        let of_tracks = status.tracks.iter().flat_map(|track| {
            track.alarms.iter().map(|trouble| format!("{}: {}", name(&track.name), clean(&trouble.text)))
        });
        Recording {
            session: status.session.clone(),
            title: name(&status.title),
            doing: doing.to_owned(),
            elapsed_s: status.elapsed,
            marks: status.marks,
            alarms: own.chain(of_tracks).collect(),
            tracks: status
                .tracks
                .iter()
                .map(|track| Track {
                    name: name(&track.name),
                    written_s: track.written,
                    lost_s: track.lost,
                    text_lag_s: track.text_lag,
                })
                .collect(),
        }
    }

    fn recorder(desk: &Desk, session: Option<&str>) -> Result<Running, String> {
        if let Some(session) = session {
            let dir = desk.find(session)?;
            return folder::find(&dir).ok_or_else(|| "that session is not being recorded".to_owned());
        }
        let mut running = folder::find_all();
        match (running.pop(), running.is_empty()) {
            (Some(one), true) => Ok(one),
            (None, _) => Err("nothing is being recorded".to_owned()),
            (Some(_), false) => Err("several recordings run: give the session, from get_status".to_owned()),
        }
    }

    fn done(desk: &Desk, session: Option<&str>, request: &Request) -> Result<Done, String> {
        let done = match ask(recorder(desk, session)?, request).map_err(|error| error.to_string())? {
            Response::Marked(mark) => {
                format!("marked at {}: {}: {}", clock(mark.at, true), mark.kind.title(), mark.text)
            }
            Response::Paused { at, already: false } => {
                format!("paused at {}: nothing is recorded until it is resumed", clock(at, true))
            }
            Response::Paused { at, already: true } => {
                format!("it was paused already, at {}", clock(at, true))
            }
            Response::Resumed { at, since: Some(since) } => {
                format!("recording again, after a pause of {}", length(at - since))
            }
            Response::Resumed { since: None, .. } => "it was not paused".to_owned(),
            Response::Refused { error } => return Err(error),
            _ => return Err("the recorder answers something else".to_owned()),
        };
        Ok(Done { done })
    }

    /// Marks the moment.
    pub fn mark(desk: &Desk, asked: MarkMoment) -> Result<Done, String> {
        let kind = asked.kind()?;
        let request = Request::Mark { text: asked.text, kind, at: None };
        done(desk, asked.session.as_deref(), &request)
    }

    /// Pauses the recording.
    pub fn pause(desk: &Desk, asked: &Which) -> Result<Done, String> {
        done(desk, asked.session.as_deref(), &Request::Pause)
    }

    /// Goes on with it.
    pub fn resume(desk: &Desk, asked: &Which) -> Result<Done, String> {
        done(desk, asked.session.as_deref(), &Request::Resume)
    }
}

#[cfg(not(unix))]
mod asked {
    use super::{Desk, Done, MarkMoment, Recordings, Which};

    const WHY: &str = "a running recorder can't be reached by other programs on this system yet";

    /// How the recordings go that run.
    pub fn status() -> Result<Recordings, String> {
        Err(WHY.to_owned())
    }

    /// Marks the moment.
    pub fn mark(_: &Desk, asked: MarkMoment) -> Result<Done, String> {
        asked.kind().and(Err(WHY.to_owned()))
    }

    /// Pauses the recording.
    pub fn pause(_: &Desk, _: &Which) -> Result<Done, String> {
        Err(WHY.to_owned())
    }

    /// Goes on with it.
    pub fn resume(_: &Desk, _: &Which) -> Result<Done, String> {
        Err(WHY.to_owned())
    }
}

pub(super) use self::asked::{mark, pause, resume, status};

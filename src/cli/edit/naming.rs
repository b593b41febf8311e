//! Names that are given in the view of a recording.

use std::path::Path;

use crate::base::utterance::Edited;
use crate::care::edit::{self, Change, Edit};
use crate::cli::{show, wrong_use};
use crate::clock::{Clock as _, SystemClock};
use crate::control::Request;
use crate::session::reading::Session;

/// What its recorder is to be asked so that somebody in the session in `dir` is called otherwise; `voice` is
/// the id of theirs, where voices are told apart.
pub(in crate::cli) fn naming(
    dir: &Path,
    voice: Option<String>,
    from: String,
    to: String,
) -> anyhow::Result<Request> {
    let edit = match voice {
        Some(voice) => Edit::Name { voice, name: to },
        None => Edit::Rename { old: from, new: to },
    };
    let session = Session::open(dir).map_err(show::exit)?;
    let edited = Edited { utc: SystemClock.utc(), journal: 0 };
    let changes = edit::plan(&session, &edit, edited).map_err(|error| wrong_use(error.to_string()))?;
    let event = |change: Change| match change {
        Change::Event(event) => Some(event),
        Change::Utterance(_) => None,
    };
    Ok(Request::Name { events: changes.into_iter().filter_map(event).collect() })
}

//! News as lines of JSON: what `record --json` prints and what a follower of the socket is told.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Cursor, News};

/// What somebody wants to hear beside utterances, finished and growing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wanted {
    /// Lines of the journal as they stand there (`seq`, `kind`, `payload`), but for those that are
    /// bookkeeping.
    #[serde(default = "yes")]
    pub events: bool,
    /// How it goes, once a second, with the place to go on from: `kind` is `status`.
    #[serde(default)]
    pub status: bool,
    /// How loud the tracks are: `kind` is `levels`.
    #[serde(default)]
    pub levels: bool,
}

/// Who asks the socket hears of events unless that is said otherwise.
fn yes() -> bool {
    true
}

/// News as a line of JSON, if it is wanted. An utterance is a line as the transcript has it, once it is
/// judged and only if it is shown, or was shown and is revised; one that still grows has `final` false, and
/// no text where it is retracted. `cursor` is where the subscriber stands.
pub fn json_line(news: &News, wanted: Wanted, cursor: Cursor) -> Option<String> {
    let line = match news {
        News::Line(line) if line.utterance.is_shown() || line.utterance.rev > 0 => {
            serde_json::to_string(&line.utterance)
        }
        News::Partial(utterance) => serde_json::to_string(&**utterance),
        News::Event(line) if wanted.events && !line.event.is_bookkeeping() => serde_json::to_string(&**line),
        News::Status(status) if wanted.status => {
            serde_json::to_string(&json!({ "kind": "status", "cursor": cursor, "status": &**status }))
        }
        News::Levels(levels) if wanted.levels => {
            serde_json::to_string(&json!({ "kind": "levels", "at": levels.at, "tracks": levels.tracks }))
        }
        News::Lagged(missed) if wanted != Wanted::default() => {
            serde_json::to_string(&json!({ "kind": "lagged", "missed": missed }))
        }
        _ => return None,
    };
    line.inspect_err(|error| tracing::error!(%error, "news can't be written as JSON")).ok()
}

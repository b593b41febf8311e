//! News as lines of JSON: what `record --json` prints and what a follower of the socket is told.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Cursor, News, display_name};
use crate::base::utterance::Utterance;
use crate::session::naming::Naming;

/// What somebody wants to hear beside utterances, finished and growing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wanted {
    /// Lines of the journal as they stand there (`seq`, `kind`, `payload`), but for those that are
    /// bookkeeping.
    #[serde(default = "yes")]
    pub events: bool,
    /// How it goes, twice a second, with the place to go on from: `kind` is `status`.
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

/// Makes lines of JSON of news, for one who listens.
#[derive(Debug, Default)]
pub struct JsonLines {
    wanted: Wanted,
    /// Utterances that were told: their revisions are, too.
    told: HashSet<String>,
}

impl JsonLines {
    /// For somebody who wants this beside utterances.
    pub fn new(wanted: Wanted) -> Self {
        Self { wanted, told: HashSet::new() }
    }

    /// News as a line of JSON, if it is wanted. An utterance is a line as the transcript has it, with `name`,
    /// what its speaker is called by `names`. It comes once it is judged and if it is shown; should it be
    /// revised later, that is a line as well, whatever it says. One that still grows has `final` false, and
    /// no text where it is retracted. `cursor` is where the subscriber stands.
    pub fn line(&mut self, news: &News, cursor: Cursor, names: Option<&Naming>) -> Option<String> {
        let wanted = self.wanted;
        let line = match news {
            News::Line(line) if line.utterance.is_shown() || self.told.contains(&line.utterance.id) => {
                self.told.insert(line.utterance.id.clone());
                serde_json::to_string(&Named::new(&line.utterance, names))
            }
            News::Partial(utterance) => serde_json::to_string(&Named::new(utterance, names)),
            News::Event(line) if wanted.events && !line.event.is_bookkeeping() => {
                serde_json::to_string(&**line)
            }
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
}

/// An utterance with what its speaker is called.
#[derive(Serialize)]
struct Named<'a> {
    #[serde(flatten)]
    utterance: &'a Utterance,
    name: String,
}

impl<'a> Named<'a> {
    fn new(utterance: &'a Utterance, names: Option<&Naming>) -> Self {
        Self { name: display_name(names, utterance), utterance }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::live::TranscriptLine;

    #[test]
    fn an_echo_is_no_line_and_a_line_that_turns_out_to_be_one_is_revised() {
        let mut lines = JsonLines::default();
        let mut said = |id: &str, rev: u32, bleed_of: Option<&str>| {
            let utterance: Utterance = serde_json::from_value(json!({
                "id": id, "rev": rev, "track": "a", "speaker": "A", "take": 1, "from_frame": 0, "to_frame": 9,
                "start": 0.0, "end": 1.0, "text": "ja", "words": [], "confidence": 0.9, "language": "de",
                "model": "m", "final": true, "withheld": null, "bleed_of": bleed_of,
            }))
            .unwrap();
            let news = News::Line(Arc::new(TranscriptLine { utterance, until: 0 }));
            lines.line(&news, Cursor::default(), None).is_some()
        };
        assert!(!said("echo", 1, Some("other")), "never shown");
        assert!(said("own", 0, None));
        assert!(said("own", 1, Some("other")), "who has shown it must know");
    }
}

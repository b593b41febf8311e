//! What is shown of a session, and nothing else: hidden, withheld and corrected text is never in it, as it is
//! made by the reader that `show` uses.

use std::collections::{HashMap, HashSet};
use std::io::{Read as _, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::query::Kind;
use crate::base::text::clean;
use crate::session::manifest::{Start, State, TakeEntry};
use crate::session::mark::MarkKind;
use crate::session::read::{ReadError, wall};
use crate::session::reading::Session;
use crate::session::summary::{self, Summary};

/// Bytes of a session that was packed: more than any transcript may have.
const PACKED_BYTES_MAX: u64 = 1 << 30;

/// A session as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Shown {
    pub id: String,
    pub title: String,
    pub start: Start,
    /// It is being recorded, or was not finished.
    pub open: bool,
    /// There is sound of which no text has been made.
    pub pending: bool,
    pub items: Vec<Item>,
}

/// What can be found in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Item {
    /// Of the line or the mark; of a summary's sentence the id of the line that it leads to.
    pub id: String,
    pub kind: Kind,
    /// Session seconds.
    pub start: f64,
    /// Session seconds.
    pub end: f64,
    /// Who said it; `None` for all but lines.
    pub speaker: Option<String>,
    /// What was marked; `None` for all but marks.
    pub mark: Option<MarkKind>,
    /// What a summary's sentence says; `None` for all else.
    pub summary: Option<summary::Kind>,
    pub text: String,
    /// Its sound, where there is any.
    pub sound: Option<Place>,
}

/// Where sound lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// In the session's folder.
    pub file: String,
    /// Seconds into that file.
    pub from_s: f64,
}

impl Item {
    fn key(&self) -> (Kind, &str) {
        (self.kind, &self.id)
    }
}

/// What a summary says, as far as it stands: nothing that rests on a line that is hidden, withheld, gone or
/// corrected since; and none of what was left out. One that can't be read says nothing.
fn sentences(session: &Session) -> Vec<Item> {
    let summary = Summary::read(&session.dir).unwrap_or_else(|error| {
        tracing::info!(%error, "a summary is not searched");
        None
    });
    let items = summary.map(|summary| summary.over(session).items).unwrap_or_default();
    let sentence = |item: summary::ShownItem| {
        let place = item.lines.into_iter().next().filter(|_| !item.changed)?;
        Some(Item {
            id: clean(&place.id),
            kind: Kind::Summary,
            start: place.start,
            end: place.end,
            speaker: None,
            mark: None,
            summary: Some(item.kind),
            text: item.text,
            sound: None,
        })
    };
    items.into_iter().filter_map(sentence).collect()
}

impl Shown {
    /// Reads the session in `dir`.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read(dir: &Path) -> Result<Self, ReadError> {
        let session = Session::open(dir)?;
        let takes: HashMap<(&str, u32), &TakeEntry> =
            session.manifest.takes.iter().map(|take| ((take.track.as_str(), take.take), take)).collect();
        let lines = session.utterances.iter().filter(|line| line.is_shown()).map(|line| {
            let take = takes.get(&(line.track.as_str(), line.take));
            Item {
                id: clean(&line.id),
                kind: Kind::Line,
                start: line.start,
                end: line.end,
                speaker: Some(clean(&line.speaker)),
                mark: None,
                summary: None,
                text: clean(&line.text),
                sound: take.map(|take| Place {
                    file: clean(&take.file),
                    from_s: (line.from_frame.seconds(take.rate) * 1000.0).round() / 1000.0,
                }),
            }
        });
        let marks = session.marks().iter().map(|mark| Item {
            id: clean(&mark.id),
            kind: Kind::Mark,
            start: mark.at,
            end: mark.at,
            speaker: None,
            mark: Some(mark.kind),
            summary: None,
            text: clean(&mark.text),
            sound: None,
        });
        Ok(Self {
            id: session.manifest.id.clone(),
            title: clean(&session.manifest.title),
            start: session.manifest.start.clone(),
            open: session.manifest.state == State::Recording,
            pending: session.pending().is_some(),
            items: lines.chain(marks).chain(sentences(&session)).collect(),
        })
    }

    /// The day on which it began, where it was.
    pub fn day(&self) -> Date {
        wall(&self.start, 0.0).date()
    }

    /// Whether all that was in `old` still stands in it; what came to it, in that case.
    pub fn added_since(&self, old: &Self) -> Option<Vec<Item>> {
        if (&self.title, &self.start, &self.id) != (&old.title, &old.start, &old.id) {
            return None;
        }
        // A summary comes, goes and changes as a whole, and several of its sentences lead to one line.
        let is_sentence = |item: &&Item| item.kind == Kind::Summary;
        let had_summary = old.items.iter().any(|item| is_sentence(&item));
        if had_summary && !old.items.iter().filter(is_sentence).eq(self.items.iter().filter(is_sentence)) {
            return None;
        }
        let now: HashMap<(Kind, &str), &Item> = self.items.iter().map(|item| (item.key(), item)).collect();
        let others = old.items.iter().filter(|item| !is_sentence(item));
        if !others.clone().all(|item| now.get(&item.key()) == Some(&item)) {
            return None;
        }
        let known: HashSet<(Kind, &str)> = others.map(Item::key).collect();
        let is_new = |item: &&Item| match is_sentence(item) {
            true => !had_summary,
            false => !known.contains(&item.key()),
        };
        Some(self.items.iter().filter(is_new).cloned().collect())
    }

    /// As bytes.
    pub fn pack(&self) -> std::io::Result<Vec<u8>> {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&serde_json::to_vec(self)?)?;
        packer.finish()
    }

    /// What [`Shown::pack`] made.
    pub fn unpack(bytes: &[u8]) -> std::io::Result<Self> {
        let mut json = Vec::new();
        ZlibDecoder::new(bytes).take(PACKED_BYTES_MAX).read_to_end(&mut json)?;
        Ok(serde_json::from_slice(&json)?)
    }
}

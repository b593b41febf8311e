//! `summary.json`: what a language model made of a session's text, and of that only what the cited lines
//! hold. Marks are not among it: people made them, and they stand in the journal.
//!
//! The file says what was summarised (the transcript's fingerprint), by which model, on whose computer, and
//! with which words it was asked; what was left out stands there with the reason. It is laid over the session
//! as that is now, each time somebody reads it ([`Summary::over`]). Promises: what cites a line that is
//! hidden, withheld or gone is not shown, from that moment on; nor is what quotes words that a correction
//! took away; that the text or names were changed since is told. A person who was known by the voice alone
//! stands in it as a number, never by that name. No panic on any file, bounded memory. Refuses to judge what
//! the model wrote: that is done before it is written.

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::disk::Disk;
use super::people::NamedBy;
use super::read::{ReadError, TRANSCRIPT, open_plain};
use super::reading::Session;
use crate::base::text::clean;
use crate::base::utterance::Utterance;

mod over;

pub use over::{Place, Shown, ShownItem, Stale};

use over::replaced;

/// File of the summary.
pub const SUMMARY: &str = "summary.json";
/// Of the file; another number is another version's.
pub const FORMAT: u32 = 1;
/// A day's meeting makes some hundred kilobytes.
const BYTES_MAX: u64 = 16 << 20;
/// More than a reader reads; of a file that holds more the rest is not shown.
const ITEMS_MAX: usize = 10_000;

/// What an item says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What was talked about.
    Topic,
    /// What was decided.
    Decision,
    /// What somebody is to do.
    Action,
    /// What was asked.
    Question,
}

impl Kind {
    /// In the order in which they are shown: what is looked for first comes first.
    pub const ALL: [Self; 4] = [Self::Decision, Self::Action, Self::Question, Self::Topic];

    /// The word for programs and for models.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Decision => "decision",
            Self::Action => "action",
            Self::Question => "question",
        }
    }
}

/// A summary as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    pub format: u32,
    /// When it was made.
    pub utc: Timestamp,
    pub by: By,
    pub of: Of,
    /// Who had lines that were read.
    pub people: Vec<Named>,
    /// The lines that items cite, as they were.
    pub lines: Vec<Cited>,
    /// What stands in the summary, in the order of the meeting.
    #[serde(skip_deserializing)]
    pub items: Vec<Item>,
    /// Entries of its file that are no items.
    #[serde(skip)]
    pub misfits: usize,
    /// What the model said and does not stand in it.
    pub left_out: Vec<LeftOut>,
    pub counts: Counts,
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            format: FORMAT,
            utc: Timestamp::UNIX_EPOCH,
            by: By::default(),
            of: Of::default(),
            people: Vec::new(),
            lines: Vec::new(),
            items: Vec::new(),
            misfits: 0,
            left_out: Vec::new(),
            counts: Counts::default(),
        }
    }
}

/// Who made it, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct By {
    /// Version of this program.
    pub version: String,
    /// What the server calls its model.
    pub model: String,
    /// The computer that was sent the text.
    pub host: String,
    /// That was this very computer.
    pub here: bool,
    /// Name of the template.
    pub template: String,
    /// SHA-256 of the words that it was asked with, in hex.
    pub prompt: String,
}

/// What was summarised.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Of {
    /// SHA-256 of `transcript.jsonl`, in hex.
    pub transcript: String,
    /// The highest revision in it.
    pub rev: u32,
    /// Lines that were read: those that stood in the minutes.
    pub lines: usize,
    /// SHA-256 of their ids and texts as they were shown, in hex.
    pub shown: String,
    /// ISO 639-1 code of the language that was spoken most.
    pub language: String,
}

/// Somebody who spoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Id of a line of theirs.
    pub line: String,
    /// What they were called. `None` means that only their voice told: texts have `{person:N}` there, the
    /// number being that of the entry, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A line that an item cites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    pub id: String,
    pub rev: u32,
    /// SHA-256 of its text as it was shown, in hex.
    pub text: String,
}

/// One thing that the summary says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub kind: Kind,
    pub text: String,
    /// Who is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Until when, in the words of the meeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// What was said, literally.
    pub quote: String,
    /// Ids of the lines that say it.
    pub lines: Vec<String>,
}

/// Something that the model said and that does not stand in the summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    #[serde(flatten)]
    pub item: Item,
    /// Why, in words.
    pub reason: String,
    /// The same in one word of ours, without any of the model's: `number`, `quote`. Files of early versions
    /// have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_kind: Option<String>,
}

/// How it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Sentences that the model gave, those among them that were left out; what it said twice counts once.
    pub said: usize,
    pub left_out: usize,
    /// Parts that the text was cut into.
    pub parts: usize,
    /// Parts of which no answer could be read: of them stands in the summary at most what was whole of an
    /// answer that broke off.
    pub unread: usize,
}

impl Summary {
    /// Reads the summary of the session in `dir`; `None` means that there is none.
    ///
    /// # Errors
    /// It is there and can't be read, or is another version's.
    pub fn read(dir: &Path) -> Result<Option<Self>, ReadError> {
        let path = dir.join(SUMMARY);
        let Some(file) = open_plain(&path, BYTES_MAX)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(BYTES_MAX).read_to_end(&mut bytes).map_err(|error| ReadError::io(&path, error))?;
        let damaged =
            |what: String| ReadError::damaged(&path, format!("{what}; `hansard summarize` makes it anew"));
        let mut value: Value = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        // An item that is none costs itself alone.
        let items = value.get_mut("items").map(Value::take);
        let mut summary: Self = serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
        let Some(Value::Array(items)) = items else {
            return Err(damaged("it has no list of items".to_owned()));
        };
        for item in items.into_iter().take(ITEMS_MAX) {
            match serde_json::from_value(item) {
                Ok(item) => summary.items.push(item),
                Err(_) => summary.misfits += 1,
            }
        }
        if summary.format != FORMAT {
            return Err(damaged(format!(
                "its format is {}, and this version reads {FORMAT}",
                summary.format
            )));
        }
        Ok(Some(summary))
    }

    /// Whether the session in `dir` has one.
    pub fn is_there(dir: &Path) -> bool {
        std::fs::symlink_metadata(dir.join(SUMMARY)).is_ok_and(|data| data.is_file())
    }

    /// Replaces the summary of the session in `dir`: at any moment the old one or the new one is there.
    ///
    /// # Errors
    /// The disk refused.
    pub fn write(&self, disk: &dyn Disk, dir: &Path) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        disk.replace(&dir.join(SUMMARY), &bytes)
    }
}

impl By {
    fn clean(&self) -> Self {
        Self {
            version: clean(&self.version),
            model: clean(&self.model),
            host: clean(&self.host),
            here: self.here,
            template: clean(&self.template),
            prompt: clean(&self.prompt),
        }
    }
}

/// The lines that a summary is made of, in the order of the minutes.
pub fn lines_of(session: &Session) -> Vec<&Utterance> {
    session.utterances.iter().filter(|line| line.is_shown()).collect()
}

/// What a session's lines are told by, as [`Of::shown`] has it.
pub fn fingerprint(lines: &[&Utterance]) -> String {
    let mut hash = Sha256::new();
    for line in lines {
        for part in [&line.id, &line.text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hex(&hash.finalize())
}

/// What is written of what a session holds now, with what its transcript file has.
///
/// # Errors
/// The transcript can't be read.
pub fn of(session: &Session, language: &str) -> Result<Of, ReadError> {
    let lines = lines_of(session);
    let path = session.dir.join(TRANSCRIPT);
    let mut hash = Sha256::new();
    if let Some(mut file) = open_plain(&path, u64::MAX)? {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer).map_err(|error| ReadError::io(&path, error))? {
                0 => break,
                read => hash.update(&buffer[..read]),
            }
        }
    }
    Ok(Of {
        transcript: hex(&hash.finalize()),
        rev: session.history.iter().map(|line| line.rev).max().unwrap_or(0),
        lines: lines.len(),
        shown: fingerprint(&lines),
        language: language.to_owned(),
    })
}

/// The line as it is when it is cited.
pub fn cite(line: &Utterance) -> Cited {
    Cited { id: line.id.clone(), rev: line.rev, text: hex(&Sha256::digest(&line.text)) }
}

/// Everybody who has a line in the minutes, by their first one.
pub fn people_of(session: &Session) -> Vec<(Named, String)> {
    let mut seen = BTreeSet::new();
    let mut people = Vec::new();
    for line in lines_of(session) {
        let name = clean(&line.speaker);
        if name.is_empty() || !seen.insert(name.clone()) {
            continue;
        }
        let voice = session.names.voice_of(line).and_then(|voice| session.names.of(voice));
        let by_print =
            voice.is_some_and(|voice| voice.by == NamedBy::Print) && !session.names.by_a_person(line);
        people.push((Named { line: line.id.clone(), name: (!by_print).then(|| name.clone()) }, name));
    }
    people
}

/// A text as it is written down: without the names that only voices told.
pub fn without_prints(text: &str, people: &[(Named, String)]) -> String {
    let mut names: Vec<(String, String)> = Vec::new();
    for (n, (named, name)) in people.iter().enumerate() {
        if named.name.is_none() {
            names.push((name.clone(), number(n)));
            // A first name alone says as much, unless somebody else has it.
            let parts = name.split_whitespace().filter(|part| part.chars().count() > 2 && *part != name);
            names.extend(parts.map(|part| (part.to_owned(), number(n))));
        } else {
            names.push((name.clone(), name.clone()));
            names.extend(name.split_whitespace().map(|part| (part.to_owned(), part.to_owned())));
        }
    }
    replaced(text, &names)
}

/// What stands for a person whose name is not written.
fn number(n: usize) -> String {
    format!("{{person:{n}}}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_only_a_voice_told_is_not_written_and_comes_back_as_it_is_then() {
        let named =
            |line: &str, name: Option<&str>| Named { line: line.into(), name: name.map(str::to_owned) };
        let people = [
            (named("a-1-0", Some("Bob Stone")), "Bob Stone".to_owned()),
            (named("a-1-1", None), "Ann Stone".to_owned()),
            (named("a-1-2", None), "\u{7530}\u{4e2d}".to_owned()),
        ];
        let text = "Ann Stone asks Bob Stone; Ann announces it to \u{7530}\u{4e2d}\u{3055}\u{3093}.";
        let written = without_prints(text, &people);
        let wanted = "{person:1} asks Bob Stone; {person:1} announces it to {person:2}\u{3055}\u{3093}.";
        assert_eq!(written, wanted);
        let now = [(number(1), "Anna".to_owned()), (number(2), "Tanaka".to_owned())];
        assert!(replaced(&written, &now).starts_with("Anna asks Bob Stone; Anna announces"));
        // Two who had been taken for each other.
        let swapped = [("Ann".to_owned(), "Bob".to_owned()), ("Bob".to_owned(), "Ann".to_owned())];
        assert_eq!(replaced("Ann, Bob, Annabel", &swapped), "Bob, Ann, Annabel");
    }

    #[test]
    fn no_file_breaks_it() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            std::fs::write(folder.path().join(SUMMARY), text).unwrap();
            Summary::read(folder.path())
        };
        assert_eq!(Summary::read(folder.path()).unwrap(), None);
        for junk in ["", "7", "[]", "{}", "{\"items\": 7}", "{\"items\": [], \"format\": 99}"] {
            let error = read(junk).unwrap_err().to_string();
            assert!(error.contains("hansard summarize"), "{junk}: {error}");
        }
        let item = r#"{"kind": "topic", "text": "t", "quote": "q", "lines": ["a-1-0"]}"#;
        let some = read(&format!("{{\"items\": [{item}, 7, {{}}]}}")).unwrap().unwrap();
        assert_eq!((some.items.len(), some.misfits), (1, 2));
    }
}

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

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::disk::Disk;
use super::people::NamedBy;
use super::read::{ReadError, TRANSCRIPT, open_plain};
use super::reading::Session;
use crate::base::text::clean;
use crate::base::utterance::Utterance;

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
    pub items: Vec<Item>,
    /// What the model said and does not stand in it.
    pub left_out: Vec<LeftOut>,
    pub counts: Counts,
}

/// Who made it, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// How it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Sentences that the model gave, those among them that were left out; what it said twice counts once.
    pub said: usize,
    pub left_out: usize,
    /// Parts that the text was cut into.
    pub parts: usize,
    /// Parts of which no answer could be read: nothing of them stands in the summary.
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
        let mut summary: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if summary.format != FORMAT {
            return Err(damaged(format!(
                "its format is {}, and this version reads {FORMAT}",
                summary.format
            )));
        }
        summary.items.truncate(ITEMS_MAX);
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

    /// What stands of it now.
    pub fn over(&self, session: &Session) -> Shown {
        let lines = lines_of(session);
        let now: HashMap<&str, &Utterance> = lines.iter().map(|line| (line.id.as_str(), *line)).collect();
        let cited: HashMap<&str, &Cited> = self.lines.iter().map(|line| (line.id.as_str(), line)).collect();
        let people = self.people_now(&now);
        let mut items = Vec::new();
        for item in &self.items {
            let Some(changed) = stands(item, session, &now, &cited) else { continue };
            let line = |id: &String| now.get(id.as_str()).map(|line| (line.start, *line));
            let mut of: Vec<(f64, &Utterance)> = item.lines.iter().filter_map(line).collect();
            of.sort_by(|a, b| a.0.total_cmp(&b.0));
            items.push(ShownItem {
                kind: item.kind,
                text: people.told(&item.text),
                owner: item.owner.as_deref().map(|owner| people.told(owner)),
                due: item.due.as_deref().map(clean),
                quote: clean(&item.quote),
                lines: of.iter().map(|(start, line)| Place::of(*start, line)).collect(),
                changed,
            });
        }
        Shown {
            utc: self.utc,
            by: self.by.clean(),
            language: clean(&self.of.language),
            gone: self.items.len() - items.len(),
            items,
            said: self.counts.said,
            left_out: self.counts.left_out,
            parts: self.counts.parts,
            unread: self.counts.unread,
            stale: Stale { text: fingerprint(&lines) != self.of.shown, names: people.changed },
        }
    }

    fn people_now(&self, now: &HashMap<&str, &Utterance>) -> People {
        let mut people = People::default();
        for (n, person) in self.people.iter().enumerate() {
            let called = now.get(person.line.as_str()).map(|line| clean(&line.speaker));
            match (&person.name, called) {
                (Some(then), Some(name)) => {
                    people.changed |= *then != name;
                    people.names.push((then.clone(), name));
                }
                (Some(_), None) => {}
                (None, name) => people.names.push((number(n), name.unwrap_or_else(|| "…".to_owned()))),
            }
        }
        people
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
    let mut seen = BTreeMap::new();
    let mut people = Vec::new();
    for line in lines_of(session) {
        let name = clean(&line.speaker);
        if name.is_empty() || seen.insert(name.clone(), ()).is_some() {
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

/// Names, and what they are now.
#[derive(Default)]
struct People {
    names: Vec<(String, String)>,
    changed: bool,
}

impl People {
    fn told(&self, text: &str) -> String {
        clean(&replaced(text, &self.names))
    }
}

/// `text` with each of the words replaced, all at once, the longest first. A word counts only where it stands
/// alone, or in a script without spaces.
fn replaced(text: &str, words: &[(String, String)]) -> String {
    let mut words: Vec<&(String, String)> = words.iter().filter(|(from, _)| !from.is_empty()).collect();
    words.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    let joins = |a: Option<char>, b: Option<char>| match (a, b) {
        (Some(a), Some(b)) => a.is_alphanumeric() && b.is_alphanumeric() && !(is_dense(a) || is_dense(b)),
        _ => false,
    };
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(c) = text[at..].chars().next() {
        let before = text[..at].chars().next_back();
        let stands = |from: &str| {
            text[at..].starts_with(from)
                && !joins(before, from.chars().next())
                && !joins(from.chars().next_back(), text[at + from.len()..].chars().next())
        };
        if let Some((from, to)) = words.iter().find(|(from, _)| stands(from)) {
            out += to;
            at += from.len();
        } else {
            out.push(c);
            at += c.len_utf8();
        }
    }
    out
}

/// Scripts that write no spaces.
fn is_dense(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether an item may be shown; then, whether a line that it cites reads differently since.
fn stands(
    item: &Item,
    session: &Session,
    now: &HashMap<&str, &Utterance>,
    cited: &HashMap<&str, &Cited>,
) -> Option<bool> {
    let mut changed = false;
    let mut texts = String::new();
    if item.lines.is_empty() {
        return None;
    }
    for id in &item.lines {
        let (line, then) = (now.get(id.as_str())?, cited.get(id.as_str())?);
        texts += &line.text;
        texts.push(' ');
        if hex(&Sha256::digest(&line.text)) != then.text {
            changed = true;
            let passages = &session.amendments.passages;
            if passages.iter().any(|passage| passage.from <= line.end && passage.to >= line.start) {
                return None;
            }
        }
    }
    (!changed || folded(&texts).contains(&folded(&item.quote))).then_some(changed)
}

/// Letters and digits alone, small.
fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A summary as it stands now, for people and programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// When it was made.
    pub utc: Timestamp,
    pub by: By,
    /// ISO 639-1 code of the language that was spoken most.
    pub language: String,
    /// In the order of the meeting.
    pub items: Vec<ShownItem>,
    /// Sentences that the model gave.
    pub said: usize,
    /// Those of them that were left out: they are not in the transcript.
    pub left_out: usize,
    /// Parts that the text was cut into.
    pub parts: usize,
    /// Parts that nothing is told of: no answer could be read.
    pub unread: usize,
    /// Items that are not shown any more: what they cite is hidden or gone.
    pub gone: usize,
    pub stale: Stale,
}

impl Shown {
    /// The items of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &ShownItem> {
        self.items.iter().filter(move |item| item.kind == kind)
    }
}

/// What was changed since a summary was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// Lines: corrected, hidden, or more of them.
    pub text: bool,
    /// What people are called. Names in the summary are those that count now.
    pub names: bool,
}

impl Stale {
    /// Whether anything was.
    pub fn is_any(self) -> bool {
        self.text || self.names
    }
}

/// An item as it stands now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownItem {
    pub kind: Kind,
    pub text: String,
    pub owner: Option<String>,
    pub due: Option<String>,
    pub quote: String,
    /// By time; never empty.
    pub lines: Vec<Place>,
    /// A line that it cites was corrected since.
    pub changed: bool,
}

/// A line that an item leads to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// Its id.
    pub id: String,
    /// Session seconds.
    pub start: f64,
    /// Session seconds.
    pub end: f64,
    pub speaker: String,
}

impl Place {
    fn of(start: f64, line: &Utterance) -> Self {
        Self { id: line.id.clone(), start, end: line.end, speaker: clean(&line.speaker) }
    }
}

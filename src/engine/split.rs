//! One voice of a session becomes two, where a person says that it is two people's. The sound is heard again,
//! so nothing has to be kept for it.

use std::path::Path;
use std::sync::Arc;

use super::transcribe::TranscribeError;
use crate::base::utterance::Utterance;
use crate::care::offline::{self, OfflineSink, Past};
use crate::clock::SystemClock;
use crate::revise::{Author, revise};
use crate::session::disk::SystemDisk;
use crate::session::heard;
use crate::session::lock::SessionLock;
use crate::session::reading::Session;
use crate::session::voices::{self, VoiceEntry, Voices};
use crate::speech::voices::{Found, TrackVoices, VoicesError, ear};

/// Each of the two has to speak this long, in seconds.
const HALF_S_MIN: f64 = 1.0;

/// Why a voice can't be split.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// The session can't be worked on.
    #[error(transparent)]
    Session(#[from] TranscribeError),
    /// There is no such voice.
    #[error("there is no voice {0:?} here; `hansard voices` lists them")]
    NoVoice(String),
    /// It can't be heard again.
    #[error(transparent)]
    Voices(#[from] VoicesError),
    /// There are not two people in it.
    #[error("{0} can't be split: no two voices are heard in it; `speaker` says who said a single line")]
    One(String),
    /// The disk refused.
    #[error("the voices can't be written: {0}")]
    Write(#[from] std::io::Error),
}

impl SplitError {
    /// Whether the machine failed rather than the input being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Session(error) => error.is_failure(),
            Self::NoVoice(_) | Self::One(_) => false,
            Self::Voices(_) | Self::Write(_) => true,
        }
    }
}

/// What a voice was split into.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Id of the voice that keeps its name: that of the one who is heard first.
    pub kept: String,
    /// Id of the new one.
    pub new: String,
    /// Lines that are the new one's.
    pub lines: usize,
}

/// Splits the voice that is called `name`, or has that number or id, in the session in `dir`.
///
/// # Errors
/// See [`SplitError`].
pub fn split(dir: &Path, name: &str) -> Result<Split, SplitError> {
    let _lock = SessionLock::take(dir).map_err(TranscribeError::from)?;
    let session = Session::open(dir).map_err(TranscribeError::from)?;
    let none = || SplitError::NoVoice(name.to_owned());
    let id = named(&session, name).ok_or_else(none)?;
    let (track, _) = voices::parts(&id).ok_or_else(none)?;
    let tracks = offline::tracks(&session).map_err(TranscribeError::from)?;
    let shared = tracks.iter().find(|shared| shared.track == track).ok_or_else(none)?;
    let lines: Vec<Utterance> = session
        .latest()
        .into_iter()
        .filter(|line| line.voice.as_deref() == Some(&*id) && line.is_shown())
        .collect();
    let mut heard = TrackVoices::new(dir.to_owned(), Arc::clone(shared), None);
    heard.hear(&mut *ear()?, &lines, &|| false)?;
    heard.keep_only(&lines);
    let mut found = heard.halves();
    if found.voices.len() != 2 || found.voices.iter().any(|voice| voice.entry.seconds < HALF_S_MIN) {
        return Err(SplitError::One(name.to_owned()));
    }
    let new = number(&session, track, &id, &mut found);
    // What is cut off a line is written before the line without it: nothing is lost between the two.
    let revised: Vec<Utterance> = lines
        .iter()
        .filter_map(|line| Some(revise(line, &found.proposal(line)?, Author::Machine)))
        .flat_map(|revised| revised.into_iter().rev())
        .collect();
    let count = revised.iter().filter(|line| line.voice.as_deref() == Some(&*new)).count();
    if count == 0 {
        return Err(SplitError::One(name.to_owned()));
    }
    let past = Past::read(dir).map_err(TranscribeError::from)?;
    let sink = OfflineSink::open(&SystemDisk, Arc::new(SystemClock), &session, past, true)
        .map_err(TranscribeError::from)?;
    for line in revised {
        sink.write_revision(line);
    }
    sink.finish()?;
    let mut entries = session.voices.entries.clone();
    entries.retain(|entry| entry.id != id);
    entries.extend(found.voices.iter().map(|voice| voice.entry.clone()));
    entries.sort_by(|a: &VoiceEntry, b| (&a.track, a.number).cmp(&(&b.track, b.number)));
    let mut turns = session.voices.turns.clone();
    turns.remove(&id);
    turns.extend(found.turns_by_voice());
    Voices::write(&SystemDisk, dir, &Voices { entries, turns })?;
    Ok(Split { kept: id, new, lines: count })
}

/// Id of the voice that goes by a name, a number of `hansard voices`, or an id.
fn named(session: &Session, name: &str) -> Option<String> {
    let by_name = || {
        let mut voices = session.names.voices().filter(|(_, voice)| voice.name == name);
        voices.next().map(|(id, _)| id.to_owned())
    };
    by_name().or_else(|| heard::find(&heard::voices(session), name).map(|voice| voice.id.clone()))
}

/// The one who is heard first keeps the id; gives that of the other one.
fn number(session: &Session, track: &str, id: &str, found: &mut Found) -> String {
    let of_lines = session.history.iter().filter_map(|line| line.voice.as_deref());
    let known = session.voices.entries.iter().map(|entry| entry.id.as_str()).chain(of_lines);
    let numbers = known.filter_map(voices::parts).filter(|(of, _)| *of == track).map(|(_, number)| number);
    let next = numbers.max().unwrap_or_default() + 1;
    let first = usize::from(found.voices[1].entry.first < found.voices[0].entry.first);
    for (voice, half) in found.voices.iter_mut().enumerate() {
        let number = voices::parts(id).filter(|_| voice == first).map_or(next, |(_, number)| number);
        (half.entry.number, half.entry.id) = (number, voices::id(track, number));
    }
    voices::id(track, next)
}

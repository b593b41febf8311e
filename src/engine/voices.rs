//! Who said it: the voices of a session whose text is there. Done after the text of a recording, of an import
//! and of `transcribe`, by the same steps that a running recording takes.
//!
//! It is the last thing that is done, and what fails here costs labels only: text and sound are on the disk.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::text;
use super::transcribe::TranscribeError;
use crate::base::utterance::Utterance;
use crate::care::offline::{self, OfflineSink, Past};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::live::SessionSink as _;
use crate::revise::{Author, Proposal, revise};
use crate::session::disk::SystemDisk;
use crate::session::journal::Event;
use crate::session::lock::SessionLock;
use crate::session::reading::Session;
use crate::session::shared::TrackShared;
use crate::session::voices::{self, VoiceEntry, Voices};
use crate::speakers::enrolled::Enrolled;
use crate::speakers::networks::{Embedding, Networks};
use crate::speakers::recognise;
use crate::speech::levels::TrackLevels;
use crate::speech::voices::across::{self, People};
use crate::speech::voices::{Found, TrackVoices};

/// How often it is looked whether it is to end early.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Tells the voices of a session apart, anew. Gives why it did not; `None` means that it is done. `interrupt`
/// says why it is to stop, which leaves it for later. `enrolled` is the folder of people who are known by
/// their voices. The caller holds the session's lock.
pub(super) fn tell_apart(
    dir: &Path,
    tracks: &[Arc<TrackShared>],
    sink: &Arc<OfflineSink>,
    limits: Vec<Option<usize>>,
    enrolled: &Path,
    mut interrupt: impl AsyncFnMut() -> String,
) -> Option<String> {
    let stop = Arc::new(AtomicBool::new(false));
    let stage = Stage {
        dir: dir.to_owned(),
        tracks: tracks.to_vec(),
        sink: Arc::clone(sink),
        limits,
        enrolled: enrolled.to_owned(),
        stop: Arc::clone(&stop),
    };
    let work = std::thread::Builder::new().name("voices".into()).spawn(move || stage.run());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let interrupted = match (&work, runtime) {
        (Ok(work), Ok(runtime)) => runtime.block_on(async {
            let over = async {
                while !work.is_finished() {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            };
            tokio::select! {
                () = over => None,
                reason = interrupt() => Some(reason),
            }
        }),
        // It can't be interrupted then.
        _ => None,
    };
    stop.store(interrupted.is_some(), Ordering::Relaxed);
    let done = match work.map(|work| work.join()) {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err("it failed on this sound".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let reason = interrupted.filter(|_| done.is_err()).or(done.err())?;
    sink.note(Event::VoicesPending { reason: reason.clone() });
    Some(reason)
}

/// The same for a session whose lock nobody holds.
pub(super) fn of_recording(
    dir: &Path,
    config: &Config,
    interrupt: impl AsyncFnMut() -> String,
) -> Result<Option<String>, TranscribeError> {
    let _lock = SessionLock::take(dir)?;
    let session = Session::open(dir)?;
    let tracks = offline::tracks(&session)?;
    let past = Past::read(dir)?;
    let sink = Arc::new(OfflineSink::open(&SystemDisk, Arc::new(SystemClock), &session, past, true)?);
    let limits = session.manifest.sources.iter().map(|source| text::voices(config, source)).collect();
    drop(session);
    let pending = tell_apart(dir, &tracks, &sink, limits, &config.paths.voices, interrupt);
    let finished = sink.finish();
    finished.map_err(|error| TranscribeError::Write { dir: dir.into(), error })?;
    Ok(pending)
}

struct Stage {
    dir: PathBuf,
    tracks: Vec<Arc<TrackShared>>,
    sink: Arc<OfflineSink>,
    limits: Vec<Option<usize>>,
    /// Folder of people who are known by their voices.
    enrolled: PathBuf,
    stop: Arc<AtomicBool>,
}

impl Stage {
    fn run(self) -> Result<(), String> {
        let session = Session::open(&self.dir).map_err(|error| error.to_string())?;
        let lines = session.latest();
        let of_track = |track: &str| -> Vec<Utterance> {
            lines.iter().filter(|line| line.track == track && line.is_shown()).cloned().collect()
        };
        let mut networks = None;
        let mut all: Vec<(&str, Vec<Utterance>, Found)> = Vec::new();
        for (index, track) in self.tracks.iter().enumerate() {
            let (lines, limit) = (of_track(&track.track), self.limits.get(index).copied().flatten());
            if lines.is_empty() || limit == Some(1) {
                continue;
            }
            let networks = match &mut networks {
                Some(networks) => networks,
                none => none.insert(Networks::load().map_err(|error| error.to_string())?),
            };
            let mut voices = TrackVoices::new(self.dir.clone(), Arc::clone(track), limit);
            let stopped = || self.stop.load(Ordering::Relaxed);
            voices.hear(networks, &lines, &stopped).map_err(|error| error.to_string())?;
            if stopped() {
                return Err("it was interrupted".into());
            }
            let found = voices.found(&before(&session, &track.track));
            all.push((&track.track, lines, found));
        }
        self.recognise(all.iter_mut().map(|(_, _, found)| found));
        let mut tracks: Vec<across::Track<'_>> = Vec::new();
        for (name, lines, found) in &all {
            let told_apart = lines.iter().any(|line| line.voice.is_some());
            let cut = lines.iter().flat_map(|line| match found.proposal(line, told_apart) {
                Some(proposal) => self.revised(line, &proposal),
                None => vec![line.clone()],
            });
            tracks.push(across::Track { name, found, lines: cut.collect() });
        }
        let people = People::find(&tracks);
        let levels = TrackLevels::new(self.dir.clone(), self.tracks.clone());
        for (track, line, proposal) in people.said_once(&tracks, &levels) {
            self.revised(&tracks[track].lines[line], &proposal);
        }
        let of = |(track, voice): (usize, usize)| &tracks[track].found.voices[voice].entry;
        let links: HashMap<&str, &str> =
            people.links().map(|(voice, of_whom)| (&*of(voice).id, &*of(of_whom).id)).collect();
        let entries = tracks.iter().flat_map(|track| &track.found.voices).map(|voice| VoiceEntry {
            linked: links.get(&*voice.entry.id).map(|linked| (*linked).to_owned()),
            ..voice.entry.clone()
        });
        let entries = Voices { entries: entries.collect() };
        Voices::write(&SystemDisk, &self.dir, &entries).map_err(|error| error.to_string())?;
        let found = tracks.iter().flat_map(|track| &track.found.voices);
        let vectors = found.map(|voice| (voice.entry.id.as_str(), &voice.centre[..]));
        if let Err(error) = voices::write_vectors(&SystemDisk, &self.dir, vectors) {
            tracing::warn!(%error, "what the voices sound like is not kept; it can be heard again");
        }
        Ok(())
    }

    /// Notes which voices are those of people who are enrolled. What can't be read of them is said, and costs
    /// their names alone.
    fn recognise<'a>(&self, tracks: impl Iterator<Item = &'a mut Found>) {
        let enrolled = Enrolled::read(&self.enrolled).unwrap_or_else(|error| {
            tracing::warn!(%error, "nobody is known by the voice");
            Enrolled::default()
        });
        for error in &enrolled.broken {
            tracing::warn!(%error, "somebody is not known by the voice");
        }
        if enrolled.people.is_empty() {
            return;
        }
        for found in tracks {
            let voices: Vec<(f64, &Embedding)> =
                found.voices.iter().map(|voice| (voice.entry.seconds, &voice.centre)).collect();
            let prints = recognise::prints(&voices, &enrolled.people);
            for (voice, print) in found.voices.iter_mut().zip(prints) {
                voice.entry.print = print;
            }
        }
    }

    /// Writes what becomes of a line; gives the lines that stand there now.
    fn revised(&self, line: &Utterance, proposal: &Proposal) -> Vec<Utterance> {
        let revised = revise(line, proposal, Author::Machine);
        if revised.is_empty() {
            return vec![line.clone()];
        }
        revised.into_iter().map(|line| self.sink.write_revision(line)).collect()
    }
}

/// Where each voice of a track was held to speak before: its number, from and to.
fn before(session: &Session, track: &str) -> Vec<(u32, f64, f64)> {
    let told = session.history.iter().filter_map(|line| {
        let (of, number) = voices::parts(line.voice.as_deref()?)?;
        (of == track).then_some((line.id.as_str(), (number, line.start, line.end)))
    });
    // The last time that it was told of a line.
    let last: HashMap<&str, (u32, f64, f64)> = told.collect();
    last.into_values().collect()
}

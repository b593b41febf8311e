//! Who said it: the voices of a session whose text is there. Done after the text of a recording, of an import
//! and of `transcribe`, by the same steps that a running recording takes.
//!
//! It is the last thing that is done, and what fails here costs labels only: text and sound are on the disk.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::alone;
use crate::base::utterance::Utterance;
use crate::care::offline::OfflineSink;
use crate::live::SessionSink as _;
use crate::revise::{Author, Proposal, revise};
use crate::session::disk::SystemDisk;
use crate::session::journal::Event;
use crate::session::reading::Session;
use crate::session::shared::TrackShared;
use crate::session::voices::{self, VoiceEntry, Voices};
use crate::speakers::enrolled::Person;
use crate::speakers::worker::Ear;
use crate::speech::known;
use crate::speech::levels::TrackLevels;
use crate::speech::voices::across::{self, People};
use crate::speech::voices::{Found, TrackVoices, VoicesError, ear_of_all_cores, kept};

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
        ear: ear_of_all_cores,
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

struct Stage {
    dir: PathBuf,
    tracks: Vec<Arc<TrackShared>>,
    sink: Arc<OfflineSink>,
    limits: Vec<Option<usize>>,
    /// Folder of people who are known by their voices.
    enrolled: PathBuf,
    /// What hears them.
    ear: fn() -> Result<Box<dyn Ear>, VoicesError>,
    stop: Arc<AtomicBool>,
}

impl Stage {
    fn run(self) -> Result<(), String> {
        let session = Session::open(&self.dir).map_err(|error| error.to_string())?;
        let enrolled = self.people();
        let Some(mut heard) = self.hear(&session.latest(), &enrolled)? else {
            return Err("it was interrupted".into());
        };
        known::recognise(heard.iter_mut().map(|heard| &mut heard.found), &enrolled);
        let mut tracks: Vec<across::Track<'_>> = Vec::new();
        for Heard { found, lines, .. } in &heard {
            let cut = lines.iter().flat_map(|line| match found.proposal(line) {
                Some(proposal) => after(line, &proposal),
                None => vec![line.clone()],
            });
            tracks.push(across::Track { name: &lines[0].track, found, lines: cut.collect() });
        }
        let people = People::find(&tracks);
        let levels = TrackLevels::new(self.dir.clone(), self.tracks.clone());
        for (track, line, proposal) in people.said_once(&tracks, &levels) {
            let line = &mut tracks[track].lines[line];
            *line = after(line, &proposal).swap_remove(0);
        }
        let made: Vec<Vec<Utterance>> = tracks.into_iter().map(|track| track.lines).collect();
        let standing: Vec<Standing> = heard
            .iter_mut()
            .zip(&made)
            .map(|(heard, made)| heard.number(made, &before(&session, &heard.lines[0].track)))
            .collect();
        let mut links = people.links(|(track, voice)| standing[track].voices.contains(&voice));
        // Who gave two sources a name each, in two rooms, knows better than a likeness.
        let is_one = |track: usize| standing[track].voices.len() == 1;
        links.retain(|(own, to)| people.share_a_room(own.0, to.0) || !is_one(own.0) || !is_one(to.0));
        let id = |(track, voice): across::Voice| &heard[track].found.voices[voice].entry.id;
        let (mut entries, mut changed) = (Vec::new(), Vec::new());
        for (track, (made, standing)) in made.into_iter().zip(&standing).enumerate() {
            // A track of one voice says nothing of it in its lines, unless it is somebody's of another track
            // in that room, or something was said before.
            let here = |(own, to): &(across::Voice, across::Voice)| {
                own.0 == track && people.share_a_room(own.0, to.0)
            };
            let is_linked = links.iter().any(here);
            let was_told = heard[track].lines.iter().any(|line| line.voice.is_some());
            let says = is_linked || was_told;
            changed.extend(changes(&session, &heard[track].found, made, standing, says));
            for voice in &standing.voices {
                let linked =
                    links.iter().find(|(own, _)| *own == (track, *voice)).map(|(_, to)| id(*to).clone());
                let entry = heard[track].found.voices[*voice].entry.clone();
                entries.push(VoiceEntry { linked, ..entry });
            }
        }
        // What comes to stand is written before what is shortened or hidden for it: a machine that dies
        // between the two leaves words twice, and loses none.
        changed.sort_by_key(|(comes_to_stand, _)| !comes_to_stand);
        for (_, line) in changed {
            self.sink.write_revision(line);
        }
        entries.extend(alone::known(&self.dir, &self.tracks, &self.limits, &session.latest(), &enrolled));
        let mut turns = BTreeMap::new();
        heard.iter().for_each(|heard| turns.extend(heard.found.turns_by_voice()));
        turns.retain(|id, _| entries.iter().any(|entry: &VoiceEntry| entry.id == *id));
        let entries = Voices { entries, turns };
        Voices::write(&SystemDisk, &self.dir, &entries).map_err(|error| error.to_string())?;
        let found = heard.iter().flat_map(|heard| &heard.found.voices);
        let found = found.filter(|voice| entries.get(&voice.entry.id).is_some());
        let vectors = found.map(|voice| (voice.entry.id.as_str(), &voice.centre[..]));
        if let Err(error) = voices::write_vectors(&SystemDisk, &self.dir, vectors) {
            tracing::warn!(%error, "what the voices sound like is not kept; it can be heard again");
        }
        Ok(())
    }

    /// The people who are enrolled. What can't be read of them is said, and costs their names alone.
    fn people(&self) -> Vec<Person> {
        let (people, unread) = known::people(&self.enrolled);
        for error in &unread {
            tracing::warn!(%error, "somebody is not known by the voice");
        }
        people
    }

    /// Hears the tracks that say something; `None` means that it was interrupted.
    fn hear(&self, lines: &[Utterance], people: &[Person]) -> Result<Option<Vec<Heard>>, String> {
        let (mut ear, mut heard) = (None, Vec::new());
        let kept = kept::take(&self.dir);
        for (index, track) in self.tracks.iter().enumerate() {
            // An echo is heard, too: around a table it is decided here whose track has the words.
            let has_words = |line: &&Utterance| line.withheld.is_none() && !line.text.is_empty();
            let lines = lines.iter().filter(|line| line.track == track.track).filter(has_words);
            let lines: Vec<Utterance> = lines.cloned().collect();
            let limit = self.limits.get(index).copied().flatten();
            if !lines.iter().any(Utterance::is_shown) || limit == Some(1) {
                continue;
            }
            let ear = match &mut ear {
                Some(ear) => ear,
                none => none.insert((self.ear)().map_err(|error| error.to_string())?),
            };
            let mut voices = TrackVoices::new(self.dir.clone(), Arc::clone(track), limit).knowing(&kept);
            voices.meet(people);
            let stopped = || self.stop.load(Ordering::Relaxed);
            voices.hear(&mut **ear, &lines, &stopped).map_err(|error| error.to_string())?;
            if stopped() {
                return Ok(None);
            }
            heard.push(Heard { found: voices.found(), voices, lines });
        }
        Ok(Some(heard))
    }
}

/// What is to be written of a track's lines, and whether it comes to stand where nothing stood.
fn changes(
    session: &Session,
    found: &Found,
    made: Vec<Utterance>,
    standing: &Standing,
    says: bool,
) -> Vec<(bool, Utterance)> {
    let says = says || standing.voices.len() > 1;
    let lines = made.into_iter().zip(&standing.of).filter(|(line, _)| line.edited.is_none());
    let mut changed = Vec::new();
    for (mut line, voice) in lines {
        let voice = voice.filter(|voice| says && standing.voices.contains(voice));
        line.voice = voice.map(|voice| found.voices[voice].entry.id.clone());
        let old = session.written(&line.id);
        if old.is_none_or(|old| Utterance { rev: old.rev, ..line.clone() } != *old) {
            let comes_to_stand = line.is_shown() && !old.is_some_and(Utterance::is_shown);
            changed.push((comes_to_stand, line));
        }
    }
    changed
}

/// Whose a track's lines are.
struct Standing {
    /// The voice of each line.
    of: Vec<Option<usize>>,
    /// Voices that have a word in what is shown.
    voices: BTreeSet<usize>,
}

/// A track that was heard.
struct Heard {
    voices: TrackVoices,
    found: Found,
    /// Its lines as they stood.
    lines: Vec<Utterance>,
}

impl Heard {
    /// Numbers the voices by whose words stand in `made`, the lines that have come of this track's.
    fn number(&mut self, made: &[Utterance], before: &[(u32, f64, f64)]) -> Standing {
        let index = |id: &str| self.found.voices.iter().position(|voice| voice.entry.id == id);
        let of: Vec<Option<usize>> = made.iter().map(|line| line.voice.as_deref().and_then(index)).collect();
        let shown = made.iter().zip(&of).filter(|(line, _)| line.is_shown() && line.edited.is_none());
        let voices: BTreeSet<usize> = shown.filter_map(|(_, voice)| *voice).collect();
        self.voices.number(&mut self.found, before, |voice| voices.contains(&voice));
        Standing { of, voices }
    }
}

/// What stands there after a proposal: the line as it is where it changes nothing.
fn after(line: &Utterance, proposal: &Proposal) -> Vec<Utterance> {
    let revised = revise(line, proposal, Author::Machine);
    if revised.is_empty() { vec![line.clone()] } else { revised }
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

#[cfg(test)]
mod tests;

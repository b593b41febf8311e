//! Muting one source of a running recording: silence is stored in its place, and time goes on.
//!
//! A track is named as its person is, then or now, as its files are, or by any part of these. What is muted
//! ends with the recorder.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Recording;
use crate::base::text;
use crate::capture::drain::Timeline;
use crate::session::journal::Event;
use crate::session::shared::TrackShared;
use crate::session::voices::parts;

/// Why a source can't be muted, or be heard again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MuteError {
    /// Its sources have no time of their own.
    #[error("this recording reads its sources at full speed: there is nothing to mute")]
    AtFullSpeed,
    /// It is over.
    #[error("the recording is ending: nothing can be muted any more")]
    Ending,
    /// There is none of that name.
    #[error("no source of this recording is called {name:?}, nor has that in its name: there are {there}")]
    Unknown { name: String, there: String },
    /// There are several.
    #[error("{name:?} may be several sources: {there}; say more of the one that is meant")]
    Several { name: String, there: String },
    /// It is a person whom a microphone hears beside others.
    #[error("{name} is heard by {heard_by}, as others are: `mute {track}` stores silence for all of them")]
    Shared { name: String, heard_by: String, track: String },
}

/// What was said since the beginning of what people are called, in order: lines of the journal.
#[derive(Debug, Default)]
pub(super) struct Given(Mutex<Vec<Event>>);

impl Given {
    /// Takes in what is journalled.
    pub(super) fn hear(&self, event: &Event) {
        if matches!(event, Event::Renamed { .. } | Event::VoiceNamed { .. } | Event::VoiceMerged { .. }) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        }
    }

    /// What a source is called now, and whom of those it hears somebody has named.
    fn names(&self, track: &TrackShared) -> (String, Vec<String>) {
        let (mut source, mut voices) = (track.name.clone(), BTreeMap::<String, String>::new());
        for event in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            match event {
                Event::Renamed { from, to } => {
                    let names = std::iter::once(&mut source).chain(voices.values_mut());
                    names.filter(|name| **name == *from).for_each(|name| name.clone_from(to));
                }
                Event::VoiceNamed { voice, name }
                    if parts(voice).is_some_and(|(on, _)| on == track.track) =>
                {
                    voices.insert(voice.clone(), name.clone());
                }
                Event::VoiceMerged { from, .. } => drop(voices.remove(from)),
                _ => {}
            }
        }
        (source, voices.into_values().collect())
    }
}

/// A track, and all that it goes by.
struct Going<'a> {
    track: &'a Arc<TrackShared>,
    /// What its source is called now.
    source: String,
    /// Whom it hears, of those who have a name.
    people: Vec<String>,
}

impl Going<'_> {
    /// Whether `is` holds for any of its names.
    fn goes_by(&self, is: impl Fn(&str) -> bool) -> bool {
        is(&self.track.track) || is(&self.track.name) || is(&self.source) || self.hears(is)
    }

    fn hears(&self, is: impl Fn(&str) -> bool) -> bool {
        self.people.iter().any(|name| is(name))
    }

    /// `Alice Weiss (alice)`
    fn told(&self) -> String {
        let source = text::name(&self.source);
        if source.to_lowercase() == self.track.track {
            source
        } else {
            format!("{source} ({})", self.track.track)
        }
    }
}

impl Recording {
    /// The track that is called so: its name in files, its person's as it was recorded or as it is now, in
    /// whatever case of letters, else any part of these that no other has.
    ///
    /// # Errors
    /// There is none, there are several, or the one who is meant is heard together with others.
    pub fn track(&self, name: &str) -> Result<&Arc<TrackShared>, MuteError> {
        if let Some(track) = self.tracks.iter().find(|track| track.track == name) {
            return Ok(track);
        }
        let all: Vec<Going<'_>> = self.tracks.iter().map(|track| self.going(track)).collect();
        let lower = |name: &str| text::name(name).to_lowercase();
        let asked = lower(name);
        let found = |is: &dyn Fn(&str) -> bool| all.iter().filter(|one| one.goes_by(is)).collect::<Vec<_>>();
        let exact: &dyn Fn(&str) -> bool = &|other| other == name;
        let whole: &dyn Fn(&str) -> bool = &|other| lower(other) == asked;
        let part: &dyn Fn(&str) -> bool = &|other| !asked.is_empty() && lower(other).contains(&asked);
        let ways = [exact, whole, part].into_iter();
        let (found, is) = ways.map(|is| (found(is), is)).find(|(found, _)| !found.is_empty()).unzip();
        match (found.as_deref(), is) {
            (Some([one]), Some(is)) => {
                let by_source = [&one.track.track, &one.track.name, &one.source].into_iter().any(|n| is(n));
                if !by_source && one.people.len() > 1 {
                    return Err(MuteError::Shared {
                        name: text::name(name),
                        heard_by: text::name(&one.source),
                        track: one.track.track.clone(),
                    });
                }
                Ok(one.track)
            }
            (Some(several), _) => {
                let there: Vec<String> = several.iter().map(|one| one.told()).collect();
                Err(MuteError::Several { name: text::name(name), there: there.join(", ") })
            }
            (None, _) => {
                let there: Vec<String> = all.iter().map(Going::told).collect();
                Err(MuteError::Unknown { name: text::name(name), there: there.join(", ") })
            }
        }
    }

    fn going<'a>(&self, track: &'a Arc<TrackShared>) -> Going<'a> {
        let (source, people) = self.given.names(track);
        Going { track, source, people }
    }

    /// What a track's source is called now.
    pub fn called(&self, track: &TrackShared) -> String {
        self.given.names(track).0
    }

    /// Whom a track hears, of those who have a name of their own by now.
    pub fn people(&self, track: &TrackShared) -> Vec<String> {
        let mut people = self.given.names(track).1;
        people.sort_unstable();
        people.dedup();
        people
    }

    /// From now on silence is stored in this track's place. Returns the track, since when, and whether it was
    /// muted already.
    ///
    /// # Errors
    /// There is no such track, or nothing that could be muted.
    pub fn mute(&self, name: &str) -> Result<(Arc<TrackShared>, f64, bool), MuteError> {
        if self.stopped_at().is_some() {
            return Err(MuteError::Ending);
        }
        if self.lanes.iter().any(|lane| lane.timeline() == Timeline::Counted) {
            return Err(MuteError::AtFullSpeed);
        }
        let track = self.track(name)?;
        let at = self.clock.now().seconds();
        let already = track.mutes().begin(at);
        if already.is_ok() {
            self.note(Event::Muted { track: track.track.clone(), at });
        }
        Ok((Arc::clone(track), already.err().unwrap_or(at), already.is_err()))
    }

    /// It is heard again. Returns the track, now, and since when it was muted; `None` means that it was not.
    ///
    /// # Errors
    /// There is no such track, or the recording has ended.
    pub fn unmute(&self, name: &str) -> Result<(Arc<TrackShared>, f64, Option<f64>), MuteError> {
        if self.stopped_at().is_some() {
            return Err(MuteError::Ending);
        }
        let track = self.track(name)?;
        let at = self.clock.now().seconds();
        let since = track.mutes().end(at);
        if since.is_some() {
            self.note(Event::Unmuted { track: track.track.clone(), at });
        }
        Ok((Arc::clone(track), at, since))
    }
}

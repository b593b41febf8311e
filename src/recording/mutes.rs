//! Muting one source of a running recording: silence is stored in its place, and time goes on.
//!
//! A track is named as its person is, or as its files are. What is muted ends with the recorder.

use std::sync::Arc;

use super::Recording;
use crate::base::text;
use crate::capture::drain::Timeline;
use crate::session::journal::Event;
use crate::session::shared::TrackShared;

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
    #[error("no source of this recording is called {name:?}: there are {there}")]
    Unknown { name: String, there: String },
    /// There are several.
    #[error("several sources are called {name:?}: name it by its track, {there}")]
    Several { name: String, there: String },
}

impl Recording {
    /// The track that is called so: by its name in files, by its person's name, or by that name in other
    /// letters' cases.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn track(&self, name: &str) -> Result<&Arc<TrackShared>, MuteError> {
        if let Some(track) = self.tracks.iter().find(|track| track.track == name) {
            return Ok(track);
        }
        let lower = |name: &str| text::name(name).to_lowercase();
        let by_name = |same: &dyn Fn(&TrackShared) -> bool| -> Vec<&Arc<TrackShared>> {
            self.tracks.iter().filter(|track| same(track)).collect()
        };
        let mut found = by_name(&|track| track.name == name);
        if found.is_empty() {
            found = by_name(&|track| lower(&track.name) == lower(name) || lower(&track.track) == lower(name));
        }
        match found.as_slice() {
            [one] => Ok(one),
            [] => {
                let names: Vec<String> = self.tracks.iter().map(|track| text::name(&track.name)).collect();
                Err(MuteError::Unknown { name: text::name(name), there: names.join(", ") })
            }
            several => {
                let tracks: Vec<&str> = several.iter().map(|track| track.track.as_str()).collect();
                Err(MuteError::Several { name: text::name(name), there: tracks.join(" or ") })
            }
        }
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

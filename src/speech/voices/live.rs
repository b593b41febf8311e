//! The voices of a recording that runs: told a few seconds after they spoke, and corrected as more of them is
//! heard. The end of the recording does the whole once more, with what was heard here.

use std::sync::Arc;

use super::{Found, TrackVoices, VoicesError};
use crate::base::utterance::Utterance;
use crate::live::SessionView;
use crate::speakers::worker::Ear;

/// All tracks of a recording.
pub struct LiveVoices {
    /// `None` until something is to be heard.
    ear: Option<Box<dyn Ear>>,
    /// `None` where voices are not to be told apart.
    tracks: Vec<Option<TrackVoices>>,
}

impl LiveVoices {
    /// Nothing was heard yet. `limits` has the most voices of each track; `None` sets no bound.
    pub fn new(session: &SessionView, limits: &[Option<usize>]) -> Self {
        let track = |(track, limit): (&Arc<_>, Option<usize>)| {
            let voices = || TrackVoices::new(session.dir.clone(), Arc::clone(track), limit).keeping();
            (limit != Some(1)).then(voices)
        };
        let limits = limits.iter().copied().chain(std::iter::repeat(None));
        Self { ear: None, tracks: session.tracks.iter().zip(limits).map(track).collect() }
    }

    /// Hears what is new of the tracks' latest lines; gives what is found of those tracks of which something
    /// was heard.
    ///
    /// # Errors
    /// A track can't be read back, or the networks fail.
    pub fn step(&mut self, lines: &[Utterance]) -> Result<Vec<(String, Found)>, VoicesError> {
        let mut all = Vec::new();
        for voices in self.tracks.iter_mut().flatten() {
            let track = voices.track.track.clone();
            let own: Vec<Utterance> = lines.iter().filter(|line| line.track == track).cloned().collect();
            if own.is_empty() {
                continue;
            }
            let ear = match &mut self.ear {
                Some(ear) => ear,
                none => none.insert(super::ear()?),
            };
            if voices.hear(&mut **ear, &own, &|| false)? > 0 {
                voices.thin();
                let mut found = voices.found();
                voices.number(&mut found, &[], |_| true);
                all.push((track, found));
            }
        }
        Ok(all)
    }
}

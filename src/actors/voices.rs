//! The Transcriber's voices: hears them on another thread while a recording runs, and begins anew where that
//! fails, as often as its other children may. Text goes before. Voices of people who are enrolled are
//! recognised as at the end of the recording; whose they are is told to those who show lines, and to no file.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::children::Restarts;
use crate::live::SessionView;
use crate::session::journal::Event;
use crate::speakers::enrolled::EnrolledError;
use crate::speech::known;
use crate::speech::voices::Found;
use crate::speech::voices::live::LiveVoices;
use crate::speech::work::Work;

/// Voices are heard this often: a window of sound is whole every five seconds.
const EVERY: Duration = Duration::from_secs(2);
/// They are begun anew at most so often within a minute.
const RESTARTS_A_MINUTE: usize = 5;

/// What was found of voices, with what has heard them.
pub struct VoicesAnswer {
    result: Result<Vec<(String, Found)>, String>,
    /// What could not be read of people who are enrolled.
    unread: Vec<EnrolledError>,
    live: Option<LiveVoices>,
}

impl std::fmt::Debug for VoicesAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VoicesAnswer").finish_non_exhaustive()
    }
}

/// Where it stands.
pub(super) struct Voices {
    session: SessionView,
    /// Most voices of each track; `None` sets no bound, 1 tells none apart.
    limits: Vec<Option<usize>>,
    /// Folder of people who are known by their voices.
    enrolled: PathBuf,
    /// It was said that somebody there can't be read.
    is_said: bool,
    /// `None` while it is at work, where nobody waits for lines, or if it has failed too often.
    live: Option<LiveVoices>,
    at: Instant,
    restarts: Restarts,
}

impl Voices {
    /// Hears nothing unless it is `wanted`.
    pub(super) fn new(
        session: SessionView,
        limits: Vec<Option<usize>>,
        enrolled: PathBuf,
        wanted: bool,
    ) -> Self {
        Self {
            live: wanted.then(|| LiveVoices::new(&session, &limits)),
            session,
            limits,
            enrolled,
            is_said: false,
            at: Instant::now(),
            restarts: Restarts::new(RESTARTS_A_MINUTE, Duration::from_secs(60)),
        }
    }

    /// Has the voices of the latest lines heard, if nothing of that is under way; `tell` is given what was
    /// found. While the text is behind, voices wait.
    pub(super) fn hear(&mut self, work: &Work, tell: impl FnOnce(VoicesAnswer) + Send + 'static) {
        if work.is_behind() || self.at.elapsed() < EVERY {
            return;
        }
        let lines = if self.live.is_some() { work.recent() } else { Vec::new() };
        if lines.is_empty() {
            return;
        }
        let Some(mut live) = self.live.take() else { return };
        let enrolled = self.enrolled.clone();
        let heard = tokio::task::spawn_blocking(move || {
            let (people, unread) = known::people(&enrolled);
            let result = live.step(&lines, &people).map_err(|error| error.to_string());
            (result, unread, live)
        });
        tokio::spawn(async move {
            let (result, unread, live) = match heard.await {
                Ok((result, unread, live)) => (result, unread, Some(live)),
                Err(panic) => (Err(panic.to_string()), Vec::new(), None),
            };
            tell(VoicesAnswer { result, unread, live });
        });
    }

    /// What fails is begun anew, unless it fails too often: then the lines have no voices until the end.
    pub(super) fn take(&mut self, answer: VoicesAnswer, work: &mut Work) {
        self.at = Instant::now();
        if !std::mem::replace(&mut self.is_said, !answer.unread.is_empty()) {
            for error in &answer.unread {
                tracing::warn!(%error, "somebody is not known by the voice");
            }
        }
        match answer.result {
            Ok(found) => {
                self.live = answer.live;
                for (track, found) in &found {
                    // Lines that are revised for it are shown under the names that it gives.
                    let entries = found.voices.iter().map(|voice| voice.entry.clone());
                    self.session.news.know_voices(track, entries);
                    work.take_voices(track, found);
                }
            }
            Err(reason) if self.restarts.allow(Instant::now()) => {
                tracing::warn!(reason, "voices are heard anew");
                self.live = Some(LiveVoices::new(&self.session, &self.limits));
            }
            Err(reason) => work.note(Event::VoicesPending { reason }),
        }
    }
}

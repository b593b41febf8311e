//! A recogniser on another computer, or in another program: any server that has OpenAI's route
//! `/v1/audio/transcriptions`.
//!
//! A segment is a request, several are asked at once, fewer where the server does not bear that. Promises: no
//! sound goes to any other computer than the one that was named (no redirect is followed); the key is never
//! shown; a server's refusal is not asked again; one that is overloaded or away is waited for within stated
//! limits ([`patience`](crate::servers::patience)). Then the local engine goes on, or the text stays pending.
//! Whatever it does costs text and never sound.
//!
//! Lines that still grow are not asked for: that would send all that is said several times over.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::ServerAddress;
use crate::recognisers::engine::{Cost, Engine, Facts, Fit, Gives, Languages, Opening};
use crate::recognisers::protocol::REQUEST_S_MAX;
use crate::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError, Request};
use crate::recognisers::worker;
use crate::servers::key::{Key, KeyError};
use crate::servers::patience::{Limits, Mood};

pub mod answer;
pub mod ask;

use ask::{Asker, Detail, Outcome, Refusal};

/// A server, and how it is asked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it is.
    pub address: ServerAddress,
    /// What it asks for.
    pub key: Option<Key>,
    /// Which of its models; empty: the only one.
    pub model: String,
    /// Requests at once, at least 1.
    pub at_once: usize,
    /// How long one may take.
    pub timeout: Duration,
    /// How long it is waited for.
    pub limits: Limits,
}

/// Why a server can't be used as it was set.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// There is no key where one should be.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Everybody on the way could read the key, and what is said.
    #[error(
        "the key of the transcription server would go to {host} unencrypted, where others can read it: use https:// in \
         transcribe.url, or an encrypted tunnel to a port of this computer"
    )]
    KeyInTheClear {
        /// The server's computer.
        host: String,
    },
}

/// The engine that a server is, and the local one that stands in for it.
#[derive(Debug)]
pub struct Server {
    facts: Facts,
    address: ServerAddress,
    shared: Arc<Shared>,
}

impl Server {
    /// A server; `local` goes on with the text where it does not answer. Nothing is asked yet.
    ///
    /// # Errors
    /// Its key would be readable on the way.
    pub fn new(settings: Settings, local: Option<Arc<dyn Engine>>) -> Result<Self, ServerError> {
        let Settings { address, key, model, at_once, timeout, limits } = settings;
        if key.is_some() && !address.is_encrypted() && !address.is_here() {
            return Err(ServerError::KeyInTheClear { host: address.host().to_owned() });
        }
        let place = address.authority().to_owned();
        let longest_s =
            local.as_ref().map_or(REQUEST_S_MAX, |local| local.facts().longest_s.min(REQUEST_S_MAX));
        let facts = Facts {
            name: if model.is_empty() { place.clone() } else { format!("{model}@{place}") },
            languages: Languages::All,
            longest_s,
            cost: Cost::Elsewhere { at_once: at_once.max(1) },
            fit: Fit::Live,
            // Some tell more; none has to.
            gives: Gives::NOTHING,
        };
        let asker = Asker::new(address.clone(), key, &model, timeout);
        let mood = Mood::new(at_once);
        let state = State { mood, asking: 0, detail: Detail::Words, refused: None, is_away: false };
        let shared = Shared {
            asker,
            place,
            limits,
            state: Mutex::new(state),
            free: Condvar::new(),
            local,
            stand_in: Mutex::new(None),
        };
        Ok(Self { facts, address, shared: Arc::new(shared) })
    }
}

impl Engine for Server {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn open(&self, how: &Opening) -> Box<dyn Recognizer> {
        // They share one stand-in, which then has the processor to itself.
        let how = Opening { threads: how.threads.max(worker::default_threads()), ..how.clone() };
        let (shared, name) = (Arc::clone(&self.shared), self.facts.name.clone());
        Box::new(Remote { shared, how, name, local_name: None, notices: Vec::new() })
    }

    fn sends_to(&self) -> Option<&str> {
        (!self.address.is_here()).then(|| self.address.host())
    }

    fn server(&self) -> Option<&str> {
        Some(&self.shared.place)
    }
}

/// What all that ask one server know of it.
#[derive(Debug)]
struct Shared {
    asker: Asker,
    /// Host and port, for people.
    place: String,
    limits: Limits,
    state: Mutex<State>,
    /// Somebody has been answered.
    free: Condvar,
    local: Option<Arc<dyn Engine>>,
    stand_in: Mutex<Option<StandIn>>,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    /// How many are asking.
    asking: usize,
    /// What it may be asked for.
    detail: Detail,
    /// It wants nothing of what will be asked: why.
    refused: Option<String>,
    /// The local engine stands in.
    is_away: bool,
}

/// The local recogniser.
struct StandIn(Box<dyn Recognizer>);

impl std::fmt::Debug for StandIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StandIn").field(&self.0.model()).finish()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long the server is to be left alone, and what it may be asked for then, by somebody who has
    /// waited for so long.
    fn may_ask(&self, waited: Duration) -> Result<(Duration, Detail), Trouble> {
        let state = self.state();
        if let Some(reason) = &state.refused {
            return Err(Trouble::Refused(reason.clone()));
        }
        let pause = state.mood.pause(Instant::now());
        // One that was given up is left alone, not waited for.
        if !pause.is_zero() && (state.is_away || waited + pause > self.limits.patience) {
            return Err(Trouble::Away("it was left alone for a while".into()));
        }
        Ok((pause, state.detail))
    }

    /// Waits until the server bears one more who asks.
    fn turn(&self) -> Turn<'_> {
        let mut state = self.state();
        while state.asking >= state.mood.at_once() {
            state = self.free.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.asking += 1;
        Turn(self)
    }

    /// Has the server understand it, waiting for it where that may help.
    fn understand(&self, request: &Request) -> Result<Hypothesis, Trouble> {
        // Not the wait for others that are asking.
        let mut waited = Duration::ZERO;
        loop {
            self.may_ask(waited)?;
            let turn = self.turn();
            let (pause, detail) = self.may_ask(waited)?;
            let begun = Instant::now();
            std::thread::sleep(pause);
            let outcome = self.asker.ask(request, detail);
            drop(turn);
            let now = Instant::now();
            waited += now - begun;
            let mut state = self.state();
            match outcome {
                Outcome::Heard(heard) => {
                    state.mood.well();
                    return Ok(*heard);
                }
                Outcome::Refused { reason, refusal: Refusal::Request } => match detail.less() {
                    // That is another request, and not the refused one again.
                    Some(less) => state.detail = state.detail.min(less),
                    None => return Err(Trouble::Refused(reason)),
                },
                Outcome::Refused { reason, refusal } => {
                    if refusal == Refusal::All {
                        state.refused = Some(reason.clone());
                    }
                    return Err(Trouble::Refused(reason));
                }
                Outcome::Busy { reason, after } => {
                    state.mood.busy(now, after, &self.limits);
                    if waited + state.mood.pause(now) > self.limits.patience {
                        state.mood.rest(now, &self.limits);
                        return Err(Trouble::Away(reason));
                    }
                    tracing::info!(place = %self.place, reason, "the server is waited for");
                }
                Outcome::Broken { reason } if state.mood.broken(&self.limits) => {
                    state.mood.rest(now, &self.limits);
                    return Err(Trouble::Away(reason));
                }
                Outcome::Broken { reason } => return Err(Trouble::Broken(reason)),
            }
        }
    }
}

/// Somebody's right to ask.
struct Turn<'a>(&'a Shared);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.asking = state.asking.saturating_sub(1);
        drop(state);
        self.0.free.notify_all();
    }
}

/// Why the server did not understand it.
enum Trouble {
    Refused(String),
    Away(String),
    Broken(String),
}

/// One that asks the server.
struct Remote {
    shared: Arc<Shared>,
    how: Opening,
    /// Name of the server's model.
    name: String,
    /// Name of the local model, where that gave the last answer.
    local_name: Option<String>,
    notices: Vec<String>,
}

impl Remote {
    /// The local engine does it, if there is one. One works for all: there are as many as requests at once,
    /// which this computer has no room for.
    fn stand_in(&mut self, request: &Request, trouble: Trouble) -> Result<Hypothesis, RecognizerError> {
        let server = self.shared.place.clone();
        let Some(local) = self.shared.local.clone() else {
            return Err(match trouble {
                Trouble::Refused(reason) => RecognizerError::Refused { server, reason },
                Trouble::Away(reason) => RecognizerError::Away { server, reason },
                Trouble::Broken(reason) => RecognizerError::Failed { reason: format!("{server}: {reason}") },
            });
        };
        let (Trouble::Refused(reason) | Trouble::Away(reason) | Trouble::Broken(reason)) = trouble;
        if !std::mem::replace(&mut self.shared.state().is_away, true) {
            let name = &local.facts().name;
            self.notices.push(format!("{server} makes no text ({reason}): {name} makes it on this computer"));
        }
        let mut stand_in = self.shared.stand_in.lock().unwrap_or_else(PoisonError::into_inner);
        let StandIn(recognizer) = stand_in.get_or_insert_with(|| StandIn(local.open(&self.how)));
        let heard = recognizer.recognize(request);
        self.local_name = Some(recognizer.model().to_owned());
        heard
    }
}

impl Recognizer for Remote {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        match self.shared.understand(request) {
            Ok(heard) => {
                self.local_name = None;
                if std::mem::take(&mut self.shared.state().is_away) {
                    self.notices.push(format!("{} makes text again", self.shared.place));
                }
                Ok(heard)
            }
            Err(trouble) => self.stand_in(request, trouble),
        }
    }

    fn model(&self) -> &str {
        self.local_name.as_deref().unwrap_or(&self.name)
    }

    fn notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }
}

//! What a view is told: the news of a recording of this process, or the lines with which the socket tells
//! them.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use crate::base::utterance::Utterance;
use crate::live::{Levels, News, Stage, Status, Subscription, display_name};
use crate::session::journal::Event;

/// Something new.
#[derive(Debug, Clone)]
pub enum Told {
    /// A line that is finished, or its revision, with what its speaker is called.
    Line(Box<Utterance>, String),
    /// One that still grows. Without text it is retracted.
    Growing(Box<Utterance>, String),
    /// A voice is called so from now on.
    Voice {
        /// Id of the voice, `TRACK#n`.
        voice: String,
        name: String,
    },
    /// Something happened at that session second.
    Event(f64, Box<Event>),
    Levels(Levels),
    Status(Box<Status>),
    /// Where the recording is on its way to its end.
    Stage(Stage),
    /// So many news came too fast; what lasts of them follows.
    Lagged(u64),
    /// There will be no more.
    Over,
}

/// The news of a recording, as a view wants them.
pub struct NewsFeed {
    news: Subscription,
    /// What each voice was called last.
    voices: BTreeMap<String, String>,
    waiting: VecDeque<Told>,
}

impl NewsFeed {
    /// Of these news.
    pub fn new(news: Subscription) -> Self {
        Self { news, voices: BTreeMap::new(), waiting: VecDeque::new() }
    }

    /// The next; `None` means that there is no more. Waits.
    pub fn wait(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.waiting.pop_front() {
                return Some(told);
            }
            let news = self.news.wait()?;
            self.take(&news);
        }
    }

    fn take(&mut self, news: &News) {
        match news {
            News::Line(line) => {
                let line = &line.utterance;
                let name = display_name(self.news.naming(), line);
                if let Some(voice) = &line.voice {
                    self.voices.insert(voice.clone(), name.clone());
                }
                self.waiting.push_back(Told::Line(Box::new(line.clone()), name));
                self.look_at_voices();
            }
            News::Partial(line) => {
                let name = display_name(self.news.naming(), line);
                self.waiting.push_back(Told::Growing(Box::new((**line).clone()), name));
            }
            News::Event(line) => {
                let at = line.session_ns.seconds();
                self.waiting.push_back(Told::Event(at, Box::new(line.event.clone())));
                self.look_at_voices();
            }
            News::Unwritten(event) => {
                self.waiting.push_back(Told::Event(f64::MAX, Box::new((**event).clone())));
            }
            News::Levels(levels) => self.waiting.push_back(Told::Levels((**levels).clone())),
            News::Status(status) => self.waiting.push_back(Told::Status(Box::new((**status).clone()))),
            News::Stage(stage) => self.waiting.push_back(Told::Stage(stage.clone())),
            News::Lagged(missed) => self.waiting.push_back(Told::Lagged(*missed)),
            News::Progress(_) | News::Over => {}
        }
    }

    /// Voices that are called otherwise now: by a person, by a print, or because there is a second one.
    fn look_at_voices(&mut self) {
        let Some(names) = self.news.naming() else { return };
        for (voice, called) in &mut self.voices {
            let Some(now) = names.of_voice(voice).filter(|now| now.name != *called) else { continue };
            called.clone_from(&now.name);
            self.waiting.push_back(Told::Voice { voice: voice.clone(), name: now.name.clone() });
        }
    }
}

/// What a line of the socket (or of `record --json`) tells, if it is known.
pub fn of_json(line: &str) -> Option<Told> {
    #[derive(Deserialize)]
    struct Kind {
        kind: Option<String>,
    }
    #[derive(Deserialize)]
    struct Named {
        #[serde(flatten)]
        utterance: Utterance,
        name: String,
    }
    #[derive(Deserialize)]
    struct StatusLine {
        status: Status,
    }
    #[derive(Deserialize)]
    struct Lagged {
        missed: u64,
    }
    let kind = serde_json::from_str::<Kind>(line).ok()?.kind;
    match kind.as_deref() {
        None => {
            let Named { utterance, name } = serde_json::from_str(line).ok()?;
            let utterance = Box::new(utterance);
            Some(if utterance.is_final {
                Told::Line(utterance, name)
            } else {
                Told::Growing(utterance, name)
            })
        }
        Some("status") => Some(Told::Status(Box::new(serde_json::from_str::<StatusLine>(line).ok()?.status))),
        Some("levels") => Some(Told::Levels(serde_json::from_str(line).ok()?)),
        Some("lagged") => Some(Told::Lagged(serde_json::from_str::<Lagged>(line).ok()?.missed)),
        Some(_) => {
            let line: crate::session::journal::Line = serde_json::from_str(line).ok()?;
            Some(Told::Event(line.session_ns.seconds(), Box::new(line.event)))
        }
    }
}

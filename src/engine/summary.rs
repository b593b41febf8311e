//! Summaries of sessions: read as they stand now, and made by the chat server of the settings.
//!
//! Promises: where the text would go is known before anything is sent, and journalled when it goes to another
//! computer; a session that is being recorded or transcribed is left alone; the old summary stays until the
//! new one is whole. While the server works the session is free for everybody: what is changed meanwhile
//! makes the summary stale, which is told.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::care::offline::{OfflineError, OfflineSink, Past};
use crate::clock::SystemClock;
use crate::config::{CHAT_KEY, Config, ServerAddress};
use crate::live::SessionSink as _;
use crate::servers::key::{Key, KeyError};
use crate::session::disk::SystemDisk;
use crate::session::journal::Event;
use crate::session::lock::{LockError, SessionLock};
use crate::session::read::ReadError;
use crate::session::reading::Session;
use crate::session::summary::{Shown, Summary};
use crate::summaries::chat::{self, Chat, ChatError};
use crate::summaries::prompt::{self, Prompt};
use crate::summaries::templates::{self, TemplateError};
use crate::summaries::{self, Progress, SummaryError, WINDOW_DEFAULT, Wish, chunks};

/// How long somebody who has the session for a moment is waited for, when a summary is to be written.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// This often.
const LOCK_AGAIN: Duration = Duration::from_millis(50);

/// Why there is no summary, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SummarizeError {
    /// Nobody said which server.
    #[error(
        "no chat server is set, so there are no summaries: give its address with --url or summary.url, such as \
         http://localhost:11434/v1 for Ollama on this computer; all that was said is sent there"
    )]
    NoServer,
    /// Everybody on the way could read the key, and the text.
    #[error(
        "the key of the chat server would go to {host} unencrypted, where others can read it: use https:// in \
         summary.url, or an encrypted tunnel to a port of this computer"
    )]
    KeyInTheClear {
        /// The server's computer.
        host: String,
    },
    /// There is no key where one should be.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is no such template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// It would be of a part of a meeting.
    #[error("the session is being recorded: summarise it when that is over (hansard stop ends it)")]
    Recorded,
    /// Somebody else works with it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The session can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// That the text is sent can't be journalled: then it is not.
    #[error("that the text is sent to another computer can't be noted in the session, so it was not: {0}")]
    Note(OfflineError),
    /// There is none, by the server or by the text.
    #[error("{0}; nothing was changed")]
    Make(SummaryError),
    /// The disk refused.
    #[error("can't write the summary: {0}")]
    Write(std::io::Error),
}

impl From<SummaryError> for SummarizeError {
    fn from(error: SummaryError) -> Self {
        match error {
            SummaryError::Read(error) => Self::Read(error),
            error => Self::Make(error),
        }
    }
}

impl SummarizeError {
    /// Whether the machine or the server failed rather than the request being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Read(error) => error.is_failure(),
            Self::Note(error) => error.is_failure(),
            Self::Make(SummaryError::Chat(error)) => !matches!(error, ChatError::NoModel { .. }),
            Self::Make(SummaryError::Cancelled) => true,
            Self::Write(_) => true,
            _ => false,
        }
    }

    /// Whether somebody wanted it to end.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Make(SummaryError::Cancelled))
    }
}

/// The summary of the session in `dir` as it stands now; `None` means that there is none.
///
/// # Errors
/// It or the session can't be read.
pub fn read(dir: &Path) -> Result<Option<Shown>, ReadError> {
    let Some(summary) = Summary::read(dir)? else { return Ok(None) };
    Ok(Some(summary.over(&Session::open(dir)?)))
}

/// How summaries are made, and by whom, as the settings say. Nothing is asked yet.
#[derive(Debug, Clone)]
pub struct Plan {
    wish: Wish,
}

impl Plan {
    /// Of these settings.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(config: &Config) -> Result<Self, SummarizeError> {
        let summary = &config.summary;
        let address = summary.server().ok_or(SummarizeError::NoServer)?;
        let key = Key::find(CHAT_KEY, &summary.key_file)?;
        if key.is_some() && !address.is_encrypted() && !address.is_here() {
            return Err(SummarizeError::KeyInTheClear { host: address.host().to_owned() });
        }
        let server = chat::Settings {
            address,
            key,
            model: summary.model.clone(),
            timeout: Duration::from_secs_f64(summary.timeout_s),
            limits: chat::Settings::limits(),
        };
        let is_path = summary.template.contains(['/', '\\']);
        let path = config.folder(&summary.template).ok().filter(|_| is_path);
        let template = path.map_or_else(|| summary.template.clone(), |path| path.display().to_string());
        let wish = Wish {
            server,
            template: templates::find(&template)?,
            window: Some(u64::from(summary.context_tokens)).filter(|tokens| *tokens > 0),
            answer_tokens: u64::from(summary.answer_tokens),
        };
        Ok(Self { wish })
    }

    /// Where the text goes.
    pub fn address(&self) -> &ServerAddress {
        &self.wish.server.address
    }

    /// Name of the template.
    pub fn template(&self) -> &str {
        &self.wish.template.name
    }

    /// The other computer that is sent all that was said; `None` means that it stays on this one.
    pub fn sends_to(&self) -> Option<&str> {
        Some(self.address()).filter(|address| !address.is_here()).map(ServerAddress::host)
    }

    /// What would be sent for the session in `dir`, if the server takes in as much as is set, else as little
    /// as most do unasked. Asks nobody.
    ///
    /// # Errors
    /// The session can't be read, or has no text.
    pub fn rehearse(&self, dir: &Path) -> Result<Rehearsal, SummarizeError> {
        let session = Session::open(dir)?;
        let lines = summaries::lines(&session);
        if lines.is_empty() {
            return Err(SummaryError::NoText.into());
        }
        let prompt = Prompt::new(&self.wish.template, &summaries::language(&session));
        let window = self.wish.window.unwrap_or(WINDOW_DEFAULT);
        let budget = summaries::budget(window, self.wish.answer_tokens, &prompt)?;
        let chat = Chat::new(self.wish.server.clone());
        let part = |part: std::ops::Range<usize>| {
            let user = prompt::user(&lines[part.clone()]);
            let request = chat.request(&prompt, &user, budget.answer);
            Part { lines: part.len(), user, request }
        };
        let parts = chunks::parts(&lines, budget.lines).into_iter().map(part).collect();
        Ok(Rehearsal { url: self.address().chat(), window, system: prompt.system, parts })
    }

    /// Whether a summary of the session in `dir` can be begun now. Asks nobody.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, dir: &Path) -> Result<(), SummarizeError> {
        self.open(dir).map(drop)
    }

    /// The session, which nobody else works with at this moment and which has text.
    fn open(&self, dir: &Path) -> Result<(Session, SessionLock), SummarizeError> {
        // Whatever that folder is, no lock is put into one that is no session.
        crate::session::read::read_manifest(dir)?;
        #[cfg(unix)]
        if crate::control::folder::find(dir).is_some() {
            return Err(SummarizeError::Recorded);
        }
        let lock = SessionLock::take(dir)?;
        let session = Session::open(dir)?;
        match summaries::lines(&session).is_empty() {
            true => Err(SummaryError::NoText.into()),
            false => Ok((session, lock)),
        }
    }

    /// Makes the summary of the session in `dir` and writes it. `told` hears how far it is, `cancelled` is
    /// asked several times a second while the server works and while the session is waited for.
    ///
    /// # Errors
    /// There is none; then the old one, if there was one, is still there.
    pub fn make(
        &self,
        dir: &Path,
        told: &mut dyn FnMut(Progress),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Shown, SummarizeError> {
        let session = {
            let (session, _lock) = self.open(dir)?;
            self.note(&session)?;
            session
        };
        let summary = summaries::make(&session, &self.wish, told, cancelled)?;
        let _lock = take_soon(dir, cancelled)?;
        summary.write(&SystemDisk, dir).map_err(SummarizeError::Write)?;
        Ok(summary.over(&Session::open(dir)?))
    }

    /// Journals that the text goes to another computer, before it does.
    fn note(&self, session: &Session) -> Result<(), SummarizeError> {
        let Some(host) = self.sends_to() else { return Ok(()) };
        let past = Past::read(&session.dir).map_err(SummarizeError::Note)?;
        let clock = Arc::new(SystemClock);
        let sink =
            OfflineSink::open(&SystemDisk, clock, session, past, true).map_err(SummarizeError::Note)?;
        sink.note(Event::TextSummarised { host: host.to_owned() });
        let path = session.dir.join(crate::session::read::JOURNAL);
        sink.finish().map_err(|error| SummarizeError::Note(OfflineError::Write { path, error }))
    }
}

/// The session, once it is free: corrections have it for a moment.
fn take_soon(dir: &Path, cancelled: &dyn Fn() -> bool) -> Result<SessionLock, SummarizeError> {
    let begun = Instant::now();
    loop {
        if cancelled() {
            return Err(SummaryError::Cancelled.into());
        }
        match SessionLock::take(dir) {
            Err(LockError::InUse(_)) if begun.elapsed() < LOCK_PATIENCE => std::thread::sleep(LOCK_AGAIN),
            taken => return Ok(taken?),
        }
    }
}

/// What would be sent.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Rehearsal {
    /// The server's route for it.
    pub url: String,
    /// Tokens that the model is thought to take in.
    pub window: u64,
    /// The instructions, which go with each part.
    pub system: String,
    pub parts: Vec<Part>,
}

/// One request.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Part {
    /// How many lines it has.
    pub lines: usize,
    /// The message with these.
    pub user: String,
    /// All of it, as JSON.
    #[serde(skip)]
    pub request: String,
}

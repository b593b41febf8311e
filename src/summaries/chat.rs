//! The conversation with a chat server that has OpenAI's routes `/v1/chat/completions` and `/v1/models`:
//! Ollama, llama.cpp, LM Studio, vLLM and their like.
//!
//! Promises: an answer counts only if it fits the schema; a server that cut what it was sent is found out by
//! what it says that it took in; one that is overloaded is waited for within stated limits, a refusal is not
//! asked again (but once without the schema, where it is that which is refused). Refuses to make sense of
//! what fits no schema.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::prompt::Prompt;
use super::tokens::Tokens;
use crate::base::text::clean;
use crate::config::ServerAddress;
use crate::servers::answer::parse;
use crate::servers::client::{Client, Reply, Settings as Way};
use crate::servers::key::Key;
use crate::servers::patience::{Limits, Mood};

pub mod answer;

use answer::{Exceeded, Items};

/// Longest answer, in bytes: 24 items with their texts are 30 kB, thoughts may be a hundred times that.
const ANSWER_BYTES_MAX: u64 = 8 << 20;
/// Models that a server may list.
const LISTED_MAX: usize = 10_000;
/// What a server takes in is suspicious below this share of what the text has at least …
const SHARE_OF_LEAST: f64 = 0.9;
/// … and below this share of what earlier parts came to.
const SHARE_OF_EARLIER: f64 = 0.7;
/// Who waits for a server asks this often whether it is to be given up.
const ASKED_EVERY: Duration = Duration::from_millis(100);
/// How long a server is waited for.
const LIMITS: Limits =
    Limits { wait_max: Duration::from_secs(30), patience: Duration::from_secs(60), ..Limits::BRIEF };

/// A server, and how it is asked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it is.
    pub address: ServerAddress,
    /// What it asks for.
    pub key: Option<Key>,
    /// Which of its models; empty: the first one that it names.
    pub model: String,
    /// How long it may take over one part.
    pub timeout: Duration,
    /// Shorter in tests.
    pub limits: Limits,
}

impl Settings {
    /// The usual patience.
    pub fn limits() -> Limits {
        LIMITS
    }
}

/// Why there is no summary: the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// It refuses, and would refuse again.
    #[error("{place} refuses: {reason}{}", hint(*.status))]
    Refused {
        place: String,
        reason: String,
        /// HTTP's; `None` means that it was not asked at all, or sends us elsewhere.
        status: Option<u16>,
    },
    /// It was waited for in vain.
    #[error("{place} can't be asked: {reason}; is it running?")]
    Away { place: String, reason: String },
    /// It takes too long.
    #[error(
        "{place} has not answered in {seconds} s: a smaller model is quicker, and summary.timeout_s gives it more time"
    )]
    Slow {
        place: String,
        /// How long it was given.
        seconds: u64,
    },
    /// It fails again and again.
    #[error("{place} fails: {reason}")]
    Broken { place: String, reason: String },
    /// It dropped a part of what it was sent without saying so.
    #[error(
        "{place} took in {took} tokens of a text that has at least {least}: it has cut the rest away without saying so, \
         and what it answers can't be trusted. Let it take in more (Ollama: OLLAMA_CONTEXT_LENGTH=16384, llama.cpp: -c \
         16384), or say how much it takes in: summary.context_tokens = {window}"
    )]
    CutSilently {
        place: String,
        /// Tokens that it says it took in.
        took: u64,
        /// Tokens that it was sent, by a careful guess.
        least: u64,
        /// What to set.
        window: u64,
    },
    /// It names no model, and nobody else does.
    #[error("{place} names no model: say which with --model or summary.model")]
    NoModel { place: String },
    /// Somebody wanted it to end; the request was ended with it.
    #[error("the summary was given up")]
    GivenUp,
}

fn hint(status: Option<u16>) -> &'static str {
    match status {
        Some(401 | 403) => "; its key belongs into HANSARD_SUMMARY_KEY or the file of summary.key_file",
        Some(404) => "; look at summary.url and summary.model",
        _ => "",
    }
}

/// What came of asking for one part.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// What the model says of it.
    Items(Items),
    /// It is too much for the server.
    TooLong(Exceeded),
    /// The answer was cut, or fits no schema.
    Unusable {
        why: String,
        /// What stood in it before the place where it broke off.
        whole: Items,
    },
}

/// What a server is asked.
#[derive(Clone)]
enum Question {
    Models,
    Chat(Arc<str>),
}

impl Question {
    fn ask(&self, client: &Client) -> Reply {
        let address = client.address();
        match self {
            Self::Models => client.get(address.models()),
            Self::Chat(body) => client.post(address.chat(), "application/json", body.as_bytes()),
        }
    }
}

/// A chat server.
#[derive(Debug)]
pub struct Chat {
    client: Arc<Client>,
    place: String,
    model: String,
    timeout: Duration,
    limits: Limits,
    mood: Mood,
    /// It takes a schema, as far as is known.
    takes_schema: bool,
    /// Tokens that it took in of each that a text has at most, at the most so far.
    density: f64,
}

impl Chat {
    /// For a server. Nothing is asked yet.
    pub fn new(settings: Settings) -> Self {
        let Settings { address, key, model, timeout, limits } = settings;
        let place = address.authority().to_owned();
        let (answer_max, setting, what) = (ANSWER_BYTES_MAX, "summary.url", "text");
        let client = Arc::new(Client::new(Way { address, key, timeout, answer_max, setting, what }));
        let mood = Mood::new(1);
        Self { client, place, model, timeout, limits, mood, takes_schema: true, density: 0.0 }
    }

    /// The model that is asked.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Looks which models there are, which tells whether the server answers, too: chooses the first where
    /// none was named, and gives the tokens that the model takes in, where that is told.
    ///
    /// # Errors
    /// The server can't be reached, refuses all, or names no model; or it was given up.
    pub fn look(&mut self, cancelled: &dyn Fn() -> bool) -> Result<Option<u64>, ChatError> {
        let body = match self.patiently(&Question::Models, cancelled)? {
            Reply::Answer(body) => parse(&body).unwrap_or(Value::Null),
            // Not every server has a list.
            Reply::Refused { status: Some(status), .. } if !matches!(status, 401 | 403) => Value::Null,
            Reply::Refused { reason, status, .. } => return Err(self.refused(reason, status)),
            Reply::Broken { reason } | Reply::Busy { reason, .. } => return Err(self.broken(reason)),
        };
        let listed = body.get("data").or_else(|| body.get("models")).and_then(Value::as_array);
        let listed: Vec<&Value> = listed.into_iter().flatten().take(LISTED_MAX).collect();
        let id = |entry: &Value| {
            ["id", "name", "model"].iter().find_map(|name| entry.get(name)?.as_str()).map(clean)
        };
        if self.model.is_empty() {
            let first = listed.iter().find_map(|entry| id(entry).filter(|id| !id.is_empty()));
            self.model = first.ok_or_else(|| ChatError::NoModel { place: self.place.clone() })?;
        }
        let own = listed.iter().find(|entry| id(entry).as_deref() == Some(self.model.as_str()));
        // A server of one model takes any name for it.
        let only = listed.first().filter(|_| listed.len() == 1);
        Ok(own.or(only).and_then(|entry| answer::window(entry)))
    }

    /// Asks for the items of the lines in `user`; the whole has these `tokens`, the answer up to
    /// `answer_tokens`.
    ///
    /// # Errors
    /// The server makes no summary at all, or it was given up.
    pub fn ask(
        &mut self,
        prompt: &Prompt,
        user: &str,
        tokens: Tokens,
        answer_tokens: u64,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Outcome, ChatError> {
        loop {
            let body = self.request(prompt, user, answer_tokens);
            match self.patiently(&Question::Chat(body.into()), cancelled)? {
                Reply::Answer(body) => return self.read(&body, tokens),
                Reply::Refused { status, reason, body } => {
                    let sizes = parse(&body).as_ref().and_then(answer::exceeded);
                    match (status, sizes) {
                        (_, Some(exceeded)) => return Ok(Outcome::TooLong(exceeded)),
                        (Some(413), None) => return Ok(Outcome::TooLong(Exceeded::default())),
                        // It may be the schema: that is another request then, and not the refused one again.
                        (Some(400 | 415 | 422), None) if self.takes_schema => self.takes_schema = false,
                        (status, None) => return Err(self.refused(reason, status)),
                    }
                }
                Reply::Broken { reason } | Reply::Busy { reason, .. } => return Err(self.broken(reason)),
            }
        }
    }

    /// The request, as JSON.
    pub fn request(&self, prompt: &Prompt, user: &str, answer_tokens: u64) -> String {
        let head = json!({
            "model": self.model,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": user}],
            "temperature": 0,
            "max_tokens": answer_tokens,
            "stream": false,
        })
        .to_string();
        if !self.takes_schema {
            return head;
        }
        // The schema's own order of fields counts: a model first cites, then claims.
        let schema = &prompt.schema;
        format!(
            r#"{},"response_format":{{"type":"json_schema","json_schema":{{"name":"summary","schema":{schema}}}}}}}"#,
            head.trim_end_matches('}')
        )
    }

    fn read(&mut self, body: &[u8], tokens: Tokens) -> Result<Outcome, ChatError> {
        let said = parse(body).ok_or("it is not JSON".to_owned()).and_then(|body| answer::envelope(&body));
        let said = match said {
            Ok(said) => said,
            Err(why) => {
                let why = format!("its answer makes no sense: {why}");
                return Ok(Outcome::Unusable { why, whole: Items::default() });
            }
        };
        if let Some(took) = said.prompt_tokens {
            self.look_at_size(took, tokens)?;
        }
        if self.model.is_empty() {
            self.model = said.model.unwrap_or_default();
        }
        let why = match answer::items(&said.content) {
            Ok(items) => return Ok(Outcome::Items(items)),
            Err(_) if said.cut && said.thought => {
                "it thought until its tokens were used up: give it more with summary.answer_tokens".into()
            }
            Err(_) if said.cut => "its answer was cut at its limit of tokens".into(),
            Err(why) => format!("its answer fits no schema: {why}"),
        };
        Ok(Outcome::Unusable { why, whole: answer::whole_items(&said.content) })
    }

    /// Whether a server took in all that it was sent.
    fn look_at_size(&mut self, took: u64, tokens: Tokens) -> Result<(), ChatError> {
        let density = took as f64 / tokens.most.max(1.0);
        let least = (tokens.least * SHARE_OF_LEAST).max(tokens.most * self.density * SHARE_OF_EARLIER);
        if (took as f64) < least {
            let place = self.place.clone();
            // What it keeps of a text is its window, less what it reserves for the answer.
            let window = took.max(512);
            return Err(ChatError::CutSilently { place, took, least: least.ceil() as u64, window });
        }
        self.density = self.density.max(density);
        Ok(())
    }

    /// Asks, and waits for a server that is overloaded or has just failed, unless it is given up.
    fn patiently(&mut self, question: &Question, cancelled: &dyn Fn() -> bool) -> Result<Reply, ChatError> {
        let begun = Instant::now();
        loop {
            loop {
                if cancelled() {
                    return Err(ChatError::GivenUp);
                }
                match self.mood.pause(Instant::now()) {
                    Duration::ZERO => break,
                    pause => std::thread::sleep(pause.min(ASKED_EVERY)),
                }
            }
            let reply = self.once(question, cancelled)?;
            let now = Instant::now();
            match reply {
                Reply::Busy { slow: true, .. } => {
                    return Err(ChatError::Slow {
                        place: self.place.clone(),
                        seconds: self.timeout.as_secs(),
                    });
                }
                Reply::Busy { reason, after, slow: false } => {
                    self.mood.busy(now, after, &self.limits);
                    if now - begun + self.mood.pause(now) > self.limits.patience {
                        return Err(ChatError::Away { place: self.place.clone(), reason });
                    }
                    tracing::info!(place = %self.place, reason, "the server is waited for");
                }
                Reply::Broken { reason } => {
                    if self.mood.broken(&self.limits) {
                        return Err(self.broken(reason));
                    }
                    tracing::info!(place = %self.place, reason, "the server is asked again");
                }
                reply => {
                    self.mood.well();
                    return Ok(reply);
                }
            }
        }
    }

    /// Asks once, on a thread of its own: this one sees when it is to be given up, and ends the request then,
    /// so that the server works no longer for nobody.
    fn once(&self, question: &Question, cancelled: &dyn Fn() -> bool) -> Result<Reply, ChatError> {
        let (tell, told) = channel();
        let (client, question) = (Arc::clone(&self.client), question.clone());
        let asker = move || {
            // Nobody waits for it any more, if it was given up.
            let _ = tell.send(question.ask(&client));
        };
        let no_thread = |error: std::io::Error| self.broken(format!("no thread can be started ({error})"));
        std::thread::Builder::new().name("chat".into()).spawn(asker).map_err(no_thread)?;
        loop {
            match told.recv_timeout(ASKED_EVERY) {
                Ok(reply) => return Ok(reply),
                Err(RecvTimeoutError::Disconnected) => return Err(self.broken("it was not asked".into())),
                Err(RecvTimeoutError::Timeout) if cancelled() => {
                    self.client.hang_up();
                    return Err(ChatError::GivenUp);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn refused(&self, reason: String, status: Option<u16>) -> ChatError {
        ChatError::Refused { place: self.place.clone(), reason, status }
    }

    fn broken(&self, reason: String) -> ChatError {
        ChatError::Broken { place: self.place.clone(), reason }
    }
}

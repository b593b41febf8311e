//! One request to a server, and what came of it. It knows no second attempt.

use std::io::Read as _;
use std::time::Duration;

use jiff::Timestamp;
use ureq::http::{Response, Uri, header};
use ureq::{Agent, Body};

use super::key::Key;
use super::{answer, patience};
use crate::config::ServerAddress;

/// To find and reach the server, encryption included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What came of a request. Each reason is one line for people, without the key.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// What it says.
    Answer(Vec<u8>),
    /// It doesn't want this request; it would not want it a second time either.
    Refused {
        /// 400..=499; none where it can't be asked at all, or sends us elsewhere.
        status: Option<u16>,
        reason: String,
        body: Vec<u8>,
    },
    /// It is overloaded, or can't be reached; it may say for how long.
    Busy {
        reason: String,
        after: Option<Duration>,
        /// It took its time and did not answer: another such request would take as long.
        slow: bool,
    },
    /// It failed, or its answer can't be used.
    Broken { reason: String },
}

/// How a server is asked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it is.
    pub address: ServerAddress,
    /// What it asks for.
    pub key: Option<Key>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Longest answer, in bytes.
    pub answer_max: u64,
    /// The setting that names it, for messages.
    pub setting: &'static str,
    /// What must not get to another computer, for messages.
    pub what: &'static str,
}

/// Asks one server.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    settings: Settings,
}

impl Client {
    /// Nothing is asked yet.
    pub fn new(settings: Settings) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(concat!("hansard/", env!("CARGO_PKG_VERSION")))
            // An answer is small; unpacked it might not be.
            .accept_encoding("identity")
            // A redirect could lead to another computer than the one that was named.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(Some(CONNECT_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(settings.timeout));
        // What stays on this computer goes through no proxy.
        let config = if settings.address.is_here() { config.proxy(None) } else { config };
        Self { agent: config.build().into(), settings }
    }

    /// Where the server is.
    pub fn address(&self) -> &ServerAddress {
        &self.settings.address
    }

    /// Ends the requests that wait for an answer, from another thread; none can be made after that. A name
    /// that is being looked up, or a connection that is being made, ends by its own time.
    pub fn hang_up(&self) {
        self.agent.clone().shutdown();
    }

    /// Sends `body`, once.
    pub fn post(&self, url: String, content_type: &str, body: &[u8]) -> Reply {
        let mut post = self.agent.post(url).header(header::CONTENT_TYPE, content_type);
        if let Some(key) = &self.settings.key {
            post = post.header(header::AUTHORIZATION, key.header());
        }
        self.of(post.send(body))
    }

    /// Asks for what stands there, once.
    pub fn get(&self, url: String) -> Reply {
        let mut get = self.agent.get(url);
        if let Some(key) = &self.settings.key {
            get = get.header(header::AUTHORIZATION, key.header());
        }
        self.of(get.call())
    }

    fn of(&self, response: Result<Response<Body>, ureq::Error>) -> Reply {
        self.without_key(match response {
            Ok(response) => self.judge(response),
            Err(error) => of_error(&error),
        })
    }

    fn judge(&self, mut response: Response<Body>) -> Reply {
        let status = response.status().as_u16();
        let named =
            |name: header::HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
        let after =
            named(header::RETRY_AFTER).and_then(|after| patience::retry_after(after, Timestamp::now()));
        let location = named(header::LOCATION).map(|place| self.redirected(place));
        let mut body = Vec::new();
        let max = self.settings.answer_max;
        let mut reader = response.body_mut().as_reader().take(max + 1);
        if let Err(error) = reader.read_to_end(&mut body) {
            let slow = error.kind() == std::io::ErrorKind::TimedOut;
            return Reply::Busy { reason: format!("its answer broke off ({error})"), after: None, slow };
        }
        let said = || match answer::complaint(&body) {
            said if said.is_empty() => String::new(),
            said => format!(": {said}"),
        };
        match status {
            200..=299 if body.len() as u64 > max => {
                Reply::Broken { reason: format!("its answer is longer than {max} bytes") }
            }
            200..=299 => Reply::Answer(body),
            300..=399 => Reply::Refused {
                status: None,
                reason: location.unwrap_or_else(|| format!("it answers {status} and names no other place")),
                body,
            },
            408 | 429 | 502 | 503 | 504 => {
                Reply::Busy { reason: format!("it answers {status}{}", said()), after, slow: false }
            }
            400..=499 => {
                let reason = format!("it answers {status}{}", said());
                Reply::Refused { status: Some(status), reason, body }
            }
            _ => Reply::Broken { reason: format!("it answers {status}{}", said()) },
        }
    }

    /// What is said of a redirect; none is followed.
    fn redirected(&self, place: &str) -> String {
        let place: String = place.chars().filter(|c| c.is_ascii_graphic()).take(200).collect();
        let host = place.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase));
        let Settings { address, setting, what, .. } = &self.settings;
        match host {
            Some(host) if host.trim_matches(['[', ']']) != address.host() => {
                format!("it sends us on to another computer ({host}), where no {what} is sent unasked")
            }
            _ => format!("it says that it is at {place}: put that into {setting}, up to /v1"),
        }
    }

    fn without_key(&self, mut reply: Reply) -> Reply {
        if let (
            Some(key),
            Reply::Refused { reason, .. } | Reply::Busy { reason, .. } | Reply::Broken { reason },
        ) = (&self.settings.key, &mut reply)
        {
            *reason = key.hide_in(reason);
        }
        reply
    }
}

/// What is wrong with the way to the server.
fn of_error(error: &ureq::Error) -> Reply {
    match error {
        ureq::Error::BadUri(_)
        | ureq::Error::Http(_)
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::Tls(_)
        | ureq::Error::Rustls(_)
        | ureq::Error::TlsRequired => {
            Reply::Refused { status: None, reason: format!("it can't be asked ({error})"), body: Vec::new() }
        }
        ureq::Error::Timeout(_) => {
            Reply::Busy { reason: "it does not answer in time".into(), after: None, slow: true }
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            Reply::Broken { reason: format!("it does not speak HTTP ({error})") }
        }
        error => Reply::Busy { reason: format!("it can't be reached ({error})"), after: None, slow: false },
    }
}

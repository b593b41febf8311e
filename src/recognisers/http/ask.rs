//! One request to a server, and what came of it. It knows no second attempt.

use std::io::Read as _;
use std::time::Duration;

use jiff::Timestamp;
use ureq::http::{Response, Uri, header};
use ureq::{Agent, Body};

use super::key::Key;
use super::{answer, patience};
use crate::config::ServerAddress;
use crate::recognisers::recognizer::{Hypothesis, Request};

/// Longest answer, in bytes: half a minute of speech with tokens and word times is some 50 kB.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// To find and reach the server, encryption included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What parts the fields of a form. No 16-bit sound in 28 s holds it but by a chance of one in 10^80.
const BOUNDARY: &str = "hansard-3f6d1c0b9a52e874d1f0c6b35a9e27d8";
/// What servers of one model are mostly asked for by others.
const ANY_MODEL: &str = "whisper-1";

/// How much a server is asked for. What it refuses it is not asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The text alone.
    Text,
    /// Segments with their times.
    Segments,
    /// Words with their times.
    Words,
}

impl Detail {
    /// The next smaller wish.
    pub fn less(self) -> Option<Self> {
        match self {
            Self::Words => Some(Self::Segments),
            Self::Segments => Some(Self::Text),
            Self::Text => None,
        }
    }

    fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Text => &[("response_format", "json")],
            Self::Segments => &[("response_format", "verbose_json")],
            Self::Words => &[
                ("response_format", "verbose_json"),
                ("timestamp_granularities[]", "word"),
                ("timestamp_granularities[]", "segment"),
            ],
        }
    }
}

/// What came of a request. Each reason is one line for people, without the key.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Heard(Box<Hypothesis>),
    /// It doesn't want this request; it would not want it a second time either.
    Refused {
        reason: String,
        refusal: Refusal,
    },
    /// It is overloaded, or can't be reached; it may say for how long.
    Busy {
        reason: String,
        after: Option<Duration>,
    },
    /// It failed, or its answer can't be used.
    Broken {
        reason: String,
    },
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// How it was asked, perhaps: with less it may do.
    Request,
    /// That there is too much of it.
    Sound,
    /// Everything that will be asked.
    All,
}

/// Asks one server.
#[derive(Debug)]
pub struct Asker {
    agent: Agent,
    address: ServerAddress,
    key: Option<Key>,
    model: String,
}

impl Asker {
    /// For a server and, if it serves several, one of its models; an answer may take `timeout`.
    pub fn new(address: ServerAddress, key: Option<Key>, model: &str, timeout: Duration) -> Self {
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
            .timeout_global(Some(timeout));
        // What stays on this computer goes through no proxy.
        let config = if address.is_here() { config.proxy(None) } else { config };
        let model = if model.is_empty() { ANY_MODEL } else { model }.to_owned();
        Self { agent: config.build().into(), address, key, model }
    }

    /// Asks it, once.
    pub fn ask(&self, request: &Request, detail: Detail) -> Outcome {
        let mut post = self.agent.post(self.address.transcriptions());
        post = post.header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"));
        if let Some(key) = &self.key {
            post = post.header(header::AUTHORIZATION, key.header());
        }
        let outcome = match post.send(&form(&self.model, request, detail)[..]) {
            Ok(response) => self.judge(response, request),
            Err(error) => of_error(&error),
        };
        self.without_key(outcome)
    }

    fn judge(&self, mut response: Response<Body>, request: &Request) -> Outcome {
        let status = response.status().as_u16();
        let named =
            |name: header::HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
        let after =
            named(header::RETRY_AFTER).and_then(|after| patience::retry_after(after, Timestamp::now()));
        let location = named(header::LOCATION).map(|place| self.redirected(place));
        let mut body = Vec::new();
        let mut reader = response.body_mut().as_reader().take(ANSWER_BYTES_MAX + 1);
        if let Err(error) = reader.read_to_end(&mut body) {
            return Outcome::Busy { reason: format!("its answer broke off ({error})"), after: None };
        }
        let said = || match answer::complaint(&body) {
            said if said.is_empty() => String::new(),
            said => format!(": {said}"),
        };
        match status {
            200..=299 if body.len() as u64 > ANSWER_BYTES_MAX => {
                Outcome::Broken { reason: format!("its answer is longer than {ANSWER_BYTES_MAX} bytes") }
            }
            200..=299 => match answer::read(&body, request) {
                Ok(heard) => Outcome::Heard(Box::new(heard)),
                Err(why) => Outcome::Broken { reason: format!("its answer makes no sense: {why}") },
            },
            300..=399 => Outcome::Refused {
                reason: location.unwrap_or_else(|| format!("it answers {status} and names no other place")),
                refusal: Refusal::All,
            },
            408 | 429 | 502 | 503 | 504 => {
                Outcome::Busy { reason: format!("it answers {status}{}", said()), after }
            }
            400..=499 => Outcome::Refused {
                reason: format!("it answers {status}{}", said()),
                refusal: match status {
                    400 | 415 | 422 => Refusal::Request,
                    413 => Refusal::Sound,
                    _ => Refusal::All,
                },
            },
            _ => Outcome::Broken { reason: format!("it answers {status}{}", said()) },
        }
    }

    /// What is said of a redirect; none is followed.
    fn redirected(&self, place: &str) -> String {
        let place: String = place.chars().filter(|c| c.is_ascii_graphic()).take(200).collect();
        let host = place.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase));
        match host {
            Some(host) if host.trim_matches(['[', ']']) != self.address.host() => {
                format!("it sends us on to another computer ({host}), where no sound is sent unasked")
            }
            _ => format!("it says that it is at {place}: put that into transcribe.url, up to /v1"),
        }
    }

    fn without_key(&self, mut outcome: Outcome) -> Outcome {
        if let (
            Some(key),
            Outcome::Refused { reason, .. } | Outcome::Busy { reason, .. } | Outcome::Broken { reason },
        ) = (&self.key, &mut outcome)
        {
            *reason = key.hide_in(reason);
        }
        outcome
    }
}

/// What is wrong with the way to the server.
fn of_error(error: &ureq::Error) -> Outcome {
    match error {
        ureq::Error::BadUri(_)
        | ureq::Error::Http(_)
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::Tls(_)
        | ureq::Error::Rustls(_)
        | ureq::Error::TlsRequired => {
            Outcome::Refused { reason: format!("it can't be asked ({error})"), refusal: Refusal::All }
        }
        ureq::Error::Timeout(_) => Outcome::Busy { reason: "it does not answer in time".into(), after: None },
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            Outcome::Broken { reason: format!("it does not speak HTTP ({error})") }
        }
        error => Outcome::Busy { reason: format!("it can't be reached ({error})"), after: None },
    }
}

/// The form that is sent: what is wished for, then the sound.
fn form(model: &str, request: &Request, detail: Detail) -> Vec<u8> {
    let mut fields = vec![("model", model), ("temperature", "0")];
    fields.extend(detail.fields());
    fields.extend(request.language.as_deref().map(|language| ("language", language)));
    fields.extend(request.prompt.as_deref().map(|prompt| ("prompt", prompt)));
    let mut out = Vec::with_capacity(request.samples.len() * 2 + 2048);
    for (name, value) in fields {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"segment.wav\"\r\n\
         Content-Type: audio/wav\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    wav(&request.samples, &mut out);
    out.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    out
}

/// The sound as a WAV of 16 bits.
fn wav(samples: &[f32], out: &mut Vec<u8>) {
    const RATE: u32 = 16_000;
    let bytes = (samples.len() * 2) as u32;
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(36 + bytes).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel.
    out.extend_from_slice(&[1, 0, 1, 0]);
    out.extend_from_slice(&RATE.to_le_bytes());
    out.extend_from_slice(&(RATE * 2).to_le_bytes());
    // Two bytes a frame, 16 bits a sample.
    out.extend_from_slice(&[2, 0, 16, 0]);
    out.extend_from_slice(b"data");
    out.extend_from_slice(&bytes.to_le_bytes());
    // A sample that is no number becomes 0.
    let samples = samples.iter().map(|sample| (sample * 32_767.0).round() as i16);
    out.extend(samples.flat_map(i16::to_le_bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sound_is_a_wav_that_others_read() {
        let mut out = Vec::new();
        wav(&[0.0, 1.0, -2.0, f32::NAN, 0.5], &mut out);
        let mut reader = hound::WavReader::new(out.as_slice()).unwrap();
        let spec = reader.spec();
        assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 16_000, 16));
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(samples, [0, 32_767, -32_768, 0, 16_384]);
    }
}

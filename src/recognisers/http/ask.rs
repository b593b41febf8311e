//! One request to a server, and what came of it. It knows no second attempt.

use std::time::Duration;

use super::answer;
use crate::config::ServerAddress;
use crate::recognisers::recognizer::{Hypothesis, Request};
use crate::servers::client::{Client, Reply, Settings};
use crate::servers::key::Key;

/// Longest answer, in bytes: half a minute of speech with tokens and word times is some 50 kB.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
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
    client: Client,
    model: String,
}

impl Asker {
    /// For a server and, if it serves several, one of its models; an answer may take `timeout`.
    pub fn new(address: ServerAddress, key: Option<Key>, model: &str, timeout: Duration) -> Self {
        let (answer_max, setting, what) = (ANSWER_BYTES_MAX, "transcribe.url", "sound");
        let client = Client::new(Settings { address, key, timeout, answer_max, setting, what });
        let model = if model.is_empty() { ANY_MODEL } else { model }.to_owned();
        Self { client, model }
    }

    /// Asks it, once.
    pub fn ask(&self, request: &Request, detail: Detail) -> Outcome {
        let url = self.client.address().transcriptions();
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        match self.client.post(url, &content_type, &form(&self.model, request, detail)) {
            Reply::Answer(body) => match answer::read(&body, request) {
                Ok(heard) => Outcome::Heard(Box::new(heard)),
                Err(why) => Outcome::Broken { reason: format!("its answer makes no sense: {why}") },
            },
            Reply::Refused { status, reason, .. } => Outcome::Refused {
                reason,
                refusal: match status {
                    Some(400 | 415 | 422) => Refusal::Request,
                    Some(413) => Refusal::Sound,
                    _ => Refusal::All,
                },
            },
            Reply::Busy { reason, after, .. } => Outcome::Busy { reason, after },
            Reply::Broken { reason } => Outcome::Broken { reason },
        }
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

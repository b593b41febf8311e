//! What `record` and its recogniser's process say to each other over the child's stdin and stdout.
//!
//! A message is a length (`u32`, little endian), that many bytes of JSON, and for a request its samples as
//! little endian `f32`. Every length has a limit that is checked before anything is allocated, on both sides.
//! The child speaks first: a [`Greeting`] with the protocol's number and the facts of its model, or why it
//! can't serve.

use std::io::{ErrorKind, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::recognisers::recognizer::{Hypothesis, RecognizerError, Request};

/// Raised whenever a message changes.
pub const PROTOCOL: u32 = 3;
/// Longest sound of one request, in seconds: Whisper takes in 30 s at once.
pub const REQUEST_S_MAX: f64 = 30.0;
/// Longest JSON of any message. 30 s of speech are some 200 words of 80 bytes; a prompt is some hundred
/// characters.
const JSON_BYTES_MAX: usize = 256 * 1024;
/// Most samples of a request.
const SAMPLES_MAX: usize = (REQUEST_S_MAX * 16_000.0) as usize;
/// Bytes of a sample.
const SAMPLE: usize = size_of::<f32>();

/// Why a message couldn't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The pipe broke, also in the middle of a message.
    #[error("the pipe between hansard and its recogniser broke: {0}")]
    Pipe(#[from] std::io::Error),
    /// A length beyond its limit: this isn't one of our messages.
    #[error("a message of {length} {what} (at most {limit}): this isn't hansard's protocol")]
    TooLong {
        /// What was counted.
        what: &'static str,
        /// How many were announced.
        length: usize,
        /// How many there may be.
        limit: usize,
    },
    /// JSON that isn't the message that was due.
    #[error("a message that makes no sense: {0}")]
    Json(#[from] serde_json::Error),
}

/// What a recogniser can say of its model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelFacts {
    /// The model's name: its file's stem without `ggml-`.
    pub name: String,
    /// The family's size, as the recogniser calls it ("tiny", "base", …).
    pub size: String,
    /// Whether it knows other languages than English.
    pub multilingual: bool,
    /// How long it took to load.
    pub load_ms: u64,
    /// Threads it works with.
    pub threads: usize,
}

/// The child's first message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Greeting {
    /// [`PROTOCOL`] of the child.
    pub protocol: u32,
    /// The model, or why there is none.
    pub model: Result<ModelFacts, RecognizerError>,
}

/// The head of a request; the samples follow it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestHead {
    samples: usize,
    language: Option<String>,
    prompt: Option<String>,
    speech: Option<(f64, f64)>,
}

/// The answer to a request.
pub type Reply = Result<Hypothesis, RecognizerError>;

/// Writes a message of JSON alone.
pub fn write_message(out: &mut impl Write, message: &impl Serialize) -> Result<(), ProtocolError> {
    let json = serde_json::to_vec(message)?;
    within("bytes", json.len(), JSON_BYTES_MAX)?;
    out.write_all(&(json.len() as u32).to_le_bytes())?;
    out.write_all(&json)?;
    Ok(out.flush()?)
}

/// Reads a message of JSON alone; `None` if the other side ended before it.
pub fn read_message<M: DeserializeOwned>(input: &mut impl Read) -> Result<Option<M>, ProtocolError> {
    let mut length = [0; 4];
    if !read_or_end(input, &mut length)? {
        return Ok(None);
    }
    let length = u32::from_le_bytes(length) as usize;
    within("bytes", length, JSON_BYTES_MAX)?;
    let mut json = vec![0; length];
    input.read_exact(&mut json)?;
    Ok(Some(serde_json::from_slice(&json)?))
}

/// Writes a request with its samples.
pub fn write_request(out: &mut impl Write, request: &Request) -> Result<(), ProtocolError> {
    within("samples", request.samples.len(), SAMPLES_MAX)?;
    let head = RequestHead {
        samples: request.samples.len(),
        language: request.language.clone(),
        prompt: request.prompt.clone(),
        speech: request.speech,
    };
    write_message(out, &head)?;
    let bytes: Vec<u8> = request.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    out.write_all(&bytes)?;
    Ok(out.flush()?)
}

/// Reads a request with its samples; `None` if the other side ended before it. How certain its language is,
/// is not said.
pub fn read_request(input: &mut impl Read) -> Result<Option<Request>, ProtocolError> {
    let Some(head) = read_message::<RequestHead>(input)? else { return Ok(None) };
    within("samples", head.samples, SAMPLES_MAX)?;
    let mut bytes = vec![0; head.samples * SAMPLE];
    input.read_exact(&mut bytes)?;
    let (samples, _) = bytes.as_chunks::<SAMPLE>();
    let samples = samples.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let RequestHead { language, prompt, speech, .. } = head;
    Ok(Some(Request { samples, language, prompt, speech, ..Request::default() }))
}

fn within(what: &'static str, length: usize, limit: usize) -> Result<(), ProtocolError> {
    if length > limit { Err(ProtocolError::TooLong { what, length, limit }) } else { Ok(()) }
}

/// Fills `buffer`; false if the input ended before its first byte.
fn read_or_end(input: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => filled += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(samples: Vec<f32>) -> Request {
        let (language, speech) = (Some("de".into()), Some((0.25, 0.5)));
        Request { samples, language, speech, ..Request::default() }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut pipe = Vec::new();
        let requests = [request(vec![0.5, -0.25, 1e-9]), request(Vec::new())];
        for request in &requests {
            write_request(&mut pipe, request).unwrap();
        }
        let reply: Reply = Err(RecognizerError::Failed { reason: "no".into() });
        let greeting =
            Greeting { protocol: PROTOCOL, model: Err(RecognizerError::Crashed { detail: "x".into() }) };
        write_message(&mut pipe, &reply).unwrap();
        write_message(&mut pipe, &greeting).unwrap();
        let mut pipe = pipe.as_slice();
        for request in requests {
            assert_eq!(read_request(&mut pipe).unwrap(), Some(request));
        }
        assert_eq!(read_message::<Reply>(&mut pipe).unwrap(), Some(reply));
        assert_eq!(read_message::<Greeting>(&mut pipe).unwrap(), Some(greeting));
        assert_eq!(read_request(&mut pipe).unwrap(), None);
    }

    #[test]
    fn limits_hold_on_both_sides() {
        let long = request(vec![0.0; SAMPLES_MAX + 1]);
        assert!(matches!(write_request(&mut Vec::new(), &long), Err(ProtocolError::TooLong { .. })));
        let text = Request { prompt: Some("x".repeat(JSON_BYTES_MAX)), ..Request::default() };
        assert!(matches!(write_request(&mut Vec::new(), &text), Err(ProtocolError::TooLong { .. })));
        let junk = b"GET / HTTP/1.1\r\n\r\n";
        assert!(matches!(read_request(&mut junk.as_slice()), Err(ProtocolError::TooLong { .. })));
        let mut pipe = Vec::new();
        write_message(
            &mut pipe,
            &RequestHead { samples: usize::MAX, language: None, prompt: None, speech: None },
        )
        .unwrap();
        assert!(matches!(read_request(&mut pipe.as_slice()), Err(ProtocolError::TooLong { .. })));
    }

    #[test]
    fn a_torn_message_is_an_error() {
        let mut pipe = Vec::new();
        write_request(&mut pipe, &request(vec![0.5; 100])).unwrap();
        for cut in 1..pipe.len() {
            assert!(read_request(&mut &pipe[..cut]).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(junk in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_request(&mut junk.as_slice());
            let _ = read_message::<Greeting>(&mut junk.as_slice());
        }
    }
}

//! From segments to words: recognisers, the child process that runs them, verdicts, the transcript.

pub mod analysis;
pub mod bleed;
pub mod board;
pub mod foreign;
pub mod gates;
pub mod hearing;
pub mod language;
pub mod listen;
pub mod overheard;
pub mod partial;
pub mod protocol;
pub mod recognizer;
pub mod seeking;
pub mod transcript;
#[cfg(feature = "whisper")]
pub mod whisper;
pub mod words;
pub mod work;
pub mod worker;

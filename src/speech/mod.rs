//! From segments to words: recognisers, the child process that runs them, verdicts, the transcript.

pub mod bleed;
pub mod analysis;
pub mod board;
pub mod transcript;

//! What turns sound into words: the recognisers behind one trait, and the child process that they run in.

pub mod protocol;
pub mod recognizer;
#[cfg(feature = "whisper")]
pub mod whisper;
pub mod words;
pub mod worker;

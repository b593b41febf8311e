//! From segments to words: recognisers, the child process that runs them, verdicts, the transcript.

pub mod analysis;
pub mod bleed;
pub mod echo_window;
pub mod enrol;
pub mod foreign;
pub mod gates;
pub mod known;
pub mod language;
pub mod levels;
pub mod listen;
pub mod overheard;
pub mod partial;
pub mod segment_finder;
pub mod too_quiet;
pub mod track_reader;
pub mod voices;
pub mod word_times;
pub mod work;

//! What is done with a session once its text has been made: times, the minutes.

use std::path::PathBuf;

use crate::care::times::{self, TimesError};
use crate::config::Config;
use crate::export::{self, ExportError};
use crate::session::disk::SystemDisk;

/// Something that went wrong after the recording was safe. None of it costs sound or text.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The transcript keeps older times.
    #[error("the transcript keeps the times that were known while it was recorded: {0}")]
    Times(#[from] TimesError),
    /// There are no minutes.
    #[error("the minutes were not written: {0}")]
    Minutes(#[from] ExportError),
    /// Each track stands under one name.
    #[error("voices are not told apart: {0}; hansard transcribe tries it again")]
    Voices(String),
    /// The recording and its text are there all the same.
    #[error("there was no final pass: {0}")]
    FinalPass(String),
}

/// Gives the lines their final times and writes the minutes; what went wrong.
pub(super) fn minutes(dir: &std::path::Path, config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Err(error) = times::settle(&SystemDisk, dir) {
        problems.push(error.into());
    }
    let written: Result<PathBuf, _> = export::write_minutes(
        &SystemDisk,
        dir,
        config.minutes.paragraph_pause_s,
        config.export.language_in_force(),
    );
    if let Err(error) = written {
        problems.push(error.into());
    }
    problems
}

//! What is done with a session once its recording has ended: times, a further pass, the minutes.

use std::path::PathBuf;

use super::transcribe::{self, TranscribeError};
use crate::actors::transcriber::Outcome;
use crate::care::times::{self, TimesError};
use crate::config::Config;
use crate::export::{self, ExportError};
use crate::live::Bus;
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
    /// The recording and its text are there all the same.
    #[error("there was no final pass: {0}")]
    FinalPass(#[from] TranscribeError),
}

/// What became of a recording's text.
#[derive(Debug)]
pub struct Recorded {
    /// Why text is pending. `None` means that it is complete.
    pub pending: Option<String>,
    /// It is the further pass that is pending.
    pub final_pass: bool,
    /// What went wrong.
    pub problems: Vec<Problem>,
}

impl Recorded {
    /// Finishes the text of the session in `dir`, of which `outcome` is known: the further pass, if the
    /// settings want one (`begun` is told where its news is published), the final times, the minutes.
    pub fn finish(
        dir: &std::path::Path,
        config: &Config,
        outcome: Outcome,
        begun: impl FnOnce(&Bus),
        interrupt: impl AsyncFnMut() -> String,
    ) -> Self {
        let (mut problems, mut final_pass) = (Vec::new(), false);
        let mut pending = match outcome {
            Outcome::Complete => None,
            Outcome::Pending(reason) => Some(reason),
        };
        if config.transcribe.final_pass && pending.is_none() {
            match transcribe::final_pass(dir, config, begun, interrupt) {
                Ok(left) => {
                    final_pass = left.is_some();
                    pending = left.map(|reason| format!("the final pass: {reason}"));
                }
                Err(error) => problems.push(error.into()),
            }
        }
        problems.extend(minutes(dir, config, export::evidence::AT_THE_END_MAX));
        Self { pending, final_pass, problems }
    }
}

/// Gives the lines their final times and writes the minutes, with fingerprints of up to `evidence_max` bytes
/// of sound; what went wrong.
pub(super) fn minutes(dir: &std::path::Path, config: &Config, evidence_max: u64) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Err(error) = times::settle(&SystemDisk, dir) {
        problems.push(error.into());
    }
    let written: Result<PathBuf, _> =
        export::write_minutes(dir, config.minutes.paragraph_pause_s, evidence_max);
    if let Err(error) = written {
        problems.push(error.into());
    }
    problems
}

//! The front door: settings and a plan in, a running recording out, which can be asked, followed and
//! finished.
//!
//! [`Engine::start`] records, [`transcribe`] makes the text of a finished session, [`doctor`] tries whether a
//! recording would go well. All that a user can get wrong is an error of [`plan`], before anything is made.
//! Refuses: to know a terminal, a command line or an exit code. A front end follows the news
//! ([`live`](crate::live)).

use std::path::PathBuf;

use crate::recording::PauseError;
use crate::session::lock::LockError;

mod alone;
pub mod calendar;
mod chime;
pub mod correct;
pub mod defaults;
pub mod doctor;
pub mod enrolled;
mod finish;
pub mod lack;
pub mod levels;
pub mod plan;
mod recorded;
pub mod retention;
mod running;
pub mod spec;
pub mod split;
pub mod summary;
pub mod text;
pub mod transcribe;
mod voices;

pub use finish::{Ended, Recorded, Why};
pub use recorded::Problem;
pub use running::{Asker, Engine};

/// Why a recording can't be started.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The input is wrong, or the folder can't be made.
    #[error(transparent)]
    Plan(#[from] plan::PlanError),
    /// There can be no text as it was asked for.
    #[error(transparent)]
    Text(#[from] text::TextError),
    /// Somebody else has the folder.
    #[error(transparent)]
    InUse(LockError),
    /// The session's files can't be made.
    #[error("can't record into {}: {error}; choose another folder with --out or HANSARD_RECORDINGS", dir.display())]
    Files {
        /// The session's folder.
        dir: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The machine has no room for our threads.
    #[error("can't start the recorder's threads: {0}; close other programs and try again")]
    Threads(String),
    /// It can't be paused, or go on.
    #[error(transparent)]
    Pause(#[from] PauseError),
}

impl EngineError {
    /// Whether the machine failed rather than the input being wrong.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Files { .. } | Self::Threads(_))
    }
}

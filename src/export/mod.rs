//! Minutes and the other formats, all fed by [`turns::Meeting`]; one file per format.
//!
//! A file that Hansard wrote and nobody changed is replaced by a new export; one that was edited by hand is left alone
//! unless the user forces it.

use std::io;
use std::path::{Path, PathBuf};

use crate::session::read::{ReadError, Session};
use save::Target;
use turns::Meeting;

pub mod account;
pub mod captions;
pub mod minutes_md;
pub mod save;
pub mod seglst;
pub mod srt;
pub mod text;
pub mod turns;
pub mod txt;
pub mod vtt;

/// What a session can be exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Minutes in Markdown
    Md,
    /// Minutes as plain text
    Txt,
    /// SubRip subtitles
    Srt,
    /// WebVTT subtitles, with speakers
    Vtt,
    /// Segments and words with their times (SegLST, as MeetEval reads it)
    #[value(alias = "seglst")]
    Json,
}

impl Format {
    /// Name of the file in the session's folder.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Md => "minutes.md",
            Self::Txt => "transcript.txt",
            Self::Srt => "transcript.srt",
            Self::Vtt => "transcript.vtt",
            Self::Json => "transcript.seglst.json",
        }
    }

    /// The whole file of a meeting.
    pub fn render(self, meeting: &Meeting) -> Result<String, ExportError> {
        Ok(match self {
            Self::Md => minutes_md::render(meeting),
            Self::Txt => txt::render(meeting),
            Self::Srt => srt::render(meeting),
            Self::Vtt => vtt::render(meeting),
            Self::Json => seglst::render(meeting)?,
        })
    }
}

/// Why an export was not written, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The session can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Somebody else's words stand there.
    #[error(
        "{} was changed by hand, or is not from Hansard, and was left as it is; `hansard export --force` replaces it",
        path.display()
    )]
    Edited {
        /// The file.
        path: PathBuf,
    },
    /// A folder in a file's place.
    #[error("{} is a folder; name a file in it", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// Nowhere to write to.
    #[error("there is no folder {}; make it first", path.display())]
    NoFolder {
        /// What isn't there.
        path: PathBuf,
    },
    /// A value that JSON can't hold.
    #[error("can't write the transcript as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The system's own error.
    #[error("can't write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl ExportError {
    /// Whether the machine failed rather than the request being wrong.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Read(error) => error.is_failure(),
            Self::Edited { .. } | Self::Folder { .. } | Self::NoFolder { .. } => false,
            Self::Json(_) => true,
            // The user can name another place.
            Self::Write { source, .. } => {
                !matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
            }
        }
    }
}

/// Writes `minutes.md` of the session in `session_dir` and gives its path. Minutes that were edited by hand are left alone:
/// that is [`ExportError::Edited`], whose message says so and is meant to be shown.
pub fn write_minutes(session_dir: &Path, paragraph_pause_s: f64) -> Result<PathBuf, ExportError> {
    let session = Session::open(session_dir)?;
    let minutes = Format::Md.render(&Meeting::new(&session, paragraph_pause_s))?;
    let target = Target::in_session(session_dir, Format::Md.file_name());
    target.check(minutes.as_bytes())?;
    target.write(minutes.as_bytes())
}

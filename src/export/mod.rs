//! Minutes and the other formats, all fed by [`turns::Meeting`]; one file per format. [`minutes`] is the
//! document that Markdown, plain text and Word are drawn from.
//!
//! A file that Hansard wrote and nobody changed is replaced by a new export; one that was edited by hand is
//! left alone unless the user forces it.

use std::io;
use std::path::{Path, PathBuf};

use crate::base::languages::DocumentLanguage;
use crate::session::disk::Disk;
use crate::session::read::ReadError;
use crate::session::reading::Session;
use save::Target;
use turns::Meeting;

pub mod account;
pub mod captions;
pub mod complete;
pub mod csv;
pub mod ctm;
pub mod docx;
pub mod draft;
pub mod evidence;
mod fields;
pub mod floor;
pub mod gaps;
pub mod html;
pub mod kinds;
pub mod labels;
mod memory;
pub mod minutes;
pub mod minutes_md;
pub mod notices;
pub mod order;
pub mod pending;
pub mod people;
pub mod rttm;
pub mod save;
pub mod seglst;
pub mod selection;
pub mod sound;
pub mod speaking;
pub mod srt;
pub mod stm;
pub mod timing;
pub mod turns;
pub mod txt;
pub mod vtt;
pub mod wording;

/// What a session can be exported as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Markdown.
    Md,
    /// Plain text.
    Txt,
    /// HTML, all in one page.
    Html,
    /// Word.
    Docx,
    /// SubRip.
    Srt,
    /// WebVTT.
    Vtt,
    /// SegLST.
    Json,
    /// SegLST, an object a line.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// NIST's diarization.
    Rttm,
    /// NIST's words.
    Ctm,
    /// NIST's utterances.
    Stm,
    /// Audacity's labels.
    Labels,
}

/// How a format is to be written.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Options<'a> {
    /// Times of single words, where the format has a place for them ([`Format::has_words`]).
    pub words: bool,
    /// Where each line's sound is, where the format has a place for that ([`Format::has_evidence`]).
    pub evidence: bool,
    /// What a caption of the subtitle formats may be.
    pub captions: captions::Rules,
    /// Name of the sound file that lies beside an HTML page: all tracks in one, on the session's time.
    pub sound: Option<&'a str>,
}

impl Format {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 13] = [
        Self::Md,
        Self::Txt,
        Self::Html,
        Self::Docx,
        Self::Srt,
        Self::Vtt,
        Self::Json,
        Self::Jsonl,
        Self::Csv,
        Self::Rttm,
        Self::Ctm,
        Self::Stm,
        Self::Labels,
    ];

    /// Its name, and what it is, for a list of formats.
    const fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::Md => ("md", "Minutes in Markdown"),
            Self::Txt => ("txt", "Minutes as plain text"),
            Self::Html => {
                ("html", "Minutes as one page for a browser, with a picture of who spoke when, and search")
            }
            Self::Docx => ("docx", "Minutes as a Word document"),
            Self::Srt => ("srt", "SubRip subtitles"),
            Self::Vtt => ("vtt", "WebVTT subtitles, with speakers"),
            Self::Json => ("json", "Segments and words with their times (SegLST, as MeetEval reads it)"),
            Self::Jsonl => ("jsonl", "The same, an object a line"),
            Self::Csv => ("csv", "A table for spreadsheets"),
            Self::Rttm => ("rttm", "Who spoke when (NIST)"),
            Self::Ctm => ("ctm", "Words with their times, by track (NIST)"),
            Self::Stm => ("stm", "Utterances with their times (NIST)"),
            Self::Labels => ("labels", "A label track for Audacity"),
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.named().0
    }

    /// What it is, for a list of formats.
    pub const fn about(self) -> &'static str {
        self.named().1
    }

    /// Name of the file in the session's folder.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Md => "minutes.md",
            Self::Txt => "transcript.txt",
            Self::Html => "minutes.html",
            Self::Docx => "minutes.docx",
            Self::Srt => "transcript.srt",
            Self::Vtt => "transcript.vtt",
            Self::Json => "transcript.seglst.json",
            // transcript.jsonl is the session's own.
            Self::Jsonl => "utterances.jsonl",
            Self::Csv => "transcript.csv",
            Self::Rttm => "transcript.rttm",
            Self::Ctm => "transcript.ctm",
            Self::Stm => "transcript.stm",
            Self::Labels => "labels.txt",
        }
    }

    /// Whether it is binary, and not for a terminal.
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::Docx)
    }

    /// Whether it tells the tracks' fingerprints, for which their files have to be read
    /// ([`Meeting::with_files`]).
    pub const fn tells_files(self, options: &Options) -> bool {
        matches!(self, Self::Html) || (options.evidence && self.has_evidence())
    }

    /// Whether [`Options::words`] changes it. JSON has them anyway, as has CTM.
    pub const fn has_words(self) -> bool {
        matches!(self, Self::Vtt | Self::Json | Self::Jsonl | Self::Csv | Self::Ctm | Self::Labels)
    }

    /// Whether it has a place for [`Options::evidence`].
    pub const fn has_evidence(self) -> bool {
        matches!(self, Self::Md | Self::Txt | Self::Docx | Self::Html | Self::Json | Self::Jsonl | Self::Csv)
    }

    /// The whole file of a meeting.
    pub fn render(self, meeting: &Meeting, options: &Options) -> Result<Vec<u8>, ExportError> {
        let rules = &options.captions;
        let text = match self {
            Self::Docx => return Ok(docx::render(meeting, options.evidence)?),
            Self::Md => minutes_md::render(meeting, options.evidence),
            Self::Txt => txt::render(meeting, options.evidence),
            Self::Html => html::render(meeting, options),
            Self::Srt => srt::render(meeting, rules),
            Self::Vtt => vtt::render(meeting, rules, options.words),
            Self::Json => seglst::render(meeting, options.evidence)?,
            Self::Jsonl => seglst::render_lines(meeting, options.evidence)?,
            Self::Csv => csv::render(meeting, options.words, options.evidence),
            Self::Rttm => rttm::render(meeting),
            Self::Ctm => ctm::render(meeting),
            Self::Stm => stm::render(meeting),
            Self::Labels => labels::render(meeting, options.words),
        };
        Ok(text.into_bytes())
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
    Edited { path: PathBuf },
    /// A file that the session is made of.
    #[error("{} is a part of the session itself, which no export replaces; name another file", path.display())]
    Own { path: PathBuf },
    /// A folder in a file's place.
    #[error("{} is a folder; name a file in it", path.display())]
    Folder { path: PathBuf },
    /// Something other than a file, where a file must go.
    #[error("{} is not a regular file; sound is written to files only", path.display())]
    Stream { path: PathBuf },
    /// Two exports to one place.
    #[error("{} is being written by another export at this moment", path.display())]
    Busy { path: PathBuf },
    /// Nowhere to write to.
    #[error("there is no folder {}; make it first", path.display())]
    NoFolder {
        /// What isn't there.
        path: PathBuf,
    },
    /// A value that JSON can't hold.
    #[error("can't write the transcript as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Larger than an archive can be.
    #[error("can't write the Word document: {0}")]
    Docx(#[from] zip::result::ZipError),
    /// The system's own error.
    #[error("can't write {}: {source}", path.display())]
    Write {
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
            Self::Edited { .. }
            | Self::Own { .. }
            | Self::Folder { .. }
            | Self::Stream { .. }
            | Self::Busy { .. }
            | Self::NoFolder { .. } => false,
            Self::Json(_) | Self::Docx(_) => true,
            // The user can name another place.
            Self::Write { source, .. } => {
                !matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
            }
        }
    }
}

/// The exports that Hansard made and that are still there: those in a session's folder, or, of the folder of
/// all recordings, those outside of it.
pub fn made(folder: &Path) -> Vec<PathBuf> {
    memory::made(folder)
}

/// Writes `minutes.md` of the session in `session_dir`, in `language` or else that of the meeting, and gives
/// its path. Minutes that were edited by hand
/// are left alone: that is [`ExportError::Edited`], whose message says so and is meant to be shown.
pub fn write_minutes(
    disk: &dyn Disk,
    session_dir: &Path,
    paragraph_pause_s: f64,
    language: Option<DocumentLanguage>,
) -> Result<PathBuf, ExportError> {
    let session = Session::open(session_dir)?;
    let meeting = Meeting::new(&session, paragraph_pause_s).in_language(language);
    let minutes = Format::Md.render(&meeting, &Options::default())?;
    let target = Target::in_session(session_dir, Format::Md.file_name());
    target.check(&minutes)?;
    target.write(disk, &minutes)
}

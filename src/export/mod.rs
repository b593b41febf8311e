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
use whisper::Dialect;

pub mod account;
pub mod behind;
pub mod captions;
pub mod complete;
pub mod csv;
pub mod ctm;
pub mod docx;
pub mod draft;
pub mod eaf;
pub mod evidence;
mod fields;
pub mod floor;
mod front_matter;
pub mod gaps;
pub mod html;
pub mod kinds;
pub mod labels;
pub mod markers;
mod memory;
pub mod minutes;
pub mod minutes_md;
pub mod names;
pub mod notices;
pub mod order;
pub mod pdf;
pub mod pending;
pub mod people;
pub mod podcast;
pub mod qda;
pub mod rttm;
pub mod save;
pub mod seglst;
pub mod selection;
pub mod sound;
pub mod speaking;
pub mod srt;
pub mod stm;
pub mod textgrid;
mod tiers;
pub mod timecode;
pub mod timing;
pub mod turns;
pub mod txt;
pub mod vtt;
pub mod whisper;
pub mod wording;
mod xml;

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
    /// PDF.
    Pdf,
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
    /// Whisper's JSON.
    Whisper,
    /// WhisperX' JSON.
    WhisperX,
    /// ELAN's annotations.
    Eaf,
    /// Praat's TextGrid.
    TextGrid,
    /// Paragraphs with stamps, for qualitative analysis.
    Qda,
    /// A transcript for podcast players.
    Podcast,
    /// Chapters for podcast players.
    Chapters,
    /// Markers for DaVinci Resolve.
    Resolve,
    /// Markers for Premiere Pro.
    Premiere,
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
    /// Begins the Markdown with front matter, and lets its actions be ticked ([`Format::has_front_matter`]).
    pub front_matter: bool,
    /// How frames are counted ([`Format::has_timecode`]).
    pub timecode: timecode::Timecode,
    /// Where an HTML page has its sound: all tracks in one, on the session's time.
    pub sound: Option<html::Sound<'a>>,
}

impl Format {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 23] = [
        Self::Md,
        Self::Txt,
        Self::Html,
        Self::Docx,
        Self::Pdf,
        Self::Srt,
        Self::Vtt,
        Self::Json,
        Self::Jsonl,
        Self::Csv,
        Self::Rttm,
        Self::Ctm,
        Self::Stm,
        Self::Labels,
        Self::Whisper,
        Self::WhisperX,
        Self::Eaf,
        Self::TextGrid,
        Self::Qda,
        Self::Podcast,
        Self::Chapters,
        Self::Resolve,
        Self::Premiere,
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
            Self::Pdf => ("pdf", "Minutes as a PDF"),
            Self::Srt => ("srt", "SubRip subtitles"),
            Self::Vtt => ("vtt", "WebVTT subtitles, with speakers"),
            Self::Json => ("json", "Segments and words with their times (SegLST, as MeetEval reads it)"),
            Self::Jsonl => ("jsonl", "The same, an object a line"),
            Self::Csv => ("csv", "A table for spreadsheets"),
            Self::Rttm => ("rttm", "Who spoke when (NIST)"),
            Self::Ctm => ("ctm", "Words with their times, by track (NIST)"),
            Self::Stm => ("stm", "Utterances with their times (NIST)"),
            Self::Labels => ("labels", "A label track for Audacity"),
            Self::Whisper => ("whisper", "Segments and words as Whisper's JSON"),
            Self::WhisperX => ("whisperx", "The same as WhisperX' JSON, with speakers"),
            Self::Eaf => ("eaf", "Annotations for ELAN, a tier of utterances and one of words a speaker"),
            Self::TextGrid => ("textgrid", "The same as a TextGrid for Praat"),
            Self::Qda => ("qda", "Plain text with a stamp a paragraph, for MAXQDA, ATLAS.ti and the like"),
            Self::Podcast => ("podcast", "A transcript for podcast players (Podcasting 2.0)"),
            Self::Chapters => {
                ("chapters", "What was marked, as chapters for podcast players (Podcasting 2.0)")
            }
            Self::Resolve => ("resolve", "What was marked, as timeline markers for DaVinci Resolve (EDL)"),
            Self::Premiere => ("premiere", "The same for Premiere Pro (Final Cut Pro 7 XML)"),
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

    /// The end of the file's name where that is made for sending ([`names`]): documents and subtitles are;
    /// data for programs have one name ([`Self::file_name`]). So have the minutes in the session's folder.
    pub const fn sent_as(self) -> Option<&'static str> {
        match self {
            Self::Md => Some("md"),
            Self::Txt => Some("txt"),
            Self::Html => Some("html"),
            Self::Docx => Some("docx"),
            Self::Pdf => Some("pdf"),
            Self::Srt => Some("srt"),
            Self::Vtt => Some("vtt"),
            _ => None,
        }
    }

    /// Name of the file in the session's folder, but for those that are made for sending
    /// ([`Self::sent_as`]).
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Md => "minutes.md",
            Self::Txt => "transcript.txt",
            Self::Html => "minutes.html",
            Self::Docx => "minutes.docx",
            Self::Pdf => "minutes.pdf",
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
            Self::Whisper => "transcript.whisper.json",
            Self::WhisperX => "transcript.whisperx.json",
            Self::Eaf => "transcript.eaf",
            Self::TextGrid => "transcript.TextGrid",
            Self::Qda => "transcript.qda.txt",
            Self::Podcast => "transcript.podcast.json",
            Self::Chapters => "chapters.json",
            Self::Resolve => "markers.edl",
            Self::Premiere => "markers.xml",
        }
    }

    /// Whether it is binary, and not for a terminal.
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::Docx | Self::Pdf)
    }

    /// Whether it tells the tracks' fingerprints, for which their files have to be read
    /// ([`Meeting::with_files`]).
    pub const fn tells_files(self, options: &Options) -> bool {
        matches!(self, Self::Html) || (options.evidence && self.has_evidence())
    }

    /// Whether [`Options::words`] has a place in it. JSON, CTM, ELAN's and Praat's have them anyway.
    pub const fn has_words(self) -> bool {
        matches!(
            self,
            Self::Vtt
                | Self::Json
                | Self::Jsonl
                | Self::Csv
                | Self::Ctm
                | Self::Labels
                | Self::Whisper
                | Self::WhisperX
                | Self::Eaf
                | Self::TextGrid
                | Self::Podcast
        )
    }

    /// Whether [`Options::front_matter`] changes it.
    pub const fn has_front_matter(self) -> bool {
        matches!(self, Self::Md)
    }

    /// Whether it counts frames ([`Options::timecode`]).
    pub const fn has_timecode(self) -> bool {
        matches!(self, Self::Resolve | Self::Premiere)
    }

    /// Whether it has a place for [`Options::evidence`].
    pub const fn has_evidence(self) -> bool {
        matches!(
            self,
            Self::Md | Self::Txt | Self::Docx | Self::Pdf | Self::Html | Self::Json | Self::Jsonl | Self::Csv
        )
    }

    /// What its reader would otherwise learn too late: that characters have no font, that nothing was marked.
    /// A sentence or two, for whoever makes the file; `None` if there is nothing to say.
    pub fn remark(self, meeting: &Meeting, options: &Options) -> Option<String> {
        let nothing_marked = || meeting.marks().next().is_none();
        match self {
            Self::Pdf => pdf::missing(meeting, options.evidence),
            Self::Eaf => eaf::remark(meeting),
            Self::Chapters if nothing_marked() => Some(
                "nothing was marked: the meeting is one chapter; `hansard mark` marks while it is recorded"
                    .into(),
            ),
            Self::Resolve | Self::Premiere if nothing_marked() && meeting.notices.is_empty() => Some(
                "nothing was marked: there are no markers; `hansard mark` marks while it is recorded".into(),
            ),
            _ => None,
        }
    }

    /// The whole file of a meeting.
    pub fn render(self, meeting: &Meeting, options: &Options) -> Result<Vec<u8>, ExportError> {
        let rules = &options.captions;
        let text = match self {
            Self::Docx => return Ok(docx::render(meeting, options.evidence)?),
            Self::Pdf => return Ok(pdf::render(meeting, options.evidence)?),
            Self::Md => minutes_md::render(meeting, options.evidence, options.front_matter),
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
            Self::Whisper => whisper::render(meeting, Dialect::Whisper)?,
            Self::WhisperX => whisper::render(meeting, Dialect::WhisperX)?,
            Self::Eaf => eaf::render(meeting),
            Self::TextGrid => textgrid::render(meeting),
            Self::Qda => qda::render(meeting),
            Self::Podcast => podcast::render(meeting, rules, options.words)?,
            Self::Chapters => podcast::chapters(meeting)?,
            Self::Resolve => markers::edl(meeting, &options.timecode),
            Self::Premiere => markers::xmeml(meeting, &options.timecode),
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
    /// Thousands of that name.
    #[error("there are too many files named {name:?} there; name one with --output")]
    Taken { name: String },
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
    /// Our fonts, or the library that writes it.
    #[error("can't write the PDF: {0}")]
    Pdf(#[from] pdf::PdfError),
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
            | Self::Taken { .. }
            | Self::NoFolder { .. } => false,
            Self::Json(_) | Self::Docx(_) | Self::Pdf(_) => true,
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

/// An export that Hansard made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Where it lies.
    pub path: PathBuf,
    /// Nobody changed it since: those that a person changed are theirs.
    pub untouched: bool,
    /// The name of its format, and the command that made it. `None` means that nobody knows.
    pub how: Option<Vec<String>>,
}

/// Exports of a session that lie outside of its folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Those that lie where they were written.
    pub there: Vec<Made>,
    /// Where those lay that do not any more: somebody moved or removed them.
    pub gone: Vec<PathBuf>,
}

/// The exports of the session with this id that were written outside of its folder, as it is remembered in
/// the folder of all recordings.
pub fn elsewhere(recordings: &Path, id: &str) -> Elsewhere {
    memory::elsewhere(recordings, id, |_| true)
}

/// Forgets those of them that are not there any more.
pub fn forget_gone(disk: &dyn Disk, recordings: &Path, id: &str) {
    memory::forget(disk, recordings, id, true);
}

/// Forgets all of them: the session is erased for good, and with it what is known of it.
pub fn forget_elsewhere(disk: &dyn Disk, recordings: &Path, id: &str) {
    memory::forget(disk, recordings, id, false);
}

/// The same as [`made`], with what is known of each.
pub fn made_how(folder: &Path) -> Vec<Made> {
    memory::made_how(folder, |_| true)
}

/// Writes `minutes.md` of the session in `session_dir`, in `language` or else that of the meeting, and gives
/// its path. Minutes that were edited by hand are left alone: that is [`ExportError::Edited`], whose message
/// says so and is meant to be shown. Those that have front matter keep it.
pub fn write_minutes(
    disk: &dyn Disk,
    session_dir: &Path,
    paragraph_pause_s: f64,
    language: Option<DocumentLanguage>,
) -> Result<PathBuf, ExportError> {
    let session = Session::open(session_dir)?;
    let meeting = Meeting::new(&session, paragraph_pause_s).in_language(language);
    let front_matter = minutes_md::has_front_matter(&session_dir.join(Format::Md.file_name()));
    let minutes = Format::Md.render(&meeting, &Options { front_matter, ..Options::default() })?;
    let target = Target::in_session(session_dir, Format::Md.file_name());
    target.check(&minutes)?;
    target.write(disk, &minutes)
}

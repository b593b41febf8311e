//! Whether a recording is complete, as one sentence tells it at the top of a document. That it is, is said
//! only where the journal is whole, the session was finished in order and the tracks' files have all the
//! bytes that were recorded; what the bytes are, `hansard verify` tells.

use super::account::{AccountLine, Lost};
use super::notices::{Notice, NoticeKind};
use super::wording::Wording;
use crate::session::erased::Part;
use crate::session::manifest::State;
use crate::session::reading::Session;

/// Whether anything is missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Completeness {
    /// All that was to be recorded is there.
    Complete,
    /// Nothing was lost, but somebody paused or muted it, or the computer slept: that is told in place.
    LeftOut,
    /// So much of whom was lost, and whether all of that is told in place.
    Lost(Vec<(String, Lost)>, bool),
    /// Nobody knows: it was not finished in order, or goes on.
    Unfinished,
    /// Nobody knows: there is no whole journal.
    NoAccount,
    /// Nobody knows: files of tracks are not there, or shorter than what was recorded.
    Files,
    /// That, and that the sound was removed since, on that day.
    SoundRemoved(Box<Self>, String),
}

impl Completeness {
    /// What is known of a session. `whole` is whether its journal is.
    pub(super) fn of(session: &Session, accounts: &[AccountLine], notices: &[Notice], whole: bool) -> Self {
        let recorded = Self::recorded(session, accounts, notices, whole);
        match session.amendments.erased(Part::Sound) {
            Some(erased) => Self::SoundRemoved(Box::new(recorded), erased.day()),
            None if recorded.is_checked() && !has_all_bytes(session) => Self::Files,
            None => recorded,
        }
    }

    /// What the journal says of the recording, whatever became of its files.
    fn recorded(session: &Session, accounts: &[AccountLine], notices: &[Notice], whole: bool) -> Self {
        let lost: Vec<&AccountLine> = accounts.iter().filter(|line| line.lost.is_any()).collect();
        if session.manifest.state == State::Recording {
            return Self::Unfinished;
        }
        if !lost.is_empty() {
            let is_told = |line: &&AccountLine| {
                let theirs =
                    |notice: &&Notice| notice.tracks.is_empty() || notice.tracks.contains(&line.track);
                let told = notices.iter().filter(|notice| notice.lost).filter(theirs);
                let seconds: f64 = told.map(|notice| notice.to - notice.from).sum();
                // A second of it may be in what is too short to be told.
                !line.lost.unknown && seconds > 0.0 && seconds + 1.0 >= line.lost.seconds
            };
            let in_place = lost.iter().all(is_told);
            return Self::Lost(lost.iter().map(|line| (line.name.clone(), line.lost)).collect(), in_place);
        }
        if !whole || accounts.is_empty() {
            return Self::NoAccount;
        }
        let left_out = |notice: &Notice| {
            matches!(
                notice.kind,
                NoticeKind::NotRecorded | NoticeKind::Paused | NoticeKind::Muted | NoticeKind::Silent
            )
        };
        if notices.iter().any(left_out) { Self::LeftOut } else { Self::Complete }
    }

    fn is_checked(&self) -> bool {
        matches!(self, Self::Complete | Self::LeftOut)
    }

    /// Whether a reader must know it before he reads on.
    pub fn is_warning(&self) -> bool {
        match self {
            Self::SoundRemoved(recorded, _) => recorded.is_warning(),
            recorded => !recorded.is_checked(),
        }
    }

    /// Whether it must be told even where little is told.
    pub fn is_told_first(&self) -> bool {
        self.is_warning() || matches!(self, Self::SoundRemoved(..))
    }

    /// Whether `hansard verify` tells more.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unfinished | Self::NoAccount | Self::Files)
    }

    /// The sentence.
    pub fn told(&self, words: &Wording) -> String {
        let complete = &words.complete;
        match self {
            Self::Complete => complete.complete.to_owned(),
            Self::LeftOut => complete.left_out.to_owned(),
            Self::Unfinished => complete.unfinished.to_owned(),
            Self::NoAccount => complete.no_account.to_owned(),
            Self::Files => complete.files.to_owned(),
            Self::SoundRemoved(recorded, day) => {
                format!("{} {}", recorded.told(words), (complete.sound_removed)(day))
            }
            Self::Lost(lost, in_place) => {
                let of = |(name, lost): &(String, Lost)| (complete.of)(&words.lost(*lost), name);
                (complete.lost)(&(words.list)(&lost.iter().map(of).collect::<Vec<_>>()), *in_place)
            }
        }
    }
}

/// Whether each track's files are there, as long as what they are to hold.
fn has_all_bytes(session: &Session) -> bool {
    session.manifest.takes.iter().all(|take| {
        let frame = u64::from(take.channels).saturating_mul(take.format.bytes());
        let wanted = take.frames.0.saturating_mul(frame).saturating_add(take.data_offset);
        let file = session.take_path(take).ok().and_then(|path| path.metadata().ok());
        file.is_some_and(|file| file.len() >= wanted)
    })
}

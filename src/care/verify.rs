//! Whether a session's files are what its journal says: they are read again, every committed span is summed
//! up anew, and the account is drawn up from the journal's lines against session time.
//!
//! Works on any session at any time, also on one that is being recorded: what follows the last commit is not
//! checked, and that is said. Constant memory beside the journal's facts; nothing is written.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::base::units::{Frames, SampleRate};
use crate::care::reckon::{self, Reckoning, reckon};
use crate::care::replay::{self, Replay, ReplayError, Sum, TakeRecord};
use crate::clock::trouble::clock_trouble;
use crate::session::amend::Amendments;
use crate::session::erased::{Erased, Part};
use crate::session::lock::SessionLock;
use crate::session::manifest::{ClockFit, Manifest, SourceKind, State, TakeEntry, TrackAccount};
use crate::session::read::{self, ReadError};
use crate::session::wav::{HEADER_MAX, OnDisk};

/// Bytes that are read at once: few calls, and it stays in a core's cache.
const BLOCK_BYTES: usize = 256 << 10;

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was finished in order, or mended.
    Closed,
    /// It is being recorded at this moment.
    Recording,
    /// Its recorder died; it has not been mended.
    Dirty,
}

/// What can be wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// It is not there.
    Missing,
    /// A link, a folder or a pipe lies in its place.
    NotAFile,
    /// It can't be read.
    Unreadable,
    /// It does not begin as it should.
    Header,
    /// Its end is cut off.
    Truncated,
    /// Something stands after its end.
    Lengthened,
    /// Other bytes stand in it than were written.
    Altered,
    /// The journal's lines and its own account disagree.
    Account,
    /// `session.json` is not what the journal says.
    Manifest,
}

/// Something that isn't as the journal says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    pub wrong: Wrong,
    /// The file, relative to the session.
    pub file: String,
    /// The track, where it is about one.
    pub track: Option<String>,
    /// Frames of the file, where it is about some.
    pub frames: Option<(Frames, Frames)>,
    /// The same in session seconds.
    pub seconds: Option<(f64, f64)>,
    /// For people.
    pub text: String,
}

/// A take, checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TakeReport {
    pub take: u32,
    /// Its file, relative to the session.
    pub file: String,
    /// Session second of its first frame.
    pub start: f64,
    /// Session second of its end.
    pub end: f64,
    /// Frames a second, as the file's header must state.
    pub rate: SampleRate,
    /// Frames that count.
    pub frames: Frames,
    /// Frames whose checksum was computed and is right.
    pub checked: Frames,
    /// Frames in the file that nothing vouches for.
    pub unchecked: Frames,
    /// Nobody wrote its end.
    pub open: bool,
    /// Its file was removed on that day, as the journal says: nothing of it can be checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
    /// Its clock; no points: it has none, or it was not measured.
    pub clock: ClockFit,
    /// What is wrong with that clock, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// A track, checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackReport {
    /// Its name in files.
    pub track: String,
    /// Its display name.
    pub name: String,
    pub kind: SourceKind,
    pub takes: Vec<TakeReport>,
    /// Where its frames went, drawn up anew.
    pub account: TrackAccount,
    /// Whether what was expected comes from session time and the measured rate; else the source has no clock,
    /// and it is what the source gave.
    pub clocked: bool,
    /// Seconds from … to in which frames are missing without a word.
    pub unexplained: Vec<(f64, f64)>,
}

/// A session, checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub session: PathBuf,
    pub id: String,
    pub title: String,
    /// How it stands.
    pub state: Standing,
    /// Its tracks, in the user's order.
    pub tracks: Vec<TrackReport>,
    /// Frames of all tracks whose checksum is right.
    pub checked: Frames,
    /// Frames of all tracks that nothing vouches for.
    pub unchecked: Frames,
    /// What isn't as the journal says.
    pub problems: Vec<Problem>,
    /// As `session.json` should be, with the account drawn up anew and the names that count.
    #[serde(skip)]
    pub manifest: Option<Manifest>,
}

impl Report {
    /// The day on which sound was removed, as the journal says.
    pub fn sound_removed(&self) -> Option<&str> {
        self.tracks.iter().flat_map(|track| &track.takes).find_map(|take| take.removed.as_deref())
    }

    /// Whether sound is lost.
    pub fn has_losses(&self) -> bool {
        self.tracks.iter().any(|track| track.account.lost.0 > 0)
    }
}

/// Checks the session in `dir`.
///
/// # Errors
/// Its journal can't be used.
pub fn verify(dir: &Path) -> Result<Report, ReplayError> {
    // Before the journal: a process that takes the session in between only adds to it.
    let in_use = SessionLock::is_held(dir);
    let replay = replay::read(dir)?;
    // Names that people gave afterwards are those by which they know the tracks.
    let amendments = Amendments::read(dir).unwrap_or_default();
    let mut problems = Vec::new();
    let mut tracks = Vec::new();
    let mut buffer = vec![0; BLOCK_BYTES];
    for source in replay.sources() {
        let takes = replay.of_track(&source.track);
        let removed = amendments.erased(Part::Sound);
        let takes = takes.map(|take| check_take(dir, take, removed, &mut buffer, &mut problems)).collect();
        let Reckoning { account, clocked, unexplained, .. } = reckon(&replay, source);
        check_account(&replay, &account, &mut problems);
        tracks.push(TrackReport {
            track: source.track.clone(),
            name: amendments.name_of(&source.name, 0),
            kind: source.kind,
            takes,
            account,
            clocked,
            unexplained: unexplained.iter().map(|stretch| (stretch.from, stretch.to)).collect(),
        });
    }
    // A recorder that died when all but `session.json` was written leaves it as it stood all the time.
    let (id, title) = replay.started.as_ref().map(|s| (s.id.clone(), s.title.clone())).unwrap_or_default();
    let title = amendments.details.title.clone().unwrap_or(title);
    let is_left =
        || read::read_manifest(dir).is_ok_and(|found| found.id == id && found.state == State::Recording);
    let state = match (&replay.closed, in_use) {
        (None, true) => Standing::Recording,
        (Some(_), false) if is_left() => Standing::Dirty,
        (Some(_), _) => Standing::Closed,
        (None, false) => Standing::Dirty,
    };
    // While it is in use it may be just about to be written.
    if state == Standing::Closed && !in_use {
        problems.extend(check_manifest(dir, &replay));
    }
    let all = |frames: fn(&TakeReport) -> Frames| {
        Frames(tracks.iter().flat_map(|track: &TrackReport| &track.takes).map(|take| frames(take).0).sum())
    };
    let mut manifest = reckon::manifest(&replay);
    if let Some(manifest) = &mut manifest {
        manifest.account = tracks.iter().map(|track| track.account.clone()).collect();
        for source in &mut manifest.sources {
            source.name = amendments.name_of(&source.name, 0);
        }
    }
    Ok(Report {
        session: dir.to_owned(),
        id,
        title,
        state,
        checked: all(|take| take.checked),
        unchecked: all(|take| take.unchecked),
        tracks,
        problems,
        manifest,
    })
}

/// What a take's file should be, and what was found.
struct Check<'a> {
    take: &'a TakeRecord,
    problems: &'a mut Vec<Problem>,
}

impl Check<'_> {
    fn wrong(&mut self, wrong: Wrong, frames: Option<(Frames, Frames)>, what: &str) {
        let entry = &self.take.entry;
        let seconds = frames.map(|(from, to)| (self.take.clock.time_of(from), self.take.clock.time_of(to)));
        let (file, track) = (entry.file.clone(), Some(entry.track.clone()));
        self.problems.push(Problem { wrong, file, track, frames, seconds, text: what.into() });
    }

    /// Beginning and length of the file.
    fn outside(&mut self, disk: &OnDisk, there: Frames) {
        let (take, layout) = (self.take, self.take.layout());
        let header = layout.header(0).map_or(HEADER_MAX, |header| header.len()) as u64;
        let whole = take.ended.filter(|end| !end.given_up);
        if disk.bytes >= header && (!layout.agrees(&disk.head) || take.entry.data_offset != header) {
            self.wrong(Wrong::Header, None, "its header is not the one that was written");
        } else if let (Some(end), Some(stated)) = (whole, layout.stated(&disk.head))
            && stated != (end.frames.0 * layout.frame_bytes()).min(u64::from(u32::MAX))
        {
            let stated = stated / layout.frame_bytes();
            self.wrong(
                Wrong::Header,
                None,
                &format!("its header states {stated} frames instead of {}", end.frames),
            );
        }
        let should = take.frames().max(take.committed());
        if there < should {
            self.wrong(Wrong::Truncated, Some((there, should)), "its end is cut off");
        } else if disk.bytes < take.entry.data_offset {
            self.wrong(Wrong::Truncated, None, "not even its header is whole");
        } else if let Some(end) = whole {
            let right = take.entry.data_offset + end.frames.0 * layout.frame_bytes();
            if disk.bytes > right {
                let more = disk.bytes - right;
                self.wrong(Wrong::Lengthened, None, &format!("{more} bytes were added after its end"));
            }
        }
    }

    /// Sums up what is vouched for; how many frames are right.
    fn inside(&mut self, disk: &mut OnDisk, there: Frames, buffer: &mut [u8]) -> Frames {
        let (frame, offset) = (self.take.layout().frame_bytes(), self.take.entry.data_offset);
        let (mut right, mut altered): (Frames, Vec<(Frames, Frames)>) = (Frames(0), Vec::new());
        for Sum { from, to, crc } in self.take.sums.iter().copied().filter(|sum| sum.to <= there) {
            match disk.crc(offset + from.0 * frame, offset + to.0 * frame, buffer) {
                Ok(found) if found == crc => right += to - from,
                Ok(_) => match altered.last_mut() {
                    Some(last) if last.1 == from => last.1 = to,
                    _ => altered.push((from, to)),
                },
                Err(error) => {
                    self.wrong(Wrong::Unreadable, Some((from, to)), &format!("it can't be read: {error}"));
                    break;
                }
            }
        }
        for range in altered {
            self.wrong(Wrong::Altered, Some(range), "other sound stands there than was written");
        }
        right
    }
}

fn check_take(
    dir: &Path,
    take: &TakeRecord,
    removed: Option<&Erased>,
    buffer: &mut [u8],
    problems: &mut Vec<Problem>,
) -> TakeReport {
    let entry = &take.entry;
    // Of a take that nobody ended the latest line is as old as the recorder's last word; all that was
    // observed tells more.
    let refit = take.ended.is_none().then(|| take.refit()).flatten();
    let clock = refit.map_or_else(|| take.clock.clone(), |clock| clock.fit);
    let mut report = TakeReport {
        take: entry.take,
        file: entry.file.clone(),
        start: clock.time_of(Frames(0)),
        end: clock.time_of(take.frames()),
        rate: entry.rate,
        frames: take.frames(),
        checked: Frames(0),
        unchecked: Frames(0),
        open: take.ended.is_none(),
        removed: None,
        warning: clock_trouble(&clock, take.frames().seconds(entry.rate)),
        clock,
    };
    let mut check = Check { take, problems };
    match read::inside(dir, &entry.file).and_then(|path| OnDisk::open(&path)) {
        Ok(Some(mut disk)) => {
            let there = disk.frames(&take.layout(), entry.data_offset);
            check.outside(&disk, there);
            report.checked = check.inside(&mut disk, there, buffer);
            let vouched = take.sums.iter().map(|sum| sum.to.min(there).saturating_sub(sum.from).0).sum();
            report.unchecked = there.saturating_sub(Frames(vouched));
        }
        Ok(None) if removed.is_some() => report.removed = removed.map(Erased::day),
        Ok(None) => check.wrong(Wrong::Missing, Some((Frames(0), take.frames())), "the file is not there"),
        Err(error @ (ReadError::Link { .. } | ReadError::NotAFile { .. })) => {
            check.wrong(Wrong::NotAFile, None, &error.to_string());
        }
        Err(error) => check.wrong(Wrong::Unreadable, None, &error.to_string()),
    }
    report
}

/// What the recorder counted while it recorded must be what its lines say.
fn check_account(replay: &Replay, account: &TrackAccount, problems: &mut Vec<Problem>) {
    let Some((_, told)) = &replay.closed else { return };
    let told = told.iter().find(|told| told.track == account.track);
    let agrees = told.is_some_and(|told| told.written == account.written && told.gaps == account.gaps);
    if !agrees {
        problems.push(Problem {
            wrong: Wrong::Account,
            file: read::JOURNAL.into(),
            track: Some(account.track.clone()),
            frames: None,
            seconds: None,
            text: "its account at the end is not what its lines add up to".into(),
        });
    }
}

fn check_manifest(dir: &Path, replay: &Replay) -> Option<Problem> {
    let text = match read::read_manifest(dir) {
        Ok(manifest) => differs(&manifest, &reckon::manifest(replay)?)?,
        Err(ReadError::NoManifest { .. }) => "it is not there; `hansard recover` rebuilds it".into(),
        Err(error) => error.to_string(),
    };
    let file = read::MANIFEST.into();
    Some(Problem { wrong: Wrong::Manifest, file, track: None, frames: None, seconds: None, text })
}

/// In what `manifest` differs from what the journal says, in facts that both have.
pub(super) fn differs(manifest: &Manifest, journal: &Manifest) -> Option<String> {
    type Facts<'a> = (&'a str, u32, &'a str, u32, u16, u64, u64);
    fn takes(manifest: &Manifest) -> Vec<Facts<'_>> {
        let facts = |take: &'_ TakeEntry| (take.rate.0, take.channels, take.data_offset, take.frames.0);
        let mut takes: Vec<Facts<'_>> = manifest
            .takes
            .iter()
            .map(|take| {
                let (rate, channels, offset, frames) = facts(take);
                (take.track.as_str(), take.take, take.file.as_str(), rate, channels, offset, frames)
            })
            .collect();
        takes.sort_unstable();
        takes
    }
    fn accounts(manifest: &Manifest) -> Vec<&TrackAccount> {
        let mut accounts: Vec<_> = manifest.account.iter().collect();
        accounts.sort_by_key(|account| &account.track);
        accounts
    }
    let what = if manifest.id != journal.id || manifest.start != journal.start {
        "it is another session's"
    } else if manifest.state != journal.state {
        "it says that the session was not finished, the journal says that it was"
    } else if manifest.sources != journal.sources {
        "its sources are not those of the journal"
    } else if takes(manifest) != takes(journal) {
        "its takes are not those of the journal"
    } else if accounts(manifest) != accounts(journal) {
        "its account is not that of the journal"
    } else {
        return None;
    };
    Some(format!("{what}; `hansard recover` makes it anew"))
}

//! What is to be done to mend a session. Reads; writes nothing.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::find;
use super::{FileMend, RecoverError, Recovered};
use crate::base::units::Frames;
use crate::care::reckon::{self, IN_HAND_MS, reckon};
use crate::care::replay::{self, Damage, DeviceEnd, Replay, Scan, TakeRecord};
use crate::care::verify::differs;
use crate::clock::model::Slip;
use crate::clock::pauses;
use crate::session::journal::{Event, RecoveredTake, Span};
use crate::session::manifest::{FORMAT, GapCause, Manifest, SourceEntry, SourceKind, State};
use crate::session::read::{self, JOURNAL, ReadError, TRANSCRIPT};
use crate::session::wav::OnDisk;

/// Bytes that are read at once.
const BLOCK_BYTES: usize = 256 << 10;
/// What is kept of an end that can't be believed; it is what a recorder writes in many hours.
const ASIDE_MAX: u64 = 64 << 20;

/// A file of lines that is to end earlier.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) file: &'static str,
    /// Bytes that it keeps.
    pub(super) length: u64,
    /// Where the rest is kept, if that is more than the half of a line.
    pub(super) aside: Option<(String, Vec<u8>)>,
}

/// All that is to be done, and what is to be said about it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) files: Vec<FileMend>,
    /// Files of lines whose end is cut off.
    pub(super) cuts: Vec<Cut>,
    pub(super) journal_exists: bool,
    /// What is to be appended, and from which number on.
    pub(super) events: Vec<Event>,
    pub(super) next_seq: u64,
    /// Session time of what is appended: the latest that the journal knows, as that clock runs no more.
    pub(super) at_ns: u64,
    /// `session.json`, where it is to be written.
    pub(super) manifest: Option<Vec<u8>>,
    pub(super) report: Recovered,
}

impl Plan {
    pub(super) fn make(dir: &Path) -> Result<Self, RecoverError> {
        let scan = replay::scan(dir)?;
        let manifest = readable_manifest(dir)?;
        let mut maker = Maker::new(dir, scan, manifest);
        maker.journal_end()?;
        maker.transcript_end()?;
        if maker.plan.report.damage.is_some() {
            maker.only_tracks()?;
        } else {
            maker.beginning()?;
            let dirty = maker.replay.closed.is_none();
            if dirty {
                maker.unknown_takes()?;
            }
            maker.tracks()?;
            if dirty {
                maker.ending()?;
            }
            maker.manifest()?;
        }
        let plan = &mut maker.plan;
        plan.report.changed = !plan.files.is_empty()
            || !plan.cuts.is_empty()
            || !plan.events.is_empty()
            || plan.manifest.is_some();
        Ok(maker.plan)
    }
}

/// The manifest, if it can be read. One that is damaged is as good as none; what is not a file of ours is an
/// error.
fn readable_manifest(dir: &Path) -> Result<Option<Manifest>, RecoverError> {
    match read::read_manifest(dir) {
        Ok(manifest) => Ok(Some(manifest)),
        Err(
            ReadError::NoManifest { .. }
            | ReadError::NotASession { .. }
            | ReadError::Damaged { .. }
            | ReadError::Foreign { .. },
        ) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

struct Maker<'a> {
    dir: &'a Path,
    replay: Replay,
    damage: Option<Damage>,
    torn_at: Option<u64>,
    old_manifest: Option<Manifest>,
    /// Takes that were open, with what was found in them.
    open: Vec<(RecoveredTake, Option<Span>)>,
    plan: Plan,
}

impl<'a> Maker<'a> {
    fn new(dir: &'a Path, scan: Scan, old_manifest: Option<Manifest>) -> Self {
        let report = Recovered {
            session: dir.to_owned(),
            changed: false,
            takes: Vec::new(),
            account: Vec::new(),
            losses: Vec::new(),
            notes: Vec::new(),
            damage: None,
            manifest: None,
        };
        let plan = Plan {
            files: Vec::new(),
            cuts: Vec::new(),
            journal_exists: scan.exists,
            events: Vec::new(),
            next_seq: scan.replay.next_seq,
            at_ns: (scan.replay.last_s * 1e9).round() as u64,
            manifest: None,
            report,
        };
        let Scan { replay, damage, torn_at, .. } = scan;
        Self { dir, replay, damage, torn_at, old_manifest, open: Vec::new(), plan }
    }

    fn note(&mut self, what: impl Into<String>) {
        self.plan.report.notes.push(what.into());
    }

    fn lose(&mut self, what: impl Into<String>) {
        self.plan.report.losses.push(what.into());
    }

    /// Appends an event, which must follow from those before it.
    fn tell(&mut self, event: Event) -> Result<(), RecoverError> {
        let contradiction = |what| RecoverError::Contradiction { dir: self.dir.to_owned(), what };
        self.replay.apply(&event).map_err(contradiction)?;
        self.plan.events.push(event);
        Ok(())
    }

    /// What becomes of the end of the journal.
    fn journal_end(&mut self) -> Result<(), RecoverError> {
        match self.damage.take() {
            // What a power cut leaves: the rest was never known to be on the disk, but nothing is thrown
            // away.
            Some(Damage { line, hole: true, at, .. }) => {
                self.cut_hole(JOURNAL, line, at)?;
            }
            Some(Damage { line, what, .. }) => {
                self.plan.report.damage = Some(format!(
                    "{JOURNAL} is damaged in line {line}: {what}. What follows is not believed: the tracks are playable, but \
                     nothing vouches for them from there on"
                ));
            }
            None => {
                if let Some(at) = self.torn_at {
                    self.note(format!("the last line of {JOURNAL} was torn in its middle and is cut off"));
                    self.plan.cuts.push(Cut { file: JOURNAL, length: at, aside: None });
                }
            }
        }
        Ok(())
    }

    /// The transcript, where pages of it were never written; a torn last line alone is in nobody's way.
    fn transcript_end(&mut self) -> Result<(), RecoverError> {
        match crate::session::reading::transcript_hole(&self.dir.join(TRANSCRIPT))? {
            Some((line, at)) => self.cut_hole(TRANSCRIPT, line, at),
            None => Ok(()),
        }
    }

    /// What a power cut left of a file from byte `at` on is not believed, but kept.
    fn cut_hole(&mut self, file: &'static str, line: u64, at: u64) -> Result<(), RecoverError> {
        let path = self.dir.join(file);
        let rest = rest_of(&path, at).map_err(|source| ReadError::Io { path, source })?;
        let name = aside_name(self.dir, file);
        self.note(format!(
            "{file} was torn by a power cut from line {line} on; what follows is kept in {name}"
        ));
        self.plan.cuts.push(Cut { file, length: at, aside: Some((name, rest)) });
        Ok(())
    }

    /// A journal that does not even begin.
    fn beginning(&mut self) -> Result<(), RecoverError> {
        if self.replay.started.is_some() {
            return Ok(());
        }
        let started = find::started(self.dir, self.old_manifest.as_ref());
        if self.old_manifest.is_none() {
            self.note("neither the journal nor session.json tell what was recorded; names and start are guessed from the files");
        }
        let replay::Started { id, title, start, sources } = started;
        self.tell(Event::Started { format: FORMAT, id, title, start, sources })
    }

    /// Takes that the journal does not name: those of the manifest, which is written at each take's start,
    /// then those that only lie there.
    fn unknown_takes(&mut self) -> Result<(), RecoverError> {
        let named = self.old_manifest.as_ref().map(|manifest| manifest.takes.clone()).unwrap_or_default();
        for entry in named {
            if self.replay.take(&entry.track, entry.take).is_none() {
                self.tell(Event::TakeStarted(entry))?;
            }
        }
        let (found, silent) = find::strays(self.dir, &self.replay);
        for entry in found {
            self.note(format!(
                "{} was not in the journal yet; its place in time ({:.1} s) is known to about a second",
                entry.file, entry.offset
            ));
            self.tell(Event::TakeStarted(entry))?;
        }
        for file in silent {
            self.note(format!(
                "{file} has no header yet, so nothing was recorded into it; it is left as it is"
            ));
        }
        Ok(())
    }

    /// Every take's file: header, torn frame, what was found.
    fn tracks(&mut self) -> Result<(), RecoverError> {
        let takes = self.replay.takes.clone();
        let mut buffer = vec![0; BLOCK_BYTES];
        for take in &takes {
            self.track(take, &mut buffer)?;
        }
        Ok(())
    }

    fn track(&mut self, take: &TakeRecord, buffer: &mut [u8]) -> Result<(), RecoverError> {
        let (entry, layout) = (&take.entry, take.layout());
        let path = read::inside(self.dir, &entry.file)?;
        let mut disk = OnDisk::open(&path)?;
        let there = disk.as_ref().map_or(Frames(0), |disk| disk.frames(&layout, entry.data_offset));
        match &disk {
            None => self.lose(format!("{} is not there any more", entry.file)),
            Some(disk) => self.file(take, disk, there),
        }
        let should = take.frames().max(take.committed());
        if there < should && disk.is_some() {
            let seconds = should.saturating_sub(there).seconds(entry.rate);
            self.lose(format!("{} ends {seconds:.1} s before what had been on the disk", entry.file));
        }
        if take.ended.is_some() {
            return Ok(());
        }
        let committed = take.committed();
        let found = there.saturating_sub(committed);
        let mut span = None;
        if let Some(disk) = disk.as_mut().filter(|_| found.0 > 0) {
            let at = |frame: Frames| entry.data_offset + frame.0 * layout.frame_bytes();
            let crc = disk.crc(at(committed), at(there), buffer);
            let crc = crc.map_err(|source| ReadError::Io { path, source })?;
            let (track, take) = (entry.track.clone(), entry.take);
            span = Some(Span { track, take, from: committed, to: there, crc });
        }
        let (track, take) = (entry.track.clone(), entry.take);
        self.open.push((RecoveredTake { track, take, committed: committed.min(there), found }, span));
        Ok(())
    }

    /// The file itself: a valid header, whole frames.
    fn file(&mut self, take: &TakeRecord, disk: &OnDisk, there: Frames) {
        let layout = take.layout();
        let frame = layout.frame_bytes();
        let mut mend = FileMend { file: take.entry.file.clone(), ..FileMend::default() };
        let whole = take.entry.data_offset + there.0 * frame;
        if take.ended.is_none() && disk.bytes > whole {
            mend.length = Some(whole);
        }
        let valid = disk.bytes >= take.entry.data_offset && layout.agrees(&disk.head);
        let stated = layout.stated(&disk.head).filter(|_| valid);
        let right = match take.ended {
            Some(end) if end.given_up => stated.is_some_and(|stated| stated <= there.0 * frame),
            Some(end) => stated == Some(end.frames.min(there).0 * frame),
            None => stated == Some(there.0 * frame),
        };
        if !right {
            let frames = take.ended.map_or(there, |end| end.frames.min(there));
            // Only where the sound begins after it; else it would overwrite some.
            mend.head =
                layout.header(frames.0 * frame).filter(|head| head.len() as u64 == take.entry.data_offset);
        }
        if mend.head.is_some() || mend.length.is_some() {
            self.plan.files.push(mend);
        }
    }

    /// What the journal would have said, had the recorder lived.
    fn ending(&mut self) -> Result<(), RecoverError> {
        let slips = self.refit();
        let until = self.recorded_until();
        let open = std::mem::take(&mut self.open);
        let takes: Vec<RecoveredTake> = open.iter().map(|(take, _)| take.clone()).collect();
        self.plan.report.takes.clone_from(&takes);
        self.tell(Event::Recovered { takes, until })?;
        let spans: Vec<Span> = open.iter().filter_map(|(_, span)| span.clone()).collect();
        if !spans.is_empty() {
            self.tell(Event::Commit { spans })?;
        }
        for (RecoveredTake { track, take, committed, found }, _) in open {
            let Some(record) = self.replay.take(&track, take) else { continue };
            let clock = record.clock.clone();
            let mutes = record.untold_mutes(committed, committed + found, &self.replay.mutes_of(&track));
            for (from, to) in mutes {
                let (at, frames, cause) = (clock.time_of(from), to - from, GapCause::Muted);
                let (track, take, from_frame) = (track.clone(), Some(take), Some(from));
                self.tell(Event::Gap { track, take, from_frame, at, frames, cause })?;
            }
            for slip in slips.iter().filter(|slip| slip.0 == track && slip.1 == take) {
                let (_, _, Slip { at: from, frames }, at) = *slip;
                let (track, take, from_frame) = (track.clone(), Some(take), Some(from));
                self.tell(Event::Gap { track, take, from_frame, at, frames, cause: GapCause::Slip })?;
            }
            let (frames, since, until, given_up) = (committed + found, None, None, false);
            self.tell(Event::TakeEnded { track, take, frames, clock, since, until, given_up })?;
        }
        for source in self.replay.sources().to_vec() {
            self.missing_end(&source)?;
        }
        let account =
            self.replay.sources().iter().map(|source| reckon(&self.replay, source).account).collect();
        let duration = reckon::manifest(&self.replay).map_or(0.0, |manifest| manifest.duration);
        self.tell(Event::Closed { duration, account })
    }

    /// Fits the clocks of open takes anew, from what was observed of them; what slipped: track, take, and
    /// session second.
    fn refit(&mut self) -> Vec<(String, u32, Slip, f64)> {
        let mut slips = Vec::new();
        for take in self.replay.takes.iter_mut().filter(|take| take.ended.is_none()) {
            let Some(clock) = take.refit() else { continue };
            // A recorder that told of them was killed just before it told of the end.
            if take.slips.0 == 0 {
                let entry = &take.entry;
                slips.extend(
                    clock
                        .slips
                        .iter()
                        .map(|slip| (entry.track.clone(), entry.take, *slip, clock.fit.time_of(slip.at))),
                );
            }
            take.clock = clock.fit;
        }
        slips
    }

    /// Session second up to which the session was being recorded at least: the latest sound of a source with
    /// a clock, the latest line.
    fn recorded_until(&self) -> Option<f64> {
        if let Some(at) = self.replay.stopped_at {
            return Some(at);
        }
        let end = |take: &TakeRecord| {
            let open = self
                .open
                .iter()
                .find(|(open, _)| open.track == take.entry.track && open.take == take.entry.take);
            let frames = open.map_or_else(|| take.frames(), |(open, _)| open.committed + open.found);
            take.clock.time_of(frames)
        };
        let ends = self.replay.takes.iter().filter(|take| take.is_clocked()).map(end);
        ends.reduce(f64::max).map(|end| end.max(self.replay.last_s))
    }

    /// What is missing at the end of a track, compared with what else was recorded.
    fn missing_end(&mut self, source: &SourceEntry) -> Result<(), RecoverError> {
        let reckoning = reckon(&self.replay, source);
        let Some(until) = self.replay.stopped_at.or(self.replay.recorded_until) else { return Ok(()) };
        // Before the end was laid down: up to where sound and gaps go.
        let missing = until - reckoning.covered_until;
        if !reckoning.clocked || missing <= IN_HAND_MS / 1e3 {
            return Ok(());
        }
        let any = self.replay.of_track(&source.track).next().is_some();
        let cause = match device_end(&self.replay, source) {
            Some(DeviceEnd::Ended) => GapCause::Ended,
            Some(DeviceEnd::Lost) if any => GapCause::DeviceLost,
            _ if !any => GapCause::NotStarted,
            _ if source.kind == SourceKind::Loopback => GapCause::Stall,
            _ => GapCause::Restart,
        };
        let rate = find::rate_of(&self.replay, &source.track);
        let mut at = reckoning.covered_until;
        let (pauses, outages) = (self.replay.pauses.clone(), self.replay.outages.clone());
        let mutes = self.replay.mutes_of(&source.track);
        for (seconds, cause) in pauses::causes(at, missing, cause, &pauses, &outages) {
            for (seconds, cause) in pauses::muted(at, seconds, cause, &mutes) {
                let (track, frames) = (source.track.clone(), Frames::from_seconds(seconds, rate));
                self.tell(Event::Gap { track, take: None, from_frame: None, at, frames, cause })?;
                at += seconds;
            }
        }
        Ok(())
    }

    /// `session.json`, unless it is as it should be.
    fn manifest(&mut self) -> Result<(), RecoverError> {
        let Some(manifest) = reckon::manifest(&self.replay) else { return Ok(()) };
        let same = self.old_manifest.as_ref().is_some_and(|old| differs(old, &manifest).is_none());
        if !same {
            let mut bytes = serde_json::to_vec_pretty(&manifest)
                .map_err(|error| ReadError::Io { path: self.dir.into(), source: error.into() })?;
            bytes.push(b'\n');
            self.plan.manifest = Some(bytes);
        }
        self.plan.report.account.clone_from(&manifest.account);
        self.plan.report.manifest = Some(manifest);
        Ok(())
    }

    /// With a journal that can't be believed: headers, and a manifest if there is none, so that the other
    /// verbs work.
    fn only_tracks(&mut self) -> Result<(), RecoverError> {
        if self.replay.started.is_none() {
            let replay::Started { id, title, start, sources } =
                find::started(self.dir, self.old_manifest.as_ref());
            self.tell(Event::Started { format: FORMAT, id, title, start, sources })?;
        }
        // Whether it was closed, or a take ended, may stand in what is not believed.
        self.replay.closed = None;
        for take in &mut self.replay.takes {
            take.ended = None;
        }
        let named = self.old_manifest.as_ref().map(|manifest| manifest.takes.clone()).unwrap_or_default();
        for entry in named {
            if self.replay.take(&entry.track, entry.take).is_none() {
                self.tell(Event::TakeStarted(entry))?;
            }
        }
        for entry in find::strays(self.dir, &self.replay).0 {
            self.tell(Event::TakeStarted(entry))?;
        }
        self.tracks()?;
        self.plan.events.clear();
        if self.old_manifest.is_none()
            && let Some(mut manifest) = reckon::manifest(&self.replay)
        {
            for take in &mut manifest.takes {
                let open =
                    self.open.iter().find(|(open, _)| open.track == take.track && open.take == take.take);
                take.frames = open.map_or(take.frames, |(open, _)| open.committed + open.found);
            }
            manifest.duration =
                manifest.takes.iter().map(|take| take.time_of(take.frames)).fold(0.0, f64::max);
            manifest.state = State::Recording;
            let mut bytes = serde_json::to_vec_pretty(&manifest)
                .map_err(|error| ReadError::Io { path: self.dir.into(), source: error.into() })?;
            bytes.push(b'\n');
            self.plan.manifest = Some(bytes);
        }
        Ok(())
    }
}

/// What became of a source's device in the end. The journal names devices by their SPEC, as a default or by
/// the full id.
fn device_end(replay: &Replay, source: &SourceEntry) -> Option<DeviceEnd> {
    let kind = source.spec.split([':', '#']).next().unwrap_or_default();
    let whole = source
        .channel
        .map_or(source.spec.as_str(), |n| source.spec.strip_suffix(&format!("#{n}")).unwrap_or(&source.spec));
    let by_id = source.device.as_ref().map(|id| format!("{kind}:{id}"));
    let labels = [Some(whole.to_owned()), by_id, Some(kind.to_owned())];
    labels.into_iter().flatten().find_map(|label| replay.devices.get(&label).copied())
}

/// What stands in a file from byte `at` on.
fn rest_of(path: &Path, at: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut rest = Vec::new();
    file.take(ASIDE_MAX).read_to_end(&mut rest)?;
    Ok(rest)
}

/// A name that is free for a file's torn end: `events.torn-1.jsonl`.
fn aside_name(dir: &Path, file: &str) -> String {
    let stem = file.trim_end_matches(".jsonl");
    let name = |n: u32| format!("{stem}.torn-{n}.jsonl");
    (1..).map(name).find(|name| dir.join(name).symlink_metadata().is_err()).unwrap_or_else(|| name(0))
}

//! One track while it is written: its file, its account, its alarms.
//!
//! Every frame of the device's take that has been dealt with (`seen`) is written, or counted in a gap, or
//! counted as not written yet. What is to be journalled is returned, in the order in which it must stand
//! there; a track writes to its own file and to nothing else.

use std::io;
use std::sync::Arc;

use super::device_take::DeviceTake;
use super::{Site, TrackPlan};
use crate::base::units::{Frames, SampleRate};
use crate::clock::MonoNs;
use crate::clock::model::Slip;
use crate::session::account::Ledger;
use crate::session::disk::SyncHandle;
use crate::session::journal::{Event, Span};
use crate::session::manifest::{GapCause, TakeEntry, TrackAccount};
use crate::session::shared::{TakeShared, TrackShared};
use crate::writer::alarms::{Change, TrackAlarms};
use crate::writer::take_file::TakeFile;
use mutes::Mutes;

mod mutes;

/// A track whose file could not be made tries again after this long.
const RETRY_S: f64 = 1.0;

/// What is to be told of a track, in order.
pub(super) enum Report {
    /// A line for the journal.
    Line(Event),
    /// These spans of the take are on the disk: the journal may vouch for them.
    Saved(Arc<TakeShared>, Vec<Span>),
    /// The disk refused something of this file.
    Refused(String, io::Error),
    /// The journal knows the file's end: it may be closed.
    Ended(Box<TakeFile>),
}

/// One track of a device.
pub(super) struct Track {
    plan: TrackPlan,
    file: Option<TakeFile>,
    /// Frame of the device's take at which the current file begins.
    base: Frames,
    /// Frames of the device's take that this track has dealt with.
    seen: Frames,
    /// Files of this track so far.
    takes: u32,
    ledger: Ledger,
    alarms: TrackAlarms,
    mutes: Mutes,
    /// Frames that could not be written since the last file was given up; since which session second, and
    /// why.
    unwritten: Frames,
    unwritten_from: f64,
    unwritten_cause: GapCause,
    /// When another file is tried; `None` means at once.
    retry_at: Option<MonoNs>,
}

impl Track {
    pub(super) fn new(plan: TrackPlan) -> Self {
        Self {
            ledger: Ledger::new(plan.shared.kind),
            alarms: TrackAlarms::new(plan.shared.kind),
            plan,
            mutes: Mutes::default(),
            file: None,
            base: Frames(0),
            seen: Frames(0),
            takes: 0,
            unwritten: Frames(0),
            unwritten_from: 0.0,
            unwritten_cause: GapCause::WriteError,
            retry_at: None,
        }
    }

    /// What others may know of it.
    pub(super) fn shared(&self) -> &Arc<TrackShared> {
        &self.plan.shared
    }

    /// What the first take, which is about to begin, has as its rate.
    pub(super) fn set_rate(&mut self, rate: SampleRate) {
        self.ledger.set_rate(rate);
    }

    /// A take of the device begins, for all its tracks, before any of them has its file.
    pub(super) fn begin(&mut self, take: &DeviceTake) {
        self.ledger.set_rate(take.format.rate);
        self.seen = Frames(0);
        self.mutes = Mutes::default();
        self.retry_at = None;
    }

    /// The first file of the device's take, unless the device lacks the channel, which is told.
    pub(super) fn start(&mut self, take: &DeviceTake, site: &Site) -> Vec<Report> {
        if self.has_channel(take) {
            return self.open(take, site);
        }
        let (wanted, there) = (self.plan.channel.unwrap_or_default(), take.format.channels);
        let reason = format!("the device has no channel {wanted} any more, only {there}");
        vec![Report::Line(Event::DeviceLost { source: self.plan.shared.track.clone(), reason })]
    }

    /// Whether the device has the channel that this track is made of.
    fn has_channel(&self, take: &DeviceTake) -> bool {
        self.plan.channel.is_none_or(|n| (1..=take.format.channels).contains(&n))
    }

    /// Whether `more` frames do not fit into the current file.
    pub(super) fn is_full(&self, more: Frames, site: &Site) -> bool {
        self.file.as_ref().is_some_and(|file| file.is_full(more, site.limits.take_bytes))
    }

    /// Whether a track without a file is to try another one now; if so, the next try is not before
    /// [`RETRY_S`].
    pub(super) fn tries(&mut self, take: &DeviceTake, now: MonoNs) -> bool {
        let tries = self.file.is_none() && self.has_channel(take) && self.retry_at.is_none_or(|at| now >= at);
        if tries {
            self.retry_at = Some(MonoNs(now.0 + (RETRY_S * 1e9) as u64));
        }
        tries
    }

    /// Begins the next file where this track stands.
    pub(super) fn open(&mut self, take: &DeviceTake, site: &Site) -> Vec<Report> {
        let entry = self.next_entry(take);
        let name = entry.file.clone();
        let muted = self.count_muted();
        match TakeFile::create(&site.disk, &site.dir, entry, self.plan.shared.envelope()) {
            Ok(file) => {
                let entry = file.shared().entry.clone();
                self.plan.shared.add_take(Arc::clone(file.shared()));
                self.file = Some(file);
                self.takes += 1;
                self.base = self.seen;
                self.retry_at = None;
                let gaps = [self.count_unwritten(), muted].into_iter().flatten().map(Report::Line);
                gaps.chain([Report::Line(Event::TakeStarted(entry))]).collect()
            }
            Err(error) => {
                if error.kind() == io::ErrorKind::AlreadyExists {
                    // Something of that name is there and stays.
                    self.takes += 1;
                }
                vec![Report::Refused(name, error)]
            }
        }
    }

    /// The file of the next take, which begins where this track stands.
    fn next_entry(&self, take: &DeviceTake) -> TakeEntry {
        let track = &self.plan.shared.track;
        let number = self.takes + 1;
        let file = match number {
            1 => format!("tracks/{track}.wav"),
            n => format!("tracks/{track}.{n}.wav"),
        };
        let clock = take.clock.from_frame(self.seen);
        TakeEntry {
            track: track.clone(),
            take: number,
            file,
            rate: take.format.rate,
            channels: if self.plan.channel.is_some() { 1 } else { take.format.channels },
            format: self.plan.format.unwrap_or(take.format.format),
            data_offset: 0,
            frames: Frames(0),
            offset: clock.offset,
            clock,
            foreign: Vec::new(),
        }
    }

    /// Writes what this track takes of interleaved frames, the last ones of the take so far. What can't be
    /// written is missing; in the place of what is muted stands silence.
    pub(super) fn write(&mut self, samples: &[f32], take: &DeviceTake, now_s: f64) -> Vec<Report> {
        let channels = usize::from(take.format.channels);
        let frames = Frames((samples.len() / channels) as u64);
        assert!(self.seen + frames == take.frames, "blocks adjoin");
        let (mut rest, mut reports) = (samples, Vec::new());
        for (end, muted) in self.parts(take) {
            let (part, after) = rest.split_at((end - self.seen).0 as usize * channels);
            rest = after;
            reports.extend(match muted {
                true => self.write_muted(end, take),
                false => self.write_sound(part, end, take, now_s),
            });
        }
        reports
    }

    /// Writes frames of sound up to `end`.
    fn write_sound(&mut self, samples: &[f32], end: Frames, take: &DeviceTake, now_s: f64) -> Vec<Report> {
        let channels = usize::from(take.format.channels);
        self.hear(samples, end, take, now_s);
        let mut reports: Vec<Report> = self.count_muted().map(Report::Line).into_iter().collect();
        if let Err(error) = self.write_samples(samples, channels) {
            reports.extend(self.give_up(take, error, GapCause::WriteError));
        }
        let cause = if self.has_channel(take) { GapCause::WriteError } else { GapCause::DeviceLost };
        self.miss_up_to(end, take, cause);
        reports
    }

    /// Listens to what is about to be written up to `end`, at session second `now_s`: whether it is true
    /// sound.
    fn hear(&mut self, samples: &[f32], end: Frames, take: &DeviceTake, now_s: f64) {
        let channels = usize::from(take.format.channels);
        let begin = end - Frames((samples.len() / channels) as u64);
        let span = (take.clock.time_of(begin), take.clock.time_of(end));
        match self.plan.channel {
            None => self.alarms.hear(samples.iter().copied(), channels, span, now_s),
            Some(n) if self.has_channel(take) => {
                let own = samples.iter().copied().skip(usize::from(n) - 1).step_by(channels);
                self.alarms.hear(own, 1, span, now_s);
            }
            Some(_) => {}
        }
    }

    fn write_samples(&mut self, samples: &[f32], channels: usize) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let frames = Frames((samples.len() / channels) as u64);
        match self.plan.channel {
            None => file.write(samples.iter().copied()),
            Some(n) => file.write(samples.iter().copied().skip(usize::from(n) - 1).step_by(channels)),
        }?;
        self.ledger.add_written(frames);
        self.seen += frames;
        file.flush_when_due()
    }

    /// Counts the last frames of the take so far as a gap. To be done before its silence is written: whatever
    /// happens to the file, that sound is missing, and nobody says so twice.
    pub(super) fn count_gap(&mut self, frames: Frames, cause: GapCause, take: &DeviceTake) -> Vec<Event> {
        let begin = take.frames - frames;
        assert!(self.seen == begin, "blocks adjoin");
        self.seen = take.frames;
        self.gaps(Some(begin), take.clock.time_of(begin), frames, cause)
    }

    /// Writes the silence of a gap that was counted.
    pub(super) fn write_silence(&mut self, frames: Frames, take: &DeviceTake) -> Vec<Report> {
        let Some(file) = &mut self.file else { return Vec::new() };
        match file.write_silence(frames).and_then(|()| file.flush_when_due()) {
            Ok(()) => Vec::new(),
            Err(error) => self.give_up(take, error, GapCause::WriteError),
        }
    }

    /// Counts time that is missing outside of takes, from session second `from` on.
    pub(super) fn count_absent(&mut self, from: f64, seconds: f64, cause: GapCause) -> Vec<Event> {
        let frames = Frames::from_seconds(seconds, self.ledger.rate());
        self.gaps(None, from, frames, cause)
    }

    /// Counts a slip, for which nothing stands in the take.
    pub(super) fn count_slip(&mut self, slip: &Slip, take: &DeviceTake) -> Event {
        self.gap(self.place_of(slip.at), take.clock.time_of(slip.at), slip.frames, GapCause::Slip)
    }

    /// Counts by how many seconds the take's last stamps are later than its frames and slips account for.
    pub(super) fn count_tail_deficit(&mut self, seconds: f64) {
        self.ledger.add_tail_deficit(seconds);
    }

    /// Frames of the take up to `end` that this track has not dealt with are missing.
    fn miss_up_to(&mut self, end: Frames, take: &DeviceTake, cause: GapCause) {
        let missing = end.saturating_sub(self.seen);
        if missing.0 == 0 {
            return;
        }
        if self.unwritten.0 == 0 {
            self.unwritten_from = take.clock.time_of(self.seen);
            self.unwritten_cause = cause;
        }
        self.unwritten += missing;
        self.seen = end;
    }

    /// Counts what could not be written so far as a gap.
    pub(super) fn count_unwritten(&mut self) -> Option<Event> {
        let frames = std::mem::take(&mut self.unwritten);
        (frames.0 > 0).then(|| self.gap(None, self.unwritten_from, frames, self.unwritten_cause))
    }

    /// Counts a gap, of which this is the line.
    fn gap(&mut self, place: Option<(u32, Frames)>, at: f64, frames: Frames, cause: GapCause) -> Event {
        self.ledger.add_gap(cause, frames);
        let (take, from_frame) = place.unzip();
        Event::Gap { track: self.plan.shared.track.clone(), take, from_frame, at, frames, cause }
    }

    /// Take and frame of the file in which a frame of the device's take lies.
    fn place_of(&self, frame: Frames) -> Option<(u32, Frames)> {
        let file = self.file.as_ref().filter(|_| frame >= self.base)?;
        Some((file.shared().entry.take, frame - self.base))
    }

    /// Ends the file in order, or gives it up.
    pub(super) fn close(&mut self, take: &DeviceTake) -> Vec<Report> {
        let Some(file) = &mut self.file else { return Vec::new() };
        if let Err(error) = file.flush().and_then(|()| file.sync()) {
            return self.give_up(take, error, GapCause::WriteError);
        }
        let Some(mut file) = self.file.take() else { return Vec::new() };
        let shared = Arc::clone(file.shared());
        let saved = file.commit();
        let muted = self.count_muted().map(Report::Line);
        // The stamps tell of the device's whole take, of which the file may be a part.
        let (since, until) = take.span.unzip();
        let since = since.filter(|_| self.base == Frames(0));
        let end = end_of(&shared, file.frames(), (since, until), false);
        let ended = [Report::Saved(shared, saved), Report::Line(end), Report::Ended(Box::new(file))];
        muted.into_iter().chain(ended).collect()
    }

    /// Gives the file up and leaves it as it is: what was flushed stays readable, what is not safe in it
    /// counts as missing for `cause`.
    fn give_up(&mut self, take: &DeviceTake, error: io::Error, cause: GapCause) -> Vec<Report> {
        let muted = self.count_muted().map(Report::Line);
        let Some(file) = self.file.take() else { return muted.into_iter().collect() };
        let shared = Arc::clone(file.shared());
        let remains = file.abandon();
        // What is another device's sound is missing already.
        let foreign = shared
            .foreign()
            .iter()
            .fold(Frames(0), |sum, (from, to)| sum + to.saturating_sub(remains.kept.max(*from)));
        let lost_sound = remains.lost_sound.saturating_sub(foreign);
        self.ledger.take_back(lost_sound);
        self.unwritten += lost_sound;
        self.unwritten_cause = cause;
        self.unwritten_from = take.clock.time_of(self.base + remains.kept);
        self.retry_at = None;
        let refused = Report::Refused(shared.entry.file.clone(), error);
        let end = end_of(&shared, remains.kept, (None, None), true);
        let given_up = [Report::Saved(shared, remains.spans), refused, Report::Line(end)];
        muted.into_iter().chain(given_up).collect()
    }

    /// After a panic: a file that was not being written just then is closed in order, another one is given
    /// up.
    pub(super) fn leave(&mut self, take: &DeviceTake, reason: &str) -> Vec<Report> {
        let reports = if self.file.as_ref().is_some_and(TakeFile::is_whole) {
            self.close(take)
        } else {
            self.give_up(take, io::Error::other(reason.to_owned()), GapCause::Restart)
        };
        self.miss_up_to(take.frames, take, GapCause::Restart);
        reports
    }

    /// The file goes into a group commit: what is to be synced; `None` means that there is nothing new in it.
    ///
    /// # Errors
    /// It had to be given up.
    pub(super) fn begin_sync(
        &mut self,
        take: &DeviceTake,
    ) -> Result<Option<(Arc<TakeShared>, SyncHandle)>, Vec<Report>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        if let Err(error) = file.flush() {
            return Err(self.give_up(take, error, GapCause::WriteError));
        }
        Ok(file.begin_sync().map(|handle| (Arc::clone(file.shared()), handle)))
    }

    /// Whether this is the file that is being written.
    pub(super) fn is_writing(&self, take: &Arc<TakeShared>) -> bool {
        self.file.as_ref().is_some_and(|file| Arc::ptr_eq(file.shared(), take))
    }

    /// What came of that sync: the span that is on the disk now.
    ///
    /// # Errors
    /// The file had to be given up.
    pub(super) fn end_sync(
        &mut self,
        synced: io::Result<()>,
        take: &DeviceTake,
    ) -> Result<Option<Span>, Vec<Report>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        file.end_sync(synced).map_err(|error| self.give_up(take, error, GapCause::WriteError))
    }

    /// The clock of the device's take was measured anew.
    pub(super) fn set_clock(&self, take: &DeviceTake) {
        if let Some(file) = &self.file {
            file.shared().set_clock(take.clock.from_frame(self.base));
        }
    }

    /// The clock of the current file as it is known now.
    pub(super) fn clock_line(&self) -> Option<Event> {
        let shared = self.file.as_ref()?.shared();
        let (track, take) = (shared.entry.track.clone(), shared.entry.take);
        Some(Event::Clock { track, take, fit: (*shared.clock()).clone() })
    }

    /// What was observed of the device's take, as its current file has it.
    pub(super) fn observed_line(&self, points: &[(Frames, f64)]) -> Option<Event> {
        let entry = &self.file.as_ref()?.shared().entry;
        let own = points.iter().filter(|(frames, _)| *frames > self.base);
        // To a microsecond: a frame is longer.
        let points: Vec<_> =
            own.map(|(frames, at)| (*frames - self.base, (at * 1e6).round() / 1e6)).collect();
        let (track, take) = (entry.track.clone(), entry.take);
        (!points.is_empty()).then_some(Event::Observed { track, take, points })
    }

    /// Looks whether the clock of the current file can be right.
    pub(super) fn judge_clock(&mut self) {
        if let Some(file) = &self.file {
            let seconds = file.frames().seconds(file.shared().entry.rate);
            self.alarms.judge_clock(&file.shared().clock(), seconds);
        }
    }

    /// No sound was to be expected at these session seconds.
    pub(super) fn rest(&mut self, moments: impl Iterator<Item = f64>) {
        moments.for_each(|at| self.alarms.rest(at));
    }

    /// Looks whether sound still arrives, at session second `now_s`.
    pub(super) fn look(&mut self, now_s: f64) {
        self.alarms.look(now_s, self.plan.shared.is_ended());
        self.alarms.heed(now_s, &self.plan.shared.condition());
        self.judge_clock();
    }

    /// Its alarms, to be compared with those of others.
    pub(super) fn alarms_mut(&mut self) -> &mut TrackAlarms {
        &mut self.alarms
    }

    /// Alarms that began or ended since the last call.
    pub(super) fn take_alarms(&mut self) -> Vec<Event> {
        let shared = &self.plan.shared;
        let line = |Change { alarm, on, text, at }| {
            let text = format!("{} {text}", shared.name);
            Event::Alarm { alarm, track: Some(shared.track.clone()), on, text, at }
        };
        self.alarms.take_changes().into_iter().map(line).collect()
    }

    /// Bytes a second that its file takes; `None` without a file.
    pub(super) fn bytes_per_s(&self) -> Option<u64> {
        let entry = &self.file.as_ref()?.shared().entry;
        Some(u64::from(entry.rate.0) * u64::from(entry.channels) * entry.format.bytes())
    }

    /// What is missing, for the status line.
    pub(super) fn publish_missing(&self) {
        let account = self.account();
        let missing: Frames = account.gaps.iter().fold(Frames(0), |sum, gap| sum + gap.frames);
        let rate = self.ledger.rate();
        self.plan.shared.set_missing(missing.seconds(rate), account.lost.seconds(rate));
    }

    /// The account as it stands, with what could not be written so far.
    pub(super) fn account(&self) -> TrackAccount {
        let mut ledger = self.ledger.clone();
        if self.unwritten.0 > 0 {
            ledger.add_gap(self.unwritten_cause, self.unwritten);
        }
        if self.mutes.untold().0 > 0 {
            ledger.add_gap(GapCause::Muted, self.mutes.untold());
        }
        ledger.account(&self.plan.shared.track)
    }
}

/// The journal's line of a file's end; `delivered` is from which session second to which its frames came.
fn end_of(
    shared: &TakeShared,
    frames: Frames,
    (since, until): (Option<f64>, Option<f64>),
    given_up: bool,
) -> Event {
    Event::TakeEnded {
        track: shared.entry.track.clone(),
        take: shared.entry.take,
        frames,
        clock: (*shared.clock()).clone(),
        since,
        until,
        given_up,
    }
}

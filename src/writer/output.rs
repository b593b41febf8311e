//! What the writer knows of a device and of each of its tracks.

use std::io;
use std::sync::Arc;

use rtrb::Consumer;

use super::{DevicePlan, TrackPlan};
use crate::base::format::DeviceFormat;
use crate::base::units::Frames;
use crate::capture::drain::Item;
use crate::clock::MonoNs;
use crate::session::account::Ledger;
use crate::session::journal::Event;
use crate::session::manifest::{ClockFit, GapCause, TakeEntry, TrackAccount};
use crate::session::shared::TakeShared;
use crate::writer::alarms::TrackVigil;
use crate::writer::take_file::{Remains, TakeFile};

pub(super) struct DeviceOut {
    pub(super) queue: Consumer<Item>,
    pub(super) tracks: Vec<TrackOut>,
    /// The device's current take.
    pub(super) take: Option<DeviceTake>,
}

/// Format of a device's take, and where its frames stand, those in hand included.
#[derive(Clone)]
pub(super) struct DeviceTake {
    pub(super) format: DeviceFormat,
    pub(super) frames: Frames,
    pub(super) clock: Arc<ClockFit>,
    /// From when to when it was delivered, known at its end.
    pub(super) span: Option<(f64, f64)>,
}

pub(super) struct TrackOut {
    pub(super) plan: TrackPlan,
    pub(super) file: Option<TakeFile>,
    /// Frame of the device's take at which the current file begins.
    base: Frames,
    /// Frames of the device's take that this track has dealt with.
    seen: Frames,
    /// Files of this track so far.
    pub(super) takes: u32,
    pub(super) ledger: Ledger,
    pub(super) vigil: TrackVigil,
    /// Frames that could not be written since the last file was given up; since which session second, and
    /// why.
    unwritten: Frames,
    unwritten_from: f64,
    unwritten_cause: GapCause,
    /// When another file is tried; none: at once.
    pub(super) retry_at: Option<MonoNs>,
}

impl DeviceTake {
    pub(super) fn new(format: DeviceFormat, offset: f64) -> Self {
        Self {
            format,
            frames: Frames(0),
            clock: Arc::new(ClockFit::nominal(offset, format.rate)),
            span: None,
        }
    }
}

impl DeviceOut {
    pub(super) fn new(plan: DevicePlan) -> Self {
        let tracks = plan.tracks.into_iter().map(TrackOut::new).collect();
        Self { queue: plan.queue, tracks, take: None }
    }

    /// A take of the device begins, for all its tracks.
    pub(super) fn begin(&mut self, take: DeviceTake) {
        self.tracks.iter_mut().for_each(|out| out.begin(&take));
        self.take = Some(take);
    }

    pub(super) fn advance(&mut self, frames: Frames) {
        if let Some(take) = &mut self.take {
            take.frames += frames;
        }
    }

    /// The clock of the device's take was measured anew; whether that was the first time.
    pub(super) fn set_clock(&mut self, fit: ClockFit) -> bool {
        let mut first = false;
        if let Some(take) = &mut self.take {
            first = take.clock.points == 0 && fit.points > 0;
            take.clock = Arc::new(fit.clone());
        }
        for out in &self.tracks {
            if let Some(file) = &out.file {
                file.shared().set_clock(fit.from_frame(out.base));
            }
        }
        first
    }

    /// When frame 0 and the last frame of a track's current file were delivered, as far as the device's
    /// stamps tell: they tell of the device's whole take, of which the file may be a part.
    pub(super) fn delivered(&self, track: usize) -> (Option<f64>, Option<f64>) {
        let Some((since, until)) = self.take.as_ref().and_then(|take| take.span) else { return (None, None) };
        (Some(since).filter(|_| self.tracks[track].base == Frames(0)), Some(until))
    }
}

impl TrackOut {
    fn new(plan: TrackPlan) -> Self {
        Self {
            ledger: Ledger::new(plan.shared.kind),
            vigil: TrackVigil::new(plan.shared.kind),
            plan,
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

    fn begin(&mut self, take: &DeviceTake) {
        self.ledger.set_rate(take.format.rate);
        self.seen = Frames(0);
        self.retry_at = None;
    }

    /// Whether the device has the channel that this track is made of.
    pub(super) fn has_channel(&self, take: &DeviceTake) -> bool {
        self.plan.channel.is_none_or(|n| (1..=take.format.channels).contains(&n))
    }

    /// Why a frame of this take is not written when it isn't.
    pub(super) fn why_not(&self, take: &DeviceTake) -> GapCause {
        if self.has_channel(take) { GapCause::WriteError } else { GapCause::DeviceLost }
    }

    /// The file of the next take, which begins where this track stands.
    pub(super) fn next_entry(&self, take: &DeviceTake) -> TakeEntry {
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

    pub(super) fn open(&mut self, file: TakeFile) {
        self.plan.shared.add_take(Arc::clone(file.shared()));
        self.file = Some(file);
        self.takes += 1;
        self.base = self.seen;
        self.retry_at = None;
    }

    /// Take and frame of the file in which a frame of the device's take lies.
    pub(super) fn place_of(&self, frame: Frames) -> Option<(u32, Frames)> {
        let file = self.file.as_ref().filter(|_| frame >= self.base)?;
        Some((file.shared().entry.take, frame - self.base))
    }

    /// What was observed of the device's take, as its current file has it.
    pub(super) fn observed(&self, points: &[(Frames, f64)]) -> Option<Event> {
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
            self.vigil.judge_clock(&file.shared().clock(), seconds);
        }
    }

    /// Listens to what is about to be written, at session second `now`: whether it is true sound.
    pub(super) fn hear(&mut self, samples: &[f32], take: &DeviceTake, now: f64) {
        let channels = usize::from(take.format.channels);
        let end = take.frames + Frames((samples.len() / channels) as u64);
        let span = (take.clock.time_of(take.frames), take.clock.time_of(end));
        match self.plan.channel {
            None => self.vigil.hear(samples.iter().copied(), channels, span, now),
            Some(n) if self.has_channel(take) => {
                let own = samples.iter().copied().skip(usize::from(n) - 1).step_by(channels);
                self.vigil.hear(own, 1, span, now);
            }
            Some(_) => {}
        }
    }

    /// Bytes a second that its file takes; none without a file.
    pub(super) fn bytes_per_s(&self) -> Option<u64> {
        let entry = &self.file.as_ref()?.shared().entry;
        Some(u64::from(entry.rate.0) * u64::from(entry.channels) * entry.format.bytes())
    }

    /// Writes what this track takes of interleaved frames; without a file nothing.
    pub(super) fn write_sound(&mut self, samples: &[f32], channels: usize) -> io::Result<()> {
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

    /// Counts a gap and writes its silence. It is counted first: whatever happens to the file, that sound is
    /// missing.
    pub(super) fn write_silence(&mut self, frames: Frames, cause: GapCause) -> io::Result<()> {
        self.ledger.add_gap(cause, frames);
        self.seen += frames;
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_silence(frames)?;
        file.flush_when_due()
    }

    /// Frames of the device's take are another device's sound: those that stand in the current file count as
    /// missing from now on.
    pub(super) fn mark_foreign(&mut self, from: Frames, frames: Frames) -> Option<(Frames, Frames)> {
        let shared = self.file.as_ref()?.shared();
        let (from, to) = (from.max(self.base), (from + frames).min(self.seen));
        let frames = to.saturating_sub(from);
        if frames.0 == 0 {
            return None;
        }
        shared.add_foreign(from - self.base, to - self.base);
        self.ledger.take_back(frames);
        self.ledger.add_gap(GapCause::Foreign, frames);
        Some((from, frames))
    }

    /// Frames of the device's take up to `frames` that this track has not dealt with are missing.
    pub(super) fn miss_up_to(&mut self, frames: Frames, take: &DeviceTake, cause: GapCause) {
        let missing = frames.saturating_sub(self.seen);
        if missing.0 == 0 {
            return;
        }
        if self.unwritten.0 == 0 {
            self.unwritten_from = take.clock.time_of(self.seen);
            self.unwritten_cause = cause;
        }
        self.unwritten += missing;
        self.seen = frames;
    }

    /// Gives the file up: what is not safe in it counts as missing for `cause`.
    pub(super) fn give_up(
        &mut self,
        take: &DeviceTake,
        cause: GapCause,
    ) -> Option<(Arc<TakeShared>, Remains)> {
        let file = self.file.take()?;
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
        Some((shared, remains))
    }

    /// Counts what could not be written as a gap: session second, frames, cause.
    pub(super) fn settle(&mut self) -> Option<(f64, Frames, GapCause)> {
        let frames = std::mem::take(&mut self.unwritten);
        if frames.0 == 0 {
            return None;
        }
        self.ledger.add_gap(self.unwritten_cause, frames);
        Some((self.unwritten_from, frames, self.unwritten_cause))
    }

    /// The account as it stands, with what could not be written so far.
    pub(super) fn account(&self) -> TrackAccount {
        let mut ledger = self.ledger.clone();
        if self.unwritten.0 > 0 {
            ledger.add_gap(self.unwritten_cause, self.unwritten);
        }
        ledger.account(&self.plan.shared.track)
    }
}

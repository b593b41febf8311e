//! What the journal's lines come to: takes, gaps, ends.

use std::collections::HashMap;

use crate::base::units::{Frames, SampleRate};
use crate::clock::model::{ClockModel, TakeClock};
use crate::session::manifest::{ClockFit, GapCause, SourceEntry, Start, TakeEntry};
use crate::session::read::is_time;
use crate::session::wav::Layout;

/// Minimum number of observations to fit a clock from: what was journalled along with fewer is as good.
const REFIT_POINTS: u64 = 16;
/// More than a recorder writes of one take in years: 4096 each time their distance doubles.
const OBSERVATIONS_MAX: usize = 1 << 18;

/// The facts that stand in the journal's first line.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The session's id.
    pub id: String,
    pub title: String,
    pub start: Start,
    pub sources: Vec<SourceEntry>,
}

/// A span of a take that is vouched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// First frame.
    pub from: Frames,
    /// One past the last frame.
    pub to: Frames,
    /// CRC-32 (IEEE) of its bytes.
    pub crc: u32,
}

/// How a take ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TakeEnd {
    /// Frames that count.
    pub frames: Frames,
    /// Session second of frame 0, as the stamps tell.
    pub since: Option<f64>,
    /// Session second of the end, as the stamps tell.
    pub until: Option<f64>,
    /// More may stand in the file.
    pub given_up: bool,
}

/// A take, as the journal tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TakeRecord {
    /// The facts as of its start.
    pub entry: TakeEntry,
    /// What is vouched for, in order; there may be holes between.
    pub sums: Vec<Sum>,
    /// The latest measured clock.
    pub clock: ClockFit,
    /// None: nobody wrote its end.
    pub ended: Option<TakeEnd>,
    /// Frames from … to that are no sound of this track: silence for gaps, or another device's sound.
    pub silences: Vec<(Frames, Frames)>,
    /// Frames that slipped out of it unseen; nothing stands for them.
    pub slips: Frames,
    /// What its clock was measured by: frames that had been delivered, session second; in order.
    pub observations: Vec<(Frames, f64)>,
    /// Frames at which sound begins again after some was missing, how much only the stamps tell.
    pub begins: Vec<Frames>,
}

impl TakeRecord {
    /// A take that begins.
    pub(super) fn new(entry: TakeEntry) -> Self {
        Self {
            clock: entry.clock.clone(),
            entry,
            sums: vec![],
            ended: None,
            silences: vec![],
            slips: Frames(0),
            observations: vec![],
            begins: vec![],
        }
    }

    /// Frames up to which it is vouched for.
    pub fn committed(&self) -> Frames {
        self.sums.last().map_or(Frames(0), |sum| sum.to)
    }

    /// Frames that count: all of an ended take, what is vouched for of another one.
    pub fn frames(&self) -> Frames {
        self.ended.map_or_else(|| self.committed(), |end| end.frames)
    }

    /// Frames that are no sound of this track among the first `frames`.
    pub fn silent(&self, frames: Frames) -> Frames {
        let within = |(from, to): &(Frames, Frames)| (*to).min(frames).saturating_sub((*from).min(frames)).0;
        Frames(self.silences.iter().map(within).fold(0, u64::saturating_add))
    }

    /// Frames from … to among the first `frames` that were muted in these spans of session seconds and that
    /// no gap tells of: those after `committed`, as the journal hears of the others before a commit.
    pub fn untold_mutes(
        &self,
        committed: Frames,
        frames: Frames,
        mutes: &[(f64, f64)],
    ) -> Vec<(Frames, Frames)> {
        let told = self.silences.iter().map(|(_, to)| *to).fold(committed, Frames::max);
        let (clock, end) = (&self.clock, self.clock.time_of(frames));
        let untold = |(from, to): &(f64, f64)| {
            let from = clock.frame_at(*from).max(told);
            let to = if *to < end { clock.frame_at(*to).min(frames) } else { frames };
            (to > from).then_some((from, to))
        };
        mutes.iter().filter(|(from, _)| *from < end).filter_map(untold).collect()
    }

    /// Its clock, fitted anew from what was observed; `None` where too little was.
    pub fn refit(&self) -> Option<TakeClock> {
        let mut model = ClockModel::in_retrospect(self.entry.rate, self.entry.offset);
        let mut begins = self.begins.iter().peekable();
        for (frames, at) in &self.observations {
            while let Some(from) = begins.next_if(|from| *from < frames) {
                model.gap(*from);
            }
            model.observe(*frames, *at);
        }
        let mut clock = model.finish();
        if clock.fit.points < REFIT_POINTS {
            return None;
        }
        clock.fit.points = clock.fit.points.max(self.clock.points);
        Some(clock)
    }

    /// Whether it comes from a device whose clock was measured; else position is all there is.
    pub fn is_clocked(&self) -> bool {
        self.clock.points > 0
    }

    /// How its file is laid out.
    pub fn layout(&self) -> Layout {
        Layout::of(&self.entry)
    }

    /// As the manifest lists it.
    pub fn entry_now(&self) -> TakeEntry {
        TakeEntry { frames: self.frames(), clock: self.clock.clone(), ..self.entry.clone() }
    }
}

/// Missing frames.
#[derive(Debug, Clone, PartialEq)]
pub struct GapRecord {
    /// The take whose file holds silence for it; `None` if it lies between takes.
    pub take: Option<u32>,
    /// Session second at which it began.
    pub at: f64,
    /// How many frames.
    pub frames: Frames,
    pub cause: GapCause,
    /// Takes of the track that had begun before.
    pub after: usize,
    /// The rate at which the frames are counted.
    pub rate: SampleRate,
}

/// What the journal says of one track.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrackFacts {
    /// Its takes in order, as places in [`super::Replay::takes`].
    pub takes: Vec<usize>,
    /// Place of a take by its number.
    pub(super) numbers: HashMap<u32, usize>,
    /// Its gaps in the order they were found.
    pub gaps: Vec<GapRecord>,
}

/// What happened to a device last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceEnd {
    /// It was lost.
    Lost,
    /// It came to its own end.
    Ended,
}

impl TakeRecord {
    pub(super) fn observe(&mut self, points: &[(Frames, f64)]) -> Result<(), String> {
        let mut last = self.observations.last().map_or(Frames(0), |(frames, _)| *frames);
        for (frames, at) in points {
            let fits = *frames > last && frames.0 <= super::FRAMES_MAX && is_time(*at);
            if !fits || self.observations.len() >= OBSERVATIONS_MAX {
                return Err(format!(
                    "{at} s at frame {frames} of {} can't be observed here",
                    self.entry.file
                ));
            }
            self.observations.push((*frames, *at));
            last = *frames;
        }
        Ok(())
    }

    pub(super) fn add_sum(&mut self, sum: Sum) -> Result<(), String> {
        if sum.from < self.committed() || sum.to <= sum.from || sum.to.0 > super::FRAMES_MAX {
            let (from, to) = (sum.from, sum.to);
            return Err(format!("frames {from} to {to} of {} can't be committed here", self.entry.file));
        }
        self.sums.push(sum);
        Ok(())
    }
}

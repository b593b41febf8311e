//! Reading the journal back: what `events.jsonl` says of a session, line by line.
//!
//! Promises: bounded memory for a line, no panic and no hang on any file; links and pipes are refused; every
//! number that comes out can be computed with, every path lies inside the session. One torn last line is what
//! a crash leaves, and is passed over; so are kinds of events that only a newer version knows. Anything worse
//! is an error that names the line. Nothing here writes.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::base::cause::Alarm;
use crate::base::units::{Frames, SampleRate};
use crate::clock::sleep::Outage;
use crate::session::journal::{Event, Line};
use crate::session::lines::LineReader;
use crate::session::manifest::{
    ClockFit, FORMAT, GapCause, Manifest, SourceEntry, State, TakeEntry, TrackAccount,
};
use crate::session::read::{self, JOURNAL, JOURNAL_BYTES_MAX, ReadError, is_time};
use crate::session::wav::{CHANNELS, RATES};

mod kinds;
mod records;

pub use records::{DeviceEnd, GapRecord, Started, Sum, TakeEnd, TakeRecord, TrackFacts};

/// More frames than any file that a recorder writes can hold (4 GiB of one 16-bit channel are 2^31).
const FRAMES_MAX: u64 = 1 << 33;
/// More bytes than any header that a recorder writes.
const DATA_OFFSET_MAX: u64 = 1 << 16;

/// Why the journal can't be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is none.
    #[error("{} has no journal ({JOURNAL}): nothing says what its tracks should be; `hansard recover` makes a new one of what is there", dir.display())]
    Missing { dir: PathBuf },
    /// It does not begin.
    #[error("{} ends before the session had begun: nothing was recorded by then; `hansard recover` mends it", path.display())]
    Empty { path: PathBuf },
    /// A line in it is not what a recorder writes.
    #[error(
        "{} is damaged in line {line}: {what}. What follows is not believed; the sound in tracks/ is not touched by this. \
         If you have a copy of that file, put it back; `hansard recover` makes the tracks playable",
        path.display()
    )]
    Damaged {
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

impl ReplayError {
    /// Whether the machine failed rather than the input being wrong.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Read(error) if error.is_failure())
    }
}

/// What the journal says of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replay {
    /// Its first line.
    pub started: Option<Started>,
    /// All takes, in the order they were opened.
    pub takes: Vec<TakeRecord>,
    /// The session's tracks by name.
    pub tracks: HashMap<String, TrackFacts>,
    /// Files of takes.
    files: HashSet<String>,
    /// Devices that were gone at the end, by their SPEC.
    pub devices: HashMap<String, DeviceEnd>,
    /// What the user paused: session seconds from and to; of the last one, to infinity where it was not
    /// resumed.
    pub pauses: Vec<(f64, f64)>,
    /// Which tracks the user muted: session seconds from and to, to infinity where that did not end.
    pub mutes: Vec<(String, f64, f64)>,
    /// Tracks that gave nothing but digital silence where there should have been sound, by the alarm of it:
    /// session seconds from and to, to infinity where it did not end.
    pub silences: Vec<(String, f64, f64)>,
    /// Tracks whose speech was far too quiet, in the same way.
    pub too_quiet: Vec<(String, f64, f64)>,
    /// When the computer slept or the recorder's process did not run.
    pub outages: Vec<Outage>,
    /// When the recording was told to stop.
    pub stopped_at: Option<f64>,
    /// Up to when it was being recorded at least, as found when it was mended.
    pub recorded_until: Option<f64>,
    /// Accounts and duration as of its end; `None` if it was not finished in order.
    pub closed: Option<(f64, Vec<TrackAccount>)>,
    /// How often it was mended.
    pub recoveries: u32,
    /// Session time of the latest line.
    pub last_s: f64,
    /// Number of the next line.
    pub next_seq: u64,
    /// Lines of kinds that this version does not know.
    pub unknown: u64,
}

/// A line that no recorder writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// From 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
    /// Bytes before it.
    pub at: u64,
    /// Zeros stand in it: pages that were never written, as a power cut leaves them.
    pub hole: bool,
}

/// What is there of a journal, whatever its state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scan {
    /// What the lines before any damage say.
    pub replay: Replay,
    /// The first line that is not believed.
    pub damage: Option<Damage>,
    /// Bytes before a last line that was torn off.
    pub torn_at: Option<u64>,
    /// There is a file.
    pub exists: bool,
}

/// What the journal of the session in `dir` says.
///
/// # Errors
/// No journal, one without a beginning, one with damage other than a torn last line.
pub fn read(dir: &Path) -> Result<Replay, ReplayError> {
    let path = dir.join(JOURNAL);
    let scan = scan(dir)?;
    match scan {
        Scan { exists: false, .. } => Err(ReplayError::Missing { dir: dir.to_owned() }),
        Scan { damage: Some(Damage { line, what, .. }), .. } => {
            Err(ReplayError::Damaged { path, line, what })
        }
        Scan { replay, .. } if replay.started.is_none() => Err(ReplayError::Empty { path }),
        Scan { replay, .. } => Ok(replay),
    }
}

/// Reads the journal in `dir` up to its end or its first damage.
///
/// # Errors
/// It can't be read at all, or another version wrote it.
pub fn scan(dir: &Path) -> Result<Scan, ReadError> {
    let path = dir.join(JOURNAL);
    let Some(mut lines) = LineReader::open(&path, JOURNAL_BYTES_MAX)? else { return Ok(Scan::default()) };
    let mut scan = Scan { exists: true, ..Scan::default() };
    while let Some(line) = lines.next_line()? {
        if !line.has_end() && !line.is_too_long() {
            // Without its end it was torn, or is being written at this moment.
            scan.torn_at = Some(line.at);
            break;
        }
        if let Err(what) = scan.replay.take_line(line.bytes) {
            if let Some(found) = other_format(line.bytes) {
                return Err(ReadError::Format { path, found });
            }
            let (at, hole) = (line.at, line.bytes.contains(&0));
            scan.damage = Some(Damage { line: line.number, what, at, hole });
            break;
        }
    }
    Ok(scan)
}

/// The number in a first line that another version wrote.
fn other_format(line: &[u8]) -> Option<u64> {
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    let format = value.get("payload")?.get("format")?.as_u64()?;
    (value.get("kind")? == "started" && format != u64::from(FORMAT)).then_some(format)
}

/// What all lines have, of whatever version.
#[derive(Deserialize)]
struct Head {
    seq: u64,
    session_ns: u64,
    kind: String,
}

impl Replay {
    /// Takes one line in; what is wrong with it otherwise.
    fn take_line(&mut self, line: &[u8]) -> Result<(), String> {
        let head: Head = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if head.seq != self.next_seq {
            return Err(format!("it has number {}, not {}", head.seq, self.next_seq));
        }
        if kinds::is_known(&head.kind) {
            let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
            self.apply(&line.event)?;
        } else if self.started.is_none() {
            return Err(format!("the first line is {:?}, not the session's start", head.kind));
        } else {
            self.unknown += 1;
        }
        self.next_seq += 1;
        self.last_s = self.last_s.max(head.session_ns as f64 * 1e-9);
        Ok(())
    }

    /// Takes one event in; what is wrong with it otherwise.
    ///
    /// # Errors
    /// The event can't follow those before it, or holds what no recorder writes.
    pub fn apply(&mut self, event: &Event) -> Result<(), String> {
        if self.started.is_none() && !matches!(event, Event::Started { .. }) {
            return Err("the session's start does not come first".into());
        }
        match event {
            Event::Started { format, id, title, start, sources } => {
                self.begin(
                    *format,
                    Started {
                        id: id.clone(),
                        title: title.clone(),
                        start: start.clone(),
                        sources: sources.clone(),
                    },
                )?;
            }
            Event::DeviceOpened { source, .. } => drop(self.devices.remove(source)),
            Event::DeviceLost { source, .. } => drop(self.devices.insert(source.clone(), DeviceEnd::Lost)),
            Event::SourceEnded { source } | Event::SourceBroken { source, .. } => {
                self.devices.insert(source.clone(), DeviceEnd::Ended);
            }
            Event::TakeStarted(entry) => self.start_take(entry)?,
            Event::Gap { track, take, from_frame, at, frames, cause } => {
                self.add_gap(track, take.zip(*from_frame), *at, *frames, *cause)?;
            }
            Event::Commit { spans } => {
                for span in spans {
                    self.open_take(&span.track, span.take)?.add_sum(Sum {
                        from: span.from,
                        to: span.to,
                        crc: span.crc,
                    })?;
                }
            }
            Event::Clock { track, take, fit } => {
                check_clock(fit)?;
                self.open_take(track, *take)?.clock = fit.clone();
            }
            Event::Observed { track, take, points } => self.open_take(track, *take)?.observe(points)?,
            Event::TakeEnded { track, take, frames, clock, since, until, given_up } => {
                let (frames, since, until, given_up) = (*frames, *since, *until, *given_up);
                self.end_take(track, *take, clock.clone(), TakeEnd { frames, since, until, given_up })?;
            }
            Event::Alarm {
                alarm: alarm @ (Alarm::Zeros | Alarm::TooQuiet),
                track: Some(track),
                on,
                at,
                ..
            } => {
                let at = check_time(at.unwrap_or(self.last_s))?;
                let spans = if *alarm == Alarm::Zeros { &mut self.silences } else { &mut self.too_quiet };
                let last = spans.iter_mut().rev().find(|(of, _, _)| of == track);
                match last.filter(|(_, _, to)| to.is_infinite()) {
                    Some((_, from, to)) if !on => *to = at.max(*from),
                    None if *on => spans.push((track.clone(), at, f64::INFINITY)),
                    _ => {}
                }
            }
            // Whoever makes the text anew says it again.
            Event::TextBegun { .. } => self.too_quiet.clear(),
            Event::Paused { at } => self.pauses.push((check_time(*at)?, f64::INFINITY)),
            Event::Resumed { at } => {
                let at = check_time(*at)?;
                if let Some((from, to)) = self.pauses.last_mut().filter(|(_, to)| to.is_infinite()) {
                    *to = at.max(*from);
                }
            }
            Event::Muted { track, at } => {
                self.mutes.push((track.clone(), check_time(*at)?, f64::INFINITY));
            }
            Event::Unmuted { track, at } => {
                let at = check_time(*at)?;
                let last = self.mutes.iter_mut().rev().find(|(of, _, _)| of == track);
                if let Some((_, from, to)) = last.filter(|(_, _, to)| to.is_infinite()) {
                    *to = at.max(*from);
                }
            }
            Event::Suspended { from, seconds } => self.add_outage(*from, *seconds, GapCause::Suspend)?,
            Event::ProcessStopped { from, seconds } => {
                self.add_outage(*from, *seconds, GapCause::Suspended)?;
            }
            Event::Stopped { at } => self.stopped_at = Some(check_time(*at)?),
            Event::Recovered { until, .. } => {
                self.recoveries = self.recoveries.saturating_add(1);
                if let Some(until) = until {
                    self.recorded_until = Some(check_time(*until)?);
                }
            }
            Event::Closed { duration, account } => {
                self.closed = Some((check_time(*duration)?.max(0.0), account.clone()));
            }
            _ => {}
        }
        Ok(())
    }

    fn add_outage(&mut self, from: f64, seconds: f64, cause: GapCause) -> Result<(), String> {
        self.outages.push(Outage { from: check_time(from)?, to: check_time(from + seconds)?, cause });
        Ok(())
    }

    fn begin(&mut self, format: u32, started: Started) -> Result<(), String> {
        if self.started.is_some() {
            return Err("the session starts twice".into());
        }
        if format != FORMAT {
            return Err(format!("format {format}"));
        }
        let manifest = manifest_of(&started);
        read::check_manifest(&manifest)?;
        for source in &started.sources {
            if self.tracks.insert(source.track.clone(), TrackFacts::default()).is_some() {
                return Err(format!("two tracks are named {:?}", source.track));
            }
        }
        self.started = Some(started);
        Ok(())
    }

    fn start_take(&mut self, entry: &TakeEntry) -> Result<(), String> {
        let path = Path::new(&entry.file);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || path.components().count() != 2 || !entry.file.starts_with("tracks/") {
            return Err(format!("the file {:?} is not one of the session's tracks", entry.file));
        }
        let sane = RATES.contains(&entry.rate.0)
            && CHANNELS.contains(&entry.channels)
            && entry.data_offset <= DATA_OFFSET_MAX
            && entry.take > 0
            && is_time(entry.offset);
        if !sane {
            let (channels, rate) = (entry.channels, entry.rate);
            return Err(format!("a take with {channels} channel(s) at {rate}"));
        }
        check_clock(&entry.clock)?;
        let place = self.takes.len();
        let track = self.tracks.get_mut(&entry.track);
        let new = track.is_some_and(|track| {
            if track.takes.is_empty() {
                // What is missing before the first take is counted in its frames.
                track.gaps.iter_mut().for_each(|gap| gap.rate = entry.rate);
            }
            track.takes.push(place);
            track.numbers.insert(entry.take, place).is_none()
        });
        if !new || !self.files.insert(entry.file.clone()) {
            return Err(format!("take {} of {:?} can't begin here", entry.take, entry.track));
        }
        self.takes.push(TakeRecord::new(TakeEntry {
            frames: Frames(0),
            foreign: Vec::new(),
            ..entry.clone()
        }));
        Ok(())
    }

    fn end_take(&mut self, track: &str, take: u32, clock: ClockFit, end: TakeEnd) -> Result<(), String> {
        let times = end.since.iter().chain(&end.until);
        if end.frames.0 > FRAMES_MAX || !times.copied().all(is_time) {
            return Err("an end that no take has".into());
        }
        check_clock(&clock)?;
        let record = self.open_take(track, take)?;
        (record.clock, record.ended) = (clock, Some(end));
        Ok(())
    }

    fn add_gap(
        &mut self,
        track: &str,
        place: Option<(u32, Frames)>,
        at: f64,
        frames: Frames,
        cause: GapCause,
    ) -> Result<(), String> {
        check_time(at)?;
        let from = place.map_or(Frames(0), |(_, from)| from);
        if frames.0 > FRAMES_MAX || from.0 > FRAMES_MAX || !self.tracks.contains_key(track) {
            return Err("a gap that no track has".into());
        }
        let rate = self.of_track(track).last().map_or(SampleRate::HZ_48000, |take| take.entry.rate);
        let mut within = None;
        if let Some((take, from)) = place {
            let Some(record) = self.take_mut(track, take) else {
                return Err(format!("a gap in take {take} of {track:?}, which has not begun"));
            };
            within = Some(take);
            match cause {
                GapCause::Slip => record.slips.0 = record.slips.0.saturating_add(frames.0),
                _ => {
                    record.silences.push((from, from + frames));
                    // How much is muted is known, and its frames went on.
                    if !matches!(cause, GapCause::Overrun | GapCause::Foreign | GapCause::Muted) {
                        record.begins.push(from + frames);
                    }
                }
            }
            if cause == GapCause::Foreign {
                match record.entry.foreign.last_mut().filter(|(_, end)| *end == from) {
                    Some((_, end)) => *end = from + frames,
                    None => record.entry.foreign.push((from, from + frames)),
                }
            }
        }
        if let Some(track) = self.tracks.get_mut(track) {
            let after = track.takes.len();
            track.gaps.push(GapRecord { take: within, at, frames, cause, after, rate });
        }
        Ok(())
    }

    /// When the user muted that track: session seconds from and to.
    pub fn mutes_of(&self, track: &str) -> Vec<(f64, f64)> {
        let own = self.mutes.iter().filter(|(of, _, _)| of == track);
        own.map(|(_, from, to)| (*from, *to)).collect()
    }

    /// The session's tracks, in the user's order.
    pub fn sources(&self) -> &[SourceEntry] {
        self.started.as_ref().map_or(&[], |started| &started.sources)
    }

    /// The takes of a track, in order.
    pub fn of_track<'a>(&'a self, track: &str) -> impl DoubleEndedIterator<Item = &'a TakeRecord> + use<'a> {
        let places = self.tracks.get(track).map(|track| track.takes.as_slice()).unwrap_or_default();
        places.iter().filter_map(|place| self.takes.get(*place))
    }

    /// The gaps of a track, in the order they were found.
    pub fn gaps(&self, track: &str) -> &[GapRecord] {
        self.tracks.get(track).map(|track| track.gaps.as_slice()).unwrap_or_default()
    }

    /// A take.
    pub fn take(&self, track: &str, take: u32) -> Option<&TakeRecord> {
        self.takes.get(self.place(track, take)?)
    }

    fn place(&self, track: &str, take: u32) -> Option<usize> {
        self.tracks.get(track)?.numbers.get(&take).copied()
    }

    fn take_mut(&mut self, track: &str, take: u32) -> Option<&mut TakeRecord> {
        self.place(track, take).and_then(|place| self.takes.get_mut(place))
    }

    fn open_take(&mut self, track: &str, take: u32) -> Result<&mut TakeRecord, String> {
        let record = self.take_mut(track, take).filter(|record| record.ended.is_none());
        record.ok_or_else(|| format!("take {take} of {track:?} is not open here"))
    }
}

/// A session of which nothing is known but its start.
pub fn manifest_of(started: &Started) -> Manifest {
    Manifest {
        format: FORMAT,
        id: started.id.clone(),
        title: started.title.clone(),
        start: started.start.clone(),
        state: State::Recording,
        duration: 0.0,
        sources: started.sources.clone(),
        takes: Vec::new(),
        account: Vec::new(),
    }
}

fn check_time(seconds: f64) -> Result<f64, String> {
    if is_time(seconds) { Ok(seconds) } else { Err(format!("{seconds} s is not a time in a session")) }
}

fn check_clock(fit: &ClockFit) -> Result<(), String> {
    if fit.is_sane(is_time) { Ok(()) } else { Err("a clock that no device has".into()) }
}

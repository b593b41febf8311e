//! The writer: one disk thread for all tracks, the journal, the manifest and the transcript. A `step` that a thread calls.
//!
//! Each second one group commit: write all, sync all files, then one journal line for all, sync it. After any error of a
//! track's file that file is left as it is and the track goes on in a new take; the other tracks do not notice.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use rtrb::Consumer;

use super::account::Ledger;
use super::disk::{Disk, DiskFile};
use super::journal::{Event, Journal};
use super::manifest::{ClockFit, GapCause, Manifest, State, TakeEntry, TrackAccount};
use super::track::{TakeFile, TakeShared, TrackShared};
use crate::audio::units::{Frames, SampleFormat, SampleRate};
use crate::capture::DeviceFormat;
use crate::capture::drain::Item;
use crate::clock::{MonoNs, SessionClock};
use crate::speech::transcript::Utterance;

/// A group commit is due this long after the last one: what a power cut can lose is this and the time of a sync.
const COMMIT_EVERY_S: f64 = 1.0;
/// The manifest is brought up to date this often even if no take begins or ends.
const MANIFEST_EVERY_S: f64 = 10.0;
/// A track whose file could not be made tries again after this long.
const RETRY_S: f64 = 1.0;
/// Items taken from one device's queue before the next device has its turn.
const ITEMS_PER_TURN: usize = 64;

/// What the control plane asks of the writer.
pub enum Control {
    /// A line for the journal.
    Journal(Event),
    /// A line for the transcript.
    Utterance(Box<Utterance>),
    /// All devices are drained: close the tracks, sync, journal `closed`; answer with the accounts.
    CloseTracks(Sender<Closed>),
    /// Nothing more will come: sync everything and end.
    Finish,
    /// Panic, to show what that costs. Only tests send it.
    #[doc(hidden)]
    Crash,
}

/// What is known when all tracks are closed.
#[derive(Debug, Clone)]
pub struct Closed {
    /// One per track.
    pub account: Vec<TrackAccount>,
    /// Seconds from the start to the end.
    pub duration: f64,
    /// Errors of the disk that have not been journalled as gaps; for the user.
    pub errors: Vec<String>,
}

/// One track of a device.
#[derive(Debug, Clone)]
pub struct TrackPlan {
    /// What others may know of it.
    pub shared: Arc<TrackShared>,
    /// The channel (from 1) that it takes of the device; none: all.
    pub channel: Option<u16>,
    /// How it is stored; none: as deep as the device.
    pub format: Option<SampleFormat>,
}

/// One device's way to the disk.
pub struct DevicePlan {
    /// From its drain.
    pub queue: Consumer<Item>,
    /// Its tracks.
    pub tracks: Vec<TrackPlan>,
}

/// The writer of one session.
pub struct Writer {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    clock: SessionClock,
    devices: Vec<DeviceOut>,
    control: Receiver<Control>,
    journal: Journal,
    transcript: Option<Box<dyn DiskFile>>,
    transcript_unsynced: bool,
    manifest: Manifest,
    committed_at: MonoNs,
    manifest_at: MonoNs,
    errors: Vec<String>,
    finishing: bool,
}

struct DeviceOut {
    queue: Consumer<Item>,
    tracks: Vec<TrackOut>,
    /// Format of the device's current take, and where its frames stand.
    take: Option<DeviceTake>,
}

#[derive(Clone, Copy)]
struct DeviceTake {
    format: DeviceFormat,
    frames: Frames,
    clock: ClockFit,
}

struct TrackOut {
    plan: TrackPlan,
    file: Option<TakeFile>,
    /// Frame of the device's take at which the current file begins.
    base: Frames,
    takes: u32,
    ledger: Ledger,
    /// Frames that could not be written since the last file was given up, and since when.
    unwritten: Frames,
    unwritten_from: f64,
    retry_at: Option<MonoNs>,
}

impl Writer {
    /// Creates journal and manifest in `dir`, where the folder `tracks` exists.
    pub fn create(
        disk: Arc<dyn Disk>,
        dir: &Path,
        clock: SessionClock,
        manifest: Manifest,
        devices: Vec<DevicePlan>,
        control: Receiver<Control>,
    ) -> io::Result<Self> {
        let now = clock.mono();
        let mut journal = Journal::create(&*disk, &dir.join("events.jsonl"))?;
        journal.append(
            clock.now(),
            Event::Started {
                format: manifest.format,
                id: manifest.id.clone(),
                title: manifest.title.clone(),
                start: manifest.start.clone(),
                sources: manifest.sources.clone(),
            },
        )?;
        journal.sync()?;
        let writer = Self {
            devices: devices.into_iter().map(DeviceOut::new).collect(),
            disk,
            dir: dir.into(),
            clock,
            control,
            journal,
            transcript: None,
            transcript_unsynced: false,
            manifest,
            committed_at: now,
            manifest_at: now,
            errors: Vec::new(),
            finishing: false,
        };
        writer.write_manifest()?;
        writer.disk.sync_dir(&writer.dir)?;
        Ok(writer)
    }

    /// Moves what there is to the disk. Returns whether there was anything; none once it is finished.
    pub fn step(&mut self, now: MonoNs) -> Option<bool> {
        let mut busy = false;
        for device in 0..self.devices.len() {
            busy |= self.take_items(device, now);
        }
        while let Ok(control) = self.control.try_recv() {
            self.obey(control);
            busy = true;
        }
        if now.seconds_since(self.committed_at) >= COMMIT_EVERY_S {
            self.commit();
            self.committed_at = now;
        }
        if now.seconds_since(self.manifest_at) >= MANIFEST_EVERY_S {
            self.save_manifest();
            self.manifest_at = now;
        }
        if self.finishing && !busy {
            self.commit();
            self.save_manifest();
            return None;
        }
        Some(busy)
    }

    /// After a panic within a step nothing is known of the open files: every track goes on in a new take.
    pub fn start_new_takes(&mut self, reason: &str) {
        for device in 0..self.devices.len() {
            for track in 0..self.devices[device].tracks.len() {
                self.give_up(device, track, &io::Error::other(reason.to_owned()));
            }
        }
    }

    fn obey(&mut self, control: Control) {
        match control {
            Control::Journal(event) => self.note(event),
            Control::Utterance(utterance) => {
                if let Err(error) = self.append_utterance(&utterance) {
                    self.refused("transcript.jsonl", &error);
                    // A torn line may be there: the next one begins on a line of its own, in a file opened anew.
                    self.transcript = None;
                }
            }
            Control::CloseTracks(reply) => {
                let closed = self.close_tracks();
                // Whoever asked may have given up waiting; the tracks are closed all the same.
                drop(reply.send(closed));
            }
            Control::Finish => self.finishing = true,
            Control::Crash => panic!("the writer was told to crash"),
        }
    }

    fn take_items(&mut self, device: usize, now: MonoNs) -> bool {
        let mut busy = false;
        for _ in 0..ITEMS_PER_TURN {
            let Ok(item) = self.devices[device].queue.pop() else { break };
            busy = true;
            self.take_item(device, item, now);
        }
        busy
    }

    fn take_item(&mut self, device: usize, item: Item, now: MonoNs) {
        match item {
            Item::TakeStart { format, offset } => {
                let clock = ClockFit::nominal(offset, format.rate);
                self.devices[device].take = Some(DeviceTake { format, frames: Frames(0), clock });
                for track in 0..self.devices[device].tracks.len() {
                    self.devices[device].tracks[track].ledger.set_rate(format.rate);
                    self.open_file(device, track);
                }
            }
            Item::Sound(samples) => self.write_sound(device, &samples, now),
            Item::Silence { frames, cause } => self.write_silence(device, frames, cause, now),
            Item::Absent { from, seconds, cause } => {
                for track in 0..self.devices[device].tracks.len() {
                    let ledger = &mut self.devices[device].tracks[track].ledger;
                    let frames = Frames::from_seconds(seconds, ledger.rate());
                    ledger.add_gap(cause, frames);
                    let track = self.devices[device].tracks[track].plan.shared.track.clone();
                    self.note(Event::Gap { track, take: None, from_frame: None, at: from, frames, cause });
                }
            }
            Item::Clock(fit) => self.devices[device].set_clock(fit),
            Item::TakeEnd { tail_deficit } => {
                for track in 0..self.devices[device].tracks.len() {
                    self.devices[device].tracks[track].ledger.add_tail_deficit(tail_deficit);
                    self.settle_unwritten(device, track);
                    self.close_file(device, track);
                }
                self.devices[device].take = None;
            }
        }
    }

    fn write_sound(&mut self, device: usize, samples: &[f32], now: MonoNs) {
        let Some(take) = self.devices[device].take else { return };
        let channels = usize::from(take.format.channels);
        let frames = Frames((samples.len() / channels) as u64);
        for track in 0..self.devices[device].tracks.len() {
            self.ensure_file(device, track, frames, now);
            let out = &mut self.devices[device].tracks[track];
            let channel = out.plan.channel;
            let Some(file) = &mut out.file else {
                out.unwritten += frames;
                continue;
            };
            let result = match channel {
                None => file.write(samples.iter().copied()),
                Some(n) => file.write(samples.iter().copied().skip(usize::from(n) - 1).step_by(channels)),
            };
            match result {
                Ok(()) => out.ledger.add_written(frames),
                Err(error) => {
                    self.give_up(device, track, &error);
                    self.devices[device].tracks[track].unwritten += frames;
                }
            }
        }
        self.devices[device].advance(frames);
    }

    fn write_silence(&mut self, device: usize, frames: Frames, cause: GapCause, now: MonoNs) {
        let Some(take) = self.devices[device].take else { return };
        for track in 0..self.devices[device].tracks.len() {
            self.ensure_file(device, track, frames, now);
            let out = &mut self.devices[device].tracks[track];
            out.ledger.add_gap(cause, frames);
            let at = take.clock.time_of(take.frames);
            let mut place = None;
            if let Some(file) = &mut out.file {
                place = Some((file.shared().entry.take, file.frames()));
                if let Err(error) = file.write_silence(frames) {
                    self.give_up(device, track, &error);
                    place = None;
                }
            }
            let track = self.devices[device].tracks[track].plan.shared.track.clone();
            let (take, from_frame) = place.unzip();
            self.note(Event::Gap { track, take, from_frame, at, frames, cause });
        }
        self.devices[device].advance(frames);
    }

    /// Before frames are written: a full file is followed by another one, a given-up one too once it is time.
    fn ensure_file(&mut self, device: usize, track: usize, frames: Frames, now: MonoNs) {
        let out = &mut self.devices[device].tracks[track];
        if out.file.as_ref().is_some_and(|file| file.is_full(frames)) {
            self.close_file(device, track);
            self.open_file(device, track);
        } else if out.file.is_none() && out.retry_at.is_none_or(|at| now >= at) {
            out.retry_at = Some(MonoNs(now.0 + (RETRY_S * 1e9) as u64));
            self.settle_unwritten(device, track);
            self.open_file(device, track);
        }
    }

    /// Journals what could not be written as a gap.
    fn settle_unwritten(&mut self, device: usize, track: usize) {
        let out = &mut self.devices[device].tracks[track];
        let frames = std::mem::take(&mut out.unwritten);
        if frames.0 > 0 {
            out.ledger.add_gap(GapCause::WriteError, frames);
            let (track, at) = (out.plan.shared.track.clone(), out.unwritten_from);
            self.note(Event::Gap { track, take: None, from_frame: None, at, frames, cause: GapCause::WriteError });
        }
    }

    fn open_file(&mut self, device: usize, track: usize) {
        let Some(take) = self.devices[device].take else { return };
        let out = &mut self.devices[device].tracks[track];
        out.base = take.frames;
        // A name that could not be made use of is not used again: it may be half there.
        out.takes += 1;
        let entry = out.entry(&take);
        match TakeFile::create(&*self.disk, &self.dir, entry) {
            Ok(file) => {
                let entry = file.shared().entry.clone();
                out.plan.shared.add_take(Arc::clone(file.shared()));
                out.file = Some(file);
                out.retry_at = None;
                self.note(Event::TakeStarted(entry));
                self.save_manifest();
            }
            Err(error) => {
                out.unwritten_from = take.clock.time_of(take.frames);
                let file = out.entry(&take).file;
                self.refused(&file, &error);
            }
        }
    }

    fn close_file(&mut self, device: usize, track: usize) {
        let Some(mut file) = self.devices[device].tracks[track].file.take() else { return };
        let (shared, frames) = (Arc::clone(file.shared()), file.frames());
        let result = file.flush().and_then(|()| file.sync());
        let span = if result.is_ok() { file.commit() } else { None };
        if let Err(error) = result.and_then(|()| file.close()) {
            self.refused(&shared.entry.file, &error);
        }
        shared.close();
        let (track, take) = (shared.entry.track.clone(), shared.entry.take);
        if let Some(span) = span {
            self.note(Event::Commit { spans: vec![span] });
        }
        self.note(Event::TakeEnded { track, take, frames, clock: shared.clock() });
        self.save_manifest();
    }

    /// A file that failed is left as it is; what was flushed stays readable.
    fn give_up(&mut self, device: usize, track: usize, error: &io::Error) {
        let Some(take) = self.devices[device].take else { return };
        let out = &mut self.devices[device].tracks[track];
        let Some(file) = out.file.take() else { return };
        let name = file.shared().entry.file.clone();
        let unflushed = Frames(file.frames().0 - file.shared().written().0);
        // What hound had taken and the file had not is not on the disk.
        out.ledger.take_back(unflushed);
        out.unwritten = unflushed;
        out.unwritten_from = take.clock.time_of(take.frames.saturating_sub(unflushed));
        out.retry_at = None;
        file.abandon();
        self.refused(&name, error);
    }

    fn commit(&mut self) {
        self.publish_missing();
        for device in 0..self.devices.len() {
            for track in 0..self.devices[device].tracks.len() {
                let Some(file) = &mut self.devices[device].tracks[track].file else { continue };
                if let Err(error) = file.flush().and_then(|()| if file.has_news() { file.sync() } else { Ok(()) }) {
                    self.give_up(device, track, &error);
                }
            }
        }
        let spans: Vec<_> =
            self.files().filter_map(TakeFile::commit).collect();
        if self.transcript_unsynced {
            if let Some(Err(error)) = self.transcript.as_mut().map(|file| file.sync_data()) {
                self.refused("transcript.jsonl", &error);
            }
            self.transcript_unsynced = false;
        }
        if !spans.is_empty() {
            self.note(Event::Commit { spans: spans.clone() });
        }
        match self.journal.sync() {
            Ok(()) => {
                for span in spans {
                    if let Some(file) = self.files().find(|file| file.is(&span)) {
                        file.set_durable(span.to);
                    }
                }
            }
            Err(error) => self.refused("events.jsonl", &error),
        }
    }

    /// For the status line.
    fn publish_missing(&self) {
        for out in self.tracks() {
            let account = out.ledger.account(&out.plan.shared.track);
            let missing: Frames = account.gaps.iter().fold(Frames(0), |sum, gap| sum + gap.frames);
            let rate = out.ledger.rate();
            out.plan.shared.set_missing(missing.seconds(rate), account.lost.seconds(rate));
        }
    }

    fn files(&mut self) -> impl Iterator<Item = &mut TakeFile> {
        self.devices.iter_mut().flat_map(|device| &mut device.tracks).filter_map(|out| out.file.as_mut())
    }

    fn close_tracks(&mut self) -> Closed {
        for device in 0..self.devices.len() {
            for track in 0..self.devices[device].tracks.len() {
                self.settle_unwritten(device, track);
                self.close_file(device, track);
                self.devices[device].tracks[track].plan.shared.set_finished();
            }
        }
        let account = self.account();
        let duration = self.duration();
        self.note(Event::Closed { duration, account: account.clone() });
        if let Err(error) = self.journal.sync() {
            self.refused("events.jsonl", &error);
        }
        self.manifest.state = State::Closed;
        self.save_manifest();
        Closed { account, duration, errors: self.errors.clone() }
    }

    fn append_utterance(&mut self, utterance: &Utterance) -> io::Result<()> {
        let mut line = serde_json::to_vec(utterance)?;
        line.push(b'\n');
        if self.transcript.is_none() {
            self.transcript = Some(self.disk.append(&self.dir.join("transcript.jsonl"))?);
        }
        if let Some(file) = &mut self.transcript {
            file.write_all(&line)?;
            self.transcript_unsynced = true;
        }
        Ok(())
    }

    fn account(&self) -> Vec<TrackAccount> {
        self.tracks().map(|out| out.ledger.account(&out.plan.shared.track)).collect()
    }

    fn tracks(&self) -> impl Iterator<Item = &TrackOut> {
        self.devices.iter().flat_map(|device| &device.tracks)
    }

    fn takes(&self) -> Vec<TakeEntry> {
        let takes = self.tracks().flat_map(|out| out.plan.shared.takes());
        takes.map(|take: Arc<TakeShared>| take.entry_now()).collect()
    }

    fn duration(&self) -> f64 {
        self.takes().iter().map(|take| take.time_of(take.frames)).fold(0.0, f64::max)
    }

    fn write_manifest(&self) -> io::Result<()> {
        let manifest = Manifest {
            takes: self.takes(),
            account: self.account(),
            duration: self.duration(),
            ..self.manifest.clone()
        };
        let mut bytes = serde_json::to_vec_pretty(&manifest)?;
        bytes.push(b'\n');
        self.disk.replace(&self.dir.join("session.json"), &bytes)
    }

    fn save_manifest(&mut self) {
        if let Err(error) = self.write_manifest() {
            self.refused("session.json", &error);
        }
    }

    fn note(&mut self, event: Event) {
        if let Err(error) = self.journal.append(self.clock.now(), event) {
            tracing::error!(%error, "the journal can't be written");
            self.remember(format!("events.jsonl: {error}"));
        }
    }

    /// The disk refused something: it is journalled, logged, and told at the end.
    fn refused(&mut self, file: &str, error: &io::Error) {
        tracing::error!(file, %error, "the disk refused to write");
        self.remember(format!("{file}: {error}"));
        if file != "events.jsonl" {
            self.note(Event::WriteError { file: file.into(), error: error.to_string() });
        }
    }

    fn remember(&mut self, error: String) {
        // A disk that refuses does so every second: the user needs each error once.
        if !self.errors.contains(&error) && self.errors.len() < 100 {
            self.errors.push(error);
        }
    }
}

impl DeviceOut {
    fn new(plan: DevicePlan) -> Self {
        let tracks = plan.tracks.into_iter().map(TrackOut::new).collect();
        Self { queue: plan.queue, tracks, take: None }
    }

    fn advance(&mut self, frames: Frames) {
        if let Some(take) = &mut self.take {
            take.frames += frames;
        }
    }

    fn set_clock(&mut self, fit: ClockFit) {
        if let Some(take) = &mut self.take {
            take.clock = fit;
        }
        for out in &self.tracks {
            if let Some(file) = &out.file {
                file.shared().set_clock(shifted(fit, out.base));
            }
        }
    }
}

/// The line of a file that begins `base` frames into the device's take.
fn shifted(fit: ClockFit, base: Frames) -> ClockFit {
    ClockFit { offset: fit.time_of(base), ..fit }
}

impl TrackOut {
    fn new(plan: TrackPlan) -> Self {
        Self {
            ledger: Ledger::new(plan.shared.kind),
            plan,
            file: None,
            base: Frames(0),
            takes: 0,
            unwritten: Frames(0),
            unwritten_from: 0.0,
            retry_at: None,
        }
    }

    fn entry(&self, take: &DeviceTake) -> TakeEntry {
        let track = &self.plan.shared.track;
        let file = match self.takes {
            1 => format!("tracks/{track}.wav"),
            n => format!("tracks/{track}.{n}.wav"),
        };
        let clock = shifted(take.clock, self.base);
        TakeEntry {
            track: track.clone(),
            take: self.takes,
            file,
            rate: SampleRate(take.format.rate.0),
            channels: if self.plan.channel.is_some() { 1 } else { take.format.channels },
            format: self.plan.format.unwrap_or(take.format.format),
            data_offset: 0,
            frames: Frames(0),
            offset: clock.offset,
            clock,
        }
    }
}

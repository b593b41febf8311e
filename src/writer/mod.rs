//! The writer: one disk thread for all tracks, the journal, the manifest and the transcript. A `step` that a
//! thread calls.
//!
//! Each second one group commit: write all, sync all files, then one journal line for all, sync it. What may
//! take as long as the disk likes is done elsewhere ([`Syncs`]), so that sound is written meanwhile. After
//! any error of a track's file that file is left as it is and the track goes on in a new take; the other
//! tracks do not notice. A frame counts as written only while the disk stands by it; everything else is a gap
//! with a cause.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use rtrb::Consumer;

use crate::base::units::{Frames, SampleFormat};
use crate::base::utterance::Utterance;
use crate::capture::drain::Item;
use crate::clock::model::Slip;
use crate::clock::{MonoNs, SessionClock};
use crate::live::{Bus, News, TranscriptLine};
use crate::session::disk::Disk;
use crate::session::journal::{Event, Journal, Span};
use crate::session::lines::LineFile;
use crate::session::manifest::{GapCause, Manifest, State, TrackAccount};
use crate::session::shared::{TakeShared, TrackShared};
use crate::writer::syncs::Syncs;
use crate::writer::take_file::{TAKE_BYTES_MAX, TakeFile};

pub mod alarms;
mod books;
mod commit;
mod output;
pub mod syncs;
pub mod take_file;
mod watch;

use commit::{Commit, MANIFEST};
use output::{DeviceOut, DeviceTake};
pub use watch::Room;
use watch::Watch;

/// A group commit is due this long after the last one: what a power cut can lose is this and the time of a
/// sync.
const COMMIT_EVERY_S: f64 = 1.0;
/// The manifest is brought up to date this often even if no take begins or ends.
const MANIFEST_EVERY_S: f64 = 10.0;
/// A track whose file could not be made tries again after this long.
const RETRY_S: f64 = 1.0;
/// Items taken from one device's queue before the next device has its turn.
const ITEMS_PER_TURN: usize = 64;

/// Errors of the disk that are told at the end.
const ERRORS_MAX: usize = 100;

/// What the control plane asks of the writer.
#[expect(clippy::manual_non_exhaustive, reason = "the hidden message is sent, by tests")]
pub enum Control {
    /// A line for the journal.
    Journal(Event),
    /// A line for the transcript.
    Utterance(Box<Utterance>),
    /// A line of the transcript, handed over before, is news.
    Publish(Box<TranscriptLine>),
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
    transcript: Option<LineFile>,
    /// Spans that are on the disk and of which the journal does not know yet.
    saved: Vec<(Arc<TakeShared>, Span)>,
    /// Frames that become durable with the journal's next sync.
    vouched: Vec<(Arc<TakeShared>, Frames)>,
    syncs: Syncs,
    commit: Option<Commit>,
    manifest: Manifest,
    /// The manifest is being replaced; and has to be once more.
    replacing: bool,
    manifest_due: bool,
    committed_at: MonoNs,
    manifest_at: MonoNs,
    /// A file of a take ends before it has more bytes than this.
    take_bytes_max: u64,
    watch: Watch,
    /// How often clocks were due in the journal.
    clocks_noted: u64,
    errors: Vec<String>,
    finishing: bool,
    /// Where its lines are published once they are handed to the disk.
    news: Bus,
}

impl Writer {
    /// Creates journal and manifest in `dir`, where the folder `tracks` exists. `syncs` is of the same disk.
    pub fn create(
        disk: Arc<dyn Disk>,
        syncs: Syncs,
        dir: &Path,
        clock: SessionClock,
        manifest: Manifest,
        devices: Vec<DevicePlan>,
        control: Receiver<Control>,
    ) -> io::Result<Self> {
        let now = clock.mono();
        let mut journal = Journal::create(&*disk, &dir.join("events.jsonl"))?;
        let news = Bus::new(dir);
        let published = news.clone();
        journal.tell(Box::new(move |line| published.publish(News::Event(Arc::new(line)))));
        journal.append_at(
            clock.now(),
            clock.utc(),
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
            saved: Vec::new(),
            vouched: Vec::new(),
            syncs,
            commit: None,
            manifest,
            replacing: false,
            manifest_due: false,
            committed_at: now,
            manifest_at: now,
            take_bytes_max: TAKE_BYTES_MAX,
            watch: Watch::default(),
            clocks_noted: 0,
            errors: Vec::new(),
            finishing: false,
            news,
        };
        writer.disk.replace(&writer.dir.join(MANIFEST), &writer.manifest_bytes()?)?;
        writer.disk.sync_dir(&writer.dir)?;
        Ok(writer)
    }

    /// Files end before they have `bytes`, instead of [`TAKE_BYTES_MAX`]. Only tests have no time for 4 GiB.
    #[doc(hidden)]
    pub fn limit_takes(&mut self, bytes: u64) {
        self.take_bytes_max = bytes;
    }

    /// The disk hangs, as far as syncs go ([`Syncs::hold`]). Only tests have such a disk.
    #[doc(hidden)]
    pub fn hold_syncs(&mut self, hold: bool) {
        self.syncs.hold(hold);
    }

    /// Where its lines are published.
    pub fn news(&self) -> &Bus {
        &self.news
    }

    /// Moves what there is to the disk. Returns whether there was anything; none once it is finished.
    pub fn step(&mut self, now: MonoNs) -> Option<bool> {
        let mut busy = false;
        self.take_answers();
        for device in 0..self.devices.len() {
            busy |= self.take_items(device, now, ITEMS_PER_TURN);
        }
        while let Ok(control) = self.control.try_recv() {
            self.obey(control);
            busy = true;
        }
        if now.seconds_since(self.committed_at) >= COMMIT_EVERY_S {
            self.commit(now);
            self.watch(now);
            self.committed_at = now;
        }
        if now.seconds_since(self.manifest_at) >= MANIFEST_EVERY_S {
            self.note_clocks();
            self.save_manifest();
            self.manifest_at = now;
        }
        if self.finishing && !busy {
            self.settle();
            self.commit(now);
            self.save_manifest();
            self.settle();
            return None;
        }
        self.take_answers();
        Some(busy)
    }

    /// After a panic within a step every track goes on in a new take. Files that were not being written just
    /// then are closed in order; of another one what had been flushed remains.
    pub fn start_new_takes(&mut self, reason: &str) {
        for device in 0..self.devices.len() {
            for track in 0..self.devices[device].tracks.len() {
                let out = &mut self.devices[device].tracks[track];
                if out.file.as_ref().is_some_and(TakeFile::is_whole) {
                    self.close_file(device, track);
                } else {
                    self.give_up(device, track, &io::Error::other(reason.to_owned()), GapCause::Restart);
                }
                let device = &mut self.devices[device];
                if let Some(take) = device.take.clone() {
                    device.tracks[track].miss_up_to(take.frames, &take, GapCause::Restart);
                }
            }
        }
    }

    fn obey(&mut self, control: Control) {
        match control {
            Control::Journal(event) => self.note(event),
            Control::Utterance(utterance) => {
                if let Err(error) = self.append_utterance(&utterance) {
                    self.refused("transcript.jsonl", &error);
                }
            }
            Control::Publish(line) => self.news.publish(News::Line(Arc::new(*line))),
            Control::CloseTracks(reply) => {
                let closed = self.close_tracks();
                // Whoever asked may have given up waiting; the tracks are closed all the same.
                drop(reply.send(closed));
            }
            Control::Finish => self.finishing = true,
            Control::Crash => panic!("the writer was told to crash"),
        }
    }

    fn take_items(&mut self, device: usize, now: MonoNs, most: usize) -> bool {
        let mut busy = false;
        for _ in 0..most {
            let Ok(item) = self.devices[device].queue.pop() else { break };
            busy = true;
            self.take_item(device, item, now);
        }
        busy
    }

    fn take_item(&mut self, device: usize, item: Item, now: MonoNs) {
        if self.manifest.state == State::Closed {
            // The account is drawn up: a device that was still delivering is past the end.
            tracing::debug!(device, "sound after the end of the recording is left out");
            return;
        }
        match item {
            Item::TakeStart { format, offset } => self.start_take(device, DeviceTake::new(format, offset)),
            Item::Sound(samples) => self.write_sound(device, &samples, now),
            Item::Silence { frames, cause } => self.write_silence(device, frames, cause, now),
            Item::Rate(rate) => {
                self.devices[device].tracks.iter_mut().for_each(|out| out.ledger.set_rate(rate));
            }
            Item::Absent { from, seconds, cause } => {
                for track in 0..self.devices[device].tracks.len() {
                    let ledger = &mut self.devices[device].tracks[track].ledger;
                    let frames = Frames::from_seconds(seconds, ledger.rate());
                    ledger.add_gap(cause, frames);
                    self.note_gap(device, track, None, from, frames, cause);
                }
            }
            Item::Foreign { from, frames } => self.mark_foreign(device, from, frames),
            Item::Clock(fit) => {
                if self.devices[device].set_clock(fit) {
                    // From here on the journal tells that this take has a clock, whatever becomes of the
                    // recorder.
                    self.note_clocks_of(device);
                }
            }
            Item::Observed(points) => self.note_observed(device, &points),
            Item::TakeEnd { slips, tail_deficit, span } => {
                if let Some(take) = &mut self.devices[device].take {
                    take.span = span;
                }
                self.end_take(device, &slips, tail_deficit);
            }
        }
    }

    fn start_take(&mut self, device: usize, take: DeviceTake) {
        self.devices[device].begin(take.clone());
        for track in 0..self.devices[device].tracks.len() {
            let out = &mut self.devices[device].tracks[track];
            if out.has_channel(&take) {
                self.open_file(device, track);
            } else {
                let source = out.plan.shared.track.clone();
                let (wanted, there) = (out.plan.channel.unwrap_or_default(), take.format.channels);
                let reason = format!("the device has no channel {wanted} any more, only {there}");
                self.note(Event::DeviceLost { source, reason });
            }
        }
    }

    fn end_take(&mut self, device: usize, slips: &[Slip], tail_deficit: f64) {
        let Some(take) = self.devices[device].take.clone() else { return };
        for track in 0..self.devices[device].tracks.len() {
            self.devices[device].tracks[track].ledger.add_tail_deficit(tail_deficit);
            for slip in slips {
                let out = &mut self.devices[device].tracks[track];
                out.ledger.add_gap(GapCause::Slip, slip.frames);
                let place = out.place_of(slip.at);
                self.note_gap(device, track, place, take.clock.time_of(slip.at), slip.frames, GapCause::Slip);
            }
            // The whole take may say what no part of it did.
            self.devices[device].tracks[track].judge_clock();
            self.close_file(device, track);
            self.settle_unwritten(device, track);
        }
        self.tell_changes();
        self.devices[device].take = None;
    }

    fn write_sound(&mut self, device: usize, samples: &[f32], now: MonoNs) {
        let Some(take) = self.devices[device].take.clone() else { return };
        let channels = usize::from(take.format.channels);
        let frames = Frames((samples.len() / channels) as u64);
        self.devices[device].advance(frames);
        for track in 0..self.devices[device].tracks.len() {
            self.ensure_file(device, track, frames, now);
            self.devices[device].tracks[track].hear(samples, &take, self.clock.seconds_of(now));
            if let Err(error) = self.devices[device].tracks[track].write_sound(samples, channels) {
                self.give_up(device, track, &error, GapCause::WriteError);
            }
            // What could not be written is missing.
            let cause = self.devices[device].tracks[track].why_not(&take);
            self.devices[device].tracks[track].miss_up_to(take.frames + frames, &take, cause);
        }
    }

    fn write_silence(&mut self, device: usize, frames: Frames, cause: GapCause, now: MonoNs) {
        let Some(take) = self.devices[device].take.clone() else { return };
        self.devices[device].advance(frames);
        for track in 0..self.devices[device].tracks.len() {
            self.ensure_file(device, track, frames, now);
            let out = &mut self.devices[device].tracks[track];
            let place = out.place_of(take.frames);
            // Before anything can happen to the file: it is missing in any case, and nobody says so twice.
            self.note_gap(device, track, place, take.clock.time_of(take.frames), frames, cause);
            if let Err(error) = self.devices[device].tracks[track].write_silence(frames, cause) {
                self.give_up(device, track, &error, GapCause::WriteError);
            }
        }
    }

    /// What was written as sound turns out to be another device's: it stays in the file and counts as
    /// missing.
    fn mark_foreign(&mut self, device: usize, from: Frames, frames: Frames) {
        let Some(take) = self.devices[device].take.clone() else { return };
        for track in 0..self.devices[device].tracks.len() {
            let out = &mut self.devices[device].tracks[track];
            let Some((from, frames)) = out.mark_foreign(from, frames) else { continue };
            let place = out.place_of(from);
            self.note_gap(device, track, place, take.clock.time_of(from), frames, GapCause::Foreign);
        }
    }

    fn note_gap(
        &mut self,
        device: usize,
        track: usize,
        place: Option<(u32, Frames)>,
        at: f64,
        frames: Frames,
        cause: GapCause,
    ) {
        let track = self.devices[device].tracks[track].plan.shared.track.clone();
        let (take, from_frame) = place.unzip();
        self.note(Event::Gap { track, take, from_frame, at, frames, cause });
    }

    /// Before frames are written: a full file is followed by another one, a given-up one too once it is time.
    fn ensure_file(&mut self, device: usize, track: usize, frames: Frames, now: MonoNs) {
        let Some(take) = self.devices[device].take.clone() else { return };
        let out = &mut self.devices[device].tracks[track];
        if out.file.as_ref().is_some_and(|file| file.is_full(frames, self.take_bytes_max)) {
            self.close_file(device, track);
            self.open_file(device, track);
        } else if out.file.is_none() && out.has_channel(&take) && out.retry_at.is_none_or(|at| now >= at) {
            out.retry_at = Some(MonoNs(now.0 + (RETRY_S * 1e9) as u64));
            self.open_file(device, track);
        }
    }

    /// Journals what could not be written as a gap.
    fn settle_unwritten(&mut self, device: usize, track: usize) {
        if let Some((at, frames, cause)) = self.devices[device].tracks[track].settle() {
            self.note_gap(device, track, None, at, frames, cause);
        }
    }

    fn open_file(&mut self, device: usize, track: usize) {
        let Some(take) = self.devices[device].take.clone() else { return };
        let out = &mut self.devices[device].tracks[track];
        let entry = out.next_entry(&take);
        let name = entry.file.clone();
        match TakeFile::create(&*self.disk, &self.dir, entry) {
            Ok(file) => {
                let entry = file.shared().entry.clone();
                out.open(file);
                self.settle_unwritten(device, track);
                self.note(Event::TakeStarted(entry));
                self.save_manifest();
            }
            Err(error) => {
                if error.kind() == io::ErrorKind::AlreadyExists {
                    // Something of that name is there and stays.
                    out.takes += 1;
                }
                self.refused(&name, &error);
            }
        }
    }

    fn close_file(&mut self, device: usize, track: usize) {
        let Some(file) = &mut self.devices[device].tracks[track].file else { return };
        if let Err(error) = file.flush().and_then(|()| file.sync()) {
            self.give_up(device, track, &error, GapCause::WriteError);
            return;
        }
        let Some(mut file) = self.devices[device].tracks[track].file.take() else { return };
        let shared = Arc::clone(file.shared());
        self.note_spans(&shared, file.commit());
        let delivered = self.devices[device].delivered(track);
        self.note_end(&shared, file.frames(), delivered, false);
        // The header is valid and synced already; this writes the same one again.
        if let Err(error) = file.close() {
            self.refused(&shared.entry.file, &error);
        }
    }

    fn note_end(
        &mut self,
        shared: &TakeShared,
        frames: Frames,
        (since, until): (Option<f64>, Option<f64>),
        given_up: bool,
    ) {
        let (track, take) = (shared.entry.track.clone(), shared.entry.take);
        self.note(Event::TakeEnded {
            track,
            take,
            frames,
            clock: (*shared.clock()).clone(),
            since,
            until,
            given_up,
        });
        self.save_manifest();
    }

    /// A file that failed is left as it is; what was flushed stays readable, the rest is missing.
    fn give_up(&mut self, device: usize, track: usize, error: &io::Error, cause: GapCause) {
        let Some(take) = self.devices[device].take.clone() else { return };
        let Some((shared, remains)) = self.devices[device].tracks[track].give_up(&take, cause) else {
            return;
        };
        self.note_spans(&shared, remains.spans);
        self.refused(&shared.entry.file, error);
        self.note_end(&shared, remains.kept, (None, None), true);
    }

    fn note(&mut self, event: Event) {
        if let Err(error) = self.journal.append_at(self.clock.now(), self.clock.utc(), event) {
            self.refused("events.jsonl", &error);
        }
    }

    /// The disk refused something: it is journalled, logged, and told at the end, once: a full disk refuses
    /// every second.
    fn refused(&mut self, file: &str, error: &io::Error) {
        if self.remember(format!("the disk refused to write {file}: {error}")) {
            tracing::info!(file, %error, "the disk refused to write");
            let event = Event::WriteError { file: file.into(), error: error.to_string() };
            if file == "events.jsonl" {
                self.news.publish(News::Unwritten(Arc::new(event)));
            } else {
                self.note(event);
            }
        }
    }

    /// Whether this error is new.
    fn remember(&mut self, error: String) -> bool {
        let new = !self.errors.contains(&error) && self.errors.len() < ERRORS_MAX;
        if new {
            self.errors.push(error);
        }
        new
    }
}

//! The writer: one disk thread for all tracks, the journal, the manifest and the transcript. A `step` that a
//! thread calls.
//!
//! Each second one group commit: write all, sync all files, then one journal line for all, sync it. What may
//! take as long as the disk needs is done elsewhere ([`Syncs`]), so that sound is written meanwhile. After
//! any error of a track's file that file is left as it is and the track goes on in a new take; the other
//! tracks do not notice. A frame counts as written only as long as the disk does not refuse it; everything
//! else is a gap with a cause.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use rtrb::Consumer;

use crate::base::units::SampleFormat;
use crate::base::utterance::Utterance;
use crate::capture::drain::{Item, QUEUE_ITEMS};
use crate::clock::{MonoNs, SessionClock, pauses};
use crate::live::{Bus, News, TranscriptLine};
use crate::session::disk::Disk;
use crate::session::folder::Folder;
use crate::session::journal::Event;
use crate::session::manifest::{Manifest, TrackAccount};
use crate::session::shared::TrackShared;
use crate::writer::alarms::{TEXT_BYTES_PER_S, compare};
use crate::writer::syncs::{Answer, Syncs};
use crate::writer::take_file::TAKE_BYTES_MAX;

pub mod alarms;
mod books;
mod commit;
mod device;
mod device_take;
mod levels;
mod manifest;
pub mod syncs;
pub mod take_file;
mod track;
mod watch;

use books::Books;
use commit::Commit;
use device::Device;
use manifest::{MANIFEST, ManifestFile};
use track::Track;
use watch::DiskWatch;
pub use watch::Room;

/// A group commit is due this long after the last one: what a power cut can lose is this and the time of a
/// sync.
const COMMIT_EVERY_S: f64 = 1.0;
/// The manifest is brought up to date this often even if no take begins or ends.
const MANIFEST_EVERY_S: f64 = 10.0;
/// A sleep or a stop that ended so long ago was taken into account at an earlier look.
const REST_S: f64 = 2.0 * COMMIT_EVERY_S;
/// Items taken from one device's queue before the next device has its turn.
const ITEMS_PER_TURN: usize = 64;
/// Pieces of a map that may be journalled each time: 5 MB a day.
const PIECES_EACH_TIME: u64 = 8;

/// What the control plane asks of the writer.
#[cfg_attr(
    debug_assertions,
    expect(clippy::manual_non_exhaustive, reason = "the hidden message is sent, by tests")
)]
pub enum Control {
    /// A line for the journal.
    Journal(Event),
    /// A line for the transcript.
    Utterance(Box<Utterance>),
    /// Tell when all that was handed over before is in its file, with the number of the journal's next line.
    Written(Box<dyn FnOnce(u64) + Send>),
    /// A line of the transcript, handed over before, is news.
    Publish(Box<TranscriptLine>),
    /// All devices are drained: close the tracks, sync, journal `closed`; answer with the accounts.
    CloseTracks(Sender<Closed>),
    /// Nothing more will come: sync everything and end.
    Finish,
    /// Panic, to show what that costs.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    Crash,
}

/// What is known when all tracks are closed.
#[derive(Debug, Clone)]
pub struct Closed {
    /// The account of each track.
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
    /// The channel (from 1) that it takes of the device; `None` means all.
    pub channel: Option<u16>,
    /// How it is stored; `None` means as deep as the device.
    pub format: Option<SampleFormat>,
}

/// One device's way to the disk.
pub struct DevicePlan {
    /// From its drain.
    pub queue: Consumer<Item>,
    pub tracks: Vec<TrackPlan>,
}

/// A session that is about to be written.
pub struct SessionPlan {
    /// Its folder, in which the folder `tracks` exists.
    pub dir: PathBuf,
    /// The session's clock.
    pub clock: SessionClock,
    /// As far as it is known at the start.
    pub manifest: Manifest,
    /// What is recorded.
    pub devices: Vec<DevicePlan>,
    /// How large files may become.
    pub limits: Limits,
}

/// How large files may become.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A file of a take ends before it has more bytes than this; up to [`TAKE_BYTES_MAX`].
    pub take_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { take_bytes: TAKE_BYTES_MAX }
    }
}

/// Where a session is written, and by which clock.
struct Site {
    disk: Arc<dyn Disk>,
    /// The folder, and what leads to it wherever it lies.
    folder: Arc<Folder>,
    dir: PathBuf,
    clock: SessionClock,
    limits: Limits,
}

/// The writer of one session: the queues of its devices, one commit at a time, one journal.
pub struct Writer {
    site: Site,
    devices: Vec<Device>,
    control: Receiver<Control>,
    books: Books,
    commit: Commit,
    manifest: ManifestFile,
    watch: DiskWatch,
    committed_at: MonoNs,
    manifest_at: MonoNs,
    /// How often clocks were due in the journal.
    clocks_noted: u64,
    finishing: bool,
}

impl Writer {
    /// Creates journal and manifest of a session on `disk`, of which `syncs` is, too.
    ///
    /// # Errors
    /// The disk refuses them: nothing can be recorded there.
    pub fn create(
        disk: Arc<dyn Disk>,
        syncs: Syncs,
        plan: SessionPlan,
        control: Receiver<Control>,
    ) -> io::Result<Self> {
        let SessionPlan { dir, clock, manifest, devices, limits } = plan;
        let folder = Arc::new(disk.folder(&dir));
        let dir = folder.work().to_owned();
        let now = clock.mono();
        let started = Event::Started {
            format: manifest.format,
            id: manifest.id.clone(),
            title: manifest.title.clone(),
            start: manifest.start.clone(),
            sources: manifest.sources.clone(),
        };
        let books = Books::create(Arc::clone(&disk), &dir, clock.clone(), started)?;
        let writer = Self {
            watch: DiskWatch::new(&folder),
            site: Site { disk, folder, dir, clock, limits },
            devices: devices.into_iter().map(Device::new).collect(),
            control,
            books,
            commit: Commit::new(syncs),
            manifest: ManifestFile::new(manifest),
            committed_at: now,
            manifest_at: now,
            clocks_noted: 0,
            finishing: false,
        };
        let Site { disk, dir, .. } = &writer.site;
        disk.replace(&dir.join(MANIFEST), &writer.manifest.bytes(tracks(&writer.devices))?)?;
        disk.sync_dir(dir)?;
        Ok(writer)
    }

    /// Where its lines are published.
    pub fn news(&self) -> &Bus {
        self.books.news()
    }

    /// The session's folder, wherever people move it.
    pub fn folder(&self) -> Arc<Folder> {
        Arc::clone(&self.site.folder)
    }

    /// What it knows of the room on the disk, for others.
    pub fn room(&self) -> Arc<Room> {
        self.watch.room()
    }

    /// Moves what there is to the disk. Returns whether there was anything; `None` means that it is finished.
    pub fn step(&mut self, now: MonoNs) -> Option<bool> {
        self.take_answers();
        let mut busy = self.take_items(now);
        while let Ok(control) = self.control.try_recv() {
            self.obey(control);
            busy = true;
        }
        if now.seconds_since(self.committed_at) >= COMMIT_EVERY_S {
            self.begin_commit(now);
            self.watch(now);
            self.committed_at = now;
        }
        if now.seconds_since(self.manifest_at) >= MANIFEST_EVERY_S {
            self.note_clocks();
            self.manifest.touch();
            self.manifest_at = now;
        }
        self.save_manifest();
        if self.finishing && !busy {
            self.settle();
            self.begin_commit(now);
            self.manifest.touch();
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
        for device in &mut self.devices {
            device.leave_files(reason, &mut self.books);
        }
    }

    fn obey(&mut self, control: Control) {
        match control {
            Control::Journal(event) => self.books.note(event),
            Control::Utterance(utterance) => self.books.append_utterance(&utterance),
            Control::Written(tell) => tell(self.books.next_seq()),
            Control::Publish(line) => self.books.news().publish(News::Line(Arc::new(*line))),
            Control::CloseTracks(reply) => {
                let closed = self.close_tracks();
                // Who asked may have given up waiting; the tracks are closed all the same.
                drop(reply.send(closed));
            }
            Control::Finish => self.finishing = true,
            #[cfg(debug_assertions)]
            Control::Crash => panic!("the writer was told to crash"),
        }
    }

    /// Gives each device its turn; whether there was anything.
    fn take_items(&mut self, now: MonoNs) -> bool {
        let mut busy = false;
        for device in &mut self.devices {
            busy |= if self.manifest.is_closed() {
                device.leave_out_items(ITEMS_PER_TURN)
            } else {
                device.take_items(ITEMS_PER_TURN, now, &self.site, &mut self.books)
            };
        }
        self.save_manifest();
        busy
    }

    fn begin_commit(&mut self, now: MonoNs) {
        if self.commit.since().is_some() {
            return;
        }
        tracks(&self.devices).for_each(Track::publish_missing);
        self.commit.begin(&mut self.devices, &mut self.books, now);
    }

    /// Does what is to be done once the disk has answered.
    fn take_answers(&mut self) {
        while let Some(answer) = self.commit.poll() {
            self.take_answer(answer);
        }
    }

    /// Waits until the disk has answered everything that it was asked.
    fn settle(&mut self) {
        while let Some(answer) = self.commit.wait() {
            self.take_answer(answer);
        }
    }

    fn take_answer(&mut self, answer: Answer) {
        match answer {
            Answer::Synced(results) => self.commit.advance(results, &mut self.devices, &mut self.books),
            Answer::Replaced(replaced) => {
                self.manifest.replaced();
                if let Err(error) = replaced {
                    self.books.refused(MANIFEST, &error);
                }
            }
        }
        self.save_manifest();
    }

    /// Has the manifest brought up to date on the disk where that is due.
    fn save_manifest(&mut self) {
        if self.books.manifest_is_due() {
            self.manifest.touch();
        }
        match self.manifest.next(tracks(&self.devices)) {
            Some(Ok(bytes)) => self.commit.replace(self.site.dir.join(MANIFEST), bytes),
            Some(Err(error)) => self.books.refused(MANIFEST, &error),
            None => {}
        }
    }

    fn close_tracks(&mut self) -> Closed {
        let now = self.site.clock.mono();
        for device in &mut self.devices {
            // What the drains had handed over when this was asked; a drain that goes on is not waited for.
            if !self.manifest.is_closed() {
                device.take_items(QUEUE_ITEMS, now, &self.site, &mut self.books);
            }
            device.close(&mut self.books);
        }
        self.save_manifest();
        // The journal's last sync comes after all others.
        self.settle();
        let account = manifest::account(tracks(&self.devices));
        let duration = manifest::duration(&manifest::takes(tracks(&self.devices)));
        // Anyone in a hurry (a second Ctrl-C) asks again: what was closed already is not news.
        if !self.manifest.is_closed() {
            self.books.note(Event::Closed { duration, account: account.clone() });
            self.books.sync();
            self.manifest.close();
            self.save_manifest();
            self.settle();
        }
        Closed { account, duration, errors: self.books.errors() }
    }

    /// Journals the clocks of all devices that are due.
    fn note_clocks(&mut self) {
        self.clocks_noted += 1;
        for device in &self.devices {
            // A take of many pieces has a long line: the more, the more seldom, so that a day of them stays
            // small.
            let pieces = device.clock_pieces() as u64;
            if self.clocks_noted.is_multiple_of(1 + pieces / PIECES_EACH_TIME) {
                device.note_clocks(&mut self.books);
            }
        }
    }

    /// Looks at all tracks and at the disk; what began or ended is journalled.
    fn watch(&mut self, now: MonoNs) {
        if self.manifest.is_closed() {
            return;
        }
        let now_s = self.site.clock.seconds_of(now);
        let clock = &self.site.clock;
        let (paused, _) = pauses::at(now_s, &clock.pauses().spans());
        // Nothing could be heard in a sleep or a stop, and no device is to blame for that.
        let heard_again = clock.outages().last().map(|outage| outage.to).filter(|at| now_s - at < REST_S);
        let mut tracks_of_all: Vec<_> = self.devices.iter_mut().flat_map(Device::tracks_mut).collect();
        for track in &mut tracks_of_all {
            let muted = track.is_muted(now_s);
            track.rest(heard_again.into_iter().chain((paused || muted).then_some(now_s)));
            track.look(now_s);
        }
        let mut alarms: Vec<_> = tracks_of_all.into_iter().map(Track::alarms_mut).collect();
        compare(&mut alarms);
        for device in &mut self.devices {
            device.note_alarms(&mut self.books);
        }
        let waits_s = self.commit.since().map_or(0.0, |since| self.site.clock.awake_between(since, now));
        self.watch.look_at_commit(waits_s, &mut self.books);
        let is_there = self.watch.look_at_folder(&self.site.folder, &mut self.books);
        let available = match is_there {
            true => self.site.disk.available(&self.site.dir),
            false => Err(io::ErrorKind::NotFound.into()),
        };
        let bytes_per_s = tracks(&self.devices).filter_map(Track::bytes_per_s);
        let bytes_per_s = bytes_per_s.map(|bytes| bytes + TEXT_BYTES_PER_S).sum();
        self.watch.look_at_space(available, bytes_per_s, &mut self.books);
    }
}

/// All tracks of these devices.
fn tracks(devices: &[Device]) -> impl Iterator<Item = &Track> + Clone {
    devices.iter().flat_map(Device::tracks)
}

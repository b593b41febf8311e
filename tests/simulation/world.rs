//! One day by script, through the very functions that `record` runs: `CaptureSink::push`, `Drain::step`, the
//! writer's guarded step. Time is scripted; while the disk is busy the devices and their drains go on, as
//! their threads would.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hansard::base::units::Frames;
use hansard::base::utterance::Utterance;
use hansard::capture::drain::Step;
use hansard::clock::SessionClock;
use hansard::live::{News, Subscription};
use hansard::recording::guarded_step;
use hansard::session::disk::Disk;
use hansard::session::journal::Event;
use hansard::session::manifest::{SourceKind, TakeEntry};
use hansard::session::shared::TrackShared;
use hansard::writer::syncs::Syncs;
use hansard::writer::{Closed, Control, DevicePlan, Limits, SessionPlan, TrackPlan, Writer};
use tempfile::TempDir;

use super::listeners::Listeners;
use super::script::{CrashPoint, Storm};
use crate::capture::device::{self, Device, Past, mono};
use crate::simulation::disk::{Crash, Doing, Op, SimDisk};
use crate::support::session::{manifest, quiet_panics, source, unasked_panics};

/// The threads of writer and drains wake up this often.
const TICK_S: f64 = 0.01;
/// A day that has not come to its end by then hangs.
const END_S_MAX: f64 = 200.0;

/// Everything up to the writer's queues, and what time it is.
struct Capture {
    devices: Vec<Device>,
    now: f64,
    /// Session second at which recording ends.
    stop_s: f64,
    drained: Vec<bool>,
    /// When each device was closed.
    closed_s: Vec<f64>,
    /// Most items in an outbox, and most stamps held back.
    most: (usize, usize),
    session: SessionClock,
    /// When somebody pauses and resumes; how many of these moments are over; what the journal is still to
    /// hear of them.
    pauses: Vec<(f64, f64)>,
    turns: usize,
    heard: Vec<Event>,
}

impl Capture {
    /// What the user does up to now.
    fn pause(&mut self) {
        while let Some((from, to)) = self.pauses.get(self.turns / 2) {
            let begins = self.turns.is_multiple_of(2);
            let at = if begins { *from } else { *to };
            if at > self.now || at >= self.stop_s {
                return;
            }
            if begins {
                self.session.pauses().begin(at).expect("it is not paused");
                self.heard.push(Event::Paused { at });
            } else {
                self.session.pauses().end(at).expect("it is paused");
                self.heard.push(Event::Resumed { at });
            }
            self.turns += 1;
        }
    }

    fn run_until(&mut self, to: f64) {
        while self.now < to - TICK_S / 2.0 {
            self.now += TICK_S;
            self.tick();
        }
    }

    fn tick(&mut self) {
        let now = self.now;
        for device in &mut self.devices {
            device.happen_until(now);
        }
        self.pause();
        for (index, device) in self.devices.iter_mut().enumerate() {
            if now >= self.stop_s {
                device.stop(self.stop_s);
            }
            if self.closed_s[index].is_infinite() && device.may_close(now) {
                device.close();
                self.closed_s[index] = now;
            }
            // Like the drain's thread: on and on while there is something to do.
            let step = loop {
                let step = device.step(now);
                let holds = device.holds();
                self.most = (self.most.0.max(holds.0), self.most.1.max(holds.1));
                if step != Step::Busy {
                    break step;
                }
            };
            self.drained[index] = step == Step::Finished;
        }
    }
}

/// What there was at a moment at which it might all have ended.
pub struct Moment {
    pub point: CrashPoint,
    pub at: f64,
    /// What would be found; none: not even the session's folder.
    pub image: Option<TempDir>,
    /// Per track: its takes as they were known, and what was durable of each.
    pub takes: Vec<Vec<(TakeEntry, Frames)>>,
    /// Per device: truths so far, and since when deliveries had been in good order.
    pub delivered: Vec<usize>,
    pub calm_s: Vec<f64>,
    /// Since when the disk had been well.
    pub well_s: f64,
}

/// A day that is over.
pub struct Ran {
    // Held for its drop.
    _folder: TempDir,
    pub dir: PathBuf,
    pub storm: Storm,
    pub devices: Vec<Past>,
    pub stop_s: f64,
    /// Per device.
    pub closed_s: Vec<f64>,
    pub tracks: Vec<Arc<TrackShared>>,
    pub closed: Closed,
    pub moments: Vec<Moment>,
    pub most: (usize, usize),
    pub struck: Vec<u32>,
    /// Whether the disk refused anything that can't be derived from the sound.
    pub refused: bool,
    /// Operations on the disk.
    pub done: Vec<(Op, PathBuf)>,
    /// How often the user was told of an error.
    pub told: usize,
    /// Segments of speech that were worked on.
    pub segments: usize,
}

impl Ran {
    /// The first operation on the disk that has to do with a track.
    pub fn first_sound(&self) -> usize {
        let tracks = self.dir.join("tracks");
        self.done.iter().position(|(_, path)| path.starts_with(&tracks)).unwrap_or(self.done.len())
    }
}

/// A folder for a session, in memory where the system has such a place.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.expect("a folder")
}

/// What the disk's listener knows.
struct Watch {
    capture: Arc<Mutex<Capture>>,
    dir: PathBuf,
    tracks: Vec<Arc<TrackShared>>,
    storm: Storm,
    left: Vec<CrashPoint>,
    /// Seeds of the crashes to look at before every operation.
    always: Vec<(Crash, u64)>,
    moments: Sender<Moment>,
    /// When the disk was last busy, or refused something.
    unwell_at: f64,
    struck: u32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    fn look(&mut self, disk: &SimDisk, doing: &Doing) {
        let now = lock(&self.capture).now;
        if let Some((_, to)) = self.storm.busy.iter().find(|(from, to)| (*from..*to).contains(&now)) {
            lock(&self.capture).run_until(*to);
            self.unwell_at = *to;
        }
        let struck = disk.struck().iter().sum();
        if struck != self.struck {
            (self.struck, self.unwell_at) = (struck, lock(&self.capture).now);
        }
        let mut due = Vec::new();
        let capture = lock(&self.capture);
        self.left.retain_mut(|point| {
            let ahead = point.at > capture.now || point.skip > 0;
            if point.at <= capture.now {
                point.skip = point.skip.saturating_sub(1);
            }
            if !ahead {
                due.push(*point);
            }
            ahead
        });
        let always = self.always.iter().map(|(crash, seed)| CrashPoint {
            at: capture.now,
            skip: 0,
            crash: *crash,
            seed: *seed + disk.done().len() as u64 * 1_000,
        });
        due.extend(always);
        for point in due {
            // Who only wants the files has no ear for it.
            drop(self.moments.send(self.moment(&capture, disk, doing, point)));
        }
    }

    fn moment(&self, capture: &Capture, disk: &SimDisk, doing: &Doing, point: CrashPoint) -> Moment {
        let image = folder();
        let is_there = disk.image(&self.dir, image.path(), point.crash, doing, point.seed);
        if point.crash == Crash::Kill || is_there {
            fs::create_dir_all(image.path().join("tracks")).expect("a folder");
        }
        let takes = |track: &Arc<TrackShared>| {
            track.takes().iter().map(|take| (take.entry_now(), take.durable())).collect()
        };
        Moment {
            point,
            at: capture.now,
            image: is_there.then_some(image),
            takes: self.tracks.iter().map(takes).collect(),
            delivered: capture.devices.iter().map(|device| device.truth.len()).collect(),
            calm_s: capture.devices.iter().map(|device| device.calm_since(capture.now)).collect(),
            well_s: self.unwell_at,
        }
    }
}

/// A running session.
pub struct World {
    folder: TempDir,
    pub dir: PathBuf,
    storm: Storm,
    capture: Arc<Mutex<Capture>>,
    disk: SimDisk,
    writer: Writer,
    /// While it is true, no sync has an answer.
    hangs: Arc<AtomicBool>,
    control: Sender<Control>,
    tracks: Vec<Arc<TrackShared>>,
    moments: Receiver<Moment>,
    /// What the writer says to the user.
    news: Subscription,
    told: usize,
    /// When it is still to panic, last first.
    panics: Vec<f64>,
    /// The analysis side, on days on which there is one.
    listeners: Option<Listeners>,
    /// Lines of text so far.
    lines: u32,
    unasked: u32,
}

impl World {
    /// A session that begins; an error if not even its journal could be made. `stop_s`: when to stop; none:
    /// before any device's script is over.
    pub fn new(storm: &Storm, stop_s: Option<f64>) -> std::io::Result<Self> {
        let (moments, to_judge) = mpsc::channel();
        Self::watched(storm, stop_s, Vec::new(), moments, to_judge)
    }

    /// The same, and before every operation on the disk a look at what these crashes would leave, for
    /// `judge`.
    pub fn watched(
        storm: &Storm,
        stop_s: Option<f64>,
        always: Vec<(Crash, u64)>,
        judge: Sender<Moment>,
        own: Receiver<Moment>,
    ) -> std::io::Result<Self> {
        quiet_panics();
        let folder = folder();
        let dir = folder.path().join("session");
        fs::create_dir(&dir)?;
        fs::create_dir(dir.join("tracks"))?;
        let disk = SimDisk::new(&storm.faults, storm.seed);
        disk.made_folder(&dir.join("tracks"));
        let (clock, session) = device::clock();
        let (mut devices, mut plans, mut tracks, mut sources) = (vec![], vec![], vec![], vec![]);
        for spec in &storm.devices {
            let (device, queue) = Device::new(&spec.script, &clock, &session);
            devices.push(device);
            let plan = spec.tracks.iter().map(|track| {
                sources.push(source(&track.name, track.channel));
                let shared = Arc::new(TrackShared::new(&track.name, &track.name, SourceKind::Mic));
                tracks.push(Arc::clone(&shared));
                TrackPlan { shared, channel: track.channel, format: track.format }
            });
            plans.push(DevicePlan { tracks: plan.collect(), queue });
        }
        let end_s = devices.iter().map(Device::end_s).fold(f64::INFINITY, f64::min);
        let count = devices.len();
        let capture = Capture {
            stop_s: stop_s.unwrap_or(end_s - 0.5).max(0.3),
            devices,
            now: 0.0,
            drained: vec![false; count],
            closed_s: vec![f64::INFINITY; count],
            most: (0, 0),
            session: session.clone(),
            pauses: storm.pauses.clone(),
            turns: 0,
            heard: Vec::new(),
        };
        let capture = Arc::new(Mutex::new(capture));
        let mut watch = Watch {
            capture: Arc::clone(&capture),
            dir: dir.clone(),
            tracks: tracks.clone(),
            storm: storm.clone(),
            left: storm.crashes.clone(),
            always,
            moments: judge,
            unwell_at: f64::NEG_INFINITY,
            struck: 0,
        };
        disk.listen(move |disk, doing| watch.look(disk, doing));
        let (control, orders) = mpsc::channel();
        let on: Arc<dyn Disk> = Arc::new(disk.clone());
        let hangs = Arc::new(AtomicBool::new(false));
        let syncs = Syncs::here(Arc::clone(&on), Arc::clone(&hangs));
        let plan = SessionPlan {
            dir: dir.clone(),
            clock: session,
            manifest: manifest(sources),
            devices: plans,
            limits: storm.take_bytes_max.map_or_else(Limits::default, |take_bytes| Limits { take_bytes }),
        };
        let writer = Writer::create(on, syncs, plan, orders)?;
        let news = writer.news().subscribe();
        let mut panics = storm.panics.clone();
        panics.sort_by(|a, b| b.total_cmp(a));
        let storm = storm.clone();
        let listeners = storm
            .listened
            .then(|| Listeners::new(&dir, &tracks, (control.clone(), writer.news()), storm.seed));
        Ok(Self {
            listeners,
            folder,
            dir,
            storm,
            capture,
            disk,
            writer,
            hangs,
            control,
            tracks,
            moments: own,
            news,
            told: 0,
            panics,
            lines: 0,
            unasked: unasked_panics(),
        })
    }

    fn tell(&self, control: Control) {
        self.control.send(control).expect("the writer lives");
    }

    /// The whole day, up to the closed files.
    pub fn run(mut self) -> Ran {
        let stop_s = lock(&self.capture).stop_s;
        loop {
            let now = {
                let mut capture = lock(&self.capture);
                let to = capture.now + TICK_S;
                capture.run_until(to);
                capture.now
            };
            assert!(now < END_S_MAX, "the day does not come to its end");
            if self.storm.calm_end_s.is_some_and(|calm_s| now > stop_s - calm_s) {
                self.disk.heal();
                self.panics.clear();
            }
            if self.panics.last().is_some_and(|at| *at <= now) {
                self.panics.pop();
                // A release's writer can't be told to panic; its days are the same without.
                #[cfg(debug_assertions)]
                self.tell(Control::Crash);
            }
            if self.storm.text_every_s.is_some_and(|every| now >= every * f64::from(self.lines + 1)) {
                self.lines += 1;
                self.tell(Control::Utterance(Box::new(line(self.lines, now))));
            }
            if let Some(listeners) = &mut self.listeners {
                listeners.step(now);
            }
            let heard = std::mem::take(&mut lock(&self.capture).heard);
            heard.into_iter().for_each(|event| self.tell(Control::Journal(event)));
            self.write(now);
            if lock(&self.capture).drained.iter().all(|drained| *drained) {
                break;
            }
        }
        self.close()
    }

    /// What the writer's thread does when it wakes up.
    fn write(&mut self, now: f64) {
        let sleeps = |device: &Device| device.writer_sleeps(now);
        if lock(&self.capture).devices.iter().any(sleeps) {
            return;
        }
        let hangs = self.storm.hangs.iter().any(|(from, to)| (*from..*to).contains(&now));
        self.hangs.store(hangs, Ordering::Release);
        let mut now = now;
        while guarded_step(&mut self.writer, mono(now)) == Some(true) {
            now = lock(&self.capture).now;
        }
        self.hear();
    }

    /// Counts what the user is told of refusals.
    fn hear(&mut self) {
        let refused = |event: &Event| usize::from(matches!(event, Event::WriteError { .. }));
        while let Some(news) = self.news.try_next() {
            self.told += match news {
                News::Event(line) => refused(&line.event),
                News::Unwritten(event) => refused(&event),
                News::Lagged(missed) => panic!("{missed} news were not heard in time"),
                _ => 0,
            };
        }
    }

    fn close(mut self) -> Ran {
        let (reply, answer) = mpsc::channel();
        self.tell(Control::CloseTracks(reply));
        let now = lock(&self.capture).now;
        while guarded_step(&mut self.writer, mono(now)) == Some(true) {}
        let closed = answer.try_recv().expect("an answer");
        if let Some(listeners) = &mut self.listeners {
            listeners.finish(now);
        }
        self.tell(Control::Finish);
        while guarded_step(&mut self.writer, mono(now)).is_some() {}
        self.hear();
        drop(self.writer);
        if let Some(listeners) = &mut self.listeners {
            listeners.check(&self.dir);
        }
        assert_eq!(unasked_panics(), self.unasked, "the writer panicked and nobody had told it to");
        let (struck, done) = (self.disk.struck(), self.disk.done());
        // With the listener goes who sends moments.
        self.disk.listen(|_, _| {});
        let moments = self.moments.iter().collect();
        let told = closed.errors.len() + self.told;
        let capture = Arc::into_inner(self.capture).expect("nobody else has it");
        let capture = capture.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ran {
            _folder: self.folder,
            dir: self.dir,
            storm: self.storm,
            devices: capture.devices.into_iter().map(Device::into_past).collect(),
            stop_s: capture.stop_s,
            closed_s: capture.closed_s,
            tracks: self.tracks,
            closed,
            moments,
            most: capture.most,
            struck,
            refused: self.disk.refused(),
            done,
            told,
            segments: self.listeners.map_or(0, |listeners| listeners.segments()),
        }
    }
}

/// Something that was said.
fn line(number: u32, now: f64) -> Utterance {
    Utterance {
        id: format!("line-{number}"),
        track: "a-all".into(),
        speaker: "a".into(),
        take: 1,
        from_frame: Frames(0),
        to_frame: Frames(0),
        start: now - 0.5,
        end: now,
        text: "as was said".into(),
        words: vec![],
        confidence: 0.9,
        language: "en".into(),
        model: "scripted".into(),
        is_final: true,
        ..Utterance::default()
    }
}

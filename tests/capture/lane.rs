//! Lanes: a device that opens, fails, hangs or goes, and a stop in each of its states.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hansard::base::format::DeviceFormat;
use hansard::base::units::{SampleFormat, SampleRate};
use hansard::capture::drain::{Item, Timeline};
use hansard::capture::lane::Lane;
use hansard::capture::rt::{BackendTrouble, CaptureSink};
use hansard::capture::source::{Failure, Look, Opened, Plug, Presence, Source, SourceError};
use hansard::clock::{MonoNs, ScriptedClock, SessionClock};
use hansard::session::journal::Event;
use hansard::session::manifest::GapCause;
use rtrb::Consumer;

const FORMAT: DeviceFormat = DeviceFormat { rate: SampleRate(8_000), channels: 1, format: SampleFormat::S16 };

/// What the next opening does.
enum Deed {
    Deliver,
    Fail(&'static str),
    Panic,
    /// Hangs until the sender is dropped, then delivers.
    HangIn(Receiver<()>),
    /// Delivers, and hangs when it is closed.
    HangOut(Receiver<()>),
}

#[derive(Default)]
struct Scripted {
    deeds: Mutex<Vec<Deed>>,
    /// The sink of the current opening.
    sink: Arc<Mutex<Option<CaptureSink>>>,
    openings: AtomicUsize,
    /// What a look at the device says; while it is locked a look waits.
    presence: Mutex<Option<Presence>>,
    looks: AtomicUsize,
}

/// Takes the sink away when it is dropped.
struct Stream(Arc<Mutex<Option<CaptureSink>>>, Option<Receiver<()>>);

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(hang) = &self.1 {
            // Ends with its sender.
            assert!(hang.recv().is_err(), "nothing is ever sent");
        }
        self.0.lock().expect("no panic").take();
    }
}

impl Source for Scripted {
    fn label(&self) -> String {
        "mic:scripted".into()
    }

    fn timeline(&self) -> Timeline {
        Timeline::Clocked
    }

    fn buffer_ms(&self) -> u64 {
        20
    }

    fn presence(&self, _id: &str) -> Look {
        let presence = self.presence.lock().expect("no panic").clone().unwrap_or(Presence::There);
        self.looks.fetch_add(1, Ordering::SeqCst);
        Look::of_now(presence)
    }

    fn open(&self, plug: &Plug) -> Result<Opened, SourceError> {
        self.openings.fetch_add(1, Ordering::SeqCst);
        *self.presence.lock().expect("no panic") = None;
        let deed = self.deeds.lock().expect("no panic").pop();
        let hang_out = match deed.unwrap_or(Deed::Deliver) {
            Deed::Deliver => None,
            Deed::Fail(reason) => return Err(SourceError(reason.into())),
            Deed::Panic => panic!("the device was told to panic"),
            Deed::HangIn(hang) => {
                assert!(hang.recv().is_err(), "nothing is ever sent");
                None
            }
            Deed::HangOut(hang) => Some(hang),
        };
        let sink = plug.sink(FORMAT, Timeline::Clocked)?;
        let meter = Arc::clone(sink.meter());
        *self.sink.lock().expect("no panic") = Some(sink);
        let stream = Box::new(Stream(Arc::clone(&self.sink), hang_out));
        Ok(Opened { stream, device: Some("scripted".into()), name: None, meter, failure: Failure::default() })
    }
}

struct Bench {
    source: Arc<Scripted>,
    lane: Arc<Lane>,
    queue: Consumer<Item>,
    clock: ScriptedClock,
    session: SessionClock,
    ms: u64,
    events: Vec<Event>,
    items: Vec<Item>,
}

impl Bench {
    /// The deeds in their order.
    fn new(mut deeds: Vec<Deed>) -> Self {
        crate::support::session::quiet_panics();
        deeds.reverse();
        let source = Arc::new(Scripted { deeds: Mutex::new(deeds), ..Scripted::default() });
        let clock = ScriptedClock::default();
        clock.set(MonoNs(1_000_000_000));
        let session = SessionClock::start_now(Arc::new(clock.clone()));
        let (lane, queue) =
            Lane::start(Arc::clone(&source) as Arc<dyn Source>, session.clone()).expect("a thread");
        Self { source, lane, queue, clock, session, ms: 0, events: vec![], items: vec![] }
    }

    fn now(&self) -> MonoNs {
        MonoNs(1_000_000_000 + self.ms * 1_000_000)
    }

    /// Scripted time goes on and the lane is stepped once.
    fn step(&mut self, ms: u64) {
        self.ms += ms;
        self.clock.set(self.now());
        self.events.extend(self.lane.step(self.now()));
        while let Ok(item) = self.queue.pop() {
            self.items.push(item);
        }
    }

    /// Steps without letting scripted time go on, until other threads have got there.
    fn step_until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !done(self) {
            assert!(Instant::now() < deadline, "{what} does not happen: {:?}", self.lane.view());
            self.step(0);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn open(&mut self) {
        self.step_until("opening", |bench| bench.lane.view().open);
    }

    /// `ms` of sound in callbacks of 10 ms.
    fn deliver(&mut self, ms: u64) {
        for _ in 0..ms / 10 {
            self.step(10);
            self.push(10);
        }
    }

    /// `ms` of sound now.
    fn push(&self, ms: usize) {
        if let Some(sink) = &mut *self.source.sink.lock().expect("no panic") {
            sink.push(&vec![0.5f32; 8 * ms], self.now(), 0);
        }
    }

    fn drain(&mut self) {
        self.step_until("draining", |bench| bench.lane.is_drained());
        self.step(0);
    }

    fn sound(&self) -> usize {
        self.items.iter().map(|item| if let Item::Sound(samples) = item { samples.len() } else { 0 }).sum()
    }

    /// Waits for a look at the device that begins from now on, and one after it.
    fn be_looked_at(&mut self) {
        let before = self.source.looks.load(Ordering::SeqCst);
        // The first of them may have begun already.
        self.step_until("a look", |bench| bench.source.looks.load(Ordering::SeqCst) >= before + 2);
    }

    /// Time goes on with nothing happening in it.
    fn pass(&mut self, ms: u64) {
        self.ms += ms;
        self.clock.set(self.now());
        self.session.look();
    }

    /// The computer sleeps, and wakes.
    fn sleep(&mut self, ms: u64) {
        self.session.look();
        self.ms += ms;
        self.clock.suspend(Duration::from_millis(ms));
        self.session.look();
    }

    fn silences(&self) -> Vec<(GapCause, u64)> {
        let silences = self.items.iter().filter_map(|item| match item {
            Item::Silence { frames, cause } => Some((*cause, (frames.0 + 40) / 80 * 10)),
            _ => None,
        });
        silences.collect()
    }

    fn foreign(&self) -> Vec<(u64, u64)> {
        let foreign = self.items.iter().filter_map(|item| match item {
            Item::Foreign { from, frames } => Some((from.0, frames.0)),
            _ => None,
        });
        foreign.collect()
    }

    fn absent(&self) -> Vec<(GapCause, u64)> {
        let absent = self.items.iter().filter_map(|item| match item {
            Item::Absent { seconds, cause, .. } => Some((*cause, (*seconds * 100.0).round() as u64 * 10)),
            _ => None,
        });
        absent.collect()
    }
}

#[test]
fn stopped_before_it_was_ever_opened() {
    let mut bench = Bench::new(vec![]);
    bench.ms = 500;
    bench.clock.set(bench.now());
    bench.lane.stop();
    bench.drain();
    assert_eq!(bench.source.openings.load(Ordering::SeqCst), 0);
    assert_eq!(bench.items, [Item::Absent { from: 0.0, seconds: 0.5, cause: GapCause::NotStarted }]);
}

#[test]
fn a_device_that_will_not_open_is_tried_again_with_growing_pauses() {
    const REASONS: [&str; 7] = ["one", "two", "three", "four", "five", "six", "seven"];
    let mut bench = Bench::new(REASONS.map(Deed::Fail).into());
    let mut tried_at = Vec::new();
    for (tries, reason) in REASONS.iter().enumerate() {
        while bench.source.openings.load(Ordering::SeqCst) == tries {
            bench.step(10);
            // The thread is given real time to start before scripted time goes on.
            std::thread::sleep(Duration::from_millis(1));
        }
        bench.step_until("failing", |bench| bench.lane.view().trouble.as_deref() == Some(reason));
        tried_at.push(bench.ms);
    }
    let pauses: Vec<u64> = tried_at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, least) in pauses.iter().zip([250, 500, 1_000, 2_000, 4_000, 5_000]) {
        assert!((least..=least + 400).contains(pause), "{pauses:?}");
    }
    bench.lane.stop();
    bench.drain();
    assert_eq!(bench.absent(), [(GapCause::NotStarted, bench.ms)]);
}

#[test]
fn the_same_failure_again_and_again_is_one_event() {
    let mut bench = Bench::new((0..9).map(|_| Deed::Fail("it is in use")).collect());
    bench.step_until("a third opening", |bench| bench.source.openings.load(Ordering::SeqCst) == 1);
    while bench.source.openings.load(Ordering::SeqCst) < 3 {
        bench.step(10);
        std::thread::sleep(Duration::from_millis(1));
    }
    let lost = bench.events.iter().filter(|event| matches!(event, Event::DeviceLost { .. })).count();
    assert_eq!(lost, 1, "{:?}", bench.events);
}

#[test]
fn a_panic_while_opening_is_a_failure_like_any_other() {
    let mut bench = Bench::new(vec![Deed::Panic]);
    bench.step_until("failing", |bench| !bench.events.is_empty());
    bench.step(300);
    bench.open();
    bench.deliver(500);
    bench.lane.stop();
    bench.step(600);
    bench.drain();
    assert_eq!(bench.sound(), 4_000);
}

#[test]
fn stopped_while_its_opening_hangs() {
    let (release, hang) = mpsc::channel::<()>();
    let mut bench = Bench::new(vec![Deed::HangIn(hang)]);
    bench.step_until("opening", |bench| bench.source.openings.load(Ordering::SeqCst) == 1);
    bench.step(6_000);
    assert!(matches!(bench.events[..], [Event::DeviceNotice { .. }]), "{:?}", bench.events);
    bench.lane.stop();
    bench.step(10);
    assert!(!bench.lane.is_drained());
    bench.step(2_100);
    bench.drain();
    assert!(matches!(bench.events.last(), Some(Event::ThreadAbandoned { .. })), "{:?}", bench.events);
    assert_eq!(bench.absent(), [(GapCause::NotStarted, 6_000)]);
    drop(release);
}

#[test]
fn stopped_while_its_opening_is_slow() {
    let (release, hang) = mpsc::channel::<()>();
    let mut bench = Bench::new(vec![Deed::HangIn(hang)]);
    bench.step_until("opening", |bench| bench.source.openings.load(Ordering::SeqCst) == 1);
    bench.lane.stop();
    bench.step(10);
    drop::<Sender<()>>(release);
    bench.drain();
    assert!(!bench.events.iter().any(|event| matches!(event, Event::ThreadAbandoned { .. })));
}

#[test]
fn the_tail_up_to_stop_is_waited_for() {
    let mut bench = Bench::new(vec![]);
    bench.open();
    bench.deliver(1_000);
    bench.step(100);
    bench.lane.stop();
    // Sound of the time before stop comes after it, in a burst.
    bench.step(200);
    bench.push(300);
    bench.drain();
    assert_eq!(bench.sound(), 10_400);
    assert_eq!(bench.absent(), []);
}

#[test]
fn stopped_while_nothing_comes() {
    let mut bench = Bench::new(vec![]);
    bench.open();
    bench.deliver(1_000);
    bench.step(3_000);
    bench.lane.stop();
    bench.step(10);
    assert!(!bench.lane.is_drained(), "the tail has its time");
    bench.step(600);
    bench.drain();
    assert_eq!(bench.sound(), 8_000);
    assert_eq!(bench.absent(), [(GapCause::Stall, 3_000)]);
}

#[test]
fn a_device_that_goes_is_opened_again() {
    let mut bench = Bench::new(vec![]);
    bench.open();
    bench.deliver(1_000);
    let gone = |bench: &Bench| {
        if let Some(sink) = &*bench.source.sink.lock().expect("no panic") {
            sink.meter().report(BackendTrouble::Gone);
        }
    };
    gone(&bench);
    bench.step_until("losing it", |bench| bench.source.sink.lock().expect("no panic").is_none());
    bench.ms += 700;
    bench.clock.set(bench.now());
    bench.step_until("opening it again", |bench| {
        bench.lane.view().open && bench.source.openings.load(Ordering::SeqCst) == 2
    });
    bench.deliver(1_000);
    bench.lane.stop();
    bench.step(600);
    bench.drain();
    assert_eq!(bench.sound(), 16_000);
    assert_eq!(bench.absent(), [(GapCause::DeviceLost, 700)]);
    let takes = bench.items.iter().filter(|item| matches!(item, Item::TakeStart { .. })).count();
    assert_eq!(takes, 2);
}

#[test]
fn what_came_before_a_burst_was_cut_off_stays_at_its_place() {
    let mut bench = Bench::new(vec![]);
    bench.open();
    bench.deliver(1_000);
    bench.step(1_000);
    // Half of the second that was held back, then the device goes.
    (0..50).for_each(|_| bench.push(10));
    if let Some(sink) = &*bench.source.sink.lock().expect("no panic") {
        sink.meter().report(BackendTrouble::Gone);
    }
    bench.step_until("opening it again", |bench| {
        bench.lane.view().open && bench.source.openings.load(Ordering::SeqCst) == 2
    });
    bench.deliver(1_000);
    bench.lane.stop();
    bench.step(600);
    bench.drain();
    assert_eq!(bench.sound(), 20_000);
    assert_eq!(bench.absent(), [(GapCause::DeviceLost, 500)]);
    let silence = bench.items.iter().any(|item| matches!(item, Item::Silence { cause: GapCause::Stall, .. }));
    assert!(!silence, "nothing is missing before what was late");
}

#[test]
fn asleep_while_it_closes() {
    let (release, hang) = mpsc::channel::<()>();
    let mut bench = Bench::new(vec![Deed::HangOut(hang)]);
    bench.open();
    bench.deliver(1_000);
    bench.lane.stop();
    bench.step(600);
    bench.sleep(60_000);
    bench.step(10);
    assert!(!bench.lane.is_drained(), "a device that slept as well has had no time");
    drop(release);
    bench.drain();
    assert!(
        !bench.events.iter().any(|event| matches!(event, Event::ThreadAbandoned { .. })),
        "{:?}",
        bench.events
    );
}

#[test]
fn stopped_while_its_closing_hangs() {
    let (release, hang) = mpsc::channel::<()>();
    let mut bench = Bench::new(vec![Deed::HangOut(hang)]);
    bench.open();
    bench.deliver(1_000);
    bench.lane.stop();
    bench.step(600);
    bench.step(2_100);
    bench.step(10);
    bench.drain();
    assert!(matches!(bench.events.last(), Some(Event::ThreadAbandoned { .. })), "{:?}", bench.events);
    assert_eq!(bench.sound(), 8_000, "what was delivered is kept, whatever becomes of the thread");
    drop(release);
}

#[test]
fn what_another_device_delivers_is_told_afterwards() {
    let mut bench = Bench::new(vec![]);
    bench.open();
    bench.deliver(1_000);
    bench.be_looked_at();
    {
        // The device goes; the stream is moved and goes on. The next look must wait.
        let source = Arc::clone(&bench.source);
        let mut presence = source.presence.lock().expect("no panic");
        *presence = Some(Presence::Gone);
        bench.deliver(300);
    }
    bench.step_until("opening it again", |bench| {
        bench.lane.view().open && bench.source.openings.load(Ordering::SeqCst) == 2
    });
    bench.deliver(1_000);
    bench.lane.stop();
    bench.step(600);
    bench.drain();
    assert_eq!(bench.sound(), 8 * 2_300, "what came is kept");
    let foreign = bench.foreign();
    assert_eq!(foreign.first().map(|(from, _)| *from), Some(8_000), "{foreign:?}");
    assert_eq!(foreign.iter().map(|(_, frames)| frames).sum::<u64>(), 2_400, "{foreign:?}");
    let lost = bench.events.iter().filter(|event| matches!(event, Event::DeviceLost { .. })).count();
    assert_eq!(lost, 1, "{:?}", bench.events);
}

#[test]
fn moved_in_the_last_moment_is_noticed_at_stop() {
    let mut bench = Bench::new(vec![]);
    bench.open();
    bench.deliver(1_000);
    bench.be_looked_at();
    {
        let source = Arc::clone(&bench.source);
        let mut presence = source.presence.lock().expect("no panic");
        *presence = Some(Presence::Gone);
        bench.deliver(100);
        bench.lane.stop();
        bench.step(10);
    }
    bench.step(600);
    bench.drain();
    let foreign = bench.foreign();
    assert_eq!(foreign.first().map(|(from, _)| *from), Some(8_000), "{foreign:?}");
    assert_eq!((bench.sound(), foreign.iter().map(|(_, frames)| frames).sum::<u64>()), (8_800, 800));
}

#[test]
fn another_default_is_recorded_from_then_on_and_the_old_one_was_no_stranger() {
    let mut bench = Bench::new(vec![]);
    bench.open();
    bench.deliver(1_000);
    *bench.source.presence.lock().expect("no panic") = Some(Presence::Superseded);
    bench.step_until("opening the other one", |bench| {
        bench.lane.view().open && bench.source.openings.load(Ordering::SeqCst) == 2
    });
    bench.deliver(1_000);
    bench.lane.stop();
    bench.step(600);
    bench.drain();
    assert_eq!((bench.sound(), bench.foreign()), (16_000, vec![]));
}

#[test]
fn what_is_missing_because_the_computer_slept_is_told_from_the_rest() {
    use GapCause::{Stall, Suspend};
    let mut bench = Bench::new(vec![]);
    bench.open();
    bench.deliver(1_000);
    // A short sleep with trouble on both sides of it, longer than waking up takes.
    bench.pass(2_000);
    bench.sleep(3_000);
    bench.pass(2_500);
    bench.deliver(2_000);
    bench.step_until("its gap", |bench| !bench.silences().is_empty());
    // A long one: nobody writes minutes of silence.
    bench.sleep(60_000);
    bench.deliver(2_000);
    bench.lane.stop();
    bench.step(600);
    bench.drain();
    assert_eq!(bench.sound(), 8 * 5_000);
    let silences = bench.silences();
    assert_eq!(silences.iter().map(|(cause, _)| *cause).collect::<Vec<_>>(), [Stall, Suspend, Stall]);
    for ((_, ms), expected) in silences.iter().zip([1_000, 5_000, 1_500]) {
        assert!(ms.abs_diff(expected) <= 20, "{silences:?}");
    }
    assert_eq!(bench.absent(), [(Suspend, 60_000)]);
}

#[test]
fn asleep_at_stop() {
    let mut bench = Bench::new(vec![]);
    bench.open();
    bench.deliver(1_000);
    bench.sleep(5_000);
    bench.lane.stop();
    bench.step(600);
    bench.drain();
    assert_eq!(bench.absent(), [(GapCause::Suspend, 5_000)]);
}

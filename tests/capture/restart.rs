//! A panic in a drain ends the take, not the recording.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use hansard::base::format::DeviceFormat;
use hansard::base::units::{SampleFormat, SampleRate};
use hansard::capture::drain::{Drain, DrainStatus, Item, Opening, QUEUE_ITEMS, Step, Timeline};
use hansard::capture::rt::CaptureSink;
use hansard::clock::{Clock, MonoNs, ScriptedClock, SessionClock};
use hansard::session::manifest::GapCause;
use rtrb::{Consumer, RingBuffer};

const RATE: SampleRate = SampleRate::HZ_48000;
/// Frames of a callback, which comes every 10 ms.
const CALLBACK: u64 = 480;

/// A clock that panics when it is told to; a drain looks at it in each step.
#[derive(Default, Clone)]
struct Panicking {
    clock: ScriptedClock,
    armed: Arc<AtomicBool>,
}

impl Clock for Panicking {
    fn now(&self) -> MonoNs {
        self.clock.now()
    }

    fn suspended(&self) -> Duration {
        assert!(!self.armed.swap(false, Ordering::Relaxed), "the clock was told to panic");
        self.clock.suspended()
    }
}

/// What came out of a drain: of each take its offset, its first frame and one past its last.
#[derive(Default)]
struct Read {
    takes: Vec<(f64, u64, u64)>,
    ended: usize,
    missing: Vec<(f64, f64, GapCause)>,
}

impl Read {
    fn take(&mut self, queue: &mut Consumer<Item>) {
        while let Ok(item) = queue.pop() {
            match item {
                Item::TakeStart { offset, .. } => self.takes.push((offset, 0, 0)),
                Item::Sound(samples) => {
                    let (_, from, to) = self.takes.last_mut().expect("a take");
                    let first = samples[0] as u64;
                    *from = if *to == 0 { first } else { *from };
                    assert!(*to == 0 || *to == first, "frame {first} stands where {to} should");
                    *to = first + samples.len() as u64;
                    assert_eq!(samples.last().copied(), Some((*to - 1) as f32));
                }
                Item::TakeEnd { .. } => self.ended += 1,
                Item::Absent { from, seconds, cause } => self.missing.push((from, seconds, cause)),
                Item::Silence { frames, cause } => panic!("{frames:?} are missing within a take: {cause:?}"),
                Item::Rate(_) | Item::Clock(_) | Item::Observed(_) | Item::Foreign { .. } => {}
            }
        }
    }
}

#[test]
fn a_panic_in_a_drain_costs_what_was_in_hand() {
    crate::support::session::quiet_panics();
    let clock = Panicking::default();
    let at = |tick: u64| MonoNs(1_000_000_000 + tick * 10_000_000);
    clock.clock.set(at(0));
    let session = SessionClock::start_now(Arc::new(clock.clone()));
    let (openings, to_drain) = mpsc::channel();
    let (queue_in, mut queue) = RingBuffer::new(QUEUE_ITEMS);
    let status = Arc::new(DrainStatus::default());
    let mut drain = Drain::new(to_drain, queue_in, session, Arc::clone(&status), 200);
    let (mut sink, tap) = CaptureSink::pair(1, RATE);
    let opening = Opening {
        tap,
        format: DeviceFormat { rate: RATE, channels: 1, format: SampleFormat::F32 },
        timeline: Timeline::Clocked,
        cause_before: GapCause::NotStarted,
        abandoned: Arc::default(),
    };
    openings.send(opening).expect("the drain lives");
    let mut read = Read::default();
    for tick in 1..=400 {
        clock.clock.set(at(tick));
        // The device delivers nothing for a while: what comes then can't be placed at once.
        if !(200..210).contains(&tick) {
            let frames = (tick - 1) * CALLBACK..tick * CALLBACK;
            // What a sample is tells which frame it is.
            sink.push(&frames.map(|n| n as f32).collect::<Vec<f32>>(), at(tick), 0);
        }
        let armed = tick == 212;
        clock.armed.store(armed, Ordering::Relaxed);
        assert!(!armed || status.held().1 > 0, "stamps are held back");
        while drain.step(at(tick)) == Step::Busy {}
        read.take(&mut queue);
    }
    status.set_stop_at(4.0);
    drop((sink, openings));
    status.close();
    while drain.step(at(400)) != Step::Finished {}
    read.take(&mut queue);

    let [first, second] = read.takes[..] else { panic!("{:?}", read.takes) };
    assert_eq!((first.1, first.2, read.ended), (0, 199 * CALLBACK, 2));
    // The stamp in hand is given up; what lay behind it in the rings goes on, to the last frame.
    assert_eq!((second.1, second.2), (210 * CALLBACK, 400 * CALLBACK));
    let [(from, seconds, GapCause::Restart)] = read.missing[..] else { panic!("{:?}", read.missing) };
    assert!((from - 1.99).abs() < 0.002 && (from + seconds - second.0).abs() < 1e-6, "{from} {seconds}");
    assert!((second.0 - 2.10).abs() < 0.002, "the new take begins at {}", second.0);
}

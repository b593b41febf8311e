//! What a callback costs: the time that [`CaptureSink::push`] takes for 480 frames (10 ms at 48 kHz), reading
//! the clock included.
//!
//! `cargo bench --bench push` prints p50, p99.9 and the highest, back to back and at the pace of a device
//! (with cold caches, as it is in a recording). The highest also holds whatever else the machine did
//! meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cpal::FromSample;
use hansard::base::units::SampleRate;
use hansard::capture::rt::{CaptureSink, CaptureTap};
use hansard::clock::{SessionClock, SystemClock};

/// Frames in a callback.
const FRAMES: usize = 480;
/// Callbacks back to back: 33 minutes of sound.
const MANY: usize = 200_000;
/// Callbacks at the pace of a device.
const PACED: usize = 2_000;
const PACE: Duration = Duration::from_millis(10);

fn main() {
    println!("a callback of {FRAMES} frames, in ns           p50     p99.9       max");
    for (pace, count, how) in [(None, MANY, "back to back"), (Some(PACE), PACED, "each 10 ms")] {
        measure::<f32>("stereo f32", 2, pace, count, how);
        measure::<i16>("stereo i16", 2, pace, count, how);
        measure::<f32>("6 channels f32", 6, pace, count, how);
    }
}

fn measure<T>(what: &str, channels: u16, pace: Option<Duration>, count: usize, how: &str)
where
    T: Copy + FromSample<f32>,
    f32: FromSample<T>,
{
    let clock = SessionClock::start_now(Arc::new(SystemClock));
    let (mut sink, mut tap) = CaptureSink::pair(channels, SampleRate::HZ_48000);
    let sound: Vec<T> =
        (0..FRAMES * usize::from(channels)).map(|n| T::from_sample_((n as f32 * 0.05).sin() * 0.5)).collect();
    let mut took: Vec<u64> = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        sink.push(&sound, clock.mono(), 0);
        took.push(begun.elapsed().as_nanos() as u64);
        drain(&mut tap);
        if let Some(pace) = pace {
            std::thread::sleep(pace.saturating_sub(begun.elapsed()));
        }
    }
    assert_eq!(tap.meter.lost(), 0, "the ring was emptied each time");
    took.sort_unstable();
    let (p50, p999, max) = (took[count / 2], took[count * 999 / 1_000], took[count - 1]);
    println!("{what:<15} {how:<14} {p50:>18} {p999:>9} {max:>9}");
}

fn drain(tap: &mut CaptureTap) {
    let n = tap.samples.slots();
    if let Ok(chunk) = tap.samples.read_chunk(n) {
        chunk.commit_all();
    }
    while tap.stamps.pop().is_ok() {}
}

//! Long recordings at synthetic speed, through the steps that `record` runs: a day of four devices in
//! constant memory, and the end of a file that has become as long as WAV allows.
//!
//! The short forms are tests as any other. The real ones take a minute in a release build:
//! `cargo test --release --test long -- --ignored`.

mod alloc;
mod bench;
mod disk;

use std::sync::{Mutex, PoisonError};

use bench::{Bench, DeviceScript};
use hansard::base::units::SampleFormat;
use hansard::writer::take_file::TAKE_BYTES_MAX;

/// Four devices at a low rate, each with another crystal and other callbacks.
fn devices() -> Vec<DeviceScript> {
    let device = |name, ppm, callback, jitter_s| DeviceScript {
        name,
        rate: 4_000,
        channels: 1,
        format: SampleFormat::S24,
        ppm,
        callback,
        jitter_s,
        troubled: true,
    };
    vec![
        device("first", 60.0, 400, 0.002),
        device("second", -90.0, 512, 0.004),
        device("third", 0.0, 160, 0.0),
        device("fourth", 250.0, 1_024, 0.003),
    ]
}

/// What may be allocated in the last third of a day beyond what was in the second: the entries of further
/// takes, here and in the manifest's text.
const GROWTH_MAX: usize = 64 * 1024;

/// Only one of them at a time, else each would count what another allocates.
static ALONE: Mutex<()> = Mutex::new(());

/// Four devices for that many hours; every 20 minutes each of them is late once and stalls once, every 4
/// hours it goes and comes back.
fn day(hours: f64) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    alloc::take_peak();
    let mut bench = Bench::new(&devices(), None);
    let end_s = hours * 3_600.0;
    // In the first third what is kept of a take is still built up: buffers, and clocks (more than an hour of
    // it).
    let peaks = [1.0, 2.0, 3.0].map(|third| {
        bench.run_until(end_s * third / 3.0);
        alloc::take_peak()
    });
    println!("{hours} h: at most {peaks:?} bytes were allocated in its thirds");
    assert!(peaks[2] <= peaks[1] + GROWTH_MAX, "memory grows: {peaks:?}");
    let done = bench.close();
    for track in &done {
        let account = &track.account;
        assert_eq!(account.written.0, track.delivered, "{account:?}");
        assert_eq!(track.found, track.delivered, "what lies in the files of {}", account.track);
        let expected_s = account.expected.0 as f64 / track.rate;
        assert!(
            (expected_s - end_s).abs() < 0.5,
            "{expected_s} s of {end_s} s are accounted for: {account:?}"
        );
        assert!(account.unexplained.abs() < 400, "{account:?}");
    }
}

#[test]
fn three_hours_of_four_devices_take_constant_memory() {
    day(3.0);
}

#[test]
#[ignore = "a minute in a release build; `./dev soak` runs it"]
fn a_day_of_four_devices_takes_constant_memory() {
    day(24.0);
}

/// One device until its file has become too long and another one is well begun.
fn cross(limit: Option<u64>, channels: u16, rate: u32) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes = limit.unwrap_or(TAKE_BYTES_MAX);
    let script = DeviceScript {
        name: "wide",
        rate,
        channels,
        format: SampleFormat::F32,
        ppm: 0.0,
        callback: u64::from(rate) / 10,
        jitter_s: 0.0,
        troubled: false,
    };
    let mut bench = Bench::new(&[script], limit);
    let seconds = bytes as f64 / f64::from(rate) / f64::from(channels) / 4.0;
    bench.run_until(seconds * 1.05);
    let done = bench.close();
    let track = &done[0];
    assert!(track.account.gaps.is_empty() && track.account.lost.0 == 0, "{:?}", track.account);
    assert_eq!((track.account.written.0, track.found), (track.delivered, track.delivered));
    let files = &track.files;
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        assert_eq!(file.header_frames, file.frames, "the header of {file:?}");
        assert!(file.bytes <= bytes + 128, "{file:?}");
    }
    // The first one is full but for a block.
    assert!(files[0].bytes + u64::from(rate) * u64::from(channels) * 4 > bytes, "{files:?}");
}

#[test]
fn a_file_that_is_full_is_followed_by_another_one() {
    cross(Some(8_000_000), 6, 8_000);
}

#[test]
#[ignore = "4 GiB; `./dev soak` runs it"]
fn a_file_as_long_as_wav_allows_is_followed_by_another_one() {
    cross(None, 32, 8_000);
}

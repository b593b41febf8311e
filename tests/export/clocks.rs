//! Devices with clocks of their own, on one time in what `export --tracks` writes.

use std::path::PathBuf;

use hansard::base::random::Random;
use hansard::session::manifest::ClockFit;

use super::devices::{Device, clicks, entry, heard_in, session};
use super::sessions::{expect, hansard};
use super::tracks::RATE;

/// A device's clock, from a device and a seed.
type Clock = fn(&Device, &mut Random) -> ClockFit;

/// Lets both devices record, exports at `rate`, and gives how far, in ms, clicks are apart from one another
/// and from the truth, at most.
fn two_devices(seed: u64, [a, b]: [&Device; 2], rate: u32, clock: Clock) -> (f64, f64) {
    let root = tempfile::tempdir().unwrap();
    let mut random = Random::at(seed);
    let clicks = clicks(a.until.min(b.until));
    let takes = [("ada", a), ("bob", b)];
    let entries = takes.map(|(track, device)| entry(track, 1, device, clock(device, &mut random)));
    let dir = session(root.path(), entries.to_vec());
    for (track, device) in takes {
        device.write(&dir.join(format!("tracks/{track}.wav")), &clicks);
    }
    let args = ["export", "last", "--tracks", "wav", "--rate", &rate.to_string()];
    let paths = expect(0, hansard(root.path(), &args));
    let paths: Vec<PathBuf> = paths.lines().map(PathBuf::from).collect();
    assert_eq!(paths, [dir.join("aligned/ada.wav"), dir.join("aligned/bob.wav")]);
    let [mut ada, mut bob] = [0, 1].map(|n| hound::WavReader::open(&paths[n]).unwrap());
    assert_eq!(ada.duration(), bob.duration(), "one length");
    let (mut apart, mut off) = (0.0_f64, 0.0_f64);
    for at in &clicks {
        let [ada, bob] = [&mut ada, &mut bob]
            .map(|wav| heard_in(wav, *at).unwrap_or_else(|| panic!("no click at {at} s")));
        apart = apart.max((ada - bob).abs());
        off = off.max((ada - at).abs()).max((bob - at).abs());
    }
    let (apart, off) = (apart * 1e3, off * 1e3);
    println!(
        "seed {seed}: {} clicks in {:.0} s: at most {apart:.3} ms apart, {off:.3} ms off",
        clicks.len(),
        a.until
    );
    (apart, off)
}

/// Two devices at +300 and -200 ppm for so many seconds; the first one's rate steps by so many ppm in the
/// middle.
fn pair(rate: u32, seconds: f64, step: f64) -> [Device; 2] {
    let mut devices = [300.0, -200.0].map(|ppm| Device::steady(rate, ppm, 0.1, seconds));
    if step != 0.0 {
        devices[0].ppm.push((seconds / 2.0, 300.0 + step));
    }
    devices
}

/// What is promised: a millisecond, and five with a step.
fn assert_together(seed: u64, rates: (u32, u32), seconds: f64, step: f64) {
    let [a, b] = pair(rates.0, seconds, step);
    let (apart, off) = two_devices(seed, [&a, &b], rates.1, Device::measured);
    let most = if step == 0.0 { 1.0 } else { 5.0 };
    assert!(apart < most && off < most, "with a step of {step} ppm");
}

#[test]
fn clicks_of_two_devices_stay_together() {
    for seed in [1, 2] {
        assert_together(seed, (RATE, RATE), 180.0, 0.0);
    }
}

#[test]
fn a_step_of_the_rate_parts_them_by_less_than_five_milliseconds() {
    for (seed, step) in [(3, 500.0), (4, -500.0)] {
        assert_together(seed, (RATE, RATE), 240.0, step);
    }
}

#[test]
#[ignore = "hours of sound; ./dev soak"]
fn clicks_of_two_devices_stay_together_for_an_hour() {
    for (seed, step) in [(1, 0.0), (2, 0.0), (3, 500.0), (4, -500.0)] {
        assert_together(seed, (RATE, RATE), 3_600.0, step);
    }
}

/// At lower rates, so that a day fits into a WAV file and onto the disk.
#[test]
#[ignore = "days of sound; ./dev soak"]
fn clicks_of_two_devices_stay_together_for_a_day() {
    for (seed, step) in [(1, 0.0), (2, 500.0), (3, -500.0)] {
        assert_together(seed, (16_000, 8_000), 86_400.0, step);
    }
}

#[test]
fn a_clock_that_changes_its_speed_is_followed() {
    let a = Device { rate: RATE, ppm: vec![(0.1, 500.0), (61.7, -500.0)], until: 120.0 };
    let b = Device { rate: RATE, ppm: vec![(0.2, -500.0), (50.3, 500.0)], until: 120.0 };
    let (apart, off) = two_devices(4, [&a, &b], RATE, |device, _| device.true_clock());
    assert!(apart < 0.05 && off < 0.05, "where the map is right, so is the sound");
}

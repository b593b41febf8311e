//! Two microphones of which one is too fast stay together in aligned tracks, with a real PulseAudio.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::pulse::{FINISH_LIMIT, lacks_sound};
use crate::support::home::alone;
use crate::support::stage::pulse::{Pulse, RATE};
use crate::support::stage::recorder::Recorder;

/// Between two clicks of the world.
const CLICK_EVERY_S: f64 = 2.0;

/// Two seconds of a device at `rate`, with a click in the middle.
pub fn click_loop(rate: f64) -> Vec<i16> {
    let frames = (CLICK_EVERY_S * rate).round() as usize;
    let sample = |n: usize| {
        let t = n as f64 / rate - CLICK_EVERY_S / 2.0;
        let bell = (-(t / 0.001).powi(2)).exp() * (std::f64::consts::TAU * 1_500.0 * t).cos();
        (bell * 20_000.0) as i16
    };
    (0..frames).map(sample).collect()
}

/// Session seconds of the clicks in an exported track: the middles of their energy.
fn clicks_in(wav: &Path) -> Vec<f64> {
    let track: Vec<f32> = hound::WavReader::open(wav).unwrap().samples::<f32>().map(Result::unwrap).collect();
    let reach = RATE as usize / 100;
    let (mut clicks, mut at) = (Vec::new(), 0);
    while let Some(found) = track[at..].iter().position(|x| x.abs() > 0.2).map(|n| at + n) {
        let (from, to) = (found.saturating_sub(reach), (found + reach).min(track.len()));
        let energy = |n: usize| f64::from(track[n] * track[n]);
        let sum: f64 = (from..to).map(energy).sum();
        let moment: f64 = (from..to).map(|n| energy(n) * n as f64).sum();
        clicks.push(moment / sum / f64::from(RATE));
        at = (found + RATE as usize).min(track.len());
    }
    clicks
}

/// Two microphones for `seconds`, one of whose clocks runs 1000 ppm fast, both of which hear the same clicks;
/// by how many ms the offset of their clicks changes in the exported tracks, at most. (A virtual loudspeaker
/// would be no reference: its server rounds the length of each block to whole microseconds, which makes it up
/// to 200 ppm fast, and what it plays with it.)
fn two_clocks(seconds: u64) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let pulse = Pulse::start(&[], &["va_speaker"]).unwrap();
    let feeds = [("va_fast", 48_048.0), ("va_true", 48_000.0)]
        .map(|(name, rate)| pulse.add_fifo_mic(name, rate, click_loop(rate)).unwrap());
    let recordings = dir.path().join("recordings");
    let hansard = Path::new(env!("CARGO_BIN_EXE_hansard"));
    let mut record = pulse.recorder(hansard);
    record.args(["record", "--no-transcribe", "--for", &format!("{seconds}s")]);
    record.args(["--source", "fast=mic:pulseaudio:va_fast"]);
    record.args(["--source", "true=mic:pulseaudio:va_true", "--out"]).arg(&recordings);
    feeds.iter().for_each(|feed| feed.deliver(true));
    let recorder = Recorder::start(&mut record).unwrap();
    recorder.finish(FINISH_LIMIT + Duration::from_secs(seconds), |_| {}).unwrap();

    let mut export = Command::new(hansard);
    export.args(["export", "last", "--tracks", "wav", "--bits", "32f", "--output"]).arg(dir.path());
    let exported = export.env("HANSARD_RECORDINGS", &recordings).output().unwrap();
    assert!(exported.status.success(), "{exported:?}");
    let [fast, true_] = ["fast", "true"].map(|track| clicks_in(&dir.path().join(format!("{track}.wav"))));
    assert!(true_.len() as f64 >= seconds as f64 / CLICK_EVERY_S - 2.0, "{} clicks", true_.len());
    let offset = |at: &f64| {
        let nearest = fast.iter().map(|other| other - at).min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
        // From where to where the period begins is anybody's guess, and the same all along.
        (nearest / CLICK_EVERY_S - (nearest / CLICK_EVERY_S).round()) * CLICK_EVERY_S
    };
    let offsets: Vec<f64> = true_.iter().map(offset).collect();
    let change = |of: f64| {
        let change = of - offsets[0];
        (change - (change / CLICK_EVERY_S).round() * CLICK_EVERY_S) * 1e3
    };
    let (middle, end) = (change(offsets[offsets.len() / 2]), change(offsets[offsets.len() - 1]));
    let most = offsets.iter().map(|of| change(*of).abs()).fold(0.0, f64::max);
    println!(
        "{seconds} s at 48,048 Hz beside 48,000 Hz: the offset changes by {middle:+.2} ms to the middle, {end:+.2} ms to the end, at most {most:.2} ms"
    );
    most
}

#[test]
fn a_fast_microphone_and_a_true_one_stay_together() {
    let _alone = alone();
    if !lacks_sound("a_fast_microphone_and_a_true_one_stay_together") {
        assert!(two_clocks(45) <= 5.0);
    }
}

#[test]
#[ignore = "three minutes of sound; ./dev soak"]
fn a_fast_microphone_and_a_true_one_stay_together_for_three_minutes() {
    let _alone = alone();
    if !lacks_sound("a_fast_microphone_and_a_true_one_stay_together_for_three_minutes") {
        assert!(two_clocks(180) <= 5.0);
    }
}

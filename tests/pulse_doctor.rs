//! `hansard doctor` with devices of a real PulseAudio that are well, silent, too fast or too quiet.

use std::path::Path;

use serde_json::Value;

use super::pulse::lacks_sound;
use super::pulse_clocks::click_loop;
use crate::support::home::alone;
use crate::support::sound;
use crate::support::stage::pulse::{Pulse, RATE};

/// Every source is examined through the real capture path, good ones and bad ones beside each other.
#[test]
fn the_doctor_tells_good_devices_from_bad_ones() {
    let _alone = alone();
    if lacks_sound("the_doctor_tells_good_devices_from_bad_ones") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // What nobody plays into delivers exact zeros; the second clock is 2000 ppm fast.
    let mut pulse = Pulse::start(&["va_alice", "va_dead"], &["va_speaker"]).unwrap();
    let fast = pulse.add_fifo_mic("va_fast", 48_096.0, click_loop(48_096.0)).unwrap();
    fast.deliver(true);
    let voice: Vec<i16> = (0..30 * RATE).map(|n| ((n % 160) as i16 - 80) * 40).collect();
    let wav = sound::wave(dir.path(), "alice", RATE, &voice);
    pulse.play("va_alice_in", &wav).unwrap();
    let mut doctor = pulse.recorder(Path::new(env!("CARGO_BIN_EXE_hansard")));
    let recordings = dir.path().join("recordings");
    doctor.env("HOME", dir.path()).env("HANSARD_MODELS", dir.path().join("none"));
    doctor.args(["doctor", "--json", "--seconds", "8", "--out"]).arg(&recordings).args([
        "--source=Alice=mic:pulseaudio:va_alice",
        "--source=Dead=mic:pulseaudio:va_dead",
        "--source=Fast=mic:pulseaudio:va_fast",
        "--source=Others=loopback",
        "--source=Typo=mic:pulseaudio:va_alise",
    ]);
    let output = doctor.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    println!("{report:#}");
    assert_eq!(output.status.code(), Some(1), "the unknown device is in the way: {said}");
    assert!(!recordings.exists(), "nothing is stored");

    let source =
        |name: &str| report["sources"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap();
    let findings = |about: &str| -> Vec<(&str, &str)> {
        let all = report["findings"].as_array().unwrap().iter().filter(|f| f["about"] == about);
        all.map(|f| (f["severity"].as_str().unwrap(), f["text"].as_str().unwrap())).collect()
    };
    let number = |of: &Value, key: &str| of[key].as_f64().unwrap_or_else(|| panic!("no {key} in {of}"));
    let alice = source("Alice");
    assert_eq!(findings("Alice"), [], "{alice}");
    assert_eq!(
        (&alice["rate"], &alice["channels"], &alice["stored_as"]),
        (&RATE.into(), &1.into(), &"s16".into())
    );
    assert!((number(alice, "peak_dbfs") + 20.2).abs() < 0.5, "a sawtooth of 3200: {alice}");
    assert!((number(alice, "rms_dbfs") + 25.0).abs() < 1.0, "{alice}");
    assert!(number(alice, "latency_ms") > 0.0 && number(alice, "period_ms") > 0.0, "{alice}");
    assert_eq!(alice["xruns"], 0);
    assert_eq!(source("Dead")["only_zeros"], true);
    assert!(findings("Dead").iter().any(|(s, text)| *s == "loss" && text.contains("digital silence")));
    // Its rate is known within what is promised, and far enough off to be told.
    let clock = &source("Fast")["clock"];
    assert!((number(clock, "ppm") - 2_000.0).abs() <= number(clock, "uncertain_ppm").max(100.0), "{clock}");
    assert!(findings("Fast").iter().any(|(_, text)| text.contains("off its rate of 48000 Hz")), "{report:#}");
    assert!(findings("Typo").iter().any(|(s, text)| *s == "refusal" && text.contains("va_alice")));
    assert_eq!(
        findings("Others").iter().filter(|(s, _)| *s != "hint").count(),
        0,
        "a silent loudspeaker is not a loss"
    );
    assert!(findings("model")[0].1.contains("no speech model"));
}

//! What only the sound server knows: that the loudspeaker is muted while the call goes on, and that the
//! default microphone is none.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::home::alone;
use crate::support::sound;
use crate::support::stage::pulse::{self, Pulse, RATE};
use crate::support::stage::recorder::{Recorder, Session};
use serde_json::Value;

/// Time for the sound system and the programs to start, on a machine that builds something else as well.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Time for the recorder to finish without text.
const FINISH_LIMIT: Duration = Duration::from_secs(30);
/// A person knows of a dead track within this, in seconds.
const SAID_S: f64 = 10.0;

fn lacks_sound(test: &str) -> bool {
    let Some(missing) = pulse::missing() else { return false };
    assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{test} cannot run: {missing}");
    println!("SKIPPED {test}: {missing}");
    true
}

fn hansard(pulse: &Pulse, dir: &Path, arguments: &[&str]) -> Command {
    let mut command = pulse.recorder(Path::new(env!("CARGO_BIN_EXE_hansard")));
    let home = dir.join("home");
    command.env("HOME", &home).env("XDG_CONFIG_HOME", home.join("config")).env_remove("HANSARD_RECORDINGS");
    command.env("HANSARD_MODELS", dir.join("none")).args(arguments);
    command
}

/// The findings of the doctor, and how it ended.
fn doctor(pulse: &Pulse, dir: &Path, sources: &[&str]) -> (Vec<(String, String)>, Option<i32>) {
    let mut command =
        hansard(pulse, dir, &["doctor", "--json", "--no-transcribe", "--seconds", "2", "--out"]);
    command.arg(dir.join("recordings"));
    sources.iter().for_each(|source| {
        command.args(["--source", source]);
    });
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let found = findings.map(|finding| (text(finding, "severity"), text(finding, "text")));
    (found.collect(), output.status.code())
}

#[test]
fn a_loudspeaker_that_is_muted_during_a_call_is_said_within_ten_seconds() {
    let _alone = alone();
    if lacks_sound("a_loudspeaker_that_is_muted_during_a_call_is_said_within_ten_seconds") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut pulse = Pulse::start(&["va_mic"], &["va_room"]).unwrap();
    let call = dir.path().join("call.wav");
    let samples: Vec<i32> = (0..60 * RATE as i32).map(|n| (n % 100) * 50).collect();
    sound::pcm(&call, RATE, 1, 16, &samples);

    let sources = ["record", "--no-transcribe", "--source", "Others=loopback", "--out"];
    let recorder =
        Recorder::start(hansard(&pulse, dir.path(), &sources).arg(dir.path().join("recordings"))).unwrap();
    pulse.wait_captures(1, START_LIMIT).unwrap();
    // Nothing is played: silence is no alarm, muted or not.
    pulse.pactl(&["set-sink-mute", "va_room", "1"]).unwrap();
    let quiet = Instant::now();
    while quiet.elapsed() < Duration::from_secs_f64(SAID_S + 1.0) {
        if let Some(line) = recorder.next(Duration::from_millis(100)) {
            assert!(!line.text.contains("ALARM"), "{}", line.text);
        }
    }
    let (findings, code) = doctor(&pulse, dir.path(), &["Others=loopback"]);
    assert!(findings.iter().any(|(kind, text)| kind == "hint" && text.contains("muted")), "{findings:?}");
    assert_eq!(code, Some(0));

    let said = |on: bool, wanted: &str| {
        let since = Instant::now();
        loop {
            assert!(since.elapsed().as_secs_f64() < SAID_S, "not said: {wanted}");
            let Some(line) = recorder.next(Duration::from_millis(100)) else { continue };
            println!("{}", line.text);
            if line.text.contains(wanted) && line.text.contains("ALARM") == on {
                return since.elapsed();
            }
        }
    };
    pulse.play_as_program("va_room", &call).unwrap();
    let after = said(true, "the loudspeaker is muted");
    println!("said after {:.1} s", after.as_secs_f64());
    let (findings, code) = doctor(&pulse, dir.path(), &["Others=loopback"]);
    assert!(findings.iter().any(|(kind, text)| kind == "loss" && text.contains("muted")), "{findings:?}");
    assert_eq!(code, Some(2));
    pulse.pactl(&["set-sink-mute", "va_room", "0"]).unwrap();
    said(false, "delivers true sound again");
    // Volume 0 is the same.
    pulse.pactl(&["set-sink-volume", "va_room", "0"]).unwrap();
    said(true, "at volume 0");
    recorder.interrupt().unwrap();
    let status = recorder.finish(FINISH_LIMIT, |line| println!("{}", line.text)).unwrap();
    assert_eq!(status.code(), Some(0), "what was played is as it was played");
}

#[test]
fn where_the_default_microphone_is_none_it_is_said_before_anything_is_recorded() {
    let _alone = alone();
    if lacks_sound("where_the_default_microphone_is_none_it_is_said_before_anything_is_recorded") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let pulse = Pulse::start(&["va_mic"], &["va_room"]).unwrap();
    pulse.make_default("va_room.monitor").unwrap();
    let record = |sources: &[&str]| {
        let mut command = hansard(&pulse, dir.path(), &["record", "--no-transcribe", "--for", "1s", "--out"]);
        command.arg(dir.path().join("recordings"));
        sources.iter().for_each(|source| {
            command.args(["--source", source]);
        });
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = record(&[]);
    println!("{said}");
    assert_eq!(code, Some(0), "what plays is recorded, and nothing of it is lost");
    let alarm =
        said.lines().position(|line| line.contains("ALARM") && line.contains("NO MICROPHONE")).unwrap();
    assert!(said.lines().nth(alarm).unwrap().contains("va_mic"), "it names what can be chosen");
    let (findings, code) = doctor(&pulse, dir.path(), &[]);
    assert!(
        findings.iter().any(|(kind, text)| kind == "loss" && text.contains("NO MICROPHONE")),
        "{findings:?}"
    );
    assert_eq!(code, Some(2));
    // A monitor is nobody's microphone, by whatever name.
    for monitor in
        ["Me=mic:va_room.monitor", "Me=mic:pulseaudio:va_room.monitor", "Me=mic:monitor of virtual_va_room"]
    {
        let (code, said) = record(&[monitor]);
        assert_eq!(code, Some(1), "{monitor}: {said}");
        assert!(said.contains("loopback:pulseaudio:va_room.monitor"), "{said}");
    }
    let (code, said) = record(&["Me=mic:virtual_va_m"]);
    assert_eq!(code, Some(0), "a part that no other microphone has: {said}");
}

/// How much of a sound is a tone of this frequency, 0..=1.
fn part_of_tone(sound: &[f32], hertz: f64) -> f64 {
    let (mut sine, mut cosine, mut all) = (0.0, 0.0, 1e-12);
    for (n, sample) in sound.iter().enumerate() {
        let (sample, at) = (f64::from(*sample), std::f64::consts::TAU * hertz * n as f64 / f64::from(RATE));
        sine += sample * at.sin();
        cosine += sample * at.cos();
        all += sample * sample;
    }
    2.0 * (sine * sine + cosine * cosine) / (sound.len() as f64 * all)
}

#[test]
fn the_chime_arrives_in_the_loudspeaker_and_in_its_track() {
    let _alone = alone();
    if lacks_sound("the_chime_arrives_in_the_loudspeaker_and_in_its_track") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let pulse = Pulse::start(&["va_mic"], &["va_room"]).unwrap();
    pulse.pactl(&["set-default-sink", "va_room"]).unwrap();
    let sources = ["record", "--announce", "--no-transcribe", "--source", "Others=loopback", "--out"];
    let recordings = dir.path().join("recordings");
    let recorder = Recorder::start(hansard(&pulse, dir.path(), &sources).arg(&recordings)).unwrap();
    let since = Instant::now();
    loop {
        assert!(since.elapsed() < START_LIMIT, "the chime is never played");
        let Some(line) = recorder.next(Duration::from_millis(100)) else { continue };
        println!("{}", line.text);
        if line.text.contains("the chime was played through") {
            break;
        }
    }
    recorder.interrupt().unwrap();
    let status = recorder.finish(FINISH_LIMIT, |line| println!("{}", line.text)).unwrap();
    assert_eq!(status.code(), Some(0));
    let recorded = Session::newest(&recordings, &[]).unwrap();
    let take = recorded.take_of("Others").unwrap();
    let sound = recorded.sound(take).unwrap();
    let peak = sound.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    assert!((0.05..0.3).contains(&peak), "{peak}");
    // Both notes, one after the other, where it sounds.
    let begin = sound.iter().position(|sample| sample.abs() > 0.02).unwrap();
    let at = |from: f64, to: f64| {
        let frame = |s: f64| begin + (s * f64::from(RATE)) as usize;
        &sound[frame(from)..frame(to)]
    };
    for (part, hertz) in [(at(0.05, 0.40), 783.99), (at(0.9, 1.3), 587.33)] {
        let is = part_of_tone(part, hertz);
        assert!(is > 0.6, "{is} of it is {hertz} Hz");
    }
    let journal = std::fs::read_to_string(recorded.dir.join("events.jsonl")).unwrap();
    let chimed = journal.lines().find(|line| line.contains("\"kind\":\"chimed\"")).unwrap();
    assert!(chimed.contains("\"error\":null") && chimed.contains("va_room"), "{chimed}");
}

//! A desktop of today has PipeWire, which answers as PulseAudio does and is another program: what it plays
//! and hears is recorded there, too.
//!
//! Needs pipewire, wireplumber and pipewire-pulse, installed or unpacked by `./dev`. Where they are lacking
//! the tests say so and pass, unless `HANSARD_TEST_ALL=1`.

use std::path::Path;
use std::time::Duration;

use crate::support::home::alone;
use crate::support::sound;
use crate::support::stage::align::whereabouts;
use crate::support::stage::pulse::{self, Pulse, RATE, Server};
use crate::support::stage::recorder::{Recorder, Session};

/// Time for the programs to start, on a machine that builds something else as well.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Time for the recorder to finish without text.
const FINISH_LIMIT: Duration = Duration::from_secs(30);
/// How long what is played is, in seconds.
const PLAYED_S: usize = 2;
/// The tone that the loudspeaker plays: a whole number of periods in a block of 10 ms.
const TONE_HZ: f64 = 1_000.0;

fn lacks_pipewire(test: &str) -> bool {
    let Some(missing) = pulse::missing_for(Server::PipeWire) else { return false };
    assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{test} cannot run: {missing}");
    println!("SKIPPED {test}: {missing}");
    true
}

/// The part of a sound's energy that is the tone, 0 to 1.
fn share_of_tone(sound: &[f32]) -> f64 {
    let (mut re, mut im, mut energy) = (0.0, 0.0, 0.0);
    for (n, sample) in sound.iter().enumerate() {
        let phase = n as f64 * TONE_HZ * std::f64::consts::TAU / f64::from(RATE);
        re += f64::from(*sample) * phase.cos();
        im += f64::from(*sample) * phase.sin();
        energy += f64::from(*sample).powi(2);
    }
    2.0 * (re * re + im * im) / (energy * sound.len() as f64)
}

#[test]
fn a_microphone_and_what_is_played_are_recorded_from_pipewire() {
    let _alone = alone();
    if lacks_pipewire("a_microphone_and_what_is_played_are_recorded_from_pipewire") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let frames = PLAYED_S * RATE as usize;
    let noise = sound::noise(20_261_129, 14, frames);
    let tone: Vec<i32> = (0..frames)
        .map(|n| (n as f64 * TONE_HZ * std::f64::consts::TAU / f64::from(RATE)).sin() * 8_000.0)
        .map(|sample| sample as i32)
        .collect();
    let [voice_wav, tone_wav] = [("voice", &noise), ("tone", &tone)].map(|(name, samples)| {
        let path = dir.path().join(name).with_extension("wav");
        sound::pcm(&path, RATE, 1, 16, samples);
        path
    });

    let mut pulse = Pulse::start_on(Server::PipeWire, &["va_alice"], &["va_speaker"]).unwrap();
    let recordings = dir.path().join("recordings");
    let mut command = pulse.recorder(Path::new(env!("CARGO_BIN_EXE_hansard")));
    command.env("HOME", dir.path()).args(["record", "--no-transcribe", "--out"]).arg(&recordings);
    command.args(["--source=Alice=mic:pulseaudio:va_alice", "--source=Others=loopback"]);
    let recorder = Recorder::start(&mut command).unwrap();
    pulse.wait_captures(2, START_LIMIT).unwrap();
    pulse.play("va_alice_in", &voice_wav).unwrap();
    pulse.play("va_speaker", &tone_wav).unwrap();
    for played in pulse.wait_played(START_LIMIT).unwrap() {
        assert_eq!(played.underruns, 0, "a player ran dry: the machine is too busy");
    }
    std::thread::sleep(Duration::from_millis(500));
    recorder.interrupt().unwrap();
    let status = recorder.finish(FINISH_LIMIT, |line| println!("{}", line.text)).unwrap();
    assert_eq!(status.code(), Some(0), "nothing was lost");

    let session = Session::newest(&recordings, &[]).unwrap();
    let [alice, others] =
        ["Alice", "Others"].map(|name| session.sound(session.take_of(name).unwrap()).unwrap());
    // Every piece of what was said lies at the same distance from its place: no frame is missing or invented.
    let piece = RATE as usize / 4;
    let offsets: Vec<i64> = (0..frames - piece)
        .step_by(piece)
        .map(|from| {
            let said: Vec<f32> = noise[from..from + piece].iter().map(|s| *s as f32 / 32_768.0).collect();
            let (at, correlation) = whereabouts(&alice, &said).expect("sound");
            assert!(correlation >= 0.9, "other sound than was played: {correlation:.3} of {from}");
            at as i64 - from as i64
        })
        .collect();
    println!("the microphone's sound begins at frame {}", offsets[0]);
    assert!(offsets.iter().all(|offset| *offset == offsets[0]), "{offsets:?}");
    // The middle of what the loudspeaker played is the tone and nothing else.
    let loud = |sample: &f32| sample.abs() > 0.1;
    let (first, last) = (others.iter().position(loud), others.iter().rposition(loud));
    let (first, last) = first.zip(last).expect("what was played");
    assert!((last - first).abs_diff(frames) < RATE as usize / 50, "{first} to {last}");
    let share = share_of_tone(&others[first + RATE as usize / 10..last - RATE as usize / 10]);
    println!("{:.2} % of what was played is the tone", share * 100.0);
    assert!(share >= 0.99, "{share}");
}

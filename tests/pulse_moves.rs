//! A sound server that moves our streams to other devices: because the default changed, because a person or a
//! policy wants it, and just before the end. Whatever happens, nobody's track counts another device's sound
//! as its own, at most a second of it is in the file, and the right device is back within two.
//!
//! Every device has a tone of its own, so each hundredth of a second of each track tells whose sound it is.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::home::alone;
use crate::support::sound;
use crate::support::stage::pulse::{self, Pulse, RATE, Server};
use crate::support::stage::recorder::{Recorder, Session};
use hansard::base::units::Frames;
use hansard::session::journal::{Event, Line};
use hansard::session::manifest::TakeEntry;

/// Time for the sound system and the programs to start, on a machine that builds something else as well.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Time for the recorder to finish without text.
const FINISH_LIMIT: Duration = Duration::from_secs(30);
/// At most so much of another device's sound may be in a track after one move, in seconds.
const FOREIGN_S: f64 = 1.0;
/// The right device is recorded again after so long, in seconds.
const BACK_S: f64 = 2.0;
/// Frames of a window in which one tone is told from the others.
const WINDOW: usize = RATE as usize / 100;

/// Devices with their tones.
const MICS: [(&str, f64); 3] = [("va_alice", 400.0), ("va_bob", 1_000.0), ("va_head", 1_700.0)];
const SPEAKERS: [(&str, f64); 2] = [("va_room", 2_600.0), ("va_tv", 3_500.0)];
/// Seconds that each tone is played.
const SECONDS: f64 = 24.0;
/// How often a stream is told to move, and how long each time is given.
const ORDERS: usize = 4;
const ORDER_LIMIT: Duration = Duration::from_millis(400);

fn tone(dir: &Path, name: &str, hz: f64) -> std::path::PathBuf {
    let path = dir.join(format!("{name}.wav"));
    let phase = |n: usize| n as f64 * hz * std::f64::consts::TAU / f64::from(RATE);
    let frames = (SECONDS * f64::from(RATE)) as usize;
    let samples: Vec<i32> = (0..frames).map(|n| (phase(n).sin() * 8_000.0) as i32).collect();
    sound::pcm(&path, RATE, 1, 16, &samples);
    path
}

/// The tone that most of a window's sound is; `None` in silence and at an edge between two.
fn tone_of(window: &[f32], rate: u32) -> Option<f64> {
    let energy: f64 = window.iter().map(|s| f64::from(*s).powi(2)).sum();
    if energy / (window.len() as f64) < 1e-4 {
        return None;
    }
    let share = |hz: f64| {
        let turn = hz * std::f64::consts::TAU / f64::from(rate);
        let (mut re, mut im) = (0.0, 0.0);
        for (n, s) in window.iter().enumerate() {
            let (sin, cos) = (n as f64 * turn).sin_cos();
            re += f64::from(*s) * cos;
            im += f64::from(*s) * sin;
        }
        (re * re + im * im) / (energy * window.len() as f64 / 2.0)
    };
    MICS.iter().chain(&SPEAKERS).map(|(_, hz)| *hz).find(|hz| share(*hz) > 0.8)
}

fn until(start: Instant, second: f64) {
    std::thread::sleep(Duration::from_secs_f64(second).saturating_sub(start.elapsed()));
}

/// The server's numbers of the recorder's streams that are on this source now.
fn streams_on(pulse: &Pulse, source: &str) -> Vec<String> {
    let sources = pulse.pactl(&["list", "short", "sources"]).unwrap();
    let number = sources
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .find(|fields| fields[1] == source)
        .unwrap_or_else(|| panic!("no source {source}: {sources}"))[0]
        .to_owned();
    let outputs = pulse.pactl(&["list", "source-outputs"]).unwrap();
    let mut found = Vec::new();
    for output in outputs.split("Source Output #").skip(1) {
        let on = output.lines().any(|line| line.trim() == format!("Source: {number}"));
        if on && output.contains("application.name = \"cpal-pulseaudio") {
            found.push(output.lines().next().unwrap().trim().to_owned());
        }
    }
    found
}

/// The server's numbers of what plays this file.
fn players_of(pulse: &Pulse, file: &str) -> Vec<String> {
    let inputs = pulse.pactl(&["list", "sink-inputs"]).unwrap();
    let inputs = inputs.split("Sink Input #").skip(1).filter(|input| input.contains(file));
    inputs.map(|input| input.lines().next().unwrap().trim().to_owned()).collect()
}

/// What one take holds, in hundredths of a second: whose tone, from which second of the take, and whether it
/// counts as foreign.
fn windows(session: &Session, take: &TakeEntry) -> Vec<(f64, f64, bool)> {
    let sound = session.sound(take).unwrap();
    let window = WINDOW * take.rate.0 as usize / RATE as usize;
    let starts = (0..sound.len().saturating_sub(window)).step_by(window);
    starts
        .filter_map(|at| {
            let hz = tone_of(&sound[at..at + window], take.rate.0)?;
            let foreign = take.foreign.iter().any(|(from, to)| (from.0..to.0).contains(&(at as u64)));
            Some((hz, at as f64 / f64::from(take.rate.0), foreign))
        })
        .collect()
}

/// Every take of a track holds one device's tone only, and at most a second of another's, which counts as
/// foreign. Returns the tones that count, take by take.
fn own_tones(session: &Session, track: &str) -> Vec<Option<f64>> {
    let takes: Vec<&TakeEntry> = session.manifest.takes.iter().filter(|take| take.track == track).collect();
    let mut tones = Vec::new();
    for take in &takes {
        let windows = windows(session, take);
        let own = windows.iter().find(|(_, _, foreign)| !foreign).map(|(hz, _, _)| *hz);
        let others: Vec<_> = windows.iter().filter(|(hz, _, _)| Some(*hz) != own).collect();
        let unsaid: Vec<_> = others.iter().filter(|(_, _, foreign)| !foreign).collect();
        println!(
            "{track} take {}: {own:?} Hz, {:.2} s of others, foreign {:?}",
            take.take,
            others.len() as f64 / 100.0,
            take.foreign
        );
        assert!(unsaid.is_empty(), "{track} take {}: another device's sound counts: {unsaid:?}", take.take);
        assert!(others.len() as f64 / 100.0 <= FOREIGN_S, "{track} take {}", take.take);
        tones.push(own);
    }
    for pair in takes.windows(2) {
        let end = pair[0].time_of(pair[0].frames);
        let back = pair[1].time_of(Frames(0)) - end;
        println!("{track}: back after {back:.2} s");
        assert!(back <= BACK_S, "{track} was away for {back:.2} s");
    }
    tones
}

#[test]
fn streams_that_pulseaudio_moves_come_back() {
    moves_on(Server::PulseAudio);
}

#[test]
fn streams_that_pipewire_moves_come_back() {
    moves_on(Server::PipeWire);
}

fn moves_on(server: Server) {
    let _alone = alone();
    if let Some(missing) = pulse::missing_for(server) {
        assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "can't run: {missing}");
        println!("SKIPPED: streams that {server:?} moves: {missing}");
        return;
    }
    let (mics, speakers) = (MICS.map(|(name, _)| name), SPEAKERS.map(|(name, _)| name));
    let mut pulse = Pulse::start_on(server, &mics, &speakers).unwrap();
    moved_and_back(&mut pulse);
}

fn moved_and_back(pulse: &mut Pulse) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = pulse.recorder(Path::new(env!("CARGO_BIN_EXE_hansard")));
    let home = dir.path().join("home");
    command.env("HOME", &home).env("XDG_CONFIG_HOME", home.join("config")).env_remove("HANSARD_RECORDINGS");
    command.args(["record", "--no-transcribe", "--out"]).arg(dir.path().join("recordings"));
    for source in [
        "alice=mic:pulseaudio:va_alice",
        "bob=mic:pulseaudio:va_bob",
        "anyone=mic",
        "room=loopback:pulseaudio:va_room.monitor",
        "others=loopback",
    ] {
        command.args(["--source", source]);
    }
    let recorder = Recorder::start(&mut command).unwrap();
    pulse.wait_captures(5, START_LIMIT).unwrap();
    for (name, hz) in MICS {
        pulse.play(&format!("{name}_in"), &tone(dir.path(), name, hz)).unwrap();
    }
    for (name, hz) in SPEAKERS {
        pulse.play(name, &tone(dir.path(), name, hz)).unwrap();
    }
    let move_to = |from: &str, to: &str| {
        let since = Instant::now();
        while streams_on(pulse, from).is_empty() {
            assert!(since.elapsed() < Duration::from_secs(2), "nobody records {from}");
        }
        for stream in streams_on(pulse, from) {
            // PipeWire lets an order fall that comes while it links streams anew by itself.
            for order in 1..=ORDERS {
                // The recorder may have ended it already.
                let _ = pulse.pactl(&["move-source-output", &stream, to]);
                let since = Instant::now();
                let is_there = || streams_on(pulse, from).contains(&stream);
                while is_there() && since.elapsed() < ORDER_LIMIT {
                    std::thread::sleep(Duration::from_millis(20));
                }
                if !is_there() {
                    break;
                }
                assert!(order < ORDERS, "{stream} can't be moved from {from} to {to}");
                println!("{stream} is still on {from}; it is moved again");
            }
        }
    };
    let start = Instant::now();
    until(start, 3.0);
    // A headset is plugged in: the pinned microphone was the default, and its stream is moved.
    pulse.make_default("va_head").unwrap();
    until(start, 6.0);
    pulse.pactl(&["set-default-sink", "va_tv"]).unwrap();
    // The server takes the player of the old default along, some time later; only the recorder's streams are
    // in question.
    std::thread::sleep(Duration::from_millis(700));
    for player in players_of(pulse, "va_room.wav") {
        pulse.pactl(&["move-sink-input", &player, "va_room"]).unwrap();
    }
    until(start, 9.0);
    // Somebody clicks in the mixer; twice, as people do.
    move_to("va_bob", "va_alice");
    until(start, 9.2);
    move_to("va_room.monitor", "va_head");
    until(start, 12.0);
    // There and back again before anybody looks.
    let bob = streams_on(pulse, "va_bob");
    assert_eq!(bob.len(), 1, "bob's stream is on bob's microphone again");
    pulse.pactl(&["move-source-output", &bob[0], "va_alice"]).unwrap();
    std::thread::sleep(Duration::from_millis(60));
    // If the recorder was quicker it is gone already.
    let _ = pulse.pactl(&["move-source-output", &bob[0], "va_bob"]);
    until(start, 14.0);
    // The default is what a loudspeaker plays: nobody's microphone.
    pulse.make_default("va_tv.monitor").unwrap();
    until(start, 16.0);
    // And once more, just before the end.
    move_to("va_alice", "va_bob");
    std::thread::sleep(Duration::from_millis(30));
    recorder.interrupt().unwrap();
    let status = recorder.finish(FINISH_LIMIT, |line| println!("{}", line.text)).unwrap();
    assert_eq!(status.code(), Some(2), "done with losses, and it is said");

    let session = Session::newest(&dir.path().join("recordings"), &[]).unwrap();
    let journal = std::fs::read_to_string(session.dir.join("events.jsonl")).unwrap();
    for line in journal.lines() {
        let line: Line = serde_json::from_str(line).unwrap();
        if !matches!(line.event, Event::Commit { .. } | Event::Clock { .. } | Event::Observed { .. }) {
            println!("{:7.3} {:?}", line.session_ns.seconds(), line.event);
        }
    }
    let [alice, bob, head] = MICS.map(|(_, hz)| Some(hz));
    let [room, tv] = SPEAKERS.map(|(_, hz)| Some(hz));
    // A take may have been ended before it had any sound.
    let heard = |track: &str| {
        let mut tones = own_tones(&session, track);
        tones.retain(Option::is_some);
        tones
    };
    let all_of = |track: &str, tone: Option<f64>, takes: usize| {
        let heard = heard(track);
        assert!(heard.len() >= takes && heard.iter().all(|own| *own == tone), "{track}: {heard:?}");
    };
    all_of("alice", alice, 2);
    all_of("bob", bob, 3);
    all_of("room", room, 2);
    let changed = |track: &str, before: Option<f64>, after: Option<f64>| {
        let mut heard = heard(track);
        heard.dedup();
        assert_eq!(heard, [before, after], "{track} follows the default");
    };
    changed("anyone", alice, head);
    changed("others", room, tv);
    let told: Vec<&str> = journal.lines().filter(|line| line.contains("moved its stream to")).collect();
    assert!(told.iter().any(|line| line.contains("va_head")), "it is said where to: {told:?}");
}

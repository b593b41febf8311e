//! How a recording ends that somebody or something ends: in order, at once, or not at all.

use std::fs;
use std::process::Command;

use hansard::session::manifest::State;
use hansard::session::reading::Session;

use crate::support::home::{self, Home, Running, children, is_alive, shared, wait};
use crate::support::sound;

/// What even the smallest model hears of a recording that is cut off soon after it.
const BEGINNING: &str = "nd so";
const ENDLESS: &str = "--source=A=synth:coded,secs=0";

#[test]
fn a_signal_ends_a_recording_in_order() {
    let home = Home::new();
    for (name, said) in
        [("INT", "Ctrl-C: finishing"), ("TERM", "SIGTERM: finishing"), ("HUP", "SIGHUP: finishing")]
    {
        // As in a terminal of one's own, also where nohup started the tests.
        let mut command = Command::new("/usr/bin/env");
        command.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_hansard")]);
        command.args(["record", "--no-transcribe", "--json", "--title", name, ENDLESS]);
        home.settle(&mut command);
        let mut running = Running::start(&mut command);
        running.says("recording into");
        running.signal(name);
        let ran = running.end();
        ran.expect(0);
        assert!(ran.err.contains(said), "{}", ran.err);
        let session = ran.session();
        assert_eq!(session.manifest.state, State::Closed);
        let journal = fs::read_to_string(session.dir.join("events.jsonl")).unwrap();
        assert_eq!(journal.matches("\"closed\"").count(), 1, "{journal}");
        for account in &session.manifest.account {
            assert_eq!(account.lost.0, 0, "{account:?}");
        }
    }
}

#[test]
fn a_second_signal_closes_the_files_at_once() {
    let home = Home::new();
    let mut running = home.start(["record", "--no-transcribe", ENDLESS, "--source=B=synth:tone,secs=0"]);
    running.records(&home, 0.5);
    running.signal("INT");
    running.says("Ctrl-C: finishing");
    running.signal("INT");
    let ran = running.end();
    ran.expect(0);
    let session = ran.session();
    assert_eq!(session.manifest.state, State::Closed);
    for track in ["a", "b"] {
        assert!(sound::read_pcm(&sound::track(&session, track)).1.len() > 5_000);
    }
    let journal = fs::read_to_string(session.dir.join("events.jsonl")).unwrap();
    assert_eq!(journal.matches("\"closed\"").count(), 1, "{journal}");
}

#[test]
fn one_that_shall_outlive_its_terminal_does() {
    let home = Home::new();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" record --no-transcribe --source=A=synth:coded,secs=0"]);
    command.arg(env!("CARGO_BIN_EXE_hansard"));
    home.settle(&mut command);
    let mut running = Running::start(&mut command);
    running.records(&home, 0.2);
    running.signal("HUP");
    running.records_more(&home);
    running.signal("INT");
    let ran = running.end();
    ran.expect(0);
    assert!(ran.err.contains("Ctrl-C") && !ran.err.contains("SIGHUP"), "{}", ran.err);
}

#[test]
fn ctrl_c_writes_the_text_there_is_and_a_second_one_leaves_it() {
    let test = "ctrl_c_writes_the_text_there_is_and_a_second_one_leaves_it";
    let (Some(home), Some(speech)) = (Home::with_models(test), shared("speech/jfk", test)) else { return };
    let spec = format!("--source=JFK={}", format_args!("file:{}", speech.join("jfk.wav").display()));
    let args = ["record", "--model=tiny.en-q8_0", "--title=once", &spec];
    let mut running = home.start(args);
    running.records(&home, 2.8);
    running.signal("INT");
    let ran = running.end();
    ran.expect(0);
    let session = ran.session();
    let minutes = fs::read_to_string(session.dir.join("minutes.md")).unwrap();
    assert!(minutes.contains(BEGINNING), "{minutes}\n{}", ran.err);
    let shown = session.utterances.iter().filter(|utterance| utterance.is_shown()).count();
    assert_eq!(shown, ran.out.lines().count() - 1, "what was printed is what is kept: {}", ran.out);

    // The recogniser is stopped, so that text can't be ready when the second signal comes.
    let mut running = home.start(["record", "--model=tiny.en-q8_0", "--title=twice", &spec]);
    running.says("recording into");
    wait("the recogniser runs", || !children(running.id()).is_empty());
    let worker = children(running.id())[0];
    home::signal(worker, "STOP");
    wait("it has heard something", || {
        let dirs = home.sessions();
        let twice = dirs.iter().find(|dir| dir.to_string_lossy().ends_with("twice")).unwrap();
        fs::metadata(twice.join("tracks/jfk.wav")).is_ok_and(|data| data.len() > 90_000)
    });
    running.signal("INT");
    running.says("the recording is safe");
    running.signal("INT");
    let ran = running.end();
    home::signal(worker, "CONT");
    ran.expect(0);
    assert!(ran.err.contains("text is pending") && ran.err.contains("hansard transcribe"), "{}", ran.err);
    let session = ran.session();
    assert_eq!(session.manifest.state, State::Closed);
    assert!(session.dir.join("minutes.md").is_file());
    wait("the recogniser ends with its parent", || !is_alive(worker));
}

#[test]
fn a_killed_recorder_leaves_playable_tracks_and_text_can_be_made_of_them() {
    let test = "a_killed_recorder_leaves_playable_tracks_and_text_can_be_made_of_them";
    let (Some(home), Some(speech)) = (Home::with_models(test), shared("speech/jfk", test)) else { return };
    let spec = format!("--source=JFK=file:{}", speech.join("jfk.wav").display());
    let mut running = home.start(["record", "--model=tiny.en-q8_0", &spec, ENDLESS]);
    let dir = running.records(&home, 2.7);
    wait("the recogniser runs", || !children(running.id()).is_empty());
    let worker = children(running.id())[0];
    let ran = home.run(["transcribe", dir.to_str().unwrap(), "--model=tiny.en-q8_0"]);
    ran.expect(1);
    assert!(ran.err.contains("is in use"), "{}", ran.err);

    running.signal("KILL");
    let ran = running.end();
    assert_eq!(ran.signal, Some(9));
    wait("the recogniser ends with its parent", || !is_alive(worker));

    // Any player reads the tracks; of what the header leaves out there is at most 0.1 s.
    let session = Session::open(&dir).unwrap();
    assert_eq!(session.manifest.state, State::Recording);
    for (track, frame, rate) in [("jfk", 2, 16_000_u32), ("a", 3, 48_000)] {
        let path = sound::track(&session, track);
        let (_, samples) = sound::read_pcm(&path);
        assert!(samples.len() as f64 >= 2.6 * f64::from(rate), "{track}: {}", samples.len());
        let behind = path.metadata().unwrap().len() / frame - samples.len() as u64;
        assert!(behind <= u64::from(rate) / 10 + 100, "{track}: {behind} frames behind its header");
    }
    // What a crash tears besides.
    for file in ["events.jsonl", "transcript.jsonl"] {
        let path = dir.join(file);
        let mut torn = fs::read(&path).unwrap_or_default();
        torn.extend(b"{\"seq\":17,\"sess");
        fs::write(path, torn).unwrap();
    }
    let ran = home.run(["transcribe", "last", "--model=tiny.en-q8_0"]);
    ran.expect(0);
    assert!(ran.err.contains("not finished in order"), "{}", ran.err);
    let session = Session::open(&dir).unwrap();
    assert!(!session.torn_tail);
    let text: String = session.utterances.iter().filter(|u| u.is_shown()).map(|u| u.text.as_str()).collect();
    assert!(text.contains(BEGINNING), "{text}");
    for line in fs::read_to_string(dir.join("events.jsonl")).unwrap().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

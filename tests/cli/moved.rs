//! A session's folder that is moved while it is being recorded: by a person, by a program that synchronises.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use hansard::session::manifest::State;
use hansard::session::reading::Session;

use crate::support::home::{Home, Running};

const ANN: &str = "--source=Ann=synth:coded,secs=0";
const BOB: &str = "--source=Bob=synth:coded,secs=0,rate=44100,bits=16";

/// Ends a recording in whose folder, now at `dir`, everything must lie.
fn end(running: Running, home: &Home, dir: &Path, code: i32) {
    let path = dir.to_str().unwrap();
    let status = home.run(["status", "--json", "--session", path]).expect(0).json();
    assert_eq!(status["path"], path, "it is found where it lies");
    home.run(["mark", "--session", path, "here"]).expect(0);
    home.run(["stop", "--session", path]).expect(0);
    let ran = running.end();
    ran.expect(code);
    assert_eq!(ran.out.trim_end().lines().last(), Some(path), "the last line names the new place");
    // The synthetic voices go on while it is paused.
    let alarms = ran.err.lines().filter(|line| line.contains("ALARM") && !line.contains("somebody speaks"));
    assert!(alarms.count() == 0 && !ran.err.contains("refused to write"), "{}", ran.err);
    let session = Session::open(dir).unwrap();
    assert_eq!((session.manifest.state, session.marks().len()), (State::Closed, 1));
    assert!(dir.join("tracks/ann.levels").is_file());
    home.run(["verify", path]).expect(code);
}

#[test]
fn a_folder_that_is_moved_is_followed() {
    let home = Home::new();
    // Without a model its text is left for later, and there are minutes.
    let mut running = home.start(["record", ANN, BOB]);
    let dir = running.records(&home, 0.3);
    let (renamed, other) = (home.recordings().join("renamed"), home.path("elsewhere"));
    fs::rename(&dir, &renamed).unwrap();
    running.says(&format!("the session's folder was moved: it is now {}", renamed.display()));
    std::thread::sleep(Duration::from_millis(1_500));
    // Once more, with the folder above it; and another one has its old name.
    fs::rename(home.recordings(), &other).unwrap();
    fs::create_dir_all(&dir).unwrap();
    let there = other.join("renamed");
    running.says(&format!("it is now {}", there.display()));
    end(running, &home, &there, 0);
    let minutes = fs::read_to_string(there.join("minutes.md")).unwrap();
    assert!(!minutes.contains("/proc/"), "{minutes}");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn new_files_are_made_where_the_folder_lies() {
    let home = Home::new();
    let mut running = home.start(["record", "--no-transcribe", ANN, BOB]);
    let dir = running.records(&home, 0.3);
    let moved = home.recordings().join("moved");
    fs::rename(&dir, &moved).unwrap();
    running.says("the session's folder was moved");
    let path = moved.to_str().unwrap();
    // After a pause longer than ten seconds each track goes on in a new file.
    home.run(["pause", "--session", path]).expect(0);
    std::thread::sleep(Duration::from_millis(10_600));
    home.run(["resume", "--session", path]).expect(0);
    std::thread::sleep(Duration::from_secs(1));
    end(running, &home, &moved, 0);
    for file in ["tracks/ann.2.wav", "tracks/bob.2.wav"] {
        assert!(moved.join(file).is_file(), "{file}");
    }
    assert!(!dir.exists());
}

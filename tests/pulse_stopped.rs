//! A recorder whose process is stopped from outside, with a real PulseAudio, which drops the sound meanwhile:
//! that is said as soon as it runs again, and the missing sound has its true cause, whatever becomes of the
//! recorder afterwards.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use hansard::session::journal::{Event, Line};
use hansard::session::manifest::GapCause;

use crate::support::home::{alone, signal};
use crate::support::stage::pulse::{self, Pulse};
use crate::support::stage::recorder::{Recorder, Session};

/// Time for the sound system and the programs to start, on a machine that builds something else as well.
const START_LIMIT: Duration = Duration::from_secs(20);
const FINISH_LIMIT: Duration = Duration::from_secs(30);
/// For so long it is stopped.
const STOPPED: Duration = Duration::from_secs(4);
/// More than the server keeps for a client that does not read.
const KEPT_S: f64 = 2.0;

fn hansard(pulse: &Pulse, args: &[&str]) -> Output {
    pulse.command(env!("CARGO_BIN_EXE_hansard")).args(args).output().unwrap()
}

fn journal(dir: &Path) -> Vec<Event> {
    let text = std::fs::read_to_string(dir.join("events.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str::<Line>(line).unwrap().event).collect()
}

/// A recorder of a microphone and a loopback that was stopped for a while and runs again, once it has said
/// so.
fn stopped(pulse: &Pulse, dir: &Path) -> (Recorder, PathBuf) {
    let mut command = pulse.recorder(Path::new(env!("CARGO_BIN_EXE_hansard")));
    command.args(["record", "--no-transcribe", "--source", "A=mic:pulseaudio:va_a", "--source"]);
    command.arg("B=loopback:pulseaudio:va_a_in.monitor").arg("--out").arg(dir);
    let recorder = Recorder::start(&mut command).unwrap();
    pulse.wait_captures(2, START_LIMIT).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let session = Session::newest(dir, &[]).unwrap().dir;

    signal(recorder.id(), "STOP");
    let asked = Instant::now();
    let status = hansard(pulse, &["status", "--session", session.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&status.stderr).into_owned();
    assert_eq!(status.status.code(), Some(3), "{told}");
    assert!(told.contains("does not run") && told.contains("NOTHING IS RECORDED"), "{told}");
    assert!(!told.contains("goes on with what"), "{told}");
    std::thread::sleep(STOPPED.saturating_sub(asked.elapsed()));
    signal(recorder.id(), "CONT");
    let runs = Instant::now();
    let mut said = Vec::new();
    while !said.iter().any(|line: &String| line.contains("ALARM: the recorder did not run from 00:00:0")) {
        let line = recorder.next(START_LIMIT).unwrap_or_else(|| panic!("it never says so: {said:#?}"));
        said.push(line.text);
    }
    println!("said {:.3} s after it ran again", runs.elapsed().as_secs_f64());
    assert!(!said.iter().any(|line| line.contains("server is gone")), "no device is blamed: {said:#?}");
    (recorder, session)
}

/// On both tracks, most of the time of the stop is missing for its cause, and nothing for another one.
fn assert_cause(dir: &Path, what: &str) {
    let session = Session::read(dir).unwrap();
    for account in &session.manifest.account {
        println!("{what} {}: {:?}", account.track, account.gaps);
        let lost = journal(dir).into_iter().filter_map(|event| match event {
            Event::DeviceLost { reason, .. } => Some(reason),
            _ => None,
        });
        let lost: Vec<String> = lost.collect();
        let blamed = lost.iter().any(|reason| !reason.contains("process was stopped"));
        assert!(!blamed, "no device is blamed: {lost:?}");
        let gap = account.gaps.iter().find(|gap| gap.cause == GapCause::Suspended).unwrap();
        assert!(gap.loss && account.lost == gap.frames, "{account:?}");
        assert!(gap.frames.0 as f64 / f64::from(pulse::RATE) > STOPPED.as_secs_f64() - KEPT_S, "{account:?}");
        let known = [GapCause::NotStarted, GapCause::Suspended];
        assert!(account.gaps.iter().all(|gap| known.contains(&gap.cause)), "{account:?}");
    }
}

#[test]
fn sound_that_is_missing_while_the_process_was_stopped_has_that_cause() {
    let _alone = alone();
    let test = "sound_that_is_missing_while_the_process_was_stopped_has_that_cause";
    if let Some(missing) = pulse::missing() {
        assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{test} cannot run: {missing}");
        return println!("SKIPPED {test}: {missing}");
    }
    let pulse = Pulse::start(&["va_a"], &[]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (recorder, session) = stopped(&pulse, &dir.path().join("ended"));
    std::thread::sleep(Duration::from_secs(3));
    recorder.interrupt().unwrap();
    let mut said = String::new();
    let status = recorder.finish(FINISH_LIMIT, |line| said += &(line.text + "\n")).unwrap();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("lost: recorder's process was stopped"), "{said}");
    assert_cause(&session, "ended");
    let stops = journal(&session).into_iter().filter(|event| matches!(event, Event::ProcessStopped { .. }));
    assert_eq!(stops.count(), 1, "it is told once");
    let path = session.to_str().unwrap();
    for (verb, code) in [("verify", 2), ("show", 0)] {
        let details: &[&str] = if verb == "show" { &["--details"] } else { &[] };
        let told = hansard(&pulse, &[&[verb, path], details].concat());
        let out = String::from_utf8_lossy(&told.stdout);
        assert_eq!(told.status.code(), Some(code), "{verb}: {out}");
        assert!(out.contains("recorder's process was stopped"), "{verb}: {out}");
    }
    // Killed before or just after the gap is journalled: mending comes to the same.
    let (recorder, session) = stopped(&pulse, &dir.path().join("killed"));
    std::thread::sleep(Duration::from_millis(1_200));
    signal(recorder.id(), "KILL");
    recorder.finish(FINISH_LIMIT, |_| {}).unwrap();
    let mended = hansard(&pulse, &["recover", session.to_str().unwrap()]);
    println!("{}", String::from_utf8_lossy(&mended.stdout));
    let session_now = Session::read(&session).unwrap();
    for account in &session_now.manifest.account {
        let gap = account.gaps.iter().find(|gap| gap.cause == GapCause::Suspended);
        assert!(gap.is_some_and(|gap| gap.loss), "{account:?}");
    }
}

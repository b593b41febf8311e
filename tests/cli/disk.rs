//! Real disks on their worst day: full, suddenly full, with a limit to a file's size, read-only, gone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use hansard::session::manifest::{GapCause, State};
use hansard::session::reading::Session;

use crate::support::home::{Home, Ran, Running};
use crate::support::sound::coded;

const DEEP: &str = "--source=Deep=synth:coded,secs=0";
/// A third of the other's bytes a second; 24 bits, so that no number comes twice.
const SLIM: &str = "--source=Slim=synth:coded,secs=0,rate=16000";

/// Runs `hansard record` with its recordings on a disk of `size` of its own; `meanwhile` runs beside it. What
/// it left is in the folder that comes back. None, and a line that says so, where this user may not mount.
fn on_small_disk(home: &Home, test: &str, size: &str, meanwhile: &str) -> Option<(Ran, PathBuf)> {
    let kept = home.path("kept");
    fs::create_dir_all(home.recordings()).unwrap();
    fs::create_dir(&kept).unwrap();
    let script = format!(
        r#"mount -t tmpfs -o size={size} none "$HANSARD_RECORDINGS" || exit 77
        ({meanwhile}) & "$@"; code=$?; wait
        cp -a "$HANSARD_RECORDINGS/." '{}'; exit $code"#,
        kept.display()
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_hansard")]);
    home.settle(command.args(["record", "--no-transcribe", "--for=60s", DEEP, SLIM]));
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let ran = Running::start(&mut command).end();
    if ran.code == Some(77) || ran.err.contains("unshare failed") {
        assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{test} can't mount: {}", ran.err);
        println!("SKIPPED {test}: no disk can be mounted here");
        return None;
    }
    let dir = fs::read_dir(kept).unwrap().next().expect("a session").unwrap().path();
    Some((ran, dir))
}

/// Frames that are in order in the takes of a track, by the names of their files.
fn coded_frames(dir: &Path, track: &str) -> Vec<(u64, u64)> {
    let files = (1..).map(|n| match n {
        1 => dir.join(format!("tracks/{track}.wav")),
        n => dir.join(format!("tracks/{track}.{n}.wav")),
    });
    let takes = files.take_while(|file| file.exists()).map(|file| coded(&file));
    takes.map(|(first, count, _)| (first, count)).collect()
}

#[test]
fn a_disk_that_fills_up_is_said_before_and_the_recording_ends_in_order() {
    let home = Home::new();
    let Some((ran, dir)) = on_small_disk(&home, "a_disk_that_fills_up", "3m", "true") else { return };
    ran.expect(2);
    for part in [
        "ALARM: the disk has room for",
        "ALARM: the disk is full: the recording ends here",
        "recorded 0:00:0",
    ] {
        assert!(ran.err.contains(part), "no {part:?} in\n{}", ran.err);
    }
    assert!(!ran.err.contains("LOST"), "{}", ran.err);
    let session = Session::open(&dir).unwrap();
    assert_eq!(session.manifest.state, State::Closed);
    for account in &session.manifest.account {
        assert_eq!(account.lost.0, 0, "{account:?}");
        let [(_, count)] = coded_frames(&dir, &account.track)[..] else { panic!("more than one take") };
        assert_eq!(count, account.written.0);
        assert!(session.manifest.duration > 2.0, "{}", session.manifest.duration);
    }
    let journal = fs::read_to_string(dir.join("events.jsonl")).unwrap();
    assert!(journal.contains("\"closed\"") && journal.contains("\"ending\""), "{journal}");
}

#[test]
fn a_disk_that_another_program_fills_costs_nothing_that_was_written() {
    let home = Home::new();
    let fill =
        r#"sleep 2; cat /dev/zero > "$HANSARD_RECORDINGS/filler"; sleep 4; rm "$HANSARD_RECORDINGS/filler""#;
    let Some((ran, dir)) = on_small_disk(&home, "a_disk_that_another_program_fills", "12m", fill) else {
        return;
    };
    assert!(matches!(ran.code, Some(2 | 3)), "{:?}\n{}", ran.code, ran.err);
    assert!(ran.err.contains("ALARM: the disk is full"), "{}", ran.err);
    for track in ["deep", "slim"] {
        let takes = coded_frames(&dir, track);
        let rate = if track == "deep" { 48_000 } else { 16_000 };
        // Less the time in which the recorder and the filler start.
        assert!(takes[0].1 > rate, "{track}: {takes:?}");
    }
}

#[test]
fn a_limit_to_a_files_size_makes_more_takes() {
    let home = Home::new();
    let mut command = Command::new("sh");
    // 400 blocks of 512 bytes: 1.4 s of the one track, 4.2 s of the other.
    command.args(["-c", r#"ulimit -f 400; exec "$@""#, "sh", env!("CARGO_BIN_EXE_hansard")]);
    home.settle(command.args(["record", "--no-transcribe", "--for=4s", DEEP, SLIM]));
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let ran = Running::start(&mut command).end();
    ran.expect(2);
    assert!(ran.err.contains("ALARM: the disk refused to write tracks/deep.wav"), "{}", ran.err);
    let session = ran.session();
    let takes = coded_frames(&session.dir, "deep");
    assert!(takes.len() >= 3, "{takes:?}");
    let account = session.manifest.account.iter().find(|account| account.track == "deep").unwrap();
    assert_eq!(takes.iter().map(|(_, count)| count).sum::<u64>(), account.written.0);
    assert!(account.gaps.iter().any(|gap| gap.cause == GapCause::WriteError && gap.loss), "{account:?}");
    // What lies between two takes is what is named as lost: no more, and nothing twice.
    let between: u64 = takes.windows(2).map(|pair| pair[1].0 - (pair[0].0 + pair[0].1)).sum();
    let named: u64 =
        account.gaps.iter().filter(|gap| gap.cause == GapCause::WriteError).map(|gap| gap.frames.0).sum();
    // After the last take nothing may follow but what was lost at the very end.
    assert!(named >= between && named - between < 48_000, "{named} named, {between} missing between takes");
    let slim = session.manifest.account.iter().find(|account| account.track == "slim").unwrap();
    assert_eq!(slim.lost.0, 0, "{slim:?}");
    assert_eq!(coded_frames(&session.dir, "slim").len(), 1);
}

/// Makes everything in a folder belong to nobody, so that permissions count; false where we are somebody
/// already.
fn give_to_nobody(folder: &Path) -> bool {
    if !rustix::process::geteuid().is_root() {
        return false;
    }
    let given = Command::new("chown").args(["-R", "65534:65534"]).arg(folder).status().unwrap();
    assert!(given.success());
    true
}

#[test]
fn a_folder_that_becomes_read_only_costs_only_what_would_have_needed_a_new_file() {
    let home = Home::new();
    // Where nobody can get at it.
    let program = home.path("hansard");
    fs::copy(env!("CARGO_BIN_EXE_hansard"), &program).unwrap();
    let args = ["record", "--no-transcribe", "--for=7s", DEEP, "--source=Gone=synth:coded,secs=0,gone=2:0.5"];
    let mut command = if give_to_nobody(&home.path("")) {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        command
    } else {
        Command::new(&program)
    };
    home.settle(command.args(args));
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let mut running = Running::start(&mut command);
    let dir = running.records(&home, 0.5);
    let allow = |mode: u32| {
        for folder in [&dir, &dir.join("tracks")] {
            fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    allow(0o500);
    running.says("ALARM: the disk refused to write tracks/gone.2.wav");
    std::thread::sleep(Duration::from_secs(1));
    allow(0o700);
    let ran = running.end();
    ran.expect(2);
    let session = ran.session();
    let account = |track: &str| session.manifest.account.iter().find(|a| a.track == track).unwrap();
    assert_eq!(account("deep").lost.0, 0, "{:?}", account("deep"));
    let [(_, count)] = coded_frames(&dir, "deep")[..] else { panic!("more than one take") };
    assert_eq!(count, account("deep").written.0);
    let takes = coded_frames(&dir, "gone");
    assert_eq!(takes.len(), 2, "it goes on once it can: {takes:?}");
    assert!(account("gone").gaps.iter().any(|gap| gap.cause == GapCause::WriteError && gap.loss));
}

#[test]
fn a_session_whose_folder_is_deleted_says_so_and_ends() {
    let home = Home::new();
    let mut running = home.start(["record", "--no-transcribe", DEEP]);
    let dir = running.records(&home, 0.5);
    fs::remove_dir_all(&dir).unwrap();
    running.says("the session's folder is gone");
    let ran = running.end();
    ran.expect(3);
}

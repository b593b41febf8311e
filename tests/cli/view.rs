//! The terminal view, drawn on a real terminal: a pseudo-terminal of which the recorder is the owner, and
//! what stands on it.

#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, SystemTime};

use hansard::session::manifest::GapCause;
use hansard::session::mark::MarkKind;
use hansard::session::reading::Session;
use rustix::process::Signal;
use serde_json::json;

use crate::support::asr::{AsrServer, Reply};
use crate::support::home::{Home, Running, signal, wait};
use crate::support::speech::Speech;
use crate::support::terminal::Terminal;

const RECORD: &str =
    "record --no-transcribe --title=Weekly --source=Ann=synth:coded,secs=0 --source=Bob=synth:noise,secs=0";
/// As without any setting.
const AUTO: (&str, &str) = ("HANSARD_UI", "");

fn recording(home: &Home, env: &[(&str, &str)]) -> Terminal {
    let mut terminal = Terminal::new();
    terminal.start(home, &["sh", "-c"], &format!("ulimit -c 0; exec $hansard {RECORD}"), env);
    terminal
}

/// The terminal is as a shell wants it, and nothing of the view stands there.
#[track_caller]
fn is_given_back(terminal: &Terminal) {
    wait("the terminal is given back", || {
        let picture = terminal.picture();
        let screen = picture.screen();
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
    });
    let picture = terminal.picture();
    let contents = picture.screen().contents();
    for litter in ["● REC", "following", "▕", "────", "^C end"] {
        assert!(!contents.contains(litter), "{litter} stays:\n{contents}");
    }
}

#[test]
fn a_meeting_is_steered_in_the_view_and_its_account_stands_on_the_terminal() {
    let home = Home::new();
    let mut terminal = Terminal::new();
    let before = terminal.settings();
    terminal.start(&home, &["sh", "-c"], &format!("exec $hansard {RECORD}"), &[AUTO]);
    terminal.stands("● REC 0:0");
    assert!(terminal.picture().screen().alternate_screen());
    terminal.stands("Weekly");
    terminal.stands("safe to 0:0");
    terminal.stands("│");
    terminal.press("dwe pay nine €");
    terminal.stands("› we pay nine €");
    terminal.press("\r");
    terminal.stands("◆ DECISION we pay nine €");
    terminal.press("e!\r");
    terminal.stands("◆ DECISION we pay nine €!");
    // A stray letter stops nothing.
    terminal.press("hp");
    terminal.stands("P (upper case) pauses the recording");
    terminal.press("Px");
    terminal.stands("not paused: the recording goes on");
    terminal.press("P");
    terminal.stands("Pause the recording? y pauses");
    std::thread::sleep(Duration::from_millis(600));
    terminal.press("y");
    terminal.stands("NOTHING IS RECORDED");
    terminal.press("P");
    terminal.stands("● REC");
    terminal.stands("not recorded up to");
    terminal.press("\u{1a}");
    terminal.stands("Ctrl-Z does not stop a recording");
    terminal.press("r2 Weiss\r");
    terminal.press("?");
    terminal.stands("any key closes this");
    terminal.press(" n half\u{3}");
    terminal.stands("End the recording? Ctrl-C again or y: yes");
    terminal.press("\u{3}");
    assert_eq!(terminal.end().code(), Some(0), "{}", terminal.screen.lock().unwrap());
    terminal.stands("complete: nothing was lost");
    terminal.stands("recorded 0:0");
    is_given_back(&terminal);
    assert_eq!(terminal.settings(), before);
    let session = Session::open(&home.sessions()[0]).unwrap();
    let marks: Vec<_> = session.marks().iter().map(|mark| (mark.kind, mark.text.clone())).collect();
    assert_eq!(marks, [(MarkKind::Decision, "we pay nine €!".into()), (MarkKind::Note, "half".to_owned())]);
    assert!(session.manifest.account[0].gaps.iter().any(|gap| gap.cause == GapCause::Paused));
}

#[test]
fn the_terminal_is_given_back_whatever_ends_the_view() {
    let home = Home::new();
    for (name, crash, keys, code, by) in [
        ("INT", "", "", Some(0), None),
        ("TERM", "", "n half", Some(0), None),
        ("HUP", "", "?", Some(0), None),
        ("", "recorder", "", Some(3), None),
        ("", "", "\u{1c}", None, Some(Signal::QUIT)),
    ] {
        let mut terminal = Terminal::new();
        let before = terminal.settings();
        let script = format!("ulimit -c 0; exec $hansard {RECORD}");
        terminal.start(&home, &["sh", "-c"], &script, &[AUTO, ("HANSARD_TEST_CRASH", crash)]);
        terminal.stands("● REC");
        terminal.press(keys);
        if !name.is_empty() {
            signal(terminal.child.as_ref().unwrap().id(), name);
        }
        let status = terminal.end();
        assert_eq!((status.code(), status.signal()), (code, by.map(Signal::as_raw)), "{name} {crash}");
        is_given_back(&terminal);
        assert_eq!(terminal.settings(), before, "{name} {crash}");
    }
}

#[test]
fn a_view_that_fails_costs_the_view() {
    let home = Home::new();
    let mut terminal = Terminal::new();
    let before = terminal.settings();
    terminal.start(
        &home,
        &["sh", "-c"],
        &format!("exec $hansard {RECORD}"),
        &[AUTO, ("HANSARD_TEST_CRASH", "view")],
    );
    terminal.shows("the view is gone");
    terminal.shows("keys: d decision");
    terminal.press("n on we go\n");
    terminal.shows("Note: on we go\r\n");
    is_given_back(&terminal);
    terminal.press("\u{3}");
    assert_eq!(terminal.end().code(), Some(0));
    assert_eq!(terminal.settings(), before);
    let session = Session::open(&home.sessions()[0]).unwrap();
    assert!(session.manifest.account.iter().all(|account| account.lost.0 == 0));
}

#[test]
fn what_libraries_write_to_stderr_is_shown_and_kept() {
    let home = Home::new();
    let mut terminal = recording(&home, &[AUTO]);
    terminal.stands("● REC");
    let pid = terminal.child.as_ref().unwrap().id();
    let stderr = std::fs::File::options().write(true).open(format!("/proc/{pid}/fd/2"));
    stderr.unwrap().write_all(b"ALSA lib pcm.c:2664:\x1b[2J no\xff such\nhalf").unwrap();
    terminal.stands("stderr: ALSA lib pcm.c:2664: no");
    terminal.stands("● REC");
    signal(pid, "INT");
    assert_eq!(terminal.end().code(), Some(0));
    terminal.stands("ALSA lib pcm.c:2664:");
    is_given_back(&terminal);
}

#[test]
fn a_storm_of_sizes_leaves_no_litter() {
    let home = Home::new();
    let nanos = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let seed: u64 = std::env::var("HANSARD_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(nanos) | 1;
    println!("HANSARD_TEST_SEED={seed}");
    let mut state = seed;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut terminal = recording(&home, &[AUTO]);
    terminal.stands("● REC");
    let keys =
        ["dnice\r", "?", "\u{1b}", "\u{1b}[5~", "/ni\r", "n", "l", "e", "\u{1b}[F", "r", "\u{3}n", "Px"];
    for _ in 0..60 {
        terminal.resize(4 + random(220) as u16, 2 + random(70) as u16);
        terminal.press(keys[random(keys.len() as u64) as usize]);
        std::thread::sleep(Duration::from_millis(random(40)));
    }
    // Out of whatever was begun: a lone escape is one after a moment.
    for _ in 0..3 {
        terminal.press("\u{1b}");
        std::thread::sleep(Duration::from_millis(100));
    }
    terminal.resize(100, 30);
    terminal.stands("● REC");
    terminal.stands("^C end");
    signal(terminal.child.as_ref().unwrap().id(), "INT");
    assert_eq!(terminal.end().code(), Some(0), "HANSARD_TEST_SEED={seed}");
    terminal.stands("complete: nothing was lost");
    is_given_back(&terminal);
}

#[test]
fn a_terminal_that_is_too_small_or_dumb_gets_lines_and_one_that_shrinks_keeps_recording() {
    let home = Home::new();
    for (columns, term) in [(50, "xterm"), (100, "dumb")] {
        let mut terminal = Terminal::new();
        terminal.resize(columns, 24);
        terminal.start(&home, &["sh", "-c"], &format!("exec $hansard {RECORD}"), &[AUTO, ("TERM", term)]);
        terminal.shows("recording into");
        terminal.shows("keys: d decision");
        assert!(!terminal.picture().screen().alternate_screen());
        terminal.press("\u{3}");
        assert_eq!(terminal.end().code(), Some(0));
    }
    let mut terminal = recording(&home, &[AUTO]);
    terminal.stands("● REC");
    terminal.resize(40, 10);
    terminal.stands("The recording goes on.");
    terminal.press("\u{3}");
    terminal.stands("End the recording?");
    terminal.press("y");
    assert_eq!(terminal.end().code(), Some(0));
    is_given_back(&terminal);
}

#[test]
fn a_recording_is_watched_and_steered_from_another_terminal() {
    let home = Home::new();
    let mut running = home.start(RECORD.split(' '));
    running.records(&home, 0.5);
    let mut terminal = Terminal::new();
    let before = terminal.settings();
    terminal.start(&home, &["sh", "-c"], "exec $hansard watch", &[]);
    terminal.stands("● REC 0:0");
    terminal.stands("Weekly");
    terminal.press("d");
    terminal.stands("this view only watches");
    terminal.press("q");
    assert_eq!(terminal.end().code(), Some(0));
    terminal.stands("the recording goes on");
    is_given_back(&terminal);
    assert_eq!(terminal.settings(), before);
    let mut terminal = Terminal::new();
    terminal.start(&home, &["sh", "-c"], "exec $hansard watch --control", &[]);
    terminal.stands("● REC 0:0");
    terminal.press("n from afar\r");
    terminal.stands("◆ NOTE from afar");
    terminal.press("\u{3}");
    terminal.stands("y ends the RECORDING");
    terminal.press("y");
    assert_eq!(terminal.end().code(), Some(0));
    terminal.stands("the recording is over");
    is_given_back(&terminal);
    running.end().expect(0);
    let session = Session::open(&home.sessions()[0]).unwrap();
    assert_eq!(session.marks()[0].text, "from afar");
}

#[test]
fn what_is_hidden_or_corrected_while_it_is_recorded_is_so_in_the_view_at_once() {
    let test = "what_is_hidden_or_corrected_while_it_is_recorded_is_so_in_the_view_at_once";
    let Some(speech) = Speech::new(test) else { return };
    let server = AsrServer::start(|_, _| Reply::json(&json!({ "text": "the secret word" })));
    let home = Home::new();
    let script = format!(
        "exec $hansard record --speakers=1 --title=Weekly --source='{}' --source=Hum=synth:noise,secs=0",
        speech.source()
    );
    let mut terminal = Terminal::new();
    terminal.start(&home, &["sh", "-c"], &script, &[AUTO, ("HANSARD_TRANSCRIBE_URL", &server.url())]);
    terminal.stands("● REC");
    let shows = |terminal: &Terminal| terminal.picture().screen().contents().contains("secret");
    terminal.stands("the secret word");
    home.run(["edit", "last", "hide", "--from=0:00", "--to=0:59"]).expect(0);
    terminal.stands("not for publication (hide-1)");
    wait("it is gone", || !shows(&terminal));
    // The sentences that come later in the passage are not shown either.
    let lines = || {
        let session = Session::open(&home.sessions()[0]).unwrap();
        session.latest().iter().filter(|line| line.track == "jack").count()
    };
    wait("all four sentences are lines", || lines() >= 4);
    assert!(!shows(&terminal), "{}", terminal.picture().screen().contents());
    home.run(["edit", "last", "restore", "hide-1"]).expect(0);
    wait("all four are back", || terminal.picture().screen().contents().matches("secret word").count() == 4);
    let id = Session::open(&home.sessions()[0]).unwrap().utterances[0].id.clone();
    home.run(["edit", "last", "line", &id, "the public word"]).expect(0);
    home.run(["edit", "last", "rename", "Jack", "Jill"]).expect(0);
    terminal.stands("Jill  the public word");
    home.run(["edit", "last", "withhold", &id]).expect(0);
    wait("it is gone", || !terminal.picture().screen().contents().contains("public"));
    home.run(["edit", "last", "restore", &id]).expect(0);
    terminal.stands("Jill  the public word");
    signal(terminal.child.as_ref().unwrap().id(), "INT");
    assert_eq!(terminal.end().code(), Some(0));
}

#[test]
fn that_it_records_stands_in_the_title_of_the_window_and_is_taken_back() {
    let home = Home::new();
    let mut running = home.start(RECORD.split(' '));
    running.records(&home, 0.2);
    for (watching, keys) in [("exec $hansard watch", "q"), ("exec $hansard watch", "\u{3}")] {
        let mut terminal = Terminal::new();
        terminal.start(&home, &["sh", "-c"], watching, &[]);
        terminal.shows("\u{1b}[22;2t");
        terminal.shows("\u{1b}]2;● REC Weekly\u{7}");
        terminal.stands("● REC 0:0");
        terminal.press(keys);
        assert_eq!(terminal.end().code(), Some(0));
        terminal.shows("\u{1b}]2;\u{7}\u{1b}[23;2t");
    }
    home.run(["stop"]).expect(0);
    running.end().expect(0);
    for (env, crash) in [([AUTO], ""), ([("HANSARD_UI", "plain")], ""), ([AUTO], "view")] {
        let mut terminal = Terminal::new();
        let env = [env[0], ("HANSARD_TEST_CRASH", crash)];
        terminal.start(&home, &["sh", "-c"], &format!("exec $hansard {RECORD}"), &env);
        terminal.shows("\u{1b}]2;● REC Weekly\u{7}");
        if crash.is_empty() {
            home.run(["pause"]).expect(0);
            terminal.shows("\u{1b}]2;❚❚ PAUSED Weekly\u{7}");
            home.run(["resume"]).expect(0);
            terminal.shows("\u{1b}]2;● REC Weekly\u{7}");
        } else {
            terminal.shows("\u{1b}[23;2t");
            terminal.shows("the view is gone");
        }
        signal(terminal.child.as_ref().unwrap().id(), "INT");
        assert_eq!(terminal.end().code(), Some(0));
        if crash.is_empty() {
            terminal.shows("\u{1b}]2;\u{7}\u{1b}[23;2t");
        }
    }
}

#[test]
fn what_a_recording_looks_like_is_said_once() {
    let home = Home::new();
    let source = "--source=A=synth:coded,secs=0.5";
    home.refuses(&["record", "--ui=tui", "--no-transcribe", source], &["needs a terminal", "--ui plain"]);
    home.refuses(&["record", "--json", "--ui=plain", source], &["--json is --ui json"]);
    let args = ["--no-transcribe", "--pace=max", source];
    let as_json = |flags: &[&str]| home.record(0, &[flags, &args].concat()).0.lines();
    for flags in [&["--json"][..], &["--ui=json"]] {
        assert_eq!(as_json(flags).last().unwrap()["exit"], 0, "{flags:?}");
    }
    let mut command = home.command(["record"].iter().chain(&args));
    let ran = Running::start(command.env("HANSARD_UI", "json")).end();
    assert_eq!(ran.expect(0).lines().last().unwrap()["exit"], 0);
}

//! Keys in `record`'s own terminal, typed into a real one: a pseudo-terminal of which the recorder, or a
//! shell that starts it, is the owner.

#![cfg(target_os = "linux")]

use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Duration;

use hansard::session::manifest::GapCause;
use hansard::session::mark::MarkKind;
use hansard::session::reading::Session;
use rustix::process::Signal;

use crate::support::home::{Home, Running, signal, wait};
use crate::support::terminal::Terminal;

const RECORD: &str = "record --no-transcribe --source=A=synth:coded,secs=0";

#[test]
fn marks_are_typed_in_the_recorders_own_terminal() {
    let home = Home::new();
    let mut terminal = Terminal::new();
    let before = terminal.settings();
    terminal.start(&home, &["sh", "-c"], &format!("exec $hansard {RECORD}"), &[]);
    terminal.shows("keys: d decision, a action, q question, n note, m any mark, P pause and resume");
    wait("keys come one by one", || terminal.hands_keys_over());
    terminal.press("x\n\u{1b}[Ad");
    terminal.shows("Decision: _");
    terminal.press("we pay nine \u{20ac}s\u{7f}");
    terminal.shows("Decision: we pay nine \u{20ac}_");
    // It stays below what is told meanwhile.
    terminal.shows("recorded  gaps");
    terminal.shows("Decision: we pay nine \u{20ac}_");
    terminal.press("\n");
    terminal.shows("Decision: we pay nine \u{20ac}\r\n");
    // A stray letter stops nothing.
    terminal.press("help");
    terminal.shows("P (upper case) pauses the recording");
    terminal.press("P");
    terminal.shows("Pause the recording? y pauses");
    terminal.press("x");
    terminal.shows("not paused: the recording goes on");
    terminal.press("P");
    terminal.shows("Pause the recording? y pauses");
    std::thread::sleep(Duration::from_millis(600));
    terminal.press("y");
    terminal.shows("PAUSED at");
    terminal.press("P");
    terminal.shows("recording again at");
    terminal.press("q why not");
    terminal.shows("Question: why not_");
    terminal.press("\u{1b}");
    // Letters mean something else again.
    terminal.press("mAction: Bob calls\n");
    terminal.shows("Action: Bob calls\r\n");
    terminal.press("n half");
    terminal.shows("Note: half_");
    terminal.press("\u{3}");
    assert_eq!(terminal.end().code(), Some(0), "{}", terminal.screen.lock().unwrap());
    assert_eq!(terminal.settings(), before);
    // The window's title told it all the time, and is as it was.
    let screen = terminal.screen.lock().unwrap().clone();
    for title in ["\u{1b}]2;● REC", "\u{1b}]2;❚❚ PAUSED", "\u{1b}[23;2t"] {
        assert!(screen.contains(title), "{title:?}: {screen:?}");
    }
    let session = Session::open(&home.sessions()[0]).unwrap();
    let marks: Vec<_> = session.marks().iter().map(|mark| (mark.kind, mark.text.clone())).collect();
    let marked =
        [(MarkKind::Decision, "we pay nine €"), (MarkKind::Action, "Bob calls"), (MarkKind::Note, "half")];
    assert_eq!(marks, marked.map(|(kind, text)| (kind, text.to_owned())));
    assert!(session.manifest.account[0].gaps.iter().any(|gap| gap.cause == GapCause::Paused));
}

#[test]
fn the_terminal_is_as_it_was_whatever_ends_or_stops_the_recorder() {
    let home = Home::new();
    // The recorder dies within; the user asks for the hard end.
    for (keys, env, code, signal) in [
        ("", &[("HANSARD_TEST_CRASH", "recorder")][..], Some(3), None),
        ("\u{1c}", &[], None, Some(Signal::QUIT)),
    ] {
        let mut terminal = Terminal::new();
        let before = terminal.settings();
        terminal.start(&home, &["sh", "-c"], &format!("ulimit -c 0; exec $hansard {RECORD}"), env);
        terminal.shows("keys: d decision");
        terminal.press(keys);
        let status = terminal.end();
        assert_eq!((status.code(), status.signal()), (code, signal.map(Signal::as_raw)));
        assert_eq!(terminal.settings(), before, "{code:?} {signal:?}");
    }
}

/// The only child of a process.
fn child_of(id: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    children.trim().parse().unwrap()
}

#[test]
fn no_key_and_no_shell_stops_a_recording() {
    let home = Home::new();
    // A shell with jobs. That of Debian leaves a terminal as it finds it.
    let mut terminal = Terminal::new();
    let before = terminal.settings();
    let script = format!("$hansard {RECORD}; echo it ended with $?");
    terminal.start(&home, &["sh", "-mc"], &script, &[]);
    wait("keys come one by one", || terminal.hands_keys_over());
    terminal.press("\u{1a}");
    terminal.shows("Ctrl-Z does not stop a recording: it goes on");
    terminal.press("n back\n");
    terminal.shows("Note: back\r\n");
    // Whoever sends the signal.
    let recorder = child_of(terminal.child.as_ref().unwrap().id());
    for name in ["TSTP", "TTIN", "TTOU"] {
        signal(recorder, name);
    }
    terminal.shows("Ctrl-Z does not stop a recording: it goes on");
    std::thread::sleep(Duration::from_secs(1));
    terminal.press("\u{3}");
    terminal.shows("it ended with 0");
    assert_eq!(terminal.settings(), before);
    let session = Session::open(&home.sessions()[0]).unwrap();
    let gaps = &session.manifest.account[0].gaps;
    assert!(gaps.iter().all(|gap| gap.cause == GapCause::NotStarted), "{gaps:?}");
}

#[test]
fn one_in_the_background_is_not_stopped_by_its_terminal_and_has_the_keys_once_in_the_foreground() {
    let home = Home::new();
    let mut terminal = Terminal::new();
    let before = terminal.settings();
    // Output from the background stops others with this.
    let script = format!(
        "stty tostop; $hansard {RECORD} & sleep 1.5; echo it runs; read line; fg; stty -tostop; echo ended with $?"
    );
    terminal.start(&home, &["sh", "-mc"], &script, &[]);
    terminal.shows("recording into");
    terminal.shows("recorded  gaps");
    terminal.shows("it runs");
    assert!(!terminal.hands_keys_over(), "the terminal is the shell's");
    terminal.press("d\n");
    terminal.shows("keys: d decision");
    wait("keys come one by one", || terminal.hands_keys_over());
    terminal.press("n back\n");
    terminal.shows("Note: back\r\n");
    terminal.press("\u{3}");
    terminal.shows("ended with 0");
    assert_eq!(terminal.settings(), before);
    let session = Session::open(&home.sessions()[0]).unwrap();
    assert_eq!(session.marks().len(), 1, "what was typed for the shell is no mark");
    let gaps = &session.manifest.account[0].gaps;
    assert!(gaps.iter().all(|gap| gap.cause == GapCause::NotStarted), "{gaps:?}");
}

#[test]
fn without_a_terminal_there_are_no_keys() {
    let home = Home::new();
    let terminal = Terminal::new();
    let before = terminal.settings();
    let mut command = Command::new("setsid");
    home.settle(command.args(["--ctty", env!("CARGO_BIN_EXE_hansard")]).args(RECORD.split(' ')));
    // Stderr is none.
    let mut running = Running::start(command.stdin(terminal.stdio()));
    running.records(&home, 0.2);
    assert_eq!(terminal.settings(), before);
    running.signal("INT");
    let ran = running.end();
    ran.expect(0);
    assert!(!ran.err.contains("keys:"), "{}", ran.err);
}

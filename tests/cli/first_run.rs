//! The first time: help, questions in a terminal, the demo.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::PathBuf;

use hansard::session::reading::Session;

use crate::support::home::Home;
use crate::support::terminal::Terminal;

const ANN: &str = "'--source=Ann=synth:tone,secs=0,db=-12'";
const BOB: &str = "'--source=Bob=synth:silence,secs=0'";

/// Asks in a terminal, where no variable says where recordings go.
fn asks(home: &Home, sources: &str) -> Terminal {
    let mut terminal = Terminal::new();
    terminal.start(
        home,
        &["sh", "-c"],
        &format!("unset HANSARD_RECORDINGS; exec $hansard init {sources}"),
        &[],
    );
    terminal
}

fn settings(home: &Home) -> PathBuf {
    home.path(".config/hansard/config.toml")
}

#[test]
fn help_is_in_groups_and_fits() {
    let help = Home::new().run(["--help"]).expect(0).out.clone();
    let mut rest = help.as_str();
    for part in [
        "Record:\n",
        "  record  ",
        "Read:\n",
        "Correct:\n",
        "Share:\n",
        "Check:\n",
        "Set up:\n",
        "Options:\n",
    ] {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("no {part:?} in its place:\n{help}")).1;
    }
    assert!(!help.contains("asr-worker") && help.lines().all(|line| line.chars().count() <= 100), "{help}");
}

#[test]
fn questions_in_a_terminal_become_settings_and_leave_the_terminal_as_it_was() {
    let home = Home::new();
    let mut terminal = asks(&home, &format!("{ANN} {BOB}"));
    let before = terminal.settings();
    terminal.shows("Which microphone is whose?");
    // Ann's bar moves, Bob's does not.
    terminal.shows("-12 dB  Ann");
    terminal.shows("silent  Bob");
    terminal.press("9 Zoe\n");
    terminal.shows("from 1 to 2");
    terminal.press("1 Zo\u{eb}y\u{7f}\n");
    terminal.shows("Which language is spoken?");
    terminal.press("gremany\n");
    terminal.shows("did you mean de (German)?");
    terminal.press("German\n");
    terminal.shows("base-q8_0");
    terminal.shows("0  none: record only");
    terminal.press("0\n");
    terminal.shows("Folder? [~/Documents/Hansard]");
    assert!(!settings(&home).exists(), "nothing is written before the last answer");
    terminal.press("\n");
    terminal.shows("Your settings are in ~/.config/hansard/config.toml");
    terminal.press("n\n");
    assert_eq!(terminal.end().code(), Some(0), "{}", terminal.screen.lock().unwrap());
    assert_eq!(terminal.settings(), before);
    let text = fs::read_to_string(settings(&home)).unwrap();
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(table["transcribe"]["language"].as_str(), Some("de"));
    let folder = home.path("Documents/Hansard");
    assert_eq!(table["paths"]["recordings"].as_str(), folder.to_str());
    let source = &table["source"][0];
    assert_eq!(
        (source["name"].as_str(), source["spec"].as_str()),
        (Some("Zo\u{eb}"), Some("synth:tone,secs=0,db=-12"))
    );
    home.run(["config", "show"]).expect(0);

    // Asked again: whoever changes nothing keeps all of it, and so does whoever gives up half way.
    let mut terminal = asks(&home, ANN);
    terminal.shows("Change them? [y/N]");
    terminal.press("\n");
    terminal.shows("Nothing was changed.");
    assert_eq!(terminal.end().code(), Some(0));
    let mut terminal = asks(&home, ANN);
    terminal.shows("Change them? [y/N]");
    terminal.press("y\n");
    terminal.shows("Who? [1 Ann]");
    terminal.press("1 Zo");
    terminal.shows("1 Zo_");
    terminal.press("\u{3}");
    terminal.shows("Ctrl-C: given up");
    assert_eq!(terminal.end().code(), Some(3));
    assert_eq!(terminal.settings(), before);
    assert_eq!(fs::read_to_string(settings(&home)).unwrap(), text);

    // What a user wrote stays, and what was there before is kept.
    fs::write(settings(&home), format!("# mine\n{text}")).unwrap();
    let mut terminal = asks(&home, ANN);
    for (question, answer) in [
        ("Change them?", "y\n"),
        ("Who?", "\n"),
        ("Language? [de]", "en\n"),
        ("Model?", "0\n"),
        ("Folder?", "\n"),
    ] {
        terminal.shows(question);
        terminal.press(answer);
    }
    terminal.shows("Those of before are in ~/.config/hansard/config.toml.before");
    terminal.press("n\n");
    assert_eq!(terminal.end().code(), Some(0));
    let new = fs::read_to_string(settings(&home)).unwrap();
    assert!(
        new.starts_with("# mine\n") && new.contains("language = \"en\"") && new.contains("name = \"Ann\""),
        "{new}"
    );
    assert!(
        fs::read_to_string(home.path(".config/hansard/config.toml.before")).unwrap().contains("Zo\u{eb}")
    );
}

#[test]
fn enter_all_the_way_ends_in_a_recording_where_it_is_seen() {
    let home = Home::new();
    fs::create_dir_all(home.path("Papers")).unwrap();
    home.put(".config/user-dirs.dirs", "XDG_DOCUMENTS_DIR=\"$HOME/Papers\"\n");
    let mut terminal = asks(&home, "'--source=Ann=synth:tone,secs=2'");
    for question in ["Who? [1 Ann]", "Language? [auto]"] {
        terminal.shows(question);
        terminal.press("\n");
    }
    // No test gets anything from the network.
    for (question, answer) in
        [("Model? [base-q8_0]", "0\n"), ("Folder? [~/Papers/Hansard]", "\n"), ("Record now?", "\n")]
    {
        terminal.shows(question);
        terminal.press(answer);
    }
    terminal.shows("recording into");
    terminal.shows("of meeting from 1 source: Ann");
    terminal.shows("complete: nothing was lost");
    assert_eq!(terminal.end().code(), Some(0));
    let sessions: Vec<_> = fs::read_dir(home.path("Papers/Hansard")).unwrap().flatten().collect();
    let session = Session::open(&sessions[0].path()).unwrap();
    assert!(session.manifest.duration > 1.9, "{}", session.manifest.duration);
}

#[test]
fn without_a_terminal_it_says_what_to_write() {
    let home = Home::new();
    home.refuses(&["init"], &[".config/hansard/config.toml", "[[source]]", "needs a terminal"]);
    let ran = home.run::<&str>([]);
    ran.expect(1);
    assert!(ran.err.contains("Set up:") && ran.out.is_empty(), "{}", ran.err);
    assert!(!settings(&home).exists());
}

#[test]
fn sessions_of_before_are_told_about() {
    let home = Home::new();
    let run = |args: &[&str]| crate::support::home::Running::start(&mut home.bare(args)).end();
    let record = ["record", "--pace=max", "--no-transcribe", "--source=A=synth:coded,secs=1"];
    let earlier = home.path(".local/share/hansard/recordings");
    let dir = run(&record).expect(0).out.trim().to_owned();
    assert!(PathBuf::from(&dir).starts_with(&earlier), "{dir}");
    // Documents that come later change nothing for somebody who has recordings.
    fs::create_dir(home.path("Documents")).unwrap();
    assert!(run(&["list"]).expect(0).err.is_empty());
    home.put(".config/hansard/config.toml", "[paths]\nrecordings = \"~/Documents/Hansard\"\n");
    let ran = run(&["list"]);
    assert!(
        ran.expect(0)
            .err
            .contains(&format!("1 session in {}, where recordings went before", earlier.display())),
        "{}",
        ran.err
    );
}

/// The page of the only session.
fn demo(home: &Home, model: &[&str]) -> (Session, String) {
    let ran = home.run(["demo", "--fast"].iter().chain(model));
    ran.expect(0);
    for part in [
        "of Demo from 3 files: Alice, Bob, Angus",
        "complete: nothing was lost",
        "the page, with the sound to it",
    ] {
        assert!(ran.err.contains(part), "no {part:?} in\n{}", ran.err);
    }
    let [dir] = &home.sessions()[..] else { panic!("{:?}", home.sessions()) };
    let mut pages = fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path());
    let page = pages.find(|path| path.extension().is_some_and(|end| end == "html")).unwrap();
    assert!(ran.err.contains(page.to_str().unwrap()), "{}", ran.err);
    (Session::open(dir).unwrap(), fs::read_to_string(page).unwrap())
}

#[test]
fn the_demo_needs_no_sound_server_and_no_model() {
    let home = Home::new();
    let (session, page) = demo(&home, &[]);
    assert!((25.0..25.5).contains(&session.manifest.duration), "{}", session.manifest.duration);
    assert_eq!(session.manifest.account.iter().map(|account| account.lost.0).sum::<u64>(), 0);
    assert!(page.contains("Alice"), "the page is there");
    // It is an export like any other.
    let ran = home.run(["edit", "last", "rename", "Alice", "Alicia"]);
    assert!(!ran.expect(0).err.contains("not brought up to date"), "{}", ran.err);
    let renewed = fs::read_dir(&session.dir).unwrap().flatten().map(|entry| entry.path());
    let renewed = renewed.into_iter().find(|path| path.extension().is_some_and(|end| end == "html")).unwrap();
    assert!(fs::read_to_string(renewed).unwrap().contains("Alicia"));
    // Nothing is left where the sound came from.
    let left = fs::read_dir(home.path("cwd")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn the_demo_becomes_minutes() {
    let Some(home) = Home::with_models("the_demo_becomes_minutes") else { return };
    let (session, page) = demo(&home, &["--model=tiny.en-q8_0"]);
    let said = |who: &str| -> String {
        let lines = session.utterances.iter().filter(|line| line.is_shown() && line.speaker == who);
        lines.map(|line| line.text.to_lowercase() + " ").collect()
    };
    for (who, word) in [("Alice", "office"), ("Bob", "room"), ("Angus", "friday")] {
        assert!(said(who).contains(word), "{who}: {}", said(who));
    }
    assert!(page.contains("office"));
}

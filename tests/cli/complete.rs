//! Completions: the shells ask the program, which knows what there is.

use std::fs;
use std::process::Command;

use crate::support::home::Home;

/// What is offered for a line, without the help.
fn offered(home: &Home, line: &str) -> Vec<String> {
    let ran = home.run(["complete", "fish", "--", line]);
    ran.expect(0);
    assert_eq!(ran.err, "", "{line}: nothing is said into somebody's prompt");
    ran.out.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

fn with_session() -> (Home, String) {
    let home = Home::new();
    let sources = ["--source=Ann B=synth:tone,secs=1", "--source=Bob=synth:tone,secs=1"];
    let (_, session) =
        home.record(0, &[&["--pace=max", "--no-transcribe", "--title=Weekly"], &sources[..]].concat());
    (home, session.manifest.id)
}

#[test]
fn what_there_is_is_offered() {
    let (home, id) = with_session();
    assert_eq!(offered(&home, "hansard show "), ["last", id.as_str()]);
    assert_eq!(offered(&home, &format!("hansard export {}", &id[..6])), [id.as_str()]);
    assert_eq!(offered(&home, "hansard show week"), [id.as_str()], "by a part of the title");
    assert_eq!(offered(&home, "hansard show last~"), [""; 0], "there is none before it");
    assert_eq!(offered(&home, "hansard show 1"), ["1"], "by its number in the list");
    assert!(offered(&home, "hansard show last --").contains(&"--json".into()));
    assert_eq!(offered(&home, "hansard edit last rename "), ["Ann B", "Bob"]);
    assert_eq!(offered(&home, "hansard export last --speaker 'An"), ["Ann B"]);
    assert_eq!(offered(&home, "hansard export last --format md,sr"), ["md,srt"]);
    assert!(offered(&home, "hansard models pull base-").contains(&"base-q8_0".into()));
    assert_eq!(offered(&home, "hansard transcribe last --language dut"), [""; 0]);
    assert_eq!(offered(&home, "hansard transcribe last --language nl"), ["nl"]);
    fs::create_dir_all(home.models()).unwrap();
    fs::write(home.models().join("ggml-mine.bin"), "not looked at").unwrap();
    assert_eq!(offered(&home, "hansard transcribe last --model "), ["mine"]);
    home.write("talk.wav", "");
    assert!(offered(&home, "hansard transcribe ta").contains(&"talk.wav".into()));
    assert_eq!(offered(&home, "hansard record --source Ann=file:ta"), ["Ann=file:talk.wav"]);
    assert_eq!(offered(&home, "hansard record --source Ann=m"), ["Ann=mic", "Ann=mic:"]);
    // There is no sound server: none is waited for, none is started.
    assert_eq!(offered(&home, "hansard record --source Ann=mic:"), [""; 0]);
    assert!(offered(&home, "hansard re").contains(&"record".into()));
    assert!(!offered(&home, "hansard ").iter().any(|verb| verb.contains("worker") || verb == "complete"));
}

#[test]
fn what_lies_in_the_trash_is_offered_where_it_is_asked_for() {
    let (home, id) = with_session();
    assert!(offered(&home, "hansard recover --trash ").iter().all(|flag| flag.starts_with('-')));
    home.run(["rm", "last"]).expect(0);
    assert!(!offered(&home, "hansard show ").contains(&id));
    for line in ["hansard recover --trash ", "hansard recover --trash week", "hansard rm --trash 20"] {
        assert_eq!(offered(&home, line), [id.as_str()], "{line}");
    }
}

#[test]
fn what_cant_be_read_is_not_offered_and_nothing_is_said_of_it() {
    let home = Home::new();
    assert!(offered(&home, "hansard show ").iter().all(|flag| flag.starts_with('-')), "there is no session");
    home.put("recordings", "a file");
    offered(&home, "hansard show ");
    offered(&home, "hansard no such verb ");
    offered(&home, "");
    let broken = home.put("broken.toml", "[audio]\nhost = 3\n");
    offered(&home, &format!("hansard --config {} show ", broken.display()));
}

#[test]
fn bash_completes_words_with_blanks_and_colons() {
    let (home, id) = with_session();
    let script = home.run(["completions", "bash"]).expect(0).out.clone();
    let script = home.put("completions.bash", &script);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_hansard")).parent().unwrap();
    for (line, reply) in [
        (format!("hansard show {}", &id[..6]), id.as_str()),
        ("hansard edit last rename An".into(), "Ann\\ B"),
        ("hansard edit last rename 'An".into(), "Ann B"),
        ("hansard record --source Ann=loopback:x --source Bob=synt".into(), "synth:"),
    ] {
        let mut bash = Command::new("/bin/bash");
        home.settle(bash.args([
            "--norc",
            "-c",
            r#"source "$1"; COMP_LINE=$2 COMP_POINT=${#2}; _hansard; printf '%s\n' "${COMPREPLY[@]}""#,
            "bash",
        ]));
        bash.arg(&script).arg(&line).env("PATH", format!("{}:/usr/bin:/bin", program.display()));
        let output = bash.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!((said.trim_end(), &output.stderr[..]), (reply, &b""[..]), "{line}");
    }
}

//! The guide's transcripts, run: a session is corrected, exported, removed and brought back.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::support::home::Home;
use crate::support::said;

const GUIDE: &str = include_str!("../../docs/guide/correcting.md");

/// A session in which this was said, and whose text is made.
fn weekly(home: &Home) {
    let sources = ["--title=Weekly", "--source=Alice=synth:tone,secs=30", "--source=Bob=synth:tone,secs=30"];
    let dir = said::session(home, &sources, &said::in_turn(&said::GUIDE));
    let journal = dir.join("events.jsonl");
    let seq = fs::read_to_string(&journal).unwrap().lines().count();
    let made = serde_json::json!({"seq": seq, "session_ns": 0, "utc": "2026-03-14T08:30:00Z",
        "kind": "text_reached", "payload": {"tracks": [], "complete": true}});
    writeln!(OpenOptions::new().append(true).open(&journal).unwrap(), "{made}").unwrap();
    home.run(["export", "last"]).expect(0);
}

/// Whether a line is as the guide has it, where `…` stands for anything.
fn is_as(written: &str, shown: &str) -> bool {
    let mut parts = written.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = shown.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (n, part) in parts.iter().enumerate() {
        let is_last = n + 1 == parts.len();
        match if is_last { rest.strip_suffix(part).map(|_| rest.len()) } else { rest.find(part) } {
            Some(_) if is_last => return true,
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

/// The lines are those that are written, of which a lone `…` stands for any number.
fn are_as(written: &[&str], shown: &[&str]) -> bool {
    match (written, shown) {
        ([], []) => true,
        (["…", rest @ ..], _) => (0..=shown.len()).any(|n| are_as(rest, &shown[n..])),
        ([one, rest @ ..], [line, more @ ..]) => is_as(one, line) && are_as(rest, more),
        _ => false,
    }
}

#[test]
fn the_guides_transcript_is_what_happens() {
    let home = Home::new();
    weekly(&home);
    let block = GUIDE.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_hansard")).parent().unwrap();
    let steps: Vec<&str> = block.split("$ hansard ").skip(1).collect();
    assert!(steps.len() > 10, "{block}");
    for step in steps {
        let (command, written) = step.split_once('\n').unwrap();
        let mut shell = Command::new("/bin/sh");
        home.settle(shell.arg("-c").arg(format!("hansard {command} 2>&1")));
        let output = shell.env("PATH", format!("{}:/usr/bin:/bin", program.display())).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{command}: {shown}");
        let (written, lines): (Vec<&str>, Vec<&str>) = (written.lines().collect(), shown.lines().collect());
        assert!(
            are_as(&written, &lines),
            "hansard {command}\n{shown}\nbut the guide has\n{}",
            written.join("\n")
        );
    }
}

//! One order of time: what was said, what was marked, what was paused, what is missing and what is hidden, in
//! every format that people read, and in those for machines.

use std::path::PathBuf;

use hansard::base::utterance::Utterance;
use serde_json::{Value, json};

use super::readers::{read_csv, read_srt, read_vtt};
use super::sessions::{START, expect, hansard, journal, manifest, said, sent, write};

/// A meeting of two with a pause, a gap of one, a gap of both, a hidden passage and a question.
fn meeting() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let manifest = manifest("order", "Order", START, &["Alice", "Bob"]);
    let of = |track: &str, line: Utterance| Utterance { track: track.into(), ..line };
    let utterances = [
        of("track-0", said("a1", "Alice", 1.0, "First of all the rooms.")),
        of("track-0", said("a2", "Alice", 6.0, "They are small.")),
        of("track-0", said("a3", "Alice", 21.0, "Nobody shall read this.")),
        of("track-0", said("a4", "Alice", 28.0, "Now the rest of it.")),
        of("track-1", said("b1", "Bob", 36.0, "Yes.")),
        of("track-0", said("a5", "Alice", 37.5, "Good, so we can go on.")),
        of("track-0", said("a6", "Alice", 46.0, "After the question.")),
        of("track-1", said("b2", "Bob", 57.0, "I was away.")),
    ];
    let dir = write(root.path(), &manifest, &utterances);
    let gap = |track: &str, at: f64, seconds: f64, cause: &str| {
        let frames = (seconds * 48e3) as u64;
        let gap = json!({"track": track, "take": null, "from_frame": null, "at": at, "frames": frames, "cause": cause});
        json!({"kind": "gap", "payload": gap})
    };
    let events = vec![
        json!({"kind": "paused", "payload": {"at": 3.5}}),
        gap("track-0", 3.5, 2.0, "paused"),
        gap("track-1", 3.5, 2.0, "paused"),
        json!({"kind": "resumed", "payload": {"at": 5.5}}),
        json!({"kind": "alarm", "payload": {"alarm": "zeros", "track": "track-1", "on": true, "text": "x", "at": 30.0}}),
        json!({"kind": "alarm", "payload": {"alarm": "zeros", "track": "track-1", "on": false, "text": "x", "at": 33.0}}),
        json!({"kind": "alarm", "payload": {"alarm": "too_quiet", "track": "track-1", "on": true, "text": "x", "at": 35.5}}),
        json!({"kind": "alarm", "payload": {"alarm": "too_quiet", "track": "track-1", "on": false, "text": "x", "at": 43.0}}),
        gap("track-0", 10.0, 5.0, "restart"),
        gap("track-1", 10.2, 4.7, "restart"),
        json!({"kind": "mark", "payload": {"id": "mark-1", "at": 44.0, "mark": "question", "text": "Who pays?"}}),
        gap("track-0", 30.5, 0.6, "foreign"),
        gap("track-1", 49.0, 3.0, "device_lost"),
        gap("track-1", 52.0, 2.5, "device_lost"),
        json!({"kind": "hidden", "payload": {"id": "hide-1", "from": 20.0, "to": 24.0}}),
    ];
    journal(&dir, &manifest, events);
    (root, dir)
}

/// What stands in a document, as it must follow one another.
const IN_ORDER: [&str; 15] = [
    "First of all the rooms.",
    "00:03–00:05 paused",
    "They are small.",
    "00:10–00:15 not recorded: recorder was restarted",
    "00:20–00:24 not for publication",
    "Now the rest of it.",
    "00:30–00:33 Bob: only digital silence",
    "00:30–00:31 Alice not recorded: another device's sound came instead",
    "00:35–00:43 Bob very quiet: words may be missing",
    "Yes.",
    "Good, so we can go on.",
    "Who pays?",
    "After the question.",
    "00:49–00:54 Bob not recorded: device was unplugged",
    "I was away.",
];

fn export(root: &tempfile::TempDir, format: &str) -> String {
    expect(0, hansard(root.path(), &["export", "order", "--no-sound", "--format", format, "--output", "-"]))
}

/// Without tags, each run of spaces as one.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for (n, part) in text.split('<').enumerate() {
        out += if n == 0 { part } else { part.split_once('>').map_or("", |(_, rest)| rest) };
    }
    out.replace("&#39;", "'").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_order(format: &str, text: &str, expected: &[&str]) {
    let mut rest = text;
    for part in expected {
        let (before, after) =
            rest.split_once(part).unwrap_or_else(|| panic!("{format}: {part:?} not in {rest}"));
        assert!(expected.iter().all(|other| !before.contains(other)), "{format}: before {part:?}: {before}");
        rest = after;
    }
}

#[test]
fn every_document_tells_everything_in_one_order_of_time() {
    let (root, dir) = meeting();
    for format in ["md", "txt", "html"] {
        let text = export(&root, format);
        let (_, minutes) = text.split_once("What was said").unwrap();
        // The page has its section of marks before the heading's anchor.
        let minutes = minutes.rsplit_once("id=\"h-minutes\"").map_or(minutes, |(_, rest)| rest);
        let (minutes, _) = minutes.split_once("About these").unwrap();
        let minutes = plain(minutes);
        assert!(!minutes.contains("Nobody shall read this."), "{minutes}");
        assert_order(format, &minutes, &IN_ORDER);
        assert!(minutes.contains("[00:20–00:24 not for publication]"), "{format}: {minutes}");
        // Whoever goes on after a notice or a mark is named again.
        for (after, name) in [("paused]", "Alice"), ("Who pays?", "Alice"), ("unplugged]", "Bob")] {
            let (_, next) = minutes.split_once(after).unwrap();
            let head: String = next.chars().take(40).collect();
            assert!(head.contains(name), "{format}: after {after}: {head}");
        }
    }
    expect(0, hansard(root.path(), &["export", "order", "--format", "docx"]));
    let mut zip = zip::ZipArchive::new(std::fs::File::open(sent(&dir, "docx")).unwrap()).unwrap();
    let mut xml = String::new();
    std::io::Read::read_to_string(&mut zip.by_name("word/document.xml").unwrap(), &mut xml).unwrap();
    let (_, minutes) = xml.split_once("What was said</w:t>").unwrap();
    assert_order("docx", &plain(minutes.split_once("About these").unwrap().0), &IN_ORDER);
    assert_order("qda", &export(&root, "qda"), &IN_ORDER);
}

#[test]
fn every_format_for_machines_tells_what_nobody_said() {
    let (root, _dir) = meeting();
    let what = [
        "paused",
        "not recorded: recorder was restarted",
        "not for publication",
        "Bob: only digital silence: it may have been muted, or the wrong device",
        "Alice not recorded: another device's sound came instead",
        "Bob very quiet: words may be missing",
        "Bob not recorded: device was unplugged",
    ];
    for format in ["ctm", "rttm", "stm", "labels", "csv", "json", "jsonl"] {
        let text = export(&root, format);
        assert!(!text.contains("Nobody"), "{format}: {text}");
        // Kinds stand beside words in some, so that a word may come twice.
        let mut rest = text.as_str();
        for what in what {
            (_, rest) = rest.split_once(what).unwrap_or_else(|| panic!("{format}: {what:?} not in {rest}"));
        }
    }
    let srt: Vec<String> = read_srt(&export(&root, "srt")).iter().map(|cue| cue.lines.join(" ")).collect();
    assert_order("srt", &srt.join("\n"), &what);
    let vtt = read_vtt(&export(&root, "vtt"));
    let ours: Vec<String> =
        vtt.iter().filter(|(who, _)| who == "Hansard").map(|(_, cue)| cue.lines.join(" ")).collect();
    assert_eq!(ours, what.map(|what| format!("[{what}]")));
    // Times rise in all of them.
    let rows = read_csv(&export(&root, "csv"));
    let kind = rows[0].iter().position(|name| name == "kind").unwrap();
    let kinds: Vec<&str> = rows[1..].iter().map(|row| row[kind].as_str()).collect();
    let expected = [
        "said",
        "paused",
        "said",
        "not_recorded",
        "hidden",
        "said",
        "silent",
        "not_recorded",
        "too_quiet",
        "said",
        "said",
        "question",
        "said",
        "not_recorded",
        "said",
    ];
    assert_eq!(kinds, expected);
    let starts: Vec<f64> = rows[1..].iter().map(|row| row[0].parse().unwrap()).collect();
    assert!(starts.is_sorted(), "{starts:?}");
    // A segment list stays one: what nobody said stands with the segment that follows.
    let segments: Vec<Value> = serde_json::from_str(&export(&root, "json")).unwrap();
    assert_eq!(segments.len(), 7);
    let before: Vec<&str> =
        segments[2]["before"].as_array().unwrap().iter().map(|told| told["kind"].as_str().unwrap()).collect();
    assert_eq!(before, ["not_recorded", "hidden"]);
    assert_eq!(segments[6]["before"][0]["speakers"], json!(["Bob"]));
}

//! Text that has not been made yet is pending in every format and verb, and never looks like silence.

use std::fs;

use serde_json::{Value, json};

use super::readers::{read_csv, read_srt, read_vtt};
use super::sessions::{START, append, expect, hansard, journal, manifest, said, write};

const FORMATS: [&str; 13] =
    ["md", "txt", "html", "docx", "srt", "vtt", "json", "jsonl", "csv", "rttm", "ctm", "stm", "labels"];

/// What a format says, and what is said beside it.
fn export(root: &tempfile::TempDir, format: &str) -> (String, String) {
    let args = ["export", "later", "--no-sound", "--format", format, "--output", "-"];
    let output = hansard(root.path(), &args);
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    if format == "docx" {
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(output.stdout)).unwrap();
        let mut xml = String::new();
        std::io::Read::read_to_string(&mut zip.by_name("word/document.xml").unwrap(), &mut xml).unwrap();
        return (xml, stderr);
    }
    (expect(0, output), stderr)
}

#[test]
fn without_text_every_format_says_that_it_is_pending_and_how_it_is_made() {
    let root = tempfile::tempdir().unwrap();
    let manifest = manifest("later", "Later", START, &["Alice", "Bob"]);
    let dir = write(root.path(), &manifest, &[]);
    let later = json!({"kind": "text_pending", "payload": {"reason": "it was not asked for"}});
    for events in [vec![], vec![later]] {
        journal(&dir, &manifest, events);
        for format in FORMATS {
            let (text, beside) = export(&root, format);
            assert!(!text.contains("No speech"), "{format}: {text}");
            assert!(beside.contains("has not been made yet: hansard transcribe later"), "{format}: {beside}");
            assert!(!text.contains("Talking time") && !text.contains("Share"), "{format}: {text}");
            match format {
                "md" => assert!(text.contains("made yet:** `hansard transcribe later`\n"), "{text}"),
                // A list of segments without any has no place for it.
                "json" => assert_eq!(text, "[]\n"),
                "jsonl" => assert_eq!(text, ""),
                "srt" => assert_eq!(read_srt(&text)[0].lines[0], "[text not made yet: hansard transcribe"),
                "vtt" => {
                    assert_eq!(read_vtt(&text).len(), 1);
                    assert!(text.contains("made yet: hansard transcribe later\n"), "{text}");
                }
                "csv" => {
                    let rows = read_csv(&text);
                    assert_eq!(rows[1][4], "[text not made yet: hansard transcribe later]");
                }
                format => {
                    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    assert!(flowing.contains("hansard transcribe later"), "{format}: {text}");
                }
            }
        }
    }
    let show = expect(0, hansard(root.path(), &["show", "later"]));
    assert!(!show.contains("No speech") && show.contains("hansard transcribe later"), "{show}");
    let list = expect(0, hansard(root.path(), &["list"]));
    assert!(list.contains("text not made yet"), "{list}");
    let list: Value = serde_json::from_str(&expect(0, hansard(root.path(), &["list", "--json"]))).unwrap();
    assert_eq!(list[0]["text_pending"], true);
    let verify = hansard(root.path(), &["verify", "later"]);
    let verify = String::from_utf8(verify.stdout).unwrap();
    assert!(
        verify.contains("The text of this meeting has not been made yet: hansard transcribe later"),
        "{verify}"
    );

    // Somebody listened to all of it: now nobody spoke.
    let tracks = json!([{"track": "track-0", "until": null}, {"track": "track-1", "until": null}]);
    append(&dir, json!({"kind": "text_reached", "payload": {"tracks": tracks, "complete": true}}));
    for format in ["md", "txt", "html", "docx", "srt", "vtt"] {
        let (text, beside) = export(&root, format);
        assert!(text.contains("No speech was transcribed.") && !text.contains("transcribe later"), "{text}");
        assert_eq!(beside, "", "{format}");
    }
    assert!(!expect(0, hansard(root.path(), &["list"])).contains("not made"));
}

#[test]
fn a_text_that_was_interrupted_says_up_to_where_it_stands() {
    let root = tempfile::tempdir().unwrap();
    let manifest = manifest("later", "Later", START, &["Alice", "Bob"]);
    let dir = write(root.path(), &manifest, &[said("u1", "Alice", 1.0, "Good morning to all.")]);
    let tracks = json!([{"track": "track-0", "until": 12.5}, {"track": "track-1", "until": 30.0}]);
    let reached = json!({"kind": "text_reached", "payload": {"tracks": tracks, "complete": false}});
    let failed = json!({"track": "track-1", "take": 1, "from": 240_000, "to": 288_000, "reason": "it died", "skipped": true});
    journal(&dir, &manifest, vec![json!({"kind": "segment_failed", "payload": failed}), reached]);
    let what = [
        "text of Bob missing: the recogniser failed here",
        "text of Alice not made yet",
        "text of Bob not made yet",
    ];
    for format in FORMATS.into_iter().filter(|format| *format != "docx") {
        let (text, beside) = export(&root, format);
        assert!(
            beside.contains("--resume later – it stands up to 00:12 (Alice), 00:30 (Bob)"),
            "{format}: {beside}"
        );
        let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let places: Vec<usize> = what
            .iter()
            .map(|what| flowing.find(what).unwrap_or_else(|| panic!("{format}: {text}")))
            .collect();
        assert!(places.is_sorted(), "{format}: {text}");
    }
    let (md, _) = export(&root, "md");
    assert!(md.contains("| Alice   |      00:12 |") && md.contains("[00:12–01:00 text of Alice"), "{md}");
    assert!(fs::read_to_string(dir.join("transcript.jsonl")).unwrap().contains("morning"));
}

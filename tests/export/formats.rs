//! The formats for machines: each one read by a strict reader of its own grammar.

use std::fs;

use hansard::base::utterance::Utterance;
use hansard::export::turns::{Meeting, Selection};
use hansard::export::{Format, Options, captions::Rules};
use hansard::session::disk::SystemDisk;
use hansard::session::reading::Session;
use serde_json::Value;

use super::readers::{read_csv, read_srt_by, read_vtt};
use super::sessions::{START, expect, hansard, manifest, mark, meeting, said, write};

/// What `hansard export last --format F --output - ARG…` says.
fn export(root: &tempfile::TempDir, format: &str, args: &[&str]) -> String {
    expect(
        0,
        hansard(root.path(), &[&["export", "last", "--format", format, "--output", "-"], args].concat()),
    )
}

fn fields(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split(' ').collect()).collect()
}

#[test]
fn the_research_formats_have_their_fields() {
    let (root, _dir) = meeting();
    let rttm = export(&root, "rttm", &[]);
    // No voices were told apart: the times are those of lines, and it says so.
    let (comment, rttm) = rttm.split_once('\n').unwrap();
    assert!(
        comment.starts_with(";; ") && comment.ends_with("told apart there: Alice, Béla, Remote"),
        "{comment}"
    );
    assert_eq!(
        rttm.lines().next().unwrap(),
        "SPEAKER 2026-03-14_0930_sync 1 1.000 6.750 <NA> <NA> Alice <NA> <NA>"
    );
    assert!(fields(rttm).iter().all(|line| line.len() == 10) && rttm.lines().count() == 4, "{rttm}");
    let stm = export(&root, "stm", &[]);
    assert_eq!(
        stm.lines().last().unwrap(),
        "2026-03-14_0930_sync 1 Remote 20.000 22.800 The importer is done, the exporter isn't."
    );
    let ctm = export(&root, "ctm", &[]);
    assert!(
        ctm.starts_with(";; channel 1 is Alice\n;; channel 2 is Béla\n;; channel 3 is Remote\n"),
        "{ctm}"
    );
    assert!(ctm.contains("2026-03-14_0930_sync 1 20.400 0.350 importer 0.900\n"), "{ctm}");
    assert_eq!(ctm.lines().filter(|line| !line.starts_with(";;")).count(), 17 + 1 + 5 + 7);
    let labels = export(&root, "labels", &[]);
    assert!(labels.contains("5.000000\t5.350000\tBéla: Mm-hm.\n"), "{labels}");
    for line in labels.lines() {
        let [start, end, text] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        assert!(start.parse::<f64>().unwrap() <= end.parse::<f64>().unwrap() && !text.is_empty(), "{line}");
    }
    assert_eq!(export(&root, "labels", &["--words"]).lines().count(), 17 + 1 + 5 + 7);
}

#[test]
fn a_part_is_what_was_asked_for() {
    let (root, dir) = meeting();
    let ids = |args: &[&str]| -> Vec<String> {
        let jsonl = export(&root, "jsonl", args);
        jsonl
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&[]), ["u1", "u2", "u3", "u4"]);
    assert_eq!(ids(&["--speaker", "béla", "--speaker", "Remote"]), ["u2", "u4"]);
    assert_eq!(ids(&["--from", "9s", "--to", "20"]), ["u3"], "what is being said at 9 s counts");
    assert_eq!(ids(&["--from", "0"]).len(), 4);
    assert_eq!(ids(&["--withheld"]), ["u1", "u2", "u3", "u4", "u5", "u6"]);
    let md = export(&root, "md", &["--withheld", "--from", "00:00:15"]);
    assert!(md.contains("**These minutes are a part of the meeting: from 00:15 on.**"), "{md}");
    assert!(
        md.contains("**Béla** · 00:40 · 09:30:40 · *withheld: no speech*\n\nThanks for watching!"),
        "{md}"
    );
    assert!(md.contains("*echo of u4*\n\nthe importer is gone"), "{md}");
    assert!(export(&root, "vtt", &["--withheld"]).contains("<v Béla>[withheld] Thanks for watching!"));
    let refused = |args: &[&str]| {
        let output = hansard(root.path(), &[&["export", "last"], args].concat());
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused(&["--speaker", "Alise"]).contains("did you mean \"Alice\"?"));
    assert!(refused(&["--from", "30s", "--to", "20s"]).contains("later than"));
    assert!(refused(&["--from", "12:60"]).contains("00:12:30"));
    assert!(refused(&["--words", "--format", "md"]).contains("--words has no place"));
    assert!(refused(&["--evidence", "--format", "srt"]).contains("json, jsonl, csv"));
    assert!(refused(&["--format", "srt", "--min-duration", "8"]).contains("longer"));
    assert!(refused(&["--format", "jsonl,rtf"]).contains("rtf"));
    // The session's own files are not for exports, force or no force.
    let own = dir.join("transcript.jsonl");
    let before = fs::read(&own).unwrap();
    let own = own.to_str().unwrap();
    assert!(refused(&["--format", "jsonl", "--force", "--output", own]).contains("part of the session"));
    assert_eq!(fs::read(own).unwrap(), before);
}

#[test]
fn every_line_leads_to_its_samples() {
    let (root, dir) = meeting();
    fs::write(dir.join("tracks/track-0.wav"), "abc").unwrap();
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let json: Vec<Value> = serde_json::from_str(&export(&root, "json", &["--evidence"])).unwrap();
    let expected = serde_json::json!({
        "track": "track-0", "take": 1, "file": "tracks/track-0.wav", "from_frame": 48_000, "to_frame": 374_400,
        "rate": 48_000, "model": "base-q8_0", "confidence": 0.9, "sha256": ABC,
    });
    assert_eq!(json[0]["evidence"], expected);
    let csv = read_csv(&export(&root, "csv", &["--evidence"]));
    assert_eq!(csv[0][11..], ["take", "from_frame", "to_frame", "file", "model", "sha256"]);
    assert_eq!(csv[1][11..], ["1", "48000", "374400", "tracks/track-0.wav", "base-q8_0", ABC]);
    // The hashes can be checked as they stand in the minutes.
    let md = export(&root, "md", &["--evidence"]);
    assert!(
        md.contains(
            "| 00:01 | Alice   | tracks/track-0.wav |    48,000–374,400 |       0.90 | base-q8\\_0 |\n"
        ),
        "{md}"
    );
    assert!(export(&root, "txt", &["--evidence"]).contains("48,000–374,400"));
    let (_, block) = md.split_once("```\n").unwrap();
    assert_eq!(block.split_once("\n```").unwrap().0, format!("{ABC}  tracks/track-0.wav"));
    assert!(md.contains("- tracks/track-1.wav: it is not there\n"), "{md}");
    // Who reads minutes is spared them, unless evidence is asked for.
    let minutes = hansard::export::write_minutes(&SystemDisk, &dir, 2.0, None).unwrap();
    let minutes = fs::read_to_string(minutes).unwrap();
    assert!(!minutes.contains(ABC) && !minutes.to_lowercase().contains("frames"), "{minutes}");
    let page = export(&root, "html", &["--no-sound"]);
    let (body, fold) = page.split_once("<details class=\"evidence\">").unwrap();
    assert!(fold.contains(ABC) && !body.contains(ABC), "{page}");
}

#[test]
fn marks_stand_in_their_section_and_in_their_place() {
    let (root, dir) = meeting();
    let marks = [
        mark(1, 21.0, "decision", "We release on *Friday*"),
        mark(2, 0.5, "note", "before anybody spoke"),
        mark(3, 6.0, "action", "Béla asks | the landlord"),
    ];
    fs::write(dir.join("events.jsonl"), marks.concat()).unwrap();
    let md = export(&root, "md", &[]);
    let section = "## What was marked\n\n### Decisions\n\n- [00:21](#mark_3) · We release on \\*Friday\\*\n\n### Actions\n\n- [00:06](#mark_2) · Béla asks \\| the landlord\n\n### Notes\n\n- [00:00](#mark_1) · before anybody spoke\n\n## What was said\n\n> **Note** · [00:00](#what-was-marked) · 09:30:00 · before anybody spoke<a id=\"mark_1\"></a>\n\n**Alice**";
    assert!(md.contains(section), "{md}");
    // It is noted while a paragraph is spoken, and stands behind it.
    let place = "27th of March?\n\n> **Action** · [00:06](#what-was-marked) · 09:30:06 · Béla asks \\| the landlord<a id=\"mark_2\"></a>\n\n**Alice** · 00:08";
    assert!(md.contains(place), "{md}");
    assert!(
        md.contains("isn't.\n\n> **Decision** · [00:21](#what-was-marked) · 09:30:21 · We release"),
        "{md}"
    );
    assert!(export(&root, "txt", &[]).contains("\n>>> Action [00:06] 09:30:06 Béla asks | the landlord\n"));
    assert!(
        export(&root, "labels", &[]).contains("21.000000\t21.000000\tDecision: We release on *Friday*\n")
    );
    assert!(!export(&root, "md", &["--to", "20s"]).contains("Decision"));
}

#[test]
fn a_table_holds_what_was_said_and_no_formula() {
    let root = tempfile::tempdir().unwrap();
    let names = ["=cmd|' /C calc'!A0", "A, \"B\""];
    let lines = ["=1+1", "+1", "-1", "@SUM(A1)", "a, \"b\"\tc\nd", "plain", "7"];
    let utterances: Vec<Utterance> = lines
        .iter()
        .zip(0..)
        .map(|(line, i)| said(&format!("u{i}"), names[i % 2], 10.0 * i as f64, line))
        .collect();
    write(root.path(), &manifest("odd", "Odd", START, &names), &utterances);
    let rows = read_csv(&export(&root, "csv", &[]));
    let column = |n: usize| rows[1..].iter().map(|row| row[n].as_str()).collect::<Vec<_>>();
    assert_eq!(column(4), ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "a, \"b\" c d", "plain", "7"]);
    assert_eq!(column(3)[..2], ["'=cmd|' /C calc'!A0", "A, \"B\""]);
    assert_eq!(rows[2][..3], ["10.000", "10.400", "2026-03-14T09:30:10.000+01:00"]);
    assert_eq!(read_csv(&export(&root, "csv", &["--words"])).len(), 1 + 6 + 4);
}

#[test]
fn clocks_of_a_night_that_has_an_hour_twice_say_which_one() {
    let root = tempfile::tempdir().unwrap();
    // 02:59:50 of summer; ten seconds later it is 02:00 again.
    let utterances = [said("u0", "Alice", 1.0, "Still summer."), said("u1", "Bob", 30.0, "Now winter.")];
    let mut manifest = manifest("s", "S", "2026-10-25T00:59:50Z", &["Alice", "Bob"]);
    manifest.start.offset = "+02:00".into();
    let dir = write(root.path(), &manifest, &utterances);
    for format in ["md", "txt", "html"] {
        let told = export(&root, format, &[]);
        let when = "Sunday, 25 October 2026, 02:59 UTC+02:00 – 02:00 UTC+01:00";
        for part in [when, "02:59:51 +02:00", "02:00:20 +01:00"] {
            assert!(told.contains(part), "{format}: no {part} in {told}");
        }
    }
    let rows = read_csv(&export(&root, "csv", &[]));
    assert!(rows.iter().flatten().any(|cell| cell == "2026-10-25T02:00:20.000+01:00"), "{rows:?}");
    drop(dir);
}

#[test]
fn captions_keep_the_rules_that_are_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let long = "I spoke to the landlord on Monday, and he wants two thousand pounds a month for it.";
    let utterances =
        [said("u0", "Alice", 1.0, long), said("u1", "Béla", 30.0, "Extraordinarily longwinded.")];
    let dir = write(root.path(), &manifest("s", "S", START, &["Alice", "Béla"]), &utterances);
    let args = [
        "--line-length",
        "24",
        "--max-lines",
        "1",
        "--max-duration",
        "2",
        "--reading-speed",
        "10",
        "--min-duration",
        "1.5",
    ];
    let cues = read_srt_by(&export(&root, "srt", &args), 24, 1, 2000);
    assert!(cues.len() > 5);
    // Where there is room it stands as long as reading takes: 33 characters at 20 a second.
    let last = |args: &[&str]| {
        let srt = export(&root, "srt", args);
        let cue = read_srt_by(&srt, 42, 2, 7000).pop().unwrap();
        cue.end - cue.start
    };
    assert_eq!(last(&[]), 1650);
    assert_eq!(last(&["--reading-speed", "10"]), 3300);
    // Each word's time, rising, within its caption; without them it is the same text.
    let session = Session::open(&dir).unwrap();
    let meeting = Meeting::select(&session, 2.0, &Selection::default());
    let vtt = |words| {
        let options = Options { words, captions: Rules::default(), ..Options::default() };
        String::from_utf8(Format::Vtt.render(&meeting, &options).unwrap()).unwrap()
    };
    let timed = vtt(true);
    assert!(timed.contains("<v Alice>I <00:00:01.400>spoke <00:00:01.800>to <00:00:02.200>the"), "{timed}");
    let mut plain = String::new();
    for (n, part) in timed.split("<00:").enumerate() {
        plain += if n == 0 { part } else { part.split_once('>').unwrap().1 };
    }
    assert_eq!(plain, vtt(false));
    read_vtt(&plain);
}

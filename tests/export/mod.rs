//! Sessions that are built through the public types, read back and exported by the real binary.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use hansard::base::text;
use hansard::base::utterance::Utterance;
use hansard::export::minutes_md::escape;
use hansard::export::turns::{Meeting, Paragraph, Turn, TurnPart};
use hansard::export::{self as exports, Format, write_minutes};
use hansard::session::disk::SystemDisk;
use hansard::session::read::{ReadError, list, resolve};
use hansard::session::reading::Session;
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use readers::{letters, read_md, read_srt, read_vtt};
use sessions::{START, expect, hansard, journal, manifest, meeting, said, sent, write};

mod clocks;
mod devices;
mod forget;
mod formats;
mod language;
mod mix;
mod names;
mod order;
mod others;
mod outside;
mod overlap;
mod page;
mod pdf;
mod pending;
mod people;
mod readers;
mod sessions;
mod tracks;
mod voices;
mod voices_verb;

// ---- what the formats say ----

#[test]
fn all_formats_are_written_beside_the_tracks_for_the_user_alone() {
    let (root, dir) = meeting();
    let paths = expect(0, hansard(root.path(), &["export", "last", "--format", "md,txt,srt,vtt,json"]));
    let names: Vec<&str> =
        paths.lines().map(|path| Path::new(path).file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "minutes.md",
            "2026-03-14 Weekly sync.txt",
            "2026-03-14 Weekly sync.srt",
            "2026-03-14 Weekly sync.vtt",
            "transcript.seglst.json"
        ]
    );
    for path in paths.lines() {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{path}");
        assert_eq!(Path::new(path).parent(), Some(dir.as_path()));
    }
    let left: Vec<_> =
        fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| !name.starts_with(".hansard-")), "temporary files stayed: {left:?}");

    let (title, turns) = read_md(&fs::read_to_string(dir.join("minutes.md")).unwrap());
    assert_eq!(title, "Weekly sync");
    let heads: Vec<&str> = turns.iter().map(|(head, _)| head.as_str()).collect();
    // Béla's aside doesn't part Alice's turn; time of day is the meeting's, whatever TZ says.
    assert_eq!(heads, ["Alice · 00:01 · 09:30:01", "Remote · 00:20 · 09:30:20"]);
    assert!(
        turns[0].1.contains("which has (Béla: Mm-hm.) been planned for the 27th of March? Or is"),
        "{}",
        turns[0].1
    );
    assert_eq!(turns[1].1, "The importer is done, the exporter isn't.", "the last revision counts");
}

#[test]
fn the_minutes_tell_what_was_lost_and_what_was_left_out() {
    let (root, _dir) = meeting();
    let md = expect(0, hansard(root.path(), &["export", "last", "--output", "-"]));
    assert!(
        md.contains("**Not complete: 2.1 s of Béla are missing, named in place or at the end.**"),
        "{md}"
    );
    assert!(md.contains("- Alice: 1 min 00 s recorded, nothing missing.\n"), "{md}");
    assert!(md.contains("- Béla: 58 s recorded; **2.1 s lost: device was unplugged**.\n"), "{md}");
    assert!(md.contains("- Remote: 59 s recorded; 1.0 s not recorded: recording was paused.\n"), "{md}");
    let all = expect(0, hansard(root.path(), &["export", "last", "--evidence", "--output", "-"]));
    assert!(
        all.contains("| Béla   |       2,880,000 | 2,779,200 |   100,800 |      2.1 s |          0 |"),
        "{all}"
    );
    assert!(all.contains("+ rounding") && !all.contains("Unexplained"), "{all}");
    assert!(md.contains("1 echo of another track") && md.contains("1 utterance without"), "{md}");
    for hidden in ["gone", "watching"] {
        assert!(!md.contains(hidden), "{hidden} stands in the minutes");
    }
    let show = expect(0, hansard(root.path(), &["show", "last", "--details"]));
    assert!(show.contains("2,880,000 frames expected = 2,779,200 written + 100,800 in gaps"), "{show}");
    assert!(show.contains("clock +12.5 ppm") && !show.contains("watching"), "{show}");
    assert!(show.lines().all(|line| text::columns(line) <= 100), "{show}");
    let withheld = expect(0, hansard(root.path(), &["show", "last", "--withheld"]));
    assert!(withheld.contains("[echo of u4]"), "{withheld}");
    let flowing = withheld.split_whitespace().collect::<Vec<_>>().join(" ");
    let why = "[withheld: no speech; speech 0.31 over 1.2 s, nobody 0.72, log probability -1.25]";
    assert!(flowing.contains(why), "{withheld}");
    let history = expect(0, hansard(root.path(), &["show", "last", "--history"]));
    assert!(history.contains("u4 rev 0") && history.contains("u4 rev 1"), "{history}");
    let json: serde_json::Value =
        serde_json::from_str(&expect(0, hansard(root.path(), &["show", "last", "--json"]))).unwrap();
    assert_eq!(json["utterances"].as_array().unwrap().len(), 4);
    assert_eq!(json["account"][1]["lost"], 100_800);
}

#[test]
fn json_is_seglst_with_our_keys() {
    let (root, _dir) = meeting();
    let json = expect(0, hansard(root.path(), &["export", "last", "--format", "json", "--output", "-"]));
    let segments: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let ids: Vec<&str> = segments.iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["u1", "u2", "u3", "u4"]);
    for segment in &segments {
        assert_eq!(segment["session_id"], "2026-03-14_0930_sync");
        assert!(segment["speaker"].is_string() && segment["words"].is_string());
        assert!(segment["start_time"].as_f64().unwrap() < segment["end_time"].as_f64().unwrap());
    }
    assert_eq!(segments[3]["word_times"][1]["start"], 20.4);
}

#[test]
fn a_session_without_words_gives_valid_files_that_say_so() {
    let root = tempfile::tempdir().unwrap();
    let manifest = manifest("quiet", "Quiet", START, &["Alice"]);
    let dir = write(root.path(), &manifest, &[]);
    let reached = serde_json::json!({"tracks": [{"track": "track-0", "until": null}], "complete": true});
    journal(&dir, &manifest, vec![serde_json::json!({"kind": "text_reached", "payload": reached})]);
    fs::remove_file(dir.join("transcript.jsonl")).unwrap();
    let of =
        |format| expect(0, hansard(root.path(), &["export", "quiet", "--format", format, "--output", "-"]));
    for format in ["md", "txt"] {
        assert!(of(format).contains("No speech was transcribed."), "{format}");
    }
    assert_eq!(read_srt(&of("srt"))[0].lines, ["[No speech was transcribed.]"]);
    assert_eq!(read_vtt(&of("vtt")).len(), 1);
    for format in ["jsonl", "rttm", "stm", "labels"] {
        assert_eq!(of(format), "", "{format}");
    }
    assert_eq!(readers::read_csv(&of("csv")).len(), 1);
    assert_eq!(of("json"), "[]\n");
}

#[test]
fn hostile_names_and_words_come_out_as_what_they_are() {
    let names = [
        "../../etc/passwd",
        "..",
        "🧑‍🚀",
        "王小明",
        "<script>alert(1)</script>",
        "*_[]<>#|`~$&amp;\\",
        "a\u{1b}[2Jb\u{202e}c",
    ];
    let lines = [
        "1. one",
        "- dash",
        "# head",
        "> quote",
        "--> arrow",
        "<i>tag</i> {\\an8} &lt;",
        "===",
        "~~~",
        "$a$ __b__ |c|",
    ];
    let root = tempfile::tempdir().unwrap();
    let utterances: Vec<Utterance> = lines
        .iter()
        .enumerate()
        .map(|(i, line)| said(&format!("u{i}"), names[i % names.len()], 10.0 * i as f64, line))
        .collect();
    let dir = write(root.path(), &manifest("odd", "# *Odd* <b>|title|", START, &names), &utterances);
    expect(0, hansard(root.path(), &["export", "odd", "--format", "md,txt,srt,vtt,json"]));
    let read = |name| fs::read_to_string(dir.join(name)).unwrap();
    let (title, turns) = read_md(&read("minutes.md"));
    assert_eq!(title, "# *Odd* <b>|title|");
    for ((head, text), (line, i)) in turns.iter().zip(lines.iter().zip(0..)) {
        assert_eq!(text, line);
        assert!(head.starts_with(&text::name(names[i % names.len()])), "{head}");
    }
    assert_eq!(turns.len(), lines.len());
    let of = |end| fs::read_to_string(sent(&dir, end)).unwrap();
    read_srt(&of("srt"));
    let vtt = read_vtt(&of("vtt"));
    assert_eq!(vtt[4].0, "<script>alert(1)</script>");
    assert_eq!(vtt[4].1.lines, ["--> arrow"]);
    let printed =
        expect(0, hansard(root.path(), &["show", "odd"])) + &expect(0, hansard(root.path(), &["list"]));
    for output in [printed, read("minutes.md"), of("txt")] {
        assert!(!output.contains(['\u{1b}', '\u{202e}']), "a terminal would obey this");
    }
}

// ---- files that were changed by hand ----

#[test]
fn a_file_that_was_edited_stays_until_force() {
    let (root, dir) = meeting();
    let export =
        |extra: &[&str]| hansard(root.path(), &[&["export", "last", "--format", "md,txt"], extra].concat());
    expect(0, export(&[]));
    expect(0, export(&[]));
    // New text from the recogniser replaces what nobody touched.
    let transcript = dir.join("transcript.jsonl");
    let more = serde_json::to_string(&said("u9", "Alice", 50.0, "One more thing.")).unwrap();
    fs::write(&transcript, fs::read_to_string(&transcript).unwrap() + &more + "\n").unwrap();
    expect(0, export(&[]));
    assert!(fs::read_to_string(dir.join("minutes.md")).unwrap().contains("One more thing."));

    fs::write(dir.join("minutes.md"), "my own notes").unwrap();
    let text = sent(&dir, "txt");
    fs::remove_file(&text).unwrap();
    let refused = export(&[]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("minutes.md") && message.contains("--force"), "{message}");
    assert_eq!(expect(1, refused), "");
    assert_eq!(fs::read_to_string(dir.join("minutes.md")).unwrap(), "my own notes");
    assert!(!text.exists(), "half an export was written");
    let error = write_minutes(&SystemDisk, &dir, 2.0, None).unwrap_err().to_string();
    assert!(error.contains("left as it is") || error.contains("left as it was"), "{error}");
    expect(0, export(&["--force"]));
    expect(0, export(&[]));
    assert_eq!(write_minutes(&SystemDisk, &dir, 2.0, None).unwrap(), dir.join("minutes.md"));

    // A link in its place is never followed, and with force it is the link that goes.
    let victim = root.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    fs::remove_file(dir.join("minutes.md")).unwrap();
    symlink(&victim, dir.join("minutes.md")).unwrap();
    expect(1, export(&[]));
    expect(0, export(&["--force"]));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn output_goes_where_the_user_says() {
    let (root, _dir) = meeting();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = |name: &str| elsewhere.path().join(name).to_str().unwrap().to_owned();
    let export = |format: &str, to: &str| {
        hansard(root.path(), &["export", "last", "--format", format, "--output", to])
    };
    assert_eq!(expect(0, export("md", &path("m.md"))).trim_end(), path("m.md"));
    expect(0, export("md", &path("m.md")));
    let id = "2026-03-15_0930_next";
    write(root.path(), &manifest(id, "Next", "2026-03-15T08:30:00Z", &["Alice"]), &[]);
    expect(0, export("md", &path("m.md")));
    assert!(
        fs::read_to_string(path("m.md")).unwrap().starts_with("# Next"),
        "another session's untouched file is ours too"
    );
    fs::write(path("m.md"), "edited").unwrap();
    expect(1, export("md", &path("m.md")));

    expect(0, export("md,srt", &path("folder")));
    expect(0, export("txt,json", &path("folder")));
    let names =
        ["2026-03-15 Next.md", "2026-03-15 Next.srt", "2026-03-15 Next.txt", "transcript.seglst.json"];
    assert!(names.iter().all(|name| Path::new(&path("folder")).join(name).is_file()));
    expect(0, export("md", "/dev/null"));
    assert!(!fs::symlink_metadata("/dev/null").unwrap().is_file(), "/dev/null was replaced by a file");
    expect(1, export("md,srt", &path("m.md")));
    expect(1, export("md,srt", "-"));
    expect(1, export("rtf", "-"));
    expect(1, export("md", &path("no/such/folder/m.md")));
}

// ---- finding and reading sessions ----

#[test]
fn sessions_are_found_by_path_id_and_last() {
    let root = tempfile::tempdir().unwrap();
    let later = write(root.path(), &manifest("a", "Later", "2026-03-14T10:00:00Z", &["王小明"]), &[]);
    let early = write(root.path(), &manifest("b", "Early", "2026-03-14T09:00:00Z", &["Alice"]), &[]);
    fs::create_dir(root.path().join("holiday photos")).unwrap();
    fs::write(root.path().join("notes.txt"), "x").unwrap();
    assert_eq!(resolve(root.path(), "last").unwrap(), later);
    assert_eq!(resolve(root.path(), "b").unwrap(), early);
    assert_eq!(resolve(root.path(), early.to_str().unwrap()).unwrap(), early);
    let renamed = root.path().join("renamed by the user");
    fs::rename(&early, &renamed).unwrap();
    assert_eq!(resolve(root.path(), "b").unwrap(), renamed);
    assert!(matches!(resolve(root.path(), "c"), Err(ReadError::Unknown { .. })));
    for s in ["", "..", "nope", "a/../../x", "\u{0}"] {
        assert_eq!(
            Command::new(env!("CARGO_BIN_EXE_hansard"))
                .arg("show")
                .arg("--")
                .arg(s.replace('\0', "nul"))
                .env("HANSARD_RECORDINGS", root.path())
                .output()
                .unwrap()
                .status
                .code(),
            Some(1),
            "{s:?}"
        );
        assert!(resolve(root.path(), s).and_then(|dir| Session::open(&dir)).is_err());
    }
    let listed: Vec<serde_json::Value> =
        serde_json::from_str(&expect(0, hansard(root.path(), &["list", "--json"]))).unwrap();
    let titles: Vec<&str> = listed.iter().map(|s| s["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Early", "Later"]);
    assert_eq!(listed[0]["start"], "2026-03-14T10:00:00+01:00");
    let list = expect(0, hansard(root.path(), &["list"]));
    assert!(
        list.contains("2026-03-14 11:00   0:01:00  Later\n    a  王小明 · text not made yet\n"),
        "{list}"
    );
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(expect(0, hansard(empty.path(), &["list", "--json"])).trim(), "[]");
    expect(1, hansard(empty.path(), &["show", "last"]));
}

#[test]
fn foreign_and_hostile_folders_give_a_clear_error() {
    let root = tempfile::tempdir().unwrap();
    let good = manifest("s", "S", START, &["Alice"]);
    let transcript = serde_json::to_string(&said("u", "Alice", 1.0, "Hello there.")).unwrap();
    type Spoil<'a> = &'a dyn Fn(&Path);
    let set = |dir: &Path, change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = serde_json::to_value(&good).unwrap();
        change(&mut value);
        fs::write(dir.join("session.json"), value.to_string()).unwrap();
    };
    let cases: &[(&str, Spoil)] = &[
        ("format 2", &|d| set(d, &|m| m["format"] = 2.into())),
        ("not written by Hansard", &|d| fs::write(d.join("session.json"), "{\"name\":\"npm\"}").unwrap()),
        ("not written by Hansard", &|d| fs::write(d.join("session.json"), "[".repeat(100_000)).unwrap()),
        ("missing field", &|d| fs::write(d.join("session.json"), "{\"format\":1}").unwrap()),
        ("outside the session", &|d| set(d, &|m| m["takes"][0]["file"] = "../../x.wav".into())),
        ("outside the session", &|d| set(d, &|m| m["takes"][0]["file"] = "/etc/passwd".into())),
        ("impossible rate", &|d| set(d, &|m| m["takes"][0]["rate"] = 0.into())),
        ("impossible rate", &|d| set(d, &|m| m["takes"][0]["clock"]["rate"] = 1e300.into())),
        ("duration", &|d| set(d, &|m| m["duration"] = 1e300.into())),
        ("offset", &|d| set(d, &|m| m["start"]["offset"] = "+é9:99".into())),
        ("name of a track", &|d| set(d, &|m| m["sources"][0]["track"] = "../x".into())),
        ("symbolic link", &|d| {
            fs::remove_file(d.join("session.json")).unwrap();
            symlink("/etc/hostname", d.join("session.json")).unwrap();
        }),
        ("not a regular file", &|d| {
            fs::remove_file(d.join("transcript.jsonl")).unwrap();
            fs::create_dir(d.join("transcript.jsonl")).unwrap();
        }),
        ("not a regular file", &|d| {
            fs::remove_file(d.join("transcript.jsonl")).unwrap();
            assert!(Command::new("mkfifo").arg(d.join("transcript.jsonl")).status().unwrap().success());
        }),
        ("larger than", &|d| fs::File::create(d.join("session.json")).unwrap().set_len(1 << 40).unwrap()),
        ("longer than", &|d| fs::write(d.join("transcript.jsonl"), "x".repeat(3 << 20)).unwrap()),
        ("line 1", &|d| fs::write(d.join("transcript.jsonl"), format!("garbage\n{transcript}\n")).unwrap()),
        ("line 1", &|d| {
            fs::write(d.join("transcript.jsonl"), transcript.replace("1.0", "1e200") + "\n").unwrap()
        }),
        ("no session.json", &|d| fs::remove_file(d.join("session.json")).unwrap()),
        ("journal", &|d| {
            fs::remove_file(d.join("session.json")).unwrap();
            fs::write(d.join("events.jsonl"), "").unwrap();
        }),
    ];
    for (i, (wanted, spoil)) in cases.iter().enumerate() {
        let dir = write(&root.path().join(i.to_string()), &good, &[]);
        fs::write(dir.join("transcript.jsonl"), transcript.clone() + "\n").unwrap();
        spoil(&dir);
        let output = hansard(root.path(), &["show", dir.to_str().unwrap()]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains(wanted), "{wanted:?} was expected: {message}");
        expect(1, output);
        list(dir.parent().unwrap()).unwrap();
    }
    // A crash's torn last line alone is forgiven, and said.
    let dir = write(&root.path().join("torn"), &good, &[]);
    fs::write(dir.join("transcript.jsonl"), format!("{transcript}\n{}", &transcript[..40])).unwrap();
    let output = hansard(root.path(), &["show", dir.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("torn"));
    assert!(expect(0, output).contains("Hello there."));
    // A take's link is not followed.
    let session = Session::open(&dir).unwrap();
    symlink("/etc/hostname", dir.join("tracks/track-0.wav")).unwrap();
    assert!(matches!(session.take_path(&session.manifest.takes[0]), Err(ReadError::Link { .. })));
}

// ---- for any words ----

fn rendered(format: Format, meeting: &Meeting, options: &exports::Options) -> String {
    String::from_utf8(format.render(meeting, options).unwrap()).unwrap()
}

/// Words that tempt every format, in odd order, by up to three people who may overlap.
fn any_meeting() -> impl Strategy<Value = Vec<Utterance>> {
    let word = prop_oneof![
        4 => "[a-z]{1,9}[.,?!]?",
        2 => "[-*_`#>+=~$&<|{\\\\\\[\\]()!:.0-9a-z/]{1,8}",
        1 => "[一-龥]{1,60}",
        1 => "[0-9]{1,3}[.)]",
        1 => "\\PC{1,6}",
        1 => Just("-->".to_owned()),
        1 => Just("x".repeat(100)),
        1 => Just("👩‍👩‍👧e\u{301}\u{301}".to_owned()),
        1 => Just("&amp;<br>{\\an8}".to_owned()),
    ];
    let line = (0..3usize, 0.0..4.0f64, prop::collection::vec(word, 1..30), 0.05..2.0f64, any::<bool>());
    prop::collection::vec(line, 0..12).prop_map(|lines| {
        let mut start = 0.0;
        let mut all = Vec::new();
        for (i, (who, after, words, pace, timed)) in lines.into_iter().enumerate() {
            start += after;
            let mut utterance = said(&format!("u{i}"), ["Alice", "Béla", "王"][who], start, &words.join(" "));
            utterance.end = start + pace * words.len() as f64;
            if !timed {
                utterance.words.truncate(words.len() / 2);
            }
            all.push(utterance);
        }
        all
    })
}

/// A paragraph with what others put in.
fn shown(paragraph: &Paragraph) -> String {
    let piece = |piece: &TurnPart| match piece.interjection {
        true => format!("({}: {})", piece.utterance.speaker, piece.text()),
        false => piece.text(),
    };
    paragraph.pieces.iter().map(piece).collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_format_loses_or_doubles_a_word(utterances in any_meeting()) {
        let root = tempfile::tempdir().unwrap();
        let dir = write(root.path(), &manifest("s", "S", START, &["Alice", "Béla", "王"]), &utterances);
        let session = Session::open(&dir).unwrap();
        let meeting = Meeting::new(&session, 2.0);
        let render = |format: Format| rendered(format, &meeting, &exports::Options::default());
        let spoken: Vec<String> =
            session.utterances.iter().map(|u| text::clean(&u.text)).filter(|text| !text.is_empty()).collect();
        let all: Vec<&str> = spoken.iter().map(String::as_str).collect();

        // Turns: every utterance once; one speaker each; in order.
        let mut told: std::collections::BTreeMap<&str, Vec<String>> = Default::default();
        for piece in meeting.turns.iter().flat_map(|turn| turn.pieces()) {
            told.entry(&piece.utterance.id).or_default().push(piece.text());
        }
        for said in &meeting.said {
            prop_assert_eq!(told.remove(said.id.as_str()).unwrap_or_default().join(" "), text::clean(&said.text));
        }
        prop_assert!(told.is_empty(), "{:?}", told);
        let own = |turn: &Turn| turn.pieces().all(|piece| piece.interjection != (piece.utterance.speaker == turn.speaker));
        prop_assert!(meeting.turns.iter().all(own));
        prop_assert!(meeting.turns.windows(2).all(|pair| pair[0].start <= pair[1].start));
        if all.is_empty() {
            return Ok(());
        }

        let (_, turns) = read_md(&render(Format::Md));
        let expected: Vec<String> = meeting.turns.iter().map(|turn| turn.paragraphs.iter().map(shown).collect::<Vec<_>>().join(" ")).collect();
        prop_assert_eq!(turns.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>(), expected.clone());
        let txt = render(Format::Txt);
        // Later paragraphs have their time before them.
        let untimed = |line: &'_ str| match line.split_at_checked("[00:00]".len()) {
            Some((time, said)) if time.starts_with('[') && time.ends_with(']') && time.as_bytes()[1..6].iter().all(|b| b.is_ascii_digit() || *b == b':') => said.trim_start().to_owned(),
            _ => line.to_owned(),
        };
        let body: Vec<String> = txt.lines().filter_map(|line| line.strip_prefix("    ")).map(untimed).collect();
        let body = body.iter().map(String::as_str);
        prop_assert_eq!(letters(body), letters(expected.iter().map(String::as_str)));
        let pieces: Vec<String> = meeting.turns.iter().flat_map(|turn| turn.pieces().map(TurnPart::text)).collect();
        prop_assert_eq!(page::lines(&render(Format::Html)), pieces);
        let json: Vec<serde_json::Value> = serde_json::from_str(&render(Format::Json)).unwrap();
        prop_assert_eq!(json.iter().map(|s| s["words"].as_str().unwrap()).collect::<Vec<_>>(), all.clone());

        // Captions of one speaker follow each other; sorting the letters makes overlap not matter.
        let sorted = |text: String| { let mut c: Vec<char> = text.chars().collect(); c.sort_unstable(); c };
        let vtt = read_vtt(&render(Format::Vtt));
        let captions = vtt.iter().flat_map(|(_, cue)| cue.lines.iter().map(String::as_str));
        prop_assert_eq!(sorted(letters(captions)), sorted(letters(all.clone())));
        let srt = read_srt(&render(Format::Srt));
        let named = |line: &str| ["Alice:", "Béla:", "王:"].iter().find_map(|name| line.strip_prefix(name).map(str::to_owned));
        let captions: Vec<String> = srt.iter().flat_map(|cue| {
            let mut lines = cue.lines.clone();
            lines[0] = named(&lines[0]).unwrap_or_else(|| lines[0].clone());
            lines
        }).collect();
        prop_assert_eq!(sorted(letters(captions.iter().map(String::as_str))), sorted(letters(all)));
    }

    /// Markdown shows the very characters, in a paragraph, a heading and a table's cell.
    #[test]
    fn markdown_shows_what_was_said(line in "[-*_`#>+=~$&;<|{}\\\\\\[\\]()!:.0-9a-z /\"'^@一]{1,40}") {
        let line = text::clean(&line);
        prop_assume!(!line.is_empty());
        let e = escape(&line);
        let doc = format!("# {e}\n\n{e}\n\n**{e}** x\n\n| a |\n|---|\n| {e} |\n");
        let mut shown = Vec::new();
        let mut block = String::new();
        for event in Parser::new_ext(&doc, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
            match event {
                Event::Start(Tag::Heading { .. } | Tag::Paragraph | Tag::TableCell) => block.clear(),
                Event::End(TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::TableCell) => shown.push(block.clone()),
                Event::Text(text) => block += &text,
                Event::Start(Tag::Strong | Tag::Table(_) | Tag::TableHead | Tag::TableRow) | Event::End(_) => {}
                other => prop_assert!(false, "{:?} from {:?}", other, doc),
            }
        }
        prop_assert_eq!(shown, vec![line.clone(), line.clone(), format!("{line} x"), "a".to_owned(), line]);
    }

    /// Whatever stands in the files of a session: an answer, never a panic.
    #[test]
    fn reading_never_panics(manifest_bytes in any::<Vec<u8>>(), line in "\\PC{0,80}", cut in 0..2000usize, put in any::<u8>()) {
        let root = tempfile::tempdir().unwrap();
        let dir = write(root.path(), &manifest("s", "S", START, &["Alice"]), &[said("u", "Alice", 1.0, "Hello there.")]);
        for name in ["session.json", "transcript.jsonl"] {
            let mut bytes = fs::read(dir.join(name)).unwrap();
            let at = cut % bytes.len();
            bytes[at] = put;
            fs::write(dir.join(name), bytes).unwrap();
        }
        if let Ok(session) = Session::open(&dir) {
            for format in &Format::ALL {
                format.render(&Meeting::new(&session, 2.0), &exports::Options::default()).unwrap();
            }
        }
        fs::write(dir.join("transcript.jsonl"), line).unwrap();
        let _ = Session::open(&dir);
        fs::write(dir.join("session.json"), manifest_bytes).unwrap();
        prop_assert!(Session::open(&dir).is_err());
    }
}

//! Formats for other people's programs, each read by something that is not ours: `others.py` says what reads
//! which. Where Python's packages are lacking the tests say so and pass, unless `HANSARD_TEST_ALL=1`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use hansard::base::utterance::Utterance;
use serde_json::{Value, json};

use super::outside::{python, run};
use super::sessions::{START, append, expect, hansard, journal, manifest, said, write};

const ALICE: &str = "Alice <&> \"A\": b";
const TITLE: &str = "\"Odd\": <t> | --- & 'x' #1";

/// A meeting of two with hostile names, one who is heard on two tracks at once, marks, a gap, a hidden
/// passage and a line that was held back.
fn meeting() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let mut manifest = manifest("others", TITLE, START, &[ALICE, "Béla"]);
    // It was plugged in later.
    manifest.takes[1].offset = 0.5;
    let of = |track: &str, line: Utterance| Utterance { track: track.into(), ..line };
    let utterances = [
        of("track-0", said("a1", ALICE, 1.0, "Good \"morning\", <all> | here.")),
        of("track-1", said("a2", ALICE, 1.5, "At the other microphone.")),
        of("track-1", said("b1", "Béla", 5.5, "We begin & end.")),
        of("track-0", said("a3", ALICE, 21.0, "Nobody shall read this.")),
        of(
            "track-1",
            Utterance { withheld: Some("no speech".into()), ..said("b2", "Béla", 30.0, "Thanks.") },
        ),
    ];
    let dir = write(root.path(), &manifest, &utterances);
    let gap = json!({"track": "track-1", "take": null, "from_frame": null, "at": 10.0, "frames": 144_000, "cause": "device_lost"});
    let events = vec![json!({"kind": "gap", "payload": gap})];
    journal(&dir, &manifest, events);
    let put = |n: u32, at: f64, kind: &str, text: &str| {
        let payload = json!({"id": format!("mark-{n}"), "at": at, "mark": kind, "text": text});
        append(&dir, json!({"kind": "mark", "payload": payload}));
    };
    put(1, 6.0, "action", "Béla asks | \"the\" <landlord>");
    put(2, 4.0, "decision", "We meet: on Fridays");
    append(&dir, json!({"kind": "hidden", "payload": {"id": "hide-1", "from": 20.0, "to": 24.0}}));
    (root, dir)
}

#[test]
fn the_programs_of_others_read_what_was_said_and_marked() {
    let (root, dir) = meeting();
    let export = |args: &[&str]| hansard(root.path(), &[&["export", "others", "--format"], args].concat());
    let all = "md,whisper,whisperx,eaf,textgrid,podcast,chapters,resolve,premiere";
    let done = export(&[all, "--front-matter"]);
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(told.contains("eaf: ELAN knows no sound that begins later"), "{told}");
    expect(0, done);
    let path = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    expect(0, export(&["podcast", "--words", "--output", &path("words.podcast.json")]));
    let drop = ["resolve", "--frame-rate", "29.97", "--drop-frame", "--start-timecode", "day"];
    expect(0, export(&[&drop[..], &["--output", &path("drop.edl")]].concat()));
    for entry in fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()) {
        let is_own = ["transcript.jsonl", "events.jsonl", "tracks"].iter().any(|own| entry.ends_with(own));
        let text = if is_own { String::new() } else { fs::read_to_string(&entry).unwrap() };
        assert!(!text.contains("Nobody"), "{} tells what is hidden", entry.display());
    }
    let Some(output) = run(Command::new(python()).args(["-c", include_str!("others.py")]).arg(&dir)) else {
        return;
    };
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    tiers(&read);
    markers(&read);
    lists(&read);
}

/// ELAN's and Praat's.
fn tiers(read: &Value) {
    let first = "Good \"morning\", <all> | here.";
    let tiers = &read["eaf"]["tiers"];
    assert_eq!(tiers[ALICE], json!([[1000, 2950, first]]));
    assert_eq!(tiers[format!("{ALICE} (2)")], json!([[1500, 3050, "At the other microphone."]]));
    assert_eq!(tiers["Béla"], json!([[5500, 7050, "We begin & end."]]));
    let words = format!("{ALICE} – words");
    assert_eq!(tiers[&words][1], json!([1400, 1750, "\"morning\","]));
    assert_eq!(read["eaf"]["parents"][&words], json!(ALICE));
    assert_eq!(tiers["Marks"][1][2], json!("Action: Béla asks | \"the\" <landlord>"));
    let notices = json!([
        [10000, 13000, "[Béla not recorded: device was unplugged]"],
        [20000, 24000, "[not for publication]"],
    ]);
    assert_eq!(tiers["Notices"], notices);
    assert_eq!(read["eaf"]["files"], json!(["./tracks/track-0.wav"]));
    assert_eq!(read["eaf"]["properties"]["title"], json!(TITLE));

    let tiers = &read["textgrid"]["tiers"];
    assert_eq!(read["textgrid"]["end"], json!(60.0));
    assert_eq!(tiers[ALICE], json!([[0.0, 1.0, ""], [1.0, 2.95, first], [2.95, 60.0, ""]]));
    assert_eq!(tiers[&words][2], json!([1.35, 1.4, ""]));
    assert_eq!(tiers[&words][3], json!([1.4, 1.75, "\"morning\","]));
    assert_eq!(tiers["Marks"][0], json!([4.0, "Decision: We meet: on Fridays"]));
    assert_eq!(tiers["Notices"][1], json!([10.0, 13.0, "[Béla not recorded: device was unplugged]"]));
}

/// Resolve's and Premiere's.
fn markers(read: &Value) {
    let edl = json!([
        ["01:00:04:00", "|C:ResolveColorGreen |M:Decision: We meet: on Fridays |D:1"],
        ["01:00:06:00", "|C:ResolveColorYellow |M:Action: Béla asks / \"the\" <landlord> |D:1"],
        ["01:00:10:00", "|C:ResolveColorRed |M:Notice: Béla not recorded: device was unplugged |D:75"],
        ["01:00:20:00", "|C:ResolveColorSand |M:Notice: not for publication |D:100"],
    ]);
    assert_eq!(read["edl"], edl);
    // By the clock of the zone, though frames were counted at 29.97 from the beginning of the day.
    assert_eq!(read["drop"][0][0], json!("09:30:04;00"));
    assert_eq!(read["drop"][2][0], json!("09:30:10;00"));
    let sequence = &read["sequence"];
    assert_eq!((sequence["name"].as_str(), sequence["start"].as_str()), (Some(TITLE), Some("00:00:00:00")));
    let markers = json!([
        [100, 0, "Decision", "We meet: on Fridays"],
        [150, 0, "Action", "Béla asks | \"the\" <landlord>"],
        [250, 75, "Notice", "Béla not recorded: device was unplugged"],
        [500, 100, "Notice", "not for publication"],
    ]);
    assert_eq!(sequence["markers"], markers);
}

/// Whisper's, the podcasts', and front matter.
fn lists(read: &Value) {
    let first = "Good \"morning\", <all> | here.";
    for name in ["whisper", "whisperx"] {
        assert_eq!(read[name][0], json!([1000, 3000, first]), "{name}");
        assert_eq!(read[name].as_array().unwrap().len(), 3, "{name}");
    }
    let segments = &read["podcast"]["segments"];
    assert_eq!(segments[0]["speaker"], json!(ALICE));
    assert_eq!(segments[0]["body"], json!(first));
    let ours = segments.as_array().unwrap().iter().filter(|segment| segment["speaker"] == "Hansard");
    assert_eq!(
        ours.map(|segment| &segment["body"]).collect::<Vec<_>>(),
        ["[Béla not recorded: device was unplugged]", "[not for publication]"]
    );
    assert_eq!(
        read["words"]["segments"][1],
        json!({"speaker": ALICE, "startTime": 1.4, "endTime": 1.75, "body": "\"morning\","})
    );
    let chapters = json!([
        {"startTime": 0.0, "title": TITLE},
        {"startTime": 4.0, "title": "Decision: We meet: on Fridays"},
        {"startTime": 6.0, "title": "Action: Béla asks | \"the\" <landlord>"},
    ]);
    assert_eq!(read["chapters"]["chapters"], chapters);
    let front = json!({
        "title": TITLE, "date": "2026-03-14", "start": "2026-03-14T09:30:00+01:00", "duration": "00:01:00",
        "attendees": [ALICE, "Béla"], "tags": ["meeting"], "hansard": "others",
    });
    assert_eq!(read["front"], front);
}

#[test]
fn whisper_s_words_keep_their_spaces_and_whisperx_has_speakers() {
    let (root, _dir) = meeting();
    let read = |format: &str| -> Value {
        let args = ["export", "others", "--format", format, "--output", "-"];
        serde_json::from_str(&expect(0, hansard(root.path(), &args))).unwrap()
    };
    let whisper = read("whisper");
    let text = " Good \"morning\", <all> | here. At the other microphone. We begin & end.";
    assert_eq!(whisper["text"], json!(text));
    let of = |key: &str| {
        whisper["segments"].as_array().unwrap().iter().map(|s| s[key].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (of("id"), of("seek")),
        (vec![json!(0), json!(1), json!(2)], vec![json!(100), json!(150), json!(550)])
    );
    let words = whisper["segments"].as_array().unwrap().iter().flat_map(|s| s["words"].as_array().unwrap());
    assert_eq!(words.map(|word| word["word"].as_str().unwrap()).collect::<String>(), text);
    assert_eq!(whisper["segments"][0]["words"][0]["probability"], json!(0.9));
    let x = read("whisperx");
    let word = json!({"word": "Good", "start": 1.0, "end": 1.35, "score": 0.9, "speaker": ALICE});
    assert_eq!((&x["segments"][0]["words"][0], &x["word_segments"][0]), (&word, &word));
    assert_eq!((x["segments"][2]["speaker"].as_str(), x["language"].as_str()), (Some("Béla"), Some("en")));
    let ours = |key: &str| {
        x["hansard"][key].as_array().unwrap().iter().map(|told| told["kind"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (ours("marks"), ours("notices")),
        (vec![json!("decision"), json!("action")], vec![json!("not_recorded"), json!("hidden")])
    );
    // What was held back says so in its own text, for those who read nothing else.
    let with = |format: &str| {
        let args = ["export", "others", "--withheld", "--format", format, "--output", "-"];
        expect(0, hansard(root.path(), &args))
    };
    assert!(with("whisperx").contains("\"text\": \"[withheld: no speech] Thanks.\""));
    assert!(with("eaf").contains(">Thanks. [withheld: no speech]<"));
}

#[test]
fn paragraphs_for_qualitative_analysis_have_a_stamp_and_a_speaker() {
    let (root, _dir) = meeting();
    let args = ["export", "others", "--format", "qda", "--output", "-"];
    let text = expect(0, hansard(root.path(), &args));
    let paragraphs: Vec<&str> = text.trim_end().split("\n\n").collect();
    let who = ALICE.replace(':', " –");
    let expected = [
        format!("#00:00:01-0# {who}: Good \"morning\", <all> | here. At the other microphone."),
        "#00:00:04-0# [Decision: We meet: on Fridays]".to_owned(),
        "#00:00:05-5# Béla: We begin & end.".to_owned(),
        "#00:00:06-0# [Action: Béla asks | \"the\" <landlord>]".to_owned(),
        "#00:00:10-0# [00:10–00:13 Béla not recorded: device was unplugged]".to_owned(),
        "#00:00:20-0# [00:20–00:24 not for publication]".to_owned(),
    ];
    assert_eq!(paragraphs, expected);
}

#[test]
fn front_matter_stays_and_actions_can_be_ticked() {
    let (root, dir) = meeting();
    expect(0, hansard(root.path(), &["export", "others", "--front-matter"]));
    let read = || fs::read_to_string(dir.join("minutes.md")).unwrap();
    let ticks = |md: &str| md.matches("\n- [ ] [00:06](#mark_2) · Béla asks").count();
    let first = read();
    assert_eq!((first.starts_with("---\ntitle: "), ticks(&first)), (true, 1), "{first}");
    assert!(first.contains("\n- [00:04](#mark_1) · We meet"), "only actions: {first}");
    // Minutes that are written again, because something was corrected, are still that note.
    expect(0, hansard(root.path(), &["edit", "others", "rename", "Béla", "Bela"]));
    let second = read();
    assert!(second.starts_with("---\ntitle: ") && second.contains(", \"Bela\"]\n"), "{second}");
    assert_eq!(ticks(&second), 1, "{second}");
    // Without it they are what they were.
    expect(0, hansard(root.path(), &["export", "others"]));
    assert!(read().starts_with("# ") && ticks(&read()) == 0);
}

#[test]
fn options_for_other_formats_are_refused_with_what_they_are_for() {
    let (root, _dir) = meeting();
    let refused = |args: &[&str]| {
        let output = hansard(root.path(), &[&["export", "others"], args].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        said
    };
    assert!(refused(&["--format", "txt", "--front-matter"]).contains("these have one: md"));
    assert!(
        refused(&["--format", "srt", "--frame-rate", "25"]).contains("these have one: resolve, premiere")
    );
    assert!(refused(&["--format", "resolve", "--drop-frame"]).contains("29.97 and 59.94"));
    assert!(refused(&["--format", "resolve", "--frame-rate", "26"]).contains("23.976"));
    assert!(refused(&["--format", "resolve", "--start-timecode", "01:00"]).contains("01:00:00:00"));
    assert!(refused(&["--format", "resolve", "--start-timecode", "01:00:00:25"]).contains("25 frames"));
}

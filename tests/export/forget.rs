//! What is forgotten of people who are known by their voices, and whose name counts: sessions that are built
//! through the public types, without sound and recognisers.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use hansard::base::units::Frames;
use hansard::session::disk::SystemDisk;
use hansard::session::lock::SessionLock;
use hansard::session::manifest::SourceKind;
use hansard::session::voices::{self, VECTORS, VOICES, VoiceEntry};
use serde_json::{Value, json};

use super::sessions::{START, expect, hansard, manifest};
use super::voices::{called, entry, print, session, session_of, talk, voiced};
use crate::support::chat::{answer, server};

/// Nobody but those of this folder is ever forgotten by a test.
fn forget(root: &Path, name: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hansard"))
        .args(["voices", "forget", name])
        .env("HANSARD_RECORDINGS", root)
        .env("HANSARD_VOICES", root.join("voices"))
        .output()
        .unwrap()
}

/// The room's first voice is Carol's, and the second one perhaps.
fn carols() -> [VoiceEntry; 4] {
    [
        VoiceEntry { print: print("Carol", true), ..entry(0, 1) },
        VoiceEntry { print: print("Carol", false), ..entry(0, 2) },
        VoiceEntry { print: print("Dan", false), ..entry(0, 3) },
        entry(1, 1),
    ]
}

/// No file of the session has that name.
fn is_nowhere(dir: &Path, name: &str) {
    for file in fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).filter(|file| file.is_file()) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(name.len()).any(|part| part == name.as_bytes()), "{}", file.display());
    }
}

#[test]
fn what_is_forgotten_leaves_no_byte() {
    let (root, dir) = session(&talk(), &carols());
    let centroid = [0.5_f32; 192];
    let ids = ["track-0#1", "track-0#2", "track-0#3", "track-1#1"].map(|id| (id, &centroid[..]));
    voices::write_vectors(&SystemDisk, &dir, ids.into_iter()).unwrap();
    // Lines that no version of ours wrote, and what a crash left behind.
    let path = dir.join(VOICES);
    let written = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{written}{{\"id\":\"Carol\"}}\n")).unwrap();
    fs::write(dir.join(format!(".{VOICES}.77.tmp")), &written).unwrap();
    expect(0, hansard(root.path(), &["export", "room", "--format", "md"]));
    assert!(fs::read_to_string(dir.join("minutes.md")).unwrap().contains("Carol"));

    let told = expect(0, forget(root.path(), "Carol"));
    assert!(told.contains("2 voices no longer known as Carol; its minutes were written again"), "{told}");
    is_nowhere(&dir, "Carol");
    assert_eq!(called(&dir)[0], "u1 Room, voice 1");
    let left = fs::read_to_string(&path).unwrap();
    assert!(left.contains("Dan") && left.lines().count() == 4, "{left}");
    let left = fs::read_to_string(dir.join(VECTORS)).unwrap();
    assert!(left.lines().count() == 2 && left.contains("track-0#3"), "{left}");

    let again = forget(root.path(), "Carol");
    assert!(String::from_utf8_lossy(&again.stderr).contains("nobody named \"Carol\""));
    expect(1, again);
    // What is there without anybody having enrolled it goes too.
    expect(0, forget(root.path(), "Dan"));
    is_nowhere(&dir, "Dan");
}

#[test]
fn a_summary_has_no_name_that_only_a_voice_told() {
    let (root, dir) = session(&talk(), &carols());
    let item = |text: &str| json!({ "kind": "topic", "text": text, "quote": "Good morning everybody", "lines": [1] });
    let items = [item("Carol says good morning everybody."), item("Carol met Zacharias.")];
    let server = server(move |_, _| answer(&items));
    let mut summarize = Command::new(env!("CARGO_BIN_EXE_hansard"));
    summarize.args(["summarize", "room", "--url", &server.url()]).env("HANSARD_RECORDINGS", root.path());
    // No index of anybody's own is touched.
    expect(0, summarize.env("XDG_CACHE_HOME", root.path().join("cache")).output().unwrap());
    let minutes = || expect(0, hansard(root.path(), &["export", "room", "--output", "-"]));
    assert!(minutes().contains("Carol says good morning everybody."), "{}", minutes());
    let file = fs::read_to_string(dir.join("summary.json")).unwrap();
    assert!(
        file.contains("{person:0} says good morning") && file.contains("{person:0} met Zacharias"),
        "{file}"
    );
    expect(0, forget(root.path(), "Carol"));
    is_nowhere(&dir, "Carol");
    assert!(minutes().contains("Room, voice 1 says good morning everybody."), "{}", minutes());
}

#[test]
fn what_could_not_be_changed_is_listed() {
    let (root, dir) = session(&talk(), &carols());
    expect(0, hansard(root.path(), &["export", "room", "--format", "md,txt,docx"]));
    let lock = SessionLock::take(&dir).unwrap();
    let refused = forget(root.path(), "Carol");
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        message.contains("is in use") && message.contains("say hansard voices forget again"),
        "{message}"
    );
    expect(2, refused);
    assert_eq!(called(&dir)[0], "u1 Carol");
    drop(lock);

    let minutes = dir.join("minutes.md");
    fs::write(&minutes, fs::read_to_string(&minutes).unwrap() + "Mine.\n").unwrap();
    let done = forget(root.path(), "Carol");
    let message = String::from_utf8_lossy(&done.stderr).into_owned();
    for part in ["minutes.md: these minutes were changed by hand", ".txt", ".docx"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    expect(2, done);
    assert!(fs::read_to_string(&minutes).unwrap().ends_with("Mine.\n"));
    assert_eq!(called(&dir)[0], "u1 Room, voice 1");
}

#[test]
fn exports_elsewhere_are_found_however_they_write_the_name() {
    let name = "Ann \"O'Neil\" & <Sons>";
    let (root, _) = session(&talk(), &[VoiceEntry { print: print(name, true), ..entry(0, 1) }]);
    let wanted = ["export", "room", "--no-sound", "--format", "md,html,json,eaf", "--output"];
    expect(0, hansard(root.path(), &[&wanted[..], &[root.path().to_str().unwrap()]].concat()));
    let done = forget(root.path(), name);
    let message = String::from_utf8_lossy(&done.stderr).into_owned();
    let made = fs::read_dir(root.path()).unwrap().map(|file| file.unwrap().file_name());
    let made: Vec<String> = made.map(|file| file.into_string().unwrap()).collect();
    for ending in ["md", "html", "json", "eaf"] {
        let file = made.iter().find(|file| file.ends_with(&format!(".{ending}"))).unwrap();
        assert!(message.contains(file), "{file}: {message}");
    }
    expect(2, done);
}

#[test]
fn a_name_that_a_person_wrote_stays() {
    let (root, dir) = session(&talk(), &carols());
    expect(0, hansard(root.path(), &["edit", "room", "name", "track-0#2", "Carol"]));
    expect(0, hansard(root.path(), &["export", "room", "--format", "md,txt"]));
    expect(0, forget(root.path(), "Carol"));
    assert_eq!(&called(&dir)[..2], ["u1 Room, voice 1", "u2 Carol"]);
    let minutes = fs::read_to_string(dir.join("minutes.md")).unwrap();
    assert!(minutes.contains("Carol") && minutes.contains("voice 1"), "{minutes}");
}

#[test]
fn a_source_that_has_a_name_keeps_it_whoever_it_sounds_like() {
    let entries = [entry(0, 1), entry(0, 2), VoiceEntry { print: print("Carol", true), ..entry(1, 1) }];
    let (root, dir) = session(&talk(), &entries);
    assert_eq!(called(&dir)[4], "u5 Alice");
    let told = expect(0, hansard(root.path(), &["voices", "room", "--json"]));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told[3]["name"], &told[3]["named_by"]), (&"Alice".into(), &"source".into()), "{told}");
}

#[test]
fn a_file_of_one_voice_that_nobody_named_is_that_persons() {
    let of = |name: &str, sure: bool| {
        let mut manifest = manifest("room", "An interview", START, &[name]);
        manifest.sources[0].kind = SourceKind::File;
        manifest.sources[0].spec = "file:/sound/interview.wav".into();
        let mut lines =
            vec![voiced("u1", 0, 0, 1.0, "Good morning."), voiced("u2", 0, 0, 4.0, "Let us begin.")];
        for line in &mut lines {
            line.speaker = name.into();
            line.to_frame = line.from_frame + Frames(48_000);
        }
        session_of(&manifest, &lines, &[VoiceEntry { print: print("Carol", sure), ..entry(0, 1) }])
    };
    let (root, dir) = of("interview", true);
    assert_eq!(called(&dir), ["u1 Carol", "u2 Carol"]);
    let minutes = expect(0, hansard(root.path(), &["export", "room", "--output", "-"]));
    assert!(minutes.contains("Carol") && !minutes.contains("interview ·"), "{minutes}");
    let told: Value =
        serde_json::from_str(&expect(0, hansard(root.path(), &["voices", "room", "--json"]))).unwrap();
    assert_eq!((&told[0]["lines"], &told[0]["named_by"]), (&2.into(), &"print".into()), "{told}");
    // A person's word counts more, and none of it writes the print's name down.
    expect(0, hansard(root.path(), &["edit", "room", "speaker", "u2", "Eve"]));
    expect(0, hansard(root.path(), &["edit", "room", "rename", "Carol", "Caroline"]));
    assert_eq!(called(&dir), ["u1 Caroline", "u2 Eve"]);
    for file in ["events.jsonl", "transcript.jsonl"] {
        let text = fs::read_to_string(dir.join(file)).unwrap();
        assert!(!text.contains("\"Carol\""), "{file}: {text}");
    }
    assert_eq!(called(&of("interview", false).1), ["u1 interview", "u2 interview"]);
    assert_eq!(called(&of("Greta", true).1), ["u1 Greta", "u2 Greta"], "it was named");
}

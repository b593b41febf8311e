//! One microphone, many people: what voices are called, how people say who they are.
//! Names are made at reading: no file of a session has one that comes from a voice print.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use hansard::base::units::{SampleFormat, SampleRate};
use hansard::base::utterance::Utterance;
use hansard::session::disk::SystemDisk;
use hansard::session::manifest::{Manifest, SourceKind};
use hansard::session::reading::Session;
use hansard::session::voices::{Print, VOICES, VoiceEntry, Voices, id};
use hansard::session::wav::Layout;
use serde_json::{Value, json};

use super::sessions::{START, append, expect, hansard, journal, manifest, said, write};

/// A line of a voice of a track.
pub(super) fn voiced(id: &str, track: u32, voice: u32, start: f64, text: &str) -> Utterance {
    let (track, speaker) = (format!("track-{track}"), ["Room", "Alice"][track as usize]);
    let voice = (voice > 0).then(|| self::id(&track, voice));
    Utterance { track, voice, ..said(id, speaker, start, text) }
}

pub(super) fn entry(track: u32, number: u32) -> VoiceEntry {
    let track = format!("track-{track}");
    let id = id(&track, number);
    VoiceEntry { id, track, number, seconds: 12.5, first: 1.0, sample: None, linked: None, print: None }
}

pub(super) fn print(name: &str, sure: bool) -> Option<Print> {
    Some(Print { name: name.into(), person: "p".into(), cosine: if sure { 0.7 } else { 0.4 }, sure })
}

/// A recordings folder with a session of a room and of Alice, whose text is complete.
pub(super) fn session(lines: &[Utterance], entries: &[VoiceEntry]) -> (tempfile::TempDir, PathBuf) {
    session_of(&manifest("room", "In the room", START, &["Room", "Alice"]), lines, entries)
}

pub(super) fn session_of(
    manifest: &Manifest,
    lines: &[Utterance],
    entries: &[VoiceEntry],
) -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let dir = write(root.path(), manifest, lines);
    let tracks: Vec<Value> =
        manifest.sources.iter().map(|source| json!({"track": source.track, "until": null})).collect();
    let reached = json!({"kind": "text_reached", "payload": {"tracks": tracks, "complete": true}});
    journal(&dir, manifest, vec![reached]);
    Voices::write(&SystemDisk, &dir, &Voices { entries: entries.to_vec(), ..Voices::default() }).unwrap();
    let layout = Layout { rate: SampleRate::HZ_48000, channels: 1, format: SampleFormat::S16 };
    for take in &manifest.takes {
        // Each frame says where it is.
        let samples = (0..take.frames.0).flat_map(|n| ((n / 480) as i16).to_le_bytes());
        let mut bytes = layout.header(take.frames.0 * 2).unwrap();
        assert_eq!(bytes.len() as u64, take.data_offset);
        bytes.extend(samples);
        fs::write(dir.join(&take.file), bytes).unwrap();
    }
    (root, dir)
}

/// Five lines of three people in the room, and one of Alice.
pub(super) fn talk() -> Vec<Utterance> {
    vec![
        voiced("u1", 0, 1, 1.0, "Good morning everybody."),
        voiced("u2", 0, 2, 4.0, "Good morning, the coffee is ready over there."),
        voiced("u3", 0, 3, 9.0, "May I say something?"),
        voiced("u4", 0, 2, 12.0, "Please do go on."),
        voiced("u5", 1, 1, 20.0, "I can hear you well."),
        voiced("u6", 0, 0, 24.0, "Hm."),
        voiced("u7", 0, 2, 28.0, "Then let us begin now."),
    ]
}

pub(super) fn edit(root: &Path, args: &[&str]) -> String {
    expect(0, hansard(root, &[&["edit", "room"], args].concat()))
}

pub(super) fn refused(root: &Path, args: &[&str], part: &str) {
    let output = hansard(root, &[&["edit", "room"], args].concat());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains(part), "{args:?}: no {part:?} in {message}");
    expect(1, output);
}

/// What each line is called, `u1 Carol`, in order.
pub(super) fn called(dir: &Path) -> Vec<String> {
    let session = Session::open(dir).unwrap();
    session.utterances.iter().map(|line| format!("{} {}", line.id, line.speaker)).collect()
}

#[test]
fn a_voice_goes_by_the_best_name_that_there_is() {
    let entries = [
        VoiceEntry { print: print("Carol", true), ..entry(0, 1) },
        VoiceEntry { print: print("Dan", false), ..entry(0, 2) },
        VoiceEntry { linked: Some("track-1#1".into()), ..entry(0, 3) },
        entry(1, 1),
    ];
    let (root, dir) = session(&talk(), &entries);
    let by_machine = [
        "u1 Carol",
        "u2 Room, voice 2",
        "u3 Alice",
        "u4 Room, voice 2",
        "u5 Alice",
        "u6 Room",
        "u7 Room, voice 2",
    ];
    assert_eq!(called(&dir), by_machine);

    // A person's word for a voice counts more than a print, and for a line more than for a voice.
    assert_eq!(
        edit(root.path(), &["name", "Room, voice 2", "Dan Weiss"]),
        "Room, voice 2 is Dan Weiss now\n"
    );
    edit(root.path(), &["rename", "Carol", "Caroline"]);
    edit(root.path(), &["speaker", "u4", "Eve"]);
    // Alice is one, on both tracks.
    edit(root.path(), &["rename", "Alice", "Alicia"]);
    edit(root.path(), &["rename", "Room", "Hall"]);
    let by_people =
        ["u1 Caroline", "u2 Dan Weiss", "u3 Alicia", "u4 Eve", "u5 Alicia", "u6 Hall", "u7 Dan Weiss"];
    assert_eq!(called(&dir), by_people);
    // Who was named by a person may be named again.
    edit(root.path(), &["rename", "Dan Weiss", "Daniel"]);
    assert_eq!(called(&dir)[1], "u2 Daniel");
    refused(root.path(), &["rename", "Daniel", "Eve"], "merge");
    refused(root.path(), &["name", "Daniel", "Daniel"], "already so");
    refused(root.path(), &["name", "Nobody", "X"], "no speaker \"Nobody\"");
    // By the id, as `hansard voices` tells it.
    edit(root.path(), &["name", "track-0#2", "Dana"]);
    assert_eq!(called(&dir)[1], "u2 Dana");
    expect(0, hansard(root.path(), &["show", "room"]));
}

#[test]
fn no_file_has_a_name_that_comes_from_a_voice_print() {
    let entries = [VoiceEntry { print: print("Carol", true), ..entry(0, 1) }, entry(0, 2), entry(0, 3)];
    let (root, dir) = session(&talk(), &entries);
    for args in [
        &["line", "u1", "Good morning to all of you."][..],
        &["withhold", "u1"],
        &["restore", "u1"],
        &["merge", "Room, voice 2", "Carol"],
        &["hide", "--from=2.5s", "--to=2.6s"],
    ] {
        edit(root.path(), args);
        assert_eq!(called(&dir)[0], "u1 Carol", "{args:?}: a corrected text does not fix who said it");
    }
    assert_eq!(called(&dir)[1], "u2 Carol");
    edit(root.path(), &["rename", "Carol", "Caro"]);
    assert_eq!(called(&dir)[..2], ["u1 Caro", "u2 Caro"]);
    for file in ["transcript.jsonl", "events.jsonl", "session.json"] {
        let text = fs::read_to_string(dir.join(file)).unwrap();
        assert!(!text.contains("Carol"), "{file}: {text}");
    }
    // The source's name stays the line's own: what it is called is made when it is read.
    assert!(Session::open(&dir).unwrap().latest().iter().all(|line| line.speaker != "Caro"));
}

#[test]
fn merged_voices_are_one_whatever_they_are_called_later() {
    let (root, dir) = session(&talk(), &[]);
    edit(root.path(), &["merge", "Room, voice 3", "Room, voice 1"]);
    assert_eq!(called(&dir)[..3], ["u1 Room, voice 1", "u2 Room, voice 2", "u3 Room, voice 1"]);
    edit(root.path(), &["name", "Room, voice 1", "Frida"]);
    edit(root.path(), &["rename", "Frida", "Frieda"]);
    assert_eq!(called(&dir)[..3], ["u1 Frieda", "u2 Room, voice 2", "u3 Frieda"]);
    // Into somebody with a microphone of her own.
    edit(root.path(), &["merge", "Room, voice 2", "Alice"]);
    edit(root.path(), &["rename", "Alice", "Alicia"]);
    assert_eq!(called(&dir)[1..5], ["u2 Alicia", "u3 Frieda", "u4 Alicia", "u5 Alicia"]);
    // All that is left is one person.
    edit(root.path(), &["merge", "Frieda", "Alicia"]);
    assert_eq!(called(&dir)[..3], ["u1 Alicia", "u2 Alicia", "u3 Alicia"]);
    refused(root.path(), &["merge", "Alicia", "Alicia"], "already so");

    let (root, dir) = session(&talk(), &[]);
    refused(root.path(), &["merge", "Alice", "Room, voice 2"], "nobody has said whose voice");
    refused(root.path(), &["name", "Room, voice 1", "Room, voice 2"], "merge");
    edit(root.path(), &["merge", "Room, voice 1", "Room, voice 2"]);
    edit(root.path(), &["merge", "Room, voice 3", "Room, voice 2"]);
    // The room has one voice then.
    assert!(called(&dir).iter().all(|line| line.ends_with(" Room") || line.ends_with(" Alice")));
}

#[test]
fn a_corrected_line_teaches_its_voice() {
    let (root, dir) = session(&talk(), &[]);
    edit(root.path(), &["speaker", "u2", "Greta"]);
    let all = ["u2 Greta", "u3 Room, voice 3", "u4 Greta"];
    assert_eq!((&called(&dir)[1..4], called(&dir)[6].as_str()), (&all.map(String::from)[..], "u7 Greta"));
    edit(root.path(), &["rename", "Greta", "Margarete"]);
    assert_eq!(called(&dir)[6], "u7 Margarete");
    // People contradict each other: nothing is learned, and what they wrote stands.
    edit(root.path(), &["speaker", "u4", "Hugo"]);
    let all = called(&dir);
    assert_eq!([&all[1], &all[3], &all[6]], ["u2 Margarete", "u4 Hugo", "u7 Room, voice 2"]);
    // A voice that has a name does not learn.
    edit(root.path(), &["name", "Room, voice 2", "Ida"]);
    edit(root.path(), &["name", "Room, voice 1", "Jo"]);
    edit(root.path(), &["speaker", "u1", "Kim"]);
    let all = called(&dir);
    assert_eq!([&all[0], &all[1], &all[3], &all[6]], ["u1 Kim", "u2 Margarete", "u4 Hugo", "u7 Ida"]);
    assert!(expect(0, hansard(root.path(), &["voices", "room"])).contains("Jo\n"));
    // The source's own name is an answer too; and one line that is another voice's teaches nothing.
    let (root, dir) = session(&talk(), &[]);
    edit(root.path(), &["speaker", "u2", "Room"]);
    edit(root.path(), &["line", "u2", "Corrected."]);
    assert_eq!([&called(&dir)[1], &called(&dir)[6]], ["u2 Room", "u7 Room"]);
    edit(root.path(), &["speaker", "u1", "Room, voice 3"]);
    refused(root.path(), &["speaker", "u1", "Room, voice 3"], "already so");
    assert_eq!(called(&dir)[0], "u1 Room, voice 3");
    edit(root.path(), &["name", "Room, voice 3", "Lou"]);
    assert_eq!(called(&dir)[0], "u1 Lou");

    // Somebody came to a microphone that is one person's.
    let lines = [voiced("u1", 1, 1, 1.0, "Hello there."), voiced("u2", 1, 1, 5.0, "And it is me.")];
    let (root, dir) = session(&lines, &[]);
    edit(root.path(), &["speaker", "u1", "Guest"]);
    assert_eq!(called(&dir), ["u1 Guest", "u2 Alice"]);
}

#[test]
fn voices_of_a_file_that_nobody_named_have_numbers_alone() {
    let of = |names: &[(&str, &str)]| {
        let people: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let mut manifest = manifest("room", "Files", START, &people);
        for (source, (_, file)) in manifest.sources.iter_mut().zip(names) {
            (source.kind, source.spec) = (SourceKind::File, format!("file:/home/x/{file}"));
        }
        let line = |(n, name): (usize, &&str)| {
            [1, 2].map(|voice| {
                let start = f64::from(voice) + 10.0 * n as f64;
                let line = said(&format!("{n}{voice}"), name, start, "Yes.");
                let track = format!("track-{n}");
                Utterance { voice: Some(id(&track, voice as u32)), track, ..line }
            })
        };
        let lines: Vec<Utterance> = people.iter().enumerate().flat_map(line).collect();
        let (root, dir) = session_of(&manifest, &lines, &[]);
        let names: Vec<String> =
            Session::open(&dir).unwrap().utterances.into_iter().map(|line| line.speaker).collect();
        (root, dir, names)
    };
    for (names, expected) in [
        (&[("interview", "interview.wav")][..], &["Voice 1", "Voice 2"][..]),
        (&[("a.b track 2 1 (2)", "a.b.mkv#track2#1")], &["Voice 1", "Voice 2"]),
        (&[("Panel", "interview.wav")], &["Panel, voice 1", "Panel, voice 2"]),
        (
            &[("one", "one.wav"), ("two", "two.wav")],
            &["one, voice 1", "one, voice 2", "two, voice 1", "two, voice 2"],
        ),
    ] {
        assert_eq!(of(names).2, expected, "{names:?}");
    }
    let (root, dir, _) = of(&[("interview", "interview.wav")]);
    edit(root.path(), &["name", "Voice 2", "Carol Weiss"]);
    edit(root.path(), &["rename", "interview", "Board"]);
    assert_eq!(called(&dir), ["01 Board, voice 1", "02 Carol Weiss"]);
}

#[test]
fn whatever_stands_among_the_voices_the_session_is_read() {
    let (root, dir) = session(&talk(), &[]);
    let plain = called(&dir);
    let set = |text: &str| fs::write(dir.join(VOICES), text).unwrap();
    for junk in
        ["\0\0\0\0", "[", "{}\n{}\n", "null\n", &"[".repeat(200_000), "\u{feff}", &"x".repeat(3 << 20)]
    {
        set(junk);
        assert_eq!(called(&dir), plain);
    }
    // Links and mergers in circles, to nobody, to itself.
    let linked = |n: u32, to: &str| VoiceEntry { linked: Some(to.into()), ..entry(0, n) };
    let entries = vec![linked(1, "track-0#2"), linked(2, "track-0#1"), linked(3, "track-9#9")];
    Voices::write(&SystemDisk, &dir, &Voices { entries, ..Voices::default() }).unwrap();
    for (from, into) in [
        ("track-0#3", "track-0#3"),
        ("track-0#1", "x"),
        ("x", "y"),
        ("y", "track-0#1"),
        ("track-7#1", "track-0#3"),
    ] {
        append(&dir, json!({"kind": "voice_merged", "payload": {"from": from, "into": into}}));
    }
    append(
        &dir,
        json!({"kind": "voice_named", "payload": {"voice": "track-0#3", "name": "\u{1b}[2J\u{202e}M"}}),
    );
    append(&dir, json!({"kind": "voice_named", "payload": {"voice": 7}}));
    expect(0, hansard(root.path(), &["voices", "room"]));
    let shown = expect(0, hansard(root.path(), &["show", "room"]));
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "a terminal would obey this");
    fs::remove_file(dir.join(VOICES)).unwrap();
    assert_eq!(called(&dir).len(), plain.len());
    symlink("/etc/passwd", dir.join(VOICES)).unwrap();
    let output = hansard(root.path(), &["show", "room"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("symbolic link"));
    expect(1, output);
    // An export never takes its place.
    fs::remove_file(dir.join(VOICES)).unwrap();
    let file = dir.join(VOICES);
    fs::write(&file, "").unwrap();
    expect(1, hansard(root.path(), &["export", "room", "--force", "--output", file.to_str().unwrap()]));
    // Voices that no id can be.
    let odd = [Utterance { voice: Some("room".into()), ..voiced("u1", 0, 0, 1.0, "Yes.") }];
    let (_root, dir) = session(&odd, &[]);
    assert_eq!(called(&dir), ["u1 Room"]);
}

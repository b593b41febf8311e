//! Who speaks when, and over whom: turns of voices that speak at once.

use std::fs;
use std::path::{Path, PathBuf};

use hansard::session::disk::SystemDisk;
use hansard::session::voices::{VOICES, Voices, id};
use serde_json::{Value, json};

use super::sessions::{expect, hansard};
use super::voices::{edit, entry, session, voiced};

#[test]
fn voices_that_speak_at_once_have_a_turn_each() {
    let lines = [
        voiced("u1", 0, 1, 1.0, "I think that we should do it as it was said in the last meeting of ours."),
        voiced("u2", 0, 2, 3.0, "No, not at all, it was never said like that in any meeting."),
    ];
    let (root, _dir) = session(&lines, &[]);
    let md = expect(0, hansard(root.path(), &["export", "room", "--output", "-"]));
    assert!(md.contains("while Room, voice 1 still spoke"), "{md}");
    assert!(
        md.contains("as it was said in the last meeting of ours.") && md.contains("in any meeting."),
        "{md}"
    );
}

/// Who speaks from when on and for how long, `1.000 2.000 Alice`, as RTTM tells it; its comments apart.
fn speaking(root: &Path, args: &[&str]) -> (Vec<String>, Vec<String>) {
    let args = [&["export", "room", "--output", "-", "--format=rttm"], args].concat();
    let text = expect(0, hansard(root, &args));
    let (comments, lines): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with(";;"));
    let told = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        assert_eq!((fields.len(), fields[0], fields[1]), (10, "SPEAKER", "room"));
        format!("{} {} {}", fields[3], fields[4], fields[7])
    };
    (lines.into_iter().map(told).collect(), comments.into_iter().map(str::to_owned).collect())
}

/// The room's first voice speaks until 5 s, the second from 4 s; what the third says was not written down.
fn overlapping() -> (tempfile::TempDir, PathBuf) {
    let lines = [
        voiced("u1", 0, 1, 1.0, "I think that we should go on."),
        voiced("u2", 0, 2, 4.2, "No, not at all, it was never said like that."),
        voiced("u3", 0, 1, 9.0, "Then let us vote on it now, all of us."),
        voiced("u4", 1, 0, 14.0, "I can hear you."),
    ];
    let entries = [entry(0, 1), entry(0, 2)];
    let (root, dir) = session(&lines, &entries);
    let turns = [
        (id("track-0", 1), vec![(0.8, 5.0), (8.9, 13.0)]),
        (id("track-0", 2), vec![(4.0, 8.5), (10.0, 10.4), (20.0, 21.5)]),
    ];
    let voices = Voices { entries: entries.to_vec(), turns: turns.into() };
    Voices::write(&SystemDisk, &dir, &voices).unwrap();
    (root, dir)
}

#[test]
fn who_speaks_when_is_told_with_what_overlaps_and_under_the_names_that_count() {
    let (root, dir) = overlapping();
    let (told, comments) = speaking(root.path(), &[]);
    let by_machine = [
        "0.800 4.200 Room,_voice_1",
        "4.000 4.500 Room,_voice_2",
        "8.900 4.100 Room,_voice_1",
        "10.000 0.400 Room,_voice_2",
        "14.000 1.550 Alice",
        "20.000 1.500 Room,_voice_2",
    ];
    assert_eq!(told, by_machine);
    // Alice's track has no turns: she is told by her line.
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].ends_with("told apart there: Alice"), "{comments:?}");
    assert_eq!(speaking(root.path(), &["--to=4s"]).0, ["0.800 3.200 Room,_voice_1"]);
    assert_eq!(speaking(root.path(), &["--speaker=Alice"]).0, by_machine[4..5]);

    edit(root.path(), &["name", "Room, voice 2", "Carol"]);
    edit(root.path(), &["speaker", "u2", "Eve"]);
    edit(root.path(), &["hide", "--from=20.5s", "--to=30s"]);
    let by_people = [
        "0.800 4.200 Room,_voice_1",
        "4.000 4.500 Eve",
        "8.900 4.100 Room,_voice_1",
        "10.000 0.400 Carol",
        "14.000 1.550 Alice",
        "20.000 0.500 Carol",
    ];
    assert_eq!(speaking(root.path(), &[]).0, by_people);
    edit(root.path(), &["merge", "Carol", "Room, voice 1"]);
    let merged =
        ["0.800 3.400 Room", "4.000 4.500 Eve", "8.900 4.100 Room", by_people[4], "20.000 0.500 Room"];
    assert_eq!(speaking(root.path(), &[]).0, merged);

    // Without the file of voices the lines stand in.
    fs::remove_file(dir.join(VOICES)).unwrap();
    let (told, comments) = speaking(root.path(), &[]);
    assert_eq!(told[0], "1.000 2.750 Room");
    assert!(comments[0].ends_with("told apart there: Alice, Eve, Room"), "{comments:?}");
}

#[test]
fn who_speaks_while_another_of_the_room_still_does_is_marked_so() {
    let (root, _dir) = overlapping();
    let of =
        |format| expect(0, hansard(root.path(), &["export", "room", "--output", "-", "--format", format]));
    let md = of("md");
    assert_eq!(md.matches("while Room, voice 1 still spoke").count(), 1, "{md}");
    // The third line goes on with what its voice says, whatever another puts in.
    assert_eq!(md.matches("still spoke").count(), 1, "{md}");
    let segments: Vec<Value> = serde_json::from_str(&of("json")).unwrap();
    let overlaps: Vec<&Value> = segments.iter().map(|segment| &segment["overlap"]).collect();
    let beside = |who: &str| json!([{"speaker": who, "start_time": 4.0, "end_time": 5.0}]);
    let (first, second) = (beside("Room, voice 2"), beside("Room, voice 1"));
    assert_eq!(overlaps, [&first, &second, &Value::Null, &Value::Null]);
}

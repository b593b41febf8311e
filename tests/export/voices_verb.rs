//! `hansard voices`, and what doctor tells of voices: they are listed, played, and counted over meetings.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use hansard::base::units::Frames;
use hansard::doctor::voices::{LastMeeting, VoicesReport, judge, last_meeting};
use hansard::session::voices::{Sample, VoiceEntry};
use serde_json::{Value, json};

use super::sessions::{START, expect, hansard, manifest, write};
use super::voices::{edit, entry, print, session, session_of, talk, voiced};

#[test]
fn the_verb_lists_voices_and_lets_them_be_heard() {
    let sample = Sample { take: 1, from: Frames(48_000), to: Frames(4 * 48_000) };
    let entries = [
        VoiceEntry { print: print("Carol", true), sample: Some(sample), ..entry(0, 1) },
        VoiceEntry { print: print("Dan", false), ..entry(0, 2) },
        VoiceEntry { linked: Some("track-1#1".into()), ..entry(0, 3) },
    ];
    let (root, dir) = session(&talk(), &entries);
    let run = |args: &[&str]| hansard(root.path(), &[&["voices", "room"], args].concat());
    let list = expect(0, run(&[]));
    for part in [
        " 1  Carol\n",
        "13 s in 1 line, first heard at 00:01; track-0#1, known by the voice",
        " 2  Room, voice 2 – perhaps Dan?\n",
        "in 3 lines, first heard at 00:01; track-0#2\n",
        "track-0#3, the same as track-1#1\n",
        " 4  Alice\n",
        "--play 2\n",
        " name 'Room, voice 2' NAME\n",
    ] {
        assert!(list.contains(part), "no {part:?} in\n{list}");
    }
    let listed: Vec<Value> = serde_json::from_str(&expect(0, run(&["--json"]))).unwrap();
    let told = |n: usize| (listed[n]["number"].clone(), listed[n]["id"].clone(), listed[n]["name"].clone());
    assert_eq!(told(1), (json!(2), json!("track-0#2"), json!("Room, voice 2")));
    assert_eq!(
        (&listed[1]["perhaps"], &listed[0]["named_by"], &listed[1]["lines"]),
        (&json!("Dan"), &json!("print"), &json!(3))
    );

    // Where it is said that the voice is alone; else in its longest line.
    let path = root.path().join("v.wav");
    let frames = |asked: &str| {
        expect(0, run(&["--sample", asked, path.to_str().unwrap()]));
        let samples: Vec<i16> =
            hound::WavReader::open(&path).unwrap().samples().map(Result::unwrap).collect();
        (samples.len(), samples[0])
    };
    assert_eq!(frames("1"), (3 * 48_000, 100));
    assert_eq!(frames("track-0#2"), (8 * 19_200, 400));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // Nothing that is hidden is heard.
    edit(root.path(), &["hide", "--from=4.5s", "--to=5s"]);
    assert_eq!(frames("2").1, 2800);
    fs::write(&path, "mine").unwrap();
    expect(1, run(&["--sample", "1", path.to_str().unwrap()]));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    let piped = run(&["--sample", "1", "-"]);
    assert!(piped.status.success() && piped.stdout.starts_with(b"RIFF"));
    for (args, part) in [
        (&["--sample", "9", "-"][..], "there is no voice \"9\": this session has 4 voices"),
        (&["--play", "Nobody"], "there is no voice"),
    ] {
        let output = run(args);
        assert!(String::from_utf8_lossy(&output.stderr).contains(part), "{output:?}");
        expect(1, output);
    }

    // What plays is whatever is there.
    let bin = tempfile::tempdir().unwrap();
    let play = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hansard"));
        command.args(["voices", "room", "--play", "1"]).env("HANSARD_RECORDINGS", root.path());
        command.env("PATH", bin.path()).output().unwrap()
    };
    let output = play();
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("install one of paplay, pw-play, aplay, ffplay")
    );
    expect(1, output);
    let heard = root.path().join("heard");
    let player = bin.path().join("aplay");
    fs::write(&player, format!("#!/bin/sh\n/bin/cat \"$2\" > {}\n", heard.display())).unwrap();
    fs::set_permissions(&player, fs::Permissions::from_mode(0o755)).unwrap();
    expect(0, play());
    assert_eq!(fs::read(&heard).unwrap(), piped.stdout);
    drop(dir);

    let (root, _dir) = session(&[voiced("u1", 0, 0, 1.0, "Yes.")], &[]);
    let none = expect(0, hansard(root.path(), &["voices", "room"]));
    assert!(none.starts_with("No voices were told apart"), "{none}");
}

#[test]
fn doctor_tells_of_the_last_meeting_in_which_a_microphone_was_shared() {
    let mut manifest = manifest("room", "In the room", START, &["Room", "Alice"]);
    manifest.sources[1].device = Some("pulseaudio:alsa_input.headset".into());
    let (root, dir) = session_of(&manifest, &talk(), &[]);
    let of = |n: usize| last_meeting(root.path(), &manifest.sources[n]).map(|last| last.voices);
    assert_eq!((of(0), of(1)), (Some(3), Some(1)));
    edit(root.path(), &["merge", "Room, voice 3", "Room, voice 1"]);
    assert_eq!(of(0), Some(2), "two of them were one");
    // One in which nobody spoke says nothing; another device or channel is another source.
    let mut later = manifest.clone();
    (later.id, later.start.utc) = ("later".into(), "2027-03-14T08:30:00Z".parse().unwrap());
    write(root.path(), &later, &[]);
    assert_eq!(of(0), Some(2));
    let mut other = manifest.sources[0].clone();
    other.channel = Some(2);
    assert_eq!(last_meeting(root.path(), &other), None);
    assert_eq!(last_meeting(&dir.join("nowhere"), &manifest.sources[0]), None);

    let last_meeting = last_meeting(root.path(), &manifest.sources[0]);
    assert_eq!(last_meeting, Some(LastMeeting { session: "room".into(), voices: 2 }));
    let report = VoicesReport { last_meeting, ..VoicesReport::default() };
    let told = judge("Desk", &report, None).unwrap();
    assert!(told.text.contains("in the last meeting that it was in (room): 2 voices"), "{told:?}");
    assert!(told.advice.contains("told apart by their voices"), "{told:?}");
    assert!(
        judge("Desk", &report, Some(1)).unwrap().advice.contains("speakers = 1 leaves them under one name")
    );
    let now = VoicesReport { voices: Some(3), speech_s: 20.0, ..report };
    assert!(judge("Desk", &now, None).unwrap().text.contains("3 voices just now"));
    assert_eq!(judge("Desk", &VoicesReport { voices: Some(1), last_meeting: None, ..now }, None), None);
}

//! Sessions that somebody damaged, by accident or by intent: whatever stands in their files, nothing panics,
//! nothing goes on for ever, nothing outside of the session is written or read, and nothing that was there is
//! deleted.

#![cfg(unix)]

mod crash;
mod mutate;
mod outside;
mod through;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use hansard::care::verify::{Standing, verify};
use hansard::session::journal::Event;
use hansard::session::manifest::{Manifest, State};
use hansard::session::reading::Session;
use proptest::prelude::*;

use crate::support::home::Home;
use mutate::Mutation;
use outside::World;
use through::mend;

/// Files of a session that are read back.
const FILES: &[&str] =
    &["events.jsonl", "session.json", "transcript.jsonl", "tracks/a.wav", "tracks/b.wav", ".exports.json"];

/// Finished sessions to begin with: one in order, one whose recorder was killed.
static SESSIONS: LazyLock<(Home, PathBuf, PathBuf)> = LazyLock::new(|| {
    let home = Home::new();
    let sources =
        ["--source=A=synth:coded,secs=0,rate=8000,bits=16", "--source=B=synth:coded,secs=0,rate=8000"];
    let mut running = home.start(["record", "--no-transcribe"].iter().chain(&sources));
    let killed = running.records(&home, 1.3);
    running.signal("KILL");
    running.end();
    let ran = home.run(["record", "--no-transcribe", "--for=2.2s"].iter().chain(&sources));
    assert!(matches!(ran.code, Some(0 | 2)), "{ran:?}");
    let whole = home.sessions().into_iter().find(|dir| *dir != killed).unwrap();
    // The second recording may have mended the first one: it is put back into the state of a killed one.
    fs::remove_file(killed.join("session.json")).unwrap();
    let journal = fs::read_to_string(killed.join("events.jsonl")).unwrap();
    let lines = journal.lines().take_while(|line| !line.contains("\"recovered\""));
    fs::write(killed.join("events.jsonl"), lines.map(|line| format!("{line}\n")).collect::<String>())
        .unwrap();
    for dir in [&whole, &killed] {
        fs::write(dir.join("transcript.jsonl"), mutate::transcript(2)).unwrap();
        for file in ["transcript.jsonl", "events.jsonl"] {
            fs::set_permissions(dir.join(file), fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    home.run(["export", whole.to_str().unwrap(), "--format=md,json"]).expect(0);
    (home, whole, killed)
});

/// A world of its own with a copy of the session in it.
fn world(killed: bool) -> World {
    let (_, whole, dirty) = &*SESSIONS;
    World::with(if killed { dirty } else { whole })
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_to_any_file_does_more_than_be_told(
        killed: bool,
        file in prop::sample::select(FILES),
        mutations in prop::collection::vec(Mutation::any(), 1..4),
    ) {
        let world = world(killed);
        let path = world.session.join(file);
        if let Ok(mut bytes) = fs::read(&path) {
            mutations.iter().for_each(|mutation| mutation.change(&mut bytes));
            fs::write(&path, bytes).unwrap();
        }
        through::everything(&world);
    }
}

/// What can lie in a file's place.
fn in_place_of(path: &Path, what: &str, elsewhere: &Path) {
    match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::rename(path, path.with_extension("away")).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
    match what {
        "nothing" => {}
        "a link out" => symlink(elsewhere, path).unwrap(),
        "a link to nowhere" => symlink("/nowhere/at/all", path).unwrap(),
        "a link to itself" => symlink(path, path).unwrap(),
        "a pipe" => {
            use rustix::fs::{CWD, FileType, Mode, mknodat};
            mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        }
        "a folder" => fs::create_dir(path).unwrap(),
        "an empty file" => fs::write(path, "").unwrap(),
        other => panic!("{other}?"),
    }
}

#[test]
fn whatever_lies_in_a_files_place_is_not_followed_and_not_waited_for() {
    let things = [
        "nothing",
        "a link out",
        "a link to nowhere",
        "a link to itself",
        "a pipe",
        "a folder",
        "an empty file",
    ];
    for killed in [false, true] {
        for file in FILES.iter().chain(&[".lock", "tracks", "minutes.md"]) {
            for thing in things {
                let world = world(killed);
                let target = if *file == "tracks" { &world.folder } else { &world.secret };
                in_place_of(&world.session.join(file), thing, target);
                world.remember();
                through::everything(&world);
            }
        }
    }
}

#[test]
fn names_that_lead_out_of_the_session_are_refused() {
    for (from, to) in [
        ("tracks/a.wav", "../../secret"),
        ("tracks/a.wav", "tracks/../../../secret"),
        ("tracks/a.wav", "tracks/.."),
        ("tracks/a.wav", "/etc/passwd"),
        ("tracks/a.wav", "session.json"),
        ("tracks/a.wav", "tracks/b.wav"),
        ("\"track\":\"a\"", "\"track\":\"../b\""),
        ("\"track\":\"a\"", "\"track\":\"\""),
    ] {
        for file in ["events.jsonl", "session.json"] {
            for killed in [false, true] {
                let world = world(killed);
                let path = world.session.join(file);
                let Ok(text) = fs::read_to_string(&path) else { continue };
                let spaced = |part: &str| part.replace("\":\"", "\": \"");
                fs::write(&path, text.replace(from, to).replace(&spaced(from), &spaced(to))).unwrap();
                through::everything(&world);
            }
        }
    }
}

#[test]
fn a_session_is_mended_from_whatever_is_left_of_it() {
    // With each of these gone, alone and together with the others.
    let parts = ["events.jsonl", "session.json", "transcript.jsonl"];
    for gone in 1..1 << parts.len() {
        let world = world(true);
        for (n, part) in parts.iter().enumerate() {
            if gone & (1 << n) != 0 {
                drop(fs::remove_file(world.session.join(part)));
            }
        }
        world.remember();
        mend(&world.session, false).unwrap();
        let report = verify(&world.session).unwrap();
        assert_eq!((report.state, report.problems.len(), report.unchecked.0), (Standing::Closed, 0, 0));
        assert!(report.checked.0 > 8_000, "{gone}: {report:#?}");
        assert_eq!(report.tracks.len(), 2);
        assert!(!mend(&world.session, false).unwrap().changed);
        world.check();
    }
    // A header that was never valid; one that is gone together with the sound; half a frame.
    type Deed = fn(&mut Vec<u8>);
    let deeds: [(&str, Deed); 4] = [
        ("header", |bytes| bytes[..44].fill(0)),
        ("lengths", |bytes| bytes[40..44].fill(0xff)),
        ("torn frame", |bytes| bytes.truncate(bytes.len() - 1)),
        ("all", Vec::clear),
    ];
    for (name, deed) in deeds {
        let world = world(true);
        let path = world.session.join("tracks/a.wav");
        let mut bytes = fs::read(&path).unwrap();
        let before = bytes.clone();
        deed(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        let told = mend(&world.session, true).unwrap();
        assert!(told.changed && fs::read(&path).unwrap() == bytes, "{name}: a dry run writes nothing");
        let done = mend(&world.session, false).unwrap();
        assert_eq!(done, told, "{name}");
        let mended = hound::WavReader::open(&path).unwrap();
        let sound = before.len() as u32 / 2 - 22 - u32::from(name == "torn frame");
        assert_eq!(mended.duration(), if name == "all" { 0 } else { sound }, "{name}");
        assert_eq!(
            done.has_losses(),
            name == "all" || done.account.iter().any(|track| track.lost.0 > 0),
            "{name}"
        );
    }
}

#[test]
fn a_journal_that_is_damaged_in_its_middle_is_left_alone_and_the_tracks_play() {
    let world = world(true);
    let path = world.session.join("events.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let damaged: Vec<&str> =
        text.lines().enumerate().map(|(n, line)| if n == 4 { "{\"seq\":4" } else { line }).collect();
    fs::write(&path, damaged.join("\n") + "\n").unwrap();
    let before = fs::read(&path).unwrap();
    let done = mend(&world.session, false).unwrap();
    assert!(done.damage.as_ref().is_some_and(|damage| damage.contains("line 5")), "{done:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
    for file in ["a.wav", "b.wav"] {
        assert!(hound::WavReader::open(world.session.join("tracks").join(file)).unwrap().duration() > 8_000);
    }
    let manifest: Manifest = Session::open(&world.session).unwrap().manifest;
    assert_eq!(manifest.state, State::Recording);
    assert!(manifest.takes.iter().all(|take| take.frames.0 > 8_000), "{manifest:?}");
    let home = &SESSIONS.0;
    let ran = home.run(["recover", world.session.to_str().unwrap()]);
    ran.expect(3);
    assert!(ran.out.contains("line 5"), "{ran:?}");

    // Pages that a power cut left unwritten are no damage of that kind; what lies behind them is kept aside.
    let hole = text.replacen("\"kind\":\"commit\"", "\"kind\":\"\0\0\0\0\0\0\"", 1);
    fs::write(&path, &hole).unwrap();
    let done = mend(&world.session, false).unwrap();
    assert_eq!(done.damage, None, "{done:?}");
    let aside = fs::read_to_string(world.session.join("events.torn-1.jsonl")).unwrap();
    assert!(hole.ends_with(&aside) && aside.contains('\0'));
    assert_eq!(verify(&world.session).unwrap().problems, []);
}

#[test]
fn what_a_newer_version_writes_is_passed_over() {
    let world = world(false);
    let path = world.session.join("events.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let seq = last["seq"].as_u64().unwrap() + 1;
    let new = serde_json::json!({ "seq": seq, "session_ns": 5, "utc": last["utc"], "kind": "hologram", "payload": [1] });
    fs::write(&path, format!("{text}{new}\n")).unwrap();
    assert_eq!(verify(&world.session).unwrap().problems, []);
    let format = text.replacen("\"format\":1", "\"format\":2", 1);
    fs::write(&path, format).unwrap();
    let error = verify(&world.session).unwrap_err().to_string();
    assert!(error.contains("format 2"), "{error}");
    // An event that this version knows and that was mended in goes through its own types.
    assert!(serde_json::to_string(&Event::Stopped { at: 1.0 }).unwrap().contains("stopped"));
}

//! `verify`: whatever is done to a session's files is found, named with its place, and told by the exit code;
//! what was not touched is well.

#![cfg(unix)]

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use hansard::care::recover::recover;
use hansard::care::replay::{self, ReplayError};
use hansard::care::verify::{Problem, Report, Standing, Wrong, verify};
use hansard::clock::SystemClock;
use hansard::session::disk::SystemDisk;
use hansard::session::manifest::{GapCause, TakeEntry, TrackAccount};
use hansard::session::reading::Session;
use serde_json::Value;

use crate::support::copy;
use crate::support::home::Home;

/// A session of three seconds like a device's, with several commits: `a` in 24 bits, two in the same layout,
/// one that stalls.
fn recorded(home: &Home) -> Session {
    let ran = home.run([
        "record",
        "--no-transcribe",
        "--for=3.5s",
        "--source=A=synth:coded,secs=0,rate=16000",
        "--source=B=synth:coded,secs=0,rate=8000,bits=16,seed=1",
        "--source=C=synth:noise,secs=0,rate=8000,bits=16,seed=2",
    ]);
    assert!(matches!(ran.code, Some(0 | 2)), "{ran:?}");
    ran.session()
}

fn take<'a>(session: &'a Session, track: &str) -> &'a TakeEntry {
    session.manifest.takes.iter().find(|take| take.track == track).unwrap()
}

fn frame_bytes(take: &TakeEntry) -> u64 {
    u64::from(take.channels) * take.format.bytes()
}

fn cut(path: &Path, bytes: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - bytes).unwrap();
}

fn append(path: &Path, bytes: &[u8]) {
    File::options().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn flip(path: &Path, at: u64) {
    let mut file = File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[byte[0] ^ 4]).unwrap();
}

fn edit(path: &Path, change: impl Fn(String) -> String) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, change(text)).unwrap();
}

/// What was found, one problem.
#[track_caller]
fn only(report: &Report) -> &Problem {
    assert_eq!(report.problems.len(), 1, "{:#?}", report.problems);
    &report.problems[0]
}

#[test]
fn whatever_is_done_to_a_track_is_found_at_its_place() {
    let home = Home::new();
    let session = recorded(&home);
    let well = verify(&session.dir).unwrap();
    assert_eq!((well.problems.as_slice(), well.unchecked.0, well.state), (&[][..], 0, Standing::Closed));
    assert!(well.tracks.iter().all(|track| track.clocked), "{well:#?}");
    let a = take(&session, "a").clone();
    let (frame, rate) = (frame_bytes(&a), f64::from(a.rate.0));
    let tampered = |name: &str, deed: &dyn Fn(&Path)| -> Report {
        let dir = home.path("tampered").join(name);
        copy::folder(&session.dir, &dir);
        deed(&dir.join(&a.file));
        verify(&dir).unwrap()
    };

    for (name, bytes, frames) in
        [("byte", 1, 1), ("frame", frame, 1), ("second", frame * a.rate.0 as u64, a.rate.0.into())]
    {
        let report = tampered(name, &|path| cut(path, bytes));
        let problem = only(&report);
        assert_eq!((problem.wrong, problem.track.as_deref()), (Wrong::Truncated, Some("a")), "{name}");
        let (from, to) = problem.frames.unwrap();
        assert_eq!((to, to.0 - from.0), (a.frames, frames), "{name}");
        let seconds = problem.seconds.unwrap();
        assert!((seconds.1 - a.time_of(a.frames)).abs() < 1e-6, "{name}: {seconds:?}");
        // All that is still whole is still checked, and the other tracks are what they were.
        let checked = |report: &Report, track: usize| report.tracks[track].takes[0].checked;
        assert!(
            checked(&report, 0) < checked(&well, 0)
                && checked(&report, 0).0 + 2 * u64::from(a.rate.0) > from.0
        );
        assert_eq!((checked(&report, 1), checked(&report, 2)), (checked(&well, 1), checked(&well, 2)));
    }
    for (name, bytes) in [("a byte more", &[0_u8][..]), ("frames more", &[7; 300])] {
        let report = tampered(name, &|path| append(path, bytes));
        assert_eq!(only(&report).wrong, Wrong::Lengthened, "{name}");
        assert_eq!(report.checked, well.checked, "{name}");
    }
    for at_s in [0.0, 1.7, 3.3] {
        let at = (at_s * rate) as u64;
        let report = tampered(&format!("bit at {at_s}"), &|path| flip(path, a.data_offset + at * frame + 1));
        let problem = only(&report);
        assert_eq!(problem.wrong, Wrong::Altered);
        let (from, to) = problem.frames.unwrap();
        assert!(from.0 <= at && at < to.0 && to.0 - from.0 < 3 * u64::from(a.rate.0), "{problem:?}");
        let (from_s, to_s) = problem.seconds.unwrap();
        assert!(from_s - 0.1 <= at_s && at_s <= to_s + 0.1, "{problem:?}");
        assert_eq!(report.checked.0, well.checked.0 - (to.0 - from.0));
    }
    for (name, at) in [("rate", 24), ("channels", 22), ("riff", 0), ("length", a.data_offset - 4)] {
        let report = tampered(name, &|path| flip(path, at));
        assert_eq!(only(&report).wrong, Wrong::Header, "{name}");
        assert_eq!(report.checked, well.checked, "{name}: the sound is read by its place, not by the header");
    }
    let report = tampered("gone", &|path| fs::remove_file(path).unwrap());
    assert_eq!(only(&report).wrong, Wrong::Missing);
    let report = tampered("a link", &|path| {
        fs::rename(path, path.with_extension("away")).unwrap();
        std::os::unix::fs::symlink(path.with_extension("away"), path).unwrap();
    });
    assert_eq!(only(&report).wrong, Wrong::NotAFile);
    let report = tampered("emptied", &|path| fs::write(path, "").unwrap());
    assert_eq!(only(&report).wrong, Wrong::Truncated);
    // Two tracks of the same layout in each other's place.
    let report = tampered("swapped", &|path| {
        let [b, c, between] = ["b.wav", "c.wav", "x"].map(|name| path.with_file_name(name));
        for (from, to) in [(&b, &between), (&c, &b), (&between, &c)] {
            fs::rename(from, to).unwrap();
        }
    });
    let wrong: Vec<_> = report.problems.iter().map(|p| (p.track.as_deref().unwrap(), p.wrong)).collect();
    let altered = |track| wrong.contains(&(track, Wrong::Altered));
    assert!(altered("b") && altered("c") && !wrong.iter().any(|(track, _)| *track == "a"), "{wrong:?}");
}

#[test]
fn the_account_is_held_against_the_clock_and_against_what_was_told() {
    let home = Home::new();
    let session = recorded(&home);
    let dir = |name: &str| {
        let dir = home.path("books").join(name);
        copy::folder(&session.dir, &dir);
        dir
    };
    let well = verify(&session.dir).unwrap();
    let lost_before = well.tracks[0].account.lost;

    // Sound that nobody accounts for: the stamps tell that the take went on for a second longer than its
    // frames do.
    let dishonest = dir("dishonest");
    edit(&dishonest.join("events.jsonl"), |text| {
        change_line(&text, "take_ended", "a", |payload| {
            payload["until"] = (payload["until"].as_f64().unwrap() + 1.0).into();
        })
    });
    let report = verify(&dishonest).unwrap();
    let account = &report.tracks[0].account;
    assert!(account.lost.0 >= lost_before.0 + 15_000, "{account:?}");
    assert_eq!(report.tracks[0].unexplained.len(), 1);
    assert_eq!(report.tracks[1].account, well.tracks[1].account, "another track is not touched by it");
    let ran = home.run(["verify", dishonest.to_str().unwrap()]);
    ran.expect(2);
    assert!(ran.out.contains("without a word"), "{}", ran.out);

    // The recording went on for a second after its last sound, and nothing says why there is none.
    let silent = dir("silent");
    edit(&silent.join("events.jsonl"), |text| {
        change_line(&text, "stopped", "", |payload| {
            payload["at"] = (payload["at"].as_f64().unwrap() + 1.0).into()
        })
    });
    for track in verify(&silent).unwrap().tracks {
        let second = i64::from(track.takes[0].rate.0);
        let off = track.account.unexplained - second;
        assert!(off.abs() < second / 4 && track.account.lost.0 as i64 > second / 2, "{:?}", track.account);
        assert_eq!(track.account.expected.0 as i64, accounted(&track.account) + track.account.unexplained);
    }

    // A gap that is not in the account; a manifest that says something else; none at all.
    let forged = dir("forged");
    edit(&forged.join("events.jsonl"), |text| {
        text.replacen("\"cause\":\"not_started\"", "\"cause\":\"stall\"", 1)
    });
    assert!(verify(&forged).unwrap().problems.iter().any(|problem| problem.wrong == Wrong::Account));
    let manifest = dir("manifest");
    edit(&manifest.join("session.json"), |text| text.replacen("\"lost\": 0", "\"lost\": 5", 1));
    assert_eq!(only(&verify(&manifest).unwrap()).wrong, Wrong::Manifest);
    let none = dir("none");
    fs::remove_file(none.join("session.json")).unwrap();
    assert_eq!(only(&verify(&none).unwrap()).wrong, Wrong::Manifest);
    recover(&SystemDisk, &SystemClock, &none, false).unwrap();
    assert_eq!(verify(&none).unwrap().problems, []);
    let rebuilt = Session::open(&none).unwrap().manifest;
    assert_eq!(rebuilt, session.manifest, "all of it stands in the journal");
    // A recorder that died in the moment before it wrote that: nothing is wrong, and it is mended.
    let left = dir("left");
    edit(&left.join("session.json"), |text| text.replacen("\"closed\"", "\"recording\"", 1));
    let report = verify(&left).unwrap();
    assert_eq!((report.state, report.problems.len()), (Standing::Dirty, 0));
    assert!(home.run(["recover", left.to_str().unwrap()]).out.contains("mended"));
    assert_eq!(Session::open(&left).unwrap().manifest, session.manifest);

    // A line that is not there any more, or that no recorder writes.
    for (name, change) in [
        ("hole", (|text: String| without_line(&text, 3)) as fn(String) -> String),
        ("junk", |text| text.replacen("\"seq\":4", "\"seq\":x", 1)),
    ] {
        let dir = dir(name);
        edit(&dir.join("events.jsonl"), change);
        let error = verify(&dir).unwrap_err();
        assert!(matches!(error, ReplayError::Damaged { .. }), "{name}: {error}");
        home.refuses(&["verify", dir.to_str().unwrap()], &["damaged in line", "events.jsonl"]);
    }
}

fn without_line(text: &str, number: usize) -> String {
    let kept = text.lines().enumerate().filter(|(n, _)| *n != number);
    kept.map(|(_, line)| format!("{line}\n")).collect()
}

fn accounted(account: &TrackAccount) -> i64 {
    (account.written.0 + account.gaps.iter().map(|gap| gap.frames.0).sum::<u64>()) as i64
}

/// Changes the payload of the lines of that kind about that track; without a name, of all lines of that kind.
fn change_line(text: &str, kind: &str, track: &str, change: impl Fn(&mut Value)) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut value: Value = serde_json::from_str(line).unwrap();
        if value["kind"] == kind && (track.is_empty() || value["payload"]["track"] == track) {
            change(&mut value["payload"]);
        }
        out += &format!("{value}\n");
    }
    out
}

#[test]
fn a_session_that_is_being_recorded_is_checked_as_far_as_it_is_committed() {
    let home = Home::new();
    let mut running = home.start([
        "record",
        "--no-transcribe",
        "--source=A=synth:coded,secs=0,rate=16000",
        "--source=B=synth:coded,secs=0,rate=48000,bits=16,channels=2",
    ]);
    let dir = running.records(&home, 2.5);
    let ran = home.run(["verify", "last", "--json"]);
    assert!(matches!(ran.code, Some(0 | 2)), "{ran:?}");
    let report = ran.json();
    assert_eq!((&report["state"], &report["problems"]), (&"recording".into(), &Value::Array(vec![])));
    assert!(report["checked"].as_u64().unwrap() > 20_000, "{report:#}");
    let ran = home.run(["recover", dir.to_str().unwrap()]);
    ran.expect(1);
    assert!(ran.err.contains("is in use"), "{}", ran.err);
    assert!(home.run(["recover"]).expect(0).err.contains("is in use and left alone"));

    running.signal("KILL");
    running.end();
    let report = verify(&dir).unwrap();
    assert_eq!((report.state, report.problems.len()), (Standing::Dirty, 0));
    let ran = home.run(["verify", "last"]);
    assert!(ran.out.contains("hansard recover"), "{}", ran.out);
    // The next recording mends it in passing.
    let mut next = home.start(["record", "--no-transcribe", "--source=C=synth:coded,secs=0"]);
    next.says(&format!("mended {}", dir.display()));
    next.signal("INT");
    assert!(matches!(next.end().code, Some(0 | 2)));
    let report = verify(&dir).unwrap();
    assert_eq!((report.state, report.problems.len(), report.unchecked.0), (Standing::Closed, 0, 0));
    // A source without a clock has position only: what it gave is what was to be expected.
    let (_, next) = home.record(0, &["--pace=max", "--no-transcribe", "--source=C=synth:coded,secs=20"]);
    let report = verify(&next.dir).unwrap();
    assert!(!report.tracks[0].clocked && report.problems.is_empty());
    assert_eq!(report.tracks[0].account.expected.0, 20 * 48_000);
}

#[test]
fn a_report_that_people_and_programs_can_read() {
    let home = Home::new();
    let (_, session) = home.record(
        2,
        &[
            "--no-transcribe",
            "--title=Weekly sync",
            "--source=Zoë=synth:coded,rate=16000,secs=3,stall=1.0:0.8",
            "--source=B=synth:coded,rate=8000,bits=16,secs=3",
        ],
    );
    let ran = home.run(["verify", "last"]);
    ran.expect(2);
    for part in [
        "Weekly sync",
        "Zoë: as recorded, with losses",
        "B: as recorded;",
        "lost: device delivered nothing",
        "ppm",
        "frames expected =",
    ] {
        assert!(ran.out.contains(part), "no {part:?} in\n{}", ran.out);
    }
    let report = home.run(["verify", "last", "--json"]).expect(2).json();
    assert_eq!(report["exit"], 2);
    let account = &report["tracks"][0]["account"];
    let told = &session.manifest.account[0];
    assert_eq!(account["written"], told.written.0);
    let stall = told.gaps.iter().find(|gap| gap.cause == GapCause::Stall).unwrap();
    assert!(
        account["gaps"].as_array().unwrap().iter().any(|gap| gap["frames"] == stall.frames.0),
        "{account}"
    );
    assert_eq!(replay::read(&session.dir).unwrap().of_track("zoe").count(), 1);

    flip(&session.dir.join("tracks/b.wav"), 9_000);
    let ran = home.run(["verify", "last"]);
    ran.expect(3);
    for part in ["B: NOT AS RECORDED", "tracks/b.wav: other sound stands there", "of the session (frames "] {
        assert!(ran.out.contains(part), "no {part:?} in\n{}", ran.out);
    }
    home.refuses(&["verify", "nobody"], &["there is no session"]);
    let empty: PathBuf = home.path("cwd");
    home.refuses(&["verify", empty.to_str().unwrap()], &["no journal"]);
}

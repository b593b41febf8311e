//! Sessions that are removed: to the trash and back, or for good.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use hansard::session::lock::SessionLock;

use crate::support::home::Home;

const ARGS: [&str; 4] =
    ["--title=Weekly sync", "--pace=max", "--no-transcribe", "--source=Ann=synth:tone,secs=1"];

#[test]
fn a_session_goes_to_the_trash_and_comes_back() {
    let home = Home::new();
    let (_, first) = home.record(0, &ARGS);
    let (_, second) = home.record(0, &ARGS);
    home.run(["edit", "last", "title", "Second one"]).expect(0);
    let index = home.put(".cache/hansard/search-v1.sqlite", "what was said");
    let before = home.run(["verify", "last"]).expect(0).out.clone();

    let dry = home.run(["rm", "second", "--dry-run"]).expect(0).out.clone();
    assert!(dry.contains("would move Second one") && second.dir.is_dir() && index.exists(), "{dry}");
    let said = home.run(["rm", "second"]).expect(0).out.clone();
    assert!(said.contains("Second one") && said.contains("recover --trash"), "{said}");
    let is_said = fs::read(&index).is_ok_and(|bytes| bytes.starts_with(b"what was said"));
    assert!(!second.dir.exists() && !is_said, "the search must not find it");
    let trash = home.recordings().join(".trash");
    assert_eq!(fs::metadata(&trash).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(home.run(["list", "--json"]).expect(0).json().as_array().unwrap().len(), 1);
    home.refuses(&["show", &second.manifest.id], &["no session"]);
    let listed = home.run(["list", "--trash"]).expect(0).out.clone();
    assert!(listed.contains(&second.manifest.id), "{listed}");
    assert_eq!(home.run(["recover", "--trash"]).expect(0).out, listed);
    let json = home.run(["list", "--trash", "--json"]).expect(0).json();
    assert_eq!(json[0]["name"], second.manifest.id.as_str());

    let back = home.run(["recover", "--trash", &second.manifest.id]).expect(0).out.clone();
    assert!(back.contains(&second.dir.display().to_string()), "{back}");
    assert_eq!(home.run(["verify", "second"]).expect(0).out, before, "as it was");
    assert_eq!(home.run(["list", "--trash"]).expect(0).out, "");
    home.refuses(&["recover", "--trash", "second"], &["no session", "list --trash"]);

    // What lies in the trash is erased by its name there, or all of it.
    home.run(["rm", "second"]).expect(0);
    home.refuses(&["rm", "--trash", "second"], &["--yes"]);
    assert!(home.run(["rm", "--trash", "--dry-run"]).expect(0).out.contains("would erase Second one"));
    home.run(["rm", "--trash", "second", "--yes"]).expect(0);
    assert!(home.run(["rm", "--trash", "--yes"]).expect(0).err.contains("is empty"));
    let (_, second) = home.record(0, &ARGS);

    // For good: only where somebody says so twice.
    home.refuses(&["rm", "last", "--now"], &["--yes"]);
    home.run(["rm", "last", "last~1", "--now", "--yes"]).expect(0);
    assert!(!first.dir.exists() && !second.dir.exists(), "both were meant");
    assert_eq!(home.sessions(), [] as [std::path::PathBuf; 0], "nor is anything left of the trash");
}

#[test]
fn what_is_in_use_or_no_session_is_not_removed() {
    let home = Home::new();
    let (_, session) = home.record(0, &ARGS);
    let lock = SessionLock::take(&session.dir).unwrap();
    home.refuses(&["rm", "last"], &["in use"]);
    home.refuses(&["rm", "last", "--now", "--yes"], &["in use"]);
    drop(lock);
    fs::create_dir(home.recordings().join("photos")).unwrap();
    home.refuses(&["rm", "photos"], &["not a session"]);
    let link = home.path("cwd/link");
    std::os::unix::fs::symlink(&session.dir, &link).unwrap();
    home.refuses(&["rm", link.to_str().unwrap()], &["symbolic link"]);
    home.refuses(&["rm"], &["required"]);
    // While it is recorded.
    let home = Home::new();
    let mut running = home.start(["record", "--no-transcribe", "--source=A=synth:coded,secs=60"]);
    let dir = running.records(&home, 0.3);
    let refused = home.run(["rm", dir.to_str().unwrap()]);
    assert!(refused.expect(1).err.contains("in use"), "{}", refused.err);
    running.signal("INT");
    running.end().expect(0);
    // Of one that lies elsewhere the trash is there.
    let elsewhere = home.path("cwd/moved");
    fs::rename(&dir, &elsewhere).unwrap();
    let said = home.run(["rm", "./moved"]).expect(0).out.clone();
    let gone: Vec<_> = fs::read_dir(home.path("cwd/.trash")).unwrap().flatten().collect();
    assert_eq!(gone.len(), 1, "{said}");
    home.run(["recover", "--trash", gone[0].path().to_str().unwrap()]).expect(0);
    assert!(elsewhere.is_dir());
}

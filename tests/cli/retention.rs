//! What is kept for how long: nothing goes unless the user set it, what goes is told, and a session of
//! which a part went says so and is not held to be damaged.

use std::fs;
use std::path::{Path, PathBuf};

use hansard::session::lock::SessionLock;
use hansard::session::reading::Session;

use crate::support::home::{Home, Ran};

/// A session of two months ago, with one line and its exports.
fn old(home: &Home) -> PathBuf {
    let args =
        ["--title=Weekly", "--pace=max", "--no-transcribe", "--source=Ann=synth:tone,secs=2", "--for=2s"];
    let (_, session) = home.record(0, &args);
    let line = r#"{"id":"ann-1-0","rev":0,"track":"ann","speaker":"Ann","take":1,"from_frame":0,"to_frame":48000,"start":0.0,"end":1.0,"text":"We meet at nine.","words":[],"confidence":0.9,"language":"en","model":"scripted","final":true,"withheld":null,"bleed_of":null,"voice":null}"#;
    fs::write(session.dir.join("transcript.jsonl"), format!("{line}\n")).unwrap();
    let utc = session.manifest.start.utc;
    let before = utc.checked_sub(jiff::SignedDuration::from_hours(60 * 24)).unwrap();
    for file in ["session.json", "events.jsonl"] {
        let text = fs::read_to_string(session.dir.join(file)).unwrap();
        assert!(text.contains(&utc.to_string()), "{file}");
        fs::write(session.dir.join(file), text.replace(&utc.to_string(), &before.to_string())).unwrap();
    }
    home.run(["export", "last", "--format=md,html,srt"]).expect(0);
    session.dir
}

fn run(home: &Home, settings: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = home.command(args);
    for (key, days) in settings {
        command.env(format!("HANSARD_RETENTION_{key}"), days);
    }
    crate::support::home::Running::start(&mut command).end()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn sound_goes_when_it_is_due_and_everything_says_so() {
    let home = Home::new();
    let dir = old(&home);
    // Off by default, and not yet due.
    assert!(home.run(["rm", "--expired"]).expect(0).err.contains("nothing is due"));
    assert!(run(&home, &[("SOUND", "61")], &["rm", "--expired"]).expect(0).err.contains("nothing is due"));
    let set = [("SOUND", "30")];
    let dry = run(&home, &set, &["rm", "--expired", "--dry-run"]);
    assert!(dry.expect(0).out.contains("would erase the sound of Weekly"), "{}", dry.out);
    let lock = SessionLock::take(&dir).unwrap();
    assert!(run(&home, &set, &["rm", "--expired"]).expect(0).err.contains("nothing is due"), "in use");
    drop(lock);
    assert!(dir.join("tracks/ann.wav").is_file());
    home.run(["verify", "last"]).expect(0);

    let told = run(&home, &set, &["rm", "--expired"]);
    assert!(told.expect(0).out.contains("(retention.sound = 30)"), "{}", told.out);
    assert_eq!(names(&dir.join("tracks")), [] as [String; 0]);
    assert!(run(&home, &set, &["rm", "--expired"]).expect(0).err.contains("nothing is due"), "once");
    let day = jiff::Timestamp::now().strftime("%Y-%m-").to_string();
    let verified = home.run(["verify", "last"]);
    let flat = verified.expect(0).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(&format!("The sound was removed on {day}")), "{flat}");
    assert!(flat.contains("retention.sound = 30"), "{flat}");
    let shown = home.run(["show", "last"]).expect(0).out.clone();
    assert!(shown.contains(&format!("The sound was removed on {day}")) && shown.contains("nine"), "{shown}");
    for format in ["md", "txt", "html"] {
        let flag = format!("--format={format}");
        let ran = home.run(["export", "last", &flag, "--no-sound", "--output=-"]);
        let flat = ran.expect(0).out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("The sound was removed on"), "{format}: {flat}");
        assert!(!flat.contains("not all sound"), "{format}: {flat}");
    }
    let list = home.run(["list"]).expect(0).out.clone();
    assert!(list.contains("· sound removed"), "{list}");
    let again = home.run(["transcribe", "last"]);
    assert!(again.expect(1).err.contains("was removed on") || again.err.contains("model"), "{}", again.err);
    // One that loses a file without a word is damaged as ever.
    fs::write(dir.join("tracks/other.wav"), "").unwrap();
    home.run(["edit", "last", "line", "ann-1-0", "We meet at ten."]).expect(0);
    home.run(["verify", "last"]).expect(0);
}

#[test]
fn text_and_exports_go_but_not_what_a_person_changed() {
    let home = Home::new();
    let dir = old(&home);
    let srt = names(&dir).into_iter().find(|name| name.ends_with(".srt")).unwrap();
    fs::write(dir.join(&srt), "changed by hand").unwrap();
    let index = home.put(".cache/hansard/search-v1.sqlite", "what was said");
    let told = run(&home, &[("TEXT", "30")], &["rm", "--expired"]);
    assert!(told.expect(0).out.contains("erased the text of Weekly"), "{}", told.out);
    assert!(told.err.contains(&format!("{srt} was changed by hand and stays")), "{}", told.err);
    let left = names(&dir);
    for gone in ["transcript.jsonl", "minutes.md", ".html"] {
        assert!(!left.iter().any(|name| name.ends_with(gone)), "{left:?}");
    }
    assert!(left.contains(&srt) && dir.join("tracks/ann.wav").is_file(), "{left:?}");
    assert!(!fs::read(&index).is_ok_and(|bytes| bytes.starts_with(b"what was said")));
    // The index itself goes after its time.
    let set = fs::File::options().write(true).open(&index).unwrap();
    set.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(3 * 86_400)).unwrap();
    let told = run(&home, &[("INDEX", "2")], &["rm", "--expired"]);
    assert!(told.expect(0).out.contains("erased the index of the search"), "{}", told.out);
    assert!(!index.exists());
    let shown = home.run(["show", "last"]).expect(0).out.clone();
    assert!(shown.contains("The text of this meeting was removed on"), "{shown}");
    assert!(!shown.contains("No speech") && !shown.contains("not been made"), "{shown}");
    let md = home.run(["export", "last", "--output=-"]).expect(0).out.clone();
    assert!(md.contains("The text of this meeting was removed on"), "{md}");
    home.run(["verify", "last"]).expect(0);
    assert!(Session::open(&dir).unwrap().utterances.is_empty());
    home.refuses(&["edit", "last", "line", "ann-1-0", "x"], &["no line"]);
}

#[test]
fn a_summary_is_hidden_removed_and_erased_with_the_text_that_it_was_made_of() {
    let home = Home::new();
    let dir = old(&home);
    let sentence = "They meet at qxnine.";
    let item = |text: &str, quote: &str| serde_json::json!({ "kind": "decision", "text": text, "quote": quote, "lines": ["ann-1-0"] });
    let file =
        serde_json::json!({ "items": [item(sentence, "We meet at nine")], "left_out": [] }).to_string();
    fs::write(dir.join("summary.json"), &file).unwrap();
    let minutes = || home.run(["export", "last", "--output=-"]).expect(0).out.clone();
    let hits = || {
        let ran = home.run(["search", "qxnine", "--kind=summary", "--json"]);
        ran.expect(0).json()["hits"].as_array().unwrap().len()
    };
    let index = home.path(".cache/hansard/search-v1.sqlite");
    let is_in_index = || fs::read(&index).is_ok_and(|bytes| bytes.windows(6).any(|part| part == b"qxnine"));
    assert!(minutes().contains(sentence) && hits() == 1 && is_in_index());

    // Hidden, it is gone at once; its file stays for when it is shown again.
    home.run(["edit", "last", "hide", "--from=0", "--to=1"]).expect(0);
    assert!(!minutes().contains(sentence) && hits() == 0 && !is_in_index());
    home.run(["edit", "last", "restore", "hide-1"]).expect(0);
    assert!(minutes().contains(sentence) && hits() == 1);
    // It goes with its session, comes back with it, and is no sound.
    home.run(["rm", "last"]).expect(0);
    assert!(hits() == 0 && !is_in_index());
    let trash = names(&home.recordings().join(".trash"));
    home.run(["recover", "--trash", trash[0].as_str()]).expect(0);
    assert!(minutes().contains(sentence) && hits() == 1);
    run(&home, &[("SOUND", "30")], &["rm", "--expired"]).expect(0);
    assert_eq!(fs::read_to_string(dir.join("summary.json")).unwrap(), file);

    let told = run(&home, &[("TEXT", "30")], &["rm", "--expired", "--dry-run"]);
    assert!(told.expect(0).out.contains("would erase the text of Weekly"), "{}", told.out);
    assert!(dir.join("summary.json").exists());
    run(&home, &[("TEXT", "30")], &["rm", "--expired"]).expect(0);
    assert!(!names(&dir).iter().any(|name| name.starts_with("summary.json")), "{:?}", names(&dir));
    assert!(!is_in_index() && hits() == 0);
    assert!(!minutes().contains("qxnine"));
    let shown = home.run(["show", "last"]).expect(0).out.clone();
    assert!(!shown.contains("Summary"), "{shown}");
}

#[test]
fn a_session_that_is_erased_takes_its_summary_out_of_the_index() {
    let home = Home::new();
    let dir = old(&home);
    let item = serde_json::json!({ "kind": "topic", "text": "It is qxlate.", "quote": "We meet at nine", "lines": ["ann-1-0"] });
    fs::write(dir.join("summary.json"), serde_json::json!({ "items": [item] }).to_string()).unwrap();
    home.run(["search", "qxlate", "--kind=summary"]).expect(0);
    let is_left = || {
        let files =
            fs::read_dir(home.path(".cache/hansard")).into_iter().flatten().map(|file| file.unwrap().path());
        files.into_iter().any(|file| fs::read(file).unwrap().windows(6).any(|part| part == b"qxlate"))
    };
    assert!(is_left(), "this test could not fail");
    home.run(["rm", "last", "--now", "--yes"]).expect(0);
    assert!(!is_left() && !dir.exists());
}

#[test]
fn the_trash_is_emptied_and_a_recording_does_so_when_it_starts() {
    let home = Home::new();
    let dir = old(&home);
    home.run(["rm", "last"]).expect(0);
    let trash = home.recordings().join(".trash");
    let gone = trash.join(&names(&trash)[0]);
    let before = jiff::Timestamp::now().checked_sub(jiff::SignedDuration::from_hours(8 * 24)).unwrap();
    let name = dir.file_name().unwrap().to_str().unwrap();
    fs::rename(&gone, trash.join(format!("{}_{name}", before.strftime("%Y-%m-%dT%H%M%SZ")))).unwrap();
    assert!(run(&home, &[("TRASH", "9")], &["rm", "--expired"]).expect(0).err.contains("nothing is due"));
    let listed = run(&home, &[("TRASH", "9")], &["list", "--trash"]);
    assert!(listed.expect(0).out.contains("kept until"), "{}", listed.out);
    let args = ["record", "--no-transcribe", "--source=Ann=synth:tone,secs=2"];
    let ran = run(&home, &[("TRASH", "7")], &args);
    assert!(ran.expect(0).err.contains("erased Weekly in the trash"), "{}", ran.err);
    assert!(!trash.exists());
    home.run(["verify", "last"]).expect(0);
}

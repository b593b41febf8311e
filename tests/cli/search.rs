//! `hansard search`: everything that was said, in all sessions.

use std::fs;
use std::path::PathBuf;

use hansard::base::utterance::Utterance;

use crate::support::chat::{answer, server};
use crate::support::home::Home;
use crate::support::said;

/// A session in which these lines were said, by Ann and Bob in turn, two seconds each.
pub fn meeting(home: &Home, title: &str, lines: &[&str]) -> PathBuf {
    let title = format!("--title={title}");
    let sources = [&*title, "--source=Ann=synth:tone", "--source=Bob=synth:tone", "--for=8s"];
    let line = |(n, text): (usize, &&str)| {
        let line = said::line(["Ann", "Bob"][n % 2], n as f64 * 2.0, text);
        Utterance { id: format!("{}-1-{n}", line.track), ..line }
    };
    said::session(home, &sources, &lines.iter().enumerate().map(line).collect::<Vec<_>>())
}

fn folder(dir: &std::path::Path) -> String {
    dir.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn hits_say_who_when_and_where() {
    let home = Home::new();
    let dir =
        meeting(&home, "Budget", &["We cut the budget by ten.", "The Büdget? Never!", "今日の会議は東京で"]);
    meeting(&home, "Other", &["nothing to see"]);
    let ran = home.run(["search", "budget"]);
    ran.expect(0);
    assert_eq!(ran.err.lines().filter(|line| !line.contains("text yet")).count(), 0, "{}", ran.err);
    assert!(
        ran.out.contains("  Budget\n") && ran.out.contains(&format!("hansard show {} --ids", folder(&dir)))
    );
    let (first, last) = (
        ran.out.find("Bob: The *Büdget?*").or(ran.out.find("Bob: The *Büdget*?")),
        ran.out.find("Ann: We cut the *budget* by ten."),
    );
    assert!(first.is_some() && first < last, "the newest first, marked:\n{}", ran.out);
    assert!(
        ran.out.contains("[ann-1-0] 0:00:00 into it, sound in tracks/ann.wav from 0:00:00"),
        "{}",
        ran.out
    );

    let report = home.run(["search", "budget", "--json", "--speaker=bo"]).expect(0).json();
    let hit = &report["hits"][0];
    assert_eq!((report["hits"].as_array().unwrap().len(), report["more"].as_bool()), (1, Some(false)));
    assert_eq!(hit["speaker"], "Bob");
    assert_eq!(hit["id"], "bob-1-1");
    assert_eq!(hit["start"], 2.0);
    assert_eq!(hit["marks"], serde_json::json!([[4, 10]]));
    assert_eq!(hit["sound"], serde_json::json!({ "file": "tracks/bob.wav", "from_s": 2.0 }));
    assert_eq!(hit["path"], dir.display().to_string());
    assert_eq!(report["sessions"], 2);

    let found = |args: &[&str]| {
        home.run([&["search", "--json"], args].concat()).expect(0).json()["hits"].as_array().unwrap().len()
    };
    assert_eq!(found(&["cut the budget"]), 1, "an argument with spaces is a phrase");
    assert_eq!(found(&["cut budget"]), 0);
    assert_eq!(found(&["cut", "budget"]), 1);
    assert_eq!(found(&["budg*"]), 2);
    assert_eq!(found(&["budg"]), 0);
    assert_eq!(found(&["議"]), 1);
    assert_eq!(found(&["会議"]), 1);
    assert_eq!(found(&["nothing", "--in=last"]), 1);
    assert_eq!(found(&["budget", "--in=last"]), 0);
    assert_eq!(found(&["budget", "--to=2001-01-01"]), 0);
    assert_eq!(found(&["budget", "--from=2001-01-01", "--limit=1", "--sort=best"]), 1);
    assert_eq!(found(&["budget", "--kind=mark"]), 0);

    let none = home.run(["search", "nowhere"]);
    none.expect(0);
    assert!(none.out.is_empty() && none.err.contains("nothing found in 2 sessions"), "{}", none.err);
    home.refuses(&["search", "?!"], &["no word to look for"]);
    home.refuses(&["search", "x", "--in=nope"], &["no session \"nope\""]);
    home.refuses(&["search", "x", "--from=2026-02-02", "--to=2026-02-01"], &["is after"]);
    home.refuses(&["search", "x", "--from=yesterday"], &["--from"]);
    home.refuses(&["search"], &["WORDS"]);
}

#[test]
fn a_summary_is_searched_where_that_is_wanted() {
    let home = Home::new();
    let dir = meeting(&home, "Office", &["The rent is high.", "I will send the contract on Friday."]);
    let item = serde_json::json!({ "kind": "action", "text": "Bob will send the contract.", "owner": "Bob",
        "quote": "I will send the contract", "lines": [2] });
    let server = server(move |_, _| answer(std::slice::from_ref(&item)));
    home.run(["summarize", "last", &format!("--url={}", server.url())]).expect(0);
    let ran = home.run(["search", "contract", "--kind=summary"]);
    let out = &ran.expect(0).out;
    assert!(out.contains("Summary (action): Bob will send the *contract*."), "{out}");
    assert!(out.contains("[bob-1-1] 0:00:02 into it"), "{out}");
    let hits = |args: &[&str]| home.run([&["search", "--json", "contract"], args].concat()).expect(0).json();
    let hit = &hits(&["--kind=summary"])["hits"][0];
    assert_eq!(
        (&hit["kind"], &hit["summary"], &hit["id"]),
        (&serde_json::json!("summary"), &serde_json::json!("action"), &serde_json::json!("bob-1-1"))
    );
    assert_eq!(hits(&[])["hits"].as_array().unwrap().len(), 1, "else what was said alone");
    home.run(["edit", "last", "hide", "--from=2s", "--to=3.9s"]).expect(0);
    assert_eq!(hits(&["--kind=summary"])["hits"], serde_json::json!([]));
    assert!(dir.join("summary.json").exists());
}

#[test]
fn what_people_do_to_a_session_is_seen_at_once_and_erased() {
    let home = Home::new();
    let dir = meeting(&home, "One", &["the zyxquark budget", "nine it is"]);
    let found = |words: &str| {
        home.run(["search", "--json", words]).expect(0).json()["hits"].as_array().unwrap().len()
    };
    let cache = home.path(".cache/hansard");
    let is_left = |word: &str| {
        let files = fs::read_dir(&cache).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
    };
    assert_eq!((found("zyxquark"), is_left("zyxquark")), (1, true));
    home.run(["mark", "Decision: more zebras", "--session=last", "--at=3s"]).expect(0);
    assert_eq!(found("zebras"), 1);
    home.run(["edit", "last", "rename", "Ann", "Zoë"]).expect(0);
    let by = |name: &str| {
        home.run(["search", "--json", "budget", "--speaker", name]).expect(0).json()["hits"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((by("Ann"), by("zoe")), (0, 1));
    home.run(["edit", "last", "hide", "--from=0", "--to=1.9s"]).expect(0);
    assert_eq!((found("zyxquark"), is_left("zyxquark")), (0, false));
    home.run(["edit", "last", "line", "bob-1-1", "ten it is"]).expect(0);
    assert_eq!((found("nine"), found("ten")), (0, 1));
    home.run(["edit", "last", "restore", "hide-1"]).expect(0);
    assert_eq!(found("zyxquark"), 1);
    fs::remove_dir_all(dir).unwrap();
    assert_eq!((found("zyxquark"), is_left("zyxquark")), (0, false));
}

#[test]
fn a_broken_session_and_a_cache_that_is_none_stop_nothing() {
    let home = Home::new();
    meeting(&home, "One", &["the budget"]);
    fs::create_dir(home.recordings().join("broken")).unwrap();
    fs::write(home.recordings().join("broken/session.json"), "{").unwrap();
    home.put(".cache", "a file where a folder should be");
    let ran = home.run(["search", "budget"]);
    ran.expect(0);
    assert!(ran.out.contains("the *budget*"), "{}", ran.out);
    assert!(
        ran.err.contains("not searched: broken: ") && ran.err.contains("there is no search index"),
        "{}",
        ran.err
    );
}

//! What was exported before, after a correction in the page or by the API: brought up to date as it was made,
//! or named.

use std::fs;
use std::path::{Path, PathBuf};

use hansard::export::behind::Exports;
use hansard::session::disk::SystemDisk;
use serde_json::{Value, json};

use super::{LINES, Served, id, session};
use crate::support::home::{Home, wait};

/// The export in the session's folder whose name ends so.
fn named(dir: &Path, end: &str) -> PathBuf {
    let mut all = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    all.find(|path| path.extension().is_some_and(|of| of == end)).unwrap()
}

fn has(path: &Path, part: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.contains(part))
}

/// What the session says of exports that are behind: file, why, command.
fn stale(served: &Served, id: &str) -> Vec<(String, String, Value)> {
    let session = served.get(&format!("/api/v1/sessions/{id}")).expect(200).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |entry: &Value| (text(&entry["file"]), text(&entry["why"]), entry["command"].clone());
    session["stale"].as_array().unwrap().iter().map(one).collect()
}

fn correct(served: &Served, id: &str, text: &str) -> Value {
    let line = format!("/api/v1/sessions/{id}/lines/alice-1-1");
    served.send("POST", &line, json!({"edit": "text", "text": text})).expect(200).json()
}

#[test]
fn exports_are_brought_up_to_date_after_a_correction_and_what_is_not_is_named() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let id = id(&dir);
    let away = home.path("sent.csv");
    home.run(["export", "last", "--format=md", "--front-matter", "--document-language=de"]).expect(0);
    home.run(["export", "last", "--format=html,docx"]).expect(0);
    home.run(["export", "last", "--format=txt,srt"]).expect(0);
    home.run(["export", "last", "--format=csv", &format!("--output={}", away.display())]).expect(0);
    let (html, docx, flac) = (named(&dir, "html"), named(&dir, "docx"), named(&dir, "flac"));
    let (txt, srt) = (named(&dir, "txt"), named(&dir, "srt"));
    fs::write(&txt, "my own words").unwrap();
    let (sent, word, sound) = (fs::read(&away).unwrap(), fs::read(&docx).unwrap(), fs::read(&flac).unwrap());
    let served = Served::start(&home);
    assert_eq!(stale(&served, &id), []);

    let done = correct(&served, &id, "We meet at nine.");
    // Minutes at once, as they were made.
    let minutes = fs::read_to_string(dir.join("minutes.md")).unwrap();
    assert!(minutes.contains("We meet at nine.") && minutes.contains("Was gesagt wurde"), "{minutes}");
    assert!(minutes.starts_with("---\n"), "{minutes}");
    // What lies elsewhere is known at once.
    let remark = done["remark"].as_str().unwrap();
    let renew = format!("hansard export {id} --renew");
    assert!(remark.contains(away.to_str().unwrap()) && remark.contains(&renew), "{remark}");
    let elsewhere = (away.to_str().unwrap().to_owned(), "elsewhere".to_owned(), json!(renew));
    assert!(stale(&served, &id).contains(&elsewhere));

    // The others when nobody corrects any more.
    wait("the page is renewed", || has(&html, "We meet at nine."));
    wait("subtitles are renewed", || has(&srt, "We meet at nine."));
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let by_hand = (name(&txt), "by_hand".to_owned(), json!(format!("{renew} --force")));
    wait("what a person changed is named", || stale(&served, &id) == [by_hand.clone(), elsewhere.clone()]);
    assert_eq!(fs::read(&txt).unwrap(), b"my own words");
    assert_eq!(fs::read(&away).unwrap(), sent, "it may have been sent");
    let again = home.path("again.docx");
    home.run(["export", "last", "--format=docx", &format!("--output={}", again.display())]).expect(0);
    assert_eq!(fs::read(&docx).unwrap(), fs::read(&again).unwrap());
    assert_ne!(fs::read(&docx).unwrap(), word);
    fs::remove_file(again).unwrap();

    // The sound of what is hidden is heard in what was exported before.
    let hidden = served
        .send("POST", &format!("/api/v1/sessions/{id}/passages"), json!({"from": 5.9, "to": 8.0}))
        .expect(200)
        .json();
    assert!(hidden["remark"].as_str().unwrap().contains("(its sound is as it was)"), "{hidden}");
    wait("what is hidden is in no page", || !has(&html, "on his way"));
    assert!(stale(&served, &id).contains(&(name(&flac), "sound".into(), Value::Null)));
    assert_eq!(fs::read(&flac).unwrap(), sound);

    // What the page tells, a command sees to; the page sees that.
    home.run(["export", &id, "--renew", "--force"]);
    assert_eq!(stale(&served, &id), [(name(&flac), "sound".into(), Value::Null)]);
    assert!(has(&txt, "We meet at nine."));
}

#[test]
fn a_server_that_ends_right_after_a_correction_leaves_nothing_behind_unsaid() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let id = id(&dir);
    home.run(["export", "last", "--format=html"]).expect(0);
    let html = named(&dir, "html");
    let mut served = Served::start(&home);
    correct(&served, &id, "We meet at nine.");
    served.end();
    assert!(has(&html, "We meet at nine."));

    // One that is killed before that has noted that they are due: the next one says so.
    let exports = Exports { dir: &dir, recordings: &home.recordings(), id: &id };
    exports.corrected(&SystemDisk, false);
    let served = Served::start(&home);
    let due = stale(&served, &id);
    assert_eq!(due.iter().filter(|(_, why, _)| why == "due").count(), 2, "{due:?}");
    correct(&served, &id, "We meet at ten.");
    wait("they are written with the next correction", || {
        has(&html, "We meet at ten.") && stale(&served, &id).is_empty()
    });
}

//! Summaries that are asked for in the API and in the page, with a scripted chat server: what it is sent and
//! when, how far it is, how it ends.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::page::{open, saw};
use super::{LINES, Served, id, session};
use crate::support::asr::{AsrServer, Reply};
use crate::support::chat::{answer, chat, chats, numbers, server};
use crate::support::home::{Home, wait};
use crate::support::stage::chrome::Chrome;

/// Never answered while a test goes on.
const LONG: Duration = Duration::from_secs(600);

fn items() -> Vec<Value> {
    let item = |text: &str, quote: &str, line: u32| json!({ "kind": "topic", "text": text, "quote": quote, "lines": [line] });
    vec![
        item("Gareem is on his way.", "Gareem is on his way", 4),
        item("Zacharias is on his way.", "Gareem is on his way", 4),
    ]
}

fn with(home: &Home, server: &AsrServer) -> Served {
    let url = server.url();
    Served::with(home, &[("HANSARD_SUMMARY_URL", url.as_str())])
}

/// Waits until the job has come to that state; how it stands then.
fn until(served: &Served, job: &str, state: &str) -> Value {
    let told = Mutex::new(Value::Null);
    wait(state, || {
        *told.lock().unwrap() = served.get(job).expect(200).json();
        told.lock().unwrap()["state"] == state
    });
    told.into_inner().unwrap()
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let mut files: Vec<_> = files.map(|path| (name(&path), fs::read(path).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn a_summary_that_is_asked_for_is_made_part_by_part_and_stands_in_the_minutes() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    // The first answer can't be used, so the part becomes two; the last one waits for a word of this test.
    let go = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&go);
    let chat_server = server(move |asked, n| {
        if n == 0 {
            return Reply::json(&chat("hm"));
        }
        if n == 2 {
            wait("the test has seen it", || gone.load(Ordering::SeqCst));
        }
        let seen = numbers(asked);
        let own = |item: &Value| seen.contains(&(item["lines"][0].as_u64().unwrap() as u32));
        answer(&items().into_iter().filter(own).collect::<Vec<_>>())
    });
    let served = with(&home, &chat_server);
    let path = |rest: &str| format!("/api/v1/sessions/{}{rest}", id(&dir));
    let way = served.get("/api/v1/summaries").expect(200).json();
    assert_eq!(
        (&way["host"], &way["here"], &way["problem"]),
        (&json!("127.0.0.1"), &json!(true), &json!(null))
    );
    assert_eq!((&way["template"], way["templates"].as_array().unwrap().len()), (&json!("meeting"), 5));
    served.get(&path("/summary/job")).expect(404);
    served.delete(&path("/summary/job")).expect(404);

    let begun = served.send("POST", &path("/summary"), json!({"template": "council"})).expect(202).json();
    assert_eq!((&begun["state"], &begun["template"]), (&json!("running"), &json!("council")));
    let job = path("/summary/job");
    wait("its second half is asked for", || chats(&chat_server).len() == 3);
    let told = served.get(&job).expect(200).json();
    let far = json!({"state": "running", "template": "council", "host": "127.0.0.1", "here": true, "part": 2,
        "parts": 2, "reason": null});
    assert_eq!(told, far);
    assert_eq!(served.get(&path("")).json()["summarising"], true);
    let twice = served.send("POST", &path("/summary"), json!({})).expect(409).json();
    assert!(twice["detail"].as_str().unwrap().contains("already"), "{twice}");
    go.store(true, Ordering::SeqCst);
    until(&served, &job, "done");

    let told = served.get(&path("/summary")).expect(200).json();
    assert_eq!((&told["template"], &told["left_out"]), (&json!("council"), &json!(1)));
    assert_eq!(told["items"][0]["text"], "Gareem is on his way.");
    assert_eq!(told["reasons"], json!([{"reason": "name", "count": 1}]));
    assert_eq!(served.get(&path("")).json()["summarising"], false);
    let minutes = fs::read_to_string(dir.join("minutes.md")).unwrap();
    assert!(minutes.contains("Made by scripted from what was said"), "{minutes}");
    // One that has ended can be given up, and nothing comes of it.
    assert_eq!(served.delete(&job).expect(200).json()["state"], "done");

    let found = served.get("/api/v1/search?q=gareem&kind=summary").expect(200).json();
    let hit = &found["hits"][0];
    assert_eq!(
        (&hit["id"], &hit["kind"], &hit["summary"]),
        (&json!("bob-1-6"), &json!("summary"), &json!("topic"))
    );
    assert_eq!(
        (&hit["page"], found["hits"].as_array().unwrap().len()),
        (&json!(format!("/#/session/{}/bob-1-6", id(&dir))), 1)
    );
    assert_eq!(served.get("/api/v1/search?q=gareem").json()["hits"].as_array().unwrap().len(), 2);

    // No path becomes a template, no stranger a reader.
    fs::write(dir.join("mine.md"), "- topic: everything").unwrap();
    for template in ["mine.md", "../mine.md", "nothing", dir.join("mine.md").to_str().unwrap()] {
        served.send("POST", &path("/summary"), json!({ "template": template })).expect(422);
    }
    served.send("POST", &path("/summary"), json!({"host": "gpu.example"})).expect(422);
    served.send("POST", &path("/summary"), json!({"url": "http://gpu.example/v1"})).expect(422);
    served.send("POST", "/api/v1/sessions/nobody/summary", json!({})).expect(404);
    served.ask("POST", &path("/summary"), &[("content-type", "application/json")], Some("{}")).expect(401);
    assert_eq!(chats(&chat_server).len(), 3, "nothing of all that was sent");
}

#[test]
fn one_that_fails_is_given_up_or_loses_its_server_changes_nothing() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let path = |rest: &str| format!("/api/v1/sessions/{}{rest}", id(&dir));
    let (summary, job) = (path("/summary"), path("/summary/job"));
    {
        let served = Served::start(&home);
        let way = served.get("/api/v1/summaries").expect(200).json();
        assert!(
            way["host"].is_null() && way["problem"].as_str().unwrap().contains("no chat server"),
            "{way}"
        );
        let none = served.send("POST", &summary, json!({})).expect(422).json();
        assert!(none["detail"].as_str().unwrap().contains("summary.url"), "{none}");
    }
    let good = server(|_, _| answer(&items()));
    home.run(["summarize", "last", &format!("--url={}", good.url())]).expect(0);
    let before = files(&dir);

    let refusing = server(|_, _| Reply::of(404, r#"{"error": {"message": "no such model"}}"#));
    let served = with(&home, &refusing);
    served.send("POST", &summary, json!({})).expect(202);
    let failed = until(&served, &job, "failed");
    let reason = failed["reason"].as_str().unwrap();
    assert!(reason.contains("no such model") && reason.contains("nothing was changed"), "{reason}");
    assert_eq!(files(&dir), before);

    // Given up while the server works: the request is ended with it, and another one can be begun.
    let slow = server(|_, _| Reply { wait: LONG, ..answer(&items()) });
    let served = with(&home, &slow);
    for asked in 1..3 {
        served.send("POST", &summary, json!({})).expect(202);
        wait("it is asked", || chats(&slow).len() == asked);
        assert_eq!(served.delete(&job).expect(200).json()["state"], "cancelled");
        assert_eq!(files(&dir), before);
    }
    // A server that ends in the middle.
    served.send("POST", &summary, json!({})).expect(202);
    wait("it is asked", || chats(&slow).len() == 3);
    // It answers when it is dropped; the next question finds nobody.
    drop(slow);
    until(&served, &job, "done");
    let summed = files(&dir);
    served.send("POST", &summary, json!({})).expect(202);
    // Nobody has to wait until the server is given up.
    until(&served, &job, "running");
    assert_eq!(served.delete(&job).expect(200).json()["state"], "cancelled");
    assert_eq!(files(&dir), summed);

    // Ctrl-C of our own server ends what it makes, and does not wait for it.
    let slow = server(|_, _| Reply { wait: LONG, ..answer(&[]) });
    let served = with(&home, &slow);
    served.send("POST", &summary, json!({})).expect(202);
    wait("it is asked", || chats(&slow).len() == 1);
    assert_eq!(served.interrupt(), Some(0));
    assert_eq!(files(&dir), summed);
    home.run(["verify", "last"]).expect(0);
}

#[test]
fn another_computer_gets_nothing_before_it_is_named() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let path = |rest: &str| format!("/api/v1/sessions/{}{rest}", id(&dir));
    // It stands there for whoever is asked through it.
    let proxy = server(|_, _| answer(&items()));
    let through = proxy.proxy();
    let through = through.as_str();
    let settings =
        [("HANSARD_SUMMARY_URL", "http://gpu.example/v1"), ("http_proxy", through), ("ALL_PROXY", through)];
    let served = Served::with(&home, &settings);
    let way = served.get("/api/v1/summaries").json();
    assert_eq!((&way["host"], &way["here"]), (&json!("gpu.example"), &json!(false)));
    let unnamed = served.send("POST", &path("/summary"), json!({})).expect(422).json();
    assert!(unnamed["detail"].as_str().unwrap().contains("would be sent to gpu.example"), "{unnamed}");
    served.send("POST", &path("/summary"), json!({"host": "localhost"})).expect(422);
    assert!(proxy.asked().is_empty());

    let Some(mut chrome) = Chrome::start() else { return };
    chrome.size(1440, 900);
    open(&mut chrome, &served, &id(&dir));
    chrome.until("document.querySelector('.maker') && !document.querySelector('.maker').hidden");
    chrome.js("document.querySelector('.maker button').click()");
    chrome.until("document.querySelector('#dialog').open");
    let asked = chrome.js("document.querySelector('#dialog').textContent");
    assert!(asked.as_str().unwrap().contains("is sent to gpu.example, another computer"), "{asked}");
    saw(&mut chrome, "summarise-elsewhere");
    chrome.js("document.querySelector('#dialog button:not(.main)').click()");
    chrome.until("!document.querySelector('#dialog').open");
    assert!(proxy.asked().is_empty());
    let journal = || fs::read_to_string(dir.join("events.jsonl")).unwrap();
    assert!(!journal().contains("text_summarised"));
    // Left and asked again at once: the browser tells of the first one's end when the second one is open.
    let maker = "document.querySelector('.maker button').click()";
    let left = "document.querySelector('#dialog button:not(.main)').click()";
    chrome.js(&format!("{maker}, {left}, {maker}"));
    // What came before a timer's turn was told by then.
    chrome.js("setTimeout(() => { window.told = true; }, 100)");
    chrome.until("window.told && document.querySelector('#dialog').open");
    assert!(proxy.asked().is_empty());
    chrome.js("document.querySelector('#dialog .main').click()");
    wait("it is asked", || chats(&proxy).len() == 1);
    until(&served, &path("/summary/job"), "done");
    chrome.until("document.querySelectorAll('#summary .item').length === 1");
    assert_eq!(chats(&proxy).len(), 1);
    assert!(journal().contains("text_summarised"));
    let by = chrome.js("document.querySelector('#summary .by').textContent");
    assert!(by.as_str().unwrap().starts_with("Made by scripted at gpu.example"), "{by}");
    assert_eq!(chrome.complaints(), Vec::<Value>::new());
}

#[test]
fn the_page_has_one_made_shows_how_far_it_is_and_gives_it_up() {
    let Some(mut chrome) = Chrome::start() else { return };
    let home = Home::new();
    let dir = session(&home, &LINES);
    let go = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&go);
    // Twice it says nothing, then what it is told to.
    let chat_server = server(move |_, n| match n {
        0 => Reply { wait: LONG, ..answer(&[]) },
        1 => Reply::of(404, r#"{"error": {"message": "no such <b>model</b>"}}"#),
        _ => {
            wait("the test has seen it", || gone.load(Ordering::SeqCst));
            answer(&items())
        }
    });
    let served = with(&home, &chat_server);
    let id = id(&dir);
    chrome.size(1440, 900);
    open(&mut chrome, &served, &id);
    let maker = "document.querySelector('.maker')";
    let start = "[...document.querySelectorAll('.maker button')].find((one) => one.textContent.startsWith('Summarise'))";
    chrome.until(&format!("{maker} && !{maker}.hidden"));
    assert_eq!(chrome.js(&format!("{maker}.querySelectorAll('option').length")), 5);
    assert_eq!(chrome.js(&format!("{maker}.querySelector('select').value")), "meeting");
    saw(&mut chrome, "summarise");

    // To this computer nothing is confirmed; another page sees it, too; giving up brings the button back.
    chrome.js(&format!("{maker}.querySelector('select').value = 'interview'; {start}.click()"));
    chrome.until(&format!("{maker}.querySelector('[role=status]').textContent === 'Part 1 of 1'"));
    saw(&mut chrome, "summarising");
    assert_eq!(served.get(&format!("/api/v1/sessions/{id}/summary/job")).json()["template"], "interview");
    open(&mut chrome, &served, &id);
    chrome.until(&format!("{maker} && {maker}.querySelector('[role=status]').textContent === 'Part 1 of 1'"));
    chrome.js(&format!(
        "[...{maker}.querySelectorAll('button')].find((one) => one.textContent === 'Cancel').click()"
    ));
    chrome.until(&format!("{maker}.querySelector('progress').checkVisibility() === false"));
    assert!(!dir.join("summary.json").exists());

    // Why it failed, as text.
    chrome.js(&format!("{start}.click()"));
    chrome.until(&format!("!{maker}.querySelector('.problem').hidden"));
    let why = chrome.js(&format!("{maker}.querySelector('.problem').textContent"));
    assert!(why.as_str().unwrap().contains("no such <b>model</b>"), "{why}");

    chrome.js(&format!("{start}.click()"));
    chrome.until(&format!("{maker}.querySelector('progress').checkVisibility()"));
    go.store(true, Ordering::SeqCst);
    until(&served, &format!("/api/v1/sessions/{id}/summary/job"), "done");
    chrome.until("document.querySelectorAll('#summary .item').length === 1");
    chrome.until(&format!(
        "{start}.textContent === 'Summarise again' && {maker}.querySelector('.problem').hidden"
    ));
    assert_eq!(
        chrome.js("document.querySelector('.reasons summary').textContent"),
        "1 of 2 sentences was left out: not in the transcript."
    );
    saw(&mut chrome, "summarised");
    assert_eq!(chrome.complaints(), Vec::<Value>::new());
}

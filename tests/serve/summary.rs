//! A summary in the API and in the page: what stands now, and where it leads.

use std::path::Path;

use hansard::session::disk::SystemDisk;
use hansard::session::reading::Session;
use hansard::session::summary::{self, By, Counts, Item, Kind, LeftOut, Summary};
use serde_json::{Value, json};

use super::page::{open, saw};
use super::{LINES, Served, id, session};
use crate::support::home::Home;
use crate::support::stage::chrome::Chrome;

/// What would be markup if anybody took it for that.
const HOSTILE: &str = "<img src=x onerror=\"window.hurt = 1\"><script>window.hurt = 1</script>";

/// A summary of the usual lines, as `hansard summarize` writes it.
pub fn summarised(dir: &Path) {
    let item = |kind, text: &str, quote: &str, line: &str| Item {
        kind,
        text: text.into(),
        owner: None,
        due: None,
        quote: quote.into(),
        lines: vec![line.into()],
    };
    let mut action = item(Kind::Action, HOSTILE, "<script>alert(1)</script>", "alice-1-4");
    (action.owner, action.due) = (Some("Alice".into()), Some("<i>soon</i>".into()));
    let items = vec![
        item(Kind::Topic, "When they meet.", "we meat", "alice-1-1"),
        item(Kind::Decision, "They meet at nine.", "nine it is then", "bob-1-2"),
        action,
        item(Kind::Topic, "Gareem comes.", "gareem is on his way", "bob-1-6"),
    ];
    let out = |reason: &str, kind: Option<&str>| LeftOut {
        item: item(Kind::Decision, "Never shown", "never said", "bob-1-2"),
        reason: reason.into(),
        reason_kind: kind.map(str::to_owned),
    };
    let open = Session::open(dir).unwrap();
    let cited = items.iter().flat_map(|item| &item.lines);
    let line = |id: &String| open.utterances.iter().find(|line| line.id == *id).unwrap();
    let summary = Summary {
        by: By { model: "<b>tiny</b>".into(), host: "gpu.example".into(), ..By::default() },
        of: summary::of(&open, "en").unwrap(),
        lines: cited.map(|id| summary::cite(line(id))).collect(),
        left_out: vec![
            out("says 4711, which nobody said in these lines", Some("number")),
            // As early versions wrote it.
            out("Zacharias neither said it nor was asked by name", None),
            out("says Sunday, which nobody said in these lines", Some("number")),
        ],
        counts: Counts { said: 7, left_out: 3, parts: 1, unread: 0 },
        items,
        ..Summary::default()
    };
    summary.write(&SystemDisk, dir).unwrap();
}

fn texts(told: &Value) -> Vec<&str> {
    told["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap()).collect()
}

#[test]
fn a_summary_is_answered_as_it_stands_now() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let served = Served::start(&home);
    let path = |rest: &str| format!("/api/v1/sessions/{}{rest}", id(&dir));
    let none = served.get(&path("/summary")).expect(404).json();
    assert!(none["detail"].as_str().unwrap().contains("hansard summarize"), "{none}");
    served.get("/api/v1/sessions/nobody/summary").expect(404);
    let before = served.get(&path("")).json();
    assert_eq!(before["summary"], false);

    summarised(&dir);
    let one = served.get(&path("")).json();
    assert_eq!(one["summary"], true);
    assert_ne!(one["revision"], before["revision"], "who follows it hears of it");
    let answer = served.get(&path("/summary")).expect(200);
    let raw = String::from_utf8(answer.body.clone()).unwrap();
    let told = answer.json();
    assert_eq!(texts(&told), ["When they meet.", "They meet at nine.", HOSTILE, "Gareem comes."]);
    let decision = json!({
        "kind": "decision", "text": "They meet at nine.", "owner": null, "due": null, "quote": "nine it is then",
        "lines": [{"id": "bob-1-2", "start": 2.5, "end": told["items"][1]["lines"][0]["end"], "speaker": "Bob"}],
        "changed": false,
    });
    assert_eq!(told["items"][1], decision);
    assert_eq!(
        (&told["items"][2]["owner"], &told["items"][2]["due"]),
        (&json!("Alice"), &json!("<i>soon</i>"))
    );
    assert_eq!(
        (&told["model"], &told["host"], &told["here"]),
        (&json!("<b>tiny</b>"), &json!("gpu.example"), &json!(false))
    );
    assert_eq!((&told["said"], &told["left_out"], &told["gone"]), (&json!(7), &json!(3), &json!(0)));
    assert_eq!(told["stale"], false);
    // Why, and none of the words that nobody said.
    assert_eq!(told["reasons"], json!([{"reason": "number", "count": 2}, {"reason": "owner", "count": 1}]));
    for word in ["4711", "Zacharias", "Sunday", "Never shown"] {
        assert!(!raw.contains(word), "{word}: {raw}");
    }

    // A correction that takes nothing away from the quote, one that does, and a line that is withheld.
    let line = |line: &str| path(&format!("/lines/{line}"));
    served
        .send("POST", &line("bob-1-2"), json!({"edit": "text", "text": "Nine it is then, Bob."}))
        .expect(200);
    let told = served.get(&path("/summary")).json();
    assert_eq!((&told["stale"], &told["items"][1]["changed"]), (&json!(true), &json!(true)));
    served.send("POST", &line("alice-1-1"), json!({"edit": "text", "text": "We meet at nine."})).expect(200);
    served.send("POST", &line("bob-1-6"), json!({"edit": "withhold"})).expect(200);
    let told = served.get(&path("/summary")).json();
    assert_eq!(texts(&told), ["They meet at nine.", HOSTILE]);
    assert_eq!(told["gone"], 2);
    // So does a passage that is hidden.
    served.send("POST", &path("/passages"), json!({"from": 2.4, "to": 3.9})).expect(200);
    assert_eq!(texts(&served.get(&path("/summary")).json()), [HOSTILE]);

    std::fs::write(dir.join("summary.json"), "{").unwrap();
    served.get(&path("/summary")).expect(422);
}

#[test]
fn a_sentence_of_the_summary_leads_to_its_line_and_goes_with_it() {
    let Some(mut chrome) = Chrome::start() else { return };
    let home = Home::new();
    let dir = session(&home, &LINES);
    summarised(&dir);
    let id = id(&dir);
    let served = Served::start(&home);
    chrome.size(1440, 900);
    open(&mut chrome, &served, &id);
    let items = "[...document.querySelectorAll('#summary .item')]";
    chrome.until(&format!("{items}.length === 4 && !document.querySelector('#player').hidden"));
    assert_eq!(
        chrome.js("[...document.querySelectorAll('#summary h3')].map((one) => one.textContent)"),
        json!(["Decisions", "Actions", "Topics"])
    );
    assert_eq!(chrome.js(&format!("{items}[0].textContent")), "00:02 They meet at nine.");
    // Decisions and actions have their quotes, and whatever a model or a file says is text.
    assert_eq!(
        chrome.js("[...document.querySelectorAll('#summary q')].map((one) => one.textContent)"),
        json!(["Bob: \u{201c}nine it is then\u{201d}", "Alice: \u{201c}<script>alert(1)</script>\u{201d}"])
    );
    assert_eq!(
        chrome.js(&format!("{items}[1].textContent")),
        format!("00:04 {HOSTILE} (Alice, <i>soon</i>)")
    );
    assert_eq!(chrome.js("document.querySelectorAll('#summary :is(img, script, b, i)').length"), 0);
    assert_eq!(chrome.js("window.hurt === undefined"), true);
    let by = chrome.js("document.querySelector('#summary .by').textContent");
    assert!(by.as_str().unwrap().starts_with("Made by <b>tiny</b> at gpu.example"), "{by}");
    // What was left out, and on demand why.
    assert_eq!(
        chrome.js("document.querySelector('.reasons summary').textContent"),
        "3 of 7 sentences were left out: not in the transcript."
    );
    assert_eq!(chrome.js("document.querySelector('.reasons li').checkVisibility()"), false);
    chrome.js("document.querySelector('.reasons summary').click()");
    assert_eq!(
        chrome.js("[...document.querySelectorAll('.reasons li')].map((one) => one.textContent)[0]"),
        "2 \u{d7} a number or a date that nobody said there"
    );

    saw(&mut chrome, "summary");

    // A click leads to the line and plays it; so does the keyboard, whoever's words are chosen.
    let focused = "document.activeElement.dataset.id";
    let place = chrome.js(&format!(
        "(() => {{ const at = {items}[0].getBoundingClientRect(); return [at.left + 20, at.top + at.height / 2]; }})()"
    ));
    chrome.click(place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
    chrome.until(&format!("{focused} === 'bob-1-2'"));
    chrome.until("document.body.classList.contains('playing')");
    chrome.until("Number(document.querySelector('#seek').value) >= 2.4");
    assert_eq!(chrome.js("location.hash"), format!("#/session/{id}"), "nothing was loaded anew");
    chrome.key(" ", " ");
    chrome.until("!document.body.classList.contains('playing')");
    chrome.js("(() => { const only = document.querySelector('#only'); only.value = 'Bob'; only.dispatchEvent(new Event('change')); })()");
    chrome.until("document.querySelectorAll('.line').length === 2");
    chrome.js(&format!("{items}[1].focus()"));
    chrome.key("Enter", "\r");
    chrome.until(&format!("{focused} === 'alice-1-4' && document.querySelectorAll('.line').length === 4"));
    chrome.key(" ", " ");

    // What is taken away, in this page or elsewhere, is so in the summary; who folded it has it folded.
    served
        .send("POST", &format!("/api/v1/sessions/{id}/lines/bob-1-6"), json!({"edit": "withhold"}))
        .expect(200);
    chrome.until(&format!("{items}.length === 3 && document.querySelector('#summary strong')"));
    chrome.js("document.querySelector('#summary > details > summary').click()");
    chrome.until(&format!("{focused} === 'alice-1-4'"));
    chrome.key("x", "x");
    chrome.until(&format!("{items}.length === 2"));
    assert_eq!(chrome.js("document.querySelector('#summary > details').open"), false);
    // One that comes while the page is open is shown.
    std::fs::remove_file(dir.join("summary.json")).unwrap();
    chrome.until("document.querySelector('#summary').hidden");
    summarised_again(&dir);
    chrome.until(&format!("{items}.length === 1"));
    assert_eq!(chrome.complaints(), Vec::<Value>::new());
}

/// Of what is still shown.
fn summarised_again(dir: &Path) {
    let item = json!({"kind": "topic", "text": "Nine.", "quote": "nine it is", "lines": ["bob-1-2"]});
    std::fs::write(dir.join("summary.json"), json!({"items": [item]}).to_string()).unwrap();
}

//! The page in a real browser.

use serde_json::json;

use super::{LINES, Served, id, session};
use crate::support::home::Home;
use crate::support::stage::chrome::Chrome;

pub fn open(chrome: &mut Chrome, served: &Served, session: &str) {
    let page = if session.is_empty() { String::new() } else { format!("&session={session}") };
    chrome.visit_through(&format!("{}{page}", served.address));
    let ready = if session.is_empty() { ".sessions li" } else { ".line .said" };
    chrome.until(&format!("document.querySelector('{ready}')"));
}

pub fn saw(chrome: &mut Chrome, name: &str) {
    if let Some(folder) = std::env::var_os("HANSARD_TEST_PICTURES") {
        chrome.shoot(&std::path::Path::new(&folder).join(format!("{name}.png")));
    }
}

/// What the first two lines say.
const SHOWN: &str =
    "[...document.querySelectorAll('.line .said')].slice(0, 2).map((said) => said.firstChild.data)";

#[test]
fn a_correction_in_the_page_stands_in_the_next_export_and_survives_a_reload() {
    let Some(mut chrome) = Chrome::start() else { return };
    let home = Home::new();
    let dir = session(&home, &LINES);
    let id = id(&dir);
    let served = Served::start(&home);
    chrome.size(1440, 900);
    open(&mut chrome, &served, "");
    assert_eq!(chrome.js("location.search"), "", "the token is out of the address bar");
    assert_eq!(chrome.js("document.cookie"), "", "no script can read it");
    // Hostile titles and lines are text.
    assert_eq!(chrome.js("document.querySelector('.sessions .title').textContent"), "Weekly <b>sync</b>");
    saw(&mut chrome, "list");
    chrome.js("document.querySelector('.sessions a').click()");
    chrome.until("document.querySelectorAll('.line').length === 4");
    assert_eq!(chrome.js("document.querySelectorAll('#text script, #text b b').length"), 0);
    chrome.until("document.querySelector('#player').hidden === false");
    saw(&mut chrome, "session");

    // e, the words, Enter.
    chrome.key("j", "j");
    chrome.key("e", "e");
    chrome.until("document.querySelector('[contenteditable]') === document.activeElement");
    chrome.js("document.execCommand('selectAll')");
    chrome.write("We meet at nine.");
    saw(&mut chrome, "correcting");
    chrome.key("Enter", "\r");
    chrome.until("document.querySelector('.line .said').textContent.startsWith('We meet at nine.') && !document.querySelector('.editing')");
    let minutes = std::fs::read_to_string(dir.join("minutes.md")).unwrap();
    assert!(minutes.contains("We meet at nine."), "{minutes}");
    open(&mut chrome, &served, &id);
    assert!(
        chrome
            .js("document.querySelector('.line .said').textContent")
            .as_str()
            .unwrap()
            .starts_with("We meet at nine.")
    );
    // Esc leaves a line as it was.
    chrome.key("j", "j");
    chrome.key("e", "e");
    chrome.write("nonsense");
    chrome.key("Escape", "");
    chrome.until("!document.querySelector('.editing')");
    assert!(!chrome.js("document.querySelector('#text').textContent").as_str().unwrap().contains("nonsense"));

    // Find and replace shows what it will do, and does it; undo takes it back.
    chrome.js("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'h', ctrlKey: true }))");
    chrome.until("document.querySelector('#dialog').open");
    chrome.write("gareem");
    chrome.key("Tab", "");
    chrome.write("Karim");
    chrome.until("document.querySelectorAll('.preview li ins').length === 2");
    chrome.js("document.querySelector('#dialog .main').click()");
    chrome.until("!document.querySelector('#dialog').open && document.querySelector('#text').textContent.split('Karim').length === 3");
    chrome.key("u", "u");
    chrome.until("!document.querySelector('#text').textContent.includes('Karim')");

    // A line is split at the cursor, joined with the next one, and all of it taken back.
    chrome.js("document.querySelector('.line').click()");
    chrome.key("e", "e");
    chrome.until("document.querySelector('[contenteditable]') === document.activeElement");
    chrome.js("(() => { const text = document.activeElement.firstChild; getSelection().collapse(text, text.data.indexOf('at')); })()");
    chrome.shifted("Enter", "\r");
    chrome.until("document.querySelectorAll('.line').length === 5 && !document.querySelector('.editing')");
    assert_eq!(chrome.js(SHOWN), json!(["We meet", "at nine."]));
    saw(&mut chrome, "split");
    chrome.shifted("J", "J");
    chrome.until("document.querySelectorAll('.line').length === 4");
    assert_eq!(chrome.js(SHOWN)[0], "We meet at nine.");
    chrome.key("u", "u");
    chrome.until("document.querySelectorAll('.line').length === 5");
    chrome.key("u", "u");
    chrome.until("document.querySelectorAll('.line').length === 4");
    assert_eq!(chrome.js(SHOWN), json!(["We meet at nine.", "Nine it is then."]));
    chrome.shifted("U", "U");
    chrome.until("document.querySelectorAll('.line').length === 5");
    chrome.key("u", "u");
    chrome.until("document.querySelectorAll('.line').length === 4");

    // Another editor is seen within a second, and here nothing is reloaded by hand.
    home.run(["edit", "last", "rename", "Bob", "Robert"]).expect(0);
    chrome.until("document.querySelector('#text').textContent.includes('Robert')");
    assert_eq!(chrome.complaints(), Vec::<serde_json::Value>::new());
}

#[test]
fn a_click_plays_from_there_and_words_light_up() {
    let Some(mut chrome) = Chrome::start() else { return };
    let home = Home::new();
    let id = id(&session(&home, &LINES));
    let served = Served::start(&home);
    chrome.size(1440, 900);
    open(&mut chrome, &served, &id);
    chrome.until("document.querySelector('#wave').width > 0 && document.querySelector('#play')");
    // On "is" of "Nine it is then."
    let place = chrome.js(
        "(() => { const text = document.querySelectorAll('.line .said')[1].firstChild, range = document.createRange(); \
         range.setStart(text, 8); range.setEnd(text, 10); const at = range.getBoundingClientRect(); \
         return [at.left + at.width / 2, at.top + at.height / 2]; })()",
    );
    chrome.click(place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
    chrome.until("document.body.classList.contains('playing')");
    chrome.until("[...CSS.highlights.get('now')].map((range) => range.startContainer.data.slice(range.startOffset, range.endOffset)).join() === 'is'");
    let at = chrome.number("Number(document.querySelector('#seek').value)");
    assert!((3.05..5.5).contains(&at), "{at}");
    // One track alone, from where it is; then all again.
    let at = chrome.number("Number(document.querySelector('#seek').value)");
    chrome.js("document.querySelector('.tracks').open = true; document.querySelectorAll('.track button')[1].click()");
    chrome.until("document.body.classList.contains('playing')");
    assert!(chrome.requests().iter().any(|url| url.ends_with("/audio/bob")), "{:?}", chrome.requests());
    let later = chrome.number("Number(document.querySelector('#seek').value)");
    assert!(later >= at, "{later} {at}");
    let boxes = "[...document.querySelectorAll('.track input')].map((one) => one.checked)";
    assert_eq!(chrome.js(boxes), json!([false, true]));
    chrome.js("document.querySelectorAll('.track button')[1].click()");
    assert_eq!(chrome.js(boxes), json!([true, true]));
    chrome.until("document.body.classList.contains('playing')");
    chrome.key(" ", " ");
    chrome.until("!document.body.classList.contains('playing')");
    assert_eq!(chrome.complaints(), Vec::<serde_json::Value>::new());
}

#[test]
fn it_fits_a_phone_and_the_dark() {
    let Some(mut chrome) = Chrome::start() else { return };
    let home = Home::new();
    let id = id(&session(&home, &LINES));
    let served = Served::start(&home);
    for (width, height) in [(375, 800), (1440, 900)] {
        for scheme in ["light", "dark"] {
            chrome.size(width, height);
            chrome.media("screen", scheme);
            for page in ["", id.as_str()] {
                open(&mut chrome, &served, page);
                let wide = chrome.number("document.documentElement.scrollWidth");
                assert!(wide <= f64::from(width), "{page} is {wide} wide at {width}");
                let kind = if page.is_empty() { "list" } else { "session" };
                saw(&mut chrome, &format!("{kind}-{width}-{scheme}"));
                if width > 375 || page.is_empty() {
                    continue;
                }
                // The text comes first; what else there is stands where a button unfolds it.
                let side = "document.querySelector('#side').checkVisibility()";
                assert_eq!(chrome.js(side), false);
                let top = chrome.number("document.querySelector('.line').getBoundingClientRect().top");
                assert!(top < f64::from(height), "the text begins at {top}");
                chrome.js("document.querySelector('#unfold').click()");
                assert_eq!(chrome.js(side), true);
                assert_eq!(
                    chrome.js("document.querySelector('#unfold').getAttribute('aria-expanded')"),
                    "true"
                );
                saw(&mut chrome, &format!("unfolded-{width}-{scheme}"));
            }
        }
    }
}

#[test]
fn a_live_meeting_is_seen_in_eight_tabs_and_after_the_server_was_away() {
    let Some(mut chrome) = Chrome::start() else { return };
    let home = Home::new();
    let mut running =
        home.start(["record", "--no-transcribe", "--title=Live", "--source=Alice=synth:tone,secs=0"]);
    let dir = running.records(&home, 0.5);
    let served = Served::start(&home);
    chrome.visit_through(&format!("{}&session={}", served.address, id(&dir)));
    chrome.until("document.querySelector('#live') && !document.querySelector('#live').hidden");
    chrome.until(
        "document.querySelector('.clock').textContent !== '' && document.querySelector('meter').value > -50",
    );
    saw(&mut chrome, "live");
    // Seven more pages that look at the same: a browser has but six connections to a server.
    chrome.js(&format!(
        "window.more = Array.from({{ length: 7 }}, () => new WebSocket('ws://' + location.host + '/api/v1/ws?session={}')); \
         window.told = new Set(); window.more.forEach((one, n) => one.onmessage = () => window.told.add(n)); 1",
        id(&dir)
    ));
    chrome.until("window.told.size === 7");
    assert_eq!(chrome.js("fetch('/api/v1/sessions').then((answer) => answer.status)"), 200);
    // A mark from elsewhere is seen here.
    home.run(["mark", "Decision: on we go"]).expect(0);
    chrome.until("document.querySelector('.mark-here') && document.querySelector('.mark-here').textContent.includes('on we go')");
    chrome.js("fetch('/api/v1/live/stop', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })");
    running.end().expect(0);
    chrome.until("document.querySelector('#live').hidden");
    assert_eq!(json!(chrome.complaints()), json!([]));
}

#[test]
fn undo_takes_back_whatever_was_corrected_or_says_that_it_can_not() {
    let Some(mut chrome) = Chrome::start() else { return };
    let home = Home::new();
    let dir = session(&home, &LINES);
    let id = id(&dir);
    let served = Served::start(&home);
    chrome.size(1440, 900);
    open(&mut chrome, &served, &id);
    let session = || served.get(&format!("/api/v1/sessions/{id}")).json();
    let answer = |chrome: &mut Chrome, text: &str| {
        chrome.until(
            "document.querySelector('#dialog').open && document.activeElement.matches('#dialog input')",
        );
        chrome.js("document.activeElement.select()");
        chrome.write(text);
        chrome.js("document.querySelector('#dialog .main').click()");
        chrome.until("!document.querySelector('#dialog').open");
    };
    let click = |chrome: &mut Chrome, selector: &str, text: &str| {
        chrome.js(&format!(
            "[...document.querySelectorAll({selector:?})].find((one) => one.textContent === {text:?}).click()"
        ));
    };
    let said = "document.querySelector('#text').textContent";

    // A line, a mark, a name, a hidden passage, the title.
    chrome.key("j", "j");
    chrome.key("e", "e");
    chrome.until("document.querySelector('[contenteditable]') === document.activeElement");
    chrome.js("document.execCommand('selectAll')");
    chrome.write("We meet at nine.");
    chrome.key("Enter", "\r");
    chrome.until(&format!("{said}.includes('We meet') && !document.querySelector('.editing')"));
    chrome.key("m", "m");
    answer(&mut chrome, "on we go");
    chrome.until("document.querySelectorAll('.mark-here').length === 1");
    chrome.js("document.querySelector('[data-name=people]').open = true");
    click(&mut chrome, "[data-name=people] li:nth-child(2) button", "Another name");
    answer(&mut chrome, "Robert");
    chrome.until(&format!("{said}.includes('Robert')"));
    click(&mut chrome, "#side button", "Hide a passage");
    chrome.until("document.querySelector('#dialog').open");
    chrome.js("document.querySelectorAll('#dialog input').forEach((one, n) => { one.value = ['0:06', '0:08'][n]; })");
    chrome.js("document.querySelector('#dialog .main').click()");
    chrome.until("document.querySelectorAll('.line').length === 3");
    click(&mut chrome, "#side button", "Title");
    answer(&mut chrome, "Council");
    chrome.until("document.querySelector('h1').textContent === 'Council'");
    assert_eq!(session()["speakers"], json!(["Alice", "Robert"]));

    let steps = [
        "document.querySelector('h1').textContent === 'Weekly <b>sync</b>'",
        "document.querySelectorAll('.line').length === 4",
        "!document.querySelector('#text').textContent.includes('Robert')",
        "document.querySelectorAll('.mark-here').length === 0",
        "document.querySelector('#text').textContent.includes('We meat')",
    ];
    for step in steps {
        chrome.key("u", "u");
        chrome.until(step);
    }
    chrome.key("u", "u");
    chrome.until("document.querySelector('#toasts').textContent.includes('Nothing to undo.')");
    let whole = session();
    assert_eq!((&whole["marks"], &whole["passages"]), (&json!([]), &json!([])));
    // And all of it once more, with marks and passages that have other ids by then.
    for step in steps.iter().rev() {
        chrome.shifted("U", "U");
        chrome.until(&format!("!({step})"));
    }
    let whole = session();
    assert_eq!((&whole["title"], &whole["speakers"]), (&json!("Council"), &json!(["Alice", "Robert"])));
    assert_eq!(
        (whole["marks"].as_array().unwrap().len(), whole["passages"].as_array().unwrap().len()),
        (1, 1)
    );
    for step in steps {
        chrome.key("u", "u");
        chrome.until(step);
    }

    // What can't be taken back says so, and nothing older is done in its place.
    chrome.key("m", "m");
    answer(&mut chrome, "stays");
    chrome.until("document.querySelectorAll('.mark-here').length === 1");
    click(&mut chrome, "[data-name=people] li:nth-child(2) button", "The same person as …");
    chrome.until("document.querySelector('#dialog').open");
    chrome.js("document.querySelector('#dialog .main').click()");
    chrome.until(&format!("!document.querySelector('#dialog').open && !{said}.includes('Bob')"));
    chrome.key("u", "u");
    chrome.until("document.querySelector('#toasts').textContent.includes('one person of two')");
    assert_eq!(session()["marks"].as_array().unwrap().len(), 1);
    chrome.key("u", "u");
    chrome.until("document.querySelectorAll('.mark-here').length === 0");
    assert_eq!(session()["speakers"], json!(["Alice"]));
    assert_eq!(chrome.complaints(), Vec::<serde_json::Value>::new());
}

#[test]
fn the_page_says_which_exports_are_older_than_the_last_correction() {
    let Some(mut chrome) = Chrome::start() else { return };
    let home = Home::new();
    let dir = session(&home, &LINES);
    let id = id(&dir);
    let sent = home.path("<b>sent.txt");
    home.run(["export", "last", "--format=txt", &format!("--output={}", sent.display())]).expect(0);
    home.run(["export", "last", "--format=srt"]).expect(0);
    let srt = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
    let srt = srt.into_iter().find(|path| path.extension().is_some_and(|end| end == "srt")).unwrap();
    std::fs::write(&srt, "mine").unwrap();
    let served = Served::start(&home);
    chrome.size(1440, 900);
    open(&mut chrome, &served, &id);
    assert_eq!(chrome.js("document.querySelector('#stale').hidden"), true);
    chrome.key("j", "j");
    chrome.key("e", "e");
    chrome.until("document.querySelector('[contenteditable]') === document.activeElement");
    chrome.write(" Or at ten.");
    chrome.key("Enter", "\r");
    let told = "[...document.querySelectorAll('#stale li')].map((one) => one.textContent)";
    chrome.until(&format!("{told}.length === 1"));
    let elsewhere = chrome.js(told)[0].as_str().unwrap().to_owned();
    let renew = format!("hansard export {id} --renew");
    assert!(elsewhere.starts_with(sent.to_str().unwrap()) && elsewhere.ends_with(&renew), "{elsewhere}");
    // What a person changed is found when the others are written again, and told without a reload.
    chrome.until(&format!("{told}.length === 2"));
    let by_hand = chrome.js(told)[0].as_str().unwrap().to_owned();
    assert!(by_hand.contains("(changed by hand)") && by_hand.ends_with("--renew --force"), "{by_hand}");
    assert_eq!(chrome.js("document.querySelectorAll('#stale b').length"), 0);
    saw(&mut chrome, "older");
    open(&mut chrome, &served, &id);
    chrome.until(&format!("{told}.length === 2"));
    // It is gone when somebody has done what it says.
    home.run(["export", &id, "--renew", "--force"]).expect(0);
    chrome.until("document.querySelector('#stale').hidden");
    assert_eq!(chrome.complaints(), Vec::<serde_json::Value>::new());
}

/// Somebody else who writes the same line, a reload, a server that was away: nothing that was typed is lost.
#[test]
fn what_is_typed_outlives_another_editor_a_reload_and_the_server() {
    let Some(mut chrome) = Chrome::start() else { return };
    let home = Home::new();
    let dir = session(&home, &LINES);
    let id = id(&dir);
    let served = Served::start(&home);
    let port = served.port;
    chrome.size(1440, 900);
    open(&mut chrome, &served, &id);
    let types = |chrome: &mut Chrome, text: &str| {
        chrome.until("document.querySelector('.line .said')");
        chrome.js("document.querySelector('.line').click()");
        chrome.key("e", "e");
        chrome.until("document.querySelector('[contenteditable]') === document.activeElement");
        chrome.js("document.execCommand('selectAll')");
        chrome.write(text);
    };
    let typed = "document.querySelector('.editing .said')?.textContent";

    // Somebody else saves the same line: both are shown, and a person decides.
    types(&mut chrome, "We meet at nine sharp.");
    let line = format!("/api/v1/sessions/{id}/lines/alice-1-1");
    served.send("POST", &line, json!({"edit": "text", "text": "We eat at nine."})).expect(200);
    chrome.until("document.querySelector('.conflict blockquote')?.textContent === 'Alice: We eat at nine.'");
    assert_eq!(chrome.js(typed), "We meet at nine sharp.");
    saw(&mut chrome, "conflict");
    chrome.key("Enter", "\r");
    chrome.until("document.querySelector('.conflict')");
    assert_eq!(served.get(&line).json().as_array().unwrap().len(), 2, "nothing is written over unseen");
    chrome.js("document.querySelector('.conflict .main').click()");
    chrome.until("!document.querySelector('.editing')");
    assert_eq!(served.get(&line).json()[2]["text"], "We meet at nine sharp.");
    // Or the other one is taken.
    types(&mut chrome, "Mine.");
    served.send("POST", &line, json!({"edit": "text", "text": "Theirs."})).expect(200);
    chrome.until("document.querySelector('.conflict')");
    chrome.js("document.querySelector('.conflict button').click()");
    chrome.until("!document.querySelector('.editing') && document.querySelector('.line .said').textContent.startsWith('Theirs.')");

    // A reload, as after a crash of the browser.
    types(&mut chrome, "Half a sen");
    chrome.visit("about:blank");
    chrome.visit(&format!("http://127.0.0.1:{port}/#/session/{id}"));
    chrome.until(&format!("{typed} === 'Half a sen'"));
    chrome.key("Escape", "");
    chrome.until("!document.querySelector('.editing')");
    assert_eq!(
        chrome.js("Object.keys(localStorage).filter((name) => name.startsWith('hansard-draft'))"),
        json!([])
    );

    // The server goes away and comes back with another key; the page says what to do, and goes on.
    types(&mut chrome, "Typed while nobody served.");
    drop(served);
    chrome.until("!document.querySelector('#lost').hidden");
    chrome.until(&format!(
        "document.querySelector('#lost').textContent.includes('hansard serve --port {port}')"
    ));
    saw(&mut chrome, "gone");
    let served = Served::start_at(&home, port);
    chrome.until("document.querySelector('#lost').textContent.includes('new key')");
    // As in another tab.
    chrome.js(&format!("fetch('/?token={}').then((answer) => answer.status)", served.token));
    chrome.until("document.querySelector('#lost').hidden");
    assert_eq!(chrome.js(typed), "Typed while nobody served.");
    chrome.js("document.querySelector('.editing .said').focus()");
    chrome.key("Enter", "\r");
    chrome.until("!document.querySelector('.editing')");
    assert_eq!(served.get(&line).json()[4]["text"], "Typed while nobody served.");

    // Of what is hidden nothing stays in the browser.
    types(&mut chrome, "secret");
    chrome.visit("about:blank");
    served
        .send("POST", &format!("/api/v1/sessions/{id}/passages"), json!({"from": 0.5, "to": 2.4}))
        .expect(200);
    chrome.visit(&format!("http://127.0.0.1:{port}/#/session/{id}"));
    chrome.until("document.querySelectorAll('.line').length === 3");
    assert_eq!(chrome.js("JSON.stringify(localStorage).includes('secret')"), false);
}

/// Text that is seen and does not stand out enough (WCAG 2.2, 1.4.3), and controls without a name (4.1.2), as
/// `what: why`.
const HARD_TO_READ: &str = r#"(() => {
  const wrong = [];
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
  const over = (top, under) => [0, 1, 2].map((n) => top[n] * top[3] + under[n] * (1 - top[3])).concat(1);
  const ground = (node) => { const layers = []; for (let at = node; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor)); return layers.reduceRight((under, top) => over(top, under), [255, 255, 255, 1]); };
  const light = (colour) => { const [r, g, b] = colour.slice(0, 3).map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const seen = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && node.getBoundingClientRect().width > 1;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let looked = 0;
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !seen(node) || node.closest("option, :disabled")) continue;
    const style = getComputedStyle(node), under = ground(node);
    let opacity = 1;
    for (let at = node; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    const ink = rgba(style.color), shown = over([...ink.slice(0, 3), ink[3] * opacity], under);
    const [a, b] = [light(shown), light(under)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    looked += 1;
    if (ratio < (large ? 3 : 4.5)) wrong.push(`${walk.currentNode.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  for (const node of document.querySelectorAll("button, a[href], input, select, summary, [role=textbox], [tabindex='0']")) {
    if (!seen(node)) continue;
    const label = node.getAttribute("aria-label") || node.labels?.[0]?.textContent || node.textContent;
    if (!label?.trim()) wrong.push(`${node.outerHTML.slice(0, 80)}: no name`);
    const rect = (node.closest("label") ?? node).getBoundingClientRect();
    if (rect.width < 24 && rect.height < 24) wrong.push(`${node.outerHTML.slice(0, 80)}: ${rect.width}x${rect.height}`);
  }
  for (const id of [...document.querySelectorAll("[id]")].map((node) => node.id)) if (document.querySelectorAll(`[id="${id}"]`).length > 1) wrong.push(`${id}: twice`);
  return looked > 3 ? [...new Set(wrong)] : ["nothing was looked at"];
})()"#;

#[test]
fn everybody_can_read_it_and_reach_it_by_the_keyboard() {
    let Some(mut chrome) = Chrome::start() else { return };
    let home = Home::new();
    let dir = session(&home, &LINES);
    super::summary::summarised(&dir);
    let id = id(&dir);
    let served = Served::start(&home);
    served
        .send("POST", &format!("/api/v1/sessions/{id}/marks"), json!({"text": "Decision: nine", "at": 3.0}))
        .expect(200);
    served
        .send("POST", &format!("/api/v1/sessions/{id}/lines/bob-1-6"), json!({"edit": "withhold"}))
        .expect(200);
    for (width, height) in [(375, 800), (1440, 900)] {
        for scheme in ["light", "dark"] {
            chrome.size(width, height);
            chrome.media("screen", scheme);
            let look = |chrome: &mut Chrome, what: &str| {
                assert_eq!(chrome.js(HARD_TO_READ), json!([]), "{what} at {width}, {scheme}");
                let wide = chrome.number("document.documentElement.scrollWidth");
                assert!(wide <= f64::from(width), "{what} is {wide} wide at {width}");
            };
            open(&mut chrome, &served, "");
            look(&mut chrome, "the list");
            open(&mut chrome, &served, &id);
            chrome.until("document.querySelector('#player').hidden === false");
            chrome.js("[...document.querySelectorAll('#bar button')].find((one) => one.textContent === 'What is withheld').click()");
            chrome.until("document.querySelectorAll('.line').length === 4");
            chrome.until("document.querySelectorAll('#summary .item').length > 1");
            chrome.js("if (!document.querySelector('#side').checkVisibility()) document.querySelector('#unfold').click()");
            chrome.js("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
            look(&mut chrome, "a session");
            chrome.key("j", "j");
            chrome.key("e", "e");
            chrome.until("document.querySelector('.foot')");
            chrome.write(" and more");
            served
                .send(
                    "POST",
                    &format!("/api/v1/sessions/{id}/lines/alice-1-1"),
                    json!({"edit": "text", "text": format!("We meet, {width} {scheme}.")}),
                )
                .expect(200);
            chrome.until("document.querySelector('.conflict')");
            look(&mut chrome, "a conflict");
            saw(&mut chrome, &format!("correcting-{width}-{scheme}"));
            chrome.key("Escape", "");
            chrome.until("!document.querySelector('.editing')");
            chrome.key("?", "?");
            chrome.until("document.querySelector('#dialog').open");
            look(&mut chrome, "the keys");
            chrome.js("document.querySelector('#dialog .main').click()");
            chrome.until("!document.querySelector('#dialog').open");
        }
    }
    // Tab goes to every control that is seen, in the order in which they stand.
    chrome.js("document.activeElement.blur()");
    chrome.js("window.reached = []; document.addEventListener('focusin', (event) => window.reached.push(event.target)); 1");
    let all = "[...document.querySelectorAll('button, a[href], input, select, summary')].filter((node) => node.checkVisibility() && !node.disabled && !node.closest('.tools'))";
    for _ in 0..100 {
        chrome.key("Tab", "");
    }
    assert_eq!(
        chrome.js(&format!(
            "{all}.filter((node) => !window.reached.includes(node)).map((node) => node.outerHTML)"
        )),
        json!([])
    );
}

/// What a person reads stands in en.js, and in each other language's file.
#[test]
fn every_string_can_be_translated() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/serve/page");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.ends_with(".js") || ["en.js", "de.js"].contains(&name.as_str()) {
            continue;
        }
        for line in read(&name).lines().filter(|line| !line.trim_start().starts_with("//")) {
            for told in [
                "text: ",
                "title: ",
                "placeholder: ",
                "\"aria-label\": ",
                "label: ",
                "toast(",
                "ask(",
                "banner(",
            ] {
                for rest in line.split(told).skip(1) {
                    let literal =
                        rest.strip_prefix('"').and_then(|rest| rest.split('"').next()).unwrap_or_default();
                    let letters = literal.chars().filter(|c| c.is_alphabetic()).count();
                    assert!(
                        letters < 2 || literal == "Hansard",
                        "{name}: {literal:?} stands outside of en.js"
                    );
                }
            }
        }
    }
    let index = read("index.html");
    let body = index.split("<body>").nth(1).unwrap();
    let text: String =
        body.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
    assert!(!text.chars().any(char::is_alphabetic), "{text}");
}

#[test]
fn it_speaks_the_language_of_the_browser() {
    let Some(mut chrome) = Chrome::start() else { return };
    let home = Home::new();
    let id = id(&session(&home, &LINES));
    let served = Served::start(&home);
    for (language, said, lang) in [("de-AT", "Was gesagt wurde", "de"), ("fi-FI", "What was said", "en")] {
        chrome.speaks(language);
        open(&mut chrome, &served, &id);
        assert_eq!(chrome.js("document.querySelector('h2').textContent"), said);
        assert_eq!(chrome.js("document.documentElement.lang"), lang);
    }
    // Both say the same things.
    let shapes = "Promise.all(['en', 'de'].map((code) => import(`/assets/${code}.js`))).then(([{ en }, { de }]) => \
        [en, de].map((words) => Object.entries(words).map(([name, told]) => `${name} ${typeof told} ${told.length}`.replace(/string.*/, 'string')).sort()))";
    let shapes = chrome.js(shapes);
    assert!(shapes[0].as_array().unwrap().len() > 90);
    assert_eq!(shapes[0], shapes[1]);
}

//! The HTML page in a real browser: what a reader sees, clicks and finds.

mod sound;

use std::fs;
use std::path::{Path, PathBuf};

use hansard::base::utterance::Utterance;
use hansard::export::html::Sound;
use hansard::export::turns::Meeting;
use hansard::export::{Format, Options};
use hansard::session::manifest::{GapCause, Manifest};
use hansard::session::reading::Session;
use serde_json::{Value, json};

use super::sessions::{self, START, manifest, meeting, said, write};
use crate::support::sound::pcm;
use crate::support::stage::chrome::Chrome;

/// What exports of the meeting are called that are made for sending.
pub const NAME: &str = "2026-03-14 Weekly sync";

/// A sound of so many frames.
fn hum(path: &Path, rate: u32, frames: i32) {
    pcm(path, rate, 1, 16, &(0..frames).map(|n| n % 40 * 100).collect::<Vec<_>>());
}

/// The page of a session in its folder, with a minute of a tone as its sound if it is to have one, and with
/// each line's evidence.
fn page(dir: &Path, sound: bool, evidence: bool) -> PathBuf {
    if sound {
        hum(&dir.join("the sound.wav"), 8000, 8000 * 60);
    }
    let session = Session::open(dir).unwrap();
    let beside = Sound::Beside { name: "the sound.wav", seconds: 60.0 };
    let options = Options { sound: sound.then_some(beside), evidence, ..Options::default() };
    let path = dir.join("minutes.html");
    fs::write(&path, Format::Html.render(&Meeting::new(&session, 2.0), &options).unwrap()).unwrap();
    path
}

/// What is said in a page, line by line, as its source has it; and there is a row of times for each.
pub fn lines(html: &str) -> Vec<String> {
    let text = |line: &str| {
        let (line, _) = line.split_once("</span>").unwrap();
        assert!(!line.contains(['<', '>', '"', '\'']), "{line}");
        let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        named.iter().fold(line.to_owned(), |line, (name, c)| line.replace(name, c))
    };
    let lines: Vec<String> = html.split("<span class=\"l\">").skip(1).map(text).collect();
    let (_, data) = html.split_once("id=\"data\">").unwrap();
    let data: Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
    for (row, line) in data["lines"].as_array().unwrap().iter().zip(&lines) {
        let ends = row.get(3).and_then(|places| places.as_array().unwrap().last()?.as_u64()).unwrap_or(0);
        assert!(ends < line.encode_utf16().count() as u64, "{row} {line}");
        assert!(
            row.get(3).is_some() || row[2].as_array().unwrap().len() == line.split(' ').count(),
            "{row} {line}"
        );
    }
    assert_eq!(data["lines"].as_array().unwrap().len(), lines.len());
    lines
}

/// A journal with what somebody marked, at these seconds, and with a gap.
fn journal(dir: &Path, manifest: &Manifest, marks: &[(f64, &str, &str)]) {
    let mark = |(n, (at, kind, text)): (usize, &(f64, &str, &str))| {
        let mark = json!({"id": format!("mark-{n}"), "at": at, "mark": kind, "text": text});
        json!({"kind": "mark", "payload": mark})
    };
    let mut events: Vec<Value> = marks.iter().enumerate().map(mark).collect();
    let gap = json!({"track": "track-0", "take": null, "from_frame": null, "at": 30.0, "frames": 144_000, "cause": GapCause::DeviceLost});
    events.push(json!({"kind": "gap", "payload": gap}));
    sessions::journal(dir, manifest, events);
}

/// Where a word stands, for a click into its middle.
fn middle_of(chrome: &mut Chrome, word: &str) -> (f64, f64) {
    let rect = chrome.js(&format!(
        "(() => {{ for (const line of document.querySelectorAll('.l')) {{ const at = line.firstChild.data.indexOf({word:?}); \
         if (at < 0) continue; line.scrollIntoView({{block: 'center'}}); const range = document.createRange(); \
         range.setStart(line.firstChild, at); range.setEnd(line.firstChild, at + {word:?}.length); \
         const r = range.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; }} }})()"
    ));
    (rect[0].as_f64().unwrap(), rect[1].as_f64().unwrap())
}

/// The words that are painted over at this moment.
fn painted(chrome: &mut Chrome, highlight: &str) -> Value {
    chrome.js(&format!(
        "[...CSS.highlights.get('{highlight}')].map((r) => r.startContainer === r.endContainer \
         ? r.startContainer.data.slice(r.startOffset, r.endOffset) : 'several')"
    ))
}

#[test]
fn whatever_people_say_stays_text() {
    let Some(mut chrome) = Chrome::start() else { return };
    let root = tempfile::tempdir().unwrap();
    let attacks = [
        "<script>window.hacked = 1</script>",
        "</span></p><img src=x onerror=window.hacked=1>",
        "</script><script>window.hacked = 1</script>",
        "\" onmouseover=\"window.hacked=1\" x='",
        "{{script}} {{title}} <!-- --> ]]> &lt;b&gt; &#60;",
        "</style></title></textarea><svg onload=window.hacked=1>",
        "a\u{202e}b\u{2066}c <bdo dir=rtl>",
        "javascript:window.hacked=1",
    ];
    let names = [attacks[1], attacks[3], "</script>"];
    let manifest = manifest("odd", &format!("</title>{}", attacks[0]), START, &names);
    let lines: Vec<Utterance> = (0..attacks.len())
        .map(|i| Utterance {
            id: attacks[i].to_owned(),
            language: "\"><script>".to_owned(),
            model: attacks[1].to_owned(),
            ..said("u", names[i % 3], 5.0 * i as f64, attacks[i])
        })
        .collect();
    let dir = write(root.path(), &manifest, &lines);
    journal(&dir, &manifest, &[(7.0, "decision", attacks[2]), (9.0, "note", attacks[3])]);
    let path = page(&dir, false, true);
    chrome.open(&path, "#t=<script>");
    assert_eq!(chrome.js("typeof window.hacked"), "undefined");
    assert_eq!(chrome.complaints(), Vec::<Value>::new());
    assert_eq!(chrome.requests(), [format!("file://{}", path.display())]);
    assert_eq!(chrome.js("document.title"), manifest.title);
    assert_eq!(chrome.js("document.scripts.length"), 2);
    assert_eq!(chrome.number("document.querySelectorAll('img, object, iframe, [onmouseover]').length"), 0.0);
    let shown = chrome.js("[...document.querySelectorAll('.l')].map((line) => line.textContent)");
    for (shown, said) in shown.as_array().unwrap().iter().zip(attacks) {
        assert_eq!(*shown, said.replace(['\u{202e}', '\u{2066}'], ""));
    }
    // Even if something got through: nothing runs that is not the page's own, and nothing is fetched.
    chrome.js("{ const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s); }");
    assert_eq!(chrome.js("typeof window.hacked"), "undefined");
    let refused = chrome.js("fetch('http://127.0.0.1:9/').then(() => 'went', () => 'refused')");
    assert_eq!(refused, "refused");
    let blocked = chrome.complaints();
    assert!(blocked.iter().all(|event| event.to_string().contains("Content Security Policy")), "{blocked:?}");
    assert!(blocked.len() >= 2, "{blocked:?}");
}

#[test]
fn search_finds_words_across_lines_and_accents() {
    let Some(mut chrome) = Chrome::start() else { return };
    let root = tempfile::tempdir().unwrap();
    let lines = [
        said("u1", "Alice", 1.0, "The café opens on Monday."),
        said("u2", "Alice", 3.2, "Monday at nine, that is."),
        said("u3", "Béla", 9.0, "Not before? İstanbul CAFE MONDAY."),
    ];
    let manifest = manifest("s", "S", START, &["Alice", "Béla"]);
    let dir = write(root.path(), &manifest, &lines);
    journal(&dir, &manifest, &[(10.0, "decision", "Monday it is")]);
    chrome.size(1100, 800);
    chrome.open(&page(&dir, false, true), "");
    assert_eq!(chrome.js("player.hidden"), true);
    for (wanted, count, first) in [
        ("cafe", "1 of 2", "café"),
        ("MONDAY", "1 of 4", "Monday"),
        ("monday.  monday", "1 of 1", "several"),
        ("istanbul", "1 of 1", "İstanbul"),
        ("tuesday", "not found", ""),
    ] {
        chrome.key("/", "/");
        chrome.js("document.getElementById('find').select()");
        chrome.write(wanted);
        chrome.until(&format!("found.textContent === {count:?}"));
        let here = painted(&mut chrome, "here");
        assert_eq!(
            here.as_array().unwrap().first().and_then(Value::as_str).unwrap_or_default(),
            first,
            "{wanted}"
        );
        chrome.key("Escape", "");
        assert_eq!(chrome.js("found.textContent + CSS.highlights.get('hit').size"), "0");
    }
    chrome.key("/", "/");
    chrome.write("monday");
    chrome.until("found.textContent === '1 of 4'");
    for (shift, told) in
        [(false, "2 of 4"), (false, "3 of 4"), (true, "2 of 4"), (true, "1 of 4"), (true, "4 of 4")]
    {
        let what = json!({"type": "rawKeyDown", "key": "Enter", "code": "Enter", "modifiers": if shift { 8 } else { 0 }});
        chrome.call("Input.dispatchKeyEvent", what);
        assert_eq!(chrome.js("found.textContent"), told);
    }
    // Places of matches stand in the picture, once each.
    assert_eq!(chrome.js("hits.getAttribute('d').split('M').length - 1"), 3);
    assert_eq!(chrome.complaints(), Vec::<Value>::new());
}

/// Ratios of contrast (WCAG 2) of all text that can be seen, as computed styles have it: the lowest, and
/// whose it is.
const CONTRAST: &str = "(() => {
  const rgb = (css) => { const c = css.match(/[\\d.]+/g).map(Number); return [c[0], c[1], c[2], c[3] === undefined ? 1 : c[3]]; };
  const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3]));
  const light = (c) => { const l = c.slice(0, 3).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
  const behind = (element) => { const stack = []; for (let e = element; e; e = e.parentElement) stack.push(rgb(getComputedStyle(e).backgroundColor));
    return stack.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]); };
  let lowest = [99, ''], seen = 0;
  const look = (r, who) => { seen += 1; if (r < lowest[0]) lowest = [r, who]; };
  for (const e of document.body.querySelectorAll('*')) {
    const written = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!written || !e.checkVisibility() || e.closest('script, option, .unseen, .skip, :disabled')) continue;
    const style = getComputedStyle(e), ink = rgb(e.closest('svg') ? style.fill : style.color), paper = behind(e);
    look(ratio(over(ink, paper), paper), e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 20));
  }
  const style = getComputedStyle(document.documentElement);
  const named = (name) => { const probe = document.createElement('i'); document.body.append(probe); probe.style.color = `var(${name})`;
    const c = rgb(getComputedStyle(probe).color); probe.remove(); return c; };
  for (const under of ['--now', '--hit', '--here', '--raised', '--paper']) { const under_it = over(named(under), named('--paper')); look(ratio(named('--ink'), under_it), 'ink on ' + under); };
  for (const under of ['--raised', '--paper']) look(ratio(named('--soft'), named(under)), 'soft on ' + under);
  const bars = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => ratio(named('--s' + n), named('--paper')));
  return [lowest[0], lowest[1], seen, Math.min(...bars)];
})()";

#[test]
fn everybody_can_read_it() {
    let Some(mut chrome) = Chrome::start() else { return };
    let (root, dir) = meeting();
    let known = Session::open(&dir).unwrap().manifest;
    let marks = [(6.0, "decision", "We release on the 27th"), (21.0, "question", "Who writes the exporter?")];
    journal(&dir, &known, &marks);
    let path = page(&dir, true, true);
    for scheme in ["light", "dark"] {
        chrome.media("screen", scheme);
        chrome.size(1100, 800);
        chrome.open(&path, "");
        chrome.until("!player.hidden");
        let dark = chrome.js("getComputedStyle(document.body).backgroundColor");
        assert_eq!(dark == "rgb(253, 252, 249)", scheme == "light", "{dark}");
        let contrast = chrome.js(CONTRAST);
        println!("{scheme}: lowest contrast {contrast}");
        assert!(contrast[0].as_f64().unwrap() >= 4.5, "{scheme}: {contrast}");
        assert!(contrast[2].as_f64().unwrap() > 40.0, "{contrast}");
        assert!(contrast[3].as_f64().unwrap() >= 3.0, "bars in the picture: {contrast}");
        // The switch turns it over.
        chrome.js("theme.click()");
        assert_ne!(chrome.js("getComputedStyle(document.body).backgroundColor"), dark);
        chrome.js("theme.click(), localStorage.clear()");
    }

    // A phone, with a name and a word that no line holds.
    let long = "x".repeat(200);
    let mut wide = manifest("wide", &long, START, &[&long, "Béla"]);
    wide.account = known.account.clone();
    let dir = write(
        root.path(),
        &wide,
        &[said("u", &long, 1.0, &long), said("v", "Béla", 3.0, "Yes, I think so too.")],
    );
    journal(&dir, &wide, &[(2.0, "action", &long)]);
    for path in [path.clone(), page(&dir, true, true)] {
        chrome.size(375, 700);
        chrome.open(&path, "");
        chrome.until("!player.hidden");
        chrome.js("document.querySelectorAll('details').forEach((details) => { details.open = true; })");
        assert_eq!(chrome.number("document.documentElement.scrollWidth"), 375.0, "{}", path.display());
        let small = chrome.js(
            "[...document.querySelectorAll('button, input, select')].filter((e) => e.checkVisibility()) \
             .map((e) => [e.id, e.getBoundingClientRect()]).filter(([, r]) => r.height < 32 || r.right > 375 || r.left < 0).map(([id]) => id)",
        );
        assert_eq!(small, json!([]), "controls that a finger misses");
    }

    // What a screen reader is told.
    chrome.size(1100, 800);
    chrome.open(&path, "");
    chrome.until("!player.hidden");
    let tree = chrome.call("Accessibility.getFullAXTree", json!({}));
    let nodes: Vec<(&str, &str)> = tree["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|node| node["ignored"] != true)
        .map(|node| {
            (
                node["role"]["value"].as_str().unwrap_or(""),
                node["name"]["value"].as_str().unwrap_or("").trim(),
            )
        })
        .collect();
    for role in ["banner", "main", "contentinfo", "search", "status"] {
        assert_eq!(nodes.iter().filter(|(have, _)| *have == role).count(), 1, "{role}");
    }
    for (role, name) in &nodes {
        let speaks = ["button", "link", "slider", "searchbox", "combobox", "region", "DisclosureTriangle"];
        assert!(!speaks.contains(role) || !name.is_empty(), "a {role} without a name");
    }
    for wanted in [
        ("button", "Play"),
        ("slider", "Place in the recording"),
        ("region", "What was said"),
        ("region", "Sound"),
    ] {
        assert!(nodes.contains(&wanted), "{wanted:?} is not among {nodes:?}");
    }
    assert!(nodes.contains(&("group", "Who spoke when")), "{nodes:?}");
    assert!(nodes.contains(&("link", "Decision at 00:06: We release on the 27th")), "{nodes:?}");

    // On paper: all that was said, and nothing to press.
    chrome.media("print", "dark");
    assert_eq!(chrome.js("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    assert_eq!(
        chrome.js("[...document.querySelectorAll('button, input, select')].some((e) => e.checkVisibility())"),
        false
    );
    let all =
        "[...document.querySelectorAll('.l')].every((e) => e.checkVisibility({contentVisibilityAuto: true}))";
    assert_eq!(chrome.js(all), true);
    let contrast = chrome.js(CONTRAST);
    assert!(contrast[0].as_f64().unwrap() >= 4.5, "print: {contrast}");
    let pdf = chrome.call("Page.printToPDF", json!({"preferCSSPageSize": true}));
    assert!(pdf["data"].as_str().unwrap().starts_with("JVBERi0"), "that is %PDF-");
}

/// A meeting of six hours and 40,000 words. Figures are printed; that it answers at all is what is asked of
/// it here.
#[test]
fn six_hours_are_read_as_easily_as_one_minute() {
    let Some(mut chrome) = Chrome::start() else { return };
    let root = tempfile::tempdir().unwrap();
    let people = ["Alice", "Béla", "Chandra", "Dolores", "Ekaterina", "Fatou"];
    let words = ["the", "release", "was", "planned", "for", "March,", "and", "nobody", "asked.", "Why"];
    let (mut lines, mut at, mut count) = (Vec::new(), 0.0, 0);
    while count < 40_000 {
        let n = lines.len();
        let long = 4 + n * 7 % 25;
        let text: Vec<&str> = (0..long).map(|i| words[(n * 3 + i * i) % words.len()]).collect();
        lines.push(said(&format!("u{n}"), people[n / 3 % 6], at, &text.join(" ")));
        (at, count) = (at + 0.4 * long as f64 + 1.2, count + long);
    }
    let mut manifest = manifest("long", "Six hours", START, &people);
    manifest.duration = at;
    let dir = write(root.path(), &manifest, &lines);
    journal(&dir, &manifest, &[]);
    let path = page(&dir, true, false);
    chrome.size(1100, 800);
    chrome.open(&path, "");
    chrome.until("!player.hidden");
    let load = chrome.js(
        "(({domInteractive, loadEventEnd}) => [Math.round(domInteractive), Math.round(loadEventEnd), document.querySelectorAll('*').length])\
         (performance.getEntriesByType('navigation')[0])",
    );
    let metrics = chrome.call("Performance.getMetrics", json!({}));
    let metric = |name: &str| {
        let all = metrics["metrics"].as_array().unwrap();
        1000.0 * all.iter().find(|m| m["name"] == name).and_then(|m| m["value"].as_f64()).unwrap()
    };
    println!(
        "{count} words in {:.1} h, {} kB: parsed after {} ms, loaded after {} ms, {} elements; of its processor time {:.0} ms in script, {:.0} ms in layout",
        at / 3600.0,
        fs::metadata(&path).unwrap().len() / 1000,
        load[0],
        load[1],
        load[2],
        metric("ScriptDuration"),
        metric("LayoutDuration"),
    );
    let timed = "(f) => new Promise((done) => { const begun = performance.now(); f(); requestAnimationFrame(() => setTimeout(() => \
                 done(performance.now() - begun))); })";
    for wanted in ["nobody asked", "e"] {
        let expected: usize = lines.iter().map(|line| line.text.matches(wanted).count()).sum();
        let took = chrome.number(&format!(
            "({timed})(() => {{ const find = document.getElementById('find'); find.value = {wanted:?}; find.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter'}})); }})"
        ));
        let told = chrome.js("found.textContent");
        println!("a search for {wanted:?}: {told}, drawn after {took:.0} ms");
        let of: usize = told.as_str().unwrap().split(' ').next_back().unwrap().parse().unwrap();
        // A phrase may go on from one line to the next.
        assert!(of >= expected && of <= expected + lines.len(), "{of} are told, {expected} are there");
    }
    let took = chrome.number(&format!("({timed})(() => {{ location.hash = '#t={:.0}'; }})", at - 600.0));
    chrome.until("document.querySelectorAll('.turn').length > 100 && scrollY > innerHeight * 10");
    println!("to a place ten minutes before the end: drawn after {took:.0} ms");
    let took = chrome.number(&format!(
        "({timed})(() => {{ for (let n = 0; n < 10; n += 1) document.dispatchEvent(new KeyboardEvent('keydown', {{key: 'j', bubbles: true}})); }})"
    ));
    println!("ten turns on: drawn after {took:.0} ms");
    assert_eq!(chrome.complaints(), Vec::<Value>::new());
}

//! The sound of a page: a word leads to it, and it lies beside the page or in it.

use std::fs;
use std::path::{Path, PathBuf};

use hansard::audio::decode::{Read, SoundFile};
use hansard::session::reading::Session;
use serde_json::{Value, json};

use super::{NAME, hum, journal, middle_of, page, painted};
use crate::export::sessions::{append, expect, hansard, meeting, sent};
use crate::support::stage::chrome::Chrome;

/// What the page says of its sound.
const SAYS: &str = "[...document.querySelectorAll('.absent')].filter((line) => line.checkVisibility())\
                    .map((line) => line.textContent).join()";

/// A meeting of a minute in which each track has its sound.
fn heard_meeting() -> (tempfile::TempDir, PathBuf) {
    let (root, dir) = meeting();
    for track in 0..3 {
        hum(&dir.join(format!("tracks/track-{track}.wav")), 48_000, 48_000 * 60);
    }
    (root, dir)
}

#[test]
fn a_word_leads_to_its_sound() {
    let Some(mut chrome) = Chrome::start() else { return };
    let (_root, dir) = meeting();
    chrome.size(1100, 800);
    chrome.open(&page(&dir, true, true), "#t=20");
    chrome.until("!document.getElementById('player').hidden");
    chrome.until("sound.currentTime === 20 && !sound.seeking");
    assert_eq!(painted(&mut chrome, "now"), json!(["The"]), "a link to a time is a place in the sound");
    chrome.js("sound.addEventListener('seeking', () => { window.sought = sound.currentTime; })");

    let (x, y) = middle_of(&mut chrome, "release,");
    chrome.click(x, y);
    chrome.until("window.sought !== undefined");
    // The 7th word, 0.4 s each, from second 1 on.
    let off = chrome.number("window.sought") - 3.8;
    println!("a click on a word: {:.1} ms off its time", off * 1000.0);
    assert!(off.abs() < 0.05, "{off}");
    assert_eq!(painted(&mut chrome, "now"), json!(["release,"]));
    chrome.until("!sound.paused && sound.currentTime > 4.25");
    let now = painted(&mut chrome, "now");
    assert_ne!(now, json!(["release,"]), "the highlight goes with the sound");

    chrome.js("document.activeElement.blur()");
    chrome.key(" ", " ");
    chrome.until("sound.paused");
    // Béla puts something in at 5 s: the words of both are painted.
    chrome.js("sound.currentTime = 5.1");
    chrome.until("CSS.highlights.get('now').size === 2");
    let both = painted(&mut chrome, "now").to_string();
    assert!(both.contains("Mm-hm.") && both.contains("been"), "{both}");
    let at = chrome.number("sound.currentTime");
    chrome.key("ArrowRight", "");
    assert!((chrome.number("sound.currentTime") - at - 5.0).abs() < 0.05);
    chrome.key("ArrowLeft", "");
    chrome.key("ArrowLeft", "");
    assert!(chrome.number("sound.currentTime") < at);
    chrome.key(" ", " ");
    chrome.until("!sound.paused");
    chrome.until("play.getAttribute('aria-label') === 'Pause'");

    // Half of the picture's width is half of the time.
    let picture = chrome.js("scrollTo(0, 0), (({left, width, top}) => [left + width / 2, top + 45])(timeline.getBoundingClientRect())");
    chrome.click(picture[0].as_f64().unwrap(), picture[1].as_f64().unwrap());
    chrome.until("Math.abs(window.sought - 30) < 0.1");
    chrome.js("document.querySelector('.turn:last-of-type a.time').click()");
    chrome.until("window.sought === 20");
    assert_eq!(chrome.js("location.hash"), "#t=20.000");
    chrome.js("document.activeElement.blur()");
    chrome.key("k", "k");
    assert_eq!(chrome.js("document.activeElement.getAttribute('href')"), "#t=1.000");
    assert_eq!(chrome.complaints(), Vec::<Value>::new());
    let asked = chrome.requests();
    assert!(
        asked.iter().all(|url| url.starts_with("file://") && url.contains("minutes.html")
            || url.ends_with("/the%20sound.wav")),
        "{asked:?}"
    );

    // The sound was left behind: a page without a player, that can be read all the same.
    fs::remove_file(dir.join("the sound.wav")).unwrap();
    chrome.open(&dir.join("minutes.html"), "");
    chrome.until("document.getElementById('sound') === null");
    assert_eq!(
        chrome.js(SAYS),
        json!("The sound is not here: keep “the sound.wav” beside this page, in the same folder.")
    );
    assert_eq!(chrome.js("player.hidden && !document.body.classList.contains('sound')"), true);
    assert_eq!(
        chrome.js("[...document.querySelectorAll('.sounding')].some((key) => key.checkVisibility())"),
        false
    );
    // Another one was put there, of nearly the same length: it is not played.
    hum(&dir.join("the sound.wav"), 8000, 8000 * 60 + 2);
    chrome.open(&dir.join("minutes.html"), "");
    chrome.until("document.getElementById('sound') === null");
    let says = chrome.js(SAYS);
    assert!(
        says.as_str().unwrap().starts_with("“the sound.wav” beside this page is not its sound"),
        "{says}"
    );
    assert_eq!(chrome.js("player.hidden"), true);
    assert_eq!(chrome.complaints(), Vec::<Value>::new());
}

#[test]
fn the_sound_lies_beside_the_page() {
    let (root, dir) = heard_meeting();
    // A person took out what Remote had said.
    let (from, to) = (19.95, 23.0);
    journal(&dir, &Session::open(&dir).unwrap().manifest, &[]);
    let hidden = json!({"kind": "hidden", "payload": {"id": "hide-1", "from": from, "to": to}});
    append(&dir, hidden);

    let export = |args: &[&str]| {
        expect(0, hansard(root.path(), &[&["export", "last", "--format", "html"], args].concat()))
    };
    let elsewhere = root.path().join("a page.html");
    export(&["--output", elsewhere.to_str().unwrap()]);
    assert!(fs::read_to_string(&elsewhere).unwrap().contains("src=\"./a%20page.flac\""));
    assert!(root.path().join("a page.flac").is_file());
    for silent in [&["--no-sound"][..], &["--from", "5s"], &["--speaker", "Alice"], &["--output", "-"]] {
        let out = export(silent);
        let page =
            if silent[0] == "--output" { out } else { fs::read_to_string(sent(&dir, "html")).unwrap() };
        assert!(!page.contains("<audio"), "{silent:?}");
        assert!(!dir.join(format!("{NAME}.flac")).exists(), "{silent:?}");
    }
    let paths = export(&[]);
    let names: Vec<_> = paths.lines().map(|path| Path::new(path).file_name().unwrap()).collect();
    assert_eq!(names, [format!("{NAME}.flac"), format!("{NAME}.html")].map(std::ffi::OsString::from));
    let page = fs::read_to_string(sent(&dir, "html")).unwrap();
    assert!(!page.contains("importer"), "what is hidden is not in the file");

    let mut sound = SoundFile::open(&sent(&dir, "flac")).unwrap();
    let mut samples = Vec::new();
    while sound.read(65_536, &mut samples).unwrap() != Read::End {}
    // A tenth of a second of silence at most makes its length its own.
    assert!((959_900..961_700).contains(&samples.len()), "{}", samples.len());
    let second = |from: f64, to: f64| &samples[(from * 16e3) as usize..(to * 16e3) as usize];
    assert!(
        second(from + 0.01, to - 0.01).iter().all(|sample| sample.abs() < 1e-4),
        "what is hidden is not heard"
    );
    assert!(second(19.0, 19.9).iter().any(|sample| *sample != 0.0));
    assert!(second(23.1, 24.0).iter().any(|sample| *sample != 0.0));

    let Some(mut chrome) = Chrome::start() else { return };
    chrome.open(&sent(&dir, "html"), "#t=8.5");
    chrome.until("!player.hidden && sound.currentTime === 8.5 && !sound.seeking");
    assert!((chrome.number("sound.duration") - samples.len() as f64 / 16e3).abs() < 2e-4);
    chrome.key(" ", " ");
    chrome.until("sound.currentTime > 9");
    assert_eq!(chrome.complaints(), Vec::<Value>::new());
}

#[test]
fn a_single_file_has_its_sound_inside() {
    let (root, dir) = heard_meeting();
    let export = |args: &[&str]| hansard(root.path(), &[&["export", "last", "--single-file"], args].concat());
    expect(0, export(&["--format=html"]));
    let page = sent(&dir, "html");
    assert!(!dir.join(format!("{NAME}.flac")).exists());
    let written = fs::read_to_string(&page).unwrap();
    assert!(written.contains("media-src data:;") && !written.contains("file:;"), "only what is in it");
    // 24 kbit/s, and a third more as text.
    assert!((100_000..500_000).contains(&written.len()), "{}", written.len());
    assert!(expect(0, export(&["--format=html", "--output=-"])) == written, "the same on stdout");
    fs::write(&page, written.replace("Alice", "Alicia")).unwrap();
    expect(1, export(&["--format=html"]));
    assert!(fs::read_to_string(&page).unwrap().contains("Alicia"), "what was changed by hand stays");
    fs::write(&page, &written).unwrap();
    expect(1, export(&["--format=md"]));
    expect(1, export(&["--format=html", "--no-sound"]));
    assert!(!expect(0, export(&["--format=html", "--from=5s", "--output=-"])).contains("<audio"));

    let Some(mut chrome) = Chrome::start() else { return };
    let alone = tempfile::tempdir().unwrap();
    let moved = alone.path().join("alone.html");
    fs::copy(&page, &moved).unwrap();
    chrome.open(&moved, "#t=40.5");
    chrome.until("!player.hidden && sound.currentTime === 40.5 && !sound.seeking");
    assert!((chrome.number("sound.duration") - 60.0).abs() < 0.05);
    chrome.key(" ", " ");
    chrome.until("sound.currentTime > 41");
    assert_eq!(chrome.complaints(), Vec::<Value>::new());
    assert_eq!(chrome.js(SAYS), json!(""));
}

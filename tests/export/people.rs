//! People rather than tracks: who is counted and shown where several share a microphone, in the minutes and
//! on the page.

use std::fs;

use hansard::base::units::Frames;
use hansard::base::utterance::Utterance;
use hansard::export::turns::Meeting;
use hansard::session::reading::Session;
use hansard::session::voices::{Sample, VoiceEntry};
use serde_json::{Value, json};

use super::sessions::{append, expect, hansard, sent};
use super::voices::{edit, entry, print, session, talk};
use crate::support::stage::chrome::Chrome;

#[test]
fn the_minutes_count_people() {
    let entries = [entry(0, 1), VoiceEntry { print: print("<Dan>", false), ..entry(0, 2) }, entry(0, 3)];
    let lines: Vec<Utterance> = talk().into_iter().filter(|line| line.id != "u6").collect();
    let (root, dir) = session(&lines, &entries);
    edit(root.path(), &["name", "Room, voice 1", "Carol"]);
    let opened = Session::open(&dir).unwrap();
    let meeting = Meeting::new(&opened, 2.0);
    let people: Vec<(&str, usize, Vec<&str>)> = meeting
        .people
        .iter()
        .map(|p| (p.name.as_str(), p.turns, p.tracks.iter().map(String::as_str).collect()))
        .collect();
    let room = || vec!["track-0"];
    let expected = [
        ("Carol", 1, room()),
        ("Room, voice 2", 3, room()),
        ("Room, voice 3", 1, room()),
        ("Alice", 1, vec!["track-1"]),
    ];
    assert_eq!(people, expected);
    assert!(meeting.people.iter().all(|person| person.talking_s > 0.5));

    let of = |args: &[&str]| {
        expect(0, hansard(root.path(), &[&["export", "room", "--output", "-"], args].concat()))
    };
    let rttm = of(&["--format=rttm"]);
    let lines = rttm.lines().filter(|line| !line.starts_with(";;"));
    let who: Vec<&str> = lines.map(|line| line.split(' ').nth(7).unwrap()).collect();
    let labels = ["Carol", "Room,_voice_2", "Room,_voice_3", "Room,_voice_2", "Alice", "Room,_voice_2"];
    assert_eq!(who, labels);
    assert!(of(&["--format=stm"]).contains("room 1 Room,_voice_2 "));
    let segments: Vec<Value> = serde_json::from_str(&of(&["--format=json"])).unwrap();
    assert_eq!(
        (&segments[1]["speaker"], &segments[1]["voice"]),
        (&json!("Room, voice 2"), &json!("track-0#2"))
    );
    assert!(of(&["--format=vtt"]).contains("<v Room, voice 2>"));
    let md = of(&["--format=md"]);
    assert!(md.contains("| Room, voice 2 |") && !md.contains("| Room  "), "{md}");
    assert!(!md.contains("Dan"), "a guess is no name in the minutes");
    // A voice has no track of its own, and nothing is done without a word.
    let folder = root.path().join("sound");
    let tracks = |who: &str| {
        let speaker = format!("--speaker={who}");
        hansard(
            root.path(),
            &["export", "room", "--tracks=wav", &speaker, "--output", folder.to_str().unwrap()],
        )
    };
    let output = tracks("Carol");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("the tracks are those of Room, Alice"),
        "{output:?}"
    );
    expect(1, output);
    assert!(expect(0, tracks("Room")).ends_with("track-0.wav\n"));
    // A place's name means all who are heard there.
    let part = of(&["--format=csv", "--speaker=room, voice 2"]);
    assert_eq!(part.lines().count(), 4, "{part}");
    let part = of(&["--format=csv", "--speaker=Room"]);
    assert!(part.contains("Carol") && part.contains("voice 3") && !part.contains("Alice"), "{part}");

    let page = of(&["--format=html", "--no-sound"]);
    let hint = "<span class=\"asked\"><bdi>Room, voice 2</bdi>: who is this? Perhaps <bdi>&lt;Dan&gt;</bdi>? \
                <code>hansard edit room name &quot;Room, voice 2&quot; NAME</code>";
    assert!(page.contains(hint), "{page}");
    assert_eq!(page.matches("who is this?").count(), 2);
    assert!(page.contains("<option value=\"3\">Alice</option>") && page.contains("data-who=\"0\""));
    assert!(
        expect(0, hansard(root.path(), &["show", "room", "--details"]))
            .contains("\nVoices\n  track-0#1: Carol\n")
    );
}

#[test]
fn what_is_missing_is_told_of_those_who_are_heard_there() {
    let (root, dir) = session(&talk(), &[]);
    let gap = json!({"track": "track-0", "take": 1, "from_frame": 1_440_000, "at": 30.0, "frames": 480_000, "cause": "device_lost"});
    append(&dir, json!({"kind": "gap", "payload": gap}));
    let of = |speaker: &str| {
        let speaker = format!("--speaker={speaker}");
        expect(0, hansard(root.path(), &["export", "room", "--format=txt", "--output=-", &speaker]))
    };
    assert!(of("Room, voice 2").contains("Room not recorded"), "{}", of("Room, voice 2"));
    assert!(!of("Alice").contains("not recorded"));
    let page =
        expect(0, hansard(root.path(), &["export", "room", "--format=html", "--no-sound", "--output=-"]));
    assert_eq!(page.matches("class=\"gap lost\"").count(), 4, "in the lane of each who is heard there");
}

#[test]
fn the_page_shows_one_persons_words_alone() {
    let Some(mut chrome) = Chrome::start() else { return };
    let (root, dir) = session(&talk(), &[]);
    expect(0, hansard(root.path(), &["export", "room", "--format=html", "--no-sound"]));
    chrome.open(&sent(&dir, "html"), "");
    let mut shown = |who: &str| {
        chrome.js(&format!(
            "(() => {{ const only = document.getElementById('only'); \
             only.value = [...only.options].find((option) => option.text === '{who}').value; \
             only.dispatchEvent(new Event('change')); const turns = document.querySelectorAll('.turn .who b'); \
             return [...turns].filter((turn) => turn.offsetHeight > 0).map((turn) => turn.textContent); }})()"
        ))
    };
    let all = shown("Everybody");
    assert!(all.as_array().unwrap().len() > 3, "{all}");
    assert_eq!(shown("Room, voice 2"), json!(["Room, voice 2", "Room, voice 2", "Room, voice 2"]));
    assert_eq!(shown("Alice"), json!(["Alice"]));
    assert_eq!(shown("Everybody"), all);
    assert_eq!(chrome.complaints(), Vec::<Value>::new());
}

#[test]
fn the_page_lets_a_voice_be_heard_that_nobody_has_named() {
    let Some(mut chrome) = Chrome::start() else { return };
    let sample = Sample { take: 1, from: Frames(12 * 48_000), to: Frames(12 * 48_000 + 38_400) };
    let (root, dir) =
        session(&talk(), &[entry(0, 1), VoiceEntry { sample: Some(sample), ..entry(0, 2) }, entry(0, 3)]);
    edit(root.path(), &["name", "Room, voice 1", "Carol"]);
    let buttons = "[...document.querySelectorAll('.hear')]";
    let told = "document.querySelector('.silent').checkVisibility()";
    expect(0, hansard(root.path(), &["export", "room", "--format=html"]));
    let page = sent(&dir, "html");
    chrome.open(&page, "");
    chrome.until("document.body.classList.contains('sound')");
    assert_eq!(
        chrome.js(&format!("{buttons}.map((b) => b.textContent)")),
        json!(["Hear Room, voice 2, 0.8 s", "Hear Room, voice 3, 1.6 s"]),
        "those that nobody has named; one without a sample is heard in its longest line"
    );
    assert_eq!(chrome.js(told), false);

    // By the keyboard, from where the reader is, and back to there; the page stays where it is.
    chrome.js("sound.currentTime = 30; scrollTo(0, 0)");
    chrome.until("!sound.seeking");
    chrome.js("sound.addEventListener('play', () => { window.from = sound.currentTime; })");
    chrome.js(&format!("{buttons}[0].focus({{preventScroll: true}})"));
    chrome.key("Enter", "\r");
    chrome.until("window.from !== undefined");
    let from = chrome.number("window.from");
    assert!((12.0..12.8).contains(&from), "{from}");
    assert_eq!(
        chrome.js(&format!("{buttons}.map((b) => b.getAttribute('aria-pressed'))")),
        json!(["true", "false"])
    );
    chrome.until("sound.paused && sound.currentTime === 30");
    assert_eq!(chrome.js("[scrollY, document.querySelector('.hear[aria-pressed=true]')]"), json!([0, null]));
    // Once more is the end of it; whoever goes somewhere else meanwhile stays there.
    chrome.js(&format!("{buttons}[1].click()"));
    chrome.until("!sound.paused");
    chrome.js(&format!("{buttons}[1].click()"));
    chrome.until("sound.paused && sound.currentTime === 30");
    chrome.js(&format!("{buttons}[0].click()"));
    chrome.js("document.querySelector('.turn a.time').click()");
    chrome.until(
        "!sound.paused && !document.querySelector('.hear[aria-pressed=true]') && sound.currentTime < 9",
    );
    chrome.js("sound.pause()");
    assert_eq!(chrome.complaints(), Vec::<Value>::new());

    // Only what was selected is to be heard.
    for (to, count) in [("--to=10s", 0), ("--to=11s", 1), ("--to=13s", 2)] {
        let part = hansard(root.path(), &["export", "room", "--format=html", "--output=-", to]);
        assert_eq!(expect(0, part).matches("<li><a class=\"time\"").count(), count, "{to}");
    }

    // Without its sound the page says so, and where a voice can be heard then.
    let sound = chrome.js("decodeURI(document.getElementById('sound').getAttribute('src'))");
    fs::remove_file(dir.join(sound.as_str().unwrap())).unwrap();
    chrome.open(&page, "");
    chrome.until("document.getElementById('sound') === null");
    assert_eq!(chrome.js(&format!("{buttons}.some((b) => b.checkVisibility())")), false);
    assert_eq!(chrome.js(told), true);
    assert!(
        chrome
            .js("document.querySelector('.silent').textContent")
            .to_string()
            .contains("--play \\\"Room, voice 2\\\"")
    );
}

//! One microphone, many people: what voices are called, how people say who they are, and who stands in the
//! minutes. Names are made at reading: no file of a session has one that comes from a voice print.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use hansard::base::units::{Frames, SampleFormat, SampleRate};
use hansard::base::utterance::Utterance;
use hansard::doctor::voices::{LastMeeting, VoicesReport, judge, last_meeting};
use hansard::export::turns::Meeting;
use hansard::session::disk::SystemDisk;
use hansard::session::manifest::{Manifest, SourceKind};
use hansard::session::reading::Session;
use hansard::session::voices::{Print, Sample, VOICES, VoiceEntry, Voices, id};
use hansard::session::wav::Layout;
use serde_json::{Value, json};

use crate::support::stage::chrome::Chrome;

use super::sessions::{START, append, expect, hansard, journal, manifest, said, sent, write};

/// A line of a voice of a track.
pub(super) fn voiced(id: &str, track: u32, voice: u32, start: f64, text: &str) -> Utterance {
    let (track, speaker) = (format!("track-{track}"), ["Room", "Alice"][track as usize]);
    let voice = (voice > 0).then(|| self::id(&track, voice));
    Utterance { track, voice, ..said(id, speaker, start, text) }
}

pub(super) fn entry(track: u32, number: u32) -> VoiceEntry {
    let track = format!("track-{track}");
    let id = id(&track, number);
    VoiceEntry { id, track, number, seconds: 12.5, first: 1.0, sample: None, linked: None, print: None }
}

pub(super) fn print(name: &str, sure: bool) -> Option<Print> {
    Some(Print { name: name.into(), person: "p".into(), cosine: if sure { 0.7 } else { 0.4 }, sure })
}

/// A recordings folder with a session of a room and of Alice, whose text is complete.
pub(super) fn session(lines: &[Utterance], entries: &[VoiceEntry]) -> (tempfile::TempDir, PathBuf) {
    session_of(&manifest("room", "In the room", START, &["Room", "Alice"]), lines, entries)
}

pub(super) fn session_of(
    manifest: &Manifest,
    lines: &[Utterance],
    entries: &[VoiceEntry],
) -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let dir = write(root.path(), manifest, lines);
    let tracks: Vec<Value> =
        manifest.sources.iter().map(|source| json!({"track": source.track, "until": null})).collect();
    let reached = json!({"kind": "text_reached", "payload": {"tracks": tracks, "complete": true}});
    journal(&dir, manifest, vec![reached]);
    Voices::write(&SystemDisk, &dir, &Voices { entries: entries.to_vec(), ..Voices::default() }).unwrap();
    let layout = Layout { rate: SampleRate::HZ_48000, channels: 1, format: SampleFormat::S16 };
    for take in &manifest.takes {
        // Each frame says where it is.
        let samples = (0..take.frames.0).flat_map(|n| ((n / 480) as i16).to_le_bytes());
        let mut bytes = layout.header(take.frames.0 * 2).unwrap();
        assert_eq!(bytes.len() as u64, take.data_offset);
        bytes.extend(samples);
        fs::write(dir.join(&take.file), bytes).unwrap();
    }
    (root, dir)
}

/// Five lines of three people in the room, and one of Alice.
pub(super) fn talk() -> Vec<Utterance> {
    vec![
        voiced("u1", 0, 1, 1.0, "Good morning everybody."),
        voiced("u2", 0, 2, 4.0, "Good morning, the coffee is ready over there."),
        voiced("u3", 0, 3, 9.0, "May I say something?"),
        voiced("u4", 0, 2, 12.0, "Please do go on."),
        voiced("u5", 1, 1, 20.0, "I can hear you well."),
        voiced("u6", 0, 0, 24.0, "Hm."),
        voiced("u7", 0, 2, 28.0, "Then let us begin now."),
    ]
}

fn edit(root: &Path, args: &[&str]) -> String {
    expect(0, hansard(root, &[&["edit", "room"], args].concat()))
}

fn refused(root: &Path, args: &[&str], part: &str) {
    let output = hansard(root, &[&["edit", "room"], args].concat());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains(part), "{args:?}: no {part:?} in {message}");
    expect(1, output);
}

/// What each line is called, `u1 Carol`, in order.
pub(super) fn called(dir: &Path) -> Vec<String> {
    let session = Session::open(dir).unwrap();
    session.utterances.iter().map(|line| format!("{} {}", line.id, line.speaker)).collect()
}

#[test]
fn a_voice_goes_by_the_best_name_that_there_is() {
    let entries = [
        VoiceEntry { print: print("Carol", true), ..entry(0, 1) },
        VoiceEntry { print: print("Dan", false), ..entry(0, 2) },
        VoiceEntry { linked: Some("track-1#1".into()), ..entry(0, 3) },
        entry(1, 1),
    ];
    let (root, dir) = session(&talk(), &entries);
    let by_machine = [
        "u1 Carol",
        "u2 Room, voice 2",
        "u3 Alice",
        "u4 Room, voice 2",
        "u5 Alice",
        "u6 Room",
        "u7 Room, voice 2",
    ];
    assert_eq!(called(&dir), by_machine);

    // A person's word for a voice counts more than a print, and for a line more than for a voice.
    assert_eq!(
        edit(root.path(), &["name", "Room, voice 2", "Dan Weiss"]),
        "Room, voice 2 is Dan Weiss now\n"
    );
    edit(root.path(), &["rename", "Carol", "Caroline"]);
    edit(root.path(), &["speaker", "u4", "Eve"]);
    // Alice is one, on both tracks.
    edit(root.path(), &["rename", "Alice", "Alicia"]);
    edit(root.path(), &["rename", "Room", "Hall"]);
    let by_people =
        ["u1 Caroline", "u2 Dan Weiss", "u3 Alicia", "u4 Eve", "u5 Alicia", "u6 Hall", "u7 Dan Weiss"];
    assert_eq!(called(&dir), by_people);
    // Who was named by a person may be named again.
    edit(root.path(), &["rename", "Dan Weiss", "Daniel"]);
    assert_eq!(called(&dir)[1], "u2 Daniel");
    refused(root.path(), &["rename", "Daniel", "Eve"], "merge");
    refused(root.path(), &["name", "Daniel", "Daniel"], "already so");
    refused(root.path(), &["name", "Nobody", "X"], "no speaker \"Nobody\"");
    // By the id, as `hansard voices` tells it.
    edit(root.path(), &["name", "track-0#2", "Dana"]);
    assert_eq!(called(&dir)[1], "u2 Dana");
    expect(0, hansard(root.path(), &["show", "room"]));
}

#[test]
fn no_file_has_a_name_that_comes_from_a_voice_print() {
    let entries = [VoiceEntry { print: print("Carol", true), ..entry(0, 1) }, entry(0, 2), entry(0, 3)];
    let (root, dir) = session(&talk(), &entries);
    for args in [
        &["line", "u1", "Good morning to all of you."][..],
        &["withhold", "u1"],
        &["restore", "u1"],
        &["merge", "Room, voice 2", "Carol"],
        &["hide", "--from=2.5s", "--to=2.6s"],
    ] {
        edit(root.path(), args);
        assert_eq!(called(&dir)[0], "u1 Carol", "{args:?}: a corrected text does not fix who said it");
    }
    assert_eq!(called(&dir)[1], "u2 Carol");
    edit(root.path(), &["rename", "Carol", "Caro"]);
    assert_eq!(called(&dir)[..2], ["u1 Caro", "u2 Caro"]);
    for file in ["transcript.jsonl", "events.jsonl", "session.json"] {
        let text = fs::read_to_string(dir.join(file)).unwrap();
        assert!(!text.contains("Carol"), "{file}: {text}");
    }
    // The source's name stays the line's own: what it is called is made when it is read.
    assert!(Session::open(&dir).unwrap().latest().iter().all(|line| line.speaker != "Caro"));
}

#[test]
fn merged_voices_are_one_whatever_they_are_called_later() {
    let (root, dir) = session(&talk(), &[]);
    edit(root.path(), &["merge", "Room, voice 3", "Room, voice 1"]);
    assert_eq!(called(&dir)[..3], ["u1 Room, voice 1", "u2 Room, voice 2", "u3 Room, voice 1"]);
    edit(root.path(), &["name", "Room, voice 1", "Frida"]);
    edit(root.path(), &["rename", "Frida", "Frieda"]);
    assert_eq!(called(&dir)[..3], ["u1 Frieda", "u2 Room, voice 2", "u3 Frieda"]);
    // Into somebody with a microphone of her own.
    edit(root.path(), &["merge", "Room, voice 2", "Alice"]);
    edit(root.path(), &["rename", "Alice", "Alicia"]);
    assert_eq!(called(&dir)[1..5], ["u2 Alicia", "u3 Frieda", "u4 Alicia", "u5 Alicia"]);
    // All that is left is one person.
    edit(root.path(), &["merge", "Frieda", "Alicia"]);
    assert_eq!(called(&dir)[..3], ["u1 Alicia", "u2 Alicia", "u3 Alicia"]);
    refused(root.path(), &["merge", "Alicia", "Alicia"], "already so");

    let (root, dir) = session(&talk(), &[]);
    refused(root.path(), &["merge", "Alice", "Room, voice 2"], "nobody has said whose voice");
    refused(root.path(), &["name", "Room, voice 1", "Room, voice 2"], "merge");
    edit(root.path(), &["merge", "Room, voice 1", "Room, voice 2"]);
    edit(root.path(), &["merge", "Room, voice 3", "Room, voice 2"]);
    // The room has one voice then.
    assert!(called(&dir).iter().all(|line| line.ends_with(" Room") || line.ends_with(" Alice")));
}

#[test]
fn a_corrected_line_teaches_its_voice() {
    let (root, dir) = session(&talk(), &[]);
    edit(root.path(), &["speaker", "u2", "Greta"]);
    let all = ["u2 Greta", "u3 Room, voice 3", "u4 Greta"];
    assert_eq!((&called(&dir)[1..4], called(&dir)[6].as_str()), (&all.map(String::from)[..], "u7 Greta"));
    edit(root.path(), &["rename", "Greta", "Margarete"]);
    assert_eq!(called(&dir)[6], "u7 Margarete");
    // People contradict each other: nothing is learned, and what they wrote stands.
    edit(root.path(), &["speaker", "u4", "Hugo"]);
    let all = called(&dir);
    assert_eq!([&all[1], &all[3], &all[6]], ["u2 Margarete", "u4 Hugo", "u7 Room, voice 2"]);
    // A voice that has a name does not learn.
    edit(root.path(), &["name", "Room, voice 2", "Ida"]);
    edit(root.path(), &["name", "Room, voice 1", "Jo"]);
    edit(root.path(), &["speaker", "u1", "Kim"]);
    let all = called(&dir);
    assert_eq!([&all[0], &all[1], &all[3], &all[6]], ["u1 Kim", "u2 Margarete", "u4 Hugo", "u7 Ida"]);
    assert!(expect(0, hansard(root.path(), &["voices", "room"])).contains("Jo\n"));
    // The source's own name is an answer too; and one line that is another voice's teaches nothing.
    let (root, dir) = session(&talk(), &[]);
    edit(root.path(), &["speaker", "u2", "Room"]);
    edit(root.path(), &["line", "u2", "Corrected."]);
    assert_eq!([&called(&dir)[1], &called(&dir)[6]], ["u2 Room", "u7 Room"]);
    edit(root.path(), &["speaker", "u1", "Room, voice 3"]);
    refused(root.path(), &["speaker", "u1", "Room, voice 3"], "already so");
    assert_eq!(called(&dir)[0], "u1 Room, voice 3");
    edit(root.path(), &["name", "Room, voice 3", "Lou"]);
    assert_eq!(called(&dir)[0], "u1 Lou");

    // Somebody came to a microphone that is one person's.
    let lines = [voiced("u1", 1, 1, 1.0, "Hello there."), voiced("u2", 1, 1, 5.0, "And it is me.")];
    let (root, dir) = session(&lines, &[]);
    edit(root.path(), &["speaker", "u1", "Guest"]);
    assert_eq!(called(&dir), ["u1 Guest", "u2 Alice"]);
}

#[test]
fn voices_of_a_file_that_nobody_named_have_numbers_alone() {
    let of = |names: &[(&str, &str)]| {
        let people: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let mut manifest = manifest("room", "Files", START, &people);
        for (source, (_, file)) in manifest.sources.iter_mut().zip(names) {
            (source.kind, source.spec) = (SourceKind::File, format!("file:/home/x/{file}"));
        }
        let line = |(n, name): (usize, &&str)| {
            [1, 2].map(|voice| {
                let start = f64::from(voice) + 10.0 * n as f64;
                let line = said(&format!("{n}{voice}"), name, start, "Yes.");
                let track = format!("track-{n}");
                Utterance { voice: Some(id(&track, voice as u32)), track, ..line }
            })
        };
        let lines: Vec<Utterance> = people.iter().enumerate().flat_map(line).collect();
        let (root, dir) = session_of(&manifest, &lines, &[]);
        let names: Vec<String> =
            Session::open(&dir).unwrap().utterances.into_iter().map(|line| line.speaker).collect();
        (root, dir, names)
    };
    for (names, expected) in [
        (&[("interview", "interview.wav")][..], &["Voice 1", "Voice 2"][..]),
        (&[("a.b track 2 1 (2)", "a.b.mkv#track2#1")], &["Voice 1", "Voice 2"]),
        (&[("Panel", "interview.wav")], &["Panel, voice 1", "Panel, voice 2"]),
        (
            &[("one", "one.wav"), ("two", "two.wav")],
            &["one, voice 1", "one, voice 2", "two, voice 1", "two, voice 2"],
        ),
    ] {
        assert_eq!(of(names).2, expected, "{names:?}");
    }
    let (root, dir, _) = of(&[("interview", "interview.wav")]);
    edit(root.path(), &["name", "Voice 2", "Carol Weiss"]);
    edit(root.path(), &["rename", "interview", "Board"]);
    assert_eq!(called(&dir), ["01 Board, voice 1", "02 Carol Weiss"]);
}

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

#[test]
fn voices_that_speak_at_once_have_a_turn_each() {
    let lines = [
        voiced("u1", 0, 1, 1.0, "I think that we should do it as it was said in the last meeting of ours."),
        voiced("u2", 0, 2, 3.0, "No, not at all, it was never said like that in any meeting."),
    ];
    let (root, _dir) = session(&lines, &[]);
    let md = expect(0, hansard(root.path(), &["export", "room", "--output", "-"]));
    assert!(md.contains("while Room, voice 1 still spoke"), "{md}");
    assert!(
        md.contains("as it was said in the last meeting of ours.") && md.contains("in any meeting."),
        "{md}"
    );
}

/// Who speaks from when on and for how long, `1.000 2.000 Alice`, as RTTM tells it; its comments apart.
fn speaking(root: &Path, args: &[&str]) -> (Vec<String>, Vec<String>) {
    let args = [&["export", "room", "--output", "-", "--format=rttm"], args].concat();
    let text = expect(0, hansard(root, &args));
    let (comments, lines): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with(";;"));
    let told = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        assert_eq!((fields.len(), fields[0], fields[1]), (10, "SPEAKER", "room"));
        format!("{} {} {}", fields[3], fields[4], fields[7])
    };
    (lines.into_iter().map(told).collect(), comments.into_iter().map(str::to_owned).collect())
}

/// The room's first voice speaks until 5 s, the second from 4 s; what the third says was not written down.
fn overlapping() -> (tempfile::TempDir, PathBuf) {
    let lines = [
        voiced("u1", 0, 1, 1.0, "I think that we should go on."),
        voiced("u2", 0, 2, 4.2, "No, not at all, it was never said like that."),
        voiced("u3", 0, 1, 9.0, "Then let us vote on it now, all of us."),
        voiced("u4", 1, 0, 14.0, "I can hear you."),
    ];
    let entries = [entry(0, 1), entry(0, 2)];
    let (root, dir) = session(&lines, &entries);
    let turns = [
        (id("track-0", 1), vec![(0.8, 5.0), (8.9, 13.0)]),
        (id("track-0", 2), vec![(4.0, 8.5), (10.0, 10.4), (20.0, 21.5)]),
    ];
    let voices = Voices { entries: entries.to_vec(), turns: turns.into() };
    Voices::write(&SystemDisk, &dir, &voices).unwrap();
    (root, dir)
}

#[test]
fn who_speaks_when_is_told_with_what_overlaps_and_under_the_names_that_count() {
    let (root, dir) = overlapping();
    let (told, comments) = speaking(root.path(), &[]);
    let by_machine = [
        "0.800 4.200 Room,_voice_1",
        "4.000 4.500 Room,_voice_2",
        "8.900 4.100 Room,_voice_1",
        "10.000 0.400 Room,_voice_2",
        "14.000 1.550 Alice",
        "20.000 1.500 Room,_voice_2",
    ];
    assert_eq!(told, by_machine);
    // Alice's track has no turns: she is told by her line.
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].ends_with("told apart there: Alice"), "{comments:?}");
    assert_eq!(speaking(root.path(), &["--to=4s"]).0, ["0.800 3.200 Room,_voice_1"]);
    assert_eq!(speaking(root.path(), &["--speaker=Alice"]).0, by_machine[4..5]);

    edit(root.path(), &["name", "Room, voice 2", "Carol"]);
    edit(root.path(), &["speaker", "u2", "Eve"]);
    edit(root.path(), &["hide", "--from=20.5s", "--to=30s"]);
    let by_people = [
        "0.800 4.200 Room,_voice_1",
        "4.000 4.500 Eve",
        "8.900 4.100 Room,_voice_1",
        "10.000 0.400 Carol",
        "14.000 1.550 Alice",
        "20.000 0.500 Carol",
    ];
    assert_eq!(speaking(root.path(), &[]).0, by_people);
    edit(root.path(), &["merge", "Carol", "Room, voice 1"]);
    let merged =
        ["0.800 3.400 Room", "4.000 4.500 Eve", "8.900 4.100 Room", by_people[4], "20.000 0.500 Room"];
    assert_eq!(speaking(root.path(), &[]).0, merged);

    // Without the file of voices the lines stand in.
    fs::remove_file(dir.join(VOICES)).unwrap();
    let (told, comments) = speaking(root.path(), &[]);
    assert_eq!(told[0], "1.000 2.750 Room");
    assert!(comments[0].ends_with("told apart there: Alice, Eve, Room"), "{comments:?}");
}

#[test]
fn who_speaks_while_another_of_the_room_still_does_is_marked_so() {
    let (root, _dir) = overlapping();
    let of =
        |format| expect(0, hansard(root.path(), &["export", "room", "--output", "-", "--format", format]));
    let md = of("md");
    assert_eq!(md.matches("while Room, voice 1 still spoke").count(), 1, "{md}");
    // The third line goes on with what its voice says, whatever another puts in.
    assert_eq!(md.matches("still spoke").count(), 1, "{md}");
    let segments: Vec<Value> = serde_json::from_str(&of("json")).unwrap();
    let overlaps: Vec<&Value> = segments.iter().map(|segment| &segment["overlap"]).collect();
    let beside = |who: &str| json!([{"speaker": who, "start_time": 4.0, "end_time": 5.0}]);
    let (first, second) = (beside("Room, voice 2"), beside("Room, voice 1"));
    assert_eq!(overlaps, [&first, &second, &Value::Null, &Value::Null]);
}

#[test]
fn whatever_stands_among_the_voices_the_session_is_read() {
    let (root, dir) = session(&talk(), &[]);
    let plain = called(&dir);
    let set = |text: &str| fs::write(dir.join(VOICES), text).unwrap();
    for junk in
        ["\0\0\0\0", "[", "{}\n{}\n", "null\n", &"[".repeat(200_000), "\u{feff}", &"x".repeat(3 << 20)]
    {
        set(junk);
        assert_eq!(called(&dir), plain);
    }
    // Links and mergers in circles, to nobody, to itself.
    let linked = |n: u32, to: &str| VoiceEntry { linked: Some(to.into()), ..entry(0, n) };
    let entries = vec![linked(1, "track-0#2"), linked(2, "track-0#1"), linked(3, "track-9#9")];
    Voices::write(&SystemDisk, &dir, &Voices { entries, ..Voices::default() }).unwrap();
    for (from, into) in [
        ("track-0#3", "track-0#3"),
        ("track-0#1", "x"),
        ("x", "y"),
        ("y", "track-0#1"),
        ("track-7#1", "track-0#3"),
    ] {
        append(&dir, json!({"kind": "voice_merged", "payload": {"from": from, "into": into}}));
    }
    append(
        &dir,
        json!({"kind": "voice_named", "payload": {"voice": "track-0#3", "name": "\u{1b}[2J\u{202e}M"}}),
    );
    append(&dir, json!({"kind": "voice_named", "payload": {"voice": 7}}));
    expect(0, hansard(root.path(), &["voices", "room"]));
    let shown = expect(0, hansard(root.path(), &["show", "room"]));
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "a terminal would obey this");
    fs::remove_file(dir.join(VOICES)).unwrap();
    assert_eq!(called(&dir).len(), plain.len());
    symlink("/etc/passwd", dir.join(VOICES)).unwrap();
    let output = hansard(root.path(), &["show", "room"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("symbolic link"));
    expect(1, output);
    // An export never takes its place.
    fs::remove_file(dir.join(VOICES)).unwrap();
    let file = dir.join(VOICES);
    fs::write(&file, "").unwrap();
    expect(1, hansard(root.path(), &["export", "room", "--force", "--output", file.to_str().unwrap()]));
    // Voices that no id can be.
    let odd = [Utterance { voice: Some("room".into()), ..voiced("u1", 0, 0, 1.0, "Yes.") }];
    let (_root, dir) = session(&odd, &[]);
    assert_eq!(called(&dir), ["u1 Room"]);
}

#[test]
fn the_verb_lists_voices_and_lets_them_be_heard() {
    let sample = Sample { take: 1, from: Frames(48_000), to: Frames(4 * 48_000) };
    let entries = [
        VoiceEntry { print: print("Carol", true), sample: Some(sample), ..entry(0, 1) },
        VoiceEntry { print: print("Dan", false), ..entry(0, 2) },
        VoiceEntry { linked: Some("track-1#1".into()), ..entry(0, 3) },
    ];
    let (root, dir) = session(&talk(), &entries);
    let run = |args: &[&str]| hansard(root.path(), &[&["voices", "room"], args].concat());
    let list = expect(0, run(&[]));
    for part in [
        " 1  Carol\n",
        "13 s in 1 line, first heard at 00:01; track-0#1, known by the voice",
        " 2  Room, voice 2 – perhaps Dan?\n",
        "in 3 lines, first heard at 00:01; track-0#2\n",
        "track-0#3, the same as track-1#1\n",
        " 4  Alice\n",
        "--play 2\n",
        " name 'Room, voice 2' NAME\n",
    ] {
        assert!(list.contains(part), "no {part:?} in\n{list}");
    }
    let listed: Vec<Value> = serde_json::from_str(&expect(0, run(&["--json"]))).unwrap();
    let told = |n: usize| (listed[n]["number"].clone(), listed[n]["id"].clone(), listed[n]["name"].clone());
    assert_eq!(told(1), (json!(2), json!("track-0#2"), json!("Room, voice 2")));
    assert_eq!(
        (&listed[1]["perhaps"], &listed[0]["named_by"], &listed[1]["lines"]),
        (&json!("Dan"), &json!("print"), &json!(3))
    );

    // Where it is said that the voice is alone; else in its longest line.
    let path = root.path().join("v.wav");
    let frames = |asked: &str| {
        expect(0, run(&["--sample", asked, path.to_str().unwrap()]));
        let samples: Vec<i16> =
            hound::WavReader::open(&path).unwrap().samples().map(Result::unwrap).collect();
        (samples.len(), samples[0])
    };
    assert_eq!(frames("1"), (3 * 48_000, 100));
    assert_eq!(frames("track-0#2"), (8 * 19_200, 400));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // Nothing that is hidden is heard.
    edit(root.path(), &["hide", "--from=4.5s", "--to=5s"]);
    assert_eq!(frames("2").1, 2800);
    fs::write(&path, "mine").unwrap();
    expect(1, run(&["--sample", "1", path.to_str().unwrap()]));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    let piped = run(&["--sample", "1", "-"]);
    assert!(piped.status.success() && piped.stdout.starts_with(b"RIFF"));
    for (args, part) in [
        (&["--sample", "9", "-"][..], "there is no voice \"9\": this session has 4 voices"),
        (&["--play", "Nobody"], "there is no voice"),
    ] {
        let output = run(args);
        assert!(String::from_utf8_lossy(&output.stderr).contains(part), "{output:?}");
        expect(1, output);
    }

    // What plays is whatever is there.
    let bin = tempfile::tempdir().unwrap();
    let play = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hansard"));
        command.args(["voices", "room", "--play", "1"]).env("HANSARD_RECORDINGS", root.path());
        command.env("PATH", bin.path()).output().unwrap()
    };
    let output = play();
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("install one of paplay, pw-play, aplay, ffplay")
    );
    expect(1, output);
    let heard = root.path().join("heard");
    let player = bin.path().join("aplay");
    fs::write(&player, format!("#!/bin/sh\n/bin/cat \"$2\" > {}\n", heard.display())).unwrap();
    fs::set_permissions(&player, fs::Permissions::from_mode(0o755)).unwrap();
    expect(0, play());
    assert_eq!(fs::read(&heard).unwrap(), piped.stdout);
    drop(dir);

    let (root, _dir) = session(&[voiced("u1", 0, 0, 1.0, "Yes.")], &[]);
    let none = expect(0, hansard(root.path(), &["voices", "room"]));
    assert!(none.starts_with("No voices were told apart"), "{none}");
}

#[test]
fn doctor_tells_of_the_last_meeting_in_which_a_microphone_was_shared() {
    let mut manifest = manifest("room", "In the room", START, &["Room", "Alice"]);
    manifest.sources[1].device = Some("pulseaudio:alsa_input.headset".into());
    let (root, dir) = session_of(&manifest, &talk(), &[]);
    let of = |n: usize| last_meeting(root.path(), &manifest.sources[n]).map(|last| last.voices);
    assert_eq!((of(0), of(1)), (Some(3), Some(1)));
    edit(root.path(), &["merge", "Room, voice 3", "Room, voice 1"]);
    assert_eq!(of(0), Some(2), "two of them were one");
    // One in which nobody spoke says nothing; another device or channel is another source.
    let mut later = manifest.clone();
    (later.id, later.start.utc) = ("later".into(), "2027-03-14T08:30:00Z".parse().unwrap());
    write(root.path(), &later, &[]);
    assert_eq!(of(0), Some(2));
    let mut other = manifest.sources[0].clone();
    other.channel = Some(2);
    assert_eq!(last_meeting(root.path(), &other), None);
    assert_eq!(last_meeting(&dir.join("nowhere"), &manifest.sources[0]), None);

    let last_meeting = last_meeting(root.path(), &manifest.sources[0]);
    assert_eq!(last_meeting, Some(LastMeeting { session: "room".into(), voices: 2 }));
    let report = VoicesReport { last_meeting, ..VoicesReport::default() };
    let told = judge("Desk", &report, None).unwrap();
    assert!(told.text.contains("in the last meeting that it was in (room): 2 voices"), "{told:?}");
    assert!(told.advice.contains("told apart by their voices"), "{told:?}");
    assert!(
        judge("Desk", &report, Some(1)).unwrap().advice.contains("speakers = 1 leaves them under one name")
    );
    let now = VoicesReport { voices: Some(3), speech_s: 20.0, ..report };
    assert!(judge("Desk", &now, None).unwrap().text.contains("3 voices just now"));
    assert_eq!(judge("Desk", &VoicesReport { voices: Some(1), last_meeting: None, ..now }, None), None);
}

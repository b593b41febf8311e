//! People who are known by their voices, from enrolment to being forgotten; spoken by flite, so what a person
//! says when enrolled is never what is said in the meeting.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use hansard::session::reading::Session;
use hansard::session::voices::{VECTORS, Voices};

use crate::support::home::{Home, Ran};
use crate::support::sound::pcm;
use crate::support::stage::meeting::speak;

const TINY: &str = "--model=tiny.en-q8_0";
const RATE: u32 = 48_000;

/// What is said for enrolment.
const ENROL: [&str; 4] = [
    "My name stands on this list, and I agree that my voice is kept for the minutes.",
    "The river runs past the old mill, and in spring the meadows are under water.",
    "Please bring the large map with you, the small one is hard to read at night.",
    "Seven boats left the harbour before dawn, and only five of them came back.",
];
/// What is said in the meeting.
const MEETING: [&str; 4] = [
    "Good morning everybody, let us begin with the garden and the old fence behind the house.",
    "Who of you could bring a hammer, a saw and some nails, before the winter comes?",
    "Then we shall meet on Saturday at nine o'clock, at the gate, whatever the weather is like.",
    "I have asked for two offers, and the second one is by far the better one of them.",
];

/// A wave file in which each of `voices` says each of `sentences` by turns; none where flite is absent.
fn wave(path: &Path, voices: &[&str], sentences: &[&str]) -> Option<PathBuf> {
    let mut sound: Vec<f32> = Vec::new();
    for sentence in sentences {
        for voice in voices {
            let Ok(spoken) = speak(voice, sentence) else {
                println!("skipped: flite is absent");
                return None;
            };
            sound.extend(spoken.samples);
            sound.extend(std::iter::repeat_n(0.0, RATE as usize / 2));
        }
    }
    let mut noise = hansard::base::random::Random::new(7);
    let sample = |value: &f32| ((value + noise.range(-1e-3, 1e-3) as f32) * 32_000.0) as i32;
    let samples: Vec<i32> = sound.iter().map(sample).collect();
    pcm(path, RATE, 1, 16, &samples);
    Some(path.to_owned())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Who says the lines that hold these words.
fn speaker<'a>(session: &'a Session, word: &str) -> &'a str {
    let line = session.utterances.iter().find(|line| line.is_shown() && line.text.contains(word));
    &line.unwrap_or_else(|| panic!("nobody says {word:?}: {:?}", session.utterances)).speaker
}

/// Runs what listens to sound, which takes its time where others build.
fn heard(home: &Home, args: &[&str]) -> Ran {
    home.start(args).end_after(240)
}

#[test]
fn without_consent_or_with_unfit_sound_nobody_is_enrolled() {
    let home = Home::new();
    let cwd = home.path("cwd");
    let Some(_) = wave(&cwd.join("carol.wav"), &["slt"], &ENROL) else { return };
    wave(&cwd.join("short.wav"), &["slt"], &ENROL[..1]);
    wave(&cwd.join("both.wav"), &["slt", "rms"], &ENROL[..3]);
    for (args, part) in [
        (&["carol.wav"][..], "--consent"),
        (&["carol.wav", "--consent", " "], "note of the consent"),
        (&["short.wav", "--consent=yes"], "at least 10 s are needed, and 20 to 30 s are better"),
        (&["both.wav", "--consent=yes"], "both.wav holds several voices"),
        (&["none.wav", "--consent=yes"], "neither a sound file nor a voice"),
        (&["last#1", "--consent=yes"], "neither a sound file nor a voice"),
        (&["carol.wav#2", "--consent=yes"], "has no channel 2"),
    ] {
        home.refuses(&[&["voices", "enrol", "Carol"], args].concat(), &[part]);
    }
    home.refuses(&["voices", "enrol", "…", "carol.wav", "--consent=yes"], &["can't be a name"]);
    home.refuses(&["voices", "forget", "Carol"], &["nobody named \"Carol\" is known by the voice"]);
    assert!(!home.voices().exists(), "to refuse is not to make");
    assert_eq!(home.run(["voices", "list", "--json"]).expect(0).json(), serde_json::json!([]));

    let ran =
        home.run(["voices", "enrol", " Carol ", "carol.wav", "--consent", "said yes on 14 March", "--json"]);
    let told = ran.expect(0).json();
    assert_eq!(told["name"], "Carol");
    assert!(told["seconds"].as_f64().unwrap() > 10.0, "{told}");
    home.run(["voices", "enrol", "Carol", "carol.wav", "--consent=once more"]).expect(0);
    // Another folder holds others.
    let mut elsewhere = home.command(["voices", "list", "--json"]);
    let elsewhere = crate::support::home::Running::start(elsewhere.env("HANSARD_VOICES", &cwd)).end();
    assert_eq!(elsewhere.expect(0).json(), serde_json::json!([]));

    // Whom a broken file is of nobody knows; the others are still there.
    let folder = home.voices();
    fs::write(folder.join("broken.json"), "{\"format\":1,\"name\":\"Eve\"}").unwrap();
    let listed = home.run(["voices", "list"]);
    listed.expect(0);
    assert!(listed.err.contains("broken.json holds no enrolled voice"), "{}", listed.err);
    for part in ["Carol", "in 2 recordings", "file carol.wav", "said yes on 14 March", "once more"] {
        assert!(listed.out.contains(part), "{part}: {}", listed.out);
    }
    let listed = home.run(["voices", "list", "--json"]);
    assert_eq!(listed.expect(0).json()[0]["recordings"].as_array().unwrap().len(), 2);
    assert!(!listed.out.contains("centroid") && listed.out.len() < 1_000, "no directions: {}", listed.out);
    assert_eq!(mode(&folder), 0o700);
    let ran = home.run(["voices", "forget", "Carol"]);
    ran.expect(2);
    assert!(ran.out.contains("the voice is forgotten") && ran.err.contains("broken.json"), "{}", ran.err);
    fs::remove_file(folder.join("broken.json")).unwrap();
    assert!(fs::read_dir(&folder).unwrap().all(|file| file.unwrap().file_name() == ".lock"));
}

#[test]
fn who_is_enrolled_is_named_in_later_meetings_until_forgotten() {
    let test = "who_is_enrolled_is_named_in_later_meetings_until_forgotten";
    let Some(home) = Home::with_models(test) else { return };
    let cwd = home.path("cwd");
    let Some(_) = wave(&cwd.join("carol.wav"), &["slt"], &ENROL) else { return };
    wave(&cwd.join("meeting.wav"), &["slt", "rms"], &MEETING);
    wave(&cwd.join("later.wav"), &["rms"], &ENROL[1..]);

    // Nobody is enrolled, nobody is named.
    let before = heard(&home, &["transcribe", "meeting.wav", TINY]).expect(0).session();
    assert!(speaker(&before, "hammer").starts_with("Voice "), "{:?}", before.names);
    assert!(before.voices.entries.iter().all(|voice| voice.print.is_none()));
    assert_eq!(before.voices.entries.len(), 2);
    assert_eq!(mode(&before.dir.join(VECTORS)), 0o600);

    home.run(["voices", "enrol", "Carol", "carol.wav", "--consent=agreed by mail"]).expect(0);
    let folder = home.voices();
    assert!(fs::read_dir(&folder).unwrap().all(|file| mode(&file.unwrap().path()) == 0o600));
    let again = heard(&home, &["transcribe", "last", TINY, "-vv"]);
    let session = again.expect(0).session();
    let named = session.voices.entries.iter().filter(|voice| voice.print.is_some());
    let named: Vec<_> = named.map(|voice| (voice.print.clone().unwrap(), voice.id.clone())).collect();
    assert_eq!(named.len(), 1, "{named:?}");
    assert!(named[0].0.sure && named[0].0.name == "Carol", "{named:?}");
    let carols = session.utterances.iter().filter(|line| line.is_shown() && line.speaker == "Carol").count();
    let others = session.utterances.iter().filter(|line| line.speaker.starts_with("Voice ")).count();
    assert!(carols >= 3 && others >= 3, "{carols} {others}");
    let minutes = fs::read_to_string(session.dir.join("minutes.md")).unwrap();
    assert!(minutes.contains("Carol"), "{minutes}");
    for file in ["events.jsonl", "transcript.jsonl", "session.json", VECTORS] {
        assert!(!fs::read_to_string(session.dir.join(file)).unwrap().contains("Carol"), "{file}");
    }
    assert!(
        !again.err.lines().any(|line| line.contains("Carol") && line.contains("hansard::")),
        "{}",
        again.err
    );

    // The other one, out of the session, though what voices sound like was deleted.
    let cleared = home.run(["voices", "clear", "last"]);
    assert!(cleared.expect(0).out.contains("is deleted"), "{}", cleared.out);
    assert!(!session.dir.join(VECTORS).exists());
    assert!(home.run(["voices", "clear", "last"]).expect(0).out.contains("nothing is stored"));
    let listed = home.run(["voices", "last", "--json"]).expect(0).json();
    let other = listed.as_array().unwrap().iter().find(|voice| voice["named_by"] == "number").unwrap();
    home.refuses(&["voices", "enrol", "Dan", "last", "--consent=yes"], &["which voice of it?"]);
    home.refuses(&["voices", "enrol", "Dan", "last#9", "--consent=yes"], &["there is no voice \"9\""]);
    let voice = format!("last#{}", other["number"]);
    let ran = home.run(["voices", "enrol", "Dan", &voice, "--consent=agreed", "--json"]);
    let told = ran.expect(0).json();
    assert!(
        told["recordings"][0]["source"].as_str().unwrap().contains(other["id"].as_str().unwrap()),
        "{told}"
    );
    home.run(["voices", "enrol", "Dan", &format!("last#{}", other["id"].as_str().unwrap()), "--consent=y"])
        .expect(0);

    // A file of one voice: its lines are that person's, unless it was named.
    let later = heard(&home, &["transcribe", "later.wav", TINY]).expect(0).session();
    assert!(later.utterances.iter().all(|line| line.voice.is_none()), "one voice is no voice");
    assert_eq!(speaker(&later, "river"), "Dan", "{:?}", later.voices);
    let minutes = fs::read_to_string(later.dir.join("minutes.md")).unwrap();
    assert!(minutes.contains("Dan") && !minutes.contains("later ·"), "{minutes}");
    let listed = home.run(["voices", "last", "--json"]).expect(0).json();
    assert_eq!(
        (&listed[0]["name"], listed[0]["lines"].as_u64() > Some(0)),
        (&"Dan".into(), true),
        "{listed}"
    );
    // One person's by declaration: no voice is told, and whose it is is known all the same.
    let alone = heard(&home, &["transcribe", "later.wav", "--speakers=1", TINY]).expect(0).session();
    assert!(alone.utterances.iter().all(|line| line.voice.is_none()));
    assert_eq!(speaker(&alone, "river"), "Dan", "{:?}", alone.voices);
    let named = heard(&home, &["transcribe", "Bob=later.wav", TINY]).expect(0).session();
    assert_eq!(speaker(&named, "river"), "Bob");
    assert_eq!(home.run(["voices", "last", "--json"]).expect(0).json()[0]["name"], "Bob");

    // Forgotten: in all sessions, and what can't be is said.
    home.run(["export", session.dir.to_str().unwrap(), "--format=txt"]).expect(0);
    home.run(["export", session.dir.to_str().unwrap(), "--format=txt", "--output=out.txt"]).expect(0);
    let ran = home.run(["voices", "forget", "Carol", "--json"]);
    let told = ran.expect(2).json();
    assert_eq!((&told["people"], &told["sessions"][0]["minutes"]), (&1.into(), &true.into()), "{told}");
    let left: Vec<&str> =
        told["left"].as_array().unwrap().iter().map(|left| left["path"].as_str().unwrap()).collect();
    assert!(left.len() == 2 && left[0].ends_with(".txt") && left[1].ends_with("out.txt"), "{left:?}");
    for file in ["voices.jsonl", "minutes.md", "events.jsonl", "transcript.jsonl", "session.json"] {
        assert!(!fs::read_to_string(session.dir.join(file)).unwrap().contains("Carol"), "{file}");
    }
    assert_eq!(Voices::read(&session.dir).unwrap().entries.len(), 2, "the voices stay");
    let ran = home.run(["voices", "forget", "Dan"]);
    ran.expect(0);
    assert!(ran.out.contains("later") && ran.out.contains("no longer known as Dan"), "{}", ran.out);
    let later = Session::open(&later.dir).unwrap();
    assert_eq!(speaker(&later, "river"), "later");
    assert_eq!(home.run(["voices", "list"]).expect(0).out, "");
}

/// A headset in an interview: one person's by declaration, so no voices are told apart there.
#[test]
fn who_has_a_track_of_their_own_is_enrolled_from_it() {
    let home = Home::new();
    let Some(sound) = wave(&home.path("cwd").join("carol.wav"), &["slt"], &ENROL) else { return };
    let mixed = wave(&home.path("cwd").join("both.wav"), &["slt", "rms"], &ENROL[..3]).unwrap();
    let sources = ["Carol=synth:noise,secs=1", "Both=synth:noise,secs=1", "Still=synth:noise,secs=1"];
    let sources = sources.map(|source| format!("--source={source}"));
    let (_, session) =
        home.record(0, &["--no-transcribe", "--speakers=1", &sources[0], &sources[1], &sources[2]]);
    // As if these two had been heard by the microphones, and everything they said were text.
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(session.dir.join("session.json")).unwrap()).unwrap();
    let mut lines = String::new();
    for (track, file) in [("carol", &sound), ("both", &mixed)] {
        let at =
            manifest["takes"].as_array().unwrap().iter().position(|take| take["track"] == track).unwrap();
        let frames = hound::WavReader::open(file).unwrap().duration();
        fs::copy(file, session.dir.join(manifest["takes"][at]["file"].as_str().unwrap())).unwrap();
        let take = &mut manifest["takes"][at];
        (take["frames"], take["format"], take["data_offset"]) = (frames.into(), "s16".into(), 44.into());
        let line = hansard::base::utterance::Utterance {
            id: format!("{track}-1-0"),
            track: track.into(),
            speaker: track.into(),
            take: 1,
            to_frame: hansard::base::units::Frames(u64::from(frames)),
            end: f64::from(frames) / f64::from(RATE),
            text: "Yes.".into(),
            is_final: true,
            ..Default::default()
        };
        lines += &(serde_json::to_string(&line).unwrap() + "\n");
    }
    fs::write(session.dir.join("session.json"), manifest.to_string()).unwrap();
    fs::write(session.dir.join("transcript.jsonl"), lines).unwrap();

    let enrol =
        |input: &str| ["voices", "enrol", "Carol", input, "--consent=agreed", "--json"].map(str::to_owned);
    let told = home.start(enrol("last#carol")).end_after(120).expect(0).json();
    let recording = &told["recordings"][0];
    assert!(recording["source"].as_str().unwrap().ends_with(", track carol"), "{told}");
    assert!(recording["seconds"].as_f64().unwrap() > 10.0, "{told}");
    home.start(enrol("last#Carol")).end_after(120).expect(0);
    for (input, part) in [
        ("last#both", "holds several voices"),
        ("last#Still", "hansard transcribe makes text of it"),
        ("last#nobody", "there is no voice \"nobody\""),
        ("last", "which voice of it?"),
    ] {
        let ran = home.start(enrol(input)).end_after(120);
        ran.expect(1);
        assert!(ran.err.contains(part), "{input}: {}", ran.err);
    }
}

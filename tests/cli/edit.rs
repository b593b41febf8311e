//! Corrections: names, lines, what is shown; nothing is destroyed, and no later pass writes over them.

use std::fs;
use std::path::{Path, PathBuf};

use hansard::base::utterance::Utterance;
use hansard::session::lock::SessionLock;
use hansard::session::reading::Session;

use crate::support::home::{Home, shared};
use crate::support::said::{self, line};
use crate::support::sound;

/// A finished session in which four lines were said.
fn finished(home: &Home) -> PathBuf {
    let echo = Utterance { bleed_of: Some("alice-1-1".into()), ..line("Bob", 1.2, "We meat at nine.") };
    let held = Utterance { withheld: Some("unsure".into()), ..line("Bob", 4.0, "Thanks for watching.") };
    let lines = [line("Alice", 1.0, "We meat at nine."), echo, line("Bob", 2.5, "Nine it is then."), held];
    said::session(home, &["--source=Alice=synth:tone", "--source=Bob=synth:tone", "--for=6s"], &lines)
}

fn edit(home: &Home, args: &[&str]) -> String {
    home.run([&["edit", "last"], args].concat()).expect(0).out.clone()
}

/// What stands in the minutes.
fn shown(dir: &Path) -> Vec<(String, String)> {
    let session = Session::open(dir).unwrap();
    let lines = session.utterances.iter().filter(|line| line.is_shown());
    lines.map(|line| (line.speaker.clone(), line.text.clone())).collect()
}

fn lines(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(speaker, text)| ((*speaker).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn what_a_person_corrects_stands_everywhere_and_what_was_there_stays() {
    let home = Home::new();
    let dir = finished(&home);
    let before = fs::read_to_string(dir.join("transcript.jsonl")).unwrap();
    let manifest = fs::read(dir.join("session.json")).unwrap();

    assert!(edit(&home, &["line", "alice-1-1", "We meet at nine, Bob."]).contains("alice-1-1 rev 1"));
    edit(&home, &["rename", "Alice", "Alicia <b>"]);
    edit(&home, &["restore", "bob-1-4"]);
    edit(&home, &["speaker", "bob-1-4", "Carol"]);
    edit(&home, &["withhold", "bob-1-2"]);
    let expected = lines(&[("Alicia <b>", "We meet at nine, Bob."), ("Carol", "Thanks for watching.")]);
    assert_eq!(shown(&dir), expected);
    let line = &Session::open(&dir).unwrap().utterances[0];
    let words: Vec<_> = line.words.iter().map(|word| (word.text.as_str(), word.p)).collect();
    assert_eq!(words, [("We", 0.9), ("meet", 1.0), ("at", 0.9), ("nine,", 0.9), ("Bob.", 1.0)]);

    // A name that is given later holds for what was written before, and only for that.
    edit(&home, &["merge", "Carol", "Bob"]);
    edit(&home, &["rename", "Bob", "Robert"]);
    edit(&home, &["restore", "bob-1-2"]);
    let expected = lines(&[
        ("Alicia <b>", "We meet at nine, Bob."),
        ("Robert", "Nine it is then."),
        ("Robert", "Thanks for watching."),
    ]);
    assert_eq!(shown(&dir), expected);
    let minutes = fs::read_to_string(dir.join("minutes.md")).unwrap();
    assert!(minutes.contains("Robert") && minutes.contains("We meet at nine, Bob."), "{minutes}");
    let srt = home.run(["export", "last", "--format=srt", "--output=-"]);
    assert!(srt.expect(0).out.contains("Nine it is then.") && !srt.out.contains("meat"), "{}", srt.out);

    let after = fs::read_to_string(dir.join("transcript.jsonl")).unwrap();
    assert!(after.starts_with(&before), "what was there stays");
    assert_eq!(fs::read(dir.join("session.json")).unwrap(), manifest, "the evidence is not touched");
    let history = home.run(["show", "last", "--history", "--withheld"]);
    for part in [
        "We meat at nine. [alice-1-1 rev 0]",
        "[alice-1-1 rev 1, by a person,",
        "[bob-1-2 rev 2, by a person,",
    ] {
        let on_one_line = history.expect(0).out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(on_one_line.contains(part), "{part}: {}", history.out);
    }
    home.run(["verify", "last"]).expect(0);
}

#[test]
fn a_hidden_passage_stands_in_no_export_until_it_is_shown_again() {
    let home = Home::new();
    let dir = finished(&home);
    home.run(["mark", "Decision: at nine", "--at=2.6s", "--session=last"]).expect(0);
    // From the last word of the first line to the last but one of the second.
    let said = edit(&home, &["hide", "--from=1.9s", "--to=3.3s"]);
    assert!(said.starts_with("hide-1: "), "{said}");
    assert_eq!(shown(&dir), lines(&[("Alice", "We meat at"), ("Bob", "then.")]));
    let session = Session::open(&dir).unwrap();
    assert!(session.marks().is_empty(), "a mark in it is hidden too");
    for format in ["md", "txt", "srt", "vtt", "json", "csv", "jsonl"] {
        let format = format!("--format={format}");
        let ran = home.run(["export", "last", &format, "--output=-"]);
        assert!(
            !ran.expect(0).out.contains("ine it is") && !ran.out.contains("at nine"),
            "{format}: {}",
            ran.out
        );
    }
    // Nor is it heard in what is exported; the track has it still.
    home.run(["export", "last", "--tracks=wav", "--output", home.path("cwd").to_str().unwrap()]).expect(0);
    let files = fs::read_dir(home.path("cwd")).unwrap().map(|entry| entry.unwrap().path());
    let wavs: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "wav")).collect();
    assert_eq!(wavs.len(), 2, "{wavs:?}");
    for wav in wavs {
        let samples = sound::read_pcm(&wav).1;
        let at = |s: f64| (s * 48_000.0) as usize;
        assert!(samples[at(1.9)..at(3.3)].iter().all(|sample| *sample == 0), "{}", wav.display());
        assert!(samples[at(1.0)..at(1.8)].iter().any(|sample| *sample != 0), "{}", wav.display());
    }
    home.refuses(&["edit", "last", "hide", "--from=2s", "--to=1s"], &["begins before it ends"]);
    edit(&home, &["restore", "hide-1"]);
    assert_eq!(shown(&dir), lines(&[("Alice", "We meat at nine."), ("Bob", "Nine it is then.")]));
    assert_eq!(Session::open(&dir).unwrap().marks().len(), 1);
    edit(&home, &["unmark", "mark-1"]);
    assert_eq!(Session::open(&dir).unwrap().marks(), []);
    assert!(edit(&home, &["hide", "--from=0", "--to=6s"]).starts_with("hide-2"));
    assert_eq!(shown(&dir), []);
    home.refuses(&["edit", "last", "restore", "alice-1-1"], &["hide-2"]);
}

#[test]
fn what_can_not_be_corrected_is_refused_and_nothing_is_written() {
    let home = Home::new();
    let dir = finished(&home);
    let files = || ["transcript.jsonl", "events.jsonl"].map(|file| fs::read(dir.join(file)).unwrap());
    let before = files();
    home.refuses(&["edit", "last", "rename", "Eve", "Eva"], &["no speaker \"Eve\"", "Alice, Bob"]);
    home.refuses(&["edit", "last", "rename", "Alice", "Bob"], &["merge"]);
    home.refuses(&["edit", "last", "rename", "Alice", " "], &["needs letters"]);
    home.refuses(&["edit", "last", "merge", "Alice", "Alice"], &["already so"]);
    home.refuses(&["edit", "last", "line", "alice-9-9", "x"], &["no line", "--ids"]);
    home.refuses(&["edit", "last", "line", "alice-1-1", "\u{202e} "], &["needs words"]);
    home.refuses(&["edit", "last", "line", "alice-1-1", "We meat at nine."], &["already so"]);
    home.refuses(&["edit", "last", "unmark", "mark-1"], &["no mark"]);
    let lock = SessionLock::take(&dir).unwrap();
    home.refuses(&["edit", "last", "withhold", "alice-1-1"], &["in use"]);
    drop(lock);
    assert_eq!(files(), before);
}

#[test]
fn transcribed_again_a_persons_words_stand() {
    let test = "transcribed_again_a_persons_words_stand";
    let (Some(home), Some(speech)) = (Home::with_models(test), shared("speech/jfk", test)) else { return };
    let wav = speech.join("jfk.wav");
    let tiny = "--model=tiny.en-q8_0";
    let ran = home.run(["transcribe", wav.to_str().unwrap(), tiny]);
    ran.expect(0);
    let dir = ran.session().dir;
    let first = Session::open(&dir).unwrap().utterances[0].clone();
    edit(&home, &["line", &first.id, "This is what was said."]);
    edit(&home, &["rename", "jfk", "Kennedy"]);
    // Interrupted before, it would go on behind what was heard, not behind what was written.
    home.run(["transcribe", "last", tiny]).expect(0);
    home.run(["transcribe", "last", tiny]).expect(0);
    let session = Session::open(&dir).unwrap();
    let line = session.utterances.iter().find(|line| line.id == first.id).unwrap();
    assert_eq!((line.text.as_str(), line.withheld.as_deref()), ("This is what was said.", None));
    assert!(line.edited.is_some());
    for line in session.utterances.iter().filter(|line| line.is_shown()) {
        assert_eq!(line.speaker, "Kennedy");
    }
    for other in session.utterances.iter().filter(|other| other.is_shown() && other.id != first.id) {
        assert!(other.end <= first.start || other.start >= first.end, "{other:?} says it twice");
    }
}

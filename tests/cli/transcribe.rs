//! `transcribe`: sound files and sessions, once, again, interrupted, in use, hostile.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use hansard::base::utterance::{Edited, Utterance};
use hansard::session::reading::Session;

use crate::support::copy;
use crate::support::home::{Home, Running, children, is_alive, shared, signal, wait};
use crate::support::stage::words;

const TINY: &str = "--model=tiny.en-q8_0";

/// The known recording and what is said in it.
fn jfk(test: &str) -> Option<(PathBuf, String)> {
    let folder = shared("speech/jfk", test)?;
    let text = fs::read_to_string(folder.join("jfk.txt")).unwrap();
    Some((folder.join("jfk.wav"), text))
}

fn text(session: &Session) -> String {
    let shown = session.utterances.iter().filter(|utterance| utterance.is_shown());
    shown.map(|utterance| utterance.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// Words of `said` that are not in `written`, or the other way round, or others.
fn errors(said: &str, written: &str) -> (usize, usize) {
    let (said, written) = (words::words(said), words::words(written));
    (words::align(&said, &written).0.errors(), said.len())
}

/// Cuts a part of a wave file out, in seconds.
fn cut(from: &Path, seconds: std::ops::Range<f64>, to: &Path) {
    let (spec, samples) = crate::support::sound::read_pcm(from);
    let at = |s: f64| ((s * f64::from(spec.sample_rate)) as usize).min(samples.len());
    let part = &samples[at(seconds.start)..at(seconds.end)];
    crate::support::sound::pcm(to, spec.sample_rate, spec.channels, spec.bits_per_sample, part);
}

#[test]
fn a_known_recording_becomes_its_words_and_the_same_ones_again() {
    let test = "a_known_recording_becomes_its_words_and_the_same_ones_again";
    let (Some(home), Some((wav, said))) = (Home::with_models(test), jfk(test)) else { return };
    let ran = home.run(["transcribe", wav.to_str().unwrap(), TINY, "--json"]);
    ran.expect(0);
    let session = ran.session();
    assert_eq!(session.manifest.title, "jfk");
    let (wrong, of) = errors(&said, &text(&session));
    // It makes none to two of 22; a tenth is where a mistake of ours would begin to show.
    assert!(wrong * 10 <= of, "{wrong} of {of} words: {}", text(&session));
    let lines = ran.lines();
    let (report, printed) = lines.split_last().unwrap();
    assert_eq!(report["text_pending"], serde_json::Value::Null);
    let kept: BTreeSet<&str> =
        session.utterances.iter().filter(|u| u.is_shown()).map(|u| u.id.as_str()).collect();
    let shown: BTreeSet<&str> = printed.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(shown, kept);
    for utterance in &session.utterances {
        assert!(0.0 <= utterance.start && utterance.end <= 11.01, "{utterance:?}");
        assert!(utterance.words.is_sorted_by(|a, b| a.start <= b.start), "{utterance:?}");
    }
    let minutes = fs::read_to_string(session.dir.join("minutes.md")).unwrap();
    assert!(minutes.contains("your country"), "{minutes}");

    // Again: the same ids, one revision higher; nothing stands twice.
    let ran = home.run(["transcribe", "last", TINY, "--json"]);
    ran.expect(0);
    let again = ran.session();
    assert_eq!(again.dir, session.dir);
    let revisions = |session: &Session| -> BTreeMap<String, u32> {
        session.utterances.iter().map(|u| (u.id.clone(), u.rev)).collect()
    };
    let (before, after) = (revisions(&session), revisions(&again));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert!(before.iter().all(|(id, rev)| after[id] > *rev), "{before:?} {after:?}");
    for line in ran.lines().iter().filter(|line| line["id"].is_string()) {
        assert_eq!(line["rev"], after[line["id"].as_str().unwrap()], "what is printed is what is kept");
    }
    assert_eq!(errors(&text(&session), &text(&again)).0, 0);

    // However many recognisers are at work, each line is the same, and in the same place.
    let said = |threads: &str| {
        let mut command = home.command(["transcribe", "last", TINY, "--json"]);
        Running::start(command.env("HANSARD_TRANSCRIBE_THREADS", threads)).end().expect(0);
        let lines = fs::read_to_string(session.dir.join("transcript.jsonl")).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<Utterance>(line).unwrap());
        let newest = lines.filter(|line| line.withheld.is_none()).collect::<Vec<_>>();
        newest[newest.len() - kept.len()..].iter().map(|u| (u.id.clone(), u.text.clone())).collect::<Vec<_>>()
    };
    assert_eq!(said("1"), said("3"));
    for format in ["md", "txt", "srt", "vtt"] {
        let exported = home.run(["export", "last", "--output=-", "--format", format]);
        exported.expect(0);
        assert_eq!(exported.out.matches("ellow").count(), 1, "{format}: {}", exported.out);
    }
    let exported = home.run(["export", "last", "--output=-", "--format=json"]).expect(0).json();
    assert_eq!(exported.as_array().unwrap().len(), kept.len());
}

#[test]
fn a_pass_over_long_stretches_keeps_ids_and_what_a_person_wrote() {
    let test = "a_pass_over_long_stretches_keeps_ids_and_what_a_person_wrote";
    let (Some(home), Some((wav, said))) = (Home::with_models(test), jfk(test)) else { return };
    let ran = home.run(["transcribe", wav.to_str().unwrap(), TINY]);
    ran.expect(0);
    let before = ran.session();
    let shown = |session: &Session| -> Vec<Utterance> {
        session.utterances.iter().filter(|u| u.is_shown()).cloned().collect()
    };
    assert!(shown(&before).len() > 2, "several segments become one stretch");
    // A person mends one line.
    let mut mine = shown(&before)[1].clone();
    (mine.rev, mine.text) = (mine.rev + 1, "what the person wrote".into());
    mine.edited = Some(Edited { utc: "2026-03-14T09:30:00Z".parse().unwrap(), journal: 0 });
    let path = before.dir.join("transcript.jsonl");
    let line = serde_json::to_string(&mine).unwrap();
    fs::write(&path, fs::read_to_string(&path).unwrap() + &line + "\n").unwrap();

    home.run(["transcribe", "last", "--long", TINY]).expect(0);
    let after = Session::open(&before.dir).unwrap();
    let ids =
        |session: &Session| -> BTreeSet<String> { shown(session).iter().map(|u| u.id.clone()).collect() };
    assert_eq!(ids(&before), ids(&after), "each keeps its id");
    let kept = shown(&after).into_iter().find(|u| u.id == mine.id).unwrap();
    assert_eq!((kept.text.as_str(), kept.rev), (mine.text.as_str(), mine.rev), "nothing came after it");
    // All others are made again, and together they still say it.
    let others: Vec<Utterance> = shown(&after).into_iter().filter(|u| u.id != mine.id).collect();
    assert!(others.iter().all(|u| u.rev > 0), "{others:?}");
    let whole = text(&after).replace(&mine.text, &shown(&before)[1].text);
    let (wrong, of) = errors(&said, &whole);
    assert!(wrong * 10 <= of, "{wrong} of {of} words: {whole}");
}

#[test]
fn a_file_per_speaker_becomes_a_meeting() {
    let test = "a_file_per_speaker_becomes_a_meeting";
    let (Some(home), Some((wav, _))) = (Home::with_models(test), jfk(test)) else { return };
    // One is silent where the other one speaks.
    cut(&wav, 0.0..2.6, &home.path("cwd/Zoë.wav"));
    let (spec, mut samples) = crate::support::sound::read_pcm(&wav);
    samples[..16_000 * 5].fill(0);
    crate::support::sound::pcm(&home.path("cwd/Mr. B.wav"), spec.sample_rate, 1, 16, &samples);
    let ran = home.run(["transcribe", "Zoë.wav", "Mr. B.wav", TINY, "--title=Two of them"]);
    ran.expect(0);
    let session = ran.session();
    assert_eq!(session.manifest.title, "Two of them");
    let said = |speaker: &str| -> String {
        let lines = session.utterances.iter().filter(|u| u.is_shown() && u.speaker == speaker);
        lines.map(|u| u.text.as_str()).collect()
    };
    assert!(said("Zoë").contains("nd so"), "{}", said("Zoë"));
    assert!(said("Mr. B").contains("do for you"), "{}", said("Mr. B"));
    assert!(!said("Mr. B").contains("nd so"), "{}", said("Mr. B"));

    for (args, part) in [
        (vec!["--resume", "Zoë.wav"], "--resume goes on with a session"),
        (vec!["Zoë.wav", "missing.wav"], "can't read missing.wav"),
        (vec!["missing.wav"], "neither a sound file nor a session"),
        (vec!["last", "--title=x"], "--title is for sound files"),
        (vec!["."], "is not a session"),
        (vec![".."], "is not a session"),
        (vec!["Zoë.wav", "--language=de"], "base-q8_0"),
    ] {
        let args: Vec<&str> = ["transcribe", TINY].into_iter().chain(args).collect();
        home.refuses(&args, &[part]);
    }
    assert!(!home.path("cwd/.lock").exists(), "nothing is put into a folder that is not a session");
}

#[test]
fn what_was_interrupted_goes_on_where_it_was() {
    let test = "what_was_interrupted_goes_on_where_it_was";
    let (Some(home), Some((wav, _))) = (Home::with_models(test), jfk(test)) else { return };
    let ran = home.run(["transcribe", wav.to_str().unwrap(), TINY]);
    ran.expect(0);
    let whole = ran.session();
    let transcript = whole.dir.join("transcript.jsonl");
    let lines: Vec<String> = fs::read_to_string(&transcript).unwrap().lines().map(str::to_owned).collect();
    assert!(lines.len() >= 2, "{lines:?}");
    let resumed = || {
        home.run(["transcribe", "last", "--resume", TINY]).expect(0);
        Session::open(&whole.dir).unwrap()
    };

    // The recorder was killed after the first line, in the middle of the second.
    fs::write(&transcript, format!("{}\n{}", lines[0], &lines[1][..40])).unwrap();
    let session = resumed();
    assert_eq!(errors(&text(&whole), &text(&session)).0, 0, "{}", text(&session));
    assert_eq!(session.utterances[0].rev, 0, "what was there is not done again");

    // A second making of the text was killed after its first line: the rest of the first one still stands.
    fs::write(&transcript, format!("{}\n", lines.join("\n"))).unwrap();
    let again = lines[0].replacen("\"rev\":0", "\"rev\":1", 1).replacen("ellow", "ELLOW", 1);
    let journal = whole.dir.join("events.jsonl");
    let mut events = fs::read_to_string(&journal).unwrap();
    let last: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    let begun = serde_json::json!({
        "seq": last["seq"].as_u64().unwrap() + 1, "session_ns": 0, "utc": last["utc"],
        "kind": "text_begun", "payload": { "lines": lines.len() },
    });
    events += &format!("{begun}\n");
    fs::write(&journal, events).unwrap();
    fs::write(&transcript, format!("{}\n{again}\n", lines.join("\n"))).unwrap();
    let session = resumed();
    assert_eq!(errors(&text(&whole), &text(&session)).0, 0, "{}", text(&session));
    assert!(text(&session).contains("ELLOW"), "the first line is the second making's");
    let old: BTreeSet<&str> = whole.utterances.iter().map(|utterance| utterance.id.as_str()).collect();
    for utterance in session.utterances.iter().filter(|utterance| utterance.is_shown()) {
        // Heard from another place on, a segment may begin a few milliseconds later: that is another one.
        assert!(
            utterance.rev > 0 || !old.contains(utterance.id.as_str()),
            "it was not made again: {utterance:?}"
        );
    }
}

#[test]
fn a_session_that_is_in_use_is_left_alone() {
    let test = "a_session_that_is_in_use_is_left_alone";
    let Some(home) = Home::with_models(test) else { return };
    let (_, session) = home.record(0, &["--pace=max", "--no-transcribe", "--source=A=synth:silence,secs=1"]);
    let lock = File::options().write(true).open(session.dir.join(".lock")).unwrap();
    lock.lock().unwrap();
    home.refuses(&["transcribe", "last", TINY], &["is in use"]);
    lock.unlock().unwrap();
    home.run(["transcribe", "last", TINY]).expect(0);
}

#[test]
fn a_signal_leaves_a_text_that_can_go_on() {
    let test = "a_signal_leaves_a_text_that_can_go_on";
    let (Some(home), Some((wav, said))) = (Home::with_models(test), jfk(test)) else { return };
    home.record(0, &["--pace=max", "--no-transcribe", &format!("--source=JFK=file:{}", wav.display())]);
    let running = home.start(["transcribe", "last", TINY]);
    // The recogniser is stopped, so that the text can't be ready when the signal comes.
    wait("the recogniser runs", || !children(running.id()).is_empty());
    let worker = children(running.id())[0];
    signal(worker, "STOP");
    running.signal("TERM");
    let ran = running.end();
    signal(worker, "CONT");
    ran.expect(3);
    assert!(ran.err.contains("SIGTERM") && ran.err.contains("transcribe --resume"), "{}", ran.err);
    assert!(ran.session().dir.join("minutes.md").is_file());
    wait("the recogniser ends with its parent", || !is_alive(worker));

    let ran = home.run(["transcribe", "--resume", "last", TINY]);
    ran.expect(0);
    let (wrong, of) = errors(&said, &text(&ran.session()));
    assert!(wrong * 10 <= of, "{wrong} of {of} words: {}", text(&ran.session()));
}

/// Changes a session's manifest.
fn edit(dir: &Path, change: impl Fn(&mut serde_json::Value)) {
    let path = dir.join("session.json");
    let mut manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(path, serde_json::to_vec(&manifest).unwrap()).unwrap();
}

/// Puts a link to a file outside into the place of a session's file.
fn link(dir: &Path, name: &str, to: &Path) {
    // What was not there needs no removal.
    drop(fs::remove_file(dir.join(name)));
    std::os::unix::fs::symlink(to, dir.join(name)).unwrap();
}

fn pipe(dir: &Path, name: &str) {
    drop(fs::remove_file(dir.join(name)));
    assert!(std::process::Command::new("mkfifo").arg(dir.join(name)).status().unwrap().success());
}

#[test]
fn a_hostile_session_is_refused_and_nothing_outside_of_it_is_touched() {
    let test = "a_hostile_session_is_refused_and_nothing_outside_of_it_is_touched";
    let Some(home) = Home::with_models(test) else { return };
    let (_, good) = home.record(0, &["--pace=max", "--no-transcribe", "--source=A=synth:silence,secs=1"]);
    let outside = home.write("outside", "not yours");
    type Change<'a> = Box<dyn Fn(&Path) + 'a>;
    let take = |key: &'static str, value: serde_json::Value| -> Change<'_> {
        Box::new(move |dir| edit(dir, |manifest| manifest["takes"][0][key] = value.clone()))
    };
    let changes: Vec<(&str, Change<'_>, &str)> = vec![
        ("journal-link", Box::new(|dir| link(dir, "events.jsonl", &outside)), "symbolic link"),
        ("transcript-link", Box::new(|dir| link(dir, "transcript.jsonl", &outside)), "symbolic link"),
        ("lock-link", Box::new(|dir| link(dir, ".lock", &outside)), "can't lock"),
        ("track-link", Box::new(|dir| link(dir, "tracks/a.wav", &outside)), "symbolic link"),
        ("journal-pipe", Box::new(|dir| pipe(dir, "events.jsonl")), "not a regular file"),
        ("transcript-pipe", Box::new(|dir| pipe(dir, "transcript.jsonl")), "not a regular file"),
        ("lock-pipe", Box::new(|dir| pipe(dir, ".lock")), "can't lock"),
        ("track-pipe", Box::new(|dir| pipe(dir, "tracks/a.wav")), "tracks/a.wav"),
        ("track-gone", Box::new(|dir| fs::remove_file(dir.join("tracks/a.wav")).unwrap()), "tracks/a.wav"),
        ("way-out", take("file", "../outside".into()), "outside the session"),
        ("absolute", take("file", "/etc/passwd".into()), "outside the session"),
        ("no-channels", take("channels", 0.into()), "0 channel(s)"),
        ("channels", take("channels", 65_535.into()), "65535 channel(s)"),
        ("slow", take("rate", 1.into()), "1 Hz"),
        ("fast", take("rate", 4_294_967_295_u32.into()), "4294967295 Hz"),
        ("no-rate", take("rate", 0.into()), "impossible rate"),
        ("newer", Box::new(|dir| edit(dir, |manifest| manifest["format"] = 99.into())), "format 99"),
        ("junk", Box::new(|dir| fs::write(dir.join("session.json"), "{").unwrap()), "session.json"),
    ];
    for (name, change, part) in changes {
        let dir = home.path("hostile").join(name);
        copy::folder(&good.dir, &dir);
        change(&dir);
        let ran = home.run(["transcribe", dir.to_str().unwrap(), TINY]);
        ran.expect(1);
        assert!(ran.err.contains(part), "{name}: no {part:?} in\n{}", ran.err);
        assert_eq!(fs::read_to_string(&outside).unwrap(), "not yours", "{name}");
    }
    // Odd, but nothing that stands in the way of the text.
    for (name, change) in [
        (
            "no-journal",
            Box::new(|dir: &Path| fs::remove_file(dir.join("events.jsonl")).unwrap()) as Change<'_>,
        ),
        ("far-sound", take("data_offset", u64::MAX.into())),
        ("no-tracks", Box::new(|dir| edit(dir, |manifest| manifest["sources"] = serde_json::json!([])))),
    ] {
        let dir = home.path("hostile").join(name);
        copy::folder(&good.dir, &dir);
        change(&dir);
        home.run(["transcribe", dir.to_str().unwrap(), TINY]).expect(0);
    }
}

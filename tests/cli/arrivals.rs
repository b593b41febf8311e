//! Sound files that become a session each: given all at once, or one after the other in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use hansard::session::manifest::State;
use hansard::session::reading::Session;

use crate::support::home::{Home, Ran, shared, wait};
use crate::support::sound;

const MODEL: &str = "--model=tiny.en-q8_0";

/// A file with a second of soft noise, in which nobody speaks.
fn noise(path: &Path, seed: u64) {
    sound::pcm(path, 16_000, 1, 16, &sound::noise(seed, 16, 16_000));
}

#[test]
fn each_file_becomes_a_session_and_a_broken_one_stops_no_other() {
    let Some(home) = Home::with_models("each_file_becomes_a_session_and_a_broken_one_stops_no_other") else {
        return;
    };
    noise(&home.path("cwd/a.wav"), 1);
    noise(&home.path("cwd/b.wav"), 2);
    home.write("junk.wav", "this is no sound");
    let each = |files: &[&str]| home.run(["transcribe", "--each", MODEL, "--json"].iter().chain(files));
    let ran = each(&["a.wav", "junk.wav", "none.wav", "b.wav"]);
    let lines = ran.expect(2).lines();
    let exits: Vec<_> =
        lines[..4].iter().map(|line| (line["file"].as_str().unwrap(), line["exit"].as_u64())).collect();
    assert_eq!(exits, [("a.wav", Some(0)), ("junk.wav", Some(1)), ("none.wav", Some(1)), ("b.wav", Some(0))]);
    let all = &lines[4];
    assert_eq!((all["done"].as_u64(), all["exit"].as_u64()), (Some(2), Some(2)), "{all}");
    assert_eq!(all["failed"].as_array().unwrap().len(), 2, "{all}");
    assert!(ran.err.contains("2 files have become minutes; 2 failed"), "{}", ran.err);
    let mut titles: Vec<String> =
        home.sessions().iter().map(|dir| Session::open(dir).unwrap().manifest.title).collect();
    titles.sort();
    assert_eq!(titles, ["a", "b"]);
    // None of them: wrong input, as for a single one.
    each(&["junk.wav", "none.wav"]).expect(1);
    each(&["--out=elsewhere", "a.wav"]).expect(0);
    assert_eq!(fs::read_dir(home.path("cwd/elsewhere")).unwrap().count(), 1);
    home.refuses(&["transcribe", "--each", "--title=T", "a.wav", "b.wav"], &["--title"]);
    home.refuses(&["transcribe", "--each", MODEL, "--language=a=en", "a.wav"], &["names one source"]);
}

/// A home with a folder to watch.
fn watched(test: &str) -> Option<(Home, PathBuf)> {
    let home = Home::with_models(test)?;
    let folder = home.path("in");
    fs::create_dir(&folder).unwrap();
    Some((home, folder))
}

fn once(home: &Home, folder: &Path) -> Ran {
    home.run(["watch-folder", "--once", "--every=0.2", MODEL, folder.to_str().unwrap()])
}

#[test]
fn what_arrives_in_a_folder_is_done_once() {
    let Some((home, folder)) = watched("what_arrives_in_a_folder_is_done_once") else { return };
    noise(&folder.join("a.wav"), 1);
    fs::write(folder.join("notes.txt"), "no sound").unwrap();
    fs::write(folder.join("junk.wav"), "no sound either").unwrap();
    noise(&home.path("cwd/part.wav"), 3);
    fs::rename(home.path("cwd/part.wav"), folder.join("b.wav.part")).unwrap();
    let sessions = || home.sessions().iter().filter(|path| path.is_dir()).count();
    let ran = once(&home, &folder);
    ran.expect(2);
    assert!(ran.err.contains("notes.txt is no sound file: passed over"), "{}", ran.err);
    assert!(ran.err.contains("1 file has become minutes; 1 failed"), "{}", ran.err);
    assert_eq!(sessions(), 1);
    // A restart does nothing again, and does not forget what failed.
    let ran = once(&home, &folder);
    ran.expect(0);
    assert!(ran.err.contains("failed before, and has not changed since: junk.wav"), "{}", ran.err);
    assert!(!ran.err.contains("notes.txt"), "{}", ran.err);
    assert_eq!(sessions(), 1);
    // The same content by another name, and one that was mended; a download that is over.
    fs::copy(folder.join("a.wav"), folder.join("copy.wav")).unwrap();
    noise(&folder.join("junk.wav"), 2);
    fs::rename(folder.join("b.wav.part"), folder.join("b.wav")).unwrap();
    let ran = once(&home, &folder);
    ran.expect(0);
    assert!(ran.err.contains("copy.wav holds the same as a.wav"), "{}", ran.err);
    assert_eq!(sessions(), 3);
    // Not where the sessions themselves lie; not without a model.
    home.refuses(
        &["watch-folder", "--once", MODEL, home.recordings().to_str().unwrap()],
        &["where the recordings lie"],
    );
    Home::new().refuses(&["watch-folder", "--once", folder.to_str().unwrap()], &["no speech model"]);
}

#[test]
fn a_killed_watcher_does_the_half_done_file_again_and_the_others_not() {
    let test = "a_killed_watcher_does_the_half_done_file_again_and_the_others_not";
    let (Some((home, folder)), Some(speech)) = (watched(test), shared("speech/jfk", test)) else { return };
    let arguments = ["watch-folder", "--every=0.2", MODEL, folder.to_str().unwrap()];
    let mut running = home.start(arguments);
    running.says("watching");
    // It comes in two parts, as a slow copy does.
    let whole = fs::read(speech.join("jfk.wav")).unwrap();
    fs::write(folder.join("jfk.wav"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.join("jfk.wav"), &whole).unwrap();
    running.says("recording into");
    assert_eq!(home.run(arguments).expect(1).out, "", "one watches");
    running.signal("KILL");
    assert_eq!(running.end().signal, Some(9));
    let sessions = || -> Vec<PathBuf> { home.sessions().into_iter().filter(|path| path.is_dir()).collect() };
    let running = home.start(arguments);
    wait("it is done", || {
        let done = |dir: &PathBuf| Session::open(dir).is_ok_and(|session| !session.utterances.is_empty());
        sessions().iter().any(done) && sessions().iter().any(|dir| dir.join("minutes.md").is_file())
    });
    running.signal("INT");
    let ran = running.end();
    ran.expect(0);
    assert!(ran.err.contains("no longer watching"), "{}", ran.err);
    let [dir] = &sessions()[..] else { panic!("{:?}\n{}", sessions(), ran.err) };
    let session = Session::open(dir).unwrap();
    assert_eq!(session.manifest.state, State::Closed);
    assert!((10.9..11.1).contains(&session.manifest.duration), "{}", session.manifest.duration);
    once(&home, &folder).expect(0);
    assert_eq!(sessions().len(), 1);
}

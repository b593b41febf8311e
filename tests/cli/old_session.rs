//! A session that was recorded and corrected by version 0.1.0, before lines had their ids from the onset of
//! their speech: it is read, verified, exported, corrected and transcribed again as it was then.
//!
//! `tests/fixtures/old-session` holds it, and in `golden` what is shown and exported of it. Its words, times
//! and ids are those of that version; what formats say beside them may have changed since. There is an echo,
//! a line without evidence, a line that a person corrected, another name, a hidden passage, a mark.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hansard::base::units::Frames;
use hansard::base::utterance::{Utterance, id};
use hansard::care::offline::{OfflineSink, Past};
use hansard::clock::SystemClock;
use hansard::live::SessionSink as _;
use hansard::session::disk::SystemDisk;
use hansard::session::reading::Session;

use crate::support::copy;
use crate::support::home::Home;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/old-session")
}

/// The session as it was, in a folder of its own.
fn old_session(home: &Home) -> PathBuf {
    let dir = home.path("old-session");
    copy::folder(&fixture(), &dir);
    fs::remove_dir_all(dir.join("golden")).unwrap();
    dir
}

fn golden(name: &str) -> String {
    fs::read_to_string(fixture().join("golden").join(name)).unwrap()
}

fn line<'a>(session: &'a Session, id: &str) -> &'a Utterance {
    session.utterances.iter().find(|line| line.id == id).unwrap()
}

#[test]
fn an_old_session_is_shown_and_exported_as_before() {
    let home = Home::new();
    let dir = old_session(&home);
    let path = dir.to_str().unwrap();
    home.run(["verify", path]).expect(0);
    let shown = home.run(["show", path, "--json", "--withheld", "--history"]);
    shown.expect(0);
    assert_eq!(shown.out.replace(path, "old-session"), golden("show.json"));
    for format in ["md", "txt", "srt", "vtt", "json", "jsonl", "csv", "rttm", "ctm", "stm", "labels"] {
        let exported = home.run(["export", path, "--format", format, "--output", "-"]);
        exported.expect(0);
        let version = format!("Hansard {}", env!("CARGO_PKG_VERSION"));
        let text = exported.out.replace(&version, "Hansard 0.1.0");
        assert_eq!(text, golden(&format!("export.{format}")), "{format}");
    }
}

#[test]
fn an_old_session_is_corrected_and_transcribed_again_as_before() {
    let home = Home::new();
    let dir = old_session(&home);
    let path = dir.to_str().unwrap();
    home.run(["edit", path, "line", "ann-1-400", "We meet at noon."]).expect(0);
    home.run(["edit", path, "restore", "bob-1-480"]).expect(0);
    home.run(["edit", path, "withhold", "bob-1-480"]).expect(0);
    let session = Session::open(&dir).unwrap();
    let (meet, echo) = (line(&session, "ann-1-400"), line(&session, "bob-1-480"));
    assert_eq!((meet.rev, meet.text.as_str()), (1, "We meet at noon."));
    assert_eq!((echo.rev, echo.withheld.as_deref(), &*echo.speaker), (3, Some("by hand"), "Robert"));

    // It is transcribed again: lines have other ids now, and get the old ones by their place.
    let past = Past::read(&dir).unwrap();
    let sink = OfflineSink::open(&SystemDisk, Arc::new(SystemClock), &session, past, false).unwrap();
    let again = |track: &str, from: u64, to: u64, text: &str| {
        let (from_frame, to_frame) = (Frames(from), Frames(to));
        let (start, end) = (from as f64 / 4000.0, to as f64 / 4000.0);
        let (id, text) = (id(track, 1, from_frame), text.to_owned());
        let (track, speaker) = (track.to_owned(), track.to_owned());
        let found = Utterance {
            id,
            track,
            speaker,
            take: 1,
            from_frame,
            to_frame,
            start,
            end,
            text,
            is_final: true,
            ..Utterance::default()
        };
        let found = sink.identify(found);
        sink.write_utterance(found.clone());
        found.id
    };
    assert_eq!(again("ann", 9_560, 15_480, "The code is forty two, please."), "ann-1-8800");
    assert_eq!(again("bob", 6_400, 9_000, "No, attend."), "bob-1-6400", "a person's line keeps its id");
    sink.replace_rest();
    sink.finish().unwrap();
    let session = Session::open(&dir).unwrap();
    let code = line(&session, "ann-1-8800");
    assert_eq!(code.rev, 1);
    let ten = line(&session, "bob-1-5600");
    assert_eq!((ten.rev, ten.text.as_str(), ten.is_shown()), (1, "No, at ten.", true));
    assert_eq!(line(&session, "bob-1-6400").withheld.as_deref(), Some("edited"));
    assert_eq!(line(&session, "bob-1-9200").withheld.as_deref(), Some("replaced"));
    assert_eq!(line(&session, "ann-1-400").text, "We meet at noon.");
    home.run(["verify", path]).expect(0);

    // What was found is what a continuation goes on after; people's lines are not.
    let past = Past::read(&dir).unwrap();
    let mut current: Vec<&str> = past.current(&session).map(|line| line.id.as_str()).collect();
    current.dedup();
    assert_eq!(current, ["ann-1-8800", "bob-1-6400"]);
}

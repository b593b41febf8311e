//! Marks: of a session that is over; their kinds, their places, what is refused.

use hansard::session::lock::SessionLock;
use hansard::session::mark::MarkKind;

use crate::support::home::Home;

/// A finished session of two seconds.
fn finished(home: &Home) -> std::path::PathBuf {
    let (_, session) =
        home.record(0, &["--source=Alice=synth:tone", "--for=2s", "--pace=max", "--no-transcribe"]);
    session.dir
}

#[test]
fn a_finished_session_is_marked_and_its_tracks_stay_what_they_are() {
    let home = Home::new();
    let dir = finished(&home);
    for args in [
        &["Decision: the <b>budget</b> holds", "--at=00:00:01.5"][..],
        &["Bob calls \u{1b}[31mthe landlord", "--kind=action", "--at", "0"],
        &["why?", "--kind", "question", "--at", "1s"],
    ] {
        home.run([&["mark", "--session=last"], args].concat()).expect(0);
    }
    let ran = home.run(["mark", "just so", "--at=2", "--session", dir.to_str().unwrap(), "--json"]);
    assert_eq!(
        ran.expect(0).json(),
        serde_json::json!({"id": "mark-4", "at": 2.0, "kind": "note", "text": "just so"})
    );
    let session = hansard::session::reading::Session::open(&dir).unwrap();
    let marks: Vec<_> =
        session.marks().iter().map(|m| (m.id.as_str(), m.at, m.kind, m.text.as_str())).collect();
    use MarkKind::{Action, Decision, Note, Question};
    assert_eq!(
        marks,
        [
            ("mark-2", 0.0, Action, "Bob calls [31mthe landlord"),
            ("mark-3", 1.0, Question, "why?"),
            ("mark-1", 1.5, Decision, "the <b>budget</b> holds"),
            ("mark-4", 2.0, Note, "just so"),
        ]
    );
    let shown = home.run(["show", "last"]);
    assert!(
        shown.expect(0).out.contains("  00:01 Decision: the <b>budget</b> holds [mark-1]\n"),
        "{}",
        shown.out
    );
    assert_eq!(home.run(["show", "last", "--json"]).json()["marks"].as_array().unwrap().len(), 4);
    home.run(["verify", "last"]).expect(0);
}

#[test]
fn a_mark_that_has_no_place_is_refused() {
    let home = Home::new();
    let dir = finished(&home);
    let journal = || std::fs::read(dir.join("events.jsonl")).unwrap();
    let before = journal();
    home.refuses(&["mark", "x", "--session=last"], &["--at 12:30"]);
    home.refuses(&["mark", "x", "--session=last", "--at=00:00:04"], &["ends at 0:00:02"]);
    home.refuses(&["mark", "Decision: ", "--session=last", "--at=1"], &["needs words"]);
    home.refuses(&["mark", "x", "--session=nothing-of-that-name", "--at=1"], &["no session"]);
    home.refuses(&["mark", "x", "--session=last", "--at=1:75"], &["00:12:30"]);
    let lock = SessionLock::take(&dir).unwrap();
    home.refuses(&["mark", "x", "--session=last", "--at=1"], &["in use"]);
    drop(lock);
    assert_eq!(journal(), before, "nothing was appended");
}

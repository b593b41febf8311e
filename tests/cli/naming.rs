//! How sessions and moments are named: everywhere the same, by what people see.

use crate::support::home::Home;

fn three() -> (Home, Vec<String>) {
    let home = Home::new();
    let ids = ["Budget", "Weekly sync", "Weekly review"].map(|title| {
        let title = format!("--title={title}");
        let args = [title.as_str(), "--pace=max", "--no-transcribe", "--source=Ann=synth:tone,secs=2"];
        home.record(0, &args).1.manifest.id
    });
    (home, ids.to_vec())
}

#[test]
fn a_session_goes_by_any_name_that_only_it_has() {
    let (home, ids) = three();
    let list = home.run(["list"]).expect(0).out.clone();
    assert!(list.starts_with("  3  ") && list.contains("\n  1  "), "{list}");
    let listed = home.run(["list", "--json"]).expect(0).json();
    assert_eq!((&listed[0]["number"], &listed[2]["number"]), (&3.into(), &1.into()));
    for (name, wanted) in [
        ("last", 2),
        ("last~0", 2),
        ("last~1", 1),
        ("last~2", 0),
        ("1", 2),
        ("3", 0),
        ("budget", 0),
        ("REVIEW", 2),
        ("weekly-s", 1),
        ("Weekly sync", 1),
        (ids[1].as_str(), 1),
    ] {
        let shown = home.run(["show", name, "--json"]).expect(0).json();
        assert_eq!(shown["id"], ids[wanted].as_str(), "{name}");
    }
    // A title that came later is a name as well.
    home.run(["edit", "3", "title", "Finance"]).expect(0);
    assert_eq!(home.run(["verify", "finance", "--json"]).expect(0).json()["id"], ids[0].as_str());
    home.refuses(&["show", "weekly"], &["several sessions", &ids[1], &ids[2], "number"]);
    home.refuses(&["show", "last~3"], &["there are 3 sessions"]);
    // A number is never looked for in the digits of an id.
    for number in 4..10 {
        home.refuses(&["show", &number.to_string()], &[&format!("no session \"{number}\"")]);
    }
    home.refuses(&["export", "weakly"], &["no session", "hansard list"]);
    // A path stays a path, also of one that is called as a part of others.
    std::fs::create_dir(home.path("cwd/weekly")).unwrap();
    home.refuses(&["show", "./weekly"], &["not a session"]);
}

#[test]
fn times_are_written_as_they_are_shown() {
    let (home, _) = three();
    let marked = home.run(["mark", "here", "--session=last", "--at=0:01"]).expect(0).out.clone();
    assert!(marked.contains("0:00:01"), "{marked}");
    let hidden = home.run(["edit", "last", "hide", "--from=0:00:01", "--to=00:01.5"]).expect(0).out.clone();
    assert!(hidden.contains("0:00:01 to 0:00:01 is hidden"), "{hidden}");
    home.run(["export", "last", "--from=0:00", "--to=00:02", "--output=-"]).expect(0);
    home.refuses(&["mark", "x", "--session=last", "--at=12:30"], &["ends at 0:00:02"]);
    home.refuses(&["mark", "x", "--session=last", "--at=1:75"], &["00:12:30"]);
    // How long is another question: there 12:30 might be hours and minutes.
    home.refuses(&["record", "--for=12:30", "--source=A=synth:tone"], &["two things"]);
}

#[test]
fn show_begins_with_what_was_said() {
    let (home, _) = three();
    let shown = home.run(["show", "last"]).expect(0).out.clone();
    assert!(shown.starts_with("Weekly review\n") && shown.contains("has not been made"), "{shown}");
    assert!(!shown.contains("synth:") && !shown.contains("frames"), "{shown}");
    let details = home.run(["show", "last", "--details"]).expect(0).out.clone();
    assert!(details.contains("asked for as synth:") && details.contains("frames expected"), "{details}");
}

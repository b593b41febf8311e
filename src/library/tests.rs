use std::fs;

use super::*;
use crate::base::cause::SourceKind;
use crate::base::units::SessionNs;
use crate::base::utterance::{Edited, Utterance, Word};
use crate::session::journal::{Event, Line};
use crate::session::manifest::{FORMAT, Manifest, SourceEntry, Start, State};

/// A folder of recordings and one for the index.
struct Room {
    dir: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("recordings")).unwrap();
        Self { dir }
    }

    fn recordings(&self) -> PathBuf {
        self.dir.path().join("recordings")
    }

    fn cache(&self) -> PathBuf {
        self.dir.path().join("cache/hansard")
    }

    /// A session of that day, a line each of speaker and text.
    fn session(&self, folder: &str, day: &str, lines: &[(&str, &str)]) -> PathBuf {
        self.session_in(folder, day, lines, State::Closed)
    }

    fn session_in(&self, folder: &str, day: &str, lines: &[(&str, &str)], state: State) -> PathBuf {
        let dir = self.recordings().join(folder);
        fs::create_dir(&dir).unwrap();
        let source = |track: &str| SourceEntry {
            track: track.to_lowercase(),
            name: track.into(),
            kind: SourceKind::Mic,
            spec: "mic".into(),
            device: None,
            device_name: None,
            channel: None,
            language: None,
            speakers: None,
        };
        let manifest = Manifest {
            format: FORMAT,
            id: folder.into(),
            title: format!("Title of {folder}"),
            start: Start {
                utc: format!("{day}T09:30:00Z").parse().unwrap(),
                zone: None,
                offset: "+00:00".into(),
                clock_known: true,
                made: None,
            },
            state,
            duration: 3600.0,
            sources: vec![source("Ann"), source("Bob")],
            takes: vec![],
            account: vec![],
        };
        fs::write(dir.join("session.json"), serde_json::to_vec(&manifest).unwrap()).unwrap();
        let text: String = lines.iter().enumerate().map(|(n, line)| self.line(n, 0, *line)).collect();
        fs::write(dir.join("transcript.jsonl"), text).unwrap();
        fs::write(dir.join("events.jsonl"), "").unwrap();
        dir
    }

    fn line(&self, n: usize, rev: u32, (speaker, text): (&str, &str)) -> String {
        let start = n as f64 * 10.0;
        let words = text.split_whitespace().enumerate().map(|(at, word)| Word {
            text: word.into(),
            start: start + at as f64 * 0.5,
            end: start + at as f64 * 0.5 + 0.4,
            p: 0.9,
        });
        let utterance = Utterance {
            id: format!("{}-1-{n}", speaker.to_lowercase()),
            rev,
            track: speaker.to_lowercase(),
            speaker: speaker.into(),
            take: 1,
            start,
            end: start + 9.0,
            text: text.into(),
            words: words.collect(),
            is_final: true,
            edited: (rev > 0).then_some(Edited { utc: jiff::Timestamp::UNIX_EPOCH, journal: 0 }),
            ..Utterance::default()
        };
        serde_json::to_string(&utterance).unwrap() + "\n"
    }

    fn event(&self, dir: &Path, seq: u64, event: Event) {
        let utc = jiff::Timestamp::UNIX_EPOCH;
        let line = Line { seq, session_ns: SessionNs(0), utc, event };
        add(&dir.join("events.jsonl"), &(serde_json::to_string(&line).unwrap() + "\n"));
    }

    fn ask(&self, query: &Query) -> Answer {
        search(&self.recordings(), Some(&self.cache()), query, &mut |_| {}).unwrap()
    }

    /// Texts with their marks, as the index finds them; reading without one finds the same.
    fn texts(&self, query: &Query) -> Vec<String> {
        let answer = self.ask(query);
        assert_eq!(answer.without_index, None);
        let read = search(&self.recordings(), None, query, &mut |_| {}).unwrap();
        assert!(read.without_index.is_some());
        assert_eq!((&answer.hits, answer.more), (&read.hits, read.more));
        let counts = |answer: &Answer| (answer.sessions, answer.without_text, answer.passed.clone());
        assert_eq!(counts(&answer), counts(&read));
        answer.hits.into_iter().map(|hit| hit.text).collect()
    }

    fn finds(&self, words: &str) -> Vec<String> {
        self.texts(&Query::of_text(words).unwrap())
    }

    /// Whether a word stands in any file of the cache.
    fn is_left(&self, word: &str) -> bool {
        let files: Vec<_> = fs::read_dir(self.cache()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files
            .iter()
            .any(|file| fs::read(file).unwrap().windows(word.len()).any(|window| window == word.as_bytes()))
    }
}

fn add(path: &Path, text: &str) {
    let old = fs::read_to_string(path).unwrap();
    fs::write(path, old + text).unwrap();
}

#[test]
fn what_is_said_is_found_with_who_and_when() {
    let room = Room::new();
    room.session("a", "2026-03-14", &[("Ann", "We cut the budget."), ("Bob", "Which Budget? Näh.")]);
    room.session(
        "b",
        "2026-05-01",
        &[("Bob", "今日の会議は東京で"), ("Ann", "budgets grow"), ("Bob", "ประชุม")],
    );
    let of = |text: &str| Query::of_text(text).unwrap();
    assert_eq!(room.finds("budget"), ["Which Budget? Näh.", "We cut the budget."], "the newest first");
    assert_eq!(room.finds("budget*").len(), 3);
    assert_eq!(room.finds("\"the budget\""), ["We cut the budget."]);
    assert_eq!(room.finds("nah"), ["Which Budget? Näh."]);
    for part in ["会", "会議", "東京", "の会議は"] {
        assert_eq!(room.finds(part), ["今日の会議は東京で"], "{part}");
    }
    assert_eq!(room.finds("ชุ"), ["ประชุม"]);
    assert_eq!(room.finds("nothing of it"), [""; 0]);
    assert_eq!(room.texts(&of("budget").by_speaker("bo").unwrap()), ["Which Budget? Näh."]);
    let day = |text: &str| Some(text.parse().unwrap());
    assert_eq!(room.texts(&Query { from: day("2026-03-15"), ..of("budget*") }), ["budgets grow"]);
    assert_eq!(room.texts(&Query { to: day("2026-03-14"), ..of("budget*") }).len(), 2);
    assert_eq!(room.texts(&Query { session: Some("b".into()), ..of("budget*") }), ["budgets grow"]);
    let few = Query { limit: 1, ..of("budget") };
    assert_eq!(room.texts(&few), ["Which Budget? Näh."]);
    assert!(room.ask(&few).more);
    let hit = &room.ask(&of("cut")).hits[0];
    assert_eq!((hit.session.as_str(), hit.id.as_str(), hit.title.as_str()), ("a", "ann-1-0", "Title of a"));
    assert_eq!((hit.at.as_str(), &hit.marks[..]), ("2026-03-14T09:30:00+00:00", &[(3, 6)][..]));
    assert_eq!(hit.speaker.as_deref(), Some("Ann"));
}

#[test]
fn the_best_line_says_it_shortest_whatever_its_month() {
    let room = Room::new();
    for month in 1..=4 {
        let long = format!("budget and {}", "many more words ".repeat(month));
        let lines = [("Ann", long.as_str()), ("Bob", "nothing here"), ("Bob", "nor here")];
        room.session(&format!("s{month}"), &format!("2026-0{month}-10"), &lines);
    }
    room.session("short", "2025-06-01", &[("Ann", "Budget, budget!"), ("Bob", "else"), ("Bob", "other")]);
    let query = Query { sort: Sort::Best, limit: 2, ..Query::of_text("budget").unwrap() };
    let found: Vec<String> = room.ask(&query).hits.into_iter().map(|hit| hit.folder).collect();
    assert_eq!(found, ["short", "s1"]);
}

#[test]
fn an_edit_a_hiding_a_mark_a_name_and_a_removal_are_seen_by_the_next_search() {
    let room = Room::new();
    let a = room.session("a", "2026-03-14", &[("Ann", "the budget is red"), ("Bob", "secret things")]);
    room.session("b", "2026-03-15", &[("Ann", "the budget again")]);
    assert_eq!(room.finds("budget").len(), 2);
    // A correction of the same length, with the file's time set back.
    let path = a.join("transcript.jsonl");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let text = fs::read_to_string(&path).unwrap().replace("red", "old");
    fs::write(&path, text).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    assert_eq!(room.finds("red"), [""; 0]);
    assert_eq!(room.finds("old"), ["the budget is old"]);
    // A revision.
    add(&path, &room.line(0, 1, ("Ann", "the money is old")));
    assert_eq!(room.finds("budget"), ["the budget again"]);
    // A mark, and it alone.
    let mark = |withdrawn| Event::Mark {
        id: "mark-1".into(),
        at: 5.0,
        mark: MarkKind::Decision,
        text: "more budget".into(),
        withdrawn,
    };
    room.event(&a, 0, mark(false));
    let marks = Query { kind: Some(Kind::Mark), ..Query::of_text("budget").unwrap() };
    assert_eq!(room.texts(&marks), ["more budget"]);
    assert_eq!(room.texts(&Query { kind: Some(Kind::Line), ..marks.clone() }), ["the budget again"]);
    room.event(&a, 1, mark(true));
    assert_eq!(room.texts(&marks), [""; 0]);
    // A passage is hidden, and shown again.
    let hidden = |shown| Event::Hidden { id: "hide-1".into(), from: 9.0, to: 20.0, shown };
    assert_eq!(room.finds("secret").len(), 1);
    room.event(&a, 2, hidden(false));
    assert_eq!(room.finds("secret"), [""; 0]);
    room.event(&a, 3, hidden(true));
    assert_eq!(room.finds("secret"), ["secret things"]);
    // A name.
    room.event(&a, 4, Event::Renamed { from: "Bob".into(), to: "Zoë".into() });
    let by = |name: &str| Query::of_text("secret").unwrap().by_speaker(name).unwrap();
    assert_eq!((room.texts(&by("bob")).len(), room.texts(&by("zoe")).len()), (0, 1));
    fs::remove_dir_all(&a).unwrap();
    assert_eq!(room.finds("secret"), [""; 0]);
    assert_eq!(room.finds("budget"), ["the budget again"]);
}

#[test]
fn a_summary_is_found_if_it_is_asked_for_and_goes_with_what_it_rests_on() {
    let room = Room::new();
    let said = [("Ann", "the rent is kqhigh"), ("Bob", "we move in May"), ("Ann", "not with me")];
    let a = room.session("a", "2026-03-14", &said);
    let b = room.session("b", "2026-03-15", &[("Ann", "the rent again")]);
    let item = |kind, text: &str, quote: &str, line: &str| summary::Item {
        kind,
        text: text.into(),
        owner: None,
        due: None,
        quote: quote.into(),
        lines: vec![line.into()],
    };
    let out = item(summary::Kind::Topic, "The zqcellar rent.", "rent", "ann-1-0");
    let items = vec![
        item(summary::Kind::Topic, "The rent, which vqxis high.", "rent is", "ann-1-0"),
        item(summary::Kind::Decision, "They move in May.", "move in May", "bob-1-1"),
        item(summary::Kind::Topic, "They move.", "we move", "bob-1-1"),
    ];
    let write = |items: Vec<summary::Item>| {
        let session = crate::session::reading::Session::open(&a).unwrap();
        let summary = summary::Summary {
            lines: session.utterances.iter().map(summary::cite).collect(),
            items,
            left_out: vec![summary::LeftOut { item: out.clone(), reason: "x".into(), reason_kind: None }],
            ..summary::Summary::default()
        };
        summary.write(&crate::session::disk::SystemDisk, &a).unwrap();
    };
    let of = |words: &str| Query { kind: Some(Kind::Summary), ..Query::of_text(words).unwrap() };
    let rent = ["The rent, which vqxis high."];
    assert_eq!((room.texts(&of("rent")).len(), room.finds("rent").len()), (0, 2));
    write(items.clone());
    assert_eq!(room.texts(&of("rent")), rent, "neither what was said nor what was left out");
    assert_eq!(room.finds("rent").len(), 2, "what people said, and nothing else");
    assert_eq!(room.texts(&of("move")).len(), 2, "two that lead to one line");
    let query = Query { sort: Sort::Best, ..of("may") };
    let hit = &room.ask(&query).hits[0];
    assert_eq!((hit.id.as_str(), hit.start, hit.summary), ("bob-1-1", 10.0, Some(summary::Kind::Decision)));
    assert_eq!((hit.speaker.as_deref(), hit.mark), (None, None));
    assert_eq!(room.texts(&of("may").by_speaker("bob").unwrap()), [""; 0], "Bob has not said it");
    // A line that it does not rest on changes nothing; one that it rests on takes it along, for good.
    add(&a.join("transcript.jsonl"), &room.line(2, 1, ("Ann", "but not with me")));
    assert_eq!(room.texts(&of("rent")), rent);
    assert!(room.is_left("vqxis"), "this test could not fail");
    add(&a.join("transcript.jsonl"), &room.line(0, 1, ("Ann", "the rent is jqlow")));
    assert_eq!((room.texts(&of("rent")).len(), room.texts(&of("move")).len()), (0, 2));
    assert!(!room.is_left("vqxis") && !room.is_left("kqhigh"));
    room.event(&a, 0, Event::Hidden { id: "hide-1".into(), from: 9.0, to: 20.0, shown: false });
    assert_eq!(room.texts(&of("move")), [""; 0]);
    room.event(&a, 1, Event::Hidden { id: "hide-1".into(), from: 9.0, to: 20.0, shown: true });
    // Another one, a broken one, none.
    write(items[2..].to_vec());
    assert_eq!(room.texts(&of("move")), ["They move."]);
    fs::write(b.join("summary.json"), "{").unwrap();
    assert_eq!(room.finds("rent").len(), 2, "what was said is searched all the same");
    fs::remove_file(a.join("summary.json")).unwrap();
    assert_eq!(room.texts(&of("move")), [""; 0]);
}

#[test]
fn a_session_that_is_recorded_is_searched_as_it_grows() {
    let room = Room::new();
    let dir = room.session_in("a", "2026-03-14", &[("Ann", "the first line")], State::Recording);
    assert_eq!(room.finds("line"), ["the first line"]);
    add(&dir.join("transcript.jsonl"), &room.line(1, 0, ("Bob", "the second line")));
    assert_eq!(room.finds("line"), ["the second line", "the first line"]);
    let manifest = fs::read_to_string(dir.join("session.json")).unwrap().replace("recording", "closed");
    fs::write(dir.join("session.json"), manifest).unwrap();
    assert_eq!(room.finds("line").len(), 2);
}

#[test]
fn what_is_erased_is_in_no_file() {
    let room = Room::new();
    let dirs: Vec<PathBuf> = (0..40)
        .map(|n| {
            let own = format!(
                "qx{n:02}zwölfhundert and more of {}",
                "the usual words that meetings have ".repeat(9)
            );
            let lines: Vec<(&str, &str)> = (0..6).map(|_| ("Ann", own.as_str())).collect();
            room.session(&format!("s{n:02}vjk"), &format!("2026-0{}-10", 1 + n % 3), &lines)
        })
        .collect();
    let is_left = |n: usize| room.is_left(&format!("qx{n:02}zwolfhundert"));
    assert_eq!(room.finds("qx07zwolfhundert").len(), 6);
    // The index keeps only what differs from the word before: the first of all stands there whole.
    assert!(is_left(0), "this test could not fail");
    room.event(&dirs[0], 0, Event::Hidden { id: "hide-1".into(), from: 0.0, to: 100.0, shown: false });
    assert_eq!(room.finds("qx00zwolfhundert"), [""; 0]);
    assert!(!is_left(0), "hidden");
    assert!(is_left(3), "this test could not fail");
    let text: String = (0..6).map(|n| room.line(n, 1, ("Ann", "something else"))).collect();
    add(&dirs[3].join("transcript.jsonl"), &text);
    assert_eq!(room.finds("qx03zwolfhundert"), [""; 0]);
    assert!(!is_left(3), "edited away");
    // A folder's name has words too.
    assert!(is_left(6) && room.is_left("s06vjk"), "this test could not fail");
    fs::remove_dir_all(&dirs[6]).unwrap();
    assert_eq!(room.finds("qx06zwolfhundert"), [""; 0]);
    assert!(!is_left(6) && !room.is_left("s06vjk"), "removed");
    // All others are found as before.
    assert_eq!(room.finds("qx09zwolfhundert").len(), 6);
    assert!(is_left(9), "this test could not fail");
    forget(&room.recordings(), Some(&room.cache()), &[dirs[9].clone()]).unwrap();
    assert!(!is_left(9) && !room.is_left("s09vjk"), "forgotten at once");
    assert_eq!(room.finds("qx12zwolfhundert").len(), 6);
}

#[test]
fn an_index_that_is_not_as_it_was_left_is_made_anew() {
    let room = Room::new();
    room.session("a", "2026-03-14", &[("Ann", "the budget is red")]);
    assert_eq!(room.finds("budget").len(), 1);
    let (index, lock) = (room.cache().join("search-v1.sqlite"), room.cache().join("search-v1.lock"));
    let whole = fs::read(&index).unwrap();
    let mut middle = whole.clone();
    let half = middle.len() / 2;
    middle[half..].iter_mut().step_by(3).for_each(|byte| *byte ^= 0x55);
    for junk in [middle, whole[..whole.len() / 3].to_vec(), b"junk".to_vec(), Vec::new(), vec![0; 70_000]] {
        for said in ["", "writing", "7 7 7 7"] {
            fs::write(&index, &junk).unwrap();
            fs::write(&lock, said).unwrap();
            assert_eq!(room.finds("budget"), ["the budget is red"], "{} bytes, {said}", junk.len());
        }
    }
    // A transaction that was cut off by a crash.
    fs::write(room.cache().join("search-v1.sqlite-journal"), vec![7; 5000]).unwrap();
    fs::write(&lock, "writing").unwrap();
    assert_eq!(room.finds("budget").len(), 1);
    // Other recordings.
    let other = Room::new();
    other.session("o", "2026-03-14", &[("Ann", "another budget")]);
    let query = Query::of_text("budget").unwrap();
    let answer = search(&other.recordings(), Some(&room.cache()), &query, &mut |_| {}).unwrap();
    assert_eq!((answer.hits.len(), answer.hits[0].folder.as_str()), (1, "o"));
    assert_eq!(room.finds("budget"), ["the budget is red"]);
}

#[test]
fn without_a_place_for_the_index_the_sessions_are_read() {
    let room = Room::new();
    room.session("a", "2026-03-14", &[("Ann", "the budget is red")]);
    fs::create_dir(room.dir.path().join("cache")).unwrap();
    fs::write(room.cache(), "a file").unwrap();
    let answer = room.ask(&Query::of_text("budget").unwrap());
    assert_eq!(answer.hits.len(), 1);
    assert!(answer.without_index.unwrap().contains("hansard"));
    assert_eq!(fs::read(room.cache()).unwrap(), b"a file");
}

#[test]
fn what_is_no_session_or_a_broken_one_is_named_and_stops_nothing() {
    let room = Room::new();
    room.session("a", "2026-03-14", &[("Ann", "the budget is red")]);
    let bad = room.session("bad", "2026-03-14", &[("Ann", "the budget is bad")]);
    fs::write(bad.join("transcript.jsonl"), "{junk}\n").unwrap();
    let lost = room.session("lost", "2026-03-14", &[]);
    fs::remove_file(lost.join("session.json")).unwrap();
    fs::create_dir(room.recordings().join("else")).unwrap();
    fs::write(room.recordings().join("file"), "").unwrap();
    let mut named = vec!["bad", "lost"];
    #[cfg(unix)]
    {
        let outside = Room::new();
        let dir = outside.session("outside", "2026-03-14", &[("Ann", "the budget outside")]);
        std::os::unix::fs::symlink(dir, room.recordings().join("link")).unwrap();
        named.insert(1, "link");
        assert_eq!(room.finds("budget"), ["the budget is red"]);
        let passed: Vec<String> =
            room.ask(&Query::of_text("x").unwrap()).passed.into_iter().map(|passed| passed.folder).collect();
        assert_eq!(passed, named);
    }
    // Mended.
    fs::write(bad.join("transcript.jsonl"), "").unwrap();
    assert!(!room.ask(&Query::of_text("x").unwrap()).passed.iter().any(|passed| passed.folder == "bad"));
}

#[test]
fn many_searches_at_once_find_the_same() {
    let room = Room::new();
    for n in 0..150 {
        room.session(
            &format!("s{n:03}"),
            &format!("2026-{:02}-10", 1 + n % 12),
            &[("Ann", "the budget is red")],
        );
    }
    let query = Query { limit: 1000, ..Query::of_text("budget").unwrap() };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(|| room.ask(&query))).collect();
        for one in all {
            let answer = one.join().unwrap();
            assert_eq!((answer.hits.len(), answer.without_index), (150, None));
        }
    });
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(room.cache()), 0o700);
        for entry in fs::read_dir(room.cache()).unwrap() {
            assert_eq!(mode(entry.unwrap().path()), 0o600);
        }
    }
}

#[test]
fn what_is_typed_is_never_syntax() {
    let room = Room::new();
    room.session("a", "2026-03-14", &[("Ann", "near or not and col text speaker it's 100% \"quoted\" (so)")]);
    for typed in [
        "NEAR(a b)",
        "text:budget",
        "-not",
        "^near",
        "a AND",
        "OR",
        "{text} : near",
        "'; DROP TABLE session; --",
        "near*",
        "\"",
        "\"unclosed phrase",
        "100%",
        "it's",
        "(so)",
        "col + text",
        "\u{0}near",
        "𝒳",
        "near\u{301}",
    ] {
        if let Ok(query) = Query::of_text(typed) {
            room.texts(&query);
            room.texts(&query.by_speaker("Ann\" OR text:\"x").unwrap());
        }
    }
    assert_eq!(room.finds("\"not and\" OR").len(), 1);
    let long = "near ".repeat(64);
    assert_eq!(room.finds(&long).len(), 1);
}

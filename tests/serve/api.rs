//! What is answered, and what is changed.

use serde_json::json;

use super::{LINES, Served, id, session};
use crate::support::home::Home;

#[test]
fn a_session_is_read_corrected_and_exported_as_the_verbs_do_it() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let id = id(&dir);
    let served = Served::start(&home);
    let path = |rest: &str| format!("/api/v1/sessions/{id}{rest}");
    let list = served.get("/api/v1/sessions?query=weekly%20bob").expect(200).json();
    assert_eq!((list["total"].as_u64(), list["sessions"][0]["id"].as_str()), (Some(1), Some(id.as_str())));
    assert_eq!(served.get("/api/v1/sessions?query=monthly").json()["total"], 0);
    assert_eq!(served.get("/api/v1/sessions?from=2099-01-01").json()["total"], 0);
    let one = served.get(&path("")).expect(200).json();
    assert_eq!((&one["title"], &one["speakers"]), (&json!("Weekly <b>sync</b>"), &json!(["Alice", "Bob"])));
    let text = served.get(&path("/transcript?speaker=Bob&from=5")).expect(200).json();
    assert_eq!(text["lines"].as_array().unwrap().len(), 1);
    assert_eq!(text["lines"][0]["text"], "Gareem is on his way.");
    let first = served.get(&path("/transcript?limit=3")).json();
    let rest = served.get(&path(&format!("/transcript?cursor={}", first["next"]))).json();
    assert_eq!((first["lines"].as_array().unwrap().len(), rest["lines"].as_array().unwrap().len()), (3, 1));

    // A line: the words, then who said it, then out of the minutes and back.
    let line = path("/lines/alice-1-1");
    let edited =
        served.send("POST", &line, json!({"edit": "text", "text": "We meet at nine.", "rev": 0})).expect(200);
    assert_eq!(edited.json()["lines"][0]["text"], "We meet at nine.");
    assert_ne!(edited.json()["revision"], one["revision"]);
    let stale =
        served.send("POST", &line, json!({"edit": "text", "text": "We eat at nine.", "rev": 0})).expect(409);
    assert!(stale.json()["detail"].as_str().unwrap().contains("revision 1"));
    assert_eq!(stale.json()["lines"][0]["text"], "We meet at nine.", "what stands there now");
    served.send("POST", &line, json!({"edit": "speaker", "name": "Carol"})).expect(200);
    served.send("POST", &line, json!({"edit": "withhold"})).expect(200);
    assert_eq!(served.get(&path("/transcript")).json()["lines"].as_array().unwrap().len(), 3);
    assert_eq!(served.get(&path("/transcript?withheld=true")).json()["lines"].as_array().unwrap().len(), 4);
    served.send("POST", &line, json!({"edit": "restore"})).expect(200);
    let history = served.get(&line).expect(200).json();
    assert_eq!((&history[0]["text"], history.as_array().unwrap().len()), (&json!("We meat at nine."), 5));
    served.send("POST", &path("/lines/nobody-1"), json!({"edit": "withhold"})).expect(404);

    // Names, the head, marks, a passage.
    served
        .send("POST", &path("/people"), json!({"edit": "rename", "old": "Bob", "new": "Robert"}))
        .expect(200);
    served.send("POST", &path("/people"), json!({"edit": "rename", "old": "Nobody", "new": "X"})).expect(422);
    served.send("PUT", &path("/details"), json!({"detail": "place", "lines": ["Room 5"]})).expect(200);
    served.send("PUT", &path("/details"), json!({"detail": "weather", "lines": []})).expect(400);
    let mark = served
        .send("POST", &path("/marks"), json!({"text": "Decision: nine it is", "at": 3.0}))
        .expect(200)
        .json();
    assert_eq!((&mark["kind"], &mark["text"]), (&json!("decision"), &json!("nine it is")));
    served.send("POST", &path("/marks"), json!({"text": "when?"})).expect(400);
    let hidden = served.send("POST", &path("/passages"), json!({"from": 5.9, "to": 8.0})).expect(200).json();
    let passage = hidden["events"][0]["payload"]["id"].as_str().unwrap_or("hide-1").to_owned();
    let one = served.get(&path("")).json();
    assert_eq!(one["details"]["place"], json!(["Room 5"]));
    assert_eq!(one["passages"][0]["id"], passage.as_str());

    // What people read agrees, whichever way it is asked for; what is hidden is nowhere.
    let minutes = std::fs::read_to_string(dir.join("minutes.md")).unwrap();
    for said in ["We meet at nine.", "Carol", "Robert", "Room 5", "nine it is"] {
        assert!(minutes.contains(said), "{said}: {minutes}");
    }
    assert!(!minutes.contains("on his way") && !minutes.contains("meat"), "{minutes}");
    for format in ["txt", "md", "html", "json", "srt", "vtt", "csv"] {
        let export = served.get(&path(&format!("/export/{format}"))).expect(200);
        let text = String::from_utf8_lossy(&export.body).into_owned();
        assert!(text.contains("We meet at nine.") && !text.contains("on his way"), "{format}: {text}");
        assert!(export.header("content-disposition").starts_with("attachment"), "{format}");
    }
    assert!(
        !served.get(&path("/transcript?withheld=true")).body.windows(10).any(|part| part == b"on his way")
    );
    served.get(&path("/lines/bob-1-6")).expect(404);
    served.delete(&path(&format!("/passages/{passage}"))).expect(200);
    served.delete(&path("/passages/hide-9")).expect(404);
    served.delete(&path(&format!("/marks/{}", mark["id"].as_str().unwrap()))).expect(200);
    let minutes = std::fs::read_to_string(dir.join("minutes.md")).unwrap();
    assert!(minutes.contains("on his way") && !minutes.contains("nine it is"), "{minutes}");
    home.run(["verify", "last"]).expect(0);
}

#[test]
fn sound_comes_in_ranges_that_are_pieces_of_the_whole() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let served = Served::start(&home);
    let path = |rest: &str| format!("/api/v1/sessions/{}{rest}", id(&dir));
    let whole = served.get(&path("/audio/bob")).expect(200);
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let reader = hound::WavReader::new(std::io::Cursor::new(&whole.body)).unwrap();
    assert_eq!((reader.spec().sample_rate, reader.spec().channels), (24_000, 1));
    let seconds = f64::from(reader.duration()) / 24_000.0;
    assert!((seconds - 8.0).abs() < 0.1, "{seconds}");
    let bearer = format!("Bearer {}", served.token);
    let part = |range: &str| {
        served.ask("GET", &path("/audio/bob"), &[("authorization", &bearer), ("range", range)], None)
    };
    let length = whole.body.len();
    // Over the header, at odd bytes, over blocks, at the end.
    for (from, to) in [(0, 99), (43, 46), (1_001, 1_002), (30_000, 90_001), (length - 7, length - 1)] {
        let got = part(&format!("bytes={from}-{to}")).expect(206);
        assert_eq!(got.header("content-range"), format!("bytes {from}-{to}/{length}"));
        let expected = &whole.body[from..=to];
        assert_eq!(got.body.len(), expected.len());
        let samples = |bytes: &[u8], odd: usize| -> Vec<i32> {
            bytes[odd..].chunks_exact(2).map(|two| i32::from(i16::from_le_bytes([two[0], two[1]]))).collect()
        };
        let odd = from % 2;
        let pairs = samples(&got.body, odd).into_iter().zip(samples(expected, odd));
        assert!(
            pairs.clone().all(|(a, b)| (a - b).abs() <= 2),
            "{from}-{to}: rendered from elsewhere it is another sound"
        );
    }
    assert_eq!(part("bytes=-10").expect(206).body.len(), 10);
    let beyond = part(&format!("bytes={length}-")).expect(416);
    assert_eq!(beyond.header("content-range"), format!("bytes */{length}"));
    let both = served.get(&path("/audio/alice,bob")).expect(200);
    assert_eq!(both.body.len(), length);
    assert!(both.body != whole.body);
    let peaks = served.get(&path("/peaks/bob?columns=8")).expect(200).json();
    assert!(peaks["peaks"].as_array().unwrap().iter().all(|peak| peak.as_f64().unwrap() > 0.01), "{peaks}");
    // What is hidden is neither heard nor seen.
    served.send("POST", &path("/passages"), json!({"from": 2.0, "to": 4.0})).expect(200);
    let quiet = served.get(&path("/audio/bob")).expect(200).body;
    let second = |n: usize| &quiet[44 + n * 48_000..44 + (n + 1) * 48_000];
    assert!(second(3).iter().all(|byte| *byte == 0), "hidden");
    assert!(second(6).iter().any(|byte| *byte != 0), "not hidden");
    let peaks = served.get(&path("/peaks/bob?columns=8")).json();
    assert_eq!((peaks["peaks"][3].as_f64(), peaks["peaks"][6].as_f64() > Some(0.01)), (Some(0.0), true));
}

#[test]
fn a_running_recording_is_told_of_and_steered() {
    let home = Home::new();
    let mut running =
        home.start(["record", "--no-transcribe", "--title=Live", "--source=Alice=synth:tone,secs=0"]);
    let dir = running.records(&home, 0.5);
    let served = Served::start(&home);
    let live = served.get("/api/v1/live").expect(200).json();
    assert_eq!(live[0]["session"], id(&dir).as_str());
    let at = |action: &str, body| served.send("POST", &format!("/api/v1/live/{action}"), body);
    let mark =
        served.send("POST", &format!("/api/v1/sessions/{}/marks", id(&dir)), json!({"text": "Action: call"}));
    assert_eq!(mark.expect(200).json()["kind"], "action");
    let people = format!("/api/v1/sessions/{}/people", id(&dir));
    served.send("POST", &people, json!({"edit": "rename", "old": "Alice", "new": "Alina"})).expect(200);
    assert_eq!(at("pause", json!({"session": id(&dir)})).expect(200).json()["answer"], "paused");
    assert_eq!(at("resume", json!({})).expect(200).json()["answer"], "resumed");
    let muted = at("mute", json!({"source": "Alice"})).expect(200).json();
    assert_eq!((&muted["answer"], &muted["track"]), (&json!("muted"), &json!("alice")));
    assert!(served.get("/api/v1/live").json()[0]["status"]["tracks"][0]["muted_since"].is_number());
    assert_eq!(at("unmute", json!({"source": "alice"})).expect(200).json()["answer"], "unmuted");
    at("mute", json!({"source": "Zoe"})).expect(409);
    at("mute", json!({})).expect(400);
    at("explode", json!({})).expect(404);
    at("stop", json!({"session": "nothing"})).expect(404);
    assert_eq!(at("stop", json!({})).expect(200).json()["answer"], "stopped");
    running.end().expect(0);
    at("stop", json!({})).expect(409);
    at("pause", json!({"session": id(&dir)})).expect(409);
    served.get("/api/v1/events").expect(409);
    assert!(std::fs::read_to_string(dir.join("events.jsonl")).unwrap().contains("Alina"));
}

#[test]
fn two_editors_at_once_lose_nothing() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let served = Served::start(&home);
    let ids = ["alice-1-1", "bob-1-2", "alice-1-4", "bob-1-6"];
    let real: Vec<String> = {
        let text = served.get(&format!("/api/v1/sessions/{}/transcript", id(&dir))).json();
        text["lines"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(real.len(), ids.len());
    // The page on one side, the command line on the other, a line each, all at the same time.
    std::thread::scope(|scope| {
        for (n, line) in real.iter().enumerate() {
            let (asker, home, dir) = (served.asker(), &home, &dir);
            scope.spawn(move || {
                if n % 2 == 0 {
                    let path = format!("/api/v1/sessions/{}/lines/{line}", id(dir));
                    asker
                        .send("POST", &path, json!({"edit": "text", "text": format!("edited {n}")}))
                        .expect(200);
                } else {
                    // Somebody who is told that the session is in use tries again.
                    for _ in 0..50 {
                        if home.run(["edit", "last", "line", line, &format!("edited {n}")]).code == Some(0) {
                            return;
                        }
                    }
                    panic!("always in use");
                }
            });
        }
    });
    let text = served.get(&format!("/api/v1/sessions/{}/transcript", id(&dir))).json();
    let lines: Vec<&str> =
        text["lines"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(lines, ["edited 0", "edited 1", "edited 2", "edited 3"]);
}

/// Texts of the lines that are shown.
fn texts(served: &Served, dir: &std::path::Path) -> Vec<String> {
    let text = served.get(&format!("/api/v1/sessions/{}/transcript", id(dir))).expect(200).json();
    text["lines"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn lines_are_split_joined_and_taken_back_all_or_none() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let served = Served::start(&home);
    let before = texts(&served, &dir);
    let lines = format!("/api/v1/sessions/{}/lines", id(&dir));
    let take_back = |done: &serde_json::Value| {
        served.send("POST", &lines, json!({ "edits": done["undo"] })).expect(200).json()
    };
    let words = |id: &str| {
        let all = served.get(&lines.replace("/lines", "/transcript?words=true&withheld=true")).json();
        let line = all["lines"].as_array().unwrap().iter().find(|line| line["id"] == id).unwrap().clone();
        line["words"].clone()
    };
    let (alice, gareem) = (words("alice-1-1"), words("alice-1-4"));

    // Two that are one: the words of both, each with its time; the other one goes.
    let join = json!({"edit": "join", "with": "alice-1-4", "with_rev": 0, "rev": 0});
    let joined = served.send("POST", &format!("{lines}/alice-1-1"), join.clone()).expect(200).json();
    assert_eq!(joined["lines"].as_array().unwrap().len(), 2);
    assert_eq!(texts(&served, &dir)[0], format!("{} {}", before[0], before[2]));
    let both: Vec<_> = [&alice, &gareem].iter().flat_map(|words| words.as_array().unwrap().clone()).collect();
    assert_eq!(words("alice-1-1"), json!(both));
    assert_eq!(texts(&served, &dir).len(), 3);
    served.send("POST", &format!("{lines}/alice-1-1"), join).expect(409);
    take_back(&joined);
    assert_eq!((texts(&served, &dir), words("alice-1-1")), (before.clone(), alice.clone()));
    // Nothing else is joined: another track, a line before, one that is gone.
    for with in ["bob-1-2", "alice-1-1", "nobody"] {
        let join = json!({"edit": "join", "with": with});
        let answer = served.send("POST", &format!("{lines}/alice-1-4"), join);
        assert!([404, 422].contains(&answer.status), "{with}: {}", answer.status);
    }

    // One that is two, of which somebody else said the second.
    let parts = json!([{"text": "We meat"}, {"text": "at nine.", "speaker": "Carol"}]);
    let split = served
        .send("POST", &format!("{lines}/alice-1-1"), json!({"edit": "split", "parts": parts}))
        .expect(200)
        .json();
    let part = &split["lines"][1];
    assert_eq!((&part["text"], &part["speaker"]), (&json!("at nine."), &json!("Carol")));
    assert_eq!(part["words"], json!(alice.as_array().unwrap()[2..]));
    assert_eq!(texts(&served, &dir)[..2], ["We meat", "at nine."]);
    let again = take_back(&split);
    assert_eq!((texts(&served, &dir), words("alice-1-1")), (before.clone(), alice.clone()));
    take_back(&again);
    assert_eq!(texts(&served, &dir)[..2], ["We meat", "at nine."], "what was taken back is done again");
    let split = served.get(&format!("{lines}/alice-1-1")).json();
    assert_eq!(split.as_array().unwrap().len(), 6, "nothing is lost of how it came about");
    for parts in [json!([{"text": "We"}, {"text": " "}]), json!([])] {
        served
            .send("POST", &format!("{lines}/alice-1-1"), json!({"edit": "split", "parts": parts}))
            .expect(422);
    }

    // All or none, and who was quicker is told of each line.
    let edits = json!({ "edits": [
        {"line": "bob-1-2", "change": {"edit": "text", "text": "changed", "rev": 0}},
        {"line": "bob-1-6", "change": {"edit": "text", "text": "changed", "rev": 7}},
    ]});
    let refused = served.send("POST", &lines, edits).expect(409).json();
    assert_eq!(
        (&refused["lines"][0]["id"], refused["lines"].as_array().unwrap().len()),
        (&json!("bob-1-6"), 1)
    );
    for edits in [
        json!([]),
        json!([{"line": "bob-1-2", "change": {"edit": "withhold"}}, {"line": "bob-1-2", "change": {"edit": "restore"}}]),
        json!([{"line": "bob-1-2", "change": {"edit": "text", "text": "changed"}}, {"line": "nobody", "change": {"edit": "withhold"}}]),
        json!([{"line": "bob-1-2", "change": {"edit": "back", "to": 9}}]),
    ] {
        let answer = served.send("POST", &lines, json!({ "edits": edits }));
        assert!([400, 404, 422].contains(&answer.status), "{edits}: {}", answer.status);
    }
    assert!(!texts(&served, &dir).contains(&"changed".to_owned()));
    home.run(["verify", "last"]).expect(0);
}

#[test]
fn words_of_a_line_that_is_partly_hidden_are_not_written_over_or_told() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let served = Served::start(&home);
    let line = format!("/api/v1/sessions/{}/lines/alice-1-1", id(&dir));
    // "at nine" goes, "We meat" stays.
    let passages = format!("/api/v1/sessions/{}/passages", id(&dir));
    served.send("POST", &passages, json!({"from": 1.55, "to": 2.4})).expect(200);
    // The API tells it as every export does.
    let text = served.get(&format!("/api/v1/sessions/{}/transcript?words=true", id(&dir))).expect(200).json();
    let told = &text["lines"][0];
    let minutes = std::fs::read_to_string(dir.join("minutes.md")).unwrap();
    let left = told["text"].as_str().unwrap();
    assert!(
        left.starts_with("We meat") && !left.contains("nine") && minutes.contains(left),
        "{left}: {minutes}"
    );
    assert_eq!((&told["partly_hidden"], told["words"].as_array().unwrap().len()), (&json!(true), 2));
    assert_eq!(text["lines"][1]["partly_hidden"], false);
    let history = served.get(&line).expect(200).json();
    assert_eq!((&history[0]["text"], history.as_array().unwrap().len()), (&told["text"], 1));
    for edit in [
        json!({"edit": "text", "text": "We meet."}),
        json!({"edit": "split", "parts": [{"text": "We"}, {"text": "meat"}]}),
        json!({"edit": "join", "with": "alice-1-4"}),
        json!({"edit": "back", "to": 0}),
    ] {
        let refused = served.send("POST", &line, edit).expect(422).json();
        assert!(refused["detail"].as_str().unwrap().contains("hide-1"), "{refused}");
    }
    let stale = served.send("POST", &line, json!({"edit": "withhold", "rev": 5})).expect(409);
    assert!(!String::from_utf8_lossy(&stale.body).contains("nine"));
}

#[test]
fn find_and_replace_is_one_correction() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let served = Served::start(&home);
    let path = format!("/api/v1/sessions/{}/replace", id(&dir));
    let preview =
        |body: serde_json::Value| served.send("POST", &format!("{path}/preview"), body).expect(200).json();
    let found = preview(json!({"old": "gareem", "new": "Karim"}));
    assert_eq!(found["hits"].as_array().unwrap().len(), 2);
    assert_eq!(found["hits"][1]["after"], "Karim is on his way.");
    // A line that would have no words is told before, and kept out of the minutes.
    let gone = preview(json!({"old": "We meat at nine", "new": ""}));
    assert_eq!((&gone["hits"][0]["empty"], &gone["hits"][0]["id"]), (&json!(true), &json!("alice-1-1")));
    let done = served
        .send("POST", &path, json!({"old": "We meat at nine", "new": "", "seen": gone["seen"]}))
        .expect(200)
        .json();
    assert_eq!(texts(&served, &dir).len(), 3);
    // Somebody was quicker: it would do something else than was shown.
    served
        .send(
            "POST",
            &format!("/api/v1/sessions/{}/lines/bob-1-6", id(&dir)),
            json!({"edit": "text", "text": "He is late."}),
        )
        .expect(200);
    served.send("POST", &path, json!({"old": "gareem", "new": "Karim", "seen": found["seen"]})).expect(409);
    let found = preview(json!({"old": "gareem", "new": "Karim"}));
    let replaced = served
        .send("POST", &path, json!({"old": "gareem", "new": "Karim", "seen": found["seen"]}))
        .expect(200)
        .json();
    assert!(texts(&served, &dir)[1].contains("Karim"));
    for done in [replaced, done] {
        let lines = format!("/api/v1/sessions/{}/lines", id(&dir));
        served.send("POST", &lines, json!({ "edits": done["undo"] })).expect(200);
    }
    assert_eq!(texts(&served, &dir)[..3], LINES.map(|line| line.2)[..3]);
    // Names and marks only where they are asked for.
    let everywhere = preview(json!({"old": "Bob", "new": "Rob", "everywhere": true}));
    assert_eq!(everywhere["hits"][0]["kind"], "speaker");
    assert_eq!(preview(json!({"old": "Bob", "new": "Rob"}))["hits"], json!([]));
    served.send("POST", &path, json!({"old": " ", "new": "x"})).expect(400);
}

#[test]
fn everything_that_was_said_is_searched() {
    let home = Home::new();
    let dir = session(&home, &LINES);
    let served = Served::start(&home);
    let found = served.get("/api/v1/search?q=gareem&speaker=bob&limit=5").expect(200).json();
    assert_eq!((&found["hits"][0]["id"], found["hits"].as_array().unwrap().len()), (&json!("bob-1-6"), 1));
    assert_eq!(found["hits"][0]["page"], format!("/#/session/{}/bob-1-6", id(&dir)));
    assert_eq!((&found["hits"][0]["marks"], &found["sessions"]), (&json!([[0, 6]]), &json!(1)));
    served
        .send("POST", &format!("/api/v1/sessions/{}/lines/bob-1-6", id(&dir)), json!({"edit": "withhold"}))
        .expect(200);
    assert_eq!(served.get("/api/v1/search?q=way").json()["hits"], json!([]), "what is withheld is not found");
    assert_eq!(served.get("/api/v1/search?q=gareem&kind=mark").json()["hits"], json!([]));
    assert_eq!(served.get("/api/v1/search?q=gareem&to=2001-01-01").json()["hits"], json!([]));
    for query in ["", "q=", "q=%22", "q=x&limit=0", "q=x&from=soon", "q=x&unknown=1", "q=x&kind=joke"] {
        served.get(&format!("/api/v1/search?{query}")).expect(400);
    }
}

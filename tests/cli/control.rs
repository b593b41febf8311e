//! A running recorder is steered from outside: asked, marked, paused, stopped; and pestered.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use hansard::base::units::{Frames, SampleFormat};
use hansard::capture::synth::code;
use hansard::session::journal::{Event, Line};
use hansard::session::manifest::GapCause;
use hansard::session::mark::MarkKind;
use hansard::session::reading::Session;
use serde_json::Value;

use crate::support::home::{Home, Running, wait};
use crate::support::sound;

const ALICE: &str = "--source=Alice=synth:coded,secs=0";
const BOB: &str = "--source=Bob=synth:coded,secs=0,rate=44100,bits=16,block=1-2000";

fn recorder(home: &Home) -> (Running, PathBuf) {
    let mut running = home.start(["record", "--no-transcribe", "--title=Weekly", ALICE, BOB]);
    let dir = running.records(home, 0.5);
    (running, dir)
}

/// The only socket.
fn socket(home: &Home) -> PathBuf {
    let sockets = sockets(home);
    assert_eq!(sockets.len(), 1, "{sockets:?}");
    sockets[0].clone()
}

fn sockets(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.path("run").join("hansard")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn status(home: &Home) -> Value {
    home.run(["status", "--json"]).expect(0).json()
}

fn journal(dir: &Path) -> Vec<Event> {
    let text = fs::read_to_string(dir.join("events.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str::<Line>(line).unwrap().event).collect()
}

/// Checks that what stands in a track's only file is coded sound without a hole, but for silence where the
/// journal names a gap; the gaps.
#[track_caller]
fn check_coded(session: &Session, track: &str) -> Vec<(GapCause, Frames, f64)> {
    let entry = session.manifest.takes.iter().find(|take| take.track == track).unwrap();
    let (spec, samples) = sound::read_pcm(&sound::track(session, track));
    let format = if spec.bits_per_sample == 16 { SampleFormat::S16 } else { SampleFormat::S24 };
    let scale = f64::from(1u32 << (spec.bits_per_sample - 1));
    let mut gaps = Vec::new();
    let mut silent = vec![false; samples.len()];
    for event in journal(&session.dir) {
        if let Event::Gap { track: of, from_frame: Some(from), frames, cause, .. } = event
            && of == track
        {
            silent[from.0 as usize..(from + frames).0 as usize].fill(true);
            gaps.push((cause, frames, entry.time_of(from)));
        }
    }
    // Frame 0 of the device stands behind the silence before it began; a pause takes as many frames as it
    // leaves out.
    let first = silent.iter().position(|silent| !silent).unwrap();
    for (k, sample) in samples.iter().enumerate() {
        let should = if silent[k] { 0.0 } else { f64::from(code((k - first) as u64, 0, format)) };
        assert_eq!(f64::from(*sample) / scale, should, "{track} frame {k}");
    }
    gaps
}

#[test]
fn a_pest_is_served_last_and_the_tracks_never_notice() {
    let home = Home::new();
    let (running, dir) = recorder(&home);
    let path = socket(&home);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let is_answered = |bytes: &[u8]| -> String {
        let mut stream = UnixStream::connect(&path).unwrap();
        // It may hang up before it has read all.
        drop(stream.write_all(bytes));
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer));
        answer
    };
    for junk in [
        &b"hello\n"[..],
        b"{\"ask\":\"format_the_disk\"}\n",
        b"{\"ask\":\"mark\",\"text\":\"\"}\n",
        b"{\"ask\":\"mark\",\"text\":\"x\",\"at\":1e99}\n",
        b"\xff\xfe\x00\n",
        &[b'['; 60_000],
    ] {
        let mut line = junk.to_vec();
        line.push(b'\n');
        let answer = is_answered(&line);
        assert!(answer.starts_with("{\"answer\":\"refused\",\"error\":"), "{junk:?}: {answer}");
    }
    // Longer than any line: cut off, whatever comes of it.
    is_answered(&vec![b'x'; 4 << 20]);
    // Those that say nothing take all places; a client that waits gets one all the same.
    let mut silent: Vec<UnixStream> = (0..64).filter_map(|_| UnixStream::connect(&path).ok()).collect();
    for (n, stream) in silent.iter_mut().enumerate() {
        if n % 2 == 0 {
            drop(stream.write_all(b"{\"ask\":"));
        } else {
            drop(stream.shutdown(std::net::Shutdown::Write));
        }
    }
    let report = status(&home);
    assert_eq!(report["path"], dir.canonicalize().unwrap().to_str().unwrap());
    // A flood of questions.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..100).for_each(|_| drop(is_answered(b"{\"ask\":\"status\"}\n"))));
        }
    });
    drop(silent);
    home.run(["stop"]).expect(0);
    let ran = running.end();
    ran.expect(0);
    let session = ran.session();
    for track in ["alice", "bob"] {
        let gaps = check_coded(&session, track);
        assert!(gaps.iter().all(|(cause, ..)| *cause == GapCause::NotStarted), "{gaps:?}");
    }
    assert!(session.marks().is_empty(), "{:?}", session.marks());
    home.run(["verify", "last"]).expect(0);
    assert_eq!(sockets(&home), [] as [PathBuf; 0], "it leaves nothing behind");
}

#[test]
fn it_tells_how_it_goes_and_takes_marks() {
    let home = Home::new();
    home.refuses(&["status"], &["no recording is running"]);
    home.refuses(&["mark", "x"], &["no recording is running", "--session"]);
    let (running, dir) = recorder(&home);
    wait("something is durable", || status(&home)["tracks"][1]["durable"].as_f64().unwrap() > 0.0);
    let report = status(&home);
    assert_eq!((&report["title"], &report["doing"]), (&"Weekly".into(), &"recording".into()));
    assert_eq!((&report["marks"], &report["paused_since"]), (&0.into(), &Value::Null));
    assert!(report["disk_seconds"].as_f64().unwrap() > 0.0);
    for (track, name) in [(0, "Alice"), (1, "Bob")] {
        let track = &report["tracks"][track];
        assert_eq!((&track["name"], &track["device"]), (&name.into(), &"open".into()));
        let number = |key: &str| track[key].as_f64().unwrap_or_else(|| panic!("{key} in {track}"));
        assert!(
            number("written") >= number("durable")
                && number("written") <= report["elapsed"].as_f64().unwrap()
        );
        assert!(number("level_dbfs") <= 0.1 && number("lost") == 0.0, "{track}");
        assert_eq!((&track["text_lag"], &track["alarms"]), (&Value::Null, &Value::Array(vec![])));
    }
    let shown = home.run(["status"]);
    assert!(shown.expect(0).out.contains("Weekly: recording, 0:00:0"), "{}", shown.out);

    home.run(["mark", "Decision: yes"]).expect(0);
    home.run(["mark", "and when?", "--kind=question", "--session", dir.to_str().unwrap()]).expect(0);
    let marked = home.run(["mark", "Note: it began", "--at=0", "--session=last", "--json"]);
    assert_eq!(marked.expect(0).json()["id"], "mark-3");
    home.refuses(&["mark", "x", "--at=01:00:00"], &["has not been recorded yet"]);
    home.refuses(&["mark", " "], &["needs words"]);
    home.run(["stop", "--session=last"]).expect(0);
    let ran = running.end();
    ran.expect(0);
    assert!(ran.err.contains("hansard stop: finishing"), "{}", ran.err);
    let session = ran.session();
    let marks: Vec<_> = session.marks().iter().map(|m| (m.id.as_str(), m.kind, m.text.as_str())).collect();
    use MarkKind::{Decision, Note, Question};
    assert_eq!(
        marks,
        [("mark-3", Note, "it began"), ("mark-1", Decision, "yes"), ("mark-2", Question, "and when?")]
    );
    assert!(session.marks()[1].at > 0.0 && session.marks()[2].at < session.manifest.duration + 1.0);
    // The next one goes on counting.
    home.run(["mark", "afterwards", "--at=0", "--session=last"]).expect(0);
    let session = Session::open(&session.dir).unwrap();
    assert!(session.marks().iter().any(|mark| mark.id == "mark-4"));
    home.refuses(&["pause", "--session=last"], &["is not being recorded"]);
}

#[test]
fn with_several_recorders_one_has_to_be_named() {
    let home = Home::new();
    let (one, dir) = recorder(&home);
    let mut other = home.start(["record", "--no-transcribe", "--title=Other", ALICE]);
    other.says("recording into");
    wait("both have their sockets", || sockets(&home).len() == 2);
    home.refuses(&["stop"], &["several recordings", "weekly", "other", "--session"]);
    home.run(["stop", "--session", dir.to_str().unwrap()]).expect(0);
    one.end().expect(0);
    assert_eq!(status(&home)["title"], "Other", "now it is the only one");
    other.signal("KILL");
    other.end();
    // What it left is not a recorder, and goes.
    home.refuses(&["status"], &["no recording is running"]);
    assert_eq!(sockets(&home), [] as [PathBuf; 0]);
}

#[test]
fn a_pause_stores_nothing_and_is_no_loss() {
    let home = Home::new();
    let (mut running, dir) = recorder(&home);
    let paused = home.run(["pause", "--json"]);
    let at = paused.expect(0).json()["at"].as_f64().unwrap();
    assert!(home.run(["pause"]).expect(0).out.contains("paused already"));
    running.says("PAUSED at");
    // What was held back from before the pause may still be on its way; then nothing grows any more.
    let bytes = || -> u64 {
        let tracks = fs::read_dir(dir.join("tracks")).unwrap();
        tracks.map(|track| track.unwrap().metadata().unwrap().len()).sum()
    };
    wait("the pause is a second old", || status(&home)["elapsed"].as_f64().unwrap() > at + 1.0);
    let stored = bytes();
    let report = status(&home);
    assert_eq!((&report["doing"], report["paused_since"].as_f64()), (&"paused".into(), Some(at)));
    wait("the pause is a second older", || status(&home)["elapsed"].as_f64().unwrap() > at + 2.0);
    assert_eq!(bytes(), stored, "something was stored");
    let resumed = home.run(["resume", "--json"]).expect(0).json();
    let until = resumed["at"].as_f64().unwrap();
    assert_eq!(resumed["since"].as_f64(), Some(at));
    assert!(home.run(["resume"]).expect(0).out.contains("was not paused"));
    running.records_more(&home);
    // A second one, in which it is stopped.
    home.run(["pause"]).expect(0);
    home.run(["stop"]).expect(0);
    let ran = running.end();
    ran.expect(0);
    let session = ran.session();
    for (track, rate) in [("alice", 48_000.0), ("bob", 44_100.0)] {
        let gaps = check_coded(&session, track);
        let (_, frames, from) = gaps.iter().find(|(cause, ..)| *cause == GapCause::Paused).unwrap();
        // To the frame by the track's own clock, which is known to some milliseconds.
        assert!((from - at).abs() < 0.05, "{track} pauses at {from} s, not {at} s");
        let seconds = frames.0 as f64 / rate;
        assert!((seconds - (until - at)).abs() < 0.05, "{track}: {seconds} s of {} s", until - at);
    }
    for account in &session.manifest.account {
        assert_eq!(account.lost.0, 0, "{account:?}");
    }
    home.run(["verify", "last"]).expect(0);
}

#[test]
fn killed_in_a_pause_it_has_lost_nothing() {
    let home = Home::new();
    let (running, dir) = recorder(&home);
    home.run(["pause"]).expect(0);
    wait("the pause is journalled", || {
        journal(&dir).iter().any(|event| matches!(event, Event::Paused { .. }))
    });
    let elapsed = || status(&home)["elapsed"].as_f64().unwrap();
    let now = elapsed();
    wait("a while has passed", || elapsed() > now + 0.5);
    running.signal("KILL");
    running.end();
    let recovered = home.run(["recover"]);
    recovered.expect(0);
    home.run(["verify", "last"]).expect(0);
    let session = Session::open(&dir).unwrap();
    for account in &session.manifest.account {
        assert_eq!(account.lost.0, 0, "{account:?}");
    }
}

#[test]
fn a_muted_source_is_silent_to_the_frame_and_that_is_no_loss() {
    let home = Home::new();
    let (mut running, _) = recorder(&home);
    home.refuses(&["mute", "Carol"], &["called \"Carol\"", "Alice, Bob"]);
    let at = home.run(["mute", "alice", "--json"]).expect(0).json()["at"].as_f64().unwrap();
    running.says("alice is MUTED since");
    assert!(home.run(["mute", "Alice"]).expect(0).out.contains("muted already"));
    wait("it is muted for a second", || status(&home)["elapsed"].as_f64().unwrap() > at + 1.2);
    let report = status(&home);
    assert_eq!(report["tracks"][0]["muted_since"].as_f64(), Some(at));
    assert!(report["tracks"][0]["level_dbfs"].is_null() && report["tracks"][1]["level_dbfs"].is_number());
    assert!(home.run(["status"]).expect(0).out.contains("Alice: MUTED since"));
    let unmuted = home.run(["unmute", "Alice", "--json"]).expect(0).json();
    assert_eq!((unmuted["track"].as_str(), unmuted["since"].as_f64()), (Some("alice"), Some(at)));
    let until = unmuted["at"].as_f64().unwrap();
    assert!(home.run(["unmute", "Alice"]).expect(0).out.contains("Alice was not muted"));
    running.records_more(&home);
    // It ends muted: that ends with the recorder.
    home.run(["mute", "Bob"]).expect(0);
    home.run(["stop"]).expect(0);
    let ran = running.end();
    ran.expect(0);
    let session = ran.session();
    // Everything else is there, at its place.
    let gaps = check_coded(&session, "alice");
    check_coded(&session, "bob");
    let muted: Vec<_> = gaps.iter().filter(|(cause, ..)| *cause == GapCause::Muted).collect();
    assert!((muted[0].2 - at).abs() < 0.05, "from {} s, not {at} s", muted[0].2);
    let seconds = muted.iter().map(|gap| gap.1.0).sum::<u64>() as f64 / 48_000.0;
    assert!((seconds - (until - at)).abs() < 0.05, "{seconds} s of {} s", until - at);
    for account in &session.manifest.account {
        assert_eq!(account.lost.0, 0, "{account:?}");
    }
    home.run(["verify", "last"]).expect(0);
    let minutes = home.run(["export", "last", "--format=md", "--output=-"]).expect(0).out.clone();
    assert!(minutes.contains("Alice muted]"), "{minutes}");
    let german = ["export", "last", "--format=md", "--output=-", "--document-language=de"];
    let minutes = home.run(german).expect(0).out.clone();
    assert!(minutes.contains("Alice stummgeschaltet]"), "{minutes}");
}

#[test]
fn who_is_muted_goes_by_any_name_that_only_they_have() {
    let home = Home::new();
    let sources = ["Alice Weiss", "Alina", "Bob"].map(|name| format!("--source={name}=synth:coded,secs=0"));
    let mut running =
        home.start(["record", "--no-transcribe"].into_iter().chain(sources.iter().map(|s| &**s)));
    running.records(&home, 0.2);
    let toggle = |name: &str, track: &str, who: &str| {
        for verb in ["mute", "unmute"] {
            let answer = home.run([verb, name, "--json"]).expect(0).json();
            assert_eq!((&answer["track"], &answer["name"]), (&track.into(), &who.into()), "{verb} {name}");
        }
    };
    toggle("WEISS", "alice-weiss", "Alice Weiss");
    toggle("lin", "alina", "Alina");
    home.refuses(&["mute", "ali"], &["several sources", "Alice Weiss (alice-weiss), Alina;"]);
    home.refuses(&["mute", ""], &["called"]);
    // A name that was given since; the one that was recorded stays one, too.
    home.run(["edit", "last", "rename", "Alice Weiss", "Carol Maier"]).expect(0);
    toggle("carol", "alice-weiss", "Carol Maier");
    toggle("alice", "alice-weiss", "Carol Maier");
    home.refuses(&["unmute", "zoe"], &["Carol Maier (alice-weiss), Alina, Bob"]);
    // Two who are taken for each other: the name is both of theirs by now.
    home.run(["edit", "last", "rename", "Bob", "X"]).expect(0);
    home.run(["edit", "last", "rename", "Alina", "Bob"]).expect(0);
    home.refuses(&["mute", "Bob"], &["several sources", "Bob (alina), X (bob)"]);
    toggle("bob", "bob", "X");
    // The same names stand in what tells how it goes.
    let names = |report: &Value| -> Vec<String> {
        report["tracks"].as_array().unwrap().iter().map(|track| track["name"].to_string()).collect()
    };
    assert_eq!(names(&status(&home)), ["\"Carol Maier\"", "\"Bob\"", "\"X\""]);
    let named =
        r#"{"ask":"name","events":[{"kind":"voice_named","payload":{"voice":"bob#1","name":"Zoe"}}]}"#;
    let mut recorder = UnixStream::connect(socket(&home)).unwrap();
    writeln!(recorder, "{named}").unwrap();
    recorder.read_to_string(&mut String::new()).unwrap();
    toggle("zoe", "bob", "X");
    let told = home.run(["status"]).expect(0).out.clone();
    assert!(told.contains("  Carol Maier: ") && told.contains("  X (Zoe): "), "{told}");
    assert!(!told.contains("Alice Weiss"), "{told}");
    home.run(["stop"]).expect(0);
    running.end().expect(0);
}

#[test]
fn killed_while_muted_it_has_lost_nothing() {
    let home = Home::new();
    let (running, dir) = recorder(&home);
    home.run(["mute", "Alice"]).expect(0);
    wait("some of it is journalled", || {
        let is_muted = |event: &Event| matches!(event, Event::Gap { cause: GapCause::Muted, .. });
        journal(&dir).iter().any(is_muted)
    });
    running.signal("KILL");
    running.end();
    home.run(["recover"]).expect(0);
    home.run(["verify", "last"]).expect(0);
    let session = Session::open(&dir).unwrap();
    for account in &session.manifest.account {
        assert_eq!(account.lost.0, 0, "{account:?}");
    }
    let minutes = home.run(["export", "last", "--format=md", "--output=-"]).expect(0).out.clone();
    assert!(minutes.contains("Alice muted]"), "{minutes}");
}

#[test]
fn where_others_could_get_at_it_there_is_no_socket_and_a_recording_all_the_same() {
    let home = Home::new();
    let folder = home.path("run").join("hansard");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let (running, _) = recorder(&home);
    // Then it is in the folder for temporary files, which the same rules hold for.
    assert_eq!(sockets(&home), [] as [PathBuf; 0]);
    running.signal("INT");
    running.end().expect(0);
}

/// The next line of a follower that `is` wanted, as JSON.
fn told(lines: &mut impl Iterator<Item = std::io::Result<String>>, is: impl Fn(&Value) -> bool) -> Value {
    loop {
        let line = lines.next().expect("the recorder goes on").unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        if is(&line) {
            return line;
        }
    }
}

fn follow(home: &Home, request: &str) -> impl Iterator<Item = std::io::Result<String>> + use<> {
    let mut stream = UnixStream::connect(socket(home)).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    std::io::BufRead::lines(std::io::BufReader::new(stream))
}

#[test]
fn who_follows_is_told_what_happens_from_where_it_was() {
    let home = Home::new();
    let (running, dir) = recorder(&home);
    let mut all = follow(&home, "{\"ask\":\"follow\",\"since\":0,\"status\":true,\"levels\":true}\n");
    let first = told(&mut all, |line| line["seq"].is_u64());
    assert_eq!((&first["seq"], &first["kind"]), (&0.into(), &"started".into()), "from the files");
    let status = told(&mut all, |line| line["kind"] == "status");
    assert_eq!(status["status"]["title"], "Weekly");
    let levels = told(&mut all, |line| line["kind"] == "levels");
    assert_eq!(levels["tracks"].as_array().unwrap().len(), 2, "{levels}");
    // Those who never read hold nobody up, and there is room for others.
    let deaf = |_| {
        let mut lines = follow(&home, "{\"ask\":\"follow\",\"levels\":true}\n");
        told(&mut lines, |_| true);
        lines
    };
    let _deaf: Vec<_> = (0..7).map(deaf).collect();
    let mut one_too_many = follow(&home, "{\"ask\":\"follow\"}\n");
    let refused = told(&mut one_too_many, |_| true);
    assert!(refused["error"].as_str().is_some_and(|error| error.contains("following")), "{refused}");
    home.run(["mark", "Decision: we go on"]).expect(0);
    let mark = told(&mut all, |line| line["kind"] == "mark");
    assert_eq!(mark["payload"]["text"], "we go on");
    home.run(["stop"]).expect(0);
    running.end().expect(0);
    let rest: Vec<String> = all.map(Result::unwrap).collect();
    assert!(rest.iter().any(|line| line.contains("\"kind\":\"closed\"")), "{rest:#?}");
    // As it stands in the journal, each line once.
    let journal = fs::read_to_string(dir.join("events.jsonl")).unwrap();
    let seq = mark["seq"].as_u64().unwrap() as usize;
    assert_eq!(serde_json::from_str::<Value>(journal.lines().nth(seq).unwrap()).unwrap(), mark);
}

#[test]
fn status_is_watched_until_the_recording_ends() {
    let home = Home::new();
    let (running, _) = recorder(&home);
    let watching = home.start(["status", "--watch", "--json"]);
    home.run(["pause"]).expect(0);
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    home.run(["stop"]).expect(0);
    running.end().expect(0);
    let ran = watching.end();
    ran.expect(0);
    let doing: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect();
    assert!(doing.len() >= 2, "{ran:?}");
    assert!(doing.iter().any(|line| line["status"]["doing"] == "paused"), "{ran:?}");
}

#[test]
fn a_pause_that_somebody_forgot_is_said_again_and_speech_into_it_is_an_alarm() {
    let home = Home::new();
    let mut command = home.command(["record", "--no-transcribe", "--source=Ann=synth:tone,secs=0"]);
    command.env("HANSARD_REMIND_PAUSED_AFTER_S", "2").env("HANSARD_RECORD_STATUS_EVERY_S", "0.5");
    let mut running = Running::start(&mut command);
    running.records(&home, 0.5);
    home.run(["pause"]).expect(0);
    running.says("PAUSED at");
    running.says("PAUSED 00:00:0");
    running.says("the recording has been PAUSED for 2");
    running.says("ALARM: somebody speaks on Ann, but the recording is PAUSED since 00:00:0");
    let told = home.run(["status"]).expect(0).out.clone();
    assert!(told.contains("PAUSED for") && told.contains("NOTHING IS RECORDED"), "{told}");
    assert!(told.contains("ALARM: somebody speaks on Ann"), "{told}");
    let report = status(&home);
    assert!(report["paused_for"].as_f64().unwrap() > 2.0, "{report}");
    assert_eq!(report["tracks"][0]["alarms"][0]["alarm"], "paused_speech", "{report}");
    assert!(report["tracks"][0]["level_dbfs"].is_f64(), "levels go on in a pause: {report}");
    home.run(["resume"]).expect(0);
    running.says("Ann is recorded again");
    assert_eq!(status(&home)["paused_for"], Value::Null);
    home.run(["stop"]).expect(0);
    running.end().expect(0);
}

#[test]
fn who_is_named_while_it_is_recorded_is_called_so_at_once() {
    let home = Home::new();
    let (running, dir) = recorder(&home);
    let mut follower = UnixStream::connect(socket(&home)).unwrap();
    follower.write_all(b"{\"ask\":\"follow\"}\n").unwrap();
    let told = home.run(["edit", "last", "rename", "Alice", "Alicia", "--json"]);
    let told: Event = serde_json::from_str(&told.expect(0).out).unwrap();
    assert_eq!(told, Event::Renamed { from: "Alice".into(), to: "Alicia".into() });
    let is_written = |to: &str| {
        let to = format!("\"to\":\"{to}\"");
        wait("the name is written", || fs::read_to_string(dir.join("events.jsonl")).unwrap().contains(&to));
    };
    is_written("Alicia");
    home.run(["edit", "last", "name", "Alicia", "Alice Weiss"]).expect(0);
    is_written("Alice Weiss");
    home.refuses(&["edit", "last", "name", "Carol", "Dan"], &["no speaker \"Carol\"", "Alice Weiss"]);
    home.refuses(&["edit", "last", "rename", "Bob", "Alice Weiss"], &["`merge` makes one of two"]);
    // So is all else that people correct.
    home.run(["edit", "last", "hide", "--from=0s", "--to=1s"]).expect(0);
    home.run(["edit", "last", "restore", "hide-1"]).expect(0);
    let ask = |line: &str| {
        let mut stream = UnixStream::connect(socket(&home)).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for junk in [
        "{\"ask\":\"name\",\"events\":[]}\n",
        "{\"ask\":\"edit\",\"events\":[{\"kind\":\"resumed\",\"payload\":{\"at\":1.0}}],\"seen\":9}\n",
        "{\"ask\":\"edit\",\"events\":[{\"kind\":\"renamed\",\"payload\":{\"from\":\"Bob\",\"to\":\"\"}}],\"seen\":9}\n",
        "{\"ask\":\"name\",\"events\":[{\"kind\":\"resumed\",\"payload\":{\"at\":1.0}}]}\n",
        "{\"ask\":\"name\",\"events\":[{\"kind\":\"voice_named\",\"payload\":{\"voice\":\"../x#1\",\"name\":\"X\"}}]}\n",
        "{\"ask\":\"name\",\"events\":[{\"kind\":\"renamed\",\"payload\":{\"from\":\"Bob\",\"to\":\"\\u202e \"}}]}\n",
    ] {
        assert!(ask(junk).starts_with("{\"answer\":\"refused\""), "{junk}");
    }
    home.run(["stop"]).expect(0);
    running.end().expect(0);
    let mut followed = String::new();
    follower.read_to_string(&mut followed).unwrap();
    assert_eq!(followed.matches("\"kind\":\"renamed\"").count(), 2, "{followed}");
    let session = Session::open(&dir).unwrap();
    let names: Vec<&str> = session.manifest.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["Alice Weiss", "Bob"]);
    check_coded(&session, "alice");
}

//! Text by a transcription server: scripted ones that speak all dialects and misbehave, asked by the engine
//! itself and by the program.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use hansard::config::{ServerAddress, WhisperEngine};
use hansard::recognisers::engine::{Cost, Engine, Facts, Fit, Gives, Languages, Opening};
use hansard::recognisers::http::{Server, Settings};
use hansard::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError, Request};
use hansard::recognisers::scripted::{Scripted, Step};
use hansard::servers::patience::Limits;
use hansard::session::journal::Event;
use serde_json::{Value, json};

use crate::support::asr::{Asked, AsrServer, Reply};
use crate::support::home::{Home, shared, wait};
use crate::support::speech::Speech;

/// Limits that a test has the time for.
const SHORT: Limits = Limits {
    wait: Duration::from_millis(20),
    wait_max: Duration::from_millis(200),
    patience: Duration::from_millis(600),
    rest: Duration::from_secs(60),
    rest_max: Duration::from_secs(60),
    broken_max: 3,
};

fn settings(url: &str) -> Settings {
    Settings {
        address: ServerAddress::parse(url).unwrap(),
        key: None,
        model: String::new(),
        at_once: 4,
        timeout: Duration::from_secs(5),
        limits: SHORT,
    }
}

fn open(engine: &Server) -> Box<dyn Recognizer> {
    engine.open(&Opening {
        threads: 1,
        niceness: 0,
        request_limit: Duration::from_secs(5),
        whisper: WhisperEngine::Auto,
    })
}

fn request() -> Request {
    Request {
        samples: vec![0.1; 32_000],
        language: Some("de".into()),
        prompt: Some("Glossary: Ngozi.".into()),
        speech: Some((0.5, 1.5)),
        ..Request::default()
    }
}

/// What comes of one request to a server with no other model.
fn of(server: &AsrServer) -> Result<Hypothesis, RecognizerError> {
    open(&Server::new(settings(&server.url()), None).unwrap()).recognize(&request())
}

/// A model on this computer, by script.
fn local() -> Arc<dyn Engine> {
    let facts = Facts {
        name: "here".into(),
        languages: Languages::All,
        longest_s: 30.0,
        cost: Cost::Here { bytes: 1 },
        fit: Fit::Growing,
        gives: Gives::ALL,
    };
    Arc::new(Scripted::new(facts, [Step::Say("made here".into())]))
}

fn said(text: &str) -> Reply {
    Reply::json(&json!({ "text": text }))
}

#[test]
fn a_segment_is_one_form_with_its_sound_and_all_that_is_known_of_it() {
    let server = AsrServer::start(|_, _| said(" Guten Morgen. "));
    let heard = of(&server).unwrap();
    assert_eq!((heard.text.as_str(), heard.language.as_str(), heard.audio_s), ("Guten Morgen.", "de", 2.0));
    assert!(heard.guessed_times && heard.words.len() == 2);
    let asked = server.asked();
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/v1/audio/transcriptions"));
    for (name, value) in [
        ("model", "whisper-1"),
        ("language", "de"),
        ("prompt", "Glossary: Ngozi."),
        ("temperature", "0"),
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "word"),
    ] {
        assert_eq!(asked[0].field(name), Some(value));
    }
    assert_eq!((asked[0].seconds(), asked[0].key.as_deref()), (2.0, None));
}

#[test]
fn a_server_that_knows_no_word_times_is_asked_for_less_and_that_is_remembered() {
    let picky = |asked: &Asked, _: usize| match asked.field("timestamp_granularities[]") {
        Some(_) => Reply::of(400, r#"{"error": {"message": "word is not supported"}}"#),
        None => said("well"),
    };
    let server = AsrServer::start(picky);
    let engine = Server::new(settings(&server.url()), None).unwrap();
    let mut recognizer = open(&engine);
    for _ in 0..2 {
        assert_eq!(recognizer.recognize(&request()).unwrap().text, "well");
    }
    let formats: Vec<bool> =
        server.asked().iter().map(|asked| asked.field("timestamp_granularities[]").is_some()).collect();
    assert_eq!(formats, [true, false, false]);
    let plain = |asked: &Asked, _: usize| match asked.field("response_format") {
        Some("json") => said("plain"),
        _ => Reply::of(422, r#"{"detail": [{"msg": "only json"}]}"#),
    };
    let server = AsrServer::start(plain);
    assert_eq!(of(&server).unwrap().text, "plain");
    let server = AsrServer::start(|_, _| Reply::of(400, r#"{"detail": "never"}"#));
    let refused = of(&server).unwrap_err();
    assert!(matches!(&refused, RecognizerError::Refused { reason, .. } if reason.contains("400: never")));
    assert_eq!(server.asked().len(), 3, "never the same twice");
}

#[test]
fn a_refusal_is_not_asked_again() {
    for status in [401, 403, 404, 405, 413] {
        let server = AsrServer::start(move |_, _| Reply::of(status, r#"{"error": {"message": "not you"}}"#));
        let engine = Server::new(settings(&server.url()), None).unwrap();
        let error = open(&engine).recognize(&request()).unwrap_err();
        assert!(error.is_permanent() && error.to_string().contains(&format!("{status}: not you")), "{error}");
        assert_eq!(server.asked().len(), 1, "{status}");
        if status != 413 {
            open(&engine).recognize(&request()).unwrap_err();
            assert_eq!(server.asked().len(), 1, "{status}: nor by anybody else");
        }
    }
}

#[test]
fn an_overloaded_server_is_waited_for_as_long_as_it_says_and_then_answers() {
    for status in [408, 429, 502, 503, 504] {
        let busy = move |_: &Asked, n: usize| match n {
            0 | 1 => Reply::of(status, "busy").with("Retry-After", "0"),
            _ => said("at last"),
        };
        let server = AsrServer::start(busy);
        assert_eq!(of(&server).unwrap().text, "at last", "{status}");
        assert_eq!(server.asked().len(), 3);
    }
    // It asks for more than anybody has the patience for.
    let server = AsrServer::start(|_, _| Reply::of(429, "busy").with("Retry-After", "3600"));
    let limits = Limits { wait_max: Duration::from_secs(3600), ..SHORT };
    let engine = Server::new(Settings { limits, ..settings(&server.url()) }, None).unwrap();
    let error = open(&engine).recognize(&request()).unwrap_err();
    assert!(
        matches!(&error, RecognizerError::Away { reason, .. } if reason.contains("429: busy")),
        "{error}"
    );
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn what_can_not_be_reached_or_hangs_is_given_up_within_its_limits() {
    let begun = Instant::now();
    // A port that was free just now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let engine = Server::new(settings(&format!("http://127.0.0.1:{port}/v1")), None).unwrap();
    let error = open(&engine).recognize(&request()).unwrap_err();
    assert!(matches!(&error, RecognizerError::Away { reason, .. } if reason.contains("reached")), "{error}");
    let server = AsrServer::start(|_, _| Reply { wait: Duration::from_secs(600), ..said("too late") });
    let slow = Settings { timeout: Duration::from_millis(700), ..settings(&server.url()) };
    let error = open(&Server::new(slow, None).unwrap()).recognize(&request()).unwrap_err();
    assert!(matches!(&error, RecognizerError::Away { reason, .. } if reason.contains("in time")), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn answers_that_make_no_sense_cost_a_segment_and_then_the_server() {
    let huge = json!({ "text": "x".repeat(10 << 20) });
    for reply in [
        Reply::of(200, "<html>Welcome to the hotel</html>"),
        Reply::of(200, ""),
        Reply::json(&huge),
        Reply::of(500, "Internal Server Error").with("Content-Type", "text/plain; charset=utf-8"),
        Reply::json(&json!({ "text": "y".repeat(100_000) })),
    ] {
        let server = AsrServer::start(move |_, _| reply.clone());
        let engine = Server::new(settings(&server.url()), None).unwrap();
        let mut recognizer = open(&engine);
        for _ in 0..2 {
            let error = recognizer.recognize(&request()).unwrap_err();
            assert!(matches!(error, RecognizerError::Failed { .. }), "{error}");
        }
        let error = recognizer.recognize(&request()).unwrap_err();
        assert!(matches!(error, RecognizerError::Away { .. }), "{error}");
        assert_eq!(server.asked().len(), 3);
    }
    // Half of an answer is none; a connection that broke is tried anew.
    let cut = |_: &Asked, n: usize| Reply { cut: (n == 0).then_some(9), ..said("whole") };
    let server = AsrServer::start(cut);
    assert_eq!(of(&server).unwrap().text, "whole");
}

#[test]
fn no_redirect_is_followed() {
    let other = AsrServer::start(|_, _| said("caught"));
    let target = other.url().replace("127.0.0.1", "localhost") + "/audio/transcriptions";
    let server = AsrServer::start(move |_, _| Reply::of(307, "").with("Location", target.clone()));
    let error = of(&server).unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("another computer (localhost)"), "{error}");
    assert!(other.asked().is_empty());
    let server = AsrServer::start(|_, _| Reply::of(301, "").with("Location", "/v2/audio/transcriptions"));
    assert!(of(&server).unwrap_err().to_string().contains("put that into transcribe.url"));
}

#[test]
fn the_local_model_goes_on_and_the_server_is_left_alone_until_it_is_well() {
    let server = AsrServer::start(|_, n| if n == 0 { Reply::of(500, "ouch") } else { said("made there") });
    let engine = Server::new(settings(&server.url()), Some(local())).unwrap();
    let mut recognizer = open(&engine);
    assert_eq!(recognizer.recognize(&request()).unwrap().text, "made here");
    assert_eq!(recognizer.model(), "here", "the transcript names who made it");
    let told = recognizer.notices();
    assert!(
        told.len() == 1 && told[0].contains("500: ouch") && told[0].contains("here makes it"),
        "{told:?}"
    );
    assert_eq!(recognizer.recognize(&request()).unwrap().text, "made there");
    assert_eq!((recognizer.notices().len(), recognizer.model()), (1, engine.facts().name.as_str()));

    let server = AsrServer::start(|_, _| Reply::of(503, "no"));
    let engine = Server::new(settings(&server.url()), Some(local())).unwrap();
    let (mut one, mut other) = (open(&engine), open(&engine));
    assert_eq!(one.recognize(&request()).unwrap().text, "made here");
    let asked = server.asked().len();
    assert!((2..=20).contains(&asked), "{asked} times");
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(other.recognize(&request()).unwrap().text, "made here");
    }
    assert_eq!((server.asked().len(), other.notices().len()), (asked, 0), "told once, and not asked");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// Answers each segment with a number, after a while.
fn counting(_: &Asked, n: usize) -> Reply {
    let text = format!("This is what segment {n} says.");
    Reply { wait: Duration::from_millis(400), ..said(&text) }
}

#[test]
fn a_file_is_asked_for_several_segments_at_once_in_their_order() {
    let Some(speech) = Speech::new("several segments at once") else { return };
    // The first is answered once there is a second.
    let asked = Arc::new((Mutex::new(0), Condvar::new()));
    let patient = move |request: &Asked, n: usize| {
        let (count, more) = &*asked;
        let mut count = count.lock().unwrap();
        *count += 1;
        more.notify_all();
        drop(more.wait_timeout_while(count, Duration::from_secs(40), |count| *count < 2).unwrap());
        counting(request, n)
    };
    let (home, server) = (Home::new(), AsrServer::start(patient));
    home.put(
        ".config/hansard/config.toml",
        &format!("[transcribe]\nurl = \"{}\"\nurl_timeout_s = 60\nurl_model = \"big\"", server.url()),
    );
    let ran = home.run(["transcribe", "--json", "--speakers=1", &speech.file.display().to_string()]);
    ran.expect(0);
    let session = ran.session();
    assert!(session.utterances.len() >= 4 && session.pending().is_none(), "{:?}", session.utterances);
    assert!(server.most_at_once() >= 2, "{}", server.most_at_once());
    for line in &session.utterances {
        assert!(line.guessed_times && line.model.starts_with("big@127.0.0.1:") && !line.words.is_empty());
    }
    assert!(server.asked().iter().all(|asked| asked.field("model") == Some("big")));
    // It is this very computer: nothing has left it.
    assert!(!ran.err.contains("is sent to") && session.texted.sent_to.is_empty());
}

#[test]
fn a_server_that_hangs_delays_no_recording_and_leaves_text_pending() {
    let Some(speech) = Speech::new("a server that hangs") else { return };
    let home = Home::new();
    let server = AsrServer::start(|_, _| Reply { wait: Duration::from_secs(600), ..said("too late") });
    let settings = format!("[transcribe]\nurl = \"{}\"\n[record]\nfinish_timeout_s = 1\n", server.url());
    home.put(".config/hansard/config.toml", &settings);
    let source = format!("--source=Jack=file:{}", speech.file.display());
    let mut running = home.start(["record", "--speakers=1", &source, "--source=Hum=synth:noise,secs=0"]);
    running.says("recording into");
    wait("it is asked", || !server.asked().is_empty());
    running.signal("INT");
    running.says("the recording is safe");
    let ran = running.end();
    ran.expect(0);
    let session = ran.session();
    assert!(session.manifest.account.iter().all(|track| track.lost.0 == 0 && track.written.0 > 0));
    assert!(session.pending().is_some() && ran.err.contains("text is pending"), "{}", ran.err);
    // Later it is well, or another one is.
    drop(server);
    let server = AsrServer::start(counting);
    let mut command = home.command(["transcribe", "last", "--resume", "--speakers=1"]);
    let ran = crate::support::home::Running::start(command.env("HANSARD_TRANSCRIBE_URL", server.url())).end();
    ran.expect(0);
    assert!(ran.session().pending().is_none() && !ran.session().utterances.is_empty());
}

#[test]
fn another_computer_is_named_before_anything_is_sent_and_in_the_minutes() {
    let Some(speech) = Speech::new("another computer") else { return };
    let home = Home::new();
    // Stands between us and a computer that does not exist: as a proxy it sees what would be sent there.
    let server = AsrServer::start(counting);
    let source = format!("--source=Jack=file:{}", speech.file.display());
    let file = home.write("key", "sk-very-secret\n");
    let remote = |args: &[&str]| {
        let mut command = home.command(args);
        command.env("HANSARD_TRANSCRIBE_URL", "http://gpu.example:8000/v1");
        command.env("HTTP_PROXY", server.proxy()).env("http_proxy", server.proxy());
        command
    };
    let args = ["record", "--json", "--speakers=1", "--pace=max", &source];
    let ran = crate::support::home::Running::start(&mut remote(&args)).end();
    ran.expect(0);
    let (named, begun) = (ran.err.find("sent to gpu.example"), ran.err.find("recording into"));
    assert!(named.is_some() && named < begun, "{}", ran.err);
    assert_eq!(ran.lines()[0], json!({ "sent_to": "gpu.example" }));
    let session = ran.session();
    assert_eq!(session.texted.sent_to, ["gpu.example"]);
    let minutes = std::fs::read_to_string(session.dir.join("minutes.md")).unwrap();
    assert!(minutes.contains("The sound was sent to gpu.example for transcription."), "{minutes}");

    // The key would be readable on the way.
    let asked = server.asked().len();
    let mut command = remote(&args);
    let ran = crate::support::home::Running::start(command.env("HANSARD_TRANSCRIBE_KEY_FILE", &file)).end();
    ran.expect(1);
    assert!(ran.err.contains("unencrypted") && ran.err.contains("gpu.example"), "{}", ran.err);
    assert_eq!((server.asked().len(), home.sessions().len()), (asked, 1), "nothing is begun");
}

#[test]
fn the_key_is_sent_and_shown_nowhere() {
    const KEY: &str = "sk-very-secret";
    let Some(speech) = Speech::new("the key") else { return };
    let home = Home::new();
    // It repeats what it was given, as servers do.
    let echo = |asked: &Asked, n: usize| match n {
        0 => Reply::of(500, format!("bad key {}", asked.key.clone().unwrap_or_default())),
        _ => counting(asked, n),
    };
    let server = AsrServer::start(echo);
    let file = home.write("key", format!("{KEY}\n"));
    let with_key = |args: &[&str]| {
        let mut command = home.command(args);
        command.env("HANSARD_TRANSCRIBE_URL", server.url()).env("HANSARD_TRANSCRIBE_KEY_FILE", &file);
        crate::support::home::Running::start(&mut command).end()
    };
    let ran = with_key(&["transcribe", "-vv", "--speakers=1", &speech.file.display().to_string()]);
    ran.expect(0);
    let bearer = format!("Bearer {KEY}");
    assert!(server.asked().iter().all(|asked| asked.key.as_deref() == Some(bearer.as_str())));
    let shown = with_key(&["config", "show", "--origin"]);
    shown.expect(0);
    assert!(shown.out.contains("key_file"), "{}", shown.out);
    let mut texts = vec![ran.err.clone(), ran.out.clone(), shown.out.clone(), shown.err];
    for entry in walk(&ran.session().dir) {
        texts.push(String::from_utf8_lossy(&std::fs::read(entry).unwrap()).into_owned());
    }
    assert!(texts.iter().any(|text| text.contains("bad key Bearer …")), "{}", ran.err);
    for text in &texts {
        assert!(!text.contains(KEY), "{text}");
    }
    // The variable goes before the file, and is no unknown setting.
    let mut command = home.command(["config", "show"]);
    let ran = crate::support::home::Running::start(command.env("HANSARD_TRANSCRIBE_KEY", KEY)).end();
    ran.expect(0);
    assert!(!ran.out.contains(KEY) && ran.err.is_empty(), "{}", ran.err);
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn doctor_asks_the_server_and_says_where_it_is() {
    let home = Home::new();
    let server = AsrServer::start(|_, _| said("buzz"));
    let examine = |url: &str, args: &[&str]| {
        let mut command =
            home.command(["doctor", "--seconds=1", "--source=Good=synth:noise,secs=0"].iter().chain(args));
        crate::support::home::Running::start(command.env("HANSARD_TRANSCRIBE_URL", url)).end()
    };
    let ran = examine(&server.url(), &[]);
    ran.expect(0);
    assert!(ran.out.contains("a server; nothing leaves this computer"), "{}", ran.out);
    assert_eq!(server.asked().len(), 2, "a short sound, and one that is timed");
    let refusing = AsrServer::start(|_, _| Reply::of(401, r#"{"error": {"message": "no key"}}"#));
    let report = examine(&refusing.url(), &["--json"]).json();
    let found =
        report["findings"].as_array().unwrap().iter().find(|finding| finding["about"] == "text").unwrap();
    assert!(found["text"].as_str().unwrap().contains("401: no key"), "{found}");
    assert_eq!(report["model"]["server"], Value::from(refusing.url()[7..].trim_end_matches("/v1")));
    assert_eq!(report["model"]["sent_to"], Value::Null);
}

#[test]
fn a_model_that_is_named_with_the_command_is_one_of_this_computer() {
    let test = "a_model_that_is_named_with_the_command";
    let (Some(home), Some(speech)) = (Home::with_models(test), shared("speech", test)) else { return };
    let server = AsrServer::start(counting);
    let file = speech.join("jfk/jfk.wav").display().to_string();
    let run = |args: &[&str], url: &str| {
        let mut command = home.command(args);
        let ran = crate::support::home::Running::start(command.env("HANSARD_TRANSCRIBE_URL", url)).end();
        ran.expect(0);
        ran.session()
    };
    let session = run(&["transcribe", "--speakers=1", &file, "--model=tiny.en-q8_0"], &server.url());
    assert!(server.asked().is_empty() && session.utterances.iter().all(|line| line.model == "tiny.en-q8_0"));
    // A server that is not there: the model on this computer makes the text, and that is said.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let session = run(&["transcribe", "--speakers=1", &file], &format!("http://127.0.0.1:{port}/v1"));
    let text: String = session.utterances.iter().map(|line| line.text.to_lowercase()).collect();
    assert!(text.contains("ask not") && !session.utterances[0].model.contains('@'), "{text}");
    let journal = std::fs::read_to_string(session.dir.join("events.jsonl")).unwrap();
    let told = journal.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let notices = told.filter(|line| line["kind"] == "text_notice").count();
    assert_eq!(notices, 1, "{journal}");
    assert!(matches!(
        serde_json::from_value(json!({"kind": "text_sent", "payload": {"host": "x"}})),
        Ok(Event::TextSent { .. })
    ));
}

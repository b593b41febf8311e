//! `hansard mcp`: what an assistant can read, and what it never can.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use super::search::meeting;
use crate::support::home::{Home, LIMIT};

/// A client that speaks the protocol by hand.
struct Client {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    next: u64,
}

impl Client {
    fn start(home: &Home, args: &[&str]) -> Self {
        let mut command = home.command([&["mcp"], args].concat());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, input, lines, next: 0 }
    }

    fn greeted(home: &Home, args: &[&str]) -> Self {
        let mut client = Self::start(home, args);
        let hello = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "0" },
        });
        let said = client.ask("initialize", hello);
        assert_eq!(said["result"]["serverInfo"]["name"], "hansard");
        assert!(said["result"]["instructions"].as_str().unwrap().contains("never an instruction"), "{said}");
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string());
        client
    }

    fn send(&mut self, line: &str) {
        self.input.write_all(line.as_bytes()).unwrap();
        self.input.write_all(b"\n").unwrap();
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        self.send(
            &json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params }).to_string(),
        );
        loop {
            let line = self.lines.recv_timeout(LIMIT).expect("an answer");
            assert!(line.len() <= 64 << 10, "{} bytes", line.len());
            let answer: Value = serde_json::from_str(&line).unwrap();
            if answer["id"] == self.next {
                return answer;
            }
        }
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    /// What a tool returns, which stands there as data and as text.
    #[track_caller]
    fn get(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.call(tool, arguments);
        let result = &answer["result"];
        assert_eq!(result["isError"], false, "{answer}");
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, result["structuredContent"]);
        text
    }

    /// Why a tool refuses.
    #[track_caller]
    fn refused(&mut self, tool: &str, arguments: Value) -> String {
        let answer = self.call(tool, arguments);
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["content"][0]["text"].as_str().unwrap().to_owned()
    }

    fn end(mut self) {
        drop(self.input);
        let status = self.child.wait().unwrap();
        let mut err = String::new();
        std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut err).unwrap();
        assert!(status.success() && !err.contains("panicked"), "{status}: {err}");
    }
}

fn id(dir: &Path) -> String {
    dir.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn an_assistant_reads_what_is_shown_and_nothing_else() {
    let home = Home::new();
    let dir = meeting(
        &home,
        "Budget",
        &["We cut the budget.", "The secret is out.", "Nothing else.", "Withheld words."],
    );
    let transcript = fs::read_to_string(dir.join("transcript.jsonl")).unwrap();
    let held = transcript.lines().last().unwrap().replace("\"withheld\":null", "\"withheld\":\"unsure\"");
    assert!(held.contains("unsure"));
    let kept: Vec<&str> = transcript.lines().take(3).chain([held.as_str()]).collect();
    fs::write(dir.join("transcript.jsonl"), kept.join("\n") + "\n").unwrap();
    home.run(["edit", "last", "hide", "--from=2s", "--to=3.9s"]).expect(0);
    home.run(["mark", "Decision: cut it", "--session=last", "--at=1s"]).expect(0);
    let session = id(&dir);
    let mut client = Client::greeted(&home, &[]);

    let tools = client.ask("tools/list", json!({}));
    let tools = tools["result"]["tools"].as_array().unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["list_sessions", "search", "get_transcript", "get_minutes", "get_summary", "get_status"]
    );
    for tool in tools {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert_eq!(
            (&tool["inputSchema"]["type"], &tool["outputSchema"]["type"]),
            (&json!("object"), &json!("object"))
        );
        assert!(tool["description"].as_str().unwrap().contains("never instructions"), "{tool}");
        assert!(!tool.to_string().contains("uint"), "a format that validators don't know: {tool}");
    }

    let listed = client.get("list_sessions", json!({ "query": "budg" }));
    assert_eq!((&listed["sessions"][0]["session"], &listed["total"]), (&json!(session), &json!(1)));
    assert_eq!(listed["sessions"][0]["people"], json!(["Ann"]), "who is hidden did not speak");
    let transcript = client.get("get_transcript", json!({ "session": "last" }));
    let texts: Vec<&str> =
        transcript["lines"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["We cut the budget.", "Nothing else."]);
    let line = &transcript["lines"][0];
    assert_eq!((&line["id"], &line["speaker"]), (&json!("ann-1-0"), &json!("Ann")));
    let part =
        client.get("get_transcript", json!({ "session": session, "from": "00:00:03", "speaker": "an" }));
    assert_eq!(part["lines"].as_array().unwrap().len(), 1);
    let hits = client.get("search", json!({ "query": "\"the budget\"", "limit": "5" }));
    assert_eq!((&hits["hits"][0]["id"], &hits["hits"][0]["session"]), (&json!("ann-1-0"), &json!(session)));
    assert_eq!(client.get("search", json!({ "query": "cut it" }))["hits"][0]["kind"], "mark");
    let minutes = client.get("get_minutes", json!({ "session": session }));
    assert!(minutes["markdown"].as_str().unwrap().contains("We cut the budget."), "{minutes}");
    assert_eq!(client.get("get_summary", json!({ "session": session }))["present"], false);
    // One that cites what is hidden, or says what nobody said, is not passed on.
    let item = |quote: &str, lines: Value| json!({ "kind": "decision", "text": "t", "quote": quote, "lines": lines });
    let items = [
        item("cut the Budget", json!(["ann-1-0"])),
        item("secret", json!(["bob-1-1"])),
        item("never said", json!(["ann-1-0"])),
        json!(7),
    ];
    fs::write(dir.join("summary.json"), json!({ "items": items }).to_string()).unwrap();
    let summary = client.get("get_summary", json!({ "session": session }));
    assert_eq!((summary["items"].as_array().unwrap().len(), &summary["left_out"]), (1, &json!(3)));
    let hits = client.get("search", json!({ "query": "t", "kind": "summary" }));
    let found = &hits["hits"][0];
    assert_eq!(
        (&found["kind"], &found["summary"], &found["id"], &found["speaker"]),
        (&json!("summary"), &json!("decision"), &json!("ann-1-0"), &json!(null))
    );
    assert_eq!(hits["hits"].as_array().unwrap().len(), 1);
    assert_eq!(client.get("get_status", json!({})), json!({ "recordings": [] }));

    let resources = client.ask("resources/list", json!({}));
    let uri = format!("hansard://session/{session}/minutes.md");
    assert_eq!(resources["result"]["resources"][0]["uri"], uri);
    let read = client.ask("resources/read", json!({ "uri": uri }));
    let text = read["result"]["contents"][0]["text"].as_str().unwrap();
    assert!(text.contains("We cut the budget."));
    assert!(
        client.ask("resources/templates/list", json!({}))["result"]["resourceTemplates"][0]["uriTemplate"]
            .is_string()
    );

    for tool in ["search", "get_transcript", "get_minutes", "get_summary"] {
        let arguments = match tool {
            "search" => json!({ "query": "secret" }),
            _ => json!({ "session": session }),
        };
        let all = client.get(tool, arguments).to_string();
        assert!(!all.contains("The secret") && !all.contains("Withheld words"), "{tool}: {all}");
    }
    assert!(!text.contains("The secret") && !text.contains("Withheld words"));
    client.end();
}

#[test]
fn junk_paths_and_unknown_things_are_refused_and_end_nothing() {
    let home = Home::new();
    meeting(&home, "Budget", &["We cut the budget."]);
    // A session that lies outside, and a link to it.
    let outside = Home::new();
    let secret = meeting(&outside, "Secret", &["The secret."]);
    std::os::unix::fs::symlink(&secret, home.recordings().join("link")).unwrap();
    fs::create_dir_all(home.path("cwd/here")).unwrap();
    let mut client = Client::greeted(&home, &[]);
    for junk in ["{junk", "", "[]", "7", "{\"jsonrpc\":\"2.0\"}", "\u{0}\u{1}", "null"] {
        client.send(junk);
    }
    client.send(&format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":99,\"method\":\"ping\",\"params\":{{\"x\":\"{}\"}}}}",
        "x".repeat(1 << 20)
    ));
    client.input.write_all(b"\xff\xfe\n").unwrap();
    assert_eq!(client.get("list_sessions", json!({}))["total"], 1, "the link leads out");
    let outside = secret.display().to_string();
    for name in [
        outside.as_str(),
        "link",
        "../recordings",
        "..",
        ".",
        "",
        "/etc",
        "here",
        "nope",
        "a\u{0}b",
        "C:\\x",
        "./last",
        &"x".repeat(100_000),
    ] {
        for tool in ["get_transcript", "get_minutes", "get_summary"] {
            let why = client.refused(tool, json!({ "session": name }));
            assert!(why.contains("there is no session") && why.len() < 300, "{name}: {why}");
        }
        let uri = format!("hansard://session/{name}/minutes.md");
        assert!(client.ask("resources/read", json!({ "uri": uri }))["error"]["code"].is_number());
    }
    assert!(
        client.ask("resources/read", json!({ "uri": "file:///etc/passwd" }))["error"]["code"].is_number()
    );
    assert!(client.refused("get_transcript", json!({})).contains("session"));
    assert!(
        client.refused("get_transcript", json!({ "session": "last", "cursor": "nope" })).contains("cursor")
    );
    assert!(client.refused("get_minutes", json!({ "session": "last", "cursor": "9/9" })).contains("cursor"));
    assert!(client.refused("list_sessions", json!({ "cursor": "-1" })).contains("cursor"));
    assert!(client.refused("search", json!({ "query": "x", "limit": 0 })).contains("limit"));
    assert!(client.refused("search", json!({ "query": "?" })).contains("no word"));
    assert!(client.refused("search", json!({ "query": "x", "from": "soon" })).contains("2026-03-14"));
    assert!(client.refused("search", json!({ "query": "x", "unknown": 1 })).contains("unknown"));
    assert!(client.refused("search", json!({ "query": "x", "kind": "sound" })).contains("sound"));
    // Control was not asked for.
    for tool in ["pause", "mark", "resume", "rm"] {
        assert!(client.call(tool, json!({}))["error"]["code"].is_number(), "{tool}");
    }
    client.end();
    // What is no assistant.
    let mut silent = Client::start(&home, &[]);
    silent.send("hello");
    silent.end();
}

#[test]
fn long_answers_come_in_parts_that_make_the_whole() {
    let home = Home::new();
    let dir = meeting(&home, "Long", &["first"]);
    let first = fs::read_to_string(dir.join("transcript.jsonl")).unwrap();
    let mut text = String::new();
    for n in 0..150 {
        let said = format!("line {n} \\\"quoted\\\" {}", "wörter und mehr ".repeat(12));
        text += &first
            .replace("ann-1-0", &format!("ann-1-{n}"))
            .replace("\"text\":\"first\",\"words\"", &format!("\"text\":\"{said}\",\"words\""));
    }
    // A line that fits into no answer.
    text += &first
        .replace("ann-1-0", "ann-1-x")
        .replace("\"text\":\"first\",\"words\"", &format!("\"text\":\"{}\",\"words\"", "z ".repeat(20_000)));
    fs::write(dir.join("transcript.jsonl"), text).unwrap();
    let mut client = Client::greeted(&home, &[]);
    let (mut ids, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let part = client.get("get_transcript", json!({ "session": "last", "cursor": cursor }));
        ids.extend(
            part["lines"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()),
        );
        cursor = part["next_cursor"].clone();
        if cursor.is_null() {
            assert_eq!(part["lines"].as_array().unwrap().last().unwrap()["cut"], true);
            break;
        }
    }
    let distinct: std::collections::HashSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (151, 151));
    let (mut whole, mut cursor, mut parts) = (String::new(), Value::Null, 0);
    loop {
        let part = client.get("get_minutes", json!({ "session": "last", "cursor": cursor }));
        whole += part["markdown"].as_str().unwrap();
        cursor = part["next_cursor"].clone();
        parts += 1;
        if cursor.is_null() {
            break;
        }
    }
    assert!(parts > 3);
    assert_eq!(whole, home.run(["export", "last", "--output=-"]).expect(0).out);
    let uri = format!("hansard://session/{}/minutes.md", id(&dir));
    let cut = client.ask("resources/read", json!({ "uri": uri }));
    assert!(cut["result"]["contents"][0]["text"].as_str().unwrap().contains("Cut here"));
    let hits = client.get("search", json!({ "query": "line", "limit": 100 }));
    assert_eq!(hits["more"], true);
    client.end();
}

#[test]
fn with_control_it_marks_and_pauses_what_runs() {
    let home = Home::new();
    let mut running = home.start(["record", "--source=Ann=synth:tone", "--no-transcribe"]);
    let dir = running.records(&home, 0.2);
    let mut client = Client::greeted(&home, &["--control"]);
    let tools = client.ask("tools/list", json!({}));
    let hint = |name: &str| {
        let tools = tools["result"]["tools"].as_array().unwrap();
        tools.iter().find(|tool| tool["name"] == name).unwrap()["annotations"]["readOnlyHint"].clone()
    };
    assert_eq!((hint("search"), hint("pause")), (json!(true), json!(false)));
    let status = client.get("get_status", json!({}));
    assert_eq!(
        (&status["recordings"][0]["session"], &status["recordings"][0]["doing"]),
        (&json!(id(&dir)), &json!("recording"))
    );
    let marked = client.get("mark", json!({ "text": "we agree", "kind": "decision" }));
    assert!(marked["done"].as_str().unwrap().contains("Decision: we agree"), "{marked}");
    assert!(client.refused("mark", json!({ "text": "x", "kind": "joke" })).contains("decision"));
    assert!(client.refused("mark", json!({ "text": "" })).contains("words"));
    assert!(client.get("pause", json!({}))["done"].as_str().unwrap().contains("paused at"));
    assert_eq!(client.get("get_status", json!({}))["recordings"][0]["doing"], "paused");
    assert!(
        client.get("resume", json!({ "session": id(&dir) }))["done"]
            .as_str()
            .unwrap()
            .contains("recording again")
    );
    assert_eq!(
        client.get("search", json!({ "query": "agree" }))["hits"][0]["kind"],
        "mark",
        "while it is recorded"
    );
    client.end();
    running.signal("INT");
    running.end().expect(0);
}

/// Python with the official client, as `./dev test` installs it.
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".dev/accuracy/bin/python");
    let has = Command::new(&python).args(["-c", "import mcp"]).output().is_ok_and(|ran| ran.status.success());
    has.then_some(python)
}

#[test]
fn the_official_client_understands_all_of_it() {
    let Some(python) = python() else {
        println!("skipped: the Python package mcp is absent");
        return;
    };
    let home = Home::new();
    let dir = meeting(&home, "Budget", &["We cut the budget.", "Which one?"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/mcp_client.py");
    let mut command = Command::new(python);
    home.settle(command.arg(script).arg(env!("CARGO_BIN_EXE_hansard")).arg(id(&dir)));
    let ran = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && out.contains("all understood"), "{out}\n{err}");
}

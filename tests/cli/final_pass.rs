//! The final pass: the text of a recording once more by a larger model, in the background.

use std::fs;
use std::path::Path;

use hansard::session::final_pass::FinalPass;
use hansard::session::reading::Session;
use serde_json::Value;

use crate::support::home::{Home, Running, shared, signal, wait};
use crate::support::sound;

/// Times that the known sentence is said, with a pause between.
const TIMES: usize = 4;

/// What the recogniser of the recording is, and what that of the pass.
const LIVE: &str = "tiny.en-q8_0";
const LAST: &str = "base-q8_0";

fn listed(home: &Home) -> Value {
    home.run(["list", "--json"]).expect(0).json()[0].clone()
}

fn niceness(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(16).map(str::to_owned)
}

#[test]
fn a_larger_model_makes_the_text_once_more_in_the_background_and_a_kill_costs_little() {
    let test = "a_larger_model_makes_the_text_once_more_in_the_background_and_a_kill_costs_little";
    let (Some(home), Some(folder)) = (Home::with_models(test), shared("speech/jfk", test)) else { return };
    let (spec, once) = sound::read_pcm(&folder.join("jfk.wav"));
    let pause = vec![0; spec.sample_rate as usize * 20];
    let samples: Vec<i32> = (0..TIMES).flat_map(|_| once.iter().chain(&pause).copied()).collect();
    let wav = home.path("cwd/four.wav");
    sound::pcm(&wav, spec.sample_rate, spec.channels, spec.bits_per_sample, &samples);
    let source = format!("--source=JFK=file:{}", wav.display());
    let model = format!("--model={LIVE}");
    let mut command =
        home.command(["record", "--pace=max", "--speakers=1", "--language=en", &model, &source]);
    let mut running = Running::start(command.env("HANSARD_TRANSCRIBE_FINAL_MODEL", LAST));
    running.says("in the background (process");
    // Nobody waits for it.
    let ran = running.end();
    ran.expect(0);
    let dir = ran.session().dir;
    wait("it works on the session", || FinalPass::read(&dir).is_some());
    let pass = FinalPass::read(&dir).unwrap();
    assert_eq!((pass.model.as_str(), niceness(pass.pid).as_deref()), (LAST, Some("19")));
    let shown = listed(&home)["final_pass"].clone();
    assert_eq!((&shown["model"], &shown["running"]), (&LAST.into(), &true.into()), "{shown}");
    assert!(home.run(["list"]).expect(0).out.contains("final pass: base-q8_0, "));
    assert!(home.run(["show", "last"]).expect(0).out.contains("is being made once more (base-q8_0, "));
    home.run(["edit", "last", "title", "Corrected meanwhile"]).expect(0);
    // It is killed, and once more when it has written a line.
    signal(pass.pid, "KILL");
    wait("nobody works on it", || !FinalPass::is_running(&dir));
    assert_eq!(listed(&home)["final_pass"]["running"], false);
    assert!(home.run(["list"]).expect(0).out.contains("%, stopped"));
    assert!(home.run(["show", "last"]).expect(0).out.contains("hansard transcribe --final"));
    let of_model = |dir: &Path| {
        let session = Session::open(dir).unwrap();
        session.history.iter().filter(|line| line.model == LAST).count()
    };
    let go_on = || {
        let mut command = home.command(["transcribe", "--final", "last", "--language=en"]);
        command.env("HANSARD_TRANSCRIBE_FINAL_MODEL", LAST).env("HANSARD_TEST_EAGER", "1");
        Running::start(&mut command)
    };
    let running = go_on();
    wait("it has written a line", || of_model(&dir) > 0);
    running.signal("KILL");
    running.end();
    let had = of_model(&dir);
    // What a person writes meanwhile stays, and the export is renewed.
    home.run(["export", "last", "--format=csv"]).expect(0);
    let id = Session::open(&dir).unwrap().utterances.last().unwrap().id.clone();
    home.run(["edit", "last", "line", &id, "What a person wrote."]).expect(0);
    go_on().end_after(300).expect(0);
    let session = Session::open(&dir).unwrap();
    assert_eq!(FinalPass::read(&dir), None);
    assert_eq!(listed(&home)["final_pass"], Value::Null);
    let again = session.history.iter().filter(|line| line.model == LAST && line.edited.is_none());
    let mut spans: Vec<_> = again.map(|line| (line.from_frame, line.to_frame)).collect();
    let all = spans.len();
    spans.sort_unstable();
    spans.dedup();
    assert!(all == spans.len() && all > had, "what was done is not done again: {spans:?}");
    let shown: Vec<_> = session.utterances.iter().filter(|line| line.is_shown()).collect();
    assert!(shown.iter().all(|line| line.model == LAST || line.edited.is_some()), "{shown:?}");
    assert!(shown.iter().any(|line| line.id == id && line.text == "What a person wrote."));
    let mut csv = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
    let csv = csv.find(|path| path.extension().is_some_and(|end| end == "csv")).unwrap();
    assert!(fs::read_to_string(csv).unwrap().contains("What a person wrote."));
    home.run(["verify", "last"]).expect(0);
    home.refuses(&["transcribe", "--final", "last"], &["transcribe.final_model"]);
}

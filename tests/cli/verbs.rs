//! What holds for every verb: help, JSON, closed pipes, models that do not fit.

use clap::CommandFactory as _;
use hansard::cli::Cli;

use crate::support::home::{Home, note, unread};

/// All verbs with those below them, as they are typed.
fn verbs() -> Vec<Vec<String>> {
    fn below(command: &clap::Command, typed: &[String], all: &mut Vec<Vec<String>>) {
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            let typed = [typed, &[verb.get_name().to_owned()]].concat();
            below(verb, &typed, all);
            all.push(typed);
        }
    }
    let mut all = Vec::new();
    below(&Cli::command(), &[], &mut all);
    all
}

#[test]
fn every_verb_has_help() {
    let home = Home::new();
    let verbs = verbs();
    assert!(verbs.len() > 10, "{verbs:?}");
    for verb in verbs {
        let ran = home.run(verb.iter().map(String::as_str).chain(["--help"]));
        ran.expect(0);
        assert!(ran.out.contains("Usage: hansard") && ran.err.is_empty(), "{verb:?}: {}{}", ran.out, ran.err);
        let ran = home.run(verb.iter().map(String::as_str).chain(["--no-such-flag"]));
        ran.expect(1);
        assert!(ran.err.contains("--no-such-flag") && ran.out.is_empty(), "{verb:?}: {}{}", ran.out, ran.err);
    }
    home.run(["--help"]).expect(0);
    home.run(["--version"]).expect(0);
    home.run(["recrod"]).expect(1);
    home.run::<&str>([]).expect(1);
}

#[test]
fn every_shell_gets_its_completions() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = home.run(["completions", shell]);
        ran.expect(0);
        // The first three ask the program at each TAB; the others are given its verbs.
        let asks = ran.out.contains(&format!("hansard complete {shell}"));
        assert!((asks || ran.out.contains("transcribe")) && ran.err.is_empty(), "{shell}");
        assert_eq!(unread(&mut home.command(["completions", shell])).0, Some(0), "{shell}");
    }
}

#[test]
fn every_report_can_be_had_as_json() {
    let home = Home::new();
    let (ran, session) =
        home.record(0, &["--pace=max", "--no-transcribe", "--json", "--source=A=synth:coded,secs=1"]);
    let report = ran.lines().pop().unwrap();
    assert_eq!((&report["exit"], &report["text_pending"]), (&0.into(), &"it was not asked for".into()));
    assert_eq!(report["duration"], 1.0);
    assert_eq!(report["account"][0]["written"], 48_000);

    let list = home.run(["list", "--json"]).expect(0).json();
    assert_eq!(list[0]["id"], session.manifest.id.as_str());
    let show = home.run(["show", "last", "--json"]).expect(0).json();
    assert_eq!(show["sources"][0]["name"], "A");
    let devices = home.run(["devices", "--json"]);
    assert!(devices.expect(0).json().is_array());
    assert_eq!(devices.err, "", "what sound libraries print is of no use to a user");
    assert!(home.run(["models", "list", "--json"]).expect(0).json()["installed"].is_array());
    assert!(home.run(["config", "show", "--json", "--origin"]).expect(0).json()["origin"].is_object());
    assert!(home.run(["export", "last", "--format=json", "--output=-"]).expect(0).json().is_array());
}

#[test]
fn a_reader_who_has_had_enough_is_no_failure() {
    let home = Home::new();
    let args = ["--pace=max", "--no-transcribe", "--source=A=synth:coded,secs=1"];
    for _ in 0..3 {
        home.record(0, &args);
    }
    for args in [
        vec!["--help"],
        vec!["list"],
        vec!["list", "--json"],
        vec!["show", "last"],
        vec!["show", "last", "--json"],
        vec!["export", "last", "--output=-"],
        vec!["export", "last", "--format=srt"],
        vec!["devices"],
        vec!["models", "list"],
        vec!["config", "show"],
        vec!["record", args[0], args[1], args[2]],
        vec!["record", args[0], args[1], args[2], "--json"],
    ] {
        let (code, err) = unread(&mut home.command(&args));
        assert_eq!(code, Some(0), "{args:?}: {err}");
    }
    let Some(home) = Home::with_models("a_reader_who_has_had_enough_is_no_failure") else { return };
    home.record(0, &args);
    for json in [&[][..], &["--json"]] {
        let args = [&["transcribe", "last", "--model=tiny.en-q8_0"], json].concat();
        let (code, err) = unread(&mut home.command(args));
        assert_eq!(code, Some(0), "{err}");
    }
}

#[test]
fn a_model_that_does_not_fit_is_refused_before_anything_begins() {
    let test = "a_model_that_does_not_fit_is_refused_before_anything_begins";
    let source = "--source=A=synth:coded,secs=1";
    let own = Home::new();
    own.write("../models/ggml-junk.bin", "this is no model");
    own.refuses(&["record", source, "--model=junk"], &["ggml-junk.bin"]);
    // Nobody named it: the recording goes on without, and says that there is something wrong.
    let ran = own.run(["record", "--pace=max", source]);
    ran.expect(0);

    let Some(home) = Home::with_models(test) else { return };
    home.refuses(&["record", source, "--model=nope"], &["'nope' is not installed", "hansard models list"]);
    home.refuses(
        &["record", source, "--model=tiny.en-q8_0", "--language=de"],
        &["knows English only", "'base-q8_0', which is installed"],
    );
    let vad = home.models().join("ggml-silero-v6.2.0.bin");
    if vad.is_file() {
        home.refuses(&["record", source, "--model", vad.to_str().unwrap()], &["can't transcribe"]);
    } else {
        note(&format!("{test}: no {}", vad.display()));
    }
    let whole = std::fs::read(home.models().join("ggml-tiny.en-q8_0.bin")).unwrap();
    own.write("../models/ggml-half.bin", &whole[..whole.len() / 2]);
    own.refuses(&["record", source, "--model=half"], &["ggml-half.bin is not whole", "get it again"]);
    let named = own.path("models/ggml-half.bin");
    own.refuses(&["record", source, "--model", named.to_str().unwrap()], &["is not whole"]);
}

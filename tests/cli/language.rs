//! Languages are refused before anything is recorded, with the name that was meant; text that was not made is
//! pending in what `record` says.

use crate::support::home::Home;
use crate::support::session::journal;

#[test]
fn what_is_no_language_is_refused_before_anything_is_recorded() {
    let home = Home::new();
    let source = "--source=Ann=synth:tone,secs=1";
    for (language, wanted) in [
        ("gremany", "did you mean de (German)?"),
        ("Englsh", "did you mean en (English)?"),
        ("xx", "a language's code or English name"),
        ("de,en", "a language's code or English name"),
    ] {
        home.refuses(&["record", source, "--language", language], &[wanted]);
        home.refuses(&["transcribe", "x.wav", "--language", language], &[wanted]);
        home.refuses(&["doctor", source, "--language", language], &[wanted]);
        home.refuses(&["record", source, "--language", &format!("Ann={language}")], &[wanted]);
        let config = home.put("config.toml", &format!("[transcribe]\nlanguage = \"{language}\"\n"));
        home.refuses(&["record", source, "--config", config.to_str().unwrap()], &[wanted, "config.toml:2"]);
    }
    assert!(home.sessions().is_empty());
    // A code or a name, in any case.
    for language in ["de", "German", "GERMAN", "auto", "Ann=german"] {
        home.record(0, &["--pace=max", "--no-transcribe", source, "--language", language]);
    }
}

#[test]
fn what_was_recorded_without_text_says_how_it_is_made() {
    let home = Home::new();
    let (ran, session) = home.record(0, &["--pace=max", "--no-transcribe", "--source=A=synth:coded,secs=1"]);
    assert!(ran.err.contains("text is pending") && ran.err.contains("hansard transcribe"), "{}", ran.err);
    let said = journal(&session.dir).iter().any(|line| {
        matches!(&line.event, hansard::session::journal::Event::TextPending { reason } if reason.contains("not asked for"))
    });
    assert!(said, "a recorder that dies must not leave what looks like silence");
    let show = home.run(["show", "last"]);
    assert!(show.expect(0).out.contains("has not been made yet: hansard transcribe"), "{}", show.out);
    let home = Home::new();
    let mut running = home.start(["record", "--no-transcribe", "--source=A=synth:coded,secs=60"]);
    let dir = running.records(&home, 0.5);
    let status = home.run(["status", "--session", dir.to_str().unwrap()]);
    assert!(status.expect(0).out.contains("The text is pending: hansard transcribe"), "{}", status.out);
    running.signal("INT");
    running.end().expect(0);
    // No model: the same, and it is told before the recording begins.
    let (ran, _) = home.record(0, &["--pace=max", "--source=A=synth:coded,secs=1"]);
    let place = |part: &str| ran.err.find(part).unwrap_or_else(|| panic!("{part:?} not in {}", ran.err));
    assert!(place("no speech model") < place("recording into"), "{}", ran.err);
    assert!(place("recording into") < place("text is pending"), "{}", ran.err);
}

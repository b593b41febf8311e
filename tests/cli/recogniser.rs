//! The real recogniser on its worst day: killed, and its model deleted. And whichever engine it is.

use std::fs;
use std::process::{Command, Stdio};

use hansard::base::utterance::Utterance;

use crate::support::home::{Home, Running, children, shared, wait};
use crate::support::sound::{self, coded};
use crate::support::stage::words;

const MODEL: &str = "ggml-tiny.en-q8_0.bin";

#[test]
fn a_killed_recogniser_and_a_deleted_model_cost_no_sound_and_text_goes_on_later() {
    let test = "a_killed_recogniser_and_a_deleted_model_cost_no_sound";
    let (Some(models), Some(speech)) = (shared("models", test), shared("speech", test)) else { return };
    let home = Home::new();
    let model = home.models().join(MODEL);
    fs::copy(models.join(MODEL), &model).unwrap();
    let source = format!("--source=Jack=file:{}", speech.join("jfk/jfk.wav").display());
    let mut running = home.start(["record", "--for=12s", &source, "--source=Coded=synth:coded,secs=0"]);
    running.says("recording into");
    wait("there is a recogniser", || !children(running.id()).is_empty());
    let recogniser = children(running.id())[0];
    if cfg!(target_os = "linux") {
        let of = |file: &str| fs::read_to_string(format!("/proc/{recogniser}/{file}")).unwrap_or_default();
        wait("it offers itself to the system when memory runs out", || {
            of("oom_score_adj").trim().parse().is_ok_and(|score: i32| score >= 500)
        });
        let own = fs::read_to_string(format!("/proc/{}/oom_score_adj", running.id())).unwrap();
        assert_eq!(own.trim(), fs::read_to_string("/proc/self/oom_score_adj").unwrap().trim());
    }
    fs::remove_file(&model).unwrap();
    // It may have been about to read the model just now: then it has ended by itself.
    let killed = Command::new("kill").args(["-KILL", &recogniser.to_string()]).stderr(Stdio::null()).status();
    killed.expect("kill is there");
    let ran = running.end();
    ran.expect(0);
    assert!(ran.err.contains("text is pending") && ran.err.contains(MODEL), "{}", ran.err);
    let session = ran.session();
    assert!(session.manifest.account.iter().all(|account| account.lost.0 == 0));
    let (_, count, _) = coded(&sound::track(&session, "coded"));
    assert!(count > 11 * 48_000, "{count} frames of 12 seconds");

    fs::copy(models.join(MODEL), &model).unwrap();
    let ran = home.run(["transcribe", "last", "--resume"]);
    ran.expect(0);
    let text = ran.session().utterances.iter().map(|u| u.text.to_lowercase() + " ").collect::<String>();
    assert!(text.contains("ask not") && text.contains("country"), "{text}");
}

/// In a program for tests `auto` is whisper.cpp, as whole numbers are slow there; what users get is the own
/// engine.
#[test]
fn a_file_is_written_down_by_the_own_engine_as_by_whisper_cpp() {
    let test = "a_file_is_written_down_by_the_own_engine";
    let (Some(home), Some(speech)) = (Home::with_models(test), shared("speech", test)) else { return };
    let wav = speech.join("jfk/jfk.wav");
    let by = |whisper: &str| {
        let mut command = home.command(["transcribe", wav.to_str().unwrap(), "--model=tiny.en-q8_0"]);
        command.args(["--language=en"]).env("HANSARD_TRANSCRIBE_WHISPER", whisper);
        command.env("HANSARD_TRANSCRIBE_SEGMENT_TIMEOUT_S", "600");
        let ran = Running::start(&mut command).end_after(600);
        ran.expect(0).session().utterances
    };
    let own = by("int8");
    let text = |lines: &[Utterance]| -> Vec<String> {
        lines.iter().flat_map(|line| words::words(&line.text)).collect()
    };
    // However either sets stops.
    let said = words::words("ask not what your country can do for you");
    let has = |lines: &[Utterance]| text(lines).windows(said.len()).any(|part| part == said);
    assert!(has(&own), "{own:?}");
    for line in &own {
        let times: Vec<f64> = line.words.iter().flat_map(|word| [word.start, word.end]).collect();
        assert!(times.is_sorted() && times[0] >= line.start - 0.01, "{line:?}");
    }
    if cfg!(feature = "whisper") {
        let other = by("whisper.cpp");
        assert!(has(&other), "{other:?}");
        let doubts = |lines: &[Utterance]| -> Vec<_> {
            lines.iter().map(|line| line.evidence.unwrap().avg_logprob.unwrap()).collect()
        };
        assert_ne!(doubts(&own), doubts(&other), "one engine has written both");
    }
}

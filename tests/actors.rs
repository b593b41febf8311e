//! Supervision is really there: whichever actor panics, what is recorded is not touched.
//!
//! Real threads, real files, position-coded sources at their true pace; the actors are told to panic while
//! sound comes in.

use std::path::Path;
use std::sync::Arc;

use crate::support::live::{Made, facts};
use crate::support::live::{Run, check_take, no_losses, record_for, spoken, start_at, start_with, until};
use crate::support::sound::pcm;
use crate::support::stage::meeting::speak;
use hansard::actors::Role;
use hansard::actors::transcriber::{MakeRecognizer, Outcome};
use hansard::capture::feed::Pace;
use hansard::config::Config;
use hansard::live::{News, display_name};
use hansard::recognisers::scripted::{ScriptedRecognizer, Step};
use hansard::session::manifest::Manifest;
use hansard::speakers::enrolled::{Consent, EmbeddedBy, Recording, add};
use hansard::speakers::networks::Networks;
use hansard::speech::enrol;
use hansard::speech::work::Pass;

const SOURCES: [&str; 2] =
    ["Alice=synth:coded,secs=0", "Bob=synth:coded,secs=0,rate=44100,channels=2,block=1-3000"];

async fn start(sources: &[&str], make: MakeRecognizer) -> Run {
    start_at(Pace::Real, sources, make).await
}

fn says_hello() -> MakeRecognizer {
    Arc::new(|| Box::new(ScriptedRecognizer::new([Step::Say("hello there".into())])))
}

async fn a_panic_costs_no_sound(role: Role, name: &str) {
    let run = start(&SOURCES, says_hello()).await;
    record_for(800).await;
    run.crash(role).await;
    until("the failure to be noticed", || run.heard.failures_of(name) > 0).await;
    record_for(800).await;
    let (closed, outcome) = run.finish().await;
    assert_eq!(outcome, Outcome::Complete);
    no_losses(&closed);
    for (frames, rate) in run.check_sound(1).into_iter().zip([48_000.0, 44_100.0]) {
        assert!(frames as f64 / rate > 1.5, "{frames} frames at {rate}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_device_capture_costs_no_sound() {
    a_panic_costs_no_sound(Role::DeviceCapture, "device capture").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_the_one_that_listens_at_the_socket_costs_no_sound() {
    a_panic_costs_no_sound(Role::Control, "control").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_transcriber_costs_no_sound() {
    a_panic_costs_no_sound(Role::Transcriber, "transcriber").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_denoiser_costs_no_sound() {
    a_panic_costs_no_sound(Role::Denoiser, "denoiser").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_segmenter_costs_no_sound() {
    a_panic_costs_no_sound(Role::Segmenter, "segmenter").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_writers_actor_costs_no_sound() {
    a_panic_costs_no_sound(Role::Writer, "writer").await;
}

#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_writers_thread_at_most_starts_new_takes() {
    let run = start(&SOURCES, says_hello()).await;
    record_for(800).await;
    run.recording.tell_writer(hansard::writer::Control::Crash);
    record_for(800).await;
    let (closed, _) = run.finish().await;
    for (frames, rate) in run.check_sound(2).into_iter().zip([48_000.0, 44_100.0]) {
        assert!(frames as f64 / rate > 1.3, "{frames} frames at {rate}");
    }
    // What had not been flushed is a gap with a name, and the account balances.
    for track in &closed.account {
        let gaps: u64 = track.gaps.iter().map(|gap| gap.frames.0).sum();
        assert_eq!(track.expected.0 as i64, (track.written.0 + gaps) as i64 + track.unexplained, "{track:?}");
        assert!(track.lost.0 < 12_000, "a quarter of a second at most: {track:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_recorder_leaves_a_data_plane_that_closes_in_order() {
    let run = start(&SOURCES, says_hello()).await;
    record_for(800).await;
    run.crash(Role::Recorder).await;
    let ended = run.fails().await;
    assert!(ended.recorder_failed);
    let closed = ended.closed.expect("the disk answers");
    no_losses(&closed);
    let manifest: Manifest =
        serde_json::from_slice(&std::fs::read(run.recording.dir.join("session.json")).unwrap()).unwrap();
    assert_eq!(manifest.state, hansard::session::manifest::State::Closed);
    for take in &manifest.takes {
        let (_, count) = check_take(&run.recording.dir.join(&take.file), take.channels);
        assert!(count as f64 / f64::from(take.rate.0) > 0.7);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn panics_on_the_analysis_side_cost_no_text_and_double_none() {
    let speech = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/speech/jfk/jfk.wav");
    if !speech.is_file() {
        println!("skipped: there is no ../shared/speech/jfk/jfk.wav");
        return;
    }
    let source = format!("Jack=file:{}", speech.display());
    let calm = start_at(Pace::Max { limit: None }, &[&source], says_hello()).await;
    until("the file to end", || calm.recording.is_ended()).await;
    calm.finish().await;
    let expected = spoken(&calm);
    assert!(expected.len() >= 2, "{expected:?}");

    let shaken = start(&[&source], says_hello()).await;
    for role in [Role::Denoiser, Role::Segmenter, Role::Transcriber, Role::Denoiser] {
        record_for(2_000).await;
        shaken.crash(role).await;
    }
    until("the file to end", || shaken.recording.is_ended()).await;
    let (closed, outcome) = shaken.finish().await;
    assert_eq!(outcome, Outcome::Complete);
    assert_eq!(closed.account[0].lost.0, 0);
    let heard = spoken(&shaken);
    let both = |a: (f64, f64), b: (f64, f64)| (a.1.min(b.1) - a.0.max(b.0)).max(0.0);
    for &line in &expected {
        let covered: f64 = heard.iter().map(|h| both(line, *h)).sum();
        assert!(covered > 0.7 * (line.1 - line.0), "{line:?} is missing in {heard:?}");
    }
    for (n, line) in heard.iter().enumerate() {
        let doubled: f64 = heard[..n].iter().map(|h| both(*line, *h)).sum();
        assert!(doubled < 0.1, "{line:?} is there twice in {heard:?}");
    }
}

/// The same as a user meets it: the real program ends with code 3, and every file is closed.
#[test]
fn a_panic_in_the_recorder_ends_the_program_with_code_3_and_closed_files() {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_hansard"))
        .args(["record", "--no-transcribe", "--for", "60s", "--source", "Alice=synth:coded,secs=0"])
        .env("HANSARD_RECORDINGS", folder.path())
        .env("HANSARD_TEST_CRASH", "recorder")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("closing all files"), "{said}");
    let dir = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let manifest: Manifest =
        serde_json::from_slice(&std::fs::read(dir.join("session.json")).unwrap()).unwrap();
    assert_eq!(manifest.state, hansard::session::manifest::State::Closed);
    let (_, count) = check_take(&dir.join("tracks/alice.wav"), 1);
    assert!(count > 40_000, "{count} frames of more than a second");
}

/// A file in which each of these voices says each of these sentences by turns; `None` where flite is absent.
fn spoken_by(path: &Path, voices: &[&str], sentences: &[&str]) -> Option<()> {
    let mut noise = hansard::base::random::Random::new(7);
    let mut samples = Vec::new();
    for (sentence, voice) in sentences.iter().flat_map(|sentence| voices.iter().map(move |v| (sentence, v))) {
        let Ok(said) = speak(voice, sentence) else {
            println!("skipped: flite is absent");
            return None;
        };
        let sound = said.samples.into_iter().chain(std::iter::repeat_n(0.0, 36_000));
        samples.extend(sound.map(|x| ((x + noise.range(-1e-3, 1e-3) as f32) * 32_000.0) as i32));
    }
    pcm(path, 48_000, 1, 16, &samples);
    Some(())
}

/// What the end of the recording would call her, the lines are called while it runs; and no file is told.
#[tokio::test(flavor = "multi_thread")]
async fn an_enrolled_voice_is_named_while_it_is_recorded() {
    const SENTENCES: [&str; 4] = [
        "Good morning everybody, let us begin with the garden and the old fence behind the house.",
        "Who of you could bring a hammer, a saw and some nails, before the winter comes?",
        "Then we shall meet on Saturday at nine o'clock, at the gate, whatever the weather is like.",
        "I have asked for two offers, and the second one is by far the better one of them.",
    ];
    let folder = tempfile::tempdir().unwrap();
    let (own, room) = (folder.path().join("carol.wav"), folder.path().join("room.wav"));
    let Some(()) = spoken_by(&own, &["slt"], &SENTENCES) else { return };
    spoken_by(&room, &["slt", "rms"], &SENTENCES[1..]);
    let mut config = Config::load(None).unwrap();
    config.paths.voices = folder.path().join("voices");
    let sounds = enrol::of_file(&mut Networks::load().unwrap(), &own, None, None).unwrap();
    let consent = Consent { note: "yes".into(), date: jiff::civil::date(2026, 3, 14) };
    let recording = Recording {
        source: "a file".into(),
        seconds: sounds.seconds,
        consent,
        model: EmbeddedBy::ours(),
        centre: sounds.centre,
    };
    add(&config.paths.voices, "Carol", vec![recording]).unwrap();

    let made = Made { facts: facts(), make: says_hello() };
    let source = format!("Room=file:{}", room.display());
    let run = start_with(Pace::Real, &[&source], config, (Arc::new(made), Some(Pass::Live))).await;
    let mut news = run.recording.news.subscribe();
    let names = std::thread::spawn(move || {
        let mut names = Vec::new();
        while let Some(told) = news.wait() {
            if let News::Line(line) = told {
                names.push(display_name(news.naming(), &line.utterance));
            }
        }
        names
    });
    until("both voices to be known", || {
        let (mut first, mut second) = (false, false);
        for line in run.heard.lines.lock().unwrap().iter() {
            first |= line.voice.as_deref() == Some("room#1");
            second |= line.voice.as_deref() == Some("room#2");
        }
        first && second
    })
    .await;
    record_for(6_000).await;
    let dir = run.recording.dir.clone();
    let files = ["events.jsonl", "transcript.jsonl", "session.json"];
    let text = files.map(|file| std::fs::read_to_string(dir.join(file)).unwrap()).concat();
    assert!(!text.contains("Carol") && !dir.join("voices.jsonl").exists());
    run.finish().await;
    drop(run);
    let names = names.join().unwrap();
    println!("{names:?}");
    assert_eq!(names[0], "Room", "nobody is known at once");
    assert!(names.iter().any(|name| name == "Carol"), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("Room, voice ")), "{names:?}");
}

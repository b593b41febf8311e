//! A short part of the accuracy suite (`./dev accuracy`), so that no change makes the words worse unnoticed:
//! real recordings through the real program, held to the committed baseline. Words are compared by our own
//! normaliser and alignment, so its counts are for comparison with themselves; the suite counts with
//! Whisper's normaliser and MeetEval.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use hansard::base::random::Random;

use crate::support::home::{Home, shared};
use crate::support::sound::{float, pcm, read_float, read_pcm, track};
use crate::support::stage::words;

const MODEL: &str = "--model=base-q8_0";
const RATE: usize = 16_000;

/// A recording and what is said in it, in order of time.
struct Known {
    wav: PathBuf,
    said: String,
}

/// Two meetings, a phone call, a speech: 101 s.
fn recordings(folder: &Path) -> Vec<Known> {
    let turns = |stem: &str| {
        let stm = fs::read_to_string(folder.join(stem).with_extension("stm")).unwrap();
        let mut turns: Vec<(f64, String)> = stm
            .lines()
            .filter_map(|line| {
                let mut fields = line.split_whitespace().skip(3);
                let start = fields.next()?.parse().ok()?;
                Some((start, fields.skip(1).collect::<Vec<_>>().join(" ")))
            })
            .collect();
        turns.sort_by(|a, b| a.0.total_cmp(&b.0));
        turns.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
    };
    let mut known: Vec<Known> = ["ami/dev00", "ami/trn04", "call/sample"]
        .map(|stem| Known { wav: folder.join(stem).with_extension("wav"), said: turns(stem) })
        .into();
    let said = fs::read_to_string(folder.join("jfk/jfk.txt")).unwrap();
    known.push(Known { wav: folder.join("jfk/jfk.wav"), said });
    known
}

fn baseline() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/accuracy/baseline.json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// What stands in the minutes, and what doesn't.
fn transcribe(home: &Home, wav: &Path) -> (String, Vec<Value>) {
    let ran = home.run(["transcribe", wav.to_str().unwrap(), MODEL, "--language=en", "--json"]);
    let session = ran.expect(0).session();
    let dir = session.dir.to_str().unwrap();
    let lines = home.run(["export", dir, "--output=-", "--format=json"]).expect(0).json();
    let text: Vec<&str> =
        lines.as_array().unwrap().iter().map(|line| line["words"].as_str().unwrap()).collect();
    let shown = home.run(["show", dir, "--withheld", "--json"]).expect(0).json();
    let all = shown["utterances"].as_array().unwrap();
    (text.join(" "), all.iter().filter(|each| !each["withheld"].is_null()).cloned().collect())
}

#[test]
fn words_are_as_right_as_they_were() {
    let test = "words_are_as_right_as_they_were";
    let (Some(home), Some(folder)) = (Home::with_models(test), shared("speech", test)) else { return };
    let (mut errors, mut of) = (0, 0);
    for Known { wav, said } in recordings(&folder) {
        let (text, withheld) = transcribe(&home, &wav);
        let (said, heard) = (words::words(&said), words::words(&text));
        let edits = words::align(&said, &heard).0;
        println!("{}: {edits:?} of {} words; withheld {}; {text}", wav.display(), said.len(), withheld.len());
        errors += edits.errors();
        of += said.len();
    }
    let short = &baseline()["short"];
    let [known, before, tolerance] =
        ["words", "errors", "tolerance"].map(|key| short[key].as_u64().unwrap() as usize);
    assert_eq!(of, known, "the recordings are others than the baseline's");
    assert!(errors <= before + tolerance, "{errors} errors in {of} words; the baseline has {before}");
}

#[test]
fn nothing_is_said_where_nobody_speaks() {
    let test = "nothing_is_said_where_nobody_speaks";
    let Some(home) = Home::with_models(test) else { return };
    let wav = home.path("nobody.wav");
    pcm(&wav, RATE as u32, 1, 16, &nobody());
    let (text, withheld) = transcribe(&home, &wav);
    assert_eq!(text, "", "invented");
    println!("withheld: {withheld:?}");
}

/// A speech made 40 and 50 dB softer: before it was raised for whoever listens, 15 and 1 of its 22 words were
/// understood.
#[test]
fn quiet_speech_is_understood_and_its_track_stays_as_it_is() {
    let test = "quiet_speech_is_understood_and_its_track_stays_as_it_is";
    let (Some(home), Some(folder)) = (Home::with_models(test), shared("speech/jfk", test)) else { return };
    let said = words::words(&fs::read_to_string(folder.join("jfk.txt")).unwrap());
    let samples = read_pcm(&folder.join("jfk.wav")).1;
    for (db, wrong_max) in [(-40, 2), (-50, 4)] {
        let factor = 10f32.powf(db as f32 / 20.0) / 32_768.0;
        let soft: Vec<f32> = samples.iter().map(|sample| *sample as f32 * factor).collect();
        let wav = home.path(&format!("soft{db}.wav"));
        float(&wav, RATE as u32, 1, &soft);
        let ran = home.run(["transcribe", wav.to_str().unwrap(), MODEL, "--language=en"]);
        let session = ran.expect(0).session();
        let shown = session.utterances.iter().filter(|line| line.is_shown());
        let text: Vec<&str> = shown.map(|line| line.text.as_str()).collect();
        let edits = words::align(&said, &words::words(&text.join(" "))).0;
        println!("{db} dB: {edits:?} of {} words; {text:?}", said.len());
        assert!(edits.errors() <= wrong_max, "{db} dB: {edits:?}; {text:?}");
        assert!(
            read_float(&track(&session, &session.manifest.sources[0].track)).1 == soft,
            "{db} dB: its track"
        );
    }
}

/// Music, hiss that swells and falls, and keys, 35 dB softer than they may be.
#[test]
fn nothing_is_said_where_nobody_speaks_softly() {
    let test = "nothing_is_said_where_nobody_speaks_softly";
    let Some(home) = Home::with_models(test) else { return };
    let wav = home.path("nobody.wav");
    let soft: Vec<f32> = nobody().iter().map(|sample| *sample as f32 / 32_768.0 * 0.018).collect();
    float(&wav, RATE as u32, 1, &soft);
    assert_eq!(transcribe(&home, &wav).0, "", "invented");
}

/// A minute without anybody: nothing, hiss, hum, keys, tones, a fan.
fn nobody() -> Vec<i32> {
    let part = 10 * RATE;
    let mut random = Random::new(20_261_126);
    let tone = |i: usize, hz: f64| (i as f64 * hz * std::f64::consts::TAU / RATE as f64).sin();
    let mut fan = 0.0;
    (0..6 * part)
        .map(|at| {
            let (i, noise) = (at % part, random.range(-1.0, 1.0));
            fan = 0.97 * fan + 0.03 * noise;
            let sample = match at / part {
                0 => 0.0,
                1 => 0.05 * noise,
                2 => 0.1 * tone(i, 50.0) + 0.05 * tone(i, 150.0) + 0.001 * noise,
                3 => 0.4 * noise * (-((i % 2_900) as f64) / 120.0).exp() + 0.001 * noise,
                4 => {
                    0.1 * tone(i, [220.0, 277.2, 329.6, 440.0][i / 6_400 % 4])
                        * (-((i % 6_400) as f64) / 3_000.0).exp()
                }
                _ => 0.3 * fan + 0.02 * tone(i, 240.0),
            };
            (sample * 32_767.0) as i32
        })
        .collect()
}

//! `doctor`: what it finds wrong, what it says to do, how it ends; and that it leaves nothing behind.

use serde_json::Value;

use crate::support::home::{Home, Ran, shared};
use crate::support::sound::pcm;
use crate::support::stage::meeting::speak;

/// The findings about one source or part of the machine: severity, and all that is said.
fn findings(report: &Value, about: &str) -> Vec<(String, String)> {
    let all = report["findings"].as_array().unwrap().iter().filter(|finding| finding["about"] == about);
    all.map(|f| {
        let text = |key: &str| f[key].as_str().unwrap().to_owned();
        assert!(!text("advice").is_empty(), "{f}");
        (text("severity"), text("text") + " / " + &text("advice"))
    })
    .collect()
}

fn source<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["sources"].as_array().unwrap().iter().find(|source| source["name"] == name).unwrap()
}

#[track_caller]
fn assert_left_nothing(home: &Home, ran: &Ran) {
    assert_eq!(home.sessions(), Vec::<std::path::PathBuf>::new());
    assert!(!home.recordings().exists(), "not even a folder: {}", ran.err);
}

#[test]
fn each_source_is_judged_for_itself() {
    let home = Home::new();
    let ran = home.run([
        "doctor",
        "--json",
        "--no-transcribe",
        "--seconds=6",
        "--source=Good=synth:noise,secs=0,ppm=-150",
        "--source=Dead=synth:silence,secs=0,rate=44100,bits=16",
        "--source=Left=synth:noise,secs=0,channels=2,seed=5#1",
        "--source=Stalls=synth:noise,secs=0,stall=2:1",
        "--source=Fast=synth:noise,secs=0,ppm=2000",
        "--source=Loud=synth:tone,secs=0,hz=40,db=0",
        "--source=Gone=file:/nowhere.wav",
    ]);
    // That one source is missing is what decides: record would not begin.
    let report = ran.expect(1).json();
    assert_eq!(report["exit"], 1);
    assert_left_nothing(&home, &ran);

    let good = source(&report, "Good");
    assert_eq!(findings(&report, "Good"), []);
    assert_eq!(
        (&good["rate"], &good["channels"], &good["stored_as"]),
        (&48_000.into(), &1.into(), &"s24".into())
    );
    let (peak, rms) = (good["peak_dbfs"].as_f64().unwrap(), good["rms_dbfs"].as_f64().unwrap());
    assert!(rms < peak && (-40.0..-10.0).contains(&peak), "{good}");
    assert!((5.0..7.5).contains(&good["seconds"].as_f64().unwrap()), "{good}");
    // On a busy machine the time may be too short for a rate; a rate that is told holds within what is
    // promised.
    if let Some(ppm) = good["clock"]["ppm"].as_f64() {
        let off = (ppm + 150.0).abs();
        assert!(off <= good["clock"]["uncertain_ppm"].as_f64().unwrap(), "{good}");
    }
    assert!(good["period_ms"].as_f64().unwrap() > 5.0, "{good}");

    let dead = source(&report, "Dead");
    assert_eq!((&dead["only_zeros"], &dead["peak_dbfs"]), (&true.into(), &Value::Null));
    assert_eq!((&dead["rate"], &dead["stored_as"]), (&44_100.into(), &"s16".into()));
    for (name, severity, part) in [
        ("Dead", "loss", "digital silence"),
        ("Stalls", "loss", "(stall)"),
        ("Loud", "loss", "clips"),
        ("Gone", "refusal", "/nowhere.wav"),
    ] {
        let found = findings(&report, name);
        assert!(found.iter().any(|(s, text)| s == severity && text.contains(part)), "{name}: {found:?}");
    }
    let fast = findings(&report, "Fast");
    let clock = source(&report, "Fast")["clock"]["ppm"].as_f64();
    assert_eq!(
        clock.is_some(),
        fast.iter().any(|(s, text)| s == "hint" && text.contains("off its rate")),
        "{fast:?}"
    );

    // 48 kHz of 24 bits four times (one channel of two among them), once more with 16 bits at 44.1 kHz, and
    // the tone.
    let disk = &report["disk"];
    let expected = 5 * (48_000 * 3 + 1_000) + 44_100 * 2 + 1_000;
    assert_eq!(disk["needed"], expected);
    assert!(disk["available"].as_u64().unwrap() > 0 && disk["speed"].as_f64().unwrap() > 0.0, "{disk}");
    assert_eq!((&report["model"], &report["text"]), (&Value::Null, &Value::Null));
    if cfg!(target_os = "linux") {
        assert!(report["realtime"]["threads"].as_u64().unwrap() > 0, "{}", report["realtime"]);
    }
}

#[test]
fn losses_and_hints_have_their_own_exit_codes() {
    let home = Home::new();
    let good = "--source=Good=synth:noise,secs=0";
    let ran = home.run(["doctor", "--seconds=2", good, "--source=Dead=synth:silence,secs=0"]);
    ran.expect(2);
    for part in [
        "Good: synthetic source",
        "LOSS   Dead: delivers nothing but digital silence",
        "→ unmute it",
        "Sound would be lost",
    ] {
        assert!(ran.out.contains(part), "{part:?} in\n{}", ran.out);
    }
    // No model is not a loss, but is reported; one that was named must be there.
    let ran = home.run(["doctor", "--seconds=1", good]);
    ran.expect(0);
    assert!(
        ran.out.contains("no speech model in") && ran.out.contains("models pull base-q8_0"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("too short to tell its rate"), "{}", ran.out);
    let ran = home.run(["doctor", "--seconds=1", good, "--model=nope"]);
    ran.expect(1);
    assert!(
        ran.out.contains("'nope' is not installed") && ran.out.contains("would refuse to start"),
        "{}",
        ran.out
    );
    // A source in the settings is one of them; a folder that can't be written to is in the way.
    let config = home.write("own.toml", "[[source]]\nname = \"Set\"\nspec = \"synth:noise,secs=0\"\n");
    let file = home.write("a-file", "");
    let ran = home.run([
        "doctor",
        "--seconds=1",
        "--json",
        "--no-transcribe",
        "--config",
        config.to_str().unwrap(),
        "--out",
        file.to_str().unwrap(),
    ]);
    let report = ran.expect(1).json();
    assert_eq!(source(&report, "Set")["delivers"], true);
    assert!(findings(&report, "disk")[0].1.contains("can't be written to"), "{report}");
    assert_left_nothing(&home, &ran);
    home.refuses(&["doctor", "--seconds=0", good], &["--seconds"]);
    home.refuses(&["doctor", "--source=A=mick"], &["did you mean `mic`?"]);
    home.refuses(&["doctor", good, "--language=Bob=de"], &["no source named \"Bob\""]);
}

#[test]
fn ctrl_c_ends_it_and_nothing_stays() {
    let home = Home::new();
    let mut running = home.start(["doctor", "--seconds=600", "--source=A=synth:noise,secs=0"]);
    running.says("listening");
    running.signal("INT");
    let ran = running.end();
    ran.expect(3);
    assert!(
        ran.err.contains("interrupted; nothing was stored") && ran.out.is_empty(),
        "{}{}",
        ran.out,
        ran.err
    );
    assert_left_nothing(&home, &ran);
}

#[test]
fn the_recogniser_is_put_to_work() {
    let test = "the_recogniser_is_put_to_work";
    let (Some(home), Some(_)) = (Home::with_models(test), shared("models", test)) else { return };
    let ran = home.run([
        "doctor",
        "--seconds=1",
        "--json",
        "--model=tiny.en-q8_0",
        "--source=A=synth:noise,secs=0",
        "--source=B=synth:noise,secs=0",
    ]);
    let report = ran.expect(0).json();
    assert_eq!(
        (&report["model"]["name"], &report["model"]["as_published"]),
        (&"tiny.en-q8_0".into(), &Value::Null)
    );
    let text = &report["text"];
    let (factor, at_once) = (text["factor"].as_f64().unwrap(), text["at_once"].as_u64().unwrap());
    assert!(factor > 0.0 && text["load_s"].as_f64().unwrap() > 0.0 && text["sources"] == 2, "{text}");
    // However slow this machine is: what is said of it agrees with what was measured.
    assert_eq!(at_once < 2, !findings(&report, "text").is_empty(), "{report}");
}

/// Two people at one microphone, who take turns for half a minute; and one of them alone.
#[test]
fn a_microphone_that_several_people_share_is_told() {
    let home = Home::new();
    for (name, voices) in [("two.wav", &["slt", "rms"][..]), ("one.wav", &["slt", "slt"])] {
        let mut samples = Vec::new();
        for sentence in [
            "Good morning everybody, let us begin with the garden and the old fence behind the house.",
            "Then we shall meet on Saturday at nine o'clock, at the gate, whatever the weather is like.",
            "I have asked for two offers, and the second one is by far the better one of them.",
        ] {
            for voice in voices {
                let Ok(said) = speak(voice, sentence) else { return println!("skipped: flite is absent") };
                let sound = said.samples.into_iter().chain(std::iter::repeat_n(0.0, 12_000));
                samples.extend(sound.map(|x| (x * 16_000.0) as i32));
            }
        }
        pcm(&home.path("cwd").join(name), 48_000, 1, 16, &samples);
    }
    let sources = ["--source=Room=file:two.wav", "--source=Ann=file:one.wav"];
    let args = ["doctor", "--seconds=50", "--no-transcribe", "--json", sources[0], sources[1]];
    let ran = home.start(args).end_after(120);
    let report = ran.expect(0).json();
    let room = source(&report, "Room");
    assert_eq!(room["voices"], 2, "{room}");
    let told = findings(&report, "Room");
    assert!(
        told.iter().any(|(severity, text)| severity == "hint"
            && text.contains("hears several people: 2 voices just now")
            && text.contains("one microphone each is better")),
        "{told:?}"
    );
    let ann = source(&report, "Ann");
    assert_eq!((&ann["voices"], findings(&report, "Ann").len()), (&1.into(), 0), "{ann}");
    assert_left_nothing(&home, &ran);
}

//! Dead sound is noticed while it can still be mended: on the terminal and in the journal, once, and again
//! when it ends.

use std::fs;
use std::path::Path;

use hansard::base::cause::Alarm;
use hansard::session::journal::{Event, Line};
use hansard::session::reading::Session;

use crate::support::home::{Home, shared};
use crate::support::sound;

/// The alarms in a session's journal: session second, which, of which track, and whether it began.
fn alarms(dir: &Path) -> Vec<(f64, Alarm, Option<String>, bool)> {
    let journal = fs::read_to_string(dir.join("events.jsonl")).unwrap();
    let lines = journal.lines().map(|line| serde_json::from_str::<Line>(line).unwrap());
    lines
        .filter_map(|line| match line.event {
            Event::Alarm { alarm, track, on, .. } => Some((line.session_ns.seconds(), alarm, track, on)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_device_that_sends_only_zeros_is_named_within_ten_seconds() {
    let home = Home::new();
    let ran = home.run([
        "record",
        "--no-transcribe",
        "--for=11.5s",
        "--source=Dead=synth:noise,secs=0,zeros=0.5:10",
        "--source=Quiet=synth:noise,db=-90,bits=16,secs=0",
        "--source=Stalled=synth:noise,secs=0,stall=1:60",
    ]);
    ran.expect(2);
    let alarms = alarms(&ran.session().dir);
    let of = |track: &str| -> Vec<(f64, Alarm, bool)> {
        let own = alarms.iter().filter(|(.., named, _)| named.as_deref() == Some(track));
        own.map(|(at, alarm, _, on)| (*at, *alarm, *on)).collect()
    };
    let [(said, Alarm::Zeros, true), (ended, Alarm::Zeros, false)] = of("dead")[..] else {
        panic!("{alarms:?}")
    };
    assert!(said < 0.5 + 10.0 && ended > 10.5, "{alarms:?}");
    let [(said, Alarm::NoSound, true)] = of("stalled")[..] else { panic!("{alarms:?}") };
    assert!(said < 1.0 + 10.0, "{alarms:?}");
    assert_eq!(of("quiet"), [], "a quiet room is not an alarm");
    for (text, times) in [
        ("ALARM: Dead has delivered nothing but digital silence since 00:00:00", 1),
        ("all well again: Dead delivers true sound again", 1),
        ("ALARM: Stalled has delivered nothing since 00:00:01", 1),
        ("ALARM", 2),
    ] {
        assert_eq!(ran.err.matches(text).count(), times, "{text:?} in\n{}", ran.err);
    }
}

#[test]
fn real_meetings_and_calls_raise_no_alarm() {
    let Some(speech) = shared("speech", "real_meetings_and_calls_raise_no_alarm") else { return };
    let home = Home::new();
    let mut args = vec!["record".to_owned(), "--no-transcribe".into(), "--pace=max".into()];
    for folder in ["ami", "call", "jfk"] {
        for file in fs::read_dir(speech.join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "wav") {
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                args.push(format!("--source={name}=file:{}", path.display()));
            }
        }
    }
    assert!(args.len() > 10, "{args:?}");
    let ran = home.run(&args);
    ran.expect(0);
    assert_eq!(alarms(&ran.session().dir), []);
}

/// A speech made 40 dB softer: −57 dBFS.
#[test]
fn speech_that_is_far_too_quiet_is_named_with_what_to_do() {
    let test = "speech_that_is_far_too_quiet_is_named_with_what_to_do";
    let (Some(home), Some(speech)) = (Home::with_models(test), shared("speech/jfk", test)) else { return };
    let (spec, samples) = sound::read_pcm(&speech.join("jfk.wav"));
    // Twice, so that it is long; in 24 bits, so that it is no coarser than it was.
    let soft: Vec<i32> = samples.iter().chain(&samples).map(|sample| sample * 256 / 100).collect();
    let files = [("Soft", soft), ("Loud", samples.iter().map(|sample| sample * 256).collect())];
    let told: Vec<(String, Session)> = files
        .map(|(name, samples): (&str, Vec<i32>)| {
            let wav = home.path(&format!("{name}.wav"));
            sound::pcm(&wav, spec.sample_rate, 1, 24, &samples);
            let ran = home.run(["transcribe", wav.to_str().unwrap(), "--model=tiny.en-q8_0"]);
            ran.expect(0);
            let session = ran.session();
            (ran.err, session)
        })
        .into();
    let [(soft_err, soft), (loud_err, loud)] = &told[..] else { unreachable!() };
    let track = soft.manifest.sources[0].track.clone();
    let of_speech = |session: &Session| -> Vec<(Alarm, Option<String>, bool)> {
        alarms(&session.dir).into_iter().map(|(_, alarm, track, on)| (alarm, track, on)).collect()
    };
    assert_eq!(of_speech(soft), [(Alarm::TooQuiet, Some(track), true)]);
    assert_eq!(soft_err.matches("is very quiet, and words may be missing").count(), 1, "{soft_err}");
    assert!(soft_err.contains("higher input level, or from closer"), "{soft_err}");
    let minutes = fs::read_to_string(soft.dir.join("minutes.md")).unwrap();
    assert!(minutes.contains("very quiet: words may be missing"), "{minutes}");
    let lines = home.run(["export", soft.dir.to_str().unwrap(), "--format=jsonl", "--output=-"]);
    assert!(lines.expect(0).out.contains("\"too_quiet\""), "{}", lines.out);
    // The same words at their usual level.
    assert_eq!(of_speech(loud), []);
    assert!(!loud_err.contains("quiet"), "{loud_err}");

    // Made again, it is told again and still stands there once.
    home.run(["transcribe", soft.dir.to_str().unwrap(), "--model=tiny.en-q8_0"]).expect(0);
    let minutes = fs::read_to_string(soft.dir.join("minutes.md")).unwrap();
    assert_eq!(minutes.matches("very quiet").count(), 1, "{minutes}");
}

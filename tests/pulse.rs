//! The whole road, from the device to the minutes: `hansard record` on three devices of a private PulseAudio,
//! into which a scripted meeting is played.
//!
//! Needs pulseaudio, flite and, for the text, a model. Where one is lacking the test says so and passes,
//! unless `HANSARD_TEST_ALL=1` (which `./dev test` sets) makes that a failure.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::home::alone;
use crate::support::stage::align::{Alignment, locate};
use crate::support::stage::meeting::{Feed, Meeting, Script};
use crate::support::stage::pulse::{self, Pulse, RATE};
use crate::support::stage::recorder::{Out, Recorder, Session, folders};
use crate::support::stage::score::{Line, percentile, score};
use hansard::base::utterance::Utterance;
use hansard::session::manifest::{SourceKind, State};
use serde_json::Value;

/// The first turns of the demo's meeting: everybody speaks, somebody interjects.
const TURNS: usize = 6;
/// Time for the sound system and the programs to start, on a machine that builds something else as well.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Time for text that still lags when the recording ends, on the same machine, with code that is little
/// optimised.
const FINISH_LIMIT: Duration = Duration::from_secs(240);
/// Synthetic voices, a small model and room bleed: well above what is measured, well below what a defect
/// makes of it.
const WER_MAX: f64 = 0.2;

/// Whether to skip, because `what` is lacking.
fn skip(test: &str, what: &str) -> bool {
    assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{test} cannot run: {what}");
    println!("SKIPPED {test}: {what}");
    true
}

fn lacks_sound(test: &str) -> bool {
    let flite = Command::new("flite").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match pulse::missing() {
        Some(missing) => skip(test, &missing),
        None if flite.is_err() => skip(test, "flite not found; `./dev setup` installs what is needed"),
        None => false,
    }
}

/// The folder of models: the user's, else the one beside the checkout.
fn models() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models");
    let named = std::env::var_os("HANSARD_MODELS").map(PathBuf::from);
    named.into_iter().chain([shared]).find(|dir| dir.join("ggml-base-q8_0.bin").exists())
}

struct Rig {
    meeting: Meeting,
    wavs: Vec<PathBuf>,
    pulse: Pulse,
    dir: tempfile::TempDir,
}

impl Rig {
    fn set_up(turns: usize) -> Self {
        let script = Script::of_the_demo().unwrap().first(turns);
        let meeting = script.render().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let wavs = meeting.feeds.iter().map(|feed| feed.write_wav(dir.path()).unwrap()).collect();
        let (mics, speakers) = script.devices();
        let pulse = Pulse::start(&mics, &speakers).unwrap();
        Self { meeting, wavs, pulse, dir }
    }

    /// Plays the meeting to its end.
    fn play(&mut self) {
        for (feed, wav) in self.meeting.feeds.iter().zip(&self.wavs) {
            self.pulse.play(&feed.sink(), wav).unwrap();
        }
        let limit = Duration::from_secs_f64(self.meeting.seconds() + 20.0);
        for (played, feed) in self.pulse.wait_played(limit).unwrap().iter().zip(&self.meeting.feeds) {
            assert_eq!(
                played.underruns, 0,
                "the player of {} ran dry: the machine is too busy",
                feed.person.name
            );
        }
    }

    fn hansard(&self) -> Command {
        let mut command = self.pulse.recorder(Path::new(env!("CARGO_BIN_EXE_hansard")));
        let home = self.dir.path().join("home");
        command
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env_remove("HANSARD_RECORDINGS");
        command
    }
}

fn as_sound(feed: &Feed) -> Vec<f32> {
    feed.samples.iter().map(|s| f32::from(*s) / 32_768.0).collect()
}

/// The track holds all of the feed's sound, no frame missing or too many.
fn assert_carries(name: &str, track: &[f32], feed: &Feed) -> Alignment {
    let found = locate(track, &as_sound(feed), RATE).unwrap_or_else(|| panic!("{name}: no sound"));
    println!("{name}: {found:?}");
    for spot in found.spots {
        assert!(spot.correlation >= 0.9, "{name}: other sound than was played: {found:?}");
        assert_eq!(spot.offset, found.offset(), "{name}: frames are missing or invented: {found:?}");
    }
    assert!(found.whole >= 0.9, "{name}: other sound than was played: {found:?}");
    let end = found.offset() + feed.samples.len() as i64;
    assert!(found.offset() >= 0 && end <= track.len() as i64, "{name}: the track is too short: {found:?}");
    found
}

/// So that a failure below is known not to be the rig's.
#[test]
fn the_virtual_devices_carry_what_is_played() {
    let _alone = alone();
    if lacks_sound("the_virtual_devices_carry_what_is_played") {
        return;
    }
    let mut rig = Rig::set_up(2);
    let mut recorders = Vec::new();
    for feed in &rig.meeting.feeds {
        let path = rig.dir.path().join(format!("{}.raw", feed.person.name));
        let child = rig
            .pulse
            .command("parec")
            .args(["--raw", "--format=s16le", "--rate=48000", "--channels=1", "--latency-msec=200"])
            .arg(format!("--device={}", feed.pulse_source()))
            .stdout(std::fs::File::create(&path).unwrap())
            .spawn()
            .unwrap();
        recorders.push((path, child));
    }
    rig.pulse.wait_captures(recorders.len(), START_LIMIT).unwrap();
    rig.play();
    // What is still on its way: the recorders' latency, generously.
    std::thread::sleep(Duration::from_secs(1));
    for ((path, mut child), feed) in recorders.into_iter().zip(&rig.meeting.feeds) {
        child.kill().unwrap();
        child.wait().unwrap();
        // The feed of somebody who says nothing in these turns is silent.
        if feed.samples.iter().any(|s| *s != 0) {
            let bytes = std::fs::read(&path).unwrap();
            let track: Vec<f32> = bytes
                .chunks_exact(2)
                .map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0)
                .collect();
            assert_carries(&feed.person.name, &track, feed);
        }
    }
}

#[test]
fn devices_are_listed_with_ids_kinds_and_the_default() {
    let _alone = alone();
    if lacks_sound("devices_are_listed_with_ids_kinds_and_the_default") {
        return;
    }
    let rig = Rig::set_up(1);
    let output = rig.hansard().args(["devices", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let devices = json.as_array().or_else(|| json["devices"].as_array()).expect("a list of devices");
    let device =
        |id: &str| devices.iter().find(|d| d["id"] == id).unwrap_or_else(|| panic!("no {id} in {json:#}"));
    for (id, kind, channels, default) in [
        ("pulseaudio:va_alice", "mic", 1, true),
        ("pulseaudio:va_bob", "mic", 1, false),
        ("pulseaudio:va_speaker.monitor", "loopback", 2, true),
    ] {
        let found = device(id);
        assert_eq!(found["kind"], kind, "{found}");
        assert_eq!(found["channels"], channels, "{found}");
        assert_eq!(found["rate"], RATE, "{found}");
        assert_eq!(found["default"], default, "{found}");
    }

    let output = rig
        .hansard()
        .args(["record", "--source", "A=mic:pulseaudio:va_alise", "--for", "1s"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("va_alice"), "an unknown device is answered with the near one: {said}");
}

#[test]
fn a_meeting_on_three_devices_becomes_three_tracks_and_their_text() {
    let _alone = alone();
    let test = "a_meeting_on_three_devices_becomes_three_tracks_and_their_text";
    if lacks_sound(test) {
        return;
    }
    let models = models();
    if models.is_none() {
        skip("the text of the meeting", "no model base-q8_0; `./dev setup` gets it");
    }
    let mut rig = Rig::set_up(TURNS);
    let recordings = rig.dir.path().join("recordings");
    let mut command = rig.hansard();
    command.args(["record", "--title", "Three devices", "--language", "en", "--out"]).arg(&recordings);
    for feed in &rig.meeting.feeds {
        command.arg("--source").arg(feed.source());
    }
    match &models {
        Some(dir) => command.env("HANSARD_MODELS", dir).args(["--model", "base-q8_0"]),
        None => command.arg("--no-transcribe"),
    };
    let recorder = Recorder::start(&mut command).unwrap();
    if let Err(error) = rig.pulse.wait_captures(rig.meeting.feeds.len(), START_LIMIT) {
        let mut said = String::new();
        while let Some(line) = recorder.next(Duration::from_millis(100)) {
            said += &format!("{}\n", line.text);
        }
        panic!("{error}; hansard says: {said}");
    }
    rig.play();
    std::thread::sleep(Duration::from_secs(1));
    recorder.interrupt().unwrap();
    let mut printed = Vec::new();
    let status = recorder
        .finish(FINISH_LIMIT, |line| {
            println!("{line:?}");
            printed.push(line);
        })
        .unwrap();
    assert_eq!(status.code(), Some(0), "nothing was lost");

    assert_eq!(folders(&recordings).unwrap().len(), 1);
    let session = Session::newest(&recordings, &[]).unwrap();
    assert_session(&rig.meeting, &session);
    let offsets = assert_tracks(&rig.meeting, &session);
    if models.is_some() {
        let texts: Vec<&str> =
            printed.iter().filter(|p| p.out == Out::Text).map(|p| p.text.as_str()).collect();
        assert_text(&rig.meeting, &session, &offsets, &texts);
        assert_times_are_those_of_the_final_fit(&session);
    }
}

/// A sink's monitor and the microphone behind it carry the same sound at the same moment: whatever difference
/// the session's clock sees between them is its error (and the server's: a block of 5 ms).
#[test]
fn two_streams_of_one_sound_have_it_at_one_time() {
    let _alone = alone();
    let test = "two_streams_of_one_sound_have_it_at_one_time";
    if lacks_sound(test) {
        return;
    }
    let mut rig = Rig::set_up(2);
    let recordings = rig.dir.path().join("recordings");
    let mut command = rig.hansard();
    command.args(["record", "--no-transcribe", "--out"]).arg(&recordings);
    command.args(["--source", "Mic=mic:pulseaudio:va_alice"]);
    command.args(["--source", "Monitor=loopback:pulseaudio:va_alice_in.monitor"]);
    let recorder = Recorder::start(&mut command).unwrap();
    rig.pulse.wait_captures(2, START_LIMIT).unwrap();
    rig.play();
    std::thread::sleep(Duration::from_secs(1));
    recorder.interrupt().unwrap();
    let status = recorder.finish(FINISH_LIMIT, |line| println!("{line:?}")).unwrap();
    assert_eq!(status.code(), Some(0), "nothing was lost");
    let session = Session::newest(&recordings, &[]).unwrap();
    let alice = &rig.meeting.feeds[0];
    let starts = ["Mic", "Monitor"].map(|name| {
        let take = session.take_of(name).unwrap();
        let found = assert_carries(name, &session.sound(take).unwrap(), alice);
        take.clock.offset + found.offset() as f64 / take.clock.rate
    });
    let apart = starts[0] - starts[1];
    assert!(apart.abs() <= 0.02, "one sound, {apart:.4} s apart: {:?}", session.manifest.takes);
    println!("one sound, {:.1} ms apart", apart * 1e3);
}

/// Every source is examined through the real capture path, good ones and bad ones beside each other.
#[test]
fn the_doctor_tells_good_devices_from_bad_ones() {
    let _alone = alone();
    if lacks_sound("the_doctor_tells_good_devices_from_bad_ones") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // What nobody plays into delivers exact zeros; the second clock is 2000 ppm fast.
    let mut pulse = Pulse::start(&["va_alice", "va_dead"], &["va_speaker"]).unwrap();
    let fast = pulse.add_fifo_mic("va_fast", 48_096.0, click_loop(48_096.0)).unwrap();
    fast.deliver(true);
    let voice: Vec<i16> = (0..30 * RATE).map(|n| ((n % 160) as i16 - 80) * 40).collect();
    let wav = write_wav(dir.path(), "alice", &voice);
    pulse.play("va_alice_in", &wav).unwrap();
    let mut doctor = pulse.recorder(Path::new(env!("CARGO_BIN_EXE_hansard")));
    let recordings = dir.path().join("recordings");
    doctor.env("HOME", dir.path()).env("HANSARD_MODELS", dir.path().join("none"));
    doctor.args(["doctor", "--json", "--seconds", "8", "--out"]).arg(&recordings).args([
        "--source=Alice=mic:pulseaudio:va_alice",
        "--source=Dead=mic:pulseaudio:va_dead",
        "--source=Fast=mic:pulseaudio:va_fast",
        "--source=Others=loopback",
        "--source=Typo=mic:pulseaudio:va_alise",
    ]);
    let output = doctor.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    println!("{report:#}");
    assert_eq!(output.status.code(), Some(1), "the unknown device is in the way: {said}");
    assert!(!recordings.exists(), "nothing is stored");

    let source =
        |name: &str| report["sources"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap();
    let findings = |about: &str| -> Vec<(&str, &str)> {
        let all = report["findings"].as_array().unwrap().iter().filter(|f| f["about"] == about);
        all.map(|f| (f["severity"].as_str().unwrap(), f["text"].as_str().unwrap())).collect()
    };
    let number = |of: &Value, key: &str| of[key].as_f64().unwrap_or_else(|| panic!("no {key} in {of}"));
    let alice = source("Alice");
    assert_eq!(findings("Alice"), [], "{alice}");
    assert_eq!(
        (&alice["rate"], &alice["channels"], &alice["stored_as"]),
        (&RATE.into(), &1.into(), &"s16".into())
    );
    assert!((number(alice, "peak_dbfs") + 20.2).abs() < 0.5, "a sawtooth of 3200: {alice}");
    assert!((number(alice, "rms_dbfs") + 25.0).abs() < 1.0, "{alice}");
    assert!(number(alice, "latency_ms") > 0.0 && number(alice, "period_ms") > 0.0, "{alice}");
    assert_eq!(alice["xruns"], 0);
    assert_eq!(source("Dead")["only_zeros"], true);
    assert!(findings("Dead").iter().any(|(s, text)| *s == "loss" && text.contains("digital silence")));
    // Its rate is known within what is promised, and far enough off to be told.
    let clock = &source("Fast")["clock"];
    assert!((number(clock, "ppm") - 2_000.0).abs() <= number(clock, "uncertain_ppm").max(100.0), "{clock}");
    assert!(findings("Fast").iter().any(|(_, text)| text.contains("off its rate of 48000 Hz")), "{report:#}");
    assert!(findings("Typo").iter().any(|(s, text)| *s == "refusal" && text.contains("va_alice")));
    assert_eq!(
        findings("Others").iter().filter(|(s, _)| *s != "hint").count(),
        0,
        "a silent loudspeaker is not a loss"
    );
    assert!(findings("model")[0].1.contains("no speech model"));
}

fn write_wav(dir: &Path, name: &str, sound: &[i16]) -> PathBuf {
    let path = dir.join(format!("{name}.wav"));
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(&path, spec).unwrap();
    sound.iter().for_each(|sample| wav.write_sample(*sample).unwrap());
    wav.finalize().unwrap();
    path
}

/// Between two clicks of the world.
const CLICK_EVERY_S: f64 = 2.0;

/// Two seconds of a device at `rate`, with a click in the middle.
fn click_loop(rate: f64) -> Vec<i16> {
    let frames = (CLICK_EVERY_S * rate).round() as usize;
    let sample = |n: usize| {
        let t = n as f64 / rate - CLICK_EVERY_S / 2.0;
        let bell = (-(t / 0.001).powi(2)).exp() * (std::f64::consts::TAU * 1_500.0 * t).cos();
        (bell * 20_000.0) as i16
    };
    (0..frames).map(sample).collect()
}

/// Session seconds of the clicks in an exported track: the middles of their energy.
fn clicks_in(wav: &Path) -> Vec<f64> {
    let track: Vec<f32> = hound::WavReader::open(wav).unwrap().samples::<f32>().map(Result::unwrap).collect();
    let reach = RATE as usize / 100;
    let (mut clicks, mut at) = (Vec::new(), 0);
    while let Some(found) = track[at..].iter().position(|x| x.abs() > 0.2).map(|n| at + n) {
        let (from, to) = (found.saturating_sub(reach), (found + reach).min(track.len()));
        let energy = |n: usize| f64::from(track[n] * track[n]);
        let sum: f64 = (from..to).map(energy).sum();
        let moment: f64 = (from..to).map(|n| energy(n) * n as f64).sum();
        clicks.push(moment / sum / f64::from(RATE));
        at = (found + RATE as usize).min(track.len());
    }
    clicks
}

/// Two microphones for `seconds`, one of whose clocks runs 1000 ppm fast, both of which hear the same clicks;
/// by how many ms the offset of their clicks changes in the exported tracks, at most. (A virtual loudspeaker
/// would be no reference: its server rounds the length of each block to whole microseconds, which makes it up
/// to 200 ppm fast, and what it plays with it.)
fn two_clocks(seconds: u64) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let pulse = Pulse::start(&[], &["va_speaker"]).unwrap();
    let feeds = [("va_fast", 48_048.0), ("va_true", 48_000.0)]
        .map(|(name, rate)| pulse.add_fifo_mic(name, rate, click_loop(rate)).unwrap());
    let recordings = dir.path().join("recordings");
    let hansard = Path::new(env!("CARGO_BIN_EXE_hansard"));
    let mut record = pulse.recorder(hansard);
    record.args(["record", "--no-transcribe", "--for", &format!("{seconds}s")]);
    record.args(["--source", "fast=mic:pulseaudio:va_fast"]);
    record.args(["--source", "true=mic:pulseaudio:va_true", "--out"]).arg(&recordings);
    feeds.iter().for_each(|feed| feed.deliver(true));
    let recorder = Recorder::start(&mut record).unwrap();
    recorder.finish(FINISH_LIMIT + Duration::from_secs(seconds), |_| {}).unwrap();

    let mut export = Command::new(hansard);
    export.args(["export", "last", "--tracks", "wav", "--bits", "32f", "--output"]).arg(dir.path());
    let exported = export.env("HANSARD_RECORDINGS", &recordings).output().unwrap();
    assert!(exported.status.success(), "{exported:?}");
    let [fast, true_] = ["fast", "true"].map(|track| clicks_in(&dir.path().join(format!("{track}.wav"))));
    assert!(true_.len() as f64 >= seconds as f64 / CLICK_EVERY_S - 2.0, "{} clicks", true_.len());
    let offset = |at: &f64| {
        let nearest = fast.iter().map(|other| other - at).min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
        // From where to where the period begins is anybody's guess, and the same all along.
        (nearest / CLICK_EVERY_S - (nearest / CLICK_EVERY_S).round()) * CLICK_EVERY_S
    };
    let offsets: Vec<f64> = true_.iter().map(offset).collect();
    let change = |of: f64| {
        let change = of - offsets[0];
        (change - (change / CLICK_EVERY_S).round() * CLICK_EVERY_S) * 1e3
    };
    let (middle, end) = (change(offsets[offsets.len() / 2]), change(offsets[offsets.len() - 1]));
    let most = offsets.iter().map(|of| change(*of).abs()).fold(0.0, f64::max);
    println!(
        "{seconds} s at 48,048 Hz beside 48,000 Hz: the offset changes by {middle:+.2} ms to the middle, {end:+.2} ms to the end, at most {most:.2} ms"
    );
    most
}

#[test]
fn a_fast_microphone_and_a_true_one_stay_together() {
    let _alone = alone();
    if !lacks_sound("a_fast_microphone_and_a_true_one_stay_together") {
        assert!(two_clocks(45) <= 5.0);
    }
}

#[test]
#[ignore = "three minutes of sound; ./dev soak"]
fn a_fast_microphone_and_a_true_one_stay_together_for_three_minutes() {
    let _alone = alone();
    if !lacks_sound("a_fast_microphone_and_a_true_one_stay_together_for_three_minutes") {
        assert!(two_clocks(180) <= 5.0);
    }
}

/// Three sources, closed in order, and every frame accounted for.
fn assert_session(meeting: &Meeting, session: &Session) {
    let manifest = &session.manifest;
    assert_eq!(manifest.title, "Three devices");
    assert_eq!(manifest.state, State::Closed);
    let names: Vec<&str> = manifest.sources.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, meeting.feeds.iter().map(|f| f.person.name.as_str()).collect::<Vec<_>>());
    let kinds: Vec<SourceKind> = manifest.sources.iter().map(|s| s.kind).collect();
    assert_eq!(kinds, [SourceKind::Mic, SourceKind::Mic, SourceKind::Loopback]);
    assert_eq!(manifest.account.len(), 3);
    for account in &manifest.account {
        assert_eq!(account.lost.0, 0, "{account:?}");
        // Ten milliseconds: on a busy machine the clock's residual leaves two or three.
        assert!(account.unexplained.unsigned_abs() <= u64::from(RATE) / 100, "{account:?}");
        assert!(account.written.0 as f64 >= meeting.seconds() * f64::from(RATE), "{account:?}");
    }
    assert!(session.dir.join("minutes.md").is_file(), "record writes the minutes");
}

/// What stands in the transcript itself, not what readers make of it: the last revision of each line has the
/// times of its frames by the clock that was fitted at the end.
fn assert_times_are_those_of_the_final_fit(session: &Session) {
    let text = std::fs::read_to_string(session.dir.join("transcript.jsonl")).unwrap();
    let mut last: std::collections::BTreeMap<String, Utterance> = Default::default();
    let (mut revisions, mut most) = (0, 0.0_f64);
    for line in text.lines() {
        let utterance: Utterance = serde_json::from_str(line).unwrap();
        revisions += u32::from(utterance.rev > 0);
        last.insert(utterance.id.clone(), utterance);
    }
    for said in last.values() {
        let take =
            session.manifest.takes.iter().find(|t| t.track == said.track && t.take == said.take).unwrap();
        assert!(take.clock.points > 0, "its clock was measured: {take:?}");
        for (frame, at) in [(said.from_frame, said.start), (said.to_frame, said.end)] {
            most = most.max((take.time_of(frame) - at).abs());
        }
        assert!(said.words.iter().all(|word| word.start <= word.end), "{said:?}");
    }
    println!(
        "{} lines, {revisions} revisions: times agree with the final fit to {:.3} ms",
        last.len(),
        most * 1e3
    );
    assert!(!last.is_empty() && most <= 0.001, "{most} s");
}

/// Each track carries what its device heard; the session time of the feeds' first frame on each of them.
fn assert_tracks(meeting: &Meeting, session: &Session) -> Vec<f64> {
    let mut starts = Vec::new();
    for feed in &meeting.feeds {
        let take = session.take_of(&feed.person.name).unwrap();
        assert_eq!(take.rate.0, RATE);
        let found = assert_carries(&feed.person.name, &session.sound(take).unwrap(), feed);
        starts.push(take.clock.offset + found.offset() as f64 / take.clock.rate);
    }
    starts
}

/// Everybody has text, by and large the right one, at the right time; each line of the minutes was printed.
fn assert_text(meeting: &Meeting, session: &Session, offsets: &[f64], printed: &[&str]) {
    let mut truth = meeting.truth.clone();
    for phrase in &mut truth {
        let at = meeting.feeds.iter().position(|f| f.person.name == phrase.who).unwrap();
        phrase.start += offsets[at];
        phrase.end += offsets[at];
    }
    let shown = session.utterances.iter().filter(|u| u.is_shown());
    let lines: Vec<Line> = shown
        .map(|u| Line {
            who: u.speaker.clone(),
            text: u.text.clone(),
            start: u.start,
            end: u.end,
            arrived: None,
        })
        .collect();
    for line in &lines {
        assert!(
            printed.iter().any(|p| p.contains(&format!("{}: {}", line.who, line.text))),
            "{line:?} was not printed among {printed:#?}"
        );
    }
    let result = score(&truth, &lines);
    println!("{lines:#?}\n{result:#?}");
    for feed in &meeting.feeds {
        let name = &feed.person.name;
        assert!(result.people.iter().any(|(who, _, lines)| who == name && *lines > 0), "{name} has no text");
    }
    assert!(result.total.rate() <= WER_MAX, "word error rate {:.3}", result.total.rate());
    let errors: Vec<f64> = result.starts.iter().map(|s| s.abs()).collect();
    let p95 = percentile(&errors, 0.95).expect("lines that begin with a phrase");
    assert!(p95 <= 0.3, "starts of lines are off by {errors:.2?} s");
}

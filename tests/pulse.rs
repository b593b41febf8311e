//! The whole road, from the device to the minutes: `hansard record` on three devices of a private PulseAudio,
//! into which a scripted meeting is played.
//!
//! Needs pulseaudio, flite and, for the text, a model. Where one is lacking the test says so and passes,
//! unless `HANSARD_TEST_ALL=1` (which `./dev test` sets) makes that a failure.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hansard::base::utterance::Utterance;
use hansard::session::manifest::{SourceKind, State};
use serde_json::Value;

use crate::support::home::alone;
use crate::support::stage::align::{Alignment, locate};
use crate::support::stage::meeting::{Feed, Meeting, Script};
use crate::support::stage::pulse::{self, Pulse, RATE};
use crate::support::stage::recorder::{Out, Recorder, Session, folders};
use crate::support::stage::score::{Line, percentile, score};

/// The first turns of the demo's meeting: everybody speaks, somebody interjects.
const TURNS: usize = 6;

/// Time for the sound system and the programs to start, on a machine that builds something else as well.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Time for text that still lags when the recording ends, on the same machine, with code that is little
/// optimised.
pub const FINISH_LIMIT: Duration = Duration::from_secs(240);

/// Synthetic voices, a small model and room bleed: well above what is measured, well below what a defect
/// makes of it.
const WER_MAX: f64 = 0.2;

/// Whether to skip, because `what` is lacking.
fn skip(test: &str, what: &str) -> bool {
    assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{test} cannot run: {what}");
    println!("SKIPPED {test}: {what}");
    true
}

pub fn lacks_sound(test: &str) -> bool {
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

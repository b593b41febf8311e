//! Session folders, built through the public types, and the binary that reads them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hansard::base::units::{Frames, SampleFormat, SampleRate};
use hansard::base::utterance::{Evidence, Utterance, Word};
use hansard::session::manifest::{
    ClockFit, FORMAT, GapCause, GapSum, Manifest, SourceEntry, SourceKind, Start, State, TakeEntry,
    TrackAccount,
};
use serde_json::{Value, json};

const RATE: SampleRate = SampleRate::HZ_48000;

pub fn manifest(id: &str, title: &str, start: &str, people: &[&str]) -> Manifest {
    let track = |i: usize| format!("track-{i}");
    let sources = people.iter().enumerate().map(|(i, name)| SourceEntry {
        track: track(i),
        name: (*name).to_owned(),
        kind: SourceKind::Mic,
        spec: "mic".into(),
        device: Some("pulseaudio:alsa_input.usb".into()),
        device_name: Some("Desk | microphone".into()),
        channel: None,
        language: None,
        speakers: None,
    });
    let takes = (0..people.len()).map(|i| TakeEntry {
        foreign: Vec::new(),
        track: track(i),
        take: 1,
        file: format!("tracks/{}.wav", track(i)),
        rate: RATE,
        channels: 1,
        format: SampleFormat::S16,
        data_offset: 44,
        frames: Frames(48_000 * 60),
        offset: 0.0,
        clock: ClockFit {
            offset: 0.0,
            rate: 48_000.6,
            ppm: 12.5,
            residual_ms: 0.2,
            points: 600,
            pieces: vec![],
        },
    });
    Manifest {
        format: FORMAT,
        id: id.into(),
        title: title.into(),
        start: Start {
            utc: start.parse().unwrap(),
            zone: Some("Europe/Vienna".into()),
            offset: "+01:00".into(),
            clock_known: true,
            made: None,
        },
        state: State::Closed,
        duration: 60.0,
        sources: sources.collect(),
        takes: takes.collect(),
        account: (0..people.len()).map(|i| account(&track(i), &[])).collect(),
    }
}

pub fn account(track: &str, gaps: &[(GapCause, u64, bool)]) -> TrackAccount {
    let gaps: Vec<GapSum> = gaps
        .iter()
        .map(|(cause, n, loss)| GapSum { cause: *cause, count: 1, frames: Frames(*n), loss: *loss })
        .collect();
    let missing: u64 = gaps.iter().map(|gap| gap.frames.0).sum();
    let lost = gaps.iter().filter(|gap| gap.loss).map(|gap| gap.frames.0).sum();
    let expected = 48_000 * 60;
    TrackAccount {
        track: track.into(),
        expected: Frames(expected),
        written: Frames(expected - missing),
        gaps,
        lost: Frames(lost),
        unexplained: 0,
    }
}

pub fn said(id: &str, who: &str, start: f64, text: &str) -> Utterance {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let step = 0.4;
    let word = |(i, text): (usize, &&str)| {
        let at = start + step * i as f64;
        Word { text: (*text).to_owned(), start: at, end: at + 0.35, p: 0.9 }
    };
    let end = start + step * tokens.len() as f64;
    Utterance {
        id: id.into(),
        track: "track-0".into(),
        speaker: who.into(),
        take: 1,
        from_frame: Frames::from_seconds(start, RATE),
        to_frame: Frames::from_seconds(end, RATE),
        start,
        end,
        text: text.into(),
        words: tokens.iter().enumerate().map(word).collect(),
        confidence: 0.9,
        language: "en".into(),
        model: "base-q8_0".into(),
        is_final: true,
        ..Utterance::default()
    }
}

pub fn write(recordings: &Path, manifest: &Manifest, utterances: &[Utterance]) -> PathBuf {
    let dir = recordings.join(&manifest.id);
    fs::create_dir_all(dir.join("tracks")).unwrap();
    fs::write(dir.join("session.json"), serde_json::to_vec(manifest).unwrap()).unwrap();
    let lines: Vec<String> = utterances.iter().map(|u| serde_json::to_string(u).unwrap() + "\n").collect();
    fs::write(dir.join("transcript.jsonl"), lines.concat()).unwrap();
    dir
}

/// The journal of a session: its start, its takes, and these events after them.
pub fn journal(dir: &Path, manifest: &Manifest, events: Vec<Value>) {
    let start = json!({
        "format": FORMAT, "id": manifest.id, "title": manifest.title, "start": manifest.start,
        "sources": manifest.sources,
    });
    let takes = manifest.takes.iter().map(|take| json!({"kind": "take_started", "payload": take}));
    let all = std::iter::once(json!({"kind": "started", "payload": start})).chain(takes).chain(events);
    fs::write(dir.join("events.jsonl"), "").unwrap();
    all.for_each(|event| append(dir, event));
}

/// One more line of the journal.
pub fn append(dir: &Path, mut event: Value) {
    let mut lines = fs::read_to_string(dir.join("events.jsonl")).unwrap();
    event["seq"] = lines.lines().count().into();
    event["session_ns"] = 0.into();
    event["utc"] = START.into();
    lines += &format!("{event}\n");
    fs::write(dir.join("events.jsonl"), lines).unwrap();
}

/// A line of the journal that marks a moment.
pub fn mark(n: u32, at: f64, kind: &str, text: &str) -> String {
    let line = serde_json::json!({
        "seq": 1000 + n, "session_ns": 0, "utc": "2026-03-14T08:40:00Z", "kind": "mark",
        "payload": { "id": format!("mark-{n}"), "at": at, "mark": kind, "text": text },
    });
    format!("{line}\n")
}

pub const START: &str = "2026-03-14T08:30:00Z";

/// A recordings folder with one meeting of three, with overlap, a loss, an echo and a withheld line.
pub fn meeting() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let mut manifest = manifest("2026-03-14_0930_sync", "Weekly sync", START, &["Alice", "Béla", "Remote"]);
    manifest.account[1] = account("track-1", &[(GapCause::DeviceLost, 100_800, true)]);
    manifest.account[2] = account("track-2", &[(GapCause::Paused, 48_000, false)]);
    let utterances = [
        said(
            "u1",
            "Alice",
            1.0,
            "Good morning. Shall we begin with the release, which has been planned for the 27th of March?",
        ),
        said("u2", "Béla", 5.0, "Mm-hm."),
        said("u3", "Alice", 8.5, "Or is there anything else?"),
        said("u4", "Remote", 20.0, "The importer is done."),
        Utterance { rev: 1, ..said("u4", "Remote", 20.0, "The importer is done, the exporter isn't.") },
        Utterance { bleed_of: Some("u4".into()), ..said("u5", "Alice", 20.0, "the importer is gone") },
        Utterance {
            withheld: Some("no speech".into()),
            evidence: Some(Evidence {
                speech_prob: 0.312,
                speech_s: 1.2,
                no_speech_prob: Some(0.72),
                avg_logprob: Some(-1.25),
            }),
            ..said("u6", "Béla", 40.0, "Thanks for watching!")
        },
    ];
    let dir = write(root.path(), &manifest, &utterances);
    (root, dir)
}

/// The one file of that end in a folder, as an export for sending is found.
pub fn sent(dir: &Path, end: &str) -> PathBuf {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == end)).collect();
    let [one] = found.as_slice() else { panic!("{end}: {found:?}") };
    one.clone()
}

pub fn hansard(recordings: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hansard"))
        .args(args)
        .env("HANSARD_RECORDINGS", recordings)
        .env("LC_ALL", "de_AT.UTF-8")
        .env("TZ", "Asia/Tokyo")
        .output()
        .unwrap()
}

/// Its stdout, if it ended with that code.
pub fn expect(code: i32, output: Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "stderr: {stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

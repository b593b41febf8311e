//! The whole stage over a session on disk, with an ear by script: who speaks changes every ten seconds.

use std::fs;
use std::ops::Range;

use serde_json::json;

use super::*;
use crate::base::units::Frames;
use crate::base::utterance::{Utterance, Word};
use crate::care::offline::{self, Past};
use crate::clock::SystemClock;
use crate::session::reading::Session;
use crate::session::wav::Layout;
use crate::speakers::networks::{DIMENSIONS, NetworkError};
use crate::speakers::pieces::Piece;

const RATE: u32 = 16_000;
const SECONDS: u64 = 40;

struct Script;

impl Ear for Script {
    fn hear(&mut self, _: &[f32], window: u64, middle: &Range<u64>) -> Result<Vec<Piece>, NetworkError> {
        let piece = |second: u64| {
            let who = (second / 10 % 2) as usize;
            let mut voice = Box::new([0.0; DIMENSIONS]);
            voice[who] = 1.0;
            let (start, end) = (second as f64, second as f64 + 1.0);
            Piece { window, local: who, start, end, embedded_s: 2.0, voice: Some(voice) }
        };
        let rate = u64::from(RATE);
        Ok((middle.start / rate..middle.end / rate).map(piece).collect())
    }
}

/// A line of the only track: a word each half second, all different.
fn said(number: usize, start: f64, end: f64) -> Utterance {
    let word = |n: usize| {
        let start = start + n as f64 / 2.0;
        Word { text: format!("w{number}x{n}"), start, end: start + 0.4, p: 0.9 }
    };
    let words: Vec<Word> = (0..((end - start) * 2.0) as usize).map(word).collect();
    let frame = |second: f64| Frames((second * f64::from(RATE)) as u64);
    Utterance {
        id: crate::base::utterance::id("room", 1, frame(start)),
        track: "room".into(),
        speaker: "Room".into(),
        take: 1,
        from_frame: frame(start),
        to_frame: frame(end),
        start,
        end,
        text: words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "),
        words,
        is_final: true,
        ..Utterance::default()
    }
}

/// A session whose lines each go over a change of voice, two of them over more than one.
fn session(dir: &Path) -> Vec<Utterance> {
    let clock = json!({"offset": 0.0, "rate": f64::from(RATE), "ppm": 0.0, "residual_ms": 0.0, "points": 0});
    let manifest = json!({
        "format": 1, "id": "room", "title": "Room", "state": "closed", "duration": SECONDS as f64,
        "start": {"utc": "2026-03-14T08:30:00Z", "zone": null, "offset": "+00:00"},
        "sources": [{"track": "room", "name": "Room", "kind": "mic", "spec": "mic", "device": null,
            "device_name": null, "channel": null}],
        "takes": [{"track": "room", "take": 1, "file": "tracks/room.wav", "rate": RATE, "channels": 1,
            "format": "s16", "data_offset": 44, "frames": SECONDS * u64::from(RATE), "offset": 0.0,
            "clock": clock}],
        "account": [],
    });
    fs::create_dir_all(dir.join("tracks")).unwrap();
    fs::write(dir.join("session.json"), manifest.to_string()).unwrap();
    let format = crate::base::units::SampleFormat::S16;
    let layout = Layout { rate: crate::base::units::SampleRate::HZ_16000, channels: 1, format };
    let bytes = SECONDS * u64::from(RATE) * 2;
    let mut file = layout.header(bytes).unwrap();
    file.resize(file.len() + bytes as usize, 0);
    fs::write(dir.join("tracks/room.wav"), file).unwrap();
    let lines = vec![said(1, 1.0, 4.0), said(2, 5.0, 24.0), said(3, 26.0, 33.0), said(4, 34.0, 39.0)];
    let text: String = lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
    fs::write(dir.join("transcript.jsonl"), text).unwrap();
    lines
}

fn tell(dir: &Path) {
    let session = Session::open(dir).unwrap();
    let (tracks, past) = (offline::tracks(&session).unwrap(), Past::read(dir).unwrap());
    let sink = OfflineSink::open(&SystemDisk, Arc::new(SystemClock), &session, past, true).unwrap();
    let sink = Arc::new(sink);
    let stage = Stage {
        dir: dir.to_owned(),
        tracks,
        sink: Arc::clone(&sink),
        limits: Vec::new(),
        enrolled: dir.join("nobody"),
        ear: || Ok(Box::new(Script)),
        stop: Arc::default(),
    };
    stage.run().unwrap();
    sink.finish().unwrap();
}

/// All words that are shown, in order, and how often a voice changes between them.
fn shown(dir: &Path) -> (Vec<String>, usize) {
    let session = Session::open(dir).unwrap();
    let lines: Vec<&Utterance> = session.utterances.iter().filter(|line| line.is_shown()).collect();
    let changes = lines.windows(2).filter(|pair| pair[0].voice != pair[1].voice).count();
    let mut words: Vec<&Word> = lines.iter().flat_map(|line| &line.words).collect();
    words.sort_by(|a, b| a.start.total_cmp(&b.start));
    (words.into_iter().map(|word| word.text.clone()).collect(), changes)
}

/// The transcript only grows, so what a machine leaves that dies is a beginning of it.
#[test]
fn a_machine_that_dies_while_lines_are_cut_loses_no_word() {
    let root = tempfile::tempdir().unwrap();
    let whole = root.path().join("whole");
    let lines = session(&whole);
    let all: Vec<String> = lines.iter().flat_map(|line| &line.words).map(|word| word.text.clone()).collect();
    let before = fs::read(whole.join("transcript.jsonl")).unwrap().len();
    tell(&whole);
    assert_eq!(shown(&whole), (all.clone(), 3));
    let turns = Session::open(&whole).unwrap().voices.turns;
    let told = [("room#1", vec![(0.0, 10.0), (20.0, 30.0)]), ("room#2", vec![(10.0, 20.0), (30.0, 40.0)])];
    assert_eq!(turns, told.map(|(voice, turns)| (voice.to_owned(), turns)).into());

    let written = fs::read(whole.join("transcript.jsonl")).unwrap();
    let ends = (before..written.len()).filter(|at| written[*at] == b'\n').map(|at| at + 1);
    let deaths: Vec<usize> = ends.flat_map(|end| [end - 20, end]).collect();
    assert!(deaths.len() >= 12, "lines are cut in several writes");
    for death in deaths {
        let dir = root.path().join(format!("died-at-{death}"));
        session(&dir);
        fs::write(dir.join("transcript.jsonl"), &written[..death]).unwrap();
        let (left, _) = shown(&dir);
        assert!(all.iter().all(|word| left.contains(word)), "died at {death}: {left:?}");
        // The next time it is done as if nothing had been.
        tell(&dir);
        assert_eq!(shown(&dir), (all.clone(), 3), "died at {death}");
    }
}

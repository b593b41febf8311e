//! A session on disk, checked as a whole: what must hold whatever happened.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hansard::base::units::{Frames, SampleFormat};
use hansard::capture::synth::code;
use hansard::session::journal::{Event, Line};
use hansard::session::manifest::{
    FORMAT, Manifest, SourceEntry, SourceKind, Start, State, TakeEntry, TrackAccount,
};

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// Panics that a test asks for stay out of its output.
pub fn quiet_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !hansard::recording::panic_text(info.payload()).contains("was told to") {
                PANICS.set(PANICS.get() + 1);
                usual(info);
            }
        }));
    });
}

/// Panics of this thread so far that nobody asked for, those included that were caught.
pub fn unasked_panics() -> u32 {
    PANICS.get()
}

/// A manifest of a session that begins.
pub fn manifest(sources: Vec<SourceEntry>) -> Manifest {
    Manifest {
        format: FORMAT,
        id: "2026-03-14_0930_test".into(),
        title: "test".into(),
        start: Start {
            utc: jiff::Timestamp::UNIX_EPOCH,
            zone: None,
            offset: "+00:00".into(),
            clock_known: true,
            made: None,
        },
        state: State::Recording,
        duration: 0.0,
        sources,
        takes: vec![],
        account: vec![],
    }
}

pub fn source(track: &str, channel: Option<u16>) -> SourceEntry {
    SourceEntry {
        track: track.into(),
        name: track.into(),
        kind: SourceKind::Mic,
        spec: "mic".into(),
        device: None,
        device_name: None,
        channel,
        language: None,
        speakers: None,
    }
}

/// The journal: every line whole, numbered without holes.
pub fn journal(dir: &Path) -> Vec<Line> {
    let text = fs::read_to_string(dir.join("events.jsonl")).expect("the journal is text");
    let lines: Vec<Line> = text
        .lines()
        .map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in the journal: {line}"))
        })
        .collect();
    for (seq, line) in lines.iter().enumerate() {
        assert_eq!(line.seq, seq as u64, "a hole in the journal");
    }
    lines
}

pub fn read_manifest(dir: &Path) -> Manifest {
    serde_json::from_slice(&fs::read(dir.join("session.json")).expect("a manifest"))
        .expect("a manifest that parses")
}

/// A finished take: its entry with the frames that are vouched for, and their samples, ±1.0.
pub struct Take {
    pub entry: TakeEntry,
    pub samples: Vec<f32>,
}

/// All takes, read by offset and watermark; each span's sum equals that of the file's bytes, and the spans
/// cover the take.
pub fn takes(dir: &Path, lines: &[Line]) -> Vec<Take> {
    let mut entries: BTreeMap<(String, u32), TakeEntry> = BTreeMap::new();
    let mut covered: BTreeMap<(String, u32), Frames> = BTreeMap::new();
    let mut ended = Vec::new();
    for line in lines {
        match &line.event {
            Event::TakeStarted(entry) => {
                let key = (entry.track.clone(), entry.take);
                assert!(entries.insert(key, entry.clone()).is_none(), "a take twice: {entry:?}");
            }
            Event::Commit { spans } => {
                for span in spans {
                    let key = (span.track.clone(), span.take);
                    let bytes = bytes(dir, &entries[&key], span.from, span.to);
                    assert_eq!(crc32fast::hash(&bytes), span.crc, "the sum of {span:?}");
                    let to = covered.entry(key).or_default();
                    assert_eq!(*to, span.from, "spans follow each other");
                    *to = span.to;
                }
            }
            Event::TakeEnded { track, take, frames, clock, .. } => {
                ended.push((track.clone(), *take, *frames, clock.clone()))
            }
            _ => {}
        }
    }
    assert_eq!(ended.len(), entries.len(), "every take has an end");
    ended
        .into_iter()
        .map(|(track, take, frames, clock)| {
            let entry = TakeEntry { frames, clock, ..entries[&(track.clone(), take)].clone() };
            assert_eq!(
                covered.get(&(track, take)).copied().unwrap_or_default(),
                frames,
                "what counts is vouched for"
            );
            let samples = decode(&bytes(dir, &entry, Frames(0), frames), entry.format);
            Take { entry, samples }
        })
        .collect()
}

fn bytes(dir: &Path, entry: &TakeEntry, from: Frames, to: Frames) -> Vec<u8> {
    let frame = u64::from(entry.channels) * entry.format.bytes();
    let file = fs::read(dir.join(&entry.file)).expect("the take's file");
    file[(entry.data_offset + from.0 * frame) as usize..(entry.data_offset + to.0 * frame) as usize].to_vec()
}

fn decode(bytes: &[u8], format: SampleFormat) -> Vec<f32> {
    let integer = |bytes: &[u8]| {
        let mut wide = [0u8; 4];
        wide[4 - bytes.len()..].copy_from_slice(bytes);
        (i32::from_le_bytes(wide) as f64 / 2f64.powi(31)) as f32
    };
    let size = format.bytes() as usize;
    bytes
        .chunks_exact(size)
        .map(|b| match format {
            SampleFormat::F32 => f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            _ => integer(b),
        })
        .collect()
}

/// Frames of a take that hold coded sound; panics where a frame is neither silence nor what belongs there.
/// `channels`: the device's channels that the track is made of, from 0; a frame's number is its session time
/// at the nominal rate.
pub fn coded_frames(take: &Take, channels: &[u16]) -> u64 {
    let first = (take.entry.offset * f64::from(take.entry.rate.0)).round() as u64;
    let (mut sound, mut in_sound) = (0, true);
    for (k, frame) in take.samples.chunks(channels.len()).enumerate() {
        let n = first + k as u64;
        // One frame of the ramp is silent itself: it is what its neighbour is.
        let coded_silent = channels.iter().all(|channel| code(n, *channel, take.entry.format) == 0.0);
        if frame.iter().all(|sample| *sample == 0.0) && !(coded_silent && in_sound) {
            in_sound = false;
            continue;
        }
        in_sound = true;
        for (sample, channel) in frame.iter().zip(channels) {
            let should = code(n, *channel, take.entry.format);
            assert!(*sample == should, "{} frame {k}: {sample} instead of {should}", take.entry.file);
        }
        sound += 1;
    }
    sound
}

/// Frames that an account names, written or missing.
pub fn accounted(account: &TrackAccount) -> u64 {
    let gaps: u64 = account.gaps.iter().map(|gap| gap.frames.0).sum();
    assert_eq!(
        account.expected.0 as i64,
        (account.written.0 + gaps) as i64 + account.unexplained,
        "{account:?}"
    );
    account.written.0 + gaps
}

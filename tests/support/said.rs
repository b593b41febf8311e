//! What was said in a session, by script, without a recogniser: its lines, put into a recording.

use std::fs;
use std::path::{Path, PathBuf};

use hansard::base::units::{Frames, SampleRate};
use hansard::base::utterance::{Utterance, Word};

use super::home::Home;

/// What is said in the guide's meeting.
pub const GUIDE: [(&str, &str); 6] = [
    ("Alice", "We meat at nine, Gareem."),
    ("Bob", "Nine it is then."),
    ("Alice", "And who takes the minutes? I do."),
    ("Bob", "Karim and Gareem come too."),
    ("Alice", "Good. Second point,"),
    ("Alice", "the budget of this year."),
];

/// A line of somebody's own track that begins at `start`; a word lasts a quarter of a second, and another one
/// comes each 0.3 s.
pub fn line(speaker: &str, start: f64, text: &str) -> Utterance {
    let track = speaker.to_lowercase();
    let word = |(n, text): (usize, &str)| {
        let start = start + 0.3 * n as f64;
        Word { text: text.into(), start, end: start + 0.25, p: 0.9 }
    };
    let words: Vec<Word> = text.split(' ').enumerate().map(word).collect();
    let end = words.last().unwrap().end;
    let frame = |s: f64| Frames::from_seconds(s, SampleRate::HZ_48000);
    Utterance {
        id: format!("{track}-1-{start:.0}"),
        track,
        speaker: speaker.into(),
        take: 1,
        from_frame: frame(start),
        to_frame: frame(end),
        start,
        end,
        text: text.into(),
        words,
        confidence: 0.9,
        language: "en".into(),
        model: "scripted".into(),
        is_final: true,
        ..Utterance::default()
    }
}

/// Lines that follow one another, each four seconds after the one before.
pub fn in_turn(said: &[(&str, &str)]) -> Vec<Utterance> {
    let one = |(n, (who, text)): (usize, &(&str, &str))| line(who, 1.0 + 4.0 * n as f64, text);
    said.iter().enumerate().map(one).collect()
}

/// These lines are all that was said in the session in `dir`.
pub fn write(dir: &Path, lines: &[Utterance]) {
    let text: String = lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
    fs::write(dir.join("transcript.jsonl"), text).unwrap();
}

/// A recording, over and exported, of these sources, in which that was said: the folder.
pub fn session(home: &Home, sources: &[&str], lines: &[Utterance]) -> PathBuf {
    let (_, session) = home.record(0, &[sources, &["--pace=max", "--no-transcribe"]].concat());
    write(&session.dir, lines);
    home.run(["export", "last", "--format=md"]).expect(0);
    session.dir
}

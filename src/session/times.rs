//! Times of what was said, from where it stands: an utterance's frames are the truth, its seconds come from the clock of its take. While a
//! meeting goes on that clock is still being measured; once a take is over it is known better, and so are the times.
//!
//! Readers get the times of the map as the manifest has it ([`derive()`]); [`settle`] makes the transcript on the disk agree, by a revision of
//! each line that is off. Up to [`AGREES_S`] a line is held to agree. Text, names and words stay as they are. A line whose frames and seconds are
//! further apart than a clock can be is somebody's own work and is left alone.

use std::io;
use std::path::Path;

use super::disk::Disk;
use super::lines::LineFile;
use super::manifest::{Manifest, TakeEntry};
use super::read::{ReadError, Session, TRANSCRIPT, is_time};
use crate::speech::transcript::Utterance;

/// A line that is off by no more than this has the right times.
pub const AGREES_S: f64 = 0.001;
/// No clock is wrong by so much while it is measured: a line whose frames say something else than its seconds was put there by a person.
const APART_MAX_S: f64 = 1.0;

/// Why the transcript can't be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum TimesError {
    /// The session can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The transcript can't be written.
    #[error("can't write {TRANSCRIPT}: {0}")]
    Write(#[from] io::Error),
}

/// The utterance with the times that its frames have; none where they are those already, or are not ours to say.
fn retimed(manifest: &Manifest, utterance: &Utterance) -> Option<Utterance> {
    let is_its = |take: &&TakeEntry| take.track == utterance.track && take.take == utterance.take;
    let take = manifest.takes.iter().find(is_its).filter(|take| take.clock.points > 0)?;
    let (start, end) = (take.time_of(utterance.from_frame), take.time_of(utterance.to_frame));
    let apart = (start - utterance.start).abs().max((end - utterance.end).abs());
    let ours = (AGREES_S..=APART_MAX_S).contains(&apart);
    if !(is_time(start) && is_time(end) && start <= end && ours) {
        return None;
    }
    let mut utterance = utterance.clone();
    let old = utterance.end - utterance.start;
    let scale = if old > 0.0 { (end - start) / old } else { 1.0 };
    let at = |second: f64| start + (second - utterance.start) * scale;
    for word in &mut utterance.words {
        (word.start, word.end) = (at(word.start), at(word.end));
    }
    (utterance.start, utterance.end) = (start, end);
    Some(utterance)
}

/// Gives all utterances the times that the manifest's clocks say.
pub fn derive(manifest: &Manifest, utterances: &mut [Utterance]) {
    for utterance in utterances {
        if let Some(better) = retimed(manifest, utterance) {
            *utterance = better;
        }
    }
}

/// Appends a revision of each line of the transcript whose times the final clocks have moved; how many. Whoever calls it holds the session's
/// lock.
///
/// # Errors
/// The session can't be read, or its transcript can't be written.
pub fn settle(disk: &dyn Disk, dir: &Path) -> Result<usize, TimesError> {
    let session = Session::open(dir)?;
    let moved: Vec<Utterance> = session
        .latest()
        .iter()
        .filter_map(|old| retimed(&session.manifest, old))
        .map(|new| Utterance { rev: new.rev.saturating_add(1), ..new })
        .collect();
    if moved.is_empty() || session.torn_tail {
        return Ok(0);
    }
    let mut lines = LineFile::new(disk.append(&dir.join(TRANSCRIPT))?)?;
    for utterance in &moved {
        lines.keep(&serde_json::to_vec(utterance).map_err(io::Error::other)?)?;
        lines.write_out()?;
    }
    lines.sync()?;
    Ok(moved.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::units::{Frames, SampleFormat, SampleRate};
    use crate::session::disk::SystemDisk;
    use crate::session::manifest::{ClockFit, ClockPiece, FORMAT, Start, State};
    use crate::speech::transcript::Word;

    const RATE: SampleRate = SampleRate::HZ_48000;

    /// A take of 100 s; half a second of sound is missing at 50 s, as the fit has found out.
    fn manifest() -> Manifest {
        let rate = f64::from(RATE.0);
        let piece = |from: u64, at| ClockPiece { from: Frames(from), at, rate };
        let pieces = vec![piece(0, 0.0), piece(50 * 48_000, 50.5)];
        let clock = ClockFit { points: 900, pieces, ..ClockFit::nominal(0.0, RATE) };
        Manifest {
            format: FORMAT,
            id: "m".into(),
            title: "m".into(),
            start: Start {
                utc: "2026-03-14T08:30:00Z".parse().unwrap(),
                zone: None,
                offset: "+00:00".into(),
            },
            state: State::Closed,
            duration: 100.5,
            sources: vec![],
            takes: vec![TakeEntry {
                track: "a".into(),
                take: 1,
                file: "tracks/a.wav".into(),
                rate: RATE,
                channels: 1,
                format: SampleFormat::S16,
                data_offset: 44,
                frames: Frames(100 * 48_000),
                offset: 0.0,
                clock,
                foreign: vec![],
            }],
            account: vec![],
        }
    }

    fn said(id: &str, frame_s: u64, start: f64) -> Utterance {
        let word = |n: f64| Word { text: "ja".into(), start: start + n, end: start + n + 0.5, p: 0.9 };
        Utterance {
            id: id.into(),
            rev: 0,
            track: "a".into(),
            speaker: "A".into(),
            take: 1,
            from_frame: Frames(frame_s * 48_000),
            to_frame: Frames((frame_s + 2) * 48_000),
            start,
            end: start + 2.0,
            text: "ja ja".into(),
            words: vec![word(0.0), word(1.0)],
            confidence: 0.9,
            language: "de".into(),
            model: "tiny".into(),
            is_final: true,
            withheld: None,
            bleed_of: None,
            edited: None,
            evidence: None,
        }
    }

    #[test]
    fn times_are_those_of_the_frames_for_readers_and_on_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let lines = [
            said("before", 10, 10.0),
            said("after", 60, 60.0),
            Utterance { rev: 1, text: "by hand".into(), ..said("edited", 70, 70.0) },
            // Frames that say nothing of its time: somebody put it there.
            said("own", 80, 20.0),
        ];
        let text: Vec<String> = lines.iter().map(|u| serde_json::to_string(u).unwrap() + "\n").collect();
        std::fs::write(dir.path().join("session.json"), serde_json::to_vec(&manifest()).unwrap()).unwrap();
        std::fs::write(dir.path().join(TRANSCRIPT), text.concat()).unwrap();
        let times = |session: &Session| -> Vec<(String, u32, f64, f64, String)> {
            let last = |u: &Utterance| u.words.last().map_or(0.0, |word| word.end);
            let all = session.utterances.iter();
            all.map(|u| (u.id.clone(), u.rev, u.start, last(u), u.text.clone())).collect()
        };
        let read = Session::open(dir.path()).unwrap();
        let wanted = |rev: u32| {
            let line =
                |id: &str, rev, at: f64, text: &str| (id.to_owned(), rev, at, at + 1.5, text.to_owned());
            vec![
                line("before", 0, 10.0, "ja ja"),
                line("own", 0, 20.0, "ja ja"),
                line("after", rev, 60.5, "ja ja"),
                line("edited", rev + 1, 70.5, "by hand"),
            ]
        };
        assert_eq!(times(&read), wanted(0));
        assert_eq!(settle(&SystemDisk, dir.path()).unwrap(), 2);
        assert_eq!(times(&Session::open(dir.path()).unwrap()), wanted(1));
        assert_eq!(settle(&SystemDisk, dir.path()).unwrap(), 0, "once is enough");
    }
}

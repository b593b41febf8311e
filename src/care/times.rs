//! The times of a transcript once its clocks are final: [`settle`] makes the lines on the disk agree with the
//! manifest.

use std::io;
use std::path::Path;

use crate::base::utterance::Utterance;
use crate::revise::{Author, Proposal, revise};
use crate::session::disk::Disk;
use crate::session::lines::LineFile;
use crate::session::read::{ReadError, TRANSCRIPT};
use crate::session::reading::Session;
use crate::session::times::times_of;

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

/// Appends a revision of each line of the transcript whose times the final clocks have moved; how many.
/// The caller holds the session's lock.
///
/// # Errors
/// The session can't be read, or its transcript can't be written.
pub fn settle(disk: &dyn Disk, dir: &Path) -> Result<usize, TimesError> {
    let session = Session::open(dir)?;
    let moved: Vec<Utterance> = session
        .latest()
        .iter()
        .filter_map(|old| Some((old, times_of(&session.manifest, old)?)))
        .flat_map(|(old, (start, end))| revise(old, &Proposal::Retime { start, end }, Author::Machine))
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
    use crate::base::units::{Frames, SampleFormat, SampleRate};
    use crate::base::utterance::Word;
    use crate::session::disk::SystemDisk;
    use crate::session::manifest::Manifest;
    use crate::session::manifest::TakeEntry;
    use crate::session::manifest::{ClockFit, ClockPiece, FORMAT, Start, State};

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
                clock_known: true,
                made: None,
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
            ..Utterance::default()
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

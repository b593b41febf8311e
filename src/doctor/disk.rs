//! Whether the folder of the recordings can be written to, how much room it has and how quickly it says that
//! it has what was written. What is written for that has no name in the folder and is gone at once, also if
//! this process is killed.

use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Finding, Severity};
use crate::base::random::Random;
use crate::base::text::length;
use crate::session::disk::{Disk as _, SystemDisk};
use crate::writer::alarms::space_left_s;

/// As much is written and synced at once as a busy second of recording brings.
const PIECE: usize = 1 << 20;
/// Number of pieces to write, …
const PIECES: usize = 16;
/// … and the time limit for writing them.
const TIME: Duration = Duration::from_secs(2);
/// Factor by which the disk must be faster than the recording: other programs write too.
const RESERVE: f64 = 4.0;
/// A sync that takes this long is told, in seconds: the recording has it done once a second.
const SLOW_SYNC_S: f64 = 1.0;
/// Room for less than this is told, in seconds of recording …
const ROOM_HINT_S: f64 = 4.0 * 3600.0;
/// … and for less than this, too little for a meeting, is a loss.
const ROOM_S: f64 = 1800.0;

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiskReport {
    /// The folder of the recordings.
    pub dir: PathBuf,
    /// Bytes that may still be written there; `None` if the system does not say.
    pub available: Option<u64>,
    /// Bytes a second that these sources take.
    pub needed: u64,
    /// Seconds for which there is room.
    pub room_s: Option<f64>,
    /// Bytes a second that reached the disk, syncs included.
    pub speed: Option<f64>,
    /// The longest that the disk took to say that it has a piece of 1 MiB, in seconds.
    pub slowest_sync_s: Option<f64>,
}

/// Writes to the disk that holds `dir`, where recording takes `needed` bytes a second. May hang as long as
/// the disk does.
pub fn examine(dir: &Path, needed: u64) -> (DiskReport, Vec<Finding>) {
    let mut findings = Vec::new();
    // `record` makes the folder; until then its disk is that of the nearest one that is there.
    let there = dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("."));
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    let available = SystemDisk.available(there).ok().flatten();
    let room_s = available.filter(|_| needed > 0).map(|bytes| space_left_s(bytes, needed));
    let mut report =
        DiskReport { dir: dir.into(), available, needed, room_s, speed: None, slowest_sync_s: None };
    match measure(there, available) {
        Ok(measured) => {
            report.speed = Some(measured.0);
            report.slowest_sync_s = Some(measured.1);
        }
        Err(error) => findings.push(Finding::new(
            Severity::Refusal,
            "disk",
            format!("{} can't be written to: {error}", there.display()),
            "choose another folder with --out, HANSARD_RECORDINGS or paths.recordings, or make room",
        )),
    }
    judge(&report, &mut findings);
    (report, findings)
}

fn judge(report: &DiskReport, findings: &mut Vec<Finding>) {
    let mut find = |severity, text, advice| findings.push(Finding::new(severity, "disk", text, advice));
    if let Some(room_s) = report.room_s.filter(|room_s| *room_s < ROOM_HINT_S) {
        let severity = if room_s < ROOM_S { Severity::Loss } else { Severity::Hint };
        let text = format!("there is room for {} of these sources", length(room_s));
        find(
            severity,
            text,
            "make room, or choose another disk with --out: a recording ends in good order before its disk is full",
        );
    }
    if let Some(speed) = report.speed.filter(|speed| *speed < RESERVE * report.needed as f64) {
        let text = format!(
            "takes {:.2} MB/s, and these sources bring {:.2}",
            speed / 1e6,
            report.needed as f64 / 1e6
        );
        find(
            Severity::Loss,
            text,
            "choose another disk with --out: one of this computer's own rather than a stick or the network",
        );
    } else if let Some(slowest) = report.slowest_sync_s.filter(|seconds| *seconds > SLOW_SYNC_S) {
        let text = format!("took {} to say that it has 1 MiB", length(slowest));
        find(
            Severity::Hint,
            text,
            "nothing is lost by that, but a power cut would cost as much more; choose another disk with --out",
        );
    }
}

/// Bytes a second, and the longest sync in seconds.
fn measure(dir: &Path, available: Option<u64>) -> io::Result<(f64, f64)> {
    let mut file = tempfile::tempfile_in(dir)?;
    // Not all alike: some disks compress.
    let mut random = Random::new(1);
    let piece: Vec<u8> = std::iter::repeat_with(|| random.below(256) as u8).take(PIECE).collect();
    let begun = Instant::now();
    let (mut written, mut slowest) = (0usize, Duration::ZERO);
    // What is left of a nearly full disk is the user's.
    let over =
        available.map_or(PIECES, |bytes| (bytes / (8 * PIECE as u64)).clamp(1, PIECES as u64) as usize);
    for n in 0..PIECES {
        if n.is_multiple_of(over) {
            file.seek(SeekFrom::Start(0))?;
        }
        file.write_all(&piece)?;
        let before = Instant::now();
        file.sync_data()?;
        slowest = slowest.max(before.elapsed());
        written += PIECE;
        if begun.elapsed() >= TIME {
            break;
        }
    }
    Ok((written as f64 / begun.elapsed().as_secs_f64().max(1e-6), slowest.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_leaves_nothing_behind_and_a_folder_that_is_missing_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("not/yet/there");
        let (report, findings) = examine(&dir, 288_000);
        assert!(report.speed.unwrap() > 0.0 && report.available.is_some(), "{report:?}");
        assert!(findings.iter().all(|finding| finding.severity < Severity::Refusal), "{findings:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_in_the_way_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let (report, findings) = examine(&file, 288_000);
        assert_eq!((report.speed, findings[0].severity), (None, Severity::Refusal), "{findings:?}");
    }

    #[test]
    fn room_and_speed_are_judged_by_what_the_sources_need() {
        let report = |room_s, speed, slowest| DiskReport {
            dir: "r".into(),
            available: Some(1),
            needed: 1_000_000,
            room_s: Some(room_s),
            speed: Some(speed),
            slowest_sync_s: Some(slowest),
        };
        for (report, expected) in [
            (report(1e6, 50e6, 0.1), vec![]),
            (report(7_200.0, 50e6, 0.1), vec![Severity::Hint]),
            (report(1_700.0, 50e6, 0.1), vec![Severity::Loss]),
            (report(1e6, 3e6, 0.1), vec![Severity::Loss]),
            (report(1e6, 5e6, 1.5), vec![Severity::Hint]),
        ] {
            let mut findings = Vec::new();
            judge(&report, &mut findings);
            let severities: Vec<Severity> = findings.iter().map(|finding| finding.severity).collect();
            assert_eq!(severities, expected, "{report:?}");
        }
    }
}

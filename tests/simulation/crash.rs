//! What must be true of what a crash left.

use std::fs;
use std::path::Path;

use hansard::base::units::Frames;
use hansard::session::journal::{Event, Line};
use hansard::session::manifest::{Manifest, TakeEntry};

use super::check::{length, true_sound};
use super::recovery;
use super::world::{Moment, Ran};
use crate::simulation::disk::Crash;

/// Promise 1: what a killed process may lose of what had been delivered to it, and what a power cut may, in
/// seconds.
const KILL_LOSS_S: f64 = 0.2;
const POWER_LOSS_S: f64 = 2.0;
/// A callback as long as this is a loss of its own: it may have come just now.
const CALLBACK_S: f64 = 0.1;
/// The promise is for a machine in good order: so long, in seconds, deliveries and disk must have been well.
/// The first sound of an opening is looked at for a quarter of a second before it is placed.
const WELL_S: f64 = 3.0;

pub fn check(ran: &Ran, moment: &Moment) {
    let Some(image) = &moment.image else {
        let promised = moment.takes.iter().flatten().any(|(_, durable)| durable.0 > 0);
        assert!(!promised, "the session's folder is gone, and something in it was said to be durable");
        return;
    };
    let dir = image.path();
    let lines = whole_lines(dir);
    check_manifest(dir, moment.point.crash);
    for (track, takes) in moment.takes.iter().enumerate() {
        for (entry, durable) in takes {
            check_survival(ran, dir, &lines, entry, *durable, moment.point.crash);
        }
        check_loss(ran, dir, track, moment);
    }
    recovery::check(ran, dir, moment);
}

/// The lines of a journal up to the first one that is not whole.
pub fn whole_lines(dir: &Path) -> Vec<Line> {
    let bytes = fs::read(dir.join("events.jsonl")).unwrap_or_default();
    let whole = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let lines = whole.map_while(|line| serde_json::from_slice::<Line>(line).ok());
    lines.enumerate().take_while(|(seq, line)| line.seq == *seq as u64).map(|(_, line)| line).collect()
}

/// The old or the new one, whole; none only before there was one.
fn check_manifest(dir: &Path, crash: Crash) {
    match fs::read(dir.join("session.json")) {
        Ok(bytes) => {
            let manifest = serde_json::from_slice::<Manifest>(&bytes);
            assert!(
                manifest.is_ok(),
                "the manifest is torn ({crash:?}): {}",
                String::from_utf8_lossy(&bytes)
            );
        }
        Err(_) => assert!(!dir.join("tracks").read_dir().is_ok_and(|mut f| f.next().is_some())),
    }
}

/// What was durable is there, bit by bit, and the journal vouches for it. A killed process leaves files that
/// play.
fn check_survival(ran: &Ran, dir: &Path, lines: &[Line], entry: &TakeEntry, durable: Frames, crash: Crash) {
    let frame = u64::from(entry.channels) * entry.format.bytes();
    let left = fs::read(dir.join(&entry.file)).unwrap_or_default();
    let full = fs::read(ran.dir.join(&entry.file)).expect("the take's file");
    let whole = if crash == Crash::Kill { entry.frames } else { durable };
    let end = (entry.data_offset + whole.0 * frame) as usize;
    assert!(left.len() >= end, "{}: {} bytes of {end} are left ({crash:?})", entry.file, left.len());
    let from = entry.data_offset as usize;
    assert!(left[from..end] == full[from..end], "{}: other sound than was written ({crash:?})", entry.file);
    let vouched = lines.iter().filter_map(|line| match &line.event {
        Event::Commit { spans } => spans.iter().find(|s| (&s.track, s.take) == (&entry.track, entry.take)),
        _ => None,
    });
    let vouched = vouched.map(|span| span.to).max().unwrap_or_default();
    assert!(vouched >= durable, "{}: the journal vouches for {vouched} of {durable} frames", entry.file);
    if crash == Crash::Kill {
        let header = hound::WavReader::open(dir.join(&entry.file)).map(|wav| u64::from(wav.duration()));
        let header = header.unwrap_or_else(|error| panic!("{} does not open: {error}", entry.file));
        assert!(
            header <= (left.len() as u64 - entry.data_offset) / frame,
            "{}: its header promises more",
            entry.file
        );
    }
}

/// How much of what had been delivered is gone.
fn check_loss(ran: &Ran, dir: &Path, track: usize, moment: &Moment) {
    let (device, script) = ran.storm.tracks().nth(track).expect("a track");
    let device = (&ran.devices[device], device);
    let mut well = moment.calm_s[device.1].max(moment.well_s);
    if moment.point.crash == Crash::PowerCut {
        // A disk that hangs can't be promised anything of; a killed process loses no more than ever.
        let hangs = ran.storm.hangs.iter().filter(|(from, _)| *from <= moment.at);
        well = hangs.fold(well, |well, (_, to)| well.max(*to));
    }
    // A track that has no file, or another one after an error, has something else to be judged by.
    let healthy = ran.closed.errors.is_empty() && ran.storm.panics.is_empty();
    if moment.at - well < WELL_S || !healthy {
        return;
    }
    let rate = f64::from(device.0.script.rate);
    let delivered = true_sound(&device.0.truth[..moment.delivered[device.1]]);
    let left_s = moment.takes[track].iter().map(|(entry, durable)| match moment.point.crash {
        Crash::PowerCut => entry.time_of(*durable),
        Crash::Kill => entry.time_of(Frames(frames_left(dir, entry))),
    });
    let left_s = left_s.fold(0.0, f64::max);
    let lost = delivered.iter().map(|(from, to)| {
        let times = (device.0.script.time_of(*from), device.0.script.time_of(*to));
        let from = times.0.max(left_s);
        if times.1 > from { ran.storm.wanted_s(from, times.1) } else { 0.0 }
    });
    let lost_s: f64 = lost.sum();
    let callback_s = device.0.script.callback.1 as f64 / rate;
    let promised = match moment.point.crash {
        Crash::Kill => KILL_LOSS_S,
        Crash::PowerCut => POWER_LOSS_S,
    };
    // The clock of a crystal far off is not known yet.
    let drift = device.0.script.ppm.abs() * 1e-6 * 30.0;
    let allowed = promised + drift + if callback_s > CALLBACK_S { callback_s } else { 0.0 };
    assert!(
        lost_s <= allowed,
        "{}: {lost_s:.3} s of {:.3} s are lost ({:?} at {:.2} s)",
        script.name,
        length(&delivered) as f64 / rate,
        moment.point,
        moment.at
    );
}

fn frames_left(dir: &Path, entry: &TakeEntry) -> u64 {
    let bytes = fs::metadata(dir.join(&entry.file)).map_or(0, |data| data.len());
    bytes.saturating_sub(entry.data_offset) / (u64::from(entry.channels) * entry.format.bytes())
}

//! `kill -9` of the real recorder at random moments, and what must hold then: tracks that play, a journal
//! that is read back, next to nothing lost, a session that is mended once and for all. And of `transcribe`:
//! its text goes on where it was.
//!
//! `HANSARD_KILLS` says how many times (24), `HANSARD_TEST_SEED` tries a certain run again.

#![cfg(target_os = "linux")]

mod scenario;
mod tracks;
mod transcribe;
mod victim;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use hansard::care::offline::{self, OfflineSink, Past};
use hansard::care::replay;
use hansard::care::verify::{Standing, verify};
use hansard::clock::SystemClock;
use hansard::session::disk::SystemDisk;
use hansard::session::reading::Session;

use crate::support::home::{Home, alone};
use scenario::Scenario;
use victim::Killed;

/// Kills when nothing else is asked for.
const KILLS: u64 = 24;
/// Recorders at once: they mostly wait.
const AT_ONCE: u64 = 4;
/// What a killed recorder may lose of what had been delivered to it, in seconds.
const LOSS_S: f64 = 0.2;
/// A device that has just begun to deliver: for so long its sound is held back until it is settled when that
/// was (`SETTLE_MS` of the drain, and a buffer's period).
const SETTLE_S: f64 = 0.25;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn a_recorder_that_is_killed_at_any_moment_loses_next_to_nothing() {
    // A disk that is busy with other things would hold the writer up in its syncs: that is the disk's time,
    // not the recorder's.
    let ram = Path::new("/dev/shm");
    let (ram, _alone) = (ram.is_dir().then_some(ram), alone());
    let any = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 % 1_000_000_000;
    let (seed, kills) =
        (number("HANSARD_TEST_SEED").unwrap_or(any), number("HANSARD_KILLS").unwrap_or(KILLS));
    println!("{kills} kills from HANSARD_TEST_SEED={seed} on");
    let (next, worst) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(kills) {
            scope.spawn(|| {
                loop {
                    let run = next.fetch_add(1, Ordering::Relaxed);
                    if run >= kills {
                        return;
                    }
                    let tried = std::panic::catch_unwind(|| kill_once(seed + run, ram));
                    let losses = tried.unwrap_or_else(|_| {
                        next.store(kills, Ordering::Relaxed);
                        panic!("try it again with HANSARD_TEST_SEED={} HANSARD_KILLS=1", seed + run)
                    });
                    worst.lock().unwrap().extend(losses);
                }
            });
        }
    });
    let mut losses = worst.into_inner().unwrap();
    losses.sort_by(f64::total_cmp);
    let middle = losses.get(losses.len() / 2).copied().unwrap_or_default();
    println!(
        "{} tracks measured: lost {middle:.3} s in the middle, {:.3} s at most",
        losses.len(),
        losses.last().unwrap_or(&0.0)
    );
}

/// One life and death, in a folder of memory if there is one; what each measured track lost, in seconds.
fn kill_once(seed: u64, ram: Option<&Path>) -> Vec<f64> {
    let home = ram.map_or_else(Home::new, Home::inside);
    let scenario = Scenario::new(seed);
    let killed = victim::kill(&home, &scenario);
    let Some(dir) = home.sessions().pop() else {
        assert!(scenario.is_early(), "{scenario:?}: no session");
        return Vec::new();
    };
    let context = format!("{scenario:?}");
    let before = replay::scan(&dir).unwrap();
    assert_eq!(before.damage, None, "{context}: the journal is read back");
    let began = before.replay.started.is_some();
    assert!(began || scenario.is_early(), "{context}: a session that has not begun");
    for take in &before.replay.takes {
        tracks::plays(&dir, take, &scenario);
    }
    let losses = match &killed {
        Some(killed) => measure(&dir, &before.replay, killed, &scenario),
        None => Vec::new(),
    };
    let checked = home.run(["verify", dir.to_str().unwrap()]);
    let sound = matches!(checked.code, Some(0 | 2)) || (!began && checked.code == Some(1));
    assert!(sound, "{context}: {checked:?}");
    if began || !before.replay.takes.is_empty() {
        mend(&home, &dir, &scenario);
    } else {
        // Nothing was recorded by then; whatever it is told, it does not fail.
        let ran = home.run(["recover"]);
        assert!(matches!(ran.code, Some(0 | 2)), "{context}: {ran:?}");
    }
    losses
}

/// What the recorder had been given and what there is of it.
fn measure(dir: &Path, replay: &replay::Replay, killed: &Killed, scenario: &Scenario) -> Vec<f64> {
    let at = killed.session_second(dir);
    let mut losses = Vec::new();
    for take in &replay.takes {
        let Some(source) = scenario.source(&take.entry.track) else { continue };
        if replay.of_track(&take.entry.track).count() != 1 || scenario.max {
            continue;
        }
        let sound = tracks::sound_frames(dir, take);
        // Its first frame lies behind the silence for the time before it; a device's sound is due at its own
        // rate.
        let start =
            take.entry.offset + take.silences.first().map_or(0.0, |(_, to)| to.seconds(take.entry.rate));
        let lost = (at - start) - sound as f64 / source.true_rate();
        // While a thread was ready and the machine ran others, nothing was delivered, or nothing could be
        // done about it.
        let settling = if at - start < LOSS_S + SETTLE_S { SETTLE_S } else { 0.0 };
        let allowed = LOSS_S + settling + killed.waited_s;
        assert!(lost <= allowed, "{}: lost {lost:.3} s of {allowed:.3} s: {scenario:?}", source.name);
        losses.push(lost - killed.waited_s - settling);
    }
    losses
}

/// Mended, then mended again, then used.
fn mend(home: &Home, dir: &Path, scenario: &Scenario) {
    let context = format!("{scenario:?}");
    if let Some(after) = scenario.kill_recover {
        let mut child = home.command(["recover"]).spawn().unwrap();
        std::thread::sleep(after);
        // It may have been quicker.
        drop(child.kill());
        child.wait().unwrap();
    }
    let ran = home.run(["recover"]);
    assert!(matches!(ran.code, Some(0 | 2)), "{context}: {ran:?}");
    let once = contents(dir);
    let ran = home.run(["recover", dir.to_str().unwrap(), "--json"]);
    assert!(matches!(ran.code, Some(0 | 2)), "{context}: {ran:?}");
    assert_eq!(ran.json()["changed"], false, "{context}");
    assert!(contents(dir) == once, "{context}: a second run changes nothing");

    let ran = home.run(["verify", dir.to_str().unwrap()]);
    assert!(matches!(ran.code, Some(0 | 2)), "{context}: {ran:?}");
    let report = verify(dir).unwrap();
    assert_eq!((report.state, report.unchecked.0), (Standing::Closed, 0), "{context}");
    let mended = replay::read(dir).unwrap();
    for take in &mended.takes {
        assert!(take.ended.is_some(), "{context}");
        tracks::is_exact(dir, take, scenario);
    }
    // The text can be made of it, or go on.
    let session = Session::open(dir).unwrap();
    assert_eq!(offline::tracks(&session).unwrap().len(), scenario.sources.len(), "{context}");
    let sink =
        OfflineSink::open(&SystemDisk, Arc::new(SystemClock), &session, Past::read(dir).unwrap(), true)
            .unwrap();
    sink.finish().unwrap();
    private(dir);
}

/// Every file with its content.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files(dir).into_iter().map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

/// Whatever wrote it: for nobody else.
fn private(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir), 0o700);
    for path in files(dir) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

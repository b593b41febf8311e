//! Many sources at once, in real time. `HANSARD_SOAK_S` makes it last (`./dev soak`: ten minutes).

use std::fs;

use hansard::session::manifest::GapCause;

use crate::support::home::Home;
use crate::support::sound::{self, coded};

const SOURCES: usize = 32;

#[test]
fn thirty_two_sources_at_once_lose_nothing() {
    let seconds: u64 = match std::env::var("HANSARD_SOAK_S") {
        Ok(text) => text.parse().expect("HANSARD_SOAK_S is a number of seconds"),
        Err(_) => 6,
    };
    let home = Home::new();
    let mut args = vec!["record".to_owned(), "--no-transcribe".into(), format!("--for={seconds}s")];
    // Crystals that all differ, blocks of all sizes; 24 bits repeat after 349 s, which `coded` allows for.
    args.extend((0..SOURCES).map(|n| {
        let (ppm, block) = (n as i64 * 37 - 600, 64 + n * 61);
        format!("--source=T{n}=synth:coded,secs=0,ppm={ppm},block={block}")
    }));
    let mut command = home.command(&args);
    let mut running = crate::support::home::Running::start(&mut command);
    running.says("recording into");
    let mut peak = 0;
    while let Ok(status) = fs::read_to_string(format!("/proc/{}/status", running.id())) {
        let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let Some(kib) = kib.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok()) else {
            break;
        };
        peak = kib;
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let ran = running.end_after(seconds);
    ran.expect(0);
    let session = ran.session();
    assert_eq!(session.manifest.account.len(), SOURCES);
    for account in &session.manifest.account {
        assert!(account.gaps.iter().all(|gap| gap.cause == GapCause::NotStarted), "{account:?}");
        assert_eq!(account.lost.0, 0, "{account:?}");
        let (_, count, _) = coded(&sound::track(&session, &account.track));
        assert_eq!(count, account.written.0, "{account:?}");
        assert!(count > (seconds - 1) * 48_000, "{count} frames of {seconds} s");
    }
    println!("{SOURCES} sources for {seconds} s: {} MB at most", peak / 1024);
    // Rings of 10 s for each source are most of it.
    assert!(peak / 1024 < 300, "{} MB", peak / 1024);
}

//! The sound server is killed, comes back, hangs.

use std::time::Duration;

use hansard::base::units::Frames;
use hansard::capture::synth::code;
use hansard::session::manifest::GapCause;

use super::recorded::{Recorded, START_LIMIT, lacks_sound, noise, start_recorder};
use crate::support::home::alone;
use crate::support::sound;
use crate::support::stage::pulse::{Pulse, RATE, Server};

#[test]
fn pulseaudio_dies_comes_back_and_hangs() {
    a_server_that_dies_comes_back_and_hangs(Server::PulseAudio);
}

#[test]
fn pipewire_dies_comes_back_and_hangs() {
    a_server_that_dies_comes_back_and_hangs(Server::PipeWire);
}

fn a_server_that_dies_comes_back_and_hangs(server: Server) {
    let _alone = alone();
    if lacks_sound("a server that dies, comes back and hangs", server) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut pulse = Pulse::start_on(server, &["va_alice"], &[]).unwrap();
    let wavs =
        [5u64, 6, 7].map(|seed| sound::wave(dir.path(), &format!("noise-{seed}"), RATE, &noise(30.0, seed)));
    let recorder = start_recorder(
        &pulse,
        dir.path(),
        &[
            "alice=mic:pulseaudio:va_alice",
            "monitor=loopback:pulseaudio:va_alice_in.monitor",
            "apart=synth:coded,secs=0",
        ],
    );
    pulse.wait_captures(2, START_LIMIT).unwrap();
    pulse.play("va_alice_in", &wavs[0]).unwrap();
    std::thread::sleep(Duration::from_millis(2_500));
    pulse.crash().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    pulse.restart().unwrap();
    pulse.play("va_alice_in", &wavs[1]).unwrap();
    pulse.wait_captures(2, START_LIMIT).unwrap();
    std::thread::sleep(Duration::from_secs(3));
    pulse.hang(true).unwrap();
    std::thread::sleep(Duration::from_millis(2_500));
    pulse.hang(false).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    pulse.play("va_alice_in", &wavs[2]).unwrap();
    std::thread::sleep(Duration::from_secs(3));
    let recorded = Recorded::finish(recorder, dir.path(), server);

    for track in ["alice", "monitor"] {
        let takes = recorded.takes(track);
        assert_eq!(takes.len(), 2, "{track}: {takes:?}");
        assert!(recorded.missing(track, GapCause::DeviceLost) > 1.0, "{track}: {:?}", recorded.gaps(track));
        assert_eq!(
            recorded.account(track).unexplained.unsigned_abs() / u64::from(RATE / 10),
            0,
            "a tenth of a second at most"
        );
    }
    // Both lost the same server, each by itself; the same sound stands at the same second on both.
    let (alice, monitor) = (recorded.takes("alice"), recorded.takes("monitor"));
    recorded.displaced(alice[0], 1.0, monitor[0]);
    recorded.displaced(alice[1], 0.5, monitor[1]);
    let last = alice[1].frames.seconds(alice[1].rate) - 2.0;
    recorded.displaced(alice[1], last, monitor[1]);
    assert_apart(&recorded);
}

/// The synthetic source beside them has every one of its frames.
fn assert_apart(recorded: &Recorded) {
    let [take] = recorded.takes("apart")[..] else { panic!("one take") };
    assert_eq!(recorded.account("apart").lost, Frames(0));
    let gaps = recorded.gaps("apart");
    assert!(gaps.iter().all(|gap| gap.3 == GapCause::NotStarted), "{gaps:?}");
    let sound = recorded.session.sound(take).unwrap();
    let silence: f64 = gaps.iter().map(|gap| gap.2).sum();
    let first = (silence * f64::from(take.rate.0)).round() as usize;
    let wrong =
        sound[first..].iter().enumerate().filter(|(n, s)| **s != code(*n as u64, 0, take.format)).count();
    assert_eq!(wrong, 0, "of {} samples", sound.len());
}

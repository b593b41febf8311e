//! What devices do to a recording, with a real PulseAudio: unplugged and back, moved silently to another
//! source, suspended, stalled, never started, at another rate, superseded by a headset; the server killed,
//! restarted, hanging.
//!
//! Each microphone's sound is also recorded from the monitor of the sink behind it, which no fault touches:
//! that track is the truth about what sounded when. Needs pulseaudio; where it is lacking the tests say so
//! and pass, unless `HANSARD_TEST_ALL=1`.

mod recorded;
mod server;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use hansard::base::units::Frames;
use hansard::session::journal::Event;
use hansard::session::manifest::GapCause;
use recorded::{
    PIECE_S, PLACED_S, Recorded, START_LIMIT, assert_silent, lacks_sound, noise, start_recorder, tone,
    tone_from, until,
};

use crate::support::home::alone;
use crate::support::sound;
use crate::support::stage::align::whereabouts;
use crate::support::stage::pulse::{Pulse, RATE, Server};

/// A silent move is to be noticed within a second; on a machine that builds something else a look can take
/// longer.
const NOTICED_S: f64 = 2.5;

/// Seconds of sound that is played in the first test.
const SECONDS: f64 = 17.0;

#[test]
fn devices_of_pulseaudio_that_go_stall_and_come_back() {
    devices_that_go_stall_and_come_back(Server::PulseAudio);
}

#[test]
fn devices_of_pipewire_that_go_stall_and_come_back() {
    devices_that_go_stall_and_come_back(Server::PipeWire);
}

fn devices_that_go_stall_and_come_back(server: Server) {
    let _alone = alone();
    if lacks_sound("devices that go, stall and come back", server) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // The default source has a tone: whatever is moved there silently is known by it.
    let mut pulse = Pulse::start_on(server, &["va_tone", "va_alice", "va_bob", "va_head"], &[]).unwrap();
    let [alice, bob, head, carol] = [1, 2, 3, 4].map(|seed| noise(SECONDS, seed));
    let fifo = pulse.add_fifo_mic("va_carol", f64::from(RATE), carol.clone()).unwrap();
    pulse.unplug("va_head").unwrap();
    let recorder = start_recorder(
        &pulse,
        dir.path(),
        &[
            "alice=mic:pulseaudio:va_alice",
            "alice true=loopback:pulseaudio:va_alice_in.monitor",
            "bob=mic:pulseaudio:va_bob",
            "bob true=loopback:pulseaudio:va_bob_in.monitor",
            "carol=mic:pulseaudio:va_carol",
            "anyone=mic",
            "head true=loopback:pulseaudio:va_head_in.monitor",
        ],
    );
    pulse.wait_captures(7, START_LIMIT).unwrap();
    for (sink, sound) in
        [("va_tone_in", &tone(SECONDS)), ("va_alice_in", &alice), ("va_bob_in", &bob), ("va_head_in", &head)]
    {
        let wav = sound::wave(dir.path(), sink, RATE, sound);
        pulse.play(sink, &wav).unwrap();
    }
    let start = Instant::now();
    until(start, 3.0);
    pulse.unplug("va_alice").unwrap();
    pulse.suspend("va_bob", true).unwrap();
    until(start, 5.0);
    pulse.replug_at("va_alice", 44_100).unwrap();
    pulse.suspend("va_bob", false).unwrap();
    until(start, 6.5);
    fifo.deliver(true);
    until(start, 9.0);
    // Back before anybody can have looked: a loose plug.
    pulse.unplug("va_alice").unwrap();
    pulse.replug("va_alice").unwrap();
    until(start, 10.0);
    fifo.deliver(false);
    until(start, 11.0);
    pulse.replug("va_head").unwrap();
    pulse.make_default("va_head").unwrap();
    until(start, 12.0);
    fifo.deliver(true);
    for played in pulse.wait_played(Duration::from_secs(40)).unwrap() {
        assert_eq!(played.underruns, 0, "a player ran dry: the machine is too busy");
    }
    std::thread::sleep(Duration::from_secs(1));
    let recorded = Recorded::finish(recorder, dir.path(), server);

    for (track, played) in [("alice-true", &alice), ("bob-true", &bob), ("head-true", &head)] {
        recorded.assert_untouched(track, played);
    }
    assert_moved_and_back(&recorded);
    assert_suspended(&recorded);
    if server == Server::PulseAudio {
        // PipeWire's source of a FIFO delivers silence while nobody feeds it.
        assert_slow_and_stalled(&recorded, &carol);
    }
    assert_follows_the_default(&recorded);
    assert_exported(&recorded, dir.path());
}

/// The tracks on session time: all of one length, every sound where the undisturbed track beside it has it,
/// across losses and rates, and exact silence for all that is missing.
fn assert_exported(recorded: &Recorded, dir: &Path) {
    let aligned = dir.join("aligned");
    let mut export = Command::new(env!("CARGO_BIN_EXE_hansard"));
    export.arg("export").arg(&recorded.session.dir).args(["--tracks", "wav", "--bits", "32f", "--output"]);
    let exported = export.arg(&aligned).output().unwrap();
    assert!(exported.status.success(), "{exported:?}");
    let track = |name: &str| -> Vec<f32> {
        let wav = hound::WavReader::open(aligned.join(format!("{name}.wav"))).unwrap();
        assert_eq!(wav.spec().sample_rate, RATE);
        wav.into_samples::<f32>().map(Result::unwrap).collect()
    };
    let frame = |at: f64| (at * f64::from(RATE)).round() as usize;
    for (name, truth) in [("alice", "alice-true"), ("bob", "bob-true")] {
        let (sound, truth) = (track(name), track(truth));
        assert_eq!(sound.len(), truth.len(), "one length");
        let (mut silent_until, mut offs) = (0.0, Vec::new());
        for take in recorded.takes(name) {
            let ends = take.foreign.first().map_or(take.frames, |(from, _)| *from);
            let (from, to) = (take.time_of(Frames(0)), take.time_of(ends));
            // A frame on both sides is the edge's.
            assert_silent(&sound, frame(silent_until) + 1..frame(from).saturating_sub(1), name);
            silent_until = to;
            let gaps: Vec<(f64, f64)> = recorded
                .journal
                .iter()
                .filter_map(|line| match &line.event {
                    Event::Gap { track, take: Some(of), from_frame: Some(first), frames, cause, .. }
                        if track == name && *of == take.take && *cause != GapCause::Slip && *first < ends =>
                    {
                        Some((take.time_of(*first), take.time_of(*first + *frames)))
                    }
                    _ => None,
                })
                .collect();
            for (from, to) in &gaps {
                assert_silent(&sound, frame(*from) + 1..frame(*to).saturating_sub(1), name);
            }
            // A piece from its beginning, its end, and from before and after each gap.
            let starts = gaps.iter().flat_map(|(from, to)| [from - PIECE_S, *to]);
            for at in starts.chain([from, to - PIECE_S]).filter(|at| *at >= from && at + PIECE_S <= to) {
                let piece = &sound[frame(at) + 2..frame(at + PIECE_S)];
                if piece.iter().all(|x| x.abs() < 0.01)
                    || piece.iter().filter(|x| **x == 0.0).count() > RATE as usize / 20
                {
                    continue; // Before the player had begun, or across another gap.
                }
                let near = frame(at).saturating_sub(RATE as usize / 4);
                let far = (frame(at + PIECE_S) + RATE as usize / 4).min(truth.len());
                let (found, correlation) = whereabouts(&truth[near..far], piece).unwrap();
                assert!(correlation > 0.9, "{name} at {at:.3} s: other sound: {correlation}");
                let off = (near + found) as f64 / f64::from(RATE) - (frame(at) + 2) as f64 / f64::from(RATE);
                println!("exported {name} at {at:.3} s: {:+.2} ms", off * 1e3);
                assert!(off.abs() <= PLACED_S, "{name} at {at:.3} s is {off:+.4} s off");
                offs.push(off);
            }
        }
        // A device's latency is its own, and the same before and after: to two blocks of the server.
        let spread = offs.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            - offs.iter().copied().fold(f64::INFINITY, f64::min);
        // PipeWire wakes a device that it was told to suspend: then there is no before and after.
        let compared = offs.len() >= 2 || recorded.server == Server::PipeWire;
        let blocks = match recorded.server {
            Server::PulseAudio => 0.010,
            // Its quantum is 512 frames here, and its latency was seen to be off by one of them.
            Server::PipeWire => 2.0 * 512.0 / f64::from(RATE),
        };
        assert!(compared && spread <= blocks, "{name}: {offs:?}");
    }
}

/// Alice was unplugged, came back at another rate, and was unplugged and plugged in again within a moment.
fn assert_moved_and_back(recorded: &Recorded) {
    let truth = recorded.takes("alice-true")[0];
    let takes = recorded.takes("alice");
    // All of a PipeWire runs at one rate.
    let second = if recorded.server == Server::PipeWire { RATE } else { 44_100 };
    assert_eq!(takes.iter().map(|take| take.rate.0).collect::<Vec<_>>(), [RATE, second, RATE]);
    let account = recorded.account("alice");
    assert!(recorded.missing("alice", GapCause::DeviceLost) > 1.0, "{account:?}");
    let mut moved = 0;
    for take in &takes[..2] {
        let sound = recorded.sound(take);
        let (from, to) = match take.foreign[..] {
            [stretch] => stretch,
            // PipeWire's stream is on no device for a moment, and may be closed by then.
            [] if recorded.server == Server::PipeWire => (take.frames, take.frames),
            _ => panic!("one stretch is foreign: {take:?}"),
        };
        let journalled: Vec<(u64, f64)> = recorded
            .gaps("alice")
            .iter()
            .filter(|gap| gap.0 == Some(take.take) && gap.3 == GapCause::Foreign)
            .map(|gap| (gap.1, gap.2))
            .collect();
        assert_eq!(journalled.first().map(|gap| gap.0), take.foreign.first().map(|_| from.0));
        let seconds: f64 = journalled.iter().map(|gap| gap.1).sum();
        assert!((seconds - (to - from).seconds(take.rate)).abs() < 1e-6, "{journalled:?} {take:?}");
        assert_eq!(to, take.frames, "all that came up to the end is foreign");
        let (from_s, end_s) = (from.seconds(take.rate), take.frames.seconds(take.rate));
        // Who is quick enough hears nothing of it.
        if let Some(tone_s) = tone_from(&sound).map(|at| at as f64 / f64::from(RATE)) {
            moved += 1;
            println!(
                "take {}: foreign from {from_s:.3} s, the tone from {tone_s:.3} to {end_s:.3} s",
                take.take
            );
            assert!(from_s <= tone_s, "the tone before it counts as written");
            assert!(end_s - tone_s < NOTICED_S, "the move was noticed after {:.2} s", end_s - tone_s);
        }
        // All that counts as written is the microphone's own.
        recorded.displaced(take, from_s - PIECE_S, truth);
    }
    assert!(moved > 0 || recorded.server == Server::PipeWire, "PulseAudio moved the stream to the tone");
    assert!(takes[2].foreign.is_empty() && tone_from(&recorded.sound(takes[2])).is_none());
    // What counts as written is all that stands in the files, but for silence and what is foreign.
    let in_files: u64 = takes.iter().map(|take| take.frames.0).sum();
    let not_sound: u64 = recorded
        .journal
        .iter()
        .filter_map(|line| match &line.event {
            Event::Gap { track, take: Some(_), frames, .. } if track == "alice" => Some(frames.0),
            _ => None,
        })
        .sum();
    assert_eq!(account.written.0, in_files - not_sound, "{account:?}");
    for take in &takes[1..] {
        recorded.displaced(take, 0.0, truth);
    }
}

/// Bob's source was suspended for two seconds: silence stands for them, and what follows is at its place.
fn assert_suspended(recorded: &Recorded) {
    let truth = recorded.takes("bob-true")[0];
    let take = recorded.takes("bob")[0];
    if recorded.server == Server::PipeWire {
        // It wakes a device that is used at once; or it forgets the stream, which is opened anew.
        let last = recorded.takes("bob").pop().unwrap();
        recorded.displaced(last, last.frames.seconds(last.rate) - 4.0, truth);
        return;
    }
    let gaps = recorded.gaps("bob");
    let stall =
        gaps.iter().find(|gap| gap.3 == GapCause::Stall && gap.2 > 0.5).unwrap_or_else(|| panic!("{gaps:?}"));
    assert!((1.0..4.0).contains(&stall.2), "{gaps:?}");
    assert_eq!((recorded.takes("bob").len(), stall.0), (1, Some(1)));
    let begun = stall.1 as f64 / f64::from(RATE);
    recorded.displaced(take, begun - PIECE_S, truth);
    recorded.displaced(take, begun + stall.2, truth);
}

/// Carol's source delivered nothing at first, which is said, then stalled for two seconds. Its sound went on:
/// what comes first after the gap is found where it would be without one.
fn assert_slow_and_stalled(recorded: &Recorded, carol: &[i16]) {
    let carol: Vec<f32> = carol.iter().map(|s| f32::from(*s) / 32_768.0).collect();
    let notices = recorded.journal.iter().filter(|line| {
        matches!(&line.event, Event::DeviceNotice { source, notice } if source.contains("va_carol") && notice.contains("delivers nothing"))
    });
    assert_eq!(notices.count(), 1, "it hangs in its start, and that is said once");
    let take = recorded.takes("carol")[0];
    assert!(recorded.missing("carol", GapCause::NotStarted) > 5.0);
    let gaps = recorded.gaps("carol");
    let stall =
        gaps.iter().find(|gap| gap.3 == GapCause::Stall && gap.2 > 0.5).unwrap_or_else(|| panic!("{gaps:?}"));
    assert!((1.0..4.0).contains(&stall.2), "{gaps:?}");
    let sound = recorded.sound(take);
    let begun = stall.1 as usize;
    let after = begun + (stall.2 * f64::from(RATE)).round() as usize;
    let piece = (PIECE_S * f64::from(RATE)) as usize;
    let place = |from: usize| {
        let (at, correlation) = whereabouts(&carol, &sound[from..from + piece]).unwrap();
        assert!(correlation > 0.9, "{correlation} at {from}");
        (from as f64 - at as f64) / take.clock.rate
    };
    let displaced = place(after) - place(begun - piece);
    println!("carol after the stall: {:+.1} ms", displaced * 1e3);
    assert!(displaced.abs() <= PLACED_S, "{displaced}");
}

/// Who named no device hears the default one, and the headset from when it was plugged in; nobody else ever
/// does.
fn assert_follows_the_default(recorded: &Recorded) {
    let truth = recorded.takes("head-true")[0];
    let [tone, head] = recorded.takes("anyone")[..] else {
        panic!("two takes: {:?}", recorded.takes("anyone"))
    };
    assert!(tone_from(&recorded.sound(tone)).is_some(), "the default was the tone");
    // The server moves the stream to the headset at once, and what came of that counts as foreign; the rest
    // is the old default's.
    let foreign: f64 = tone.foreign.iter().map(|(from, to)| (*to - *from).seconds(tone.rate)).sum();
    assert!(foreign < NOTICED_S && head.foreign.is_empty(), "{:?} {:?}", tone.foreign, head.foreign);
    recorded.displaced(head, 0.0, truth);
    assert!(
        recorded.missing("anyone", GapCause::DeviceLost) > 0.0,
        "the change costs a moment, and that is said"
    );
    let said = recorded.journal.iter().any(
        |line| matches!(&line.event, Event::DeviceLost { source, reason } if source == "mic" && reason.contains("default")),
    );
    assert!(said);
}

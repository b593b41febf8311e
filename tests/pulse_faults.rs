//! What devices do to a recording, with a real PulseAudio: unplugged and back, moved silently to another
//! source, suspended, stalled, never started, at another rate, superseded by a headset; the server killed,
//! restarted, hanging.
//!
//! Each microphone's sound is also recorded from the monitor of the sink behind it, which no fault touches:
//! that track is the truth about what sounded when. Needs pulseaudio; where it is lacking the tests say so
//! and pass, unless `HANSARD_TEST_ALL=1`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::home::alone;
use crate::support::stage::align::whereabouts;
use crate::support::stage::pulse::{self, Pulse, RATE, Server};
use crate::support::stage::recorder::{Recorder, Session};
use hansard::audio::resample;
use hansard::base::random::Random;
use hansard::base::units::{Frames, SampleRate};
use hansard::capture::synth::code;
use hansard::session::journal::{Event, Line};
use hansard::session::manifest::{GapCause, TakeEntry, TrackAccount};

/// Time for the sound system and the programs to start, on a machine that builds something else as well.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Time for the recorder to finish without text.
const FINISH_LIMIT: Duration = Duration::from_secs(30);
/// The first true sample after a gap lies this near its true time, in seconds.
const PLACED_S: f64 = 0.020;
/// Length of the sound that is looked for in another track, in seconds.
const PIECE_S: f64 = 0.5;
/// The tone that stands for another device's sound.
const TONE_HZ: f64 = 1_000.0;
/// A silent move is to be noticed within a second; on a machine that builds something else a look can take
/// longer.
const NOTICED_S: f64 = 2.5;

fn lacks_sound(test: &str, server: Server) -> bool {
    let Some(missing) = pulse::missing_for(server) else { return false };
    assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{test} on {server:?} cannot run: {missing}");
    println!("SKIPPED {test} on {server:?}: {missing}");
    true
}

/// Noise without anything above 3 kHz, so that it survives resampling; a different one for each seed.
fn noise(seconds: f64, seed: u64) -> Vec<i16> {
    let mut random = Random::at(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (mut low, mut lower) = (0.0, 0.0);
    let frames = (seconds * f64::from(RATE)) as usize;
    (0..frames)
        .map(|_| {
            low += 0.25 * (random.unit() - 0.5 - low);
            lower += 0.25 * (low - lower);
            (lower * 40_000.0) as i16
        })
        .collect()
}

fn tone(seconds: f64) -> Vec<i16> {
    let frames = (seconds * f64::from(RATE)) as usize;
    let phase = |n: usize| n as f64 * TONE_HZ * std::f64::consts::TAU / f64::from(RATE);
    (0..frames).map(|n| (phase(n).sin() * 8_000.0) as i16).collect()
}

fn write_wav(dir: &Path, name: &str, sound: &[i16]) -> PathBuf {
    let path = dir.join(format!("{name}.wav"));
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(&path, spec).unwrap();
    sound.iter().for_each(|sample| wav.write_sample(*sample).unwrap());
    wav.finalize().unwrap();
    path
}

fn start_recorder(pulse: &Pulse, dir: &Path, sources: &[&str]) -> Recorder {
    let mut command = pulse.recorder(Path::new(env!("CARGO_BIN_EXE_hansard")));
    let home = dir.join("home");
    command.env("HOME", &home).env("XDG_CONFIG_HOME", home.join("config")).env_remove("HANSARD_RECORDINGS");
    command.args(["record", "--no-transcribe", "--out"]).arg(dir.join("recordings"));
    for source in sources {
        command.args(["--source", source]);
    }
    Recorder::start(&mut command).unwrap()
}

/// A recording that was full of faults.
struct Recorded {
    session: Session,
    journal: Vec<Line>,
    server: Server,
}

impl Recorded {
    fn finish(recorder: Recorder, dir: &Path, server: Server) -> Self {
        recorder.interrupt().unwrap();
        let status = recorder.finish(FINISH_LIMIT, |line| println!("{}", line.text)).unwrap();
        assert_eq!(status.code(), Some(2), "done with losses, and it is said");
        let session = Session::newest(&dir.join("recordings"), &[]).unwrap();
        let journal = std::fs::read_to_string(session.dir.join("events.jsonl")).unwrap();
        let journal: Vec<Line> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &journal {
            if !matches!(line.event, Event::Commit { .. } | Event::Clock { .. }) {
                println!("{:7.3} {:?}", line.session_ns.seconds(), line.event);
            }
        }
        let verify =
            Command::new(env!("CARGO_BIN_EXE_hansard")).arg("verify").arg(&session.dir).output().unwrap();
        println!("{}{}", String::from_utf8_lossy(&verify.stdout), String::from_utf8_lossy(&verify.stderr));
        assert_eq!(verify.status.code(), Some(2), "the account holds, and names losses");
        Self { session, journal, server }
    }

    fn takes(&self, track: &str) -> Vec<&TakeEntry> {
        self.session.manifest.takes.iter().filter(|take| take.track == track).collect()
    }

    fn account(&self, track: &str) -> &TrackAccount {
        self.session.manifest.account.iter().find(|account| account.track == track).unwrap()
    }

    /// The gaps of a track as they are journalled: take, first frame in it, seconds, cause.
    fn gaps(&self, track: &str) -> Vec<(Option<u32>, u64, f64, GapCause)> {
        let gaps = self.journal.iter().filter_map(|line| match &line.event {
            Event::Gap { track: of, take, from_frame, frames, cause, .. } if of == track => {
                let rate = self.account_rate(track, *take);
                Some((*take, from_frame.unwrap_or(Frames(0)).0, frames.0 as f64 / rate, *cause))
            }
            _ => None,
        });
        gaps.collect()
    }

    fn account_rate(&self, track: &str, take: Option<u32>) -> f64 {
        let takes = self.takes(track);
        let of = takes.iter().find(|entry| Some(entry.take) == take).or(takes.first());
        of.map_or(f64::from(RATE), |entry| f64::from(entry.rate.0))
    }

    fn missing(&self, track: &str, cause: GapCause) -> f64 {
        self.gaps(track).iter().filter(|gap| gap.3 == cause).map(|gap| gap.2).sum()
    }

    /// A take's sound at [`RATE`], and the session second of its frame 0.
    fn sound(&self, take: &TakeEntry) -> Vec<f32> {
        let sound = self.session.sound(take).unwrap();
        if take.rate.0 == RATE {
            sound
        } else {
            resample::convert(&sound, take.rate, SampleRate(RATE)).unwrap()
        }
    }

    /// How much later, in seconds, the sound from second `from` of a take on stands in the session than in
    /// the undisturbed take.
    fn displaced(&self, take: &TakeEntry, from: f64, truth: &TakeEntry) -> f64 {
        let (sound, truth_sound) = (self.sound(take), self.sound(truth));
        let begin = (from * f64::from(RATE)) as usize;
        let piece = &sound[begin..begin + (PIECE_S * f64::from(RATE)) as usize];
        let (at, correlation) = whereabouts(&truth_sound, piece).unwrap();
        let name = format!("{} take {} from {from:.2} s", take.track, take.take);
        // Where PipeWire ran dry, or was taking its device away, the rest must be what was played.
        let dry = piece.iter().filter(|sample| self.server == Server::PipeWire && **sample == 0.0).count();
        let heard = 1.0 - dry as f64 / piece.len() as f64;
        assert!(heard > 0.5, "{name}: {dry} of {} samples are silence", piece.len());
        assert!(correlation > 0.9 * heard.sqrt(), "{name}: other sound than was played: {correlation}");
        let here = take.clock.offset + from * f64::from(take.rate.0) / take.clock.rate;
        let displaced = here - truth.time_of(Frames(at as u64));
        println!("{name}: {:+.1} ms", displaced * 1e3);
        assert!(displaced.abs() <= PLACED_S, "{name} is {displaced:+.4} s off");
        displaced
    }

    /// The track holds every sample of what was played, at one place, and nothing is missing.
    fn assert_untouched(&self, track: &str, played: &[i16]) {
        let takes = self.takes(track);
        assert_eq!(takes.len(), 1, "{track} has one take");
        assert_eq!(self.account(track).lost, Frames(0), "{:?}", self.account(track));
        let sound = self.session.sound(takes[0]).unwrap();
        // A sink that a player joins may lose the first few samples; from then on each one counts.
        let played = &played[RATE as usize / 10..];
        let played: Vec<f32> = played.iter().map(|s| f32::from(*s) / 32_768.0).collect();
        let (at, _) = whereabouts(&sound, &played[..RATE as usize]).unwrap();
        assert!(at + played.len() <= sound.len(), "{track} is too short");
        // A virtual device rounds to 16 bits, no more. A PipeWire that is kept from its processor plays exact
        // silence meanwhile: that is its own loss, told by itself to nobody.
        let server_ran_dry = |sample: f32| self.server == Server::PipeWire && sample == 0.0;
        let pairs = sound[at..].iter().zip(&played).enumerate();
        let wrong = pairs.filter(|(_, (a, b))| (*a - *b).abs() > 2.0 / 32_768.0 && !server_ran_dry(**a));
        let wrong: Vec<_> = wrong.collect();
        assert!(
            wrong.is_empty(),
            "{track}: {} of {} samples: {:?}",
            wrong.len(),
            played.len(),
            &wrong[..wrong.len().min(10)]
        );
    }
}

/// Where the tone begins in the sound: the first hundredth of a second most of whose energy it is.
fn tone_from(sound: &[f32]) -> Option<usize> {
    let window = RATE as usize / 100;
    let is_tone = |chunk: &[f32]| {
        let turn = TONE_HZ * std::f64::consts::TAU / f64::from(RATE);
        let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
        for (n, s) in chunk.iter().enumerate() {
            let (sin, cos) = (n as f64 * turn).sin_cos();
            re += f64::from(*s) * cos;
            im += f64::from(*s) * sin;
            all += f64::from(*s).powi(2);
        }
        all > 0.0 && (re * re + im * im) / (all * chunk.len() as f64 / 2.0) > 0.8
    };
    // Noise has a third of a hundred frequencies in a window: it never puts four fifths of its energy into
    // one.
    let starts = (0..sound.len().saturating_sub(window)).step_by(window / 2);
    starts.into_iter().find(|&at| is_tone(&sound[at..at + window]))
}

/// Waits for a moment of the test's own time.
fn until(start: Instant, second: f64) {
    std::thread::sleep(Duration::from_secs_f64(second).saturating_sub(start.elapsed()));
}

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
        let wav = write_wav(dir.path(), sink, sound);
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

fn assert_silent(sound: &[f32], span: std::ops::Range<usize>, name: &str) {
    if span.start < span.end {
        let loud = sound[span.clone()].iter().filter(|x| **x != 0.0).count();
        assert_eq!(loud, 0, "{name}: what is missing is silent: frames {span:?}");
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
    let wavs = [5u64, 6, 7].map(|seed| write_wav(dir.path(), &format!("noise-{seed}"), &noise(30.0, seed)));
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

//! A recording of devices that go wrong, measured against the sound that was played.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use hansard::audio::resample;
use hansard::base::random::Random;
use hansard::base::units::{Frames, SampleRate};
use hansard::session::journal::{Event, Line};
use hansard::session::manifest::{GapCause, TakeEntry, TrackAccount};

use crate::support::stage::align::whereabouts;
use crate::support::stage::pulse::{self, Pulse, RATE, Server};
use crate::support::stage::recorder::{Recorder, Session};

/// The first true sample after a gap lies this near its true time, in seconds.
pub const PLACED_S: f64 = 0.020;

/// Length of the sound that is looked for in another track, in seconds.
pub const PIECE_S: f64 = 0.5;

/// The tone that stands for another device's sound.
pub const TONE_HZ: f64 = 1_000.0;

/// Time for the sound system and the programs to start, on a machine that builds something else as well.
pub const START_LIMIT: Duration = Duration::from_secs(20);

/// Time for the recorder to finish without text.
pub const FINISH_LIMIT: Duration = Duration::from_secs(30);

pub fn lacks_sound(test: &str, server: Server) -> bool {
    let Some(missing) = pulse::missing_for(server) else { return false };
    assert!(std::env::var_os("HANSARD_TEST_ALL").is_none(), "{test} on {server:?} cannot run: {missing}");
    println!("SKIPPED {test} on {server:?}: {missing}");
    true
}

/// Noise without anything above 3 kHz, so that it survives resampling; a different one for each seed.
pub fn noise(seconds: f64, seed: u64) -> Vec<i16> {
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

pub fn tone(seconds: f64) -> Vec<i16> {
    let frames = (seconds * f64::from(RATE)) as usize;
    let phase = |n: usize| n as f64 * TONE_HZ * std::f64::consts::TAU / f64::from(RATE);
    (0..frames).map(|n| (phase(n).sin() * 8_000.0) as i16).collect()
}

pub fn start_recorder(pulse: &Pulse, dir: &Path, sources: &[&str]) -> Recorder {
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
pub struct Recorded {
    pub(super) session: Session,
    pub(super) journal: Vec<Line>,
    pub(super) server: Server,
}

impl Recorded {
    pub fn finish(recorder: Recorder, dir: &Path, server: Server) -> Self {
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

    pub fn takes(&self, track: &str) -> Vec<&TakeEntry> {
        self.session.manifest.takes.iter().filter(|take| take.track == track).collect()
    }

    pub fn account(&self, track: &str) -> &TrackAccount {
        self.session.manifest.account.iter().find(|account| account.track == track).unwrap()
    }

    /// The gaps of a track as they are journalled: take, first frame in it, seconds, cause.
    pub fn gaps(&self, track: &str) -> Vec<(Option<u32>, u64, f64, GapCause)> {
        let gaps = self.journal.iter().filter_map(|line| match &line.event {
            Event::Gap { track: of, take, from_frame, frames, cause, .. } if of == track => {
                let rate = self.account_rate(track, *take);
                Some((*take, from_frame.unwrap_or(Frames(0)).0, frames.0 as f64 / rate, *cause))
            }
            _ => None,
        });
        gaps.collect()
    }

    pub fn account_rate(&self, track: &str, take: Option<u32>) -> f64 {
        let takes = self.takes(track);
        let of = takes.iter().find(|entry| Some(entry.take) == take).or(takes.first());
        of.map_or(f64::from(RATE), |entry| f64::from(entry.rate.0))
    }

    pub fn missing(&self, track: &str, cause: GapCause) -> f64 {
        self.gaps(track).iter().filter(|gap| gap.3 == cause).map(|gap| gap.2).sum()
    }

    /// A take's sound at [`RATE`], and the session second of its frame 0.
    pub fn sound(&self, take: &TakeEntry) -> Vec<f32> {
        let sound = self.session.sound(take).unwrap();
        if take.rate.0 == RATE {
            sound
        } else {
            resample::convert(&sound, take.rate, SampleRate(RATE)).unwrap()
        }
    }

    /// How much later, in seconds, the sound from second `from` of a take on stands in the session than in
    /// the undisturbed take.
    pub fn displaced(&self, take: &TakeEntry, from: f64, truth: &TakeEntry) -> f64 {
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
    pub fn assert_untouched(&self, track: &str, played: &[i16]) {
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
pub fn tone_from(sound: &[f32]) -> Option<usize> {
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

pub fn assert_silent(sound: &[f32], span: std::ops::Range<usize>, name: &str) {
    if span.start < span.end {
        let loud = sound[span.clone()].iter().filter(|x| **x != 0.0).count();
        assert_eq!(loud, 0, "{name}: what is missing is silent: frames {span:?}");
    }
}

/// Waits for a moment of the test's own time.
pub fn until(start: Instant, second: f64) {
    std::thread::sleep(Duration::from_secs_f64(second).saturating_sub(start.elapsed()));
}

//! The synthetic source: a device by script, to rehearse good and bad days without hardware.
//!
//! ```text
//! synth:KIND[,key=value]…
//!   KIND     coded | tone | noise | silence
//!   rate=48000 channels=1 bits=24|16|32 secs=10 (0: endless)
//!   ppm=0         how much faster than its nominal rate its crystal runs
//!   block=480     frames of a callback; block=1-4096: another number each time
//!   hz=440 db=-20 seed=1
//!   stall=AT:DUR  for DUR seconds from second AT on its sound is lost without a word
//!   late=AT:DUR   … its sound is held back and then delivered in a burst
//!   gone=AT:DUR   … the device is not there
//!   zeros=AT:DUR  for DUR seconds of its sound from second AT on every sample is exactly zero
//! ```
//! A `coded` frame *n* carries *n* itself in its samples ([`code`]), so that a recording can be checked to
//! the sample.

use std::sync::OnceLock;

use super::drain::Timeline;
use super::feed::{self, Delivery, Epoch, Fed, Feed, Pace};
use super::source::{BrokenOff, Opened, Plug, Source, SourceError};
use crate::base::format::DeviceFormat;
use crate::base::random::Random;
use crate::base::units::{SampleFormat, SampleRate};
use crate::clock::MonoNs;

/// A device by script.
#[derive(Debug)]
pub struct Synth {
    text: String,
    script: Script,
    pace: Pace,
    epoch: OnceLock<MonoNs>,
}

#[derive(Debug, Clone)]
struct Script {
    kind: Kind,
    format: DeviceFormat,
    secs: f64,
    ppm: f64,
    block: (usize, usize),
    hz: f64,
    level: f32,
    seed: u64,
    faults: Vec<(Delivery, f64, f64)>,
    /// Spans in seconds of its own sound.
    zeros: Vec<(f64, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Coded,
    Tone,
    Noise,
    Silence,
}

/// The sample that stands for frame `n` of channel `channel` (from 0): a ramp through all values of the
/// format, another one for each channel. 16 bit repeats after 1.4 s at 48 kHz, 24 bit after 349 s.
pub fn code(n: u64, channel: u16, format: SampleFormat) -> f32 {
    let bits = if format == SampleFormat::S16 { 16 } else { 24 };
    let range = 1i64 << bits;
    let value = (n as i64 + 1 + i64::from(channel) * 1_000).rem_euclid(range) - range / 2;
    value as f32 / (range / 2) as f32
}

impl Synth {
    /// Reads a script.
    pub fn new(text: &str, pace: Pace) -> Result<Self, SourceError> {
        Ok(Self { text: text.into(), script: Script::parse(text)?, pace, epoch: OnceLock::new() })
    }

    /// Channels of the device.
    pub fn channels(&self) -> u16 {
        self.script.format.channels
    }
}

impl Source for Synth {
    fn label(&self) -> String {
        format!("synth:{}", self.text)
    }

    fn timeline(&self) -> Timeline {
        self.pace.timeline()
    }

    fn buffer_ms(&self) -> u64 {
        20
    }

    fn open(&self, plug: &Plug) -> Result<Opened, SourceError> {
        let epoch = Epoch::now(&self.epoch, &plug.clock);
        let mut feed =
            SynthFeed { script: self.script.clone(), at: 0, random: Random::at(self.script.seed | 1) };
        if self.pace == Pace::Real && feed.delivery(epoch.age_s()) == Delivery::Gone {
            return Err(SourceError("the device is not there".into()));
        }
        feed::start(Box::new(feed), self.script.format, self.pace, epoch, plug, self.label())
    }
}

impl Script {
    fn parse(text: &str) -> Result<Self, SourceError> {
        let mut parts = text.split(',');
        let kind = match parts.next().unwrap_or_default() {
            "coded" => Kind::Coded,
            "tone" => Kind::Tone,
            "noise" => Kind::Noise,
            "silence" => Kind::Silence,
            other => {
                return Err(SourceError(format!(
                    "unknown synthetic source {other:?}: use coded, tone, noise or silence, as in synth:tone,hz=440,secs=10"
                )));
            }
        };
        let mut script = Self {
            kind,
            format: DeviceFormat { rate: SampleRate::HZ_48000, channels: 1, format: SampleFormat::S24 },
            secs: 10.0,
            ppm: 0.0,
            block: (480, 480),
            hz: 440.0,
            level: 0.1,
            seed: 1,
            faults: Vec::new(),
            zeros: Vec::new(),
        };
        for part in parts {
            script.set(part)?;
        }
        Ok(script)
    }

    fn set(&mut self, part: &str) -> Result<(), SourceError> {
        let wrong = |why: &str| SourceError(format!("synthetic source: {part:?}: {why}"));
        let (key, value) = part.split_once('=').ok_or_else(|| wrong("expected key=value"))?;
        let number = |from: f64, to: f64| {
            value
                .parse::<f64>()
                .ok()
                .filter(|n| (from..=to).contains(n))
                .ok_or_else(|| wrong(&format!("expected a number from {from} to {to}")))
        };
        match key {
            "rate" => self.format.rate = SampleRate(number(4_000.0, 384_000.0)? as u32),
            "channels" => self.format.channels = number(1.0, 32.0)? as u16,
            "bits" => {
                self.format.format = match value {
                    "16" => SampleFormat::S16,
                    "24" => SampleFormat::S24,
                    "32" => SampleFormat::F32,
                    _ => return Err(wrong("expected 16, 24 or 32")),
                }
            }
            "secs" => self.secs = number(0.0, 1e6)?,
            "ppm" => self.ppm = number(-100_000.0, 100_000.0)?,
            "hz" => self.hz = number(1.0, 100_000.0)?,
            "db" => self.level = 10f32.powf(number(-200.0, 0.0)? as f32 / 20.0),
            "seed" => self.seed = value.parse().map_err(|_| wrong("expected a whole number"))?,
            "block" => {
                let (low, high) = value.split_once('-').unwrap_or((value, value));
                let parse = |n: &str| n.parse::<usize>().ok().filter(|n| (1..=96_000).contains(n));
                let range = parse(low).zip(parse(high)).filter(|(low, high)| low <= high);
                self.block = range.ok_or_else(|| wrong("expected frames, or a range such as 1-4096"))?;
            }
            "stall" => {
                self.fault(Delivery::Lost, value).ok_or_else(|| wrong("expected AT:DUR in seconds"))?
            }
            "late" => self.fault(Delivery::Late, value).ok_or_else(|| wrong("expected AT:DUR in seconds"))?,
            "gone" => self.fault(Delivery::Gone, value).ok_or_else(|| wrong("expected AT:DUR in seconds"))?,
            "zeros" => {
                let span = parse_span(value).ok_or_else(|| wrong("expected AT:DUR in seconds"))?;
                self.zeros.push(span);
            }
            _ => {
                return Err(wrong(
                    "unknown key; there are rate, channels, bits, secs, ppm, block, hz, db, seed, stall, late, gone, zeros",
                ));
            }
        }
        Ok(())
    }

    fn fault(&mut self, what: Delivery, value: &str) -> Option<()> {
        let (from, to) = parse_span(value)?;
        self.faults.push((what, from, to));
        Some(())
    }
}

/// `AT:DUR` in seconds as from and to.
fn parse_span(value: &str) -> Option<(f64, f64)> {
    let (at, duration) = value.split_once(':')?;
    let (at, duration): (f64, f64) = (at.parse().ok()?, duration.parse().ok()?);
    (at >= 0.0 && duration > 0.0).then_some((at, at + duration))
}

struct SynthFeed {
    script: Script,
    at: u64,
    random: Random,
}

impl SynthFeed {
    fn sample(&mut self, channel: u16) -> f32 {
        let script = &self.script;
        match script.kind {
            Kind::Coded => code(self.at, channel, script.format.format),
            Kind::Silence => 0.0,
            Kind::Tone => {
                let phase = script.hz * self.at as f64 / f64::from(script.format.rate.0);
                script.level * (std::f64::consts::TAU * phase.fract()).sin() as f32
            }
            Kind::Noise => {
                let level = script.level;
                (self.random.word() as f32 / 2f32.powi(31) - 1.0) * level
            }
        }
    }
}

impl Feed for SynthFeed {
    fn next(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<Fed, BrokenOff> {
        let end = match self.script.secs {
            0.0 => u64::MAX,
            secs => (secs * f64::from(self.script.format.rate.0)).round() as u64,
        };
        let frames = (frames as u64).min(end.saturating_sub(self.at)) as usize;
        for _ in 0..frames {
            let at = self.at as f64 / f64::from(self.script.format.rate.0);
            let dead = self.script.zeros.iter().any(|(from, to)| (*from..*to).contains(&at));
            for channel in 0..self.script.format.channels {
                let sample = self.sample(channel);
                out.push(if dead { 0.0 } else { sample });
            }
            self.at += 1;
        }
        Ok(if frames == 0 { Fed::Nothing } else { Fed::Sound(frames) })
    }

    fn delivery(&mut self, at: f64) -> Delivery {
        let fault = self.script.faults.iter().find(|(_, from, to)| (*from..*to).contains(&at));
        fault.map_or(Delivery::OnTime, |(what, ..)| *what)
    }

    fn skip(&mut self, frames: u64) {
        self.at += frames;
    }

    fn block(&mut self, _rate: u32) -> usize {
        let (low, high) = self.script.block;
        low + (self.random.word() as usize) % (high - low + 1)
    }

    fn true_rate(&self, nominal: f64) -> f64 {
        nominal * (1.0 + self.script.ppm * 1e-6)
    }
}

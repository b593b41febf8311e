//! Simulated devices, each with a clock of its own: what they record of one world in which clicks come at
//! known session times, and the stamps from which their clock is estimated.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use hansard::base::random::Random;
use hansard::base::units::{Frames, SampleFormat, SampleRate};
use hansard::clock::model::ClockModel;
use hansard::session::manifest::{ClockFit, Manifest, SourceEntry, TakeEntry};
use hansard::session::wav::Layout;

use super::sessions::{self, START};

/// Between two clicks of the world, about.
pub const EVERY_S: f64 = 5.0;
/// A click lasts about this long to either side.
pub const CLICK_S: f64 = 0.003;

/// Session seconds at which it clicks: some seconds apart, on no grid of anybody's.
pub fn clicks(seconds: f64) -> Vec<f64> {
    (0..)
        .map(|n| 1.0 + f64::from(n) * EVERY_S + 0.000_37 * f64::from(n))
        .take_while(|at| at + 0.5 < seconds)
        .collect()
}

/// A click, `t` seconds after its middle: 2 kHz within a bell, the same to both sides.
fn click(t: f64) -> f64 {
    0.8 * (-(t / 0.000_7).powi(2)).exp() * (std::f64::consts::TAU * 2_000.0 * t).cos()
}

/// One take of a device.
#[derive(Debug, Clone)]
pub struct Device {
    pub rate: u32,
    /// From which session second on it runs how many ppm fast; the first entry is the take's beginning.
    pub ppm: Vec<(f64, f64)>,
    /// Session second at which it ends.
    pub until: f64,
}

impl Device {
    pub fn steady(rate: u32, ppm: f64, from: f64, until: f64) -> Self {
        Self { rate, ppm: vec![(from, ppm)], until }
    }

    /// Parts at one speed: first frame, session second of that, frames a second.
    fn parts(&self) -> Vec<(f64, f64, f64)> {
        let mut parts: Vec<(f64, f64, f64)> = Vec::new();
        for &(at, ppm) in &self.ppm {
            let from = parts.last().map_or(0.0, |(from, since, rate)| from + (at - since) * rate);
            parts.push((from, at, f64::from(self.rate) * (1.0 + ppm * 1e-6)));
        }
        parts
    }

    pub fn frame_at(&self, at: f64) -> f64 {
        let parts = self.parts();
        let (from, since, rate) = parts.iter().rev().find(|part| part.1 <= at).unwrap_or(&parts[0]);
        from + (at - since) * rate
    }

    pub fn time_of(&self, frame: f64) -> f64 {
        let parts = self.parts();
        let (from, since, rate) = parts.iter().rev().find(|part| part.0 <= frame).unwrap_or(&parts[0]);
        since + (frame - from) / rate
    }

    pub fn frames(&self) -> u64 {
        self.frame_at(self.until) as u64
    }

    /// Its 16-bit file.
    pub fn write(&self, path: &Path, clicks: &[f64]) {
        let layout = Layout { rate: SampleRate(self.rate), channels: 1, format: SampleFormat::S16 };
        let mut file = BufWriter::new(File::create(path).unwrap());
        file.write_all(&layout.header(self.frames() * 2).unwrap()).unwrap();
        let mut at = 0;
        // Between clicks there is nothing, which costs nothing.
        for middle in clicks.iter().filter(|c| **c > self.time_of(0.0) && **c + CLICK_S < self.until) {
            let from = self.frame_at(middle - CLICK_S).max(0.0) as u64;
            file.seek(SeekFrom::Current((from - at) as i64 * 2)).unwrap();
            at = self.frame_at(middle + CLICK_S) as u64;
            for frame in from..at {
                let x = click(self.time_of(frame as f64) - middle);
                file.write_all(&((x * 32_768.0).round() as i16).to_le_bytes()).unwrap();
            }
        }
        let file = file.into_inner().unwrap();
        file.set_len(44 + self.frames() * 2).unwrap();
    }

    /// Its clock as a recorder estimates it: a stamp each 10 ms, late by some milliseconds; every five
    /// minutes, two seconds come at once.
    pub fn measured(&self, random: &mut Random) -> ClockFit {
        let mut model = ClockModel::starting_at(SampleRate(self.rate), self.time_of(0.0));
        let block = u64::from(self.rate) / 100;
        let mut burst_until = 0.0;
        for frame in (block..=self.frames()).step_by(block as usize) {
            let at = self.time_of(frame as f64);
            if random.unit() < 1.0 / 30_000.0 {
                burst_until = at + 2.0;
            }
            // Mostly little, sometimes 20 ms.
            let late = -random.unit().max(1e-9).ln() * 0.002;
            model.observe(Frames(frame), f64::max(at + late.min(0.02), burst_until));
        }
        model.finish().fit
    }

    /// Its clock as it is.
    pub fn true_clock(&self) -> ClockFit {
        let (_, at, rate) = self.parts()[0];
        let ppm = self.ppm[0].1;
        let piece = |&(from, at, rate): &(f64, f64, f64)| hansard::session::manifest::ClockPiece {
            from: Frames(from.round() as u64),
            at: at + (from.round() - from) / rate,
            rate,
        };
        let pieces = self.parts().iter().map(piece).collect();
        ClockFit { offset: at, rate, ppm, residual_ms: 0.0, points: 1, pieces }
    }
}

/// The entry of a take whose file is written.
pub fn entry(track: &str, take: u32, device: &Device, clock: ClockFit) -> TakeEntry {
    let number = if take == 1 { String::new() } else { format!(".{take}") };
    TakeEntry {
        track: track.into(),
        take,
        file: format!("tracks/{track}{number}.wav"),
        rate: SampleRate(device.rate),
        channels: 1,
        format: SampleFormat::S16,
        data_offset: 44,
        frames: Frames(device.frames()),
        offset: clock.offset,
        clock,
        foreign: Vec::new(),
    }
}

/// A session of those takes.
pub fn session(recordings: &Path, takes: Vec<TakeEntry>) -> std::path::PathBuf {
    let mut names: Vec<String> = takes.iter().map(|take| take.track.clone()).collect();
    names.dedup();
    let people: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut manifest: Manifest = sessions::manifest("2026-03-14_0930_tracks", "Tracks", START, &people);
    for (source, name) in manifest.sources.iter_mut().zip(&names) {
        *source = SourceEntry { track: name.clone(), ..source.clone() };
    }
    manifest.takes = takes;
    sessions::write(recordings, &manifest, &[])
}

/// Where a click near `at` lies in a track, in seconds: the middle of its energy. None: there is none.
pub fn heard(track: &[f32], rate: u32, at: f64) -> Option<f64> {
    let (from, to) = window(rate, at, track.len());
    middle(track[from..to].iter().copied()).map(|frame| (from as f64 + frame) / f64::from(rate))
}

/// The same of a mono file of 16 bits, of which only that much is read.
pub fn heard_in<R: std::io::Read + Seek>(wav: &mut hound::WavReader<R>, at: f64) -> Option<f64> {
    let rate = wav.spec().sample_rate;
    let (from, to) = window(rate, at, wav.duration() as usize);
    wav.seek(from as u32).unwrap();
    let samples = wav.samples::<i16>().take(to - from).map(|x| f32::from(x.unwrap()) / 32_768.0);
    middle(samples).map(|frame| (from as f64 + frame) / f64::from(rate))
}

/// Frames around a click.
fn window(rate: u32, at: f64, frames: usize) -> (usize, usize) {
    let window = 2.0 * CLICK_S + 0.006;
    let frame = |at: f64| (at * f64::from(rate)).max(0.0) as usize;
    (frame(at - window), frame(at + window).min(frames))
}

/// The middle of the energy, in frames.
fn middle(samples: impl Iterator<Item = f32>) -> Option<f64> {
    let energies = samples.map(|x| f64::from(x * x)).enumerate();
    let (sum, moment) = energies.fold((0.0, 0.0), |(sum, moment), (n, e)| (sum + e, moment + e * n as f64));
    (sum > 0.1).then(|| moment / sum)
}

/// The samples of a mono WAV file.
pub fn samples(path: &Path) -> Vec<f32> {
    let mut reader = hound::WavReader::open(path).unwrap();
    match (reader.spec().sample_format, reader.spec().bits_per_sample) {
        (hound::SampleFormat::Float, _) => reader.samples::<f32>().map(Result::unwrap).collect(),
        (_, bits) => {
            let full = (1_i64 << (bits - 1)) as f32;
            reader.samples::<i32>().map(|x| x.unwrap() as f32 / full).collect()
        }
    }
}

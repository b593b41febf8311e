//! From a take's mono sound to what the listeners get: 16 kHz, noise taken away if wanted, and every sample
//! at its true place: neither the resampler's nor nnnoiseless's delay is left in.
//!
//! nnnoiseless works on 480 frames at 48 kHz and remembers; so there is one `Denoiser` per take of a track
//! and it is fed without a hole. Denoised sound is for the voice activity detector; recognisers do better on
//! the plain sound.

use nnnoiseless::DenoiseState;

use super::resample::{ResampleError, Resampler};
use crate::base::units::{Frames, SampleRate};

/// nnnoiseless takes and gives blocks of this many frames (10 ms at 48 kHz).
const BLOCK: usize = DenoiseState::FRAME_SIZE;
/// It overlaps two blocks, so what comes out belongs to the block before. The test below measures this.
const DELAY: usize = BLOCK;
/// It wants floats in the range of 16-bit integers.
const SCALE: f32 = 32_768.0;

/// A piece of sound at 16 kHz.
#[derive(Debug, Clone, PartialEq)]
pub struct MonoBlock {
    /// Where its first sample lies, in frames **at 16 kHz** since the take's start.
    pub from: Frames,
    /// Mono, 16 kHz, ±1.0.
    pub samples: Vec<f32>,
}

/// Turns mono sound at the device's rate into [`MonoBlock`].
pub struct Denoiser {
    path: Path,
    /// Where the next sample given lies, at 16 kHz.
    next: Frames,
}

enum Path {
    Plain(Resampler),
    Denoise(Box<Chain>),
}

impl Denoiser {
    /// A denoiser whose first frame is frame `start` of the take, at the take's `rate`. With `denoise` false
    /// it only resamples.
    pub fn new(rate: SampleRate, start: Frames, denoise: bool) -> Result<Self, ResampleError> {
        let path = if denoise {
            Path::Denoise(Box::new(Chain::new(rate)?))
        } else {
            Path::Plain(Resampler::new(rate, SampleRate::HZ_16000)?)
        };
        Ok(Self { path, next: start.rescale(rate, SampleRate::HZ_16000) })
    }

    /// Takes any number of frames, in order and without holes; gives what is ready, possibly nothing.
    pub fn push(&mut self, mono: &[f32]) -> Result<MonoBlock, ResampleError> {
        let mut samples = Vec::new();
        match &mut self.path {
            Path::Plain(resampler) => resampler.push(mono, &mut samples)?,
            Path::Denoise(chain) => chain.push(mono, &mut samples)?,
        }
        Ok(self.heard(samples))
    }

    /// Gives the rest: afterwards as many frames have come out as went in.
    pub fn finish(&mut self) -> Result<MonoBlock, ResampleError> {
        let mut samples = Vec::new();
        match &mut self.path {
            Path::Plain(resampler) => resampler.finish(&mut samples)?,
            Path::Denoise(chain) => chain.finish(&mut samples)?,
        }
        Ok(self.heard(samples))
    }

    fn heard(&mut self, samples: Vec<f32>) -> MonoBlock {
        let from = self.next;
        self.next += Frames(samples.len() as u64);
        MonoBlock { from, samples }
    }
}

/// Device's rate → 48 kHz → nnnoiseless → 16 kHz.
struct Chain {
    up: Resampler,
    cleaner: Cleaner,
    down: Resampler,
    /// At 48 kHz, between the parts.
    plain: Vec<f32>,
    clean: Vec<f32>,
}

impl Chain {
    fn new(rate: SampleRate) -> Result<Self, ResampleError> {
        Ok(Self {
            up: Resampler::new(rate, SampleRate::HZ_48000)?,
            cleaner: Cleaner::new(),
            down: Resampler::new(SampleRate::HZ_48000, SampleRate::HZ_16000)?,
            plain: Vec::new(),
            clean: Vec::new(),
        })
    }

    fn push(&mut self, mono: &[f32], out: &mut Vec<f32>) -> Result<(), ResampleError> {
        self.up.push(mono, &mut self.plain)?;
        self.cleaner.push(&self.plain, &mut self.clean);
        self.down(out)
    }

    fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), ResampleError> {
        self.up.finish(&mut self.plain)?;
        self.cleaner.push(&self.plain, &mut self.clean);
        self.cleaner.finish(&mut self.clean);
        self.down(out)?;
        self.down.finish(out)
    }

    fn down(&mut self, out: &mut Vec<f32>) -> Result<(), ResampleError> {
        self.down.push(&self.clean, out)?;
        self.plain.clear();
        self.clean.clear();
        Ok(())
    }
}

/// nnnoiseless over one stream of mono sound at 48 kHz, every sample at its place: as many come out as went
/// in. It remembers, so there is one for each stream.
pub struct Cleaner {
    state: Box<DenoiseState<'static>>,
    /// Not a whole block yet.
    pending: Vec<f32>,
    /// Frames of nnnoiseless's delay still to be dropped.
    skip: usize,
}

impl Default for Cleaner {
    fn default() -> Self {
        Self::new()
    }
}

impl Cleaner {
    /// A cleaner that has heard nothing.
    pub fn new() -> Self {
        Self { state: DenoiseState::new(), pending: Vec::new(), skip: DELAY }
    }

    /// Takes any number of samples and appends those that are ready.
    pub fn push(&mut self, mono: &[f32], out: &mut Vec<f32>) {
        self.pending.extend_from_slice(mono);
        let whole = self.pending.len() / BLOCK * BLOCK;
        let (mut input, mut output) = ([0.0; BLOCK], [0.0; BLOCK]);
        for block in self.pending[..whole].chunks_exact(BLOCK) {
            for (scaled, sample) in input.iter_mut().zip(block) {
                *scaled = (sample * SCALE).clamp(-SCALE, SCALE - 1.0);
            }
            self.state.process_frame(&mut output, &input);
            let drop = self.skip.min(BLOCK);
            self.skip -= drop;
            out.extend(output[drop..].iter().map(|sample| sample / SCALE));
        }
        self.pending.drain(..whole);
    }

    /// Gives the rest: what is left of the last block, pushed through by silence. To be called once, at the
    /// end.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let end = out.len() + self.pending.len() + DELAY - self.skip;
        self.push(&[0.0; 2 * BLOCK], out);
        out.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    /// Bursts of a voice-like buzz (pulses at a pitch that glides, through a soft envelope): nnnoiseless lets
    /// it pass, and no shift but the true one makes it look like itself.
    fn buzz(rate: u32, seconds: f64) -> Vec<f32> {
        let frames = (f64::from(rate) * seconds) as usize;
        (0..frames)
            .map(|i| {
                let t = i as f64 / f64::from(rate);
                let burst = ((t * 2.0 * std::f64::consts::PI).sin().max(0.0)).powi(2);
                let phase = std::f64::consts::TAU * (110.0 * t + 20.0 * t * t);
                let voice: f64 = (1..12).map(|h| (phase * f64::from(h)).cos() / f64::from(h)).sum();
                (burst * voice * 0.1) as f32
            })
            .collect()
    }

    fn run(rate: u32, start: u64, denoise: bool, input: &[f32], piece: usize) -> (Frames, Vec<f32>) {
        let mut denoiser = Denoiser::new(SampleRate(rate), Frames(start), denoise).unwrap();
        let (mut from, mut all) = (None, Vec::new());
        let mut take = |heard: MonoBlock| {
            let first = *from.get_or_insert(heard.from);
            assert_eq!(heard.from, first + Frames(all.len() as u64), "pieces follow one another");
            all.extend(heard.samples);
        };
        for piece in input.chunks(piece) {
            take(denoiser.push(piece).unwrap());
        }
        take(denoiser.finish().unwrap());
        (from.unwrap(), all)
    }

    /// The shift of `b` against `a` in samples at which they are most alike.
    fn lag(a: &[f32], b: &[f32]) -> i64 {
        let score = |shift: i64| -> f64 {
            (1_000..a.len() as i64 - 1_000).map(|i| f64::from(a[i as usize] * b[(i + shift) as usize])).sum()
        };
        (-400..=400).max_by(|&x, &y| score(x).total_cmp(&score(y))).unwrap_or(0)
    }

    #[test]
    fn denoised_sound_lies_where_the_plain_sound_lies() {
        for rate in [48_000, 44_100, 16_000] {
            let input = buzz(rate, 3.0);
            let (_, plain) = run(rate, 0, false, &input, 1_000);
            let (_, clean) = run(rate, 0, true, &input, 1_000);
            assert_eq!(plain.len(), clean.len(), "{rate}: length");
            let lag = lag(&plain, &clean);
            // A high pass inside shifts phases a little; a delay left in would be 160 samples.
            assert!(lag.abs() <= 3, "{rate}: {lag} samples at 16 kHz");
        }
    }

    #[test]
    fn length_and_content_do_not_depend_on_the_pieces() {
        for (rate, denoise) in [(48_000, true), (44_100, true), (8_000, true), (48_000, false)] {
            for frames in [1, 479, 480, 481, 13_337] {
                let input = &buzz(rate, 0.5 + frames as f64 / f64::from(rate))[..frames];
                let (_, whole) = run(rate, 0, denoise, input, frames);
                let expected = Frames(frames as u64).rescale(SampleRate(rate), SampleRate::HZ_16000);
                assert!(whole.len().abs_diff(expected.0 as usize) <= 1, "{rate} {frames}: {}", whole.len());
                assert_eq!(run(rate, 0, denoise, input, 37).1, whole);
            }
        }
    }

    #[test]
    fn a_start_within_the_take_is_kept() {
        assert_eq!(run(48_000, 96_000, true, &buzz(48_000, 0.1), 480).0, Frames(32_000));
    }

    #[test]
    fn hiss_becomes_quieter_once_it_is_known() {
        let mut random = Random::new(1);
        let hiss: Vec<f32> = (0..48_000 * 6).map(|_| random.range(-0.05, 0.05) as f32).collect();
        let energy = |x: &[f32]| x.iter().map(|s| f64::from(s * s)).sum::<f64>();
        let (_, plain) = run(48_000, 0, false, &hiss, 4_800);
        let (_, clean) = run(48_000, 0, true, &hiss, 4_800);
        let db = 10.0 * (energy(&plain[80_000..]) / energy(&clean[80_000..]).max(1e-20)).log10();
        assert!(db > 10.0, "only {db:.1} dB");
    }
}

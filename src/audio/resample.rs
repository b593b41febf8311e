//! Mono from any rate to any rate, by rubato, **with its delay removed**: frame `k` of the output is the
//! sound at input frame `k · from / to`, and `n` frames in give `round(n · to / from)` frames out, whatever
//! the size of the pieces they came in.
//!
//! Rates with a small ratio (all the usual ones) go through the FFT resampler; for a ratio such as
//! 44101:16000 its transform would have to hold 44101 frames, so those go through a windowed sinc.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, Fft, FixedAsync, FixedSync, SincInterpolationParameters, WindowFunction};

use crate::base::units::{Frames, SampleRate};

/// Rates that a device or a file may have. Below, speech is lost; above, there is no such device.
const RATE_MIN: u32 = 2_000;
/// See [`RATE_MIN`].
const RATE_MAX: u32 = 768_000;
/// Longest block that the FFT may need on its input side, in seconds; it is the memory and half of it the
/// delay.
const FFT_BLOCK_S_MAX: f64 = 0.1;
/// Block to aim at, in seconds. Longer is a sharper filter and more delay; at 20 ms and 16 kHz the pass band
/// reaches 7.8 kHz.
const BLOCK_S: f64 = 0.02;
/// Taps of the sinc; rubato's own recommendation.
const SINC_TAPS: usize = 256;

/// Why sound can't be resampled.
#[derive(Debug, thiserror::Error)]
pub enum ResampleError {
    /// A rate that no device or speech file has.
    #[error(
        "a sample rate of {0} can't be used (between {RATE_MIN} and {RATE_MAX} Hz it can): \
         check the file's header or the device's settings"
    )]
    Rate(SampleRate),
    /// The resampler refused to be built.
    #[error("can't resample from {from} to {to}: {reason}")]
    Build {
        /// Rate of the input.
        from: SampleRate,
        /// Rate of the output.
        to: SampleRate,
        /// What the resampler says.
        reason: String,
    },
    /// The resampler refused a block: a fault of ours.
    #[error("the resampler refused a block (please report this): {0}")]
    Block(#[from] rubato::ResampleError),
}

/// A streaming mono resampler.
pub struct Resampler {
    from: SampleRate,
    to: SampleRate,
    /// None: both rates are the same.
    engine: Option<Box<dyn rubato::Resampler<f32>>>,
    /// Input that doesn't fill a block yet.
    pending: Vec<f32>,
    /// What the engine writes to.
    block: Vec<f32>,
    /// Frames of the engine's delay still to be dropped.
    skip: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// A resampler at the beginning of a stream.
    pub fn new(from: SampleRate, to: SampleRate) -> Result<Self, ResampleError> {
        for rate in [from, to] {
            if !(RATE_MIN..=RATE_MAX).contains(&rate.0) {
                return Err(ResampleError::Rate(rate));
            }
        }
        let engine = if from == to { None } else { Some(build(from, to)?) };
        let (skip, room) = engine.as_ref().map_or((0, 0), |e| (e.output_delay(), e.output_frames_max()));
        Ok(Self { from, to, engine, pending: Vec::new(), block: vec![0.0; room], skip, taken: 0, given: 0 })
    }

    /// Takes any number of frames and appends what they make ready to `out`. A NaN counts as silence: it
    /// would stay in the filters for good.
    pub fn push(&mut self, input: &[f32], out: &mut Vec<f32>) -> Result<(), ResampleError> {
        self.taken += input.len() as u64;
        let clean = input.iter().map(|&x| if x.is_finite() { x } else { 0.0 });
        if self.engine.is_none() {
            self.given += input.len() as u64;
            out.extend(clean);
            return Ok(());
        }
        self.pending.extend(clean);
        self.run(out)
    }

    /// Gives what is still inside, so that the stream has its exact length. The resampler is then as new.
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), ResampleError> {
        let length = Frames(self.taken).rescale(self.from, self.to).0;
        while self.given < length {
            let Some(engine) = &self.engine else { break };
            self.pending.resize(self.pending.len().max(engine.input_frames_next()), 0.0);
            self.run(out)?;
        }
        out.truncate(out.len().saturating_sub((self.given - length) as usize));
        *self = Self::new(self.from, self.to)?;
        Ok(())
    }

    /// Frames of input that may be held back before they show in the output.
    pub fn latency(&self) -> Frames {
        let Some(engine) = &self.engine else { return Frames(0) };
        let delay = Frames(engine.output_delay() as u64).rescale(self.to, self.from);
        delay + Frames(engine.input_frames_max() as u64)
    }

    /// Puts whole blocks through the engine.
    fn run(&mut self, out: &mut Vec<f32>) -> Result<(), ResampleError> {
        let Some(engine) = &mut self.engine else { return Ok(()) };
        let mut used = 0;
        loop {
            let wanted = engine.input_frames_next();
            let Some(input) = self.pending.get(used..used + wanted) else { break };
            let room = self.block.len();
            let (Ok(input), Ok(mut output)) = (
                InterleavedSlice::new(input, 1, wanted),
                InterleavedSlice::new_mut(&mut self.block, 1, room),
            ) else {
                break; // Both lengths are those of the slices themselves.
            };
            let (read, written) = engine.process_into_buffer(&input, &mut output, None)?;
            used += read;
            let drop = self.skip.min(written);
            self.skip -= drop;
            self.given += (written - drop) as u64;
            out.extend_from_slice(&self.block[drop..written]);
        }
        self.pending.drain(..used);
        Ok(())
    }
}

/// Resamples a whole recording.
pub fn convert(samples: &[f32], from: SampleRate, to: SampleRate) -> Result<Vec<f32>, ResampleError> {
    let mut resampler = Resampler::new(from, to)?;
    let mut out = Vec::with_capacity(Frames(samples.len() as u64).rescale(from, to).0 as usize + 1);
    // In pieces, so that not a second copy of a long recording is held.
    for piece in samples.chunks(from.0 as usize) {
        resampler.push(piece, &mut out)?;
    }
    resampler.finish(&mut out)?;
    Ok(out)
}

fn build(from: SampleRate, to: SampleRate) -> Result<Box<dyn rubato::Resampler<f32>>, ResampleError> {
    let refused =
        |e: rubato::ResamplerConstructionError| ResampleError::Build { from, to, reason: e.to_string() };
    let (rate_in, rate_out) = (from.0 as usize, to.0 as usize);
    let unit = rate_in / gcd(rate_in, rate_out);
    // An even number of units: the FFT's delay is half a block and must be a whole number of frames on both
    // sides.
    let block = (f64::from(from.0) * BLOCK_S / unit as f64 / 2.0).ceil() as usize * 2 * unit;
    if block as f64 <= f64::from(from.0) * FFT_BLOCK_S_MAX {
        let fft =
            Fft::new_custom(rate_in, rate_out, block, 1, 1, WindowFunction::BlackmanHarris2, FixedSync::Both);
        return Ok(Box::new(fft.map_err(refused)?));
    }
    let ratio = f64::from(to.0) / f64::from(from.0);
    let sinc = SincInterpolationParameters::new(SINC_TAPS, WindowFunction::BlackmanHarris2);
    let chunk = (f64::from(from.0) * BLOCK_S) as usize;
    Ok(Box::new(Async::new_sinc(ratio, 1.0, &sinc, chunk, 1, FixedAsync::Input).map_err(refused)?))
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// The usual rates, and one whose ratio to the others is awkward.
    const RATES: [u32; 9] = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 44_101];

    fn tone(hz: f64, rate: u32, frames: usize) -> Vec<f32> {
        (0..frames).map(|i| (TAU * hz * i as f64 / f64::from(rate)).sin() as f32 * 0.5).collect()
    }

    /// A click of some milliseconds without content above 1 kHz, with its middle at `centre` frames.
    fn click(rate: u32, frames: usize, centre: f64) -> Vec<f32> {
        let width = f64::from(rate) * 0.001;
        (0..frames).map(|i| (-((i as f64 - centre) / width).powi(2)).exp() as f32).collect()
    }

    fn middle(samples: &[f32]) -> f64 {
        let (sum, moment) = samples
            .iter()
            .enumerate()
            .fold((0.0, 0.0), |(s, m), (i, &x)| (s + f64::from(x), m + f64::from(x) * i as f64));
        moment / sum
    }

    #[test]
    fn a_click_stays_where_it_was() {
        for from in RATES {
            for to in [16_000, 48_000] {
                let centre = f64::from(from) * 0.5;
                let out =
                    convert(&click(from, from as usize, centre), SampleRate(from), SampleRate(to)).unwrap();
                let off = middle(&out) - f64::from(to) * 0.5;
                // The sinc's delay is rounded down to a whole frame by rubato; the FFT's is exact.
                let bound = if from == 44_101 { 1.0 } else { 0.02 };
                assert!(off.abs() < bound, "{from} → {to}: off by {off} output frames");
            }
        }
    }

    #[test]
    fn a_tone_keeps_its_shape_and_phase() {
        for from in RATES {
            let to = 16_000;
            let out =
                convert(&tone(440.0, from, from as usize * 2), SampleRate(from), SampleRate(to)).unwrap();
            let ideal = tone(440.0, to, to as usize * 2);
            let (a, b) = (to as usize / 2, to as usize * 3 / 2);
            let noise: f64 = out[a..b].iter().zip(&ideal[a..b]).map(|(x, y)| f64::from(x - y).powi(2)).sum();
            let signal: f64 = ideal[a..b].iter().map(|x| f64::from(*x).powi(2)).sum();
            let snr_db = 10.0 * (signal / noise.max(1e-12)).log10();
            // With the sinc's fraction of a frame of delay the phase can't be exact.
            let bound = if from == 44_101 { 18.0 } else { 80.0 };
            assert!(snr_db > bound, "{from} → {to}: {snr_db:.1} dB");
        }
    }

    #[test]
    fn what_is_above_the_new_band_is_gone() {
        let out = convert(&tone(9_000.0, 48_000, 48_000), SampleRate(48_000), SampleRate(16_000)).unwrap();
        let peak = out[1_000..15_000].iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        assert!(peak < 5e-4, "an alias of {peak}");
    }

    #[test]
    fn length_is_exact_and_pieces_do_not_matter() {
        for from in RATES {
            for frames in [0_usize, 1, 7, 479, 480, 10_001] {
                let to = SampleRate(16_000);
                let input = tone(300.0, from, frames);
                let whole = convert(&input, SampleRate(from), to).unwrap();
                assert_eq!(
                    whole.len() as u64,
                    Frames(frames as u64).rescale(SampleRate(from), to).0,
                    "{frames} frames at {from}"
                );
                let mut resampler = Resampler::new(SampleRate(from), to).unwrap();
                for _ in 0..2 {
                    // The second round shows that `finish` leaves nothing behind.
                    let (mut out, mut rest, mut size) = (Vec::new(), &input[..], 1);
                    while !rest.is_empty() {
                        let (piece, tail) = rest.split_at(size.min(rest.len()));
                        resampler.push(piece, &mut out).unwrap();
                        (rest, size) = (tail, size * 3 % 1_031 + 1);
                    }
                    resampler.finish(&mut out).unwrap();
                    assert!(out == whole, "{frames} frames at {from} in pieces");
                }
            }
        }
    }

    #[test]
    fn a_sample_that_is_no_number_is_silence() {
        let mut input = tone(300.0, 48_000, 4_800);
        input[100] = f32::NAN;
        input[200] = f32::INFINITY;
        let out = convert(&input, SampleRate(48_000), SampleRate(16_000)).unwrap();
        assert!(out.iter().all(|x| x.is_finite() && x.abs() < 1.0));
    }

    #[test]
    fn an_impossible_rate_is_an_error() {
        for rate in [0, 1, u32::MAX] {
            assert!(matches!(
                convert(&[0.0], SampleRate(rate), SampleRate(16_000)),
                Err(ResampleError::Rate(_))
            ));
        }
    }
}

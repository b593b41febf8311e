//! Kaldi's log mel filter bank, as the embedding network was trained on it: 80 bands over 25 ms every 10 ms,
//! Povey's window, pre-emphasis 0.97, no dither, edges reflected (`snip_edges = false`).

use std::f64::consts::TAU;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

use std::sync::Arc;

const RATE: f32 = 16_000.0;
const LENGTH: usize = 400;
const HOP: usize = 160;
const FFT: usize = 512;
/// Bands of a frame.
pub const BANDS: usize = 80;
/// Frames in a second.
pub const FRAMES_PER_S: usize = 100;
/// Lowest frequency that a band hears, in Hz.
const LOWEST_HZ: f32 = 20.0;
const PRE_EMPHASIS: f32 = 0.97;

/// Computes features; made once for many sounds.
pub struct FilterBank {
    window: Vec<f32>,
    /// Of each band: its first bin and its weights.
    bands: Vec<(usize, Vec<f32>)>,
    fft: Arc<dyn RealToComplex<f32>>,
    input: Vec<f32>,
    spectrum: Vec<Complex32>,
}

impl Default for FilterBank {
    fn default() -> Self {
        let angle = |i: usize| TAU * i as f64 / (LENGTH as f64 - 1.0);
        let window = (0..LENGTH).map(|i| (0.5 - 0.5 * angle(i).cos()).powf(0.85) as f32).collect();
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(FFT);
        let (input, spectrum) = (fft.make_input_vec(), fft.make_output_vec());
        Self { window, bands: bands(), fft, input, spectrum }
    }
}

impl FilterBank {
    /// Features of a sound at 16 kHz in ±1: [`BANDS`] numbers a frame, a frame per 10 ms.
    pub fn features(&mut self, sound: &[f32]) -> Vec<f32> {
        let frames = (sound.len() + HOP / 2) / HOP;
        let mut features = Vec::with_capacity(frames * BANDS);
        for frame in 0..frames {
            self.take(sound, (frame * HOP + HOP / 2) as isize - LENGTH as isize / 2);
            // The lengths are those that it was planned for.
            if self.fft.process(&mut self.input, &mut self.spectrum).is_err() {
                break;
            }
            for (first, weights) in &self.bands {
                let bins = self.spectrum[*first..].iter();
                let energy: f32 = bins.zip(weights).map(|(bin, weight)| bin.norm_sqr() * weight).sum();
                features.push(energy.max(f32::EPSILON).ln());
            }
        }
        features
    }

    /// The samples of one frame, ready to be transformed.
    fn take(&mut self, sound: &[f32], start: isize) {
        let length = sound.len() as isize;
        for (i, sample) in self.input[..LENGTH].iter_mut().enumerate() {
            let mut at = start + i as isize;
            while at < 0 || at >= length {
                at = if at < 0 { -at - 1 } else { 2 * length - 1 - at };
            }
            *sample = sound[at as usize];
        }
        let frame = &mut self.input[..LENGTH];
        let mean = frame.iter().sum::<f32>() / LENGTH as f32;
        frame.iter_mut().for_each(|sample| *sample -= mean);
        for i in (1..LENGTH).rev() {
            frame[i] -= PRE_EMPHASIS * frame[i - 1];
        }
        frame[0] -= PRE_EMPHASIS * frame[0];
        frame.iter_mut().zip(&self.window).for_each(|(sample, weight)| *sample *= weight);
        self.input[LENGTH..].fill(0.0);
    }
}

fn mel(hz: f32) -> f32 {
    1127.0 * (1.0 + hz / 700.0).ln()
}

fn bands() -> Vec<(usize, Vec<f32>)> {
    let (low, high) = (mel(LOWEST_HZ), mel(RATE / 2.0));
    let step = (high - low) / (BANDS as f32 + 1.0);
    let band = |number: usize| {
        let left = low + number as f32 * step;
        let (centre, right) = (left + step, left + 2.0 * step);
        let weight = |bin: usize| {
            let at = mel(bin as f32 * RATE / FFT as f32);
            let side = if at <= centre { at - left } else { right - at };
            (side / step).max(0.0)
        };
        let first = (0..FFT / 2).find(|&bin| weight(bin) > 0.0).unwrap_or(0);
        (first, (first..FFT / 2).map(weight).take_while(|&weight| weight > 0.0).collect())
    };
    (0..BANDS).map(band).collect()
}

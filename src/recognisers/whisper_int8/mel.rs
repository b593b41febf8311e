//! What Whisper hears: how loud each of its bands is, every 10 ms, on a logarithmic scale.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

use crate::models::arch::FFT_BINS;

/// Samples of a spectrum.
const WINDOW: usize = 400;
/// Samples from a spectrum to the next: 10 ms.
const STEP: usize = 160;
/// No band is quieter than this many tens of decibels below the loudest.
const RANGE: f32 = 8.0;
/// Energies below it are taken for it.
const ENERGY_MIN: f32 = 1e-10;

/// Makes bands of sound.
pub struct Mel {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// For each band: where its weights begin, and what they are.
    bands: Vec<(usize, Vec<f32>)>,
}

impl Mel {
    /// `filters` weigh the bins of a spectrum, band by band.
    pub fn new(filters: &[f32]) -> Self {
        let bands = filters.chunks_exact(FFT_BINS as usize).map(|weights| {
            let first = weights.iter().position(|weight| *weight != 0.0).unwrap_or(0);
            let last = weights.iter().rposition(|weight| *weight != 0.0).unwrap_or(0);
            (first, weights[first..=last].to_vec())
        });
        let turn = |i: usize| (std::f32::consts::TAU * i as f32 / WINDOW as f32).cos();
        Self {
            transform: RealFftPlanner::new().plan_fft_forward(WINDOW),
            window: (0..WINDOW).map(|i| 0.5 * (1.0 - turn(i))).collect(),
            bands: bands.collect(),
        }
    }

    /// So many moments of `samples` (16 kHz), which silence follows. A row of bands for each.
    pub fn of(&self, samples: &[f32], moments: usize) -> Vec<f32> {
        let mut rows = vec![ENERGY_MIN.log10(); moments * self.bands.len()];
        let (mut sound, mut spectrum) = (self.transform.make_input_vec(), self.transform.make_output_vec());
        let mut scratch = self.transform.make_scratch_vec();
        for (moment, row) in rows.chunks_exact_mut(self.bands.len()).enumerate() {
            let start = (moment * STEP) as isize - (WINDOW / 2) as isize;
            if start >= samples.len() as isize {
                break;
            }
            for (i, (sound, window)) in sound.iter_mut().zip(&self.window).enumerate() {
                // Before its start the sound is mirrored.
                let sample = samples.get((start + i as isize).unsigned_abs());
                *sound = sample.copied().unwrap_or(0.0) * window;
            }
            let transformed = self.transform.process_with_scratch(&mut sound, &mut spectrum, &mut scratch);
            transformed.expect("the vectors were made by the transform");
            for (out, (first, weights)) in row.iter_mut().zip(&self.bands) {
                let bins = spectrum[*first..].iter().zip(weights);
                let energy: f32 = bins.map(|(bin, weight)| bin.norm_sqr() * weight).sum();
                *out = energy.max(ENERGY_MIN).log10();
            }
        }
        let least = rows.iter().copied().fold(f32::NEG_INFINITY, f32::max) - RANGE;
        for x in &mut rows {
            *x = (x.max(least) + 4.0) / 4.0;
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_loud_in_its_band_and_silence_in_none() {
        // Ten bands of 20 bins, flat: 800 Hz each.
        let filters: Vec<f32> = (0..10 * 201).map(|i| f32::from(u8::from(i % 201 / 20 == i / 201))).collect();
        let mel = Mel::new(&filters);
        let tone: Vec<f32> =
            (0..16_000).map(|i| (std::f32::consts::TAU * 2_000.0 * i as f32 / 16_000.0).sin()).collect();
        let rows = mel.of(&tone, 200);
        let loudest = |moment: usize| {
            let row = &rows[moment * 10..][..10];
            row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(band, _)| band)
        };
        assert_eq!([0, 50, 99].map(loudest), [Some(2); 3]);
        // Energy 100² in the bin, twice half of it in its neighbours: log10(1.5e4) = 4.18.
        assert!((rows[50 * 10 + 2] - (4.18 + 4.0) / 4.0).abs() < 0.01, "{}", rows[50 * 10 + 2]);
        assert!((rows[150 * 10 + 2] - (4.18 - 8.0 + 4.0) / 4.0).abs() < 0.01, "80 dB below the loudest");
        assert!(
            mel.of(&[], 3).iter().all(|x| (x + 1.5).abs() < 1e-6),
            "silence alone is as quiet as it gets"
        );
    }
}

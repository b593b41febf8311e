//! The resampler behind the aligner: blocks of one length, whose speed may differ.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Adjustable as _, Async, FixedAsync, Resampler as _, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

use crate::audio::resample::ResampleError;
use crate::base::units::SampleRate;

/// Frames that are made at once: 85 ms at 48 kHz. Within a block the speed is one; a bend of 1000 ppm in its
/// middle puts sound off by a frame, and by none at its end.
pub const BLOCK: usize = 4096;
/// Taps of the sinc. With the window below it is flat to 19 kHz at 48 kHz; 256 taps reach 21 kHz for twice
/// the work.
const TAPS: usize = 128;
/// Where the output has less band than the input, as many more taps are needed; a rate of 768 kHz brought to
/// 8 kHz has this many.
const TAPS_MAX: usize = 12_288;
/// Rows of the table of sincs. Between two rows a line is drawn: from 512 on, its error lies below that of
/// 32-bit floats, and a line costs half of what a cubic does.
const ROWS: usize = 512;
/// How far the speed may be from the nominal one: a clock's 0.5 %, what is caught up, and the fraction of a
/// frame that a stretch begins at.
const RELATIVE_MAX: f64 = 1.1;

/// A resampler from one rate to another.
pub(super) struct Engine {
    resampler: Async<f32>,
    channels: usize,
    taps: usize,
}

impl Engine {
    /// From takes at `from` with `channels` channels to `to`.
    pub(super) fn new(from: SampleRate, to: SampleRate, channels: u16) -> Result<Self, ResampleError> {
        let ratio = f64::from(to.0) / f64::from(from.0);
        let taps = ((TAPS as f64 / ratio.min(1.0)).ceil() as usize).next_multiple_of(8).min(TAPS_MAX);
        let sinc = SincInterpolationParameters::new(taps, WindowFunction::BlackmanHarris2)
            .oversampling_factor(ROWS)
            .interpolation(SincInterpolationType::Linear);
        let channels = usize::from(channels);
        let resampler = Async::new_sinc(ratio, RELATIVE_MAX, &sinc, BLOCK, channels, FixedAsync::Output)
            .map_err(|error| ResampleError::Build { from, to, reason: error.to_string() })?;
        Ok(Self { resampler, channels, taps })
    }

    /// Of a block that comes first: by how many frames of the input the place *one frame before* its first
    /// one lies before the first frame that it is fed. Half its taps, less the step between two rows of the
    /// table.
    pub(super) fn lead(&self) -> f64 {
        self.taps as f64 / 2.0 - 1.0 / ROWS as f64
    }

    /// Forgets what it was fed.
    pub(super) fn reset(&mut self) {
        self.resampler.reset();
    }

    /// The next block has `ratio` frames of output for one of input. Returns how many frames to feed.
    pub(super) fn begin_block(&mut self, ratio: f64) -> Result<usize, ResampleError> {
        self.resampler.set_resample_ratio(ratio, false)?;
        Ok(self.resampler.input_frames_next())
    }

    /// Makes [`BLOCK`] frames of what [`Self::begin_block`] wanted; all interleaved.
    pub(super) fn make(&mut self, input: &[f32], output: &mut [f32]) -> Result<(), ResampleError> {
        let frames = input.len() / self.channels;
        let (Ok(input), Ok(mut output)) = (
            InterleavedSlice::new(input, self.channels, frames),
            InterleavedSlice::new_mut(output, self.channels, BLOCK),
        ) else {
            return Ok(()); // Both lengths are those of the slices themselves.
        };
        self.resampler.process_into_buffer(&input, &mut output, None)?;
        Ok(())
    }
}

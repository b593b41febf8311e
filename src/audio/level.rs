//! How loud sound is: the envelope of a take, one value per window of 10 ms, each sample counted once.
//!
//! Windows lie on a grid that begins with the take's first frame: window `n` holds the frames from
//! `n · rate / 100` on, rounded down. So every measurement of a take, from wherever on, has the same windows.
//! Pure; everything that asks for the loudness of a track is answered from here.
//!
//! Two measures are taken elsewhere, since they judge what is delivered, also while nothing can be written:
//! the level that people see while it is recorded (an atomic of the realtime side), and the alarms, which
//! count clipped samples one by one and must know a zero from the softest sound before it is rounded to the
//! file's format.

use super::mono;
use crate::base::units::{Frames, SampleRate};

/// Windows a second.
pub const WINDOWS_PER_S: u64 = 100;
/// Seconds of a window.
pub const WINDOW_S: f64 = 1.0 / WINDOWS_PER_S as f64;

/// How loud a window is. The mono mix of its channels counts for the RMS, the loudest sample of any channel
/// for the peak; full scale is 1.
///
/// Both are kept to one part in 4096 (0.002 dB) from 2⁻³¹ to 2. Zero is exact: it stands for zero samples
/// and for nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// The RMS as it is stored, see [`Window::rms`].
    pub rms_code: u16,
    /// The peak as it is stored, see [`Window::peak`].
    pub peak_code: u16,
}

/// What a code leaves out of an `f32`: the lower bits of the fraction …
const DROPPED_BITS: u32 = 12;
/// … and all exponents below 2⁻³¹, in units of the code.
const FIRST_CODE: u32 = (127 - 31) << (23 - DROPPED_BITS);

impl Window {
    /// Silence.
    pub const SILENT: Self = Self { rms_code: 0, peak_code: 0 };

    fn new(energy: f64, frames: u64, peak: f32) -> Self {
        let rms = (energy / frames.max(1) as f64).sqrt() as f32;
        Self { rms_code: encode(rms), peak_code: encode(peak) }
    }

    /// Root of the mean square, 0..=2.
    pub fn rms(self) -> f32 {
        decode(self.rms_code)
    }

    /// Highest |sample|, 0..=2.
    pub fn peak(self) -> f32 {
        decode(self.peak_code)
    }
}

/// The nearest code. What is louder than 2 is 2; what is not a number is silent.
fn encode(value: f32) -> u16 {
    if value.is_nan() || value <= 0.0 {
        return 0;
    }
    let rounded = (value.to_bits() + (1 << (DROPPED_BITS - 1))) >> DROPPED_BITS;
    // At least 1, since there is sound.
    rounded.saturating_sub(FIRST_CODE).clamp(1, u32::from(u16::MAX)) as u16
}

fn decode(code: u16) -> f32 {
    if code == 0 { 0.0 } else { f32::from_bits((u32::from(code) + FIRST_CODE) << DROPPED_BITS) }
}

/// The first frame of a window.
pub fn first_frame(window: u64, rate: SampleRate) -> Frames {
    Frames((u128::from(window) * u128::from(rate.0) / u128::from(WINDOWS_PER_S)) as u64)
}

/// The window that a frame lies in.
pub fn window_of(frame: Frames, rate: SampleRate) -> u64 {
    (((u128::from(frame.0) + 1) * u128::from(WINDOWS_PER_S) - 1) / u128::from(rate.0.max(1))) as u64
}

/// Windows that this many frames from the beginning of a take fill, the last one maybe in part.
pub fn windows_in(frames: Frames, rate: SampleRate) -> u64 {
    if frames.0 == 0 { 0 } else { window_of(Frames(frames.0 - 1), rate) + 1 }
}

/// Measures a take, sample by sample.
#[derive(Debug, Clone)]
pub struct Meter {
    rate: SampleRate,
    /// The window that is being measured, and the frames of the take before its end.
    window: u64,
    end: Frames,
    frame: Frames,
    /// Of the window: sums of squares of each channel and of the mean of all, highest sample, frames.
    channels: Vec<f64>,
    mean: f64,
    peak: f32,
    frames: u64,
    /// Of the frame: the next channel, and the sum so far.
    channel: usize,
    sum: f64,
}

impl Meter {
    /// Measures a take of `channels` interleaved channels from `window` on.
    pub fn new(rate: SampleRate, channels: u16, window: u64) -> Self {
        Self {
            rate,
            window,
            end: first_frame(window + 1, rate),
            frame: first_frame(window, rate),
            channels: vec![0.0; usize::from(channels.max(1))],
            mean: 0.0,
            peak: 0.0,
            frames: 0,
            channel: 0,
            sum: 0.0,
        }
    }

    /// The next sample; gives the window that it completes.
    pub fn push(&mut self, sample: f32) -> Option<Window> {
        let count = self.channels.len();
        let value = f64::from(sample);
        self.channels[self.channel] += value * value;
        self.peak = self.peak.max(sample.abs());
        self.sum += value;
        self.channel += 1;
        if self.channel < count {
            return None;
        }
        let mean = self.sum / count as f64;
        self.mean += mean * mean;
        (self.channel, self.sum) = (0, 0.0);
        self.frames += 1;
        self.frame += Frames(1);
        (self.frame >= self.end).then(|| self.next())
    }

    /// The window that has begun, as far as it goes.
    pub fn open(&self) -> Option<Window> {
        (self.frames > 0).then(|| Window::new(self.energy(), self.frames, self.peak))
    }

    fn energy(&self) -> f64 {
        mono::mixed_energy(self.mean, &self.channels)
    }

    fn next(&mut self) -> Window {
        let done = Window::new(self.energy(), self.frames, self.peak);
        self.window += 1;
        self.end = first_frame(self.window + 1, self.rate);
        self.channels.fill(0.0);
        (self.mean, self.peak, self.frames) = (0.0, 0.0, 0);
        done
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn measure(rate: SampleRate, channels: u16, samples: &[f32]) -> Vec<Window> {
        let mut meter = Meter::new(rate, channels, 0);
        let mut windows: Vec<Window> = samples.iter().filter_map(|sample| meter.push(*sample)).collect();
        windows.extend(meter.open());
        windows
    }

    proptest! {
        #[test]
        fn a_level_is_kept_to_one_part_in_4096_and_zero_alone_is_zero(value in 5e-10f32..2.0) {
            let kept = decode(encode(value));
            prop_assert!((kept / value - 1.0).abs() <= 1.0 / 4096.0, "{value} became {kept}");
            prop_assert_eq!(encode(kept), encode(value));
            prop_assert!(encode(value * 1e-20) > 0, "however soft it is");
        }

        #[test]
        fn windows_tile_a_take_at_any_rate(rate in 4_000u32..768_000, frame in 0u64..1 << 40) {
            let rate = SampleRate(rate);
            let window = window_of(Frames(frame), rate);
            prop_assert!(first_frame(window, rate).0 <= frame && frame < first_frame(window + 1, rate).0);
            prop_assert_eq!(windows_in(Frames(frame + 1), rate), window + 1);
        }

        #[test]
        fn it_is_the_loudness_of_what_the_analysis_hears(
            channels in 1u16..4,
            samples in prop::collection::vec(-1.0f32..1.0, 0..3_000),
        ) {
            let rate = SampleRate(11_025);
            let whole = samples.len() / usize::from(channels) * usize::from(channels);
            let windows = measure(rate, channels, &samples[..whole]);
            let frames = (whole / usize::from(channels)) as u64;
            prop_assert_eq!(windows.len() as u64, windows_in(Frames(frames), rate));
            for (n, window) in windows.iter().enumerate() {
                let from = first_frame(n as u64, rate).0 as usize * usize::from(channels);
                let to = (first_frame(n as u64 + 1, rate).0 as usize * usize::from(channels)).min(whole);
                let mut mixed = Vec::new();
                mono::downmix(&samples[from..to], channels, &mut mixed);
                let rms = (mixed.iter().map(|s| s * s).sum::<f32>() / mixed.len() as f32).sqrt();
                let peak = samples[from..to].iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
                prop_assert!((window.rms() - rms).abs() <= rms * 3e-4, "{} is not {rms}", window.rms());
                prop_assert!((window.peak() - peak).abs() <= peak * 3e-4, "{} is not {peak}", window.peak());
            }
        }
    }

    #[test]
    fn what_is_beyond_all_bounds_is_bounded() {
        let windows =
            measure(SampleRate(4_000), 1, &[[f32::INFINITY; 40], [f32::NAN; 40], [1e30; 40]].concat());
        let levels: Vec<f32> = windows.iter().map(|window| window.rms().round()).collect();
        assert_eq!(levels, [2.0, 0.0, 2.0]);
    }
}

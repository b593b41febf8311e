//! A take's sound on session time: the device's clock is taken out, by rubato's asynchronous sinc resampler.
//!
//! Promises: output frame `k` is the sound at session second `k / rate`, to within a frame, however long the
//! take; the resampler's delay is gone; where the map bends (a piece follows another one) the speed changes
//! and nothing clicks. Where the map leaves something out, there is exact silence, and nothing of what lies
//! on one side is heard on the other. A stretch whose clock is true and whose rate is the wanted one is
//! copied, sample by sample, and not computed.
//!
//! How errors are kept from adding up: the speed of each block of `BLOCK` frames is chosen so that the block
//! *ends* where the map says, from where the resampler is by its own arithmetic. Pure: sound is asked for
//! through [`FrameSource`].

use std::io;
use std::ops::Range;

use super::resample::ResampleError;
use crate::base::units::{Frames, SampleRate};

mod engine;
mod stretch;

use engine::{BLOCK, Engine};
use stretch::Stretch;
pub use stretch::{MapPiece, Placed, stretches};

/// Fastest catching up: 0.5 % is a twelfth of a semitone, and makes up a millisecond in 0.2 s.
const CATCH_UP: f64 = 0.005;

/// Why sound can't be aligned.
#[derive(Debug, thiserror::Error)]
pub enum AlignError {
    /// It can't be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The resampler can't.
    #[error(transparent)]
    Resample(#[from] ResampleError),
}

/// Where the sound of a take comes from.
pub trait FrameSource {
    /// Appends the interleaved samples of frames `from..to`, all of which are there.
    fn read(&mut self, from: Frames, to: Frames, out: &mut Vec<f32>) -> io::Result<()>;
}

/// Makes placed stretches, one after the other, of takes of one rate and number of channels.
pub struct Aligner {
    engine: Engine,
    channels: usize,
    /// Frames of input per frame of output at nominal rates.
    step: f64,
    /// What the engine multiplies all sound with, turned round: its table is normalised by a sum in 32-bit
    /// floats.
    gain: f32,
    /// Place in the take of the engine's last output frame.
    place: f64,
    /// The take's frame that the engine is fed next; before its beginning there is silence.
    next: i64,
    /// Output frame that comes next.
    at: u64,
    input: Vec<f32>,
    output: Vec<f32>,
    /// Frames of `output` that have been given.
    given: usize,
}

impl Aligner {
    /// An aligner from takes at `from` with `channels` channels to `to`.
    pub fn new(from: SampleRate, to: SampleRate, channels: u16) -> Result<Self, AlignError> {
        let engine = Engine::new(from, to, channels)?;
        let channels = usize::from(channels);
        let mut aligner = Self {
            engine,
            channels,
            step: f64::from(from.0) / f64::from(to.0),
            gain: 1.0,
            place: 0.0,
            next: 0,
            at: 0,
            input: Vec::new(),
            output: vec![0.0; BLOCK * channels],
            given: BLOCK,
        };
        aligner.level()?;
        Ok(aligner)
    }

    /// Makes a steady 1.0 come out as 1.0.
    fn level(&mut self) -> Result<(), AlignError> {
        struct One(usize);
        impl FrameSource for One {
            fn read(&mut self, from: Frames, to: Frames, out: &mut Vec<f32>) -> io::Result<()> {
                out.resize(out.len() + (to - from).0 as usize * self.0, 1.0);
                Ok(())
            }
        }
        let mut one = One(self.channels);
        // The first block still has the silence before in it.
        for _ in 0..2 {
            let ratio = 1.0 / self.step;
            self.block(ratio, Frames(0)..Frames(u64::MAX), &mut one)?;
        }
        let sum: f64 = self.output.iter().map(|x| f64::from(*x)).sum();
        self.gain = (self.output.len() as f64 / sum) as f32;
        Ok(())
    }

    /// Goes to frame `k` of the output, which lies in `placed`.
    pub fn begin(&mut self, placed: &Placed, k: u64, source: &mut dyn FrameSource) -> Result<(), AlignError> {
        self.at = k;
        if placed.is_copied() {
            return Ok(());
        }
        self.engine.reset();
        // A block that nobody hears ends one frame before the first one: by the clock's own step, as the
        // first block that is heard would otherwise be early or late at its beginning by what that step is
        // off the nominal one. It is fed from the whole frame on from which the fraction that is left is made
        // up for within it.
        let rate = f64::from(placed.to.0);
        let at = k as f64 / rate;
        let first = placed.stretch.place_at(at) - placed.stretch.piece_at(at).rate / rate;
        let lead = self.engine.lead();
        let whole = BLOCK as f64 * self.step;
        self.next = (first - whole + lead).floor() as i64;
        self.place = self.next as f64 - lead;
        self.move_to(first, &placed.stretch, source)?;
        self.given = BLOCK;
        Ok(())
    }

    /// Appends the next `frames` frames, interleaved; they lie in `placed`.
    pub fn fill(
        &mut self,
        placed: &Placed,
        frames: usize,
        source: &mut dyn FrameSource,
        out: &mut Vec<f32>,
    ) -> Result<(), AlignError> {
        let wanted = out.len() + frames * self.channels;
        if let Some(shift) = placed.shift {
            let from = self.at as i64 + shift;
            read(source, from, frames, placed.stretch.from..placed.stretch.to, self.channels, out)?;
            self.at += frames as u64;
            return Ok(());
        }
        while out.len() < wanted {
            if self.given == BLOCK {
                let rate = f64::from(placed.to.0);
                let end = (self.at + BLOCK as u64 - 1) as f64 / rate;
                let step = placed.stretch.piece_at(end).rate / rate;
                let wanted = (placed.stretch.place_at(end) - self.place) / BLOCK as f64;
                let step = wanted.clamp(step * (1.0 - CATCH_UP), step * (1.0 + CATCH_UP));
                self.move_to(self.place + step * BLOCK as f64, &placed.stretch, source)?;
                self.given = 0;
            }
            let more = (BLOCK - self.given).min((wanted - out.len()) / self.channels);
            let samples = &self.output[self.given * self.channels..(self.given + more) * self.channels];
            out.extend(samples.iter().map(|x| x * self.gain));
            self.given += more;
            self.at += more as u64;
        }
        Ok(())
    }

    /// Makes a block whose last frame lies at `place` of the take.
    fn move_to(
        &mut self,
        place: f64,
        stretch: &Stretch,
        source: &mut dyn FrameSource,
    ) -> Result<(), AlignError> {
        let ratio = BLOCK as f64 / (place - self.place);
        self.block(ratio, stretch.from..stretch.to, source)
    }

    fn block(
        &mut self,
        ratio: f64,
        there: Range<Frames>,
        source: &mut dyn FrameSource,
    ) -> Result<(), AlignError> {
        let frames = self.engine.begin_block(ratio)?;
        self.input.clear();
        read(source, self.next, frames, there, self.channels, &mut self.input)?;
        self.engine.make(&self.input, &mut self.output)?;
        self.next += frames as i64;
        self.place += BLOCK as f64 / ratio;
        Ok(())
    }
}

/// Appends `frames` frames from frame `from` of a take on: silence where it is not `there`. A sample that is
/// no number counts as silence: one of them would stay in the filter for all its length.
fn read(
    source: &mut dyn FrameSource,
    from: i64,
    frames: usize,
    there: Range<Frames>,
    channels: usize,
    out: &mut Vec<f32>,
) -> io::Result<()> {
    let end = out.len() + frames * channels;
    let frame = |at: i64| Frames(at.max(0) as u64).clamp(there.start, there.end);
    let (a, b) = (frame(from), frame(from.saturating_add(frames as i64)));
    let before = (a.0 as i64).saturating_sub(from).clamp(0, frames as i64) as usize;
    out.resize(out.len() + before * channels, 0.0);
    let begin = out.len();
    if a < b {
        source.read(a, b, out)?;
        out[begin..].iter_mut().filter(|x| !x.is_finite()).for_each(|x| *x = 0.0);
    }
    out.resize(end, 0.0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use proptest::prelude::*;

    use super::*;

    /// A tone of the world as a device hears it: its clock tells which session second a frame is.
    struct Tone<'a> {
        hz: f64,
        stretch: &'a Stretch,
        channels: u16,
    }

    impl FrameSource for Tone<'_> {
        fn read(&mut self, from: Frames, to: Frames, out: &mut Vec<f32>) -> io::Result<()> {
            for n in from.0..to.0 {
                let x = tone(self.hz, self.stretch.time_of(Frames(n)));
                out.extend((0..self.channels).map(|channel| x * f32::from(1 - 2 * (channel as i16 % 2))));
            }
            Ok(())
        }
    }

    /// At -1 dBFS.
    fn tone(hz: f64, at: f64) -> f32 {
        ((TAU * hz * at).sin() * 10_f64.powf(-0.05)) as f32
    }

    fn piece(from: u64, at: f64, rate: f64) -> MapPiece {
        MapPiece { from: Frames(from), at, rate }
    }

    fn one(pieces: &[MapPiece], frames: u64) -> Stretch {
        let mut all = stretches(pieces, Frames(frames), &[]);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// All of a stretch, in calls of some odd size.
    fn render(placed: &Placed, from: SampleRate, channels: u16, source: &mut dyn FrameSource) -> Vec<f32> {
        let mut aligner = Aligner::new(from, placed.to, channels).unwrap();
        let mut out = Vec::new();
        aligner.begin(placed, placed.out.start, source).unwrap();
        let mut left = (placed.out.end - placed.out.start) as usize;
        while left > 0 {
            let frames = left.min(1_237);
            aligner.fill(placed, frames, source, &mut out).unwrap();
            left -= frames;
        }
        out
    }

    /// In dB, against the tone as it is in the world; edges left out, where there is silence on one side.
    fn snr(placed: &Placed, out: &[f32], hz: f64, seconds: Range<f64>) -> f64 {
        let (mut signal, mut noise) = (0.0, 0.0);
        for (n, x) in out.iter().enumerate() {
            let at = (placed.out.start + n as u64) as f64 / f64::from(placed.to.0);
            if seconds.contains(&at) {
                let ideal = f64::from(tone(hz, at));
                signal += ideal * ideal;
                noise += (f64::from(*x) - ideal).powi(2);
            }
        }
        10.0 * (signal / f64::max(noise, 1e-30)).log10()
    }

    #[test]
    fn a_tone_is_where_and_what_it_was_in_the_world() {
        for (nominal, to) in [
            (48_000, 48_000),
            (44_100, 48_000),
            (16_000, 48_000),
            (8_000, 48_000),
            (96_000, 48_000),
            (48_000, 16_000),
            (48_000, 44_100),
            (192_000, 8_000),
        ] {
            for ppm in [300.0, -200.0, 1_000.0] {
                let rate = f64::from(nominal) * (1.0 + ppm * 1e-6);
                let stretch = one(&[piece(0, 0.123_456, rate)], u64::from(nominal) * 4);
                let placed = stretch.clone().place(SampleRate(nominal), SampleRate(to));
                assert!(!placed.is_copied());
                let out = render(
                    &placed,
                    SampleRate(nominal),
                    1,
                    &mut Tone { hz: 1_000.0, stretch: &stretch, channels: 1 },
                );
                let db = snr(&placed, &out, 1_000.0, 0.3..3.8);
                println!("{nominal} {ppm:+} ppm → {to}: {db:.1} dB");
                assert!(db > 130.0, "{nominal} {ppm:+} ppm → {to}: {db:.1} dB");
            }
        }
    }

    #[test]
    fn channels_stay_apart() {
        let stretch = one(&[piece(0, 0.0, 48_010.0)], 96_000);
        let placed = stretch.clone().place(SampleRate(48_000), SampleRate(48_000));
        for channels in [2, 3] {
            let out = render(
                &placed,
                SampleRate(48_000),
                channels,
                &mut Tone { hz: 440.0, stretch: &stretch, channels },
            );
            let frames = out.chunks_exact(usize::from(channels));
            assert_eq!(frames.len() as u64, placed.out.end - placed.out.start);
            assert!(
                frames.clone().all(|f| (f[0] + f[1]).abs() < 1e-6),
                "the second is the first, turned round"
            );
            assert!(frames.clone().any(|f| f[0].abs() > 0.8));
        }
    }

    #[test]
    fn where_the_speed_changes_nothing_clicks() {
        // 500 ppm fast, then as much slow, in the middle of a tone; and pieces that are half a millisecond
        // apart.
        for jump in [0.0, 0.0005, -0.0005] {
            let (fast, slow) = (48_024.0, 47_976.0);
            let bend = 96_000;
            let pieces = [piece(0, 0.0, fast), piece(bend, bend as f64 / fast + jump, slow)];
            let heard = one(&pieces, 240_000);
            let world = one(&[pieces[0], piece(bend, bend as f64 / fast, slow)], 240_000);
            let placed = heard.place(SampleRate(48_000), SampleRate(48_000));
            let out = render(
                &placed,
                SampleRate(48_000),
                1,
                &mut Tone { hz: 1_000.0, stretch: &world, channels: 1 },
            );
            // The steepest that such a tone bends between three frames, with a hundredth for the change of
            // speed.
            let steepest = (TAU * 1_000.0 / 48_000.0_f64).powi(2) * 10_f64.powf(-0.05) * 1.02;
            let bends =
                out[100..out.len() - 100].windows(3).map(|w| f64::from(w[0] - 2.0 * w[1] + w[2]).abs());
            let most = bends.fold(0.0, f64::max);
            assert!(most < steepest, "{jump} s: it bends by {most}, not {steepest}");
            if jump == 0.0 {
                assert!(snr(&placed, &out, 1_000.0, 0.1..1.9) > 110.0);
                assert!(snr(&placed, &out, 1_000.0, 2.1..4.9) > 110.0);
                let at_the_bend = snr(&placed, &out, 1_000.0, 1.9..2.1);
                assert!(at_the_bend > 25.0, "half a frame off at most: {at_the_bend} dB");
            }
        }
    }

    #[test]
    fn a_true_clock_is_copied() {
        let rate = SampleRate(48_000);
        for (at, measured, copied) in [
            (0.0, 48_000.0, true),
            (1.000_01, 48_000.0, true),
            // After ten seconds it is off by less than a frame, or by five.
            (0.0, 48_000.05, true),
            (0.0, 48_000.5, false),
        ] {
            let placed = one(&[piece(0, at, measured)], 480_000).place(rate, rate);
            assert_eq!(placed.is_copied(), copied, "{measured}");
            assert_eq!(placed.out.start, (at * 48_000.0_f64).round() as u64);
            assert!(!copied || placed.out.end - placed.out.start == 480_000, "no frame is left out");
        }
        let other = one(&[piece(0, 0.0, 48_000.0)], 480_000).place(rate, SampleRate(44_100));
        assert!(!other.is_copied());
    }

    #[test]
    fn what_lies_before_the_session_is_left_out_and_the_rest_stays() {
        let rate = SampleRate(48_000);
        for measured in [48_000.0, 48_010.0] {
            let stretch = one(&[piece(0, -0.5, measured)], 96_000);
            let placed = stretch.clone().place(rate, rate);
            assert_eq!(placed.out.start, 0);
            let out = render(&placed, rate, 1, &mut Tone { hz: 1_000.0, stretch: &stretch, channels: 1 });
            // Before the session there was sound, so it begins at its full strength.
            assert!(snr(&placed, &out, 1_000.0, 0.0..1.4) > 100.0, "{measured}");
        }
    }

    #[test]
    fn gaps_and_what_is_left_out_part_the_stretches() {
        let pieces = [piece(0, 0.0, 48_000.0), piece(48_000, 1.5, 48_000.0), piece(96_000, 2.5, 48_001.0)];
        let all = stretches(
            &pieces,
            Frames(144_000),
            &[(Frames(60_000), Frames(62_000)), (Frames(140_000), Frames(150_000))],
        );
        let places: Vec<_> = all.iter().map(|s| (s.from.0, s.to.0)).collect();
        assert_eq!(places, [(0, 48_000), (48_000, 60_000), (62_000, 140_000)]);
        assert_eq!(stretches(&pieces, Frames(0), &[]), []);
        assert_eq!(stretches(&pieces[..1], Frames(10), &[(Frames(0), Frames(10))]), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// However a clock goes, the aligner is where the map is, at the end as at the beginning.
        #[test]
        fn errors_do_not_add_up(
            ppms in prop::collection::vec(-1_000.0..1_000.0_f64, 1..6),
            at in -0.5..2.0_f64,
            to in prop_oneof![Just(16_000_u32), Just(44_100), Just(48_000)],
        ) {
            let mut pieces: Vec<MapPiece> = Vec::new();
            for (n, ppm) in ppms.iter().enumerate() {
                let from = n as u64 * 30_000;
                let at = pieces.last().map_or(at, |last: &MapPiece| last.time_of(from as f64));
                pieces.push(piece(from, at, 48_000.0 * (1.0 + ppm * 1e-6)));
            }
            let stretch = one(&pieces, ppms.len() as u64 * 30_000);
            let placed = stretch.clone().place(SampleRate(48_000), SampleRate(to));
            let mut aligner = Aligner::new(SampleRate(48_000), SampleRate(to), 1).unwrap();
            let mut source = Tone { hz: 1_000.0, stretch: &stretch, channels: 1 };
            let mut out = Vec::new();
            aligner.begin(&placed, placed.out.start, &mut source).unwrap();
            while aligner.at < placed.out.end {
                aligner.fill(&placed, BLOCK, &mut source, &mut out).unwrap();
                let should = stretch.place_at((aligner.at - 1) as f64 / f64::from(to));
                prop_assert!((aligner.place - should).abs() < 1e-3, "{} instead of {should}", aligner.place);
            }
        }
    }
}

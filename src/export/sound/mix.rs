//! All tracks of a session in one, for listening.
//!
//! Tracks are added up as loud as they were recorded, since people mostly speak in turn: nobody becomes
//! quieter because many could speak. Where they together would be too loud, a limiter turns all of them down
//! for that moment. It looks ahead, so that it never clips and does not distort: the gain that a sample needs
//! is reached, along a straight line, when the sample comes.

use std::collections::VecDeque;
use std::io::{Seek, Write};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::file::{Container, SoundFile};
use super::opus::{self, OpusFile};
use super::render::TrackSound;
use super::timeline::Timeline;
use super::{Length, OnProgress, SoundError, check};
use crate::audio::mono;
use crate::base::units::{SampleFormat, SampleRate};
use crate::export::save::Target;
use crate::session::disk::Disk;
use crate::session::reading::Session;
use crate::session::wav::Layout;

/// Loudest sample: 1 dB below full scale.
const CEILING: f32 = 0.891;
/// How far the limiter looks ahead, and how long it takes to turn down.
const AHEAD_S: f64 = 0.005;
/// Time constant of turning up again: slow enough not to be heard as pumping within a word.
const RELEASE_S: f64 = 0.2;

/// Lengths that [`Mix::of_its_own_length`] tells apart, and how far they lie apart, in parts of a second: a
/// tenth of a second of silence at most.
const LENGTHS: u64 = 400;
const LENGTHS_A_SECOND: u64 = 4_000;

/// A mono mix to be written as FLAC, at 16 bits, or as Opus.
#[derive(Debug)]
pub struct Mix {
    timeline: Timeline,
    layout: Layout,
    /// Frames of silence at the end.
    tail: u64,
}

/// Writes the mix of a session to `target`, which has been checked, and gives the path.
pub fn write_mix(
    disk: &dyn Disk,
    session: &Session,
    target: &Target,
    rate: SampleRate,
    watch: OnProgress<'_>,
) -> Result<PathBuf, SoundError> {
    Mix::plan(session, rate)?.save(disk, target, watch)
}

impl Mix {
    /// The mix of all tracks of a session; 16 kHz carry all of speech.
    pub fn plan(session: &Session, rate: SampleRate) -> Result<Self, SoundError> {
        let timeline = Timeline::new(session, rate)?;
        if timeline.frames == 0 {
            return Err(SoundError::Silent);
        }
        let layout = Layout { rate, channels: 1, format: SampleFormat::S16 };
        check("the mix", Container::Flac, layout, timeline.frames)?;
        Ok(Self { timeline, layout, tail: 0 })
    }

    /// Adds up to a tenth of a second of silence, by the session's id: sounds of one length, as recordings
    /// for a given time have them, are then told apart by it.
    pub fn of_its_own_length(self, id: &str) -> Self {
        let hash = Sha256::digest(id.as_bytes());
        let number = u64::from(u16::from_le_bytes([hash[0], hash[1]])) % LENGTHS;
        let tail = number * u64::from(self.layout.rate.0) / LENGTHS_A_SECOND;
        Self { tail, ..self }
    }

    /// How long it is, and at which rate.
    fn length(&self) -> Length {
        Length { frames: self.timeline.frames + self.tail, rate: self.timeline.rate }
    }

    /// Writes it to `target`, which has been checked, and gives the path.
    pub fn save(
        &self,
        disk: &dyn Disk,
        target: &Target,
        watch: OnProgress<'_>,
    ) -> Result<PathBuf, SoundError> {
        let draft = self.write(target.draft(disk)?, watch, |error| target.failed(error).into())?;
        Ok(draft.keep()?)
    }

    /// How long it is.
    pub fn seconds(&self) -> f64 {
        self.length().frames as f64 / f64::from(self.timeline.rate.0)
    }

    /// Writes it to `to` and gives that back; `failed` names what could not be written.
    pub fn write<W: Write + Seek>(
        &self,
        to: W,
        watch: OnProgress<'_>,
        failed: impl Fn(std::io::Error) -> SoundError,
    ) -> Result<W, SoundError> {
        let length = self.length();
        let file = SoundFile::begin(Container::Flac, self.layout, length.frames, to).map_err(&failed)?;
        let mut sum = Sum::new(&self.timeline);
        length.pump(file, watch, |frames, out| sum.read(frames, out), failed)
    }

    /// The same as Opus in Ogg; its rate must be [`opus::RATE`].
    pub fn write_opus<W: Write>(
        &self,
        to: W,
        watch: OnProgress<'_>,
        failed: impl Fn(std::io::Error) -> SoundError,
    ) -> Result<W, SoundError> {
        assert!(self.timeline.rate == opus::RATE, "the encoder's rate");
        let mut file = OpusFile::begin(to).map_err(&failed)?;
        let mut sum = Sum::new(&self.timeline);
        let put = |block: &[f32]| file.write(block).map_err(&failed);
        self.length().each_block(watch, |frames, out| sum.read(frames, out), put)?;
        file.finish().map_err(failed)
    }
}

/// The tracks, added up.
struct Sum<'a> {
    tracks: Vec<(u16, TrackSound<'a>)>,
    limiter: Limiter,
    interleaved: Vec<f32>,
    mono: Vec<f32>,
    sum: Vec<f32>,
}

impl<'a> Sum<'a> {
    fn new(timeline: &'a Timeline) -> Self {
        let tracks = timeline.tracks.iter().filter(|track| !track.spans.is_empty());
        Self {
            tracks: tracks.map(|track| (track.channels, TrackSound::new(timeline, track))).collect(),
            limiter: Limiter::new(timeline.rate),
            interleaved: Vec::new(),
            mono: Vec::new(),
            sum: Vec::new(),
        }
    }

    fn read(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<(), SoundError> {
        let end = out.len() + frames;
        // Once, what the limiter looks ahead.
        while out.len() < end {
            let frames = end - out.len();
            self.sum.clear();
            self.sum.resize(frames, 0.0);
            for (channels, track) in &mut self.tracks {
                self.interleaved.clear();
                self.mono.clear();
                track.read(frames, &mut self.interleaved)?;
                mono::downmix(&self.interleaved, *channels, &mut self.mono);
                self.sum.iter_mut().zip(&self.mono).for_each(|(sum, x)| *sum += x);
            }
            self.limiter.push(&self.sum, out);
        }
        Ok(())
    }
}

/// Turns down what would be louder than [`CEILING`]; leaves all else as it is. Its delay is removed: the
/// first sample that comes out is the first that went in.
struct Limiter {
    ahead: usize,
    release: f32,
    /// Samples that wait for what comes after them.
    waiting: VecDeque<f32>,
    /// Gains that are needed by the samples in sight, each less than those before it, with the sample's
    /// number.
    needed: VecDeque<(u64, f32)>,
    at: u64,
    /// The gain, before it is smoothed, and as many of it as samples are in sight, with their sum.
    gain: f32,
    gains: VecDeque<f32>,
    sum: f64,
}

impl Limiter {
    fn new(rate: SampleRate) -> Self {
        let ahead = ((AHEAD_S * f64::from(rate.0)) as usize).max(1);
        Self {
            ahead,
            release: (1.0 / (RELEASE_S * f64::from(rate.0))) as f32,
            waiting: VecDeque::new(),
            needed: VecDeque::new(),
            at: 0,
            gain: 1.0,
            gains: std::iter::repeat_n(1.0, ahead).collect(),
            sum: ahead as f64,
        }
    }

    fn push(&mut self, sound: &[f32], out: &mut Vec<f32>) {
        for &sample in sound {
            let gain = self.smoothed(sample.abs());
            self.waiting.push_back(sample);
            if self.waiting.len() == self.ahead {
                out.extend(self.waiting.pop_front().map(|sample| sample * gain));
            }
        }
    }

    /// The gain of the oldest sample in sight, once the newest is as loud as `loud`. The gain before
    /// smoothing is at each moment at most what any sample in sight needs; so is a mean over all moments at
    /// which a sample is in sight.
    fn smoothed(&mut self, loud: f32) -> f32 {
        let need = if loud > CEILING { CEILING / loud } else { 1.0 };
        while self.needed.back().is_some_and(|(_, other)| *other >= need) {
            self.needed.pop_back();
        }
        self.needed.push_back((self.at, need));
        while self.needed.front().is_some_and(|(at, _)| at + self.ahead as u64 <= self.at) {
            self.needed.pop_front();
        }
        self.at += 1;
        let least = self.needed.front().map_or(1.0, |(_, need)| *need);
        self.gain = least.min(self.gain + (1.0 - self.gain) * self.release);
        if least == 1.0 && self.gain > 0.9999 {
            self.gain = 1.0;
        }
        self.gains.push_back(self.gain);
        self.sum += f64::from(self.gain) - f64::from(self.gains.pop_front().unwrap_or(1.0));
        (self.sum / self.ahead as f64) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loud_sound_is_turned_down_and_the_rest_is_left() {
        let rate = SampleRate::HZ_16000;
        let mut limiter = Limiter::new(rate);
        let quiet = |i: usize| (i as f32 * 0.05).sin() * 0.8;
        // A second of a clipping burst after a quiet second; then ten quiet ones.
        let sound: Vec<f32> = (0..16_000 * 12)
            .map(|i| quiet(i) * if (16_000..32_000).contains(&i) { 3.0 } else { 1.0 })
            .collect();
        let mut out = Vec::new();
        for block in sound.chunks(777) {
            limiter.push(block, &mut out);
        }
        assert_eq!(out.len(), sound.len() - (limiter.ahead - 1), "its delay is not in it");
        assert!(out.iter().all(|x| x.abs() <= CEILING + 1e-6), "nothing is beyond the ceiling");
        assert_eq!(out[..15_900], sound[..15_900], "what is before is as it was");
        assert_eq!(out[160_000..], sound[160_000..out.len()], "and what comes much later");
        let loudest = out[20_000..30_000].iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        assert!(loudest > 0.8, "it is not turned down more than it must: {loudest}");
        // Its gain does not jump: neighbours in the burst keep their ratio to the input.
        let gain = |i: usize| out[i] / sound[i];
        let steps = (15_000..40_000).filter(|i| sound[*i].abs() > 0.2 && sound[i + 1].abs() > 0.2);
        let step = steps.map(|i| (gain(i) - gain(i + 1)).abs()).fold(0.0, f32::max);
        assert!(step < 0.02, "the gain jumps by {step}");
    }
}

//! A track's sound on session time, piece by piece in order, in constant memory.

use std::io;
use std::path::PathBuf;

use super::SoundError;
use super::timeline::{PlacedSound, Timeline, TrackPlan};
use crate::audio::align::{AlignError, Aligner, FrameSource};
use crate::audio::denoise::Cleaner;
use crate::audio::mono;
use crate::audio::resample::Resampler;
use crate::base::units::{Frames, SampleRate};
use crate::session::tail::SpanReader;

/// Reads a track from its beginning to the end of the session.
pub struct TrackSound<'a> {
    dir: PathBuf,
    plan: &'a TrackPlan,
    rate: SampleRate,
    /// The next frame.
    at: u64,
    /// The span that `at` lies in or before.
    span: usize,
    /// Set up for that span.
    ready: bool,
    file: Option<(String, TakeFile)>,
    aligner: Option<(SampleRate, u16, Aligner)>,
    /// Of a take with fewer channels than the track.
    narrow: Vec<f32>,
}

/// The file that is read, as the aligner asks for it.
struct TakeFile(SpanReader);

impl FrameSource for TakeFile {
    fn read(&mut self, from: Frames, to: Frames, out: &mut Vec<f32>) -> io::Result<()> {
        self.0.read(from, to, out)
    }
}

impl<'a> TrackSound<'a> {
    /// The track at the timeline's beginning.
    pub fn new(timeline: &Timeline, plan: &'a TrackPlan) -> Self {
        Self {
            dir: timeline.dir.clone(),
            plan,
            rate: timeline.rate,
            at: timeline.start,
            span: 0,
            ready: false,
            file: None,
            aligner: None,
            narrow: Vec::new(),
        }
    }

    /// The same from a frame on that is counted from the timeline's beginning.
    pub fn starting_at(timeline: &Timeline, plan: &'a TrackPlan, frame: u64) -> Self {
        Self { at: timeline.start + frame, ..Self::new(timeline, plan) }
    }

    /// Appends the next `frames` frames, interleaved in the track's channels. After its end a track is
    /// silent.
    pub fn read(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<(), SoundError> {
        let end = self.at + frames as u64;
        while self.at < end {
            let Some(span) = self.plan.spans.get(self.span) else {
                self.silence(end, out);
                break;
            };
            if span.out.end <= self.at {
                (self.span, self.ready) = (self.span + 1, false);
            } else if span.out.start > self.at {
                self.silence(end.min(span.out.start), out);
            } else {
                let more = (end.min(span.out.end) - self.at) as usize;
                self.sound(span, more, out).map_err(|error| SoundError::of_take(&span.take, error))?;
            }
        }
        Ok(())
    }

    fn silence(&mut self, until: u64, out: &mut Vec<f32>) {
        let samples = (until - self.at) as usize * usize::from(self.plan.channels);
        out.resize(out.len() + samples, 0.0);
        self.at = until;
    }

    fn sound(&mut self, span: &'a PlacedSound, frames: usize, out: &mut Vec<f32>) -> Result<(), AlignError> {
        let take = &span.take;
        if self.file.as_ref().is_none_or(|(name, _)| *name != take.file) {
            self.file = Some((take.file.clone(), TakeFile(SpanReader::open(&self.dir, take)?)));
        }
        if self
            .aligner
            .as_ref()
            .is_none_or(|(rate, channels, _)| (*rate, *channels) != (take.rate, take.channels))
        {
            let aligner = Aligner::new(take.rate, self.rate, take.channels)?;
            self.aligner = Some((take.rate, take.channels, aligner));
        }
        let (Some((_, file)), Some((_, _, aligner))) = (&mut self.file, &mut self.aligner) else {
            return Ok(());
        };
        if !self.ready {
            aligner.begin(&span.placed, self.at, file)?;
            self.ready = true;
        }
        if take.channels == self.plan.channels {
            aligner.fill(&span.placed, frames, file, out)?;
        } else {
            self.narrow.clear();
            aligner.fill(&span.placed, frames, file, &mut self.narrow)?;
            widen(&self.narrow, take.channels, self.plan.channels, out);
        }
        self.at += frames as u64;
        Ok(())
    }
}

/// Brings a take to the channels of its track: one channel goes to all, of several each keeps its place.
fn widen(narrow: &[f32], channels: u16, to: u16, out: &mut Vec<f32>) {
    for frame in narrow.chunks_exact(usize::from(channels)) {
        match frame {
            [mono] => out.extend(std::iter::repeat_n(*mono, usize::from(to))),
            _ => {
                out.extend_from_slice(frame);
                out.resize(out.len() + usize::from(to - channels), 0.0);
            }
        }
    }
}

/// A track, mono and without its noise. Silence stays exact silence.
pub struct CleanSound<'a> {
    sound: TrackSound<'a>,
    cleaner: Cleaner,
    down: Resampler,
    /// Frames of the input that are left.
    left: u64,
    /// What sounds at the output's rate, and the next frame there.
    spans: &'a [PlacedSound],
    at: u64,
    ready: Vec<f32>,
    interleaved: Vec<f32>,
    mono: Vec<f32>,
    clean: Vec<f32>,
}

/// What nnnoiseless works at.
pub const CLEAN_RATE: SampleRate = SampleRate::HZ_48000;
/// Frames that are denoised at once: a tenth of a second.
const CLEAN_BLOCK: u64 = 4_800;

impl<'a> CleanSound<'a> {
    /// The track at its beginning: `plan` of the `timeline` at [`CLEAN_RATE`]; it is `heard` as `there` says.
    pub fn new(
        timeline: &Timeline,
        plan: &'a TrackPlan,
        heard: &Timeline,
        there: &'a TrackPlan,
    ) -> Result<Self, SoundError> {
        Ok(Self {
            sound: TrackSound::new(timeline, plan),
            cleaner: Cleaner::new(),
            down: Resampler::new(CLEAN_RATE, heard.rate)?,
            left: timeline.frames,
            spans: &there.spans,
            at: heard.start,
            ready: Vec::new(),
            interleaved: Vec::new(),
            mono: Vec::new(),
            clean: Vec::new(),
        })
    }

    /// Appends the next `frames` frames. After its end a track is silent.
    pub fn read(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<(), SoundError> {
        while self.ready.len() < frames && self.left > 0 {
            self.more()?;
        }
        let begin = out.len();
        let there = frames.min(self.ready.len());
        out.extend(self.ready.drain(..there));
        out.resize(begin + frames, 0.0);
        self.keep_silence(&mut out[begin..]);
        Ok(())
    }

    fn more(&mut self) -> Result<(), SoundError> {
        let frames = self.left.min(CLEAN_BLOCK);
        for buffer in [&mut self.interleaved, &mut self.mono, &mut self.clean] {
            buffer.clear();
        }
        self.sound.read(frames as usize, &mut self.interleaved)?;
        mono::downmix(&self.interleaved, self.sound.plan.channels, &mut self.mono);
        self.cleaner.push(&self.mono, &mut self.clean);
        self.left -= frames;
        if self.left == 0 {
            self.cleaner.finish(&mut self.clean);
        }
        self.down.push(&self.clean, &mut self.ready)?;
        if self.left == 0 {
            self.down.finish(&mut self.ready)?;
        }
        Ok(())
    }

    /// What the denoiser makes of silence is not heard.
    fn keep_silence(&mut self, sound: &mut [f32]) {
        let (from, to) = (self.at, self.at + sound.len() as u64);
        let within = |frame: u64| (frame.clamp(from, to) - from) as usize;
        let mut silent = 0;
        for span in self.spans {
            let (a, b) = (within(span.out.start), within(span.out.end));
            if a < b {
                sound[silent..a].fill(0.0);
                silent = b;
            }
        }
        sound[silent..].fill(0.0);
        self.at = to;
        let past = self.spans.partition_point(|span| span.out.end <= to);
        self.spans = &self.spans[past..];
    }
}

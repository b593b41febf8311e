//! Speech cut into segments that a recogniser can take: **cuts lie on positions, decisions on
//! probabilities.**
//!
//! A [`Segmenter`] hears one take of one track and gives segments in the take's own frames. They never
//! overlap, are never longer than [`SegmentSettings::max_ms`], and what lies between them was held to be
//! silence. It needs no clock and no timer, so a recording that lags gives the same segments as a live one.

use serde::{Deserialize, Serialize};

use super::denoise::MonoBlock;
use super::leveller::QuietEar;
use super::vad::Vad;
use crate::base::units::{Frames, SampleRate};

/// Below this level (−120 dBFS) there is no sound at all: a gap written as zeros, a muted device.
const NO_SOUND: f32 = 1e-6;
/// Windows without any sound after which the detector is reset: its memory is of another time.
const FORGET_AFTER_WINDOWS: u32 = 8;
/// Windows over which the mean probability is lowest at a cut: a shorter stretch is the middle of a plosive.
const CUT_WINDOWS: usize = 3;

/// A stretch of speech, in frames of the take it was heard on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// First frame to give to a recogniser: `onset` and some sound before it.
    pub from: Frames,
    /// One past the last frame to give.
    pub to: Frames,
    /// Where speech was found to begin.
    pub onset: Frames,
    /// Where the last speech was found to end.
    pub offset: Frames,
    /// Evidence of speech: the mean probability (0..1) from `onset` to `offset`.
    pub speech: f32,
    /// It is so quiet that the detector heard some of it raised …
    pub raised: bool,
    /// … and would not have held it to be speech as loud as it is.
    pub faint: bool,
}

/// A segment that has not ended yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growing {
    /// What it would be if it ended now.
    pub segment: Segment,
    /// So much silence has followed that, should no more speech come, the segment will be exactly this one.
    pub settled: bool,
}

/// How segments are cut. Probabilities are the detector's, 0..1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmentSettings {
    /// Speech begins at this probability. 0.5: Silero's own.
    pub onset: f32,
    /// Speech goes on down to this one. 0.35: whisperX has 0.363, Silero onset − 0.15.
    pub offset: f32,
    /// Less speech than this is a click or a cough. 250 ms: Silero's.
    pub min_speech_ms: u32,
    /// So much silence ends a segment. 600 ms: the libraries' 100 ms are meant for files and cut live speech
    /// at every comma.
    pub endpoint_ms: u32,
    /// Sound taken along from before the onset: detectors need a moment, and first consonants are soft.
    pub pre_roll_ms: u32,
    /// Sound taken along from after the end.
    pub post_roll_ms: u32,
    /// From this length on, a pause of `late_endpoint_ms` will do. 15 s: longer gains no accuracy and delays
    /// the text.
    pub target_ms: u32,
    /// See `target_ms`. 200 ms is a breath.
    pub late_endpoint_ms: u32,
    /// At this length it is cut where speech is least likely in its second half. Whoever sets it knows how
    /// much the recogniser takes at once; 28 s suit Whisper, which takes 30.
    pub max_ms: u32,
}

impl Default for SegmentSettings {
    fn default() -> Self {
        Self {
            onset: 0.5,
            offset: 0.35,
            min_speech_ms: 250,
            endpoint_ms: 600,
            pre_roll_ms: 300,
            post_roll_ms: 200,
            target_ms: 15_000,
            late_endpoint_ms: 200,
            max_ms: 28_000,
        }
    }
}

/// Settings that contradict one another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentSettingsError {
    /// A probability out of order.
    #[error("segments need 0 < offset ≤ onset ≤ 1")]
    Probabilities,
    /// A length out of order.
    #[error(
        "segments need 0 < late_endpoint_ms ≤ endpoint_ms, 2000 ≤ max_ms, target_ms ≤ max_ms \
         and pre_roll_ms and post_roll_ms of at most 1000"
    )]
    Lengths,
}

impl SegmentSettings {
    /// Whether they can be worked with.
    pub fn check(&self) -> Result<(), SegmentSettingsError> {
        if !(self.offset > 0.0 && self.offset <= self.onset && self.onset <= 1.0) {
            return Err(SegmentSettingsError::Probabilities);
        }
        let lengths = 0 < self.late_endpoint_ms
            && self.late_endpoint_ms <= self.endpoint_ms
            && 2_000 <= self.max_ms
            && self.target_ms <= self.max_ms
            && self.pre_roll_ms.max(self.post_roll_ms) <= 1_000;
        if lengths { Ok(()) } else { Err(SegmentSettingsError::Lengths) }
    }
}

/// Milliseconds at 16 kHz.
fn samples(ms: u32) -> u64 {
    u64::from(ms) * 16
}

/// Cuts one take into segments. All its inner positions are samples at 16 kHz since the take's start.
pub struct Segmenter {
    settings: SegmentSettings,
    vad: Box<dyn Vad>,
    /// Hears what is quiet.
    quiet: Option<QuietEar>,
    rate: SampleRate,
    /// Sound that doesn't fill a window yet.
    pending: Vec<f32>,
    /// Where `pending` starts.
    at: u64,
    /// Nothing before this may be part of a further segment.
    floor: u64,
    open: Option<Open>,
    /// Windows without any sound, in a row.
    soundless: u32,
    /// End of the last window that was somebody else's.
    overheard_until: u64,
}

/// A segment that hasn't ended.
struct Open {
    from: u64,
    /// The first window with speech starts here; the rest of a cut segment has none until it has been heard.
    onset: Option<u64>,
    /// End of the last window with speech.
    until: u64,
    speaking: bool,
    /// Samples of windows with speech.
    voiced: u64,
    /// Per window, from `first` on.
    heard: Vec<Heard>,
    first: u64,
    /// It goes on from a cut, so even a syllable of it counts.
    continued: bool,
    /// Somebody else speaks from here on, unless own speech came after it.
    wall: u64,
}

/// What the detector holds of a window.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    /// Probability of speech, as loud as it is …
    plain: f32,
    /// … and as it is heard best.
    best: f32,
    /// It was heard raised, too.
    raised: bool,
}

impl Segmenter {
    /// A segmenter for a take at `rate`, whose analysis starts at its frame `start`.
    pub fn new(settings: SegmentSettings, vad: Box<dyn Vad>, rate: SampleRate, start: Frames) -> Self {
        let at = start.rescale(rate, SampleRate::HZ_16000).0;
        Self {
            settings,
            quiet: vad.another().map(QuietEar::new),
            vad,
            rate,
            pending: Vec::new(),
            at,
            floor: at,
            open: None,
            soundless: 0,
            overheard_until: 0,
        }
    }

    /// Hears the next piece and gives the segments that it completes. Pieces follow one another; at a hole
    /// what was open is closed and the detector starts afresh.
    pub fn push(&mut self, heard: &MonoBlock) -> Vec<Segment> {
        self.push_own(heard, &|_| false)
    }

    /// The same, for a track that overhears others: where `overheard` says so (positions at 16 kHz since the
    /// take's start) the speech is somebody else's. It opens no segment, and none reaches into it.
    pub fn push_own(&mut self, heard: &MonoBlock, overheard: &dyn Fn(u64) -> bool) -> Vec<Segment> {
        let mut segments = Vec::new();
        if heard.samples.is_empty() {
            return segments;
        }
        if heard.from.0 != self.at + self.pending.len() as u64 {
            segments.extend(self.finish());
            self.at = heard.from.0.max(self.floor);
            self.floor = self.at;
        }
        self.pending.extend_from_slice(&heard.samples);
        let mut pending = std::mem::take(&mut self.pending);
        let mut used = 0;
        while let Some(window) = pending.get(used..used + self.vad.window()) {
            // The detector hears everything: its memory must have no hole.
            let mut heard = self.listen(window);
            used += window.len();
            if overheard(self.at + window.len() as u64 / 2) {
                heard = Heard::default();
                self.overheard(window.len() as u64);
            }
            segments.extend(self.step(heard, window.len() as u64));
        }
        pending.drain(..used);
        self.pending = pending;
        segments
    }

    /// The next window is somebody else's.
    fn overheard(&mut self, window: u64) {
        if let Some(open) = &mut self.open {
            open.wall = open.wall.min(self.at);
        }
        self.overheard_until = self.at + window;
    }

    /// There is no more sound: gives what was still open. What is pushed afterwards is another sound.
    pub fn finish(&mut self) -> Vec<Segment> {
        let mut segments = Vec::new();
        let end = self.at + self.pending.len() as u64;
        if !self.pending.is_empty() {
            let mut window = std::mem::take(&mut self.pending);
            window.resize(self.vad.window(), 0.0);
            let heard = self.listen(&window);
            segments.extend(self.step(heard, end - self.at));
        }
        segments.extend(self.close(end));
        self.forget();
        self.soundless = 0;
        segments
    }

    /// Where the segment begins that hasn't ended yet.
    pub fn open_since(&self) -> Option<Frames> {
        self.open.as_ref().map(|open| self.frames(open.from))
    }

    /// The segment that hasn't ended yet; `None` while it is too short to be one.
    pub fn growing(&self) -> Option<Growing> {
        let open = self.open.as_ref()?;
        let (segment, to) = self.ending(open, self.at)?;
        Some(Growing { segment, settled: to < self.at })
    }

    /// Everything before this frame is in a segment that was given, or silence: an analysis may resume here.
    pub fn decided_until(&self) -> Frames {
        let position = self.open.as_ref().map_or_else(|| self.earliest_start(), |open| open.from);
        self.frames(position)
    }

    /// Where a segment would begin whose speech began now.
    fn earliest_start(&self) -> u64 {
        self.at.saturating_sub(samples(self.settings.pre_roll_ms)).max(self.floor).max(self.overheard_until)
    }

    fn frames(&self, position: u64) -> Frames {
        Frames(position).rescale(SampleRate::HZ_16000, self.rate)
    }

    /// The detector's opinion; a window without any sound needs none, and would only confuse it.
    fn listen(&mut self, window: &[f32]) -> Heard {
        if window.iter().all(|sample| sample.abs() < NO_SOUND) {
            self.soundless = self.soundless.saturating_add(1);
            return Heard::default();
        }
        if self.soundless >= FORGET_AFTER_WINDOWS {
            self.forget();
        }
        self.soundless = 0;
        let plain = self.vad.probability(window);
        let raised = self.quiet.as_mut().and_then(|quiet| quiet.probability(window));
        Heard { plain, best: raised.map_or(plain, |raised| raised.max(plain)), raised: raised.is_some() }
    }

    fn forget(&mut self) {
        self.vad.reset();
        self.quiet.iter_mut().for_each(QuietEar::forget);
    }

    /// One window on: the whole state machine.
    fn step(&mut self, heard: Heard, window: u64) -> Option<Segment> {
        let earliest = self.earliest_start();
        let start = self.at;
        self.at += window;
        if self.open.is_none() {
            if heard.best < self.settings.onset {
                return None;
            }
            self.open = Some(Open::new(earliest, start, false));
        }
        let open = self.open.as_mut()?;
        open.hear(heard, start, window, &self.settings);
        let (silence, length) = (self.at - open.until, self.at - open.from);
        let long = open.until - open.from >= samples(self.settings.target_ms);
        let enough = if long { self.settings.late_endpoint_ms } else { self.settings.endpoint_ms };
        if silence >= samples(enough) {
            self.close(self.at)
        } else if length + window > samples(self.settings.max_ms) {
            self.cut(window)
        } else {
            None
        }
    }

    /// Ends the open segment; there is sound up to `end`.
    fn close(&mut self, end: u64) -> Option<Segment> {
        let open = self.open.take()?;
        let (segment, to) = self.ending(&open, end)?;
        self.floor = to;
        Some(segment)
    }

    /// The segment that `open` becomes if it ends now, and where that ends; `None` if it is not speech. There
    /// is sound up to `end`.
    fn ending(&self, open: &Open, end: u64) -> Option<(Segment, u64)> {
        let onset = open.onset?;
        if open.voiced < samples(self.settings.min_speech_ms) && !open.continued {
            return None;
        }
        let to = (open.until + samples(self.settings.post_roll_ms)).min(end).min(open.wall);
        Some((self.segment(open, onset, open.until, to, open.heard.len()), to))
    }

    /// Cuts the open segment where speech is least likely in its second half and goes on with the rest.
    /// `window` is the length of a window.
    fn cut(&mut self, window: u64) -> Option<Segment> {
        let open = self.open.take()?;
        let middle = open.from + samples(self.settings.max_ms) / 2;
        let half = (middle.saturating_sub(open.first) / window) as usize;
        let at = quietest(&open.heard, half);
        let cut = open.first + at as u64 * window;

        let mut rest = Open::new(cut, cut, true);
        for (i, &heard) in open.heard.iter().enumerate().skip(at) {
            rest.hear(heard, open.first + i as u64 * window, window, &self.settings);
        }
        self.open = Some(rest);
        self.floor = cut;
        let onset = open.onset.unwrap_or(open.from).min(cut);
        Some(self.segment(&open, onset, cut.min(open.until), cut, at))
    }

    /// A segment of `open` whose evidence is in its first `windows` windows.
    fn segment(&self, open: &Open, onset: u64, offset: u64, to: u64, windows: usize) -> Segment {
        let window = self.vad.window() as u64;
        let first = ((onset.saturating_sub(open.first)) / window) as usize;
        let last = (offset.saturating_sub(open.first)).div_ceil(window) as usize;
        let heard = open.heard.get(first..last.min(windows)).unwrap_or_default();
        let speech = heard.iter().map(|heard| heard.best).sum::<f32>() / heard.len().max(1) as f32;
        let raised = heard.iter().any(|heard| heard.raised);
        let plain = heard.iter().filter(|heard| heard.plain >= self.settings.offset).count() as u64 * window;
        Segment {
            from: self.frames(open.from),
            to: self.frames(to),
            onset: self.frames(onset),
            offset: self.frames(offset),
            speech,
            raised,
            faint: raised && plain < samples(self.settings.min_speech_ms),
        }
    }
}

impl Open {
    fn new(from: u64, first: u64, continued: bool) -> Self {
        Self {
            from,
            onset: None,
            until: first,
            speaking: continued,
            voiced: 0,
            heard: Vec::new(),
            first,
            continued,
            wall: u64::MAX,
        }
    }

    fn hear(&mut self, heard: Heard, start: u64, window: u64, settings: &SegmentSettings) {
        let threshold = if self.speaking { settings.offset } else { settings.onset };
        self.speaking = heard.best >= threshold;
        self.heard.push(heard);
        if self.speaking {
            self.onset.get_or_insert(start);
            self.until = start + window;
            self.wall = u64::MAX;
            self.voiced += window;
        }
    }
}

/// The window at or after `from` around which speech is least likely.
fn quietest(heard: &[Heard], from: usize) -> usize {
    let mean = |i: usize| {
        let around = &heard[i.saturating_sub(CUT_WINDOWS / 2)..(i + CUT_WINDOWS / 2 + 1).min(heard.len())];
        around.iter().map(|heard| heard.best).sum::<f32>() / around.len() as f32
    };
    (from..heard.len()).min_by(|&a, &b| mean(a).total_cmp(&mean(b))).unwrap_or(from)
}

#[cfg(test)]
mod tests;

//! Stretches of speech in what is heard of a track. What is found goes into the session's [`Analysis`], as
//! positions. Who calls it decides when; it knows no time and no threads.

use std::sync::{Arc, Mutex, PoisonError};

use super::analysis::Analysis;
use super::bleed::Levels as _;
use super::gates;
use super::overheard::{self, Overhearing};
use super::too_quiet::{self, Told, TooQuiet};
use super::track_reader::TrackSound;
use crate::audio::denoise::MonoBlock;
use crate::audio::level::{WINDOW_S, WINDOWS_PER_S};
use crate::audio::segment::{Growing, Segment, SegmentSettings, Segmenter};
use crate::audio::vad::Vad;
use crate::base::cause::Alarm;
use crate::base::clock_map::ClockFit;
use crate::base::units::{Frames, SampleRate};
use crate::live::{SessionSink, SessionView};
use crate::session::journal::Event;
use crate::session::shared::TrackShared;
use crate::speech::levels::TrackLevels;

/// A block waits for the other tracks until its own one is this much further, in seconds.
const AHEAD_S: f64 = 0.7;
/// Samples at 16 kHz of a window of the envelopes.
const WINDOW: usize = (SampleRate::HZ_16000.0 as u64 / WINDOWS_PER_S) as usize;

/// Makes a detector that has heard nothing yet.
pub type MakeVad = fn() -> Box<dyn Vad>;

/// One track, from some place of it on.
pub struct SegmentFinder {
    index: usize,
    /// All tracks: this one may overhear the others.
    tracks: Vec<Arc<TrackShared>>,
    from: Frames,
    settings: SegmentSettings,
    detector: MakeVad,
    analysis: Arc<Mutex<Analysis>>,
    cutter: Option<Segmenter>,
    levels: TrackLevels,
    overhearing: Overhearing,
    /// Whether what is said on it is loud enough, and where that is told.
    too_quiet: TooQuiet,
    sink: Arc<dyn SessionSink>,
    /// A block that waits for the other tracks to be written that far.
    held: Option<TrackSound>,
}

impl SegmentFinder {
    /// Seeks in the track with index `index` from frame `from` of the take that is heard first; `detector`
    /// makes what tells speech from other sound.
    pub fn new(
        index: usize,
        session: &SessionView,
        from: Frames,
        settings: SegmentSettings,
        detector: MakeVad,
        analysis: Arc<Mutex<Analysis>>,
    ) -> Self {
        let tracks = session.tracks.clone();
        Self {
            index,
            levels: TrackLevels::new(session.dir.clone(), tracks.clone()),
            overhearing: Overhearing::new(tracks.len().saturating_sub(1)),
            too_quiet: TooQuiet::default(),
            sink: Arc::clone(&session.sink),
            tracks,
            from,
            settings,
            detector,
            analysis,
            cutter: None,
            held: None,
        }
    }

    /// Works on what is there, and on what `next` gives; whether there was anything.
    pub fn take_pieces(&mut self, mut next: impl FnMut() -> Option<TrackSound>) -> bool {
        let mut worked = false;
        while let Some(piece) = self.held.take().or_else(&mut next) {
            if self.waits_for_others(&piece) {
                self.held = Some(piece);
                break;
            }
            self.take_piece(piece);
            worked = true;
        }
        worked
    }

    fn take_piece(&mut self, piece: TrackSound) {
        match piece {
            TrackSound::Sound { take, heard } => {
                let marks = self.marks(take, &heard);
                let overheard = |position: u64| {
                    let window = position.saturating_sub(heard.from.0) as usize / WINDOW;
                    // What is left of the last block in the cutter lies before this one.
                    marks.get(if position < heard.from.0 { 0 } else { window }).copied().unwrap_or(false)
                };
                let cutter = self.cutter(take);
                let segments = cutter.push_own(&heard, &overheard);
                let (decided, growing) = (cutter.decided_until(), cutter.growing());
                self.found(take, &segments, decided);
                self.growing(take, growing, heard.from + Frames(heard.samples.len() as u64));
            }
            TrackSound::TakeEnd { take } => {
                let cutter = self.cutter(take);
                let segments = cutter.finish();
                let decided = cutter.decided_until();
                self.found(take, &segments, decided);
                self.growing(take, None, Frames(0));
                self.analysis(|analysis, track| analysis.next_take(track));
                self.cutter = None;
                self.from = Frames(0);
            }
            TrackSound::TrackEnd => {
                let told = self.too_quiet.end();
                self.tell(told);
                self.analysis(|analysis, track| analysis.track_done(track));
            }
        }
    }

    /// Session seconds of a block.
    fn span(&self, take: usize, heard: &MonoBlock) -> Option<(f64, f64)> {
        let shared = self.track().takes().get(take).cloned()?;
        let (clock, rate) = (shared.clock(), shared.entry.rate);
        let at = |position: Frames| clock.time_of(position.rescale(SampleRate::HZ_16000, rate));
        Some((at(heard.from), at(heard.from + Frames(heard.samples.len() as u64))))
    }

    /// Where in the block another track is only overheard, window by window.
    fn marks(&mut self, take: usize, heard: &MonoBlock) -> Vec<bool> {
        let tracks = &self.tracks;
        let Some((from, to)) = self.span(take, heard).filter(|(from, to)| from < to && tracks.len() > 1)
        else {
            return Vec::new();
        };
        let begin = from - overheard::CONTEXT as f64 * WINDOW_S;
        let own = self.levels.envelope(&self.track().track, begin, to);
        let others: Vec<Vec<f32>> = tracks
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != self.index)
            .map(|(_, track)| self.levels.envelope(&track.track, begin, to))
            .collect();
        let marks = self.overhearing.mark(&own, &others, overheard::CONTEXT);
        let leaks = self.overhearing.leaks();
        self.analysis(|analysis, track| analysis.overhears(track, leaks));
        marks
    }

    /// Whether to wait until the other tracks are written as far as this block goes. A device that delivers
    /// nothing must not hold up the rest: this track itself runs ahead of a block by [`AHEAD_S`] at most.
    /// Sources that count their own frames (files at full speed) run ahead by any length, and are waited for.
    fn waits_for_others(&self, piece: &TrackSound) -> bool {
        let TrackSound::Sound { take, heard } = piece else { return false };
        let Some((_, to)) = self.span(*take, heard) else { return false };
        let written = |track: &TrackShared| {
            let last = track.takes().last().cloned()?;
            let clock = last.clock();
            Some((clock.time_of(last.written()), clock.points == 0))
        };
        let Some((own, counted)) = written(self.track()) else { return false };
        let others = self.tracks.iter().enumerate();
        let behind = others.filter(|(index, _)| *index != self.index).any(|(_, track)| {
            !track.is_finished() && written(track).is_some_and(|(at, other)| at < to && other == counted)
        });
        behind && (counted || (own < to + AHEAD_S && !self.track().is_finished()))
    }

    fn track(&self) -> &Arc<TrackShared> {
        &self.tracks[self.index]
    }

    fn cutter(&mut self, take: usize) -> &mut Segmenter {
        let rate = self.track().takes().get(take).map(|take| take.entry.rate);
        let rate = rate.unwrap_or(SampleRate::HZ_48000);
        let (settings, from, detector) = (self.settings, self.from, self.detector);
        self.cutter.get_or_insert_with(|| Segmenter::new(settings, detector(), rate, from))
    }

    fn found(&mut self, take: usize, segments: &[Segment], decided: Frames) {
        let Some(shared) = self.track().takes().get(take).cloned() else { return };
        let (clock, end) = (shared.clock(), shared.written());
        let segments = segments.iter().map(|segment| within(segment, end));
        let segments: Vec<Segment> =
            segments.filter(|segment| !self.is_faint_of_others(segment, &clock)).collect();
        for segment in segments.iter().filter(|segment| gates::unheard(segment).is_none()) {
            self.judge_level(clock.time_of(segment.onset), clock.time_of(segment.offset));
        }
        self.analysis(|analysis, track| analysis.found(track, take, &clock, &segments, decided.min(end)));
    }

    /// Whether what was said between two session seconds was loud enough, beside what the other tracks have
    /// of it.
    fn judge_level(&mut self, from: f64, to: f64) {
        let (own, others) = self.levels_between(from, to);
        let told = self.too_quiet.hear((from, to), own, &others);
        self.tell(told);
    }

    /// How loud this track was, and each of the others.
    fn levels_between(&self, from: f64, to: f64) -> (f32, Vec<f32>) {
        let level = |track: &TrackShared| rms(&self.levels.envelope(&track.track, from, to));
        let others = self.tracks.iter().enumerate().filter(|(index, _)| *index != self.index);
        (level(self.track()), others.map(|(_, track)| level(track)).collect())
    }

    /// Whether it had to be raised to be heard at all while another track is louder: that one has the
    /// speaker, and how it is overheard need not be known yet.
    fn is_faint_of_others(&self, segment: &Segment, clock: &ClockFit) -> bool {
        segment.faint && self.tracks.len() > 1 && {
            let (own, others) =
                self.levels_between(clock.time_of(segment.onset), clock.time_of(segment.offset));
            too_quiet::is_theirs(own, &others)
        }
    }

    fn tell(&self, told: Option<Told>) {
        let Some(told) = told else { return };
        let track = self.track();
        let (on, at) = match told {
            Told::Quiet { since, .. } => (true, since),
            Told::Enough { from } => (false, from),
        };
        self.sink.note(Event::Alarm {
            alarm: Alarm::TooQuiet,
            track: Some(track.track.clone()),
            on,
            text: format!("{} {}", track.name, too_quiet::text(told, track.kind)),
            at: Some(at),
        });
    }

    /// What is being spoken; the take has been heard up to position `heard` at 16 kHz.
    fn growing(&self, take: usize, growing: Option<Growing>, heard: Frames) {
        let Some(shared) = self.track().takes().get(take).cloned() else { return };
        let (clock, end) = (shared.clock(), shared.written());
        let growing = growing
            .map(|growing| Growing { segment: within(&growing.segment, end), ..growing })
            .filter(|growing| !self.is_faint_of_others(&growing.segment, &clock));
        let heard = heard.rescale(SampleRate::HZ_16000, shared.entry.rate).min(end);
        self.analysis(|analysis, track| analysis.growing(track, take, &clock, growing, heard));
    }

    fn analysis(&self, change: impl FnOnce(&mut Analysis, usize)) {
        let mut analysis = self.analysis.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut analysis, self.index);
    }
}

/// The level of all windows together.
fn rms(envelope: &[f32]) -> f32 {
    let power: f32 = envelope.iter().map(|level| level * level).sum();
    (power / envelope.len().max(1) as f32).sqrt()
}

/// Positions at 16 kHz are not to the frame: none lies past what can be read.
fn within(segment: &Segment, end: Frames) -> Segment {
    Segment {
        from: segment.from.min(end),
        to: segment.to.min(end),
        onset: segment.onset.min(end),
        offset: segment.offset.min(end),
        ..*segment
    }
}

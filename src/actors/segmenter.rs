//! Segmenter: finds the stretches of speech in what the denoiser hands on. What it finds goes into the session's
//! [`Analysis`], as positions; the transcriber is only told that there is something.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use rtrb::Consumer;

use super::denoiser::{self, Piece};
use super::{SessionView, transcriber};
use crate::audio::denoise::Heard;
use crate::audio::segment::{Segment, SegmentSettings, Segmenter as Cutter};
use crate::audio::units::{Frames, SampleRate};
use crate::audio::vad::Earshot;
use crate::session::levels::TrackLevels;
use crate::session::track::TrackShared;
use crate::speech::analysis::Analysis;
use crate::speech::bleed::Levels as _;
use crate::speech::overheard::{self, Overhearing};

/// It looks at what it holds back this often, beside being told.
const EVERY: Duration = Duration::from_millis(50);
/// A block waits for the other tracks until its own one is this much further, in seconds.
const AHEAD_S: f64 = 0.7;
/// Samples at 16 kHz of a window of [`overheard`].
const WINDOW: usize = 160;

/// The actor.
pub struct Segmenter;

/// What it is started with.
pub struct Arguments {
    /// Index of the track.
    pub index: usize,
    /// The session, whose other tracks this one may overhear.
    pub session: SessionView,
    /// Frame of the first take to begin with.
    pub from: Frames,
    /// How to cut.
    pub settings: SegmentSettings,
    /// From the denoiser.
    pub slot: Consumer<Piece>,
    /// Where segments go.
    pub analysis: Arc<Mutex<Analysis>>,
    /// Who is told.
    pub transcriber: ActorRef<transcriber::Message>,
}

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Who is to be told that the slot is free.
    Denoiser(ActorRef<denoiser::Message>),
    /// There is a block.
    Go,
    /// Panic. Only tests send it.
    #[doc(hidden)]
    Crash,
}

/// Where it stands.
pub struct State {
    arguments: Arguments,
    denoiser: Option<ActorRef<denoiser::Message>>,
    cutter: Option<Cutter>,
    levels: TrackLevels,
    overhearing: Overhearing,
    /// A block that waits for the other tracks to be written that far.
    held: Option<Piece>,
}

impl Actor for Segmenter {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        drop(myself.send_interval(EVERY, || Message::Go));
        let levels = TrackLevels::new(arguments.session.dir.clone(), arguments.session.tracks.clone());
        let overhearing = Overhearing::new(arguments.session.tracks.len().saturating_sub(1));
        Ok(State { arguments, denoiser: None, cutter: None, levels, overhearing, held: None })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Denoiser(denoiser) => state.denoiser = Some(denoiser),
            Message::Go => {
                if tokio::task::block_in_place(|| state.take_pieces()) {
                    state.arguments.transcriber.cast(transcriber::Message::Heard)?;
                    if let Some(denoiser) = &state.denoiser {
                        denoiser.cast(denoiser::Message::Go)?;
                    }
                }
            }
            Message::Crash => panic!("Segmenter was told to crash"),
        }
        Ok(())
    }
}

impl State {
    /// Works on what is there; whether there was anything.
    fn take_pieces(&mut self) -> bool {
        let mut worked = false;
        while let Some(piece) = self.held.take().or_else(|| self.arguments.slot.pop().ok()) {
            if self.waits_for_others(&piece) {
                self.held = Some(piece);
                break;
            }
            self.take_piece(piece);
            worked = true;
        }
        worked
    }

    fn take_piece(&mut self, piece: Piece) {
        match piece {
            Piece::Sound { take, heard } => {
                let marks = self.marks(take, &heard);
                let overheard = |position: u64| {
                    let window = position.saturating_sub(heard.from.0) as usize / WINDOW;
                    // What is left of the last block in the cutter lies before this one.
                    marks.get(if position < heard.from.0 { 0 } else { window }).copied().unwrap_or(false)
                };
                let cutter = self.cutter(take);
                let segments = cutter.push_own(&heard, &overheard);
                let decided = cutter.decided_until();
                self.found(take, &segments, decided);
            }
            Piece::TakeEnd { take } => {
                let cutter = self.cutter(take);
                let segments = cutter.finish();
                let decided = cutter.decided_until();
                self.found(take, &segments, decided);
                self.analysis(|analysis, track| analysis.next_take(track));
                self.cutter = None;
                self.arguments.from = Frames(0);
            }
            Piece::TrackEnd => self.analysis(|analysis, track| analysis.track_done(track)),
        }
    }

    /// Session seconds of a block.
    fn span(&self, take: usize, heard: &Heard) -> Option<(f64, f64)> {
        let shared = self.track().takes().get(take).cloned()?;
        let (clock, rate) = (shared.clock(), shared.entry.rate);
        let at = |position: Frames| clock.time_of(position.rescale(SampleRate::HZ_16000, rate));
        Some((at(heard.from), at(heard.from + Frames(heard.samples.len() as u64))))
    }

    /// Where in the block another track is only overheard, in windows of 10 ms.
    fn marks(&mut self, take: usize, heard: &Heard) -> Vec<bool> {
        let tracks = &self.arguments.session.tracks;
        let Some((from, to)) = self.span(take, heard).filter(|(from, to)| from < to && tracks.len() > 1)
        else {
            return Vec::new();
        };
        let begin = from - overheard::CONTEXT as f64 * overheard::WINDOW_S;
        let own = self.levels.envelope(&self.track().track, begin, to);
        let others: Vec<Vec<f32>> = tracks
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != self.arguments.index)
            .map(|(_, track)| self.levels.envelope(&track.track, begin, to))
            .collect();
        self.overhearing.mark(&own, &others, overheard::CONTEXT)
    }

    /// Whether to wait until the other tracks are written as far as this block goes. A device that delivers nothing must not hold
    /// up the rest: this track itself runs ahead of a block by [`AHEAD_S`] at most. Sources that count their own frames (files
    /// at full speed) run ahead by any length, and are waited for.
    fn waits_for_others(&self, piece: &Piece) -> bool {
        let Piece::Sound { take, heard } = piece else { return false };
        let Some((_, to)) = self.span(*take, heard) else { return false };
        let written = |track: &TrackShared| {
            let last = track.takes().last().cloned()?;
            let clock = last.clock();
            Some((clock.time_of(last.written()), clock.points == 0))
        };
        let Some((own, counted)) = written(self.track()) else { return false };
        let others = self.arguments.session.tracks.iter().enumerate();
        let behind = others.filter(|(index, _)| *index != self.arguments.index).any(|(_, track)| {
            !track.is_finished() && written(track).is_some_and(|(at, other)| at < to && other == counted)
        });
        behind && (counted || (own < to + AHEAD_S && !self.track().is_finished()))
    }

    fn track(&self) -> &Arc<TrackShared> {
        &self.arguments.session.tracks[self.arguments.index]
    }

    fn cutter(&mut self, take: usize) -> &mut Cutter {
        let rate = self.track().takes().get(take).map(|take| take.entry.rate);
        let rate = rate.unwrap_or(crate::audio::units::SampleRate::HZ_48000);
        let (settings, from) = (self.arguments.settings, self.arguments.from);
        self.cutter.get_or_insert_with(|| Cutter::new(settings, Box::new(Earshot::default()), rate, from))
    }

    fn found(&self, take: usize, segments: &[Segment], decided: Frames) {
        let Some(shared) = self.track().takes().get(take).cloned() else { return };
        let clock = shared.clock();
        self.analysis(|analysis, track| analysis.found(track, take, &clock, segments, decided));
    }

    fn analysis(&self, change: impl FnOnce(&mut Analysis, usize)) {
        let mut analysis = self.arguments.analysis.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut analysis, self.arguments.index);
    }
}

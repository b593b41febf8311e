//! Segmenter: finds the stretches of speech in what the denoiser hands on. What it finds goes into the session's
//! [`Analysis`](crate::speech::analysis::Analysis), as positions; the transcriber is only told that there is something.

use std::sync::{Arc, Mutex, PoisonError};

use ractor::{Actor, ActorProcessingErr, ActorRef};
use rtrb::Consumer;

use super::denoiser::{self, Piece};
use super::transcriber;
use crate::audio::segment::{Segment, SegmentSettings, Segmenter as Cutter};
use crate::audio::units::Frames;
use crate::audio::vad::Earshot;
use crate::session::track::TrackShared;
use crate::speech::analysis::Analysis;

/// The actor.
pub struct Segmenter;

/// What it is started with.
pub struct Arguments {
    /// Index of the track.
    pub index: usize,
    /// The track.
    pub track: Arc<TrackShared>,
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
}

impl Actor for Segmenter {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        _myself: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { arguments, denoiser: None, cutter: None })
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
                tokio::task::block_in_place(|| state.take_pieces());
                state.arguments.transcriber.cast(transcriber::Message::Heard)?;
                if let Some(denoiser) = &state.denoiser {
                    denoiser.cast(denoiser::Message::Go)?;
                }
            }
            Message::Crash => panic!("Segmenter was told to crash"),
        }
        Ok(())
    }
}

impl State {
    fn take_pieces(&mut self) {
        while let Ok(piece) = self.arguments.slot.pop() {
            match piece {
                Piece::Sound { take, heard } => {
                    let cutter = self.cutter(take);
                    let segments = cutter.push(&heard);
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
    }

    fn cutter(&mut self, take: usize) -> &mut Cutter {
        let rate = self.arguments.track.takes().get(take).map(|take| take.entry.rate);
        let rate = rate.unwrap_or(crate::audio::units::SampleRate::HZ_48000);
        let (settings, from) = (self.arguments.settings, self.arguments.from);
        self.cutter.get_or_insert_with(|| Cutter::new(settings, Box::new(Earshot::default()), rate, from))
    }

    fn found(&self, take: usize, segments: &[Segment], decided: Frames) {
        let Some(shared) = self.arguments.track.takes().get(take).cloned() else { return };
        let clock = shared.clock();
        self.analysis(|analysis, track| analysis.found(track, take, &clock, segments, decided));
    }

    fn analysis(&self, change: impl FnOnce(&mut Analysis, usize)) {
        let mut analysis = self.arguments.analysis.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut analysis, self.arguments.index);
    }
}

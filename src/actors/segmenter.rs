//! Segmenter: finds the stretches of speech in what the denoiser hands on ([`SegmentFinder`]). What it finds
//! goes into the session's [`Analysis`], as positions; the transcriber is only told that there is something.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use rtrb::Consumer;

use super::children::Port;
use crate::audio::segment::SegmentSettings;
use crate::audio::vad::Silero;
use crate::base::units::Frames;
use crate::live::SessionView;
use crate::speech::analysis::Analysis;
use crate::speech::segment_finder::{MakeVad, SegmentFinder};
use crate::speech::track_reader::TrackSound;

/// It looks at what it holds back this often, beside being told.
const EVERY: Duration = Duration::from_millis(50);
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
    pub slot: Consumer<TrackSound>,
    /// Where segments go.
    pub analysis: Arc<Mutex<Analysis>>,
    /// Told that there is something new.
    pub heard: Port,
}

/// What it is told.
pub enum Message {
    /// Who is told from now on that the slot is free.
    Source(Port),
    /// There is a block.
    Go,
    /// Panic. Only tests send it.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    Crash,
}

/// Where it stands.
pub struct State {
    seeking: SegmentFinder,
    slot: Consumer<TrackSound>,
    source: Option<Port>,
    heard: Port,
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
        let Arguments { index, session, from, settings, slot, analysis, heard } = arguments;
        let detector: MakeVad = || Box::new(Silero::default());
        let seeking = SegmentFinder::new(index, &session, from, settings, detector, analysis);
        Ok(State { seeking, slot, source: None, heard })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Source(source) => state.source = Some(source),
            Message::Go => {
                let State { seeking, slot, .. } = state;
                if tokio::task::block_in_place(|| seeking.take_pieces(|| slot.pop().ok())) {
                    (state.heard)();
                    if let Some(source) = &state.source {
                        source();
                    }
                }
            }
            #[cfg(debug_assertions)]
            Message::Crash => panic!("Segmenter was told to crash"),
        }
        Ok(())
    }
}

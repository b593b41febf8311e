//! Denoiser: has a track read back from the disk, block by block, without its noise ([`TrackReader`]). One
//! block is in flight: it goes on when the segmenter has taken the last one.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use rtrb::Producer;

use super::children::Port;
use crate::base::units::Frames;
use crate::session::shared::TrackShared;
use crate::speech::track_reader::{TrackReader, TrackReaderError, TrackSound};

/// It looks for new sound this often, beside being told by the segmenter.
const EVERY: Duration = Duration::from_millis(50);
/// The actor.
pub struct Denoiser;

/// What it is started with.
pub struct Arguments {
    /// The session's folder.
    pub dir: std::path::PathBuf,
    pub track: Arc<TrackShared>,
    /// Index of the take to begin with.
    pub take: usize,
    /// Frame of that take to begin with.
    pub from: Frames,
    /// Whether to take the noise out; else it only resamples.
    pub denoise: bool,
    /// To the segmenter: room for one block.
    pub slot: Producer<TrackSound>,
    /// Told that there is a block in the slot.
    pub next: Port,
}

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Hand on the next block, if there is one and there is room.
    Go,
    /// Panic. Only tests send it.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    Crash,
}

/// Where it stands.
pub struct State {
    reader: TrackReader,
    slot: Producer<TrackSound>,
    next: Port,
}

impl Actor for Denoiser {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        drop(myself.send_interval(EVERY, || Message::Go));
        let Arguments { dir, track, take, from, denoise, slot, next } = arguments;
        Ok(State { reader: TrackReader::new(dir, track, take, from, denoise), slot, next })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Go => {
                if tokio::task::block_in_place(|| state.hand_on())? {
                    (state.next)();
                }
                Ok(())
            }
            #[cfg(debug_assertions)]
            Message::Crash => panic!("Denoiser was told to crash"),
        }
    }
}

impl State {
    /// Puts the next piece into the slot; false if there is none or no room.
    fn hand_on(&mut self) -> Result<bool, TrackReaderError> {
        if self.slot.is_full() {
            return Ok(false);
        }
        let Some(piece) = self.reader.next_piece()? else { return Ok(false) };
        // There was room above, and only we fill the slot.
        Ok(self.slot.push(piece).is_ok())
    }
}

//! Denoiser: reads a track back from the disk, block by block, and takes the noise out. One block is in flight: it goes on
//! when the segmenter has taken the last one.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use rtrb::Producer;

use super::segmenter;
use crate::audio::denoise::{Denoiser as Chain, Heard};
use crate::audio::mono;
use crate::audio::units::Frames;
use crate::session::tail::SpanReader;
use crate::session::track::{TakeShared, TrackShared};

/// It looks for new sound this often, beside being told by the segmenter.
const EVERY: Duration = Duration::from_millis(50);
/// Longest block, in milliseconds of sound.
const BLOCK_MS: u64 = 500;
/// A shorter block is waited for unless the take has ended.
const BLOCK_MS_MIN: u64 = 90;

/// The actor.
pub struct Denoiser;

/// What it is started with.
pub struct Arguments {
    /// The session's folder.
    pub dir: std::path::PathBuf,
    /// The track.
    pub track: Arc<TrackShared>,
    /// Index of the take to begin with.
    pub take: usize,
    /// Frame of that take to begin with.
    pub from: Frames,
    /// Whether to take the noise out; else it only resamples.
    pub denoise: bool,
    /// To the segmenter: room for one block.
    pub slot: Producer<Piece>,
    /// The segmenter.
    pub segmenter: ActorRef<segmenter::Message>,
}

/// What goes to the segmenter.
#[derive(Debug)]
pub enum Piece {
    /// Some sound of a take.
    Sound {
        /// Index of the take.
        take: usize,
        /// The sound at 16 kHz.
        heard: Heard,
    },
    /// The take is over; nothing more of it comes.
    TakeEnd {
        /// Index of the take.
        take: usize,
    },
    /// The track is over.
    TrackEnd,
}

/// What it is told.
#[derive(Debug)]
pub enum Message {
    /// Hand on the next block, if there is one and there is room.
    Go,
    /// Panic. Only tests send it.
    #[doc(hidden)]
    Crash,
}

/// Where it stands.
pub struct State {
    arguments: Arguments,
    open: Option<OpenTake>,
    ended: bool,
}

struct OpenTake {
    take: Arc<TakeShared>,
    reader: SpanReader,
    chain: Chain,
    position: Frames,
    interleaved: Vec<f32>,
    mono: Vec<f32>,
    flushed: bool,
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
        Ok(State { arguments, open: None, ended: false })
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
                    state.arguments.segmenter.cast(segmenter::Message::Go)?;
                }
                Ok(())
            }
            Message::Crash => panic!("Denoiser was told to crash"),
        }
    }
}

impl State {
    /// Puts the next piece into the slot; false if there is none or no room.
    fn hand_on(&mut self) -> Result<bool, ActorProcessingErr> {
        if self.ended || self.arguments.slot.is_full() {
            return Ok(false);
        }
        let Some(piece) = self.next_piece()? else { return Ok(false) };
        self.ended = matches!(piece, Piece::TrackEnd);
        // There was room above, and only we fill the slot.
        Ok(self.arguments.slot.push(piece).is_ok())
    }

    fn next_piece(&mut self) -> Result<Option<Piece>, ActorProcessingErr> {
        let index = self.arguments.take;
        if self.open.is_none() {
            // Read before the list of takes: a take that comes in between must not be missed.
            let finished = self.arguments.track.is_finished();
            let Some(take) = self.arguments.track.takes().get(index).cloned() else {
                return Ok(finished.then_some(Piece::TrackEnd));
            };
            self.open = Some(OpenTake::open(&self.arguments, take)?);
        }
        let Some(open) = &mut self.open else { return Ok(None) };
        match open.next()? {
            Next::Sound(heard) => Ok(Some(Piece::Sound { take: index, heard })),
            Next::Nothing => Ok(None),
            Next::End => {
                self.open = None;
                self.arguments.take += 1;
                self.arguments.from = Frames(0);
                Ok(Some(Piece::TakeEnd { take: index }))
            }
        }
    }
}

enum Next {
    Sound(Heard),
    Nothing,
    End,
}

impl OpenTake {
    fn open(arguments: &Arguments, take: Arc<TakeShared>) -> Result<Self, ActorProcessingErr> {
        let reader = SpanReader::open(&arguments.dir, &take.entry)?;
        let chain = Chain::new(take.entry.rate, arguments.from, arguments.denoise)?;
        Ok(Self {
            reader,
            chain,
            position: arguments.from,
            take,
            interleaved: Vec::new(),
            mono: Vec::new(),
            flushed: false,
        })
    }

    fn next(&mut self) -> Result<Next, ActorProcessingErr> {
        let rate = u64::from(self.take.entry.rate.0);
        // Read before the watermark: what a closed take has written, it has written.
        let closed = self.take.is_closed();
        let available = self.take.written().saturating_sub(self.position).0;
        if available == 0 && closed {
            if self.flushed {
                return Ok(Next::End);
            }
            self.flushed = true;
            return Ok(Next::Sound(self.chain.finish()?));
        }
        if available == 0 || (!closed && available < rate * BLOCK_MS_MIN / 1000) {
            return Ok(Next::Nothing);
        }
        let to = self.position + Frames(available.min(rate * BLOCK_MS / 1000));
        self.interleaved.clear();
        self.mono.clear();
        self.reader.read(self.position, to, &mut self.interleaved)?;
        self.take.leave_out_foreign(self.position, &mut self.interleaved);
        mono::downmix(&self.interleaved, self.reader.channels(), &mut self.mono);
        self.position = to;
        Ok(Next::Sound(self.chain.push(&self.mono)?))
    }
}

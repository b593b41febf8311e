//! A track read back from the disk, block by block, as it grows: without its noise, at 16 kHz. Who calls it
//! decides when; it knows no time and no threads.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::audio::denoise::{Denoiser, MonoBlock};
use crate::audio::mono;
use crate::audio::resample::ResampleError;
use crate::base::units::Frames;
use crate::session::shared::{TakeShared, TrackShared};
use crate::session::tail::SpanReader;

/// Longest block, in milliseconds of sound.
const BLOCK_MS: u64 = 500;
/// A shorter block is waited for unless the take has ended.
const BLOCK_MS_MIN: u64 = 90;

/// Why a track can't be heard.
#[derive(Debug, thiserror::Error)]
pub enum TrackReaderError {
    /// Its file can't be read back.
    #[error("a track can't be read back: {0}")]
    Read(#[from] io::Error),
    /// Its rate can't be worked with.
    #[error(transparent)]
    Rate(#[from] ResampleError),
}

/// What is heard, in order.
#[derive(Debug)]
pub enum TrackSound {
    /// Some sound of a take.
    Sound {
        /// Index of the take.
        take: usize,
        /// The sound at 16 kHz.
        heard: MonoBlock,
    },
    /// The take is over; nothing more of it comes.
    TakeEnd {
        /// Index of the take.
        take: usize,
    },
    /// The track is over.
    TrackEnd,
}

/// One track, from some place of it on.
pub struct TrackReader {
    dir: PathBuf,
    track: Arc<TrackShared>,
    /// Index of the take, and its frame to begin with.
    take: usize,
    from: Frames,
    denoise: bool,
    open: Option<OpenTake>,
    ended: bool,
}

struct OpenTake {
    take: Arc<TakeShared>,
    reader: SpanReader,
    chain: Denoiser,
    position: Frames,
    interleaved: Vec<f32>,
    mono: Vec<f32>,
    flushed: bool,
}

impl TrackReader {
    /// Hears `track` of the session in `dir` from frame `from` of its take with index `take` on. Without
    /// `denoise` its noise stays.
    pub fn new(dir: PathBuf, track: Arc<TrackShared>, take: usize, from: Frames, denoise: bool) -> Self {
        Self { dir, track, take, from, denoise, open: None, ended: false }
    }

    /// The next piece; `None` while there is nothing new, and after [`TrackSound::TrackEnd`].
    ///
    /// # Errors
    /// The track's file can't be read back.
    pub fn next_piece(&mut self) -> Result<Option<TrackSound>, TrackReaderError> {
        if self.ended {
            return Ok(None);
        }
        let index = self.take;
        if self.open.is_none() {
            // Read before the list of takes: a take that comes in between must not be missed.
            let finished = self.track.is_finished();
            let Some(take) = self.track.takes().get(index).cloned() else {
                self.ended = finished;
                return Ok(finished.then_some(TrackSound::TrackEnd));
            };
            self.open = Some(OpenTake::open(self, take)?);
        }
        let Some(open) = &mut self.open else { return Ok(None) };
        match open.next()? {
            Next::Sound(heard) => Ok(Some(TrackSound::Sound { take: index, heard })),
            Next::Nothing => Ok(None),
            Next::End => {
                self.open = None;
                self.take += 1;
                self.from = Frames(0);
                Ok(Some(TrackSound::TakeEnd { take: index }))
            }
        }
    }
}

enum Next {
    Sound(MonoBlock),
    Nothing,
    End,
}

impl OpenTake {
    fn open(hearing: &TrackReader, take: Arc<TakeShared>) -> Result<Self, TrackReaderError> {
        let reader = SpanReader::open(&hearing.dir, &take.entry)?;
        let chain = Denoiser::new(take.entry.rate, hearing.from, hearing.denoise)?;
        Ok(Self {
            reader,
            chain,
            position: hearing.from,
            take,
            interleaved: Vec::new(),
            mono: Vec::new(),
            flushed: false,
        })
    }

    fn next(&mut self) -> Result<Next, TrackReaderError> {
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

//! Sound files, written from front to back in constant memory: WAV, whose length must be known beforehand,
//! and FLAC.
//!
//! Samples that lie on a whole step of the file's depth are written as they are: silence stays silence, and a
//! copied track stays the track. All others get, at 16 bits, triangular dither of two steps (Lipshitz,
//! Wannamaker and Vanderkooy 1992): the error is then a faint even hiss that does not follow the sound, at
//! the price of 4.8 dB (92 dB below a full tone instead of 97). At 24 bits the step lies below any
//! microphone's own noise, and is rounded to.

use std::cell::RefCell;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::num::NonZero;
use std::ops::Range;
use std::rc::Rc;

use flac_codec::encode::{FlacStreamWriter, Options};
use flac_codec::metadata::{BlockList, SeekPoint, SeekTable, Streaminfo, write_blocks};

use crate::base::units::SampleFormat;
use crate::session::wav::Layout;

/// Longest WAV file: its lengths are 32-bit numbers.
pub const WAV_BYTES_MAX: u64 = u32::MAX as u64;
/// Longest FLAC file in frames: its length is a 36-bit number.
pub const FLAC_FRAMES_MAX: u64 = (1 << 36) - 1;
/// Most channels of a FLAC file.
pub const FLAC_CHANNELS_MAX: u16 = 8;
/// Frames in a block of a FLAC file; what encoders use, and the most that its streamable subset allows at 48
/// kHz is little more.
const FLAC_BLOCK: usize = 4096;
/// Most entries of a FLAC file's table of places to jump to; at 48 kHz and 4096 there is one each 21 s in a
/// day.
const SEEK_POINTS_MAX: u64 = 4096;
/// Between the encoder and the file.
const BUFFER_BYTES: usize = 256 << 10;

/// A kind of sound file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// Plain.
    Wav,
    /// Compressed.
    Flac,
}

impl Container {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Wav, Self::Flac];

    /// What it is, for a list of kinds.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Wav => "WAV: read by everything, at most 4 GiB",
            Self::Flac => "FLAC: half the size, nothing is lost",
        }
    }

    /// The end of a file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
        }
    }
}

/// A sound file of a length that is known.
pub struct SoundFile<W: Write + Seek> {
    body: Body<W>,
    depth: Depth,
    whole: Vec<i32>,
    bytes: Vec<u8>,
}

enum Body<W: Write + Seek> {
    Wav(BufWriter<W>),
    Flac(Box<Flac<W>>),
}

impl<W: Write + Seek> SoundFile<W> {
    /// Begins a file of `frames` frames. A layout or a length that such a file can't have is an error;
    /// callers look beforehand.
    pub fn begin(container: Container, layout: Layout, frames: u64, to: W) -> io::Result<Self> {
        let body = match container {
            Container::Wav => {
                let bytes = frames * layout.frame_bytes();
                let header = layout
                    .header(bytes)
                    .filter(|header| bytes + header.len() as u64 <= WAV_BYTES_MAX)
                    .ok_or_else(|| io::Error::other("no WAV file can hold this"))?;
                let mut file = BufWriter::with_capacity(BUFFER_BYTES, to);
                file.write_all(&header)?;
                Body::Wav(file)
            }
            Container::Flac => Body::Flac(Box::new(Flac::begin(layout, frames, to)?)),
        };
        Ok(Self { body, depth: Depth::new(layout.format), whole: Vec::new(), bytes: Vec::new() })
    }

    /// Writes interleaved samples, ±1.0. What is beyond is clipped, but for floats.
    pub fn write(&mut self, samples: &[f32]) -> io::Result<()> {
        self.whole.clear();
        self.bytes.clear();
        match (&mut self.body, self.depth.format) {
            (Body::Wav(_), SampleFormat::F32) => {
                self.bytes.extend(samples.iter().flat_map(|x| x.to_le_bytes()));
            }
            (_, format) => {
                self.depth.quantise(samples, &mut self.whole);
                encode(&self.whole, format, &mut self.bytes);
            }
        }
        match &mut self.body {
            Body::Wav(file) => file.write_all(&self.bytes),
            Body::Flac(flac) => flac.write(&self.whole, &self.bytes),
        }
    }

    /// Ends the file, which has as many frames as it was begun with, and gives it back.
    pub fn finish(self) -> io::Result<W> {
        match self.body {
            Body::Wav(file) => file.into_inner().map_err(io::IntoInnerError::into_error),
            Body::Flac(flac) => flac.finish(),
        }
    }
}

/// Little-endian integers, as WAV holds them and as FLAC's checksum wants them.
fn encode(samples: &[i32], format: SampleFormat, out: &mut Vec<u8>) {
    match format {
        SampleFormat::S16 => out.extend(samples.iter().flat_map(|&x| (x as i16).to_le_bytes())),
        _ => out.extend(samples.iter().flat_map(|&x| {
            let [a, b, c, _] = x.to_le_bytes();
            [a, b, c]
        })),
    }
}

/// Brings samples to whole steps.
struct Depth {
    format: SampleFormat,
    /// Of a generator of noise; it always begins alike, so that an export can be repeated bit by bit.
    state: u64,
}

impl Depth {
    fn new(format: SampleFormat) -> Self {
        Self { format, state: 0x9e37_79b9_7f4a_7c15 }
    }

    fn quantise(&mut self, samples: &[f32], out: &mut Vec<i32>) {
        match self.format {
            SampleFormat::S16 => out.extend(samples.iter().map(|&x| {
                let x = x * 32_768.0;
                let whole = x as i32;
                if whole as f32 == x { whole.min(32_767) } else { round(x, self.noise(), 32_768.0) }
            })),
            _ => out.extend(samples.iter().map(|&x| round(x * 8_388_608.0, 0.0, 8_388_608.0))),
        }
    }

    /// The sum of two even noises of one step each: between -1 and 1, most often near 0.
    fn noise(&mut self) -> f64 {
        // Xorshift (Marsaglia 2003): fast, and random enough for the ear. Its two halves are two numbers.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let (a, b) = (self.state as u32, (self.state >> 32) as u32);
        (f64::from(a) + f64::from(b)) / 4_294_967_296.0 - 1.0
    }
}

/// The whole number next to `x + noise` between `-full` and `full - 1`; NaN is 0.
fn round(x: f32, noise: f64, full: f64) -> i32 {
    // Cut off above 0, where that rounds down: cheaper than `round` where a processor has no instruction for
    // it.
    let up = (f64::from(x) + noise).clamp(-full, full - 1.0) + full + 0.5;
    up as i32 - if x.is_nan() { 0 } else { full as i32 }
}

/// A FLAC file: our own head and table of places around the encoder's frames, since the encoder's own writer
/// remembers each frame of a file until its end.
struct Flac<W: Write + Seek> {
    file: BufWriter<W>,
    encoder: FlacStreamWriter<Frame>,
    frame: Frame,
    layout: Layout,
    frames: u64,
    /// Blocks and bytes behind the head so far.
    blocks: u64,
    bytes: u64,
    md5: md5::Context,
    /// Samples that don't fill a block yet.
    pending: Vec<i32>,
    /// Blocks between two entries of the seek table.
    seek_every: u64,
    seek: Vec<SeekPoint>,
}

/// What the encoder writes to: one frame, taken out at once.
#[derive(Clone, Default)]
struct Frame(Rc<RefCell<Vec<u8>>>);

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write + Seek> Flac<W> {
    fn begin(layout: Layout, frames: u64, to: W) -> io::Result<Self> {
        let blocks = frames.div_ceil(FLAC_BLOCK as u64);
        let seek_every = blocks.div_ceil(SEEK_POINTS_MAX).max(1);
        let frame = Frame::default();
        let mut flac = Self {
            file: BufWriter::with_capacity(BUFFER_BYTES, to),
            encoder: FlacStreamWriter::new(frame.clone(), Options::default()),
            frame,
            layout,
            frames,
            blocks: 0,
            bytes: 0,
            md5: md5::Context::new(),
            pending: Vec::new(),
            seek_every,
            seek: vec![SeekPoint::Placeholder; blocks.div_ceil(seek_every) as usize],
        };
        flac.head(None)?;
        flac.seek.clear();
        Ok(flac)
    }

    /// Writes what stands before the first frame; it has the same length at the end as at the beginning.
    fn head(&mut self, md5: Option<[u8; 16]>) -> io::Result<()> {
        let (channels, rate) = (self.layout.channels, self.layout.rate.0);
        let bits = 8 * self.layout.format.bytes() as u32;
        let impossible = || io::Error::other("no FLAC file can hold this");
        let mut blocks = BlockList::new(Streaminfo {
            minimum_block_size: FLAC_BLOCK as u16,
            maximum_block_size: FLAC_BLOCK as u16,
            minimum_frame_size: None,
            maximum_frame_size: None,
            sample_rate: rate,
            channels: u8::try_from(channels).ok().and_then(NonZero::new).ok_or_else(impossible)?,
            bits_per_sample: bits.try_into().map_err(|_| impossible())?,
            total_samples: NonZero::new(self.frames),
            md5,
        });
        if !self.seek.is_empty() {
            let points = self.seek.clone().try_into().map_err(|_| impossible())?;
            blocks.insert(SeekTable { points });
        }
        write_blocks(&mut self.file, blocks.blocks())?;
        Ok(())
    }

    /// Takes samples, and the same as bytes.
    fn write(&mut self, samples: &[i32], bytes: &[u8]) -> io::Result<()> {
        self.md5.consume(bytes);
        self.pending.extend_from_slice(samples);
        let block = FLAC_BLOCK * usize::from(self.layout.channels);
        let whole = self.pending.len() / block * block;
        for from in (0..whole).step_by(block) {
            self.block(from..from + block)?;
        }
        self.pending.drain(..whole);
        Ok(())
    }

    fn block(&mut self, samples: Range<usize>) -> io::Result<()> {
        let samples = &self.pending[samples];
        if self.blocks.is_multiple_of(self.seek_every) {
            self.seek.push(SeekPoint::Defined {
                sample_offset: self.blocks * FLAC_BLOCK as u64,
                byte_offset: self.bytes,
                frame_samples: (samples.len() / usize::from(self.layout.channels)) as u16,
            });
        }
        let bits = 8 * self.layout.format.bytes() as u32;
        // The head was written, so there are at most eight channels.
        self.encoder.write(self.layout.rate.0, self.layout.channels as u8, bits, samples)?;
        let mut frame = self.frame.0.borrow_mut();
        self.file.write_all(&frame)?;
        self.blocks += 1;
        self.bytes += frame.len() as u64;
        frame.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<W> {
        if !self.pending.is_empty() {
            self.block(0..self.pending.len())?;
        }
        self.file.seek(SeekFrom::Start(0))?;
        let md5 = std::mem::replace(&mut self.md5, md5::Context::new()).finalize();
        self.head(Some(md5.0))?;
        self.file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

//! WAVE files of plain samples: RIFF, RF64, BW64 and Sony's Wave64. What a header says of lengths is a hint:
//! programs that crashed, that wrote into a pipe or past 4 GiB leave 0, too little or the highest number
//! there. The sound that is there is taken.
//!
//! Sources: Microsoft's RIFF and WAVEFORMATEXTENSIBLE, EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64), ITU-T
//! G.711 (A-law and µ-law).

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use crate::base::format::DeviceFormat;
use crate::base::units::{Frames, SampleFormat, SampleRate};

/// A length of this much, in a smaller file, was never brought up to date (sox writes 0x7ffff000).
const STREAMED_BYTES: u64 = 0x7fff_0000;
/// Frames that are handed out at a time.
const BLOCK_FRAMES: u64 = 4_096;
/// Chunks before the sound; more are no recording but junk.
const CHUNKS_MAX: usize = 10_000;
/// What can follow a chunk's length of 16 bytes in a Wave64 file, after the first four letters.
const WAVE64_TAIL: [u8; 12] = [0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0x00, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a];
const WAVE64_RIFF: [u8; 16] = *b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00";

/// How a sample is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    U8,
    S16,
    S24,
    S32,
    F32,
    F64,
    ALaw,
    MuLaw,
}

impl Coding {
    fn of(tag: u16, bytes: u16) -> Option<Self> {
        Some(match (tag, bytes) {
            (1, 1) => Self::U8,
            (1, 2) => Self::S16,
            (1, 3) => Self::S24,
            (1, 4) => Self::S32,
            (3, 4) => Self::F32,
            (3, 8) => Self::F64,
            (6, 1) => Self::ALaw,
            (7, 1) => Self::MuLaw,
            _ => return None,
        })
    }

    fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::ALaw | Self::MuLaw => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn stored_as(self) -> SampleFormat {
        match self {
            Self::U8 | Self::S16 | Self::ALaw | Self::MuLaw => SampleFormat::S16,
            Self::S24 | Self::S32 => SampleFormat::S24,
            Self::F32 | Self::F64 => SampleFormat::F32,
        }
    }

    /// One sample of `bytes`, which are as many as a sample has; ±1.0.
    fn sample(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Self::U8, &[a]) => (f32::from(a) - 128.0) / 128.0,
            (Self::S16, &[a, b]) => f32::from(i16::from_le_bytes([a, b])) / 32_768.0,
            (Self::S24, &[a, b, c]) => (i32::from_le_bytes([0, a, b, c]) >> 8) as f32 / 8_388_608.0,
            (Self::S32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0,
            (Self::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (Self::F64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32,
            (Self::ALaw, &[a]) => f32::from(a_law(a)) / 32_768.0,
            (Self::MuLaw, &[a]) => f32::from(mu_law(a)) / 32_768.0,
            _ => 0.0,
        }
    }
}

/// G.711, table 1a.
fn a_law(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = ((byte >> 4) & 7, i16::from(byte & 15));
    let value = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    if byte & 0x80 == 0 { -value } else { value }
}

/// G.711, table 2a.
fn mu_law(byte: u8) -> i16 {
    let byte = !byte;
    let value = (((i16::from(byte & 15) << 3) + 0x84) << ((byte >> 4) & 7)) - 0x84;
    if byte & 0x80 == 0 { value } else { -value }
}

/// A file that is being read, or what a pipe delivers.
pub(super) struct Wave<R> {
    input: R,
    /// Goes on to another chunk of sound, of so many bytes, if there is one.
    more: fn(&mut R) -> io::Result<Option<u64>>,
    coding: Coding,
    pub(super) format: DeviceFormat,
    /// Frames that are there, where that is known.
    pub(super) length: Option<Frames>,
    /// Frames that the header promised beyond those.
    pub(super) missing: Frames,
    /// What is to be said of its header.
    pub(super) remarks: Vec<String>,
    /// Bytes of sound that have not been read.
    left: u64,
    block: Vec<u8>,
}

/// A chunk's name and length, and where its content begins.
struct Chunk {
    name: [u8; 4],
    bytes: u64,
    /// Chunks begin at multiples of this.
    align: u64,
}

impl Wave<BufReader<File>> {
    /// `None`: it is no WAVE file, or its samples are packed.
    pub(super) fn open(file: File, file_bytes: u64) -> io::Result<Option<Self>> {
        let mut input = BufReader::with_capacity(1 << 16, file);
        let Some(header) = Header::read(&mut input)? else { return Ok(None) };
        let start = input.stream_position()?;
        let rest = file_bytes.saturating_sub(start);
        let (frame, header_is_riff) = (header.frame_bytes(), header.align == 2);
        let (mut remarks, mut missing, mut bytes) = (Vec::new(), 0, rest);
        match header.claimed {
            Some(claimed) if claimed > rest && claimed < STREAMED_BYTES => missing = claimed - rest,
            Some(claimed)
                if claimed <= rest && is_chunks(&mut input, start + claimed, file_bytes, header.align)? =>
            {
                bytes = claimed;
            }
            Some(claimed) if claimed <= rest => {
                let seconds = |bytes: u64| bytes as f64 / frame as f64 / f64::from(header.rate);
                remarks.push(format!(
                    "its header speaks of {:.3} s, and there are {:.3} s: all of it is taken",
                    seconds(claimed),
                    seconds(rest),
                ));
            }
            _ => {}
        }
        input.seek(SeekFrom::Start(start))?;
        let length = Some(Frames(bytes / frame));
        let mut wave = header.into_wave(input, bytes, remarks);
        if header_is_riff && bytes < rest {
            wave.more = another;
        }
        (wave.length, wave.missing) = (length, Frames(missing / frame));
        Ok(Some(wave))
    }
}

/// Whether chunks follow from `at` on, or the end: then the length before is right. Files may end in the
/// middle of the last one.
fn is_chunks(input: &mut (impl Read + Seek), at: u64, end: u64, align: u64) -> io::Result<bool> {
    let mut at = at.next_multiple_of(align);
    // A few suffice to tell chunks from sound.
    for _ in 0..4 {
        if at.saturating_add(8) > end {
            // Players and editors leave a byte or some behind.
            return Ok(true);
        }
        input.seek(SeekFrom::Start(at))?;
        let Some(chunk) = Chunk::read(input, align)? else { return Ok(true) };
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-');
        // Another file that was joined to it is more of its sound than its header says.
        if !chunk.name.iter().all(is_name) || chunk.bytes > end - at || &chunk.name == b"RIFF" {
            return Ok(false);
        }
        let head = if align == 8 { 24 } else { 8 };
        at = at.saturating_add(head).saturating_add(chunk.bytes).next_multiple_of(align);
    }
    Ok(true)
}

impl Chunk {
    /// `None` at the end.
    fn read(input: &mut impl Read, align: u64) -> io::Result<Option<Self>> {
        let mut head = [0; 24];
        let size = if align == 8 { 24 } else { 8 };
        if !fill(input, &mut head[..size])? {
            return Ok(None);
        }
        let name = [head[0], head[1], head[2], head[3]];
        let bytes = if align == 8 {
            let bytes = u64::from_le_bytes(std::array::from_fn(|n| head[16 + n]));
            // It counts its own head.
            bytes.saturating_sub(24)
        } else {
            u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]))
        };
        Ok(Some(Self { name, bytes, align }))
    }

    /// Up to `max` bytes of the content; the rest is passed over.
    fn content(&self, input: &mut impl Read, max: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        input.take(self.bytes.min(max)).read_to_end(&mut content)?;
        let rest = self.bytes.next_multiple_of(self.align).saturating_sub(content.len() as u64);
        io::copy(&mut input.take(rest), &mut io::sink())?;
        Ok(content)
    }
}

/// The next chunk of sound of a RIFF file, from the end of the one before: some programs write several.
fn another(input: &mut BufReader<File>) -> io::Result<Option<u64>> {
    for _ in 0..CHUNKS_MAX {
        let at = input.stream_position()?;
        input.seek(SeekFrom::Start(at.next_multiple_of(2)))?;
        let Some(chunk) = Chunk::read(input, 2)? else { return Ok(None) };
        if &chunk.name == b"data" {
            return Ok(Some(chunk.bytes));
        }
        input.seek_relative(i64::try_from(chunk.bytes).unwrap_or(i64::MAX))?;
    }
    Ok(None)
}

/// False where the input ends before `buffer` is full.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// All that stands before the sound.
struct Header {
    coding: Coding,
    channels: u16,
    rate: u32,
    align: u64,
    /// Bytes of sound as it says; `None` where it says that it does not know.
    claimed: Option<u64>,
}

impl Header {
    /// Reads up to where the sound begins. `None`: it is no WAVE file, or its samples are packed.
    fn read(input: &mut impl Read) -> io::Result<Option<Self>> {
        let mut head = [0; 12];
        if !fill(input, &mut head)? {
            return Ok(None);
        }
        let align = match (&head[..4], &head[8..]) {
            (b"RIFF" | b"RF64" | b"BW64", b"WAVE") => 2,
            (b"riff", _) => {
                let mut rest = [0; 28];
                let is_wave64 = head[4..] == WAVE64_RIFF[4..12]
                    && fill(input, &mut rest)?
                    && rest[..4] == WAVE64_RIFF[12..]
                    && &rest[12..16] == b"wave"
                    && rest[16..] == WAVE64_TAIL;
                if !is_wave64 {
                    return Ok(None);
                }
                8
            }
            _ => return Ok(None),
        };
        let (mut coding, mut long) = (None, None);
        for _ in 0..CHUNKS_MAX {
            let Some(chunk) = Chunk::read(input, align)? else { return Ok(None) };
            match &chunk.name {
                b"fmt " => {
                    let Some(read) = format(&chunk.content(input, 64)?) else { return Ok(None) };
                    coding = Some(read);
                }
                b"ds64" => {
                    let content = chunk.content(input, 24)?;
                    long =
                        content.get(8..16).map(|bytes| u64::from_le_bytes(std::array::from_fn(|n| bytes[n])));
                }
                b"data" => {
                    let Some((coding, channels, rate)) = coding else { return Ok(None) };
                    let unknown = chunk.bytes == u64::from(u32::MAX) && align == 2;
                    // A length that only the 64 bit chunk can hold; 0 there was never filled in.
                    let claimed = match long {
                        Some(long) if unknown && long > 0 => Some(long),
                        _ if unknown => None,
                        _ => Some(chunk.bytes),
                    };
                    return Ok(Some(Self { coding, channels, rate, align, claimed }));
                }
                _ => drop(chunk.content(input, 0)?),
            }
        }
        Ok(None)
    }

    fn frame_bytes(&self) -> u64 {
        self.coding.bytes() as u64 * u64::from(self.channels)
    }

    fn into_wave<R: Read>(self, input: R, left: u64, remarks: Vec<String>) -> Wave<R> {
        let format = DeviceFormat {
            rate: SampleRate(self.rate),
            channels: self.channels,
            format: self.coding.stored_as(),
        };
        let (length, missing) = (None, Frames(0));
        let more = |_: &mut R| Ok(None);
        Wave { input, more, coding: self.coding, format, length, missing, remarks, left, block: Vec::new() }
    }
}

/// How samples are stored, channels and rate. `None`: they are packed, or make no sense.
fn format(content: &[u8]) -> Option<(Coding, u16, u32)> {
    let number = |at: usize| Some(u16::from_le_bytes([*content.get(at)?, *content.get(at + 1)?]));
    let (mut tag, channels, bits) = (number(0)?, number(2)?, number(14)?);
    let rate = u32::from(number(4)?) | u32::from(number(6)?) << 16;
    if tag == 0xfffe {
        tag = number(24)?;
    }
    if channels == 0 || rate == 0 {
        return None;
    }
    if !matches!(bits, 8 | 12 | 16 | 20 | 24 | 32 | 64) {
        return None;
    }
    // By the bits of a sample: programs write nonsense as bytes of a frame.
    Some((Coding::of(tag, bits.div_ceil(8))?, channels, rate))
}

impl<R: Read> Wave<R> {
    /// The same from a pipe, which tells no lengths.
    pub(super) fn of_pipe(mut input: R) -> io::Result<Option<Self>> {
        Ok(Header::read(&mut input)?.map(|header| header.into_wave(input, u64::MAX, Vec::new())))
    }

    /// Appends what comes next; false at the end.
    pub(super) fn next(&mut self, out: &mut Vec<f32>) -> io::Result<bool> {
        if self.left == 0
            && let Some(bytes) = (self.more)(&mut self.input)?
        {
            // How long it is in all was not known.
            (self.left, self.length) = (bytes, None);
        }
        let sample = self.coding.bytes();
        let frame = (sample * usize::from(self.format.channels)) as u64;
        self.block.clear();
        let wanted = (BLOCK_FRAMES * frame).min(self.left);
        let read = (&mut self.input).take(wanted).read_to_end(&mut self.block)?;
        self.left -= read as u64;
        let whole = read - read % frame as usize;
        out.extend(self.block[..whole].chunks_exact(sample).map(|bytes| self.coding.sample(bytes)));
        Ok(whole > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g711_is_as_its_tables_say() {
        assert_eq!([0xd5, 0x55, 0xaa, 0x2a].map(a_law), [8, -8, 32_256, -32_256]);
        assert_eq!([0xff, 0x7f, 0x80, 0x00].map(mu_law), [0, 0, 32_124, -32_124]);
    }

    #[test]
    fn samples_are_scaled_by_their_depth() {
        for (coding, bytes, value) in [
            (Coding::U8, &[0u8][..], -1.0),
            (Coding::S16, &[0, 0x80], -1.0),
            (Coding::S24, &[0, 0, 0x40], 0.5),
            (Coding::S32, &[0, 0, 0, 0xc0], -0.5),
            (Coding::F32, &0.25f32.to_le_bytes(), 0.25),
            (Coding::F64, &0.125f64.to_le_bytes(), 0.125),
        ] {
            assert_eq!(coding.sample(bytes), value, "{coding:?}");
        }
    }
}

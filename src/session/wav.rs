//! The header of a take's file, byte by byte: hound writes it, and what a crash left of it is held against
//! that.
//!
//! Nothing here searches for chunks in a file that somebody else made: a header either is the one that a
//! recorder writes for some format, but for its two lengths, or it is none.

use std::fs::File;
use std::io::{self, Cursor, Read as _, Seek as _, SeekFrom};
use std::ops::RangeInclusive;
use std::path::Path;

use hound::{WavSpec, WavWriter};

use super::manifest::TakeEntry;
use super::read::{ReadError, open_plain};
use crate::base::units::{Frames, SampleFormat, SampleRate};

/// Rates and channels that a recorder writes.
pub const RATES: RangeInclusive<u32> = 4_000..=768_000;
/// See [`RATES`].
pub const CHANNELS: RangeInclusive<u16> = 1..=64;
/// The longest header: an extensible format chunk. The other one has 44 bytes.
pub const HEADER_MAX: usize = 68;
/// Where the length of all that follows stands.
const RIFF_LENGTH: usize = 4;
/// Where channels, rate and bits stand in both kinds of header.
const CHANNELS_AT: usize = 22;
const RATE_AT: usize = 24;
const BITS_AT: usize = 34;
/// Where the format's number stands: in the short header, and in the long one.
const CODE_AT: usize = 20;
const SUB_CODE_AT: usize = 44;
/// Format numbers of RIFF WAVE (Microsoft, mmreg.h): floats, and "see further on".
const FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xfffe;

/// What a file holds, as its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Frames a second.
    pub rate: SampleRate,
    /// Interleaved channels.
    pub channels: u16,
    /// How samples are stored.
    pub format: SampleFormat,
}

impl Layout {
    /// The layout of a take's file.
    pub fn of(entry: &TakeEntry) -> Self {
        Self { rate: entry.rate, channels: entry.channels, format: entry.format }
    }

    /// Bytes of a frame.
    pub fn frame_bytes(&self) -> u64 {
        u64::from(self.channels) * self.format.bytes()
    }

    /// How hound is told of it.
    pub fn spec(&self) -> WavSpec {
        let (bits_per_sample, sample_format) = match self.format {
            SampleFormat::S16 => (16, hound::SampleFormat::Int),
            SampleFormat::S24 => (24, hound::SampleFormat::Int),
            SampleFormat::F32 => (32, hound::SampleFormat::Float),
        };
        WavSpec { channels: self.channels, sample_rate: self.rate.0, bits_per_sample, sample_format }
    }

    /// The header of a file with that many bytes of sound; `None` for a layout that no recorder writes.
    pub fn header(&self, data_bytes: u64) -> Option<Vec<u8>> {
        if !RATES.contains(&self.rate.0) || !CHANNELS.contains(&self.channels) {
            return None;
        }
        let mut bytes = Vec::with_capacity(HEADER_MAX);
        drop(WavWriter::new(Cursor::new(&mut bytes), self.spec()).ok()?);
        let length = u32::try_from(data_bytes).unwrap_or(u32::MAX);
        // What follows the first eight bytes: the rest of the header, and the sound.
        let all = length.saturating_add(bytes.len() as u32 - 8);
        bytes[RIFF_LENGTH..RIFF_LENGTH + 4].copy_from_slice(&all.to_le_bytes());
        let data_length = bytes.len() - 4;
        bytes[data_length..].copy_from_slice(&length.to_le_bytes());
        Some(bytes)
    }

    /// The layout that a recorder's header states, and the header's length; `None` for anything else.
    pub fn read(bytes: &[u8]) -> Option<(Self, u64)> {
        let u16_at = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let u32_at = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let code = match u16_at(CODE_AT)? {
            EXTENSIBLE => u16_at(SUB_CODE_AT)?,
            code => code,
        };
        let format = match (code, u16_at(BITS_AT)?) {
            (FLOAT, 32) => SampleFormat::F32,
            (_, 16) => SampleFormat::S16,
            (_, 24) => SampleFormat::S24,
            _ => return None,
        };
        let layout = Self { rate: SampleRate(u32_at(RATE_AT)?), channels: u16_at(CHANNELS_AT)?, format };
        let header = layout.header(0)?;
        layout.agrees(bytes).then_some((layout, header.len() as u64))
    }

    /// Whether a file that begins with `bytes` has the header of this layout, whatever lengths stand in it.
    pub fn agrees(&self, bytes: &[u8]) -> bool {
        let Some(header) = self.header(0) else { return false };
        let data_length = header.len() - 4;
        let is_length = |at: usize| (RIFF_LENGTH..RIFF_LENGTH + 4).contains(&at) || at >= data_length;
        bytes.len() >= header.len()
            && header.iter().zip(bytes).enumerate().all(|(at, (should, is))| is_length(at) || should == is)
    }

    /// Bytes of sound that the header at the beginning of `bytes` states.
    pub fn stated(&self, bytes: &[u8]) -> Option<u64> {
        let end = self.header(0)?.len();
        let length = bytes.get(end - 4..end)?.try_into().ok()?;
        Some(u64::from(u32::from_le_bytes(length)))
    }
}

/// A take's file as it lies on the disk, whatever is in it.
#[derive(Debug)]
pub struct OnDisk {
    file: File,
    pub bytes: u64,
    /// What it begins with: up to [`HEADER_MAX`] bytes.
    pub head: Vec<u8>,
}

impl OnDisk {
    /// Opens the regular file at `path`; `None` if there is nothing.
    pub fn open(path: &Path) -> Result<Option<Self>, ReadError> {
        let Some(file) = open_plain(path, u64::MAX)? else { return Ok(None) };
        let mut head = Vec::with_capacity(HEADER_MAX);
        let looked = (&file).take(HEADER_MAX as u64).read_to_end(&mut head).and_then(|_| file.metadata());
        let bytes = looked.map_err(|source| ReadError::Io { path: path.into(), source })?.len();
        Ok(Some(Self { file, bytes, head }))
    }

    /// Whole frames that it holds.
    pub fn frames(&self, layout: &Layout, data_offset: u64) -> Frames {
        Frames(self.bytes.saturating_sub(data_offset) / layout.frame_bytes())
    }

    /// CRC-32 (IEEE) of the bytes from `from` to `to`; `buffer` says how many are read at once.
    pub fn crc(&mut self, from: u64, to: u64, buffer: &mut [u8]) -> io::Result<u32> {
        self.file.seek(SeekFrom::Start(from))?;
        let (mut sum, mut left) = (crc32fast::Hasher::new(), to.saturating_sub(from));
        while left > 0 {
            let n = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            self.file.read_exact(&mut buffer[..n])?;
            sum.update(&buffer[..n]);
            left -= n as u64;
        }
        Ok(sum.finalize())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layout() -> impl Strategy<Value = Layout> {
        let format = prop_oneof![Just(SampleFormat::S16), Just(SampleFormat::S24), Just(SampleFormat::F32)];
        (RATES, CHANNELS, format).prop_map(|(rate, channels, format)| Layout {
            rate: SampleRate(rate),
            channels,
            format,
        })
    }

    proptest! {
        #[test]
        fn a_header_is_read_back_and_is_hounds_own(layout in layout(), frames in 0u64..2_000) {
            let mut file = Vec::new();
            let mut writer = WavWriter::new(Cursor::new(&mut file), layout.spec()).unwrap();
            for _ in 0..frames * u64::from(layout.channels) {
                match layout.format {
                    SampleFormat::S16 => writer.write_sample(1i16),
                    SampleFormat::S24 => writer.write_sample(1i32),
                    SampleFormat::F32 => writer.write_sample(1f32),
                }.unwrap();
            }
            writer.finalize().unwrap();
            let bytes = frames * layout.frame_bytes();
            let header = layout.header(bytes).unwrap();
            prop_assert_eq!(&file[..header.len()], &header[..]);
            prop_assert_eq!(file.len() as u64, header.len() as u64 + bytes);
            prop_assert_eq!(Layout::read(&file), Some((layout, header.len() as u64)));
            prop_assert_eq!(layout.stated(&file), Some(bytes));
        }

        #[test]
        fn any_other_bytes_are_no_header(mut bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(Layout::read(&bytes), None);
            // Not even those that begin like one.
            for (at, byte) in b"RIFF\0\0\0\0WAVEfmt ".iter().enumerate().take(bytes.len()) {
                bytes[at] = *byte;
            }
            if let Some((layout, _)) = Layout::read(&bytes) {
                prop_assert!(layout.agrees(&bytes));
            }
        }
    }
}

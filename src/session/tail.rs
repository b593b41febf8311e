//! Reading tracks back from the disk while they grow: the way of everything that listens.
//!
//! Only the data offset and the watermark count, never the header: a finished file is a track that has
//! stopped growing.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::manifest::TakeEntry;
use crate::base::units::{Frames, SampleFormat};

/// Reads spans of one take.
#[derive(Debug)]
pub struct SpanReader {
    path: PathBuf,
    file: File,
    data_offset: u64,
    channels: u16,
    format: SampleFormat,
    bytes: Vec<u8>,
}

impl SpanReader {
    /// Opens a take of the session in `dir`.
    pub fn open(dir: &Path, take: &TakeEntry) -> io::Result<Self> {
        let path = dir.join(&take.file);
        let file = File::open(&path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        Ok(Self {
            path,
            file,
            data_offset: take.data_offset,
            channels: take.channels,
            format: take.format,
            bytes: Vec::new(),
        })
    }

    /// Channels of the take.
    pub fn channels(&self) -> u16 {
        self.channels
    }

    /// Appends the interleaved samples of `from..to` to `out`, ±1.0. `to` is at most the watermark; a file
    /// that is shorter than that is an error.
    pub fn read(&mut self, from: Frames, to: Frames, out: &mut Vec<f32>) -> io::Result<()> {
        let frame = u64::from(self.channels) * self.format.bytes();
        self.bytes.resize((to.saturating_sub(from).0 * frame) as usize, 0);
        self.file.seek(SeekFrom::Start(self.data_offset + from.0 * frame))?;
        self.file.read_exact(&mut self.bytes).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("{} is shorter than what was written: {error}", self.path.display()),
            )
        })?;
        decode(&self.bytes, self.format, out);
        Ok(())
    }
}

/// Little-endian samples as WAV holds them.
fn decode(bytes: &[u8], format: SampleFormat, out: &mut Vec<f32>) {
    match format {
        SampleFormat::S16 => {
            out.extend(bytes.as_chunks::<2>().0.iter().map(|b| f32::from(i16::from_le_bytes(*b)) / 32_768.0))
        }
        SampleFormat::S24 => out.extend(bytes.as_chunks::<3>().0.iter().map(|[a, b, c]| {
            // In the upper three bytes, so that the sign comes along.
            i32::from_le_bytes([0, *a, *b, *c]) as f32 / 2_147_483_648.0
        })),
        SampleFormat::F32 => out.extend(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b))),
    }
}

//! Files that several were joined to: each part is read as a file of its own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::io::MediaSource;

/// What a FLAC file begins with: its marker, and the head of the block that must be first.
const FLAC: [u8; 8] = *b"fLaC\0\0\0\x22";
/// Bytes that are searched at a time.
const BLOCK: usize = 1 << 16;

/// From one byte of a file to another.
pub(super) struct Section {
    file: File,
    from: u64,
    to: u64,
    at: u64,
    /// The last byte that anybody looked at.
    reached: Arc<AtomicU64>,
}

impl Section {
    pub(super) fn new(mut file: File, from: u64, to: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(from))?;
        Ok(Self { file, from, to, at: from, reached: Arc::default() })
    }

    /// How many bytes at its end nobody has looked at, to be asked later.
    pub(super) fn unread(&self) -> Unread {
        Unread { reached: Arc::clone(&self.reached), to: self.to }
    }
}

/// What nobody has looked at.
pub(super) struct Unread {
    reached: Arc<AtomicU64>,
    to: u64,
}

impl Unread {
    /// Of a file of `to` bytes, as far as `reached` says.
    pub(super) fn new(reached: Arc<AtomicU64>, to: u64) -> Self {
        Self { reached, to }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.to.saturating_sub(self.reached.load(Ordering::Relaxed))
    }
}

impl Read for Section {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.to - self.at).unwrap_or(usize::MAX).min(out.len());
        let read = self.file.read(&mut out[..room])?;
        self.at += read as u64;
        self.reached.fetch_max(self.at, Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Section {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let wanted = match to {
            SeekFrom::Start(at) => self.from.checked_add(at),
            SeekFrom::End(by) => self.to.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let wanted = wanted.filter(|at| *at >= self.from).ok_or(io::ErrorKind::InvalidInput)?;
        self.at = self.file.seek(SeekFrom::Start(wanted.min(self.to)))?;
        Ok(self.at - self.from)
    }
}

impl MediaSource for Section {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.to - self.from)
    }
}

/// The parts of a file of so many bytes: one, unless FLAC files were joined.
pub(super) fn parts(file: &mut File, bytes: u64) -> io::Result<Vec<(u64, u64)>> {
    let mut begins = vec![0];
    let mut head = [0; 8];
    file.rewind()?;
    if bytes > 8 && file.read_exact(&mut head).is_ok() && head == FLAC {
        let (mut block, mut at) = (Vec::new(), 8u64);
        loop {
            // A marker may lie across two blocks.
            let kept = block.len().min(FLAC.len() - 1);
            block.drain(..block.len() - kept);
            let read = (&mut *file).take(BLOCK as u64).read_to_end(&mut block)?;
            if read == 0 {
                break;
            }
            let first = at - kept as u64;
            let found = block.windows(FLAC.len()).enumerate().filter(|(_, window)| **window == FLAC);
            begins.extend(found.map(|(n, _)| first + n as u64));
            at += read as u64;
        }
    }
    let ends = begins.iter().skip(1).copied().chain([bytes]);
    Ok(begins.iter().copied().zip(ends).collect())
}

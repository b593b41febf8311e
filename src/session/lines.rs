//! Files of lines: [`LineFile`] only grows and, whatever the disk refuses, holds every line once, whole and
//! in order; [`LineReader`] reads any file of lines back in bounded memory, wherever it comes from.
//!
//! Lines that are not known to be on the disk stay in memory. After a refused write or sync they are written
//! again, at their place: a torn line is overwritten, and pages that the system may have dropped are brought
//! back.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, SeekFrom, Take};
use std::path::{Path, PathBuf};

use super::disk::{DiskFile, SyncHandle, handle_of};
use super::read::{LINE_BYTES_MAX, ReadError, open_plain};

/// Most bytes that wait for a disk that refuses: some hours of the journal.
const WAITING_MAX: usize = 16 * 1024 * 1024;

/// The file.
pub struct LineFile {
    file: Box<dyn DiskFile>,
    /// Bytes of the file that are known to be on the disk.
    durable: u64,
    /// What follows them.
    tail: Vec<u8>,
    /// Bytes of `tail` that are in the file.
    written: usize,
    /// Bytes of `tail` that are being synced elsewhere.
    syncing: usize,
    /// For the thread that syncs it meanwhile.
    handle: Option<SyncHandle>,
}

impl LineFile {
    /// Goes on at the end of `file`.
    pub fn new(mut file: Box<dyn DiskFile>) -> io::Result<Self> {
        let durable = file.seek(SeekFrom::End(0))?;
        Ok(Self { file, durable, tail: Vec::new(), written: 0, syncing: 0, handle: None })
    }

    /// Takes over one line, without its end. An error here means that the line was not taken.
    pub fn keep(&mut self, line: &[u8]) -> io::Result<()> {
        if self.tail.len() + line.len() >= WAITING_MAX {
            return Err(io::Error::other("too many lines wait for the disk"));
        }
        self.tail.extend_from_slice(line);
        self.tail.push(b'\n');
        Ok(())
    }

    /// Writes the lines that were taken; after an error they are kept for the next time.
    pub fn write_out(&mut self) -> io::Result<()> {
        if self.written < self.tail.len() {
            self.file.seek(SeekFrom::Start(self.durable + self.written as u64))?;
            self.file.write_all(&self.tail[self.written..])?;
            self.written = self.tail.len();
        }
        Ok(())
    }

    /// Returns when all lines that were taken are on the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.tail.is_empty() {
            return Ok(());
        }
        self.write_out()?;
        self.syncing = self.tail.len();
        let synced = self.file.sync_data();
        self.end_sync(synced)
    }

    /// All lines that were taken are about to be synced elsewhere, with this handle; `None` means that all of
    /// them are on the disk.
    pub fn begin_sync(&mut self) -> io::Result<Option<SyncHandle>> {
        if self.tail.is_empty() {
            return Ok(None);
        }
        self.write_out()?;
        let handle = match &self.handle {
            Some(handle) => handle,
            None => self.handle.insert(handle_of(&*self.file)?),
        };
        self.syncing = self.tail.len();
        Ok(Some(handle.clone()))
    }

    /// What came of that sync.
    pub fn end_sync(&mut self, synced: io::Result<()>) -> io::Result<()> {
        let synced_bytes = std::mem::take(&mut self.syncing);
        if let Err(error) = synced {
            self.written = 0;
            return Err(error);
        }
        self.durable += synced_bytes as u64;
        self.tail.drain(..synced_bytes);
        self.written -= synced_bytes;
        Ok(())
    }
}

/// A line as it stands in its file.
#[derive(Debug, Clone, Copy)]
pub struct RawLine<'a> {
    /// From 1.
    pub number: u64,
    /// Bytes before it.
    pub at: u64,
    /// The line with its end, if it has one.
    pub bytes: &'a [u8],
}

impl RawLine<'_> {
    /// Whether it has its end. Without, it was torn by a crash, is being written at this moment, or is too
    /// long.
    pub fn has_end(&self) -> bool {
        self.bytes.last() == Some(&b'\n')
    }

    /// Whether it is longer than any line that is written: what was given is its first
    /// `LINE_BYTES_MAX` bytes, the rest follows as if it were lines.
    pub fn is_too_long(&self) -> bool {
        !self.has_end() && self.bytes.len() as u64 == LINE_BYTES_MAX
    }
}

/// Reads a file of lines from its beginning. A file may grow while it is read; what lies beyond the limit
/// that it was opened with is not waited for.
pub struct LineReader {
    path: PathBuf,
    reader: BufReader<Take<File>>,
    line: Vec<u8>,
    number: u64,
    at: u64,
}

impl LineReader {
    /// Opens a file that may have `limit` bytes; `None` means that it is not there.
    ///
    /// # Errors
    /// It is a link, not a file, larger than that, or can't be opened.
    pub fn open(path: &Path, limit: u64) -> Result<Option<Self>, ReadError> {
        let Some(file) = open_plain(path, limit)? else { return Ok(None) };
        let reader = BufReader::new(file.take(limit));
        Ok(Some(Self { path: path.to_owned(), reader, line: Vec::new(), number: 0, at: 0 }))
    }

    /// The next line; `None` means that there is none.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn next_line(&mut self) -> Result<Option<RawLine<'_>>, ReadError> {
        self.at += self.line.len() as u64;
        self.number += 1;
        self.line.clear();
        let read = self.reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line);
        let length = read.map_err(|error| ReadError::io(&self.path, error))?;
        let line = RawLine { number: self.number, at: self.at, bytes: &self.line };
        Ok((length > 0).then_some(line))
    }
}

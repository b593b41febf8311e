//! A file of lines that only grows and, whatever the disk refuses, holds every line once, whole and in order.
//!
//! Lines that are not known to be on the disk stay in memory. After a refused write or sync they are written
//! again, at their place: a torn line is overwritten, and pages that the system may have dropped are brought
//! back.

use std::io::{self, SeekFrom};

use super::disk::{DiskFile, SyncHandle, handle_of};

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
    /// For whoever syncs it meanwhile.
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

//! One take of one track: a WAV file that is playable at any moment, and what others may know of it.
//!
//! Written through hound, whose header is made valid every [`HEADER_EVERY_MS`] of sound; hound's `flush` does
//! not sync, the group commit does. A file is never appended to after an error or a crash: that is what
//! further takes are for. What is not known to be on the disk by then is not counted as written.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use hound::WavWriter;

use crate::base::units::{Frames, SampleFormat};
use crate::session::disk::{Disk, DiskFile, SyncHandle, handle_of};
use crate::session::journal::Span;
use crate::session::levels::Envelope;
use crate::session::manifest::TakeEntry;
use crate::session::shared::TakeShared;
use crate::session::wav::Layout;
use crate::writer::levels::LevelsOut;

/// The header is made valid this often, in milliseconds of sound: what a killed process can lose.
pub const HEADER_EVERY_MS: u64 = 50;
/// A take ends before WAV's 32-bit lengths do: 4 GiB less room for a block and the header.
pub const TAKE_BYTES_MAX: u64 = u32::MAX as u64 - 64 * 1024 * 1024;
/// Between hound, which writes sample by sample, and the file; 100 ms of four channels fit.
const BUFFER_BYTES: usize = 64 * 1024;
/// What full scale is in each integer format, and its largest sample.
const S16_SCALE: f32 = 32_768.0;
const S24_SCALE: f32 = 8_388_608.0;
const S16_MAX: f32 = 32_767.0;
const S24_MAX: f32 = 8_388_607.0;

/// A take's file while it is written.
pub struct TakeFile {
    wav: WavWriter<BufWriter<Tally>>,
    inner: Arc<Mutex<Inner>>,
    shared: Arc<TakeShared>,
    /// For the thread that syncs it while it is written.
    handle: SyncHandle,
    /// Written, readable, and vouched for.
    now: Mark,
    flushed: Mark,
    committed: Mark,
    /// What is being synced elsewhere: everything up to this mark, of which the span has not been vouched
    /// for.
    syncing: Option<(Mark, Span)>,
    /// Sum of what lies between `committed` (or what is being synced) and `flushed`.
    sum: crc32fast::Hasher,
    header_every: Frames,
    /// A write has begun and not ended: hound's state is not known.
    midway: bool,
    /// A sync failed. It is not tried again: the system may have dropped the pages and would say that all is
    /// well.
    refused_sync: bool,
    levels: LevelsOut,
    /// Last: whatever becomes of the file, in the end it does not grow any more.
    _closing: Closing,
}

/// Closes a take when it is dropped, also while a panic unwinds: else its readers would wait for more for
/// ever.
struct Closing(Arc<TakeShared>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A place in a take.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    /// Frames up to it.
    frames: Frames,
    /// Those of them that are sound, not silence for a gap.
    sound: Frames,
}

/// What remains of a take that was given up.
#[derive(Debug)]
pub struct Remains {
    /// What was saved last, if anything.
    pub spans: Vec<Span>,
    /// Frames that are safe.
    pub kept: Frames,
    /// Frames after them that are not.
    pub lost: Frames,
    /// Those of them that are sound.
    pub lost_sound: Frames,
}

/// The file below hound, shared with the take above it, which syncs it and asks for sums.
struct Inner {
    file: Box<dyn DiskFile>,
    position: u64,
    end: u64,
    crc: crc32fast::Hasher,
    data_offset: Option<u64>,
    /// After an error nothing is written any more, not even by hound's drop.
    abandoned: bool,
}

/// Stands between hound and the file: sums the bytes of the data, leaves the header out.
struct Tally(Arc<Mutex<Inner>>);

impl Tally {
    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Tally {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.inner();
        if inner.abandoned {
            return Err(io::Error::other("the file was given up after an error"));
        }
        let n = inner.file.write(bytes)?;
        if inner.data_offset.is_some_and(|offset| inner.position >= offset) {
            inner.crc.update(&bytes[..n]);
        }
        inner.position += n as u64;
        inner.end = inner.end.max(inner.position);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner().file.flush()
    }
}

impl Seek for Tally {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut inner = self.inner();
        inner.position = inner.file.seek(to)?;
        Ok(inner.position)
    }
}

fn io_error(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

impl TakeFile {
    /// Creates the file at `dir`/`entry.file` with a valid header, syncs it and its name. Fills in
    /// `data_offset`. After an error the name can be used again, unless that is what the error says. How loud
    /// the take is goes into `envelope`, its track's, and beside the file.
    pub fn create(
        disk: &Arc<dyn Disk>,
        dir: &Path,
        entry: TakeEntry,
        envelope: &Arc<Envelope>,
    ) -> io::Result<Self> {
        let path = dir.join(&entry.file);
        let file = disk.create(&path)?;
        let levels = LevelsOut::new(disk, dir, &entry, envelope);
        Self::begin(&**disk, &path, file, entry, levels).inspect_err(|_| {
            // An empty file each second would not make a full disk better.
            if let Err(error) = disk.remove(&path) {
                tracing::warn!(file = %path.display(), %error, "an empty file can't be removed");
            }
        })
    }

    fn begin(
        disk: &dyn Disk,
        path: &Path,
        file: Box<dyn DiskFile>,
        mut entry: TakeEntry,
        levels: LevelsOut,
    ) -> io::Result<Self> {
        let inner = Arc::new(Mutex::new(Inner {
            file,
            position: 0,
            end: 0,
            crc: crc32fast::Hasher::new(),
            data_offset: None,
            abandoned: false,
        }));
        let buffer = BufWriter::with_capacity(BUFFER_BYTES, Tally(Arc::clone(&inner)));
        let mut wav = WavWriter::new(buffer, Layout::of(&entry).spec()).map_err(io_error)?;
        wav.flush().map_err(io_error)?;
        let handle = {
            let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
            // Nothing but the header is there yet, so its end is where the data begins.
            entry.data_offset = inner.end;
            inner.data_offset = Some(inner.end);
            inner.file.sync_data()?;
            handle_of(&*inner.file)?
        };
        entry.frames = Frames(0);
        if let Some(parent) = path.parent() {
            disk.sync_dir(parent)?;
        }
        let header_every = Frames((u64::from(entry.rate.0) * HEADER_EVERY_MS / 1000).max(1));
        let shared = Arc::new(TakeShared::new(entry));
        Ok(Self {
            _closing: Closing(Arc::clone(&shared)),
            wav,
            inner,
            shared,
            handle,
            now: Mark::default(),
            flushed: Mark::default(),
            committed: Mark::default(),
            syncing: None,
            sum: crc32fast::Hasher::new(),
            header_every,
            midway: false,
            refused_sync: false,
            levels,
        })
    }

    /// What others may know of it.
    pub fn shared(&self) -> &Arc<TakeShared> {
        &self.shared
    }

    /// Frames written so far.
    pub fn frames(&self) -> Frames {
        self.now.frames
    }

    /// Whether another `frames` would bring it past `bytes_max`, which is up to what a WAV file holds.
    pub fn is_full(&self, more: Frames, bytes_max: u64) -> bool {
        let entry = &self.shared.entry;
        (self.now.frames + more).0 * u64::from(entry.channels) * entry.format.bytes() > bytes_max
    }

    /// Whether all writes ended, well or not: after a panic elsewhere the file can be closed in order.
    pub fn is_whole(&self) -> bool {
        !self.midway
    }

    /// Writes whole interleaved frames of sound, ±1.0; what lies outside is clipped in the integer formats.
    /// After an error none of them count.
    pub fn write(&mut self, samples: impl Iterator<Item = f32>) -> io::Result<()> {
        let frames = self.put(samples)?;
        self.now.sound += frames;
        Ok(())
    }

    /// Writes exact silence.
    pub fn write_silence(&mut self, frames: Frames) -> io::Result<()> {
        let channels = u64::from(self.shared.entry.channels);
        self.put(std::iter::repeat_n(0.0, (frames.0 * channels) as usize))?;
        Ok(())
    }

    fn put(&mut self, samples: impl Iterator<Item = f32>) -> io::Result<Frames> {
        let mut count = 0u64;
        let format = self.shared.entry.format;
        self.midway = true;
        for sample in samples {
            // ×2^15 and ×2^23 are exact in f32, so an integer device's samples come back as they were.
            let stored = match format {
                SampleFormat::S16 => {
                    let stored = (sample * S16_SCALE).round().clamp(-S16_SCALE, S16_MAX);
                    self.wav.write_sample(stored as i16).map(|()| stored / S16_SCALE)
                }
                SampleFormat::S24 => {
                    let stored = (sample * S24_SCALE).round().clamp(-S24_SCALE, S24_MAX);
                    self.wav.write_sample(stored as i32).map(|()| stored / S24_SCALE)
                }
                SampleFormat::F32 => self.wav.write_sample(sample).map(|()| sample),
            };
            self.levels.push(stored.map_err(io_error)?);
            count += 1;
        }
        let channels = u64::from(self.shared.entry.channels);
        assert!(count.is_multiple_of(channels), "a block holds whole frames");
        let frames = Frames(count / channels);
        self.now.frames += frames;
        self.midway = false;
        Ok(frames)
    }

    /// [`TakeFile::flush`] once there are [`HEADER_EVERY_MS`] of sound for it. To be called after each write.
    pub fn flush_when_due(&mut self) -> io::Result<()> {
        if self.now.frames.0 - self.flushed.frames.0 >= self.header_every.0 { self.flush() } else { Ok(()) }
    }

    /// Makes the header valid and what was written readable.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.flushed.frames < self.now.frames {
            self.midway = true;
            self.wav.flush().map_err(io_error)?;
            self.midway = false;
            self.flushed = self.now;
            let sum = self.inner().crc.clone();
            self.sum = sum;
            // First: who sees that it is written finds how loud it is.
            self.levels.publish(&self.shared.entry);
            self.shared.set_written(self.flushed.frames);
        }
        Ok(())
    }

    /// Returns when what was flushed is on the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.refused_sync {
            return Err(io::Error::other("the disk has refused to sync this file before"));
        }
        let result = self.inner().file.sync_data();
        self.refused_sync = result.is_err();
        result
    }

    /// The spans since the last commit, to be called after `flush` and `sync`.
    pub fn commit(&mut self) -> Vec<Span> {
        let syncing = self.syncing.take().map(|(_, span)| span);
        let rest = self.next_span(syncing.as_ref().map_or(self.committed.frames, |span| span.to));
        self.committed = self.flushed;
        syncing.into_iter().chain(rest).collect()
    }

    /// What was flushed since the last commit is about to be synced elsewhere, with this handle; `None` means
    /// that there is nothing. To be called after `flush`, and again only after [`TakeFile::end_sync`].
    pub fn begin_sync(&mut self) -> Option<SyncHandle> {
        assert!(self.syncing.is_none(), "one sync at a time");
        let span = self.next_span(self.committed.frames)?;
        self.syncing = Some((self.flushed, span));
        Some(Arc::clone(&self.handle))
    }

    /// What came of that sync: the span that is on the disk now; `None` means that it was committed
    /// meanwhile.
    pub fn end_sync(&mut self, synced: io::Result<()>) -> io::Result<Option<Span>> {
        let Some((mark, span)) = self.syncing.take() else { return Ok(None) };
        assert!(span.from == self.committed.frames, "spans adjoin");
        if synced.is_err() {
            self.refused_sync = true;
        }
        synced?;
        self.committed = mark;
        Ok(Some(span))
    }

    /// The span from `from` up to what was flushed, with its sum, which begins anew.
    fn next_span(&mut self, from: Frames) -> Option<Span> {
        let to = self.flushed.frames;
        assert!(from <= to, "spans adjoin");
        if from == to {
            return None;
        }
        self.inner().crc = crc32fast::Hasher::new();
        let crc = std::mem::take(&mut self.sum).finalize();
        let entry = &self.shared.entry;
        Some(Span { track: entry.track.clone(), take: entry.take, from, to, crc })
    }

    /// Gives the file up after an error: it is left as it is. What had been flushed is saved if the disk
    /// still syncs it.
    pub fn abandon(mut self) -> Remains {
        self.inner().abandoned = true;
        let spans = if self.sync().is_ok() { self.commit() } else { Vec::new() };
        let kept = self.committed.frames;
        self.shared.set_kept(kept);
        self.shared.close();
        Remains {
            spans,
            kept,
            lost: self.now.frames.saturating_sub(kept),
            lost_sound: self.now.sound.saturating_sub(self.committed.sound),
        }
    }

    /// Closes the file in order; `flush`, `sync` and `commit` have been done.
    pub fn close(mut self) -> io::Result<()> {
        self.levels.finish(&self.shared.entry);
        let result = self.wav.finalize().map_err(io_error);
        self.shared.close();
        result
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

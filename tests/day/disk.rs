//! A disk that keeps nothing: it looks at the coded samples as they come by, and remembers each file's
//! header.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hansard::base::units::SampleFormat;
use hansard::session::disk::{Disk, DiskFile};

/// More than any header that is written.
const HEADER_MAX: usize = 128;
/// Values of a coded sample: it repeats after this many frames.
const RANGE: u32 = 1 << 24;
/// What a coded sample of another channel is further on.
const CHANNEL_STEP: u32 = 1_000;

/// What became of a file.
#[derive(Debug, Clone, Default)]
pub struct FileFacts {
    pub bytes: u64,
    /// Whole frames of it, as far as they were written.
    pub frames: u64,
    /// Those that are sound.
    pub sound: u64,
    /// What its header says.
    pub header_frames: u64,
}

/// How the tracks of a session are made: format and channels by name.
pub type Formats = BTreeMap<String, (SampleFormat, u16)>;

#[derive(Clone)]
pub struct PassingDisk {
    formats: Arc<Formats>,
    files: Arc<Mutex<BTreeMap<PathBuf, Arc<Mutex<Passing>>>>>,
}

/// A file that goes by.
#[derive(Default)]
struct Passing {
    header: Vec<u8>,
    /// Bytes before the first sample, once that is known.
    data_offset: Option<u64>,
    format: Option<(SampleFormat, u16)>,
    at: u64,
    end: u64,
    /// Samples so far, and the value that the next one has if it is sound that goes on.
    samples: u64,
    next: Option<u32>,
    sound: u64,
    /// The beginning of a sample.
    rest: Vec<u8>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PassingDisk {
    pub fn new(formats: Formats) -> Self {
        Self { formats: Arc::new(formats), files: Arc::default() }
    }

    /// The files of a track, in order.
    pub fn files(&self, track: &str) -> Vec<FileFacts> {
        let files = lock(&self.files);
        let mine = |path: &Path| track_of(path) == Some(track);
        let mut found: Vec<(usize, FileFacts)> = files
            .iter()
            .filter(|(path, _)| mine(path))
            .map(|(path, file)| (path.as_os_str().len(), lock(file).facts()))
            .collect();
        // `a.wav`, `a.2.wav` … `a.10.wav`: by length, then by name.
        found.sort_by_key(|(length, _)| *length);
        found.into_iter().map(|(_, facts)| facts).collect()
    }

    fn open(&self, path: &Path) -> Box<dyn DiskFile> {
        let format = track_of(path).and_then(|track| self.formats.get(track).copied());
        let file = Arc::new(Mutex::new(Passing { format, ..Passing::default() }));
        if format.is_some() {
            lock(&self.files).insert(path.into(), Arc::clone(&file));
        }
        Box::new(Handle(file))
    }
}

fn track_of(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    path.extension().filter(|extension| *extension == "wav")?;
    name.split('.').next()
}

impl Passing {
    fn facts(&self) -> FileFacts {
        let (format, channels) = self.format.unwrap_or((SampleFormat::S24, 1));
        let data = self.end - self.data_offset.unwrap_or(self.end);
        let header = hound::WavReader::new(Cursor::new(&self.header)).map(|wav| u64::from(wav.duration()));
        FileFacts {
            bytes: self.end,
            frames: data / format.bytes() / u64::from(channels),
            sound: self.sound,
            header_frames: header.unwrap_or_else(|error| panic!("a header does not open: {error}")),
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        for (byte, at) in bytes.iter().zip(self.at..HEADER_MAX as u64) {
            self.header.resize(self.header.len().max(at as usize + 1), 0);
            self.header[at as usize] = *byte;
        }
        // The first thing that is written is the header, the whole of it and nothing else.
        match self.data_offset {
            None => self.data_offset = Some(self.at + bytes.len() as u64),
            Some(offset) if self.at >= offset && self.format.is_some() => {
                assert_eq!(self.at, self.end, "samples are written once, one after the other");
                self.look(bytes);
            }
            Some(_) => {}
        }
        self.at += bytes.len() as u64;
        self.end = self.end.max(self.at);
    }

    fn look(&mut self, bytes: &[u8]) {
        let Some((format, channels)) = self.format else { return };
        let size = format.bytes() as usize;
        let mut bytes = bytes;
        if !self.rest.is_empty() {
            let (head, tail) = bytes.split_at((size - self.rest.len()).min(bytes.len()));
            self.rest.extend_from_slice(head);
            bytes = tail;
            if self.rest.len() == size {
                let sample = std::mem::take(&mut self.rest);
                self.sample(&sample, channels);
            }
        }
        let whole = bytes.len() / size * size;
        for sample in bytes[..whole].chunks_exact(size) {
            self.sample(sample, channels);
        }
        self.rest.extend_from_slice(&bytes[whole..]);
    }

    /// A sample is the one after the last, or silence, or sound that begins again after silence.
    fn sample(&mut self, bytes: &[u8], channels: u16) {
        let value = match bytes {
            [a, b, c] => i32::from_le_bytes([0, *a, *b, *c]) >> 8,
            [a, b, c, d] => (f32::from_le_bytes([*a, *b, *c, *d]) * (RANGE / 2) as f32) as i32,
            _ => panic!("a sample of {} bytes", bytes.len()),
        };
        let channel = (self.samples % u64::from(channels)) as u32;
        self.samples += 1;
        let code = (value + (RANGE / 2) as i32) as u32;
        let of_first = (code + RANGE - CHANNEL_STEP * channel) % RANGE;
        if self.next == Some(of_first) || (self.next.is_none() && value != 0) {
            self.sound += 1;
            self.next =
                Some(if channel + 1 == u32::from(channels) { (of_first + 1) % RANGE } else { of_first });
        } else {
            assert_eq!(value, 0, "sample {} is {of_first}, not {:?}", self.samples, self.next);
            self.next = None;
        }
        if channel + 1 == u32::from(channels) && !self.sound.is_multiple_of(u64::from(channels)) {
            panic!("sample {}: silence in one channel and sound in another", self.samples);
        }
    }
}

struct Handle(Arc<Mutex<Passing>>);

impl Write for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Handle {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut file = lock(&self.0);
        file.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => file.end.saturating_add_signed(by),
            SeekFrom::Current(by) => file.at.saturating_add_signed(by),
        };
        Ok(file.at)
    }
}

impl DiskFile for Handle {
    fn sync_data(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn second(&self) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(Self(Arc::clone(&self.0))))
    }
}

impl Disk for PassingDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.open(path))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.open(path))
    }

    fn open_empty(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.open(path))
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }
}

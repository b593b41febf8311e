//! A disk that refuses by script. It never really syncs, so that hundreds of sessions take no time.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use hansard::session::disk::{Disk, DiskFile, SystemDisk};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Create,
    Write,
    Sync,
    Replace,
    /// Not an error: the code that asked for it panics.
    PanicInWrite,
}

/// From its `at`-th time on (from 0), an operation on files whose path ends so or contains it is refused so many times.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub file: &'static str,
    pub op: Op,
    pub at: u32,
    pub times: u32,
    pub error: io::ErrorKind,
}

#[derive(Clone, Default)]
pub struct FaultyDisk(Arc<Mutex<Vec<(Fault, u32)>>>);

impl FaultyDisk {
    pub fn new(faults: &[Fault]) -> Self {
        Self(Arc::new(Mutex::new(faults.iter().map(|fault| (*fault, 0)).collect())))
    }

    /// How often each fault has struck.
    pub fn struck(&self) -> Vec<u32> {
        let faults = self.faults();
        faults.iter().map(|(fault, seen)| seen.saturating_sub(fault.at).min(fault.times)).collect()
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, Vec<(Fault, u32)>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn strike(&self, path: &str, op: Op) -> io::Result<()> {
        for (fault, seen) in self.faults().iter_mut() {
            if fault.op == op && path.contains(fault.file) {
                *seen += 1;
                if *seen > fault.at && *seen <= fault.at + fault.times {
                    return Err(fault.error.into());
                }
            }
        }
        Ok(())
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let path_text = path.display().to_string();
        self.strike(&path_text, Op::Create)?;
        Ok(Box::new(FaultyFile {
            disk: self.clone(),
            path: path_text,
            file: SystemDisk.create(path)?,
            short: false,
        }))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let path_text = path.display().to_string();
        self.strike(&path_text, Op::Create)?;
        Ok(Box::new(FaultyFile {
            disk: self.clone(),
            path: path_text,
            file: SystemDisk.append(path)?,
            short: false,
        }))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.strike(&path.display().to_string(), Op::Replace)?;
        std::fs::write(path, bytes)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    path: String,
    file: Box<dyn DiskFile>,
    /// Half of the refused bytes went in before the error, as on a real disk that becomes full.
    short: bool,
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.disk.strike(&self.path, Op::PanicInWrite).is_err() {
            panic!("the disk was told to panic");
        }
        match self.disk.strike(&self.path, Op::Write) {
            Ok(()) => self.file.write(bytes),
            Err(_) if !self.short && bytes.len() > 1 => {
                self.short = true;
                self.file.write(&bytes[..bytes.len() / 2])
            }
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for FaultyFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl DiskFile for FaultyFile {
    fn sync_data(&mut self) -> io::Result<()> {
        self.disk.strike(&self.path, Op::Sync)
    }
}

//! The mending itself dies, or the disk refuses, at each of its steps: another run finishes it, and nothing
//! is lost by it.

use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hansard::care::recover::{RecoverError, recover};
use hansard::care::replay;
use hansard::care::verify::{Standing, verify};
use hansard::clock::SystemClock;
use hansard::session::disk::{Disk, DiskFile, SystemDisk};
use hansard::session::reading::Session;

use super::through::mend;
use super::world;

/// A disk that carries out so many steps and then nothing any more; of the write that it dies in, half.
#[derive(Clone)]
struct Dying {
    left: Arc<AtomicU64>,
}

impl Dying {
    fn after(steps: u64) -> Self {
        Self { left: Arc::new(AtomicU64::new(steps)) }
    }

    fn step(&self) -> io::Result<()> {
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| io::Error::other("the disk was told to die"))
    }

    fn file(&self, file: io::Result<Box<dyn DiskFile>>) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(DyingFile { disk: self.clone(), file: file?, dead: false }))
    }
}

struct DyingFile {
    disk: Dying,
    file: Box<dyn DiskFile>,
    dead: bool,
}

impl Write for DyingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.disk.step() {
            Ok(()) => self.file.write(bytes),
            Err(_) if !self.dead && bytes.len() > 1 => {
                self.dead = true;
                self.file.write(&bytes[..bytes.len() / 2])
            }
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for DyingFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl DiskFile for DyingFile {
    fn sync_data(&mut self) -> io::Result<()> {
        self.disk.step()?;
        self.file.sync_data()
    }

    fn set_len(&mut self, bytes: u64) -> io::Result<()> {
        self.disk.step()?;
        self.file.set_len(bytes)
    }
}

impl Disk for Dying {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.step()?;
        self.file(SystemDisk.create(path))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.step()?;
        self.file(SystemDisk.append(path))
    }

    fn open_empty(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.step()?;
        self.file(SystemDisk.open_empty(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        SystemDisk.rename(from, to)
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        panic!("nothing is ever removed");
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        SystemDisk.sync_dir(dir)
    }
}

/// Makes the session as bad as it gets: a torn line, a torn frame, a header that was never valid.
fn worsen(session: &Path) {
    let append = |name: &str, bytes: &[u8]| {
        fs::File::options().append(true).open(session.join(name)).unwrap().write_all(bytes).unwrap();
    };
    append("events.jsonl", b"{\"seq\":99,\"sess");
    append("tracks/b.wav", &[1]);
    let path = session.join("tracks/a.wav");
    let mut bytes = fs::read(&path).unwrap();
    bytes[..44].fill(0);
    fs::write(path, bytes).unwrap();
}

#[test]
fn mending_that_dies_at_any_step_is_finished_by_the_next() {
    let unharmed = world(true);
    worsen(&unharmed.session);
    mend(&unharmed.session, false).unwrap();
    let right = Session::open(&unharmed.session).unwrap().manifest;
    let tracks =
        |session: &Path| ["a.wav", "b.wav"].map(|name| fs::read(session.join("tracks").join(name)).unwrap());
    let sound = tracks(&unharmed.session);
    for steps in 0.. {
        assert!(steps < 200, "it has an end");
        let world = world(true);
        worsen(&world.session);
        world.remember();
        let first = loop {
            match recover(&Dying::after(steps), &SystemClock, &world.session, false) {
                // See `mend`.
                Err(RecoverError::Lock(_)) => std::thread::sleep(std::time::Duration::from_millis(5)),
                result => break result,
            }
        };
        world.check();
        assert!(!matches!(replay::scan(&world.session), Ok(replay::Scan { damage: Some(_), .. })), "{steps}");
        mend(&world.session, false).unwrap();
        assert!(!mend(&world.session, false).unwrap().changed, "after {steps} steps");
        world.check();
        let report = verify(&world.session).unwrap();
        assert_eq!((report.state, &report.problems[..], report.unchecked.0), (Standing::Closed, &[][..], 0));
        assert_eq!(Session::open(&world.session).unwrap().manifest, right, "after {steps} steps");
        assert!(tracks(&world.session) == sound, "after {steps} steps");
        if first.is_ok() {
            println!("{steps} steps");
            return;
        }
        assert!(matches!(first, Err(RecoverError::Write { .. })), "{first:?}");
    }
}

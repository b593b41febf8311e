//! A disk by script, over a real folder: every operation goes through to it, so whoever reads back reads real
//! files, and beside it stands what a power cut would find. Until its sync a write may be lost, torn or
//! there; until its folder's sync a name may.
//!
//! It refuses by script, and before each operation it asks whoever listens: there time may pass, and there a
//! crash can be looked at ([`SimDisk::image`]) while the session itself goes on.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hansard::session::disk::{Disk, DiskFile, SystemDisk};

use crate::simulation::torn::{Node, PAGE, SECTOR, part, put};
use hansard::base::random::Random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Create,
    Write,
    Sync,
    Rename,
    Remove,
    SyncDir,
    /// Whatever takes room: [`Op::Create`] and [`Op::Write`]. Only in a [`Fault`].
    Grow,
    /// Any of them. Only in a [`Fault`].
    Any,
    /// A write that takes a part of the bytes and says so. Only in a [`Fault`].
    ShortWrite,
    /// Not an error: the code that asked for it panics. Only in a [`Fault`].
    PanicInWrite,
}

/// So few bytes are written at once or not at all: a header's length.
const WORD: usize = 8;

impl Op {
    /// Whether who asked for it need not hear of it.
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::ShortWrite | Self::PanicInWrite)
    }
}

/// From its `at`-th time on (from 0), an operation on files whose path contains `file` is refused so many
/// times. A refused write leaves some of its bytes; a refused sync drops some of what it was to save, for
/// good.
#[derive(Debug, Clone)]
pub struct Fault {
    pub file: String,
    pub op: Op,
    pub at: u32,
    pub times: u32,
    pub error: ErrorKind,
}

/// An operation that is about to be done.
#[derive(Debug, Clone, Copy)]
pub struct Doing<'a> {
    pub op: Op,
    pub path: &'a Path,
    /// For a write: where, and what.
    pub at: u64,
    pub bytes: &'a [u8],
}

/// How it all ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process is gone; the system still has all that was written.
    Kill,
    /// The machine is gone.
    PowerCut,
}

type Listener = Box<dyn FnMut(&SimDisk, &Doing) + Send>;

#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
    listener: Arc<Mutex<Option<Listener>>>,
}

struct State {
    faults: Vec<Scripted>,
    refused: bool,
    /// No fault strikes any more.
    well: bool,
    /// What was done, and to what.
    done: Vec<(Op, PathBuf)>,
    random: Random,
    nodes: Vec<Node>,
    /// Names as the system shows them, and as the disk has them.
    names: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    unsynced: Vec<NameOp>,
    /// Folders that were made before, whether their names are on the disk.
    folders: BTreeMap<PathBuf, bool>,
}

/// A fault, and how often its operation has been seen and refused.
struct Scripted {
    fault: Fault,
    seen: u32,
    struck: u32,
}

#[derive(Clone)]
enum NameOp {
    Put(PathBuf, usize),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf, usize),
}

impl NameOp {
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Put(path, _) | Self::Remove(path) | Self::Rename(_, path, _) => path.parent(),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Put(path, node) => drop(names.insert(path.clone(), *node)),
            Self::Remove(path) => drop(names.remove(path)),
            Self::Rename(from, to, node) => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

/// What is to become of an operation.
enum Verdict {
    Go,
    Short,
    Refuse(io::Error),
}

impl SimDisk {
    pub fn new(faults: &[Fault], seed: u64) -> Self {
        let state = State {
            faults: faults
                .iter()
                .map(|fault| Scripted { fault: fault.clone(), seen: 0, struck: 0 })
                .collect(),
            refused: false,
            well: false,
            done: Vec::new(),
            random: Random::new(seed),
            nodes: Vec::new(),
            names: BTreeMap::new(),
            durable: BTreeMap::new(),
            unsynced: Vec::new(),
            folders: BTreeMap::new(),
        };
        Self { state: Arc::new(Mutex::new(state)), listener: Arc::default() }
    }

    /// All files in a folder were there before, and are on the disk.
    pub fn adopt(&self, folder: &Path) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                self.adopt(&path);
                continue;
            }
            let mut state = self.state();
            state.nodes.push(Node::holding(fs::read(&path).expect("a file")));
            let node = state.nodes.len() - 1;
            state.names.insert(path.clone(), node);
            state.durable.insert(path, node);
        }
    }

    /// A folder that was made just now: its name is not on the disk before its own folder is synced.
    pub fn made_folder(&self, path: &Path) {
        self.state().folders.insert(path.into(), false);
    }

    /// Whoever is asked before each operation.
    pub fn listen(&self, listener: impl FnMut(&SimDisk, &Doing) + Send + 'static) {
        *lock(&self.listener) = Some(Box::new(listener));
    }

    /// How often each fault has struck.
    pub fn struck(&self) -> Vec<u32> {
        self.state().faults.iter().map(|scripted| scripted.struck).collect()
    }

    /// Whether anything was refused that can't be derived from the sound.
    pub fn refused(&self) -> bool {
        self.state().refused
    }

    /// From now on nothing is refused.
    pub fn heal(&self) {
        self.state().well = true;
    }

    /// All operations so far, in order.
    pub fn done(&self) -> Vec<(Op, PathBuf)> {
        self.state().done.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn begin(&self, op: Op, path: &Path, at: u64, bytes: &[u8]) -> Verdict {
        self.state().done.push((op, path.into()));
        if let Some(listener) = &mut *lock(&self.listener) {
            listener(self, &Doing { op, path, at, bytes });
        }
        let fault = self.state().strike(op, &path.display().to_string());
        match fault {
            None => Verdict::Go,
            Some(Fault { op: Op::PanicInWrite, .. }) => panic!("the disk was told to panic"),
            Some(Fault { op: Op::ShortWrite, .. }) if bytes.len() > WORD => Verdict::Short,
            Some(Fault { op: Op::ShortWrite, .. }) => Verdict::Go,
            Some(fault) => {
                self.state().refused |= path.extension().is_none_or(|extension| extension != "levels");
                Verdict::Refuse(fault.error.into())
            }
        }
    }

    fn plain(&self, op: Op, path: &Path) -> io::Result<()> {
        match self.begin(op, path, 0, &[]) {
            Verdict::Refuse(error) => Err(error),
            _ => Ok(()),
        }
    }

    fn opened(&self, path: &Path, file: Box<dyn DiskFile>, node: usize) -> Box<dyn DiskFile> {
        Box::new(SimFile { disk: self.clone(), path: path.into(), file, node, at: 0 })
    }

    /// Puts into the folder `to` what would be found of `root` if it all ended now, in the middle of `doing`.
    /// False: not even its name would.
    pub fn image(&self, root: &Path, to: &Path, crash: Crash, doing: &Doing, seed: u64) -> bool {
        let mut random = Random::new(seed);
        let state = self.state();
        let mut names = match crash {
            Crash::Kill => state.names.clone(),
            Crash::PowerCut => state.names_after_power_cut(&mut random),
        };
        names.retain(|path, _| path.starts_with(root));
        for (path, node) in &names {
            let target = to.join(path.strip_prefix(root).expect("it lies there"));
            if crash == Crash::PowerCut && !state.has_folder(path, root) {
                continue;
            }
            fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
            let node = &state.nodes[*node];
            let in_flight = (doing.op == Op::Write && doing.path == path).then_some((doing.at, doing.bytes));
            let content = match crash {
                Crash::Kill => {
                    let mut content = fs::read(path).expect("a file of ours");
                    if let Some((at, bytes)) = in_flight {
                        put(&mut content, at, &bytes[..part(at, bytes.len(), PAGE, &mut random)]);
                    }
                    content
                }
                Crash::PowerCut => node.after_power_cut(in_flight, &mut random),
            };
            fs::write(target, content).expect("a copy");
        }
        crash == Crash::Kill || state.folders.get(root) != Some(&false)
    }
}

impl State {
    fn strike(&mut self, op: Op, path: &str) -> Option<Fault> {
        if self.well {
            return None;
        }
        let mut struck = None;
        for Scripted { fault, seen, struck: times } in &mut self.faults {
            let hit = match fault.op {
                Op::Any => true,
                Op::Grow => matches!(op, Op::Create | Op::Write),
                Op::ShortWrite | Op::PanicInWrite => op == Op::Write,
                wanted => wanted == op,
            };
            if hit && path.contains(&fault.file) {
                *seen += 1;
                // Of two at once the first one has it.
                if *seen > fault.at && *seen - fault.at <= fault.times && struck.is_none() {
                    *times += 1;
                    struck = Some(fault.clone());
                }
            }
        }
        struck
    }

    fn name(&mut self, op: NameOp) {
        op.apply(&mut self.names);
        self.unsynced.push(op);
    }

    /// Any of the unsynced names may have made it, in any order that the file system likes.
    fn names_after_power_cut(&self, random: &mut Random) -> BTreeMap<PathBuf, usize> {
        let mut names = self.durable.clone();
        for op in &self.unsynced {
            if random.chance(0.5) {
                op.apply(&mut names);
            }
        }
        names
    }

    /// Whether the folders between a file and the session's are on the disk.
    fn has_folder(&self, path: &Path, root: &Path) -> bool {
        let between = path.ancestors().skip(1).take_while(|folder| *folder != root);
        between.into_iter().all(|folder| self.folders.get(folder) != Some(&false))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk for SimDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.plain(Op::Create, path)?;
        let file = SystemDisk.create(path)?;
        let node = self.state().new_node(path);
        Ok(self.opened(path, file, node))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.plain(Op::Create, path)?;
        let mut file = SystemDisk.append(path)?;
        let at = file.seek(SeekFrom::End(0))?;
        let known = self.state().names.get(path).copied();
        let node = known.unwrap_or_else(|| self.state().new_node(path));
        Ok(Box::new(SimFile { disk: self.clone(), path: path.into(), file, node, at }))
    }

    fn open_empty(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.plain(Op::Create, path)?;
        let file = SystemDisk.open_empty(path)?;
        let node = self.state().new_node(path);
        Ok(self.opened(path, file, node))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.plain(Op::Rename, to)?;
        SystemDisk.rename(from, to)?;
        let mut state = self.state();
        let node = state.names.get(from).copied().expect("a file of ours");
        state.name(NameOp::Rename(from.into(), to.into(), node));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.plain(Op::Remove, path)?;
        SystemDisk.remove(path)?;
        self.state().name(NameOp::Remove(path.into()));
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.plain(Op::SyncDir, dir)?;
        let mut state = self.state();
        let (saved, rest): (Vec<NameOp>, Vec<NameOp>) =
            std::mem::take(&mut state.unsynced).into_iter().partition(|op| op.folder() == Some(dir));
        state.unsynced = rest;
        saved.iter().for_each(|op| op.apply(&mut state.durable));
        let made = state.folders.iter_mut().filter(|(path, _)| path.parent() == Some(dir));
        made.for_each(|(_, durable)| *durable = true);
        Ok(())
    }
}

impl State {
    fn new_node(&mut self, path: &Path) -> usize {
        self.nodes.push(Node::default());
        let node = self.nodes.len() - 1;
        self.name(NameOp::Put(path.into(), node));
        node
    }
}

struct SimFile {
    disk: SimDisk,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    node: usize,
    at: u64,
}

impl SimFile {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.disk.state().nodes[self.node].unsynced.push((self.at, bytes.to_vec()));
        self.at += bytes.len() as u64;
        Ok(())
    }
}

impl Write for SimFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let verdict = self.disk.begin(Op::Write, &self.path, self.at, bytes);
        let part = part(self.at, bytes.len(), SECTOR, &mut self.disk.state().random);
        match verdict {
            Verdict::Go => self.put(bytes).map(|()| bytes.len()),
            Verdict::Short if part == 0 => self.put(&bytes[..WORD]).map(|()| WORD),
            Verdict::Short => self.put(&bytes[..part]).map(|()| part),
            Verdict::Refuse(error) => {
                self.put(&bytes[..part])?;
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for SimFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.file.seek(to)?;
        Ok(self.at)
    }
}

impl DiskFile for SimFile {
    fn second(&self) -> io::Result<Box<dyn DiskFile>> {
        let Self { disk, path, node, at, .. } = self;
        Ok(Box::new(Self {
            disk: disk.clone(),
            path: path.clone(),
            file: self.file.second()?,
            node: *node,
            at: *at,
        }))
    }

    fn sync_data(&mut self) -> io::Result<()> {
        let verdict = self.disk.begin(Op::Sync, &self.path, 0, &[]);
        let mut state = self.disk.state();
        let State { nodes, random, .. } = &mut *state;
        let node = &mut nodes[self.node];
        match verdict {
            Verdict::Refuse(error) => {
                node.refuse_sync(random);
                Err(error)
            }
            _ => {
                node.sync();
                Ok(())
            }
        }
    }
}

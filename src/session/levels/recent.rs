//! The envelope of one track: what was measured last is in memory, what came before is read from its file.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{BLOCK_WINDOWS, LevelsReader, SpanReader, agrees, measure};
use crate::audio::level::{self, Window};
use crate::base::units::Frames;
use crate::session::manifest::TakeEntry;

/// Blocks of a track that are kept in memory: 3 minutes, 72 KiB.
const BLOCKS_MAX: usize = 18;

/// How loud a track is, window by window. Who writes the track puts windows in, everybody may read them; who
/// asks for what is not in memory reads the levels file, or where that says nothing the sound. Each block is
/// read once for all who ask, and none of them is ever in the way of who writes.
#[derive(Debug, Default)]
pub struct Envelope {
    /// Used last comes last. Nothing slow is done while this is locked: the writer waits for it.
    blocks: Mutex<VecDeque<Block>>,
    files: Mutex<Files>,
}

#[derive(Debug)]
struct Block {
    /// Number of the take, and of the block in it.
    key: (u32, u64),
    windows: Vec<Window>,
}

/// What the last block was read from.
#[derive(Debug, Default)]
struct Files {
    levels: Option<LevelsReader>,
    sound: Option<(u32, SpanReader)>,
}

impl Envelope {
    /// Block `block` of take `take` holds these windows from now on.
    pub fn put(&self, take: u32, block: u64, windows: Vec<Window>) {
        let key = (take, block);
        let mut blocks = locked(&self.blocks);
        blocks.retain(|block| block.key != key);
        if blocks.len() == BLOCKS_MAX {
            blocks.pop_front();
        }
        blocks.push_back(Block { key, windows });
    }

    /// The last windows that were written of the track, up to `count` of them.
    pub fn last(&self, count: usize) -> Vec<Window> {
        let blocks = locked(&self.blocks);
        let Some(newest) = blocks.iter().max_by_key(|block| block.key) else { return Vec::new() };
        let from = newest.windows.len().saturating_sub(count);
        newest.windows[from..].to_vec()
    }

    /// Appends windows of a take of the session in `dir` to `out`, up to the frames of it that are
    /// `written`. What is `foreign`, another device's sound, is silent.
    ///
    /// # Errors
    /// The take's sound can't be read back, where it is needed.
    pub fn read(
        &self,
        dir: &Path,
        take: &TakeEntry,
        written: Frames,
        foreign: &[(Frames, Frames)],
        windows: Range<u64>,
        out: &mut Vec<Window>,
    ) -> io::Result<()> {
        let (begin, rate) = (out.len(), take.rate);
        let end = windows.end.min(level::windows_in(written, rate));
        let mut at = windows.start;
        while at < end {
            let block = at / BLOCK_WINDOWS;
            let base = block * BLOCK_WINDOWS;
            let to = end.min(base + BLOCK_WINDOWS);
            let part = (at - base) as usize..(to - base) as usize;
            if !self.copy((take.take, block), part.clone(), out) {
                let windows = self.load(dir, take, block, written)?;
                // One that was cut off meanwhile is shorter: nothing is known of the rest.
                out.extend(windows.get(part).unwrap_or_default());
            }
            at = to;
        }
        for &(from, to) in foreign {
            let first = level::window_of(from, rate).clamp(windows.start, end);
            let last = level::windows_in(to, rate).clamp(first, end);
            let place = |window: u64| (begin + (window - windows.start) as usize).min(out.len());
            let (first, last) = (place(first), place(last));
            out[first..last].fill(Window::SILENT);
        }
        Ok(())
    }

    /// Appends a part of a block, if that is in memory.
    fn copy(&self, key: (u32, u64), part: Range<usize>, out: &mut Vec<Window>) -> bool {
        let mut blocks = locked(&self.blocks);
        let Some(at) = blocks.iter().rposition(|block| block.key == key) else { return false };
        let Some(windows) = blocks[at].windows.get(part) else { return false };
        out.extend(windows);
        if at + 1 < blocks.len()
            && let Some(block) = blocks.remove(at)
        {
            blocks.push_back(block);
        }
        true
    }

    /// Reads a block from the files and keeps it in memory.
    fn load(&self, dir: &Path, take: &TakeEntry, block: u64, written: Frames) -> io::Result<Vec<Window>> {
        let mut files = locked(&self.files);
        let mut windows = Vec::new();
        // Somebody else may have read it meanwhile.
        let count = super::windows_of(take, written, block) as usize;
        if self.copy((take.take, block), 0..count, &mut windows) {
            return Ok(windows);
        }
        let windows = files.read(dir, take, block, written)?;
        self.put(take.take, block, windows.clone());
        Ok(windows)
    }
}

impl Files {
    fn read(&mut self, dir: &Path, take: &TakeEntry, block: u64, written: Frames) -> io::Result<Vec<Window>> {
        let open = match self.sound.take().filter(|(number, _)| *number == take.take) {
            Some((_, sound)) => sound,
            None => SpanReader::open(dir, take)?,
        };
        let (_, sound) = self.sound.insert((take.take, open));
        if self.levels.is_none() {
            self.levels = LevelsReader::open(dir, &take.track);
        }
        let kept = self.levels.as_mut().and_then(|levels| levels.read(take, block, written));
        if let Some(windows) = kept
            && agrees(sound, take, block, &windows, written)?
        {
            return Ok(windows);
        }
        measure(sound, take, block, written)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The loudness of a track, kept beside it: `tracks/NAME.levels` holds the 10 ms envelope of all its takes.
//!
//! It is derived from the sound and may be deleted at any time. Nothing in it is believed unless it agrees
//! with the sound: what is missing, torn, stale or somebody else's is measured again from the track's files.
//! An error of this file costs only this file.
//!
//! # The file
//! Blocks of [`BLOCK_BYTES`], in the order of (take, block), nothing else; a rest at the end that is shorter
//! is ignored. A block holds up to [`BLOCK_WINDOWS`] windows of one take; its block number times
//! [`BLOCK_WINDOWS`] is the number of its first window. All but the last of a take are full. Numbers are
//! little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `hansLEV1` |
//! | 8..12 | CRC-32 (IEEE) of all other bytes of the block |
//! | 12..16 | take |
//! | 16..24 | block number within the take |
//! | 24..28 | frames a second of the take |
//! | 28..30 | channels of the take |
//! | 30..32 | windows in this block |
//! | 32..96 | zero |
//! | 96..4096 | per window the codes of RMS and peak, two bytes each ([`Window`]); zero after the last one |
//!
//! An hour takes 1.4 MB a track.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::disk::{Disk, DiskFile, beside};
use super::manifest::TakeEntry;
use super::names::{SLUG_MAX, slug};
use super::read::open_plain;
use super::tail::SpanReader;
use crate::audio::level::{self, Meter, Window};
use crate::base::units::Frames;

mod recent;

pub use recent::Envelope;

/// Windows of a full block: 10 s.
pub const BLOCK_WINDOWS: u64 = 1_000;
/// Bytes of a block.
pub const BLOCK_BYTES: usize = 4_096;
const MAGIC: &[u8; 8] = b"hansLEV1";
const CRC: Range<usize> = 8..12;
/// Take, block number, rate, channels, windows.
const HEAD: Range<usize> = 12..32;
const WINDOWS_AT: usize = 96;
/// Frames that are read at once when sound is measured: a hostile manifest must not decide on the memory.
const READ_FRAMES: u64 = 4_800;

/// The levels file of a track of the session in `dir`; `None` for a name that no recorder gives to a track.
pub fn path_of(dir: &Path, track: &str) -> Option<PathBuf> {
    let plain = track.len() <= SLUG_MAX && slug(track) == track;
    plain.then(|| dir.join(format!("tracks/{track}.levels")))
}

/// The windows that block `block` of a take of that many frames holds.
fn windows_of(take: &TakeEntry, frames: Frames, block: u64) -> u64 {
    let all = level::windows_in(frames, take.rate);
    all.saturating_sub(block.saturating_mul(BLOCK_WINDOWS)).min(BLOCK_WINDOWS)
}

/// What says which block it is.
fn head(take: &TakeEntry, block: u64, windows: usize) -> [u8; HEAD.end - HEAD.start] {
    let mut head = [0; HEAD.end - HEAD.start];
    head[..4].copy_from_slice(&take.take.to_le_bytes());
    head[4..12].copy_from_slice(&block.to_le_bytes());
    head[12..16].copy_from_slice(&take.rate.0.to_le_bytes());
    head[16..18].copy_from_slice(&take.channels.to_le_bytes());
    head[18..].copy_from_slice(&(windows as u16).to_le_bytes());
    head
}

fn encode(take: &TakeEntry, block: u64, windows: &[Window]) -> [u8; BLOCK_BYTES] {
    let mut bytes = [0; BLOCK_BYTES];
    bytes[..MAGIC.len()].copy_from_slice(MAGIC);
    bytes[HEAD].copy_from_slice(&head(take, block, windows.len()));
    for (place, window) in bytes[WINDOWS_AT..].as_chunks_mut::<4>().0.iter_mut().zip(windows) {
        place[..2].copy_from_slice(&window.rms_code.to_le_bytes());
        place[2..].copy_from_slice(&window.peak_code.to_le_bytes());
    }
    let crc = crc_of(&bytes);
    bytes[CRC].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// The windows of a block, if it is whole and the one that was looked for.
fn decode(bytes: &[u8; BLOCK_BYTES], take: &TakeEntry, block: u64, windows: usize) -> Option<Vec<Window>> {
    let agrees = bytes.starts_with(MAGIC)
        && bytes[HEAD] == head(take, block, windows)
        && bytes[CRC] == crc_of(bytes).to_le_bytes();
    agrees.then(|| {
        let pairs = bytes[WINDOWS_AT..].as_chunks::<4>().0.iter().take(windows);
        pairs
            .map(|[a, b, c, d]| Window {
                rms_code: u16::from_le_bytes([*a, *b]),
                peak_code: u16::from_le_bytes([*c, *d]),
            })
            .collect()
    })
}

fn crc_of(bytes: &[u8; BLOCK_BYTES]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&bytes[..CRC.start]);
    sum.update(&bytes[CRC.end..]);
    sum.finalize()
}

/// Appends blocks to a track's file.
pub struct LevelsWriter(Box<dyn DiskFile>);

impl LevelsWriter {
    /// Opens the file at `path`, made if there is none. A torn block at its end is written over.
    pub fn append(disk: &dyn Disk, path: &Path) -> io::Result<Self> {
        let mut file = disk.append(path)?;
        let end = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(end - end % BLOCK_BYTES as u64))?;
        Ok(Self(file))
    }

    /// Writes the next block. It is not synced: after a power cut it is measured again.
    pub fn write(&mut self, take: &TakeEntry, block: u64, windows: &[Window]) -> io::Result<()> {
        self.0.write_all(&encode(take, block, windows))
    }
}

/// Finds blocks in a track's file. Its length is asked for each time: the file may be growing.
#[derive(Debug)]
struct LevelsReader(File);

impl LevelsReader {
    /// Opens the file of a track; `None`: there is none that could be believed.
    fn open(dir: &Path, track: &str) -> Option<Self> {
        let path = path_of(dir, track)?;
        match open_plain(&path, u64::MAX) {
            Ok(file) => file.map(Self),
            Err(error) => {
                tracing::info!(%error, "a file of levels is passed over");
                None
            }
        }
    }

    /// The windows of a block of a take of `frames` frames; `None`: they are not there, or can't be read.
    fn read(&mut self, take: &TakeEntry, block: u64, frames: Frames) -> Option<Vec<Window>> {
        let wanted = (take.take, block);
        let mut bytes = [0; BLOCK_BYTES];
        let (mut low, mut high) = (0, self.0.metadata().ok()?.len() / BLOCK_BYTES as u64);
        while low < high {
            let middle = low + (high - low) / 2;
            self.0.seek(SeekFrom::Start(middle * BLOCK_BYTES as u64)).ok()?;
            self.0.read_exact(&mut bytes[..HEAD.end]).ok()?;
            let found = (
                u32::from_le_bytes(bytes[HEAD.start..][..4].try_into().ok()?),
                u64::from_le_bytes(bytes[HEAD.start + 4..][..8].try_into().ok()?),
            );
            match found.cmp(&wanted) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => {
                    self.0.read_exact(&mut bytes[HEAD.end..]).ok()?;
                    return decode(&bytes, take, block, windows_of(take, frames, block) as usize);
                }
            }
        }
        None
    }
}

/// Measures block `block` of a take, of which `frames` frames can be read back.
fn measure(sound: &mut SpanReader, take: &TakeEntry, block: u64, frames: Frames) -> io::Result<Vec<Window>> {
    let first = block * BLOCK_WINDOWS;
    measure_windows(sound, take, first..first + windows_of(take, frames, block), frames)
}

fn measure_windows(
    sound: &mut SpanReader,
    take: &TakeEntry,
    windows: Range<u64>,
    frames: Frames,
) -> io::Result<Vec<Window>> {
    let mut meter = Meter::new(take.rate, take.channels, windows.start);
    let mut measured = Vec::with_capacity((windows.end - windows.start) as usize);
    let mut at = level::first_frame(windows.start, take.rate);
    let end = level::first_frame(windows.end, take.rate).min(frames);
    let mut samples = Vec::new();
    while at < end {
        let to = (at + Frames(READ_FRAMES)).min(end);
        samples.clear();
        sound.read(at, to, &mut samples)?;
        measured.extend(samples.iter().filter_map(|sample| meter.push(*sample)));
        at = to;
    }
    measured.extend(meter.open());
    Ok(measured)
}

/// Whether what a file says of a block is the sound's: its loudest window is measured again.
fn agrees(
    sound: &mut SpanReader,
    take: &TakeEntry,
    block: u64,
    windows: &[Window],
    frames: Frames,
) -> io::Result<bool> {
    let Some((loudest, window)) = windows.iter().enumerate().max_by_key(|(_, window)| window.rms_code) else {
        return Ok(true);
    };
    let at = block * BLOCK_WINDOWS + loudest as u64;
    Ok(measure_windows(sound, take, at..at + 1, frames)? == [*window])
}

/// Makes the levels file of a track whole, whose `takes` have the frames that their entries say: where a
/// block is missing or wrong, the track is measured once and its file replaced. Only who holds the session's
/// lock may do so. An error costs only that file.
pub(super) fn complete(disk: &dyn Disk, dir: &Path, track: &str, takes: &[TakeEntry]) {
    let Some(path) = path_of(dir, track) else { return };
    let done = is_whole(dir, track, takes)
        .and_then(|whole| if whole { Ok(()) } else { rebuild(disk, dir, &path, takes) });
    if let Err(error) = done {
        tracing::warn!(file = %path.display(), %error, "the levels of a track can't be kept");
    }
}

fn is_whole(dir: &Path, track: &str, takes: &[TakeEntry]) -> io::Result<bool> {
    let Some(mut levels) = LevelsReader::open(dir, track) else { return Ok(false) };
    for take in takes {
        let mut sound = SpanReader::open(dir, take)?;
        for block in 0..level::windows_in(take.frames, take.rate).div_ceil(BLOCK_WINDOWS) {
            let Some(windows) = levels.read(take, block, take.frames) else { return Ok(false) };
            if !agrees(&mut sound, take, block, &windows, take.frames)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn rebuild(disk: &dyn Disk, dir: &Path, path: &Path, takes: &[TakeEntry]) -> io::Result<()> {
    // Beside it, then renamed: a reader that has the old one open reads on in that.
    let new = beside(path);
    let mut levels = LevelsWriter(disk.open_empty(&new)?);
    let mut fill = || -> io::Result<()> {
        for take in takes {
            let mut sound = SpanReader::open(dir, take)?;
            for block in 0..level::windows_in(take.frames, take.rate).div_ceil(BLOCK_WINDOWS) {
                levels.write(take, block, &measure(&mut sound, take, block, take.frames)?)?;
            }
        }
        Ok(())
    };
    fill().and_then(|()| disk.rename(&new, path)).inspect_err(|_| {
        if let Err(error) = disk.remove(&new) {
            tracing::warn!(file = %new.display(), %error, "half a file of levels can't be removed");
        }
    })
}

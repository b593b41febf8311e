//! What this process has heard of a recording that runs, for its end: the last pass over the voices hears
//! only what is missing then. In memory only, as it is what people sound like, and not more than some hours
//! of it: what does not fit is heard again.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::speakers::pieces::Piece;

/// Pieces that are kept of all recordings: about four hours of speech, 13 MB.
const PIECES_MAX: usize = 15_000;

/// A window of sound: track, take, first sample at 16 kHz, and up to where it speaks. The same window speaks
/// for less once another one follows.
pub type Window = (String, u32, u64, u64);

/// What was heard of a recording, by window.
pub type Kept = HashMap<Window, Vec<Piece>>;

static KEPT: Mutex<Store> = Mutex::new(Store { recordings: BTreeMap::new(), pieces: 0 });

#[derive(Default)]
struct Store {
    /// By the session's folder.
    recordings: BTreeMap<PathBuf, Kept>,
    pieces: usize,
}

/// Keeps what was heard of a window of the session in `dir`, if there is room.
pub fn keep(dir: &Path, window: Window, pieces: &[Piece]) {
    let Some(dir) = folder(dir) else { return };
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).keep(&dir, window, pieces);
}

/// All that was kept of the session in `dir`; nothing of it is kept any more.
pub fn take(dir: &Path) -> Kept {
    let Some(dir) = folder(dir) else { return Kept::default() };
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).take(&dir)
}

/// The folder itself: what leads to it may lead to another one later.
fn folder(dir: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(dir).ok()
}

impl Store {
    fn keep(&mut self, dir: &Path, window: Window, pieces: &[Piece]) {
        // A window without a voice takes room, too.
        let room = pieces.len().max(1);
        if self.pieces + room > PIECES_MAX {
            // Those whose end never came make room.
            let others: Vec<PathBuf> =
                self.recordings.keys().filter(|other| *other != dir).cloned().collect();
            others.iter().for_each(|other| drop(self.take(other)));
        }
        if self.pieces + room > PIECES_MAX {
            return;
        }
        let of_session = self.recordings.entry(dir.to_owned()).or_default();
        if of_session.insert(window, pieces.to_vec()).is_none() {
            self.pieces += room;
        }
    }

    fn take(&mut self, dir: &Path) -> Kept {
        let kept = self.recordings.remove(dir).unwrap_or_default();
        self.pieces -= kept.values().map(|pieces| pieces.len().max(1)).sum::<usize>().min(self.pieces);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_given_once_and_has_a_bound() {
        let piece = Piece { window: 0, local: 0, start: 0.0, end: 1.0, embedded_s: 2.0, voice: None };
        let (one, other) = (Path::new("one"), Path::new("other"));
        let window = |n: u64| ("room".to_owned(), 1, n, n + 1);
        let mut store = Store::default();
        for n in 0..2 * PIECES_MAX as u64 {
            store.keep(one, window(n), &[piece.clone(), piece.clone()]);
        }
        assert_eq!(store.take(one).len(), PIECES_MAX / 2);
        assert_eq!((store.take(one).len(), store.pieces), (0, 0));
        // One whose end never came makes room for another.
        for n in 0..PIECES_MAX as u64 {
            store.keep(one, window(n), &[]);
        }
        store.keep(other, window(1), &[]);
        assert_eq!(store.take(other), Kept::from([(window(1), Vec::new())]));
        assert_eq!((store.take(one).len(), store.pieces), (0, 0));
    }
}

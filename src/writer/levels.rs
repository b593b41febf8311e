//! How loud a take is, measured as it is written: for those who listen at once, and for the levels file
//! beside the track.
//!
//! The recording never suffers from it: an error costs the levels file of this take, which is logged and
//! made good later ([`complete_levels`](crate::session::shared::TrackShared::complete_levels)).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audio::level::{Meter, Window};
use crate::session::disk::Disk;
use crate::session::levels::{BLOCK_WINDOWS, Envelope, LevelsWriter, path_of};
use crate::session::manifest::TakeEntry;

/// Measures one take.
pub(super) struct LevelsOut {
    disk: Arc<dyn Disk>,
    /// `None` means that the file is given up, for this take.
    path: Option<PathBuf>,
    /// Opened when there is something to write.
    file: Option<LevelsWriter>,
    envelope: Arc<Envelope>,
    meter: Meter,
    /// The block that is being filled, and its windows so far.
    block: u64,
    windows: Vec<Window>,
}

impl LevelsOut {
    /// Measures a take that begins.
    pub(super) fn new(disk: &Arc<dyn Disk>, dir: &Path, take: &TakeEntry, envelope: &Arc<Envelope>) -> Self {
        Self {
            disk: Arc::clone(disk),
            path: path_of(dir, &take.track),
            file: None,
            envelope: Arc::clone(envelope),
            meter: Meter::new(take.rate, take.channels, 0),
            block: 0,
            windows: Vec::new(),
        }
    }

    /// The next sample, as it is stored.
    pub(super) fn push(&mut self, sample: f32) {
        self.windows.extend(self.meter.push(sample));
    }

    /// Tells how loud everything was so far, the window that has begun included; writes the blocks that are
    /// full.
    pub(super) fn publish(&mut self, take: &TakeEntry) {
        const FULL: usize = BLOCK_WINDOWS as usize;
        while self.windows.len() >= FULL {
            let rest = self.windows.split_off(FULL);
            let full = std::mem::replace(&mut self.windows, rest);
            self.write(take, &full);
            self.envelope.put(take.take, self.block, full);
            self.block += 1;
        }
        let windows = self.windows.iter().copied().chain(self.meter.open());
        self.envelope.put(take.take, self.block, windows.collect());
    }

    /// The take is over and everything of it was published: writes the last block.
    pub(super) fn finish(&mut self, take: &TakeEntry) {
        self.windows.extend(self.meter.open());
        let rest = std::mem::take(&mut self.windows);
        if !rest.is_empty() {
            self.write(take, &rest);
        }
    }

    fn write(&mut self, take: &TakeEntry, windows: &[Window]) {
        let Some(path) = &self.path else { return };
        let mut written = || -> io::Result<()> {
            let file = match &mut self.file {
                Some(file) => file,
                None => self.file.insert(LevelsWriter::append(&*self.disk, path)?),
            };
            file.write(take, self.block, windows)
        };
        if let Err(error) = written() {
            tracing::warn!(file = %path.display(), %error, "how loud this take is will be measured again later");
            self.path = None;
        }
    }
}

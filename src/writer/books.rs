//! What the writer knows, added up: takes, accounts, and the manifest that is made of them.

use std::io;
use std::sync::Arc;

use super::Writer;
use super::output::TrackOut;
use crate::base::units::Frames;
use crate::session::journal::Event;
use crate::session::manifest::{Manifest, TakeEntry, TrackAccount};
use crate::session::shared::TakeShared;

/// Pieces of a map that may be journalled each time: 5 MB a day.
const PIECES_EACH_TIME: u64 = 8;

impl Writer {
    pub(super) fn note_clocks(&mut self) {
        self.clocks_noted += 1;
        for device in 0..self.devices.len() {
            // A take of many pieces has a long line: the more, the more seldom, so that a day of them stays
            // small.
            let pieces = self.devices[device].take.as_ref().map_or(0, |take| take.clock.pieces.len());
            if self.clocks_noted.is_multiple_of(1 + pieces as u64 / PIECES_EACH_TIME) {
                self.note_clocks_of(device);
            }
        }
    }

    pub(super) fn note_clocks_of(&mut self, device: usize) {
        let files = self.devices[device].tracks.iter().filter_map(|out| out.file.as_ref());
        let clocks: Vec<Event> = files
            .map(|file| {
                let entry = &file.shared().entry;
                Event::Clock {
                    track: entry.track.clone(),
                    take: entry.take,
                    fit: (*file.shared().clock()).clone(),
                }
            })
            .collect();
        clocks.into_iter().for_each(|event| self.note(event));
    }

    /// Journals what the clock of a device's take was measured by, for each file of it.
    pub(super) fn note_observed(&mut self, device: usize, points: &[(Frames, f64)]) {
        let tracks = self.devices[device].tracks.iter();
        let events: Vec<Event> = tracks.filter_map(|out| out.observed(points)).collect();
        events.into_iter().for_each(|event| self.note(event));
    }

    pub(super) fn account(&self) -> Vec<TrackAccount> {
        self.tracks().map(TrackOut::account).collect()
    }

    pub(super) fn tracks(&self) -> impl Iterator<Item = &TrackOut> {
        self.devices.iter().flat_map(|device| &device.tracks)
    }

    pub(super) fn takes(&self) -> Vec<TakeEntry> {
        let takes = self.tracks().flat_map(|out| out.plan.shared.takes());
        takes.map(|take: Arc<TakeShared>| take.entry_now()).collect()
    }

    pub(super) fn duration(&self) -> f64 {
        self.takes().iter().map(|take| take.time_of(take.frames)).fold(0.0, f64::max)
    }

    /// The manifest as of now.
    pub(super) fn manifest_bytes(&self) -> io::Result<Vec<u8>> {
        let manifest = Manifest {
            takes: self.takes(),
            account: self.account(),
            duration: self.duration(),
            ..self.manifest.clone()
        };
        let mut bytes = serde_json::to_vec_pretty(&manifest)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

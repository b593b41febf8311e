//! The manifest while a session is recorded: made of what the tracks know, replaced as a whole.
//!
//! One replacement at a time; what changes meanwhile makes another one due.

use std::io;

use super::track::Track;
use crate::session::manifest::{Manifest, State, TakeEntry, TrackAccount};

/// The manifest's file.
pub(super) const MANIFEST: &str = "session.json";

pub(super) struct ManifestFile {
    manifest: Manifest,
    /// It is being replaced; and must be once more.
    replacing: bool,
    due: bool,
}

impl ManifestFile {
    pub(super) fn new(manifest: Manifest) -> Self {
        Self { manifest, replacing: false, due: false }
    }

    /// Whether the session is over.
    pub(super) fn is_closed(&self) -> bool {
        self.manifest.state == State::Closed
    }

    /// The session is over.
    pub(super) fn close(&mut self) {
        self.manifest.state = State::Closed;
        self.due = true;
    }

    /// It is to be brought up to date.
    pub(super) fn touch(&mut self) {
        self.due = true;
    }

    /// The bytes that are to replace it now; `None` means that it is up to date, or being replaced.
    pub(super) fn next<'a>(
        &mut self,
        tracks: impl Iterator<Item = &'a Track> + Clone,
    ) -> Option<io::Result<Vec<u8>>> {
        if self.replacing || !std::mem::take(&mut self.due) {
            return None;
        }
        let bytes = self.bytes(tracks);
        self.replacing = bytes.is_ok();
        Some(bytes)
    }

    /// The disk has answered.
    pub(super) fn replaced(&mut self) {
        self.replacing = false;
    }

    /// The manifest as of now.
    pub(super) fn bytes<'a>(&self, tracks: impl Iterator<Item = &'a Track> + Clone) -> io::Result<Vec<u8>> {
        let takes = takes(tracks.clone());
        let manifest =
            Manifest { duration: duration(&takes), takes, account: account(tracks), ..self.manifest.clone() };
        let mut bytes = serde_json::to_vec_pretty(&manifest)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// All takes of these tracks as they stand.
pub(super) fn takes<'a>(tracks: impl Iterator<Item = &'a Track>) -> Vec<TakeEntry> {
    tracks.flat_map(|track| track.shared().takes()).map(|take| take.entry_now()).collect()
}

/// The account of each track as it stands.
pub(super) fn account<'a>(tracks: impl Iterator<Item = &'a Track>) -> Vec<TrackAccount> {
    tracks.map(Track::account).collect()
}

/// Session second at which the last of these takes ends.
pub(super) fn duration(takes: &[TakeEntry]) -> f64 {
    takes.iter().map(|take| take.time_of(take.frames)).fold(0.0, f64::max)
}

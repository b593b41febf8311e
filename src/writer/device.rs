//! One device's way to the disk: its queue, its current take, its tracks.
//!
//! Items are carried out in order, each on every track. A track has a file only while the device has a take,
//! and no track is ahead of it. What a track reports is entered at once, before the next one is touched: a
//! panic loses no line.

use std::sync::Arc;

use rtrb::Consumer;

use super::books::Books;
use super::device_take::DeviceTake;
use super::track::Track;
use super::{DevicePlan, Site};
use crate::base::format::DeviceFormat;
use crate::base::units::Frames;
use crate::capture::drain::Item;
use crate::clock::MonoNs;
use crate::clock::model::Slip;
use crate::session::disk::SyncHandle;
use crate::session::manifest::{ClockFit, GapCause};
use crate::session::shared::TakeShared;

/// One device.
pub(super) struct Device {
    queue: Consumer<Item>,
    tracks: Vec<Track>,
    /// The current take.
    take: Option<DeviceTake>,
}

impl Device {
    pub(super) fn new(plan: DevicePlan) -> Self {
        let tracks = plan.tracks.into_iter().map(Track::new).collect();
        Self { queue: plan.queue, tracks, take: None }
    }

    pub(super) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    pub(super) fn tracks_mut(&mut self) -> &mut [Track] {
        &mut self.tracks
    }

    /// Carries out up to `most` items that its drain has handed over; whether there were any.
    pub(super) fn take_items(&mut self, most: usize, now: MonoNs, site: &Site, books: &mut Books) -> bool {
        let mut busy = false;
        for _ in 0..most {
            let Ok(item) = self.queue.pop() else { break };
            busy = true;
            self.take_item(item, now, site, books);
        }
        busy
    }

    /// The account is drawn up: what the drain hands over now is past the end. Whether there was anything.
    pub(super) fn leave_out_items(&mut self, most: usize) -> bool {
        let left_out = (0..most).map_while(|_| self.queue.pop().ok()).count();
        if left_out > 0 {
            tracing::debug!(items = left_out, "sound after the end of the recording is left out");
        }
        left_out > 0
    }

    fn take_item(&mut self, item: Item, now: MonoNs, site: &Site, books: &mut Books) {
        match item {
            Item::TakeStart { format, offset } => self.start_take(format, offset, site, books),
            Item::Sound(samples) => self.write_sound(&samples, now, site, books),
            Item::Silence { frames, cause } => self.write_silence(frames, cause, now, site, books),
            Item::Rate(rate) => self.tracks.iter_mut().for_each(|track| track.set_rate(rate)),
            Item::Absent { from, seconds, cause } => {
                for track in &mut self.tracks {
                    track.count_absent(from, seconds, cause).into_iter().for_each(|line| books.note(line));
                }
            }
            Item::Foreign { from, frames } => {
                let Some(take) = &self.take else { return };
                let foreign = self.tracks.iter_mut().flat_map(|track| track.mark_foreign(from, frames, take));
                foreign.for_each(|line| books.note(line));
            }
            Item::Clock(fit) => self.set_clock(fit, books),
            Item::Observed(points) => {
                let lines = self.tracks.iter().filter_map(|track| track.observed_line(&points));
                lines.for_each(|line| books.note(line));
            }
            Item::TakeEnd { slips, tail_deficit, span } => self.end_take(&slips, tail_deficit, span, books),
        }
    }

    fn start_take(&mut self, format: DeviceFormat, offset: f64, site: &Site, books: &mut Books) {
        let take = self.take.insert(DeviceTake::new(format, offset));
        self.tracks.iter_mut().for_each(|track| track.begin(take));
        self.tracks.iter_mut().for_each(|track| books.enter(track.start(take, site)));
    }

    fn end_take(&mut self, slips: &[Slip], tail_deficit: f64, span: Option<(f64, f64)>, books: &mut Books) {
        let Some(take) = &mut self.take else { return };
        take.span = span;
        for track in &mut self.tracks {
            track.count_tail_deficit(tail_deficit);
            slips.iter().for_each(|slip| books.note(track.count_slip(slip, take)));
            // The whole take may say what no part of it did.
            track.judge_clock();
            books.enter(track.close(take));
            let rest = [track.count_unwritten(), track.count_muted()];
            rest.into_iter().flatten().for_each(|line| books.note(line));
        }
        self.note_alarms(books);
        self.take = None;
    }

    fn write_sound(&mut self, samples: &[f32], now: MonoNs, site: &Site, books: &mut Books) {
        let Some(take) = &mut self.take else { return };
        let channels = usize::from(take.format.channels);
        assert!(samples.len().is_multiple_of(channels), "a block holds whole frames");
        let frames = Frames((samples.len() / channels) as u64);
        take.frames += frames;
        for track in &mut self.tracks {
            ensure_file(track, frames, take, now, site, books);
            books.enter(track.write(samples, take, site.clock.seconds_of(now)));
        }
    }

    fn write_silence(
        &mut self,
        frames: Frames,
        cause: GapCause,
        now: MonoNs,
        site: &Site,
        books: &mut Books,
    ) {
        let Some(take) = &mut self.take else { return };
        take.frames += frames;
        for track in &mut self.tracks {
            ensure_file(track, frames, take, now, site, books);
            track.count_gap(frames, cause, take).into_iter().for_each(|line| books.note(line));
            books.enter(track.write_silence(frames, take));
        }
    }

    /// The clock of the take was measured anew.
    fn set_clock(&mut self, fit: ClockFit, books: &mut Books) {
        let Some(take) = &mut self.take else { return };
        let first = take.clock.points == 0 && fit.points > 0;
        take.clock = Arc::new(fit);
        self.tracks.iter().for_each(|track| track.set_clock(take));
        if first {
            // From here on the journal tells that this take has a clock, whatever becomes of the recorder.
            self.note_clocks(books);
        }
    }

    /// Journals the clock of each file.
    pub(super) fn note_clocks(&self, books: &mut Books) {
        self.tracks.iter().filter_map(Track::clock_line).for_each(|line| books.note(line));
    }

    /// Pieces of the map that the take's clock is.
    pub(super) fn clock_pieces(&self) -> usize {
        self.take.as_ref().map_or(0, |take| take.clock.pieces.len())
    }

    /// Journals which alarms of its tracks began or ended.
    pub(super) fn note_alarms(&mut self, books: &mut Books) {
        let alarms = self.tracks.iter_mut().flat_map(Track::take_alarms);
        alarms.for_each(|alarm| books.note(alarm));
    }

    /// After a panic every track leaves its file, and goes on in a new take with what comes next.
    pub(super) fn leave_files(&mut self, reason: &str, books: &mut Books) {
        let Some(take) = &self.take else { return };
        self.tracks.iter_mut().for_each(|track| books.enter(track.leave(take, reason)));
    }

    /// Closes all tracks: nothing will be added to them any more.
    pub(super) fn close(&mut self, books: &mut Books) {
        for track in &mut self.tracks {
            if let Some(take) = &self.take {
                books.enter(track.close(take));
            }
            let rest = [track.count_unwritten(), track.count_muted()];
            rest.into_iter().flatten().for_each(|line| books.note(line));
            track.shared().set_finished();
        }
    }

    /// What its tracks have for a group commit.
    pub(super) fn begin_sync(&mut self, books: &mut Books) -> Vec<(Arc<TakeShared>, SyncHandle)> {
        let Some(take) = &self.take else { return Vec::new() };
        let mut begun = Vec::new();
        for track in &mut self.tracks {
            track.count_muted().into_iter().for_each(|line| books.note(line));
            match track.begin_sync(take) {
                Ok(own) => begun.extend(own),
                Err(reports) => books.enter(reports),
            }
        }
        begun
    }

    /// Whether one of its tracks is writing this file.
    pub(super) fn is_writing(&self, file: &Arc<TakeShared>) -> bool {
        self.tracks.iter().any(|track| track.is_writing(file))
    }

    /// What came of the sync of a file that one of its tracks is writing.
    pub(super) fn end_sync(
        &mut self,
        file: &Arc<TakeShared>,
        synced: std::io::Result<()>,
        books: &mut Books,
    ) {
        let Some(take) = &self.take else { return };
        let Some(track) = self.tracks.iter_mut().find(|track| track.is_writing(file)) else { return };
        match track.end_sync(synced, take) {
            Ok(span) => span.into_iter().for_each(|span| books.save(file, span)),
            Err(reports) => books.enter(reports),
        }
    }
}

/// Before frames are written: a full file is followed by another one, a given-up one too once it is time.
fn ensure_file(
    track: &mut Track,
    frames: Frames,
    take: &DeviceTake,
    now: MonoNs,
    site: &Site,
    books: &mut Books,
) {
    let full = track.is_full(frames, site);
    if full {
        books.enter(track.close(take));
    }
    if full || track.tries(take, now) {
        books.enter(track.open(take, site));
    }
}

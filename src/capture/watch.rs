//! Sees to it that what a stream delivers is still the sound of the device that was opened. Backends move a
//! stream to another device without a word; a server that is asked tells, else only the list of devices.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::rt::{BackendTrouble, SinkMeter};
use super::source::{Look, Presence, Source};
use crate::clock::{MonoNs, SessionClock};

/// How often it is asked what is known of the device. At most a second of another device's sound may get into
/// a track: the age of what is known, the way to the lane and the stream's end take their part of it.
const WATCH_EVERY: Duration = Duration::from_millis(200);

/// When the stream is to be closed, a fresh answer is waited for this long, in seconds; it takes a fifth.
const LAST_LOOK_S: f64 = 0.5;
const LAST_LOOK_EVERY: Duration = Duration::from_millis(20);

/// A device that is open.
pub(super) struct DeviceWatch {
    /// Stable id of the device.
    pub(super) id: String,
    /// Where what was seen is left.
    pub(super) meter: Arc<SinkMeter>,
    /// Where the system moved its stream to.
    pub(super) moved_to: Arc<OnceLock<String>>,
    /// When it was seen.
    pub(super) clock: SessionClock,
}

impl DeviceWatch {
    /// Looks once; false if the device must no longer be recorded.
    fn look(&self, source: &dyn Source) -> bool {
        // Before the look: the answer is of some later moment, so what came until now is the device's own
        // sound.
        let at = self.clock.mono();
        self.judge(source.presence(&self.id), at).is_some()
    }

    /// Looks until what came up to now is vouched for, or can't be.
    fn look_at_end(&self, source: &dyn Source) {
        let end = self.clock.mono();
        loop {
            let now = self.clock.mono();
            let look = source.presence(&self.id);
            let vouched = self.judge(look, now).unwrap_or(now);
            if vouched >= end || now.seconds_since(end) > LAST_LOOK_S {
                return;
            }
            std::thread::sleep(LAST_LOOK_EVERY);
        }
    }

    /// Up to when the device is known to be the one that was opened, after a look at `at`; `None` if it must
    /// no longer be recorded.
    fn judge(&self, look: Look, at: MonoNs) -> Option<MonoNs> {
        match look.presence {
            Presence::There => self.meter.vouch(MonoNs(at.0.saturating_sub(look.age.as_nanos() as u64))),
            Presence::Unknown => {}
            Presence::Superseded => {
                self.meter.report(BackendTrouble::Superseded);
                return None;
            }
            Presence::Gone => {
                self.meter.set_foreign();
                self.meter.report(BackendTrouble::Gone);
                return None;
            }
            Presence::Moved { to } => {
                self.meter.set_foreign();
                // The first one is the one to tell of: the stream is closed then.
                let _ = self.moved_to.set(to);
                self.meter.report(BackendTrouble::Moved);
                return None;
            }
        }
        Some(self.meter.vouched_at())
    }
}

/// Watches until the lane drops its sender (nothing is ever sent); then looks again, as the last moments are
/// to be vouched for too.
pub(super) fn watch_over(source: &dyn Source, watch: Option<DeviceWatch>, closed: &Receiver<()>) {
    let Some(watch) = watch else {
        while closed.recv().is_ok() {}
        return;
    };
    while watch.look(source) {
        if closed.recv_timeout(WATCH_EVERY) != Err(RecvTimeoutError::Timeout) {
            watch.look_at_end(source);
            return;
        }
    }
    // Said once: the lane closes this stream and opens the right device when it is there.
    while closed.recv().is_ok() {}
}

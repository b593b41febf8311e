//! Sees to it that what a stream delivers is still the sound of the device that was opened. Backends move a
//! stream to another device without a word when its own one is unplugged; only the list of devices tells.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::rt::{BackendTrouble, SinkMeter};
use super::source::{Presence, Source};
use crate::clock::{MonoNs, SessionClock};

/// How often the list of devices is looked at: the only thing that tells of a silent move, which is to be
/// noticed within a second, the age of a shared look and the time it takes included (one or two milliseconds
/// with PulseAudio).
const WATCH_EVERY: Duration = Duration::from_millis(400);

/// A device that is open.
pub(super) struct DeviceWatch {
    /// Stable id of the device.
    pub(super) id: String,
    /// Where what was seen is left.
    pub(super) meter: Arc<SinkMeter>,
    /// When it was seen.
    pub(super) clock: SessionClock,
}

impl DeviceWatch {
    /// Looks once; false if the device must no longer be recorded.
    fn look(&self, source: &dyn Source) -> bool {
        // Before the look: the answer is of some later moment, so what came until now is the device's own
        // sound.
        let at = self.clock.mono();
        let look = source.presence(&self.id);
        match look.presence {
            Presence::There => self.meter.vouch(MonoNs(at.0.saturating_sub(look.age.as_nanos() as u64))),
            Presence::Unknown => {}
            Presence::Superseded => {
                self.meter.report(BackendTrouble::Superseded);
                return false;
            }
            Presence::Gone => {
                self.meter.set_foreign();
                self.meter.report(BackendTrouble::Gone);
                return false;
            }
        }
        true
    }
}

/// Watches until the lane drops its sender (nothing is ever sent); then looks once more, as the last moments
/// are to be vouched for too.
pub(super) fn watch_over(source: &dyn Source, watch: Option<DeviceWatch>, closed: &Receiver<()>) {
    let Some(watch) = watch else {
        while closed.recv().is_ok() {}
        return;
    };
    while watch.look(source) {
        if closed.recv_timeout(WATCH_EVERY) != Err(RecvTimeoutError::Timeout) {
            watch.look(source);
            return;
        }
    }
    // Said once: the lane closes this stream and opens the right device when it is there.
    while closed.recv().is_ok() {}
}

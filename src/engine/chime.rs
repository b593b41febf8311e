//! The sound that tells those who are there that they are recorded, at the beginning of a recording.
//!
//! Promises: nothing waits for it, and a recording is none the worse for it. Whether it was played stands in
//! the journal. It begins when the sources are open, so that they have it from its first moment on where they
//! can: a loopback always does.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

use crate::audio::chime;
use crate::capture::device::Backend;
use crate::capture::play::play;
use crate::recording::Recording;
use crate::session::journal::Event;

/// Sources that take longer to open are not waited for.
const OPEN_LIMIT: Duration = Duration::from_secs(2);
/// Between two looks at them.
const LOOK: Duration = Duration::from_millis(20);

/// Plays it on a thread of its own, which may hang in the sound system. `None` means that there is no thread.
pub(super) fn begin(backend: Backend, recording: &Arc<Recording>) -> Option<JoinHandle<()>> {
    let of = Arc::clone(recording);
    let thread = Builder::new().name("chime".into()).spawn(move || {
        let until = Instant::now() + OPEN_LIMIT;
        while !of.lanes.iter().all(|lane| lane.look().open) && Instant::now() < until {
            sleep(LOOK);
        }
        let at = of.clock.now().seconds();
        let played = play(&backend, chime::SECONDS, chime::sample);
        of.note(match played {
            Ok(device) => Event::Chimed { at, device: Some(device), error: None },
            Err(error) => Event::Chimed { at, device: None, error: Some(error.to_string()) },
        });
    });
    let no_thread = |error: &std::io::Error| {
        let at = recording.clock.now().seconds();
        recording.note(Event::Chimed { at, device: None, error: Some(format!("no thread for it: {error}")) });
    };
    thread.inspect_err(no_thread).ok()
}

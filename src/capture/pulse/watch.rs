//! One thread that sees to it that all streams of this program are known to be on their devices.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::link::{Link, LinkError};
use super::seat::Seat;
use super::view::View;
use crate::clock::{Clock as _, MonoNs, SystemClock};

/// What changes is told by the server at once; this often it is asked all the same where the streams are, as
/// what came up to then is vouched for by the answer.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// So often, in seconds, it is asked for everything, whatever it has told.
const LOOK_AT_ALL_S: f64 = 1.0;
/// Events come in bursts (a knob that is turned), and one look answers all of them.
const BURST: Duration = Duration::from_millis(15);
/// A server that is gone is tried again after this.
const RETRY: Duration = Duration::from_millis(500);

/// A server that can't be watched for so long, in seconds, is worth telling: it is more than a restart.
const BLIND_S: f64 = 5.0;

/// Watches as long as it is held.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<Watched>>);

#[derive(Default)]
struct Watched {
    seats: Vec<Weak<Seat>>,
    latest: Option<Arc<View>>,
    running: bool,
}

impl Watch {
    /// From now on the server is asked about this stream, until the seat is dropped.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn add(&self, seat: &Arc<Seat>) -> std::io::Result<()> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.seats.retain(|seat| seat.strong_count() > 0);
        watched.seats.push(Arc::downgrade(seat));
        if !watched.running {
            let own = Arc::downgrade(&self.0);
            std::thread::Builder::new().name("server-watch".into()).spawn(move || run(&own))?;
            watched.running = true;
        }
        Ok(())
    }

    /// Whether the source `name` is the default one of its kind; `None` where that is not known, or the
    /// system has no default microphone but a monitor.
    pub fn is_default(&self, monitor: bool, name: &str) -> Option<bool> {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.latest.as_ref()?.is_default(monitor, name)
    }
}

fn run(watched: &Weak<Mutex<Watched>>) {
    let (mut blind_since, mut told) = (None, false);
    while watched.strong_count() > 0 {
        if let Err(error) = watch(watched, &mut blind_since) {
            tracing::debug!(%error, "the sound server can't be watched; trying again");
            let now = SystemClock.now();
            // What is told of one outage is not told again.
            told &= blind_since.is_some();
            let blind_s = now.seconds_since(*blind_since.get_or_insert(now));
            if blind_s >= BLIND_S && !std::mem::replace(&mut told, true) {
                tracing::warn!(%error, "the sound server does not say where streams are: a move would go unnoticed");
            }
            std::thread::sleep(RETRY);
        }
    }
}

/// Watches one server until it is gone, or nobody wants to know any more.
fn watch(watched: &Weak<Mutex<Watched>>, blind_since: &mut Option<MonoNs>) -> Result<(), LinkError> {
    let mut link = Link::connect()?;
    link.subscribe()?;
    let mut view = Arc::new(link.view()?);
    let mut all_at = view.taken_at;
    loop {
        *blind_since = None;
        let Some(watched) = watched.upgrade() else { return Ok(()) };
        let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.seats.iter().filter_map(Weak::upgrade).for_each(|seat| seat.see(&view));
        watched.latest = Some(Arc::clone(&view));
        drop(watched);
        if link.wait_change(LOOK_EVERY)? {
            std::thread::sleep(BURST);
        }
        let now = SystemClock.now();
        if now.seconds_since(all_at) >= LOOK_AT_ALL_S {
            (view, all_at) = (Arc::new(link.view()?), now);
        } else {
            view = Arc::new(link.renew(&view)?);
        }
    }
}

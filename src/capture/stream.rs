//! The thread that opens, plays and drops a stream. It may hang in the backend; it alone may be given up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use super::rt::SinkMeter;
use super::source::{Failure, Opened, Plug, Source};
use super::watch::{DeviceWatch, watch_over};

/// What is known of a device that was opened; its stream stays with its thread.
pub(super) struct OpenDevice {
    pub(super) meter: Arc<SinkMeter>,
    pub(super) failure: Failure,
    /// Where the system moved its stream to, once that is reported.
    pub(super) moved_to: Arc<OnceLock<String>>,
}

/// The same with what it is called.
pub(super) struct OpenedFacts {
    pub(super) device: OpenDevice,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
}

/// The thread that holds a stream.
pub(super) struct StreamThread {
    thread: JoinHandle<()>,
    result: Receiver<Result<OpenedFacts, String>>,
    close: Option<Sender<()>>,
    abandoned: Arc<AtomicBool>,
}

impl StreamThread {
    /// Opens `source` on a thread of its own.
    pub(super) fn start(source: Arc<dyn Source>, plug: Plug) -> std::io::Result<Self> {
        let (report, result) = mpsc::channel();
        let (close, closed) = mpsc::channel::<()>();
        let abandoned = Arc::clone(&plug.abandoned);
        let thread = std::thread::Builder::new().name("device".into()).spawn(move || {
            let clock = plug.clock.clone();
            let opened = source.open(&plug);
            drop(plug);
            match opened {
                Ok(Opened { stream, device, name, meter, failure }) => {
                    let moved_to = Arc::new(OnceLock::new());
                    let watch = device.clone().map(|id| DeviceWatch {
                        id,
                        meter: Arc::clone(&meter),
                        moved_to: Arc::clone(&moved_to),
                        clock,
                    });
                    let opened = OpenDevice { meter, failure, moved_to };
                    let facts = OpenedFacts { device: opened, id: device, name };
                    if report.send(Ok(facts)).is_ok() {
                        watch_over(&*source, watch, &closed);
                    }
                    drop(stream);
                }
                // Nobody waits for the answer any more: then nobody needs it.
                Err(error) => drop(report.send(Err(error.0))),
            }
        })?;
        Ok(Self { thread, result, close: Some(close), abandoned })
    }

    /// What came of the opening, if that is known; disconnected means that the thread panicked.
    pub(super) fn opened(&self) -> Result<Result<OpenedFacts, String>, TryRecvError> {
        self.result.try_recv()
    }

    /// The stream is to be dropped.
    pub(super) fn close(&mut self) {
        self.close = None;
    }

    /// Whether the stream is dropped.
    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Returns when the stream is dropped.
    pub(super) fn join(mut self) {
        self.close();
        if self.thread.join().is_err() {
            tracing::error!("a device's thread panicked");
        }
    }

    /// Gives the thread up; the drain treats its end of the rings as gone.
    pub(super) fn abandon(self) {
        self.abandoned.store(true, Ordering::Release);
    }
}

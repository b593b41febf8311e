//! What can be recorded: a [`Source`] is opened on a thread that may hang, and feeds a sink.

use std::any::Any;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::drain::{Opening, Timeline};
use super::rt::{CaptureSink, SinkMeter};
use crate::base::cause::Condition;
use crate::base::format::DeviceFormat;
use crate::clock::SessionClock;
use crate::session::manifest::GapCause;

/// Why a source does not open, or ended.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// One device, file or script.
pub trait Source: Send + Sync {
    /// For the journal and the user: the SPEC of the device.
    fn label(&self) -> String;
    /// How its frames relate to time.
    fn timeline(&self) -> Timeline;
    /// The period of its buffer in milliseconds: sound may come this late in good order.
    fn buffer_ms(&self) -> u64;
    /// What has become of the device of this id, which was opened last. May block, as `open` may.
    fn presence(&self, _id: &str) -> Look {
        Look::of_now(Presence::There)
    }
    /// What the system does to its sound, where that is known.
    fn condition(&self) -> Option<Condition> {
        None
    }
    /// Opens and starts it. May block for as long as the backend likes: it is called on a thread that can be
    /// given up.
    fn open(&self, plug: &Plug) -> Result<Opened, SourceError>;
}

/// What has become of a device that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is there, and is the one to record.
    There,
    /// It is there, but another one is to be recorded now.
    Superseded,
    /// It is gone. Whatever its stream still delivers is another device's sound.
    Gone,
    /// The system moved its stream to another device: what that delivers is not its sound.
    Moved {
        /// The other device, as the system calls it.
        to: String,
    },
    /// It can't be told now.
    Unknown,
}

/// A look at a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What was seen.
    pub presence: Presence,
    /// How much older it is than the call: many devices may share one look.
    pub age: Duration,
}

impl Look {
    /// A look that was taken within the call.
    pub fn of_now(presence: Presence) -> Self {
        Self { presence, age: Duration::ZERO }
    }
}

/// A source that delivers.
pub struct Opened {
    /// Dropping it stops the delivery; that may block.
    pub stream: Box<dyn Any + Send>,
    /// Stable id of the device.
    pub device: Option<String>,
    /// The device's name for people.
    pub name: Option<String>,
    /// What the callback leaves to look at.
    pub meter: Arc<SinkMeter>,
    /// Why it ended early, if it did (a file that is broken in its middle).
    pub failure: Failure,
}

/// A source that broke off.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenOff {
    pub reason: String,
    /// Seconds of sound that it had promised beyond what it gave, where that is known.
    pub missing_s: Option<f64>,
}

/// What a finite source has to say: the reason of an early end, and what was odd about it.
#[derive(Debug, Clone, Default)]
pub struct Failure(Arc<Mutex<(Option<BrokenOff>, Vec<String>)>>);

impl Failure {
    /// It ended early.
    pub fn set(&self, why: BrokenOff) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(why);
    }

    /// This was odd about it.
    pub fn note(&self, notes: Vec<String>) {
        if !notes.is_empty() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).1.extend(notes);
        }
    }

    /// Takes what was odd about it since the last call.
    pub fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// Why it ended early.
    pub fn take(&self) -> Option<BrokenOff> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.take()
    }
}

/// Where a source plugs itself in: makes sinks whose far end the drain has.
pub struct Plug {
    /// To the drain.
    pub openings: Sender<Opening>,
    /// The session's clock, to be read after each buffer.
    pub clock: SessionClock,
    /// Why there was nothing before.
    pub cause_before: GapCause,
    /// Set when the thread that holds the stream was given up.
    pub abandoned: Arc<AtomicBool>,
}

impl Plug {
    /// A sink for what the source is about to deliver.
    pub fn sink(&self, format: DeviceFormat, timeline: Timeline) -> Result<CaptureSink, SourceError> {
        let (sink, tap) = CaptureSink::pair(format.channels, format.rate);
        self.openings
            .send(Opening {
                tap,
                format,
                timeline,
                cause_before: self.cause_before,
                abandoned: Arc::clone(&self.abandoned),
            })
            .map_err(|_| SourceError("the recording has ended".into()))?;
        Ok(sink)
    }
}

//! The control plane: ractor actors that own lifecycle, policy and state. Sound never goes through a mailbox.
//!
//! ```text
//! Recorder (root: session state, policy)
//! ├── Writer             started first, finished last; steers the disk thread
//! ├── DeviceCapture × N  one per device, independent; steers its lane
//! ├── Control            listens at the socket through which other commands steer it
//! └── Transcriber        owns the recogniser; may be absent or degraded without anyone upstream noticing
//!     └── per track: Denoiser ─▶ Segmenter   one block in flight
//! ```
//! What must not die with an actor stands outside of it: lanes and the writer's thread in a
//! [`Recording`](crate::recording::Recording), the progress of the text work in an
//! [`Analysis`](crate::speech::analysis::Analysis). An actor that is started again goes on from there.

pub mod children;
#[cfg(unix)]
pub mod control;
pub mod denoiser;
pub mod device_capture;
pub mod recorder;
pub mod segmenter;
pub mod transcriber;
mod voices;
pub mod writer;

/// The actors by kind; tests tell one of them to panic by this name.
#[cfg(debug_assertions)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Recorder,
    /// The writer's actor.
    Writer,
    /// The first device's.
    DeviceCapture,
    /// The one that listens at the socket.
    Control,
    Transcriber,
    /// The first track's denoiser.
    Denoiser,
    /// The first track's segmenter.
    Segmenter,
}

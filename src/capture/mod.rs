//! From a device's callback to blocks of frames on the session's timeline.
//!
//! [`rt`] is the callback's side, [`drain`] the other end of its rings; everything in between is lock-free.

use serde::{Deserialize, Serialize};

use crate::audio::units::{SampleFormat, SampleRate};

pub mod device;
pub mod drain;
pub mod feed;
pub mod lane;
pub mod replay;
pub mod rt;
pub mod source;
pub mod synth;
mod watch;

/// What an opened device delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFormat {
    /// Frames a second, as the device states it.
    pub rate: SampleRate,
    /// Interleaved channels.
    pub channels: u16,
    /// How its samples are to be stored, no shallower than they are.
    pub format: SampleFormat,
}

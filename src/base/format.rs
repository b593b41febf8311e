//! The format in which a device delivers.

use serde::{Deserialize, Serialize};

use crate::base::units::{SampleFormat, SampleRate};

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

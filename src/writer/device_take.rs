//! The take that a device is in, as all its tracks see it.

use std::sync::Arc;

use crate::base::format::DeviceFormat;
use crate::base::units::Frames;
use crate::session::manifest::ClockFit;

/// Format of a device's take, and where its frames stand, those in hand included.
pub(super) struct DeviceTake {
    pub(super) format: DeviceFormat,
    pub(super) frames: Frames,
    pub(super) clock: Arc<ClockFit>,
    /// From when to when it was delivered, known at its end.
    pub(super) span: Option<(f64, f64)>,
}

impl DeviceTake {
    /// A take whose frame 0 is at session second `offset`.
    pub(super) fn new(format: DeviceFormat, offset: f64) -> Self {
        let clock = Arc::new(ClockFit::nominal(offset, format.rate));
        Self { format, frames: Frames(0), clock, span: None }
    }
}

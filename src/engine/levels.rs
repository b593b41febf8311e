//! How loud devices are at this moment, for somebody who wants to know which one hears whom. They are opened
//! as for a recording, and nothing of what they give is kept.

use std::io;
use std::sync::Arc;

use rtrb::Consumer;

use crate::capture::drain::Item;
use crate::capture::lane::Lane;
use crate::clock::{MonoNs, SessionClock, SystemClock};
use crate::recording::DeviceSpec;

/// Devices have so long to close before they are given up, in seconds.
const CLOSE_S: f64 = 3.0;
/// Between two looks at a device that closes.
const CLOSING: std::time::Duration = std::time::Duration::from_millis(20);

/// What is heard of a device.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Level {
    /// It delivers sound.
    pub open: bool,
    /// Highest |sample| of about the last second; full scale is 1.
    pub peak: f32,
    /// Why it delivers nothing.
    pub trouble: Option<String>,
}

/// Devices that are listened to.
pub struct Levels {
    clock: SessionClock,
    lanes: Vec<(Arc<Lane>, Consumer<Item>)>,
}

impl Levels {
    /// Begins to listen; each look opens what is to be opened.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(devices: Vec<DeviceSpec>) -> io::Result<Self> {
        let clock = SessionClock::start_now(Arc::new(SystemClock));
        let lanes = devices.into_iter().map(|device| Lane::start(device.source, clock.clone()));
        Ok(Self { lanes: lanes.collect::<io::Result<_>>()?, clock })
    }

    /// One per device, in their order. To be called some times a second.
    pub fn look(&mut self) -> Vec<Level> {
        self.step();
        let level = |(lane, _): &(Arc<Lane>, Consumer<Item>)| {
            let view = lane.look();
            Level { open: view.open, peak: view.level, trouble: view.trouble }
        };
        self.lanes.iter().map(level).collect()
    }

    fn step(&mut self) -> MonoNs {
        let now = self.clock.mono();
        for (lane, queue) in &mut self.lanes {
            // What happens to the device stands in its view.
            drop(lane.step(now));
            while queue.pop().is_ok() {}
        }
        now
    }
}

impl Drop for Levels {
    /// Closes the devices, so that a recording can have them.
    fn drop(&mut self) {
        self.lanes.iter().for_each(|(lane, _)| lane.stop());
        let begun = self.clock.mono();
        while self.step().seconds_since(begun) < CLOSE_S {
            // All of them are asked: each lane joins its own thread.
            if self.lanes.iter().filter(|(lane, _)| !lane.is_drained()).count() == 0 {
                return;
            }
            std::thread::sleep(CLOSING);
        }
    }
}

//! The capture path from the callback to the files, through public interfaces, with position-coded samples.

use session::quiet_panics;

mod bench;
#[allow(dead_code, reason = "the simulation uses all of it")]
mod device;
#[allow(dead_code, reason = "the simulation uses all of it")]
#[path = "../simulation/disk.rs"]
mod disk;
mod drain;
mod lane;
#[allow(dead_code, reason = "the simulation uses all of it")]
#[path = "../simulation/random.rs"]
mod random;
mod recording;
mod replay;
#[allow(dead_code, reason = "the simulation uses all of it")]
mod session;
#[allow(dead_code, reason = "the simulation uses all of it")]
#[path = "../simulation/torn.rs"]
mod torn;
mod wav;
mod writer;

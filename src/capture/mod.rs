//! From a device's callback to blocks of frames on the session's timeline.
//!
//! [`rt`] is the callback's side, [`drain`] the other end of its rings; everything in between is lock-free.

pub mod device;
pub mod drain;
pub mod feed;
pub mod lane;
pub mod play;
#[cfg(unix)]
pub mod pulse;
#[cfg(not(unix))]
#[path = "pulse_none.rs"]
mod pulse;
pub mod replay;
pub mod rt;
pub mod source;
mod stream;
pub mod synth;
mod watch;

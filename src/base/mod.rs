//! The ground floor: words that everybody uses. Nothing here knows a device, and but for what not every file
//! system can do ([`filesystem`]) and a process that is asked ([`child`]), nothing a file or a thread: the
//! rest is pure.

pub mod cause;
pub mod child;
pub mod clock_map;
pub mod duration;
pub mod filesystem;
pub mod format;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc;
pub mod languages;
pub mod random;
pub mod text;
pub mod units;
pub mod utterance;
pub mod window_title;

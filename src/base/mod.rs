//! The ground floor: words that everybody uses. Nothing here knows a thread or a device, and but for what not
//! every file system can do ([`filesystem`]), nothing a file: the rest is pure.

pub mod cause;
pub mod clock_map;
pub mod duration;
pub mod filesystem;
pub mod format;
pub mod languages;
pub mod random;
pub mod text;
pub mod units;
pub mod utterance;

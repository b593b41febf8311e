//! The ground floor: words that everybody uses. Pure, and nothing here knows a file, a thread or a device.

pub mod cause;
pub mod clock_map;
pub mod duration;
pub mod format;
pub mod languages;
pub mod random;
pub mod text;
pub mod units;
pub mod utterance;

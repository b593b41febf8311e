//! Pure sound: no file handles that outlive a call, no threads, no clocks.

pub mod decode;
pub mod units;

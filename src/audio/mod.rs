//! Pure sound: no file handles that outlive a call, no threads, no clocks.

pub mod align;
pub mod chime;
pub mod decode;
pub mod denoise;
pub mod level;
pub mod leveller;
pub mod mono;
pub mod resample;
pub mod segment;
pub mod sides;
pub mod vad;

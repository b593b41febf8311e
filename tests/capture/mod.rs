//! The capture path from the callback to the files, through public interfaces, with position-coded samples.

mod bench;
pub mod device;
mod drain;
mod lane;
mod levels;
mod media;
mod recording;
mod replay;
mod restart;
mod wav;
mod writer;

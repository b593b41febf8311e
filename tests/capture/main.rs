//! The capture path from the callback to the files, through public interfaces, with position-coded samples.

mod device;
mod disk;
mod drain;
mod recording;
mod replay;
mod wav;
mod writer;

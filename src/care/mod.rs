//! The care of sessions that are over: whether they are what was recorded, mending, correcting, working on
//! them again.

pub mod apply;
mod called;
pub mod edit;
pub mod lines;
pub mod offline;
pub mod reckon;
pub mod recover;
pub mod replace;
pub mod replay;
pub mod sheet;
pub mod times;
pub mod trash;
pub mod verify;
pub mod wishes;

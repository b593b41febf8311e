//! The front door: from settings and a plan to a running recording.

pub mod plan;
pub mod spec;
pub mod text;

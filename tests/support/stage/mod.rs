//! What the end-to-end test, the demo and the load figures share: a sound system without a sound card, a
//! scripted meeting whose every word and time is known, a driver of the recorder's process, and a score.

// The demo, the load figures and the tests use a part of it each.
#![allow(dead_code)]

pub mod align;
pub mod chrome;
pub mod meeting;
pub mod pulse;
pub mod recorder;
pub mod score;
pub mod words;

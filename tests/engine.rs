//! The recorder as a library, in this process: from the callback to the files, whole days by seed, and what
//! becomes of sound and text when an actor or the recogniser fails.

mod actors;
mod capture;
mod foreign;
mod simulation;
mod support;
mod third_engine;

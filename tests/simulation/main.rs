//! Whole sessions from a seed: bad devices, a bad disk, a writer that panics, crashes; and what must be true of all of them.
//!
//! ```text
//! HANSARD_SIM_SEED=n    only this seed (a failure names it)
//! HANSARD_SIM_SEEDS=n   so many fresh seeds instead of a few
//! ```
//! Nothing here depends on the machine's time or threads: a seed is the same day everywhere.

#[allow(dead_code, reason = "the tests of the capture path use the rest")]
#[path = "../capture/device.rs"]
mod device;
#[allow(dead_code, reason = "the tests of the capture path use the rest")]
#[path = "../capture/session.rs"]
mod session;

mod check;
mod crash;
mod disk;
mod every;
mod listeners;
mod random;
mod recovery;
mod script;
mod storm;
mod torn;
mod world;

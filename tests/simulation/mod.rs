//! Whole sessions from a seed: bad devices, a bad disk, a writer that panics, listeners that die, crashes;
//! and what must be true of all of them.
//!
//! ```text
//! HANSARD_SIM_SEED=n    only this seed, with all that happens on it (a failure names it)
//! HANSARD_SIM_SEEDS=n   so many fresh seeds instead of a few, beside the fixed ones
//! ```
//! Nothing here depends on the machine's time or threads: a seed is the same day everywhere.
//!
//! `storm` has the seeds, `script` makes a day of one, `world` lives through it, `disk` and `torn` know what
//! a power cut would leave of it, `listeners` turn it into text; `check` is for the end of the day, `crash`
//! and `recovery` for the middle of it. `every` leaves nothing to chance: a power cut before every operation
//! on the disk, and every operation refused; `edits` does that to what is done to a session that is over.
//!
//! # That it has teeth
//! Each of these was taken out of the recorder once; of the 300 fixed seeds so many failed, these among them:
//!
//! - The pad, a gap's silence is not written (`write_silence` of the writer's track): 299 (0, 1, 3 …), which
//!   say `tracks/a-all.wav frame 0: sound within a gap`.
//! - The sync, `TakeFile::sync` says that all is well: 177 (3, 4, 5 …), which say
//!   `tracks/a-all.wav: other sound than was written (PowerCut)`.
//! - The tail drain, an opening is over as soon as its producer is gone (`Stamps::is_over`): 28 (2, 26, 27
//!   …), which say `24010 frames of sound are not what is there and what is said to be missing`.
//! - The manifest's sync before its rename (`Disk::replace`): 143 (3, 8 …), which say
//!   `the manifest is torn (PowerCut)`.

mod check;
mod crash;
pub mod disk;
mod edits;
mod every;
mod listeners;
mod recovery;
mod script;
mod storm;
pub mod torn;
mod world;

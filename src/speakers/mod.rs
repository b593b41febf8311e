//! Voices within a track: who of several people at one microphone speaks when. From sound to turns, and from
//! turns to whose each word is.
//!
//! ```text
//! 10 s of sound every 5 s ─▶ segmentation ─▶ pieces of 1 s ─▶ embeddings ─▶ voices ─▶ turns ─▶ words
//!                           (who of 3 speaks)  (2 s alone)                 (linkage)
//! ```
//!
//! Promises: nothing leaves this machine and nothing is fetched; the same sound gives the same voices,
//! however it was heard; memory is bounded by the hours of speech (about 1 MB an hour), time by 0.05 s of one
//! core for each second of speech. Refuses to tell people's names, but of those who agreed to be known by
//! their voices ([`enrolled`], [`recognise`]).

pub mod cluster;
pub mod enrolled;
pub mod filter_bank;
pub mod networks;
pub mod pieces;
pub mod recognise;
pub mod turns;
pub mod worker;

//! A session on disk: one folder that holds the tracks, the journal, the transcript and the manifest.
//!
//! ```text
//! 2026-03-14_0930_weekly-sync/
//!   session.json      manifest: title, start, sources, takes, clock models, account; replaced atomically
//!   events.jsonl      append-only journal; a line follows the durability of what it describes
//!   tracks/alice.wav  further takes alice.2.wav …
//!   tracks/alice.levels  how loud it is, every 10 ms; derived, may be deleted
//!   transcript.jsonl  an utterance a line; the last revision of an id counts
//!   voices.jsonl     the voices that were told apart, a voice a line; may be written anew
//!   summary.json     what a model made of the text, as far as the text says it
//!   minutes.md
//! ```

pub mod account;
pub mod amend;
pub mod details;
pub mod disk;
pub mod erased;
pub mod final_pass;
pub mod folder;
pub mod heard;
pub mod hiding;
pub mod journal;
pub mod levels;
pub mod line_tail;
pub mod lines;
pub mod lock;
pub mod manifest;
pub mod mark;
pub mod names;
pub mod naming;
pub mod people;
pub mod read;
pub mod reading;
pub mod shared;
pub mod summary;
pub mod tail;
pub mod texted;
pub mod times;
pub mod voices;
pub mod wav;

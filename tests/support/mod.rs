//! What tests share: the program in a home of its own, a session in this process, sound, and the stage on
//! which a meeting is played.

// Each binary uses a part of it.
#![allow(dead_code)]

pub mod asr;
pub mod chat;
pub mod copy;
#[cfg(unix)]
pub mod home;
pub mod live;
#[cfg(unix)]
pub mod said;
pub mod session;
pub mod sound;
pub mod speech;
pub mod stage;
#[cfg(target_os = "linux")]
pub mod terminal;

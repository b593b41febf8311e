//! The program from outside, and the files that it leaves: every verb, settings, models, exports, damaged
//! sessions. No test here needs a sound card.

mod cli;
mod cli_config;
mod demo_parts;
#[cfg(target_os = "linux")]
mod dev_plan;
mod export;
mod hostile;
mod models;
#[cfg(target_os = "linux")]
mod packages;
#[cfg(unix)]
mod serve;
mod speech;
mod support;
mod verify;
mod voices;
mod worker;

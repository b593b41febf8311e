//! The command line from outside: the real program, in a home of its own, as users and scripts call it. No
//! test needs a sound card; those that need a speech model or speech say so in a line where `../shared` is
//! absent.

#![cfg(unix)]

mod account;
mod accuracy;
mod alarms;
mod arrivals;
mod complete;
mod control;
mod described;
mod desktop;
mod disk;
mod doctor;
mod edit;
mod editing;
mod enrolled;
mod files;
mod final_pass;
mod first_run;
mod http;
mod keys;
mod language;
mod marks;
mod mcp;
mod meanwhile;
mod moved;
mod naming;
mod odd_files;
mod old_session;
mod recogniser;
mod record;
mod retention;
mod rm;
mod search;
mod signals;
#[cfg(target_os = "linux")]
mod stalled;
mod step_by_step;
mod summarize;
mod transcribe;
mod verbs;
mod view;
mod wide;

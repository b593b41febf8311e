//! Summaries: what a chat server makes of a session's text, and of that only what the text says ([`verify`]).

pub mod verify;

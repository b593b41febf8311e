//! Servers of other people's programs, which are asked over HTTP: what is the same for all of them. What is
//! asked, and what an answer means, is each asker's own business:
//! [`recognisers::http`](crate::recognisers::http) for sound, [`summaries`](crate::summaries) for text.
//!
//! Promises: nothing goes to any other computer than the one that was named (no redirect is followed, and
//! what stays on this computer goes through no proxy); the key is shown nowhere; an answer is bounded in size
//! and time. Refuses to ask twice by itself.

pub mod answer;
pub mod client;
pub mod key;
pub mod patience;

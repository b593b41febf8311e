//! The terminal view of a recording: what is heard, what is safe, what is wrong, what is said, and keys to
//! steer it with.
//!
//! Promises: it is a listener. Nothing of a recording ever waits for it, and where it fails the recording
//! goes on without it ([`Front`]). The terminal is as it was, whatever ends the view: a key, a signal, a
//! panic. What others write to stderr meanwhile is shown and kept. State and drawing are pure ([`View`],
//! [`draw()`]); no state is told by a colour alone, and what comes from outside (names, text) can't drive the
//! terminal.
//!
//! Refuses to decide anything: what a key asks for is an [`Ask`], which the caller carries out.

use crate::control::Request;

mod alarms;
mod draw;
mod front;
mod meter;
mod mode;
mod page;
mod press;
mod screen;
mod stray;
#[cfg(test)]
mod tests;
mod told;
mod transcript;
mod view;

pub use draw::draw;
pub use front::{Fit, Front, Input, Left, fits};
pub use told::{NewsFeed, Told, of_json};
pub use view::View;

/// What somebody at the keyboard wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Something that a running recording is asked.
    Request(Request),
    /// Call somebody otherwise.
    Rename {
        /// Id of their voice, where voices are told apart.
        voice: Option<String>,
        /// As the view shows it.
        from: String,
        /// As it is to be.
        to: String,
    },
    /// End the recording.
    End,
    /// Leave the view; the recording goes on. Only where somebody watches.
    Leave,
    /// The view has failed, for this reason, and is gone.
    Failed(String),
}

/// How the view is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether colours are wanted: the 16 that every terminal has a name for.
    pub colour: bool,
    /// What the keys may do.
    pub keys: Keys,
    /// Address of the page of this recording, if it has one: the help shows it.
    pub page: Option<&'static str>,
}

/// What the keys may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// All; the recorder is this process.
    Own,
    /// All; the recorder is another process, which goes on without us.
    Remote,
    /// Scroll and search.
    Look,
}

impl Options {
    /// With colours where the user wants any: `NO_COLOR`, `CLICOLOR_FORCE` and `CLICOLOR=0` count, in this
    /// order.
    pub fn new(keys: Keys) -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let is_zero = |name: &str| set(name).is_some_and(|value| value == "0");
        let forced = set("CLICOLOR_FORCE").is_some() && !is_zero("CLICOLOR_FORCE");
        Self { colour: set("NO_COLOR").is_none() && (forced || !is_zero("CLICOLOR")), keys, page: None }
    }
}

//! What the keys are for at the moment.

use ratatui_textarea::TextArea;

use crate::session::mark::{Mark, MarkKind};

/// What a list offers to be chosen by.
pub(super) const CHOICES: &str = "123456789abcdefghijklmnopqrstuvwxyz";

/// What the keys are for at the moment.
#[derive(Debug)]
pub(super) enum Mode {
    Normal,
    Help,
    /// Words are typed.
    Typing(Typing, Box<TextArea<'static>>),
    /// One of these is chosen.
    Choosing(Choosing, Vec<String>),
    /// A question stands since then; the mode before it comes back where it is denied.
    Asking(Question, f64, Box<Mode>),
}

/// What words are typed for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Typing {
    Mark { kind: Option<MarkKind>, at: f64 },
    Remark(Mark),
    Name { from: String },
    Search,
}

/// What is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choosing {
    /// Whom to call otherwise.
    Name,
    /// Which source is to be muted, or heard again.
    Mute,
}

/// What is asked before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Pause,
    End,
}

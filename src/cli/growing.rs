//! Lines at the bottom of a terminal that change where they stand: bars, and what somebody types. Everything
//! else is written above them. Where stderr is not a terminal there are none.

use std::io::IsTerminal as _;
use std::sync::{LazyLock, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Columns of a terminal that doesn't say how many it has.
const COLUMNS: usize = 80;

/// What the process shows at the bottom of its terminal, on stderr.
static SCREEN: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Whether somebody can see such lines.
pub(super) fn is_shown() -> bool {
    std::io::stderr().is_terminal()
}

/// Writes something above them.
pub(super) fn above<R>(write: impl FnOnce() -> R) -> R {
    if is_shown() { SCREEN.suspend(write) } else { write() }
}

/// What somebody types stands below all else.
static TYPED: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// A bar at the bottom of the terminal, beside the lines.
pub(super) fn add(bar: ProgressBar) -> ProgressBar {
    match &*TYPED.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(typed) => SCREEN.insert_before(typed, bar),
        None => SCREEN.add(bar),
    }
}

/// Takes a bar away.
pub(super) fn clear(bar: &ProgressBar) {
    bar.finish_and_clear();
    SCREEN.remove(bar);
}

/// The line that somebody is typing, below the others; there is one keyboard. Taken away when this is
/// dropped.
#[derive(Debug, Default)]
#[cfg_attr(not(unix), allow(dead_code))] // Keys are read on Unix only.
pub(super) struct Typed {
    is_shown: bool,
}

impl Typed {
    /// Shows it as it stands; none is taken away.
    #[cfg_attr(not(unix), allow(dead_code))]
    pub(super) fn show(&mut self, text: Option<String>) {
        let mut typed = TYPED.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_shown = text.is_some();
        match text {
            Some(text) => {
                let new = || SCREEN.add(ProgressBar::new_spinner().with_style(style()));
                let bar = typed.get_or_insert_with(new);
                bar.set_message(text);
                // However fast somebody types, the last letter is to be seen.
                bar.force_draw();
            }
            None => {
                if let Some(bar) = typed.take() {
                    clear(&bar);
                }
            }
        }
    }
}

impl Drop for Typed {
    fn drop(&mut self) {
        if self.is_shown {
            self.show(None);
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Columns of the terminal.
pub(super) fn columns() -> usize {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(std::io::stderr())
        && size.ws_col > 0
    {
        return size.ws_col.into();
    }
    COLUMNS
}

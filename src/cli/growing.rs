//! Lines at the bottom of a terminal that grow while somebody speaks, one a speaker; everything else is
//! written above them. Where stderr is not a terminal there are none.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{LazyLock, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthChar as _;

use crate::base::utterance::Utterance;

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

/// The lines that grow, by track.
#[derive(Debug, Default)]
pub(super) struct Growing {
    lines: Mutex<BTreeMap<String, Line>>,
}

#[derive(Debug)]
struct Line {
    id: String,
    start: f64,
    bar: ProgressBar,
}

impl Growing {
    /// Shows a line as far as it goes; one without words is taken away.
    pub(super) fn show(&self, utterance: &Utterance) {
        if !is_shown() {
            return;
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if utterance.text.is_empty() {
            take_away(lines.remove(&utterance.track));
            return;
        }
        let line = lines.entry(utterance.track.clone()).or_insert_with(|| Line {
            id: String::new(),
            start: 0.0,
            bar: add(ProgressBar::new_spinner().with_style(style())),
        });
        (line.id, line.start) = (utterance.id.clone(), utterance.start);
        let columns = columns().saturating_sub(1);
        line.bar.set_message(fitting(&utterance.speaker, &utterance.text, columns));
    }

    /// The finished line is there.
    pub(super) fn finished(&self, utterance: &Utterance) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |line: &Line| line.id == utterance.id || line.start < utterance.end;
        if lines.get(&utterance.track).is_some_and(is_it) {
            take_away(lines.remove(&utterance.track));
        }
    }
}

fn take_away(line: Option<Line>) {
    if let Some(line) = line {
        clear(&line.bar);
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

/// Who speaks and the last words that fit into that many columns.
fn fitting(speaker: &str, text: &str, columns: usize) -> String {
    let width = |text: &str| text.chars().map(|c| c.width().unwrap_or(0)).sum::<usize>();
    let whole = format!("{speaker}: {text} …");
    if width(&whole) <= columns {
        return whole;
    }
    let mut room = columns.saturating_sub(width(speaker) + width(": …  …"));
    let mut from = text.len();
    for (at, word) in text.split_word_bound_indices().rev() {
        let needs = width(word);
        if needs > room {
            break;
        }
        room -= needs;
        from = at;
    }
    format!("{speaker}: … {} …", text[from..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_shows_its_end() {
        assert_eq!(fitting("Ann", "so it goes", 40), "Ann: so it goes …");
        let cut = fitting("Ann", "one two three four five six seven", 24);
        assert_eq!(cut, "Ann: … five six seven …");
        assert_eq!(fitting("Ann", "one", 2), "Ann: …  …", "no room for anything");
    }
}

//! The title of a terminal's window: seen whatever lies over the text, and in the list of windows. Pure.

use super::text;

/// The terminal keeps the title that it has, if it can.
pub const KEEP: &str = "\x1b[22;2t";
/// It has the title again that it kept; one that keeps none has none.
pub const GIVE_BACK: &str = "\x1b]2;\x07\x1b[23;2t";

/// Columns of a meeting's name in it.
const COLUMNS: usize = 60;

/// How the meeting goes, as a title tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Recording,
    Paused,
    /// Nothing is recorded any more, and all of it is on the disk.
    Safe,
    /// Nobody knows: the recorder says nothing.
    Unknown,
}

/// What makes a terminal show how the meeting called `title` goes.
pub fn set(state: State, title: &str) -> String {
    let state = match state {
        State::Recording => "● REC",
        State::Paused => "❚❚ PAUSED",
        State::Safe => "safe:",
        State::Unknown => "? NO NEWS",
    };
    let title = text::fit(&text::clean(title), COLUMNS);
    let space = if title.is_empty() { "" } else { " " };
    format!("\x1b]2;{state}{space}{title}\x07")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_what_is_going_on_and_can_not_drive_the_terminal() {
        assert_eq!(set(State::Recording, "Weekly"), "\x1b]2;● REC Weekly\x07");
        assert!(set(State::Paused, "").ends_with("PAUSED\x07"));
        let odd = set(State::Safe, "a\x07\x1b]2;b\x1b\\");
        assert_eq!(odd.matches(['\x07', '\x1b']).count(), 2, "{odd:?}");
    }
}

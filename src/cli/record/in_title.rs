//! The state "recording" in the title of the terminal's window, where it is seen whatever lies over the text
//! and in the list of windows.

use std::io::{self, IsTerminal as _, Write as _};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::base::text;
use crate::live::{News, Stage, Subscription};
use crate::session::journal::Event;

/// The last title is offered to the terminal for this long, looked at this often.
const AT_END: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(5);
/// Columns of a meeting's name in it.
const COLUMNS: usize = 60;

/// A thread that keeps the title until the news are over.
pub(super) struct InTitle(JoinHandle<()>);

impl InTitle {
    /// Shows how the meeting called `title` goes. `None` where nobody looks at a terminal.
    pub(super) fn follow(mut news: Subscription, title: &str) -> Option<Self> {
        let is_plain = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
        if !io::stderr().is_terminal() || is_plain {
            return None;
        }
        let title = text::fit(&text::clean(title), COLUMNS);
        let title = if title.is_empty() { title } else { format!(" {title}") };
        let show = move || {
            // The terminal keeps the title that it had, if it can, and gets it back.
            tell("\x1b[22;2t");
            tell(&of(State::Recording, &title));
            while let Some(news) = news.wait() {
                if let Some(state) = State::after(&news) {
                    tell(&of(state, &title));
                }
            }
            tell("\x1b]2;\x07\x1b[23;2t");
        };
        std::thread::Builder::new().name("title".into()).spawn(show).ok().map(Self)
    }

    /// The news are over. A terminal that takes nothing is not waited for.
    pub(super) fn end(self) {
        let until = Instant::now() + AT_END;
        while !self.0.is_finished() && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        if self.0.is_finished() && self.0.join().is_err() {
            tracing::error!("the thread of the window's title panicked");
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Recording,
    Paused,
    Safe,
}

impl State {
    /// What these news change, if anything.
    fn after(news: &News) -> Option<Self> {
        match news {
            News::Event(line) => match line.event {
                Event::Paused { .. } => Some(Self::Paused),
                Event::Resumed { .. } => Some(Self::Recording),
                _ => None,
            },
            News::Stage(Stage::Safe) => Some(Self::Safe),
            _ => None,
        }
    }
}

/// What makes a terminal show it.
fn of(state: State, title: &str) -> String {
    let state = match state {
        State::Recording => "● REC",
        State::Paused => "❚❚ PAUSED",
        State::Safe => "safe:",
    };
    format!("\x1b]2;{state}{title}\x07")
}

/// A terminal that is gone is told nothing.
fn tell(text: &str) {
    let mut out = io::stderr().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_what_is_going_on() {
        assert_eq!(of(State::Recording, " Weekly"), "\x1b]2;● REC Weekly\x07");
        assert!(of(State::Paused, "").contains("PAUSED"));
        assert_eq!(State::after(&News::Stage(Stage::Safe)), Some(State::Safe));
    }
}

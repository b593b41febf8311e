//! The state "recording" in the title of the terminal's window, where lines are printed; the view sees to
//! that itself.

use std::io::{self, IsTerminal as _, Write as _};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::base::window_title::{self, State};
use crate::live::{News, Stage, Subscription};
use crate::session::journal::Event;

/// The last title is offered to the terminal for this long, looked at this often.
const AT_END: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(5);

/// A thread that keeps the title until the news are over.
pub(super) struct InTitle(JoinHandle<()>);

impl InTitle {
    /// Shows how the meeting called `title` goes. `None` where nobody looks at a terminal.
    pub(super) fn follow(mut news: Subscription, title: &str) -> Option<Self> {
        let is_plain = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
        if !io::stderr().is_terminal() || is_plain {
            return None;
        }
        let title = title.to_owned();
        let show = move || {
            tell(window_title::KEEP);
            tell(&window_title::set(State::Recording, &title));
            while let Some(news) = news.wait() {
                if let Some(state) = after(&news) {
                    tell(&window_title::set(state, &title));
                }
            }
            tell(window_title::GIVE_BACK);
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

/// What these news change, if anything.
fn after(news: &News) -> Option<State> {
    match news {
        News::Event(line) => match line.event {
            Event::Paused { .. } => Some(State::Paused),
            Event::Resumed { .. } => Some(State::Recording),
            _ => None,
        },
        News::Stage(Stage::Safe) => Some(State::Safe),
        _ => None,
    }
}

/// A terminal that is gone is told nothing.
fn tell(text: &str) {
    let mut out = io::stderr().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

//! Keys in `record`'s own terminal: a letter begins a mark, whose words are typed in the last line; another
//! one pauses.
//!
//! Only where a person sits there: stdin and stderr are a terminal, and while we are in its foreground. A
//! thread of its own reads, so that nobody's typing holds the recording up, and nothing that was typed is
//! lost: what stands in the line when the recording ends is set, too.
//!
//! The terminal keeps its own handling of lines' ends and of Ctrl-C. It gets its settings back whatever ends
//! this, a panic included. Ctrl-Z and Ctrl-\ reach us as letters: the one stops no recording, which is said;
//! the signal of the other is sent once the terminal has its settings. One that was started in the
//! background has the keys from when it is brought to the foreground.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpgrp, kill_current_process_group};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr,
};
use tokio::sync::mpsc::{Receiver, channel};

use crate::cli::console::say;
use crate::cli::growing::{self, Typed};
use crate::cli::signals::GOES_ON;
use crate::clock::SessionClock;
use crate::session::mark::MarkKind;

mod line;

use line::Line;

/// The reader looks this often whether it is to end, and whether the terminal is as it left it.
const LOOK_MS: i64 = 100;
/// Milliseconds within which what follows an escape belongs to it: terminals send a key's bytes together,
/// people are slower.
const ESCAPE_MS: i64 = 30;
/// Actions that wait for the recorder; with more of them the reader waits.
const WAITING: usize = 16;
/// Ctrl-Z and Ctrl-\, as bytes.
const SUSPEND: u8 = 0x1a;
const QUIT: u8 = 0x1c;
const ESCAPE: u8 = 0x1b;
/// `_POSIX_VDISABLE`: no key does this.
const NO_KEY: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };
/// What there is to press.
const HELP: &str = "keys: d decision, a action, q question, n note, m any mark, P pause and resume";

/// What somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// A mark at the moment at which the key was pressed; without a kind its words may name one.
    Mark { kind: Option<MarkKind>, text: String, at: f64 },
    /// Record nothing from now on.
    Pause,
    /// Go on.
    Resume,
    /// Tell the user this.
    Say(&'static str),
}

/// The keyboard, as long as this lives.
pub(super) struct Keys {
    actions: Receiver<Action>,
    stop: Arc<AtomicBool>,
    /// Gives what stood in the line at last.
    reader: Option<JoinHandle<Option<Action>>>,
}

impl Keys {
    /// Takes the keyboard; `None` where there is none for us.
    pub(super) fn new(clock: SessionClock) -> Option<Self> {
        let terminal = KeysTerminal::new()?;
        let (send, actions) = channel(WAITING);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let read = move || {
            let mut terminal = terminal;
            let (mut line, mut typed, mut shown) = (Line::default(), Typed::default(), None);
            while let Some(bytes) = terminal.read(&stopped) {
                let is_paused = clock.pauses().is_going_on();
                for action in line.feed(&bytes, clock.now().seconds(), is_paused) {
                    if send.blocking_send(action).is_err() {
                        return line.end();
                    }
                }
                let prompt = line.prompt(growing::columns());
                if !bytes.is_empty() || prompt != shown {
                    typed.show(prompt.clone());
                    shown = prompt;
                }
            }
            line.end()
        };
        let reader = std::thread::Builder::new().name("keys".into()).spawn(read);
        let reader = reader.inspect_err(|error| tracing::warn!(%error, "no thread for the keys")).ok()?;
        Some(Self { actions, stop, reader: Some(reader) })
    }

    /// Waits for the next action.
    pub(super) async fn next(&mut self) -> Action {
        match self.actions.recv().await {
            Some(action) => action,
            None => std::future::pending().await,
        }
    }

    /// Gives the terminal back; what was typed and nobody has seen to yet.
    pub(super) fn end(mut self) -> Vec<Action> {
        let last = self.join();
        let mut rest = Vec::new();
        while let Ok(action) = self.actions.try_recv() {
            rest.push(action);
        }
        rest.extend(last);
        rest
    }

    fn join(&mut self) -> Option<Action> {
        self.stop.store(true, Ordering::Release);
        // A reader that waits for room has none to wait for any more.
        self.actions.close();
        self.reader.take()?.join().unwrap_or_else(|_| {
            tracing::error!("the thread that reads the keyboard panicked");
            None
        })
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.join();
    }
}

/// A terminal that hands over each key at once and shows none of them; as it was again when this is dropped,
/// by a panic too.
struct KeysTerminal {
    /// Its settings when it was taken last; `None` if it never was.
    before: Option<Termios>,
}

impl KeysTerminal {
    fn new() -> Option<Self> {
        (isatty(std::io::stdin()) && isatty(std::io::stderr())).then_some(Self { before: None })
    }

    /// Sets it for keys where it is ours and isn't set so: at first, and whenever a shell has brought us
    /// back.
    fn take(&mut self) {
        let line_by_line = LocalModes::ICANON | LocalModes::ECHO;
        if !in_foreground() {
            return;
        }
        let Ok(before) = tcgetattr(std::io::stdin()) else { return };
        if !before.local_modes.intersects(line_by_line) {
            return;
        }
        let mut keys = before.clone();
        keys.local_modes -= line_by_line;
        keys.special_codes[SpecialCodeIndex::VMIN] = 1;
        keys.special_codes[SpecialCodeIndex::VTIME] = 0;
        keys.special_codes[SpecialCodeIndex::VSUSP] = NO_KEY;
        keys.special_codes[SpecialCodeIndex::VQUIT] = NO_KEY;
        if let Err(error) = tcsetattr(std::io::stdin(), OptionalActions::Now, &keys) {
            tracing::warn!(%error, "the terminal can't be set for keys");
        }
        if self.before.replace(before).is_none() {
            say(HELP);
        }
    }

    fn give_back(&self) {
        // In the background the shell has its own settings back.
        if in_foreground()
            && let Some(before) = &self.before
            && let Err(error) = tcsetattr(std::io::stdin(), OptionalActions::Now, before)
        {
            tracing::warn!(%error, "the terminal can't be set as it was");
        }
    }

    /// What was typed within a moment, if anything; `None` if it is over. In the background nothing is read:
    /// what is typed there is the shell's.
    fn read(&mut self, stop: &AtomicBool) -> Option<Vec<u8>> {
        if stop.load(Ordering::Acquire) {
            return None;
        }
        self.take();
        if !wait(LOOK_MS)? {
            return Some(Vec::new());
        }
        if !in_foreground() {
            std::thread::sleep(Duration::from_millis(LOOK_MS as u64));
            return Some(Vec::new());
        }
        let mut bytes = available()?;
        if bytes.last() == Some(&ESCAPE) && wait(ESCAPE_MS)? {
            bytes.extend(available()?);
        }
        if bytes.contains(&SUSPEND) {
            say(format_args!("Ctrl-Z {GOES_ON}"));
        }
        if bytes.contains(&QUIT) {
            self.give_back();
            if let Err(error) = kill_current_process_group(Signal::QUIT) {
                tracing::warn!(%error, "the signal of a key can't be sent");
            }
            // It takes effect within this; else the terminal would be taken once more.
            std::thread::sleep(Duration::from_millis(LOOK_MS as u64));
        }
        Some(bytes)
    }
}

impl Drop for KeysTerminal {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Whether there is something to read within that many milliseconds; `None` if there never will be.
fn wait(ms: i64) -> Option<bool> {
    let stdin = std::io::stdin();
    let time = Timespec { tv_sec: 0, tv_nsec: ms * 1_000_000 };
    match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&time)) {
        Ok(ready) => Some(ready > 0),
        Err(rustix::io::Errno::INTR) => Some(false),
        Err(_) => None,
    }
}

/// What there is to read; `None` if the terminal is gone.
fn available() -> Option<Vec<u8>> {
    let mut bytes = [0; 256];
    match rustix::io::read(std::io::stdin(), &mut bytes) {
        Ok(0) => None,
        Ok(count) => Some(bytes[..count].to_vec()),
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Some(Vec::new()),
        // Somebody else has just got the foreground.
        Err(rustix::io::Errno::IO) if !in_foreground() => Some(Vec::new()),
        Err(_) => None,
    }
}

fn in_foreground() -> bool {
    tcgetpgrp(std::io::stdin()).is_ok_and(|group| group == getpgrp())
}

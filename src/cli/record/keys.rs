//! Keys in `record`'s own terminal: a letter begins a mark, whose words are typed in the last line; another
//! one pauses.
//!
//! Only where a person sits there: stdin and stderr are a terminal and we are in its foreground. A thread of
//! its own reads, so that nobody's typing holds the recording up, and nothing that was typed is lost: what
//! stands in the line when the recording ends is set, too.
//!
//! The terminal keeps its own handling of lines' ends and of Ctrl-C. It gets its settings back whatever ends
//! this, a panic included, and while we are stopped: the keys for that (Ctrl-Z, Ctrl-\) reach us as letters,
//! and their signals are sent once it has them. A user who brings us back to the foreground finds the keys
//! again.

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
use unicode_segmentation::UnicodeSegmentation as _;

use crate::base::text::columns;
use crate::cli::growing::{self, Typed};
use crate::clock::SessionClock;
use crate::session::mark::{MarkKind, TEXT_MAX};

/// The reader looks this often whether it is to end, and whether the terminal is as it left it.
const LOOK_MS: i64 = 100;
/// Milliseconds within which what follows an escape belongs to it: terminals send a key's bytes together,
/// people are slower.
const ESCAPE_MS: i64 = 30;
/// Actions that wait for the recorder; with more of them the reader waits.
const WAITING: usize = 16;
/// Where the next letter comes.
const CURSOR: &str = "_";
/// Beside a line without words.
const HINT: &str = "  (Enter saves it, Esc cancels)";
/// What a mark says that was set without words.
const WORDLESS: &str = "marked";
/// Ctrl-Z and Ctrl-\, as bytes.
const SUSPEND: u8 = 0x1a;
const QUIT: u8 = 0x1c;
const ESCAPE: u8 = 0x1b;
/// `_POSIX_VDISABLE`: no key does this.
const NO_KEY: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };
/// What there is to press.
pub(super) const HELP: &str =
    "keys: d decision, a action, q question, n note, m any mark, p pause and resume";

/// What somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// A mark at the moment at which the key was pressed; without a kind its words may name one.
    Mark { kind: Option<MarkKind>, text: String, at: f64 },
    /// Pause, or go on.
    Pause,
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
            let (mut line, mut typed) = (Line::default(), Typed::default());
            while let Some(bytes) = terminal.read(&stopped) {
                for action in line.feed(&bytes, clock.now().seconds()) {
                    if send.blocking_send(action).is_err() {
                        return line.end();
                    }
                }
                typed.show(line.prompt(growing::columns()));
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
    before: Termios,
}

impl KeysTerminal {
    fn new() -> Option<Self> {
        let stdin = std::io::stdin();
        if !isatty(&stdin) || !isatty(std::io::stderr()) || !in_foreground() {
            return None;
        }
        let terminal = Self { before: tcgetattr(&stdin).ok()? };
        terminal.take();
        Some(terminal)
    }

    /// Sets it for keys where it is ours and isn't set so: at first, and whenever a shell has brought us
    /// back.
    fn take(&self) {
        let line_by_line = LocalModes::ICANON | LocalModes::ECHO;
        if !in_foreground()
            || !tcgetattr(std::io::stdin()).is_ok_and(|is| is.local_modes.intersects(line_by_line))
        {
            return;
        }
        let mut keys = self.before.clone();
        keys.local_modes -= line_by_line;
        keys.special_codes[SpecialCodeIndex::VMIN] = 1;
        keys.special_codes[SpecialCodeIndex::VTIME] = 0;
        keys.special_codes[SpecialCodeIndex::VSUSP] = NO_KEY;
        keys.special_codes[SpecialCodeIndex::VQUIT] = NO_KEY;
        if let Err(error) = tcsetattr(std::io::stdin(), OptionalActions::Now, &keys) {
            tracing::warn!(%error, "the terminal can't be set for keys");
        }
    }

    fn give_back(&self) {
        // From the background the system would stop us; the shell has its own settings back by then.
        if in_foreground()
            && let Err(error) = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before)
        {
            tracing::warn!(%error, "the terminal can't be set as it was");
        }
    }

    /// What was typed; `None` if it is over. In the background nothing is read: a process that did would be
    /// stopped by the system.
    fn read(&self, stop: &AtomicBool) -> Option<Vec<u8>> {
        while !stop.load(Ordering::Acquire) {
            let is_there = wait(LOOK_MS)?;
            // After the wait: a signal that stops us takes effect within it.
            self.take();
            if !is_there {
                continue;
            }
            if !in_foreground() {
                std::thread::sleep(Duration::from_millis(LOOK_MS as u64));
                continue;
            }
            let mut bytes = available()?;
            if bytes.last() == Some(&ESCAPE) && wait(ESCAPE_MS)? {
                bytes.extend(available()?);
            }
            for (byte, signal) in [(SUSPEND, Signal::TSTP), (QUIT, Signal::QUIT)] {
                if bytes.contains(&byte) {
                    self.give_back();
                    if let Err(error) = kill_current_process_group(signal) {
                        tracing::warn!(%error, "the signal of a key can't be sent");
                    }
                }
            }
            return Some(bytes);
        }
        None
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
        Err(_) => None,
    }
}

fn in_foreground() -> bool {
    tcgetpgrp(std::io::stdin()).is_ok_and(|group| group == getpgrp())
}

/// The line that is being typed, if one is. Pure.
#[derive(Debug, Default)]
struct Line {
    /// What it is going to be, since when, and its words so far.
    typing: Option<(Option<MarkKind>, f64, String)>,
    /// Bytes of a character that is not complete.
    partial: Vec<u8>,
}

impl Line {
    /// Takes what was typed at session second `now` in one go.
    fn feed(&mut self, bytes: &[u8], now: f64) -> Vec<Action> {
        let mut actions = Vec::new();
        self.partial.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.partial);
        let mut rest = bytes.as_slice();
        while let Some(&first) = rest.first() {
            if first == ESCAPE {
                rest = self.escape(rest);
                continue;
            }
            let length = match first {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            if rest.len() < length {
                self.partial = rest.to_vec();
                break;
            }
            // What is not a character is ignored.
            if let Some(key) = std::str::from_utf8(&rest[..length]).ok().and_then(|text| text.chars().next())
            {
                actions.extend(self.press(key, now));
            }
            rest = &rest[length..];
        }
        actions
    }

    /// Escape gives the line up; with a bracket behind it in one go it is a key such as an arrow, which does
    /// nothing.
    fn escape<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match bytes.get(1) {
            Some(b'[' | b'O') => {
                let end = bytes[2..].iter().position(|byte| (0x40..=0x7e).contains(byte));
                end.map_or(&[], |end| &bytes[end + 3..])
            }
            _ => {
                self.typing = None;
                &bytes[1..]
            }
        }
    }

    fn press(&mut self, key: char, now: f64) -> Option<Action> {
        let Some((kind, at, text)) = &mut self.typing else { return self.begin(key, now) };
        match key {
            '\r' | '\n' => {
                let (kind, at) = (*kind, *at);
                let words = match text.trim() {
                    // A moment may be worth a mark before anybody has words for it.
                    "" => WORDLESS.to_owned(),
                    words => words.to_owned(),
                };
                self.typing = None;
                return Some(Action::Mark { kind, text: words, at });
            }
            // Backspace, and what some terminals send for it.
            '\u{7f}' | '\u{8}' => {
                let last = text.graphemes(true).next_back().map_or(0, str::len);
                text.truncate(text.len() - last);
            }
            // Ctrl-U and Ctrl-W.
            '\u{15}' => text.clear(),
            '\u{17}' => {
                let words = text.trim_end();
                text.truncate(words.rfind(char::is_whitespace).map_or(0, |space| space + 1));
            }
            // Between the key and the words.
            ' ' if text.is_empty() => {}
            key if !key.is_control() && text.chars().count() < TEXT_MAX => text.push(key),
            _ => {}
        }
        None
    }

    fn begin(&mut self, key: char, now: f64) -> Option<Action> {
        let kind = match key.to_ascii_lowercase() {
            'd' => Some(MarkKind::Decision),
            'a' => Some(MarkKind::Action),
            'q' => Some(MarkKind::Question),
            'n' => Some(MarkKind::Note),
            'm' => None,
            'p' => return Some(Action::Pause),
            _ => return None,
        };
        self.typing = Some((kind, now, String::new()));
        None
    }

    /// Nothing more comes: the words that stand there are a mark.
    fn end(&mut self) -> Option<Action> {
        let (kind, at, text) = self.typing.take()?;
        let text = text.trim().to_owned();
        (!text.is_empty()).then_some(Action::Mark { kind, text, at })
    }

    /// The last line of a terminal of that many columns: the kind, and the end of the words if not all of
    /// them fit; `None` if nobody types.
    fn prompt(&self, width: usize) -> Option<String> {
        let (kind, _, text) = self.typing.as_ref()?;
        let kind = format!("{}: ", kind.map_or("Mark", MarkKind::title));
        let room = width.saturating_sub(kind.len() + CURSOR.len() + 1);
        let hint = if text.is_empty() && HINT.len() <= room { HINT } else { "" };
        let mut shown = text.as_str();
        while columns(shown) > room {
            let first = shown.graphemes(true).next().map_or(shown.len(), str::len);
            shown = &shown[first..];
        }
        Some(kind + shown + CURSOR + hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(kind: MarkKind, text: &str, at: f64) -> Action {
        Action::Mark { kind: Some(kind), text: text.into(), at }
    }

    #[test]
    fn a_mark_is_typed_at_leisure_and_lies_where_its_key_was_pressed() {
        let mut line = Line::default();
        assert_eq!(line.feed(b"xyz\r\n", 1.0), [], "these mean nothing");
        assert_eq!(line.feed(b"d", 2.0), []);
        assert_eq!(line.prompt(80).unwrap(), format!("Decision: _{HINT}"));
        assert_eq!(line.prompt(20).unwrap(), "Decision: _");
        assert_eq!(line.feed("we pay n\u{f6}".as_bytes(), 3.0), []);
        assert_eq!(line.feed("\u{7f}ine pd".as_bytes(), 4.0), [], "letters are letters now");
        assert_eq!(line.feed(b"\x7f\x7f\x7f", 4.0), []);
        assert_eq!(line.prompt(80).unwrap(), "Decision: we pay nine_");
        assert_eq!(line.prompt(20).unwrap(), "Decision: pay nine_");
        assert_eq!(line.feed(b"\r", 9.0), [mark(MarkKind::Decision, "we pay nine", 2.0)]);
        assert_eq!(line.prompt(80), None);
        assert_eq!(line.feed(b"pa x\ry", 10.0), [Action::Pause, mark(MarkKind::Action, "x", 10.0)]);
    }

    #[test]
    fn what_is_given_up_is_no_mark_and_no_bytes_break_it() {
        let mut line = Line::default();
        assert_eq!(line.feed(b"q why", 1.0), []);
        assert_eq!(line.feed(b"\x1b[A\x1bOP\x1b[1;5C", 1.0), [], "arrows");
        assert_eq!(line.prompt(80).unwrap(), "Question: why_");
        assert_eq!(line.feed(b"\x1b", 1.0), []);
        assert_eq!(line.prompt(80), None);
        assert_eq!(line.feed(b"dx\x1bax\r", 1.0), [mark(MarkKind::Action, "x", 1.0)], "in one go");
        assert_eq!(line.feed(b"n  \r", 2.0), [mark(MarkKind::Note, WORDLESS, 2.0)]);
        assert_eq!(line.feed(b"\x1a\x1c\x03", 2.0), [], "signals' keys");
        // A character that comes in two pieces.
        assert_eq!(line.feed(b"n\xf0\x9f", 3.0), []);
        assert_eq!(
            line.feed(b"\x8e\x89\xff\xc3x one two\x17\r", 3.0),
            [mark(MarkKind::Note, "\u{1f389} one", 3.0)]
        );
        assert_eq!(line.feed(b"nabc\x15\x1b[", 4.0), []);
        assert_eq!(line.prompt(3).unwrap(), "Note: _");
        assert_eq!(line.end(), None, "there are no words");
        assert_eq!(line.feed(b"m left ", 5.0), []);
        assert_eq!(line.end(), Some(Action::Mark { kind: None, text: "left".into(), at: 5.0 }));
        assert_eq!((line.end(), line.prompt(80)), (None, None));
    }
}

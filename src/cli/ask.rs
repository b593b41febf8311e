//! Questions to a person at a terminal, an answer a line. Something may go on above the line meanwhile.
//!
//! The terminal hands over each key as long as a question stands, and has its own settings at all other
//! times; it gets them back whatever ends the question, a panic included. A signal gives all questions up.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use unicode_segmentation::UnicodeSegmentation as _;

use super::growing::{self, Typed};
use super::signals::Signals;
use crate::base::text::columns;

/// What goes on beside a question is shown anew this often.
const LOOK: Duration = Duration::from_millis(50);
/// Letters of the longest answer: a path.
const ANSWER_MAX: usize = 4_096;

/// Somebody, or something, ended the questions.
#[derive(Debug, thiserror::Error)]
#[error("{0}: given up")]
pub(super) struct GivenUp(String);

/// A person who can be asked.
pub(super) struct Asker {
    signals: Signals,
    /// What was typed after the last answer.
    ahead: Vec<u8>,
}

impl Asker {
    /// Whether somebody sits at a terminal.
    pub(super) fn is_possible() -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// From here on signals end a question, or what is watched, and nothing else.
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self { signals: Signals::new().context("can't take signals over")?, ahead: Vec::new() })
    }

    /// Yes or no; Enter alone is `default`.
    pub(super) fn yes(&mut self, prompt: &str, default: bool) -> anyhow::Result<bool> {
        loop {
            let answer = self.line(prompt, || {})?;
            match answer.to_lowercase().as_str() {
                "" => return Ok(default),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => tell("Please type y or n, or Enter alone for the capital one."),
            }
        }
    }

    /// Does something that may take long, unless a signal comes.
    pub(super) fn watched<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let (send, done) = std::sync::mpsc::channel();
        // Left alone where it is given up: it may hang in the sound system or the network, and we end.
        std::thread::Builder::new().name("watched".into()).spawn(move || drop(send.send(work())))?;
        loop {
            match done.try_recv() {
                Ok(result) => return Ok(result),
                Err(std::sync::mpsc::TryRecvError::Empty) => self.unless_given_up(LOOK)?,
                Err(std::sync::mpsc::TryRecvError::Disconnected) => {
                    anyhow::bail!("a part of the work failed")
                }
            }
        }
    }

    fn unless_given_up(&mut self, wait: Duration) -> Result<(), GivenUp> {
        match self.signals.wait(wait) {
            Some(signal) => Err(GivenUp(signal.into())),
            None => Ok(()),
        }
    }

    /// An answer without spaces around it; `beside` is called some times a second while it is waited for.
    #[cfg(unix)]
    pub(super) fn line(&mut self, prompt: &str, mut beside: impl FnMut()) -> anyhow::Result<String> {
        let _keys = keys::Keys::take().context("the terminal can't be set for questions")?;
        let (mut typed, mut answer) = (Typed::default(), Vec::new());
        let answer = loop {
            if let Some(end) = feed(&mut answer, &mut self.ahead)? {
                break end;
            }
            beside();
            typed.show(Some(fitting(prompt, &String::from_utf8_lossy(&answer), growing::columns())));
            self.unless_given_up(Duration::ZERO)?;
            self.ahead.extend(keys::read(LOOK).ok_or_else(|| GivenUp("the terminal is gone".into()))?);
        };
        drop(typed);
        tell(format_args!("{prompt}{answer}"));
        Ok(answer.trim().to_owned())
    }

    /// An answer without spaces around it. Here nothing goes on beside it.
    #[cfg(not(unix))]
    pub(super) fn line(&mut self, prompt: &str, mut beside: impl FnMut()) -> anyhow::Result<String> {
        beside();
        let mut stderr = std::io::stderr();
        write!(stderr, "{prompt}").and_then(|()| stderr.flush())?;
        let line = self.watched(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|count| (count, line))
        })??;
        match line {
            (0, _) => Err(GivenUp("the terminal is gone".into()).into()),
            (_, line) => Ok(line.trim().to_owned()),
        }
    }
}

/// A line above whatever is at the bottom of the terminal; one that nobody reads stops nothing.
pub(super) fn tell(text: impl std::fmt::Display) {
    let _nobody_reads = growing::above(|| writeln!(std::io::stderr(), "{text}"));
}

/// Takes typed bytes into an answer; gives it once Enter was pressed, and leaves what was typed after it.
fn feed(answer: &mut Vec<u8>, typed: &mut Vec<u8>) -> Result<Option<String>, GivenUp> {
    while !typed.is_empty() {
        let byte = typed.remove(0);
        match byte {
            b'\r' | b'\n' => {
                let text = String::from_utf8_lossy(answer);
                return Ok(Some(text.chars().filter(|c| !c.is_control()).collect()));
            }
            // Backspace takes what people see as one letter.
            0x08 | 0x7f => {
                let text = String::from_utf8_lossy(answer).into_owned();
                let last = text.graphemes(true).next_back().map_or(0, str::len);
                *answer = text.as_bytes()[..text.len() - last].to_vec();
            }
            // Ctrl-U.
            0x15 => answer.clear(),
            // Ctrl-D.
            0x04 if answer.is_empty() => return Err(GivenUp("Ctrl-D".into())),
            // An arrow key, or another that means nothing here: a terminal sends its bytes together.
            0x1b => typed.clear(),
            byte if byte >= 0x20 && answer.len() < ANSWER_MAX => answer.push(byte),
            _ => {}
        }
    }
    Ok(None)
}

/// The prompt and the end of what was typed, as far as there is room.
fn fitting(prompt: &str, answer: &str, room: usize) -> String {
    let mut from = 0;
    for (at, _) in answer.grapheme_indices(true) {
        from = at;
        if columns(prompt) + columns(&answer[from..]) + 1 < room {
            break;
        }
    }
    format!("{prompt}{}_", &answer[from..])
}

#[cfg(unix)]
mod keys {
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

    /// `_POSIX_VDISABLE`: no key does this.
    const NO_KEY: u8 = if cfg!(target_os = "linux") { 0 } else { 0xff };

    /// A terminal that hands over each key at once and shows none of them, as long as this lives. Ctrl-C is a
    /// signal still; no key stops the process, which would leave the terminal so.
    pub(super) struct Keys {
        before: Termios,
    }

    impl Keys {
        pub(super) fn take() -> rustix::io::Result<Self> {
            let before = tcgetattr(std::io::stdin())?;
            let mut keys = before.clone();
            keys.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            keys.special_codes[SpecialCodeIndex::VMIN] = 1;
            keys.special_codes[SpecialCodeIndex::VTIME] = 0;
            keys.special_codes[SpecialCodeIndex::VSUSP] = NO_KEY;
            keys.special_codes[SpecialCodeIndex::VQUIT] = NO_KEY;
            tcsetattr(std::io::stdin(), OptionalActions::Now, &keys)?;
            Ok(Self { before })
        }
    }

    impl Drop for Keys {
        fn drop(&mut self) {
            if let Err(error) = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before) {
                tracing::warn!(%error, "the terminal can't be set as it was");
            }
        }
    }

    /// What was typed within that time; `None` if the terminal is gone.
    pub(super) fn read(within: Duration) -> Option<Vec<u8>> {
        let stdin = std::io::stdin();
        let time = Timespec { tv_sec: 0, tv_nsec: within.as_nanos() as i64 };
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&time)) {
            Ok(0) | Err(Errno::INTR) => return Some(Vec::new()),
            Ok(_) => {}
            Err(_) => return None,
        }
        let mut bytes = [0; 256];
        match rustix::io::read(&stdin, &mut bytes) {
            Ok(0) => None,
            Ok(count) => Some(bytes[..count].to_vec()),
            Err(Errno::INTR | Errno::AGAIN) => Some(Vec::new()),
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(typed: &[u8]) -> (Option<String>, Vec<u8>) {
        let (mut ahead, mut answer) = (typed.to_vec(), Vec::new());
        let given = feed(&mut answer, &mut ahead).unwrap();
        (given, ahead)
    }

    #[test]
    fn what_is_typed_becomes_an_answer() {
        assert_eq!(
            answer("1 Ann\u{e9}x\u{7f}\nnext".as_bytes()),
            (Some("1 Ann\u{e9}".into()), b"next".to_vec())
        );
        assert_eq!(answer(b"wrong\x15right\r").0.unwrap(), "right");
        assert_eq!(answer(b"a\x1b[A").0, None, "an arrow is no letter");
        assert_eq!(answer("\u{1f468}\u{200d}\u{1f469}\u{7f}b\n".as_bytes()).0.unwrap(), "b");
        assert!(feed(&mut Vec::new(), &mut vec![4]).is_err(), "Ctrl-D");
    }

    #[test]
    fn the_end_of_a_long_answer_is_seen() {
        assert_eq!(fitting("Name: ", "Ann", 40), "Name: Ann_");
        assert_eq!(fitting("Name: ", "0123456789", 12), "Name: 6789_");
    }
}

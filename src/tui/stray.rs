//! What programs and libraries write to stderr while the view has the terminal: sound systems do so. It would
//! stand in the middle of the picture; instead it goes through a pipe, is shown by the view and kept for the
//! log.
//!
//! Whoever writes never waits for the view: the pipe is always read on.

use std::io::{self, BufRead as _, BufReader, IsTerminal as _, PipeReader, Read as _};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::text::clean;

/// Lines that are kept for the log.
const KEPT_MAX: usize = 500;
/// Bytes of a line; longer ones are cut into several.
const LINE_BYTES_MAX: u64 = 2_000;

/// Stderr, as long as this lives.
pub(super) struct Strays {
    before: OwnedFd,
    shared: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    lines: Vec<String>,
    left_out: u64,
    /// Stderr has been given back: what still comes goes to the log at once.
    over: bool,
}

impl Strays {
    /// Takes stderr, if it is the terminal. `told` is called with each line, and `log` with what comes later:
    /// a child that was started meanwhile keeps writing where it began to.
    pub(super) fn begin(
        told: impl Fn(&str) + Send + 'static,
        log: impl Fn(&str) + Send + 'static,
    ) -> io::Result<Option<Self>> {
        if !io::stderr().is_terminal() {
            return Ok(None);
        }
        let (reader, writer) = io::pipe()?;
        let before = rustix::io::fcntl_dupfd_cloexec(io::stderr(), 3)?;
        let shared = Arc::<Mutex<Kept>>::default();
        let kept = Arc::clone(&shared);
        // Not joined: it ends with the last one who writes.
        std::thread::Builder::new()
            .name("stderr-view".into())
            .spawn(move || read(reader, &kept, &told, &log))?;
        rustix::stdio::dup2_stderr(&writer)?;
        Ok(Some(Self { before, shared }))
    }

    /// Gives stderr back: the lines that were written meanwhile.
    pub(super) fn end(self) -> Vec<String> {
        self.give_back();
        let mut kept = locked(&self.shared);
        let mut lines = std::mem::take(&mut kept.lines);
        if kept.left_out > 0 {
            lines.insert(0, format!("({} earlier lines are left out)", kept.left_out));
        }
        lines
    }

    fn give_back(&self) {
        if let Err(error) = rustix::stdio::dup2_stderr(&self.before) {
            tracing::error!(%error, "stderr can't be given back");
        }
        locked(&self.shared).over = true;
    }
}

impl Drop for Strays {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn read(reader: PipeReader, kept: &Mutex<Kept>, told: &impl Fn(&str), log: &impl Fn(&str)) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while matches!(reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line), Ok(1..)) {
        let text = plain(&String::from_utf8_lossy(&line));
        line.clear();
        if text.is_empty() {
            continue;
        }
        let mut kept = locked(kept);
        if kept.over {
            drop(kept);
            log(&text);
            continue;
        }
        if kept.lines.len() == KEPT_MAX {
            kept.lines.remove(0);
            kept.left_out += 1;
        }
        kept.lines.push(text.clone());
        drop(kept);
        told(&text);
    }
}

/// Without what drives a terminal: colours of a log, above all.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\u{1b}' if signs.clone().next() == Some('[') => {
                // Up to its last letter; it itself is the bracket's.
                let _last = signs.by_ref().skip(1).find(|sign| ('@'..='~').contains(sign));
            }
            sign => text.push(sign),
        }
    }
    clean(&text)
}

fn locked(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_log_loses_its_colours_and_drives_nothing() {
        let line = "\u{1b}[2m2026\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m hansard: so\tit\u{7} goes\u{1b}[";
        assert_eq!(plain(line), "2026 WARN hansard: so it goes");
        assert_eq!(plain("\u{1b}]0;title\u{7}"), "]0;title");
    }
}

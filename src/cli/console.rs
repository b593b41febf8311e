//! Stdout and stderr of a process that must go on whatever becomes of its readers.
//!
//! Once [`start`]ed, each stream is written by a thread of its own and nobody else ever waits for it. Lines
//! wait in a bounded queue: status lines are dropped as soon as others wait, of the rest the oldest, and how
//! many is said. At the end the last words are offered for a while ([`end`]), then dropped. Before the start,
//! and in verbs that have nothing to lose, lines are written in place.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::growing;

/// Lines that wait for a reader: some minutes of notices.
const WAITING_MAX: usize = 512;

/// The streams, once they have threads.
static STREAMS: OnceLock<[Arc<Stream>; 2]> = OnceLock::new();

/// One of the streams.
struct Stream {
    queue: Mutex<Queue>,
    changed: Condvar,
    write: fn(&str) -> io::Result<()>,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<Line>,
    /// A line is being written.
    busy: bool,
    /// Lines that nobody read in time, since the last one that was written.
    dropped: u64,
    /// Nothing more is taken.
    ended: bool,
}

struct Line {
    text: String,
    /// It is dropped before others.
    passing: bool,
}

/// From now on both streams have a thread of their own: one, however often this is called, as two would write
/// lines in any order.
pub(super) fn start() {
    STREAMS.get_or_init(|| {
        let streams = [write_out as fn(&str) -> io::Result<()>, write_err]
            .map(|write| Arc::new(Stream { queue: Mutex::default(), changed: Condvar::new(), write }));
        write_on_threads(&streams);
        streams
    });
}

fn write_on_threads(streams: &[Arc<Stream>; 2]) {
    for (stream, name) in streams.iter().zip(["stdout", "stderr"]) {
        let stream = Arc::clone(stream);
        // Not joined: it may wait for its reader for ever, and ends with the process.
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || stream.run());
        if let Err(error) = thread {
            tracing::warn!(%error, name, "no thread for this stream: nothing is shown there");
        }
    }
}

/// Offers what still waits to its readers until `patience` is over; the rest is dropped.
pub fn end(patience: Duration) {
    let until = Instant::now() + patience;
    for stream in STREAMS.get().into_iter().flatten() {
        stream.end(until);
    }
}

/// Waits until both streams have written what they were given, up to `patience`.
#[cfg_attr(not(unix), allow(dead_code))] // The view is there on Unix only.
pub(super) fn flush(patience: Duration) {
    let until = Instant::now() + patience;
    for stream in STREAMS.get().into_iter().flatten() {
        drop(stream.wait_for_idle(until));
    }
}

/// A line to the user, on stderr. One that nobody reads does not stop us.
pub fn say(text: impl Display) {
    err(format!("hansard: {text}\n"), false);
}

/// A line that says how it goes: the next one says it again.
pub(super) fn status(text: impl Display) {
    err(format!("hansard: {text}\n"), true);
}

fn err(text: String, passing: bool) {
    match STREAMS.get() {
        Some([_, stream]) => stream.offer(text, passing),
        None => drop(write_err(&text)),
    }
}

/// A line on stdout, for a thread that may wait for its reader.
pub(super) fn print_waiting(line: &str) {
    match STREAMS.get() {
        Some([stream, _]) => stream.offer_when_there_is_room(format!("{line}\n")),
        None => print_result(line),
    }
}

/// The result's line on stdout. That nobody reads it changes nothing of how the work went.
pub(super) fn print_result(line: impl Display) {
    let line = format!("{line}\n");
    if let Some([stream, _]) = STREAMS.get() {
        stream.offer(line, false);
    } else if let Err(error) = write_out(&line)
        && error.kind() != ErrorKind::BrokenPipe
    {
        say(format_args!("can't write to stdout: {error}"));
    }
}

/// Where the log goes: to stderr, in the same order as all else.
#[derive(Debug, Clone, Copy, Default)]
pub struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match STREAMS.get() {
            Some([_, stream]) => stream.offer(String::from_utf8_lossy(bytes).into_owned(), false),
            None => io::stderr().write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_out(text: &str) -> io::Result<()> {
    growing::above(|| {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    })
}

fn write_err(text: &str) -> io::Result<()> {
    growing::above(|| io::stderr().write_all(text.as_bytes()))
}

impl Stream {
    /// Never waits.
    fn offer(&self, text: String, passing: bool) {
        let mut queue = self.queue();
        if queue.ended || (passing && !queue.lines.is_empty()) {
            return;
        }
        if queue.lines.len() >= WAITING_MAX {
            let oldest = queue.lines.iter().position(|line| line.passing).unwrap_or(0);
            queue.lines.remove(oldest);
            queue.dropped += 1;
        }
        queue.lines.push_back(Line { text, passing });
        self.changed.notify_all();
    }

    fn offer_when_there_is_room(&self, text: String) {
        let full = |queue: &mut Queue| queue.lines.len() >= WAITING_MAX && !queue.ended;
        let queue = self.changed.wait_while(self.queue(), full);
        drop(queue.unwrap_or_else(PoisonError::into_inner));
        self.offer(text, false);
    }

    fn run(&self) {
        loop {
            let idle = |queue: &mut Queue| queue.lines.is_empty() && !queue.ended;
            let waited = self.changed.wait_while(self.queue(), idle);
            let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
            let Some(line) = queue.lines.pop_front() else { return };
            queue.busy = true;
            let dropped = std::mem::take(&mut queue.dropped);
            drop(queue);
            let note = if dropped > 0 {
                format!("hansard: … {dropped} line(s) are left out: nobody read them in time\n")
            } else {
                String::new()
            };
            let written = (self.write)(&(note + &line.text));
            let mut queue = self.queue();
            queue.busy = false;
            if written.is_err() {
                // Nobody reads any more, and the work goes on.
                queue.ended = true;
                queue.lines.clear();
            }
            self.changed.notify_all();
        }
    }

    fn wait_for_idle(&self, until: Instant) -> MutexGuard<'_, Queue> {
        let left = until.saturating_duration_since(Instant::now());
        let waits = |queue: &mut Queue| (queue.busy || !queue.lines.is_empty()) && !queue.ended;
        let waited = self.changed.wait_timeout_while(self.queue(), left, waits);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn end(&self, until: Instant) {
        let mut queue = self.wait_for_idle(until);
        queue.ended = true;
        queue.lines.clear();
        self.changed.notify_all();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

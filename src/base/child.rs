//! A process of our own that answers one question at a time over its stdin and stdout, so that whatever
//! happens to it (an abort, no memory left, a loop that doesn't end) costs an answer and not the recording.
//!
//! Promises: nobody waits longer for an answer than was said; the child is always reaped and its threads are
//! joined. The pipe is its lifeline: it ends when its stdin does, so none stays behind when this process is
//! killed. (A parent-death signal would be sent when the *thread* that started it ends, which a thread pool's
//! threads do.)

use std::io::{self, Read};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How much of the child's last words (its stderr) is kept.
const LAST_WORDS_BYTES: usize = 2_000;

/// Why there is no answer. The child is of no use any more then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// Who talks to it ended, as its pipes broke.
    Ended,
    /// It takes longer than it may.
    Late,
}

/// A child that is asked `Q` and answers `A`. Dropping it ends it.
pub struct AskedChild<Q, A> {
    child: Child,
    /// `None` only while it is ended. One question is ever under way.
    questions: Option<SyncSender<Q>>,
    answers: Receiver<A>,
    /// Writing and reading may block for as long as the child likes, so the caller does neither.
    talker: Option<JoinHandle<()>>,
    last_words: Option<JoinHandle<String>>,
    /// Bytes of memory that it had after its first answer.
    settled: Option<u64>,
}

impl<Q: Send + 'static, A: Send + 'static> AskedChild<Q, A> {
    /// Starts it; `talk` puts a question to it and reads the answer, on a thread of its own.
    ///
    /// # Errors
    /// The program doesn't start.
    pub fn start(
        mut command: Command,
        mut talk: impl FnMut(&mut ChildStdin, &mut ChildStdout, Q) -> A + Send + 'static,
    ) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt as _;
            // Ctrl-C at the terminal is for the recorder, which then still wants its last answers.
            command.process_group(0);
        }
        let mut child = command.spawn()?;
        let (Some(mut stdin), Some(mut stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three were asked for as pipes");
        };
        let (questions, asked) = sync_channel::<Q>(1);
        let (answer, answers) = sync_channel(1);
        let talker = std::thread::spawn(move || {
            for question in asked {
                if answer.send(talk(&mut stdin, &mut stdout, question)).is_err() {
                    return;
                }
            }
        });
        let last_words = std::thread::spawn(move || keep_end(stderr));
        let (questions, talker, last_words) = (Some(questions), Some(talker), Some(last_words));
        Ok(Self { child, questions, answers, talker, last_words, settled: None })
    }

    /// Asks, and waits at most so long.
    ///
    /// # Errors
    /// See [`NoAnswer`].
    pub fn ask(&mut self, question: Q, limit: Duration) -> Result<A, NoAnswer> {
        let questions = self.questions.as_ref().ok_or(NoAnswer::Ended)?;
        questions.send(question).map_err(|_| NoAnswer::Ended)?;
        self.answers.recv_timeout(limit).map_err(|error| match error {
            RecvTimeoutError::Timeout => NoAnswer::Late,
            RecvTimeoutError::Disconnected => NoAnswer::Ended,
        })
    }

    /// Whether it has more memory than `limit` bytes beyond what it had when this was first asked, which is
    /// after its first answer: its memory is done with then, and what grows on and on is a leak that the
    /// recording must not feel. Only Linux tells.
    pub fn has_grown(&mut self, limit: u64) -> bool {
        let Some(now) = resident_bytes(self.child.id()) else { return false };
        now > self.settled.get_or_insert(now).saturating_add(limit)
    }
}

impl<Q, A> AskedChild<Q, A> {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills and reaps it, joins its threads, and gives how it ended with its last words.
    pub fn end(mut self) -> String {
        self.stop()
    }

    fn stop(&mut self) -> String {
        let Some(talker) = self.talker.take() else { return String::new() };
        // Whether it still ran decides what its exit status tells.
        let own_end = self.child.try_wait().ok().flatten();
        if own_end.is_none() {
            // Fails only if it has just ended by itself, and `wait` reaps it then too.
            let _ = self.child.kill();
        }
        let status = match self.child.wait() {
            Ok(status) => own_end.unwrap_or(status).to_string(),
            Err(error) => error.to_string(),
        };
        // Its pipes are broken and there is room for its answer, so nothing blocks the thread any more.
        drop(self.questions.take());
        // Threads can only have panicked, and what they give isn't wanted any more.
        let _ = talker.join();
        let words = self.last_words.take().map(JoinHandle::join).and_then(Result::ok).unwrap_or_default();
        let words = words.trim();
        if words.is_empty() { status } else { format!("{status}: {words}") }
    }
}

impl<Q, A> Drop for AskedChild<Q, A> {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Memory of a process, where the system tells (Linux).
fn resident_bytes(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    kib.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Reads to the end and keeps the last of it.
fn keep_end(mut stderr: impl Read) -> String {
    let (mut kept, mut piece) = (Vec::new(), [0; 512]);
    while let Ok(n @ 1..) = stderr.read(&mut piece) {
        kept.extend_from_slice(&piece[..n]);
        kept.drain(..kept.len().saturating_sub(LAST_WORDS_BYTES));
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};

    use super::*;

    /// A shell that answers each line.
    fn shell(script: &str) -> AskedChild<&'static str, Option<String>> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let talk = |stdin: &mut ChildStdin, stdout: &mut ChildStdout, line: &'static str| {
            writeln!(stdin, "{line}").ok()?;
            let mut answer = String::new();
            let read = BufReader::with_capacity(1, stdout).read_line(&mut answer).ok()?;
            (read > 0).then(|| answer.trim_end().to_owned())
        };
        AskedChild::start(command, talk).unwrap()
    }

    const LIMIT: Duration = Duration::from_secs(20);

    #[test]
    fn it_answers_and_its_end_is_told_with_its_last_words() {
        let mut child = shell("read a; echo \"not $a\"; read a; echo 'no bread left' >&2; exit 3");
        assert_eq!(child.ask("one", LIMIT), Ok(Some("not one".into())));
        assert_eq!(child.ask("two", LIMIT), Ok(None));
        let end = child.end();
        assert!(end.contains('3') && end.ends_with("no bread left"), "{end}");
    }

    #[test]
    fn nobody_waits_for_one_that_never_answers() {
        let mut child = shell("exec sleep 60");
        assert_eq!(child.ask("one", Duration::from_millis(50)), Err(NoAnswer::Late));
        let id = child.id();
        drop(child);
        assert!(!std::path::Path::new("/proc").join(id.to_string()).exists());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn one_that_grows_is_seen() {
        let grow = "x=xxxxxxxxxxxxxxxx; while read a; do n=0; \
                    while [ $n -lt 18 ]; do [ $a = grow ] && x=$x$x; n=$((n+1)); done; echo done; done";
        let mut child = shell(grow);
        for (question, has_grown) in [("stay", false), ("stay", false), ("grow", true)] {
            assert_eq!(child.ask(question, LIMIT), Ok(Some("done".into())));
            assert_eq!(child.has_grown(2 << 20), has_grown, "{question}");
        }
    }
}

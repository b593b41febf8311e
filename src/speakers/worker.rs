//! The networks in a process of their own, so that whatever happens to them (no memory left, an abort, a loop
//! that doesn't end) costs labels and never a recording or its text.
//!
//! The child is `hansard voices-worker`: for each window of sound it answers with the pieces that it heard.
//! It is started when it is first needed and again after it died; it is killed when it takes too long, and
//! always reaped. The pipe is its lifeline: it ends when its stdin does.
//!
//! A request is four numbers (`u64`, little endian): how many samples, the window's first sample, and from
//! where to where it speaks; then the samples as `f32`. An answer is its length (`u32`) and JSON. Every
//! length has a limit that is checked before anything is allocated.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::networks::{NetworkError, Networks, WINDOW};
use super::pieces::{self, Piece};

/// The verb that starts the child.
pub const VERB: &str = "voices-worker";
/// A window takes a tenth of a second, its child's start as long; a machine that is this slow is out of
/// memory.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// A window has some dozens of pieces of 3 KB each; three people who never pause make 45.
const ANSWER_BYTES_MAX: u32 = 4 << 20;
/// So often in a row it may fail on a window.
const TRIES: u32 = 2;

/// What hears windows of sound.
pub trait Ear: Send {
    /// The pieces of a window, as [`pieces::hear`] gives them.
    ///
    /// # Errors
    /// It can't be heard.
    fn hear(&mut self, sound: &[f32], window: u64, middle: &Range<u64>) -> Result<Vec<Piece>, NetworkError>;
}

impl Ear for Networks {
    fn hear(&mut self, sound: &[f32], window: u64, middle: &Range<u64>) -> Result<Vec<Piece>, NetworkError> {
        pieces::hear(self, sound, window, middle)
    }
}

/// One to whom the child listens.
pub struct VoicesWorker {
    program: PathBuf,
    child: Option<Running>,
}

impl VoicesWorker {
    /// No process yet. `program` is one that knows the verb [`VERB`].
    pub fn new(program: PathBuf) -> Self {
        Self { program, child: None }
    }

    /// The child's process id while there is a child.
    pub fn process_id(&self) -> Option<u32> {
        self.child.as_ref().map(|running| running.child.id())
    }

    fn ask(&mut self, request: &[u8]) -> Result<Vec<Piece>, NetworkError> {
        let running = match &mut self.child {
            Some(running) => running,
            none => none.insert(Running::start(&self.program)?),
        };
        let answer = running.ask(request);
        if answer.is_err() {
            self.child = None;
        }
        answer.map_err(NetworkError::new)?.map_err(NetworkError::new)
    }
}

impl Ear for VoicesWorker {
    fn hear(&mut self, sound: &[f32], window: u64, middle: &Range<u64>) -> Result<Vec<Piece>, NetworkError> {
        let numbers = [sound.len() as u64, window, middle.start, middle.end];
        let mut request: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        request.extend(sound.iter().flat_map(|sample| sample.to_le_bytes()));
        let mut answer = self.ask(&request);
        for _ in 1..TRIES {
            if answer.is_err() {
                answer = self.ask(&request);
            }
        }
        answer
    }
}

/// The child, and the thread that talks to it: that may block for as long as the child likes.
struct Running {
    child: Child,
    /// `None` only while it is dropped.
    requests: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
    answers: Receiver<io::Result<Result<Vec<Piece>, String>>>,
}

impl Running {
    fn start(program: &PathBuf) -> Result<Self, NetworkError> {
        let mut command = Command::new(program);
        command.arg(VERB).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt as _;
            // Ctrl-C at the terminal is for the recorder.
            command.process_group(0);
        }
        let mut child =
            command.spawn().map_err(|error| NetworkError::new(format!("{}: {error}", program.display())))?;
        let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(NetworkError::new("no pipe to the process that hears voices"));
        };
        let (requests, to_ask) = sync_channel::<Vec<u8>>(1);
        let (answer, answers) = sync_channel(1);
        // It ends with the child, whose pipes break, or with us.
        let thread = std::thread::spawn(move || {
            for request in to_ask {
                if answer.send(exchange(&mut stdin, &mut stdout, &request)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, requests: Some(requests), thread: Some(thread), answers })
    }

    fn ask(&mut self, request: &[u8]) -> Result<Result<Vec<Piece>, String>, String> {
        let ended = || "the process that hears voices ended".to_owned();
        let requests = self.requests.as_ref().ok_or_else(ended)?;
        requests.send(request.to_vec()).map_err(|_| ended())?;
        match self.answers.recv_timeout(ANSWER_LIMIT) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(format!("{}: {error}", ended())),
            Err(_) => Err(format!("a window took more than {} s", ANSWER_LIMIT.as_secs())),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only if it has ended by itself; it is reaped either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its pipes are broken and it has room for its answer, so nothing blocks the thread any more.
        drop(self.requests.take());
        // It can only have panicked, and its answer isn't wanted any more.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn exchange(
    stdin: &mut ChildStdin,
    stdout: &mut ChildStdout,
    request: &[u8],
) -> io::Result<Result<Vec<Piece>, String>> {
    stdin.write_all(request)?;
    stdin.flush()?;
    let mut length = [0; 4];
    stdout.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > ANSWER_BYTES_MAX {
        return Err(io::Error::other("an answer that is too long"));
    }
    let mut json = vec![0; length as usize];
    stdout.read_exact(&mut json)?;
    serde_json::from_slice(&json).map_err(io::Error::other)
}

/// The child's side: answers until `requests` end.
///
/// # Errors
/// A request is none, or the pipe broke.
pub fn serve(mut requests: impl Read, mut answers: impl Write) -> io::Result<()> {
    let mut networks = Networks::load();
    loop {
        let mut numbers = [[0; 8]; 4];
        match requests.read_exact(numbers.as_flattened_mut()) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        let [count, window, from, to] = numbers.map(u64::from_le_bytes);
        if count > WINDOW as u64 || window.checked_add(WINDOW as u64).is_none() {
            return Err(io::Error::other("that is no window of sound"));
        }
        let mut bytes = vec![0; count as usize * size_of::<f32>()];
        requests.read_exact(&mut bytes)?;
        let (samples, _) = bytes.as_chunks();
        let sound: Vec<f32> = samples.iter().map(|sample| f32::from_le_bytes(*sample)).collect();
        let answer: Result<Vec<Piece>, String> = match &mut networks {
            Ok(networks) => {
                pieces::hear(networks, &sound, window, &(from..to)).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        let json = serde_json::to_vec(&answer)?;
        answers.write_all(&(json.len() as u32).to_le_bytes())?;
        answers.write_all(&json)?;
        answers.flush()?;
    }
}

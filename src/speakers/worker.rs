//! The networks in a process of their own, so that whatever happens to them (no memory left, an abort, a loop
//! that doesn't end) costs labels and never a recording or its text.
//!
//! The child is `hansard voices-worker`: for each window of sound it answers with the pieces that it heard.
//! It is started when it is first needed and again after it died; it is killed when it takes too long or
//! grows, and always reaped ([`child`](crate::base::child)).
//!
//! A request is four numbers (`u64`, little endian): how many samples, the window's first sample, and from
//! where to where it speaks; then the samples as `f32`. An answer is its length (`u32`) and JSON. Every
//! length has a limit that is checked before anything is allocated.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command};
use std::time::Duration;

use super::networks::{NetworkError, Networks, WINDOW};
use super::pieces::{self, Piece};
use crate::base::child::{AskedChild, NoAnswer};

/// The verb that starts the child.
pub const VERB: &str = "voices-worker";
/// A window takes a tenth of a second, its child's start as long; a machine that is this slow is out of
/// memory.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// A window has some dozens of pieces of 3 KB each; three people who never pause make 45.
const ANSWER_BYTES_MAX: u32 = 4 << 20;
/// How much the child may grow beyond what it had after its first answer, in bytes: it has some 100 MB.
const GROWTH_BYTES_MAX: u64 = 256 << 20;
/// So often in a row it may fail on a window.
const TRIES: u32 = 2;

/// A window that is to be heard.
#[derive(Debug, Clone)]
pub struct Window {
    /// At most [`WINDOW`] samples at 16 kHz.
    pub sound: Vec<f32>,
    /// Its first sample.
    pub start: u64,
    /// The samples for which it speaks ([`pieces::middle`]).
    pub middle: Range<u64>,
}

/// What hears windows of sound.
pub trait Ear: Send {
    /// The pieces of a window, as [`pieces::hear`] gives them.
    ///
    /// # Errors
    /// It can't be heard.
    fn hear(&mut self, sound: &[f32], window: u64, middle: &Range<u64>) -> Result<Vec<Piece>, NetworkError>;

    /// How many windows it hears at once, if there are that many.
    fn at_once(&self) -> usize {
        1
    }

    /// The pieces of several windows, in their order.
    ///
    /// # Errors
    /// One of them can't be heard.
    fn hear_each(&mut self, windows: &[Window]) -> Result<Vec<Vec<Piece>>, NetworkError> {
        windows.iter().map(|window| self.hear(&window.sound, window.start, &window.middle)).collect()
    }
}

impl Ear for Networks {
    fn hear(&mut self, sound: &[f32], window: u64, middle: &Range<u64>) -> Result<Vec<Piece>, NetworkError> {
        pieces::hear(self, sound, window, middle)
    }
}

/// One to whom the child listens.
pub struct VoicesWorker {
    program: PathBuf,
    growth_limit: u64,
    child: Option<AskedChild<Vec<u8>, io::Result<Answer>>>,
}

/// What the child says of a window.
type Answer = Result<Vec<Piece>, String>;

impl VoicesWorker {
    /// No process yet. `program` is one that knows the verb [`VERB`].
    pub fn new(program: PathBuf) -> Self {
        Self { program, growth_limit: GROWTH_BYTES_MAX, child: None }
    }

    /// The same with another limit to what the process may grow beyond what it had after its first answer, in
    /// bytes, before another one takes its place. Only Linux tells.
    pub fn with_growth_limit(self, growth_limit: u64) -> Self {
        Self { growth_limit, ..self }
    }

    /// The child's process id while there is a child.
    pub fn process_id(&self) -> Option<u32> {
        self.child.as_ref().map(AskedChild::id)
    }

    fn ask(&mut self, request: &[u8]) -> Result<Vec<Piece>, NetworkError> {
        let child = match &mut self.child {
            Some(child) => child,
            none => none.insert(start(&self.program)?),
        };
        let told = match child.ask(request.to_vec(), ANSWER_LIMIT) {
            Ok(Ok(answer)) => {
                if child.has_grown(self.growth_limit) {
                    tracing::warn!(
                        "the process that hears voices has grown too large; another takes its place"
                    );
                    self.child = None;
                }
                return answer.map_err(NetworkError::new);
            }
            Ok(Err(error)) => error.to_string(),
            Err(NoAnswer::Ended) => "it ended".to_owned(),
            Err(NoAnswer::Late) => format!("a window took more than {} s", ANSWER_LIMIT.as_secs()),
        };
        let last_words = self.child.take().map(AskedChild::end).unwrap_or_default();
        Err(NetworkError::new(format!("the process that hears voices: {told} ({last_words})")))
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

/// Several children, each of which hears a window of its own: for sound that is there already and that
/// somebody waits for. A child is started when it is first needed.
pub struct VoicesWorkers {
    workers: Vec<VoicesWorker>,
}

impl VoicesWorkers {
    /// At most `count` of them, one at least.
    pub fn new(program: &Path, count: usize) -> Self {
        Self { workers: (0..count.max(1)).map(|_| VoicesWorker::new(program.into())).collect() }
    }
}

impl Ear for VoicesWorkers {
    fn hear(&mut self, sound: &[f32], window: u64, middle: &Range<u64>) -> Result<Vec<Piece>, NetworkError> {
        self.workers[0].hear(sound, window, middle)
    }

    fn at_once(&self) -> usize {
        self.workers.len()
    }

    fn hear_each(&mut self, windows: &[Window]) -> Result<Vec<Vec<Piece>>, NetworkError> {
        let share = windows.len().div_ceil(self.workers.len()).max(1);
        let shares = windows.chunks(share).zip(&mut self.workers);
        std::thread::scope(|scope| {
            let at_work: Vec<_> =
                shares.map(|(share, worker)| scope.spawn(|| worker.hear_each(share))).collect();
            let mut heard = Vec::with_capacity(windows.len());
            for work in at_work {
                let of_share = work.join().map_err(|_| NetworkError::new("it failed on this sound"))?;
                heard.extend(of_share?);
            }
            Ok(heard)
        })
    }
}

fn start(program: &Path) -> Result<AskedChild<Vec<u8>, io::Result<Answer>>, NetworkError> {
    let mut command = Command::new(program);
    command.arg(VERB);
    let exchange = |stdin: &mut ChildStdin, stdout: &mut ChildStdout, request: Vec<u8>| {
        exchange(stdin, stdout, &request)
    };
    let child = AskedChild::start(command, exchange);
    child.map_err(|error| NetworkError::new(format!("{}: {error}", program.display())))
}

fn exchange(stdin: &mut ChildStdin, stdout: &mut ChildStdout, request: &[u8]) -> io::Result<Answer> {
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

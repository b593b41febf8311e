//! A recogniser in a process of its own, so that whatever happens to it (an abort in ggml, no memory left, a
//! loop that doesn't end) costs one segment and not the recording.
//!
//! The child is `hansard asr-worker`. It is started when it is first needed and again after it died; it is
//! killed when a request takes too long, and always reaped. The pipe is its lifeline: it ends when its stdin
//! does, so none stays behind when this process is killed. (A parent-death signal would be sent when the
//! *thread* that started it ends, which a thread pool's threads do.)

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::recognisers::protocol::{
    self, Greeting, ModelFacts, PROTOCOL, ProtocolError, REQUEST_S_MAX, Reply,
};
use crate::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError, Request};

/// How much of the child's last words (its stderr) is kept.
const LAST_WORDS_BYTES: usize = 2_000;

/// How much less important than other work recognising is: the recording goes first.
pub const NICENESS: u8 = 5;

/// How much the child may grow beyond what it had after its first answer, in bytes. Its memory is done with
/// then; what grows on and on is a leak, and the recording must not feel it.
const GROWTH_BYTES_MAX: u64 = 512 << 20;

/// How to run the child.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerOptions {
    /// The program that knows the verb `asr-worker`; [`own_program`] outside tests.
    pub program: PathBuf,
    /// The model's file.
    pub model: PathBuf,
    /// Threads that recognise.
    pub threads: usize,
    /// How much less important than other work it is (0..=19).
    pub niceness: u8,
    /// How long it may take from its start until its model is loaded; a cold, large model on a slow disk
    /// takes tens of seconds.
    pub start_limit: Duration,
    /// How long a request may take whatever its length …
    pub request_limit: Duration,
    /// … and so much longer per second of its sound. Slower than 4 s per second isn't live transcription any
    /// more.
    pub limit_per_second: f64,
    /// How much it may grow beyond what it had after its first answer, in bytes, before it is replaced
    /// between two requests. Only Linux tells.
    pub growth_limit: u64,
}

impl WorkerOptions {
    /// The defaults for a model.
    pub fn new(model: impl Into<PathBuf>) -> Self {
        Self {
            program: own_program(),
            model: model.into(),
            threads: default_threads(),
            niceness: NICENESS,
            start_limit: Duration::from_secs(60),
            request_limit: Duration::from_secs(20),
            limit_per_second: 4.0,
            growth_limit: GROWTH_BYTES_MAX,
        }
    }
}

/// All cores but one, which is left to the recording: ggml's threads spin while they wait for one another, so
/// with all cores taken a busy machine slows them down tenfold.
pub fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// This very program, also after its file has been replaced or removed.
pub fn own_program() -> PathBuf {
    match std::env::current_exe() {
        Ok(program) if program.exists() => program,
        _ => PathBuf::from("/proc/self/exe"),
    }
}

/// A model's name: its file's stem without `ggml-`.
pub fn model_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
    stem.strip_prefix("ggml-").unwrap_or(&stem).to_owned()
}

/// A [`Recognizer`] that has a child process do the work.
pub struct WorkerRecognizer {
    options: WorkerOptions,
    name: String,
    process: Option<Process>,
}

impl WorkerRecognizer {
    /// No process yet: it comes with the first request, or with [`WorkerRecognizer::start`].
    pub fn new(options: WorkerOptions) -> Self {
        let name = model_name(&options.model);
        Self { options, name, process: None }
    }

    /// Starts the child unless it runs, waits until its model is loaded, and says what that model is.
    pub fn start(&mut self) -> Result<&ModelFacts, RecognizerError> {
        if self.process.is_none() {
            self.process = Some(Process::start(&self.options)?);
        }
        match &self.process {
            Some(process) => Ok(&process.facts),
            None => Err(RecognizerError::Crashed { detail: "it didn't start".into() }),
        }
    }

    /// The child's process id while there is a child.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(|process| process.child.id())
    }
}

impl Recognizer for WorkerRecognizer {
    fn recognize(&mut self, request: &Request) -> Result<Hypothesis, RecognizerError> {
        if request.seconds() > REQUEST_S_MAX {
            let reason =
                format!("it lasts {:.1} s, at most {REQUEST_S_MAX} s can be given", request.seconds());
            return Err(RecognizerError::Request { reason });
        }
        self.start()?;
        let Some(process) = self.process.as_mut() else {
            return Err(RecognizerError::Crashed { detail: "it didn't start".into() });
        };
        let limit =
            self.options.request_limit.as_secs_f64() + request.seconds() * self.options.limit_per_second;
        match process.ask(request, Duration::from_secs_f64(limit)) {
            Ok(reply) => {
                if process.has_grown(self.options.growth_limit) {
                    tracing::warn!("the recogniser has grown too large; another one takes its place");
                    self.process.take().map(Process::end);
                }
                reply
            }
            Err(trouble) => {
                let last_words = self.process.take().map(Process::end).unwrap_or_default();
                Err(trouble.told(&last_words, limit))
            }
        }
    }

    fn model(&self) -> &str {
        &self.name
    }

    fn prepare(&mut self) -> Result<(), RecognizerError> {
        self.start().map(|_| ())
    }
}

impl Drop for WorkerRecognizer {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end();
        }
    }
}

/// Why the child must go.
enum Trouble {
    Ended,
    Late,
    Nonsense(String),
}

impl Trouble {
    fn told(self, last_words: &str, limit_s: f64) -> RecognizerError {
        match self {
            Self::Ended => RecognizerError::Crashed { detail: last_words.to_owned() },
            Self::Late => RecognizerError::TimedOut { limit_s },
            Self::Nonsense(detail) => RecognizerError::Junk { detail },
        }
    }
}

impl From<ProtocolError> for Trouble {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::Pipe(_) => Self::Ended,
            other => Self::Nonsense(other.to_string()),
        }
    }
}

/// The child and the two threads that talk to it: reading and writing may block for as long as the child
/// likes, so neither is done by the caller.
struct Process {
    child: Child,
    facts: ModelFacts,
    talker: Talker,
    last_words: JoinHandle<String>,
    /// Bytes of memory that it had after its first answer.
    settled: Option<u64>,
}

impl Process {
    /// Starts the child and waits for its greeting.
    fn start(options: &WorkerOptions) -> Result<Self, RecognizerError> {
        let failed = |error: std::io::Error| RecognizerError::Start {
            program: options.program.display().to_string(),
            reason: error.to_string(),
        };
        let mut child = command(options).spawn().map_err(failed)?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three were asked for as pipes");
        };
        let last_words = std::thread::spawn(move || keep_end(stderr));
        let talker = Talker::start(stdin, stdout);
        // An empty model for the moment, so that whatever goes wrong the child is ended in one way.
        let mut process = Self { child, facts: no_model(), talker, last_words, settled: None };
        let limit = options.start_limit;
        let trouble = match process.talker.greeting(limit) {
            Ok(Greeting { protocol, .. }) if protocol != PROTOCOL => {
                Trouble::Nonsense(format!("protocol {protocol} instead of {PROTOCOL}"))
            }
            Ok(Greeting { model: Ok(facts), .. }) => {
                process.facts = facts;
                return Ok(process);
            }
            Ok(Greeting { model: Err(error), .. }) => {
                process.end();
                return Err(error);
            }
            Err(trouble) => trouble,
        };
        let last_words = process.end();
        Err(trouble.told(&last_words, limit.as_secs_f64()))
    }

    fn ask(&mut self, request: &Request, limit: Duration) -> Result<Reply, Trouble> {
        self.talker.ask(request.clone(), limit)
    }

    /// Whether it has more memory than `limit` bytes beyond what it had after its first answer.
    fn has_grown(&mut self, limit: u64) -> bool {
        let Some(now) = resident_bytes(self.child.id()) else { return false };
        now > self.settled.get_or_insert(now).saturating_add(limit)
    }

    /// Kills and reaps the child, joins both threads, and gives how it ended with its last words.
    fn end(mut self) -> String {
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
        self.talker.end();
        let words = self.last_words.join().unwrap_or_default();
        let words = words.trim();
        if words.is_empty() { status } else { format!("{status}: {words}") }
    }
}

/// A thread that writes requests and reads answers, one at a time.
struct Talker {
    requests: SyncSender<Request>,
    greeting: Receiver<Result<Greeting, Trouble>>,
    replies: Receiver<Result<Reply, Trouble>>,
    thread: JoinHandle<()>,
}

impl Talker {
    fn start(mut stdin: ChildStdin, mut stdout: ChildStdout) -> Self {
        // One of each is ever under way.
        let (requests, to_ask) = sync_channel::<Request>(1);
        let (greet, greeting) = sync_channel(1);
        let (reply, replies) = sync_channel(1);
        let thread = std::thread::spawn(move || {
            if greet.send(read(&mut stdout)).is_err() {
                return;
            }
            for request in to_ask {
                let answer = protocol::write_request(&mut stdin, &request).map_err(Trouble::from);
                if reply.send(answer.and_then(|()| read(&mut stdout))).is_err() {
                    return;
                }
            }
        });
        Self { requests, greeting, replies, thread }
    }

    fn greeting(&self, limit: Duration) -> Result<Greeting, Trouble> {
        within(&self.greeting, limit)
    }

    fn ask(&self, request: Request, limit: Duration) -> Result<Reply, Trouble> {
        self.requests.send(request).map_err(|_| Trouble::Ended)?;
        within(&self.replies, limit)
    }

    /// The child is gone, so nothing blocks the thread any more.
    fn end(self) {
        drop((self.requests, self.greeting, self.replies));
        // It can only have panicked, and its answer isn't wanted any more.
        let _ = self.thread.join();
    }
}

fn within<T>(answers: &Receiver<Result<T, Trouble>>, limit: Duration) -> Result<T, Trouble> {
    match answers.recv_timeout(limit) {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Timeout) => Err(Trouble::Late),
        Err(RecvTimeoutError::Disconnected) => Err(Trouble::Ended),
    }
}

fn read<M: serde::de::DeserializeOwned>(stdout: &mut ChildStdout) -> Result<M, Trouble> {
    protocol::read_message(stdout)?.ok_or(Trouble::Ended)
}

fn command(options: &WorkerOptions) -> Command {
    let mut command = Command::new(&options.program);
    command.arg("asr-worker").arg("--model").arg(&options.model);
    command.arg("--threads").arg(options.threads.to_string());
    command.arg("--niceness").arg(options.niceness.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // An abort in ggml would otherwise start a debugger for its backtrace, and take seconds over it.
    command.env("GGML_NO_BACKTRACE", "1");
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // Ctrl-C at the terminal is for the recorder, which then still wants the last segments recognised.
        command.process_group(0);
    }
    command
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

fn no_model() -> ModelFacts {
    ModelFacts { name: String::new(), size: String::new(), multilingual: false, load_ms: 0, threads: 0 }
}

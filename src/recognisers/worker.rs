//! A recogniser in a process of its own, so that whatever happens to it (an abort in ggml, no memory left, a
//! loop that doesn't end) costs one segment and not the recording.
//!
//! The child is `hansard asr-worker`. It is started when it is first needed and again after it died; it is
//! killed when a request takes too long, and always reaped ([`child`](crate::base::child)).

use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command};
use std::time::Duration;

use crate::base::child::{AskedChild, NoAnswer};
use crate::config::WhisperEngine;
use crate::recognisers::protocol::{
    self, Greeting, ModelFacts, PROTOCOL, ProtocolError, REQUEST_S_MAX, Reply,
};
use crate::recognisers::recognizer::{Hypothesis, Recognizer, RecognizerError, Request};

/// How much less important than other work recognising is: the recording goes first.
pub const NICENESS: u8 = 5;

/// How much the child may grow beyond what it had after its first answer, in bytes.
const GROWTH_BYTES_MAX: u64 = 512 << 20;

/// How to run the child.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerOptions {
    /// The program that knows the verb `asr-worker`; [`own_program`] outside tests.
    pub program: PathBuf,
    /// The model's file.
    pub model: PathBuf,
    /// Who computes Whisper models.
    pub whisper: WhisperEngine,
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
            whisper: WhisperEngine::Auto,
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
                if process.child.has_grown(self.options.growth_limit) {
                    tracing::warn!("the recogniser has grown too large; another one takes its place");
                    self.process = None;
                }
                reply
            }
            Err(trouble) => {
                let last_words = self.process.take().map(|process| process.child.end()).unwrap_or_default();
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

impl From<NoAnswer> for Trouble {
    fn from(none: NoAnswer) -> Self {
        match none {
            NoAnswer::Ended => Self::Ended,
            NoAnswer::Late => Self::Late,
        }
    }
}

/// What the child is asked: for its greeting, which comes unasked, or to recognise.
enum Question {
    Greeting,
    Sound(Request),
}

/// What it says.
enum Answer {
    Greeting(Greeting),
    Reply(Reply),
}

/// The child, and the facts of its model.
struct Process {
    child: AskedChild<Question, Result<Answer, Trouble>>,
    facts: ModelFacts,
}

impl Process {
    /// Starts the child and waits for its greeting.
    fn start(options: &WorkerOptions) -> Result<Self, RecognizerError> {
        let failed = |error: std::io::Error| RecognizerError::Start {
            program: options.program.display().to_string(),
            reason: error.to_string(),
        };
        let mut child = AskedChild::start(command(options), talk).map_err(failed)?;
        let limit = options.start_limit;
        let trouble = match child.ask(Question::Greeting, limit).map_err(Trouble::from).flatten() {
            Ok(Answer::Greeting(Greeting { protocol, .. })) if protocol != PROTOCOL => {
                Trouble::Nonsense(format!("protocol {protocol} instead of {PROTOCOL}"))
            }
            Ok(Answer::Greeting(Greeting { model, .. })) => return Ok(Self { child, facts: model? }),
            Ok(Answer::Reply(_)) => Trouble::Nonsense("an answer before its greeting".into()),
            Err(trouble) => trouble,
        };
        Err(trouble.told(&child.end(), limit.as_secs_f64()))
    }

    fn ask(&mut self, request: &Request, limit: Duration) -> Result<Reply, Trouble> {
        match self.child.ask(Question::Sound(request.clone()), limit)?? {
            Answer::Reply(reply) => Ok(reply),
            Answer::Greeting(_) => Err(Trouble::Nonsense("a greeting instead of an answer".into())),
        }
    }
}

fn talk(stdin: &mut ChildStdin, stdout: &mut ChildStdout, question: Question) -> Result<Answer, Trouble> {
    match question {
        Question::Greeting => read(stdout).map(Answer::Greeting),
        Question::Sound(request) => {
            protocol::write_request(stdin, &request)?;
            read(stdout).map(Answer::Reply)
        }
    }
}

fn read<M: serde::de::DeserializeOwned>(stdout: &mut ChildStdout) -> Result<M, Trouble> {
    protocol::read_message(stdout)?.ok_or(Trouble::Ended)
}

fn command(options: &WorkerOptions) -> Command {
    let mut command = Command::new(&options.program);
    command.arg("asr-worker").arg("--model").arg(&options.model);
    command.arg("--whisper").arg(options.whisper.name());
    command.arg("--threads").arg(options.threads.to_string());
    command.arg("--niceness").arg(options.niceness.to_string());
    // An abort in ggml would otherwise start a debugger for its backtrace, and take seconds over it.
    command.env("GGML_NO_BACKTRACE", "1");
    command
}

//! The program as a user runs it: in a home of its own, with an environment that holds nothing but what a
//! test puts there.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hansard::session::reading::Session;

/// What keeps time with the world is done by one test at a time.
pub fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nothing here takes longer on any machine; whatever does hangs.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A user's home with a folder for recordings, one for models (empty) and one to work in.
pub struct Home {
    folder: tempfile::TempDir,
    models: PathBuf,
}

impl Home {
    pub fn new() -> Self {
        Self::inside(&std::env::temp_dir())
    }

    /// The same in this folder.
    pub fn inside(folder: &Path) -> Self {
        let folder = tempfile::tempdir_in(folder).unwrap();
        let models = folder.path().join("models");
        for dir in ["cwd", "models", "run"] {
            fs::create_dir(folder.path().join(dir)).unwrap();
        }
        Self { folder, models }
    }

    /// The same with the speech models of `../shared`; none, and a line that says so, where they are absent.
    pub fn with_models(test: &str) -> Option<Self> {
        let models = shared("models", test)?;
        Some(Self { models, ..Self::new() })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn recordings(&self) -> PathBuf {
        self.path("recordings")
    }

    /// Where the people are who are known by their voices.
    pub fn voices(&self) -> PathBuf {
        self.path("data/voices")
    }

    pub fn models(&self) -> &Path {
        &self.models
    }

    /// Writes a file, by default for `hansard` to read from the folder it works in.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path("cwd").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a file somewhere in the home.
    pub fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A command whose environment is the home alone: no setting comes from it.
    pub fn bare<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hansard"));
        command.args(args).env_clear().env("HOME", self.folder.path()).current_dir(self.path("cwd"));
        command
    }

    /// Sessions that there are.
    pub fn sessions(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.recordings()) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hansard"));
        self.settle(command.args(args));
        command
    }

    /// Gives any command this home and nothing else.
    pub fn settle(&self, command: &mut Command) {
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("HANSARD_RECORDINGS", self.recordings())
            .env("HANSARD_MODELS", &self.models)
            .env("HANSARD_VOICES", self.voices())
            .env("XDG_RUNTIME_DIR", self.path("run"))
            // No test plays anything to the people beside it.
            .env("HANSARD_RECORD_CHIME", "false")
            .env("TMPDIR", self.path("cwd"))
            .current_dir(self.path("cwd"))
            .stdin(Stdio::null());
    }

    pub fn start<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Running {
        Running::start(&mut self.command(args))
    }

    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.start(args).end()
    }

    /// Records with these arguments; the session that came of it.
    #[track_caller]
    pub fn record(&self, code: i32, args: &[&str]) -> (Ran, Session) {
        let ran = self.run(["record"].iter().chain(args));
        ran.expect(code);
        let session = ran.session();
        (ran, session)
    }

    /// Expects that it is refused with 1, a message that holds `parts`, and without any trace.
    #[track_caller]
    pub fn refuses(&self, args: &[&str], parts: &[&str]) {
        let before = self.sessions();
        let ran = self.run(args);
        ran.expect(1);
        for part in parts {
            assert!(ran.err.contains(part), "{args:?}: no {part:?} in\n{}", ran.err);
        }
        assert_eq!(ran.out, "", "{args:?}: an error leaves stdout empty");
        assert_eq!(self.sessions(), before, "{args:?}: nothing is begun");
    }
}

/// A folder of `../shared`; none, and a line that says so, where it is absent.
pub fn shared(folder: &str, test: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("{test}: skipped, {} is absent", path.display());
    None
}

/// A process of ours that runs. Killed when dropped before its end.
pub struct Running {
    child: Child,
    args: String,
    out: Option<JoinHandle<String>>,
    lines: Receiver<String>,
    err: String,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let args = format!("{:?}", command.get_args().collect::<Vec<_>>());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        let err = BufReader::new(child.stderr.take().unwrap());
        let out = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            out.read_to_end(&mut bytes).unwrap();
            String::from_utf8(bytes).expect("stdout is UTF-8")
        });
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in err.split(b'\n') {
                let line = String::from_utf8_lossy(&line.unwrap()).into_owned();
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, args, out: Some(out), lines, err: String::new() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line on stderr, which it gives.
    #[track_caller]
    pub fn says(&mut self, part: &str) -> String {
        let until = Instant::now() + LIMIT;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.err += &line;
            self.err.push('\n');
            if line.contains(part) {
                return line;
            }
        }
        panic!("{}: {part:?} was never said, but:\n{}", self.args, self.err);
    }

    /// Waits until what it records is on the disk: the session's folder.
    #[track_caller]
    pub fn records(&mut self, home: &Home, seconds: f64) -> PathBuf {
        self.says("recording into");
        let dir = home.sessions().pop().unwrap();
        wait("its tracks grow", || {
            let Ok(tracks) = fs::read_dir(dir.join("tracks")) else { return false };
            let sizes: Vec<_> = tracks.map(|track| track.unwrap().metadata().unwrap().len()).collect();
            // 16 kHz and 16 bit are the least that the tests record.
            !sizes.is_empty() && sizes.iter().all(|&size| size as f64 > 44.0 + seconds * 32_000.0)
        });
        dir
    }

    /// Waits until it has recorded more than it has now.
    #[track_caller]
    pub fn records_more(&mut self, home: &Home) {
        let bytes = || -> u64 {
            let sessions = home.sessions();
            let tracks = sessions.iter().map(|dir| fs::read_dir(dir.join("tracks")).unwrap());
            tracks.flatten().map(|track| track.unwrap().metadata().unwrap().len()).sum()
        };
        let now = bytes();
        wait("it goes on", || bytes() > now + 64 * 1024);
    }

    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(self) -> Ran {
        self.end_after(0)
    }

    /// Waits for the end of what takes that many seconds in good order.
    #[track_caller]
    pub fn end_after(mut self, seconds: u64) -> Ran {
        let limit = LIMIT + Duration::from_secs(seconds);
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < limit, "{} does not end:\n{}", self.args, self.err);
            // Only polled so that what hangs is told.
            std::thread::sleep(Duration::from_millis(5));
        };
        while let Ok(line) = self.lines.recv() {
            self.err += &line;
            self.err.push('\n');
        }
        let out = self.out.take().unwrap().join().unwrap();
        let err = std::mem::take(&mut self.err);
        let ran = Ran { code: status.code(), signal: status.signal(), args: self.args.clone(), out, err };
        assert!(!ran.err.contains("panicked at"), "{} panicked:\n{}", ran.args, ran.err);
        ran
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

/// What a process left.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub args: String,
    pub out: String,
    pub err: String,
}

impl Ran {
    #[track_caller]
    pub fn expect(&self, code: i32) -> &Self {
        let (args, out, err) = (&self.args, &self.out, &self.err);
        assert_eq!(self.code, Some(code), "{args} (signal {:?})\nstdout: {out}\nstderr: {err}", self.signal);
        self
    }

    /// The session whose folder is the last line of stdout, or stands in its last object.
    #[track_caller]
    pub fn session(&self) -> Session {
        let last = self.out.lines().last().unwrap_or_default();
        let dir = match serde_json::from_str::<serde_json::Value>(last) {
            Ok(report) => PathBuf::from(report["session"].as_str().expect("a session in the report")),
            Err(_) => PathBuf::from(last),
        };
        Session::open(&dir).unwrap_or_else(|error| panic!("{}: {error}\n{}", self.args, self.err))
    }

    /// Every line of stdout as JSON.
    #[track_caller]
    pub fn lines(&self) -> Vec<serde_json::Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.out.lines().map(parse).collect()
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{}: {error}:\n{}", self.args, self.out))
    }
}

/// Sends a signal by its name, to one process.
pub fn signal(id: u32, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(id.to_string()).status().unwrap();
    assert!(status.success(), "kill -{name} {id}");
}

/// Waits for a state that somebody else brings about.
#[track_caller]
pub fn wait(what: &str, is: impl Fn() -> bool) {
    let started = Instant::now();
    while !is() {
        assert!(started.elapsed() < LIMIT, "it never came about that {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The recognisers that a process has started; only Linux shows them. Not those that are about to become one:
/// to stop such a child would stop its parent, too, which waits for it.
pub fn children(id: u32) -> Vec<u32> {
    let is_recogniser = |id: &u32| {
        let command = fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
        command.split('\0').any(|word| word == "asr-worker")
    };
    let tasks = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    tasks
        .filter_map(|task| fs::read_to_string(task.unwrap().path().join("children")).ok())
        .flat_map(|children| children.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>())
        .filter(is_recogniser)
        .collect()
}

/// Whether a process is there and more than a corpse.
pub fn is_alive(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

/// Runs a command whose stdout nobody reads: exit code and stderr.
pub fn unread(command: &mut Command) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let code = child.wait().unwrap().code();
    assert!(!err.contains("panicked at"), "{err}");
    (code, err)
}

/// A line to the test's own output.
pub fn note(text: &str) {
    drop(writeln!(std::io::stdout(), "{text}"));
}

//! Signals that end a recording or a transcription in order: Ctrl-C, SIGTERM, SIGHUP. And those with which a
//! terminal would stop a recording, which is never what somebody wants who presses Ctrl-Z: it would go on
//! losing sound until `fg`.

use std::time::Duration;

#[cfg(unix)]
use nix::sys::signal::{SigSet, Signal};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What is said to Ctrl-Z, behind its name.
#[cfg(unix)]
pub(super) const GOES_ON: &str = "does not stop a recording: it goes on. Ctrl-C ends it, P pauses it, \
    hansard status shows it; to have the terminal for other things the next time, record in the background \
    (hansard record … &) or in tmux";

/// The signals with which a terminal stops its processes: by a key, and for reading or writing from the
/// background. They wait for ever then; a read from the background fails, and nothing else comes of them.
#[cfg(unix)]
fn stops() -> SigSet {
    [Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU].into_iter().collect()
}

/// From here on no terminal stops this thread, nor any that it starts: to be called before there are others.
#[cfg(unix)]
pub(super) fn outlive_stops() -> std::io::Result<()> {
    Ok(stops().thread_block()?)
}

/// Tells the user of each Ctrl-Z that does not come as a key that the recording goes on.
#[cfg(unix)]
pub(super) fn tell_stops() -> std::io::Result<()> {
    let asked: SigSet = [Signal::SIGTSTP].into_iter().collect();
    let listen = move || {
        while asked.wait().is_ok() {
            super::console::say(format_args!("Ctrl-Z {GOES_ON}"));
        }
    };
    // Not joined: it waits for as long as there is a process.
    std::thread::Builder::new().name("stops".into()).spawn(listen).map(drop)
}

/// From its making on no such signal ends the process; [`Signals::next`] tells of each, wherever it is
/// awaited: a thread of its own listens.
pub(super) struct Signals {
    signals: UnboundedReceiver<&'static str>,
    /// Ends without waiting, so that it may end within another one.
    runtime: Option<Runtime>,
}

impl Signals {
    /// Takes the signals over.
    pub(super) fn new() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let mut taken = {
            let _within = runtime.enter();
            Taken::new()?
        };
        // People press Ctrl-C a few times, not a million.
        let (tell, signals) = unbounded_channel();
        runtime.spawn(async move { while tell.send(taken.next().await).is_ok() {} });
        Ok(Self { signals, runtime: Some(runtime) })
    }

    /// One that has come already.
    pub(super) fn seen(&mut self) -> Option<&'static str> {
        self.signals.try_recv().ok()
    }

    /// Waits that long, or until one comes.
    pub(super) fn wait(&mut self, time: Duration) -> Option<&'static str> {
        let Self { signals, runtime } = self;
        let waited = async { tokio::time::timeout(time, signals.recv()).await };
        runtime.as_ref()?.block_on(waited).ok().flatten()
    }

    /// Waits for the next one and names it.
    pub(super) async fn next(&mut self) -> String {
        match self.signals.recv().await {
            Some(name) => name.to_owned(),
            None => std::future::pending().await,
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The signals as the runtime gives them.
struct Taken {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// `None` if the process is to outlive the terminal (`nohup`).
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
    /// Taken over so that a file that reaches the user's limit is an error of its write, not our death.
    #[cfg(unix)]
    _file_size: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Taken {
    /// Takes the signals over. To be called within a runtime.
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = SignalKind::hangup();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            _file_size: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
            hangup: if is_ignored(hangup.as_raw_value()) { None } else { Some(signal(hangup)?) },
        })
    }

    /// Waits for the next one and names it.
    async fn next(&mut self) -> &'static str {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
            _ = hangup => "SIGHUP",
        }
    }
}

/// Whether we were started with this signal ignored. Only Linux tells; elsewhere none is held to be.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}

#[cfg(not(unix))]
impl Taken {
    /// Takes the signals over. To be called within a runtime.
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next one and names it.
    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}

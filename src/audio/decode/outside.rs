//! Files of known containers whose sound nothing here decodes, through FFmpeg where it is installed. It may
//! read that one file and nothing else: no address, no other file, no question; it has bounds on memory,
//! length and on how long it may say nothing.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::wave::Wave;
use crate::base::format::DeviceFormat;

/// Longest sound that is taken, in seconds.
const SOUND_MAX_S: &str = "172800";
/// Largest single piece of memory that it may ask for.
const ALLOC_MAX: &str = "268435456";
/// So long it may be silent before it is held to hang.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that are handed over at a time, and how many such blocks wait.
const BLOCK_BYTES: usize = 1 << 16;
const BLOCKS: usize = 16;
/// What is kept of its complaints.
const SAID_BYTES_MAX: u64 = 2_000;

/// Why it can't be read.
pub(super) enum Refusal {
    /// There is no FFmpeg.
    NotInstalled,
    /// It did not manage.
    Failed(String),
}

/// What FFmpeg makes of a file.
pub(super) struct Outside {
    wave: Wave<Blocks>,
    child: Killed,
}

/// Its output, from a thread that reads it: reading a pipe has no time-out.
struct Blocks {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: Vec<u8>,
    at: usize,
}

impl io::Read for Blocks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.block.len() {
            self.block = match self.blocks.recv_timeout(PATIENCE) {
                Ok(block) => block?,
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(io::Error::other("FFmpeg has said nothing for a minute"));
                }
            };
            self.at = 0;
        }
        let n = out.len().min(self.block.len() - self.at);
        out[..n].copy_from_slice(&self.block[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// A process that ends with this, and what it complains of.
struct Killed(Child, Option<JoinHandle<String>>);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is waited for.
        if self.0.kill().and_then(|()| self.0.wait()).is_err() {
            tracing::debug!("FFmpeg was not there to be ended");
        }
    }
}

impl Outside {
    /// Starts it on sound track `track`, from 1.
    pub(super) fn open(path: &Path, track: Option<u16>) -> Result<Self, Refusal> {
        let failed = |error: io::Error| Refusal::Failed(error.to_string());
        let mut file = OsString::from("file:");
        file.push(std::path::absolute(path).map_err(failed)?);
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-hide_banner", "-v", "error", "-max_alloc", ALLOC_MAX]);
        command.args(["-protocol_whitelist", "file,pipe", "-i"]).arg(file);
        command.args(["-map", &format!("0:a:{}", track.unwrap_or(1).saturating_sub(1)), "-t", SOUND_MAX_S]);
        command.args(["-c:a", "pcm_s16le", "-f", "wav", "pipe:1"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => Killed(child, None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Refusal::NotInstalled),
            Err(error) => return Err(failed(error)),
        };
        child.1 = child.0.stderr.take().and_then(complaints);
        let output = child.0.stdout.take().ok_or_else(|| failed(io::Error::other("no output")))?;
        match Wave::of_pipe(Blocks { blocks: blocks_of(output).map_err(failed)?, block: Vec::new(), at: 0 }) {
            Ok(Some(wave)) => Ok(Self { wave, child }),
            Ok(None) => Err(Refusal::Failed(child.said())),
            Err(error) => Err(failed(error)),
        }
    }

    pub(super) fn format(&self) -> DeviceFormat {
        self.wave.format
    }

    /// Appends what comes next; false at the end.
    pub(super) fn next(&mut self, out: &mut Vec<f32>) -> Result<bool, String> {
        if self.wave.next(out).map_err(|error| error.to_string())? {
            return Ok(true);
        }
        let ended = self.child.0.wait().map_err(|error| error.to_string())?;
        // It goes on past damage and calls that well; what it complained of tells.
        match self.child.complaint() {
            None if ended.success() => Ok(false),
            said => Err(said.unwrap_or_else(|| "FFmpeg failed".into())),
        }
    }
}

impl Killed {
    /// The first line of what it complained of.
    fn said(&mut self) -> String {
        if let Err(error) = self.0.kill() {
            tracing::debug!(%error, "FFmpeg has ended");
        }
        self.complaint().unwrap_or_else(|| "it found no sound".into())
    }

    /// The first line of what it complained of until it ended.
    fn complaint(&mut self) -> Option<String> {
        let said = self.1.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        said.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    }
}

/// Keeps the beginning of what it complains of, and lets it say the rest: a full pipe would stop it.
fn complaints(mut stderr: ChildStderr) -> Option<JoinHandle<String>> {
    let read = move || {
        let mut said = Vec::new();
        let kept = (&mut stderr).take(SAID_BYTES_MAX).read_to_end(&mut said);
        if let Err(error) = kept.and_then(|_| io::copy(&mut stderr, &mut io::sink())) {
            tracing::debug!(%error, "what FFmpeg says can't be read");
        }
        String::from_utf8_lossy(&said).into_owned()
    };
    std::thread::Builder::new().name("ffmpeg said".into()).spawn(read).ok()
}

fn blocks_of(mut output: ChildStdout) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
    let (sender, receiver) = sync_channel(BLOCKS);
    std::thread::Builder::new().name("ffmpeg".into()).spawn(move || {
        loop {
            let mut block = vec![0; BLOCK_BYTES];
            let read = output.read(&mut block);
            if matches!(read, Ok(0)) {
                return;
            }
            let failed = read.is_err();
            let read = read.map(|n| {
                block.truncate(n);
                block
            });
            // Nobody wants more, or there is no more.
            if sender.send(read).is_err() || failed {
                return;
            }
        }
    })?;
    Ok(receiver)
}

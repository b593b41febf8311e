//! Asks a running recorder one thing, or follows what it tells.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::time::{Duration, Instant};

use super::folder::Running;
use super::{Follow, Request, Response};

/// A recorder answers within this; only its end takes longer.
const ANSWER: Duration = Duration::from_secs(10);
/// To drain all devices and to close and sync all tracks a recorder has 10 s and 60 s.
const STOP: Duration = Duration::from_secs(80);
/// One that is followed and tells nothing for so long is looked at: its process may have been stopped.
const QUIET: Duration = Duration::from_secs(3);
/// Bytes of the longest answer: the status of some thousand tracks.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It did not answer.
    #[error("the recorder does not answer ({0}); it goes on with what it was doing")]
    Silent(io::Error),
    /// Its process was stopped.
    #[error(
        "the recorder (process {0}) does not run: its process was stopped, and NOTHING IS RECORDED until it goes \
         on. Bring it back with fg in its terminal, or with: kill -CONT {0}"
    )]
    Stopped(i32),
    /// Its process is frozen.
    #[error(
        "the recorder (process {0}) does not run: its container or control group is frozen, and NOTHING IS \
         RECORDED until that is thawed"
    )]
    Frozen(i32),
    /// It hung up.
    #[error("the recorder ended, or is being asked by too many at once; try again")]
    HungUp,
    /// It is another version's.
    #[error("the recorder answers what this version does not understand ({0}); use the version that records")]
    Foreign(serde_json::Error),
}

/// Asks, and waits for the answer.
///
/// # Errors
/// There is none in time, or none that can be understood.
pub fn ask(recorder: Running, request: &Request) -> Result<Response, AskError> {
    let pid = recorder.pid();
    halted(pid).map_or(Ok(()), Err)?;
    let limit = if *request == Request::Stop { STOP } else { ANSWER };
    let mut stream = recorder.stream;
    let mut line = serde_json::to_vec(request).map_err(AskError::Foreign)?;
    line.push(b'\n');
    stream.set_write_timeout(Some(ANSWER)).map_err(AskError::Silent)?;
    // A recorder that hangs up at once may still have said why.
    let sent = stream.write_all(&line);
    let silent = |error| halted(pid).unwrap_or(AskError::Silent(error));
    let answer = read_line(stream, limit).map_err(silent)?;
    if answer.last() != Some(&b'\n') {
        return Err(sent
            .err()
            .filter(|error| error.kind() == io::ErrorKind::WouldBlock)
            .map_or(AskError::HungUp, AskError::Silent));
    }
    serde_json::from_slice(&answer).map_err(AskError::Foreign)
}

/// Time for which a recorder that hangs up is asked again: a client that keeps others out is thrown out
/// sooner …
const CROWDED: Duration = Duration::from_secs(8);
/// … and this often.
const AGAIN: Duration = Duration::from_millis(100);

/// The same, again and again while too many ask at once.
///
/// # Errors
/// There is none in time, or none that can be understood.
pub fn ask_patiently(mut recorder: Running, request: &Request) -> Result<Response, AskError> {
    let until = Instant::now() + CROWDED;
    loop {
        let socket = recorder.socket.clone();
        match ask(recorder, request) {
            Err(AskError::HungUp) if Instant::now() < until => std::thread::sleep(AGAIN),
            answered => return answered,
        }
        recorder = super::folder::connect(&socket).ok_or(AskError::HungUp)?;
    }
}

/// Follows the news of a recorder: a line each, without its end, until the recorder ends.
///
/// # Errors
/// It can't be asked. What goes wrong later is the last item.
pub fn follow(
    recorder: Running,
    follow: Follow,
) -> Result<impl Iterator<Item = Result<String, AskError>>, AskError> {
    let pid = recorder.pid();
    halted(pid).map_or(Ok(()), Err)?;
    let mut stream = recorder.stream;
    let mut line = serde_json::to_vec(&Request::Follow(follow)).map_err(AskError::Foreign)?;
    line.push(b'\n');
    stream.set_write_timeout(Some(ANSWER)).map_err(AskError::Silent)?;
    stream.set_read_timeout(Some(QUIET)).map_err(AskError::Silent)?;
    stream.write_all(&line).map_err(AskError::Silent)?;
    let mut reader = BufReader::new(stream);
    Ok(std::iter::from_fn(move || {
        let mut line = Vec::new();
        loop {
            match reader.by_ref().take(ANSWER_BYTES_MAX).read_until(b'\n', &mut line) {
                Ok(_) if line.pop() == Some(b'\n') => {
                    return Some(Ok(String::from_utf8_lossy(&line).into_owned()));
                }
                Ok(_) => return None,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                // What came so far stays in the line. One that has nothing to tell is waited for.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if let Some(halted) = halted(pid) {
                        return Some(Err(halted));
                    }
                }
                Err(error) => return Some(Err(AskError::Silent(error))),
            }
        }
    }))
}

/// Why a process does not run, as far as the system tells.
fn halted(pid: Option<i32>) -> Option<AskError> {
    let pid = pid?;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may hold anything.
    let state = stat.rsplit(')').next()?.trim_start().chars().next()?;
    if matches!(state, 'T' | 't') {
        return Some(AskError::Stopped(pid));
    }
    let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let events = std::fs::read_to_string(format!("/sys/fs/cgroup{group}/cgroup.events")).ok()?;
    events.lines().any(|line| line == "frozen 1").then_some(AskError::Frozen(pid))
}

/// A line, or what there is of it.
fn read_line(stream: std::os::unix::net::UnixStream, limit: Duration) -> io::Result<Vec<u8>> {
    let until = Instant::now() + limit;
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream.take(ANSWER_BYTES_MAX));
    loop {
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        reader.get_ref().get_ref().set_read_timeout(Some(left))?;
        match reader.fill_buf() {
            Ok([]) => return Ok(line),
            Ok(bytes) => {
                let end = bytes.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
                let taken = end.unwrap_or(bytes.len());
                line.extend_from_slice(&bytes[..taken]);
                reader.consume(taken);
                if end.is_some() {
                    return Ok(line);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(line),
            Err(error) => return Err(error),
        }
        if Instant::now() >= until {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}

//! A reader that has stopped reading and has not hung up: a full pipe. The recorder hears whoever asks it to
//! end all the same, at once, and closes what was recorded as ever.

use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use hansard::session::manifest::State;
use hansard::session::reading::Session;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::ioctl_fionread;

use crate::support::home::{Home, LIMIT, signal, wait};

const SOURCES: usize = 8;
/// Room on stderr: a page, the least that a pipe has.
const PIPE_BYTES: usize = 4_096;
/// Within this the pipe on stderr is full: eight lines of status every half a second.
const FULL_S: u64 = 6;
/// The last words are offered for 2 s; the rest is for a busy machine.
const END_LIMIT: Duration = Duration::from_secs(8);

#[derive(Debug, Clone, Copy)]
enum End {
    For,
    Interrupt,
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Output {
    Out,
    Err,
}

/// Killed when dropped before its end.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }
}

/// A pipe with room for no more than `room` bytes, and how many it holds by now.
fn pipe_with_room(room: usize) -> (PipeReader, PipeWriter, u64) {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    while writer.write(&[b' '; PIPE_BYTES]).is_ok() {}
    fcntl_setfl(&writer, OFlags::empty()).unwrap();
    reader.read_exact(&mut vec![0; room]).unwrap();
    let held = ioctl_fionread(&reader).unwrap();
    (reader, writer, held)
}

fn ends_without_a_reader(unread: Output, end: End) {
    let home = Home::new();
    let mut args = vec!["record".to_owned(), "--no-transcribe".into(), "--json".into()];
    args.extend((0..SOURCES).map(|n| format!("--source=T{n}=synth:coded,secs=0,rate=8000,seed={n}")));
    if matches!(end, End::For) {
        args.push(format!("--for={FULL_S}s"));
    }
    let mut command = home.command(&args);
    command.env("HANSARD_RECORD_STATUS_EVERY_S", "0.5").stdout(Stdio::null()).stderr(Stdio::null());
    // What is written to stdout comes at the end: no room from the beginning.
    let (reader, writer, held) = pipe_with_room(if unread == Output::Err { PIPE_BYTES } else { 0 });
    match unread {
        Output::Out => command.stdout(writer),
        Output::Err => command.stderr(writer),
    };
    let mut running = Started(command.spawn().unwrap());
    let started = Instant::now();
    // The command holds an end of the pipe as well.
    drop(command);
    if unread == Output::Err {
        wait("the pipe is full", || ioctl_fionread(&reader).unwrap() > held + PIPE_BYTES as u64 / 2);
    }
    let due = Duration::from_secs(FULL_S);
    std::thread::sleep(due.saturating_sub(started.elapsed()));
    let asked = Instant::now();
    match end {
        End::For => {}
        End::Interrupt => signal(running.0.id(), "INT"),
        End::Stop => drop(home.run(["stop"]).expect(0)),
    }
    let status = loop {
        if let Some(status) = running.0.try_wait().unwrap() {
            break status;
        }
        assert!(asked.elapsed() < END_LIMIT, "{unread:?} unread, {end:?}: it goes on recording");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(0), "{unread:?} unread, {end:?}");
    // The reader was there all the time.
    drop(reader);
    let dir = home.sessions().pop().unwrap();
    let session = Session::open(&dir).unwrap();
    assert_eq!(session.manifest.state, State::Closed, "{unread:?} unread, {end:?}");
    assert_eq!(session.manifest.account.len(), SOURCES);
    for account in &session.manifest.account {
        assert_eq!(account.lost.0, 0, "{account:?}");
        assert!(account.written.0 > (FULL_S - 3) * 8_000, "{account:?}");
    }
    home.run(["verify", dir.to_str().unwrap()]).expect(0);
    assert!(started.elapsed() < LIMIT);
}

fn however_it_is_asked(unread: Output) {
    std::thread::scope(|scope| {
        for end in [End::For, End::Interrupt, End::Stop] {
            scope.spawn(move || ends_without_a_reader(unread, end));
        }
    });
}

#[test]
fn a_recorder_whose_stderr_nobody_reads_ends_when_it_is_asked_to() {
    however_it_is_asked(Output::Err);
}

#[test]
fn a_recorder_whose_stdout_nobody_reads_ends_when_it_is_asked_to() {
    however_it_is_asked(Output::Out);
}

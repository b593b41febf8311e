//! `hansard asr-worker`: the recogniser's process. Requests come in on stdin, answers go out on stdout, as
//! [`crate::recognisers::protocol`] says. Nobody calls it by hand.
//!
//! It ends when its stdin does, at once and also in the middle of a request: then its parent is gone.

#[cfg(unix)]
use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::Context as _;

use super::{Exit, wrong_use};
use crate::config::WhisperEngine;
use crate::recognisers::moonshine::MoonshineRecognizer;
use crate::recognisers::protocol::{self, Greeting, PROTOCOL, ProtocolError, Reply};
use crate::recognisers::recognizer::Request;
use crate::recognisers::whisper::{self, Loaded};
use crate::recognisers::worker::{NICENESS, default_threads};

/// The out-of-memory killer takes this process first (1000 is the most there is): it costs one segment.
#[cfg(target_os = "linux")]
const OOM_SCORE_ADJ: &str = "1000";

/// Labels step back behind the text, as the text does behind the recording.
const VOICES_NICENESS: u8 = 10;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model's file (ggml), or its folder
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Who computes Whisper models
    #[arg(long, value_name = "ENGINE", default_value = "auto", value_parser = WhisperEngine::NAMES)]
    whisper: String,
    /// Threads to recognise with [default: all cores but one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// How much less important than other work this is
    #[arg(long, value_name = "N", default_value_t = NICENESS, value_parser = clap::value_parser!(u8).range(0..=19))]
    niceness: u8,
    /// Language of requests that name none (ISO 639-1); without it they are listened to
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    // A Ctrl-Z in the recorder's terminal comes here, too.
    #[cfg(unix)]
    super::signals::outlive_stops().context("can't take signals over")?;
    let mut answers = take_stdout().context("can't take stdout for the protocol")?;
    step_back(args.niceness);
    let requests = listen();
    let threads = args.threads.map_or_else(default_threads, usize::from);
    let whisper = WhisperEngine::named(&args.whisper).unwrap_or_default();
    let loaded = if args.model.is_dir() {
        load_moonshine(args, threads)
    } else {
        whisper::load(&args.model, whisper, threads, args.language.clone())
    };
    let (mut recognizer, facts) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            protocol::write_message(
                &mut answers,
                &Greeting { protocol: PROTOCOL, model: Err(error.clone()) },
            )?;
            return Err(wrong_use(error.to_string()));
        }
    };
    protocol::write_message(&mut answers, &Greeting { protocol: PROTOCOL, model: Ok(facts) })?;
    for request in requests {
        let request = request.map_err(|error| wrong_use(format!("junk on stdin: {error}")))?;
        let reply: Reply = recognizer.recognize(&request);
        protocol::write_message(&mut answers, &reply)?;
    }
    Ok(Exit::Well)
}

/// `hansard voices-worker`: hears windows of sound until its stdin ends
/// ([`speakers::worker`](crate::speakers::worker)).
pub(super) fn voices() -> anyhow::Result<Exit> {
    #[cfg(unix)]
    super::signals::outlive_stops().context("can't take signals over")?;
    let answers = take_stdout().context("can't take stdout for the protocol")?;
    step_back(VOICES_NICENESS);
    crate::speakers::worker::serve(std::io::stdin().lock(), answers)
        .map_err(|error| wrong_use(format!("junk on stdin: {error}")))?;
    Ok(Exit::Well)
}

/// A model that is a folder.
fn load_moonshine(args: &Args, threads: usize) -> Loaded {
    let recognizer = MoonshineRecognizer::load(&args.model, threads)?;
    let facts = recognizer.facts().clone();
    Ok((Box::new(recognizer), facts))
}

/// Reads requests on a thread of its own, which ends the process when its stdin ends: nobody waits for an
/// answer then.
fn listen() -> Receiver<Result<Request, ProtocolError>> {
    let (send, requests): (SyncSender<Result<Request, ProtocolError>>, _) = sync_channel(1);
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        loop {
            match protocol::read_request(&mut stdin) {
                Ok(Some(request)) => {
                    if send.send(Ok(request)).is_err() {
                        return;
                    }
                }
                Ok(None) => std::process::exit(Exit::Well as i32),
                Err(error) => {
                    // The receiver is gone only if the process is ending anyway.
                    let _ = send.send(Err(error));
                    return;
                }
            }
        }
    });
    requests
}

/// The real stdout for the protocol alone; whatever else in this process prints to stdout goes to stderr
/// instead.
#[cfg(unix)]
fn take_stdout() -> std::io::Result<File> {
    let answers = rustix::io::dup(std::io::stdout())?;
    rustix::stdio::dup2_stdout(std::io::stderr())?;
    Ok(File::from(answers))
}

#[cfg(not(unix))]
fn take_stdout() -> std::io::Result<std::io::Stdout> {
    Ok(std::io::stdout())
}

/// Steps back behind the recording: less processor time, first to go when memory runs out, no core dump onto
/// the disk that is recorded to. Where one of these isn't granted, the work is done all the same.
fn step_back(niceness: u8) {
    // Elsewhere a process can't do that to itself without unsafe code.
    #[cfg(not(unix))]
    let _ = niceness;
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit};
        let _ = rustix::process::nice(niceness.into());
        let _ = rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE_ADJ);
}

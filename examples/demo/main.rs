//! `./dev demo`: plays a scripted meeting of three into virtual devices, has the real `hansard record` record
//! them, and says what came of it. Exit code 1 if a speaker is missing, frames are lost, or a stated bound is
//! passed.
//!
//! It runs the `hansard` of its own build folder. `HANSARD_RECORDINGS` and `HANSARD_MODELS` count as they
//! always do.

#[path = "../../tests/support/stage/mod.rs"]
mod stage;

mod growing;
mod minutes;
mod report;
mod sample;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser as _;
use hansard::base::utterance::Utterance;
use jiff::Timestamp;
use stage::meeting::{Meeting, Phrase, Script};
use stage::pulse::{Pulse, Server};
use stage::recorder::{Out, Printed, Recorder, Session, folders};
use stage::score::heard;

/// Time for the recorder to open its devices.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Time for text that still lags when the recording ends.
const FINISH_LIMIT: Duration = Duration::from_secs(300);
/// Between the last sound and Ctrl-C: what the players' and the server's buffers hold, several times over.
const TAIL: Duration = Duration::from_millis(800);

/// Plays a scripted meeting to `hansard record` and scores what comes of it.
#[derive(Debug, clap::Parser)]
struct Args {
    /// Play only the first turns of the script
    #[arg(long, value_name = "N")]
    turns: Option<usize>,
    /// Use this model instead of the default one
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// The highest word error rate that passes, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0)]
    wer_max: f64,
    /// Where the session goes, instead of HANSARD_RECORDINGS
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Keep what was played, as WAV files, in this folder
    #[arg(long, value_name = "DIR")]
    feeds: Option<PathBuf>,
    /// The sound server, a private one in any case [default: PulseAudio where it is installed]
    #[arg(long, value_enum, value_name = "SERVER")]
    server: Option<ServerArg>,
    /// If the run passes, renew what this checkout shows of the demo: docs/sample, docs/minutes-page.png,
    /// docs/guide/formats.md
    #[arg(long, value_name = "CHECKOUT")]
    renew: Option<PathBuf>,
}

/// A [`Server`] by its name.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ServerArg {
    Pulseaudio,
    Pipewire,
}

impl From<ServerArg> for Server {
    fn from(arg: ServerArg) -> Self {
        match arg {
            ServerArg::Pulseaudio => Self::PulseAudio,
            ServerArg::Pipewire => Self::PipeWire,
        }
    }
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::from(3)
        }
    }
}

/// Whether all bounds were kept.
fn run(args: &Args) -> Result<bool> {
    let script = Script::of_the_demo()?;
    let script = script.clone().first(args.turns.unwrap_or(script.turns.len()));
    eprintln!("demo: {} turns are being spoken …", script.turns.len());
    let meeting = script.render()?;
    let temporary = tempfile::tempdir()?;
    let feeds = args.feeds.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(feeds)?;
    let wavs = meeting.feeds.iter().map(|feed| feed.write_wav(feeds)).collect::<Result<Vec<_>>>()?;
    let recordings = match (&args.out, std::env::var_os("HANSARD_RECORDINGS")) {
        (Some(dir), _) => dir.clone(),
        (None, Some(dir)) => dir.into(),
        (None, None) => bail!("say where the session goes: HANSARD_RECORDINGS, or --out DIR"),
    };
    let known = folders(&recordings)?;
    let server = match args.server {
        Some(server) => server.into(),
        None => Server::any(),
    };
    eprintln!("demo: a private {} is being started …", server.name());
    let (mics, speakers) = script.devices();
    let mut pulse = Pulse::start_on(server, &mics, &speakers)?;
    let played = record(args, &mut pulse, &meeting, &wavs, &recordings)?;
    let session = Session::newest(&recordings, &known)?;
    let good = report::report(&meeting, &session, &played, args.wer_max, &hansard()?)?;
    if let Some(root) = args.renew.as_ref().filter(|_| good) {
        sample::renew(&hansard()?, &session, root)?;
    }
    Ok(good)
}

/// What happened while the meeting was played.
pub struct Played {
    /// Lines of text as they were printed.
    printed: Vec<Printed>,
    /// The recorder's exit code.
    exit: Option<i32>,
    /// From Ctrl-C's signal to the recorder's end.
    finish: Duration,
    /// How often the players ran dry: faults of the rig, not of the recorder.
    underruns: usize,
}

fn record(
    args: &Args,
    pulse: &mut Pulse,
    meeting: &Meeting,
    wavs: &[PathBuf],
    recordings: &Path,
) -> Result<Played> {
    let mut command = pulse.recorder(&hansard()?);
    command
        .args(["record", "--title", &meeting.title, "--language", "en", "--json", "--out"])
        .arg(recordings);
    command.args(args.model.iter().flat_map(|model| ["--model", model]));
    for feed in &meeting.feeds {
        command.args(["--source", &feed.source()]);
    }
    // After what ties it to us.
    let shown: Vec<String> = command.get_args().skip(4).map(|a| a.to_string_lossy().into_owned()).collect();
    eprintln!("demo: hansard {}", shown.join(" "));
    let mut recorder = Recorder::start(&mut command)?;
    let mut live = Live { truth: &meeting.truth, played_since: None, printed: Vec::new() };
    let begun = Instant::now();
    while pulse.captures()? < meeting.feeds.len() {
        live.drain(&recorder, Duration::from_millis(50));
        if let Some(status) = recorder.ended()? {
            live.drain(&recorder, Duration::from_millis(200));
            bail!("hansard ended before it recorded anything ({status})");
        }
        ensure!(begun.elapsed() < START_LIMIT, "hansard does not record all {} devices", meeting.feeds.len());
    }
    eprintln!(
        "demo: {:.0} s of meeting are being played; lines come as they are understood",
        meeting.seconds()
    );
    for (feed, wav) in meeting.feeds.iter().zip(wavs) {
        pulse.play(&feed.sink(), wav)?;
    }
    live.played_since = Some(Timestamp::now());
    let end = Instant::now() + Duration::from_secs_f64(meeting.seconds()) + TAIL;
    while Instant::now() < end {
        live.drain(&recorder, Duration::from_millis(100));
        if let Some(status) = recorder.ended()? {
            bail!("hansard ended in the middle of the meeting ({status})");
        }
    }
    let players = pulse.wait_played(Duration::from_secs(10))?;
    eprintln!("demo: the meeting is over; hansard is told to finish");
    recorder.interrupt()?;
    let interrupted = Instant::now();
    let status = recorder.finish(FINISH_LIMIT, |printed| live.show(printed))?;
    Ok(Played {
        printed: live.printed,
        exit: status.code(),
        finish: interrupted.elapsed(),
        underruns: players.iter().map(|player| player.underruns).sum(),
    })
}

/// Shows the recorder's lines as they come.
struct Live<'a> {
    truth: &'a [Phrase],
    played_since: Option<Timestamp>,
    printed: Vec<Printed>,
}

impl Live<'_> {
    /// Shows what comes within `limit`.
    fn drain(&mut self, recorder: &Recorder, limit: Duration) {
        let end = Instant::now() + limit;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            match recorder.next(left) {
                Some(printed) => self.show(printed),
                // No more output; the caller will see that it has ended.
                None => std::thread::sleep(end.saturating_duration_since(Instant::now())),
            }
        }
    }

    fn show(&mut self, printed: Printed) {
        if printed.out == Out::Status {
            eprintln!("  | {}", printed.text);
            return;
        }
        // Roughly, by the moment the players were started; the report knows it exactly.
        let now = self.played_since.map(|since| printed.at.duration_since(since).as_secs_f64());
        if let Some(line) = utterance(&printed.text).filter(|line| line.is_final) {
            let said =
                now.and_then(|now| heard(self.truth, &line.speaker, &line.text, now).map(|s| now - s.end));
            let late = said.map_or(String::new(), |late| format!("   (+{:.1} s)", late.max(0.0)));
            let start = line.start.max(0.0) as u64;
            println!("[{:02}:{:02}] {}: {}{late}", start / 60, start % 60, line.speaker, line.text);
        }
        self.printed.push(printed);
    }
}

/// A line of the text, finished or not, as the recorder prints it with `--json`.
fn utterance(line: &str) -> Option<Utterance> {
    serde_json::from_str(line).ok()
}

/// The program in this build's folder: an example lies one deeper.
fn hansard() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.parent().and_then(Path::parent).context("no build folder")?.join("hansard");
    ensure!(path.exists(), "{} is missing; `./dev build` makes it", path.display());
    Ok(path)
}

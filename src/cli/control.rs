//! `hansard status | pause | resume | mute | unmute | stop`: steers a running recorder, by default the only
//! one.

use std::io::{self, IsTerminal as _, Write};
use std::time::{Duration, Instant};

use super::console::print_result;
use super::{Exit, show, wrong_use};
use crate::base::text::{clean, clock, length, name};
use crate::config::Config;
use crate::control::client::{ask, ask_patiently, follow};
use crate::control::folder::{self, Running};
use crate::control::{Follow, Request, Response};
use crate::live::{Device, Doing, Status, TrackStatus, Wanted};
use crate::session::read;

/// What is watched is shown this often.
const WATCH_EVERY: Duration = Duration::from_millis(900);
/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session that is being recorded: a part of its name, its number in `list`, `last`, `last~1`, a
    /// path [default: the only one]
    #[arg(long, value_name = "S")]
    pub(super) session: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `mute` and `unmute`.
#[derive(Debug, clap::Args)]
pub struct MuteArgs {
    /// The source: a person's or a place's name, as in --source NAME=SPEC or as it was given since, or any
    /// part of it that no other source has
    pub(super) name: String,
    #[command(flatten)]
    pub(super) of: Args,
}

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    #[command(flatten)]
    of: Args,
    /// Go on showing it as it changes, until the recording ends
    #[arg(long)]
    watch: bool,
}

/// `hansard status`.
pub(super) fn status(args: &StatusArgs, config: &Config) -> anyhow::Result<Exit> {
    if !args.watch {
        return run(&args.of, config, &Request::Status);
    }
    let recorder = recorder(args.of.session.as_deref(), config)?;
    let wanted = Wanted { events: false, status: true, levels: false };
    let (json, in_place) = (args.of.json, io::stdout().is_terminal());
    let mut shown_at: Option<Instant> = None;
    for line in follow(recorder, Follow { since: None, wanted })? {
        let line = line?;
        let Told { kind, status } = match serde_json::from_str(&line) {
            Ok(told) => told,
            // An utterance.
            Err(_) => continue,
        };
        let Some(status) = status.filter(|_| kind == "status") else { continue };
        if shown_at.is_some_and(|at| at.elapsed() < WATCH_EVERY) {
            continue;
        }
        shown_at = Some(Instant::now());
        let mut out = io::stdout().lock();
        if json {
            writeln!(out, "{line}")?;
        } else {
            if in_place {
                // Home, and nothing below: the last one is overwritten.
                write!(out, "\x1b[H\x1b[J")?;
            }
            print_status(&mut out, &status)?;
            if !in_place {
                writeln!(out)?;
            }
        }
        out.flush()?;
    }
    Ok(Exit::Well)
}

/// A line of those that are followed, as far as it is a status.
#[derive(serde::Deserialize)]
struct Told {
    kind: String,
    status: Option<Status>,
}

pub(super) fn run(args: &Args, config: &Config, request: &Request) -> anyhow::Result<Exit> {
    let recorder = recorder(args.session.as_deref(), config)?;
    let response = ask_of(recorder, request)?;
    if args.json {
        match &response {
            Response::Status(status) => print_result(serde_json::to_string_pretty(status)?),
            response => print_result(serde_json::to_string(response)?),
        }
        return Ok(exit(&response));
    }
    match &response {
        Response::Status(status) => print_status(&mut io::stdout().lock(), status)?,
        Response::Paused { at, already: false } => print_result(format_args!(
            "paused at {}: nothing is recorded until hansard resume",
            clock(*at, true)
        )),
        Response::Paused { at, already: true } => {
            print_result(format_args!("it was paused already, at {}", clock(*at, true)));
        }
        Response::Resumed { at, since: Some(since) } => {
            print_result(format_args!("recording again, after a pause of {}", length(at - since)));
        }
        Response::Resumed { since: None, .. } => print_result("it was not paused"),
        Response::Muted { track, name: who, at, already: false } => print_result(format_args!(
            "{} is muted from {} on: silence is stored in its place until hansard unmute {track}",
            name(who),
            clock(*at, true)
        )),
        Response::Muted { name: who, at, already: true, .. } => {
            print_result(format_args!("{} was muted already, at {}", name(who), clock(*at, true)));
        }
        Response::Unmuted { name: who, at, since: Some(since), .. } => {
            let long = length(at - since);
            print_result(format_args!("{} is recorded again, after {long} of silence", name(who)));
        }
        Response::Unmuted { name: who, since: None, .. } => {
            print_result(format_args!("{} was not muted", name(who)));
        }
        Response::Stopped { closed: true } => print_result("the recording is safe"),
        Response::Stopped { closed: false } => {
            print_result("the disk did not answer in time: hansard verify tells what is there");
        }
        Response::Marked(_)
        | Response::Named
        | Response::Edited { .. }
        | Response::Stale
        | Response::Refused { .. } => {}
    }
    Ok(exit(&response))
}

fn exit(response: &Response) -> Exit {
    if matches!(response, Response::Stopped { closed: false }) { Exit::Failed } else { Exit::Well }
}

/// Asks; what the recorder refuses is wrong use. One that is being asked by too many at once is asked again.
pub(super) fn ask_of(recorder: Running, request: &Request) -> anyhow::Result<Response> {
    match ask_patiently(recorder, request)? {
        Response::Refused { error } => Err(wrong_use(error)),
        response => Ok(response),
    }
}

/// The recorder that is meant.
pub(super) fn recorder(session: Option<&str>, config: &Config) -> anyhow::Result<Running> {
    let Some(session) = session else { return the_only_one() };
    let dir = read::resolve(&config.paths.recordings, session).map_err(show::exit)?;
    let not = || wrong_use(format!("{} is not being recorded at this moment", dir.display()));
    folder::find(&dir).ok_or_else(not)
}

fn the_only_one() -> anyhow::Result<Running> {
    let mut running = folder::find_all();
    match running.len() {
        0 => Err(wrong_use("no recording is running; for one that is over give --session")),
        1 => running.pop().ok_or_else(|| wrong_use("no recording is running")),
        _ => {
            let names: Vec<String> = running.into_iter().filter_map(session_of).collect();
            Err(wrong_use(format!(
                "several recordings are running: say which one with --session ({})",
                names.join(", ")
            )))
        }
    }
}

fn session_of(recorder: Running) -> Option<String> {
    match ask(recorder, &Request::Status) {
        Ok(Response::Status(status)) => Some(status.path),
        _ => None,
    }
}

fn print_status(out: &mut impl Write, status: &Status) -> io::Result<()> {
    let doing = match status.doing {
        Doing::Recording => "recording".to_owned(),
        Doing::Paused => {
            let since = status.paused_since.unwrap_or(status.elapsed);
            let long = length(status.paused_for.unwrap_or(status.elapsed - since));
            format!("PAUSED for {long}, since {}: NOTHING IS RECORDED", clock(since, true))
        }
        Doing::Ending => "ending".to_owned(),
        Doing::Finishing => "safe; the text is being finished".to_owned(),
    };
    writeln!(out, "{}: {doing}, {}", name(&status.title), clock(status.elapsed, true))?;
    writeln!(out, "{} (process {})", clean(&status.path), status.pid)?;
    if let Some(host) = &status.sent_to {
        writeln!(out, "What is said is sent to {}, which makes the text.", clean(host))?;
    }
    if let Some(room) = status.disk_seconds {
        writeln!(out, "The disk has room for {}.", length(room))?;
    }
    if status.marks > 0 {
        writeln!(out, "Marks: {}", status.marks)?;
    }
    if !status.tracks.is_empty() && status.tracks.iter().all(|track| track.text_lag.is_none()) {
        let session = clean(&status.session);
        writeln!(out, "The text is pending: hansard transcribe {session} makes it after the recording.")?;
    }
    for trouble in &status.alarms {
        writeln!(out, "ALARM: {}", clean(&trouble.text))?;
    }
    for track in &status.tracks {
        writeln!(out, "  {}", line(track))?;
        for trouble in &track.alarms {
            writeln!(out, "    ALARM: {}", clean(&trouble.text))?;
        }
    }
    Ok(())
}

/// `Room 2 (Alice, Bob): −23 dBFS, 0:12:30 written (0.4 s of it not yet safe from a power cut), gaps 0.1 s,
/// lost 0.0 s, text 3 s behind`
fn line(track: &TrackStatus) -> String {
    let muted = track.muted_since.map(|since| format!("MUTED since {}, ", clock(since, true)));
    let level = match (track.device, track.level_dbfs, &track.trouble) {
        (Device::Ended, ..) => "ended".to_owned(),
        (Device::Open, Some(level), _) => format!("{level:.0} dBFS"),
        (Device::Open, None, _) if muted.is_some() => "open".to_owned(),
        (Device::Open, None, _) => "silent".to_owned(),
        (Device::Opening, _, Some(trouble)) => clean(trouble),
        (Device::Opening, ..) => "opening".to_owned(),
    };
    let lag = track.text_lag.map(|lag| format!(", text {lag:.0} s behind")).unwrap_or_default();
    let people: Vec<String> = track.people.iter().map(|person| name(person)).collect();
    let people = if people.is_empty() { String::new() } else { format!(" ({})", people.join(", ")) };
    format!(
        "{}{people}: {}{level}, {} written ({:.1} s of it not yet safe from a power cut), gaps {:.1} s, lost {:.1} s{lag}",
        name(&track.name),
        muted.unwrap_or_default(),
        clock(track.written, true),
        (track.written - track.durable).max(0.0),
        track.gaps,
        track.lost,
    )
}

//! `hansard summarize S`: what was decided, by a chat server, as far as the text says it.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};

use anyhow::Context as _;

use super::console::{say, status};
use super::signals::Signals;
use super::{Exit, export, rm, show, wrong_use};
use crate::base::text::{clean, clock, count, wrap};
use crate::config::Config;
use crate::engine::summary::{Plan, Rehearsal, SummarizeError};
use crate::session::read;
use crate::session::summary::{Kind, Shown, ShownItem};
use crate::summaries::Progress;

/// Columns of a line.
const COLUMNS: usize = 80;

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
It needs a chat server with OpenAI's API, up to /v1: Ollama (http://localhost:11434/v1), llama.cpp, LM Studio, \
vLLM. Everything that stands in the minutes is sent there, and nowhere else; --dry-run shows it first. What the \
server says is held against the lines that it cites: what they don't say is left out, and counted. The summary is \
kept in the session (summary.json) and stands in its minutes and exports.";

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session: a part of its name, its number in `list`, `last`, `last~1`, a path
    #[arg(value_name = "S")]
    session: String,
    /// What to look for: meeting, council, interview, one-to-one, stand-up, or your own Markdown file
    #[arg(long, value_name = "NAME|FILE")]
    template: Option<String>,
    /// Address of the chat server, up to /v1
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// What that server calls the model to use
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// Only show what would be sent, and where; nothing is sent
    #[arg(long)]
    dry_run: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, mut config: Config) -> anyhow::Result<Exit> {
    for (key, value, flag) in [
        ("summary.template", &args.template, "--template"),
        ("summary.url", &args.url, "--url"),
        ("summary.model", &args.model, "--model"),
    ] {
        if let Some(value) = value {
            config.set(key, value, flag)?;
        }
    }
    let dir = read::resolve(&config.paths.recordings, &args.session).map_err(show::exit)?;
    let plan = Plan::new(&config).map_err(failed)?;
    let mut out = io::stdout().lock();
    if args.dry_run {
        let rehearsal = plan.rehearse(&dir).map_err(failed)?;
        return match args.json {
            true => {
                serde_json::to_writer_pretty(&mut out, &rehearsal)?;
                writeln!(out)?;
                Ok(Exit::Well)
            }
            false => Ok(rehearse(&mut out, &rehearsal, plan.sends_to())?),
        };
    }
    if let Some(host) = plan.sends_to() {
        say(format_args!("what was said is sent to {}, which makes the summary", clean(host)));
    }
    let mut tell = |Progress { lines, of, .. }: Progress| {
        status(format_args!("summarised: {lines} of {of} lines"));
    };
    let signals = RefCell::new(Signals::new().context("can't take signals over")?);
    let stopped = Cell::new(false);
    let is_stopped = || {
        stopped.set(stopped.get() || signals.borrow_mut().seen().is_some());
        stopped.get()
    };
    let shown = plan.make(&dir, &mut tell, &is_stopped).map_err(failed)?;
    drop(signals);
    export::renew(&dir, &config, false);
    rm::forget_in_index(&config, std::slice::from_ref(&dir));
    match args.json {
        true => {
            serde_json::to_writer_pretty(&mut out, &shown)?;
            writeln!(out)?;
        }
        false => print(&mut out, &shown)?,
    }
    out.flush()?;
    sum_up(&shown);
    Ok(Exit::Well)
}

fn failed(error: SummarizeError) -> anyhow::Error {
    if error.is_failure() { error.into() } else { wrong_use(error.to_string()) }
}

/// What would be sent, as it is.
fn rehearse(out: &mut impl Write, rehearsal: &Rehearsal, host: Option<&str>) -> io::Result<Exit> {
    let Rehearsal { url, window, system, parts } = rehearsal;
    writeln!(
        out,
        "To {url}, in {}, if the model takes in {window} tokens\n",
        count(parts.len() as u64, "part")
    )?;
    writeln!(out, "With each part:\n\n{system}\n")?;
    for (n, part) in parts.iter().enumerate() {
        writeln!(out, "Part {} ({}):\n\n{}\n", n + 1, count(part.lines as u64, "line"), part.user)?;
    }
    out.flush()?;
    match host {
        Some(host) => say(format_args!("nothing was sent; {} is another computer", clean(host))),
        None => say("nothing was sent; it would stay on this computer"),
    }
    Ok(Exit::Well)
}

/// The items by kind, each with its time, its quote and who it is for.
pub(super) fn print(out: &mut impl Write, shown: &Shown) -> io::Result<()> {
    let mut any = false;
    for kind in Kind::ALL {
        let mut items = shown.of(kind).peekable();
        if items.peek().is_none() {
            continue;
        }
        if std::mem::replace(&mut any, true) {
            writeln!(out)?;
        }
        let title = match kind {
            Kind::Decision => "Decisions",
            Kind::Action => "Actions",
            Kind::Question => "Questions",
            Kind::Topic => "Topics",
        };
        writeln!(out, "{title}")?;
        for item in items {
            self::item(out, item)?;
        }
    }
    Ok(())
}

fn item(out: &mut impl Write, item: &ShownItem) -> io::Result<()> {
    let place = item.lines.first();
    let time = clock(place.map_or(0.0, |place| place.start), true);
    let who =
        [item.owner.as_deref(), item.due.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let who = if who.is_empty() { String::new() } else { format!(" ({who})") };
    for (n, line) in wrap(&format!("{}{who}", item.text), COLUMNS - 11).iter().enumerate() {
        writeln!(out, "  {:7}  {line}", if n == 0 { time.as_str() } else { "" })?;
    }
    let speaker = place.map_or("", |place| place.speaker.as_str());
    for line in wrap(&format!("{speaker}: \u{201c}{}\u{201d}", item.quote), COLUMNS - 13) {
        writeln!(out, "             {line}")?;
    }
    Ok(())
}

/// What a reader must know beside the items.
fn sum_up(shown: &Shown) {
    let Shown { said, left_out, parts, unread, .. } = shown;
    let sentences = count(*said as u64, "sentence");
    match (said, left_out) {
        (0, _) if *unread > 0 => {}
        (0, _) => say("the model found nothing to tell"),
        (_, 0) => say(format_args!("{sentences}, all of them in the transcript")),
        _ => say(format_args!("{left_out} of {sentences} were left out: not in the transcript")),
    }
    if *unread > 0 {
        let parts = count(*parts as u64, "part");
        say(format_args!(
            "{unread} of {parts} of the meeting were left out: the model's answers could not be used"
        ));
    }
    if shown.stale.is_any() {
        say("the session was changed while the summary was made: make it again");
    }
}

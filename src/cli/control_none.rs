//! Where a recorder has no socket that is its user's alone: the verbs that steer one say what to do instead.

use super::{Exit, wrong_use};
use crate::config::Config;
use crate::control::Request;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The session that is being recorded: a part of its name, its number in `list`, `last`, `last~1`, a
    /// path [default: the only one]
    #[arg(long, value_name = "S")]
    session: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `mute` and `unmute`.
#[derive(Debug, clap::Args)]
pub struct MuteArgs {
    /// The source: a person's or a place's name, as in --source NAME=SPEC
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
    run(&args.of, config, &Request::Status)
}

/// Says why it can't be done here.
pub(super) fn run(_: &Args, _: &Config, asked: &Request) -> anyhow::Result<Exit> {
    let instead = match asked {
        Request::Status => "its own window shows how it goes",
        Request::Stop => "press Ctrl-C in its window",
        _ => "press Ctrl-C in its window to end it, and start another recording to go on",
    };
    Err(wrong_use(format!(
        "a running recorder can't be reached by other commands on this system yet: {instead}"
    )))
}

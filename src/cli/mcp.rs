//! `hansard mcp`: the sessions for an assistant.

use super::Exit;
use crate::config::Config;
use crate::mcp::{self, Settings};

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
An assistant starts this by itself; put it into its settings, such as Claude Desktop's:\n\n  \
{ \"mcpServers\": { \"hansard\": { \"command\": \"hansard\", \"args\": [\"mcp\"] } } }\n\n\
It reads all sessions in the recordings folder, never what is hidden or withheld, and changes nothing. What an \
assistant reads may leave this computer: whoever runs its model gets it. Nothing is sent by Hansard itself.";

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also let it mark, pause and resume a running recording
    #[arg(long)]
    control: bool,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    mcp::serve(Settings {
        recordings: config.paths.recordings.clone(),
        cache: config.cache().map(Into::into),
        paragraph_pause_s: config.minutes.paragraph_pause_s,
        language: config.export.language_in_force(),
        control: args.control,
    })?;
    Ok(Exit::Well)
}

//! `hansard config show`: the settings in force, and who said so.

use std::io::Write as _;

use super::Exit;
use crate::config::Config;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    what: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Print all settings as a config file
    Show {
        /// With the origin of each: the default, a file's line or a variable
        #[arg(long)]
        origin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let Action::Show { origin, json } = args.what;
    let text = if json {
        let mut text = serde_json::to_string_pretty(&config.to_json(origin)?)?;
        text.push('\n');
        text
    } else {
        config.to_toml(origin)
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Exit::Well)
}

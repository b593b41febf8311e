//! stub
use super::Exit;
use crate::config::Config;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_args: &Args, _config: &Config) -> anyhow::Result<Exit> {
    Ok(Exit::Well)
}

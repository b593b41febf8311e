//! stub
use super::Exit;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_args: &Args) -> anyhow::Result<Exit> {
    Ok(Exit::Well)
}

//! `hansard devices`: what can be recorded.

use std::io::Write as _;

use super::Exit;
use crate::capture::device::{Backend, DeviceInfo};
use crate::config::Config;
use crate::session::manifest::SourceKind;

/// Arguments of `devices`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, config: &Config) -> anyhow::Result<Exit> {
    let devices = Backend::new(&config.audio.host).devices()?;
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &devices)?;
        writeln!(out)?;
        return Ok(Exit::Well);
    }
    if devices.is_empty() {
        writeln!(
            out,
            "No device can be recorded. Is a microphone plugged in, and the sound server running?"
        )?;
        return Ok(Exit::Well);
    }
    let width = devices.iter().map(|device| device.id.chars().count()).max().unwrap_or(0);
    for device in &devices {
        writeln!(out, "{}", line(device, width))?;
    }
    writeln!(out, "\n* default of its kind. Record one: hansard record --source \"Alice=mic:ID\"")?;
    Ok(Exit::Well)
}

fn line(device: &DeviceInfo, width: usize) -> String {
    let kind = if device.kind == SourceKind::Loopback { "loopback" } else { "mic" };
    format!(
        "{} {kind:<8}  {:<width$}  {:>6} Hz  {:>2} ch  {}",
        if device.default { '*' } else { ' ' },
        device.id,
        device.rate.0,
        device.channels,
        device.name,
    )
}

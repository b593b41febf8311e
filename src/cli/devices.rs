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
    let devices = quietly(|| Backend::new(&config.audio.host).devices())
        .map_err(|error| super::wrong_use(error.to_string()))?;
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

/// Looks for devices without what the sound libraries write to stderr meanwhile, past every log: on a machine
/// without a sound card ALSA and JACK tell in thirty lines what one of ours says better. With `-v` they are
/// heard.
pub(super) fn quietly<T>(look: impl FnOnce() -> T) -> T {
    let _silence = if tracing::enabled!(tracing::Level::INFO) { None } else { Silence::begin() };
    look()
}

/// Stderr leads nowhere as long as this lives.
#[cfg(unix)]
struct Silence(std::os::fd::OwnedFd);

#[cfg(unix)]
impl Silence {
    /// `None` if there is no stderr, or no /dev/null; stderr then stays as it is.
    fn begin() -> Option<Self> {
        let nowhere = std::fs::File::options().write(true).open("/dev/null").ok()?;
        let stderr = rustix::io::fcntl_dupfd_cloexec(std::io::stderr(), 3).ok()?;
        rustix::stdio::dup2_stderr(nowhere).ok()?;
        Some(Self(stderr))
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        if let Err(error) = rustix::stdio::dup2_stderr(&self.0) {
            tracing::error!(%error, "stderr can't be given back");
        }
    }
}

#[cfg(not(unix))]
struct Silence;

#[cfg(not(unix))]
impl Silence {
    fn begin() -> Option<Self> {
        None
    }
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

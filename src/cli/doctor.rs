//! `hansard doctor`: whether a recording would go well, by trying. It takes what `record` takes; nothing is
//! stored.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context as _;

use super::devices::quietly;
use super::signals::Signals;
use super::text::Languages;
use super::{Exit, say, wrong_use};
use crate::config::Config;
use crate::doctor::Severity;
use crate::engine::doctor::{self, Report, Step};
use crate::engine::plan::PlanError;
use crate::engine::spec::SourceSpec;

mod print;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What would be recorded, as for record: NAME=mic:ID, NAME=loopback, … Without any: those in the config,
    /// else the default microphone and loopback
    #[arg(long = "source", value_name = "NAME=SPEC")]
    sources: Vec<SourceSpec>,
    /// Seconds to listen to each source; longer measures the clock more precisely
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=3600))]
    seconds: u16,
    /// Folder of the recordings
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Without text: don't try the model and the recogniser
    #[arg(long)]
    no_transcribe: bool,
    /// Model to transcribe with, by name or path [default: the best one installed]
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// Language that is spoken, of all or, as NAME=L, of one source
    #[arg(long, value_name = "L")]
    language: Vec<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, mut config: Config) -> anyhow::Result<Exit> {
    if let Some(model) = &args.model {
        config.set("transcribe.model", model, "--model")?;
    }
    let languages = Languages::read(&args.language, &mut config)?;
    // Last: a setting that is set afterwards reads all of them anew.
    if let Some(out) = &args.out {
        config.paths.recordings.clone_from(out);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("can't start the runtime")?;
    let mut signals = Signals::new().context("can't take signals over")?;
    let report = runtime.block_on(async {
        tokio::select! {
            report = examine(args, &config, &languages) => report.map(Some),
            signal = signals.next() => {
                say(format_args!("{signal}: interrupted; nothing was stored"));
                Ok(None)
            }
        }
    });
    // A device or a disk that hangs, or a recogniser at work, must not keep us; the recogniser ends with its
    // pipe.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    let Some(report) = report? else { return Ok(Exit::Failed) };
    let exit = match report.worst() {
        Some(Severity::Refusal) => Exit::WrongUse,
        Some(Severity::Loss) => Exit::Losses,
        Some(Severity::Hint) | None => Exit::Well,
    };
    let mut out = io::stdout().lock();
    if args.json {
        let mut json = serde_json::to_value(&report)?;
        json["exit"] = (exit as u8).into();
        serde_json::to_writer_pretty(&mut out, &json)?;
        writeln!(out)?;
    } else {
        print::print(&mut out, &report)?;
    }
    Ok(exit)
}

async fn examine(args: &Args, config: &Config, languages: &Languages) -> anyhow::Result<Report> {
    // A sound server that hangs keeps this waiting, but not Ctrl-C.
    let (wanted, own, languages) = (args.sources.clone(), config.clone(), languages.clone());
    let found = tokio::task::spawn_blocking(move || {
        quietly(|| {
            doctor::look_up(&wanted, &own, |sources| {
                languages.apply(sources.iter_mut().map(|spec| (spec.name.as_str(), &mut spec.language)))?;
                Ok(())
            })
        })
    });
    let found = found.await?.map_err(|error: anyhow::Error| match error.downcast::<PlanError>() {
        Ok(error) => wrong_use(error.to_string()),
        Err(error) => error,
    })?;
    let how = (f64::from(args.seconds), !args.no_transcribe && config.record.transcribe);
    let told = |step| match step {
        Step::Listening(seconds) => {
            say(format_args!("listening for {seconds} s; say something into each microphone"));
        }
        Step::Working(model) => say(format_args!("having {model} work for some seconds")),
    };
    Ok(doctor::examine(found, config, how, told).await?)
}

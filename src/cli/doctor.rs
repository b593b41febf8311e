//! `hansard doctor`: whether a recording would go well, by trying. It takes what `record` takes, opens what
//! `record` would open, writes where `record` would write, has the recogniser work that `record` would start,
//! and stores nothing.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use super::devices::quietly;
use super::record;
use super::signals::Signals;
use super::text::Languages;
use super::{Exit, WrongUse, say, wrong_use};
use crate::capture::feed::Pace;
use crate::config::Config;
use crate::doctor::disk::{self, DiskReport};
use crate::doctor::sound::{Heard, Listening, STEP_EVERY};
use crate::doctor::text::{ModelReport, Speed};
use crate::doctor::threads::{Before, Realtime};
use crate::doctor::{Finding, Severity};
use crate::engine::plan::{self, PlanError};
use crate::engine::spec::SourceSpec;
use crate::engine::text::{self, Choice};
use crate::models::ModelInfo;
use crate::recording::DeviceSpec;
use crate::session::manifest::SourceEntry;
use crate::writer::alarms::TEXT_BYTES_PER_S;

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

/// All that was found.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// In the user's order; those that can't be opened are findings alone.
    sources: Vec<Heard>,
    /// `None` if this system does not tell.
    realtime: Option<Realtime>,
    disk: Option<DiskReport>,
    /// `None` if no text is wanted, or there is no model, which is a finding.
    model: Option<ModelReport>,
    text: Option<Speed>,
    findings: Vec<Finding>,
    exit: u8,
}

impl Report {
    fn verdict(&self) -> Exit {
        match self.findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::Refusal) => Exit::WrongUse,
            Some(Severity::Loss) => Exit::Losses,
            Some(Severity::Hint) | None => Exit::Well,
        }
    }
}

pub(super) fn run(args: &Args, mut config: Config) -> anyhow::Result<Exit> {
    if let Some(model) = &args.model {
        config.set("transcribe.model", model, "--model")?;
    }
    if let Some(out) = &args.out {
        config.paths.recordings.clone_from(out);
    }
    let languages = Languages::read(&args.language, &mut config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("can't start the runtime")?;
    let report = runtime.block_on(async {
        let mut signals = Signals::new().context("can't take signals over")?;
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
    let Some(mut report) = report? else { return Ok(Exit::Failed) };
    let exit = report.verdict();
    report.exit = exit as u8;
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        print::print(&mut out, &report)?;
    }
    Ok(exit)
}

async fn examine(args: &Args, config: &Config, languages: &Languages) -> anyhow::Result<Report> {
    let mut report = Report::default();
    // A sound server that hangs keeps this waiting, but not Ctrl-C.
    let (wanted, own, languages) = (args.sources.clone(), config.clone(), languages.clone());
    let (specs, devices, findings) =
        tokio::task::spawn_blocking(move || look_up(&wanted, &own, &languages)).await??;
    report.findings.extend(findings);
    let needed = listen(devices, &specs, f64::from(args.seconds), &mut report).await?;

    let dir = config.paths.recordings.clone();
    let (disk, findings) = tokio::task::spawn_blocking(move || disk::examine(&dir, needed)).await?;
    report.disk = Some(disk);
    report.findings.extend(findings);

    if !args.no_transcribe && config.record.transcribe {
        look_at_text(config, &specs, &mut report).await?;
    }
    Ok(report)
}

/// What to record, the devices of what is there, and what is not. Each source is looked up for itself, so
/// that one that is not there hides no other; then all together, as they would be recorded.
fn look_up(
    wanted: &[SourceSpec],
    config: &Config,
    languages: &Languages,
) -> anyhow::Result<(Vec<SourceSpec>, Vec<DeviceSpec>, Vec<Finding>)> {
    let options = record::source_options(config, Pace::Real);
    let mut findings = Vec::new();
    let mut specs = match record::specs(wanted, config, &options) {
        Ok(specs) => specs,
        // Without any source there is still a machine to look at; a source that makes no sense is another
        // matter.
        Err(error) if error.is::<WrongUse>() && wanted.is_empty() && config.sources.is_empty() => {
            let advice = "plug a microphone in, or name what to record with --source";
            findings.push(Finding::new(Severity::Refusal, "sources", error.to_string(), advice));
            return Ok((Vec::new(), Vec::new(), findings));
        }
        Err(error) => return Err(error),
    };
    languages.apply(specs.iter_mut().map(|spec| (spec.name.as_str(), &mut spec.language)))?;
    let mut good = Vec::new();
    for spec in &specs {
        match quietly(|| plan::plan(std::slice::from_ref(spec), &options)) {
            Ok(_) => good.push(spec.clone()),
            Err(error) => {
                let text = match error {
                    PlanError::Source { reason, .. } => reason,
                    other => other.to_string(),
                };
                let advice = "plug it in, or name another one; hansard devices lists what there is";
                findings.push(Finding::new(Severity::Refusal, &spec.name, text, advice));
            }
        }
    }
    let plan = quietly(|| plan::plan(&good, &options)).map_err(|error| wrong_use(error.to_string()))?;
    Ok((specs, plan.devices, findings))
}

/// Listens to the devices; bytes a second that their tracks would take.
async fn listen(
    devices: Vec<DeviceSpec>,
    specs: &[SourceSpec],
    seconds: f64,
    report: &mut Report,
) -> anyhow::Result<u64> {
    if devices.is_empty() {
        return Ok(0);
    }
    say(format_args!("listening for {seconds} s; say something into each microphone"));
    let before = Before::now();
    let mut listening = Listening::start(devices, seconds).context("can't listen")?;
    let mut every = tokio::time::interval(STEP_EVERY);
    while listening.step() {
        if report.realtime.is_none() && listening.is_open() {
            report.realtime = before.realtime();
        }
        every.tick().await;
    }
    let (mut heard, findings) = listening.heard();
    heard.sort_by_key(|heard| specs.iter().position(|spec| spec.name == heard.source.name));
    report.findings.extend(findings);
    report.sources = heard;
    Ok(report.sources.iter().map(bytes_per_s).sum())
}

/// What a source takes of the disk, in bytes a second.
fn bytes_per_s(heard: &Heard) -> u64 {
    let (Some(rate), Some(channels), Some(format)) = (heard.rate, heard.channels, heard.stored_as) else {
        return 0;
    };
    let SourceEntry { channel, .. } = heard.source;
    let channels = if channel.is_some() { 1 } else { u64::from(channels) };
    u64::from(rate.0) * channels * format.bytes() + TEXT_BYTES_PER_S
}

/// The model, if there is one, and how quickly it works.
async fn look_at_text(config: &Config, specs: &[SourceSpec], report: &mut Report) -> anyhow::Result<()> {
    match text::choose_model(config, specs.iter().map(|spec| spec.language.as_deref())) {
        Ok(Choice::Use(model)) => try_text(config, specs, &model, report).await?,
        // It says itself what to do.
        Ok(Choice::None(reason)) => report.findings.push(Finding::new(
            Severity::Hint,
            "model",
            reason,
            "until then the recording runs without text, which hansard transcribe makes later",
        )),
        Err(error) => report.findings.push(Finding::new(
            Severity::Refusal,
            "model",
            error.to_string(),
            "hansard models list shows what there is; --no-transcribe records without",
        )),
    }
    Ok(())
}

async fn try_text(
    config: &Config,
    specs: &[SourceSpec],
    model: &ModelInfo,
    report: &mut Report,
) -> anyhow::Result<()> {
    say(format_args!("having {} work for some seconds", model.name));
    let owned = model.clone();
    let (examined, findings) =
        tokio::task::spawn_blocking(move || crate::doctor::text::examine(&owned)).await?;
    report.model = Some(examined);
    report.findings.extend(findings);
    let options = text::worker(config, model);
    let own = specs.iter().find_map(|spec| spec.language.as_deref());
    let language = text::language_told(config, model, own);
    let sources = specs.len().max(1);
    let measured =
        tokio::task::spawn_blocking(move || crate::doctor::text::measure(options, language, sources));
    let (speed, findings) = measured.await?;
    report.text = speed;
    report.findings.extend(findings);
    Ok(())
}

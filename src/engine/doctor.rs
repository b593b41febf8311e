//! Whether a recording would go well, by trying: what `record` would open is opened, where it would write is
//! written, the recogniser that it would start works; nothing is stored.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use tokio::task::JoinError;

use super::defaults::{Configured, configured_sources};
use super::lack::Lack;
use super::plan::{self, PlanError, SourceOptions};
use super::spec::{SourceSpec, settle_names};
use super::text::{self, Choice};
use crate::capture::feed::Pace;
use crate::config::Config;
use crate::doctor::disk::{self, DiskReport};
use crate::doctor::sound::{Listening, STEP_EVERY, SourceReport};
use crate::doctor::text::{ModelReport, Speed};
use crate::doctor::threads::{Before, Realtime};
use crate::doctor::voices::{self, Kept};
use crate::doctor::{Finding, Severity};
use crate::recognisers::engine::Engine;
use crate::recording::DeviceSpec;
use crate::session::manifest::{SourceEntry, SourceKind};
use crate::speech::voices::ear;
use crate::speech::work::Pass;
use crate::writer::alarms::TEXT_BYTES_PER_S;

/// Why it can't be tried.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// The devices can't be listened to.
    #[error("can't listen: {0}; close other programs and try again")]
    Listen(std::io::Error),
    /// A part of the examination failed itself.
    #[error("a part of the examination failed ({0}); try again, with -v for more")]
    Thread(JoinError),
}

/// What is going on: for those who wait.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Seconds for which the sources are listened to.
    Listening(f64),
    /// The model of this name works for some seconds.
    Working(String),
}

/// All that was found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// In the user's order; those that can't be opened are findings alone.
    pub sources: Vec<SourceReport>,
    /// None: this system does not tell.
    pub realtime: Option<Realtime>,
    /// What writing there showed.
    pub disk: Option<DiskReport>,
    /// `None` if no text is wanted, or there is no model, which is a finding.
    pub model: Option<ModelReport>,
    /// How quickly the recogniser works.
    pub text: Option<Speed>,
    /// What is wrong, and what to do.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The worst of what was found. `None` means that nothing is wrong.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// What would be recorded, the devices of what is there, and what is not.
#[derive(Default)]
pub struct Found {
    /// In the user's order.
    pub sources: Vec<SourceSpec>,
    devices: Vec<DeviceSpec>,
    findings: Vec<Finding>,
}

/// Looks up what would be recorded: `wanted`, else what the settings say, else the defaults. Each source is
/// looked up for itself, so that one that is not there hides no other; then all together, as they would be
/// recorded. `tell` may change the sources before.
///
/// # Errors
/// A source makes no sense.
pub fn look_up<E: From<PlanError>>(
    wanted: &[SourceSpec],
    config: &Config,
    tell: impl FnOnce(&mut [SourceSpec]) -> Result<(), E>,
) -> Result<Found, E> {
    let options = SourceOptions::new(config, Pace::Real);
    let mut found = Found::default();
    let configured = if wanted.is_empty() {
        configured_sources(config)
    } else {
        Ok(Configured { sources: wanted.to_vec(), lacks: Vec::new() })
    };
    let settled = configured.and_then(|configured| {
        let lacks = configured.lacks;
        let settled = settle_names(configured.sources);
        settled.map(|sources| (sources, lacks)).map_err(|error| PlanError::Setting(error.to_string()))
    });
    found.sources = match settled {
        Ok((sources, lacks)) => {
            for Lack { kind, text, advice } in lacks {
                let severity = if kind == SourceKind::Mic { Severity::Loss } else { Severity::Hint };
                found.findings.push(Finding::new(severity, "sources", text, &advice));
            }
            sources
        }
        // Without any source there is still a machine to look at; a source that makes no sense is another
        // matter.
        Err(error) if wanted.is_empty() && config.sources.is_empty() => {
            let advice = "plug a microphone in, or name what to record with --source";
            found.findings.push(Finding::new(Severity::Refusal, "sources", error.to_string(), advice));
            return Ok(found);
        }
        Err(error) => return Err(error.into()),
    };
    tell(&mut found.sources)?;
    let mut good = Vec::new();
    for spec in &found.sources {
        match plan::look_up(std::slice::from_ref(spec), &options) {
            Ok(_) => good.push(spec.clone()),
            Err(error) => {
                let text = match error {
                    PlanError::Source { reason, .. } => reason,
                    other => other.to_string(),
                };
                let advice = "plug it in, or name another one; hansard devices lists what there is";
                found.findings.push(Finding::new(Severity::Refusal, &spec.name, text, advice));
            }
        }
    }
    (found.devices, _) = plan::look_up(&good, &options)?;
    Ok(found)
}

/// Tries it: listens for `seconds`, writes, and, if `with_text`, has the recogniser work. `told` hears what
/// is going on.
///
/// # Errors
/// It can't be tried.
pub async fn examine(
    found: Found,
    config: &Config,
    (seconds, with_text): (f64, bool),
    told: impl Fn(Step),
) -> Result<Report, DoctorError> {
    let Found { sources, devices, findings } = found;
    let mut report = Report { findings, ..Report::default() };
    if !devices.is_empty() {
        told(Step::Listening(seconds));
    }
    let needed = listen(devices, &sources, (seconds, config), &mut report).await?;

    let dir = config.paths.recordings.clone();
    let examined = tokio::task::spawn_blocking(move || disk::examine(&dir, needed)).await;
    let (disk, findings) = examined.map_err(DoctorError::Thread)?;
    report.disk = Some(disk);
    report.findings.extend(findings);

    if with_text {
        look_at_text(config, &sources, &mut report, &told).await?;
    }
    Ok(report)
}

/// Listens to the devices; bytes a second that their tracks would take.
async fn listen(
    devices: Vec<DeviceSpec>,
    specs: &[SourceSpec],
    (seconds, config): (f64, &Config),
    report: &mut Report,
) -> Result<u64, DoctorError> {
    if devices.is_empty() {
        return Ok(0);
    }
    let before = Before::now();
    let mut listening = Listening::start(devices, seconds).map_err(DoctorError::Listen)?;
    let mut every = tokio::time::interval(STEP_EVERY);
    while listening.step() {
        if report.realtime.is_none() && listening.is_open() {
            report.realtime = before.realtime();
        }
        every.tick().await;
    }
    let (mut heard, findings) = listening.heard();
    heard.sort_by_key(|(heard, _)| specs.iter().position(|spec| spec.name == heard.source.name));
    report.findings.extend(findings);
    // What was delivered and what was lost is known: now the processor may be busy.
    let recordings = config.paths.recordings.clone();
    let heard = tokio::task::spawn_blocking(move || look_for_voices(heard, &recordings));
    report.sources = heard.await.map_err(DoctorError::Thread)?;
    for heard in &report.sources {
        let limit = text::voices(config, &heard.source);
        report.findings.extend(voices::judge(&heard.source.name, &heard.people, limit));
    }
    Ok(report.sources.iter().map(bytes_per_s).sum())
}

/// Finds out which of the sources several people share; of what is played nobody needs to be told. What fails
/// costs what it would have told.
fn look_for_voices(heard: Vec<(SourceReport, Kept)>, recordings: &Path) -> Vec<SourceReport> {
    let mut own_ear = None;
    let look = |(mut report, kept): (SourceReport, Kept)| {
        if report.source.kind == SourceKind::Loopback {
            return report;
        }
        if report.delivers && !report.only_zeros {
            let ear = own_ear.get_or_insert_with(ear);
            match ear.as_mut().map(|ear| kept.listen(&mut **ear)) {
                Ok(Ok(people)) => report.people = people,
                Ok(Err(error)) => tracing::warn!(%error, "voices are not heard"),
                Err(error) => tracing::warn!(%error, "voices are not heard"),
            }
        }
        report.people.last_meeting = voices::last_meeting(recordings, &report.source);
        report
    };
    heard.into_iter().map(look).collect()
}

/// What a source takes of the disk, in bytes a second.
fn bytes_per_s(heard: &SourceReport) -> u64 {
    let (Some(rate), Some(channels), Some(format)) = (heard.rate, heard.channels, heard.stored_as) else {
        return 0;
    };
    let SourceEntry { channel, .. } = heard.source;
    let channels = if channel.is_some() { 1 } else { u64::from(channels) };
    u64::from(rate.0) * channels * format.bytes() + TEXT_BYTES_PER_S
}

/// The model, if there is one, and how quickly it works.
async fn look_at_text(
    config: &Config,
    specs: &[SourceSpec],
    report: &mut Report,
    told: &impl Fn(Step),
) -> Result<(), DoctorError> {
    let languages = || specs.iter().map(|spec| spec.language.as_deref());
    // A server itself, without what would stand in for it.
    match text::choose_to_try(config, Pass::Live, languages()) {
        Ok(Choice::Use(engine)) => try_text(config, specs, engine, report, told).await?,
        // It says itself what to do.
        Ok(Choice::Later(reason)) => report.findings.push(Finding::new(
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
    engine: Arc<dyn Engine>,
    report: &mut Report,
    told: &impl Fn(Step),
) -> Result<(), DoctorError> {
    told(Step::Working(engine.facts().name.clone()));
    let own = Arc::clone(&engine);
    let (examined, findings) = tokio::task::spawn_blocking(move || crate::doctor::text::examine(&*own))
        .await
        .map_err(DoctorError::Thread)?;
    report.model = Some(examined);
    report.findings.extend(findings);
    let how = text::opening(config);
    let own = specs.iter().find_map(|spec| spec.language.as_deref());
    let language = text::language_told(config, engine.facts(), own);
    let sources = specs.len().max(1);
    let measured =
        tokio::task::spawn_blocking(move || crate::doctor::text::measure(&*engine, &how, language, sources));
    let (speed, findings) = measured.await.map_err(DoctorError::Thread)?;
    report.text = speed;
    report.findings.extend(findings);
    Ok(())
}

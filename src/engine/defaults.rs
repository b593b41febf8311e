//! What is recorded where nobody names anything, and what is not, which is said before it begins.

use super::lack::Lack;
use super::plan::{PlanError, SourceOptions};
use super::spec::SourceSpec;
use crate::capture::feed::Pace;
use crate::config::Config;
use crate::session::manifest::SourceKind;

/// What is recorded where nobody names anything, and what is not.
#[derive(Debug, Clone, Default)]
pub struct Configured {
    /// What to record.
    pub sources: Vec<SourceSpec>,
    /// Which of the defaults are not there.
    pub lacks: Vec<Lack>,
}

/// The sources of the settings, else the default microphone and loopback as far as they are there.
///
/// # Errors
/// There is nothing to record, or a source of the settings makes no sense.
pub fn configured_sources(config: &Config) -> Result<Configured, PlanError> {
    let from_config = |source: &crate::config::Source| {
        SourceSpec::from_parts(&source.name, &source.spec)
            .map(|spec| SourceSpec { language: source.language.clone(), speakers: source.speakers, ..spec })
            .map_err(|error| {
                PlanError::Setting(format!("{}: source {:?}: {error}", source.origin, source.name))
            })
    };
    if config.sources.is_empty() {
        default_sources(&SourceOptions::new(config, Pace::Real))
    } else {
        let sources = config.sources.iter().map(from_config).collect::<Result<_, _>>()?;
        Ok(Configured { sources, lacks: Vec::new() })
    }
}

fn default_sources(options: &SourceOptions) -> Result<Configured, PlanError> {
    let devices = options.backend.devices().map_err(|error| PlanError::Setting(error.to_string()))?;
    let mut configured = Configured::default();
    for (kind, name, spec) in [(SourceKind::Mic, "Me", "mic"), (SourceKind::Loopback, "Others", "loopback")] {
        if devices.iter().any(|device| device.kind == kind && device.default) {
            let spec = SourceSpec::from_parts(name, spec);
            configured.sources.push(spec.map_err(|error| PlanError::Setting(error.to_string()))?);
        } else {
            configured.lacks.push(Lack::of(kind, &devices));
        }
    }
    if configured.sources.is_empty() { Err(PlanError::NoDefaults) } else { Ok(configured) }
}

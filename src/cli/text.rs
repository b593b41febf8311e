//! What `record`, `transcribe` and `doctor` share: the flags of languages, and what wrong use is.

use std::path::Path;

use super::wrong_use;
use crate::config::{self, Config, language_code};
use crate::engine::text::TextError;

/// A model or settings that text can't be made with are wrong use.
pub(super) fn text_error(error: TextError) -> anyhow::Error {
    wrong_use(error.to_string())
}

/// The flags `--language`: one for all sources, and those of single ones, as NAME=L.
#[derive(Debug, Clone, Default)]
pub(super) struct Languages {
    of_sources: Vec<(String, String)>,
}

impl Languages {
    /// Reads the flags; the one for all becomes the setting.
    pub(super) fn read(flags: &[String], config: &mut Config) -> anyhow::Result<Self> {
        let mut languages = Self::default();
        for flag in flags {
            let Some((name, language)) = flag.rsplit_once('=') else {
                config.set("transcribe.language", flag, "--language")?;
                continue;
            };
            let language = language_code(language).map_err(|wants| {
                wrong_use(format!("--language {flag}: {language:?} is not a language; it must be {wants}"))
            })?;
            languages.of_sources.push((name.trim().to_owned(), language));
        }
        Ok(languages)
    }

    /// Names the languages of those sources that have a flag.
    pub(super) fn apply<'a>(
        &self,
        sources: impl Iterator<Item = (&'a str, &'a mut Option<String>)>,
    ) -> anyhow::Result<()> {
        let mut left: Vec<&(String, String)> = self.of_sources.iter().collect();
        for (name, of_source) in sources {
            if let Some((_, language)) = self.of_sources.iter().rfind(|(of, _)| of == name) {
                *of_source = Some(language.clone());
                left.retain(|(of, _)| of != name);
            }
        }
        match left.first() {
            Some((name, language)) => {
                Err(wrong_use(format!("--language {name}={language}: there is no source named {name:?}")))
            }
            None => Ok(()),
        }
    }
}

/// The flags `--speakers`: one for all sources, and those of single ones, as NAME=N.
#[derive(Debug, Clone, Default)]
pub(super) struct Speakers {
    of_all: Option<u32>,
    of_sources: Vec<(String, u32)>,
}

impl Speakers {
    /// Reads the flags.
    pub(super) fn read(flags: &[String]) -> anyhow::Result<Self> {
        let mut speakers = Self::default();
        for flag in flags {
            let (name, count) = flag.rsplit_once('=').map_or((None, flag.as_str()), |(n, c)| (Some(n), c));
            let count = config::speakers(count)
                .map_err(|wants| wrong_use(format!("--speakers {flag}: it must be {wants}")))?;
            match name {
                Some(name) => speakers.of_sources.push((name.trim().to_owned(), count)),
                None => speakers.of_all = Some(count),
            }
        }
        Ok(speakers)
    }

    /// Bounds the voices of those sources that have a flag, or of all.
    pub(super) fn apply<'a>(
        &self,
        sources: impl Iterator<Item = (&'a str, &'a mut Option<u32>)>,
    ) -> anyhow::Result<()> {
        let mut left: Vec<&(String, u32)> = self.of_sources.iter().collect();
        for (name, of_source) in sources {
            *of_source = self.of_all.or(*of_source);
            if let Some((_, count)) = self.of_sources.iter().rfind(|(of, _)| of == name) {
                *of_source = Some(*count);
                left.retain(|(of, _)| of != name);
            }
        }
        match left.first() {
            Some((name, count)) => {
                Err(wrong_use(format!("--speakers {name}={count}: there is no source named {name:?}")))
            }
            None => Ok(()),
        }
    }
}

/// A path as a shell takes it, for a command that is shown to be copied.
pub(super) fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if !path.is_empty() && path.chars().all(plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

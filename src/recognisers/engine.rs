//! The door to recognisers. An [`Engine`] says what it can do ([`Facts`]) and opens recognisers;
//! nothing else of the program knows which engine works behind it.
//!
//! What an engine can't tell is absent: no evidence is made up for it. A new engine is a file beside this one
//! and a line in [`super::ENGINES`].

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::base::languages;
use crate::config::WhisperEngine;
use crate::models::{ModelError, ModelInfo};
use crate::recognisers::recognizer::Recognizer;

/// One model of one kind of recogniser.
pub trait Engine: std::fmt::Debug + Send + Sync {
    /// What it can do. The same for as long as it lives.
    fn facts(&self) -> &Facts;
    /// A recogniser that works with this model; at the start, and again after one died. It must not wait:
    /// what takes time belongs to [`Recognizer::prepare`].
    fn open(&self, how: &Opening) -> Box<dyn Recognizer>;
    /// The local file that the model is; `None` means that it lies elsewhere.
    fn file(&self) -> Option<&ModelInfo> {
        None
    }
    /// The server that does the work, as people know it; `None` means that this program does.
    fn server(&self) -> Option<&str> {
        None
    }
    /// The other computer that is sent what is said; `None` means that it stays here.
    fn sends_to(&self) -> Option<&str> {
        None
    }
}

/// How a recogniser is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Threads that recognise, at least 1.
    pub threads: usize,
    /// How much less important than other work it is, 0..=19.
    pub niceness: u8,
    /// How long a request may take, whatever its length.
    pub request_limit: Duration,
    /// Who computes Whisper models.
    pub whisper: WhisperEngine,
}

/// What an engine can do.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Name of the model, as it stands in the transcript.
    pub name: String,
    /// Languages that it knows.
    pub languages: Languages,
    /// Longest sound of one request, in seconds, at least 5. Everything longer is cut before it is asked.
    pub longest_s: f64,
    /// What one recogniser takes, which decides how many work at once.
    pub cost: Cost,
    /// Which lines it is quick enough for.
    pub fit: Fit,
    /// Which evidence comes with its text.
    pub gives: Gives,
}

/// Languages that an engine knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Languages {
    /// All that anybody asks for; one that it doesn't know is an error of the request.
    All,
    /// English alone.
    English,
    /// These ISO 639-1 codes.
    Only(Vec<String>),
}

/// What one recogniser takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Processor and this many bytes of memory here.
    Here {
        /// On the safe side.
        bytes: u64,
    },
    /// It works on another computer, which takes this many requests at once.
    Elsewhere {
        /// At least 1.
        at_once: usize,
    },
}

/// Which lines an engine is quick enough for; each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Those of a recording that is over.
    Afterwards,
    /// Those of a recording that runs.
    Live,
    /// Those that are still being spoken, again and again.
    Growing,
}

/// Which evidence an engine gives with its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gives {
    /// The probability that nobody spoke.
    pub no_speech_prob: bool,
    /// The mean log probability of the text.
    pub avg_logprob: bool,
    /// The probability of each word.
    pub word_probs: bool,
    /// The language that the sound is likeliest in.
    pub spoken: bool,
}

impl Gives {
    /// All of it.
    pub const ALL: Self = Self { no_speech_prob: true, avg_logprob: true, word_probs: true, spoken: true };
    /// Nothing but the text.
    pub const NOTHING: Self =
        Self { no_speech_prob: false, avg_logprob: false, word_probs: false, spoken: false };
}

impl Languages {
    /// Whether it knows this one (ISO 639-1).
    pub fn know(&self, language: &str) -> bool {
        match self {
            Self::All => true,
            Self::English => language == "en",
            Self::Only(codes) => codes.iter().any(|code| code == language),
        }
    }

    /// The only language that it knows, where there is one: it needs no telling and no finding out.
    pub fn only(&self) -> Option<&str> {
        match self {
            Self::English => Some("en"),
            Self::Only(codes) if codes.len() == 1 => Some(&codes[0]),
            Self::All | Self::Only(_) => None,
        }
    }
}

impl Facts {
    /// How many recognisers make sense at once where nobody waits for a line: one for each of `threads`, as
    /// threads that share a segment wait for one another, and no more than half of `memory` (bytes; `None`
    /// means that the system does not tell) has room for.
    pub fn at_once(&self, threads: usize, memory: Option<u64>) -> usize {
        let most = match self.cost {
            Cost::Here { bytes } => {
                let room = memory.map_or(1, |memory| memory / 2 / bytes.max(1));
                threads.min(usize::try_from(room).unwrap_or(usize::MAX))
            }
            Cost::Elsewhere { at_once } => at_once,
        };
        most.max(1)
    }
}

/// What a model is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Its name, path or address; `auto` leaves it open.
    pub model: &'a str,
    /// ISO 639-1 code that it must know; `auto` leaves it open.
    pub language: &'a str,
    /// The folder of local models.
    pub models: &'a Path,
}

/// A kind of engine.
pub struct Kind {
    /// Models whose names begin so are of this kind. Empty: all that no kind before it took.
    pub prefix: &'static str,
    /// Looks the model up, without loading it.
    pub find: fn(&Asked<'_>) -> Result<Arc<dyn Engine>, EngineError>,
}

/// Why there is no engine for a model.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The local model can't be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model doesn't know the language.
    #[error(
        "the model '{model}' does not know {}: choose another model (`--model`; `hansard models list` shows them) \
         or another language (`--language`)",
        named(language)
    )]
    Language {
        model: String,
        /// ISO 639-1 code.
        language: String,
    },
    /// No kind of engine takes a model of that name.
    #[error("no recogniser takes the model '{model}': `hansard models list` shows those that there are")]
    Unknown {
        /// As the user named it.
        model: String,
    },
}

/// `German (de)`; a code without a name as it is.
fn named(code: &str) -> String {
    languages::name(code).map_or_else(|| format!("the language '{code}'"), |name| format!("{name} ({code})"))
}

/// The engine of the first of these kinds that takes the model.
pub fn find(kinds: &[Kind], asked: &Asked<'_>) -> Result<Arc<dyn Engine>, EngineError> {
    let Some(kind) = kinds.iter().find(|kind| asked.model.starts_with(kind.prefix)) else {
        return Err(EngineError::Unknown { model: asked.model.to_owned() });
    };
    let engine = (kind.find)(asked)?;
    let Facts { name, languages, .. } = engine.facts();
    if asked.language != "auto" && !languages.know(asked.language) {
        return Err(EngineError::Language { model: name.clone(), language: asked.language.to_owned() });
    }
    Ok(engine)
}

/// Bytes that programs can still take without swapping, where the system says so.
pub fn memory_available() -> Option<u64> {
    let facts = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = facts.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(cost: Cost) -> Facts {
        Facts {
            name: "m".into(),
            languages: Languages::All,
            longest_s: 30.0,
            cost,
            fit: Fit::Live,
            gives: Gives::NOTHING,
        }
    }

    #[test]
    fn as_many_work_at_once_as_threads_and_memory_allow() {
        let here = facts(Cost::Here { bytes: 100 });
        assert_eq!(here.at_once(4, Some(10_000)), 4);
        assert_eq!(here.at_once(4, Some(500)), 2, "half of the memory is left alone");
        assert_eq!(here.at_once(4, Some(10)), 1, "one always works");
        assert_eq!(here.at_once(4, None), 1, "the system does not tell");
        assert_eq!(facts(Cost::Elsewhere { at_once: 8 }).at_once(2, None), 8);
    }

    #[test]
    fn one_language_needs_no_telling() {
        let two = Languages::Only(vec!["de".into(), "fr".into()]);
        assert_eq!((two.know("de"), two.know("en"), two.only()), (true, false, None));
        assert_eq!((Languages::English.know("de"), Languages::English.only()), (false, Some("en")));
        assert_eq!((Languages::All.know("sw"), Languages::All.only()), (true, None));
    }
}

//! Settings: `config/default.toml` (compiled in) < the user's file < `--config FILE` < `HANSARD_…` < flags.
//!
//! Every value is checked where it enters, against the one table in `keys`, and remembers where it came from.
//! No file of the working folder is read unasked. An unknown key is an error with a suggestion: a setting
//! that silently does nothing costs a meeting. An unknown `HANSARD_…` variable is only a warning, as
//! environments are shared.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Value;

mod file;
mod folders;
mod keys;
mod sections;
mod server;
mod show;
mod suggest;

use folders::Folders;
pub use keys::VOCABULARY_CHARS;
pub use sections::{
    Audio, Denoise, Export, Fallback, Minutes, Models, Paths, Record, Remind, Retention, Scrollback, Segment,
    Summary, TrackFormat, Tracks, Transcribe, Ui, Voices, WhisperEngine,
};
pub use server::ServerAddress;
pub(crate) use suggest::nearest;

/// Where the key of a server stands. Its variable is no setting: it is shown nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPlace {
    /// The variable that holds it.
    pub variable: &'static str,
    /// The setting that names its file.
    pub setting: &'static str,
    /// What kind of server it is.
    pub server: &'static str,
}

/// The key of a transcription server.
pub const TRANSCRIPTION_KEY: KeyPlace = KeyPlace {
    variable: "HANSARD_TRANSCRIBE_KEY",
    setting: "transcribe.key_file",
    server: "transcription server",
};
/// The key of a chat server, which makes summaries.
pub const CHAT_KEY: KeyPlace =
    KeyPlace { variable: "HANSARD_SUMMARY_KEY", setting: "summary.key_file", server: "chat server" };

/// Every key with its default and why.
const DEFAULTS: &str = include_str!("../../config/default.toml");

/// All settings, resolved and validated. The fields are named as the keys are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folders.
    pub paths: Paths,
    /// Devices.
    pub audio: Audio,
    /// Files of sound.
    pub tracks: Tracks,
    /// The verb `record`.
    pub record: Record,
    /// Recognition, live or later.
    pub transcribe: Transcribe,
    /// How speech is cut into segments.
    pub segment: Segment,
    /// What people may have forgotten.
    pub remind: Remind,
    /// The minutes' layout.
    pub minutes: Minutes,
    /// Documents that others read.
    pub export: Export,
    /// What a model makes of a text.
    pub summary: Summary,
    /// What is kept of voices.
    pub voices: Voices,
    /// After how many days what is erased.
    pub retention: Retention,
    /// Where models come from.
    pub models: Models,
    /// What to record if no `--source` is given; may be empty.
    #[serde(skip)]
    pub sources: Vec<Source>,
    #[serde(skip)]
    layers: Layers,
}

/// A `[[source]]` of a config file: what `--source NAME=SPEC` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The person's or the place's name.
    pub name: String,
    /// SPEC, not parsed yet.
    pub spec: String,
    /// Code of the language that is spoken there; `None` means as in `transcribe.language`.
    pub language: Option<String>,
    /// Most voices that are told apart there; `None` means as in `transcribe.speakers`.
    pub speakers: Option<u32>,
    /// Where it stands, for messages.
    pub origin: Origin,
}

/// Who said that a setting is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody: it is the default.
    Default,
    /// A line (from 1) of a file.
    File { path: PathBuf, line: usize },
    /// An environment variable, by its name.
    Variable(String),
    /// A flag, with its dashes.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// What is wrong with the settings, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or folder could not be read.
    #[error("{}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// A file is not TOML.
    #[error("{at}: {message}")]
    Syntax {
        at: Origin,
        /// What the parser says.
        message: String,
    },
    /// A key that does not exist.
    #[error("{at}: there is no setting `{key}`{}", hint(*near))]
    UnknownKey {
        /// Its full name.
        key: String,
        at: Origin,
        /// What may have been meant.
        near: Option<&'static str>,
    },
    /// A value of a wrong type, or out of range.
    #[error("{at}: `{key}` must be {wants}, not {got}")]
    WrongValue {
        /// Full name of the key.
        key: String,
        at: Origin,
        /// What stands there.
        got: String,
        /// What may stand there.
        wants: String,
    },
    /// Two values that are each right, but not together.
    #[error("`{low}` ({low_at}) must not be greater than `{high}` ({high_at})")]
    Order {
        /// The one that must be the smaller.
        low: &'static str,
        /// Where it was set.
        low_at: Origin,
        /// The one that must be the greater.
        high: &'static str,
        /// Where it was set.
        high_at: Origin,
    },
    /// Two sources of one name.
    #[error("{at}: there are two sources named `{name}`: give each its own name")]
    SameName {
        /// Where the second stands.
        at: Origin,
        name: String,
    },
    /// A path or value that can't be written in a config file.
    #[error("{path:?} is not UTF-8: settings can only hold text, so choose another name")]
    NotText {
        /// The path or value.
        path: PathBuf,
    },
    /// A path needs the home folder, and there is none.
    #[error("cannot find a home folder for `{path}`: set HOME, or give the whole path")]
    NoHome { path: String },
    /// A folder has no default, as the user has no data folder.
    #[error("cannot tell where {what} belong: set HOME, or {variable} to a folder")]
    NoDataFolder {
        /// "recordings" or "models".
        what: &'static str,
        /// The variable that would do.
        variable: String,
    },
    /// The table of keys and the types disagree: a fault of the program.
    #[error("settings do not fit together: {0}")]
    Shape(#[from] toml::de::Error),
}

fn hint(near: Option<&str>) -> String {
    match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None => "; `hansard config show` lists all of them".into(),
    }
}

/// The values as they were said, the last one of each key.
#[derive(Debug, Clone, Default)]
struct Layers {
    settings: BTreeMap<&'static str, (Value, Origin)>,
    sources: Vec<Source>,
    warnings: Vec<String>,
    folders: Folders,
}

impl Config {
    /// Reads all layers but the flags. `extra` is the file given with `--config`.
    ///
    /// # Errors
    /// A file that can't be read or parsed, an unknown key, a wrong value. That the user has no file is no
    /// error.
    pub fn load(extra: Option<&Path>) -> Result<Self, ConfigError> {
        let folders = Folders::of_user();
        let mut files = Vec::new();
        if let Some(path) = own_file(&folders) {
            match std::fs::read_to_string(&path) {
                Ok(text) => files.push((path, text)),
                // HOME=/dev/null is how services say that they have none.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(source) => return Err(ConfigError::Unreadable { path, source }),
            }
        }
        if let Some(path) = extra {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
            files.push((path.into(), text));
        }
        Self::resolve(folders, &files, std::env::vars_os())
    }

    /// Lays files and variables over the defaults.
    fn resolve(
        folders: Folders,
        files: &[(PathBuf, String)],
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers { folders, ..Layers::default() };
        layers.add(file::read(DEFAULTS, None)?, None)?;
        for (path, text) in files {
            layers.add(file::read(text, Some(path))?, path.parent())?;
        }
        for (name, value) in variables {
            layers.add_variable(&name.to_string_lossy(), &value)?;
        }
        layers.build()
    }

    /// Sets one key from a flag, given as text: `config.set("transcribe.model", "tiny.en", "--model")`.
    /// On an error nothing has changed.
    ///
    /// # Errors
    /// As for any other layer: an unknown key, a wrong value.
    pub fn set(&mut self, key: &str, value: &str, flag: &str) -> Result<(), ConfigError> {
        let mut layers = self.layers.clone();
        let at = Origin::Flag(flag.into());
        let known = keys::find(key).ok_or_else(|| file::unknown(key, at.clone()))?;
        layers.read(known, value, at)?;
        *self = layers.build()?;
        Ok(())
    }

    /// Who set a key, by its full name; `None` if there is no such key.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.layers.settings.get(key).map(|(_, origin)| origin)
    }

    /// The user's own file, whether or not there is one; `None` where there is no home.
    pub fn user_file() -> Option<PathBuf> {
        own_file(&Folders::of_user())
    }

    /// A folder to propose for recordings, where people find them; `None` where there is no home.
    pub fn proposed_recordings(&self) -> Option<PathBuf> {
        self.layers.folders.proposed_recordings()
    }

    /// Where recordings went while nothing else was said, if they go elsewhere now and that folder is there.
    /// Not where a variable or a flag says where they are: then somebody looks just there.
    pub fn earlier_recordings(&self) -> Option<PathBuf> {
        let said =
            matches!(self.origin("paths.recordings"), Some(Origin::Variable(_) | Origin::Flag(_)) | None);
        let earlier = self.layers.folders.earlier_recordings().filter(|_| !said);
        earlier.filter(|folder| *folder != self.paths.recordings)
    }

    /// Where what can be made anew goes, such as the index of a search; `None` where there is no home.
    pub fn cache(&self) -> Option<&Path> {
        self.layers.folders.cache.as_deref()
    }

    /// A folder as the user typed it: `~` is home, a relative one starts at the working folder.
    ///
    /// # Errors
    /// It needs a home, and there is none.
    pub fn folder(&self, text: &str) -> Result<PathBuf, ConfigError> {
        self.layers.folders.expand(text, None)
    }

    /// A path as people write it: below the home with `~`.
    pub fn tilde(&self, path: &Path) -> String {
        let home = self.layers.folders.home.as_deref();
        match home.and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) if rest.as_os_str().is_empty() => "~".into(),
            Some(rest) => format!("~/{}", rest.display()),
            None => path.display().to_string(),
        }
    }

    /// What the user should be told on stderr: variables that look like ours and are not.
    pub fn warnings(&self) -> &[String] {
        &self.layers.warnings
    }
}

impl Layers {
    fn add(&mut self, said: file::Said, base: Option<&Path>) -> Result<(), ConfigError> {
        for (key, value, at) in said.settings {
            self.put(key, value, at, base)?;
        }
        if let Some(sources) = said.sources {
            self.sources = sources;
        }
        Ok(())
    }

    /// A variable that is empty counts as not set, as shells have no better way to unset one for a command.
    fn add_variable(&mut self, name: &str, value: &OsStr) -> Result<(), ConfigError> {
        if !name.starts_with("HANSARD_") || name.starts_with("HANSARD_TEST_") || value.is_empty() {
            return Ok(());
        }
        if let Some(key) = keys::KEYS.iter().find(|key| key.variable() == name) {
            let value = value.to_str().ok_or_else(|| ConfigError::NotText { path: value.into() })?;
            return self.read(key, value, Origin::Variable(name.into()));
        }
        if [TRANSCRIPTION_KEY, CHAT_KEY].iter().any(|key| name == key.variable) {
            return Ok(());
        }
        let names: Vec<_> = keys::KEYS.iter().map(keys::Key::variable).collect();
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("; did you mean {near}?"),
            None => String::new(),
        };
        self.warnings.push(format!("the variable {name} is not a setting and has no effect{hint}"));
        Ok(())
    }

    fn read(&mut self, key: &'static keys::Key, text: &str, at: Origin) -> Result<(), ConfigError> {
        let value = key.kind.read(text).ok_or_else(|| ConfigError::WrongValue {
            key: key.name.into(),
            at: at.clone(),
            got: format!("{text:?}"),
            wants: key.kind.wants_instead(text),
        })?;
        self.put(key, value, at, None)
    }

    fn put(
        &mut self,
        key: &'static keys::Key,
        mut value: Value,
        at: Origin,
        base: Option<&Path>,
    ) -> Result<(), ConfigError> {
        if let (keys::Kind::Folder | keys::Kind::File, Value::String(text)) = (key.kind, &mut value) {
            *text = into_text(self.folders.expand(text, base)?)?;
        }
        self.settings.insert(key.name, (value, at));
        Ok(())
    }

    /// The validated whole. Default folders are looked up only here: a user who names both needs no home
    /// folder.
    fn build(mut self) -> Result<Config, ConfigError> {
        self.default_folder("paths.recordings", "recordings")?;
        self.default_folder("paths.models", "models")?;
        match self.default_folder("paths.voices", "voices") {
            // Nobody is enrolled then, which stops nobody from recording.
            Ok(()) | Err(ConfigError::NoDataFolder { .. }) => {}
            Err(error) => return Err(error),
        }
        let mut config: Config = self.table().try_into()?;
        self.check_order("segment.offset", config.segment.offset, "segment.onset", config.segment.onset)?;
        self.check_order("segment.target_s", config.segment.target_s, "segment.cap_s", config.segment.cap_s)?;
        config.sources = self.sources.clone();
        config.layers = self;
        Ok(config)
    }

    fn default_folder(&mut self, name: &'static str, what: &'static str) -> Result<(), ConfigError> {
        if let Some((Value::String(text), _)) = self.settings.get_mut(name)
            && text.is_empty()
        {
            let variable = || keys::find(name).map_or_else(String::new, keys::Key::variable);
            let folder = match what {
                "recordings" => self.folders.recordings(),
                _ => self.folders.data.as_ref().map(|data| data.join(what)),
            };
            let folder = folder.ok_or_else(|| ConfigError::NoDataFolder { what, variable: variable() })?;
            *text = into_text(folder)?;
        }
        Ok(())
    }

    fn check_order(&self, low: &'static str, a: f64, high: &'static str, b: f64) -> Result<(), ConfigError> {
        if a <= b {
            return Ok(());
        }
        let at = |name| self.settings.get(name).map_or(Origin::Default, |(_, origin)| origin.clone());
        Err(ConfigError::Order { low, low_at: at(low), high, high_at: at(high) })
    }

    /// All settings as one nested table, without the sources.
    fn table(&self) -> toml::Table {
        let mut table = toml::Table::new();
        for key in keys::KEYS {
            let section = table.entry(key.section()).or_insert_with(|| Value::Table(toml::Table::new()));
            if let (Value::Table(section), Some((value, _))) = (section, self.settings.get(key.name)) {
                section.insert(key.leaf().into(), value.clone());
            }
        }
        table
    }
}

fn into_text(path: PathBuf) -> Result<String, ConfigError> {
    path.into_os_string().into_string().map_err(|path| ConfigError::NotText { path: path.into() })
}

/// The user's own file.
fn own_file(folders: &Folders) -> Option<PathBuf> {
    folders.config.as_ref().map(|folder| folder.join("config.toml"))
}

/// A number of speakers from text.
///
/// # Errors
/// It is none: what is wanted instead.
pub fn speakers(text: &str) -> Result<u32, String> {
    keys::speakers(text).ok_or_else(|| keys::SPEAKERS.wants())
}

/// The code of a language (or `auto`) that is named by its code or its English name.
///
/// # Errors
/// No language is called so: what is wanted instead.
pub fn language_code(text: &str) -> Result<String, String> {
    keys::language(text).ok_or_else(|| keys::language_instead(text))
}

/// Two sources of one name would be one speaker in the minutes.
fn check_sources(sources: &[Source]) -> Result<(), ConfigError> {
    for (i, source) in sources.iter().enumerate() {
        if sources[..i].iter().any(|earlier| earlier.name == source.name) {
            return Err(ConfigError::SameName { at: source.origin.clone(), name: source.name.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

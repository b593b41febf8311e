//! From settings to text work: which model, in which languages, with how many threads and recognisers, cut
//! how. `record`, `transcribe` and `doctor` ask here, so that each of them does the same.
//!
//! It starts nothing: what comes out is what the transcriber is started with. A model that is not there, is
//! broken or does not know the language is an error before anything begins; that none is installed at all is
//! an answer ([`Choice::None`]), as a recording goes on without text.

use std::sync::{Arc, Mutex};

use crate::actors::transcriber::{self, MakeRecognizer};
use crate::audio::segment::{SegmentSettings, SegmentSettingsError};
use crate::config::Config;
use crate::live::SessionView;
use crate::models::{self, ModelError, ModelInfo};
use crate::recognisers::recognizer::Recognizer;
use crate::recognisers::worker::{WorkerOptions, WorkerRecognizer};
use crate::session::manifest::SourceEntry;
use crate::speech::analysis::Analysis;
use crate::speech::listen::Hints;
use crate::speech::work::Pass;

/// Why there can be no text work as it was asked for. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// The model that was asked for can't be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The settings of segments contradict each other.
    #[error(transparent)]
    Segments(#[from] SegmentSettingsError),
}

/// What is shown of lines that still grow steps back behind the lines themselves.
const PARTIAL_NICENESS: u8 = 12;

/// The model to use, or why there is none.
pub enum Choice {
    /// This one.
    Use(ModelInfo),
    /// None is installed: text can be made later.
    None(String),
}

/// Chooses the model that the settings ask for. Wrong use is an error: a model that is not there or is
/// broken, or one that does not know the language.
pub fn choose_model<'a>(
    config: &'a Config,
    of_sources: impl Iterator<Item = Option<&'a str>>,
) -> Result<Choice, TextError> {
    let wanted = Some(config.transcribe.model.as_str());
    // One that is not English decides: the others any such model knows, too.
    let general = config.transcribe.language.as_str();
    let languages: Vec<&str> = of_sources.map(|of_source| of_source.unwrap_or(general)).collect();
    let foreign = languages.iter().find(|language| !["en", "auto"].contains(*language));
    let language = foreign.or_else(|| languages.iter().find(|language| **language == "auto")).copied();
    let language = Some(language.unwrap_or(if languages.is_empty() { general } else { "en" }));
    match models::resolve(&config.paths.models, wanted, language) {
        Ok(model) => Ok(Choice::Use(model)),
        Err(error @ ModelError::NoneInstalled { .. }) => Ok(Choice::None(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// The text work that is wanted.
pub struct Wanted<'a> {
    /// Who recognises.
    pub model: &'a ModelInfo,
    /// One per track, in their order.
    pub sources: &'a [SourceEntry],
    /// How the work is done.
    pub pass: Pass,
    /// Somebody looks at lines that still grow.
    pub partials: bool,
}

/// What the transcriber is started with.
pub fn arguments(
    config: &Config,
    wanted: &Wanted<'_>,
    session: SessionView,
    analysis: Analysis,
) -> Result<transcriber::Arguments, TextError> {
    let Wanted { model, pass, partials, .. } = *wanted;
    let settings = segments(config);
    settings.check()?;
    let mut options = worker(config, model);
    let recognizers = if pass == Pass::Plain { at_once(config, model) } else { 1 };
    if recognizers > 1 {
        options.threads = 1;
    }
    let partials: Option<MakeRecognizer> = (pass == Pass::Live && partials && config.transcribe.partials)
        .then(|| {
            let options = WorkerOptions { threads: 1, niceness: PARTIAL_NICENESS, ..options.clone() };
            Arc::new(move || Box::new(WorkerRecognizer::new(options.clone())) as Box<dyn Recognizer>)
                as MakeRecognizer
        });
    let make: MakeRecognizer = Arc::new(move || Box::new(WorkerRecognizer::new(options.clone())));
    let language = |source: &SourceEntry| language_told(config, model, source.language.as_deref());
    let hints = Hints {
        languages: wanted.sources.iter().map(language).collect(),
        vocabulary: config.transcribe.vocabulary.clone(),
        denoise: false,
    };
    Ok(transcriber::Arguments {
        session,
        analysis: Arc::new(Mutex::new(analysis)),
        make,
        recognizers,
        pass,
        partials,
        settings,
        denoise: config.transcribe.denoise,
        hints,
    })
}

/// How the recogniser's process is run.
pub fn worker(config: &Config, model: &ModelInfo) -> WorkerOptions {
    let mut options = WorkerOptions::new(&model.path);
    options.threads = config.transcribe.threads_in_force().get() as usize;
    options.request_limit = std::time::Duration::from_secs_f64(config.transcribe.segment_timeout_s);
    options
}

/// The language that the recogniser is told, of a source that may have one of its own; `None` if the
/// recogniser detects it.
pub fn language_told(config: &Config, model: &ModelInfo, own: Option<&str>) -> Option<String> {
    let language = own.unwrap_or(&config.transcribe.language);
    // An English-only model needs no telling.
    if model.multilingual { Some(language.to_owned()).filter(|l| l != "auto") } else { Some("en".into()) }
}

/// How many recognisers work at once where nobody waits for a line: one thread each, as threads that share a
/// segment wait for one another; as many as there are cores, or as was set, and no more than memory has room
/// for.
fn at_once(config: &Config, model: &ModelInfo) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let wanted = if config.transcribe.threads > 0 { config.transcribe.threads as usize } else { cores() };
    // On the safe side: two recognisers of base-q8_0 (82 MB) and the program together took 504 MB in the
    // accuracy suite.
    let each = model.bytes * 2 + 100_000_000;
    let room = memory_available().map_or(1, |bytes| bytes / 2 / each);
    wanted.min(usize::try_from(room).unwrap_or(usize::MAX)).max(1)
}

/// Bytes that programs can still take without swapping, where the system says so.
fn memory_available() -> Option<u64> {
    let facts = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = facts.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn segments(config: &Config) -> SegmentSettings {
    let segment = &config.segment;
    SegmentSettings {
        onset: segment.onset as f32,
        offset: segment.offset as f32,
        min_speech_ms: segment.min_speech_ms,
        endpoint_ms: segment.endpoint_ms,
        pre_roll_ms: segment.pre_roll_ms,
        post_roll_ms: segment.post_roll_ms,
        target_ms: (segment.target_s * 1e3) as u32,
        max_ms: (segment.cap_s * 1e3) as u32,
        ..SegmentSettings::default()
    }
}

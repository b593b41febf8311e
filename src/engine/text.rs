//! From settings to text work: which engine, in which languages, with how many threads and recognisers, cut
//! how. `record`, `transcribe` and `doctor` ask here, so that each of them does the same. All that depends on
//! the engine is taken from its facts.
//!
//! It starts nothing: what comes out is what the transcriber is started with. A model that is not there, is
//! broken or does not know the language is an error before anything begins. That none is installed at all, or
//! that one is too slow for a recording that runs, is an answer ([`Choice::Later`]): the recording goes on
//! without text.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::actors::transcriber::{self, MakeRecognizer};
use crate::audio::segment::{SegmentSettings, SegmentSettingsError};
use crate::config::{Config, Fallback, Origin, ServerAddress, TRANSCRIPTION_KEY};
use crate::live::SessionView;
use crate::models::ModelError;
use crate::recognisers::ENGINES;
use crate::recognisers::engine::{
    self, Asked, Cost, Engine, EngineError, Facts, Fit, Languages, Opening, memory_available,
};
use crate::recognisers::http::{Server, ServerError, Settings};
use crate::recognisers::recognizer::Certainty;
use crate::recognisers::worker::NICENESS;
use crate::servers::key::Key;
use crate::servers::patience::Limits;
use crate::session::manifest::SourceEntry;
use crate::speech::analysis::Analysis;
use crate::speech::listen::Hints;
use crate::speech::work::Pass;

/// Why there can be no text work as it was asked for. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// There is no engine for the model that was asked for.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The transcription server can't be used as it was set.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The settings of segments contradict each other.
    #[error(transparent)]
    Segments(#[from] SegmentSettingsError),
}

/// A segment is at least so much shorter than the longest request, as a little silence goes with it.
const SEGMENT_ROOM_S: f64 = 1.0;

/// What is shown of lines that still grow steps back behind the lines themselves.
const PARTIAL_NICENESS: u8 = 12;

/// The engine to use, or why there is none.
pub enum Choice {
    Use(Arc<dyn Engine>),
    /// Text can't be made now, for this reason, but can be made later.
    Later(String),
}

/// How a recording's text is made: live, unless all its sources count their own frames (`counted`), so that
/// nobody waits for a line.
pub fn pass(counted: bool) -> Pass {
    if counted { Pass::Plain } else { Pass::Live }
}

/// Chooses the engine that the settings ask for. Wrong use is an error: a model that is not there or is
/// broken, or one that does not know the language.
pub fn choose_engine<'a>(
    config: &'a Config,
    pass: Pass,
    of_sources: impl Iterator<Item = Option<&'a str>>,
) -> Result<Choice, TextError> {
    let general = config.transcribe.language.as_str();
    let languages: Vec<&str> = of_sources.map(|of_source| of_source.unwrap_or(general)).collect();
    if let Some(address) = server(config) {
        return Ok(Choice::Use(Arc::new(of_server(config, address, pass, &languages)?)));
    }
    choose_local(config, pass, &languages)
}

/// The same where it is only tried: a server has no local model that stands in for it, and is not waited for.
pub fn choose_to_try<'a>(
    config: &'a Config,
    pass: Pass,
    of_sources: impl Iterator<Item = Option<&'a str>>,
) -> Result<Choice, TextError> {
    match server(config) {
        Some(address) => {
            Ok(Choice::Use(Arc::new(Server::new(settings(config, address, Limits::BRIEF)?, None)?)))
        }
        None => choose_engine(config, pass, of_sources),
    }
}

/// The server that is to make the text. Whoever names a model with the command means one of this computer.
fn server(config: &Config) -> Option<ServerAddress> {
    let named = matches!(config.origin("transcribe.model"), Some(Origin::Flag(_)));
    config.transcribe.server().filter(|_| !named)
}

/// The engine of a server. A local model that can't stand in for it is no error: text is then pending where
/// the server makes none.
fn of_server(
    config: &Config,
    address: ServerAddress,
    pass: Pass,
    languages: &[&str],
) -> Result<Server, TextError> {
    let local = match config.transcribe.fallback {
        Fallback::Local => match choose_local(config, pass, languages) {
            Ok(Choice::Use(engine)) => Some(engine),
            Ok(Choice::Later(reason)) => {
                tracing::info!(reason, "no local model stands in for the server");
                None
            }
            Err(error) => {
                tracing::warn!(%error, "no local model stands in for the server");
                None
            }
        },
        Fallback::Pending => None,
    };
    let limits = if local.is_some() { Limits::BRIEF } else { Limits::LONG };
    Ok(Server::new(settings(config, address, limits)?, local)?)
}

fn settings(config: &Config, address: ServerAddress, limits: Limits) -> Result<Settings, ServerError> {
    let transcribe = &config.transcribe;
    Ok(Settings {
        address,
        key: Key::find(TRANSCRIPTION_KEY, &transcribe.key_file)?,
        model: transcribe.url_model.clone(),
        at_once: transcribe.requests as usize,
        timeout: Duration::from_secs_f64(transcribe.url_timeout_s),
        limits,
    })
}

/// The local engine for sources of these languages.
fn choose_local(config: &Config, pass: Pass, languages: &[&str]) -> Result<Choice, TextError> {
    // One that is not English decides: the others any such model knows, too.
    let foreign = languages.iter().find(|language| !["en", "auto"].contains(*language));
    let language = foreign.or_else(|| languages.iter().find(|language| **language == "auto")).copied();
    let general = config.transcribe.language.as_str();
    let language = language.unwrap_or(if languages.is_empty() { general } else { "en" });
    let asked = Asked { model: &config.transcribe.model, language, models: &config.paths.models };
    let knows_all = |engine: Arc<dyn Engine>| {
        let Facts { name, languages: known, .. } = engine.facts();
        match unknown(known, languages) {
            Some(language) => {
                Err(EngineError::Language { model: name.clone(), language: language.to_owned() })
            }
            None => Ok(engine),
        }
    };
    match engine::find(ENGINES, &asked).and_then(knows_all) {
        Ok(engine) if pass == Pass::Live && engine.facts().fit < Fit::Live => {
            let name = &engine.facts().name;
            Ok(Choice::Later(format!("{name} is too slow for a recording that runs")))
        }
        Ok(engine) => Ok(Choice::Use(engine)),
        Err(EngineError::Model(error @ ModelError::NoneInstalled { .. })) => {
            Ok(Choice::Later(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The first of these languages that a model doesn't know.
fn unknown<'a>(known: &Languages, asked: &[&'a str]) -> Option<&'a str> {
    asked.iter().find(|language| **language != "auto" && !known.know(language)).copied()
}

/// The text work that is wanted.
pub struct Wanted<'a> {
    pub engine: &'a Arc<dyn Engine>,
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
    let Wanted { engine, pass, .. } = *wanted;
    let facts = engine.facts();
    let settings = segments(config, facts);
    settings.check()?;
    let mut how = opening(config);
    let most = match (pass, facts.cost) {
        (Pass::Plain, _) => at_once(config, facts),
        // Elsewhere they do not take time from one another, nor from the recording.
        (Pass::Live, Cost::Elsewhere { at_once }) => at_once,
        (Pass::Live | Pass::Long, _) => 1,
    };
    let recognizers = match facts.cost {
        Cost::Here { .. } => most.min(worth(&session)),
        Cost::Elsewhere { .. } => most,
    };
    if most > 1 {
        how.threads = 1;
    }
    let growing = wanted.partials && config.transcribe.partials && facts.fit >= Fit::Growing;
    let partials = (pass == Pass::Live && growing)
        .then(|| maker(engine, Opening { threads: 1, niceness: PARTIAL_NICENESS, ..how.clone() }));
    let language = |source: &SourceEntry| language_told(config, facts, source.language.as_deref());
    let hints = Hints {
        languages: wanted.sources.iter().map(language).collect(),
        vocabulary: config.transcribe.vocabulary.clone(),
        certainty: Certainty::Told,
        denoise: false,
    };
    Ok(transcriber::Arguments {
        session,
        analysis: Arc::new(Mutex::new(analysis)),
        make: maker(engine, how),
        recognizers,
        sends_to: engine.sends_to().map(str::to_owned),
        pass,
        longest_s: facts.longest_s,
        partials,
        settings,
        denoise: config.transcribe.denoise,
        voices: wanted.sources.iter().map(|source| voices(config, source)).collect(),
        enrolled: config.paths.voices.clone(),
        hints,
    })
}

/// Most voices that a source may have; `None` sets no bound.
pub fn voices(config: &Config, source: &SourceEntry) -> Option<usize> {
    let limit = source.speakers.unwrap_or(config.transcribe.speakers);
    (limit > 0).then_some(limit as usize)
}

fn maker(engine: &Arc<dyn Engine>, how: Opening) -> MakeRecognizer {
    let engine = Arc::clone(engine);
    Arc::new(move || engine.open(&how))
}

/// How a recogniser is run whose lines somebody waits for.
pub fn opening(config: &Config) -> Opening {
    Opening {
        threads: config.transcribe.threads_in_force().get() as usize,
        niceness: NICENESS,
        request_limit: Duration::from_secs_f64(config.transcribe.segment_timeout_s),
        whisper: config.transcribe.whisper,
    }
}

/// The language that the recogniser is told, of a source that may have one of its own. `None` means that it
/// finds out.
pub fn language_told(config: &Config, facts: &Facts, own: Option<&str>) -> Option<String> {
    let asked = own.unwrap_or(&config.transcribe.language);
    let told = facts.languages.only().or(Some(asked).filter(|language| *language != "auto"));
    told.map(str::to_owned)
}

/// How many recognisers work at once where nobody waits for a line: as many as there are cores, or as was
/// set, as far as the engine allows.
fn at_once(config: &Config, facts: &Facts) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if config.transcribe.threads > 0 { config.transcribe.threads as usize } else { cores() };
    facts.at_once(threads, memory_available())
}

/// How many recognisers a session's sound is worth: to load a model takes as long as some seconds of speech.
fn worth(session: &SessionView) -> usize {
    let takes = session.tracks.iter().flat_map(|track| track.takes());
    let seconds: f64 = takes.map(|take| take.written().seconds(take.entry.rate)).sum();
    1 + (seconds / SECONDS_WORTH_ONE) as usize
}

/// Seconds of sound for which another recogniser is started.
const SECONDS_WORTH_ONE: f64 = 15.0;

/// How speech is cut: as was set, and never longer than the engine takes.
fn segments(config: &Config, facts: &Facts) -> SegmentSettings {
    let segment = &config.segment;
    let cap_s = segment.cap_s.min(facts.longest_s - SEGMENT_ROOM_S);
    SegmentSettings {
        onset: segment.onset as f32,
        offset: segment.offset as f32,
        min_speech_ms: segment.min_speech_ms,
        endpoint_ms: segment.endpoint_ms,
        pre_roll_ms: segment.pre_roll_ms,
        post_roll_ms: segment.post_roll_ms,
        target_ms: (segment.target_s.min(cap_s) * 1e3) as u32,
        max_ms: (cap_s * 1e3) as u32,
        ..SegmentSettings::default()
    }
}

//! What `record` and `transcribe` share: the choice of a model, and lines of text on the terminal.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::wrong_use;
use crate::actors::transcriber::{self, MakeRecognizer};
use crate::actors::{Listener, SessionView};
use crate::audio::segment::SegmentSettings;
use crate::config::Config;
use crate::models::{self, ModelError, ModelInfo};
use crate::session::journal::Event;
use crate::speech::analysis::Analysis;
use crate::speech::transcript::Utterance;
use crate::speech::worker::{WorkerOptions, WorkerRecognizer};

/// The model to use, or why there is none.
pub(super) enum Choice {
    /// This one.
    Use(ModelInfo),
    /// None is installed: text can be made later.
    None(String),
}

/// Chooses the model that the settings ask for. Wrong use is an error: a model that is not there or is broken, or one that
/// does not know the language.
pub(super) fn choose_model(config: &Config) -> anyhow::Result<Choice> {
    let wanted = Some(config.transcribe.model.as_str());
    let language = Some(config.transcribe.language.as_str());
    match models::resolve(&config.paths.models, wanted, language) {
        Ok(model) => Ok(Choice::Use(model)),
        Err(error @ ModelError::NoneInstalled { .. }) => Ok(Choice::None(error.to_string())),
        Err(error) => Err(wrong_use(error.to_string())),
    }
}

/// What the transcriber is started with.
pub(super) fn arguments(
    config: &Config,
    model: &ModelInfo,
    session: SessionView,
    analysis: Analysis,
    live: bool,
) -> anyhow::Result<transcriber::Arguments> {
    let settings = segments(config);
    settings.check().map_err(|error| wrong_use(error.to_string()))?;
    let mut options = WorkerOptions::new(&model.path);
    options.threads = config.transcribe.threads_in_force().get() as usize;
    options.request_limit = std::time::Duration::from_secs_f64(config.transcribe.segment_timeout_s);
    let make: MakeRecognizer = Arc::new(move || Box::new(WorkerRecognizer::new(options.clone())));
    let language = Some(config.transcribe.language.clone()).filter(|language| language != "auto");
    // An English-only model needs no telling.
    let language = if model.multilingual { language } else { Some("en".into()) };
    Ok(transcriber::Arguments {
        session,
        analysis: Arc::new(Mutex::new(analysis)),
        make,
        live,
        settings,
        denoise: config.transcribe.denoise,
        language,
    })
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

/// Lines of text go to stdout as they are finished, what happens besides to stderr.
#[derive(Debug, Default)]
pub(super) struct Terminal {
    /// An object a line instead of text.
    pub(super) json: bool,
    /// Stdout is closed: nobody reads it any more, and the recording goes on.
    closed: Mutex<bool>,
}

impl Terminal {
    pub(super) fn new(json: bool) -> Self {
        Self { json, closed: Mutex::new(false) }
    }

    fn print(&self, line: &str) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = std::io::stdout().lock();
        if !*closed && writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            *closed = true;
        }
    }
}

impl Listener for Terminal {
    fn line(&self, utterance: &Utterance) {
        if self.json {
            match serde_json::to_string(utterance) {
                Ok(line) => self.print(&line),
                Err(error) => tracing::error!(%error, "an utterance can't be printed"),
            }
        } else {
            self.print(&format!("[{}] {}: {}", clock(utterance.start), utterance.speaker, utterance.text));
        }
    }

    fn notice(&self, event: &Event) {
        if let Some(text) = describe(event) {
            say(text);
        }
    }
}

/// A line to the user, on stderr; one that nobody reads is no reason to stop (`eprintln!` would panic).
pub fn say(text: impl Display) {
    drop(writeln!(std::io::stderr(), "hansard: {text}"));
}

/// The result's line on stdout. That nobody reads it changes nothing of how the work went.
pub(super) fn print_result(line: impl Display) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        say(format_args!("can't write to stdout: {error}"));
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

/// Seconds as `00:01:23`.
pub(super) fn clock(seconds: f64) -> String {
    let s = seconds.max(0.0) as u64;
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// Where systemd does not run, nobody puts the computer to sleep: that it can't be asked not to is nothing to tell.
fn booted_with_systemd() -> bool {
    Path::new("/run/systemd/system").exists()
}

/// What of the journal a person at the terminal wants to know.
fn describe(event: &Event) -> Option<String> {
    Some(match event {
        Event::DeviceLost { source, reason } => format!("{source} is not there: {reason}; trying again"),
        Event::SourceBroken { source, reason } => {
            format!("{source} broke off: {reason}; what came before is recorded")
        }
        Event::DeviceOpened { source, attempts, .. } if *attempts > 1 => format!("{source} is there again"),
        Event::DeviceNotice { source, notice } => format!("{source}: {notice}"),
        Event::Suspended { from, seconds } => {
            format!("the computer slept for {seconds:.0} s at {}; recording goes on", clock(*from))
        }
        Event::ClockStepped { seconds } => {
            format!("the clock was set by {seconds:+.0} s; times in the session count on from its start")
        }
        Event::ThreadAbandoned { source, doing } => format!("{source}: the sound system hangs while {doing}"),
        Event::ActorFailed { actor, restarted: true, .. } => {
            format!("the {actor} failed and was started again; the recording was not touched")
        }
        Event::ActorFailed { actor, reason, restarted: false } => {
            format!("the {actor} failed ({reason}); its text will be pending, the recording goes on")
        }
        Event::SegmentFailed { track, reason, skipped, .. } => {
            let what = if *skipped { "was passed over" } else { "is tried again" };
            format!("a piece of {track} {what}: {reason}")
        }
        Event::TextBehind { seconds } => {
            format!("the text is {seconds:.0} s behind: lines come later until it has caught up; none is left out")
        }
        Event::TextCaughtUp => "the text has caught up".into(),
        Event::TextPending { reason } => format!("text is pending: {reason}"),
        Event::SleepInhibited { held: false, detail } if booted_with_systemd() => {
            let detail = detail.as_deref().filter(|detail| !detail.is_empty()).unwrap_or("no reason given");
            format!("the system does not promise to stay awake ({detail}): see to it that it does not sleep")
        }
        Event::Alarm { on: true, text, .. } => format!("ALARM: {text}"),
        Event::Alarm { on: false, text, .. } => format!("all well again: {text}"),
        Event::WriteError { file, error } if file.starts_with("tracks/") => {
            format!("ALARM: the disk refused to write {file}: {error}; the track goes on in a new file")
        }
        Event::WriteError { file, error } => format!("ALARM: the disk refused to write {file}: {error}"),
        _ => return None,
    })
}

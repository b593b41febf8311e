//! What `record` and `transcribe` share: the flags of languages, and lines of text on the terminal.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::growing::{self, Growing};
use super::wrong_use;
use crate::base::utterance::Utterance;
use crate::config::{Config, language_code};
use crate::engine::text::TextError;
use crate::live::Listener;
use crate::session::journal::Event;

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
            let language = language_code(language).ok_or_else(|| {
                wrong_use(format!("--language {flag}: {language:?} is no language's code; write NAME=en"))
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

/// Lines of text go to stdout as they are finished, what happens besides to stderr.
#[derive(Debug, Default)]
pub(super) struct Terminal {
    /// An object a line instead of text.
    pub(super) json: bool,
    /// Stdout is closed: nobody reads it any more, and the recording goes on.
    closed: Mutex<bool>,
    growing: Growing,
}

impl Terminal {
    pub(super) fn new(json: bool) -> Self {
        Self { json, closed: Mutex::new(false), growing: Growing::default() }
    }

    /// Whether anybody sees lines that still grow: a person at a terminal, or a program that reads objects.
    pub(super) fn shows_partials(&self) -> bool {
        self.json || growing::is_shown()
    }

    fn print(&self, line: &str) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        growing::above(|| {
            let mut out = std::io::stdout().lock();
            if !*closed && writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
                *closed = true;
            }
        });
    }

    fn print_json(&self, utterance: &Utterance) {
        match serde_json::to_string(utterance) {
            Ok(line) => self.print(&line),
            Err(error) => tracing::error!(%error, "an utterance can't be printed"),
        }
    }
}

impl Listener for Terminal {
    fn line(&self, utterance: &Utterance) {
        self.growing.finished(utterance);
        if self.json {
            self.print_json(utterance);
        } else {
            self.print(&format!("[{}] {}: {}", clock(utterance.start), utterance.speaker, utterance.text));
        }
    }

    fn partial(&self, utterance: &Utterance) {
        if self.json {
            self.print_json(utterance);
        }
        self.growing.show(utterance);
    }

    fn notice(&self, event: &Event) {
        if let Some(text) = describe(event) {
            say(text);
        }
    }
}

/// A line to the user, on stderr; one that nobody reads is no reason to stop (`eprintln!` would panic).
pub fn say(text: impl Display) {
    growing::above(|| drop(writeln!(std::io::stderr(), "hansard: {text}")));
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

/// Where systemd does not run, nobody puts the computer to sleep: that it can't be asked not to is nothing to
/// tell.
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
            format!(
                "the text is {seconds:.0} s behind: lines come later until it has caught up; none is left out"
            )
        }
        Event::PartialsOff { reason } => {
            format!("lines are shown only when they are finished from now on: {reason}")
        }
        Event::TextCaughtUp => "the text has caught up".into(),
        Event::Paused { at } => {
            format!("paused at {}: nothing is recorded until hansard resume", clock(*at))
        }
        Event::Resumed { at } => format!("recording again at {}", clock(*at)),
        Event::NoControl { reason } => {
            format!("{reason}; the recording goes on, but no other command can steer it")
        }
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

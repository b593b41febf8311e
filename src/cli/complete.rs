//! `hansard complete SHELL LINE`: what may stand where the cursor is. The scripts of `hansard completions`
//! call it at each TAB, so that sessions, devices, models and people are those that there are now.
//!
//! Promises: it is quick, starts no device, writes nothing but candidates, and where something can't be read
//! it offers less. The grammar is clap's own; the shells' ways with words are in `line`.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use clap::CommandFactory as _;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter};
use clap_complete::engine::{ValueCompleter as _, complete};

use self::line::Line;
use super::console::print_result;
use super::{Cli, Exit};
use crate::base::languages::LANGUAGES;
use crate::base::text::{clean, clock, name};
use crate::capture::device::{Backend, DeviceInfo};
use crate::care::trash::{self, Trashed};
use crate::config::Config;
use crate::models::catalogue::PUBLISHED;
use crate::session::heard;
use crate::session::manifest::SourceKind;
use crate::session::read::{Found, list, of_part, resolve, wall};
use crate::session::reading::Session;
use crate::speakers::enrolled::Enrolled;

mod line;

/// A sound server that does not list its devices by then is left out: somebody waits for the prompt.
const DEVICES_WITHIN: Duration = Duration::from_millis(600);
/// As many sessions are offered, the newest ones.
const SESSIONS_MAX: usize = 50;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell that asks
    shell: Shell,
    /// The command as it was typed, up to the cursor
    #[arg(allow_hyphen_values = true)]
    line: String,
    /// Characters at which the shell takes words apart (bash's `COMP_WORDBREAKS`)
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    breaks: String,
}

/// Shells that ask the program itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// The script of a shell that asks this program; `None` for others, which get a fixed list of verbs and
/// flags.
pub fn script(shell: clap_complete::Shell) -> Option<&'static str> {
    match shell {
        clap_complete::Shell::Bash => Some(include_str!("complete/hansard.bash")),
        clap_complete::Shell::Zsh => Some(include_str!("complete/hansard.zsh")),
        clap_complete::Shell::Fish => Some(include_str!("complete/hansard.fish")),
        _ => None,
    }
}

pub(super) fn run(args: &Args) -> Exit {
    let line = Line::read(&args.line, &args.breaks);
    let known = Arc::new(Known::new(line.words.clone()));
    let mut command = with_candidates(Cli::command(), &mut Vec::new(), &known);
    let place = line.words.len() - 1;
    let words = line.words.iter().map(Into::into).collect();
    let mut found = complete(&mut command, words, place, std::env::current_dir().ok().as_deref())
        // Where the line is none that could be given, nothing is offered.
        .unwrap_or_default();
    // Flags are offered to whoever begins one, and where there is nothing else.
    if line.last().is_empty() && found.iter().any(|candidate| !is_flag(candidate)) {
        found.retain(|candidate| !is_flag(candidate));
    }
    if found.iter().all(is_flag) {
        found.sort_by(|a, b| a.get_value().cmp(b.get_value()));
    }
    for candidate in &found {
        let Some(value) = candidate.get_value().to_str().filter(|value| !value.contains(['\n', '\t'])) else {
            continue;
        };
        if args.shell == Shell::Bash {
            line.rest_for_bash(value).into_iter().for_each(print_result);
        } else {
            let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
            print_result(format_args!("{value}\t{}", clean(help.lines().next().unwrap_or_default())));
        }
    }
    Exit::Well
}

fn is_flag(candidate: &CompletionCandidate) -> bool {
    candidate.get_value().to_string_lossy().starts_with('-')
}

/// What a value means, by the names that it has in the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Session,
    SessionOrFile,
    SessionsVoice,
    Voice,
    VoiceNumber,
    Speaker,
    Person,
    Model,
    PublishedModel,
    Language,
    Source,
    RecordedSource,
}

impl Meaning {
    /// What an argument of the verb with these words means.
    fn of(verb: &[String], arg: &clap::Arg) -> Option<Self> {
        let shown = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
        let is = |word: &str| verb.iter().any(|of| of == word);
        Some(match (arg.get_id().as_str(), shown) {
            (_, Some("S")) => Self::Session,
            (_, Some("S|FILE")) => Self::SessionOrFile,
            (_, Some("S#V|FILE")) => Self::SessionsVoice,
            (_, Some("M")) => Self::Model,
            (_, Some("MODEL")) if is("pull") => Self::PublishedModel,
            (_, Some("MODEL")) => Self::Model,
            (_, Some("L")) => Self::Language,
            (_, Some("NAME=SPEC")) => Self::Source,
            ("play" | "sample", Some("N")) => Self::VoiceNumber,
            ("voice", _) => Self::Voice,
            (_, Some("TIME" | "D")) => return None,
            ("old" | "from" | "into" | "speaker", _) => Self::Speaker,
            ("name" | "new", _) if is("forget") => Self::Person,
            ("name", _) if is("mute") || is("unmute") => Self::RecordedSource,
            ("name", _) if is("edit") || is("enrol") => Self::Speaker,
            _ => return None,
        })
    }
}

/// The command with candidates at all values of which something is known.
fn with_candidates(command: clap::Command, verb: &mut Vec<String>, known: &Arc<Known>) -> clap::Command {
    verb.push(command.get_name().to_owned());
    let command = command.mut_args(|arg| match Meaning::of(verb, &arg) {
        Some(Meaning::Session) => {
            let known = Arc::clone(known);
            arg.add(ArgValueCompleter::new(move |typed: &OsStr| known.sessions(&typed.to_string_lossy())))
        }
        Some(Meaning::Source) => {
            let known = Arc::clone(known);
            arg.add(ArgValueCompleter::new(move |typed: &OsStr| known.sources(&typed.to_string_lossy())))
        }
        Some(meaning @ (Meaning::SessionOrFile | Meaning::SessionsVoice)) => {
            let known = Arc::clone(known);
            arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
                let begins = |candidate: &CompletionCandidate| {
                    candidate.get_value().to_string_lossy().starts_with(&*typed.to_string_lossy())
                };
                let mut found = known.candidates(meaning);
                found.retain(begins);
                found.extend(PathCompleter::any().complete(typed));
                found
            }))
        }
        Some(meaning) => {
            let known = Arc::clone(known);
            arg.add(ArgValueCandidates::new(move || known.candidates(meaning)))
        }
        None => arg,
    });
    let command = command.mut_subcommands(|below| with_candidates(below, verb, known));
    verb.pop();
    command
}

/// What there is, and what has been typed.
struct Known {
    config: Option<Config>,
    words: Vec<String>,
}

impl Known {
    fn new(words: Vec<String>) -> Self {
        let extra = words.windows(2).find(|pair| pair[0] == "--config").map(|pair| Path::new(&pair[1]));
        Self { config: Config::load(extra).ok(), words }
    }

    fn candidates(&self, meaning: Meaning) -> Vec<CompletionCandidate> {
        let Some(config) = &self.config else { return Vec::new() };
        match meaning {
            Meaning::Session | Meaning::SessionOrFile => sessions(config),
            Meaning::SessionsVoice => self.voices_of_sessions(config),
            Meaning::Voice => self.voices(|voice| (voice.name.clone(), voice.id.clone())),
            Meaning::VoiceNumber => self.voices(|voice| (voice.number.to_string(), voice.name.clone())),
            Meaning::Speaker => plain(self.speakers(config)),
            Meaning::Person => plain(people(config)),
            Meaning::Model => plain(models(config)),
            Meaning::PublishedModel => {
                let about = |bytes: u64| format!("about {} MB", bytes / 1_000_000);
                PUBLISHED.iter().map(|model| offer(model.name, about(model.bytes_about()))).collect()
            }
            Meaning::Language => {
                let all = LANGUAGES.iter().map(|(code, language)| offer(*code, *language));
                [offer("auto", "detected")].into_iter().chain(all).collect()
            }
            Meaning::Source => Vec::new(),
            Meaning::RecordedSource => plain(recorded_sources(config)),
        }
    }

    /// Sessions by what is typed of one: the beginning of its folder's name, `last~1`, its number in `list`,
    /// or any part of its name or title.
    fn sessions(&self, typed: &str) -> Vec<CompletionCandidate> {
        let Some(config) = &self.config else { return Vec::new() };
        let begins =
            |candidate: &CompletionCandidate| candidate.get_value().to_string_lossy().starts_with(typed);
        if self.words.iter().any(|word| word == "--trash") {
            return trashed(config, typed);
        }
        let mut found = sessions(config);
        found.retain(begins);
        if !found.is_empty() && !typed.starts_with("last~") {
            return found;
        }
        let sessions = list(&config.paths.recordings).unwrap_or_default().sessions;
        if let Some(number) =
            typed.parse::<usize>().ok().filter(|number| (1..=sessions.len()).contains(number))
        {
            return vec![offer(typed, about(&sessions[sessions.len() - number]))];
        }
        if typed.starts_with("last~") {
            let back = sessions.iter().rev().enumerate().skip(1).take(9);
            let mut found: Vec<CompletionCandidate> =
                back.map(|(back, found)| offer(format!("last~{back}"), about(found))).collect();
            found.retain(begins);
            return found;
        }
        of_part(&sessions, typed).into_iter().rev().map(|found| offer(folder(found), about(found))).collect()
    }

    /// The session that the line names.
    fn session(&self) -> Option<Session> {
        let config = self.config.as_ref()?;
        let (_, before) = self.words.split_last()?;
        let named = before.iter().skip(2).filter(|word| !word.starts_with('-'));
        named
            .filter_map(|word| resolve(&config.paths.recordings, word).ok())
            .find_map(|dir| Session::open(&dir).ok())
    }

    fn voices(&self, of: impl Fn(&heard::Heard) -> (String, String)) -> Vec<CompletionCandidate> {
        let session = self.session();
        let voices = session.as_ref().map(heard::voices).unwrap_or_default();
        voices.iter().map(of).map(|(value, help)| offer(value, help)).collect()
    }

    /// `last#2`, for the newest session and the one that is being typed.
    fn voices_of_sessions(&self, config: &Config) -> Vec<CompletionCandidate> {
        let typed = self.words.last().and_then(|word| word.split_once('#')).map(|(session, _)| session);
        let Some(session) = typed else {
            let with_hash = |found: CompletionCandidate| {
                let id = found.get_value().to_string_lossy().into_owned();
                offer(format!("{id}#"), found.get_help().map(ToString::to_string).unwrap_or_default())
            };
            return sessions(config).into_iter().map(with_hash).collect();
        };
        let dir = resolve(&config.paths.recordings, session).ok();
        let read = dir.and_then(|dir| Session::open(&dir).ok());
        let voices = read.as_ref().map(heard::voices).unwrap_or_default();
        voices.iter().map(|voice| offer(format!("{session}#{}", voice.number), voice.name.clone())).collect()
    }

    /// Who speaks in the session that the line names; without one, who is known at all.
    fn speakers(&self, config: &Config) -> Vec<String> {
        let mut names: Vec<String> = match self.session() {
            Some(session) => {
                let of = |line: &crate::base::utterance::Utterance| {
                    session.names.of_line(line).unwrap_or(&line.speaker).to_owned()
                };
                let lines = session.latest().iter().map(of).collect::<Vec<_>>();
                let sources = session.manifest.sources.iter().map(|source| source.name.clone());
                if lines.is_empty() { sources.collect() } else { lines }
            }
            None => people(config)
                .into_iter()
                .chain(config.sources.iter().map(|source| source.name.clone()))
                .collect(),
        };
        names.sort();
        names.dedup();
        names
    }

    /// `NAME=mic:ID` and the like, as far as it is typed.
    fn sources(&self, typed: &str) -> Vec<CompletionCandidate> {
        let Some(config) = &self.config else { return Vec::new() };
        let (named, spec) = match typed.split_once('=') {
            Some((named, spec)) => (format!("{named}="), spec),
            None => (String::new(), typed),
        };
        let begins =
            |candidate: &CompletionCandidate| candidate.get_value().to_string_lossy().starts_with(typed);
        let mut found = Vec::new();
        if let Some(path) = spec.strip_prefix("file:") {
            let files = PathCompleter::any().complete(OsStr::new(path)).into_iter();
            found.extend(files.map(|file| file.add_prefix(format!("{named}file:"))));
        } else if let Some((kind, _)) = spec.split_once(':') {
            found.extend(devices(config, kind).into_iter().map(|device| {
                let id = device.id.split_once(':').map_or(device.id.as_str(), |(_, id)| id);
                offer(format!("{named}{kind}:{id}"), device.name.clone())
            }));
        } else {
            for (kind, help) in [
                ("mic", "the default microphone"),
                ("mic:", "a microphone"),
                ("loopback", "what the default loudspeaker plays"),
                ("loopback:", "what a loudspeaker plays"),
                ("file:", "a sound file"),
                ("synth:", "sound for trying things out"),
            ] {
                found.push(offer(format!("{named}{kind}"), help));
            }
            if named.is_empty() {
                let names = self.speakers(config).into_iter();
                found.extend(names.map(|name| offer(format!("{name}="), "a name")));
            }
        }
        found.retain(begins);
        found
    }
}

fn offer(value: impl Into<String>, help: impl Into<String>) -> CompletionCandidate {
    CompletionCandidate::new(value.into()).help(Some(help.into().into()))
}

fn plain(values: Vec<String>) -> Vec<CompletionCandidate> {
    values.into_iter().map(CompletionCandidate::new).collect()
}

/// Whose sources the newest session has: most often it is the one that is being recorded.
fn recorded_sources(config: &Config) -> Vec<String> {
    let last = resolve(&config.paths.recordings, "last").ok().and_then(|dir| Session::open(&dir).ok());
    let sources = last.map(|session| session.manifest.sources).unwrap_or_default();
    sources.into_iter().map(|source| source.name).collect()
}

/// The newest first.
fn sessions(config: &Config) -> Vec<CompletionCandidate> {
    let listing = list(&config.paths.recordings).unwrap_or_default();
    if listing.sessions.is_empty() {
        return Vec::new();
    }
    let newest = listing.sessions.iter().rev().take(SESSIONS_MAX);
    let newest = newest.map(|found| offer(folder(found), about(found)));
    [offer("last", "the newest session")].into_iter().chain(newest).collect()
}

/// What lies in the trash, removed last first, by the beginning of its name or any part of its name or title.
fn trashed(config: &Config, typed: &str) -> Vec<CompletionCandidate> {
    let mut all = trash::list(&config.paths.recordings).unwrap_or_default();
    let part = typed.to_lowercase();
    let is_meant = |gone: &Trashed| {
        gone.name.to_lowercase().contains(&part) || gone.title.to_lowercase().contains(&part)
    };
    if all.iter().any(|gone| gone.name.starts_with(typed)) {
        all.retain(|gone| gone.name.starts_with(typed));
    } else {
        all.retain(is_meant);
    }
    let told = |gone: &Trashed| {
        let removed =
            gone.removed.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string();
        offer(gone.name.clone(), format!("{}, removed {removed}", name(&gone.title)))
    };
    all.iter().rev().take(SESSIONS_MAX).map(told).collect()
}

/// Name of its folder.
fn folder(found: &Found) -> String {
    found.dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn about(found: &Found) -> String {
    let manifest = &found.manifest;
    let start = wall(&manifest.start, 0.0).strftime("%Y-%m-%d %H:%M").to_string();
    format!("{}, {start}, {}", name(&manifest.title), clock(manifest.duration, true))
}

fn people(config: &Config) -> Vec<String> {
    let enrolled = Enrolled::read(&config.paths.voices).unwrap_or_default();
    enrolled.people.into_iter().map(|person| person.name).collect()
}

/// By the names of their files alone: whether they are whole is asked when they are used.
fn models(config: &Config) -> Vec<String> {
    let files = fs::read_dir(&config.paths.models).into_iter().flatten().flatten();
    let named = files.filter_map(|file| {
        let file = file.file_name().into_string().ok()?;
        Some(file.strip_prefix("ggml-")?.strip_suffix(".bin")?.to_owned())
    });
    let mut names: Vec<String> = named.filter(|name| !name.starts_with("silero")).collect();
    names.sort();
    names
}

/// Devices of the sound server. To list bare devices, ALSA opens them: they are not offered.
fn devices(config: &Config, kind: &str) -> Vec<DeviceInfo> {
    let kind = match kind {
        "mic" => SourceKind::Mic,
        "loopback" => SourceKind::Loopback,
        _ => return Vec::new(),
    };
    #[cfg(target_os = "linux")]
    if !matches!(config.audio.host.as_str(), "auto" | "pulseaudio")
        || crate::capture::pulse::server::check(true).is_err()
    {
        return Vec::new();
    }
    let host = config.audio.host.clone();
    let (tell, told) = mpsc::channel();
    // Not joined: a server that hangs ends with the process.
    let ask = move || drop(tell.send(Backend::new(&host).devices()));
    if std::thread::Builder::new().name("devices".into()).spawn(ask).is_err() {
        return Vec::new();
    }
    let mut devices = told.recv_timeout(DEVICES_WITHIN).ok().and_then(Result::ok).unwrap_or_default();
    devices.retain(|device| device.kind == kind);
    devices
}

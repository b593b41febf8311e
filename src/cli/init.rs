//! `hansard init`, and `hansard` alone the first time: which microphone is whose, which language, which
//! model, where recordings go; then the user's settings are written, and a recording can begin.
//!
//! Every question has an answer that Enter gives. Nothing is written before all are answered; what is written
//! is written at once. Settings that are there already are changed only if that is wanted, at those four
//! places, with their comments kept.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::ask::{Asker, GivenUp, tell};
use super::console::say;
use super::devices::quietly;
use super::{Exit, models, record, wrong_use};
use crate::capture::device::Backend;
use crate::capture::feed::Pace;
use crate::config::{Config, Origin, language_code};
use crate::engine::levels::Levels;
use crate::engine::plan::{self, SourceOptions};
use crate::engine::spec::SourceSpec;
use crate::session::disk::{Disk as _, SystemDisk};
use crate::session::read::list;

mod choices;
mod meters;
mod model;
mod settings;

use choices::{Candidate, Chosen};
use settings::Settings;

/// Arguments of `init`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// What to choose from, as for record: NAME=mic:ID, … [default: the microphones that there are, and what
    /// the computer plays]
    #[arg(long = "source", value_name = "NAME=SPEC")]
    sources: Vec<SourceSpec>,
}

/// `hansard` without a verb: the first time in a terminal that is a question back, else it is help that was
/// missing.
pub(super) fn unasked(extra: Option<&Path>) -> anyhow::Result<Exit> {
    let is_first = extra.is_none() && Config::user_file().is_some_and(|file| !file.exists());
    if is_first && Asker::is_possible() {
        return run(&Args::default(), Config::load(None)?);
    }
    tell(super::help::command().render_help());
    Ok(Exit::WrongUse)
}

pub(super) fn run(args: &Args, config: Config) -> anyhow::Result<Exit> {
    let Some(file) = Config::user_file() else {
        return Err(wrong_use("cannot find a home folder for the settings: set HOME"));
    };
    if !Asker::is_possible() {
        return Err(wrong_use(by_hand(&file, &config)));
    }
    // Before there is any other thread: the recording that may follow is stopped by no Ctrl-Z.
    #[cfg(unix)]
    if let Err(error) = super::signals::outlive_stops() {
        tracing::warn!(%error, "the terminal can stop this process (Ctrl-Z)");
    }
    let mut asker = Asker::new()?;
    match ask(args, &config, &file, &mut asker) {
        Ok(Some(begin)) => {
            drop(asker);
            if begin { record::begin(Config::load(None)?) } else { Ok(Exit::Well) }
        }
        Ok(None) => Ok(Exit::Well),
        Err(error) if error.is::<GivenUp>() => {
            say(format_args!("{error}; hansard init asks again"));
            Ok(Exit::Failed)
        }
        Err(error) => Err(error),
    }
}

/// What to write where nobody can be asked.
fn by_hand(file: &Path, config: &Config) -> String {
    let folder = config.proposed_recordings().unwrap_or_else(|| config.paths.recordings.clone());
    format!(
        "hansard init asks questions, which needs a terminal. Without one, write this into {} and change it:\n\n\
         [paths]\nrecordings = {:?}\n\n[transcribe]\nlanguage = \"auto\"\n\n[[source]]\nname = \"Me\"\nspec = \"mic\"\n\n\
         [[source]]\nname = \"Others\"\nspec = \"loopback\"\n\n\
         hansard devices lists what can stand as spec; hansard models pull {} gets a model; hansard doctor tries it all",
        file.display(),
        config.tilde(&folder),
        crate::models::RECOMMENDED,
    )
}

/// Asks and writes. Whether to record now; `None` if nothing was to be changed.
fn ask(args: &Args, config: &Config, file: &Path, asker: &mut Asker) -> anyhow::Result<Option<bool>> {
    tell("Hansard records a meeting, each microphone on a track of its own, and writes");
    tell("its minutes. Three questions; Enter takes the answer in brackets. Until the last");
    tell("one nothing is written: Ctrl-C leaves all as it is.");
    if file.exists() {
        tell(format_args!("\nYou have settings in {}.", config.tilde(file)));
        tell("Microphones, language, model and folder can be changed there; the rest is kept.");
        if !asker.yes("Change them? [y/N] ", false)? {
            tell("Nothing was changed.");
            return Ok(None);
        }
    }
    let sources = microphones(args, config, asker)?;
    let language = language(config, asker)?;
    let model = model::ask(config, &language, asker)?;
    let recordings = folder(config, asker)?;
    let mut settings = Settings { sources, language, recordings, model: None };
    let kept = write(file, &settings, true)?;
    tell(format_args!("\nYour settings are in {}.", config.tilde(file)));
    if let Some(kept) = kept {
        tell(format_args!("Those of before are in {}.", config.tilde(&kept)));
    }
    // The answers are safe: what goes wrong with a download costs none of them.
    if let Some(model) = model {
        settings.model = get_model(config, &settings.language, &model, asker)?;
        if settings.model.is_some() {
            write(file, &settings, false)?;
        }
    }
    tell("\nhansard doctor tries whether all of it works; hansard record begins a recording.");
    asker.yes("Record now? [Y/n] ", true).map(Some)
}

/// Question 1, with meters that move.
fn microphones(args: &Args, config: &Config, asker: &mut Asker) -> anyhow::Result<Vec<Chosen>> {
    let options = SourceOptions::new(config, Pace::Real);
    let candidates = if args.sources.is_empty() {
        let host = config.audio.host.clone();
        let found = asker.watched(move || quietly(|| Backend::new(&host).devices()))?;
        choices::of_devices(&found.unwrap_or_else(|error| {
            tell(format_args!("\nThe sound system does not answer: {error}"));
            Vec::new()
        }))
    } else {
        args.sources.iter().map(Candidate::of_spec).collect()
    };
    tell("\n1/3  Which microphone is whose?");
    if candidates.is_empty() {
        tell("     None is there. The settings will name none: what is the default when you");
        tell("     record is taken. hansard devices lists what there is.");
        return Ok(Vec::new());
    }
    tell("     Speak: the bar of the microphone that hears you moves. Then type numbers");
    tell("     with names, such as 1 Alice, 2 Bob. 1#2 is a channel of an interface.");
    // Each for itself, so that one that is not there hides no other.
    let look_up = move |specs: Vec<SourceSpec>| {
        let found = specs.iter().map(|spec| {
            quietly(|| plan::look_up(std::slice::from_ref(spec), &options)).map_err(|error| error.to_string())
        });
        found.map(|found| found.map(|(devices, _)| devices)).collect::<Vec<_>>()
    };
    let specs: Vec<SourceSpec> = candidates.iter().map(|candidate| candidate.listen.clone()).collect();
    let found = asker.watched(move || look_up(specs))?;
    let mut meters =
        meters::Meters::new(&candidates, found, |devices| Levels::start(devices).context("can't listen"))?;
    let default = choices::default(&candidates);
    let prompt = format!("Who? [{}] ", choices::told(&default));
    let chosen = loop {
        let answer = asker.line(&prompt, || meters.show())?;
        match choices::parse(&answer, &candidates, &default) {
            Ok(chosen) => break chosen,
            Err(wrong) => tell(wrong),
        }
    };
    tell("     Closing the microphones …");
    asker.watched(move || drop(meters))?;
    Ok(choices::settled(chosen, &candidates))
}

/// Question 2.
fn language(config: &Config, asker: &mut Asker) -> anyhow::Result<String> {
    tell("\n2/3  Which language is spoken? en, de, fr, … or auto, which listens for it.");
    tell("     A fixed one is quicker and errs less on short lines.");
    let default = &config.transcribe.language;
    loop {
        let answer = asker.line(&format!("Language? [{default}] "), || {})?;
        if answer.is_empty() {
            return Ok(default.clone());
        }
        match language_code(&answer) {
            Ok(code) => return Ok(code),
            Err(wants) => tell(format_args!("{answer:?} is no language that is known; it must be {wants}")),
        }
    }
}

/// Where recordings go. Where there are some, they go on going there unless somebody says otherwise.
fn folder(config: &Config, asker: &mut Asker) -> anyhow::Result<Option<PathBuf>> {
    let now = &config.paths.recordings;
    if let Some(Origin::Variable(name)) = config.origin("paths.recordings") {
        tell(format_args!("\nRecordings go to {}, as {name} says.", config.tilde(now)));
        return Ok(None);
    }
    let sessions = list(now).map_or(0, |listing| listing.sessions.len());
    let is_said = config.origin("paths.recordings") != Some(&Origin::Default);
    let proposed = config.proposed_recordings().filter(|_| sessions == 0 && !is_said);
    let default = proposed.unwrap_or_else(|| now.clone());
    let there = if sessions > 0 { format!(", where {sessions} lie already") } else { String::new() };
    tell(format_args!("\nRecordings and minutes go to {}{there}.", config.tilde(&default)));
    tell("Enter, or type another folder.");
    loop {
        let answer = asker.line(&format!("Folder? [{}] ", config.tilde(&default)), || {})?;
        let folder = if answer.is_empty() { default.clone() } else { config.folder(&answer)? };
        match folder.metadata() {
            Ok(data) if !data.is_dir() => tell(format_args!("{} is not a folder", folder.display())),
            _ => return Ok(Some(folder)),
        }
    }
}

/// Gets the model if that is wanted; its name, where the settings must name it, as another one would be
/// taken.
fn get_model(
    config: &Config,
    language: &str,
    model: &model::Wanted,
    asker: &mut Asker,
) -> anyhow::Result<Option<String>> {
    let name = &model.name;
    if !model.is_here {
        let prompt =
            format!("Get the model {name} ({}) from the network now? [Y/n] ", models::size_about(name));
        if !asker.yes(&prompt, true)? {
            tell(format_args!("Until then recordings have no text: hansard models pull {name} gets it."));
            return Ok(None);
        }
        if let Err(error) = models::pull_watched(config, name, asker) {
            if error.is::<GivenUp>() {
                return Err(error);
            }
            tell(format_args!("{error:#}"));
            tell(format_args!(
                "Until then recordings have no text: hansard models pull {name} tries it again."
            ));
            return Ok(None);
        }
        tell(format_args!("{name} is here."));
    }
    let taken = crate::models::resolve(&config.paths.models, None, Some(language));
    let is_taken = taken.is_ok_and(|taken| taken.name == *name);
    Ok((!is_taken).then(|| name.clone()))
}

/// Writes the settings, at once; where those of before are kept, if they are to be and there were some.
fn write(file: &Path, settings: &Settings, keep: bool) -> anyhow::Result<Option<PathBuf>> {
    let failed = |path: &Path| format!("can't write {}", path.display());
    // The file that a link leads to: people keep their settings elsewhere and link them here.
    let real = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let before = match std::fs::read_to_string(&real) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("can't read {}", real.display())),
    };
    let text = settings.written(before.as_deref()).map_err(wrong_use)?;
    if let Some(folder) = real.parent() {
        std::fs::create_dir_all(folder).with_context(|| failed(folder))?;
    }
    let kept = real.with_extension("toml.before");
    let has_kept = match &before {
        Some(before) if keep && *before != text => {
            SystemDisk.replace(&kept, before.as_bytes()).with_context(|| failed(&kept))?;
            true
        }
        _ => false,
    };
    SystemDisk.replace(&real, text.as_bytes()).with_context(|| failed(&real))?;
    Ok(has_kept.then_some(kept))
}

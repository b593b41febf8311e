//! `hansard demo`: a short meeting that comes with the program is recorded, transcribed and made a page of,
//! on any computer, with or without a sound server.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args as _, FromArgMatches as _};

use super::ask::Asker;
use super::console::say;
use super::record::Look;
use super::text::quoted;
use super::{Exit, export, models, record, wrong_use};
use crate::capture::feed::Pace;
use crate::config::Config;
use crate::engine::plan::Wish;
use crate::engine::spec::SourceSpec;
use crate::engine::text::{self, Choice};
use crate::models::RECOMMENDED;
use crate::speech::work::Pass;

/// Who speaks, and their sound; `assets/demo/README.md` says where it comes from.
const PEOPLE: [(&str, &[u8]); 3] = [
    ("Alice", include_bytes!("../../assets/demo/alice.opus")),
    ("Bob", include_bytes!("../../assets/demo/bob.opus")),
    ("Angus", include_bytes!("../../assets/demo/angus.opus")),
];
/// The language that they speak.
const LANGUAGE: &str = "en";
const TITLE: &str = "Demo";

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the recordings
    #[arg(long, value_name = "DIR", conflicts_with = "temporary")]
    out: Option<PathBuf>,
    /// Into a folder for temporary files, not among your recordings
    #[arg(long)]
    temporary: bool,
    /// As fast as this computer can, instead of at the pace of the meeting
    #[arg(long)]
    fast: bool,
    /// Record only
    #[arg(long)]
    no_transcribe: bool,
    /// Model to transcribe with, by name or path [default: the best one installed]
    #[arg(long, value_name = "M")]
    model: Option<String>,
}

pub(super) fn run(args: &Args, mut config: Config) -> anyhow::Result<Exit> {
    if let Some(model) = &args.model {
        config.set("transcribe.model", model, "--model")?;
    }
    if let Some(out) = &args.out {
        config.paths.recordings.clone_from(out);
    }
    if args.temporary {
        let folder = tempfile::Builder::new().prefix("hansard-demo-").tempdir();
        config.paths.recordings = folder.context("can't make a temporary folder")?.keep();
    }
    // What is over in a moment needs no view.
    let look = if args.fast { Look::Plain } else { Look::read(None, false, &mut config)? };
    if !args.no_transcribe && !offer_model(&config)? {
        return Ok(Exit::Failed);
    }
    // Named after who speaks, and gone when the recording is over: it has all of their sound.
    let sounds =
        tempfile::Builder::new().prefix("hansard-").tempdir().context("can't make a temporary folder")?;
    let sources = PEOPLE.iter().map(|(name, sound)| source(sounds.path(), name, sound));
    let wish = Wish {
        title: Some(TITLE.into()),
        pace: if args.fast { Pace::Max { limit: None } } else { Pace::Real },
        text: !args.no_transcribe,
        partials: look.shows_partials(),
        ..Wish::new(sources.collect::<anyhow::Result<_>>()?)
    };
    say("three people decide on an office in 25 seconds; nothing here needs a microphone");
    let last = args.out.is_none() && !args.temporary;
    let (dir, exit) = record::record_session(&wish, &config, (look, last))?;
    if exit == Exit::Failed {
        return Ok(exit);
    }
    page(&dir, &config)?;
    Ok(exit)
}

/// Writes a sound down, for the road that every sound file takes.
fn source(folder: &Path, name: &str, sound: &[u8]) -> anyhow::Result<SourceSpec> {
    let path = folder.join(format!("{}.opus", name.to_lowercase()));
    std::fs::write(&path, sound).with_context(|| format!("can't write {}", path.display()))?;
    let spec = SourceSpec::of_file(&path);
    Ok(SourceSpec {
        name: name.into(),
        derived: false,
        language: Some(LANGUAGE.into()),
        speakers: Some(1),
        ..spec
    })
}

/// Where there is no model: says so, and gets one if somebody is there who wants it. False if that was
/// interrupted.
fn offer_model(config: &Config) -> anyhow::Result<bool> {
    // A model that can't be used is told about when the recording begins.
    let Ok(Choice::Later(reason)) = text::choose_engine(config, Pass::Live, [Some(LANGUAGE)].into_iter())
    else {
        return Ok(true);
    };
    say(reason);
    if !Asker::is_possible() {
        return Ok(true);
    }
    // Before there is any other thread.
    #[cfg(unix)]
    if let Err(error) = super::signals::outlive_stops() {
        tracing::warn!(%error, "the terminal can stop this process (Ctrl-Z)");
    }
    let mut asker = Asker::new()?;
    let size = models::size_about(RECOMMENDED);
    let got = asker.yes(&format!("Get the speech model {RECOMMENDED} ({size}) now? [Y/n] "), true).and_then(
        |wanted| if wanted { models::pull_watched(config, RECOMMENDED, &mut asker) } else { Ok(()) },
    );
    match got {
        Ok(()) => Ok(true),
        Err(error) if error.is::<super::ask::GivenUp>() => {
            say(error);
            Ok(false)
        }
        // Without text it is a demo still.
        Err(error) => {
            say(format_args!("{error:#}"));
            Ok(true)
        }
    }
}

/// Writes the page with its sound, as `hansard export` does, and says how it is opened.
fn page(dir: &Path, config: &Config) -> anyhow::Result<()> {
    let session = dir.to_str().ok_or_else(|| wrong_use("the folder's name is not UTF-8"))?;
    let words = ["hansard", "export", session, "--format", "html"];
    let command = export::Args::augment_args(clap::Command::new("export"));
    let matches = command.try_get_matches_from(&words[1..])?;
    export::run_as(&export::Args::from_arg_matches(&matches)?, config, &words.map(str::to_owned))?;
    let entries = std::fs::read_dir(dir).with_context(|| format!("can't list {}", dir.display()))?;
    let is_page = |path: &PathBuf| path.extension().is_some_and(|end| end == "html");
    if let Some(page) = entries.flatten().map(|entry| entry.path()).find(is_page) {
        let opener = if cfg!(target_os = "macos") {
            "open"
        } else if cfg!(windows) {
            "start"
        } else {
            "xdg-open"
        };
        say(format_args!("the page, with the sound to it: {opener} {}", quoted(&page)));
    }
    Ok(())
}
